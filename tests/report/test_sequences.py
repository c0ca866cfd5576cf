"""Figures of sequences and their contexts, and what is said about them (chapter 21)."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from perso.analysis.drift import ContextGains
from perso.data import watch
from perso.data.cohort import Cohort, save
from perso.data.dataset import StudyData, prepare
from perso.paths import default_data_dir
from perso.report import sequence_figures, sequence_text
from perso.settings import Settings
from perso.stats.cohorts import Mean

COMMON = {"individuals": 2, "global_people": 1, "architecture": "gru"}


@pytest.fixture
def pens(tmp_path) -> StudyData:
    """Three writers' eight digits of two classes; the pen is in the air in the middle."""
    draw = np.random.default_rng(0)
    paths = draw.uniform(-1, 1, (24, 6, 3)).astype(np.float32)
    paths[..., 2] = [1, 1, 0, 0, 1, 1]
    who = np.repeat([3, 5, 7], 8)
    half = np.tile([0, 0, 0, 0, 1, 1, 1, 1], 3)
    facts = (np.tile([0, 1], 12), who, np.arange(24), {"half": half})
    save(Cohort(paths, *facts, kind="trajectories"), tmp_path / "pens.npz")
    return prepare(Settings(dataset=f"file:{tmp_path / 'pens.npz'}", context="half", **COMMON))


@pytest.fixture
def recordings(tmp_path) -> StudyData:
    """Three people's two exercises with each arm: six windows, so that an item has 4 and one 2."""
    draw = np.random.default_rng(0)
    windows = draw.normal(size=(72, 48, 6)).astype(np.float32)
    recording = np.arange(72) // 6
    item = 2 * recording + (np.arange(72) % 6) // 4
    exercise, who, side = recording // 2 % 2, recording // 4, recording % 2
    facts = (exercise, who, item, {"side": side, "recording": recording})
    save(Cohort(windows, *facts), tmp_path / "watch.npz")
    settings = Settings(
        dataset=f"file:{tmp_path / 'watch.npz'}", context="side", available=1, flips=False, **COMMON
    )
    return prepare(settings)


def a_table(shares: list[float], p: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"share": shares, "chance": 0.004, "quantile": 0.007, "p": p})


def has_labels(ax) -> bool:
    return bool(ax.get_xlabel() and ax.get_ylabel())


# --- figures


def test_the_pen_in_the_air_is_dotted_and_thin():
    _, ax = plt.subplots()
    path = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 0], [0, 1, 1], [0, 0, 1]], float)
    sequence_figures.trajectory_axes(ax, path, "writer 3")
    down, air = ax.collections
    assert len(down.get_segments()) == 2 and len(air.get_segments()) == 2
    assert air.get_linewidth()[0] < down.get_linewidth()[0]
    assert air.get_linestyle() != down.get_linestyle()
    assert ax.get_title() == "writer 3"


def test_a_writer_has_a_panel_and_so_has_a_digit_of_each_context(pens):
    shown = sequence_figures.writers_figure(pens, [3, 5], label=0)
    assert shown.alt == "The pen's path of a digit 0 by writers 3, 5."
    fig = shown.figure
    assert [ax.get_title() for ax in fig.axes] == ["writer 3", "writer 5"]
    assert fig.get_supxlabel() and fig.get_supylabel()
    shown = sequence_figures.two_contexts_figure(pens, 3, 1, ("early", "late"), count=2)
    assert shown.alt == "Digits 1 by writer 3: 2 early ones above, 2 late ones below."
    fig = shown.figure
    assert [ax.get_title() for ax in fig.axes] == ["early", "early", "late", "late"]


def test_places_are_of_one_person_class_and_context(pens):
    assert sequence_figures.places_of(pens, 5, 0, available=1).tolist() == [8, 10]
    assert sequence_figures.places_of(pens, 5, 0, available=0).tolist() == [12, 14]


def test_flips_have_the_numbers_of_their_classes(pens):
    shown = sequence_figures.flips_figure(pens, 3, 1)
    assert shown.alt.endswith("each with its class: 1, as written; 3, mirrored; 5, upside down.")
    fig = shown.figure
    titles = [ax.get_title() for ax in fig.axes]
    assert titles == ["1, as written", "3, mirrored", "5, upside down"]
    written, mirrored, turned = (ax.lines[0].get_xydata()[0] for ax in fig.axes)
    assert mirrored == pytest.approx(written * [-1, 1])
    assert turned == pytest.approx(written * [1, -1])


def test_each_arm_has_one_item_of_four_windows(recordings):
    shown = sequence_figures.recordings_figure(recordings, 1, exercise=0)
    assert shown.alt.startswith("Acceleration of person 1 in pendulum over 8 seconds, by each arm:")
    fig = shown.figure
    right, left = fig.axes
    assert [ax.get_title() for ax in fig.axes] == ["pendulum, right arm", "pendulum, left arm"]
    assert has_labels(right) and left.get_xlabel()
    x, *_ = right.lines
    assert len(x.get_xdata()) == 4 * 48 and x.get_xdata()[48] == pytest.approx(1.92)
    source = recordings.source
    first = np.flatnonzero((source.who == 1) & (source.attributes["side"] == 1))[0]
    assert x.get_ydata()[:48] == pytest.approx(recordings.inputs[first, :, 0])
    assert len(right.lines) == 3 + 3  # three axes, three ends of windows


