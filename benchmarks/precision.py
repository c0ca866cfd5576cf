"""Whether bfloat16 is as accurate as float32: `python benchmarks/precision.py params/quick.yml`.

Trains the same study in both precisions, with the same people, splits and seeds, and tests the
paired differences over people for equivalence within margins that were fixed beforehand. Updates
one entry of results/precision.json. Trained models stay in the store: after a budget has ended, the
same command goes on.
"""

import argparse
import math
import time
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

from durations import ROOT, machine, write

from perso import errors, paths, settings
from perso.analysis import comparison
from perso.methods import registry
from perso.report import records, tables
from perso.study.study import Study

DEFAULT = ("BaseLine", "ES-n-400", "SW-n-2", "TL-n-300 (1e-4)")  # one of each family
PRECISIONS = ("float32", "bfloat16")


def parser() -> argparse.ArgumentParser:
    """The options, named as those of `perso run`."""
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
    which = "names or families, or all: those of the study (%(default)s)"
    option("--method", dest="methods", nargs="+", default=DEFAULT, help=which)
    option(
        "--store",
        type=Path,
        default=paths.default_store(),
        help="file of trained models (%(default)s)",
    )
    option(
        "--data-dir",
        type=Path,
        default=paths.default_data_dir(),
        help="folder of data sets (%(default)s)",
    )
    option(
        "--budget",
        type=float,
        default=math.inf,
        metavar="SECONDS",
        help="begin nothing new after this time",
    )
    option(
        "--to",
        type=Path,
        default=ROOT / "results" / "precision.json",
        metavar="FILE.json",
        help="%(default)s",
    )
    return top


def main() -> None:
    given = parser().parse_args()
    try:
        base = settings.read_params(given.params, given.pairs)
        wanted = None if "all" in given.methods else registry.named(*given.methods)
        rows = dict(both(base, wanted, given))
        entries = records.load_json(given.to) or {}
    except (errors.InputError, KeyError) as error:
        raise SystemExit(f"precision: {error.args[0]}") from None
    print(tables.equivalence_table(rows["bfloat16"], rows["float32"]).to_string())
    entries[given.params.stem] = entry(base, rows)
    write(given.to, entries, allow_nan=False)


def both(base: settings.Settings, wanted, given):
    """Yield each precision and its rows; exit where the budget left some models untrained.

    wanted   methods; None: those of the study
    """
    ends = time.monotonic() + given.budget
    for kind in PRECISIONS:
        study = Study(replace(base, precision=kind), given.store, given.data_dir)
        rows = study.run(wanted, budget=max(0, ends - time.monotonic()))
        if left := len(study.keys(wanted)) - len(rows):
            raise SystemExit(
                f"{left} models are left in {kind}; the same command goes on. Nothing was written."
            )
        yield kind, rows


def entry(base: settings.Settings, rows: dict) -> dict:
    """A comparison as it stands in results/precision.json; null for what cannot be computed."""
    one, other = rows["bfloat16"], rows["float32"]
    found = {
        part: {key: None if value != value else value for key, value in asdict(each).items()}
        for part, each in comparison.equivalence_by_part(one, other).items()
    }
    return {
        "settings": {
            key: value
            for key, value in settings.as_dict(base).items()
            if key not in ("precision", "device")
        },
        "people": one["person"].nunique(),
        "models": len(one) + len(other),
        "methods": list(one["method"].unique()),
        **found,
        "seconds": {kind: round(float(each["seconds"].median()), 3) for kind, each in rows.items()},
        "device": ", ".join(one["device"].unique()),
        "machine": machine(),
        "torch": ", ".join(one["torch"].unique()),
        "date": date.today().isoformat(),
    }


if __name__ == "__main__":
    main()
