"""Texts about what a network for one person costs (chapter 16)."""

import numpy as np
import pandas as pd

from perso.methods.method import (
    FAMILIES,
)
from perso.methods.registry import METHODS


def cost_sentence(table: pd.DataFrame) -> str:
    """r_train of every family, and from how many people on transfer learning costs no more.

    table   of `cost.training_cost`
    """
    members = {
        family: [m.name for m in METHODS if m.family == family and m.name in table.index]
        for family in FAMILIES
        if family not in ("baseline", "control")
    }
    shares = []
    for family, names in members.items():
        if names:
            r_train = table.loc[names, "r_train"]
            ends = dict.fromkeys(f"{end:.2f}" for end in (r_train.min(), r_train.max()))
            shares.append(f"{family} {' to '.join(ends)}")
    break_even = table.loc[members["transfer learning"], "break-even"].replace(np.inf, np.nan)
    since = f", from {break_even.max():,.0f} people on" if break_even.count() else ""
    return (
        f"Training for one person only, as a share of the baseline's: {', '.join(shares)}. "
        f"With what all people share included, {break_even.count()} of {len(break_even)} settings "
        f"of transfer learning cost no more than a training for each person{since}."
    )


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


def late_share_sentence(table: pd.DataFrame) -> str:
    """Smallest and largest r_train of transfer learning at v3's size (`cost.cost_by_schedule`)."""
    ends = f"{table['r_train'].min():.3f} to {table['r_train'].max():.3f}"
    return f"At v3's own size transfer learning's share is {ends}."


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


def network_cost_sentence(weights: float, flop: float, methods: int) -> str:
    """Bytes to keep per person and arithmetic per image, the same for all methods.

    weights, flop   bytes of a network; floating-point operations for an image
    """
    return (
        f"The network is the same in all {methods} rows: {weights / 1000:,.0f} kB to keep for each "
        f"person and {flop / 1e6:.2g} MFLOP for an image. Storage and inference do not depend on "
        "the method."
    )
