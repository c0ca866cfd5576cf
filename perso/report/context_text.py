"""Texts about a person's other contexts, and about prune and mix (chapter 23).

beds     {Bed: the run on it}, of `beds_of`
tables   {Bed: `bed_table` of its run}
A difference is a line with `change`, `low` and `high`, shares.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from IPython.display import Markdown

from perso.analysis import changes
from perso.claims.context_claims import (
    CONTEXT_CLAIMS,
    CROP,
    FINE_TUNED,
    GENERIC,
    LATE,
    OF,
)
from perso.claims.finding import Finding
from perso.claims.hypotheses import Equivalent, Superior
from perso.claims.ledger import Verdict
from perso.methods.registry import TABLES
from perso.parts import BOTH
from perso.report import front_text
from perso.report.effects_text import NOT_THERE, change_text
from perso.report.ledger_text import deciding_finding, format_estimate, says
from perso.report.specification import RowsEvidence
from perso.report.tables import SIGNIFICANT, listed
from perso.stats.cohorts import Mean
from perso.store.published import Published


class Bed(NamedTuple):
    """Data whose people have contexts."""

    name: str
    seen: str  # the context of D_I
    other: str  # the contexts of D_U


# by data set, context and the number of the available one; the first leads
BEDS = {
    ("watch", "side", 1): Bed("watch", "the right arm", "the left arm"),
    ("pens", "half", 0): Bed("pens", "the earlier half", "the later half"),
    ("qmnist", "shear:15", 0): Bed("sheared writers", "digits as written", "sheared digits"),
}
AGAINST_TUNED = "against fine-tuning"  # of `bed_table`: ΔG of CRoP
MASKS = (
    ("CRoP", "CRoP, random mask"),
    ("prune and mix", "mix, random mask"),
    ("prune and mix", "mix, smallest kept"),
)
COLUMNS = ("D_I", "D_U", BOTH, "D_G")
NO_DIFFERENCE = dict.fromkeys(("change", "low", "high"), np.nan)
WITHIN = 2.0  # points on D_I + D_U, of the controls of claim 41


# --- beds and their numbers


def beds_of(runs: Sequence[Published]) -> dict[Bed, Published]:
    """The run with the most people on each bed, in the order of BEDS; other data come last.

    runs   `published.runs_beside`: the book's own first
    """
    found: dict[Bed, Published] = {}
    for run in runs:
        bed = bed_of(run)
        if bed not in found or people_of(run) > people_of(found[bed]):
            found[bed] = run
    known = [bed for bed in BEDS.values() if bed in found]
    return {bed: found[bed] for bed in dict.fromkeys([*known, *found])}


def bed_of(run: Published) -> Bed:
    """The bed of a run."""
    settings = run.provenance["settings"]
    dataset, context, available = (settings[key] for key in ("dataset", "context", "available"))
    usual = Bed(f"{dataset}, {context}", "the available context", "the other contexts")
    return BEDS.get((dataset, context, available), usual)


def people_of(run: Published) -> int:
    """How many people a run has."""
    return run.rows["person"].nunique()


def line_of(found: Mean) -> dict[str, float]:
    """A mean as a difference."""
    return {"change": found.mean, "low": found.low, "high": found.high}


def difference_line(rows: pd.DataFrame, method: str, other: str, part: str) -> pd.Series:
    """One method minus another on a part, a difference."""
    return pd.Series(line_of(changes.change(rows, method, other, part)))


def bed_table(rows: pd.DataFrame) -> pd.DataFrame:
    """What each method changes against the generic network, a line per method.

    Columns are pairs. ("", "family"), and (part, …): change, low, high, for D_I, D_U, their sum,
    D_G, and AGAINST_TUNED: the sum against fine-tuning on as many samples.
    """
    (generic,), (tuned,) = GENERIC, FINE_TUNED
    there = set(rows["method"])
    if generic not in there:
        return pd.DataFrame()
    lines = {}
    for method in TABLES[OF]:
        if method.name not in there - {generic}:
            continue
        line: dict = {("", "family"): method.family}
        columns = {part: (generic, part) for part in ("D_I", "D_U", BOTH)}
        if tuned in there:
            columns[AGAINST_TUNED] = (tuned, BOTH)
        columns["D_G"] = (generic, "D_G")
        for column, (base, part) in columns.items():
            found = NO_DIFFERENCE
            if method.name != base:
                found = line_of(changes.change(rows, method.name, base, part))
            line |= {(column, name): value for name, value in found.items()}
        lines[method.name] = line
    return pd.DataFrame.from_dict(lines, orient="index")


# --- the answer


def shift(line: Mapping[str, float]) -> str:
    """What the 95 % interval of a difference shows: raises, lowers, open, or unknown."""
    if pd.isna(line["low"]):
        return "unknown"
    if line["low"] > 0:
        return "raises"
    return "lowers" if line["high"] < 0 else "open"


OTHER_CONTEXT = {
    "raises": "the other context gains, too",
    "lowers": "the other context is harmed",
    "open": "no harm of the other context is shown, and none is excluded",
    "unknown": "the people are too few for an interval",
}
PROTECTION = {
    "raises": "so the other context is better off with CRoP",
    "lowers": "so the other context is worse off with CRoP",
    "open": "so it is not shown that CRoP protects the other context",
    "unknown": "without an interval",
}


def bed_sentence(bed: Bed, run: Published) -> str:
    """What fine-tuning does to both contexts of a bed, and CRoP compared with it."""
    start = f"{bed.name[0].upper()}{bed.name[1:]} ({people_of(run)} people)"
    found = both_differences(run)
    if not found:
        return f"{start}: the run does not have the models."
    by_tuning, by_crop = found
    return (
        f"{start}: fine-tuning changes accuracy by {change_text(by_tuning['D_I'])} points on "
        f"{bed.seen}, which it is trained on, and by {change_text(by_tuning['D_U'])} on "
        f"{bed.other}: {OTHER_CONTEXT[shift(by_tuning['D_U'])]}. CRoP minus fine-tuning on the "
        f"same samples is {change_text(by_crop['D_I'])} and {change_text(by_crop['D_U'])}, "
        f"{PROTECTION[shift(by_crop['D_U'])]}."
    )


def both_differences(run: Published) -> tuple[dict[str, pd.Series], ...]:
    """By part, fine-tuning minus the generic network, and CRoP minus fine-tuning; or nothing."""
    pairs = (*LATE, *GENERIC), (*CROP, *FINE_TUNED)
    if not {name for pair in pairs for name in pair} <= set(run.rows["method"]):
        return ()
    return tuple(
        {part: difference_line(run.rows, *pair, part) for part in ("D_I", "D_U")} for pair in pairs
    )


def contexts_answer(beds: Mapping[Bed, Published]) -> str:
    """What fine-tuning does on D_U of every bed, and whether CRoP protects it."""
    on_other = {bed: found for bed, run in beds.items() if (found := both_differences(run))}
    if not on_other:
        return NOT_THERE
    by_tuning = {bed: tuning["D_U"] for bed, (tuning, _) in on_other.items()}
    by_crop = {bed: crop["D_U"] for bed, (_, crop) in on_other.items()}
    return (
        f"On the other contexts, fine-tuning changes accuracy by {by_bed_text(by_tuning, beds)}. "
        f"{sorted_by_shift(by_tuning, OTHER_CONTEXTS)} CRoP minus fine-tuning there is "
        f"{by_bed_text(by_crop, beds)}. {sorted_by_shift(by_crop, PROTECTED)}"
    )


# what the 95 % intervals on D_U show, of fine-tuning, and of CRoP minus fine-tuning
OTHER_CONTEXTS = {
    "lowers": "They are harmed for",
    "open": "Harm is neither shown nor excluded for",
    "raises": "They gain, too, for",
    "unknown": "The people are too few for",
}
PROTECTED = {
    "raises": "So pruning and mixing helps them for",
    "open": "That it helps them is not shown for",
    "lowers": "It costs them something for",
    "unknown": "The people are too few for",
}


def by_bed_text(lines: Mapping[Bed, pd.Series], beds: Mapping[Bed, Published]) -> str:
    """Differences by bed in points, with the number of people."""
    return listed(
        [
            f"{change_text(line)} points ({bed.name}, {people_of(beds[bed])} people)"
            for bed, line in lines.items()
        ]
    )


def sorted_by_shift(lines: Mapping[Bed, pd.Series], words: Mapping[str, str]) -> str:
    """A short sentence for each kind of `shift`, with the beds that have it."""
    names: dict[str, list[str]] = {}
    for bed, line in lines.items():
        names.setdefault(shift(line), []).append(bed.name)
    return " ".join(f"{words[kind]} {listed(names[kind])}." for kind in words if kind in names)


def beds_list(beds: Mapping[Bed, Published]) -> Markdown:
    """`bed_sentence` of every bed as a list."""
    return Markdown("\n".join(f"- {bed_sentence(bed, run)}" for bed, run in beds.items()))


# --- the mask


def mask_finding(run: Published, pair: tuple[str, str], part: str) -> Finding | None:
    """One method minus another with its minimum detectable effect; None without the models."""
    if not set(pair) <= set(run.rows["method"]):
        return None
    return Superior(*pair, part, of=OF).find(RowsEvidence(run))


def mask_sentence(beds: Mapping[Bed, Published]) -> str:
    """Whether it matters which weights CRoP keeps, or only how many."""
    pair = MASKS[0]
    found = {
        (bed, part): finding
        for bed, run in beds.items()
        for part in (BOTH, "D_U")
        if (finding := mask_finding(run, pair, part))
    }
    if not found:
        return NOT_THERE
    texts = [
        f"{bed.name} {estimate_text(found[bed, BOTH])} and {estimate_text(found[bed, 'D_U'])}"
        for bed in dict.fromkeys(bed for bed, _ in found)
    ]
    sentence = (
        f"CRoP minus CRoP with a random mask of equal sparsity, in points on {BOTH} and on D_U: "
        f"{'; '.join(texts)}"
    )
    differs = [
        f"{bed.name} on {part}" for (bed, part), each in found.items() if excludes_zero(each)
    ]
    if differs:
        return f"{sentence}. So which weights are kept matters for {listed(differs)}."
    if any(np.isnan(each.low) for each in found.values()):
        return f"{sentence}. There are too few people to say more."
    largest = max(finding.detectable for finding in found.values())
    return (
        f"{sentence}. Every interval contains 0: it is not shown to matter which weights are kept. "
        f"On every bed a true difference of {largest:.1f} points would have been found with a "
        f"power of at least 80 %. {equivalence_text(beds)}"
    )


def estimate_text(finding: Finding) -> str:
    """A finding's value with its interval, in percentage points."""
    line = {"change": finding.value, "low": finding.low, "high": finding.high}
    return change_text(pd.Series(line) / 100)


