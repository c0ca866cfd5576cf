"""Bootstrap over people and their digits. All functions take an explicit `np.random.Generator`.

Differences are one number per person, float [n]. Values within a person are per original sample: a
digit and its flips are one original sample and are drawn together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from perso.stats.paired import ROUNDING, without_nan
from perso.stats.permutation import permute_within_person

MIN_PEOPLE = 5  # with fewer people there is no bootstrap interval
POOL_SIZE = 400  # resamples of one person's samples; each draw of the person takes one of them


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval; the ends are nan where there is no interval."""

    value: float
    low: float
    high: float


def hierarchical_bootstrap(
    persons: Sequence[np.ndarray], rng: np.random.Generator, draws: int = 4000, level: float = 0.95
) -> Interval:
    """The mean over people with its interval: people are drawn, then each one's original samples.

    persons   one array [k, 2] per person; for each of the k original samples the sum over its
              images and the number of its images
    The interval is `studentized`. A drawn person varies more than a real one, because their samples
    are drawn, too; so plain quantiles of the draws would be too wide. Below MIN_PEOPLE people the
    ends are nan.
    """
    # not scipy.stats.bootstrap: it draws at one level and has no bootstrap-t; the 95 % of this
    # interval are checked in chapters/17-calibration
    values = np.array([person_mean(person) for person in persons])
    n = len(values)
    if n < MIN_PEOPLE:
        return Interval(float(np.mean(values)) if n else np.nan, np.nan, np.nan)
    counts = {}  # {k: how often each of k samples is drawn, [POOL_SIZE, k]}
    pool = np.empty((POOL_SIZE, n))  # means of the resampled people
    for place, person in enumerate(persons):
        k = len(person)
        if k not in counts:
            counts[k] = rng.multinomial(k, np.full(k, 1 / k), size=POOL_SIZE).astype(float)
        sums = counts[k] @ person
        pool[:, place] = sums[:, 0] / sums[:, 1]
    resample = rng.integers(POOL_SIZE, size=(draws, n))
    people = rng.integers(n, size=(draws, n))
    return studentized(values, pool[resample, people], level)


def bootstrap_mean(
    values: np.ndarray, rng: np.random.Generator, draws: int = 4000, level: float = 0.95
) -> Interval:
    """The mean of one number per person [n] with its `studentized` interval; people are drawn.

    Below MIN_PEOPLE people the ends are nan.
    """
    values = np.asarray(values, float)
    n = len(values)
    if n < MIN_PEOPLE:
        return Interval(float(np.mean(values)) if n else np.nan, np.nan, np.nan)
    return studentized(values, values[rng.integers(n, size=(draws, n))], level)


def clipped(interval: Interval) -> Interval:
    """The interval of a correlation, its ends clipped to -1 and 1; nan stay nan."""
    low, high = (float(np.clip(end, -1, 1)) for end in (interval.low, interval.high))
    return Interval(interval.value, low, high)


def studentized(values: np.ndarray, drawn: np.ndarray, level: float = 0.95) -> Interval:
    """Symmetric bootstrap-t interval of the mean (Hall 1988).

    values   one number per person, [n]
    drawn    the numbers of the drawn people, [draws, n]
    Both ends are equally far from the mean, by the quantile of |t|. Where most people differ
    little, separate quantiles for the two ends cover less often.
    """
    n = len(values)
    mean = float(values.mean())
    error = values.std(ddof=1) / np.sqrt(n)
    shifts = np.abs(drawn.mean(axis=1) - mean)
    errors = drawn.std(axis=1, ddof=1) / np.sqrt(n)
    # draws of people who do not differ have no standard error: |t| is 0 or infinite
    constant = errors < ROUNDING
    t = shifts / np.where(constant, 1.0, errors)
    t = np.where(constant, np.where(shifts < ROUNDING, 0.0, np.inf), t)
    reach = np.inf if error < ROUNDING else error * np.quantile(t, level, method="nearest")
    if not np.isfinite(reach):  # without a standard error: the quantile of the shifts themselves
        reach = np.quantile(shifts, level)
    return Interval(mean, float(mean - reach), float(mean + reach))


def person_mean(person: np.ndarray) -> float:
    """A person's mean over images, from sums and numbers of images by original sample, [k, 2]."""
    sums = np.asarray(person, float).sum(axis=0)
    return sums[0] / sums[1]


def sums_by_item(values: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Sum and number of images by original sample, float [k, 2].

    values, item   of each image [n]: its value, and the original sample that it belongs to
    """
    _, place = np.unique(item, return_inverse=True)
    return np.stack([np.bincount(place, values), np.bincount(place)], axis=1)


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


def spearman_over_settings(
    sides: Callable[..., tuple],
    tables: Sequence[np.ndarray],
    rng: np.random.Generator,
    draws: int = 2000,
    permutations: int = 999,
    same: bool = False,
) -> tuple[Interval, float]:
    """Spearman's rho over settings with its `bootstrap_statistic` interval and p, people drawn.

    sides    makes of the tables the two sides to correlate, [k] and [k]
    tables   of people and settings, [n, k] each
    same     both sides are computed from the same numbers, like a mean and an SD
    With `same`, the bootstrap's p alone is too small: sampling noise that lowers a mean near the
    ceiling also widens its SD. So p is then the larger of it and that of `permute_within_person`.
    Where no person differs from another, interval and p are nan.
    """

    def rho(*tables: np.ndarray) -> float:
        return spearman(*sides(*tables))

    if all(np.ptp(table, axis=0).max(initial=0) < ROUNDING for table in tables if len(table)):
        return Interval(rho(*tables), np.nan, np.nan), np.nan
    interval, p = bootstrap_statistic(
        lambda index: rho(*(table[index] for table in tables)), len(tables[0]), rng, draws
    )
    if same and not np.isnan(p):
        p = max(p, permute_within_person(rho, tables, rng, permutations))
    return interval, p
