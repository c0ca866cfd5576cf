"""What personalization does to the person and to everybody else, at what cost (chapter 0).

`rows` have the columns of `sqlite.ROW`, of the table `relative`. A fold is a cohort. Accuracies and
changes are shares.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from perso.analysis import accuracy, changes, comparison, harm, sampling_noise
from perso.analysis.dispersion_scales import dispersion_on_scales
from perso.analysis.sampling_noise import DigitHits
from perso.methods.method import BASELINE
from perso.methods.registry import RELATIVE
from perso.parts import D_G, D_I, PARTS, parts_of
from perso.stats.cohorts import MIN_COHORTS, Mean, mean_over_people, without_error
from perso.store.published import Published

EARLY = "ES 12 %"
WEIGHED = "SW-n-2"
LATE = "TL 9 % (1e-4)"
LATE_FAST = "TL 9 % (1e-3)"
BOTH = "SW-n-2, then 9 % (1e-4)"
MAIN = (EARLY, WEIGHED, LATE_FAST, LATE, BOTH)
GENERAL = "TL 9 % on D_G (1e-4)"  # a last phase on everybody else's data
# in the picture of the trade-off: all methods of a run would hide one another
DRAWN = (BASELINE, "own data in the union", *MAIN, "TL 0.3 % (1e-4)", GENERAL)
# the control of each main method: as much training, in phases alike, without the individual
CONTROL_OF = {
    EARLY: "BaseLine + 12 %",
    WEIGHED: BASELINE,
    LATE_FAST: "TL 9 % on D_G (1e-3)",
    LATE: GENERAL,
    BOTH: GENERAL,
}
MIN_HALVES = 4  # cohorts, two for each half

# People of each fold with the hits of their networks on D_I, by method, as
# `sampling_noise.hits_by_place` returns them
Hits = Sequence[Mapping[str, Mapping[str, DigitHits]]]


class MethodPair(NamedTuple):
    """Two methods that differ in one thing."""

    method: str
    other: str
    differs: str  # in what the first differs from the second


CONTRASTS = (
    MethodPair(EARLY, "BaseLine + 12 %", "own data first, not general data"),
    MethodPair(EARLY, f"{EARLY} on another person", "own data first, not another person's"),
    MethodPair(LATE, GENERAL, "own data last, not D_G"),
    MethodPair(LATE, "TL 9 % on another person (1e-4)", "own data last, not another person's"),
    MethodPair(LATE_FAST, "TL 9 % on D_G (1e-3)", "own data last, not D_G"),
    MethodPair(LATE_FAST, "TL 9 % on another person (1e-3)", "own data last, not another person's"),
    MethodPair(GENERAL, "TL-n-0", "9 % more of D_G at the small rate"),
    MethodPair(BOTH, WEIGHED, "9 % more of the same batches at the small rate"),
    MethodPair(BOTH, GENERAL, "own data in every 2nd batch, not D_G"),
    MethodPair(BOTH, LATE, "own data throughout, not only last"),
)


def largest_run(runs: Iterable[Published]) -> Published:
    """The run with the most cohorts, of these the one with the most people; the first of equals.

    Fewer than three cohorts count as one: intervals are then for these cohorts alone.
    """

    def size(run: Published) -> tuple[int, int]:
        cohorts = run.rows["fold"].nunique()
        return cohorts if cohorts >= MIN_COHORTS else 1, run.rows["person"].nunique()

    return max(runs, key=size)


def hits_on_own_data(run: Published) -> Hits:
    """The hits on each test digit of D_I, from the published rows alone."""
    settings = run.provenance["settings"]
    whole = settings["flips"] and settings["split"] == "item"
    return sampling_noise.hits_by_place(run.rows, 3 if whole else 1, settings["rotate"])


# --- what a method does, and at what cost


def effects_table(run: Published) -> pd.DataFrame:
    """The effects of each method of the table `relative` that the run has: a line per method.

    Columns are pairs. (D_I or D_G, …): change, low, high against the baseline, and printed, that of
    v3's row with the same relative dose. ("cost", …): seconds of training for one person, and
    iterations for one person as a share of the baseline's. ("harmed", …): share, low, high of
    `expected_harm`, and observed, the share of people with a lower accuracy on the test samples.
    """
    rows = run.rows
    compared = comparison.compare(rows, RELATIVE)
    hits = hits_on_own_data(run)
    own = accuracy.per_person(rows, D_I.accuracy)
    of_method = rows.groupby("method")[["seconds", "own_iterations"]].mean()
    iterations = of_method["own_iterations"] / of_method.loc[BASELINE, "own_iterations"]
    lines = {}
    for name in compared.index.drop(BASELINE):
        expected = expected_harm(hits, name)
        line = {
            ("cost", "seconds"): of_method.loc[name, "seconds"],
            ("cost", "iterations"): iterations[name],
            ("harmed", "share"): expected.mean,
            ("harmed", "low"): max(expected.low, 0.0),
            ("harmed", "high"): min(expected.high, 1.0),
            ("harmed", "observed"): harm.harmed(own[name] - own[BASELINE])["harmed"],
        }
        for part in PARTS:
            block = compared[part]
            for column in comparison.INTERVAL:
                line[part, column] = block.loc[name, column]
            means = block["paper mean"]
            line[part, "printed"] = means[name] - means[BASELINE]
        lines[name] = line
    return pd.DataFrame.from_dict(lines, orient="index")


def leading(table: pd.DataFrame) -> str:
    """The main method with the largest mean change on D_I; of all, where none of these was run.

    table   of `effects_table`
    """
    main = [name for name in MAIN if name in table.index]
    return str(table.loc[main or table.index, ("D_I", "change")].idxmax())


def expected_harm(hits: Hits, method: str, base: str = BASELINE) -> Mean:
    """The expected share of people whose true accuracy on D_I is lower with a method than a base.

    The mean over people of `harm.harm_probability`. From three cohorts on the people of each
    cohort are judged by their own cohort alone, and the interval is over cohorts. Below, there is
    no interval.
    """
    cohorts = [harm.digits_won_and_lost([in_fold], method, base) for in_fold in hits]
    if len(cohorts) < MIN_COHORTS:
        together = pd.concat(cohorts)
        p = harm.harm_probability(together["won"], together["lost"])
        mean = float(p.mean()) if len(p) else np.nan
        return without_error(mean, len(p), len(cohorts))
    p = [harm.harm_probability(each["won"], each["lost"]) for each in cohorts]
    cohort = np.repeat(np.arange(len(p)), [len(each) for each in p])
    return mean_over_people(np.concatenate(p), cohort, drawn=True)


# --- comparisons of equal length


def contrast_table(rows: pd.DataFrame, contrasts: Sequence[MethodPair] = CONTRASTS) -> pd.DataFrame:
    """The differences that the rows have: a line per pair of names (method, other).

    Columns are pairs: ("", "differs"), and (part, …): change, low, high. They are nan on D_G where
    the means there cannot differ (`changes.compared_parts`).
    """
    there = set(rows["method"])
    lines = {}
    for contrast in contrasts:
        if not {contrast.method, contrast.other} <= there:
            continue
        line: dict = {("", "differs"): contrast.differs}
        compared = changes.compared_parts(rows, contrast.method, contrast.other)
        for part in parts_of(rows):
            numbers = (np.nan, np.nan, np.nan)
            if part in compared:
                found = changes.change(rows, contrast.method, contrast.other, part)
                numbers = found.mean, found.low, found.high
            line |= {
                (part, name): value
                for name, value in zip(comparison.INTERVAL, numbers, strict=True)
            }
        lines[contrast.method, contrast.other] = line
    return pd.DataFrame.from_dict(lines, orient="index")


def net_table(rows: pd.DataFrame) -> pd.DataFrame:
    """What of the main methods' changes is due to whose data: each method minus its `CONTROL_OF`.

    A line per method that the rows have with its control; columns as in `contrast_table`.
    """
    pairs = [MethodPair(method, other, "whose data") for method, other in CONTROL_OF.items()]
    found = contrast_table(rows, pairs)
    return found.set_axis([method for method, _ in found.index])


# --- half of the cohorts against the other half


def halves(cohorts: Sequence) -> list[tuple[tuple, tuple]]:
    """The splits of cohorts into two halves: none below four, of four all three.

    Of more than four the first half is set against the second.
    """
    cohorts = tuple(cohorts)
    if len(cohorts) < MIN_HALVES:
        return []
    if len(cohorts) > MIN_HALVES:
        middle = len(cohorts) // 2
        return [(cohorts[:middle], cohorts[middle:])]
    found = []
    for one in combinations(cohorts, 2):
        other = tuple(cohort for cohort in cohorts if cohort not in one)
        if one < other:
            found.append((one, other))
    return found


def agreement(rows: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Whether half of the cohorts find the same change against the baseline as the other half.

    A line per method, part (D_I or D_G) and split of the cohorts (`halves`):

    one, other        the change found by either half
    difference        one minus other
    error, df, t, p   the difference over its error, and the two-sided p of Student's t
    within            the same p with the error that is known from within the cohorts

    On D_I the error is the one from within the cohorts, of the people. On D_G it comes from the
    spread of cohorts within the halves, as each cohort has its own D_G. "within" is there for
    comparison: it leaves out that another D_G may give another result.
    """
    cohorts = sorted(rows["fold"].unique())
    lines = []
    for method in [name for name in methods if name in set(rows["method"])]:
        for part in PARTS:
            for one, other in halves(cohorts):
                found = two_halves(rows, method, part, one, other)
                lines.append({"method": method, "part": part, **found})
    return pd.DataFrame(lines)


