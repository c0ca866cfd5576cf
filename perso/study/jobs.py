"""One job of a study: index plans of a few people, one call of the engine, finished rows.

A job runs in any process.
"""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np
import torch

from perso.data.dataset import StudyData
from perso.data.splits import Fold, Person
from perso.methods import schedules
from perso.methods.after import Weights
from perso.methods.method import EPOCHS, Method
from perso.methods.starts import Enrolled, MetaLearned, UserNetwork
from perso.seeds import rng, seed_of
from perso.store.sqlite import Store
from perso.study import plans
from perso.study.enrolment import feature_means, train_enrolled
from perso.study.evaluation import test_columns
from perso.study.lineage import as_state, as_weights, diverged, train_methods
from perso.study.plans import (
    ENCODER,
    GENERIC,
    META,
    encoder_samples,
    generic_plan,
    iterations_of,
    lineage_iterations,
    meta_plans,
    rate_schedule,
)
from perso.training import engine, inference, meta
from perso.training.models import State
from perso.training.recipe import Recipe, init_state

ENCODER_RATE = 1e-3  # learning rate of the auto-encoder's Adam (v3 IV gives none)


@dataclass(frozen=True)
class Job:
    """People trained together by methods of one root: their lineages begin with one training."""

    methods: tuple[Method, ...]
    people: (
        tuple  # a model each; `lanes` of them are one network, `in_flight` networks train at once
    )
    fold: int
    repeat: int
    keys: dict[tuple[str, Person], str]  # {(method's name, person): key of the row}
    # key of the network it starts from or that chooses its data: a shared network, or auto-encoder
    base: str = ""
    before: str = ""  # key of the generic network, where another shared network builds on it

    def of(self, people: tuple) -> "Job":
        """Return the part of the job for some of its people."""
        keys = {
            (method.name, person): self.keys[method.name, person]
            for method in self.methods
            for person in people
        }
        return replace(self, people=people, keys=keys)

    @property
    def needs_encoder(self) -> bool:
        """Whether its base is an auto-encoder."""
        return self.methods[0].needs_encoder


def chunks(people: tuple, size: int) -> list[tuple]:
    """Return the people in groups of `size`, in their order."""
    return [people[start : start + size] for start in range(0, len(people), size)]


def recipe(data: StudyData) -> Recipe:
    """Return what the engine builds for these resolved settings, and how."""
    s = data.settings
    return Recipe(
        classes=data.classes,
        shape=data.shape,
        kind=data.kind,
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
        architecture=data.architecture,
        norm=s.norm,
        pooling=s.pooling,
        in_flight=s.in_flight,
        graph=s.graph == "always",
    )


