"""Pareto front of D_I and D_G."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from perso.analysis import accuracy
from perso.methods.method import BASELINE
from perso.methods.registry import METHODS

COMPARED_FAMILIES = (
    "baseline",
    "early shaping",
    "sample weighing",
    "transfer learning",
)  # families that v1 compares


def front(on_I_mean: np.ndarray, on_G_mean: np.ndarray) -> np.ndarray:
    """Who is on the Pareto front of means [..., k], bool: no other is as good on both parts and better on one."""
    on_I, on_G = (np.asarray(each)[..., :, None] for each in (on_I_mean, on_G_mean))
    more_I, more_G = (
        np.asarray(each)[..., None, :] - own for each, own in ((on_I_mean, on_I), (on_G_mean, on_G))
    )
    return ~((more_I >= 0) & (more_G >= 0) & (more_I + more_G > 0)).any(axis=-1)


def complete(on_I: np.ndarray, on_G: np.ndarray) -> np.ndarray:
    """The people who lack nothing: [2, n, k]."""
    both = np.stack([on_I, on_G]).astype(float)
    if not (there := ~np.isnan(both).any(axis=(0, 2))).any():
        raise ValueError("nobody has a row of every method")
    return both[:, there]


def resampled(
    on_I: np.ndarray, on_G: np.ndarray, rng: np.random.Generator, draws: int
) -> np.ndarray:
    """Means over people drawn with replacement, the same for all methods: [2, draws, k]; rounded, that ties be ties."""
    both = complete(on_I, on_G)
    picked = rng.integers(both.shape[1], size=(draws, both.shape[1]))
    return both[:, picked].mean(axis=2).round(12)


def pareto(
    on_I: np.ndarray, on_G: np.ndarray, rng: np.random.Generator, draws: int = 2000
) -> np.ndarray:
    """How probably each method is on the front, [k]: its share of the bootstrap draws of people."""
    return front(*resampled(on_I, on_G, rng, draws)).mean(axis=0)


def best_by_weight(
    on_I: np.ndarray,
    on_G: np.ndarray,
    weights: Sequence[float],
    rng: np.random.Generator,
    draws=2000,
):
    """How probably each method has the largest D_I + w · D_G, [weights, k]; a line sums to 1, those who tie share."""
    mean_I, mean_G = resampled(on_I, on_G, rng, draws)
    sums = ((mean_I + weight * mean_G).round(12) for weight in weights)
    best = (each == each.max(axis=1, keepdims=True) for each in sums)
    return np.array([(each / each.sum(axis=1, keepdims=True)).mean(axis=0) for each in best])


def best_range(on_I_mean: np.ndarray, on_G_mean: np.ndarray) -> np.ndarray:
    """The lowest and highest w ≥ 0 at which each of means [k] has the largest D_I + w · D_G, [k, 2]; nan: at none."""
    ranges = []
    for i, g in zip(on_I_mean, on_G_mean, strict=True):
        behind, ahead = on_I_mean - i, g - on_G_mean  # against every other: w · ahead ≥ behind
        low = max([0.0, *(behind[ahead > 0] / ahead[ahead > 0])])
        high = min([np.inf, *(behind[ahead < 0] / ahead[ahead < 0])])
        ranges.append(
            (low, high) if low <= high and not (behind[ahead == 0] > 0).any() else (np.nan, np.nan)
        )
    return np.array(ranges)


def changes_to_baseline(rows: pd.DataFrame, methods: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Changes to the baseline on D_I and D_G: a line per person, a column for each of these methods that has rows."""
    wide = accuracy.by_part(rows)
    there = [name for name in methods if name in set(rows["method"])]
    return {part: each[there].sub(each[BASELINE], axis=0) for part, each in wide.items()}


def front_membership(
    rows: pd.DataFrame, methods: Sequence[str], rng: np.random.Generator, draws: int = 2000
) -> pd.DataFrame:
    """The trade-off of those of these methods that have rows, over the people who have all of them: a line each.

    D_I, D_G              mean change to the baseline, shares; the baseline's own is 0
    member, probability   whether it is on the front of these means, and how probably (`pareto`)
    from, to, best        at which w it is best of these means (`best_range`); how probably at 1 (`best_by_weight`)
    """
    seen = changes_to_baseline(rows, methods)
    on_I, on_G = complete(seen["D_I"], seen["D_G"]).mean(axis=1).round(12)
    chances = (
        pareto(*seen.values(), rng, draws),
        best_by_weight(*seen.values(), [1.0], rng, draws)[0],
    )
    low, high = best_range(on_I, on_G).T
    return pd.DataFrame(
        {
            "D_I": on_I,
            "D_G": on_G,
            "member": front(on_I, on_G),
            "probability": chances[0],
            "from": low,
            "to": high,
            "best": chances[1],
        },
        seen["D_I"].columns,
    )


def by_kind(
    runs: Mapping[str, pd.DataFrame],
    rng: np.random.Generator,
    kinds: Sequence[str] = COMPARED_FAMILIES,
) -> pd.DataFrame:
    """How probably the largest D_I + D_G is a method's of each kind, among these kinds: kinds down, runs across."""
    family = {method.name: method.family for method in METHODS if method.family in kinds}
    found = {
        run: front_membership(rows, list(family), rng)["best"].groupby(family).sum()
        for run, rows in runs.items()
    }
    return pd.DataFrame(found).reindex(list(kinds))
