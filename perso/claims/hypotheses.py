"""The tests of claims: each takes its data from the evidence and returns a finding.

A record is a hypothesis, and its `find` tests it. Fields that several records share:

    method, base   names of the two methods that are compared
    part           D_I or D_G
    of             the run whose rows are used, one of `evidence.RUN_NAMES`
    family         name of the tests whose p are corrected together, within one run and part
"""

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

PRINTED_TABLE = {"v1": "hidden-factors", "counts": "class-counts"}  # all other runs: v3's table
Z = 2.8  # minimum detectable effect in standard errors: power of 80 %, two-sided (1.96 + .84)
Z_EQUIVALENT = 2.93  # margin in standard errors at which TOST has that power (1.645 + 1.282)
Z_ONE_SIDED = 2.49  # minimum detectable effect of a one-sided test (1.645 + .842)


@dataclass(frozen=True)
class Pair:
    """Two methods on D_I or D_G."""

    method: str
    base: str
    part: str

    @property
    def what(self) -> str:
        """The comparison in words."""
        return f"{self.method} − {self.base} on {self.part}"


@dataclass(frozen=True)
class Superior(Pair):
    """One method is more accurate than another, on average over people.

    sides   of p: 1 where the claim needs several such tests at once
    """

    family: str = "shaping"
    of: str = "v3"
    sides: int = 2

    def find(self, evidence: Evidence) -> Finding:
        effect = evidence.effect(self.of, self.method, self.base, self.part)
        models, mixed = evidence.generic(self.of, self.method, self.base, self.part)

        # People who share a generic network are not independent: flipping their signs would ignore
        # that the network, too, is one of many that training could have given.
        test, p, low, high = "sign-flip", effect.p, effect.low, effect.high
        if mixed:
            test = "mixed model"
            p, low, high = mixed.effects.loc["mean", ["p", "low", "high"]]
        elif models and self.part == "D_G":
            test = "few generic models"
            p, low, high = few_models(effect.mean, effect.sd, effect.n, models)

        more = {
            "d_z": effect.d_z,
            "t": effect.t,
            "wilcoxon": effect.wilcoxon,
            "improved": effect.improved,
            "harmed": effect.harmed,
            "better": effect.belief.better,
            "equal": effect.belief.equal,
        }
        if models:
            more["generic"] = models

        # where the papers' tables have an effect below the margin, a small one contradicts nothing
        printed = printed_difference(self.method, self.base, self.part, self.of)
        claims_margin = printed is None or printed >= effect.margin

        value, low, high = percentage_points(effect.mean, low, high)
        return Finding(
            what=self.what,
            test=test,
            value=value,
            low=low,
            high=high,
            p=p if self.sides == 2 else one_sided(p, effect.mean),
            n=effect.n,
            sides=self.sides,
            detectable=100 * paired.detectable_effect(effect.sd, effect.n),
            margin=100 * effect.margin,
            family=(self.family, self.of, self.part),
            of=self.of,
            bounds=percentage_points(effect.low90, effect.high90),
            author=bool(effect.mean > 0 and effect.t < 0.1),
            more=more,
            little=effect.little if claims_margin else np.nan,
        )


def printed_difference(method: str, base: str, part: str, of: str) -> float | None:
    """The difference of two methods in the papers' tables, a share; None where they have none.

    A base that refines one of the papers' rows (`Method.refines`) stands for that row.
    """
    if of == "own":  # its data and network need not be the papers'
        return None
    refined = [each.refines for each in METHODS if each.name == base and each.refines]
    if refined:
        base = refined[0]
    means = printed_table(PRINTED_TABLE.get(of, "v3"))[f"{part} mean"]
    if method not in means or base not in means:
        return None
    return round(float(means[method] - means[base]), 6)


def few_models(mean: float, sd: float, n: int, models: int) -> tuple[float, float, float]:
    """p and the ends of the 95 % interval of a mean that depends on one or two generic networks.

    By Student's t. So few networks do not show how much they vary. Half of the SD over people is
    assumed, which is more than eight networks showed (chapters/17-calibration). Where people do not
    vary there is no interval, as in `paired.paired_change`.

    mean, sd   of the differences over people
    n          number of people
    models     number of generic networks
    """
    if sd < paired.ROUNDING:
        p = 1.0 if abs(mean) < paired.ROUNDING else np.nan
        return p, np.nan, np.nan
    error = sd * np.sqrt(1 / n + 0.25 / models)
    reach = student.ppf(0.975, n - 1) * error if n > 1 else np.nan
    p = float(2 * student.sf(abs(mean) / error, n - 1))
    return p, mean - reach, mean + reach


