"""The ledger's page: counts, the table one sorts and filters, every claim's findings."""

import re
from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown

from perso.claims.evidence import RUN_NAMES
from perso.claims.finding import Finding
from perso.claims.ledger import LARGER, SCALES, VERDICTS, Ledger, Verdict, deciding
from perso.report import ledger_text
from perso.store.published import FOLDER

TESTS = {  # anchors in chapters/17-calibration
    "sign-flip": "test-sign-flip",
    "mixed model": "test-mixed-model",
    "few generic models": "test-mixed-model",
    "TOST": "test-tost",
    "non-inferiority": "test-non-inferiority",
    "Page's L": "test-pages-l",
    "Brown–Forsythe": "test-brown-forsythe",
    "Spearman over settings": "test-spearman-over-settings",
    "bootstrap over people": "test-bootstrap-over-people",
    "PERMANOVA": "test-permanova",
    "binomial": "test-binomial",
    "count": "test-count",
}


def ledger_name(one: Ledger) -> str:
    """What a ledger is called: the name of its file, or this book's own run."""
    return one.file.split("/")[-1].split(".")[0] if one.file else "own run"


def ledger_label(one: Ledger) -> str:
    """The scale of a ledger, and whose it is."""
    return f"{one.provenance['scale']}: {ledger_name(one)}"


def decided_at(one: Ledger, verdict: Verdict) -> str:
    """Where a verdict was reached, for the table: empty where nothing was tested."""
    if not verdict.findings:
        return ""
    return f"not decided; {ledger_label(one)}" if LARGER in verdict.missing else ledger_label(one)


def link(text: str, target: str) -> str:
    """A link of HTML."""
    return f'<a href="{escape(target)}">{escape(text)}</a>'


def ledger_sentence(ledgers: Sequence[Ledger]) -> str:
    """How many claims have which verdict, at the largest scale that could test each."""
    decided = deciding(ledgers)
    found = ledger_text.count_verdicts(verdict for _, verdict in decided)
    said = ", ".join(f"{count} {word}" for word, count in found.items() if count)
    by_size = {
        scale: sum(
            one.provenance["scale"] == scale and verdict.verdict != "NOT RUN"
            for one, verdict in decided
        )
        for scale in reversed(SCALES)
    }
    smoke = by_size.pop("smoke")
    sizes = ", ".join(f"{count} at {scale} size" for scale, count in by_size.items() if count)
    alone = f"; {smoke} in a smoke run alone, which decides nothing" if smoke else ""
    return f"Of {len(decided)} claims: {said}. Weighed: {sizes or 'none'}{alone}"


def verdict_counts(ledgers: Sequence[Ledger]) -> pd.DataFrame:
    """How many claims have which verdict: verdicts down, ledgers across, the deciding one last."""
    columns = {ledger_label(one): ledger_text.count_verdicts(one.verdicts) for one in ledgers}
    columns["largest that could"] = ledger_text.count_verdicts(
        verdict for _, verdict in deciding(ledgers)
    )
    return pd.DataFrame(columns).reindex(list(VERDICTS))


def claims_table(ledgers: Sequence[Ledger]) -> HTML:
    """A line per claim, from the largest scale that could test it; links to its findings, chapter, rows and test."""
    decided = deciding(ledgers)
    shown = ledger_text.summary(verdict for _, verdict in decided)
    lines = []
    for (one, verdict), (number, line) in zip(decided, shown.iterrows(), strict=True):
        links = [link("chapter", f"{line['chapter']}.html"), link("findings", f"#claim-{number}")]
        links += [link("rows", rows_link(one, verdict))] if rows_link(one, verdict) else []
        links += (
            [link("test", f"17-calibration.html#{TESTS[line['test']]}")] if line["test"] else []
        )
        lines.append(
            {
                "#": number,
                "paper": re.split(r"[ ,]", line["source"])[0],
                "claim": escape(line["claim"]),
                "printed": escape(line["printed"]),
                "ours": f"{escape(line['ours'])}<br><small>{escape(line['of'])}</small>",
                "p (Holm)": escape(line["p (Holm)"]),
                "least": line["detectable"],
                "n": line["people"],
                "verdict": verdict_badge(line["verdict"]),
                "decided at": escape(decided_at(one, verdict)),
                "α = .1": line["α = .1"],
                "": " ".join(links),
            }
        )
    text = pd.DataFrame(lines).to_html(index=False, escape=False, border=0, classes="sortable")
    return HTML(text)


