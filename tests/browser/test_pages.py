"""Every page of a built book in a real browser; see conftest.py for how to run it."""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import pytest
from bs4 import BeautifulSoup

WIDE, NARROW = 1280, 390  # pixels: a small laptop, a phone
MOST_BYTES = 3_000_000  # that a page loads, uncompressed
BROKEN = """
    [...document.images].filter((image) => image.complete && !image.naturalWidth)
        .map((image) => image.src)
"""
# eager, or an image below the screen is never asked for
EAGER = "document.querySelectorAll('img').forEach((image) => { image.loading = 'eager' })"
CUT_OFF = """
    [...document.querySelectorAll('article pre')]
        .filter((element) => element.scrollWidth > element.clientWidth)
        .map((element) => element.textContent.split('\\n').sort((a, b) => b.length - a.length)[0])
"""
HIDING = """
    [...document.querySelectorAll('article .text_html, article .pst-scrollable-table-container')]
        .filter((element) => element.scrollWidth > element.clientWidth + 1)
        .map((element) => element.textContent.trim().slice(0, 200))
"""
WIDER = """
    [...document.querySelectorAll('article *')]
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
        .map((element) => `${element.tagName}.${element.className}`)
"""

# all rules in the light theme; the dark one has other colours and is otherwise the same
AXE_RULES = {
    "light": {"rules": {"label-content-name-mismatch": {"enabled": True}}},
    "dark": {"runOnly": ["color-contrast"]},
}
# until colours have faded over
THEME = """
    async (theme) => {
        document.documentElement.dataset.theme = theme
        await Promise.all(document.getAnimations().map((each) => each.finished))
    }
"""


class Watch:
    """What goes wrong while a page loads, and how much it loads."""

    def __init__(self, base: str):
        self.base = base
        self.faults = []
        self.responses = []

    def __call__(self, page):
        page.on("console", self.on_console)
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("request", self.on_request)
        page.on("requestfailed", lambda request: self.faults.append(f"failed: {request.url}"))
        page.on("response", self.on_response)

    def on_console(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text}")

    def on_request(self, request):
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.faults.append(f"other host: {request.url}")

    def on_response(self, response):
        self.responses.append(response)
        if response.status >= 400:
            self.faults.append(f"{response.status}: {response.url}")


@pytest.fixture(params=["disk", "http"])
def base(request) -> str:
    """The book's folder as a URL: of a file, or over http."""
    if request.param == "http":
        return request.getfixturevalue("address")
    return request.getfixturevalue("folder").as_uri() + "/"


def test_a_page_opens_without_a_fault(open_page: Callable, base: str, page_name: str):
    watch = Watch(base)
    page = open_page(base + page_name, watch=watch)
    page.evaluate(EAGER)
    page.wait_for_load_state("networkidle")
    assert watch.faults == []
    assert page.evaluate(BROKEN) == []
    if base.startswith("http"):
        sizes = {response.url: len(response.body()) for response in watch.responses}
        heaviest = sorted(sizes.items(), key=lambda item: -item[1])[:5]
        assert sum(sizes.values()) <= MOST_BYTES, heaviest


