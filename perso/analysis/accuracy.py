"""What a method's rows say: accuracy per person and its spread over people (v3 II-A, Table I)."""

import pandas as pd

from perso.parts import PARTS
from perso.stats.mixed import mixed_model


def per_person(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """One column of rows, averaged over repeats: a line per person, a column per method in their order."""
    methods = rows["method"].unique()
    wide = rows.groupby(["person", "method"], sort=False)[column].mean().unstack("method")
    return wide.reindex(columns=methods)


def by_part(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """`per_person` of the accuracies on D_I and on D_G."""
    return {name: per_person(rows, part.accuracy) for name, part in PARTS.items()}


def summary_over_people(people: pd.DataFrame) -> pd.DataFrame:
    """Table I's columns of a `per_person`: n, mean, rank (1 is best), sd (n - 1), min, max; a line per method."""
    table = people.agg(["count", "mean", "std", "min", "max"]).T
    table.insert(2, "rank", table["mean"].rank(ascending=False, method="min"))
    return table.rename(columns={"count": "n", "std": "sd"}).astype({"n": int, "rank": int})


def variance_components(rows: pd.DataFrame) -> pd.DataFrame:
    """Of what accuracies vary, sd in percentage points: people, what a method does to a person, repeats, the rest.

    A mixed model with a mean per method; a repeat is all that people of a fold share of it, like its generic model.
    """
    found = {}
    for name, part in PARTS.items():
        random = {
            "person": rows["person"],
            "person × method": rows["person"] + rows["method"],
            "repeat": rows["fold"].astype(str) + " " + rows["repeat"].astype(str),
        }
        found[name] = {
            factor: 100 * sd
            for factor, sd in mixed_model(rows[part.accuracy], random, rows["method"]).sd.items()
        }
    return pd.DataFrame(found)
