"""One job of a study: plans for a few people, one call of the engine, finished rows. Runs in any process."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import torch

from perso import engine, schedules
from perso.methods import Method
from perso.models import State
from perso.prepare import Prepared
from perso.settings import rng, seed_of
from perso.store import Store, packed

GENERIC = "generic"  # stands for the person in the names of a generic model's seeds


@dataclass(frozen=True)
class Job:
    """People trained together on one course: methods of equal start and late rate, so each is a prefix."""

    methods: tuple[Method, ...]
    people: tuple  # a model each; every `lanes` of them are one network, `in_flight` of those train at a time
    fold: int
    repeat: int
    keys: dict  # {(method's name, person): key of the row}
    generic: str = ""  # key of the generic model this job starts from, if it does

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
        prepared.classes, s.image_size, s.width, s.optimiser, s.momentum, s.weight_decay, s.precision, s.lanes,
        s.channels_last == "always", s.compile == "always", s.threads, s.device, s.in_flight, s.graph == "always",
    )


def iterations_per_epoch(prepared: Prepared, fold) -> int:
    """n_iter (Algorithm 1, line 8), by D_G alone, so that every method of a fold has as many."""
    return schedules.iterations_per_epoch(len(fold.global_train), prepared.settings.batch_size)


def plan(prepared: Prepared, fold, method: Method, person, repeat: int, late: int) -> tuple[np.ndarray, np.ndarray]:
    """The source of every iteration, bool [T], and the index plan [T, B] of one model, `late` iterations last.

    The plan of a method with a generic start holds its late iterations only.
    """
    s, train = prepared.settings, prepared.parts.train
    other = fold.neighbour(person)
    D_I = train[other if method.shaped_by == "other" else person]
    D_G = fold.global_train
    if method.joined:
        D_G = np.concatenate([D_G, train[other if method.joined == "other" else person]])
    n_iter = iterations_per_epoch(prepared, fold)
    epochs = 0 if method.generic else s.epochs
    from_I = schedules.schedule(n_iter, epochs, method.early, method.n_I, late, method.extra)
    rng_I, rng_G = (rng(s.seed, "batches", person, repeat, source) for source in (method.shaped_by, "G"))
    return from_I, schedules.batches(from_I, D_I, D_G, s.batch_size, rng_I, rng_G)


def rates(prepared: Prepared, fold, iterations: int) -> np.ndarray:
    """The learning rate of every iteration before the late ones; epochs are counted from the end of early shaping."""
    s, n_iter = prepared.settings, iterations_per_epoch(prepared, fold)
    decay_after = iterations - (s.epochs - s.decay_epoch) * n_iter if s.decay_epoch else 0
    return schedules.learning_rates(iterations, s.learning_rate, decay_after, s.decay)


def generic_plan(prepared: Prepared, fold, repeat: int) -> np.ndarray:
    """The index plan [T, B] of a generic model: batches of D_G alone."""
    s = prepared.settings
    total = s.epochs * iterations_per_epoch(prepared, fold)
    draw = rng(s.seed, "batches", GENERIC, repeat, "G")
    return schedules.batches(np.zeros(total, bool), fold.global_train[:0], fold.global_train, s.batch_size, None, draw)


def train_generic(prepared: Prepared, fold_number: int, repeat: int, key: str) -> dict:
    """The model trained on D_G alone that transfer learning starts from: one per fold and repeat."""
    s, fold = prepared.settings, prepared.parts.folds[fold_number]
    begun, how = time.perf_counter(), recipe(prepared)
    index = generic_plan(prepared, fold, repeat)
    total = len(index)
    trained = engine.train(
        how, prepared.images, prepared.labels, index[None], rates(prepared, fold, total),
        [engine.fresh(how, seed_of(s.seed, "init", GENERIC, repeat))],
        [seed_of(s.seed, "dropout", GENERIC, repeat)],
    )
    weights = {name: tensor.numpy() for name, tensor in trained[total][0].items()}
    return {"key": key, "weights": Store.blob(weights), "iterations": total,
            "seconds": time.perf_counter() - begun, "created": now()}


def train_job(prepared: Prepared, job: Job, generic: dict[str, np.ndarray] | None) -> list[dict]:
    """Train a job's models and return their rows. `generic`: the weights that jobs with a generic start begin from."""
    s, fold, how = prepared.settings, prepared.parts.folds[job.fold], recipe(prepared)
    begun = time.perf_counter()
    method = job.methods[0]
    plans = np.stack([plan(prepared, fold, method, person, job.repeat, job.late)[1] for person in job.people])
    before = plans.shape[1] - job.late  # iterations ahead of the late ones
    if method.generic:
        start = {name: torch.from_numpy(array) for name, array in generic.items()}
        states = [start] * len(job.people)
    else:
        states = [engine.fresh(how, seed_of(s.seed, "init", person, job.repeat)) for person in job.people]
        states = run(prepared, how, job, plans[:, :before], rates(prepared, fold, before), states, "dropout")[before]
    taken = run(prepared, how, job, plans[:, before:], np.full(job.late, method.late_rate or 0.0), states,
                "late dropout", sorted({m.late for m in job.methods}))
    seconds = (time.perf_counter() - begun) / len(job.people)
    shared = s.epochs * iterations_per_epoch(prepared, fold) if method.generic else 0
    fused = {person: len(group) for group in chunks(job.people, s.lanes) for person in group}
    rows = []
    for each in job.methods:
        for person, state in zip(job.people, taken[each.late], strict=True):
            own = before + each.late
            rows.append({
                "key": job.keys[each.name, person], "method": each.name, "person": str(person),
                "repeat": job.repeat, "fold": job.fold,
                "iterations": shared + own, "own_iterations": own,
                "seconds": seconds * own / max(plans.shape[1], 1),
                "device": device_name(s.device), "precision": s.precision, "threads": s.threads,
                "lanes": fused[person], "torch": torch.__version__, "created": now(),
                **tested(prepared, how, state, {"I": prepared.parts.test[person], "G": fold.global_test}),
            })
    return rows


def run(prepared: Prepared, how, job: Job, plans, rate, states: list[State], dropout: str, snapshots=None):
    """One phase of a job: `plans` [N, T, B] from `states`, with a fresh optimiser."""
    seeds = [seed_of(prepared.settings.seed, dropout, person, job.repeat) for person in job.people]
    if plans.shape[1] == 0:
        return {0: states}
    return engine.train(how, prepared.images, prepared.labels, plans, rate, states, seeds, snapshots)


def tested(prepared: Prepared, how, state: State, parts: dict[str, np.ndarray]) -> dict:
    """Accuracy, number of images and packed hits on each test set, as columns of a row; one pass over all of them."""
    index, columns = np.concatenate([*parts.values()]), {}
    right = engine.predict(how, prepared.images, state, index) == prepared.labels[index]
    for part, hits in zip(parts, np.split(right, np.cumsum([len(each) for each in parts.values()])[:-1]), strict=True):
        columns |= {f"acc_{part}": float(hits.mean()), f"n_{part}": len(hits), f"hits_{part}": packed(hits)}
    return columns


def device_name(device: str) -> str:
    """The device as a row records it: cpu, or the card's name."""
    return torch.cuda.get_device_name() if device == "cuda" else device


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
