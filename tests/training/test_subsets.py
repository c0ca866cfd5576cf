"""Every subset of weights and every pull against a plain loop, and N models at a time."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from perso.training import engine
from perso.training.engine import Run, Samples, Trainer, train
from perso.training.models import LaneDropout, State
from perso.training.recipe import Recipe, compute_context, init_state

CLASSES, SIZE, BATCH, STEPS = 4, 8, 16, 5
SGD = Recipe(CLASSES, (SIZE, SIZE), 1 / 16, optimiser="sgd", momentum=0.8, precision="float64")
DRAW = np.random.default_rng(0)
SAMPLES = Samples(
    DRAW.integers(0, 256, (100, SIZE, SIZE)).astype(np.uint8), DRAW.integers(0, CLASSES, 100)
)
RATES = np.linspace(0.05, 0.01, STEPS)

# Names in the VGG's state, by hand.
CONVOLUTIONS = (0, 3, 8, 11, 15, 18, 22)
NORMS = (2, 5, 10, 13, 17, 20, 24)
HEAD = ("classifier.weight", "classifier.bias")
NORM = tuple(f"features.{n}.{kind}" for n in NORMS for kind in ("weight", "bias"))
LAST_BLOCK = tuple(f"features.{n}.{kind}" for n in (22, 24) for kind in ("weight", "bias")) + HEAD
MATRICES = tuple(f"features.{n}.weight" for n in CONVOLUTIONS) + HEAD[:1]
ALL = tuple(name for name in init_state(SGD, 0) if "running" not in name)
TRAINED = {
    "all": ALL,
    "head": HEAD,
    "norm": NORM,
    "last block": LAST_BLOCK,
    "low rank 2": MATRICES,
}
EACH = pytest.mark.parametrize("trains", TRAINED)

CASES = [
    *({"trains": trains} for trains in TRAINED),
    {"statistics": False},
    {"pull": 2.0},
    {"pull_l1": 0.01},
    {"l1": 0.05},
    {"trains": "head", "statistics": False, "pull": 2.0},
    {"trains": "norm", "pull_l1": 0.01},
    {"trains": "last block", "l1": 0.05, "weight_decay": 0.1, "optimiser": "adam"},
    {"trains": "low rank 1", "weight_decay": 0.1},
    {"trains": "low rank 2", "pull": 2.0, "pull_l1": 0.01, "l1": 0.05, "statistics": False},
    {"pull": 2.0, "pull_l1": 0.01, "l1": 0.05},
]


def run_of(number: int, steps: int = STEPS, **other) -> Run:
    """A run whose number decides its plan, its start, its dropout and where it is pulled to."""
    plan = np.random.default_rng(number).integers(0, 100, (steps, BATCH))
    run = Run(plan, RATES[:steps], init_state(SGD, number), number, init_state(SGD, -number))
    return replace(run, **other)


def same(one: State, two: State) -> bool:
    """Whether two models are equal to the bit."""
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


# --- a plain loop: one model, no lanes


def logits(weights: State, x: torch.Tensor, draw: torch.Generator, statistics: bool):
    """The network's outputs in training, by functions of PyTorch alone."""

    def dropped(x, p):
        return x * torch.empty_like(x).bernoulli_(1 - p, generator=draw) / (1 - p)

    for convolution, norm in zip(CONVOLUTIONS, NORMS, strict=True):
        weight, bias = (weights[f"features.{convolution}.{kind}"] for kind in ("weight", "bias"))
        x = F.conv2d(x, weight, bias, padding="same").relu()
        kinds = ("running_mean", "running_var", "weight", "bias")
        x = F.batch_norm(x, *(weights[f"features.{norm}.{kind}"] for kind in kinds), statistics)
        if convolution in (3, 11, 18):
            x = F.max_pool2d(x, 2)
        if convolution == 3:
            x = dropped(x, 0.2)
    x = dropped(x, 0.35).flatten(1)
    return F.linear(x, weights["classifier.weight"].flatten(1), weights["classifier.bias"])


