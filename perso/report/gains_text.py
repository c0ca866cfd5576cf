"""Texts about where personalization helps, and at what price (chapter 15)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from perso.report import tables
from perso.report.tables import SIGNIFICANT


def class_share_text(line: pd.Series) -> str:
    """The share of the gains' variation within people that differs by class, and its p.

    line   of `gains.class_shares`
    """
    if np.isnan(line["p"]):
        return "not known, too few people have every class"
    return (
        f"{100 * line['share']:.0f} % of it, where {100 * line['expected']:.0f} % is expected if "
        f"classes do not differ (p = {line['p']:.2g})"
    )


def clear_text(shares: pd.DataFrame) -> str:
    """With which of two methods a difference of gains between classes is clear, and the p.

    shares   of `gains.class_shares`
    """
    (one, p), (other, q) = shares["p"].items()
    if np.isnan(p) or np.isnan(q):
        return "not known"
    if (p < SIGNIFICANT) == (q < SIGNIFICANT):
        said = "clear with both" if p < SIGNIFICANT else "not clear with either"
        return f"{said} (p = {p:.2g} and {q:.2g})"
    if q < SIGNIFICANT:
        one, p, other, q = other, q, one, p
    return f"clear with {one} (p = {p:.2g}) but not with {other} (p = {q:.2g})"


def class_gain_table(by_class: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """`gains.by_class` of several methods as text: classes down, a block of columns per method."""
    blocks = {}
    for name, table in by_class.items():
        cells = {
            "change in pp [95 %]": table.apply(tables.format_change, axis=1),
            "errors removed (%)": (100 * table["removed"]).map("{:.0f}".format),
            "p (Holm)": table["holm"].map("{:.2g}".format),
        }
        blocks[name] = pd.DataFrame(cells)
    first = next(iter(by_class.values()))
    people = {
        "people": first["n"].astype(str),
        "BaseLine (%)": (100 * first["base"]).map("{:.1f}".format),
    }
    return pd.concat({"": pd.DataFrame(people), **blocks}, axis=1).replace("nan", "")


def class_gain_sentence(method: str, table: pd.DataFrame) -> str:
    """On which classes a method gains most and least, and on how many the gain is clear.

    table   of `gains.by_class`, classes alone
    """
    most, least = table["change"].idxmax(), table["change"].idxmin()
    clear = (table["holm"] < SIGNIFICANT).sum()
    return (
        f"{method} gains most on class {most} ({tables.format_change(table.loc[most])}) and least "
        f"on {least} ({tables.format_change(table.loc[least])}). Its gain is clear after Holm's "
        f"correction on {clear} of {len(table)} classes."
    )


def gainers_text(table: pd.DataFrame) -> str:
    """How many people gain on their own data, and the range of their gains (`gains.by_size`)."""
    gain = 100 * table["gain"]
    return f"{(gain > 0).sum()} of {len(gain)} ({gain.min():+.1f} to {gain.max():+.1f} points)"


def sizes_text(sizes: pd.Series, too_similar: bool) -> str:
    """The range of training sizes, and whether they vary enough to show the effect of more data.

    sizes, too_similar   `gains.training_sizes` and `gains.sizes_too_similar`
    """
    rest = ", too similar to estimate the effect of more data" if too_similar else ""
    return f"{sizes.min()} to {sizes.max()} images{rest}"


def size_slope_sentence(slopes: dict[str, dict[str, float]], too_similar: bool) -> str:
    """Rank correlation of gain and training size, and the gain for 100 images more.

    slopes   `gains.slope` by method; the second number is left out where sizes are too similar
    """
    texts = []
    for name, found in slopes.items():
        interval = "" if np.isnan(found["low"]) else f" [{found['low']:+.2f}, {found['high']:+.2f}]"
        rho = "not known" if np.isnan(found["rho"]) else f"{found['rho']:+.2f}{interval}"
        text = f"{name} {rho}"
        if not (too_similar or np.isnan(found["per_100"])):
            per_100 = [found[key] for key in ("per_100", "per_low", "per_high")]
            change = pd.Series(per_100, ["change", "low", "high"])
            text += f", {tables.format_change(change)} points for 100 images more"
        texts.append(text)
    return f"Spearman's rho of gain and training size: {'; '.join(texts)}."


def front_sentence(table: pd.DataFrame, alone: float) -> str:
    """How many methods are on the front of the means, and which has the largest sum, as a clause.

    table   of `tradeoff.front_membership`
    alone   of `tradeoff.alone_share`
    """
    return (
        f"{table['member'].sum()} of {len(table)} methods are on the front of the means, one alone "
        f"in {100 * alone:.0f} % of draws; {table['best'].idxmax()} has the largest sum with "
        f"probability {table['best'].max():.2f}"
    )


def front_table(fronts: dict[str, pd.DataFrame], changes: str) -> pd.DataFrame:
    """`tradeoff.front_membership` of several sets of methods as text, a block of columns per set.

    changes   the set whose changes to the baseline stand first
    """
    points = 100 * fronts[changes][["D_I", "D_G"]]
    blocks = {"change (pp)": points.map("{:+.1f}".format)}
    for name, table in fronts.items():
        low, high = (table[end].map("{:.2g}".format) for end in ("from", "to"))
        prices = low + " to " + high.replace("inf", "∞")
        cells = {
            "on the front": table["probability"].map("{:.2f}".format),
            "largest sum": table["best"].map("{:.2f}".format),
            "best at prices": prices.where(table["from"].notna(), ""),
        }
        blocks[name] = pd.DataFrame(cells)
    return pd.concat(blocks, axis=1).fillna("").rename_axis(None)


def kinds_sentence(kinds: pd.DataFrame, missing: Sequence[str]) -> str:
    """The family that most probably has the best method in each run; sample weighing's probability.

    kinds     of `tradeoff.by_kind`
    missing   runs whose models are neither trained nor published
    """
    best = [f"{family.idxmax()} {run} ({family.max():.2f})" for run, family in kinds.items()]
    weighing = ", ".join(f"{p:.2f}" for p in kinds.loc["sample weighing"])
    text = (
        f"Among the families that v1 compares, most probably best: {'; '.join(best)}. "
        f"Sample weighing has {weighing}."
    )
    return f"{text} Not known here: {', '.join(missing)}." if missing else text
