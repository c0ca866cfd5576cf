"""Leases: one process trains a model, another one something else, and none waits for a dead one."""

import os
import socket
import subprocess
import sys
import time

import pytest

from perso.errors import InputError
from perso.store import leases
from perso.store.leases import Leases
from perso.store.sqlite import Store


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "rows.sqlite")


def held(store: Store) -> set[str]:
    """The keys of all leases."""
    with store.connect() as connection:
        return {key for (key,) in connection.execute("SELECT key FROM leases")}


def hold(store: Store, holder: str, until: float) -> None:
    """Write another process's lease of the key a."""
    with store.open() as connection:
        connection.execute("INSERT INTO leases VALUES ('a', ?, ?)", (holder, until))


def test_what_one_holds_another_does_not_get(store):
    with Leases(store) as one, Leases(store) as other:
        assert one.take({"a", "b"}) and one.take({"b"})
        assert not other.take({"b", "c"}) and held(store) == {"a", "b"}
        assert other.take({"c"})
    assert held(store) == set()


def test_leases_are_given_back_where_training_fails(store):
    with pytest.raises(ZeroDivisionError), Leases(store) as one:
        one.take({"a"})
        raise ZeroDivisionError
    assert held(store) == set()


def test_many_keys_are_taken_at_once(store):
    keys = [str(n) for n in range(1200)]
    with Leases(store) as one, Leases(store) as other:
        assert one.take(keys[:1]) and not other.take(keys)
        assert other.take(keys[1:])


def test_a_lease_of_a_dead_process_of_this_machine_ends_at_once(store):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    later = time.time() + 100
    hold(store, f"{socket.gethostname()} {child.pid} x", later)
    with Leases(store) as one:
        assert one.take({"a"})


@pytest.mark.parametrize(
    "holder",
    [f"{socket.gethostname()} {os.getpid()} x", "elsewhere 1 x"],
    ids=["of this machine", "of another machine"],
)
def test_a_lease_of_another_process_ends_with_its_time(holder, store):
    hold(store, holder, time.time() + 100)
    with Leases(store) as one:
        assert not one.take({"a"})
        with store.open() as connection:
            connection.execute("UPDATE leases SET until = ?", (time.time() - 1,))
        assert one.take({"a"})


def test_a_process_that_runs_renews_its_leases(store, monkeypatch):
    monkeypatch.setattr(leases, "SECONDS", 0.6)
    with Leases(store) as one, Leases(store) as other:
        assert one.take({"a"})
        time.sleep(1)
        assert not other.take({"a"})


def test_a_store_that_cannot_be_written_is_named_before_training(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(InputError, match=r"rows\.sqlite"),
        Leases(Store(tmp_path / "file/rows.sqlite")),
    ):
        pass
