"""How figures look: a method's colours, letters, and the labels of axes.

A method has the same colour in all figures.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import cycle

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from perso.methods.method import FAMILIES
from perso.methods.registry import METHODS, TABLES
from perso.parts import ALL_PARTS

# of the families beyond the papers, which no colour blindness confuses: Paul Tol's muted scheme
BEYOND_HUES = tuple(
    map(
        to_rgb,
        ("#882255", "#332288", "#117733", "#999933", "#44AA99", "#AA4499", "#661100", "#CC6677"),
    )
)
# With more families than looks, the first looks are used again
FAMILY_HUES = cycle(("0.2", "0.4", *sns.color_palette("colorblind", 5), *BEYOND_HUES))
FAMILY_MARKERS = cycle(("s", "X", "o", "D", "^", "v", "P", "*", "<", ">", "p", "h", "d", "8", "H"))
HUES = dict(zip(FAMILIES, FAMILY_HUES, strict=False))
MARKERS = dict(zip(FAMILIES, FAMILY_MARKERS, strict=False))
FAINTEST = 2.5  # contrast of a mark with white at least (WCAG 2.2)
DEEP = 4.5  # contrast of a hue whose lighter shades can be told apart
OWN_MARKER = "*"  # of methods that no table of the registry has
PAPER_MARKER = "x"
# tables whose methods share the shades of a family
SHADED_TOGETHER = (
    ("v3",),
    ("relative",),
    ("baselines",),
    ("v1", "grouping", "doses", "sweeps", "readings"),
    ("recurrent",),
    ("contexts",),
    ("enrolled", "planted"),
)

WIDTH = 7.2  # of a figure, inches: that of a page's text
SIZE = 9  # of all letters, points
LOOK = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that figures are alike everywhere
    **dict.fromkeys(
        (
            "font.size",
            "axes.titlesize",
            "axes.labelsize",
            "xtick.labelsize",
            "ytick.labelsize",
            "legend.fontsize",
            "legend.title_fontsize",
            "figure.titlesize",
            "figure.labelsize",
        ),
        SIZE,
    ),
    "axes.labelcolor": "0.15",
    "axes.edgecolor": "0.75",
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.color": "0.92",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 5,
}


# --- colours


def contrast_with_white(colour: object) -> float:
    """The contrast ratio of a colour with white, from 1 to 21 (WCAG 2.2)."""
    values = np.array(to_rgb(colour))
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return 1.05 / (0.05 + linear @ (0.2126, 0.7152, 0.0722))


def dark_enough(hue: object) -> tuple[float, float, float]:
    """The hue, mixed with as little black as gives it `FAINTEST` on white."""
    mixes = sns.blend_palette((hue, "black"), 100)
    return next(mix for mix in mixes if contrast_with_white(mix) >= FAINTEST)


def shades_of(hue: object, count: int) -> list[tuple[float, float, float]]:
    """A hue and shades of it: lighter ones, as long as `FAINTEST` allows, of a hue that is dark.

    Of a hue that is too light for that, they are darker.
    """
    if contrast_with_white(hue) < DEEP:
        end = 0.4 * np.array(to_rgb(hue))
    else:
        mixes = sns.blend_palette((hue, "white"), 100)
        end = [mix for mix in mixes if contrast_with_white(mix) >= FAINTEST][-1]
    return list(sns.blend_palette((hue, end), count))


def colours(names: Iterable[str] = ()) -> dict[str, tuple]:
    """A colour per method: its family's hue, and `shades_of` it for later members of its table.

    The tables are v3's, that of relative doses, that of baselines beyond the papers, all others
    together, those of people in time, and those of forwarded samples.

    names   of methods that are drawn; those that no table of the registry has get further hues
    """
    given = {}
    for tables in SHADED_TOGETHER:
        together = dict.fromkeys(method for table in tables for method in TABLES[table])
        new = [method for method in together if method.name not in given]
        for family in FAMILIES:
            members = [method.name for method in new if method.family == family]
            given |= dict(zip(members, shades_of(HUES[family], len(members)), strict=True))
    # which no family of the papers has
    own_hues = [dark_enough(hue) for hue in sns.color_palette("colorblind", 10)[5:]]
    own = [name for name in dict.fromkeys(names) if name not in given]
    return given | dict(zip(own, cycle(own_hues), strict=False))


def family_colours(names: Iterable[str]) -> dict[str, tuple]:
    """A colour per method: its family's hue; methods that no table has get `colours`.

    names   of methods that are drawn
    """
    families = {method.name: method.family for method in METHODS}
    own = colours(names)
    return {name: to_rgb(HUES[families[name]]) if name in families else own[name] for name in names}


# --- letters


def style() -> None:
    """Set the look of all figures of the book, whatever the user's matplotlibrc says."""
    mpl.rcdefaults()
    sns.set_theme(style="whitegrid", rc=LOOK)


def part_label(part: str) -> str:
    """A part as an axis names it."""
    return ALL_PARTS[part].label


def as_written(name: object) -> str:
    """A name of the user's for a figure, where two dollar signs would be a formula."""
    return with_symbols(str(name).replace("$", r"\$"))


def with_symbols(name: str) -> str:
    """A name with D_I and the like as formulas; those that are formulas already stay."""
    return re.sub(r"(?<![\w$])D_([A-Z])\b", r"$D_\1$", name)


# --- axes


def label_lines(ax: Axes, names: Sequence[str]) -> None:
    """Name the lines 0, 1, … of an Axes, from top to bottom."""
    labels = [with_symbols(name) for name in names]
    ax.set(yticks=range(len(names)), yticklabels=labels, ylim=(len(names) - 0.5, -0.5))


def plain_ticks(ax: Axes, values: Sequence[float]) -> None:
    """Label a logarithmic x axis at these values only, without exponents."""
    ax.set_xticks(values)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())


def interval_errors(changes: pd.DataFrame | pd.Series) -> list:
    """Distances from `change` to `low` and to `high`, as `Axes.errorbar` takes them."""
    return [changes["change"] - changes["low"], changes["high"] - changes["change"]]


def legend_below(fig: Figure, ax: Axes, ncols: int = 3) -> None:
    """Put what an Axes shows into a legend below all of them."""
    handles, names = ax.get_legend_handles_labels()
    fig.legend(handles, names, loc="outside lower center", ncols=ncols)
