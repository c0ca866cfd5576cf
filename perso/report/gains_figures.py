"""Figures of where personalization helps, and at what price (chapter 15)."""

from collections.abc import Sequence
from itertools import cycle

import numpy as np
import pandas as pd

from perso.parts import PARTS
from perso.report.figures import colours, plain_ticks


def class_gain_figure(ax, tables: dict[str, pd.DataFrame], shaded: Sequence[int] = ()):
    """Change on D_I per class and orientation in points: a mark per method, 95 % intervals.

    tables   `gains.by_class` by method
    shaded   places of the classes behind which the axes are shaded
    """
    given = colours(tables)
    for (name, table), shift in zip(
        tables.items(), np.linspace(-0.12, 0.12, len(tables)), strict=True
    ):
        x, points = np.arange(len(table)) + shift, 100 * table
        ax.vlines(x, points["low"], points["high"], color=given[name], lw=1)
        ax.plot(x, points["change"], "o", ms=6, color=given[name], label=name)
    for place in shaded:
        ax.axvspan(place - 0.4, place + 0.4, color="0.93", zorder=0)
    ax.axhline(0, color="0.7", lw=1)
    ax.grid(axis="x", visible=False)
    ax.legend(frameon=False)
    labels = ["\n".join(name.split()) for name in table.index]
    ax.set_xticks(range(len(table)), labels, fontsize="small")
    ax.set(ylabel=f"change on {PARTS['D_I'].label} (pp)")
    return ax


def size_gain_figure(ax, tables: dict[str, pd.DataFrame]):
    """Change on D_I in points against the training images of D_I: a mark per person and method.

    tables   `gains.by_size` by method
    """
    given = colours(tables)
    for (name, table), marker in zip(tables.items(), cycle("D^os"), strict=False):
        points = 100 * table["gain"]
        ax.scatter(table["images"], points, marker=marker, color=given[name], label=name)
    ax.axhline(0, color="0.7", lw=1)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="training images of $D_I$", ylabel=f"change on {PARTS['D_I'].label} (pp)")
    return ax


def front_figure(ax, table: pd.DataFrame, title: str, named: float = 0.05):
    """Change on D_I against change on D_G in points; a line joins the front of the means.

    table   of `tradeoff.front_membership`; a mark grows with its probability
    named   the smallest probability whose method the legend names
    """
    given = colours(table.index)
    points = 100 * table[["D_G", "D_I"]]
    edge = points[table["member"]].sort_values("D_G")
    ax.plot(edge["D_G"], edge["D_I"], color="0.6", lw=1, zorder=0)
    for method, p in table["probability"].items():
        x, y = points.loc[method]
        label = method if p >= named else None
        ax.scatter(x, y, 20 + 130 * p, color=given[method], label=label)
    ax.set(title=title, xlabel="change on $D_G$ (pp)", ylabel="change on $D_I$ (pp)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), frameon=False, fontsize="small")
    return ax


def price_figure(ax, probabilities: pd.DataFrame, title: str, named: float = 0.05):
    """Probability to be best by the price of a point on D_G, as stacked areas, one per method.

    probabilities   of `tradeoff.best_by_price`
    named           methods that never reach this probability are left white
    """
    shown = probabilities.loc[:, probabilities.max() >= named]
    given = colours(shown)
    shades = [given[method] for method in shown]
    prices = list(shown.index)
    ax.stackplot(
        prices, shown.T, labels=shown.columns, colors=shades, edgecolor="white", linewidth=0.6
    )
    ax.set(title=title, xscale="log", xlim=(prices[0], prices[-1]), ylim=(0, 1))
    ax.set(xlabel="price $w$ of a point on $D_G$", ylabel="probability to be best")
    ticks = (1 / 16, 1 / 4, 1, 4, 16)
    plain_ticks(ax, [price for price in ticks if prices[0] <= price <= prices[-1]])
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), frameon=False, fontsize="small")
    return ax
