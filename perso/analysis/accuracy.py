"""Accuracy per person and its statistics over people (v3 II-A, Table I)."""

import pandas as pd

from perso.parts import PARTS, parts_of
from perso.stats.mixed import mixed_model


def per_person(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """One column of rows, averaged over repeats: a line per person, a column per method.

    Methods are in the order of their first rows.
    """
    methods = rows["method"].unique()
    means = rows.groupby(["person", "method"], sort=False)[column].mean()
    return means.unstack("method").reindex(columns=methods)


def by_part(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """`per_person` of the accuracies on each part that the rows were tested on."""
    return {name: per_person(rows, part.accuracy) for name, part in parts_of(rows).items()}


def summary_over_people(people: pd.DataFrame) -> pd.DataFrame:
    """Table I's columns from the result of `per_person`: a line per method.

    n, mean, rank (1 is best), sd (divisor n - 1), min, max
    """
    table = people.agg(["count", "mean", "std", "min", "max"]).T
    table.insert(2, "rank", table["mean"].rank(ascending=False, method="min"))
    return table.rename(columns={"count": "n", "std": "sd"}).astype({"n": int, "rank": int})


def variance_components(rows: pd.DataFrame) -> pd.DataFrame:
    """Sources of variation of accuracy as SDs in percentage points, a column for D_I and for D_G.

    A mixed model with a mean per method. The lines are its random factors, and the residual last:
    the person; the effect of a method on a person; and the repeat, which stands for what all people
    of a fold share in one repeat, such as the generic network.
    """
    components = {}
    for name, part in PARTS.items():
        factors = {
            "person": rows["person"],
            "person × method": rows["person"] + rows["method"],
            "repeat": rows["fold"].astype(str) + " " + rows["repeat"].astype(str),
        }
        sd = mixed_model(rows[part.accuracy], random=factors, fixed=rows["method"]).sd
        components[name] = {factor: 100 * value for factor, value in sd.items()}
    return pd.DataFrame(components)