@dataclass(frozen=True)
class Equivalent(Pair):
    """Two methods are equally accurate, within the margin of `part` (TOST).

    harm   the sign of a difference that contradicts the claim; 0: either
    """

    of: str = "v3"
    harm: int = 0

    def find(self, evidence: Evidence) -> Finding:
        effect = evidence.effect(self.of, self.method, self.base, self.part)
        value, low, high = percentage_points(effect.mean, effect.low, effect.high)
        return Finding(
            what=self.what,
            test="TOST",
            value=value,
            low=low,
            high=high,
            p=effect.within,
            n=effect.n,
            expected=0,
            harm=self.harm,
            margin=100 * effect.margin,
            of=self.of,
            bounds=percentage_points(effect.low90, effect.high90),
            detectable=Z_EQUIVALENT * standard_error(effect),
            more={
                "d_z": effect.d_z,
                "t": effect.t,
                "wilcoxon": effect.wilcoxon,
                "equal": effect.belief.equal,
            },
        )


@dataclass(frozen=True)
class NonInferior(Pair):
    """One method is not less accurate than another by more than the margin (one half of TOST)."""

    of: str = "v3"

    def find(self, evidence: Evidence) -> Finding:
        effect = evidence.effect(self.of, self.method, self.base, self.part)
        outcome = "open"
        if effect.harmless < 0.05:
            outcome = "for"
        elif effect.high90 < -effect.margin:
            outcome = "against"
        value, low, high = percentage_points(effect.mean, effect.low, effect.high)
        return Finding(
            what=self.what,
            test="non-inferiority",
            value=value,
            low=low,
            high=high,
            p=effect.harmless,
            n=effect.n,
            margin=100 * effect.margin,
            of=self.of,
            outcome=outcome,
            detectable=Z_ONE_SIDED * standard_error(effect),
        )


@dataclass(frozen=True)
class Trend:
    """Accuracy on a part rises (direction +1) or falls (-1) along methods, in this order."""

    methods: tuple[str, ...]
    part: str
    direction: int = 1
    of: str = "v3"
    family: str = ""

    def find(self, evidence: Evidence) -> Finding:
        accuracies = evidence.people(self.of, self.part, *self.methods).to_numpy()
        word = "rises" if self.direction > 0 else "falls"
        found = page_finding(
            what=f"accuracy on {self.part} {word} along {', '.join(self.methods)}",
            values=self.direction * accuracies,
            rng=evidence.rng("rising", self.of, self.part, *self.methods),
        )
        family = (self.family, self.of, self.part) if self.family else ()
        return replace(found, of=self.of, family=family)


@dataclass(frozen=True)
class DispersionRatio:
    """Accuracy varies more (direction +1) or less (-1) over people than by another method."""

    method: str
    base: str
    part: str
    direction: int
    of: str = "v1"

    def find(self, evidence: Evidence) -> Finding:
        accuracies = evidence.levelled(self.of, self.part, self.method, self.base).to_numpy()
        ours, theirs = accuracies.T
        draw = evidence.rng("spread", self.of, self.method, self.base, self.part)
        interval, _ = dispersion.log_sd_ratio(ours, theirs, draw)
        p = dispersion.brown_forsythe(ours, theirs, draw)
        return Finding(
            what=f"log sd of {self.method} / {self.base} on {self.part}",
            test="Brown–Forsythe",
            value=interval.value,
            low=interval.low,
            high=interval.high,
            p=p,
            n=len(ours),
            unit="log ratio",
            expected=self.direction,
            of=self.of,
            detectable=detectable_by_interval(interval),
            family=("spread", self.of, self.part),
            more={"Pitman–Morgan": dispersion.pitman_morgan(ours, theirs)},
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


def page_finding(what: str, values: np.ndarray, rng: np.random.Generator) -> Finding:
    """Test that values [n people, k columns] rise along their columns (Page's L, two-sided).

    The number is Spearman's ρ of a person's values with the order of columns, averaged over people.
    """
    order = np.arange(values.shape[1])
    rho = [bootstrap.spearman(order, person) for person in values]
    rho = np.nan_to_num(rho)  # 0 for a person whose values are all equal
    interval = bootstrap.clipped(bootstrap.bootstrap_mean(rho, rng))
    p = np.nan
    if len(values) > 1:
        smaller_tail = min(paired.page_trend(values), paired.page_trend(-values))
        p = min(1.0, 2 * smaller_tail)
    return Finding(
        what=what,
        test="Page's L",
        value=interval.value,
        low=interval.low,
        high=interval.high,
        p=p,
        n=len(values),
        unit="ρ",
        detectable=detectable_by_interval(interval),
    )


def one_sided(p: float, mean: float) -> float:
    """The one-sided p that a mean is above 0, from the two-sided p."""
    return p / 2 if mean > 0 else 1 - p / 2


def percentage_points(*shares: float) -> tuple[float, ...]:
    """Convert shares to percentage points."""
    return tuple(100 * share for share in shares)


def standard_error(effect: Effect) -> float:
    """Standard error of a mean difference in percentage points; nan where nothing varies."""
    return 100 * effect.sd / np.sqrt(effect.n) if effect.sd > paired.ROUNDING else np.nan


def detectable_by_interval(interval: bootstrap.Interval) -> float:
    """Minimum detectable effect (power of 80 %) from a 95 % interval; nan where it has no width."""
    width = interval.high - interval.low
    return Z * width / (2 * 1.96) if width > paired.ROUNDING else np.nan
