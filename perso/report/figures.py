"""Figures: a tidy table in, an Axes out. A method has the same colour in all of them.

To add a figure, write a function of an Axes and a table. It draws, names the axes with their units
and returns the Axes; what it shows is computed in `perso.analysis`:

    def spread(ax: Axes, table: pd.DataFrame, part: str) -> Axes:
        \"\"\"Standard deviation over people, a bar per method (`comparison.compare`).\"\"\"
        shades = [colours(table.index)[name] for name in table.index]
        ax.barh(range(len(table)), 100 * table[part]["sd"], color=shades)
        label_lines(ax, table.index)
        ax.set(xlabel=f"sd over people on {ALL_PARTS[part].label} (pp)")
        return ax

A chapter makes the Axes and the table:

    fig, ax = plt.subplots()
    figures.spread(ax, comparison.compare(rows), "D_I")
"""

from collections.abc import Iterable, Sequence
from itertools import cycle
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from perso.analysis import accuracy
from perso.analysis.printed import PAPER_OF
from perso.files import whole
from perso.methods.method import BASELINE, FAMILIES
from perso.methods.registry import METHODS, TABLES
from perso.parts import ALL_PARTS

# of the families beyond the papers, which no colour blindness confuses: Paul Tol's muted scheme
BEYOND_HUES = tuple(
    map(
        to_rgb,
        ("#882255", "#332288", "#117733", "#999933", "#44AA99", "#AA4499", "#661100", "#CC6677"),
    )
)
# With more families than looks, the first looks are used again
FAMILY_HUES = cycle(("0.2", "0.4", *sns.color_palette("colorblind", 5), *BEYOND_HUES))
FAMILY_MARKERS = cycle(("s", "X", "o", "D", "^", "v", "P", "*", "<", ">", "p", "h", "d", "8", "H"))
HUES = dict(zip(FAMILIES, FAMILY_HUES, strict=False))
MARKERS = dict(zip(FAMILIES, FAMILY_MARKERS, strict=False))
OWN_MARKER = "*"  # of methods that no table of the registry has
OWN_HUES = sns.color_palette("colorblind", 10)[5:]  # which no family of the papers has
RUN_MARKERS = ("o", "s", "D", "^", "v", "P")  # of our runs, in their order
PAPER_MARKER = "x"
# tables whose methods share the shades of a family
SHADED_TOGETHER = (
    ("v3",),
    ("relative",),
    ("baselines",),
    ("v1", "grouping", "doses", "sweeps", "readings"),
    ("recurrent",),
    ("contexts",),
    ("enrolled", "planted"),
)
# marker, hue and place beside its neighbours, by whose data a dose of early shaping is
DOSE_LOOKS = {"own": ("o", 1, -1), "another's": ("s", 2, 0), "general": ("^", 7, 1)}


# --- looks


def colours(names: Iterable[str] = ()) -> dict[str, tuple]:
    """A colour per method: its family's hue, lighter for later members of its table.

    The tables are v3's, that of relative doses, that of baselines beyond the papers, all others
    together, those of people in time, and those of forwarded samples.

    names   of methods that are drawn; those that no table of the registry has get further hues
    """
    shades = {}
    for tables in SHADED_TOGETHER:
        together = dict.fromkeys(method for table in tables for method in TABLES[table])
        new = [method for method in together if method.name not in shades]
        for family in FAMILIES:
            members = [method.name for method in new if method.family == family]
            palette = sns.light_palette(HUES[family], len(members) + 2, reverse=True)
            shades |= dict(zip(members, palette, strict=False))
    own = [name for name in dict.fromkeys(names) if name not in shades]
    return shades | dict(zip(own, cycle(OWN_HUES), strict=False))


def style() -> None:
    """Set the look of all figures of the book, whatever the user's matplotlibrc says."""
    mpl.rcdefaults()
    sns.set_theme(context="notebook", style="whitegrid", font_scale=0.9)
    mpl.rcParams.update(
        {
            "figure.dpi": 110,
            "svg.fonttype": "none",
            "svg.hashsalt": "perso",
            "axes.spines.right": False,
            "axes.spines.top": False,
        }
    )


def part_label(part: str) -> str:
    """A part as an axis names it."""
    return ALL_PARTS[part].label


def as_written(name: object) -> str:
    """A name of the user's for a figure, where two dollar signs would be a formula."""
    return str(name).replace("$", r"\$")


def label_lines(ax: Axes, names: Sequence[str]) -> None:
    """Name the lines 0, 1, … of an Axes, from top to bottom."""
    ax.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))


def legend_beside(ax: Axes) -> None:
    """Put the legend to the right of an Axes."""
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize="small")


def plain_ticks(ax: Axes, values: Sequence[float]) -> None:
    """Label a logarithmic x axis at these values only, without exponents."""
    ax.set_xticks(values)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())


