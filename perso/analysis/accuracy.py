"""What a method's rows say: accuracy per person and its spread over people (v3 II-A, Table I)."""

import pandas as pd

from perso import parts
from perso.stats.mixed import mixed_model


def per_person(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """One measure with a line per person and a column per method, repeats averaged; methods keep their order."""
    methods = rows["method"].unique()
    wide = rows.groupby(["person", "method"], sort=False)[measure].mean().unstack("method")
    return wide.reindex(columns=methods)


def summary_over_people(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Table I's columns over people: n, mean, rank (1 is best), sd (n - 1), min, max; a line per method."""
    people = per_person(rows, measure)
    table = people.agg(["count", "mean", "std", "min", "max"]).T
    table.insert(2, "rank", table["mean"].rank(ascending=False, method="min"))
    return table.rename(columns={"count": "n", "std": "sd"}).astype({"n": int, "rank": int})


def variance_components(rows: pd.DataFrame) -> pd.DataFrame:
    """Of what accuracies vary, sd in percentage points: people, what a method does to a person, repeats, the rest.

    A mixed model with a mean per method; a repeat is all that people of a fold share of it, like its generic model.
    """
    found = {}
    for measure, part in parts.PARTS.items():
        random = {
            "person": rows["person"],
            "person × method": rows["person"] + rows["method"],
            "repeat": rows["fold"].astype(str) + " " + rows["repeat"].astype(str),
        }
        found[part] = {
            name: 100 * sd
            for name, sd in mixed_model(rows[measure], random, rows["method"]).sd.items()
        }
    return pd.DataFrame(found)
