"""Fixtures of several test files."""

import numpy as np
import pytest

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
