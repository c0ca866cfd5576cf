"""How many draws there are of many people."""

import numpy as np
import pytest

from perso.stats.draws import FEWEST_DRAWS, MANY_PEOPLE, draws_for
from perso.stats.paired import bayesian_signed_rank
from perso.stats.permutation import sign_flip


def test_up_to_many_people_all_draws_are_made():
    assert [draws_for(4000, n) for n in (0, 2, MANY_PEOPLE)] == [4000] * 3


def test_more_people_have_fewer_draws_down_to_the_fewest():
    assert draws_for(4000, 2 * MANY_PEOPLE) == 2000
    assert draws_for(4000, 10**6) == FEWEST_DRAWS
    assert draws_for(500, 10**6) == 500  # never more than were asked for


def test_tests_of_many_people_agree_with_those_of_all_draws(monkeypatch):
    d = np.random.default_rng(0).normal(0.0012, 0.05, 3000)
    found = {}
    for most in (MANY_PEOPLE, len(d)):
        monkeypatch.setattr("perso.stats.draws.MANY_PEOPLE", most)
        p = sign_flip(d, np.random.default_rng(1))
        belief = bayesian_signed_rank(d, 0.001, np.random.default_rng(2))
        found[most] = p, belief.equal, belief.better
    assert found[MANY_PEOPLE] == pytest.approx(found[len(d)], abs=0.05)
    assert found[MANY_PEOPLE] != found[len(d)]
