"""Means over people of several cohorts: by hand, against `paired`, and for any numbers."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from perso.stats.cohorts import Mean, crossed, mean_over_people
from perso.stats.paired import non_inferiority, paired_change, tost

# three cohorts of 2, 3 and 4 people: means 1, 2, 6; variances 2, 1, 4 / 3; sizes differ
SMALL = np.array([0, 2, 1, 2, 3, 5, 5, 7, 7.0])
WHERE = np.repeat(["a", "b", "c"], (2, 3, 4))
BETWEEN = 7.0  # variance of 1, 2, 6
WITHIN = (2 / 2 + 1 / 3 + (4 / 3) / 4) / 3  # mean of the variances of the means: 5 / 9
CENTRED = SMALL - np.repeat([1, 2, 6], (2, 3, 4)) + np.repeat([3, 3.1, 2.9], (2, 3, 4))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ends(found: Mean) -> tuple[float, float, float, float]:
    return found.mean, found.low, found.high, found.p


# one rule, three cases


def test_one_cohort_is_the_paired_t_test():
    d = rng().normal(0.3, 1, 20)
    found, wanted = mean_over_people(d, np.zeros(20), drawn=True), paired_change(d)
    assert ends(found) == pytest.approx((wanted.mean, wanted.low, wanted.high, wanted.p))
    assert (found.df, found.n, found.cohorts) == (19, 20, 1)
    assert found.error == pytest.approx(d.std(ddof=1) / np.sqrt(20))


def test_where_the_value_is_drawn_with_the_cohort_three_cohorts_are_three_values():
    found, wanted = mean_over_people(SMALL, WHERE, drawn=True), paired_change([1, 2, 6])
    assert ends(found) == pytest.approx((wanted.mean, wanted.low, wanted.high, wanted.p))
    assert (found.df, found.n, found.cohorts) == (2, 9, 3)
    assert found.error == pytest.approx(np.sqrt(BETWEEN / 3))


def test_where_cohorts_differ_more_than_people_explain_they_are_the_unit():
    assert BETWEEN > WITHIN
    assert mean_over_people(SMALL, WHERE, drawn=False) == mean_over_people(SMALL, WHERE, drawn=True)


def test_where_cohorts_agree_people_are_the_unit():
    found = mean_over_people(CENTRED, WHERE, drawn=False)
    assert found.mean == pytest.approx(3) and found.df == 1 + 2 + 3
    assert found.error == pytest.approx(np.sqrt(WITHIN / 3))
    assert found.p == pytest.approx(2 * scipy_stats.t.sf(3 / found.error, 6))
    assert mean_over_people(CENTRED, WHERE, drawn=True).df == 2


def test_what_is_drawn_keeps_its_unit_where_cohorts_happen_to_agree():
    found = mean_over_people(CENTRED, WHERE, drawn=True)
    assert found.error == pytest.approx(np.sqrt(0.01 / 3))


def test_two_cohorts_are_one_mean_of_people_with_the_error_of_each():
    d, where = SMALL[:5], WHERE[:5]
    found = mean_over_people(d, where, drawn=True)
    assert found.mean == pytest.approx(8 / 5) and (found.df, found.cohorts) == (1 + 2, 2)
    assert found.error**2 == pytest.approx((2 / 5) ** 2 * 2 / 2 + (3 / 5) ** 2 * 1 / 3)
    assert mean_over_people(d, where, drawn=False) == found


def test_the_third_cohort_changes_the_weights():
    """Below three cohorts each person counts the same, from three on each cohort."""
    assert mean_over_people(SMALL[:5], WHERE[:5], drawn=False).mean == pytest.approx(8 / 5)
    assert mean_over_people(SMALL, WHERE, drawn=False).mean == pytest.approx(3)
    assert SMALL.mean() == pytest.approx(32 / 9)


# what is shared within a cohort


def test_what_people_share_is_added_to_the_variance_of_the_cohorts_mean():
    d = rng().normal(0, 1, 30)
    alone, more = (mean_over_people(d, d * 0, drawn=True, common=each) for each in (0.0, 0.02))
    assert more.error**2 == pytest.approx(alone.error**2 + 0.02)
    assert (more.mean, more.df) == (alone.mean, alone.df) and more.p > alone.p


def test_what_is_shared_may_differ_between_cohorts():
    found = mean_over_people(SMALL[:5], WHERE[:5], drawn=False, common={"a": 0.5, "b": 0.1})
    assert found.error**2 == pytest.approx(0.16 * (1 + 0.5) + 0.36 * (1 / 3 + 0.1))
    with pytest.raises(KeyError):
        mean_over_people(SMALL[:5], WHERE[:5], drawn=False, common={"a": 0.5})


def test_what_is_shared_raises_the_variance_that_is_expected_of_three_cohorts():
    common = BETWEEN - WITHIN
    just_below, just_above = (
        mean_over_people(SMALL, WHERE, drawn=False, common=common + step) for step in (-0.1, 0.1)
    )
    assert just_below.df == 2 and just_below.error == pytest.approx(np.sqrt(BETWEEN / 3))
    assert just_above.df == 6 and just_above.error == pytest.approx(np.sqrt((BETWEEN + 0.1) / 3))


def test_what_is_shared_plays_no_part_where_the_cohort_is_the_unit():
    for common in (5.0, np.nan):
        found = mean_over_people(SMALL, WHERE, drawn=True, common=common)
        assert found == mean_over_people(SMALL, WHERE, drawn=True)


def test_what_is_shared_and_unknown_leaves_no_error():
    for d, where in ((SMALL, WHERE), (SMALL[:5], WHERE[:5])):
        found = mean_over_people(d, where, drawn=False, common=np.nan)
        assert np.isfinite(found.mean)
        assert np.isnan([found.error, found.df, found.low, found.high, found.p]).all()


# common test items


def test_crossed_by_hand():
    # items 2 and 4: s² = 2; without residual
    assert crossed([[0, 2], [4, 6]]) == pytest.approx(2 / 2)
    # items -1 and 3: s² = 8; residuals ±1: s² = 4
    table = np.array([[-1, 3], [-1, 3]]) + np.array([[1, -1], [-1, 1]])
    assert crossed(table) == pytest.approx(8 / 2 - 4 / 4)
    assert crossed(-table) == crossed(table)


def test_crossed_is_the_two_way_analysis_of_variance():
    """(MS_items - MS_residual) / nm, as in any textbook."""
    table = rng().normal(0, 1, (6, 5)) + rng(1).normal(0, 2, 5) + rng(2).normal(0, 3, (6, 1))
    person, item = np.indices(table.shape)
    frame = pd.DataFrame({"y": table.ravel(), "person": person.ravel(), "item": item.ravel()})
    squares = anova_lm(ols("y ~ C(person) + C(item)", frame).fit())["mean_sq"]
    assert crossed(table) == pytest.approx((squares["C(item)"] - squares["Residual"]) / (6 * 5))


def test_crossed_finds_the_variance_of_items_and_nothing_else():
    """Items have SD 2, people 3, noise 1: of 10 items the mean has a variance of .4 from them."""
    found = [
        crossed(draw.normal(0, 1, (8, 10)) + draw.normal(0, 2, 10) + draw.normal(0, 3, (8, 1)))
        for draw in map(rng, range(500))
    ]
    assert np.mean(found) == pytest.approx(0.4, abs=0.03)


def test_items_that_differ_less_than_noise_add_nothing():
    assert crossed([[1, -1], [-1, 1]]) == 0


def test_one_person_or_one_item_shows_nothing_of_common_items():
    assert np.isnan([crossed(np.ones((1, 5))), crossed(np.ones((5, 1)))]).all()


# for any numbers


@pytest.mark.parametrize("drawn", [True, False])
@pytest.mark.parametrize("cohorts", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(5))
class TestForAnyNumbers:
    @pytest.fixture
    def d(self, seed, cohorts):
        draw = rng(100 * cohorts + seed)
        self.where = np.arange(24) % cohorts
        return draw.normal(draw.normal(), 2, 24) + draw.normal(0, 0.4, 4)[self.where]

    def found(self, d, drawn, **more) -> Mean:
        return mean_over_people(d, self.where, drawn=drawn, **{"common": 0.01} | more)

    def test_the_interval_leaves_out_zero_just_when_p_is_below_5_percent(self, d, drawn):
        there = self.found(d, drawn)
        # also where it just does and just does not
        for shift in (0, -0.999 * there.low, -1.001 * there.low, -0.999 * there.high):
            found = self.found(d + shift, drawn)
            assert (found.low > 0 or found.high < 0) == (found.p < 0.05)
            assert found.interval() == pytest.approx((found.low, found.high))

    def test_a_bound_is_rejected_just_when_the_90_percent_interval_leaves_it_out(self, d, drawn):
        found = self.found(d, drawn)
        low, high = found.interval(0.9)
        assert found.p_above(low) == pytest.approx(0.05)
        assert found.p_below(high) == pytest.approx(0.05)
        assert found.p_above(low - 0.1) < 0.05 < found.p_above(low + 0.1)
        assert found.p_below(high + 0.1) < 0.05 < found.p_below(high - 0.1)
        assert 2 * min(found.p_above(0), found.p_below(0)) == pytest.approx(found.p)

    def test_swapping_the_methods_flips_the_sign_and_leaves_p(self, d, drawn):
        there, back = self.found(d, drawn), self.found(-d, drawn)
        wanted = (-there.mean, -there.high, -there.low, there.p)
        assert ends(back) == pytest.approx(wanted)

    def test_the_order_of_people_and_the_names_of_cohorts_do_not_matter(self, d, drawn):
        there = self.found(d, drawn)
        names = np.array([f"cohort {9 - each}" for each in self.where])[::-1]
        back = mean_over_people(d[::-1], names, drawn=drawn, common=0.01)
        assert ends(back) == pytest.approx(ends(there)) and back.df == there.df

    def test_nan_are_left_out(self, d, drawn):
        there = self.found(d, drawn)
        self.where = np.r_[99, self.where, 0]  # nobody else is in cohort 99
        assert self.found(np.r_[np.nan, d, np.nan], drawn) == there

    def test_units_scale_the_mean_and_leave_p(self, d, drawn):
        share, points = self.found(d, drawn), self.found(100 * d, drawn, common=100.0)
        wanted = (100 * share.mean, 100 * share.low, 100 * share.high, share.p)
        assert ends(points) == pytest.approx(wanted)


def test_one_sided_tests_are_those_of_paired():
    d = rng().normal(0.3, 1, 20)
    found = mean_over_people(d, d * 0, drawn=False)
    assert found.p_above(-0.5) == pytest.approx(non_inferiority(d, 0.5))
    assert max(found.p_above(-0.5), found.p_below(0.5)) == pytest.approx(tost(d, 0.5).p)


# where there is no error


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("nobody", [[], [np.nan], [np.nan, np.nan]])
def test_nobody_has_nothing_and_nothing_fails(nobody):
    found = mean_over_people(nobody, np.zeros(len(nobody)), drawn=True)
    assert (found.n, found.cohorts) == (0, 0)
    assert np.isnan([found.mean, found.error, found.df, found.low, found.high, found.p]).all()


@pytest.mark.filterwarnings("error")
def test_one_person_has_a_mean_and_no_error():
    found = mean_over_people([0.25, np.nan], [0, 1], drawn=False)
    assert (found.mean, found.n, found.cohorts) == (0.25, 1, 1)
    assert np.isnan([found.error, found.low, found.high, found.p]).all()
    assert np.isnan([*found.interval(0.9), found.p_above(0), found.p_below(0)]).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("drawn", [True, False])
@pytest.mark.parametrize("cohorts", [1, 2, 3])
def test_without_spread_there_is_no_error(cohorts, drawn):
    where = np.arange(9) % cohorts
    for value, p in ((0.1, np.nan), (0.0, 1.0)):
        found = mean_over_people(np.full(9, value), where, drawn=drawn, common=0.1)
        assert found.mean == pytest.approx(value)
        assert found.p == pytest.approx(p, nan_ok=True)
        assert np.isnan([found.error, found.df, found.low, found.high]).all()


@pytest.mark.filterwarnings("error")
def test_cohorts_whose_means_agree_exactly_have_no_error_where_they_are_the_unit():
    d, where = np.array([0, 2, 0, 2, 0, 2.0]), [0, 0, 1, 1, 2, 2]
    assert np.isnan(mean_over_people(d, where, drawn=True).error)
    found = mean_over_people(d, where, drawn=False)  # here people are
    assert found.df == 3 and found.error == pytest.approx(np.sqrt(2 / 2 / 3))


@pytest.mark.filterwarnings("error")
def test_a_cohort_of_one_person_has_the_variance_of_the_others():
    found = mean_over_people([0, 2, 4], [0, 0, 1], drawn=True)
    assert found.df == 1 and found.error**2 == pytest.approx(4 / 9 * 2 / 2 + 1 / 9 * 2)
    assert np.isnan(mean_over_people([0, 2], [0, 1], drawn=True).error)
    # one person in each of three cohorts: the people are the cohorts
    found, wanted = mean_over_people([0, 2, 4], [0, 1, 2], drawn=False), paired_change([0, 2, 4])
    assert ends(found) == pytest.approx((wanted.mean, wanted.low, wanted.high, wanted.p))
