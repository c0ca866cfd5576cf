"""Figures: a tidy table in, a `Picture` out. A method has the same colour in all of them.

To add a figure, write a function of a table. It draws, names the axes with their units, and says
what it shows in the picture's alt text; what it shows is computed in `perso.analysis`:

    def spread(table: pd.DataFrame) -> Picture:
        \"\"\"Standard deviation over people on D_I, a bar per method (`comparison.compare`).\"\"\"
        fig, ax = plt.subplots(figsize=(WIDTH, 3), layout="constrained")
        values = 100 * table["D_I"]["sd"]
        shades = [colours(table.index)[name] for name in table.index]
        ax.barh(range(len(table)), values, color=shades)
        label_lines(ax, table.index)
        ax.set(xlabel=f"sd over people on {part_label('D_I')} (pp)")
        return Picture(fig, f"Standard deviation in points: {extremes_text(values, '.1f')}.")

A cell of a chapter shows it:

    figures.spread(comparison.compare(rows))
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from perso.analysis import accuracy
from perso.analysis.printed import PAPER_OF
from perso.methods.method import BASELINE
from perso.methods.registry import METHODS
from perso.parts import ALL_PARTS, PARTS
from perso.report.labels import label_points
from perso.report.looks import (
    HUES,
    MARKERS,
    OWN_MARKER,
    PAPER_MARKER,
    WIDTH,
    as_written,
    colours,
    family_colours,
    interval_errors,
    label_lines,
    legend_below,
    part_label,
    plain_ticks,
    style,
)
from perso.report.picture import Picture, parts_text

RUN_MARKERS = ("o", "s", "D", "^", "v", "P")  # of our runs, in their order
# marker, hue and place beside its neighbours, by whose data a dose of early shaping is
DOSE_LOOKS = {"own": ("o", 1, -1), "another's": ("s", 2, 0), "general": ("^", 7, 1)}

OTHERS_SHADE = "#dfe6ee"  # of a batch that comes from everybody else
COLUMNS = 200  # of a schedule at most
LONGEST_HEAD = 6  # letters over a column of a sheet of images; longer names are turned
FEW_MARKS = 10  # of a picture in which each has a label


# --- methods


def tradeoff(table: pd.DataFrame) -> Picture:
    """Change on D_I against change on D_G in percentage points, with 95 % intervals.

    table   of `comparison.compare`
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 5), layout="constrained")
    draw_tradeoff(ax, table)
    return Picture(fig, f"Change of accuracy per method in points. {changes_text(table)}")


def headline(table: pd.DataFrame) -> Picture:
    """`tradeoff` in the look of the book, whatever matplotlib's settings are."""
    with mpl.rc_context():
        style()
        return tradeoff(table)


def changes_text(table: pd.DataFrame) -> str:
    """The highest and the lowest change on each part.

    table   columns (part, change), shares
    """
    parts = [part for part in table.columns.unique(0) if part in ALL_PARTS]
    return parts_text({part: 100 * table[part, "change"] for part in parts})


def draw_tradeoff(ax: Axes, table: pd.DataFrame) -> Axes:
    """Draw `tradeoff` into an Axes: a label beside each mark; controls are small.

    Controls have labels only where all marks are few.
    """
    families = {method.name: method.family for method in METHODS}
    hues = family_colours(table.index)
    ax.axhline(0, color="0.7", lw=1)
    ax.axvline(0, color="0.7", lw=1)
    base = table.attrs.get("base", BASELINE)
    ax.plot(0, 0, MARKERS["baseline"], color=HUES["baseline"], ms=7, label=base, zorder=4)
    points = {base: (0.0, 0.0)}
    bars = []
    for name, line in (100 * table).drop(index=base, errors="ignore").iterrows():
        x, y = line["D_G"], line["D_I"]
        points[name] = x["change"], y["change"]
        is_control = families.get(name) == "control"
        left, right = (x["low"], y["change"]), (x["high"], y["change"])
        low, high = (x["change"], y["low"]), (x["change"], y["high"])
        bars += [np.array([left, right]), np.array([low, high])]
        ax.errorbar(
            *points[name],
            xerr=[[error] for error in interval_errors(x)],
            yerr=[[error] for error in interval_errors(y)],
            fmt=MARKERS.get(families.get(name), OWN_MARKER),
            color=hues[name],
            ecolor=(*to_rgb(hues[name]), 0.2 if is_control else 0.5),
            label=name,
            elinewidth=0.8,
            ms=5 if is_control else 8,
            mec="white",
            mew=0.6,
            zorder=2 if is_control else 3,
        )
    ax.set(
        xlabel=f"change on {part_label('D_G')} (pp)",
        ylabel=f"change on {part_label('D_I')} (pp)",
    )
    named = [name for name in points if families.get(name) != "control"]
    if len(points) <= FEW_MARKS:
        named = list(points)
    # darker, as letters are thinner than marks
    letters = {name: tuple(0.7 * np.array(hue)) for name, hue in hues.items()}
    label_points(ax, points, {name: as_written(name) for name in named}, bars, letters)
    return ax


