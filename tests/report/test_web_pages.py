"""What the book's Sphinx extension writes in place of plain symbols, and what its files need."""

import re

import pytest

from perso.paths import ROOT
from perso.report import web_pages


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<th>change on D_I</th>", "<th>change on <i>D</i><sub>I</sub></th>"),
        ("D_G and D_U", "<i>D</i><sub>G</sub> and <i>D</i><sub>U</sub>"),
        ('<td title="on D_I">1</td>', '<td title="on D_I">1</td>'),
        ('<script>f("D_I")</script>', '<script>f("D_I")</script>'),
        ("<pre>D_I</pre> D_I", "<pre>D_I</pre> <i>D</i><sub>I</sub>"),
        ("<pb>BD_I D_Iab</pb>", "<pb>BD_I D_Iab</pb>"),
    ],
)
def test_a_symbol_in_html_is_typeset_where_a_reader_sees_it(html, expected):
    assert web_pages.SYMBOL_IN_HTML.sub(web_pages.typeset_symbol, html) == expected


def test_a_symbol_in_text_becomes_a_formula():
    parts = web_pages.typeset("+1 on D_I and D_G")
    assert [(type(part).__name__, part.astext()) for part in parts] == [
        ("Text", "+1 on "),
        ("math", "D_I"),
        ("Text", " and "),
        ("math", "D_G"),
        ("Text", ""),
    ]


def test_the_files_that_pages_load_are_in_the_checkout():
    names = {name for files in web_pages.USED_BY.values() for name in files}
    for style in ("book.css", "katex/katex.min.css"):
        folder = (ROOT / "assets" / style).parent.relative_to(ROOT / "assets")
        text = (ROOT / "assets" / style).read_text("utf-8")
        names |= {str(folder / name) for name in re.findall(r"url\(([\w/.-]+\.woff2)\)", text)}
    assert len(names) > 20
    assert [name for name in names if not (ROOT / "assets" / name).is_file()] == []
