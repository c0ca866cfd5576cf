"""A browser, and a built book opened from disk and over http.

PERSO_BOOK             folder of the pages, such as build/html; without it these tests are skipped
PERSO_REQUIRE_BROWSER  1: they fail instead where the book, a browser or its driver is missing
"""

import functools
import http.server
import importlib.util
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BOOK = Path(os.environ.get("PERSO_BOOK", "")).resolve()
UNFOLD = "document.querySelectorAll('details').forEach((element) => { element.open = true })"
EXECUTABLE = next(filter(None, map(shutil.which, BROWSERS)), None)


def missing() -> str | None:
    """What the tests lack, in one line, or None."""
    if "PERSO_BOOK" not in os.environ:
        return "PERSO_BOOK does not name the folder of a built book"
    if not (BOOK / "index.html").is_file():
        return f"PERSO_BOOK={BOOK} has no index.html: name the folder of a built book"
    if EXECUTABLE is None:
        return f"none of {', '.join(BROWSERS)} is installed"
    for package in ("playwright", "axe_playwright_python"):
        if importlib.util.find_spec(package) is None:
            return f"{package} is not installed: pip install -e '.[browser]'"
    return None


def pages() -> list[str]:
    """Paths of all pages below the book's folder."""
    if missing():
        return []
    found = [path.relative_to(BOOK).as_posix() for path in BOOK.rglob("*.html")]
    return sorted(name for name in found if not name.startswith("_") and name != "index.html")


def pytest_generate_tests(metafunc):
    """The tests of one page follow one another in one process, for they share what is opened."""
    if "page_name" in metafunc.fixturenames:
        names = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in pages()]
        metafunc.parametrize("page_name", names or [None], scope="module")


@pytest.fixture(scope="session", autouse=True)
def require_browser():
    if why := missing():
        leave = pytest.fail if os.environ.get("PERSO_REQUIRE_BROWSER") == "1" else pytest.skip
        leave(why)


@pytest.fixture(scope="session")
def folder(require_browser) -> Path:
    """The folder of the book's pages."""
    return BOOK


@pytest.fixture(scope="session")
def browser(require_browser) -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(require_browser) -> Iterator[str]:
    """Where the book is served on this machine, with a slash at its end."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(BOOK))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def shared_context(browser) -> Iterator[Callable]:
    """`shared_context(dark)` → a context of the browser that keeps what pages have loaded."""
    contexts = {}

    def get(dark: bool):
        if dark not in contexts:
            contexts[dark] = new_context(browser, dark)
        return contexts[dark]

    yield get
    for context in contexts.values():
        context.close()


def new_context(browser, dark: bool = False):
    """A reader who has loaded nothing yet, whose system asks for light or for dark pages."""
    return browser.new_context(color_scheme="dark" if dark else "light")


@pytest.fixture(scope="module")
def unfolded_page(shared_context, address: str, page_name: str) -> Iterator:
    """A page of the book, over http, with all its folds open. Tests set its width and theme."""
    page = shared_context(dark=False).new_page()
    page.goto(address + page_name, wait_until="networkidle")
    page.evaluate(UNFOLD)
    yield page
    page.close()


@pytest.fixture
def open_page(browser, shared_context) -> Iterator[Callable]:
    """`open_page(url)` → a page of the browser that has loaded all of it.

    width   of the window, in pixels
    dark    whether the reader's system asks for dark pages
    watch   called with the page before it loads, by a reader who has loaded nothing yet
    alone   whether nothing is shared with other tests, such as what the reader chose
    """
    opened = []

    def open_(
        url: str,
        width: int = 1280,
        dark: bool = False,
        watch: Callable | None = None,
        alone: bool = False,
    ):
        alone = alone or watch is not None
        context = new_context(browser, dark) if alone else shared_context(dark)
        page = context.new_page()
        opened.append(context if alone else page)
        page.set_viewport_size({"width": width, "height": 900})
        if watch:
            watch(page)
        page.goto(url, wait_until="networkidle")
        return page

    yield open_
    for each in opened:
        each.close()
