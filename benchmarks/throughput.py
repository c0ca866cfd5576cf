"""How fast, against the textbook loop and against the machine: `make bench`, or `python benchmarks/throughput.py`.

The same networks, initial weights, plans and iterations in several ways, in one run: the textbook loop, the engine one
model at a time, then a step at a time to all that the machine can. Then a whole small study both ways. Data are
scikit-learn's digits with their flips, enlarged by repeating pixels; every tenth is kept for the accuracies, which must
agree: their mean paired difference is zero within its 95 % interval, or below 2 points. (After the few iterations at
paper size that says little; there a unit test compares a step.) Evaluation is timed with the study and nowhere else. It
wants an idle machine, and writes results/throughput-DEVICE.json for the book, after each size. What the file has of
other sizes stays if this machine and this PyTorch measured it.
"""

import argparse
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import textbook
import torch
from durations import ROOT, machine, write
from sklearn.datasets import load_digits

from perso.analysis import accuracy
from perso.data.images import flipped
from perso.errors import InputError
from perso.methods import schedules
from perso.parts import PARTS
from perso.report import records
from perso.seeds import rng, seed_of
from perso.settings import Settings, read_params
from perso.stats import paired
from perso.study import hardware
from perso.study.jobs import chunks
from perso.study.study import Study
from perso.training import engine, inference, recipe
from perso.training.models import State
from perso.training.recipe import Recipe, init_state

CLASSES, RATE = 30, 1e-3
ITERATIONS = {
    "cpu": {"quick": 300, "standard": 60, "paper": 30},
    "cuda": {"quick": 600, "standard": 600, "paper": 600},
}


@dataclass(frozen=True)
class Way:
    """A way to train: the engine by a recipe, in so many processes; the textbook loop where there is no recipe."""

    name: str
    what: str
    predicted: float | None = (
        None  # times as fast as the way before; from single trials, before this was written
    )
    recipe: Recipe | None = None
    processes: int = 1


@dataclass(frozen=True)
class Work:
    """The same for every way: what to train on, from where, in which order."""

    settings: Settings
    images: np.ndarray  # u8 [M, S, S]
    labels: np.ndarray  # int [M]
    test: np.ndarray  # bool [M]
    plans: np.ndarray  # int [N, T, B], of images that are not for the test
    states: list[State]


def ways(s: Settings, here: hardware.Machine) -> list[Way]:
    """From the textbook loop to all that the machine can, a step at a time (of settled settings)."""
    cores, large, small = torch.get_num_threads(), s.image_size * s.width >= 32, s.lanes > 1
    plain = recipe.Recipe(
        CLASSES, s.image_size, s.width, channels_last=False, threads=cores, device=here.device
    )
    taken = [
        Way("textbook loop", "Dataset, DataLoader, eager float32, the loss fetched at every step"),
        Way("engine", "data and plan on the device, nothing fetched, fused Adam; one model at a time",
            2.5 if here.device == "cuda" else 1.2, plain),
    ]  # fmt: skip

    def step(name: str, what: str, predicted: float, processes: int = 0, **change):
        last = taken[-1]
        taken.append(
            Way(name, what, predicted, replace(last.recipe, **change), processes or last.processes)
        )

    layout = 1.2 if here.device == "cuda" or not large else 1.6
    if here.device == "cuda":
        step("+ CUDA graph", "the whole step is one launch", 3.5, graph=True)
    step("+ channels_last", "the layout that convolutions want", layout, channels_last=True)
    if small:
        step(
            "+ fused models",
            f"{s.lanes} models in one network, by grouped convolutions",
            1.8,
            lanes=s.lanes,
        )
    if s.in_flight > 1:
        step("+ in flight", f"{s.in_flight} networks, a stream each", 1.4, in_flight=s.in_flight)
    if here.device == "cpu":
        step(
            "+ processes",
            f"{cores} of one thread each",
            1.9 if small else 1.0,
            processes=cores,
            threads=1,
        )
    if here.device == "cuda":
        step(
            "+ tf32",
            "convolutions on tensor cores, 10 bits of each number",
            4.0 if large else 1.2,
            precision="tf32",
        )
    if here.bfloat16:
        step(
            "+ bfloat16",
            "autocast; weights and BN statistics float32",
            1.6 if large else 1.2,
            precision="bfloat16",
        )
    if here.device == "cuda":
        step("+ torch.compile", "element-wise kernels fused", 1.2, compile=True)
    return taken


