"""Sampling noise of accuracies: the hits on each test digit, and the variance they imply.

The digits of a test set are the sample; the flips of a digit are one cluster. `rows` have the
columns of `sqlite.ROW`; `data` is a `dataset.StudyData`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import pandas as pd

from perso.data.dataset import StudyData
from perso.parts import PARTS
from perso.store.sqlite import unpacked


def binomial_noise(data: StudyData, level: float = 0.9) -> pd.DataFrame:
    """Size of every individual's test set of D_I, and the sd of an accuracy of `level` on it.

    images, digits          test images, and the digits that they are flips of
    by images, by digits    binomial sd, a share, if each of them were an independent draw
    """
    copies = 3 if data.settings.flips else 1
    sizes = {str(p): len(data.splits.test[p]) for p in data.splits.individuals}
    images = pd.Series(sizes, dtype=int)
    digits = images // copies
    variance = level * (1 - level)
    return pd.DataFrame(
        {
            "images": images,
            "digits": digits,
            "by images": np.sqrt(variance / images),
            "by digits": np.sqrt(variance / digits),
        }
    )


@dataclass(frozen=True)
class DigitHits:
    """Hits of a person's networks of one method on each of g original digits, all repeats together.

    Those of several methods or people stand in lines (`stacked`). The flips of a digit are one
    cluster: the digits are the sample.
    """

    digits: np.ndarray  # int [..., g]
    hits: np.ndarray  # sum over images and repeats, float [..., g]
    images: np.ndarray  # their number, float [..., g]

    @property
    def shares(self) -> np.ndarray:
        """Share of hits on each digit, [..., g]."""
        return self.hits / self.images

    def accuracy(self) -> np.ndarray:
        """Share of hits on all images, [...]."""
        return self.hits.sum(axis=-1) / self.images.sum(axis=-1)

    def variance(self) -> np.ndarray:
        """Sampling variance of the accuracy, [...], by clusters: g/(g - 1) Σ_g (Σ_i (h - h̄))² / m².

        The sums are over the g digits and the images i of each, m in all. nan for a single digit.
        """
        count = self.hits.shape[-1]
        if count < 2:
            return np.full(self.hits.shape[:-1], np.nan)
        total = self.images.sum(axis=-1)
        sums = self.hits - self.images * self.accuracy()[..., None]
        return count / (count - 1) * (sums**2).sum(axis=-1) / total**2

    def minus(self, common: np.ndarray | float) -> "DigitHits":
        """The same without a share of hits that is no noise, [..., g]."""
        return DigitHits(self.digits, self.hits - self.images * common, self.images)

    def only(self, chosen: np.ndarray) -> "DigitHits":
        """The same on the chosen digits: bool [g], or places, perhaps in several lines."""
        return DigitHits(self.digits[..., chosen], self.hits[..., chosen], self.images[..., chosen])


def stacked(several: Sequence[DigitHits]) -> DigitHits:
    """The hits of several methods or people, each on as many digits, in lines."""
    arrays = zip(*((each.digits, each.hits, each.images) for each in several), strict=True)
    return DigitHits(*map(np.array, arrays))


def side_by_side(own: Sequence[DigitHits]) -> DigitHits:
    """The hits of k methods on the digits that all of them were tested on, [k, g]."""
    # methods that were tested on the same digits share the array of them
    arrays = {id(each.digits): each.digits for each in own}
    # those with more repeats may have further test digits (the setting `rotate`)
    digits = reduce(np.intersect1d, arrays.values())
    if len(arrays) > 1:
        places = {name: np.searchsorted(each, digits) for name, each in arrays.items()}
        own = [each.only(places[id(each.digits)]) for each in own]
    return replace(stacked(own), digits=digits)


def on_halves(
    hits: DigitHits, order: np.ndarray, measure: Callable[[DigitHits], np.ndarray]
) -> np.ndarray:
    """A measure of hits on the first half of an order of their digits and on the rest, [2, ...].

    order   of the places of the digits, int [..., g]
    """
    halves = np.split(order, [order.shape[-1] // 2], axis=-1)
    return np.stack([measure(hits.only(np.sort(half))) for half in halves])


def hits_by_digit(
    data: StudyData, rows: pd.DataFrame, part: str
) -> list[dict[str, dict[str, DigitHits]]]:
    """The hits on each test digit, by fold, method and person."""
    rows = rows if "repeat" in rows else rows.assign(repeat=0)
    rows = rows[columns_of_hits(part)]  # few columns are quick to divide by folds
    splits = {repeat: data.at(repeat).splits for repeat in rows["repeat"].unique()}
    found = []
    for number, fold in enumerate(data.splits.folds):
        people = {str(person): person for person in fold.individuals}

        def digits_of(person: str, repeat: int, _, number=number, people=people) -> np.ndarray:
            own = splits[repeat]
            on_G = part == "D_G"
            return data.item[own.folds[number].global_test if on_G else own.test[people[person]]]

        found.append(hits_in_fold(rows[rows["person"].isin(people)], part, digits_of))
    return found


def hits_by_place(
    rows: pd.DataFrame, copies: int, rotated: bool = False
) -> list[dict[str, dict[str, DigitHits]]]:
    """`hits_by_digit` on D_I from rows alone, with a number for each digit.

    copies    flips of each digit in a test set, 3 or 1: a person's digits come in the same order
              once per orientation, if an item is split as a whole (`splits.split_people`)
    rotated   whether each repeat tests other digits
    """

    def digits_of(_, repeat: int, n: int) -> np.ndarray:
        digits = n // copies
        first = repeat * digits if rotated else 0
        return first + np.arange(n) % digits

    return [hits_in_fold(in_fold, "D_I", digits_of) for _, in_fold in rows.groupby("fold")]


def columns_of_hits(part: str) -> list[str]:
    """The columns of rows that hits on a part are read from."""
    return ["method", "person", "repeat", PARTS[part].hits, PARTS[part].size]


def hits_in_fold(
    rows: pd.DataFrame, part: str, digits_of: Callable[[str, int, int], np.ndarray]
) -> dict[str, dict[str, DigitHits]]:
    """The hits on each test digit in the rows of one fold, by method and person.

    digits_of   (person, repeat, number of test images) → the digit of each test image
    """
    networks: dict[tuple[str, str], list] = {}
    # a column of text is slow to go through, a list is not
    lists = (rows[column].tolist() for column in columns_of_hits(part))
    for method, person, *network in zip(*lists, strict=True):
        networks.setdefault((method, person), []).append(network)
    # all methods of a person share test images, on D_G those of all people: each set of them is
    # looked up once
    known: dict[tuple, tuple[np.ndarray, ...]] = {}
    found: dict[str, dict[str, DigitHits]] = {}
    for (method, person), own in networks.items():
        whose = "D_G" if part == "D_G" else person
        tests = whose, *((repeat, n) for repeat, _, n in own)
        if tests not in known:
            digits = np.concatenate([digits_of(person, repeat, n) for repeat, _, n in own])
            different, place = np.unique(digits, return_inverse=True)
            known[tests] = different, place, np.bincount(place).astype(float)
        different, place, images = known[tests]
        hits = np.concatenate([unpacked(blob, n) for _, blob, n in own])
        found.setdefault(method, {})[person] = DigitHits(
            different, np.bincount(place, hits), images
        )
    return found


def common_share(people: Mapping[str, DigitHits], part: str) -> tuple[np.ndarray | float, float]:
    """What the people of a fold have in common on each digit, and the factor of their variances.

    On D_G all people of a fold share one test set, so a digit that is hard for all makes no
    difference between them: the mean over people is subtracted. Each of n people is 1/n of it.
    """
    if part != "D_G":
        return 0.0, 1.0
    n = len(people)
    common = np.mean([each.shares for each in people.values()], axis=0)
    return common, n / (n - 1) if n > 1 else np.nan


def sampling_variances(data: StudyData, rows: pd.DataFrame, part: str) -> pd.DataFrame:
    """Sampling variance of every accuracy: a line per person, a column per method.

    The digits of a test set are the sample; the flips of a digit are one cluster (`DigitHits`).
    """
    return variances_of_hits(hits_by_digit(data, rows, part), part)


def variances_of_hits(
    hits: Iterable[Mapping[str, Mapping[str, DigitHits]]], part: str
) -> pd.DataFrame:
    """`sampling_variances` from the hits of each fold (`hits_by_digit`, `hits_by_place`)."""
    found: dict[str, dict[str, float]] = {}
    for in_fold in hits:
        for method, people in in_fold.items():
            common, scale = common_share(people, part)
            variances = {
                person: scale * each.minus(common).variance() for person, each in people.items()
            }
            found.setdefault(method, {}).update(variances)
    return pd.DataFrame(found)
