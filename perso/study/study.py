"""Settings → models missing from the store → trained rows."""

import time
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from perso.data.dataset import StudyData, prepare, refuse_copies, warn_once
from perso.data.sizes import unit_of
from perso.data.splits import Person
from perso.errors import InputError
from perso.methods import schedules
from perso.methods.method import BASELINE, Method
from perso.methods.registry import TABLES, methods_of
from perso.methods.starts import Enrolled, Prototypes
from perso.own_code import is_reference
from perso.paths import default_store
from perso.settings import Settings
from perso.store import encoders, published
from perso.store.leases import Leases
from perso.store.sqlite import ROW, Store
from perso.study import hardware, identity, jobs, plans
from perso.study.backends import Launch, machine_of, pool_of
from perso.study.driver import Driver
from perso.study.enrolment import enrolled_recipe
from perso.study.jobs import Job, chunks, train_base, train_job, user_recipe
from perso.study.record import run_facts
from perso.study.same_methods import same_methods, without_own
from perso.study.workers import progress
from perso.training import inference
from perso.training.recipe import Recipe, checked
from perso.training.subsets import check_head, trained_names

WANTED = {"method": str, "person": str, "repeat": int, "fold": int, "key": str}  # of `Study.wanted`


class Study:
    """One study: its people, its store, and the models of its settings.

    settings   what to study; what they leave open is chosen by size and machine, see `hardware`
    store      path of the SQLite file; default $PERSO_STORE or build/store.sqlite
    data_dir   folder of the data sets; default $PERSO_DATA_DIR or data/
    results    folder of published files, whose auto-encoders need no training
    launch     where it trains, and the command that asks for it
    data       of a study with the `same_data`, which are prepared once

    Attributes: `asked`, the settings as given; `settings`, with nothing left open; `same_methods`,
    those that few data make one.
    InputError where the settings do not fit the data or the machine.
    """

    def __init__(
        self,
        settings: Settings,
        store: str | Path | None = None,
        data_dir: str | Path | None = None,
        results: Path = published.FOLDER,
        launch: Launch = Launch(),  # noqa: B008 (frozen)
        data: StudyData | None = None,
    ):
        self.launch = launch
        self.asked = settings
        self.data_dir = data_dir
        self.results = results
        self.machine = machine_of(settings, launch)
        if data is None:
            data = prepare(settings, data_dir)
            refuse_copies(data)
        architecture = hardware.architecture_of(settings)
        check_samples(architecture, data)
        self.methods = methods_that_fit(settings, data)
        check_network(architecture, data, self.methods)
        check_held_out(data, self.methods)
        check_episodes(data, self.methods)
        self.settings = hardware.resolved(
            settings, data.classes, self.machine, data.shape, data.kind
        )
        self.data: StudyData = replace(data, settings=self.settings, architecture=architecture)
        self.store = Store(store or default_store())
        self.folds = self.data.splits.folds
        n_iters = [plans.epoch_length(self.data, fold) for fold in self.folds]
        self.same_methods = [
            *same_methods(self.data.splits.train, self.folds, self.methods),
            *without_own(self.methods, n_iters),
        ]
        # every command asks for these again; the caches belong to this object, and end with it
        self.data_at = cache(self.data.at)
        self.own_facts = cache(self.own_facts)
        self.keys_of = cache(self.keys_of)
        self.lines_of = cache(self.lines_of)

    # identity

    def common(self) -> dict:
        """Return what the keys of all its models share (see `identity.common`)."""
        return identity.common(self.data)

    def encoder_key(self, fold: int) -> str:
        """Return the key of a fold's auto-encoder."""
        return identity.encoder_key(self.data, fold)

    # what there is to train

    def jobs(self, methods: Iterable[Method] | None = None) -> list[Job]:
        """Return all jobs of these methods, stored or not, the longest first.

        Here and below, `methods` defaults to those of the settings' `rows_of`.
        """
        by_root: dict[Method, list[Method]] = {}
        for method in self.methods if methods is None else methods:
            by_root.setdefault(method.lineage[0].training, []).append(method)
        at_once = self.settings.lanes * self.settings.in_flight
        found = []
        for together in by_root.values():
            for repeat in range(max(map(self.repeats_of, together))):
                repeated = tuple(each for each in together if repeat < self.repeats_of(each))
                for number, fold in enumerate(self.folds):
                    whole = self.job(repeated, fold.individuals, number, repeat)
                    iterations = self.cost(whole) // len(whole.people)
                    for people in chunks(fold.individuals, at_once):
                        found.append((iterations * len(people), whole.of(people)))
        longest_first = sorted(found, key=lambda pair: pair[0], reverse=True)
        return [job for _, job in longest_first]

    def repeats_of(self, method: Method) -> int:
        """Return how many models of a method a person has."""
        s = self.settings
        is_reference_row = method.name == BASELINE or method.from_generic
        return max(s.repeats, s.reference_repeats) if is_reference_row else s.repeats

    def job(self, methods: tuple[Method, ...], people: tuple, fold: int, repeat: int) -> Job:
        """Return the job of people of a fold and methods of one root, with all its keys."""
        data = self.data_at(repeat)
        keys = {
            (method.name, person): key
            for method in methods
            for person, key in self.keys_of(method, people, fold, repeat).items()
        }
        base = before = ""
        if methods[0].from_generic:
            base = identity.generic_key(data, fold, repeat)
        if start := methods[0].shared_start:
            # a user network is trained in place of the generic one, all others from it on
            before = "" if methods[0].of_users else base
            base = identity.start_key(data, start, fold, repeat)
        if methods[0].needs_encoder:
            base = identity.encoder_key(data, fold)
        return Job(methods, people, fold, repeat, keys, base, before)

    def keys_of(self, method: Method, people: tuple, fold: int, repeat: int) -> dict[Person, str]:
        """Return the keys of one method's models of people of a fold."""
        own = self.own_facts(people, fold, repeat, identity.needs_other(method))
        return identity.keys(self.data_at(repeat), method, fold, repeat, own)

    def own_facts(
        self, people: tuple, fold: int, repeat: int, with_other: bool
    ) -> dict[Person, str]:
        """Return what the keys of all methods hold of each of these people of a fold."""
        groups = chunks(people, self.settings.lanes)
        return identity.own_facts(self.data_at(repeat), fold, repeat, groups, with_other)

    def cost(self, job: Job) -> int:
        """Return the iterations of a job, over all its people."""
        longest: dict[Method, int] = {}
        for each in dict.fromkeys(each for method in job.methods for each in method.lineage):
            iterations = plans.own_iterations(self.data, self.folds[job.fold], each)
            longest[each.training] = max(iterations, longest.get(each.training, 0))
        return sum(longest.values()) * len(job.people)

    def wanted(self, methods: Iterable[Method] | None = None) -> pd.DataFrame:
        """Return method, person, repeat, fold and key of all rows, stored or not."""
        return pd.DataFrame(self.lines(methods), columns=list(WANTED)).astype(WANTED)

    def lines(self, methods: Iterable[Method] | None = None) -> list[tuple]:
        """Return the lines of `wanted` as tuples; do not change the list."""
        return self.lines_of(self.methods if methods is None else tuple(methods))

    def lines_of(self, methods: tuple[Method, ...]) -> list[tuple]:
        """`lines` of these methods."""
        lines = []
        for method in methods:
            for number, fold in enumerate(self.folds):
                keys = [
                    self.keys_of(method, fold.individuals, number, repeat)
                    for repeat in range(self.repeats_of(method))
                ]
                lines += [
                    (method.name, str(person), repeat, number, of_people[person])
                    for person in fold.individuals
                    for repeat, of_people in enumerate(keys)
                ]
        return lines

    def keys(self, methods: Iterable[Method] | None = None) -> list[str]:
        """Return the keys of all rows of these methods."""
        return [key for *_, key in self.lines(methods)]

    def rows(
        self, methods: Iterable[Method] | None = None, given: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Return the stored rows of these methods, one per trained model.

        A row bears the method's present name and the number of the fold in this study, whatever
        they were when the model was trained.

        given   rows from elsewhere, used where the store has none of that key
        """
        keys = self.keys(methods)
        stored = self.store.rows(dict.fromkeys(keys))
        if given is not None and len(given):
            missing = given["key"].isin(keys) & ~given["key"].isin(stored["key"])
            tables = [table for table in (stored, given[missing]) if len(table)]
            stored = pd.concat(tables or [stored])
        numbers = stored.drop(columns=["method", "person", "repeat", "fold"])
        # most runs of a ledger have a small part of their rows
        there = set(stored["key"].tolist())
        found = [line for line in self.lines(methods) if line[-1] in there]
        wanted = pd.DataFrame(found, columns=list(WANTED)).astype(WANTED)
        return wanted.merge(numbers, on="key")[list(ROW)]

    def failures(self, methods: Iterable[Method] | None = None) -> pd.DataFrame:
        """Return method, person, repeat, fold, key and reason of models that have no numbers.

        Their training diverged, and would do so again; no mean contains them.
        """
        wanted = self.wanted(methods)
        columns = ["key", "reason"]
        stored = self.store.select("failures", self.keys(methods), columns)
        return wanted.merge(pd.DataFrame(stored, columns=columns, dtype=object), on="key")

    def missing_bases(self, jobs: Iterable[Job]) -> tuple[list[Job], list[Job]]:
        """Return the jobs whose networks to build on are to be trained, one job per network.

        First generic networks and auto-encoders, then the shared networks that build on these.
        """
        there = self.store.keys("networks")
        first: dict[str, Job] = {}
        then: dict[str, Job] = {}
        for job in jobs:
            if job.before and job.base not in there:
                then[job.base] = job
                if job.before not in there:
                    first[job.before] = replace(job, base=job.before, before="")
            elif job.base and job.base not in there:
                first[job.base] = job
        return list(first.values()), list(then.values())

    def schedule(self, method: Method, fold: int = 0) -> np.ndarray:
        """Return which iterations of a method's models draw from D_I, bool [T].

        Those of the network that people share are included.
        """
        n_iter = plans.epoch_length(self.data, self.folds[fold])
        own = (phase for each in method.lineage for phase in each.phases)
        phases = [*method.shared_phases, *own]
        return schedules.schedule(phases, n_iter, self.settings.epochs)

    def codes(self, fold: int = 0, index: np.ndarray | None = None) -> np.ndarray:
        """Return latent codes, float32 [M, latent]; nan for inputs that are not encoded.

        Trains the fold's auto-encoder where it is neither stored nor published.

        index   inputs to encode; default: the fold's training images
        """
        if index is None:
            index = plans.encoder_samples(self.data, self.folds[fold])
        return jobs.codes_of(self.data, index, self.encoder(fold))

    def reconstructed(self, index: np.ndarray, fold: int = 0) -> np.ndarray:
        """Return what a fold's auto-encoder makes of inputs, float32 [n, S, S], values 0 to 1."""
        state = jobs.as_state(self.encoder(fold))
        how = jobs.encoder_recipe(self.data)
        return inference.reconstruct(how, self.data.inputs, state, index)

    def published_encoder(self, fold: int) -> encoders.PublishedEncoders | None:
        """Return the published file that holds a fold's auto-encoder; None where none does."""
        if published.never_published(self.settings):
            return None
        return encoders.find_encoder(self.encoder_key(fold), self.results)

    def encoder(self, fold: int = 0) -> dict[str, np.ndarray]:
        """Return the weights of a fold's auto-encoder: stored, else published, else trained now.

        InputError for samples that are not images.
        """
        if self.data.kind != "images":
            raise InputError(
                f"dataset: {self.settings.dataset} has {self.data.kind}; the auto-encoder is for "
                "images alone"
            )
        key = self.encoder_key(fold)
        if key not in self.store.keys("networks"):
            if file := self.published_encoder(fold):
                return file.weights[key]
            self.store.add([jobs.train_encoder(self.data, fold, key)], "networks")
        return self.store.weights(key)

    # training

    @property
    def hardware(self) -> str:
        """How this machine computes these models, in one line."""
        return hardware.describe(
            self.settings, self.data.classes, self.machine, self.data.shape, self.data.kind
        )

    def run(
        self,
        methods: Iterable[Method] | None = None,
        jobs: int | None = None,
        budget: float | None = None,
        given: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Train the models missing from the store and return the rows of these methods.

        jobs     training processes; default: one per CPU core, or one per GPU
        budget   seconds after which no further job begins
        given    rows from elsewhere, which need no training (see `published.published_rows`)
        """
        methods = self.methods if methods is None else tuple(methods)
        published_keys = set() if given is None else set(given["key"])
        stored = self.store.keys() | self.store.keys("failures") | published_keys
        missing = [job for job in self.jobs(methods) if not stored.issuperset(job.keys.values())]
        bases = self.missing_bases(missing)

        def models_of(job: Job) -> int:
            """Return how many models a job adds to what was there before."""
            return sum(key not in stored for key in job.keys.values())

        models = sum(map(models_of, missing))
        networks = sum(map(len, bases))
        if not models + networks:
            return self.rows(methods, given)
        ends = time.monotonic() + (float("inf") if budget is None else budget)

        def weights(key: str) -> dict[str, np.ndarray] | None:
            return self.store.weights(key) if key else None

        with (
            progress(models + networks) as bar,
            Leases(self.store) as leases,
            pool_of(self.data, self.launch, self.machine, jobs) as pool,
        ):
            run = self.store.begin_run(run_facts(self))
            driver = Driver(leases, pool, ends)
            for together in bases:
                there = self.store.keys("networks") | {""}
                for row in driver.results(
                    train_base,
                    [job for job in together if job.before in there],
                    arguments=lambda job: (job, weights(job.before)),
                    keys=lambda job: {job.base},
                    tables=["networks"],
                    elsewhere=lambda job: bar.update(),
                ):
                    self.store.add([row], "networks", run)
                    bar.update()
            there = self.store.keys("networks") | {""}
            for rows, failures in driver.results(
                train_job,
                [job for job in missing if job.base in there],
                arguments=lambda job: (job, weights(job.base)),
                keys=lambda job: set(job.keys.values()) - published_keys,
                tables=["rows", "failures"],
                elsewhere=lambda job: bar.update(models_of(job)),
            ):
                self.store.add(rows, run=run)
                self.store.add(failures, "failures", run)
                bar.update(sum(row["key"] not in stored for row in [*rows, *failures]))
        return self.rows(methods, given)


def methods_that_fit(settings: Settings, data: StudyData) -> tuple[Method, ...]:
    """Return the methods of `rows_of` that the settings allow and the data can have.

    A line on stderr names the user's own that are left out, and those that sequences cannot have.
    InputError where methods group people and class counts leave none in D_G.
    """
    found = methods_of(settings.rows_of)
    methods = tuple(method for method in found if dose(method) <= settings.largest_dose)
    if is_reference(settings.rows_of) and len(methods) < len(found):
        names = ", ".join(method.name for method in found if method not in methods)
        warn_once(f"perso: left out by largest_dose: {settings.largest_dose}: {names}")
    if settings.variation == "class-counts":
        refuse_grouping(methods, settings.rows_of)
    left_out = [method.name for method in methods if method.needs_encoder]
    if data.kind == "images" or not left_out:
        return methods
    warn_once(
        f"perso: left out, because the auto-encoder is for images alone: {', '.join(left_out)}"
    )
    return tuple(method for method in methods if not method.needs_encoder)


def check_samples(architecture: str | type, data: StudyData) -> None:
    """InputError where a network does not fit the samples."""
    try:
        checked(architecture, data.shape, data.classes, data.kind)
    except ValueError as error:
        raise InputError(f"architecture: {error}") from error


def check_network(architecture: str | type, data: StudyData, methods: Iterable[Method]) -> None:
    """InputError where a network is without the weights that methods train."""
    plain = Recipe(data.classes, data.shape, kind=data.kind, architecture=architecture)
    networks = {}
    for method in methods:
        if method.of_users and architecture != "gru":
            raise InputError(
                f"rows_of: {method.name} starts from a network of users, which needs "
                "architecture: gru"
            )
        try:
            recipe = user_recipe(plain, data.splits.folds[0], method.of_users)
            if isinstance(method.shared_start, Enrolled):
                enrolled_recipe(recipe, method.shared_start).network()
            if recipe not in networks:
                networks[recipe] = recipe.network()
            network = networks[recipe]
            if isinstance(method.shared_start, Prototypes):
                x = network.prepare(recipe.zeros(2), recipe.dtype, recipe.layout)
                check_head(network, x)
                if len(trained_names(network, "head")) != 2:
                    raise ValueError("prototypes need a last layer with a weight and a bias")
            for phase in (phase for each in method.lineage for phase in each.phases):
                trained_names(network, phase.trains)
                if phase.trains in ("head", "last block"):
                    x = network.prepare(recipe.zeros(2), recipe.dtype, recipe.layout)
                    check_head(network, x)
        except ValueError as error:
            raise InputError(f"rows_of: {method.name}: {error}") from error


def check_held_out(data: StudyData, methods: Iterable[Method]) -> None:
    """InputError where a person has too few training samples for a method to hold some out."""
    holding = [method.name for method in methods if method.held_out]
    for person in data.splits.individuals if holding else ():
        if len(np.unique(data.item[data.splits.train[person]])) < 2:
            raise InputError(
                f"rows_of: {holding[0]}: held_out needs two training {unit_of(data.source)}s, and "
                f"person {person} has 1; a larger min_items leaves such people out"
            )


def check_episodes(data: StudyData, methods: Iterable[Method]) -> None:
    """InputError where a person whom episodes show has too few training samples for them."""
    enrolling = [each.name for each in methods if isinstance(each.shared_start, Enrolled)]
    shown = (person for fold in data.splits.folds for person in plans.shown_people(fold))
    for person in shown if enrolling else ():
        if len(np.unique(data.item[data.splits.train_of_all[person]])) < 2:
            raise InputError(
                f"rows_of: {enrolling[0]}: an episode needs two training {unit_of(data.source)}s, "
                f"and person {person} has 1; a larger min_items leaves such people out"
            )


def dose(method: Method) -> int:
    """Return the number of iterations before the epochs of a method of the papers, else 0."""
    terms = method.shaping
    return max(terms.early, terms.extra) if terms else 0


def refuse_grouping(methods: tuple[Method, ...], rows_of: str) -> None:
    """InputError where methods group people of D_G, which class counts make a pool of samples."""

    def groups(methods: Iterable[Method]) -> bool:
        return any(method.enlarged_by or method.shared_start for method in methods)

    if groups(methods):
        possible = ", ".join(name for name, table in TABLES.items() if not groups(table))
        raise InputError(
            f"rows_of: {rows_of} groups the people of D_G, but class counts make D_G one pool of "
            f"samples; possible: {possible}"
        )
