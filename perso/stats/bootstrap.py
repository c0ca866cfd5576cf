"""What needs no formula: people, and what they wrote, drawn anew. A generator is always given, never global.

Differences are one number per person, float [n]; what lies within a person is given per original sample.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from perso.stats.paired import without_nan
from perso.stats.permutation import permute_within_person

MIN_PEOPLE = 5  # people below whom a bootstrap says nothing
POOL_SIZE = 400  # draws of a person's samples, out of which every drawn person takes one


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval; its ends are nan where nothing can be said."""

    value: float
    low: float
    high: float


def hierarchical_bootstrap(
    persons: Sequence[np.ndarray], rng: np.random.Generator, draws: int = 4000, level: float = 0.95
) -> Interval:
    """The mean over people with an interval by the hierarchical bootstrap: people, then each one's original samples.

    persons   a float [k, 2] each: of every original sample the sum over its images (flips together), and their number
    Studentized: a drawn person is noisier than a real one, by the second drawing, and each draw is measured by its own
    standard error; plain quantiles of the draws would be too wide. Below LEAST people there is no interval.
    """
    values = np.array([person_mean(person) for person in persons])
    n, mean = len(values), float(np.mean(values)) if len(values) else np.nan
    if n < MIN_PEOPLE:
        return Interval(mean, np.nan, np.nan)
    pools, again = {}, np.empty((POOL_SIZE, n))
    for place, person in enumerate(persons):
        k = len(person)
        if k not in pools:
            pools[k] = rng.multinomial(k, np.full(k, 1 / k), size=POOL_SIZE).astype(float)
        sums = pools[k] @ person
        again[:, place] = sums[:, 0] / sums[:, 1]
    drawn = again[rng.integers(POOL_SIZE, size=(draws, n)), rng.integers(n, size=(draws, n))]
    return studentized(values, drawn, level)


def bootstrap_mean(
    values: np.ndarray, rng: np.random.Generator, draws: int = 4000, level: float = 0.95
) -> Interval:
    """The same of one number per person, [n], where nothing within a person can be drawn."""
    values = np.asarray(values, float)
    n = len(values)
    if n < MIN_PEOPLE:
        return Interval(float(np.mean(values)) if n else np.nan, np.nan, np.nan)
    return studentized(values, values[rng.integers(n, size=(draws, n))], level)


def clipped(interval: Interval) -> Interval:
    """An interval of a correlation, cut at -1 and 1; nan stay nan."""
    return Interval(
        interval.value, *(float(np.clip(end, -1, 1)) for end in (interval.low, interval.high))
    )


def studentized(values: np.ndarray, drawn: np.ndarray, level: float = 0.95) -> Interval:
    """Symmetric bootstrap-t interval of the mean of values [n], from drawn ones [draws, n] (Hall 1988).

    Its two ends lie as far apart as the draws' |t| say; ends of their own cover less where most hits are alike.
    """
    n, mean = len(values), float(values.mean())
    error, moved = values.std(ddof=1) / np.sqrt(n), np.abs(drawn.mean(axis=1) - mean)
    errors = drawn.std(axis=1, ddof=1) / np.sqrt(n)
    still = errors < 1e-12  # draws without any spread, where few people differ at all
    t = np.where(still, np.where(moved < 1e-12, 0.0, np.inf), moved / np.where(still, 1.0, errors))
    reach = np.inf if error < 1e-12 else error * np.quantile(t, level, method="nearest")
    if not np.isfinite(reach):  # no standard error to measure by
        reach = np.quantile(moved, level)
    return Interval(mean, float(mean - reach), float(mean + reach))


def person_mean(person: np.ndarray) -> float:
    """The mean over a person's images from [k, 2], sums and numbers by original sample."""
    sums = np.asarray(person, float).sum(axis=0)
    return sums[0] / sums[1]


def sums_by_item(values: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Values of images [n] → sum and number by original sample, float [k, 2]."""
    _, place = np.unique(item, return_inverse=True)
    return np.stack([np.bincount(place, values), np.bincount(place)], axis=1)


def bootstrap_statistic(
    statistic: Callable[[np.ndarray], float],
    n: int,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> tuple[Interval, float]:
    """Any statistic of people with its percentile interval, and the bootstrap's two-sided p that it is 0.

    statistic   of an index of people, int [n], drawn with replacement; draws where it is nan are left out
    Percentiles are expanded for few people, as Student's t is wider than the normal (Hesterberg 2015, 5.3).
    """
    value = float(statistic(np.arange(n)))
    if n < MIN_PEOPLE or np.isnan(value):
        return Interval(value, np.nan, np.nan), np.nan
    found = without_nan(np.array([statistic(rng.integers(n, size=n)) for _ in range(draws)]))
    if len(found) < draws / 2:
        return Interval(value, np.nan, np.nan), np.nan
    widened = np.sqrt(n / (n - 1))
    end = stats.norm.cdf(widened * stats.t.ppf((1 - level) / 2, n - 1))
    low, high = np.quantile(found, [end, 1 - end])
    tail = min((1 + np.sum(side)) / (1 + len(found)) for side in (found <= 0, found >= 0))
    p = 2 * stats.t.cdf(stats.norm.ppf(min(tail, 0.5)) / widened, n - 1)
    return Interval(value, float(low), float(high)), float(p)


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation of a [k] and b [k]; nan where one of them does not vary or k is below 3.

    Values that differ by rounding alone are ties.
    """
    if len(a) < 3 or np.ptp(a) < 1e-12 or np.ptp(b) < 1e-12:
        return np.nan
    return float(
        np.corrcoef(stats.rankdata(np.round(a, 12)), stats.rankdata(np.round(b, 12)))[0, 1]
    )


def spearman_over_settings(
    sides: Callable[..., tuple],
    tables: Sequence[np.ndarray],
    rng: np.random.Generator,
    draws: int = 2000,
    permutations: int = 999,
    same: bool = False,
) -> tuple[Interval, float]:
    """Spearman's rho over settings: of tables [n people, k settings] `sides` makes what is correlated, [k] and [k].

    same   both sides are made of the same numbers, like a mean and an sd
    p is the bootstrap's, that people drawn anew give another sign. Of the same numbers it is deceived: whoever is
    unlucky in a setting lowers its mean and widens its spread. There p is the larger of this and `dealt`'s, that
    settings which are alike give as much. Where no person differs from another, there is no interval and no p.
    """

    def over_settings(*tables):
        return spearman(*sides(*tables))

    if all(np.ptp(table, axis=0).max(initial=0) < 1e-12 for table in tables if len(table)):
        return Interval(over_settings(*tables), np.nan, np.nan), np.nan
    interval, p = bootstrap_statistic(
        lambda index: over_settings(*(t[index] for t in tables)), len(tables[0]), rng, draws
    )
    if same and not np.isnan(p):
        p = max(p, permute_within_person(over_settings, tables, rng, permutations))
    return interval, p
