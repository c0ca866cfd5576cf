"""Verdicts: what each outcome makes of a claim, on rows whose truth is known because they were made up here."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from perso.claims import evidence, hypotheses, ledger, ledger_file, special
from perso.claims.evidence import Evidence
from perso.claims.finding import Finding, correct, decide, placeholder
from perso.claims.hypotheses import DispersionRatio, Equivalent, NonInferior, Superior, Trend
from perso.claims.registry import CLAIMS, SIX
from perso.errors import InputError
from perso.methods.method import Method
from perso.methods.registry import METHODS
from perso.paths import ROOT
from perso.report import ledger_html, ledger_text
from perso.settings import read_params
from perso.store.sqlite import ROW, packed
from perso.study.study import Study

QUICK = read_params(ROOT / "params" / "quick.yml")
BY_NUMBER = {claim.number: claim for claim in CLAIMS}


def fill(study: Study, share, without=()) -> None:
    """Rows of a study as if trained: share(method, person's place, part, repeat, n) → hits, bool [n]."""
    places = {str(person): place for place, person in enumerate(study.data.splits.individuals)}
    tests, folds = {}, {}
    for number, fold in enumerate(study.folds):
        for person in fold.individuals:
            tests[str(person)] = len(study.data.splits.test[person]), len(fold.global_test)
            folds[str(person)] = number
    rows = []
    for line in study.wanted().itertuples():
        if (line.method, line.person, line.repeat) in without:
            continue
        own, others = (
            share(line.method, places[line.person], part, line.repeat, n)
            for part, n in zip("IG", tests[line.person], strict=True)
        )
        known = {
            "key": line.key,
            "method": line.method,
            "person": line.person,
            "repeat": line.repeat,
            "fold": folds[line.person],
            "acc_I": own.mean(),
            "n_I": len(own),
            "hits_I": packed(own),
            "acc_G": others.mean(),
            "n_G": len(others),
            "hits_G": packed(others),
            "own_iterations": 100,
        }
        rows.append({column: known.get(column, 0) for column in ROW})
    study.store.add(rows)


def drawn(shares: dict, sd: float = 0.02):
    """Hits of people whose accuracy is a method's share (default .8) give or take sd; the same luck for all methods."""

    def share(method, place, part, repeat, n):
        luck = np.random.default_rng([place, "IG".index(part), repeat])
        person, images = luck.normal(0, sd), luck.random(n)
        return images < np.clip(shares.get(method, {}).get(part, 0.8) + person, 0, 1)

    return share


@pytest.fixture
def made(tmp_path):
    """`made(share, …)` → Evidence of a study with made-up rows of one table, and nothing else."""

    def make(share, without=(), of="v3", **changes):
        study = Study(replace(QUICK, **changes), tmp_path / "store.sqlite", tmp_path)
        found = Evidence(study, tmp_path)
        fill(found.run(of), share, without)
        return found

    return make


BETTER = {name: {"I": 0.9} for name in SIX}


# --- outcomes


def finding(**fields) -> Finding:
    given = {
        "what": "a − b",
        "test": "sign-flip",
        "value": 2.0,
        "low": 1.0,
        "high": 3.0,
        "p": 0.001,
        "holm": 0.001,
        "n": 20,
        "margin": 0.5,
        "bounds": (1.2, 2.8),
    }
    return Finding(**given | fields)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({}, "for"),
        ({"holm": 0.06}, "open"),
        ({"low": -0.1}, "open"),
        ({"value": -2, "low": -3, "high": -1, "bounds": (-2.8, -1.2)}, "against"),
        (
            {"value": 0.1, "low": -0.3, "high": 0.4, "holm": 0.9, "little": 0.01},
            "against",
        ),  # too little to matter
        (
            {"value": 0.1, "low": -0.3, "high": 0.4, "holm": 0.9},
            "open",
        ),  # but no less than the papers printed
        (
            {"value": 0.1, "low": -0.3, "high": 0.6, "holm": 0.9, "little": 0.01},
            "open",
        ),  # nor by the interval shown
        ({"value": 0.1, "low": -0.9, "high": 1.1, "holm": 0.9, "bounds": (-0.7, 0.9)}, "open"),
        ({"expected": -1}, "against"),
        ({"expected": -1, "value": -2, "low": -3, "high": -1, "margin": np.nan}, "for"),
        ({"n": 5}, "few"),
        ({"expected": 0, "p": 0.01}, "for"),
        ({"expected": 0, "p": 0.9}, "against"),
        ({"expected": 0, "p": 0.9, "harm": 1}, "against"),
        ({"expected": 0, "p": 0.9, "harm": -1}, "open"),  # better than claimed
        ({"expected": 0, "p": 0.9, "bounds": (-0.2, 2.8)}, "open"),
        ({"low": np.nan, "high": np.nan, "holm": np.nan, "bounds": (np.nan, np.nan)}, "open"),
        ({"outcome": "for", "n": 4, "test": "count"}, "for"),
        ({"outcome": "for", "n": 4, "test": "binomial"}, "few"),
    ],
)
def test_what_a_finding_says(fields, outcome):
    assert decide(finding(**fields)).outcome == outcome


