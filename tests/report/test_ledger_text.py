"""The ledger as text has every number of its findings."""

import re
from dataclasses import replace

import numpy as np
import pytest

from perso.claims.ledger import LARGER
from perso.claims.registry import CLAIMS
from perso.report import ledger_text


def test_a_finding_has_value_test_p_people_mde_and_outcome(make_finding):
    assert ledger_text.finding_line(make_finding()) == (
        "SW-n-2 − BaseLine on D_I: +2.7 [+1.1, +4.4], mean over people, p .0004 (Holm .0015), "
        "24 people for this D_G, MDE +2.2, printed +0.4 (outside): for"
    )


def test_what_is_unknown_is_left_out(make_finding):
    unknown = make_finding(
        low=np.nan, high=np.nan, p=np.nan, holm=np.nan, detectable=np.nan, printed=np.nan
    )
    assert ledger_text.finding_line(unknown) == (
        "SW-n-2 − BaseLine on D_I: +2.7, mean over people, 24 people for this D_G: for"
    )


@pytest.mark.parametrize(
    ("unit", "text"), [("pp", "+2.7"), ("bytes", "3"), ("ρ", "2.70")], ids=lambda value: value
)
def test_a_value_has_the_decimals_of_its_unit(unit, text, make_finding):
    assert ledger_text.format_value(make_finding(unit=unit), 2.7) == text


def test_no_dispersion_is_shown_to_fall_by_more_than_all_of_it(make_finding):
    found = make_finding(unit="%", test="Brown–Forsythe", value=-62.0, low=-124.2, high=0.8)
    assert ledger_text.format_estimate(found) == "-62 [-100 (cut), +1] %"
    other = replace(found, test="mean over people")
    assert ledger_text.format_estimate(other) == "-62 [-124, +1] %"


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("BaseLine, SW-n-2, SW-n-1/8", "BaseLine → SW-n-2 → SW-n-1/8"),
        ("enrolled, 1 sample, enrolled, 3 samples", "enrolled, 1 sample → enrolled, 3 samples"),
        ("mine, yours", "mine → yours"),
    ],
)
def test_the_methods_of_a_trend_are_told_apart(order, names, make_finding):
    found = make_finding(what=f"rise of accuracy on D_I along {order}")
    assert ledger_text.what_text(found) == f"rise of accuracy on D_I in the order {names}"


@pytest.mark.parametrize(
    ("cohorts", "text"),
    [
        (1, "24 people for this D_G"),
        (2, "24 people for these D_G"),
        (4, "24 people of 4 cohorts"),
    ],
)
def test_people_of_few_cohorts_stand_for_their_own_data(cohorts, text, make_finding):
    assert ledger_text.people_text(make_finding(cohorts=cohorts)) == text


@pytest.mark.parametrize(
    ("printed", "text"), [(0.4, "+0.4 (outside)"), (1.0, "+1.0 (inside)"), (np.nan, "")]
)
def test_the_printed_value_is_in_our_prediction_interval_or_not(printed, text, make_finding):
    assert ledger_text.format_printed(make_finding(printed=printed)) == text


def test_readings_that_agree_are_counted(make_finding, make_verdict):
    one = make_verdict("REPRODUCED", make_finding())
    assert ledger_text.format_readings(one) == ""
    readings = (("rate 1e-3", "REPRODUCED"), ("absolute doses", "UNDECIDED"))
    several = replace(one, readings=readings)
    assert ledger_text.format_readings(several) == "1 of 2"
    assert "; 1 of 2 other readings agree" in ledger_text.ledger_text([several])
    assert ledger_text.format_readings(replace(several, verdict="NOT RUN")) == ""


def test_a_claim_that_was_added_later_is_post_hoc(make_verdict):
    verdicts = [replace(make_verdict("UNDECIDED"), frozen=each) for each in (None, True, False)]
    texts = [ledger_text.ledger_text([each]) for each in verdicts]
    assert ["(post hoc)" in text for text in texts] == [False, False, True]
    columns = [ledger_text.findings_table([each])["post hoc"].item() for each in verdicts]
    assert columns == ["", "no", "yes"]


