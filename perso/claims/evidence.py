"""The data that claims are tested on, at one scale: rows, original digits, auto-encoders."""

import time
from collections.abc import Callable, Collection, Hashable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from perso.analysis import accuracy, changes, decision
from perso.data.dataset import same_data
from perso.errors import InputError
from perso.methods.method import EPOCHS, Method
from perso.methods.registry import OWN_BASE, base_of_table
from perso.parts import margin_of
from perso.seeds import rng
from perso.settings import Settings, v1_class_counts, v1_settings
from perso.stats.effect import Effect, effect_of
from perso.store import published
from perso.study.plans import iterations_of
from perso.study.same_methods import Same
from perso.study.study import Study

# The runs that a claim may use at each scale, and their names in texts and in the CSV
RUN_NAMES = {
    "own": "the run of these settings",
    "relative": "v3's shaping in relative doses",
    "v3": "v3's Table I",
    "grouping": "data grouping in full",
    "doses": "doses of early shaping",
    "sweeps": "the sweeps of rates and lengths",
    "v1": "v1's Table 2, hidden factors",
    "counts": "v1's Table 2, class counts",
    "unflipped": "the baseline on ten classes",
    "baselines": "what else one could do",
    "recurrent": "recurrent networks for individual users",
    "contexts": "contexts within a person",
    "enrolled": "networks that forwarded samples make personal",
    "planted": "the same with a planted difference of classes",
    "swapped": "the same with classes exchanged for half of the people",
}
PLANTED = {"planted": "prior", "swapped": "swap"}  # runs, and what they plant
BESIDE = {"enrolled": tuple(PLANTED)}  # runs that a study of a table has beside its own
# the params of runs that have their own, where those of other runs make no such people
PARAMS_OF = {
    "v1": "standard-v1",
    "counts": "standard-counts",
    "recurrent": "quick-pens",
    "contexts": "quick-watch",
    "enrolled": "quick-enrolled",
    "planted": "quick-enrolled",
    "swapped": "quick-enrolled",
}
PAPERS_RUNS = tuple(of for of in RUN_NAMES if of != "own")  # those that the papers' claims use


class Missing(Exception):
    """Raised where a test cannot run.

    run     a description of the missing data, usually of a run
    what    the missing parts of it, such as methods
    train   the run of `RUN_NAMES` whose training makes them; "" where none does
    """

    def __init__(self, run: str, *what: str, train: str = ""):
        super().__init__(run)
        self.run = run
        self.what = what
        self.train = train

    def again(self) -> "Missing":
        """The same error without a traceback, which would keep the data of all its frames."""
        return Missing(self.run, *self.what, train=self.train)


def remembered(function: Callable) -> Callable:
    """Return the function with a memory of what it returned, and of `Missing` that it raised."""
    known: dict[tuple, tuple] = {}

    def asked(*arguments: Hashable):
        if arguments not in known:
            try:
                known[arguments] = function(*arguments), None
            except Missing as error:
                known[arguments] = None, error.again()
        found, missing = known[arguments]
        if missing:
            raise missing.again()
        return found

    return asked


def settings_of_run(settings: Settings, of: str) -> Settings:
    """The settings of a run, one of `PAPERS_RUNS`, at the scale of `settings`."""
    if of == "v1":
        return v1_settings(settings)
    if of == "counts":
        return v1_class_counts(settings)
    if of == "unflipped":
        return replace(settings, rows_of="readings", flips=False)
    if of in PLANTED:  # one repeat, as enrolments of the same network are compared
        return replace(settings, rows_of="planted", planted=PLANTED[of], reference_repeats=1)
    return replace(settings, rows_of=of)


