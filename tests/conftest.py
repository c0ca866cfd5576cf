"""Fixtures of several test files."""

import pytest

from perso.training import engine


@pytest.fixture
def asked_for(monkeypatch) -> list:
    """The index plans [N, T, B] that the engine is asked to train, in order.

    Nothing is trained.
    """
    plans_seen = []

    def train(recipe, images, labels, plans, rates, states, seeds):
        plans_seen.append(plans)
        return {plans.shape[1]: states}

    monkeypatch.setattr(engine, "train", train)
    return plans_seen
