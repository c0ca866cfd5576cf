"""What rows of several cohorts say about people, cohorts and what is personal (chapter 18)."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from perso.analysis import adjusted, changes, matrix
from perso.parts import PARTS
from perso.report.plan_text import common_variance, components_of, points
from perso.report.sentences import format_interval
from perso.report.tables import format_ratio
from perso.stats.cohorts import Mean, mean_over_people
from perso.stats.planning import difference_components
from perso.store.published import Published

MATRIX_METHODS = ("BaseLine", "SW-n-2", "TL 9 % (1e-4)", "TL 9 % on D_G (1e-4)")
CONTRASTS = (
    ("SW-n-2", "BaseLine"),
    ("ES 12 %", "BaseLine + 12 %"),
    ("TL 9 % (1e-4)", "BaseLine"),
    ("TL 9 % (1e-4)", "TL 9 % on another person (1e-4)"),
)
FEWEST = 3  # people of a cohort from whom an own gain can be told


def individuals_of(run: Published) -> list[list[str]]:
    """The names of S by fold."""
    return run.provenance["individuals"]


def own_gains(run: Published, methods: Sequence[str] = MATRIX_METHODS) -> dict[str, Mean]:
    """The own gain of each method, a share; see `matrix.own_gain`."""
    found = {}
    for method in methods:
        gains = matrix.own_minus_others(individuals_of(run), run.rows, method)
        cohort = gains.index.get_level_values("fold").to_numpy()
        found[method] = mean_over_people(gains.to_numpy(), cohort, drawn=False)
    return found


def mean_text(mean: Mean) -> str:
    """A mean in percentage points with its interval; "?" where it is unknown."""
    return format_interval(mean) or "?"


def own_gain_table(gains: dict[str, Mean]) -> pd.DataFrame:
    """Own gains as text: a line per method."""
    lines = {
        method: {
            "own gain in pp [95 %]": mean_text(mean),
            "people": str(mean.n),
            "cohorts": str(mean.cohorts),
        }
        for method, mean in gains.items()
    }
    return pd.DataFrame.from_dict(lines, orient="index")


def own_gain_texts(gains: dict[str, Mean]) -> dict[str, str]:
    """The own gain of each of `MATRIX_METHODS` and whether it is personal, by the text's name."""
    texts = {}
    for name, method in zip(("base", "weighing", "late", "general"), MATRIX_METHODS, strict=True):
        texts[f"own_gain_{name}"] = mean_text(gains[method])
        texts[f"personal_{name}"] = personal_text(gains[method])
    return texts


def personal_text(mean: Mean) -> str:
    """Whether an own gain is surely one: its interval lies above 0."""
    if np.isnan(mean.low):
        return f"not known with fewer than {FEWEST} people in a cohort"
    return "clearly above 0" if mean.low > 0 else "not clearly above 0"


def components_table(rows: pd.DataFrame) -> pd.DataFrame:
    """SDs of paired differences in percentage points: a line per contrast and part."""
    there = set(rows["method"])
    lines = {}
    for method, base in CONTRASTS:
        if not {method, base} <= there:
            continue
        for part in changes.compared_parts(rows, method, base):
            found = asdict(repeated_components(rows, method, base, part))
            line = {
                f"SD of {name}": points(np.sqrt(found[name]))
                for name in ("person", "cohort", "residual")
            }
            if found["residual"] == 0:
                line["SD of residual"] = "in that of person"
            lines[f"{method} − {base}, {part}"] = line
    return pd.DataFrame.from_dict(lines, orient="index")


def repeated_components(rows: pd.DataFrame, method: str, base: str, part: str):
    """Components by repeats, where method and base have the same; else by means over repeats."""
    wide = 100 * rows[rows["method"].isin([method, base])].pivot_table(
        index=["fold", "person", "repeat"], columns="method", values=PARTS[part].accuracy
    )
    if wide.isna().any(axis=None):
        return components_of(rows, method, base, part)
    d = (wide[method] - wide[base]).reset_index()
    people = (d["fold"].astype(str) + "/" + d["person"]).to_numpy()
    common = common_variance(rows, {method: 1.0, base: -1.0}, part, pd.Index(d["fold"]))
    return difference_components(d[0].to_numpy(), d["fold"].to_numpy(), people, common)


def excludes_0(both: adjusted.Outcomes) -> bool:
    """Whether both intervals exclude 0; else a ratio of t values says nothing."""
    return all(mean.low > 0 or mean.high < 0 for mean in (both.accuracy, both.log_probability))


def adjusted_table(run: Published, methods: Sequence[str]) -> pd.DataFrame:
    """Changes on D_I, plain and adjusted, and by log-probability, as text: a line per method."""
    lines = {}
    for method in methods:
        if method not in set(run.rows["method"]):
            continue
        found = adjusted.adjusted_change(individuals_of(run), run.rows, method)
        both = adjusted.both_outcomes(run.rows, method)
        outcome = both.log_probability
        lines[method] = {
            "change in pp": mean_text(found.plain),
            "adjusted": mean_text(found.adjusted),
            "variance ratio": format_ratio(found.ratio) or "too few people",
            "log-probability": f"{outcome.mean:+.3f} [{outcome.low:+.3f}, {outcome.high:+.3f}]",
            "ratio of t": format_ratio(both.ratio) if excludes_0(both) else "",
        }
    return pd.DataFrame.from_dict(lines, orient="index")
