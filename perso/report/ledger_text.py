"""The ledger as text: lines for a terminal, a Markdown table, every number as CSV."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from perso.claims.dispersions import BETWEEN_PERSON_SD
from perso.claims.evidence import PLANTED, RUN_NAMES
from perso.claims.finding import Finding
from perso.claims.ledger import LARGER, VERDICTS, Verdict
from perso.markup import as_text
from perso.methods.registry import METHODS
from perso.report.tables import format_p
from perso.stats.cohorts import MIN_COHORTS

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
    "cohorts",
    "unit",
    "expected",
    "detectable",
    "margin",
    "low90",
    "high90",
    "printed",
    "predicted_low",
    "predicted_high",
    "telescope",
    "outcome",
    "of",
    "d_z",
    "sign-flip",
    "t",
    "wilcoxon",
    "Page's L",
    "Pitman–Morgan",
    "improved",
    "harmed",
    "better",
    "equal",
    "needs",
    "settled",
)
KINDS = {
    "effect": "effects",
    "ranking": "rankings",
    "equality": "equalities",
    "premise": "premises",
    "construction": "by construction",
    "ours": "ours",
}
DISPERSION_TEST = "Brown–Forsythe"  # of `hypotheses.DispersionRatio`, in %
LARGEST_FALL = -100  # % of a dispersion
ALONG = " along "  # stands before the methods of a trend, in their order, with commas between
STEP = " → "  # stands between them in plain words
CLAIM_COLUMNS = "claim", "kind", "verdict", "missing", "author", "readings", "post hoc", "role"
NAMES = {method.name for method in METHODS}
MEANINGS = {
    "REPRODUCED": "All tests of the claim support its sign, however small the effect.",
    "EQUIVALENT": "The claim says that two things are equal; they differ by less than a margin.",
    "CONTRADICTED": "A test finds the opposite, or no effect of a size that matters.",
    "UNDECIDED": "The tests do not settle it; the ledger says what effect they can detect.",
    "NOT RUN": "The models that could test it are missing; the ledger names them.",
}
# what else stands in the ledger's text, by the word that it has there
WORDS = {
    "for": "the test supports the claim",
    "against": "the test contradicts the claim",
    "open": "neither of the two",
    "few": "too few people for any test",
    "control": "a test beside those of the claim, which decides nothing",
    "[low, high]": "95 % interval; in percentage points if no unit is named",
    "p (Holm)": "p corrected in a group of tests of which one is enough",
    "MDE": "the smallest true effect that these people show in 80 of 100 studies",
    "printed": "the papers' number, inside or outside the interval in which we expect it",
    "readings": "the tests repeated with what the papers leave open read otherwise",
    "α = .1": "the papers' own rule: the right sign and an uncorrected p below .1",
    "post hoc": "added or changed after models were trained",
}
AUTHOR = {True: "yes", False: "no", None: ""}  # whether the papers' α = .1 is reached


def format_value(finding: Finding, value: float) -> str:
    """A value in the finding's unit, without the unit's name."""
    if np.isnan(value):
        return "?"
    if finding.unit in ("pp", "%"):
        # an interval that is narrow needs a second decimal
        digits = 2 if finding.high - finding.low < 0.25 else 1
        return f"{value:+.{digits}f}" if finding.unit == "pp" else f"{value:+.0f}"
    return f"{value:,.0f}" if finding.unit == "bytes" else f"{value:.2f}"


def format_estimate(finding: Finding) -> str:
    """A finding's value with its interval; the unit is named unless it is percentage points."""
    unit = "" if finding.unit == "pp" else f" {finding.unit}"
    value = format_value(finding, finding.value)
    if np.isnan(finding.low) or finding.test == "count":
        return f"{value}{unit}"
    low = format_end(finding, finding.low)
    high = format_end(finding, finding.high)
    return f"{value} [{low}, {high}]{unit}"


def format_end(finding: Finding, end: float) -> str:
    """An end of a finding's interval, cut where no dispersion over people can fall that far.

    Student's interval of the mean change lies as far to both sides, whatever is possible.
    """
    if finding.test == DISPERSION_TEST and end < LARGEST_FALL:
        return f"{LARGEST_FALL} (cut)"
    return format_value(finding, end)


def format_mde(finding: Finding) -> str:
    """A finding's minimum detectable effect; empty where it is unknown."""
    return "" if np.isnan(finding.detectable) else format_value(finding, finding.detectable)


