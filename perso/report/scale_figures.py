"""A figure of whether two runs agree on the signs of changes (chapter 12)."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from perso.analysis import comparison
from perso.methods.registry import FAMILY_OF
from perso.report.front_figures import family_legend
from perso.report.labels import label_points
from perso.report.looks import (
    MARKERS,
    OWN_MARKER,
    WIDTH,
    as_written,
    family_colours,
    interval_errors,
    part_label,
)
from perso.report.picture import Picture

SAME_SIGN = "#e6f1e9"  # of the two quarters in which both changes have one sign
NOT_CLEAR = "0.6"


def agreement_figure(table: pd.DataFrame, one: str, other: str) -> Picture:
    """The change of every method in one run against its change in another, in points.

    A mark whose 95 % interval excludes 0 in `one` is coloured; it is named where the sign differs.

    table        of `comparison.compare_runs`
    one, other   names of two of its runs: across, and up
    """
    parts = list(comparison.sign_agreement(table, one, other))
    fig, axes = plt.subplots(1, len(parts), figsize=(WIDTH, 4.2), layout="constrained")
    texts = []
    for ax, (part, same) in zip(
        axes, comparison.sign_agreement(table, one, other).items(), strict=True
    ):
        draw_agreement(ax, table[part], same, (one, other))
        ax.set_title(part_label(part))
        texts.append(f"{part}: {same.sum()} of {len(same)} clear changes have the same sign.")
    axes[0].set_ylabel(f"change in {as_written(other)} (pp)")
    family_legend(fig, [FAMILY_OF[name] for name in table.index if name in FAMILY_OF])
    return Picture(
        fig, f"Change of every method in {one} against that in {other}. {' '.join(texts)}"
    )


def draw_agreement(ax: Axes, changes: pd.DataFrame, same: pd.Series, runs: tuple[str, str]) -> Axes:
    """Draw `agreement_figure` on one part.

    changes   of the part
    same      of `comparison.sign_agreement`: the clear changes
    runs      the run that is drawn across, and that which is drawn up
    """
    across, up = (100 * changes[run] for run in runs)
    there = across["change"].notna() & up["change"].notna()
    across, up = across[there], up[there]
    hues = family_colours(across.index)
    errors = {"xerr": interval_errors(across), "yerr": interval_errors(up)}
    ax.errorbar(across["change"], up["change"], **errors, ls="", ecolor="0.85", lw=0.8, zorder=1)
    for name in across.index:
        clear = name in same.index
        ax.plot(
            across.loc[name, "change"],
            up.loc[name, "change"],
            MARKERS.get(FAMILY_OF.get(name), OWN_MARKER),
            color=hues[name] if clear else NOT_CLEAR,
            ms=7 if clear else 4,
            mec="white",
            mew=0.5,
            zorder=3 if clear else 2,
        )
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    for x, y in ((right, high), (left, low)):
        ax.fill([0, x, x, 0], [0, 0, y, y], color=SAME_SIGN, lw=0, zorder=0)
    ax.set(xlim=(left, right), ylim=(low, high), xlabel=f"change in {as_written(runs[0])} (pp)")
    ax.axhline(0, color="0.7", lw=1)
    ax.axvline(0, color="0.7", lw=1)
    apart = same.index[~same]
    points = {name: (across.loc[name, "change"], up.loc[name, "change"]) for name in apart}
    label_points(ax, points, {name: as_written(name) for name in apart})
    return ax