def rows_link(one: Ledger, verdict: Verdict) -> str:
    """Where the rows are that tested a claim: the published file, or the chapter that trains this book's own."""
    if not verdict.findings:
        return ""
    if not one.file:
        return f"{verdict.claim.chapter}.html#run"
    of = ledger_text.deciding_finding(verdict).of
    names = (f"{ledger_name(one)}-{of}.parquet", f"{ledger_name(one)}.parquet")
    return next((f"../_static/{file}" for file in names if (FOLDER / file).exists()), "")


def verdict_badge(verdict: str) -> str:
    """A verdict with its colour."""
    return f'<span class="verdict {verdict.lower().replace(" ", "-")}">{verdict}</span>'


def claim_details(ledgers: Sequence[Ledger]) -> HTML:
    """Every claim with all findings at the scale that decides it, our controls, and what other scales say."""
    blocks = []
    for place, (one, verdict) in enumerate(deciding(ledgers)):
        claim = verdict.claim
        others = [
            f"{escape(ledger_label(each))}: {each.verdicts[place].verdict}"
            for each in ledgers
            if each is not one
        ]
        elsewhere = f" Elsewhere: {'; '.join(others)}." * bool(others)
        printed = f" Printed: {escape(claim.printed)}." * bool(claim.printed)
        origins = "; ".join(dict.fromkeys(RUN_NAMES[finding.of] for finding in verdict.findings))
        origin = f" Rows: {escape(origins)}." * bool(origins)
        blocks.append(
            f'<details class="claim" id="claim-{claim.number}"><summary>{claim.number}. {escape(claim.says)} '
            f"{verdict_badge(verdict.verdict)}</summary><p>{escape(claim.source)}.{printed} At {escape(ledger_label(one))}: "
            f"{escape(ledger_text.reason(verdict))}.{origin}{elsewhere} "
            f"{link('Chapter', f'{claim.chapter}.html')}.</p>{findings_html(verdict)}</details>"
        )
    return HTML("\n".join(blocks))


def findings_html(verdict: Verdict) -> str:
    """The findings of a claim as a table, controls in a block of their own."""
    lines = [
        finding_cells(each, role)
        for role, group in (("", verdict.findings), ("control", verdict.controls))
        for each in group
    ]
    return pd.DataFrame(lines).to_html(index=False, escape=False, border=0) if lines else ""


def finding_cells(found: Finding, role: str) -> dict[str, str]:
    """A finding as the cells of a table."""
    more = {key: value for key, value in found.more.items() if value is not None}
    by = link(found.test, f"17-calibration.html#{TESTS[found.test]}")
    models = f" ({more['generic']} models)" if more.get("generic") else ""
    cells = {
        "": role,
        "what": found.what,
        "ours [95 %]": ledger_text.format_estimate(found),
        "by": "",
        "p": ledger_text.format_p(found.p),
        "Holm": ledger_text.format_p(found.holm),
        "least": ledger_text.format_value(found, found.detectable).replace("?", ""),
        "n": f"{found.n}{models}",
        "t": ledger_text.format_p(more.get("t", np.nan)),
        "Wilcoxon": ledger_text.format_p(more.get("wilcoxon", np.nan)),
        "d_z": f"{more['d_z']:+.2f}" if "d_z" in more else "",
        "harmed": f"{more['harmed']:.0%}" if "harmed" in more else "",
        "speaks": ledger_text.outcome_text(found),
    }
    return {key: escape(value) for key, value in cells.items()} | {"by": by}


def list_ledgers(ledgers: Sequence[Ledger]) -> Markdown:
    """Which ledger is of which run."""
    lines = []
    for one in ledgers:
        told, of = one.provenance, one.provenance["settings"]
        lines.append(
            f"- **{ledger_label(one)}**: {told['people']} people of {told['data']}, {of['image_size']} × {of['image_size']} "
            f"pixels, width {of['width']:g}, {of['epochs']} epochs; rows of {told['first'][:10]} to "
            f"{told['last'][:10]}"
            + f", weighed at commit {told['commit']}, `{one.file}`"
            * bool(one.file)
        )
    return Markdown("\n".join(lines))
