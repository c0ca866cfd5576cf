"""Time and memory of each step as people and samples double: `python benchmarks/scale.py`.

People are synthetic: prototypes of ten classes in 8 × 8 pixels with noise. Two studies are made of
them. In one, ten people are individuals and D_G is of all others. In the other, all are
individuals, in cohorts of a hundred; its rows are random, as nothing is trained. Each step runs in
a process of its own, whose peak of memory counts, its preparation included. Seconds are of the
processor, as other programs do not change these, and of the clock. It writes results/scale.json,
which `make readme` copies into the README.
"""

import argparse
import contextlib
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from durations import ROOT, machine, write
from PIL import Image

import perso
from perso import cli
from perso.data.dataset import prepare, refuse_copies
from perso.methods.method import Method
from perso.methods.registry import NEAR_PERSONS, NEAR_SAMPLES, TL_0
from perso.report.speed import scale_table
from perso.settings import Settings
from perso.store.sqlite import Store, packed
from perso.study import jobs, plans
from perso.study.evaluation import test_columns
from perso.study.study import Study
from perso.training.recipe import init_state

# numbers of people, and of samples of each
SIZES = ((1000, 50), (1000, 100), (2000, 100), (4000, 100))
COHORT = 100  # people
CLASSES = 10
COMMON = {"image_size": 8, "width": 0.125, "batch_size": 64, "device": "cpu"}


