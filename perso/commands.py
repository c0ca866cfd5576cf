"""The commands: what each does with its arguments (see `cli`)."""

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from perso.errors import InputError
from perso.files import expanded, whole, writable
from perso.parts import parts_of
from perso.paths import default_data_dir
from perso.settings import as_dict, mapping, read_params

if TYPE_CHECKING:  # torch takes seconds to import; bad input should not wait for it
    import pandas as pd

    from perso.methods.method import Method
    from perso.settings import Settings
    from perso.study.study import Study


def open_study(
    arguments: argparse.Namespace,
    trains: bool = False,
    params: str | None = None,
    target: Path | None = None,
    **others: object,
) -> "Study":
    """Return the study of a command line.

    trains   whether a store that lacks models must be one that can be written
    params   one of several files of settings; default: the command's only one
    target   a file that will be written
    others   settings to change
    """
    params = params or arguments.params
    settings = replace(read_params(params, arguments.pairs), **others)
    backend = getattr(arguments, "backend", "loky")
    scheduler = getattr(arguments, "scheduler", "")
    if backend == "dask" and not scheduler:
        raise InputError("--backend dask: needs --scheduler ADDRESS, such as tcp://10.0.0.1:8786")
    if scheduler and backend != "dask":
        raise InputError(f"--scheduler {scheduler}: needs --backend dask")
    # known before the data are prepared
    if trains and not arguments.store.exists():
        writable(arguments.store.parent)
    if target:
        writable(target.parent)
    from perso.study.backends import Launch
    from perso.study.study import Study

    launch = Launch(scheduler, arguments.line, Path(params).stem)
    study = Study(settings, arguments.store, arguments.data_dir, launch=launch)
    if trains:
        check_store(study)
    return study


def check_store(study: "Study") -> None:
    """InputError where a store that lacks models of a study cannot be written."""
    if study.store.missing(study.keys(), "rows", "failures"):
        study.store.check_writable()


def command_line(command: str, arguments: argparse.Namespace, *flags: str) -> str:
    """Return a command, quoted for a shell, with the settings and folders of these arguments."""
    words = ["perso", command, arguments.params]
    for pair in arguments.pairs:
        words += ["-p", pair]
    words += [*flags, "--store", str(arguments.store)]
    if arguments.data_dir != default_data_dir():
        words += ["--data-dir", str(arguments.data_dir)]
    return shlex.join(words)


def training_line(arguments: argparse.Namespace, settings: "Settings") -> str:
    """Return the command that trains the models of other settings, by what these change."""
    asked = as_dict(read_params(arguments.params, arguments.pairs))
    changed = {key: value for key, value in as_dict(settings).items() if value != asked[key]}
    kept = [pair for pair in arguments.pairs if pair.partition("=")[0] not in changed]
    added = [f"{key}={value}" for key, value in changed.items()]
    others = argparse.Namespace(**vars(arguments) | {"pairs": kept + added})
    return command_line("run", others)


def import_command(arguments: argparse.Namespace) -> None:
    """Write a file of people from what somebody has, and print what was found and done."""
    from perso.data import cohort
    from perso.data.importing import import_source
    from perso.data.tabular import Columns

    check_suffix(arguments.to, ".npz")
    writable(arguments.to.parent)
    columns = Columns(
        person=arguments.person,
        label=vars(arguments)["class"],
        time=arguments.time,
        channels=arguments.channels,
        window=arguments.window,
    )
    made = import_source(arguments.source, columns, arguments.min_items, arguments.keep_polarity)
    cohort.save(made.cohort, arguments.to)
    print(made.report)
    words = ["perso", "data", "params/smoke.yml", "-p", f"dataset=file:{arguments.to}"]
    if made.cohort.kind != "images":
        words += ["-p", "architecture=gru", "-p", "flips=false"]
    print(f"wrote {arguments.to}; look at it with {shlex.join(words)}", file=sys.stderr)


