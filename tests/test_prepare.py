"""Data made ready: who is in it, that nothing leaks, and that it is the same on another machine."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from perso import data
from perso.prepare import Prepared, facts, leaks, prepare, sizes
from perso.settings import ROOT, InputError, Settings, overlay, read

same = np.testing.assert_array_equal
SMOKE, QUICK = (read(ROOT / "params" / name) for name in ("smoke.yml", "quick.yml"))


def refused(settings: Settings) -> str:
    """The one line with which settings that do not fit their data are refused."""
    with pytest.raises(InputError) as caught:
        prepare(settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def items(prepared: Prepared, index: np.ndarray) -> set:
    """The original samples behind images."""
    return set(prepared.source.item[index % len(prepared.source.item)].tolist())


def saved(cohort: data.Cohort, path: Path) -> str:
    """A cohort as a file; its name as a data set."""
    data.save(cohort, path)
    return f"file:{path}"


def writers(names=range(900, 920), side: int = 28) -> data.Cohort:
    """Stands for QMNIST: writers of 20, 21, … digits, all ten classes, and their series; mixed together."""
    draw = np.random.default_rng(1)
    who = draw.permutation(np.repeat(list(names), np.arange(20, 20 + len(names))))
    images = draw.integers(0, 256, (len(who), side, side), np.uint8)
    arrays = images, np.arange(len(who)) % 10, who, np.arange(len(who))
    return data.Cohort(*arrays, {"hsf": np.where(draw.random(len(who)) < 0.5, 0, 4)}, "writers")


def garments() -> data.Cohort:
    """Stands for Fashion-MNIST: 700 of each class, nobody's."""
    images = np.random.default_rng(2).integers(0, 256, (7000, 8, 8), np.uint8)
    nobody = np.zeros(7000, int)
    return data.Cohort(images, np.arange(7000) % 10, nobody, np.arange(7000), {}, "garments")


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> dict[str, Settings]:
    """Ways to lay out people: exchanged halves, a pool of others, a pool of samples; flips or none."""
    folder = tmp_path_factory.mktemp("data")
    many = replace(Settings(), dataset=saved(writers(), folder / "w.npz"), individuals=4, global_people=6)
    counts = replace(many, dataset=saved(garments(), folder / "g.npz"), image_size=8)
    return {
        "smoke": SMOKE,
        "quick": QUICK,
        "writers": many,
        "unflipped": replace(many, flips=False),
        "counts": replace(counts, variation="class-counts", global_items=2000),
    }


@pytest.fixture(params=["smoke", "quick", "writers", "unflipped", "counts"])
def prepared(cases, request) -> Prepared:
    return prepare(cases[request.param])


# --- facts


def test_digits_are_14_people_and_5391_images_of_30_classes():
    table, text = sizes(prepare(QUICK)), facts(prepare(QUICK))
    assert "1,797 samples of 14 people" in text and "5,391 of 8 × 8 pixels, 30 classes" in text
    assert len(table) == 14 and table["samples"].sum() == 1797
    assert table.groupby("fold")["D_I train"].sum().tolist() == [1890, 1884]
    assert table.groupby("fold")["D_I test"].sum().tolist() == [807, 810]
    assert table.groupby("fold")["D_G train"].unique().tolist() == [[1884], [1890]]  # the other half's


def test_smoke_is_four_people_of_them():
    table = sizes(prepare(SMOKE))
    assert len(table) == 4 and set(table["D_G people"]) == {2}
    assert set(table["person"]) <= set(sizes(prepare(QUICK))["person"])


def test_facts_tell_what_sizes_tell(prepared):
    table, text = sizes(prepared), facts(prepared)
    assert table["person"].tolist() == [str(person) for person in prepared.parts.individuals]
    assert f"S         {len(table)} individuals" in text and f"{len(prepared.images):,} of" in text
    for _, row in table.iterrows():
        assert f"D_G of {row['D_G people']} people, train {row['D_G train']:,}, " in text
        assert f"test {row['D_G test']:,}" in text


# --- images


