"""Figures show the numbers of their tables, and a method has one look in all of them."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from perso.analysis import comparison
from perso.methods import method
from perso.methods.method import BASELINE
from perso.methods.registry import METHODS
from perso.report import cost_figures, figures, looks, similar_figures

ES, TL = "ES-n-40", "TL-n-10 (1e-3)"
SEEN = {
    BASELINE: (0.5, 0.6, 0.7),
    "own data in the union": (0.6, 0.6, 0.8),
    ES: (0.6, 0.7, 0.9),
    TL: (0.4, 0.9, 0.8),
}
ROWS = pd.DataFrame(
    [
        (name, person, value, value / 2)
        for name, values in SEEN.items()
        for person, value in enumerate(values)
    ],
    columns=["method", "person", "acc_I", "acc_G"],
).assign(fold=0, repeat=0, iterations=9, own_iterations=9, n_G=8, hits_G=b"\xf0")
FACTORS = {"D_I": 100, "D_G": 50}  # from SEEN to percent


@pytest.fixture
def ax():
    return plt.subplots()[1]


@pytest.fixture(scope="module")
def table():
    return comparison.compare(ROWS)


# --- looks


def test_every_figure_of_methods_draws_those_that_no_table_has(ax):
    """The same rows under names that no table has, but for the baseline."""
    mine = ROWS.assign(method=ROWS["method"].replace({ES: "mine"}))
    kinds = dict.fromkeys(mine["method"], "control")
    methods = [
        method.Method(name, kind, "mine", phases=(method.Phase("3", epochs=1),))
        for name, kind in kinds.items()
    ]
    drawn = figures.draw_tradeoff(ax, comparison.compare(mine, methods))
    assert "mine" in [mark.get_label() for mark in drawn.containers]
    for draw in (figures.draw_levels, figures.draw_people):
        assert "mine" in labels(draw(plt.subplots()[1], mine, "D_I"))
    figures.draw_strip(plt.subplots()[1], {"mine": np.ones(4, bool)})
    assert figures.runs_figure(comparison.compare_runs({"here": mine}))


def test_a_method_has_one_colour_in_every_figure(ax, table):
    own = looks.colours()[ES]
    marks = next(
        mark for mark in figures.draw_tradeoff(ax, table).containers if mark.get_label() == ES
    )
    assert same_color(marks[0].get_color(), own)
    for draw in (figures.draw_levels, figures.draw_people):
        there = draw(plt.subplots()[1], ROWS, "D_I")
        place = labels(there).index(ES)
        assert same_color(there.collections[place].get_facecolor()[0, :3], own)
    strip = figures.draw_strip(plt.subplots()[1], {TL: np.ones(4, bool), ES: np.ones(4, bool)})
    assert same_color(strip.images[1].get_cmap()(1.0), own)


# --- tradeoff


def test_tradeoff_marks_stand_at_the_changes_in_points(ax, table):
    marks = {mark.get_label(): mark for mark in figures.draw_tradeoff(ax, table).containers}
    assert list(marks) == [name for name in SEEN if name != BASELINE]
    for name, mark in marks.items():
        line = 100 * table.loc[name]
        np.testing.assert_allclose(
            mark[0].get_xydata(), [[line["D_G", "change"], line["D_I", "change"]]]
        )


def test_tradeoff_bars_are_the_intervals(ax, table):
    skewed = table.copy()
    skewed.loc[:, (slice(None), "low")] -= 0.05  # intervals need not be even about the mark
    for mark in figures.draw_tradeoff(ax, skewed).containers:
        line = 100 * skewed.loc[mark.get_label()]
        across, upright = (bar.get_segments()[0] for bar in mark[2])
        np.testing.assert_allclose(across[:, 0], [line["D_G", "low"], line["D_G", "high"]])
        np.testing.assert_allclose(upright[:, 1], [line["D_I", "low"], line["D_I", "high"]])


def test_tradeoff_has_the_baseline_at_zero_and_names_every_method(ax, table, monkeypatch):
    (base,) = (
        line for line in figures.draw_tradeoff(ax, table).lines if line.get_label() == BASELINE
    )
    np.testing.assert_array_equal(base.get_xydata(), [[0, 0]])
    assert {text.get_text() for text in ax.texts} == set(SEEN)
    assert "D_G" in ax.get_xlabel() and "D_I" in ax.get_ylabel()
    # in a full picture a control has no label
    monkeypatch.setattr(figures, "FEW_MARKS", 0)
    ax.clear()
    figures.draw_tradeoff(ax, table)
    assert {text.get_text() for text in ax.texts} == set(SEEN) - {"own data in the union"}


def test_tradeoff_markers_are_of_the_family(ax, table):
    families = {method.name: method.family for method in METHODS}
    for mark in figures.draw_tradeoff(ax, table).containers:
        assert mark[0].get_marker() == looks.MARKERS[families[mark.get_label()]]


def test_tradeoff_of_one_person_has_marks_all_the_same(ax):
    alone = comparison.compare(ROWS[ROWS["person"] == 0])
    marks = {
        mark.get_label(): mark[0].get_xydata()
        for mark in figures.draw_tradeoff(ax, alone).containers
    }
    np.testing.assert_allclose(marks[ES], [[5, 10]])
    ax.figure.canvas.draw()


def test_the_same_table_gives_the_same_file(table, tmp_path):
    one, two = tmp_path / "one.svg", tmp_path / "two.svg"
    picture = figures.headline(table)
    picture.save(one)
    mpl.rcParams.update(
        {"svg.hashsalt": None, "font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9}
    )
    figures.headline(table).save(two)
    assert one.read_bytes() == two.read_bytes()
    assert "<svg" in one.read_text("utf-8")
    labels = {label.get_text() for label in picture.figure.axes[0].texts}
    assert labels >= {BASELINE, ES, TL}
    assert not plt.get_fignums()


# --- several runs


@pytest.fixture(scope="module")
def runs():
    """Two runs of ours and v3; the second lacks a method."""
    return comparison.compare_runs({"here": ROWS, "there": ROWS[ROWS["method"] != ES]})


def test_runs_have_a_mark_per_method_at_its_change_and_a_bar_over_its_interval(runs):
    for ax, part in zip(figures.runs_figure(runs).figure.axes, ("D_I", "D_G"), strict=True):
        assert part in ax.get_xlabel()
        lines, marks = (ax.collections[start::2] for start in (0, 1))
        for run, own, mark in zip(["here", "there", "v3"], lines, marks, strict=True):
            assert mark.get_label() == run
            line, places = 100 * runs[part][run], np.ma.filled(mark.get_offsets(), np.nan)
            np.testing.assert_allclose(places[:, 0], line["change"])
            there = line["change"].notna()
            np.testing.assert_array_equal(
                places[there, 1].round(), np.flatnonzero(there)
            )  # nearest to its own line
            bars = [bar for bar in own.get_segments() if len(bar)]  # those of nan are empty
            ends = [(low, high, y) for (low, y), (high, _) in bars]
            known = np.column_stack([line[["low", "high"]], places[:, 1]])[line["low"].notna()]
            np.testing.assert_allclose(np.reshape(ends, (-1, 3)), known)


def test_runs_differ_by_their_marks_and_methods_by_their_colours(runs):
    ax = figures.runs_figure(runs).figure.axes[0]
    marks = ax.collections[1::2]
    assert (
        len({tuple(map(tuple, mark.get_paths()[0].vertices)) for mark in marks}) == len(marks) == 3
    )
    for mark in marks[:2]:
        for name, colour in zip(runs.index, mark.get_facecolor(), strict=True):
            assert same_color(colour[:3], looks.colours()[name])


def test_runs_are_named_once_and_methods_stand_from_top_to_bottom(runs):
    left, right = figures.runs_figure(runs).figure.axes
    assert labels(left) == [name for name in SEEN if name != BASELINE]
    bottom, top = left.get_ylim()
    assert top < 0 < len(runs) - 1 < bottom
    assert left.get_legend() is right.get_legend() is None
    (legend,) = left.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["here", "there", "v3"]


def test_a_run_alone_stands_beside_the_papers():
    ax = figures.runs_figure(comparison.compare_runs({"here": ROWS})).figure
    assert [text.get_text() for text in ax.legends[0].get_texts()] == ["here", "v3"]


# --- doses and late iterations


def changes(value: float) -> dict[tuple[str, str], float]:
    """A change of `value` points on both parts, as the cells of a line."""
    ends = {"change": value / 100, "low": (value - 1) / 100, "high": (value + 1) / 100}
    return {(part, name): end for part in ("D_I", "D_G") for name, end in ends.items()}


def test_doses_have_a_line_per_owner_and_length(ax):
    doses = [("own", 40, 1), ("own", 400, 1), ("general", 400, 1), ("another's", 400, 1)]
    doses.append(("own", 400, 3))
    columns = ("whose", "dose", "rounds")
    lines = [
        {("", name): value for name, value in zip(columns, dose, strict=True)} | changes(5)
        for dose in doses
    ]
    table = pd.DataFrame(lines)
    table.columns = pd.MultiIndex.from_tuples(table.columns)
    figures.draw_doses(ax, table, "D_G")
    table.loc[1, (list(FACTORS), ["change", "high"])] += 0.01
    text = figures.dose_figure(table.iloc[:2]).alt
    assert "D_G: highest 400 iterations on own data and 1 × epochs +6.0" in text
    labels = ax.get_legend_handles_labels()[1]
    assert labels == [
        "own data, 1 × epochs after it",
        "general data, 1 × epochs after it",
        "another's data, 1 × epochs after it",
        "own data, 3 × epochs after it",
    ]
    assert ax.get_xscale() == "log"
    assert ax.containers[0].lines[0].get_ydata() == pytest.approx([5, 5])


def late_table(**points) -> pd.DataFrame:
    """A comparison of methods by their changes in points."""
    table = pd.DataFrame([changes(each) for each in points.values()], index=list(points))
    table.columns = pd.MultiIndex.from_tuples(table.columns)
    return table


LATE = {"TL-n-10 (1e-3)": 10, "TL-n-300 (1e-4)": 8, "TL-n-10 (1e-2 sgd)": 5}


def test_a_sweep_is_drawn_along_its_parameter(ax):
    along = {"TL-n-300 (1e-4)": 300, "TL-n-10 (1e-3)": 10, "not there": 5}
    figures.draw_sweep(ax, late_table(**LATE), "D_I", along, "a")
    line = ax.containers[0].lines[0]
    assert line.get_xdata().tolist() == [10, 300] and line.get_ydata() == pytest.approx([10, 8])


def test_late_iterations_have_a_line_per_optimiser_and_rate(ax):
    table = late_table(**LATE, **{"TL-n-300 (1e-3)": 15})
    ax = figures.late_figure(table, "adam").figure.axes[0]
    lines = {bars.get_label(): bars.lines[0].get_xdata().tolist() for bars in ax.containers}
    assert lines == {"adam, 0.001": [10, 300], "adam, 0.0001": [300], "sgd, 0.01": [10]}
    assert [label.get_text() for label in ax.get_xticklabels()] == ["10", "300"]


# --- people


def labels(ax) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


@pytest.mark.parametrize("part", FACTORS)
def test_levels_have_a_dot_per_person_and_a_line_per_method(ax, part):
    figures.draw_levels(ax, ROWS, part)
    assert labels(ax) == list(SEEN)
    *dots, means = (marks.get_offsets() for marks in ax.collections)
    for place, (values, there) in enumerate(zip(SEEN.values(), dots, strict=True)):
        np.testing.assert_allclose(there[:, 0], FACTORS[part] * np.array(values))
        assert (np.abs(there[:, 1] - place) < 0.5).all()  # on its own line
    np.testing.assert_allclose(
        means[:, 0], [FACTORS[part] * np.mean(values) for values in SEEN.values()]
    )
    np.testing.assert_array_equal(means[:, 1], range(len(SEEN)))


@pytest.mark.parametrize("part", FACTORS)
def test_people_show_their_change_to_the_baseline_in_points(ax, part):
    figures.draw_people(ax, ROWS, part)
    others = [name for name in SEEN if name != BASELINE]
    assert labels(ax) == others
    *dots, means = (marks.get_offsets() for marks in ax.collections)
    for name, mean, there in zip(others, means, dots, strict=True):
        change = FACTORS[part] * (np.array(SEEN[name]) - SEEN[BASELINE])
        np.testing.assert_allclose(there[:, 0], change, atol=1e-9)
        assert mean[0] == pytest.approx(change.mean())


@pytest.mark.parametrize("draw", [figures.draw_levels, figures.draw_people])
def test_methods_stand_from_top_to_bottom(ax, draw):
    bottom, top = draw(ax, ROWS, "D_I").get_ylim()
    assert top < 0 < len(labels(ax)) - 1 < bottom


def test_a_person_without_a_method_has_no_dot(ax):
    figures.draw_levels(
        ax, ROWS.drop(ROWS.index[(ROWS["method"] == ES) & (ROWS["person"] == 1)]), "D_I"
    )
    there = np.ma.filled(ax.collections[list(SEEN).index(ES)].get_offsets(), np.nan)[:, 0]
    np.testing.assert_allclose(there[~np.isnan(there)], [60, 90])


def test_the_same_rows_give_the_same_dots(ax):
    one, two = (figures.draw_levels(each, ROWS, "D_I") for each in (ax, plt.subplots()[1]))
    for a, b in zip(one.collections, two.collections, strict=True):
        np.testing.assert_array_equal(a.get_offsets(), b.get_offsets())


# --- schedules and digits


def test_strips_are_as_long_as_their_schedules_and_hold_them(ax):
    schedules = {BASELINE: np.zeros(10, bool), ES: np.arange(14) < 4, TL: np.arange(12) > 8}
    figures.draw_strip(ax, schedules)
    assert labels(ax) == list(schedules)
    for place, (image, from_I) in enumerate(zip(ax.images, schedules.values(), strict=True)):
        left, right, bottom, top = image.get_extent()
        assert (left, right) == (0, len(from_I))
        assert place - 0.5 < top < place < bottom < place + 0.5
        np.testing.assert_array_equal(image.get_array(), from_I[None])
    shares = [text.get_text() for text in ax.texts]
    assert shares == ["0%", "29%", "25%", "coloured"]
    assert ax.get_xlim() == (0, 14) and ax.get_ylim() == (2.5, -0.5)


def test_a_column_of_a_long_schedule_is_the_share_of_its_iterations(ax):
    figures.draw_strip(ax, {ES: np.arange(1000) < 8, "every second": np.arange(1000) % 2 == 0})
    first, mixed = (image.get_array()[0] for image in ax.images)
    assert len(first) == len(mixed) == figures.COLUMNS
    assert first[:3].tolist() == [1, 0.6, 0] and mixed[:2].tolist() == [0.6, 0.4]


def test_a_strip_of_one_source_is_of_that_sources_colour(ax):
    figures.draw_strip(ax, {BASELINE: np.zeros(5, bool), ES: np.ones(5, bool)})
    light, dark = (image.to_rgba(image.get_array())[0, 0, :3] for image in ax.images)
    assert same_color(dark, looks.colours()[ES]) and light.min() > 0.8


def test_every_digit_is_in_its_place():
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 4)).astype(np.uint8)
    (ax,) = figures.digits(images, ["ann", "bob"]).figure.axes
    (shown,) = ax.images
    sheet = np.asarray(shown.get_array())
    for r, c in np.ndindex(2, 3):
        np.testing.assert_array_equal(sheet[5 * r : 5 * r + 4, 5 * c : 5 * c + 4], images[r, c])
    assert shown.get_clim() == (0, 255)  # one scale for all: a faint digit looks faint
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "1", "2"]
    assert labels(ax) == ["ann", "bob"]
    assert ax.get_xticks().tolist() == [1.5, 6.5, 11.5] and ax.get_yticks().tolist() == [1.5, 6.5]


def test_one_digit_makes_a_sheet_too():
    assert len(figures.digits(np.zeros((1, 1, 4, 4), np.uint8), ["ann"]).figure.axes) == 1


def test_digits_are_dark_on_light():
    (shown,) = (
        figures.digits(np.array([[[[0, 255], [0, 0]]]], np.uint8), ["ann"]).figure.axes[0].images
    )
    seen = shown.to_rgba(shown.get_array())[..., 0]
    assert seen[0, 1] == 0  # ink
    assert seen.sum() == seen.size - 1  # all else is paper


def test_a_name_per_row_is_needed():
    with pytest.raises(ValueError):
        figures.digits(np.zeros((2, 1, 4, 4), np.uint8), ["ann"])


# --- speed


WAYS = pd.DataFrame(
    {"ms": [20.0, 5.0], "% of matrix product": [10.0, 40.0], "% of copy": [25.0, 100.0]},
    ["textbook", "ours"],
)


def test_every_way_has_its_time_and_a_bar_to_the_longer_limit(ax):
    bars, floors, times = cost_figures.draw_ways(ax, WAYS).collections
    np.testing.assert_allclose(times.get_offsets(), [[20, 0], [5, 1]])
    np.testing.assert_allclose(
        floors.get_offsets(), [[5, 0], [5, 1]]
    )  # both are 5 ms of copying, 2 of arithmetic
    np.testing.assert_allclose(bars.get_segments(), [[[5, 0], [20, 0]], [[5, 1], [5, 1]]])
    assert (
        labels(ax) == ["textbook", "ours"]
        and ax.get_xscale() == "log"
        and ax.get_ylim()[0] > ax.get_ylim()[1]
    )
    assert "ms" in ax.get_xlabel()


def test_a_name_with_dollar_signs_is_drawn_as_it_is(monkeypatch):
    monkeypatch.setitem(mpl.rcParams, "text.usetex", True)  # as a user's matplotlibrc may say
    looks.style()
    fig = figures.digits(np.zeros((1, 1, 4, 4), np.uint8), rows=["x$_$ 1"], heads=["$$"]).figure
    fig.canvas.draw()
    (ax,) = fig.axes
    assert not mpl.rcParams["text.usetex"]
    assert labels(ax) == [r"x\$_\$ 1"]
    assert ax.get_xticklabels()[0].get_text() == r"\$\$"


# --- what pictures say

CHANGES = (
    "D_I: highest ES-n-40 +13.3, lowest own data in the union +6.7. "
    "D_G: highest ES-n-40 +6.7, lowest own data in the union +3.3."
)


def test_the_largest_and_the_smallest_change_are_said(table):
    assert figures.tradeoff(table).alt == f"Change of accuracy per method in points. {CHANGES}"
    assert figures.people_figure(ROWS).alt.endswith(f"means over people. {CHANGES}")
    assert figures.levels(ROWS).alt.endswith(
        "in percent; means over people. D_I: highest ES-n-40 73.3, lowest BaseLine 60.0. "
        "D_G: highest ES-n-40 36.7, lowest BaseLine 30.0."
    )


def test_runs_are_said_one_after_the_other(runs):
    text = figures.runs_figure(runs).alt
    assert "D_I, here: highest ES-n-40 +13.3, lowest own data in the union +6.7. " in text
    assert "D_G, there: highest TL-n-10 (1e-3) +5.0, lowest own data in the union +3.3. " in text


def test_a_sweep_says_its_methods_that_are_there():
    along = {"a": {"TL-n-300 (1e-4)": 300, "TL-n-10 (1e-3)": 10, "not there": 5}}
    text = figures.sweep(late_table(**LATE), along, "$n$, iterations").alt
    ends = "highest TL-n-10 (1e-3) +10.0, lowest TL-n-300 (1e-4) +8.0."
    assert text == f"Change of accuracy in points by n, iterations. D_I: {ends} D_G: {ends}"


def test_similar_data_stand_left_of_random_ones():
    names = {"SG-n-1500": 3, "far SG-n-1500": -2, "BaseLine-n-1500 with D_I": 1, "IG-n-5": 4}
    shown = similar_figures.similar_figure(late_table(**names))
    assert "D_I: highest IG-n-5 +4.0, lowest far SG-n-1500 -2.0." in shown.alt
    (line, *_) = shown.figure.axes[0].containers
    assert line.get_label() == "SG, n = 1500"
    assert line.lines[0].get_ydata() == pytest.approx([3, 1, -2])
    ticks = [label.get_text() for label in shown.figure.axes[0].get_xticklabels()]
    assert ticks == ["nearest", "random", "farthest"]


def test_a_schedule_is_said_by_its_place_and_its_length():
    schedules = {
        BASELINE: np.zeros(10, bool),
        ES: np.arange(14) < 4,
        TL: np.arange(1200) > 1190,
        "mixed": np.arange(4) % 2 == 0,
        "own": np.ones(3, bool),
    }
    assert figures.strip(schedules).alt == (
        "Which batches come from D_I, or from the set in its place: BaseLine none of 10; "
        "ES-n-40 the first 4 of 14; "
        "TL-n-10 (1e-3) the last 9 of 1,200; mixed 2 of 4, mixed with others; own all of 3."
    )


def test_long_names_of_classes_are_turned_and_more_than_columns_are_cut():
    sheet = np.zeros((1, 2, 4, 4), np.uint8)
    for heads, angle in ((["cat", "dog", "emu"], 0), (["accordion", "dog", "emu"], 40)):
        (ax,) = figures.digits(sheet, ["ann"], heads).figure.axes
        assert [label.get_text() for label in ax.get_xticklabels()] == heads[:2]
        assert {label.get_rotation() for label in ax.get_xticklabels()} == {angle}


def test_a_sheet_says_its_lines():
    sheet = figures.digits(np.zeros((2, 1, 4, 4), np.uint8), ["ann", " bob"])
    assert sheet.alt == "A sheet of images, 1 in each line. The lines: ann, bob."


def test_the_slowest_and_the_fastest_way_are_said():
    text = cost_figures.ways({"small": WAYS, "large": 2 * WAYS}).alt
    assert text.endswith(
        "small: highest textbook 20, lowest ours 5. large: highest textbook 40, lowest ours 10."
    )
