"""Doses and lengths: planted effects are found and carried to the papers' doses and lengths."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import doses
from perso.analysis.printed import printed_table
from perso.methods.kinds import early_shaping, longer_baseline
from perso.methods.registry import BASE
from perso.store.published import Published

LENGTHS = {"a": 600, "b": 1_000, "c": 2_000, "d": 3_000}  # iterations of the epochs by run
PEOPLE = 20
NOISE = 0.01  # sd over people and models


def no_effect(relative, length):
    return 0.0


def by_dose(relative, length):
    return -0.02 - 0.01 * np.log(relative)


def by_both(relative, length):
    return by_dose(relative, length) + 0.02 * np.log(length / 1_000)


def run(name, length, effect, *, people=PEOPLE, cohorts=1, seed=0, run_sd=0.0):
    """Rows of a run with two doses of early shaping and their controls, and transfer learning.

    effect   (relative dose, length) → added to accuracy on D_I, taken from accuracy on D_G
    run_sd   spread of an effect that all people and doses of a run share
    """
    rng = np.random.default_rng([seed, *name.encode()])
    shared = rng.normal(0, run_sd) if run_sd else 0.0
    level = 0.8 + rng.normal(0, 0.05, people)  # a person's own, which pairs cancel
    methods = {
        "BaseLine": (0, False),
        "TL-n-0": (0, False),
        **{f"ES-n-{dose}": (dose, True) for dose in (40, 400)},
        **{f"BaseLine + {dose} iterations": (dose, False) for dose in (40, 400)},
        **{f"TL-n-{dose} (1e-3)": (dose, True) for dose in (10, 300)},
    }
    lines = []
    for method, (dose, personal) in methods.items():
        change = effect(dose / length, length) + shared if personal else 0.0
        for person in range(people):
            lines.append(
                {
                    "key": f"{name} {method} {person}",
                    "method": method,
                    "person": f"{name} {person}",
                    "repeat": 0,
                    "fold": person % cohorts,
                    "acc_I": level[person] + change + rng.normal(0, NOISE),
                    "acc_G": level[person] - change + rng.normal(0, NOISE),
                    "iterations": length + dose,
                    "optimiser": "adam",
                }
            )
    return pd.DataFrame(lines)


def runs(effect, **changes):
    return {name: run(name, length, effect, **changes) for name, length in LENGTHS.items()}


def one(table, contrast, part, method=None):
    found = table[(table["contrast"] == contrast) & (table["part"] == part)]
    return found if method is None else found[found["method"] == method].iloc[0]


# --- effects of doses in runs


def test_a_dose_is_relative_to_the_iterations_of_the_epochs():
    point = one(doses.dose_points(runs(no_effect)), doses.ES_EFFECT, "D_I", "ES-n-400")
    assert (point["run"], point["dose"], point["length"]) == ("a", 400, 600)
    assert point["relative"] == pytest.approx(400 / 600)


def test_a_dose_given_as_a_share_is_read_off_the_iterations():
    rows = run("a", 600, no_effect)
    names = {
        "ES-n-400": "ES 12 %",
        "BaseLine + 400 iterations": "BaseLine + 12 %",
        "TL-n-300 (1e-3)": "TL 9 % (1e-3)",
    }
    rows["method"] = rows["method"].replace(names)
    points = doses.dose_points({"a": rows})
    assert one(points, doses.OWN_OR_GENERAL, "D_I", "ES 12 %")["relative"] == 400 / 600
    transfer = doses.transfer_contrast(1e-3, "adam")
    assert one(points, transfer, "D_I", "TL 9 % (1e-3)")["relative"] == 0.5


@pytest.mark.parametrize(
    ("method", "other", "base"),
    [
        ("ES-n-40", "BaseLine + 40 iterations", "BaseLine"),
        (
            "ES-n-400, 3 × epochs",
            "BaseLine + 400 iterations, 3 × epochs",
            "BaseLine, 3 × epochs",
        ),
        ("ES 12 %", "BaseLine + 12 %", "BaseLine"),
    ],
)
def test_early_shaping_is_compared_with_a_control_of_its_length_and_with_the_baseline(
    method, other, base
):
    found = {each.contrast: each for each in doses.contrasts("adam") if each.method == method}
    assert found[doses.OWN_OR_GENERAL] == (doses.OWN_OR_GENERAL, method, other, base)
    assert found[doses.ES_EFFECT] == (doses.ES_EFFECT, method, base, base)


def test_transfer_learning_is_a_contrast_of_its_own_per_rate_and_optimiser():
    late = [each for each in doses.contrasts("sgd") if each.contrast.startswith("TL")]
    assert {each.other for each in late} == {"TL-n-0"}
    names = {each.method: each.contrast for each in late}
    assert names["TL-n-20 (1e-2)"] == "TL (1e-2, sgd) − TL-n-0"
    assert names["TL-n-10 (1e-4)"] == "TL (1e-4, sgd) − TL-n-0"
    assert "TL-n-10 (1e-3 sgd)" not in names  # the generic network has another optimiser


def test_the_effect_is_the_mean_over_people_with_its_error():
    rows = run("a", 600, by_dose)
    point = one(doses.dose_points({"a": rows}), doses.OWN_OR_GENERAL, "D_G", "ES-n-400")
    wide = rows.pivot(index="person", columns="method", values="acc_G")
    differences = wide["ES-n-400"] - wide["BaseLine + 400 iterations"]
    assert point["effect"] == pytest.approx(differences.mean())
    assert point["error"] == pytest.approx(differences.std() / np.sqrt(PEOPLE))
    assert (point["people"], point["cohorts"]) == (PEOPLE, 1)


def test_on_drawn_data_the_cohort_is_the_unit():
    """Also where the means of cohorts happen to differ less than their people say."""
    rows = run("a", 600, by_dose, cohorts=4)
    fold = rows.groupby("person")["fold"].first()
    wide = rows.pivot(index="person", columns="method", values="acc_G")
    differences = wide["ES-n-400"] - wide["BaseLine"]
    change = 1e-4 * fold - differences.groupby(fold).transform("mean")
    personal = rows["method"] == "ES-n-400"
    rows.loc[personal, "acc_G"] += rows.loc[personal, "person"].map(change)
    point = one(doses.dose_points({"a": rows}), doses.ES_EFFECT, "D_G", "ES-n-400")
    assert point["error"] == pytest.approx(1e-4 * np.std(range(4), ddof=1) / 2)
    assert point["cohorts"] == 4


def test_a_model_in_two_runs_counts_once():
    whole = run("a", 600, by_dose)
    early, late = whole[~whole["method"].str.startswith("TL")], whole
    points = doses.dose_points({"early": early, "other": run("b", 600, by_dose), "late": late})
    alone = doses.dose_points({"a": whole})
    assert set(points["run"]) == {"early, late", "other"}
    joined = points[points["run"] == "early, late"]
    pd.testing.assert_series_equal(
        joined["error"].reset_index(drop=True), alone["error"], check_names=False
    )


def test_a_repeat_in_two_runs_has_no_larger_part_in_the_mean():
    first = run("a", 600, by_dose)
    second = first.assign(repeat=1, key=first["key"] + " again", acc_I=first["acc_I"] ** 2)
    both = pd.concat([first, second])
    joined, alone = (doses.dose_points(each) for each in ({"x": first, "y": both}, {"y": both}))
    np.testing.assert_allclose(joined["effect"], alone["effect"])


def test_a_dose_without_a_control_of_its_length_is_compared_with_the_baseline(monkeypatch):
    monkeypatch.setattr(doses, "METHODS", (BASE, early_shaping(77)))
    assert [each.contrast for each in doses.contrasts("adam")] == [doses.ES_EFFECT]
    monkeypatch.setattr(doses, "METHODS", (early_shaping(77), longer_baseline(77)))
    assert not list(doses.contrasts("adam"))  # its length is not known


def test_a_dose_without_its_control_has_no_line():
    rows = run("a", 600, no_effect)
    rows = rows[rows["method"] != "BaseLine + 40 iterations"]
    points = doses.dose_points({"a": rows})
    assert list(one(points, doses.OWN_OR_GENERAL, "D_I")["method"]) == ["ES-n-400"]
    assert list(one(points, doses.ES_EFFECT, "D_I")["method"]) == ["ES-n-40", "ES-n-400"]


def test_without_runs_the_tables_are_empty():
    points = doses.dose_points({})
    assert points.empty and doses.dose_slopes(points).empty
    cells = doses.predicted_cells(points)
    assert len(cells) == 2 * len(doses.CELLS) and cells["effect"].isna().all()
    assert not cells["outside"].any()


def test_runs_of_other_people_or_readings_are_left_out():
    hidden = {"variation": "hidden-factors", "optimiser": "adam"}
    settings = {
        "old": hidden,  # has no rows_of
        "new": hidden | {"rows_of": "relative"},
        "counts": hidden | {"variation": "class-counts", "rows_of": "doses"},
        "norm": hidden | {"rows_of": "readings"},
    }
    rows = run("a", 600, no_effect).drop(columns="optimiser")
    found = doses.dose_runs(
        [Published(name, rows, {"settings": each}) for name, each in settings.items()]
    )
    assert list(found) == ["old", "new"]
    assert set(found["old"]["optimiser"]) == {"adam"}


# --- the fit


def test_a_planted_effect_of_dose_and_length_is_recovered():
    slopes = doses.dose_slopes(doses.dose_points(runs(by_both)))
    for contrast in (doses.OWN_OR_GENERAL, doses.ES_EFFECT):
        for part, sign in (("D_I", 1), ("D_G", -1)):
            found = one(slopes, contrast, part).set_index("term")
            for term, b in (("relative dose", -0.01), ("length", 0.02)):
                low, high = found.loc[term, ["low", "high"]]
                planted = sign * b * np.log(10)
                assert low < planted < high
                assert not low < 0 < high
                assert found.loc[term, "change"] == pytest.approx(planted, abs=0.01)


def test_an_effect_of_the_relative_dose_alone_does_not_change_with_length():
    slopes = doses.dose_slopes(doses.dose_points(runs(by_dose)))
    on_length = slopes[slopes["term"] == "length"]
    assert (on_length["low"] < 0).all() and (on_length["high"] > 0).all()


def test_the_papers_cells_are_predicted_from_the_planted_effect():
    cells = doses.predicted_cells(doses.dose_points(runs(by_both)))
    known = cells.dropna(subset="effect")
    assert set(known["contrast"]) == {
        doses.OWN_OR_GENERAL,
        doses.ES_EFFECT,
        doses.transfer_contrast(1e-3, "adam"),
    }
    sign = np.where(known["part"] == "D_I", 1, -1)
    planted = sign * by_both(known["relative"], known["length"])
    assert ((known["low"] < planted) & (planted < known["high"])).all()
    np.testing.assert_allclose(known["effect"], planted, atol=0.015)
    cell = one(cells, doses.ES_EFFECT, "D_I", "ES-n-400")
    assert (cell["paper"], cell["dose"], cell["length"]) == ("v3", 400, 3_300)
    assert cell["low"] > 0  # the effect is large


def test_with_no_effect_the_interval_contains_zero():
    cells = doses.predicted_cells(doses.dose_points(runs(no_effect)))
    known = cells.dropna(subset="effect")
    assert len(known) == 20
    assert (known["low"] < 0).all() and (known["high"] > 0).all()


def test_an_interval_of_prediction_holds_its_level_where_runs_differ():
    """Further runs lie in it about as often as it says, with an effect that runs share."""
    within = 0
    for seed in range(60):
        points = doses.dose_points(runs(no_effect, seed=seed, run_sd=0.02))
        fit = doses.fit_points(one(points, doses.OWN_OR_GENERAL, "D_I"))
        _, low, high = doses.predict_effect(fit, 0.12, 3_300, 100)
        rng = np.random.default_rng(seed)
        further = rng.normal(0, 0.02) + rng.normal(0, NOISE * np.sqrt(2 / 100))
        within += low < further < high
    assert within / 60 > 0.88


def test_runs_that_differ_more_than_their_errors_widen_the_interval():
    widths = []
    for sd in (0.0, 0.05):
        points = doses.dose_points(runs(no_effect, run_sd=sd))
        fit = doses.fit_points(one(points, doses.ES_EFFECT, "D_I"))
        _, low, high = doses.predict_effect(fit, 0.12, 3_300, 100)
        widths.append(high - low)
        assert (fit.scatter > 0) == (sd > 0)
    assert widths[1] > 4 * widths[0]


def test_points_with_common_networks_are_not_counted_as_independent():
    """Two doses that repeat one another say as much as one."""
    points = one(doses.dose_points(runs(no_effect)), doses.ES_EFFECT, "D_I")
    first = points[points["method"] == "ES-n-40"]
    again = first.assign(relative=first["relative"] * 1.5)
    alike = pd.concat([first, again])
    apart = alike.assign(run=[f"run {i}" for i in range(len(alike))])
    x = np.array([1.0, np.log(0.05), np.log(1_000)])
    variances = [x @ doses.fit_points(each).covariance @ x for each in (alike, apart)]
    assert variances[0] > 1.5 * variances[1]


def test_a_larger_paper_has_a_narrower_interval():
    fit = doses.fit_points(one(doses.dose_points(runs(no_effect)), doses.ES_EFFECT, "D_I"))
    widths = [np.ptp(doses.predict_effect(fit, 0.12, 1_000, people)[1:]) for people in (10, 1_000)]
    assert widths[0] > widths[1]


def test_runs_of_few_people_are_shown_but_not_fitted():
    few = runs(by_both, people=doses.FEW_PEOPLE - 1)
    points = doses.dose_points(few)
    assert len(points) and points["effect"].notna().all()
    assert doses.predicted_cells(points)["effect"].isna().all()


@pytest.mark.parametrize("names", [("a",), ("a", "b")])
def test_one_or_two_lengths_do_not_suffice(names):
    some = {name: rows for name, rows in runs(by_both).items() if name in names}
    assert doses.predicted_cells(doses.dose_points(some))["effect"].isna().all()


def test_runs_of_one_length_do_not_suffice():
    alike = {name: run(name, 600, by_dose) for name in LENGTHS}
    assert doses.predicted_cells(doses.dose_points(alike))["effect"].isna().all()


# --- the papers


def test_what_lies_beyond_the_runs_is_called_an_extrapolation():
    cells = doses.predicted_cells(doses.dose_points(runs(by_both)))
    v3 = one(cells, doses.ES_EFFECT, "D_I", "ES-n-400")
    assert v3["longer"] and v3["longest"] == 3_000 and not v3["other dose"]
    small = one(cells, doses.ES_EFFECT, "D_I", "ES-n-40")
    assert small["other dose"]  # 1.2 %; the runs have 1.3 to 67 %
    longer = runs(by_both) | {"e": run("e", 3_300, by_both)}
    v3 = one(doses.predicted_cells(doses.dose_points(longer)), doses.ES_EFFECT, "D_I", "ES-n-400")
    assert not v3["longer"]


def test_printed_differences_are_to_the_papers_baseline():
    cells = doses.predicted_cells(doses.dose_points({}))
    v1 = printed_table("hidden-factors")
    cell = one(cells, doses.ES_EFFECT, "D_G", "ES-n-5000")
    printed = v1.loc["ES-n-5000", "D_G mean"] - v1.loc["BaseLine", "D_G mean"]
    assert cell["printed"] == printed
    assert (cell["dose"], cell["length"]) == (5_000, 16_500)
    transfer = one(cells, doses.transfer_contrast(1e-2, "sgd"), "D_I", "TL-n-200 (1e-2)")
    assert transfer["printed"] == pytest.approx(0.0207)
    assert one(cells, doses.OWN_OR_GENERAL, "D_I")["printed"].isna().all()


def test_a_printed_value_beyond_the_interval_lies_outside():
    harm = doses.predicted_cells(doses.dose_points(runs(lambda relative, length: 0.3)))
    es = harm[harm["contrast"] == doses.ES_EFFECT]
    assert es["outside"].all()
    none = doses.predicted_cells(doses.dose_points(runs(no_effect)))
    assert not none[none["contrast"] == doses.ES_EFFECT]["outside"].any()


def test_every_cell_is_a_method_that_the_papers_print():
    for cell in doses.CELLS:
        assert cell.method in printed_table(doses.PAPERS[cell.paper].table).index
