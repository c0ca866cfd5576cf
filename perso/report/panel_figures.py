"""Figures of people and cohorts: person × person, and what larger studies could detect."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from perso.analysis import matrix
from perso.parts import D_G, PARTS
from perso.report.figures import legend_beside, part_label
from perso.report.plan_text import components_of
from perso.stats import planning

PLANNED_COHORTS = (3, 4, 8)
PLANNED_PEOPLE = (5, 10, 20, 45, 100, 200)


def matrix_figure(ax: Axes, table: pd.DataFrame, title: str, limit: float = 10.0) -> Axes:
    """Accuracy of networks (lines) on test sets (columns) without both means, in points.

    table   [people, people] of `matrix.hits_matrix`, shares
    limit   where the colours end, in points
    """
    values = 100 * matrix.double_centred(table.to_numpy())
    image = ax.imshow(values, cmap="PuOr", vmin=-limit, vmax=limit, interpolation="nearest")
    ax.set(xticks=[], yticks=[], xlabel="test set of person", ylabel="network of person")
    ax.set_title(title, fontsize="small")
    ax.figure.colorbar(image, ax=ax, shrink=0.8, extend="both", label="pp")
    ax.grid(False)
    return ax


def planning_figure(ax: Axes, rows: pd.DataFrame, method: str, base: str, part: str) -> Axes:
    """Minimum detectable effect in points against people per cohort; a star is these rows."""
    found = components_of(rows, method, base, part)
    drawn = PARTS[part] is D_G
    hues = sns.color_palette("colorblind", len(PLANNED_COHORTS))
    for cohorts, hue in zip(PLANNED_COHORTS, hues, strict=True):
        effects = [
            planning.detectable(found, people, cohorts, drawn=drawn) for people in PLANNED_PEOPLE
        ]
        ax.plot(PLANNED_PEOPLE, effects, "o-", color=hue, ms=4, label=f"{cohorts} cohorts")
    folds = rows.groupby("fold")["person"].nunique()
    here = planning.detectable(found, round(folds.mean()), len(folds), drawn=drawn)
    ax.plot(folds.mean(), here, "*", color="0.1", ms=13, label="these rows")
    ax.set(
        xscale="log",
        xlabel="people per cohort",
        ylabel="detectable effect (pp)",
        ylim=(0, None),
    )
    ax.set_xticks(PLANNED_PEOPLE, [f"{people}" for people in PLANNED_PEOPLE])
    ax.minorticks_off()
    ax.set_title(part_label(part), fontsize="small")
    legend_beside(ax)
    return ax
