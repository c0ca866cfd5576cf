"""Fairness: between-person SD, the worst off, the table, and dispersion against the baseline."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import accuracy, fairness
from perso.methods.registry import V3
from perso.parts import PARTS
from perso.stats import dispersion
from perso.store.sqlite import packed


def test_between_person_sd_by_hand():
    """sd² of .7 and .9 is .02; p(1 − p)/n is .0021 of 100 images and .0018 of 50."""
    assert dispersion.between_person_sd([0.7, 0.9], [100, 50]) == pytest.approx(
        np.sqrt(0.02 - (0.0021 + 0.0018) / 2)
    )
    assert dispersion.between_person_sd(
        [0.7, 0.9, np.nan], [100, 50, 10]
    ) == dispersion.between_person_sd([0.7, 0.9], [100, 50])
    assert dispersion.between_person_sd([0.7, 0.9], variances=[0.01, 0.02]) == pytest.approx(
        np.sqrt(0.02 - 0.015)
    )


def test_an_sd_within_the_noise_leaves_zero():
    assert dispersion.between_person_sd([0.5, 0.5, 0.5], [90, 90, 90]) == 0
    assert dispersion.between_person_sd([1.0, 1.0], [90, 90]) == 0
    assert np.isnan(dispersion.between_person_sd([0.5], [90]))


def test_between_person_sd_is_that_of_the_true_accuracies():
    rng = np.random.default_rng(0)
    people = np.clip(rng.normal(0.8, 0.06, 4000), 0, 1)
    seen = rng.binomial(40, people) / 40
    assert seen.std(ddof=1) > 1.3 * people.std(ddof=1)
    assert dispersion.between_person_sd(seen, np.full(4000, 40)) == pytest.approx(
        people.std(ddof=1), rel=0.06
    )


def test_cvar_counts_a_part_of_the_person_at_the_edge():
    assert dispersion.cvar([0.9, 0.5, 0.8, 0.6], share=0.5) == pytest.approx(0.55)
    assert dispersion.cvar(np.arange(1, 16) / 20) == pytest.approx(
        (0.05 + 0.5 * 0.10) / 1.5
    )  # 1.5 of 15 people
    assert dispersion.cvar([0.9, 0.5]) == 0.5 and dispersion.cvar([0.7, np.nan]) == 0.7
    assert dispersion.cvar([0.2, 0.4], share=1) == pytest.approx(0.3)
    assert np.isnan(dispersion.cvar([np.nan]))


def test_the_worst_person_has_wilsons_interval():
    """Newcombe (1998), Table I, method 3: 81/263 is .2553 to .3662, 15/148 is .0624 to .1605."""
    p, n = pd.Series({"ann": 81 / 263, "bob": 0.9}), pd.Series({"ann": 263, "bob": 50})
    person, accuracy, low, high = fairness.worst_person(p, n)
    assert person == "ann" and accuracy == pytest.approx(81 / 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    _, _, low, high = fairness.worst_person(pd.Series({"ann": 15 / 148}), pd.Series({"ann": 148}))
    assert (round(low, 4), round(high, 4)) == (0.0624, 0.1605)


def test_where_all_are_right_the_interval_still_has_a_width():
    _, accuracy, low, high = fairness.worst_person(
        pd.Series({"ann": 1.0, "bob": np.nan}), pd.Series({"ann": 60, "bob": 60})
    )
    assert accuracy == 1 and high == pytest.approx(1) and 0.9 < low < 1


@pytest.fixture
def few(make_rows) -> pd.DataFrame:
    """BaseLine of three people, one of them in two repeats; A of two of them."""
    base = {("ann", 0): 10, ("ann", 1): 14, ("bob", 0): 18, ("eve", 0): 20}
    counts = {("BaseLine", *who): k for who, k in base.items()} | {
        ("A", "ann", 0): 16,
        ("A", "bob", 0): 17,
    }
    return make_rows({key: np.arange(20) < k for key, k in counts.items()})


def test_the_table_has_the_papers_columns_and_pairs_people(few):
    table = fairness.fairness_table(few, "D_I")
    papers = accuracy.summary_over_people(accuracy.per_person(few, "acc_I"))[
        ["n", "mean", "sd", "min", "max"]
    ]
    assert (table[papers.columns] - papers).abs().max().max() < 1e-15
    base, other = table.loc["BaseLine"], table.loc["A"]
    assert (base["n"], base["worst"], other["worst"]) == (3, "ann", "ann")
    assert base["min"] == pytest.approx(0.6) == base["worst decile"] and base[
        "spread"
    ] == pytest.approx(0.4)
    assert base["low"] < base["min"] < base["high"]
    assert base["between-person SD (images)"] < base["sd"]
    assert np.isnan(base["harmed"]) and (other["harmed"], other["improved"]) == (
        0.5,
        0.5,
    )  # eve has no A
    assert (other["loss"], other["gain"]) == pytest.approx((-0.05, 0.2))


def test_the_table_of_one_person_and_without_a_baseline(few):
    one = few[lambda rows: rows["person"] == "ann"]
    line = fairness.fairness_table(one, "D_I").loc["BaseLine"]
    assert (
        line["n"] == 1
        and np.isnan(line["sd"])
        and np.isnan(line["between-person SD (images)"])
        and line["spread"] == 0
    )
    alone = fairness.fairness_table(few[lambda rows: rows["method"] == "A"], "D_I")
    assert "harmed" not in alone or alone["harmed"].isna().all()


def test_the_table_takes_variances_where_they_are_given(few):
    variances = pd.DataFrame(
        {"BaseLine": {"ann": 0.001, "bob": 0.002, "eve": 0.0}, "A": {"bob": 0.1, "ann": 0.1}}
    )
    table = fairness.fairness_table(few, "D_I", variances)
    assert table.loc["BaseLine", "between-person SD (digits)"] == pytest.approx(
        np.sqrt(0.1**2 * 13 / 3 - 0.001)
    )
    assert table.loc["A", "between-person SD (digits)"] == 0


def test_points_leave_out_the_columns_that_are_no_shares(few):
    table = fairness.fairness_table(few, "D_I")
    points = fairness.in_points(table)
    assert not {"n", "worst"} & set(points) and fairness.in_points(points).shape == points.shape
    assert points.loc["BaseLine", "mean"] == 100 * table.loc["BaseLine", "mean"]


def test_the_share_of_noise_by_hand():
    """Of an sd of .05, .03 is left between people: 1 - 9/25 of the variance is noise."""
    line = pd.Series({"sd": 0.05, "between-person SD (digits)": 0.03})
    assert fairness.noise_share(line, "between-person SD (digits)") == pytest.approx(16 / 25)


def test_runs_stand_below_each_other_also_where_a_method_is_missing(few):
    other = few[lambda rows: rows["method"] == "BaseLine"]
    table = fairness.fairness_of_runs(
        {"one": few, "two": other}, "D_I", ["BaseLine", "A"], ["mean", "harmed"]
    )
    assert table.index.tolist() == [(run, m) for run in ("one", "two") for m in ("BaseLine", "A")]
    assert table.loc[("one", "A"), "harmed"] == 50 and table.loc[("two", "A")].isna().all()


def test_correlations_with_the_mean_are_of_each_block_part_and_source():
    """Each method's people lie around its mean, more closely the higher it is."""
    lines = []
    for place, each in enumerate(V3):
        for person, side in enumerate((-1, 0, 1)):
            value = 0.5 + 0.005 * place + side * (0.2 - 0.005 * place)
            hits = packed(np.arange(90) < 90 * value)
            lines.append((each.name, str(person), value, value, 90, 90, hits, hits))
    columns = ["method", "person", "acc_I", "acc_G", "n_I", "n_G", "hits_I", "hits_G"]
    seen = pd.DataFrame(lines, columns=columns).assign(
        key=range(len(lines)), repeat=0, fold=0, iterations=1, own_iterations=1
    )
    found = {part: fairness.fairness_table(seen, part) for part in PARTS}
    table = fairness.mean_correlations(seen, found, V3, columns=("sd", "spread"))
    assert len(table) == 2 * 2 * 2 and list(table.columns) == ["sd", "spread"]
    for block in fairness.FAMILY_BLOCKS:
        for part in PARTS:
            assert table.loc[(block, part, "here")].tolist() == pytest.approx([-1, -1])
    assert table.xs("v3's Table I", level=2).notna().all(axis=None)


