"""Paired statistics against textbooks, and properties that hold for any numbers."""

import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests

from perso.stats.paired import (
    Belief,
    bayesian_signed_rank,
    d_z,
    detectable_effect,
    holm,
    non_inferiority,
    page_trend,
    paired_change,
    tost,
    wilcoxon,
)

# Student 1908: hours of sleep gained
DRUG_1 = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
DRUG_2 = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
SLEEP = DRUG_2 - DRUG_1
SEEDS = pytest.mark.parametrize("seed", range(6))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def draws(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(rng.normal(), rng.uniform(0.1, 3), rng.integers(2, 30))


def test_students_sleep_data():
    """R: t.test(extra ~ group, data = sleep, paired = TRUE).

    t = 4.0621, df = 9, p = 0.002833, interval 0.7001 to 2.4599.
    """
    found = paired_change(SLEEP)
    assert (found.mean, found.low, found.high) == pytest.approx(
        (1.58, 0.7001142, 2.4598858), abs=1e-7
    )
    assert found.p == pytest.approx(0.00283289, abs=1e-8) and found.n == 10
    error = (found.high - found.low) / 2 / 2.262157  # Student's t at .975 for 9 degrees of freedom
    assert found.mean / error == pytest.approx(4.062128, abs=1e-5)


def test_another_level_moves_the_interval_and_nothing_else():
    usual, wide = paired_change(SLEEP), paired_change(SLEEP, level=0.99)
    reach = 1.58 / 4.062128 * 3.249836  # t at .995
    assert (wide.low, wide.high) == pytest.approx((1.58 - reach, 1.58 + reach), abs=1e-5)
    assert (wide.mean, wide.p, wide.n) == (usual.mean, usual.p, usual.n)


@pytest.mark.parametrize("seed", range(8))
class TestForAnyNumbers:
    def test_the_interval_holds_the_mean(self, seed):
        found = paired_change(draws(seed))
        assert found.low < found.mean < found.high

    def test_swapping_the_methods_flips_the_sign_and_leaves_p(self, seed):
        there, back = paired_change(draws(seed)), paired_change(-draws(seed))
        assert (back.mean, back.low, back.high) == pytest.approx(
            (-there.mean, -there.high, -there.low)
        )
        assert back.p == pytest.approx(there.p)

    def test_the_interval_leaves_out_zero_just_when_p_is_below_5_percent(self, seed):
        found = paired_change(draws(seed))
        assert (found.low > 0 or found.high < 0) == (found.p < 0.05)

    def test_the_order_of_people_does_not_matter(self, seed):
        there, back = paired_change(draws(seed)), paired_change(draws(seed)[::-1])
        assert (back.mean, back.low, back.high, back.p) == pytest.approx(
            (there.mean, there.low, there.high, there.p)
        )

    def test_nan_are_left_out(self, seed):
        holes = np.insert(draws(seed), [0, 2, 2], np.nan)
        assert paired_change(holes) == paired_change(draws(seed))

    def test_units_scale_the_change_and_leave_p(self, seed):
        share, points = paired_change(draws(seed)), paired_change(100 * draws(seed))
        assert (points.mean, points.low, points.high) == pytest.approx(
            (100 * share.mean, 100 * share.low, 100 * share.high)
        )
        assert points.p == pytest.approx(share.p)

    def test_a_mean_is_equivalent_just_when_its_90_percent_interval_lies_within_the_margins(
        self, seed
    ):
        found = tost(draws(seed), 1)
        reach = max(-found.low, found.high)
        for margin in (1, 0.99 * reach, 1.01 * reach):
            found = tost(draws(seed), margin)
            assert (
                found.equivalent
                == (-margin < found.low and found.high < margin)
                == (found.p < 0.05)
            )

    def test_a_larger_margin_makes_p_smaller_and_leaves_the_interval(self, seed):
        near, far = (tost(draws(seed), margin) for margin in (0.5, 0.6))
        assert far.p < near.p and (far.mean, far.low, far.high, far.n) == (
            near.mean,
            near.low,
            near.high,
            near.n,
        )

    def test_swapping_what_is_compared_changes_no_verdict(self, seed):
        there, back = tost(draws(seed), 1), tost(-draws(seed), 1)
        assert (back.mean, back.low, back.high) == pytest.approx(
            (-there.mean, -there.high, -there.low)
        )
        assert back.p == pytest.approx(there.p) and back.equivalent == there.equivalent

    def test_nan_are_left_out_of_an_equivalence(self, seed):
        assert tost(np.insert(draws(seed), [0, 2, 2], np.nan), 1) == tost(draws(seed), 1)


@pytest.mark.filterwarnings("error")
def test_one_person_has_a_change_but_no_interval():
    found = paired_change([0.25])
    assert (found.mean, found.n) == (0.25, 1)
    assert np.isnan([found.low, found.high, found.p]).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("nobody", [[], [np.nan], [np.nan, np.nan]])
def test_nobody_has_nothing_and_nothing_fails(nobody):
    found = paired_change(nobody)
    assert found.n == 0 and np.isnan([found.mean, found.low, found.high, found.p]).all()


def test_no_difference_at_all_is_no_evidence():
    found = paired_change(np.zeros(5))
    assert (found.mean, found.p) == (0, 1) and np.isnan([found.low, found.high]).all()


@pytest.mark.parametrize("value", [0.1, -0.25, 1 / 3, 0.7])  # 0.1 and 0.7 have a sum that rounds
@pytest.mark.parametrize("n", [2, 3, 7, 14])
def test_equal_differences_have_neither_interval_nor_p(value, n):
    found = paired_change(np.full(n, value))
    assert found.mean == pytest.approx(value)
    assert np.isnan([found.low, found.high, found.p]).all()


def test_equal_up_to_rounding_is_equal():
    found = paired_change(np.array([0.9, 0.8, 0.7, 0.3]) - np.array([0.8, 0.7, 0.6, 0.2]))
    assert np.isnan(found.p)


def test_holm_by_hand():
    # in order .005 .01 .03 .04, times 4 3 2 1: .02 .03 .06 .04, and the last may not fall below .06
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_a_family_of_one_is_not_corrected():
    assert holm([0.03]) == pytest.approx([0.03])


@pytest.mark.parametrize("seed", range(8))
def test_holm_keeps_the_order_and_never_lowers_p(seed):
    p = np.random.default_rng(seed).uniform(0, 0.5, 9)
    corrected = holm(p)
    assert (np.diff(corrected[np.argsort(p)]) >= 0).all()
    assert (corrected >= p).all() and corrected.max() <= 1
    # the smallest is corrected as by Bonferroni
    assert corrected.min() == pytest.approx(min(1, 9 * p.min()))


def test_nan_stays_nan_and_makes_the_family_no_larger():
    assert holm([0.01, np.nan, 0.04]) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    assert np.isnan(holm([np.nan, np.nan])).all() and holm([]).shape == (0,)


def test_holm_leaves_what_it_was_given():
    p = np.array([0.01, np.nan, 0.04])
    holm(p)
    np.testing.assert_array_equal(p, [0.01, np.nan, 0.04])


def test_two_one_sided_tests_by_hand():
    """0, 1, 2 within ±2: t = (1 - 2)√3, df = 2, where Student's cdf is ½ + t / 2√(2 + t²)."""
    found = tost([0, 1, 2], 2)
    assert found.p == pytest.approx(0.5 - np.sqrt(3 / 20)) and not found.equivalent
    reach = 2.919986 / np.sqrt(3)  # t at .95
    assert (found.mean, found.low, found.high) == pytest.approx((1, 1 - reach, 1 + reach), abs=1e-6)
    assert (found.n, found.margin) == (3, 2)


def test_two_one_sided_tests_on_students_sleep_data():
    """t = (1.58 - 2.5) / .3889587 = -2.3653, df = 9: between the quantiles at .025 and .01."""
    found = tost(SLEEP, 2.5)
    assert 0.01 < found.p < 0.025 and found.equivalent
    reach = 1.833113 * 0.3889587  # t at .95
    assert (found.low, found.high) == pytest.approx((1.58 - reach, 1.58 + reach), abs=1e-5)
    assert not tost(SLEEP, 2).equivalent


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("few", [[], [np.nan], [0.0], [0.1, np.nan]])
def test_below_two_people_nothing_is_equivalent(few):
    found = tost(few, 1)
    assert np.isnan([found.low, found.high, found.p]).all() and found.equivalent is False


@pytest.mark.parametrize("n", [2, 3, 7])
@pytest.mark.parametrize("value", [0.0, 0.1])
def test_equal_differences_show_no_equivalence(n, value):
    found = tost(np.full(n, value), 0.5)
    assert found.mean == pytest.approx(value) and found.equivalent is False
    assert np.isnan([found.low, found.high, found.p]).all()


def test_ties_of_people_with_few_test_images_are_not_equivalence():
    """Six people, two test images each, a true difference of .02: often all differences are 0."""
    draw = np.random.default_rng(0)
    studies = (draw.binomial(2, 0.98, (400, 6)) - draw.binomial(2, 0.96, (400, 6))) / 2
    assert (studies == 0).all(axis=1).mean() > 0.3
    assert np.mean([tost(d, 0.005).equivalent for d in studies]) <= 0.05


@pytest.mark.parametrize("seed", range(8))
def test_holm_is_that_of_statsmodels_with_ties_and_nan(seed):
    draw = np.random.default_rng(seed)
    # many are equal, some are 0
    p = draw.integers(0, 12, draw.integers(1, 15)) / draw.choice([12, 60, 400])
    p[draw.random(len(p)) < 0.2] = np.nan
    known = ~np.isnan(p)
    wanted = np.full(len(p), np.nan)
    if known.any():
        wanted[known] = multipletests(p[known], method="holm")[1]
    np.testing.assert_allclose(holm(p), wanted)


def test_the_effect_size_of_students_sleep_data():
    assert d_z(SLEEP) == pytest.approx(4.062128 / np.sqrt(10), abs=1e-6)  # t / √n


# Hollander and Wolfe 1973, R's ?wilcox.test
DEPRESSION = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]) - np.array(
    [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
)


def test_the_signed_rank_test_of_rs_documentation():
    """R: wilcox.test(x, y, paired = TRUE, alternative = "greater"): V = 40, p-value = 0.01953.

    The two-sided p is twice that.
    """
    assert wilcoxon(DEPRESSION) == pytest.approx(0.0390625)


def test_ranks_that_are_equal_but_for_rounding_are_tied():
    shares = np.array([0.3 - 0.2, 0.1, 0.8 - 0.7, -0.1, 0.4 - 0.3, 0.2, -0.3])
    assert wilcoxon(shares) == wilcoxon(np.array([1, 1, 1, -1, 1, 2, -3]))


def test_the_detectable_effect_has_the_power_of_rs_documentation():
    """R: pwr.t.test(d = 0.2, n = 60, sig.level = 0.10, type = "one.sample"): power = 0.4555818."""
    assert detectable_effect(1, 60, power=0.4555818, alpha=0.1) == pytest.approx(0.2, abs=5e-6)


@pytest.mark.parametrize("n", [6, 14, 24, 100])
@pytest.mark.parametrize("tests", [1, 6])
def test_the_detectable_effect_has_its_power_by_the_noncentral_t(n, tests):
    shift = detectable_effect(2.0, n, tests) / 2.0 * np.sqrt(n)
    bar = scipy_stats.t.ppf(1 - 0.025 / tests, n - 1)
    power = scipy_stats.nct.sf(bar, n - 1, shift) + scipy_stats.nct.cdf(-bar, n - 1, shift)
    assert power == pytest.approx(0.8, abs=1e-5)


def test_more_people_detect_less_and_more_tests_need_more():
    assert (
        detectable_effect(1, 100)
        < detectable_effect(1, 24)
        < detectable_effect(1, 14)
        < detectable_effect(1, 14, tests=6)
    )
    assert detectable_effect(3, 14) == pytest.approx(3 * detectable_effect(1, 14))


@pytest.mark.parametrize("n", [3, 4, 5, 6, 7])
@pytest.mark.parametrize("tests", [2, 20, 50])
def test_the_detectable_effect_of_few_people_in_several_tests_has_its_power_too(n, tests):
    shift, bar = (
        detectable_effect(1.0, n, tests) * np.sqrt(n),
        scipy_stats.t.isf(0.025 / tests, n - 1),
    )
    assert scipy_stats.nct.sf(bar, n - 1, shift) == pytest.approx(0.8, abs=1e-5)


@pytest.mark.parametrize(("sd", "n"), [(1, 0), (1, 2), (np.nan, 14), (0.0, 14)])
def test_too_few_or_unknown_people_detect_nothing(sd, n):
    assert np.isnan(detectable_effect(sd, n))


def test_pages_l_of_scipys_documentation():
    """Ten students rate tutorial, lecture and seminar: L = 133.5, exact p = .00182."""
    ratings = np.array(
        [
            [3, 4, 3],
            [2, 2, 4],
            [3, 3, 5],
            [1, 3, 2],
            [2, 3, 2],
            [2, 4, 5],
            [1, 2, 4],
            [3, 4, 4],
            [2, 4, 5],
            [1, 3, 4],
        ]
    )
    assert page_trend(ratings) == pytest.approx(0.0018191161948)
    assert page_trend(ratings[:, ::-1]) > 0.99


def test_pages_l_of_equal_values_is_no_evidence():
    assert page_trend(np.full((8, 3), 0.9)) > 0.4


@pytest.mark.parametrize("seed", range(8))
def test_equivalence_is_non_inferiority_in_both_directions(seed):
    d = draws(seed)
    assert tost(d, 1).p == pytest.approx(max(non_inferiority(d, 1), non_inferiority(-d, 1)))


def test_non_inferiority_by_students_t():
    """t = (1.58 + 1) / .3889587 = 6.6331 on 9 degrees of freedom."""
    assert non_inferiority(SLEEP, 1) == pytest.approx(
        scipy_stats.t.sf(2.58 / 0.3889587, 9), rel=1e-5
    )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("few", [[], [0.1], np.zeros(5), np.full(5, 0.1)])
def test_without_spread_there_is_no_effect_size_and_no_non_inferiority(few):
    assert np.isnan(d_z(few)) and np.isnan(non_inferiority(few, 1))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("nothing", [[], [0.1], np.zeros(5)])
def test_the_signed_rank_test_needs_two_people_and_a_difference(nothing):
    assert np.isnan(wilcoxon(nothing))


# Bayesian signed-rank


@SEEDS
def test_the_bayesian_test_agrees_with_plain_loops(seed):
    """Benavoli et al. 2017, eq. 10 and 11: all pairs, also those with the pseudo-difference."""
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
    assert bayesian_signed_rank(small, 0.005, rng()) == Belief(0, 1, 0)
    assert bayesian_signed_rank(np.abs(small) + 0.05, 0.005, rng()).better > 0.99


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("d", [[], [0.3], np.zeros(8), np.full(8, 0.001), np.full(8, 0.1)])
def test_the_bayesian_test_needs_two_people_and_spread(d):
    found = bayesian_signed_rank(d, 0.005, rng())
    assert np.isnan([found.worse, found.equal, found.better]).all()


def test_the_bayesian_test_leaves_nan_out():
    holes = np.insert(SLEEP, [0, 4], np.nan)
    assert bayesian_signed_rank(holes, 0.5, rng(1)) == bayesian_signed_rank(SLEEP, 0.5, rng(1))
