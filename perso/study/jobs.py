"""One job of a study: index plans of a few people, one call of the engine, finished rows.

A job runs in any process.
"""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import torch

from perso.data.dataset import StudyData
from perso.data.splits import Person
from perso.methods import schedules
from perso.methods.method import Method
from perso.parts import D_G, D_I, Part
from perso.seeds import rng, seed_of
from perso.store.sqlite import Store, packed
from perso.study.plans import (
    ENCODER,
    GENERIC,
    encoder_samples,
    epoch_length,
    generic_plan,
    index_plan,
    rate_schedule,
)
from perso.training import engine, inference
from perso.training.models import State
from perso.training.recipe import Recipe, init_state

ENCODER_RATE = 1e-3  # learning rate of the auto-encoder's Adam (v3 IV gives none)


@dataclass(frozen=True)
class Job:
    """People trained together by methods of one trajectory.

    Methods of one trajectory differ only in how many late iterations they have, so that each is a
    prefix of the longest: one training serves all of them.
    """

    methods: tuple[Method, ...]
    people: (
        tuple  # a model each; `lanes` of them are one network, `in_flight` networks train at once
    )
    fold: int
    repeat: int
    keys: dict[tuple[str, Person], str]  # {(method's name, person): key of the row}
    # key of the network it starts from or that chooses its data: generic network or auto-encoder
    base: str = ""

    @property
    def late(self) -> int:
        """The most late iterations of any of its methods."""
        return max(method.late for method in self.methods)


def chunks(people: tuple, size: int) -> list[tuple]:
    """Return the people in groups of `size`, in their order."""
    return [people[start : start + size] for start in range(0, len(people), size)]


def recipe(data: StudyData) -> Recipe:
    """Return what the engine builds for these resolved settings, and how."""
    s = data.settings
    return Recipe(
        classes=data.classes,
        shape=data.inputs.shape[1:],
        width=s.width,
        optimiser=s.optimiser,
        momentum=s.momentum,
        weight_decay=s.weight_decay,
        precision=s.precision,
        lanes=s.lanes,
        channels_last=s.channels_last == "always",
        compile=s.compile == "always",
        threads=s.threads,
        device=s.device,
        norm=s.norm,
        pooling=s.pooling,
        in_flight=s.in_flight,
        graph=s.graph == "always",
    )


def encoder_recipe(data: StudyData) -> Recipe:
    """Return the recipe of the auto-encoder, which trains alone and by Adam (v3 IV)."""
    return replace(
        recipe(data),
        architecture="autoencoder",
        latent=data.settings.latent,
        lanes=1,
        in_flight=1,
        optimiser="adam",
        weight_decay=0.0,
    )


def train_generic(data: StudyData, fold_number: int, repeat: int, key: str) -> dict:
    """Train the generic network of a fold and repeat on D_G alone; return its row."""
    begun = time.perf_counter()
    seed = data.settings.seed
    fold = data.splits.folds[fold_number]
    how = recipe(data)
    index = generic_plan(data, fold, repeat)
    run = engine.Run(
        index,
        rate_schedule(data, fold, len(index)),
        init_state(how, seed_of(seed, "init", GENERIC, repeat)),
        seed_of(seed, "dropout", GENERIC, repeat),
    )
    trained = engine.train(how, engine.Samples(data.inputs, data.labels), [run])
    return network_row(key, trained, begun)


def train_base(data: StudyData, job: Job) -> dict:
    """Train the network that a job builds on; return its row."""
    if job.methods[0].needs_encoder:
        return train_encoder(data, job.fold, job.base)
    return train_generic(data, job.fold, job.repeat, job.base)


def train_encoder(data: StudyData, fold_number: int, key: str) -> dict:
    """Train a fold's auto-encoder (v3 Fig. 5), one for all people and repeats; return its row."""
    s = data.settings
    how = encoder_recipe(data)
    samples = encoder_samples(data, data.splits.folds[fold_number])
    begun = time.perf_counter()
    total = s.encoder_epochs * schedules.iterations_per_epoch(len(samples), s.batch_size)
    draw = rng(s.seed, "batches", ENCODER)
    from_I = np.zeros(total, bool)
    index = schedules.batches(from_I, samples[:0], samples, s.batch_size, None, draw)
    run = engine.Run(
        index,
        np.full(total, ENCODER_RATE),
        init_state(how, seed_of(s.seed, "init", ENCODER)),
        seed_of(s.seed, "dropout", ENCODER),
    )
    trained = engine.train(how, engine.Samples(data.inputs, data.labels), [run])
    return network_row(key, trained, begun)


def network_row(key: str, trained: dict[int, list[State]], begun: float) -> dict:
    """Return the stored row of a generic network or an auto-encoder.

    begun   `time.perf_counter()` when its training began
    """
    ((iterations, (state,)),) = trained.items()
    weights = {name: tensor.numpy() for name, tensor in state.items()}
    return {
        "key": key,
        "weights": Store.blob(weights),
        "iterations": iterations,
        "seconds": time.perf_counter() - begun,
        "created": now(),
    }