def excludes_zero(finding: Finding) -> bool:
    """Whether the 95 % interval of a finding lies on one side of 0."""
    return finding.low > 0 or finding.high < 0


def equivalence_text(beds: Mapping[Bed, Published]) -> str:
    """On which beds CRoP and CRoP with a random mask are equivalent on the sum (TOST)."""
    pair = MASKS[0]
    outcomes: dict[bool, list[str]] = {True: [], False: []}
    for bed, run in beds.items():
        if set(pair) <= set(run.rows["method"]):
            test = Equivalent(*pair, BOTH, of=OF, within=WITHIN)
            outcomes[bool(test.find(RowsEvidence(run)).p < SIGNIFICANT)].append(bed.name)
    texts = []
    if outcomes[True]:
        texts.append(f"equivalent within {WITHIN:g} points for {listed(outcomes[True])}")
    if outcomes[False]:
        texts.append(f"not shown to be so for {listed(outcomes[False])}")
    return f"On {BOTH} both are {', and '.join(texts)}."


def masks_table(beds: Mapping[Bed, Published]) -> pd.DataFrame:
    """Every pair of masks on all parts as text, with the minimum detectable effect in brackets."""
    lines = {}
    for pair in MASKS:
        for bed, run in beds.items():
            found = {part: mask_finding(run, pair, part) for part in COLUMNS}
            if all(found.values()):
                cells = {
                    f"{part} in pp [95 %] (MDE)": f"{estimate_text(each)} ({each.detectable:.1f})"
                    for part, each in found.items()
                }
                lines[f"{pair[0]} − {pair[1]}", bed.name] = cells
    return pd.DataFrame.from_dict(lines, orient="index")


