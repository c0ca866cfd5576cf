"""Contexts: of an attribute, or made by altering half of each person's items."""

from dataclasses import replace

import numpy as np
import pytest

from perso.data import cohort
from perso.data.cohort import Cohort
from perso.data.contexts import with_context
from perso.data.dataset import StudyData, copies, leaks, part_sizes, prepare
from perso.data.images import sheared, thickened
from perso.errors import InputError
from perso.settings import Settings

same = np.testing.assert_array_equal
PEOPLE, ITEMS = 5, 12  # items have two images each
WHO = np.repeat(np.arange(PEOPLE), 2 * ITEMS)
ITEM = np.arange(PEOPLE * ITEMS).repeat(2)
LATE = ITEM % 3 == 0  # a third of each person's items


def people(**attributes) -> Cohort:
    """Images of five people, with attributes."""
    images = np.random.default_rng(0).integers(0, 200, (len(WHO), 8, 8)).astype(np.uint8)
    images[:, 0, 0] = np.arange(len(WHO))  # no two are equal, whatever becomes of the others
    return Cohort(images, ITEM % 2, WHO, ITEM, attributes, source="five people")


@pytest.fixture
def prepared(tmp_path):
    """`prepared(source, context, …)` → the data of a study of these people in contexts."""

    def make(source: Cohort, context: str, **settings) -> StudyData:
        path = tmp_path / "people.npz"
        cohort.save(source, path)
        common = {"individuals": 4, "global_people": 0, "exchange": True, "image_size": 8}
        given = {"dataset": f"file:{path}", "context": context, "flips": False}
        return prepare(Settings(**common | given | settings))

    return make


# --- an attribute


@pytest.mark.parametrize(
    "values",
    [LATE.astype(int) * 5 - 2, np.where(LATE, "work", "home"), LATE],
    ids=["ints", "strings", "bools"],
)
def test_the_sorted_values_of_an_attribute_are_numbered(values):
    found = with_context(people(when=values), "when", seed=0)
    same(found.attributes["context"], LATE)
    same(found.inputs, people().inputs)


@pytest.mark.parametrize("available", [0, 1])
@pytest.mark.parametrize("flips", [False, True])
def test_d_i_is_of_the_available_context_and_d_u_is_the_rest(available, flips, prepared):
    values = np.where(LATE, "work", "home")
    data = prepared(people(when=values), "when", available=available, flips=flips)
    is_available = (data.source.attributes["context"] == available)[data.sample]
    for person in data.splits.individuals:
        own = data.who == person
        D_I = np.concatenate([data.splits.train[person], data.splits.test[person]])
        same(np.sort(D_I), np.flatnonzero(own & is_available))
        same(np.sort(data.splits.elsewhere[person]), np.flatnonzero(own & ~is_available))
        items = [set(data.item[part[person]]) for part in (data.splits.train, data.splits.test)]
        assert not items[0] & items[1] and all(items)
        assert not set(data.item[data.splits.elsewhere[person]]) & (items[0] | items[1])
    assert set(leaks(data).values()) == {0}


def test_the_other_context_available_is_the_other_side(prepared):
    source = people(when=LATE)
    first, second = (prepared(source, "when", available=number) for number in (0, 1))
    for person in first.splits.individuals:
        for one, other in ((first, second), (second, first)):
            D_I = np.concatenate([one.splits.train[person], one.splits.test[person]])
            same(np.sort(D_I), np.sort(other.splits.elsewhere[person]))


def test_d_g_holds_both_contexts_whichever_is_available(prepared):
    source = people(when=LATE)
    first, second = (prepared(source, "when", available=number) for number in (0, 1))
    for one, other in zip(first.splits.folds, second.splits.folds, strict=True):
        same(one.global_train, other.global_train)
        same(one.global_test, other.global_test)
        both = np.concatenate([one.global_train, one.global_test])
        same(np.sort(both), np.flatnonzero(np.isin(first.who, one.global_people)))
        for part in (one.global_train, one.global_test):
            assert set(first.source.attributes["context"][part]) == {0, 1}


