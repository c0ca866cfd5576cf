"""Statistics of people in cohorts that are no means, such as an SD or a slope over settings.

A mean over people has `cohorts.mean_over_people`; here the interval comes from resampling.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import stats

from perso.stats.bootstrap import MIN_PEOPLE
from perso.stats.cohorts import MIN_COHORTS
from perso.stats.draws import draws_for
from perso.stats.paired import ROUNDING, without_nan

AT_ONCE = 250  # draws that are computed together: more would need more memory


@dataclass(frozen=True)
class Drawn:
    """People of one cohort, as they are or drawn with replacement.

    Below, `values` are of all people of all cohorts, [people, k].
    """

    cohort: np.ndarray  # places of the cohort's people, int [n]
    picked: np.ndarray  # which of them, int 0 … n-1, [..., n]

    @cached_property
    def shares(self) -> np.ndarray:
        """The share that each of the cohort's people has of those drawn, [..., n]."""
        n = len(self.cohort)
        draws = self.picked.reshape(-1, n)
        apart = draws + n * np.arange(len(draws))[:, None]
        return (np.bincount(apart.ravel(), minlength=apart.size) / n).reshape(self.picked.shape)

    def values(self, values: np.ndarray) -> np.ndarray:
        """Their values, [..., n, k]."""
        return values[self.cohort][self.picked]

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Mean of their values, [..., k]."""
        return self.shares @ values[self.cohort]

    def variance(self, values: np.ndarray) -> np.ndarray:
        """Variance of their values (divisor n - 1), [..., k]; nan of a single person."""
        n = len(self.cohort)
        if n < 2:
            return np.full((*self.picked.shape[:-1], values.shape[-1]), np.nan)
        own = values[self.cohort]
        apart = own - own.mean(axis=0)
        squares = self.shares @ apart**2 - (self.shares @ apart) ** 2
        return squares * n / (n - 1)


@dataclass(frozen=True)
class Statistic:
    """A statistic of people in cohorts: a function of numbers that are averaged over cohorts.

    of_cohort   numbers of the people of one cohort, [...] or [..., q]
    of_means    the statistic from the means of these numbers over cohorts, which have their shape
    """

    of_cohort: Callable[[Drawn], np.ndarray]
    of_means: Callable[[np.ndarray], Any]

    def of(self, cohort: np.ndarray) -> Any:
        """The statistic of all people, from the label of each person's cohort [n]."""
        return self.of_means(np.mean(self.by_cohort(in_cohorts(cohort)), axis=0))

    def then(self, function: Callable) -> "Statistic":
        """A function of the statistic."""
        return Statistic(self.of_cohort, lambda means: function(self.of_means(means)))

    def by_cohort(self, groups: Sequence[np.ndarray]) -> np.ndarray:
        """The numbers of each cohort, [cohorts, ...], from the places of its people."""
        return np.array([self.of_cohort(Drawn(own, np.arange(len(own)))) for own in groups])


@dataclass(frozen=True)
class Estimate:
    """A statistic with its intervals; all but value, n and cohorts are nan where it has none."""

    value: float
    low: float  # ends of the 95 % interval
    high: float
    bounds: tuple[float, float]  # ends of the 90 % interval
    p: float  # two-sided, that it is 0
    error: float  # standard error that the 95 % interval stands for
    n: int  # people
    cohorts: int


def estimate(
    statistic: Statistic,
    cohort: np.ndarray,
    rng: np.random.Generator,
    draws: int = 2000,
) -> Estimate:
    """A statistic of people, with intervals by resampling people within their cohorts.

    statistic   one number per draw, [...]
    cohort      label of each person's cohort, [n]
    draws       at most; many people have fewer (`draws_for`)
    The ends are percentiles of the draws, expanded for few people (see
    `bootstrap.bootstrap_statistic`). From three cohorts on there is a second interval, by leaving
    out one cohort at a time (jackknife, Student's t), since people of a cohort share D_G and a
    generic network. The wider of the two counts.

    There are no intervals with too few people, where the statistic is nan, where it is nan in more
    than half of the draws, and where no draw differs from another.
    """
    groups = in_cohorts(cohort)
    n, k = len(cohort), len(groups)
    value = float(statistic.of(cohort)) if n else np.nan
    nothing = Estimate(value, np.nan, np.nan, (np.nan, np.nan), np.nan, np.nan, n, k)
    if n < MIN_PEOPLE or n <= k or np.isnan(value):
        return nothing

    draws = draws_for(draws, n)
    found = without_nan(np.concatenate(list(resamples(statistic, groups, rng, draws))))
    if len(found) < draws / 2 or np.ptp(found) < ROUNDING:
        return nothing
    ends = {level: percentiles(found, level, n, k) for level in (0.95, 0.9)}
    p = percentile_p(found, n, k)
    if k >= MIN_COHORTS:
        error = jackknife_error(statistic, groups)
        for level, (low, high) in ends.items():
            reach = stats.t.ppf((1 + level) / 2, k - 1) * error
            if 2 * reach > high - low:
                ends[level] = value - reach, value + reach
        if error > ROUNDING:
            p = max(p, 2 * stats.t.sf(abs(value / error), k - 1))

    low, high = map(float, ends[0.95])
    return Estimate(
        value=value,
        low=low,
        high=high,
        bounds=tuple(map(float, ends[0.9])),
        p=float(p),
        error=(high - low) / (2 * stats.norm.ppf(0.975)),
        n=n,
        cohorts=k,
    )


def in_cohorts(cohort: np.ndarray) -> list[np.ndarray]:
    """The people of each cohort as places, from the label of each person's cohort [n]."""
    return [np.flatnonzero(np.asarray(cohort) == label) for label in np.unique(cohort)]


def resamples(
    statistic: Statistic, groups: Sequence[np.ndarray], rng: np.random.Generator, draws: int
) -> Iterator[np.ndarray]:
    """Yield the statistic of resampled people, AT_ONCE draws at a time.

    groups   the people of each cohort as places, int [n_c] each
    """
    for start in range(0, draws, AT_ONCE):
        count = min(AT_ONCE, draws - start)
        drawn = (Drawn(own, rng.integers(len(own), size=(count, len(own)))) for own in groups)
        yield statistic.of_means(np.mean([statistic.of_cohort(each) for each in drawn], axis=0))


def percentiles(found: np.ndarray, level: float, n: int, cohorts: int) -> tuple[float, float]:
    """Ends of the interval at a level from draws [d], expanded for n people in cohorts."""
    expansion = np.sqrt(n / (n - cohorts))
    tail = stats.norm.cdf(expansion * stats.t.ppf((1 - level) / 2, n - cohorts))
    low, high = np.quantile(found, [tail, 1 - tail])
    return low, high


def percentile_p(found: np.ndarray, n: int, cohorts: int) -> float:
    """Two-sided p of draws [d]: the level at which an end of `percentiles` reaches 0."""
    share = min((1 + np.sum(side)) / (1 + len(found)) for side in (found <= 0, found >= 0))
    expansion = np.sqrt(n / (n - cohorts))
    return 2 * stats.t.cdf(stats.norm.ppf(min(share, 0.5)) / expansion, n - cohorts)


def jackknife_error(statistic: Statistic, groups: Sequence[np.ndarray]) -> float:
    """Standard error of a statistic by leaving out one cohort at a time, see `resamples`."""
    k = len(groups)
    numbers = statistic.by_cohort(groups)
    means = np.array([np.delete(numbers, c, axis=0).mean(axis=0) for c in range(k)])
    without = statistic.of_means(means)
    return float(np.sqrt((k - 1) / k * ((without - without.mean()) ** 2).sum()))
