"""Which method is best for whom, where everybody else counts with a weight (chapter 25).

The score of a method for a person is the change of accuracy on D_I plus w times that on D_G, both
against the baseline, in percentage points. `rows` have the columns of `sqlite.ROW`.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd

from perso.analysis.effects import Hits
from perso.analysis.sampling_noise import DigitHits, on_halves, side_by_side
from perso.analysis.tradeoff import changes_to_baseline
from perso.methods.method import BASELINE, Method, is_fraction
from perso.methods.registry import RELATIVE
from perso.parts import D_G, PARTS
from perso.stats.cohorts import Mean, mean_over_people
from perso.store.sqlite import unpacked

MIXTURE = "own data in other ways"
NOT_OWN = "controls without own data"
GROUPS = (
    "baseline",
    "early shaping",
    "sample weighing",
    "transfer learning",
    MIXTURE,
    NOT_OWN,
)
LOSS = 1e-9  # a score below minus this is one: the rest is rounding
DECIMALS = 2  # of changes in percentage points
SPLITS = 50  # of the test samples into halves


# --- methods


def methods_table(names: Iterable[str]) -> pd.DataFrame:
    """Group and dose of methods of the table `relative`, in its order: a line per method.

    group   one of GROUPS
    dose    small or large: below half of the group's largest, or not; empty without any
    """
    wanted = set(names)
    table = pd.DataFrame(
        [(each.name, group_of(each), own_share(each)) for each in RELATIVE if each.name in wanted],
        columns=["method", "group", "share"],
    )
    largest = table.groupby("group")["share"].transform("max")
    dose = np.where(table["share"] < largest / 2, "small", "large")
    dose[table["share"] == 0] = ""
    return table.assign(dose=dose)[["method", "group", "dose"]]


def group_of(method: Method) -> str:
    """The one of GROUPS that a method belongs to."""
    if method.family != "control":
        return method.family
    return MIXTURE if sees_own_data(method) else NOT_OWN


def sees_own_data(method: Method) -> bool:
    """Whether any part of a training uses the person's own data."""
    if isinstance(method.start, Method) and sees_own_data(method.start):
        return True
    draws_own = any(phase.draws != "G" for phase in method.phases)
    return method.global_extra == "own" or (method.individual_data == "own" and draws_own)


def own_share(method: Method) -> float:
    """Batches from D_I, as a share of those of all epochs.

    For controls that draw from D_G instead, the iterations that they add.
    """
    share = own_share(method.start) if isinstance(method.start, Method) else 0.0
    for phase in method.phases:
        if phase.draws == "I" or (phase.draws == "G" and phase.epochs < 1):
            share += phase.epochs
        elif is_fraction(phase.draws):
            share += phase.epochs / float(Fraction(phase.draws))
    return share


def chosen_methods(table: pd.DataFrame) -> list[str]:
    """The methods that a person can choose from: all but controls without own data."""
    return list(table["method"][table["group"] != NOT_OWN])


# --- who is best for whom


