"""What the book says of forwarded samples, and how it draws them."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from perso.methods.enrolled import VARIATIONAL
from perso.report import enrolment_figures, enrolment_tables, enrolment_text
from perso.report.specification import RowsEvidence
from perso.settings import Settings, as_dict
from perso.store.published import OWN, Published

NO_INTERVAL = (float("nan"), float("nan"))


def difference(points, reach=0.2, tost=None):
    """A difference with an interval of ± `reach` points; None: without."""
    low, high = NO_INTERVAL if reach is None else (points - reach, points + reach)
    if tost is None:
        tost = 0.001 if reach and abs(points) + reach < 0.5 else 0.6
    return pd.Series(
        {"change": points / 100, "low": low / 100, "high": high / 100, "tost": tost}, dtype=float
    )


def table_of(lines, *names):
    """A table of differences by key."""
    index = pd.MultiIndex.from_tuples(list(lines), names=names)
    return pd.DataFrame(list(lines.values()), index=index)


def pairs_of(one, handful):
    lines = {("enrolled", "1"): one, ("enrolled", "12"): handful}
    return table_of(lines, "arm", "amount")


ARMS = table_of(
    {
        ("enrolled", "own", "1"): difference(0.1),
        ("enrolled", "own", "12"): difference(1.1),
        ("enrolled", "other", "12"): difference(-7),
        ("enrolled", "nobody", "none"): difference(0, None),
        ("unlabelled", "own", "1"): difference(0.4, 0.5),
    },
    "arm",
    "whose",
    "amount",
)
EQUAL = pairs_of(difference(0.0), difference(0.1))
FOUND = pairs_of(difference(1.5), difference(8))


def both_parts(lines):
    table = table_of(lines, "way", "amount")
    return pd.concat({part: table for part in ("D_I", "D_G")}, axis=1)


WAYS = both_parts(
    {
        ("enrolled", "1"): difference(0.1),
        ("fine-tuning (1e-3)", "1"): difference(-66),
        ("fine-tuning (1e-3)", "all"): difference(5),
        ("head only", "1"): difference(-12),
    }
)


# --- sentences


def test_a_narrow_interval_has_a_second_decimal_and_may_exclude_0_within_the_margin():
    assert enrolment_text.points_text(difference(0.13, 0.05)) == "+0.13 [+0.08, +0.18]"
    assert enrolment_text.points_text(difference(-0.04, None)) == "-0.0"
    small = difference(0.13, 0.05)
    assert enrolment_text.difference_text(small).endswith(
        "(equivalent within 0.5 points, but not 0)"
    )
    texts = enrolment_text.pairs_texts(pairs_of(small, difference(0.1)))
    assert texts["small"] == "enrolled, 1 sample (+0.13 [+0.08, +0.18])"


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        (difference(0.1), "equivalent"),
        (difference(0.3, 0.1), "equivalent"),
        (difference(2), "higher"),
        (difference(-2), "lower"),
        (difference(0.4, 0.6), "open"),
        (difference(0.4, None), "unknown"),
        (difference(0.0, None), "same"),
    ],
)
def test_a_difference_has_one_outcome_and_equivalence_comes_first(line, outcome):
    assert enrolment_text.outcome_of(line) == outcome
    assert enrolment_text.OUTCOMES[outcome] in enrolment_text.difference_text(line)


def test_texts_have_what_samples_change_and_whose_they_must_be():
    texts = enrolment_text.enrolment_texts(ARMS, ARMS, EQUAL)
    equivalent = "+0.1 [-0.1, +0.3] points (equivalent within 0.5 points)"
    assert texts["enrolment_one"] == texts["enrolment_same_one"] == equivalent
    assert texts["enrolment_own_handful"] == equivalent
    assert texts["enrolment_own_handful_points"] == "+0.1 [-0.1, +0.3]"
    texts = enrolment_text.ways_texts(WAYS)
    assert texts["enrolment_fast_one"] == "-66.0 [-66.2, -65.8]"
    assert texts["enrolment_fast_all"] == "+5.0 [+4.8, +5.2]"
    assert texts["enrolment_reptile_one"] == "unknown"
    planted = enrolment_text.enrolment_texts(ARMS, ARMS, FOUND, "planted_")
    assert planted["enrolment_planted_own_one"] == "+1.5 [+1.3, +1.7] points (higher)"


def test_the_answer_is_yes_no_or_only_for_people_who_are_made_to_differ():
    assert enrolment_text.answer_text(FOUND, FOUND).startswith("Yes: ")
    assert enrolment_text.answer_text(EQUAL, FOUND).startswith("Only where people are made to")
    assert enrolment_text.answer_text(EQUAL, EQUAL).startswith("No: it is not shown")
    assert enrolment_text.answer_text(EQUAL.iloc[:0], EQUAL).startswith("Not known")


def test_without_the_models_all_is_unknown():
    none = pd.DataFrame(columns=["change", "low", "high", "tost"])
    texts = enrolment_text.enrolment_texts(none, none, none)
    texts |= enrolment_text.ways_texts(pd.DataFrame())
    for key in ("one", "own_one", "same_handful", "fast_all", "largest"):
        assert texts[f"enrolment_{key}"] == "unknown"


def test_pairs_are_counted_by_what_they_show():
    texts = enrolment_text.pairs_texts(pairs_of(difference(0, None), difference(3)))
    assert (texts["pairs"], texts["equivalent"], texts["zero"]) == ("2", "1", "1")
    assert texts["higher"] == "enrolled, 12 samples (+3.0 [+2.8, +3.2])"
    assert texts["largest"] == "+3.0 [+2.8, +3.2] points (higher)"
    assert enrolment_text.pairs_texts(EQUAL)["higher"] == "none"


def test_the_training_is_described_by_its_numbers():
    fold = SimpleNamespace(global_people=range(20), outside_people=range(80))
    texts = enrolment_text.episode_texts(fold)
    assert texts["enrolment_steps"] == f"{VARIATIONAL.steps:,}"
    assert (texts["enrolment_known"], texts["enrolment_inside"]) == ("100", "20")
    assert texts["enrolment_amounts"] == "1, 3 or 12" and texts["enrolment_dropped"] == "10"


def made_run(name, file="", **settings):
    """A run whose own samples are worth a point more than another's and than nobody's."""
    worth = {"nobody enrolled": 0, "enrolled, 1 sample": 1, "enrolled, 1 sample of another": 0}
    rng = np.random.default_rng(0)
    lines = [
        {
            "method": method,
            "person": person,
            "repeat": repeat,
            "fold": 0,
            "acc_I": 0.8 + (points + rng.uniform(-0.2, 0.2)) / 100,
            "iterations": 10,
            "own_iterations": 0,
        }
        for method, points in worth.items()
        for person in range(9)
        for repeat in range(3)
    ]
    facts = as_dict(Settings()) | {"rows_of": "enrolled", "individuals": 9, "width": 0.25}
    return Published(name, pd.DataFrame(lines), {"settings": facts | settings}, file)


def test_each_run_has_its_data_in_the_table():
    runs = [
        made_run(OWN, dataset="qmnist"),
        made_run("pens", "results/pens.parquet", dataset="pens"),
    ]
    table = enrolment_text.beds_table(runs)
    names = list(table.index.unique(0))
    assert names == [f"NIST writers' digits, 9 people ({OWN})", "pen strokes, 9 people (pens)"]
    assert table.loc[names[0], "1 sample"]["own minus another's"].endswith("points (higher)")
    assert table.loc[names[0], "12 samples"]["against nobody enrolled"] == "unknown"


def test_the_claims_are_those_of_the_abstract_and_say_what_they_lack():
    verdicts = enrolment_text.enrolment_verdicts(RowsEvidence(made_run(OWN, dataset="qmnist")))
    by_number = {each.claim.number: each for each in verdicts}
    assert list(by_number) == [43, 44, 45]
    assert by_number[43].verdict == "REPRODUCED" and by_number[45].verdict == "REPRODUCED"
    assert by_number[44].verdict == "NOT RUN"
    assert all(each.frozen for each in verdicts)


# --- tables


def test_tables_name_samples_and_show_every_line():
    table = enrolment_tables.planted_table({"as they are": EQUAL.iloc[:1], "planted": FOUND})
    assert list(table.index) == [("enrolled", "1 sample"), ("enrolled", "12 samples")]
    assert list(table["as they are, pp [95 %]"]) == ["+0.0 [-0.2, +0.2]", ""]
    arms = enrolment_tables.arms_text(ARMS, ARMS.iloc[:3])
    assert set(arms.loc[("enrolled", "another's", "12 samples")]) == {"-7.0 [-7.2, -6.8]", "lower"}
    assert list(arms.loc[("enrolled", "", "no sample")])[2:] == ["", ""]
    assert ("enrolled", "", "no sample") in arms.index and len(arms) == len(ARMS)
    ways = enrolment_tables.ways_text(WAYS)
    assert ways.loc[("fine-tuning (1e-3)", "all of D_I"), "D_G in pp [95 %]"].startswith("+5.0")


def test_costs_are_there_only_once_they_are_measured():
    assert enrolment_tables.forwarding_costs(None).empty
    assert set(enrolment_tables.forwarding_cost_texts(None).values()) == {"unknown"}
    way = {"seconds": 0.002, "low": 0.001, "high": 0.003, "passes": 1, "iterations": 0}
    slow = way | {"seconds": 1.0, "iterations": 50, "numbers": 1000}
    record = {
        "machine": "a machine",
        "torch": "2.11",
        "date": "2026-11-26",
        "ways": {
            "one answer": way | {"seconds": 0.001, "numbers": 0},
            "forward 1 sample": way | {"numbers": 16},
            "fine-tuning": slow,
        },
    }
    table = enrolment_tables.forwarding_costs(record)
    assert table.loc["forward 1 sample"].to_list() == ["2.0 [1.0, 3.0]", "1", "0", "64"]
    texts = enrolment_tables.forwarding_cost_texts(record)
    assert texts["enrolment_cost_slow"] == "fine-tuning" and texts["enrolment_cost_times"] == "500"
    assert texts["enrolment_cost_fast"] == "forward 1 sample"
    assert texts["enrolment_cost_measured"] == "2026-11-26, a machine, torch 2.11"


# --- figures


def test_each_arm_has_a_panel_over_the_same_numbers_of_samples():
    shown = enrolment_figures.arms_figure(ARMS)
    assert "D_I: highest enrolled, 12 own +1.1, lowest enrolled, 12 other -7.0." in shown.alt
    fig = shown.figure
    assert [ax.get_title() for ax in fig.axes] == ["enrolled", "unlabelled"]
    for ax in fig.axes:
        assert [text.get_text() for text in ax.get_xticklabels()] == ["none", "1", "12"]
        low, high = ax.get_ylim()
        assert low < -7 and high > 1.3
    assert len(fig.axes[0].containers) == 3 and len(fig.axes[1].containers) == 1


def test_ways_are_drawn_on_both_parts_and_a_large_fall_is_within_the_axes():
    shown = enrolment_figures.ways_figure(WAYS)
    ends = "highest fine-tuning (1e-3), all +5.0, lowest fine-tuning (1e-3), 1 -66.0"
    assert f"D_I: {ends}. D_G: {ends}." in shown.alt
    fig = shown.figure
    assert len(fig.axes) == 2
    for ax in fig.axes:
        assert ax.get_ylim()[0] < -66.2 and ax.get_ylim()[1] > 5.2
        assert len(ax.containers) == 3
        assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "all of $D_I$"]


def test_an_enrolment_is_drawn_with_its_classes(make_data):
    data = make_data(Settings())
    shown = enrolment_figures.enrolment_figure(data, np.array([1, 2, 10]))
    assert shown.alt == "3 samples of one person, of the classes 2, 0, 0."
    fig = shown.figure
    assert [ax.get_title() for ax in fig.axes] == ["2\n", "0\n", "0\nmirrored"]
    assert len(fig.axes[0].images) == 1
