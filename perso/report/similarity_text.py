"""Texts about data grouping and the similarity of people (chapters 6 and 7)."""

import pandas as pd
from IPython.display import Markdown

from perso.analysis import gains, similarity
from perso.report.sentences import format_interval
from perso.stats import paired
from perso.study.study import Study


def similarity_sentence(ours: pd.Series, raw: pd.Series, latent: int) -> str:
    """How well codes of `latent` numbers keep class and person, compared with raw pixels.

    ours, raw   lines of `similarity.compare_spaces`
    """
    return (
        f"In codes of {latent} numbers, the nearest other image is by the same person "
        f"{ours['× chance']:.1f} times as often as by chance, and shows the same class in "
        f"{ours['class']:.0%} of cases; in raw pixels {raw['× chance']:.1f} times as often, and in "
        f"{raw['class']:.0%}. Within classes, {100 * ours['R²']:.0f} % of the variation of codes "
        f"is between people (PERMANOVA, p = {ours['p']:.3f})."
    )


def gain_sentence(table: pd.DataFrame) -> Markdown:
    """What a method adds on some classes and on the others, in percentage points.

    table   of `similarity.gain_on_classes`
    """
    these = paired.paired_change(table["these"])
    others = paired.paired_change(table["others"])
    difference = paired.paired_change(table["these"] - table["others"])
    return Markdown(
        f"{format_interval(these)} points on these classes, {format_interval(others)} on the "
        f"others; the difference is {format_interval(difference)}."
    )


def symmetric_note(study: Study, rows: pd.DataFrame, method: str) -> Markdown:
    """What a method adds on digits that a flip hardly changes, and on the others."""
    if not gains.has_flipped_digits(study):
        return Markdown("Not tested: the classes of these data are no digits with flips.")
    table = similarity.gain_on_classes(study, rows, method, gains.SYMMETRIC_DIGITS)
    return gain_sentence(table)


def nearness_sentence(table: pd.DataFrame) -> str:
    """For how many people the nearest training samples are in D_G and not in their own D_I.

    table   of `similarity.nearest_distances`
    """
    whole = (table["D_G"] < table["own"]).sum()
    as_few = (table["as few"] < table["own"]).sum()
    return (
        f"For {whole} of {len(table)} people, D_G holds nearer samples than their own D_I; "
        f"when D_G is cut to the size of D_I, for {as_few}."
    )
