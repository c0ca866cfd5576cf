"""Differences between people that are put in: what they change, and that they change no more."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from perso.data import planted
from perso.data.dataset import StudyData, prepare
from perso.errors import InputError
from perso.settings import Settings

CLASSES, EACH = 4, 20
MISSING = {0: planted.MIRRORED, 1: planted.UPSIDE_DOWN}  # by half


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    """Twelve people's images."""
    found = tmp_path_factory.mktemp("data") / "people.npz"
    images = np.random.default_rng(0).integers(0, 256, (12 * EACH, 8, 8)).astype(np.uint8)
    labels, who = np.arange(12 * EACH) % CLASSES, np.repeat(np.arange(12), EACH)
    np.savez(found, images=images, labels=labels, who=who)
    return found


def data_of(path: Path, what: str, **more) -> StudyData:
    """The people with a planted difference, or with none."""
    made = {"individuals": 4, "global_people": 3, "outside_people": 4, "image_size": 8, **more}
    return prepare(Settings(dataset=f"file:{path}", planted=what, **made))


def half_of(data: StudyData) -> dict:
    """Which kind of flips each person lacks, as a half; KeyError for another kind or several."""
    split = data.splits
    half = {}
    for person, train in split.train.items():
        index = np.concatenate([train, split.test[person], split.train_of_all[person]])
        (lacking,) = {0, 1, 2} - {*data.orientation[index].tolist()}
        half[person] = {kind: number for number, kind in MISSING.items()}[lacking]
    return half


def test_prior_takes_one_kind_of_flips_from_everybody_and_nothing_else(path):
    plain, data = (data_of(path, what) for what in ("", "prior"))
    half = half_of(data)
    assert len(half) == 11 and {*half.values()} == {0, 1}
    kept = data.orientation != np.array([MISSING[half.get(who, 0)] for who in data.who.tolist()])
    for name in ("train", "test", "train_of_all"):
        before, after = (getattr(each.splits, name) for each in (plain, data))
        assert before.keys() == after.keys()
        for person, index in before.items():
            assert after[person].tolist() == index[kept[index]].tolist()
            assert len(after[person]) * 3 == len(index) * 2
    for before, after in zip(plain.splits.folds, data.splits.folds, strict=True):
        for name in ("global_train", "global_test"):
            index = getattr(before, name)
            assert getattr(after, name).tolist() == index[kept[index]].tolist()
        assert after.individuals == before.individuals
    for name in ("inputs", "labels"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(data, name))


@pytest.mark.parametrize("what", ["prior", "swap"])
def test_neighbours_are_of_different_halves(what, path):
    data = data_of(path, what)
    half = planted.halves_of([data_roles(data)], data.settings.seed)
    (fold,) = data.splits.folds
    assert all(half[each] != half[fold.neighbour(each)] for each in fold.individuals)
    if what == "prior":
        assert half == half_of(data)


def data_roles(data: StudyData):
    """Who is what, as `halves_of` takes it."""
    (fold,) = data.splits.folds
    return planted.Roles([*fold.individuals], [*fold.global_people], fold.outside_people)


def test_the_half_of_people_of_d_g_does_not_depend_on_who_else_is_there(path):
    many, few = (data_of(path, "prior", outside_people=count) for count in (4, 1))
    halves, fewer = half_of(many), half_of(few)
    assert fewer.items() <= halves.items() and len(fewer) == len(halves) - 3


def test_swap_exchanges_two_kinds_classes_for_one_half_and_no_input(path):
    plain, data = (data_of(path, what) for what in ("", "swap"))
    np.testing.assert_array_equal(plain.inputs, data.inputs)
    for name in ("train", "test", "train_of_all"):
        for person, index in getattr(plain.splits, name).items():
            np.testing.assert_array_equal(getattr(data.splits, name)[person], index)
    half = planted.halves_of([data_roles(data)], data.settings.seed)
    of_input = np.array([half[person] for person in data.who.tolist()])
    written = plain.labels % CLASSES
    kind = plain.labels // CLASSES
    np.testing.assert_array_equal(kind, plain.orientation)
    other = np.where(of_input == 1, (-kind) % 3, kind)  # 1 ↔ 2
    np.testing.assert_array_equal(data.labels, written + CLASSES * other)
    assert data.classes == plain.classes and 0 < of_input.mean() < 1


def test_classes_that_are_exchanged_twice_are_as_before():
    labels = np.concatenate([np.arange(9) % CLASSES + CLASSES * kind for kind in range(3)])
    half = np.arange(9) % 2
    once = planted.exchanged(labels, half, CLASSES)
    assert (once != labels).sum() == 2 * half.sum()

    kinds = once.reshape(3, 9)
    # by where the two kinds are now
    turned = np.concatenate([kinds[0], *np.where(half, kinds[[2, 1]], kinds[1:])])
    np.testing.assert_array_equal(turned, labels)


def test_a_planted_difference_is_part_of_each_persons_content(path):
    contents = [data_of(path, what).content for what in ("", "prior", "swap")]
    for person in contents[0]:
        assert len({each[person] for each in contents}) == 3
    assert contents[0] == data_of(path, "").content


def test_a_persons_content_does_not_depend_on_people_outside(path):
    many, few = (data_of(path, "", outside_people=count).content for count in (4, 0))
    assert few.items() <= many.items() and len(many) == len(few) + 4


@pytest.mark.parametrize("what", ["prior", "swap"])
@pytest.mark.parametrize("more", [{"flips": False}, {"variation": "class-counts"}])
def test_without_flips_of_people_there_is_nothing_to_plant(what, more):
    with pytest.raises(InputError, match=rf"^planted: {what} changes the flips of people's"):
        replace(Settings(), planted=what, **more)


def test_claims_about_enrolments_are_not_decided_on_planted_people():
    with pytest.raises(InputError, match=r"^planted: prior makes people .*set rows_of: planted$"):
        Settings(rows_of="enrolled", planted="prior")


def test_a_planted_table_needs_something_planted():
    with pytest.raises(InputError, match=r"^planted: nothing is, .*set planted: prior, or swap$"):
        Settings(rows_of="planted")


def test_class_counts_have_no_people_outside():
    with pytest.raises(InputError, match=r"^outside_people: 3: class counts .*outside_people: 0$"):
        Settings(variation="class-counts", outside_people=3)
