"""Drift: whether a person's contexts differ at all, measured before anything is trained (ch. 21).

Samples are compared as they were recorded, without flips: of D_I's context against all other
contexts of the same person. `context` is 1 and 0 for the two.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from perso.analysis import changes, effects
from perso.data.cohort import Cohort
from perso.data.contexts import random_half
from perso.data.dataset import StudyData
from perso.seeds import rng
from perso.stats.cohorts import Mean, mean_over_people
from perso.stats.paired import ROUNDING
from perso.stats.permutation import group_means
from perso.store.published import Published

PERMUTATIONS = 999
LEVEL = 0.05  # of the test
GENERIC = "TL-n-0"
FINE_TUNED = ("TL-n-300 (1e-3)", "TL-n-200 (1e-3)")  # the first that a run has


class Drift(NamedTuple):
    """How far two contexts of a person differ."""

    share: float  # of the variance within classes that the context explains
    chance: float  # mean of this share over permuted contexts
    quantile: float  # of this share over permuted contexts, at 1 - LEVEL
    p: float  # share of permutations, the observed one included, with at least this share


# --- one person


def drift(
    inputs: np.ndarray,
    context: np.ndarray,
    unit: np.ndarray,
    within: np.ndarray,
    draw: np.random.Generator,
    permutations: int = PERMUTATIONS,
) -> Drift:
    """Return how far a person's two contexts differ within classes, and whether beyond chance.

    Each number of an input is a feature, divided by its standard deviation over the person.

    inputs   [N, ...]
    context  int [N], 0 or 1
    unit     int [N], what a permutation moves as a whole, such as items
    within   int [N], such as classes; contexts are permuted among the units of each
    All results are nan where no class has two contexts, or nothing varies within classes.
    ValueError for a unit in two contexts or two classes.
    """
    _, stratum = np.unique(within, return_inverse=True)
    cell = 2 * stratum + context
    _, first, of_unit = np.unique(unit, return_index=True, return_inverse=True)
    if (cell != cell[first][of_unit]).any():
        raise ValueError("a unit is in two contexts or in two classes")
    features = centred_within(standardised(inputs), stratum)
    moved = permuted_contexts(context[first], stratum[first], draw, permutations)[:, of_unit]
    contexts = centred_within(moved.T, stratum)
    if not np.abs(contexts).max() > ROUNDING or not np.abs(features).max(initial=0) > ROUNDING:
        return Drift(np.nan, np.nan, np.nan, np.nan)
    shares = explained_shares(features, contexts)
    observed, permuted = shares[0], shares[1:]
    p = np.mean(shares >= observed - ROUNDING)
    return Drift(
        float(observed), float(permuted.mean()), float(np.quantile(permuted, 1 - LEVEL)), float(p)
    )


def explained_shares(features: np.ndarray, contexts: np.ndarray) -> np.ndarray:
    """Return the share of the features' variance within classes that contexts explain, [P].

    features   [N, d], the mean of each class subtracted
    contexts   [N, P], of each sample in P permutations, the mean of each class subtracted
    """
    explained = ((features.T @ contexts) ** 2).sum(axis=0) / (contexts**2).sum(axis=0)
    return explained / (features**2).sum()


def permuted_contexts(
    context: np.ndarray, stratum: np.ndarray, draw: np.random.Generator, permutations: int
) -> np.ndarray:
    """Return the contexts of n units, then permutations within each stratum: [permutations + 1, n].

    context, stratum   of each unit, [n]
    """
    moved = np.tile(context, (permutations + 1, 1))
    for each in np.unique(stratum):
        members = np.flatnonzero(stratum == each)
        moved[1:, members] = draw.permuted(moved[1:, members], axis=1)
    return moved


def standardised(inputs: np.ndarray) -> np.ndarray:
    """Return inputs [N, ...] as features [N, d] of variance 1, without those that do not vary."""
    features = inputs.reshape(len(inputs), -1).astype(float)
    spread = features.std(axis=0)
    varies = spread > ROUNDING
    return features[:, varies] / spread[varies]


def centred_within(values: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    """Return values [N, d] minus the mean of their stratum, 0 … s-1."""
    if not values.shape[1]:
        return values
    return values - group_means(values, stratum)[stratum]


# --- everybody


def drift_table(
    data: StudyData,
    context: np.ndarray | None = None,
    unit: np.ndarray | None = None,
    within: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return the `Drift` of each individual, a line per person.

    context   of each sample of `data.source`, int [N]; by default 1 where D_I is from
    unit      of each sample, int [N]; by default its item
    within    of each sample, int [N]; by default its class
    """
    source = data.source
    context = in_available(data) if context is None else context
    unit = source.item if unit is None else unit
    within = source.labels if within is None else within
    lines = {}
    for person in data.splits.individuals:
        own = np.flatnonzero(source.who == person)
        draw = rng(data.settings.seed, "drift", person)
        # the first inputs are the samples as they were recorded; flips follow
        lines[person] = drift(data.inputs[own], context[own], unit[own], within[own], draw)
    return pd.DataFrame.from_dict(lines, orient="index", columns=Drift._fields)


