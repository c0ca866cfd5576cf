"""Shoulder exercises, recorded by a watch → arrays of sequences.

D. Burns and others, arXiv:1802.01489: 140 recordings of 10 people, each of one of 7 exercises with
one arm, at 50 Hz; a part of the package seglearn (BSD-3), which stores them as a pickle. Reading a
pickle can run code, so it is done once:

    pip install seglearn==1.2.5
    python -m perso.data.watch DATA_DIR
"""

import argparse
import hashlib
import math
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from perso.errors import InputError
from perso.files import whole

WINDOW = 96  # samples of a window, 1.92 s
EVERY = 2  # of which every second one is kept: 25 Hz
BLOCK = 4  # neighbouring windows of one item
FILE = "watch/watch-exercises.npz"  # in data_dir
# arrays of FILE: acceleration in g and angular rate in rad/s float32 [samples, 6], the recordings
# one after the other; where each begins, and the end [141]; facts of each [140]; and names
NAMES = ("values", "offsets", "subject", "side", "exercise", "channels", "exercises")
# of these arrays, see `_hash_of`
SHA256 = "3c284c84f8f5502d9dd2012b14064cdaeb674db69958a24e3916d5e967442fea"


def watch_arrays(data_dir: Path) -> dict[str, np.ndarray]:
    """Return all windows as sequences [N, 48, 6]; a shorter rest of a recording is left out.

    The class is the exercise, and `who` the subject. BLOCK neighbouring windows are one item, so
    that a split does not part them. Attributes: side, 1 for the right arm and 0 for the left;
    recording, its number.

    InputError for a missing file, with how it is made, and for other content.
    """
    stored = _read_recordings(data_dir)
    windows = []
    items = []
    recordings = []
    next_item = 0
    bounds = zip(stored["offsets"][:-1], stored["offsets"][1:], strict=True)
    for recording, (start, end) in enumerate(bounds):
        found = windows_of(stored["values"][start:end])
        windows.append(found)
        items.append(next_item + np.arange(len(found)) // BLOCK)
        recordings.append(np.full(len(found), recording))
        next_item += math.ceil(len(found) / BLOCK)
    recording = np.concatenate(recordings)
    return {
        "sequences": np.concatenate(windows),
        "labels": stored["exercise"][recording],
        "who": stored["subject"][recording],
        "item": np.concatenate(items),
        "attr_side": stored["side"][recording],
        "attr_recording": recording,
    }


def windows_of(values: np.ndarray) -> np.ndarray:
    """Return the windows of one recording [samples, C], without overlap: [N, WINDOW / EVERY, C]."""
    count = len(values) // WINDOW
    windows = values[: count * WINDOW].reshape(count, WINDOW, values.shape[1])
    return windows[:, ::EVERY]


def convert(data_dir: Path) -> Path:
    """Write FILE from the recordings in the installed seglearn, and return its path.

    This unpickles a file of that package. InputError where it is not installed, or another version.
    """
    package = find_spec("seglearn")  # found, not imported: its code need not fit today's libraries
    if package is None:
        raise InputError("seglearn is not installed; run: pip install seglearn==1.2.5")
    pickled = Path(package.submodule_search_locations[0], "data", "watch_dataset.npy")
    try:
        data = np.load(pickled, allow_pickle=True).item()
        arrays = {
            "values": np.concatenate(data["X"]).astype("<f4"),
            "offsets": np.cumsum([0, *map(len, data["X"])], dtype="<i8"),
            "subject": np.asarray(data["subject"], "<i8"),
            "side": np.asarray(data["side"], "<i8"),
            "exercise": np.asarray(data["y"], "<i8"),
            "channels": np.array(data["X_labels"]),
            "exercises": np.array(data["y_labels"]),
        }
    except Exception as error:  # a pickle of another version raises many kinds
        raise InputError(f"{pickled}: not as in seglearn 1.2.5 ({error})") from error
    if _hash_of(arrays) != SHA256:
        raise InputError(f"{pickled}: not the recordings of seglearn 1.2.5 (SHA-256 differs)")
    path = data_dir / FILE
    with whole(path) as temporary:
        np.savez_compressed(temporary, **arrays)
    return path


def _read_recordings(data_dir: Path) -> dict[str, np.ndarray]:
    """Return the arrays of FILE, verified."""
    path = data_dir / FILE
    how = f"pip install seglearn==1.2.5; python -m perso.data.watch {data_dir}"
    if not path.is_file():
        raise InputError(f"dataset watch: {path} is missing; to make it, run: {how}")
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in NAMES}
    except Exception as error:  # damaged files raise errors of many kinds
        raise InputError(f"{path}: truncated or damaged; to make it again, run: {how}") from error
    if _hash_of(arrays) != SHA256:
        raise InputError(
            f"{path}: not the recordings of seglearn 1.2.5 (SHA-256 differs); "
            f"to make it again, run: {how}"
        )
    return arrays


def _hash_of(arrays: dict[str, np.ndarray]) -> str:
    """Return the SHA-256 (hex) of the arrays' names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in NAMES:
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode() + array.tobytes())
    return digest.hexdigest()


def convert_command(argv: list[str] | None = None) -> int:
    """Convert seglearn's recordings; return 0, or 2 where they cannot be converted."""
    what = "Convert the recordings of the installed seglearn 1.2.5 for the data set watch."
    parser = argparse.ArgumentParser(prog="python -m perso.data.watch", description=what)
    parser.add_argument("data_dir", type=Path, help="the folder of the data sets")
    data_dir = parser.parse_args(argv).data_dir.expanduser()
    print("perso: unpickling a file of the package seglearn, which can run code", file=sys.stderr)
    try:
        print(convert(data_dir))
    except InputError as error:
        print(f"perso: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(convert_command())