def test_a_family_is_corrected_together_and_needs_more_people():
    """Of six tests of seven people even the smallest p, 2/2⁷, corrected, is above .05."""
    family = [finding(family=("six",), p=p, n=7) for p in (0.001, 0.02, 0.02, 0.5, 0.5, 0.5)]
    other = finding(family=("other",), p=0.04, n=7)
    *six, alone = correct([*family, other])
    assert [found.holm for found in six] == pytest.approx(
        [0.006, 0.1, 0.1, 1, 1, 1]
    ) and alone.holm == 0.04
    assert {found.outcome for found in six} == {"few"} and six[0].more["needs"] == 8
    assert alone.outcome == "for"


def test_a_one_sided_family_needs_fewer_people_and_a_bound_says_so():
    pair = [
        finding(family=("both",), p=1 / 64, n=6, sides=1),
        finding(family=("both",), p=1 / 64, n=6, sides=1),
    ]
    assert {found.outcome for found in correct(pair)} == {"for"}
    assert {found.outcome for found in correct([replace(each, sides=2) for each in pair])} == {
        "few"
    }
    little = decide(finding(value=0.1, low=-0.3, high=0.4, holm=0.9, little=0.01))
    assert ledger_text.outcome_text(
        little
    ) == "against: below 0.5, p .0100" and "below 0.5" in ledger_text.finding_line(little)
    assert ledger_text.outcome_text(decide(finding(expected=0, p=0.9))) == "against: beyond ±0.5"


def test_a_test_without_rows_still_counts_in_its_family():
    lost = placeholder(Superior("SW-n-2", "BaseLine", "D_I"))
    found, _ = correct([finding(family=("shaping", "v3", "D_I"), p=0.03), lost])
    assert found.holm == 0.06 and found.outcome == "open"


def test_what_the_papers_printed_is_read_from_their_tables():
    assert hypotheses.printed_difference("BaseLine", "SW-n-2", "D_G", "v3") == 0.011
    assert hypotheses.printed_difference("ES-n-500", "BaseLine", "D_G", "v1") == 0.001
    assert hypotheses.printed_difference("SW-n-2", "BaseLine", "D_I", "counts") == 0.0145
    assert (
        hypotheses.printed_difference("ES-n-400", "BaseLine + 400 iterations", "D_G", "v3") == 0.001
    )
    assert (
        hypotheses.printed_difference("SG-n-1500", "BaseLine-n-1500 with D_I", "D_I", "v3") == 0.004
    )
    assert hypotheses.printed_difference("TL-n-0", "BaseLine", "D_G", "v3") is None