def in_available(data: StudyData) -> np.ndarray:
    """Return 1 for the samples of the available context, of which D_I is, else 0; int [N]."""
    return (data.source.attributes["context"] == data.settings.available).astype(int)


# --- controls: contexts that are none


def random_halves(source: Cohort, seed: int, number: int = 0) -> np.ndarray:
    """Return 1 for a random half of each person's items, else 0; int [N].

    number   of the draw
    """
    return random_half(source, lambda person: rng(seed, "halves", person, number))


def recording_halves_table(data: StudyData) -> pd.DataFrame:
    """`drift_table` of the earlier and the later items of each recording, within recordings.

    It shows how much a recording changes by itself. The samples have the attribute `recording`.
    """
    recording = data.source.attributes["recording"]
    item = data.source.item
    later = np.zeros(len(item), int)
    for each in np.unique(recording):
        items = np.unique(item[recording == each])  # numbered in order of time
        later[np.isin(item, items[len(items) // 2 :])] = 1
    return drift_table(data, later, within=recording)


def false_findings(data: StudyData, draws: int = 5) -> np.ndarray:
    """Return whether each person's random halves differ at LEVEL, bool [draws, people].

    They differ by chance alone, so that LEVEL of them should.
    """
    halves = (random_halves(data.source, data.settings.seed, number) for number in range(draws))
    return np.array([drift_table(data, half)["p"] < LEVEL for half in halves])


def nearest_accuracy(data: StudyData) -> pd.Series:
    """Return how often the nearest training sample of D_I has a test sample's class, by person.

    Nothing is trained: distances are Euclidean, of the inputs as they are.
    """
    inputs = data.inputs.reshape(len(data.inputs), -1).astype(float)
    found = {}
    for person in data.splits.individuals:
        train, test = data.splits.train[person], data.splits.test[person]
        distances = ((inputs[test][:, None] - inputs[train][None]) ** 2).sum(axis=2)
        named = data.labels[train][distances.argmin(axis=1)]
        found[person] = float(np.mean(named == data.labels[test]))
    return pd.Series(found)


# --- networks


class ContextGains(NamedTuple):
    """What fine-tuning on D_I does in both contexts of a person, as shares."""

    method: str
    generic_I: float  # mean accuracy of the generic network on D_I
    generic_U: float
    on_I: Mean  # change against the generic network
    on_U: Mean
    difference: Mean  # change on D_U minus change on D_I


def context_gains(rows: pd.DataFrame) -> ContextGains | None:
    """Return what fine-tuning all weights on D_I does on D_I and on D_U; None without its rows."""
    there = set(rows["method"])
    method = next((name for name in FINE_TUNED if name in there), None)
    if method is None or GENERIC not in there:
        return None
    by_part = {
        part: changes.by_person(rows, {method: 1.0, GENERIC: -1.0}, part) for part in ("D_I", "D_U")
    }
    # the generic network, which people of a fold share, is in both methods and cancels
    differences = by_part["D_U"] - by_part["D_I"]
    cohort = differences.index.get_level_values("fold").to_numpy()
    generic = rows[rows["method"] == GENERIC].groupby("person")[["acc_I", "acc_U"]].mean().mean()
    return ContextGains(
        method,
        float(generic["acc_I"]),
        float(generic["acc_U"]),
        changes.change(rows, method, GENERIC, "D_I"),
        changes.change(rows, method, GENERIC, "D_U"),
        mean_over_people(differences.to_numpy(), cohort, drawn=False),
    )


def largest_of_same_data(runs: list[Published]) -> Published:
    """Return the largest of the runs with the data and contexts of the first (`largest_run`)."""

    def division(run: Published) -> tuple:
        settings = run.provenance["settings"]
        # files that are older than the settings of contexts have none
        context = settings.get("context", ""), settings.get("available", 0)
        return run.provenance["data"], *context

    return effects.largest_run([run for run in runs if division(run) == division(runs[0])])
