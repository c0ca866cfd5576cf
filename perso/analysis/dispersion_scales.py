"""The between-person SD on three scales: do people become equal, or all come near 100 %?"""

from functools import partial

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from perso.methods.method import BASELINE
from perso.stats.paired import ROUNDING
from perso.stats.resampling import Drawn, Statistic, estimate

# Gauss–Hermite: means over a normal distribution are weighted sums over these multiples of its SD
NODES, SHARES = np.polynomial.hermite_e.hermegauss(20)
SHARES = SHARES / SHARES.sum()


def moments_of(values: np.ndarray, noise: np.ndarray, people: Drawn) -> np.ndarray:
    """Mean and variance of accuracies over the people of a cohort, [..., 2, k].

    values   accuracies, shares [n people, k methods]
    noise    their sampling variances, as `values`; the variance over people is without them
    """
    variance = people.variance(values) - people.mean(noise)
    return np.stack([people.mean(values), variance], axis=-2)


def mean_and_variance(moments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both `moments_of` accuracies, averaged over cohorts, [..., k] each.

    A variance below 0, which noise alone can give, is 0.
    """
    return moments[..., 0, :], np.maximum(moments[..., 1, :], 0)


def relative_sd(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """SD over people as a share of the mean error, [...]; nan where nobody makes an error."""
    error = 1 - np.asarray(mean, float)
    known = error > ROUNDING
    return np.where(known, np.sqrt(variance) / np.where(known, error, 1), np.nan)


def logit_sd(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """SD over people of the logit of accuracy, from mean and variance of the accuracies, [...].

    It is that of the normal distribution of logits whose accuracies have this mean and variance.
    Unlike the SD of each person's own logit it does not depend on the number of test samples, and
    needs no correction of accuracies of 1. It is 0 where people do not differ, and at most 5.
    """
    mean, variance = np.broadcast_arrays(np.asarray(mean, float), np.asarray(variance, float))
    differ = (variance > ROUNDING) & (mean * (1 - mean) > ROUNDING)
    m = np.where(differ, mean, 0.5)
    v = np.where(differ, variance, 0.01)
    spread = np.sqrt(v) / (m * (1 - m))  # in logits, were it small
    centre = logit(m)
    sd = np.minimum(spread, 1)
    for _ in range(12):  # corrects both until the moments are these
        p = expit(centre[..., None] + sd[..., None] * NODES)
        found = p @ SHARES
        found_sd = np.sqrt((p - found[..., None]) ** 2 @ SHARES)
        centre = centre + logit(m) - logit(found)
        sd = np.minimum(sd * spread * found * (1 - found) / found_sd, 5)
    return np.where(differ, sd, 0.0)


SCALES = {
    "percentage points": lambda mean, variance: 100 * np.sqrt(variance),
    "relative error": relative_sd,
    "logit": logit_sd,
}
WITHOUT_CEILING = ("relative error", "logit")  # scales that the nearness of 100 % does not shrink


def dispersion_on_scales(
    people: pd.DataFrame,
    variances: pd.DataFrame,
    cohort: pd.Series,
    method: str,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """How a method changes the between-person SD, on three scales: a line per scale.

    people      accuracies, shares: a line per person, a column per method
    variances   their sampling variances (`sampling_variances`), which are removed
    cohort      of each person: the fold of the rows

    percentage points   SD of accuracy
    relative error      SD as a share of the mean error
    logit               SD of log(accuracy / error)

    base, method        the SD by the baseline and by the method
    change, low, high   method minus baseline, and its interval by resampling people

    An SD in percentage points shrinks where all people come near 100 %, without any of them gaining
    on the others. On the other two scales such a ceiling changes nothing.
    """
    pair = people[[method, BASELINE]].dropna()
    values = pair.to_numpy()
    noise = variances.loc[pair.index, [method, BASELINE]].to_numpy()
    labels = cohort.loc[pair.index].to_numpy()
    moments = Statistic(partial(moments_of, values, noise), mean_and_variance)
    lines = {}
    for name, scale in SCALES.items():
        both = moments.then(lambda found, scale=scale: scale(*found))
        found = estimate(both.then(lambda sds: sds[..., 0] - sds[..., 1]), labels, rng)
        sds = both.of(labels)
        lines[name] = {
            "base": sds[1],
            "method": sds[0],
            "change": found.value,
            "low": found.low,
            "high": found.high,
        }
    return pd.DataFrame.from_dict(lines, orient="index")


NO_CHANGE = "no change shown"


def reading(scales: pd.DataFrame) -> str:
    """How a result of `dispersion_on_scales` reads.

    A method whose SD shrinks in percentage points is

        equalising                        if it shrinks on both scales of WITHOUT_CEILING, too
        equalising on one of two scales   if it shrinks on one of them
        equalising not shown              if it shrinks on neither: it may be a ceiling alone

    and one whose SD grows in percentage points is "widening", with the same additions. All others
    are NO_CHANGE. An SD shrinks or grows where its interval excludes 0, on that side.
    """
    additions = (" not shown", " on one of two scales", "")
    for word, moves in (("equalising", scales["high"] < 0), ("widening", scales["low"] > 0)):
        if moves["percentage points"]:
            return word + additions[moves[list(WITHOUT_CEILING)].sum()]
    return NO_CHANGE


def shrinking(scales: pd.DataFrame) -> list[str]:
    """The scales of WITHOUT_CEILING on which the SD shrinks."""
    return [name for name in WITHOUT_CEILING if scales.loc[name, "high"] < 0]
