"""The figures of forwarded samples (chapter 24); their tables are of `analysis.enrolment`."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from perso.analysis.enrolment import AMOUNTS, WHOLE, in_order
from perso.data.dataset import StudyData
from perso.parts import D_I
from perso.report.looks import WIDTH, interval_errors, part_label
from perso.report.picture import Picture, parts_text
from perso.report.typesetting import typeset_numbers

# marker, hue, name and place beside its neighbours, by whose samples are forwarded
LOOKS = {
    "own": ("o", "#0072b2", "own samples", -0.12),
    "other": ("X", "#d55e00", "another person's", 0.12),
    "nobody": ("s", "0.2", "no enrolment", 0.0),
}
# marker and hue by what is done with samples
WAYS = {
    "enrolled": ("o", "#0072b2"),
    "prototypes": ("P", "#117733"),
    "fine-tuning (1e-3)": ("v", "#d55e00"),
    "fine-tuning (1e-4)": ("^", "#e69f00"),
    "head only": ("D", "#999933"),
    "Reptile": ("s", "#882255"),
}
LINEAR_TO = 5  # points; beyond, the axis of `ways_figure` is logarithmic
TICKS = (-50, -20, -10, -5, -2, 0, 2, 5, 10)
ORIENTATIONS = ("", "mirrored", "upside down")


def enrolment_figure(data: StudyData, index: np.ndarray) -> Picture:
    """The samples of an enrolment with their classes.

    index   inputs of `data`, int [k]
    """
    columns = min(len(index), 6)
    lines = -(-len(index) // columns)
    size = (1.25 * columns, 1.5 * lines)
    fig, axes = plt.subplots(lines, columns, figsize=size, squeeze=False, layout="constrained")
    for ax in axes.flat:
        ax.axis("off")
    for ax, place in zip(axes.flat, index, strict=False):
        if data.kind == "images":
            ax.imshow(data.inputs[place], cmap="gray_r", vmin=0)
        else:
            ax.plot(data.inputs[place][:, :3], lw=1)
        written = data.source.labels[data.sample[place]]
        turned = ORIENTATIONS[data.orientation[place]]
        ax.set_title(f"{written}\n{turned}")
    labels = data.source.labels[data.sample[index]]
    classes = ", ".join(str(label) for label in labels)
    return Picture(fig, f"{len(index)} samples of one person, of the classes {classes}.")


def arms_figure(arms: pd.DataFrame) -> Picture:
    """What each arm changes on D_I by the number of samples, a panel per arm.

    arms   of `enrolment.arms_table`
    """
    names = list(arms.index.unique("arm"))
    shown = [each for each in AMOUNTS if each in arms.index.unique("amount")]
    fig, axes = plt.subplots(
        1,
        len(names),
        figsize=(WIDTH, 3.4),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for ax, arm in zip(axes[0], names, strict=True):
        margin = 100 * D_I.margin
        ax.axhspan(-margin, margin, color="0.93", zorder=0)
        ax.axhline(0, color="0.7", lw=1, zorder=1)
        for whose, lines in arms.loc[arm].groupby("whose"):
            marker, hue, _, beside = LOOKS[whose]
            places = [shown.index(amount) + beside for amount in lines.index.get_level_values(1)]
            draw_intervals(ax, places, lines, marker, hue)
        ax.set(xticks=range(len(shown)), xticklabels=shown, xlim=(-0.5, len(shown) - 0.5))
        ax.set_title(arm)
        ax.grid(axis="x", visible=False)
    axes[0, 0].set_ylabel(f"change on {part_label('D_I')} (pp)")
    fig.supxlabel("samples that are forwarded")
    handles = [
        plt.Line2D([], [], color=hue, marker=marker, ls="", label=name)
        for marker, hue, name, _ in LOOKS.values()
    ]
    handles.append(plt.Rectangle((0, 0), 1, 1, color="0.9", label="within the margin"))
    fig.legend(handles=handles, loc="outside upper center", ncols=4)
    named = arms["change"].set_axis(
        [f"{arm}, {amount} {whose}" for arm, whose, amount in arms.index]
    )
    text = "Change of accuracy by forwarded samples in points."
    return Picture(fig, f"{text} {parts_text({'D_I': 100 * named})}")


def draw_intervals(
    ax: Axes, places: list[float], lines: pd.DataFrame, marker: str, hue: object, join: str = ""
) -> None:
    """Changes with their 95 % intervals in percentage points, where they have them."""
    points = 100 * lines
    errors = np.nan_to_num(np.array(interval_errors(points), float))
    ax.errorbar(places, points["change"], yerr=errors, fmt=marker + join, color=hue, ms=5.5, lw=1.2)


def ways_figure(ways: pd.DataFrame) -> Picture:
    """What is done with samples, by how many there are: the changes on D_I and on D_G.

    ways   of `enrolment.ways_table`
    """
    shown = [each for each in AMOUNTS if each in ways.index.unique("amount")]
    fig, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.6), sharey=True, layout="constrained")
    drawn = [way for way in WAYS if way in ways.index.unique("way")]
    middle = (len(drawn) - 1) / 2
    for ax, part in zip(axes, ("D_I", "D_G"), strict=True):
        ax.axhline(0, color="0.7", lw=1, zorder=1)
        for number, way in enumerate(drawn):
            pairs = in_order(way, ways)
            beside = 0.07 * (number - middle)
            places = [shown.index(amount) + beside for _, amount in pairs]
            draw_intervals(ax, places, ways.loc[pairs, part], *WAYS[way], join=":")
        ax.set_yscale("symlog", linthresh=LINEAR_TO, linscale=1.5)
        ax.set(
            yticks=TICKS,
            yticklabels=[typeset_numbers(f"{tick:+d}") if tick else "0" for tick in TICKS],
            xticks=range(len(shown)),
            xticklabels=["all of $D_I$" if each == WHOLE else each for each in shown],
            xlabel="samples",
        )
        ax.minorticks_off()
        ax.set_title(part_label(part))
        ax.grid(axis="x", visible=False)
    axes[0].set_ylabel("change (pp)")
    handles = [
        plt.Line2D([], [], marker=WAYS[way][0], color=WAYS[way][1], ls=":", label=way)
        for way in drawn
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=3)
    named = ways.set_axis([f"{way}, {amount}" for way, amount in ways.index])
    changes = {part: 100 * named[part, "change"] for part in ("D_I", "D_G")}
    text = "Change of accuracy in points by what is done with samples, and with how many."
    return Picture(fig, f"{text} {parts_text(changes)}")
