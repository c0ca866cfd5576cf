"""Texts about a person's other contexts, and about prune and mix (chapter 23).

beds     {Bed: the run on it}, of `beds_of`
tables   {Bed: `bed_table` of its run}
A difference is a line with `change`, `low` and `high`, shares.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

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
from perso.report.answers import UNKNOWN
from perso.report.ledger_text import deciding_finding, format_estimate, says
from perso.report.specification import RowsEvidence
from perso.report.tables import SIGNIFICANT, format_change, listed
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
# of the same parts
PHRASES = {
    "D_I": "the context trained on",
    "D_U": "the other context",
    BOTH: "the sum of both contexts",
    "D_G": "everybody else",
}
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


# --- the prose


def context_texts(beds: Mapping[Bed, Published]) -> dict[str, str]:
    """What the prose of chapter 23 says of the three beds, by key; UNKNOWN where one was not run.

    For each bed, such as "contexts_watch": _people; _tuned_I and _tuned_U, fine-tuning minus the
    generic network in points; _crop_I and _crop_U, CRoP minus fine-tuning on the same samples.
    Then those of `mask_texts`.
    """
    texts = {}
    for bed in BEDS.values():
        found = dict.fromkeys(("people", "tuned_I", "tuned_U", "crop_I", "crop_U"), UNKNOWN)
        if bed in beds:
            found["people"] = f"{people_of(beds[bed])}"
            found |= difference_texts(beds[bed])
        texts |= {f"{bed.name.split()[0]}_{key}": text for key, text in found.items()}
    texts |= mask_texts(beds)
    return {f"contexts_{key}": text for key, text in texts.items()}


# --- fine-tuning, and CRoP compared with it


PAIRS = {"tuned": (*LATE, *GENERIC), "crop": (*CROP, *FINE_TUNED)}


def difference_texts(run: Published) -> dict[str, str]:
    """The pairs of PAIRS on D_I and D_U in points; empty where the run lacks the models."""
    there = set(run.rows["method"])
    return {
        f"{key}_{part[-1]}": format_change(difference_line(run.rows, *pair, part))
        for key, pair in PAIRS.items()
        if set(pair) <= there
        for part in ("D_I", "D_U")
    }


def beds_summary(beds: Mapping[Bed, Published]) -> pd.DataFrame:
    """What fine-tuning does in both contexts of every bed, and CRoP compared with it, as text."""
    heads = {
        "tuned_I": "fine-tuning, D_I",
        "tuned_U": "fine-tuning, D_U",
        "crop_I": "CRoP − fine-tuning, D_I",
        "crop_U": "CRoP − fine-tuning, D_U",
    }
    lines = {}
    for bed, run in beds.items():
        line = {"people": f"{people_of(run)}"}
        texts = difference_texts(run)
        line |= {f"{head} in pp": texts.get(key, "not run") for key, head in heads.items()}
        lines[bed.name] = line
    return pd.DataFrame.from_dict(lines, orient="index")


# --- the mask


def mask_finding(run: Published, pair: tuple[str, str], part: str) -> Finding | None:
    """One method minus another with its minimum detectable effect; None without the models."""
    if not set(pair) <= set(run.rows["method"]):
        return None
    return Superior(*pair, part, of=OF).find(RowsEvidence(run))


def mask_texts(beds: Mapping[Bed, Published]) -> dict[str, str]:
    """Whether it matters which weights CRoP keeps, or only how many.

    "mask_watch" and so on: CRoP minus CRoP with a random mask, on D_I + D_U; "mask_mde":
    the true difference that every bed would have found, in points; "mask_equal": the beds where
    both are equivalent within WITHIN (TOST); for the pairs of MASKS "mask_1" to "mask_3": which
    intervals do not contain 0; "mask_1_count": how many of how many do
    """
    texts = {}
    both = {bed: mask_finding(run, MASKS[0], BOTH) for bed, run in beds.items()}
    for bed in BEDS.values():
        found = both.get(bed)
        texts[f"mask_{bed.name.split()[0]}"] = estimate_text(found) if found else UNKNOWN
    largest = max((each.detectable for each in both.values() if each), default=np.nan)
    texts["mask_mde"] = UNKNOWN if np.isnan(largest) else f"{largest:.1f}"
    equal = [bed.name for bed, run in beds.items() if both[bed] and is_equivalent(run)]
    texts["mask_equal"] = listed(equal) if equal else "none"
    for number, pair in enumerate(MASKS, 1):
        findings = mask_findings(beds, pair)
        differs = [
            f"{bed.name} on {PHRASES[part]} ({estimate_text(each)})"
            for (bed, part), each in findings.items()
            if excludes_zero(each)
        ]
        texts[f"mask_{number}"] = listed(differs) if differs else "none"
        texts[f"mask_{number}_count"] = f"{len(findings) - len(differs)} of {len(findings)}"
    return texts


def mask_findings(
    beds: Mapping[Bed, Published], pair: tuple[str, str]
) -> dict[tuple[Bed, str], Finding]:
    """The findings on a pair of masks by bed and part."""
    return {
        (bed, part): finding
        for bed, run in beds.items()
        for part in COLUMNS
        if (finding := mask_finding(run, pair, part))
    }


def estimate_text(finding: Finding) -> str:
    """A finding's value with its interval, in percentage points."""
    line = {"change": finding.value, "low": finding.low, "high": finding.high}
    return format_change(pd.Series(line) / 100)


def excludes_zero(finding: Finding) -> bool:
    """Whether the 95 % interval of a finding lies on one side of 0."""
    return finding.low > 0 or finding.high < 0


def is_equivalent(run: Published) -> bool:
    """Whether CRoP with its own and with a random mask are equivalent on the sum (TOST)."""
    test = Equivalent(*MASKS[0], BOTH, of=OF, within=WITHIN)
    return bool(test.find(RowsEvidence(run)).p < SIGNIFICANT)


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


# --- tables


def bed_text(table: pd.DataFrame) -> pd.DataFrame:
    """`bed_table` as text: a line per method."""
    columns = {}
    labels = {"D_I": "D_I", "D_U": "D_U", BOTH: f"{BOTH}: ΔP", AGAINST_TUNED: "ΔG", "D_G": "D_G"}
    for column, label in labels.items():
        if column in table:
            texts = table[column].apply(format_change, axis=1)
            columns[f"{label} in pp [95 %]"] = texts.where(table[column, "change"].notna(), "")
    columns["family"] = table["", "family"]
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


def claims_by_bed(verdicts: Mapping[Bed, list[Verdict]]) -> pd.DataFrame:
    """Every test and control of the claims as text, the beds one after the other.

    A claim has its number; what it says stands in `verdicts_side_by_side`.
    """
    tables = {bed.name: front_text.claim_tests_table(own) for bed, own in verdicts.items()}
    tested = {name: table for name, table in tables.items() if len(table)}
    if not tested:
        return pd.DataFrame()
    table = pd.concat(tested).reset_index("role")
    table = table.rename(index=lambda claim: claim.split(".")[0], level="claim")
    return table[["outcome", "ours", "p", "role"]]
