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


def interpolated(start: Weights, end: Weights, m: float | Mapping[str, np.ndarray]) -> dict:
    """θ_start + m ⊙ (θ − θ_start), in the type of the weights.

    m   a share for all weights, or {name: shares} with one array per name
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
