"""Claims of the user's own: how they are read, checked and tested."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from perso.claims import hypotheses, ledger, own_claims
from perso.claims.evidence import Evidence
from perso.claims.hypotheses import Equivalent, Measured, Superior, Trend
from perso.claims.registry import CLAIMS, Claim
from perso.errors import InputError
from perso.methods.method import BASELINE
from perso.report import ledger_text
from perso.settings import Settings
from perso.study.study import Study

METHODS = """
from perso.methods.kinds import sample_weighing
MINE = sample_weighing("3", "every 3rd batch from D_I")
"""
THIRD = "SW-n-3"
GAIN = Superior(THIRD, BASELINE, "D_I", of="own")
CLAIM = Claim(number=7, says="Every 3rd batch helps.", tests=(GAIN,))
START = "from perso.claims.registry import Claim\nfrom perso.claims.hypotheses import *\n"


@dataclass
class CannotBeHashed:
    """A test that is not a frozen dataclass."""

    names: list

    def find(self, evidence):
        """Not called."""


@pytest.fixture
def settings_of_file(tmp_path, quick):
    """`settings_of_file(text)` → settings whose claims are MINE of a file with this text."""

    def make(text: str) -> Settings:
        (tmp_path / "mine.py").write_text(START + text)
        return replace(quick, claims_of=f"{tmp_path / 'mine.py'}:MINE")

    return make


@pytest.fixture
def own_evidence(tmp_path, quick, fill, draw_hits):
    """Evidence of a study of the baseline and a method of the user's own, which gains on D_I."""
    reference = f"{tmp_path / 'methods.py'}:MINE"
    (tmp_path / "methods.py").write_text(METHODS)
    study = Study(replace(quick, rows_of=reference), tmp_path / "store.sqlite", tmp_path)
    fill(study, draw_hits({THIRD: {"I": 0.9}}))
    return Evidence(study, tmp_path)


# --- reading


def test_without_own_claims_they_are_the_papers():
    assert own_claims.claims_of(Settings()) is CLAIMS


@pytest.mark.parametrize("form", ["{}", "({},)", "[{}]"], ids=["one", "tuple", "list"])
def test_a_claim_needs_a_number_a_sentence_and_a_test(form, settings_of_file):
    claim = "Claim(number=7, says='Mine.', tests=(Superior('a', 'b', 'D_I', of='own'),))"
    (found,) = own_claims.claims_of(settings_of_file("MINE = " + form.format(claim)))
    assert (found.number, found.says) == (7, "Mine.")
    assert (found.source, found.printed, found.chapter) == ("own", "", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3", "holds a int; possible: a perso.claims.registry.Claim"),
        ("()", "holds nothing; possible: a perso.claims.registry.Claim"),
        ("Claim('1', 'x', (Superior('a', 'b', 'D_I'),))", "claim '1': the number is not a whole"),
        ("Claim(1, 2, (Superior('a', 'b', 'D_I'),))", "claim 1: says is not a text"),
        ("Claim(1, 'x', Superior('a', 'b', 'D_I'))", "claim 1: tests is not a tuple"),
        ("Claim(1, 'x', (print,), controls=[])", "claim 1: controls is not a tuple"),
        ("Claim(1, 'x', ())", "claim 1: has no tests"),
        (
            "Claim(1, 'x', (len,))",
            "claim 1: a builtin_function_or_method is no test; possible: the records",
        ),
        ("Claim(1, 'x', ('a > b',))", "claim 1: a str is no test"),
        ("Claim(1, 'x', ([Superior('a', 'b', 'D_I')],))", "claim 1: a list is no test"),
        ("Claim(1, 'x', (Superior,))", "claim 1: a type is no test; possible: the records"),
        ("Claim(1, 'x', (Trend(['a', 'b'], 'D_I'),))", "claim 1: a test, Trend, cannot be hashed"),
        ("(Claim(1, 'x', (Superior('a', 'b', 'D_I'),)),) * 2", "claim 1: 2 claims have this numb"),
    ],
)
def test_a_claim_that_is_not_well_formed_is_one_line(text, message, settings_of_file):
    with pytest.raises(InputError) as caught:
        own_claims.claims_of(settings_of_file(f"MINE = {text}"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_controls_and_groups_are_checked_too():
    for tests, controls in ((((GAIN, CannotBeHashed([])),), ()), ((GAIN,), (CannotBeHashed([]),))):
        with pytest.raises(InputError, match="CannotBeHashed, cannot be hashed"):
            own_claims.check_form(replace(CLAIM, tests=tests, controls=controls))


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (replace(GAIN, of="mine"), "claim 7: no run 'mine'; possible: own, relative, v3"),
        (Measured(print, runs=("mine",)), "claim 7: no run 'mine'; possible: own, relative, v3"),
        (replace(GAIN, part="D_X"), "claim 7: no part 'D_X'; possible: D_I, D_G"),
        (replace(GAIN, base="SW-n-2"), f"no method 'SW-n-2'; possible: {BASELINE}, {THIRD}"),
        (
            Trend((BASELINE, THIRD, "SW-n-2"), "D_I", of="own"),
            "claim 7, of='own': no method 'SW-n-2'",
        ),
        (Trend((BASELINE, THIRD), "D_I", of="own"), "is no tuple of three names or more"),
        (Trend("SW-n-3", "D_I", of="own"), "methods='SW-n-3' is no tuple of three names or more"),
        (replace(GAIN, base=THIRD), "'SW-n-3' is compared with itself"),
        (
            replace(GAIN, of="v3"),
            """of='v3' (the run of these settings is of="own"): no method 'SW-n-3'; possible:""",
        ),
    ],
)
def test_a_name_that_is_not_there_is_one_line(test, message, own_evidence):
    with pytest.raises(InputError) as caught:
        own_claims.check_names([replace(CLAIM, tests=(test,))], own_evidence)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_that_are_there_pass(own_evidence):
    tests = (GAIN, Measured(print), Trend((BASELINE, THIRD, BASELINE), "D_G", of="own"))
    others = (Equivalent("SW-n-2", BASELINE, "D_I"),)
    own_claims.check_names([replace(CLAIM, tests=tests, controls=others)], own_evidence)


