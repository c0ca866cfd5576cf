"""One row per trained model, in one SQLite file.

Every write is one transaction, so that a row is there as a whole or not at all. Reading changes
nothing, so that a store may be on a disk that cannot be written.
"""

import contextlib
import io
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

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
FAILURE = {  # a model without numbers, because its training diverged
    "key": "TEXT PRIMARY KEY",
    "method": "TEXT",
    "person": "TEXT",
    "repeat": "INTEGER",
    "fold": "INTEGER",
    "reason": "TEXT",
    "created": "TEXT",
}
RUN = {  # a call of `Study.run` that trained
    "id": "INTEGER PRIMARY KEY",
    "command": "TEXT",  # the command line; empty for a run from Python
    "settings": "TEXT",  # JSON
    "params": "TEXT",  # name of the params file; empty for a run from Python
    "data": "TEXT",  # its description
    "content": "TEXT",  # hash of people and samples
    "code": "TEXT",  # the checkout's commit, see `published.commit`
    "versions": "TEXT",  # JSON: of perso, the engine, Python and packages
    "machine": "TEXT",
    "created": "TEXT",
}
LEASE = {  # what a process trains at the moment, see `leases`
    "key": "TEXT PRIMARY KEY",
    "holder": "TEXT",
    "until": "REAL",  # Unix time in seconds
}
OF_RUN = {"run": "INTEGER"}  # the line of `runs` that it comes from; NULL in older rows
# networks: generic networks and auto-encoders, which other models build on
SCHEMA = {
    "rows": ROW | OF_RUN,
    "networks": NETWORK | OF_RUN,
    "failures": FAILURE | OF_RUN,
    "runs": RUN,
    "leases": LEASE,
}
AT_ONCE = 500  # keys in one query: SQLite before 3.32 takes at most 999 variables
# {table: keys} that this process has asked for: what it shows may depend on them
ASKED: dict[str, set[str]] = {}
FORMAT = 1  # SQLite's user_version of a store; 0 in older ones, which open as they are


def packed(hits: np.ndarray) -> bytes:
    """Return bool [n] as bytes, eight values a byte."""
    return np.packbits(hits).tobytes()


