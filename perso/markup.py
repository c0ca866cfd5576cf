"""Names of the user's in Markdown: people, files, groups and methods may be called anything."""

import re

# what begins markup in Markdown or MyST; _ within a word does not
SPECIAL = re.compile(r"[\\`*\[\]{}<>|$~&#]|(?<![^\W_])_|_(?![^\W_])")


def as_text(name: object) -> str:
    r"""A name that Markdown shows as it is: a\*b for a*b, also in a cell of a table."""
    return SPECIAL.sub(r"\\\g<0>", str(name))


def as_code(text: object) -> str:
    """Text as inline code, between more backticks than it holds."""
    longest = max(map(len, re.findall("`+", str(text))), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"
