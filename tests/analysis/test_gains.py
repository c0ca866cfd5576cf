"""Where personalization helps: gains by class and by training size."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from perso.analysis import gains, similarity
from perso.data.cohort import Cohort
from perso.data.dataset import StudyData
from perso.data.images import flipped
from perso.data.splits import Fold, Splits
from perso.methods.method import BASELINE
from perso.settings import Settings
from perso.stats import paired
from perso.store.sqlite import packed
from perso.study.study import Study

SW = "SW-n-2"
PEOPLE = ("ann", "bob", "eve")
LABELS = np.array([0, 1, 2, 0, 0, 1, 0, 1])  # ann has all three classes, bob no 2, eve no 2
WHO = np.array(["ann", "ann", "ann", "bob", "bob", "bob", "eve", "eve"])


def rng():
    return np.random.default_rng(0)


def study(flips: bool = True) -> Study:
    """Three people, each of whose images are all to be tested; a study that never trains."""
    images = np.zeros((8, 2, 2), np.uint8)
    source = Cohort(images, LABELS, WHO, np.arange(8), source="eight of three")
    orientations = 3 if flips else 1
    own = {
        who: (np.flatnonzero(who == WHO) + 8 * np.arange(orientations)[:, None]).ravel()
        for who in PEOPLE
    }
    fold = Fold(PEOPLE, (), np.array([0]), np.array([0]))
    both = flipped(images, LABELS, 3) if flips else (images, LABELS)
    found = Study.__new__(Study)
    found.data = StudyData(
        Settings(flips=flips), source, *both, 3 * orientations, Splits(own, own, (fold,), own), {}
    )
    return found


def rows(one: Study, right: dict[str, list], people=PEOPLE) -> pd.DataFrame:
    """Rows of methods; `right` has a rule (labels of test images → bool) per method and repeat."""
    lines = []
    for name, rules in right.items():
        for person in people:
            labels = one.data.labels[one.data.splits.test[person]]
            for repeat, rule in enumerate(rules):
                hits = np.broadcast_to(rule(labels), len(labels))
                lines.append((name, person, repeat, hits.mean(), 0.5, packed(hits), len(hits)))
    return pd.DataFrame(
        lines, columns=["method", "person", "repeat", "acc_I", "acc_G", "hits_I", "n_I"]
    )


def nothing(labels):
    return labels < 0


def every(labels):
    return labels >= 0


def zeros(labels):
    return labels % 3 == 0


# --- by class


def test_classes_have_their_names():
    one = study()
    named = replace(one.data.source, class_names=("cat", "dog", "emu"))
    one.data = replace(one.data, source=named)
    table = gains.by_class(one, rows(one, {BASELINE: [nothing], SW: [zeros]}), SW)
    assert list(gains.classes_alone(table).index) == ["cat", "dog", "emu"]


def test_a_class_with_the_name_of_an_orientation_is_not_taken_for_one():
    one = study()
    names = ("mirrored", "dog", "class mirrored")
    one.data = replace(one.data, source=replace(one.data.source, class_names=names))
    table = gains.by_class(one, rows(one, {BASELINE: [nothing], SW: [zeros]}), SW)
    classes = [f"class {name}" for name in names]
    assert table.index.tolist() == [*classes, *gains.ORIENTATIONS]
    assert table["change"].iloc[:3].tolist() == [1, 0, 0]
    assert gains.classes_alone(table).index.tolist() == classes
    alone = gains.class_gains(one, rows(one, {BASELINE: [nothing], SW: [zeros]}), SW)
    assert alone.columns.tolist() == classes


def test_a_gain_on_one_class_is_seen_there_and_in_its_flips_only():
    table = gains.by_class(study(), rows(study(), {BASELINE: [nothing], SW: [zeros]}), SW)
    assert table.index.tolist() == ["0", "1", "2", *gains.ORIENTATIONS]
    assert table["change"].iloc[:3].tolist() == [1, 0, 0] and table["n"].iloc[:3].tolist() == [
        3,
        3,
        1,
    ]
    assert table.loc[list(gains.ORIENTATIONS), "change"].to_numpy() == pytest.approx(
        (1 / 3 + 2 / 3 + 1 / 2) / 3
    )
    assert (table["base"] == 0).all()


def test_orientations_are_distinguished():
    table = gains.by_class(
        study(), rows(study(), {BASELINE: [nothing], SW: [lambda labels: labels // 3 == 1]}), SW
    )
    assert table.loc[list(gains.ORIENTATIONS), "change"].tolist() == [0, 1, 0]
    assert table["change"].iloc[:3].to_numpy() == pytest.approx(1 / 3)


def test_without_flips_there_are_no_orientations():
    one = study(flips=False)
    assert gains.by_class(
        one, rows(one, {BASELINE: [nothing], SW: [zeros]}), SW
    ).index.tolist() == ["0", "1", "2"]


def test_repeats_are_averaged_before_people_also_where_their_numbers_differ():
    table = gains.by_class(
        study(), rows(study(), {BASELINE: [nothing, every], SW: [zeros, zeros, nothing, zeros]}), SW
    )
    assert table["change"].iloc[:3].tolist() == [0.25, -0.5, -0.5] and table.loc["0", "n"] == 3
    assert table["base"].tolist() == [0.5] * 6


def test_one_person_has_a_gain_and_no_interval_and_a_missing_row_does_not_count():
    one = rows(study(), {BASELINE: [nothing], SW: [zeros]})
    table = gains.by_class(study(), one[(one["method"] == BASELINE) | (one["person"] == "bob")], SW)
    assert (
        table.loc["0", "n"] == 1
        and table.loc["0", "change"] == 1
        and np.isnan(table.loc["0", "low"])
    )
    assert table.loc["2", "n"] == 0 and np.isnan(table.loc["2", "change"])


def test_the_gain_agrees_with_that_on_chosen_classes():
    seen = rows(study(), {BASELINE: [lambda labels: labels % 2 == 0], SW: [every, zeros]})
    contrast = similarity.gain_on_classes(study(), seen, SW, (1,))["these"]
    assert gains.by_class(study(), seen, SW).loc["1", "change"] == pytest.approx(contrast.mean())


def test_p_is_corrected_over_classes_and_over_orientations(monkeypatch):
    families = []
    monkeypatch.setattr(paired, "holm", lambda p: families.append(len(p)) or p)
    gains.by_class(study(), rows(study(), {BASELINE: [nothing], SW: [zeros]}), SW)
    assert families == [3, 3]


def test_the_errors_that_are_removed_are_a_share_of_the_bases():
    seen = rows(study(), {BASELINE: [zeros, nothing], SW: [zeros]})
    table = gains.by_class(study(), seen, SW)
    assert table.loc["0", ["base", "change", "removed"]].tolist() == [0.5, 0.5, 1]
    assert table.loc["1", "removed"] == 0
    faultless = gains.by_class(study(), rows(study(), {BASELINE: [every], SW: [zeros]}), SW)
    assert faultless["removed"].isna().all()


def test_orientations_can_be_left_out():
    table = gains.by_class(study(), rows(study(), {BASELINE: [nothing], SW: [zeros]}), SW)
    assert gains.classes_alone(table).index.tolist() == ["0", "1", "2"]
    assert gains.classes_alone(gains.classes_alone(table)).equals(gains.classes_alone(table))


def test_gains_by_person_are_of_classes_alone():
    table = gains.class_gains(study(), rows(study(), {BASELINE: [nothing], SW: [zeros]}), SW)
    assert table.loc["ann"].tolist() == [1, 0, 0] and table.loc["bob"].tolist()[:2] == [1, 0]
    assert np.isnan(table.loc["bob", "2"]) and list(table.columns) == ["0", "1", "2"]


def test_only_the_ten_digits_and_their_flips_have_symmetric_digits():
    one = study()
    one.settings = one.data.settings
    assert not gains.has_flipped_digits(one)
    one.data = replace(one.data, source=replace(one.data.source, source="qmnist"))
    assert gains.has_flipped_digits(one)
    one.settings = Settings(flips=False)
    assert not gains.has_flipped_digits(one)


# --- do classes differ


def test_equal_gains_of_all_people_differ_by_class_alone():
    found = gains.share_by_class(
        np.tile([0.0, 0.1, 0.2, 0.3], (8, 1)) + np.arange(8)[:, None], rng()
    )
    assert found.share == pytest.approx(1) and found.p == 1 / 2000
    assert found.chance == pytest.approx(
        1 / 8, abs=0.02
    )  # 1 / people: their orders are independent


def test_it_rejects_as_often_as_it_should_where_classes_do_not_differ():
    draw = rng()
    p = [
        gains.share_by_class(draw.normal(size=(10, 5)) + draw.normal(size=(10, 1)), draw, 99).p
        for _ in range(300)
    ]
    assert 0.02 < np.mean(np.array(p) <= 0.05) < 0.09


def test_people_without_a_class_are_left_out_and_one_person_is_too_few():
    three = np.array([[0.1, 0.2, 0.4], [0.2, 0.1, 0.5], [np.nan, 9, 0]])
    assert gains.share_by_class(three, rng()) == gains.share_by_class(three[:2], rng())
    for nobody in (three[:1], np.full((4, 3), 0.1), np.full((2, 3), np.nan)):
        assert np.isnan(gains.share_by_class(nobody, rng()).p)


def test_shares_of_several_methods_are_a_line_each():
    seen = rows(study(flips=False), {BASELINE: [nothing], SW: [zeros], "other": [nothing]})
    table = gains.class_shares(study(flips=False), seen, {SW: rng(), "other": rng()})
    assert list(table.columns) == ["share", "expected", "p"] and table.index.tolist() == [
        SW,
        "other",
    ]
    assert table.isna().all(axis=None)  # one person alone has all three classes


# --- by size


def test_size_is_the_number_of_training_images_and_people_without_a_row_are_left_out():
    seen = rows(study(), {BASELINE: [nothing], SW: [zeros]})
    table = gains.by_size(
        study(), seen[(seen["method"] == BASELINE) | (seen["person"] != "eve")], SW
    )
    assert table.index.tolist() == ["ann", "bob"] and table["images"].tolist() == [9, 9]
    assert table["gain"].to_numpy() == pytest.approx([1 / 3, 2 / 3])


def test_sizes_are_of_every_individual_and_may_be_too_similar():
    sizes = gains.training_sizes(study())
    assert sizes.to_dict() == {"ann": 9, "bob": 9, "eve": 6}
    assert not gains.sizes_too_similar(sizes)  # 9 is 1.5 times 6
    assert gains.sizes_too_similar(sizes.drop("eve"))


def sized(size, gain):
    return pd.DataFrame({"images": size, "gain": gain})


def test_a_straight_line_has_its_slope_for_100_images():
    found = gains.slope(sized([100, 200, 300, 400, 500, 600], 0.05 - 0.02 * np.arange(6)), rng())
    assert list(found.values()) == pytest.approx([-1, -1, -1, -0.02, -0.02, -0.02])


def test_the_intervals_contain_the_true_slope_at_their_nominal_level():
    draw, held = rng(), []
    for _ in range(200):
        size = draw.integers(100, 600, 25)
        found = gains.slope(
            sized(size, 0.03 * size / 100 + draw.normal(size=25) * size / 4000), draw, 50
        )
        held.append(found["per_low"] <= 0.03 <= found["per_high"])
    assert 0.9 < np.mean(held) < 0.99


def test_hc3_by_hand():
    """Errors of the slope: Σ (x - x̄)² e² / (1 - h)² / Sxx² (MacKinnon & White 1985)."""
    size, gain = np.array([1.0, 2, 3, 4, 6]), np.array([0.1, 0.0, 0.3, 0.2, 0.5])
    centred = size - size.mean()
    least = centred @ gain / (centred @ centred)
    e, h = gain - gain.mean() - least * centred, 1 / 5 + centred**2 / (centred @ centred)
    reach = (
        scipy.stats.t.ppf(0.975, 3)
        * np.sqrt((centred**2 * e**2 / (1 - h) ** 2).sum())
        / (centred @ centred)
    )
    found = gains.slope(sized(100 * size, gain), rng(), 10)
    assert list(found.values())[3:] == pytest.approx([least, least - reach, least + reach])


@pytest.mark.parametrize(
    ("size", "gain", "known"),
    [
        ([], [], set()),
        ([200], [0.1], set()),
        ([200, 200, 200], [0.1, 0.2, 0.3], set()),
        ([200, 210, 220], [0.1, 0.3, 0.2], {"rho", "per_100"}),
        ([200, 210, 220, 230, 240], [0.1] * 5, {"per_100"}),
        (
            [200, 200, 200, 200, 200, 300],
            [0.1, 0.3, 0.2, 0.2, 0.1, 0.4],
            {"rho", "low", "high", "per_100"},
        ),
    ],
    ids=["nobody", "one", "same size", "three", "same gain", "one makes the slope"],
)
def test_what_cannot_be_computed_is_nan_and_nothing_warns(size, gain, known, recwarn):
    found = gains.slope(sized(np.array(size, int), np.array(gain, float)), rng())
    assert {
        name for name, value in found.items() if not np.isnan(value)
    } == known and not recwarn.list
