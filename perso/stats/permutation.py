"""Permutation tests over people: sign-flip, PERMANOVA, Mantel, within-person permutation.

All take an explicit `np.random.Generator`. The permutation that was observed counts as one of them,
so that no p is 0.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from perso.stats.draws import draws_for
from perso.stats.paired import ROUNDING, without_nan

FLIPS_AT_ONCE = 2**20  # signs that are drawn together


def gap_p(
    values: pd.Series, groups: pd.Series, rng: np.random.Generator, permutations: int = 999
) -> float:
    """p of the gap between the largest and the smallest group mean, groups permuted over people.

    values, groups   of each person, indexed by person
    nan where there is one group only.
    """
    # not scipy's permutation_test: it would need a sample per group and draw in another order
    names, observed = np.unique(groups[values.index].astype(str), return_inverse=True)
    orders = (observed, *(rng.permutation(observed) for _ in range(permutations)))
    sizes = np.bincount(observed)
    gaps = np.array([np.ptp(np.bincount(order, values) / sizes) for order in orders])
    return float(np.mean(gaps >= gaps[0] - ROUNDING)) if len(names) > 1 else np.nan


def mantel(
    distances_a: np.ndarray,
    distances_b: np.ndarray,
    rng: np.random.Generator,
    permutations: int = 999,
) -> tuple[float, float]:
    """Mantel's test that distances b grow with distances a: Pearson's r over pairs, one-sided p.

    distances_a, distances_b   symmetric, [n people, n people]; p permutes the people of b
    nan where a distance is nan, below three people, and where the distances do not vary.
    """
    # ours, as neither scipy nor statsmodels has it
    a = np.asarray(distances_a)
    b = np.asarray(distances_b)
    n = len(a)
    pairs = np.triu_indices(n, 1)
    # where a distance is nan, ptp is nan and the comparison False
    if n < 3 or not (np.ptp(a[pairs]) > ROUNDING and np.ptp(b[pairs]) > ROUNDING):
        return np.nan, np.nan
    orders = (np.arange(n), *(rng.permutation(n) for _ in range(permutations)))
    r = np.array([np.corrcoef(a[pairs], b[np.ix_(order, order)][pairs])[0, 1] for order in orders])
    return float(r[0]), float(np.mean(r >= r[0] - ROUNDING))


@dataclass(frozen=True)
class Permanova:
    """Share of the variation within strata that is between groups."""

    share: float  # R²: of the squared distances from the strata's means
    chance: float  # mean R² of permuted groups
    p: float  # share of permutations, the observed one included, with at least this R²
    sd: float = np.nan  # of the R² of permuted groups


def permanova(
    codes: np.ndarray,
    groups: np.ndarray,
    strata: np.ndarray,
    rng: np.random.Generator,
    permutations: int = 999,
) -> Permanova:
    """PERMANOVA by Euclidean distance (Anderson 2001), of groups within strata.

    codes    [n, d]
    groups   [n], such as people; permuted within each stratum
    strata   [n], such as classes
    Groups keep their sizes, so R² orders permutations as F does. All results are nan where codes do
    not vary within strata.
    """
    # ours, as neither scipy nor statsmodels has it
    _, strata = np.unique(strata, return_inverse=True)
    _, groups = np.unique(groups, return_inverse=True)
    codes = codes.astype(float)
    centred = codes - group_means(codes, strata)[strata]
    if not np.abs(centred).max(initial=0) > ROUNDING:
        return Permanova(np.nan, np.nan, np.nan, np.nan)
    total = (centred**2).sum()

    def r_squared(groups: np.ndarray) -> float:
        _, cells = np.unique(strata * (groups.max() + 1) + groups, return_inverse=True)
        return (group_means(centred, cells)[cells] ** 2).sum() / total

    order = np.argsort(strata, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(strata[order]) > 0])
    members = np.split(order, starts[1:])  # positions of each stratum
    observed = r_squared(groups)
    shuffled = np.empty_like(groups)
    found = []
    for _ in range(permutations):
        for stratum in members:
            shuffled[stratum] = rng.permutation(groups[stratum])
        found.append(r_squared(shuffled))
    p = (1 + sum(each >= observed for each in found)) / (1 + permutations)
    return Permanova(float(observed), float(np.mean(found)), p, float(np.std(found, ddof=1)))


def group_means(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Means of values [n, d] by group 0 … g-1, [g, d]."""
    counts = np.bincount(groups)
    return np.stack([np.bincount(groups, column) for column in values.T], axis=1) / counts[:, None]


def sign_flip(d: np.ndarray, rng: np.random.Generator, permutations: int = 2**14) -> float:
    """Two-sided p that paired differences [n] are symmetric about 0, by flipping their signs.

    permutations   at most; many people have fewer (`draws_for`)
    Exact up to 14 people. nan are left out; the result is nan below two people, 1 where all are 0.
    """
    d = without_nan(d)
    n = len(d)
    if n < 2:
        return np.nan
    if 2**n <= permutations:
        found = stats.permutation_test(
            (d,),
            lambda x, axis: np.round(np.mean(x, axis=axis), 12),  # equal but for rounding: tied
            permutation_type="samples",
            vectorized=True,
            n_resamples=permutations,
            rng=rng,
        )
        return float(found.pvalue)
    # SciPy would do the same from the same draws, but with a GB of memory per thousand people
    observed = np.round(d.mean(), 12)
    as_low = as_high = 1  # the observed signs are one of the permutations
    permutations = draws_for(permutations, n)
    at_once = max(1, FLIPS_AT_ONCE // n)
    for start in range(0, permutations, at_once):
        count = min(at_once, permutations - start)
        kept = rng.integers(0, 2**32, (count, n), np.uint32) & 1
        means = np.round((np.where(kept, d, -d)).mean(axis=1), 12)
        as_low += np.count_nonzero(means <= observed + ROUNDING / 10)
        as_high += np.count_nonzero(means >= observed - ROUNDING / 10)
    return float(min(1.0, 2 * min(as_low, as_high) / (permutations + 1)))
