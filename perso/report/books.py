"""Several books as one: one per params file, with links between their pages, and a comparison.

Each run is built in `runs/NAME/` as `book.build` builds one, and knows nothing of the others: a run
that is added or left out makes no other page anew. The links are put into the copies in
`html/NAME/`. Chapters about data of their own are the same in all runs, and executed once.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from perso.errors import InputError
from perso.report import book, runs_page
from perso.study.study import Study

RUNS, SHARED, PAGES = "runs", "executed", "html"  # folders of such a build
STYLE = """<style>
.runs { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 0 0 1rem; padding: .5rem 0;
  border-bottom: 1px solid var(--pst-color-border); font-size: .9rem; }
.runs a { text-decoration: underline; }
.runs [aria-current] { font-weight: 700; color: var(--pst-color-text-base); text-decoration: none; }
</style>
"""


def names_of_runs(params: Sequence[str]) -> list[str]:
    """Return the names of runs: those of their params files, without suffix.

    InputError for two of one name.
    """
    names: dict[str, str] = {}  # in small letters, for some file systems know no others
    for file in params:
        name = Path(file).stem
        if (other := names.get(name.casefold())) is not None:
            raise InputError(
                f"{file}: two runs are named {name}, of {other} and of this file; each needs a "
                "file name of its own"
            )
        names[name.casefold()] = file
    return [Path(file).stem for file in params]


def check_free_for_runs(names: Sequence[str], to: Path) -> None:
    """Check that a build of these runs removes only what a build made; InputError for the rest."""
    book.check_free(to)
    for name in names:
        book.check_free(to / RUNS / name)


def build_runs(
    studies: Mapping[str, Study], data_dir: Path, to: Path, jobs: int | None = None
) -> Path:
    """Build a book of several studies and return its first page, which compares them.

    studies   by name of the run
    jobs      as in `book.build`, whose errors it raises
    """
    to = to.resolve()
    check_free_for_runs(list(studies), to)
    shared = to / SHARED
    book.mark(shared)
    firsts = [
        book.build(study, data_dir, to / RUNS / name, jobs, shared)
        for name, study in studies.items()
    ]
    pages = to / PAGES
    shutil.rmtree(pages, ignore_errors=True)
    book.mark(pages)
    for name, first in zip(studies, firsts, strict=True):
        # moved, not copied: `book.build` copies all pages again
        shutil.move(first.parent, pages / name)
    link_runs(pages, list(studies))
    index = pages / "index.html"
    index.write_text(runs_page.runs_html(studies), "utf-8")
    return index


def link_runs(pages: Path, names: Sequence[str]) -> None:
    """Put links to the same page of the other runs into each page.

    pages   a folder for each run
    """
    for name in names:
        for file in sorted((pages / name).rglob("*.html")):
            html = file.read_text("utf-8")
            if "<main" in html:  # else it leads on to the first page
                place = file.relative_to(pages / name)
                file.write_text(with_links(html, run_links(pages, names, name, place)), "utf-8")


def run_links(pages: Path, names: Sequence[str], own: str, place: Path) -> str:
    """Return the links of one page as HTML.

    own     the run that the page is of
    place   of the page in its run; a run without this page is linked at its first
    """
    up = "../" * len(place.parts)
    links = [f'<a href="{up}index.html">compare the runs</a>']
    for name in names:
        there = place if (pages / name / place).is_file() else Path("index.html")
        current = ' aria-current="page"' if name == own else ""
        address = quote(Path(name, there).as_posix())
        links.append(f'<a href="{up}{address}"{current}>{escape(name)}</a>')
    return (
        '<nav class="runs d-print-none" aria-label="This page of another run">'
        f"<span>Run:</span>{''.join(links[1:])}{links[0]}</nav>\n"
    )


def with_links(html: str, links: str) -> str:
    """Return a page with links at the beginning of its article, and with their style."""
    styled = html.replace("</head>", f"{STYLE}</head>", 1)
    for beginning in (r"<article\b[^>]*>", r"<main\b[^>]*>"):
        if found := re.search(beginning, styled):
            return f"{styled[: found.end()]}\n{links}{styled[found.end() :]}"
    return styled
