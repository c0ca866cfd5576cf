"""Texts about data grouping and the similarity of people (chapters 6 and 7)."""

import pandas as pd
from IPython.display import Markdown

from perso.analysis import gains, similarity
from perso.report.sentences import format_interval
from perso.stats import paired
from perso.study.study import Study


def gain_sentence(table: pd.DataFrame) -> Markdown:
    """What a method adds on some classes and on the others, in percentage points.

    table   of `similarity.gain_on_classes`
    """
    these = paired.paired_change(table["these"])
    others = paired.paired_change(table["others"])
    return Markdown(
        f"{format_interval(these)} points on these classes, {format_interval(others)} on the "
        f"others; the difference is {gap_text(table)}."
    )


def gap_text(table: pd.DataFrame) -> str:
    """What a method adds on some classes more than on the others, in percentage points.

    table   of `similarity.gain_on_classes`
    """
    return format_interval(paired.paired_change(table["these"] - table["others"]))


def symmetric_note(study: Study, rows: pd.DataFrame, method: str) -> Markdown:
    """What a method adds on digits that a flip hardly changes, and on the others."""
    if not gains.has_flipped_digits(study):
        return Markdown("Not tested: the classes of these data are no digits with flips.")
    table = similarity.gain_on_classes(study, rows, method, gains.SYMMETRIC_DIGITS)
    return gain_sentence(table)
