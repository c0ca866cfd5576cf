"""Texts about people who have few classes (chapter 10)."""

from collections.abc import Sequence

from perso.analysis import accuracy
from perso.methods.method import BASELINE
from perso.report.answers import change_texts
from perso.report.sentences import largest_published, size_of
from perso.store.published import Published


def baseline_percent(run: Published) -> float:
    """Mean accuracy of the baseline on the people's own test samples, in percent."""
    return 100 * accuracy.by_part(run.rows)["D_I"][BASELINE].mean()


def room_sentence(run: Published) -> str:
    """How much a network that never saw the person leaves to gain on the own classes."""
    right = baseline_percent(run)
    return (
        "A network that never saw the person's data already classifies "
        f"{right:.1f} % of the person's test samples rightly, so that at most "
        f"{100 - right:.1f} points can be gained."
    )


def larger_run_sentence(runs: Sequence[Published], method: str) -> str:
    """What a method changes in the largest published run, where it is larger than the own.

    runs   the book's own first (`published.runs_beside`)
    """
    largest = largest_published(runs)
    if size_of(largest) <= size_of(runs[0]):
        return "No published run of such people is larger."
    texts = change_texts(largest.rows, method)
    return (
        f"In the larger published run {largest.name} ({largest.provenance['people']} people), "
        f"where {baseline_percent(largest):.1f} % are classified rightly without the person's "
        f"data, {method} changes accuracy by {texts['I']} points on the own classes and by "
        f"{texts['G']} on all classes."
    )
