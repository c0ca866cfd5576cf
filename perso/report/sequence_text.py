"""Texts about samples that are sequences, and about contexts that differ (chapter 21)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from perso.analysis.drift import LEVEL, ContextGains
from perso.report.answers import UNKNOWN
from perso.report.sentences import format_interval
from perso.report.tables import listed
from perso.stats import paired

LEVEL_TEXT = f"{LEVEL:.2f}".lstrip("0")  # ".05"


# --- whether contexts differ


def drift_texts(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """How many people differ between contexts, and how much of the variance that explains.

    {"sequences_KEY_differ": "25 of 44", "sequences_KEY_share": percent within classes,
    "sequences_KEY_chance": percent that a context without any effect would explain}

    tables   of `drift.drift_table`, by key
    """
    texts = {}
    for key, table in tables.items():
        known = table.dropna()
        share, chance = 100 * known[["share", "chance"]].mean()
        texts |= {
            f"sequences_{key}_differ": f"{(known['p'] < LEVEL).sum()} of {len(known)}",
            f"sequences_{key}_share": percent_or_unknown(share),
            f"sequences_{key}_chance": percent_or_unknown(chance),
        }
    return texts


def percent_or_unknown(percent: float) -> str:
    """A number of percent; UNKNOWN where it is missing."""
    return UNKNOWN if np.isnan(percent) else f"{percent:.1f}"


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


def false_findings_text(found: Mapping[str, np.ndarray]) -> str:
    """How often random halves of a person's items differ, by data set.

    found   of `drift.false_findings`
    """
    texts = [f"{100 * each.mean():.1f} % of {each.size} ({name})" for name, each in found.items()]
    return listed(texts)


def nearest_texts(by_item: pd.Series, by_window: pd.Series) -> dict[str, str]:
    """How much a split by window flatters the nearest training window, in percent and points.

    by_item, by_window   of `drift.nearest_accuracy`, of the same people
    """
    gain = paired.paired_change((by_window - by_item).to_numpy())
    return {
        "sequences_nearest_item": f"{100 * by_item.mean():.1f}",
        "sequences_nearest_window": f"{100 * by_window.mean():.1f}",
        "sequences_nearest_gain": format_interval(gain),
    }


# --- what networks make of it


def gains_texts(gains: Mapping[str, ContextGains | None]) -> dict[str, str]:
    """What fine-tuning on D_I changes in both contexts, by data set; UNKNOWN where it was not run.

    {"sequences_KEY_I": in points on D_I, "sequences_KEY_U": on D_U, "sequences_KEY_less": D_U minus
    D_I, "sequences_KEY_people": how many people}
    """
    texts = {}
    for key, found in gains.items():
        values = dict.fromkeys(("I", "U", "less", "people"), UNKNOWN)
        if found is not None:
            values = {
                "I": format_interval(found.on_I),
                "U": format_interval(found.on_U),
                "less": format_interval(found.difference),
                "people": f"{found.on_I.n}",
            }
        texts |= {f"sequences_{key}_{name}": text for name, text in values.items()}
    return texts


def gains_table(gains: Mapping[str, ContextGains | None]) -> pd.DataFrame:
    """`gains_texts` with the accuracy of the generic network, as a table: a line per data set."""
    lines = {}
    for name, found in gains.items():
        if found is not None:
            lines[name] = {
                "people": f"{found.on_I.n}",
                "method": found.method,
                "generic network, D_I and D_U in %": (
                    f"{100 * found.generic_I:.1f}, {100 * found.generic_U:.1f}"
                ),
                "change on D_I in pp [95 %]": format_interval(found.on_I),
                "change on D_U in pp [95 %]": format_interval(found.on_U),
                "D_U minus D_I in pp [95 %]": format_interval(found.difference),
            }
    return pd.DataFrame.from_dict(lines, orient="index")
