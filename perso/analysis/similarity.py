"""Similarity of samples and of people by latent codes, and diversity of the data added to D_I.

Distances are L2 between latent codes of a fold's auto-encoder, which is trained where it is neither
stored nor published. Images are indices into the study's data set, int [n]; `fold` is the number of
a fold.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from perso.data.dataset import StudyData
from perso.methods import grouping
from perso.methods.method import BASELINE, Method
from perso.parts import D_I
from perso.seeds import rng
from perso.stats import permutation
from perso.store.sqlite import unpacked
from perso.study import plans
from perso.study.study import Study

MOST_NAMED = 14  # people, at most, of whom one is identified


def unflipped(study: Study, fold: int) -> np.ndarray:
    """Training images of a fold without their flips, int [n]."""
    index = plans.encoder_samples(study.data, study.folds[fold])
    return index[study.data.orientation[index] == 0]


def spaces(
    study: Study, latents: Iterable[int], fold: int = 0
) -> dict[str, tuple[Study | None, np.ndarray]]:
    """Representations of a fold's unflipped training images: latent codes, and raw pixels last.

    latents   numbers of latent dimensions; each has an auto-encoder of its own

    Returns by name the study with that auto-encoder (None for pixels) and the values, [n, d].
    """
    images = unflipped(study, fold)
    by_name: dict[str, tuple[Study | None, np.ndarray]] = {}
    for latent in latents:
        settings = replace(study.asked, latent=latent)
        encoder_study = Study(settings, study.store.path, study.data_dir, study.results)
        codes = encoder_study.codes(fold, images)[images]
        by_name[f"{latent} latent numbers"] = encoder_study, codes
    pixels = study.data.inputs[images].reshape(len(images), -1) / 255
    by_name[f"{pixels.shape[1]} raw pixels"] = None, pixels
    return by_name


def permanova_by_writer(study: Study, fold: int = 0) -> permutation.Permanova:
    """Share of a fold's latent variation within classes that is between people (PERMANOVA)."""
    data = study.data
    images = unflipped(study, fold)
    codes = study.codes(fold, images)[images]
    draw = rng(study.settings.seed, "permanova")
    return permutation.permanova(codes, data.who[images], data.labels[images], draw)