def test_flips_are_further_images_and_classes(prepared):
    count = len(prepared.source.labels)
    whole, classes = (3, 30) if prepared.settings.flips else (1, 10)
    assert prepared.images.shape == (whole * count, *[prepared.settings.image_size] * 2)
    assert prepared.classes == classes and set(prepared.labels.tolist()) == set(range(classes))
    same(prepared.labels % 10, np.tile(prepared.source.labels, whole))
    for number, turned in enumerate((np.s_[:], np.s_[:, :, ::-1], np.s_[:, ::-1])[:whole]):
        same(prepared.images[number * count :][:count], prepared.images[:count][turned])


def test_digits_stay_as_they_are_and_writers_get_a_margin(cases):
    small, large = prepare(SMOKE), prepare(cases["writers"])
    same(small.images[: len(small.source.images)], small.source.images)
    same(large.images[: len(large.source.images), 2:30, 2:30], large.source.images)


# --- no leaks


def test_nobodys_test_item_is_in_any_training_part_of_its_fold(prepared):
    split = prepared.parts
    for fold in split.folds:
        trained = [fold.global_train, *(split.train[person] for person in fold.individuals)]
        tested = [fold.global_test, *(split.test[person] for person in fold.individuals)]
        trained, tested = (items(prepared, np.concatenate(each)) for each in (trained, tested))
        assert trained and tested and not trained & tested


def test_flips_of_a_digit_lie_on_one_side(prepared):
    copies = 3 if prepared.settings.flips else 1
    for side in (prepared.parts.train, prepared.parts.test):
        for index in side.values():
            assert len(index) == copies * len(items(prepared, index)) == len(set(index.tolist()))


def test_every_image_is_on_one_side_of_one_person(prepared):
    split = prepared.parts
    every = np.concatenate([*split.train.values(), *split.test.values()])
    same(np.sort(every), np.arange(len(prepared.images)))
    for person, index in (*split.train.items(), *split.test.items()):
        assert set(prepared.source.who[index % len(prepared.source.who)].tolist()) == {person}


def test_d_g_holds_no_individual_of_its_fold(prepared):
    for fold in prepared.parts.folds:
        assert not set(fold.individuals) & set(fold.global_people)
        parts = prepared.parts.train, prepared.parts.test
        for whole, side in zip((fold.global_train, fold.global_test), parts, strict=True):
            same(whole, np.concatenate([side[person] for person in fold.global_people]))


def test_leaks_are_counted():
    clean = prepare(SMOKE)
    assert set(leaks(clean).values()) == {0}
    one, other = clean.parts.individuals[:2]
    torn = {**clean.parts.test, one: np.append(clean.parts.test[one], clean.parts.train[one][:2])}
    folds = tuple(replace(fold, global_people=(other, *fold.global_people)) for fold in clean.parts.folds)
    leaky = replace(clean, parts=replace(clean.parts, test=torn, folds=folds))
    assert leaks(leaky) == {"samples on both sides": 2, "individuals in their own D_G": 1}


# --- people and seeds


def test_more_individuals_leave_d_g_and_the_first_as_they_were(cases):
    few, many = (prepare(replace(cases["writers"], individuals=n)) for n in (4, 12))
    assert many.parts.individuals[:4] == few.parts.individuals
    assert many.content_of(many.parts.folds[0]) == few.content_of(few.parts.folds[0])
    assert items(many, many.parts.folds[0].global_train) == items(few, few.parts.folds[0].global_train)
    for person in few.parts.individuals:
        assert many.content[person] == few.content[person]
        assert items(many, many.parts.train[person]) == items(few, few.parts.train[person])


def test_the_cohorts_seed_chooses_people_and_the_seed_splits_them(cases):
    first, again, others, otherwise = (
        prepare(replace(cases["writers"], **change)) for change in ({}, {}, {"cohort_seed": 1}, {"seed": 1})
    )
    assert first.parts.individuals == again.parts.individuals == otherwise.parts.individuals
    assert first.parts.individuals != others.parts.individuals
    for person in first.parts.individuals:
        same(first.parts.train[person], again.parts.train[person])
        assert items(first, first.parts.train[person]) != items(otherwise, otherwise.parts.train[person])


def test_the_cohorts_of_two_seeds_share_nobody(cases):
    first, second = (set(prepare(replace(cases["writers"], cohort_seed=seed)).content) for seed in (0, 1))
    assert len(first) == len(second) == 10 and not first & second
    said = refused(replace(cases["writers"], cohort_seed=2))
    assert "cohort_seed: 2 finds too few people, 4 individuals and 6 global_people are wanted; of the 20 people" in said
    assert said.endswith(" 0 are in no cohort before 2")


