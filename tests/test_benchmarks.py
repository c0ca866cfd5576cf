"""The benchmarks: all ways train the same, and records are written safely."""

import itertools
import json
import os
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from torch import nn

from perso.data.dataset import prepare
from perso.errors import InputError
from perso.methods import registry
from perso.methods.registry import METHODS, V1, V3, named
from perso.paths import ROOT
from perso.report.speed import scale_table
from perso.settings import read_params
from perso.study import jobs, study
from perso.study.hardware import Machine, resolved
from perso.training import recipe
from perso.training.models import LaneDropout

sys.path.insert(0, str(ROOT / "benchmarks"))
import durations
import enrolment
import precision
import scale
import textbook
import throughput
import versions

CPU = Machine("cpu", 2, bfloat16=True)
GPU = Machine("cuda", 1, bfloat16=True, free=140 * 2**30)
SIZES = {
    size: read_params(ROOT / "params" / f"{size}.yml") for size in throughput.ITERATIONS["cpu"]
}
EVERY = pytest.mark.parametrize("size", SIZES)
BOTH = pytest.mark.parametrize("here", [CPU, GPU], ids=["cpu", "gpu"])


@EVERY
def test_the_textbook_loop_trains_like_the_engine(size, monkeypatch):
    """One step without dropout, as its masks differ.

    In the first step, Adam moves each weight by the learning rate, in the direction of the sign of
    the gradient. So weights with a gradient near 0 may differ.
    """
    monkeypatch.setattr(LaneDropout, "forward", lambda self, x, mask: x)
    monkeypatch.setattr(nn.Dropout, "forward", lambda self, x: x)
    job = throughput.work(replace(SIZES[size], width=0.125, batch_size=16), 1, 1)
    (ours,) = throughput.some(recipe.Recipe(30, job.images.shape[1:], 0.125), job, (0,))
    model = textbook.begun(job.states[0], 30, job.settings.image_size, 0.125, "cpu")
    textbook.fit(model, job.images, job.labels, job.plans[0], throughput.RATE, "cpu")
    weights = [
        parameter.detach().flatten() for parameter in model.parameters() if parameter.dim() > 1
    ]
    before, after = (
        [t.flatten() for t in state.values() if t.dim() > 1] for state in (job.states[0], ours)
    )

    def distances(tensors):
        return torch.cat([(one - two).abs() for one, two in zip(tensors, after, strict=True)])

    assert (distances(weights) < 1e-5).float().mean() > 0.97
    assert distances(before).median() > 0.9 * throughput.RATE


@EVERY
@BOTH
def test_each_way_makes_one_change_and_one_way_is_the_default_of_a_study(size, here, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)  # `make test` allows one
    s = resolved(SIZES[size], throughput.CLASSES, here)
    first, *rest = throughput.ways(s, here)
    assert first.recipe is None and len({way.name for way in rest}) == len(rest)
    for one, two in itertools.pairwise(rest):
        changed = {
            f.name
            for f in fields(one.recipe)
            if getattr(one.recipe, f.name) != getattr(two.recipe, f.name)
        }
        assert changed - {"threads"} or one.processes != two.processes
        assert len(changed - {"threads"}) <= 1
    study = throughput.study_way([first, *rest], s)
    images = np.empty((0, s.image_size, s.image_size), np.uint8)
    smoke = prepare(read_params(ROOT / "params" / "smoke.yml"))
    data = replace(smoke, settings=s, inputs=images)
    same = {"weight_decay": 0.0, "threads": study.recipe.threads if here is GPU else 1}
    assert replace(study.recipe, **same) == replace(jobs.recipe(data), **same)


def test_no_plan_has_a_test_image():
    job = throughput.work(SIZES["quick"], 5, 2)
    assert not job.test[job.plans].any() and 0.08 < job.test.mean() < 0.12
    assert job.images.dtype == np.uint8 and job.plans.shape == (2, 5, 64)


