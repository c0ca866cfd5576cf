"""The bootstrap against textbook numbers, plain loops, and properties that hold for any people."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from perso.stats import bootstrap
from perso.stats.bootstrap import (
    Interval,
    bootstrap_mean,
    bootstrap_statistic,
    hierarchical_bootstrap,
    spearman,
)

SEEDS = pytest.mark.parametrize("seed", range(6))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def people(seed: int, n: int = 12) -> list[np.ndarray]:
    """Differences of hits by original digit and their numbers, [k, 2] per person, of unequal k."""
    draw = rng(seed)
    return [
        np.stack([draw.integers(-2, 4, k), np.full(k, 3)], axis=1).astype(float)
        for k in draw.integers(8, 15, n)
    ]


def ends(interval: Interval) -> tuple[float, float, float]:
    return interval.value, interval.low, interval.high


# intervals


@SEEDS
class TestForAnyPeople:
    def test_the_interval_holds_the_estimate(self, seed):
        found = hierarchical_bootstrap(people(seed), rng())
        assert found.value == pytest.approx(
            np.mean([each[:, 0].sum() / each[:, 1].sum() for each in people(seed)])
        )
        assert found.low < found.value < found.high

    def test_swapping_the_methods_flips_the_sign(self, seed):
        there = hierarchical_bootstrap(people(seed), rng())
        back = hierarchical_bootstrap([each * [-1, 1] for each in people(seed)], rng())
        assert ends(back) == pytest.approx((-there.value, -there.high, -there.low))

    def test_the_same_generator_gives_the_same_interval(self, seed):
        assert hierarchical_bootstrap(people(seed), rng(3)) == hierarchical_bootstrap(
            people(seed), rng(3)
        )

    def test_one_digit_each_leaves_people_alone(self, seed):
        values = rng(seed).normal(size=12)
        within = hierarchical_bootstrap(
            [np.array([[value, 1.0]]) for value in values], rng(1), draws=20_000
        )
        alone = bootstrap_mean(values, rng(2), draws=20_000)
        assert ends(within) == pytest.approx(ends(alone), abs=0.06 * (alone.high - alone.low))

    def test_a_wider_level_is_a_wider_interval(self, seed):
        usual, wide = (
            hierarchical_bootstrap(people(seed), rng(), level=level) for level in (0.95, 0.99)
        )
        assert wide.low < usual.low and usual.high < wide.high

    def test_of_normal_people_it_is_nearly_students(self, seed):
        values = rng(seed).normal(size=40)
        student = scipy_stats.ttest_1samp(values, 0).confidence_interval()
        assert ends(bootstrap_mean(values, rng()))[1:] == pytest.approx(student, abs=0.12)


def test_a_loop_draws_the_same_kind_of_interval():
    """People, then each one's digits, measured by the drawn people's own standard error."""
    persons, draw, t = people(3, 10), rng(5), []
    values = np.array([bootstrap.person_mean(each) for each in persons])
    error = values.std(ddof=1) / np.sqrt(10)
    for _ in range(4000):
        chosen = [persons[place] for place in draw.integers(10, size=10)]
        again = np.array(
            [
                bootstrap.person_mean(each[draw.integers(len(each), size=len(each))])
                for each in chosen
            ]
        )
        t.append(abs(again.mean() - values.mean()) / (again.std(ddof=1) / np.sqrt(10)))
    low, high = values.mean() + error * np.quantile(t, 0.95) * np.array([-1, 1])
    assert ends(hierarchical_bootstrap(persons, rng(6), 20_000))[1:] == pytest.approx(
        (low, high), abs=0.1 * (high - low)
    )


def test_a_persons_digits_count_by_their_images():
    """Unequal numbers: 3 of 3 and 0 of 1 images are three quarters, not one half."""
    assert bootstrap.person_mean([[3, 3], [0, 1]]) == 0.75
    table = bootstrap.sums_by_item(np.array([1.0, 0, 1, 1]), np.array([7, 7, 2, 7]))
    np.testing.assert_array_equal(table, [[1, 1], [2, 3]])  # digits 2 and 7: sum, number


# any statistic of people


def test_over_people_of_a_mean_is_nearly_students_interval():
    """Percentiles are expanded as Student's t is against the normal."""
    values = rng(2).normal(0.5, 1, 20)
    found, p = bootstrap_statistic(lambda index: values[index].mean(), 20, rng(), draws=8000)
    student = scipy_stats.ttest_1samp(values, 0)
    assert ends(found) == pytest.approx((values.mean(), *student.confidence_interval()), abs=0.04)
    assert p == pytest.approx(student.pvalue, abs=0.02)


def test_the_bootstraps_p_is_above_0_and_at_most_1():
    assert 0 < bootstrap_statistic(lambda index: 1.0, 9, rng(), draws=99)[1] < 0.1
    assert bootstrap_statistic(lambda index: 0.0, 9, rng(), draws=99)[1] == 1


# settings within people


def test_equal_settings_whose_noise_correlates_are_not_significant():
    """Mean and SD near the ceiling: sampling noise lowers the one and raises the other."""
    scores = rng(3).binomial(30, 0.97, (14, 7)) / 30

    def sides(table):
        return table.mean(axis=0), table.std(axis=0, ddof=1)

    seen, p = bootstrap.spearman_over_settings(sides, (scores,), rng(1), 400, 199, same=True)
    alone = bootstrap_statistic(
        lambda index: bootstrap.spearman(*sides(scores[index])), 14, rng(1), draws=400
    )[1]
    assert seen.value < -0.5 and p > 0.05 and p >= alone