def masks_sentence(beds: Mapping[Bed, Published], pair: tuple[str, str]) -> str:
    """On which beds and parts two masks differ."""
    found = {
        (bed, part): finding
        for bed, run in beds.items()
        for part in COLUMNS
        if (finding := mask_finding(run, pair, part))
    }
    if not found:
        return NOT_THERE
    differs = [
        f"{bed.name} on {part} ({estimate_text(each)})"
        for (bed, part), each in found.items()
        if excludes_zero(each)
    ]
    first = f"{pair[0]} minus {pair[1]}"
    if not differs:
        return f"{first}: all {len(found)} intervals contain 0."
    return (
        f"{first}: {len(found) - len(differs)} of {len(found)} intervals contain 0, but not those "
        f"for {listed(differs)}."
    )


# --- tables


def bed_text(table: pd.DataFrame) -> pd.DataFrame:
    """`bed_table` as text: a line per method."""
    columns = {"family": table["", "family"]}
    labels = {"D_I": "D_I", "D_U": "D_U", BOTH: f"{BOTH}: ΔP", AGAINST_TUNED: "ΔG", "D_G": "D_G"}
    for column, label in labels.items():
        if column in table:
            texts = table[column].apply(change_text, axis=1)
            columns[f"{label} in pp [95 %]"] = texts.where(table[column, "change"].notna(), "")
    return pd.DataFrame(columns, index=table.index)


