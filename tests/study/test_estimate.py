"""How long a training takes is estimated from what is missing, and a short trial."""

from dataclasses import replace

import pytest

from perso.methods.registry import named
from perso.paths import ROOT
from perso.settings import read_params
from perso.study import estimate
from perso.study.estimate import Times, makespan, training_estimate
from perso.study.study import Study

SMOKE = ROOT / "params" / "smoke.yml"


@pytest.fixture
def study(tmp_path):
    settings = replace(read_params(SMOKE), width=0.0625, epochs=1)
    return Study(settings, tmp_path / "store.sqlite")


@pytest.fixture
def takes(monkeypatch):
    """`takes(alone, fused, answer)`: what a trial with two lanes finds, in seconds."""

    def found(alone: float = 0.0, fused: float = 0.0, answer: float = 0.0) -> None:
        monkeypatch.setattr(estimate, "trial", lambda study: Times(alone, fused, 2, answer))

    return found


def test_only_what_is_missing_counts_with_the_networks_that_people_share(study, takes):
    takes(alone=1, fused=1)
    baseline, late = named("BaseLine", "TL-n-10 (1e-3)")
    # two groups of two people, side by side, each with a generic network
    epochs = sum(len(study.schedule(baseline, fold)) for fold in (0, 1))
    assert training_estimate(study, [baseline], processes=1) == epochs
    assert training_estimate(study, [late], processes=1) == epochs + 2 * 10
    there = study.wanted([baseline])
    assert training_estimate(study, [baseline, late], there, processes=1) == epochs + 2 * 10
    assert training_estimate(study, [baseline], there) == 0


def test_auto_encoders_and_other_shared_starts_count(study, takes):
    takes(alone=1)
    study.settings = replace(study.settings, encoder_epochs=3)
    study.data = replace(study.data, settings=study.settings)
    (near,) = named("IG-n-5")
    job = study.jobs([near])[0]
    assert estimate.iterations_of_base(study, job) >= 3
    encoders = sum(estimate.iterations_of_base(study, each) for each in study.jobs([near]))
    models = sum(len(study.schedule(near, fold)) for fold in (0, 1))
    assert training_estimate(study, [near], processes=1) == encoders + models
    (reptile,) = named("Reptile, none", table="enrolled")
    job = study.jobs([reptile])[0]
    assert estimate.iterations_of_base(study, job) == 200 * 5
    assert estimate.iterations_of_base(study, replace(job, before="")) == len(
        study.schedule(near, 0)
    )


def test_every_answer_counts(study, takes):
    takes(answer=1)
    (baseline,) = named("BaseLine")
    test = study.data.splits.test
    answers = sum(
        len(fold.global_test) + 2 * len(test[person]) + sum(len(test[p]) for p in fold.individuals)
        for fold in study.folds
        for person in fold.individuals
    )
    assert training_estimate(study, [baseline], processes=1) == answers


def test_models_side_by_side_share_an_iteration_and_one_alone_takes_its_own_time():
    times = Times(alone=2, fused=6, lanes=4, answer=0)
    assert [times.iteration(models) for models in (1, 2, 4, 8)] == [2, 3, 6, 12]


@pytest.mark.parametrize(("processes", "seconds"), [(1, 10), (2, 5), (3, 4), (8, 4)])
def test_processes_share_jobs_but_no_job_is_divided(processes, seconds):
    assert makespan([1, 4, 3, 2], processes) == seconds
    assert makespan([], processes) == 0


def test_a_trial_trains_and_tests(study):
    found = estimate.trial(study)
    assert found.lanes == 2
    assert min(found.alone, found.fused) >= 0 and found.answer > 0
