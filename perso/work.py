"""One job of a study: plans for a few people, one call of the engine, finished rows. Runs in any process."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import torch

from perso import engine, grouping, schedules
from perso.methods import Method
from perso.models import State
from perso.prepare import Prepared
from perso.settings import rng, seed_of
from perso.store import Store, packed

GENERIC = "generic"  # stands for the person in the names of a generic model's seeds
ENCODER = "auto-encoder"  # and of an auto-encoder's
ENCODER_RATE = 1e-3  # Adam's learning rate for it (v3 IV gives none)


@dataclass(frozen=True)
class Job:
    """People trained together on one course: methods of equal start and late rate, so each is a prefix."""

    methods: tuple[Method, ...]
    people: tuple  # a model each; every `lanes` of them are one network, `in_flight` of those train at a time
    fold: int
    repeat: int
    keys: dict  # {(method's name, person): key of the row}
    base: str = (
        ""  # key of the network this builds upon: a generic model to start from, or an auto-encoder
    )

    @property
    def late(self) -> int:
        return max(method.late for method in self.methods)


def chunks(people: tuple, size: int) -> list[tuple]:
    """People in groups of `size`, in their order."""
    return [people[start : start + size] for start in range(0, len(people), size)]


def recipe(prepared: Prepared) -> engine.Recipe:
    """What the engine is to build for these (settled) settings, and how."""
    s = prepared.settings
    return engine.Recipe(
        prepared.classes,
        s.image_size,
        s.width,
        s.optimiser,
        s.momentum,
        s.weight_decay,
        s.precision,
        s.lanes,
        s.channels_last == "always",
        s.compile == "always",
        s.threads,
        s.device,
        s.norm,
        s.pooling,
        in_flight=s.in_flight,
        graph=s.graph == "always",
    )


def encoder_recipe(prepared: Prepared) -> engine.Recipe:
    """The auto-encoder of these settings; it trains alone, by Adam (v3 IV)."""
    alone = {"lanes": 1, "in_flight": 1, "optimiser": "adam", "weight_decay": 0.0}
    return replace(recipe(prepared), latent=prepared.settings.latent, **alone)


def iterations_per_epoch(prepared: Prepared, fold) -> int:
    """n_iter (Algorithm 1, line 8), by D_G alone, so that every method of a fold has as many."""
    return schedules.iterations_per_epoch(len(fold.global_train), prepared.settings.batch_size)


def plan(
    prepared: Prepared,
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
    s, train = prepared.settings, prepared.parts.train
    other = fold.neighbour(person)
    D_I = train[other if method.shaped_by == "other" else person]
    if method.added:
        D_I = enlarged(prepared, fold, method, person, repeat, codes)
    D_G = fold.global_train
    if method.joined:
        D_G = np.concatenate([D_G, train[other if method.joined == "other" else person]])
    n_iter = iterations_per_epoch(prepared, fold)
    epochs = 0 if method.generic else s.epochs * method.rounds
    from_I = schedules.schedule(n_iter, epochs, method.early, method.n_I, late, method.extra)
    rng_I, rng_G = (
        rng(s.seed, "batches", person, repeat, source) for source in (method.shaped_by, "G")
    )
    return from_I, schedules.batches(from_I, D_I, D_G, s.batch_size, rng_I, rng_G)


def enlarged(
    prepared: Prepared, fold, method: Method, person, repeat: int, codes: np.ndarray | None
) -> np.ndarray:
    """D'_I (v3 III-C): training images of D_G that a method adds to D_I, and D_I itself where the method keeps it.

    Persons are so many as the method's are of 100; samples are as many as these have on average, so that all ways to
    enlarge D_I add about as much.
    """
    train, D_G, own = prepared.parts.train, fold.global_train, prepared.parts.train[person]
    persons = grouping.scaled(method.persons, len(fold.global_people))
    n, far = round(persons / len(fold.global_people) * len(D_G)), method.added.startswith("far")
    if method.added == "random":
        added = rng(prepared.settings.seed, "added", person, repeat).permutation(D_G)[:n]
    elif method.added.endswith("samples"):
        added = D_G[grouping.nearest_samples(codes[own], codes[D_G], n, far)]
    else:
        added = np.concatenate(
            [train[other] for other in ranked(prepared, fold, person, codes, persons, far)]
        )
    return np.concatenate([own[: len(own) * method.with_own], added])


def ranked(prepared: Prepared, fold, person, codes: np.ndarray, n: int, far: bool = False) -> list:
    """The n people of D_G most like an individual by their class means (IG), the most alike first; or least, if far."""
    train = prepared.parts.train

    def means(images):
        return grouping.class_means(codes[images], prepared.labels[images], prepared.classes)

    others = {other: means(train[other]) for other in fold.global_people}
    return grouping.nearest_persons(means(train[person]), others, means(fold.global_train), n, far)


def rates(prepared: Prepared, fold, iterations: int, rounds: int = 1) -> np.ndarray:
    """The learning rate of every iteration before the late ones; epochs are counted from the end of early shaping."""
    s, n_iter = prepared.settings, iterations_per_epoch(prepared, fold)
    decay_after = iterations - (s.epochs - s.decay_epoch) * rounds * n_iter if s.decay_epoch else 0
    return schedules.learning_rates(iterations, s.learning_rate, decay_after, s.decay)


def generic_plan(prepared: Prepared, fold, repeat: int) -> np.ndarray:
    """The index plan [T, B] of a generic model: batches of D_G alone."""
    s = prepared.settings
    total = s.epochs * iterations_per_epoch(prepared, fold)
    draw = rng(s.seed, "batches", GENERIC, repeat, "G")
    return schedules.batches(
        np.zeros(total, bool), fold.global_train[:0], fold.global_train, s.batch_size, None, draw
    )


def train_generic(prepared: Prepared, fold_number: int, repeat: int, key: str) -> dict:
    """The model trained on D_G alone that transfer learning starts from: one per fold and repeat."""
    s, fold = prepared.settings, prepared.parts.folds[fold_number]
    begun, how = time.perf_counter(), recipe(prepared)
    index = generic_plan(prepared, fold, repeat)
    total = len(index)
    trained = engine.train(
        how,
        prepared.images,
        prepared.labels,
        index[None],
        rates(prepared, fold, total),
        [engine.fresh(how, seed_of(s.seed, "init", GENERIC, repeat))],
        [seed_of(s.seed, "dropout", GENERIC, repeat)],
    )
    return network_row(key, trained, begun)


def seen(prepared: Prepared, fold) -> np.ndarray:
    """What an auto-encoder learns from and groups: training images of D_G and of every individual of the fold."""
    return np.concatenate(
        [fold.global_train, *(prepared.parts.train[person] for person in fold.individuals)]
    )


def train_base(prepared: Prepared, job: Job) -> dict:
    """The network that a job builds upon."""
    if job.methods[0].encoded:
        return train_encoder(prepared, job.fold, job.base)
    return train_generic(prepared, job.fold, job.repeat, job.base)


def train_encoder(prepared: Prepared, fold_number: int, key: str) -> dict:
    """The auto-encoder of a fold (v3 Fig. 5), for all its people and repeats."""
    s, how, images = (
        prepared.settings,
        encoder_recipe(prepared),
        seen(prepared, prepared.parts.folds[fold_number]),
    )
    begun = time.perf_counter()
    total = s.encoder_epochs * schedules.iterations_per_epoch(len(images), s.batch_size)
    draw = rng(s.seed, "batches", ENCODER)
    index = schedules.batches(np.zeros(total, bool), images[:0], images, s.batch_size, None, draw)
    trained = engine.train(
        how,
        prepared.images,
        prepared.labels,
        index[None],
        np.full(total, ENCODER_RATE),
        [engine.fresh(how, seed_of(s.seed, "init", ENCODER))],
        [seed_of(s.seed, "dropout", ENCODER)],
    )
    return network_row(key, trained, begun)


def network_row(key: str, trained: dict[int, list[State]], begun: float) -> dict:
    """A network that others build upon, as it is stored."""
    ((iterations, (state,)),) = trained.items()
    weights = {name: tensor.numpy() for name, tensor in state.items()}
    return {
        "key": key,
        "weights": Store.blob(weights),
        "iterations": iterations,
        "seconds": time.perf_counter() - begun,
        "created": now(),
    }


def codes_of(prepared: Prepared, index: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """Latent codes of the images `index` by an auto-encoder's weights, float32 [M, latent]; nan for all others."""
    codes = np.full((len(prepared.images), prepared.settings.latent), np.nan, np.float32)
    codes[index] = engine.encode(encoder_recipe(prepared), prepared.images, loaded(weights), index)
    return codes


