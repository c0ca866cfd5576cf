"""The page of the ledger has what its script and its style sheet look for."""

import json
import re
from dataclasses import replace

import pytest

from perso.claims.ledger import Ledger, Verdict
from perso.claims.registry import CLAIMS
from perso.paths import ROOT
from perso.report import ledger_html
from perso.report.ledger_figures import verdicts_figure


@pytest.fixture
def ledger(make_finding, make_verdict) -> Ledger:
    """A ledger of quick size: the first claim is REPRODUCED, the others are NOT RUN."""
    first = make_verdict(
        "REPRODUCED", make_finding(what="p < .05 & more"), controls=[make_finding()]
    )
    others = [Verdict(claim, "NOT RUN", missing=("Table I: SW-n-2",)) for claim in CLAIMS[1:]]
    return Ledger({"scale": "quick", "people": 24}, (first, *others))


def test_the_table_has_the_class_and_the_headings_that_the_script_uses(ledger):
    html = ledger_html.claims_table([ledger]).data
    assert re.search(r'<table class="[^"]*\bsortable\b', html)
    headings = re.findall("<th>(.*?)</th>", html)
    script = (ROOT / "assets" / "tables.js").read_text("utf-8")
    choices = re.search(r"CHOICES = \[(.*?)\]", script).group(1)
    of_other_tables = {"family"}
    assert set(re.findall('"(.*?)"', choices)) - of_other_tables <= set(headings)
    assert headings[3] == "MDE" and html.count("<tr>") == len(CLAIMS)


def test_ids_are_unique(ledger):
    page = ledger_html.claims_table([ledger]).data + ledger_html.claim_details([ledger]).data
    ids = re.findall(r'\bid="(.*?)"', page)
    assert ids == [f"claim-{claim.number}" for claim in CLAIMS]


def test_text_is_escaped_and_links_are_not(ledger):
    for html in (
        ledger_html.claims_table([ledger]).data,
        ledger_html.claim_details([ledger]).data,
    ):
        assert "p &lt; .05 &amp; more" in html and "&amp;lt;" not in html
        assert 'href="17-calibration.html#test-mean-over-people"' in html


def test_badges_have_a_colour():
    style = (ROOT / "assets" / "book.css").read_text("utf-8")
    for word in ("REPRODUCED", "EQUIVALENT", "CONTRADICTED", "UNDECIDED", "NOT RUN"):
        classes = re.search('class="(.*?)"', ledger_html.verdict_badge(word)).group(1)
        assert f".{classes.replace(' ', '.')}" in style


def test_findings_and_controls_are_in_one_table(ledger):
    html = ledger_html.findings_html(ledger.verdicts[0])
    assert html.count("<table") == 1 and html.count("<td>control: ") == 1
    headings = re.findall("<th>(.*?)</th>", html)
    assert {"test", "MDE", "outcome"} <= set(headings)
    assert ledger_html.findings_html(ledger.verdicts[1]) == ""


def test_the_sentence_counts_verdicts_and_scales(ledger):
    assert ledger_html.ledger_sentence([ledger]) == (
        "Of 45 claims of the papers and 4 of our own: effects 1 REPRODUCED, 23 NOT RUN; "
        "rankings 11 NOT RUN; equalities 2 NOT RUN; premises 5 NOT RUN; by construction 3 NOT RUN; "
        "ours 4 NOT RUN. "
        "Tested: 1 at quick size"
    )


def test_the_answer_counts_claims_by_what_they_are_about(ledger):
    assert ledger_html.answer_sentence([ledger]) == (
        "Of 37 claims about what methods do, 1 holds and 36 were not run. Of 8 claims about data, "
        "or true by construction, none hold. Of 4 claims that we added, none hold"
    )


def test_a_margin_that_contradicts_a_claim_is_in_its_row(ledger, make_finding, make_verdict):
    small = make_finding(low=-0.1, high=0.15, margin=0.2, outcome="against", settled=False)
    verdict = make_verdict("CONTRADICTED", small)
    assert "below 0.2, the least that matters" in ledger_html.ours_cell(verdict)
    opposite = make_verdict("CONTRADICTED", replace(small, low=-0.3, high=-0.1))
    assert "matters" not in ledger_html.ours_cell(opposite)


def test_the_sentence_says_which_claims_were_fixed_after_their_rows(
    ledger, make_finding, make_verdict, tmp_path
):
    tested = make_verdict("UNDECIDED", make_finding())
    verdicts = [replace(tested, claim=CLAIMS[at]) for at in (0, 1)]
    rows_of = {"scale": "quick", "people": 24, "first": "2026-11-21T10:00:00+00:00"}

    def said(first: str, second: str, tested: list = verdicts) -> str:
        for number, date in ((CLAIMS[0].number, first), (CLAIMS[1].number, second)):
            fixed = {"date": date, "claims": {str(number): "hash"}}
            (tmp_path / f"frozen-{number}.json").write_text(json.dumps(fixed))
        earlier = Ledger(rows_of, (*tested, *ledger.verdicts[2:]))
        return ledger_html.fixed_sentence([earlier], tmp_path)

    before = "claims were fixed before the run that decides them began"
    assert said("2026-11-20", "2026-11-21") == f"2 {before}"
    late = f"fixed when rows of it were there already: {CLAIMS[1].number}"
    assert said("2026-11-20", "2026-11-22") == f"1 {before}; {late}"
    other = [replace(verdicts[0], frozen=False), verdicts[1]]
    changed = f"changed later, which is post hoc: {CLAIMS[0].number}"
    assert said("2026-11-20", "2026-11-22", other) == f"0 {before}; {late}; {changed}"


def test_claims_that_hold_come_first(ledger, make_finding, make_verdict):
    verdicts = list(ledger.verdicts)
    verdicts[3] = replace(make_verdict("CONTRADICTED", make_finding()), claim=CLAIMS[3])
    html = ledger_html.claims_table([replace(ledger, verdicts=tuple(verdicts))]).data
    order = re.findall('class="verdict ([a-z-]+)"', html)
    assert order[:3] == ["reproduced", "contradicted", "not-run"]


def test_the_picture_counts_verdicts_by_kind(ledger):
    picture = verdicts_figure([ledger])
    assert picture.alt.startswith("effects: 1 REPRODUCED, 23 NOT RUN; rankings: 11 NOT RUN;")
    drawn = [sum(bar.get_width() for bar in bars) for bars in picture.figure.axes[0].containers]
    assert drawn == [1, len(CLAIMS) - 1]


def test_the_sentence_names_what_only_a_smoke_run_tested(ledger):
    smoke = replace(ledger, provenance={"scale": "smoke", "people": 4})
    assert ledger_html.ledger_sentence([smoke]).endswith(
        "Tested: none; 1 in a smoke run only, which decides nothing"
    )
