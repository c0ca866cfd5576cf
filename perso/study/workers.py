"""Training processes, one per core or card."""

import contextlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from tqdm import tqdm


def start_worker(parent: int, cards: int) -> None:
    """Make ready a training process: spread over the cards, and gone when its parent has been killed."""

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    if cards:
        torch.cuda.set_device(card_of(parent, cards))


def card_of(parent: int, cards: int) -> int:
    """A card that no other worker of this parent has, as long as there is one; it is this process's till it ends."""
    import fcntl  # not on Windows

    for card in range(cards):
        mark = (Path(tempfile.gettempdir()) / f"perso-{parent}-card-{card}").open("w")
        with contextlib.suppress(OSError):
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            LOCKED.append(mark)
            return card
        mark.close()
    return os.getpid() % cards


LOCKED: list = []  # open files, whose locks end with the process


def before_deadline(ends: float, calls: Iterable) -> Iterator:
    """The calls that begin before the time `ends`."""
    for call in calls:
        if time.monotonic() >= ends:
            return
        yield call


@contextlib.contextmanager
def progress(models: int):
    """A bar on the terminal that counts networks, also those that others build upon; under Jupyter it stays out."""
    original = getattr(
        sys.stderr, "_original_stdstream_copy", None
    )  # ipykernel's way to the real stderr
    file = sys.stderr if original is None else os.fdopen(os.dup(original), "w")
    with tqdm(total=models, unit="network", file=file, dynamic_ncols=True, smoothing=0.1) as bar:
        yield bar
    if original is not None:
        file.close()