def beds_text(tables: Mapping[Bed, pd.DataFrame]) -> pd.DataFrame:
    """`bed_text` of several beds, one after the other."""
    return pd.concat({bed.name: bed_text(table) for bed, table in tables.items()})


# --- claims


def verdicts_by_bed(beds: Mapping[Bed, Published]) -> dict[Bed, list[Verdict]]:
    """The verdicts on the claims about contexts from the rows of each bed alone."""
    return {bed: front_text.verdicts_of(run, CONTEXT_CLAIMS) for bed, run in beds.items()}


def verdicts_side_by_side(verdicts: Mapping[Bed, list[Verdict]]) -> pd.DataFrame:
    """The verdict on each claim with the estimate of its deciding test, a column per bed."""
    columns = {
        bed.name: {f"{each.claim.number}. {says(each)}": verdict_text(each) for each in own}
        for bed, own in verdicts.items()
    }
    return pd.DataFrame(columns)


def verdict_text(verdict: Verdict) -> str:
    """A verdict with the estimate of the test that decides it."""
    if not verdict.findings:
        return verdict.verdict
    return f"{verdict.verdict}: {format_estimate(deciding_finding(verdict))}"


def contexts_verdicts_sentence(verdicts: Mapping[Bed, list[Verdict]]) -> str:
    """The verdicts of each bed in a sentence."""
    texts = []
    for bed, own in verdicts.items():
        words = ", ".join(f"{each.claim.number} {each.verdict}" for each in own)
        texts.append(f"{bed.name}: {words}")
    return "; ".join(texts)


def claims_by_bed(verdicts: Mapping[Bed, list[Verdict]]) -> pd.DataFrame:
    """Every test and control of the claims as text, the beds one after the other."""
    return pd.concat({bed.name: front_text.claim_tests_table(own) for bed, own in verdicts.items()})
