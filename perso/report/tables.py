"""Numbers to text, Markdown, HTML tables."""

import numpy as np
import pandas as pd
from IPython.display import HTML

from perso.analysis.comparison import COLUMNS, equivalence_by_part
from perso.parts import PARTS
from perso.stats import paired


def format_part(table: pd.DataFrame, part: str, corrected: bool = True) -> pd.DataFrame:
    """One part (D_I or D_G) of a comparison as text: changes in percentage points, p corrected (Holm) or not."""
    block = table[part]

    def share(value):
        return "" if pd.isna(value) else f"{value:.3f}".lstrip("0")

    def ratio(value):
        return "" if pd.isna(value) else f"{value:.2f}"

    def p(value):
        return "" if pd.isna(value) else "<.0001" if value < 1e-4 else f"{value:.4f}".lstrip("0")

    columns = {
        "n": block["n"].astype(str),
        "mean": block["mean"].map(share),
        "rank": block["rank"].astype(str),
    }
    tested = {"p (Holm)": block["holm"].map(p)} if corrected else {"p": block["p"].map(p)}
    columns |= {"change in pp [95 %]": block.apply(format_change, axis=1), **tested}
    columns |= {name: block[name].map(share) for name in ("sd", "min", "max")}
    paper = table.attrs.get("paper", "v3")
    columns |= {f"{paper} {name}": block[f"paper {name}"].map(share) for name in COLUMNS}
    if "r_train" in block:
        columns |= {
            "r_train": block["r_train"].map(ratio),
            f"{paper} r_train": block["paper r_train"].map(ratio),
        }
    return pd.DataFrame(columns).rename_axis(index=None)


def format_change(line: pd.Series) -> str:
    """A change in percentage points with its interval, like +1.2 [+0.3, +2.1]; nothing for what is not there."""
    mean, low, high = 100 * line[["change", "low", "high"]]
    interval = "" if pd.isna(low) else f" [{low:+.1f}, {high:+.1f}]"
    return "" if pd.isna(mean) else f"{mean:+.1f}{interval}"


def comparison_text(table: pd.DataFrame) -> str:
    """Both parts as plain text, one below the other."""
    heads = {"D_I": "On the individual's own data, D_I", "D_G": "On everybody else's, D_G"}
    return "\n\n".join(f"{heads[part]}\n{format_part(table, part).to_string()}" for part in PARTS)


def comparison_markdown(table: pd.DataFrame) -> str:
    """Both parts as Markdown tables."""
    return "\n\n".join(
        f"**{part}**\n\n{markdown_table(format_part(table, part))}" for part in PARTS
    )


def markdown_table(shown: pd.DataFrame) -> str:
    """A table of text, its index named Method, in Markdown."""
    block = shown.reset_index(names="Method")
    lines = [
        list(block.columns),
        ["---"] + ["--:"] * (len(block.columns) - 1),
        *block.values.tolist(),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def comparison_csv(table: pd.DataFrame) -> str:
    """All numbers in full, one line per method; columns like `D_I mean`, `D_G change`."""
    flat = table.copy()
    flat.columns = [" ".join(pair) for pair in table.columns]
    return flat.rename_axis("method").to_csv()


def equivalence_cells(found: dict[str, paired.Equivalence]) -> dict[str, str]:
    """The cells of a line about an equivalence, in percentage points."""
    cells = {}
    for part, each in found.items():
        mean, low, high, margin = (
            100 * value for value in (each.mean, each.low, each.high, each.margin)
        )
        interval = "" if np.isnan(low) else f" [{low:+.2f}, {high:+.2f}]"
        cells[f"{part} in pp [90 %]"] = "" if np.isnan(mean) else f"{mean:+.2f}{interval}"
        cells[f"{part} p"] = "" if np.isnan(each.p) else f"{each.p:.2g}"
        cells[f"{part} within ±{margin:g}"] = "yes" if each.equivalent else "not shown"
    return cells


def equivalence_table(rows: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """`equivalence` as text: a line for all methods together, then one for each."""
    lines = {"all methods": equivalence_cells(equivalence_by_part(rows, other))}
    for name in rows["method"].unique():
        lines[name] = equivalence_cells(
            equivalence_by_part(rows[rows["method"] == name], other[other["method"] == name])
        )
    return pd.DataFrame.from_dict(lines, orient="index")


def comparison_html(table: pd.DataFrame, corrected: bool = False) -> HTML:
    """A comparison as the book shows it. Holm's correction counts the methods in the table: for the whole one only."""
    return both_parts_html({part: format_part(table, part, corrected) for part in PARTS})


def changes_html(table: pd.DataFrame) -> HTML:
    """The changes of several runs (`comparison.compare_runs`) in percentage points, a column per run."""
    runs = table.columns.unique(1)
    return both_parts_html(
        {
            part: pd.DataFrame({run: table[part][run].apply(format_change, axis=1) for run in runs})
            for part in PARTS
        }
    )


def both_parts_html(shown: dict[str, pd.DataFrame]) -> HTML:
    """Tables of text on D_I and on D_G, one below the other."""
    heads = {
        name: f"On {part.phrase}, <i>D<sub>{name[-1]}</sub></i>" for name, part in PARTS.items()
    }
    return HTML(
        "".join(
            f"<p><b>{head}</b></p>{shown[part].to_html(border=0)}" for part, head in heads.items()
        )
    )
