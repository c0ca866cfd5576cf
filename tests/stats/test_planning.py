"""Planned studies: components by hand and simulated, and effects found as often as planned."""

import numpy as np
import pytest

from perso.stats.cohorts import mean_over_people
from perso.stats.paired import detectable_effect
from perso.stats.planning import (
    Components,
    detectable,
    detectable_with,
    difference_components,
    expected_error,
    people_for_effect,
)

USUAL = Components(cohort=0.04, common=0.01, person=1.0, residual=0.6)
ALIKE = Components(cohort=0.0, common=0.0, person=1.0, residual=0.6)
SIZES = dict(people=45, cohorts=4)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def study(
    draw: np.random.Generator, truth: Components, people: int, cohorts: int, repeats: int, mean=0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Differences, cohorts and people of a simulated study, [cohorts × people × repeats] each."""
    cohort, person, _ = np.indices((cohorts, people, repeats)).reshape(3, -1)
    person = cohort * people + person
    d = draw.normal(0, np.sqrt(truth.cohort + truth.common), cohorts)[cohort]
    d += draw.normal(mean, np.sqrt(truth.person), cohorts * people)[person]
    return d + draw.normal(0, np.sqrt(truth.residual), len(d)), cohort, person


# components


def test_components_by_hand():
    """Means of people 1, 3 and 5, 7, of cohorts 2 and 6; two repeats that differ by 2."""
    d = np.array([0, 2, 2, 4, 4, 6, 6, 8.0])
    found = difference_components(d, np.repeat([0, 1], 4), np.repeat(list("abcd"), 2), common=0.5)
    assert found.residual == pytest.approx(2)
    assert found.person == pytest.approx(2 - 2 / 2)
    assert found.cohort == pytest.approx(8 - (2 / 2 + 0.5)) and found.common == 0.5


def test_every_person_counts_the_same_in_cohorts_of_unequal_size():
    """Cohorts of variance 2 and 4 with 2 and 3 people, and one person alone."""
    found = difference_components(np.array([1, 3, 5, 7, 9, 0.0]), np.array(list("xxyyyz")))
    assert found.person == pytest.approx((2 + 2 * 4) / 3)
    noise = (2 / 2 + 4 / 3 + 10 / 3) / 3
    assert found.cohort == pytest.approx(np.var([2, 7, 0], ddof=1) - noise)


def test_one_repeat_leaves_its_noise_in_the_person():
    found = difference_components(np.array([1, 3, 5, 7.0]), np.array(["x", "x", "y", "y"]))
    assert (found.person, found.residual, found.cohort) == (2, 0, 8 - 1)


def test_components_are_those_of_the_simulated_people():
    found = [
        difference_components(*study(draw, USUAL, 60, 12, 3), common=0.01)
        for draw in map(rng, range(200))
    ]
    for name, wanted in (("cohort", 0.04), ("person", 1.0), ("residual", 0.6)):
        mean = np.mean([getattr(each, name) for each in found])
        assert mean == pytest.approx(wanted, rel=0.2), name


def test_unequal_repeats_and_cohorts_and_nan():
    d, cohort, person = study(rng(), USUAL, 400, 2, 4)
    # half of the people have one repeat, the second cohort fewer people
    drop = ((person % 2 == 0) & (np.arange(len(d)) % 4 > 0)) | (person > 700)
    found = difference_components(d[~drop], cohort[~drop], person[~drop])
    assert found == difference_components(np.where(drop, np.nan, d), cohort, person)
    assert (found.person, found.residual) == pytest.approx((1.0, 0.6), rel=0.1)


def test_negative_components_are_zero():
    found = difference_components(np.array([0, 2, 0, 2.0]), np.array([0, 0, 1, 1]))
    assert found.cohort == 0
    found = difference_components(np.array([0, 4, 0, 4.0]), np.zeros(4), np.array([0, 0, 1, 1]))
    assert (found.person, found.residual) == (0, 8)


@pytest.mark.filterwarnings("error")
def test_one_cohort_shows_nothing_of_cohorts_and_one_person_nothing_of_people():
    found = difference_components(np.array([0, 1, 2.0]), np.zeros(3))
    assert np.isnan(found.cohort) and found.person == 1
    found = difference_components(np.array([0, 1.0]), np.zeros(2), np.zeros(2))
    assert np.isnan([found.cohort, found.person]).all() and found.residual == 0.5
    assert np.isnan(detectable(found, **SIZES, drawn=True))
    assert people_for_effect(0.1, found, 4, drawn=True) is None


# planned studies


def test_the_error_is_that_of_the_rule():
    people = (1 + 0.6 / 3) / 45
    for cohorts, drawn, variance, df in (
        (4, True, (0.04 + 0.01 + people) / 4, 3),
        (4, False, (0.04 + 0.01 + people) / 4, 3),
        (2, True, (0.01 + people) / 2, 88),
        (1, False, 0.01 + people, 44),
    ):
        found = expected_error(USUAL, 45, cohorts, drawn=drawn, repeats=3)
        assert found == (pytest.approx(np.sqrt(variance)), df)
    assert expected_error(ALIKE, 45, 4, drawn=True)[1] == 3
    error, df = expected_error(ALIKE, 45, 4, drawn=False)
    assert error == pytest.approx(np.sqrt(1.6 / 180)) and df == 176


@pytest.mark.parametrize("cohorts", [1, 2, 4])
@pytest.mark.parametrize("common", [0.0, 0.05, 5.0])
def test_a_plan_of_a_studys_own_size_has_the_error_of_its_interval(cohorts, common):
    for draw in map(rng, range(20)):
        d, cohort, _ = study(draw, USUAL, 30, cohorts, 1)
        found = difference_components(d, cohort, common=common)
        mean = mean_over_people(d, cohort, drawn=False, common=common)
        planned = expected_error(found, 30, cohorts, drawn=False)
        assert planned == pytest.approx((mean.error, mean.df))
        here = detectable_with(mean.error, mean.df)
        assert detectable(found, 30, cohorts, drawn=False) == pytest.approx(here)


@pytest.mark.parametrize("n", [4, 14, 45])
def test_one_cohort_is_planned_as_by_the_paired_t_test(n):
    found = detectable(ALIKE, n, 1, drawn=False, power=0.9, alpha=0.01)
    assert found == pytest.approx(detectable_effect(np.sqrt(1.6), n, power=0.9, alpha=0.01))


@pytest.mark.parametrize(
    ("truth", "cohorts", "drawn"),
    [(USUAL, 4, True), (USUAL, 3, True), (ALIKE, 4, True), (ALIKE, 2, False)],
)
def test_a_detectable_effect_is_found_in_four_of_five_studies(truth, cohorts, drawn):
    effect = detectable(truth, 12, cohorts, drawn=drawn, repeats=2)
    found = []
    for draw in map(rng, range(1000)):
        d, cohort, _ = study(draw, truth, 12, cohorts, 2, effect)
        d, cohort = d.reshape(-1, 2).mean(axis=1), cohort[::2]
        found.append(mean_over_people(d, cohort, drawn=drawn).p < 0.05)
    assert np.mean(found) == pytest.approx(0.8, abs=0.04)


def test_more_of_anything_finds_less():
    base = detectable(USUAL, 20, 4, drawn=True)
    for more in (dict(people=40), dict(cohorts=5), dict(repeats=2), dict(power=0.5)):
        sizes = dict(people=20, cohorts=4) | more
        assert detectable(USUAL, **sizes, drawn=True) < base


@pytest.mark.parametrize("drawn", [True, False])
@pytest.mark.parametrize("effect", [0.5, -0.9, 2.0])
def test_the_number_of_people_is_the_smallest_that_finds_the_effect(effect, drawn):
    people = people_for_effect(effect, USUAL, 4, drawn=drawn, repeats=2)
    assert detectable(USUAL, people, 4, drawn=drawn, repeats=2) <= abs(effect)
    assert people == 2 or detectable(USUAL, people - 1, 4, drawn=drawn, repeats=2) > abs(effect)


def test_what_cohorts_share_sets_a_limit_that_no_people_pass():
    # the error is at least √(.05 / 4), with three degrees of freedom
    assert people_for_effect(0.2, USUAL, 4, drawn=True) is None
    assert people_for_effect(0.2, USUAL, 40, drawn=True) is not None
    assert people_for_effect(0.2, ALIKE, 4, drawn=False) < 100


def test_without_spread_nothing_is_detectable():
    assert np.isnan(detectable(Components(0, 0, 0, 0), **SIZES, drawn=True))
