"""What goes wrong in a night: each fault ends in the table of a night in which nothing did."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from perso.analysis import comparison
from perso.errors import InputError, RunError
from perso.methods.method import Shaping
from perso.methods.registry import named
from perso.paths import ROOT
from perso.settings import read_params
from perso.store import published
from perso.store.leases import Leases
from perso.study import driver, jobs, study
from perso.study.study import Study
from perso.training import engine

TINY = replace(
    read_params(ROOT / "params" / "smoke.yml"), width=1 / 16, epochs=1, batch_size=64, device="cpu"
)
BASE, TL_0, TL = named("BaseLine", "TL-n-0", "TL-n-10 (1e-3)")
FEW = (BASE, TL_0, TL)
# a rate at which numbers leave the range of float32
STEEP = replace(TL, name="steep", phases=Shaping(late=10, late_rate=1e30).phases)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> pd.DataFrame:
    """The rows of an undisturbed study."""
    return Study(TINY, tmp_path_factory.mktemp("whole") / "rows.sqlite").run(FEW, jobs=1)


@pytest.fixture
def one(tmp_path) -> Study:
    """The same study with an empty store."""
    return Study(TINY, tmp_path / "rows.sqlite")


def same(found: pd.DataFrame, wanted: pd.DataFrame) -> bool:
    """Whether two runs have the same numbers."""
    times = ["seconds", "created"]
    return found.drop(columns=times).equals(wanted.drop(columns=times))


# --- diverging models


def test_a_diverging_model_has_a_reason_and_no_numbers(one, whole, monkeypatch):
    rows = one.run((*FEW, STEEP), jobs=1)
    assert same(rows, whole)  # the others are as ever
    failures = one.failures((*FEW, STEEP))
    assert failures["method"].tolist() == ["steep"] * 4
    assert failures["key"].tolist() == one.keys([STEEP])
    assert failures["reason"].str.match(r"training diverged: \S+ has nan or infinite numbers").all()
    table = comparison.compare(rows)
    assert "steep" not in table.index and np.isfinite(table.loc["BaseLine", ("D_I", "mean")])
    monkeypatch.setattr(engine, "train", None)  # it would diverge again
    assert same(one.run((*FEW, STEEP), jobs=1), whole)


def test_a_person_whose_model_diverges_is_missing_in_n_alone(one, whole, monkeypatch):
    """In the means of that method; all other rows are as ever."""
    train_methods = jobs.train_methods

    def with_nan(data, how, methods, people, **others):
        reached, trained = train_methods(data, how, methods, people, **others)
        if TL in reached and others["fold_number"] == 0:
            first, *rest = reached[TL]
            reached[TL] = [{name: each * np.nan for name, each in first.items()}, *rest]
        return reached, trained

    monkeypatch.setattr(jobs, "train_methods", with_nan)
    rows = one.run(FEW, jobs=1)
    (failed,) = one.failures(FEW).itertuples()
    assert failed.method == TL.name
    assert same(rows, whole[whole["key"] != failed.key].reset_index(drop=True))
    n = comparison.compare(rows)["D_I", "n"]
    assert (n[TL.name], n[BASE.name], n[TL_0.name]) == (3, 4, 4)


def test_what_builds_on_a_network_that_diverged_is_named(one, whole, monkeypatch):
    train_generic = jobs.train_generic

    def with_nan(data, fold, *others):
        row = train_generic(data, fold, *others)
        weights = {"weight": np.array([np.nan])} if fold == 0 else None
        return row | ({"weights": one.store.blob(weights)} if weights else {})

    monkeypatch.setattr(jobs, "train_generic", with_nan)
    rows = one.run(FEW, jobs=1)
    failures = one.failures(FEW)
    assert set(failures["method"]) == {TL_0.name, TL.name} and len(failures) == 4
    reason = "the network that it builds on diverged: weight has nan or infinite numbers"
    assert set(failures["reason"]) == {reason}
    assert same(rows, whole[~whole["key"].isin(failures["key"])].reset_index(drop=True))


# --- several processes on one store

OTHER = """
import sys
from perso.study import study
from test_faults import FEW, TINY, Study

