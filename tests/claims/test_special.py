"""Claims that have tests of their own."""

import numpy as np
import pandas as pd
import pytest

from perso.claims import special
from perso.claims.evidence import Evidence
from perso.claims.registry import V1_SIX
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


def test_a_mean_over_people_leaves_out_nan_and_is_in_percentage_points(make_evidence, better):
    found = make_evidence(better)
    values = pd.Series([0.01, 0.02, 0.03, np.nan])
    finding = special.mean_over_people(found, "a difference", values)
    assert finding.value == pytest.approx(2)
    assert finding.n == 3
    assert finding.p == pytest.approx(0.25)  # all three are positive: 2 / 2³


def test_one_value_has_no_p_and_no_detectable_effect(make_evidence, better):
    finding = special.mean_over_people(make_evidence(better), "one", pd.Series([0.01]))
    assert np.isnan([finding.p, finding.detectable]).all()