def format_printed(finding: Finding) -> str:
    """The papers' number and whether it is in our prediction interval; empty without a number."""
    if np.isnan(finding.printed):
        return ""
    low, high = finding.predicted
    printed = format_value(finding, finding.printed)
    if np.isnan(low):
        return printed
    return f"{printed} ({'inside' if low <= finding.printed <= high else 'outside'})"


def says(each: Verdict) -> str:
    """What a claim says, marked where it was added or changed after models were trained."""
    return f"{each.claim.says} (post hoc)" if each.frozen is False else each.claim.says


def format_readings(each: Verdict) -> str:
    """How many of a claim's other readings have its verdict, such as "3 of 7".

    Empty where there is no other reading, and where the claim is not run.
    """
    if not each.readings or each.verdict == "NOT RUN":
        return ""
    agree = sum(verdict == each.verdict for _, verdict in each.readings)
    return f"{agree} of {len(each.readings)}"


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
    against = [plain_what(f) for f in each.findings if f.outcome == "against" and not f.settled]
    counts = []
    for word in ("for", "against", "open", "few"):
        if word in outcomes:
            which = word == "against" and each.verdict == "CONTRADICTED"
            named = f" ({'; '.join(against)})" if which else ""
            counts.append(f"{outcomes.count(word)} {word}{named}")
    several = f"of {len(outcomes)} tests {', '.join(counts)}"
    text = plain_what(each.findings[0]) if len(outcomes) == 1 else several
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
        columns = "ours", "what", "test", "p (Holm)", "MDE", "papers'", "people", "rows"
        numbers = dict.fromkeys(columns, "")
        if found:
            numbers = {
                "ours": format_estimate(found),
                "what": what_text(found),
                "test": found.test,
                "p (Holm)": format_p(found.holm),
                "MDE": format_mde(found),
                "papers'": format_printed(found),
                "people": people_text(found),
                "rows": RUN_NAMES.get(found.of, found.of),
            }
        lines[each.claim.number] = {
            "claim": says(each),
            "kind": each.claim.kind,
            "source": each.claim.source,
            "printed": each.claim.printed,
            "verdict": each.verdict,
            "why": reason(each),
            **numbers,
            "readings": format_readings(each),
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
            "kind": each.claim.kind,
            "verdict": each.verdict,
            "missing": "; ".join(each.missing),
            "author": AUTHOR[each.author],
            "readings": "; ".join(f"{name}: {verdict}" for name, verdict in each.readings),
            "post hoc": AUTHOR[None if each.frozen is None else not each.frozen],
        }
        for role, group in (("test", each.findings), ("control", each.controls)):
            for finding in group:
                ends = dict(zip(("low90", "high90"), finding.bounds, strict=True))
                ends |= zip(("predicted_low", "predicted_high"), finding.predicted, strict=True)
                values = asdict(finding) | ends | finding.more
                lines.append(head | {"role": role} | {key: values.get(key) for key in CSV_COLUMNS})
        if not each.findings and not each.controls:
            lines.append(head | {"role": ""})
    return pd.DataFrame(lines, columns=[*CLAIM_COLUMNS, *CSV_COLUMNS])


