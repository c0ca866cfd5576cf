"""All that claims are decided from at one scale: rows of every table, the digits behind hits, latent codes."""

import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from perso.analysis import accuracy
from perso.errors import InputError
from perso.methods.method import Method
from perso.parts import PARTS
from perso.seeds import rng
from perso.settings import Settings, v1_class_counts, v1_settings
from perso.stats import bootstrap
from perso.stats.effect import Effect, paired_effect
from perso.stats.mixed import MixedModel, mixed_model
from perso.store import published
from perso.store.sqlite import unpacked
from perso.study.study import Study

RUN_NAMES = {  # what a claim may ask of a scale, and how it is said
    "v3": "v3's Table I",
    "grouping": "data grouping in full",
    "doses": "doses of early shaping",
    "sweeps": "the sweeps of rates and lengths",
    "v1": "v1's Table 2, hidden factors",
    "counts": "v1's Table 2, class counts",
    "unflipped": "the baseline on ten classes",
}


class Missing(Exception):
    """What a claim lacks: of which run, and what of it."""

    def __init__(self, run: str, *what: str):
        super().__init__(run)
        self.run, self.what = run, what


def settings_of_run(settings: Settings, of: str) -> Settings:
    """The settings of a run (one of RUNS) at the scale of `settings`."""
    if of in ("v1", "counts"):
        return {"v1": v1_settings, "counts": v1_class_counts}[of](settings)
    if of == "unflipped":
        return replace(settings, rows_of="readings", flips=False)
    return replace(settings, rows_of=of)


def train_missing(
    study: Study,
    jobs: int | None = None,
    budget: float | None = None,
    folder: Path = published.FOLDER,
) -> int:
    """Train what the claims of a study's scale lack; what is published counts as there. How many models are left.

    budget   seconds after which no further model is begun
    """
    ends, left = time.monotonic() + (float("inf") if budget is None else budget), 0
    evidence = Evidence(study, folder)
    for of in RUN_NAMES:
        try:
            one, methods = evidence.run(of), evidence.methods(of)
        except Missing:
            continue
        given = published.published_rows(one, methods, folder)
        left += len(one.keys(methods)) - len(
            one.run(methods, jobs, max(0.0, ends - time.monotonic()), given)
        )
    for fold in range(0 if evidence.own else len(study.folds)):
        if time.monotonic() < ends:
            study.encoder(fold)
        else:
            left += study.encoder_key(fold) not in study.store.keys("networks")
    return left


