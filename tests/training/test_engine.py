"""The engine against a textbook loop, and N models at a time against each alone."""

import contextlib
import resource
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from perso.training import engine, recipe
from perso.training.engine import PLAIN_STEPS, Run, Samples, Trainer, train
from perso.training.inference import predict
from perso.training.models import LaneDropout, State
from perso.training.recipe import Recipe, compute_context, init_state

on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")

CLASSES, SIZE, BATCH, STEPS = 4, 8, 32, 6
ADAM = Recipe(CLASSES, (SIZE, SIZE), 1 / 16, precision="float64")
SGD = replace(ADAM, optimiser="sgd", momentum=0.8, weight_decay=0.01)
L2 = replace(ADAM, weight_decay=0.1)
PAIR = replace(ADAM, lanes=2)
BOTH = pytest.mark.parametrize("recipe", [ADAM, SGD], ids=["adam", "sgd"])
RATES = np.linspace(0.02, 0.001, STEPS).astype(np.float32).astype(float)  # the same on a GPU
DRAW = np.random.default_rng(0)
LABELS = DRAW.integers(0, CLASSES, 200)
IMAGES = DRAW.integers(0, 100, (200, SIZE, SIZE)).astype(np.uint8)
for image, label in zip(IMAGES, LABELS, strict=True):  # class c: quadrant c is bright
    image[label // 2 * 4 :, label % 2 * 4 :][:4, :4] += 120
SAMPLES = Samples(IMAGES, LABELS)
TRAINED_ON, TESTED_ON = np.arange(120), np.arange(120, 200)


def plans(*seeds: int, steps: int = STEPS) -> np.ndarray:
    """An index plan for each seed, [N, T, B]."""
    return np.stack(
        [np.random.default_rng(seed).choice(TRAINED_ON, (steps, BATCH)) for seed in seeds]
    )


def run_of(recipe: Recipe, number: int, rates=RATES, **other) -> Run:
    """The run of a model, whose number decides its weights, its plan and its dropout."""
    (plan,) = plans(number, steps=len(rates))
    return replace(Run(plan, rates, init_state(recipe, number), number), **other)


def trained(recipe: Recipe, *models: int, rates=RATES, lanes: int | None = None) -> list[State]:
    """Models trained together, fused in one network unless `lanes` says otherwise."""
    runs = [run_of(recipe, number, rates) for number in models]
    recipe = replace(recipe, lanes=lanes or len(models))
    return train(recipe, SAMPLES, runs)[len(rates)]


def same(one: State, two: State) -> bool:
    """Whether two models are equal to the bit."""
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def near(one: State, two: State, **tolerance) -> None:
    """Two models are equal within a tolerance, statistics included."""
    torch.testing.assert_close(one, two, **tolerance)


# --- against a textbook


class Masked(nn.Module):
    """Dropout with its masks from a generator of its own."""

    def __init__(self, p, generator):
        super().__init__()
        self.p, self.generator = p, generator

    def forward(self, x):
        if not self.training:
            return x
        return (
            x * torch.empty_like(x).bernoulli_(1 - self.p, generator=self.generator) / (1 - self.p)
        )


@compute_context(ADAM)
def textbook(recipe: Recipe, number: int, masks: int) -> tuple[nn.Module, list[str]]:
    """One model by a plain loop, without lanes: the network, and the names of what it learnt."""
    draw, layers, into = torch.Generator().manual_seed(masks), [], 1
    for out, kernel in ((2, 3), (4, 3), (8, 3), (8, 3), (8, 3), (8, 1), (16, 1)):
        layers += [nn.Conv2d(into, out, kernel, padding="same"), nn.ReLU(), nn.BatchNorm2d(out)]
        into = out
    for place in (18, 12, 6):  # after the 6th, 4th and 2nd convolution
        layers.insert(place, nn.MaxPool2d(2))
    layers.insert(7, Masked(0.2, draw))
    network = nn.Sequential(
        *layers, nn.Flatten(), Masked(0.35, draw), nn.Linear(16, CLASSES)
    ).double()
    own = {
        name: tensor for name, tensor in network.state_dict().items() if "num_batches" not in name
    }
    for tensor, value in zip(own.values(), init_state(recipe, number).values(), strict=True):
        tensor.copy_(value.reshape(tensor.shape))

    if recipe.optimiser == "adam":
        optimiser = torch.optim.Adam(
            network.parameters(), weight_decay=recipe.weight_decay, foreach=False
        )
    else:
        memory = {"momentum": recipe.momentum, "weight_decay": recipe.weight_decay}
        optimiser = torch.optim.SGD(network.parameters(), **memory, foreach=False)
    for batch, rate in zip(plans(number)[0], RATES, strict=True):
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        x, y = torch.tensor(IMAGES[batch] / 255).unsqueeze(1), torch.tensor(LABELS[batch])
        nn.CrossEntropyLoss()(network(x), y).backward()
        optimiser.step()
    return network.eval(), list(own)


@pytest.mark.parametrize("recipe", [ADAM, SGD, L2], ids=["adam", "sgd", "L2"])
def test_the_engine_agrees_with_a_textbook_loop(recipe):
    network, names = textbook(recipe, 3, masks=3)
    (state,) = trained(recipe, 3)
    for name, value in zip(names, state.values(), strict=True):
        expected = network.state_dict()[name]
        torch.testing.assert_close(value.reshape(expected.shape), expected, rtol=1e-6, atol=1e-6)
    logits = network(torch.tensor(IMAGES / 255).unsqueeze(1))
    np.testing.assert_array_equal(
        predict(recipe, IMAGES, state, np.arange(200)), logits.argmax(1).numpy()
    )


def test_a_textbook_loop_with_other_masks_disagrees():
    ours, theirs = trained(ADAM, 3)[0]["features.0.weight"], textbook(ADAM, 3, masks=4)[0][0].weight
    assert not torch.allclose(ours, theirs, atol=1e-4)


# --- N at a time are N apart


# Adam moves a number whose gradient is zero by its rounding error / 1e-8; with L2 none is zero.
@pytest.mark.parametrize(
    ("recipe", "tolerance"), [(SGD, 1e-12), (L2, 1e-12), (ADAM, 1e-6)], ids=["sgd", "L2", "adam"]
)
def test_fused_models_are_separate_models_in_float64(recipe, tolerance):
    for number, fused in zip((1, 2, 3), trained(recipe, 1, 2, 3), strict=True):
        near(fused, trained(recipe, number)[0], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("recipe", [SGD, L2], ids=["sgd", "L2"])
def test_fused_models_are_separate_models_in_float32_within_1e_4(recipe):
    recipe, rates = replace(recipe, precision="float32"), [0.001] * 3
    for number, fused in zip((1, 2, 3), trained(recipe, 1, 2, 3, rates=rates), strict=True):
        near(fused, trained(recipe, number, rates=rates)[0], rtol=1e-4, atol=1e-4)


def test_with_adam_alone_19_in_20_numbers_agree_within_1e_4_and_the_rest_within_its_steps():
    """Adam's step is as large as the rate, even where the gradient is rounding error."""
    recipe, rates = replace(ADAM, precision="float32"), [0.001] * 3
    for number, fused in zip((1, 2, 3), trained(recipe, 1, 2, 3, rates=rates), strict=True):
        (apart,) = trained(recipe, number, rates=rates)
        away = torch.cat([(fused[name] - apart[name]).abs().flatten() for name in apart])
        assert (away < 1e-4).float().mean() > 0.95 and away.max() < 2 * sum(rates)


def test_fused_models_may_have_plans_of_different_lengths():
    """The shorter plans are filled up; each model is taken when its own plan ends."""
    lengths, models = (2, 5, 6), (1, 2, 3)
    runs = [run_of(L2, number) for number in models]
    taken = train(replace(L2, lanes=3), SAMPLES, runs, lengths)
    for lane, length in enumerate(lengths):
        shorter = replace(runs[lane], plan=runs[lane].plan[:length])
        (apart,) = train(L2, SAMPLES, [shorter])[length]
        near(taken[length][lane], apart, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("lanes", "in_flight"), [(1, 1), (1, 2), (1, 5), (2, 1), (2, 2), (4, 3)])
def test_networks_in_flight_alter_no_bit(lanes, in_flight):
    """Five models in networks of `lanes` lanes, of which the last may have fewer."""
    models, recipe = (1, 2, 3, 4, 5), replace(ADAM, precision="float32", in_flight=in_flight)
    groups = [models[at : at + lanes] for at in range(0, 5, lanes)]
    alone = [state for group in groups for state in trained(replace(recipe, in_flight=1), *group)]
    assert all(map(same, trained(recipe, *models, lanes=lanes), alone))


@pytest.mark.parametrize("precision", ["float32", "float64", "bfloat16"])
def test_neighbours_do_not_touch_a_bit(precision):
    recipe = replace(ADAM, precision=precision)
    one, two = trained(recipe, 1, 2, 3), trained(recipe, 4, 2, 5)
    assert same(one[1], two[1])
    assert not same(one[0], two[0])


def test_a_broken_neighbour_does_not_matter():
    first, sound, broken = (run_of(ADAM, number) for number in (1, 2, 2))
    for tensor in broken.state.values():
        tensor.fill_(torch.nan)
    one, two = (train(PAIR, SAMPLES, [first, other])[STEPS] for other in (sound, broken))
    assert same(one[0], two[0]) and two[1]["classifier.weight"].isnan().all()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_run_repeats_to_the_bit(precision):
    recipe = replace(ADAM, precision=precision)
    assert all(map(same, trained(recipe, 1, 2), trained(recipe, 1, 2)))


def test_dropout_is_seeded_per_model():
    first, second = (run_of(ADAM, number) for number in (1, 2))
    one, two = (train(PAIR, SAMPLES, [first, replace(second, seed=seed)])[STEPS] for seed in (2, 7))
    assert same(one[0], two[0]) and not same(one[1], two[1])


# --- iterations and rates


@BOTH
def test_a_longer_run_passes_through_the_shorter_one(recipe):
    recipe = replace(recipe, lanes=2)
    runs = [run_of(recipe, number, [0.01] * 12) for number in (1, 2)]
    taken = train(recipe, SAMPLES, runs, snapshots=[0, 4, 12])
    assert list(taken) == [0, 4, 12]
    short = train(
        recipe, SAMPLES, [replace(run, plan=run.plan[:4], rates=run.rates[:4]) for run in runs]
    )
    assert list(short) == [4] and all(map(same, short[4], taken[4]))
    assert not any(map(same, taken[4], taken[12]))
    for state, run in zip(taken[0], runs, strict=True):
        near(state, run.state, check_dtype=False, rtol=0, atol=0)


@pytest.mark.parametrize("precision", ["float32", "float64", "bfloat16"])
def test_a_run_cut_in_two_is_the_same_run(precision, monkeypatch):
    """Every iteration works on the weights that the one before left."""
    # without dropout, and with SGD without momentum, the weights are the whole state
    monkeypatch.setattr(LaneDropout, "forward", lambda self, x, mask: x)
    recipe = replace(SGD, momentum=0.0, precision=precision)
    run = run_of(recipe, 1)
    whole = train(recipe, SAMPLES, [run])[STEPS]
    (first,) = train(recipe, SAMPLES, [replace(run, plan=run.plan[:2], rates=RATES[:2])])[2]
    second_part = replace(run, plan=run.plan[2:], rates=RATES[2:], state=first)
    rest = train(recipe, SAMPLES, [second_part])[STEPS - 2]
    assert same(whole[0], rest[0])


def test_runs_with_other_rates_or_lengths_are_refused():
    first, second = (run_of(ADAM, number) for number in (1, 2))
    for other in ({"rates": RATES / 2}, {"plan": second.plan[:-1]}):
        with pytest.raises(ValueError, match="plans of one shape and equal rates"):
            train(PAIR, SAMPLES, [first, replace(second, **other)])


def test_training_leaves_the_initial_states_alone():
    run = run_of(ADAM, 1)
    train(ADAM, SAMPLES, [run])
    assert same(run.state, init_state(ADAM, 1))


@BOTH
def test_at_a_rate_of_0_only_statistics_move(recipe):
    run = run_of(recipe, 1, [0.01, 0.01, 0, 0, 0])
    taken = train(recipe, SAMPLES, [run], snapshots=(2, 5))
    (one,), (two,) = taken.values()
    moved = {name for name in one if not torch.equal(one[name], two[name])}
    assert moved == {name for name in one if "running" in name}


def test_a_step_of_sgd_is_as_long_as_its_rate():
    start, (once,), (twice,) = (
        init_state(SGD, 1),
        trained(SGD, 1, rates=[0.01]),
        trained(SGD, 1, rates=[0.02]),
    )
    for name in (name for name in start if "running" not in name):
        torch.testing.assert_close(twice[name] - start[name], 2 * (once[name] - start[name]))


def test_every_iteration_follows_its_own_rate():
    changed = RATES.copy()
    changed[3] *= 2
    every = range(STEPS + 1)
    one, two = (train(SGD, SAMPLES, [run_of(SGD, 1, rates)], every) for rates in (RATES, changed))
    assert [t for t in one if not same(one[t][0], two[t][0])] == [4, 5, 6]


# --- what it is for


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_learns_what_can_be_learnt(precision):
    recipe = replace(ADAM, width=1 / 8, precision=precision)
    for state in trained(recipe, 1, 2, rates=[0.01] * 80):
        assert (predict(recipe, IMAGES, state, TESTED_ON) == LABELS[TESTED_ON]).mean() > 0.95


def test_untrained_it_guesses():
    assert (predict(ADAM, IMAGES, init_state(ADAM, 1), TESTED_ON) == LABELS[TESTED_ON]).mean() < 0.6


def test_bfloat16_stays_near_float32():
    """The same weights give the same answers but for a few; what is kept stays float32."""
    exact, rough = (replace(ADAM, precision=precision) for precision in ("float32", "bfloat16"))
    (state,) = trained(exact, 1, rates=[0.01] * 80)
    answers = (predict(recipe, IMAGES, state, np.arange(200)) for recipe in (exact, rough))
    assert np.mean(np.equal(*answers)) > 0.97
    one, two = trained(exact, 1)[0], trained(rough, 1)[0]
    assert not same(one, two) and all(tensor.dtype == torch.float32 for tensor in two.values())


def test_predict_is_the_networks_own_answer_whatever_the_batch():
    (state,) = trained(ADAM, 1, rates=[0.01] * 40)
    network = ADAM.network().eval()
    network.load_state_dict(state, strict=False)
    index = np.array([5, 3, 3, 150, 0, 199, 42])
    expected = network(torch.tensor(IMAGES[index] / 255)[:, None])[:, 0].argmax(1).tolist()
    assert len(set(expected)) > 1
    for batch in (1, 3, 7, 1024):
        given = predict(ADAM, IMAGES, state, index, batch)
        assert given.dtype == np.int64 and given.tolist() == expected


# --- nothing global is touched


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    predict(ADAM, IMAGES, init_state(ADAM, 1), TESTED_ON)
    trained(ADAM, 1, 2)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_global_generator_decides_nothing():
    states = []
    for seed in (1, 2):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            states.append(trained(ADAM, 1)[0])
    assert same(*states)


def test_threads_are_the_recipes_inside_and_as_before_outside():
    before = torch.get_num_threads()
    other = replace(ADAM, threads=2 if before == 1 else 1)
    with pytest.raises(ZeroDivisionError), compute_context(other):
        assert torch.get_num_threads() == other.threads
        raise ZeroDivisionError
    assert torch.get_num_threads() == before
    predict(other, IMAGES, trained(other, 1)[0], TESTED_ON)
    assert torch.get_num_threads() == before


def test_memory_does_not_grow_with_the_number_of_models():
    """The peak after 20 models stays the peak after 120, but for a few megabytes."""
    recipe, peaks = replace(ADAM, width=1 / 2, precision="float32"), []
    for count in range(120):
        (state,) = trained(recipe, count, rates=[0.01] * 2)
        predict(recipe, IMAGES, state, TESTED_ON)
        # KiB on Linux, bytes on macOS
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert peaks[-1] < 1.02 * peaks[19]


# --- without graphs or memory


class Replayed:
    """In place of a CUDA graph: each replay is a step."""

    def __init__(self, trainer: Trainer):
        self.replay = trainer.step


def test_all_but_the_first_steps_are_replays_of_the_captured_one(monkeypatch):
    captured, plain = [], trained(ADAM, 1, 2, lanes=1)

    def capture(trainer):
        captured.append(trainer.done)
        return Replayed(trainer)

    monkeypatch.setattr(Trainer, "captured", capture)
    assert all(map(same, trained(replace(ADAM, graph=True, in_flight=2), 1, 2, lanes=1), plain))
    assert captured == [PLAIN_STEPS] * 2
    # a run that is too short for a capture
    assert trained(replace(ADAM, graph=True), 1, rates=RATES[:PLAIN_STEPS]) and len(captured) == 2


@pytest.fixture
def sound(monkeypatch):
    """A machine on which nothing has failed yet."""
    monkeypatch.setattr(engine, "FALLBACKS", {})


def test_where_capture_fails_plain_steps_are_used_from_then_on_and_stderr_says_so(
    sound, monkeypatch, capsys
):
    tried = []

    def capture(trainer):
        tried.append(trainer)
        raise RuntimeError("operation not permitted\nwhen stream is capturing")

    monkeypatch.setattr(Trainer, "captured", capture)
    for _ in range(2):
        assert same(trained(replace(ADAM, graph=True), 1)[0], trained(ADAM, 1)[0])
    message = "training without CUDA graphs, since this failed: operation not permitted"
    assert capsys.readouterr().err == f"perso: {message}\n" and len(tried) == 1


def fails(monkeypatch, when, error) -> list:
    """An engine that fails `when` a recipe asks for too much; the recipes it was asked for."""
    tried, together = [], engine.train_groups

    def tight(recipe, *rest):
        tried.append((recipe.in_flight, recipe.graph))
        if when(recipe):
            raise error
        return together(replace(recipe, device="cpu", graph=False), *rest)

    monkeypatch.setattr(engine, "train_groups", tight)
    monkeypatch.setattr(engine.torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(
        recipe, "compute_context", lambda recipe, training: contextlib.nullcontext()
    )
    return tried


FULL = torch.OutOfMemoryError("out of memory")


def test_when_memory_runs_out_fewer_networks_are_in_flight(sound, monkeypatch, capsys):
    tried = fails(monkeypatch, lambda recipe: recipe.in_flight > 2, FULL)
    plenty = trained(replace(ADAM, device="cuda", graph=True, in_flight=9), 1, 2, 3, lanes=1)
    assert tried == [(9, True), (4, True), (2, True)] and len(plenty) == 3
    assert "training 2 networks at a time" in capsys.readouterr().err


def test_memory_that_runs_out_under_another_name_costs_the_graph_first(sound, monkeypatch):
    tried = fails(monkeypatch, lambda recipe: recipe.in_flight > 2, RuntimeError(""))
    trained(replace(ADAM, device="cuda", graph=True, in_flight=4), 1, lanes=1)
    assert tried == [(4, True), (4, False), (2, False)]


def test_an_error_that_no_simpler_recipe_avoids_is_raised(sound, monkeypatch):
    tried = fails(monkeypatch, lambda recipe: True, FULL)
    with pytest.raises(torch.OutOfMemoryError):
        trained(replace(ADAM, device="cuda", graph=True, in_flight=2), 1)
    assert tried == [(2, True), (1, True), (1, False)]


def test_a_plain_error_is_raised_at_once(sound, monkeypatch):
    tried = fails(monkeypatch, lambda recipe: True, RuntimeError("no"))
    with pytest.raises(RuntimeError, match="no"):
        trained(ADAM, 1)
    assert len(tried) == 1


def test_another_layout_rounds_differently_and_learns_the_same():
    one, two = trained(L2, 1)[0], trained(replace(L2, channels_last=False), 1)[0]
    near(one, two, rtol=1e-10, atol=1e-10)


# --- on a GPU


@on_gpu
# not plain Adam, whose steps amplify rounding
@pytest.mark.parametrize("recipe", [L2, SGD], ids=["L2", "sgd"])
def test_a_gpu_agrees_with_the_cpu_in_float64(recipe, monkeypatch):
    # no dropout: its masks differ from device to device
    monkeypatch.setattr(LaneDropout, "forward", lambda self, x, mask: x)
    gpu = replace(recipe, device="cuda")
    for cpu, cuda in zip(trained(recipe, 1, 2), trained(gpu, 1, 2), strict=True):
        near(cpu, cuda, rtol=1e-7, atol=1e-7)
        given = (predict(how, IMAGES, cpu, np.arange(200)) for how in (recipe, gpu))
        np.testing.assert_array_equal(*given)


@on_gpu
def test_a_gpu_learns_in_float32_and_leaves_its_generator_alone():
    gpu, before = (
        replace(ADAM, width=1 / 8, precision="float32", device="cuda"),
        torch.cuda.get_rng_state(),
    )
    for state in trained(gpu, 1, 2, rates=[0.01] * 80):
        assert all(tensor.device.type == "cpu" for tensor in state.values())
        assert (predict(gpu, IMAGES, state, TESTED_ON) == LABELS[TESTED_ON]).mean() > 0.95
    assert torch.equal(torch.cuda.get_rng_state(), before)


GPU = replace(L2, device="cuda", graph=True, in_flight=2)


def test_float32_has_channels_last_on_a_cpu_and_bfloat16_on_a_gpu_too():
    layouts = {
        (device, precision): replace(ADAM, device=device, precision=precision).layout
        for device in ("cpu", "cuda")
        for precision in ("float32", "bfloat16")
    }
    contiguous = [where for where, each in layouts.items() if each == torch.contiguous_format]
    assert contiguous == [("cuda", "float32")]


@on_gpu
@BOTH
@pytest.mark.parametrize("lanes", [1, 2])
def test_a_graph_does_what_plain_steps_do_on_a_gpu(recipe, lanes, sound, capsys):
    """With dropout, whose generators the graph advances; in float64, where rounding stays small."""
    recipe = replace(recipe, weight_decay=0.1, device="cuda", in_flight=3)
    plain, replayed = (
        trained(replace(recipe, graph=graph), 1, 2, 3, 4, 5, lanes=lanes) for graph in (False, True)
    )
    assert not capsys.readouterr().err  # no fall-back
    for one, two in zip(plain, replayed, strict=True):
        near(one, two, rtol=1e-6, atol=1e-6)


@on_gpu
@pytest.mark.parametrize(
    ("precision", "compile"), [("tf32", False), ("bfloat16", False), ("bfloat16", True)]
)
def test_a_gpu_learns_with_all_that_makes_it_fast(precision, compile, sound, capsys):
    gpu = replace(GPU, width=1 / 8, weight_decay=0, precision=precision, compile=compile)
    for state in trained(gpu, 1, 2, 3, rates=[0.01] * 80, lanes=1):
        assert all(tensor.dtype == torch.float32 for tensor in state.values())
        assert (predict(gpu, IMAGES, state, TESTED_ON) == LABELS[TESTED_ON]).mean() > 0.95
    assert not capsys.readouterr().err


@on_gpu
def test_gpu_memory_does_not_grow_with_the_number_of_models():
    held = []
    for count in range(100):
        trained(GPU, count, count + 1, lanes=1)
        held.append((torch.cuda.memory_allocated(), torch.cuda.memory_reserved()))
    assert max(held[10:]) <= max(held[:10])
