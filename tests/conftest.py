"""Fixtures of several test files."""

import os
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from perso.analysis.effects import BOTH, EARLY, LATE, WEIGHED
from perso.data import sources
from perso.data.cohort import Cohort
from perso.methods.method import BASELINE
from perso.methods.registry import RELATIVE
from perso.paths import default_data_dir
from perso.settings import Settings, as_dict
from perso.store.published import Published
from perso.store.sqlite import packed
from perso.training import engine


@pytest.fixture
def asked_for(monkeypatch) -> list:
    """The index plans [N, T, B] that the engine is asked to train, in order.

    Nothing is trained.
    """
    plans_seen = []

    def train(recipe, samples, runs):
        plans_seen.append(np.stack([run.plan for run in runs]))
        return {len(runs[0].plan): [run.state for run in runs]}

    monkeypatch.setattr(engine, "train", train)
    return plans_seen


@pytest.fixture
def require_data():
    """`require_data(dataset)` skips the test where files of a data set are missing.

    It fails the test where PERSO_REQUIRE_DATA=1.
    """

    def require(dataset: str) -> None:
        files = sources.files_of(dataset, default_data_dir())
        if missing := [str(path) for path in files if not path.is_file()]:
            leave = pytest.fail if os.environ.get("PERSO_REQUIRE_DATA") == "1" else pytest.skip
            leave(f"{dataset} is not there: {', '.join(missing)}")

    return require


@pytest.fixture
def load_real(require_data) -> Callable[[str], Cohort]:
    """`load_real(dataset)` → a data set whose files are there, see `require_data`."""

    def load(dataset: str) -> Cohort:
        require_data(dataset)
        return sources.load(dataset, default_data_dir())

    return load


@pytest.fixture
def explored_rows(make_relative_run) -> pd.DataFrame:
    """Twelve people in two cohorts, of whom each method changes others, for the explorer."""
    changes = {
        EARLY: (0.02, 0),
        "ES 1.2 %": (0.01, 0.01),
        WEIGHED: (0.06, -0.02),
        LATE: (0.1, -0.06),
        BOTH: (0.08, 0.01),
        "TL-n-0": (0, 0.06),
    }
    return make_relative_run(changes=changes, cohorts=2, people=6).rows


@pytest.fixture
def make_relative_run() -> Callable[..., Published]:
    """`make_relative_run(name, …)` → a run of the table `relative` that nobody trained.

    changes   {method: (on D_I, on D_G)}, shares that are added to the baseline's .8; the methods
    cohorts   each of `people` people, who have 30 test digits with three flips each on D_I, and 300
              test images on D_G
    shifts    {method: a share for each cohort}, added on D_G
    """

    def make(
        name: str = "made",
        changes: dict[str, tuple[float, float]] | None = None,
        *,
        cohorts: int = 4,
        people: int = 12,
        shifts: dict[str, tuple[float, ...]] | None = None,
    ) -> Published:
        if changes is None:
            changes = {method.name: (0.0, 0.0) for method in RELATIVE}
        rng = np.random.default_rng(0)
        lines = []
        for method, (on_I, on_G) in {BASELINE: (0.0, 0.0), **changes}.items():
            late = method.startswith("TL")
            for cohort in range(cohorts):
                shift = (shifts or {}).get(method, (0.0,) * cohorts)[cohort]
                for person in range(people):
                    hits_I = np.tile(rng.random(30) < 0.8 + on_I, 3)
                    hits_G = rng.random(300) < 0.8 + on_G + shift
                    lines.append(
                        {
                            "key": f"{name} {method} {cohort} {person}",
                            "method": method,
                            "person": f"{cohort}-{person}",
                            "repeat": 0,
                            "fold": cohort,
                            "acc_I": hits_I.mean(),
                            "n_I": 90,
                            "hits_I": packed(hits_I),
                            "acc_G": hits_G.mean(),
                            "n_G": 300,
                            "hits_G": packed(hits_G),
                            "iterations": 1_090 if late else 1_000,
                            "own_iterations": 90 if late else 1_000,
                            "seconds": 9.0 if late else 240.0,
                            "device": "cpu",
                        }
                    )
        settings = as_dict(Settings(rows_of="relative"))
        return Published(name, pd.DataFrame(lines), {"settings": settings})

    return make
