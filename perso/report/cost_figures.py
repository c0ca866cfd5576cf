"""Figures of speed, cost and calibration (chapters 13, 16 and 17)."""

from collections.abc import Mapping

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from perso.report.calibration import (
    ALONE,
    ALONE_INTERVAL,
    KIND_NAMES,
    RULE,
    RULES_INTERVAL,
    calibration_answer,
    entries,
    split_record,
)
from perso.report.looks import WIDTH, colours, label_lines, legend_below
from perso.report.picture import Picture, extremes_text, parts_text


def ways(tables: Mapping[str, pd.DataFrame]) -> Picture:
    """Milliseconds of every way to train, with a bar down to the machine's limit.

    The limit is the time at the full rate of a matrix product or of a copy, whichever is longer.

    tables   of `speed.speed_table` by size
    """
    heights = [len(table) for table in tables.values()]
    fig, axes = plt.subplots(
        len(tables),
        1,
        figsize=(WIDTH, sum(0.7 + 0.22 * height for height in heights)),
        squeeze=False,
        height_ratios=heights,
        layout="constrained",
    )
    for ax, (size, table) in zip(axes[:, 0], tables.items(), strict=True):
        draw_ways(ax, table).set_title(size, loc="left")
    legend_below(fig, axes[0, 0])
    times = {size: table["ms"] for size, table in tables.items()}
    text = parts_text(times, ".3g")
    return Picture(fig, f"Milliseconds per iteration and model of each way to train. {text}")


def draw_ways(ax: Axes, table: pd.DataFrame) -> Axes:
    """Draw `ways` of one size."""
    limit = table["ms"] * table[["% of matrix product", "% of copy"]].max(axis=1) / 100
    y = range(len(table))
    blue = sns.color_palette("colorblind")[0]
    ax.hlines(y, limit, table["ms"], color="0.8", lw=5)
    ax.scatter(limit, y, marker="|", s=150, color="0.1", label="at the full rate")
    ax.scatter(table["ms"], y, s=50, color=blue, label="measured", zorder=3)
    label_lines(ax, table.index)
    ax.set(xscale="log", xlabel="ms per iteration and model")
    ax.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    return ax


def bars(table: pd.DataFrame) -> Picture:
    """Iterations of a person's training: own in the method's colour, shared ones behind them.

    What is shared is drawn twice: one person's part of it hatched, all of it dotted.

    table   of `cost.training_cost`
    """
    height = 1 + 0.22 * len(table)
    fig, ax = plt.subplots(figsize=(WIDTH, height), layout="constrained")
    draw_bars(ax, table)
    legend_below(fig, ax)
    text = f"a person's own: {extremes_text(table['own'], ',.0f')}"
    base = f"{table.attrs['base']} {table.attrs['whole']:,.0f}"
    return Picture(fig, f"Iterations of training per method, {text}; {base}.")


def draw_bars(ax: Axes, table: pd.DataFrame) -> Axes:
    """Draw `bars` into an Axes."""
    shade = colours(table.index)
    people = table.attrs["people"]
    y = np.arange(len(table))
    ax.barh(y, table["own"], color=[shade[name] for name in table.index])
    has_shared = table["shared"] > 0
    shared, own = table.loc[has_shared, "shared"], table.loc[has_shared, "own"]
    look = {"left": own, "ec": "0.4", "fc": "none"}
    one_part = f"shared, one part of {people:g}"
    ax.barh(y[has_shared], shared / people, hatch="////", label=one_part, **look)
    ax.barh(y[has_shared], shared, ls=":", label="shared, all parts", **look)
    ax.axvline(table.attrs["whole"], color="0.2", lw=1, label=table.attrs["base"])
    ax.grid(axis="y", visible=False)
    label_lines(ax, table.index)
    ax.set(xlabel="iterations")
    return ax


