"""Brown-Forsythe, Pitman-Morgan, ratio and excess of sd, CVaR."""

import numpy as np
from scipy import stats

from perso.stats.bootstrap import Interval, bootstrap_statistic
from perso.stats.paired import ALIKE
from perso.stats.permutation import sign_flip


def between_person_sd(accuracies, sizes=None, variances=None) -> float:
    """sd over people beyond chance, sqrt(sd² − mean p(1 − p)/n); 0.0 where that difference is negative, nan below two.

    sizes [n] test images of each person, or variances [n] of each accuracy by chance, as `noise` finds them
    Flips of one digit are hit or missed together, so p(1 − p)/n by images understates the chance. Where all are tested
    on one set, as on D_G, it overstates it: what makes an image hard for all is no difference between them.
    """
    p = np.asarray(accuracies, float)
    chance = (
        p * (1 - p) / np.asarray(sizes, float)
        if variances is None
        else np.asarray(variances, float)
    )
    known = ~np.isnan(p)
    rest = np.var(p[known], ddof=1) - chance[known].mean() if known.sum() > 1 else np.nan
    return float(np.sqrt(np.maximum(rest, 0.0)))


def clustered_variance(hits: np.ndarray, items: np.ndarray) -> float:
    """Variance of the mean of hits [m] where those of one item are drawn together: G/(G−1) Σ_g (Σ_i (h − h̄))² / m².

    items   the original digit of each, int [m]; G of them. nan where there is one only.
    """
    _, groups = np.unique(items, return_inverse=True)
    sums = np.bincount(groups, np.asarray(hits, float) - np.mean(hits))
    return (
        float(len(sums) / (len(sums) - 1) * (sums**2).sum() / len(hits) ** 2)
        if len(sums) > 1
        else np.nan
    )


def cvar(accuracies, share: float = 0.1) -> float:
    """Mean of the worst share of people, the one at its edge weighed by what of them is within; at least the worst."""
    p = np.sort(np.asarray(accuracies, float))
    p = p[~np.isnan(p)]
    weights = np.clip(max(1.0, share * len(p)) - np.arange(len(p)), 0, 1)
    return float(np.average(p, weights=weights)) if len(p) else np.nan


def pitman_morgan(a: np.ndarray, b: np.ndarray) -> float:
    """Two-sided p that paired values a [n] and b [n] vary alike: the correlation of a + b with a - b (Morgan 1939).

    nan below three people, and where sums or differences do not vary.
    """
    sums, differences = np.asarray(a, float) + b, np.asarray(a, float) - b
    if len(sums) < 3 or min(np.ptp(sums), np.ptp(differences)) < ALIKE:
        return np.nan
    return float(stats.pearsonr(sums, differences).pvalue)


def brown_forsythe(
    a: np.ndarray, b: np.ndarray, rng: np.random.Generator, permutations: int = 2**14
) -> float:
    """Two-sided p that paired values a [n] and b [n] vary alike: their distances from their medians, by flipping signs.

    The paired form of Brown and Forsythe's test (1974). It does without the normal distribution that Pitman and
    Morgan's needs; accuracies near 1 are far from it. nan below two people.
    """
    if len(a) < 2:
        return np.nan
    return sign_flip(np.abs(a - np.median(a)) - np.abs(b - np.median(b)), rng, permutations)


def log_sd_ratio(
    a: np.ndarray, b: np.ndarray, rng: np.random.Generator, draws: int = 2000
) -> tuple[Interval, float]:
    """log of sd(a) / sd(b), paired values [n] of the same people, with its bootstrap interval and p over people."""

    def logged(index):
        one, other = a[index].std(ddof=1), b[index].std(ddof=1)
        return np.log(one / other) if min(one, other) > 1e-12 else np.nan

    a, b = np.asarray(a, float), np.asarray(b, float)
    if len(a) < 2:
        return Interval(np.nan, np.nan, np.nan), np.nan
    return bootstrap_statistic(logged, len(a), rng, draws)
