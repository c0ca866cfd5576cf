"""What becomes of the trained weights: θ_start + m ⊙ (θ − θ_start).

`Method.after` is a function of a `Movement` that returns weights. m is a share for all weights, or
an array of shares for each of them.

The function must show all that it depends on, for it is part of a model's key: a function by `def`
that is not inside of another one, or a frozen dataclass with `__call__`, such as `Share`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Weights = Mapping[str, np.ndarray]  # parameters and statistics of one model, by name


class Movement(NamedTuple):
    """One model before and after its training."""

    start: Weights  # where the method's training began
    end: Weights  # where it ended
    # share of samples of D_I that a model with given weights classifies correctly: of the part that
    # is held out where the method holds one out, else of the training samples
    accuracy: Callable[[Weights], float]
    rng: np.random.Generator  # of this person and repeat, the same for all methods


@dataclass(frozen=True)
class Share:
    """Keep a share of the movement, the same of every weight (WiSE-FT): 0 the start, 1 the end.

    It is also the average of two networks, (1 - share) · θ_start + share · θ.
    """

    share: float

    def __post_init__(self):
        if not isinstance(self.share, int | float) or not math.isfinite(self.share):
            raise ValueError(f"share {self.share!r} must be a number")

    def __call__(self, movement: Movement) -> dict[str, np.ndarray]:
        return interpolated(movement.start, movement.end, self.share)


KEPT = ("largest", "smallest", "random")


@dataclass(frozen=True)
class Pruned:
    """Keep the movement of some weights: prune and mix (CRoP, Algorithm 1, lines 3 and 4).

    Among the entries of all weight matrices but the last layer's, those of the smallest magnitude
    are pruned, a further `step` of them as long as the network without them is less accurate by no
    more than `tolerance`, up to 95 %. Biases, normalisation and the last layer are kept.
    """

    tolerance: float = 0.05  # τ, a share of samples
    step: float = 0.05  # k and k'
    # which entries are kept | as many of the smallest magnitude, or at random: two controls
    keep: str = "largest"
    rest: str = "start"  # what pruned weights become: those of the start, or zero (prune only)

    def __post_init__(self):
        if not 0 < self.step <= 1 or not 0 <= self.tolerance <= 1:
            raise ValueError(
                f"step {self.step!r} must be above 0 and at most 1, tolerance {self.tolerance!r} "
                "from 0 to 1"
            )
        if self.keep not in KEPT or self.rest not in ("start", "zero"):
            raise ValueError(
                f"keep {self.keep!r}, rest {self.rest!r}: possible are {', '.join(KEPT)}, and "
                "start, zero"
            )

    def __call__(self, movement: Movement) -> dict[str, np.ndarray]:
        matrices = [name for name, array in movement.end.items() if array.ndim >= 2][:-1]
        mask = tolerated(movement, matrices, self.step, self.tolerance)
        if self.keep != "largest":
            magnitudes = entries_of(movement.end, matrices)
            order = np.argsort(np.abs(magnitudes), kind="stable")
            if self.keep == "random":
                order = movement.rng.permutation(len(magnitudes))
            mask = np.isin(np.arange(len(magnitudes)), order[: mask.sum()])
        start = movement.start
        if self.rest == "zero":
            start = {name: np.zeros_like(array) for name, array in movement.start.items()}
        return interpolated(start, movement.end, shares_of(movement.end, matrices, mask))


def tolerated(movement: Movement, matrices: list[str], step: float, tolerance: float) -> np.ndarray:
    """Which entries of the matrices a tolerated pruning keeps, bool [entries of all of them]."""
    magnitudes = np.abs(entries_of(movement.end, matrices))
    zeros = {name: np.zeros_like(array) for name, array in movement.end.items()}
    least = movement.accuracy(movement.end) - tolerance
    kept = np.ones(len(magnitudes), bool)
    order = np.argsort(magnitudes, kind="stable")
    for number in range(1, round(0.95 / step) + 1):
        fewer = kept.copy()
        fewer[order[: round(number * step * len(order))]] = False
        pruned = interpolated(zeros, movement.end, shares_of(movement.end, matrices, fewer))
        if movement.accuracy(pruned) < least:
            break
        kept = fewer
    return kept


def entries_of(weights: Weights, names: list[str]) -> np.ndarray:
    """The entries of some weights in one vector."""
    return np.concatenate([np.zeros(0), *(weights[name].ravel() for name in names)])


def shares_of(weights: Weights, names: list[str], mask: np.ndarray) -> dict:
    """Shares for `interpolated`: those of the mask for the entries of some weights, else 1.

    mask   bool [entries of the weights `names`]
    """
    places = np.cumsum([weights[name].size for name in names])[:-1]
    parts = zip(names, np.split(mask, places), strict=True)
    masks = {name: own.reshape(weights[name].shape) for name, own in parts}
    return dict.fromkeys(weights, 1) | masks


def interpolated(start: Weights, end: Weights, m: float | Mapping[str, np.ndarray]) -> dict:
    """θ_start + m ⊙ (θ − θ_start), in the type of the weights.

    m   a share for all weights, or {name: share or an array of shares}
    At 0 it is the start and at 1 the end, bit for bit. Whole numbers, such as counters of a network
    of the user's own, are those of the end.
    """
    found = {}
    for name, last in end.items():
        share = m[name] if isinstance(m, Mapping) else m
        found[name] = last
        if np.issubdtype(last.dtype, np.floating):
            found[name] = ((1 - share) * start[name] + share * last).astype(last.dtype)
    return found
