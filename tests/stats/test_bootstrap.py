"""People drawn anew: textbook numbers, loops that do the same slowly, and truths that hold for any people."""

import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats

from perso.stats import bootstrap, dispersion, paired, permutation
from perso.stats.bootstrap import (
    Interval,
    bootstrap_mean,
    bootstrap_statistic,
    hierarchical_bootstrap,
    spearman,
)
from perso.stats.dispersion import log_sd_ratio
from perso.stats.paired import bayesian_signed_rank
from perso.stats.permutation import sign_flip

SLEEP = np.array(
    [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
)  # Student 1908: hours more by the second drug
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


# sign-flip


def test_sign_flip_of_students_sleep_data():
    """Nine of ten gain and one is equal: of 2⁹ signs only these and their opposites reach as much."""
    assert sign_flip(SLEEP, rng()) == 2 / 2**9 == 0.00390625


@SEEDS
def test_sign_flip_counts_all_signs(seed):
    d = rng(seed).normal(0.4, 1, 9)
    means = [abs(np.mean(np.array(signs) * d)) for signs in itertools.product((-1, 1), repeat=9)]
    assert sign_flip(d, rng()) == pytest.approx(np.mean(np.array(means) >= abs(d.mean()) - 1e-12))


@SEEDS
def test_the_order_of_people_and_the_generator_are_nothing_where_sign_flip_is_exact(seed):
    d = rng(seed).normal(0.3, 1, 14)
    assert (
        sign_flip(rng(seed).permutation(d), rng(1)) == sign_flip(d, rng(2)) == sign_flip(-d, rng(3))
    )


def test_sign_flip_beyond_14_people_is_near_the_t_test():
    d = rng(1).normal(0.4, 1, 40)
    assert sign_flip(d, rng()) == pytest.approx(scipy_stats.ttest_1samp(d, 0).pvalue, abs=0.01)


def test_hits_that_tie_but_for_rounding_tie():
    """.3 − .2 and .1 are one difference: five for and one against, of 64 signs 14 reach as much."""
    shares = np.array([0.3 - 0.2, 0.1, 0.8 - 0.7, -0.1, 0.4 - 0.3, 0.1])
    assert (
        sign_flip(shares, rng())
        == sign_flip(np.array([1, 1, 1, -1, 1, 1]), rng())
        == pytest.approx(14 / 64)
    )


@pytest.mark.parametrize(("tests", "least"), [(1, 6), (2, 7), (6, 8)])
def test_fewer_people_cannot_reach_5_percent_by_flipping_signs(tests, least):
    assert permutation.fewest_people(tests) == least
    smallest = {n: tests * sign_flip(np.arange(1.0, n + 1), rng()) for n in (least - 1, least)}
    assert smallest[least] < 0.05 <= smallest[least - 1]


# intervals


@SEEDS
class TestWhateverThePeople:
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


def test_the_bootstraps_p_is_never_nought_and_never_above_1():
    assert 0 < bootstrap_statistic(lambda index: 1.0, 9, rng(), draws=99)[1] < 0.1
    assert bootstrap_statistic(lambda index: 0.0, 9, rng(), draws=99)[1] == 1


# settings within people


def test_settings_that_are_alike_correlate_by_chance_and_that_is_known():
    """Mean and sd of nearly perfect scores: unlucky people lower the one and raise the other."""
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


def test_dealing_by_a_loop_gives_the_same_p():
    own, others = rng(7).normal(size=(2, 6, 4))
    seen = abs(np.corrcoef(own.mean(0), others.mean(0))[0, 1])
    draw, found = rng(8), []
    for _ in range(2000):
        order = [draw.permutation(4) for _ in range(6)]
        both = [
            np.array([line[o] for line, o in zip(table, order, strict=True)]).mean(0)
            for table in (own, others)
        ]
        found.append(abs(np.corrcoef(*both)[0, 1]) >= seen)

    def pearson(*tables):
        return np.corrcoef(*(table.mean(0) for table in tables))[0, 1]

    assert permutation.permute_within_person(pearson, (own, others), rng(), 1999) == pytest.approx(
        np.mean(found), abs=0.04
    )


def test_people_vary_less_by_one_of_two_and_swapping_them_changes_nothing():
    luck = rng(0).normal(0, 0.1, 30)
    even = luck / 4 + rng(1).normal(0, 0.01, 30)
    assert (
        dispersion.brown_forsythe(luck, even, rng())
        == dispersion.brown_forsythe(even, luck, rng())
        < 0.001
    )
    assert dispersion.brown_forsythe(luck, luck + 0.3, rng()) == 1  # another mean, the same spread
    assert np.isnan(dispersion.brown_forsythe(luck[:1], even[:1], rng()))


def test_draws_without_a_value_are_left_out_and_too_many_of_them_leave_no_interval():
    """Anne, person 0, is missing in a third of draws of people; she and another in more than half."""
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


def test_the_ratio_of_sds_is_known_where_one_is_a_multiple_of_the_other():
    values = rng(4).normal(size=15)
    there, p = log_sd_ratio(3 * values, values, rng())
    assert ends(there) == pytest.approx([np.log(3)] * 3) and p < 0.05
    back, _ = log_sd_ratio(values, 3 * values, rng())
    assert ends(back) == pytest.approx([-np.log(3)] * 3)


# Bayesian signed-rank


@SEEDS
def test_signed_rank_is_that_of_loops(seed):
    """Benavoli et al. 2017, eq. 10 and 11, spelled out: all pairs, those with the pseudo-difference included."""
    d, rope, most = rng(seed).normal(0.3, 1, 7), 0.4, [0, 0, 0]
    z = [0.0, *d]
    for weights in rng(seed + 50).dirichlet([0.5] + [1] * 7, size=200):
        share = [0.0, 0.0, 0.0]
        for (i, one), (j, other) in itertools.product(enumerate(z), repeat=2):
            mean = (one + other) / 2
            share[0 if mean < -rope else 2 if mean > rope else 1] += weights[i] * weights[j]
        most[share.index(max(share))] += 1
    found = bayesian_signed_rank(d, rope, rng(seed + 50), draws=200)
    assert (found.worse, found.equal, found.better) == pytest.approx(
        [count / 200 for count in most]
    )


@SEEDS
def test_beliefs_add_up_to_1_and_are_mirrored_when_sides_are_swapped(seed):
    d = rng(seed).normal(0.2, 1, 11)
    there, back = bayesian_signed_rank(d, 0.3, rng()), bayesian_signed_rank(-d, 0.3, rng())
    assert there.worse + there.equal + there.better == pytest.approx(1)
    assert (back.worse, back.equal, back.better) == (there.better, there.equal, there.worse)


def test_differences_within_the_rope_are_equal_and_large_ones_are_not():
    small = rng(1).uniform(-0.004, 0.004, 14)
    assert bayesian_signed_rank(small, 0.005, rng()) == paired.Belief(0, 1, 0)
    assert bayesian_signed_rank(np.abs(small) + 0.05, 0.005, rng()).better > 0.99


# what is degenerate


@pytest.mark.filterwarnings("error")
class TestDegenerate:
    def test_one_person(self):
        assert np.isnan(sign_flip([0.3], rng())) and np.isnan(
            bayesian_signed_rank([0.3], 0.1, rng()).equal
        )
        for found in (
            hierarchical_bootstrap([np.array([[1.0, 3], [2, 3]])], rng()),
            bootstrap_mean(np.array([0.5]), rng()),
        ):
            assert found.value == 0.5 and np.isnan([found.low, found.high]).all()
        found, p = log_sd_ratio(np.array([0.5]), np.array([0.4]), rng())
        assert np.isnan([*ends(found), p]).all()

    def test_nobody(self):
        assert np.isnan(sign_flip([], rng())) and np.isnan(
            bayesian_signed_rank([], 0.1, rng()).better
        )
        for found in (hierarchical_bootstrap([], rng()), bootstrap_mean(np.array([]), rng())):
            assert np.isnan(ends(found)).all()

    def test_equal_scores(self):
        assert sign_flip(np.zeros(8), rng()) == 1
        assert all(
            np.isnan(bayesian_signed_rank(np.full(8, d), 0.005, rng()).equal)
            for d in (0.0, 0.001, 0.1)
        )
        alike = np.tile([0.7, 0.8, 0.9], (8, 1))  # settings differ, people do not
        found, p = bootstrap.spearman_over_settings(
            lambda a, b: (a.mean(axis=0), b.mean(axis=0)), (alike, alike), rng()
        )
        assert found.value == 1 and np.isnan([found.low, found.high, p]).all()
        found, p = bootstrap_statistic(lambda index: np.zeros(8)[index].mean(), 8, rng())
        assert ends(found) == (0, 0, 0) and p == 1
        found, p = log_sd_ratio(np.full(8, 0.9), np.linspace(0.8, 0.9, 8), rng())
        assert np.isnan([*ends(found), p]).all()

    def test_all_correct(self):
        """Nobody and no digit differs: an interval of no width, at 0."""
        persons = [np.stack([np.zeros(k), np.full(k, 3.0)], axis=1) for k in (9, 9, 10, 11, 9, 12)]
        assert ends(hierarchical_bootstrap(persons, rng())) == (0, 0, 0)

    def test_people_alike_whose_digits_differ_have_an_interval(self):
        persons = [np.array([[1.0, 3], [-1, 3], [0, 3], [2, 3]])] * 8
        found = hierarchical_bootstrap(persons, rng())
        assert found.value == pytest.approx(1 / 6) and found.low < found.value < found.high

    def test_one_who_differs_among_equals_has_finite_ends(self):
        persons = [np.array([[0.0, 3], [0, 3]])] * 7 + [np.array([[1.0, 3], [1, 3]])]
        found = hierarchical_bootstrap(persons, rng())
        assert np.isfinite(ends(found)).all() and found.low <= found.value <= found.high

    def test_a_missing_row(self):
        """nan is nobody to a test; an interval of people of whom one is unknown is unknown."""
        holes = np.insert(SLEEP, [0, 4], np.nan)
        assert sign_flip(holes, rng()) == sign_flip(SLEEP, rng())
        assert bayesian_signed_rank(holes, 0.5, rng(1)) == bayesian_signed_rank(SLEEP, 0.5, rng(1))
        assert np.isnan(ends(bootstrap_mean(holes, rng()))).all()

    def test_unequal_numbers_of_digits(self):
        """One of 2 digits and one of 40: people weigh alike, and the interval holds their plain mean."""
        persons = [np.array([[3.0, 3], [0, 3]]), *people(1, 8), np.ones((40, 2))]
        found = hierarchical_bootstrap(persons, rng())
        assert found.value == pytest.approx(
            np.mean([bootstrap.person_mean(each) for each in persons])
        )
        assert found.low < found.value < found.high

    @pytest.mark.parametrize("n", range(2, bootstrap.MIN_PEOPLE))
    def test_fewer_than_the_least_people(self, n):
        values = np.linspace(0.1, 0.2, n)
        assert sign_flip(values, rng()) > 0.05
        any_other, p = bootstrap_statistic(lambda index: values[index].mean(), n, rng())
        for found in (
            hierarchical_bootstrap(people(0, n), rng()),
            bootstrap_mean(values, rng()),
            any_other,
            log_sd_ratio(values, 2 * values, rng())[0],
        ):
            assert np.isfinite(found.value) and np.isnan([found.low, found.high]).all()
        assert np.isnan(p)
