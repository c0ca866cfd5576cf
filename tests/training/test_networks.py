"""A network is added in one place: its class, with a name in the registry."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from perso.settings import CHOICES
from perso.training.engine import Run, Samples, train
from perso.training.flops import forward_flops, network_sizes, step_cost
from perso.training.inference import latency, predict, predict_all
from perso.training.models import Design, cross_entropy, no_masks
from perso.training.networks import NETWORKS
from perso.training.recipe import Recipe, checked, init_state
from perso.training.vgg import draw_weights, image_size_of, prepare_images


class Linear(nn.Module):
    """`lanes` linear classifiers: pixels [B, lanes, S, S] → logits [B, lanes, classes]."""

    prepare = staticmethod(prepare_images)
    draw = staticmethod(draw_weights)
    masks = staticmethod(no_masks)
    loss = staticmethod(cross_entropy)

    def __init__(self, classes: int, image_size: int, lanes: int):
        super().__init__()
        self.classes = classes
        self.lanes = lanes
        self.classifier = nn.Conv2d(lanes, classes * lanes, image_size, groups=lanes)

    @classmethod
    def made(cls, design: Design, lanes: int) -> "Linear":
        return cls(design.classes, image_size_of(design), lanes)

    def forward(self, x: torch.Tensor, masks=()) -> torch.Tensor:
        return self.classifier(x).view(len(x), self.lanes, self.classes)


DRAW = np.random.default_rng(0)
IMAGES = DRAW.integers(0, 256, (60, 8, 8)).astype(np.uint8)
SAMPLES = Samples(IMAGES, DRAW.integers(0, 4, 60))
EVERY = np.arange(60)


@pytest.fixture
def recipe(monkeypatch) -> Recipe:
    monkeypatch.setitem(NETWORKS, "linear", Linear)
    return Recipe(4, (8, 8), architecture="linear", precision="float64", lanes=3)


def test_a_class_and_a_name_are_all_that_a_network_needs(recipe):
    checked("linear", (8, 8), 4)
    plans = [DRAW.integers(0, 60, (5, 16)) for _ in range(3)]
    runs = [Run(plan, [0.01] * 5, init_state(recipe, n), n) for n, plan in enumerate(plans)]
    together = train(recipe, SAMPLES, runs)[5]
    answers = predict_all(recipe, IMAGES, together, [{"all": EVERY}] * 3)
    for run, state, answer in zip(runs, together, answers, strict=True):
        (apart,) = train(replace(recipe, lanes=1), SAMPLES, [run])[5]
        torch.testing.assert_close(state, apart, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(answer["all"], predict(recipe, IMAGES, apart, EVERY))
    assert forward_flops(recipe) == 2 * 64 * 4
    assert step_cost(recipe, 16).flop == 3 * 16 * 3 * 2 * 64 * 4
    assert network_sizes(recipe)["last layer"] == 65 * 4
    assert (latency(recipe, IMAGES, (1,), repeats=2) > 0).all(axis=None)


def test_settings_name_every_classifier():
    assert {*CHOICES["architecture"], "autoencoder"} == set(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_fits_images_and_has_its_state_by_lanes(name):
    recipe = Recipe(4, (8, 8), 1 / 8, architecture=name)
    checked(name, (8, 8), 4)
    one, two = (recipe.build(lanes).state_dict() for lanes in (1, 2))
    assert [2 * tensor.shape[0] for tensor in one.values()] == [len(t) for t in two.values()]
    assert init_state(recipe, 0).keys() == one.keys()
