"""Build the book: papermill executes copies of the chapters, jupyter-book makes pages of them.

Nothing in `chapters/` is changed.
"""

import contextlib
import importlib.util
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
import papermill
import yaml

import perso
from perso.analysis import comparison
from perso.errors import InputError, RunError
from perso.files import expanded
from perso.own_code import absolute, is_reference
from perso.paths import ROOT
from perso.report import figures
from perso.settings import OWN_CODE, TYPES, Settings, as_dict
from perso.study.study import Study

JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"
PAGES = ("intro.md", "cluster.md", "glossary.md", "references.md")
FILES = ("_config.yml", "_toc.yml", "references.bib")
SOURCES = (*FILES, *PAGES, "assets", "perso", "benchmarks", "results")
MADE = ("book", "html", "_build")  # the folders that a build replaces
OWN_DATA_MISSING = r"InputError: dataset \w+: "
KERNEL = "python3"
MARK = ".made-by-perso"  # a file in each of them; a folder without it is not replaced


def chapters() -> list[Path]:
    """List the notebooks in the order of the table of contents."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    files = [ROOT / f"{entry['file']}.ipynb" for entry in toc["chapters"]]
    return [file for file in files if file.exists()]


def build(study: Study, data_dir: Path, to: Path) -> Path:
    """Execute every chapter with the study's settings, build the pages, return the first page.

    InputError where a folder is in the way; RunError when a chapter fails or a page has a warning.
    """
    to = to.resolve()
    check_free(to)
    source = to / "book"
    copy_sources(source)
    os.environ["PERSO_STORE"] = str(study.store.path.resolve())
    os.environ["PERSO_DATA_DIR"] = str(data_dir.resolve())
    for chapter in chapters():
        print(f"running {chapter.name}", file=sys.stderr)
        execute(chapter, source / "chapters" / chapter.name, study.asked)
    figures.save_tradeoff(comparison.compare(study.rows()), source / "headline.svg")
    return compile_pages(source, to / "html")


def check_sources() -> None:
    """InputError without the checkout that a book is made of, or without the tools that make it.

    Call it before the models are trained.
    """
    if missing := [name for name in (*SOURCES, "chapters") if not (ROOT / name).exists()]:
        raise InputError(
            f"book: {ROOT} has no {', '.join(missing)}; a book is made of a checkout of perso: run "
            "the command in one"
        )
    for name in ("ipykernel", "jupyter_book"):
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(name=name)


def check_free(to: Path) -> None:
    """Check that a build into `to` removes only what a build made; InputError names the rest."""
    for path in (to / name for name in MADE):
        if not replaceable(path):
            # older versions filled the checkout's own build/ without a mark
            remedy = "run `make clean`" if to.resolve() == ROOT / "build" else "remove it"
            raise InputError(
                f"--to {to}: {path} would be replaced, but `perso book` did not make it; "
                f"name another --to, or {remedy}"
            )


def replaceable(folder: Path) -> bool:
    """Whether a build may remove a folder: it is missing, empty, or was made by a build."""
    if not os.path.lexists(folder):
        return True
    if folder.is_symlink() or not folder.is_dir():
        return False
    return (folder / MARK).is_file() or not any(folder.iterdir())


def empty_folder(folder: Path) -> None:
    """Replace a folder by an empty one with the mark of a build."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def copy_sources(source: Path) -> None:
    """Copy what the book is made of into a new folder."""
    empty_folder(source)
    (source / "chapters").mkdir()
    # editors keep locks (dangling links) and copies beside a file
    skipped = shutil.ignore_patterns(".*", "*~", "#*#", "__pycache__")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, source / name, ignore=skipped, ignore_dangling_symlinks=True
            )
        else:
            shutil.copy(ROOT / name, source / name)


def chapter_parameters(chapter: Path, settings: Settings) -> dict:
    """Parameters to inject: those that the chapter declares and those that are not defaults.

    None into a chapter whose parameters are of its own, see `has_own_params`.
    """
    if has_own_params(chapter):
        return {}
    declared = papermill.inspect_notebook(chapter)
    defaults = as_dict(Settings())
    values = {
        key: value
        for key, value in as_dict(settings).items()
        if key in declared or value != defaults[key]
    }
    # a chapter runs in its own folder
    prefix, _, path = settings.dataset.partition(":")
    if prefix == "file":
        values["dataset"] = f"file:{expanded(path).resolve()}"
    if prefix == "python":
        values["dataset"] = f"python:{absolute(path)}"
    for key in OWN_CODE:
        if is_reference(getattr(settings, key)):
            values[key] = absolute(getattr(settings, key))
    return values


def has_own_params(chapter: Path) -> bool:
    """Whether a chapter names a file in params/ itself, for it is about data of its own."""
    return "params" in papermill.inspect_notebook(chapter)


