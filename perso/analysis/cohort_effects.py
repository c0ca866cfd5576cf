"""The change of every method in each cohort alone."""

from collections.abc import Sequence

import pandas as pd

from perso.analysis import changes
from perso.methods.method import BASELINE
from perso.parts import PARTS


def cohort_effects(rows: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """The mean change over the people of each cohort, a share: a line per cohort.

    Columns are pairs (D_I or D_G, method), of the methods that the rows have.
    """
    there = set(rows["method"])
    found = {
        (part, method): changes.by_person(rows, {method: 1.0, BASELINE: -1.0}, part)
        .groupby("fold")
        .mean()
        for part in PARTS
        for method in methods
        if {method, BASELINE} <= there
    }
    return pd.DataFrame(found)
