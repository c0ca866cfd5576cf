"""Data sets → one `Cohort` each: samples, their classes and the people who made them.

The arrays of every data set pass `checked_cohort`, so the rest of the package may rely on their
shapes and types. Torchvision only downloads. Its files are read here, so that a truncated one can
be named. Sequences are read by `perso.data.pens` and `perso.data.watch`. ADD A DATA SET HERE: a
name in `load`, and a function that returns its arrays.
"""

import gzip
import inspect
import lzma
import os
import socket
import sys
from contextlib import redirect_stdout
from functools import partial
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from perso.data import pens
from perso.data.cohort import Cohort, arrays_of, checked_cohort, read, with_class_names
from perso.data.pens import pen_arrays
from perso.errors import InputError
from perso.files import expanded
from perso.own_code import fault, is_reference, own_object


def load(dataset: str, data_dir: str | Path) -> Cohort:
    """Return the cohort of a data set; files missing in `data_dir` are downloaded into it.

    - digits: sklearn's 1,797 digits, 8 × 8, part of sklearn; 14 people (see FORM_STARTS)
    - qmnist: 60,000 digits, 28 × 28, of 539 NIST writers; attribute hsf: 0 employees, 4 students
    - nist: the same for all 402,953 digits of NIST SD19
    - fashion: 70,000 garments, 28 × 28, training before test set; of nobody: `who` is 0 throughout
    - pens: 10,992 digits of 44 writers as trajectories, 32 points of x, y and pen, see
      `perso.data.pens`; attributes index, half: 0 for the earlier half of a writer's digits
    - watch: 2,478 windows of 7 exercises of 10 people as sequences, 48 steps of 6 channels, see
      `perso.data.watch`, which also makes its file; attributes side: 1 for the right arm, recording
    - file:PATH.npz: your own, see `perso.data.cohort.read`
    - python:FILE.py:NAME: what a function of your own returns, see `_own`

    InputError for another name, a damaged file, and a missing file that cannot be downloaded.
    """
    if dataset == "file:":
        raise InputError("dataset: file: names no file; needed is file:PATH.npz")
    if dataset.startswith("file:"):
        return read(dataset.removeprefix("file:"))
    if dataset.startswith("python:"):
        return _own(dataset.removeprefix("python:"), expanded(data_dir))
    if dataset not in SOURCES:
        possible = ", ".join([*SOURCES, "file:PATH.npz", "python:FILE.py:NAME"])
        raise InputError(f"dataset: no {dataset!r}; possible: {possible}{file_hint(dataset)}")
    arrays = SOURCES[dataset](expanded(data_dir))
    return checked_cohort(arrays, f"dataset {dataset}", dataset)


def files_of(dataset: str, data_dir: Path) -> list[Path]:
    """Return where the unpacked files of a data set belong; none for one that needs no file."""
    if dataset in ARCHIVES:
        kind, _, names, _ = ARCHIVES[dataset]
        return [(data_dir / kind / "raw" / name).with_suffix("") for name in names]
    if dataset == "pens":
        return [data_dir / pens.FOLDER / name for name in pens.TEXTS]
    if dataset == "watch":
        from perso.data.watch import FILE

        return [data_dir / FILE]
    return []


def file_hint(dataset: str) -> str:
    """Return the end of a message for a name that is a file's or a function's."""
    if Path(dataset).suffix == ".npz":
        return f"; your own file: file:{dataset}"
    if is_reference(dataset):
        return f"; your own function: python:{dataset}"
    if Path(dataset).suffix == ".py":
        return f"; your own function: python:{dataset}:NAME"
    return ""


def _own(reference: str, data_dir: Path) -> Cohort:
    """Return the cohort that a function of the user's own makes.

    The function takes no argument, or one, the data folder (a Path). It returns a dict of arrays,
    as `perso.data.cohort.read` describes them, or a Cohort; `class_names` may be a list of texts,
    too. InputError for anything else.

    reference   FILE.py:NAME, the file and the function
    """
    if not is_reference(reference):
        message = "names no function; needed is python:FILE.py:NAME"
        raise InputError(f"dataset: 'python:{reference}' {message}")
    where = f"dataset: {reference}"
    arrays = _call(reference, data_dir)
    if not isinstance(arrays, dict):
        kind = type(arrays).__name__
        needed = "needed is a dict of arrays, or a Cohort"
        raise InputError(f"{where} returned an object of type {kind}; {needed}")
    named = {str(name): array for name, array in arrays.items()}
    names = named.get("class_names")
    if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
        named["class_names"] = np.array(names, str)
    for name, array in named.items():
        if not isinstance(array, np.ndarray):
            kind = type(array).__name__
            needed = f"needed is a NumPy array: np.asarray({name})"
            raise InputError(f"{where}: array '{name}' is of type {kind}; {needed}")
    names = named.pop("class_names", None)
    cohort = checked_cohort(named, where, Path(reference).name)
    return cohort if names is None else with_class_names(cohort, names, where)


def _call(reference: str, data_dir: Path) -> object:
    """Call a function of the user's own and return its result, a Cohort as a dict."""
    function = own_object("dataset", reference)
    where = f"dataset: {reference}"
    if not callable(function):
        raise InputError(f"{where} is of type {type(function).__name__}; needed is a function")
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # Python does not know it of some functions written in C
        parameters = []
    stars = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    required = [p.name for p in parameters if p.default is p.empty and p.kind not in stars]
    if len(required) > 1:
        needed = "needed is no argument, or one, the data folder"
        raise InputError(f"{where} takes {', '.join(required)}; {needed}")
    try:
        made = function(data_dir) if required else function()
        if not isinstance(made, Cohort):
            return made
        names = {"class_names": made.class_names} if made.class_names else {}
        return arrays_of(made) | names
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{where} {fault(error, reference.rpartition(':')[0])}") from error


