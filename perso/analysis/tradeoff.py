"""Trade-off of D_I and D_G: the Pareto front, and the best method at each weight of D_G.

on_I, on_G   changes to the baseline on D_I and D_G, shares, float [n people, k methods]. A person
             without one of them is left out, so all methods are compared on the same people.
             ValueError where nobody is left.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from perso.analysis import accuracy
from perso.errors import InputError
from perso.methods.method import BASELINE, Method
from perso.methods.registry import FAMILY_OF, METHODS
from perso.settings import Settings
from perso.stats.cohorts import MIN_COHORTS
from perso.stats.resampling import in_cohorts
from perso.store import published
from perso.study.study import Study

# Families that v1 compares
COMPARED_FAMILIES = ("baseline", "early shaping", "sample weighing", "transfer learning")
DRAWS = 2000  # bootstrap samples


def front(
    on_I_mean: np.ndarray, on_G_mean: np.ndarray, margins: tuple[float, float] = (0.0, 0.0)
) -> np.ndarray:
    """Which of means [..., k] are on the Pareto front, bool.

    A method is on it if no other dominates it. One dominates another if it is better on one part by
    the part's margin at least, and not worse on the other by that part's margin. Without margins:
    if it is as good on both parts and better on one.
    """
    on_I = np.asarray(on_I_mean)
    on_G = np.asarray(on_G_mean)
    margin_I, margin_G = margins
    more_I = on_I[..., None, :] - on_I[..., :, None]  # of every other (last axis) than each
    more_G = on_G[..., None, :] - on_G[..., :, None]
    better_on_I = (more_I >= margin_I) & (more_G > -margin_G)
    better_on_G = (more_G >= margin_G) & (more_I > -margin_I)
    return ~(better_on_I | better_on_G).any(axis=-1)


def above_curve(
    point: tuple[np.ndarray, np.ndarray],
    curve: tuple[np.ndarray, np.ndarray],
    margins: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """Whether points lie above a curve: no place of it is as good on both parts, bool [..., k].

    point     means of k methods on D_I and on D_G, [..., k] each
    curve     means at the curve's knots, in their order, [..., m] each; straight lines join them
    margins   of D_I and D_G: a place that is worse by less than these is as good
    """
    places = [
        np.concatenate([knots[..., :-1] + step / 20 * np.diff(knots) for step in range(20)], -1)
        for knots in curve
    ]
    as_good = [
        np.concatenate([place, knots[..., -1:]], -1)[..., None, :] > of_point[..., :, None] - margin
        for place, knots, of_point, margin in zip(places, curve, point, margins, strict=True)
    ]
    return ~(as_good[0] & as_good[1]).any(axis=-1)


def complete(on_I: np.ndarray, on_G: np.ndarray) -> np.ndarray:
    """Both parts of the people who have every value, [2, n, k]."""
    both = np.stack([on_I, on_G]).astype(float)
    known = ~np.isnan(both).any(axis=(0, 2))
    if not known.any():
        raise ValueError("nobody has a row of every method")
    return both[:, known]


def resampled(
    on_I: np.ndarray,
    on_G: np.ndarray,
    rng: np.random.Generator,
    draws: int,
    cohort: np.ndarray | None = None,
) -> np.ndarray:
    """Means over people drawn with replacement, the same people for all methods: [2, draws, k].

    cohort   of each person, [n]: people are then drawn within their cohort and cohorts count alike;
             from three cohorts on, cohorts are drawn, too
    Rounded, so that equal means compare as equal.
    """
    both = complete(on_I, on_G)
    if cohort is None:
        picked = rng.integers(both.shape[1], size=(draws, both.shape[1]))
        return both[:, picked].mean(axis=2).round(12)

    groups = in_cohorts(cohort)
    means = np.stack(
        [
            both[:, group[rng.integers(len(group), size=(draws, len(group)))]].mean(axis=2)
            for group in groups
        ]
    )  # [cohorts, 2, draws, k]
    count = len(groups)
    if count < MIN_COHORTS:
        return means.mean(axis=0).round(12)
    picked = rng.integers(count, size=(draws, count))
    drawn = np.stack([means[picked[draw], :, draw].mean(axis=0) for draw in range(draws)], axis=1)
    # Resampled means of few cohorts vary too little. One draw in 20 shall be as far off on a side
    # as Student's t says.
    factor = stats.t.ppf(0.95, count - 1) / stats.norm.ppf(0.95) * np.sqrt(count / (count - 1))
    centre = drawn.mean(axis=1, keepdims=True)
    return (centre + factor * (drawn - centre)).round(12)


def pareto(
    on_I: np.ndarray, on_G: np.ndarray, rng: np.random.Generator, draws: int = DRAWS
) -> np.ndarray:
    """Probability of each method to be on the front, [k]: its share of the bootstrap draws."""
    return front(*resampled(on_I, on_G, rng, draws)).mean(axis=0)


def best_by_weight(
    on_I: np.ndarray,
    on_G: np.ndarray,
    weights: Sequence[float],
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> np.ndarray:
    """Probability of each method to have the largest D_I + w · D_G, [weights, k].

    A line sums to 1; methods that tie share.
    """
    mean_I, mean_G = resampled(on_I, on_G, rng, draws)
    probabilities = []
    for weight in weights:
        sums = (mean_I + weight * mean_G).round(12)
        best = sums == sums.max(axis=1, keepdims=True)
        probabilities.append((best / best.sum(axis=1, keepdims=True)).mean(axis=0))
    return np.array(probabilities)


def best_range(on_I_mean: np.ndarray, on_G_mean: np.ndarray) -> np.ndarray:
    """Lowest and highest w ≥ 0 at which each of means [k] has the largest D_I + w · D_G, [k, 2].

    nan for a method that is best at no w.
    """
    ranges = []
    for i, g in zip(on_I_mean, on_G_mean, strict=True):
        behind = on_I_mean - i
        ahead = g - on_G_mean  # best against every other: w · ahead ≥ behind
        low = max([0.0, *(behind[ahead > 0] / ahead[ahead > 0])])
        high = min([np.inf, *(behind[ahead < 0] / ahead[ahead < 0])])
        beaten_at_all = (behind[ahead == 0] > 0).any()
        ranges.append((low, high) if low <= high and not beaten_at_all else (np.nan, np.nan))
    return np.array(ranges)


def changes_to_baseline(rows: pd.DataFrame, methods: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Changes to the baseline on D_I and D_G: a line per person, a column per method with rows."""
    wide = accuracy.by_part(rows)
    present = [name for name in methods if name in set(rows["method"])]
    return {part: each[present].sub(each[BASELINE], axis=0) for part, each in wide.items()}