def test_people_with_fewer_samples_are_not_chosen(cases):
    chosen = prepare(replace(cases["writers"], min_items=30))
    assert sizes(chosen)["samples"].min() >= 30 and len(chosen.content) == 10  # exactly those there are
    assert "which has 9 people with at least 31 samples; possible: global_people: 5" in refused(
        replace(cases["writers"], min_items=31)
    )


# --- content


def content_with(cohort: data.Cohort, folder: Path) -> dict:
    """The people's hashes when the data are these."""
    return prepare(replace(QUICK, dataset=saved(cohort, folder / "it.npz"))).content


def test_a_pixel_changes_its_persons_hash_and_nobody_elses(tmp_path):
    source = prepare(QUICK).source
    before, images = content_with(source, tmp_path), source.images.copy()
    images[source.who == 5, 3, 3] ^= 1
    after = content_with(replace(source, images=images), tmp_path)
    assert [person for person in before if before[person] != after[person]] == [5]


def test_a_label_changes_its_persons_hash_and_nobody_elses(tmp_path):
    source = prepare(QUICK).source
    before, labels = content_with(source, tmp_path), source.labels.copy()
    labels[np.flatnonzero(source.who == 5)[0]] ^= 1
    after = content_with(replace(source, labels=labels), tmp_path)
    assert [person for person in before if before[person] != after[person]] == [5]


def test_d_gs_hash_is_of_its_people(tmp_path):
    source = prepare(QUICK).source
    changed = replace(source, images=source.images ^ (source.who == 5).astype(np.uint8)[:, None, None])
    before, after = prepare(QUICK), prepare(replace(QUICK, dataset=saved(changed, tmp_path / "it.npz")))
    kept = [before.content_of(fold) == after.content_of(fold) for fold in before.parts.folds]
    assert kept == [5 not in fold.global_people for fold in before.parts.folds] and sum(kept) == 1


@pytest.mark.parametrize("case", ["smoke", "quick", "writers", "unflipped"])
def test_what_is_carried_to_another_machine_is_the_same_study(cases, case, tmp_path):
    here = prepare(cases[case])
    there = prepare(replace(cases[case], dataset=saved(here.source, tmp_path / "carried.npz")))
    assert there.content == here.content and there.classes == here.classes
    same(there.images, here.images)
    same(there.labels, here.labels)
    for mine, theirs in zip(here.parts.folds, there.parts.folds, strict=True):
        assert theirs.individuals == mine.individuals and theirs.global_people == mine.global_people
        same(theirs.global_train, mine.global_train)
        same(theirs.global_test, mine.global_test)
    for person in here.parts.train:
        same(there.parts.train[person], here.parts.train[person])


def test_only_the_chosen_are_carried(cases):
    here = prepare(cases["writers"])
    assert len(here.source.people) == 10 and len(writers().people) == 20
    assert set(here.source.people.tolist()) == {*here.parts.individuals, *here.parts.folds[0].global_people}


def test_people_may_be_named_by_text(tmp_path):
    cohort = writers([f"writer {letter}" for letter in "abcdefghijklmnopqrst"])
    settings = overlay({"dataset": saved(cohort, tmp_path / "it.npz"), "individuals": 3, "global_people": 3})
    here = prepare(settings)
    assert all(person.startswith("writer ") for person in here.content)
    there = prepare(replace(settings, dataset=saved(here.source, tmp_path / "carried.npz")))
    assert there.content == here.content


# --- class counts


def test_class_counts_make_people_of_200_and_three_times_33(cases):
    made = prepare(cases["counts"])
    assert made.parts.individuals == (0, 1, 2, 3)
    for person in made.parts.individuals:
        counts = np.bincount(made.source.labels[made.source.who == person], minlength=10)
        assert sorted(counts.tolist()) == [0] * 6 + [33] * 3 + [200]


def test_class_counts_d_g_is_a_pool_of_what_nobody_has(cases):
    made = prepare(cases["counts"])
    [fold] = made.parts.folds
    assert len(fold.global_people) == 1
    assert len(items(made, np.concatenate([fold.global_train, fold.global_test]))) == 2000
    assert len(fold.global_train) == 3 * 1400


