"""Files that are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from perso.errors import InputError


def expanded(path: str | Path) -> Path:
    """The path with the home folder for a leading ~; as it is where there is no such home."""
    return Path(os.path.expanduser(path))


def visible(folder: Path, *patterns: str) -> Iterator[Path]:
    """The files and folders that match a pattern, without hidden ones and what is in those.

    Desktops and editors keep files beside others, such as ._a.png beside a.png, that are none.
    """
    for pattern in patterns:
        for path in folder.glob(pattern):
            if not any(part.startswith(".") for part in path.relative_to(folder).parts):
                yield path


def is_unicode(text: str) -> bool:
    """Whether a text can be written in UTF-8; names of files that are not UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Context manager: a temporary path to write to; at the end of the block it becomes `path`.

    Where the block fails, `path` stays as it was. InputError where `path` cannot be written.
    """
    target = Path(os.path.realpath(expanded(path)))  # a symbolic link stays a link
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # in the folder of the target: os.replace needs both on one file system
        with TemporaryDirectory(dir=target.parent, prefix=".saving-") as folder:
            temporary = Path(folder, target.name)
            yield temporary
            os.replace(temporary, target)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({os_reason(error)})") from error


def writable(folder: str | Path) -> None:
    """Make a folder where it is missing; InputError where no file can be written in it.

    Call it before hours of training, not after.
    """
    folder = expanded(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryDirectory(dir=folder, prefix=".saving-").cleanup()
    except OSError as error:
        raise InputError(f"{folder}: no file can be written in it ({os_reason(error)})") from error


def os_reason(error: OSError) -> str:
    """Why a file cannot be written, in words."""
    if isinstance(error, FileExistsError | NotADirectoryError):  # from mkdir
        return "a file is where a folder is needed"
    return str(error.strerror or error)


def write_changed(path: Path, content: str | bytes) -> None:
    """Write a file, but leave one that holds this content, and its time, as it is."""
    if isinstance(content, str):
        content = content.encode()
    if not (path.is_file() and path.read_bytes() == content):
        path.write_bytes(content)