def test_what_a_row_refines_is_said_by_its_record_and_not_by_its_name(monkeypatch):
    control = Method("ES-n-400 with half the rate", "control", "", early=400)
    renamed = Method(
        "as many at random, and D_I", "control", "", early=400, refines="BaseLine-n-1500"
    )
    monkeypatch.setattr(hypotheses, "METHODS", (*METHODS, control, renamed))
    assert hypotheses.printed_difference("SW-n-2", control.name, "D_I", "v3") is None
    assert hypotheses.printed_difference("SG-n-1500", renamed.name, "D_I", "v3") == 0.004


def test_one_generic_model_is_one_draw():
    """Half as much as people vary, over so many models, joins the error; nothing where they do not vary."""
    for mean, wanted in ((0.0, 1.0), (0.1, np.nan)):
        p, *ends = hypotheses.few_models(mean, 1e-17, 25, 1)
        assert p == pytest.approx(wanted, nan_ok=True) and np.isnan(ends).all()
    p, low, high = hypotheses.few_models(0.4, 1.0, 25, 1)
    assert (high - low) / 2 == pytest.approx(2.0639 * (1 / 25 + 0.25) ** 0.5, rel=1e-4) and p > 0.4
    assert hypotheses.few_models(0.4, 1.0, 25, 2)[0] < p


@pytest.mark.parametrize(
    ("outcomes", "equality", "verdict"),
    [
        ([["for"], ["for"]], False, "REPRODUCED"),
        ([["for"], ["for"]], True, "EQUIVALENT"),
        ([["for"], ["open"]], False, "UNDECIDED"),
        ([["for"], ["few"]], False, "UNDECIDED"),
        ([["for"], ["against"]], False, "CONTRADICTED"),
        ([["for", "against"], ["for"]], False, "REPRODUCED"),  # any of a group speaks for it
        ([["against", "open"], ["for"]], False, "UNDECIDED"),
        ([["against", "against"], ["for"]], False, "CONTRADICTED"),
        ([["for"], ["missing"]], False, "NOT RUN"),
        ([["for", "missing"]], False, "REPRODUCED"),
        ([["against"], ["missing"]], False, "CONTRADICTED"),
    ],
)
def test_what_outcomes_make_of_a_claim(outcomes, equality, verdict):
    assert ledger.verdict(outcomes, equality) == verdict


def test_a_verdict_is_shown_by_the_finding_it_hangs_on(made):
    """Of early shaping's two settings one gains, which settles its part; of the others neither."""
    found = made(
        lambda method, place, part, repeat, n: (
            np.random.default_rng([*map(ord, method), place]).random(n)
            < 0.75 + 0.15 * (method == "ES-n-400")
        )
    )
    verdict = ledger.test_claim(BY_NUMBER[4], found)
    assert [finding.settled for finding in verdict.findings] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert ledger_text.deciding_finding(verdict) in verdict.findings[2:]
    assert (
        ledger_text.deciding_finding(replace(verdict, verdict="REPRODUCED")) is verdict.findings[1]
    )


# --- the claims


def test_the_papers_34_claims_are_there_and_each_has_its_chapter_and_tests():
    assert [claim.number for claim in CLAIMS] == list(range(1, len(CLAIMS) + 1)) and len(
        CLAIMS
    ) >= 34
    for claim in CLAIMS:
        assert (ROOT / "chapters" / f"{claim.chapter}.ipynb").exists() and ledger.tests_of(claim)


def test_methods_that_claims_name_are_methods_of_the_run_they_ask():
    study = Study(QUICK)
    for claim in CLAIMS:
        for test in (*ledger.tests_of(claim), *claim.controls, *claim.family):
            names = {
                getattr(test, "method", None),
                getattr(test, "base", None),
                *getattr(test, "methods", ()),
            } - {None}
            there = {
                method.name for method in Evidence(study).run(getattr(test, "of", "v3")).methods
            }
            assert names <= there, (claim.number, names - there)


# --- rows whose truth is known