class Evidence:
    """Everything at the scale of one study. Nothing is trained; what is not there raises `Missing`.

    A study of v1's rows, or of class counts, has that table alone: it is the scale of no other claim.
    """

    def __init__(self, study: Study, folder: Path = published.FOLDER):
        self.study, self.folder, self.files = study, folder, set()
        s = study.asked
        self.own = "counts" if s.variation == "class-counts" else "v1" if s.rows_of == "v1" else ""
        for name in (
            "run",
            "rows",
            "effect",
            "hits",
            "people",
            "encoded",
        ):  # one computation each, for this scale only
            setattr(self, name, cache(getattr(self, name)))

    def run(self, of: str) -> Study:
        """The study of one of RUNS."""
        if (
            not self.own
            and of in ("v1", "counts")
            and self.study.asked.dataset in ("qmnist", "nist")
        ):
            raise Missing(f"{RUN_NAMES[of]}, which has params of its own (`-v1`, `-counts`)")
        if self.own and of != self.own:
            raise Missing(
                f"{RUN_NAMES[of]}, where these parameters are of {RUN_NAMES[self.own]} alone"
            )
        if of == self.own:
            return self.study
        try:
            return Study(
                settings_of_run(self.study.asked, of), self.study.store.path, self.study.data_dir
            )
        except InputError as error:
            raise Missing(f"{RUN_NAMES[of]}, which these data cannot have ({error})") from error

    def methods(self, of: str) -> list[Method]:
        """The methods of a run that claims speak of."""
        return [m for m in self.run(of).methods if of != "unflipped" or m.family == "baseline"]

    def rows(self, of: str) -> pd.DataFrame:
        """The rows there are, stored or published."""
        study, methods = self.run(of), self.methods(of)
        given = published.published_rows(study, methods, self.folder)
        rows = study.rows(methods, given)
        self.files |= set(given.loc[given["key"].isin(rows["key"]), "file"])
        return rows

    def having(self, of: str, *methods: str) -> pd.DataFrame:
        """The rows of these methods; Missing unless each has some."""
        rows = self.rows(of)
        if lacking := [name for name in methods if name not in set(rows["method"])]:
            raise Missing(f"models of {RUN_NAMES[of]}", *lacking)
        return rows[rows["method"].isin(methods)]

    def people(self, of: str, part: str, *methods: str) -> pd.DataFrame:
        """Accuracy of every person who has all of these methods, repeats averaged: a column each, in this order."""
        people = accuracy.by_part(self.having(of, *methods))[part][list(methods)].dropna()
        if people.empty:
            raise Missing(f"people of {RUN_NAMES[of]} who have all of", *methods)
        return people

    def levelled(self, of: str, part: str, *methods: str) -> pd.DataFrame:
        """`people` where their spread is asked for: on D_G, what a test set does to all of a fold is taken out."""
        wide = self.people(of, part, *methods)
        folds = self.having(of, *methods).groupby("person")["fold"].first().reindex(wide.index)
        return wide - wide.groupby(folds).transform("mean") + wide.mean() if part == "D_G" else wide

    def hits(self, of: str, method: str, part: str) -> dict[str, np.ndarray]:
        """How often each test image was right, over repeats: float [n] per person."""
        own = self.having(of, method)
        names = ["person", PARTS[part].hits, PARTS[part].size]
        found: dict[str, list] = {}
        for person, blob, n in own[names].itertuples(index=False):
            found.setdefault(person, []).append(unpacked(blob, n))
        return {person: np.mean(each, axis=0) for person, each in found.items()}

    def items(self, of: str, part: str, person: str) -> np.ndarray:
        """The original digit behind each of a person's test images, or of D_G's, int [n]."""
        data = self.run(of).data
        for fold in data.splits.folds:
            for each in fold.individuals:
                if str(each) == person:
                    tested = data.splits.test[each] if part == "D_I" else fold.global_test
                    return data.item[tested]
        raise KeyError(person)

    def effect(self, of: str, method: str, base: str, part: str) -> Effect:
        """One method minus another on D_I or D_G, over the people who have both."""
        ours, theirs = self.hits(of, method, part), self.hits(of, base, part)
        persons = {
            person: bootstrap.sums_by_item(
                ours[person] - theirs[person], self.items(of, part, person)
            )
            for person in ours
            if person in theirs
        }
        if not persons:
            raise Missing(f"people of {RUN_NAMES[of]} who have both", method, base)
        draw = self.rng("effect", of, method, base, part)
        return paired_effect(persons, PARTS[part].margin, draw)

    def generic(self, of: str, method: str, base: str, part: str) -> tuple[int, MixedModel | None]:
        """How many generic models all people's differences rest on, 0 for methods that need none; and a mixed model
        with person and generic model drawn at random, where there are three or more.
        """
        started = {each.name for each in self.run(of).methods if each.from_generic}
        rows = self.having(of, method, base)
        if (
            len(started & {method, base}) != 1
        ):  # of two that begin from the same one its luck cancels
            return 0, None
        wide = (
            rows.pivot(
                index=["person", "fold", "repeat"], columns="method", values=PARTS[part].accuracy
            )
            .dropna()
            .reset_index()
        )
        models = wide["fold"].astype(str) + " " + wide["repeat"].astype(str)
        count = models.nunique()
        try:
            drawn = {"person": wide["person"], "generic model": models}
            return count, mixed_model(wide[method] - wide[base], drawn) if count > 2 else None
        except ValueError:  # nothing varies, or one person alone
            return count, None

    def rng(self, *names) -> np.random.Generator:
        """A generator by names; the scale's seed is in it."""
        return rng(self.study.settings.seed, "claims", *names)

    def encoded(self) -> Study:
        """The study whose auto-encoders are there; Missing where one of them was never trained."""
        study = self.run("v3")
        there = study.store.keys("networks")
        if any(study.encoder_key(fold) not in there for fold in range(len(study.folds))):
            raise Missing("the auto-encoder of these people")
        return study
