"""Figures: tidy tables in, an Axes out. One colour per method, everywhere the same."""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from perso.analysis import accuracy
from perso.analysis.printed import PAPER_OF
from perso.files import whole
from perso.methods.method import BASELINE, FAMILIES
from perso.methods.registry import METHODS, V3
from perso.parts import PARTS
from perso.report.calibration import KIND_NAMES, entries

# Families that are added beyond these looks begin with the first ones again
HUES = dict(
    zip(FAMILIES, cycle(("0.2", "0.4", *sns.color_palette("colorblind", 10))), strict=False)
)
MARKERS = dict(
    zip(FAMILIES, cycle(("s", "X", "o", "D", "^", "v", "P", "*", "<", ">", "p", "h")), strict=False)
)
RUN_MARKERS = ("o", "s", "D", "^", "v", "P")  # markers of runs side by side; v3's is a cross


def colours() -> dict[str, tuple]:
    """A colour per method: its family's hue, lighter for the family's later members; those of v3's table come first."""
    given, others = {}, tuple(method for method in METHODS if method not in V3)
    for table in (V3, others):
        for family in FAMILIES:
            names = [method.name for method in table if method.family == family]
            shades = sns.light_palette(HUES[family], len(names) + 2, reverse=True)
            given |= dict(zip(names, shades, strict=False))
    return given


def style() -> None:
    """The look of every figure of the book."""
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


def tradeoff(ax, table: pd.DataFrame):
    """Change on D_I against change on D_G in percentage points: a mark per method, bars are 95 % intervals.

    table   a `comparison.compare`
    """
    families = {method.name: method.family for method in METHODS}
    shade = colours()
    ax.axhline(0, color="0.7", lw=1), ax.axvline(0, color="0.7", lw=1)
    base = table.attrs.get("base", BASELINE)
    ax.plot(0, 0, MARKERS["baseline"], color=shade[BASELINE], label=base)
    for name, line in (100 * table).drop(index=base, errors="ignore").iterrows():
        x, y = line["D_G"], line["D_I"]
        ax.errorbar(
            x["change"],
            y["change"],
            xerr=[[x["change"] - x["low"]], [x["high"] - x["change"]]],
            yerr=[[y["change"] - y["low"]], [y["high"] - y["change"]]],
            fmt=MARKERS[families[name]],
            color=shade[name],
            label=name,
            elinewidth=1,
            ms=9,
            mec="white",
            mew=0.6,
        )
    ax.set(
        xlabel="change on everybody else's data, $D_G$ (pp)",
        ylabel="change on the own data, $D_I$ (pp)",
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize="small")
    return ax


def save_tradeoff(table: pd.DataFrame, path: Path) -> None:
    """The headline figure as a file; the same table gives the same file."""
    style()
    fig, ax = plt.subplots(figsize=(6.4, 5.4))
    tradeoff(ax, table)
    with whole(path) as aside:
        fig.savefig(aside, bbox_inches="tight", metadata={"Date": None})
    plt.close(fig)


def runs_figure(table: pd.DataFrame):
    """Every method's change on D_I and on D_G in percentage points: a mark per run, bars are 95 % intervals.

    table   of `comparison.compare_runs`
    """
    shade, runs = [colours()[name] for name in table.index], table.columns.unique(1)
    fig, axes = plt.subplots(
        1, 2, figsize=(9, 1 + 0.12 * len(table) * (len(runs) + 1)), sharey=True
    )
    for ax, part in zip(axes, PARTS, strict=True):
        ax.axvline(0, color="0.7", lw=1)
        for run, marker, shift in zip(
            runs, cycle(RUN_MARKERS), np.linspace(-0.3, 0.3, len(runs)), strict=False
        ):
            y, line = np.arange(len(table)) + shift, 100 * table[part][run]
            ax.hlines(y, line["low"], line["high"], colors=shade, lw=1)
            ax.scatter(
                line["change"],
                y,
                s=28,
                c=shade,
                marker="x" if run in PAPER_OF.values() else marker,
                label=run,
            )
        ax.grid(axis="y", color="0.94")  # a line must not pass for an interval
        ax.set(xlabel=f"change on {PARTS[part].label} (pp)")
    ax.set(yticks=range(len(table)), yticklabels=table.index, ylim=(len(table) - 0.5, -0.5))
    legend = ax.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=len(runs), frameon=False, fontsize="small"
    )
    for mark in legend.legend_handles:
        mark.set_color("0.3")  # colours are methods', marks are runs'
    return fig