def test_a_true_gain_is_reproduced_and_its_opposite_contradicted(made):
    found = made(drawn(BETTER))
    assert ledger.test_claim(BY_NUMBER[4], found).verdict == "REPRODUCED"
    worse = replace(
        BY_NUMBER[4], tests=tuple(Superior("BaseLine", name, "D_I") for name in SIX), family=()
    )
    assert ledger.test_claim(worse, found).verdict == "CONTRADICTED"


def test_no_difference_is_not_a_verdict_but_equivalence_is(made):
    def nearly(method, place, part, repeat, n):
        """The same hits, but for one image of D_G more or less."""
        hits = np.random.default_rng([place, repeat]).random(n) < 0.8
        if method == "ES-n-400" and part == "G":
            hits[0] = place % 2
        return hits

    found = made(nearly)
    claim = replace(BY_NUMBER[4], tests=(Equivalent("ES-n-400", "BaseLine", "D_G"),), family=())
    assert ledger.test_claim(claim, found).verdict == "EQUIVALENT"
    same = Superior("ES-n-400", "BaseLine", "D_I").find(found)
    assert (same.value, same.p) == (0, 1) and np.isnan(same.detectable)
    for test in (
        Equivalent("ES-n-400", "BaseLine", "D_I"),
        NonInferior("ES-n-400", "BaseLine", "D_I"),
    ):
        verdict = ledger.test_claim(
            replace(claim, tests=(test,)), found
        )  # nothing varies, so nothing is tested
        (one,) = verdict.findings
        assert verdict.verdict == "UNDECIDED" and np.isnan([one.p, one.detectable]).all()
    noisy = made(
        lambda method, place, part, repeat, n: (
            np.random.default_rng([*map(ord, method), place]).random(n) < 0.8
        ),
        seed=1,
    )
    verdict = ledger.test_claim(
        replace(claim, tests=(Superior("ES-n-400", "BaseLine", "D_I"),)), noisy
    )
    assert verdict.verdict == "UNDECIDED" and verdict.findings[0].detectable > 1


def test_swapping_the_methods_flips_the_sign(made):
    found = made(drawn(BETTER))
    one, other = (
        Superior("SW-n-2", "BaseLine", "D_I").find(found),
        Superior("BaseLine", "SW-n-2", "D_I").find(found),
    )
    assert one.value == pytest.approx(-other.value) and one.p == pytest.approx(other.p, abs=0.02)
    assert (one.author, other.author) == (True, False)


def test_a_trend_and_a_spread_are_found(made):
    shares = {"BaseLine": {"I": 0.6}, "SW-n-12": {"I": 0.7}, "SW-n-2": {"I": 0.9}}
    found = made(drawn(shares, sd=0.05))
    rising = correct([Trend(("BaseLine", "SW-n-12", "SW-n-2"), "D_I").find(found)])[0]
    assert rising.outcome == "for" and rising.value == pytest.approx(1, abs=0.1)
    falling = correct([Trend(("BaseLine", "SW-n-12", "SW-n-2"), "D_I", -1).find(found)])[0]
    assert falling.outcome == "against" and falling.p == rising.p
    wide = made(
        lambda method, place, part, repeat, n: (
            np.arange(n)
            < n * (0.8 + (0.01 if method == "SW-n-2" else 0.1) * np.sin(1 + 2.4 * place))
        ),
        seed=1,
    )
    spread = correct([DispersionRatio("SW-n-2", "BaseLine", "D_I", -1, of="v3").find(wide)])[0]
    assert spread.outcome == "for" and spread.value < -1.5


# --- degenerate cases


def test_one_person_decides_nothing(made):
    """Of four individuals three were never trained."""
    study = Study(replace(QUICK, individuals=4))
    people = [str(person) for person in study.data.splits.individuals]
    gone = {(method.name, person, 0) for method in study.methods for person in people[1:]}
    verdict = ledger.test_claim(BY_NUMBER[4], made(drawn(BETTER), without=gone, individuals=4))
    assert verdict.verdict == "UNDECIDED" and verdict.needs == 8
    assert {f.n for f in verdict.findings} == {1}
    assert ledger_text.reason(verdict) == "a smoke run decides nothing; needs 8 people"


