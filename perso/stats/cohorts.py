"""Means over people of several cohorts, with errors that include what a cohort's people share.

The people of a cohort share D_G with its test digits, and a generic network. So their differences
are not independent. From three cohorts on, the spread of the cohorts' means shows how much that
matters; below, it must be known from within a cohort.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from perso.stats.paired import ROUNDING

MIN_COHORTS = 3  # from here on the spread of the cohorts' means is an estimate of their error


@dataclass(frozen=True)
class Mean:
    """A mean over people with its error, in the unit of the values."""

    mean: float
    error: float  # standard error; nan where it cannot be computed, as are df and the interval
    df: float  # degrees of freedom of Student's t
    n: int  # people
    cohorts: int  # below MIN_COHORTS the mean holds for the D_G of these cohorts
    low: float  # ends of the 95 % interval
    high: float
    p: float  # two-sided, that the mean is 0

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Ends of the interval at a level, by Student's t."""
        reach = float(stats.t.ppf((1 + level) / 2, self.df)) * self.error
        return self.mean - reach, self.mean + reach

    def p_above(self, bound: float) -> float:
        """One-sided p of the test that the mean is above a bound: small where it is far above."""
        return float(stats.t.sf((self.mean - bound) / self.error, self.df))

    def p_below(self, bound: float) -> float:
        """One-sided p of the test that the mean is below a bound: small where it is far below."""
        return float(stats.t.cdf((self.mean - bound) / self.error, self.df))


def mean_over_people(
    d: np.ndarray,
    cohort: np.ndarray,
    *,
    drawn: bool,
    common: float | Mapping[object, float] = 0.0,
) -> Mean:
    """The mean of one value per person, such as a paired difference, with its error.

    d        one value per person, [n]; nan are left out
    cohort   label of each person's cohort, [n]
    drawn    whether the value depends on D_G, which each cohort draws anew
    common   variance of a cohort's mean that all of its people share and that is known from within:
             `crossed` test digits, a generic network; one number, or one per cohort
    B is the variance of the K cohorts' means. W = mean(s_c² / n_c + common_c) is the variance of a
    cohort's mean by what is known from within.

    K ≥ 3, drawn        error² = B / K, df = K - 1: the cohort is the unit
    K ≥ 3, not drawn    the same where B > W; else error² = W / K, df = Σ(n_c - 1)
    K < 3               error² = Σ (n_c / n)² (s_c² / n_c + common_c), df = Σ(n_c - 1)

    From three cohorts on it is the mean of the cohorts' means, below the mean of all people.
    Below two people, and where no value differs from another, error, df, interval and p are nan, as
    in `paired.paired_change`: without spread there is no standard error. Only where all values are
    0, p is 1: no evidence. A `common` that is nan makes the error nan where it plays a part.
    """
    d = np.asarray(d, float)
    known = ~np.isnan(d)
    d = d[known]
    labels, place = np.unique(np.asarray(cohort)[known], return_inverse=True)
    n, k = len(d), len(labels)
    if n == 0:
        return without_error(np.nan, n, k)

    sizes = np.bincount(place)
    means = np.bincount(place, d) / sizes
    by_cohort = k >= MIN_COHORTS
    mean = float(means.mean() if by_cohort else d.mean())
    if np.ptp(d) < ROUNDING:
        return without_error(mean, n, k)

    shared = np.array(
        [common[each] if isinstance(common, Mapping) else common for each in labels.tolist()]
    )
    variances = variances_within(d - means[place], place, sizes) / sizes + shared
    df_within = n - k
    if not by_cohort:
        variance, df = ((sizes / n) ** 2 * variances).sum(), df_within
    else:
        between, within = means.var(ddof=1), variances.mean()
        # with one person in each cohort nothing is known from within
        if drawn or between > within or df_within == 0:
            variance, df = between / k, k - 1
        else:
            variance, df = within / k, df_within

    error = float(np.sqrt(variance))
    if not error > ROUNDING:  # or nan: one person in each of two cohorts
        return without_error(mean, n, k)
    reach = float(stats.t.ppf(0.975, df)) * error
    p = float(2 * stats.t.sf(abs(mean / error), df))
    return Mean(mean, error, float(df), n, k, mean - reach, mean + reach, p)


def without_error(mean: float, n: int, cohorts: int) -> Mean:
    """A mean whose error cannot be computed; p is 1 where the mean is 0, else nan."""
    p = 1.0 if n > 1 and abs(mean) < ROUNDING else np.nan
    return Mean(mean, np.nan, np.nan, n, cohorts, np.nan, np.nan, p)


def variances_within(residuals: np.ndarray, place: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Variance over the people of each cohort, [K]; of a single person that of all cohorts pooled.

    residuals   of each person from the mean of their cohort, [n]
    place       number of the cohort of each person, 0 … K-1, [n]
    sizes       people of each cohort, [K]
    """
    squares = np.bincount(place, residuals**2)
    df = sizes - 1
    pooled = squares.sum() / df.sum() if df.sum() else np.nan
    return np.where(df > 0, squares / np.maximum(df, 1), pooled)


def crossed(table: np.ndarray) -> float:
    """What common test items add to the variance of a mean over people.

    table   differences of n people on the same m items (original digits), float [n, m]
    max(0, s_items² / m - s_residual² / nm), by the two-way table without repeats: the part of the
    items' spread that is more than noise. nan with one person or one item.
    """
    table = np.asarray(table, float)
    n, m = table.shape
    if n < 2 or m < 2:
        return np.nan
    people = table.mean(axis=1, keepdims=True)
    items = table.mean(axis=0, keepdims=True)
    residuals = table - people - items + table.mean()
    noise = (residuals**2).sum() / ((n - 1) * (m - 1))
    return float(max(0.0, items.var(ddof=1) / m - noise / (n * m)))
