"""The bootstrap against textbook numbers, plain loops, and properties that hold for any people."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from perso.stats import bootstrap
from perso.stats.bootstrap import Interval, bootstrap_statistic, spearman

SEEDS = pytest.mark.parametrize("seed", range(6))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ends(interval: Interval) -> tuple[float, float, float]:
    return interval.value, interval.low, interval.high


# any statistic of people


def test_over_people_of_a_mean_is_nearly_students_interval():
    """Percentiles are expanded as Student's t is against the normal."""
    values = rng(2).normal(0.5, 1, 20)
    found, p = bootstrap_statistic(lambda index: values[index].mean(), 20, rng(), draws=8000)
    student = scipy_stats.ttest_1samp(values, 0)
    assert ends(found) == pytest.approx((values.mean(), *student.confidence_interval()), abs=0.04)
    assert p == pytest.approx(student.pvalue, abs=0.02)


def test_the_bootstraps_p_is_above_0_and_at_most_1():
    assert 0 < bootstrap_statistic(lambda index: 1.0, 9, rng(), draws=99)[1] < 0.1
    assert bootstrap_statistic(lambda index: 0.0, 9, rng(), draws=99)[1] == 1


def test_draws_where_the_statistic_is_nan_are_left_out_and_too_many_leave_no_interval():
    """Person 0 is missing in a third of the draws; one of persons 0 to 2 in more than half."""
    values = rng(1).normal(3, 1, 8)
    some = bootstrap_statistic(
        lambda index: values[index].mean() if 0 in index else np.nan, 8, rng()
    )
    assert some[0].low < some[0].value < some[0].high and some[1] < 0.05
    none = bootstrap_statistic(
        lambda index: values[index].mean() if {0, 1, 2} <= set(index) else np.nan, 8, rng()
    )
    assert (
        none[0].value == pytest.approx(values.mean())
        and np.isnan([none[0].low, none[0].high, none[1]]).all()
    )


@SEEDS
def test_rho_is_spearmans_with_ties(seed):
    a, b = rng(seed).integers(0, 5, (2, 9)) / 10
    assert spearman(a, b) == pytest.approx(scipy_stats.spearmanr(a, b).statistic)
    assert spearman(a + rng(seed).normal(0, 1e-15, 9), b) == spearman(a, b)  # ties but for rounding


@pytest.mark.parametrize(
    ("a", "b"), [([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [2, 2, 2])]
)
def test_rho_needs_three_and_what_varies(a, b):
    assert np.isnan(spearman(np.array(a, float), np.array(b, float)))


# degenerate cases


@pytest.mark.filterwarnings("error")
class TestDegenerate:
    def test_equal_people_have_an_interval_of_no_width(self):
        found, p = bootstrap_statistic(lambda index: np.zeros(8)[index].mean(), 8, rng())
        assert ends(found) == (0, 0, 0) and p == 1

    @pytest.mark.parametrize("n", range(2, bootstrap.MIN_PEOPLE))
    def test_too_few_people_have_no_interval(self, n):
        values = np.linspace(0.1, 0.2, n)
        found, p = bootstrap_statistic(lambda index: values[index].mean(), n, rng())
        assert np.isfinite(found.value) and np.isnan([found.low, found.high, p]).all()
