"""What CRoP prints, counted as it counts, and the weight of its penalty (chapter 23)."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from perso.claims.context_claims import CROP
from perso.claims.finding import FEWEST_PEOPLE
from perso.parts import BOTH
from perso.report.context_text import AGAINST_TUNED, Bed
from perso.report.tables import format_change, listed

# --- its tables


class PrintedSums(NamedTuple):
    """A setting of CRoP's tables: sums over both contexts in percentage points, then each."""

    setting: str
    people: int
    to_generic: float  # ΔP
    to_tuned: float  # ΔG
    available: float | None = None  # against the generic network
    unseen: float | None = None


PRINTED = (
    PrintedSums("PERCEPT-R", 16, 5.08, 2.57),
    PrintedSums("WIDAR, scenario 1", 3, 8.56, 6.43, 25.25, -16.69),
    PrintedSums("WIDAR, scenario 2", 3, 5.90, 4.30, 11.88, -5.97),
    PrintedSums("ExtraSensory, scenario 1", 5, 17.49, -0.46, 16.40, 1.08),
    PrintedSums("ExtraSensory, scenario 2", 5, 13.52, 8.17, 18.37, -5.02),
    PrintedSums("Stress, one context changes, scenario 1", 3, 67.81, 13.81, 31.78, 36.03),
    PrintedSums("Stress, one context changes, scenario 2", 3, 85.25, 13.08),
    PrintedSums("Stress, two contexts change, scenario 1", 3, 54.38, 12.00),
    PrintedSums("Stress, two contexts change, scenario 2", 3, 59.21, 10.15),
)
PRINTED_MEANS = (35.23, 7.78)  # of ΔP and ΔG over these settings


def sums_table(tables: Mapping[Bed, pd.DataFrame]) -> pd.DataFrame:
    """What CRoP gains as its paper counts it, and on each context: the printed, then ours."""
    lines = {}
    for each in PRINTED:
        numbers = (each.to_generic, each.to_tuned, each.available, each.unseen)
        lines["printed", each.setting] = [
            "" if number is None else f"{number:+.2f}" for number in numbers
        ]
    lines["printed", "mean"] = [f"{PRINTED_MEANS[0]:+.2f}", f"{PRINTED_MEANS[1]:+.2f}", "", ""]
    (crop,) = CROP
    for bed, table in tables.items():
        if crop in table.index and AGAINST_TUNED in table:
            line = table.loc[crop]
            columns = (BOTH, AGAINST_TUNED, "D_I", "D_U")
            lines["ours", bed.name] = [format_change(line[column]) for column in columns]
    heads = ["ΔP", "ΔG", "available: D_I", "unseen: D_U"]
    index = pd.MultiIndex.from_tuples(list(lines))
    return pd.DataFrame(list(lines.values()), index, heads)


def printed_texts() -> dict[str, str]:
    """What its tables show, by key.

    "contexts_printed": the people of its data sets; "contexts_few": how many tables have fewer
    than this book tests a claim with; "contexts_below": where CRoP is below the generic network on
    the unseen context
    """
    people = {each.setting.split(",")[0]: each.people for each in PRINTED}
    few = [name for name, count in people.items() if count < FEWEST_PEOPLE]
    below = [each for each in PRINTED if each.unseen is not None and each.unseen < 0]
    return {
        "contexts_printed": listed([f"{name} {count}" for name, count in people.items()]),
        "contexts_few": f"{len(few)} of its {len(people)}",
        "contexts_below": listed([f"{-each.unseen:.2f} ({each.setting})" for each in below]),
    }


# --- the trained penalty


class Penalty(NamedTuple):
    """A weight of the ℓ1 penalty that is trained with the network."""

    data: str
    source: str
    alpha: float  # α₀, before the training
    rate: float  # learning rate
    epochs: int  # of the first fine-tuning


PENALTIES = (
    Penalty("PERCEPT-R", "Table 5", 0.01, 1e-5, 300),
    Penalty("WIDAR", "Table 5", 1e-4, 1e-6, 600),
    Penalty("WIDAR", "code", 1e-3, 1e-6, 600),
    Penalty("ExtraSensory", "Table 5", 0.5, 1e-6, 600),
    Penalty("ExtraSensory", "code", 0.5, 1e-4, 600),
    Penalty("Stress", "Table 5", 1e-4, 1e-5, 1000),
    Penalty("Stress", "code", 1e-4, 1e-5, 500),
)


def sign_turn(alpha: float, rate: float) -> int:
    """The step after which a trained ℓ1 weight α is about 0; the next one makes it negative.

    alpha   α₀ > 0, before the training
    rate    learning rate of Adam

    The derivative of α · ‖W‖₁ by α is ‖W‖₁, above 0 whatever the data. Adam divides it by its own
    size, so that α falls by about one rate per step.
    """
    return round(alpha / rate)


def penalties_table() -> pd.DataFrame:
    """The step at which the trained α of CRoP changes its sign, by data set and source."""
    lines = {
        (each.data, each.source): {
            "α₀": f"{each.alpha:g}",
            "learning rate": f"{each.rate:g}",
            "epochs": f"{each.epochs:,}",
            "α is 0 after … steps": f"{sign_turn(each.alpha, each.rate):,}",
        }
        for each in PENALTIES
    }
    return pd.DataFrame.from_dict(lines, orient="index")
