"""What rows of several cohorts say about people, cohorts and readings (chapter 18)."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import matrix
from perso.report import panel_figures, panel_text, specification
from perso.stats.cohorts import mean_over_people
from perso.store import published
from perso.store.published import Published
from perso.store.sqlite import packed

SW = ("SW-n-2", "BaseLine")


def a_run(cohorts: int = 3, people: int = 12, shift: float = 0.1, name: str = "one") -> Published:
    """A run of two methods; that of SW-n-2 hits 2 more of 20 samples of its own person."""
    draw = np.random.default_rng(0)
    lines, individuals = [], []
    for fold in range(cohorts):
        names = [f"{fold}-{place}" for place in range(people)]
        individuals.append(names)
        for place, person in enumerate(names):
            for method in ("BaseLine", "SW-n-2"):
                gain = shift if method == "SW-n-2" else 0.0
                counts = np.full(people, 12)
                counts[place] += round(20 * gain)
                hits = np.concatenate([draw.permutation(np.arange(20) < n) for n in counts])
                lines.append(
                    {
                        "key": f"{person} {method}",
                        "method": method,
                        "person": person,
                        "repeat": 0,
                        "fold": fold,
                        "acc_I": 0.6 + gain + 0.02 * draw.normal(),
                        "n_I": 20,
                        "acc_G": 0.8 - gain + 0.02 * draw.normal(),
                        "n_G": 40,
                        "iterations": 8,
                        "own_iterations": 8,
                        "hits_G": packed(np.arange(40) < 32),
                        "hits_S": packed(hits),
                        "logp_I": np.full(20, -0.5 + gain, np.float16).tobytes(),
                    }
                )
    settings = {"rows_of": "relative", "seed": 0, "variation": "hidden-factors", "epochs": 6}
    facts = {"settings": settings}
    return Published(name, pd.DataFrame(lines), facts | {"individuals": individuals})


def test_a_planted_own_gain_is_found_and_named():
    gains = panel_text.own_gains(a_run(), ("BaseLine", "SW-n-2"))
    assert gains["SW-n-2"].mean == pytest.approx(0.1) and gains["SW-n-2"].cohorts == 3
    # without any spread there is no interval
    assert gains["BaseLine"].mean == pytest.approx(0)
    draw = np.random.default_rng(0)
    cohort = np.repeat([0, 1, 2], 10)
    found = {
        "BaseLine": mean_over_people(0.01 * draw.normal(size=30), cohort, drawn=False),
        "SW-n-2": mean_over_people(0.1 + 0.01 * draw.normal(size=30), cohort, drawn=False),
    }
    late = dict.fromkeys(panel_text.MATRIX_METHODS[2:], found["BaseLine"])
    texts = panel_text.own_gain_texts(found | late)
    assert texts["own_gain_weighing"].startswith("+10.") and texts["own_gain_late"][1:3] == "0."
    assert texts["personal_weighing"] == "clearly above 0"
    assert texts["personal_base"] == texts["personal_late"] == "not clearly above 0"
    table = panel_text.own_gain_table(found)
    assert table.loc["SW-n-2", "people"] == "30" and table.loc["SW-n-2", "cohorts"] == "3"


def test_two_people_of_a_cohort_cannot_tell_what_is_personal():
    run = a_run(cohorts=2, people=2)
    gains = panel_text.own_gains(run)
    texts = panel_text.own_gain_texts(gains)
    assert texts["own_gain_late"] == "?" and texts["personal_late"].startswith("not known")
    assert panel_text.own_gain_table(gains).iloc[0, 0] == "?"
    assert panel_text.adjusted_table(run, ["SW-n-2"])["variance ratio"].tolist() == [
        "too few people"
    ]


def test_components_separate_repeats_only_where_there_are_any():
    run = a_run()
    once = panel_text.components_table(run.rows)
    assert list(once.index) == ["SW-n-2 − BaseLine, D_I", "SW-n-2 − BaseLine, D_G"]
    assert set(once["SD of residual"]) == {"in that of person"}
    again = run.rows.assign(repeat=1, acc_I=run.rows["acc_I"] + 0.05 * np.sin(run.rows.index**2))
    twice = panel_text.components_table(pd.concat([run.rows, again]))
    assert float(twice.loc["SW-n-2 − BaseLine, D_I", "SD of residual"]) > 1


def test_secondary_analyses_have_no_ratio_of_nothing():
    table = panel_text.adjusted_table(a_run(), ["SW-n-2", "none"])
    assert list(table.index) == ["SW-n-2"] and table.loc["SW-n-2", "change in pp"].startswith("+10")
    assert table.loc["SW-n-2", "ratio of t"] == ""  # without spread there is no t
    draw = np.random.default_rng(0)
    run = a_run()
    accuracy = run.rows["acc_I"] + 0.05 * draw.normal(size=len(run.rows))
    blobs = [np.full(20, np.log(each), np.float16).tobytes() for each in accuracy]
    run.rows["acc_I"], run.rows["logp_I"] = accuracy, blobs
    assert float(panel_text.adjusted_table(run, ["SW-n-2"]).loc["SW-n-2", "ratio of t"]) > 0
    none = run.rows["method"] == "SW-n-2"
    run.rows.loc[none, "acc_I"] -= 0.1
    changed = panel_text.adjusted_table(run, ["SW-n-2"])
    assert changed.loc["SW-n-2", "ratio of t"] == ""  # the change of accuracy is about 0


def test_the_matrix_without_both_means():
    lines, columns = np.random.default_rng(0).random((2, 5))
    table = lines[:, None] + columns
    assert matrix.double_centred(table) == pytest.approx(np.zeros((5, 5)))
    personal = pd.DataFrame(table + np.eye(5) / 10)
    shown = panel_figures.matrix_figure({"SW-n-2": personal})
    assert shown.alt.endswith("without both means. SW-n-2: +8.0 points on the own test set.")
    assert shown.figure.axes[0].get_title() == "SW-n-2\n+8.0 on the diagonal"
    drawn = shown.figure.axes[0].images[0].get_array()
    assert drawn[0, 0] == pytest.approx(8) and drawn[0, 1] == pytest.approx(-2)


def test_the_plan_has_a_curve_per_number_of_cohorts_and_these_rows():
    shown = panel_figures.planning_figure(a_run().rows, *SW)
    *curves, here = shown.figure.axes[1].lines
    assert f"D_G: {here.get_ydata()[0]:.1f} points with the 12 people here." in shown.alt
    assert len(curves) == len(panel_figures.PLANNED_COHORTS)
    ends = [curve.get_ydata()[-1] for curve in curves]
    assert ends[0] > ends[1] > ends[2] and here.get_xdata() == [12]
    assert all(curve.get_ydata()[0] > curve.get_ydata()[-1] for curve in curves)


def test_every_reading_whose_rows_are_there_has_a_line():
    run = a_run()
    # "absolute doses" are of another run, even where methods have the same names, and have no rows
    more = run.rows.assign(method=run.rows["method"].replace({"SW-n-2": "ES 12 %"}))
    control = run.rows[run.rows["method"] == "BaseLine"]
    longer = control.assign(method="BaseLine + 12 %", acc_G=control["acc_G"] + 0.3)
    rows = [run.rows, more[more["method"] == "ES 12 %"], longer]
    rows.append(control.assign(method="own data in the union", acc_G=control["acc_G"] + 0.2))
    absolute = {"SW-n-2": "ES-n-400", "BaseLine": "BaseLine + 400 iterations"}
    rows.append(run.rows.assign(method=run.rows["method"].replace(absolute)))
    run = Published("one", pd.concat(rows), run.provenance)
    table = specification.specification_table(run, (6,))
    # its effect on D_G is lower
    assert list(table["reading"])[:2] == ["baseline with own data", "as declared"]
    assert table["change"].dropna().is_monotonic_increasing
    assert list(table["verdict"]) == ["CONTRADICTED"] * 2 + [specification.NO_ROWS] * 2
    assert table.loc[0, "people"] == "36 people of 3 cohorts"
    shown = specification.specification_figure(table)
    assert shown.alt.endswith("claim 6 (2 contradicted, 2 without rows).")
    (ax,) = shown.figure.axes
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[0].startswith("baseline with own data\nES 12 % −")
    assert labels[0].endswith("\n(36 people of 3 cohorts)")
    assert labels[2].replace("\n", " ") == "absolute doses; baseline with own data + absolute doses"


def test_readings_are_counted_by_claim_and_verdict():
    verdicts = {3: ["CONTRADICTED"] * 2 + ["UNDECIDED"], 6: ["CONTRADICTED", specification.NO_ROWS]}
    lines = [(number, verdict) for number, each in verdicts.items() for verdict in each]
    counts = specification.reading_counts(pd.DataFrame(lines, columns=["claim", "verdict"]))
    assert list(counts) == ["CONTRADICTED", "UNDECIDED", "no rows"]
    assert [line.split(".")[0] for line in counts.index] == ["3", "6"]
    assert counts.to_numpy().tolist() == [["2", "1", ""], ["1", "", "1"]]


def test_readings_that_the_same_test_decides_share_a_line():
    line = {"claim": 3, "verdict": "UNDECIDED", "what": "A − B", "people": "9 people"}
    names = "as declared", "rate 1e-3", "absolute doses"
    lines = [line | {"reading": name, "change": 1, "low": 0, "high": 2} for name in names]
    lines[2]["people"] = "8 people"
    drawn = specification.drawn_lines(pd.DataFrame(lines, columns=specification.COLUMNS))
    assert list(drawn["label"]) == [
        "as declared; rate 1e-3\nA − B\n(9 people)",
        "absolute doses\nA − B\n(8 people)",
    ]


def test_readings_without_rows_are_drawn_as_missing():
    table = specification.specification_table(a_run(), (3,))
    assert set(table["verdict"]) == {specification.NO_ROWS} and len(table) == 8
    shown = specification.specification_figure(table)
    assert shown.alt.endswith("claim 3 (8 without rows).")
    (ax,) = shown.figure.axes
    assert [text.get_text() for text in ax.texts] == [" no rows"]
    none = specification.specification_table(a_run(), ())
    assert specification.specification_sentence(none) == (
        "these rows have no reading of these claims"
    )


def test_rows_of_other_runs_count_where_a_persons_baseline_is_the_same_network():
    run = a_run()
    names = {"SW-n-2": "ES-n-400", "BaseLine": "BaseLine"}
    other = run.rows.assign(
        method=run.rows["method"].map(names), key=run.rows["key"] + " v3", fold=7, acc_G=0.5
    )
    same = (other["method"] == "BaseLine") & (other["person"].str.startswith("1-"))
    other.loc[same, "key"] = run.rows["key"]
    rows = specification.rows_of_table("v3", run, [Published("two", other, run.provenance)])
    absolute = rows[rows["method"] == "ES-n-400"]
    assert set(absolute["person"]) == {f"1-{place}" for place in range(12)}
    assert set(absolute["fold"]) == {1}
    baselines = rows[rows["method"] == "BaseLine"]
    assert len(baselines) == 36 and (baselines["acc_G"] > 0.6).all()  # the run's own come first


def test_verdicts_that_the_ledger_does_not_share_are_named(tmp_path):
    (run,) = (each for each in published.read_all() if each.name == "panel")
    table = specification.specification_table(run, (3,), [])
    table["verdict"] = "REPRODUCED"
    apart = specification.apart_sentence(table, run)
    assert apart.startswith("8 of 8 verdicts differ")
    assert "claim 3, as declared: reproduced here, contradicted there" in apart
    assert specification.apart_sentence(table, run, tmp_path).startswith("The run has no")
