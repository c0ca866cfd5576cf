"""Method and person to an index plan (no torch)."""

import numpy as np

from perso.data.dataset import StudyData
from perso.methods import grouping, schedules
from perso.methods.method import Method
from perso.seeds import rng

GENERIC = "generic"  # stands for the person in the names of a generic model's seeds
ENCODER = "auto-encoder"  # and of an auto-encoder's


def epoch_length(data: StudyData, fold) -> int:
    """n_iter (Algorithm 1, line 8), by D_G alone, so that every method of a fold has as many."""
    return schedules.iterations_per_epoch(len(fold.global_train), data.settings.batch_size)


def index_plan(
    data: StudyData,
    fold,
    method: Method,
    person,
    repeat: int,
    late: int,
    codes: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The source of every iteration, bool [T], and the index plan [T, B] of one model, `late` iterations last.

    The plan of a method with a generic start holds its late iterations only.
    codes   of all images, [M, latent], for a method that chooses by them
    """
    s, train = data.settings, data.splits.train
    other = fold.neighbour(person)
    D_I = train[other if method.individual_data == "other" else person]
    if method.enlarged_by:
        D_I = enlarge(data, fold, method, person, repeat, codes)
    D_G = fold.global_train
    if method.global_extra:
        D_G = np.concatenate([D_G, train[other if method.global_extra == "other" else person]])
    n_iter = epoch_length(data, fold)
    epochs = 0 if method.from_generic else s.epochs * method.epochs_factor
    from_I = schedules.schedule(n_iter, epochs, method.early, method.n_I, late, method.extra)
    rng_I, rng_G = (
        rng(s.seed, "batches", person, repeat, source) for source in (method.individual_data, "G")
    )
    return from_I, schedules.batches(from_I, D_I, D_G, s.batch_size, rng_I, rng_G)


def enlarge(
    data: StudyData, fold, method: Method, person, repeat: int, codes: np.ndarray | None
) -> np.ndarray:
    """D'_I (v3 III-C): training images of D_G that a method adds to D_I, and D_I itself where the method keeps it.

    Persons are so many as the method's are of 100; samples are as many as these have on average, so that all ways to
    enlarge D_I add about as much.
    """
    train, D_G, own = data.splits.train, fold.global_train, data.splits.train[person]
    persons = grouping.persons_to_add(method.percent, len(fold.global_people))
    n, far = (
        round(persons / len(fold.global_people) * len(D_G)),
        method.enlarged_by.startswith("far"),
    )
    if method.enlarged_by == "random":
        added = rng(data.settings.seed, "added", person, repeat).permutation(D_G)[:n]
    elif method.enlarged_by.endswith("samples"):
        added = D_G[grouping.nearest_samples(codes[own], codes[D_G], n, far)]
    else:
        added = np.concatenate(
            [train[other] for other in rank_persons(data, fold, person, codes, persons, far)]
        )
    return np.concatenate([own[: len(own) * method.with_own], added])


def rank_persons(
    data: StudyData, fold, person, codes: np.ndarray, n: int, far: bool = False
) -> list:
    """The n people of D_G most like an individual by their class means (IG), the most alike first; or least, if far."""
    train = data.splits.train

    def means(images):
        return grouping.class_means(codes[images], data.labels[images], data.classes)

    others = {other: means(train[other]) for other in fold.global_people}
    return grouping.nearest_persons(means(train[person]), others, means(fold.global_train), n, far)


def rate_schedule(data: StudyData, fold, iterations: int, rounds: int = 1) -> np.ndarray:
    """The learning rate of every iteration before the late ones; epochs are counted from the end of early shaping."""
    s, n_iter = data.settings, epoch_length(data, fold)
    decay_after = iterations - (s.epochs - s.decay_epoch) * rounds * n_iter if s.decay_epoch else 0
    return schedules.learning_rates(iterations, s.learning_rate, decay_after, s.decay)


def generic_plan(data: StudyData, fold, repeat: int) -> np.ndarray:
    """The index plan [T, B] of a generic model: batches of D_G alone."""
    s = data.settings
    total = s.epochs * epoch_length(data, fold)
    draw = rng(s.seed, "batches", GENERIC, repeat, "G")
    return schedules.batches(
        np.zeros(total, bool), fold.global_train[:0], fold.global_train, s.batch_size, None, draw
    )


def encoder_samples(data: StudyData, fold) -> np.ndarray:
    """What an auto-encoder learns from and groups: training images of D_G and of every individual of the fold."""
    return np.concatenate(
        [fold.global_train, *(data.splits.train[person] for person in fold.individuals)]
    )
