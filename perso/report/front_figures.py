"""The figures of what else one could do: the front, bytes and seconds, and who loses.

table   of `front.baselines_table`; where harm is shown, of `front.with_harm`
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perso.analysis import front
from perso.claims.our_claims import WISE, WISE_SLOW
from perso.parts import PARTS
from perso.report.figures import changes_text
from perso.report.labels import label_points
from perso.report.looks import HUES, MARKERS, WIDTH, label_lines, part_label
from perso.report.picture import Picture, extremes_text

CURVES = {"WiSE-FT, rate 1e-3": (WISE, 2.0), "WiSE-FT, rate 1e-4": (WISE_SLOW, 1.0)}
LABELLED_SHARES = ("WiSE-FT 0.2", "WiSE-FT 0.4", "WiSE-FT 0.6", "WiSE-FT 0.8")
# with intervals in the front; the first have their labels nearest to their marks
MAIN = (
    "replay (1e-4)",
    "TL 9 % (1e-3)",
    "TL 9 % (1e-4)",
    "replay",
    "ES 12 %",
    "SW-n-2",
    "head only",
)
LABELLED = (
    *MAIN,
    "TL-n-0",
    "WiSE-FT 0.5",
    "statistics only",
    "norm only",
    "low rank 4",
    "kNN mix",
    "TL 0.3 % (1e-3)",
    "Reptile, then TL 0.3 %",
    "Reptile, then TL 9 %",
)
GENERIC_LABEL = "generic network"
INTERPOLATED = "interpolation"  # the family of WiSE-FT
MARK_SIZES = {"fine-tuning": 11}  # a star looks smaller than it is


# --- the front


def drawn_methods(table: pd.DataFrame) -> pd.DataFrame:
    """The lines that the front draws as marks of their own: no controls, no shares of WiSE-FT."""
    family = table["", "family"]
    return table[~family.isin(["control", INTERPOLATED])]


def baselines_figure(table: pd.DataFrame) -> Picture:
    """Change on D_I against change on D_G: WiSE-FT's curves, and a mark for every other method."""
    fig, ax = plt.subplots(figsize=(WIDTH, 6), layout="constrained")
    axes_of_changes(ax)
    changes = 100 * pd.DataFrame({part: table[part, "change"] for part in ("D_G", "D_I")})
    curves = []
    for label, (names, width) in CURVES.items():
        knots = changes.reindex(names).dropna().to_numpy()
        ax.plot(*knots.T, "o-", color=HUES[INTERPOLATED], lw=width, ms=2.2 * width, label=label)
        curves.append(knots)
    drawn = drawn_methods(table)
    for name in drawn.index[drawn.index.isin(MAIN)]:
        interval_cross(ax, table.loc[name])
    for name, (x, y) in changes.loc[drawn.index].iterrows():
        draw_mark(ax, drawn.loc[name, ("", "family")], x, y)
    fig.legend(loc="outside upper left", ncols=2)  # where no mark can be
    order = [*MAIN, *drawn.index, *LABELLED_SHARES, front.GENERIC]
    names = [name for name in dict.fromkeys(order) if name in table.index]
    texts = {name: name.removeprefix("WiSE-FT ") for name in names}
    if front.GENERIC in texts:
        texts[front.GENERIC] = GENERIC_LABEL
    label_points(ax, {name: changes.loc[name].to_numpy() for name in names}, texts, curves)
    text = "Change of accuracy per method against the generic network in points."
    return Picture(fig, f"{text} {changes_text(drawn)}")


def axes_of_changes(ax: Axes, x: str = "D_G", y: str = "D_I") -> None:
    """Name axes of changes on two parts in points, and draw the lines of no change."""
    ax.axhline(0, color="0.75", lw=1, zorder=0)
    ax.axvline(0, color="0.75", lw=1, zorder=0)
    ax.grid(color="0.93")
    ax.set(xlabel=f"change on {part_label(x)} (pp)", ylabel=f"change on {part_label(y)} (pp)")


def draw_mark(ax: Axes, family: str, x: float, y: float) -> None:
    """The mark of a method in the hue and form of its family."""
    size = MARK_SIZES.get(family, 8)
    ax.plot(x, y, MARKERS[family], color=HUES[family], ms=size, mec="white", mew=0.6, zorder=3)


def interval_cross(ax: Axes, line: pd.Series) -> None:
    """The 95 % intervals of a method on both parts, as a thin cross."""
    on_I, on_G = (100 * line[part].astype(float) for part in PARTS)
    look = {"color": HUES[line["", "family"]], "lw": 0.8, "alpha": 0.6, "zorder": 1}
    ax.plot([on_G["low"], on_G["high"]], [on_I["change"]] * 2, **look)
    ax.plot([on_G["change"]] * 2, [on_I["low"], on_I["high"]], **look)


# --- bytes and seconds for each person


