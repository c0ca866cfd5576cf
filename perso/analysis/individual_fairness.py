"""Individual fairness, as v3 defines it: people who are similar have similar accuracies.

How similar two people are is measured by the distance of their latent codes.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from perso.data.dataset import StudyData
from perso.data.splits import Fold
from perso.methods import grouping
from perso.methods.method import BASELINE
from perso.stats.permutation import mantel


def latent_distances(data: StudyData, fold: Fold, codes: np.ndarray) -> np.ndarray:
    """Distances between a fold's individuals [n, n]: L2 of their latent class means (v3 II-A (3)).

    codes   of a fold's training images [M, d] (`Study.codes`)
    """
    parts = *(data.splits.train[person] for person in fold.individuals), fold.global_train
    means = [grouping.class_means(codes[each], data.labels[each], data.classes) for each in parts]
    return grouping.person_distances(means[:-1], means[:-1], means[-1])


def fold_distances(study) -> list[pd.DataFrame]:
    """`latent_distances` of each fold of a study, with the people's names (text) on both axes."""
    tables = []
    for number, fold in enumerate(study.folds):
        names = [str(person) for person in fold.individuals]
        distances = latent_distances(study.data, fold, study.codes(number))
        tables.append(pd.DataFrame(distances, index=names, columns=names))
    return tables


def mantel_by_fold(
    distances: Sequence[pd.DataFrame],
    accuracies: pd.DataFrame,
    methods: Iterable[str],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Mantel's test that accuracies differ more between people who are further apart.

    distances    between the people of each fold (`fold_distances`)
    accuracies   a line per person, a column per method
    A line per method of the columns and fold: people, r, and its one-sided p.
    """
    lines = {}
    for method in (name for name in methods if name in accuracies):
        for number, apart in enumerate(distances):
            own = accuracies[method].reindex(apart.index).to_numpy()
            differences = np.abs(np.subtract.outer(own, own))
            r, p = mantel(apart.to_numpy(), differences, rng)
            lines[method, f"fold {number}"] = {"people": len(apart), "r": r, "p": p}
    return pd.DataFrame.from_dict(lines, orient="index").astype({"people": int})


def near_pairs_that_differ(
    apart: np.ndarray, accuracies: pd.Series, variances: pd.Series, share: float = 0.1
) -> pd.DataFrame:
    """The nearest share of pairs of people (at least one), the largest difference first.

    apart       distances [n, n] of the people of `accuracies`, in their order
    variances   of each accuracy (`sampling_variances`)
    Columns: better and worse (two people), distance, difference of their accuracies, and noise,
    the sd of that difference from sampling test digits.
    """
    names = accuracies.index
    p = accuracies.to_numpy(float)
    v = variances.reindex(names).to_numpy(float)
    order = np.argsort(-p, kind="stable")[: accuracies.count()]  # argsort puts nan last
    better, worse = (order[each] for each in np.triu_indices(len(order), 1))
    pairs = pd.DataFrame(
        {
            "better": names[better],
            "worse": names[worse],
            "distance": apart[better, worse],
            "difference": p[better] - p[worse],
            "noise": np.sqrt(v[better] + v[worse]),
        }
    )
    near = pairs.nsmallest(max(1, round(share * len(pairs))), "distance")
    return near.sort_values("difference", ascending=False, kind="stable", ignore_index=True)


def near_pairs_of_folds(
    distances: Sequence[pd.DataFrame],
    accuracies: pd.DataFrame,
    variances: pd.DataFrame,
    method: str,
    base: str = BASELINE,
) -> pd.DataFrame:
    """`near_pairs_that_differ` of a method over all folds, the largest difference first.

    distances               between the people of each fold (`fold_distances`)
    accuracies, variances   a line per person, a column per method
    The column "at <base>" is better minus worse with the base.
    """
    own, before = accuracies[method], accuracies[base]
    pairs = pd.concat(
        [
            near_pairs_that_differ(apart.to_numpy(), own.reindex(apart.index), variances[method])
            for apart in distances
        ]
    )
    pairs = pairs.sort_values("difference", ascending=False, ignore_index=True)
    pairs[f"at {base}"] = before.loc[pairs["better"]].values - before.loc[pairs["worse"]].values
    return pairs


def individuals_named(data: StudyData, names: Iterable[str]) -> list:
    """The individuals with these names; rows hold a person as text, data may hold a number."""
    known = {str(person): person for person in data.splits.individuals}
    return [known[name] for name in names]
