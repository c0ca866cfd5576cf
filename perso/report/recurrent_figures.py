"""The figures of recurrent networks for individual users (chapter 22)."""

import textwrap

import matplotlib.pyplot as plt
import pandas as pd

from perso.analysis.recurrent import GENERIC
from perso.methods.registry import FAMILY_OF
from perso.parts import ALL_PARTS
from perso.report.effects_figures import labelled_contrasts
from perso.report.figures import changes_text
from perso.report.front_figures import (
    GENERIC_LABEL,
    axes_of_changes,
    draw_mark,
    interval_cross,
)
from perso.report.labels import label_points
from perso.report.looks import WIDTH, as_written, interval_errors
from perso.report.picture import Picture, parts_text

WRAP = 28  # characters of a line of a label


def three_ways_figure(contrasts: pd.DataFrame) -> Picture:
    """What the tutorial's ways do on each part, and their controls: a line per pair of methods.

    contrasts   of `effects.contrast_table`, with the pairs `recurrent.OF_ANSWER`
    """
    labels = [textwrap.fill(text, WRAP) for text in contrasts["", "differs"]]
    return labelled_contrasts(contrasts, labels, 0.5)


def user_networks_figure(contrasts: pd.DataFrame) -> Picture:
    """Networks that know users minus the generic one, or minus a control: a line per pair.

    contrasts   of `effects.contrast_table`
    """
    labels = [
        method.removeprefix("user ") if other == GENERIC else f"minus {other.removeprefix('user ')}"
        for method, other in contrasts.index
    ]
    return labelled_contrasts(contrasts, labels, 0.23)


def fine_tuning_figure(table: pd.DataFrame) -> Picture:
    """Change on D_I against change on D_G, with a label beside every mark.

    table   of `comparison.compare`, from the generic network
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.4), layout="constrained")
    axes_of_changes(ax)
    table = table.copy()
    table["", "family"] = [FAMILY_OF[name] for name in table.index]
    places = {
        name: (100 * line["D_G", "change"], 100 * line["D_I", "change"])
        for name, line in table.drop(index=GENERIC).iterrows()
    }
    for name, place in places.items():
        interval_cross(ax, table.loc[name])
        draw_mark(ax, FAMILY_OF[name], *place)
    places[GENERIC] = (0.0, 0.0)
    draw_mark(ax, "baseline", *places[GENERIC])
    texts = {name: as_written(name.removesuffix(", 200 iterations")) for name in places}
    label_points(ax, places, texts | {GENERIC: GENERIC_LABEL})
    changes = changes_text(table.drop(index=GENERIC))
    return Picture(fig, f"Change of accuracy against the generic network in points. {changes}")


def data_figure(curve: pd.DataFrame) -> Picture:
    """Changes by fine-tuning on a part of D_I on each part, with 95 % intervals.

    curve   `recurrent.data_curve`
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3), layout="constrained")
    ax.axhline(0, color="0.7", lw=1)
    for shift, part in enumerate(curve.columns.unique(0)):
        line = 100 * curve[part]
        ax.errorbar(
            line.index + shift,  # so that intervals do not hide each other
            line["change"],
            yerr=interval_errors(line),
            marker="o",
            ms=5,
            lw=1.2,
            elinewidth=1,
            label=f"on {ALL_PARTS[part].label}",
        )
    ax.set(xlabel="share of $D_I$'s training samples (%)", ylabel="change (pp)", xticks=curve.index)
    ax.legend()
    named = curve.set_axis([f"at {share} %" for share in curve.index])
    changes = {part: 100 * named[part, "change"] for part in curve.columns.unique(0)}
    text = "Change of accuracy in points by the share of D_I's training samples."
    return Picture(fig, f"{text} {parts_text(changes)}")
