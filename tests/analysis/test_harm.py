"""Harm: people who lose, digits that are won and lost, and the probability of harm."""

import numpy as np
import pytest

from perso.analysis import harm
from perso.analysis.sampling_noise import DigitHits
from perso.data.dataset import prepare
from perso.methods.method import BASELINE
from perso.paths import ROOT
from perso.settings import read_params


def test_a_person_without_a_change_is_neither_harmed_nor_improved():
    found = harm.harmed([-0.02, -0.04, 1e-16, -1e-16, 0.1, np.nan])
    assert found == pytest.approx({"harmed": 0.4, "loss": -0.03, "improved": 0.2, "gain": 0.1})
    mirrored = harm.harmed([0.02, 0.04, 0.0, 0.0, -0.1])
    assert mirrored["improved"] == found["harmed"] and mirrored["gain"] == pytest.approx(
        -found["loss"]
    )
    nobody = harm.harmed([0.1])
    assert nobody["harmed"] == 0 and np.isnan(nobody["loss"])
    assert np.isnan(harm.harmed([])["harmed"])


def test_only_digits_that_both_methods_are_tested_on_are_won_or_lost():
    def hits(digits, shares):
        return DigitHits(np.array(digits), np.array(shares, float), np.ones(len(digits)))

    fold = {
        BASELINE: {"a": hits([0, 1, 2, 3], [0, 1, 0, 0])},
        "SW-n-2": {"a": hits([0, 1], [1, 1])},
    }
    found = harm.digits_won_and_lost([fold], "SW-n-2")
    assert found.loc["a"].tolist() == [2, 1, 0]
    swapped = harm.digits_won_and_lost([fold], BASELINE, "SW-n-2")
    assert swapped.loc["a"].tolist() == [2, 0, 1]


def test_digits_that_a_person_wins_and_loses(make_rows):
    """Six images of three digits: the first is won, of the second one flip of two is lost."""
    data = prepare(read_params(ROOT / "params" / "quick.yml"))
    person = data.splits.individuals[0]
    test = data.splits.test[person]
    digits = np.unique(data.item[test])
    base = np.ones(len(test), bool)
    base[data.item[test] == digits[0]] = False
    method = np.ones(len(test), bool)
    method[np.flatnonzero(data.item[test] == digits[1])[0]] = False
    known = make_rows({("BaseLine", str(person), 0): base, ("SW-n-2", str(person), 0): method})
    changed = harm.paired_digits(data, known, "D_I", "SW-n-2")
    copies = np.sum(data.item[test] == digits[1])
    assert changed.loc[str(person)].tolist() == pytest.approx([len(digits), 1, 1 / copies])


def test_the_probability_of_harm_is_calibrated():
    """Of the people who are harmed with a probability near p, a share of p is."""
    rng = np.random.default_rng(0)
    n = 4000
    q = rng.beta(3, 2, n)
    changed = rng.integers(0, 12, n)
    won = rng.binomial(changed, q)
    p = harm.harm_probability(won, changed - won)
    assert p.mean() == pytest.approx(np.mean(q < 0.5), abs=0.03)
    for low, high in [(0.0, 0.2), (0.2, 0.4), (0.4, 0.7)]:
        between = (p >= low) & (p < high)
        assert np.mean(q[between] < 0.5) == pytest.approx(p[between].mean(), abs=0.06)


def test_a_person_without_changes_is_judged_by_the_others():
    won = np.array([9, 8, 7, 9, 0])
    p = harm.harm_probability(won, np.array([1, 2, 2, 0, 0]))
    assert p[-1] < 0.3
    unlike = harm.harm_probability(np.array([6, 5, 6, 0]), np.array([0, 1, 0, 6]))
    assert unlike[-1] > 0.8  # the others are no proof
    alike = harm.harm_probability(np.array([3, 3, 0]), np.array([3, 3, 0]))
    assert alike == pytest.approx([0.5, 0.5, 0.5], abs=0.01)
    assert harm.harm_probability(np.array([]), np.array([])).shape == (0,)
