"""Verdicts on claims, which ledger decides, and ledgers as text and HTML."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from perso.claims import ledger, ledger_file
from perso.claims.evidence import Evidence
from perso.claims.hypotheses import Superior
from perso.claims.registry import CLAIMS
from perso.claims.v3_claims import SIX
from perso.paths import ROOT
from perso.report import ledger_html, ledger_text
from perso.settings import read_params
from perso.study.study import Study

# --- verdicts


@pytest.mark.parametrize(
    ("outcomes", "equality", "verdict"),
    [
        ([["for"], ["for"]], False, "REPRODUCED"),
        ([["for"], ["for"]], True, "EQUIVALENT"),
        ([["for"], ["open"]], False, "UNDECIDED"),
        ([["for"], ["few"]], False, "UNDECIDED"),
        ([["for"], ["against"]], False, "CONTRADICTED"),
        # one test of a group is enough
        ([["for", "against"], ["for"]], False, "REPRODUCED"),
        ([["against", "open"], ["for"]], False, "UNDECIDED"),
        ([["against", "against"], ["for"]], False, "CONTRADICTED"),
        ([["for"], ["missing"]], False, "NOT RUN"),
        ([["for", "missing"]], False, "REPRODUCED"),
        ([["against"], ["missing"]], False, "CONTRADICTED"),
    ],
)
def test_verdict_from_outcomes(outcomes, equality, verdict):
    assert ledger.verdict(outcomes, equality) == verdict


def test_a_true_gain_is_reproduced_and_its_opposite_contradicted(make_evidence, better, claim):
    found = make_evidence(better)
    assert ledger.test_claim(claim(4), found).verdict == "REPRODUCED"
    opposite = tuple(Superior("BaseLine", name, "D_I", of="relative") for name in SIX)
    worse = replace(claim(4), tests=opposite)
    assert ledger.test_claim(worse, found).verdict == "CONTRADICTED"


def test_a_verdict_is_displayed_with_the_finding_that_decides_it(make_evidence, claim):
    """One of early shaping's two settings gains, which settles its group; no other setting does."""

    def hits_of(method, place, part, repeat, n):
        share = 0.9 if method == "ES 12 %" else 0.75
        return np.random.default_rng([*map(ord, method), place]).random(n) < share

    verdict = ledger.test_claim(claim(4), make_evidence(hits_of))
    settled = [finding.settled for finding in verdict.findings]
    assert settled == [True, True, *[False] * 4, True, True, True, True]
    assert ledger_text.deciding_finding(verdict) in verdict.findings[:6]
    reproduced = replace(verdict, verdict="REPRODUCED")
    assert ledger_text.deciding_finding(reproduced).settled


def test_perfect_accuracies_reach_no_equivalence(make_evidence):
    found = make_evidence(lambda method, place, part, repeat, n: np.ones(n, bool))
    verdicts = ledger.make_ledger(found).verdicts
    words = {each.verdict for each in verdicts}
    assert words <= set(ledger.VERDICTS)
    assert "EQUIVALENT" not in words
    assert verdicts[3].verdict == "UNDECIDED"


def test_one_person_decides_nothing(make_evidence, better, claim, quick):
    """Three of four individuals have no trained models."""
    few = {"individuals": 4, "batch_size": 32}  # so that an epoch has a twelfth batch
    study = Study(replace(quick, rows_of="relative", **few))
    people = [str(person) for person in study.data.splits.individuals]
    without = {(method.name, person, 0) for method in study.methods for person in people[1:]}
    found = make_evidence(better, without=without, **few)
    verdict = ledger.test_claim(claim(4), found)
    assert verdict.verdict == "UNDECIDED"
    assert verdict.needs == 6
    assert {finding.n for finding in verdict.findings} == {1}
    assert ledger_text.reason(verdict) == "a smoke run decides nothing; needs 6 people"


def test_fewer_people_than_the_tests_need_get_no_verdict(make_evidence, better):
    verdicts = ledger.make_ledger(make_evidence(better, individuals=4)).verdicts
    tested = [each for each in verdicts if each.findings and each.findings[0].test != "count"]
    assert tested
    assert {each.verdict for each in tested} <= {"UNDECIDED", "NOT RUN"}
    assert all(each.needs >= 6 for each in tested)


