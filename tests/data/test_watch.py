"""Recordings of a watch: windows and items, the real people, the conversion of seglearn's file."""

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from perso.data import watch
from perso.data.sources import load
from perso.errors import InputError
from perso.paths import default_data_dir

same = np.testing.assert_array_equal

LENGTHS = (96 * 6 + 50, 95, 96 * 4)  # samples of three recordings: 6, 0 and 4 windows
COUNT = sum(LENGTHS)
RECORDINGS = {
    "values": np.arange(COUNT * 6, dtype=np.float32).reshape(COUNT, 6),
    "offsets": np.cumsum([0, *LENGTHS]),
    "subject": np.array([7, 7, 2]),
    "side": np.array([1, 0, 0]),
    "exercise": np.array([1, 0, 0]),
    "channels": np.array(["ax", "ay", "az", "wx", "wy", "wz"]),
    "exercises": np.array(["PEN", "ABD"]),
}
MAKE = "pip install seglearn==1.2.5; python -m perso.data.watch {}"


def refused(action, *arguments) -> str:
    with pytest.raises(InputError) as caught:
        action(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def known(monkeypatch):
    """RECORDINGS are what is expected."""
    monkeypatch.setattr(watch, "SHA256", watch._hash_of(RECORDINGS))


@pytest.fixture
def folder(tmp_path, known):
    """A data folder with the file of RECORDINGS."""
    (tmp_path / "watch").mkdir()
    np.savez(tmp_path / watch.FILE, **RECORDINGS)
    return tmp_path


def test_a_window_has_every_second_of_96_samples(folder):
    cohort = load("watch", folder)
    assert cohort.inputs.shape == (10, 48, 6) and cohort.kind == "sequences"
    values = RECORDINGS["values"]
    same(cohort.inputs[0], values[:96:2])
    same(cohort.inputs[5], values[480:576:2])
    same(cohort.inputs[6], values[LENGTHS[0] + LENGTHS[1] :][:96:2])  # no window of two recordings


def test_four_neighbours_are_an_item_which_ends_with_its_recording(folder):
    cohort = load("watch", folder)
    assert cohort.item.tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2]
    assert cohort.attributes["recording"].tolist() == [0] * 6 + [2] * 4
    assert cohort.attributes["side"].tolist() == [1] * 6 + [0] * 4
    assert cohort.who.tolist() == [7] * 6 + [2] * 4
    assert cohort.labels.tolist() == [1] * 6 + [0] * 4


def test_watch_has_10_people_of_7_exercises_and_2_arms(load_real):
    cohort = load_real("watch")
    assert (cohort.kind, cohort.source) == ("sequences", "watch")
    assert cohort.inputs.shape == (2478, 48, 6) and cohort.inputs.dtype == np.float32
    assert cohort.people.tolist() == list(range(1, 11))
    facts = np.stack([cohort.who, cohort.labels, cohort.attributes["side"]], axis=1)
    assert len(np.unique(facts, axis=0)) == 140 == len(np.unique(cohort.attributes["recording"]))
    windows = np.bincount(cohort.attributes["recording"])
    same(np.bincount(cohort.item).max(), 4)
    assert len(np.unique(cohort.item)) == np.ceil(windows / 4).sum() == 670
    # the same on every machine
    expected = "0c81aa20a1bb5994812062bba6434daff1e261906a694a97c4d61ae22d664d0e"
    assert cohort.content_hash == expected


# --- the file


def test_a_missing_file_is_named_with_how_it_is_made(tmp_path):
    message = f"dataset watch: {tmp_path}/watch/watch-exercises.npz is missing; to make it, run: "
    assert refused(load, "watch", tmp_path) == message + MAKE.format(tmp_path)


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_file_that_is_not_whole_is_named_with_its_cure(folder, share):
    path = folder / watch.FILE
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    message = f"{path}: truncated or damaged; to make it again, run: {MAKE.format(folder)}"
    assert refused(load, "watch", folder) == message


@pytest.mark.parametrize("name", watch.NAMES)
def test_other_content_is_refused(folder, name):
    path = folder / watch.FILE
    np.savez(path, **RECORDINGS | {name: RECORDINGS[name][::-1]})
    assert refused(load, "watch", folder).startswith(f"{path}: not the recordings of seglearn 1.2.")


class Harmful:
    """Runs code where it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("unpickled",)


def test_nothing_is_unpickled_when_the_data_are_loaded(folder):
    objects = np.array([Harmful()] * 7, dtype=object)
    np.savez(folder / watch.FILE, **RECORDINGS | {"exercises": objects})
    assert "truncated or damaged" in refused(load, "watch", folder)


# --- conversion


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package seglearn of RECORDINGS that cannot be imported; → its file."""
    pickled = tmp_path / "packages" / "seglearn" / "data" / "watch_dataset.npy"
    pickled.parent.mkdir(parents=True)
    (tmp_path / "packages" / "seglearn" / "__init__.py").write_text("raise ImportError\n")
    data = {
        "X": np.split(RECORDINGS["values"].astype(float), RECORDINGS["offsets"][1:-1]),
        "y": RECORDINGS["exercise"],
        "side": RECORDINGS["side"].astype(float),
        "subject": RECORDINGS["subject"].astype("i2"),
        "X_labels": RECORDINGS["channels"].tolist(),
        "y_labels": RECORDINGS["exercises"].tolist(),
    }
    np.save(pickled, data)
    monkeypatch.syspath_prepend(tmp_path / "packages")
    return pickled


def test_a_converted_file_has_the_same_arrays(package, known, tmp_path, capsys):
    assert watch.convert_command([str(tmp_path / "data")]) == 0
    printed = capsys.readouterr()
    path = tmp_path / "data" / "watch" / "watch-exercises.npz"
    assert printed.out == f"{path}\n" and "unpickling a file of the package" in printed.err
    with np.load(path) as stored:
        assert set(stored) == set(RECORDINGS)
        for name, array in RECORDINGS.items():
            same(stored[name], array)
            assert stored[name].dtype == array.dtype
    assert len(load("watch", tmp_path / "data").who) == 10


def test_other_recordings_are_not_converted(package, tmp_path, capsys):
    assert watch.convert_command([str(tmp_path / "data")]) == 2
    message = f"perso: {package}: not the recordings of seglearn 1.2.5 (SHA-256 differs)"
    assert capsys.readouterr().err.splitlines()[-1] == message
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("content", [{}, {"X": [np.ones((3, 6))]}, [1, 2]])
def test_a_file_of_another_form_is_refused(package, tmp_path, content):
    np.save(package, content, allow_pickle=True)
    assert refused(watch.convert, tmp_path).startswith(f"{package}: not as in seglearn 1.2.5 (")
    package.unlink()
    assert "No such file" in refused(watch.convert, tmp_path)


def test_without_seglearn_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(watch, "find_spec", lambda name: None)
    message = "seglearn is not installed; run: pip install seglearn==1.2.5"
    assert refused(watch.convert, tmp_path) == message


@pytest.mark.skipif(find_spec("seglearn") is None, reason="seglearn is not installed")
def test_the_real_package_holds_the_recordings(tmp_path, require_data):
    require_data("watch")
    command = [sys.executable, "-W", "error", "-m", "perso.data.watch", str(tmp_path)]
    subprocess.run(command, check=True)
    with (
        np.load(tmp_path / watch.FILE) as made,
        np.load(default_data_dir() / watch.FILE) as expected,
    ):
        for name in watch.NAMES:
            assert made[name].dtype == expected[name].dtype
            assert made[name].tobytes() == expected[name].tobytes()
