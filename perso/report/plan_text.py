"""How many people and how many D_G a study needs, as a table for `perso plan`.

What varies is estimated from the rows of a study that is there; `stats.planning` computes the rest.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from perso.parts import ALL_PARTS, D_G
from perso.stats import planning
from perso.stats.cohorts import MIN_COHORTS

COHORTS = (3, 4, 6, 8, 12)  # numbers of D_G that are planned for


def components_of(rows: pd.DataFrame, method: str, base: str, part: str) -> planning.Components:
    """Variances of the paired differences of two methods, in percentage points squared.

    rows   of `sqlite.ROW`; a base that has more repeats than the method is averaged over them
    """
    accuracies = rows.pivot_table(
        index=["fold", "person"], columns="method", values=ALL_PARTS[part].accuracy
    )
    d = 100 * (accuracies[method] - accuracies[base]).dropna()
    return planning.difference_components(d.to_numpy(), d.index.get_level_values("fold").to_numpy())


def plan_table(
    rows: pd.DataFrame, methods: Sequence[str], base: str, part: str, effect: float
) -> pd.DataFrame:
    """People per cohort that are needed to see an effect, a line per method, as text.

    effect   of the method minus the base, in percentage points; a power of 80 %, two-sided .05

    Columns: the SDs over people and over cohorts, the effect that the rows themselves detect, and
    for each number of cohorts the people per cohort, "none" where no number is enough. Rows of one
    D_G do not show how much D_G varies, so they have neither an SD over cohorts nor numbers.
    """
    folds = rows.groupby("fold")["person"].nunique()
    drawn = part == D_G.name
    several = len(folds) > 1
    lines = {}
    for method in methods:
        found = components_of(rows, method, base, part)
        here = planning.detectable(found, round(folds.mean()), len(folds), drawn=drawn)
        line = {"sd of people": points(np.sqrt(found.person))}
        if several:
            line["sd of cohorts"] = points(np.sqrt(found.cohort))
        line["detectable here"] = points(here)
        for cohorts in COHORTS if several else ():
            needed = None
            if not np.isnan(found.cohort):
                needed = planning.people_for_effect(effect, found, cohorts, drawn=drawn)
            line[f"{cohorts} cohorts of"] = "none" if needed is None else f"{needed:,}"
        lines[f"{method} − {base}"] = line
    return pd.DataFrame.from_dict(lines, orient="index")


def points(value: float) -> str:
    """Percentage points with two decimals; "?" where they are unknown."""
    return "?" if np.isnan(value) else f"{value:.2f}"


def plan_note(rows: pd.DataFrame, part: str, effect: float) -> str:
    """What the table is about, and what these rows cannot show."""
    cohorts = rows["fold"].nunique()
    text = (
        f"people per cohort to see an effect of {effect:g} points on {part} "
        "(power 80 %, two-sided .05); a cohort has a D_G of its own"
    )
    if cohorts == 1:
        return (
            f"how many people see an effect of {effect:g} points on {part} is unknown, for these "
            "rows have one D_G and do not show how much D_G varies; run with cohorts: 3, "
            "exchange: true or folds. Detectable here: with a power of 80 %, two-sided .05"
        )
    if cohorts < MIN_COHORTS:
        return f"{text}; these rows have {cohorts} D_G, so how much D_G varies is hardly known"
    return text