def data_command(arguments: argparse.Namespace) -> None:
    """Print the facts and part sizes of a run's data."""
    from perso.data import cohort
    from perso.data.dataset import check_architecture, facts, part_sizes, prepare, refuse_copies

    check_suffix(arguments.to, ".npz")
    settings = read_params(arguments.params, arguments.pairs)
    if arguments.to:
        refuse_own_source(arguments.to, settings.dataset)
        writable(arguments.to.parent)
    data = prepare(settings, arguments.data_dir)
    refuse_copies(data)
    check_architecture(data)
    print(facts(data), part_sizes(data).to_string(index=False), sep="\n\n")
    if arguments.to:
        cohort.save(data.source, arguments.to)
        words = ["-p", f"dataset=file:{arguments.to}"]
        if ":" in data.settings.context:  # the file holds the images as they were altered
            words += ["-p", "context=context"]
        option = shlex.join(words)
        print(f"wrote {arguments.to}; use it on any machine with {option}", file=sys.stderr)


def refuse_own_source(path: Path, dataset: str) -> None:
    """InputError for an output file that is the data set, of which the chosen people would stay."""
    kind, _, source = dataset.partition(":")
    if kind == "file" and path.resolve() == expanded(source).resolve():
        raise InputError(f"--to {path}: is the data set itself; name another file")


def run_command(arguments: argparse.Namespace) -> int:
    """Train the models missing from the store."""
    study = open_study(arguments, trains=True)
    from perso.data.dataset import facts

    print(facts(study.data), f"computing {study.hardware}", sep="\n", file=sys.stderr)
    print_same_methods(study)
    done = len(study.run(jobs=arguments.jobs, budget=arguments.budget))
    wanted = len(study.keys())
    failed = print_failures(study)
    print(f"{done} of {wanted} models are in {arguments.store}", file=sys.stderr)
    return left_over(wanted - done - failed)


def print_same_methods(study: "Study") -> None:
    """Print on stderr which methods few data make one and the same, see `study.same_methods`."""
    for same in study.same_methods:
        one = ": here they are one method" if len(same.methods) > 1 else ""
        print(f"perso: {same.why}{one}", file=sys.stderr)


def print_failures(study: "Study", methods: "Sequence[Method] | None" = None) -> int:
    """Print on stderr which models have no numbers, and why; return how many they are."""
    failures = study.failures(methods)
    for (method, reason), some in failures.groupby(["method", "reason"], sort=False):
        print(f"{method}: {len(some)} models without numbers: {reason}", file=sys.stderr)
    return len(failures)


def print_published(rows: "pd.DataFrame", wanted: int) -> None:
    """Print on stderr which files some of the wanted models come from."""
    if len(rows):
        files = ", ".join(sorted(rows["file"].unique()))
        print(f"{len(rows)} of {wanted} models come from {files}", file=sys.stderr)


def left_over(models: int) -> int:
    """Return a training command's exit code; a line on stderr says what is left."""
    if not models:
        return 0
    print(f"models left: {models}; run the same command again to continue", file=sys.stderr)
    return 3


def stored_rows(
    arguments: argparse.Namespace, published: bool = False, target: Path | None = None
) -> "tuple[Study, pd.DataFrame]":
    """Return a study and its rows; a line on stderr says what is missing.

    InputError where there are no rows at all.

    published   whether to use published rows where the store has none
    target      a file that will be written
    """
    study = open_study(arguments, target=target)
    others = None
    wanted = len(study.keys())
    if published:
        from perso.store.published import published_rows

        others = published_rows(study)
        print_published(others, wanted)
    rows = study.rows(given=others)
    train = command_line("run", arguments)
    if rows.empty:
        raise InputError(
            f"{arguments.store}: holds no model of these settings; train them with: {train}"
        )
    failed = print_failures(study)
    if len(rows) + failed < wanted:
        print(
            f"only {len(rows)} of {wanted} models are there; train the others with: {train}",
            file=sys.stderr,
        )
    return study, rows


