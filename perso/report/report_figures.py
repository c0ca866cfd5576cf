"""The pictures of a report on somebody's own people."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from perso.data.dataset import StudyData
from perso.methods.method import Method
from perso.report import effects_figures, figures, looks
from perso.report.notebook import sample_sheet
from perso.report.picture import Picture
from perso.report.sequence_figures import sheet, trajectories_figure
from perso.report.tables import format_change

PEOPLE_SHOWN = 5
CLASSES_SHOWN = 10  # of images
CURVES_SHOWN = 3  # classes of sequences
OWN_HUE = "combined shaping"  # the family whose hue methods from a file of the user's have
# colour and marker of a person, by verdict
VERDICT_LOOKS = {"gains": ("#117733", "o"), "open": ("0.55", "D"), "loses": ("#882255", "X")}
VERDICT_WORDS = {
    "gains": "gains beyond noise",
    "open": "not distinguishable from no change",
    "loses": "loses beyond noise",
}


def samples_picture(data: StudyData) -> Picture:
    """A few people's first sample of each of a few classes."""
    people = list(data.splits.individuals[:PEOPLE_SHOWN])
    names = ", ".join(map(str, people))
    if data.kind == "images":
        sheet = sample_sheet(data, people, most=CLASSES_SHOWN)
        return figures.digits(sheet, [f"person {person}" for person in people], data.source.classes)
    lines = first_sequences(data, people)
    alt = f"One sample of up to {CURVES_SHOWN} classes by {names}."
    if data.kind == "trajectories" and data.shape[-1] == 3:
        return trajectories_figure(lines, alt)
    return curves_picture(lines, alt)


def first_sequences(data: StudyData, people: Sequence) -> list[list[tuple[np.ndarray, str]]]:
    """Each person's first sample of the first classes that they have, with its title."""
    source = data.source
    lines = []
    for person in people:
        own = source.positions[person]
        labels, first = np.unique(source.labels[own], return_index=True)
        chosen = list(zip(labels, own[first], strict=True))[:CURVES_SHOWN]
        lines.append(
            [
                (
                    source.inputs[at],
                    looks.as_written(f"person {person}, class {source.classes[label]}"),
                )
                for label, at in chosen
            ]
        )
    return lines


def curves_picture(lines: Sequence[Sequence[tuple[np.ndarray, str]]], alt: str) -> Picture:
    """Draw sequences, a line per channel over the steps.

    lines   of pairs (sequence [T, C], title)
    """

    def draw(ax: Axes, sequence: np.ndarray, title: str) -> None:
        ax.plot(sequence, lw=1)
        ax.set_title(title, fontsize="small")
        ax.tick_params(labelsize="x-small")

    fig = sheet(lines, draw, (2.6 * max(map(len, lines)), 1.3 * len(lines) + 0.3))
    fig.supxlabel("step", fontsize="small")
    return Picture(fig, alt)


def forest_picture(table: pd.DataFrame, methods: Sequence[Method]) -> Picture:
    """The effect of each method on own and on everybody else's data, with intervals.

    table   columns (part, change | low | high) in shares, a line per method
    """
    families = {method.name: method.family for method in methods}
    hues = [families[name] if families[name] in looks.HUES else OWN_HUE for name in table.index]
    labels = [looks.as_written(name) for name in table.index]
    figure = effects_figures.forest(table, labels, hues, 0.3)
    lines = [
        f"{name}: own data {format_change(line['D_I'])}, "
        f"everybody else's {format_change(line['D_G'])}"
        for name, line in table.iterrows()
    ]
    return Picture(
        figure,
        "Change of accuracy in percentage points with its 95 % interval. " + "; ".join(lines),
    )


def people_picture(people: pd.DataFrame, method: str) -> Picture:
    """The change of each person's accuracy on the own data, sorted; the mark says how sure.

    people   of `decision.people_table`
    """
    fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
    ax.axhline(0, color="0.5", lw=1)
    change = 100 * people["change"].to_numpy()
    verdicts = people["verdict"].to_numpy()
    for verdict, (colour, marker) in VERDICT_LOOKS.items():
        of_verdict = np.flatnonzero(verdicts == verdict)
        if len(of_verdict):
            label = f"{VERDICT_WORDS[verdict]} ({len(of_verdict)})"
            ax.plot(of_verdict, change[of_verdict], marker, color=colour, label=label)
    if len(people) <= 2 * CLASSES_SHOWN:
        names = [looks.as_written(name) for name in people.index]
        ax.set_xticks(range(len(people)), names, rotation=45, ha="right", fontsize="small")
    else:
        ax.set_xticks([])
    ax.set(
        xlabel=f"{len(people)} people, sorted",
        ylabel="change on own\ndata, $D_I$ (pp)",
        title=looks.as_written(method),
    )
    ax.legend(frameon=False, fontsize="small", loc="best")
    ends = f"from {change.min():+.1f} to {change.max():+.1f} points"
    counts = ", ".join(
        f"{(verdicts == verdict).sum()} {words}" for verdict, words in VERDICT_WORDS.items()
    )
    return Picture(fig, f"Change of each person's accuracy with {method}, {ends}: {counts}.")
