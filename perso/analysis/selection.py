"""Rate and length of fine-tuning, chosen for each person by other people's validation.

The choice never sees a test sample, nor anything of the person that it is made for: it is the
setting with the highest accuracy, on average over the other people of the fold, on what their
trainings held out of D_I.
"""

import pandas as pd

from perso.methods.baselines import CANDIDATES, HELD_OUT_TEXT
from perso.methods.method import Method

# A row of tables and figures; nothing is trained for it
SELECTED = Method(
    "TL, chosen by others",
    "fine-tuning",
    f"TL with the rate and length that are best for the others, {HELD_OUT_TEXT} of D_I",
    start="generic",
    phases=(),
)
NAMES = tuple(method.name for method in CANDIDATES)


def chosen_settings(rows: pd.DataFrame) -> pd.Series:
    """The candidate that each person gets: its name, by (fold, person).

    rows   of all candidates, with acc_V. People without other people in their fold get none.
    """
    candidates = rows[rows["method"].isin(NAMES)]
    validated = candidates.groupby(["fold", "person", "method"])["acc_V"].mean().unstack()
    validated = validated[list(NAMES)].dropna()
    by_fold = validated.groupby(level="fold")
    others = by_fold.transform("sum") - validated
    count = by_fold.transform("count") - 1
    others = (others / count.where(count > 0)).dropna()
    # where settings are equally good, the first: the lowest rate, of these the shortest length
    return others.round(12).idxmax(axis=1) if len(others) else pd.Series(dtype=object)


def with_selected(
    rows: pd.DataFrame, methods: tuple[Method, ...]
) -> tuple[pd.DataFrame, tuple[Method, ...]]:
    """The rows with those of SELECTED, and the methods with it, where all candidates are there."""
    if not set(NAMES) <= set(rows["method"]):
        return rows, methods
    chosen = chosen_settings(rows)
    places = pd.MultiIndex.from_frame(rows[["fold", "person"]])
    is_chosen = rows["method"].to_numpy() == chosen.reindex(places).to_numpy()
    selected = rows[is_chosen].assign(method=SELECTED.name)
    return pd.concat([rows, selected], ignore_index=True), (*methods, SELECTED)
