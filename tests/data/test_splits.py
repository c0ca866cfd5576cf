"""Splits: no item lies on two sides of a split, and no individual is in their own D_G."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from perso.data.images import flipped, resized
from perso.data.splits import Fold, choose, class_counts, split, split_people

same = np.testing.assert_array_equal


def generator(person) -> np.random.Generator:
    """A generator per person."""
    return np.random.default_rng([5, person])


# --- choice

DRAWS = {person: generator(person).random() for person in range(40)}


def test_the_lowest_draws_are_s_and_the_highest_d_g():
    assert choose({"a": 0.5, "b": 0.1, "c": 0.9, "d": 0.3}, 2, 1) == (["b", "d"], ["c"])


def test_more_individuals_leave_d_g_as_it_was_and_the_first_as_they_were():
    few, others = choose(DRAWS, 5, 10)
    many, same_others = choose(DRAWS, 30, 10)
    assert same_others == others and many[:5] == few


def test_more_people_in_d_g_leave_s_as_it_was():
    individuals, few = choose(DRAWS, 5, 10)
    same_individuals, many = choose(DRAWS, 5, 35)
    assert same_individuals == individuals and set(few) < set(many)


def test_nobody_is_both():
    individuals, others = choose(DRAWS, 15, 25)
    assert set(individuals) | set(others) == set(DRAWS) and not set(individuals) & set(others)


def test_the_order_of_people_does_not_matter():
    assert choose(dict(reversed(DRAWS.items())), 5, 10) == choose(DRAWS, 5, 10)
    tied = dict.fromkeys("abcd", 0.5)
    assert choose(dict(reversed(tied.items())), 1, 2) == choose(tied, 1, 2) == (["a"], ["c", "d"])


@pytest.mark.parametrize("strangers", [[], [7], list(range(0, 40, 2))])
def test_people_beside_the_chosen_do_not_matter(strangers):
    individuals, others = choose(DRAWS, 5, 10)
    there = {*individuals, *others, *strangers}
    assert choose({person: DRAWS[person] for person in there}, 5, 10) == (individuals, others)


@pytest.mark.parametrize(("individuals", "others"), [(41, 0), (31, 10), (1, 40)])
def test_too_many_people_are_refused(individuals, others):
    with pytest.raises(
        ValueError, match=f"{individuals} \\+ {others} people are needed, there are 40"
    ):
        choose(DRAWS, individuals, others)


def test_d_g_may_be_empty():
    assert choose(DRAWS, 40, 0)[1] == []


# --- flips


def test_flips_of_a_hand_made_image():
    images, labels = flipped(np.array([[[1, 2], [3, 4]]], np.uint8), np.array([7]), 10)
    assert images.tolist() == [[[1, 2], [3, 4]], [[2, 1], [4, 3]], [[3, 4], [1, 2]]]
    assert labels.tolist() == [7, 17, 27] and images.dtype == np.uint8


def test_flips_stand_behind_all_originals_in_their_order():
    originals, labels = np.arange(24, dtype=np.uint8).reshape(4, 2, 3), np.array([0, 2, 1, 2])
    images, classes = flipped(originals, labels, 3)
    same(images[:4], originals)
    same(images[5], originals[1][:, ::-1])
    same(images[9], originals[1][::-1])
    assert classes.tolist() == [0, 2, 1, 2, 3, 5, 4, 5, 6, 8, 7, 8]


# --- splits


@pytest.mark.parametrize("seed", range(20))
def test_an_item_lies_on_one_side(seed):
    item = np.random.default_rng(seed).integers(0, 12, 60) * 7
    kept = split(item, 0.7, generator(seed))
    assert not set(item[kept]) & set(item[~kept])


@pytest.mark.parametrize(
    ("items", "share", "trained"),
    [
        (10, 0.7, 7),
        (103, 0.7, 72),
        (100, 0.05, 5),
        (2, 0.7, 1),
        (2, 0.05, 1),
        (2, 0.95, 1),
        (3, 0.95, 2),
    ],
)
def test_the_share_is_of_items_and_leaves_both_sides_something(items, share, trained):
    assert split(np.arange(items).repeat(3), share, generator(0)).sum() == 3 * trained


@pytest.mark.parametrize("item", [[], [4], [4, 4, 4]])
def test_what_is_no_two_items_cannot_be_split(item):
    with pytest.raises(ValueError, match="cannot be split"):
        split(np.array(item), 0.7, generator(0))


def test_a_split_is_its_generators():
    first, again, other = (split(np.arange(50), 0.7, generator(seed)) for seed in (0, 0, 1))
    same(first, again)
    assert (first != other).any()


# --- class counts

LABELS = np.repeat(np.arange(10), 700)


def test_each_person_has_200_of_one_class_and_33_of_three_more():
    who = class_counts(LABELS, 9, generator(0))
    for person in range(9):
        assert sorted(Counter(LABELS[who == person].tolist()).values()) == [33, 33, 33, 200]
    assert (who == -1).sum() == 7000 - 9 * 299


def test_no_sample_belongs_to_two_people_and_main_classes_take_turns():
    who = class_counts(LABELS, 9, generator(0))
    mains = [Counter(LABELS[who == person].tolist()).most_common(1)[0][0] for person in range(9)]
    assert len(who) == len(LABELS) and set(who) == {*range(-1, 9)}
    classes = len(set(LABELS))
    assert len(set(mains[:classes])) == min(9, classes)
    assert mains[classes:] == mains[: max(0, 9 - classes)]


def test_further_people_leave_the_first_as_they_were():
    few, many = class_counts(LABELS, 4, generator(0)), class_counts(LABELS, 9, generator(0))
    for person in range(4):
        same(few == person, many == person)


def test_classes_can_be_used_up_to_the_last_sample():
    labels = np.repeat(np.arange(4), 7)  # one person: 7 of one, 3 of the others
    who = class_counts(labels, 1, generator(0), main=7, side=3)
    assert sorted(Counter(labels[who == 0].tolist()).values()) == [3, 3, 3, 7]


def test_a_class_that_runs_out_is_named():
    message = r"a person needs [73] samples of class \d, only [0-6] left; possible: 1"
    with pytest.raises(ValueError, match=message):
        class_counts(np.repeat(np.arange(4), 7), 2, generator(0), main=7, side=3)


def test_rotations_test_other_items_until_all_were_tested():
    item = np.repeat(np.arange(10), 3)
    tested = [set(item[~split(item, 0.7, generator(0), turn)]) for turn in range(4)]
    assert {len(each) for each in tested} == {3}
    assert len(tested[0] | tested[1] | tested[2]) == 9
    assert len(tested[0] | tested[1] | tested[2] | tested[3]) == 10
    same(split(item, 0.7, generator(0), 0), split(item, 0.7, generator(0)))


# --- layout

WHO = np.array([3, 1, 2, 1, 3, 4, 2, 4, 1, 5, 5, 2, 3, 4, 5, 1])
ITEM = np.arange(16)
HALVES = split_people(WHO, ITEM, [([4, 1, 3, 2], [])], 0.7, generator, copies=3)
POOL = split_people(WHO, ITEM, [([4, 1], [3, 5])], 0.7, generator, copies=3)
BOTH = pytest.mark.parametrize("parts", [HALVES, POOL], ids=["exchange", "pool"])


def test_exchanged_halves_are_d_g_to_each_other():
    assert [fold.individuals for fold in HALVES.folds] == [(4, 1), (3, 2)]
    assert [fold.global_people for fold in HALVES.folds] == [(3, 2), (4, 1)]
    assert HALVES.individuals == (4, 1, 3, 2)


def test_cohorts_are_folds_as_each_alone():
    both = split_people(WHO, ITEM, [([4], [3]), ([1, 2], [5])], 0.7, generator, copies=3)
    one, other = (
        split_people(WHO, ITEM, [roles], 0.7, generator, copies=3)
        for roles in (([4], [3]), ([1, 2], [5]))
    )
    assert both.individuals == (4, 1, 2)
    for fold, alone in zip(both.folds, (*one.folds, *other.folds), strict=True):
        assert fold.individuals == alone.individuals
        same(fold.global_train, alone.global_train)
        same(fold.global_test, alone.global_test)


def test_a_rotation_leaves_d_g_as_it_was():
    turned = split_people(WHO, ITEM, [([4, 1], [3, 5])], 0.7, generator, copies=3, rotation=1)
    same(turned.folds[0].global_test, POOL.folds[0].global_test)
    for person in (4, 1):
        assert not np.intersect1d(turned.test[person], POOL.test[person]).size


def test_an_odd_one_makes_the_second_half_larger():
    parts = split_people(WHO, ITEM, [([4, 1, 3, 2, 5], [])], 0.7, generator)
    assert [fold.individuals for fold in parts.folds] == [(4, 1), (3, 2, 5)]


def test_a_pool_of_others_is_one_fold():
    [fold] = POOL.folds
    assert fold.individuals == POOL.individuals == (4, 1) and fold.global_people == (3, 5)


@BOTH
def test_nobody_is_in_their_own_d_g(parts):
    for fold in parts.folds:
        own = np.isin(np.tile(WHO, 3), fold.individuals)
        assert not own[fold.global_train].any() and not own[fold.global_test].any()


@BOTH
def test_d_g_is_made_of_complete_persons(parts):
    for fold in parts.folds:
        whole = np.flatnonzero(np.isin(np.tile(WHO, 3), fold.global_people))
        same(np.sort(np.concatenate([fold.global_train, fold.global_test])), whole)


@BOTH
def test_a_persons_two_sides_are_disjoint_and_all_they_made(parts):
    for person in parts.train:
        both = np.concatenate([parts.train[person], parts.test[person]])
        same(np.sort(both), np.flatnonzero(np.tile(WHO, 3) == person))


def test_a_split_by_image_parts_a_digit_from_its_flips():
    """Otherwise it is like any split: each image is on one side, 70 % of a person's in training."""
    parts = split_people(WHO, ITEM, [([4, 1], [3, 5])], 0.7, generator, copies=3, whole=False)
    on_both_sides = 0
    for person, train in parts.train.items():
        test = parts.test[person]
        same(np.sort(np.concatenate([train, test])), np.flatnonzero(np.tile(WHO, 3) == person))
        assert len(train) == round(0.7 * (len(train) + len(test)))
        on_both_sides += len(np.intersect1d(train % len(WHO), test % len(WHO)))
    assert on_both_sides


