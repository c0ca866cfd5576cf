"""A dask cluster: the same rows as one process, whatever becomes of its workers and scheduler."""

import os
import signal
import threading
import time
from dataclasses import replace

import pytest

from perso.errors import InputError, RunError
from perso.methods.registry import named
from perso.paths import ROOT
from perso.settings import read_params
from perso.study import backends, jobs, study
from perso.study.backends import Launch
from perso.study.study import Study

distributed = pytest.importorskip("distributed")

TINY = replace(
    read_params(ROOT / "params" / "smoke.yml"), width=1 / 16, epochs=1, batch_size=64, device="cpu"
)
FEW = named("BaseLine", "TL-n-10 (1e-3)")


@pytest.fixture(scope="module")
def cluster():
    """Two workers of one thread each."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local:
        yield local


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The rows of one process."""
    return Study(TINY, tmp_path_factory.mktemp("whole") / "rows.sqlite").run(FEW, jobs=1)


def same(found, wanted) -> bool:
    """Whether two runs have the same numbers."""
    times = ["seconds", "created"]
    return found.drop(columns=times).equals(wanted.drop(columns=times))


def test_two_workers_train_the_rows_of_one_process(cluster, whole, tmp_path):
    launch = Launch(cluster.scheduler_address)
    one = Study(TINY, tmp_path / "rows.sqlite", launch=launch)
    assert one.machine.workers == 2
    assert same(one.run(FEW), whole)
    run = one.store.select("rows", one.keys(FEW)[:1], ["run"])[0][0]
    assert cluster.scheduler_address in one.store.run(run)["machine"]


def test_the_work_of_a_lost_worker_goes_to_another(cluster, whole, tmp_path, monkeypatch):
    flag = tmp_path / "killed"

    def train_job(data, job, base):
        if not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return jobs.train_job(data, job, base)

    monkeypatch.setattr(study, "train_job", train_job)
    one = Study(TINY, tmp_path / "rows.sqlite", launch=Launch(cluster.scheduler_address))
    assert same(one.run(FEW), whole) and flag.exists()


def test_a_scheduler_that_does_not_answer_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(backends, "ANSWER", 1)
    with pytest.raises(InputError, match=r"--scheduler tcp://127.0.0.1:9: no scheduler answers"):
        Study(TINY, tmp_path / "rows.sqlite", launch=Launch("tcp://127.0.0.1:9"))


def test_a_scheduler_without_workers_is_named(tmp_path):
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as empty:
        launch = Launch(empty.scheduler_address)
        with pytest.raises(InputError, match="has no workers; start some first"):
            Study(TINY, tmp_path / "rows.sqlite", launch=launch)


def test_a_scheduler_that_is_lost_and_comes_back_goes_on(tmp_path, whole, monkeypatch):
    """A new one at the same address, with workers of its own, while a job runs."""
    flag = tmp_path / "begun"

    def train_job(data, job, base):
        if not flag.exists():
            flag.touch()
            time.sleep(300)  # of the worker that is lost with its scheduler
        return jobs.train_job(data, job, base)

    def local(port: int = 0):
        return distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=True,
            scheduler_port=port,
            dashboard_address=None,
        )

    def again(first, found: list) -> None:
        while not flag.exists():
            time.sleep(0.1)
        port = int(first.scheduler_address.rpartition(":")[2])
        first.close()
        found.append(local(port))

    monkeypatch.setattr(study, "train_job", train_job)
    first, found = local(), []
    one = Study(TINY, tmp_path / "rows.sqlite", launch=Launch(first.scheduler_address))
    helper = threading.Thread(target=again, args=(first, found))
    helper.start()
    try:
        assert same(one.run(FEW), whole)
    finally:
        helper.join()
        found[0].close()


def test_a_scheduler_that_ends_while_it_answers_is_asked_again(cluster, monkeypatch):
    pool = backends.Cluster(None, cluster.scheduler_address, jobs=None)
    with pool:
        connect, failures = pool.connect, [distributed.comm.CommClosedError("reset by peer")]

        def first_fails():
            if failures:
                raise failures.pop()
            return connect()

        monkeypatch.setattr(pool, "connect", first_fails)
        pool.connect_again()
        assert not failures and pool.client.status == "running"


def test_workers_that_do_not_come_back_are_named(monkeypatch):
    monkeypatch.setattr(backends, "RECONNECT", 1)
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as empty:
        pool = backends.Cluster(None, empty.scheduler_address, jobs=None)
        pool.client = backends.connected(empty.scheduler_address, 10)
        with pytest.raises(RunError, match="no workers came back in 1 seconds"):
            pool.connect_again()
