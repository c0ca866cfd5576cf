"""Where people lie by their mean codes."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from perso.analysis import people_map

WHO = np.array(["a"] * 4 + ["b"] * 3 + ["c"] * 2)
LABELS = np.array([0, 0, 0, 1, 0, 1, 1, 0, 1])
OFFSETS = {"a": 0.0, "b": 1.0, "c": 5.0}


def study_of(codes: np.ndarray, monkeypatch) -> SimpleNamespace:
    """A study with these codes of its images, all of them of the first fold."""
    data = SimpleNamespace(who=WHO, labels=LABELS)
    monkeypatch.setattr(people_map, "unflipped", lambda study, fold: np.arange(len(WHO)))
    return SimpleNamespace(data=data, codes=lambda fold, images: codes)


def test_the_number_of_images_of_a_class_moves_nobody(monkeypatch):
    own = np.array([OFFSETS[person] for person in WHO])
    codes = np.column_stack([100.0 * LABELS + own, np.zeros(len(WHO))])
    found = people_map.mean_codes(study_of(codes, monkeypatch))
    # images of a class differ by the person alone; the means of both classes are of other people
    assert list(found.index) == ["a", "b", "c"]
    assert found[0]["b"] - found[0]["a"] == pytest.approx(1)
    assert found[0]["c"] - found[0]["a"] == pytest.approx(5)
    assert found[1].tolist() == [0, 0, 0]


def test_the_map_keeps_the_longest_directions_and_the_nearest_person():
    codes = pd.DataFrame(
        [[0, 0, 0.0], [4, 0, 0.1], [0, 2, 0.2], [4, 2, 0.1]], index=["a", "b", "c", "d"]
    )
    found = people_map.people_map(codes)
    assert found["x"].abs().tolist() == pytest.approx([2, 2, 2, 2], abs=0.01)
    assert found["y"].abs().tolist() == pytest.approx([1, 1, 1, 1], abs=0.01)
    assert found["nearest"].tolist() == ["c", "d", "a", "b"]
    assert found["distance"]["a"] == pytest.approx(np.hypot(2, 0.2))
    first, second = found.attrs["shares"]
    assert first == pytest.approx(0.8, abs=0.01) and second == pytest.approx(0.2, abs=0.01)


def test_the_signs_of_the_map_are_fixed():
    codes = pd.DataFrame([[0.0, 0], [3, 1], [5, 4]], index=["a", "b", "c"])
    found = people_map.people_map(codes)
    again = people_map.people_map(-codes)
    assert found["x"]["c"] > found["x"]["a"] and again["x"]["c"] < again["x"]["a"]
