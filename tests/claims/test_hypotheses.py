"""The tests of claims, on rows whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from perso.claims import hypotheses, ledger
from perso.claims.finding import decide
from perso.claims.hypotheses import DispersionRatio, Equivalent, NonInferior, Superior, Trend
from perso.methods.method import EPOCHS, Method, Phase
from perso.methods.registry import METHODS
from perso.study.study import Study


@pytest.mark.parametrize(
    ("method", "base", "part", "of", "difference"),
    [
        ("BaseLine", "SW-n-2", "D_G", "v3", 0.011),
        ("ES-n-500", "BaseLine", "D_G", "v1", 0.001),
        ("SW-n-2", "BaseLine", "D_I", "counts", 0.0145),
        ("ES-n-400", "BaseLine + 400 iterations", "D_G", "v3", 0.001),
        ("SG-n-1500", "BaseLine-n-1500 with D_I", "D_I", "v3", 0.004),
        ("TL-n-0", "BaseLine", "D_G", "v3", np.nan),
        # a dose relative to the training stands for v3's row
        ("ES 12 %", "BaseLine + 12 %", "D_I", "relative", 0.003),
        ("TL 0.3 % (1e-4)", "BaseLine", "D_I", "relative", 0.002),
    ],
)
def test_printed_effects_are_those_of_the_papers_tables(method, base, part, of, difference):
    contrast = Superior(method, base, part).contrast
    found = hypotheses.printed_effect(contrast, part, of)
    assert found == pytest.approx(difference, nan_ok=True)


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
    assert hypotheses.printed_row(control.name) == control.name
    assert hypotheses.printed_row(renamed.name) == "BaseLine-n-1500"


def test_the_margin_is_half_of_the_printed_effect_or_what_the_paper_could_have_found(
    make_evidence,
):
    def hits_of(name, place, part, repeat, n):
        share = 0.9 if (name, part) == ("SW-n-2", "I") else 0.8
        return np.random.default_rng([*map(ord, name), place]).random(n) < share

    found = make_evidence(hits_of)
    on_I = Superior("SW-n-2", "BaseLine", "D_I").find(found)
    assert on_I.printed == pytest.approx(0.4)
    assert on_I.margin == pytest.approx(0.2)
    # v3 prints the opposite sign
    on_G = Superior("SW-n-2", "BaseLine", "D_G").find(found)
    assert on_G.printed == pytest.approx(-1.1)
    assert on_G.margin == on_G.telescope > 0
    low, high = on_I.predicted
    assert low < on_I.low and high > on_I.high


@pytest.mark.parametrize(("method", "part"), [("ES 12 %", "D_I"), ("TL 9 % (1e-4)", "D_G")])
def test_an_interval_and_its_p_agree(method, part, make_evidence):
    for seed in range(4):

        def hits_of(name, place, which, repeat, n, seed=seed):
            share = 0.83 if name == method else 0.8
            return np.random.default_rng([*map(ord, name), place, seed]).random(n) < share

        found = Superior(method, "BaseLine", part, of="relative").find(make_evidence(hits_of))
        assert (found.p < 0.05) == (found.low > 0 or found.high < 0)
        equal = Equivalent(method, "BaseLine", part, of="relative").find(make_evidence(hits_of))
        low, high = equal.bounds
        assert (equal.p < 0.05) == (-equal.margin < low and high < equal.margin)


def test_equal_accuracies_are_equivalent_only_if_something_varies(make_evidence, claim):
    def nearly_equal(method, place, part, repeat, n):
        """The same hits for all methods, but for one sample of D_G."""
        hits = np.random.default_rng([place, repeat]).random(n) < 0.8
        if method == "SW-n-2" and part == "G":
            hits[0] = place % 2
        return hits

    found = make_evidence(nearly_equal)
    plain = replace(claim(4), readings=(), controls=())
    on_G = replace(plain, tests=(Equivalent("SW-n-2", "BaseLine", "D_G", within=2.0),))
    assert ledger.test_claim(on_G, found).verdict == "EQUIVALENT"
    same = Superior("SW-n-2", "BaseLine", "D_I").find(found)
    assert (same.value, same.p) == (0, 1)
    assert np.isnan(same.detectable)
    for test in (
        Equivalent("SW-n-2", "BaseLine", "D_I"),
        NonInferior("SW-n-2", "BaseLine", "D_I"),
    ):
        verdict = ledger.test_claim(replace(plain, tests=(test,)), found)
        (one,) = verdict.findings
        assert verdict.verdict == "UNDECIDED"  # nothing varies on D_I
        assert np.isnan([one.p, one.detectable]).all()


def test_no_difference_is_undecided_with_a_minimum_detectable_effect(make_evidence, claim):
    def noise(method, place, part, repeat, n):
        return np.random.default_rng([*map(ord, method), place]).random(n) < 0.8

    test = Superior("ES 12 %", "BaseLine", "D_I", of="relative")
    on_I = replace(claim(4), tests=(test,), readings=(), controls=())
    verdict = ledger.test_claim(on_I, make_evidence(noise, seed=1))
    assert verdict.verdict == "UNDECIDED"
    assert verdict.findings[0].detectable > 1


def test_swapping_the_methods_changes_the_sign(make_evidence, better):
    found = make_evidence(better)
    one = Superior("SW-n-2", "BaseLine", "D_I").find(found)
    other = Superior("BaseLine", "SW-n-2", "D_I").find(found)
    assert one.value == pytest.approx(-other.value)
    assert one.p == pytest.approx(other.p)
    assert (one.author, other.author) == (True, False)


def test_a_true_trend_is_found(make_evidence, draw_hits):
    methods = ("BaseLine", "SW-n-12", "SW-n-2")
    shares = {name: {"I": share} for name, share in zip(methods, (0.6, 0.7, 0.9), strict=True)}
    found = make_evidence(draw_hits(shares, sd=0.05))
    rising = decide(Trend(methods, "D_I").find(found))
    assert rising.outcome == "for"
    assert rising.value == pytest.approx(30, abs=3)
    assert rising.printed == pytest.approx(0.4)
    assert rising.more["Page's L"] < 0.01
    falling = decide(Trend(methods, "D_I", direction=-1).find(found))
    assert falling.outcome == "against"
    assert (falling.value, falling.p) == (rising.value, rising.p)


def test_the_rise_along_four_methods_is_that_of_a_straight_line():
    weights = dict(Trend(("a", "b", "c", "d"), "D_I").contrast)
    assert sum(weights.values()) == pytest.approx(0)
    assert sum(x * weight for x, weight in enumerate(weights.values())) == pytest.approx(3)


def test_a_true_difference_in_dispersion_is_found(make_evidence):
    def hits_of(method, place, part, repeat, n):
        sd = 0.01 if method == "SW-n-2" else 0.1
        return np.arange(n) < n * (0.8 + sd * np.sin(1 + 2.4 * place))

    ratio = DispersionRatio("SW-n-2", "BaseLine", "D_I", direction=-1, of="v3")
    found = decide(ratio.find(make_evidence(hits_of, seed=1)))
    assert found.outcome == "for"
    assert found.value == pytest.approx(-90, abs=5)
    assert found.printed == pytest.approx(100 * (0.017 / 0.027 - 1))
    assert found.margin == pytest.approx(-found.printed / 2)


def test_perfect_accuracies_do_not_differ(make_evidence):
    found = make_evidence(lambda method, place, part, repeat, n: np.ones(n, bool))
    difference = decide(Superior("BaseLine", "SW-n-2", "D_G").find(found))
    assert (difference.value, difference.p) == (0, 1)
    assert np.isnan([difference.low, difference.high, *difference.bounds]).all()
    assert difference.outcome == "open"


def test_unequal_repeats_are_averaged_within_the_person(make_evidence, better, quick):
    first, second, *_ = map(str, Study(quick).data.splits.individuals)
    without = {("SW-n-2", first, 1), ("BaseLine", second, 0)}
    found = make_evidence(better, without=without, repeats=2)
    one = Superior("SW-n-2", "BaseLine", "D_I").find(found)
    assert one.n == 14
    assert 0 < one.value < 25


def test_people_who_share_a_generic_network_are_not_independent(make_evidence):
    """A generic network is one draw for all people of a cohort, so its variance is added."""

    def hits_of(name, place, part, repeat, n):
        """Baselines differ by their seeds."""
        shift = 0.1 * np.sin(1 + 2.4 * place + repeat) if name == "BaseLine" else 0
        draw = np.random.default_rng([place, repeat, "IG".index(part)])
        return draw.random(n) < 0.7 + shift

    found = make_evidence(hits_of)
    method, part = "TL 9 % (1e-4)", "D_I"
    one_of_two = Superior(method, "BaseLine", part, of="relative").contrast
    both = Superior(method, "TL-n-0", part, of="relative").contrast
    shared = found.differences("relative", part, one_of_two)[1][0]
    assert shared > 0.001
    assert found.differences("relative", part, both)[1][0] == 0
    three = make_evidence(hits_of, repeats=3)
    assert three.differences("relative", part, one_of_two)[1][0] < shared / 2