def count_verdicts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many claims have each verdict."""
    words = [each.verdict for each in verdicts]
    return {word: words.count(word) for word in VERDICTS}


def verdicts_by_kind(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """How many claims of each kind have which verdict: a line per verdict, a column per kind."""
    verdicts = list(verdicts)
    columns = {
        name: count_verdicts(each for each in verdicts if each.claim.kind == kind)
        for kind, name in KINDS.items()
    }
    counts = pd.DataFrame(columns, index=list(VERDICTS))
    return counts.loc[:, counts.any()]


def counts_by_kind(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """How many claims of each kind have which verdict, as {"effects": "2 REPRODUCED, …"}."""
    return {
        name: ", ".join(f"{count} {word}" for word, count in counts.items() if count)
        for name, counts in verdicts_by_kind(verdicts).items()
    }


def ledger_text(verdicts: Sequence[Verdict], commands: Mapping[str, str] | None = None) -> str:
    """The ledger for a terminal: counts, every claim with its findings and controls, a legend.

    commands   of each run in `Verdict.train`, the command that trains it
    """
    lines = [f"{kind}: {counts}" for kind, counts in counts_by_kind(verdicts).items()]
    lines.append("")
    for each in verdicts:
        claim = each.claim
        author = AUTHOR[each.author]
        about = [reason(each)]
        if author:
            about.append(f"by the papers' α = .1: {author}")
        if format_readings(each):
            about.append(f"{format_readings(each)} other readings agree")
        lines.append(
            f"{claim.number:2d} {each.verdict:12s} {says(each)} ({claim.source}; {claim.kind})"
        )
        lines.append(f"   {'; '.join(about)}")
        for of in each.train if commands and each.verdict == "NOT RUN" else ():
            lines.append(f"   train it with: {commands[of]}")
        for mark, group in (("-", each.findings), ("control", each.controls)):
            lines += [f"   {mark} {finding_line(finding)}" for finding in group]
    legend = (f"  {word:13s} {meaning}" for word, meaning in (MEANINGS | WORDS).items())
    return "\n".join([*lines, "", "How to read it", *legend])


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
    """A finding in a line: what was measured, value, test, p, people, MDE, printed, outcome."""
    p = f", p {format_p(finding.p)}" if format_p(finding.p) else ""
    if finding.holm > finding.p:
        p += f" (Holm {format_p(finding.holm)})"
    mde = f", MDE {format_mde(finding)}" if format_mde(finding) else ""
    printed = f", printed {format_printed(finding)}" if format_printed(finding) else ""
    people = f", {people_text(finding)}" if people_text(finding) else ""
    return (
        f"{what_text(finding)}: {format_estimate(finding)}, {finding.test}{p}{people}{mde}"
        f"{printed}: {outcome_text(finding)}"
    )


def what_text(finding: Finding) -> str:
    """What a finding measured, on which planted people, and its ledger, if not the claim's."""
    notes = []
    if finding.of in PLANTED:
        notes.append(RUN_NAMES[finding.of])
    if file := finding.more.get("from"):
        notes.append(f"of {file}")
    what = plain_what(finding)
    return f"{what} ({', '.join(notes)})" if notes else what


def plain_what(finding: Finding) -> str:
    """What a finding measured, in plain words.

    Findings keep older words, which are part of their seeds and of published ledgers.
    """
    what, along, order = finding.what.partition(ALONG)
    what = what.replace(BETWEEN_PERSON_SD, "between-person SD")
    return f"{what} in the order {STEP.join(names_of(order))}" if along else what


def names_of(order: str) -> list[str]:
    """The methods of a trend; the name of a method may have a comma, too."""
    names: list[str] = []
    for piece in order.split(", "):
        if names and f"{names[-1]}, {piece}" in NAMES:
            names[-1] += f", {piece}"
        else:
            names.append(piece)
    return names


def outcome_text(finding: Finding) -> str:
    """A finding's outcome: for | against | open | few, with the margin where that decides."""
    margin = deciding_margin(finding)
    return f"{finding.outcome}: {margin}" if margin else finding.outcome


def deciding_margin(finding: Finding) -> str:
    """What the margin says where it alone speaks against a claim, such as "below 0.5"; else ""."""
    if finding.outcome != "against" or np.isnan(finding.margin):
        return ""
    margin = f"{float(f'{finding.margin:.2g}'):g}"  # 197 is 200, not 2e+02
    if finding.expected == 0:
        return f"beyond ±{margin}"
    high = max(finding.expected * finding.low, finding.expected * finding.high)
    return "" if high < 0 else f"below {margin}"


def people_text(finding: Finding) -> str:
    """The number of people, and of their cohorts; few cohorts stand for their own D_G alone."""
    people = f"{finding.n} people" if finding.n else ""
    if finding.test == "count":
        return people
    if finding.cohorts >= MIN_COHORTS:
        return f"{people} of {finding.cohorts} cohorts"
    return f"{people} for {'this D_G' if finding.cohorts == 1 else 'these D_G'}"


def ledger_markdown(verdicts: Sequence[Verdict]) -> str:
    """The ledger as one Markdown table, a line per claim."""
    columns = ["claim", "kind", "source", "printed", "verdict", "ours", "what", "p (Holm)", "MDE"]
    columns += ["papers'", "people", "readings"]
    table = summary(verdicts)[columns]
    words = ["claim", "source", "what"]  # claims may be the user's own
    table[words] = table[words].map(as_text)
    return table.to_markdown(disable_numparse=True, colalign=["right"] + ["left"] * len(columns))


def ledger_csv(verdicts: Sequence[Verdict]) -> str:
    """`findings_table` as CSV."""
    return findings_table(verdicts).to_csv(index=False, lineterminator="\n", float_format="%.6g")
