"""Predictions of several models at once are those of each alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from perso.training import inference
from perso.training.inference import forward_batches, latency, predict, predict_all
from perso.training.models import State
from perso.training.recipe import Recipe, init_state

CLASSES = 4
DRAW = np.random.default_rng(0)
IMAGES = DRAW.integers(0, 256, (90, 8, 8)).astype(np.uint8)
EVERY = np.arange(90)
SEQUENCES = DRAW.normal(size=(90, 6, 3)).astype(np.float32)


class Flat(nn.Module):
    """A network of the user's own."""

    def __init__(self, shape, classes):
        super().__init__()
        self.layer = nn.Linear(shape[0] * shape[1], classes)

    def forward(self, x):
        return self.layer(x.view(len(x), -1))  # fails without samples


VGG = Recipe(CLASSES, (8, 8), 1 / 8, precision="float64")
GRU = Recipe(CLASSES, (6, 3), 1 / 4, architecture="gru", precision="float64")
OWN = Recipe(CLASSES, (8, 8), architecture=Flat, precision="float64")
CASES = [(VGG, 1), (VGG, 2), (VGG, 5), (GRU, 2), (GRU, 1), (OWN, 1)]


def inputs_of(recipe: Recipe) -> np.ndarray:
    return IMAGES if recipe.shape == (8, 8) else SEQUENCES


def logits(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return model(x)


def models(recipe: Recipe, count: int = 5) -> list[State]:
    """Untrained models whose answers vary: the mean logits of each are 0."""
    states = [init_state(recipe, seed) for seed in range(count)]
    for state in states:
        last = list(state)[-1]
        found = forward_batches(recipe, inputs_of(recipe), [state], EVERY[:, None], logits)
        state[last] = state[last] - torch.tensor(found[:, 0].mean(0))
    return states


# each model its own test sets, of other sizes and numbers
TESTS = [
    {"D_I": np.arange(0, 20), "D_G": np.arange(10, 90)},
    {"D_I": np.arange(20, 23), "D_G": np.arange(10, 90), "validation": np.array([7, 7, 0])},
    {"D_G": DRAW.permutation(90)},
    {},
    {"empty": np.empty(0, int), "D_I": np.arange(50, 90)},
]


@pytest.mark.parametrize(("recipe", "lanes"), CASES)
@pytest.mark.parametrize("batch", [7, 1024])
def test_n_at_once_are_n_apart(recipe, lanes, batch, monkeypatch):
    monkeypatch.setattr(inference, "BATCH", {"cpu": batch})
    states, inputs = models(recipe), inputs_of(recipe)
    found = predict_all(replace(recipe, lanes=lanes), inputs, states, TESTS)
    assert [list(each) for each in found] == [list(each) for each in TESTS]
    for state, tests, answers in zip(states, TESTS, found, strict=True):
        for name, index in tests.items():
            assert answers[name].dtype == np.int64
            assert len(answers[name]) == len(index)
            if len(index):
                alone = predict(recipe, inputs, state, index)
                np.testing.assert_array_equal(answers[name], alone)
    assert all(len(np.unique(each["D_G"])) > 2 for each in found[:3])
    assert not np.array_equal(found[0]["D_G"], found[1]["D_G"])


@pytest.mark.parametrize("recipe", [VGG, GRU, OWN], ids=["vgg", "gru", "own"])
def test_an_answer_does_not_depend_on_its_batch(recipe):
    inputs, index = inputs_of(recipe), EVERY[:, None]
    (state,) = models(recipe, 1)
    whole = forward_batches(recipe, inputs, [state], index, logits)
    assert whole.shape == (90, 1, CLASSES)
    for batch in (1, 13, 89):
        parts = forward_batches(recipe, inputs, [state], index, logits, batch)
        np.testing.assert_allclose(parts, whole, rtol=1e-12, atol=1e-12)
    other = forward_batches(recipe, inputs, [state], index[::-1], logits, 13)
    np.testing.assert_allclose(other[::-1], whole, rtol=1e-12, atol=1e-12)


def test_a_pass_holds_as_many_samples_whatever_the_lanes(monkeypatch):
    seen = []

    def answers(model, x):
        seen.append(x.shape[:2].numel())
        return model(x).argmax(2)

    monkeypatch.setattr(inference, "predicted", answers)
    monkeypatch.setattr(inference, "BATCH", {"cpu": 30})
    tests = [{"D_G": EVERY}] * 3
    for lanes in (1, 3):
        predict_all(replace(VGG, lanes=lanes), IMAGES, models(VGG, 3), tests)
    assert seen == [30] * 18


def test_no_models_give_no_answers():
    assert predict_all(VGG, IMAGES, [], []) == []


@pytest.mark.parametrize("recipe", [VGG, GRU, OWN], ids=["vgg", "gru", "own"])
def test_the_latency_of_every_network_is_measured(recipe):
    table = latency(recipe, inputs_of(recipe), (1, 100), repeats=2)
    assert table.shape == (4, 3) and (table > 0).all(axis=None)