def codes_of(data: StudyData, index: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """Return latent codes of the inputs `index`, float32 [M, latent]; nan for all other inputs.

    weights   an auto-encoder's
    """
    codes = np.full((len(data.inputs), data.settings.latent), np.nan, np.float32)
    codes[index] = inference.encode(encoder_recipe(data), data.inputs, as_state(weights), index)
    return codes


def as_state(weights: dict[str, np.ndarray]) -> State:
    """Return a stored network's weights as the engine takes them."""
    return {name: torch.from_numpy(array) for name, array in weights.items()}


def train_job(data: StudyData, job: Job, base: dict[str, np.ndarray] | None) -> list[dict]:
    """Train a job's models and return their rows.

    base   weights of the network that the job builds on; None for a job that builds on none
    """
    begun = time.perf_counter()
    s = data.settings
    fold = data.splits.folds[job.fold]
    how = recipe(data)
    first = job.methods[0]  # the others have its trajectory
    codes = codes_of(data, encoder_samples(data, fold), base) if first.needs_encoder else None
    plans = np.stack(
        [
            index_plan(data, fold, first, person, job.repeat, job.late, codes)[1]
            for person in job.people
        ]
    )
    before = plans.shape[1] - job.late  # iterations before the late ones

    # 1) the generic network, or initial weights trained up to the late iterations
    if first.from_generic:
        states = [as_state(base)] * len(job.people)
    else:
        rates = rate_schedule(data, fold, before, first.epochs_factor)
        states = [
            init_state(how, seed_of(s.seed, "init", person, job.repeat)) for person in job.people
        ]
        trained = train_phase(data, how, job, plans[:, :before], rates, states, "dropout")
        states = trained[before]

    # 2) late iterations, with a state for each number of them that a method has
    trained = train_phase(
        data,
        replace(how, optimiser=first.late_optimiser or how.optimiser),
        job,
        plans[:, before:],
        np.full(job.late, first.late_rate or 0.0),
        states,
        "late dropout",
        sorted({method.late for method in job.methods}),
    )
    seconds = (time.perf_counter() - begun) / len(job.people)

    # 3) tests and rows
    shared = s.epochs * epoch_length(data, fold) if first.from_generic else 0
    fused = {person: len(group) for group in chunks(job.people, s.lanes) for person in group}
    rows = []
    for method in job.methods:
        own = before + method.late
        for person, state in zip(job.people, trained[method.late], strict=True):
            tests = {D_I: data.splits.test[person], D_G: fold.global_test}
            rows.append(
                {
                    "key": job.keys[method.name, person],
                    "method": method.name,
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
                    **test_columns(data, how, state, tests),
                }
            )
    return rows


def train_phase(
    data: StudyData,
    how: Recipe,
    job: Job,
    plans: np.ndarray,
    rates: np.ndarray,
    states: list[State],
    dropout: str,
    snapshots: list[int] | None = None,
) -> dict[int, list[State]]:
    """Train one phase of a job with a new optimiser; return {iterations: states}.

    plans      index plans, int [N, T, B]
    rates      learning rates, float [T]
    states     N states to start from
    dropout    name in the seeds of the dropout masks
    snapshots  iterations after which states are returned; default: the last
    """
    seeds = [seed_of(data.settings.seed, dropout, person, job.repeat) for person in job.people]
    if plans.shape[1] == 0:
        return {0: states}
    runs = [
        engine.Run(plan, rates, state, seed)
        for plan, state, seed in zip(plans, states, seeds, strict=True)
    ]
    return engine.train(how, engine.Samples(data.inputs, data.labels), runs, snapshots)


def test_columns(
    data: StudyData, how: Recipe, state: State, tests: dict[Part, np.ndarray]
) -> dict[str, float | int | bytes]:
    """Return a row's columns about each test set: accuracy, number of samples, one bit per sample.

    tests   indices of the test samples, int [n] each; all are predicted in one pass
    """
    index = np.concatenate([*tests.values()])
    hits = inference.predict(how, data.inputs, state, index) == data.labels[index]
    ends = np.cumsum([len(test) for test in tests.values()])
    columns = {}
    for part, hits_of_part in zip(tests, np.split(hits, ends[:-1]), strict=True):
        columns[part.accuracy] = float(hits_of_part.mean())
        columns[part.size] = len(hits_of_part)
        columns[part.hits] = packed(hits_of_part)
    return columns


def device_name(device: str) -> str:
    """Return the device as a row records it: cpu, or the GPU's name."""
    return torch.cuda.get_device_name() if device == "cuda" else device


def now() -> str:
    """Return the time in UTC, to the second, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
