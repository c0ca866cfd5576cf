"""Where personalization helps: gains by class and size, the front and its prices."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from perso.analysis import gains, similarity, tradeoff
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
    source, turns = (
        Cohort(images, LABELS, WHO, np.arange(8), source="eight of three"),
        3 if flips else 1,
    )
    own = {
        who: (np.flatnonzero(who == WHO) + 8 * np.arange(turns)[:, None]).ravel() for who in PEOPLE
    }
    fold = Fold(PEOPLE, (), np.array([0]), np.array([0]))
    both = flipped(images, LABELS, 3) if flips else (images, LABELS)
    found = Study.__new__(Study)
    found.data = StudyData(
        Settings(flips=flips), source, *both, 3 * turns, Splits(own, own, (fold,)), {}
    )
    return found


def rows(one: Study, right: dict[str, list], people=PEOPLE) -> pd.DataFrame:
    """Rows of methods; `right` has for each of them a rule (labels of test images → bool) per repeat."""
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


def test_turns_are_told_apart():
    table = gains.by_class(
        study(), rows(study(), {BASELINE: [nothing], SW: [lambda labels: labels // 3 == 1]}), SW
    )
    assert table.loc[list(gains.ORIENTATIONS), "change"].tolist() == [0, 1, 0]
    assert table["change"].iloc[:3].to_numpy() == pytest.approx(1 / 3)


def test_without_flips_there_are_no_turns():
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


def test_one_person_has_a_gain_and_no_interval_and_a_missing_row_is_nobody():
    one = rows(study(), {BASELINE: [nothing], SW: [zeros]})
    table = gains.by_class(study(), one[(one["method"] == BASELINE) | (one["person"] == "bob")], SW)
    assert (
        table.loc["0", "n"] == 1
        and table.loc["0", "change"] == 1
        and np.isnan(table.loc["0", "low"])
    )
    assert table.loc["2", "n"] == 0 and np.isnan(table.loc["2", "change"])


def test_it_is_the_gain_of_likeness_where_that_is_asked():
    seen = rows(study(), {BASELINE: [lambda labels: labels % 2 == 0], SW: [every, zeros]})
    contrast = similarity.gain_on_classes(study(), seen, SW, (1,))["these"]
    assert gains.by_class(study(), seen, SW).loc["1", "change"] == pytest.approx(contrast.mean())


def test_p_is_corrected_among_classes_and_turns_apart(monkeypatch):
    families = []
    monkeypatch.setattr(paired, "holm", lambda p: families.append(len(p)) or p)
    gains.by_class(study(), rows(study(), {BASELINE: [nothing], SW: [zeros]}), SW)
    assert families == [3, 3]


# --- do classes differ


def test_classes_that_everybody_gains_on_alike_differ_as_much_as_can_be():
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


def test_people_who_lack_a_class_are_left_out_and_one_alone_tells_nothing():
    three = np.array([[0.1, 0.2, 0.4], [0.2, 0.1, 0.5], [np.nan, 9, 0]])
    assert gains.share_by_class(three, rng()) == gains.share_by_class(three[:2], rng())
    for nobody in (three[:1], np.full((4, 3), 0.1), np.full((2, 3), np.nan)):
        assert np.isnan(gains.share_by_class(nobody, rng()).p)


# --- by size


def test_size_is_that_of_the_training_images_and_who_lacks_a_row_is_left_out():
    seen = rows(study(), {BASELINE: [nothing], SW: [zeros]})
    table = gains.by_size(
        study(), seen[(seen["method"] == BASELINE) | (seen["person"] != "eve")], SW
    )
    assert table.index.tolist() == ["ann", "bob"] and table["images"].tolist() == [9, 9]
    assert table["gain"].to_numpy() == pytest.approx([1 / 3, 2 / 3])


def sized(size, gain):
    return pd.DataFrame({"images": size, "gain": gain})


def test_a_straight_line_has_its_slope_for_100_images():
    found = gains.slope(sized([100, 200, 300, 400, 500, 600], 0.05 - 0.02 * np.arange(6)), rng())
    assert list(found.values()) == pytest.approx([-1, -1, -1, -0.02, -0.02, -0.02])


def test_the_intervals_hold_what_is_true_about_as_often_as_they_say():
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


# --- the front


def test_the_front_is_who_is_beaten_by_nobody_on_both():
    on_I, on_G = np.array([0.0, 3, 2, 1, 2]), np.array([3.0, 0, 2, 1, 1])
    assert tradeoff.front(on_I, on_G).tolist() == [True, True, True, False, False]


def test_those_who_are_equal_do_not_beat_each_other():
    assert tradeoff.front([1, 1, 1], [2, 2, 1]).tolist() == [True, True, False]
    assert tradeoff.front([5], [-1]).tolist() == [True]


def test_many_fronts_are_as_many_alone():
    on_I, on_G = rng().integers(5, size=(2, 40, 6)).astype(float)
    apart = [tradeoff.front(*pair) for pair in zip(on_I, on_G, strict=True)]
    assert (tradeoff.front(on_I, on_G) == np.array(apart)).all() and 0 < np.mean(apart) < 1
    assert (tradeoff.front(on_I, on_G) == tradeoff.front(on_G, on_I)).all()


def test_who_is_always_better_is_always_on_the_front_and_the_beaten_never():
    people = rng().normal(size=(12, 1))
    found = tradeoff.pareto(people + np.array([2, 1, 0]), people + np.array([0, 1, 0]), rng())
    assert found.tolist() == [1, 1, 0]


def test_of_two_who_differ_by_chance_each_is_on_the_front_as_often_as_it_should():
    """On D_G equal, on D_I of opposite signs: one of them is on the front, half of the time either."""
    noise = np.repeat([-1.0, 1.0], 50)
    found = tradeoff.pareto(np.c_[noise, -noise], np.zeros((100, 2)), rng(), 4000)
    assert found == pytest.approx([0.5, 0.5], abs=0.08) and found.sum() > 1  # at a tie both are


def test_one_person_decides_alone_and_who_lacks_a_method_is_left_out():
    one = np.array([[1.0, 2, 0]]), np.array([[1.0, 0, 0]])
    assert tradeoff.pareto(*one, rng()).tolist() == [1, 1, 0]
    lacking = np.array([[np.nan, 0, 9.0]])
    assert tradeoff.pareto(
        np.r_[one[0], lacking], np.r_[one[1], np.zeros((1, 3))], rng()
    ).tolist() == [1, 1, 0]
    with pytest.raises(ValueError, match="nobody has a row of every method"):
        tradeoff.pareto(lacking, np.zeros((1, 3)), rng())


# --- prices


def test_a_price_of_nought_asks_for_d_i_alone_and_a_high_one_for_d_g():
    on_I, on_G = np.tile([2.0, 1, 0], (5, 1)), np.tile([0.0, 0.9, 1], (5, 1))
    assert tradeoff.best_by_weight(on_I, on_G, [0, 2, 100], rng(), 50).tolist() == [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
    ]


def test_chances_sum_to_one_and_those_who_tie_share():
    on_I, on_G = rng().normal(size=(2, 9, 4))
    twins = np.c_[on_I, on_I[:, 0]], np.c_[on_G, on_G[:, 0]]
    found = tradeoff.best_by_weight(*twins, [0.1, 1, 3], rng(), 300)
    assert found.shape == (3, 5) and found.sum(axis=1) == pytest.approx(1)
    assert found[:, 0].tolist() == found[:, 4].tolist() and found[:, 0].max() > 0


def test_only_who_is_on_the_front_is_best_at_a_price():
    on_I, on_G = rng().normal(size=(2, 10, 8))
    member = tradeoff.pareto(on_I, on_G, rng(), 500)
    assert (tradeoff.best_by_weight(on_I, on_G, [0.3, 1, 4], rng(), 500) <= member + 1e-12).all()


def test_ranges_of_prices_by_hand():
    """2 + 0 w, 1 + 0.9 w, 0 + 1 w cross at 1 / 0.9 and 10; what lies below their hull is best at no price."""
    found = tradeoff.best_range(np.array([2.0, 1, 0, 1.4]), np.array([0.0, 0.9, 1, 0.3]))
    assert found[:3].ravel() == pytest.approx([0, 1 / 0.9, 1 / 0.9, 10, 10, np.inf])
    assert np.isnan(found[3]).all() and tradeoff.front([2, 1, 0, 1.4], [0, 0.9, 1, 0.3])[3]


def test_at_every_price_somebody_is_best_and_it_is_who_has_the_largest_sum():
    on_I, on_G = rng().normal(size=(2, 9))
    low, high = tradeoff.best_range(on_I, on_G).T
    for price in (0, 0.2, 1, 3, 50):
        assert np.flatnonzero((low <= price) & (price <= high)).tolist() == [
            np.argmax(on_I + price * on_G)
        ]
    assert np.isnan(tradeoff.best_range(np.array([1.0, 2]), np.array([1.0, 1]))[0]).all()


# --- rows


def levels(changes: dict[str, tuple[float, float]], people: int = 6) -> pd.DataFrame:
    """Rows of people who differ in level and not in change."""
    lines = [
        (name, f"p{p}", 0.5 + 0.01 * p + on_I, 0.7 + on_G)
        for name, (on_I, on_G) in changes.items()
        for p in range(people)
    ]
    return pd.DataFrame(lines, columns=["method", "person", "acc_I", "acc_G"])


TRADE = {
    BASELINE: (0, 0),
    "ES-n-400": (0.01, 0.02),
    SW: (0.1, -0.02),
    "TL-n-10 (1e-3)": (0.05, -0.05),
}


def test_membership_is_counted_from_the_baseline_which_takes_part():
    table = tradeoff.front_membership(levels(TRADE), ["SG-n-1500", *TRADE], rng())
    assert table.index.tolist() == list(TRADE) and table.loc[BASELINE, ["D_I", "D_G"]].tolist() == [
        0,
        0,
    ]
    assert (
        table["member"].tolist()
        == [False, True, True, False]
        == (table["probability"] == 1).tolist()
    )
    assert table["best"].tolist() == [0, 0, 1, 0]
    assert table.loc["ES-n-400", "from"] == table.loc[SW, "to"] == pytest.approx(0.09 / 0.04)


def test_repeats_and_missing_rows_do_not_move_who_is_on_the_front():
    whole = levels(TRADE)
    more = pd.concat([whole, whole[whole["person"] == "p1"]])  # unequal repeats
    lacking = whole[(whole["person"] != "p0") | (whole["method"] != SW)]
    expected = tradeoff.front_membership(whole, list(TRADE), rng())
    for seen in (more, lacking, whole[whole["person"] == "p3"]):
        pd.testing.assert_frame_equal(tradeoff.front_membership(seen, list(TRADE), rng()), expected)


def test_kinds_share_the_best_sum_and_others_take_no_part():
    other = {name: TRADE[name] for name in (BASELINE, "ES-n-400", "TL-n-10 (1e-3)")}
    runs = {"a": levels(TRADE | {"SG-n-1500": (1, 1)}), "b": levels(other)}
    table = tradeoff.by_kind(runs, rng())
    assert table.index.tolist() == list(tradeoff.COMPARED_FAMILIES) and table["a"].tolist() == [
        0,
        0,
        1,
        0,
    ]
    assert table["b"].drop("sample weighing").tolist() == [0, 1, 0] and np.isnan(
        table.loc["sample weighing", "b"]
    )


def test_the_same_generator_gives_the_same_probabilities():
    noisy = levels(TRADE)
    noisy["acc_I"] += rng().normal(0, 0.05, len(noisy))
    one, same = (tradeoff.front_membership(noisy, list(TRADE), rng()) for _ in range(2))
    pd.testing.assert_frame_equal(one, same)
    assert one["probability"].between(0, 1).all() and one["best"].sum() == pytest.approx(1)
