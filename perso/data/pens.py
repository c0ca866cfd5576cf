"""Pen-based digits of UCI: paths of a pen, in UNIPEN text → arrays of trajectories.

E. Alpaydin and F. Alimoglu, doi:10.24432/C5MG6K, CC BY 4.0. These are the raw paths ("orig"), not
the table of 8 points per digit that UCI made of them.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np

from perso.errors import InputError
from perso.files import whole

POINTS = 32  # T, points of a trajectory
LEVELS = 256  # x and y are multiples of 1 / LEVELS
FOLDER = "pendigits"  # in data_dir
HOME = "archive.ics.uci.edu/dataset/81"
ARCHIVE = (
    "https://archive.ics.uci.edu/static/public/81/pen+based+recognition+of+handwritten+digits.zip"
)
# files in FOLDER, in order, with the SHA-256 of their text; the archive holds them as NAME.Z
TEXTS = {
    "pendigits-orig.tra": "a66225d68d7d68591e62944df1ad33b3f5aa608e2df2505844b41f5568a80da4",
    "pendigits-orig.tes": "ddb1c19e277a56c7ffe682cc024d6ab73696f9adcc1643ef9ed5aa753007e081",
}


class PenDigit(NamedTuple):
    """One digit as it was written."""

    label: int
    writer: int  # 1..30 or 1..14, numbered anew in each file
    index: int  # 1..250, the digit's number among the writer's
    strokes: list[list[tuple[int, int]]]  # points (x, y) from pen down to pen up, y upwards


def pen_arrays(data_dir: Path) -> dict[str, np.ndarray]:
    """Return all digits as trajectories [N, POINTS, 3] of x, y and pen, see `resample`.

    `who` is the writer: 1..30 of the first file, 31..44 of the second. Attributes: index, see
    `PenDigit`; half, 0 for the earlier half of a writer's digits and 1 for the later.
    """
    digits = []
    who = []
    before = 0  # writers of earlier files
    for text in _texts(data_dir / FOLDER):
        found = read_unipen(text)
        digits += found
        who += [before + digit.writer for digit in found]
        before = max(who)
    index = np.array([digit.index for digit in digits])
    return {
        "trajectories": np.stack([resample(digit.strokes) for digit in digits]),
        "labels": np.array([digit.label for digit in digits]),
        "who": np.array(who),
        "attr_index": index,
        "attr_half": later_half(np.array(who), index),
    }


def read_unipen(text: str) -> list[PenDigit]:
    """Return the digits of a UNIPEN text whose .COMMENT lines give class, writer and index."""
    digits = []
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == ".COMMENT":
            label, writer, index = map(int, words[1:])
            digits.append(PenDigit(label, writer, index, []))
        elif words[0] == ".PEN_DOWN":
            digits[-1].strokes.append([])
        elif not words[0].startswith("."):
            x, y = map(int, words)
            digits[-1].strokes[-1].append((x, y))
    return digits


def resample(strokes: Sequence[Sequence[tuple[float, float]]], points: int = POINTS) -> np.ndarray:
    """Return points at equal distances along the path, float32 [points, 3]: x, y, pen.

    The path goes through all strokes and, straight, through the air between them. Its ends are
    kept, and the speed of the pen has no effect. The centre of the bounding box is at 0, and half
    of its larger side is 1. The pen is 1 on a stroke and 0 in the air.
    """
    path = np.concatenate([np.asarray(stroke, float) for stroke in strokes])
    steps = np.sqrt((np.diff(path, axis=0) ** 2).sum(axis=1))
    way = np.concatenate([[0], np.cumsum(steps)])  # from the start to each point of the path
    wanted = np.linspace(0, way[-1], points)
    x = np.interp(wanted, way, path[:, 0])
    y = np.interp(wanted, way, path[:, 1])

    lengths = np.array([len(stroke) for stroke in strokes])
    last = np.cumsum(lengths) - 1
    first = last - lengths + 1
    near = 1e-9 * way[-1]  # rounding must not lift the pen at the end of a stroke
    begun = wanted[:, None] >= way[first] - near
    ended = wanted[:, None] > way[last] + near
    pen = (begun & ~ended).any(axis=1)

    low = path.min(axis=0)
    high = path.max(axis=0)
    half = (high - low).max() / 2 or 1.0  # a single point has no size
    centred = (np.stack([x, y], axis=1) - (low + high) / 2) / half
    # Rounded, so that the content hash does not depend on a machine's last bit. + 0.0: no -0.0.
    rounded = np.round(centred * LEVELS) / LEVELS + 0.0
    return np.column_stack([rounded, pen]).astype(np.float32)


def later_half(who: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return 0 for the earlier half of each person's samples and 1 for the later, int [N].

    index   int [N], the order; samples of equal index stay in the order of the file
    """
    later = np.zeros(len(who), int)
    for person in np.unique(who):
        own = np.flatnonzero(who == person)
        own = own[np.argsort(index[own], kind="stable")]
        later[own[(len(own) + 1) // 2 :]] = 1
    return later


def _texts(folder: Path) -> list[str]:
    """Return the texts of all files; those that are missing are downloaded into the folder."""
    paths = [folder / name for name in TEXTS]
    if missing := [path for path in paths if not path.is_file()]:
        _download_texts(missing)
    texts = []
    for path in paths:
        content = path.read_bytes()
        if fault := _fault_of_text(path.name, content):
            raise InputError(f"{path}: {fault}; delete it to download it again")
        texts.append(content.decode())
    return texts


def _fault_of_text(name: str, content: bytes) -> str | None:
    """Return what is wrong with the content of a file, None where it is UCI's."""
    if hashlib.sha256(content).hexdigest() == TEXTS[name]:
        return None
    return f"truncated, damaged or not UCI's {name} (its SHA-256 differs)"


def _download_texts(missing: list[Path]) -> None:
    """Download the archive into a temporary folder, unpack and verify, then write whole files."""
    import pooch
    from unlzw3 import unlzw

    pooch.get_logger().setLevel("ERROR")  # it would print the archive's hash
    folder = missing[0].parent
    try:
        with TemporaryDirectory(prefix="perso-") as aside:
            archive = pooch.retrieve(
                ARCHIVE,
                known_hash=None,  # that of the texts is known
                path=aside,
                downloader=pooch.HTTPDownloader(timeout=10),  # in seconds
            )
            with ZipFile(archive) as packed:
                texts = [unlzw(packed.read(f"{path.name}.Z")) for path in missing]
        for path, text in zip(missing, texts, strict=True):
            if fault := _fault_of_text(path.name, text):
                raise ValueError(fault)
    except Exception as error:  # the network, the archive and its files raise many kinds
        reason = " ".join(str(error).split())
        names = ", ".join(path.name for path in missing)
        raise InputError(
            f"dataset pens: download failed ({reason}); put {names} (there as .Z, to be unpacked) "
            f"from {HOME} into {folder}"
        ) from error
    for path, text in zip(missing, texts, strict=True):
        with whole(path) as temporary:
            temporary.write_bytes(text)
