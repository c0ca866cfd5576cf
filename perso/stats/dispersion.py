"""How much people differ: between-person SD, CVaR, and tests of two SDs of the same people."""

import numpy as np
from scipy import stats

from perso.stats.bootstrap import Interval, bootstrap_statistic
from perso.stats.paired import ROUNDING
from perso.stats.permutation import sign_flip


def between_person_sd(
    accuracies: np.ndarray, sizes: np.ndarray | None = None, variances: np.ndarray | None = None
) -> float:
    """SD between people without sampling noise: sqrt(SD² - mean p(1 - p)/n), at least 0.

    accuracies   p of each person, shares; nan are left out
    sizes        n of each person, test images
    variances    sampling variance of each accuracy, in place of p(1 - p)/n
    The variances of `sampling_noise.sampling_variances` are better than p(1 - p)/n. That is too
    small where flips of one digit are correct or wrong together. It is too large where all people
    are tested on one test set, as on D_G: an image that is hard for all is no difference between
    them. nan below two people.
    """
    p = np.asarray(accuracies, float)
    if variances is None:
        variances = p * (1 - p) / np.asarray(sizes, float)
    known = ~np.isnan(p)
    if known.sum() < 2:
        return np.nan
    noise = np.asarray(variances, float)[known].mean()
    return float(np.sqrt(np.maximum(np.var(p[known], ddof=1) - noise, 0.0)))


def cvar(accuracies: np.ndarray, share: float = 0.1) -> float:
    """Mean accuracy of the worst `share` of people (conditional value at risk), one at least.

    The person at the edge has the weight of what of them is within the share. nan are left out.
    """
    p = np.sort(np.asarray(accuracies, float))
    p = p[~np.isnan(p)]
    weights = np.clip(max(1.0, share * len(p)) - np.arange(len(p)), 0, 1)
    return float(np.average(p, weights=weights)) if len(p) else np.nan


def pitman_morgan(a: np.ndarray, b: np.ndarray) -> float:
    """Two-sided p that paired values a [n] and b [n] have the same variance.

    Pitman and Morgan's test: the correlation of a + b with a - b (Morgan 1939). It supposes normal
    distributions.
    nan below three people, and where sums or differences do not vary.
    """
    sums = np.asarray(a, float) + b
    differences = np.asarray(a, float) - b
    if len(sums) < 3 or min(np.ptp(sums), np.ptp(differences)) < ROUNDING:
        return np.nan
    return float(stats.pearsonr(sums, differences).pvalue)


def brown_forsythe(
    a: np.ndarray, b: np.ndarray, rng: np.random.Generator, permutations: int = 2**14
) -> float:
    """Two-sided p that paired values a [n] and b [n] have the same spread.

    The paired form of Brown and Forsythe's test (1974): the distances from the medians are compared
    by `sign_flip`. Unlike Pitman and Morgan's test it does not suppose a normal distribution, and
    accuracies near 1 are far from normal. nan below two people.
    """
    # not scipy's levene(center="median"): its samples are independent
    if len(a) < 2:
        return np.nan
    return sign_flip(np.abs(a - np.median(a)) - np.abs(b - np.median(b)), rng, permutations)


def log_sd_ratio(
    a: np.ndarray, b: np.ndarray, rng: np.random.Generator, draws: int = 2000
) -> tuple[Interval, float]:
    """log(SD(a) / SD(b)) of paired values [n], with its `bootstrap_statistic` interval and p.

    nan below two people and where one of the SDs is 0.
    """
    a = np.asarray(a, float)
    b = np.asarray(b, float)
    if len(a) < 2:
        return Interval(np.nan, np.nan, np.nan), np.nan

    def log_ratio(index: np.ndarray) -> float:
        sd_a = a[index].std(ddof=1)
        sd_b = b[index].std(ddof=1)
        return np.log(sd_a / sd_b) if min(sd_a, sd_b) > ROUNDING else np.nan

    return bootstrap_statistic(log_ratio, len(a), rng, draws)