@pytest.mark.parametrize(
    "here", [CPU, *([GPU] if torch.cuda.is_available() else [])], ids=lambda here: here.device
)
def test_peak_rates_are_above_zero(here):
    assert all(rate > 1e8 for rate in throughput.ceiling(here.device).values())


# --- the whole study


@pytest.fixture
def one_thread():
    """Small networks are slower with several threads, above all while other processes run."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


TINY = replace(read_params(ROOT / "params" / "smoke.yml"), width=0.0625, epochs=1, device="cpu")


def test_a_whole_study_is_trained_by_perso_and_by_the_textbook_loop(one_thread, monkeypatch):
    """One method of each kind. The one that needs an auto-encoder is named, but not trained."""
    few = named("BaseLine", "SW-n-2", "TL-n-0", "TL-n-10 (1e-3)", "BaseLine-n-1500", "IG-n-5")
    monkeypatch.setitem(registry.TABLES, "v3", few)
    found = throughput.whole_study("tiny", TINY, share=0.5)
    assert (found["params"], found["without"]) == ("tiny", ["IG-n-5"])
    assert (found["models"], found["textbook_models"]) == (5 * 4, 5 * 2)  # one person of each half
    assert found["perso_seconds"] > 0 and found["textbook_seconds"] > 0
    assert all(
        each["n"] == 2 and each["mean"] == each["mean"] for each in found["agreement"].values()
    )


def test_the_textbook_loop_has_a_row_for_every_method_it_can_train(one_thread, monkeypatch):
    """All methods of the timed study are planned and tested; only the training is left out."""
    monkeypatch.setattr(textbook, "fit", lambda *_: None)
    quick = study.Study(replace(SIZES["quick"], device="cpu"))
    methods = tuple(method for method in quick.methods if textbook.able(method))
    rows = [textbook.one_model(quick.data, *call) for call in textbook.models(quick, methods, 0.1)]
    assert [row["method"] for row in rows] == 2 * [
        method.name for method in V3 if not method.needs_encoder
    ]
    by_sgd = [each for each in METHODS if any(phase.optimiser == "sgd" for phase in each.phases)]
    assert by_sgd and not any(map(textbook.able, by_sgd))


def test_all_methods_are_those_of_the_study(monkeypatch, tmp_path):
    """Here of v1's table: other methods cannot be trained if people differ in class counts."""
    seen = []

    def run(self, methods=None, **_):
        seen.extend(self.methods if methods is None else methods)
        raise InputError("nothing is trained here")

    monkeypatch.setattr(study.Study, "run", run)
    params, to = str(ROOT / "params" / "quick-counts.yml"), str(tmp_path / "x.json")
    monkeypatch.setattr(sys, "argv", ["precision", params, "--method", "all", "--to", to])
    with pytest.raises(SystemExit, match="nothing is trained here"):
        precision.main()
    assert seen == list(V1)


# --- what makes a network personal


def test_forwarding_is_timed_beside_training_and_trains_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(enrolment, "REPEATS", 2)
    monkeypatch.setattr(enrolment, "WARM_UP", 0)
    to = tmp_path / "cost.json"
    monkeypatch.setattr(sys, "argv", ["enrolment", "--to", str(to)])
    enrolment.main()
    ways = json.loads(to.read_text())["ways"]
    assert set(ways) == {enrolment.ANSWER, *enrolment.FORWARDED, *enrolment.TRAINED}
    assert all(0 < way["low"] <= way["seconds"] <= way["high"] for way in ways.values())
    del ways[enrolment.ANSWER]
    assert {name: (way["passes"], way["iterations"]) for name, way in ways.items()} == {
        "enrolled, 1 sample": (1, 0),
        "enrolled, 12 samples": (12, 0),
        "head only, 12 samples": (0, 50),
        "fine-tuning (1e-3), 12 samples": (0, 50),
        "fine-tuning on all of D_I (1e-3)": (0, 300),
    }
    assert ways["enrolled, 1 sample"]["numbers"] < ways["head only, 12 samples"]["numbers"]