def interval_errors(changes: pd.DataFrame | pd.Series) -> list:
    """Distances from `change` to `low` and to `high`, as `Axes.errorbar` takes them."""
    return [changes["change"] - changes["low"], changes["high"] - changes["change"]]


# --- methods


def tradeoff(ax: Axes, table: pd.DataFrame) -> Axes:
    """Change on D_I against change on D_G in percentage points, with 95 % intervals.

    table   of `comparison.compare`
    """
    families = {method.name: method.family for method in METHODS}
    shade = colours(table.index)
    ax.axhline(0, color="0.7", lw=1)
    ax.axvline(0, color="0.7", lw=1)
    base = table.attrs.get("base", BASELINE)
    ax.plot(0, 0, MARKERS["baseline"], color=shade[BASELINE], label=base)
    for name, line in (100 * table).drop(index=base, errors="ignore").iterrows():
        x, y = line["D_G"], line["D_I"]
        ax.errorbar(
            x["change"],
            y["change"],
            xerr=[[error] for error in interval_errors(x)],
            yerr=[[error] for error in interval_errors(y)],
            fmt=MARKERS.get(families.get(name), OWN_MARKER),
            color=shade[name],
            label=name,
            elinewidth=1,
            ms=9,
            mec="white",
            mew=0.6,
        )
    ax.set(
        xlabel=f"change on {part_label('D_G')} (pp)",
        ylabel=f"change on {part_label('D_I')} (pp)",
    )
    legend_beside(ax)
    return ax


def save_tradeoff(table: pd.DataFrame, path: Path) -> None:
    """Write `tradeoff` to an SVG file; the same table gives the same bytes."""
    style()
    fig, ax = plt.subplots(figsize=(6.4, 5.4))
    tradeoff(ax, table)
    with whole(path) as aside:
        fig.savefig(aside, bbox_inches="tight", metadata={"Date": None})
    plt.close(fig)


def runs_figure(table: pd.DataFrame) -> Figure:
    """Changes on each part in percentage points: a marker per run, with 95 % intervals.

    table   of `comparison.compare_runs`
    """
    runs = table.columns.unique(1)
    shades = [colours(table.index)[name] for name in table.index]
    height = 1 + 0.12 * len(table) * (len(runs) + 1)
    parts = table.columns.unique(0)
    fig, axes = plt.subplots(1, len(parts), figsize=(9, height), sharey=True)
    shifts = np.linspace(-0.3, 0.3, len(runs))
    for ax, part in zip(axes, parts, strict=True):
        ax.axvline(0, color="0.7", lw=1)
        for run, marker, shift in zip(runs, cycle(RUN_MARKERS), shifts, strict=False):
            y = np.arange(len(table)) + shift
            changes = 100 * table[part][run]
            ax.hlines(y, changes["low"], changes["high"], colors=shades, lw=1)
            ax.scatter(
                changes["change"],
                y,
                s=28,
                c=shades,
                marker=PAPER_MARKER if run in PAPER_OF.values() else marker,
                label=as_written(run),
            )
        ax.grid(axis="y", color="0.94")  # lighter, so that no grid line looks like an interval
        ax.set(xlabel=f"change on {part_label(part)} (pp)")
    label_lines(ax, table.index)
    legend = ax.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=len(runs), frameon=False, fontsize="small"
    )
    for mark in legend.legend_handles:
        mark.set_color("0.3")  # colours are of methods; the legend names runs
    return fig


def sweep(ax: Axes, table: pd.DataFrame, part: str, names: dict[str, float], label: str) -> Axes:
    """Changes on D_I or D_G in percentage points along a parameter: a line with 95 % intervals.

    table   of `comparison.compare`
    names   {method: value of the parameter}; methods without a line in the table are left out
    """
    present = [(x, name) for name, x in names.items() if name in table.index]
    present.sort(key=lambda pair: pair[0])
    changes = 100 * table[part].loc[[name for _, name in present]]
    ax.axhline(0, color="0.7", lw=1)
    ax.errorbar(
        [x for x, _ in present],
        changes["change"],
        yerr=interval_errors(changes),
        marker="o",
        ms=5,
        lw=1.2,
        elinewidth=1,
        label=label,
    )
    ax.set(ylabel=f"change on {part_label(part)} (pp)")
    return ax


def late_figure(ax: Axes, table: pd.DataFrame, part: str, optimiser: str) -> Axes:
    """`sweep` of transfer learning over late iterations, a line per optimiser and learning rate.

    optimiser   the study's, of methods that name none
    """
    sweeps: dict[str, dict[str, int]] = {}
    for method in METHODS:
        if method.family == "transfer learning" and method.name in table.index:
            terms = method.shaping
            label = f"{terms.late_optimiser or optimiser}, {terms.late_rate:g}"
            sweeps.setdefault(label, {})[method.name] = terms.late
    for label, names in sorted(sweeps.items()):
        sweep(ax, table, part, names, label)
    ax.set(xscale="log", xlabel="$n_{TL}$, late iterations")
    plain_ticks(ax, sorted({late for names in sweeps.values() for late in names.values()}))
    return ax


