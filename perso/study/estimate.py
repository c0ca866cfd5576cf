"""How long a training takes on this machine, by a trial of a second or so before it begins."""

import heapq
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from perso.methods.method import EPOCHS, Method
from perso.methods.schedules import iterations_per_epoch
from perso.methods.starts import Enrolled, MetaLearned
from perso.seeds import seed_of
from perso.study import jobs, plans
from perso.study.study import Study
from perso.training import engine, inference
from perso.training.recipe import init_state

# iterations of the two trials; the difference is without what begins a training
SHORT = 4
LONG = 20
ANSWERED = 512  # samples that a trial tests


@dataclass(frozen=True)
class Times:
    """What takes how many seconds in one process of this machine."""

    alone: float  # an iteration of a network of one model
    fused: float  # an iteration of a network of `lanes` models
    lanes: int
    answer: float  # one test sample of one model

    def iteration(self, models: int) -> float:
        """Seconds of an iteration of so many models of a job."""
        return max(self.alone, self.fused * models / self.lanes)


def trial(study: Study) -> Times:
    """Measure `Times` by a few iterations and tests, on this process alone."""
    data = study.data
    fold = study.folds[0]
    how = jobs.recipe(data)
    lanes = min(how.lanes, len(fold.individuals))
    seed = seed_of(data.settings.seed, "trial")
    plan = plans.generic_plan(data, fold, 0)
    rates = plans.rate_schedule(data, fold, [EPOCHS])
    lengths = [min(length, len(plan)) for length in (SHORT, LONG)]

    def seconds(models: int) -> float:
        """Seconds of an iteration of so many models, whose first training is not counted."""
        took = {}
        for length in (lengths[0], *lengths):
            run = engine.Run(plan[:length], rates[:length], init_state(how, seed), seed)
            begun = time.perf_counter()
            engine.train(how, engine.Samples(data.inputs, data.labels), [run] * models)
            took[length] = time.perf_counter() - begun
        if lengths[0] == lengths[1]:
            return took[lengths[1]] / lengths[1]
        return max(took[lengths[1]] - took[lengths[0]], 0.0) / (lengths[1] - lengths[0])

    fused = seconds(lanes)
    alone = seconds(1) if lanes > 1 else fused
    tested = fold.global_test[:ANSWERED]
    for _ in range(2):  # the first time is not counted: it sets up
        begun = time.perf_counter()
        state = init_state(how, seed)
        inference.predict_all(replace(how, lanes=1), data.inputs, [state], [{"D_G": tested}])
        answer = (time.perf_counter() - begun) / len(tested)
    return Times(alone, fused, lanes, answer)


def iterations_of_base(study: Study, job: jobs.Job) -> int:
    """Return the iterations of the network that a job builds on, without those before it."""
    data = study.data
    fold = study.folds[job.fold]
    start = job.methods[0].shared_start
    if job.needs_encoder:
        samples = len(plans.encoder_samples(data, fold))
        epoch = iterations_per_epoch(samples, data.settings.batch_size)
        return data.settings.encoder_epochs * epoch
    if not job.before:
        return plans.iterations_of(data, fold, [EPOCHS])
    if isinstance(start, MetaLearned):
        return start.iterations
    return start.steps if isinstance(start, Enrolled) else 0


def answers_of(study: Study, job: jobs.Job) -> int:
    """Return how many test samples the models of a job answer, as `test_columns` asks them."""
    fold = study.folds[job.fold]
    test = study.data.splits.test
    elsewhere = study.data.splits.elsewhere
    everybody = sum(len(test[person]) for person in fold.individuals)
    # those of D_I twice: their probabilities are stored, too
    own = sum(2 * len(test[person]) + len(elsewhere[person]) for person in job.people)
    common = len(fold.global_test) + everybody
    return len(job.methods) * (own + len(job.people) * common)


def makespan(seconds: Iterable[float], processes: int) -> float:
    """Return how long processes take for jobs of so many seconds, the longest first."""
    ends = [0.0] * processes
    for each in sorted(seconds, reverse=True):
        heapq.heapreplace(ends, ends[0] + each)
    return max(ends)


def training_estimate(
    study: Study,
    methods: Iterable[Method],
    given: pd.DataFrame | None = None,
    processes: int | None = None,
) -> float:
    """Return about how many seconds a run takes to train what is missing; 0 where nothing is.

    Shared networks come first, and models wait for them. An iteration of an auto-encoder counts as
    one of the network. Without the start of processes, and as if each had a core of its own.

    given       rows from elsewhere, which need no training
    processes   that train at a time; default: as many as `Study.run` would start
    """
    there = study.store.keys() | study.store.keys("failures")
    there |= set() if given is None else set(given["key"])
    missing = [job for job in study.jobs(methods) if not there.issuperset(job.keys.values())]
    if not missing:
        return 0.0
    processes = processes or study.machine.workers
    times = trial(study)
    stages = [
        [iterations_of_base(study, job) * times.alone for job in together]
        for together in study.missing_bases(missing)
    ]
    stages.append(
        [
            study.cost(job) / len(job.people) * times.iteration(len(job.people))
            + answers_of(study, job) * times.answer
            for job in missing
        ]
    )
    return sum(makespan(stage, processes) for stage in stages)
