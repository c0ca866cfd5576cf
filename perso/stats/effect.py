"""One comparison in full: a difference of methods over people, by all tests of the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from perso.stats import paired, permutation
from perso.stats.cohorts import MIN_COHORTS, Mean, mean_over_people


@dataclass(frozen=True)
class Effect:
    """A mean difference over people, in shares of samples; nan for what cannot be computed.

    The rule of `cohorts.mean_over_people` decides; the other tests are displayed beside it.
    """

    mean: Mean
    sd: float  # SD over the people of a cohort
    drawn: bool  # whether it is of D_G, which is drawn with the cohort
    sign_flip: float  # p, by flipping the signs of people's differences
    t: float  # p of the two-sided paired t-test
    wilcoxon: float  # p of the signed-rank test
    d_z: float  # mean in units of the SD over people
    improved: float  # share of people with a difference above 0
    harmed: float  # share of people with a difference below 0
    belief: paired.Belief  # Bayesian signed-rank; ±margin is practical equivalence

    def detectable(self, level: float = 0.975, power: float = 0.8) -> float:
        """The effect that is found with this power by a test at a one-sided `level`."""
        quantiles = stats.t.ppf([level, power], self.mean.df)
        return float(quantiles.sum() * self.mean.error)

    def telescope(self, n: int) -> float:
        """The effect that a study of n people had a power of 33 % for (Simonsohn 2015)."""
        return paired.detectable_effect(self.sd, n, power=0.33)

    def predicted(self, n: int) -> tuple[float, float]:
        """95 % interval for the mean of another study, of n people in one cohort.

        On D_G its error includes how much cohorts differ, where three or more of ours show it.
        """
        own = self.mean.error**2
        other = self.sd**2 / n
        if self.drawn and self.mean.cohorts >= MIN_COHORTS:
            other = max(other, own * self.mean.cohorts)
        reach = float(stats.t.ppf(0.975, self.mean.df) * np.sqrt(own + other))
        return self.mean.mean - reach, self.mean.mean + reach


def effect_of(
    d: np.ndarray,
    cohort: np.ndarray,
    rng: np.random.Generator,
    *,
    drawn: bool,
    common: float | Mapping[object, float] = 0.0,
    margin: float = 0.0,
) -> Effect:
    """The effect of one difference per person, by every test.

    d, cohort       difference and cohort of each person, [n]; nan are left out
    drawn, common   see `cohorts.mean_over_people`
    margin          of practical equivalence, a share
    """
    known = ~np.isnan(d)
    d, cohort = np.asarray(d, float)[known], np.asarray(cohort)[known]
    # the random draws are in this order: sign-flip, belief
    return Effect(
        mean=mean_over_people(d, cohort, drawn=drawn, common=common),
        sd=sd_within(d, cohort),
        drawn=drawn,
        sign_flip=permutation.sign_flip(d, rng),
        t=paired.paired_change(d).p,
        wilcoxon=paired.wilcoxon(d),
        d_z=paired.d_z(d),
        improved=float(np.mean(d > paired.ROUNDING)) if len(d) else np.nan,
        harmed=float(np.mean(d < -paired.ROUNDING)) if len(d) else np.nan,
        belief=paired.bayesian_signed_rank(d, margin, rng),
    )


def sd_within(d: np.ndarray, cohort: np.ndarray) -> float:
    """SD of values [n] around the means of their cohorts [n]; nan without two people of a cohort.

    0 where people differ by rounding alone.
    """
    d = np.asarray(d, float)
    labels, place = np.unique(cohort, return_inverse=True)
    df = len(d) - len(labels)
    if df < 1:
        return np.nan
    means = np.bincount(place, d) / np.bincount(place)
    sd = float(np.sqrt(((d - means[place]) ** 2).sum() / df))
    return sd if sd > paired.ROUNDING else 0.0