def changes_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Changes in percentage points: a line per person and method, in the order of the methods.

    Columns are person, number (of the method, from 0), method, on_I, on_G. The baseline is a
    method, with changes of 0. People without a row of every method are left out. ValueError where
    nobody is left.
    """
    names = [each.name for each in RELATIVE]
    changes = changes_to_baseline(rows, names)
    known = pd.concat(changes.values(), axis=1).notna().all(axis=1)
    if not known.any():
        raise ValueError("nobody has a row of every method")
    on_I, on_G = (
        (100 * changes[part][known]).round(DECIMALS).rename_axis("person").stack() + 0.0
        for part in PARTS
    )
    table = pd.DataFrame({"on_I": on_I, "on_G": on_G}).reset_index()
    methods = list(changes["D_I"].columns)
    table.insert(1, "number", table["method"].map(methods.index))
    return table


class Best(NamedTuple):
    """What a weight decides."""

    on_average: str  # the method with the highest mean score
    table: pd.DataFrame  # a line per method: score (mean), wins, losers, worst (a person), lowest


def best_at(changes: pd.DataFrame, weight: float, methods: Sequence[str]) -> Best:
    """The best method on average, and for how many people each is best, at a weight of D_G.

    changes   of `changes_table`
    methods   those that take part; the others are left out

    A person's best method is the one with the highest score; of equal ones the one that is better
    on D_G, of these the first.
    """
    scores = changes.assign(score=changes["on_I"] + weight * changes["on_G"])
    scores = scores[scores["method"].isin(methods)]
    ranked = scores.sort_values(["score", "on_G", "number"], ascending=[False, False, True])
    winners = ranked.groupby("person")["method"].first()
    lowest = scores.sort_values("score", kind="stable").groupby("method").first()
    of_method = scores.groupby("method", sort=False)["score"]
    table = pd.DataFrame({"score": of_method.mean().round(6)})
    table["wins"] = winners.value_counts().reindex(table.index, fill_value=0)
    table["losers"] = of_method.apply(lambda score: int((score < -LOSS).sum()))
    table["worst"] = lowest["person"]
    table["lowest"] = lowest["score"]
    return Best(str(table["score"].idxmax()), table)


# --- is the best method for a person more than sampling noise?


class Halves(NamedTuple):
    """Changes on two halves of the test samples, percentage points [splits, 2, people, methods]."""

    on_I: np.ndarray
    on_G: np.ndarray
    cohort: np.ndarray  # of each person, [people]
    methods: list[str]


def half_changes(
    rows: pd.DataFrame,
    hits: Hits,
    methods: Sequence[str],
    rng: np.random.Generator,
    splits: int = SPLITS,
    base: str = BASELINE,
) -> Halves | None:
    """The changes of methods against a base on random halves of everybody's test samples.

    hits   on D_I, by fold of the rows
    On D_I a half holds random digits, with their flips. On D_G, whose samples are in the order of
    its people, it is a random half of this order, so only people at its ends are in both halves.
    People who lack a method, or have a single test digit, are left out; None where nobody is left.
    """
    methods = [base, *(name for name in methods if name != base)]
    on_I, on_G, cohort = [], [], []
    for (number, in_fold), own in zip(rows.groupby("fold"), hits, strict=True):
        n = int(in_fold[D_G.size].min())
        starts = rng.integers(n, size=splits)
        shares = shares_on_G(in_fold, n)
        for person in in_fold["person"].unique():
            there = [own[name][person] for name in methods if person in own.get(name, {})]
            if len(there) < len(methods):
                continue
            halves = halves_of_digits(there, rng, splits)
            if halves is None:
                continue
            on_I.append(halves)
            of_person = np.array([shares[name, person] for name in methods])
            on_G.append(halves_of_order(of_person, starts))
            cohort.append(number)
    if not cohort:
        return None
    # [people, splits, 2, methods] → [splits, 2, people, methods], less the base
    both = [100 * np.moveaxis(np.array(part), 0, 2) for part in (on_I, on_G)]
    both = [part - part[..., :1] for part in both]
    return Halves(*both, np.array(cohort), methods)


def halves_of_digits(
    hits: Sequence[DigitHits], rng: np.random.Generator, splits: int
) -> np.ndarray | None:
    """Accuracies on random halves of the digits that all networks were tested on.

    Returns [splits, 2, networks]; None where there are fewer than two such digits.
    """
    shared = side_by_side(hits)
    count = len(shared.digits)
    if count < 2:
        return None
    ranks = rng.permuted(np.tile(np.arange(count), (splits, 1)), axis=1)
    found = on_halves(shared, ranks.argsort(axis=1), DigitHits.accuracy)
    return np.moveaxis(found, -1, 0)


def shares_on_G(rows: pd.DataFrame, n: int) -> dict[tuple[str, str], np.ndarray]:
    """The share of repeats that are right on each of the first n test samples of D_G, [n].

    By method and person.
    """
    hits: dict[tuple[str, str], list[np.ndarray]] = {}
    columns = (rows[name] for name in ("method", "person", D_G.hits, D_G.size))
    for method, person, blob, size in zip(*columns, strict=True):
        hits.setdefault((method, person), []).append(unpacked(blob, size)[:n])
    return {of: np.mean(repeats, axis=0) for of, repeats in hits.items()}


def halves_of_order(shares: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Means of shares [k, n] over half of the order from each start on, and over the other half.

    Returns [starts, 2, k].
    """
    n = shares.shape[1]
    half = n // 2
    sums = np.concatenate([np.zeros((len(shares), 1)), np.cumsum(np.tile(shares, 2), axis=1)], 1)
    inside = (sums[:, starts + half] - sums[:, starts]).T
    total = sums[:, n]
    return np.stack([inside / half, (total - inside) / (n - half)], axis=1)


class Choice(NamedTuple):
    """The best method for each person against one method for all, at a weight, in points.

    Scores are of the half of the test samples that did not choose, unless they say otherwise.
    """

    weight: float
    one: str  # the method for all that is chosen most often
    score: Mean  # of one method for all
    apparent: Mean  # what a method for each person adds, on the samples that chose it
    added: Mean  # what it adds on the others


def choices_by_half(
    rows: pd.DataFrame,
    hits: Hits,
    methods: Sequence[str],
    weights: Sequence[float],
    rng: np.random.Generator,
    base: str = BASELINE,
) -> list[Choice]:
    """`choose_by_half` at each weight; none where nobody has two test digits."""
    halves = half_changes(rows, hits, methods, rng, base=base)
    return [choose_by_half(halves, weight) for weight in weights] if halves else []


def choose_by_half(halves: Halves, weight: float) -> Choice:
    """Choose by one half of the test samples, and test by the other."""
    score = halves.on_I + weight * halves.on_G
    other = score[:, ::-1]
    for_all = score.mean(axis=2).round(9).argmax(axis=-1)  # [splits, 2]
    ranked = score.round(9) + 1e-12 * halves.on_G  # of equal ones the better on D_G
    for_each = ranked.argmax(axis=-1)  # [splits, 2, people]

    def of_each(scores: np.ndarray) -> np.ndarray:
        return np.take_along_axis(scores, for_each[..., None], axis=-1)[..., 0]

    def of_one(scores: np.ndarray) -> np.ndarray:
        return np.take_along_axis(scores, for_all[..., None, None], axis=-1)[..., 0]

    def mean(values: np.ndarray) -> Mean:
        return mean_over_people(values.mean(axis=(0, 1)), halves.cohort, drawn=weight > 0)

    most = np.bincount(for_all.ravel(), minlength=len(halves.methods)).argmax()
    return Choice(
        weight,
        halves.methods[most],
        mean(of_one(other)),
        mean(of_each(score) - of_one(score)),
        mean(of_each(other) - of_one(other)),
    )
