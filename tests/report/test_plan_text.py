"""The table of `perso plan`: people per cohort, from what varies in rows that are there."""

import numpy as np
import pandas as pd
import pytest

from perso.report import plan_text

SD = {"people": 0.02, "cohorts": 0.01}


def rows(cohorts: int = 40, people: int = 40, shared: float = SD["cohorts"]) -> pd.DataFrame:
    """Rows of two methods whose differences vary over people and, on D_G, over cohorts."""
    rng = np.random.default_rng(0)
    lines = []
    for fold in range(cohorts):
        common = rng.normal(0, shared)
        for person in range(people):
            own = rng.normal(0, SD["people"])
            name = f"{fold}-{person}"
            lines += [
                (fold, name, "BaseLine", 0.9, 0.9),
                (fold, name, "SW-n-2", 0.9 + own, 0.9 + own + common),
            ]
    return pd.DataFrame(lines, columns=["fold", "person", "method", "acc_I", "acc_G"])


def test_components_are_those_of_the_differences_in_points():
    found = plan_text.components_of(rows(), "SW-n-2", "BaseLine", "D_G")
    assert np.sqrt(found.person) == pytest.approx(100 * SD["people"], rel=0.05)
    assert np.sqrt(found.cohort) == pytest.approx(100 * SD["cohorts"], rel=0.25)
    assert plan_text.components_of(rows(), "SW-n-2", "BaseLine", "D_I").cohort < 0.02


def test_a_small_effect_needs_cohorts_where_cohorts_differ_and_people_where_they_do_not():
    (on_G,) = plan_text.plan_table(rows(), ["SW-n-2"], "BaseLine", "D_G", 0.5).to_dict("records")
    assert on_G["4 cohorts of"] == "none"
    alike = rows(shared=0)
    (found,) = plan_text.plan_table(alike, ["SW-n-2"], "BaseLine", "D_I", 0.5).to_dict("records")
    needed = [int(found[f"{cohorts} cohorts of"].replace(",", "")) for cohorts in (3, 6, 12)]
    assert needed[0] > needed[1] > needed[2] > 1
    larger = plan_text.plan_table(alike, ["SW-n-2"], "BaseLine", "D_I", 2).to_dict("records")
    assert int(larger[0]["3 cohorts of"]) < needed[0]


def test_one_cohort_does_not_show_how_much_cohorts_differ():
    single = rows(cohorts=1)
    (line,) = plan_text.plan_table(single, ["SW-n-2"], "BaseLine", "D_G", 0.5).to_dict("records")
    assert list(line) == ["sd of people", "detectable here"] and float(line["detectable here"]) > 0
    assert "one D_G" in plan_text.plan_note(single, "D_G", 0.5)
    assert "2 D_G" in plan_text.plan_note(rows(cohorts=2), "D_G", 0.5)
    assert "unknown" not in plan_text.plan_note(rows(cohorts=3), "D_G", 0.5)
