"""Texts about what a network for one person costs (chapter 16)."""

import numpy as np
import pandas as pd

from perso.analysis.cost import break_even
from perso.methods.method import FAMILIES
from perso.methods.registry import METHODS


def family_shares(table: pd.DataFrame) -> dict[str, str]:
    """Smallest and largest r_train of every family, without the baseline and controls.

    table   of `cost.training_cost`
    """
    texts = {}
    for family in FAMILIES:
        names = members(table, family)
        if family not in ("baseline", "control") and names:
            r_train = table.loc[names, "r_train"]
            ends = dict.fromkeys(f"{end:.2f}" for end in (r_train.min(), r_train.max()))
            texts[family] = " to ".join(ends)
    return texts


def three_digits(value: float) -> str:
    """A number with three significant digits and without an exponent: "5.84", "567,000"."""
    rounded = float(f"{value:.3g}")
    if rounded == 0:
        return "0"
    places = max(0, 2 - int(np.floor(np.log10(abs(rounded)))))
    return f"{rounded:,.{places}f}"


def members(table: pd.DataFrame, family: str) -> list[str]:
    """Names of a family's methods that a table has a line of."""
    return [each.name for each in METHODS if each.family == family and each.name in table.index]


def break_even_text(table: pd.DataFrame) -> str:
    """From how many people on settings of transfer learning cost no more than whole trainings.

    table   of `cost.training_cost`
    """
    break_even = table.loc[members(table, "transfer learning"), "break-even"]
    reached = break_even.replace(np.inf, np.nan).dropna()
    count = f"{len(reached)} of {len(break_even)} settings"
    if reached.empty:
        return f"no number of people on ({count})"
    return f"{reached.max():,.0f} people on ({count})"


def main_costs(table: pd.DataFrame, whole: int) -> pd.DataFrame:
    """What the first page's methods cost as text, in its order.

    table   of `cost.cost_by_schedule`, with these methods
    whole   iterations of the baseline
    """
    pays_off = [
        f"{break_even(shared, own, whole):,.0f} people" if shared else ""
        for own, shared in zip(table["own"], table["shared"], strict=True)
    ]
    columns = {
        "% of a training": (100 * table["own"] / whole).map("{:.0f}".format),
        "own iterations": table["own"].map("{:,.0f}".format),
        "shared iterations": table["shared"].map("{:,.0f}".format),
        "sharing pays off from": pays_off,
    }
    return pd.DataFrame(columns, index=table.index)


def schedule_cost_texts(table: pd.DataFrame) -> dict[str, str]:
    """r_train by v1's schedules beside what v1 printed, by the name of the text.

    table   of `cost.cost_by_schedule`
    """
    late = table.loc[["TL-n-20 (1e-2)", "TL-n-200 (1e-2)"], "r_train"]
    long, weighing = table.loc["ES-n-5000"], table.loc["SW-n-2"]
    return {
        "cost_late": " and ".join(late.map("{:.3f}".format)),
        "cost_long": f"{long['r_train']:.2f} times the baseline's, where v1 printed "
        f"{long['v1 factors']:.1f}",
        "cost_weighed": f"{weighing['r_train']:.0f} exactly; v1's {weighing['v1 factors']:.2f} "
        "differs because it is measured time",
    }


def measured_cost_texts(
    table: pd.DataFrame, search: float, setups: int, hours: float
) -> dict[str, str]:
    """How the models' seconds were measured and how much they scatter, by the name of the text.

    table    of `cost.training_cost`
    search   of `cost.encoder_iterations`
    setups   of `cost.training_setups`
    hours    of `cost.training_hours`
    """
    ms = table["ms an iteration"]
    return {
        "cost_sharing": f"{table.attrs['people']:g}",
        "cost_search": f"{search:.2g}",
        "cost_kinds": "in one way" if setups == 1 else f"in {setups} ways",
        "cost_hours": f"{hours:.1f} h" if hours > 2 else f"{60 * hours:.0f} min",
        "cost_scatter": f"{ms.min():.3g} to {ms.max():.3g} ms, a factor of "
        f"{ms.max() / ms.min():.1f}",
    }


def latency_text(table: pd.DataFrame) -> pd.DataFrame:
    """Milliseconds of forward passes as text: a line per network and number of images.

    table   of `cost.network_latency`
    """
    names = [
        f"{network}, {images:,} {'image' if images == 1 else 'images'}"
        for network, images in table.index
    ]
    columns = {"median": "median, ms", "low": "lower quartile", "high": "upper quartile"}
    return table.map("{:.3g}".format).set_axis(names).rename(columns=columns)