def dose_figure(ax, table: pd.DataFrame, part: str):
    """What a dose of early shaping changes on D_I or D_G in percentage points: a line per owner of the dose and length.

    table   of `comparison.dose_effects`
    """
    looks = {"own": ("o", 1), "another's": ("s", 2), "general": ("^", 7)}
    ax.axhline(0, color="0.7", lw=1)
    for (whose, rounds), lines in table.groupby([("", "whose"), ("", "rounds")], sort=False):
        marker, hue = looks[whose]
        values = 100 * lines[part]
        shift = (
            1 + 0.06 * (list(looks).index(whose) - 1) + 0.02 * (rounds - 2)
        )  # so that bars do not hide each other
        ax.errorbar(
            lines["", "dose"] * shift,
            values["change"],
            yerr=[values["change"] - values["low"], values["high"] - values["change"]],
            marker=marker,
            lw=1.2,
            color=sns.color_palette("colorblind")[hue],
            mfc=None if rounds == 1 else "white",
            elinewidth=1,
            ls="-" if rounds == 1 else ":",
            label=f"{whose} data, {rounds} × epochs after it",
        )
    ax.set(
        xscale="log",
        xlabel="$n_{ES}$, iterations of early shaping",
        ylabel=f"change on {part_label(part)} (pp)",
    )
    plain_ticks(ax, sorted(table["", "dose"].unique()))
    return ax


def part_label(part: str) -> str:
    """D_I or D_G in words."""
    return PARTS[part].label


def sweep(ax, table: pd.DataFrame, part: str, names: dict[str, float], label: str):
    """Changes on D_I or D_G in percentage points along a parameter: a line with 95 % intervals.

    table   a `comparison.compare`; names   {method: value of the parameter}
    """
    there = dict(
        sorted(
            ((name, x) for name, x in names.items() if name in table.index),
            key=lambda each: each[1],
        )
    )
    values = 100 * table[part].loc[list(there)]
    ax.axhline(0, color="0.7", lw=1)
    ax.errorbar(
        list(there.values()),
        values["change"],
        marker="o",
        ms=5,
        lw=1.2,
        elinewidth=1,
        label=label,
        yerr=[values["change"] - values["low"], values["high"] - values["change"]],
    )
    ax.set(ylabel=f"change on {part_label(part)} (pp)")
    return ax


def late_figure(ax, table: pd.DataFrame, part: str, optimiser: str):
    """`sweep` of transfer learning over its iterations, a line per optimiser (the study's unless named) and rate."""
    courses: dict[str, dict] = {}
    for method in METHODS:
        if method.late and method.family == "transfer learning" and method.name in table.index:
            label = f"{method.late_optimiser or optimiser}, {method.late_rate:g}"
            courses.setdefault(label, {})[method.name] = method.late
    for label, names in sorted(courses.items()):
        sweep(ax, table, part, names, label)
    ax.set(xscale="log", xlabel="$n_{TL}$, late iterations")
    plain_ticks(ax, sorted({late for names in courses.values() for late in names.values()}))
    return ax


def plain_ticks(ax, values: Sequence[float]) -> None:
    """A logarithmic axis that names these values as they are."""
    ax.set_xticks(values)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())


def levels(ax, rows: pd.DataFrame, part: str):
    """Every person's accuracy: a dot per person, a bar at the mean; a line per method."""
    wide = 100 * accuracy.per_person(rows, PARTS[part].accuracy)
    dots(ax, wide)
    ax.set(xlabel=f"accuracy on {PARTS[part].label} (%)")
    return ax


def people_figure(ax, rows: pd.DataFrame, part: str):
    """Every person's change to the baseline in percentage points: a dot per person, a bar at the mean."""
    wide = 100 * accuracy.per_person(rows, PARTS[part].accuracy)
    ax.axvline(0, color="0.7", lw=1)
    dots(ax, wide.drop(columns=BASELINE).sub(wide[BASELINE], axis=0))
    ax.set(xlabel=f"change on {PARTS[part].label} (pp)")
    return ax


def dots(ax, wide: pd.DataFrame) -> None:
    """A column per method, a line per person: dots, the means as bars, methods from top to bottom."""
    shade, jitter = colours(), np.random.default_rng(0).uniform(-0.15, 0.15, wide.shape)
    for place, name in enumerate(wide.columns):
        ax.scatter(
            wide[name], place + jitter[:, place], s=16, color=shade[name], alpha=0.75, linewidths=0
        )
    ax.scatter(wide.mean(), range(wide.shape[1]), marker="|", s=200, color="0.1")
    ax.set(yticks=range(wide.shape[1]), yticklabels=wide.columns, ylim=(wide.shape[1] - 0.5, -0.5))


def strip(ax, schedules: dict[str, np.ndarray]):
    """Schedules as strips, one line per method: dark where the batch comes from D_I."""
    longest = max(map(len, schedules.values()))
    for place, (name, from_I) in enumerate(schedules.items()):
        ax.imshow(
            from_I[None],
            extent=(0, len(from_I), place + 0.38, place - 0.38),
            aspect="auto",
            cmap=mpl.colors.ListedColormap(["#d9e2ec", colours()[name]]),
            vmin=0,
            vmax=1,
            interpolation="nearest",
        )
    ax.set(
        xlim=(0, longest),
        ylim=(len(schedules) - 0.5, -0.5),
        xlabel="iteration",
        yticks=range(len(schedules)),
        yticklabels=list(schedules),
    )
    ax.grid(False)
    return ax


