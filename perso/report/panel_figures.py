"""Figures of people and cohorts: person × person, and what larger studies could detect."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from perso.analysis import matrix
from perso.parts import D_G, PARTS
from perso.report.looks import WIDTH, legend_below, part_label, with_symbols
from perso.report.picture import Picture
from perso.report.plan_text import components_of, detectable_here
from perso.report.typesetting import typeset_numbers
from perso.stats import planning

LIMIT = 10  # points of a matrix at which its colours end
PLANNED_COHORTS = (3, 4, 8)
PLANNED_PEOPLE = (5, 10, 20, 45, 100, 200)


def matrix_figure(tables: Mapping[str, pd.DataFrame]) -> Picture:
    """Accuracy of networks (lines) on test sets (columns) without both means, in points.

    tables   [people, people] of `matrix.hits_matrix` by method, shares
    """
    rows = -(-len(tables) // 2)
    fig, axes = plt.subplots(
        rows, 2, figsize=(WIDTH - 0.6, 3.1 * rows), squeeze=False, layout="constrained"
    )
    texts = []
    for ax, (method, table) in zip(axes.flat, tables.items(), strict=False):
        draw_matrix(ax, table, method)
        values = 100 * matrix.double_centred(table.to_numpy())
        texts.append(f"{method}: {np.diag(values).mean():+.1f} points on the own test set.")
    for ax in axes.flat[len(tables) :]:
        ax.set_axis_off()
    for ax in axes[-1]:
        ax.set_xlabel("test set of person")
    for ax in axes[:, 0]:
        ax.set_ylabel("network of person")
    label = "accuracy without both means (pp)"
    fig.colorbar(axes[0, 0].images[0], ax=axes, shrink=0.5, extend="both", label=label)
    text = "Accuracy of people's networks on people's test sets, without both means."
    return Picture(fig, f"{text} {' '.join(texts)}")


def draw_matrix(ax: Axes, table: pd.DataFrame, title: str) -> Axes:
    """Draw `matrix_figure` of one method."""
    values = 100 * matrix.double_centred(table.to_numpy())
    ax.imshow(values, cmap="PuOr", vmin=-LIMIT, vmax=LIMIT, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    mean = typeset_numbers(f"{np.diag(values).mean():+z.1f}")
    ax.set_title(f"{with_symbols(title)}\n{mean} on the diagonal")
    ax.spines[:].set_visible(False)
    ax.grid(False)
    return ax


def planning_figure(rows: pd.DataFrame, method: str, base: str) -> Picture:
    """Minimum detectable effect in points against people per cohort; a star is these rows."""
    fig, axes = plt.subplots(1, len(PARTS), figsize=(WIDTH, 3.4), layout="constrained")
    texts = []
    for ax, part in zip(axes, PARTS, strict=True):
        star = draw_planning(ax, rows, method, base, part).lines[-1]
        (people,), (effect,) = star.get_data()
        texts.append(f"{part}: {effect:.1f} points with the {people:.0f} people here.")
    legend_below(fig, axes[0], ncols=4)
    text = f"Smallest difference of {method} and {base} that a study of this size detects."
    return Picture(fig, f"{text} {' '.join(texts)}")


def draw_planning(ax: Axes, rows: pd.DataFrame, method: str, base: str, part: str) -> Axes:
    """Draw `planning_figure` on one part; the star is the last line."""
    found = components_of(rows, method, base, part)
    drawn = PARTS[part] is D_G
    hues = sns.color_palette("colorblind", len(PLANNED_COHORTS))
    for cohorts, hue in zip(PLANNED_COHORTS, hues, strict=True):
        effects = [
            planning.detectable(found, people, cohorts, drawn=drawn) for people in PLANNED_PEOPLE
        ]
        ax.plot(PLANNED_PEOPLE, effects, "o-", color=hue, ms=4, label=f"{cohorts} cohorts")
    folds = rows.groupby("fold")["person"].nunique()
    here = detectable_here(rows, method, base, part)
    ax.plot(folds.mean(), here, "*", color="0.1", ms=13, label="these rows")
    ax.set(
        xscale="log",
        xlabel="people per cohort",
        ylabel="detectable effect (pp)",
        ylim=(0, None),
    )
    ax.set_xticks(PLANNED_PEOPLE, [f"{people}" for people in PLANNED_PEOPLE])
    ax.minorticks_off()
    ax.set_title(part_label(part))
    return ax