def unpacked(blob: bytes, n: int) -> np.ndarray:
    """Return the bool [n] that `packed` was given."""
    return np.unpackbits(np.frombuffer(blob, np.uint8), count=n).astype(bool)


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the columns of a table; none where a store is older than the table."""
    return [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]


def create(connection: sqlite3.Connection) -> None:
    """Add what a new or older store lacks: tables and columns, which hold NULL in older rows."""
    for table, columns in SCHEMA.items():
        columns_sql = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns_sql})")
        if columns.keys() <= set(columns_of(connection, table)):
            continue
        connection.execute("BEGIN IMMEDIATE")  # another process may be adding them
        there = columns_of(connection, table)
        for column in columns:
            if column not in there:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {columns[column]}")
        connection.commit()
    if format_of(connection) < FORMAT:
        connection.execute(f"PRAGMA user_version = {FORMAT}")


def format_of(connection: sqlite3.Connection) -> int:
    """Return the format of a store."""
    return connection.execute("PRAGMA user_version").fetchone()[0]


def advice(error: Exception) -> str:
    """Return what to do where a store cannot be used."""
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "another program is writing to it; wait until it has finished, then try again"
    if primary in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return "is its disk full? what was stored before is kept; free space, then try again"
    if primary == sqlite3.SQLITE_READONLY:
        return "make the file and its folder writable, or name a copy of it by --store"
    if primary == sqlite3.SQLITE_CANTOPEN or isinstance(error, OSError):
        return "name a --store in a folder that can be written"
    return "name another --store or move this file away"


class Store:
    """The SQLite file at `path`, created by the first write. Several processes may use it at once.

    InputError where the file is no store or cannot be read or written.
    """

    def __init__(self, path: str | Path):
        self.path = expanded(path)

    @contextlib.contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """Open a connection to read; InputError for a store of a later format."""
        try:
            with (
                contextlib.closing(sqlite3.connect(self.path, timeout=60)) as connection,
                connection,
            ):
                if (found := format_of(connection)) > FORMAT:
                    raise InputError(
                        f"{self.path}: is of a newer perso (format {found}, here up to {FORMAT}); "
                        "update perso, or name another --store"
                    )
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise InputError(f"{self.path}: {error}; {advice(error)}") from error

    @contextlib.contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Open a connection to write; all its writes are one transaction."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.path}: {error}; {advice(error)}") from error
        with self.connect() as connection:
            create(connection)
            yield connection

    def check_writable(self) -> None:
        """InputError where nothing can be written. Call it before long work, not after."""
        with self.open() as connection:
            connection.execute("DELETE FROM leases WHERE until < 0")  # there is none

    def keys(self, table: str = "rows") -> set[str]:
        """Return the keys of a table."""
        if not self.path.exists():
            return set()
        with self.connect() as connection:
            if not columns_of(connection, table):
                return set()
            return {key for (key,) in connection.execute(f"SELECT key FROM {table}")}

    def add(self, rows: Iterable[Mapping], table: str = "rows", run: int | None = None) -> None:
        """Add complete rows in one transaction; a row that is already there stays as it is.

        run   the run that they come from, see `begin_run`
        """
        columns = ", ".join(SCHEMA[table])
        values = ", ".join(f":{column}" for column in SCHEMA[table])
        with self.open() as connection:
            connection.executemany(
                f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({values})",
                ({"run": run, **row} for row in rows),
            )

    def begin_run(self, facts: Mapping) -> int:
        """Store the facts of a run, all of RUN but its id; return the id."""
        columns = ", ".join(facts)
        values = ", ".join(f":{column}" for column in facts)
        with self.open() as connection:
            statement = f"INSERT INTO runs ({columns}) VALUES ({values})"
            return connection.execute(statement, facts).lastrowid

    def select(
        self, table: str, keys: Iterable[str], columns: Sequence[str] | None = None
    ) -> list[tuple]:
        """Return the lines of a table with these keys, each once, in no order.

        columns   default: all of SCHEMA; None stands in those that an older store lacks
        """
        unique = list(dict.fromkeys(keys))
        ASKED.setdefault(table, set()).update(unique)
        if not self.path.exists():
            return []
        found = []
        with self.connect() as connection:
            there = columns_of(connection, table)
            if not there:
                return []
            if len(unique) > AT_ONCE:  # looking for a key that is not there is slow
                known = {key for (key,) in connection.execute(f"SELECT key FROM {table}")}
                unique = [key for key in unique if key in known]
            asked = columns or SCHEMA[table]
            wanted = ", ".join(each if each in there else f"NULL AS {each}" for each in asked)
            for start in range(0, len(unique), AT_ONCE):
                some = unique[start : start + AT_ONCE]
                marks = ", ".join("?" * len(some))
                found += connection.execute(
                    f"SELECT {wanted} FROM {table} WHERE key IN ({marks})", some
                )
        return found

    def missing(self, keys: Iterable[str], *tables: str) -> set[str]:
        """Return which of these keys are in none of these tables."""
        left = set(keys)
        for table in tables:
            left -= {key for (key,) in self.select(table, left, ["key"])}
        return left

    def run(self, number: int) -> dict:
        """Return a line of `runs`."""
        with self.connect() as connection:
            found = connection.execute(
                f"SELECT {', '.join(RUN)} FROM runs WHERE id = ?", (number,)
            ).fetchone()
        return dict(zip(RUN, found, strict=True))

    def rows(self, keys: Iterable[str]) -> pd.DataFrame:
        """Return the stored rows of these keys, in the order of `keys`."""
        keys = list(keys)
        if not self.path.exists():
            return pd.DataFrame(columns=list(ROW))
        found = {line[0]: line for line in self.select("rows", keys, list(ROW))}
        stored = pd.DataFrame.from_records(
            [found[key] for key in keys if key in found], columns=list(ROW), coerce_float=True
        )
        # a column of NULL is of nan, not of None
        real = {column: float for column, kind in ROW.items() if kind == "REAL"} | {"n_U": float}
        return stored.astype(real)

    def network(self, key: str) -> dict[str, str | int | float | bytes]:
        """Return the row of a generic network or an auto-encoder; KeyError if it is missing."""
        found = self.select("networks", [key])
        if not found:
            raise KeyError(f"{self.path} holds no network {key}")
        return dict(zip(NETWORK, found[0], strict=False))  # without the run

    def weights(self, key: str) -> dict[str, np.ndarray]:
        """Return the weights of a generic network or an auto-encoder; KeyError if it is missing.

        InputError where they are damaged.
        """
        blob = self.network(key)["weights"]
        try:
            with np.load(io.BytesIO(blob), allow_pickle=False) as arrays:
                return dict(arrays)
        except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as error:
            raise InputError(
                f"{self.path}: the weights of network {key} are damaged ({error}); name another "
                "--store or move this file away"
            ) from error

    @staticmethod
    def blob(weights: Mapping[str, np.ndarray]) -> bytes:
        """Return weights as the table `networks` holds them."""
        buffer = io.BytesIO()
        np.savez(buffer, **weights)
        return buffer.getvalue()
