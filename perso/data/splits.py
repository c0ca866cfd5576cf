"""Who is personalized, who is in D_G, and which inputs each part holds – as index arrays.

NumPy only: no files, no settings, no torch. Randomness comes in as draws or generators, one per
person, so that further people never change the others.
"""

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

Person = Hashable  # an int or a str, as the data name people


@dataclass(frozen=True)
class Fold:
    """People personalized against one D_G."""

    individuals: tuple[Person, ...]  # in the order of S
    global_people: tuple[Person, ...]  # with all their samples; no individual of this fold
    global_train: np.ndarray  # D_G's training inputs, int [n]
    global_test: np.ndarray  # D_G's test inputs, int [n]
    outside_people: tuple[Person, ...] = ()  # further people, see `Roles`

    def neighbour(self, person: Person) -> Person:
        """Return I', the other individual: the next of this fold, cyclic."""
        return self.individuals[(self.places[person] + 1) % len(self.individuals)]

    @cached_property
    def places(self) -> dict[Person, int]:
        """The place of each individual in the order of S."""
        return {person: place for place, person in enumerate(self.individuals)}


class Roles(NamedTuple):
    """The people of a cohort."""

    individuals: list[Person]  # S
    global_people: list[Person]  # those whose data are D_G
    # others, whose training samples are there for methods that learn how people differ
    outside_people: Sequence[Person] = ()

    @property
    def everybody(self) -> list[Person]:
        """All of them."""
        return [*self.individuals, *self.global_people, *self.outside_people]


@dataclass(frozen=True)
class Splits:
    """The split of every person, and the folds.

    Where samples have contexts, `train` and `test` are of the available context alone.
    """

    train: Mapping[Person, np.ndarray]  # a person's training inputs of D_I, int [n]
    test: Mapping[Person, np.ndarray]  # a person's test inputs of D_I, int [n]
    folds: tuple[Fold, ...]
    # a person's training inputs as one of D_G or outside, of all contexts, int [n]
    train_of_all: Mapping[Person, np.ndarray]
    # a person's inputs of all other contexts, D_U, int [n], on which no network of that person
    # trains; none without contexts
    elsewhere: Mapping[Person, np.ndarray] = field(default_factory=dict)

    @property
    def individuals(self) -> tuple[Person, ...]:
        """S: the individuals of all folds."""
        return tuple(person for fold in self.folds for person in fold.individuals)


def choose(
    draws: Mapping[Person, float], individuals: int, global_people: int
) -> tuple[list[Person], list[Person]]:
    """Return S and the people of D_G: those with the lowest draws are S, with the highest D_G.

    Because they come from two ends, more individuals leave D_G as it was, and more people in D_G
    leave S as it was. ValueError when there are too few people for both.
    """
    order = sorted(draws, key=lambda person: (draws[person], str(person)))
    if individuals + global_people > len(order):
        raise ValueError(
            f"{individuals} + {global_people} people are needed, there are {len(order)}"
        )
    return order[:individuals], order[len(order) - global_people :]


def positions_of(who: np.ndarray) -> dict[Person, np.ndarray]:
    """Return where each person's inputs are, {person: int [n]}, in their order.

    One sort for all people: a comparison with each of them takes people × inputs steps.
    """
    people, number = np.unique(who, return_inverse=True)
    order = np.argsort(number, kind="stable")
    ends = np.cumsum(np.bincount(number, minlength=len(people))).tolist()
    places = zip(people.tolist(), [0, *ends], ends, strict=False)
    return {person: order[start:end] for person, start, end in places}


