"""Symbols, minus signs, and spaces at which a line must not end, in the text of pages.

Everything else writes with the signs of the keyboard; a page is typeset when it is made.
"""

import re

NO_BREAK = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

SYMBOL = re.compile(r"\b(D)_([A-Z])\b")  # D_I, D_G, D_U as names of methods and findings have them
# a hyphen before a number, but not within a name, a date, a range or a formula
SIGN = re.compile(r"(?<![\w.)\]{}^-])-(?=\.?\d)")
# not that of v3, as in "v3 min"
UNIT = re.compile(r"(?<=[\d\]])(?<![A-Za-z]\d) (?=(?:%|pp|points?|[kMG]?B|m?s|min|h)(?!\w))")
ERROR = re.compile(r"(?<=\d) ± (?=\d)")
# [0.1, 0.3] with what stands before it; also [95 %]
INTERVAL = re.compile(r"(?:(?<=\d) )?\[[+±−-]?\.?\d[^\[\]]{0,24}\]")

# names of methods, learning rates and times, which have hyphens
NAME = re.compile(r"\b(?:[A-Z][A-Za-z]+-n-[\w/]+|\d+e-\d+|\d{4}-\d\d-\d\d(?:T[\d:+]+)?)")

# elements whose text takes no tags, tags, and text
PIECE = re.compile(r"<(script|style|svg|pre|code|title)\b.*?</\1>|<[^>]*>|[^<]+", re.DOTALL)
# a cell of a table with no markup but that of words
CELL = re.compile(
    r"<(?P<tag>t[dh])(?P<attributes>(?: [^<>]*)?)>"
    r"(?P<words>(?:[^<]|</?(?:i|b|sub|sup|em|span)\b[^<>]*>)*)</(?P=tag)>"
)
# letters of a cell of words, or of a name, that is not wrapped; see .words in assets/book.css
LONG = {"td": 18, "th": 15}
NUMBERS = re.compile(r"[+−<]?\.?\d(?!.*[A-Za-z]{3})")
# a number with its interval, between which a narrow column has a new line
BEFORE_INTERVAL = re.compile(rf"^([+−]?[\d.,]+){NO_BREAK}(?=\[)")


def typeset_numbers(text: str) -> str:
    """Return a text with minus signs, whose lines end neither in an interval nor before a unit."""
    text = SIGN.sub(MINUS, text)
    for pattern in (INTERVAL, UNIT, ERROR):
        text = pattern.sub(lambda found: found.group().replace(" ", NO_BREAK), text)
    return text


def typeset_html(html: str) -> str:
    """Return HTML whose text has symbols as letters, and numbers as `typeset_numbers`.

    No line divides a name: it becomes an element of the class `together`.
    """
    return PIECE.sub(typeset_piece, html)


def typeset_piece(piece: re.Match[str]) -> str:
    """Return what stands for a match of PIECE."""
    text = piece.group()
    if text.startswith("<"):
        return text
    text = SYMBOL.sub(r"<i>\1</i><sub>\2</sub>", typeset_numbers(text))
    return NAME.sub(r'<span class="together">\g<0></span>', text)


def mark_long_cells(html: str) -> str:
    """Return HTML with a class on cells whose text can be broken: long `words`, an `interval`."""
    return CELL.sub(marked_cell, html)


def marked_cell(cell: re.Match[str]) -> str:
    """Return what stands for a match of CELL."""
    tag, attributes, words = cell.group("tag", "attributes", "words")
    text = re.sub("<[^>]*>", "", words)
    if BEFORE_INTERVAL.match(words) or (NUMBERS.match(text) and "[" in text):
        name, words = "interval", BEFORE_INTERVAL.sub(r"\1 ", words)
    elif len(text) > LONG[tag] and " " in text and not NUMBERS.match(text):
        name = "words"
    else:
        return cell.group()
    if 'class="' in attributes:
        attributes = attributes.replace('class="', f'class="{name} ', 1)
    else:
        attributes += f' class="{name}"'
    return f"<{tag}{attributes}>{words}</{tag}>"
