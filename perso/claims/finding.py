"""What a test found, corrected within its family, and whether it speaks for a claim. Verdicts are `ledger`'s."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from perso.stats import paired, permutation

MIN_PEOPLE = 6  # people; below them no test decides: fewer cannot reach .05 by flipping signs


@dataclass(frozen=True)
class Finding:
    """What a test found: a number, its 95 % interval, how likely it is by chance."""

    what: str
    test: str  # by which test; chapters/17-calibration says how, and whether it keeps its word
    value: float
    low: float
    high: float
    p: float  # uncorrected
    n: int  # people
    unit: str = "pp"  # of value: pp, percentage points | a word
    expected: int = 1  # the claim says: +1 above 0 | -1 below | 0 within the margin
    sides: int = 2  # of its p
    harm: int = 0  # of an equality: the sign of a difference that goes against the claim; 0: either
    detectable: float = np.nan  # with a power of 80 %, before correction
    margin: float = np.nan
    family: tuple = ()  # findings of one family are corrected together; (): this one alone
    of: str = "v3"  # whose rows
    bounds: tuple[float, float] = (
        np.nan,
        np.nan,
    )  # of the 90 % interval (a mixed model's: 95 %), against the margin
    author: bool | None = (
        None  # the papers' way: right sign, t-test below .1, uncorrected; None: no paired test
    )
    more: dict = field(default_factory=dict, hash=False)
    little: float = (
        np.nan
    )  # p that it is below the margin; told where the papers printed as much or more
    holm: float = np.nan
    outcome: str = ""  # for | against | open | few; a test that is no statistic says it itself
    settled: bool = (
        False  # whether a test of its group, of which any suffices, speaks for the claim
    )


def correct(findings: Sequence[Finding]) -> list[Finding]:
    """The findings with p corrected (Holm) within their families, and decided."""
    found, holm, little = list(findings), {}, {}
    for family in {f.family for f in found if f.family}:
        places = [k for k, f in enumerate(found) if f.family == family]
        for name, into in (("p", holm), ("little", little)):
            values = paired.holm(np.array([getattr(found[k], name) for k in places]))
            into |= dict(zip(places, values, strict=True))
    sizes = {f.family: sum(other.family == f.family for other in found) for f in found}
    return [
        decide(
            replace(f, holm=float(holm.get(k, f.p)), little=float(little.get(k, f.little))),
            sizes[f.family] if f.family else 1,
        )
        for k, f in enumerate(found)
    ]


def placeholder(test) -> Finding:
    """Stands in its family for a test that lacks its rows, so that the others are not corrected for fewer."""
    return Finding("", "", np.nan, np.nan, np.nan, 1.0, 0, family=(test.family, test.of, test.part))


def decide(found: Finding, tests: int = 1) -> Finding:
    """The finding with its outcome; `few` below the people that a family of so many tests needs."""
    if found.outcome and found.test == "count":
        return found
    least = (
        max(MIN_PEOPLE, permutation.fewest_people(tests, sides=found.sides))
        if found.test == "sign-flip"
        else MIN_PEOPLE
    )
    if found.n < least:
        return replace(found, outcome="few", more=found.more | {"needs": least})
    if found.outcome:
        return found
    if found.expected == 0:
        above, below = found.bounds[0] > found.margin, found.bounds[1] < -found.margin
        against = (above and found.harm >= 0) or (below and found.harm <= 0)
        return replace(found, outcome="for" if found.p < 0.05 else "against" if against else "open")
    low, high = sorted((found.expected * found.low, found.expected * found.high))
    opposite = high < 0 and found.holm < 0.05
    too_little = high < found.margin and found.little < 0.05
    against = opposite or too_little
    return replace(
        found, outcome="for" if low > 0 and found.holm < 0.05 else "against" if against else "open"
    )
