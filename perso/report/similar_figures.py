"""The figure of similar, random and dissimilar data (chapter 7)."""

import pandas as pd

from perso.report.figures import sweep
from perso.report.picture import Picture

# of data grouping, with the number of samples or people that they add
KINDS = (("SG", 1500), ("SG", 6500), ("IG", 5), ("IG", 21))
WHICH = ("nearest", "random", "farthest")  # data that are added


def similar_figure(table: pd.DataFrame) -> Picture:
    """Changes on D_I and on D_G by which data are added to D_I, a line per kind and size.

    table   of `comparison.compare`, from sample weighing alone
    """
    lines = {}
    for place, (kind, n) in enumerate(KINDS):
        at_random = f"BaseLine-n-{(1500, 6500)[place % 2]} with D_I"
        names = (f"{kind}-n-{n}", at_random, f"far {kind}-n-{n}")
        shift = place / 15 - 0.1  # so that intervals do not hide each other
        lines[f"{kind}, n = {n}"] = {name: x + shift for x, name in enumerate(names)}
    return sweep(table, lines, "which data are added", dict(enumerate(WHICH)))
