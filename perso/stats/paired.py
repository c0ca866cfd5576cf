"""Paired statistics over people. Pure functions; a difference is one number per person, float [n]."""

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import DescrStatsW

ALIKE = 1e-12  # what differs by less does so by rounding alone


@dataclass(frozen=True)
class PairedChange:
    """A mean paired difference."""

    mean: float
    low: float  # ends of the 95 % interval, by Student's t; nan where it cannot be computed
    high: float
    p: float  # two-sided paired t-test; nan where it cannot be computed
    n: int  # people


def paired_change(differences: np.ndarray, level: float = 0.95) -> PairedChange:
    """Mean, interval and p of paired differences [n]; nan are left out.

    Below two people, and where all differ by the same amount, there is no interval and no p: without
    spread there is no error to measure by. Only where nobody differs at all p is 1, which claims nothing.
    """
    d = np.asarray(differences, float)
    d = d[~np.isnan(d)]
    n, mean = len(d), float(d.mean()) if len(d) else np.nan
    if n < 2:
        return PairedChange(mean, np.nan, np.nan, np.nan, n)
    if np.ptp(d) < ALIKE:
        return PairedChange(mean, np.nan, np.nan, 1.0 if abs(mean) < ALIKE else np.nan, n)
    error = d.std(ddof=1) / np.sqrt(n)
    reach = stats.t.ppf((1 + level) / 2, n - 1) * error
    return PairedChange(
        mean, mean - reach, mean + reach, float(2 * stats.t.sf(abs(mean / error), n - 1)), n
    )


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's correction of a family of p values [k]; nan stay nan and are not counted.

    As statsmodels' multipletests, which collects garbage for half a second at every call.
    """
    p = np.asarray(p, float)
    corrected, order = (
        np.full(p.shape, np.nan),
        np.argsort(p)[: np.count_nonzero(~np.isnan(p))],
    )  # nan come last
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)), 1)
    return corrected


@dataclass(frozen=True)
class Equivalence:
    """A mean paired difference, weighed against a margin within which it means nothing."""

    mean: float
    low: float  # ends of the 90 % interval, by Student's t
    high: float
    p: float  # of the two one-sided tests (TOST) that the mean lies within ±margin; nan where it cannot be computed
    n: int  # people
    margin: float  # in the unit of the differences
    equivalent: bool  # p < .05, which is: the interval lies within ±margin


def tost(differences: np.ndarray, margin: float) -> Equivalence:
    """Whether paired differences [n] are zero on average, give or take `margin`; nan are left out.

    Below two people, and where all differ by the same amount, be it 0, there is no p and nothing is
    shown: with few test images per person equal accuracies are common, whatever the true difference.
    """
    d = np.asarray(differences, float)
    d = d[~np.isnan(d)]
    seen = paired_change(d, level=0.9)
    p = float(DescrStatsW(d).ttost_mean(-margin, margin)[0]) if seen.low < seen.high else np.nan
    return Equivalence(seen.mean, seen.low, seen.high, p, seen.n, margin, p < 0.05)


def d_z(differences: np.ndarray) -> float:
    """Effect size of paired differences [n]: their mean in units of their sd (Cohen 1988); nan where none varies."""
    d = np.asarray(differences, float)
    return float(d.mean() / d.std(ddof=1)) if len(d) > 1 and np.ptp(d) > ALIKE else np.nan


def wilcoxon(differences: np.ndarray) -> float:
    """p of the signed-rank test of paired differences [n], zeros left out; nan where all are 0 or fewer than two."""
    d = np.round(np.asarray(differences, float), 12)  # what is equal but for rounding shares a rank
    return float(stats.wilcoxon(d).pvalue) if len(d) > 1 and d.any() else np.nan


def detectable_effect(
    sd: float, n: int, tests: int = 1, power: float = 0.8, alpha: float = 0.05
) -> float:
    """The least mean difference that a two-sided paired t-test of n people finds with this power, in the unit of sd.

    tests   Bonferroni's bound on a family of so many
    nan below three people, and where nothing varies: an sd of 0 does not mean that any difference is found.
    """
    if n < 3 or not sd > ALIKE:
        return np.nan
    alpha /= tests
    found = TTestPower().solve_power(nobs=n, alpha=alpha, power=power, alternative="two-sided")
    size = float(np.squeeze(found))
    if (
        not abs(power_at(size, n, alpha) - power) < 1e-4
    ):  # no root: so for few people and many tests
        upper = 1.0
        while power_at(upper, n, alpha) < power:
            upper *= 2
        size = float(brentq(lambda each: power_at(each, n, alpha) - power, 0, upper))
    return size * sd


def power_at(size: float, n: int, alpha: float) -> float:
    """Power of a two-sided paired t-test of n people at level alpha, where the mean is `size` sd."""
    bar, shift = stats.t.isf(alpha / 2, n - 1), size * np.sqrt(n)
    opposite = stats.nct.cdf(-bar, n - 1, shift)  # scipy gives nan where it is next to 0
    return float(stats.nct.sf(bar, n - 1, shift) + np.nan_to_num(opposite))


def non_inferiority(differences: np.ndarray, margin: float) -> float:
    """p of the t-test that paired differences [n] are above -margin on average.

    nan below two people, and where all differ by the same amount, be it 0, as in TOST.
    """
    d = np.asarray(differences, float)
    if len(d) < 2 or np.ptp(d) < ALIKE:
        return np.nan
    return float(DescrStatsW(d).ttest_mean(-margin, alternative="larger")[1])


def page_trend(values: np.ndarray) -> float:
    """p of Page's L for values [n, k] of n people: that they rise from column to column, k of three or more."""
    return float(
        stats.page_trend_test(np.round(values, 12)).pvalue
    )  # what differs by rounding alone is tied


@dataclass(frozen=True)
class Belief:
    """Probabilities that one is worse than the other, practically equal, better; they add up to 1."""

    worse: float
    equal: float
    better: float


def bayesian_signed_rank(
    d: np.ndarray, rope: float, rng: np.random.Generator, draws: int = 4000
) -> Belief:
    """Bayesian signed-rank test of paired differences [n], with ±rope the region of practical equivalence.

    Dirichlet process with strength 1/2 on a pseudo-difference of 0 (Benavoli et al. 2017, JMLR 18:77, eq. 10 and 11);
    each probability is the share of draws in which that region weighs most. nan below two people, and
    where all differ by the same amount: of zeros alone every draw would say "equal", however few they are.
    """
    d = without_nan(d)
    if len(d) < 2 or np.ptp(d) < 1e-12:
        return Belief(np.nan, np.nan, np.nan)
    z = np.r_[0.0, d]
    sums = z[:, None] + z[None]
    weights = rng.dirichlet(np.r_[0.5, np.ones(len(d))], size=draws)
    worse, better = (
        np.einsum("di,ij,dj->d", weights, side.astype(float), weights, optimize=True)
        for side in (sums < -2 * rope, sums > 2 * rope)
    )
    most = np.argmax([worse, 1 - worse - better, better], axis=0)
    return Belief(*(float(np.mean(most == side)) for side in range(3)))


def without_nan(d: np.ndarray) -> np.ndarray:
    """Values without those that are nan."""
    d = np.asarray(d, float)
    return d[~np.isnan(d)]
