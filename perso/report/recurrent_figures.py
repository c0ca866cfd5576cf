"""The figures of recurrent networks for individual users (chapter 22).

contrasts   of `effects.contrast_table`, with pairs of `analysis.recurrent`
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from perso.analysis.recurrent import place_of
from perso.parts import ALL_PARTS
from perso.report.effects_figures import FAMILY_OF, forest
from perso.report.figures import interval_errors

LINE = 0.27  # height, inches


def embeddings_figure(contrasts: pd.DataFrame) -> Figure:
    """Networks with user embeddings minus the generic one on each part, a line per method.

    contrasts   with the pairs AGAINST_GENERIC
    """
    return embeddings_forest(contrasts, [name.removeprefix("user ") for name, _ in contrasts.index])


def rows_figure(contrasts: pd.DataFrame) -> Figure:
    """A person's fitted row minus its controls on each part, a line per place and control.

    contrasts   with the pairs AGAINST_CONTROLS
    """
    labels = [
        f"{place_of(method)}, fitted minus {other.split(', ')[1]}"
        for method, other in contrasts.index
    ]
    return embeddings_forest(contrasts, labels)


def embeddings_forest(contrasts: pd.DataFrame, labels: Sequence[str]) -> Figure:
    """`effects_figures.forest` with the parts' symbols: three axes have no room for their names."""
    families = [FAMILY_OF[method] for method, _ in contrasts.index]
    fig = forest(contrasts, labels, families, LINE)
    parts = [part for part in contrasts.columns.unique(0) if part in ALL_PARTS]
    for ax, part in zip(fig.axes, parts, strict=True):
        ax.set(xlabel=f"change on ${part}$ (pp)")
    return fig


def data_figure(curve: pd.DataFrame) -> Figure:
    """Changes by fine-tuning on a part of D_I on each part, with 95 % intervals.

    curve   `recurrent.data_curve`
    """
    fig, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
    ax.axhline(0, color="0.7", lw=1)
    for part in curve.columns.unique(0):
        line = 100 * curve[part]
        ax.errorbar(
            line.index,
            line["change"],
            yerr=interval_errors(line),
            marker="o",
            ms=5,
            lw=1.2,
            elinewidth=1,
            label=f"on {ALL_PARTS[part].label}",
        )
    ax.set(xlabel="share of $D_I$'s training samples (%)", ylabel="change (pp)", xticks=curve.index)
    ax.legend(frameon=False, fontsize="small")
    return fig