def loaded(weights: dict[str, np.ndarray]) -> State:
    """A stored network's weights as the engine takes them."""
    return {name: torch.from_numpy(array) for name, array in weights.items()}


def train_job(prepared: Prepared, job: Job, base: dict[str, np.ndarray] | None) -> list[dict]:
    """Train a job's models and return their rows. `base`: weights of the network the job builds upon, if it does."""
    s, fold, how = prepared.settings, prepared.parts.folds[job.fold], recipe(prepared)
    begun = time.perf_counter()
    method = job.methods[0]
    codes = codes_of(prepared, seen(prepared, fold), base) if method.encoded else None
    plans = np.stack(
        [plan(prepared, fold, method, p, job.repeat, job.late, codes)[1] for p in job.people]
    )
    before = plans.shape[1] - job.late  # iterations ahead of the late ones
    if method.generic:
        states = [loaded(base)] * len(job.people)
    else:
        states = [
            engine.fresh(how, seed_of(s.seed, "init", person, job.repeat)) for person in job.people
        ]
        rate = rates(prepared, fold, before, method.rounds)
        states = run(prepared, how, job, plans[:, :before], rate, states, "dropout")[before]
    late = replace(how, optimiser=method.late_optimiser or how.optimiser)
    taken = run(
        prepared,
        late,
        job,
        plans[:, before:],
        np.full(job.late, method.late_rate or 0.0),
        states,
        "late dropout",
        sorted({m.late for m in job.methods}),
    )
    seconds = (time.perf_counter() - begun) / len(job.people)
    shared = s.epochs * iterations_per_epoch(prepared, fold) if method.generic else 0
    fused = {person: len(group) for group in chunks(job.people, s.lanes) for person in group}
    rows = []
    for each in job.methods:
        for person, state in zip(job.people, taken[each.late], strict=True):
            own = before + each.late
            rows.append(
                {
                    "key": job.keys[each.name, person],
                    "method": each.name,
                    "person": str(person),
                    "repeat": job.repeat,
                    "fold": job.fold,
                    "iterations": shared + own,
                    "own_iterations": own,
                    "seconds": seconds * own / max(plans.shape[1], 1),
                    "device": device_name(s.device),
                    "precision": s.precision,
                    "threads": s.threads,
                    "lanes": fused[person],
                    "torch": torch.__version__,
                    "created": now(),
                    **tested(
                        prepared,
                        how,
                        state,
                        {"I": prepared.parts.test[person], "G": fold.global_test},
                    ),
                }
            )
    return rows


