"""Pictures of every person: before and after, and who is like whom."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.offsetbox import AnnotationBbox

from perso.report import latent_figures, people_figures

LEVELS = {"a": (0.5, 0.7), "b": (0.6, 0.5), "c": (0.8, 0.8), "d": (0.9, 0.8)}
ROWS = pd.DataFrame(
    [
        (method, person, values[place], values[place] / 2)
        for person, values in LEVELS.items()
        for place, method in enumerate(("BaseLine", "SW-n-2"))
    ],
    columns=["method", "person", "acc_I", "acc_G"],
)


def lines_of(ax, label: str) -> list:
    """The lines from before to after that have this label, [people, 2]."""
    (drawn,) = [line for line in ax.lines if line.get_label() == label]
    return np.reshape(drawn.get_ydata(), (-1, 3))[:, :2].tolist()


def test_every_person_is_a_line_and_the_lowest_changes_are_marked():
    shown = people_figures.slopes(ROWS, "SW-n-2", "BaseLine")
    on_I, on_G = shown.figure.axes
    assert lines_of(on_I, people_figures.LOWEST.label) == [
        pytest.approx([60, 50]),
        pytest.approx([90, 80]),
    ]
    assert lines_of(on_I, "all others") == [pytest.approx([50, 70]), pytest.approx([80, 80])]
    assert lines_of(on_G, "mean over people") == [pytest.approx([35, 35])]
    assert [label.get_text() for label in on_I.get_xticklabels()] == ["BaseLine", "SW-n-2"]
    texts = [text.get_text() for text in shown.figure.legends[0].get_texts()]
    assert texts == ["all others", "the 2 lowest changes", "mean over people"]


def test_the_text_of_slopes_has_the_mean_and_who_loses():
    text = people_figures.slopes(ROWS, "SW-n-2", "BaseLine").alt
    assert "with BaseLine and with SW-n-2." in text
    ends = "2 of 4 people lose, the 2 lowest changes are"
    assert f"D_I: mean +0.0 points, {ends} -10.0 to -10.0." in text
    assert f"D_G: mean +0.0 points, {ends} -5.0 to -5.0." in text


def test_of_few_people_all_are_marked():
    few = ROWS[ROWS["person"].isin(["a", "b"])]
    shown = people_figures.slopes(few, "SW-n-2", "BaseLine")
    assert lines_of(shown.figure.axes[0], "all others") == []
    assert "the 2 lowest changes" in shown.alt


PLACES = pd.DataFrame(
    {
        "x": [0.0, 0.1, 5.0],
        "y": [0.0, 0.1, 3.0],
        "nearest": ["b", "a", "b"],
        "distance": [0.2, 0.1, 6.0],
    },
    index=["a", "b", "c"],
)
PLACES.attrs["shares"] = (0.6, 0.25)


def test_people_have_a_dot_a_name_and_digits_where_these_cover_nothing():
    digits = {person: np.full((3, 8, 8), 9, np.uint8) for person in PLACES.index}
    shown = latent_figures.map_figure(PLACES, digits)
    (ax,) = shown.figure.axes
    np.testing.assert_allclose(ax.collections[0].get_offsets(), PLACES[["x", "y"]])
    drawn = [each for each in ax.artists if isinstance(each, AnnotationBbox)]
    assert {each.xy for each in drawn} == {(0.0, 0.0), (5.0, 3.0)}  # b's would cover a
    assert sorted(text.get_text() for text in ax.texts) == ["a", "b", "c"]
    assert [line.get_label() for line in ax.lines] == ["a to b", "b to a", "c to b"]
    assert ax.get_xlabel() == "60 % of the variation between people"


def test_the_map_says_who_is_alike_and_who_is_alone():
    digits = {person: np.zeros((1, 8, 8), np.uint8) for person in PLACES.index}
    assert latent_figures.map_figure(PLACES, digits).alt == (
        "A map of 3 people by their mean codes; the most alike are b and a, the least like anybody "
        "is c."
    )
