"""What is computed for all people at once, or in parts, equals the plain way, person by person."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from perso.data import cohort, images, splits
from perso.data.cohort import Cohort
from perso.data.contexts import with_context
from perso.data.dataset import copies, leaks, prepare
from perso.data.splits import Roles, split, split_people
from perso.paths import ROOT
from perso.seeds import fingerprint, rng
from perso.settings import Settings, read_params

same = np.testing.assert_array_equal
DRAW = np.random.default_rng(3)
COUNT = 400
WHO = DRAW.integers(0, 7, COUNT)  # people in no order
NAMES = np.array(["ann", "bob", "Ünal", "cy", "10", "9", "z z"])


@pytest.fixture(params=[WHO, NAMES[WHO]], ids=["numbers", "names"])
def people(request) -> Cohort:
    """Images with pixels that often coincide, of people in no order."""
    return Cohort(
        DRAW.integers(0, 256, (COUNT, 8, 8), np.uint8),
        DRAW.integers(0, 3, COUNT),
        request.param,
        np.arange(COUNT),
        {"hand": DRAW.integers(0, 2, COUNT)},
    )


def plain_hash(of: Cohort) -> str:
    """The content hash of all bytes at once."""
    digest = hashlib.sha256()
    for name, array in sorted(cohort.arrays_of(of).items()):
        if array.dtype.kind != "U" and name != "images":
            array = array.astype("<f8" if array.dtype.kind == "f" else "<i8")
        values = array.tobytes()
        if array.dtype.kind == "U":
            values = ascii(array.tolist()).encode()
        digest.update(f"{name} {array.dtype.kind} {array.shape}\n".encode() + values)
    return digest.hexdigest()


def plainly_chosen(of: Cohort, chosen: set) -> Cohort:
    """The samples of people, chosen by a comparison with each."""
    kept = np.isin(of.who, list(chosen))
    return replace(
        of,
        inputs=of.inputs[kept],
        labels=of.labels[kept],
        who=of.who[kept],
        item=of.item[kept],
        attributes={name: array[kept] for name, array in of.attributes.items()},
    )


def test_positions_are_those_of_a_comparison_with_each_person(people):
    found = splits.positions_of(people.who)
    assert list(found) == people.people.tolist()
    for person, positions in found.items():
        same(positions, np.flatnonzero(people.who == person))


def test_nobody_has_no_position():
    assert splits.positions_of(np.zeros(0, int)) == {}


@pytest.mark.parametrize("at_once", [1, 7, COUNT, 4096])
def test_a_content_hash_in_parts_is_that_of_all_bytes_at_once(people, monkeypatch, at_once):
    monkeypatch.setattr(cohort, "AT_ONCE", at_once)
    assert people.content_hash == plain_hash(people)
    floats = replace(people, inputs=people.inputs / np.float32(3), kind="sequences")
    assert floats.content_hash == plain_hash(floats)


@pytest.mark.parametrize("number", [0, 1, 3, 7])
def test_the_samples_of_people_are_those_of_a_comparison_with_each(people, number):
    chosen = set(people.people.tolist()[:number])
    assert plain_hash(people.of(chosen)) == plain_hash(plainly_chosen(people, chosen))


@pytest.mark.parametrize("size", [1, 4, 8, 16])
def test_images_resized_in_parts_are_means_over_blocks(monkeypatch, size):
    monkeypatch.setattr(images, "AT_ONCE", 3)
    of_any_size = DRAW.integers(0, 256, (10, 13, 15), np.uint8)
    padded = np.pad(of_any_size, ((0, 0), (1, 2), (0, 1)))
    blocks = padded.reshape(10, size, 16 // size, size, 16 // size)
    same(images.resized(of_any_size, size), np.rint(blocks.mean((2, 4))).astype(np.uint8))


def test_a_split_of_all_people_is_the_split_of_each(people):
    names = people.people.tolist()
    roles = Roles(names[:3], names[3:])
    found = split_people(
        people.who, people.item, [roles], 0.7, lambda person: rng(0, "split", person), copies=3
    )
    trained = {}
    for person in names:
        own = np.concatenate([np.flatnonzero(people.who == person) + n * COUNT for n in range(3)])
        side = split(people.item[own % COUNT], 0.7, rng(0, "split", person))
        trained[person] = own[side]
        same(found.train[person], own[side])
        same(found.test[person], own[~side])
    (fold,) = found.folds
    same(fold.global_train, np.concatenate([trained[person] for person in names[3:]]))
    assert [fold.neighbour(person) for person in names[:3]] == [names[1], names[2], names[0]]


def test_altered_samples_are_half_of_each_person(people):
    found = with_context(people, "thick:1", seed=4).attributes["context"]
    for person in people.people.tolist():
        own = people.who == person
        items = np.unique(people.item[own])
        chosen = rng(4, "context", person).permutation(items)[: len(items) // 2]
        same(found[own] == 1, np.isin(people.item[own], chosen))


def settings_of(people: Cohort, path) -> Settings:
    """A smoke study of these people, two of whom are D_G."""
    cohort.save(people, path)
    changes = {"individuals": 4, "global_people": 2, "exchange": False}
    return replace(
        read_params(ROOT / "params" / "smoke.yml"), dataset=f"file:{path}", flips=False, **changes
    )


def test_the_content_of_each_person_is_the_hash_of_the_persons_samples(people, tmp_path):
    data = prepare(settings_of(people, tmp_path / "people.npz"))
    assert len(data.content) == 6
    for person, content in data.content.items():
        alone = plainly_chosen(people, {person})
        assert content == fingerprint([str(person), plain_hash(alone)])


def test_copies_are_those_of_a_search_in_all_training_inputs(people, tmp_path):
    inputs = DRAW.integers(0, 200, COUNT)[:, None, None] * np.ones((1, 8, 8), int)
    crowded = replace(people, inputs=inputs.astype(np.uint8))  # some are equal
    data = prepare(settings_of(crowded, tmp_path / "people.npz"))
    number = splits.numbered(data.inputs, data.labels)
    (fold,) = data.splits.folds
    own = [data.splits.train[person] for person in fold.individuals]
    trained = np.concatenate([fold.global_train, *own])
    tests = [*(data.splits.test[person] for person in fold.individuals), fold.global_test]
    counts = [int(np.isin(number[test], number[trained]).sum()) for test in tests]
    assert copies(data)["copies"].tolist() == counts and 0 < sum(counts) < sum(map(len, tests))
    assert leaks(data)["test images that copy a training image"] == sum(counts)
