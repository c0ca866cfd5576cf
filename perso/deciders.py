"""What decides a claim: each test asks the evidence and answers with a finding. Verdicts are `ledger`'s."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.stats import t as student

from perso import resampling, stats
from perso.evidence import Evidence
from perso.methods import METHODS

FEWEST = 6  # people; below them no test decides: fewer cannot reach .05 by flipping signs
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
    sides: int = 2  # of its p
    harm: int = 0  # of an equality: the sign of a difference that goes against the claim; 0: either
    detectable: float = np.nan  # with a power of 80 %, before correction
    margin: float = np.nan
    family: tuple = ()  # findings of one family are corrected together; (): this one alone
    of: str = "v3"  # whose rows
    bounds: tuple[float, float] = (np.nan, np.nan)  # of the 90 % interval (a mixed model's: 95 %), against the margin
    author: bool | None = None  # the papers' way: right sign, t-test below .1, uncorrected; None: no paired test
    more: dict = field(default_factory=dict, hash=False)
    little: float = np.nan  # p that it is below the margin; told where the papers printed as much or more
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
        test, p, ends = "sign-flip", seen.p, (seen.low, seen.high)
        models, drawn = evidence.generic(self.of, self.method, self.base, self.part)
        more |= {"generic": models} if models else {}
        if drawn:  # flipping people's signs would forget that generic models are drawn, too, and shared by people
            test, (p, *ends) = "mixed model", drawn.effects.loc["mean", ["p", "low", "high"]]
        elif models and self.part == "D_G":
            test, (p, *ends) = "few generic models", few_models(seen.mean, seen.sd, seen.n, models)
        said = printed(self.method, self.base, self.part, self.of)
        return Finding(
            f"{self.method} − {self.base} on {self.part}", test, *points(seen.mean, *ends),
            p if self.sides == 2 else one_sided(p, seen.mean), seen.n,
            detectable=100 * stats.detectable(seen.sd, seen.n), margin=100 * seen.margin,
            family=(self.family, self.of, self.part), of=self.of, bounds=points(seen.low90, seen.high90),
            author=bool(seen.mean > 0 and seen.t < 0.1), more=more,
            sides=self.sides, little=seen.little if said is None or said >= seen.margin else np.nan,
        )


def printed(method: str, base: str, part: str, of: str) -> float | None:
    """The difference that the papers' tables have for two methods, a share; None where they have none.

    A control of ours that refines a baseline ("BaseLine + 400 iterations", "… with D_I") stands for that baseline.
    """
    base = re.split(r" \+ | with ", base)[0]
    field, place = {"v1": "v1_factors", "counts": "v1_counts"}.get(of, "paper"), {"D_I": 0, "D_G": 4}[part]
    numbers = {each.name: getattr(each, field) for each in METHODS}
    one, other = numbers.get(method), numbers.get(base)
    return round(one[place] - other[place], 6) if one and other else None


def few_models(mean: float, sd: float, n: int, models: int) -> tuple[float, float, float]:
    """p and 95 % ends of a mean that rests on one or two generic models, by Student's t.

    How much generic models vary cannot be told from so few: half as much as people do is assumed, which is more than
    was seen where there were eight (chapters/17-calibration).
    """
    error = sd * np.sqrt(1 / n + 0.25 / models)
    reach = student.ppf(0.975, n - 1) * error if n > 1 else np.nan
    return float(2 * student.sf(abs(mean) / error, n - 1)) if error > 0 else np.nan, mean - reach, mean + reach


@dataclass(frozen=True)
class Alike:
    """Two methods are equivalent on a part, within the margin that was fixed beforehand."""

    method: str
    base: str
    part: str
    of: str = "v3"
    harm: int = 0  # the sign of a difference that would go against the claim; 0: either

    def find(self, evidence: Evidence) -> Finding:
        seen = evidence.effect(self.of, self.method, self.base, self.part)
        t = 100 * seen.sd / np.sqrt(seen.n)
        return Finding(
            f"{self.method} − {self.base} on {self.part}", "TOST", *points(seen.mean, seen.low, seen.high), seen.within,
            seen.n, expected=0, harm=self.harm, margin=100 * seen.margin, of=self.of,
            bounds=points(seen.low90, seen.high90),
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
        interval = resampling.clipped(
            resampling.people_alone(slopes, evidence.rng("rising", self.of, self.part, *self.methods)))
        word = "rises" if self.direction > 0 else "falls"
        return Finding(
            f"accuracy on {self.part} {word} along {', '.join(self.methods)}", "Page's L", interval.value, interval.low,
            interval.high, two_sided_trend(wide), len(wide), unit="ρ", of=self.of,
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
        one, other = evidence.levelled(self.of, self.part, self.method, self.base).to_numpy().T
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


def two_sided_trend(values: np.ndarray) -> float:
    """p of Page's test that values [n, k] rise or fall along their columns; nan below two people."""
    return min(1.0, 2 * min(stats.rising(values), stats.rising(-values))) if len(values) > 1 else np.nan


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
    """The findings with p corrected (Holm) within their families, and decided."""
    found, holm, little = list(findings), {}, {}
    for family in {f.family for f in found if f.family}:
        places = [k for k, f in enumerate(found) if f.family == family]
        for name, into in (("p", holm), ("little", little)):
            values = stats.holm(np.array([getattr(found[k], name) for k in places]))
            into |= dict(zip(places, values, strict=True))
    sizes = {f.family: sum(other.family == f.family for other in found) for f in found}
    return [decided(replace(f, holm=float(holm.get(k, f.p)), little=float(little.get(k, f.little))),
                    sizes[f.family] if f.family else 1) for k, f in enumerate(found)]


def absent(test) -> Finding:
    """Stands in its family for a test that lacks its rows, so that the others are not corrected for fewer."""
    return Finding("", "", np.nan, np.nan, np.nan, 1.0, 0, family=(test.family, test.of, test.part))


def decided(found: Finding, tests: int = 1) -> Finding:
    """The finding with its outcome; `few` below the people that a family of so many tests needs."""
    if found.outcome and found.test == "count":
        return found
    least = max(FEWEST, resampling.least_people(tests, sides=found.sides)) if found.test == "sign-flip" else FEWEST
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
    return replace(found, outcome="for" if low > 0 and found.holm < 0.05 else "against" if against else "open")
