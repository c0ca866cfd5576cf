"""The numbers of the papers' tables: v3's Table I, and v1's Table 2 for both kinds of variation."""

from functools import cache
from pathlib import Path

import pandas as pd

FILE = Path(__file__).with_name("printed.csv")
PAPER_OF = {"v3": "v3", "class-counts": "v1", "hidden-factors": "v1"}  # table → paper
TEXT_COLUMNS = ("table", "row", "method")  # of the file; all others are numbers


@cache
def printed_table(name: str) -> pd.DataFrame:
    """A table of `PAPER_OF`: a line per method of ours that stands for one of its rows.

    row       the paper's own name of the row; v3 does not give the learning rate of transfer
              learning, so two of our methods stand for each of its TL rows
    D_I mean, D_I sd, D_I min, D_I max, and the same for D_G: shares
    r_train   v1: iterations for one person as a share of the baseline's; v3: nan
    """
    # Python's float reads every number exactly; pandas' own default may differ in the last bit.
    lines = pd.read_csv(FILE, dtype=str)
    for column in lines.columns.difference(TEXT_COLUMNS, sort=False):
        lines[column] = [float(text) for text in lines[column]]
    return lines[lines["table"] == name].drop(columns="table").set_index("method")
