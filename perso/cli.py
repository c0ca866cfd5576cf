"""The command line: perso import · data · run · table · claims · plan · show · export · …"""

import argparse
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import UnsupportedOperation
from pathlib import Path
from typing import NoReturn

from perso import __version__, commands
from perso.errors import InputError, RunError
from perso.files import expanded
from perso.parts import ALL_PARTS
from perso.paths import default_data_dir, default_store


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code.

    0 done · 1 the run failed · 2 bad input · 3 the budget ended with models left ·
    130 interrupted by Ctrl-C · 143 ended by SIGTERM
    """
    open_streams()
    words = sys.argv[1:] if argv is None else argv
    arguments = parser().parse_args(words)
    arguments.line = shlex.join(["perso", *words])
    try:
        with sigterm_interrupts():
            code = arguments.command(arguments) or 0
        sys.stdout.flush()
        return code
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
    except KeyboardInterrupt as interrupt:
        kept = f"finished models are kept in {arguments.store}; " if "store" in arguments else ""
        print(f"perso: interrupted; {kept}run the same command again to continue", file=sys.stderr)
        return 143 if isinstance(interrupt, Terminated) else 130
    except SystemExit as end:  # its code would be taken for one of the codes above
        print(f"perso: a file of your own ended the program: exit({end.code!r})", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `perso table … | head`
        discard_output()
        return 0
    except MemoryError:
        print("perso: out of memory; finished models are kept", file=sys.stderr)
        return 1
    except OSError as error:  # such as a full disk, which a file of standard output is on
        discard_output()
        place = f"{error.filename}: " if error.filename else ""
        print(f"perso: {place}{error.strerror or error}", file=sys.stderr)
        return 1


def open_streams() -> None:
    """Make standard output and error streams that any text can be written to.

    Services close them, or have none; then what is written is dropped. A file or a pipe is in UTF-8
    whatever the system's code page, and a terminal shows the escape of what it cannot write.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # else the next file that is opened would get the number, and be written to
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def discard_output() -> None:
    """Drop what is still to be written to standard output, which Python tries again at its end."""
    with suppress(UnsupportedOperation):  # a stream without a file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Terminated(KeyboardInterrupt):
    """SIGTERM, as a batch system sends it before it kills."""


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Context manager: SIGTERM raises Terminated, as Ctrl-C raises KeyboardInterrupt."""

    def interrupt(number: int, frame: object) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():  # where no signal arrives
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line on stderr that ends with what would be right."""

    def error(self, message: str) -> NoReturn:
        """Exit with code 2; of a wrong value, argparse's message says itself what is right."""
        text = message.removeprefix("argument ")
        of_a_value = text != message and "expected" not in text
        if not of_a_value:
            text += f"; right is: {self.shortest_line()}"
        self.exit(2, f"perso: {' '.join(text.split())}\n")

    def shortest_line(self) -> str:
        """The command with only what it requires, and where all options are."""
        words = [self.prog]
        for action in self._actions:
            if action.required:
                name = str(action.metavar or action.dest)
                words += [*action.option_strings[:1], name]
        return f"{' '.join(words)} (see {self.prog} --help)"

    def parse_known_args(
        self,
        args: Sequence[str] | None = None,
        namespace: argparse.Namespace | None = None,
    ) -> tuple[argparse.Namespace, list[str]]:
        """Refuse unknown words here, where the command is known, not in the parser above."""
        namespace, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {shlex.join(unknown)}")
        return namespace, unknown


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands and their options."""
    top = OneLineParser(
        prog="perso", description="Study what personalization does to a deep network."
    )
    top.add_argument("--version", action="version", version=__version__)
    subparsers = top.add_subparsers(required=True, metavar="COMMAND")

    def command_with_store(
        name: str, function: Callable, description: str
    ) -> argparse.ArgumentParser:
        """Add a command with --store."""
        added = subparsers.add_parser(name, help=description, description=description)
        added.set_defaults(command=function)
        added.add_argument(
            "--store",
            type=path,
            default=default_store(),
            help="SQLite file of trained models (default: %(default)s)",
        )
        return added

    def command(
        name: str, function: Callable, description: str, several: bool = False
    ) -> argparse.ArgumentParser:
        """Add a command with the options of all commands that have a study, or several."""
        added = command_with_store(name, function, description)
        number = {"nargs": "+"} if several else {}
        added.add_argument(
            "params",
            metavar="PARAMS.yml",
            help="file of settings, such as params/quick.yml",
            **number,
        )
        added.add_argument(
            "-p",
            dest="pairs",
            metavar="KEY=VALUE",
            action="append",
            default=[],
            help="change a setting of the file; may be repeated",
        )
        added.add_argument(
            "--data-dir",
            type=path,
            default=default_data_dir(),
            help="folder of data sets (default: %(default)s)",
        )
        return added

    def training_options(command: argparse.ArgumentParser, only_with: str = "") -> None:
        """Add --jobs, --budget, --backend and --scheduler."""
        command.add_argument(
            "--jobs",
            type=number_from(int, 1),
            metavar="N",
            help=f"{only_with}number of training processes (default: one per core or GPU)",
        )
        command.add_argument(
            "--budget",
            type=number_from(float, 0),
            metavar="SECONDS",
            help=f"{only_with}begin no further training after this time",
        )
        command.add_argument(
            "--backend",
            choices=("loky", "dask"),
            default="loky",
            help=f"{only_with}train in processes of this machine, or on a dask cluster "
            "(default: %(default)s)",
        )
        command.add_argument(
            "--scheduler",
            default="",
            metavar="ADDRESS",
            help=f"{only_with}with --backend dask: its scheduler, such as tcp://10.0.0.1:8786",
        )

    formats = {"choices": ("text", "csv", "md"), "default": "text"}
    formats["help"] = "format of the output (default: %(default)s)"

    importer = subparsers.add_parser(
        "import",
        help="make one file of people from images, tables or a benchmark's files",
        description="Make one file of people for `dataset: file:`; say what was found and done.",
    )
    importer.set_defaults(command=commands.import_command)
    importer.add_argument(
        "source",
        metavar="SOURCE",
        help="a folder of PERSON/CLASS/NAME.png, NIST's by_write, LEAF .json, PFLlib's clients, "
        ".parquet, .csv, EMNIST .mat",
    )
    importer.add_argument(
        "--to", type=path, required=True, metavar="FILE.npz", help="the file to write"
    )
    for option, what in (
        ("person", "table: column of who made a row (default: found by name)"),
        ("class", "table: column of the class (default: found by name)"),
        ("time", "time series: column of the time (default: found by name)"),
        ("channels", "time series: columns, with commas (default: all numbers that vary)"),
    ):
        importer.add_argument(f"--{option}", metavar="NAME", help=what)
    importer.add_argument(
        "--window", type=number_from(int, 2), metavar="STEPS", help="time series: rows of a sample"
    )
    importer.add_argument(
        "--min-items",
        type=number_from(int, 2),
        default=5,
        metavar="N",
        help="leave out people with fewer samples; of a time series, fewer items, which are blocks "
        "of windows (default: %(default)s)",
    )
    importer.add_argument(
        "--keep-polarity", action="store_true", help="images: do not invert dark ink on light paper"
    )

    data = command(
        "data", commands.data_command, "describe the data of a run, and save them to a file"
    )
    data.add_argument(
        "--to",
        type=path,
        metavar="FILE.npz",
        help="write people and samples to one file, to use on another machine",
    )

    run = command("run", commands.run_command, "train the models missing from the store")
    training_options(run)

    table = command(
        "table",
        commands.table_command,
        "print the table of methods from stored and published models",
    )
    table.add_argument("--format", **formats)

    claims = command(
        "claims",
        commands.claims_command,
        "test claims, the papers' or yours, on stored and published models",
    )
    claims.add_argument("--format", **formats)
    claims.add_argument("--to", type=path, metavar="FILE.json", help="write the ledger to a file")
    claims.add_argument(
        "--run", action="store_true", help="first train the models that the claims need"
    )
    training_options(claims, only_with="with --run: ")
    claims.add_argument(
        "--replicate",
        action="store_true",
        help="test again on the people of the next cohort_seed, none of whom is in this cohort",
    )

    plan = command(
        "plan",
        commands.plan_command,
        "how many people and D_G a study needs, from stored and published models",
    )
    plan.add_argument(
        "--effect",
        type=number_from(float, 0.001, 100),
        required=True,
        metavar="POINTS",
        help="the effect to see, in percentage points",
    )
    plan.add_argument(
        "--part",
        choices=tuple(ALL_PARTS),
        default="D_I",
        help="on which data (default: %(default)s)",
    )
    plan.add_argument(
        "--method",
        action="append",
        metavar="NAME",
        help="a method of the rows; may be repeated (default: all)",
    )
    plan.add_argument(
        "--base",
        metavar="NAME",
        help="the method that it is compared with (default: that of `perso table`)",
    )

    show = command_with_store("show", commands.show_command, "where a model's row comes from")
    show.add_argument("key", metavar="KEY", help="a row's key, or a beginning that no other has")

    export = command(
        "export", commands.export_command, "write the stored rows, one per trained model"
    )
    export.add_argument(
        "--to",
        type=path,
        metavar="FILE",
        help=".parquet (with hits and provenance; stored auto-encoders go beside it, to "
        "NAME.encoders.npz) or .csv (default: CSV to standard output)",
    )

    report = command(
        "report",
        commands.report_command,
        "train what is missing, and write one page: should these people have own networks?",
    )
    training_options(report)
    report.add_argument(
        "--to", type=path, metavar="FILE.html", help="the page (default: build/PARAMS.html)"
    )

    book = command(
        "book",
        commands.book_command,
        "train the models missing from the store, and build the book, of one file or of several",
        several=True,
    )
    book.add_argument(
        "--jobs",
        type=number_from(int, 1),
        metavar="N",
        help="number of training processes (default: one per core or GPU)",
    )
    book.add_argument(
        "--to",
        type=path,
        default=Path("build"),
        metavar="DIR",
        help="output folder of book/, executed/, html/ and _build/ (default: %(default)s)",
    )
    return top


def path(text: str) -> Path:
    """Return the path that an option names; a shell leaves the ~ of --to=~/FILE as it is."""
    return expanded(text)


def number_from(
    kind: type, minimum: float, maximum: float = float("inf")
) -> Callable[[str], float]:
    """Return an argparse type for numbers, int or float, from `minimum` to `maximum`."""
    whole = "a whole number" if kind is int else "a number"
    limits = f"of {minimum} or more" if maximum == float("inf") else f"from {minimum} to {maximum}"

    def number(text: str) -> float:
        with suppress(ValueError):
            value = kind(text)
            if minimum <= value <= maximum:
                return value
        raise argparse.ArgumentTypeError(f"{text} is not {whole} {limits}")

    return number