def test_further_class_count_people_leave_the_first_as_they_were(cases):
    few, many = (prepare(replace(cases["counts"], individuals=n)) for n in (4, 6))
    assert [few.content[person] for person in range(4)] == [many.content[person] for person in range(4)]


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
def test_too_many_people_are_told_how_many_there_are_and_that_is_possible(change, possible):
    settings = replace(SMOKE, **{"exchange": False, **change})
    told = refused(settings)
    assert told.startswith("individuals: ") and "which has 14 people" in told
    assert told.endswith(f"; possible: {possible}")
    prepare(replace(settings, **yaml.safe_load(f"{{{possible.replace(' with', ',')}}}")))


def test_a_data_set_of_nobody_is_told_how_to_make_people(cases):
    settings = replace(cases["counts"], variation="hidden-factors", global_people=1)
    told = refused(settings)
    assert "which has 1 people" in told and told.endswith("people can be made by variation: class-counts")
    prepare(replace(settings, variation="class-counts"))


def test_a_person_of_one_sample_is_named_with_the_cure(tmp_path):
    source = writers()
    lonely = np.append(np.flatnonzero(source.who != 907), np.flatnonzero(source.who == 907)[0])
    arrays = (array[lonely] for array in (source.images, source.labels, source.who, source.item))
    settings = replace(
        Settings(), dataset=saved(data.Cohort(*arrays), tmp_path / "it.npz"), individuals=10, exchange=True
    )
    told = refused(replace(settings, individuals=20))
    assert told.startswith("dataset: ") and "person 907: 1 sample cannot be split" in told
    assert told.endswith("min_items: 2 leaves such people out")
    assert 907 not in prepare(replace(settings, individuals=19, min_items=2)).parts.individuals


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"image_size": 16}, "image_size: 16 cannot be made of 8 × 8 images; possible: 8"),
        ({"individuals": 40}, "individuals: 40 are too many for "),
        ({"global_items": 7000}, f"global_items: 7000 are too many; possible: up to {7000 - 4 * 299}"),
        ({"exchange": True}, "exchange: true has no meaning with variation: class-counts; leave it false"),
        ({"dataset": "digits"}, "individuals: 4 are too many for digits: of class "),  # no class has 200
    ],
)
def test_what_does_not_fit_is_named_with_its_key(cases, change, told):
    assert refused(replace(cases["counts"], **change)).startswith(told)


def test_the_largest_possible_pool_is_possible(cases):
    made = prepare(replace(cases["counts"], global_items=7000 - 4 * 299))
    assert len(made.source.labels) == 7000


def test_people_made_by_class_counts_can_be_carried(tmp_path):
    """A prepared file of class-count people is taken as it was drawn, not drawn from again."""
    each = np.arange(2000)
    garments = data.Cohort(np.zeros((2000, 8, 8), np.uint8), each % 4, 0 * each, each, source="made up")
    data.save(garments, tmp_path / "garments.npz")
    wanted = {"variation": "class-counts", "individuals": 2, "global_items": 800, "image_size": 8, "flips": False}
    first = prepare(Settings(dataset=f"file:{tmp_path / 'garments.npz'}", **wanted))
    data.save(first.source, tmp_path / "carried.npz")
    carried = Settings(dataset=f"file:{tmp_path / 'carried.npz'}", **wanted)
    assert prepare(carried).content == first.content
    assert "individuals: 3 wanted, the file was drawn for 2" in refused(replace(carried, individuals=3))


def test_what_people_leave_is_d_g_where_no_number_is_given(cases):
    counts = cases["counts"]
    made = prepare(replace(counts, global_items=0, main_items=50, side_items=9))
    assert len(made.source.labels) == 7000  # all of them
    for person in made.parts.individuals:
        of_hers = np.bincount(made.source.labels[made.source.who == person])
        assert sorted(of_hers[of_hers > 0]) == [9, 9, 9, 50]


def test_a_split_by_image_is_another_split_of_the_same_people():
    by_item, by_image = prepare(SMOKE), prepare(replace(SMOKE, split="image"))
    assert by_item.content == by_image.content and leaks(by_image)["samples on both sides"] > 0
    for person, train in by_item.parts.train.items():
        assert sorted(train) != sorted(by_image.parts.train[person])