def train_missing(
    study: Study,
    jobs: int | None = None,
    budget: float | None = None,
    folder: Path = published.FOLDER,
    runs: Collection[str] = PAPERS_RUNS,
    encoders: bool = True,
) -> int:
    """Train what the claims need at a study's scale, and return how many models are still missing.

    Published models are not trained again.

    jobs       training processes
    budget     seconds after which no further model is started
    folder     where the published rows are
    runs       those of `RUN_NAMES` that the claims use
    encoders   whether a claim uses the auto-encoders of v3's Table I
    """
    end = time.monotonic() + (float("inf") if budget is None else budget)
    evidence = Evidence(study, folder)
    missing = 0
    for of in (of for of in RUN_NAMES if of in runs):
        try:
            run = evidence.run(of)
            methods = evidence.methods(of)
        except Missing:
            continue
        rows = published.published_rows(run, methods, folder)
        seconds = max(0.0, end - time.monotonic())
        trained = run.run(methods, jobs, seconds, rows)
        missing += len(run.keys(methods)) - len(trained) - len(run.failures(methods))
    can_encode = study.data.kind == "images"
    folds = len(study.folds) if encoders and can_encode and not evidence.only else 0
    for fold in range(folds):
        if time.monotonic() < end:
            study.encoder(fold)
        elif not study.published_encoder(fold):
            missing += study.encoder_key(fold) not in study.store.keys("networks")
    return missing


