"""Fixtures of several test files."""

import os

import numpy as np
import pytest

from perso.data import sources
from perso.paths import default_data_dir
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
    """`require_data(dataset)` skips the test where a data set would be downloaded.

    It fails the test where PERSO_REQUIRE_DATA=1.
    """

    def require(dataset: str) -> None:
        if dataset not in sources.ARCHIVES:
            return
        folder, _, names, _ = sources.ARCHIVES[dataset]
        raw = default_data_dir() / folder / "raw"
        if not all((raw / name).with_suffix("").is_file() for name in names):
            leave = pytest.fail if os.environ.get("PERSO_REQUIRE_DATA") == "1" else pytest.skip
            leave(f"the unpacked files of {dataset} are not in {raw}")

    return require
