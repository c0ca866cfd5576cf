"""What chapters say of pairs of methods, of likeness, of doses and of late iterations: sentences and tables of text."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from IPython.display import Markdown

from perso import metrics, page, stats, tables
from perso.methods import METHODS


def versus_each(rows: pd.DataFrame, pairs: Iterable[tuple[str, str]]) -> Markdown:
    """`page.versus` of every pair as a list; of a method that this run leaves out, that it does."""
    there, lines = set(rows["method"]), []
    for method, other in pairs:
        lacking = [name for name in (method, other) if name not in there]
        lines.append(f"- {page.versus(rows, method, other)}" if not lacking
                     else f"- {method} minus {other}: not known, this run is without {' and '.join(lacking)}")
    return Markdown("\n".join(lines))


def equal(rows: pd.DataFrame, method: str, other: str) -> str:
    """Whether two methods are equivalent (TOST) on D_I and D_G, with the margins of `stats.MARGINS`."""
    said = []
    for measure, part in tables.PARTS.items():
        wide = metrics.per_person(rows, measure)
        found = stats.equivalence(wide[method] - wide[other], stats.MARGINS[part])
        mean, low, high, margin = (100 * value for value in (found.mean, found.low, found.high, found.margin))
        verdict = f"{'equivalent' if found.equivalent else 'not shown to be equivalent'} within ±{margin:g} points"
        interval = "no interval" if np.isnan(low) else f"90 % interval {low:+.2f} to {high:+.2f}"
        said.append(f"{verdict} on {part} ({mean:+.2f}, {interval})")
    return f"{method} and {other} are {said[0]} and {said[1]}"


def likeness(ours: pd.Series, raw: pd.Series, latent: int) -> str:
    """What codes say about hands, beside raw pixels (two lines of `likeness.table`)."""
    return (
        f"By {latent} numbers, the nearest other image is by the same person {ours['× chance']:.1f} times as often as "
        f"by chance, and shows the same class in {ours['class']:.0%} of cases; by raw pixels "
        f"{raw['× chance']:.1f} times and in {raw['class']:.0%}. Within classes {100 * ours['R²']:.0f} % of the "
        f"variation of codes goes by writer, beyond chance (PERMANOVA, p = {ours['p']:.3f})."
    )


def nearness(table: pd.DataFrame) -> str:
    """For how many people D_G holds what is nearer than their own (`likeness.own_and_others`)."""
    nearer, few = (table["D_G"] < table["own"]).sum(), (table["as few"] < table["own"]).sum()
    return (
        f"For {nearer} of {len(table)} people all of D_G holds nearer samples than their own; "
        f"as few of it as they have, for {few}."
    )


def dose(table: pd.DataFrame) -> str:
    """Whether the harm of the largest dose of own data on D_G outlasts three times the epochs (`tables.doses`)."""
    own = table[table["", "whose"] == "own"]
    largest = own[own["", "dose"] == own["", "dose"].max()].set_index(("", "rounds"))["D_G"]
    said = []
    for rounds, words in ((1, "after the usual epochs"), (3, "after three times as many")):
        mean, low, high = 100 * largest.loc[rounds, ["change", "low", "high"]]
        verb = "below" if high < 0 else "above" if low > 0 else "not clearly off"
        interval = "no interval" if np.isnan(low) else f"{low:+.1f} to {high:+.1f}"
        said.append(f"{verb} the baseline {words} ({mean:+.1f} points, {interval})")
    harm = 100 * largest.loc[3, "high"] < 0
    most = f"with {own['', 'dose'].max()} iterations on one person first"
    return f"{'harm stays' if harm else 'no lasting harm is seen'}: {most}, accuracy on D_G is {', and '.join(said)}."


def doses(table: pd.DataFrame) -> pd.DataFrame:
    """`tables.doses` in percentage points: doses and owners down, D_I and D_G by length across."""
    cells = {}
    for part in tables.PARTS.values():
        for _, line in table.sort_values(("", "rounds"), kind="stable").iterrows():
            whose, amount, rounds = line["", "whose"], line["", "dose"], line["", "rounds"]
            cells.setdefault((part, f"{rounds} × epochs"), {})[f"{amount} on {whose} data"] = tables.points(line[part])
    return pd.DataFrame(cells).fillna("")


def late(table: pd.DataFrame) -> pd.DataFrame:
    """Every row of transfer learning in percentage points: optimiser and rate down, iterations across."""
    lines: dict[str, dict] = {}
    for method in METHODS:
        if method.late and method.family == "transfer learning" and method.name in table.index:
            cells = lines.setdefault(f"{method.late_optimiser or 'as the study'}, {method.late_rate:g}", {})
            for part in tables.PARTS.values():
                cells[part, method.late] = tables.points(table.loc[method.name, part])
    lengths = sorted({late for cells in lines.values() for _, late in cells})
    columns = pd.MultiIndex.from_product([tables.PARTS.values(), lengths])
    return pd.DataFrame.from_dict(lines, orient="index").reindex(columns=columns).fillna("")


def late_sentence(table: pd.DataFrame) -> str:
    """How many rows of transfer learning lower accuracy on D_G, and which gives most on D_I without that."""
    there = [m for m in METHODS if m.late and m.family == "transfer learning" and m.name in table.index]
    on_G = table.loc[[m.name for m in there], "D_G"]
    harmed = on_G.index[on_G["high"] < 0]
    ways = f"Of {len(there)} settings of transfer learning (optimiser, rate, length)"
    said = f"{ways} {len(harmed)} lower accuracy on D_G"
    kept = [name for name in on_G.index if name not in harmed]
    if not kept or not len(harmed):
        return f"{said}."
    best = table.loc[kept, ("D_I", "change")].idxmax()
    gain, cost = (100 * table.loc[best, (part, "change")] for part in ("D_I", "D_G"))
    return (f"{said}: v1's harm and v3's lack of it can both be had. Most is gained without clear harm by {best} "
            f"({gain:+.1f} points on D_I, {cost:+.1f} on D_G).")
