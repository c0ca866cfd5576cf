"""How a personal network answers: by itself, or together with the person's own samples.

`Method.answer` is a function of a `Question` that returns probabilities [m, classes]; the class of
the largest is the answer. As `Method.after`, it must show all that it depends on, for it is part of
a model's key: a function by `def` that is not inside of another one, or a frozen dataclass with
`__call__`, such as `Neighbours`.

A sample's answer must not depend on the other samples of the question: they are asked in blocks.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Question(NamedTuple):
    """What a trained network says about samples, and what it says about D_I's training samples.

    A feature is what the network's last layer, its head, is given.
    """

    probabilities: np.ndarray  # of the samples to be classified, float32 [m, classes]
    features: np.ndarray  # of them, float32 [m, F]
    own_features: np.ndarray  # of the training samples of D_I, float32 [n, F]
    own_labels: np.ndarray  # of these, int [n]


@dataclass(frozen=True)
class Neighbours:
    """Mix the network's probabilities with those of the nearest own samples (kNN-Per).

    A neighbour at distance d has the weight exp(−d² / d_k²), d_k the distance of the farthest of
    the k; the weights sum to 1.
    """

    k: int = 5
    share: float = 0.5  # of the neighbours

    def __post_init__(self):
        if not (isinstance(self.k, int) and self.k > 0):
            raise ValueError(f"k {self.k!r} must be a whole number above 0")
        if not 0 <= self.share <= 1:
            raise ValueError(f"share {self.share!r} is no share; possible: 0 to 1")

    def __call__(self, question: Question) -> np.ndarray:
        found = np.zeros_like(question.probabilities)
        squares = rounded_squares(question.features, question.own_features)
        # a stable sort, so that of samples equally near the first ones are taken
        nearest = np.argsort(squares, axis=1, kind="stable")[:, : self.k]
        near = np.take_along_axis(squares, nearest, axis=1)
        farthest = near[:, -1:]
        weights = np.exp(-near / np.where(farthest > 0, farthest, 1))
        weights /= weights.sum(axis=1, keepdims=True)
        rows = np.arange(len(found))[:, None]
        np.add.at(found, (rows, question.own_labels[nearest]), weights)
        return (1 - self.share) * question.probabilities + self.share * found


def rounded_squares(features: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Squared distances [m, n] of rows of features, in units of the mean square of the others.

    Rounded, because features differ in their last digits with the batch they were computed in.
    """
    x, y = (each.astype(np.float64) for each in (features, others))
    unit = (y**2).sum(1).mean() or 1.0
    squares = (x**2).sum(1)[:, None] - 2 * x @ y.T + (y**2).sum(1)
    return (squares / unit).round(5).clip(0)
