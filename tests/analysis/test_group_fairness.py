"""Group fairness: gaps between the mean accuracies of groups of people."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from perso.analysis import group_fairness
from perso.stats import permutation


def grouped(accuracies: dict) -> pd.DataFrame:
    return pd.DataFrame(
        [(m, p, a) for m, each in accuracies.items() for p, a in enumerate(each)],
        columns=["method", "person", "acc_I"],
    ).astype({"person": str})


GROUPS = pd.Series({str(p): "employees" if p < 4 else "students" for p in range(8)})


def test_groups_by_hand():
    base, other = [0.9, 0.9, 0.8, 0.8, 0.5, 0.5, 0.6, 0.6], [0.9] * 8
    table = group_fairness.by_group(
        grouped({"BaseLine": base, "A": other}), GROUPS, "D_I", np.random.default_rng(0)
    )
    line = table.loc["BaseLine"]
    assert (line["employees"], line["students"], line["gap"]) == pytest.approx((0.85, 0.55, 0.3))
    assert line["p"] == pytest.approx(
        2 / 70, abs=0.02
    )  # of 70 ways to choose four of eight, two are as far apart
    assert table.loc["A", "change"] == pytest.approx(-0.3) and line["change"] == 0
    assert table.loc["A", "p"] == 1 and table.loc["A", "p change"] == pytest.approx(
        2 / 70, abs=0.02
    )


def test_a_group_counts_people_and_not_their_images():
    some = grouped({"BaseLine": [0.9, 0.7, 0.5, 0.5]}).assign(n_I=[1000, 10, 10, 10])
    groups = pd.Series(
        {"0": "employees", "1": "employees", "2": "students"}
    )  # nothing is known of 3
    line = group_fairness.by_group(some, groups, "D_I", np.random.default_rng(0), 99).loc[
        "BaseLine"
    ]
    assert line["employees"] == pytest.approx(0.8) and line["gap"] == pytest.approx(0.3)


def test_one_group_has_no_gap_to_test():
    one = pd.Series("students", GROUPS.index)
    equal = grouped({"BaseLine": [0.5] * 8})
    line = group_fairness.by_group(equal, one, "D_I", np.random.default_rng(0), 9).loc["BaseLine"]
    assert line["gap"] == 0 and np.isnan(line["p"])


def test_the_groups_p_is_uniform_where_groups_mean_nothing():
    rng = np.random.default_rng(3)
    p = [
        permutation.gap_p(pd.Series(rng.random(8), GROUPS.index), GROUPS, rng, 99)
        for _ in range(200)
    ]
    assert 0.01 < np.mean(np.array(p) <= 0.05) < 0.1


def test_populations_are_those_of_nist_where_they_are_recorded(data):
    assert group_fairness.populations(data).empty
    hsf = np.where(np.isin(data.source.who, data.splits.individuals[:1]), 0, 4)
    found = group_fairness.populations(
        replace(data, source=replace(data.source, attributes={"hsf": hsf}))
    )
    assert found.tolist() == ["employees", "students", "students", "students"]
    assert found.index.tolist() == [str(person) for person in data.splits.individuals]
    hsf = np.where(np.isin(data.source.who, data.splits.individuals[:1]), "ward|1", "ward 2")
    found = group_fairness.populations(
        replace(data, source=replace(data.source, attributes={"hsf": hsf}))
    )
    assert found.tolist() == ["ward|1", "ward 2", "ward 2", "ward 2"]
