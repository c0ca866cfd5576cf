"""How a network's accuracy moves while it trains, around a switch of the source of its batches."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from perso.data.dataset import StudyData
from perso.data.splits import Person
from perso.methods.method import Method
from perso.seeds import seed_of
from perso.study import jobs, plans
from perso.study.lineage import accuracy, dropout_seeds, stage_recipe
from perso.study.study import Study
from perso.training import engine
from perso.training.models import State
from perso.training.recipe import init_state

PEOPLE = 3  # of whom curves are the mean
SNAPSHOTS = 30  # of a training, its first and its last state among them


def learning_curves(
    study: Study, methods: Iterable[Method], people: int = PEOPLE, snapshots: int = SNAPSHOTS
) -> pd.DataFrame:
    """Mean accuracy on D_I and on D_G along the training of each method: a line per snapshot.

    methods     that begin with initial weights and train in one stage without an auto-encoder
    people      of the first fold whose networks the means are of; those of the first repeat
    snapshots   of each method, and more of all where one of them switches the source

    Columns: method, iteration, D_I, D_G; shares. The networks are those of `Study.run`, trained
    again for this table. ValueError for other methods.
    """
    data = study.data.at(0)
    used = data.splits.folds[0].individuals[:people]
    schedules = {method: study.schedule(method) for method in methods}
    switches = {place for each in schedules.values() for place in switches_of(each, snapshots)}
    lines = []
    for method, schedule in schedules.items():
        even = np.linspace(0, len(schedule), snapshots).round().astype(int)
        at = sorted({*even.tolist(), *(place for place in switches if place <= len(schedule))})
        for iteration, states in states_along(data, method, used, at).items():
            lines.append((method.name, iteration, *mean_accuracies(data, states, used)))
    return pd.DataFrame(lines, columns=["method", "iteration", "D_I", "D_G"])


def states_along(
    data: StudyData, method: Method, people: Sequence[Person], at: Sequence[int]
) -> dict[int, list[State]]:
    """Train a method for people of the first fold; return {iterations: a state per person}.

    at   numbers of iterations
    """
    if method.begins == "generic" or len(method.stages) != 1 or method.needs_encoder:
        raise ValueError(f"{method.name}: a learning curve is of one stage from initial weights")
    (stage,) = method.stages
    fold = data.splits.folds[0]
    how = stage_recipe(jobs.recipe(data), stage[0])
    seeds = dropout_seeds(data, method, people, 0, 0)
    runs = [
        engine.Run(
            plan=plans.index_plan(data, fold, method, person, 0)[1],
            rates=plans.rate_schedule(data, fold, stage),
            state=init_state(how, seed_of(data.settings.seed, "init", person, 0)),
            seed=seed,
        )
        for person, seed in zip(people, seeds, strict=True)
    ]
    return engine.train(how, engine.Samples(data.inputs, data.labels), runs, at)


def switches_of(schedule: np.ndarray, most: int) -> list[int]:
    """The iterations at which a schedule switches its source; none of one that often does.

    schedule   whether an iteration draws its batch from D_I, bool [T]
    """
    found = np.flatnonzero(np.diff(schedule)) + 1
    return found.tolist() if len(found) <= most else []


def mean_accuracies(
    data: StudyData, states: Sequence[State], people: Sequence[Person]
) -> tuple[float, float]:
    """The mean accuracy of people's networks on their own D_I and on D_G."""
    alone = replace(jobs.recipe(data), lanes=1)
    D_G = data.splits.folds[0].global_test
    pairs = [
        (
            accuracy(data, alone, state, data.splits.test[person]),
            accuracy(data, alone, state, D_G),
        )
        for state, person in zip(states, people, strict=True)
    ]
    on_I, on_G = np.mean(pairs, axis=0)
    return float(on_I), float(on_G)
