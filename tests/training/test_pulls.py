"""The pulls of the loss: to a start, by square or by absolute value, and of matrices to zero."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from perso.training.engine import Run, Samples, Trainer, train
from perso.training.models import State
from perso.training.recipe import Recipe, init_state

CLASSES, SIZE, BATCH, STEPS = 4, 8, 16, 30
SGD = Recipe(CLASSES, (SIZE, SIZE), 1 / 16, optimiser="sgd", momentum=0.0, precision="float64")
ADAM = replace(SGD, optimiser="adam")
DRAW = np.random.default_rng(0)
SAMPLES = Samples(
    DRAW.integers(0, 256, (100, SIZE, SIZE)).astype(np.uint8), DRAW.integers(0, CLASSES, 100)
)
RATE = 0.01


def run_of(number: int, steps: int = STEPS, **other) -> Run:
    """A run whose number decides its plan, its start and its dropout."""
    plan = np.random.default_rng(number).integers(0, 100, (steps, BATCH))
    return replace(Run(plan, np.full(steps, RATE), init_state(SGD, number), number), **other)


def trained(recipe: Recipe, *runs: Run) -> list[State]:
    """The models after the last iteration."""
    return train(replace(recipe, lanes=len(runs)), SAMPLES, runs)[len(runs[0].plan)]


def same(one: State, two: State) -> bool:
    """Whether two models are equal to the bit."""
    return all(torch.equal(one[name], two[name]) for name in one)


def weights(state: State) -> State:
    """The state without statistics."""
    return {name: tensor.double() for name, tensor in state.items() if "running" not in name}


def movements(recipe: Recipe, run: Run) -> torch.Tensor:
    """How far each weight of a trained model is from its start."""
    end, start = (weights(state) for state in (trained(recipe, run)[0], run.state))
    return torch.cat([(end[name] - start[name]).flatten() for name in start]).abs()


# --- one step by hand


def test_a_step_of_each_pull_is_the_one_by_hand():
    other = init_state(SGD, 7)
    run = run_of(1, steps=1, pull_to=other)
    (without,) = trained(SGD, run)
    start, target = weights(run.state), weights(other)
    gradients = {
        "pull": lambda name: start[name] - target[name],
        "pull_l1": lambda name: (start[name] - target[name]).sign(),
        # matrices are convolutions and the dense layer; batch norm's weights and biases are vectors
        "l1": lambda name: start[name].sign() if start[name].dim() > 1 else 0 * start[name],
    }
    for field, gradient in gradients.items():
        (state,) = trained(replace(SGD, **{field: 0.3}), run)
        for name in start:
            expected = without[name] - RATE * 0.3 * gradient(name)
            torch.testing.assert_close(state[name], expected, rtol=1e-12, atol=1e-12)


def test_at_the_start_no_pull_to_the_start_is_felt():
    run = run_of(1, steps=1)
    assert same(trained(replace(SGD, pull=0.3, pull_l1=0.3), run)[0], trained(SGD, run)[0])


# --- many steps


@pytest.mark.parametrize("trains", ["all", "head", "low rank 2"])
@pytest.mark.parametrize("field", ["pull", "pull_l1"])
def test_under_a_huge_pull_weights_stay_within_reach_of_the_start(field, trains):
    """A step of Adam is about as long as its rate, and the next one leads back."""
    recipe = replace(ADAM, trains=trains)
    near = movements(replace(recipe, **{field: 1e6}), run_of(1)).max()
    assert 0 < near < 4 * RATE < movements(recipe, run_of(1)).max()


def test_a_stronger_pull_keeps_weights_nearer():
    lengths = [
        movements(replace(ADAM, pull=pull), run_of(1)).square().sum() for pull in (0, 1, 10, 1000)
    ]
    assert lengths == sorted(lengths, reverse=True) and lengths[0] > 10 * lengths[2]


def test_weights_are_pulled_to_another_state():
    """Adam takes them there at its rate; before, some were ten times as far away."""
    run = run_of(1, steps=150, pull_to=init_state(SGD, 7))
    (state,) = trained(replace(ADAM, pull=1e6), run)
    start, end, target = (weights(each) for each in (run.state, state, run.pull_to))
    before, after = (
        max((each[name] - target[name]).abs().max() for name in target) for each in (start, end)
    )
    assert after < 2 * RATE and before > 20 * RATE


@pytest.mark.parametrize("trains", ["all", "last block", "low rank 2"])
def test_the_l1_norm_of_matrices_falls_as_its_factor_grows(trains):
    norms = []
    for alpha in (0, 0.03, 0.3):
        (state,) = trained(replace(SGD, trains=trains, l1=alpha), run_of(1))
        norms.append(sum(tensor.abs().sum() for tensor in state.values() if tensor.dim() > 1))
    assert norms[0] > norms[1] > norms[2]


def test_a_factor_that_is_trained_turns_negative_whatever_the_data():
    """Why α is fixed: CRoP trains it, and Adam lowers it by about its rate in every step."""
    alpha = torch.tensor(0.01, requires_grad=True)
    weights = torch.randn(50, generator=torch.Generator().manual_seed(0), requires_grad=True)
    optimiser = torch.optim.Adam([alpha, weights], lr=0.001)
    signs = []
    for _ in range(12):
        optimiser.zero_grad()
        (weights.square().mean() + alpha * weights.abs().sum()).backward()
        optimiser.step()
        signs.append(bool(alpha > 0))
    assert signs[:9] == [True] * 9 and not signs[11]  # α / rate is 10 steps


def test_l1_leaves_a_subset_without_matrices_alone():
    norm = replace(SGD, trains="norm")
    assert same(trained(replace(norm, l1=1.0), run_of(1))[0], trained(norm, run_of(1))[0])


# --- lanes, and no pull


def test_each_lane_is_pulled_to_its_own_state():
    recipe = replace(SGD, pull=1.0, lanes=2)
    first = run_of(1)
    one, two = (
        trained(recipe, first, run_of(2, pull_to=pull_to)) for pull_to in (None, first.state)
    )
    assert same(one[0], two[0]) and not same(one[1], two[1])


def test_a_broken_neighbour_does_not_matter():
    recipe = replace(SGD, pull=1.0, pull_l1=0.1, l1=0.1)
    sound, broken = run_of(2), run_of(2)
    for tensor in broken.state.values():
        tensor.fill_(torch.nan)
    one, two = (trained(recipe, run_of(1), other) for other in (sound, broken))
    assert same(one[0], two[0]) and two[1]["classifier.weight"].isnan().all()


@pytest.mark.parametrize("recipe", [SGD, ADAM], ids=["sgd", "adam"])
def test_without_a_pull_its_target_decides_nothing_and_costs_nothing(recipe):
    run = run_of(1, pull_to=init_state(SGD, 7))
    assert same(trained(recipe, run)[0], trained(recipe, run_of(1))[0])
    samples = Samples(*map(torch.tensor, SAMPLES[:2]))
    assert Trainer(recipe, samples, [run]).pulls is None
