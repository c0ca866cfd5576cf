"""Figures of where personalization helps, and at what price (chapter 15)."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from perso.parts import PARTS
from perso.report.looks import WIDTH, colours, plain_ticks
from perso.report.picture import Picture, parts_text

NAMED_FROM = 0.05  # a probability; methods below it have no name


def class_gain_figure(tables: Mapping[str, pd.DataFrame], shaded: Sequence[int] = ()) -> Picture:
    """Change on D_I per class and orientation in points: a mark per method, 95 % intervals.

    tables   `gains.by_class` by method
    shaded   places of the classes behind which the axes are shaded
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.2), layout="constrained")
    draw_class_gains(ax, tables, shaded)
    gains = {name: 100 * table["change"] for name, table in tables.items()}
    text = "Change of accuracy on D_I per class and orientation in points."
    return Picture(fig, f"{text} {parts_text(gains)}")


def draw_class_gains(
    ax: Axes, tables: Mapping[str, pd.DataFrame], shaded: Sequence[int] = ()
) -> Axes:
    """Draw `class_gain_figure` into an Axes."""
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
    ax.legend()
    labels = ["\n".join(name.split()) for name in table.index]
    ax.set_xticks(range(len(table)), labels, fontsize="small")
    ax.set(ylabel=f"change on {PARTS['D_I'].label} (pp)")
    return ax


def size_gain_figure(tables: Mapping[str, pd.DataFrame]) -> Picture:
    """Change on D_I in points against the training images of D_I: a mark per person and method.

    tables   `gains.by_size` by method
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.2), layout="constrained")
    draw_size_gains(ax, tables)
    texts = [
        f"{name}: {100 * table['gain'].min():+.1f} to {100 * table['gain'].max():+.1f} for "
        f"{table['images'].min():.0f} to {table['images'].max():.0f} images."
        for name, table in tables.items()
    ]
    return Picture(fig, f"Every person's change of accuracy on D_I in points. {' '.join(texts)}")


def draw_size_gains(ax: Axes, tables: Mapping[str, pd.DataFrame]) -> Axes:
    """Draw `size_gain_figure` into an Axes."""
    given = colours(tables)
    for (name, table), marker in zip(tables.items(), cycle("D^os"), strict=False):
        points = 100 * table["gain"]
        ax.scatter(table["images"], points, marker=marker, color=given[name], label=name)
    ax.axhline(0, color="0.7", lw=1)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="training images of $D_I$", ylabel=f"change on {PARTS['D_I'].label} (pp)")
    return ax


def front_figure(tables: Mapping[str, pd.DataFrame]) -> Picture:
    """Change on D_I against change on D_G in points; a line joins the front of the means.

    tables   of `tradeoff.front_membership` by title; a mark grows with its probability
    """
    fig, axes = plt.subplots(
        1, len(tables), figsize=(WIDTH, 4.6), squeeze=False, layout="constrained"
    )
    for ax, (title, table) in zip(axes[0], tables.items(), strict=True):
        draw_front(ax, table, title)
    texts = [
        f"{title}: {', '.join(table.index[table['member']])}." for title, table in tables.items()
    ]
    return Picture(fig, f"Methods on the front of changes on D_I and D_G. {' '.join(texts)}")


def draw_front(ax: Axes, table: pd.DataFrame, title: str) -> Axes:
    """Draw `front_figure` of one table."""
    given = colours(table.index)
    points = 100 * table[["D_G", "D_I"]]
    edge = points[table["member"]].sort_values("D_G")
    ax.plot(edge["D_G"], edge["D_I"], color="0.6", lw=1, zorder=0)
    for method, p in table["probability"].items():
        x, y = points.loc[method]
        label = method if p >= NAMED_FROM else None
        ax.scatter(x, y, 20 + 130 * p, color=given[method], label=label)
    ax.set(title=title, xlabel="change on $D_G$ (pp)", ylabel="change on $D_I$ (pp)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17))
    return ax


def price_figure(tables: Mapping[str, pd.DataFrame]) -> Picture:
    """Probability to be best by the price of a point on D_G, as stacked areas, one per method.

    tables   of `tradeoff.best_by_price` by title; methods that never reach NAMED_FROM are white
    """
    fig, axes = plt.subplots(
        1, len(tables), figsize=(WIDTH, 4.4), sharey=True, squeeze=False, layout="constrained"
    )
    for ax, (title, probabilities) in zip(axes[0], tables.items(), strict=True):
        draw_prices(ax, probabilities, title)
    texts = []
    for title, probabilities in tables.items():
        ends = probabilities.iloc[[0, -1]]
        best = [
            f"{line.idxmax()} at price {price:g} ({line.max():.0%})"
            for price, line in ends.iterrows()
        ]
        texts.append(f"{title}: {', '.join(best)}.")
    return Picture(fig, f"Most probably best method by the price of D_G. {' '.join(texts)}")


def draw_prices(ax: Axes, probabilities: pd.DataFrame, title: str) -> Axes:
    """Draw `price_figure` of one table."""
    shown = probabilities.loc[:, probabilities.max() >= NAMED_FROM]
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
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))
    return ax