def test_all_correct_leaves_nothing_to_tell(made):
    found = made(lambda method, place, part, repeat, n: np.ones(n, bool))
    above = correct([Superior("BaseLine", "SW-n-2", "D_G").find(found)])[0]
    assert (above.value, above.low, above.high, above.p) == (0, 0, 0, 1)
    assert np.isnan(above.little) and above.outcome == "open"  # nor that it is too little
    verdicts = ledger.make_ledger(found).verdicts
    assert {v.verdict for v in verdicts} <= set(ledger.VERDICTS)
    assert (
        verdicts[1].verdict == verdicts[12].verdict == "UNDECIDED"
    )  # correlations of what does not vary
    assert "EQUIVALENT" not in {v.verdict for v in verdicts}
    counts = made(lambda method, place, part, repeat, n: np.ones(n, bool), of="counts")
    fill(counts.run("v1"), lambda method, place, part, repeat, n: np.ones(n, bool))
    for find in (special.nobody_dominates, special.on_front, special.largest_sum):
        one = find(counts, *(("v1", "sample weighing") if find != special.nobody_dominates else ()))
        assert one.outcome == "open" and np.isnan(one.value)


def test_a_missing_row_leaves_a_person_out_and_a_missing_method_is_said(made):
    first = str(Study(QUICK).data.splits.individuals[0])
    found = made(drawn(BETTER), without={("SW-n-2", first, 0)})
    assert Superior("SW-n-2", "BaseLine", "D_I").find(found).n == 13
    assert Superior("SW-n-12", "BaseLine", "D_I").find(found).n == 14
    assert len(ledger.make_ledger(found).verdicts) == len(CLAIMS)
    verdict = ledger.test_claim(BY_NUMBER[22], found)
    assert verdict.verdict == "NOT RUN" and verdict.author is None
    assert verdict.missing[0].startswith(
        "models of v1's Table 2, class counts: BaseLine, ES-n-500, ES-n-5000, SW-n-2"
    )
    people = [str(person) for person in found.study.data.splits.individuals]
    halves = {
        ("BaseLine" if place % 2 else "SW-n-2", person, 0) for place, person in enumerate(people)
    }
    nobody = made(drawn(BETTER), without=halves, seed=1)
    for number, lacks in ((2, "have all of: BaseLine, "), (7, "have both: SW-n-2, BaseLine")):
        (said,) = (
            line for line in ledger.test_claim(BY_NUMBER[number], nobody).missing if lacks in line
        )
        assert said.startswith("people of v3's Table I who ")
    assert ledger.test_claim(BY_NUMBER[18], found).missing == ("the auto-encoder of these people",)


def test_unequal_repeats_are_averaged_within_the_person(made):
    first, second, *_ = (str(person) for person in Study(QUICK).data.splits.individuals)
    found = made(drawn(BETTER), without={("SW-n-2", first, 1), ("BaseLine", second, 0)}, repeats=2)
    one = Superior("SW-n-2", "BaseLine", "D_I").find(found)
    assert one.n == 14 and 0 < one.value < 25
    hits = found.hits("v3", "SW-n-12", "D_I")[first]
    assert set(np.unique(hits)) <= {0, 0.5, 1} and 0.5 in hits


def test_fewer_people_than_the_tests_need_get_no_verdict(made):
    found = made(drawn(BETTER), individuals=4)
    said = {verdict.claim.number: verdict for verdict in ledger.make_ledger(found).verdicts}
    tested = {n: v for n, v in said.items() if v.findings and v.findings[0].test != "count"}
    assert tested and {v.verdict for v in tested.values()} <= {"UNDECIDED", "NOT RUN"}
    assert all(v.needs >= 6 for v in tested.values())


