"""The trade-off of v1's settings."""

import numpy as np
import pytest

from perso.claims import tradeoffs
from perso.claims.finding import decide
from perso.claims.tradeoffs import TradeOff
from perso.methods.method import BASELINE


@pytest.mark.parametrize(
    ("find", "arguments"),
    [
        (tradeoffs.nobody_dominates, ("v1",)),
        (tradeoffs.on_front, ("v1", "sample weighing")),
        (tradeoffs.largest_sum, ("v1", "sample weighing")),
    ],
)
def test_people_who_do_not_vary_decide_nothing(make_evidence, fill, find, arguments):
    def perfect(method, place, part, repeat, n):
        return np.ones(n, bool)

    found = make_evidence(perfect, of="counts")
    fill(found.run("v1"), perfect)
    finding = find(found, *arguments)
    assert finding.outcome == "open"
    assert np.isnan(finding.value)


def run(on_I: float = 0.0, on_G: float = 0.0, n: int = 1600) -> TradeOff:
    """Three settings; sample weighing is this many points better than the two others."""
    names = (BASELINE, "ES-n-500", "SW-n-2")
    rng = np.random.default_rng(0)
    sizes = 0.9 + np.array([[0, 0, on_I], [0, 0, on_G]]) / 100
    values = sizes[:, None] + rng.normal(0, [[[0.02]], [[0.008]]], (2, n, 3))
    return TradeOff(names, *values, np.arange(n) % 4)


@pytest.mark.parametrize(
    ("share", "outcome"),
    [(1.0, "for"), (0.95, "for"), (0.5, "open"), (0.04, "against"), (np.nan, "open")],
)
def test_a_statement_must_hold_in_95_percent_of_bootstrap_samples(share, outcome):
    assert tradeoffs.probable("that …", share, "v1", run(n=20)).outcome == outcome


@pytest.mark.parametrize(
    ("on_I", "on_G", "outcome"),
    [
        (0, 0, "for"),  # equal settings are all on the front
        (3, -1, "for"),  # a trade-off
        (3, 0, "for"),
        (-3, 0, "against"),
        (-3, -1, "against"),
    ],
)
def test_the_front_is_decided_by_enough_people(on_I, on_G, outcome):
    rng = np.random.default_rng(1)
    finding = tradeoffs.family_on_front(run(on_I, on_G), "sample weighing", rng, "v1")
    assert decide(finding).outcome == outcome


@pytest.mark.parametrize(
    ("on_I", "on_G", "outcome"), [(0, 0, "for"), (3, -1, "for"), (-3, 0, "against")]
)
def test_the_largest_sum_is_decided_by_enough_people(on_I, on_G, outcome):
    rng = np.random.default_rng(1)
    finding = tradeoffs.family_sum(run(on_I, on_G), "sample weighing", rng, "v1")
    assert decide(finding).outcome == outcome


@pytest.mark.parametrize(
    ("on_I", "on_G", "outcome"),
    [(0, 0, "for"), (3, -1, "for"), (3, 0, "against"), (3, 1, "against")],
)
def test_dominance_is_decided_by_enough_people(on_I, on_G, outcome):
    rng = np.random.default_rng(1)
    assert decide(tradeoffs.none_alone(run(on_I, on_G), rng, "v1")).outcome == outcome
