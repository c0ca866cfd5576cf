"""Numbers that a method stores for each person."""

from dataclasses import replace

import pytest

from perso.analysis.storage import numbers_per_person
from perso.methods.registry import methods_of
from perso.paths import ROOT
from perso.settings import read_params
from perso.study.study import Study
from perso.training.recipe import Recipe

QUICK = {"all": 29934, "head": 1950, "norm": 432, "statistics": 432}
# outputs and inputs of each matrix: seven convolutions and the last layer
FANS = ((8, 9), (16, 72), (32, 144), (32, 288), (32, 288), (32, 32), (64, 32), (30, 64))


@pytest.fixture(scope="module")
def numbers():
    """Those of the quick study."""
    settings = replace(read_params(ROOT / "params" / "quick.yml"), rows_of="baselines")
    study = Study(settings, "nowhere.sqlite")
    found = numbers_per_person(study, methods_of("baselines"))
    found.attrs["study"] = study
    return found


def test_a_network_of_ones_own_is_stored_whole(numbers):
    whole = QUICK["all"] + QUICK["statistics"]
    for name in ("local only", "SW-n-2", "TL 9 % (1e-3)", "WiSE-FT 0.3", "replay", "L2-SP 1"):
        assert numbers[name] == whole


def test_the_generic_network_is_stored_once_for_all(numbers):
    assert numbers["TL-n-0"] == 0


@pytest.mark.parametrize("name", ["head", "statistics"])
def test_a_part_is_stored_alone(name, numbers):
    assert numbers[f"{name} only"] == QUICK[name]


def test_norm_is_stored_with_its_statistics(numbers):
    assert numbers["norm only"] == QUICK["norm"] + QUICK["statistics"]


def test_a_low_rank_is_stored_as_its_factors(numbers):
    assert numbers["low rank 4"] == 4 * sum(map(sum, FANS))


def test_a_head_that_all_weights_follow_is_stored_once(numbers):
    assert numbers["head, then all"] == numbers["TL 9 % (1e-3)"]


def test_neighbours_are_stored_as_features_and_labels(numbers):
    data = numbers.attrs["study"].data
    people = data.splits.individuals
    samples = sum(len(data.splits.train[person]) for person in people) / len(people)
    assert numbers["kNN mix"] == pytest.approx(samples * (64 + 1))
    assert Recipe(30, (8, 8), width=0.25).network().classifier.in_channels == 64
