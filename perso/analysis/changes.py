"""Changes: weighted sums of methods' accuracies over people, with the error over cohorts.

One rule for the ledger, the tables and the README, `stats.cohorts.mean_over_people`. The cohort of
a person is the fold. `rows` have the columns of `sqlite.ROW`; repeats are averaged first.

    contrast   {method: weight}; of a difference the weights are 1 and -1
    part       D_I, D_G or D_U, or BOTH: the sum of the accuracies on D_I and D_U
"""

from collections import defaultdict
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from perso.methods.method import BASELINE
from perso.methods.registry import METHODS, are_reordered
from perso.methods.starts import Enrolled, UserNetwork
from perso.parts import ALL_PARTS, BOTH, D_G, D_I, D_U, parts_of
from perso.stats.cohorts import MIN_COHORTS, Mean, crossed, mean_over_people
from perso.store.sqlite import unpacked

Contrast = Mapping[str, float]
# methods that start from a user network or an enrolled one, each of which was trained apart; all
# others that share a network count as starting from the generic one
STARTS = {
    method.name: method.shared_start
    for method in METHODS
    if isinstance(method.shared_start, UserNetwork | Enrolled)
}


def change(rows: pd.DataFrame, method: str, base: str, part: str) -> Mean:
    """The accuracy of one method minus that of another, a share, over the people who have both."""
    return mean_of(rows, {method: 1.0, base: -1.0}, part)


def compared_parts(rows: pd.DataFrame, method: str, base: str) -> list[str]:
    """The parts on which the means of two methods can differ: all, or all but D_G.

    See `registry.are_reordered`.
    """
    reordered = are_reordered(method, base)
    return [part for part in parts_of(rows) if not (reordered and part == D_G.name)]


def mean_of(rows: pd.DataFrame, contrast: Contrast, part: str) -> Mean:
    """The mean of a contrast over the people who have all of its methods."""
    d = by_person(rows, contrast, part)
    cohort = d.index.get_level_values("fold")
    common = shared_variances(rows, contrast, part, cohort.unique())
    return mean_over_people(d.to_numpy(), cohort.to_numpy(), drawn=part == D_G.name, common=common)


def by_person(rows: pd.DataFrame, contrast: Contrast, part: str) -> pd.Series:
    """The contrast of each person who has all of its methods, a share, by fold and person."""
    used = rows_of(rows, contrast)
    tested = used.assign(accuracy=accuracies_on(used, part))
    accuracies = tested.pivot_table(
        index=["fold", "person"], columns="method", values="accuracy", sort=False
    )
    return accuracies.reindex(columns=list(contrast)).dropna() @ pd.Series(contrast)


def accuracies_on(rows: pd.DataFrame, part: str) -> pd.Series:
    """The accuracy of each row's model on a part, a share; nan where it was not tested on it."""
    if part == BOTH:
        return rows[D_I.accuracy] + rows[D_U.accuracy]
    return rows[ALL_PARTS[part].accuracy]


def rows_of(rows: pd.DataFrame, contrast: Contrast) -> pd.DataFrame:
    """The rows of a contrast's methods; of several from generic networks, those of common repeats.

    A repeat has a generic network of its own, which cancels only where all of them start from it.
    """
    used = rows[rows["method"].isin(contrast)]
    generic = used[from_generic(used)]
    by_method = [set(repeats) for _, repeats in generic.groupby("method")["repeat"]]
    if len(by_method) < 2:
        return used
    return used[~from_generic(used) | used["repeat"].isin(set.intersection(*by_method))]


def from_generic(rows: pd.DataFrame) -> pd.Series:
    """Whether each row's model started from a generic network, whose iterations are not its own."""
    return rows["iterations"] > rows["own_iterations"]


def shared_variances(
    rows: pd.DataFrame, contrast: Contrast, part: str, folds: Collection[int]
) -> dict[int, float]:
    """The `shared_variance` of each cohort; 0 where the cohorts' means show it."""
    if part == D_G.name and len(folds) >= MIN_COHORTS:
        return dict.fromkeys(folds, 0.0)
    rows = rows[rows["method"].isin([*contrast, BASELINE])]
    if part != D_G.name and not from_generic(rows[rows["method"].isin(contrast)]).any():
        return dict.fromkeys(folds, 0.0)
    used = {"method", "person", "repeat", "fold", "iterations", "own_iterations"}
    used |= {each.accuracy for each in ALL_PARTS.values()} | {D_G.hits, D_G.size}
    rows = rows[[column for column in rows if column in used]]  # few are quick to divide by folds
    by_fold = dict(list(rows.groupby("fold")))
    nobody = rows.iloc[:0]
    return {
        fold: shared_variance(by_fold.get(fold, nobody), contrast, part, fold) for fold in folds
    }


def shared_variance(rows: pd.DataFrame, contrast: Contrast, part: str, fold: int) -> float:
    """The variance of a cohort's mean that its people share: D_G's test images, generic networks.

    A generic network plays a part unless it cancels, as where both of two methods start from it;
    so does a user network. Their accuracies vary as those of the baselines, each of which has a
    seed of its own. Where the generic network cancels and what was trained from it on does not, as
    by two enrolled networks, the variance over repeats is that of the latter.
    """
    rows = rows[rows["fold"] == fold]
    variance = 0.0
    if part == D_G.name:
        # by columns: sums in another order would round published numbers otherwise
        variance += crossed(np.asfortranarray(hits_on_images(rows, contrast)))
    used = rows_of(rows, contrast)
    generic = used[from_generic(used)]
    starting = set(generic["method"])
    # by network that they start from
    share: dict[UserNetwork | Enrolled | None, float] = defaultdict(float)
    for method, weight in contrast.items():
        if method in starting:
            share[STARTS.get(method)] += weight
    squares = sum(each**2 for each in share.values() if abs(each) > 1e-9)
    if squares:
        networks = generic["repeat"].nunique()
        of_users = any(isinstance(start, UserNetwork) for start in share)
        if networks > 1 and not of_users and abs(sum(share.values())) < 1e-9:
            variance += variance_over_repeats(generic, contrast, part) / networks
        else:
            baselines = rows.loc[rows["method"] == BASELINE, D_G.accuracy]
            variance += squares * baselines.var() / networks
    return float(variance)


def variance_over_repeats(rows: pd.DataFrame, contrast: Contrast, part: str) -> float:
    """The variance over repeats of a contrast's mean over people."""
    tested = rows.assign(accuracy=accuracies_on(rows, part))
    means = tested.pivot_table(index="repeat", columns="method", values="accuracy")
    found = means @ pd.Series(contrast).reindex(means.columns)
    return float(found.var())


def hits_on_images(rows: pd.DataFrame, contrast: Contrast) -> pd.DataFrame:
    """The contrast of hits on each test image of D_G, of the people of a cohort.

    A line per person who has all methods, a column per image. The three flips of a digit count as
    three images: counted as one they give the same errors within 3 % (quick and standard study).
    """
    used = rows_of(rows, contrast)
    repeats = used.groupby(["person", "method"])["repeat"].transform("size")
    weights = used["method"].map(contrast) / repeats
    sums: dict[str, np.ndarray] = {}
    for person, blob, n, weight in zip(
        used["person"], used[D_G.hits], used[D_G.size], weights, strict=True
    ):
        sums[person] = sums.get(person, 0) + weight * unpacked(blob, n)
    whole = used.groupby("person")["method"].nunique() == len(contrast)
    # by `orient="index"` each image would be a column that pandas makes by itself
    return pd.DataFrame({person: hits for person, hits in sums.items() if whole[person]}).T
