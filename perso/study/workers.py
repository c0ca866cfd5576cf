"""Training processes, one per core or GPU."""

import contextlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from pickle import PicklingError
from typing import TextIO

import torch
from tqdm import tqdm

from perso.errors import RunError

LOCKED: list[TextIO] = []  # open files; their locks end with the process


def start_worker(parent: int, gpus: int) -> None:
    """Set up a training process: choose its GPU, and end it when its parent has been killed.

    parent   process id of the study that starts it
    gpus     number of GPUs; 0 on a CPU
    """

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


def before_deadline(ends: float, calls: Iterable) -> Iterator:
    """Yield calls until the monotonic time `ends`."""
    for call in calls:
        if time.monotonic() >= ends:
            return
        yield call


@contextlib.contextmanager
def plain_faults() -> Iterator[None]:
    """Context manager: RunError where training processes end or cannot be given their data.

    Meanwhile they start without the modules of the working directory, such as a `random.py` there.
    """
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    except BrokenProcessPool as error:
        raise RunError(
            "a training process was killed, as systems do where memory runs out; finished models "
            "are kept; run the same command again, with fewer --jobs if it happens again"
        ) from error
    except PicklingError as error:
        if "OSError" not in str(error.__cause__):
            raise
        raise RunError(
            "the data of training processes cannot be written to the folder of temporary files, "
            "which may be full; name another in JOBLIB_TEMP_FOLDER, or train with --jobs 1; "
            "finished models are kept"
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
