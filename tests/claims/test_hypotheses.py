"""The tests of claims, on rows whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from perso.claims import hypotheses, ledger
from perso.claims.finding import correct
from perso.claims.hypotheses import DispersionRatio, Equivalent, NonInferior, Superior, Trend
from perso.methods.method import EPOCHS, Method, Phase
from perso.methods.registry import METHODS
from perso.report import ledger_text
from perso.study.study import Study


@pytest.mark.parametrize(
    ("method", "base", "part", "of", "difference"),
    [
        ("BaseLine", "SW-n-2", "D_G", "v3", 0.011),
        ("ES-n-500", "BaseLine", "D_G", "v1", 0.001),
        ("SW-n-2", "BaseLine", "D_I", "counts", 0.0145),
        ("ES-n-400", "BaseLine + 400 iterations", "D_G", "v3", 0.001),
        ("SG-n-1500", "BaseLine-n-1500 with D_I", "D_I", "v3", 0.004),
        ("TL-n-0", "BaseLine", "D_G", "v3", None),
    ],
)
def test_printed_differences_are_those_of_the_papers_tables(method, base, part, of, difference):
    assert hypotheses.printed_difference(method, base, part, of) == difference


def test_a_base_stands_for_the_row_that_its_record_refines_and_not_by_its_name(monkeypatch):
    control = Method("ES-n-400 with half the rate", "control", "", phases=(Phase("I", 400), EPOCHS))
    renamed = Method(
        "as many at random, and D_I",
        "control",
        "",
        phases=(Phase("I", 400), EPOCHS),
        refines="BaseLine-n-1500",
    )
    monkeypatch.setattr(hypotheses, "METHODS", (*METHODS, control, renamed))
    assert hypotheses.printed_difference("SW-n-2", control.name, "D_I", "v3") is None
    assert hypotheses.printed_difference("SG-n-1500", renamed.name, "D_I", "v3") == 0.004


def test_few_generic_networks_widen_the_interval():
    """Half of the SD over people is added for each network; nothing where people do not vary."""
    for mean, expected in ((0.0, 1.0), (0.1, np.nan)):
        p, *ends = hypotheses.few_models(mean, 1e-17, 25, 1)
        assert p == pytest.approx(expected, nan_ok=True)
        assert np.isnan(ends).all()
    p, low, high = hypotheses.few_models(0.4, 1.0, 25, 1)
    assert (high - low) / 2 == pytest.approx(2.0639 * (1 / 25 + 0.25) ** 0.5, rel=1e-4)
    assert p > 0.4
    assert hypotheses.few_models(0.4, 1.0, 25, 2)[0] < p


def test_equal_accuracies_are_equivalent_only_if_something_varies(make_evidence, claim):
    def nearly_equal(method, place, part, repeat, n):
        """The same hits for all methods, but for one sample of D_G."""
        hits = np.random.default_rng([place, repeat]).random(n) < 0.8
        if method == "ES-n-400" and part == "G":
            hits[0] = place % 2
        return hits

    found = make_evidence(nearly_equal)
    on_G = replace(claim(4), tests=(Equivalent("ES-n-400", "BaseLine", "D_G"),), family=())
    assert ledger.test_claim(on_G, found).verdict == "EQUIVALENT"
    same = Superior("ES-n-400", "BaseLine", "D_I").find(found)
    assert (same.value, same.p) == (0, 1)
    assert np.isnan(same.detectable)
    for test in (
        Equivalent("ES-n-400", "BaseLine", "D_I"),
        NonInferior("ES-n-400", "BaseLine", "D_I"),
    ):
        verdict = ledger.test_claim(replace(on_G, tests=(test,)), found)
        (one,) = verdict.findings
        assert verdict.verdict == "UNDECIDED"  # nothing varies on D_I
        assert np.isnan([one.p, one.detectable]).all()


def test_no_difference_is_undecided_with_a_minimum_detectable_effect(make_evidence, claim):
    def noise(method, place, part, repeat, n):
        return np.random.default_rng([*map(ord, method), place]).random(n) < 0.8

    on_I = replace(claim(4), tests=(Superior("ES-n-400", "BaseLine", "D_I"),), family=())
    verdict = ledger.test_claim(on_I, make_evidence(noise, seed=1))
    assert verdict.verdict == "UNDECIDED"
    assert verdict.findings[0].detectable > 1


def test_swapping_the_methods_changes_the_sign(make_evidence, better):
    found = make_evidence(better)
    one = Superior("SW-n-2", "BaseLine", "D_I").find(found)
    other = Superior("BaseLine", "SW-n-2", "D_I").find(found)
    assert one.value == pytest.approx(-other.value)
    assert one.p == pytest.approx(other.p, abs=0.02)
    assert (one.author, other.author) == (True, False)


def test_a_true_trend_is_found(make_evidence, draw_hits):
    methods = ("BaseLine", "SW-n-12", "SW-n-2")
    shares = {name: {"I": share} for name, share in zip(methods, (0.6, 0.7, 0.9), strict=True)}
    found = make_evidence(draw_hits(shares, sd=0.05))
    (rising,) = correct([Trend(methods, "D_I").find(found)])
    assert rising.outcome == "for"
    assert rising.value == pytest.approx(1, abs=0.1)
    (falling,) = correct([Trend(methods, "D_I", direction=-1).find(found)])
    assert falling.outcome == "against"
    assert falling.p == rising.p


def test_a_true_difference_in_dispersion_is_found(make_evidence):
    def hits_of(method, place, part, repeat, n):
        sd = 0.01 if method == "SW-n-2" else 0.1
        return np.arange(n) < n * (0.8 + sd * np.sin(1 + 2.4 * place))

    ratio = DispersionRatio("SW-n-2", "BaseLine", "D_I", direction=-1, of="v3")
    (found,) = correct([ratio.find(make_evidence(hits_of, seed=1))])
    assert found.outcome == "for"
    assert found.value < -1.5


def test_perfect_accuracies_do_not_differ(make_evidence):
    found = make_evidence(lambda method, place, part, repeat, n: np.ones(n, bool))
    (difference,) = correct([Superior("BaseLine", "SW-n-2", "D_G").find(found)])
    assert (difference.value, difference.low, difference.high, difference.p) == (0, 0, 0, 1)
    assert np.isnan(difference.little)  # nor is the difference known to be small
    assert difference.outcome == "open"


def test_unequal_repeats_are_averaged_within_the_person(make_evidence, better, quick):
    first, second, *_ = map(str, Study(quick).data.splits.individuals)
    without = {("SW-n-2", first, 1), ("BaseLine", second, 0)}
    found = make_evidence(better, without=without, repeats=2)
    one = Superior("SW-n-2", "BaseLine", "D_I").find(found)
    assert one.n == 14
    assert 0 < one.value < 25
    hits = found.hits("v3", "SW-n-12", "D_I")[first]
    assert set(np.unique(hits)) <= {0, 0.5, 1}
    assert 0.5 in hits


def test_people_who_share_a_generic_network_are_not_independent(make_evidence):
    """Seed variance of the generic network moves all people at once, which sign flips ignore."""
    method = "TL-n-300 (1e-4)"

    def hits_of(name, place, part, repeat, n):
        shift = (0.12, -0.06, -0.04)[repeat] if name == method else 0
        draw = np.random.default_rng([place, repeat, "IG".index(part)])
        return draw.random(n) < 0.7 + shift

    one_repeat = make_evidence(hits_of, individuals=14)
    on_I = Superior(method, "BaseLine", "D_I").find(one_repeat)
    assert on_I.test == "sign-flip"
    assert on_I.more["generic"] == 2
    assert on_I.p < 0.01
    assert ledger_text.people_text(on_I).startswith("14 people from 2 generic ")
    on_G = Superior(method, "BaseLine", "D_G").find(one_repeat)
    assert on_G.test == "few generic models"
    assert on_G.more["generic"] == 2
    three_repeats = Superior(method, "BaseLine", "D_I").find(make_evidence(hits_of, repeats=3))
    assert three_repeats.test == "mixed model"
    assert three_repeats.more["generic"] == 6
    assert three_repeats.p > 0.05
    assert three_repeats.high - three_repeats.low > 2 * (on_I.high - on_I.low)
    assert "generic" not in Superior("SW-n-2", "BaseLine", "D_I").find(one_repeat).more