def test_what_is_trained_is_what_tests_name():
    measured = Measured(print, runs=("doses",), encoder=True)
    assert own_claims.needs_of([CLAIM]) == {"runs": ("own",), "encoders": False}
    controlled = replace(CLAIM, controls=(Equivalent("a", "b", "D_I"), measured))
    found = own_claims.needs_of([controlled])
    assert found == {"runs": ("own", "v3", "doses"), "encoders": True}


# --- testing


def test_a_gain_of_an_own_method_is_reproduced_and_nothing_is_printed_for_it(own_evidence):
    own = ledger.make_ledger(own_evidence, [CLAIM])
    (verdict,) = own.verdicts
    assert verdict.verdict == "REPRODUCED"
    assert (own.provenance["models"], own.provenance["people"]) == (28, 14)
    for write in (ledger_text.ledger_text, ledger_text.ledger_markdown, ledger_text.ledger_csv):
        assert f"{THIRD} − {BASELINE} on D_I" in write(own.verdicts)


def test_the_provenance_is_of_the_runs_that_the_claims_name(make_evidence, better):
    """Of v3's Table I, of which there are more models than of the settings' own run."""
    evidence = make_evidence(better, rows_of="doses")
    own = len(evidence.rows("own"))
    claim = replace(CLAIM, tests=(Superior("SW-n-2", BASELINE, "D_I"),))
    facts = ledger.make_ledger(evidence, [claim]).provenance
    assert facts["models"] == len(evidence.rows("v3")) > own


def test_the_own_run_has_no_printed_differences():
    contrast = Superior("SW-n-2", BASELINE, "D_I").contrast
    assert hypotheses.printed_effect(contrast, "D_I", of="v3") == 0.004
    assert np.isnan(hypotheses.printed_effect(contrast, "D_I", of="own"))


def test_a_test_that_returns_something_else_is_an_error(own_evidence):
    claim = replace(CLAIM, tests=(Measured(lambda evidence: 3.0),))
    with pytest.raises(InputError, match="claim 7: a test returns float, not a Finding"):
        ledger.test_claim(claim, own_evidence)


def test_a_finding_may_name_any_run(own_evidence, finding):
    claim = replace(CLAIM, tests=(Measured(lambda evidence: finding(of="elsewhere", n=14)),))
    verdict = ledger.test_claim(claim, own_evidence)
    assert ledger_text.summary([verdict])["rows"].tolist() == ["elsewhere"]
    assert not np.isnan(verdict.findings[0].value)


def test_what_fails_in_a_test_of_ones_own_is_one_line(settings_of_file, own_evidence):
    text = (
        "def test(evidence):\n    return 1 / 0\n\nMINE = Claim(1, 'It fails.', (Measured(test),))"
    )
    settings = settings_of_file(text)
    claims = own_claims.claims_of(settings)
    failure = r"^claims_of: a test of .*mine.py failed in line 4 \(ZeroDivisionError: division by"
    with (
        pytest.raises(InputError, match=failure),
        own_claims.faults_as_input_errors(settings),
    ):
        ledger.make_ledger(own_evidence, claims)
    with pytest.raises(ZeroDivisionError), own_claims.faults_as_input_errors(Settings()):
        ledger.make_ledger(own_evidence, claims)
