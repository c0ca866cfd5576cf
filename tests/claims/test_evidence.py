"""The data that claims are tested on, and the descriptions of missing data."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from perso.claims import evidence, ledger
from perso.claims.evidence import Evidence, Missing, remembered
from perso.claims.hypotheses import Superior
from perso.claims.registry import CLAIMS
from perso.data.dataset import StudyData
from perso.methods.registry import OWN_BASE, TABLES
from perso.paths import ROOT
from perso.settings import read_params
from perso.study.study import Study


def test_the_methods_of_all_tests_are_methods_of_the_run_they_use(quick):
    found = Evidence(Study(quick))
    for claim in CLAIMS:
        for test in ledger.all_tests_of(claim):
            fields = (getattr(test, "method", None), getattr(test, "base", None))
            names = {*fields, *getattr(test, "methods", ())} - {None}
            of = getattr(test, "of", "v3")
            name = "planted" if of in evidence.PLANTED else of
            table = TABLES[name] if name in OWN_BASE else found.run(of).methods
            known = {method.name for method in table}
            unknown = ", ".join(sorted(names - known))
            assert not unknown, f"claim {claim.number}: no method {unknown} in the run it uses"


def test_a_missing_row_leaves_out_one_person(make_evidence, better, quick):
    first = str(Study(quick).data.splits.individuals[0])
    found = make_evidence(better, without={("SW-n-2", first, 0)})
    assert Superior("SW-n-2", "BaseLine", "D_I").find(found).n == 13
    assert Superior("SW-n-12", "BaseLine", "D_I").find(found).n == 14
    assert len(ledger.make_ledger(found).verdicts) == len(CLAIMS)


def test_methods_from_generic_networks_are_compared_on_common_repeats(make_evidence, quick):
    """A repeat has a generic network of its own, which may be better than that of another."""
    late = "TL 9 % (1e-4)"

    def hits_of(method, place, part, repeat, n):
        return np.arange(n) < n * (0.5 + 0.3 * repeat)

    everybody = map(str, Study(quick).data.splits.individuals)
    without = {(late, person, 1) for person in everybody}
    found = make_evidence(hits_of, without, reference_repeats=2)
    people = found.people("relative", "D_I", "BaseLine", "TL-n-0", late).mean()
    assert people["TL-n-0"] == people[late] == pytest.approx(0.5, abs=0.01)
    assert people["BaseLine"] == pytest.approx(0.65, abs=0.01)
    assert found.people("relative", "D_I", "TL-n-0").mean().item() == people["BaseLine"]


def test_missing_methods_are_named(make_evidence, better, claim):
    verdict = ledger.test_claim(claim(22), make_evidence(better))
    assert verdict.verdict == "NOT RUN" and verdict.train == ("counts",)
    assert verdict.author is None
    assert verdict.missing[0].startswith(
        "models of v1's Table 2, class counts: BaseLine, ES-n-500, ES-n-5000, SW-n-2"
    )


def test_people_without_both_methods_are_described(make_evidence, better, claim, quick):
    people = map(str, Study(quick).data.splits.individuals)
    without = {
        ("BaseLine" if place % 2 else "SW-n-2", person, 0) for place, person in enumerate(people)
    }
    found = make_evidence(better, without=without)
    (line,) = ledger.test_claim(claim(7), found).missing
    assert line.startswith("people of v3's shaping in relative doses who have all ")
    assert "of: SW-n-2, BaseLine" in line


def test_a_missing_auto_encoder_is_named(make_evidence, better, claim):
    verdict = ledger.test_claim(claim(18), make_evidence(better))
    assert verdict.missing == ("the auto-encoder of these people",)


def test_a_study_of_class_counts_has_data_for_claims_on_class_counts_only(tmp_path, claim):
    study = Study(read_params(ROOT / "params" / "quick-counts.yml"), tmp_path / "store.sqlite")
    found = Evidence(study)
    assert ledger.test_claim(claim(4), found).missing == (
        "v3's shaping in relative doses, where these parameters are of v1's Table 2, class counts "
        "alone",
    )
    assert ledger.test_claim(claim(23), found).verdict != "NOT RUN"  # from published rows


def test_a_study_of_enrolled_networks_has_planted_ones_beside_it(tmp_path):
    small = {"individuals": 2, "global_people": 2, "dataset": "digits", "outside_people": 1}
    base = replace(read_params(ROOT / "params" / "smoke.yml"), exchange=False, **small)

    def found(**asked) -> Evidence:
        return Evidence(Study(replace(base, **asked), tmp_path / "s.sqlite"), tmp_path)

    enrolled = found(rows_of="enrolled")
    assert enrolled.run("enrolled") is enrolled.study
    for of, what in (("planted", "prior"), ("swapped", "swap")):
        beside = enrolled.run(of).asked
        assert (beside.rows_of, beside.planted) == ("planted", what)
        alone = found(rows_of="planted", planted=what)
        assert alone.run(of) is alone.study
        for other in {"enrolled", "planted", "swapped", "v3"} - {of}:
            with pytest.raises(evidence.Missing, match="alone"):
                alone.run(other)
    with pytest.raises(evidence.Missing, match="params of its own"):
        found(rows_of="v3").run("swapped")


def test_a_claim_about_other_epochs_or_other_params_is_not_run(tmp_path, claim):
    study = Study(read_params(ROOT / "params" / "smoke.yml"), tmp_path / "s.sqlite")
    smoke = Evidence(study, tmp_path)
    assert ledger.test_claim(claim(16), smoke).missing == ("a run of 20 epochs",)
    smoke.study.asked = replace(smoke.study.asked, dataset="qmnist")
    assert ledger.test_claim(claim(28), smoke).missing == (
        "v1's Table 2, hidden factors, which has params of its own: "
        "perso claims params/standard-v1.yml --run",
    )


@pytest.mark.parametrize("of", evidence.PARAMS_OF)
def test_the_params_that_are_named_have_the_run(of, tmp_path):
    settings = read_params(ROOT / "params" / f"{evidence.PARAMS_OF[of]}.yml")
    only = SimpleNamespace(asked=settings, settings=settings)
    assert of in (Evidence(only).only, *evidence.BESIDE.get(Evidence(only).only, ()), "v1")


def test_a_claim_that_is_not_run_names_the_runs_that_make_what_is_missing(tmp_path, claim):
    found = Evidence(Study(read_params(ROOT / "params" / "quick.yml"), tmp_path / "s"), tmp_path)
    assert ledger.test_claim(claim(1), found).train == ("relative", "v3")
    assert ledger.test_claim(claim(12), found).train == ("v3",)
    assert ledger.test_claim(claim(16), found).train == ()  # no training makes a run longer


def test_missing_models_and_auto_encoders_are_trained_once(tmp_path, monkeypatch):
    study = Study(read_params(ROOT / "params" / "smoke.yml"), tmp_path / "s.sqlite")
    calls = []

    def run(self, methods, *_):
        calls.append((self.settings.flips, len(methods)))
        return self.keys(methods)

    monkeypatch.setattr(Study, "run", run)
    monkeypatch.setattr(Study, "encoder", lambda self, fold: calls.append(fold))
    assert evidence.train_missing(study, folder=tmp_path) == 0
    assert calls.count((False, 1)) == 1  # the baseline without flips
    assert calls[-2:] == [0, 1]  # an auto-encoder per fold
    # what is about time, contexts and enrolments has data of its own
    assert len(calls) == len({*evidence.PAPERS_RUNS} - {*OWN_BASE, *evidence.PLANTED}) + 2


def test_only_the_runs_and_encoders_that_claims_need_are_trained(tmp_path, monkeypatch):
    study = Study(read_params(ROOT / "params" / "smoke.yml"), tmp_path / "s.sqlite")
    calls = []

    def run(self, methods, *_):
        calls.append(self.asked.rows_of)
        return self.keys(methods)

    monkeypatch.setattr(Study, "run", run)
    monkeypatch.setattr(Study, "encoder", lambda self, fold: calls.append("encoder"))
    for runs, encoders, trained in (
        (("own",), False, ["v3"]),
        (("doses", "own"), False, ["v3", "doses"]),
        (("own",), True, ["v3", "encoder", "encoder"]),
    ):
        calls.clear()
        evidence.train_missing(study, folder=tmp_path, runs=runs, encoders=encoders)
        assert calls == trained
    # the auto-encoder is for images alone
    monkeypatch.setattr(StudyData, "kind", "sequences")
    calls.clear()
    evidence.train_missing(study, folder=tmp_path, runs=("own",))
    assert calls == ["v3"]


def test_the_own_run_is_that_of_the_settings_whatever_they_are(tmp_path):
    for params in ("smoke", "quick-v1", "quick-counts"):
        study = Study(read_params(ROOT / "params" / f"{params}.yml"), tmp_path / "s.sqlite")
        found = Evidence(study, tmp_path)
        assert found.run("own") is study
        assert found.methods("own") == list(study.methods)


def test_a_method_is_not_compared_with_itself(tmp_path):
    """Of the smoke run's two people of D_G, both percentages are one."""
    smoke = Study(read_params(ROOT / "params" / "smoke.yml"), tmp_path / "s.sqlite")
    found = Evidence(smoke, tmp_path)
    one = "IG-n-5 and IG-n-21 both add 1 of 2 people of D_G"
    for asked in (
        lambda *names: found.differences("v3", "D_I", ((names[0], 1.0), (names[1], -1.0))),
        lambda *names: found.people("v3", "D_G", "BaseLine", *names),
        lambda *names: found.having("grouping", *names),
    ):
        with pytest.raises(Missing, match="more people in D_G") as missing:
            asked("IG-n-5", "IG-n-21")
        assert missing.value.what == (one,)
        with pytest.raises(Missing, match="models of"):  # trained, they could be compared
            asked("IG-n-5", "SG-n-1500")
    with pytest.raises(Missing) as missing:
        found.having("v3", "SG-n-6500", "SG-n-1500")
    assert missing.value.what == (
        "SG-n-1500 and SG-n-6500 both add as many samples as belong to 1 of 2 people of D_G",
    )


def test_what_is_missing_is_looked_for_once():
    asked = []

    def find(of):
        asked.append(of)
        raise Missing(of, "a", "b")

    once = remembered(find)
    for _ in range(2):
        with pytest.raises(Missing) as error:
            once("v3")
        assert (error.value.run, error.value.what) == ("v3", ("a", "b"))
    assert asked == ["v3"]
