"""Claims about trade-offs, tested by a bootstrap over people.

Claim 33: which of v1's settings has the best one. Settings are the baseline and the methods of v1's
printed tables. One setting dominates another if it is better on D_I or D_G by the part's margin at
least, and not worse on the other part by that part's margin. A setting is on the front if none
dominates it (`tradeoff.front`). So equal settings are all on the front, which enough people show;
without margins noise would decide between them.

Claim 102: whether the papers' methods lie above a curve of others (`tradeoff.above_curve`).
"""

from dataclasses import dataclass

import numpy as np

from perso.analysis import tradeoff
from perso.analysis.printed import printed_table
from perso.claims.evidence import RUN_NAMES, Evidence
from perso.claims.finding import Finding
from perso.methods.registry import FAMILY_OF, V1
from perso.parts import PARTS
from perso.stats import paired

PROBABLE = 0.95  # share of bootstrap samples in which a statement must hold
DRAWS = 2000  # bootstrap samples
MARGINS = PARTS["D_I"].margin, PARTS["D_G"].margin  # shares
PRINTED_SETTINGS = printed_table("class-counts").index
V1_SETTINGS = tuple(method.name for method in V1 if method.name in PRINTED_SETTINGS)


@dataclass(frozen=True)
class TradeOff:
    """Accuracies of n people with k settings, shares."""

    names: tuple[str, ...]  # of the settings
    on_I: np.ndarray  # [n, k]
    on_G: np.ndarray  # [n, k]
    cohort: np.ndarray  # of each person, [n]

    @property
    def varies(self) -> bool:
        """Whether the differences between settings vary over people.

        If they do not, all bootstrap samples are alike and say nothing about the error.
        """
        differences = [values - values[:, :1] for values in (self.on_I, self.on_G)]
        return any(np.ptp(each, axis=0).max() > paired.ROUNDING for each in differences)

    def resampled(self, rng: np.random.Generator) -> np.ndarray:
        """Means on D_I and D_G in each bootstrap sample, [2, DRAWS, k]."""
        return tradeoff.resampled(self.on_I, self.on_G, rng, DRAWS, self.cohort)

    def members(self, rng: np.random.Generator) -> np.ndarray:
        """Which settings are on the front in each bootstrap sample: bool [DRAWS, k]."""
        return tradeoff.front(*self.resampled(rng), MARGINS)

    def columns(self, family: str) -> list[int]:
        """Places of the settings of a family."""
        return [place for place, name in enumerate(self.names) if FAMILY_OF[name] == family]


def trade_off(evidence: Evidence, of: str, names: tuple[str, ...] = V1_SETTINGS) -> TradeOff:
    """The accuracies of settings, by default v1's, in a run."""
    on_I = evidence.people(of, "D_I", *names)
    on_G = evidence.people(of, "D_G", *names).loc[on_I.index]
    return TradeOff(names, on_I.to_numpy(), on_G.to_numpy(), evidence.cohorts(of, on_I.index))


def probable(what: str, share: float, of: str, run: TradeOff) -> Finding:
    """The finding for a share of bootstrap samples; `open` where people do not vary.

    what     the statement that holds in these samples
    run      the accuracies that the share is computed from
    """
    value = float(share) if run.varies else np.nan
    outcome = "open"
    if value >= PROBABLE:
        outcome = "for"
    elif value <= 1 - PROBABLE:
        outcome = "against"
    return Finding(
        what=what,
        test="bootstrap over people",
        value=value,
        low=np.nan,
        high=np.nan,
        p=np.nan,
        n=len(run.on_I),
        cohorts=len(np.unique(run.cohort)),
        unit="probability",
        of=of,
        outcome=outcome,
    )


def nobody_dominates(evidence: Evidence, of: str) -> Finding:
    """That no setting is alone on the front of a run."""
    return none_alone(trade_off(evidence, of), evidence.rng("front", of), of)


def none_alone(run: TradeOff, rng: np.random.Generator, of: str) -> Finding:
    """The finding that no setting is alone on the front of a run."""
    share = (run.members(rng).sum(axis=1) > 1).mean()
    what = f"that none of {len(run.names)} settings dominates in {RUN_NAMES[of]}"
    return probable(what, share, of, run)


def on_front(evidence: Evidence, of: str, family: str) -> Finding:
    """That a method of this family is on the front."""
    return family_on_front(trade_off(evidence, of), family, evidence.rng("front", of), of)


def family_on_front(run: TradeOff, family: str, rng: np.random.Generator, of: str) -> Finding:
    """The finding that a method of this family is on the front of a run."""
    share = run.members(rng)[:, run.columns(family)].any(axis=1).mean()
    return probable(f"that {family} is on the front", share, of, run)


def largest_sum(evidence: Evidence, of: str, family: str) -> Finding:
    """That a method of this family has the largest sum of accuracies on D_I and D_G."""
    return family_sum(trade_off(evidence, of), family, evidence.rng("sum", of), of)


def family_sum(run: TradeOff, family: str, rng: np.random.Generator, of: str) -> Finding:
    """The finding that no sum of accuracies is larger than this family's by both margins."""
    sums = run.resampled(rng).sum(axis=0)
    largest = sums[:, run.columns(family)].max(axis=1)
    share = (sums.max(axis=1) - largest < sum(MARGINS)).mean()
    what = f"that {family} has the largest sum of accuracies on D_I and D_G"
    return probable(what, share, of, run)


def none_above_wise(
    evidence: Evidence, of: str, methods: tuple[str, ...], curve: tuple[str, ...]
) -> Finding:
    """That none of the methods lies above the curve of WiSE-FT.

    curve   the names along it, from the generic network on
    """
    names = (*methods, *curve)
    run = trade_off(evidence, of, names)
    means = run.resampled(evidence.rng("curve", of, names))
    count = len(methods)
    above = tradeoff.above_curve(tuple(means[..., :count]), tuple(means[..., count:]), MARGINS).any(
        axis=-1
    )
    what = f"that none of {count} methods lies above the curve from {curve[0]} to {curve[-1]}"
    return probable(what, 1 - above.mean(), of, run)