def test_people_who_share_a_generic_model_are_not_independent(made):
    """Luck of the generic model moves all people at once: what flipping their signs takes for certain is not."""

    def share(method, place, part, repeat, n):
        lucky = 0.1 * np.array([1.2, -0.6, -0.4])[repeat] if method == "TL-n-300 (1e-4)" else 0
        return np.random.default_rng([place, repeat, "IG".index(part)]).random(n) < 0.7 + lucky

    one = made(share, of="v3", individuals=14)
    single = Superior("TL-n-300 (1e-4)", "BaseLine", "D_I").find(one)
    on_G = Superior("TL-n-300 (1e-4)", "BaseLine", "D_G").find(one)
    assert on_G.test == "few generic models" and on_G.more["generic"] == 2
    assert single.test == "sign-flip" and single.more["generic"] == 2 and single.p < 0.01
    assert ledger_text.people_text(single) == "14 people from 2 generic models"
    several = Superior("TL-n-300 (1e-4)", "BaseLine", "D_I").find(made(share, repeats=3))
    assert several.test == "mixed model" and several.more["generic"] == 6
    assert several.p > 0.05 and several.high - several.low > 2 * (single.high - single.low)
    assert "generic" not in Superior("SW-n-2", "BaseLine", "D_I").find(one).more


# --- scales


def test_flips_of_a_digit_are_one_item(made):
    found = made(drawn(BETTER))
    person = str(found.study.data.splits.individuals[0])
    items = found.items("v3", "D_I", person)
    assert set(np.unique(items, return_counts=True)[1]) == {3}


def test_a_study_of_class_counts_is_the_scale_of_nothing_else(tmp_path):
    study = Study(read_params(ROOT / "params" / "quick-counts.yml"), tmp_path / "store.sqlite")
    found = Evidence(study)
    assert ledger.test_claim(BY_NUMBER[4], found).missing == (
        "v3's Table I, where these parameters are of v1's Table 2, class counts alone",
    )
    assert ledger.test_claim(BY_NUMBER[23], found).verdict != "NOT RUN"  # from published rows


def test_a_claim_of_epochs_or_of_other_params_is_not_run(tmp_path):
    smoke = Evidence(
        Study(read_params(ROOT / "params" / "smoke.yml"), tmp_path / "s.sqlite"), tmp_path
    )
    assert ledger.test_claim(BY_NUMBER[16], smoke).missing == ("a run of 20 epochs",)
    smoke.study.asked = replace(smoke.study.asked, dataset="qmnist")
    assert ledger.test_claim(BY_NUMBER[28], smoke).missing == (
        "v1's Table 2, hidden factors, which has params of its own (`-v1`, `-counts`)",
    )


def test_the_largest_scale_that_could_test_a_claim_decides(made):
    own = ledger.make_ledger(made(drawn(BETTER)))
    verdicts = [
        replace(each, verdict="CONTRADICTED" if each.claim.number == 4 else "NOT RUN")
        for each in own.verdicts
    ]
    larger = ledger.Ledger(
        own.provenance | {"scale": "standard"}, tuple(verdicts), "results/standard.claims.json"
    )
    decided = ledger.deciding([own, larger])
    assert decided[3][0] is larger and decided[3][1].verdict == "CONTRADICTED"
    assert decided[6][0] is own and [verdict.claim for _, verdict in decided] == list(CLAIMS)
    assert "Weighed: 1 at standard size" in ledger_html.ledger_sentence([own, larger])
    assert ledger_html.ledger_sentence([own, larger]).startswith(f"Of {len(CLAIMS)} claims: ")


def test_scales_are_told_by_network_and_people():
    sizes = {
        name: ledger.scale_of(read_params(ROOT / "params" / f"{name}.yml"))
        for name in ("smoke", "quick", "standard", "paper", "paper-v1-counts", "standard-counts")
    }
    assert list(sizes.values()) == ["smoke", "quick", "standard", "paper", "paper", "standard"]


