"""The trade-off of D_I and D_G: the front, the best method by price, and by family."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from perso.analysis import tradeoff
from perso.errors import InputError
from perso.methods import registry
from perso.methods.method import BASELINE
from perso.methods.registry import METHODS
from perso.settings import Settings
from perso.study.study import Study

SW = "SW-n-2"


def rng():
    return np.random.default_rng(0)


# --- the front


def test_a_method_is_on_the_front_if_no_other_is_better_on_both():
    on_I, on_G = np.array([0.0, 3, 2, 1, 2]), np.array([3.0, 0, 2, 1, 1])
    assert tradeoff.front(on_I, on_G).tolist() == [True, True, True, False, False]


def test_equal_methods_are_on_the_front_together():
    assert tradeoff.front([1, 1, 1], [2, 2, 1]).tolist() == [True, True, False]
    assert tradeoff.front([5], [-1]).tolist() == [True]


def test_many_fronts_are_as_many_alone():
    on_I, on_G = rng().integers(5, size=(2, 40, 6)).astype(float)
    apart = [tradeoff.front(*pair) for pair in zip(on_I, on_G, strict=True)]
    assert (tradeoff.front(on_I, on_G) == np.array(apart)).all() and 0 < np.mean(apart) < 1
    assert (tradeoff.front(on_I, on_G) == tradeoff.front(on_G, on_I)).all()


def test_a_method_that_is_always_better_is_always_on_the_front():
    people = rng().normal(size=(12, 1))
    found = tradeoff.pareto(people + np.array([2, 1, 0]), people + np.array([0, 1, 0]), rng())
    assert found.tolist() == [1, 1, 0]


def test_of_two_methods_that_differ_by_noise_each_is_on_the_front_half_the_time():
    """Equal on D_G, opposite on D_I: one of the two is on the front."""
    noise = np.repeat([-1.0, 1.0], 50)
    found = tradeoff.pareto(np.c_[noise, -noise], np.zeros((100, 2)), rng(), 4000)
    assert found == pytest.approx([0.5, 0.5], abs=0.08) and found.sum() > 1  # at a tie both are


def test_people_without_a_method_are_left_out():
    one = np.array([[1.0, 2, 0]]), np.array([[1.0, 0, 0]])
    assert tradeoff.pareto(*one, rng()).tolist() == [1, 1, 0]
    lacking = np.array([[np.nan, 0, 9.0]])
    assert tradeoff.pareto(
        np.r_[one[0], lacking], np.r_[one[1], np.zeros((1, 3))], rng()
    ).tolist() == [1, 1, 0]
    with pytest.raises(ValueError, match="nobody has a row of every method"):
        tradeoff.pareto(lacking, np.zeros((1, 3)), rng())


# --- prices


def test_a_price_of_zero_counts_d_i_alone_and_a_high_one_d_g():
    on_I, on_G = np.tile([2.0, 1, 0], (5, 1)), np.tile([0.0, 0.9, 1], (5, 1))
    assert tradeoff.best_by_weight(on_I, on_G, [0, 2, 100], rng(), 50).tolist() == [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
    ]


def test_probabilities_sum_to_one_and_ties_share():
    on_I, on_G = rng().normal(size=(2, 9, 4))
    twins = np.c_[on_I, on_I[:, 0]], np.c_[on_G, on_G[:, 0]]
    found = tradeoff.best_by_weight(*twins, [0.1, 1, 3], rng(), 300)
    assert found.shape == (3, 5) and found.sum(axis=1) == pytest.approx(1)
    assert found[:, 0].tolist() == found[:, 4].tolist() and found[:, 0].max() > 0


def test_only_a_method_on_the_front_is_best_at_a_price():
    on_I, on_G = rng().normal(size=(2, 10, 8))
    member = tradeoff.pareto(on_I, on_G, rng(), 500)
    assert (tradeoff.best_by_weight(on_I, on_G, [0.3, 1, 4], rng(), 500) <= member + 1e-12).all()


def test_ranges_of_prices_by_hand():
    """2 + 0 w, 1 + 0.9 w, 0 + 1 w cross at 1 / 0.9 and 10; a method below them is never best."""
    found = tradeoff.best_range(np.array([2.0, 1, 0, 1.4]), np.array([0.0, 0.9, 1, 0.3]))
    assert found[:3].ravel() == pytest.approx([0, 1 / 0.9, 1 / 0.9, 10, 10, np.inf])
    assert np.isnan(found[3]).all() and tradeoff.front([2, 1, 0, 1.4], [0, 0.9, 1, 0.3])[3]


def test_at_every_price_the_best_method_has_the_largest_sum():
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


def test_one_method_alone_is_on_the_front_where_it_is_best_on_both():
    both = {BASELINE: (0, 0), SW: (0.1, 0.1)}
    assert tradeoff.alone_share(levels(both), list(both), rng()) == 1
    assert tradeoff.alone_share(levels(TRADE), list(TRADE), rng()) == 0


def test_the_best_by_price_is_a_line_per_price():
    table = tradeoff.best_by_price(levels(TRADE), ["SG-n-1500", *TRADE], [1.0, 16.0], rng())
    assert table.index.tolist() == [1, 16] and list(table.columns) == list(TRADE)
    assert table[SW].tolist() == [1, 0] and table["ES-n-400"].tolist() == [0, 1]


def test_v1_compares_four_families():
    names = tradeoff.compared_by_v1(METHODS)
    assert {BASELINE, "ES-n-400", SW, "TL-n-300 (1e-4)"} <= set(names)
    assert "SG-n-1500" not in names


class Stored:
    """A study of two models, of which some are stored."""

    def __init__(self, stored):
        self.stored = stored

    def keys(self):
        return ["a", "b"]

    def rows(self, given):
        return pd.concat([pd.DataFrame({"key": self.stored}), given])


def test_rows_are_complete_if_every_model_is_stored_or_published():
    published = pd.DataFrame({"key": ["b"]})
    assert tradeoff.complete_rows(Stored(["a"]), published)["key"].tolist() == ["a", "b"]
    assert tradeoff.complete_rows(Stored([]), published) is None


@pytest.fixture
def small(monkeypatch, tmp_path) -> Settings:
    """Settings of two models of v1's rows, whose store is empty."""
    monkeypatch.setenv("PERSO_STORE", str(tmp_path / "s.sqlite"))
    monkeypatch.setitem(registry.TABLES, "v1", registry.named("BaseLine"))
    small = {"width": 0.0625, "image_size": 8, "epochs": 1, "flips": False}
    return Settings(individuals=2, global_people=2, rows_of="v1", device="cpu", **small)


