"""Training processes, one per core or GPU."""

import contextlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

import torch
from tqdm import tqdm

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
def progress(models: int) -> Iterator[tqdm]:
    """Show a bar that counts networks, generic networks and auto-encoders included.

    Under Jupyter the bar goes to the terminal and not into the notebook.
    """
    # ipykernel's way to the real stderr
    original = getattr(sys.stderr, "_original_stdstream_copy", None)
    file = sys.stderr if original is None else os.fdopen(os.dup(original), "w")
    with tqdm(total=models, unit="network", file=file, dynamic_ncols=True, smoothing=0.1) as bar:
        yield bar
    if original is not None:
        file.close()
