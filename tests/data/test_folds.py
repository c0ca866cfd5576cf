"""Folds: the individuals in groups, each of which has all other groups as its D_G."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from perso.data.dataset import StudyData, leaks, prepare
from perso.settings import Settings

same = np.testing.assert_array_equal
PEOPLE = 11


@pytest.fixture
def waves(tmp_path) -> Path:
    """A file of eleven people, ten sequences each."""
    rng = np.random.default_rng(0)
    path = tmp_path / "waves.npz"
    np.savez(
        path,
        sequences=rng.normal(size=(10 * PEOPLE, 5, 2)).astype("float32"),
        labels=np.arange(10 * PEOPLE) % 2,
        who=np.repeat(np.arange(PEOPLE), 10),
    )
    return path


@pytest.fixture
def in_folds(waves):
    """`in_folds(…)` → the data of all people with these settings; `folds` is 0 by default."""

    def make(**settings) -> StudyData:
        common = {"individuals": PEOPLE, "global_people": 0, "flips": False, "architecture": "gru"}
        return prepare(Settings(dataset=f"file:{waves}", **common | settings))

    return make


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_every_person_is_personalized_in_one_fold_and_in_d_g_of_all_others(folds, in_folds):
    found = in_folds(folds=folds).splits.folds
    assert len(found) == folds
    everybody = [person for fold in found for person in fold.individuals]
    assert sorted(everybody) == list(range(PEOPLE))
    for fold in found:
        assert {*fold.global_people} == {*everybody} - {*fold.individuals}
        assert len(fold.global_people) == PEOPLE - len(fold.individuals)
    seen_by = Counter(person for fold in found for person in fold.global_people)
    assert set(seen_by.values()) == {folds - 1}


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_sizes_of_groups_differ_by_one_at_most(folds, in_folds):
    sizes = [len(fold.individuals) for fold in in_folds(folds=folds).splits.folds]
    assert max(sizes) - min(sizes) <= 1 and min(sizes) >= 2


def test_d_g_is_all_samples_of_its_people_and_no_others(in_folds):
    data = in_folds(folds=3)
    for fold in data.splits.folds:
        both = np.concatenate([fold.global_train, fold.global_test])
        same(np.sort(both), np.flatnonzero(np.isin(data.who, fold.global_people)))
    assert set(leaks(data).values()) == {0}


def test_two_folds_are_exchanged_halves(in_folds):
    halves, groups = in_folds(exchange=True), in_folds(folds=2)
    for one, other in zip(halves.splits.folds, groups.splits.folds, strict=True):
        assert one.individuals == other.individuals and one.global_people == other.global_people
        same(one.global_train, other.global_train)
        same(one.global_test, other.global_test)


def test_another_number_of_folds_leaves_every_persons_split(in_folds):
    few, many = in_folds(folds=2).splits, in_folds(folds=5).splits
    assert few.individuals == many.individuals
    for person in few.individuals:
        same(few.train[person], many.train[person])
        same(few.test[person], many.test[person])


def test_the_neighbour_stays_inside_of_the_fold(in_folds):
    for fold in in_folds(folds=5).splits.folds:
        for person in fold.individuals:
            assert fold.neighbour(person) in {*fold.individuals} - {person}


def test_cohorts_are_in_folds_each_for_itself(in_folds):
    found = in_folds(individuals=5, cohorts=2, folds=2).splits.folds
    first, second = ({*found[n].individuals, *found[n + 1].individuals} for n in (0, 2))
    assert not first & second and len(found) == 4
    for fold in found[:2]:
        assert {*fold.global_people} <= first
