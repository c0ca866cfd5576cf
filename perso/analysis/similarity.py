"""What latent codes say about people: are samples of one hand alike, who is like whom, how diverse is a choice."""

from collections.abc import Iterable, Sequence
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


def unflipped(study: Study, fold: int) -> np.ndarray:
    """Training images of a fold, as they were written: int [n]."""
    index = plans.encoder_samples(study.data, study.folds[fold])
    return index[study.data.orientation[index] == 0]


def spaces(
    study: Study, latents: Iterable[int], fold: int = 0
) -> dict[str, tuple[Study | None, np.ndarray]]:
    """Codes of a fold's unflipped training images [n, d] in spaces of several dimensions, beside their raw pixels.

    The auto-encoders are trained where the store lacks them; each comes with its study.
    """
    images, found = unflipped(study, fold), {}
    for latent in latents:
        one = Study(replace(study.asked, latent=latent), study.store.path, study.data_dir)
        found[f"{latent} latent numbers"] = one, one.codes(fold, images)[images]
    pixels = study.data.inputs[images].reshape(len(images), -1) / 255
    return found | {f"{pixels.shape[1]} raw pixels": (None, pixels)}


def permanova_by_writer(study: Study, fold: int = 0) -> permutation.Permanova:
    """PERMANOVA: how much of what a fold's codes vary within classes goes by writer."""
    images, data = unflipped(study, fold), study.data
    codes, draw = study.codes(fold, images)[images], rng(study.settings.seed, "permanova")
    return permutation.permanova(codes, data.who[images], data.labels[images], draw)


