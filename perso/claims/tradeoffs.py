"""Claim 33: which of v1's settings has the best trade-off, tested by a bootstrap over people.

Settings are the baseline and the methods of v1's printed tables. A setting is on the front when no
other is at least as accurate on both D_I and D_G, and more accurate on one (`tradeoff.front`).
"""

import numpy as np

from perso.analysis import tradeoff
from perso.analysis.printed import printed_table
from perso.claims.evidence import Evidence
from perso.claims.finding import Finding
from perso.methods.registry import V1
from perso.stats import paired

FAMILY = {method.name: method.family for method in V1}
PROBABLE = 0.95  # share of bootstrap samples in which a statement must hold
DRAWS = 2000  # bootstrap samples


def trade_off(evidence: Evidence, of: str) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Names of the k settings, and accuracies [n people, k] on D_I and on D_G."""
    printed = printed_table("class-counts").index
    names = tuple(method.name for method in V1 if method.name in printed)
    on_I = evidence.people(of, "D_I", *names)
    on_G = evidence.people(of, "D_G", *names)
    return names, on_I.to_numpy(), on_G.loc[on_I.index].to_numpy()


def vary(on_I: np.ndarray, on_G: np.ndarray) -> bool:
    """Whether the differences between settings [n people, k] vary over people.

    If they do not, all bootstrap samples are alike and say nothing about the error.
    """
    differences = [values - values[:, :1] for values in (on_I, on_G)]
    return any(np.ptp(each, axis=0).max() > paired.ROUNDING for each in differences)


def front_members(evidence: Evidence, of: str, on_I: np.ndarray, on_G: np.ndarray) -> np.ndarray:
    """Which settings are on the front in each bootstrap sample: bool [DRAWS, k]."""
    means = tradeoff.resampled(on_I, on_G, evidence.rng("front", of), DRAWS)
    return tradeoff.front(*means)


def probable(what: str, value: float, n: int, of: str) -> Finding:
    """The finding for a share of bootstrap samples; `open` where it is nan.

    what    the statement that holds in these samples
    value   the share; nan where people do not `vary`
    """
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
        n=n,
        unit="probability",
        of=of,
        outcome=outcome,
    )


def nobody_dominates(evidence: Evidence) -> Finding:
    """That no setting is alone on the front in both of v1's runs."""
    alone = []  # per run: whether a setting is the only one on the front
    people = []
    known = True
    for of in ("v1", "counts"):
        names, on_I, on_G = trade_off(evidence, of)
        members = front_members(evidence, of, on_I, on_G)
        one_member = members.sum(axis=1, keepdims=True) == 1
        alone.append(members & one_member)
        people.append(len(on_I))
        known = known and vary(on_I, on_G)
    dominated = (alone[0] & alone[1]).any(axis=1)
    return probable(
        what=f"that none of {len(names)} settings dominates in both of v1's runs",
        value=1 - float(dominated.mean()) if known else np.nan,
        n=min(people),
        of="v1",
    )


def on_front(evidence: Evidence, of: str, family: str) -> Finding:
    """That a method of this family is on the front."""
    names, on_I, on_G = trade_off(evidence, of)
    members = front_members(evidence, of, on_I, on_G)
    columns = [place for place, name in enumerate(names) if FAMILY[name] == family]
    share = float(members[:, columns].any(axis=1).mean())
    return probable(
        what=f"that {family} is on the front",
        value=share if vary(on_I, on_G) else np.nan,
        n=len(on_I),
        of=of,
    )


def largest_sum(evidence: Evidence, of: str, family: str) -> Finding:
    """That a method of this family has the largest sum of accuracies on D_I and D_G."""
    names, on_I, on_G = trade_off(evidence, of)
    shares = tradeoff.best_by_weight(on_I, on_G, [1.0], evidence.rng("sum", of))[0]
    share = float(
        sum(share for name, share in zip(names, shares, strict=True) if FAMILY[name] == family)
    )
    return probable(
        what=f"that {family} has the largest sum of accuracies on D_I and D_G",
        value=share if vary(on_I, on_G) else np.nan,
        n=len(on_I),
        of=of,
    )
