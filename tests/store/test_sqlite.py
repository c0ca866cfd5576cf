"""The store: a row is there as a whole or not at all, and is read as it was written."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from perso.errors import InputError
from perso.store.sqlite import AT_ONCE, NETWORK, ROW, Store, packed, unpacked


def row(key: str, **changed) -> dict:
    """A whole row."""
    values = dict.fromkeys(ROW) | {
        "key": key,
        "method": "SW-n-2",
        "person": "7",
        "repeat": 0,
        "fold": 1,
        "acc_I": 1 / 3,
        "n_I": 3,
        "acc_G": 0.1,
        "n_G": 10,
        "iterations": 300,
        "own_iterations": 10,
        "seconds": 1e-7,
        "device": "cpu",
        "hits_I": packed(np.array([True, False, False])),
        "hits_G": b"\x00\xff",
    }
    return values | changed


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "new" / "folder" / "rows.sqlite")


# --- bits


@pytest.mark.parametrize("n", [1, 7, 8, 9, 63, 64, 65])
def test_hits_come_back_whatever_their_number(n):
    hits = np.random.default_rng(n).random(n) < 0.5
    blob = packed(hits)
    assert isinstance(blob, bytes) and len(blob) == (n + 7) // 8
    back = unpacked(blob, n)
    assert back.dtype == bool and back.tolist() == hits.tolist()


# --- rows


def test_an_older_store_gets_the_new_columns_and_keeps_its_rows(tmp_path):
    older = [column for column in ROW if column not in ("hits_S", "logp_I")]
    path = tmp_path / "rows.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE rows ({', '.join(older)})")
        connection.execute("INSERT INTO rows (key, acc_I) VALUES ('old', 0.5)")
    store = Store(path)
    store.add([row("new", hits_S=b"\xff", logp_I=b"\x00\x01")])
    found = store.rows(["old", "new"]).set_index("key")
    assert found.loc["old", "acc_I"] == 0.5 and found.loc["old", "hits_S"] is None
    assert found.loc["new", "hits_S"] == b"\xff" and found.loc["new", "logp_I"] == b"\x00\x01"


def test_a_store_that_is_older_than_contexts_has_none_in_its_rows(tmp_path):
    """And takes rows that have some; of those a column of both has numbers and nan."""
    path = tmp_path / "rows.sqlite"
    older = {name: kind for name, kind in ROW.items() if name not in ("acc_U", "n_U", "hits_U")}
    columns = ", ".join(f"{name} {kind}" for name, kind in older.items())
    before = {name: value for name, value in row("old").items() if name in older}
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE rows ({columns})")
        marks = ", ".join(f":{name}" for name in older)
        connection.execute(f"INSERT INTO rows ({', '.join(older)}) VALUES ({marks})", before)
    store = Store(path)
    alone = store.rows(["old"])
    assert list(alone) == list(ROW) and alone[["acc_U", "n_U", "hits_U"]].isna().all(axis=None)
    assert alone["n_U"].dtype == float  # of numbers, though all are missing
    assert (alone["acc_I"].item(), alone["hits_G"].item()) == (1 / 3, b"\x00\xff")
    hits = np.array([True, False, True])
    store.add([row("new", acc_U=2 / 3, n_U=3, hits_U=packed(hits)), row("without")])
    found = store.rows(["old", "new", "without"]).set_index("key")
    assert found["acc_U"].dtype == found["n_U"].dtype == float
    assert found["acc_U"].notna().tolist() == [False, True, False]
    line = found.loc["new"]
    assert line["acc_U"] == 2 / 3
    assert unpacked(line["hits_U"], int(line["n_U"])).tolist() == hits.tolist()


def test_rows_come_back_as_they_went_in(store):
    wanted = [
        row("a"),
        row("b", acc_I=0.1 + 0.2, person="ann", hits_I=bytes(range(256)), device="Ünïcode"),
    ]
    store.add(wanted)
    table = store.rows(["a", "b"])
    assert list(table) == list(ROW)
    assert table.astype(object).where(table.notna(), None).to_dict("records") == wanted


def test_rows_come_in_the_order_asked_for(store):
    store.add(map(row, "abc"))
    assert store.rows(["c", "a", "b"])["key"].tolist() == ["c", "a", "b"]
    assert store.rows(iter("ca"))["key"].tolist() == ["c", "a"]


def test_a_row_that_is_not_there_is_left_out(store):
    store.add([row("b")])
    table = store.rows(["a", "b", "c"])
    assert table["key"].tolist() == ["b"] and table.index.tolist() == [0]
    assert store.rows([]).empty and list(store.rows(["z"])) == list(ROW)


def test_a_row_that_is_not_asked_for_is_not_read(store):
    """One that cannot even be read does no harm."""
    store.add(map(row, "abc"))
    with store.open() as connection:
        connection.execute("UPDATE rows SET device = CAST(x'ff' AS TEXT) WHERE key = 'b'")
    assert store.rows("ca")["key"].tolist() == ["c", "a"]
    with pytest.raises(InputError, match="UTF-8"):
        store.rows("b")


@pytest.mark.parametrize("n", [1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE + 1, 1200])
def test_any_number_of_rows_can_be_asked_for(store, n):
    store.add(row(f"{k}", repeat=k) for k in range(1300))
    keys = [str(k) for k in reversed(range(n))]
    # one that is asked for twice comes twice
    table = store.rows([*keys, "none", keys[-1], keys[0]])
    assert table["key"].tolist() == [*keys, keys[-1], keys[0]]
    assert (
        table["repeat"].tolist() == [int(key) for key in table["key"]]
        and table["repeat"].dtype == np.int64
    )
    assert table.index.tolist() == list(range(n + 2)) and table["acc_I"].dtype == np.float64


def test_a_row_that_is_there_is_left_alone(store):
    store.add([row("a", acc_I=0.5)])
    store.add([row("a", acc_I=0.9), row("b", acc_I=0.9)])
    assert store.rows(["a", "b"])["acc_I"].tolist() == [0.5, 0.9]


def test_a_missing_file_is_an_empty_table_and_stays_missing(store):
    table = store.rows(["a"])
    assert isinstance(table, pd.DataFrame) and table.empty and list(table) == list(ROW)
    assert store.keys() == store.keys("networks") == set()
    assert not store.path.parent.exists()


def test_keys_are_those_of_the_table(store):
    store.add(map(row, "ab"))
    assert store.keys() == {"a", "b"} and store.keys("networks") == set()


# --- together or not at all


def fails_half_way():
    yield row("b")
    raise ZeroDivisionError


def test_a_write_that_fails_half_way_leaves_nothing(store):
    store.add([row("a")])
    with pytest.raises(ZeroDivisionError):
        store.add(fails_half_way())
    assert store.keys() == {"a"}
    with pytest.raises(InputError):
        store.add([row("b"), {"key": "c"}])  # a row that is not whole
    assert store.keys() == {"a"}
    store.add([row("b")])  # nor is anything locked
    assert store.keys() == {"a", "b"}


def test_two_stores_share_one_file(store):
    other = Store(str(store.path))
    store.add([row("a", acc_I=0.5)])
    other.add([row("a", acc_I=0.9), row("b")])
    assert store.keys() == other.keys() == {"a", "b"}
    assert store.rows("ab").equals(other.rows("ab")) and other.rows("a")["acc_I"].item() == 0.5


def test_writers_at_one_time_all_get_their_rows_in(store):
    def write(name):
        for n in range(10):
            Store(store.path).add([row(f"{name}{n}"), row(f"shared{n}", method=name)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))
    assert len(store.keys()) == 50


# --- weights


def test_weights_come_back_as_they_went_in(store):
    weights = {
        "features.0.weight": np.random.default_rng(0).normal(size=(4, 1, 3, 3)).astype(np.float32),
        "classifier.bias": np.array([np.pi, -0.0, np.inf]),
    }
    values = dict.fromkeys(NETWORK) | {"key": "g", "weights": Store.blob(weights), "iterations": 9}
    store.add([values], "networks")
    back = store.weights("g")
    assert list(back) == list(weights)
    for name, array in weights.items():
        assert back[name].dtype == array.dtype and back[name].tobytes() == array.tobytes()
    assert store.keys("networks") == {"g"} and store.keys() == set()


# --- files that are no store


def no_database(path):
    path.write_bytes(b"this is no database " * 100)


def cut_short(path):
    store = Store(path)
    store.add(row(str(n), hits_G=bytes(3000)) for n in range(20))
    path.write_bytes(path.read_bytes()[:30_000])


@pytest.mark.parametrize("damage", [no_database, cut_short, lambda path: path.mkdir()])
@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.keys(),
        lambda store: store.rows(["1"]),
        lambda store: store.add([row("1")]),
    ],
)
def test_a_file_that_is_no_store_is_named(use, damage, tmp_path):
    path = tmp_path / "damaged.sqlite"
    damage(path)
    with pytest.raises(InputError, match=r"damaged\.sqlite.*--store") as caught:
        use(Store(path))
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"rows\.sqlite"):
        Store(tmp_path / "file" / "rows.sqlite").add([row("a")])


# --- faults of the file system, other programs, other versions


@pytest.fixture
def connect_with(monkeypatch):
    """`connect_with(statement)`: from now on, connections begin with this statement."""
    real = sqlite3.connect

    def use(statement: str) -> None:
        def connect(path, timeout):
            connection = real(path, timeout=0.1)
            connection.execute(statement)
            return connection

        monkeypatch.setattr(sqlite3, "connect", connect)

    return use


def test_a_full_disk_is_named_and_what_was_stored_is_kept(store, connect_with):
    store.add([row("a")])
    connect_with("PRAGMA max_page_count = 1")
    with pytest.raises(InputError, match=r"full.*free space"):
        store.add(row(str(n), hits_G=bytes(3000)) for n in range(20))
    assert store.keys() == {"a"}


def test_a_store_that_is_locked_is_to_be_waited_for(store, connect_with):
    """To move it away would harm the program that writes to it."""
    store.add([row("a")])
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        connect_with("PRAGMA busy_timeout = 100")
        with pytest.raises(InputError, match="another program is writing to it; wait") as caught:
            store.keys()
    assert "move" not in str(caught.value)


def read_only(monkeypatch) -> None:
    """Connections can read alone, as where the disk is mounted so."""
    real = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, timeout: real(f"file:{path}?mode=ro", uri=True)
    )


def test_a_store_that_is_read_only_is_read(store, monkeypatch):
    store.add([row("a", acc_I=0.5)])
    read_only(monkeypatch)
    assert store.keys() == {"a"} and store.rows(["a"])["acc_I"].item() == 0.5
    for write in (store.check_writable, lambda: store.add([row("b")])):
        with pytest.raises(InputError, match="readonly database; make the file and its folder wr"):
            write()


def test_an_older_store_that_is_read_only_is_read(tmp_path, monkeypatch):
    """It lacks tables and columns, which cannot be added."""
    path = tmp_path / "rows.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE rows (key TEXT PRIMARY KEY, acc_I REAL)")
        connection.execute("INSERT INTO rows VALUES ('old', 0.5)")
    read_only(monkeypatch)
    store = Store(path)
    assert store.keys("failures") == set() and store.select("failures", ["old"]) == []
    found = store.rows(["old"])
    assert found["acc_I"].item() == 0.5 and found["acc_G"].isna().all()


def test_a_store_of_a_newer_version_is_named(store):
    store.add([row("a")])
    with store.open() as connection:
        connection.execute("PRAGMA user_version = 99")
    for use in (store.keys, lambda: store.add([row("b")]), lambda: store.rows(["a"])):
        with pytest.raises(InputError, match=r"newer perso \(format 99, here up to 1\); update"):
            use()


def test_damaged_weights_are_named(store):
    values = dict.fromkeys(NETWORK) | {"key": "g", "weights": b"PK damaged", "iterations": 9}
    store.add([values], "networks")
    with pytest.raises(InputError, match=r"network g.*damaged"):
        store.weights("g")


# --- runs


def test_a_row_names_the_run_that_trained_it(store):
    store.add([row("a")])
    run = store.begin_run({"command": "perso run", "created": "now"})
    store.add([row("b")], run=run)
    assert sorted(store.select("rows", "ab", ["key", "run"])) == [("a", None), ("b", run)]
    assert store.run(run)["command"] == "perso run" and store.run(run)["settings"] is None
    assert store.begin_run({"command": "again"}) == run + 1
    assert list(store.rows("ab")) == list(ROW)  # published files have no column of it


def test_keys_that_are_missing(store):
    store.add([row("a")])
    failure = {"key": "b", "method": "", "person": "", "repeat": 0, "fold": 0}
    store.add([failure | {"reason": "diverged", "created": ""}], "failures")
    assert store.missing("abc", "rows") == {"b", "c"}
    assert store.missing("abc", "rows", "failures") == {"c"}
