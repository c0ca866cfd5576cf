"""The page of the ledger: counts, a table to sort and filter, every claim's findings."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import pandas as pd
from IPython.display import HTML, Markdown

from perso.claims import frozen
from perso.claims.claim import KINDS
from perso.claims.evidence import RUN_NAMES
from perso.claims.finding import Finding
from perso.claims.ledger import LARGER, SCALES, VERDICTS, Ledger, Verdict, deciding
from perso.data.sizes import shape_text
from perso.markup import as_code, as_text
from perso.report import ledger_text
from perso.report.tables import format_p, listed
from perso.store.published import FOLDER

# the section about each test: its anchor in chapters/17-calibration
TESTS = {
    "mean over people": "test-mean-over-people",
    "TOST": "test-tost",
    "non-inferiority": "test-non-inferiority",
    "Brown–Forsythe": "test-brown-forsythe",
    "slope over settings": "test-slope-over-settings",
    "resampling people": "test-resampling-people",
    "bootstrap over people": "test-bootstrap-over-people",
    "PERMANOVA": "test-permanova",
    "binomial": "test-binomial",
    "count": "test-count",
}
# kinds of claims that the page's answer counts together; those about methods come first
ABOUT = {
    "claims about what methods do": ("effect", "ranking", "equality"),
    "claims about data, or true by construction": ("premise", "construction"),
    "claims that we added": ("ours",),
}


def ledger_name(one: Ledger) -> str:
    """The name of a ledger's file, or "own run" for this book's own."""
    return one.file.split("/")[-1].split(".")[0] if one.file else "own run"


def ledger_label(one: Ledger) -> str:
    """The scale and the name of a ledger, like "quick: own run"; once where they begin alike."""
    scale, name = one.provenance["scale"], ledger_name(one)
    return name if name.startswith(scale) else f"{scale}: {name}"


def decided_at(one: Ledger, verdict: Verdict) -> str:
    """The ledger that a verdict is from; empty where nothing was tested."""
    if not verdict.findings:
        return ""
    return f"not decided; {ledger_label(one)}" if LARGER in verdict.missing else ledger_label(one)


def link(text: str, target: str) -> str:
    """An HTML link."""
    return f'<a href="{escape(target)}">{escape(text)}</a>'


def test_link(text: str, test: str) -> str:
    """A link to the section about a test."""
    return link(text, f"17-calibration.html#{TESTS[test]}")


def ledger_sentence(ledgers: Sequence[Ledger]) -> str:
    """How many claims of each kind have which verdict, and at which scale they were tested."""
    decided = deciding(ledgers)
    counts = ledger_text.counts_by_kind(verdict for _, verdict in decided)
    verdicts = "; ".join(f"{kind} {words}" for kind, words in counts.items())
    scales = [one.provenance["scale"] for one, verdict in decided if verdict.verdict != "NOT RUN"]
    larger = [scale for scale in reversed(SCALES) if scale in scales and scale != "smoke"]
    tested = ", ".join(f"{scales.count(scale)} at {scale} size" for scale in larger) or "none"
    ours = sum(verdict.claim.kind == "ours" for _, verdict in decided)
    text = (
        f"Of {len(decided) - ours} claims of the papers and {ours} of our own: {verdicts}. "
        f"Tested: {tested}"
    )
    if "smoke" in scales:
        text += f"; {scales.count('smoke')} in a smoke run only, which decides nothing"
    return text


def answer_sentence(ledgers: Sequence[Ledger]) -> str:
    """How many claims about methods hold, do not, and are not settled; how many others hold."""
    verdicts = [verdict for _, verdict in deciding(ledgers)]
    sentences = []
    for about, kinds in ABOUT.items():
        counts = ledger_text.count_verdicts(each for each in verdicts if each.claim.kind in kinds)
        holding = counts["REPRODUCED"] + counts["EQUIVALENT"]
        found = [f"{holding or 'none'} {'holds' if holding == 1 else 'hold'}"]
        if not sentences:
            found += others_of(counts)
        if any(counts.values()):
            sentences.append(f"Of {sum(counts.values())} {about}, {listed(found)}")
    return ". ".join(sentences)


def others_of(counts: Mapping[str, int]) -> list[str]:
    """How many claims are contradicted, not settled and not run, as parts of a sentence."""
    words = {
        "CONTRADICTED": ("is contradicted", "are contradicted"),
        "UNDECIDED": ("is not settled", "are not settled by the people we have"),
        "NOT RUN": ("was not run", "were not run"),
    }
    return [
        f"{counts[verdict]} {one if counts[verdict] == 1 else several}"
        for verdict, (one, several) in words.items()
        if counts[verdict]
    ]


def fixed_sentence(ledgers: Sequence[Ledger], folder: Path = FOLDER) -> str:
    """How many claims were fixed before the run that decides them had a row, and which were not.

    To the day, as files of frozen claims are dated. Claims changed since count apart.
    """
    frozen_on = {number: date for number, (date, _) in frozen.read_frozen(folder).items()}
    fixed, late, changed = [], [], []
    for one, verdict in deciding(ledgers):
        number = verdict.claim.number
        if not verdict.findings or number not in frozen_on:
            continue
        if verdict.frozen is False:
            changed.append(str(number))
        elif one.provenance["first"][:10] < frozen_on[number]:
            late.append(str(number))
        else:
            fixed.append(str(number))
    text = f"{len(fixed)} claims were fixed before the run that decides them began"
    if late:
        text += f"; fixed when rows of it were there already: {', '.join(late)}"
    if changed:
        text += f"; changed later, which is post hoc: {', '.join(changed)}"
    return text


def kinds_table(ledgers: Sequence[Ledger]) -> pd.DataFrame:
    """What each kind of claim is about, and how many claims of it have which verdict."""
    counts = ledger_text.verdicts_by_kind(verdict for _, verdict in deciding(ledgers)).T
    meanings = {ledger_text.KINDS[kind]: meaning for kind, meaning in KINDS.items()}
    counts.insert(0, "what is claimed", pd.Series(meanings))
    return counts.rename_axis("kind")


def verdict_counts(ledgers: Sequence[Ledger]) -> pd.DataFrame:
    """How many claims have which verdict: a line per ledger, a column per verdict.

    The first line counts each claim at the largest scale that could test it.
    """
    decided = ledger_text.count_verdicts(verdict for _, verdict in deciding(ledgers))
    lines = {"largest that could": decided}
    lines |= {ledger_label(one): ledger_text.count_verdicts(one.verdicts) for one in ledgers}
    return pd.DataFrame.from_dict(lines, orient="index", columns=list(VERDICTS))


def claims_table(ledgers: Sequence[Ledger]) -> HTML:
    """A line per claim, tested at the largest scale that could, with links to its findings.

    What holds comes first, what does not hold next. Columns that the page is about come first, too;
    `claim_details` has what a claim's line has no room for.
    """
    decided = sorted(deciding(ledgers), key=lambda pair: VERDICTS.index(pair[1].verdict))
    summary = ledger_text.summary(verdict for _, verdict in decided)
    table = pd.DataFrame(
        {
            "verdict": summary["verdict"].map(verdict_badge),
            "claim": [claim_cell(one, verdict) for one, verdict in decided],
            "ours": [ours_cell(verdict) for _, verdict in decided],
            "MDE": summary["MDE"],
            "papers'": summary["papers'"].map(escape),
            "people": [people_cell(one, verdict) for one, verdict in decided],
            "kind": summary["kind"],
            "readings": summary["readings"],
        }
    )
    return HTML(html_table(table, "sortable"))


def paper_of(source: str) -> str:
    """The paper of a claim, in a word or two."""
    short = {"How can RNNs": "RNN tutorial", "Variational": "on-the-fly"}
    named = (name for start, name in short.items() if source.startswith(start))
    return next(named, re.split(r"[ ,]", source)[0])


def ours_cell(verdict: Verdict) -> str:
    """The number that decides a claim, its p, what it measures, and the margin if that decides."""
    finding = ledger_text.deciding_finding(verdict)
    if finding is None:
        return ""
    p = format_p(finding.holm)
    notes = [f"p {p}"] if p else []
    notes.append(ledger_text.what_text(finding))
    if margin := ledger_text.deciding_margin(finding):
        notes.append(f"{margin}, the least that matters")
    number = ledger_text.format_estimate(finding)
    return f"{escape(number)}<br><small>{escape('; '.join(notes))}</small>"


def people_cell(one: Ledger, verdict: Verdict) -> str:
    """How many people decide a claim, of how many cohorts, and the ledger that they are of."""
    finding = ledger_text.deciding_finding(verdict)
    if finding is None:
        return ""
    people = ledger_text.people_text(finding).replace(" people", "")
    notes = (people, f"<small>{escape(decided_at(one, verdict))}</small>")
    return "<br>".join(filter(None, notes))


def html_table(table: pd.DataFrame, classes: str | None = None) -> str:
    """A table of HTML cells."""
    # not a Styler: it adds an id to the table and classes to every cell, and needs more code
    return table.to_html(index=False, escape=False, border=0, classes=classes)


def claim_cell(one: Ledger, verdict: Verdict) -> str:
    """A claim's number and what it says, its paper, and links to what is behind its verdict."""
    says = escape(f"{verdict.claim.number}. {ledger_text.says(verdict)}")
    paper = escape(paper_of(verdict.claim.source))
    return f"{says}<br><small>{paper}: {claim_links(one, verdict)}</small>"


