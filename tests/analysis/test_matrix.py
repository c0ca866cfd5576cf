"""Every network on every individual's test set, from the rows' bits."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import matrix
from perso.store.sqlite import packed

SIZES = {"ann": 8, "7": 3, "bob": 10, "eve": 5}  # of the test sets
INDIVIDUALS = [["ann", "7", "bob"], ["bob", "eve"]]


def row(person, hits: list, fold: int = 0, repeat: int = 0, method: str = "SW-n-2", **changed):
    """A row as a store gives it; `hits` are those on each test set in the order of S."""
    bits = packed(np.concatenate(hits)) if hits else None
    line = {"method": method, "person": str(person), "fold": fold, "repeat": repeat}
    return line | {"n_I": SIZES[str(person)], "hits_S": bits} | changed


def hits_on(people, *counts: int) -> list:
    """Hits on the test sets of people: so many of the first samples each."""
    return [np.arange(SIZES[str(who)]) < n for who, n in zip(people, counts, strict=True)]


S = ("ann", "7", "bob")
FIRST = [
    row("ann", hits_on(S, 8, 1, 5)),
    row("7", hits_on(S, 4, 3, 10)),
    row("bob", hits_on(S, 0, 0, 9)),
]


def test_each_network_on_each_test_set():
    first, second = matrix.hits_matrix(INDIVIDUALS, pd.DataFrame(FIRST), "SW-n-2")
    assert list(first.index) == list(first.columns) == list(S)
    assert first.to_numpy() == pytest.approx(np.array([[1, 1 / 3, 0.5], [0.5, 1, 1], [0, 0, 0.9]]))
    assert list(second.index) == ["bob", "eve"] and second.isna().all(axis=None)


def test_repeats_are_averaged_and_may_have_test_sets_of_other_sizes():
    again = [
        row("ann", [np.ones(6, bool), np.zeros(4, bool), np.ones(10, bool)], repeat=1, n_I=6),
        row("7", [], repeat=1, n_I=4),  # a row that is older than the column
        row("bob", [np.zeros(20, bool)], repeat=1),
    ]
    first, _ = matrix.hits_matrix(INDIVIDUALS, pd.DataFrame(FIRST + again), "SW-n-2")
    assert first.loc["ann"].tolist() == pytest.approx([1, 1 / 6, 0.75])
    assert first.loc["7"].tolist() == pytest.approx([0.5, 1, 1])
    assert first.loc["bob"].tolist() == pytest.approx([0, 0, 0.45])


def test_a_repeat_in_which_somebody_has_no_row_is_left_out():
    again = [row("ann", [np.zeros(21, bool)], repeat=1), row("bob", [], repeat=1)]
    first, _ = matrix.hits_matrix(INDIVIDUALS, pd.DataFrame(FIRST + again), "SW-n-2")
    assert first.loc["ann"].tolist() == pytest.approx([1, 1 / 3, 0.5])
    # the row of another method tells the size too
    other = row("7", [], repeat=1, method="BaseLine")
    first, _ = matrix.hits_matrix(INDIVIDUALS, pd.DataFrame([*FIRST, *again, other]), "SW-n-2")
    assert first.loc["ann"].tolist() == pytest.approx([0.5, 1 / 6, 0.25])


def test_a_person_without_a_network_of_the_method_is_nan():
    lines = [*FIRST[:2], row("bob", hits_on(S, 1, 1, 1), method="BaseLine")]
    first, _ = matrix.hits_matrix(INDIVIDUALS, pd.DataFrame(lines), "SW-n-2")
    assert first.loc["bob"].isna().all() and first.loc[["ann", "7"]].notna().all(axis=None)
    older = pd.DataFrame([row(who, []) for who in S])
    assert all(t.isna().all(axis=None) for t in matrix.hits_matrix(INDIVIDUALS, older, "SW-n-2"))


def test_bits_of_another_number_of_samples_are_refused():
    lines = [row("ann", [np.ones(60, bool)]), *FIRST[1:]]
    with pytest.raises(ValueError, match="8 bytes are not the hits on 21 samples"):
        matrix.hits_matrix(INDIVIDUALS, pd.DataFrame(lines), "SW-n-2")


@pytest.mark.parametrize("n", [3, 4, 9])
def test_neither_a_good_network_nor_an_easy_test_set_is_a_gain(n):
    draw = np.random.default_rng(n)
    network, test_set, gain = draw.random((3, n))
    accuracies = network[:, None] + test_set + np.diag(gain)
    assert matrix.own_gain(accuracies) == pytest.approx(gain)


def test_without_some_networks_it_is_that_of_the_others():
    draw = np.random.default_rng(0)
    accuracies = draw.random((6, 6))
    accuracies[[1, 4]] = np.nan
    gains = matrix.own_gain(accuracies)
    there = [0, 2, 3, 5]
    assert np.isnan(gains[[1, 4]]).all()
    assert gains[there] == pytest.approx(matrix.own_gain(accuracies[np.ix_(there, there)]))
    accuracies[[0, 2]] = np.nan
    assert np.isnan(matrix.own_gain(accuracies)).all()  # two networks are too few


def test_it_is_what_the_definition_says():
    """By loops: own − others of one network, minus that of the other networks."""
    accuracies = np.random.default_rng(1).random((5, 5))
    for i, gain in enumerate(matrix.own_gain(accuracies)):
        others = [j for j in range(5) if j != i]
        own = accuracies[i, i] - np.mean([accuracies[i, j] for j in others])
        ease = [
            accuracies[k, i] - np.mean([accuracies[k, j] for j in others if j != k]) for k in others
        ]
        assert gain == pytest.approx(own - np.mean(ease))


def test_gains_are_by_person_over_all_folds():
    lines = [*FIRST, row("eve", hits_on(("bob", "eve"), 3, 3), fold=1)]
    gains = matrix.own_minus_others(INDIVIDUALS, pd.DataFrame(lines), "SW-n-2")
    assert list(gains.index) == [(0, "ann"), (0, "7"), (0, "bob"), (1, "bob"), (1, "eve")]
    assert gains.iloc[:3].notna().all() and gains.iloc[3:].isna().all()
