"""The book as one PDF: the built pages are joined, and Chromium prints them without a window.

Nothing is trained, executed or compiled again.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urldefrag

from bs4 import BeautifulSoup
from bs4.element import Tag

from perso.errors import InputError, RunError
from perso.files import whole, writable
from perso.report.web_pages import KATEX

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
OPTIONS = (
    "--headless",
    "--no-sandbox",  # the pages are our own, and root has no sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=15000",  # ms, in which KaTeX sets the formulas
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)
# What only a screen can use, such as the models' keys, which are copied for `perso show`, and the
# controls of a chart.
ON_SCREEN_ONLY = (
    ".headerlink, button, script, iframe, video, .screen-only, [id^=models], a[href^='#models'], "
    ".chart-controls"
)
# Folded code only draws or prepares: its outputs say what it found.
FOLDED_CODE = "details.fold > .cell_input"

# Characters of a table's row and cell, such as an interval, up to which the cell stays in one line:
# where a table is wider than the page, the browser makes the whole book smaller.
WIDEST_ROW = 110
LONGEST_CELL = 20


def save_pdf(html: Path, to: Path) -> None:
    """Print a built book to a PDF.

    html   the folder of its pages
    InputError without pages or a browser, or for a file of another suffix than .pdf; RunError
    where the browser fails.
    """
    if to.suffix.lower() != ".pdf":
        raise InputError(f"pdf: {to}: the book is printed to a file whose name ends in .pdf")
    names = page_names(html)
    browser = find_browser()
    writable(to.parent)
    with TemporaryDirectory() as folder, whole(to) as printed:
        source = Path(folder, "book.html")
        source.write_text(join_pages(html, names), "utf-8")
        profile = Path(folder, "profile")
        command = [browser, *OPTIONS, f"--user-data-dir={profile}", f"--print-to-pdf={printed}"]
        done = subprocess.run(
            [*command, source.as_uri()], capture_output=True, text=True, errors="replace"
        )
        if done.returncode or not printed.is_file():
            raise RunError(f"{browser} printed no PDF:\n{done.stderr}")


def find_browser() -> str:
    """The command of Chromium or Chrome; InputError where none is installed."""
    names = [os.environ["CHROMIUM"]] if os.environ.get("CHROMIUM") else BROWSERS
    for name in names:
        if found := shutil.which(name):
            return found
    raise InputError(
        f"pdf: {', '.join(names)}: not found; install Chromium (apt-get install chromium), or name "
        "the program in the environment variable CHROMIUM"
    )


def page_names(html: Path) -> list[str]:
    """The pages of a book, as paths in its folder, in the order of the table of contents."""
    first = html / "index.html"
    if not first.is_file():
        raise InputError(f"pdf: {html} has no index.html; build the book first: make book")
    redirect = re.search(r'http-equiv="Refresh" content="0; url=(.*?)"', first.read_text("utf-8"))
    root = redirect[1] if redirect else first.name
    contents = parsed(html / root).select("nav.bd-docs-nav a.reference.internal")
    names = [link_target(root, link["href"])[0] for link in contents]
    return list(dict.fromkeys([root, *names]))


def join_pages(html: Path, names: list[str]) -> str:
    """All pages as one, after a table of contents; links within the book are links within it."""
    first = parsed(html / names[0])
    book = first.title.get_text().partition(" — ")[2] or first.title.get_text()
    articles = [article_of(html, name, names) for name in names]
    ids = {tag["id"] for article in articles for tag in [article, *article.select("[id]")]}
    for article in articles:
        unlink_missing(article, ids)
    entries = [
        f'<li><a href="#{anchor(name)}">{article.h1.decode_contents()}</a></li>'
        for name, article in zip(names, articles, strict=True)
    ]
    styles = [
        f'<link rel="stylesheet" href="{(html / link_target(names[0], link["href"])[0]).as_uri()}">'
        for link in first.select("link[rel=stylesheet]")
    ]
    formulas = [(html / "_static" / name).as_uri() for name in KATEX]
    styles += [f'<link rel="stylesheet" href="{file}">' for file in formulas if ".css" in file]
    scripts = [f'<script src="{file}"></script>' for file in formulas if ".js" in file]
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">',
            f"<title>{book}</title>",
            *styles,
            *scripts,
            '</head><body class="joined">',
            f'<article class="bd-article"><h1>{book}</h1><ul>{"".join(entries)}</ul></article>',
            *map(str, articles),
            "</body></html>",
        ]
    )


def article_of(html: Path, name: str, names: list[str]) -> Tag:
    """The text of a page, open but without folded code, with the joined page's ids and links."""
    article = parsed(html / name).select_one("article.bd-article")
    for tag in article.select(ON_SCREEN_ONLY):
        tag.decompose()
    for cell in article.select(f".cell:has({FOLDED_CODE})"):
        if cell.select_one(".cell_output"):
            cell.select_one(FOLDED_CODE).decompose()
        else:
            cell.decompose()
    for details in article.select("details"):
        details["open"] = ""
    for summary in article.select("details.fold > summary"):
        summary.parent.name = "div"  # the browser would put a summary of its own
        summary.decompose()
    for tag in article.select("[id]"):
        if not tag.find_parent("svg"):  # within a picture, ids are what its parts refer to
            tag["id"] = anchor(name, tag["id"])
    article["id"] = anchor(name)
    for row in article.select("tr"):
        if len(" ".join(row.stripped_strings)) <= WIDEST_ROW:
            for cell in row.select("td, tbody th"):
                if len(cell.get_text().strip()) <= LONGEST_CELL:
                    cell["style"] = "white-space: nowrap"
    for image in article.select("img[src]"):
        if not image["src"].startswith("data:"):
            image["src"] = (html / link_target(name, image["src"])[0]).as_uri()
        image["loading"] = "eager"
    for link in article.select("a[href]"):
        if not re.match("[a-z]+:", link["href"]):
            path, part = link_target(name, link["href"])
            link["href"] = f"#{anchor(path, part)}" if path in names else "#"
    return article


