"""A Sphinx extension: symbols as formulas, scripts where they are used, names that are read aloud.

`_config.yml` names it. Nothing of the package uses it.
"""

import re
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.ext.mathjax import html_visit_displaymath, html_visit_math
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

from perso.report import typesetting
from perso.report.kept import files_hash
from perso.report.typesetting import (
    BEFORE_INTERVAL,
    NAME,
    SYMBOL,
    mark_long_cells,
    typeset_html,
    typeset_numbers,
)

TEMPLATES = Path(__file__).with_name("templates")  # in place of the theme's of the same name

KATEX = ("katex/katex.min.css", "katex/katex.min.js", "katex/auto-render.min.js", "math.js")
# what the text of a page has where it uses files of assets/, and these files
USED_BY = {
    r'class="math\b': KATEX,
    r"<table\b": ("tables.js",),
    r'class="chart\b': ("charts.js",),
}

SYMBOL_OR_NAME = re.compile(f"{SYMBOL.pattern}|{NAME.pattern}")


class TypesetSymbols(SphinxPostTransform):
    """Typeset D_I and the like where glued sentences and tables have them as plain text.

    In text they become formulas as in the prose around them, in the HTML of a cell letters.
    Numbers are typeset, too.
    """

    default_priority = 800  # after glued values are in place
    formats = ("html",)

    def run(self, **_: Any) -> None:
        for text in list(self.document.findall(nodes.Text)):
            if not isinstance(
                text.parent,
                nodes.literal | nodes.math | nodes.math_block | nodes.FixedTextElement | nodes.raw,
            ):
                # a unit stays with a glued number, which is an element of its own
                place = text.parent.index(text)
                before = text.parent[place - 1].astext()[-1:] if place else ""
                words = typeset_numbers(before + text)[len(before) :]
                text.parent.replace(text, typeset_cell(text, words) or typeset(words))
        for raw in self.document.findall(nodes.raw):
            raw.children = [nodes.Text(mark_long_cells(typeset_html(raw.astext())))]


def typeset_cell(text: nodes.Text, words: str) -> nodes.Node | None:
    """What stands for a number with its interval in a cell of a table: one element; else None.

    On a phone, its interval goes to a new line (assets/book.css).
    """
    parent = text.parent
    while parent is not None and not isinstance(parent, nodes.entry):
        parent = parent.parent
    if parent is None or not BEFORE_INTERVAL.match(words):
        return None
    return nodes.inline("", BEFORE_INTERVAL.sub(r"\1 ", words), classes=["interval"])


def typeset(text: str) -> list[nodes.Node]:
    """Divide a text into plain text, formulas, and names that no line divides."""
    parts: list[nodes.Node] = []
    end = 0
    for found in SYMBOL_OR_NAME.finditer(text):
        word = found.group()
        if SYMBOL.fullmatch(word):
            part = nodes.math("", word)
        else:
            part = nodes.inline("", word, classes=["together"])
        parts += [nodes.Text(text[end : found.start()]), part]
        end = found.end()
    return [*parts, nodes.Text(text[end:])]


def add_used_files(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Add to a page the scripts and styles of USED_BY that its text needs."""
    for pattern, files in USED_BY.items():
        if re.search(pattern, context.get("body", "")):
            for name in files:
                add = app.add_css_file if name.endswith(".css") else app.add_js_file
                add(name)


def visit_folded_cell(translator: HTML5Translator, node: HideCodeCellNode) -> None:
    """Fold code under the text of its prompt, which is also the button's name."""
    classes = " ".join(["fold", *node["classes"]])
    prompt = escape(node["prompt_show"])
    translator.body.append(f'<details class="{classes}">\n<summary>{prompt}</summary>\n')


def depart_folded_cell(translator: HTML5Translator, node: HideCodeCellNode) -> None:
    """Close what visit_folded_cell opened."""
    translator.body.append("</details>\n")


def visit_citation(translator: HTML5Translator, node: nodes.citation) -> None:
    """Make an entry of the bibliography an item of its list, for which docutils has another role.

    A screen reader announces a list whose entries have no such role as empty.
    """
    HTML5Translator.visit_citation(translator, node)
    translator.body[-1] = translator.body[-1].replace("doc-biblioentry", "listitem")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_html_math_renderer("katex", (html_visit_math, None), (html_visit_displaymath, None))
    app.add_node(HideCodeCellNode, override=True, html=(visit_folded_cell, depart_folded_cell))
    app.add_node(
        nodes.citation, override=True, html=(visit_citation, HTML5Translator.depart_citation)
    )
    app.add_post_transform(TypesetSymbols)
    app.connect("html-page-context", add_used_files)
    app.connect("config-inited", lambda _, config: config.templates_path.insert(0, str(TEMPLATES)))
    # pages of another version of these files are made again
    version = files_hash([Path(__file__), Path(typesetting.__file__)])
    app.add_config_value("web_pages_version", version, "html")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
