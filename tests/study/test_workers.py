"""What a user reads where training processes fail."""

import os
import pickle
import sys
from concurrent.futures.process import BrokenProcessPool

import pytest

from perso.errors import InputError, RunError
from perso.study.workers import plain_faults, progress


def test_a_killed_process_is_a_few_words_and_says_what_is_kept():
    with pytest.raises(RunError, match=r"^[^\n]*was killed, .*are kept"), plain_faults():
        raise BrokenProcessPool("a long text of joblib")


def test_a_full_folder_of_temporary_files_is_no_fault_of_the_users_code():
    cause = Exception("OSError: [Errno 28] No space left on device")
    with pytest.raises(RunError, match="JOBLIB_TEMP_FOLDER"), plain_faults():
        raise pickle.PicklingError("Could not pickle the task") from cause
    with pytest.raises(InputError, match=r"code of your own .*a lambda"), plain_faults():
        raise pickle.PicklingError("a lambda") from TypeError("a lambda")


def test_processes_start_without_the_modules_of_the_working_directory(monkeypatch):
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    with plain_faults():
        assert os.environ["PYTHONSAFEPATH"] == "1"
    assert "PYTHONSAFEPATH" not in os.environ


def test_progress_needs_no_stderr(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with progress(3) as bar:
        bar.update()
