"""`perso plan`: people per cohort, by what varies in rows that are there, and what to do."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import changes
from perso.paths import ROOT
from perso.report import plan_text
from perso.stats import planning
from perso.stats.effect import effect_of
from perso.store import published

SD = {"people": 0.02, "cohorts": 0.01, "networks": 0.02}
SW, LATE = "SW-n-2", "TL 9 % (1e-4)"
COLUMNS = ["fold", "person", "method", "acc_I", "acc_G", "repeat", "iterations", "own_iterations"]


def rows(cohorts: int = 40, people: int = 40, shared: float = SD["cohorts"]) -> pd.DataFrame:
    """Rows whose differences vary over people and, on D_G, over cohorts; LATE shares networks."""
    rng = np.random.default_rng(0)
    lines = []
    for fold in range(cohorts):
        common = rng.normal(0, shared)
        network = rng.normal(0, SD["networks"])
        for person in range(people):
            own, late, base = rng.normal(0, SD["people"], 3)
            name = f"{fold}-{person}"
            # the baselines show how much networks vary, each with a seed of its own
            on_G = 0.9 + base * SD["networks"] / SD["people"]
            lines += [
                (fold, name, "BaseLine", 0.9, on_G, 0, 100, 100),
                (fold, name, SW, 0.9 + own, on_G + own + common, 0, 100, 100),
                (fold, name, LATE, 0.9 + late + network, on_G + late + network, 0, 100, 10),
            ]
    return pd.DataFrame(lines, columns=COLUMNS)


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    """The published rows of `params/panel.yml`."""
    return published.read_rows(ROOT / "results" / "panel.parquet").rows


def plan(rows: pd.DataFrame, method: str, part: str, effect: float) -> dict[str, str]:
    """The line of the table of one method minus the baseline."""
    plans = {method: plan_text.plan_of(rows, method, "BaseLine", part, effect)}
    (line,) = plan_text.plan_table(plans, part).to_dict("records")
    return line


def advice(rows: pd.DataFrame, methods: list[str], part: str, effect: float) -> str:
    plans = {
        method: plan_text.plan_of(rows, method, "BaseLine", part, effect) for method in methods
    }
    return "\n".join(plan_text.plan_advice(rows, plans, part))


# components


def test_components_are_those_of_the_differences_in_points():
    found = plan_text.components_of(rows(), SW, "BaseLine", "D_G")
    assert np.sqrt(found.person) == pytest.approx(100 * SD["people"], rel=0.05)
    assert np.sqrt(found.cohort) == pytest.approx(100 * SD["cohorts"], rel=0.25)
    found = plan_text.components_of(rows(), SW, "BaseLine", "D_I")
    assert found.cohort < 0.05 and found.common == 0


def test_generic_networks_are_common_to_a_cohort_and_their_repeats_halve_the_variance():
    once = rows()
    found = plan_text.components_of(once, LATE, "BaseLine", "D_I")
    assert np.sqrt(found.common) == pytest.approx(100 * SD["networks"], rel=0.05)
    assert found.cohort < 2  # what is left of the variance of 4 that networks make
    twice = pd.concat([once, once.assign(repeat=1)])
    again = plan_text.components_of(twice, LATE, "BaseLine", "D_I")
    assert again.common == pytest.approx(found.common / 2, rel=0.02)
    # which cancel where both methods start from them
    other = once[once["method"] == LATE].assign(method="TL-n-0")
    both = pd.concat([once, other])
    assert plan_text.components_of(both, LATE, "TL-n-0", "D_I").common == 0


def test_nobody_who_has_both_methods_shows_nothing():
    apart = rows(cohorts=3)
    odd = apart["person"].str[-1].isin(list("13579"))
    found = plan(apart[odd == (apart["method"] == SW)], SW, "D_I", 1)
    assert set(found.values()) == {"?"}


# what these rows detect


def interval_mde(rows: pd.DataFrame, method: str, part: str) -> float:
    """The ledger's minimum detectable effect in points: that of the interval's error."""
    contrast = {method: 1.0, "BaseLine": -1.0}
    d = changes.by_person(rows, contrast, part)
    cohort = d.index.get_level_values("fold")
    common = changes.shared_variances(rows, contrast, part, cohort.unique())
    found = effect_of(
        d.to_numpy(),
        cohort.to_numpy(),
        np.random.default_rng(0),
        drawn=part == "D_G",
        common=common,
    )
    return 100 * found.detectable()


@pytest.mark.parametrize("part", ["D_I", "D_G"])
@pytest.mark.parametrize("method", [SW, LATE, "TL 0.3 % (1e-4)", "TL 9 % (1e-3)", "ES 12 %"])
def test_detectable_in_the_panel_is_what_its_interval_detects(panel, method, part):
    here = plan_text.detectable_here(panel, method, "BaseLine", part)
    # the ledger adds quantiles of t, 2 % less than the noncentral t with 3 degrees of freedom
    assert here == pytest.approx(interval_mde(panel, method, part), rel=0.03)
    found = plan_text.components_of(panel, method, "BaseLine", part)
    planned = planning.detectable(found, 45, 4, drawn=part == "D_G")
    if part == "D_I" or found.cohort > 0:
        assert planned == pytest.approx(here)
    else:  # four cohorts alike by chance are no plan
        assert planned > here


@pytest.mark.parametrize("cohorts", [1, 2, 4, 12])
@pytest.mark.parametrize("method", [SW, LATE])
def test_detectable_in_simulated_rows_is_what_their_interval_detects(cohorts, method):
    made = rows(cohorts=cohorts)
    here = plan_text.detectable_here(made, method, "BaseLine", "D_I")
    assert here == pytest.approx(interval_mde(made, method, "D_I"), rel=0.03)
    found = plan_text.components_of(made, method, "BaseLine", "D_I")
    assert planning.detectable(found, 40, cohorts, drawn=False) == pytest.approx(here)


# how many are needed


def test_a_small_effect_needs_cohorts_where_cohorts_differ_and_people_where_they_do_not():
    assert plan(rows(), SW, "D_G", 0.5)["4 cohorts of"] == "none"
    alike = rows(shared=0)
    found = plan(alike, SW, "D_I", 1)
    needed = [int(found[f"{cohorts} cohorts of"].replace(",", "")) for cohorts in (3, 6, 12)]
    assert needed[0] > needed[1] > needed[2] > 1
    assert int(plan(alike, SW, "D_I", 3)["3 cohorts of"]) < needed[0]


def test_no_people_make_up_for_a_generic_network(panel):
    line = plan(panel, "TL 0.3 % (1e-4)", "D_I", 0.3)
    assert line["4 cohorts of"] == "none" and line["sd of networks"] != "0.00"
    assert line["detectable here"] == "0.64"
    assert plan(panel, SW, "D_I", 0.3)["4 cohorts of"] != "none"


def test_one_cohort_does_not_show_how_much_cohorts_differ():
    single = rows(cohorts=1)
    line = plan(single, SW, "D_I", 0.5)
    assert list(line) == ["sd of people", "sd of networks", "detectable here"]
    assert float(line["detectable here"]) > 0
    assert "one D_G" in plan_text.plan_note(single, "D_I", 0.5)
    assert "2 D_G" in plan_text.plan_note(rows(cohorts=2), "D_G", 0.5)
    assert "unknown" not in plan_text.plan_note(rows(cohorts=3), "D_G", 0.5)
    assert advice(single, [SW], "D_I", 0.5) == ""


# what to do


def test_the_advice_is_more_people_where_they_are_enough(panel):
    found = advice(panel, [SW], "D_I", 0.3)
    needed = plan(panel, SW, "D_I", 0.3)["4 cohorts of"]
    assert f"for 1 of 1 comparisons: at most {needed} per cohort" in found
    assert "none" not in found and "What helps" not in found
    assert "0.00 cannot be told from noise with 4 cohorts" in found


def test_the_advice_is_more_networks_or_cohorts_where_no_people_are_enough(panel):
    found = advice(panel, [SW, LATE], "D_I", 0.3)
    assert "for 1 of 2 comparisons" in found and "none: no number of people" in found
    assert "4 times as many generic networks per cohort, reference_repeats: 12" in found
    on_G = advice(panel, [SW, "TL-n-0"], "D_G", 0.3)
    assert "What helps these: 8 cohorts (enough for 1)." in on_G
    assert "0.00" not in on_G and "reference_repeats" not in on_G
    assert "Nor are 12 cohorts enough" in advice(panel, ["TL-n-0"], "D_G", 0.1)


def test_cohorts_alike_by_chance_are_named_on_d_g(panel):
    found = advice(panel, ["TL 9 % (1e-3)"], "D_G", 1)
    assert "with 4 cohorts" in found and found.endswith("(detectable here).")
