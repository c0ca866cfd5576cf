"""The papers' tables from our rows, with paired changes to the baseline, their intervals and p."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from perso.analysis import accuracy, changes
from perso.analysis.printed import PAPER_OF, printed_table
from perso.methods.method import BASELINE, BEYOND, SHAPING, Method
from perso.methods.registry import DOSES, METHODS, baseline_of
from perso.parts import ALL_PARTS, parts_of
from perso.stats import paired
from perso.stats.cohorts import Mean

PRINTED_COLUMNS = ("mean", "sd", "min", "max")  # of the papers' tables
INTERVAL = ["change", "low", "high"]  # a change and the ends of its interval


def compare(
    rows: pd.DataFrame,
    methods: Iterable[Method] = METHODS,
    printed: str = "v3",
    base: str = BASELINE,
) -> pd.DataFrame:
    """Compare methods with a base: one line per method that has rows.

    printed   the printed table to set beside ours, see `printed.PAPER_OF`
    base      name of the method that changes are counted from

    Columns are pairs of a part (`parts_of`) and one of these; accuracies and changes are shares:

    n, mean, rank, sd, min, max   over people, repeats averaged first
    change, low, high, p          paired difference to the base over people, its 95 % interval and
                                  p by the rule of `changes`, both uncorrected
    holm                          p corrected (Holm) over the methods in these rows that share a
                                  `correction_family`, on each part separately
    paper mean … paper max        from the printed table, if it has one of the methods
    r_train, paper r_train        for v1's tables, under D_G: iterations for one person as a share
                                  of the base's
    """
    methods = list(methods)
    known = printed_table(printed).index
    any_printed = any((method.stands_for or method.name) in known for method in methods)
    methods = [method for method in methods if (rows["method"] == method.name).any()]
    names = [method.name for method in methods]
    rows = rows[rows["method"].isin(names)]
    theirs = printed_table(printed).reindex(
        [method.stands_for or method.name for method in methods]
    )
    theirs.index = names
    bases = {name: base for name in names if name != base}
    families: dict[str, list[str]] = {}
    for method in methods:
        if method.name != base:
            families.setdefault(correction_family(method), []).append(method.name)

    blocks = {}
    for part, people in accuracy.by_part(rows).items():
        block = accuracy.summary_over_people(people).loc[names]
        block = block.join(changes_from(rows, bases, part))
        block["holm"] = np.nan
        for family in families.values():
            block.loc[family, "holm"] = paired.holm(block.loc[family, "p"])
        for column in PRINTED_COLUMNS:
            block[f"paper {column}"] = theirs.get(f"{part} {column}", np.nan)
        blocks[part] = block

    if PAPER_OF[printed] == "v1":
        iterations = rows.groupby("method")["own_iterations"].mean().reindex(names)
        blocks["D_G"]["r_train"] = iterations / iterations.get(base, np.nan)
        blocks["D_G"]["paper r_train"] = theirs["r_train"]
    table = pd.concat(blocks, axis=1)
    table.attrs |= {"paper": PAPER_OF[printed], "base": base, "cohorts": rows["fold"].nunique()}
    return table if any_printed else without_printed(table)


def without_printed(table: pd.DataFrame) -> pd.DataFrame:
    """A table of `compare` without the columns of the papers' numbers."""
    return table.drop(columns=[pair for pair in table if pair[1].startswith("paper ")])


def changes_from(rows: pd.DataFrame, bases: Mapping[str, str], part: str) -> pd.DataFrame:
    """Paired changes over people (`changes`): a line per method; columns change, low, high, p.

    bases   name of the base by name of the method; a method without rows has nan
    """
    lines = {}
    for name, base in bases.items():
        found = changes.change(rows, name, base, part)
        lines[name] = (found.mean, found.low, found.high, found.p)
    return pd.DataFrame.from_dict(lines, "index", columns=[*INTERVAL, "p"], dtype=float)


def paired_differences(rows: pd.DataFrame, method: str, other: str) -> dict[str, pd.Series]:
    """The accuracy of one method minus that of another, per person, on each part."""
    return {part: people[method] - people[other] for part, people in accuracy.by_part(rows).items()}


def change_by_part(rows: pd.DataFrame, method: str, other: str) -> dict[str, Mean]:
    """The accuracy of one method minus that of another with its interval, on each part.

    Without D_G where both make the same networks, see `changes.compared_parts`.
    """
    parts = changes.compared_parts(rows, method, other)
    return {part: changes.change(rows, method, other, part) for part in parts}


