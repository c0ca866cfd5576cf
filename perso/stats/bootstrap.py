"""Bootstrap over people. All functions take an explicit `np.random.Generator`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from perso.stats.paired import ROUNDING, without_nan

MIN_PEOPLE = 5  # with fewer people there is no bootstrap interval


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval; the ends are nan where there is no interval."""

    value: float
    low: float
    high: float


def bootstrap_statistic(
    statistic: Callable[[np.ndarray], float],
    n: int,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> tuple[Interval, float]:
    """A statistic of n people with its percentile interval and two-sided p that it is 0.

    statistic   of an index of people, int [n], drawn with replacement
    The percentiles are expanded for few people, as Student's t is wider than the normal
    distribution (Hesterberg 2015, 5.3). Draws where the statistic is nan are left out. Interval and
    p are nan below MIN_PEOPLE people, where the statistic is nan, and where it is nan in more than
    half of the draws.
    """
    # not scipy.stats.bootstrap: it has neither the expansion nor a p
    value = float(statistic(np.arange(n)))
    if n < MIN_PEOPLE or np.isnan(value):
        return Interval(value, np.nan, np.nan), np.nan
    found = without_nan(np.array([statistic(rng.integers(n, size=n)) for _ in range(draws)]))
    if len(found) < draws / 2:
        return Interval(value, np.nan, np.nan), np.nan
    expansion = np.sqrt(n / (n - 1))
    tail = stats.norm.cdf(expansion * stats.t.ppf((1 - level) / 2, n - 1))
    low, high = np.quantile(found, [tail, 1 - tail])
    # p is the level at which an end of the interval reaches 0
    share = min((1 + np.sum(side)) / (1 + len(found)) for side in (found <= 0, found >= 0))
    p = 2 * stats.t.cdf(stats.norm.ppf(min(share, 0.5)) / expansion, n - 1)
    return Interval(value, float(low), float(high)), float(p)


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation of a [k] and b [k]; values equal but for rounding are tied.

    nan where k is below 3 and where a or b does not vary.
    """
    # not scipy's spearmanr: its last digits differ, and its p takes time in every bootstrap draw
    if len(a) < 3 or np.ptp(a) < ROUNDING or np.ptp(b) < ROUNDING:
        return np.nan
    ranks_a = stats.rankdata(np.round(a, 12))
    ranks_b = stats.rankdata(np.round(b, 12))
    return float(np.corrcoef(ranks_a, ranks_b)[0, 1])