def storage_figure(table: pd.DataFrame) -> Picture:
    """Change on D_I against bytes and against seconds or iterations for one person, on log axes.

    A method that needs none of them is at the left edge, at 0.
    """
    fig, axes = plt.subplots(1, 2, figsize=(WIDTH, 5), sharey=True, layout="constrained")
    lines = front.without_controls(table)
    lines = pd.concat([table.loc[table.index == front.GENERIC], lines])
    names = [name for name in LABELLED if name in lines.index]
    order = [*names, *lines.index.difference(names, sort=False)]
    gains = 100 * lines["D_I", "change"]
    unit, training = front.training_of(lines)
    of_axes = {
        "bytes stored for one person": lines["storage", "bytes"],
        f"{unit} of training for one person": training,
    }
    for ax, (label, values) in zip(axes, of_axes.items(), strict=True):
        places = with_zero(values)
        for name in order:
            draw_mark(ax, lines.loc[name, ("", "family")], places[name], gains[name])
        zero_axis(ax, values)
        ax.axhline(0, color="0.75", lw=1, zorder=0)
        ax.grid(color="0.93")
        ax.set(xlabel=label)
    axes[0].set(ylabel=f"change on {part_label('D_I')} (pp)")
    family_legend(fig, lines["", "family"])
    texts = {name: name for name in names}
    if front.GENERIC in texts:
        texts[front.GENERIC] = GENERIC_LABEL
    for ax, values in zip(axes, of_axes.values(), strict=True):
        at = pd.DataFrame({"x": with_zero(values), "y": gains}).loc[order].dropna()
        points = dict(zip(at.index, at.to_numpy(), strict=True))
        label_points(ax, points, {name: text for name, text in texts.items() if name in points})
    text = "Change of accuracy on D_I in points against bytes and training for one person."
    stored = extremes_text(lines["storage", "bytes"], ",.0f")
    return Picture(fig, f"{text} D_I: {extremes_text(gains)}. Bytes: {stored}.")


def zero_place(values: pd.Series) -> float:
    """Where a log axis shows 0: at a third of the smallest value above it."""
    above = values[values > 0]
    return above.min() / 3 if len(above) else 1.0


def with_zero(values: pd.Series) -> pd.Series:
    """The values with the place of 0 for those that are 0."""
    return values.where(values != 0, zero_place(values))


def zero_axis(ax: Axes, values: pd.Series) -> None:
    """A log axis with powers of ten, and 0 at its left edge where there is a 0."""
    place = zero_place(values)
    high = values.max() if values.max() > 0 else 10.0
    powers = 10.0 ** np.arange(np.ceil(np.log10(1.7 * place)), np.floor(np.log10(high)) + 1)
    ticks = {power: f"{power:,g}" for power in powers}
    if (values == 0).any():
        ticks = {place: "0"} | ticks
        ax.axvline(1.7 * place, color="0.8", ls=":", lw=1)  # left of it the axis is cut
    ax.set(xscale="log", xlim=(place / 1.7, high * 3))
    ax.set_xticks(list(ticks), list(ticks.values()))
    ax.minorticks_off()


def family_legend(fig: Figure, families: Sequence[str]) -> None:
    """The hues and forms of families, below a figure."""
    handles = [
        plt.Line2D(
            [],
            [],
            color=HUES[name],
            marker=MARKERS[name],
            ms=MARK_SIZES.get(name, 8),
            ls="",
            label=name,
        )
        for name in dict.fromkeys(families)
        if name != "control"
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=4)


# --- who loses


def harmed_figure(table: pd.DataFrame) -> Picture:
    """The share of people whom each method is expected to harm on D_I, the largest first."""
    lines = front.without_controls(table)
    lines = lines.sort_values(("harmed", "share"), ascending=False, kind="stable")
    shares = 100 * lines["harmed"].astype(float)
    fig, ax = plt.subplots(figsize=(WIDTH, 1.4 + 0.2 * len(lines)), layout="constrained")
    ax.axvline(50, color="0.6", lw=1, ls=":")
    for place, (name, line) in enumerate(shares.iterrows()):
        family = lines.loc[name, ("", "family")]
        ax.hlines(place, 0, line["share"], color=HUES[family], lw=1, alpha=0.35)
        ax.hlines(place, line["low"], line["high"], color=HUES[family], lw=2)
        draw_mark(ax, family, line["share"], place)
    label_lines(ax, lines.index)
    ax.grid(axis="y", color="0.94")
    ax.set(
        xlabel="people expected to be less accurate than with the generic network (%)",
        xlim=(-1.5, max(55, 1.05 * shares.max(axis=None))),
    )
    family_legend(fig, lines["", "family"])
    text = extremes_text(shares["share"], ".0f")
    return Picture(fig, f"Share of people whom a method is expected to harm on D_I in %: {text}.")