def compare_runs(runs: Mapping[str, pd.DataFrame], printed: str = "v3") -> pd.DataFrame:
    """The changes to the baseline in several runs: a line per method that any run has.

    The baseline of data grouping is as much data at random, as in v3 (`registry.baseline_of`).
    Methods of the user's own are compared with the baseline and come last.

    runs      rows by name of the run
    printed   the printed table, see `printed.PAPER_OF`; it is the last run, without intervals

    Columns are triples of a part, the run, and change, low or high as in `compare`.
    """
    known = {name for rows in runs.values() for name in rows["method"]} - {BASELINE}
    bases = {method.name: baseline_of(method).name for method in METHODS if method.name in known}
    bases |= {name: BASELINE for name in sorted(known - set(bases))}
    blocks = {}
    for part in parts_of(pd.concat(runs.values())):
        for run, rows in runs.items():
            blocks[part, run] = changes_from(rows, bases, part)[INTERVAL]
        blocks[part, PAPER_OF[printed]] = printed_changes(printed, part, bases)
    return pd.concat(blocks, axis=1)


def printed_changes(printed: str, part: str, bases: Mapping[str, str]) -> pd.DataFrame:
    """Changes between the means of a printed table, in the columns of `INTERVAL`.

    Without interval; nan for a method that the table does not have.
    """
    means = printed_table(printed).get(f"{part} mean", pd.Series(dtype=float))
    found = {
        name: means[name] - means[base]
        for name, base in bases.items()
        if name in means and base in means
    }
    columns = {"change": found, "low": np.nan, "high": np.nan}
    return pd.DataFrame(columns, index=list(bases), dtype=float)


def dose_effects(rows: pd.DataFrame) -> pd.DataFrame:
    """Effect of the doses of early shaping: a line per method of `registry.DOSES` that has rows.

    Each is compared with the baseline of as many epochs; without rows of that, it has no line.

    Columns are pairs. ("", …): whose, the source of the dose (own | another's | general); dose, in
    iterations; rounds, how often the study's epochs are repeated. (D_I or D_G, …): change, low and
    high as in `compare`.
    """
    known = set(rows["method"])
    baselines = {
        method.shaping.epochs_factor: method.name
        for method in DOSES
        if method.global_extra and not method.shaping.extra
    }
    lines = []
    for method in DOSES:
        terms = method.shaping
        dose = terms.early or terms.extra
        base = baselines.get(terms.epochs_factor)
        if not dose or method.name not in known or base not in known:
            continue
        line = {
            ("", "whose"): dose_source(method),
            ("", "dose"): dose,
            ("", "rounds"): terms.epochs_factor,
        }
        for part, change in change_by_part(rows, method.name, base).items():
            line[part, "change"] = change.mean
            line[part, "low"] = change.low
            line[part, "high"] = change.high
        lines.append(pd.Series(line, name=method.name))
    return pd.DataFrame(lines)


def dose_source(method: Method) -> str:
    """Whose data the dose of a method of `registry.DOSES` is: own, another's, or general (D_G)."""
    if method.shaping.extra:
        return "general"
    return "own" if method.individual_data == "own" else "another's"


def sign_agreement(table: pd.DataFrame, one: str, other: str) -> dict[str, pd.Series]:
    """Whether the clear changes of one run have the same sign in another run.

    table        the result of `compare_runs`
    one, other   names of two of its runs; in `one`, the 95 % interval of a clear change excludes 0

    Returns, for each part, a bool per method that is clear in `one` and is in `other`.
    A change of exactly 0, between two equal printed means, has no sign and is left out.
    """
    agreement = {}
    for part in table.columns.unique(0):
        ours = table[part][one]
        theirs = table[part][other]["change"]
        clear = (ours["low"] > 0) | (ours["high"] < 0)
        has_sign = theirs.notna() & (theirs != 0)
        same = np.sign(ours["change"]) == np.sign(theirs)
        agreement[part] = same[clear & has_sign]
    return agreement


def correction_family(method: Method) -> str:
    """Name of the methods whose p are corrected together.

    "shaping", "beyond the papers", or the method's family.
    """
    if is_shaping(method):
        return "shaping"
    return "beyond the papers" if method.family in BEYOND else method.family


def is_shaping(method: Method) -> bool:
    """Whether a method is one of the three forms of shaping, or a combination of them."""
    return method.family in SHAPING


def equivalence_by_part(rows: pd.DataFrame, other: pd.DataFrame) -> dict[str, paired.Equivalence]:
    """Test whether two ways of training give the same accuracy, on each part (TOST).

    A person counts once: their differences are averaged over repeats and methods first.

    rows, other   rows of the same methods and people
    """
    theirs = accuracy.by_part(other)
    found = {}
    for part, people in accuracy.by_part(rows).items():
        differences = people - theirs[part]
        found[part] = paired.tost(differences.mean(axis=1), ALL_PARTS[part].margin)
    return found
