"""Sampling noise: of a test set, of the hits on each digit, and on a test set that people share."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from perso.analysis import sampling_noise
from perso.analysis.sampling_noise import DigitHits
from perso.data import splits
from perso.data.cohort import Cohort
from perso.store.sqlite import packed


def test_noise_of_a_test_set_by_images_and_by_digits(data):
    table = sampling_noise.binomial_noise(data)
    person = str(data.splits.individuals[0])
    images = len(data.splits.test[data.splits.individuals[0]])
    assert table.loc[person, ["images", "digits"]].tolist() == [images, images / 3]
    assert table.loc[person, "by images"] == pytest.approx(np.sqrt(0.09 / images))
    assert table.loc[person, "by digits"] == pytest.approx(np.sqrt(0.09 / (images / 3)))


def test_without_flips_every_image_is_a_digit(data):
    whole = replace(data, settings=replace(data.settings, flips=False))
    table = sampling_noise.binomial_noise(whole, level=0.5)
    assert table["images"].equals(table["digits"])
    assert table["by images"].equals(table["by digits"])


def variance(hits, items):
    """The sampling variance of the mean of hits [m] on images of these digits [m]."""
    digits, place = np.unique(items, return_inverse=True)
    return DigitHits(digits, np.bincount(place, hits), np.bincount(place)).variance()


def test_single_images_as_clusters_are_binomial():
    assert variance([1, 1, 1, 0], np.arange(4)) == pytest.approx(0.75 * 0.25 / (4 - 1))


def test_images_that_are_hit_together_count_once():
    once, items = np.array([1, 1, 0, 1, 0]), np.arange(5)
    assert variance(np.tile(once, 3), np.tile(items, 3)) == pytest.approx(variance(once, items))
    assert np.isnan(variance(once, np.zeros(5)))
    assert variance(np.ones(6), np.tile([0, 1, 2], 2)) == 0


def test_the_variance_is_that_of_a_regression_with_clustered_errors():
    hits, items = np.random.default_rng(0).random(30) < 0.7, np.arange(30) % 11
    fitted = sm.OLS(hits.astype(float), np.ones(30)).fit(
        cov_type="cluster", cov_kwds={"groups": items, "use_correction": False}
    )
    assert variance(hits, items) == pytest.approx(11 / 10 * fitted.cov_params()[0, 0])


def items_of(data, person):
    return np.tile(data.source.item, 3)[data.splits.test[person]]


def test_noise_on_own_data_is_that_of_digits_with_repeats_averaged(data, make_rows):
    people, rng = data.splits.individuals, np.random.default_rng(0)
    hits = {
        ("A", str(p), r): rng.random(len(data.splits.test[p])) < 0.7
        for p in people
        for r in range(2)
    }
    hits["B", str(people[0]), 0] = hits["A", str(people[0]), 0]
    found = sampling_noise.sampling_variances(data, make_rows(hits), "D_I")
    for p in people:
        mean = (hits["A", str(p), 0].astype(float) + hits["A", str(p), 1]) / 2
        assert found.loc[str(p), "A"] == pytest.approx(variance(mean, items_of(data, p)))
    assert found["B"].count() == 1  # the others have no row of it


def test_noise_on_a_common_test_set_leaves_out_images_that_are_hard_for_all(data, make_rows):
    rng, alike, own = np.random.default_rng(1), {}, {}
    for fold in data.splits.folds:
        hard = rng.random(len(fold.global_test)) < 0.7
        for place, p in enumerate(fold.individuals):
            alike["A", str(p), 0] = hard
            own["A", str(p), 0] = np.roll(hard, 7 * place)
    assert (
        sampling_noise.sampling_variances(data, make_rows(alike, "G"), "D_G").abs().max().max()
        < 1e-15
    )
    assert sampling_noise.sampling_variances(data, make_rows(own, "G"), "D_G").min().min() > 1e-5
    one = {key: hits for key, hits in own.items() if key[1] == str(data.splits.individuals[0])}
    assert (
        sampling_noise.sampling_variances(data, make_rows(one, "G"), "D_G").isna().all(axis=None)
    )  # nobody to tell apart from


def test_noise_on_a_common_test_set_is_the_variance_between_test_sets(data, make_rows):
    """Many draws of single digits: people's differences vary by twice the noise of one."""
    rng, m, n = np.random.default_rng(2), 4, 60
    fold = replace(data.splits.folds[0], individuals=tuple(range(m)), global_test=np.arange(n))
    parts = splits.Splits({}, {}, (fold,), {})
    source = Cohort(np.zeros((n, 2, 2), np.uint8), np.zeros(n, int), np.zeros(n, int), np.arange(n))
    one = replace(data, source=source, inputs=source.inputs, splits=parts)
    differences, variances = [], []
    for _ in range(300):
        hard = rng.random(n) < 0.3
        hits = np.where(rng.random((m, n)) < 0.2, rng.random((m, n)) < 0.5, ~hard)
        variances.append(
            sampling_noise.sampling_variances(
                one, make_rows({("A", str(p), 0): hits[p] for p in range(m)}, "G"), "D_G"
            ).mean()
        )
        differences.append(hits[0].mean() - hits[1].mean())
    assert np.mean(variances) == pytest.approx(np.var(differences) / 2, rel=0.2)


# --- hits without the data


def test_hits_by_place_are_hits_by_digit(data):
    """From rows alone, or with the data's own numbers of the digits: the same hits per digit."""
    rng = np.random.default_rng(0)
    lines = []
    for number, fold in enumerate(data.splits.folds):
        for person in fold.individuals:
            n = len(data.splits.test[person])
            for repeat in range(2):
                line = {"method": "A", "person": str(person), "repeat": repeat, "fold": number}
                lines.append(line | {"n_I": n, "hits_I": packed(rng.random(n) < 0.7)})
    rows = pd.DataFrame(lines)
    by_digit = sampling_noise.hits_by_digit(data, rows, "D_I")
    by_place = sampling_noise.hits_by_place(rows, copies=3)
    assert len(by_place) == len(by_digit) == 2
    for one, other in zip(by_place, by_digit, strict=True):
        assert one["A"].keys() == other["A"].keys()
        for person, hits in one["A"].items():
            theirs = other["A"][person]
            assert sorted(zip(hits.hits, hits.images, strict=True)) == sorted(
                zip(theirs.hits, theirs.images, strict=True)
            )
            assert hits.variance() == pytest.approx(theirs.variance())


def test_rotated_repeats_have_digits_of_their_own():
    lines = [
        {"method": "A", "person": "a", "repeat": repeat, "fold": 0, "n_I": 6}
        | {"hits_I": packed(np.array(hits, bool))}
        for repeat, hits in enumerate([(1, 0, 1, 0, 1, 0), (1, 1, 1, 1, 1, 1)])
    ]
    rows = pd.DataFrame(lines)
    [same] = sampling_noise.hits_by_place(rows, copies=3)
    [rotated] = sampling_noise.hits_by_place(rows, copies=3, rotated=True)
    assert same["A"]["a"].hits.tolist() == [6, 3]
    assert rotated["A"]["a"].hits.tolist() == [3, 0, 3, 3]