def run(
    prepared: Prepared,
    how,
    job: Job,
    plans,
    rate,
    states: list[State],
    dropout: str,
    snapshots=None,
):
    """One phase of a job: `plans` [N, T, B] from `states`, with a fresh optimiser."""
    seeds = [seed_of(prepared.settings.seed, dropout, person, job.repeat) for person in job.people]
    if plans.shape[1] == 0:
        return {0: states}
    return engine.train(
        how, prepared.images, prepared.labels, plans, rate, states, seeds, snapshots
    )


def tested(prepared: Prepared, how, state: State, parts: dict[str, np.ndarray]) -> dict:
    """Accuracy, number of images and packed hits on each test set, as columns of a row; one pass over all of them."""
    index, columns = np.concatenate([*parts.values()]), {}
    right = engine.predict(how, prepared.images, state, index) == prepared.labels[index]
    for part, hits in zip(
        parts, np.split(right, np.cumsum([len(each) for each in parts.values()])[:-1]), strict=True
    ):
        columns |= {
            f"acc_{part}": float(hits.mean()),
            f"n_{part}": len(hits),
            f"hits_{part}": packed(hits),
        }
    return columns


def device_name(device: str) -> str:
    """The device as a row records it: cpu, or the card's name."""
    return torch.cuda.get_device_name() if device == "cuda" else device


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
