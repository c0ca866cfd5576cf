"""What the engine is measured against is the same work."""

import itertools
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from torch import nn

from perso import engine, work
from perso.choices import Machine, settled
from perso.models import LaneDropout
from perso.prepare import prepare
from perso.settings import ROOT, read

sys.path.insert(0, str(ROOT / "benchmarks"))
import textbook
import throughput

CPU = Machine("cpu", 2, bfloat16=True)
CARD = Machine("cuda", 1, bfloat16=True, free=140 * 2**30)
SIZES = {size: read(ROOT / "params" / f"{size}.yml") for size in throughput.ITERATIONS["cpu"]}
EVERY = pytest.mark.parametrize("size", SIZES)
BOTH = pytest.mark.parametrize("here", [CPU, CARD], ids=["cpu", "card"])


@EVERY
def test_the_textbook_loop_does_the_engines_work(size, monkeypatch):
    """One step, without dropout, whose masks differ; Adam gives each weight the sign of its gradient."""
    monkeypatch.setattr(LaneDropout, "forward", lambda self, x, mask: x)
    monkeypatch.setattr(nn.Dropout, "forward", lambda self, x: x)
    job = throughput.work(replace(SIZES[size], width=0.125, batch_size=16), 1, 1)
    (ours,) = throughput.some(engine.Recipe(30, job.settings.image_size, 0.125), job, (0,))
    model = textbook.begun(job.states[0], 30, job.settings.image_size, 0.125, "cpu")
    textbook.fit(model, job.images, job.labels, job.plans[0], throughput.RATE, "cpu")
    weights = [parameter.detach().flatten() for parameter in model.parameters() if parameter.dim() > 1]
    begun, taken = ([t.flatten() for t in state.values() if t.dim() > 1] for state in (job.states[0], ours))
    alike, moved = (
        torch.cat([(one - two).abs() for one, two in zip(mine, taken, strict=True)]) for mine in (weights, begun)
    )
    assert (alike < 1e-5).float().mean() > 0.97 and moved.median() > 0.9 * throughput.RATE


@EVERY
@BOTH
def test_each_way_takes_one_step_and_one_of_them_is_the_studys(size, here):
    s = settled(SIZES[size], throughput.CLASSES, here)
    first, *rest = throughput.ways(s, here)
    assert first.recipe is None and len({way.name for way in rest}) == len(rest)
    for one, two in itertools.pairwise(rest):
        changed = {f.name for f in fields(one.recipe) if getattr(one.recipe, f.name) != getattr(two.recipe, f.name)}
        assert changed - {"threads"} or one.processes != two.processes
        assert len(changed - {"threads"}) <= 1
    study = throughput.study_way([first, *rest], s)
    prepared = replace(prepare(read(ROOT / "params" / "smoke.yml")), settings=s)
    same = {"weight_decay": 0.0, "threads": study.recipe.threads if here is CARD else 1}
    assert replace(study.recipe, **same) == replace(work.recipe(prepared), **same)


def test_no_plan_holds_a_test_image():
    job = throughput.work(SIZES["quick"], 5, 2)
    assert not job.test[job.plans].any() and 0.08 < job.test.mean() < 0.12
    assert job.images.dtype == np.uint8 and job.plans.shape == (2, 5, 64)


@pytest.mark.parametrize("here", [CPU, *([CARD] if torch.cuda.is_available() else [])], ids=lambda here: here.device)
def test_a_ceiling_is_above_nought(here, monkeypatch):
    assert all(rate > 1e8 for rate in throughput.ceiling(here.device).values())