@pytest.mark.parametrize(
    ("size", "changes"),
    [
        ("smoke", {"individuals": 14}),
        ("quick", {"individuals": 5}),
        ("standard", {"individuals": 5}),
    ],
)
def test_too_few_people_or_too_narrow_a_network_make_a_smoke_run_of_any_size(size, changes):
    assert (
        ledger.scale_of(replace(read_params(ROOT / "params" / f"{size}.yml"), **changes)) == "smoke"
    )


def test_a_smoke_run_decides_nothing(made):
    """Not even what is clear, nor what is arithmetic; what it found is shown all the same."""
    own = ledger.make_ledger(made(drawn(BETTER), width=0.125))
    reached = {verdict.claim.number: verdict for verdict in own.verdicts}
    assert {verdict.verdict for verdict in own.verdicts} == {"UNDECIDED", "NOT RUN"}
    for number in (4, 32):
        assert reached[number].verdict == "UNDECIDED"
        assert {finding.outcome for finding in reached[number].findings} & {"for"}
        assert ledger_text.reason(reached[number]).startswith("a smoke run decides nothing; ")
    tested = sum(verdict.verdict != "NOT RUN" for verdict in own.verdicts)
    told = f"Weighed: none; {tested} in a smoke run alone, which decides nothing"
    assert ledger_html.ledger_sentence([own]).endswith(told)
    assert "not decided; smoke: own run" in ledger_html.claims_table([own]).data


def test_a_smoke_run_is_outvoted_by_any_other(made):
    quick = replace(ledger.make_ledger(made(drawn(BETTER))), file="results/quick.claims.json")
    smoke = ledger.make_ledger(made(drawn(BETTER), individuals=4))
    ran = [verdict.verdict != "NOT RUN" for verdict in quick.verdicts]
    assert [one is quick for one, _ in ledger.deciding([smoke, quick])] == ran and any(ran)
    assert ledger_html.ledger_sentence([smoke, quick]) == ledger_html.ledger_sentence([quick])


def test_of_one_scale_more_people_decide_and_of_as_many_the_one_named_first(made, tmp_path):
    own = ledger.make_ledger(made(drawn(BETTER)))
    more = replace(
        own, provenance=own.provenance | {"people": own.provenance["people"] + 1}, file="more"
    )
    assert ledger.deciding([own, more])[3][0] is more
    assert ledger.deciding([own, replace(own, file="as many")])[3][0] is own
    again = {"settings": own.provenance["settings"] | {"cohort_seed": 1}}
    second = replace(more, provenance=more.provenance | again)
    for name, one in (("a", own), ("b", second), ("c", more)):
        ledger_file.write_ledger(tmp_path / f"{name}{ledger_file.SUFFIX}", one)
    names = [ledger_html.ledger_name(one) for one in ledger_file.read_ledgers(tmp_path)]
    assert names == ["c", "b", "a"]  # most people, then the first cohort


def test_a_ledger_is_read_as_it_was_written(made, tmp_path):
    own = ledger.make_ledger(made(drawn(BETTER)), params="quick")
    file = tmp_path / "quick.claims.json"
    ledger_file.write_ledger(file, own)
    again = ledger_file.read_ledger(file)
    assert again.provenance == own.provenance and again.file == f"{tmp_path.name}/quick.claims.json"
    pd.testing.assert_frame_equal(
        ledger_text.findings_table(again.verdicts),
        ledger_text.findings_table(own.verdicts),
        check_dtype=False,
    )
    pd.testing.assert_frame_equal(
        ledger_text.summary(again.verdicts), ledger_text.summary(own.verdicts)
    )
    assert ledger_file.ledgers_beside(own, tmp_path) == [own]  # the same rows say nothing more
    other = replace(own, provenance=own.provenance | {"content": "others"})
    assert [each.file for each in ledger_file.ledgers_beside(other, tmp_path)] == ["", again.file]
    file.write_text(file.read_text().replace(BY_NUMBER[4].says, "Another claim."))
    older = ledger_file.read_ledger(file).verdicts[3]
    assert older.verdict == "NOT RUN" and older.missing == (
        "this claim, which is younger than the ledger",
    )
    file.write_text("{}")
    with pytest.raises(
        InputError, match=r"no ledger .* `perso claims PARAMS.yml --to FILE.json` writes one"
    ):
        ledger_file.read_ledger(file)