@compute_context(SGD)
def plain(recipe: Recipe, run: Run) -> State:
    """One model trained by autograd and `torch.optim`."""
    rank = int(recipe.trains[-1]) if recipe.trains.startswith("low rank") else 0
    names = MATRICES if rank else TRAINED[recipe.trains]
    weights = {name: tensor.double().clone() for name, tensor in run.state.items()}
    start = {name: weights[name].clone() for name in names}
    target = {name: run.pull_to[name].double() for name in names}
    if rank:
        draw = torch.Generator().manual_seed(run.seed)
        A, B = [], []
        for tensor in start.values():
            bound = 1 / np.sqrt(tensor[0].numel())
            A.append(torch.empty(rank, tensor[0].numel()).uniform_(-bound, bound, generator=draw))
            B.append(torch.zeros(len(tensor), rank))
        learnt = A, B = [a.double() for a in A], [b.double() for b in B]
        parameters = [tensor.requires_grad_() for part in learnt for tensor in part]
    else:
        parameters = [weights[name].requires_grad_() for name in names]
    options = {"lr": 1.0, "weight_decay": recipe.weight_decay, "foreach": False}
    if recipe.optimiser == "adam":
        optimiser = torch.optim.Adam(parameters, **options)
    else:
        optimiser = torch.optim.SGD(parameters, momentum=recipe.momentum, **options)

    def merge():
        if rank:
            for (name, tensor), a, b in zip(start.items(), A, B, strict=True):
                weights[name] = tensor + (b @ a).reshape(tensor.shape)

    masks = torch.Generator().manual_seed(run.seed)
    for batch, rate in zip(run.plan, run.rates, strict=True):
        merge()
        x = torch.tensor(SAMPLES.inputs[batch] / 255)[:, None]
        outputs = logits(weights, x, masks, recipe.statistics)
        loss = F.cross_entropy(outputs, torch.tensor(SAMPLES.labels[batch]))
        for name in names:
            movement = weights[name] - target[name]
            loss = loss + recipe.pull / 2 * (movement**2).sum()
            loss = loss + recipe.pull_l1 * movement.abs().sum()
            if name in MATRICES:
                loss = loss + recipe.l1 * weights[name].abs().sum()
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    merge()
    return {name: tensor.detach() for name, tensor in weights.items()}


