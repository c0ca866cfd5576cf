"""How many people and cohorts a study needs, by the rule of `cohorts.mean_over_people`.

A published study shows how much paired differences vary; a new one of another size is planned from
that. Everything is in the unit of the differences.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from perso.stats.cohorts import MIN_COHORTS, variances_within
from perso.stats.paired import ROUNDING, power_of_t

MOST_PEOPLE = 1_000_000  # of a cohort; who needs more cannot find the effect


@dataclass(frozen=True)
class Components:
    """Variances of a paired difference."""

    cohort: float  # of a cohort's true mean, beyond `common`; nan: one cohort
    common: float  # of a cohort's mean, by what all of its people share; see `mean_over_people`
    person: float  # of a person's true difference; with one repeat that of the residual is in it
    residual: float  # of one repeat; 0 where there is one per person


def difference_components(
    d: np.ndarray,
    cohort: np.ndarray,
    person: np.ndarray | None = None,
    common: float = 0.0,
) -> Components:
    """Components of paired differences by the method of moments; negative ones are 0.

    d        a difference per person, or per person and repeat, float [n]; nan are left out
    cohort   of each difference, [n]
    person   of each difference, [n]; names differ between cohorts; None: a difference per person
    common   as in `cohorts.mean_over_people`, its mean over the cohorts
    nan for what needs more people or cohorts.
    """
    d = np.asarray(d, float)
    known = ~np.isnan(d)
    d = d[known]
    names = np.arange(len(known)) if person is None else np.asarray(person)
    people, of_person = np.unique(names[known], return_inverse=True)
    repeats = np.bincount(of_person)
    means = np.bincount(of_person, d) / repeats
    freedom = len(d) - len(people)
    residual = float(((d - means[of_person]) ** 2).sum() / freedom) if freedom else 0.0

    first = np.unique(of_person, return_index=True)[1]
    labels, place = np.unique(np.asarray(cohort)[known][first], return_inverse=True)
    sizes = np.bincount(place)
    of_cohort = np.bincount(place, means) / sizes
    variances = variances_within(means - of_cohort[place], place, sizes)
    freedom = len(people) - len(labels)
    within = (variances * (sizes - 1)).sum() / freedom if freedom else np.nan
    noise = (variances / sizes).mean() + common
    between = of_cohort.var(ddof=1) if len(labels) > 1 else np.nan
    return Components(
        cohort=float(np.maximum(between - noise, 0)),
        common=common,
        person=float(np.maximum(within - residual * (1 / repeats).mean(), 0)),
        residual=residual,
    )


def expected_error(
    components: Components, people: int, cohorts: int, *, drawn: bool, repeats: int = 1
) -> tuple[float, float]:
    """Standard error of a planned study's mean, and its degrees of freedom.

    people    of each cohort
    drawn     whether the difference depends on D_G, which each cohort draws anew
    repeats   models per person
    From three cohorts on cohorts are the unit where the difference is drawn with them or where they
    differ; else people are. Below, the study holds for its D_G only. `common` does not become less
    with people.
    """
    within = components.common + (components.person + components.residual / repeats) / people
    if cohorts >= MIN_COHORTS and (drawn or components.cohort > 0):
        return float(np.sqrt((components.cohort + within) / cohorts)), cohorts - 1
    return float(np.sqrt(within / cohorts)), cohorts * (people - 1)


def detectable(
    components: Components,
    people: int,
    cohorts: int,
    *,
    drawn: bool,
    repeats: int = 1,
    power: float = 0.8,
    alpha: float = 0.05,
) -> float:
    """Minimum detectable effect of a planned study; `expected_error` describes the arguments."""
    error, df = expected_error(components, people, cohorts, drawn=drawn, repeats=repeats)
    return detectable_with(error, df, power, alpha)


def detectable_with(error: float, df: float, power: float = 0.8, alpha: float = 0.05) -> float:
    """Minimum detectable effect: the true mean that a two-sided t-test finds with this probability.

    error, df   standard error and degrees of freedom of the mean
    By the noncentral t distribution. nan where the error is unknown or 0, and without degrees of
    freedom.
    """
    if not (error > ROUNDING and df > 0):
        return np.nan
    upper = 1.0
    while power_of_t(upper, df, alpha) < power:
        upper *= 2
    return error * float(brentq(lambda shift: power_of_t(shift, df, alpha) - power, 0, upper))


def people_for_effect(
    effect: float,
    components: Components,
    cohorts: int,
    *,
    drawn: bool,
    repeats: int = 1,
    power: float = 0.8,
    alpha: float = 0.05,
) -> int | None:
    """The smallest number of people per cohort with whom an effect is `detectable`.

    None where no number of people is enough: what cohorts share does not become less with people.
    """

    def enough(people: int) -> bool:
        found = detectable(
            components,
            people,
            cohorts,
            drawn=drawn,
            repeats=repeats,
            power=power,
            alpha=alpha,
        )
        return found <= abs(effect)

    few = 1
    many = 2
    while not enough(many):
        few = many
        many *= 2
        if many > MOST_PEOPLE:
            return None
    while many - few > 1:
        middle = (few + many) // 2
        if enough(middle):
            many = middle
        else:
            few = middle
    return many
