"""Claims 15 and 30: how much accuracy varies over people, tested by a bootstrap over people."""

import numpy as np
import pandas as pd

from perso.analysis import fairness
from perso.claims.evidence import Evidence
from perso.claims.finding import Finding
from perso.claims.hypotheses import detectable_by_interval
from perso.methods.method import BASELINE
from perso.stats import bootstrap

# Measures of dispersion over people. The words are part of findings' texts and of seeds.
SD = "sd"
BETWEEN_PERSON_SD = "excess sd"  # without the noise of finite test sets
SPREAD = "spread"  # maximum − minimum


def dispersion(values: np.ndarray, what: str, noise: np.ndarray | float = 0.0) -> np.ndarray:
    """Dispersion of accuracies [n people, k methods] over people: float [k].

    what    SD, BETWEEN_PERSON_SD or SPREAD
    noise   variances of the accuracies due to the choice of test samples, as `values`; these are
            removed from the between-person SD
    """
    if what == SPREAD:
        return np.ptp(values, axis=0)
    variances = values.var(axis=0, ddof=1)
    if what == BETWEEN_PERSON_SD:
        variances = variances - np.mean(noise, axis=0)
    return np.sqrt(np.maximum(variances, 0))


def sampling_variances_of(
    evidence: Evidence, people: pd.DataFrame, part: str, of: str = "v3"
) -> np.ndarray:
    """Variances of accuracies due to the choice of test samples, [n people, k methods].

    people   the accuracies, a line per person and a column per method
    """
    rows = evidence.having(of, *people.columns)
    noise = fairness.sampling_variances(evidence.run(of).data, rows, part)
    return noise.loc[people.index, people.columns].to_numpy()


def variation(evidence: Evidence) -> Finding:
    """Claim 15: the baseline's between-person SD on D_I minus its whole SD on D_G."""
    people = evidence.levelled("v3", "D_I", BASELINE)
    noise = sampling_variances_of(evidence, people, "D_I")
    on_I = people.to_numpy()
    on_G = evidence.levelled("v3", "D_G", BASELINE).to_numpy()

    def difference(index: np.ndarray) -> float:
        sd_I = dispersion(on_I[index], BETWEEN_PERSON_SD, noise[index])
        sd_G = dispersion(on_G[index], SD)
        return 100 * (sd_I - sd_G)[0]

    interval, p = bootstrap.bootstrap_statistic(difference, len(on_I), evidence.rng("variation"))
    return Finding(
        what=f"{BETWEEN_PERSON_SD} of {BASELINE} on D_I minus its {SD} on D_G",
        test="bootstrap over people",
        value=interval.value,
        low=interval.low,
        high=interval.high,
        p=p,
        n=len(on_I),
        detectable=detectable_by_interval(interval),
    )


def excess(evidence: Evidence, method: str, part: str, direction: int, of: str) -> Finding:
    """Claim 30: how a method changes the between-person SD.

    direction   the sign of the change according to the claim
    """
    people = evidence.levelled(of, part, method, BASELINE)
    noise = sampling_variances_of(evidence, people, part, of)
    values = people.to_numpy()

    def change(index: np.ndarray) -> float:
        ours, theirs = dispersion(values[index], BETWEEN_PERSON_SD, noise[index])
        return 100 * (ours - theirs)

    draw = evidence.rng("excess", of, method, part)
    interval, p = bootstrap.bootstrap_statistic(change, len(values), draw)
    return Finding(
        what=f"{BETWEEN_PERSON_SD} of {method} − {BASELINE} on {part}",
        test="bootstrap over people",
        value=interval.value,
        low=interval.low,
        high=interval.high,
        p=p,
        n=len(values),
        expected=direction,
        of=of,
        detectable=detectable_by_interval(interval),
    )
