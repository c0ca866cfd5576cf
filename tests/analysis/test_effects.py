"""Effects: which run is shown, changes and costs, harm, halves of cohorts, and scales."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from perso.analysis import changes, comparison, effects, harm
from perso.analysis.dispersion_scales import dispersion_on_scales
from perso.analysis.effects import EARLY, LATE, WEIGHED
from perso.analysis.sampling_noise import variances_of_hits
from perso.methods.method import BASELINE
from perso.methods.registry import RELATIVE
from perso.paths import ROOT
from perso.settings import read_params
from perso.study.study import Study


def test_the_run_with_most_cohorts_is_shown_then_the_one_with_most_people(make_relative_run):
    only = {LATE: (0.0, 0.0)}
    wide = make_relative_run("wide", only, cohorts=1, people=40)
    deep = make_relative_run("deep", only, cohorts=4, people=3)
    larger = make_relative_run("larger", only, cohorts=4, people=4)
    equal = make_relative_run("equal", only, cohorts=4, people=4)
    assert effects.largest_run([wide, deep]).name == "deep"
    assert effects.largest_run([wide, deep, larger]).name == "larger"
    assert effects.largest_run([larger, equal]).name == "larger"
    halves = make_relative_run("halves", only, cohorts=2, people=5)
    assert effects.largest_run([halves, wide]).name == "wide"  # two cohorts decide no more than one


def test_every_method_that_is_named_is_in_the_table_relative():
    known = {method.name for method in RELATIVE}
    named = {name for contrast in effects.CONTRASTS for name in contrast[:2]}
    assert named | set(effects.MAIN) <= known


@pytest.mark.parametrize(
    ("settings", "digits"),
    [({}, 30), ({"flips": False}, 90), ({"split": "image"}, 90), ({"rotate": True}, 60)],
)
def test_flips_are_one_digit_where_they_are_split_together(make_relative_run, settings, digits):
    run = make_relative_run(changes={LATE: (0.0, 0.0)}, cohorts=1, people=2)
    run = replace(run, rows=pd.concat([run.rows, run.rows.assign(repeat=1)]))
    run.provenance["settings"] |= settings
    [hits] = effects.hits_on_own_data(run)
    assert len(hits[LATE]["0-0"].digits) == digits


# --- the table of effects


def test_a_line_of_the_table_has_changes_printed_values_cost_and_harm(make_relative_run):
    run = make_relative_run(changes={LATE: (0.15, -0.1), WEIGHED: (0.0, 0.0)})
    table = effects.effects_table(run)
    assert list(table.index) == [WEIGHED, LATE]
    line = table.loc[LATE]
    for part in ("D_I", "D_G"):
        found = changes.change(run.rows, LATE, BASELINE, part)
        assert line[part][["change", "low", "high"]].tolist() == pytest.approx(
            [found.mean, found.low, found.high]
        )
    assert line["D_I", "change"] > 0.1 and line["D_G", "change"] < -0.05
    assert line["D_I", "printed"] == pytest.approx(0.003)  # of TL-n-300
    assert table.loc[WEIGHED, ("D_G", "printed")] == pytest.approx(-0.011)
    assert line["cost", "seconds"] == 9 and line["cost", "iterations"] == pytest.approx(0.09)
    own = run.rows.pivot(index="person", columns="method", values="acc_I")
    assert line["harmed", "observed"] == (own[LATE] < own[BASELINE]).mean()
    assert line["harmed", "share"] < 0.1
    assert 0 <= line["harmed", "low"] <= line["harmed", "share"] <= line["harmed", "high"] <= 1


def test_harm_is_half_without_an_effect_and_all_where_everybody_loses(make_relative_run):
    run = make_relative_run(changes={LATE: (0.0, 0.0), EARLY: (-0.3, 0.0)}, people=30)
    hits = effects.hits_on_own_data(run)
    assert effects.expected_harm(hits, LATE).mean == pytest.approx(0.5, abs=0.2)
    assert effects.expected_harm(hits, EARLY).mean > 0.95


def test_the_interval_of_harm_is_over_cohorts_and_needs_three(make_relative_run):
    run = make_relative_run(changes={LATE: (0.02, 0.0)}, people=15)
    hits = effects.hits_on_own_data(run)
    found = effects.expected_harm(hits, LATE)
    assert (found.df, found.cohorts, found.n) == (3, 4, 60)
    means = []
    for cohort in hits:
        digits = harm.digits_won_and_lost([cohort], LATE)
        means.append(harm.harm_probability(digits["won"], digits["lost"]).mean())
    assert found.mean == pytest.approx(np.mean(means))
    assert found.error == pytest.approx(np.std(means, ddof=1) / 2)

    # the people of equal cohorts differ, but that is no error of the mean
    assert np.isnan(effects.expected_harm([hits[0]] * 3, LATE).error)

    two = effects.expected_harm(hits[:2], LATE)
    assert (two.cohorts, two.n) == (2, 30) and np.isnan(two.low)
    together = harm.digits_won_and_lost(hits[:2], LATE)
    p = harm.harm_probability(together["won"], together["lost"])
    assert two.mean == pytest.approx(p.mean())


def test_contrasts_are_those_the_rows_have(make_relative_run):
    other = "TL 9 % on D_G (1e-4)"
    run = make_relative_run(changes={LATE: (0.1, -0.1), other: (0.0, 0.1)})
    table = effects.contrast_table(run.rows)
    assert list(table.index) == [(LATE, other)]
    line = table.loc[(LATE, other)]
    assert line["", "differs"] == "own data last, not D_G"
    found = changes.change(run.rows, LATE, other, "D_G")
    assert line["D_G"].tolist() == pytest.approx([found.mean, found.low, found.high])
    assert effects.contrast_table(run.rows[run.rows["method"] == BASELINE]).empty


def test_a_control_on_another_person_is_not_compared_on_d_g(make_relative_run):
    other = "TL 9 % on another person (1e-4)"
    rows = make_relative_run(changes={LATE: (0.1, -0.1), other: (0.0, 0.1)}).rows
    line = effects.contrast_table(rows).loc[(LATE, other)]
    assert line["D_I", "change"] == pytest.approx(changes.change(rows, LATE, other, "D_I").mean)
    assert line["D_G"].isna().all()
    assert list(comparison.change_by_part(rows, LATE, other)) == ["D_I"]
    assert list(comparison.change_by_part(rows, LATE, BASELINE)) == ["D_I", "D_G"]


def test_the_control_of_a_main_method_trains_as_long_on_d_g_alone(tmp_path):
    settings = read_params(ROOT / "params" / "smoke.yml")
    study = Study(replace(settings, rows_of="relative"), tmp_path / "store.sqlite")
    methods = {method.name: method for method in study.methods}
    assert set(effects.CONTROL_OF) == set(effects.MAIN)
    for name, control in effects.CONTROL_OF.items():
        own, other = (study.schedule(methods[each]) for each in (name, control))
        assert len(own) == len(other) and own.any() and not other.any()


def test_net_is_the_difference_from_the_control_that_trains_as_long(make_relative_run):
    rows = make_relative_run(
        changes={LATE: (0.1, -0.1), effects.GENERAL: (0.0, 0.1), effects.WEIGHED: (0.1, 0.0)}
    ).rows
    net = effects.net_table(rows)
    assert list(net.index) == [effects.WEIGHED, LATE]
    for method, control in ((effects.WEIGHED, BASELINE), (LATE, effects.GENERAL)):
        found = changes.change(rows, method, control, "D_G")
        assert net.loc[method, "D_G"].tolist() == pytest.approx([found.mean, found.low, found.high])
    assert effects.net_table(rows[rows["method"] == BASELINE]).empty


# --- halves of cohorts


def test_four_cohorts_have_three_halvings_and_more_have_one():
    assert effects.halves([0, 1, 2]) == []
    assert effects.halves([0, 1, 2, 3]) == [
        ((0, 1), (2, 3)),
        ((0, 2), (1, 3)),
        ((0, 3), (1, 2)),
    ]
    assert effects.halves(range(5)) == [((0, 1), (2, 3, 4))]


def test_a_line_of_two_halves_by_hand(make_relative_run):
    run = make_relative_run(changes={LATE: (0.05, 0.05)}, people=10)
    rows = run.rows
    parts = {
        part: [
            changes.change(rows[rows["fold"] == cohort], LATE, BASELINE, part)
            for cohort in range(4)
        ]
        for part in ("D_I", "D_G")
    }
    line = effects.two_halves(rows, LATE, "D_I", (0, 1), (2, 3))
    means = [each.mean for each in parts["D_I"]]
    errors = np.array([each.error for each in parts["D_I"]])
    assert line["halves"] == "1 and 2 against 3 and 4"
    assert line["difference"] == pytest.approx(sum(means[:2]) / 2 - sum(means[2:]) / 2)
    assert line["error"] == pytest.approx(np.sqrt((errors**2).sum() / 4))
    assert line["t"] == pytest.approx(line["difference"] / line["error"])
    assert line["df"] == 4 * 9 and line["within"] == line["p"]

    line = effects.two_halves(rows, LATE, "D_G", (0, 1), (2, 3))
    a, b, c, d = (each.mean for each in parts["D_G"])
    pooled = ((a - b) ** 2 / 2 + (c - d) ** 2 / 2) / 2
    assert line["error"] == pytest.approx(np.sqrt(pooled))
    assert line["df"] == 2 and line["within"] != line["p"]


def test_halves_of_another_D_G_each_agree_only_with_the_spread_of_cohorts(make_relative_run):
    """Cohorts spread by more than their people explain: the error within calls that different."""
    run = make_relative_run(
        changes={LATE: (0.0, 0.0)}, people=40, shifts={LATE: (-0.06, 0.03, 0.0, 0.06)}
    )
    table = effects.agreement(run.rows, [LATE, "no such method"])
    assert set(table["method"]) == {LATE} and len(table) == 6
    on_G = table[table["part"] == "D_G"]
    assert (on_G["within"] < 0.01).any()
    assert (on_G["p"] > 0.02).all()
    assert (table.loc[table["part"] == "D_I", "p"] > 0.01).all()


def test_halves_that_differ_are_found(make_relative_run):
    run = make_relative_run(
        changes={LATE: (0.0, 0.0)}, people=40, shifts={LATE: (-0.2, -0.2, 0.15, 0.15)}
    )
    table = effects.agreement(run.rows, [LATE])
    first = table[(table["part"] == "D_G") & (table["halves"] == "1 and 2 against 3 and 4")]
    assert first["p"].item() < 0.05 and first["difference"].item() < -0.3


def test_fewer_than_four_cohorts_are_not_halved(make_relative_run):
    run = make_relative_run(changes={LATE: (0.0, 0.0)}, cohorts=3)
    assert effects.agreement(run.rows, [LATE]).empty


def test_without_an_error_there_is_no_t():
    assert np.isnan(list(effects.student(0.1, 0.0, 2).values())).all()
    assert np.isnan(list(effects.student(0.1, np.nan, 2).values())).all()
    assert effects.student(-4.303, 1.0, 2)["p"] == pytest.approx(0.05, abs=1e-4)


# --- scales


def test_scales_are_those_of_the_fairness_functions(make_relative_run):
    run = make_relative_run(changes={LATE: (0.1, 0.0)}, cohorts=3)
    found = effects.scales_of_methods(run, [LATE, "no such method"], np.random.default_rng(1))
    assert list(found) == [LATE]
    people = run.rows.pivot(index="person", columns="method", values="acc_I")
    cohort = run.rows.groupby("person")["fold"].first()
    variances = variances_of_hits(effects.hits_on_own_data(run), "D_I")
    whole = dispersion_on_scales(people, variances, cohort, LATE, np.random.default_rng(1))
    pd.testing.assert_frame_equal(found[LATE], whole)
    # hits of three equal flips are one digit: their variance is p(1 - p) / 29
    p = people.loc["0-0", LATE]
    assert variances.loc["0-0", LATE] == pytest.approx(p * (1 - p) / 29)


def test_a_run_without_the_method_columns_of_a_person_is_no_error(make_relative_run):
    """A person who has no model of a method is left out of its share of harmed people."""
    run = make_relative_run(changes={LATE: (0.0, 0.0)}, cohorts=3, people=6)
    rows = run.rows[(run.rows["method"] == BASELINE) | (run.rows["person"] != "0-0")]
    table = effects.effects_table(replace(run, rows=rows))
    hits = effects.hits_on_own_data(replace(run, rows=rows))
    assert effects.expected_harm(hits, LATE).n == 17
    assert 0 < table.loc[LATE, ("harmed", "share")] < 1
