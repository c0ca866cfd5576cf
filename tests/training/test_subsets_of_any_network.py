"""Subsets of the weights of other networks: a GRU in lanes, and networks of the user's own."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from perso.training import subsets
from perso.training.engine import Run, Samples, train
from perso.training.recipe import Recipe, init_state

STEPS = 5
DRAW = np.random.default_rng(0)
SEQUENCES = Samples(DRAW.normal(size=(100, 6, 3)).astype(np.float32), DRAW.integers(0, 4, 100))
GRU = Recipe(
    4,
    (6, 3),
    1 / 16,
    kind="sequences",
    architecture="gru",
    optimiser="sgd",
    momentum=0.8,
    precision="float64",
)


def run_of(number: int) -> Run:
    """A run whose number decides its plan, its start, its seed and where it is pulled to."""
    plan = np.random.default_rng(number).integers(0, 100, (STEPS, 16))
    rates = np.linspace(0.05, 0.01, STEPS)
    return Run(plan, rates, init_state(GRU, number), number, init_state(GRU, -number))


# --- trained by the engine


class Recurrent(nn.Module):
    """A recurrent network as anybody writes it."""

    def __init__(self, shape, classes):
        super().__init__()
        self.gru = nn.GRU(shape[1], 4, batch_first=True)
        self.head = nn.Linear(4, classes)

    def forward(self, x):
        return self.head(self.gru(x)[0][:, -1])


RECURRENT = replace(GRU, architecture=Recurrent)
NAMES = {
    "input.weight": "own.gru.weight_ih_l0",
    "hidden.weight": "own.gru.weight_hh_l0",
    "input.bias": "own.gru.bias_ih_l0",
    "hidden.bias": "own.gru.bias_hh_l0",
    "classifier.weight": "own.head.weight",
    "classifier.bias": "own.head.bias",
}


@pytest.mark.parametrize(
    ("fields", "trained"),
    [
        ({"trains": "head"}, ["classifier.weight", "classifier.bias"]),
        ({"trains": "low rank 2"}, ["input.weight", "hidden.weight", "classifier.weight"]),
        ({"trains": "low rank 1", "pull": 1.0, "pull_l1": 0.01, "l1": 0.05}, None),
        ({"pull": 1.0, "pull_l1": 0.01, "l1": 0.05}, [*NAMES]),
    ],
    ids=lambda value: ", ".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_gru_models_at_once_are_models_apart_and_networks_of_ones_own(fields, trained):
    gru, own = (replace(recipe, **fields) for recipe in (GRU, RECURRENT))
    runs = [run_of(number) for number in (1, 2, 3)]
    at_once = train(replace(gru, lanes=3), SEQUENCES, runs)[STEPS]
    for run, state in zip(runs, at_once, strict=True):
        (apart,) = train(gru, SEQUENCES, [run])[STEPS]
        torch.testing.assert_close(state, apart, rtol=1e-9, atol=1e-9)
        start, target = (
            {theirs: each[ours] for ours, theirs in NAMES.items()}
            for each in (run.state, run.pull_to)
        )
        renamed = replace(run, state=start, pull_to=target)
        (theirs,) = train(own, SEQUENCES, [renamed])[STEPS]
        expected = {ours: theirs[name] for ours, name in NAMES.items()}
        torch.testing.assert_close(state, expected, rtol=1e-9, atol=1e-9)
        moved = {name for name in NAMES if not torch.equal(state[name], run.state[name].double())}
        assert trained is None or moved == {*trained}


# --- names and layers


class Mixed(nn.Module):
    """A network with a normalisation layer between two that have matrices."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Linear(3, 5)
        self.norm = nn.LayerNorm((7, 5))
        self.gru = nn.GRU(5, 6, batch_first=True)
        self.head = nn.Linear(6, 2)


def test_the_subsets_of_another_network():
    gru = [f"gru.{kind}_l0" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    head = ["head.weight", "head.bias"]
    assert subsets.trained_names(Mixed(), "head") == head
    assert subsets.trained_names(Mixed(), "norm") == ["norm.weight", "norm.bias"]
    assert subsets.trained_names(Mixed(), "last block") == gru + head
    matrices = ["embedding.weight", *gru[:2], "head.weight"]
    assert subsets.trained_names(Mixed(), "low rank 3") == matrices
    assert len(subsets.trained_names(Mixed(), "all")) == 10


def test_without_statistics_only_layers_with_statistics_leave_training_mode():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(), nn.LayerNorm(3))
    subsets.freeze_others(model, subsets.trained_names(model, "all"), statistics=False)
    assert [layer.training for layer in model] == [True, False, True, True]


class Disordered(nn.Module):
    """A network whose head is not defined last."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 2)
        self.body = nn.Linear(2, 3)

    def forward(self, x):
        return self.head(self.body(x))


def test_the_head_must_be_defined_last():
    x = torch.zeros(4, 2)
    subsets.check_head(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)), x)
    with pytest.raises(ValueError, match='here "body", but "head" computes the outputs; define'):
        subsets.check_head(Disordered(), x)


def test_low_rank_is_refused_where_two_layers_share_weights():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    assert subsets.trained_names(model, "all") == ["0.weight", "0.bias", "1.bias"]
    with pytest.raises(ValueError, match='cannot train "low rank 1", because two of its layers'):
        subsets.trained_names(model, "low rank 1")


def test_a_weight_that_is_frozen_already_stays_frozen():
    model = Mixed()
    model.embedding.requires_grad_(False)
    names = subsets.trained_names(model, "all")
    subsets.freeze_others(model, names, statistics=True)
    assert len(names) == 8 and not model.embedding.weight.requires_grad


def test_low_rank_weights_are_merged_alike_under_autocast():
    low_rank = subsets.LowRank({"weight": torch.rand(6, 5)}, 2, [1, 2])
    low_rank.B["weight"].data.fill_(1 / 3)
    exact = low_rank.merged()["weight"]
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(low_rank.merged()["weight"], exact)


@pytest.mark.parametrize("trains", ["tail", "low rank 0", "low rank R", "low rank", "norm"])
def test_a_subset_that_a_network_lacks_is_refused_with_what_is_possible(trains):
    possible = "all, head, last block, low rank R with R = 1, 2, …"
    message = f'trains: this network cannot train "{trains}"; it can train {possible}'
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        train(replace(GRU, trains=trains), SEQUENCES, [run_of(1)])


def test_the_only_layer_is_the_head_and_no_block():
    assert subsets.trained_names(nn.Linear(2, 3), "head") == ["weight", "bias"]
    with pytest.raises(ValueError, match="it can train all, head, low rank R"):
        subsets.trained_names(nn.Linear(2, 3), "last block")
