"""Figures of chapters 14 and 15 draw the numbers of their tables."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from perso.parts import PARTS
from perso.report import calibration, cost_figures, fairness_figures, gains_figures, records

SW, TL, BASE = "SW-n-2", "TL-n-300 (1e-4)", "BaseLine"


@pytest.fixture
def ax():
    yield plt.figure().subplots()
    plt.close("all")


def test_each_sd_is_a_mark_in_points(ax):
    table = pd.DataFrame(
        {
            "sd": [0.05, 0.04],
            "between-person SD (images)": [0.03, 0.02],
            "between-person SD (digits)": [0.01, 0.0],
        },
        index=[BASE, SW],
    )
    shown = fairness_figures.between_person_figure({part: table for part in PARTS})
    assert "D_G: highest BaseLine 5.0, lowest SW-n-2 4.0." in shown.alt
    fig = shown.figure
    for axes in fig.axes:
        _, *marks = axes.collections  # the first are lines
        drawn = [mark.get_offsets()[:, 0].tolist() for mark in marks]
        assert np.allclose(drawn, 100 * table.to_numpy().T)
        assert axes.get_xlim()[0] < 0
    assert [label.get_text() for label in fig.axes[0].get_yticklabels()] == [BASE, SW]


def test_changes_are_sorted_and_in_points(ax):
    lines = [
        (method, person, value + shift, value)
        for method, shift in ((BASE, 0.0), (SW, 0.1))
        for person, value in (("a", 0.5), ("b", 0.7))
    ]
    rows = pd.DataFrame(lines, columns=["method", "person", "acc_I", "acc_G"])
    rows.loc[rows["person"] == "a", "acc_I"] += [0.0, 0.2]
    rows.loc[rows.index[-1], "acc_G"] -= 0.02
    shown = fairness_figures.sorted_changes_figure(rows, [SW])
    assert "D_I, SW-n-2: +10.0 to +30.0, 0 of 2 people lose." in shown.alt
    assert "D_G, SW-n-2: -2.0 to +0.0, 1 of 2 people lose." in shown.alt
    fig = shown.figure
    drawn = fig.axes[0].lines[1]  # the first is zero
    assert drawn.get_ydata().tolist() == pytest.approx([10, 30])
    assert fig.axes[1].lines[1].get_ydata().tolist() == pytest.approx([-2, 0])


def by_class(change) -> pd.DataFrame:
    change = np.array(change)
    return pd.DataFrame(
        {"change": change, "low": change - 0.1, "high": change + 0.1},
        index=["0", "1", "as written"][: len(change)],
    )


def test_each_class_is_a_mark_and_some_are_shaded(ax):
    tables = {SW: by_class([0.1, 0.2, 0.3]), TL: by_class([0.0, 0.1, 0.2])}
    gains_figures.draw_class_gains(ax, tables, shaded=(1,))
    text = gains_figures.class_gain_figure(tables, shaded=(1,)).alt
    assert text.endswith(
        "SW-n-2: highest as written +30.0, lowest 0 +10.0. "
        "TL-n-300 (1e-4): highest as written +20.0, lowest 0 +0.0."
    )
    marks = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert [line.get_ydata().tolist() for line in marks] == [
        pytest.approx([10, 20, 30]),
        pytest.approx([0, 10, 20]),
    ]
    assert len(ax.patches) == 1
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "1", "as\nwritten"]


def test_each_person_is_a_mark_at_their_training_size(ax):
    table = pd.DataFrame({"images": [100, 200], "gain": [0.01, -0.02]})
    gains_figures.draw_size_gains(ax, {SW: table, TL: table})
    text = gains_figures.size_gain_figure({SW: table}).alt
    assert text.endswith("SW-n-2: -2.0 to +1.0 for 100 to 200 images.")
    assert len(ax.collections) == 2
    assert np.allclose(ax.collections[1].get_offsets(), [[100, 1], [200, -2]])


def test_the_front_joins_its_members_and_names_the_probable(ax):
    table = pd.DataFrame(
        {
            "D_I": [0, 0.1, -0.1],
            "D_G": [0, -0.1, -0.2],
            "member": [True, True, False],
            "probability": [1, 0.5, 0.01],
        },
        index=[BASE, SW, TL],
    )
    gains_figures.draw_front(ax, table, "some")
    assert gains_figures.front_figure({"some": table}).alt.endswith("some: BaseLine, SW-n-2.")
    assert np.allclose(ax.lines[0].get_xydata(), [[-10, 10], [0, 0]])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [BASE, SW]
    sizes = [mark.get_sizes()[0] for mark in ax.collections]
    assert sizes == pytest.approx([150, 85, 21.3]) and ax.get_title() == "some"


def test_methods_that_are_never_probable_are_left_white(ax):
    probabilities = pd.DataFrame(
        {BASE: [0.9, 0.1], SW: [0.08, 0.9], TL: [0.02, 0.0]}, index=[0.25, 4.0]
    )
    gains_figures.draw_prices(ax, probabilities, "all rows")
    text = gains_figures.price_figure({"all rows": probabilities}).alt
    assert text.endswith("all rows: BaseLine at price 0.25 (90%), SW-n-2 at price 4 (90%).")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [BASE, SW]
    assert ax.get_xlim() == (0.25, 4.0) and ax.get_ylim() == (0, 1)


def test_calibration_has_rejections_and_intervals(ax):
    picture = cost_figures.calibration_figure(records.calibration())
    above, below = picture.figure.axes
    assert above.get_xlabel().startswith("rejections")
    assert below.get_xlabel().startswith("intervals")
    names = {text.get_text().split("\n")[0] for text in above.get_yticklabels()}
    assert "sign-flip" in names and not names & set(calibration.MEANS)


def test_means_have_the_rule_and_what_ignores_the_cohort_on_each_line():
    record = records.calibration()
    picture = cost_figures.means_figure(record)
    for ax, test in zip(
        picture.figure.axes, (calibration.RULE, calibration.RULES_INTERVAL), strict=True
    ):
        found = calibration.entries(record, test)
        found = found[found["kind"] != "finds"]
        rule, alone = ax.lines
        assert list(rule.get_xdata()) == pytest.approx(list(100 * found["share"]))
        assert len(alone.get_xdata()) == len(found)
        assert len(ax.get_yticklabels()) == found["scenario"].nunique()
    assert "mean over people: 0.4 to " in picture.alt
