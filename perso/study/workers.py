"""Training processes, one per core or GPU."""

import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from pickle import PicklingError
from typing import TextIO

import torch
from tqdm import tqdm

from perso.errors import InputError, RunError

LOCKED: list[TextIO] = []  # open files; their locks end with the process


def start_worker(parent: int, gpus: int) -> None:
    """Set up a training process: choose its GPU, and end it when its parent has been killed.

    Ctrl-C, which a terminal sends to all processes, is left to the parent.

    parent   process id of the study that starts it
    gpus     number of GPUs; 0 on a CPU
    """

    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    if gpus:
        torch.cuda.set_device(gpu_of(parent, gpus))


def gpu_of(parent: int, gpus: int) -> int:
    """Choose a GPU that no other worker of this parent has, as long as there is one.

    It belongs to this process until the process ends.
    """
    import fcntl  # not on Windows

    for gpu in range(gpus):
        lock = (Path(tempfile.gettempdir()) / f"perso-{parent}-gpu-{gpu}").open("w")
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            LOCKED.append(lock)
            return gpu
        lock.close()
    return os.getpid() % gpus


@contextlib.contextmanager
def plain_faults() -> Iterator[None]:
    """Context manager: name the faults of training processes in one line.

    RunError where one of them ends or cannot be given the data, InputError for code that cannot be
    sent to them. Meanwhile they start without the modules of the working directory, such as a
    `random.py` there.
    """
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    except BrokenProcessPool as error:
        raise RunError(
            "a training process was killed, as happens where memory runs out; finished models "
            "are kept; run the same command again to continue, with a smaller --jobs where "
            "memory is short"
        ) from error
    except PicklingError as error:
        # the cause holds the other thread's traceback, in quotation marks
        reason = str(error.__cause__ or error).strip('\n"').splitlines()[-1]
        if "OSError" in reason:
            folder = os.environ.get("JOBLIB_TEMP_FOLDER") or tempfile.gettempdir()
            raise RunError(
                "training processes get the samples by a file, which cannot be written "
                f"({reason}); free space in /dev/shm and {folder}, or set JOBLIB_TEMP_FOLDER "
                "to another folder; finished models are kept"
            ) from error
        raise InputError(
            f"code of your own cannot be sent to training processes ({reason}); "
            "make such an object inside of the function that uses it, or train with --jobs 1"
        ) from error
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


@contextlib.contextmanager
def progress(models: int) -> Iterator[tqdm]:
    """Show a bar that counts networks, generic networks and auto-encoders included.

    Under Jupyter the bar goes to the terminal and not into the notebook.
    """
    # ipykernel's way to the real stderr
    original = getattr(sys.stderr, "_original_stdstream_copy", None)
    file = sys.stderr if original is None else os.fdopen(os.dup(original), "w")
    look = {"unit": "network", "dynamic_ncols": True, "smoothing": 0.1}
    # a service has no stderr
    with tqdm(total=models, file=file, disable=file is None, **look) as bar:
        yield bar
    if original is not None:
        file.close()