def test_settings_that_truly_go_together_are_found():
    steps = np.arange(7) / 30
    own, others = (0.5 + steps + rng(seed).normal(0, 0.02, (14, 7)) for seed in (4, 5))
    seen, p = bootstrap.spearman_over_settings(
        lambda *t: tuple(each.mean(axis=0) for each in t), (own, others), rng(), 400
    )
    assert seen.value > 0.9 and seen.low > 0.5 and p < 0.02


def test_draws_where_the_statistic_is_nan_are_left_out_and_too_many_leave_no_interval():
    """Person 0 is missing in a third of the draws; one of persons 0 to 2 in more than half."""
    values = rng(1).normal(3, 1, 8)
    some = bootstrap_statistic(
        lambda index: values[index].mean() if 0 in index else np.nan, 8, rng()
    )
    assert some[0].low < some[0].value < some[0].high and some[1] < 0.05
    none = bootstrap_statistic(
        lambda index: values[index].mean() if {0, 1, 2} <= set(index) else np.nan, 8, rng()
    )
    assert (
        none[0].value == pytest.approx(values.mean())
        and np.isnan([none[0].low, none[0].high, none[1]]).all()
    )


@SEEDS
def test_rho_is_spearmans_with_ties(seed):
    a, b = rng(seed).integers(0, 5, (2, 9)) / 10
    assert spearman(a, b) == pytest.approx(scipy_stats.spearmanr(a, b).statistic)
    assert spearman(a + rng(seed).normal(0, 1e-15, 9), b) == spearman(a, b)  # ties but for rounding


@pytest.mark.parametrize(
    ("a", "b"), [([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [2, 2, 2])]
)
def test_rho_needs_three_and_what_varies(a, b):
    assert np.isnan(spearman(np.array(a, float), np.array(b, float)))


# degenerate cases


@pytest.mark.filterwarnings("error")
class TestDegenerate:
    def test_one_person(self):
        for found in (
            hierarchical_bootstrap([np.array([[1.0, 3], [2, 3]])], rng()),
            bootstrap_mean(np.array([0.5]), rng()),
        ):
            assert found.value == 0.5 and np.isnan([found.low, found.high]).all()

    def test_nobody(self):
        for found in (hierarchical_bootstrap([], rng()), bootstrap_mean(np.array([]), rng())):
            assert np.isnan(ends(found)).all()

    def test_equal_scores(self):
        alike = np.tile([0.7, 0.8, 0.9], (8, 1))  # settings differ, people do not
        found, p = bootstrap.spearman_over_settings(
            lambda a, b: (a.mean(axis=0), b.mean(axis=0)), (alike, alike), rng()
        )
        assert found.value == 1 and np.isnan([found.low, found.high, p]).all()
        found, p = bootstrap_statistic(lambda index: np.zeros(8)[index].mean(), 8, rng())
        assert ends(found) == (0, 0, 0) and p == 1

    def test_all_correct(self):
        """Nobody and no digit differs: an interval of no width, at 0."""
        persons = [np.stack([np.zeros(k), np.full(k, 3.0)], axis=1) for k in (9, 9, 10, 11, 9, 12)]
        assert ends(hierarchical_bootstrap(persons, rng())) == (0, 0, 0)

    def test_equal_people_whose_digits_differ_have_an_interval(self):
        persons = [np.array([[1.0, 3], [-1, 3], [0, 3], [2, 3]])] * 8
        found = hierarchical_bootstrap(persons, rng())
        assert found.value == pytest.approx(1 / 6) and found.low < found.value < found.high

    def test_one_person_who_differs_gives_finite_ends(self):
        persons = [np.array([[0.0, 3], [0, 3]])] * 7 + [np.array([[1.0, 3], [1, 3]])]
        found = hierarchical_bootstrap(persons, rng())
        assert np.isfinite(ends(found)).all() and found.low <= found.value <= found.high

    def test_a_missing_row(self):
        """Where one person's value is unknown, mean and interval are unknown."""
        holes = np.insert(np.linspace(0.1, 0.2, 10), [0, 4], np.nan)
        assert np.isnan(ends(bootstrap_mean(holes, rng()))).all()

    def test_unequal_numbers_of_digits(self):
        """One of 2 digits, one of 40: both have the same weight in the mean."""
        persons = [np.array([[3.0, 3], [0, 3]]), *people(1, 8), np.ones((40, 2))]
        found = hierarchical_bootstrap(persons, rng())
        assert found.value == pytest.approx(
            np.mean([bootstrap.person_mean(each) for each in persons])
        )
        assert found.low < found.value < found.high

    @pytest.mark.parametrize("n", range(2, bootstrap.MIN_PEOPLE))
    def test_too_few_people_have_no_interval(self, n):
        values = np.linspace(0.1, 0.2, n)
        any_other, p = bootstrap_statistic(lambda index: values[index].mean(), n, rng())
        for found in (
            hierarchical_bootstrap(people(0, n), rng()),
            bootstrap_mean(values, rng()),
            any_other,
        ):
            assert np.isfinite(found.value) and np.isnan([found.low, found.high]).all()
        assert np.isnan(p)
