"""Texts of chapters 14 to 16: fairness, where personalization helps, cost."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import cost, effects
from perso.methods.registry import named
from perso.report import cost_text, fairness_text, gains_text

SW, TL, BASE = "SW-n-2", "TL-n-300 (1e-4)", "BaseLine"


# --- fairness


def test_a_test_set_is_a_line_with_its_noise_in_points():
    noise = pd.DataFrame(
        {"images": [117], "digits": [39], "by images": [0.0277], "by digits": [0.048]}, index=["4"]
    )
    text = "person 4: 117 test images of 39 digits: 2.8 and 4.8 points"
    assert fairness_text.test_set_text(noise) == text


def test_dispersion_is_a_ratio_and_a_change_in_points():
    line = {"ratio": 0.5, "low": 0.3, "high": 0.9, "p": 0.0123, "holm": 0.0246}
    line |= {"change": -0.02, "change low": -0.03, "change high": 0.001}
    text = fairness_text.dispersion_text(pd.DataFrame([line], index=[SW]))
    assert text.loc[SW].tolist() == ["0.50 [0.30, 0.90]", "0.012", "0.025", "-2.0 [-3.0, +0.1]"]
    few = line | dict.fromkeys(("low", "high", "change low", "change high"), np.nan)
    text = fairness_text.dispersion_text(pd.DataFrame([few], index=[SW]))
    assert text.loc[SW].tolist() == ["0.50", "0.012", "0.025", "-2.0"]


def test_the_worst_off_are_in_percent_with_their_name():
    line = {"mean": 0.9, "worst decile": 0.75, "min": 0.7, "low": 0.6123, "high": 0.8, "worst": "7"}
    table = fairness_text.worst_off_table(pd.DataFrame([line | {"sd": 0.1}], index=[SW]))
    assert list(table.columns) == ["all", "worst tenth", "worst person", "from", "to", "who"]
    assert table.loc[SW].tolist() == [90, 75, 70, 61.2, 80, "7"]


def test_groups_are_counted_or_their_absence_is_named():
    groups = pd.Series(["employees", "students", "students"])
    assert fairness_text.groups_sentence(groups).startswith(
        "Individuals: 2 students, 1 employees. *p* is"
    )
    assert "these people is students." in fairness_text.groups_sentence(groups[1:])
    assert "these people is not recorded." in fairness_text.groups_sentence(groups[:0])


def test_group_gaps_are_points_and_p_stays_p():
    table = pd.DataFrame(
        {
            "employees": [0.9, 0.8],
            "gap": [0.1, 0.05],
            "p": [0.5, 0.25],
            "p change": [np.nan, 0.125],
        },
        index=[BASE, SW],
    )
    text = fairness_text.group_text(table)
    assert text.loc[BASE].tolist() == ["90.0", "10.0", "0.500", ""]
    assert text.loc[SW].tolist() == ["80.0", "5.0", "0.250", "0.125"]
    alone = fairness_text.group_text(table.drop(columns="p change"))
    assert alone["p change"].tolist() == ["", ""]


def test_people_are_labelled_with_their_accuracy_in_their_order():
    labels = fairness_text.accuracy_labels(["b", "a", "b"], pd.Series({"a": 0.5, "b": 0.914}))
    assert labels == ["person b: 91 %", "person a: 50 %", "person b: 91 %"]


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        (0.5, 0.9, "People then differ less: "),
        (1.1, 1.5, "People then differ more: "),
        (0.5, 1.5, "It is not shown that people then differ less, nor that they differ more: "),
        (np.nan, np.nan, "Whether people then differ less cannot be said for so few people: "),
    ],
)
def test_a_ratio_says_whether_people_differ_less(low, high, answer):
    line = pd.Series({"ratio": 0.75, "low": low, "high": high})
    assert fairness_text.less_text(line).startswith(f"{answer}the SD over people becomes 0.75")


# --- where it helps


def test_a_difference_between_classes_is_clear_below_five_percent():
    table = pd.DataFrame(
        {"share": [0.4, 0.3, np.nan], "expected": [0.2, 0.3, np.nan], "p": [0.049, 0.05, np.nan]},
        index=["A", "B", "C"],
    )
    texts = [
        gains_text.clear_text(table.loc[list(pair)]) for pair in ("AB", "BA", "AA", "BB", "AC")
    ]
    assert texts == [
        *2
        * [
            "Tested all at once, gains clearly differ between classes with A (p = 0.049), but not "
            "with B (p = 0.05)."
        ],
        "Tested all at once, gains clearly differ between classes with both methods (p = 0.049 and "
        "0.049).",
        "Tested all at once, gains do not clearly differ between classes with either method "
        "(p = 0.05 and 0.05).",
        "Whether gains differ between classes is not known.",
    ]
    text = "it is 40 %, and 20 % is expected where classes do not differ (p = 0.049)"
    assert gains_text.class_share_text(table.loc["A"]) == text
    assert gains_text.class_share_text(table.loc["C"]).startswith("it is not known, because")


def test_symmetric_digits_are_compared_with_the_others():
    differences = {"A": "+3.0 [+1.0, +5.0]", "B": "+1.0 [-1.0, +3.0]"}
    assert gains_text.symmetric_sentence(differences) == (
        "The gain on 0, 1 and 8, which v3 names, minus that on the other digits is "
        "+3.0 [+1.0, +5.0] points with A and +1.0 [-1.0, +3.0] points with B."
    )
    assert gains_text.symmetric_sentence({}) == ""


def test_the_best_method_has_its_methods_and_people():
    assert gains_text.best_text(pd.Series({"A": 0.25, "B": 0.75}), people=14) == (
        "B has the largest sum of the 2 methods of this page in 75 % of bootstrap samples of these "
        "14 people, which leave out the seed variance"
    )


def by_class() -> pd.DataFrame:
    lines = [
        (3, 0.9, 0.05, 0.01, 0.09, 0.5, 0.04),
        (3, 1.0, -0.02, np.nan, np.nan, np.nan, np.nan),
    ]
    columns = ["n", "base", "change", "low", "high", "removed", "holm"]
    return pd.DataFrame(lines, index=["0", "1"], columns=columns)


def test_the_class_table_has_a_block_per_method_and_empty_cells_for_nan():
    table = gains_text.class_gain_table({"A": by_class(), "B": by_class()})
    assert list(table.columns.unique(0)) == ["", "A", "B"]
    assert table.loc["0", ("", "BaseLine (%)")] == "90.0"
    assert table.loc["0", "A"].tolist() == ["+5.0 [+1.0, +9.0]", "50", "0.04"]
    assert table.loc["1", "B"].tolist() == ["-2.0", "", ""]


def test_the_class_sentence_names_both_ends_and_counts_clear_gains():
    assert gains_text.class_gain_sentence("A", by_class()) == (
        "A gains most on class 0 (+5.0 [+1.0, +9.0]) and least on 1 (-2.0). "
        "Its gain is clear after Holm's correction on 1 of 2 classes."
    )


def test_people_who_gain_are_counted():
    table = pd.DataFrame({"images": [100, 110, 120], "gain": [-0.01, 0.0, 0.02]})
    assert gains_text.gainers_text(table) == "1 of 3 people (from -1.0 to +2.0 points)"


def test_sizes_are_a_range():
    sizes = pd.Series([100, 110, 120])
    text = "100 to 120 images, too similar to estimate the effect of more data"
    assert gains_text.sizes_text(sizes, too_similar=True) == text
    assert gains_text.sizes_text(sizes, too_similar=False) == "100 to 120 images"


@pytest.mark.parametrize(
    ("found", "too_similar", "text"),
    [
        ((0.5, 0.1, 0.8, 0.01, 0.0, 0.02), True, "is +0.50 [+0.10, +0.80] with A."),
        (
            (0.5, 0.1, 0.8, 0.01, 0.0, 0.02),
            False,
            "+0.50 [+0.10, +0.80] with A (+1.0 [+0.0, +2.0] points for 100 images more).",
        ),
        (
            (0.5, np.nan, np.nan, 0.01, np.nan, np.nan),
            False,
            "+0.50 with A (+1.0 points for 100 images",
        ),
        ((np.nan,) * 6, False, "is not known with A."),
    ],
)
def test_a_slope_has_what_is_known_of_it(found, too_similar, text):
    names = ("rho", "low", "high", "per_100", "per_low", "per_high")
    slopes = {"A": dict(zip(names, found, strict=True))}
    assert text in gains_text.size_slope_sentence(slopes, too_similar)


def membership() -> pd.DataFrame:
    lines = {
        BASE: (0, 0, True, 0.5, 0.25, 8.0, np.inf),
        SW: (0.1, -0.02, True, 1, 0.75, 0, 8.0),
        TL: (0.05, -0.05, False, 0, 0, np.nan, np.nan),
    }
    columns = ["D_I", "D_G", "member", "probability", "best", "from", "to"]
    return pd.DataFrame.from_dict(lines, orient="index", columns=columns)


def test_the_front_and_the_best_sum_are_named():
    assert gains_text.front_sentence(membership(), 0.25) == (
        "2 of 3 methods are on the front of the means. In 25 % of draws one method is there alone. "
        f"{SW} has the largest sum, with probability 0.75."
    )


def test_the_front_table_has_prices_and_empty_cells():
    some = membership().drop(index=TL)
    table = gains_text.front_table({"some": some, "all": membership()}, changes="all")
    assert table.loc[SW, "change (pp)"].tolist() == ["+10.0", "-2.0"]
    assert table.loc[BASE, "all"].tolist() == ["0.50", "0.25", "8 to ∞"]
    assert table.loc[TL, "all"].tolist() == ["0.00", "0.00", ""]
    assert table.loc[TL, "some"].tolist() == ["", "", ""]


def test_the_best_family_of_each_run_and_missing_runs_are_named():
    kinds = pd.DataFrame(
        {"with a": [0.25, 0.75], "with b": [1.0, 0.0]}, index=["sample weighing", "early shaping"]
    )
    text = gains_text.kinds_sentence(kinds, [])
    assert text == (
        "With a, early shaping is most probably best (0.75; sample weighing 0.25). "
        "With b, sample weighing is most probably best (1.00)."
    )
    assert gains_text.kinds_sentence(kinds, ["c", "d"]).endswith(" Not known here: c, d.")


# --- cost


def test_the_first_pages_methods_have_costs_in_its_order():
    shares = cost.cost_by_schedule(named(*effects.MAIN, table="relative"), 165, 20)
    table = cost_text.main_costs(shares.loc[list(effects.MAIN)], 165 * 20)
    assert list(table.index) == list(effects.MAIN)
    assert list(table["% of a training"]) == ["112", "100", "9", "9", "109"]
    assert list(table["sharing pays off from"]) == ["", "", "2 people", "2 people", ""]


def test_schedules_are_compared_with_v1():
    table = pd.DataFrame(
        {"r_train": [0.0012, 0.012, 1.303, 1.0], "v1 factors": [0.1, 0.2, 1.0, 0.99]},
        index=["TL-n-20 (1e-2)", "TL-n-200 (1e-2)", "ES-n-5000", SW],
    )
    assert cost_text.schedule_cost_texts(table) == {
        "cost_late": "0.001 and 0.012",
        "cost_long": "1.30 times the baseline's, where v1 printed 1.0",
        "cost_weighed": "1 exactly; v1's 0.99 differs because it is measured time",
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.000121464, "0.000121"),
        (5.83986, "5.84"),
        (0.0999999, "0.100"),
        (1794.17, "1,790"),
        (567302.0, "567,000"),
        (0.0, "0"),
    ],
)
def test_costs_have_three_digits_and_no_exponent(value, text):
    assert cost_text.three_digits(value) == text


def test_measured_costs_have_their_units():
    table = pd.DataFrame({"ms an iteration": [2.0, 5.0, np.nan]})
    table.attrs["people"] = 2.0
    texts = cost_text.measured_cost_texts(table, search=0.417, setups=1, hours=0.5)
    assert texts == {
        "cost_sharing": "2",
        "cost_search": "0.42",
        "cost_kinds": "in one way",
        "cost_hours": "30 min",
        "cost_scatter": "2 to 5 ms, a factor of 2.5",
    }
    longer = cost_text.measured_cost_texts(table, search=0.417, setups=3, hours=2.25)
    assert (longer["cost_kinds"], longer["cost_hours"]) == ("in 3 ways", "2.2 h")


def test_a_line_of_latency_names_its_network_and_images():
    index = pd.MultiIndex.from_tuples([("network 1", 1), ("network 2", 128)], names=["", "images"])
    table = pd.DataFrame({"median": [0.1382, 1.2], "low": 0.1, "high": 2.0}, index)
    text = cost_text.latency_text(table)
    assert list(text.index) == ["network 1, 1 image", "network 2, 128 images"]
    assert text.index.names == [None]
    assert list(text["median, ms"]) == ["0.138", "1.2"]