@pytest.mark.parametrize("theme", AXE_RULES)
def test_axe_finds_no_serious_fault(unfolded_page, theme: str):
    from axe_playwright_python.sync_playwright import Axe

    unfolded_page.set_viewport_size({"width": WIDE, "height": 900})
    unfolded_page.evaluate(THEME, theme)
    options = {"resultTypes": ["violations"], **AXE_RULES[theme]}
    faults = [
        f"{fault['id']}: {node['html'][:200]} {node['failureSummary']}"
        for fault in Axe().run(unfolded_page, options=options).response["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
    assert faults == []


def test_nothing_is_cut_off_or_wider_than_the_page(unfolded_page):
    unfolded_page.set_viewport_size({"width": WIDE, "height": 900})
    assert unfolded_page.evaluate(CUT_OFF) == []
    assert unfolded_page.evaluate(HIDING) == []
    unfolded_page.set_viewport_size({"width": NARROW, "height": 900})
    too_wide = unfolded_page.evaluate("document.documentElement.scrollWidth") > NARROW
    assert not too_wide, unfolded_page.evaluate(WIDER)


@functools.cache
def links_and_anchors(file: Path) -> tuple[list[str], set[str]]:
    """What a page's tags refer to, and the names within it that others can refer to."""
    tags = BeautifulSoup(file.read_text("utf-8"), "html.parser").find_all(True)
    links = [tag.get("href") or tag.get("src") for tag in tags]
    anchors = {tag.get(key) for tag in tags for key in ("id", "name")}
    return [link for link in links if link], anchors - {None}


def test_links_within_the_book_lead_somewhere(folder: Path, page_name: str):
    """Also those that no click of these tests follows."""
    broken = []
    for link in links_and_anchors(folder / page_name)[0]:
        if re.match(r"[a-z]+:|//", link):
            continue
        path, anchor = urldefrag(unquote(urljoin(page_name, link)))
        target = folder / path.split("?")[0]
        there = target.is_file()
        if there and anchor and target.suffix == ".html":
            there = anchor in links_and_anchors(target)[1]
        if not there:
            broken.append(link)
    assert broken == []


def test_every_image_is_described(folder: Path, page_name: str):
    """In words: Sphinx describes an image by its path where nobody else does."""
    page = BeautifulSoup((folder / page_name).read_text("utf-8"), "html.parser")
    described = [(image["src"], image.get("alt", "").strip()) for image in page.find_all("img")]
    assert [source for source, words in described if not words or words in source] == []


def test_the_first_page_is_the_introduction(open_page: Callable, base: str):
    page = open_page(base + "index.html")
    page.wait_for_url(f"{base}intro.html")
    assert page.locator("article h1").count() == 1


def test_search_finds_a_method(open_page: Callable, address: str):
    page = open_page(f"{address}intro.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("early shaping")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a")
    assert "Early shaping" in " ".join(page.locator("#search-results li a").all_inner_texts())


def test_the_reader_can_choose_the_dark_theme(open_page: Callable, address: str):
    page = open_page(f"{address}intro.html", dark=True, alone=True)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"  # as the system asks
    button = page.locator("button.theme-switch-button:visible").first
    themes = set()
    for _ in range(3):
        button.click()
        themes.add(page.evaluate("document.documentElement.dataset.theme"))
    assert themes == {"light", "dark"}


@pytest.fixture
def sortable(open_page: Callable, folder: Path, base: str, page_name: str):
    """The page's first table of class sortable."""
    if not re.search(r'class="[^"]*\bsortable\b', (folder / page_name).read_text("utf-8")):
        pytest.skip("no table to sort")
    return open_page(base + page_name).locator("table.sortable").first


def column(table, number: int) -> list[str]:
    """The texts of a column as the reader sees them, from the top."""
    return table.locator(f"tbody tr > :nth-child({number})").all_inner_texts()


def test_a_table_sorts_by_a_click_and_by_a_key(sortable):
    from playwright.sync_api import expect

    headings = sortable.locator("thead tr").last.locator("th")
    columns = [column(sortable, number) for number in range(1, headings.count() + 1)]
    differing = next(at for at, texts in enumerate(columns) if at and len(set(texts)) > 1)
    heading = headings.nth(differing)
    heading.click(position={"x": 5, "y": 5})
    expect(heading).to_have_attribute("aria-sort", "ascending")
    ascending = column(sortable, differing + 1)
    assert sorted(ascending) == sorted(columns[differing])
    heading.locator("[tabindex='0']").press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert column(sortable, differing + 1) == ascending[::-1] != ascending


def test_a_table_filters_by_words_and_by_choice(sortable):
    from playwright.sync_api import expect

    rows = sortable.locator("tbody tr")
    every = rows.all_inner_texts()
    words = sortable.page.locator(".dt-search input").first
    words.fill(every[-1].split("\t")[0])
    assert every[-1] in rows.all_inner_texts()
    words.fill("in-no-row")
    expect(rows).to_have_text(["No matching records found"])
    words.fill("")
    expect(rows).to_have_count(len(every))
    for select in sortable.locator("thead select").all():
        number = 1 + select.evaluate("(element) => element.closest('th').cellIndex")
        value = select.locator("option").nth(1).get_attribute("value")
        expected = [text for text in column(sortable, number) if text.strip() == value]
        select.select_option(value)
        expect(rows).to_have_count(len(expected))
        assert column(sortable, number) == expected != []
        select.select_option("")
        expect(rows).to_have_count(len(every))