def execute(chapter: Path, copy: Path, settings: Settings) -> None:
    """Execute one chapter into `copy` and prepare the copy for the page.

    A chapter about data of its own that are not there is shown with its committed outputs. One that
    needs a variant of the settings that the data cannot have says so (see `left_out`).
    """
    values = chapter_parameters(chapter, settings)
    # papermill warns of each injected parameter that the chapter does not declare
    logging.getLogger("papermill").setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as empty, kernel_of(empty):
            # the user's start-up files and configuration could define or change anything
            isolated = [f"--ipython-dir={empty}", "--IPKernelApp.exec_PYTHONSTARTUP=False"]
            papermill.execute_notebook(
                chapter,
                copy,
                values,
                cwd=ROOT / "chapters",
                kernel_name=KERNEL,
                progress_bar=False,
                extra_arguments=["--log-level=ERROR", *isolated],
            )
    except papermill.PapermillExecutionError as error:
        cause = f"{error.ename}: {error.evalue}"
        if has_own_params(chapter) and re.match(OWN_DATA_MISSING, cause):
            print(f"{chapter.name} has its committed outputs: {error.evalue}", file=sys.stderr)
            nbformat.write(polish(nbformat.read(chapter, as_version=4)), copy)
            return
        if error.ename == InputError.__name__ and error.evalue.partition(":")[0] in TYPES:
            print(f"{chapter.name} is left out: {error.evalue}", file=sys.stderr)
            notebook = left_out(nbformat.read(chapter, as_version=4), error.evalue)
            nbformat.write(polish(notebook), copy)
            return
        raise RunError(
            f"chapters/{chapter.name}: cell {error.exec_count} failed: {cause}"
        ) from None
    notebook = nbformat.read(copy, as_version=4)
    check_finished(notebook.metadata.get("papermill", {}), chapter)
    nbformat.write(polish(notebook), copy)


@contextlib.contextmanager
def kernel_of(folder: str | Path) -> Iterator[None]:
    """Context manager: kernels are of this Python and this perso, whatever the user has set up.

    folder   an empty one, for the kernel's description and its connection files
    """
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
    }
    described = Path(folder, "kernels", KERNEL, "kernel.json")
    described.parent.mkdir(parents=True)
    described.write_text(json.dumps(spec), encoding="utf-8")
    before = dict(os.environ)
    os.environ.pop("MPLBACKEND", None)  # figures belong in the notebook
    os.environ["JUPYTER_RUNTIME_DIR"] = str(folder)  # the home folder may be read-only
    package = str(Path(perso.__file__).parents[1])
    for name, first in (("JUPYTER_PATH", str(folder)), ("PYTHONPATH", package)):
        os.environ[name] = os.pathsep.join(filter(None, [first, before.get(name)]))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def left_out(notebook: nbformat.NotebookNode, reason: str) -> nbformat.NotebookNode:
    """A chapter without its results, and with the reason why these data cannot have them.

    Values that pages quote say so, too.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if "scrapbook" in out.get("metadata", {})]
            for glued in cell.outputs:
                for kind, text in glued.data.items():
                    glued.data[kind] = repr("left out") if text[0] in "'\"" else "nan"
    why = "Left out, because the data of this book cannot have it:"
    text = f"```{{warning}}\n{why}\n\n    {reason}\n```"
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(text))
    return notebook


def check_finished(record: Mapping, chapter: Path) -> None:
    """Raise RunError unless papermill's record says that the chapter ran to its end."""
    if record.get("exception") or not record.get("end_time"):
        raise RunError(f"chapters/{chapter.name} did not run to its end")


def polish(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Hide the default parameters, fold the injected ones, remove stderr and widgets."""
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
    """Run jupyter-book with warnings as errors and return the path of the first page."""
    options = ["-W", "-n", "--keep-going", "--all", "--quiet"]
    command = ["build", str(source), "--path-output", str(html.parent), *options]
    empty_folder(html.parent / "_build")
    done = subprocess.run(
        # -P: no module of the working directory
        [sys.executable, "-P", "-c", JUPYTER_BOOK, *command],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        raise RunError(f"jupyter-book failed:\n{done.stdout}\n{done.stderr}")
    (html.parent / "_build" / "html" / MARK).touch()
    shutil.rmtree(html, ignore_errors=True)
    (html.parent / "_build" / "html").rename(html)
    outside = [
        f"{page.name}: {tag}"
        for page in html.rglob("*.html")
        for tag in outside_tags(page.read_text("utf-8"))
    ]
    if outside:
        raise RunError("these pages load something from another host:\n" + "\n".join(outside))
    return html / "index.html"


def outside_tags(html: str) -> list[str]:
    """The tags that make a browser fetch from another host; links to click are not among them."""
    return re.findall(
        r"<(?:script|img|iframe|source|link)\b[^>]*?(?:src|href)=[\"'](?:https?:)?//[^>]*>", html
    )