def test_verdicts_are_counted_by_kind(make_verdict):
    one, other = make_verdict("REPRODUCED"), make_verdict("UNDECIDED")
    premise = replace(one, claim=replace(one.claim, kind="premise"))
    counts = ledger_text.counts_by_kind([one, other, premise])
    assert counts == {"effects": "1 REPRODUCED, 1 UNDECIDED", "premises": "1 REPRODUCED"}


def test_a_verdict_has_its_reason(make_finding, make_verdict):
    one, open_one = make_finding(), make_finding(outcome="open", settled=False)
    reasons = {
        make_verdict("NOT RUN", missing=["v3's Table I: SW-n-2", "a run of 20 epochs"]): (
            "missing: v3's Table I: SW-n-2; a run of 20 epochs"
        ),
        make_verdict("REPRODUCED", one): "SW-n-2 − BaseLine on D_I",
        make_verdict("UNDECIDED", one, open_one): "of 2 tests 1 for, 1 open",
        make_verdict("UNDECIDED", one, open_one, controls=[one, open_one]): (
            "of 2 tests 1 for, 1 open; of 2 controls 1 for"
        ),
        make_verdict("UNDECIDED", one, needs=6): "needs 6 people",
        make_verdict("UNDECIDED", one, missing=[LARGER]): (
            "a smoke run decides nothing; SW-n-2 − BaseLine on D_I"
        ),
    }
    for verdict, reason in reasons.items():
        assert ledger_text.reason(verdict) == reason


def test_the_deciding_finding_has_the_verdicts_outcome_and_the_largest_p(
    make_finding, make_verdict
):
    clear, less_clear = make_finding(holm=0.001), make_finding(holm=0.04)
    against = make_finding(outcome="against", settled=False, holm=0.01)
    assert ledger_text.deciding_finding(make_verdict("REPRODUCED", clear, less_clear)) == less_clear
    contradicted = make_verdict("CONTRADICTED", clear, against, less_clear)
    assert ledger_text.deciding_finding(contradicted) == against
    assert ledger_text.deciding_finding(make_verdict("NOT RUN")) is None


def test_markdown_has_a_line_per_claim(make_finding, make_verdict):
    text = ledger_text.ledger_markdown([make_verdict("REPRODUCED", make_finding(what="a | b"))])
    rows = [re.split(r"(?<!\\)\|", row)[1:-1] for row in text.splitlines()]
    head, _, line = ([cell.strip() for cell in row] for row in rows)
    values = dict(zip(head, line, strict=True))
    assert values["#"] == "1" and values["claim"] == CLAIMS[0].says
    assert values["ours"] == "+2.7 [+1.1, +4.4]" and values["what"] == r"a \| b"
    assert values["p (Holm)"] == ".0015" and values["MDE"] == "+2.2" and values["kind"] == "effect"
    assert values["people"] == "24 people for this D_G" and values["papers'"] == "+0.4 (outside)"


def test_csv_has_the_columns_that_other_programs_read(make_finding, make_verdict):
    head, line = ledger_text.ledger_csv([make_verdict("REPRODUCED", make_finding())]).splitlines()
    assert head == (
        "claim,kind,verdict,missing,author,readings,post hoc,role,what,test,value,low,high,p,holm,"
        "n,cohorts,unit,expected,detectable,margin,low90,high90,printed,predicted_low,"
        "predicted_high,telescope,outcome,of,d_z,sign-flip,t,wilcoxon,Page's L,"
        "Pitman–Morgan,improved,harmed,better,equal,needs,settled"
    )
    start = "1,effect,REPRODUCED,,,,,test,SW-n-2 − BaseLine on D_I,mean over people,2.7,1.1,4.4,"
    assert line.startswith(start)


def test_cohorts_are_compared_claim_by_claim(make_verdict):
    one, other = make_verdict("REPRODUCED"), make_verdict("UNDECIDED")
    skipped = make_verdict("NOT RUN")
    assert ledger_text.cohort_agreement([one, skipped], [one, one]) == (
        "On people not used before: the same verdict for 1 of 1 claims."
    )
    assert ledger_text.cohort_agreement([one], [other]).splitlines() == [
        "On people not used before: the same verdict for 0 of 1 claims; different for",
        f" 1 REPRODUCED → UNDECIDED: {CLAIMS[0].says}",
    ]
