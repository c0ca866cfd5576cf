"""Statistics with intervals by resampling people within cohorts."""

import numpy as np
import pytest

from perso.stats.resampling import Drawn, Statistic, estimate, in_cohorts, jackknife_error


def mean_of(values: np.ndarray) -> Statistic:
    """The mean of cohorts' means as a statistic of people."""
    return Statistic(lambda people: people.mean(values[:, None])[..., 0], lambda means: means)


def test_numbers_of_drawn_people():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(9, 2))
    people = Drawn(np.array([1, 4, 8]), rng.integers(3, size=(5, 3)))
    drawn = people.values(values)
    assert drawn.shape == (5, 3, 2)
    assert people.mean(values) == pytest.approx(drawn.mean(axis=1))
    assert people.variance(values) == pytest.approx(drawn.var(axis=1, ddof=1))
    assert np.isnan(Drawn(np.array([1]), np.array([0])).variance(values)).all()


def test_the_interval_of_a_mean_is_students():
    """Of a mean in one cohort both are known: Student's interval of 40 people."""
    values = np.random.default_rng(0).normal(0.3, 1, 40)
    found = estimate(mean_of(values), np.zeros(40), np.random.default_rng(1), draws=8000)
    error = values.std(ddof=1) / np.sqrt(40)
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 2.023 * error, rel=0.08)
    assert found.bounds[1] - found.bounds[0] == pytest.approx(2 * 1.685 * error, rel=0.08)
    assert found.error == pytest.approx(error, rel=0.1)
    assert (found.n, found.cohorts) == (40, 1)


def test_what_a_cohort_shares_counts_from_three_cohorts_on():
    rng = np.random.default_rng(0)
    cohort = np.repeat(np.arange(4), 20)
    values = np.array([-1.0, -0.5, 0.5, 1.0])[cohort] + rng.normal(0, 0.1, 80)
    found = estimate(mean_of(values), cohort, rng)
    assert found.high - found.low > 2.5  # Student's t of four means
    assert found.p > 0.5
    two = cohort < 2
    within = estimate(mean_of(values[two]), cohort[two], rng)
    assert within.high - within.low < 0.1


def test_the_jackknife_error_of_a_mean_of_cohorts():
    values = np.array([1.0, 2.0, 6.0])
    assert jackknife_error(mean_of(values), in_cohorts(np.arange(3))) == pytest.approx(
        values.std(ddof=1) / np.sqrt(3)
    )


@pytest.mark.parametrize(
    "values", [np.ones(20), np.array([1.0, 2.0]), np.full(20, np.nan), np.array([])]
)
def test_without_spread_or_people_there_is_no_interval(values):
    found = estimate(mean_of(values), np.zeros(len(values)), np.random.default_rng(0))
    assert np.isnan([found.low, found.high, *found.bounds, found.p, found.error]).all()


def test_people_stay_in_their_cohorts():
    cohort = np.array(["b", "a", "b", "a", "a", "b"])
    seen = []

    def of_cohort(people: Drawn) -> np.ndarray:
        seen.append(people.cohort[people.picked])
        return people.picked.mean(axis=-1)

    estimate(Statistic(of_cohort, np.asarray), cohort, np.random.default_rng(0), draws=20)
    assert {label for group in seen[::2] for label in cohort[group].ravel()} == {"a"}
    assert {label for group in seen[1::2] for label in cohort[group].ravel()} == {"b"}
