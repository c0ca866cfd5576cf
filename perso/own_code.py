"""Code of the user's own, named in a setting as FILE.py:NAME.

Such a file is run as it stands, and only where a setting names it; a line on stderr says so. It is
one file: what it imports must be installed.
"""

import functools
import hashlib
import re
import sys
import traceback
import types
from collections.abc import Callable
from pathlib import Path

from perso.errors import InputError
from perso.files import expanded

DIGEST = "__own_code_digest__"  # name of a file's hash among the names of its module


def is_reference(text: str) -> bool:
    """Whether a setting's value has the form FILE.py:NAME."""
    return re.fullmatch(r".+\.py:[A-Za-z_]\w*", text) is not None


def own_object(key: str, reference: str) -> object:
    """Run the file of a reference, once per process and content, and return the object it names.

    key   the setting that names it, for messages
    The file's path is relative to the working directory. InputError names the file and what is
    wrong.
    """
    file, _, name = reference.rpartition(":")
    names = _names_of(key, file)
    if name not in names:
        there = [each for each in names if not each.startswith("_")]
        raise InputError(f"{key}: {file} has no {name}; it has {', '.join(there) or 'nothing'}")
    return names[name]


def digest(key: str, reference: str) -> str:
    """The hash of the file of a reference: equal for equal text, whatever its name and place."""
    return _names_of(key, reference.rpartition(":")[0])[DIGEST]


def absolute(reference: str) -> str:
    """The reference with the file's absolute path, for a process with another working directory."""
    file, _, name = reference.rpartition(":")
    return f"{expanded(file).resolve()}:{name}"


def fault(error: BaseException, file: str) -> str:
    """What went wrong in a user's file, in one line: "failed in line 3 (ValueError: …)"."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    if isinstance(error, SyntaxError) and error.filename == file:
        lines = [error.lineno]
    place = f" in line {lines[-1]}" if lines else ""
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    hint = ""
    if isinstance(error, ModuleNotFoundError):
        hint = "; it can import what is installed, but no file beside it"
    return f"failed{place} ({reason}){hint}"


def file_of(function: Callable) -> str:
    """The file of a function, or of a record that is called like one; "" where it has none."""
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return code.co_filename if code else ""


def _names_of(key: str, file: str) -> dict:
    """The names that a file defines, after it has run."""
    try:
        text = expanded(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text in UTF-8"
        message = f"{key}: {file} cannot be read ({reason}); needed is FILE.py:NAME"
        raise InputError(message) from error
    _say(key, file)
    try:
        return vars(_executed(file, text))
    except (Exception, SystemExit) as error:
        raise InputError(f"{key}: {file} {fault(error, file)}") from error


@functools.cache
def _say(key: str, file: str) -> None:
    """Say on stderr, once per process, that a file is run."""
    print(f"perso: running the code of {file}, which {key} names", file=sys.stderr)


@functools.cache
def _executed(file: str, text: str) -> types.ModuleType:
    """Run the text of a file as a module.

    Afterwards the module is not in `sys.modules`, and its name cannot be imported. So joblib sends
    its functions and classes to training processes by their code.
    """
    module = types.ModuleType(f"{Path(file).stem} (own code)")
    module.__file__ = file
    vars(module)[DIGEST] = hashlib.sha256(text.encode()).hexdigest()
    code = compile(text, file, "exec")
    sys.modules[module.__name__] = module  # a dataclass looks for its module while it is made
    try:
        exec(code, vars(module))
    finally:
        del sys.modules[module.__name__]
    return module
