"""What latent codes say about people: are samples of one hand alike, who is like whom, how diverse is a choice."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from perso import grouping, metrics, stats, work
from perso.methods import Method
from perso.settings import rng
from perso.study import Study


def unflipped(study: Study, fold: int) -> np.ndarray:
    """Training images of a fold, as they were written: int [n]."""
    index = work.seen(study.prepared, study.folds[fold])
    return index[index < len(study.prepared.source.who)]


def spaces(study: Study, latents: Iterable[int], fold: int = 0) -> dict[str, tuple[Study | None, np.ndarray]]:
    """Codes of a fold's unflipped training images [n, d] in spaces of several dimensions, beside their raw pixels.

    The auto-encoders are trained where the store lacks them; each comes with its study.
    """
    images, found = unflipped(study, fold), {}
    for latent in latents:
        one = Study(replace(study.asked, latent=latent), study.store.path, study.data_dir)
        found[f"{latent} latent numbers"] = one, one.codes(fold, images)[images]
    pixels = study.prepared.images[images].reshape(len(images), -1) / 255
    return found | {f"{pixels.shape[1]} raw pixels": (None, pixels)}


def table(study: Study, latents: Iterable[int], fold: int = 0) -> pd.DataFrame:
    """What every space keeps, a line each: of images, of their classes and of who wrote them.

    error          mean squared error of individuals' test images, which the auto-encoder never saw; grey levels 0 to 1
    class, writer  share of images whose nearest neighbour has the same
    × chance       the writer's share against that of a neighbour drawn at random
    R², p          PERMANOVA: share of the variation within classes that goes by writer, beyond chance
    """
    images, source = unflipped(study, fold), study.prepared.source
    who, labels = source.who[images], source.labels[images]
    chance, lines = metrics.same_by_chance(who), {}
    for name, (one, codes) in spaces(study, latents, fold).items():
        near = nearest(codes)
        writer = float((who[near] == who).mean())
        found = stats.permanova(codes, who, labels, rng(study.settings.seed, "permanova"))
        lines[name] = {
            "error": error(one, fold) if one else 0.0, "class": float((labels[near] == labels).mean()),
            "writer": writer, "× chance": writer / chance, "R²": found.share - found.chance, "p": found.p,
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def nearest(codes: np.ndarray) -> np.ndarray:
    """The nearest other sample of each, int [n]."""
    near = NearestNeighbors(n_neighbors=2).fit(codes).kneighbors(codes, return_distance=False)
    return np.where(near[:, 0] == np.arange(len(codes)), near[:, 1], near[:, 0])


def error(study: Study, fold: int = 0) -> float:
    """Mean squared error of an auto-encoder on the test images of a fold's individuals."""
    tests = [study.prepared.parts.test[person] for person in study.folds[fold].individuals]
    index = np.concatenate(tests)
    made = study.reconstructed(index, fold)
    return float(np.mean((made - study.prepared.images[index] / 255) ** 2))


def own_and_others(study: Study, fold: int = 0) -> pd.DataFrame:
    """How near the nearest training image is to a test image: mean latent distance, a line per individual.

    own    among the person's own
    D_G    among D_G's
    as few among as many of D_G's as the person has, drawn at random
    """
    parts, place, lines = study.prepared.parts, study.folds[fold], {}
    tests = np.concatenate([parts.test[person] for person in place.individuals])
    codes = study.codes(fold, np.concatenate([work.seen(study.prepared, place), tests]))
    for person in place.individuals:
        own, test = parts.train[person], parts.test[person]
        few = rng(study.settings.seed, "as few", person).permutation(place.global_train)[: len(own)]
        among = {"own": own, "D_G": place.global_train, "as few": few}
        lines[person] = {
            name: float(grouping.neighbours(codes[test], codes[images], 1)[0].mean()) for name, images in among.items()
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def ranked(study: Study, person, fold: int = 0) -> list:
    """The people of D_G, those first who are most like an individual (IG's order)."""
    prepared, place, codes = study.prepared, study.folds[fold], study.codes(fold)

    def means(images):
        return grouping.class_means(codes[images], prepared.labels[images], prepared.classes)

    others = {other: means(prepared.parts.train[other]) for other in place.global_people}
    own = means(prepared.parts.train[person])
    return grouping.nearest_persons(own, others, means(place.global_train), len(others))


def counterparts(study: Study, images: Sequence[int], fold: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The nearest and the farthest training image of D_G to each of an individual's training images, int [n] each."""
    D_G, codes = study.folds[fold].global_train, study.codes(fold)
    return tuple(D_G[grouping.neighbours(codes[images], codes[D_G], 1, far)[1][:, 0]] for far in (False, True))


def diversity(study: Study, methods: Iterable[Method], fold: int = 0) -> pd.Series:
    """How diverse D'_I is: mean latent distance of its images from their mean, over a fold's people; by method."""
    codes, place = study.codes(fold), study.folds[fold]
    return pd.Series({
        method.name: np.mean([
            metrics.diversity(codes[work.enlarged(study.prepared, place, method, person, 0, codes)])
            for person in place.individuals
        ]) for method in methods
    })


def identification(study: Study, fold: int = 0, most: int = 14) -> tuple[float, float]:
    """How often the writer of a code is named among at most `most` people of a fold, and how often by chance."""
    images, source = unflipped(study, fold), study.prepared.source
    people = [*study.folds[fold].individuals, *study.folds[fold].global_people][:most]
    images = images[np.isin(source.who[images], people)]
    who = source.who[images]
    codes = study.codes(fold, images)[images]
    return metrics.identification(codes, who), float(np.unique(who, return_counts=True)[1].max() / len(who))
