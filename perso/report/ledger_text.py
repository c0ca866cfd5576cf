"""The ledger as text: lines for a terminal, a Markdown table, every number as CSV."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from perso.claims.evidence import RUN_NAMES
from perso.claims.finding import Finding
from perso.claims.ledger import LARGER, VERDICTS, Verdict
from perso.report.tables import format_p

# the columns of `findings_table` that describe a finding
CSV_COLUMNS = (
    "what",
    "test",
    "value",
    "low",
    "high",
    "p",
    "holm",
    "n",
    "unit",
    "expected",
    "detectable",
    "margin",
    "low90",
    "high90",
    "outcome",
    "of",
    "d_z",
    "t",
    "wilcoxon",
    "Pitman–Morgan",
    "generic",
    "improved",
    "harmed",
    "better",
    "equal",
    "needs",
    "little",
    "settled",
)
AUTHOR = {True: "yes", False: "no", None: ""}  # whether the papers' α = .1 is reached


def format_value(finding: Finding, value: float) -> str:
    """A value in the finding's unit, without the unit's name."""
    if np.isnan(value):
        return "?"
    if finding.unit == "pp":
        return f"{value:+.1f}"
    return f"{value:,.0f}" if finding.unit == "bytes" else f"{value:.2f}"


def format_estimate(finding: Finding) -> str:
    """A finding's value with its interval; the unit is named unless it is percentage points."""
    unit = "" if finding.unit == "pp" else f" {finding.unit}"
    value = format_value(finding, finding.value)
    if np.isnan(finding.low) or finding.test == "count":
        return f"{value}{unit}"
    low = format_value(finding, finding.low)
    high = format_value(finding, finding.high)
    return f"{value} [{low}, {high}]{unit}"


def format_mde(finding: Finding) -> str:
    """A finding's minimum detectable effect; empty where it is unknown."""
    return "" if np.isnan(finding.detectable) else format_value(finding, finding.detectable)


def reason(each: Verdict) -> str:
    """Why a claim has its verdict, in a line."""
    if each.verdict == "NOT RUN":
        return f"missing: {'; '.join(each.missing)}"
    if LARGER in each.missing:
        return f"a smoke run decides nothing; {tally(each)}"
    return tally(each)


def tally(each: Verdict) -> str:
    """How many tests support the claim or contradict it, or how many people they need."""
    if each.needs:
        return f"needs {each.needs} people"
    outcomes = [finding.outcome for finding in each.findings]
    counts = [
        f"{outcomes.count(word)} {word}"
        for word in ("for", "against", "open", "few")
        if word in outcomes
    ]
    several = f"of {len(outcomes)} tests {', '.join(counts)}"
    text = each.findings[0].what if len(outcomes) == 1 else several
    controls = [finding.outcome for finding in each.controls if finding.test != "count"]
    if controls:
        text += f"; of {len(controls)} controls {controls.count('for')} for"
    return text


def deciding_finding(each: Verdict) -> Finding | None:
    """The finding that a verdict depends on: of those with its outcome the largest p."""
    deciding = {"CONTRADICTED": ("against",), "UNDECIDED": ("few", "open", "against")}
    outcomes = deciding.get(each.verdict, ("for",))
    settled = outcomes == ("for",)
    found = [f for f in each.findings if f.outcome in outcomes and f.settled == settled]
    candidates = found or list(each.findings)
    return max(candidates, key=lambda finding: np.nan_to_num(finding.holm), default=None)


