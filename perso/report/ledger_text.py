"""Verdicts as one reads them: lines for a terminal, tables for a page, every number for other statistics."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from perso.claims.evidence import RUN_NAMES
from perso.claims.finding import Finding
from perso.claims.ledger import LARGER, VERDICTS, Verdict


def format_value(finding: Finding, value: float) -> str:
    """A value in the finding's unit."""
    if np.isnan(value):
        return "?"
    return {"pp": f"{value:+.1f}", "bytes": f"{value:,.0f}"}.get(finding.unit, f"{value:.2f}")


def format_estimate(finding: Finding) -> str:
    """The number with its interval, as text."""
    unit = "" if finding.unit == "pp" else f" {finding.unit}"
    if np.isnan(finding.low) or finding.test == "count":
        return f"{format_value(finding, finding.value)}{unit}"
    return f"{format_value(finding, finding.value)} [{format_value(finding, finding.low)}, {format_value(finding, finding.high)}]{unit}"


def reason(each: Verdict) -> str:
    """What stands behind a verdict, in a line."""
    if each.verdict == "NOT RUN":
        return f"lacks {'; '.join(each.missing)}"
    return f"a smoke run decides nothing; {tally(each)}" if LARGER in each.missing else tally(each)


def tally(each: Verdict) -> str:
    """How many tests speak for the claim and against it, or how many people they need."""
    counts = {
        word: sum(f.outcome == word for f in each.findings)
        for word in ("for", "against", "open", "few")
    }
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    if each.needs:
        return f"needs {each.needs} people"
    said = (
        each.findings[0].what
        if len(each.findings) == 1
        else f"of {len(each.findings)} tests {said}"
    )
    controls = [finding.outcome for finding in each.controls if finding.test != "count"]
    return said + f"; of {len(controls)} controls {controls.count('for')} for" * bool(controls)


def deciding_finding(each: Verdict) -> Finding | None:
    """The finding to show where there is room for one, that which the verdict hangs on: the least sure of its kind."""
    speaks = {"CONTRADICTED": ("against",), "UNDECIDED": ("few", "open", "against")}.get(
        each.verdict, ("for",)
    )
    hangs = [f for f in each.findings if f.outcome in speaks and f.settled == (speaks == ("for",))]
    there = hangs or list(each.findings)
    return max(there, key=lambda finding: np.nan_to_num(finding.holm), default=None)