@BOTH
def test_a_digits_flips_lie_on_its_side(parts):
    for side in (parts.train, parts.test):
        for index in side.values():
            assert set(Counter((index % len(WHO)).tolist()).values()) == {3}


def test_images_of_one_item_lie_on_one_side():
    item = np.where(WHO == 1, ITEM % 2, ITEM + 10)  # person 1 has two items, each twice
    parts = split_people(WHO, item, [([4, 1], [3])], 0.7, generator)
    assert len(set(item[parts.train[1]])) == len(set(item[parts.test[1]])) == 1


def test_a_persons_split_is_theirs_whoever_else_is_there():
    for person in (1, 4):
        same(HALVES.train[person], POOL.train[person])
        same(HALVES.test[person], POOL.test[person])


def test_a_person_with_one_sample_is_named():
    with pytest.raises(ValueError, match="person 9: 1 item cannot be split"):
        split_people(np.array([1, 1, 9]), np.arange(3), [([1], [9])], 0.7, generator)


def test_the_neighbour_is_the_next_and_the_lasts_is_the_first():
    fold = Fold(("a", "c", "b"), (), ITEM, ITEM)
    assert [fold.neighbour(person) for person in "acb"] == ["c", "b", "a"]


@BOTH
def test_a_neighbour_is_another_individual_of_the_same_fold(parts):
    for fold in parts.folds:
        assert all(
            fold.neighbour(person) in set(fold.individuals) - {person}
            for person in fold.individuals
        )