def runs_figure(table: pd.DataFrame) -> Picture:
    """Changes on each part in percentage points: a marker per run, with 95 % intervals.

    table   of `comparison.compare_runs`
    """
    runs = table.columns.unique(1)
    shades = [colours(table.index)[name] for name in table.index]
    height = 1 + 0.12 * len(table) * (len(runs) + 1)
    parts = table.columns.unique(0)
    fig, axes = plt.subplots(
        1, len(parts), figsize=(WIDTH, height), sharey=True, layout="constrained"
    )
    shifts = np.linspace(-0.3, 0.3, len(runs))
    for ax, part in zip(axes, parts, strict=True):
        ax.axvline(0, color="0.7", lw=1)
        for run, marker, shift in zip(runs, cycle(RUN_MARKERS), shifts, strict=False):
            y = np.arange(len(table)) + shift
            changes = 100 * table[part][run]
            ax.hlines(y, changes["low"], changes["high"], colors=shades, lw=1)
            ax.scatter(
                changes["change"],
                y,
                s=28,
                c=shades,
                marker=PAPER_MARKER if run in PAPER_OF.values() else marker,
                label=as_written(run),
            )
        ax.grid(axis="y", color="0.94")  # lighter, so that no grid line looks like an interval
        ax.set(xlabel=f"change on {part_label(part)} (pp)")
    label_lines(ax, table.index)
    handles, names = ax.get_legend_handles_labels()
    legend = fig.legend(handles, names, loc="outside upper right", ncols=3)
    for mark in legend.legend_handles:
        mark.set_color("0.3")  # colours are of methods; the legend names runs
    by_run = {f"{part}, {run}": 100 * table[part, run, "change"] for part in parts for run in runs}
    return Picture(fig, f"Change of accuracy per method and run in points. {parts_text(by_run)}")


def sweep(
    table: pd.DataFrame,
    lines: Mapping[str, Mapping[str, float]],
    xlabel: str,
    ticks: Mapping[float, str] | None = None,
    scale: str = "linear",
) -> Picture:
    """Changes on D_I and on D_G in percentage points along a parameter, with 95 % intervals.

    table   of `comparison.compare`
    lines   {label: {method: value of the parameter}}
    ticks   labels of the axis by value
    """
    fig, axes = plt.subplots(1, len(PARTS), figsize=(WIDTH, 2.9), layout="constrained")
    for ax, part in zip(axes, PARTS, strict=True):
        for label, names in lines.items():
            draw_sweep(ax, table, part, names, label)
        ax.set(xlabel=xlabel, xscale=scale)
        ax.set_title(part_label(part))
        if ticks is not None:
            ax.set_xticks(list(ticks), list(ticks.values()))
            ax.minorticks_off()
    axes[0].set_ylabel("change (pp)")
    if len(lines) > 1:
        legend_below(fig, axes[0])
    drawn = list(dict.fromkeys(name for names in lines.values() for name in names))
    present = table.loc[[name for name in drawn if name in table.index]]
    by_what = xlabel.replace("$", "")
    return Picture(fig, f"Change of accuracy in points by {by_what}. {changes_text(present)}")


def draw_sweep(
    ax: Axes, table: pd.DataFrame, part: str, names: Mapping[str, float], label: str
) -> Axes:
    """Draw one line of `sweep`.

    table   of `comparison.compare`
    names   {method: value of the parameter}; methods without a line in the table are left out
    """
    present = [(x, name) for name, x in names.items() if name in table.index]
    present.sort(key=lambda pair: pair[0])
    changes = 100 * table[part].loc[[name for _, name in present]]
    ax.axhline(0, color="0.7", lw=1)
    ax.errorbar(
        [x for x, _ in present],
        changes["change"],
        yerr=interval_errors(changes),
        marker="o",
        ms=5,
        lw=1.2,
        elinewidth=1,
        label=label,
    )
    return ax


def late_figure(table: pd.DataFrame, optimiser: str) -> Picture:
    """`sweep` of transfer learning over late iterations, a line per optimiser and learning rate.

    optimiser   the study's, of methods that name none
    """
    sweeps: dict[str, dict[str, int]] = {}
    for method in METHODS:
        if method.family == "transfer learning" and method.name in table.index:
            terms = method.shaping
            label = f"{terms.late_optimiser or optimiser}, {terms.late_rate:g}"
            sweeps.setdefault(label, {})[method.name] = terms.late
    values = sorted({late for names in sweeps.values() for late in names.values()})
    ticks = {value: f"{value:g}" for value in values}
    return sweep(
        table, dict(sorted(sweeps.items())), "$n_{TL}$, late iterations", ticks, scale="log"
    )


