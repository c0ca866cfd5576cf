"""Dispersion of accuracy over people."""

import numpy as np
import pytest

from perso.claims import dispersions
from perso.claims.finding import decide
from perso.methods.method import BASELINE
from perso.stats.resampling import estimate

VALUES = np.array([[0.5, 0.7], [0.7, 0.7], [0.9, 0.7]])
ALL = np.zeros(3)  # one cohort


def test_measures_of_dispersion():
    assert dispersions.dispersion(VALUES, dispersions.SD).of(ALL) == pytest.approx([0.2, 0])
    noise = np.full(VALUES.shape, 0.03)
    between = dispersions.dispersion(VALUES, dispersions.BETWEEN_PERSON_SD, noise).of(ALL)
    assert between == pytest.approx([0.1, 0])  # never below 0


def test_dispersion_is_within_cohorts():
    apart = np.array([[0.1], [0.1], [0.9], [0.9]])
    cohort = np.array([0, 0, 1, 1])
    for what in (dispersions.SD, dispersions.SPREAD):
        assert dispersions.dispersion(apart, what).of(cohort) == pytest.approx([0])


def test_the_expected_range_of_people():
    """Of two people drawn from three: 0 three times, .2 four times, .4 twice, out of nine."""
    assert dispersions.expected_range(VALUES, 2) == pytest.approx([1.6 / 9, 0])
    normal = np.random.default_rng(0).normal(0, 1, (100_000, 1))
    assert dispersions.expected_range(normal) == pytest.approx([3.078], abs=0.02)


def test_the_between_person_sd_of_test_noise_alone_is_small(make_evidence):
    """All people have the same true accuracy; they differ by their test samples alone."""

    def hits_of(method, place, part, repeat, n):
        return np.random.default_rng([place, "IG".index(part)]).random(n) < 0.8

    found = make_evidence(hits_of, of="v3")
    people = found.people("v3", "D_I", BASELINE)
    noise = dispersions.sampling_variances_of(found, people, "D_I")
    cohort = np.zeros(len(people))
    values = people.to_numpy()
    whole = dispersions.dispersion(values, dispersions.SD).of(cohort)
    between = dispersions.dispersion(values, dispersions.BETWEEN_PERSON_SD, noise).of(cohort)
    assert between < whole
    assert np.isfinite(dispersions.variation(found).value)


# --- each test is decided by enough people


def simulated(*sds: float, n: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Accuracies of people with these true SDs, a column each, and the variances of their noise."""
    rng = np.random.default_rng(0)
    noise = 0.02
    values = 0.8 + rng.normal(0, 1, (n, len(sds))) * sds + rng.normal(0, noise, (n, len(sds)))
    return values, np.full(values.shape, noise**2)


@pytest.mark.parametrize(("ratio", "outcome"), [(0, "against"), (1, "for"), (-1, "against")])
def test_claim_15_is_decided_by_enough_people(ratio, outcome):
    """`ratio` is the true difference as a multiple of the printed one."""
    sd_G = 0.02
    printed = dispersions.printed_variation()
    on_I, noise = simulated(sd_G + ratio * printed / 100)
    on_G = np.random.default_rng(1).normal(0.8, sd_G, on_I.shape)
    found = estimate(
        dispersions.variation_of(on_I, noise, on_G),
        np.arange(len(on_I)) % 2,
        np.random.default_rng(2),
    )
    finding = dispersions.sd_finding(found, "SD", expected=1, printed=printed, of="v3")
    assert decide(finding).outcome == outcome


@pytest.mark.parametrize("expected", [-1, 1])
@pytest.mark.parametrize(("ratio", "outcome"), [(0, "against"), (1, "for"), (-1, "against")])
def test_a_change_of_the_between_person_sd_is_decided_by_enough_people(expected, ratio, outcome):
    change = 0.012 * expected  # as printed for D_G, or the opposite for D_I
    values, noise = simulated(0.034 + ratio * change, 0.034)
    found = estimate(
        dispersions.sd_change(values, noise),
        np.arange(len(values)) % 4,
        np.random.default_rng(3),
    )
    finding = dispersions.sd_finding(found, "SD", expected, printed=100 * change, of="v1")
    assert finding.margin == pytest.approx(0.6)
    assert decide(finding).outcome == outcome


def test_without_a_printed_change_the_margin_is_that_of_the_papers_power():
    values, noise = simulated(0.034, 0.034)
    found = estimate(
        dispersions.sd_change(values, noise),
        np.zeros(len(values)),
        np.random.default_rng(3),
    )
    finding = dispersions.sd_finding(found, "SD", expected=1, printed=np.nan, of="v1")
    assert finding.margin == finding.telescope > 0
    assert decide(finding).outcome == "against"


def test_claim_30s_control_takes_its_rows(make_evidence, better):
    finding = dispersions.excess(make_evidence(better, of="v1"), "SW-n-2", "D_I", -1, "v1")
    assert finding.printed == pytest.approx(-0.92)
    assert finding.margin == pytest.approx(0.46)
