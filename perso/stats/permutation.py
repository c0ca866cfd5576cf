"""Sign-flip, PERMANOVA, Mantel, within-person permutation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from perso.stats.paired import ALIKE, without_nan


def gap_p(
    values: pd.Series, groups: pd.Series, rng: np.random.Generator, permutations: int = 999
) -> float:
    """Share of permutations of people's groups, this one included, whose means are as far apart; nan of one group."""
    kinds, seen = np.unique(groups[values.index].astype(str), return_inverse=True)
    orders = (seen, *(rng.permutation(seen) for _ in range(permutations)))
    gaps = np.array([np.ptp(np.bincount(order, values) / np.bincount(seen)) for order in orders])
    return float(np.mean(gaps >= gaps[0] - 1e-12)) if len(kinds) > 1 else np.nan


def mantel(
    distances_a, distances_b, rng: np.random.Generator, permutations: int = 999
) -> tuple[float, float]:
    """Mantel's test that b grows with a, both symmetric [n, n]: Pearson's r over pairs, and p, one-sided.

    p: share of permutations of people, this one included, that reach r. nan of nan, below three people, of equal ones.
    """
    a, b, pairs = (
        np.asarray(distances_a),
        np.asarray(distances_b),
        np.triu_indices(len(distances_a), 1),
    )
    if len(a) < 3 or not (
        np.ptp(a[pairs]) > 1e-12 and np.ptp(b[pairs]) > 1e-12
    ):  # nan is not above either
        return np.nan, np.nan
    orders = (np.arange(len(a)), *(rng.permutation(len(a)) for _ in range(permutations)))
    r = np.array([np.corrcoef(a[pairs], b[np.ix_(order, order)][pairs])[0, 1] for order in orders])
    return float(r[0]), float(np.mean(r >= r[0] - 1e-12))


@dataclass(frozen=True)
class Permanova:
    """How much of what varies within strata goes by group."""

    share: float  # R²: of the squared distances from the strata's means
    chance: float  # mean share of permuted groups
    p: float  # share of permutations, this one included, that reach as much


def permanova(
    codes: np.ndarray,
    groups: np.ndarray,
    strata: np.ndarray,
    rng: np.random.Generator,
    permutations: int = 999,
) -> Permanova:
    """PERMANOVA (Anderson 2001) by Euclidean distance, of groups within strata; permuted within them.

    codes [n, d]; groups, strata [n]: persons and classes. Groups keep their sizes, so R² orders permutations as F does.
    Where codes do not vary within strata, all is nan.
    """
    _, strata = np.unique(strata, return_inverse=True)
    _, groups = np.unique(groups, return_inverse=True)
    centred = codes.astype(float) - group_means(codes.astype(float), strata)[strata]
    if not np.abs(centred).max(initial=0) > ALIKE:
        return Permanova(np.nan, np.nan, np.nan)
    total = (centred**2).sum()

    def share(groups):
        _, cells = np.unique(strata * (groups.max() + 1) + groups, return_inverse=True)
        return ((group_means(centred, cells)[cells]) ** 2).sum() / total

    order = np.argsort(strata, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(strata[order]) > 0])
    seen, shuffled = share(groups), np.empty_like(groups)
    found = []
    for _ in range(permutations):
        for part in np.split(order, starts[1:]):
            shuffled[part] = rng.permutation(groups[part])
        found.append(share(shuffled))
    return Permanova(
        float(seen), float(np.mean(found)), (1 + sum(f >= seen for f in found)) / (1 + permutations)
    )


def group_means(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Means of values [n, d] by group 0 … g-1, [g, d]."""
    counts = np.bincount(groups)
    return np.stack([np.bincount(groups, column) for column in values.T], axis=1) / counts[:, None]


def sign_flip(d: np.ndarray, rng: np.random.Generator, permutations: int = 2**14) -> float:
    """Two-sided p that paired differences [n] are symmetric about 0, by flipping their signs; exact up to 14 people.

    nan below two people; 1 where all are 0.
    """
    d = without_nan(d)
    if len(d) < 2:
        return np.nan
    found = stats.permutation_test(
        (d,),
        lambda x, axis: np.round(np.mean(x, axis=axis), 12),
        permutation_type="samples",
        vectorized=True,
        n_resamples=permutations,
        rng=rng,
    )
    return float(found.pvalue)


def fewest_people(tests: int = 1, alpha: float = 0.05, sides: int = 2) -> int:
    """With fewer people no sign-flip p, corrected for so many tests, can fall below alpha."""
    return int(np.floor(np.log2(sides * tests / alpha))) + 1


def permute_within_person(
    statistic: Callable[..., float],
    tables: Sequence[np.ndarray],
    rng: np.random.Generator,
    permutations: int = 999,
) -> float:
    """p that a statistic of tables [n people, k settings] is as far from 0 when each person's settings are dealt anew.

    The same dealing for all tables; nan where the statistic is.
    """
    seen, (n, k) = abs(statistic(*tables)), tables[0].shape
    if np.isnan(seen):
        return np.nan
    order = rng.permuted(np.tile(np.arange(k), (permutations, n, 1)), axis=2)
    found = [
        abs(statistic(*(np.take_along_axis(table, one, axis=1) for table in tables)))
        for one in order
    ]
    return float((1 + np.sum(np.array(found) >= seen - 1e-12)) / (1 + permutations))
