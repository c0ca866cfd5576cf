"""The ledger as text has every number of its findings."""

import numpy as np
import pytest

from perso.claims.ledger import LARGER
from perso.claims.registry import CLAIMS
from perso.report import ledger_text


def test_a_finding_has_value_test_p_people_mde_and_outcome(make_finding):
    assert ledger_text.finding_line(make_finding()) == (
        "SW-n-2 − BaseLine on D_I: +2.7 [+1.1, +4.4], sign-flip, p .0004 (Holm .0015), "
        "24 people, MDE +2.2: for"
    )


def test_what_is_unknown_is_left_out(make_finding):
    unknown = make_finding(low=np.nan, high=np.nan, p=np.nan, holm=np.nan, detectable=np.nan)
    assert ledger_text.finding_line(unknown) == (
        "SW-n-2 − BaseLine on D_I: +2.7, sign-flip, 24 people: for"
    )


@pytest.mark.parametrize(
    ("unit", "text"), [("pp", "+2.7"), ("bytes", "3"), ("ρ", "2.70")], ids=lambda value: value
)
def test_a_value_has_the_decimals_of_its_unit(unit, text, make_finding):
    assert ledger_text.format_value(make_finding(unit=unit), 2.7) == text


@pytest.mark.parametrize(("models", "text"), [(1, "1 generic network"), (2, "2 generic networks")])
def test_shared_generic_networks_are_named(models, text, make_finding):
    found = make_finding(more={"generic": models})
    assert ledger_text.people_text(found) == f"24 people from {text}"


def test_an_effect_below_the_margin_says_so(make_finding):
    below = make_finding(outcome="against", holm=0.2, little=0.01)
    assert ledger_text.outcome_text(below) == "against: below 0.5, p .0100"
    beyond = make_finding(outcome="against", expected=0)
    assert ledger_text.outcome_text(beyond) == "against: beyond ±0.5"


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
    head, _, line = ([cell.strip() for cell in row.split("|")[1:-1]] for row in text.splitlines())
    values = dict(zip(head, line, strict=True))
    assert values["#"] == "1" and values["claim"] == CLAIMS[0].says
    assert values["ours"] == "+2.7 [+1.1, +4.4]" and values["what"] == "a / b"
    assert values["p (Holm)"] == ".0015" and values["MDE"] == "+2.2" and values["people"] == "24"


def test_csv_has_the_columns_that_other_programs_read(make_finding, make_verdict):
    head, line = ledger_text.ledger_csv([make_verdict("REPRODUCED", make_finding())]).splitlines()
    assert head == (
        "claim,verdict,missing,author,role,what,test,value,low,high,p,holm,n,unit,expected,"
        "detectable,margin,low90,high90,outcome,of,d_z,t,wilcoxon,Pitman–Morgan,generic,improved,"
        "harmed,better,equal,needs,little,settled"
    )
    assert line.startswith("1,REPRODUCED,,,test,SW-n-2 − BaseLine on D_I,sign-flip,2.7,1.1,4.4,")


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
