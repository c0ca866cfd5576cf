"""Paired statistics over people: pure functions of one difference per person, float [n]."""

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import DescrStatsW

from perso.stats.draws import draws_for

WEIGHTS_AT_ONCE = 2**20  # weights of people in draws that are computed together
ROUNDING = 1e-12  # numbers that differ by less than this differ by rounding alone


@dataclass(frozen=True)
class PairedChange:
    """A mean paired difference with its interval and p."""

    mean: float
    low: float  # ends of the 95 % interval, by Student's t; nan where it cannot be computed
    high: float
    p: float  # two-sided paired t-test; nan where it cannot be computed
    n: int  # people


def paired_change(differences: np.ndarray, level: float = 0.95) -> PairedChange:
    """Mean, interval and p of paired differences [n]; nan are left out.

    Below two people, and where all differ by the same amount, interval and p are nan: without
    spread there is no standard error. Only where no person differs at all p is 1: no evidence.
    """
    # not scipy's ttest_1samp: its last digits differ, and it needs the same special cases
    d = without_nan(differences)
    n = len(d)
    mean = float(d.mean()) if n else np.nan
    if n < 2:
        return PairedChange(mean, np.nan, np.nan, np.nan, n)
    if np.ptp(d) < ROUNDING:
        return PairedChange(mean, np.nan, np.nan, 1.0 if abs(mean) < ROUNDING else np.nan, n)
    error = d.std(ddof=1) / np.sqrt(n)
    reach = stats.t.ppf((1 + level) / 2, n - 1) * error
    p = float(2 * stats.t.sf(abs(mean / error), n - 1))
    return PairedChange(mean, mean - reach, mean + reach, p, n)


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's correction of a family of p values [k]; nan stay nan and are not counted."""
    # not statsmodels' multipletests: it collects garbage, half a second at every call
    p = np.asarray(p, float)
    order = np.argsort(p)[: np.count_nonzero(~np.isnan(p))]  # nan are sorted last
    tests_left = np.arange(len(order), 0, -1)
    corrected = np.full(p.shape, np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * tests_left), 1)
    return corrected


@dataclass(frozen=True)
class Equivalence:
    """A mean paired difference, tested for equivalence within a margin."""

    mean: float
    low: float  # ends of the 90 % interval, by Student's t
    high: float
    p: float  # two one-sided tests (TOST) that |mean| < margin; nan where it cannot be computed
    n: int  # people
    margin: float  # in the unit of the differences
    equivalent: bool  # p < .05, which is the same as: the interval lies within ±margin


def tost(differences: np.ndarray, margin: float) -> Equivalence:
    """Test by two one-sided t-tests that the mean of paired differences [n] lies within ±margin.

    nan are left out. Below two people, and where all differ by the same amount, even by 0, p is nan
    and equivalence is not concluded: people with few test images often have equal accuracies,
    whatever the true difference.
    """
    d = without_nan(differences)
    change = paired_change(d, level=0.9)
    has_interval = change.low < change.high
    p = float(DescrStatsW(d).ttost_mean(-margin, margin)[0]) if has_interval else np.nan
    return Equivalence(change.mean, change.low, change.high, p, change.n, margin, p < 0.05)


def d_z(differences: np.ndarray) -> float:
    """Effect size of paired differences [n]: their mean in units of their SD (Cohen 1988).

    nan below two people and where the differences do not vary.
    """
    d = np.asarray(differences, float)
    return float(d.mean() / d.std(ddof=1)) if len(d) > 1 and np.ptp(d) > ROUNDING else np.nan


def wilcoxon(differences: np.ndarray) -> float:
    """Two-sided p of the signed-rank test of paired differences [n]; zeros are left out.

    nan below two people and where all differences are 0.
    """
    d = np.round(np.asarray(differences, float), 12)  # equal but for rounding: one rank
    return float(stats.wilcoxon(d).pvalue) if len(d) > 1 and d.any() else np.nan


def detectable_effect(
    sd: float, n: int, tests: int = 1, power: float = 0.8, alpha: float = 0.05
) -> float:
    """Minimum detectable effect (MDE) of a two-sided paired t-test, in the unit of `sd`.

    sd      SD of the paired differences over n people
    tests   size of the family of tests; alpha is divided by it (Bonferroni)
    power   probability that the test finds a true mean difference of this size
    nan below three people and where nothing varies: sd = 0 does not mean that any difference is
    found.
    """
    if n < 3 or not sd > ROUNDING:
        return np.nan
    alpha /= tests
    found = TTestPower().solve_power(nobs=n, alpha=alpha, power=power, alternative="two-sided")
    size = float(np.squeeze(found))
    # for few people and many tests statsmodels finds no root: search for it by bisection
    solved = abs(power_at(size, n, alpha) - power) < 1e-4  # False where size is nan
    if not solved:
        upper = 1.0
        while power_at(upper, n, alpha) < power:
            upper *= 2
        size = float(brentq(lambda size: power_at(size, n, alpha) - power, 0, upper))
    return size * sd