def table_command(arguments: argparse.Namespace) -> None:
    """Print the table of methods, with the papers' numbers where they have any."""
    study, rows = stored_rows(arguments, published=True)
    from perso.analysis import comparison, decision, selection
    from perso.methods.method import BASELINE
    from perso.methods.registry import OWN_BASE, base_of_table
    from perso.report import tables
    from perso.store.published import never_published

    write = {
        "text": tables.comparison_text,
        "csv": tables.comparison_csv,
        "md": tables.comparison_markdown,
    }[arguments.format]
    rows_of = study.settings.rows_of
    printed = study.settings.variation if rows_of == "v1" else "v3"
    base = base_of_table(rows_of)
    table = comparison.compare(*selection.with_selected(rows, study.methods), printed, base)
    of_papers = study.data.kind == "images" and rows_of not in OWN_BASE
    on_others = rows.loc[rows["method"] == base, "acc_G"].mean()
    if untrained := decision.untrained_text(on_others, 1 / study.data.classes):
        print(f"perso: {untrained}", file=sys.stderr)
    if base != BASELINE:
        print(f"changes are counted from {base}", file=sys.stderr)
    if never_published(study.settings) or not of_papers:
        table = comparison.without_printed(table)
    print_same_methods(study)
    print(write(table).rstrip("\n"))


def plan_command(arguments: argparse.Namespace) -> None:
    """Print how many people per cohort an effect needs, for several numbers of cohorts."""
    study, rows = stored_rows(arguments, published=True)
    from perso.methods.registry import base_of_table
    from perso.report import plan_text

    base = arguments.base or base_of_table(study.settings.rows_of)
    there = rows["method"].unique().tolist()
    asked = arguments.method or [name for name in there if name != base]
    for option, name in (("--base", base), *(("--method", name) for name in asked)):
        if name not in there:
            raise InputError(f"{option} {name}: has no models; possible: {', '.join(there)}")
    if arguments.part not in parts_of(rows):
        raise InputError(
            f"--part {arguments.part}: these rows have no other contexts; "
            f"possible: {', '.join(parts_of(rows))}"
        )
    if base in asked:
        raise InputError(f"--method {base}: is the base; name another --base")
    print_same_methods(study)
    print(plan_text.plan_note(rows, arguments.part, arguments.effect), file=sys.stderr)
    plans = {
        f"{method} − {base}": plan_text.plan_of(
            rows, method, base, arguments.part, arguments.effect
        )
        for method in asked
    }
    print(plan_text.plan_table(plans, arguments.part).to_string(), flush=True)
    for sentence in plan_text.plan_advice(rows, plans, arguments.part):
        print(sentence, file=sys.stderr)


