"""A comparison by every test: it agrees with itself, and with each test alone."""

from dataclasses import asdict

import numpy as np
import pytest

from perso.stats import bootstrap, paired, permutation
from perso.stats.effect import paired_effect

MARGIN = 0.005
SEEDS = pytest.mark.parametrize("seed", range(5))


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def people(seed: int, n: int = 12, shift: float = 0.0) -> dict[str, np.ndarray]:
    """Differences of hits by original digit and their numbers, [k, 2] per person."""
    draw = np.random.default_rng(seed)
    return {
        f"person {k}": np.stack([draw.choice([-1, 0, 0, 1], 36) + shift, np.full(36, 3.0)], axis=1)
        for k in range(n)
    }


def numbers(found) -> dict:
    return {key: value for key, value in asdict(found).items() if key != "belief"}


def of(persons) -> np.ndarray:
    return np.array([bootstrap.person_mean(each) for each in persons.values()])


@SEEDS
class TestForAnyPeople:
    def test_it_agrees_with_each_test(self, seed):
        found, d = paired_effect(people(seed), MARGIN, rng()), of(people(seed))
        assert (found.n, found.mean, found.sd) == (
            12,
            pytest.approx(d.mean()),
            pytest.approx(d.std(ddof=1)),
        )
        assert found.p == permutation.sign_flip(d, rng()) and found.t == paired.paired_change(d).p
        same = paired.tost(d, MARGIN)
        assert (found.low90, found.high90, found.within) == (same.low, same.high, same.p)
        assert found.low < found.mean < found.high

    def test_swapping_the_methods_flips_the_sign(self, seed):
        there = paired_effect(people(seed), MARGIN, rng())
        back = paired_effect(
            {who: each * [-1, 1] for who, each in people(seed).items()}, MARGIN, rng()
        )
        assert (back.mean, back.low, back.high, back.d_z) == pytest.approx(
            (-there.mean, -there.high, -there.low, -there.d_z)
        )
        assert (back.p, back.t, back.wilcoxon, back.within) == pytest.approx(
            (there.p, there.t, there.wilcoxon, there.within)
        )
        assert (back.improved, back.harmed, back.low90) == pytest.approx(
            (there.harmed, there.improved, -there.high90)
        )
        assert (back.belief.worse, back.belief.equal) == pytest.approx(
            (there.belief.better, there.belief.equal), abs=0.04
        )

    def test_equivalence_is_non_inferiority_in_both_directions(self, seed):
        there = paired_effect(people(seed), MARGIN, rng())
        back = paired_effect(
            {who: each * [-1, 1] for who, each in people(seed).items()}, MARGIN, rng()
        )
        assert there.within == pytest.approx(max(there.harmless, back.harmless))

    def test_the_order_of_people_matters_only_to_what_is_drawn(self, seed):
        persons = people(seed)
        there, back = (
            paired_effect(persons, MARGIN, rng()),
            paired_effect(dict(reversed(persons.items())), MARGIN, rng()),
        )
        drawn = {"low", "high"}
        assert {
            key: value for key, value in numbers(back).items() if key not in drawn
        } == pytest.approx(
            {key: value for key, value in numbers(there).items() if key not in drawn}
        )

    def test_a_clear_gain_is_one_by_every_test(self, seed):
        found = paired_effect(people(seed, shift=1.0), MARGIN, rng())
        assert (
            max(found.p, found.t, found.wilcoxon, found.harmless) < 0.01 < found.low
            and found.within > 0.9
        )
        assert (
            (found.improved, found.harmed) == (1, 0)
            and found.d_z > 1
            and found.belief.better > 0.99
        )


@pytest.mark.filterwarnings("error")
class TestDegenerate:
    def test_one_person(self):
        found = paired_effect(people(0, 1), MARGIN, rng())
        assert found.n == 1 and found.mean == of(people(0, 1))[0]
        unknown = ["low", "high", "p", "t", "wilcoxon", "d_z", "sd", "within", "harmless"]
        assert np.isnan([getattr(found, name) for name in unknown]).all() and np.isnan(
            found.belief.better
        )

    def test_nobody(self):
        found = paired_effect({}, MARGIN, rng())
        assert (
            found.n == 0
            and np.isnan([found.mean, found.low, found.p, found.improved, found.within]).all()
        )

    def test_equal_scores(self):
        """All differences are 0: neither a difference nor equivalence can be concluded."""
        found = paired_effect(
            {who: each * [0, 1] for who, each in people(0).items()}, MARGIN, rng()
        )
        assert (found.mean, found.low, found.high, found.p, found.t) == (0, 0, 0, 1, 1)
        assert (found.improved, found.harmed) == (0, 0)
        assert np.isnan([found.wilcoxon, found.d_z, found.belief.equal]).all()
        assert np.isnan(
            [found.within, found.harmless, found.little, found.low90, found.high90]
        ).all()

    def test_equal_differences(self):
        """A t-test needs spread; a sign-flip test does not."""
        found = paired_effect(
            {str(k): np.array([[1.0, 10], [0, 10]]) for k in range(8)}, MARGIN, rng()
        )
        assert found.mean == pytest.approx(0.05) and found.p == 2 / 2**8
        assert np.isnan([found.t, found.d_z, found.within]).all()

    def test_a_missing_row_is_a_person_less(self):
        persons = people(3)
        del persons["person 4"]
        found = paired_effect(persons, MARGIN, rng())
        assert found.n == 11 and found.mean == pytest.approx(np.delete(of(people(3)), 4).mean())

    def test_unequal_numbers_of_digits(self):
        persons = {
            who: each[: 36 - 3 * place] for place, (who, each) in enumerate(people(5).items())
        }
        persons["of one digit"] = np.array([[2.0, 3]])
        found = paired_effect(persons, MARGIN, rng())
        assert (
            found.mean == pytest.approx(of(persons).mean()) and found.low < found.mean < found.high
        )

    @pytest.mark.parametrize("n", range(2, bootstrap.MIN_PEOPLE))
    def test_too_few_people_have_no_interval(self, n):
        found = paired_effect(people(1, n, shift=1.0), MARGIN, rng())
        assert np.isnan([found.low, found.high]).all() and found.p > 0.05
