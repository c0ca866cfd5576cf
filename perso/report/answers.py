"""What chapters glue into their prose, and their short tables of pairs of methods.

A function of texts returns `{key: text}`; `glue_texts` glues each under `NAME_KEY`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import HTML

from perso.analysis import accuracy, comparison
from perso.claims import ledger
from perso.claims.ledger_file import read_ledgers
from perso.methods.method import BASELINE
from perso.methods.registry import METHODS, are_reordered
from perso.parts import ALL_PARTS, PARTS
from perso.report.ledger_html import ledger_name
from perso.report.ledger_text import STEP, format_estimate
from perso.report.notebook import glue_value
from perso.report.sentences import NOT_COMPARED, SAME_ON_D_G, format_interval
from perso.report.tables import format_p
from perso.stats import paired
from perso.stats.cohorts import Mean
from perso.store.published import FOLDER

UNKNOWN = "unknown"
Pair = tuple[str, str, str]  # what is asked, a method, and the method it is compared with


# --- texts


def glue_texts(name: str, texts: Mapping[str, str]) -> None:
    """Glue each text under `name`, an underscore and its key."""
    for key, text in texts.items():
        glue_value(f"{name}_{key}", text)


def verb(change: Mean) -> str:
    """What a method does to accuracy, by the 95 % interval; nan where it was not run."""
    if np.isnan(change.mean):
        return "was not run here, so nothing is known of its"
    if change.low > 0:
        return "raises"
    return "lowers" if change.high < 0 else "does not clearly change"


def change_texts(rows: pd.DataFrame, method: str, other: str = BASELINE) -> dict[str, str]:
    """Change from another method on each part: {"I": "+4.1 [+1.7, +6.5]", "I_verb": "raises", …}.

    Changes are in percentage points, with 95 % intervals.
    """
    texts = {}
    for part, change in comparison.change_by_part(rows, method, other).items():
        texts[part[-1]] = format_interval(change) or UNKNOWN
        texts[f"{part[-1]}_verb"] = verb(change)
    return texts


def lead_sentence(rows: pd.DataFrame, method: str, other: str, part: str) -> str:
    """Whether one method is shown to beat another on a part, a sentence; empty for the same one."""
    change = comparison.change_by_part(rows, method, other).get(part)
    if method == other or change is None or np.isnan(change.mean):
        return ""
    points, on = format_interval(change), ALL_PARTS[part].phrase
    if change.low > 0:
        return f"On {on} it beats {other} ({points} points)."
    return f"On {on} it is not shown to beat {other} ({points} points)."


def verdict_texts(number: int, folder: Path = FOLDER) -> dict[str, str]:
    """What the published ledgers find of a claim: {"word": "reproduced", "run": …, "people": …}.

    "1", "2"   what its first two tests find, with 95 % intervals
    """
    texts = {"word": "not tested", "run": "none", "people": "0", "1": UNKNOWN, "2": UNKNOWN}
    ledgers = read_ledgers(folder)
    for one, verdict in ledger.deciding(ledgers) if ledgers else []:
        found = verdict.findings
        if verdict.claim.number == number and found:
            texts |= {"word": verdict.verdict.lower(), "run": ledger_name(one)}
            texts["people"] = str(max(each.n for each in found))
            texts |= {str(place): format_estimate(each) for place, each in enumerate(found[:2], 1)}
    return texts


def level_texts(table: pd.DataFrame, method: str) -> dict[str, str]:
    """Accuracy over people in percent on each part: {"I_mean": "82.0", "I_sd": …, "I_min": …}.

    table   of `comparison.compare`
    """
    return {
        f"{part[-1]}_{column}": f"{100 * table.loc[method, (part, column)]:.1f}"
        for part in PARTS
        for column in ("mean", "sd", "min", "max")
    }


def best_method(table: pd.DataFrame, part: str, control: bool = False) -> str:
    """Name of the shaping method, or of the control, with the highest mean accuracy on a part.

    Data grouping is left out: most of its training data are other people's.

    table   of `comparison.compare`
    """
    names = [
        method.name
        for method in METHODS
        if method.name in table.index
        and (method.family == "control" if control else comparison.is_shaping(method))
    ]
    return table.loc[names, (part, "mean")].idxmax() if names else UNKNOWN


def equivalence_texts(rows: pd.DataFrame, method: str, other: str) -> dict[str, str]:
    """Difference on each part and whether it lies within the margin: {"I": …, "I_result": …}."""
    texts = {}
    for part, change in comparison.change_by_part(rows, method, other).items():
        texts[part[-1]] = format_interval(change) or UNKNOWN
        texts[f"{part[-1]}_result"] = equivalence(change, ALL_PARTS[part].margin)
    return texts


def equivalence(change: Mean, margin: float) -> str:
    """Whether a difference is shown to be within ±margin, or beyond it, at the 5 % level (TOST)."""
    low, high = change.interval(0.9)
    if -margin < low and high < margin:
        return "equivalent"
    return "different" if low > margin or high < -margin else "not decided"


def trend_ps(rows: pd.DataFrame, names: Sequence[str]) -> tuple[float, float]:
    """Page's test along methods: p of a rise on D_I and of a fall on D_G; nan if one is missing."""
    wide = accuracy.by_part(rows)
    if not set(names) <= set(wide["D_I"]):
        return np.nan, np.nan
    on_I, on_G = (wide[part][list(names)].dropna() for part in PARTS)
    return paired.page_trend(on_I), paired.page_trend(-on_G)