def test_the_windows_of_an_item_have_one_colour(recordings):
    shown = sequence_figures.division_figure(recordings, 0)
    (ax,) = shown.figure.axes
    sizes = [
        len(part[0])
        for part in (recordings.splits.train, recordings.splits.test, recordings.splits.elsewhere)
    ]
    assert shown.alt == (
        f"Windows of person 0: {sizes[0]} to train on and {sizes[1]} to test on in D_I, "
        f"{sizes[2]} in D_U."
    )
    names = [label.get_text() for label in ax.get_yticklabels()]
    arms = ["right arm"] * 2 + ["left arm"] * 2
    assert [name.partition(", ")[2] for name in names] == arms
    cells = np.asarray(ax.collections[0].get_array()).reshape(4, 6)
    assert (cells[2:] == 2).all() and set(cells[:2].ravel()) == {0, 1}
    assert (cells[:, :4] == cells[:, :1]).all() and (cells[:, 4] == cells[:, 5]).all()
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["$D_I$, training", "$D_I$, test", "$D_U$"]


def test_drift_has_a_dot_per_person_filled_where_contexts_differ():
    tables = {
        "pens": a_table([0.02, 0.005, np.nan], [0.001, 0.4, np.nan]),
        "watch": a_table([0.1], [0.001]),
    }
    shown = sequence_figures.drift_figure(tables)
    (ax,) = shown.figure.axes
    assert "pens: contexts of 1 of 2 people differ, which explain 0.5% to 2.0% of" in shown.alt
    dots, quantiles, *_ = ax.collections
    assert sorted(dots.get_offsets()[:, 0]) == pytest.approx([0.5, 2])
    assert len(quantiles.get_offsets()) == 2
    assert dots.get_facecolor()[0].tolist() == [1, 1, 1, 1]  # the smaller share, p = .4
    assert dots.get_facecolor()[1].tolist() != [1, 1, 1, 1]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["pens", "watch"]
    assert "%" in ax.get_xlabel() and ax.get_xscale() == "log"


def test_exercises_are_those_of_the_data_set(require_data):
    require_data("watch")
    with np.load(default_data_dir() / watch.FILE) as stored:
        names = stored["exercises"].tolist()
        assert stored["channels"][sequence_figures.ACCELERATIONS].tolist() == ["ax", "ay", "az"]
    assert names == ["PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW"]
    assert len(sequence_figures.EXERCISES) == len(names)


# --- texts


def test_a_table_of_drift_in_the_prose_and_as_text():
    table = a_table([0.02, 0.01, np.nan], [0.001, 0.4, np.nan])
    assert sequence_text.drift_texts({"pens": table}) == {
        "sequences_pens_differ": "1 of 2",
        "sequences_pens_share": "1.5",
        "sequences_pens_chance": "0.4",
    }
    text = sequence_text.drift_text({"pens": table})
    assert text.loc["pens"].tolist() == ["2", "1", "1.5", "0.4", "0.7"]
    nothing = sequence_text.drift_texts({"pens": a_table([np.nan], [np.nan])})
    assert nothing["sequences_pens_share"] == "unknown"


def test_false_findings_are_counted():
    found = {"pens": np.array([[True, False], [False, False]]), "watch": np.array([[False]])}
    text = sequence_text.false_findings_text(found)
    assert text == "25.0 % of 4 (pens) and 0.0 % of 1 (watch)"


def test_what_a_split_by_window_flatters():
    by_item = pd.Series({"a": 0.7, "b": 0.6, "c": 0.8})
    by_window = pd.Series({"a": 0.8, "b": 0.72, "c": 0.88})
    texts = sequence_text.nearest_texts(by_item, by_window)
    assert texts["sequences_nearest_item"] == "70.0"
    assert texts["sequences_nearest_window"] == "80.0"
    assert texts["sequences_nearest_gain"].startswith("+10.0 [")


def gains(on_U: tuple, difference: tuple) -> ContextGains:
    """Gains of .1 on D_I. on_U, difference: mean and half of the interval."""

    def mean(value: float, reach: float) -> Mean:
        return Mean(value, reach / 2, 9, 10, 2, value - reach, value + reach, 0.5)

    return ContextGains("TL", 0.8, 0.75, mean(0.1, 0.02), mean(*on_U), mean(*difference))


def test_gains_in_the_prose_and_as_a_table():
    found = {"pens": gains((0.11, 0.02), (0.01, 0.03)), "watch": None}
    texts = sequence_text.gains_texts(found)
    assert texts["sequences_pens_I"] == "+10.0 [+8.0, +12.0]"
    assert texts["sequences_pens_U"] == "+11.0 [+9.0, +13.0]"
    assert texts["sequences_pens_less"] == "+1.0 [-2.0, +4.0]"
    assert texts["sequences_pens_people"] == "10"
    assert texts["sequences_watch_U"] == "unknown"
    table = sequence_text.gains_table(found)
    assert list(table.index) == ["pens"]
    assert table.loc["pens", "generic network, D_I and D_U in %"] == "80.0, 75.0"
