"""Secondary analyses that may say more with as many people; they are in no verdict.

A change on D_I is adjusted by how easy a person's test set is to networks that never met the
person (analysis of covariance, known as CUPED). And the log-probability of the true class is an
outcome with less sampling noise than hits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from perso.analysis.changes import shared_variance
from perso.analysis.matrix import hits_matrix
from perso.methods.method import BASELINE
from perso.parts import D_I
from perso.stats.cohorts import Mean, mean_over_people, variances_within
from perso.stats.paired import ROUNDING

FEWEST = 10  # people beyond the number of cohorts: with fewer, the slope itself is too uncertain


@dataclass(frozen=True)
class Adjusted:
    """A mean over people, and the same adjusted by a covariate."""

    plain: Mean
    adjusted: Mean
    ratio: float  # variance over people of the plain values : adjusted; nan: too few people


@dataclass(frozen=True)
class Outcomes:
    """A change on D_I by two outcomes."""

    accuracy: Mean  # a share
    log_probability: Mean  # of the true class, per sample, in nats
    ratio: float  # t over people of the log-probability : of the accuracy


def ease_of_test_sets(individuals: Sequence[Sequence], rows: pd.DataFrame) -> pd.Series:
    """Accuracy of baselines that never met a person on the person's test set, by fold and person.

    individuals   names of S by fold, in order; the neighbour is the next, as in `splits.Fold`

    The baseline of the person before contains the person's data as its D_I', so it is left out. So
    is the person's own baseline: its errors are part of the change. nan below three people.
    """
    tables = hits_matrix(individuals, rows, BASELINE)
    return pd.concat(
        [pd.Series(unmet_mean(table.to_numpy()), table.index) for table in tables],
        keys=range(len(tables)),
        names=["fold", "person"],
    )


def unmet_mean(accuracies: np.ndarray) -> np.ndarray:
    """Mean of each column over the networks that are neither its person's nor the one before's.

    accuracies   [n, n]: line i is the network of person i, column j the test set of person j
    """
    n = len(accuracies)
    unmet = accuracies.copy()
    people = np.arange(n)
    unmet[people, people] = np.nan
    unmet[people - 1, people] = np.nan
    known = ~np.isnan(unmet)
    return np.where(known, unmet, 0).sum(axis=0) / np.where(known.any(0), known.sum(0), np.nan)


def adjusted_change(individuals: Sequence[Sequence], rows: pd.DataFrame, method: str) -> Adjusted:
    """The change on D_I by a method, plain and adjusted by `ease_of_test_sets`; shares."""
    changes = difference(rows, method, D_I.accuracy)
    ease = ease_of_test_sets(individuals, rows).reindex(changes.index)
    there = ease.notna().to_numpy()
    cohort = changes.index.get_level_values("fold").to_numpy()[there]
    contrast = {method: 1.0, BASELINE: -1.0}
    common = {
        fold: shared_variance(rows, contrast, D_I.name, fold) for fold in np.unique(cohort).tolist()
    }
    return adjust(changes.to_numpy()[there], ease.to_numpy()[there], cohort, common)


def adjust(
    d: np.ndarray,
    covariate: np.ndarray,
    cohort: np.ndarray,
    common: float | Mapping[object, float] = 0.0,
) -> Adjusted:
    """The mean of d over people, plain and adjusted by a covariate; the mean stays the same.

    d, covariate   one value per person, [n]
    cohort         label of each person's cohort, [n]
    common         see `mean_over_people`

    The slope is that within cohorts. The covariate is centred at the mean of its cohorts' means, so
    that cohorts of easier test sets are adjusted, too. The slope counts as known: without FEWEST
    people beyond the number of cohorts, or without spread, nothing is adjusted.
    """
    plain = mean_over_people(d, cohort, drawn=False, common=common)
    labels, place = np.unique(cohort, return_inverse=True)
    if len(d) - len(labels) < FEWEST:
        return Adjusted(plain, plain, np.nan)
    d_within = d - cohort_means(d, place)[place]
    x_within = covariate - cohort_means(covariate, place)[place]
    if not (x_within**2).sum() > ROUNDING**2:
        return Adjusted(plain, plain, np.nan)
    slope = (d_within * x_within).sum() / (x_within**2).sum()
    weights = 1 / (len(labels) * np.bincount(place)[place])
    # below three cohorts the mean is that of people
    centre = (weights * covariate).sum() if plain.cohorts >= 3 else covariate.mean()
    values = d - slope * (covariate - centre)
    left = d_within - slope * x_within
    ratio = (d_within**2).sum() / (left**2).sum() if (left**2).sum() > 0 else np.nan
    return Adjusted(
        plain, mean_over_people(values, cohort, drawn=False, common=common), float(ratio)
    )


def cohort_means(values: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Mean of the values of each cohort, [K]; `place` is the number of the cohort of each."""
    return np.bincount(place, values) / np.bincount(place)


def both_outcomes(rows: pd.DataFrame, method: str) -> Outcomes:
    """The change on D_I by accuracy and by the log-probability of the true class.

    Both by the same rule, over people who have both methods, without the variance of a generic
    network from within. The ratio is that of mean : standard error over people within cohorts.
    """
    with_logp = rows[rows["logp_I"].notna() & rows["method"].isin([method, BASELINE])]
    means = [np.frombuffer(blob, np.float16).mean(dtype=float) for blob in with_logp["logp_I"]]
    with_logp = with_logp.assign(mean_logp=np.array(means, float))
    found = []
    ts = []
    for column in (D_I.accuracy, "mean_logp"):
        d = difference(with_logp, method, column)
        cohort = d.index.get_level_values("fold").to_numpy()
        found.append(mean_over_people(d.to_numpy(), cohort, drawn=False))
        ts.append(t_within(d.to_numpy(), cohort))
    ratio = ts[1] / ts[0] if abs(ts[0]) > ROUNDING else np.nan
    return Outcomes(*found, float(ratio))


def t_within(d: np.ndarray, cohort: np.ndarray) -> float:
    """Mean of d : its standard error from the spread over people within cohorts."""
    if len(d) == 0:
        return np.nan
    _, place = np.unique(cohort, return_inverse=True)
    sizes = np.bincount(place)
    means = cohort_means(d, place)
    variance = (variances_within(d - means[place], place, sizes) / sizes).mean() / len(sizes)
    return float(means.mean() / np.sqrt(variance)) if variance > ROUNDING**2 else np.nan


def difference(rows: pd.DataFrame, method: str, column: str) -> pd.Series:
    """A column's change from the baseline, repeats averaged first, by fold and person."""
    wide = rows.pivot_table(
        index=["fold", "person"], columns="method", values=column, sort=False
    ).reindex(columns=[method, BASELINE])
    return (wide[method] - wide[BASELINE]).dropna()
