"""Test whether bfloat16 is as accurate as float32: `python benchmarks/precision.py PARAMS.yml`.

Trains the same study in both precisions, with the same people, splits and seeds. Tests the paired
differences over people for equivalence, within margins that were fixed beforehand. Updates one
entry of results/precision.json. Trained models stay in the store: if the budget ends first, the
same command continues.
"""

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import pandas as pd
from durations import ROOT, machine, write

from perso import errors, paths, settings
from perso.analysis import comparison
from perso.methods import registry
from perso.methods.method import Method
from perso.report import records, tables
from perso.study.study import Study

DEFAULT = ("BaseLine", "ES-n-400", "SW-n-2", "TL-n-300 (1e-4)")  # one of each family
PRECISIONS = ("float32", "bfloat16")


def parser() -> argparse.ArgumentParser:
    """The command line; options have the same names as those of `perso run`."""
    top = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    option = top.add_argument
    option("params", type=Path, metavar="PARAMS.yml")
    option(
        "-p",
        dest="pairs",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change a setting",
    )
    option(
        "--method",
        dest="methods",
        nargs="+",
        default=DEFAULT,
        metavar="METHOD",
        help="names or families of methods; all: those of the study (default: one of each family)",
    )
    option(
        "--store",
        type=Path,
        default=paths.default_store(),
        help="file of trained models (default: %(default)s)",
    )
    option(
        "--data-dir",
        type=Path,
        default=paths.default_data_dir(),
        help="folder of data sets (default: %(default)s)",
    )
    option(
        "--budget",
        type=float,
        default=math.inf,
        metavar="SECONDS",
        help="start no further job after this time (default: none)",
    )
    option(
        "--to",
        type=Path,
        default=ROOT / "results" / "precision.json",
        metavar="FILE.json",
        help="file of the record (default: %(default)s)",
    )
    return top


def main() -> None:
    args = parser().parse_args()
    try:
        base = settings.read_params(args.params, args.pairs)
        methods = None if "all" in args.methods else registry.named(*args.methods)
        rows = dict(both(base, methods, args))
        entries = records.load_json(args.to) or {}
    except (errors.InputError, KeyError) as error:
        raise SystemExit(f"precision: {error.args[0]}") from None
    print(tables.equivalence_table(rows["bfloat16"], rows["float32"]).to_string())
    entries[args.params.stem] = entry(base, rows)
    write(args.to, entries, allow_nan=False)


def both(
    base: settings.Settings, methods: tuple[Method, ...] | None, args: argparse.Namespace
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each precision and its rows; exit if the budget ends before all models are trained.

    methods   None: those of the study
    """
    end = time.monotonic() + args.budget
    for precision in PRECISIONS:
        study = Study(replace(base, precision=precision), args.store, args.data_dir)
        rows = study.run(methods, budget=max(0, end - time.monotonic()))
        if left := len(study.keys(methods)) - len(rows):
            raise SystemExit(
                f"precision: {left} models are still to be trained in {precision}; "
                "nothing was written; run the same command again"
            )
        yield precision, rows


def entry(base: settings.Settings, rows: dict[str, pd.DataFrame]) -> dict:
    """An entry of results/precision.json; null for values that cannot be computed.

    rows   of the two precisions
    """
    one = rows["bfloat16"]
    other = rows["float32"]
    tests = {}
    for part, test in comparison.equivalence_by_part(one, other).items():
        # nan, the only value not equal to itself, is no JSON
        tests[part] = {
            name: value if value == value else None for name, value in asdict(test).items()
        }
    seconds = {name: round(float(each["seconds"].median()), 3) for name, each in rows.items()}
    return {
        "settings": {
            name: value
            for name, value in settings.as_dict(base).items()
            if name not in ("precision", "device")
        },
        "people": one["person"].nunique(),
        "models": len(one) + len(other),
        "methods": list(one["method"].unique()),
        **tests,
        "seconds": seconds,
        "device": ", ".join(one["device"].unique()),
        "machine": machine(),
        "torch": ", ".join(one["torch"].unique()),
        "date": date.today().isoformat(),
    }


if __name__ == "__main__":
    main()
