"""The figures of effects with their intervals (chapter 0)."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perso.analysis.selection import SELECTED
from perso.methods.registry import FAMILY_OF, are_reordered
from perso.parts import ALL_PARTS, PARTS
from perso.report.figures import changes_text
from perso.report.looks import HUES, PAPER_MARKER, WIDTH, label_lines, part_label
from perso.report.picture import Picture
from perso.report.sentences import SAME_ON_D_G

NOT_DRAWN = "same networks"  # in the place of a difference that SAME_ON_D_G is about


def effects_figure(table: pd.DataFrame, by_cohort: pd.DataFrame | None = None) -> Picture:
    """Changes against the baseline on D_I and on D_G, a line per method; crosses are v3's.

    table       of `effects.effects_table`
    by_cohort   of `cohort_effects.cohort_effects`, drawn as small rings
    """
    fig = forest(table, list(table.index), [FAMILY_OF[name] for name in table.index], 0.27)
    for ax, part in zip(fig.axes, PARTS, strict=True):
        if by_cohort is not None:
            draw_cohorts(ax, 100 * by_cohort[part].reindex(columns=table.index))
        ax.scatter(
            100 * table[part]["printed"],
            range(len(table)),
            s=45,
            marker=PAPER_MARKER,
            color="black",
            zorder=4,
            label="printed in v3",
        )
    handles, names = fig.axes[0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside upper right", ncols=2)
    text = "Change of accuracy per method in points, with 95 % intervals."
    cohorts = "" if by_cohort is None else f" Small rings are {len(by_cohort)} single cohorts."
    return Picture(fig, f"{text} {changes_text(table)}{cohorts}")


def draw_cohorts(ax: Axes, changes: pd.DataFrame) -> None:
    """Draw a ring per cohort on the line of each method, a little below the mean's mark.

    changes   in points: a line per cohort, a column per method
    """
    places = np.tile(np.arange(changes.shape[1]) + 0.22, (len(changes), 1))
    ax.scatter(
        changes, places, s=9, facecolors="none", edgecolors="0.45", linewidths=0.7, label="a cohort"
    )


def contrasts_figure(contrasts: pd.DataFrame) -> Picture:
    """Differences between methods on each part, a line per pair of methods.

    contrasts   of `effects.contrast_table`
    """
    labels = [
        f"{line['', 'differs']}\n{method} minus {other}"
        for (method, other), line in contrasts.iterrows()
    ]
    return labelled_contrasts(contrasts, labels, 0.46)


def labelled_contrasts(contrasts: pd.DataFrame, labels: Sequence[str], height: float) -> Picture:
    """`contrasts_figure` with other labels.

    height   of a line, inches
    """
    family_of = FAMILY_OF | {SELECTED.name: SELECTED.family}
    families = [family_of[method] for method, _ in contrasts.index]
    fig = forest(contrasts, labels, families, height)
    parts = [part for part in contrasts.columns.unique(0) if part in ALL_PARTS]
    for ax, part in zip(fig.axes, parts, strict=True):
        # the symbols alone: long labels, and three axes, leave no room for the parts' names
        ax.set(xlabel=f"change on ${part}$ (pp)")
    return Picture(fig, contrasts_alt(contrasts))


def contrasts_alt(contrasts: pd.DataFrame) -> str:
    """The largest and the smallest difference between methods on each part; what is left out."""
    named = contrasts.set_axis([f"{method} minus {other}" for method, other in contrasts.index])
    text = f"Differences between methods in points. {changes_text(named)}"
    left_out = sum(are_reordered(*pair) for pair in contrasts.index)
    if not left_out:
        return text
    return f"{text} {left_out} of {len(contrasts)} pairs are left out on D_G. {SAME_ON_D_G}"


def forest(
    table: pd.DataFrame, labels: Sequence[str], families: Sequence[str], height: float
) -> Figure:
    """A mark and its 95 % interval in percentage points on each line, an Axes per part.

    table      columns (part, change | low | high), shares; a change of nan is named NOT_DRAWN
    families   of the methods, which decide the hue
    height     of a line, inches
    """
    parts = [part for part in table.columns.unique(0) if part in ALL_PARTS]
    fig, axes = plt.subplots(
        1, len(parts), figsize=(WIDTH, 1 + height * len(table)), sharey=True, layout="constrained"
    )
    for ax, part in zip(axes, parts, strict=True):
        ax.axvline(0, color="0.5", lw=1)
        points = 100 * table[part][["change", "low", "high"]].astype(float)
        for place, (family, line) in enumerate(zip(families, points.to_numpy(), strict=True)):
            change, low, high = line
            if np.isnan(change):
                ax.text(
                    0.02,
                    place,
                    NOT_DRAWN,
                    color="0.45",
                    va="center",
                    transform=ax.get_yaxis_transform(),
                )
                continue
            ax.hlines(place, low, high, color=HUES[family], lw=1.5)
            ax.plot(change, place, "o", color=HUES[family], ms=6)
        ax.grid(axis="y", color="0.94")
        ax.set(xlabel=f"change on {part_label(part)} (pp)")
    label_lines(axes[0], labels)
    return fig
