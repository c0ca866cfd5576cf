"""The recurrent network: PyTorch's GRU by other means, in lanes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from perso.training.engine import Run, Samples, train
from perso.training.flops import forward_flops, network_sizes, step_cost
from perso.training.gru import GRU
from perso.training.inference import predict
from perso.training.models import State, load_states, split_lanes
from perso.training.recipe import Recipe, init_state

CLASSES, STEPS, FEATURES = 3, 7, 5
RECIPE = Recipe(
    CLASSES,
    (STEPS, FEATURES),
    1 / 8,
    kind="sequences",
    architecture="gru",
    weight_decay=0.1,
    precision="float64",
)
UNITS = 8
DRAW = np.random.default_rng(0)
SAMPLES = Samples(
    DRAW.normal(size=(60, STEPS, FEATURES)).astype(np.float32), DRAW.integers(0, CLASSES, 60)
)


def fused(*seeds: int) -> GRU:
    """A network of models with these seeds."""
    model = RECIPE.network(len(seeds))
    load_states(model, [init_state(RECIPE, seed) for seed in seeds])
    return model


def reference(state: State) -> tuple[nn.GRU, nn.Linear]:
    """PyTorch's own layers with the weights of one model."""
    gru = nn.GRU(FEATURES, UNITS, batch_first=True).double()
    dense = nn.Linear(UNITS, CLASSES).double()
    names = {"input": "ih", "hidden": "hh"}
    gru.load_state_dict(
        {
            f"{kind}_{suffix}_l0": state[f"{layer}.{kind}"]
            for layer, suffix in names.items()
            for kind in ("weight", "bias")
        }
    )
    dense.load_state_dict({kind: state[f"classifier.{kind}"] for kind in ("weight", "bias")})
    return gru, dense


def test_each_lane_is_pytorchs_gru_and_a_linear_layer():
    model = fused(1, 2, 3)
    x = torch.rand(4, 3, STEPS, FEATURES, dtype=torch.float64, requires_grad=True)
    logits = model(x)
    assert logits.shape == (4, 3, CLASSES)
    (gradient,) = torch.autograd.grad(logits.square().sum(), x)
    for lane, state in enumerate(split_lanes(model.state_dict(), 3)):
        gru, dense = reference(state)
        alone = x[:, lane].detach().requires_grad_()
        expected = dense(gru(alone)[0][:, -1])
        torch.testing.assert_close(logits[:, lane], expected, rtol=1e-12, atol=1e-12)
        (own,) = torch.autograd.grad(expected.square().sum(), alone)
        torch.testing.assert_close(gradient[:, lane], own, rtol=1e-12, atol=1e-12)


def test_a_lane_changes_its_own_logits_and_gradients_alone():
    model = fused(1, 2, 3)
    x = torch.rand(4, 3, STEPS, FEATURES, dtype=torch.float64)
    other = x.clone()
    other[:, 1] += 1
    found = []
    for each in (x, other):
        model.zero_grad()
        logits = model(each)
        logits.square().sum().backward()
        weights = {name: weight.grad for name, weight in model.named_parameters()}
        found.append((logits, split_lanes(weights, 3)))
    (one, by_one), (two, by_two) = found
    for lane in (0, 2):
        assert torch.equal(one[:, lane], two[:, lane])
        assert all(torch.equal(by_one[lane][name], by_two[lane][name]) for name in by_one[lane])
    assert (one[:, 1] != two[:, 1]).all()


def test_initial_weights_are_uniform_in_the_bounds_of_pytorch():
    recipe = replace(RECIPE, width=1)
    state, same, other = (init_state(recipe, seed) for seed in (1, 1, 2))
    expected = {
        "input.weight": (3 * 64, FEATURES),
        "input.bias": (3 * 64,),
        "hidden.weight": (3 * 64, 64),
        "hidden.bias": (3 * 64,),
        "classifier.weight": (CLASSES, 64),
        "classifier.bias": (CLASSES,),
    }
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == expected
    for name, tensor in state.items():
        assert torch.equal(tensor, same[name]) and not torch.equal(tensor, other[name])
    values = state["hidden.weight"]
    assert 0.99 / 8 < values.abs().max() <= 1 / 8 and abs(values.mean()) < 0.005


