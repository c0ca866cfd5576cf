"""The papers' tables from our rows, with what they lack: the paired change to the baseline, its interval, its p."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from perso import parts
from perso.analysis import accuracy
from perso.methods.method import BASELINE, SHAPING, Method
from perso.methods.registry import DOSES, METHODS, baseline_of
from perso.parts import PARTS
from perso.stats import paired

MEASURES = {part: measure for measure, part in PARTS.items()}
PAPER = ("mean", "sd", "min", "max")  # v3's columns, of D_I first, then of D_G
V3_COLUMN = "v3"  # as a run beside ours
PAPERS = (V3_COLUMN, "v1")
# whose table: the field of `Method` with its numbers, and the paper as a column says it
PRINTED = {
    "v3": ("paper", "v3"),
    "class-counts": ("v1_counts", "v1"),
    "hidden-factors": ("v1_factors", "v1"),
}


def compare(
    rows: pd.DataFrame,
    methods: Iterable[Method] = METHODS,
    printed: str = "v3",
    base: str = BASELINE,
) -> pd.DataFrame:
    """One line per method that has rows; columns are pairs (D_I or D_G, what).

    printed   whose numbers stand beside ours: v3 | class-counts | hidden-factors (v1's, and r_train with them)
    base      the method that changes are counted from

    n, mean, rank, sd, min, max   over people, repeats averaged first
    change, low, high, p          paired difference to the baseline over people; its 95 % interval and the p of a
                                  paired t-test, both uncorrected
    holm                          p corrected within the methods of a `correction_family` that are here, the controls,
                                  all shaping methods or those of another family; for D_I and for D_G by itself
    paper mean … paper max        the papers' table
    r_train, paper r_train        v1: iterations spent on one person alone, as a share of the base's; with D_G
    """
    methods = [method for method in methods if (rows["method"] == method.name).any()]
    names = [method.name for method in methods]
    families: dict[str, list[str]] = {}
    for method in methods:
        if method.name != base:
            families.setdefault(correction_family(method), []).append(method.name)
    source, paper = PRINTED[printed]
    theirs = [getattr(method, source) for method in methods]
    rows, blocks = rows[rows["method"].isin(names)], {}
    for place, (measure, part) in enumerate(PARTS.items()):
        block = accuracy.summary_over_people(rows, measure).loc[names]
        people = accuracy.per_person(rows, measure)
        compared = people.drop(
            columns=base, errors="ignore"
        )  # with the baseline, where there is one
        least = people.get(base, pd.Series(np.nan, people.index))
        changes = {name: paired.paired_change(compared[name] - least) for name in compared}
        for column, field in (("change", "mean"), ("low", "low"), ("high", "high"), ("p", "p")):
            block[column] = pd.Series(
                {name: getattr(each, field) for name, each in changes.items()}, dtype=float
            )
        block["holm"] = np.nan
        for family in families.values():
            block.loc[family, "holm"] = paired.holm(block.loc[family, "p"])
        for k, column in enumerate(PAPER):
            block[f"paper {column}"] = [
                numbers[place * 4 + k] if numbers else np.nan for numbers in theirs
            ]
        blocks[part] = block
    if paper == "v1":
        spent = rows.groupby("method")["own_iterations"].mean().reindex(names)
        block["r_train"] = spent / spent.get(base, np.nan)
        block["paper r_train"] = [numbers[8] if numbers else np.nan for numbers in theirs]
    table = pd.concat(blocks, axis=1)
    table.attrs |= {"paper": paper, "base": base}
    return table


def paired_differences(rows: pd.DataFrame, method: str, other: str) -> dict[str, pd.Series]:
    """One method minus another, a number per person, for D_I and for D_G."""
    people = {part: accuracy.per_person(rows, measure) for measure, part in PARTS.items()}
    return {part: wide[method] - wide[other] for part, wide in people.items()}


def change_by_part(rows: pd.DataFrame, method: str, other: str) -> dict[str, paired.PairedChange]:
    """One method minus another over people, for D_I and for D_G."""
    return {
        part: paired.paired_change(each)
        for part, each in paired_differences(rows, method, other).items()
    }


def compare_runs(runs: Mapping[str, pd.DataFrame], printed: str = "v3") -> pd.DataFrame:
    """The changes to the baseline in several runs, a line per method that any has; the paper's last, without intervals.

    What is chosen by likeness is counted from as much at random, v3's baseline for it (`registry.baseline_of`).
    runs     rows by the run's name
    printed  whose numbers come last, see `compare`
    columns are triples (D_I or D_G, run, what): change, low, high as in `compare`, shares
    """
    there = {name for rows in runs.values() for name in rows["method"]} - {BASELINE}
    methods = [method for method in METHODS if method.name in there]
    bases = {method.name: baseline_of(method).name for method in methods}
    source, paper = PRINTED[printed]
    theirs = {method.name: getattr(method, source) for method in METHODS}
    blocks = {}
    for place, (measure, part) in enumerate(PARTS.items()):
        for run, rows in runs.items():
            people = accuracy.per_person(rows, measure).reindex(
                columns=list({*bases, *bases.values()})
            )
            changes = {
                name: paired.paired_change(people[name] - people[base])
                for name, base in bases.items()
            }
            lines = {name: (each.mean, each.low, each.high) for name, each in changes.items()}
            blocks[part, run] = pd.DataFrame.from_dict(
                lines, "index", columns=["change", "low", "high"]
            )
        printed_too = {name: base for name, base in bases.items() if theirs[name] and theirs[base]}
        change = {
            name: theirs[name][place * 4] - theirs[base][place * 4]
            for name, base in printed_too.items()
        }
        blocks[part, paper] = pd.DataFrame(
            {"change": change, "low": np.nan, "high": np.nan}, index=bases, dtype=float
        )
    return pd.concat(blocks, axis=1)


def dose_effects(rows: pd.DataFrame) -> pd.DataFrame:
    """What a dose of early shaping changes against the baseline with as many epochs: a line per method of `DOSES`.

    A method whose baseline is not among the rows has no line.
    columns   whose (own | another's | general: whose data the dose is), dose, rounds, then pairs like in `compare`:
              change, low, high on D_I and on D_G
    """
    there, lines = set(rows["method"]), []
    bases = {
        method.epochs_factor: method.name
        for method in DOSES
        if method.global_extra and not method.extra
    }
    for method in DOSES:
        dose = method.early or method.extra
        if dose and {method.name, bases.get(method.epochs_factor)} <= there:
            whose = (
                "general"
                if method.extra
                else {"own": "own", "other": "another's"}[method.individual_data]
            )
            line = {("", "whose"): whose, ("", "dose"): dose, ("", "rounds"): method.epochs_factor}
            for part, change in change_by_part(
                rows, method.name, bases[method.epochs_factor]
            ).items():
                line |= {
                    (part, "change"): change.mean,
                    (part, "low"): change.low,
                    (part, "high"): change.high,
                }
            lines.append(pd.Series(line, name=method.name))
    return pd.DataFrame(lines)


def sign_agreement(table: pd.DataFrame, one: str, other: str) -> dict[str, pd.Series]:
    """Whether changes that are clear in one run (their 95 % interval excludes 0) have the same sign in the other.

    table   of `compare_runs`
    For D_I and for D_G a bool per method that is clear in one and is there in the other. A change of exactly 0 there,
    of two printed means that are equal, has no sign and is left out.
    """
    found = {}
    for part in PARTS.values():
        ours, theirs = table[part][one], table[part][other]["change"]
        clear = ((ours["low"] > 0) | (ours["high"] < 0)) & theirs.notna() & (theirs != 0)
        found[part] = (np.sign(ours["change"]) == np.sign(theirs))[clear]
    return found


def correction_family(method: Method) -> str:
    """With which other methods a method's p is corrected: all shaping methods together, others by their family."""
    return "shaping" if is_shaping(method) else method.family


def is_shaping(method: Method) -> bool:
    """Whether a method is one of the three forms of shaping, or of their combinations."""
    return method.family in SHAPING


def equivalence_by_part(rows: pd.DataFrame, other: pd.DataFrame) -> dict[str, paired.Equivalence]:
    """Whether `rows` are as accurate as `other`, rows of the same methods and people trained otherwise: D_I and D_G.

    A person is one number: its differences are averaged over repeats and methods before people are compared.
    """
    found = {}
    for measure, part in PARTS.items():
        differences = accuracy.per_person(rows, measure) - accuracy.per_person(other, measure)
        found[part] = paired.tost(differences.mean(axis=1), parts.MARGINS[part])
    return found
