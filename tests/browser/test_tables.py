"""Long tables are sorted by a click and by a key, and filtered; see conftest.py."""

import pandas as pd
import pytest

from perso.paths import ROOT

PEOPLE = 16


def page_of(*tables: str) -> str:
    """A page with these tables as outputs of cells."""
    output = '<div class="cell_output"><div class="text_html" style="overflow: auto">{}</div></div>'
    outputs = "".join(output.format(table) for table in tables)
    assets = (ROOT / "assets").as_uri()
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>tables</title>'
        f'<link rel="stylesheet" href="{assets}/play.css">'
        f'<script src="{assets}/tables.js"></script></head>'
        f'<body><main class="bd-article">{outputs}</main></body></html>'
    )


@pytest.fixture
def show(open_page, tmp_path):
    """`show(html, …)` → the browser's page with these tables."""

    def open_(*tables: str):
        path = tmp_path / "page.html"
        path.write_text(page_of(*tables), "utf-8")
        return open_page(path.as_uri())

    return open_


@pytest.fixture
def table() -> pd.DataFrame:
    """Cells as the tables of the book have them."""
    change = [f"{2 * place - 14:+.1f} [{2 * place - 15:+.1f}, +20.0]" for place in range(PEOPLE)]
    p = ["<.0001", ".0400", "–", "", *[f".{place}" for place in range(10, 10 + PEOPLE - 4)]]
    return pd.DataFrame(
        {
            "change": change[::-1],
            "p": p,
            "time": ["2 min", "90 s", *["3 s"] * (PEOPLE - 2)],
            "family": ["early", "late"] * (PEOPLE // 2),
        },
        index=[f"ES-n-{place}" for place in range(PEOPLE)],
    )


def wait_for(page, number: int, texts: list[str]) -> None:
    """Wait until a column has these texts, from top to bottom."""
    from playwright.sync_api import expect

    expect(page.locator(f"table tbody tr > :nth-child({number + 1})")).to_have_text(texts)


def heading(page, name: str):
    """The button in a heading."""
    return page.get_by_role("button", name=f"{name}: Activate")


def test_a_click_and_a_key_sort_by_the_first_number(show, table):
    page = show(table.to_html(border=0))
    page.locator("th", has_text="change").click()
    wait_for(page, 1, list(table["change"][::-1]))
    button = page.locator("th", has_text="change").get_by_role("button")
    button.focus()
    page.keyboard.press("Enter")
    wait_for(page, 1, list(table["change"]))
    assert page.locator("th[aria-sort=descending]").count() == 1


def test_the_headings_are_reached_by_tab(show, table):
    page = show(table.to_html(border=0))
    page.get_by_label("Filter").focus()
    names = []
    for _ in range(3):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.ariaLabel"))
    assert [name.split(":")[0] for name in names] == ["line", "change", "p"]


def test_empty_cells_are_last_in_both_directions(show, table):
    page = show(table.to_html(border=0))
    known = [*table["p"][:2], *table["p"][4:]]
    empty = [*table["p"][2:4]]
    heading(page, "p").press("Enter")
    wait_for(page, 2, known + empty)
    page.locator("th[aria-sort]").get_by_role("button").press("Enter")
    wait_for(page, 2, [*known[::-1], *empty[::-1]])


def test_units_and_numbers_in_names_count(show, table):
    page = show(table.iloc[::-1].to_html(border=0))
    heading(page, "time").press("Enter")
    wait_for(page, 3, ["3 s"] * (PEOPLE - 2) + ["90 s", "2 min"])
    heading(page, "line").press("Enter")
    wait_for(page, 0, list(table.index))


def test_a_table_is_filtered_by_words_and_by_a_choice(show, table):
    page = show(table.to_html(border=0))
    page.get_by_label("Filter").fill("ES-n-12")
    wait_for(page, 0, ["ES-n-12"])
    page.get_by_label("Filter").fill("")
    page.get_by_label("only this family").select_option("late")
    wait_for(page, 0, list(table.index[1::2]))
    assert page.locator("th[aria-sort]").count() == 0  # the choice does not sort


def test_short_tables_stay_as_they_are_and_middle_ones_have_no_filter(show, table):
    page = show(table.head(7).to_html(border=0), table.head(8).to_html(border=0))
    assert page.locator("table").count() == 2
    assert page.locator("table.dataTable").count() == 1
    assert page.get_by_label("Filter").count() == 0
    without = show(table.head(7).to_html(border=0))
    assert without.evaluate("typeof DataTable") == "undefined"


def test_cells_over_several_rows_and_two_rows_of_headings(show, table):
    both = pd.concat({"one": table.head(8), "two": table.tail(8)}, names=["half", "name"])
    both.columns = pd.MultiIndex.from_product([["all"], both.columns])
    page = show(both.to_html(border=0))
    colours = "[...document.querySelectorAll('.again')].map(e => getComputedStyle(e).color)"
    shown = page.evaluate(colours)
    assert len(shown) == 14
    assert set(shown) == {"rgba(0, 0, 0, 0)"}
    heading(page, "time").press("Enter")
    wait_for(page, 4, ["3 s"] * (PEOPLE - 2) + ["90 s", "2 min"])
    assert not set(page.evaluate(colours)) & set(shown)
    last = page.locator("tbody tr").last.locator("th").all_text_contents()
    assert last == ["one", "ES-n-0"]


def test_names_of_lines_move_up_to_the_other_headings(show, table):
    page = show(table.rename_axis("method").to_html(border=0))
    assert page.locator("thead tr").count() == 1
    texts = page.locator("thead .dt-column-title").all_text_contents()
    assert texts == ["method", *table.columns]


def test_nothing_moves_when_the_script_comes(show, table, open_page, tmp_path):
    page = show(table.to_html(border=0))
    place = "document.querySelector('tbody tr').getBoundingClientRect().top"
    after = page.evaluate(place)
    text = (tmp_path / "page.html").read_text("utf-8")
    script = (ROOT / "assets" / "tables.js").read_text("utf-8")
    stopped = script.replace("datatables/dataTables.min.js", "nowhere.js")
    (tmp_path / "tables.js").write_text(stopped, "utf-8")
    (tmp_path / "before.html").write_text(
        text.replace(f"{(ROOT / 'assets').as_uri()}/tables.js", "tables.js"), "utf-8"
    )
    before = open_page((tmp_path / "before.html").as_uri()).evaluate(place)
    assert abs(after - before) <= 1
