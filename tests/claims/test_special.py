"""Claims that have tests of their own."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from perso.claims import special
from perso.claims.evidence import Evidence, Missing
from perso.claims.finding import decide
from perso.claims.v1_claims import V1_SIX
from perso.methods.method import BASELINE
from perso.stats import paired, permutation
from perso.study.study import Study


def test_transfer_learning_costs_a_small_fraction_of_the_baseline(tmp_path, quick):
    found = Evidence(Study(quick, tmp_path / "store.sqlite"), tmp_path)
    ratios = [special.cost_ratio(found, method, 0.9, 1.1) for method in V1_SIX]
    outcomes = [ratio.outcome for ratio in ratios]
    assert outcomes == ["for", "against", "for", "for", "against", "against"]
    values = [ratio.value for ratio in ratios]
    assert values == pytest.approx([1.030, 1.303, 1, 1, 0.0012, 0.0121], abs=0.001)


def test_the_cost_ratio_of_a_run_decides_nothing(make_evidence, better):
    ratio = special.own_cost_ratio(make_evidence(better, of="v1"), "SW-n-2")
    assert (ratio.value, ratio.outcome) == (1, "open")


@pytest.mark.parametrize(("iterations", "outcome"), [(0, "for"), (1, "against")])
def test_claim_45_counts_the_iterations_of_training(iterations, outcome):
    rows = pd.DataFrame({"method": "x", "person": ["a", "b"], "own_iterations": [0, iterations]})
    found = special.no_training(SimpleNamespace(having=lambda of, method: rows), "x", "enrolled")
    assert (found.outcome, found.value, found.n) == (outcome, iterations / 2, 2)


def mean_of(evidence, values, part="D_I") -> special.Finding:
    """The finding for the mean of these values of people in four cohorts, in percentage points."""
    values = pd.Series(values)
    cohorts = np.arange(len(values)) % 4
    return special.mean_finding(evidence, "a difference", values, part, scale=100, cohorts=cohorts)


def test_a_mean_over_people_leaves_out_nan_and_is_in_percentage_points(make_evidence, better):
    finding = mean_of(make_evidence(better), [0.01, 0.02, 0.03, np.nan])
    assert finding.value == pytest.approx(2)
    assert finding.n == 3


def test_one_value_has_no_interval(make_evidence, better):
    finding = mean_of(make_evidence(better), [0.01])
    assert np.isnan([finding.low, finding.p, finding.margin]).all()


# --- each test is decided by enough people


@pytest.fixture
def few_tests(monkeypatch):
    """Leaves out tests that decide nothing and take long with many people."""
    monkeypatch.setattr(permutation, "sign_flip", lambda d, rng: np.nan)
    monkeypatch.setattr(paired, "bayesian_signed_rank", lambda d, margin, rng: None)


@pytest.mark.parametrize("part", ["D_I", "D_G"])
@pytest.mark.parametrize(("mean", "outcome"), [(0, "against"), (0.04, "for"), (-0.04, "against")])
@pytest.mark.usefixtures("few_tests")
def test_a_mean_without_a_printed_number_is_decided(make_evidence, better, part, mean, outcome):
    """Claims 12 and 21: the margin is what the papers' people had a power of 33 % for."""
    d = np.random.default_rng(0).normal(mean, 0.1, 600)
    finding = mean_of(make_evidence(better), d, part)
    assert finding.margin == pytest.approx(1.5, abs=0.1)
    assert decide(finding).outcome == outcome


@pytest.mark.parametrize(
    ("mean", "outcome"), [(0, "against"), (0.001, "against"), (0.05, "for"), (-0.05, "against")]
)
@pytest.mark.usefixtures("few_tests")
def test_an_effect_that_must_be_considerable_is_decided(make_evidence, better, mean, outcome):
    """Claims 20 and 21: an effect that is significant and small does not support them."""
    d = np.random.default_rng(0).normal(mean, 0.02, 600)
    finding = special.considerable(mean_of(make_evidence(better), d), special.CONSIDERABLY)
    assert decide(finding).outcome == outcome


