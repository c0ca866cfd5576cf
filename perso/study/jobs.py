"""One job of a study: plans for a few people, one call of the engine, finished rows. Runs in any process."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import torch

from perso.data.dataset import StudyData
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


def recipe(data: StudyData) -> Recipe:
    """What the engine is to build for these (settled) settings, and how."""
    s = data.settings
    return Recipe(
        data.classes,
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


def encoder_recipe(data: StudyData) -> Recipe:
    """The auto-encoder of these settings; it trains alone, by Adam (v3 IV)."""
    alone = {"lanes": 1, "in_flight": 1, "optimiser": "adam", "weight_decay": 0.0}
    return replace(recipe(data), latent=data.settings.latent, **alone)


def train_generic(data: StudyData, fold_number: int, repeat: int, key: str) -> dict:
    """The model trained on D_G alone that transfer learning starts from: one per fold and repeat."""
    s, fold = data.settings, data.splits.folds[fold_number]
    begun, how = time.perf_counter(), recipe(data)
    index = generic_plan(data, fold, repeat)
    total = len(index)
    trained = engine.train(
        how,
        data.inputs,
        data.labels,
        index[None],
        rate_schedule(data, fold, total),
        [init_state(how, seed_of(s.seed, "init", GENERIC, repeat))],
        [seed_of(s.seed, "dropout", GENERIC, repeat)],
    )
    return network_row(key, trained, begun)


def train_base(data: StudyData, job: Job) -> dict:
    """The network that a job builds upon."""
    if job.methods[0].needs_encoder:
        return train_encoder(data, job.fold, job.base)
    return train_generic(data, job.fold, job.repeat, job.base)


def train_encoder(data: StudyData, fold_number: int, key: str) -> dict:
    """The auto-encoder of a fold (v3 Fig. 5), for all its people and repeats."""
    s, how, images = (
        data.settings,
        encoder_recipe(data),
        encoder_samples(data, data.splits.folds[fold_number]),
    )
    begun = time.perf_counter()
    total = s.encoder_epochs * schedules.iterations_per_epoch(len(images), s.batch_size)
    draw = rng(s.seed, "batches", ENCODER)
    index = schedules.batches(np.zeros(total, bool), images[:0], images, s.batch_size, None, draw)
    trained = engine.train(
        how,
        data.inputs,
        data.labels,
        index[None],
        np.full(total, ENCODER_RATE),
        [init_state(how, seed_of(s.seed, "init", ENCODER))],
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


def codes_of(data: StudyData, index: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """Latent codes of the images `index` by an auto-encoder's weights, float32 [M, latent]; nan for all others."""
    codes = np.full((len(data.inputs), data.settings.latent), np.nan, np.float32)
    codes[index] = inference.encode(encoder_recipe(data), data.inputs, as_state(weights), index)
    return codes


def as_state(weights: dict[str, np.ndarray]) -> State:
    """A stored network's weights as the engine takes them."""
    return {name: torch.from_numpy(array) for name, array in weights.items()}


def train_job(data: StudyData, job: Job, base: dict[str, np.ndarray] | None) -> list[dict]:
    """Train a job's models and return their rows. `base`: weights of the network the job builds upon, if it does."""
    s, fold, how = data.settings, data.splits.folds[job.fold], recipe(data)
    begun = time.perf_counter()
    method = job.methods[0]
    codes = codes_of(data, encoder_samples(data, fold), base) if method.needs_encoder else None
    plans = np.stack(
        [index_plan(data, fold, method, p, job.repeat, job.late, codes)[1] for p in job.people]
    )
    before = plans.shape[1] - job.late  # iterations ahead of the late ones
    if method.from_generic:
        states = [as_state(base)] * len(job.people)
    else:
        states = [
            init_state(how, seed_of(s.seed, "init", person, job.repeat)) for person in job.people
        ]
        rate = rate_schedule(data, fold, before, method.epochs_factor)
        states = train_phase(data, how, job, plans[:, :before], rate, states, "dropout")[before]
    late = replace(how, optimiser=method.late_optimiser or how.optimiser)
    taken = train_phase(
        data,
        late,
        job,
        plans[:, before:],
        np.full(job.late, method.late_rate or 0.0),
        states,
        "late dropout",
        sorted({m.late for m in job.methods}),
    )
    seconds = (time.perf_counter() - begun) / len(job.people)
    shared = s.epochs * epoch_length(data, fold) if method.from_generic else 0
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
                    **test_columns(
                        data,
                        how,
                        state,
                        {D_I: data.splits.test[person], D_G: fold.global_test},
                    ),
                }
            )
    return rows


def train_phase(
    data: StudyData,
    how,
    job: Job,
    plans,
    rate,
    states: list[State],
    dropout: str,
    snapshots=None,
):
    """One phase of a job: `plans` [N, T, B] from `states`, with a fresh optimiser."""
    seeds = [seed_of(data.settings.seed, dropout, person, job.repeat) for person in job.people]
    if plans.shape[1] == 0:
        return {0: states}
    return engine.train(how, data.inputs, data.labels, plans, rate, states, seeds, snapshots)


def test_columns(data: StudyData, how, state: State, tests: dict[Part, np.ndarray]) -> dict:
    """The columns of a row about each test set: accuracy, number of samples, one bit for each.

    tests   indices of the test samples, int [n]; all of them are predicted in one pass
    """
    index = np.concatenate([*tests.values()])
    right = inference.predict(how, data.inputs, state, index) == data.labels[index]
    ends = np.cumsum([len(each) for each in tests.values()])
    columns = {}
    for part, hits in zip(tests, np.split(right, ends[:-1]), strict=True):
        columns |= {
            part.accuracy: float(hits.mean()),
            part.size: len(hits),
            part.hits: packed(hits),
        }
    return columns


def device_name(device: str) -> str:
    """The device as a row records it: cpu, or the card's name."""
    return torch.cuda.get_device_name() if device == "cuda" else device


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
