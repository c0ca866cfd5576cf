"""Executed chapters are kept, and used again as long as nothing that they were made of has changed.

That is their source and parameters, the modules of perso that the kernel had loaded, all packages,
the data, the files that a chapter may read, and the stored rows that it asked for.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import distributions
from pathlib import Path

import nbformat

from perso.files import whole
from perso.paths import ROOT
from perso.store import sqlite
from perso.store.sqlite import Store

# the last cell of a chapter as it is executed; it is not kept
REPORT = "from perso.report import kept\nkept.report()"
READ = ("results", "params", "perso")  # folders of files that a chapter may read
UNREAD = (".pyc", ".j2")  # what no chapter reads there: caches, templates of other pages

# what a chapter depends on that ended before its report: all modules, and no row
EVERYTHING = {"modules": None, "asked": {}}


def report() -> None:
    """Print which modules of perso this process has loaded and which rows it asked for, as JSON."""
    own = [module for name, module in sys.modules.items() if name.partition(".")[0] == "perso"]
    files = {Path(module.__file__) for module in own if module.__file__}
    modules = sorted(file.relative_to(ROOT).as_posix() for file in files)
    asked = {table: sorted(keys) for table, keys in sqlite.ASKED.items()}
    print(json.dumps({"modules": modules, "asked": asked}))


class Kept:
    """The executed chapters in a folder, each with a record of what it was made of.

    folder     where they are kept
    store      the store that chapters ask for rows
    content    hash of the people and samples of the book
    data_dir   folder of data sets
    """

    def __init__(self, folder: Path, store: Store, content: str, data_dir: Path):
        self.folder = folder
        self.store = store
        # as it is when the build begins: an edit during it counts as a later change
        code = {path for path in files_in(ROOT / "perso") if path.suffix == ".py"}
        self.code = {path.relative_to(ROOT).as_posix(): files_hash([path]) for path in code}
        read = {path for name in READ for path in files_in(ROOT / name)} - code
        self.around = {
            "packages": packages(),
            "files": files_hash(sorted(path for path in read if path.suffix not in UNREAD)),
            "content": content,
            "data": data_listing(data_dir),
        }

    def find(self, chapter: Path, values: Mapping) -> str | None:
        """Return the text of an executed chapter; None where it is not there, or of something else.

        values   the parameters that are injected
        """
        executed, record = self.paths(chapter)
        if not (executed.is_file() and record.is_file()):
            return None
        was = json.loads(record.read_text("utf-8"))
        if was != self.made_of(chapter, values, was.get("code", ()), was.get("asked", {})):
            return None
        return executed.read_text("utf-8")

    def keep(self, chapter: Path, values: Mapping, executed: str, reported: Mapping) -> None:
        """Keep the text of an executed chapter.

        reported   what `report` printed in its kernel, or EVERYTHING
        """
        modules = self.code if reported["modules"] is None else reported["modules"]
        made_of = self.made_of(chapter, values, modules, reported["asked"])
        paths = self.paths(chapter)
        for path, text in zip(paths, (executed, json.dumps(made_of)), strict=True):
            with whole(path) as temporary:
                temporary.write_text(text, "utf-8")

    def paths(self, chapter: Path) -> tuple[Path, Path]:
        """Return where a chapter and its record are kept."""
        return self.folder / chapter.name, self.folder / f"{chapter.stem}.json"

    def made_of(
        self, chapter: Path, values: Mapping, modules: Iterable[str], asked: Mapping
    ) -> dict:
        """Return what an execution of a chapter is made of, as JSON holds it.

        modules   of perso, as paths in the checkout
        asked     {table of the store: keys}
        """
        cells = nbformat.read(chapter, as_version=4).cells
        source = [(cell.cell_type, cell.source, cell.metadata) for cell in cells]
        rows = {
            table: self.store.select(table, keys, ["key", "created"])
            for table, keys in asked.items()
        }
        return {
            **self.around,
            "source": json_hash(source),
            "values": json_hash(values),
            "code": {name: self.code.get(name) for name in modules},
            "asked": dict(asked),
            "rows": json_hash({table: sorted(found) for table, found in rows.items()}),
        }


def json_hash(value: object) -> str:
    """Return a hash of what JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def files_hash(files: Iterable[Path]) -> str:
    """Return a hash of the names and contents of files; one that is missing has none."""
    found = [(str(file), file.read_bytes() if file.is_file() else b"") for file in files]
    return json_hash([(name, hashlib.sha256(content).hexdigest()) for name, content in found])


def files_in(folder: Path) -> list[Path]:
    """List all files below a folder, in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def data_listing(folder: Path) -> str:
    """Return a hash of the names, sizes and times of the files below a folder."""
    found = [(path, path.stat()) for path in files_in(folder)]
    return json_hash([(str(path), facts.st_size, facts.st_mtime_ns) for path, facts in found])


def packages() -> str:
    """Return a hash of the versions of Python and of all packages."""
    found = sorted(f"{each.metadata['Name']}=={each.version}" for each in distributions())
    return json_hash([sys.version, *found])