def test_rows_without_training_are_none_until_all_models_are_there(small):
    assert tradeoff.rows_without_training(small) is None
    rows = Study(small).run(jobs=1)
    assert tradeoff.rows_without_training(small)["key"].tolist() == rows["key"].tolist()
    assert tradeoff.rows_without_training(replace(small, seed=1)) is None


def test_there_are_no_rows_of_what_the_data_cannot_have(small):
    impossible = replace(small, variation="class-counts", main_items=10_000)
    with pytest.raises(InputError):
        Study(impossible)
    assert tradeoff.rows_without_training(impossible) is None


# --- above a curve

KNOTS = np.array([0.0, 0.5, 1.0]), np.array([1.0, 0.9, 0.0])  # on D_I and D_G


@pytest.mark.parametrize(
    ("point", "above"),
    [
        ((0.25, 0.95), False),  # on it
        ((0.2, 0.9), False),  # below it
        ((0.75, 0.5), True),  # above the line between two knots
        ((0.6, 0.9), True),
        ((0.0, 1.1), True),  # better on D_G than every place
        ((1.1, 0.0), True),
        ((0.3, -1.0), False),
    ],
)
def test_a_point_is_above_a_curve_where_no_place_is_as_good(point, above):
    found = tradeoff.above_curve(tuple(np.array([each]) for each in point), KNOTS, (1e-9, 1e-9))
    assert found.tolist() == [above]


def test_within_the_margins_a_place_is_as_good():
    point = np.array([0.76]), np.array([0.46])
    assert tradeoff.above_curve(point, KNOTS, (0.001, 0.001)).all()
    assert not tradeoff.above_curve(point, KNOTS, (0.05, 0.05)).any()


def test_each_draw_has_its_own_curve():
    curve = tuple(np.stack([each, each + 1]) for each in KNOTS)
    point = np.full((2, 1), 0.9), np.full((2, 1), 0.9)
    assert tradeoff.above_curve(point, curve).tolist() == [[True], [False]]