train_job, trained = study.train_job, []
study.train_job = lambda *given: trained.append(given) or train_job(*given)
one = Study(TINY, sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
one.run(FEW, jobs=1)
print(len(trained))
"""


def there() -> dict[str, str]:
    """The environment of a process that imports this file."""
    folders = [str(ROOT), os.path.dirname(__file__)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(folders)}


def test_two_processes_on_one_store_train_no_model_twice(one, whole, monkeypatch, capsys):
    monkeypatch.setattr(driver, "LOOK", 0.05)
    train_job, trained = study.train_job, []
    monkeypatch.setattr(
        study, "train_job", lambda *given: trained.append(given) or train_job(*given)
    )
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, one.store.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=there(),
    ) as other:
        assert other.stdout.readline() == "ready\n"
        print(file=other.stdin, flush=True)
        rows = one.run(FEW, jobs=1)
        by_other = int(other.communicate(timeout=100)[0])
    assert same(rows, whole)
    assert len(trained) + by_other == len(one.jobs(FEW))
    assert "100%" in capsys.readouterr().err  # the bar also counts what the other trained


def test_what_a_dead_process_left_is_trained(one, whole, monkeypatch, capsys):
    """Here after its time has ended, as on another machine."""
    monkeypatch.setattr(driver, "LOOK", 0.1)
    key = one.keys([TL])[0]
    with one.store.open() as connection:
        connection.execute(
            "INSERT INTO leases VALUES (?, 'elsewhere 1 x', ?)", (key, time.time() + 1)
        )
    assert same(one.run(FEW, jobs=1), whole)
    assert "waiting for models that another process trains" in capsys.readouterr().err


def test_the_budget_also_ends_waiting(one, monkeypatch):
    monkeypatch.setattr(driver, "LOOK", 0.1)
    with Leases(one.store) as other:
        assert other.take(set(one.keys([BASE])))
        assert one.run([BASE], jobs=1, budget=0.5).empty


# --- files that cannot be written or read


@pytest.fixture
def limited(monkeypatch):
    """`limited(statement)`: until it is undone, connections to stores begin with this statement."""
    real = sqlite3.connect

    def limit(statement: str) -> None:
        def connect(path, timeout):
            connection = real(path, timeout=timeout)
            connection.execute(statement)
            return connection

        monkeypatch.setattr(sqlite3, "connect", connect)

    return limit


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("PRAGMA max_page_count = {pages}", "full.*what was stored before is kept; free space"),
        ("PRAGMA query_only = 1", "readonly"),
    ],
    ids=["full disk", "read-only store"],
)
def test_a_store_that_can_no_longer_be_written_keeps_what_it_has(
    limit, words, one, whole, limited, monkeypatch
):
    one.run([BASE], jobs=1)
    with one.store.connect() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0] + 3
    limited(limit.format(pages=pages))
    with pytest.raises(InputError, match=words):
        one.run(FEW, jobs=1)
    assert same(one.rows([BASE]), whole[whole["method"] == BASE.name].reset_index(drop=True))
    monkeypatch.undo()
    assert same(one.run(FEW, jobs=1), whole)


def test_a_damaged_published_file_is_named_before_training(one, whole, tmp_path):
    published.write_rows(tmp_path / "all.parquet", whole, published.provenance(one, whole))
    given = published.published_rows(one, FEW, tmp_path)
    assert same(one.run(FEW, jobs=1, given=given), whole)
    content = (tmp_path / "all.parquet").read_bytes()
    (tmp_path / "all.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"all\.parquet"):
        published.published_rows(one, FEW, tmp_path)
    assert one.store.keys() == set()


# --- training processes that are killed


def killed_once(flag):
    """`train_job`, whose process is killed at its first call."""

    def train_job(data, job, base):
        if not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return jobs.train_job(data, job, base)

    return train_job


def test_a_killed_training_process_is_named_and_the_next_run_goes_on(
    one, whole, tmp_path, monkeypatch
):
    monkeypatch.setattr(study, "train_job", killed_once(tmp_path / "killed"))
    with pytest.raises(RunError, match=r"a training process was killed.*kept.*--jobs"):
        one.run(FEW, jobs=2)
    assert len(one.store.keys("networks")) == 2
    assert same(one.run(FEW, jobs=2), whole)


# --- signals


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_interrupted_says_what_is_kept(number, code, one, tmp_path):
    """The signal goes to all of its processes, as from a terminal or a batch system."""
    path = one.store.path
    words = [sys.executable, "-m", "perso", "run", str(ROOT / "params" / "smoke.yml")]
    words += ["--jobs", "2", "--store", str(path)]
    with subprocess.Popen(
        words,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
        # a shell's background jobs, such as these tests may be, ignore Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as run:
        ends = time.monotonic() + 100
        while not one.store.keys("networks") and time.monotonic() < ends:
            time.sleep(0.2)
        os.killpg(run.pid, number)
        error = run.communicate(timeout=60)[1]
    assert run.returncode == code and "Traceback" not in error
    assert f"interrupted; finished models are kept in {path}; run the same command" in error
    with one.store.connect() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT COUNT(*) FROM leases").fetchone() == (0,)
