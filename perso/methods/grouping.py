"""Data grouping (v3 III-C): what of D_G is like an individual. Latent codes in, indices or persons out; NumPy only."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.metrics.pairwise import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors


def persons_to_add(persons: int, people: int) -> int:
    """Of `people` in D_G so many as `persons` are of 100, at least one."""
    return math.ceil(persons * people / 100)


def nearest_neighbours(
    codes_I: np.ndarray, codes_G: np.ndarray, k: int, far: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Distances and positions in D_G, [m, k] each, of the k samples nearest to each of D_I, the nearest first.

    codes_I, codes_G   latent codes [m, d], [N, d]; the distance is L2
    far                the k farthest instead, the farthest first
    """
    if not far:
        return NearestNeighbors(n_neighbors=k).fit(codes_G).kneighbors(codes_I)
    found = []
    for distances in pairwise_distances_chunked(
        codes_I, codes_G
    ):  # there is no index of what is far
        order = np.argsort(-distances, axis=1, kind="stable")[:, :k]
        found.append((np.take_along_axis(distances, order, 1), order))
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))


def nearest_samples(
    codes_I: np.ndarray, codes_G: np.ndarray, n: int, far: bool = False
) -> np.ndarray:
    """Single sample grouping (SG): n positions in D_G, int [n], none of them twice.

    First the nearest sample of each of D_I's, then the second nearest, and so on; within a turn the smallest distance
    comes first, and the last turn ends with the n-th sample. ValueError when D_G has fewer than n.
    """
    if n > len(codes_G):
        raise ValueError(f"{n} samples are to be chosen from a D_G of {len(codes_G)}")
    k = min(len(codes_G), max(4, 2 * math.ceil(n / len(codes_I))))
    while True:
        distances, positions = nearest_neighbours(codes_I, codes_G, k, far)
        turns = np.broadcast_to(np.arange(k), positions.shape)
        order = np.lexsort(
            (positions.ravel(), (-distances if far else distances).ravel(), turns.ravel())
        )
        chosen = positions.ravel()[order]
        first = np.sort(np.unique(chosen, return_index=True)[1])
        if len(first) >= n:
            return chosen[first[:n]]
        k = min(len(codes_G), 2 * k)


def class_means(codes: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Mean code of every class [classes, d]; nan where a class has no sample."""
    sums, counts = np.zeros((classes, codes.shape[1])), np.bincount(labels, minlength=classes)
    np.add.at(sums, labels, codes)
    return np.divide(
        sums, counts[:, None], out=np.full_like(sums, np.nan), where=counts[:, None] > 0
    )


def nearest_persons(
    mean_I: np.ndarray, means: Mapping, everybody: np.ndarray, n: int, far: bool = False
) -> list:
    """Individual grouping (IG): the n persons of D_G nearest to an individual, the nearest first.

    mean_I      her `class_means` [classes, d]
    means       those of the persons of D_G
    everybody   those of all of D_G, which stand in for a class somebody lacks
    The distance is L2 between the concatenated means. ValueError when D_G has fewer than n persons.
    """
    if n > len(means):
        raise ValueError(f"{n} persons are to be chosen from a D_G of {len(means)}")
    distance = person_distances([mean_I], list(means.values()), everybody)[0]
    order = np.argsort(-distance if far else distance, kind="stable")[:n]
    people = list(means)
    return [people[place] for place in order]


def person_distances(
    ones: Sequence[np.ndarray], others: Sequence[np.ndarray], everybody: np.ndarray
) -> np.ndarray:
    """L2 distances between people, [len(ones), len(others)], by their concatenated class means."""
    known = np.where(
        np.isnan(everybody), 0, everybody
    )  # a class that nobody has tells nobody apart

    def whole(means):
        return np.stack([np.where(np.isnan(mean), known, mean).ravel() for mean in means])

    return np.linalg.norm(whole(ones)[:, None] - whole(others)[None], axis=2)
