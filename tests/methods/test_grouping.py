"""Data grouping: nearest samples against brute force, nearest people against a case by hand."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_info

from perso.methods import grouping
from perso.methods.grouping import (
    class_means,
    nearest_persons,
    nearest_samples,
    person_distances,
    persons_to_add,
)


def cloud(*shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def by_brute_force(codes_I, codes_G, n, far=False) -> list[int]:
    """Rank by rank: the nearest of each sample, then the second nearest, …; nothing twice."""
    distance = np.linalg.norm(codes_I[:, None].astype(float) - codes_G[None], axis=2) * (
        -1 if far else 1
    )
    chosen = []
    for rank in range(len(codes_G)):
        places = [(np.sort(line)[rank], int(np.argsort(line)[rank])) for line in distance]
        chosen += [place for _, place in sorted(places) if place not in chosen]
        chosen = list(dict.fromkeys(chosen))
    return chosen[:n]


def test_neighbours_are_searched_in_one_thread(monkeypatch):
    seen = []

    class Watched(NearestNeighbors):
        def kneighbors(self, *args, **kwargs):
            pools = threadpool_info()
            seen.extend(pool["num_threads"] for pool in pools if pool["user_api"] == "openmp")
            return super().kneighbors(*args, **kwargs)

    monkeypatch.setattr(grouping, "NearestNeighbors", Watched)
    grouping.nearest_neighbours(cloud(7, 3), cloud(60, 3, seed=1), 4)
    assert set(seen) == {1}


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("n", [1, 4, 13, 59, 60])
@pytest.mark.parametrize("own", [1, 7, 90])
def test_nearest_samples_are_those_of_brute_force(own, n, far):
    codes_I, codes_G = cloud(own, 3), cloud(60, 3, seed=1)
    found = nearest_samples(codes_I, codes_G, n, far)
    assert found.tolist() == by_brute_force(codes_I, codes_G, n, far)
    assert len(set(found.tolist())) == n


def test_the_order_of_ones_own_samples_does_not_matter():
    codes_I, codes_G = cloud(9, 4), cloud(80, 4, seed=1)
    assert (
        nearest_samples(codes_I, codes_G, 30).tolist()
        == nearest_samples(codes_I[::-1], codes_G, 30).tolist()
    )


def test_the_nearest_are_nearer_than_the_farthest():
    codes_I, codes_G = cloud(9, 4), cloud(80, 4, seed=1)
    near, far = (nearest_samples(codes_I, codes_G, 20, far) for far in (False, True))
    to = [np.linalg.norm(codes_G[part][:, None] - codes_I, axis=2).mean() for part in (near, far)]
    assert to[0] < to[1] and len(set(near) & set(far)) < 5


def test_more_than_d_g_has_cannot_be_chosen():
    with pytest.raises(ValueError, match=r"^61 samples cannot be chosen from a D_G of 60$"):
        nearest_samples(cloud(5, 3), cloud(60, 3), 61)
    means = {p: cloud(2, 3, seed=p) for p in range(3)}
    with pytest.raises(ValueError, match=r"^4 people cannot be chosen from a D_G of 3$"):
        nearest_persons(cloud(2, 3), means, cloud(2, 3), 4)


def test_the_nearest_are_found_without_sorting_all_distances(monkeypatch):
    monkeypatch.setattr(grouping, "pairwise_distances_chunked", None)
    assert len(nearest_samples(cloud(5, 3), cloud(60, 3), 60)) == 60


def test_class_means_are_means_and_nan_where_a_class_has_no_sample():
    codes, labels = np.array([[1.0, 2], [3, 4], [5, 5]], np.float32), np.array([0, 0, 2])
    assert np.array_equal(
        class_means(codes, labels, 4), [[2, 3], [np.nan] * 2, [5, 5], [np.nan] * 2], equal_nan=True
    )


OWN = np.array([[0.0, 0], [10, 10]])
OTOWN = {
    "twin": OWN + 0.1,
    "shifted": OWN + 3,
    "other way round": OWN[::-1],  # the same codes, of the other class
    "opposite": -OWN - 9,
}


@pytest.mark.parametrize(
    ("far", "expected"),
    [
        (False, ["twin", "shifted", "other way round", "opposite"]),
        (True, ["opposite", "other way round", "shifted", "twin"]),
    ],
)
def test_the_nearest_people_come_first(far, expected):
    for n in (1, 2, 4):
        assert nearest_persons(OWN, OTOWN, OWN, n, far) == expected[:n]


def test_a_missing_class_is_replaced_by_the_mean_of_all_people():
    everybody = np.array([[1.0, 1], [8, 8]])
    without = np.array([[0.0, 0], [np.nan, np.nan]])
    alike, unlike = np.array([[0.0, 0], [8, 8]]), np.array([[0.0, 0], [100, 100]])
    assert nearest_persons(without, {"unlike": unlike, "alike": alike}, everybody, 1) == ["alike"]
    assert nearest_persons(alike, {"far": OWN + 50, "misses one": without}, everybody, 1) == [
        "misses one"
    ]
    nobody = np.array([[1.0, 1], [np.nan, np.nan]])
    assert nearest_persons(without, {"a": without + 9, "b": without}, nobody, 1) == ["b"]


def test_distances_are_l2_between_concatenated_class_means():
    assert np.allclose(person_distances([OWN], [OWN + 3, OWN], OWN), [[6, 0]])


@pytest.mark.parametrize(
    ("people", "expected"), [(100, (5, 21)), (60, (3, 13)), (7, (1, 2)), (2, (1, 1)), (1, (1, 1))]
)
def test_the_number_of_people_scales_with_d_g(people, expected):
    assert (persons_to_add(5, people), persons_to_add(21, people)) == expected and persons_to_add(
        100, people
    ) == people
