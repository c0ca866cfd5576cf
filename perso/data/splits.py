"""Who is personalized, who is everybody else, and which images each part holds – as index arrays.

NumPy only: no files, no settings, no torch. Randomness comes in as draws or generators, one per person, so that
adding people never moves the others.
"""

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Person = Hashable  # an int or a text, as the data names people


@dataclass(frozen=True)
class Fold:
    """People personalized against one D_G."""

    individuals: tuple[Person, ...]  # in the order of S
    global_people: tuple[Person, ...]  # complete persons; none of them an individual of this fold
    global_train: np.ndarray  # D_G's training images, int [n]
    global_test: np.ndarray  # D_G's test images, int [n]

    def neighbour(self, person: Person) -> Person:
        """I', the other individual: the next of this fold, cyclic."""
        place = self.individuals.index(person)
        return self.individuals[(place + 1) % len(self.individuals)]


@dataclass(frozen=True)
class Splits:
    """The split of every person and the folds."""

    train: Mapping[Person, np.ndarray]  # D_I's training images, int [n] each
    test: Mapping[Person, np.ndarray]
    folds: tuple[Fold, ...]

    @property
    def individuals(self) -> tuple[Person, ...]:
        """S, all folds together."""
        return tuple(person for fold in self.folds for person in fold.individuals)


def choose(
    draws: Mapping[Person, float], individuals: int, global_people: int
) -> tuple[list, list]:
    """S and the people of D_G out of everybody, by their draws: the lowest are S, the highest D_G.

    From two ends, so that more individuals leave D_G as it was and more people in D_G leave S as it was.
    ValueError when there are too few people for both.
    """
    order = sorted(draws, key=lambda person: (draws[person], str(person)))
    if individuals + global_people > len(order):
        raise ValueError(f"{individuals} + {global_people} people wanted, {len(order)} there")
    return order[:individuals], order[len(order) - global_people :]


def numbered(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """A number for every image and its label, int [N]: the same for two exactly where both pixels and label are equal.

    By label as well, since the flip of a symmetric image is the image itself, but of another class.
    """
    numbers = {}  # of what was seen so far
    found = []
    for image, label in zip(images, labels.tolist(), strict=True):
        content = label, hashlib.sha256(image.tobytes()).digest()
        found.append(numbers.setdefault(content, len(numbers)))
    return np.array(found)


def split(item: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Which of one person's images are trained on, bool [N]; images of one item stay on one side.

    item   int [N], the original sample behind each image
    share  of the items; at least one item falls on either side. ValueError for fewer than two items.
    """
    items = np.unique(item)
    if len(items) < 2:
        raise ValueError(f"{len(items)} sample cannot be split into training and test")
    count = min(max(round(share * len(items)), 1), len(items) - 1)
    return np.isin(item, rng.permutation(items)[:count])


def class_counts(
    labels: np.ndarray, people: int, rng: np.random.Generator, main: int = 200, side: int = 33
):
    """People who differ in class counts (v1): the person of every sample, int [N], -1 for nobody's.

    Each person takes `main` samples of one class and `side` of three more, without replacement. Main classes are
    dealt in turn, so that D_G, the rest of a small pool, keeps some of every class. ValueError when a class runs out.
    """
    who = np.full(len(labels), -1)
    pools = {c: list(rng.permutation(np.flatnonzero(labels == c))) for c in np.unique(labels)}
    turns = rng.permutation(list(pools))
    for person in range(people):
        most = turns[person % len(turns)]
        classes = [most, *rng.permutation(turns[turns != most])[:3]]
        for c, count in zip(classes, (main, side, side, side), strict=False):
            if len(pools[c]) < count:
                left = f"of class {c}, {len(pools[c])} samples are left where {count} are needed"
                raise ValueError(f"{left}; {person} people can be made")
            who[[pools[c].pop() for _ in range(count)]] = person
    return who


def split_people(
    who: np.ndarray,
    item: np.ndarray,
    individuals: Sequence[Person],
    global_people: Sequence[Person],
    share: float,
    rng_of: Callable[[Person], np.random.Generator],
    copies: int = 1,
    whole: bool = True,
) -> Splits:
    """Split everybody and lay out the folds.

    who, item      person and original sample of every image, [N]
    global_people  those who form D_G; empty: the individuals' two halves are D_G to each other
    rng_of         a generator for each person's split
    copies         images stand this many times one after the other (flips): image n also at n + N, …
    whole          an item and its copies stay on one side; if not, each image is split for itself
    """
    train, test = {}, {}
    for person in (*individuals, *global_people):
        own = np.flatnonzero(who == person)
        images = (own + np.arange(copies)[:, None] * len(who)).ravel()
        try:
            kept = split(np.tile(item[own], copies) if whole else images, share, rng_of(person))
        except ValueError as error:
            raise ValueError(f"person {person}: {error}") from error
        train[person], test[person] = images[kept], images[~kept]
    if global_people:
        sides = [(individuals, global_people)]
    else:
        half = len(individuals) // 2
        sides = [(individuals[:half], individuals[half:]), (individuals[half:], individuals[:half])]
    folds = (
        Fold(
            tuple(mine),
            tuple(others),
            *(np.concatenate([part[p] for p in others]) for part in (train, test)),
        )
        for mine, others in sides
    )
    return Splits(train, test, tuple(folds))
