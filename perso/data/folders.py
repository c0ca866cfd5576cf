"""Folders of image files: PERSON/CLASS/NAME.png, and NIST's SD19 by_write with by_class."""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from perso.data.found import Found, shown
from perso.data.pictures import SUFFIXES, decoded
from perso.data.sizes import counted
from perso.errors import InputError
from perso.files import visible

# parts of a data set, which are nobody's name
PARTS = {"train", "test", "val", "valid", "validation", "training", "testing"}
SKIPPED = (".", "__MACOSX")  # how names of hidden files and of archive tools' folders begin
WRITER = re.compile(r"f\d{4}_\d{2}")
HEX_CLASS = re.compile(r"[3-7][0-9a-fA-F]")  # of a letter or digit: 30 is 0, 41 is A, 61 is a
HEX_AT_END = re.compile(r"[a-z]\d{4}_\d{2}_([3-7][0-9a-fA-F])")


def has_images(path: Path) -> bool:
    """Whether a folder has image files in it, or in folders one or two levels below."""
    return any(_is_image(file) for file in visible(path, "*", "*/*", "*/*/*"))


def too_deep(path: Path) -> Path | None:
    """Return an image that lies deeper than PERSON/CLASS/NAME.png; None where there is none."""
    files = visible(path, "*/*/*/*", "*/*/*/*/*")
    return next((file.relative_to(path) for file in files if _is_image(file)), None)


def read_folders(path: Path) -> Found:
    """Return the images of a folder of people, in each of which is a folder per class.

    Files that are no images are left out, with a note, and so are images in folders below the
    images of a class. InputError where all images of a class lie below, where images lie above, and
    where the folders are parts of a data set.
    """
    needed = "needed is PERSON/CLASS/NAME.png"
    files = []
    labels = []
    who = []
    misplaced = [file for file in _files(path) if _is_image(file)]
    others = 0
    below = []
    for person in _folders(path):
        misplaced += [file for file in _files(person) if _is_image(file)]
        for name in _folders(person):
            inside = _files(name)
            images = [file for file in inside if _is_image(file)]
            others += len(inside) - len(images)
            deeper = _images_below(name)
            if deeper and not images:
                folder = shown(deeper[0].parent.relative_to(path))
                raise InputError(f"{shown(path)}: the images of {folder} lie too deep; {needed}")
            below += deeper
            files += images
            labels += [name.name] * len(images)
            who += [person.name] * len(images)
    if misplaced:
        name = shown(misplaced[0].relative_to(path))
        raise InputError(f"{shown(path)}: {name} has no person or class; {needed}")
    if not files:
        raise InputError(f"{shown(path)}: no images in it; {needed}")
    if set(who) <= PARTS:
        names = " and ".join(sorted(set(who)))
        raise InputError(f"{shown(path)}: its folders are {names}, not people; {needed}")
    images, read, notes = decoded(files, shown(path))
    if others:
        notes.append(f"{counted(others, 'file')} left out, by the name no image")
    if below:
        first = shown(below[0].relative_to(path))
        notes.append(
            f"{counted(len(below), 'image')} left out, in folders below PERSON/CLASS: {first} is "
            "the first"
        )
    return Found(
        "images",
        images,
        _objects(labels)[read],
        _objects(who)[read],
        notes=notes,
        places=_names(files, path)[read],
    )


def is_by_write(path: Path) -> bool:
    """Whether a folder is NIST's by_write, or holds it."""
    return _by_write(path) is not None


def _by_write(path: Path) -> Path | None:
    """Return the folder of the folders hsf_0, hsf_1, …, with writers in them; None: not there."""
    for folder in (path, path / "by_write"):
        for series in folder.glob("hsf_*"):
            if series.is_dir() and any(WRITER.fullmatch(each.name) for each in _folders(series)):
                return folder
    return None


