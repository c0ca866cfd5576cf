"""The papers' tables as they printed them: v3's Table I, and v1's Table 2 for both ways in which people differ."""

from functools import cache
from pathlib import Path

import pandas as pd

FILE = Path(__file__).with_name("printed.csv")
PAPER_OF = {"v3": "v3", "class-counts": "v1", "hidden-factors": "v1"}  # table → paper


@cache
def printed_table(name: str) -> pd.DataFrame:
    """A table of `PAPER_OF`: a line per method of ours that stands for one of its rows.

    row         the paper's own name; v3 gives no learning rate, so two of ours stand for each TL row
    D_I mean, D_I sd, D_I min, D_I max, and the same on D_G; shares
    r_train     v1: iterations for one person as a share of the baseline's; v3: nan
    """
    # round_trip: each number is the one that Python reads, to the last bit
    lines = pd.read_csv(FILE, float_precision="round_trip")
    return lines[lines["table"] == name].drop(columns="table").set_index("method")


def printed_number(name: str, method: str, column: str) -> float | None:
    """One number of a table; None where the table has no such method."""
    table = printed_table(name)
    return float(table.loc[method, column]) if method in table.index else None