# --- as text and page


def test_every_form_has_every_claim(made):
    verdicts = ledger.make_ledger(made(drawn(BETTER))).verdicts
    text, table, csv = (
        ledger_text.ledger_text(verdicts),
        ledger_text.ledger_markdown(verdicts),
        ledger_text.ledger_csv(verdicts),
    )
    for claim in CLAIMS:
        assert claim.says in text and f"| {claim.number} | {claim.says} |" in table
    lines = csv.splitlines()
    assert {line.split(",")[0] for line in lines[1:]} == {str(claim.number) for claim in CLAIMS}
    assert sum(ledger_text.count_verdicts(verdicts).values()) == len(CLAIMS)


def test_the_page_links_every_claim_to_chapter_findings_rows_and_test(made):
    own = ledger.make_ledger(made(drawn(BETTER)))
    html = ledger_html.claims_table([own]).data
    for claim, verdict in zip(CLAIMS, own.verdicts, strict=True):
        assert f'href="{claim.chapter}.html"' in html and f'href="#claim-{claim.number}"' in html
        assert f'id="claim-{claim.number}"' in ledger_html.claim_details([own]).data
        if verdict.findings:
            assert f'href="{claim.chapter}.html#run"' in html
            assert ledger_html.TESTS[verdict.findings[0].test] in html
    assert list(ledger_html.verdict_counts([own]).columns) == [
        "quick: own run",
        "largest that could",
    ]


def test_every_test_has_its_section():
    told = (ROOT / "chapters" / "17-calibration.ipynb").read_text("utf-8")
    assert all(f"({anchor})=" in told for anchor in ledger_html.TESTS.values())


def test_two_cohorts_are_compared_claim_by_claim(made):
    first = ledger.make_ledger(made(drawn(BETTER))).verdicts
    second = [
        replace(each, verdict="CONTRADICTED") if each.claim.number == 4 else each for each in first
    ]
    assert ledger_text.cohort_agreement(first, first).startswith(
        "On people not used before: the same verdict for "
    )
    said = ledger_text.cohort_agreement(first, second)
    assert f" 4 {first[3].verdict} → CONTRADICTED: {BY_NUMBER[4].says}" in said


def test_what_claims_lack_is_trained_and_nothing_else(tmp_path, monkeypatch):
    """Every run is asked for once, with what is published as there."""
    study, asked = Study(read_params(ROOT / "params" / "smoke.yml"), tmp_path / "s.sqlite"), []

    def run(self, methods, *_):
        asked.append((self.settings.flips, len(methods)))
        return self.keys(methods)

    monkeypatch.setattr(Study, "run", run)
    monkeypatch.setattr(Study, "encoder", lambda self, fold: asked.append(fold))
    assert evidence.train_missing(study, folder=tmp_path) == 0
    assert (
        asked.count((False, 1)) == 1
        and asked[-2:] == [0, 1]
        and len(asked) == len(evidence.RUN_NAMES) + 2
    )


@pytest.mark.parametrize("number", [4, 7, 22, 28, 30])
def test_the_published_ledger_is_what_the_published_rows_give(number, tmp_path):
    """Red when a test, a claim or the rows changed since: run `perso claims params/quick.yml --to` it again."""
    kept = ledger_file.read_ledger(ROOT / "results" / "quick.claims.json").verdicts[number - 1]
    found = ledger.test_claim(BY_NUMBER[number], Evidence(Study(QUICK, tmp_path / "store.sqlite")))
    assert (found.verdict, found.author) == (kept.verdict, kept.author)
    pd.testing.assert_frame_equal(
        ledger_text.findings_table([found]),
        ledger_text.findings_table([kept]),
        check_dtype=False,
        rtol=1e-6,
    )