def test_a_method_with_smaller_differences_is_distinguished_from_one_with_equal_ones():
    """Accuracies of BaseLine spread by .1; one method halves the spread, another keeps it."""
    rng = np.random.default_rng(0)
    spread = rng.normal(0, 0.1, 40)
    made = {
        "BaseLine": 0.7 + spread,
        "half": 0.8 + spread / 2 + rng.normal(0, 0.01, 40),
        "same": 0.75 + spread + rng.normal(0, 0.01, 40),
    }
    rows = pd.DataFrame(
        [
            {"method": name, "person": str(k), "acc_I": value}
            for name, values in made.items()
            for k, value in enumerate(values)
        ]
    )
    none = pd.DataFrame(0.0, [str(k) for k in range(40)], list(made))
    found = fairness.dispersion_against_base(rows, "D_I", none, np.random.default_rng(1))
    assert (
        found.loc["half", "ratio"] == pytest.approx(0.5, abs=0.06)
        and found.loc["half", "holm"] < 1e-3
    )
    assert (
        found.loc["half", "high"] < 1 and found.loc["same", "low"] < 1 < found.loc["same", "high"]
    )
    assert found.loc["half", "change high"] < 0 and found.loc["half", "change"] == pytest.approx(
        -0.05, abs=0.015
    )
    noisy = none.assign(
        BaseLine=spread.var(ddof=1)
    )  # all of the base's variance is sampling noise, half's is not
    assert (
        fairness.dispersion_against_base(rows, "D_I", noisy, np.random.default_rng(1)).loc[
            "half", "change"
        ]
        > 0.03
    )
