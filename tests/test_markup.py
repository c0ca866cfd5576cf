"""Names of the user's are shown as they are, whatever Markdown or HTML would make of them."""

from html import unescape

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from perso.markup import as_code, as_text
from perso.report import tables

NAMES = [
    "a|b",
    "c*d*_e_",
    "__f__",
    "`q`",
    "``",
    "<b>x</b>",
    "&lt;",
    "[l](u)",
    "~~s~~",
    "$x_$",
    "\\(z\\)",
    "{glue:text}`n`",
    "#1",
    "D_G",
    "C:\\new",
]
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def shown(html: str) -> str:
    """What a browser shows of HTML without further tags."""
    assert "<" not in html
    return unescape(html)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_a_sentence_is_shown_as_it_is(name):
    html = MARKDOWN.render(f"of {as_text(name)}, and")
    assert shown(html.removeprefix("<p>").removesuffix("</p>\n")) == f"of {name}, and"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_code_is_shown_as_it_is(name):
    html = MARKDOWN.render(f"of {as_code(name)}")
    assert shown(html.removeprefix("<p>of <code>").removesuffix("</code></p>\n")) == name


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_a_table_is_shown_as_it_is(name):
    text = tables.markdown_table(pd.DataFrame({"mean": [".930"]}, [name]))
    cells = MARKDOWN.render(text).split("<td")
    assert len(cells) == 3
    assert shown(cells[1].partition(">")[2].partition("</td>")[0]) == name


def test_a_formula_and_a_role_of_myst_are_escaped():
    assert as_text("$x_$ {a}`b`") == r"\$x\_\$ \{a\}\`b\`"
    assert as_text("D_G, snake_case") == "D_G, snake_case"