def two_halves(rows: pd.DataFrame, method: str, part: str, one: tuple, other: tuple) -> dict:
    """A line of `agreement`, without method and part."""
    values, squares, dfs, spreads = [], [], [], []
    for half in (one, other):
        by_cohort = [
            changes.change(rows[rows["fold"] == cohort], method, BASELINE, part) for cohort in half
        ]
        means = np.array([each.mean for each in by_cohort])
        errors = np.array([each.error for each in by_cohort])
        values.append(means.mean())
        squares.append((errors**2).sum() / len(half) ** 2)
        dfs.append(sum(each.df for each in by_cohort))
        spreads.append(((means - means.mean()) ** 2).sum())
    difference = values[0] - values[1]
    within, df_within = np.sqrt(sum(squares)), sum(dfs)
    error, df = within, df_within
    if PARTS[part] is D_G:
        df = len(one) + len(other) - 2
        error = np.sqrt(sum(spreads) / df * (1 / len(one) + 1 / len(other)))
    return {
        "halves": f"{cohort_names(one)} against {cohort_names(other)}",
        "one": values[0],
        "other": values[1],
        "difference": difference,
        "error": error,
        "df": df,
        **student(difference, error, df),
        "within": student(difference, within, df_within)["p"],
    }


def student(difference: float, error: float, df: float) -> dict[str, float]:
    """Student's t of a difference and its two-sided p; nan where there is no error."""
    if not error > 0:
        return {"t": np.nan, "p": np.nan}
    t = difference / error
    return {"t": float(t), "p": float(2 * stats.t.sf(abs(t), df))}


def cohort_names(cohorts: Iterable[int]) -> str:
    """The cohorts' numbers from 1 on, as text."""
    return " and ".join(str(cohort + 1) for cohort in cohorts)


# --- differences between people


def scales_of_methods(
    run: Published, methods: Sequence[str], rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """`dispersion_scales.dispersion_on_scales` on D_I, by method that the run has."""
    people = accuracy.per_person(run.rows, D_I.accuracy)
    variances = sampling_noise.variances_of_hits(hits_on_own_data(run), "D_I")
    cohort = run.rows.groupby("person")["fold"].first()
    return {
        name: dispersion_on_scales(people, variances, cohort, name, rng)
        for name in methods
        if name in people
    }
