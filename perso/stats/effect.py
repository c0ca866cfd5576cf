"""One comparison in full: what two methods differ by over people, by every test the ledger shows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from perso.stats import bootstrap, paired, permutation


@dataclass(frozen=True)
class Effect:
    """A paired difference, in shares of images; whatever cannot be told is nan."""

    n: int  # people
    mean: float
    low: float  # ends of the 95 % interval, hierarchical bootstrap: people, then original digits
    high: float
    p: float  # two-sided, by flipping signs
    t: float  # p of the paired t-test
    wilcoxon: float  # p of the signed-rank test
    d_z: float  # mean in units of the sd
    sd: float  # over people
    improved: float  # share of people with more, and with less
    harmed: float
    low90: float  # ends of the 90 % interval by Student's t, which TOST weighs
    high90: float
    within: float  # p of TOST that the mean lies within the margin
    harmless: float  # p of its one half: that the mean is above -margin
    little: float  # p of the other: that it is below the margin
    belief: (
        paired.Belief
    )  # Bayesian signed-rank, with the margin as region of practical equivalence
    margin: float


def paired_effect(
    persons: Mapping[object, np.ndarray], margin: float, rng: np.random.Generator
) -> Effect:
    """Weigh paired differences: of every person sums and numbers of images by original digit, float [k, 2]."""
    d = np.array([bootstrap.person_mean(person) for person in persons.values()])
    interval, same = (
        bootstrap.hierarchical_bootstrap(list(persons.values()), rng),
        paired.tost(d, margin),
    )
    share = (lambda side: float(side.mean())) if len(d) else (lambda side: np.nan)
    return Effect(
        len(d),
        interval.value,
        interval.low,
        interval.high,
        permutation.sign_flip(d, rng),
        paired.paired_change(d).p,
        paired.wilcoxon(d),
        paired.d_z(d),
        float(d.std(ddof=1)) if len(d) > 1 else np.nan,
        share(d > 1e-12),
        share(d < -1e-12),
        same.low,
        same.high,
        same.p,
        paired.non_inferiority(d, margin),
        paired.non_inferiority(-d, margin),
        paired.bayesian_signed_rank(d, margin, rng),
        margin,
    )