def digits(images: np.ndarray, rows: Sequence[str], heads: Sequence | None = None):
    """A sheet of images [R, C, S, S], dark on light: a column per class, or under `heads`; a named row each."""
    fig, axes = plt.subplots(
        *images.shape[:2], figsize=(0.62 * images.shape[1], 0.62 * images.shape[0]), squeeze=False
    )
    for line, cells in zip(axes, images, strict=True):
        for ax, image in zip(line, cells, strict=True):
            ax.imshow(image, cmap="gray_r", vmin=0, vmax=255)
            ax.set(xticks=[], yticks=[])
            sns.despine(ax=ax, left=True, bottom=True)
    for head, ax in zip(range(images.shape[1]) if heads is None else heads, axes[0], strict=True):
        ax.set_title(str(head), fontsize="small")
    for ax, name in zip(axes[:, 0], rows, strict=True):
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize="small")
    return fig


def ways(ax, table: pd.DataFrame):
    """Milliseconds of every way to train: a dot each, and a bar to where the machine would be at its full rate.

    table   a `speed.speed_table`; the full rate is that of a matrix product or of a copy, whichever takes longer
    """
    floor = table["ms"] * table[["% of matrix product", "% of copy"]].max(axis=1) / 100
    lines = range(len(table))
    ax.hlines(lines, floor, table["ms"], color="0.8", lw=5)
    ax.scatter(floor, lines, marker="|", s=150, color="0.1", label="at the full rate")
    ax.scatter(
        table["ms"],
        lines,
        s=50,
        color=sns.color_palette("colorblind")[0],
        label="measured",
        zorder=3,
    )
    ax.set(
        xscale="log",
        xlabel="ms an iteration and model",
        yticks=lines,
        yticklabels=table.index,
        ylim=(len(table) - 0.5, -0.5),
    )
    ax.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize="small")
    return ax


def bars(ax, table: pd.DataFrame):
    """`per_person`: own in the method's colour, a person's part of what is shared hatched, all of it dotted."""
    shade, n, y = colours(), table.attrs["people"], np.arange(len(table))
    ax.barh(y, table["own"], color=[shade[name] for name in table.index])
    y, some = y[table["shared"] > 0], table[table["shared"] > 0]
    look = {"left": some["own"], "ec": "0.4", "fc": "none"}
    ax.barh(y, some["shared"] / n, hatch="////", label=f"shared, one part of {n:g}", **look)
    ax.barh(y, some["shared"], ls=":", label="shared, all parts", **look)
    ax.axvline(table.attrs["whole"], color="0.2", lw=1, label=table.attrs["base"])
    ax.grid(axis="y", visible=False)
    ax.set(
        yticks=range(len(table)),
        yticklabels=table.index,
        ylim=(len(table) - 0.5, -0.5),
        xlabel="iterations",
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize="small")
    return ax


def bands(ax, record: dict, kinds: tuple[str, ...]):
    """Shares with their intervals against the wanted bands: a line per test and studies, a mark per number of people.

    kinds   of entries; names of contrasts are grey
    """
    found = entries(record)
    found = found[found["kind"].isin(kinds)].copy()
    found["name"] = list(zip(found["what"], found["scenario"], found["contrast"], strict=True))
    names = list(found["name"].unique())
    for (people, group), marker, shift in zip(
        found.groupby("people"), "os", (-0.16, 0.16), strict=False
    ):
        y = [names.index(name) + shift for name in group["name"]]
        ax.hlines(y, 100 * group["low"], 100 * group["high"], color="0.4", lw=1)
        ax.plot(
            100 * group["share"],
            y,
            marker,
            ms=4.5,
            mfc="0.25" if marker == "o" else "white",
            mec="0.25",
            ls="",
            clip_on=False,
            label=f"{people} people",
        )
    for place, name in enumerate(names):
        low, high = next(each.wanted for each in found.itertuples() if each.name == name)
        ax.barh(place, 100 * (high - low), left=100 * low, height=0.9, color="#cfe3d4", zorder=0)
    ax.set_yticks(
        range(len(names)), [f"{what}\n{scenario}" for what, scenario, _ in names], fontsize=7
    )
    for label, name in zip(ax.get_yticklabels(), names, strict=True):
        label.set_color("0.6" if name[2] else "0.1")
    ax.set(ylim=(len(names) - 0.5, -0.5), xlabel=f"{KIND_NAMES[kinds[0]]}, % of studies")
    ax.grid(axis="y", visible=False)
    return ax
