"""What the book's Sphinx extension writes in place of plain symbols, and what its files need."""

import re

from docutils import nodes

from perso.paths import ROOT
from perso.report import web_pages


def test_a_symbol_in_text_becomes_a_formula():
    parts = web_pages.typeset("+1 on D_I and D_G")
    assert [(type(part).__name__, part.astext()) for part in parts] == [
        ("Text", "+1 on "),
        ("math", "D_I"),
        ("Text", " and "),
        ("math", "D_G"),
        ("Text", ""),
    ]


def test_a_name_in_text_is_not_divided():
    parts = web_pages.typeset("with SW-n-2 at 1e-3, v3")
    assert [part.astext() for part in parts] == ["with ", "SW-n-2", " at ", "1e-3", ", v3"]
    assert parts[1]["classes"] == parts[3]["classes"] == ["together"]


def test_a_number_in_a_cell_may_stand_above_its_interval():
    entry = nodes.entry()
    entry += nodes.paragraph("", "+1.2\N{NO-BREAK SPACE}[+1.0, +1.4]")
    text = next(entry.findall(nodes.Text))
    assert web_pages.typeset_cell(text, text).astext() == "+1.2 [+1.0, +1.4]"
    assert web_pages.typeset_cell(text, "in words") is None
    outside = nodes.paragraph("", str(text))
    assert web_pages.typeset_cell(next(outside.findall(nodes.Text)), str(text)) is None


def test_the_files_that_pages_load_are_in_the_checkout():
    names = {name for files in web_pages.USED_BY.values() for name in files}
    for style in ("book.css", "katex/katex.min.css"):
        folder = (ROOT / "assets" / style).parent.relative_to(ROOT / "assets")
        text = (ROOT / "assets" / style).read_text("utf-8")
        names |= {str(folder / name) for name in re.findall(r"url\(([\w/.-]+\.woff2)\)", text)}
    assert len(names) > 20
    assert [name for name in names if not (ROOT / "assets" / name).is_file()] == []
