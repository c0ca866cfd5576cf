"""Several processes on one store: each says what it trains, so that the others train the rest.

A lease is a key, who holds it, and until when. Its holder renews it while it runs; the lease of a
process that was killed ends by itself, at once on the same machine, else after `SECONDS`. Leases
save work and decide nothing: where two processes train the same model, the first row stays.
"""

import contextlib
import os
import socket
import threading
import time
import uuid
from collections.abc import Collection

from perso.errors import InputError
from perso.store.sqlite import AT_ONCE, Store

SECONDS = 120.0  # that a lease lasts from its last renewal


class Leases:
    """Context manager: the leases of this process on a store. At the end all are given back."""

    def __init__(self, store: Store):
        self.store = store
        self.holder = f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex}"
        self.ended = threading.Event()

    def __enter__(self) -> "Leases":
        with self.store.open() as connection:  # a store that cannot be written is found out here
            connection.execute("DELETE FROM leases WHERE until < ?", (time.time(),))
        threading.Thread(target=self.renew, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.ended.set()
        with contextlib.suppress(InputError), self.store.open() as connection:
            connection.execute("DELETE FROM leases WHERE holder = ?", (self.holder,))

    def renew(self) -> None:
        """Renew what is held, until the end."""
        while not self.ended.wait(SECONDS / 6):
            with contextlib.suppress(InputError), self.store.open() as connection:
                connection.execute(
                    "UPDATE leases SET until = ? WHERE holder = ?",
                    (time.time() + SECONDS, self.holder),
                )

    def take(self, keys: Collection[str]) -> bool:
        """Take the leases of these keys, all or none; return whether they are held now."""
        keys = list(keys)
        now = time.time()
        with self.store.open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for start in range(0, len(keys), AT_ONCE):
                some = keys[start : start + AT_ONCE]
                marks = ", ".join("?" * len(some))
                holders = connection.execute(
                    f"SELECT DISTINCT holder FROM leases WHERE until > ? AND key IN ({marks})",
                    [now, *some],
                )
                if any(holder != self.holder and may_run(holder) for (holder,) in holders):
                    return False
            connection.executemany(
                "INSERT OR REPLACE INTO leases (key, holder, until) VALUES (?, ?, ?)",
                [(key, self.holder, now + SECONDS) for key in keys],
            )
        return True


def may_run(holder: str) -> bool:
    """Return whether a holder may still run: False for a process of this machine that has ended."""
    host, pid, _ = holder.split(" ")
    if host != socket.gethostname() or os.name != "posix":
        return True
    try:
        os.kill(int(pid), 0)  # sends no signal
    except OSError as error:
        return not isinstance(error, ProcessLookupError)  # else a process of another user
    return True
