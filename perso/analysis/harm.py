"""Harm: the people whose accuracy a method lowers, as observed, and the probability of it.

`rows` have the columns of `sqlite.ROW`; `data` is a `dataset.StudyData`.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import betainc, betaln, expit

from perso.analysis.sampling_noise import DigitHits, hits_by_digit
from perso.data.dataset import StudyData
from perso.methods.method import BASELINE
from perso.stats.paired import ROUNDING


def harmed(differences: Sequence[float]) -> dict[str, float]:
    """Share harmed (change below 0) and their mean loss, share improved and their mean gain.

    differences   changes of accuracy [n]; a share is nan without people, a mean without such people
    """
    changes = np.asarray(differences, float)
    changes = changes[~np.isnan(changes)]
    found = {}
    for share, mean, chosen in (
        ("harmed", "loss", changes < -ROUNDING),
        ("improved", "gain", changes > ROUNDING),
    ):
        found[share] = float(chosen.mean()) if len(changes) else np.nan
        found[mean] = float(changes[chosen].mean()) if chosen.any() else np.nan
    return found


def paired_digits(
    data: StudyData, rows: pd.DataFrame, part: str, method: str, base: str = BASELINE
) -> pd.DataFrame:
    """Original digits that a person wins and loses by a method: a line per person with both.

    digits      of the test set, tested with both
    won, lost   of these, digits that only the method, only the base classifies correctly; where
                some flips or repeats of a digit do, it counts by its share of them
    """
    used = rows[rows["method"].isin([method, base])]
    return digits_won_and_lost(hits_by_digit(data, used, part), method, base)


def digits_won_and_lost(
    hits: Iterable[Mapping[str, Mapping[str, DigitHits]]], method: str, base: str = BASELINE
) -> pd.DataFrame:
    """`paired_digits` from the hits of each fold (`hits_by_digit`, `hits_by_place`)."""
    lines = {}
    for in_fold in hits:
        own, before = in_fold.get(method, {}), in_fold.get(base, {})
        for person in [each for each in own if each in before]:
            # with rotated splits the one with fewer repeats is tested on fewer digits
            common = np.intersect1d(own[person].digits, before[person].digits)
            with_method, with_base = (
                each.only(np.isin(each.digits, common)) for each in (own[person], before[person])
            )
            change = with_method.shares - with_base.shares
            lines[person] = {
                "digits": len(change),
                "won": change[change > 0].sum(),
                "lost": -change[change < 0].sum(),
            }
    return pd.DataFrame.from_dict(lines, orient="index", columns=["digits", "won", "lost"])


def harm_probability(won: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Posterior probability that a method makes a person's true accuracy lower, [n people].

    won, lost   digits of each person as in `paired_digits`, [n]

    Of a person's digits that change, a share q is won; the person is harmed where q < 1/2. Over
    people q has a beta distribution, so a person of whom few digits change is judged by the others.
    The distribution itself is uncertain: its a and b have the prior (a + b)^(-5/2), and the result
    is the mean over them (Gelman et al., Bayesian Data Analysis, 5.3).
    """
    won = np.asarray(won, float)
    lost = np.asarray(lost, float)
    centres, sizes = np.meshgrid(np.linspace(-4, 4, 81), np.linspace(np.log(0.2), np.log(500), 50))
    size = np.exp(sizes.ravel())
    a = expit(centres.ravel()) * size
    b = size - a
    # the prior on this grid, of logit(a / (a + b)) and log(a + b), and the likelihood
    log_weight = np.log(a) + np.log(b) - 2.5 * np.log(size)
    a, b = a[:, None], b[:, None]
    log_weight = log_weight + (betaln(a + won, b + lost) - betaln(a, b)).sum(axis=1)
    weight = np.exp(log_weight - log_weight.max())
    return weight @ betainc(a + won, b + lost, 0.5) / weight.sum()
