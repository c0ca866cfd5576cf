"""Time what makes a network personal on a CPU: `python benchmarks/enrolment.py [PARAMS.yml]`.

One person at a time, one thread: forwarding samples, fine-tuning on them, and one answer of the
network in use. The ways take turns. Samples are random, as the arithmetic does not depend on them.
Run it on an idle machine. It writes results/enrolment-cpu.json for the book.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import torch
from durations import ROOT, machine, write

from perso.analysis.storage import stored_numbers
from perso.errors import InputError
from perso.methods import enrolled
from perso.methods.method import Method
from perso.methods.registry import named
from perso.settings import read_params
from perso.study.enrolment import enrolled_recipe
from perso.study.lineage import stage_recipe
from perso.training import engine, inference
from perso.training.recipe import Recipe, init_state

CLASSES = 30  # of digits with their flips
REPEATS = 20
WARM_UP = 2  # first rounds, not counted
ANSWER = "one answer of a network in use"
FORWARDED = ("enrolled, 1 sample", "enrolled, 12 samples")
TRAINED = (
    "head only, 12 samples",
    "fine-tuning (1e-3), 12 samples",
    "fine-tuning on all of D_I (1e-3)",
)


def ways_of(recipe: Recipe, batch_size: int) -> dict[str, Callable[[], object]]:
    """Each way by its name, as a function that does it once for one person."""
    draw = np.random.default_rng(0)
    inputs = draw.integers(0, 256, (240, *recipe.shape), dtype=np.uint8)
    labels = draw.integers(0, CLASSES, len(inputs))
    samples = engine.Samples(inputs, labels)
    shared = init_state(recipe, 0)
    how = enrolled_recipe(recipe, enrolled.VARIATIONAL)
    network = init_state(how, 0)

    def forwarded(method: Method) -> Callable[[], object]:
        index = np.arange(method.samples)
        return lambda: inference.enrolled_state(how, inputs, labels, network, index)

    def trained(method: Method) -> Callable[[], object]:
        (phase,) = method.phases
        index = np.arange(method.samples or len(inputs))
        plan = np.resize(index, (phase.iterations, batch_size))
        run = engine.Run(plan, np.full(len(plan), phase.rate), shared, seed=0)
        return lambda: engine.train(stage_recipe(recipe, phase), samples, [run])

    ways = {ANSWER: lambda: inference.predict(recipe, inputs, shared, np.arange(1))}
    ways |= {each.name: forwarded(each) for each in named(*FORWARDED, table="enrolled")}
    return ways | {each.name: trained(each) for each in named(*TRAINED, table="enrolled")}


def measured(ways: dict[str, Callable[[], object]]) -> dict[str, np.ndarray]:
    """Seconds of each way, [REPEATS]."""
    seconds = {name: np.empty(WARM_UP + REPEATS) for name in ways}
    for turn in range(WARM_UP + REPEATS):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            seconds[name][turn] = time.perf_counter() - begun
    return {name: each[WARM_UP:] for name, each in seconds.items()}


def record_of(recipe: Recipe, seconds: dict[str, np.ndarray]) -> dict:
    """The record: of each way median and quartiles of its seconds, and what it takes and stores.

    passes       forward passes of single samples, without those of training
    iterations   of training
    numbers      that are stored for one person
    """
    methods = {each.name: each for each in named(*FORWARDED, *TRAINED, table="enrolled")}
    numbers = stored_numbers(recipe, 0, methods.values())
    ways = {}
    for name, each in seconds.items():
        median, low, high = np.quantile(each, [0.5, 0.25, 0.75])
        ways[name] = {"seconds": float(median), "low": float(low), "high": float(high)}
        ways[name] |= {"passes": 1, "iterations": 0, "numbers": 0}
        if method := methods.get(name):
            ways[name] |= {
                "passes": 0 if method.phases else method.samples,
                "iterations": sum(phase.iterations for phase in method.phases),
                "numbers": int(numbers[name]),
            }
    facts = {"machine": machine(), "torch": torch.__version__, "date": date.today().isoformat()}
    return facts | {"shape": list(recipe.shape), "width": recipe.width, "ways": ways}


def main() -> None:
    top = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = ROOT / "params" / "writers-enrolled.yml"
    top.add_argument("params", type=Path, nargs="?", default=default, metavar="PARAMS.yml")
    to = ROOT / "results" / "enrolment-cpu.json"
    top.add_argument("--to", type=Path, default=to, metavar="FILE.json")
    args = top.parse_args()
    try:
        settings = read_params(args.params)
    except InputError as error:
        raise SystemExit(f"enrolment: {error}") from None
    recipe = replace(
        Recipe(CLASSES, (settings.image_size,) * 2, settings.width), channels_last=False
    )
    record = record_of(recipe, measured(ways_of(recipe, settings.batch_size)))
    write(args.to, record)
    for name, way in record["ways"].items():
        print(f"{1000 * way['seconds']:9.1f} ms  {name}")


if __name__ == "__main__":
    main()
