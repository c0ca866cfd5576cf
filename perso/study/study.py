"""Settings → what is missing in the store → trained rows. The only place where everything meets."""

import os
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from perso.data.dataset import StudyData, prepare, refuse_copies
from perso.errors import InputError
from perso.methods import schedules
from perso.methods.method import Method
from perso.methods.registry import TABLES
from perso.paths import default_store
from perso.settings import Settings
from perso.store.sqlite import ROW, Store
from perso.study import hardware, identity, jobs, plans
from perso.study.jobs import Job, chunks, train_base, train_job
from perso.study.workers import before_deadline, progress, start_worker
from perso.training import inference


class Study:
    """One study: its people, its store, and the models it wants.

    settings   what to study; what they leave open is settled by size and machine, see `told`
    store      path of the SQLite file; default $PERSO_STORE or build/store.sqlite
    data_dir   where data sets lie; default $PERSO_DATA_DIR or data/
    """

    def __init__(
        self,
        settings: Settings,
        store: str | Path | None = None,
        data_dir: str | Path | None = None,
    ):
        self.asked, self.data_dir = settings, data_dir
        self.machine = hardware.machine(
            settings.device, settings.compile == "always", settings.threads
        )
        data = prepare(settings, data_dir)
        refuse_copies(data)
        self.settings = hardware.resolved(settings, data.classes, self.machine)
        self.data: StudyData = replace(data, settings=self.settings)
        self.store = Store(store or default_store())
        self.folds = self.data.splits.folds
        self.methods = tuple(
            m for m in TABLES[settings.rows_of] if max(m.early, m.extra) <= settings.largest_dose
        )
        if settings.variation == "class-counts" and any(
            method.enlarged_by for method in self.methods
        ):
            others = ", ".join(
                name
                for name, methods in TABLES.items()
                if not any(method.enlarged_by for method in methods)
            )
            raise InputError(
                f"rows_of: {settings.rows_of} groups people of D_G, here a pool; possible: {others}"
            )

    # identity

    def common(self) -> dict:
        """Return what the keys of all its models share (see `identity.common`)."""
        return identity.common(self.data)

    def encoder_key(self, fold: int) -> str:
        """Return the key of a fold's auto-encoder."""
        return identity.encoder_key(self.data, fold)

    # what there is to train

    def jobs(self, methods: Iterable[Method] | None = None) -> list[Job]:
        """All jobs of these methods, stored or not, the longest first; people are fused as the settings say.

        Here and below, methods are the settings' `rows_of` when none are given.
        """
        s = self.settings
        courses: dict[tuple, list[Method]] = {}
        for method in self.methods if methods is None else methods:
            courses.setdefault(method.trajectory, []).append(method)
        jobs = []
        for course in courses.values():
            for repeat in range(s.repeats):
                for number, fold in enumerate(self.folds):
                    for people in chunks(fold.individuals, s.lanes * s.in_flight):
                        nets = chunks(people, s.lanes)
                        keys = {
                            (m.name, p): identity.key(self.data, m, number, repeat, g, p)
                            for m in course
                            for g in nets
                            for p in g
                        }
                        base = (
                            identity.generic_key(self.data, number, repeat)
                            if course[0].from_generic
                            else ""
                        )
                        base = self.encoder_key(number) if course[0].needs_encoder else base
                        jobs.append(Job(tuple(course), people, number, repeat, keys, base))
        return sorted(jobs, key=self.cost, reverse=True)

    def cost(self, job: Job) -> int:
        """Iterations of a job, over all its people."""
        method = job.methods[0]
        epochs = 0 if method.from_generic else self.settings.epochs * method.epochs_factor
        samples = epochs * len(self.folds[job.fold].global_train) // self.settings.batch_size
        return (method.early + method.extra + samples + job.late) * len(job.people)

    def wanted(self, methods: Iterable[Method] | None = None) -> pd.DataFrame:
        """The rows these methods should have, stored or not: method, person, repeat and key, in this order."""
        methods = self.methods if methods is None else tuple(methods)
        people, repeats = self.data.splits.individuals, range(self.settings.repeats)
        every = {
            (*pair, job.repeat): key for job in self.jobs(methods) for pair, key in job.keys.items()
        }
        places = [
            (method.name, person, repeat)
            for method in methods
            for person in people
            for repeat in repeats
        ]
        lines = [
            (name, str(person), repeat, every[name, person, repeat])
            for name, person, repeat in places
        ]
        return pd.DataFrame(lines, columns=["method", "person", "repeat", "key"])

    def keys(self, methods: Iterable[Method] | None = None) -> list[str]:
        """The keys of all rows of these methods."""
        return self.wanted(methods)["key"].tolist()

    def rows(
        self, methods: Iterable[Method] | None = None, given: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """The stored rows of these methods, one per trained model; named as they are named now, not when trained.

        given   rows from elsewhere, which serve where the store has none of that key
        """
        wanted = self.wanted(methods)
        there = self.store.rows(wanted["key"].unique())
        if given is not None:
            lacking = given[given["key"].isin(wanted["key"]) & ~given["key"].isin(there["key"])]
            there = pd.concat([each for each in (there, lacking) if len(each)] or [there])
        return wanted.merge(there.drop(columns=["method", "person", "repeat"]), on="key")[list(ROW)]

    def schedule(self, method: Method, fold: int = 0) -> np.ndarray:
        """The source of every iteration of a method's models, bool [T]; a shared generic model's included."""
        n_iter = plans.epoch_length(self.data, self.folds[fold])
        epochs = self.settings.epochs * method.epochs_factor
        return schedules.schedule(
            n_iter, epochs, method.early, method.n_I, method.late, method.extra
        )

    def codes(self, fold: int = 0, index: np.ndarray | None = None) -> np.ndarray:
        """Latent codes of a fold's training images, or of the images `index`, float32 [M, latent]; nan for others.

        Trains the fold's auto-encoder where the store lacks it.
        """
        index = plans.encoder_samples(self.data, self.folds[fold]) if index is None else index
        return jobs.codes_of(self.data, index, self.encoder(fold))

    def reconstructed(self, index: np.ndarray, fold: int = 0) -> np.ndarray:
        """What a fold's auto-encoder makes of the images `index`, float32 [n, S, S], grey levels 0 to 1."""
        state, how = jobs.as_state(self.encoder(fold)), jobs.encoder_recipe(self.data)
        return inference.reconstruct(how, self.data.inputs, state, index)

    def encoder(self, fold: int = 0) -> dict[str, np.ndarray]:
        """The weights of a fold's auto-encoder, trained where the store lacks them."""
        key = self.encoder_key(fold)
        if key not in self.store.keys("networks"):
            self.store.add([jobs.train_encoder(self.data, fold, key)], "networks")
        return self.store.weights(key)

    # training

    @property
    def hardware(self) -> str:
        """How this machine computes these models, in a line."""
        return hardware.describe(self.settings, self.data.classes, self.machine)

    def run(
        self,
        methods: Iterable[Method] | None = None,
        jobs: int | None = None,
        budget: float | None = None,
        given: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Train what the store lacks and return the rows of these methods.

        jobs     training processes; default: one per CPU core, or one per card
        budget   seconds after which no further job is begun
        given    rows from elsewhere, which need no training (see `published.published_rows`)
        """
        methods = self.methods if methods is None else tuple(methods)
        stored = self.store.keys() | (set() if given is None else set(given["key"]))
        missing = [job for job in self.jobs(methods) if not stored.issuperset(job.keys.values())]
        jobs = jobs or self.machine.workers
        bases = {job.base: job for job in missing if job.base}
        bases = {key: job for key, job in bases.items() if key not in self.store.keys("networks")}
        models = len(bases) + sum(key not in stored for job in missing for key in job.keys.values())
        if not models:
            return self.rows(methods, given)
        ends = time.monotonic() + (float("inf") if budget is None else budget)
        cards = self.machine.workers if self.settings.device == "cuda" else 0
        begin = {"initializer": start_worker, "initargs": (os.getpid(), cards)}
        workers = joblib.parallel_config("loky", idle_worker_timeout=20, **begin)
        with progress(models) as bar, workers:
            pool = joblib.Parallel(
                jobs, return_as="generator_unordered", pre_dispatch="n_jobs", batch_size=1
            )
            task, load = joblib.delayed(train_base), self.store.weights
            first = (task(self.data, job) for job in bases.values())
            for row in pool(before_deadline(ends, first)):
                self.store.add([row], "networks")
                bar.update()
            there = self.store.keys("networks")
            task, ready = (
                joblib.delayed(train_job),
                (job for job in missing if not job.base or job.base in there),
            )
            then = (task(self.data, job, load(job.base) if job.base else None) for job in ready)
            for rows in pool(before_deadline(ends, then)):
                self.store.add(rows)
                bar.update(sum(row["key"] not in stored for row in rows))
        return self.rows(methods, given)
