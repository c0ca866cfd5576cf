"""A comparison by every test: it agrees with itself, and with each test alone."""

import numpy as np
import pytest

from perso.stats import paired, permutation
from perso.stats.cohorts import mean_over_people
from perso.stats.effect import Effect, effect_of, sd_within

MARGIN = 0.005
SEEDS = pytest.mark.parametrize("seed", range(5))


def people(seed: int, n: int = 12, shift: float = 0.0) -> np.ndarray:
    """Differences of n people."""
    return np.random.default_rng(seed).normal(shift, 0.02, n)


def effect(d: np.ndarray, cohorts: int = 1, drawn: bool = False, common: float = 0.0) -> Effect:
    """The effect of differences of people in cohorts."""
    cohort = np.arange(len(d)) % cohorts
    draw = np.random.default_rng(7)
    return effect_of(d, cohort, draw, drawn=drawn, common=common, margin=MARGIN)


@SEEDS
def test_it_agrees_with_each_test(seed):
    d = people(seed)
    found = effect(d)
    assert found.mean == mean_over_people(d, np.zeros(12), drawn=False)
    assert found.sd == pytest.approx(d.std(ddof=1))
    assert found.sign_flip == permutation.sign_flip(d, np.random.default_rng(7))
    change = paired.paired_change(d)
    assert (found.t, found.wilcoxon) == (change.p, paired.wilcoxon(d))
    # in one cohort the rule for means is the paired t-test
    assert (found.mean.low, found.mean.p) == pytest.approx((change.low, change.p))
    assert found.improved + found.harmed == pytest.approx(1)


@SEEDS
def test_swapping_the_methods_flips_the_sign(seed):
    there, back = effect(people(seed)), effect(-people(seed))
    assert (back.mean.mean, back.mean.low, back.d_z) == pytest.approx(
        (-there.mean.mean, -there.mean.high, -there.d_z)
    )
    assert (back.mean.p, back.t, back.wilcoxon) == pytest.approx(
        (there.mean.p, there.t, there.wilcoxon)
    )
    assert (back.harmed, back.belief.worse) == pytest.approx(
        (there.improved, there.belief.better), abs=0.02
    )


@SEEDS
def test_people_without_a_value_are_left_out(seed):
    d = people(seed)
    assert effect(np.r_[d, np.nan]) == effect(d)


def test_what_people_share_widens_the_interval():
    d = people(0)
    alone, shared = effect(d), effect(d, common=0.01**2)
    assert shared.mean.error == pytest.approx(np.hypot(alone.mean.error, 0.01))
    assert shared.detectable() > alone.detectable()


def test_the_sd_is_that_within_cohorts():
    d = np.array([0.0, 0.2, 5.0, 5.2])
    assert sd_within(d, np.array([0, 0, 1, 1])) == pytest.approx(np.sqrt(0.02))
    assert np.isnan(sd_within(d, np.arange(4)))
    assert sd_within(np.full(4, 0.1), np.zeros(4)) == 0


def test_an_effect_as_large_as_detectable_is_found_with_that_power():
    found = effect(people(3, n=40))
    by_paired = paired.detectable_effect(found.sd, 40)
    assert found.detectable() == pytest.approx(by_paired, rel=0.01)
    assert found.telescope(40) < found.detectable()
    assert found.telescope(100) == pytest.approx(0.152 * found.sd, abs=0.003 * found.sd)


@pytest.mark.parametrize(("cohorts", "drawn"), [(1, True), (4, True), (4, False)])
def test_another_study_is_in_the_prediction_interval(cohorts, drawn):
    """Cohorts differ by the D_G that they draw."""
    draw = np.random.default_rng(5)
    inside = []
    for _ in range(400):
        sd = 0.01 if drawn and cohorts > 1 else 0.0
        d = draw.normal(0, 0.02, 80) + draw.normal(0, sd, cohorts)[np.arange(80) % cohorts]
        other = draw.normal(0, 0.02, 100).mean() + draw.normal(0, sd)
        cohort = np.arange(80) % cohorts
        mean = mean_over_people(d, cohort, drawn=drawn)
        nothing = paired.Belief(np.nan, np.nan, np.nan)
        found = Effect(mean, sd_within(d, cohort), drawn, *[np.nan] * 6, nothing)
        low, high = found.predicted(100)
        inside.append(low <= other <= high)
    assert 0.92 <= np.mean(inside) <= 0.98


def test_where_nothing_varies_nothing_is_known():
    for d, p in ((np.zeros(8), 1.0), (np.full(8, 0.1), np.nan), (np.array([0.1]), np.nan)):
        found = effect(d)
        assert found.mean.p == pytest.approx(p, nan_ok=True)
        assert np.isnan([found.detectable(), found.telescope(100), *found.predicted(100)]).all()
