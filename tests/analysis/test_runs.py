"""Runs side by side: where their effects differ beyond noise."""

import numpy as np
import pytest
from scipy import stats

from perso.analysis import runs
from perso.stats.cohorts import mean_over_people


def mean_of_values(values):
    return mean_over_people(np.array(values), np.zeros(len(values)), drawn=False)


def test_the_difference_of_two_runs_is_welchs():
    draw = np.random.default_rng(0)
    one, other = draw.normal(0.05, 0.1, 12), draw.normal(0.0, 0.03, 30)
    found = runs.welch_difference(mean_of_values(one), mean_of_values(other))
    theirs = stats.ttest_ind(one, other, equal_var=False)
    low, high = theirs.confidence_interval()
    assert found == pytest.approx((one.mean() - other.mean(), low, high, theirs.pvalue))


def test_without_an_error_there_is_no_test():
    found = runs.welch_difference(mean_of_values([0.1]), mean_of_values([0.1, 0.3, 0.2]))
    assert found[0] == pytest.approx(-0.1) and np.isnan(found[1:]).all()


def test_a_method_that_helps_in_one_run_alone_differs(make_relative_run):
    helps = make_relative_run("helps", {"SW-n-2": (0.15, 0.0), "ES 12 %": (0.0, 0.0)}).rows
    not_here = make_relative_run("not", {"SW-n-2": (0.0, 0.0), "TL-n-0": (0.0, 0.0)}).rows
    effects = runs.effects_in_runs({"helps": helps, "not": not_here})
    assert set(effects) == {(p, m) for p in ("D_I", "D_G") for m in ("SW-n-2", "ES 12 %", "TL-n-0")}
    assert list(effects["D_I", "ES 12 %"]) == ["helps"]
    table = runs.run_differences(effects)
    assert table[["part", "method"]].values.tolist() == [["D_I", "SW-n-2"], ["D_G", "SW-n-2"]]
    assert table["holm"].lt(0.05).tolist() == [True, False]
    assert table["difference"][0] == pytest.approx(table["in one"][0] - table["in other"][0])


def test_one_run_has_no_differences(make_relative_run):
    rows = make_relative_run().rows
    assert runs.run_differences(runs.effects_in_runs({"alone": rows})).empty
