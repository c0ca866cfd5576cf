"""Texts about samples that are sequences, and about contexts that differ (chapter 21)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from perso.analysis.drift import LEVEL, ContextGains
from perso.report.effects_text import NOT_THERE
from perso.report.sentences import format_interval
from perso.stats import paired
from perso.store.published import Published

LEVEL_TEXT = f"{LEVEL:.2f}".lstrip("0")  # ".05"


# --- whether contexts differ


def drift_sentence(table: pd.DataFrame, people: str = "people") -> str:
    """How many people differ between contexts, and how much of the variance that explains.

    table    of `drift.drift_table`
    people   what they are, such as "writers"
    """
    known = table.dropna()
    if known.empty:
        return "This cannot be told: no class has samples of both contexts."
    differ = int((known["p"] < LEVEL).sum())
    share, chance = 100 * known[["share", "chance"]].mean()
    return (
        f"{differ} of {len(known)} {people} differ at p < {LEVEL_TEXT}. On average the context "
        f"explains {share:.1f} % of the variance within classes; a context without any effect "
        f"would explain {chance:.1f} %."
    )


def drift_text(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """People who differ and the mean shares of variance in percent, as text: a line per table.

    tables   of `drift.drift_table`, by what the two contexts are
    """
    lines = {}
    for name, table in tables.items():
        known = table.dropna()
        means = 100 * known[["share", "chance", "quantile"]].mean()
        lines[name] = {
            "people": str(len(known)),
            f"p < {LEVEL_TEXT}": str(int((known["p"] < LEVEL).sum())),
            "explained, %": f"{means['share']:.1f}",
            "by chance, %": f"{means['chance']:.1f}",
            "95 % quantile by chance, %": f"{means['quantile']:.1f}",
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def false_findings_sentence(found: Mapping[str, np.ndarray]) -> str:
    """How often random halves of a person's items differ.

    found   of `drift.false_findings`, by data set
    """
    texts = [f"{100 * each.mean():.1f} % of {each.size} in {name}" for name, each in found.items()]
    return f"Random halves that differ at p < {LEVEL_TEXT}: {'; '.join(texts)}."


def nearest_sentence(by_item: pd.Series, by_window: pd.Series) -> str:
    """How much a split by window flatters the nearest training window.

    by_item, by_window   of `drift.nearest_accuracy`, of the same people
    """
    gain = paired.paired_change((by_window - by_item).to_numpy())
    return (
        f"The nearest training window has the right class for {100 * by_item.mean():.1f} % of a "
        f"person's test windows where blocks stay whole, and for {100 * by_window.mean():.1f} % "
        f"where windows are split one by one: {format_interval(gain)} points on the same recordings"
    )


# --- what networks make of it


def gains_sentence(run: Published, gains: ContextGains | None) -> str:
    """What fine-tuning on D_I does in both contexts, and whether a method could protect the other.

    gains   of this run
    """
    if gains is None:
        return NOT_THERE
    return (
        f"The generic network is right for {100 * gains.generic_I:.1f} % of D_I and "
        f"{100 * gains.generic_U:.1f} % of D_U (means of {gains.on_I.n} people, {run.name}). "
        f"{gains.method} on D_I changes this by {format_interval(gains.on_I)} and "
        f"{format_interval(gains.on_U)} points; D_U minus D_I is "
        f"{format_interval(gains.difference)}. {room_sentence(gains)}"
    )


def room_sentence(gains: ContextGains) -> str:
    """Whether a method that protects the other context has anything to gain."""
    on_U, difference = gains.on_U, gains.difference
    if np.isnan(difference.low) or np.isnan(on_U.low):
        return "Without an interval it is open whether the other context needs protection."
    if difference.high < 0:
        if on_U.high < 0:
            return "The other context loses, so a method that protects it has room."
        if on_U.low > 0:
            return "The other context gains, too, but less: there is some room."
        return (
            "The other context does not share the gain, and whether it loses is open: a method "
            "that helps both contexts has room."
        )
    if on_U.low > 0:
        most = max(-100 * difference.low, 0.0)
        return (
            "The other context is not shown to gain less: a method that protects it can add "
            f"{most:.1f} points at most, by the interval."
        )
    return "It is open whether the other context needs protection."


# --- the answer


def context_answer(contexts: Mapping[str, tuple[pd.DataFrame, ContextGains | None]]) -> str:
    """How far contexts differ, and what fine-tuning on one does in the other.

    contexts   by what they are: of `drift.drift_table`, and of `drift.context_gains`
    """
    sentences = [
        "A sample is a path of points or a piece of a recording. A person's samples are divided by "
        "items, within each context. Whether contexts differ depends on the data."
    ]
    for name, (table, gains) in contexts.items():
        known = table.dropna()
        differ = int((known["p"] < LEVEL).sum())
        sentence = f"{name} differ for {differ} of {len(known)} people (p < {LEVEL_TEXT})"
        if gains is not None:
            sentence += (
                "; fine-tuning on one context changes accuracy in it by "
                f"{format_interval(gains.on_I)} points and in the other by "
                f"{format_interval(gains.on_U)} ({gains.on_I.n} people)"
            )
        sentences.append(f"{sentence}.")
    return " ".join(sentences)
