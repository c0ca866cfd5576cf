"""Ceiling or equalising: the between-person SD on three scales."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import dispersion_scales


def accuracies(logits: np.ndarray, digits: int = 100) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accuracies of people on so many test digits, and their sampling variances.

    logits   of the true accuracy, [n people, 2]: of the method and of the baseline
    """
    people = pd.DataFrame(
        np.random.default_rng(1).binomial(digits, 1 / (1 + np.exp(-logits))) / digits,
        columns=["SW-n-2", "BaseLine"],
    )
    return people, people * (1 - people) / (digits - 1)


@pytest.mark.parametrize(
    ("rise", "factor", "reading"),
    [
        (2.0, 1.0, "equalising not shown"),  # all people rise alike in logits: a ceiling
        (1.0, 0.3, "equalising"),
        (0.0, 2.0, "widening"),
        (0.0, 1.0, "no change shown"),
    ],
)
def test_ceiling_or_equalising(rise, factor, reading):
    rng = np.random.default_rng(0)
    person = rng.normal(0, 0.6, 400)
    base = 1.5 + person
    method = 1.5 + rise + factor * person
    people, variances = accuracies(np.column_stack([method, base]))
    cohort = pd.Series(np.arange(400) % 4, people.index)
    scales = dispersion_scales.dispersion_on_scales(people, variances, cohort, "SW-n-2", rng)
    assert dispersion_scales.reading(scales) == reading
    assert scales.loc["logit", "base"] == pytest.approx(0.6, abs=0.06)
    assert scales.loc["logit", "method"] == pytest.approx(0.6 * factor, abs=0.15)
    assert (scales["change"] == scales["method"] - scales["base"]).all()


DOWN, UP, OPEN = (-0.8, -0.1), (0.1, 0.8), (-0.3, 0.3)


@pytest.mark.parametrize(
    ("intervals", "reading", "shrinks_on"),
    [
        ((DOWN, DOWN, DOWN), "equalising", ["relative error", "logit"]),
        ((DOWN, OPEN, DOWN), "equalising on one of two scales", ["logit"]),
        ((DOWN, DOWN, OPEN), "equalising on one of two scales", ["relative error"]),
        ((DOWN, OPEN, OPEN), "equalising not shown", []),
        ((DOWN, UP, UP), "equalising not shown", []),
        ((UP, UP, UP), "widening", []),
        ((UP, UP, OPEN), "widening on one of two scales", []),
        ((UP, OPEN, OPEN), "widening not shown", []),
        ((OPEN, DOWN, DOWN), "no change shown", ["relative error", "logit"]),
    ],
)
def test_a_reading_follows_the_intervals(intervals, reading, shrinks_on):
    lines = list(dispersion_scales.SCALES)
    scales = pd.DataFrame(intervals, lines, ["low", "high"])
    assert dispersion_scales.reading(scales) == reading
    assert dispersion_scales.shrinking(scales) == shrinks_on


def test_the_sd_of_logits_from_moments():
    """That of a normal distribution of logits whose moments are known by simulation."""
    draws = np.random.default_rng(0).normal(0, 1, 400_000)
    for centre, sd in [(0, 0.5), (2, 1), (4, 0.7), (-1, 1.5)]:
        p = 1 / (1 + np.exp(-centre - sd * draws))
        assert dispersion_scales.logit_sd(p.mean(), p.var()) == pytest.approx(sd, rel=0.02)
    assert dispersion_scales.logit_sd(0.9, 0.0) == 0
    assert dispersion_scales.logit_sd(1.0, 0.0) == 0
    assert dispersion_scales.relative_sd(0.9, 0.01) == pytest.approx(1)
    assert np.isnan(dispersion_scales.relative_sd(1.0, 0.0))


def test_dispersion_on_scales_of_people_who_do_not_differ():
    people = pd.DataFrame(0.9, range(10), ["SW-n-2", "BaseLine"])
    cohort = pd.Series(0, people.index)
    rng = np.random.default_rng(0)
    scales = dispersion_scales.dispersion_on_scales(people, 0 * people, cohort, "SW-n-2", rng)
    assert (scales["change"] == 0).all()
    assert scales["low"].isna().all()
    assert dispersion_scales.reading(scales) == "no change shown"
