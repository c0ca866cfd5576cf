"""How many people, cohorts and generic networks a study needs: the table of `perso plan`.

What varies is estimated from the rows of a study that is there; `stats.planning` computes the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from perso.analysis import changes
from perso.parts import D_G
from perso.stats import planning
from perso.stats.cohorts import MIN_COHORTS

COHORTS = (3, 4, 6, 8, 12)  # numbers of D_G that are planned for
NETWORKS_FACTOR = 4  # as many times as many generic networks are planned for, beside the rows' own


@dataclass(frozen=True)
class Plan:
    """What varies in one comparison, and how many people per cohort an effect needs.

    A number of people is None where no number is enough. Rows of one D_G do not show how much D_G
    varies; then `people` and `with_networks` are empty.
    """

    components: planning.Components  # in percentage points squared
    detectable: float  # minimum detectable effect of the rows, in points; nan: unknown
    people: dict[int, int | None]  # by number of cohorts
    with_networks: dict[int, int | None]  # the same with NETWORKS_FACTOR × as many generic networks


def components_of(rows: pd.DataFrame, method: str, base: str, part: str) -> planning.Components:
    """Variances of the paired differences of two methods, in percentage points squared.

    rows   of `sqlite.ROW`; the same differences as those of `changes.change`
    nan where nobody has both methods.
    """
    contrast = {method: 1.0, base: -1.0}
    d = 100 * changes.by_person(rows, contrast, part)
    if d.empty:
        return planning.Components(np.nan, np.nan, np.nan, np.nan)
    cohort = d.index.get_level_values("fold")
    common = common_variance(rows, contrast, part, cohort)
    return planning.difference_components(d.to_numpy(), cohort.to_numpy(), common=common)


def common_variance(
    rows: pd.DataFrame, contrast: changes.Contrast, part: str, cohort: pd.Index
) -> float:
    """The mean of `changes.shared_variances` over cohorts, in percentage points squared."""
    shared = changes.shared_variances(rows, contrast, part, cohort.unique())
    return 100**2 * float(np.mean(list(shared.values())))


def detectable_here(rows: pd.DataFrame, method: str, base: str, part: str) -> float:
    """The effect in points that rows detect, by the error of their interval; nan: unknown."""
    found = changes.change(rows, method, base, part)
    return 100 * planning.detectable_with(found.error, found.df)


def plan_of(rows: pd.DataFrame, method: str, base: str, part: str, effect: float) -> Plan:
    """The plan of one comparison.

    effect   of the method minus the base, in percentage points; a power of 80 %, two-sided .05
    """
    found = components_of(rows, method, base, part)
    more_networks = replace(found, common=found.common / NETWORKS_FACTOR)
    known = () if np.isnan(found.cohort) else COHORTS
    people, with_networks = (
        {
            cohorts: planning.people_for_effect(effect, each, cohorts, drawn=part == D_G.name)
            for cohorts in known
        }
        for each in (found, more_networks)
    )
    return Plan(found, detectable_here(rows, method, base, part), people, with_networks)


def plan_table(plans: Mapping[str, Plan], part: str) -> pd.DataFrame:
    """Plans by name as text, a line each.

    Columns: the SDs over people, by generic networks and over cohorts, the effect that the rows
    themselves detect, and for each number of cohorts the people per cohort, "none" where no number
    is enough. On D_G generic networks are a part of the SD of cohorts. Where the rows of all plans
    have one D_G, there is neither an SD over cohorts nor a number.
    """
    several = any(plan.people for plan in plans.values())
    lines = {}
    for name, plan in plans.items():
        found = plan.components
        line = {"sd of people": points(np.sqrt(found.person))}
        if part != D_G.name:
            line["sd of networks"] = points(np.sqrt(found.common))
        if several:
            line["sd of cohorts"] = points(np.sqrt(found.cohort))
        line["detectable here"] = points(plan.detectable)
        for cohorts in COHORTS if several else ():
            line[f"{cohorts} cohorts of"] = needed_text(plan, cohorts)
        lines[name] = line
    return pd.DataFrame.from_dict(lines, orient="index")


def needed_text(plan: Plan, cohorts: int) -> str:
    """The people per cohort; "none" where no number is enough, "?" where it is unknown."""
    if not plan.people:
        return "?"
    needed = plan.people[cohorts]
    return "none" if needed is None else f"{needed:,}"


def points(value: float) -> str:
    """Percentage points with two decimals; "?" where they are unknown."""
    return "?" if np.isnan(value) else f"{value:.2f}"


def plan_note(rows: pd.DataFrame, part: str, effect: float) -> str:
    """What the table is about, and what these rows cannot show."""
    cohorts = rows["fold"].nunique()
    size = f"{effect:g} point{'' if effect == 1 else 's'}"
    text = (
        f"people per cohort to see an effect of {size} on {part} "
        "(power 80 %, two-sided .05); a cohort has a D_G of its own"
    )
    if cohorts == 1:
        return (
            f"how many people see an effect of {size} on {part} is unknown, for these rows "
            "have one D_G and do not show how much D_G varies; run with cohorts: 3, "
            "exchange: true or folds. Detectable here: with a power of 80 %, two-sided .05"
        )
    if cohorts < MIN_COHORTS:
        return f"{text}; these rows have {cohorts} D_G, so how much D_G varies is hardly known"
    return text


def plan_advice(rows: pd.DataFrame, plans: Mapping[str, Plan], part: str) -> list[str]:
    """What to do, in sentences: more people, cohorts or generic networks. Empty with one D_G."""
    known = [plan for plan in plans.values() if plan.people]
    if not known:
        return []
    here = rows["fold"].nunique()
    cohorts = max((each for each in COHORTS if each <= here), default=COHORTS[0])
    impossible = [plan for plan in known if plan.people[cohorts] is None]
    sentences = people_sentences(known, cohorts)
    if impossible:
        sentences += remedy_sentences(rows, impossible, cohorts, part)
    return sentences + cohort_sd_sentences(known, here, part)


def people_sentences(plans: Sequence[Plan], cohorts: int) -> list[str]:
    """For how many plans people are enough with this number of cohorts, and what "none" means."""
    needed = [plan.people[cohorts] for plan in plans]
    numbers = [each for each in needed if each is not None]
    sentences = []
    if numbers:
        sentences.append(
            f"With {cohorts} cohorts, people are enough for {len(numbers)} of {len(plans)} "
            f"comparisons: at most {max(numbers):,} per cohort."
        )
    if len(numbers) < len(plans):
        sentences.append(
            "none: no number of people is enough, for what all people of a cohort share (D_G, "
            f"generic networks) stays. With {cohorts} cohorts this holds for "
            f"{len(plans) - len(numbers)} of {len(plans)} comparisons."
        )
    return sentences


def remedy_sentences(
    rows: pd.DataFrame, impossible: Sequence[Plan], cohorts: int, part: str
) -> list[str]:
    """What helps plans for which no number of people is enough with this number of cohorts."""
    remedies = []
    enough = {
        more: sum(plan.people[more] is not None for plan in impossible)
        for more in COHORTS
        if more > cohorts
    }
    most = max(enough.values(), default=0)
    if most:
        more = min(more for more, number in enough.items() if number == most)
        remedies.append(f"{more} cohorts (enough for {most})")
    with_networks = sum(plan.with_networks[cohorts] is not None for plan in impossible)
    if part != D_G.name and with_networks:
        repeats = NETWORKS_FACTOR * rows.loc[changes.from_generic(rows), "repeat"].nunique()
        remedies.append(
            f"{NETWORKS_FACTOR} times as many generic networks per cohort, "
            f"reference_repeats: {repeats} (enough for {with_networks})"
        )
    if not remedies:
        return [f"Nor are {COHORTS[-1]} cohorts enough: plan for a larger effect."]
    return [f"What helps these: {', or '.join(remedies)}."]


def cohort_sd_sentences(plans: Sequence[Plan], here: int, part: str) -> list[str]:
    """What an SD of cohorts of 0.00 means with the cohorts that the rows have."""
    if all(points(np.sqrt(plan.components.cohort)) != "0.00" for plan in plans):
        return []
    text = (
        f"An SD of cohorts of 0.00 cannot be told from noise with {here} cohorts; if cohorts "
        "differ after all, more people or more cohorts are needed than the table says."
    )
    if part == D_G.name:
        text += (
            " There the table plans with the noise of people, which may be more than the cohorts "
            "of these rows show (detectable here)."
        )
    return [text]