def user_recipe(how: Recipe, fold: Fold, start: UserNetwork | None) -> Recipe:
    """Return the recipe of a user network and of what starts from it; for None, `how`."""
    if not start:
        return how
    return replace(
        how,
        users=len(fold.global_people),
        told=start.told,
        embedding=start.embedding,
        unknown=start.unknown if start.told else 0.0,
        user_head=start.user_head,
        fed=start.fed,
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


def train_generic(
    data: StudyData, fold_number: int, repeat: int, key: str, start: UserNetwork | None = None
) -> dict:
    """Train the generic network of a fold and repeat on D_G alone; return its row.

    start   the user network to train in its place; it has the same seeds and batches
    """
    begun = time.perf_counter()
    seed = data.settings.seed
    fold = data.splits.folds[fold_number]
    how = user_recipe(recipe(data), fold, start)
    run = engine.Run(
        plan=generic_plan(data, fold, repeat),
        rates=rate_schedule(data, fold, [EPOCHS]),
        state=init_state(how, seed_of(seed, "init", GENERIC, repeat)),
        seed=seed_of(seed, "dropout", GENERIC, repeat),
    )
    users = plans.users(data, fold, start, repeat) if start else None
    trained = engine.train(how, engine.Samples(data.inputs, data.labels, users), [run])
    return network_row(key, trained, begun)


def train_base(data: StudyData, job: Job, generic: Weights | None) -> dict:
    """Train the network that a job builds on; return its row.

    generic   weights of the generic network, for another shared network that builds on it
    """
    data = data.at(job.repeat)
    if job.needs_encoder:
        return train_encoder(data, job.fold, job.base)
    if not generic:
        return train_generic(data, job.fold, job.repeat, job.base, job.methods[0].of_users)
    begun = time.perf_counter()
    fold = data.splits.folds[job.fold]
    start = job.methods[0].shared_start
    state = as_state(generic)
    if isinstance(start, MetaLearned):
        found = {start.iterations: [train_meta(data, fold, start, job.repeat, state)]}
    elif isinstance(start, Enrolled):
        trained = train_enrolled(data, recipe(data), fold, start, job.repeat, state)
        found = {start.steps: [trained]}
    else:
        found = {0: [feature_means(data, recipe(data), fold, state)]}
    return network_row(job.base, found, begun)


def train_meta(
    data: StudyData, fold: Fold, start: MetaLearned, repeat: int, generic: State
) -> State:
    """Train a meta-learned start from the generic network on."""
    seed = data.settings.seed
    how = recipe(data)
    samples = engine.Samples(data.inputs, data.labels)
    plans = meta_plans(data, fold, start, repeat)
    if start.rule == "ordinary":
        plan = plans.reshape(start.iterations, -1)
        rates = np.full(start.iterations, data.settings.learning_rate)
        run = engine.Run(plan, rates, generic, seed_of(seed, "dropout", META, repeat))
        return engine.train(how, samples, [run])[start.iterations][0]
    seeds = [
        [seed_of(seed, "dropout", META, repeat, number, place) for place in range(len(each))]
        for number, each in enumerate(plans)
    ]
    return meta.meta_learned(
        how, samples, generic, plans, seeds, start.rule, start.rate, start.share
    )


def train_encoder(data: StudyData, fold_number: int, key: str) -> dict:
    """Train a fold's auto-encoder (v3 Fig. 5), one for all people and repeats; return its row."""
    s = data.settings
    how = encoder_recipe(data)
    samples = encoder_samples(data, data.splits.folds[fold_number])
    begun = time.perf_counter()
    total = s.encoder_epochs * schedules.iterations_per_epoch(len(samples), s.batch_size)
    draw = rng(s.seed, "batches", ENCODER)
    from_I = np.zeros(total, bool)
    run = engine.Run(
        plan=schedules.batches(from_I, samples[:0], samples, s.batch_size, None, draw),
        rates=np.full(total, ENCODER_RATE),
        state=init_state(how, seed_of(s.seed, "init", ENCODER)),
        seed=seed_of(s.seed, "dropout", ENCODER),
    )
    trained = engine.train(how, engine.Samples(data.inputs, data.labels), [run])
    return network_row(key, trained, begun)


def network_row(key: str, trained: dict[int, list[State]], begun: float) -> dict:
    """Return the stored row of a generic network or an auto-encoder.

    begun   `time.perf_counter()` when its training began
    """
    ((iterations, (state,)),) = trained.items()
    return {
        "key": key,
        "weights": Store.blob(as_weights(state)),
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


# of this process: the codes and their means that were asked for last, by what decides them
ENCODED: dict[tuple, tuple[np.ndarray, plans.Means]] = {}


def encoded(
    data: StudyData, fold: Fold, key: str, weights: dict[str, np.ndarray]
) -> tuple[np.ndarray, plans.Means]:
    """Return a fold's `codes_of` and their means, once for the jobs of a fold in a row.

    key, weights   of the fold's auto-encoder
    """
    index = encoder_samples(data, fold)
    # the key decides what is encoded, the index where in the inputs it is
    decides = key, len(data.inputs), sha256(index).hexdigest()
    if decides not in ENCODED:
        ENCODED.clear()  # those of one fold fill enough memory
        codes = codes_of(data, index, weights)
        ENCODED[decides] = codes, plans.means_of_people(data, fold, codes)
    return ENCODED[decides]


def train_job(
    data: StudyData, job: Job, base: dict[str, np.ndarray] | None
) -> tuple[list[dict], list[dict]]:
    """Train a job's models; return the rows of those with numbers, and why others have none.

    base   weights of the network that the job builds on; None for a job that builds on none
    """
    begun = time.perf_counter()
    data = data.at(job.repeat)
    s = data.settings
    fold = data.splits.folds[job.fold]
    generic = as_state(base) if base and not job.needs_encoder else None
    if base and (name := diverged(as_state(base))):
        reason = f"the network that it builds on diverged: {name} has nan or infinite numbers"
        return [], [failure(job, key, reason) for key in job.keys]
    how = user_recipe(recipe(data), fold, job.methods[0].of_users)
    codes = means = None
    if job.needs_encoder:
        codes, means = encoded(data, fold, job.base, base)
    reached, trained = train_methods(
        data,
        how,
        job.methods,
        job.people,
        fold_number=job.fold,
        repeat=job.repeat,
        generic=generic,
        codes=codes,
        means=means,
    )
    seconds = (time.perf_counter() - begun) / len(job.people) / max(trained, 1)
    fused = {person: len(group) for group in chunks(job.people, s.lanes) for person in group}
    rows = []
    failures = []
    for method in job.methods:
        own = lineage_iterations(data, fold, method)
        shared = iterations_of(data, fold, method.shared_phases)
        for person, state in zip(job.people, reached[method], strict=True):
            if name := diverged(state):
                reason = f"training diverged: {name} has nan or infinite numbers"
                failures.append(failure(job, (method.name, person), reason))
                continue
            columns = test_columns(data, how, method, state, fold, person)
            if np.isnan(np.frombuffer(columns["logp_I"], "<f2")).any():
                reason = "training diverged: its probabilities are nan"
                failures.append(failure(job, (method.name, person), reason))
                continue
            rows.append(
                {
                    "key": job.keys[method.name, person],
                    "method": method.name,
                    "person": str(person),
                    "repeat": job.repeat,
                    "fold": job.fold,
                    "iterations": shared + own,
                    "own_iterations": own,
                    "seconds": seconds * own,
                    "device": device_name(s.device),
                    "precision": s.precision,
                    "threads": s.threads,
                    "lanes": fused[person],
                    "torch": torch.__version__,
                    "created": now(),
                    **columns,
                }
            )
    return rows, failures


def failure(job: Job, of: tuple[str, Person], reason: str) -> dict:
    """Return the stored line of a model that has no numbers."""
    method, person = of
    return {
        "key": job.keys[of],
        "method": method,
        "person": str(person),
        "repeat": job.repeat,
        "fold": job.fold,
        "reason": reason,
        "created": now(),
    }


def device_name(device: str) -> str:
    """Return the device as a row records it: cpu, or the GPU's name."""
    return torch.cuda.get_device_name() if device == "cuda" else device


def now() -> str:
    """Return the time in UTC, to the second, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
