"""Permutation tests against textbook numbers, exact counts and plain loops."""

import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats

from perso.stats import permutation
from perso.stats.bootstrap import MIN_PEOPLE
from perso.stats.permutation import permanova, sign_flip

# Student 1908: hours of sleep gained with the second drug over the first
SLEEP = np.array([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])
SEEDS = pytest.mark.parametrize("seed", range(6))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# sign-flip


def test_sign_flip_of_students_sleep_data():
    """Nine of ten gain, one is equal: of 2⁹ signs only these and their opposites reach as much."""
    assert sign_flip(SLEEP, rng()) == 2 / 2**9 == 0.00390625


@SEEDS
def test_sign_flip_counts_all_signs(seed):
    d = rng(seed).normal(0.4, 1, 9)
    means = [abs(np.mean(np.array(signs) * d)) for signs in itertools.product((-1, 1), repeat=9)]
    assert sign_flip(d, rng()) == pytest.approx(np.mean(np.array(means) >= abs(d.mean()) - 1e-12))


@SEEDS
def test_an_exact_sign_flip_depends_on_neither_the_order_of_people_nor_the_generator(seed):
    d = rng(seed).normal(0.3, 1, 14)
    assert (
        sign_flip(rng(seed).permutation(d), rng(1)) == sign_flip(d, rng(2)) == sign_flip(-d, rng(3))
    )


@SEEDS
def test_sign_flip_beyond_14_people_is_scipys_from_the_same_draws(seed, monkeypatch):
    monkeypatch.setattr(permutation, "FLIPS_AT_ONCE", 999)  # blocks of an odd number of signs
    d = np.round(rng(seed).normal(0.1, 0.5, 15 + 2 * seed), 1)
    ours, theirs = rng(seed), rng(seed)
    expected = scipy_stats.permutation_test(
        (d,),
        lambda x, axis: np.round(np.mean(x, axis=axis), 12),
        permutation_type="samples",
        vectorized=True,
        n_resamples=2**10,
        rng=theirs,
    )
    assert sign_flip(d, ours, 2**10) == expected.pvalue
    assert ours.random() == theirs.random()


def test_sign_flip_beyond_14_people_is_near_the_t_test():
    d = rng(1).normal(0.4, 1, 40)
    assert sign_flip(d, rng()) == pytest.approx(scipy_stats.ttest_1samp(d, 0).pvalue, abs=0.01)


def test_differences_that_are_equal_but_for_rounding_are_tied():
    """.3 − .2 and .1 are one difference: five for and one against, of 64 signs 14 reach as much."""
    shares = np.array([0.3 - 0.2, 0.1, 0.8 - 0.7, -0.1, 0.4 - 0.3, 0.1])
    assert (
        sign_flip(shares, rng())
        == sign_flip(np.array([1, 1, 1, -1, 1, 1]), rng())
        == pytest.approx(14 / 64)
    )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("few", [[], [0.3]])
def test_sign_flip_needs_two_people(few):
    assert np.isnan(sign_flip(few, rng()))


@pytest.mark.parametrize("n", range(2, MIN_PEOPLE))
def test_sign_flip_of_few_people_is_above_5_percent(n):
    assert sign_flip(np.linspace(0.1, 0.2, n), rng()) > 0.05


@pytest.mark.filterwarnings("error")
def test_sign_flip_of_equal_scores_is_1():
    assert sign_flip(np.zeros(8), rng()) == 1


def test_sign_flip_leaves_nan_out():
    assert sign_flip(np.insert(SLEEP, [0, 4], np.nan), rng()) == sign_flip(SLEEP, rng())


# PERMANOVA


@pytest.mark.filterwarnings("error")
def test_permanova_of_codes_that_do_not_vary_is_nan():
    found = permanova(np.ones((8, 2)), np.arange(8) % 2, np.zeros(8), np.random.default_rng(0), 99)
    assert np.isnan([found.share, found.chance, found.p]).all()
