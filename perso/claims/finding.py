"""The result of one test, and its outcome: whether it supports the claim or contradicts it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from perso.stats import paired

FEWEST_PEOPLE = 6  # below it no test decides: Student's t needs more to be near its level


@dataclass(frozen=True)
class Finding:
    """The result of one test: a number, its intervals and p, and whether it supports the claim.

    The fields are written to ledger files and CSV under these names; nan stands for "unknown".

    what        what was compared or measured; often part of a seed, so rewording changes numbers
    test        the name of the test; chapters/17-calibration describes each and checks its level
    value       the number, in `unit`
    low, high   ends of its 95 % interval
    p           of the same test as the interval, uncorrected
    n           number of people
    cohorts     number of cohorts, each with a D_G of its own; below 3 it holds for these D_G's
    unit        pp (percentage points), or a word
    expected    the value according to the claim: +1 above 0, -1 below 0, 0 within ±margin
    harm        for an equality: the sign of a difference that contradicts the claim; 0: either
    detectable  minimum detectable effect with a power of 80 %
    margin      the smallest size that matters, above 0. Of an effect: half of the printed one, or
                the `telescope` where none of the claim's sign is printed. Of an equality: declared.
    bounds      ends of the 90 % interval that is compared with the margin
    printed     the papers' number, in `unit`; nan where they print none
    predicted   95 % interval for the number of another study of the papers' size
    telescope   the effect that the papers' number of people had a power of 33 % for
    of          the run whose rows were used, one of `evidence.RUN_NAMES`
    author      the papers' criterion: right sign and an uncorrected t-test below .1; None where
                the test is not a paired one
    more        further statistics by name
    holm        p corrected within a group of tests of which one is enough (Holm); else p itself
    outcome     for | against | open | few (too few people); a test without an interval sets it
    settled     whether a test of its group supports the claim, where one of a group is enough
    group       place of its group among the claim's tests
    """

    what: str
    test: str
    value: float
    low: float
    high: float
    p: float
    n: int
    cohorts: int = 1
    unit: str = "pp"
    expected: int = 1
    harm: int = 0
    detectable: float = np.nan
    margin: float = np.nan
    bounds: tuple[float, float] = (np.nan, np.nan)
    printed: float = np.nan
    predicted: tuple[float, float] = (np.nan, np.nan)
    telescope: float = np.nan
    of: str = "v3"
    author: bool | None = None
    more: dict = field(default_factory=dict, hash=False)
    holm: float = np.nan
    outcome: str = ""
    settled: bool = False
    group: int = 0


def decide_group(findings: Sequence[Finding], missing: int = 0) -> list[Finding]:
    """The findings of a group of tests, of which one is enough, with Holm's p and their outcomes.

    missing   number of tests of the group that could not run; they count in the correction
    """
    p = np.array([finding.p for finding in findings] + [1.0] * missing)
    corrected = paired.holm(p)[: len(findings)] if len(p) > 1 else p
    decided = [
        decide(replace(finding, holm=float(holm)))
        for finding, holm in zip(findings, corrected, strict=False)
    ]
    settled = any(finding.outcome == "for" for finding in decided)
    return [replace(finding, settled=settled) for finding in decided]


def decide(found: Finding) -> Finding:
    """Return the finding with its outcome."""
    if found.outcome and found.test == "count":  # arithmetic needs no people
        return found
    if found.n < FEWEST_PEOPLE:
        return replace(found, outcome="few", more=found.more | {"needs": FEWEST_PEOPLE})
    if found.outcome:
        return found
    outcome = difference_outcome(found) if found.expected else equality_outcome(found)
    return replace(found, outcome=outcome)


def difference_outcome(found: Finding) -> str:
    """Outcome of a test that a number is above 0, or below 0 where the claim says so.

    for       the 95 % interval lies on the claim's side of 0
    against   it lies on the other side, or the 90 % interval lies below the margin
    """
    low, high = sorted((found.expected * found.low, found.expected * found.high))
    _, high90 = sorted(found.expected * end for end in found.bounds)
    if low > 0:
        return "open" if found.holm >= 0.05 else "for"
    return "against" if high < 0 or high90 < found.margin else "open"


def equality_outcome(found: Finding) -> str:
    """Outcome of a test that a difference lies within ±margin.

    for       the 90 % interval lies within ±margin (TOST)
    against   it lies outside, on a side that does harm
    """
    low, high = found.bounds
    if -found.margin < low and high < found.margin:
        return "open" if found.holm >= 0.05 else "for"
    harmful = (low > found.margin and found.harm >= 0) or (high < -found.margin and found.harm <= 0)
    return "against" if harmful else "open"