def test_of_three_contexts_the_two_others_are_d_u(prepared):
    data = prepared(people(part=ITEM % 3), "part", available=2)
    for person in data.splits.individuals:
        found = data.source.attributes["part"][data.splits.elsewhere[person]]
        assert set(found) == {0, 1} and len(found) == 16


def test_sizes_show_d_u_only_with_contexts(prepared):
    assert (part_sizes(prepared(people(when=LATE), "when"))["D_U"] == 8).all()
    assert "D_U" not in part_sizes(prepared(people(when=LATE), ""))


def test_no_sample_is_of_d_u_without_contexts(prepared):
    data = prepared(people(when=LATE), "")
    assert not any(map(len, data.splits.elsewhere.values()))


# --- contexts that are made


@pytest.mark.parametrize(
    ("context", "alter"), [("shear:15", (sheared, 15)), ("thick:1", (thickened, 1))]
)
def test_half_of_each_persons_items_are_altered(context, alter):
    before = people()
    found = with_context(before, context, seed=3)
    altered = found.attributes["context"] == 1
    function, amount = alter
    same(found.inputs[~altered], before.inputs[~altered])
    same(found.inputs[altered], function(before.inputs[altered], amount))
    assert (found.inputs[altered] != before.inputs[altered]).any((1, 2)).all()
    for person in range(PEOPLE):
        assert len(set(ITEM[altered & (person == WHO)])) == ITEMS // 2
    assert not set(ITEM[altered]) & set(ITEM[~altered])  # items are whole
    same(before.inputs, people().inputs)


def test_the_same_half_is_altered_by_any_amount_and_another_by_another_seed():
    halves = [
        with_context(people(), context, seed).attributes["context"]
        for context, seed in (("shear:5", 0), ("shear:25", 0), ("thick:1", 0), ("shear:5", 1))
    ]
    same(halves[0], halves[1])
    same(halves[0], halves[2])
    assert (halves[0] != halves[3]).any()


def test_a_persons_half_is_theirs_whoever_else_is_there():
    alone = with_context(people().of([3]), "thick:1", seed=0)
    among = with_context(people(), "thick:1", seed=0)
    same(alone.attributes["context"], among.attributes["context"][WHO == 3])


def test_a_sheared_row_moves_to_the_right_above_the_middle_and_to_the_left_below():
    """By 45 degrees each row moves as many pixels as it is above the middle one."""
    line = np.zeros((1, 7, 7), np.uint8)
    line[:, :, 3] = 250
    found = sheared(line, 45)
    assert found.dtype == np.uint8
    same(found[0, 3], line[0, 3])  # the middle row stays
    same(found[0].argmax(axis=1), [6, 5, 4, 3, 2, 1, 0])
    same(found[0].max(axis=1), np.full(7, 250))


def test_what_moves_out_is_lost_and_what_moves_in_is_black():
    found = sheared(np.full((1, 5, 5), 9, np.uint8), 45)
    same(found[0, 0], [0, 0, 9, 9, 9])
    same(found[0, 4], [9, 9, 9, 0, 0])


def test_a_thicker_line_covers_the_line_and_one_pixel_on_each_side():
    images = np.zeros((2, 7, 7), np.uint8)
    images[0, 3, 3] = 200
    images[1] = np.random.default_rng(0).integers(0, 256, (7, 7))
    found = thickened(images, 1)
    assert found.dtype == np.uint8 and (found >= images).all()
    assert (found[0, 2:5, 2:5] == 200).all() and (found[0] > 0).sum() == 9
    assert (thickened(images, 2)[0] > 0).sum() == 25


# --- what is refused


