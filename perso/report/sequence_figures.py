"""Figures of sequences, of how they are divided, and of drift between contexts (chapter 21)."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from perso.analysis.drift import LEVEL, in_available
from perso.data.dataset import StudyData
from perso.data.splits import Person
from perso.data.watch import BLOCK, EVERY, WINDOW
from perso.report.looks import WIDTH, label_lines, legend_below
from perso.report.picture import Picture

RATE = 50 / EVERY  # steps of a window per second
ARMS = {1: "right arm", 0: "left arm"}  # by the attribute side
# the classes of the data set watch; seglearn's names are PEN, ABD, FEL, IR, ER, TRAP, ROW
EXERCISES = (
    "pendulum",
    "abduction",
    "forward elevation",
    "internal rotation",
    "external rotation",
    "trapezius extension",
    "upright row",
)
ACCELERATIONS = slice(0, 3)  # channels; the other three are angular rates


# --- pens


def trajectory_axes(ax: Axes, trajectory: np.ndarray, title: str) -> Axes:
    """Draw one trajectory: thick where the pen is down, thin and dotted in the air.

    trajectory   float [T, 3]: x, y, pen; a ring is its first point
    """
    points = trajectory[:, :2]
    segments = np.stack([points[:-1], points[1:]], axis=1)
    down = (trajectory[:-1, 2] > 0) & (trajectory[1:, 2] > 0)
    ax.add_collection(LineCollection(segments[down], colors="0.15", linewidths=2.2))
    ax.add_collection(
        LineCollection(segments[~down], colors="C3", linewidths=0.9, linestyles="dotted")
    )
    ax.plot(*points[0], "o", mfc="none", mec="C0", ms=6)
    ax.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal", xticks=[-1, 1], yticks=[-1, 1])
    ax.set_title(title)
    ax.grid(False)
    return ax


def trajectories_figure(lines: Sequence[Sequence[tuple[np.ndarray, str]]], alt: str) -> Picture:
    """Draw a sheet of trajectories.

    lines   of pairs (trajectory, title)
    """
    width = 1.15 * max(map(len, lines)) + 0.5
    fig = sheet(lines, trajectory_axes, (width, 1.4 * len(lines) + 0.3), sharey=True)
    fig.supxlabel("x (1 is half of the larger side)")
    fig.supylabel("y (the same unit)")
    return Picture(fig, alt)


def sheet(
    lines: Sequence[Sequence[tuple[np.ndarray, str]]],
    draw: Callable[[Axes, np.ndarray, str], object],
    size: tuple[float, float],
    sharey: bool = False,
) -> Figure:
    """Draw sequences side by side and below each other; a short line leaves its end empty.

    lines    of pairs (sequence, title)
    draw     draws a sequence with its title into an Axes
    size     of the figure, inches
    sharey   whether all have one y axis
    """
    fig, axes = plt.subplots(
        len(lines),
        max(map(len, lines)),
        figsize=size,
        sharex=True,
        sharey=sharey,
        squeeze=False,
        layout="constrained",
    )
    for row, line in zip(axes, lines, strict=True):
        for ax in row[len(line) :]:
            ax.set_axis_off()
        for ax, (sequence, title) in zip(row, line, strict=False):
            draw(ax, sequence, title)
    return fig


def places_of(data: StudyData, person: Person, label: int, available: int) -> np.ndarray:
    """Return the person's samples of a class in one context, in the order of the data, int [n].

    available   1 for the context of D_I, 0 for the others
    """
    source = data.source
    wanted = (source.who == person) & (source.labels == label) & (in_available(data) == available)
    return np.flatnonzero(wanted)


def writers_figure(data: StudyData, people: Sequence[Person], label: int) -> Picture:
    """Draw the first digit of a class by each writer."""
    line = [
        (data.inputs[places_of(data, person, label, 1)[0]], f"writer {person}") for person in people
    ]
    writers = ", ".join(map(str, people))
    return trajectories_figure([line], f"The pen's path of a digit {label} by writers {writers}.")


def two_contexts_figure(
    data: StudyData, person: Person, label: int, names: tuple[str, str], count: int = 4
) -> Picture:
    """Draw a writer's digits of a class, a line per context.

    names   of D_I's context and of the other
    """
    lines = []
    for available, name in zip((1, 0), names, strict=True):
        places = places_of(data, person, label, available)[:count]
        lines.append([(data.inputs[place], name) for place in places])
    text = f"Digits {label} by writer {person}: {len(lines[0])} {names[0]} ones above"
    return trajectories_figure(lines, f"{text}, {len(lines[1])} {names[1]} ones below.")


def flips_figure(data: StudyData, person: Person, label: int) -> Picture:
    """Draw a writer's first digit of a class and its two flips, which are other classes."""
    place = places_of(data, person, label, 1)[0]
    same_item = np.flatnonzero(data.sample == place)
    names = ("as written", "mirrored", "upside down")
    line = [
        (data.inputs[each], f"{data.labels[each]}, {name}")
        for each, name in zip(same_item, names, strict=False)
    ]
    titles = "; ".join(title for _, title in line)
    text = f"One digit of writer {person} three times, each with its class: {titles}."
    return trajectories_figure([line], text)


# --- watch


