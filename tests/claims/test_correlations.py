"""Slopes over settings: each test is decided by enough people, whatever the true slope."""

import numpy as np
import pytest

from perso.claims import correlations
from perso.claims.correlations import HalfTests
from perso.claims.dispersions import BETWEEN_PERSON_SD, SD, SPREAD
from perso.claims.finding import decide
from perso.methods.method import BASELINE

SETTINGS = 7
ACCURACY = np.linspace(-0.02, 0.02, SETTINGS)  # of settings, minus the mean


def cohorts_of(n: int) -> np.ndarray:
    """Four cohorts of equal size."""
    return np.arange(n) % 4


def half_tests(slope: float, n: int, mean: float = 0.8, sd: float = 0.03) -> HalfTests:
    """People whose SD changes by `slope` per point of mean accuracy, and test noise of .01."""
    rng = np.random.default_rng(0)
    sds = sd + slope * ACCURACY
    truth = mean + ACCURACY + sds * rng.normal(0, 1, (n, 1))
    accuracies = truth + rng.normal(0, 0.01, (2, n, SETTINGS))
    return HalfTests(
        accuracies=accuracies,
        noise=np.full(accuracies.shape, 1e-4),
        digits=np.full((2, n), 100),
        cohort=cohorts_of(n),
    )


def test_slopes_by_hand():
    x = np.array([[0.0, 1.0, 2.0]])
    assert correlations.slope_of(x, 2 * x + 5) == pytest.approx(2)
    both = np.concatenate([x, x + 100])  # two directions with an intercept each
    assert correlations.slope_of(both, 3 * both) == pytest.approx(3)
    assert np.isnan(correlations.slope_of(np.ones((1, 3)), x))


def test_the_printed_slopes_have_the_claims_signs():
    for block in correlations.BLOCKS:
        for part in ("D_I", "D_G"):
            for what in (SD, SPREAD):
                assert correlations.printed_slope(what, part, block) < 0
        assert correlations.printed_slope("D_G", "D_I", block) < 0
    assert correlations.printed_slopes("D_G").startswith("slopes -0.50, ρ -0.01 (shaping)")


@pytest.mark.parametrize(("slope", "outcome"), [(0, "against"), (-0.5, "for"), (0.5, "against")])
def test_claim_2_is_decided_by_enough_people(slope, outcome):
    n = 400
    rng = np.random.default_rng(1)
    person = rng.normal(0, 0.03, (n, 1))
    on_I = 0.9 + ACCURACY + person + rng.normal(0, 0.03, (n, SETTINGS))
    on_G = 0.9 + slope * ACCURACY + rng.normal(0, 0.02, (n, SETTINGS))
    found = correlations.slope_finding(
        "accuracy on D_G per point on D_I",
        correlations.slope_of_means(100 * on_I, 100 * on_G),
        cohorts_of(n),
        rng,
        -1,
        printed=correlations.printed_slope("D_G", "D_I", "shaping"),
    )
    assert found.margin == pytest.approx(0.25)
    assert decide(found).outcome == outcome
    assert found.low < slope < found.high


@pytest.mark.parametrize("what", [SD, BETWEEN_PERSON_SD, SPREAD])
@pytest.mark.parametrize(
    ("printed", "outcome"), [(0.0, "against"), (1.0, "for"), (-1.0, "against")]
)
def test_claims_13_and_14_are_decided_by_enough_people(what, printed, outcome):
    """`printed` is the true slope as a multiple of the printed one."""
    slope = correlations.printed_slope(what, "D_I", "shaping")
    of_sd = slope / 3.08 if what == SPREAD else slope  # ten normal people span 3.08 SD
    found = correlations.dispersion_slope(
        half_tests(printed * of_sd, n=800),
        what=what,
        name=what,
        rng=np.random.default_rng(2),
        printed=slope,
    )
    assert decide(found).outcome == outcome


def test_sampling_noise_alone_makes_no_slope():
    """Near 100 %, where noise lowers a mean and widens its SD: the halves keep it apart."""
    below = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        truth = 1 / (1 + np.exp(-rng.normal(3, 0.8, (24, 1))))
        accuracies = rng.binomial(15, np.repeat(truth, SETTINGS, axis=1), (2, 24, SETTINGS)) / 15
        halves = HalfTests(
            accuracies, accuracies * (1 - accuracies) / 14, np.full((2, 24), 15), np.zeros(24)
        )
        found = correlations.dispersion_slope(halves, SD, SD, rng, printed=-1)
        below.append(found.high < 0)
    assert np.mean(below) <= 0.1


def test_a_ceiling_has_a_slope_in_points_and_none_in_logits():
    rng = np.random.default_rng(0)
    n = 1500
    logits = 2 + rng.normal(0, 0.7, (n, 1)) + np.linspace(0, 2, SETTINGS)
    accuracies = rng.binomial(200, 1 / (1 + np.exp(-logits)), (2, n, SETTINGS)) / 200
    halves = HalfTests(
        accuracies, accuracies * (1 - accuracies) / 199, np.full((2, n), 200), cohorts_of(n)
    )
    found = correlations.dispersion_slope(
        halves, BETWEEN_PERSON_SD, "sd", np.random.default_rng(0), printed=-0.5
    )
    assert found.high < 0
    assert found.more["in logits"] == pytest.approx(0, abs=0.02)


def test_people_who_do_not_vary_decide_nothing():
    halves = HalfTests(np.ones((2, 20, 3)), np.zeros((2, 20, 3)), np.full((2, 20), 9), np.zeros(20))
    found = correlations.dispersion_slope(halves, SD, SD, np.random.default_rng(0), printed=-1)
    assert np.isnan([found.value, found.low, found.p]).all()
    assert decide(found).outcome == "open"


# --- from rows


def test_the_two_halves_make_the_whole(make_evidence, better):
    found = make_evidence(better, of="v3")
    methods = ("SW-n-2", BASELINE)
    for part in ("D_I", "D_G"):
        halves = correlations.half_tests(found, part, methods, "v3")
        people = found.people("v3", part, *methods)
        assert halves.accuracies.shape == (2, len(people), 2)
        shares = halves.digits / halves.digits.sum(axis=0)
        whole = (shares[:, :, None] * halves.accuracies).sum(axis=0)
        assert sorted(whole[:, 0]) == pytest.approx(sorted(people["SW-n-2"]))
        assert (halves.noise >= 0).all()


def test_claims_2_13_and_14_take_their_rows(make_evidence, draw_hits):
    shares = {
        method: {"I": 0.7 + 0.02 * place, "G": 0.9 - 0.02 * place}
        for place, method in enumerate(correlations.SHAPING_ROWS)
    }
    found = make_evidence(draw_hits(shares), of="v3")
    blocks = [correlations.settings_rho(found, "v3", *correlations.SHAPING_ROWS)]
    for what in (SD, BETWEEN_PERSON_SD, SPREAD):
        blocks.append(correlations.fairness_rho(found, "D_I", what, "shaping"))
    for finding in blocks:
        assert finding.n == 14
        assert finding.cohorts == 2
        assert finding.low < finding.value < finding.high
        assert finding.margin == pytest.approx(abs(finding.printed) / 2)