# --- two versions


def test_two_versions_take_turns_and_must_find_the_same_accuracies(monkeypatch):
    """Of the checkout's present commit, with fixed times."""
    times, seen = iter([10.0, 11.0, 12.0, 14.0]), []
    rows = [("key", 0.5, 0.9)]

    def timed(checkout, params):
        assert (checkout / "perso" / "__init__.py").exists()
        seen.append(checkout == ROOT)
        return next(times), rows

    monkeypatch.setattr(versions, "timed", timed)
    record = versions.compare("HEAD", turns=2)
    assert seen == [False, True] * 2
    assert record["seconds"] == {"before": [10.0, 12.0], "now": [11.0, 14.0]}
    assert record["ratio"] == round(12.5 / 11, 3) and record["models"] == 1
    monkeypatch.setattr(versions, "timed", lambda checkout, _: (1.0, [checkout == ROOT]))
    with pytest.raises(SystemExit, match="do not find the same accuracies"):
        versions.compare("HEAD", turns=1)


# --- records


def test_a_record_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "new" / "x.json"
    durations.write(path, {"a": 1})
    before = path.read_text()
    with pytest.raises(TypeError):
        durations.write(path, {"a": object()})

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="No space"):
        durations.write(path, {"a": 2})
    assert path.read_text() == before and list(path.parent.iterdir()) == [path]


def run_bench(monkeypatch, to, *failing):
    """Run `make bench` with fixed measurements; these sizes fail."""

    def measured(size, here):
        if size in failing:
            raise RuntimeError(size)
        return {"models": size}

    monkeypatch.setattr(throughput, "measured", measured)
    monkeypatch.setattr(throughput, "whole_study", lambda name, settings, share: {"params": name})
    monkeypatch.setattr(sys, "argv", ["throughput", "--device", "cpu", "--to", str(to)])
    throughput.main()


def test_measurements_before_a_failure_are_kept(tmp_path, monkeypatch):
    to = tmp_path / "x.json"
    with pytest.raises(RuntimeError, match="paper"):
        run_bench(monkeypatch, to, "paper")
    record = json.loads(to.read_text())
    assert list(record["sizes"]) == ["quick", "standard"]
    assert record["device"] == "cpu" and "study" not in record
    run_bench(monkeypatch, to)
    record = json.loads(to.read_text())
    assert list(record["sizes"]) == ["quick", "standard", "paper"]
    assert record["study"] == {"params": "quick"}


@pytest.mark.parametrize("change", [{}, {"machine": "another"}, {"torch": "1.0"}])
def test_a_record_has_the_measurements_of_one_machine(change, tmp_path, monkeypatch):
    to = tmp_path / "x.json"
    run_bench(monkeypatch, to)
    durations.write(to, json.loads(to.read_text()) | {"date": "2020-01-01"} | change)
    with pytest.raises(RuntimeError):
        run_bench(monkeypatch, to, "standard")
    record = json.loads(to.read_text())
    assert list(record["sizes"]) == (["quick"] if change else ["quick", "standard", "paper"])
    assert ("study" in record) == (not change)
    assert record["date"] > "2020-01-01" and record["torch"] == torch.__version__


def test_every_step_of_the_scale_benchmark_runs_on_a_few_people(tmp_path, capsys):
    size = scale.Size(people=20, samples=10, folder=tmp_path)
    scale.make(size)
    found = {step: scale.timed(size, step) for step in scale.STEPS if step != "claims"}
    assert all(set(each) == {"cpu", "seconds", "GB"} for each in found.values())
    study = size.study()
    assert len(study.store.rows(study.keys())) == len(study.keys()) > 100
    record = {"sizes": [{"people": 20, "samples": 10, "steps": found}] * 2}
    table = scale_table(record)
    assert table.shape == (len(found), 1) and list(table.index) == list(found)