def recordings_figure(data: StudyData, person: Person, exercise: int) -> Picture:
    """Draw the acceleration in an exercise by each arm: the first item, BLOCK windows."""
    fig, axes = plt.subplots(
        1, len(ARMS), figsize=(WIDTH, 2.4), sharex=True, sharey=True, layout="constrained"
    )
    source = data.source
    for ax, (side, arm) in zip(axes, ARMS.items(), strict=True):
        own = (source.who == person) & (source.labels == exercise)
        own &= source.attributes["side"] == side
        windows = data.inputs[np.flatnonzero(own)[:BLOCK]]
        values = windows.reshape(-1, windows.shape[2])
        time = np.arange(len(values)) / RATE
        for line, axis in zip(values[:, ACCELERATIONS].T, "xyz", strict=True):
            ax.plot(time, line, lw=1, label=axis)
        for end in range(1, len(windows)):
            ax.axvline(end * WINDOW / EVERY / RATE, color="0.3", lw=1, ls="--")
        ax.grid(False)
        ax.set(xlabel="time (s)")
        ax.set_title(f"{EXERCISES[exercise]}, {arm}")
    axes[0].set_ylabel("acceleration (g)")
    legend_below(fig, axes[-1])
    lowest, highest = axes[0].dataLim.intervaly
    text = f"Acceleration of person {person} in {EXERCISES[exercise]} over {time[-1]:.0f} seconds"
    return Picture(fig, f"{text}, by each arm: from {lowest:.1f} to {highest:.1f} g.")


def division_figure(data: StudyData, person: Person) -> Picture:
    """Draw which windows of a person are trained on: a line per recording, a cell per window."""
    recordings = data.source.attributes["recording"][data.source.who == person]
    height = 1 + 0.22 * len(np.unique(recordings))
    fig, ax = plt.subplots(figsize=(WIDTH, height), layout="constrained")
    draw_division(ax, data, person)
    parts = (data.splits.train, data.splits.test, data.splits.elsewhere)
    train, test, others = (len(part[person]) for part in parts)
    text = f"Windows of person {person}: {train} to train on and {test} to test on in D_I"
    return Picture(fig, f"{text}, {others} in D_U.")


def draw_division(ax: Axes, data: StudyData, person: Person) -> Axes:
    """Draw `division_figure` into an Axes."""
    source = data.source
    names = ("$D_I$, training", "$D_I$, test", "$D_U$")
    parts = (data.splits.train, data.splits.test, data.splits.elsewhere)
    part_of = np.full(len(source.who), -1)
    for number, part in enumerate(parts):
        part_of[part[person]] = number
    own = np.flatnonzero(source.who == person)
    order = own[np.lexsort((source.labels[own], 1 - source.attributes["side"][own]))]
    recordings = list(dict.fromkeys(source.attributes["recording"][order].tolist()))
    members = [order[source.attributes["recording"][order] == each] for each in recordings]
    table = np.full((len(members), max(map(len, members))), np.nan)
    for line, windows in zip(table, members, strict=True):
        line[: len(windows)] = part_of[windows]
    shades = [*sns.color_palette("colorblind")[:2], (0.8, 0.8, 0.8)]
    ax.pcolormesh(
        table, cmap=ListedColormap(shades), vmin=0, vmax=2, edgecolors="white", linewidth=1
    )
    for end in range(BLOCK, table.shape[1], BLOCK):
        ax.axvline(end, color="0.2", lw=1)
    titles = [
        f"{EXERCISES[source.labels[windows[0]]]}, {ARMS[source.attributes['side'][windows[0]]]}"
        for windows in members
    ]
    ax.set_yticks(np.arange(len(members)) + 0.5, titles)
    ax.invert_yaxis()
    ax.grid(False)
    ax.set(xlabel="window of the recording, in order of time", xticks=range(0, table.shape[1], 4))
    ax.legend(
        handles=[Patch(color=shade, label=name) for shade, name in zip(shades, names, strict=True)],
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
    )
    return ax


# --- drift


def drift_figure(tables: Mapping[str, pd.DataFrame]) -> Picture:
    """Draw the variance within classes that contexts explain: a dot per person, a line per table.

    A dot is filled where the contexts differ at LEVEL. Beneath it is the 95 % quantile of permuted
    contexts.

    tables   of `drift.drift_table`
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.8 * len(tables)), layout="constrained")
    draw_drift(ax, tables)
    legend_below(fig, ax)
    texts = []
    for name, table in tables.items():
        known = table.dropna()
        differing = f"contexts of {(known['p'] < LEVEL).sum()} of {len(known)} people differ"
        shares = f"{known['share'].min():.1%} to {known['share'].max():.1%} of the variance"
        texts.append(f"{name}: {differing}, which explain {shares}.")
    return Picture(fig, f"Whether people's contexts differ. {' '.join(texts)}")


def draw_drift(ax: Axes, tables: Mapping[str, pd.DataFrame]) -> Axes:
    """Draw `drift_figure` into an Axes."""
    shades = sns.color_palette("colorblind")
    for place, table in enumerate(tables.values()):
        known = table.sort_values("share").dropna()
        shifts = np.linspace(-0.22, 0.08, len(known))
        differs = (known["p"] < LEVEL).to_numpy()
        colours = [shades[0] if each else "white" for each in differs]
        ax.scatter(
            100 * known["share"], place + shifts, s=26, c=colours, edgecolors=[shades[0]], zorder=3
        )
        ax.scatter(
            100 * known["quantile"],
            np.full(len(known), place + 0.28),
            s=50,
            marker="|",
            color="0.45",
        )
    ax.scatter([], [], s=26, color=shades[0], label=f"a person, p < {LEVEL:g}")
    ax.scatter([], [], s=26, color="white", edgecolors=[shades[0]], label="a person, p above")
    ax.scatter([], [], s=50, marker="|", color="0.45", label="95 % quantile of\npermuted contexts")
    label_lines(ax, list(tables))
    ax.set(xscale="log", xlabel="variance within classes that the context explains (%)")
    ax.xaxis.set_major_formatter("{x:g}")
    return ax