def compare_spaces(study: Study, latents: Iterable[int], fold: int = 0) -> pd.DataFrame:
    """What each of the `spaces` preserves of images, classes and people: a line each.

    error          mean squared error on the individuals' test images, which are not training data
                   of the auto-encoder; grey levels from 0 to 1
    class, writer  share of images whose nearest neighbour has the same class, the same person
    × chance       `writer` as a multiple of the share expected at random
    R², p          PERMANOVA: share of the variation within classes that is between people, minus
                   the share expected at random; and its p
    """
    images = unflipped(study, fold)
    who = study.data.who[images]
    labels = study.data.labels[images]
    at_random = same_by_chance(who)
    lines = {}
    for name, (encoder_study, codes) in spaces(study, latents, fold).items():
        neighbours = nearest(codes)
        same_person = float((who[neighbours] == who).mean())
        same_class = float((labels[neighbours] == labels).mean())
        draw = rng(study.settings.seed, "permanova")
        between_people = permutation.permanova(codes, who, labels, draw)
        lines[name] = {
            "error": reconstruction_error(encoder_study, fold) if encoder_study else 0.0,
            "class": same_class,
            "writer": same_person,
            "× chance": same_person / at_random,
            "R²": between_people.share - between_people.chance,
            "p": between_people.p,
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def nearest(codes: np.ndarray) -> np.ndarray:
    """Position of the nearest other sample to each of codes [n, d], int [n]."""
    index = NearestNeighbors(n_neighbors=2).fit(codes)
    two = index.kneighbors(codes, return_distance=False)
    # The first neighbour is usually the sample itself, but an equal sample may take its place.
    is_itself = two[:, 0] == np.arange(len(codes))
    return np.where(is_itself, two[:, 1], two[:, 0])


def reconstruction_error(study: Study, fold: int = 0) -> float:
    """Mean squared error of an auto-encoder on the test images of a fold's individuals."""
    tests = [study.data.splits.test[person] for person in study.folds[fold].individuals]
    index = np.concatenate(tests)
    reconstructed = study.reconstructed(index, fold)
    return float(np.mean((reconstructed - study.data.inputs[index] / 255) ** 2))


def nearest_distances(study: Study, fold: int = 0) -> pd.DataFrame:
    """Mean latent distance of a person's test images to the nearest training image.

    A line per individual of the fold; columns are where the training image is:

    own      in the person's D_I
    D_G      in D_G
    as few   in a random part of D_G, as large as the person's D_I
    """
    splits = study.data.splits
    people = study.folds[fold]
    tests = np.concatenate([splits.test[person] for person in people.individuals])
    training = plans.encoder_samples(study.data, people)
    codes = study.codes(fold, np.concatenate([training, tests]))
    lines = {}
    for person in people.individuals:
        own = splits.train[person]
        test = splits.test[person]
        shuffled = rng(study.settings.seed, "as few", person).permutation(people.global_train)
        sources = {"own": own, "D_G": people.global_train, "as few": shuffled[: len(own)]}
        lines[person] = {}
        for name, images in sources.items():
            distances, _ = grouping.nearest_neighbours(codes[test], codes[images], 1)
            lines[person][name] = float(distances.mean())
    return pd.DataFrame.from_dict(lines, orient="index")


def persons_by_similarity(study: Study, person: Hashable, fold: int = 0) -> list:
    """The people of D_G as individual grouping ranks them: the most similar to a person first."""
    people = study.folds[fold]
    codes = study.codes(fold)
    return plans.rank_persons(study.data, people, person, codes, len(people.global_people))


def counterparts(
    study: Study, images: Sequence[int], fold: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest and the farthest training image of D_G to each image, int [n] each.

    images   training images of an individual
    """
    D_G = study.folds[fold].global_train
    codes = study.codes(fold)
    _, near = grouping.nearest_neighbours(codes[images], codes[D_G], k=1)
    _, far = grouping.nearest_neighbours(codes[images], codes[D_G], k=1, far=True)
    return D_G[near[:, 0]], D_G[far[:, 0]]


def diversity_by_person(study: Study, methods: Iterable[Method], fold: int = 0) -> pd.DataFrame:
    """Diversity of the enlarged D'_I: mean latent distance of its images from their mean.

    A line per individual of the fold, a column per method; in the first repeat.
    """
    codes = study.codes(fold)
    people = study.folds[fold]
    means = plans.means_of_people(study.data, people, codes)
    columns: dict[str, dict[str, float]] = {}
    for method in methods:
        columns[method.name] = {}
        for person in people.individuals:
            images = plans.enlarge(study.data, people, method, person, 0, codes, means)
            columns[method.name][str(person)] = mean_distance(codes[images])
    return pd.DataFrame(columns)


def diversity(study: Study, methods: Iterable[Method], fold: int = 0) -> pd.Series:
    """`diversity_by_person` averaged over a fold's individuals, by method."""
    return diversity_by_person(study, methods, fold).mean()


def overlap(study: Study, methods: Iterable[Method], fold: int = 0) -> pd.Series:
    """Share of the images added to D_I that two people have in common, by method.

    On average over all pairs of the fold's individuals.
    """
    codes = study.codes(fold)
    people = study.folds[fold]
    means = plans.means_of_people(study.data, people, codes)
    shares = {}
    for method in methods:
        without_own = replace(method, with_own=False)
        added = [
            set(plans.enlarge(study.data, people, without_own, person, 0, codes, means))
            for person in people.individuals
        ]
        common = [
            len(one & other) / min(len(one), len(other)) for one, other in combinations(added, 2)
        ]
        shares[method.name] = np.mean(common)
    return pd.Series(shares)


def gain_on_classes(
    study: Study, rows: pd.DataFrame, method: str, classes: Sequence[int]
) -> pd.DataFrame:
    """Gain in accuracy on D_I on some classes and on the others, over the baseline, by person.

    classes         of the source, such as the digits 0, 1 and 8; a flip counts with its digit
    these, others   columns: the gain on test images of these classes, and of all others; shares,
                    averaged over repeats; nan without rows or without such images
    """
    data = study.data
    labels = data.source.labels[data.sample]
    hits: dict[tuple[str, str], list[np.ndarray]] = {}
    of_both = rows[rows["method"].isin([method, BASELINE])]
    columns = of_both[["person", "method", D_I.hits, D_I.size]]
    for person, name, blob, n in columns.itertuples(index=False):
        hits.setdefault((person, name), []).append(unpacked(blob, n))
    lines = {}
    for person in data.splits.individuals:
        own, of_base = (hits.get((str(person), name), []) for name in (method, BASELINE))
        these = np.isin(labels[data.splits.test[person]], classes)
        lines[person] = {
            "these": accuracy_on(own, these) - accuracy_on(of_base, these),
            "others": accuracy_on(own, ~these) - accuracy_on(of_base, ~these),
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def accuracy_on(hits: Sequence[np.ndarray], images: np.ndarray) -> float:
    """Accuracy on some of a person's test images, averaged over repeats.

    hits     of each repeat on all test images, bool [n]
    images   which of the person's test images, bool [n]
    """
    if not hits or not images.any():
        return np.nan
    return np.mean(hits, axis=0)[images].mean()


def identify_persons(
    study: Study, fold: int = 0, most: int = MOST_NAMED
) -> tuple[pd.Series, float]:
    """Share of latent codes whose person is identified, by person; and the share of a guess.

    most   number of people at most: the individuals first, then the people of D_G

    The guess is always the person with most samples.
    """
    images = unflipped(study, fold)
    people = [*study.folds[fold].individuals, *study.folds[fold].global_people][:most]
    images = images[np.isin(study.data.who[images], people)]
    who = study.data.who[images]
    correct = predict_person(study.codes(fold, images)[images], who) == who
    return pd.Series(correct).groupby(who).mean(), largest_share(who)


def identification_rate(study: Study, fold: int = 0, most: int = MOST_NAMED) -> tuple[float, float]:
    """The two shares of `identify_persons`, the first averaged over people."""
    shares, at_random = identify_persons(study, fold, most)
    return float(shares.mean()), at_random


def writer_identification(data: StudyData, most: int = MOST_NAMED) -> tuple[float, float]:
    """Share of unflipped images whose person is identified, and the share of a guess.

    most   number of individuals at most

    The guess is always the person with most images.
    """
    people = data.splits.individuals[:most]
    index = np.flatnonzero(np.isin(data.who, people) & (data.orientation == 0))
    who = data.who[index]
    return prediction_rate(data.inputs[index], who), largest_share(who)


def largest_share(who: np.ndarray) -> float:
    """Share of the person with most samples."""
    counts = np.unique(who, return_counts=True)[1]
    return float(counts.max() / len(who))


def predict_person(images: np.ndarray, who: np.ndarray, folds: int = 5) -> np.ndarray:
    """The person of each sample as a support vector machine predicts it, cross-validated: [n].

    images   [n, H, W], or latent codes [n, d]
    who      the person of each, [n]
    folds    of the cross-validation; fewer where all people have fewer samples
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.svm import SVC

    folds = max(2, min(folds, int(np.unique(who, return_counts=True)[1].max())))
    features = images.reshape(len(images), -1) / 255
    splits = StratifiedKFold(folds, shuffle=True, random_state=0)
    return cross_val_predict(SVC(C=10), features, who, cv=splits)


def prediction_rate(images: np.ndarray, who: np.ndarray, folds: int = 5) -> float:
    """Share of images or codes for which `predict_person` is correct."""
    return float((predict_person(images, who, folds) == who).mean())


def same_by_chance(who: np.ndarray) -> float:
    """Probability that two different samples drawn at random are from the same person."""
    counts = np.unique(who, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (len(who) * (len(who) - 1)))


def mean_distance(codes: np.ndarray) -> float:
    """Mean L2 distance of codes [n, d] from their mean."""
    return float(np.linalg.norm(codes - codes.mean(0), axis=1).mean())