def bands(ax: Axes, record: dict, kinds: tuple[str, ...]) -> Axes:
    """Shares of studies with their intervals, against the wanted bands.

    A line per test and kind of study, a marker per number of people; names of contrasts are grey.

    record   of `records.calibration`
    kinds    of its entries: the kinds to draw
    """
    found = entries(record)
    found = found[found["kind"].isin(kinds)].copy()
    found["name"] = list(zip(found["what"], found["scenario"], found["contrast"], strict=True))
    names = list(found["name"].unique())
    for (people, group), marker, shift in zip(
        found.groupby("people"), "osD^", (-0.24, -0.08, 0.08, 0.24), strict=False
    ):
        y = [names.index(name) + shift for name in group["name"]]
        ax.hlines(y, 100 * group["low"], 100 * group["high"], color="0.4", lw=1)
        ax.plot(
            100 * group["share"],
            y,
            marker,
            ms=4.5,
            mfc="0.25" if marker in "oD" else "white",
            mec="0.25",
            ls="",
            clip_on=False,
            label=f"{people} people",
        )
    first = found.drop_duplicates("name")
    wanted = dict(zip(first["name"], first["wanted"], strict=True))
    for place, name in enumerate(names):
        low, high = wanted[name]
        ax.barh(place, 100 * (high - low), left=100 * low, height=0.9, color="#cfe3d4", zorder=0)
    label_lines(ax, [f"{what}\n{scenario}" for what, scenario, _ in names])
    for label, (_, _, contrast) in zip(ax.get_yticklabels(), names, strict=True):
        label.set(color="0.35" if contrast else "0.1", fontsize=8)
    ax.set(xlabel=f"{KIND_NAMES[kinds[0]]}, % of studies")
    ax.grid(axis="y", visible=False)
    return ax


def means_figure(record: dict) -> Picture:
    """The rule for means over people beside what ignores the cohort, a line per kind of studies.

    Above are rejections of a true null hypothesis, below intervals that contain the true value.
    """
    found = entries(record)
    pairs = {"rejects": (RULE, ALONE), "covers": (RULES_INTERVAL, ALONE_INTERVAL)}
    lines = {
        kind: found[found["kind"].eq(kind) & found["what"].isin(pairs[kind])] for kind in pairs
    }
    heights = [lines[kind]["scenario"].nunique() for kind in pairs]
    fig, axes = plt.subplots(
        2,
        1,
        figsize=(WIDTH, 1.6 + 0.27 * sum(heights)),
        height_ratios=heights,
        layout="constrained",
    )
    texts = []
    for ax, (kind, pair) in zip(axes, pairs.items(), strict=True):
        draw_pair(ax, lines[kind], pair)
        ax.set(xlabel=f"{KIND_NAMES[kind]}, % of studies")
        shares = 100 * lines[kind].groupby("what")["share"].agg(["min", "max"])
        texts += [
            f"{what}: {line['min']:.1f} to {line['max']:.1f} %" for what, line in shares.iterrows()
        ]
    legend_below(fig, axes[0])
    return Picture(fig, f"Shares of simulated studies. {'; '.join(texts)}.")


def draw_pair(ax: Axes, found: pd.DataFrame, pair: tuple[str, str]) -> Axes:
    """Shares of two tests with their intervals against the bands, a line per kind of studies.

    found   of `calibration.entries`
    pair    names of the tests: the rule, and what ignores what people share
    """
    scenarios = list(found["scenario"].unique())
    bands_of = found.drop_duplicates("scenario").set_index("scenario")["wanted"]
    for place, scenario in enumerate(scenarios):
        low, high = bands_of[scenario]
        ax.barh(place, 100 * (high - low), left=100 * low, height=1, color="#cfe3d4", zorder=0)
    looks = zip(
        pair, ("#0072b2", "#d55e00"), "oX", ("our rule", "people taken as independent"), strict=True
    )
    for what, colour, marker, label in looks:
        of_test = found[found["what"] == what]
        y = [scenarios.index(scenario) for scenario in of_test["scenario"]]
        ax.hlines(y, 100 * of_test["low"], 100 * of_test["high"], color=colour, lw=1)
        ax.plot(100 * of_test["share"], y, marker, color=colour, ms=6, mec="white", label=label)
    label_lines(ax, scenarios)
    ax.grid(axis="y", visible=False)
    return ax


def calibration_figure(record: dict) -> Picture:
    """`bands` of rejections above, and of intervals below, without means over people of cohorts."""
    others, _ = split_record(record)
    panels = ("rejects", "at most"), ("covers",)
    heights = [
        len({(e["what"], e["scenario"]) for e in others["entries"] if e["kind"] in kinds})
        for kinds in panels
    ]
    size = WIDTH, 1.5 + 0.32 * sum(heights)
    fig, axes = plt.subplots(2, 1, figsize=size, height_ratios=heights, layout="constrained")
    for ax, kinds in zip(axes, panels, strict=True):
        bands(ax, others, kinds)
    legend_below(fig, axes[0])
    text = "Shares of simulated studies that reject a true null hypothesis or contain a true value."
    return Picture(fig, f"{text} {calibration_answer(others)}")
