"""EMNIST's MATLAB files, which have the writers of NIST's characters."""

from pathlib import Path

import numpy as np

from perso.data.found import Found, concatenated
from perso.errors import InputError


def read_emnist(path: Path) -> Found:
    """Return the characters of training and test data; their images are stored transposed.

    The class is the character that `mapping` names. InputError for a file without writers.
    """
    from scipy.io import loadmat

    needed = "needed is EMNIST's dataset.train and dataset.test of images, labels and writers"
    try:
        stored = loadmat(path, simplify_cells=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    except NotImplementedError as error:
        raise InputError(f"{path}: is of MATLAB 7.3; save it with save(…, '-v7')") from error
    except Exception as error:  # damaged files raise errors of many kinds
        raise InputError(f"{path}: truncated, damaged or no .mat file") from error
    dataset = stored.get("dataset")
    if not isinstance(dataset, dict):
        names = ", ".join(name for name in stored if not name.startswith("__")) or "none"
        raise InputError(f"{path}: has no dataset, but {names}; {needed}")
    parts = [dataset[name] for name in ("train", "test") if isinstance(dataset.get(name), dict)]
    images = []
    labels = []
    who = []
    for part in parts:
        for name in ("images", "labels", "writers"):
            if name not in part:
                raise InputError(f"{path}: has no {name}; {needed}")
        pixels = np.atleast_2d(part["images"])
        side = round(pixels.shape[-1] ** 0.5)
        counts = [np.size(part[name]) for name in ("labels", "writers")]
        if pixels.ndim != 2 or side * side != pixels.shape[1] or counts != 2 * [len(pixels)]:
            shape = " × ".join(map(str, pixels.shape))
            raise InputError(f"{path}: images are {shape}; {needed}, one of each per square image")
        images.append(pixels.reshape(-1, side, side).transpose(0, 2, 1))
        labels.append(np.ravel(part["labels"]))
        who.append(np.ravel(part["writers"]))
    if not images:
        raise InputError(f"{path}: has no training and no test data; {needed}")
    classes = np.concatenate(labels)
    return Found(
        "images",
        concatenated(images, str(path)),
        _characters(classes, dataset),
        np.concatenate(who),
        notes=["images transposed"],
    )


def _characters(classes: np.ndarray, dataset: dict) -> np.ndarray:
    """Return the character of each class, where the file's mapping has it, else the number.

    mapping   int [C, 2 or more]: a class and the code of its character
    """
    mapping = np.asarray(dataset.get("mapping", ()))
    if mapping.ndim != 2 or mapping.shape[1] < 2 or mapping.dtype.kind not in "iuf":
        return classes
    character = {int(row[0]): chr(int(row[1])) for row in mapping if 32 < row[1] < 127}
    if not set(np.unique(classes).tolist()) <= set(character):
        return classes
    return np.array([character[int(each)] for each in classes], object)