def unlink_missing(article: Tag, ids: set[str]) -> None:
    """Leave only the text of links to what is not in the PDF, such as files."""
    for link in article.select("a[href^='#']"):
        if link["href"][1:] not in ids:
            link.unwrap()


def parsed(page: Path) -> BeautifulSoup:
    """A page; InputError where it is missing."""
    if not page.is_file():
        raise InputError(f"pdf: {page} is missing; build the book again: make book")
    return BeautifulSoup(page.read_text("utf-8"), "html.parser")


def link_target(name: str, href: str) -> tuple[str, str]:
    """The path in the book's folder that a link of the page `name` leads to, and the id there."""
    path, part = urldefrag(href)
    path = unquote(path.partition("?")[0])
    return os.path.normpath(Path(name).parent / path) if path else name, part


def anchor(name: str, part: str = "") -> str:
    """The id in the joined page of a page, or of what has the id `part` in it."""
    stem = Path(name).with_suffix("").as_posix().replace("/", "-")
    return f"{stem}--{part}" if part else stem


def pdf_command(argv: list[str] | None = None) -> int:
    """Print a book to a PDF; return 0, 1 where the browser fails, or 2 for a wrong input."""
    parser = argparse.ArgumentParser(
        prog="python -m perso.report.pdf", description="Print a built book to one PDF."
    )
    parser.add_argument("html", type=Path, help="the folder of the book's pages")
    parser.add_argument("to", type=Path, help="the PDF to write")
    arguments = parser.parse_args(argv)
    try:
        save_pdf(arguments.html.resolve(), arguments.to)
    except (InputError, RunError) as error:
        print(f"perso: {error}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    print(arguments.to)
    return 0


if __name__ == "__main__":
    sys.exit(pdf_command())
