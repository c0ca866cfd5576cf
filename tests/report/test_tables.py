"""Tables of text show the numbers they are made of."""

import re

import pandas as pd
import pytest

from perso.analysis import comparison
from perso.methods.method import BASELINE
from perso.report import tables
from perso.store.published import OWN

ES = "ES-n-40"


def test_html_has_both_parts_and_says_whether_p_is_corrected(small_rows):
    table = comparison.compare(small_rows)
    single = tables.comparison_html(table, corrected=False).data
    whole = tables.comparison_html(table, corrected=True).data
    assert single.count("<table") == 2
    assert single.index("D<sub>I</sub>") < single.index("D<sub>G</sub>")
    assert "Holm" in whole and "Holm" not in single
    assert all(text in single for text in (BASELINE, ES, ".400<"))


def test_html_links_to_the_keys_of_its_models(small_rows):
    table = comparison.compare(small_rows)
    assert '<a href="#models">' in tables.comparison_html(table).data
    assert '<a href="#models-2">' in tables.comparison_html(table, anchor="models-2").data


def test_html_writes_no_ids(small_rows):
    """Two tables of one page must not have the same."""
    assert " id=" not in tables.comparison_html(comparison.compare(small_rows)).data


def test_changes_have_a_column_per_run_on_both_parts(make_run):
    runs = [make_run(OWN), make_run("paper", swapped=True)]
    side_by_side = comparison.compare_runs({run.name: run.rows for run in runs})
    html = tables.changes_html(side_by_side).data
    assert html.index("D<sub>I</sub>") < html.index("D<sub>G</sub>") and html.count("<table") == 2
    assert re.findall("<th>(.*?)</th>", html) == ["", OWN, "v3", "paper", ES] * 2
    up, down = "+20.0 [+20.0, +20.0]", "-20.0 [-20.0, -20.0]"
    assert re.findall("<td>(.*?)</td>", html) == [up, "+0.1", down, down, "+0.0", up]


@pytest.mark.parametrize("printed", ["v3", "hidden-factors"])
def test_every_form_can_do_without_the_papers_numbers(printed, small_rows):
    table = comparison.compare(small_rows.assign(own_iterations=1), printed=printed)
    bare = comparison.without_printed(table)
    paper = table.attrs["paper"]
    for write in (tables.comparison_text, tables.comparison_markdown, tables.comparison_csv):
        mark = "paper" if write is tables.comparison_csv else f"{paper} "
        assert mark in write(table) and mark not in write(bare)
        assert ES in write(bare) and ("r_train" in write(bare)) == (paper == "v1")


def test_markdown_leaves_the_text_of_numbers_as_it_is():
    table = pd.DataFrame({"mean": [".930", ""], "change": ["+1.0 [+0.5, +1.5]", ""]}, ["a", "b"])
    head, _, first, second = tables.markdown_table(table).splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == ["Method", "mean", "change"]
    assert [cell.strip() for cell in first.strip("|").split("|")] == [
        "a",
        ".930",
        "+1.0 [+0.5, +1.5]",
    ]
    assert [cell.strip() for cell in second.strip("|").split("|")] == ["b", "", ""]
