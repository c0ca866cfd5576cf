"""Who is who in a study: individuals, the people of D_G, outside people; chosen, or made (v1)."""

from dataclasses import replace
from functools import cache

import numpy as np

from perso.data import splits
from perso.data.cohort import Cohort
from perso.data.sizes import counted, unit_of
from perso.data.splits import Person, Roles
from perso.errors import InputError
from perso.seeds import rng
from perso.settings import Settings

POOL = -1  # the one "person" of D_G where people are made by class counts


@cache
def drawn(seed: int, person: Person) -> float:
    """Return the number by which a person is chosen; a ledger chooses the same people often."""
    return rng(seed, "person", person).random()


def choose_people(settings: Settings, source: Cohort) -> tuple[Cohort, list[Roles]]:
    """Hidden factors: return the chosen people's samples, and who is what in each cohort.

    No person is in the cohorts of two values of cohort_seed.
    """
    people = source.people.tolist()
    if POOL in people:  # what pandas.factorize makes of a missing id
        count = len(source.positions[POOL])
        raise InputError(
            f"dataset: {settings.dataset}: array 'who' has {POOL} for {counted(count, 'sample')}, "
            "which is nobody's id; leave these samples out or give them an id (for a file made by "
            "class counts, set variation: class-counts)"
        )
    others = settings.global_people if settings.groups == 1 else 0
    left = [
        person
        for person in people
        if len(np.unique(source.item[source.positions[person]])) >= settings.min_items
    ]
    chosen = []
    for seed in range(settings.cohort_seed + settings.cohorts):
        draws = {person: drawn(seed, person) for person in left}
        try:
            roles = Roles(*splits.choose(draws, settings.individuals, others))
        except ValueError:
            message = too_few(settings, unit_of(source), len(people), len(left), others, seed)
            raise InputError(message) from None
        taken = {*roles.individuals, *roles.global_people}
        left = [person for person in left if person not in taken]
        if seed >= settings.cohort_seed:
            chosen.append(roles)
    if settings.outside_people > len(left):
        raise InputError(
            f"outside_people: {settings.outside_people} are too many for {settings.dataset}: "
            f"beside the individuals and D_G's people there are {len(left)}; possible: 0 to "
            f"{len(left)}"
        )
    outside = sorted(left, key=lambda person: (draws[person], str(person)))
    chosen = [roles._replace(outside_people=outside[: settings.outside_people]) for roles in chosen]
    everybody = {person for roles in chosen for person in roles.everybody}
    return source.of(everybody), chosen


def too_few(settings: Settings, unit: str, people: int, left: int, others: int, seed: int) -> str:
    """Return the message for too few people.

    unit    `unit_of` the data set
    people  number of people of the data set
    left    of them, those with enough samples who are in no cohort of a smaller seed
    others  number of people that D_G needs beside the individuals
    seed    the cohort_seed for which they are too few
    """
    enough = f" with at least {settings.min_items} {unit}s" if settings.min_items else ""
    needed = f"{settings.individuals} individuals"
    if others:
        needed += f" and {others} global_people"
    if seed:
        which = f"cohort_seed: {settings.cohort_seed} needs"
        if settings.cohorts > 1:
            which = f"cohorts: each of {settings.cohorts} needs"
        return (
            f"{which} {needed}, but of the {people} people of "
            f"{settings.dataset}, only {left}{enough} are in no cohort of a smaller seed"
        )
    if people == 1:
        hint = "variation: class-counts makes people"
    elif others and left > settings.individuals:
        hint = f"possible: global_people: {left - settings.individuals}"
    elif left > 2 and others:
        hint = f"possible: individuals: {left - 1} with global_people: 1"
    elif left > 2:
        hint = f"possible: individuals: {left}"
    elif people > 2:
        hint = "set a smaller min_items"
    else:
        hint = "use data of more people"
    return (
        f"individuals: {needed} are too many for {settings.dataset}, "
        f"which has {counted(left, 'person', 'people')}{enough}; {hint}"
    )


def draw_class_counts(settings: Settings, source: Cohort) -> tuple[Cohort, list[Roles]]:
    """Class counts (v1): return the samples of made people, and who is what in their one cohort.

    Individuals are drawn from the samples; D_G is a pool of the rest.
    """
    if settings.groups > 1:
        raise InputError(
            "exchange: true and folds have no meaning with variation: class-counts; set "
            "exchange: false, folds: 0"
        )
    if POOL in source.who:  # a file of people who were drawn before
        drawn = [person for person in source.people.tolist() if person != POOL]
        if len(drawn) != settings.individuals:
            raise InputError(
                f"individuals: {settings.individuals} do not fit {settings.dataset}, "
                f"which was drawn for {len(drawn)}; possible: {len(drawn)}"
            )
        return source, [Roles(drawn, [POOL])]
    if len(np.unique(source.item)) < len(source.item):
        raise InputError(
            f"variation: class-counts draws single samples, but several {source.kind} share an "
            "item; possible: hidden-factors"
        )
    draw = rng(settings.cohort_seed, "class counts")
    try:
        who = splits.class_counts(
            source.labels, settings.individuals, draw, settings.main_items, settings.side_items
        )
    except ValueError as error:
        raise InputError(
            f"individuals: {settings.individuals} are too many for {settings.dataset}: {error}, "
            "or more with smaller main_items and side_items"
        ) from error
    rest = np.flatnonzero(who == POOL)
    if len(rest) < settings.global_items:
        raise InputError(
            f"global_items: {settings.global_items} are too many; possible: up to {len(rest)}"
        )
    pool = draw.permutation(rest)[: settings.global_items or None]
    kept = np.concatenate([np.flatnonzero(who != POOL), pool])
    kept.sort()
    pooled = replace(
        source,
        inputs=source.inputs[kept],
        labels=source.labels[kept],
        who=who[kept],
        item=source.item[kept],
        attributes={name: values[kept] for name, values in source.attributes.items()},
    )
    return pooled, [Roles(list(range(settings.individuals)), [POOL])]
