"""The word for what an interval shows."""

import numpy as np
import pandas as pd
import pytest

from perso.report.directions import direction, together


def change(points: float, reach: float | None) -> pd.Series:
    """A change in points with its interval, as shares."""
    ends = (np.nan, np.nan) if reach is None else (points - reach, points + reach)
    return pd.Series([points, *ends], ["change", "low", "high"]) / 100


@pytest.mark.parametrize(
    ("value", "reach", "word"),
    [
        (1.0, 0.9, "raises"),
        (-1.0, 0.9, "lowers"),
        (0.1, 0.09, "keeps"),
        (0.1, 0.3, "open"),
        (1.0, None, "unknown"),
    ],
)
def test_a_change_has_a_direction(value, reach, word):
    assert direction(change(value, reach), "D_G") == word


def test_the_margin_of_a_kept_accuracy_is_that_of_the_part():
    line = change(0.1, 0.3)
    assert direction(line, "D_I") == "keeps"
    assert direction(line, "D_G") == "open"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ([(1, 0.5), (2, 0.5)], "raises"),
        ([(-1, 0.5), (-2, 0.5)], "lowers"),
        ([(1, 0.5), (0.1, 0.5)], "one"),
        ([(1, 0.5), (-1, 0.5)], "mixed"),
        ([(0.1, 0.5), (0.1, 0.05)], "no"),
    ],
)
def test_several_changes_have_one_word(changes, word):
    lines = pd.concat({"D_I": pd.DataFrame([change(*each) for each in changes])}, axis=1)
    assert together(lines, "D_I") == word
