"""The papers' tables from our rows, with what they lack: the paired change to the baseline, its interval, its p."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from perso.analysis import accuracy
from perso.analysis.printed import PAPER_OF, printed_table
from perso.methods.method import BASELINE, SHAPING, Method
from perso.methods.registry import DOSES, METHODS, baseline_of
from perso.parts import PARTS
from perso.stats import paired

COLUMNS = ("mean", "sd", "min", "max")  # of the papers' tables


def compare(
    rows: pd.DataFrame,
    methods: Iterable[Method] = METHODS,
    printed: str = "v3",
    base: str = BASELINE,
) -> pd.DataFrame:
    """One line per method that has rows; columns are pairs (D_I or D_G, what).

    printed   the table that stands beside ours, see `printed.PAPER_OF`; v1's bring r_train with them
    base      the method that changes are counted from

    n, mean, rank, sd, min, max   over people, repeats averaged first
    change, low, high, p          paired difference to the base over people; its 95 % interval and
                                  the p of a paired t-test, both uncorrected
    holm                          p corrected within the methods of a `correction_family` that are
                                  here, for D_I and for D_G by itself
    paper mean … paper max        the papers' table
    r_train, paper r_train        v1: iterations for one person alone as a share of the base's;
                                  with D_G
    """
    methods = [method for method in methods if (rows["method"] == method.name).any()]
    names = [method.name for method in methods]
    families: dict[str, list[str]] = {}
    for method in methods:
        if method.name != base:
            families.setdefault(correction_family(method), []).append(method.name)
    theirs = printed_table(printed).reindex(names)
    rows, blocks = rows[rows["method"].isin(names)], {}
    for part, people in accuracy.by_part(rows).items():
        block = accuracy.summary_over_people(people).loc[names]
        others = people.drop(columns=base, errors="ignore")
        bases = people.get(base, pd.Series(np.nan, people.index))
        changes = {name: paired.paired_change(others[name] - bases) for name in others}
        for column, field in (("change", "mean"), ("low", "low"), ("high", "high"), ("p", "p")):
            values = {name: getattr(each, field) for name, each in changes.items()}
            block[column] = pd.Series(values, dtype=float)
        block["holm"] = np.nan
        for family in families.values():
            block.loc[family, "holm"] = paired.holm(block.loc[family, "p"])
        for column in COLUMNS:
            block[f"paper {column}"] = theirs[f"{part} {column}"]
        blocks[part] = block
    if PAPER_OF[printed] == "v1":
        spent = rows.groupby("method")["own_iterations"].mean().reindex(names)
        block["r_train"] = spent / spent.get(base, np.nan)
        block["paper r_train"] = theirs["r_train"]
    table = pd.concat(blocks, axis=1)
    table.attrs |= {"paper": PAPER_OF[printed], "base": base}
    return table


def paired_differences(rows: pd.DataFrame, method: str, other: str) -> dict[str, pd.Series]:
    """One method minus another, a number per person, for D_I and for D_G."""
    return {part: wide[method] - wide[other] for part, wide in accuracy.by_part(rows).items()}


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
    theirs, blocks = printed_table(printed), {}
    people = {run: accuracy.by_part(rows) for run, rows in runs.items()}
    for part in PARTS:
        for run in runs:
            wide = people[run][part].reindex(columns=list({*bases, *bases.values()}))
            changes = {
                name: paired.paired_change(wide[name] - wide[base]) for name, base in bases.items()
            }
            lines = {name: (each.mean, each.low, each.high) for name, each in changes.items()}
            blocks[part, run] = pd.DataFrame.from_dict(
                lines, "index", columns=["change", "low", "high"]
            )
        means = theirs[f"{part} mean"]
        change = {
            name: means[name] - means[base]
            for name, base in bases.items()
            if name in means and base in means
        }
        blocks[part, PAPER_OF[printed]] = pd.DataFrame(
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
    for part in PARTS:
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
    found, theirs = {}, accuracy.by_part(other)
    for part, people in accuracy.by_part(rows).items():
        differences = people - theirs[part]
        found[part] = paired.tost(differences.mean(axis=1), PARTS[part].margin)
    return found
