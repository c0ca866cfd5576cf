"""Claims 15 and 30: how much accuracy varies over people, tested by resampling people.

Dispersions are those within a cohort, averaged over cohorts: all people of a cohort are tested on
one D_G, so a cohort's mean depends on that test set.
"""

from functools import partial

import numpy as np
import pandas as pd

from perso.analysis import sampling_noise
from perso.analysis.printed import printed_table
from perso.claims.evidence import Evidence
from perso.claims.finding import Finding
from perso.claims.hypotheses import (
    PAPERS_PEOPLE,
    V3_PEOPLE,
    Z,
    printed_column,
    printed_row,
)
from perso.methods.method import BASELINE
from perso.stats.resampling import Drawn, Estimate, Statistic, estimate

# Measures of dispersion over people. The words are part of findings' texts and of seeds.
SD = "sd"
BETWEEN_PERSON_SD = "excess sd"  # without the noise of finite test sets
SPREAD = "spread"  # maximum − minimum of ten people, see `expected_range`

IN_A_SPREAD = 10  # people
TEST_DIGITS = 31  # of a person in v3: about 93 test images, three of each digit
ONE_THIRD = 1.52  # effect in standard errors that a two-sided test has a power of 33 % for


def dispersion(values: np.ndarray, what: str, noise: np.ndarray | None = None) -> Statistic:
    """Dispersion over people of accuracies [n people, k methods] within cohorts: [..., k].

    what     SD, BETWEEN_PERSON_SD or SPREAD
    noise    variances of the accuracies due to the choice of test samples, as `values`; these are
             removed from the between-person SD
    """
    return Statistic(partial(variability, values, what, noise), partial(dispersion_of, what))


def variability(
    values: np.ndarray, what: str, noise: np.ndarray | None, people: Drawn
) -> np.ndarray:
    """What the `dispersion` is of in one cohort, [..., k]: the variance; of SPREAD the range."""
    if what == SPREAD:
        return expected_range(people.values(values))
    variance = people.variance(values)
    return variance - people.mean(noise) if what == BETWEEN_PERSON_SD else variance


def dispersion_of(what: str, means: np.ndarray) -> np.ndarray:
    """The `dispersion` from means of `variability` over cohorts."""
    return means if what == SPREAD else np.sqrt(np.maximum(means, 0))


def expected_range(values: np.ndarray, people: int = IN_A_SPREAD) -> np.ndarray:
    """Expected maximum − minimum of so many people drawn from values [..., n, k]: [..., k].

    Drawn with replacement. The range of all n people grows with n, and one person decides it; this
    one settles as n grows.
    """
    n = values.shape[-2]
    ranks = np.arange(n + 1) / n
    is_maximum = np.diff(ranks**people)  # probability of each rank to be the maximum
    return (is_maximum - is_maximum[::-1]) @ np.sort(values, axis=-2)


def sampling_variances_of(
    evidence: Evidence, people: pd.DataFrame, part: str, of: str = "v3"
) -> np.ndarray:
    """Variances of accuracies due to the choice of test samples, [n people, k methods].

    people   the accuracies, a line per person and a column per method
    """
    rows = evidence.having(of, *people.columns)
    noise = sampling_noise.sampling_variances(evidence.run(of).data, rows, part)
    return noise.loc[people.index, people.columns].to_numpy()


def variation(evidence: Evidence, of: str = "v3") -> Finding:
    """Claim 15: the baseline's between-person SD on D_I minus its whole SD on D_G."""
    people = evidence.people(of, "D_I", BASELINE)
    noise = sampling_variances_of(evidence, people, "D_I", of)
    on_I = people.to_numpy()
    on_G = evidence.people(of, "D_G", BASELINE).loc[people.index].to_numpy()

    found = estimate(
        variation_of(on_I, noise, on_G),
        evidence.cohorts(of, people.index),
        evidence.rng("variation", of),
    )
    return sd_finding(
        found,
        what=f"{BETWEEN_PERSON_SD} of {BASELINE} on D_I minus its {SD} on D_G",
        expected=1,
        printed=printed_variation(),
        of=of,
    )


def variation_of(on_I: np.ndarray, noise: np.ndarray, on_G: np.ndarray) -> Statistic:
    """Between-person SD of accuracies on D_I [n, 1] minus whole SD of those on D_G, in pp."""
    return sd_change(np.hstack([on_I, on_G]), np.hstack([noise, np.zeros(on_G.shape)]))


def printed_variation() -> float:
    """`variation_of` in v3's Table I, in pp: noise as if each of 31 test digits were drawn once."""
    line = printed_table("v3").loc[BASELINE]
    noise = line["D_I mean"] * (1 - line["D_I mean"]) / TEST_DIGITS
    return 100 * float(np.sqrt(line["D_I sd"] ** 2 - noise) - line["D_G sd"])


def excess(evidence: Evidence, method: str, part: str, direction: int, of: str) -> Finding:
    """Claim 30: how a method changes the between-person SD.

    direction   the sign of the change according to the claim
    """
    people = evidence.people(of, part, method, BASELINE)
    noise = sampling_variances_of(evidence, people, part, of)
    values = people.to_numpy()

    found = estimate(
        sd_change(values, noise),
        evidence.cohorts(of, people.index),
        evidence.rng("excess", of, method, part),
    )
    sds = printed_column(f"{part} sd", of)
    ours, theirs = (sds.get(printed_row(name), np.nan) for name in (method, BASELINE))
    return sd_finding(
        found,
        what=f"{BETWEEN_PERSON_SD} of {method} − {BASELINE} on {part}",
        expected=direction,
        printed=100 * (ours - theirs),
        of=of,
    )


def sd_change(values: np.ndarray, noise: np.ndarray) -> Statistic:
    """Between-person SD of the first of two methods minus that of the second, in pp: [...].

    values, noise   accuracies and their sampling variances, [n, 2]
    """
    sds = dispersion(values, BETWEEN_PERSON_SD, noise)
    return sds.then(lambda both: 100 * (both[..., 0] - both[..., 1]))


def sd_finding(found: Estimate, what: str, expected: int, printed: float, of: str) -> Finding:
    """The finding for a difference of two SDs, in percentage points.

    The margin is half of the printed difference; where none of the claim's sign is printed, it is
    the effect that the papers' number of people had a power of 33 % for.
    """
    people = PAPERS_PEOPLE.get(of, V3_PEOPLE)
    telescope = ONE_THIRD * found.error * np.sqrt(found.n / people)
    return Finding(
        what=what,
        test="resampling people",
        value=found.value,
        low=found.low,
        high=found.high,
        p=found.p,
        n=found.n,
        cohorts=found.cohorts,
        expected=expected,
        detectable=Z * found.error,
        margin=abs(printed) / 2 if expected * printed > 0 else telescope,
        bounds=found.bounds,
        printed=printed,
        telescope=telescope,
        of=of,
    )
