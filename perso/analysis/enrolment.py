"""What forwarded samples and fine-tuning on few of them change, from rows of `enrolled`, `planted`.

A difference is a line: `change`, `low` and `high`, the mean over people with its 95 % interval as
shares, and `tost`, the p of the test that it lies within the part's margin (equivalence).
How many samples of D_I a method has is one of AMOUNTS.
"""

import pandas as pd

from perso.analysis import changes
from perso.methods.enrolled import ALL, ARMS, NOBODY, none_enrolled
from perso.methods.method import Method
from perso.parts import PARTS, margin_of

NONE, WHOLE = "none", "all"
AMOUNTS = (NONE, "1", "3", "12", "36", WHOLE)
ARM_OF = {start: arm for arm, start in ARMS.items()}
DIFFERENCE = ("change", "low", "high", "tost")


def amount_of(method: Method) -> str:
    """How many samples of D_I a method has, one of AMOUNTS."""
    if method.samples:
        return str(method.samples)
    return WHOLE if method.draws_from_I else NONE


def way_of(method: Method) -> str:
    """What a method does with samples, the same for any number of them."""
    return method.name.partition(",")[0].replace(" on all of D_I", "")


def difference_of(rows: pd.DataFrame, method: str, base: str, part: str) -> dict[str, float]:
    """One method minus another on a part, a difference."""
    found = changes.change(rows, method, base, part)
    margin = margin_of(part)
    tost = max(found.p_above(-margin), found.p_below(margin))
    return dict(zip(DIFFERENCE, (found.mean, found.low, found.high, tost), strict=True))


def arms_table(rows: pd.DataFrame, same_network: bool = False) -> pd.DataFrame:
    """Each arm's change on D_I, a difference per (arm, whose, amount).

    whose          own | other | nobody (no enrolment)
    same_network   against the arm's own network without an enrolment, in place of NOBODY
    """
    there = set(rows["method"])
    lines = {}
    for method in ALL:
        if method.start not in ARM_OF:
            continue
        arm = ARM_OF[method.start]
        base = none_enrolled(arm).name if same_network else NOBODY.name
        if method.name != base and {method.name, base} <= there:
            key = arm, method.individual_data, amount_of(method)
            lines[key] = difference_of(rows, method.name, base, "D_I")
    return lines_table(lines, ["arm", "whose", "amount"])


def own_minus_another(rows: pd.DataFrame) -> pd.DataFrame:
    """The own enrolment minus another person's on D_I, a difference per (arm, amount)."""
    there = set(rows["method"])
    lines = {
        (ARM_OF[method.start], amount_of(method)): difference_of(
            rows, method.name, f"{method.name} of another", "D_I"
        )
        for method in ALL
        if method.start in ARM_OF and {method.name, f"{method.name} of another"} <= there
    }
    return lines_table(lines, ["arm", "amount"])


def ways_table(rows: pd.DataFrame) -> pd.DataFrame:
    """The change on D_I and on D_G against NOBODY, per (way, amount): pairs (part, name).

    The ways are forwarding own samples (the first arm alone) and everything else.
    """
    there = set(rows["method"])
    lines = {}
    for method in ALL:
        is_shown = ARM_OF.get(method.start, "enrolled") == "enrolled"
        if method == NOBODY or method.individual_data == "other" or not is_shown:
            continue
        if {method.name, NOBODY.name} <= there:
            lines[way_of(method), amount_of(method)] = {
                (part, name): value
                for part in PARTS
                for name, value in difference_of(rows, method.name, NOBODY.name, part).items()
            }
    table = lines_table(lines, ["way", "amount"])
    order = [pair for way in table.index.unique(0) for pair in in_order(way, table)]
    return table.loc[order]


def in_order(way: str, table: pd.DataFrame) -> list[tuple[str, str]]:
    """The lines of a way in the order of AMOUNTS."""
    return [(way, amount) for amount in AMOUNTS if (way, amount) in table.index]


def lines_table(lines: dict[tuple, dict], names: list[str]) -> pd.DataFrame:
    """Lines by a key of several names as a table; with the index alone where there are none."""
    if not lines:
        empty = pd.MultiIndex.from_tuples([], names=names)
        return pd.DataFrame(columns=list(DIFFERENCE), index=empty, dtype=float)
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis(index=names)