# First image of each form in sklearn's digits. The form asks everyone for the same 130 digits, and
# the labels repeat their order, with gaps and errors. Found by global edit alignment of the labels
# to 14 copies of labels[646:776] (match 0, substitution 2, insertion or deletion 1; 386 ties with
# 385); tests/data/test_sources.py computes it again.
FORM_STARTS = (0, 130, 256, 386, 516, 646, 776, 906, 1029, 1157, 1287, 1415, 1545, 1667)


def _digits(data_dir: Path) -> dict[str, np.ndarray]:
    """Return sklearn's digits; `who` is the form, 0..13: a person by inference, not by record.

    The source names no writers. It mentions 13 people, but there are 14 forms: one person may have
    filled in two.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    form = np.searchsorted(FORM_STARTS, np.arange(len(digits.target)), side="right") - 1
    images = np.round(digits.images * 255 / 16).astype(np.uint8)
    return {"images": images, "labels": digits.target, "who": form}


QMNIST = ["qmnist-train-images-idx3-ubyte.gz", "qmnist-train-labels-idx2-int.gz"]
NIST = ["xnist-images-idx3-ubyte.xz", "xnist-labels-idx2-int.xz"]
FASHION = [
    f"{half}-{kind}-ubyte.gz"
    for half in ("train", "t10k")
    for kind in ("images-idx3", "labels-idx1")
]
# torchvision's class (also the folder in data_dir), its arguments, files, and the files' home
ARCHIVES = {
    "qmnist": ("QMNIST", {"what": "train"}, QMNIST, "github.com/facebookresearch/qmnist"),
    "nist": ("QMNIST", {"what": "nist"}, NIST, "github.com/facebookresearch/qmnist"),
    "fashion": ("FashionMNIST", {}, FASHION, "github.com/zalandoresearch/fashion-mnist"),
}


def _idx_arrays(dataset: str, data_dir: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return a data set's images and labels from its files, packed or unpacked, in `data_dir`."""
    kind, _, names, _ = ARCHIVES[dataset]
    packed = [data_dir / kind / "raw" / name for name in names]
    if missing := [
        path for path in packed if not (path.is_file() or path.with_suffix("").is_file())
    ]:
        _download(dataset, missing)
    arrays = [
        _read_idx(path.with_suffix("") if path.with_suffix("").is_file() else path)
        for path in packed
    ]
    return np.concatenate(arrays[0::2]), np.concatenate(arrays[1::2])


def _download(dataset: str, missing: list[Path]) -> None:
    """Let torchvision download and verify (md5) into a temporary folder, then move whole files."""
    import torchvision.datasets

    kind, arguments, _, home = ARCHIVES[dataset]
    folder = missing[0].parent
    timeout = socket.getdefaulttimeout()
    # in seconds; torchvision sets none and would wait minutes for a network that does not answer
    socket.setdefaulttimeout(10)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (
            TemporaryDirectory(dir=folder, prefix=".download-") as aside,
            redirect_stdout(sys.stderr),
        ):
            downloaded = getattr(torchvision.datasets, kind)(aside, download=True, **arguments)
            for path in missing:
                os.replace(Path(downloaded.raw_folder, path.stem), path.with_suffix(""))
    except (OSError, RuntimeError, HTTPException) as error:
        reason = " ".join(str(error).split())
        names = ", ".join(path.name for path in missing)
        raise InputError(
            f"dataset {dataset}: download failed ({reason}); put {names} from {home} into {folder}"
        ) from error
    finally:
        socket.setdefaulttimeout(timeout)


def _read_idx(path: Path) -> np.ndarray:
    """Return the array of an idx file, packed or not.

    Its bytes: 0, 0, type, number of dimensions, then sizes and values, all big-endian.
    """
    try:
        with {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)(path, "rb") as file:
            raw = file.read()
        dtype = np.dtype({8: ">u1", 12: ">i4"}[raw[2]])
        ndim = raw[3]
        if f"idx{ndim}" not in path.name:
            raise ValueError(f"{ndim} dimensions")
        shape = np.frombuffer(raw, ">u4", ndim, offset=4)
        values = np.frombuffer(raw, dtype, offset=4 + 4 * ndim)
        return values.reshape(shape)  # ValueError where there are too few or too many
    except Exception as error:  # gzip, lzma and numpy raise many kinds for damaged bytes
        raise InputError(
            f"{path}: truncated or damaged ({error}); delete it to download it again"
        ) from error


def _writers(dataset: str, data_dir: Path) -> dict[str, np.ndarray]:
    """Return NIST's digits with their writers."""
    images, table = _idx_arrays(dataset, data_dir)
    # columns: class, hsf series, writer, index of the writer's digit, … (arXiv:1905.10498)
    return {
        "images": images,
        "labels": table[:, 0],
        "who": table[:, 2],
        "attr_hsf": table[:, 1],
    }


def _garments(data_dir: Path) -> dict[str, np.ndarray]:
    """Return Fashion-MNIST, whose images are nobody's."""
    images, labels = _idx_arrays("fashion", data_dir)
    return {"images": images, "labels": labels, "who": np.zeros_like(labels)}


def _watch(data_dir: Path) -> dict[str, np.ndarray]:
    """Return the windows of the exercises."""
    # not above: Python warns where `python -m` runs a module that its package has imported
    from perso.data.watch import watch_arrays

    return watch_arrays(data_dir)


# ADD A DATA SET HERE: its name, and a function of the data folder that returns its arrays
SOURCES = {
    "digits": _digits,
    "qmnist": partial(_writers, "qmnist"),
    "nist": partial(_writers, "nist"),
    "fashion": _garments,
    "pens": pen_arrays,
    "watch": _watch,
}
