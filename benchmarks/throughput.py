"""Time training against a textbook loop and against the machine: `make bench`.

All ways of training get the same networks, initial weights, index plans and iterations, in one run:
first the textbook loop, then the engine with one model at a time, then one more speed-up per step,
up to all that the machine offers. At the end a whole small study is trained both by `perso run` and
by the textbook loop.

The data are scikit-learn's digits with their flips; pixels are repeated to reach the image size.
One digit in ten is a test digit. The accuracies on these must agree with the textbook loop's: the
95 % interval of the mean paired difference contains 0, or the mean is below 2 points. After the few
iterations at paper size this says little; tests/test_benchmarks.py compares a single step there.
The time of evaluation counts in the whole study only.

Run it on an idle machine. It writes results/throughput-DEVICE.json for the book, after each size.
Sizes that were measured before are kept if machine and PyTorch are the same.
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
from perso.training import engine, inference
from perso.training.models import State
from perso.training.recipe import Recipe, init_state

CLASSES = 30
RATE = 1e-3  # learning rate
ITERATIONS = {
    "cpu": {"quick": 300, "standard": 60, "paper": 30},
    "cuda": {"quick": 600, "standard": 600, "paper": 600},
}


@dataclass(frozen=True)
class Way:
    """A way to train: the engine with a recipe, or the textbook loop where there is no recipe."""

    name: str
    what: str
    # times as fast as the way before; from single trials, before the benchmark was written
    predicted: float | None = None
    recipe: Recipe | None = None
    processes: int = 1


@dataclass(frozen=True)
class Work:
    """What every way trains: the same data, initial weights and order of images."""

    settings: Settings
    images: np.ndarray  # u8 [M, S, S]
    labels: np.ndarray  # int [M]
    test: np.ndarray  # bool [M]
    plans: np.ndarray  # int [N, T, B], indices of training images
    states: list[State]  # initial weights of the N models


def ways(s: Settings, here: hardware.Machine) -> list[Way]:
    """The ways to time, from the textbook loop to all that the machine offers, one step at a time.

    s      resolved settings
    here   the machine
    """
    cores = torch.get_num_threads()
    large = s.image_size * s.width >= 32
    small = s.lanes > 1
    plain = Recipe(
        CLASSES,
        (s.image_size, s.image_size),
        s.width,
        channels_last=False,
        threads=cores,
        device=here.device,
    )
    listed = [
        Way("textbook loop", "Dataset, DataLoader, eager float32, the loss fetched at every step"),
        Way(
            "engine",
            "data and plan on the device, nothing fetched, fused Adam; one model at a time",
            predicted=2.5 if here.device == "cuda" else 1.2,
            recipe=plain,
        ),
    ]

    def step(name: str, what: str, predicted: float, processes: int = 0, **change) -> None:
        """Add a way that changes the recipe or the number of processes of the last one."""
        last = listed[-1]
        changed = replace(last.recipe, **change)
        listed.append(Way(name, what, predicted, changed, processes or last.processes))

    layout = 1.2 if here.device == "cuda" or not large else 1.6
    if here.device == "cuda":
        step("+ CUDA graph", "the whole step is one launch", 3.5, graph=True)
    step("+ channels_last", "the layout that convolutions want", layout, channels_last=True)
    if small:
        fused = f"{s.lanes} models in one network, by grouped convolutions"
        step("+ fused models", fused, 1.8, lanes=s.lanes)
    if s.in_flight > 1:
        step("+ in flight", f"{s.in_flight} networks, a stream each", 1.4, in_flight=s.in_flight)
    if here.device == "cpu":
        gain = 1.9 if small else 1.0
        step("+ processes", f"{cores} of one thread each", gain, processes=cores, threads=1)
    if here.device == "cuda":
        gain = 4.0 if large else 1.2
        what = "convolutions on tensor cores, 10 bits of each number"
        step("+ tf32", what, gain, precision="tf32")
    if here.bfloat16:
        gain = 1.6 if large else 1.2
        what = "autocast; weights and BN statistics float32"
        step("+ bfloat16", what, gain, precision="bfloat16")
    if here.device == "cuda":
        step("+ torch.compile", "element-wise kernels fused", 1.2, compile=True)
    return listed


def work(settings: Settings, iterations: int, models: int) -> Work:
    """The data, index plans and initial weights at the size of these settings."""
    digits = load_digits()
    pixels = np.rint(digits.images * 255 / 16).astype(np.uint8)
    images, labels = flipped(pixels, digits.target, 10)
    times = settings.image_size // 8
    enlarged = images.repeat(times, 1).repeat(times, 2)
    # a digit and its flips are on the same side of the split
    test = np.arange(len(labels)) % len(digits.target) % 10 == 9
    train = np.flatnonzero(~test)
    no_individual = train[:0]
    from_I = np.zeros(iterations, bool)
    plans = [
        schedules.batches(from_I, no_individual, train, settings.batch_size, None, rng("plan", n))
        for n in range(models)
    ]
    recipe = Recipe(CLASSES, enlarged.shape[1:], settings.width)
    states = [init_state(recipe, seed_of("benchmark", n)) for n in range(models)]
    return Work(settings, enlarged, labels, test, np.stack(plans), states)


def by_textbook(job: Work, device: str) -> tuple[list, float]:
    """Train all models by the textbook loop; the trained models and the seconds it took."""
    shape = (CLASSES, job.settings.image_size, job.settings.width, device)
    models = [textbook.begun(state, *shape) for state in job.states]

    def train(iterations: int | None = None) -> None:
        for model, plan in zip(models, job.plans, strict=True):
            textbook.fit(model, job.images, job.labels, plan[:iterations], RATE, device)

    # PyTorch allows TF32 in convolutions by default; the textbook loop is float32
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        train(4)  # loads kernels
        models = [textbook.begun(state, *shape) for state in job.states]
        return models, clocked(train)


def by_engine(job: Work, way: Way) -> tuple[list[State], float]:
    """Train all models by the engine, in jobs as a study has them; their states and the seconds."""
    jobs = chunks(tuple(range(len(job.plans))), way.recipe.lanes * way.recipe.in_flight)
    done = []
    with joblib.parallel_config("loky"):
        pool = joblib.Parallel(way.processes, batch_size=1)
        call = joblib.delayed(some)
        # starts processes, compiles, captures
        pool(call(way.recipe, job, jobs[0], 4) for _ in range(way.processes))
        seconds = clocked(
            lambda: done.extend(pool(call(way.recipe, job, models) for models in jobs))
        )
    return [state for states in done for state in states], seconds


def some(
    recipe: Recipe, job: Work, models: tuple[int, ...], iterations: int | None = None
) -> list[State]:
    """Train some of the models in this process; their states after the last iteration."""
    plans = job.plans[:, :iterations]
    total = plans.shape[1]
    rates = np.full(total, RATE)
    runs = [engine.Run(plans[n], rates, job.states[n], seed=n) for n in models]
    return engine.train(recipe, engine.Samples(job.images, job.labels), runs)[total]


class Strict(dict):
    """Replaces `engine.FALLBACKS`: exit where a recipe fails; a simpler one must not be timed."""

    def __setitem__(self, recipe, simpler):
        raise SystemExit(f"throughput: this machine cannot train with {recipe}")


def clocked(call: Callable[[], object]) -> float:
    """Seconds of a call, including the work of the GPU."""
    start = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def ceiling(device: str) -> dict[str, float]:
    """Peak rates of a device: matrix product by precision in FLOP/s, copy in bytes/s.

    A copy counts the bytes that are read and the bytes that are written.
    """
    n, size = (4096, 2**28) if device == "cpu" else (8192, 2**32)
    source = torch.ones(size, dtype=torch.uint8, device=device)
    target = source.clone()
    seconds = min(clocked(lambda: target.copy_(source)) for _ in range(8))
    rates = {"copy": 2 * source.numel() / seconds}

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
    """Time all ways at one size; an entry of `sizes` in the record."""
    s = hardware.resolved(read_params(ROOT / "params" / f"{size}.yml"), CLASSES, here)
    cores = here.workers if here.device == "cpu" else 1
    models = max(4, cores * s.lanes, s.in_flight * s.lanes)
    iterations = ITERATIONS[here.device][size]
    engine.FALLBACKS = Strict()
    job = work(s, iterations, models)
    test_images = job.images[job.test]
    test_labels = job.labels[job.test]

    def predicted_classes(way: Way, model) -> np.ndarray:
        if way.recipe is None:
            return textbook.answers(model, test_images, here.device)
        return inference.predict(way.recipe, test_images, model, np.arange(len(test_images)))

    listed = ways(s, here)
    default = study_way(listed, s)
    entries = []
    reference = None
    for way in listed:
        if way.recipe is None:
            trained, seconds = by_textbook(job, here.device)
        else:
            trained, seconds = by_engine(job, way)
        accuracy = np.array(
            [(predicted_classes(way, model) == test_labels).mean() for model in trained]
        )
        if reference is None:
            reference = accuracy
        change = paired.paired_change(accuracy - reference)
        if not (change.low <= 0 <= change.high or abs(change.mean) < 0.02):
            raise SystemExit(
                f"throughput: {way.name} at size {size} changes the accuracy "
                f"of the textbook loop by {change.mean:+.3f}; it must agree"
            )
        entry = {
            "way": way.name,
            "what": way.what,
            "precision": way.recipe.precision if way.recipe else "float32",
            "predicted": way.predicted,
            "ms": 1e3 * seconds / iterations / models,
            "accuracy": accuracy.mean(),
            # none where every model is as accurate as the textbook loop's, as itself is
            "low": None if np.isnan(change.low) else change.low,
            "high": None if np.isnan(change.high) else change.high,
            "note": "a study's own" if way is default else "",
        }
        entries.append(entry)
        print(
            f"{size:9s} {way.name:18s} {entry['ms']:9.3f} ms   accuracy {entry['accuracy']:.3f}",
            flush=True,
        )
    first_run, second_run = (by_engine(job, default)[0] for _ in range(2))
    identical = [
        all(torch.equal(first[name], second[name]) for name in first)
        for first, second in zip(first_run, second_run, strict=True)
    ]
    cost = hardware.iteration(s, CLASSES)
    return {
        "image_size": s.image_size,
        "width": s.width,
        "batch_size": s.batch_size,
        "models": models,
        "iterations": iterations,
        "flop": cost.flop,
        # a lower bound: activations and their gradients are written and read once each;
        # Adam reads four numbers per weight and writes three
        "bytes": 4 * cost.kept + 7 / 4 * cost.weights,
        "ceiling": ceiling(here.device),
        "ways": entries,
        # models with the same weights after two runs in the way that a study takes
        "identical": sum(identical),
    }


def study_way(listed: list[Way], s: Settings) -> Way:
    """The way that a study takes by default: the last of its precision without torch.compile."""
    return [
        way for way in listed[1:] if way.recipe.precision == s.precision and not way.recipe.compile
    ][-1]


def whole_study(name: str, settings: Settings, share: float) -> dict:
    """Time a study by `perso run` on an empty store, and by the textbook loop, row by row.

    name       of the params file
    settings   of the study
    share      of the people that the textbook loop trains; its time is scaled to all of them
    Both train the same methods of the study. `without` has the names of those that the textbook
    loop cannot train: they need an auto-encoder.
    """
    with tempfile.TemporaryDirectory() as folder:
        study = Study(settings, Path(folder) / "store.sqlite")
        methods = tuple(method for method in study.methods if textbook.able(method))
        perso_seconds = clocked(lambda: study.run(methods))
        rows = study.rows(methods)
    done = []
    textbook_seconds = 0.0
    for model in textbook.models(study, methods, share):
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            textbook_seconds += clocked(
                lambda model=model: done.append(textbook.one_model(study.data, *model))
            )
        print(f"\r{len(done)} of {len(rows)} models by the textbook loop", end="", flush=True)
    textbook_rows = pd.DataFrame(done)
    agreement = {}
    for part in PARTS.values():
        ours = accuracy.per_person(rows, part.accuracy)
        theirs = accuracy.per_person(textbook_rows, part.accuracy)
        change = paired.paired_change((ours - theirs).dropna().mean(axis=1))
        agreement[part.name] = asdict(change)
    scaled_seconds = len(rows) / len(done) * textbook_seconds
    print(
        f"\nwhole study: perso {perso_seconds:.0f} s, textbook loop {scaled_seconds:.0f} s; "
        f"agreement {agreement}"
    )
    return {
        "params": name,
        "models": len(rows),
        "perso_seconds": perso_seconds,
        "textbook_seconds": scaled_seconds,
        "textbook_models": len(done),
        "agreement": agreement,
        "without": [method.name for method in study.methods if method not in methods],
    }


def kept(record: dict, device: str) -> dict:
    """The record to continue: with earlier measurements if machine and versions are the same."""
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
    """The number in an option; ArgumentTypeError unless it is above 0 and at most 1."""
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 1")
    return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    option = parser.add_argument
    sizes = [*ITERATIONS["cpu"], "study"]
    option(
        "--size",
        choices=sizes,
        action="append",
        help="what to time; may be repeated; study is the whole quick study and takes longest "
        "(default: all)",
    )
    option("--device", choices=("auto", "cpu", "cuda"), default="auto")
    option(
        "--share",
        type=share,
        default=1.0,
        help="share of the people that the textbook loop trains in the whole study, above 0 to 1; "
        "its time is scaled (default: 1)",
    )
    option("--to", type=Path, help="file of the record (default: results/throughput-DEVICE.json)")
    args = parser.parse_args()
    try:
        here = hardware.machine(args.device)
        to = args.to or ROOT / "results" / f"throughput-{here.device}.json"
        record = kept(records.load_json(to) or {}, here.device)
    except InputError as error:
        raise SystemExit(f"throughput: {error}") from None
    for size in args.size or sizes:
        if size == "study":
            quick = replace(read_params(ROOT / "params" / "quick.yml"), device=here.device)
            record["study"] = whole_study("quick", quick, args.share)
        else:
            record["sizes"][size] = measured(size, here)
        write(to, record)  # after each size: the next may fail or be stopped
    print(to)


if __name__ == "__main__":
    main()