def dose_figure(table: pd.DataFrame) -> Picture:
    """Changes on D_I and on D_G in percentage points by dose of early shaping, with 95 % intervals.

    A line per owner of the dose and number of epochs after it.

    table   of `comparison.dose_effects`
    """
    fig, axes = plt.subplots(1, len(PARTS), figsize=(WIDTH, 3.6), layout="constrained")
    for ax, part in zip(axes, PARTS, strict=True):
        draw_doses(ax, table, part)
        ax.set_title(part_label(part))
    axes[0].set_ylabel("change (pp)")
    legend_below(fig, axes[0], ncols=2)
    named = table.set_axis(
        [
            f"{dose:,} iterations on {whose} data and {factor} × epochs"
            for whose, dose, factor in table[""][["whose", "dose", "rounds"]].to_numpy()
        ]
    )
    return Picture(fig, f"Change of accuracy by early shaping in points. {changes_text(named)}")


def draw_doses(ax: Axes, table: pd.DataFrame, part: str) -> Axes:
    """Draw `dose_figure` on one part."""
    ax.axhline(0, color="0.7", lw=1)
    for (whose, factor), lines in table.groupby([("", "whose"), ("", "rounds")], sort=False):
        marker, hue, place = DOSE_LOOKS[whose]
        shift = 1 + 0.06 * place + 0.02 * (factor - 2)  # so that bars do not hide each other
        usual = factor == 1
        changes = 100 * lines[part]
        ax.errorbar(
            lines["", "dose"] * shift,
            changes["change"],
            yerr=interval_errors(changes),
            marker=marker,
            lw=1.2,
            color=sns.color_palette("colorblind")[hue],
            mfc=None if usual else "white",
            elinewidth=1,
            ls="-" if usual else ":",
            label=f"{whose} data, {factor} × epochs after it",
        )
    ax.set(
        xscale="log",
        xlabel="$n_{ES}$, iterations of early shaping",
    )
    plain_ticks(ax, sorted(table["", "dose"].unique()))
    return ax


# --- people


def levels(rows: pd.DataFrame) -> Picture:
    """Accuracy on D_I and on D_G in percent: a dot per person, a bar at the mean."""
    fig, means = people_panels(rows, draw_levels)
    text = parts_text(means, ".1f")
    return Picture(
        fig, f"Accuracy of every person per method in percent; means over people. {text}"
    )


def people_figure(rows: pd.DataFrame) -> Picture:
    """Changes from the baseline in percentage points: a dot per person, a bar at the mean."""
    fig, means = people_panels(rows, draw_people)
    changes = {part: mean.drop(BASELINE) - mean[BASELINE] for part, mean in means.items()}
    text = "Change of every person's accuracy per method in points; means over people."
    return Picture(fig, f"{text} {parts_text(changes)}")


def people_panels(rows: pd.DataFrame, draw: Callable) -> tuple[Figure, dict[str, pd.Series]]:
    """An Axes per part by `draw`, and the mean accuracy of each method in percent by part."""
    height = 0.9 + 0.22 * rows["method"].nunique()
    fig, axes = plt.subplots(
        1, len(PARTS), figsize=(WIDTH, height), sharey=True, layout="constrained"
    )
    for ax, part in zip(axes, PARTS, strict=True):
        draw(ax, rows, part)
    wide = accuracy.by_part(rows)
    return fig, {part: 100 * wide[part].mean() for part in PARTS}


def draw_levels(ax: Axes, rows: pd.DataFrame, part: str) -> Axes:
    """Draw `levels` on one part."""
    dots(ax, 100 * accuracy.per_person(rows, ALL_PARTS[part].accuracy))
    ax.set(xlabel=f"accuracy on {part_label(part)} (%)")
    return ax


def draw_people(ax: Axes, rows: pd.DataFrame, part: str) -> Axes:
    """Draw `people_figure` on one part."""
    wide = 100 * accuracy.per_person(rows, ALL_PARTS[part].accuracy)
    ax.axvline(0, color="0.7", lw=1)
    dots(ax, wide.drop(columns=BASELINE).sub(wide[BASELINE], axis=0))
    ax.set(xlabel=f"change on {part_label(part)} (pp)")
    return ax


def dots(ax: Axes, wide: pd.DataFrame) -> None:
    """Draw a dot per person and a bar at the mean, a line per method.

    wide   a line per person, a column per method
    """
    shade = colours(wide.columns)
    jitter = np.random.default_rng(0).uniform(-0.15, 0.15, wide.shape)
    for place, name in enumerate(wide.columns):
        y = place + jitter[:, place]
        ax.scatter(wide[name], y, s=16, color=shade[name], alpha=0.75, linewidths=0)
    ax.scatter(wide.mean(), range(wide.shape[1]), marker="|", s=200, color="0.1")
    label_lines(ax, wide.columns)