@pytest.mark.parametrize(("width", "units"), [(1, 64), (1 / 4, 16), (1 / 200, 1)])
def test_width_multiplies_the_hidden_units(width, units):
    assert init_state(replace(RECIPE, width=width), 0)["classifier.weight"].shape[1] == units


def test_the_rows_of_images_are_steps():
    image = np.arange(64, dtype=np.uint8).reshape(1, 1, 8, 8)
    found = GRU.prepare(torch.tensor(image), torch.float64, torch.channels_last)
    assert torch.equal(found, torch.tensor(image / 255))
    assert Recipe(4, (8, 8), architecture="gru").build()(found.float()).shape == (1, 1, 4)
    sequence = torch.rand(2, 1, 3, 4)
    assert torch.equal(GRU.prepare(sequence, torch.float32, torch.channels_last), sequence)


def test_n_at_once_are_n_apart():
    runs = [
        Run(np.random.default_rng(n).integers(0, 60, (6, 16)), [0.02] * 6, init_state(RECIPE, n), n)
        for n in range(3)
    ]
    together = train(replace(RECIPE, lanes=3), SAMPLES, runs)[6]
    for run, state in zip(runs, together, strict=True):
        (apart,) = train(RECIPE, SAMPLES, [run])[6]
        torch.testing.assert_close(state, apart, rtol=1e-12, atol=1e-12)
        assert not torch.equal(apart["hidden.weight"].float(), run.state["hidden.weight"])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_learns_what_only_memory_tells(precision):
    """The class is the largest feature of the first step; the other steps are noise."""
    inputs = np.random.default_rng(1).normal(size=(600, STEPS, CLASSES)).astype(np.float32)
    samples = Samples(inputs, inputs[:, 0].argmax(1))
    recipe = replace(
        RECIPE, shape=(STEPS, CLASSES), width=1 / 2, precision=precision, weight_decay=0.0
    )
    recipe = replace(recipe, lanes=2)
    runs = [
        Run(
            np.random.default_rng(n).integers(0, 500, (300, 32)),
            [0.01] * 300,
            init_state(recipe, n),
            n,
        )
        for n in range(2)
    ]
    for state in train(recipe, samples, runs)[300]:
        answers = predict(recipe, inputs, state, np.arange(500, 600))
        assert (answers == samples.labels[500:]).mean() > 0.85


def test_it_costs_its_matrix_products():
    """By hand, of a sample: each step from features and units to three gates; then the logits."""
    products = STEPS * (FEATURES + UNITS) * 3 * UNITS + UNITS * CLASSES
    assert forward_flops(RECIPE) == 2 * products
    one, three = step_cost(RECIPE, 16), step_cost(replace(RECIPE, lanes=3), 16)
    assert one.flop == 3 * 16 * 2 * products
    assert three == pytest.approx([3 * each for each in one], rel=0.01)
    weights = sum(tensor.numel() for tensor in init_state(RECIPE, 0).values())
    assert network_sizes(RECIPE) == {
        "parameters": weights,
        "statistics": 0,
        "last layer": (UNITS + 1) * CLASSES,
    }
    assert one.weights == 16 * weights


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
def test_a_graph_trains_it_on_a_gpu(capsys):
    runs = [
        Run(np.random.default_rng(n).integers(0, 60, (6, 16)), [0.02] * 6, init_state(RECIPE, n), n)
        for n in range(3)
    ]
    gpu = replace(RECIPE, lanes=3, device="cuda", graph=True)
    for one, two in zip(
        train(gpu, SAMPLES, runs)[6], train(replace(RECIPE, lanes=3), SAMPLES, runs)[6], strict=True
    ):
        torch.testing.assert_close(one, two, rtol=1e-7, atol=1e-7)
    assert not capsys.readouterr().err