# --- tables


def frame_html(
    table: pd.DataFrame, index: bool = True, escaped: bool = False, note: str = ""
) -> HTML:
    """A table of text as HTML, with D_I and the like as symbols, also in its labels.

    escaped   the cells are HTML already
    note      a sentence below the table
    """
    text = table.to_html(border=0, index=index, escape=not escaped)
    if note:
        text += f"<p>{escape(note)}</p>"
    return HTML(re.sub(r"D('?)_([IGU])('?)", r"<i>D\1<sub>\2\3</sub></i>", text))


def pair_table(rows: pd.DataFrame, pairs: Iterable[Pair], margins: bool = False) -> HTML:
    """A table of differences in percentage points with 95 % intervals: a line per pair.

    margins   add whether the methods are equivalent (TOST) within `parts.Part.margin`
    A pair that was not run is named as such. Below the table is a note where the means of a pair on
    D_G cannot differ.
    """
    pairs = list(pairs)
    lines = {}
    for asked, method, other in pairs:
        line = {}
        for part, change in comparison.change_by_part(rows, method, other).items():
            known = not np.isnan(change.mean)
            margin = ALL_PARTS[part].margin
            line[f"on {part} in pp"] = format_interval(change) if known else "not run"
            if margins:
                within = equivalence(change, margin) if known else ""
                line[f"{part} within ±{100 * margin:g}"] = within
        methods = f'<span style="font-weight: normal">{escape(method)} − {escape(other)}</span>'
        label = f'<span style="white-space: normal">{escape(asked)}<br>{methods}</span>'
        lines[label] = line
    table = pd.DataFrame.from_dict(lines, orient="index").fillna(NOT_COMPARED)
    reordered = any(are_reordered(method, other) for _, method, other in pairs)
    return frame_html(table, escaped=True, note=SAME_ON_D_G if reordered else "")


def trend_table(rows: pd.DataFrame, orders: Iterable[Sequence[str]]) -> HTML:
    """A table of Page's tests along orders of methods: a line per order."""
    lines = {}
    for names in orders:
        rise, fall = trend_ps(rows, names)
        lines[STEP.join(names)] = {
            "p, rises on D_I": format_p(rise) or "not run",
            "p, falls on D_G": format_p(fall) or "not run",
        }
    return frame_html(pd.DataFrame.from_dict(lines, orient="index"))