def compared_by_v1(methods: Iterable[Method]) -> list[str]:
    """Names of the methods that belong to a family that v1 compares."""
    return [method.name for method in methods if method.family in COMPARED_FAMILIES]


def front_membership(
    rows: pd.DataFrame, methods: Sequence[str], rng: np.random.Generator
) -> pd.DataFrame:
    """The trade-off of the methods that have rows, over the people who have all of them.

    D_I, D_G              mean change to the baseline, shares; the baseline's own is 0
    member, probability   whether it is on the front of these means; its probability (`pareto`)
    from, to              weights at which it is best of these means (`best_range`)
    best                  probability to be best at weight 1 (`best_by_weight`)
    """
    changes = changes_to_baseline(rows, methods)
    on_I, on_G = complete(changes["D_I"], changes["D_G"]).mean(axis=1).round(12)
    probability = pareto(*changes.values(), rng)
    best = best_by_weight(*changes.values(), [1.0], rng)[0]
    low, high = best_range(on_I, on_G).T
    return pd.DataFrame(
        {
            "D_I": on_I,
            "D_G": on_G,
            "member": front(on_I, on_G),
            "probability": probability,
            "from": low,
            "to": high,
            "best": best,
        },
        changes["D_I"].columns,
    )


def alone_share(rows: pd.DataFrame, methods: Sequence[str], rng: np.random.Generator) -> float:
    """Share of bootstrap draws of people in which one method alone is on the front."""
    changes = changes_to_baseline(rows, methods)
    members = front(*resampled(*changes.values(), rng, DRAWS))
    return float((members.sum(axis=1) == 1).mean())


def best_by_price(
    rows: pd.DataFrame,
    methods: Sequence[str],
    weights: Sequence[float],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """`best_by_weight` of the methods that have rows: a line per weight, a column per method."""
    changes = changes_to_baseline(rows, methods)
    found = best_by_weight(*changes.values(), weights, rng)
    return pd.DataFrame(found, index=list(weights), columns=changes["D_I"].columns)


def complete_rows(study, given: pd.DataFrame) -> pd.DataFrame | None:
    """The rows of a study without training; None where a model is missing.

    given   published rows of this study (`published.published_rows`)
    """
    rows = study.rows(given=given)
    return rows if len(rows) == len(study.keys()) else None


def rows_without_training(settings: Settings) -> pd.DataFrame | None:
    """The rows of these settings; None where a model is missing, or the data cannot have them."""
    try:
        study = Study(settings)
    except InputError:
        return None
    return complete_rows(study, published.published_rows(study))


def by_kind(runs: Mapping[str, pd.DataFrame], rng: np.random.Generator) -> pd.DataFrame:
    """Probability that a method of each family that v1 compares has their largest D_I + D_G.

    A line per family, a column per run.
    """
    family = {name: FAMILY_OF[name] for name in compared_by_v1(METHODS)}
    found = {
        run: front_membership(rows, list(family), rng)["best"].groupby(family).sum()
        for run, rows in runs.items()
    }
    return pd.DataFrame(found).reindex(list(COMPARED_FAMILIES))