def claims_command(arguments: argparse.Namespace) -> int:
    """Test the papers' claims, or the user's own, and print the ledger."""
    check_suffix(arguments.to, ".json")
    study = open_study(arguments, target=arguments.to)
    from perso.claims import evidence, finding, ledger, ledger_file, own_claims, registry
    from perso.data.sizes import shape_text
    from perso.report import ledger_text
    from perso.study.study import Study

    studies = [study]
    if arguments.replicate:
        others = replace(study.asked, cohort_seed=study.asked.cohort_seed + 1)
        studies.append(Study(others, arguments.store, arguments.data_dir, launch=study.launch))
    claims = own_claims.claims_of(study.asked)
    needs = {}
    if claims is not own_claims.CLAIMS:
        own_claims.check_names(claims, evidence.Evidence(study))
        needs = own_claims.needs_of(claims)
        print(f"runs of these claims: {', '.join(needs['runs'])}", file=sys.stderr)
    left = 0
    if arguments.run:
        budget = float("inf") if arguments.budget is None else arguments.budget
        ends = time.monotonic() + budget
        for each in studies:
            seconds = max(0.0, ends - time.monotonic())
            left += evidence.train_missing(each, arguments.jobs, seconds, **needs)
    params = Path(arguments.params).stem
    # on a terminal alone, and gone when all are tested
    watch = partial(tqdm, unit="claim", dynamic_ncols=True, leave=False, disable=None)
    data = [evidence.Evidence(each) for each in studies]
    with own_claims.faults_as_input_errors(study.asked):
        ledgers = [ledger.make_ledger(each, claims, params, watch) for each in data]
    *before, last = ledgers
    facts = last.provenance
    # tests of kind "count" are arithmetic and need no models
    if not any(one.test != "count" for each in last.verdicts for one in each.findings):
        flags = ["--run", "--replicate"] if arguments.replicate else ["--run"]
        raise InputError(
            f"{arguments.store}: holds no model of cohort_seed "
            f"{facts['settings']['cohort_seed']} and these settings; "
            f"train them with: {command_line('claims', arguments, *flags)}"
        )
    for one in before:
        print(
            ledger_text.cohort_agreement(one.verdicts, last.verdicts),
            file=sys.stderr if arguments.format == "csv" else sys.stdout,
        )
    scale = f"decided at {facts['scale']} size" if claims is ledger.CLAIMS else "tested"
    if facts["scale"] == "smoke":
        enough = f"individuals={finding.FEWEST_PEOPLE} and width={ledger.NARROWEST} are the minimum"
        scale = f"a smoke run decides nothing; {data[-1].untrained or enough}"
    size = f"{facts['people']} people, {shape_text(study.data.kind, study.data.shape)}"
    files = f"; published: {', '.join(facts['files'])}" if facts["files"] else ""
    print(f"{scale}: {size}{files}", file=sys.stderr)
    print_same_methods(study)
    verdicts = last.verdicts
    if claims is own_claims.CLAIMS and arguments.format != "csv":
        about = registry.CLAIMS_OF.get(study.asked.rows_of, claims)
        verdicts = [each for each in verdicts if each.claim in about]
        if others := len(last.verdicts) - len(verdicts):
            rows_of = f"rows_of: {study.asked.rows_of}"
            print(f"left out: {others} claims about other rows than {rows_of}", file=sys.stderr)
    not_run = [each for each in verdicts if each.verdict == "NOT RUN"]
    untrained = dict.fromkeys(of for each in not_run for of in each.train)
    commands = {of: training_line(arguments, data[-1].run(of).asked) for of in untrained}
    write = {
        "text": partial(ledger_text.ledger_text, commands=commands),
        "csv": ledger_text.ledger_csv,
        "md": ledger_text.ledger_markdown,
    }[arguments.format]
    print(write(verdicts).rstrip("\n"))
    if untrained and not arguments.run:
        runs = ", ".join(evidence.RUN_NAMES[of] for of in untrained)
        command = command_line("claims", arguments, "--run")
        print(f"models are missing of {runs}; train them with: {command}", file=sys.stderr)
    if arguments.to:
        ledger_file.write_ledger(arguments.to, last)
        print(f"wrote {arguments.to}", file=sys.stderr)
    return left_over(left)


def show_command(arguments: argparse.Namespace) -> None:
    """Print where a row comes from, and the command that computes it again."""
    from perso.report import show

    print(show.show_text(arguments.key, arguments.store))


def export_command(arguments: argparse.Namespace) -> None:
    """Write the stored rows to a Parquet or CSV file, or as CSV to standard output."""
    check_suffix(arguments.to, ".parquet", ".csv")
    study, rows = stored_rows(arguments, target=arguments.to)
    if arguments.to and arguments.to.suffix == ".parquet":
        from perso.claims import frozen
        from perso.store import encoders, published

        params = Path(arguments.params).stem
        # which claims were fixed before these models were there
        facts = {"claims": frozen.hash_of_files()}
        facts = published.provenance(study, rows, params) | facts
        published.write_rows(arguments.to, rows, facts)
        if beside := encoders.write_beside(arguments.to, study, params):
            print(f"wrote {beside}: auto-encoders", file=sys.stderr)
    else:
        from perso.store.sqlite import ROW

        table = rows.drop(columns=[column for column, kind in ROW.items() if kind == "BLOB"])
        with whole(arguments.to) if arguments.to else nullcontext(sys.stdout) as file:
            table.to_csv(file, index=False, lineterminator="\n")
    if arguments.to:
        print(f"wrote {arguments.to}: {len(rows)} rows", file=sys.stderr)


