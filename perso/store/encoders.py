"""Published auto-encoders: weights beside the published rows, so that no reader trains them again.

`results/NAME.encoders.npz` is a NumPy archive without pickled objects. The array `KEY/NAME` is the
tensor NAME of the auto-encoder with this key, float32. The array `provenance` is text: a JSON
object with the study's facts, and under `encoders` what is known of each key. Weights take less
space than the latent codes of all images, and also decode.
"""

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from perso.errors import InputError
from perso.files import visible, whole
from perso.store import published
from perso.store.sqlite import NETWORK

SUFFIX = ".encoders.npz"


@dataclass(frozen=True)
class PublishedEncoders:
    """The auto-encoders of one file."""

    file: str  # folder and file, such as results/quick.encoders.npz
    weights: dict[str, dict[str, np.ndarray]]  # by key, then by name of the tensor
    provenance: dict  # see the function `write_encoders`


def path_beside(path: str | Path) -> Path:
    """Return the path of the auto-encoders that belong to a file of published rows."""
    return Path(path).with_suffix(SUFFIX)


def write_encoders(path: str | Path, study, folds: Iterable[int], params: str = "") -> None:
    """Write the auto-encoders of these folds from a study's store; the file appears whole or not.

    The provenance holds what `published.study_facts` returns and, under `encoders`, by key: the
    fold, the number of iterations, the seconds of training, and when it ended.
    """
    arrays = {}
    known = {}
    for fold in folds:
        key = study.encoder_key(fold)
        row = study.store.network(key)
        known[key] = {"fold": fold} | {
            name: row[name] for name in NETWORK if name not in ("key", "weights")
        }
        arrays |= {f"{key}/{name}": value for name, value in study.store.weights(key).items()}
    provenance = published.study_facts(study, params) | {"encoders": known}
    arrays["provenance"] = np.array(json.dumps(provenance, ensure_ascii=False))
    with whole(path) as aside:
        np.savez_compressed(aside, **arrays)


def write_beside(path: str | Path, study, params: str = "") -> Path | None:
    """Write a study's stored auto-encoders beside a file of its rows; return the path, if any.

    Nothing is written where another file of that folder holds them all.
    """
    stored = study.store.keys("networks")
    folds = [fold for fold in range(len(study.folds)) if study.encoder_key(fold) in stored]
    target = path_beside(path)
    others = [each for each in encoder_files(target.parent) if each != target]
    elsewhere = {key for each in others for key in kept_encoders(each).weights}
    if {study.encoder_key(fold) for fold in folds} <= elsewhere:
        return None
    write_encoders(target, study, folds, params)
    return target


def read_encoders(path: str | Path) -> PublishedEncoders:
    """Return a file of auto-encoders; InputError for another or a damaged file."""
    path = Path(path)
    weights: dict[str, dict[str, np.ndarray]] = {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            provenance = json.loads(str(arrays["provenance"]))
            for key in provenance["encoders"]:
                names = [name for name in arrays.files if name.startswith(f"{key}/")]
                weights[key] = {name.partition("/")[2]: arrays[name] for name in names}
        if not weights or not all(weights.values()):
            raise ValueError("its weights are missing")
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path}: no published auto-encoders ({reason}); `perso export` writes such a file"
        ) from error
    return PublishedEncoders(f"{path.parent.name}/{path.name}", weights, provenance)


@lru_cache(maxsize=64)
def unchanged_encoders(path: Path, mtime_ns: int, size: int) -> PublishedEncoders:
    """Return `read_encoders`, called once per process and state of a file."""
    return read_encoders(path)


def kept_encoders(path: Path) -> PublishedEncoders:
    """Return a file of auto-encoders, read again only where it has changed. Do not change it."""
    try:
        state = path.stat()
    except OSError:
        return read_encoders(path)  # raises the InputError
    return unchanged_encoders(path, state.st_mtime_ns, state.st_size)


def encoder_files(folder: Path = published.FOLDER) -> list[Path]:
    """Return the files of auto-encoders in a folder, by name."""
    return sorted(visible(folder, f"*{SUFFIX}"))


def find_encoder(key: str, folder: Path = published.FOLDER) -> PublishedEncoders | None:
    """Return the published file that holds an auto-encoder; None where there is none."""
    for path in encoder_files(folder):
        found = kept_encoders(path)
        if key in found.weights:
            return found
    return None
