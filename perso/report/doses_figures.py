"""Figures of doses of own data: their harm, learning curves, several lengths (chapter 9)."""

import textwrap
from collections.abc import Mapping
from itertools import cycle
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from perso.analysis.doses import FEW_PEOPLE
from perso.parts import PARTS
from perso.report.looks import (
    BEYOND_HUES,
    PAPER_MARKER,
    WIDTH,
    as_written,
    dark_enough,
    interval_errors,
    legend_below,
    part_label,
    plain_ticks,
    with_symbols,
)
from perso.report.picture import Picture, parts_text

LEGEND_LETTERS = 48  # of a line
PAPER_SHADES = {"v3": "0.1", "v1": "0.55"}
# of runs and lengths, in their order; more hues than markers, so that pairs do not come again soon
STUDY_HUES = [dark_enough(hue) for hue in (*sns.color_palette("colorblind", 5), *BEYOND_HUES)]
STUDY_MARKERS = ("o", "s", "^", "v", "P", "p", "<", ">")  # not those of the papers


class StudyLook(NamedTuple):
    """What tells the line of a run and length from the others."""

    hue: tuple[float, float, float]
    marker: str


def dose_harm_figure(tables: Mapping[str, pd.DataFrame]) -> Picture:
    """Harm of own data on D_G in percentage points by dose, with 95 % intervals: a panel per kind.

    tables   of `dose_text.own_or_general`, by kind of people
    """
    fig, axes = plt.subplots(
        1,
        len(tables),
        figsize=(WIDTH if len(tables) > 1 else 0.6 * WIDTH, 3),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for ax, (kind, table) in zip(axes[0], tables.items(), strict=True):
        draw_harm(ax, table)
        ax.set_title(kind, loc="left")
    axes[0, 0].set(ylabel="own − general on $D_G$ (pp)")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    named = {
        kind: (100 * table["change"]).set_axis(
            [f"{line.dose:,} iterations and {line.factor} × epochs" for line in table.itertuples()]
        )
        for kind, table in tables.items()
    }
    text = "A dose of own data minus as many iterations on general data, change on D_G in points."
    return Picture(fig, f"{text} {parts_text(named)}")


def draw_harm(ax: Axes, table: pd.DataFrame) -> None:
    """Draw one panel of `dose_harm_figure`: a line per number of epochs."""
    ax.axhline(0, color="0.7", lw=1)
    for place, (factor, line) in enumerate(table.groupby("factor")):
        values = 100 * line[["change", "low", "high"]]
        ax.errorbar(
            line["dose"] * (1 + 0.08 * place),  # so that bars do not hide each other
            values["change"],
            yerr=interval_errors(values),
            marker="os"[place % 2],
            mfc=None if place == 0 else "white",
            color=sns.color_palette("colorblind")[place],
            ls="-" if place == 0 else ":",
            lw=1.2,
            elinewidth=1,
            label=f"after {factor} × epochs",
        )
    ax.set(xscale="log", xlabel="dose, iterations")
    plain_ticks(ax, sorted(table["dose"].unique()))


def collapse_figure(points: pd.DataFrame, cells: pd.DataFrame) -> Picture:
    """Effects in percentage points against the relative dose: a line per run and length.

    A row per contrast, D_I on the left and D_G on the right. Bars are 95 % intervals of the runs.
    Crosses are printed differences, diamonds and broken bars their predictions. Runs of few people,
    which the fit leaves out, do not widen the picture.

    points   of `doses.dose_points`; lengths of a run that are nearly the same share a line
    cells    of `doses.predicted_cells`
    """
    points = points[points["contrast"].isin(cells["contrast"])]
    points = points.assign(length=points["length"].map(rounded)).sort_values(["length", "run"])
    studies = list(points[["length", "run"]].drop_duplicates().itertuples(index=False, name=None))
    looks = dict(
        zip(studies, map(StudyLook, cycle(STUDY_HUES), cycle(STUDY_MARKERS)), strict=False)
    )
    names = [name for name in cells["contrast"].unique() if name in set(points["contrast"])]
    fig, axes = plt.subplots(
        len(names),
        2,
        figsize=(WIDTH, 1.2 + 2.2 * len(names)),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for line, name in zip(axes, names, strict=True):
        for ax, part in zip(line, PARTS, strict=True):
            of_runs = points[(points["contrast"] == name) & (points["part"] == part)]
            of_papers = cells[(cells["contrast"] == name) & (cells["part"] == part)]
            draw_studies(ax, of_runs, looks)
            draw_cells(ax, of_papers)
            ax.set_ylim(*axis_ends(of_runs, of_papers))
            ax.set_title(with_symbols(f"{name}: {part}"), loc="left")
        line[0].set(ylabel="change (pp)")
    for ax in axes[-1]:
        ax.set(xscale="log", xlabel="iterations on $D_I$, % of those of the epochs")
        ax.xaxis.set_major_formatter("{x:g}")
    handles = {
        label: handle
        for ax in axes.flat
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    labels = [textwrap.fill(label, LEGEND_LETTERS) for label in handles]
    fig.legend(handles.values(), labels, loc="outside lower left", ncols=2)
    drawn = of_many(points[points["contrast"].isin(names)])
    named = drawn.set_axis(
        [
            f"{line.contrast}, {100 * line.relative:.1f} % ({line.run})"
            for line in drawn.itertuples()
        ]
    )
    effects = {part: 100 * named.loc[named["part"] == part, "effect"] for part in PARTS}
    text = "Effects in points by the iterations on D_I in % of those of the epochs."
    return Picture(fig, f"{text} {parts_text(effects)}")


def rounded(length: float) -> float:
    """A length in iterations with two digits: 1,160 and 1,165 are 1,200."""
    return float(f"{length:.1e}")


def of_many(points: pd.DataFrame) -> pd.DataFrame:
    """The points of runs that the fit has; all, where it has none."""
    many = points[points["people"] >= FEW_PEOPLE]
    return points if many.empty else many


def axis_ends(points: pd.DataFrame, cells: pd.DataFrame) -> tuple[float, float]:
    """The ends of an axis in points: intervals of `of_many`, and the papers' effects.

    Intervals of predictions may end outside.
    """
    inside = [of_many(points)[["effect", "low", "high"]], cells[["effect", "printed"]]]
    ends = 100 * np.concatenate([[0.0], *(table.to_numpy(float).ravel() for table in inside)])
    low, high = np.nanmin(ends), np.nanmax(ends)
    room = 0.05 * (high - low)  # for a mark at the edge
    return low - room, high + room


def draw_studies(ax: Axes, points: pd.DataFrame, looks: Mapping[tuple, StudyLook]) -> None:
    """Draw one contrast on one part: a line per run and length.

    looks   by length and run
    """
    ax.axhline(0, color="0.7", lw=1)
    for study, line in points.groupby(["length", "run"], sort=False):
        length, run = study
        line = line.sort_values("relative")
        changes = 100 * line[["effect", "low", "high"]].rename(columns={"effect": "change"})
        ax.errorbar(
            100 * line["relative"],
            changes["change"],
            yerr=interval_errors(changes),
            marker=looks[study].marker,
            ms=5.5,
            mec="white",
            mew=0.5,
            lw=1.2,
            elinewidth=1,
            color=looks[study].hue,
            label=f"{length:,.0f} iterations: {as_written(run)}",
        )


def draw_cells(ax: Axes, cells: pd.DataFrame) -> None:
    """Draw the papers' effects of one contrast on one part, printed and predicted."""
    for paper, of_paper in cells.groupby("paper", sort=False):
        shade = PAPER_SHADES[paper]
        x = 100 * of_paper["relative"]
        printed = 100 * of_paper["printed"]
        if printed.notna().any():
            ax.scatter(
                x, printed, s=60, marker=PAPER_MARKER, c=shade, zorder=4, label=f"{paper}, printed"
            )
    for paper, of_paper in cells.dropna(subset="effect").groupby("paper", sort=False):
        shade = PAPER_SHADES[paper]
        x = 100 * of_paper["relative"]
        ax.vlines(x, 100 * of_paper["low"], 100 * of_paper["high"], colors=shade, ls=":", lw=1)
        ax.plot(
            x,
            100 * of_paper["effect"],
            "D",
            ms=5,
            mfc="white",
            mec=shade,
            label=f"{paper}, predicted from our runs",
        )


def curves_figure(curves: pd.DataFrame, dose: int) -> Picture:
    """Accuracy on D_I and on D_G along the training, a line per method; the dose is shaded.

    curves   of `learning_curve.learning_curves`
    dose     iterations before the switch to D_G
    """
    hues = sns.color_palette("colorblind")
    fig, axes = plt.subplots(1, len(PARTS), figsize=(WIDTH, 3.2), layout="constrained")
    texts = []
    for ax, part in zip(axes, PARTS, strict=True):
        ax.axvspan(0, dose, color="0.93", zorder=0, label=f"the dose: {dose:,} iterations")
        for (name, line), hue in zip(curves.groupby("method", sort=False), hues, strict=False):
            values = 100 * line[part]
            ax.plot(line["iteration"], values, ".-", color=hue, ms=4, lw=1.4, label=name)
            at_switch = values[line["iteration"] == dose].mean()
            ends = f"{at_switch:.0f} % after the dose, {values.iloc[-1]:.0f} % at the end"
            texts.append(f"{part}, {name}: {ends}.")
        ax.set(xlabel="iteration", xlim=(0, curves["iteration"].max()))
        ax.set_title(part_label(part))
    axes[0].set_ylabel("accuracy (%)")
    legend_below(fig, axes[0], ncols=2)
    return Picture(fig, f"Accuracy along the training. {' '.join(texts)}")
