"""Outcomes of single tests, and their correction within families."""

from dataclasses import replace

import numpy as np
import pytest

from perso.claims.finding import correct, decide, placeholder
from perso.claims.hypotheses import Superior
from perso.report import ledger_text

SMALL = {"value": 0.1, "low": -0.3, "high": 0.4, "holm": 0.9}  # below the margin of .5
OPPOSITE = {"value": -2, "low": -3, "high": -1, "bounds": (-2.8, -1.2)}


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({}, "for"),
        ({"holm": 0.06}, "open"),
        ({"low": -0.1}, "open"),
        (OPPOSITE, "against"),
        # too small to matter
        (SMALL | {"little": 0.01}, "against"),
        # as small, but the papers print no more
        (SMALL, "open"),
        # the interval reaches beyond the margin
        (SMALL | {"high": 0.6, "little": 0.01}, "open"),
        ({"value": 0.1, "low": -0.9, "high": 1.1, "holm": 0.9, "bounds": (-0.7, 0.9)}, "open"),
        ({"expected": -1}, "against"),
        ({"expected": -1, "value": -2, "low": -3, "high": -1, "margin": np.nan}, "for"),
        ({"n": 5}, "few"),
        ({"expected": 0, "p": 0.01}, "for"),
        ({"expected": 0, "p": 0.9}, "against"),
        ({"expected": 0, "p": 0.9, "harm": 1}, "against"),
        # better than claimed
        ({"expected": 0, "p": 0.9, "harm": -1}, "open"),
        ({"expected": 0, "p": 0.9, "bounds": (-0.2, 2.8)}, "open"),
        ({"low": np.nan, "high": np.nan, "holm": np.nan, "bounds": (np.nan, np.nan)}, "open"),
        ({"outcome": "for", "n": 4, "test": "count"}, "for"),
        ({"outcome": "for", "n": 4, "test": "binomial"}, "few"),
    ],
)
def test_outcome_of_a_finding(finding, fields, outcome):
    assert decide(finding(**fields)).outcome == outcome


def test_a_family_is_corrected_together_and_needs_more_people(finding):
    """Six tests of seven people: even the smallest possible p, 2/2⁷, is corrected above .05."""
    p = (0.001, 0.02, 0.02, 0.5, 0.5, 0.5)
    family = [finding(family=("six",), p=each, n=7) for each in p]
    other = finding(family=("other",), p=0.04, n=7)
    *six, alone = correct([*family, other])
    assert [found.holm for found in six] == pytest.approx([0.006, 0.1, 0.1, 1, 1, 1])
    assert {found.outcome for found in six} == {"few"}
    assert six[0].more["needs"] == 8
    assert alone.holm == 0.04
    assert alone.outcome == "for"


def test_a_one_sided_family_needs_fewer_people(finding):
    one_sided = [finding(family=("both",), p=1 / 64, n=6, sides=1) for _ in range(2)]
    two_sided = [replace(each, sides=2) for each in one_sided]
    assert {found.outcome for found in correct(one_sided)} == {"for"}
    assert {found.outcome for found in correct(two_sided)} == {"few"}


def test_an_outcome_that_rests_on_the_margin_names_it(finding):
    small = decide(finding(**SMALL, little=0.01))
    assert ledger_text.outcome_text(small) == "against: below 0.5, p .0100"
    assert "below 0.5" in ledger_text.finding_line(small)
    beyond = decide(finding(expected=0, p=0.9))
    assert ledger_text.outcome_text(beyond) == "against: beyond ±0.5"


def test_a_test_without_rows_still_counts_in_its_family(finding):
    missing = placeholder(Superior("SW-n-2", "BaseLine", "D_I"))
    found, _ = correct([finding(family=("shaping", "v3", "D_I"), p=0.03), missing])
    assert found.holm == 0.06
    assert found.outcome == "open"