@pytest.mark.parametrize(
    ("context", "problem"),
    [
        (
            "where",
            r"context: five people has no attribute 'where'; "
            r"possible: when, shear:NUMBER, thick:NUMBER$",
        ),
        ("one", r"context: 'one' is 7 for all samples; needed are two values$"),
        ("shear:0", r"context: 'shear:0' is impossible; possible: shear: whole degrees"),
        ("shear:1.5", r"context: 'shear:1.5' is impossible"),
        ("thick:", r"context: 'thick:' is impossible; .*thick: whole pixels, such as thick:1$"),
        ("blur:3", r"context: 'blur:3' is impossible; possible: shear"),
    ],
)
def test_an_impossible_context_is_refused_with_the_possible_ones(context, problem):
    more = {"one": np.full(len(WHO), 7)} if context == "one" else {}
    with pytest.raises(InputError, match=f"^{problem}"):
        with_context(people(when=LATE, **more), context, seed=0)


def test_sequences_cannot_be_sheared():
    waves = replace(people(), inputs=np.zeros((len(WHO), 4, 2), np.float32), kind="sequences")
    with pytest.raises(InputError, match=r"^context: shear alters images, and five people has seq"):
        with_context(waves, "shear:15", seed=0)


@pytest.mark.parametrize(
    ("attributes", "possible"), [({"when": LATE}, "when"), ({}, "no context, as by -p context=")]
)
def test_of_sequences_only_attributes_are_possible(attributes, possible):
    waves = people(**attributes)
    waves = replace(waves, inputs=np.zeros((len(WHO), 4, 2), np.float32), kind="sequences")
    with pytest.raises(InputError, match=rf"no attribute 'where'; possible: {possible}$"):
        with_context(waves, "where", seed=0)


def test_people_who_cannot_be_split_in_contexts_are_named(prepared):
    everywhere_late = LATE | (WHO == 2)
    everywhere_early = LATE & (WHO != 2)
    for context, problem in (
        (everywhere_late, r"context: person 2 has no sample of '0', which available: 0 is; leave"),
        (everywhere_early, r"context: person 2 has samples of '0' alone, so that D_U is empty; le"),
        (np.arange(len(WHO)) % 2, r"context: item \d+ is in two values of when; an item has one"),
        (ITEM % ITEMS == 0, r"dataset: file:.*: person \d: in context 1, 1 item cannot be split"),
    ):
        with pytest.raises(InputError, match=f"^{problem}"):
            prepared(people(when=context), "when", individuals=5)


def test_a_person_of_d_g_may_have_one_context_only(prepared):
    """For D_G is of all contexts anyway."""
    settings = {"individuals": 2, "global_people": 3, "exchange": False}
    roles = prepared(people(when=LATE), "when", **settings).splits.folds[0]
    single = roles.global_people[0]
    data = prepared(people(when=LATE | (single == WHO)), "when", **settings)
    assert single in data.splits.folds[0].global_people
    assert single in data.who[data.splits.folds[0].global_train]


def test_a_context_that_no_sample_has_is_refused_with_the_possible_ones(prepared):
    with pytest.raises(InputError, match=r"^available: 2 is impossible; .*possible: 0 to 1$"):
        prepared(people(when=LATE), "when", available=2)


def test_altered_images_are_not_altered_again(prepared, tmp_path):
    """A file that was written with contexts has them; it is read with `context`."""
    first = prepared(people(), "shear:15")
    with pytest.raises(InputError, match=r"^context: .* has contexts already, .*context: context$"):
        prepared(first.source, "shear:15")
    again = prepared(first.source, "context")
    same(again.inputs, first.inputs)
    assert again.content == first.content


def test_copies_of_training_images_in_d_u_are_found(prepared):
    """The pair of equal images is of one person, one class, and two contexts."""
    data = prepared(people(when=LATE), "when")
    person = data.splits.individuals[0]
    source = data.source
    twin = next(
        index
        for index in data.splits.elsewhere[person]
        if source.labels[index] == source.labels[data.splits.train[person][0]]
    )
    source.inputs[twin] = source.inputs[data.splits.train[person][0]]
    found = copies(
        prepared(replace(source, attributes={"when": source.attributes["when"]}), "when")
    )
    assert found.loc[found["copies"] > 0, "test set"].tolist() == [f"D_U of person {person}"]
    assert found["copies"].sum() == 1
