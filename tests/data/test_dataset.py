"""Prepared data: who is in it, that nothing leaks, and that it is the same on another machine."""

import re
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from perso.cli import main
from perso.data import cohort, splits
from perso.data.cohort import Cohort, save
from perso.data.dataset import (
    OF_DATA,
    StudyData,
    copies,
    facts,
    leaks,
    part_sizes,
    prepare,
    refuse_copies,
)
from perso.data.sizes import shape_text
from perso.errors import InputError
from perso.paths import ROOT
from perso.settings import TYPES, Settings, overlay, read_params
from perso.study.study import Study

same = np.testing.assert_array_equal
SMOKE, QUICK = (read_params(ROOT / "params" / name) for name in ("smoke.yml", "quick.yml"))


def refused(settings: Settings) -> str:
    """The one line with which settings that do not fit their data are refused."""
    with pytest.raises(InputError) as caught:
        prepare(settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def items(data: StudyData, index: np.ndarray) -> set:
    """The original samples behind images."""
    return set(data.source.item[index % len(data.source.item)].tolist())


def saved(cohort: cohort.Cohort, path: Path) -> str:
    """A cohort as a file; its name as a data set."""
    save(cohort, path)
    return f"file:{path}"


def writers(names=range(900, 920), side: int = 28) -> cohort.Cohort:
    """Stands for QMNIST: writers of 20, 21, … digits of all ten classes, shuffled, with series."""
    draw = np.random.default_rng(1)
    who = draw.permutation(np.repeat(list(names), np.arange(20, 20 + len(names))))
    images = draw.integers(0, 256, (len(who), side, side), np.uint8)
    arrays = images, np.arange(len(who)) % 10, who, np.arange(len(who))
    return cohort.Cohort(*arrays, {"hsf": np.where(draw.random(len(who)) < 0.5, 0, 4)}, "writers")


def garments() -> cohort.Cohort:
    """Stands for Fashion-MNIST: 700 garments of each class, of nobody."""
    images = np.random.default_rng(2).integers(0, 256, (7000, 8, 8), np.uint8)
    nobody = np.zeros(7000, int)
    return cohort.Cohort(images, np.arange(7000) % 10, nobody, np.arange(7000), {}, "garments")


def strokes() -> cohort.Cohort:
    """Seven people's sequences of six steps of three channels, 40 of each of four classes."""
    inputs = np.random.default_rng(5).normal(size=(1120, 6, 3)).astype(np.float32)
    each = np.arange(1120)
    return cohort.Cohort(inputs, each % 4, each // 160, each, source="strokes")


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> dict[str, Settings]:
    """All layouts: exchanged halves, other people, a pool of samples; with and without flips."""
    folder = tmp_path_factory.mktemp("data")
    many = replace(
        Settings(), dataset=saved(writers(), folder / "w.npz"), individuals=4, global_people=6
    )
    counts = replace(many, dataset=saved(garments(), folder / "g.npz"), image_size=8)
    return {
        "smoke": SMOKE,
        "quick": QUICK,
        "writers": many,
        "unflipped": replace(many, flips=False),
        "counts": replace(counts, variation="class-counts", global_items=2000),
        "sequences": replace(
            many, dataset=saved(strokes(), folder / "s.npz"), global_people=3, flips=False
        ),
    }


@pytest.fixture(params=["smoke", "quick", "writers", "unflipped", "counts", "sequences"])
def data(cases, request) -> StudyData:
    return prepare(cases[request.param])


# --- facts


def test_digits_are_14_people_and_5391_images_of_30_classes():
    table, text = part_sizes(prepare(QUICK)), facts(prepare(QUICK))
    assert "1,797 samples of 14 people" in text and "5,391 of 8 × 8 pixels, 30 classes" in text
    assert len(table) == 14 and table["samples"].sum() == 1797
    assert table.groupby("fold")["D_I train"].sum().tolist() == [1890, 1884]
    assert table.groupby("fold")["D_I test"].sum().tolist() == [807, 810]
    # the other half's
    assert table.groupby("fold")["D_G train"].unique().tolist() == [
        [1884],
        [1890],
    ]


def test_smoke_is_four_people_of_them():
    table = part_sizes(prepare(SMOKE))
    assert len(table) == 4 and set(table["D_G people"]) == {2}
    assert set(table["person"]) <= set(part_sizes(prepare(QUICK))["person"])


def test_facts_agree_with_part_sizes(data):
    table, text = part_sizes(data), facts(data)
    assert table["person"].tolist() == [str(person) for person in data.splits.individuals]
    assert f"S         {len(table)} individuals" in text and f"{len(data.inputs):,} of" in text
    for _, row in table.iterrows():
        is_pool = data.settings.variation == "class-counts"
        D_G = "is a pool of samples" if is_pool else f"of {row['D_G people']} people"
        assert f"D_G {D_G}, train {row['D_G train']:,}, test {row['D_G test']:,}" in text


def test_samples_and_the_items_that_they_are_in_are_told_apart(tmp_path):
    """Windows of four people, who have 24 each: four neighbours are one item."""
    who = np.repeat(list("abcd"), 24)
    windows = np.random.default_rng(0).random((96, 5, 2), np.float32)
    item = np.arange(96) // 4
    np.savez(tmp_path / "w.npz", sequences=windows, labels=item % 3, who=who, item=item)
    settings = replace(
        SMOKE, dataset=f"file:{tmp_path / 'w.npz'}", architecture="gru", flips=False, min_items=5
    )
    table, text = part_sizes(prepare(settings)), facts(prepare(settings))
    assert set(table["samples"]) == {24} and set(table["items"]) == {6}
    assert (table["D_I train"] + table["D_I test"] == 24).all()
    assert "4 individuals of 24 to 24 samples, mean 24.0, in 6 to 6 items" in text
    assert "has 0 people with at least 7 items" in refused(replace(settings, min_items=7))
    assert "items" not in part_sizes(prepare(SMOKE))


# --- images


def test_flips_are_further_images_and_classes(data):
    count = len(data.source.labels)
    whole = 3 if data.settings.flips else 1
    classes = 4 if data.kind == "sequences" else 10
    assert data.inputs.shape == (whole * count, *data.shape)
    assert data.kind == "sequences" or data.shape == (data.settings.image_size,) * 2
    assert data.classes == whole * classes
    assert set(data.labels.tolist()) == set(range(data.classes))
    same(data.labels % classes, np.tile(data.source.labels, whole))
    for number, flip in enumerate((np.s_[:], np.s_[:, :, ::-1], np.s_[:, ::-1])[:whole]):
        same(data.inputs[number * count :][:count], data.inputs[:count][flip])


def test_digits_stay_as_they_are_and_writers_get_a_margin(cases):
    small, large = prepare(SMOKE), prepare(cases["writers"])
    same(small.inputs[: len(small.source.inputs)], small.source.inputs)
    same(large.inputs[: len(large.source.inputs), 2:30, 2:30], large.source.inputs)


# --- sequences


@pytest.mark.parametrize("size", [8, 16, 256])
def test_sequences_stay_as_they_are_at_any_image_size(cases, size):
    made = prepare(replace(cases["sequences"], image_size=size))
    same(made.inputs, made.source.inputs)
    assert (made.kind, made.shape, made.inputs.dtype) == ("sequences", (6, 3), np.float32)
    assert "sequences 1,120 of 6 steps × 3 channels, 4 classes" in facts(made)


def test_sequences_are_not_flipped(cases):
    settings = replace(cases["sequences"], flips=True)
    message = (
        f"flips: true is for images and trajectories, and {settings.dataset} has sequences; "
        "set flips: false"
    )
    assert refused(settings) == message


@pytest.mark.parametrize(
    ("kind", "shape", "text"),
    [
        ("images", (8, 8), "8 × 8 pixels"),
        ("sequences", [32, 3], "32 steps × 3 channels"),
        ("sequences", (1, 1), "1 step × 1 channel"),
        ("sequences", (1200, 2), "1,200 steps × 2 channels"),
    ],
)
def test_the_size_of_an_input_in_words(kind, shape, text):
    assert shape_text(kind, shape) == text


def test_copied_sequences_are_counted_and_refused(tmp_path, cases):
    one = strokes()
    inputs = one.inputs.copy()
    inputs[160:320] = inputs[:160]  # person 1 has all of person 0's, of the same classes
    settings = replace(
        cases["sequences"], dataset=saved(replace(one, inputs=inputs), tmp_path / "s.npz")
    )
    settings = replace(settings, individuals=6, global_people=1)
    data = prepare(settings)
    count = leaks(data)["test sequences that copy a training sequence"]
    assert f"copies    exact copies of training sequences: {count} test sequences" in facts(data)
    with pytest.raises(InputError) as caught:
        refuse_copies(data)
    for text in (
        "exact copies of training sequences (same class, same 6 steps × 3 channels): ",
        " test sequences in D_I of person ",
        "np.unique(sequences, axis=0, return_index=True)[1] are the indices to keep",
    ):
        assert text in str(caught.value)


def test_a_command_writes_sequences_to_a_file(tmp_path, cases, capsys):
    here, copied = cases["sequences"], tmp_path / "copied.npz"
    pairs = [f"dataset={here.dataset}", "flips=false", "exchange=false", "global_people=3"]
    words = [word for pair in pairs for word in ("-p", pair)]
    smoke = str(ROOT / "params" / "smoke.yml")
    assert main(["data", smoke, *words]) == 2
    refused = capsys.readouterr()
    assert refused.out == "" and refused.err.count("\n") == 1
    assert "architecture: vgg is for images, and" in refused.err
    words += ["-p", "architecture=gru"]
    assert main(["data", smoke, *words, "--to", str(copied)]) == 0
    first = capsys.readouterr().out
    assert "sequences 1,120 of 6 steps × 3 channels, 4 classes" in first
    words[1] = f"dataset=file:{copied}"
    assert main(["data", smoke, *words]) == 0
    assert capsys.readouterr().out == first


PAGE = (ROOT / "own-people.md").read_text("utf-8").replace("\\\n", "")


@pytest.mark.parametrize(("number", "kind"), [(0, "images"), (1, "sequences")])
def test_the_pages_examples_are_data_sets(tmp_path, monkeypatch, capsys, number, kind):
    """What a reader pastes: the code that writes a file, and the `perso data` line that follows."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params").symlink_to(ROOT / "params")
    one = {"images": people, "sequences": strokes}[kind]()
    names = {kind: one.inputs, "labels": one.labels, "who": one.who, "item": one.item, "np": np}
    names["names"] = np.array(one.classes)
    names["context"] = np.array(["home", "lab"])[np.unique(one.item, return_inverse=True)[1] % 2]
    exec(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[number], names)
    commands = re.findall(r"^    perso (data .*?)(?: +#.*)?$", PAGE, re.MULTILINE)
    assert main(shlex.split(commands[number])) == 0
    assert f"\n{kind:9} " in capsys.readouterr().out


# --- no leaks


def test_nobodys_test_item_is_in_any_training_part_of_its_fold(data):
    split = data.splits
    for fold in split.folds:
        trained = [fold.global_train, *(split.train[person] for person in fold.individuals)]
        tested = [fold.global_test, *(split.test[person] for person in fold.individuals)]
        trained, tested = (items(data, np.concatenate(each)) for each in (trained, tested))
        assert trained and tested and not trained & tested


def test_flips_of_a_digit_lie_on_one_side(data):
    copies = 3 if data.settings.flips else 1
    for side in (data.splits.train, data.splits.test):
        for index in side.values():
            assert len(index) == copies * len(items(data, index)) == len(set(index.tolist()))


def test_every_image_is_on_one_side_of_one_person(data):
    split = data.splits
    every = np.concatenate([*split.train.values(), *split.test.values()])
    same(np.sort(every), np.arange(len(data.inputs)))
    for person, index in (*split.train.items(), *split.test.items()):
        assert set(data.source.who[index % len(data.source.who)].tolist()) == {person}


def test_d_g_holds_no_individual_of_its_fold(data):
    for fold in data.splits.folds:
        assert not set(fold.individuals) & set(fold.global_people)
        parts = data.splits.train, data.splits.test
        for whole, side in zip((fold.global_train, fold.global_test), parts, strict=True):
            same(whole, np.concatenate([side[person] for person in fold.global_people]))


def test_leaks_are_counted():
    clean = prepare(SMOKE)
    assert set(leaks(clean).values()) == {0}
    one, other = clean.splits.individuals[:2]
    overlapping = {
        **clean.splits.test,
        one: np.append(clean.splits.test[one], clean.splits.train[one][:2]),
    }
    folds = tuple(
        replace(fold, global_people=(other, *fold.global_people)) for fold in clean.splits.folds
    )
    leaky = replace(clean, splits=replace(clean.splits, test=overlapping, folds=folds))
    assert leaks(leaky) == {
        "samples on both sides": 2,
        "individuals in their own D_G": 1,
        "test images that copy a training image": 2,
    }


# --- exact copies


def people(twice: int = 0) -> cohort.Cohort:
    """Six people's samples of noise, 60 each; the first `twice` of them are there a second time."""
    images = np.random.default_rng(3).integers(0, 256, (360, 8, 8), np.uint8)
    place = np.append(np.arange(360), np.arange(twice))
    return cohort.Cohort(
        images[place], place % 10, place // 60, np.arange(len(place)), source="people"
    )


def study_of(cohort: cohort.Cohort, folder: Path, **changes) -> Settings:
    """Smoke's settings of all six people."""
    return replace(SMOKE, dataset=saved(cohort, folder / "people.npz"), individuals=6, **changes)


def test_a_copy_in_training_and_in_the_test_is_counted_and_refused(tmp_path):
    settings = study_of(people(twice=60), tmp_path)  # person 0 has each sample twice
    data = prepare(settings)
    assert leaks(data)["samples on both sides"] == 0
    found = copies(data)
    of_person_0 = found[found["test set"] == "D_I of person 0"].squeeze()
    own = splits.numbered(data.inputs, data.labels)
    train, test = (set(own[side[0]]) for side in (data.splits.train, data.splits.test))
    assert 0 < len(train & test) <= of_person_0["copies"] <= of_person_0["inputs"]
    assert of_person_0["inputs"] == len(data.splits.test[0])
    assert leaks(data)["test images that copy a training image"] == found["copies"].sum() > 0
    with pytest.raises(InputError, match="exact copies of training images") as caught:
        Study(settings, tmp_path / "none.sqlite")
    message = str(caught.value)
    count = f"{of_person_0['copies']} of {of_person_0['inputs']} test images in D_I of person 0"
    assert f"(same class, same 8 × 8 pixels): {count};" in message and "\n" not in message
    assert "leave out all but one of each" in message
    assert not (tmp_path / "none.sqlite").exists()


def test_copies_of_another_persons_samples_are_refused_too(tmp_path):
    """Everybody has the same 60 samples: whatever is tested, D_G was trained on it."""
    one = people()
    same_for_all = replace(
        one, inputs=np.tile(one.inputs[:60], (6, 1, 1)), labels=np.tile(one.labels[:60], 6)
    )
    data = prepare(study_of(same_for_all, tmp_path))
    with pytest.raises(InputError, match="exact copies of training images"):
        refuse_copies(data)
    assert (copies(data)["copies"] > 0.9 * copies(data)["inputs"]).all()


def test_what_the_advice_leaves_is_taken(tmp_path, capsys):
    copied = people(twice=300)
    keep = np.unique(copied.inputs, axis=0, return_index=True)[1]
    arrays = (array[keep] for array in (copied.inputs, copied.labels, copied.who, copied.item))
    Study(study_of(cohort.Cohort(*arrays), tmp_path), tmp_path / "none.sqlite")
    assert capsys.readouterr().err == ""


def test_every_command_refuses_copies_with_exit_code_2(tmp_path, capsys):
    settings = study_of(people(twice=60), tmp_path)
    pairs = [
        "-p",
        f"dataset={settings.dataset}",
        "-p",
        "individuals=6",
        "--store",
        str(tmp_path / "none.sqlite"),
    ]
    for command in ("data", "run", "table", "claims", "export", "book"):
        assert main([command, str(ROOT / "params" / "smoke.yml"), *pairs]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and "exact copies of training images" in err
    assert not (tmp_path / "none.sqlite").exists()


def test_a_few_copies_are_a_warning_once_and_in_the_facts(tmp_path, capsys):
    draw = np.random.default_rng(4)
    images = draw.integers(0, 256, (2400, 8, 8), np.uint8)
    images[300:306] = images[:6]  # person 1 has six of person 0's samples, of the same classes
    labels, who = np.arange(2400) % 10, np.repeat(np.arange(6), 400)
    who[300:306] = 1
    cohort = Cohort(images, labels, who, np.arange(2400), source="people")
    settings = study_of(cohort, tmp_path, flips=False)
    data = Study(settings, tmp_path / "none.sqlite").data
    found = copies(data)
    assert 0 < (found["copies"] / found["inputs"]).max() <= 0.01
    Study(replace(settings, seed=0), tmp_path / "none.sqlite")
    message = capsys.readouterr().err
    count = found["copies"].sum()
    assert message.startswith(f"perso: {settings.dataset}: exact copies of training images (")
    assert f"): {count} of {found['inputs'].sum():,} test images; accuracies" in message
    assert message.count("\n") == 1 and message.endswith(" pp too high\n")
    assert f"copies    exact copies of training images: {count} test images" in facts(data)


def test_the_same_image_of_another_class_is_no_copy(tmp_path):
    copied = people(twice=60)
    labels = np.append(copied.labels[:360], (copied.labels[360:] + 1) % 10)
    data = prepare(study_of(replace(copied, labels=labels), tmp_path))
    assert copies(data)["copies"].sum() == 0 and "copies" not in facts(data)


@pytest.mark.parametrize("split", ["item", "image"])
def test_symmetric_images_are_no_copies_of_their_flips(tmp_path, split):
    one = people()
    quarter = one.inputs[:, :4, :4]
    half = np.concatenate([quarter, quarter[:, ::-1]], axis=1)
    whole = np.concatenate([half, half[:, :, ::-1]], axis=2)
    same(whole, whole[:, ::-1])
    data = prepare(study_of(replace(one, inputs=whole), tmp_path, split=split))
    assert copies(data)["copies"].sum() == 0


def test_copies_that_share_an_item_lie_on_one_side(tmp_path):
    copied = people(twice=60)
    settings = study_of(replace(copied, item=np.append(np.arange(360), np.arange(60))), tmp_path)
    assert copies(prepare(settings))["copies"].sum() == 0
    refuse_copies(prepare(settings))


# --- people and seeds


def test_more_individuals_leave_d_g_and_the_first_as_they_were(cases):
    few, many = (prepare(replace(cases["writers"], individuals=n)) for n in (4, 12))
    assert many.splits.individuals[:4] == few.splits.individuals
    assert many.content_of(many.splits.folds[0]) == few.content_of(few.splits.folds[0])
    assert items(many, many.splits.folds[0].global_train) == items(
        few, few.splits.folds[0].global_train
    )
    for person in few.splits.individuals:
        assert many.content[person] == few.content[person]
        assert items(many, many.splits.train[person]) == items(few, few.splits.train[person])


def test_the_cohorts_seed_chooses_people_and_the_seed_splits_them(cases):
    first, again, others, otherwise = (
        prepare(replace(cases["writers"], **change))
        for change in ({}, {}, {"cohort_seed": 1}, {"seed": 1})
    )
    assert first.splits.individuals == again.splits.individuals == otherwise.splits.individuals
    assert first.splits.individuals != others.splits.individuals
    for person in first.splits.individuals:
        same(first.splits.train[person], again.splits.train[person])
        assert items(first, first.splits.train[person]) != items(
            otherwise, otherwise.splits.train[person]
        )


def test_the_cohorts_of_two_seeds_share_nobody(cases):
    first, second = (
        set(prepare(replace(cases["writers"], cohort_seed=seed)).content) for seed in (0, 1)
    )
    assert len(first) == len(second) == 10 and not first & second
    message = refused(replace(cases["writers"], cohort_seed=2))
    needed = "cohort_seed: 2 needs 4 individuals and 6 global_people, but of the 20 people of file:"
    assert message.startswith(needed)
    assert message.endswith(", only 0 are in no cohort of a smaller seed")


def test_cohorts_are_those_of_as_many_seeds(cases):
    settings = replace(cases["writers"], individuals=3, global_people=2)
    together = prepare(replace(settings, cohort_seed=1, cohorts=2))
    alone = [prepare(replace(settings, cohort_seed=seed)) for seed in (1, 2)]
    assert len(together.splits.folds) == 2
    for fold, single in zip(together.splits.folds, alone, strict=True):
        (theirs,) = single.splits.folds
        assert fold.individuals == theirs.individuals
        assert fold.global_people == theirs.global_people
        assert together.content_of(fold) == single.content_of(theirs)
        same = (together.inputs[fold.global_train] == single.inputs[theirs.global_train]).all()
        assert same and fold.global_train.shape == theirs.global_train.shape


def test_too_many_cohorts_are_named(cases):
    settings = replace(cases["writers"], individuals=3, global_people=2, cohorts=9)
    assert refused(settings).startswith("cohorts: each of 9 needs 3 individuals and 2 global_peop")
    counts = cases["counts"]
    with pytest.raises(InputError, match=r"^cohorts: 2: people of class counts are drawn"):
        replace(counts, cohorts=2)


def test_a_repeat_rotates_the_individuals_splits_where_asked(cases):
    settings = replace(cases["writers"], individuals=3, global_people=2, repeats=2)
    fixed = prepare(settings)
    assert fixed.at(1) is fixed
    first = prepare(replace(settings, rotate=True))
    second = first.at(1)
    assert first.at(0) is first.at(2) is first and second.at(0).rotation == 0
    for person in first.splits.individuals:
        assert not np.intersect1d(first.splits.test[person], second.splits.test[person]).size
    (before,), (after,) = first.splits.folds, second.splits.folds
    np.testing.assert_array_equal(before.global_test, after.global_test)


def test_people_with_fewer_samples_are_not_chosen(cases):
    chosen = prepare(replace(cases["writers"], min_items=30))
    # exactly those there are
    assert part_sizes(chosen)["samples"].min() >= 30 and len(chosen.content) == 10
    assert "which has 9 people with at least 31 samples; possible: global_people: 5" in refused(
        replace(cases["writers"], min_items=31)
    )


# --- content


def content_with(cohort: cohort.Cohort, folder: Path) -> dict:
    """The people's hashes when the data are these."""
    return prepare(replace(QUICK, dataset=saved(cohort, folder / "it.npz"))).content


def test_a_pixel_changes_its_persons_hash_and_nobody_elses(tmp_path):
    source = prepare(QUICK).source
    before, images = content_with(source, tmp_path), source.inputs.copy()
    images[source.who == 5, 3, 3] ^= 1
    after = content_with(replace(source, inputs=images), tmp_path)
    assert [person for person in before if before[person] != after[person]] == [5]


def test_a_label_changes_its_persons_hash_and_nobody_elses(tmp_path):
    source = prepare(QUICK).source
    before, labels = content_with(source, tmp_path), source.labels.copy()
    labels[np.flatnonzero(source.who == 5)[0]] ^= 1
    after = content_with(replace(source, labels=labels), tmp_path)
    assert [person for person in before if before[person] != after[person]] == [5]


def test_d_gs_hash_is_of_its_people(tmp_path):
    source = prepare(QUICK).source
    changed = replace(
        source, inputs=source.inputs ^ (source.who == 5).astype(np.uint8)[:, None, None]
    )
    before, after = (
        prepare(QUICK),
        prepare(replace(QUICK, dataset=saved(changed, tmp_path / "it.npz"))),
    )
    kept = [before.content_of(fold) == after.content_of(fold) for fold in before.splits.folds]
    assert kept == [5 not in fold.global_people for fold in before.splits.folds] and sum(kept) == 1


@pytest.mark.parametrize("case", ["smoke", "quick", "writers", "unflipped", "sequences"])
def test_a_cohort_copied_to_another_machine_is_the_same_study(cases, case, tmp_path):
    here = prepare(cases[case])
    there = prepare(replace(cases[case], dataset=saved(here.source, tmp_path / "copied.npz")))
    assert there.content == here.content and there.classes == here.classes
    same(there.inputs, here.inputs)
    same(there.labels, here.labels)
    for mine, theirs in zip(here.splits.folds, there.splits.folds, strict=True):
        assert theirs.individuals == mine.individuals and theirs.global_people == mine.global_people
        same(theirs.global_train, mine.global_train)
        same(theirs.global_test, mine.global_test)
    for person in here.splits.train:
        same(there.splits.train[person], here.splits.train[person])


def test_only_the_chosen_people_are_in_a_saved_cohort(cases):
    here = prepare(cases["writers"])
    assert len(here.source.people) == 10 and len(writers().people) == 20
    assert set(here.source.people.tolist()) == {
        *here.splits.individuals,
        *here.splits.folds[0].global_people,
    }


def test_people_may_be_named_by_text(tmp_path):
    cohort = writers([f"writer {letter}" for letter in "abcdefghijklmnopqrst"])
    settings = overlay(
        {"dataset": saved(cohort, tmp_path / "it.npz"), "individuals": 3, "global_people": 3}
    )
    here = prepare(settings)
    assert all(person.startswith("writer ") for person in here.content)
    there = prepare(replace(settings, dataset=saved(here.source, tmp_path / "copied.npz")))
    assert there.content == here.content


def test_minus_1_is_nobody_but_in_a_file_of_class_counts(tmp_path, cases):
    cohort = writers()
    # as pandas.factorize codes it
    unknown = replace(cohort, who=np.where(cohort.who < 903, -1, cohort.who))
    message = refused(replace(cases["writers"], dataset=saved(unknown, tmp_path / "it.npz")))
    assert (
        message.startswith("dataset: ")
        and f"array 'who' has -1 for {20 + 21 + 22} samples" in message
    )
    assert "leave these samples out or give them an id" in message


# --- class counts


def test_class_counts_make_people_of_200_and_three_times_33(cases):
    made = prepare(cases["counts"])
    assert made.splits.individuals == (0, 1, 2, 3)
    for person in made.splits.individuals:
        counts = np.bincount(made.source.labels[made.source.who == person], minlength=10)
        assert sorted(counts.tolist()) == [0] * 6 + [33] * 3 + [200]


def test_class_counts_d_g_is_a_pool_of_what_nobody_has(cases):
    made = prepare(cases["counts"])
    [fold] = made.splits.folds
    assert len(fold.global_people) == 1
    assert len(items(made, np.concatenate([fold.global_train, fold.global_test]))) == 2000
    assert len(fold.global_train) == 3 * 1400


def test_further_class_count_people_leave_the_first_as_they_were(cases):
    few, many = (prepare(replace(cases["counts"], individuals=n)) for n in (4, 6))
    assert [few.content[person] for person in range(4)] == [
        many.content[person] for person in range(4)
    ]


# --- what does not fit


@pytest.mark.parametrize(
    ("change", "possible"),
    [
        ({"individuals": 15, "exchange": True}, "individuals: 14"),
        ({"individuals": 5, "global_people": 10}, "global_people: 9"),
        ({"individuals": 14, "global_people": 1}, "individuals: 13 with global_people: 1"),
        ({"individuals": 100, "global_people": 100}, "individuals: 13 with global_people: 1"),
    ],
)
def test_the_message_for_too_many_people_says_what_is_possible(change, possible):
    settings = replace(SMOKE, **{"exchange": False, **change})
    message = refused(settings)
    assert message.startswith("individuals: ") and "which has 14 people" in message
    assert message.endswith(f"; possible: {possible}")
    prepare(replace(settings, **yaml.safe_load(f"{{{possible.replace(' with', ',')}}}")))


def test_the_message_for_a_data_set_of_nobody_says_how_to_make_people(cases):
    settings = replace(cases["counts"], variation="hidden-factors", global_people=1)
    message = refused(settings)
    assert message.endswith("which has 1 person; variation: class-counts makes people")
    prepare(replace(settings, variation="class-counts"))


def test_a_person_of_one_sample_is_named_with_the_cure(tmp_path):
    source = writers()
    lonely = np.append(np.flatnonzero(source.who != 907), np.flatnonzero(source.who == 907)[0])
    arrays = (array[lonely] for array in (source.inputs, source.labels, source.who, source.item))
    settings = replace(
        Settings(),
        dataset=saved(cohort.Cohort(*arrays), tmp_path / "it.npz"),
        individuals=10,
        exchange=True,
    )
    message = refused(replace(settings, individuals=20))
    assert message.startswith("dataset: ") and "person 907: 1 item cannot be split" in message
    assert message.endswith("min_items: 2 leaves such people out")
    assert 907 not in prepare(replace(settings, individuals=19, min_items=2)).splits.individuals


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_size": 16}, "image_size: 16 cannot be made of 8 × 8 images; possible: 8"),
        ({"individuals": 40}, "individuals: 40 are too many for "),
        (
            {"global_items": 7000},
            f"global_items: 7000 are too many; possible: up to {7000 - 4 * 299}",
        ),
        (
            {"exchange": True},
            "exchange: true and folds have no meaning with variation: class-counts; set "
            "exchange: false, folds: 0",
        ),
        (
            {"dataset": "digits"},
            "individuals: 4 are too many for digits: a person needs 200 samples of class ",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_its_key(cases, change, message):
    assert refused(replace(cases["counts"], **change)).startswith(message)


def test_the_largest_possible_pool_is_possible(cases):
    made = prepare(replace(cases["counts"], global_items=7000 - 4 * 299))
    assert len(made.source.labels) == 7000


@pytest.mark.parametrize(
    "inputs",
    [np.full((2000, 8, 8), 255, np.uint8), np.arange(12000, dtype=np.float32).reshape(2000, 3, 2)],
    ids=["images", "sequences"],
)
def test_people_made_by_class_counts_can_be_saved(tmp_path, inputs):
    """A file of class-count people is used as it was drawn, not drawn from again."""
    each = np.arange(2000)
    garments = cohort.Cohort(inputs, each % 4, 0 * each, each, source="made up")
    cohort.save(garments, tmp_path / "garments.npz")
    wanted = {
        "variation": "class-counts",
        "individuals": 2,
        "global_items": 800,
        "image_size": 8,
        "flips": False,
    }
    first = prepare(Settings(dataset=f"file:{tmp_path / 'garments.npz'}", **wanted))
    cohort.save(first.source, tmp_path / "copied.npz")
    copied = Settings(dataset=f"file:{tmp_path / 'copied.npz'}", **wanted)
    assert prepare(copied).content == first.content
    same(prepare(copied).inputs, first.inputs)
    assert "which was drawn for 2; possible: 2" in refused(replace(copied, individuals=3))


def test_what_people_leave_is_d_g_where_no_number_is_given(cases):
    settings = cases["counts"]
    made = prepare(replace(settings, global_items=0, main_items=50, side_items=9))
    assert len(made.source.labels) == 7000  # all of them
    for person in made.splits.individuals:
        counts = np.bincount(made.source.labels[made.source.who == person])
        assert sorted(counts[counts > 0]) == [9, 9, 9, 50]


def test_a_split_by_image_is_another_split_of_the_same_people():
    by_item, by_image = prepare(SMOKE), prepare(replace(SMOKE, split="image"))
    assert by_item.content == by_image.content and leaks(by_image)["samples on both sides"] > 0
    for person, train in by_item.splits.train.items():
        assert sorted(train) != sorted(by_image.splits.train[person])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"exchange": False, "global_people": 3, "individuals": 4, "outside_people": 2},
        {"variation": "class-counts", "individuals": 3, "exchange": False},
        {"planted": "prior"},
        {"context": "shear:15"},
    ],
)
def test_preparing_reads_only_the_settings_that_same_data_compares(changes):
    settings = replace(read_params(ROOT / "params" / "smoke.yml"), **changes)
    read = set()

    class Watched(Settings):
        def __getattribute__(self, name):
            if name in TYPES:
                read.add(name)
            return super().__getattribute__(name)

    watched = object.__new__(Watched)
    watched.__dict__.update(vars(settings))
    prepare(watched)
    # `StudyData.at` reads the setting `rotate` anew for every repeat
    assert read <= {*OF_DATA, "rotate", "repeats"}
    assert {"dataset", "individuals", "flips", "image_size", "seed"} <= read