def work(settings: Settings, iterations: int, models: int) -> Work:
    """The work at the size of these settings."""
    digits = load_digits()
    images, labels = flipped(np.rint(digits.images * 255 / 16).astype(np.uint8), digits.target, 10)
    times = settings.image_size // 8
    test = np.arange(len(labels)) % len(digits.target) % 10 == 9  # a digit's flips with it
    own, none = np.flatnonzero(~test), np.zeros(iterations, bool)
    plans = [
        schedules.batches(none, own[:0], own, settings.batch_size, None, rng("plan", n))
        for n in range(models)
    ]
    recipe = Recipe(CLASSES, settings.image_size, settings.width)
    states = [init_state(recipe, seed_of("benchmark", n)) for n in range(models)]
    return Work(
        settings, images.repeat(times, 1).repeat(times, 2), labels, test, np.stack(plans), states
    )


def by_textbook(job: Work, device: str) -> tuple[list, float]:
    """The models of all plans, and the seconds that training took."""
    shape = (CLASSES, job.settings.image_size, job.settings.width, device)
    models = [textbook.begun(state, *shape) for state in job.states]

    def call(iterations: int | None = None):
        for model, plan in zip(models, job.plans, strict=True):
            textbook.fit(model, job.images, job.labels, plan[:iterations], RATE, device)

    with torch.backends.cudnn.flags(
        enabled=True, allow_tf32=False
    ):  # which PyTorch does not call float32 either
        call(4)  # loads kernels
        models = [textbook.begun(state, *shape) for state in job.states]
        return models, clocked(call)


def by_engine(job: Work, way: Way) -> tuple[list[State], float]:
    """The same by the engine, in jobs as a study cuts them."""
    jobs = chunks(tuple(range(len(job.plans))), way.recipe.lanes * way.recipe.in_flight)
    with joblib.parallel_config("loky"):
        pool, done = joblib.Parallel(way.processes, batch_size=1), []
        part = joblib.delayed(some)
        pool(
            part(way.recipe, job, jobs[0], 4) for _ in range(way.processes)
        )  # starts processes, compiles, captures
        seconds = clocked(
            lambda: done.extend(pool(part(way.recipe, job, models) for models in jobs))
        )
    return [state for states in done for state in states], seconds


def some(
    recipe: recipe.Recipe, job: Work, models: tuple[int, ...], iterations: int | None = None
) -> list[State]:
    """Some of the models, trained in this process."""
    plans, states = job.plans[list(models), :iterations], [job.states[n] for n in models]
    total = plans.shape[1]
    return engine.train(
        recipe, job.images, job.labels, plans, np.full(total, RATE), states, list(models)
    )[total]


class Strict(dict):
    """Stands for the engine's list of what serves instead: here nothing may."""

    def __setitem__(self, recipe, simpler):
        raise SystemExit(f"this machine lacks what {recipe} asks for")


def clocked(call: Callable[[], object]) -> float:
    """Seconds of a call, the device's work included."""
    begun = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def ceiling(device: str) -> dict[str, float]:
    """The machine's own rates: a large matrix product (FLOP/s), a large copy (bytes/s, read and written)."""
    n, size = (4096, 2**28) if device == "cpu" else (8192, 2**32)
    big = torch.ones(size, dtype=torch.uint8, device=device)
    other = big.clone()
    rates = {"copy": 2 * big.numel() / min(clocked(lambda: other.copy_(big)) for _ in range(8))}

    def product(dtype: torch.dtype) -> float:
        a = torch.rand(n, n, device=device).to(dtype)
        return 2 * n**3 / min(clocked(lambda: a @ a) for _ in range(4))

    rates |= {"float32": product(torch.float32), "bfloat16": product(torch.bfloat16)}
    if device == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
        rates["tf32"] = product(torch.float32)
        torch.backends.cuda.matmul.allow_tf32 = False
    return rates


def measured(size: str, here: hardware.Machine) -> dict:
    """All ways at one size."""
    s = hardware.resolved(read_params(ROOT / "params" / f"{size}.yml"), CLASSES, here)
    cores = here.workers if here.device == "cpu" else 1
    models = max(4, cores * s.lanes, s.in_flight * s.lanes)
    total = ITERATIONS[here.device][size]
    engine.FALLBACKS = Strict()
    job, done, first = work(s, total, models), [], None
    own, wanted = job.images[job.test], job.labels[job.test]
    tried = ways(s, here)
    own_way = study_way(tried, s)
    for way in tried:
        trained, seconds = (
            by_textbook(job, here.device) if way.recipe is None else by_engine(job, way)
        )
        given = [
            textbook.answers(model, own, here.device) if way.recipe is None
            else inference.predict(way.recipe, own, model, np.arange(len(own))) for model in trained
        ]  # fmt: skip
        accuracy = np.array([(each == wanted).mean() for each in given])
        first = accuracy if first is None else first
        apart = paired.paired_change(accuracy - first)
        if not (apart.low <= 0 <= apart.high or abs(apart.mean) < 0.02):
            raise SystemExit(
                f"{way.name} is not the same work: accuracy {apart.mean:+.3f} against the textbook's"
            )
        done.append(
            {
                "way": way.name,
                "what": way.what,
                "precision": way.recipe.precision if way.recipe else "float32",
                "predicted": way.predicted,
                "ms": 1e3 * seconds / total / models,
                "accuracy": accuracy.mean(),
                "low": apart.low,
                "high": apart.high,
                "note": "a study's own" if way is own_way else "",
            }
        )
        print(
            f"{size:9s} {way.name:18s} {done[-1]['ms']:9.3f} ms   accuracy {done[-1]['accuracy']:.3f}",
            flush=True,
        )
    once, twice = (by_engine(job, own_way)[0] for _ in range(2))
    same = [
        all(torch.equal(one[name], two[name]) for name in one)
        for one, two in zip(once, twice, strict=True)
    ]
    need = hardware.iteration(s, CLASSES)
    return {
        "image_size": s.image_size,
        "width": s.width,
        "batch_size": s.batch_size,
        "models": models,
        "iterations": total,
        "flop": need.flop,
        # at the least: what is kept is written and read, and so is its gradient; Adam reads four and writes three
        "bytes": 4 * need.kept + 7 / 4 * need.weights,
        "ceiling": ceiling(here.device),
        "ways": done,
        "identical": sum(same),  # of the models, when a study's own way is gone twice
    }


