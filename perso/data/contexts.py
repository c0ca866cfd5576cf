"""Contexts within a person: attributes of the data, or made by altering half of the samples."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from perso.data.cohort import Cohort
from perso.data.images import sheared, thickened
from perso.data.splits import Person
from perso.errors import InputError
from perso.seeds import rng

# contexts that are made: their name, what follows the colon, and a function of (images, number)
MADE = {
    "shear": ("degrees, such as shear:15", sheared),
    "thick": ("pixels, such as thick:1", thickened),
}


def with_context(source: Cohort, context: str, seed: int) -> Cohort:
    """Return a cohort with the attribute `context`: the number of each sample's context, from 0.

    context   an attribute of the cohort, whose sorted values are numbered; or shear:DEGREES or
              thick:PIXELS, which alter half of each person's items: those are of context 1
    seed      of which half is altered
    InputError for another context, for an attribute that has one value, and for altering samples
    that have contexts.
    """
    name, colon, amount = context.partition(":")
    if colon:
        return altered(source, name, amount, seed)
    if name not in source.attributes:
        possible = list(source.attributes)
        if source.kind == "images":
            possible += [f"{made}:NUMBER" for made in MADE]
        raise InputError(
            f"context: {source.source} has no attribute {name!r}; "
            f"possible: {', '.join(possible) or 'no context, as by -p context='}"
        )
    values, number = np.unique(source.attributes[name], return_inverse=True)
    if len(values) < 2:
        raise InputError(f"context: {name!r} is {values[0]} for all samples; needed are two values")
    return replace(source, attributes=source.attributes | {"context": number})


def context_names(source: Cohort, context: str) -> list[str]:
    """Return the names of a cohort's contexts, in the order of their numbers.

    source   as it was before `with_context`
    """
    if ":" in context:
        return ["as it is", context]
    return [str(value) for value in np.unique(source.attributes[context])]


def random_half(source: Cohort, draw: Callable[[Person], np.random.Generator]) -> np.ndarray:
    """Return 1 for a random half of each person's items, else 0; int64 [N].

    draw   person → generator of random numbers
    """
    half = np.zeros(len(source.who), np.int64)
    for person, own in source.positions.items():
        items = np.unique(source.item[own])
        chosen = draw(person).permutation(items)[: len(items) // 2]
        half[own[np.isin(source.item[own], chosen)]] = 1
    return half


def altered(source: Cohort, name: str, amount: str, seed: int) -> Cohort:
    """`with_context` of a context that is made."""
    if name not in MADE or not re.fullmatch(r"[1-9][0-9]?", amount):
        possible = "; ".join(f"{made}: whole {what}" for made, (what, _) in MADE.items())
        raise InputError(f"context: '{name}:{amount}' is impossible; possible: {possible}")
    if source.kind != "images":
        raise InputError(
            f"context: {name} alters images, and {source.source} has {source.kind}; "
            "name an attribute instead"
        )
    if "context" in source.attributes:  # perhaps these images were altered before
        raise InputError(
            f"context: {source.source} has contexts already, its attribute context; "
            "set context: context"
        )
    context = random_half(source, lambda person: rng(seed, "context", person))
    images = source.inputs.copy()
    images[context == 1] = MADE[name][1](images[context == 1], int(amount))
    return replace(source, inputs=images, attributes=source.attributes | {"context": context})
