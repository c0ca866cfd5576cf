"""The tests of claims: each takes its data from the evidence and returns a finding.

A record is a hypothesis, and its `find` tests it. Fields that several records share:

    method, base   names of the two methods that are compared
    part           D_I, D_G or D_U, or BOTH: the sum of the accuracies on D_I and D_U
    of             the run whose rows are used, one of `evidence.RUN_NAMES`
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from perso.analysis.printed import printed_table
from perso.claims.evidence import Evidence
from perso.claims.finding import Finding
from perso.methods.registry import METHODS
from perso.parts import margin_of
from perso.stats import dispersion, paired
from perso.stats.effect import Effect
from perso.stats.paired import ROUNDING

PRINTED_TABLE = {"v1": "hidden-factors", "counts": "class-counts"}  # all other runs: v3's table
# people of the papers' studies; of CRoP's, the largest; all other runs: v3's
PAPERS_PEOPLE = {"v1": 50, "counts": 50, "contexts": 16}
# runs whose data need not be the papers'
NOT_PRINTED = ("own", "recurrent", "contexts", "enrolled", "planted", "swapped")
V3_PEOPLE = 100
Z = 2.8  # minimum detectable effect in standard errors: power of 80 %, two-sided (1.96 + .84)


@dataclass(frozen=True)
class Pair:
    """Two methods on one part."""

    method: str
    base: str
    part: str
    of: str = "v3"

    @property
    def what(self) -> str:
        """The comparison in words."""
        return f"{self.method} − {self.base} on {self.part}"

    @property
    def contrast(self) -> tuple[tuple[str, float], ...]:
        """The difference as weights of methods."""
        return (self.method, 1.0), (self.base, -1.0)

    @property
    def margin(self) -> float:
        """The margin of an equality, a share."""
        return margin_of(self.part)

    def tested(self, evidence: Evidence) -> tuple[Effect, Finding]:
        """The effect of the difference, and the finding that it is above 0."""
        effect = evidence.effect(self.of, self.part, self.contrast)
        return effect, effect_finding(effect, self.what, self.of, self.part, self.contrast)


@dataclass(frozen=True)
class Superior(Pair):
    """One method is more accurate than another, on average over people."""

    def find(self, evidence: Evidence) -> Finding:
        effect, found = self.tested(evidence)
        return replace(found, author=bool(effect.mean.mean > 0 and effect.t < 0.1))


@dataclass(frozen=True)
class Equivalent(Pair):
    """Two methods are equally accurate, within the margin (TOST).

    harm     the sign of a difference that contradicts the claim; 0: either
    within   the margin in percentage points; 0: that of `part`
    """

    harm: int = 0
    within: float = 0.0

    @property
    def margin(self) -> float:
        return self.within / 100 or super().margin

    def find(self, evidence: Evidence) -> Finding:
        effect, found = self.tested(evidence)
        return replace(
            found,
            test="TOST",
            p=max(effect.mean.p_above(-self.margin), effect.mean.p_below(self.margin)),
            expected=0,
            harm=self.harm,
            margin=100 * self.margin,
            detectable=100 * effect.detectable(level=0.95, power=0.9),
        )


@dataclass(frozen=True)
class NonInferior(Pair):
    """One method is not less accurate than another by more than the margin (one half of TOST)."""

    def find(self, evidence: Evidence) -> Finding:
        effect, found = self.tested(evidence)
        low90, high90 = effect.mean.interval(0.9)
        outcome = "open"
        if low90 > -self.margin:
            outcome = "for"
        elif high90 < -self.margin:
            outcome = "against"
        return replace(
            found,
            test="non-inferiority",
            p=effect.mean.p_above(-self.margin),
            margin=100 * self.margin,
            detectable=100 * effect.detectable(level=0.95),
            outcome=outcome,
        )


@dataclass(frozen=True)
class Trend:
    """Accuracy on a part rises (direction +1) or falls (-1) along methods, in this order.

    The number is the rise of a straight line through the methods' accuracies, from the first method
    to the last, in percentage points.
    """

    methods: tuple[str, ...]
    part: str
    direction: int = 1
    of: str = "v3"

    @property
    def contrast(self) -> tuple[tuple[str, float], ...]:
        """The rise as weights of methods."""
        steps = np.arange(len(self.methods)) - (len(self.methods) - 1) / 2
        weights = steps * (len(self.methods) - 1) / (steps**2).sum()
        return tuple(zip(self.methods, weights.tolist(), strict=True))

    def find(self, evidence: Evidence) -> Finding:
        effect = evidence.effect(self.of, self.part, self.contrast)
        what = f"rise of accuracy on {self.part} along {', '.join(self.methods)}"
        found = effect_finding(effect, what, self.of, self.part, self.contrast, self.direction)
        accuracies = evidence.people(self.of, self.part, *self.methods).to_numpy()
        return replace(found, more=found.more | {"Page's L": page_p(accuracies)})


@dataclass(frozen=True)
class DispersionRatio:
    """Accuracy varies more (direction +1) or less (-1) over people than by another method.

    A person's number is the distance of their accuracy from their cohort's median, minus that by
    the other method (Brown and Forsythe 1974). The mean is given in % of the mean distance by the
    other method.
    """

    method: str
    base: str
    part: str
    direction: int
    of: str = "v1"

    def find(self, evidence: Evidence) -> Finding:
        people = evidence.people(self.of, self.part, self.method, self.base)
        cohorts = evidence.cohorts(self.of, people.index)
        distances = (people - people.groupby(cohorts).transform("median")).abs().to_numpy()
        by_base = distances[:, 1].mean()
        changes = (distances[:, 0] - distances[:, 1]) / (by_base if by_base > ROUNDING else np.nan)
        draw = evidence.rng("dispersion", self.of, self.method, self.base, self.part)
        effect = evidence.effect_of(self.part, changes, cohorts, draw)
        printed = printed_sd_change(self.method, self.base, self.part, self.of)
        return Finding(
            what=f"dispersion over people by {self.method} − {self.base} on {self.part}",
            test="Brown–Forsythe",
            **numbers_of(effect, printed, self.of, self.direction, scale=100),
            unit="%",
            expected=self.direction,
            of=self.of,
            more={
                "sign-flip": effect.sign_flip,
                "Pitman–Morgan": dispersion.pitman_morgan(*people.to_numpy().T),
            },
        )


@dataclass(frozen=True)
class Measured:
    """Any other test: a function of the evidence and further arguments.

    Claims of your own name what `perso claims --run` trains for it:
    runs      of `evidence.RUN_NAMES`
    encoder   whether it needs the auto-encoders of v3's Table I (`Evidence.encoded`)
    """

    function: Callable[..., Finding]
    arguments: tuple = ()
    runs: tuple[str, ...] = ("own",)
    encoder: bool = False

    def find(self, evidence: Evidence) -> Finding:
        return self.function(evidence, *self.arguments)


def effect_finding(
    effect: Effect,
    what: str,
    of: str,
    part: str,
    contrast: Sequence[tuple[str, float]],
    direction: int = 1,
) -> Finding:
    """The finding that an effect has the sign `direction`, in percentage points.

    contrast   weights of methods, whose printed accuracies give the papers' effect
    """
    more = {
        "sign-flip": effect.sign_flip,
        "t": effect.t,
        "wilcoxon": effect.wilcoxon,
        "d_z": effect.d_z,
        "improved": effect.improved,
        "harmed": effect.harmed,
        "better": effect.belief.better,
        "equal": effect.belief.equal,
    }
    printed = printed_effect(contrast, part, of)
    return Finding(
        what=what,
        test="mean over people",
        **numbers_of(effect, printed, of, direction, scale=100),
        expected=direction,
        of=of,
        more=more,
    )


def numbers_of(
    effect: Effect, printed: float, of: str, direction: int = 1, scale: float = 1
) -> dict:
    """The numbers of a `Finding` that an effect has, each times `scale`.

    printed     the papers' effect, in the unit of ours; nan where they print none
    direction   the sign of the effect according to the claim; it decides the margin
    """
    mean = effect.mean
    people = PAPERS_PEOPLE.get(of, V3_PEOPLE)
    telescope = scale * effect.telescope(people)
    low90, high90 = mean.interval(0.9)
    low, high = effect.predicted(people)
    claimed = direction * printed > 0
    return {
        "value": scale * mean.mean,
        "low": scale * mean.low,
        "high": scale * mean.high,
        "p": mean.p,
        "n": mean.n,
        "cohorts": mean.cohorts,
        "detectable": scale * effect.detectable(),
        "margin": scale * abs(printed) / 2 if claimed else telescope,
        "bounds": (scale * low90, scale * high90),
        "printed": scale * printed,
        "predicted": (scale * low, scale * high),
        "telescope": telescope,
    }


def printed_effect(contrast: Sequence[tuple[str, float]], part: str, of: str) -> float:
    """The weighted sum of accuracies in the papers' tables, a share; nan where one is not there."""
    means = printed_column(f"{part} mean", of)
    found = [weight * means.get(printed_row(name), np.nan) for name, weight in contrast]
    return round(float(sum(found)), 6)


def printed_sd_change(method: str, base: str, part: str, of: str) -> float:
    """How much larger one SD in the papers' tables is than another, a share of that; or nan."""
    sds = printed_column(f"{part} sd", of)
    return sds.get(printed_row(method), np.nan) / sds.get(printed_row(base), np.nan) - 1


def printed_column(column: str, of: str) -> dict[str, float]:
    """A column of the table that a run repeats, by method; empty for a run that repeats none."""
    if of in NOT_PRINTED:
        return {}
    return printed_table(PRINTED_TABLE.get(of, "v3"))[column].to_dict()


def printed_row(name: str) -> str:
    """The row of the papers' tables that a method stands for; its own name where it has a row.

    It has the dose of that row (`Method.stands_for`), or refines it as a base (`Method.refines`).
    """
    for method in METHODS:
        if method.name == name:
            row = method.stands_for or method.refines or name
            return row if row == name else printed_row(row)
    return name


def page_p(values: np.ndarray) -> float:
    """Two-sided p of Page's L that values [n people, k columns] rise or fall along columns."""
    if len(values) < 2:
        return np.nan
    return min(1.0, 2 * min(paired.page_trend(values), paired.page_trend(-values)))
