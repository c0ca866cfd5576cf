"""Which methods few data make one and the same, or leave without any of D_I."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from perso.data.splits import Fold, Person
from perso.methods import grouping
from perso.methods.method import Method
from perso.methods.schedules import schedule


class Same(NamedTuple):
    """Methods that make the same networks of these data; or one alone, without what it is about."""

    methods: tuple[str, ...]  # their names
    lacks: str  # what data lack that would tell them apart
    why: str  # a sentence that names them, without its full stop

    def spoils(self, names: Collection[str]) -> bool:
        """Whether a comparison of the methods of these names means nothing."""
        named = set(self.methods).intersection(names)
        return len(named) > 1 or named == {*self.methods}


def same_methods(
    train: Mapping[Person, np.ndarray], folds: Sequence[Fold], methods: Iterable[Method]
) -> list[Same]:
    """Return which methods are one and the same with so few people in D_G, or samples in D_I.

    Of four people, 5 % and 21 % are both one; and 12 or 36 of a person's 10 samples are all.

    train   training samples of each individual
    """
    found: dict[tuple, list[Method]] = {}
    for method in methods:
        made = tuple(made_of(train, fold, method) for fold in folds)
        rest = replace(method.unnamed, enlarged_by="", percent=0, samples=0)
        found.setdefault((rest, made), []).append(method)
    return [same_of(made, group) for (_, made), group in found.items() if len(group) > 1]


def without_own(methods: Iterable[Method], n_iters: Collection[int]) -> list[Same]:
    """Return which methods of sample weighing have no batch of D_I: the 12th of an epoch of 7.

    n_iters   iterations of an epoch, of each fold
    """
    found = []
    for method in methods:
        draws = [phase.draws for phase in method.phases]
        weighs = any(each not in ("I", "G") and not callable(each) for each in draws)
        if weighs and not any(schedule(method.phases, n_iter, 1).any() for n_iter in n_iters):
            why = f"{method.name} has no batch of D_I in an epoch of {max(n_iters)} iterations"
            found.append(Same((method.name,), "longer epochs", why))
    return found


class Made(NamedTuple):
    """What a method makes of its sizes in one fold."""

    enlarged_by: str  # that of the method; "everybody" where all of D_G is added
    persons: int  # of D_G, as many as are added
    people: int  # in D_G
    samples: int  # of D_I, at most


def made_of(train: Mapping[Person, np.ndarray], fold: Fold, method: Method) -> Made:
    """Return what a method makes of its percent and its number of samples in a fold."""
    people = len(fold.global_people)
    persons = grouping.persons_to_add(method.percent, people)
    largest = max(len(train[person]) for person in fold.individuals)
    return Made(
        enlarged_by="everybody" if persons == people else method.enlarged_by,
        persons=persons,
        people=people,
        samples=min(method.samples or largest, largest),
    )


def same_of(made: Sequence[Made], methods: Sequence[Method]) -> Same:
    """Return the description of methods that make the same of their sizes, fold by fold."""
    names = tuple(method.name for method in methods)
    subject = f"{' and '.join(names)} {'both' if len(names) == 2 else 'all'}"
    if len({(method.enlarged_by, method.percent) for method in methods}) > 1:
        shares = sorted({(each.persons, each.people) for each in made})
        adds = " or ".join(f"{persons} of {people}" for persons, people in shares)
        if all(method.enlarged_by.endswith("persons") for method in methods):
            why = f"{subject} add {adds} people of D_G"
        else:
            why = f"{subject} add as many samples as belong to {adds} people of D_G"
        return Same(names, "more people in D_G", why)
    if len({method.samples for method in methods}) > 1:
        most = max(each.samples for each in made)
        return Same(names, "more samples in D_I", f"{subject} have all of D_I, {most} at most")
    return Same(names, "methods that differ", f"{subject} have the same record")
