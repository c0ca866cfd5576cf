"""Texts about where personalization helps, and at what price (chapter 15)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from perso.analysis.gains import SYMMETRIC_DIGITS
from perso.report import tables
from perso.report.tables import SIGNIFICANT

WEIGHING = "sample weighing"  # the family that v1 calls the best trade-off


def class_share_text(line: pd.Series) -> str:
    """The share of the gains' variation within people that lies between classes, as a clause.

    line   of `gains.class_shares`
    """
    if np.isnan(line["p"]):
        return "it is not known, because too few people have every class"
    return (
        f"it is {100 * line['share']:.0f} %, and {100 * line['expected']:.0f} % is expected where "
        f"classes do not differ (p = {line['p']:.2g})"
    )


def clear_text(shares: pd.DataFrame) -> str:
    """With which of two methods gains clearly differ between classes, and the p: a sentence.

    shares   of `gains.class_shares`
    """
    (one, p), (other, q) = shares["p"].items()
    if np.isnan(p) or np.isnan(q):
        return "Whether gains differ between classes is not known."
    if (p < SIGNIFICANT) == (q < SIGNIFICANT):
        found = "do not clearly differ between classes with either method"
        if p < SIGNIFICANT:
            found = "clearly differ between classes with both methods"
        return f"Tested all at once, gains {found} (p = {p:.2g} and {q:.2g})."
    if q < SIGNIFICANT:
        one, p, other, q = other, q, one, p
    return (
        f"Tested all at once, gains clearly differ between classes with {one} (p = {p:.2g}), but "
        f"not with {other} (p = {q:.2g})."
    )


def symmetric_sentence(differences: Mapping[str, str]) -> str:
    """By how much methods gain more on digits that a flip hardly changes; may be empty.

    differences   {method: `similarity_text.gap_text`}
    """
    if not differences:
        return ""
    texts = [f"{text} points with {name}" for name, text in differences.items()]
    digits = tables.listed([str(digit) for digit in SYMMETRIC_DIGITS])
    return (
        f"The gain on {digits}, which v3 names, minus that on the other digits is "
        f"{tables.listed(texts)}."
    )


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
    level = {"BaseLine (%)": (100 * first["base"]).map("{:.1f}".format)}
    table = pd.concat({"": pd.DataFrame(level), **blocks}, axis=1)
    table["", "people"] = first["n"].astype(str)
    return table.replace("nan", "")


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
    """How many people gain on their own data, and the range of changes (`gains.by_size`)."""
    gain = 100 * table["gain"]
    ends = f"from {gain.min():+.1f} to {gain.max():+.1f} points"
    return f"{(gain > 0).sum()} of {len(gain)} people ({ends})"


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
        text = f"{rho} with {name}"
        if not (too_similar or np.isnan(found["per_100"])):
            per_100 = [found[key] for key in ("per_100", "per_low", "per_high")]
            change = pd.Series(per_100, ["change", "low", "high"])
            text += f" ({tables.format_change(change)} points for 100 images more)"
        texts.append(text)
    return (
        "The rank correlation of gain and training size (Spearman's rho) is "
        f"{tables.listed(texts)}."
    )


def front_sentence(table: pd.DataFrame, alone: float) -> str:
    """How many methods are on the front of the means, and which has the largest sum.

    It goes on after "Among all rows", and ends with a full stop.

    table   of `tradeoff.front_membership`
    alone   of `tradeoff.alone_share`
    """
    return (
        f"{table['member'].sum()} of {len(table)} methods are on the front of the means. In "
        f"{100 * alone:.0f} % of draws one method is there alone. {table['best'].idxmax()} has the "
        f"largest sum, with probability {table['best'].max():.2f}."
    )


def best_text(best: pd.Series, people: int) -> str:
    """Which method has the largest sum in how many bootstrap samples of people, as a clause.

    best     `tradeoff.front_membership`'s share of bootstrap samples, by method
    people   how many there are
    """
    return (
        f"{best.idxmax()} has the largest sum of the {len(best)} methods of this page in "
        f"{100 * best.max():.0f} % of bootstrap samples of these {people} people, which leave out "
        "the seed variance"
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
    """Which family most probably has the best method in each run, and sample weighing's chance.

    kinds     of `tradeoff.by_kind`
    missing   runs whose models are neither trained nor published
    """
    texts = []
    for run, families in kinds.items():
        best = families.idxmax()
        name = f"the {best}" if best == "baseline" else best
        text = f"{run[0].upper()}{run[1:]}, {name} is most probably best ({families.max():.2f}"
        if best != WEIGHING:
            text += f"; {WEIGHING} {families[WEIGHING]:.2f}"
        texts.append(f"{text}).")
    text = " ".join(texts)
    return f"{text} Not known here: {', '.join(missing)}." if missing else text