def test_folds_share_no_test_image_of_an_individual():
    for one, other in combinations(HALVES.individuals, 2):
        assert not set(HALVES.test[one]) & set(HALVES.test[other])


# --- the network's grid


def test_28_becomes_32_by_a_margin_of_two():
    images = np.random.default_rng(0).integers(1, 256, (2, 28, 28), np.uint8)
    padded = resized(images, 32)
    same(padded[:, 2:30, 2:30], images)
    assert padded.sum(dtype=int) == images.sum(dtype=int) and padded.dtype == np.uint8


def test_pooling_by_hand():
    image = np.array(
        [[[0, 10, 255, 255], [20, 30, 255, 255], [1, 1, 0, 0], [1, 2, 3, 4]]], np.uint8
    )
    assert resized(image, 2).tolist() == [[[15, 255], [1, 2]]]  # means 15, 255, 1.25, 1.75
    assert resized(image, 1).tolist() == [[[68]]]  # 1092 / 16 = 68.25


def test_a_flat_image_becomes_a_square_by_black_margins():
    assert resized(np.full((1, 1, 4), 8, np.uint8), 4).tolist() == [
        [[0] * 4, [8] * 4, [0] * 4, [0] * 4]
    ]
    assert resized(np.full((1, 3, 3), 8, np.uint8), 2).tolist() == [[[8, 4], [4, 2]]]


def test_the_own_size_changes_nothing():
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8), np.uint8)
    same(resized(images, 8), images)


@pytest.mark.parametrize(
    ("side", "size", "possible"),
    [(28, 12, "8, 16, 32"), (28, 64, "8, 16, 32"), (8, 16, "8"), (4, 8, "none")],
)
def test_an_impossible_size_is_refused_with_the_possible_ones(side, size, possible):
    with pytest.raises(ValueError) as caught:
        resized(np.zeros((1, side, side), np.uint8), size)
    assert (
        str(caught.value)
        == f"{size} cannot be made of {side} × {side} images; possible: {possible}"
    )


@pytest.mark.parametrize("size", [8, 16, 32])
def test_what_is_called_possible_is_possible(size):
    assert resized(np.zeros((3, 28, 28), np.uint8), size).shape == (3, size, size)


@pytest.mark.parametrize("size", [8, 16, 32])
def test_pooling_and_flipping_may_change_places(size):
    images, labels = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8), np.arange(5)
    same(flipped(resized(images, size), labels, 5)[0], resized(flipped(images, labels, 5)[0], size))
