"""The figures of a person's other contexts (chapter 23).

tables   {Bed: `context_text.bed_table` of its run}
"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from perso.data.dataset import StudyData
from perso.report.context_text import Bed
from perso.report.front_figures import axes_of_changes, draw_mark, family_legend
from perso.report.labels import label_points
from perso.report.looks import HUES, WIDTH, label_lines
from perso.report.picture import Picture, parts_text
from perso.report.sequence_figures import ACCELERATIONS, ARMS, EXERCISES, RATE
from perso.report.typesetting import typeset_numbers

# what is drawn, and how it is labelled, the most important first
LABELS = {
    "CRoP": "CRoP",
    "CRoP, random mask": "CRoP, random mask",
    "TL-n-300 (1e-3)": "TL 1e-3",
    "TL-n-300 (1e-4)": "TL 1e-4",
    "WiSE-FT 0.5, 300 iterations": "WiSE-FT 0.5",
    "replay, 300 iterations": "replay",
    "prune and mix": "prune and mix",
    "mix, random mask": "mix, random mask",
    "prune only": "prune only",
    "L2-SP 1, 300 iterations": "L2-SP 1",
    "WiSE-FT 0.3, 300 iterations": "WiSE-FT 0.3",
    "head only, 300 iterations": "head only",
    "TL with l1": "TL with l1",
    "TL-n-300 (3e-4)": "TL 3e-4",
    "L2-SP 0.1, 300 iterations": "L2-SP 0.1",
}
# in the picture of the answer
MAIN = ("TL-n-300 (1e-3)", "WiSE-FT 0.5, 300 iterations", "CRoP", "CRoP, random mask")
SAMPLED_CLASSES = 3  # whose samples are drawn
# hue, filling and place beside the line's middle, by part
CONTEXT_LOOKS = {"D_I": ("#0072b2", "#0072b2", -0.13), "D_U": ("#d55e00", "white", 0.13)}
LEGEND = {
    "D_I": "the context that is trained on, $D_I$",
    "D_U": "the person's other context, $D_U$",
}
CHANNELS = ("channel 1", "channel 2", "channel 3")
GENERIC_NETWORK = "generic network"
FAR = ("prune only",)  # it does not widen the axes
ROOM = 0.08  # around the marks and intervals, a share of their extent


def both_contexts_figure(tables: Mapping[Bed, pd.DataFrame]) -> Picture:
    """Changes on D_I and on D_U with 95 % intervals: a line per method, a panel per bed."""
    there = [name for name in MAIN if any(name in table.index for table in tables.values())]
    height = 1.3 + 0.5 * len(there)
    fig, axes = plt.subplots(
        1, len(tables), figsize=(WIDTH, height), sharey=True, squeeze=False, layout="constrained"
    )
    for ax, (bed, table) in zip(axes[0], tables.items(), strict=True):
        ax.axvline(0, color="0.5", lw=1)
        for part, (hue, face, shift) in CONTEXT_LOOKS.items():
            lines = table.reindex(there)[part].astype(float)
            places = np.arange(len(there)) + shift
            ax.hlines(places, 100 * lines["low"], 100 * lines["high"], color=hue, lw=1.5)
            ax.plot(100 * lines["change"], places, "o", color=hue, mfc=face, ms=7, zorder=3)
        ax.grid(axis="y", color="0.94")
        ax.set(xlabel="change (pp)")
        ax.set_title(bed.name)
    label_lines(axes[0, 0], [LABELS[name] for name in there])
    handles = [
        plt.Line2D([], [], marker="o", ls="", color=hue, mfc=face, ms=7, label=LEGEND[part])
        for part, (hue, face, _) in CONTEXT_LOOKS.items()
    ]
    fig.legend(handles=handles, loc="outside upper center", ncols=2)
    return Picture(fig, places_text(tables, ("D_I", "D_U"), there))


def contexts_figure(tables: Mapping[Bed, pd.DataFrame]) -> Picture:
    """Change on D_I against change on D_U with 95 % intervals, a panel per bed."""
    drawn = pd.concat([table["", "family"] for table in tables.values()])
    families = [family for name, family in drawn.items() if name in LABELS]
    fig, axes = plt.subplots(
        len(tables),
        1,
        figsize=(WIDTH, 4.6 * len(tables)),
        squeeze=False,
        layout="constrained",
    )
    for ax, (bed, table) in zip(axes[:, 0], tables.items(), strict=True):
        places_figure(ax, table, "D_I", "D_U", list(LABELS))
        ax.set_title(f"{bed.name}: $D_I$ is {bed.seen}, $D_U$ is {bed.other}")
    family_legend(fig, families)
    return Picture(fig, places_text(tables, ("D_I", "D_U"), list(LABELS)))


def places_text(
    tables: Mapping[Bed, pd.DataFrame], parts: tuple[str, str], names: list[str]
) -> str:
    """The extremes of methods on two parts, by bed."""
    changes = {
        f"{bed.name}, {part}": 100 * table.loc[table.index.isin(names), (part, "change")]
        for bed, table in tables.items()
        for part in parts
    }
    return f"Change of accuracy against the generic network in points. {parts_text(changes)}"


def others_figure(tables: Mapping[Bed, pd.DataFrame]) -> Picture:
    """Change on D_G against change on D_U, a small panel per bed."""
    names = list(LABELS)[:6]
    fig, axes = plt.subplots(
        1, len(tables), figsize=(WIDTH, 3), squeeze=False, layout="constrained"
    )
    for ax, (bed, table) in zip(axes[0], tables.items(), strict=True):
        places_figure(ax, table, "D_G", "D_U", names)
        ax.set_title(bed.name)
        ax.set(xlabel="change on $D_G$ (pp)", ylabel="")  # the symbols alone: panels are narrow
    axes[0, 0].set_ylabel("change on $D_U$ (pp)")
    return Picture(fig, places_text(tables, ("D_G", "D_U"), names))


def places_figure(ax: Axes, table: pd.DataFrame, x: str, y: str, names: list[str]) -> Axes:
    """Changes on two parts against the generic network in percentage points, with labels.

    names   of the methods that are drawn, those of LABELS
    A method of FAR that is outside of the others' axes is an arrow at the edge with its numbers.
    """
    drawn = table.loc[[name for name in names if name in table.index]]
    near = drawn.drop(index=list(FAR), errors="ignore")
    axes_of_changes(ax, x, y)
    ax.set(xlim=limits(near[x]), ylim=limits(near[y]))
    points = {GENERIC_NETWORK: (0.0, 0.0)}
    ax.plot(0, 0, "s", color="0.2", ms=8, mec="white", mew=0.6, zorder=3)
    texts = {GENERIC_NETWORK: GENERIC_NETWORK}
    for name, line in drawn[::-1].iterrows():  # the most important on top
        on_x, on_y = (100 * line[part].astype(float) for part in (x, y))
        family = line["", "family"]
        place = (on_x["change"], on_y["change"])
        texts[name] = LABELS[name]
        points[name] = within(ax, place)
        if points[name] != place:
            texts[name] = f"{LABELS[name]}: {typeset_numbers(f'{place[0]:+.1f}, {place[1]:+.1f}')}"
            point_outwards(ax, points[name], place, HUES[family])
            continue
        look = {"color": HUES[family], "lw": 0.8, "alpha": 0.35, "zorder": 1}
        ax.plot([on_x["low"], on_x["high"]], [place[1]] * 2, scaley=False, scalex=False, **look)
        ax.plot([place[0]] * 2, [on_y["low"], on_y["high"]], scaley=False, scalex=False, **look)
        draw_mark(ax, family, *place)
    order = [GENERIC_NETWORK, *drawn.index]
    label_points(ax, points, {name: texts[name] for name in order})
    return ax


def limits(changes: pd.DataFrame) -> tuple[float, float]:
    """The ends of an axis that holds 0 and all intervals, in percentage points."""
    values = 100 * changes[["change", "low", "high"]].to_numpy(float)
    low = min(0.0, np.nanmin(values, initial=0.0))
    high = max(0.0, np.nanmax(values, initial=1.0))
    room = ROOM * (high - low)
    return low - room, high + room


def within(ax: Axes, place: tuple[float, float]) -> tuple[float, float]:
    """The place itself, or the nearest one inside of the axes, a little off their edge."""
    found = []
    for value, (low, high) in zip(place, (ax.get_xlim(), ax.get_ylim()), strict=True):
        edge = 0.04 * (high - low)
        inside = low < value < high
        found.append(value if inside else float(np.clip(value, low + edge, high - edge)))
    return found[0], found[1]


def point_outwards(
    ax: Axes, start: tuple[float, float], place: tuple[float, float], hue: object
) -> None:
    """An arrow from a place inside of the axes towards one outside."""
    direction = np.sign(np.subtract(place, start))
    spans = np.array([np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())])
    end = np.array(start) + 0.035 * spans * direction
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": hue, "lw": 1.6})


def context_samples_figure(data: StudyData) -> Picture:
    """One person's first sample of the first classes in every context: a line per context.

    Sequences are drawn over time, their first three channels; images as they are. What the classes,
    contexts and channels of the data set watch are is written beside them.
    """
    person = data.source.people[0]
    own = data.source.who == person
    contexts = data.source.attributes["context"]
    available = data.settings.available
    numbers = [available, *np.setdiff1d(contexts[own], [available])]
    of_watch = data.settings.dataset == "watch"
    fig, axes = plt.subplots(
        len(numbers),
        SAMPLED_CLASSES,
        figsize=(6.5, 1.1 * len(numbers) + 0.3),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for line, number in zip(axes, numbers, strict=True):
        for label, ax in enumerate(line):
            found = np.flatnonzero(own & (contexts == number) & (data.source.labels == label))
            if len(found) and data.kind == "images":
                ax.imshow(data.inputs[found[0]], cmap="gray_r")
            elif len(found):
                values = data.inputs[found[0]][:, ACCELERATIONS]
                time = np.arange(len(values)) / (RATE if of_watch else 1)
                lines = ax.plot(time, values, lw=1)
            ax.grid(color="0.93")
        name = "$D_I$" if number == available else "$D_U$"
        if of_watch:
            name = f"{ARMS[number]}\n({name})"
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    titles = data.source.class_names or [f"class {label}" for label in range(SAMPLED_CLASSES)]
    titles = EXERCISES if of_watch else titles
    for title, ax in zip(titles, axes[0], strict=False):
        ax.set_title(title)
    if data.kind != "images":
        for ax in axes[-1]:
            ax.set_xlabel("time (s)" if of_watch else "step")
        channels = [f"{axis} axis" for axis in "xyz"] if of_watch else CHANNELS
        title = "acceleration (g)" if of_watch else None
        fig.legend(lines, channels, title=title, loc="outside right center")
    text = f"A sample of each of {SAMPLED_CLASSES} classes by person {person}: the context of D_I"
    return Picture(fig, f"{text} in the first line, {len(numbers) - 1} of D_U below.")
