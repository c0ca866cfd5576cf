"""What has to be stored for each person: the numbers in which two people's networks differ.

Everything else, such as the generic network, is stored once for all people.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from perso.methods.method import Method
from perso.study import jobs
from perso.study.study import Study
from perso.training import flops, inference
from perso.training.recipe import init_state

BYTES = 4  # of a number, float32


def numbers_per_person(study: Study, methods: Iterable[Method]) -> pd.Series:
    """How many numbers each method stores for one person, on average over people, by its name.

    A method that trains a part of the weights stores that part; one of low rank its factors; one
    that answers with the person's own samples their features and labels.
    """
    recipe = jobs.recipe(study.data)
    found = {}
    for method in methods:
        if method.begins == "fresh":
            changes = [("all", True)]
        else:
            phases = [phase for each in method.lineage for phase in each.phases]
            changes = [(phase.trains, phase.statistics) for phase in phases]
        found[method.name] = flops.changed_numbers(recipe, changes)
        if method.answer:
            found[method.name] += feature_numbers(study)
    return pd.Series(found, dtype=float)


def feature_numbers(study: Study) -> float:
    """Features and labels of the training samples of D_I, on average over people."""
    data = study.data
    people = data.splits.individuals
    how = jobs.recipe(data)
    some = data.splits.train[people[0]][:1]
    features = inference.probabilities_and_features(how, data.inputs, init_state(how, 0), some)[1]
    samples = np.mean([len(data.splits.train[person]) for person in people])
    return float(samples) * (features.shape[1] + 1)