def dose_figure(ax: Axes, table: pd.DataFrame, part: str) -> Axes:
    """Changes on D_I or D_G in percentage points by dose of early shaping, with 95 % intervals.

    A line per owner of the dose and number of epochs after it.

    table   of `comparison.dose_effects`
    """
    ax.axhline(0, color="0.7", lw=1)
    for (whose, factor), lines in table.groupby([("", "whose"), ("", "rounds")], sort=False):
        marker, hue, place = DOSE_LOOKS[whose]
        shift = 1 + 0.06 * place + 0.02 * (factor - 2)  # so that bars do not hide each other
        usual = factor == 1
        changes = 100 * lines[part]
        ax.errorbar(
            lines["", "dose"] * shift,
            changes["change"],
            yerr=interval_errors(changes),
            marker=marker,
            lw=1.2,
            color=sns.color_palette("colorblind")[hue],
            mfc=None if usual else "white",
            elinewidth=1,
            ls="-" if usual else ":",
            label=f"{whose} data, {factor} × epochs after it",
        )
    ax.set(
        xscale="log",
        xlabel="$n_{ES}$, iterations of early shaping",
        ylabel=f"change on {part_label(part)} (pp)",
    )
    plain_ticks(ax, sorted(table["", "dose"].unique()))
    return ax


# --- people


def levels(ax: Axes, rows: pd.DataFrame, part: str) -> Axes:
    """Accuracy on D_I or D_G in percent: a dot per person, a bar at the mean, a line per method."""
    dots(ax, 100 * accuracy.per_person(rows, ALL_PARTS[part].accuracy))
    ax.set(xlabel=f"accuracy on {part_label(part)} (%)")
    return ax


def people_figure(ax: Axes, rows: pd.DataFrame, part: str) -> Axes:
    """Changes from the baseline in percentage points: a dot per person, a bar at the mean."""
    wide = 100 * accuracy.per_person(rows, ALL_PARTS[part].accuracy)
    ax.axvline(0, color="0.7", lw=1)
    dots(ax, wide.drop(columns=BASELINE).sub(wide[BASELINE], axis=0))
    ax.set(xlabel=f"change on {part_label(part)} (pp)")
    return ax


def dots(ax: Axes, wide: pd.DataFrame) -> None:
    """Draw a dot per person and a bar at the mean, a line per method.

    wide   a line per person, a column per method
    """
    shade = colours(wide.columns)
    jitter = np.random.default_rng(0).uniform(-0.15, 0.15, wide.shape)
    for place, name in enumerate(wide.columns):
        y = place + jitter[:, place]
        ax.scatter(wide[name], y, s=16, color=shade[name], alpha=0.75, linewidths=0)
    ax.scatter(wide.mean(), range(wide.shape[1]), marker="|", s=200, color="0.1")
    label_lines(ax, wide.columns)


# --- schedules and images


def strip(ax: Axes, schedules: dict[str, np.ndarray]) -> Axes:
    """Schedules as strips, one line per method: dark where the batch comes from D_I.

    schedules   {method: bool [iterations], True for D_I}
    """
    shade = colours(schedules)
    for place, (name, from_I) in enumerate(schedules.items()):
        ax.imshow(
            from_I[None],
            extent=(0, len(from_I), place + 0.38, place - 0.38),
            aspect="auto",
            cmap=mpl.colors.ListedColormap(["#d9e2ec", shade[name]]),
            vmin=0,
            vmax=1,
            interpolation="nearest",
        )
    label_lines(ax, list(schedules))
    ax.set(xlim=(0, max(map(len, schedules.values()))), xlabel="iteration")
    ax.grid(False)
    return ax


def digits(images: np.ndarray, rows: Sequence[str], heads: Sequence | None = None) -> Figure:
    """A sheet of images, dark on light.

    images   u8 [rows, columns, S, S]
    rows     a name per row
    heads    a name per column; without them 0, 1, …, as of classes
    """
    n_rows, n_columns = images.shape[:2]
    size = 0.62 * n_columns, 0.62 * n_rows
    fig, axes = plt.subplots(n_rows, n_columns, figsize=size, squeeze=False)
    for line, cells in zip(axes, images, strict=True):
        for ax, image in zip(line, cells, strict=True):
            ax.imshow(image, cmap="gray_r", vmin=0, vmax=255)
            ax.set(xticks=[], yticks=[])
            sns.despine(ax=ax, left=True, bottom=True)
    heads = range(n_columns) if heads is None else heads
    for ax, head in zip(axes[0], heads, strict=True):
        ax.set_title(as_written(head), fontsize="small")
    for ax, name in zip(axes[:, 0], rows, strict=True):
        ax.set_ylabel(as_written(name), rotation=0, ha="right", va="center", fontsize="small")
    return fig