def compare_spaces(study: Study, latents: Iterable[int], fold: int = 0) -> pd.DataFrame:
    """What every space keeps, a line each: of images, of their classes and of who wrote them.

    error          mean squared error of individuals' test images, which the auto-encoder never saw; grey levels 0 to 1
    class, writer  share of images whose nearest neighbour has the same
    × chance       the writer's share against that of a neighbour drawn at random
    R², p          PERMANOVA: share of the variation within classes that goes by writer, beyond chance
    """
    images, data = unflipped(study, fold), study.data
    who, labels = data.who[images], data.labels[images]
    chance, lines = same_by_chance(who), {}
    for name, (one, codes) in spaces(study, latents, fold).items():
        near = nearest(codes)
        writer = float((who[near] == who).mean())
        found = permutation.permanova(codes, who, labels, rng(study.settings.seed, "permanova"))
        lines[name] = {
            "error": reconstruction_error(one, fold) if one else 0.0,
            "class": float((labels[near] == labels).mean()),
            "writer": writer,
            "× chance": writer / chance,
            "R²": found.share - found.chance,
            "p": found.p,
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def nearest(codes: np.ndarray) -> np.ndarray:
    """The nearest other sample of each, int [n]."""
    near = NearestNeighbors(n_neighbors=2).fit(codes).kneighbors(codes, return_distance=False)
    return np.where(near[:, 0] == np.arange(len(codes)), near[:, 1], near[:, 0])


def reconstruction_error(study: Study, fold: int = 0) -> float:
    """Mean squared error of an auto-encoder on the test images of a fold's individuals."""
    tests = [study.data.splits.test[person] for person in study.folds[fold].individuals]
    index = np.concatenate(tests)
    made = study.reconstructed(index, fold)
    return float(np.mean((made - study.data.inputs[index] / 255) ** 2))


def nearest_distances(study: Study, fold: int = 0) -> pd.DataFrame:
    """How near the nearest training image is to a test image: mean latent distance, a line per individual.

    own    among the person's own
    D_G    among D_G's
    as few among as many of D_G's as the person has, drawn at random
    """
    parts, place, lines = study.data.splits, study.folds[fold], {}
    tests = np.concatenate([parts.test[person] for person in place.individuals])
    codes = study.codes(fold, np.concatenate([plans.encoder_samples(study.data, place), tests]))
    for person in place.individuals:
        own, test = parts.train[person], parts.test[person]
        few = rng(study.settings.seed, "as few", person).permutation(place.global_train)[: len(own)]
        among = {"own": own, "D_G": place.global_train, "as few": few}
        lines[person] = {
            name: float(grouping.nearest_neighbours(codes[test], codes[images], 1)[0].mean())
            for name, images in among.items()
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def persons_by_similarity(study: Study, person, fold: int = 0) -> list:
    """The people of D_G, those first who are most like an individual (IG's order)."""
    place = study.folds[fold]
    return plans.rank_persons(
        study.data, place, person, study.codes(fold), len(place.global_people)
    )


def counterparts(
    study: Study, images: Sequence[int], fold: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest and the farthest training image of D_G to each of an individual's training images, int [n] each."""
    D_G, codes = study.folds[fold].global_train, study.codes(fold)
    return tuple(
        D_G[grouping.nearest_neighbours(codes[images], codes[D_G], 1, far)[1][:, 0]]
        for far in (False, True)
    )


def diversity_by_person(study: Study, methods: Iterable[Method], fold: int = 0) -> pd.DataFrame:
    """How diverse D'_I is: mean latent distance of its images from their mean; a person a line, a method a column."""
    codes, place = study.codes(fold), study.folds[fold]
    return pd.DataFrame(
        {
            method.name: {
                str(person): mean_distance(
                    codes[plans.enlarge(study.data, place, method, person, 0, codes)]
                )
                for person in place.individuals
            }
            for method in methods
        }
    )


def diversity(study: Study, methods: Iterable[Method], fold: int = 0) -> pd.Series:
    """`diversity_by_person` on average over a fold's people, by method."""
    return diversity_by_person(study, methods, fold).mean()


def overlap(study: Study, methods: Iterable[Method], fold: int = 0) -> pd.Series:
    """Share of the images added to D_I that two people of a fold have in common, on average over pairs; by method."""
    codes, place, shares = study.codes(fold), study.folds[fold], {}
    for method in methods:
        alone = replace(method, with_own=False)
        added = [
            set(plans.enlarge(study.data, place, alone, person, 0, codes))
            for person in place.individuals
        ]
        pairs = combinations(added, 2)
        shares[method.name] = np.mean(
            [len(one & other) / min(len(one), len(other)) for one, other in pairs]
        )
    return pd.Series(shares)


def gain_on_classes(
    study: Study, rows: pd.DataFrame, method: str, classes: Sequence[int], base: str = BASELINE
) -> pd.DataFrame:
    """What a method adds to the base's accuracy on D_I, shares: a line per person, averaged over repeats.

    these, others   on test images of these classes of the source, flips included; on all other ones
    """
    data, lines = study.data, {}
    labels = data.source.labels[data.sample]  # a flip shows its sample's class
    for person in data.splits.individuals:
        own = rows[rows["person"] == str(person)]
        these = np.isin(labels[data.splits.test[person]], classes)

        def share(name, which, own=own):
            hits = [
                unpacked(blob, n)
                for blob, n in own.loc[own["method"] == name, [D_I.hits, D_I.size]].values
            ]
            return np.mean(hits, axis=0)[which].mean() if hits and which.any() else np.nan

        lines[person] = {
            column: share(method, which) - share(base, which)
            for column, which in (("these", these), ("others", ~these))
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def identify_persons(study: Study, fold: int = 0, most: int = 14) -> tuple[pd.Series, float]:
    """How often a code's writer is named, by writer, among at most `most` people of a fold; how often by chance."""
    images, place = unflipped(study, fold), study.folds[fold]
    people = [*place.individuals, *place.global_people][:most]
    images = images[np.isin(study.data.who[images], people)]
    who = study.data.who[images]
    right = predict_person(study.codes(fold, images)[images], who) == who
    return pd.Series(right).groupby(who).mean(), float(
        np.unique(who, return_counts=True)[1].max() / len(who)
    )


def identification_rate(study: Study, fold: int = 0, most: int = 14) -> tuple[float, float]:
    """How often the writer of a code is named, and how often by chance; each person counts alike (`identify_persons`)."""
    share, chance = identify_persons(study, fold, most)
    return float(share.mean()), chance


def writer_identification(data: StudyData, most: int = 14) -> tuple[float, float]:
    """How often an image's writer is named among at most `most` individuals, and how often by chance."""
    people = data.splits.individuals[:most]
    index = np.flatnonzero(np.isin(data.who, people) & (data.orientation == 0))
    who = data.who[index]
    chance = np.unique(who, return_counts=True)[1].max() / len(who)
    return prediction_rate(data.inputs[index], who), float(chance)


def predict_person(images: np.ndarray, who: np.ndarray, folds: int = 5) -> np.ndarray:
    """The person a support vector machine takes each of images [N, H, W] or codes [N, d] for, cross-validated: [N]."""
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.svm import SVC

    pixels = images.reshape(len(images), -1) / 255
    return cross_val_predict(
        SVC(C=10), pixels, who, cv=StratifiedKFold(folds, shuffle=True, random_state=0)
    )


def prediction_rate(images: np.ndarray, who: np.ndarray, folds: int = 5) -> float:
    """Share of images or codes whose person is `identify_persons`."""
    return float((predict_person(images, who, folds) == who).mean())


def same_by_chance(who: np.ndarray) -> float:
    """How often two samples that are drawn at random are the same person's."""
    counts = np.unique(who, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (len(who) * (len(who) - 1)))


def mean_distance(codes: np.ndarray) -> float:
    """Mean L2 distance of codes [n, d] from their mean."""
    return float(np.linalg.norm(codes - codes.mean(0), axis=1).mean())
