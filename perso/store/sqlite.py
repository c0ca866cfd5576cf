"""One row per trained model, in one SQLite file. A row exists or it does not: every write is one transaction."""

import contextlib
import io
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from perso.errors import InputError

ROW = {
    "key": "TEXT PRIMARY KEY",  # hash of all that decides the model's numbers
    "method": "TEXT",
    "person": "TEXT",
    "repeat": "INTEGER",
    "fold": "INTEGER",
    "acc_I": "REAL",
    "n_I": "INTEGER",  # accuracy on the person's test images, and their number
    "acc_G": "REAL",
    "n_G": "INTEGER",  # the same on D_G's
    "iterations": "INTEGER",  # that made the model, a shared generic model's included
    "own_iterations": "INTEGER",  # spent on this person alone
    "seconds": "REAL",  # for own_iterations
    "device": "TEXT",
    "precision": "TEXT",
    "threads": "INTEGER",
    "lanes": "INTEGER",
    "torch": "TEXT",
    "created": "TEXT",
    "hits_I": "BLOB",
    "hits_G": "BLOB",  # one bit per test image, see `packed`
}
NETWORK = {
    "key": "TEXT PRIMARY KEY",
    "weights": "BLOB",
    "iterations": "INTEGER",
    "seconds": "REAL",
    "created": "TEXT",
}
AT_ONCE = 500  # keys in one question: SQLite before 3.32 takes 999 variables
# networks: what others build upon, generic models and auto-encoders
SCHEMA = {
    "rows": ROW,
    "networks": NETWORK,
}


def packed(hits: np.ndarray) -> bytes:
    """bool [n] → bytes, eight images a byte."""
    return np.packbits(hits).tobytes()


def unpacked(blob: bytes, n: int) -> np.ndarray:
    """The bool [n] that `packed` took."""
    return np.unpackbits(np.frombuffer(blob, np.uint8), count=n).astype(bool)


class Store:
    """The file at `path`, made when first written to. Several processes may use it at a time."""

    def __init__(self, path: str | Path):
        self.path = Path(path)

    @contextlib.contextmanager
    def open(self):
        """A connection whose writes land together or not at all."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with (
                contextlib.closing(sqlite3.connect(self.path, timeout=60)) as connection,
                connection,
            ):
                for name, columns in SCHEMA.items():
                    listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
                    connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({listed})")
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise InputError(
                f"{self.path}: {error}; name another --store or move this file away"
            ) from error

    def keys(self, table: str = "rows") -> set[str]:
        """The keys of a table."""
        if not self.path.exists():
            return set()
        with self.open() as connection:
            return {key for (key,) in connection.execute(f"SELECT key FROM {table}")}

    def add(self, rows: Iterable[Mapping], table: str = "rows") -> None:
        """Write whole rows, all of them in one transaction; one that is there already is left alone."""
        columns = SCHEMA[table]
        marks = ", ".join(f":{column}" for column in columns)
        with self.open() as connection:
            connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows)

    def rows(self, keys: Iterable[str]) -> pd.DataFrame:
        """The rows of these keys that are there, in the order of `keys`."""
        keys = list(keys)
        if not self.path.exists():
            return pd.DataFrame(columns=list(ROW))
        once = list(dict.fromkeys(keys))
        found = []
        with self.open() as connection:
            for start in range(0, len(once), AT_ONCE):
                some = once[start : start + AT_ONCE]
                marks = ", ".join("?" * len(some))
                found += connection.execute(f"SELECT * FROM rows WHERE key IN ({marks})", some)
        there = pd.DataFrame.from_records(found, columns=list(ROW), coerce_float=True).set_index(
            "key"
        )
        return there.loc[[key for key in keys if key in there.index]].reset_index()

    def weights(self, key: str) -> dict[str, np.ndarray]:
        """A network's weights; KeyError when it is not there."""
        with self.open() as connection:
            found = connection.execute(
                "SELECT weights FROM networks WHERE key = ?", (key,)
            ).fetchone()
        if not found:
            raise KeyError(f"{self.path} holds no network {key}")
        with np.load(io.BytesIO(found[0]), allow_pickle=False) as arrays:
            return dict(arrays)

    @staticmethod
    def blob(weights: Mapping[str, np.ndarray]) -> bytes:
        """Weights as they are kept."""
        buffer = io.BytesIO()
        np.savez(buffer, **weights)
        return buffer.getvalue()