def power_at(size: float, n: int, alpha: float) -> float:
    """Power of a two-sided paired t-test at level alpha, for n people and a true d_z of `size`."""
    return power_of_t(size * np.sqrt(n), n - 1, alpha)


def power_of_t(noncentrality: float, df: float, alpha: float) -> float:
    """Power of a two-sided t-test at level alpha; noncentrality: true mean / standard error."""
    critical = stats.t.isf(alpha / 2, df)
    upper_tail = stats.nct.sf(critical, df, noncentrality)
    # scipy gives nan where the lower tail is close to 0
    lower_tail = np.nan_to_num(stats.nct.cdf(-critical, df, noncentrality))
    return float(upper_tail + lower_tail)


def non_inferiority(differences: np.ndarray, margin: float) -> float:
    """One-sided p of the t-test that the mean of paired differences [n] is above -margin.

    nan below two people, and where all differ by the same amount, even by 0, as in `tost`.
    """
    d = np.asarray(differences, float)
    if len(d) < 2 or np.ptp(d) < ROUNDING:
        return np.nan
    return float(DescrStatsW(d).ttest_mean(-margin, alternative="larger")[1])


def page_trend(values: np.ndarray) -> float:
    """One-sided p of Page's L that values [n people, k ≥ 3 columns] rise from column to column."""
    return float(stats.page_trend_test(np.round(values, 12)).pvalue)  # equal but for rounding: tied


@dataclass(frozen=True)
class Belief:
    """Probabilities that one is worse than the other, practically equal, better; they sum to 1."""

    worse: float
    equal: float
    better: float


def bayesian_signed_rank(
    d: np.ndarray, rope: float, rng: np.random.Generator, draws: int = 4000
) -> Belief:
    """Bayesian signed-rank test of paired differences [n]; ±rope is practical equivalence.

    A Dirichlet process with prior strength 1/2 on a pseudo-difference of 0 (Benavoli et al. 2017,
    JMLR 18:77, eq. 10 and 11). Each probability is the share of draws in which its region has the
    largest weight; many people have fewer draws (`draws_for`). nan are left out. The result is nan
    below two people and where all differ by the same amount: with zeros alone every draw says
    "equal", however few they are.
    """
    # ours, as neither scipy nor statsmodels has it
    d = without_nan(d)
    if len(d) < 2 or np.ptp(d) < ROUNDING:
        return Belief(np.nan, np.nan, np.nan)
    z = np.r_[0.0, d]
    ordered = np.argsort(z, kind="stable")
    different, starts = np.unique(z[ordered], return_index=True)
    # of each one, how many make a sum (twice the Walsh average) below -2·rope, and up to 2·rope
    below = [np.searchsorted(each + different, -2 * rope, "left") for each in different]
    up_to = [np.searchsorted(each + different, 2 * rope, "right") for each in different]
    draws = draws_for(draws, len(d))
    worse, better = np.empty(draws), np.empty(draws)
    alpha = np.r_[0.5, np.ones(len(d))]
    at_once = max(1, WEIGHTS_AT_ONCE // len(z))
    for start in range(0, draws, at_once):
        count = min(at_once, draws - start)
        weights = rng.dirichlet(alpha, size=count)
        weights = np.add.reduceat(weights[:, ordered], starts, axis=1)
        # sums of the weights of the first 0, 1, … in order; all sum to 1
        first = np.cumsum(np.c_[np.zeros(count), weights], axis=1)
        some = slice(start, start + count)
        worse[some] = np.einsum("di,di->d", weights, first[:, below])
        better[some] = np.einsum("di,di->d", weights, 1 - first[:, up_to])
    largest = np.argmax([worse, 1 - worse - better, better], axis=0)
    return Belief(*(float(np.mean(largest == region)) for region in range(3)))


def without_nan(d: np.ndarray) -> np.ndarray:
    """The values of d that are not nan, float."""
    d = np.asarray(d, float)
    return d[~np.isnan(d)]
