"""How long a training takes on this machine, by a trial of a second or so before it begins."""

import time
from collections.abc import Iterable

import pandas as pd

from perso.methods.method import EPOCHS, Method
from perso.seeds import seed_of
from perso.study import jobs, plans
from perso.study.study import Study
from perso.training import engine
from perso.training.recipe import init_state

# iterations of the two trials; the difference is without what begins a training
SHORT = 4
LONG = 20


def iterations_to_train(
    study: Study, methods: Iterable[Method], given: pd.DataFrame | None = None
) -> int:
    """Return the iterations of the models that a run would train, with those of shared networks.

    given   rows from elsewhere, which need no training
    Auto-encoders and meta-learned starts are not counted.
    """
    there = study.store.keys() | study.store.keys("failures")
    there |= set() if given is None else set(given["key"])
    missing = [job for job in study.jobs(methods) if not there.issuperset(job.keys.values())]
    shared = sum(
        plans.iterations_of(study.data, study.folds[job.fold], [EPOCHS])
        for together in study.missing_bases(missing)
        for job in together
        if not job.needs_encoder
    )
    return shared + sum(map(study.cost, missing))


def seconds_of_iteration(study: Study) -> float:
    """Return the seconds of an iteration of one model in one process of this machine.

    The models of a network side by side share its time.
    """
    data = study.data
    fold = study.folds[0]
    how = jobs.recipe(data)
    models = min(how.lanes, len(fold.individuals))
    plan = plans.generic_plan(data, fold, 0)
    rates = plans.rate_schedule(data, fold, [EPOCHS])
    seed = seed_of(data.settings.seed, "trial")
    took = {}
    lengths = [min(length, len(plan)) for length in (SHORT, LONG)]
    for length in (lengths[0], *lengths):  # the first time is not counted: it sets up
        run = engine.Run(plan[:length], rates[:length], init_state(how, seed), seed)
        begun = time.perf_counter()
        engine.train(how, engine.Samples(data.inputs, data.labels), [run] * models)
        took[length] = time.perf_counter() - begun
    if lengths[0] == lengths[1]:
        return took[lengths[1]] / lengths[1] / models
    difference = took[lengths[1]] - took[lengths[0]]
    return max(difference, 0.0) / (lengths[1] - lengths[0]) / models


def training_estimate(
    study: Study,
    methods: Iterable[Method],
    given: pd.DataFrame | None = None,
    processes: int | None = None,
) -> float:
    """Return about how many seconds a run takes to train what is missing; 0 where nothing is.

    processes   that train at a time; default: as many as `Study.run` would start
    Without the time of tests.
    """
    iterations = iterations_to_train(study, methods, given)
    if not iterations:
        return 0.0
    return iterations * seconds_of_iteration(study) / (processes or study.machine.workers)
