"""Dispersion of accuracy over people."""

import numpy as np
import pytest

from perso.claims import dispersions

VALUES = np.array([[0.5, 0.7], [0.7, 0.7], [0.9, 0.7]])


def test_measures_of_dispersion():
    assert dispersions.dispersion(VALUES, dispersions.SPREAD) == pytest.approx([0.4, 0])
    assert dispersions.dispersion(VALUES, dispersions.SD) == pytest.approx([0.2, 0])
    noise = np.full(VALUES.shape, 0.03)
    between = dispersions.dispersion(VALUES, dispersions.BETWEEN_PERSON_SD, noise)
    assert between == pytest.approx([0.1, 0])  # never below 0


def test_the_between_person_sd_of_test_noise_alone_is_small(make_evidence):
    """All people have the same true accuracy; they differ by their test samples alone."""

    def hits_of(method, place, part, repeat, n):
        return np.random.default_rng([place, "IG".index(part)]).random(n) < 0.8

    found = make_evidence(hits_of)
    people = found.levelled("v3", "D_I", "BaseLine")
    noise = dispersions.sampling_variances_of(found, people, "D_I")
    values = people.to_numpy()
    whole = dispersions.dispersion(values, dispersions.SD)
    between = dispersions.dispersion(values, dispersions.BETWEEN_PERSON_SD, noise)
    assert between < whole
    assert np.isfinite(dispersions.variation(found).value)
