"""Every person before and after: a line per person from one method to another."""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from perso.analysis import accuracy
from perso.parts import PARTS
from perso.report.looks import WIDTH, as_written, part_label
from perso.report.picture import Picture

FEWEST_MARKED, MOST_MARKED = 2, 10  # people with the lowest changes


class Look(NamedTuple):
    """How the lines of some people are drawn."""

    label: str
    hue: str
    width: float
    alpha: float


OTHERS = Look("all others", "0.55", 0.6, 0.5)
LOWEST = Look("the {} lowest changes", "#d55e00", 1.3, 0.9)
MEAN = Look("mean over people", "black", 2.4, 1.0)


def slopes(rows: pd.DataFrame, method: str, base: str) -> Picture:
    """Accuracy of every person on D_I and on D_G, with a base and with a method: a line per person.

    On each part the people with the lowest changes are marked: a tenth of all, 2 to 10 of them.

    rows   of trained models, with both methods
    """
    people = accuracy.by_part(rows)
    marked = min(max(FEWEST_MARKED, rows["person"].nunique() // 10), MOST_MARKED)
    fig, axes = plt.subplots(1, len(PARTS), figsize=(WIDTH, 4.2), layout="constrained")
    texts = []
    for ax, part in zip(axes, PARTS, strict=True):
        pairs = 100 * people[part][[base, method]].dropna()
        lowest = lowest_changes(pairs, marked)
        draw_slopes(ax, pairs, lowest)
        ax.set_title(part_label(part))
        texts.append(f"{part}: {slopes_text(pairs, lowest)}")
    axes[0].set_ylabel("accuracy (%)")
    count = min(marked, len(pairs))
    looks = [OTHERS, LOWEST._replace(label=LOWEST.label.format(count)), MEAN]
    handles = [Line2D([], [], color=look.hue, lw=look.width, label=look.label) for look in looks]
    fig.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    text = f"Every person's accuracy in percent with {base} and with {method}."
    return Picture(fig, f"{text} {' '.join(texts)}")


def lowest_changes(pairs: pd.DataFrame, count: int) -> pd.Series:
    """The lowest changes in points by person, the lowest first.

    pairs   accuracies before and after, a line per person
    """
    changes = pairs.iloc[:, 1] - pairs.iloc[:, 0]
    return changes.sort_values(kind="stable").head(count)


def draw_slopes(ax: Axes, pairs: pd.DataFrame, lowest: pd.Series) -> None:
    """Draw one part of `slopes`: first all others, then the lowest, then the mean."""
    draw_lines(ax, pairs.drop(index=lowest.index), OTHERS)
    draw_lines(ax, pairs.loc[lowest.index], LOWEST)
    draw_lines(ax, pairs.mean().to_frame().T, MEAN)
    ax.set_xticks([0, 1], [as_written(name) for name in pairs.columns])
    ax.set_xlim(-0.15, 1.15)
    ax.grid(axis="x", visible=False)


def draw_lines(ax: Axes, pairs: pd.DataFrame, look: Look) -> None:
    """Draw a line from before to after for each person, as one path: nan is a gap."""
    values = np.column_stack([pairs.to_numpy(float), np.full(len(pairs), np.nan)])
    ax.plot(
        np.tile([0, 1, np.nan], len(pairs)),
        values.ravel(),
        "-",
        color=look.hue,
        lw=look.width,
        alpha=look.alpha,
        label=look.label,
    )


def slopes_text(pairs: pd.DataFrame, lowest: pd.Series) -> str:
    """The mean change, who loses, and the lowest changes, as a sentence."""
    changes = pairs.iloc[:, 1] - pairs.iloc[:, 0]
    losing = f"{(changes < 0).sum()} of {len(changes)} people lose"
    ends = f"the {len(lowest)} lowest changes are {lowest.min():+.1f} to {lowest.max():+.1f}"
    return f"mean {changes.mean():+.1f} points, {losing}, {ends}."
