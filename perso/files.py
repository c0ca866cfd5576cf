"""Files that are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from perso.errors import InputError


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """A file that appears whole or not at all: write to the path that this gives.

    What stands there at the end of the block takes the place of `path`; where the block fails, `path`
    is as it was. InputError where it cannot be written.
    """
    target = Path(os.path.realpath(Path(path).expanduser()))  # a link stays one, to the new file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent, prefix=".saving-") as folder:
            aside = Path(folder, target.name)
            yield aside
            os.replace(aside, target)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({reason(error)})") from error


def writable(folder: str | Path) -> None:
    """Make a folder where it is missing; InputError where no file can be written in it.

    To be asked before hours of training, not after.
    """
    folder = Path(folder).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryDirectory(dir=folder, prefix=".saving-").cleanup()
    except OSError as error:
        raise InputError(f"{folder}: no file can be written in it ({reason(error)})") from error


def reason(error: OSError) -> str:
    """Why a file cannot be written, in words."""
    if isinstance(error, FileExistsError | NotADirectoryError):  # of mkdir
        return "a file is where a folder is needed"
    return str(error.strerror or error)
