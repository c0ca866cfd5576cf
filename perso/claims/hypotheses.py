"""What decides a claim: each test asks the evidence and answers with a finding."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from perso.analysis.printed import printed_table
from perso.claims.evidence import Evidence
from perso.claims.finding import Finding
from perso.methods.registry import METHODS
from perso.stats import bootstrap, dispersion, paired
from perso.stats.effect import Effect

PRINTED_TABLE = {"v1": "hidden-factors", "counts": "class-counts"}  # of other runs v3's
Z = 2.8  # a standard error times this is found with a power of 80 % (1.96 + .84)


@dataclass(frozen=True)
class Pair:
    """Two methods on a part, D_I or D_G."""

    method: str
    base: str
    part: str

    @property
    def what(self) -> str:
        return f"{self.method} − {self.base} on {self.part}"


@dataclass(frozen=True)
class Superior(Pair):
    """One method is above another, over people."""

    family: str = "shaping"
    of: str = "v3"
    sides: int = 2

    def find(self, evidence: Evidence) -> Finding:
        seen = evidence.effect(self.of, self.method, self.base, self.part)
        more = {
            "d_z": seen.d_z,
            "t": seen.t,
            "wilcoxon": seen.wilcoxon,
            "improved": seen.improved,
            "harmed": seen.harmed,
            "better": seen.belief.better,
            "equal": seen.belief.equal,
        }
        test, p, ends = "sign-flip", seen.p, (seen.low, seen.high)
        models, drawn = evidence.generic(self.of, self.method, self.base, self.part)
        more |= {"generic": models} if models else {}
        if drawn:  # flipping people's signs would forget that generic models are drawn, too, and shared by people
            test, (p, *ends) = "mixed model", drawn.effects.loc["mean", ["p", "low", "high"]]
        elif models and self.part == "D_G":
            test, (p, *ends) = "few generic models", few_models(seen.mean, seen.sd, seen.n, models)
        said = printed_difference(self.method, self.base, self.part, self.of)
        return Finding(
            self.what,
            test,
            *percentage_points(seen.mean, *ends),
            p if self.sides == 2 else one_sided(p, seen.mean),
            seen.n,
            detectable=100 * paired.detectable_effect(seen.sd, seen.n),
            margin=100 * seen.margin,
            family=(self.family, self.of, self.part),
            of=self.of,
            bounds=percentage_points(seen.low90, seen.high90),
            author=bool(seen.mean > 0 and seen.t < 0.1),
            more=more,
            sides=self.sides,
            little=seen.little if said is None or said >= seen.margin else np.nan,
        )


def printed_difference(method: str, base: str, part: str, of: str) -> float | None:
    """The difference that the papers' tables have for two methods, a share; None where they have none.

    As the base of a comparison, a row of ours that refines one of theirs (`Method.refines`) stands for it.
    """
    base = next((each.refines for each in METHODS if each.name == base and each.refines), base)
    means = printed_table(PRINTED_TABLE.get(of, "v3"))[f"{part} mean"]
    if method not in means or base not in means:
        return None
    return round(float(means[method] - means[base]), 6)


def few_models(mean: float, sd: float, n: int, models: int) -> tuple[float, float, float]:
    """p and 95 % ends of a mean that rests on one or two generic models, by Student's t.

    How much generic models vary cannot be told from so few: half as much as people do is assumed, which is more than
    was seen where there were eight (chapters/17-calibration). Where people do not vary, as `paired.paired_change`.
    """
    if sd < paired.ALIKE:
        return 1.0 if abs(mean) < paired.ALIKE else np.nan, np.nan, np.nan
    error = sd * np.sqrt(1 / n + 0.25 / models)
    reach = student.ppf(0.975, n - 1) * error if n > 1 else np.nan
    return float(2 * student.sf(abs(mean) / error, n - 1)), mean - reach, mean + reach


@dataclass(frozen=True)
class Equivalent(Pair):
    """Two methods are equivalent, within the margin that was fixed beforehand."""

    of: str = "v3"
    harm: int = 0  # the sign of a difference that would go against the claim; 0: either

    def find(self, evidence: Evidence) -> Finding:
        seen = evidence.effect(self.of, self.method, self.base, self.part)
        return Finding(
            self.what,
            "TOST",
            *percentage_points(seen.mean, seen.low, seen.high),
            seen.within,
            seen.n,
            expected=0,
            harm=self.harm,
            margin=100 * seen.margin,
            of=self.of,
            bounds=percentage_points(seen.low90, seen.high90),
            # the margin that is shown with 80 % power where nothing differs: 1.645 + 1.282
            detectable=2.93 * standard_error(seen),
            more={
                "d_z": seen.d_z,
                "t": seen.t,
                "wilcoxon": seen.wilcoxon,
                "equal": seen.belief.equal,
            },
        )


@dataclass(frozen=True)
class NonInferior(Pair):
    """One method is not below another by more than the margin (the half of TOST that asks for harm)."""

    of: str = "v3"

    def find(self, evidence: Evidence) -> Finding:
        seen = evidence.effect(self.of, self.method, self.base, self.part)
        outcome = (
            "for" if seen.harmless < 0.05 else "against" if seen.high90 < -seen.margin else "open"
        )
        return Finding(
            self.what,
            "non-inferiority",
            *percentage_points(seen.mean, seen.low, seen.high),
            seen.harmless,
            seen.n,
            margin=100 * seen.margin,
            of=self.of,
            outcome=outcome,
            detectable=2.49 * standard_error(seen),  # 1.645 + .842
        )


@dataclass(frozen=True)
class Trend:
    """Accuracy on a part rises (or falls) along methods, in this order."""

    methods: tuple[str, ...]
    part: str
    direction: int = 1
    of: str = "v3"
    family: str = ""

    def find(self, evidence: Evidence) -> Finding:
        wide = self.direction * evidence.people(self.of, self.part, *self.methods).to_numpy()
        word = "rises" if self.direction > 0 else "falls"
        found = page_finding(
            f"accuracy on {self.part} {word} along {', '.join(self.methods)}",
            wide,
            evidence.rng("rising", self.of, self.part, *self.methods),
        )
        return replace(
            found, of=self.of, family=(self.family, self.of, self.part) if self.family else ()
        )


@dataclass(frozen=True)
class DispersionRatio:
    """People vary more (direction +1) or less (-1) by a method than by another."""

    method: str
    base: str
    part: str
    direction: int
    of: str = "v1"

    def find(self, evidence: Evidence) -> Finding:
        one, other = evidence.levelled(self.of, self.part, self.method, self.base).to_numpy().T
        draw = evidence.rng("spread", self.of, self.method, self.base, self.part)
        interval, _ = dispersion.log_sd_ratio(one, other, draw)
        return Finding(
            f"log sd of {self.method} / {self.base} on {self.part}",
            "Brown–Forsythe",
            interval.value,
            interval.low,
            interval.high,
            dispersion.brown_forsythe(one, other, draw),
            len(one),
            unit="log ratio",
            expected=self.direction,
            of=self.of,
            detectable=detectable_by_interval(interval),
            family=("spread", self.of, self.part),
            more={"Pitman–Morgan": dispersion.pitman_morgan(one, other)},
        )


@dataclass(frozen=True)
class Measured:
    """Anything else: a function of the evidence."""

    function: Callable[..., Finding]
    arguments: tuple = ()

    def find(self, evidence: Evidence) -> Finding:
        return self.function(evidence, *self.arguments)


def page_finding(what: str, values: np.ndarray, rng: np.random.Generator) -> Finding:
    """That values [n people, k] rise along their columns: Page's test of both sides, people's mean rank correlation."""
    slopes = np.nan_to_num(
        [bootstrap.spearman(np.arange(values.shape[1]), line) for line in values]
    )  # 0: all alike
    interval = bootstrap.clipped(bootstrap.bootstrap_mean(slopes, rng))
    p = (
        min(1.0, 2 * min(paired.page_trend(values), paired.page_trend(-values)))
        if len(values) > 1
        else np.nan
    )
    return Finding(
        what,
        "Page's L",
        interval.value,
        interval.low,
        interval.high,
        p,
        len(values),
        unit="ρ",
        detectable=detectable_by_interval(interval),
    )


def one_sided(p: float, mean: float) -> float:
    """p that a mean is above 0, of the two-sided one, which is twice the smaller tail."""
    return p / 2 if mean > 0 else 1 - p / 2


def percentage_points(*shares: float) -> tuple[float, ...]:
    """Shares in percentage points."""
    return tuple(100 * share for share in shares)


def standard_error(seen: Effect) -> float:
    """Of a mean difference, in percentage points; nan where nothing varies and so nothing is known to be detectable."""
    return 100 * seen.sd / np.sqrt(seen.n) if seen.sd > paired.ALIKE else np.nan


def detectable_by_interval(interval: bootstrap.Interval) -> float:
    """What a bootstrapped number must be to be found with 80 % power, by the width of its interval; nan of none."""
    width = interval.high - interval.low
    return Z * width / (2 * 1.96) if width > paired.ALIKE else np.nan