def claim_links(one: Ledger, verdict: Verdict) -> str:
    """Links from a claim to its chapter, findings, rows and test."""
    claim, finding = verdict.claim, ledger_text.deciding_finding(verdict)
    links = [
        link("chapter", f"{claim.chapter}.html"),
        link("findings", f"#claim-{claim.number}"),
    ]
    if rows := rows_link(one, verdict):
        links.append(link("rows", rows))
    if finding:
        links.append(test_link("test", finding.test))
    return " ".join(links)


def rows_link(one: Ledger, verdict: Verdict) -> str:
    """The address of the rows that tested a claim; empty where there are none.

    They are in a published file, or made by the chapter that trains this book's own.
    """
    if not verdict.findings:
        return ""
    if not one.file:
        return f"{verdict.claim.chapter}.html"
    of = ledger_text.deciding_finding(verdict).of
    names = (f"{ledger_name(one)}-{of}.parquet", f"{ledger_name(one)}.parquet")
    return next((f"../_static/{file}" for file in names if (FOLDER / file).exists()), "")


def verdict_badge(verdict: str) -> str:
    """A verdict in the colour that assets/book.css gives it."""
    return f'<span class="verdict {verdict.lower().replace(" ", "-")}">{verdict}</span>'


def claim_details(ledgers: Sequence[Ledger]) -> HTML:
    """A block to unfold per claim: reason, findings, controls, verdicts of other ledgers."""
    blocks = []
    for place, (one, verdict) in enumerate(deciding(ledgers)):
        claim = verdict.claim
        sentences = [claim.source]
        if claim.printed:
            sentences.append(f"Printed: {claim.printed}")
        sentences.append(f"At {ledger_label(one)}: {ledger_text.reason(verdict)}")
        if verdict.findings:
            runs = dict.fromkeys(RUN_NAMES[finding.of] for finding in verdict.findings)
            sentences.append(f"Rows: {'; '.join(runs)}")
        if verdict.readings:
            readings = (f"{name}: {word}" for name, word in verdict.readings)
            sentences.append(f"Other readings: {'; '.join(readings)}")
        if verdict.author is not None:
            author = ledger_text.AUTHOR[verdict.author]
            sentences.append(f"By the papers' own rule, α = .1: {author}")
        others = [
            f"{ledger_label(each)}: {each.verdicts[place].verdict}"
            for each in ledgers
            if each is not one and each.verdicts[place].verdict != "NOT RUN"
        ]
        if others:
            sentences.append(f"Other runs: {'; '.join(others)}")
        title = (
            f"{claim.number}. {escape(ledger_text.says(verdict))} {verdict_badge(verdict.verdict)}"
        )
        blocks.append(
            f'<details class="claim" id="claim-{claim.number}"><summary>{title}</summary>'
            f"<p>{escape('. '.join(sentences))}. "
            f"See {link('its chapter', f'{claim.chapter}.html')}.</p>"
            f"{findings_html(verdict)}</details>"
        )
    return HTML("\n".join(blocks))


