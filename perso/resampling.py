"""What needs no formula: people, and what they wrote, drawn anew. A generator is always given, never global.

Differences are one number per person, float [n]; what lies within a person is given per original sample.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEAST = 5  # people below whom a bootstrap says nothing
POOL = 400  # draws of a person's samples, out of which every drawn person takes one


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval; its ends are nan where nothing can be said."""

    value: float
    low: float
    high: float


def sign_flip(d: np.ndarray, rng: np.random.Generator, permutations: int = 2**14) -> float:
    """Two-sided p that paired differences [n] are symmetric about 0, by flipping their signs; exact up to 14 people.

    nan below two people; 1 where all are 0.
    """
    d = known(d)
    if len(d) < 2:
        return np.nan
    found = stats.permutation_test(
        (d,), lambda x, axis: np.round(np.mean(x, axis=axis), 12), permutation_type="samples", vectorized=True,
        n_resamples=permutations, rng=rng,
    )
    return float(found.pvalue)


def least_people(tests: int = 1, alpha: float = 0.05, sides: int = 2) -> int:
    """With fewer people no sign-flip p, corrected for so many tests, can fall below alpha."""
    return int(np.floor(np.log2(sides * tests / alpha))) + 1


def hierarchical(
    persons: Sequence[np.ndarray], rng: np.random.Generator, draws: int = 4000, level: float = 0.95
) -> Interval:
    """The mean over people with an interval by the hierarchical bootstrap: people, then each one's original samples.

    persons   a float [k, 2] each: of every original sample the sum over its images (flips together), and their number
    Studentized: a drawn person is noisier than a real one, by the second drawing, and each draw is measured by its own
    standard error; plain quantiles of the draws would be too wide. Below LEAST people there is no interval.
    """
    values = np.array([total(person) for person in persons])
    n, mean = len(values), float(np.mean(values)) if len(values) else np.nan
    if n < LEAST:
        return Interval(mean, np.nan, np.nan)
    pools, again = {}, np.empty((POOL, n))
    for place, person in enumerate(persons):
        k = len(person)
        if k not in pools:
            pools[k] = rng.multinomial(k, np.full(k, 1 / k), size=POOL).astype(float)
        sums = pools[k] @ person
        again[:, place] = sums[:, 0] / sums[:, 1]
    drawn = again[rng.integers(POOL, size=(draws, n)), rng.integers(n, size=(draws, n))]
    return studentized(values, drawn, level)


def people_alone(values: np.ndarray, rng: np.random.Generator, draws: int = 4000, level: float = 0.95) -> Interval:
    """The same of one number per person, [n], where nothing within a person can be drawn."""
    n = len(values)
    if n < LEAST:
        return Interval(float(np.mean(values)) if n else np.nan, np.nan, np.nan)
    return studentized(values, values[rng.integers(n, size=(draws, n))], level)


def studentized(values: np.ndarray, drawn: np.ndarray, level: float = 0.95) -> Interval:
    """Bootstrap-t interval of the mean of values [n], from drawn ones [draws, n] (Efron and Tibshirani 1993, 12.5)."""
    n, mean = len(values), values.mean()
    error = values.std(ddof=1) / np.sqrt(n)
    errors = drawn.std(axis=1, ddof=1) / np.sqrt(n)
    moved = drawn.mean(axis=1) - mean
    if error < 1e-12 and np.all(np.abs(moved) < 1e-12):  # all alike, and nothing within them varies
        return Interval(float(mean), float(mean), float(mean))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(errors > 1e-12, moved / errors, np.sign(moved) * np.inf)
    t[np.isnan(t)] = 0.0
    ends = np.array([(1 - level) / 2, (1 + level) / 2])
    low, high = mean - error * np.quantile(t, ends[::-1], method="nearest")
    plain = np.quantile(moved + mean, ends)  # where so few differ that draws without any spread decide the end
    low, high = np.where(np.isfinite([low, high]), [low, high], plain)
    return Interval(float(mean), float(low), float(high))


def total(person: np.ndarray) -> float:
    """The mean over a person's images from [k, 2], sums and numbers by original sample."""
    sums = np.asarray(person, float).sum(axis=0)
    return sums[0] / sums[1]


def by_item(values: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Values of images [n] → sum and number by original sample, float [k, 2]."""
    _, place = np.unique(item, return_inverse=True)
    return np.stack([np.bincount(place, values), np.bincount(place)], axis=1)


def over_people(
    statistic: Callable[[np.ndarray], float], n: int, rng: np.random.Generator, draws: int = 2000, level: float = 0.95
) -> tuple[Interval, float]:
    """Any statistic of people with its percentile interval, and the bootstrap's two-sided p that it is 0.

    statistic   of an index of people, int [n], drawn with replacement; draws where it is nan are left out
    """
    value = float(statistic(np.arange(n)))
    if n < LEAST or np.isnan(value):
        return Interval(value, np.nan, np.nan), np.nan
    found = known(np.array([statistic(rng.integers(n, size=n)) for _ in range(draws)]))
    if len(found) < draws / 2:
        return Interval(value, np.nan, np.nan), np.nan
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    below, above = ((1 + np.sum(side)) / (1 + len(found)) for side in (found <= 0, found >= 0))
    return Interval(value, float(low), float(high)), float(min(1.0, 2 * min(below, above)))


def rho(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation of a [k] and b [k]; nan where one of them does not vary or k is below 3.

    Values that differ by rounding alone are ties.
    """
    if len(a) < 3 or np.ptp(a) < 1e-12 or np.ptp(b) < 1e-12:
        return np.nan
    return float(np.corrcoef(stats.rankdata(np.round(a, 12)), stats.rankdata(np.round(b, 12)))[0, 1])


def sd_ratio(a: np.ndarray, b: np.ndarray, rng: np.random.Generator, draws: int = 2000) -> tuple[Interval, float]:
    """log of sd(a) / sd(b), paired values [n] of the same people, with its bootstrap interval and p over people."""

    def logged(index):
        one, other = a[index].std(ddof=1), b[index].std(ddof=1)
        return np.log(one / other) if min(one, other) > 1e-12 else np.nan

    if len(a) < 2:
        return Interval(np.nan, np.nan, np.nan), np.nan
    return over_people(logged, len(a), rng, draws)


@dataclass(frozen=True)
class Belief:
    """Probabilities that one is worse than the other, practically equal, better; they add up to 1."""

    worse: float
    equal: float
    better: float


def signed_rank(d: np.ndarray, rope: float, rng: np.random.Generator, draws: int = 4000) -> Belief:
    """Bayesian signed-rank test of paired differences [n], with ±rope the region of practical equivalence.

    Dirichlet process with strength 1/2 on a pseudo-difference of 0 (Benavoli et al. 2017, JMLR 18:77, eq. 10 and 11);
    each probability is the share of draws in which that region weighs most. nan below two people.
    """
    d = known(d)
    if len(d) < 2:
        return Belief(np.nan, np.nan, np.nan)
    z = np.r_[0.0, d]
    sums = z[:, None] + z[None]
    weights = rng.dirichlet(np.r_[0.5, np.ones(len(d))], size=draws)
    worse, better = (np.einsum("di,ij,dj->d", weights, side.astype(float), weights, optimize=True)
                     for side in (sums < -2 * rope, sums > 2 * rope))
    most = np.argmax([worse, 1 - worse - better, better], axis=0)
    return Belief(*(float(np.mean(most == side)) for side in range(3)))


def known(d: np.ndarray) -> np.ndarray:
    """Values without those that are nan."""
    d = np.asarray(d, float)
    return d[~np.isnan(d)]
