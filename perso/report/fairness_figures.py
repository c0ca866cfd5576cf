"""Figures of differences between people (chapter 14)."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from perso.analysis import accuracy
from perso.methods.method import BASELINE
from perso.parts import PARTS
from perso.report.looks import WIDTH, colours, label_lines, legend_below
from perso.report.picture import Picture, parts_text


def between_person_figure(tables: dict[str, pd.DataFrame]) -> Picture:
    """SD over people on D_I and on D_G, and without sampling noise: a line per method, in points.

    tables   `fairness.fairness_table` by part, with the between-person SD by digits
    """
    looks = {
        "sd": ("o", 45),
        "between-person SD (images)": ("D", 22),
        "between-person SD (digits)": ("|", 150),
    }
    given = colours(next(iter(tables.values())).index)
    fig, axes = plt.subplots(1, 2, figsize=(WIDTH, 6.2), sharey=True, layout="constrained")
    for ax, (part, table) in zip(axes, tables.items(), strict=True):
        points, lines = 100 * table[list(looks)], range(len(table))
        shade = [given[name] for name in table.index]
        ax.hlines(lines, points.min(axis=1), points["sd"], colors=shade, lw=1)
        for column, (marker, size) in looks.items():
            ax.scatter(points[column], lines, size, shade, marker=marker, label=column)
        ax.grid(axis="y", color="0.94")
        left = -points["sd"].max() / 25  # room for a mark at 0
        ax.set(xlabel=f"{PARTS[part].label} (pp)", xlim=(left, None))
    label_lines(axes[0], table.index)
    legend_below(fig, axes[1])
    sds = {part: 100 * table["sd"] for part, table in tables.items()}
    text = "Standard deviation over people of each method's accuracy in points."
    return Picture(fig, f"{text} {parts_text(sds, '.1f')}")


def sorted_changes_figure(rows: pd.DataFrame, methods: Sequence[str]) -> Picture:
    """Every person's change on D_I and on D_G in points, each method sorted from its lowest."""
    given = colours(methods)
    texts = []
    fig, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.2), layout="constrained")
    for ax, (part, people) in zip(axes, accuracy.by_part(rows).items(), strict=True):
        ax.axhline(0, color="0.7", lw=1)
        for name in methods:
            changes = 100 * np.sort((people[name] - people[BASELINE]).dropna())
            places = range(1, len(changes) + 1)
            ax.plot(places, changes, "o-", lw=1, ms=4, color=given[name], label=name)
            texts.append(f"{part}, {name}: {changes_range(changes)}.")
        ax.set(
            xlabel="people, the lowest change first", ylabel=f"change on {PARTS[part].label} (pp)"
        )
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[0].legend()
    return Picture(fig, f"Every person's change of accuracy in points. {' '.join(texts)}")


def changes_range(changes: np.ndarray) -> str:
    """The ends of people's changes in points, and how many people lose."""
    if not len(changes):
        return "no people"
    losing = f"{(changes < 0).sum()} of {len(changes)} people lose"
    return f"{changes.min():+.1f} to {changes.max():+.1f}, {losing}"