@pytest.mark.parametrize("number", [4, 7, 22, 28, 30])
def test_the_published_ledger_agrees_with_the_published_rows(number, tmp_path, claim, quick):
    """Red when a test, a claim or rows changed since: run `perso claims params/quick.yml --to`."""
    file = ROOT / "results" / "quick.claims.json"
    published = ledger_file.read_ledger(file).verdicts[number - 1]
    found = ledger.test_claim(claim(number), Evidence(Study(quick, tmp_path / "store.sqlite")))
    assert (found.verdict, found.author) == (published.verdict, published.author)
    # whether a claim is as it was frozen is known of a whole ledger alone
    pd.testing.assert_frame_equal(
        ledger_text.findings_table([found]).drop(columns="post hoc"),
        ledger_text.findings_table([published]).drop(columns="post hoc"),
        check_dtype=False,
        rtol=1e-6,
    )


# --- scales


def test_scales_depend_on_network_and_people():
    names = ("smoke", "quick", "standard", "paper", "paper-v1-counts", "standard-counts")
    scales = [ledger.scale_of(read_params(ROOT / "params" / f"{name}.yml")) for name in names]
    assert scales == ["smoke", "quick", "standard", "paper", "paper", "standard"]


@pytest.mark.parametrize(
    ("size", "changes"),
    [
        ("smoke", {"individuals": 14}),
        ("quick", {"individuals": 5}),
        ("standard", {"individuals": 5}),
    ],
)
def test_too_few_people_or_too_narrow_a_network_make_a_smoke_run_of_any_size(size, changes):
    settings = read_params(ROOT / "params" / f"{size}.yml")
    assert ledger.scale_of(replace(settings, **changes)) == "smoke"


def test_a_smoke_run_decides_nothing(make_evidence, better):
    """Neither a clear effect nor arithmetic counts; the findings are displayed all the same."""
    own = ledger.make_ledger(make_evidence(better, width=0.125))
    by_number = {verdict.claim.number: verdict for verdict in own.verdicts}
    assert {verdict.verdict for verdict in own.verdicts} == {"UNDECIDED", "NOT RUN"}
    for number in (4, 32):
        assert by_number[number].verdict == "UNDECIDED"
        assert "for" in {finding.outcome for finding in by_number[number].findings}
        assert ledger_text.reason(by_number[number]).startswith("a smoke run decides nothing; ")
    tested = sum(verdict.verdict != "NOT RUN" for verdict in own.verdicts)
    end = f": none; {tested} in a smoke run only, which decides nothing"
    assert ledger_html.ledger_sentence([own]).endswith(end)
    assert "not decided; smoke: own run" in ledger_html.claims_table([own]).data


def test_any_other_run_takes_precedence_over_a_smoke_run(own, make_evidence, better):
    quick = replace(own, file="results/quick.claims.json")
    smoke = ledger.make_ledger(make_evidence(better, individuals=4))
    assert any(verdict.findings for verdict in quick.verdicts)
    assert all(one is quick for one, _ in ledger.deciding([smoke, quick]))
    assert ledger_html.ledger_sentence([smoke, quick]) == ledger_html.ledger_sentence([quick])


def test_claims_are_watched_one_by_one(make_evidence, better):
    seen = []

    def watch(claims):
        for claim in claims:
            seen.append(claim.number)
            yield claim

    made = ledger.make_ledger(make_evidence(better, individuals=4), CLAIMS[:3], watch=watch)
    assert seen == [verdict.claim.number for verdict in made.verdicts] == [1, 2, 3]


def test_the_largest_scale_with_findings_of_a_claim_decides(own):
    """Even where it lacks data, as of claim 7: a smaller one never outvotes it."""
    verdicts = tuple(
        replace(
            each,
            verdict="CONTRADICTED" if each.claim.number == 4 else "NOT RUN",
            findings=each.findings[:3] if each.claim.number in (4, 7) else (),
        )
        for each in own.verdicts
    )
    larger = ledger.Ledger(
        own.provenance | {"scale": "standard"}, verdicts, "results/standard.claims.json"
    )
    decided = ledger.deciding([own, larger])
    assert decided[3][0] is larger
    assert decided[3][1].verdict == "CONTRADICTED"
    assert decided[6][0] is larger
    assert decided[4][0] is own
    assert [verdict.claim for _, verdict in decided] == list(CLAIMS)
    sentence = ledger_html.ledger_sentence([own, larger])
    assert sentence.startswith("Of 45 claims of the papers and 4 of our own: ")
    assert ": 1 at standard size" in sentence


