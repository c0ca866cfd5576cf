"""Build the book: chapters are executed in copies, and jupyter-book makes pages of them.

Nothing in `chapters/` is changed. A build does again only what has changed since the last one.
"""

import contextlib
import filecmp
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import joblib
import yaml
from tqdm import tqdm

from perso.errors import InputError, RunError
from perso.files import write_changed
from perso.paths import ROOT
from perso.report.execution import chapter_parameters, execute, has_own_params
from perso.report.first_page import write_durations, write_pictures
from perso.report.kept import Kept, files_hash, files_in, json_hash, packages
from perso.settings import Settings
from perso.study.study import Study

JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"
PAGES = (
    "intro.md",
    "rerun.md",
    "own-people.md",
    "commands.md",
    "cluster.md",
    "glossary.md",
    "references.md",
)
FILES = ("_config.yml", "_toc.yml", "references.bib")
SOURCES = (*FILES, *PAGES, "assets", "perso", "benchmarks", "results")
MADE = ("book", "executed", "html", "_build")  # the folders of a build
MARK = ".made-by-perso"  # a file in each of them; a folder without it is not replaced


def chapters() -> list[Path]:
    """List the notebooks in the order of the table of contents."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    parts = toc.get("parts", [toc])
    files = [ROOT / f"{entry['file']}.ipynb" for part in parts for entry in part["chapters"]]
    return [file for file in files if file.exists()]


def build(
    study: Study, data_dir: Path, to: Path, jobs: int | None = None, shared: Path | None = None
) -> Path:
    """Execute every chapter with the study's settings, build the pages, return the first page.

    jobs     chapters that are executed at a time; default: one per core or GPU
    shared   where chapters about data of their own are kept; default: with the others
    InputError where a folder is in the way; RunError when a chapter fails or a page has a warning.
    """
    to = to.resolve()
    check_free(to)
    for name in MADE:
        mark(to / name)
    source = to / "book"
    copy_sources(source)
    content = study.data.source.content_hash
    executed = Kept(to / "executed", study.store, content, data_dir.resolve())
    alike = Kept(shared, study.store, "", data_dir.resolve()) if shared else executed
    environment = {
        "PERSO_STORE": str(study.store.path.resolve()),
        "PERSO_DATA_DIR": str(data_dir.resolve()),
    }
    jobs = jobs or study.machine.workers
    run_chapters(source / "chapters", study.asked, executed, environment, jobs, alike)
    write_pictures(study, source)
    write_durations(source)
    touch_quoting(source)
    return compile_pages(source, to / "html")


def run_chapters(
    folder: Path,
    settings: Settings,
    executed: Kept,
    environment: dict[str, str],
    jobs: int,
    alike: Kept | None = None,
) -> None:
    """Fill a folder with all chapters as executed, of which only those not kept are executed.

    executed   where they are found and kept
    jobs       chapters at a time
    alike      where those about data of their own are, which no setting changes; default: executed
    """
    folder.mkdir(exist_ok=True)
    values = {chapter: chapter_parameters(chapter, settings) for chapter in chapters()}
    kept_in = {
        chapter: alike if alike and has_own_params(chapter) else executed for chapter in values
    }
    for old in {path.name for path in folder.iterdir()} - {chapter.name for chapter in values}:
        (folder / old).unlink()
    to_run = []
    for chapter in values:
        if (text := kept_in[chapter].find(chapter, values[chapter])) is None:
            to_run.append(chapter)
        else:
            write_changed(folder / chapter.name, text)
    parallel = joblib.Parallel(jobs, return_as="generator_unordered", batch_size=1)
    tasks = (
        joblib.delayed(run_chapter)(chapter, folder, settings, environment) for chapter in to_run
    )
    with tqdm(total=len(values), initial=len(values) - len(to_run), unit="chapter") as bar:
        for chapter, reported, said in parallel(tasks):
            if said:
                bar.write(said.rstrip(), file=sys.stderr)
            bar.set_postfix_str(chapter.stem)
            bar.update()
            if reported:
                text = (folder / chapter.name).read_text("utf-8")
                kept_in[chapter].keep(chapter, values[chapter], text, reported)


def run_chapter(
    chapter: Path, folder: Path, settings: Settings, environment: dict[str, str]
) -> tuple[Path, dict | None, str]:
    """Execute a chapter into a folder; return it, what its kernel reported, and what was said."""
    with contextlib.redirect_stderr(io.StringIO()) as said:
        reported = execute(chapter, folder / chapter.name, settings, environment)
    return chapter, reported, said.getvalue()


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


def mark(folder: Path) -> None:
    """Make a folder where it is missing, with the mark of a build."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def copy_sources(source: Path) -> None:
    """Bring the copy of what the book is made of up to date; executed chapters stay in it.

    A file that stays the same keeps its time, by which Sphinx knows which pages to make again.
    """
    # editors keep locks (dangling links) and copies beside a file
    skipped = shutil.ignore_patterns(".*", "*~", "#*#", "__pycache__")
    with tempfile.TemporaryDirectory(dir=source.parent, prefix=".copying-") as folder:
        fresh = Path(folder, source.name)
        mark(fresh)
        for name in SOURCES:
            if (ROOT / name).is_dir():
                shutil.copytree(
                    ROOT / name, fresh / name, ignore=skipped, ignore_dangling_symlinks=True
                )
            else:
                shutil.copy(ROOT / name, fresh / name)
        for path in files_in(fresh):
            before = source / path.relative_to(fresh)
            if before.is_file() and filecmp.cmp(path, before, shallow=False):
                shutil.copystat(before, path)
            else:
                path.touch()
        if (source / "chapters").is_dir():
            (source / "chapters").rename(fresh / "chapters")
        shutil.rmtree(source, ignore_errors=True)
        fresh.rename(source)


def touch_quoting(source: Path) -> None:
    """Give a new time to pages that are older than a chapter whose values they quote.

    They are made again then, also where the build that executed the chapter did not reach its end.
    """
    for page in [*source.glob("*.md"), *source.glob("chapters/*.ipynb")]:
        quoted = set(re.findall(r"([\w-]+\.ipynb)::", page.read_text("utf-8")))
        there = [path for path in source.glob("chapters/*.ipynb") if path.name in quoted]
        if any(path.stat().st_mtime_ns > page.stat().st_mtime_ns for path in there):
            page.touch()


def compile_pages(source: Path, html: Path) -> Path:
    """Run jupyter-book with warnings as errors and return the path of the first page.

    Pages whose files are older than the last build stay as they are.
    """
    made = html.parent / "_build"
    basis = json_hash([packages(), *(files_hash([source / name]) for name in FILES)])
    if (made / MARK).read_text("utf-8") != basis:
        shutil.rmtree(made)
    # until the end: the next build would pass over the pages of one with a warning, or killed
    made.mkdir(exist_ok=True)
    (made / MARK).write_text("", "utf-8")
    options = ["-W", "-n", "--keep-going", "--quiet"]
    command = ["build", str(source), "--path-output", str(html.parent), *options]
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
    (made / MARK).write_text(basis, "utf-8")
    shutil.rmtree(html, ignore_errors=True)
    shutil.copytree(made / "html", html)
    mark(html)
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
