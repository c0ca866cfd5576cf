"""Changes in each cohort alone."""

import pandas as pd
import pytest

from perso.analysis.cohort_effects import cohort_effects


def test_each_cohort_has_the_mean_change_of_its_own_people():
    levels = {("a", 0): (0.5, 0.6), ("b", 0): (0.5, 0.8), ("c", 1): (0.7, 0.6)}
    rows = pd.DataFrame(
        [
            (method, person, fold, 0, values[place], 0.5)
            for (person, fold), values in levels.items()
            for place, method in enumerate(("BaseLine", "SW-n-2"))
        ],
        columns=["method", "person", "fold", "repeat", "acc_I", "acc_G"],
    ).assign(iterations=9, own_iterations=9)
    found = cohort_effects(rows, ["SW-n-2", "not there"])
    assert list(found.columns) == [("D_I", "SW-n-2"), ("D_G", "SW-n-2")]
    assert found["D_I", "SW-n-2"].tolist() == pytest.approx([0.2, -0.1])
    assert found["D_G", "SW-n-2"].tolist() == pytest.approx([0, 0])
