"""One row per trained model, in one SQLite file.

Every write is one transaction, so that a row is there as a whole or not at all.
"""

import contextlib
import io
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from perso.errors import InputError
from perso.files import expanded

ROW = {
    "key": "TEXT PRIMARY KEY",  # hash of all that decides the model's numbers
    "method": "TEXT",
    "person": "TEXT",
    "repeat": "INTEGER",
    "fold": "INTEGER",
    "acc_I": "REAL",  # accuracy on the person's test images, as a share
    "n_I": "INTEGER",  # their number
    "acc_G": "REAL",  # accuracy on D_G's test images, as a share
    "n_G": "INTEGER",  # their number
    "iterations": "INTEGER",  # all, a shared generic network's included
    "own_iterations": "INTEGER",  # of this person's model alone
    "seconds": "REAL",  # for own_iterations
    "device": "TEXT",
    "precision": "TEXT",
    "threads": "INTEGER",
    "lanes": "INTEGER",
    "torch": "TEXT",
    "created": "TEXT",
    "hits_I": "BLOB",  # one bit per test image: classified correctly or not, see `packed`
    "hits_G": "BLOB",
    # of the test images of every individual of the fold, in the fold's order; none in older rows
    "hits_S": "BLOB",
    # of each test image of D_I, the log-probability of its class, float16; none in older rows
    "logp_I": "BLOB",
    # accuracy on the training images that a method holds out, as a share; NULL where it holds none
    "acc_V": "REAL",
    # of the person's inputs of other contexts, as above; NULL where there are none
    "acc_U": "REAL",
    "n_U": "INTEGER",
    "hits_U": "BLOB",
}
NETWORK = {
    "key": "TEXT PRIMARY KEY",
    "weights": "BLOB",
    "iterations": "INTEGER",
    "seconds": "REAL",
    "created": "TEXT",
}
AT_ONCE = 500  # keys in one query: SQLite before 3.32 takes at most 999 variables
# networks: generic networks and auto-encoders, which other models build on
SCHEMA = {
    "rows": ROW,
    "networks": NETWORK,
}


def packed(hits: np.ndarray) -> bytes:
    """Return bool [n] as bytes, eight values a byte."""
    return np.packbits(hits).tobytes()


def unpacked(blob: bytes, n: int) -> np.ndarray:
    """Return the bool [n] that `packed` was given."""
    return np.unpackbits(np.frombuffer(blob, np.uint8), count=n).astype(bool)


def add_columns(connection: sqlite3.Connection) -> None:
    """Add to the rows of an older store the columns that are new; they hold NULL there."""

    def missing() -> list[str]:
        there = {name for _, name, *_ in connection.execute("PRAGMA table_info(rows)")}
        return [column for column in ROW if column not in there]

    if missing():
        connection.execute("BEGIN IMMEDIATE")  # another process may be adding them
        for column in missing():
            connection.execute(f"ALTER TABLE rows ADD COLUMN {column} {ROW[column]}")


# what helps, by the start of SQLite's name of an error
CURES = {
    "SQLITE_BUSY": "another program is writing to it: wait until it has finished, and run again",
    "SQLITE_LOCKED": "another program is writing to it: wait until it has finished, and run again",
    "SQLITE_FULL": "make room on its disk, and run again",
    "SQLITE_IOERR": "make sure that its disk works and has room, and run again",
    "SQLITE_NOTADB": "name another --store or move this file away",
    "SQLITE_CORRUPT": "name another --store or move this file away",
}


def cure_of(error: sqlite3.Error | OSError) -> str:
    """What a user can do about a store that cannot be read or written."""
    name = getattr(error, "sqlite_errorname", "")
    cures = [cure for start, cure in CURES.items() if name.startswith(start)]
    return cures[0] if cures else "name another --store"


class Store:
    """The SQLite file at `path`, created by the first write. Several processes may use it at once.

    InputError where the file is no store or cannot be read or written.
    """

    def __init__(self, path: str | Path):
        self.path = expanded(path)

    @contextlib.contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Open a connection; all its writes are one transaction."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with (
                contextlib.closing(sqlite3.connect(self.path, timeout=60)) as connection,
                connection,
            ):
                for name, columns in SCHEMA.items():
                    columns_sql = ", ".join(f"{column} {kind}" for column, kind in columns.items())
                    connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns_sql})")
                add_columns(connection)
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise InputError(f"{self.path}: {error}; {cure_of(error)}") from error

    def check_writable(self) -> None:
        """Make the file where it is missing; InputError where nothing can be written to it.

        Call it before hours of training, not after.
        """
        with self.open() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS tried (value)")
            connection.execute("DROP TABLE tried")

    def keys(self, table: str = "rows") -> set[str]:
        """Return the keys of a table."""
        if not self.path.exists():
            return set()
        with self.open() as connection:
            return {key for (key,) in connection.execute(f"SELECT key FROM {table}")}

    def add(self, rows: Iterable[Mapping], table: str = "rows") -> None:
        """Add complete rows in one transaction; a row that is already there stays as it is."""
        columns = ", ".join(SCHEMA[table])
        values = ", ".join(f":{column}" for column in SCHEMA[table])
        with self.open() as connection:
            connection.executemany(
                f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({values})", rows
            )

    def rows(self, keys: Iterable[str]) -> pd.DataFrame:
        """Return the stored rows of these keys, in the order of `keys`."""
        keys = list(keys)
        if not self.path.exists():
            return pd.DataFrame(columns=list(ROW))
        unique = list(dict.fromkeys(keys))
        columns = ", ".join(ROW)
        found = []
        with self.open() as connection:
            for start in range(0, len(unique), AT_ONCE):
                some = unique[start : start + AT_ONCE]
                marks = ", ".join("?" * len(some))
                found += connection.execute(
                    f"SELECT {columns} FROM rows WHERE key IN ({marks})", some
                )
        stored = pd.DataFrame.from_records(found, columns=list(ROW), coerce_float=True)
        # a column of NULL is of nan, not of None
        real = {column: float for column, kind in ROW.items() if kind == "REAL"} | {"n_U": float}
        stored = stored.astype(real).set_index("key")
        return stored.loc[[key for key in keys if key in stored.index]].reset_index()

    def network(self, key: str) -> dict[str, str | int | float | bytes]:
        """Return the row of a generic network or an auto-encoder; KeyError if it is missing."""
        columns = ", ".join(NETWORK)
        with self.open() as connection:
            found = connection.execute(
                f"SELECT {columns} FROM networks WHERE key = ?", (key,)
            ).fetchone()
        if not found:
            raise KeyError(f"{self.path} holds no network {key}")
        return dict(zip(NETWORK, found, strict=True))

    def weights(self, key: str) -> dict[str, np.ndarray]:
        """Return the weights of a generic network or an auto-encoder; KeyError if it is missing."""
        with np.load(io.BytesIO(self.network(key)["weights"]), allow_pickle=False) as arrays:
            return dict(arrays)

    @staticmethod
    def blob(weights: Mapping[str, np.ndarray]) -> bytes:
        """Return weights as the table `networks` holds them."""
        buffer = io.BytesIO()
        np.savez(buffer, **weights)
        return buffer.getvalue()
