"""Method and person → index plan: the samples that each iteration trains on (no torch)."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from perso.data import splits
from perso.data.dataset import StudyData
from perso.data.splits import Fold, Person
from perso.methods import grouping, schedules
from perso.methods.method import EPOCHS, Method, Phase
from perso.methods.starts import Enrolled, MetaLearned, UserNetwork
from perso.seeds import rng

# these stand for the person in the names of seeds
GENERIC = "generic"
ENCODER = "auto-encoder"
META = "meta"
USERS = "users"
ENROLLED = "enrolled"
PROTOTYPES = "prototypes"


def epoch_length(data: StudyData, fold: Fold) -> int:
    """Return n_iter (Algorithm 1, line 8), by D_G alone: the same for all methods of a fold."""
    return schedules.iterations_per_epoch(len(fold.global_train), data.settings.batch_size)


def iterations_of(data: StudyData, fold: Fold, phases: Iterable[Phase]) -> int:
    """Return the number of iterations of phases."""
    return len(schedules.schedule(phases, epoch_length(data, fold), data.settings.epochs))


def own_iterations(data: StudyData, fold: Fold, method: Method) -> int:
    """Return a method's iterations, without those of what it starts from."""
    return iterations_of(data, fold, method.phases)


def lineage_iterations(data: StudyData, fold: Fold, method: Method) -> int:
    """Return the iterations for one person, without those of a shared generic network."""
    return sum(own_iterations(data, fold, each) for each in method.lineage)


def own_part(data: StudyData, method: Method, person: Person) -> tuple[np.ndarray, np.ndarray]:
    """Return the training samples of D_I that a method trains on, and those it holds out, int [n].

    All inputs of one item are on one side. ValueError where D_I has too few items.
    """
    own = few_of(data, data.splits.train[person], method, person)
    if not method.held_out:
        return own, own[:0]
    draw = rng(data.settings.seed, "held out", person)
    trained_on = splits.split(data.item[own], 1 - method.held_out / 100, draw)
    return own[trained_on], own[~trained_on]


def few_of(data: StudyData, own: np.ndarray, method: Method, person: Person) -> np.ndarray:
    """Return the training samples of a person that there are for a method (`Method.samples`).

    The first of a random order, so that fewer samples are some of the more.
    """
    if not method.samples:
        return own
    order = rng(data.settings.seed, "few", person).permutation(len(own))
    return own[order[: method.samples]]


def enrolment(data: StudyData, fold: Fold, method: Method, person: Person) -> np.ndarray:
    """Return the samples that a method forwards to make a person's network, int [k]."""
    if method.individual_data == "nobody":
        return data.splits.train[person][:0]
    whose = fold.neighbour(person) if method.individual_data == "other" else person
    return few_of(data, data.splits.train[whose], method, whose)


