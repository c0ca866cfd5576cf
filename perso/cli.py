"""The command line: perso data · run · table · claims · export · book."""

import argparse
import os
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from perso import __version__
from perso.errors import InputError, RunError
from perso.files import whole, writable
from perso.parts import PARTS
from perso.paths import default_data_dir, default_store
from perso.settings import Settings, read_params


def main(argv: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 a run that failed, 2 bad input, 3 a run that its budget ended with models left."""
    given = parser().parse_args(argv)
    try:
        return given.command(given) or 0
    except InputError as error:
        print(f"perso: {error}", file=sys.stderr)
        return 2
    except RunError as error:
        print(f"perso: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(
            f"perso: this command needs {error.name}; install the packages of requirements.lock",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print(
            "perso: interrupted; finished models are kept, the same command goes on",
            file=sys.stderr,
        )
        return 130
    except BrokenPipeError:  # `perso table … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="perso", description="What happens to a deep network when it is made personal."
    )
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name, function, what):
        added = commands.add_parser(name, help=what, description=what)
        added.set_defaults(command=function)
        added.add_argument("params", metavar="PARAMS.yml", help="a file like params/quick.yml")
        option = added.add_argument
        option(
            "-p",
            dest="pairs",
            metavar="KEY=VALUE",
            action="append",
            default=[],
            help="change a setting",
        )
        option(
            "--store",
            type=Path,
            default=default_store(),
            help="file of trained models (%(default)s)",
        )
        option(
            "--data-dir",
            type=Path,
            default=default_data_dir(),
            help="folder of data sets (%(default)s)",
        )
        return added

    add = command(
        "data",
        data_command,
        "show who and what a run is about; --to writes it as one file to carry elsewhere",
    )
    add.add_argument("--to", type=Path, metavar="FILE.npz")
    add = command("run", run_command, "train what the store lacks")
    add.add_argument(
        "--jobs",
        type=number_from(int, 1),
        help="training processes (one per core, or one on a card)",
    )
    add.add_argument(
        "--budget",
        type=number_from(float, 0),
        metavar="SECONDS",
        help="begin nothing new after this time",
    )
    add = command(
        "table", table_command, "the papers' table from the stored and the published models"
    )
    add.add_argument("--format", choices=("text", "csv", "md"), default="text")
    add = command(
        "claims",
        claims_command,
        "put the papers' claims to the test, from the stored and the published models",
    )
    add.add_argument("--format", choices=("text", "csv", "md"), default="text")
    add.add_argument("--to", type=Path, metavar="FILE.json", help="publish the ledger")
    add.add_argument("--run", action="store_true", help="train first what the claims lack")
    add.add_argument("--jobs", type=number_from(int, 1), help="training processes, with --run")
    add.add_argument(
        "--budget",
        type=number_from(float, 0),
        metavar="SECONDS",
        help="with --run: begin nothing new then",
    )
    add.add_argument(
        "--replicate", action="store_true", help="again, on people whom no earlier cohort_seed drew"
    )
    add = command("export", export_command, "write the stored rows, one per trained model")
    what = ".parquet (with hits and origin) or .csv; default: CSV to standard output"
    add.add_argument("--to", type=Path, metavar="FILE", help=what)
    add = command("book", book_command, "train what is missing, run the chapters, build the pages")
    add.add_argument("--jobs", type=number_from(int, 1), help="training processes")
    add.add_argument(
        "--to",
        type=Path,
        default=Path("build"),
        metavar="DIR",
        help="where to build; book/, html/ and _build/ in it are made anew (%(default)s)",
    )
    return top


def number_from(kind: type, least: float):
    """An argparse type: a number not below `least`."""

    def number(text: str):
        value = kind(text)
        if not value >= least:
            raise argparse.ArgumentTypeError(f"{text} is below {least}")
        return value

    return number


def open_study(given):
    """The study that a command line names."""
    settings: Settings = read_params(given.params, given.pairs)
    from perso.study.study import Study  # torch takes seconds; bad input should not wait for it

    return Study(settings, given.store, given.data_dir)


def data_command(given) -> None:
    from perso.data import cohort
    from perso.data.dataset import facts, part_sizes, prepare, refuse_copies

    check_suffix(given.to, ".npz")
    data = prepare(read_params(given.params, given.pairs), given.data_dir)
    refuse_copies(data)
    print(facts(data), part_sizes(data).to_string(index=False), sep="\n\n")
    if given.to:
        cohort.save(data.source, given.to)
        print(f"wrote {given.to}; use it anywhere as -p dataset=file:{given.to}", file=sys.stderr)


def run_command(given) -> int:
    study = open_study(given)
    from perso.data.dataset import facts

    print(facts(study.data), f"computing {study.hardware}", sep="\n", file=sys.stderr)
    done, wanted = len(study.run(jobs=given.jobs, budget=given.budget)), len(study.keys())
    left = "" if done == wanted else f"; {wanted - done} are left, the same command goes on"
    print(f"{done} of {wanted} models are in {given.store}{left}", file=sys.stderr)
    return 3 if left else 0


def stored_rows(given, published: bool = False):
    """A study and its rows; says on stderr what is missing, and InputError when nothing is there.

    published   whether rows that `results/` has and the store has not count as well
    """
    study, others = open_study(given), None
    if published:
        from perso.store.published import published_rows

        others = published_rows(study)
        if len(others):
            files = ", ".join(sorted(others["file"].unique()))
            print(
                f"{len(others)} of {len(study.keys())} models are published ones, of {files}",
                file=sys.stderr,
            )
    rows, wanted = study.rows(given=others), len(study.keys())
    again = " ".join(
        [
            "perso run",
            given.params,
            *(f"-p {pair}" for pair in given.pairs),
            f"--store {given.store}",
        ]
    )
    if rows.empty:
        raise InputError(f"{given.store}: holds no model of these settings; train them by: {again}")
    if len(rows) < wanted:
        print(
            f"only {len(rows)} of {wanted} models are there; train the rest by: {again}",
            file=sys.stderr,
        )
    return study, rows


def table_command(given) -> None:
    study, rows = stored_rows(given, published=True)
    from perso.analysis import comparison
    from perso.report import tables

    form = {
        "text": tables.comparison_text,
        "csv": tables.comparison_csv,
        "md": tables.comparison_markdown,
    }[given.format]
    printed = study.settings.variation if study.settings.rows_of == "v1" else "v3"
    print(form(comparison.compare(rows, study.methods, printed)).rstrip("\n"))


def claims_command(given) -> int:
    check_suffix(given.to, ".json")
    study = open_study(given)
    from perso.claims import evidence, finding, ledger, ledger_file
    from perso.report import ledger_text
    from perso.study.study import Study

    if given.to:
        writable(given.to.parent)
    studies = [study]
    if given.replicate:
        others = replace(study.asked, cohort_seed=study.asked.cohort_seed + 1)
        studies.append(Study(others, given.store, given.data_dir))
    left = 0
    if given.run:
        ends = time.monotonic() + (float("inf") if given.budget is None else given.budget)
        for each in studies:
            left += evidence.train_missing(each, given.jobs, max(0.0, ends - time.monotonic()))
    name = Path(given.params).stem
    found = [ledger.make_ledger(evidence.Evidence(each), params=name) for each in studies]
    *first, last = found
    if not any(finding.test != "count" for each in last.verdicts for finding in each.findings):
        which = f"of cohort_seed {last.provenance['settings']['cohort_seed']} and these settings"
        again = " ".join(
            [
                "perso claims",
                given.params,
                *(f"-p {pair}" for pair in given.pairs),
                "--run",
                *["--replicate"] * given.replicate,
                f"--store {given.store}",
            ]
        )
        raise InputError(f"{given.store}: holds no model {which}; train them by: {again}")
    form = {
        "text": ledger_text.ledger_text,
        "csv": ledger_text.ledger_csv,
        "md": ledger_text.ledger_markdown,
    }[given.format]
    for one in first:
        print(
            ledger_text.cohort_agreement(one.verdicts, last.verdicts),
            file=sys.stderr if given.format == "csv" else sys.stdout,
        )
    told = last.provenance
    size = f"{told['people']} people, {told['settings']['image_size']} pixels a side"
    published = f"; published rows of {', '.join(told['files'])}" if told["files"] else ""
    decided = f"decided at {told['scale']} size"
    if told["scale"] == "smoke":
        enough = f"individuals={finding.MIN_PEOPLE} and width={ledger.NARROWEST}"
        decided = f"a smoke run decides nothing (at least {enough} would)"
    print(f"{decided}: {size}{published}", file=sys.stderr)
    print(form(last.verdicts).rstrip("\n"))
    if given.to:
        ledger_file.write_ledger(given.to, last)
        print(f"wrote {given.to}", file=sys.stderr)
    if left:
        print(f"{left} models are left, the same command goes on", file=sys.stderr)
    return 3 if left else 0


def export_command(given) -> None:
    check_suffix(given.to, ".parquet", ".csv")
    study, rows = stored_rows(given)
    if given.to and given.to.suffix == ".parquet":
        from perso.store import published

        published.write_rows(
            given.to, rows, published.provenance(study, rows, Path(given.params).stem)
        )
    else:
        shown = rows.drop(columns=[part.hits for part in PARTS.values()])
        with whole(given.to) if given.to else nullcontext(sys.stdout) as file:
            shown.to_csv(file, index=False, lineterminator="\n")
    if given.to:
        print(f"wrote {given.to}: {len(rows)} rows", file=sys.stderr)


def check_suffix(path: Path | None, *possible: str) -> None:
    """InputError when a file that is to be written has another suffix than these, or is a folder."""
    if path and path.suffix not in possible:
        kind = path.suffix or "a file without suffix"
        raise InputError(f"--to {path}: {kind} is unknown; possible: {', '.join(possible)}")
    if path and path.is_dir():
        raise InputError(f"--to {path}: is a folder; name a file in it")


def book_command(given) -> None:
    study = open_study(given)
    for key, shown in (("variation", "hidden-factors"), ("rows_of", "v3")):
        if (asked := getattr(study.settings, key)) != shown:
            raise InputError(
                f"{key}: {asked} has no book of its own, each has a chapter of it; possible: {shown}"
            )
    from perso.report import book as pages

    writable(given.to)
    pages.check_free(given.to)
    study.run(jobs=given.jobs)
    page = pages.build(study, given.data_dir, given.to)
    print(f"book   {page}\nstore  {study.store.path.resolve()}")
