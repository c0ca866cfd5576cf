"""One comparison in full: the difference of two methods over people, by all tests of the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from perso.stats import bootstrap, paired, permutation


@dataclass(frozen=True)
class Effect:
    """A paired difference, in shares of images; nan for what cannot be computed."""

    n: int  # people
    mean: float
    low: float  # ends of the 95 % interval, hierarchical bootstrap: people, then original digits
    high: float
    p: float  # two-sided, by flipping signs
    t: float  # p of the two-sided paired t-test
    wilcoxon: float  # p of the signed-rank test
    d_z: float  # mean in units of the SD
    sd: float  # SD over people
    improved: float  # share of people with a difference above 0
    harmed: float  # share of people with a difference below 0
    low90: float  # ends of the 90 % interval by Student's t, which TOST compares with the margin
    high90: float
    within: float  # p of TOST that the mean lies within ±margin
    harmless: float  # p of its first one-sided test: that the mean is above -margin
    little: float  # p of its second one-sided test: that the mean is below the margin
    belief: paired.Belief  # Bayesian signed-rank; the margin is the region of practical equivalence
    margin: float


def paired_effect(
    persons: Mapping[object, np.ndarray], margin: float, rng: np.random.Generator
) -> Effect:
    """The effect of paired differences, by every test.

    persons   {person: [k, 2]}: by original digit the sum of differences and the number of images
    margin    of equivalence, a share of images
    """
    d = np.array([bootstrap.person_mean(person) for person in persons.values()])
    # the random draws are in this order: interval, sign-flip, belief
    interval = bootstrap.hierarchical_bootstrap(list(persons.values()), rng)
    equivalence = paired.tost(d, margin)
    return Effect(
        n=len(d),
        mean=interval.value,
        low=interval.low,
        high=interval.high,
        p=permutation.sign_flip(d, rng),
        t=paired.paired_change(d).p,
        wilcoxon=paired.wilcoxon(d),
        d_z=paired.d_z(d),
        sd=float(d.std(ddof=1)) if len(d) > 1 else np.nan,
        improved=float(np.mean(d > paired.ROUNDING)) if len(d) else np.nan,
        harmed=float(np.mean(d < -paired.ROUNDING)) if len(d) else np.nan,
        low90=equivalence.low,
        high90=equivalence.high,
        within=equivalence.p,
        harmless=paired.non_inferiority(d, margin),
        little=paired.non_inferiority(-d, margin),
        belief=paired.bayesian_signed_rank(d, margin, rng),
        margin=margin,
    )
