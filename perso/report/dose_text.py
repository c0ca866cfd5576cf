"""Texts about doses of early shaping and about late iterations (chapters 9 and 11)."""

import pandas as pd

from perso.analysis import comparison
from perso.methods.kinds import early_shaping, longer_baseline, with_more_epochs
from perso.methods.method import Method
from perso.methods.registry import DOSES, METHODS
from perso.parts import D_G, PARTS
from perso.report.sentences import format_interval
from perso.report.tables import format_change
from perso.stats import paired


def dose_sentence(rows: pd.DataFrame) -> str:
    """Whether the largest dose of own data harms D_G, also after three times the epochs.

    It is compared with as many iterations on general data: both train equally long, so what differs
    is whose data it is (claims 17, 25).
    """
    present = set(rows["method"])
    dose = max(
        method.shaping.early
        for method in DOSES
        if method.individual_data == "own"
        and method.shaping.epochs_factor == 1
        and method.name in present
    )
    own, general = early_shaping(dose), longer_baseline(dose)
    results, numbers = [], []
    for when, one, other in (
        ("after the usual epochs", own, general),
        ("after three times as many", with_more_epochs(own, 3), with_more_epochs(general, 3)),
    ):
        differences = comparison.paired_differences(rows, one.name, other.name)["D_G"]
        results.append(f"{harm(differences)} {when}")
        numbers.append(f"{format_interval(paired.paired_change(differences))} points {when}")
    return (
        f"{', '.join(results)}. {dose:,} iterations of early shaping on the person's own data, "
        "compared with as many on general data, change accuracy on D_G by "
        f"{' and by '.join(numbers)}."
    )


def harm(differences: pd.Series) -> str:
    """What paired differences on D_G show: harm | gain | no difference (TOST) | undecided."""
    change = paired.paired_change(differences)
    if change.high < 0:
        return "harm"
    if change.low > 0:
        return "gain"
    if paired.tost(differences, D_G.margin).equivalent:
        return "no difference"
    return "undecided"


def dose_table(table: pd.DataFrame) -> pd.DataFrame:
    """Changes in percentage points: a line per dose and owner, a column per part and length.

    table   of `comparison.dose_effects`
    """
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for part in PARTS:
        for _, line in table.sort_values(("", "rounds"), kind="stable").iterrows():
            column = part, f"{line['', 'rounds']} × epochs"
            dose = f"{line['', 'dose']} on {line['', 'whose']} data"
            cells.setdefault(column, {})[dose] = format_change(line[part])
    return pd.DataFrame(cells).fillna("")


def late_methods(table: pd.DataFrame) -> list[Method]:
    """Methods of transfer learning that have a line in a table."""
    return [
        method
        for method in METHODS
        if method.family == "transfer learning" and method.name in table.index
    ]


def late_table(table: pd.DataFrame) -> pd.DataFrame:
    """Changes by transfer learning in percentage points: optimiser and rate × part and iterations.

    table   of `comparison.compare`
    """
    lines: dict[str, dict[tuple[str, int], str]] = {}
    for method in late_methods(table):
        terms = method.shaping
        optimiser = terms.late_optimiser or "as the study"
        cells = lines.setdefault(f"{optimiser}, {terms.late_rate:g}", {})
        for part in PARTS:
            cells[part, terms.late] = format_change(table.loc[method.name, part])
    lengths = sorted({late for cells in lines.values() for _, late in cells})
    columns = pd.MultiIndex.from_product([list(PARTS), lengths])
    return pd.DataFrame.from_dict(lines, orient="index").reindex(columns=columns).fillna("")


def late_sentence(table: pd.DataFrame) -> str:
    """How many settings of transfer learning harm D_G, for how many a loss is excluded, the best.

    table   of `comparison.compare`, with the generic network (TL-n-0) as the base
    """
    names = [method.name for method in late_methods(table)]
    on_G = table.loc[names, "D_G"]
    harmed = on_G.index[on_G["high"] < 0]
    safe = on_G.index[on_G["low"] > -D_G.margin]
    sentences = [
        f"For {len(harmed)} of {len(names)} settings of transfer learning "
        "(optimiser, rate, length), accuracy on D_G is significantly lower "
        "than that of the generic network they start from; "
        f"for {len(safe)}, a loss of more than {100 * D_G.margin:g} points is excluded."
    ]
    if len(safe):
        if len(harmed):
            sentences.append("So v1's harm and v3's absence of harm both occur.")
        best = table.loc[safe, ("D_I", "change")].idxmax()
        change_I, change_G = (format_change(table.loc[best, part]) for part in PARTS)
        sentences.append(
            f"Of those without such a loss, {best} helps the individual most "
            f"({change_I} points on D_I, {change_G} on D_G)."
        )
    return " ".join(sentences)
