"""LEAF's json files, such as FEMNIST's: users, num_samples and user_data."""

import json
from pathlib import Path

import numpy as np

from perso.data.found import Found, concatenated, shaped
from perso.errors import InputError
from perso.files import visible


def leaf_files(path: Path) -> list[Path]:
    """Return the json files of a folder, or of its folders train and test; or the file itself."""
    if path.is_file():
        return [path]
    files = sorted(visible(path, "*.json"))
    return files or sorted(visible(path, "train/*.json", "test/*.json"))


def read_leaf(path: Path) -> Found:
    """Return the samples of one json file or of all those of a folder, training and test data.

    InputError for a file that is not LEAF's, for text in place of numbers, and where a user has
    another number of samples than the file says, or none at all.
    """
    samples = []
    labels = []
    who = []
    for file in leaf_files(path):
        for user, values, classes in _users(file):
            samples.append(values)
            labels += classes
            who += [user] * len(classes)
    if not samples:
        raise InputError(f"{path}: no user has a sample")
    found = shaped(concatenated(samples, str(path)), str(path))
    found.labels = np.empty(len(labels), object)
    found.labels[:] = labels
    found.who = np.array(who, object)
    return found


def _users(file: Path) -> list[tuple[str, np.ndarray, list]]:
    """Return (user, samples [n, …], classes) of each user of one file who has any."""
    try:
        with open(file, encoding="utf-8") as opened:
            content = json.load(opened)
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror or error})") from error
    except (ValueError, RecursionError) as error:  # no json, not UTF-8, or nested too deeply
        raise InputError(f"{file}: truncated, damaged or not json ({error})") from error
    needed = "needed are LEAF's users, num_samples and user_data of x and y"
    if not isinstance(content, dict) or not isinstance(content.get("user_data"), dict):
        raise InputError(f"{file}: has no user_data; {needed}")
    names = []
    counts = {}
    if isinstance(content.get("users"), list):
        names = [str(user) for user in content["users"]]
        if isinstance(content.get("num_samples"), list):
            counts = dict(zip(names, content["num_samples"], strict=False))
    for name in names:
        if name not in content["user_data"] and counts.get(name) != 0:
            raise InputError(f"{file}: user {name!r} of users is not in user_data; {needed}")
    users = []
    for user, data in content["user_data"].items():
        where = f"{file}: user {user!r}"
        if not isinstance(data, dict) or not isinstance(data.get("x"), list):
            raise InputError(f"{where} has no x; {needed}")
        samples = data["x"]
        labels = data.get("y")
        if not isinstance(labels, list) or len(labels) != len(samples):
            count = len(labels) if isinstance(labels, list) else "no"
            raise InputError(f"{where} has {len(samples)} samples and {count} classes; {needed}")
        if counts.get(user, len(samples)) != len(samples):
            said = counts[user]
            raise InputError(f"{where} has {len(samples)} samples where num_samples says {said}")
        if not all(isinstance(label, int | float | str) for label in labels):
            raise InputError(f"{where} has classes that are neither numbers nor text; {needed}")
        if not samples:
            continue
        try:
            values = np.array(samples)
        except ValueError as error:
            raise InputError(f"{where} has samples of several sizes; needed is one") from error
        if values.dtype.kind not in "biuf":
            what = "text" if values.dtype.kind == "U" else "no numbers"
            raise InputError(f"{where} has {what} as samples; needed are images or sequences")
        values = values.astype("float32") if values.dtype.kind == "f" else values
        users.append((user, values, labels))
    return users