def read_by_write(path: Path) -> Found:
    """Return NIST SD19's characters: by_write/hsf_N/fXXXX_YY/dXXXX_YY/NAME.png.

    The folders of a writer are forms (d digits, u and l letters, c a text), not classes. The class
    is that of the equal file in by_class/HEX/hsf_N, which lies beside by_write; files without an
    equal one are left out, with a note. A writer's folder that is or ends with the class in
    hexadecimal (30 to 7a) needs no by_class. Attribute hsf: the series, 0..7.

    InputError where by_class is needed and not there.
    """
    by_write = _by_write(path)
    files = []
    labels = []
    who = []
    series = []
    for part in _folders(by_write):
        number = part.name.removeprefix("hsf_")
        if not number.isdigit():
            continue
        for writer in _folders(part):
            for folder in _folders(writer):
                images = [file for file in _files(folder) if _is_image(file)]
                files += images
                labels += [_class_of(folder.name)] * len(images)
                who += [writer.name] * len(images)
                series += [int(number)] * len(images)
    if not files:
        raise InputError(
            f"{shown(by_write)}: no images in it; needed are hsf_N/fXXXX_YY/…/NAME.png"
        )
    unmatched = 0
    if "" in labels:
        class_of = _classes_by_content(by_write)
        labels = [
            label or class_of.get(_digest(file), "")
            for file, label in zip(files, labels, strict=True)
        ]
        unmatched = labels.count("")
    has_class = np.array([label != "" for label in labels])
    if not has_class.any():
        raise InputError(f"{shown(by_write)}: by_class beside it has none of its files")
    files = [file for file, keep in zip(files, has_class, strict=True) if keep]
    images, read, notes = decoded(files, shown(path))
    if unmatched:
        notes.append(f"{counted(unmatched, 'image')} left out, not in by_class")
    return Found(
        "images",
        images,
        _objects(labels)[has_class][read],
        _objects(who)[has_class][read],
        attributes={"hsf": np.array(series)[has_class][read]},
        notes=notes,
        places=_names(files, by_write)[read],
    )


def _class_of(folder: str) -> str:
    """Return the character that a folder's name is in hexadecimal, or ""."""
    at_end = HEX_AT_END.fullmatch(folder)
    code = at_end[1] if at_end else folder
    return chr(int(code, 16)) if HEX_CLASS.fullmatch(code) else ""


def _classes_by_content(by_write: Path) -> dict[bytes, str]:
    """Return {hash of a file: its character} for all files of by_class."""
    for by_class in (by_write.parent / "by_class", by_write / "by_class"):
        if by_class.is_dir():
            break
    else:
        needed = "put NIST's by_class beside it, whose equal files have the classes"
        raise InputError(f"{shown(by_write)}: by_write does not name the classes; {needed}")
    return {
        _digest(file): chr(int(folder.name, 16))
        for folder in _folders(by_class)
        if HEX_CLASS.fullmatch(folder.name)
        for series in _folders(folder)
        if series.name.startswith("hsf_")  # the folder train_30 has copies
        for file in _files(series)
        if _is_image(file)
    }


def _digest(file: Path) -> bytes:
    """Return the hash of a file's bytes."""
    return hashlib.sha256(file.read_bytes()).digest()


def _folders(path: Path) -> list[Path]:
    """Return the folders in a folder, sorted, without hidden ones and those of archive tools."""
    return [each for each in _sorted(path) if each.is_dir()]


def _files(path: Path) -> list[Path]:
    """Return the files in a folder, sorted, without hidden ones."""
    return [each for each in _sorted(path) if not each.is_dir()]


def _sorted(path: Path) -> Iterator[Path]:
    """Return what is in a folder, sorted, without hidden files and those of archive tools."""
    names = sorted(path.iterdir())
    return (each for each in names if not each.name.startswith(SKIPPED))


def _images_below(folder: Path) -> list[Path]:
    """Return the images in the folders of a folder, at any depth; links are followed only once."""
    images = []
    for top in _folders(folder):
        for place, folders, names in os.walk(top):
            folders[:] = sorted(name for name in folders if not name.startswith(SKIPPED))
            found = (Path(place, name) for name in sorted(names) if not name.startswith(SKIPPED))
            images += [file for file in found if _is_image(file)]
    return images


def _names(files: list[Path], folder: Path) -> np.ndarray:
    """Return the names of files in a folder, as text that can be printed."""
    return _objects([shown(file.relative_to(folder)) for file in files])


def _is_image(file: Path) -> bool:
    """Whether a file has the suffix of an image."""
    return file.suffix.lower() in SUFFIXES


def _objects(values: list) -> np.ndarray:
    """Return a list of text as an array that a mask can index."""
    return np.array(values, object)
