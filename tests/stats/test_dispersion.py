"""Tests of two SDs of the same people against closed forms."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from perso.stats.bootstrap import MIN_PEOPLE, Interval
from perso.stats.dispersion import brown_forsythe, log_sd_ratio, pitman_morgan

# Student 1908: hours of sleep gained
DRUG_1 = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
DRUG_2 = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ends(interval: Interval) -> tuple[float, float, float]:
    return interval.value, interval.low, interval.high


def test_pitman_morgan_by_its_closed_form():
    """t = (F − 1)√(n − 2) / 2√(F(1 − r²)), F the ratio of variances, df = n − 2 (Pitman 1939)."""
    f, r = DRUG_1.var(ddof=1) / DRUG_2.var(ddof=1), np.corrcoef(DRUG_1, DRUG_2)[0, 1]
    t = (f - 1) * np.sqrt(8) / (2 * np.sqrt(f * (1 - r**2)))
    assert pitman_morgan(DRUG_1, DRUG_2) == pytest.approx(2 * scipy_stats.t.sf(abs(t), 8))


@pytest.mark.parametrize("seed", range(4))
def test_pitman_morgan_depends_on_the_spread_alone(seed):
    a, b = np.random.default_rng(seed).normal(size=(2, 14))
    p = pitman_morgan(a, b)
    assert pitman_morgan(b, a) == pytest.approx(p) and pitman_morgan(a + 5, b - 3) == pytest.approx(
        p
    )
    assert pitman_morgan(9 * a, b) < 1e-6


@pytest.mark.parametrize(
    ("a", "b"),
    [([0.9, 0.8], [0.7, 0.9]), ([0.9] * 5, [0.8] * 5), ([0.9, 0.8, 0.7], [0.9, 0.8, 0.7])],
)
def test_pitman_morgan_needs_three_people_who_differ(a, b):
    assert np.isnan(pitman_morgan(np.array(a), np.array(b)))


def test_brown_forsythe_finds_the_smaller_spread_and_is_symmetric():
    wide = rng(0).normal(0, 0.1, 30)
    narrow = wide / 4 + rng(1).normal(0, 0.01, 30)
    assert brown_forsythe(wide, narrow, rng()) == brown_forsythe(narrow, wide, rng()) < 0.001
    assert brown_forsythe(wide, wide + 0.3, rng()) == 1  # another mean, the same spread
    assert np.isnan(brown_forsythe(wide[:1], narrow[:1], rng()))


def test_the_ratio_of_sds_of_a_multiple_is_the_factor():
    values = rng(4).normal(size=15)
    there, p = log_sd_ratio(3 * values, values, rng())
    assert ends(there) == pytest.approx([np.log(3)] * 3) and p < 0.05
    back, _ = log_sd_ratio(values, 3 * values, rng())
    assert ends(back) == pytest.approx([-np.log(3)] * 3)


@pytest.mark.filterwarnings("error")
def test_the_ratio_of_sds_needs_two_people_and_spread_in_both():
    for a, b in (([0.5], [0.4]), (np.full(8, 0.9), np.linspace(0.8, 0.9, 8))):
        found, p = log_sd_ratio(np.array(a), np.array(b), rng())
        assert np.isnan([*ends(found), p]).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", range(2, MIN_PEOPLE))
def test_the_ratio_of_sds_of_few_people_has_no_interval(n):
    values = np.linspace(0.1, 0.2, n)
    found, _ = log_sd_ratio(values, 2 * values, rng())
    assert np.isfinite(found.value) and np.isnan([found.low, found.high]).all()