def check_suffix(path: Path | None, *possible: str) -> None:
    """InputError for an output file with another suffix than these, or that is a folder."""
    if path and path.suffix not in possible:
        suffix = path.suffix or "a file without suffix"
        raise InputError(f"--to {path}: {suffix} is unknown; possible: {', '.join(possible)}")
    if path and path.is_dir():
        raise InputError(f"--to {path}: is a folder; name a file in it")


def report_command(arguments: argparse.Namespace) -> int:
    """Train what a report needs and write it: one page, should these people have own networks?"""
    params = Path(arguments.params).stem
    to = arguments.to or Path("build", f"{params}.html")
    check_suffix(to, ".html")
    stated = states_rows(arguments)
    others = {} if stated else {"rows_of": "relative"}
    study = open_study(arguments, trains=True, target=to, **others)
    from perso.report import report_page
    from perso.report.tables import training_time
    from perso.store.published import published_rows
    from perso.study.estimate import training_estimate

    methods = study.methods if stated else report_page.default_methods(study)
    given = published_rows(study, methods)
    wanted = len(study.keys(methods))
    print_published(given, wanted)
    if arguments.backend == "loky":  # a cluster's machines are not this one
        seconds = training_estimate(study, methods, given, arguments.jobs)
        if seconds:
            print(f"training takes {training_time(seconds)} or more", file=sys.stderr)
    print_same_methods(study)
    rows = study.run(methods, arguments.jobs, arguments.budget, given)
    left = wanted - len(rows) - print_failures(study, methods)
    if left:
        return left_over(left)
    html = report_page.report_html(study, rows, methods, params, arguments.line)
    with whole(to) as aside:
        aside.write_text(html, "utf-8")
    print(f"wrote {to}", file=sys.stderr)
    if not stated:
        rows_of = f"rows_of={report_page.DEFAULT_TABLE}"
        print(f"other commands need -p {rows_of} for these rows", file=sys.stderr)
    return 0


def states_rows(arguments: argparse.Namespace) -> bool:
    """Return whether a command line or its file of settings names `rows_of`."""
    if any(pair.startswith("rows_of=") for pair in arguments.pairs):
        return True
    read_params(arguments.params, arguments.pairs)  # its errors are in one line
    return "rows_of" in mapping(expanded(arguments.params).read_text("utf-8"))


def book_command(arguments: argparse.Namespace) -> None:
    """Train the models missing from the store and build the book, of one run or of several."""
    from perso.claims import evidence
    from perso.report import book, books

    names = books.names_of_runs(arguments.params)
    several = len(names) > 1
    for params in arguments.params:
        read_params(params, arguments.pairs)
    book.check_sources()
    writable(arguments.to)
    if several:
        books.check_free_for_runs(names, arguments.to)
    else:
        book.check_free(arguments.to)
    studies = {
        name: study_of_a_book(arguments, params)
        for name, params in zip(names, arguments.params, strict=True)
    }
    for study in studies.values():
        check_store(study)
    for study in studies.values():
        study.run(jobs=arguments.jobs)
        # before the chapters: each keeps what it shows, which other rows would change
        evidence.train_missing(study, jobs=arguments.jobs)
    if several:
        page = books.build_runs(studies, arguments.data_dir, arguments.to, arguments.jobs)
    else:
        page = book.build(study, arguments.data_dir, arguments.to, arguments.jobs)
    print(f"book   {page}\nstore  {study.store.path.resolve()}")


def study_of_a_book(arguments: argparse.Namespace, params: str) -> "Study":
    """Return the study of a file of settings; InputError names what no book is made of."""
    study = open_study(arguments, params=params)
    for key, possible in (("variation", "hidden-factors"), ("rows_of", "v3")):
        value = getattr(study.settings, key)
        if value != possible:
            raise InputError(
                f"{key}: {value} has no book of its own, only a chapter; possible: {possible}"
            )
    architecture = "vgg" if study.data.kind == "images" else "gru"
    for key, possible in (("claims_of", "papers"), ("architecture", architecture)):
        value = getattr(study.settings, key)
        if value != possible:
            raise InputError(f"{key}: {value} has no book of its own; possible: {possible}")
    return study
