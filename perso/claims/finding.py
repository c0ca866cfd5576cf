"""The result of one test, its correction within a family, and its outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from perso.stats import paired, permutation

FEWEST_PEOPLE = (
    6  # below it no test decides: flipping the signs of fewer people cannot reach p < .05
)


@dataclass(frozen=True)
class Finding:
    """The result of one test: a number, its interval and p, and whether it supports the claim.

    The fields are written to ledger files and CSV under these names; nan stands for "unknown".

    what        what was compared or measured; often part of a seed, so rewording changes numbers
    test        the name of the test; chapters/17-calibration describes each and checks its level
    value       the number, in `unit`
    low, high   ends of its 95 % interval
    p           uncorrected
    n           number of people
    unit        pp (percentage points), or a word
    expected    the value according to the claim: +1 above 0, -1 below 0, 0 within ±margin
    sides       of p: 2 or 1
    harm        for an equality: the sign of a difference that contradicts the claim; 0: either
    detectable  minimum detectable effect with a power of 80 %, before correction
    margin      differences smaller than this do not matter; fixed beforehand
    family      tests of one family are corrected together; (): this test alone
    of          the run whose rows were used, one of `evidence.RUN_NAMES`
    bounds      ends of the 90 % interval that is compared with the margin
    author      the papers' criterion: right sign and an uncorrected t-test below .1; None where
                the test is not a paired one
    more        further statistics by name
    little      p that the effect is below the margin; nan where the papers print such an effect
    holm        p corrected within the family (Holm)
    outcome     for | against | open | few (too few people); a test without a p sets it itself
    settled     whether a test of its group supports the claim, where one of a group is enough
    """

    what: str
    test: str
    value: float
    low: float
    high: float
    p: float
    n: int
    unit: str = "pp"
    expected: int = 1
    sides: int = 2
    harm: int = 0
    detectable: float = np.nan
    margin: float = np.nan
    family: tuple = ()
    of: str = "v3"
    bounds: tuple[float, float] = (np.nan, np.nan)
    author: bool | None = None
    more: dict = field(default_factory=dict, hash=False)
    little: float = np.nan
    holm: float = np.nan
    outcome: str = ""
    settled: bool = False


def correct(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with p corrected within their families (Holm) and with their outcomes."""
    families: dict[tuple, list[int]] = {}
    for place, finding in enumerate(findings):
        if finding.family:
            families.setdefault(finding.family, []).append(place)

    holm = {place: finding.p for place, finding in enumerate(findings)}
    little = {place: finding.little for place, finding in enumerate(findings)}
    for places in families.values():
        for name, corrected in (("p", holm), ("little", little)):
            values = paired.holm(np.array([getattr(findings[place], name) for place in places]))
            corrected |= dict(zip(places, values, strict=True))

    decided = []
    for place, finding in enumerate(findings):
        tests = len(families[finding.family]) if finding.family else 1
        with_p = replace(finding, holm=float(holm[place]), little=float(little[place]))
        decided.append(decide(with_p, tests))
    return decided


def placeholder(test) -> Finding:
    """A finding for a test whose rows are missing, so that its family is corrected in full."""
    return Finding(
        what="",
        test="",
        value=np.nan,
        low=np.nan,
        high=np.nan,
        p=1.0,
        n=0,
        family=(test.family, test.of, test.part),
    )


def decide(found: Finding, tests: int = 1) -> Finding:
    """Return the finding with its outcome.

    tests   number of tests in its family; the more there are, the more people a test needs
    """
    if found.outcome and found.test == "count":  # arithmetic needs no people
        return found
    needed = people_needed(found, tests)
    if found.n < needed:
        return replace(found, outcome="few", more=found.more | {"needs": needed})
    if found.outcome:
        return found
    if found.expected == 0:
        return replace(found, outcome=equality_outcome(found))
    return replace(found, outcome=difference_outcome(found))


def people_needed(found: Finding, tests: int) -> int:
    """Number of people below which the test cannot decide, in a family of this many tests."""
    if found.test != "sign-flip":
        return FEWEST_PEOPLE
    return max(FEWEST_PEOPLE, permutation.fewest_people(tests, sides=found.sides))


def equality_outcome(found: Finding) -> str:
    """Outcome of a test that a difference lies within ±margin."""
    if found.p < 0.05:
        return "for"
    above = found.bounds[0] > found.margin
    below = found.bounds[1] < -found.margin
    harmful = (above and found.harm >= 0) or (below and found.harm <= 0)
    return "against" if harmful else "open"


def difference_outcome(found: Finding) -> str:
    """Outcome of a test that a number is above 0, or below 0 where the claim says so.

    It contradicts the claim where its sign is the opposite, and where it is too small to matter.
    """
    low, high = sorted((found.expected * found.low, found.expected * found.high))
    if low > 0 and found.holm < 0.05:
        return "for"
    opposite = high < 0 and found.holm < 0.05
    too_little = high < found.margin and found.little < 0.05
    return "against" if opposite or too_little else "open"
