"""What the intervals of changes show, in one word."""

import pandas as pd

from perso.parts import PARTS


def direction(line: pd.Series, part: str) -> str:
    """What the 95 % interval of a change shows, in one word.

    keeps   it lies within the margin of D_I or D_G
    raises, lowers, open, unknown (without an interval)
    """
    if pd.isna(line["low"]):
        return "unknown"
    if max(-line["low"], line["high"]) < PARTS[part].margin:
        return "keeps"
    if line["low"] > 0:
        return "raises"
    return "lowers" if line["high"] < 0 else "open"


def directions(table: pd.DataFrame, part: str) -> pd.Series:
    """`direction` of each line."""
    words = [direction(line, part) for _, line in table[part].iterrows()]
    return pd.Series(words, index=table.index)


def together(lines: pd.DataFrame, part: str) -> str:
    """What contrasts show on a part, in one word.

    raises, lowers   all of them do
    one              some do, in one direction; the others do neither
    mixed            in both directions
    no               none does either
    """
    found = directions(lines, part)
    effects_shown = set(found) & {"raises", "lowers"}
    if not effects_shown:
        return "no"
    if len(effects_shown) > 1:
        return "mixed"
    return found.iloc[0] if found.nunique() == 1 else "one"
