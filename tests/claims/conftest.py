"""Evidence with made-up rows, so that the truth behind every claim is known."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from perso.claims.evidence import Evidence
from perso.claims.finding import Finding
from perso.claims.ledger import Ledger, make_ledger
from perso.claims.registry import CLAIMS
from perso.claims.v3_claims import SIX
from perso.paths import ROOT
from perso.settings import Settings, read_params
from perso.store.sqlite import ROW, packed
from perso.study.study import Study


def fill_study(study: Study, hits_of, without=()) -> None:
    """Store rows of a study as if it had been trained.

    hits_of   hits_of(method, place of the person, "I" or "G", repeat, n) → bool [n]
    without   (method, person, repeat) that get no row
    """
    places = {str(person): place for place, person in enumerate(study.data.splits.individuals)}
    sizes = {}
    folds = {}
    for number, fold in enumerate(study.folds):
        for person in fold.individuals:
            sizes[str(person)] = len(study.data.splits.test[person]), len(fold.global_test)
            folds[str(person)] = number
    from_generic = {method.name: method.from_generic for method in study.methods}
    rows = []
    for line in study.wanted().itertuples():
        if (line.method, line.person, line.repeat) in without:
            continue
        place = places[line.person]
        n_I, n_G = sizes[line.person]
        hits_I = hits_of(line.method, place, "I", line.repeat, n_I)
        hits_G = hits_of(line.method, place, "G", line.repeat, n_G)
        known = {
            "key": line.key,
            "method": line.method,
            "person": line.person,
            "repeat": line.repeat,
            "fold": folds[line.person],
            "acc_I": hits_I.mean(),
            "n_I": n_I,
            "hits_I": packed(hits_I),
            "acc_G": hits_G.mean(),
            "n_G": n_G,
            "hits_G": packed(hits_G),
            "own_iterations": 100,
            "iterations": 300 if from_generic[line.method] else 100,
        }
        rows.append({column: known.get(column, 0) for column in ROW})
    study.store.add(rows)


def draw_hits_of(shares: dict, sd: float = 0.02):
    """A `hits_of` for `fill_study`: accuracy varies over people by `sd`, equally for all methods.

    shares   {method: {"I" or "G": mean accuracy}}; .8 where none is given
    """

    def hits_of(method, place, part, repeat, n):
        draw = np.random.default_rng([place, "IG".index(part), repeat])
        deviation = draw.normal(0, sd)
        images = draw.random(n)
        mean = shares.get(method, {}).get(part, 0.8)
        return images < np.clip(mean + deviation, 0, 1)

    return hits_of


@pytest.fixture(scope="session")
def quick() -> Settings:
    """The settings of params/quick.yml."""
    return read_params(ROOT / "params" / "quick.yml")


@pytest.fixture
def claim():
    """`claim(number)` → the claim of this number."""
    return {each.number: each for each in CLAIMS}.get


@pytest.fixture
def fill():
    """`fill_study`."""
    return fill_study


@pytest.fixture
def draw_hits():
    """`draw_hits_of`."""
    return draw_hits_of


@pytest.fixture(scope="session")
def better():
    """A `hits_of` with which v3's six shaping methods gain .1 on D_I, and nothing on D_G."""
    return draw_hits_of({name: {"I": 0.9} for name in SIX})


def evidence_in(folder: Path, quick: Settings) -> Callable[..., Evidence]:
    """What `make_evidence` is, with its store in a folder."""

    def make(hits_of, without=(), of="relative", **changes) -> Evidence:
        study = Study(replace(quick, **changes), folder / "store.sqlite", folder)
        evidence = Evidence(study, folder)
        fill_study(evidence.run(of), hits_of, without)
        return evidence

    return make


@pytest.fixture
def make_evidence(tmp_path, quick) -> Callable[..., Evidence]:
    """`make_evidence(hits_of, …)` → Evidence of a quick study with made-up rows of one run."""
    return evidence_in(tmp_path, quick)


@pytest.fixture(scope="session")
def own(tmp_path_factory, quick, better) -> Ledger:
    """A ledger of made-up rows, those of `better`, which takes seconds to make."""
    make = evidence_in(tmp_path_factory.mktemp("own"), quick)
    return make_ledger(make(better), params="quick")


@pytest.fixture
def finding():
    """`finding(**fields)` → a finding that supports its claim, but for these fields."""

    def make(**fields) -> Finding:
        defaults = {
            "what": "a − b",
            "test": "mean over people",
            "value": 2.0,
            "low": 1.0,
            "high": 3.0,
            "p": 0.001,
            "holm": 0.001,
            "n": 20,
            "margin": 0.5,
            "bounds": (1.2, 2.8),
        }
        return Finding(**defaults | fields)

    return make
