"""Individual fairness: latent distances between people, Mantel's test, and near pairs."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import individual_fairness
from perso.stats import permutation


def line(places) -> np.ndarray:
    return np.abs(np.subtract.outer(places, places)).astype(float)


def test_mantel_of_a_matrix_with_itself_and_with_its_opposite():
    rng = np.random.default_rng(0)
    apart = line(np.arange(7) ** 2)
    r, p = permutation.mantel(apart, apart, rng)
    assert r == pytest.approx(1) and p < 0.01
    r, p = permutation.mantel(apart, 36 * (1 - np.eye(7)) - apart, rng)
    assert r == pytest.approx(-1) and p == 1


def test_mantel_is_pearsons_r_over_pairs():
    a, b = line([0, 1, 5]), line([0, 2, 1])
    r, _ = permutation.mantel(a, b, np.random.default_rng(0), 9)
    assert r == pytest.approx(np.corrcoef([1, 5, 4], [2, 1, 1])[0, 1])


def test_mantel_rejects_as_often_as_it_should_where_there_is_nothing():
    rng = np.random.default_rng(4)
    p = [
        permutation.mantel(line(rng.random(7)), line(rng.random(7)), rng, 99)[1] for _ in range(200)
    ]
    assert 0.01 < np.mean(np.array(p) <= 0.05) < 0.1


def test_mantel_is_nan_for_two_people_for_equal_distances_and_for_nan():
    rng = np.random.default_rng(0)
    assert np.isnan(permutation.mantel(line([0, 1]), line([0, 1]), rng)).all()
    assert np.isnan(permutation.mantel(line([0, 1, 2]), np.zeros((3, 3)), rng)).all()
    assert np.isnan(permutation.mantel(line([0, 1, 2]), line([0, 1, np.nan]), rng)).all()


def test_people_with_equal_codes_have_no_distance(data):
    fold = data.splits.folds[0]
    codes = data.inputs.reshape(len(data.inputs), -1) / 255
    apart = individual_fairness.latent_distances(data, fold, codes)
    assert apart.shape == (len(fold.individuals),) * 2
    assert (
        np.allclose(apart, apart.T)
        and not apart.diagonal().any()
        and (apart + np.eye(len(apart)) > 0).all()
    )
    assert not individual_fairness.latent_distances(data, fold, np.ones_like(codes)).any()


def named(distances: np.ndarray, names: str) -> pd.DataFrame:
    return pd.DataFrame(distances, index=list(names), columns=list(names))


def test_mantel_has_a_line_per_method_and_fold():
    own = pd.DataFrame({"A": [0.5, 0.6, 0.8, 0.9, 0.1]}, index=list("abcde"))
    folds = [named(line([0, 1, 3]), "abc"), named(line([0, 1]), "de")]
    table = individual_fairness.mantel_by_fold(
        folds, own, ["A", "not run"], np.random.default_rng(0)
    )
    assert table.index.tolist() == [("A", "fold 0"), ("A", "fold 1")]
    assert table["people"].tolist() == [3, 2]
    assert table.loc[("A", "fold 0"), "r"] == pytest.approx(1)
    assert np.isnan(table.loc[("A", "fold 1"), "r"])  # two people are too few


def test_pairs_of_all_folds_have_the_difference_at_the_base():
    own = pd.DataFrame(
        {"A": [0.9, 0.8, 0.2, 0.7], "BaseLine": [0.5, 0.7, 0.6, 0.5]}, index=list("abcd")
    )
    folds = [named(line([0, 1]), "ab"), named(line([0, 5]), "cd")]
    none = pd.DataFrame(0.0, index=own.index, columns=own.columns)
    pairs = individual_fairness.near_pairs_of_folds(folds, own, none, "A")
    assert pairs[["better", "worse"]].values.tolist() == [["d", "c"], ["a", "b"]]
    assert pairs["at BaseLine"].tolist() == pytest.approx([-0.1, -0.2])


def test_distances_of_folds_have_the_names_of_their_people(data):
    class Coded:
        folds = data.splits.folds

        def codes(self, fold):
            return data.inputs.reshape(len(data.inputs), -1) / 255

    Coded.data = data
    tables = individual_fairness.fold_distances(Coded())
    for table, fold in zip(tables, data.splits.folds, strict=True):
        assert table.index.tolist() == [str(person) for person in fold.individuals]
        assert table.index.equals(table.columns) and (table.to_numpy().diagonal() == 0).all()


def test_individuals_are_found_by_their_names(data):
    people = data.splits.individuals
    assert individual_fairness.individuals_named(data, [str(people[1]), str(people[0])]) == [
        people[1],
        people[0],
    ]


def test_near_pairs_with_the_largest_difference_come_first():
    apart = line([0, 1, 3, 100, 101])
    p = pd.Series([0.5, 0.9, 0.6, 0.1, 0.2], list("abcde"))
    found = individual_fairness.near_pairs_that_differ(
        apart, p, pd.Series(0.02, p.index), share=0.3
    )  # three of ten pairs: a-b, d-e, b-c
    assert found[["better", "worse"]].values.tolist() == [["b", "a"], ["b", "c"], ["e", "d"]]
    assert (
        found["difference"].tolist() == pytest.approx([0.4, 0.3, 0.1])
        and found["noise"].tolist() == [0.2] * 3
    )
    assert found["distance"].tolist() == [1, 2, 1]


def test_a_person_without_a_result_is_in_no_pair():
    p = pd.Series([0.5, np.nan, 0.5], list("abc"))
    found = individual_fairness.near_pairs_that_differ(
        line([0, 1, 9]), p, pd.Series({"a": 0.0, "c": 0.0})
    )
    assert found[["better", "worse", "difference"]].values.tolist() == [["a", "c", 0.0]]
    assert individual_fairness.near_pairs_that_differ(line([0]), p[:1], pd.Series({"a": 0.0})).empty
