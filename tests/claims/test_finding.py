"""Outcomes of single tests, and of groups of which one is enough."""

import numpy as np
import pytest

from perso.claims.finding import decide, decide_group
from perso.report import ledger_text

SMALL = {"value": 0.1, "low": -0.3, "high": 0.5, "holm": 0.6, "bounds": (-0.2, 0.4)}
OPPOSITE = {"value": -2, "low": -3, "high": -1, "bounds": (-2.8, -1.2)}
UNKNOWN = {"low": np.nan, "high": np.nan, "holm": np.nan, "bounds": (np.nan, np.nan)}


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({}, "for"),
        # in a group of tests
        ({"holm": 0.06}, "open"),
        ({"low": -0.1}, "open"),
        # a real effect, however small, is one
        ({"low": 0.01, "bounds": (0.02, 0.1)}, "for"),
        (OPPOSITE, "against"),
        # too small to matter
        (SMALL, "against"),
        # the interval reaches beyond the margin
        (SMALL | {"bounds": (-0.2, 0.6)}, "open"),
        (SMALL | {"margin": np.nan}, "open"),
        ({"expected": -1}, "against"),
        (OPPOSITE | {"expected": -1, "margin": np.nan}, "for"),
        (SMALL | {"expected": -1}, "against"),
        (SMALL | {"expected": -1, "bounds": (-0.6, 0.4)}, "open"),
        ({"n": 5}, "few"),
        ({"expected": 0, "bounds": (-0.4, 0.2)}, "for"),
        ({"expected": 0}, "against"),
        ({"expected": 0, "harm": 1}, "against"),
        # better than claimed
        ({"expected": 0, "harm": -1}, "open"),
        ({"expected": 0, "bounds": (-0.2, 2.8)}, "open"),
        (UNKNOWN, "open"),
        (UNKNOWN | {"expected": 0}, "open"),
        ({"outcome": "for", "n": 4, "test": "count"}, "for"),
        ({"outcome": "for", "n": 4, "test": "binomial"}, "few"),
    ],
)
def test_outcome_of_a_finding(finding, fields, outcome):
    assert decide(finding(**fields)).outcome == outcome


def test_in_a_group_of_which_one_is_enough_p_is_corrected(finding):
    first, second = decide_group([finding(p=0.02), finding(p=0.03)])
    assert (first.holm, second.holm) == (0.04, 0.04)
    assert first.settled and second.settled
    alone, *_ = decide_group([finding(p=0.03)])
    assert (alone.holm, alone.outcome) == (0.03, "for")


def test_a_test_that_could_not_run_counts_in_its_group(finding):
    (found,) = decide_group([finding(p=0.03)], missing=1)
    assert (found.holm, found.outcome, found.settled) == (0.06, "open", False)


def test_the_text_of_an_outcome_names_the_margin(finding):
    assert ledger_text.outcome_text(decide(finding(**SMALL))) == "against: below 0.5"
    assert ledger_text.outcome_text(decide(finding(**OPPOSITE))) == "against"
    assert ledger_text.outcome_text(decide(finding(expected=0))) == "against: beyond ±0.5"
