"""Runs of other people, data or sizes side by side: where their effects differ beyond noise.

`runs` are the rows of each run by its name, with the columns of `sqlite.ROW`. An effect is the
change of a method against the base that v3 compares it with, as a share.
"""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from perso.analysis import changes
from perso.methods.method import BASELINE
from perso.methods.registry import METHODS, baseline_of
from perso.parts import PARTS
from perso.stats import paired
from perso.stats.cohorts import Mean

COLUMNS = (
    *("part", "method", "one", "other", "in one", "in other"),
    *("difference", "low", "high", "p"),
)


def effects_in_runs(runs: Mapping[str, pd.DataFrame]) -> dict[tuple[str, str], dict[str, Mean]]:
    """The effect of each method on D_I and on D_G by run: {(part, method): {run: effect}}.

    A run without a method or its base is left out of it.
    """
    there = {name: set(rows["method"]) for name, rows in runs.items()}
    found: dict[tuple[str, str], dict[str, Mean]] = {}
    for part in PARTS:
        for method in METHODS:
            base = baseline_of(method).name
            if method.name in (BASELINE, base):
                continue
            having = [name for name in runs if {method.name, base} <= there[name]]
            if having:
                found[part, method.name] = {
                    name: changes.change(runs[name], method.name, base, part) for name in having
                }
    return found


def run_differences(effects: Mapping[tuple[str, str], Mapping[str, Mean]]) -> pd.DataFrame:
    """The effects of each two runs compared: a line per part, method and pair of runs.

    effects   of `effects_in_runs`

    one, other           names of the runs
    in one, in other     the effects
    difference, low, high, p   of one minus other, by Welch's t: people of two runs are independent
    holm                 p corrected over all lines (Holm)
    nan where one of the two has no standard error.
    """
    lines = []
    for (part, method), of_runs in effects.items():
        for one, other in combinations(of_runs, 2):
            a, b = of_runs[one], of_runs[other]
            welch = welch_difference(a, b)
            lines.append((part, method, one, other, a.mean, b.mean, *welch))
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    return table.assign(holm=paired.holm(table["p"].to_numpy(float)))


def welch_difference(a: Mean, b: Mean) -> tuple[float, float, float, float]:
    """The difference of two independent means, the ends of its 95 % interval, and p."""
    difference = a.mean - b.mean
    squares = np.array([a.error, b.error]) ** 2
    error = float(np.sqrt(squares.sum()))
    if not error > 0:
        return difference, np.nan, np.nan, np.nan
    df = squares.sum() ** 2 / (squares**2 / [a.df, b.df]).sum()
    reach = float(stats.t.ppf(0.975, df)) * error
    p = float(2 * stats.t.sf(abs(difference) / error, df))
    return difference, difference - reach, difference + reach, p
