"""Tables of numbers as text: for a terminal, in Markdown, as HTML."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from IPython.display import HTML

from perso.analysis.comparison import equivalence_by_part
from perso.markup import as_text
from perso.parts import ALL_PARTS
from perso.stats import paired

SIGNIFICANT = 0.05  # p below it is called clear


def listed(names: Sequence[str]) -> str:
    """Names as a list in a sentence."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def format_share(share: float) -> str:
    """A share with three decimals, without its leading zero; empty where it is missing."""
    return "" if pd.isna(share) else f"{share:.3f}".lstrip("0")


def format_ratio(ratio: float) -> str:
    """A ratio with two decimals; empty where it is missing."""
    return "" if pd.isna(ratio) else f"{ratio:.2f}"


def format_p(p: float) -> str:
    """A p-value with four decimals, without its leading zero; empty where it is missing."""
    if pd.isna(p):
        return ""
    return "<.0001" if p < 1e-4 else f"{p:.4f}".lstrip("0")


def format_change(line: pd.Series) -> str:
    """A change in percentage points with its interval, like +1.2 [+0.3, +2.1].

    line   `change`, `low` and `high` as shares; text is empty where the change is missing, and
           without an interval where its ends are

    An end just below 0 is -0.0: whether an interval has 0 within decides what it shows.
    """
    mean, low, high = 100 * line[["change", "low", "high"]] + 0.0  # + 0.0: 0 itself is +0.0
    if pd.isna(mean):
        return ""
    interval = "" if pd.isna(low) else f" [{low:+.1f}, {high:+.1f}]"
    return f"{mean:+.1f}{interval}"


def signed_points(share: float) -> str:
    """A change in percentage points with its sign, as in `format_change`."""
    return f"{100 * share + 0.0:+.1f}"


def training_time(seconds: float) -> str:
    """Seconds or, from 100 seconds on, minutes."""
    return f"{seconds:.2g} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def format_part(table: pd.DataFrame, part: str, corrected: bool = True) -> pd.DataFrame:
    """One part of a comparison as text, a line per method, ours beside the papers'.

    table       of `comparison.compare`
    corrected   whether p is corrected (Holm)
    """
    block = table[part]
    paper = table.attrs.get("paper", "v3")
    has_printed = "paper mean" in block
    columns = {"n": block["n"].astype(str), "mean": block["mean"].map(format_share)}
    if has_printed:
        columns[f"{paper} mean"] = block["paper mean"].map(format_share)
    columns["change in pp [95 %]"] = block.apply(format_change, axis=1)
    if corrected:
        columns["p (Holm)"] = block["holm"].map(format_p)
    else:
        columns["p"] = block["p"].map(format_p)
    columns["rank"] = block["rank"].astype(str)
    if "r_train" in block:
        columns["r_train"] = block["r_train"].map(format_ratio)
        if has_printed:
            columns[f"{paper} r_train"] = block["paper r_train"].map(format_ratio)
    for name in ("sd", "min", "max"):
        columns[name] = block[name].map(format_share)
        if has_printed:
            columns[f"{paper} {name}"] = block[f"paper {name}"].map(format_share)
    return pd.DataFrame(columns).rename_axis(index=None)


def comparison_text(table: pd.DataFrame) -> str:
    """All parts of a comparison as plain text, one below the other."""
    return "\n\n".join(
        f"On {ALL_PARTS[name].phrase}, {name}\n{format_part(table, name).to_string()}"
        for name in parts_in(table)
    )


def parts_in(table: pd.DataFrame) -> list[str]:
    """The names of the parts that a table of `comparison` has columns of."""
    return [name for name in table.columns.unique(0) if name in ALL_PARTS]


def comparison_markdown(table: pd.DataFrame) -> str:
    """All parts of a comparison as Markdown tables."""
    return "\n\n".join(
        f"**{part}**\n\n{markdown_table(format_part(table, part))}" for part in parts_in(table)
    )


def markdown_table(table: pd.DataFrame) -> str:
    """A table of text, a line per method, in Markdown."""
    # the cells are text already: without disable_numparse ".930" would become 0.93
    return (
        table.rename(index=as_text)
        .rename_axis("Method")
        .to_markdown(disable_numparse=True, colalign=["left"] + ["right"] * table.shape[1])
    )


def comparison_csv(table: pd.DataFrame) -> str:
    """All numbers of a comparison in full, a line per method; columns like `D_I mean`."""
    flat = table.copy()
    flat.columns = [" ".join(pair) for pair in table.columns]
    return flat.rename_axis("method").to_csv()


def equivalence_cells(found: dict[str, paired.Equivalence]) -> dict[str, str]:
    """One line of `equivalence_table`, in percentage points."""
    cells = {}
    for part, each in found.items():
        mean, low, high = 100 * each.mean, 100 * each.low, 100 * each.high
        margin = 100 * each.margin
        interval = "" if np.isnan(low) else f" [{low:+.2f}, {high:+.2f}]"
        cells[f"{part} in pp [90 %]"] = "" if np.isnan(mean) else f"{mean:+.2f}{interval}"
        cells[f"{part} p"] = "" if np.isnan(each.p) else f"{each.p:.2g}"
        cells[f"{part} within ±{margin:g}"] = "yes" if each.equivalent else "not shown"
    return cells


def equivalence_table(rows: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """`comparison.equivalence_by_part` as text: a line for all methods, then one for each."""
    lines = {"all methods": equivalence_cells(equivalence_by_part(rows, other))}
    for name in rows["method"].unique():
        lines[name] = equivalence_cells(
            equivalence_by_part(rows[rows["method"] == name], other[other["method"] == name])
        )
    return pd.DataFrame.from_dict(lines, orient="index")


def comparison_html(table: pd.DataFrame, corrected: bool = False, anchor: str = "models") -> HTML:
    """All parts of a comparison as HTML tables.

    corrected   whether p is corrected (Holm); only for a whole table, whose methods are counted
    anchor      id of the list of models on the same page, see `notebook.provenance_note`
    """
    whole = parts_html({part: format_part(table, part, corrected) for part in parts_in(table)})
    return HTML(f'{whole.data}<p><a href="#{anchor}">The models behind these numbers</a></p>')


def changes_html(table: pd.DataFrame) -> HTML:
    """The changes of several runs in percentage points as HTML tables, a column per run.

    The papers' stand beside the first run's.

    table   of `comparison.compare_runs`
    """
    own, *others, printed = table.columns.unique(1)
    runs = own, printed, *others
    return parts_html(
        {
            part: pd.DataFrame({run: table[part][run].apply(format_change, axis=1) for run in runs})
            for part in parts_in(table)
        }
    )


def parts_html(tables: dict[str, pd.DataFrame]) -> HTML:
    """Tables of text, by part, as HTML, one below the other."""
    # not a Styler: it adds an id to every table and classes to every cell; book.css needs neither
    blocks = []
    for name, table in tables.items():
        heading = f"On {ALL_PARTS[name].phrase}, <i>D<sub>{name[-1]}</sub></i>"
        blocks.append(f"<p><b>{heading}</b></p>{table.to_html(border=0)}")
    return HTML("".join(blocks))
