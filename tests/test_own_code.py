"""A file of the user's own: run once where a setting names it, and every fault is one line."""

import sys
from collections.abc import Callable

import joblib
import pytest

from perso.errors import InputError
from perso.own_code import absolute, digest, is_reference, own_object


@pytest.fixture
def own(tmp_path, monkeypatch) -> Callable:
    """`own(text)` writes a file mine.py into the working directory."""
    monkeypatch.chdir(tmp_path)

    def write(text: str, encoding: str = "utf-8") -> None:
        (tmp_path / "mine.py").write_text(text, encoding=encoding)

    return write


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("mine.py:NAME", True),
        ("folder with spaces/mine.py:name_2", True),
        ("C:/mine.py:NAME", True),
        ("v3", False),
        ("mine.py", False),
        ("mine.py:", False),
        ("mine.py:2", False),
        ("mine.py:a.b", False),
        (".py:NAME", False),
    ],
)
def test_a_reference_is_a_file_and_a_name(text, is_one):
    assert is_reference(text) == is_one


def test_a_file_runs_once_and_a_line_says_so_for_every_setting(own, capfd):
    own("print('here')\nONE, TWO = 1, 2")
    assert [own_object("rows_of", f"mine.py:{name}") for name in ("ONE", "TWO", "ONE")] == [1, 2, 1]
    assert own_object("claims_of", "mine.py:TWO") == 2
    printed = capfd.readouterr()
    assert printed.out == "here\n"
    assert printed.err.splitlines() == [
        "perso: running the code of mine.py, which rows_of names",
        "perso: running the code of mine.py, which claims_of names",
    ]


def test_a_changed_file_runs_again(own):
    own("ONE = 1")
    before = own_object("rows_of", "mine.py:ONE"), digest("rows_of", "mine.py:ONE")
    own("ONE = 2")
    assert own_object("rows_of", "mine.py:ONE") == 2
    assert digest("rows_of", "mine.py:ONE") != before[1]
    own("ONE = 1")
    assert (own_object("rows_of", "mine.py:ONE"), digest("rows_of", "mine.py:ONE")) == before


def test_an_absolute_reference_holds_in_another_folder(own, tmp_path, monkeypatch):
    own("ONE = 1")
    reference = absolute("mine.py:ONE")
    monkeypatch.chdir(tmp_path.parent)
    assert own_object("rows_of", reference) == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("import numpy\nTWO = 2", r"mine.py has no ONE; it has numpy, TWO$"),
        ("", r"mine.py has no ONE; it has nothing$"),
        ("ONE = (", r"mine.py failed in line 1 \(SyntaxError: .*\)$"),
        ("\nONE = 1 / 0", r"mine.py failed in line 2 \(ZeroDivisionError: division by zero\)$"),
        ("import numpy\nnumpy.zeros(-1)", r"failed in line 2 \(ValueError: negative dim.*\)$"),
        ("import not_installed", r"line 1 \(ModuleNotFoundError: No module named 'not_installed'"),
        ("import sys\nsys.exit(3)", r"failed in line 2 \(SystemExit: 3\)$"),
        ("raise ValueError('two\\nlines')", r"line 1 \(ValueError: two lines\)$"),
    ],
)
def test_every_fault_of_a_file_is_one_line(text, problem, own):
    own(text)
    with pytest.raises(InputError, match=f"^rows_of: .*{problem}"):
        own_object("rows_of", "mine.py:ONE")


def test_a_file_that_cannot_be_read_is_named(own):
    own("ONE = 'é'", encoding="latin-1")
    with pytest.raises(InputError, match=r"^rows_of: mine.py cannot be read \(not a text in UTF-8"):
        own_object("rows_of", "mine.py:ONE")
    with pytest.raises(InputError, match=r"^rows_of: none.py cannot be read \(No such file"):
        own_object("rows_of", "none.py:ONE")


CLASSES = """
from __future__ import annotations
from dataclasses import dataclass
FACTOR = 3

@dataclass(frozen=True)
class Times:
    share: float
    def __call__(self, number):
        return scaled(self.share * number)

def scaled(number):
    return FACTOR * number
"""


def test_functions_and_records_reach_training_processes(own):
    own(CLASSES)
    times = own_object("rows_of", "mine.py:Times")(0.5)
    assert type(times).__module__ not in sys.modules
    with joblib.parallel_config("loky", n_jobs=2):
        assert joblib.Parallel()(joblib.delayed(times)(n) for n in (2, 4)) == [3.0, 6.0]