# --- schedules and images


def strip(schedules: Mapping[str, np.ndarray]) -> Picture:
    """Schedules as strips, one line per method: the darker, the more batches are personal.

    schedules   {method: bool [iterations], True for D_I, or for the set that stands in its place:
                similar data, or another person's
    """
    height = 0.9 + 0.24 * len(schedules)
    fig, ax = plt.subplots(figsize=(WIDTH, height), layout="constrained")
    draw_strip(ax, schedules)
    own = "a batch of own data, $D_I$, or of the set in its place"
    shades = {"a batch of everybody else's data": OTHERS_SHADE, own: "0.3"}
    handles = [Patch(color=shade, label=label) for label, shade in shades.items()]
    fig.legend(handles=handles, loc="outside upper right", ncols=2)
    texts = "; ".join(f"{name} {schedule_text(each)}" for name, each in schedules.items())
    return Picture(fig, f"Which batches come from D_I, or from the set in its place: {texts}.")


def schedule_text(from_I: np.ndarray) -> str:
    """Where the batches from D_I are in a schedule: "the first 40 of 3,300"."""
    count, length = int(from_I.sum()), len(from_I)
    if count in (0, length):
        return f"{'all' if count else 'none'} of {length:,}"
    if from_I[:count].all():
        return f"the first {count:,} of {length:,}"
    if from_I[-count:].all():
        return f"the last {count:,} of {length:,}"
    return f"{count:,} of {length:,}, mixed with others"


def draw_strip(ax: Axes, schedules: Mapping[str, np.ndarray]) -> Axes:
    """Draw `strip` into an Axes, with the share of the dark batches beside each line.

    A column is one iteration, or several where there are more iterations than COLUMNS.
    """
    shade = colours(schedules)
    longest = max(map(len, schedules.values()))
    step = -(-longest // COLUMNS)  # iterations of a column
    for place, (name, from_I) in enumerate(schedules.items()):
        shares = [from_I[start : start + step].mean() for start in range(0, len(from_I), step)]
        ax.imshow(
            np.array([shares]),
            extent=(0, len(from_I), place + 0.36, place - 0.36),
            aspect="auto",
            cmap=LinearSegmentedColormap.from_list("", [OTHERS_SHADE, shade[name]]),
            vmin=0,
            vmax=1,
            interpolation="nearest",
        )
        ax.annotate(
            f"{from_I.mean():.0%}",
            (1.01, place),
            xycoords=("axes fraction", "data"),
            va="center",
            color="0.4",
        )
    ax.annotate("coloured", (1.01, -0.8), xycoords=("axes fraction", "data"), color="0.4")
    if step == 1 and longest <= COLUMNS / 2:
        ax.vlines(np.arange(1, longest), -0.5, len(schedules) - 0.5, color="white", lw=0.5)
    label_lines(ax, list(schedules))
    ax.set(xlim=(0, longest), xlabel="iteration")
    ax.tick_params(axis="y", length=0)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.grid(False)
    return ax


def digits(images: np.ndarray, rows: Sequence[str], heads: Sequence | None = None) -> Picture:
    """A sheet of images, dark on light.

    images   u8 [rows, columns, S, S]
    rows     a name per row
    heads    a name per column at least; without them 0, 1, …, as of classes
    """
    n_rows, n_columns, size = images.shape[:3]
    cell = size + max(1, size // 8)  # with a rim of paper
    sheet = np.zeros((n_rows * cell, n_columns * cell), np.uint8)
    for row, column in np.ndindex(n_rows, n_columns):
        sheet[row * cell :, column * cell :][:size, :size] = images[row, column]
    inches = min(0.62, WIDTH / (n_columns + 3))  # of a cell; the names need room, too
    shape = inches * (n_columns + 3), inches * n_rows + 0.3
    fig, ax = plt.subplots(figsize=shape, layout="constrained")
    ax.imshow(sheet, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
    heads = [as_written(head) for head in heads or range(n_columns)][:n_columns]
    is_long = max(map(len, heads)) > LONGEST_HEAD
    turned = {"rotation": 40, "ha": "left"} if is_long else {}
    middle = (size - 1) / 2
    ax.set_xticks([column * cell + middle for column in range(n_columns)], heads, **turned)
    ax.set_yticks(
        [row * cell + middle for row in range(n_rows)], [as_written(name) for name in rows]
    )
    ax.tick_params(length=0, top=False, labeltop=True, labelbottom=False)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.grid(False)
    names = ", ".join(str(name).strip() for name in rows)
    return Picture(fig, f"A sheet of images, {n_columns} in each line. The lines: {names}.")