def index_plan(
    data: StudyData,
    fold: Fold,
    method: Method,
    person: Person,
    repeat: int,
    codes: np.ndarray | None = None,
    means: "Means | None" = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return which iterations draw from D_I, bool [T], and the index plan [T, B] of one model.

    It holds the method's own phases, without what it starts from.

    codes   latent codes of all inputs, [M, latent], for a method that chooses samples by them
    means   of these codes, where they are known (`means_of_people`)
    """
    settings = data.settings
    train = data.splits.train
    other = fold.neighbour(person)
    own = own_part(data, method, person)[0]
    D_I = own
    if method.individual_data == "other":
        D_I = few_of(data, train[other], method, other)
    if method.enlarged_by:
        D_I = enlarge(data, fold, method, person, repeat, codes, means)
    D_G = fold.global_train
    if method.global_extra:
        D_G = np.concatenate([D_G, train[other] if method.global_extra == "other" else own])
    counts = schedules.own_samples(
        method.phases, epoch_length(data, fold), settings.epochs, settings.batch_size
    )
    # what starts from another method does not begin with the same batches again
    place = [len(method.lineage)] if len(method.lineage) > 1 else []
    rng_I = rng(settings.seed, "batches", person, repeat, method.individual_data, *place)
    rng_G = rng(settings.seed, "batches", person, repeat, "G", *place)
    plan = schedules.batches(counts, D_I, D_G, settings.batch_size, rng_I, rng_G)
    return counts > 0, plan


def enlarge(
    data: StudyData,
    fold: Fold,
    method: Method,
    person: Person,
    repeat: int,
    codes: np.ndarray | None,
    means: "Means | None" = None,
) -> np.ndarray:
    """Return D'_I (v3 III-C): training samples of D_G that a method adds to D_I, int [n].

    D_I itself is in it where the method keeps it. The method's percent is a share of D_G's persons.
    A method that adds samples adds as many as these persons have on average, so that all ways to
    enlarge D_I add about as much.
    """
    train = data.splits.train
    D_G = fold.global_train
    own = train[person]
    persons = grouping.persons_to_add(method.percent, len(fold.global_people))
    samples = round(persons / len(fold.global_people) * len(D_G))
    far = method.enlarged_by.startswith("far")
    if method.enlarged_by == "random":
        added = rng(data.settings.seed, "added", person, repeat).permutation(D_G)[:samples]
    elif method.enlarged_by.endswith("samples"):
        added = D_G[grouping.nearest_samples(codes[own], codes[D_G], samples, far)]
    else:
        chosen = rank_persons(data, fold, person, codes, persons, far, means)
        added = np.concatenate([data.splits.train_of_all[other] for other in chosen])
    return np.concatenate([own, added]) if method.with_own else added


class Means(NamedTuple):
    """Mean latent codes of each class, [classes, latent]; nan where there is no sample of it."""

    of_people: Mapping[Person, np.ndarray]  # of each person of D_G
    of_all: np.ndarray  # of D_G


def means_of_people(data: StudyData, fold: Fold, codes: np.ndarray) -> Means:
    """Return the class means of D_G's people, all at once."""
    people = fold.global_people
    index = fold.global_train  # one person's samples after the other's
    sizes = [len(data.splits.train_of_all[person]) for person in people]
    labels = data.labels[index]
    cells = np.repeat(np.arange(len(people)), sizes) * data.classes + labels
    means = grouping.class_means(codes[index], cells, len(people) * data.classes)
    by_person = means.reshape(len(people), data.classes, -1)
    of_all = grouping.class_means(codes[index], labels, data.classes)
    return Means(dict(zip(people, by_person, strict=True)), of_all)


def rank_persons(
    data: StudyData,
    fold: Fold,
    person: Person,
    codes: np.ndarray,
    n: int,
    far: bool = False,
    means: Means | None = None,
) -> list[Person]:
    """Return the n people of D_G nearest to an individual by class means (IG), the nearest first.

    far     return the farthest instead
    means   of these codes, where they are known
    """
    means = means or means_of_people(data, fold, codes)
    own = data.splits.train[person]
    mean_I = grouping.class_means(codes[own], data.labels[own], data.classes)
    return grouping.nearest_persons(mean_I, means.of_people, means.of_all, n, far)


def rate_schedule(data: StudyData, fold: Fold, phases: Sequence[Phase]) -> np.ndarray:
    """Return the learning rate of every iteration of phases that are trained alike, [T].

    The study's rate decays after some of its epochs, which are counted from the first of them on. A
    phase shorter than the epochs, such as early shaping, is not one of them.
    """
    settings = data.settings
    total = iterations_of(data, fold, phases)
    if phases[0].rate is not None:
        return np.full(total, phases[0].rate)
    decay_after = 0
    factor = sum(phase.epochs for phase in phases if phase.epochs >= 1)
    if settings.decay_epoch and factor:
        before = itertools.takewhile(lambda phase: phase.epochs < 1, phases)
        until_decay = round(settings.decay_epoch * factor * epoch_length(data, fold))
        decay_after = iterations_of(data, fold, before) + until_decay
    return schedules.learning_rates(total, settings.learning_rate, decay_after, settings.decay)


def generic_plan(data: StudyData, fold: Fold, repeat: int) -> np.ndarray:
    """Return the index plan [T, B] of a generic network: batches of D_G alone."""
    settings = data.settings
    rng_G = rng(settings.seed, "batches", GENERIC, repeat, "G")
    return schedules.batches(
        schedules.schedule([EPOCHS], epoch_length(data, fold), settings.epochs),
        fold.global_train[:0],
        fold.global_train,
        settings.batch_size,
        None,
        rng_G,
    )


def meta_plans(data: StudyData, fold: Fold, start: MetaLearned, repeat: int) -> np.ndarray:
    """Return the index plans of a meta-learned start, int [rounds, people, steps, b].

    Each round draws other people of D_G, and b of their training samples for each step; together
    they have as many as a batch. The plans are the same for every rule. Of the control, a round has
    ordinary batches of D_G, [rounds, 1, steps, B].
    """
    settings = data.settings
    draw = rng(settings.seed, META, repeat)
    if start.rule == "ordinary":
        total = start.iterations * settings.batch_size
        drawn = schedules.stream(shown_samples(data, fold), total, draw)
        return drawn.reshape(start.rounds, 1, start.steps, settings.batch_size)
    everybody = shown_people(fold)
    train = data.splits.train_of_all
    people = min(start.people, len(everybody))
    size = max(1, settings.batch_size // people)
    plans = [
        [
            schedules.stream(train[everybody[place]], start.steps * size, draw)
            for place in draw.choice(len(everybody), people, replace=False)
        ]
        for _ in range(start.rounds)
    ]
    return np.array(plans, np.int32).reshape(start.rounds, people, start.steps, size)


def shown_people(fold: Fold) -> tuple[Person, ...]:
    """Return the people who show how people differ: those of D_G, and those outside."""
    return (*fold.global_people, *fold.outside_people)


def shown_samples(data: StudyData, fold: Fold) -> np.ndarray:
    """Return the training samples of these people, int [n]."""
    outside = (data.splits.train_of_all[person] for person in fold.outside_people)
    return np.concatenate([fold.global_train, *outside])


def episodes(data: StudyData, fold: Fold, start: Enrolled, repeat: int) -> np.ndarray:
    """Return the index plan of an enrolled network, int [steps, people · (slots + queries)].

    It is the same for all that differ in encoder, in what they set, and in having classes.
    """
    draw = rng(data.settings.seed, ENROLLED, repeat)
    people = shown_people(fold)
    own = [data.splits.train_of_all[person] for person in people]
    items = [data.item[each] for each in own]
    # one person twice in a step where there are fewer than a step needs
    repeated = len(people) < start.people
    plan = [
        [
            schedules.episode(
                own[place],
                items[place],
                int(draw.choice(start.samples)),
                start.slots,
                start.queries,
                draw,
            )
            for place in draw.choice(len(people), start.people, replace=repeated)
        ]
        for _ in range(start.steps)
    ]
    return np.array(plan, np.int32).reshape(start.steps, -1)


def users(data: StudyData, fold: Fold, start: UserNetwork, repeat: int) -> np.ndarray:
    """Return the number of each input's person among the people of D_G, from 1, int [M].

    0 for everybody else. Where the start is shuffled, D_G's training samples keep their numbers but
    in another order.
    """
    found = np.zeros(len(data.inputs), np.int64)
    for number, person in enumerate(fold.global_people, 1):
        found[data.who == person] = number
    if start.shuffled:
        draw = rng(data.settings.seed, "shuffled users", repeat)
        found[fold.global_train] = draw.permutation(found[fold.global_train])
    return found


def encoder_samples(data: StudyData, fold: Fold) -> np.ndarray:
    """Return the inputs that an auto-encoder learns from and encodes, int [n].

    They are the training images of D_G and of every individual of the fold.
    """
    individuals = (data.splits.train[person] for person in fold.individuals)
    return np.concatenate([fold.global_train, *individuals])
