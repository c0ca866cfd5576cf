"""The trade-off explorer answers the mouse and the keys; see conftest.py."""

import pytest

from perso.analysis import best_method
from perso.analysis.effects import EARLY, LATE
from perso.paths import ROOT
from perso.report import explorer


@pytest.fixture
def show(explored_rows, open_page, tmp_path):
    """`show(…)` → the browser's page with the explorer of `rows`, and its faults."""

    def open_(**options):
        assets = (ROOT / "assets").as_uri()
        path = tmp_path / "page.html"
        path.write_text(
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>explorer</title>'
            '<meta name="viewport" content="width=device-width">'
            f'<link rel="stylesheet" href="{assets}/play.css">'
            f'<script src="{assets}/charts.js"></script></head><body><main class="bd-article">'
            f"{explorer.explorer_html(explored_rows, 'a run').data}</main></body></html>",
            "utf-8",
        )
        faults = []

        def watch(page):
            page.on("console", lambda message: faults.append(message.text))
            page.on("pageerror", lambda error: faults.append(str(error)))

        page = open_page(path.as_uri(), watch=watch, **options)
        page.locator(".chart-controls input").first.wait_for()
        return page, faults

    return open_


@pytest.fixture
def expected(explored_rows):
    """`expected(weight, methods, shown)` → the words that the rows give."""
    changes = best_method.changes_table(explored_rows)
    table = best_method.methods_table(changes["method"])

    def words(weight: float, methods=None, shown=None) -> str:
        part = methods or best_method.chosen_methods(table)
        return explorer.winner_text(changes, weight, part, shown)

    return words


def wait_for(page, words: str) -> None:
    """Wait until the page says these words."""
    page.locator(".chart-words", has_text=words).wait_for(timeout=5000)


def marked(page):
    """The choice of the method that is marked."""
    return page.get_by_role("combobox", name="marked method")


def test_the_slider_answers_keys_and_mouse(show, expected):
    page, faults = show()
    wait_for(page, expected(1))
    slider = page.get_by_label("weight w of everybody else")
    slider.focus()
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    assert slider.input_value() == "1.7"
    wait_for(page, expected(1.7))
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    assert slider.input_value() == "3"
    wait_for(page, expected(3))
    assert faults == []


def test_methods_come_and_go_by_the_space_bar(show, explored_rows, expected):
    page, faults = show()
    box = page.get_by_role("checkbox", name="controls without own data")
    box.focus()
    page.keyboard.press("Space")
    wait_for(page, expected(1, list(explored_rows["method"].unique())))
    page.get_by_label("doses").select_option("small doses")
    wait_for(page, expected(1, ["BaseLine", "ES 1.2 %", "TL-n-0"]))
    assert faults == []


def test_a_method_is_shown_by_choice_and_by_a_click_on_its_bar(show, expected):
    page, faults = show()
    marked(page).select_option(EARLY)
    wait_for(page, expected(1, shown=EARLY))
    page.locator(f'[aria-label^="{LATE}: the best for"]').click()
    wait_for(page, expected(1, shown=LATE))
    assert marked(page).evaluate("e => e.selectedOptions[0].text") == LATE
    assert faults == []


def test_every_control_is_reached_by_tab(show):
    page, _ = show()
    names = page.locator(".chart-controls [name]").evaluate_all("all => all.map(e => e.name)")
    page.locator(".chart-controls [name]").first.focus()
    reached = [page.evaluate("document.activeElement.name")]
    for _ in names[1:]:
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.name"))
    assert reached == names
    assert reached[0] == "w"


def test_the_chart_fits_a_narrow_page_and_keeps_what_was_chosen(show, expected):
    page, _ = show(width=1280)
    marked(page).select_option(EARLY)
    wait_for(page, expected(1, shown=EARLY))
    wide = page.locator(".chart-view svg").bounding_box()
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function("document.querySelector('.chart-view svg').clientHeight > 700")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator(".chart-view svg").bounding_box()["width"] < min(390, wide["width"])
    wait_for(page, expected(1, shown=EARLY))


def test_without_javascript_there_is_a_picture_with_words(show, browser, tmp_path, expected):
    show()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    assert page.get_by_role("img", name="a run: which method for whom").is_visible()
    assert page.locator(".chart-words").text_content() == expected(1)
    assert page.locator(".chart-controls").text_content() == ""
    context.close()
