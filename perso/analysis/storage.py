"""What has to be stored for each person: the numbers in which two people's networks differ.

Everything else, such as the generic network, is stored once for all people.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from perso.analysis.selection import NAMES, SELECTED
from perso.methods.method import Method
from perso.methods.starts import Enrolled, Prototypes
from perso.parts import D_I
from perso.store.published import OWN, Published
from perso.study import jobs
from perso.study.study import Study
from perso.training import flops, inference
from perso.training.recipe import Recipe, init_state

BYTES = 4  # of a number, float32
DIGITS = 10  # classes of the data sets that the book fetches, without orientations
FETCHED = ("digits", "qmnist", "nist", "fashion")


def numbers_per_person(study: Study, methods: Iterable[Method]) -> pd.Series:
    """How many numbers each method stores for one person, on average over people, by its name.

    A method that trains a part of the weights stores that part; one of low rank its factors; one
    that answers with the person's own samples their features and labels. Of an enrolment z is
    stored, of prototypes the head.
    """
    train = study.data.splits.train
    samples = np.mean([len(train[person]) for person in study.data.splits.individuals])
    return stored_numbers(jobs.recipe(study.data), float(samples), methods)


def numbers_of_run(study: Study, run: Published, methods: Iterable[Method]) -> pd.Series:
    """`numbers_per_person` of a run: of a published one from its file alone, without its data.

    study   that of the page, whose own run it may be
    The training samples of D_I are then counted from the test samples, by their share. nan where
    the file does not tell how many classes there are: for data of the user's own.
    """
    if run.name == OWN:
        return numbers_per_person(study, methods)
    facts = run.provenance
    settings = facts["settings"]
    if settings["dataset"] not in FETCHED:
        return pd.Series(np.nan, [method.name for method in methods], dtype=float)
    recipe = Recipe(
        classes=DIGITS * (3 if settings["flips"] else 1),
        shape=tuple(facts["shape"]),
        kind=facts["kind"],
        width=settings["width"],
        architecture=settings["architecture"],
        norm=settings["norm"],
        pooling=settings["pooling"],
    )
    tested = run.rows.groupby("person")[D_I.size].first().mean()
    share = settings["train_share"]
    return stored_numbers(recipe, float(tested * share / (1 - share)), methods)


def stored_numbers(recipe: Recipe, samples: float, methods: Iterable[Method]) -> pd.Series:
    """Numbers that methods store for one person, by name.

    samples   training samples of D_I
    """
    found = {}
    for method in methods:
        if method.begins == "fresh":
            changes = [("all", True)]
        else:
            phases = [phase for each in method.lineage for phase in each.phases]
            changes = [(phase.trains, phase.statistics) for phase in phases]
        found[method.name] = flops.changed_numbers(recipe, changes) + numbers_of_start(
            recipe, method
        )
        if method.answer:
            # the features of each sample, and its label
            found[method.name] += samples * (feature_size(recipe) + 1)
    if SELECTED.name in found:  # which has no phases of its own
        found[SELECTED.name] = max(found.get(name, np.nan) for name in NAMES)
    return pd.Series(found, dtype=float)


def numbers_of_start(recipe: Recipe, method: Method) -> int:
    """How many numbers the start of a method stores for one person."""
    first = method.lineage[0]
    if first.individual_data == "nobody":
        return 0
    if isinstance(first.start, Enrolled):
        return first.start.size
    if isinstance(first.start, Prototypes):
        return flops.changed_numbers(recipe, [("head", False)])
    return 0


def feature_size(recipe: Recipe) -> int:
    """How many numbers the head of a network is given for one sample."""
    recipe = replace(recipe, lanes=1, device="cpu", graph=False)
    no_sample = recipe.zeros(1).numpy()[:, 0]
    state = init_state(recipe, 0)
    features = inference.probabilities_and_features(recipe, no_sample, state, np.arange(1))[1]
    return features.shape[1]