class Evidence:
    """All data at the scale of one study. Nothing is trained; missing data raise `Missing`.

    of     in every method: the run, one of `RUN_NAMES`
    part   see `changes`
    only   "v1", "counts", one of OWN_BASE or of PLANTED for a study of that run: of the papers'
           runs it has no other but those of BESIDE
    files  the published files that rows came from
    """

    def __init__(self, study: Study, folder: Path = published.FOLDER):
        self.study = study
        self.folder = folder
        self.files: set[str] = set()
        self.only = ""
        if study.asked.variation == "class-counts":
            self.only = "counts"
        elif study.asked.rows_of == "planted":
            (self.only,) = (run for run, what in PLANTED.items() if what == study.asked.planted)
        elif study.asked.rows_of in ("v1", *OWN_BASE):
            self.only = study.asked.rows_of
        # Many tests ask for the same data. The caches belong to this object, and end with it.
        for name in ("run", "rows", "having", "effect", "people", "encoded", "once"):
            setattr(self, name, remembered(getattr(self, name)))

    def run(self, of: str) -> Study:
        """The study of a run."""
        if of in ("own", self.only):
            return self.study
        asked = self.study.asked
        of_other_people = of in ("v1", "counts") and asked.dataset in ("qmnist", "nist")
        if not self.only and (of_other_people or of in (*OWN_BASE, *PLANTED)):
            command = f"perso claims params/{PARAMS_OF[of]}.yml --run"
            raise Missing(f"{RUN_NAMES[of]}, which has params of its own: {command}")
        if self.only and of not in BESIDE.get(self.only, ()):
            raise Missing(
                f"{RUN_NAMES[of]}, where these parameters are of {RUN_NAMES[self.only]} alone"
            )
        try:
            settings = settings_of_run(asked, of)
            store, data_dir = self.study.store.path, self.study.data_dir
            # most runs are of the same data, which take time to prepare
            data = self.study.data if same_data(settings, asked) else None
            return Study(settings, store, data_dir, self.folder, self.study.launch, data)
        except InputError as error:
            raise Missing(f"{RUN_NAMES[of]}, which these data cannot have ({error})") from error

    def methods(self, of: str) -> list[Method]:
        """The methods of a run that claims need."""
        methods = self.run(of).methods
        if of == "unflipped":
            return [method for method in methods if method.family == "baseline"]
        return list(methods)

    def rows(self, of: str) -> pd.DataFrame:
        """The rows of a run that are stored or published."""
        study = self.run(of)
        methods = self.methods(of)
        from_files = published.published_rows(study, methods, self.folder)
        rows = study.rows(methods, from_files)
        used = from_files["key"].isin(rows["key"])
        self.files |= set(from_files.loc[used, "file"])
        return rows

    def same_methods(self, of: str) -> list[Same]:
        """Which methods of a run are one and the same, see `study.same_methods`."""
        return self.run(of).same_methods

    def having(self, of: str, *methods: str) -> pd.DataFrame:
        """The rows of these methods; `Missing` unless each has a row and they differ."""
        for same in self.same_methods(of):
            if same.spoils(methods):
                raise Missing(same.lacks, same.why)
        rows = self.rows(of)
        known = set(rows["method"].unique())  # a column of text is slow to go through
        if without := [name for name in methods if name not in known]:
            raise Missing(f"models of {RUN_NAMES[of]}", *without, train=of)
        return rows[rows["method"].isin(methods)]

    def people(self, of: str, part: str, *methods: str) -> pd.DataFrame:
        """Accuracy, averaged over repeats, of every person who has all of these methods.

        A line per person, a column per method in the order of the arguments. Of methods from
        generic networks only repeats that all of them have count, see `changes.rows_of`.
        """
        rows = changes.rows_of(self.having(of, *methods), dict.fromkeys(methods, 1.0))
        tested = rows.assign(accuracy=changes.accuracies_on(rows, part))
        people = accuracy.per_person(tested, "accuracy")[list(methods)].dropna()
        if people.empty:
            raise Missing(f"people of {RUN_NAMES[of]} who have all of", *methods, train=of)
        return people

    def once(self, function: Callable, *arguments: Hashable):
        """`function(self, *arguments)`, computed once."""
        return function(self, *arguments)

    def cohorts(self, of: str, people: pd.Index) -> np.ndarray:
        """The cohort of each of these people: the fold, whose D_G they share, int [n]."""
        return self.rows(of).groupby("person")["fold"].first().loc[people].to_numpy()

    def effect(self, of: str, part: str, contrast: tuple[tuple[str, float], ...]) -> Effect:
        """The weighted sum of methods' accuracies over the people who have all of them.

        contrast   (method, weight), …; of a difference the weights are 1 and -1
        """
        d, common = self.differences(of, part, contrast)
        cohorts = d.index.get_level_values("fold").to_numpy()
        draw = self.rng("effect", of, part, contrast)
        return self.effect_of(part, d.to_numpy(), cohorts, draw, common)

    def differences(
        self, of: str, part: str, contrast: tuple[tuple[str, float], ...]
    ) -> tuple[pd.Series, dict[int, float]]:
        """The contrast of each person, by fold and person, and the variance that each fold shares.

        See `changes.by_person` and `changes.shared_variances`.
        """
        names = [name for name, _ in contrast]
        d = changes.by_person(self.having(of, *names), dict(contrast), part)
        if d.empty:
            raise Missing(f"people of {RUN_NAMES[of]} who have all of", *names, train=of)
        folds = d.index.get_level_values("fold").unique()
        # how much a generic network varies shows in the baselines
        return d, changes.shared_variances(self.rows(of), dict(contrast), part, folds)

    def effect_of(
        self,
        part: str,
        d: np.ndarray,
        cohorts: np.ndarray,
        draw: np.random.Generator,
        common: float | dict = 0.0,
    ) -> Effect:
        """The effect of one number per person, such as a difference of accuracies.

        d, cohorts   number and cohort of each person, [n]
        common       see `stats.cohorts.mean_over_people`
        """
        drawn = part == "D_G"
        return effect_of(d, cohorts, draw, drawn=drawn, common=common, margin=margin_of(part))

    def rng(self, *names: Hashable) -> np.random.Generator:
        """A generator that depends on these names and on the scale's seed."""
        return rng(self.study.settings.seed, "claims", *names)

    @property
    def iterations(self) -> int:
        """Iterations of the epochs of this scale, of the cohort with the fewest."""
        data = self.study.data
        return min(iterations_of(data, fold, [EPOCHS]) for fold in data.splits.folds)

    @cached_property
    def untrained(self) -> str:
        """That the study's networks have hardly learned, in words; nothing where they have."""
        name = base_of_table(self.study.settings.rows_of)
        base = [method for method in self.study.methods if method.name == name]
        rows = self.study.rows(base, published.published_rows(self.study, base, self.folder))
        return decision.untrained_text(rows["acc_G"].mean(), 1 / self.study.data.classes)

    def encoded(self) -> Study:
        """The study of v3's Table I; `Missing` where an auto-encoder is not stored or published."""
        study = self.run("v3")
        stored = study.store.keys("networks")
        for fold in range(len(study.folds)):
            if study.encoder_key(fold) in stored:
                continue
            file = study.published_encoder(fold)
            if file is None:
                raise Missing("the auto-encoder of these people", train="v3")
            self.files.add(file.file)
        return study