@dataclass(frozen=True)
class Size:
    """A number of people and of samples a person, and the folder of their files."""

    people: int
    samples: int
    folder: Path

    @property
    def source(self) -> Path:
        """A Parquet file with the bytes of images and their writers."""
        return self.folder / "people.parquet"

    @property
    def file(self) -> Path:
        """The file of people that is made of it."""
        return self.folder / "people.npz"

    @property
    def store(self) -> Path:
        """The file of rows."""
        return self.folder / "store.sqlite"

    @property
    def params(self) -> Path:
        """The params file of the study of many cohorts."""
        return self.folder / "scale.yml"

    @cached_property
    def one_cohort(self) -> Settings:
        """Settings of ten individuals and a D_G of all others."""
        few = min(10, self.people // 2)
        return Settings(
            dataset=f"file:{self.file}", individuals=few, global_people=self.people - few, **COMMON
        )

    @cached_property
    def many_cohorts(self) -> dict:
        """The settings of the study of many cohorts, as a params file has them."""
        cohort = min(COHORT, self.people)
        study = {"individuals": cohort, "global_people": 0, "exchange": True}
        study |= {"cohorts": self.people // cohort, "reference_repeats": 2}
        return {"dataset": f"file:{self.file}", **study, **COMMON}

    def study(self) -> Study:
        """The study of many cohorts."""
        return Study(Settings(**self.many_cohorts), self.store)


def make(size: Size) -> None:
    """Write the source of synthetic people and the params."""
    draw = np.random.default_rng(0)
    labels = np.tile(np.arange(size.samples) % CLASSES, size.people)
    prototypes = draw.integers(0, 256, (CLASSES, 8, 8))
    noise = draw.normal(0, 40, (len(labels), 8, 8))
    images = np.clip(prototypes[labels] + noise, 0, 255).astype(np.uint8)
    files = []
    for image in images:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "png", compress_level=1)
        files.append({"bytes": buffer.getvalue()})
    writers = np.repeat([f"writer {n}" for n in range(size.people)], size.samples)
    table = pd.DataFrame({"image": files, "writer": writers, "class": labels})
    table.to_parquet(size.source)
    size.params.write_text(json.dumps(size.many_cohorts), encoding="utf-8")  # JSON is YAML


def rows_of(study: Study) -> list[dict]:
    """A row per model of a study, of random accuracies."""
    draw = np.random.default_rng(0)
    tests = {person: len(index) for person, index in study.data.splits.test.items()}
    folds = [(len(f.global_test), sum(tests[p] for p in f.individuals)) for f in study.folds]
    own = {str(person): count for person, count in tests.items()}
    shared = {method.name: method.from_generic for method in study.methods}
    rows = study.wanted().to_dict("records")
    for row in rows:
        counts = {"I": own[row["person"]]}
        counts["G"], counts["S"] = folds[row["fold"]]
        hits = {part: draw.random(count) < 0.8 for part, count in counts.items()}
        row |= {f"hits_{part}": packed(each) for part, each in hits.items()}
        row |= {f"n_{part}": counts[part] for part in "IG"}
        row |= {f"acc_{part}": float(hits[part].mean()) for part in "IG"}
        row |= {"iterations": 500, "own_iterations": 100 if shared[row["method"]] else 500}
        row |= {"seconds": 1.0, "device": "cpu", "precision": "float32", "threads": 1, "lanes": 1}
        row |= {"torch": torch.__version__, "created": "2026-01-01T00:00:00+00:00"}
        row |= {"logp_I": np.zeros(counts["I"], "<f2").tobytes()}
        row |= dict.fromkeys(("acc_V", "acc_U", "n_U", "hits_U"))
    return rows


def command(*words: str | Path) -> None:
    """Run a command of perso; what it prints is dropped, and SystemExit where it fails."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        if cli.main(list(map(str, words))):
            raise SystemExit(f"scale: perso {words[0]} failed: {out.getvalue()}")


# Each step is a generator: what comes before its `yield` is not timed


def import_people(size: Size) -> Iterator[None]:
    yield
    command("import", size.source, "--to", size.file)


def cohort(size: Size) -> Iterator[None]:
    yield
    refuse_copies(prepare(size.one_cohort))


def keys(size: Size) -> Iterator[None]:
    study = size.study()
    yield
    study.keys()


def grouped(size: Size, method: Method) -> Iterator[None]:
    """The samples that a method adds to one person's, from random codes."""
    data = prepare(size.one_cohort)
    (fold,) = data.splits.folds
    codes = np.random.default_rng(0).normal(size=(len(data.inputs), 16)).astype(np.float32)
    yield
    plans.enlarge(data, fold, method, fold.individuals[0], 0, codes)


def evaluation(size: Size) -> Iterator[None]:
    """One model on D_I, D_G and all individuals."""
    study = Study(size.one_cohort, size.store)
    (fold,) = study.folds
    how = jobs.recipe(study.data)
    yield
    test_columns(study.data, how, TL_0, init_state(how, 0), fold, fold.individuals[0])


def insert(size: Size) -> Iterator[None]:
    rows = rows_of(size.study())
    yield
    Store(size.store).add(rows)


def read(size: Size) -> Iterator[None]:
    keys = size.study().keys()
    yield
    Store(size.store).rows(keys)


def table(size: Size) -> Iterator[None]:
    yield
    command("table", size.params, "--store", size.store)


def claims(size: Size) -> Iterator[None]:
    yield
    command("claims", size.params, "--store", size.store)


STEPS = {
    "import": import_people,
    "cohort": cohort,
    "keys": keys,
    "SG of one person": lambda size: grouped(size, NEAR_SAMPLES[0]),
    "IG of one person": lambda size: grouped(size, NEAR_PERSONS[0]),
    "evaluation of one model": evaluation,
    "store: insert": insert,
    "store: read": read,
    "table": table,
    "claims": claims,
}


def timed(size: Size, step: str) -> dict[str, float]:
    """Seconds of a step by the processor and by the clock, and this process's peak of memory."""
    running = STEPS[step](size)
    next(running)
    begun, on_processor = time.perf_counter(), time.process_time()
    next(running, None)
    found = {"cpu": time.process_time() - on_processor, "seconds": time.perf_counter() - begun}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found["GB"] = peak / (2**20 if sys.platform != "darwin" else 2**30)
    return {name: round(value, 2) for name, value in found.items()}


def measured(people: int, samples: int, steps: Sequence[str]) -> dict:
    """The record of one size: `timed` of each step, in a process of its own."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        # in a process of its own, too: a process inherits the peak of the one that starts it
        for step in ("make", *steps):
            words = ["--step", step, *map(str, (people, samples)), folder]
            ran = subprocess.run(
                [sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True, check=True
            )
            if step == "make":
                continue
            found[step] = json.loads(ran.stdout)
            print(f"{people:6} people of {samples:4} samples, {step:24} {found[step]}", flush=True)
    return {"people": people, "samples": samples, "steps": found}


def main() -> None:
    if sys.argv[1:2] == ["--step"]:
        step, people, samples, folder = sys.argv[2:]
        size = Size(int(people), int(samples), Path(folder))
        print(json.dumps(make(size) if step == "make" else timed(size, step)))
        return
    top = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    to = ROOT / "results" / "scale.json"
    top.add_argument("--to", type=Path, default=to, metavar="FILE.json")
    top.add_argument(
        "--without", nargs="+", default=[], choices=list(STEPS), metavar="STEP", help="leave out"
    )
    args = top.parse_args()
    steps = [step for step in STEPS if step not in args.without]
    record = {
        "sizes": [measured(*size, steps) for size in SIZES],
        "machine": machine(),
        "perso": perso.__version__,
        "numpy": np.__version__,
        "torch": torch.__version__,
        "date": date.today().isoformat(),
    }
    write(args.to, record)
    print(scale_table(record).to_string())


if __name__ == "__main__":
    main()