def test_claim_20_takes_its_rows(make_evidence, fill, draw_hits):
    found = make_evidence(draw_hits({}), of="v3")
    fill(found.run("unflipped"), draw_hits({BASELINE: {"I": 0.95, "G": 0.95}}))
    for part in ("D_I", "D_G"):
        finding = special.flips_harder(found, part)
        assert finding.margin == 1
        assert finding.low < 15 < finding.high
        assert decide(finding).outcome == "for"


def test_claim_20_is_not_tested_where_there_are_no_flips(make_evidence, draw_hits):
    found = make_evidence(draw_hits({}), of="v3")
    study = SimpleNamespace(settings=replace(found.study.settings, flips=False))
    with pytest.raises(Missing, match="a run with flips: true"):
        special.flips_harder(SimpleNamespace(study=study), "D_I")


@pytest.mark.parametrize(("source", "flips"), [("garments", True), ("digits", False)])
def test_claim_21_needs_digits_that_are_flipped(source, flips):
    data = SimpleNamespace(source=SimpleNamespace(source=source))
    study = SimpleNamespace(settings=SimpleNamespace(flips=flips), data=data)
    with pytest.raises(Missing, match="a run of digits with flips: true"):
        special.symmetric_gain(SimpleNamespace(run=lambda of: study))


@pytest.mark.parametrize(("share", "outcome"), [(0.5, "against"), (0.7, "for"), (0.3, "against")])
def test_most_people_is_decided_by_enough_people(share, outcome):
    n = 400
    assert decide(special.most_people("it holds", int(share * n), n)).outcome == outcome
    assert special.most_people("it holds", 12, 20).outcome == "open"


@pytest.mark.parametrize(("between", "outcome"), [(0, "against"), (0.5, "for"), (None, "against")])
def test_similarity_within_people_is_decided(monkeypatch, make_evidence, between, outcome):
    """Claim 18. None: people's samples are further apart than those of different people."""
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(100), 8)
    if between is None:
        codes = np.tile([[1.0], [-1.0]], (400, 16)) + rng.normal(0, 0.1, (800, 16))
    else:
        codes = rng.normal(0, 1, (800, 16)) + rng.normal(0, between, (100, 16))[who]
    result = permutation.permanova(codes, who, np.zeros(800, int), rng, permutations=199)
    monkeypatch.setattr(special, "over_folds", lambda evidence, compute: [result, result])
    study = make_evidence(lambda method, place, part, repeat, n: np.ones(n, bool)).study
    monkeypatch.setattr(Evidence, "encoded", lambda self: study)
    evidence = Evidence(study, study.store.path.parent)
    finding = special.within_people(evidence)
    assert decide(finding).outcome == outcome
    assert finding.low < finding.value < finding.high


def test_claim_12_takes_its_rows(monkeypatch, make_evidence, better):
    """The most diverse data give the most accurate networks: +1 point for each step."""
    found = make_evidence(better, of="v3")
    people = found.people("v3", "D_G", *special.GROUPINGS).index
    rng = np.random.default_rng(0)

    def diversities(evidence, names):
        rising = {name: 1 + 0.1 * place for place, name in enumerate(names)}
        return pd.DataFrame(rising, people) + rng.normal(0, 0.01, (len(people), len(names)))

    monkeypatch.setattr(special, "diversities_of", diversities)
    order = special.diversity_order(found)
    assert order.value == pytest.approx(100 * 0.2 / 1.1, rel=0.05)
    assert decide(order).outcome == "for"
    slope = special.diversity_rho(found)
    assert slope.margin == pytest.approx(0.2)
    assert slope.unit == "pp"


@pytest.mark.parametrize(("rise", "outcome"), [(0, "against"), (1, "for"), (-1, "against")])
def test_the_slope_over_diversity_is_decided(rise, outcome):
    """Claim 12, with a rise in points from the least to the most diverse of six ways."""
    rng = np.random.default_rng(0)
    n = 400
    steps = np.linspace(0, 1, 6)
    diversity = 5 + steps + rng.normal(0, 0.3, (n, 6))
    accuracy = 90 + rise * steps + rng.normal(0, 1, (n, 6))
    finding = special.slope_finding(
        "accuracy over diversity",
        special.slope_of_means(diversity, accuracy),
        np.arange(n) % 4,
        rng,
        1,
        margin=0.2,
        over_range=True,
    )
    assert decide(finding).outcome == outcome