def findings_html(verdict: Verdict) -> str:
    """The findings of a claim as a table, its controls below them; empty without any."""
    lines = [finding_cells(finding) for finding in verdict.findings]
    lines += [finding_cells(finding, "control: ") for finding in verdict.controls]
    return html_table(pd.DataFrame(lines)) if lines else ""


def finding_cells(found: Finding, role: str = "") -> dict[str, str]:
    """A finding as the HTML cells of a line.

    role   stands before what was measured
    """
    p = format_p(found.p)
    if found.holm > found.p:
        p += f"; Holm {format_p(found.holm)}"
    cells = {
        "what": f"{role}{ledger_text.what_text(found)}",
        "ours [95 %]": ledger_text.format_estimate(found),
        "outcome": ledger_text.outcome_text(found),
        "test": found.test,
        "p": p,
        "MDE": ledger_text.format_mde(found),
        "papers'": ledger_text.format_printed(found),
        "people": ledger_text.people_text(found),
        "harmed": format_harmed(found),
        "other p": other_ps(found),
    }
    html = {key: escape(value) for key, value in cells.items()}
    html["test"] = test_link(found.test, found.test)
    return html


def format_harmed(found: Finding) -> str:
    """The share of people with a difference below 0, and the mean in SDs; empty without them."""
    forms = {"harmed": "{:.0%}", "d_z": "d_z {:+.2f}"}
    values = {name: found.more.get(name) for name in forms}
    return "; ".join(
        forms[name].format(value) for name, value in values.items() if value is not None
    )


def other_ps(found: Finding) -> str:
    """The p of tests that treat people as independent, with their names."""
    values = {name: found.more.get(name.lower()) for name in ("sign-flip", "t", "Wilcoxon")}
    return "; ".join(f"{name} {format_p(p)}" for name, p in values.items() if p is not None)


def list_ledgers(ledgers: Sequence[Ledger]) -> Markdown:
    """A list of the runs that the ledgers are of."""
    lines = []
    for one in ledgers:
        run, settings = one.provenance, one.provenance["settings"]
        # ledgers that are older than `kind` and `shape` are of images
        size = shape_text(run.get("kind", "images"), run.get("shape", [settings["image_size"]] * 2))
        line = (
            f"- **{as_text(ledger_label(one))}**: {run['people']} people of "
            f"{as_text(run['data'])}, {size}, width {settings['width']:g}, "
            f"{settings['epochs']} epochs; "
            f"rows of {' to '.join(dict.fromkeys((run['first'][:10], run['last'][:10])))}"
        )
        if one.file:
            line += f", tested at commit {run['commit']}, {as_code(one.file)}"
        lines.append(line)
    return Markdown("\n".join(lines))
