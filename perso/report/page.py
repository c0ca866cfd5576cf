"""One self-contained HTML page: templates of this package, tables of text, pictures within it."""

import itertools
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from html import escape

import jinja2
import pandas as pd
from markupsafe import Markup

from perso.report.picture import Picture
from perso.report.typesetting import typeset_html

PICTURE_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class TextTable:
    """A table as a template shows it: text cells under heads, the first cell names its line."""

    caption: str
    heads: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    texts: Collection[str] = ()  # heads of columns of words, which may be broken


def text_table(
    frame: pd.DataFrame, caption: str, corner: str, texts: Collection[str] = ()
) -> TextTable:
    """Return a table of text cells as a template shows it.

    corner   the head above the names of the lines
    texts    columns of words
    """
    lines = tuple(tuple(map(str, line)) for line in frame.reset_index().itertuples(index=False))
    return TextTable(caption, (corner, *map(str, frame.columns)), lines, texts)


@cache
def templates() -> jinja2.Environment:
    """Return the templates of the package; what they are given is text, and escaped."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("perso.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page_html(template: str, **values: object) -> str:
    """Return a page: a template's file name, and the values of its names; its text is typeset."""
    return typeset_html(templates().get_template(template).render(**values))


def inline_svg(picture: Picture) -> Markup:
    """Return a picture as an element of a page, which names it by its alt text."""
    svg = picture.svg().decode()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, count=1, flags=re.S)
    # two pictures of a page may have the same ids
    prefix = f"p{next(PICTURE_NUMBERS)}-"
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\1{prefix}", svg)
    label = escape(picture.alt)
    return Markup(svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1))