def test_at_one_scale_more_people_decide_and_of_as_many_the_first(own):
    people = {"people": own.provenance["people"] + 1}
    more = replace(own, provenance=own.provenance | people, file="more")
    assert ledger.deciding([own, more])[3][0] is more
    assert ledger.deciding([own, replace(own, file="as many")])[3][0] is own


def test_tests_that_a_ledger_lacks_are_taken_from_others_of_its_scale(own):
    """Claim 1 needs shaping and data grouping, which two studies may have trained."""
    one = own.verdicts[0]
    assert one.verdict == "NOT RUN" and {finding.group for finding in one.findings} == {*range(5)}
    for_it = [
        replace(one.findings[2], what=f"grouping {group}", group=group, outcome="for", n=5)
        for group in range(5, 9)
    ]
    against = replace(one.findings[0], value=-3.0)
    elsewhere = replace(one, findings=(against, *for_it))
    provenance = own.provenance | {"people": own.provenance["people"] - 1}
    grouped = ledger.Ledger(provenance, (elsewhere, *own.verdicts[1:]), "results/b.claims.json")
    decided, verdict = ledger.deciding([grouped, own])[0]
    assert decided is own
    assert verdict.verdict == "REPRODUCED"
    assert verdict.findings[: len(one.findings)] == one.findings
    assert "grouping 5 (of results/b.claims.json): " in ledger_text.ledger_text([verdict])
    smaller = replace(grouped, provenance=provenance | {"scale": "smoke"})
    assert ledger.deciding([smaller, own])[0][1].verdict == "NOT RUN"


# --- text and HTML


def test_every_form_has_every_claim(own):
    verdicts = own.verdicts
    text = ledger_text.ledger_text(verdicts)
    table = ledger_text.ledger_markdown(verdicts).splitlines()
    lines = ledger_text.ledger_csv(verdicts).splitlines()
    for claim, line in zip(CLAIMS, table[2:], strict=True):
        assert claim.says in text
        cells = [cell.strip() for cell in line.split("|")]
        assert cells[1:3] == [str(claim.number), claim.says]
    assert {line.split(",")[0] for line in lines[1:]} == {str(claim.number) for claim in CLAIMS}
    assert sum(ledger_text.count_verdicts(verdicts).values()) == len(CLAIMS)


def test_html_links_every_claim_to_its_chapter_findings_rows_and_test(own):
    table = ledger_html.claims_table([own]).data
    details = ledger_html.claim_details([own]).data
    for claim, verdict in zip(CLAIMS, own.verdicts, strict=True):
        assert f'href="{claim.chapter}.html"' in table
        assert f'href="#claim-{claim.number}"' in table
        assert f'id="claim-{claim.number}"' in details
        if verdict.findings:
            assert f'<a href="{claim.chapter}.html">rows</a>' in table
            assert ledger_html.TESTS[verdict.findings[0].test] in table
    lines = list(ledger_html.verdict_counts([own]).index)
    assert lines == ["largest that could", "quick: own run"]


def test_the_calibration_chapter_has_a_section_for_every_test():
    chapter = (ROOT / "chapters" / "17-calibration.ipynb").read_text("utf-8")
    assert all(f"({anchor})=" in chapter for anchor in ledger_html.TESTS.values())


def test_two_cohorts_are_compared_claim_by_claim(own, claim):
    first = own.verdicts
    second = [
        replace(each, verdict="CONTRADICTED") if each.claim.number == 4 else each for each in first
    ]
    assert ledger_text.cohort_agreement(first, first).startswith(
        "On people not used before: the same verdict for "
    )
    line = f" 4 {first[3].verdict} → CONTRADICTED: {claim(4).says}"
    assert line in ledger_text.cohort_agreement(first, second)
