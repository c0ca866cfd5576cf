"""Accuracy per person, its statistics over people, and identification of people."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import accuracy, similarity


def rows(*lines) -> pd.DataFrame:
    """Rows of (method, person, acc_I); acc_G is half of it."""
    table = pd.DataFrame(lines, columns=["method", "person", "acc_I"])
    return table.assign(acc_G=table["acc_I"] / 2)


def test_repeats_are_averaged_within_a_person_first():
    often = rows(("A", "ann", 0.2), ("A", "ann", 0.4), ("A", "ann", 0.6), ("A", "bob", 0.8))
    assert accuracy.per_person(often, "acc_I")["A"].to_dict() == pytest.approx(
        {"ann": 0.4, "bob": 0.8}
    )
    line = accuracy.summary_over_people(accuracy.per_person(often, "acc_I")).loc["A"]
    assert line["n"] == 2
    assert line["mean"] == pytest.approx(0.6)  # of all four rows it would be 0.5
    assert (line["min"], line["max"]) == pytest.approx((0.4, 0.8))


def test_by_part_has_accuracies_on_D_I_and_on_D_G():
    one = rows(("A", "ann", 0.8))
    assert [people.loc["ann", "A"] for people in accuracy.by_part(one).values()] == [
        0.8,
        0.4,
    ]


def test_sd_has_the_divisor_n_minus_1():
    people = accuracy.per_person(rows(*(("A", n, n / 10) for n in range(2, 10))), "acc_I")
    table = accuracy.summary_over_people(people)
    # the squared deviations of .2 … .9 from their mean sum to .42
    assert table.loc["A", "sd"] == pytest.approx(np.sqrt(0.42 / 7))


def test_one_person_has_no_sd():
    people = accuracy.per_person(rows(("A", "ann", 0.5)), "acc_I")
    assert np.isnan(accuracy.summary_over_people(people).loc["A", "sd"])


def test_the_highest_mean_ranks_first_and_equals_share_a_rank():
    four = rows(("A", 0, 0.5), ("B", 0, 0.75), ("C", 0, 0.5), ("D", 0, 0.25))
    table = accuracy.summary_over_people(accuracy.per_person(four, "acc_I"))
    assert table["rank"].to_dict() == {"A": 2, "B": 1, "C": 2, "D": 4}


def test_methods_keep_the_order_of_their_rows():
    mixed = rows(("Z", 0, 0.1), ("A", 1, 0.2), ("Z", 1, 0.3), ("M", 0, 0.4))
    people = accuracy.per_person(mixed, "acc_I")
    assert list(people) == ["Z", "A", "M"]
    assert list(accuracy.summary_over_people(people).index) == ["Z", "A", "M"]


def test_a_person_without_a_method_is_left_out_of_that_method_alone():
    gap = rows(("A", "ann", 0.2), ("A", "bob", 0.6), ("B", "bob", 0.8))
    people = accuracy.per_person(gap, "acc_I")
    assert np.isnan(people.loc["ann", "B"]) and people.notna().sum().sum() == 3
    table = accuracy.summary_over_people(people)
    assert table["n"].to_dict() == {"A": 2, "B": 1}
    assert table["mean"].to_dict() == pytest.approx({"A": 0.4, "B": 0.8})


def noise(seed: int, low: int, high: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, (60, 4, 4)).astype(np.uint8)


def test_people_with_different_images_are_all_identified():
    images = np.concatenate([noise(0, 0, 100), noise(1, 150, 256), noise(2, 80, 170)])
    assert similarity.prediction_rate(images, np.repeat(["ann", "bob", "eve"], 60)) == 1


def test_people_with_equal_noise_are_identified_no_better_than_at_random():
    images = np.concatenate([noise(seed, 0, 256) for seed in range(4)])
    rate = similarity.prediction_rate(images, np.repeat(range(4), 60))
    assert rate == pytest.approx(1 / 4, abs=0.1)  # 0.1 is 3.6 standard errors of 240 guesses


def test_identification_is_deterministic():
    images, who = np.concatenate([noise(0, 0, 200), noise(1, 50, 256)]), np.repeat([0, 1], 60)
    assert similarity.prediction_rate(images, who) == similarity.prediction_rate(images, who)
