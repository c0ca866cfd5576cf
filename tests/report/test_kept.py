"""An executed chapter is used again only where nothing that it was made of has changed."""

import json

import nbformat
import pytest

from perso.paths import ROOT
from perso.report import book, kept
from perso.report.kept import Kept
from perso.settings import Settings
from perso.store import sqlite
from perso.store.sqlite import ROW, Store

REPORTED = {"modules": ["perso/parts.py"], "asked": {"rows": ["a", "later"]}}


def add_row(store: Store, key: str) -> None:
    store.add([dict.fromkeys(ROW) | {"key": key, "created": "2026-01-01"}])


def notebook(path, source: str = "1 + 1"):
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)
    return path


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A checkout of a module, a params file and results; data; a store of one row; a chapter."""
    for name in ("perso/parts.py", "params/a.yml", "results/a.parquet", "data/people.npz"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("before")
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    store = Store(tmp_path / "store.sqlite")
    add_row(store, "a")
    notebook(tmp_path / "01-a.ipynb")
    return tmp_path


def opened(world, content: str = "content") -> Kept:
    return Kept(world / "executed", Store(world / "store.sqlite"), content, world / "data")


def found(world, values=None, **changes) -> bool:
    return opened(world, **changes).find(world / "01-a.ipynb", values or {"epochs": 6}) is not None


def keep(world) -> None:
    opened(world).keep(world / "01-a.ipynb", {"epochs": 6}, "as executed", REPORTED)


def test_a_chapter_is_found_as_it_was_executed(world):
    assert not found(world)
    keep(world)
    assert opened(world).find(world / "01-a.ipynb", {"epochs": 6}) == "as executed"


@pytest.mark.parametrize(
    "change",
    [
        lambda world: notebook(world / "01-a.ipynb", "1 + 2"),
        lambda world: (world / "perso" / "parts.py").write_text("after"),
        lambda world: (world / "perso" / "parts.py").unlink(),
        lambda world: (world / "params" / "a.yml").write_text("after"),
        lambda world: (world / "results" / "b.parquet").write_text("new"),
        lambda world: (world / "data" / "people.npz").write_text("others"),
        lambda world: add_row(Store(world / "store.sqlite"), "later"),
        lambda world: (world / "store.sqlite").unlink(),
        lambda world: (world / "executed" / "01-a.json").unlink(),
        lambda world: (world / "executed" / "01-a.json").write_text('{"of": "an older version"}'),
        lambda world: (world / "executed" / "01-a.ipynb").unlink(),
    ],
    ids=[
        "source",
        "code",
        "no code",
        "params",
        "results",
        "data",
        "row",
        "store",
        "record",
        "old",
        "it",
    ],
)
def test_a_chapter_is_executed_again_where_this_changed(change, world):
    keep(world)
    change(world)
    assert not found(world)


def test_a_chapter_is_executed_again_with_other_parameters_people_or_packages(world, monkeypatch):
    keep(world)
    assert not found(world, {"epochs": 7}) and not found(world, content="other people")
    monkeypatch.setattr(kept, "packages", lambda: "others")
    assert not found(world)


def test_a_chapter_that_ended_before_its_report_depends_on_all_modules(world):
    (world / "perso" / "cli.py").write_text("before")
    opened(world).keep(world / "01-a.ipynb", {"epochs": 6}, "left out", kept.EVERYTHING)
    assert found(world)
    (world / "perso" / "cli.py").write_text("after")
    assert not found(world)


def test_what_a_chapter_does_not_need_may_change(world):
    keep(world)
    add_row(Store(world / "store.sqlite"), "of another study")
    (world / "perso" / "cli.py").write_text("another module")
    changed = nbformat.read(world / "01-a.ipynb", as_version=4)
    changed.cells[0].execution_count = 3  # outputs are no source
    nbformat.write(changed, world / "01-a.ipynb")
    assert found(world)


def test_a_kernel_reports_its_modules_and_the_rows_it_asked_for(world, capsys, monkeypatch):
    monkeypatch.setattr(kept, "ROOT", ROOT)
    monkeypatch.setattr(sqlite, "ASKED", {})
    store = Store(world / "store.sqlite")
    store.rows(["a", "none"])
    store.missing(["n"], "networks")
    kept.report()
    reported = json.loads(capsys.readouterr().out)
    assert reported["asked"] == {"rows": ["a", "none"], "networks": ["n"]}
    assert {"perso/report/kept.py", "perso/__init__.py"} <= set(reported["modules"])


CHAPTER = """
from perso.store.sqlite import Store
print(Store({store!r}).rows(["a"])["key"].tolist())
"""


def test_only_what_changed_is_executed_again(tmp_path, monkeypatch):
    store = Store(tmp_path / "store.sqlite")
    add_row(store, "a")
    paths = [tmp_path / "01-a.ipynb", tmp_path / "02-b.ipynb"]
    for path in paths:
        notebook(path, CHAPTER.format(store=str(store.path)))
    monkeypatch.setattr(book, "chapters", lambda: paths)

    def run() -> list[str]:
        """Run the chapters; return the names of those whose pages were written."""
        executed = Kept(tmp_path / "executed", store, "content", tmp_path / "data")
        before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("pages/*")}
        book.run_chapters(tmp_path / "pages", Settings(), executed, {}, jobs=2)
        after = sorted(tmp_path.glob("pages/*"))
        return [path.name for path in after if path.stat().st_mtime_ns != before.get(path)]

    assert run() == ["01-a.ipynb", "02-b.ipynb"]
    pages = [(tmp_path / "pages" / path.name).read_text("utf-8") for path in paths]
    assert all("['a']" in page and "kept.report" not in page for page in pages)
    assert run() == []
    notebook(paths[1], "print('edited')")
    assert run() == ["02-b.ipynb"]
    assert (tmp_path / "pages" / "01-a.ipynb").read_text("utf-8") == pages[0]
    assert "edited" in (tmp_path / "pages" / "02-b.ipynb").read_text("utf-8")