def study_way(tried: list[Way], s: Settings) -> Way:
    """The way that a study takes when nothing is forced: the last of its precision, and without the compiler."""
    return [
        way for way in tried[1:] if way.recipe.precision == s.precision and not way.recipe.compile
    ][-1]


def whole_study(name: str, settings: Settings, share: float) -> dict:
    """A study by `perso run` on an empty store, and row by row by the textbook loop, as the papers describe it.

    Both train the same methods: those of the study, `without` the ones that the textbook loop cannot train, which need
    an auto-encoder.
    """
    with tempfile.TemporaryDirectory() as folder:
        study = Study(settings, Path(folder) / "store.sqlite")
        methods = tuple(method for method in study.methods if textbook.able(method))
        ours = clocked(lambda: study.run(methods))
        rows = study.rows(methods)
    done, textbook_seconds = [], 0.0
    for call in textbook.models(study, methods, share):
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            textbook_seconds += clocked(
                lambda call=call: done.append(textbook.one_model(study.data, *call))
            )
        print(f"\r{len(done)} of {len(rows)} models by the textbook loop", end="", flush=True)
    theirs = pd.DataFrame(done)
    agreement = {}
    for part in PARTS.values():
        one, two = (accuracy.per_person(each, part.accuracy) for each in (rows, theirs))
        agreement[part.name] = asdict(paired.paired_change((one - two).dropna().mean(axis=1)))
    scale = len(rows) / len(done)
    print(
        f"\nwhole study: {ours:.0f} s, textbook loop {scale * textbook_seconds:.0f} s; {agreement}"
    )
    return {
        "params": name,
        "models": len(rows),
        "perso_seconds": ours,
        "textbook_seconds": scale * textbook_seconds,
        "textbook_models": len(done),
        "agreement": agreement,
        "without": [method.name for method in study.methods if method not in methods],
    }


def kept(record: dict, device: str) -> dict:
    """The record to go on with: of the earlier one what this machine and this PyTorch measured, else nothing."""
    about = {
        "machine": machine(),
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "cores": joblib.cpu_count(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    if any(record.get(name) != value for name, value in about.items()):
        record = {}
    return {**about, "date": date.today().isoformat(), "sizes": {}} | {
        name: record[name] for name in ("sizes", "study") if name in record
    }


def share(text: str) -> float:
    """An argparse type: above 0, up to 1."""
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and up to 1")
    return value


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = options.add_argument
    sizes = "default: all, then study: the whole quick study, also by the textbook loop, which takes longest"
    add("--size", choices=[*ITERATIONS["cpu"], "study"], action="append", help=sizes)
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add(
        "--share",
        type=share,
        default=1.0,
        help="above 0 to 1: of the people, by the textbook loop, then scaled",
    )
    add("--to", type=Path, help="default: results/throughput-DEVICE.json")
    given = options.parse_args()
    try:
        here = hardware.machine(given.device)
        to = given.to or ROOT / "results" / f"throughput-{here.device}.json"
        record = kept(records.load_json(to) or {}, here.device)
    except InputError as error:
        raise SystemExit(f"throughput: {error}") from None
    for size in given.size or [*ITERATIONS["cpu"], "study"]:
        if size == "study":
            quick = replace(read_params(ROOT / "params" / "quick.yml"), device=here.device)
            record["study"] = whole_study("quick", quick, given.share)
        else:
            record["sizes"][size] = measured(size, here)
        write(to, record)  # after each size, as the next may fail or be stopped
    print(to)


if __name__ == "__main__":
    main()
