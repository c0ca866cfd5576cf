"""What the book says of forwarded samples, and how it draws them."""

from dataclasses import replace
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from perso.methods.enrolled import VARIATIONAL
from perso.report import enrolment_figures, enrolment_tables, enrolment_text
from perso.report.effects_text import NOT_THERE
from perso.report.specification import RowsEvidence
from perso.settings import Settings, as_dict
from perso.store.published import OWN, Published

NO_INTERVAL = (float("nan"), float("nan"))


@pytest.fixture(autouse=True)
def drawing():
    """No window, and no figure or style left behind."""
    plt.switch_backend("Agg")
    with mpl.rc_context():
        yield
    plt.close("all")


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
    assert enrolment_text.points_text(difference(-0.04, None)) == "+0.0"
    small = difference(0.13, 0.05)
    assert enrolment_text.difference_text(small).endswith(
        "(equivalent within 0.5 points, but not 0)"
    )
    sentence = enrolment_text.arms_sentence(pairs_of(small, difference(0.1)))
    shown = "small, but shown not to be 0: enrolled, 1 sample (+0.13 [+0.08, +0.18])"
    assert sentence.endswith(f"0.5 points ({shown}).")


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


def test_the_answer_says_what_a_sample_changes_and_whether_a_planted_difference_is_found():
    answer = enrolment_text.enrolment_answer(100, ARMS, EQUAL, FOUND, ARMS)
    assert answer.startswith("100 people")
    assert "by +0.1 [-0.1, +0.3] points (equivalent within 0.5 points)" in answer
    assert "+1.5 [+1.3, +1.7] points with 1 sample and +8.0 [+7.8, +8.2] points with 12" in answer
    assert "so a difference that is there is found. Of this, own samples gain +0.1 [" in answer
    assert answer.endswith("the rest is what another person's samples harm.")
    missed = pairs_of(difference(0.1), difference(8))
    assert "it is not shown" in enrolment_text.enrolment_answer(100, ARMS, EQUAL, missed, ARMS)


def test_without_the_models_nothing_is_said():
    none = EQUAL.iloc[:0]
    assert enrolment_text.enrolment_answer(9, ARMS.iloc[:0], EQUAL, FOUND, ARMS) == NOT_THERE
    assert "not known yet" in enrolment_text.enrolment_answer(9, ARMS, EQUAL, none, ARMS)
    for sentence in (enrolment_text.arms_sentence, enrolment_text.exchanged_sentence):
        assert sentence(none) == NOT_THERE
    assert enrolment_text.same_network_sentence(ARMS.iloc[:0]) == NOT_THERE
    assert enrolment_text.ways_sentence(WAYS.iloc[:1]) == NOT_THERE


def test_a_network_is_compared_with_itself_without_an_enrolment():
    sentence = enrolment_text.same_network_sentence(ARMS)
    assert ": 1 sample +0.1 [-0.1, +0.3] points (equivalent" in sentence
    assert sentence.endswith("12 samples +1.1 [+0.9, +1.3] points (higher).")


def test_arms_that_are_not_equivalent_are_named():
    sentence = enrolment_text.arms_sentence(EQUAL)
    assert sentence.endswith("2 of 2 differences are equivalent within 0.5 points.")
    same = enrolment_text.arms_sentence(pairs_of(difference(0, None), difference(0.1)))
    assert "2 of 2" in same and same.endswith("1 of them exactly 0 for every person.")
    mixed = pairs_of(difference(0.1), difference(3))
    sentence = enrolment_text.arms_sentence(mixed)
    assert "1 of 2" in sentence
    assert sentence.endswith("higher: enrolled, 12 samples (+3.0 [+2.8, +3.2]).")


def test_an_exchange_is_found_by_the_arms_above_0_alone():
    missed = enrolment_text.exchanged_sentence(EQUAL)
    assert missed.startswith("None of 2") and missed.endswith("within 0.5 points) at most.")
    found = enrolment_text.exchanged_sentence(pairs_of(difference(-3), difference(3)))
    assert found == "The exchange is found by enrolled, 12 samples (+3.0 [+2.8, +3.2])."


def test_ways_are_told_by_the_number_of_samples():
    assert enrolment_text.ways_sentence(WAYS) == (
        "With 1 sample: fine-tuning (1e-3) -66.0 [-66.2, -65.8], head only -12.0 [-12.2, -11.8]. "
        "With all of D_I: fine-tuning (1e-3) +5.0 [+4.8, +5.2]."
    )


def test_the_training_is_described_by_its_numbers():
    fold = SimpleNamespace(global_people=range(20), outside_people=range(80))
    sentence = enrolment_text.episodes_sentence(fold)
    assert f"Each of {VARIATIONAL.steps:,} steps shows 8 of 100 people, 20 of D_G and" in sentence
    assert "1, 3 or 12 samples" in sentence and "10 % of the enrolments are left out" in sentence


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


def test_each_run_is_told_with_its_data():
    runs = [
        made_run(OWN, dataset="qmnist"),
        made_run("pens", "results/pens.parquet", dataset="pens"),
    ]
    first, second = enrolment_text.beds_by_run(runs).data.splitlines()
    assert first.startswith("- **NIST writers' digits, 9 people (these):** with 1 sample +1.")
    assert "against nobody enrolled, own minus another's +" in first and "(higher)" in first
    assert second.startswith("- **pen strokes, 9 people (`results/pens.parquet`):**")
    whole = made_run(OWN)
    lacking = replace(whole, rows=whole.rows[whole.rows["method"] == "nobody enrolled"])
    assert enrolment_text.run_text(lacking).endswith(NOT_THERE)


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
    assert "not been measured" in enrolment_tables.forwarding_cost_sentence(None)
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
    sentence = enrolment_tables.forwarding_cost_sentence(record)
    assert sentence.startswith("fine-tuning takes 500 times as long as forward 1 sample")
    assert "2026-11-26: a machine, torch 2.11" in sentence


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
