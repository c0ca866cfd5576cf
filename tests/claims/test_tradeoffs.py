"""The trade-off of v1's settings, where people do not vary."""

import numpy as np
import pytest

from perso.claims import tradeoffs


@pytest.mark.parametrize(
    ("find", "arguments"),
    [
        (tradeoffs.nobody_dominates, ()),
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


@pytest.mark.parametrize(
    ("share", "outcome"),
    [(1.0, "for"), (0.95, "for"), (0.5, "open"), (0.04, "against"), (np.nan, "open")],
)
def test_a_statement_must_hold_in_95_percent_of_bootstrap_samples(share, outcome):
    assert tradeoffs.probable("that …", share, 20, "v1").outcome == outcome
