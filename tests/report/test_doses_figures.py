"""What the book says of relative doses, and how it draws them."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from perso.analysis import doses
from perso.report import dose_text, doses_figures
from perso.report.looks import FAINTEST, contrast_with_white

TL = doses.transfer_contrast(1e-3, "adam")


def points(**changes):
    """Points of two runs: early shaping on D_I and on D_G."""
    lines = []
    for run, length in (("one", 600), ("two", 1_160)):
        for dose in (40, 400):
            for part, effect in (("D_I", 0.0125), ("D_G", -0.004)):
                line = {
                    "run": run,
                    "contrast": doses.ES_EFFECT,
                    "method": f"ES-n-{dose}",
                    "part": part,
                    "dose": dose,
                    "length": length,
                    "relative": dose / length,
                    "effect": effect,
                    "low": effect - 0.01,
                    "high": effect + 0.01,
                    "error": 0.005,
                    "people": 24,
                    "cohorts": 1,
                }
                lines.append(line | changes)
    return pd.DataFrame(lines)


def cells(**changes):
    """Cells of v3 with predictions; transfer learning has none."""
    lines = []
    for contrast, method, dose in (
        (doses.ES_EFFECT, "ES-n-400", 400),
        (TL, "TL-n-300 (1e-3)", 300),
    ):
        for part, effect in (("D_I", 0.01), ("D_G", -0.02)):
            known = contrast == doses.ES_EFFECT
            line = {
                "paper": "v3",
                "contrast": contrast,
                "method": method,
                "part": part,
                "dose": dose,
                "length": 3_300,
                "relative": dose / 3_300,
                "effect": effect if known else np.nan,
                "low": effect - 0.015 if known else np.nan,
                "high": effect + 0.015 if known else np.nan,
                "printed": 0.003,
                "longest": 1_160.0 if known else np.nan,
                "longer": known,
                "other dose": False,
                "outside": known and part == "D_G",
            }
            lines.append(line | changes)
    return pd.DataFrame(lines)


# --- texts


def test_a_line_of_the_table_has_the_effects_with_their_errors():
    table = dose_text.point_table(points())
    line = table.loc[doses.ES_EFFECT, "ES-n-400", "two"]
    assert (line["length"], line["relative dose"]) == ("1,160", "34 %")
    assert line["D_I in pp ± error"] == "+1.25 ± 0.50"
    assert line["D_G in pp ± error"] == "-0.40 ± 0.50"


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({}, "24 people, 1 D_G: without the spread between D_G"),
        ({"people": 4}, "4 people (few: not fitted), 1 D_G: without the spread between D_G"),
        ({"cohorts": 2}, "24 people, 2 D_G: without the spread between D_G"),
        ({"cohorts": 4}, "24 people, 4 D_G"),
    ],
)
def test_the_table_says_what_an_error_is_of(changes, note):
    assert set(dose_text.point_table(points(**changes))["the error is of"]) == {note}


def test_an_effect_without_an_error_says_so():
    table = dose_text.point_table(points(error=np.nan))
    assert table["D_I in pp ± error"].iloc[0] == "+1.25, no error"


def test_predictions_stand_beside_what_is_printed():
    table = dose_text.cell_table(cells())
    shaping = table.loc[doses.ES_EFFECT, "ES-n-400"]
    assert shaping["dose of length"] == "400 of v3's 3,300"
    assert shaping["D_I predicted [95 %]"] == "+1.0 [-0.5, +2.5]"
    assert (shaping["D_I printed"], shaping["D_G printed"]) == ("+0.30", "+0.30, outside")
    assert shaping["extrapolation"] == "length beyond 1,160"
    late = table.loc[TL, "TL-n-300 (1e-3)"]
    assert late["D_I predicted [95 %]"] == ""
    assert late["extrapolation"] == "no prediction: runs of too few lengths"


def test_a_dose_that_no_run_has_is_an_extrapolation():
    note = dose_text.extrapolation_note(cells(**{"other dose": True}).iloc[0])
    assert note == "length beyond 1,160, relative dose of no run"
    assert dose_text.extrapolation_note(cells(longer=False).iloc[0]) == "none"


def test_what_is_predicted_and_what_lies_outside_is_counted():
    assert dose_text.prediction_texts(cells()) == {
        "printed": "4",
        "known": "2",
        "inside": "1",
        "beyond": "2",
        "longest": "1,160",
        "narrowest": "1.5",
        "widest": "1.5",
        "clear": "1",
    }


def test_without_predictions_nothing_is_claimed():
    texts = dose_text.prediction_texts(cells(effect=np.nan))
    assert (texts["known"], texts["inside"], texts["widest"]) == ("0", "0", "unknown")


def slopes():
    columns = ["contrast", "part", "term", "change", "low", "high", "studies", "scatter"]
    lines = [
        (doses.OWN_OR_GENERAL, part, term, change, change - 0.004, change + 0.004, 6, 0.003)
        for part, term, change in (
            ("D_I", "relative dose", 0.02),
            ("D_I", "length", 0.01),
            ("D_G", "relative dose", -0.005),
            ("D_G", "length", 0.001),
        )
    ]
    return pd.DataFrame(lines, columns=columns)


def test_the_table_of_slopes_has_a_line_per_contrast():
    table = dose_text.slope_table(slopes())
    assert list(table.index) == [doses.OWN_OR_GENERAL]
    line = table.iloc[0]
    assert line["studies"] == "6"
    assert line["D_G, tenfold relative dose"] == "-0.5 [-0.9, -0.1]"
    assert line["D_I, tenfold length"] == "+1.0 [+0.6, +1.4]"


def test_more_or_less_harm_at_ten_times_the_dose_is_said_in_words():
    def text(change):
        table = slopes()
        table[["change", "low", "high"]] = change, change - 0.004, change + 0.004
        return dose_text.harm_by_dose_text(table)

    assert text(-0.005) == "own data do more harm on D_G, by 0.5 [0.1, 0.9] points"
    assert text(0.005) == "own data do less harm on D_G, by 0.5 [0.1, 0.9] points"
    assert text(-0.001).startswith("own data are not shown to do more harm or less on D_G")
    assert text(-0.001).endswith("changes by -0.1 [-0.5, +0.3] points")
    assert "not known" in dose_text.harm_by_dose_text(slopes().iloc[:2])


def test_whether_the_lines_collapse():
    # a scatter of 0.3 points is above D_G's margin alone; only D_I's slope excludes 0
    assert dose_text.collapse_sentence(slopes()) == (
        "In 1 of 2 comparisons they do not: beyond their errors, runs scatter around the fit by "
        "more than 0.5 on D_I or 0.2 on D_G. The largest SD is 0.3 points. At the "
        "same relative dose the effect clearly changes with length in 1 of 2."
    )
    together = dose_text.collapse_sentence(slopes().assign(scatter=0.001))
    assert together.startswith("They do, as far as is shown: ")
    assert "not known" in dose_text.collapse_sentence(slopes().iloc[:0])


# --- the figures


def test_harm_is_drawn_by_dose_a_panel_per_kind_of_people():
    lines = [(40, 1, -0.01), (400, 1, -0.02), (40, 3, 0.0), (400, 3, -0.01)]
    table = pd.DataFrame(lines, columns=["dose", "factor", "change"])
    table = table.assign(low=table["change"] - 0.01, high=table["change"] + 0.01)
    picture = doses_figures.dose_harm_figure({"all classes": table, "few classes": table})
    assert [ax.get_title(loc="left") for ax in picture.figure.axes] == [
        "all classes",
        "few classes",
    ]
    _, y = marks(picture.figure.axes[0], "after 1 × epochs")
    np.testing.assert_allclose(y, [-1, -2])
    assert "all classes: highest 40 iterations and 3 × epochs +0.0, lowest 400" in picture.alt


def marks(ax, name):
    """x and y of what the legend calls so."""
    handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    handle = handles[name]
    if hasattr(handle, "get_offsets"):
        return np.asarray(handle.get_offsets()).T
    line = handle[0] if isinstance(handle, tuple) else handle  # an error bar's is a tuple
    return line.get_xydata().T


def test_effects_are_drawn_by_relative_dose_a_line_per_length():
    shown = points()
    shown.loc[0, ["effect", "high"]] = 0.03, 0.04
    picture = doses_figures.collapse_figure(shown, cells())
    ends = "highest ES − BaseLine, 6.7 % (one) +3.0, lowest ES − BaseLine, 66.7 % (one) +1.2"
    assert f"D_I: {ends}. D_G: all -0.4." in picture.alt
    on_I, on_G = picture.figure.axes
    x, y = marks(on_I, "600 iterations: one")
    np.testing.assert_allclose(x, [100 * 40 / 600, 100 * 400 / 600])
    np.testing.assert_allclose(y, [3, 1.25])
    x, y = marks(on_G, "1,200 iterations: two")
    np.testing.assert_allclose(x, [100 * 40 / 1_160, 100 * 400 / 1_160])
    np.testing.assert_allclose(y, -0.4)


def test_the_papers_effects_are_crosses_and_predictions_diamonds():
    figure = doses_figures.collapse_figure(points(), cells()).figure
    on_I, on_G = figure.axes
    np.testing.assert_allclose(marks(on_I, "v3, printed").ravel(), [100 * 400 / 3_300, 0.3])
    name = "v3, predicted from our runs"
    np.testing.assert_allclose(marks(on_G, name).ravel(), [100 * 400 / 3_300, -2])


def test_curves_say_the_accuracy_after_the_dose_and_at_the_end():
    lines = [("own", 0, 0.1, 0.1), ("own", 40, 0.8, 0.3), ("own", 60, 0.7, 0.75)]
    lines += [("general", 40, 0.4, 0.6), ("general", 60, 0.5, 0.7)]
    curves = pd.DataFrame(lines, columns=["method", "iteration", "D_I", "D_G"])
    shown = doses_figures.curves_figure(curves, 40)
    assert "D_I, own: 80 % after the dose, 70 % at the end." in shown.alt
    assert "D_G, general: 60 % after the dose, 70 % at the end." in shown.alt
    on_G = shown.figure.axes[1]
    own = next(line for line in on_G.lines if line.get_label() == "own")
    np.testing.assert_allclose(own.get_xydata(), [[0, 10], [40, 30], [60, 75]])
    (shaded,) = on_G.patches
    assert shaded.get_x() == 0 and shaded.get_width() == 40


def test_all_marks_are_in_the_picture():
    figure = doses_figures.collapse_figure(points(), cells(effect=-0.3, printed=0.2)).figure
    for ax in figure.axes:
        low, high = ax.get_ylim()
        assert low < -30 and high > 20


def test_runs_of_few_people_do_not_widen_the_picture():
    small = points(people=4, run="small").assign(effect=0.5, low=0.1, high=0.9)
    shown = doses_figures.collapse_figure(pd.concat([points(), small]), cells())
    assert all(ax.get_ylim()[1] < 5 for ax in shown.figure.axes)
    assert "+50.0" not in shown.alt
    alone = doses_figures.collapse_figure(small, cells())
    assert alone.figure.axes[0].get_ylim()[1] > 90 and "all +50.0" in alone.alt


def test_lengths_that_are_nearly_the_same_share_a_line_of_the_legend():
    shown = points()
    shown.loc[shown["method"] == "ES-n-40", "length"] += 5
    figure = doses_figures.collapse_figure(shown, cells()).figure
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert [label for label in labels if label.endswith("two")] == ["1,200 iterations: two"]


def test_lines_of_runs_are_told_apart_by_hue_and_marker():
    many = [points(run=name) for name in "abcdefghijklmnopqrst"]
    figure = doses_figures.collapse_figure(pd.concat(many), cells()).figure
    lines = [container.lines[0] for container in figure.axes[0].containers]
    looks = [(line.get_color(), line.get_marker()) for line in lines]
    assert len(set(looks)) == len(looks) > 20
    for (hue, marker), (next_hue, next_marker) in pairwise(looks):
        assert hue != next_hue and marker != next_marker
    assert all(contrast_with_white(hue) >= FAINTEST for hue, _ in looks)


def test_contrasts_that_no_run_has_are_not_drawn():
    figure = doses_figures.collapse_figure(points(), cells()).figure
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == [f"{doses.ES_EFFECT}: ${part}$" for part in ("D_I", "D_G")]
