"""Data grouping (v3 III-C): the samples or people of D_G that are most similar to an individual.

From latent codes to indices of samples or to people.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from sklearn.metrics.pairwise import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import ThreadpoolController


def persons_to_add(percent: int, people: int) -> int:
    """How many people are `percent` of the `people` in D_G, rounded up."""
    return math.ceil(percent * people / 100)


def nearest_neighbours(
    codes_I: np.ndarray, codes_G: np.ndarray, k: int, far: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """L2 distances and positions in D_G, [m, k] each, of the k nearest neighbours of each sample.

    codes_I, codes_G   latent codes of D_I and D_G, [m, d] and [N, d]
    far                the k farthest instead
    Columns go from the nearest to the farthest, and with `far` from the farthest to the nearest.
    """
    if not far:
        # many small searches: threads that wait for each other take longer than the search
        with thread_pools().limit(limits=1, user_api="openmp"):
            return NearestNeighbors(n_neighbors=k).fit(codes_G).kneighbors(codes_I)
    # no index finds the farthest samples: sort all distances, a chunk of D_I at a time
    distances = []
    positions = []
    for chunk in pairwise_distances_chunked(codes_I, codes_G):
        order = np.argsort(-chunk, axis=1, kind="stable")[:, :k]
        distances.append(np.take_along_axis(chunk, order, axis=1))
        positions.append(order)
    return np.concatenate(distances), np.concatenate(positions)


@cache
def thread_pools() -> ThreadpoolController:
    """The threads of this process's libraries; looking for these takes longer than a search."""
    return ThreadpoolController()


def nearest_samples(
    codes_I: np.ndarray, codes_G: np.ndarray, n: int, far: bool = False
) -> np.ndarray:
    """Single sample grouping (SG): n different positions in D_G, int [n].

    codes_I, codes_G   latent codes of D_I and D_G, [m, d] and [N, d]
    far                the farthest samples instead
    First the nearest neighbour of each sample of D_I, then the second nearest, and so on. Within
    one such rank the smallest distance comes first; the last rank stops at the n-th sample.
    ValueError when D_G has fewer than n samples.
    """
    if n > len(codes_G):
        raise ValueError(f"{n} samples cannot be chosen from a D_G of {len(codes_G)}")
    k = min(len(codes_G), max(4, 2 * math.ceil(n / len(codes_I))))
    while True:
        distances, positions = nearest_neighbours(codes_I, codes_G, k, far)
        signed = -distances if far else distances
        ranks = np.broadcast_to(np.arange(k), positions.shape)
        # by rank, then by distance, then by position
        order = np.lexsort((positions.ravel(), signed.ravel(), ranks.ravel()))
        candidates = positions.ravel()[order]
        first = np.sort(np.unique(candidates, return_index=True)[1])  # without duplicates
        if len(first) >= n:
            return candidates[first[:n]]
        k = min(len(codes_G), 2 * k)  # too many duplicates: look further


def class_means(codes: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Mean code of every class, [classes, d]; nan where a class has no sample.

    codes, labels   [n, d] and int [n]
    """
    counts = np.bincount(labels, minlength=classes)[:, None]
    sums = np.zeros((classes, codes.shape[1]))
    np.add.at(sums, labels, codes)
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def nearest_persons(
    mean_I: np.ndarray, means: Mapping, mean_all: np.ndarray, n: int, far: bool = False
) -> list:
    """Individual grouping (IG): the n people of D_G nearest to an individual, the nearest first.

    mean_I      the individual's `class_means`, [classes, d]
    means       {person: class means} of the people of D_G
    mean_all    class means over all of D_G, for the classes that a person has no sample of
    far         the farthest instead, the farthest first
    The distance is `person_distances`. ValueError when D_G has fewer than n people.
    """
    if n > len(means):
        raise ValueError(f"{n} people cannot be chosen from a D_G of {len(means)}")
    distance = person_distances([mean_I], list(means.values()), mean_all)[0]
    order = np.argsort(-distance if far else distance, kind="stable")[:n]
    people = list(means)
    return [people[place] for place in order]


def person_distances(
    ones: Sequence[np.ndarray], others: Sequence[np.ndarray], mean_all: np.ndarray
) -> np.ndarray:
    """L2 distances between people, [len(ones), len(others)], by their concatenated class means.

    ones, others   class means [classes, d] of each person
    mean_all       class means over all, for the classes that a person has no sample of
    """
    # a class that nobody has a sample of adds nothing to any distance
    default = np.where(np.isnan(mean_all), 0, mean_all)

    def concatenated(means: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack([np.where(np.isnan(mean), default, mean).ravel() for mean in means])

    return np.linalg.norm(concatenated(ones)[:, None] - concatenated(others)[None], axis=2)