def summary(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """A line per claim, numbers as text, with the finding that decides (`deciding_finding`)."""
    lines = {}
    for each in verdicts:
        found = deciding_finding(each)
        numbers = dict.fromkeys(("ours", "what", "test", "p (Holm)", "MDE", "people", "rows"), "")
        if found:
            numbers = {
                "ours": format_estimate(found),
                "what": found.what,
                "test": found.test,
                "p (Holm)": format_p(found.holm),
                "MDE": format_mde(found),
                "people": str(found.n),
                "rows": RUN_NAMES.get(found.of, found.of),
            }
        lines[each.claim.number] = {
            "claim": each.claim.says,
            "source": each.claim.source,
            "printed": each.claim.printed,
            "verdict": each.verdict,
            "why": reason(each),
            **numbers,
            "α = .1": AUTHOR[each.author],
            "chapter": each.claim.chapter,
        }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("#")


def findings_table(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """Every number: a line per finding with its claim's verdict; a line for a claim without any."""
    lines = []
    for each in verdicts:
        head = {
            "claim": each.claim.number,
            "verdict": each.verdict,
            "missing": "; ".join(each.missing),
            "author": AUTHOR[each.author],
        }
        for role, group in (("test", each.findings), ("control", each.controls)):
            for finding in group:
                low90, high90 = finding.bounds
                values = asdict(finding) | {"low90": low90, "high90": high90} | finding.more
                lines.append(head | {"role": role} | {key: values.get(key) for key in CSV_COLUMNS})
        if not each.findings and not each.controls:
            lines.append(head | {"role": ""})
    return pd.DataFrame(
        lines, columns=["claim", "verdict", "missing", "author", "role", *CSV_COLUMNS]
    )


def count_verdicts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many claims have each verdict."""
    words = [each.verdict for each in verdicts]
    return {word: words.count(word) for word in VERDICTS}


def ledger_text(verdicts: Sequence[Verdict]) -> str:
    """The ledger for a terminal: counts, then every claim with its findings and controls."""
    counts = count_verdicts(verdicts)
    lines = [", ".join(f"{count} {word}" for word, count in counts.items() if count), ""]
    for each in verdicts:
        claim = each.claim
        author = AUTHOR[each.author]
        by_author = f"; by the papers' α = .1: {author}" if author else ""
        lines.append(f"{claim.number:2d} {each.verdict:12s} {claim.says} ({claim.source})")
        lines.append(f"   {reason(each)}{by_author}")
        for mark, group in (("-", each.findings), ("control", each.controls)):
            lines += [f"   {mark} {finding_line(finding)}" for finding in group]
    return "\n".join(lines)


def cohort_agreement(first: Sequence[Verdict], second: Sequence[Verdict]) -> str:
    """For how many claims two cohorts have the same verdict, and a line for each other claim."""
    pairs = [
        (one, two)
        for one, two in zip(first, second, strict=True)
        if "NOT RUN" not in (one.verdict, two.verdict)
    ]
    different = [
        f"{one.claim.number:2d} {one.verdict} → {two.verdict}: {one.claim.says}"
        for one, two in pairs
        if one.verdict != two.verdict
    ]
    same = len(pairs) - len(different)
    text = f"On people not used before: the same verdict for {same} of {len(pairs)} claims"
    return "\n".join([f"{text}; different for" if different else f"{text}.", *different])


def finding_line(finding: Finding) -> str:
    """A finding in a line: what was measured, value, test, p, people, MDE, outcome."""
    p = f", p {format_p(finding.p)}" if format_p(finding.p) else ""
    if finding.holm > finding.p:
        p += f" (Holm {format_p(finding.holm)})"
    mde = f", MDE {format_mde(finding)}" if format_mde(finding) else ""
    return (
        f"{finding.what}: {format_estimate(finding)}, {finding.test}{p}, "
        f"{people_text(finding)}{mde}: {outcome_text(finding)}"
    )


def outcome_text(finding: Finding) -> str:
    """A finding's outcome: for | against | open | few, with the margin where that decides."""
    if finding.outcome != "against" or np.isnan(finding.margin):
        return finding.outcome
    if finding.expected == 0:
        return f"against: beyond ±{finding.margin:.2g}"
    high = max(finding.expected * finding.low, finding.expected * finding.high)
    return finding.outcome if high < 0 else f"against: below {finding.margin:.2g}"


def people_text(finding: Finding) -> str:
    """The number of people, and of the generic networks that they share, if any."""
    models = finding.more.get("generic")
    if not models:
        return f"{finding.n} people"
    return f"{finding.n} people from {models} generic network{'' if models == 1 else 's'}"


def ledger_markdown(verdicts: Sequence[Verdict]) -> str:
    """The ledger as one Markdown table, a line per claim."""
    columns = ["claim", "source", "printed", "verdict", "ours", "what", "p (Holm)", "MDE", "people"]
    table = summary(verdicts)[columns].map(lambda cell: cell.replace("|", "/"))
    return table.to_markdown(disable_numparse=True, colalign=["right"] + ["left"] * len(columns))


def ledger_csv(verdicts: Sequence[Verdict]) -> str:
    """`findings_table` as CSV."""
    return findings_table(verdicts).to_csv(index=False, lineterminator="\n", float_format="%.6g")
