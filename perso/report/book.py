"""Chapters → executed copies by papermill → one book by jupyter-book. Nothing in `chapters/` is changed."""

import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
import papermill
import yaml

from perso.analysis import comparison
from perso.errors import InputError, RunError
from perso.paths import ROOT
from perso.report import figures
from perso.settings import Settings, as_dict
from perso.study.study import Study

JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"
PAGES = ("_config.yml", "_toc.yml", "intro.md", "glossary.md", "references.md", "references.bib")
SOURCES = (*PAGES, "assets", "perso", "benchmarks", "results")
MADE = ("book", "html", "_build")  # the folders that a build makes anew
MARK = ".made-by-perso"  # a file in each of them; a folder without it is somebody else's


def chapters() -> list[Path]:
    """The notebooks in the order of the table of contents."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [ROOT / f"{entry['file']}.ipynb" for entry in toc["chapters"]]
    return [file for file in files if file.exists()]


def build(study: Study, data_dir: Path, to: Path) -> Path:
    """Execute every chapter with the study's settings and build the pages; the path of the first one.

    InputError where a folder is in the way; RunError when a chapter failed or a page gave a warning.
    """
    to = to.resolve()
    check_free(to)
    source = to / "book"
    copy_sources(source)
    os.environ["PERSO_STORE"], os.environ["PERSO_DATA_DIR"] = (
        str(study.store.path.resolve()),
        str(data_dir.resolve()),
    )
    for chapter in chapters():
        print(f"running {chapter.name}", file=sys.stderr)
        execute(chapter, source / "chapters" / chapter.name, study.asked)
    figures.save_tradeoff(comparison.compare(study.rows()), source / "headline.svg")
    return compile_pages(source, to / "html")


def check_free(to: Path) -> None:
    """InputError names what a build into `to` would remove though no build made it."""
    for path in (to / name for name in MADE):
        if not replaceable(path):
            # before there was a mark, the checkout's own build/ was filled without one
            remedy = "run `make clean`" if to.resolve() == ROOT / "build" else "remove it"
            raise InputError(
                f"--to {to}: {path} would be replaced, and no `perso book` is known to have made it; "
                f"name another --to, or {remedy}"
            )


def replaceable(folder: Path) -> bool:
    """Whether a build may remove a folder: it is not there, is empty, or was made by a build."""
    if not os.path.lexists(folder):
        return True
    if folder.is_symlink() or not folder.is_dir():
        return False
    return (folder / MARK).is_file() or not any(folder.iterdir())


def anew(folder: Path) -> None:
    """Make a folder, without what was in it, and mark it as a build's."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def copy_sources(source: Path) -> None:
    """A fresh folder with what the book is made of."""
    anew(source)
    (source / "chapters").mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)


def chapter_parameters(chapter: Path, settings: Settings) -> dict:
    """What to inject: all that the chapter declares, and whatever else is not as in `Settings`."""
    declared, defaults = papermill.inspect_notebook(chapter), as_dict(Settings())
    values = {
        key: value
        for key, value in as_dict(settings).items()
        if key in declared or value != defaults[key]
    }
    if settings.dataset.startswith("file:"):  # a chapter runs in its own folder
        values["dataset"] = f"file:{Path(settings.dataset.removeprefix('file:')).resolve()}"
    return values


def execute(chapter: Path, copy: Path, settings: Settings) -> None:
    """Run one chapter into `copy` and make the copy fit for the page."""
    values = chapter_parameters(chapter, settings)
    logging.getLogger("papermill").setLevel(
        logging.ERROR
    )  # a setting that a chapter does not declare is no warning
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as empty:
            # without the user's start-up files and configuration, which may define or alter anything
            alone = [f"--ipython-dir={empty}", "--IPKernelApp.exec_PYTHONSTARTUP=False"]
            papermill.execute_notebook(
                chapter,
                copy,
                values,
                cwd=ROOT / "chapters",
                progress_bar=False,
                extra_arguments=["--log-level=ERROR", *alone],
            )
    except papermill.PapermillExecutionError as error:
        said = f"{error.ename}: {error.evalue}"
        raise RunError(f"chapters/{chapter.name}: cell {error.exec_count} failed: {said}") from None
    notebook = nbformat.read(copy, as_version=4)
    check_finished(notebook.metadata.get("papermill", {}), chapter)
    nbformat.write(polish(notebook), copy)


def check_finished(record: Mapping, chapter: Path) -> None:
    """RunError unless papermill's record says that the chapter ran to its end."""
    if record.get("exception") or not record.get("end_time"):
        raise RunError(f"chapters/{chapter.name} did not run to its end")


def polish(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Without the defaults that the injected parameters replaced, without stderr and widgets."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "parameters" in tags:
            cell.metadata.tags = [*tags, "remove-cell"]
        if "injected-parameters" in tags:
            cell.metadata.tags = [*tags, "hide-input"]
            cell.metadata.mystnb = {"code_prompt_show": "Parameters of this run"}
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
    return notebook


def compile_pages(source: Path, html: Path) -> Path:
    """jupyter-book with warnings as errors; the path of the first page."""
    command = [
        "build",
        source,
        "--path-output",
        html.parent,
        "-W",
        "-n",
        "--keep-going",
        "--all",
        "--quiet",
    ]
    anew(html.parent / "_build")
    done = subprocess.run(
        [sys.executable, "-c", JUPYTER_BOOK, *map(str, command)], capture_output=True, text=True
    )
    if done.returncode:
        raise RunError(f"jupyter-book failed:\n{done.stdout}\n{done.stderr}")
    (html.parent / "_build" / "html" / MARK).touch()
    shutil.rmtree(html, ignore_errors=True)
    (html.parent / "_build" / "html").rename(html)
    if outside := [
        f"{page.name}: {tag}"
        for page in html.rglob("*.html")
        for tag in outside_tags(page.read_text("utf-8"))
    ]:
        raise RunError("these pages load something from elsewhere:\n" + "\n".join(outside))
    return html / "index.html"


def outside_tags(html: str) -> list[str]:
    """The tags of a page that make a browser fetch from another host; links to click are not among them."""
    return re.findall(
        r"<(?:script|img|iframe|source|link)\b[^>]*?(?:src|href)=[\"'](?:https?:)?//[^>]*>", html
    )