def summary(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """A line per claim, numbers as text: of several tests the one that the verdict hangs on, see `findings_table`."""
    lines = {}
    for each in verdicts:
        f, claim = deciding_finding(each), each.claim
        lines[claim.number] = {
            "claim": claim.says,
            "source": claim.source,
            "printed": claim.printed,
            "verdict": each.verdict,
            "why": reason(each),
            "ours": format_estimate(f) if f else "",
            "of": f.what if f else "",
            "test": f.test if f else "",
            "p (Holm)": format_p(f.holm) if f else "",
            "detectable": format_value(f, f.detectable) if f and not np.isnan(f.detectable) else "",
            "people": str(f.n) if f else "",
            "α = .1": {True: "yes", False: "no", None: ""}[each.author],
            "rows": RUN_NAMES[f.of] if f else "",
            "chapter": claim.chapter,
        }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("#")


def format_p(p: float) -> str:
    """A p as text."""
    return "" if np.isnan(p) else "<.0001" if p < 1e-4 else f"{p:.4f}".lstrip("0")


def findings_table(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """Every number: a line per finding, the claim's verdict with it; a claim without any has one line."""
    lines = []
    for each in verdicts:
        head = {
            "claim": each.claim.number,
            "verdict": each.verdict,
            "missing": "; ".join(each.missing),
            "author": {True: "yes", False: "no", None: ""}[each.author],
        }
        for role, group in (("test", each.findings), ("control", each.controls)):
            for finding in group:
                told = (
                    asdict(finding)
                    | {"low90": finding.bounds[0], "high90": finding.bounds[1]}
                    | finding.more
                )
                lines.append(head | {"role": role} | {key: told.get(key) for key in COLUMNS})
        if not each.findings and not each.controls:
            lines.append(head | {"role": ""})
    return pd.DataFrame(lines, columns=["claim", "verdict", "missing", "author", "role", *COLUMNS])


COLUMNS = (
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


def count_verdicts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many claims have each verdict."""
    there = [each.verdict for each in verdicts]
    return {name: there.count(name) for name in VERDICTS}


def ledger_text(verdicts: Sequence[Verdict]) -> str:
    """The ledger for a terminal: counts, then a claim with the findings that decide it."""
    lines = [
        ", ".join(f"{count} {name}" for name, count in count_verdicts(verdicts).items() if count),
        "",
    ]
    for each in verdicts:
        author = {
            True: "; by the papers' α = .1: yes",
            False: "; by the papers' α = .1: no",
            None: "",
        }[each.author]
        lines.append(
            f"{each.claim.number:2d} {each.verdict:12s} {each.claim.says} ({each.claim.source})"
        )
        lines.append(f"   {reason(each)}{author}")
        for mark, group in (("-", each.findings), ("control", each.controls)):
            lines += [f"   {mark} {finding_line(finding)}" for finding in group]
    return "\n".join(lines)


def cohort_agreement(first: Sequence[Verdict], second: Sequence[Verdict]) -> str:
    """How often two cohorts come to the same verdict, and a line per claim of which they do not."""
    pairs = [
        (one, two)
        for one, two in zip(first, second, strict=True)
        if "NOT RUN" not in (one.verdict, two.verdict)
    ]
    apart = [
        f"{one.claim.number:2d} {one.verdict} → {two.verdict}: {one.claim.says}"
        for one, two in pairs
        if one.verdict != two.verdict
    ]
    same = f"On people not used before: the same verdict for {len(pairs) - len(apart)} of {len(pairs)} claims"
    return "\n".join([f"{same}; not for" if apart else f"{same}.", *apart])


def finding_line(finding: Finding) -> str:
    """A finding in a line."""
    p = f", p {format_p(finding.p)}" * (not np.isnan(finding.p))
    p += f" (Holm {format_p(finding.holm)})" * (bool(finding.family) and not np.isnan(finding.holm))
    least = f", detectable {format_value(finding, finding.detectable)}" * (
        not np.isnan(finding.detectable)
    )
    return f"{finding.what}: {format_estimate(finding)}, {finding.test}{p}, {people_text(finding)}{least}: {outcome_text(finding)}"


def outcome_text(finding: Finding) -> str:
    """What a finding says, and how where its p does not tell: that the effect is below the margin, or beyond it."""
    if finding.outcome == "against" and finding.expected == 0:
        return f"against: beyond ±{finding.margin:g}"
    if finding.outcome == "against" and not finding.holm < 0.05 and not np.isnan(finding.little):
        return f"against: below {finding.margin:g}, p {format_p(finding.little)}"
    return finding.outcome


def people_text(finding: Finding) -> str:
    """Of how many people, and, where they share them, from how many generic models."""
    models = finding.more.get("generic")
    return f"{finding.n} people" + f" from {models} generic model{'s' * (models != 1)}" * bool(
        models
    )


def ledger_markdown(verdicts: Sequence[Verdict]) -> str:
    """The ledger as one table."""
    columns = [
        "claim",
        "source",
        "printed",
        "verdict",
        "ours",
        "of",
        "p (Holm)",
        "detectable",
        "people",
    ]
    shown = summary(verdicts)[columns]
    lines = [["#", *shown.columns], ["--:"] + ["---"] * len(shown.columns)]
    lines += [
        [str(number), *map(str, line)]
        for number, line in zip(shown.index, shown.values, strict=True)
    ]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def ledger_csv(verdicts: Sequence[Verdict]) -> str:
    """`findings_table` in full."""
    return findings_table(verdicts).to_csv(index=False, lineterminator="\n", float_format="%.6g")