def numbered(inputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return a number per input, int [N], equal for two inputs of equal values and equal label.

    The label counts because the flip of a symmetric image is the image itself, but another class.
    """
    number_of = {}
    found = []
    for one, label in zip(inputs, labels.tolist(), strict=True):
        content = label, hashlib.sha256(one.tobytes()).digest()
        found.append(number_of.setdefault(content, len(number_of)))
    return np.array(found)


def split(
    item: np.ndarray, share: float, rng: np.random.Generator, rotation: int = 0
) -> np.ndarray:
    """Return which of one person's inputs are trained on, bool [N].

    Inputs of one item stay on one side. ValueError for fewer than two items.

    item      int [N], the original sample of each input
    share     of the items that is trained on; at least one item is on either side
    rotation  the items in random order are a ring, and the tested ones move on by as many as they
              are: so the rotations 0, 1 and 2 of a share of .7 test no item twice
    """
    items = np.unique(item)
    if len(items) < 2:
        raise ValueError(f"{len(items)} item cannot be split into training and test")
    count = min(max(round(share * len(items)), 1), len(items) - 1)
    ring = np.roll(rng.permutation(items), rotation * (len(items) - count))
    return np.isin(item, ring[:count])


def class_counts(
    labels: np.ndarray, people: int, rng: np.random.Generator, main: int = 200, side: int = 33
) -> np.ndarray:
    """Return the person of every sample, int [N], -1 for nobody: people who differ in class counts.

    Each person takes `main` samples of one class and `side` of three more, without replacement
    (v1). Main classes take turns, so that D_G, the rest of a small pool, keeps some of every class.
    ValueError when a class runs out.
    """
    who = np.full(len(labels), -1)
    pools = {c: list(rng.permutation(np.flatnonzero(labels == c))) for c in np.unique(labels)}
    order = rng.permutation(list(pools))
    for person in range(people):
        main_class = order[person % len(order)]
        classes = [main_class, *rng.permutation(order[order != main_class])[:3]]
        for c, count in zip(classes, (main, side, side, side), strict=False):
            if len(pools[c]) < count:
                few = f"a person needs {count} samples of class {c}, only {len(pools[c])} left"
                raise ValueError(f"{few}; possible: {person or 'none'}")
            who[[pools[c].pop() for _ in range(count)]] = person
    return who


def split_people(
    who: np.ndarray,
    item: np.ndarray,
    cohorts: Sequence[Roles],
    share: float,
    rng_of: Callable[[Person], np.random.Generator],
    copies: int = 1,
    whole: bool = True,
    rotation: int = 0,
    groups: int = 2,
    context: np.ndarray | None = None,
    available: int = 0,
) -> Splits:
    """Split every person's inputs and lay out the folds. ValueError names a person who cannot be.

    who, item  person and original sample of every input, [N]
    cohorts    `Roles`, each of other people, and a fold of its own; without people for D_G its
               individuals are divided into `groups`, each a fold with all other groups as its D_G
    share      of a person's items that is trained on
    rng_of     returns the generator of a person's split
    copies     1, or 3 with flips: input n also has the indices n + N and n + 2·N
    whole      an item and its copies stay on one side; if False, inputs are split one by one
    rotation   of the individuals' splits, see `split`; that of D_G's people stays
    context    number of each input's context, int [N], each split alone; None: all are of one
    available  the context of D_I
    """
    if context is None:
        context = np.full(len(who), available)
    positions = positions_of(who)
    nowhere = np.zeros(0, np.intp)
    sides = []
    of_person: dict[Person, OneSplit] = {}
    for roles in (Roles(*each) for each in cohorts):
        individuals, global_people, outside = roles
        personalized = set(individuals)
        for person in roles.everybody:
            own = positions.get(person, nowhere)
            inputs = (own + np.arange(copies)[:, None] * len(who)).ravel()
            contexts = np.tile(context[own], copies)
            if person in personalized and available not in contexts:
                raise ValueError(f"person {person} has no sample of context {available}")
            units = np.tile(item[own], copies) if whole else inputs
            turn = rotation if person in personalized else 0
            try:
                trained = split_in_contexts(units, contexts, share, rng_of(person), turn)
            except ValueError as error:
                raise ValueError(f"person {person}: {error}") from error
            is_own = contexts == available
            of_person[person] = OneSplit(
                train=inputs[trained & is_own],
                test=inputs[~trained & is_own],
                train_of_all=inputs[trained],
                test_of_all=inputs[~trained],
                elsewhere=inputs[~is_own],
            )
        if global_people:
            sides.append((individuals, global_people, outside))
        else:
            ends = [len(individuals) * number // groups for number in range(groups + 1)]
            for start, end in pairwise(ends):
                others = individuals[:start] + individuals[end:]
                sides.append((individuals[start:end], others, outside))
    folds = (
        Fold(
            tuple(inside),
            tuple(others),
            global_train=np.concatenate([of_person[each].train_of_all for each in others]),
            global_test=np.concatenate([of_person[each].test_of_all for each in others]),
            outside_people=tuple(outside),
        )
        for inside, others, outside in sides
    )
    parts = {
        name: {person: getattr(one, name) for person, one in of_person.items()}
        for name in ("train", "test", "train_of_all", "elsewhere")
    }
    return Splits(folds=tuple(folds), **parts)


class OneSplit(NamedTuple):
    """The inputs of one person, see `Splits`; int [n] each."""

    train: np.ndarray
    test: np.ndarray
    train_of_all: np.ndarray
    test_of_all: np.ndarray
    elsewhere: np.ndarray


def split_in_contexts(
    item: np.ndarray,
    context: np.ndarray,
    share: float,
    rng: np.random.Generator,
    rotation: int = 0,
) -> np.ndarray:
    """`split` in each context alone: which of one person's inputs are trained on, bool [N].

    ValueError for fewer than two items of a context, and for an item in two contexts.
    """
    numbers = np.unique(context)
    trained = np.zeros(len(item), bool)
    for number in numbers:
        here = context == number
        if np.isin(item[here], item[~here]).any():
            raise ValueError("an item is in two contexts")
        try:
            trained[here] = split(item[here], share, rng, rotation)
        except ValueError as error:
            where = f"in context {number}, " if len(numbers) > 1 else ""
            raise ValueError(where + str(error)) from error
    return trained
