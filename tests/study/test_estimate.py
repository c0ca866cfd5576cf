"""How long a training takes is estimated from what is missing, and a short trial."""

from dataclasses import replace

import pytest

from perso.methods.registry import named
from perso.paths import ROOT
from perso.settings import read_params
from perso.study import estimate
from perso.study.study import Study

SMOKE = ROOT / "params" / "smoke.yml"


@pytest.fixture
def study(tmp_path):
    settings = replace(read_params(SMOKE), width=0.0625, epochs=1)
    return Study(settings, tmp_path / "store.sqlite")


def test_only_what_is_missing_counts_with_the_networks_that_people_share(study):
    baseline, late = named("BaseLine", "TL-n-10 (1e-3)")
    # two groups of two people, each with a generic network
    epochs = sum(len(study.schedule(baseline, fold)) for fold in (0, 1))
    assert estimate.iterations_to_train(study, [baseline]) == 2 * epochs
    assert estimate.iterations_to_train(study, [late]) == 4 * 10 + epochs
    there = study.wanted([baseline])
    assert estimate.iterations_to_train(study, [baseline, late], there) == 4 * 10 + epochs
    assert estimate.training_estimate(study, [baseline], there) == 0


def test_a_trial_trains_and_more_processes_take_less_time(study, monkeypatch):
    assert 0 < estimate.seconds_of_iteration(study) < 5
    monkeypatch.setattr(estimate, "seconds_of_iteration", lambda study: 0.5)
    methods = named("BaseLine")
    iterations = estimate.iterations_to_train(study, methods)
    assert estimate.training_estimate(study, methods, None, 1) == iterations / 2
    assert estimate.training_estimate(study, methods, None, 4) == iterations / 8
