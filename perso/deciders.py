"""What decides a claim: each test asks the evidence and answers with a finding. Verdicts are `ledger`'s."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from perso import resampling, stats
from perso.evidence import Evidence

LEAST = 6  # people below whom no test decides: fewer cannot reach .05 by flipping signs
Z = 2.8  # a standard error times this is found with a power of 80 % (1.96 + .84)


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
    detectable: float = np.nan  # with a power of 80 %, before correction
    margin: float = np.nan
    family: tuple = ()  # findings of one family are corrected together; (): this one alone
    of: str = "v3"  # whose rows
    bounds: tuple[float, float] = (np.nan, np.nan)  # of the 90 % interval, against the margin
    author: bool | None = None  # the papers' way: right sign, t-test below .1, uncorrected; None: no paired test
    more: dict = field(default_factory=dict, hash=False)
    holm: float = np.nan
    outcome: str = ""  # for | against | open | few; a test that is no statistic says it itself
    settled: bool = False  # whether a test of its group, of which any suffices, speaks for the claim


@dataclass(frozen=True)
class Above:
    """One method is above another on a part, over people."""

    method: str
    base: str
    part: str
    family: str = "shaping"
    of: str = "v3"
    sides: int = 2

    def find(self, evidence: Evidence) -> Finding:
        seen = evidence.effect(self.of, self.method, self.base, self.part)
        more = {"d_z": seen.d_z, "t": seen.t, "wilcoxon": seen.wilcoxon, "improved": seen.improved,
                "harmed": seen.harmed, "better": seen.belief.better, "equal": seen.belief.equal}
        test, p, ends, bounds = "sign-flip", seen.p, (seen.low, seen.high), (seen.low90, seen.high90)
        models, drawn = evidence.generic(self.of, self.method, self.base, self.part)
        more |= {"generic": models} if models else {}
        if drawn:  # flipping people's signs would forget that a generic model is drawn, too, and is shared by them
            test, (p, *ends) = "mixed model", drawn.effects.loc["mean", ["p", "low", "high"]]
            bounds = ends
        return Finding(
            f"{self.method} − {self.base} on {self.part}", test, *points(seen.mean, *ends),
            p if self.sides == 2 else one_sided(p, seen.mean), seen.n,
            detectable=100 * stats.detectable(seen.sd, seen.n), margin=100 * seen.margin,
            family=(self.family, self.of, self.part), of=self.of, bounds=points(*bounds),
            author=bool(seen.mean > 0 and seen.t < 0.1), more=more,
        )


@dataclass(frozen=True)
class Alike:
    """Two methods are equivalent on a part, within the margin that was fixed beforehand."""

    method: str
    base: str
    part: str
    of: str = "v3"

    def find(self, evidence: Evidence) -> Finding:
        seen = evidence.effect(self.of, self.method, self.base, self.part)
        t = 100 * seen.sd / np.sqrt(seen.n)
        return Finding(
            f"{self.method} − {self.base} on {self.part}", "TOST", *points(seen.mean, seen.low, seen.high), seen.within,
            seen.n, expected=0, margin=100 * seen.margin, of=self.of, bounds=points(seen.low90, seen.high90),
            detectable=2.93 * t,  # the margin that is shown with 80 % power where nothing differs: 1.645 + 1.282
            more={"d_z": seen.d_z, "t": seen.t, "wilcoxon": seen.wilcoxon, "equal": seen.belief.equal},
        )


@dataclass(frozen=True)
class NotBelow:
    """One method is not below another by more than the margin (the half of TOST that asks for harm)."""

    method: str
    base: str
    part: str
    of: str = "v3"

    def find(self, evidence: Evidence) -> Finding:
        seen = evidence.effect(self.of, self.method, self.base, self.part)
        outcome = "for" if seen.harmless < 0.05 else "against" if seen.high90 < -seen.margin else "open"
        return Finding(
            f"{self.method} − {self.base} on {self.part}", "non-inferiority", *points(seen.mean, seen.low, seen.high),
            seen.harmless, seen.n, margin=100 * seen.margin, of=self.of, outcome=outcome,
            detectable=2.49 * 100 * seen.sd / np.sqrt(seen.n),  # 1.645 + .842
        )


@dataclass(frozen=True)
class Rising:
    """Accuracy on a part rises (or falls) along methods, in this order."""

    methods: tuple[str, ...]
    part: str
    direction: int = 1
    of: str = "v3"
    family: str = ""

    def find(self, evidence: Evidence) -> Finding:
        wide = self.direction * evidence.people(self.of, self.part, *self.methods).to_numpy()
        slopes = np.nan_to_num([resampling.rho(np.arange(wide.shape[1]), line) for line in wide])  # 0: all alike
        interval = resampling.people_alone(slopes, evidence.rng("rising", self.of, self.part, *self.methods))
        word = "rises" if self.direction > 0 else "falls"
        return Finding(
            f"accuracy on {self.part} {word} along {', '.join(self.methods)}", "Page's L", interval.value, interval.low,
            interval.high, stats.rising(wide) if len(wide) > 1 else np.nan, len(wide), unit="ρ", of=self.of,
            detectable=reach(interval), family=(self.family, self.of, self.part) if self.family else (),
        )


@dataclass(frozen=True)
class Spread:
    """People vary more (direction +1) or less (-1) by a method than by another."""

    method: str
    base: str
    part: str
    direction: int
    of: str = "v1"

    def find(self, evidence: Evidence) -> Finding:
        one, other = evidence.people(self.of, self.part, self.method, self.base).to_numpy().T
        draw = evidence.rng("spread", self.of, self.method, self.base, self.part)
        interval, _ = resampling.sd_ratio(one, other, draw)
        return Finding(
            f"log sd of {self.method} / {self.base} on {self.part}", "Brown–Forsythe", interval.value, interval.low,
            interval.high, resampling.brown_forsythe(one, other, draw), len(one), unit="log ratio",
            expected=self.direction, of=self.of, detectable=reach(interval), family=("spread", self.of, self.part),
            more={"Pitman–Morgan": stats.pitman_morgan(one, other)},
        )


@dataclass(frozen=True)
class Measured:
    """Anything else: a function of the evidence."""

    function: Callable[..., Finding]
    arguments: tuple = ()

    def find(self, evidence: Evidence) -> Finding:
        return self.function(evidence, *self.arguments)


def one_sided(p: float, mean: float) -> float:
    """p that a mean is above 0, of the two-sided one, which is twice the smaller tail."""
    return p / 2 if mean > 0 else 1 - p / 2


def points(*shares: float) -> tuple[float, ...]:
    """Shares in percentage points."""
    return tuple(100 * share for share in shares)


def reach(interval: resampling.Interval) -> float:
    """What a bootstrapped number must be to be found with 80 % power, by the width of its interval."""
    return Z * (interval.high - interval.low) / (2 * 1.96)


def corrected(findings: Sequence[Finding]) -> list[Finding]:
    """The findings with p corrected (Holm) within their families."""
    found, holm = list(findings), {}
    for family in {f.family for f in found if f.family}:
        places = [k for k, f in enumerate(found) if f.family == family]
        holm |= dict(zip(places, stats.holm(np.array([found[k].p for k in places])), strict=True))
    sizes = {f.family: sum(other.family == f.family for other in found) for f in found}
    return [decided(replace(f, holm=float(holm.get(k, f.p))), sizes[f.family] if f.family else 1)
            for k, f in enumerate(found)]


def decided(found: Finding, tests: int = 1) -> Finding:
    """The finding with its outcome; `few` below the people that a family of so many tests needs."""
    if found.outcome and found.test == "count":
        return found
    least = max(LEAST, resampling.least_people(tests)) if found.test == "sign-flip" else LEAST
    if found.n < least:
        return replace(found, outcome="few", more=found.more | {"needs": least})
    if found.outcome:
        return found
    if found.expected == 0:
        beyond = found.bounds[0] > found.margin or found.bounds[1] < -found.margin
        return replace(found, outcome="for" if found.p < 0.05 else "against" if beyond else "open")
    low, high = sorted((found.expected * found.low, found.expected * found.high))
    against = (high < 0 and found.holm < 0.05) or found.bounds[1] < found.margin  # the other way, or too little
    return replace(found, outcome="for" if low > 0 and found.holm < 0.05 else "against" if against else "open")