@pytest.mark.parametrize("fields", CASES, ids=lambda fields: ", ".join(map(str, fields.values())))
def test_models_at_once_are_models_apart_and_a_plain_loop(fields):
    recipe = replace(SGD, **fields)
    runs = [run_of(number) for number in (1, 2, 3)]
    at_once = train(replace(recipe, lanes=3), SAMPLES, runs)[STEPS]
    for run, state in zip(runs, at_once, strict=True):
        (apart,) = train(recipe, SAMPLES, [run])[STEPS]
        torch.testing.assert_close(state, apart, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(state, plain(recipe, run), rtol=1e-9, atol=1e-9)


# --- which weights move


@EACH
@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_what_is_not_trained_stays_to_the_bit(trains, statistics, optimiser):
    recipe = Recipe(CLASSES, (SIZE, SIZE), 1 / 16, optimiser=optimiser, weight_decay=0.1, lanes=2)
    recipe = replace(recipe, trains=trains, statistics=statistics, pull=0.1)
    runs = [run_of(1), run_of(2)]
    for run, state in zip(runs, train(recipe, SAMPLES, runs)[STEPS], strict=True):
        moved = {name for name in state if not torch.equal(state[name], run.state[name])}
        running = {name for name in state if "running" in name and statistics}
        assert moved == {*TRAINED[trains], *running}
        assert [*state] == [*run.state]


@EACH
def test_the_optimiser_updates_nothing_else(trains):
    samples = Samples(*map(torch.tensor, SAMPLES[:2]))
    trainer = Trainer(replace(SGD, trains=trains), samples, [run_of(1)])
    shapes = [weight.shape for weight in trainer.optimiser.param_groups[0]["params"]]
    if trains == "low rank 2":
        sizes = [
            (run_of(1).state[name][0].numel(), len(run_of(1).state[name])) for name in MATRICES
        ]
        expected = [shape for fan_in, out in sizes for shape in ((1, 2, fan_in), (1, out, 2))]
    else:
        expected = [run_of(1).state[name].shape for name in TRAINED[trains]]
    assert sorted(shapes) == sorted(expected)


def test_a_low_rank_movement_has_that_rank_in_every_lane():
    recipe = replace(SGD, trains="low rank 2", lanes=2)
    runs = [run_of(1), run_of(2)]
    for run, state in zip(runs, train(recipe, SAMPLES, runs)[STEPS], strict=True):
        for name in MATRICES:
            movement = (state[name] - run.state[name].double()).flatten(1)
            expected = min(2, *movement.shape)
            assert torch.linalg.matrix_rank(movement, rtol=1e-6) == expected


def test_a_lanes_low_rank_start_follows_its_own_seed():
    recipe = replace(SGD, trains="low rank 1", lanes=2)
    first, second = run_of(1), run_of(2)
    one, two = (
        train(recipe, SAMPLES, [first, replace(second, seed=seed)])[STEPS] for seed in (2, 7)
    )
    assert same(one[0], two[0]) and not same(one[1], two[1])


# --- snapshots, and going on from a state


@EACH
@pytest.mark.parametrize("pull", [0.0, 1.0])
def test_a_longer_run_passes_through_the_shorter_one_and_can_be_cut(trains, pull, monkeypatch):
    # without dropout, and with SGD without momentum, the weights are the whole state
    monkeypatch.setattr(LaneDropout, "forward", lambda self, x, mask: x)
    recipe = replace(SGD, trains=trains, momentum=0.0, pull=pull)
    run = run_of(1, pull_to=None)
    taken = train(recipe, SAMPLES, [run], snapshots=(0, 2, STEPS))
    (start,), (between,), (end,) = taken.values()
    assert same(start, {name: tensor.double() for name, tensor in run.state.items()})
    assert same(train(recipe, SAMPLES, [run_of(1, 2, pull_to=None)])[2][0], between)
    rest = replace(run, plan=run.plan[2:], rates=RATES[2:], state=between, pull_to=run.state)
    (continued,) = train(recipe, SAMPLES, [rest])[STEPS - 2]
    # a low-rank training that goes on begins with a new A and B
    assert same(continued, end) == (trains != "low rank 2")
    for name in {*ALL} - {*TRAINED[trains]}:
        assert torch.equal(continued[name], start[name])


# --- a word that is no subset


def test_it_is_refused_before_anything_is_trained(monkeypatch):
    monkeypatch.setattr(Trainer, "advance", None)
    with pytest.raises(ValueError, match=r'cannot train "heads"; .* norm'):
        train(replace(SGD, trains="heads"), SAMPLES, [run_of(1)])


# --- on a GPU


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
@pytest.mark.parametrize("fields", CASES, ids=lambda fields: ", ".join(map(str, fields.values())))
def test_a_graph_does_what_plain_steps_do_on_a_gpu(fields, monkeypatch, capsys):
    monkeypatch.setattr(engine, "FALLBACKS", {})
    gpu = replace(SGD, **fields, lanes=2, in_flight=2, device="cuda")
    runs = [run_of(number) for number in (1, 2, 3)]
    plain_steps, replayed = (
        train(replace(gpu, graph=graph), SAMPLES, runs)[STEPS] for graph in (False, True)
    )
    torch.testing.assert_close(replayed, plain_steps, rtol=1e-6, atol=1e-6)
    assert not capsys.readouterr().err  # no fallback
