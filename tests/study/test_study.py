"""The study: its rows, what is trained and what is not, and the pairing that tests rely on."""

import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from perso.methods.kinds import with_more_epochs
from perso.methods.method import Method, Shaping
from perso.methods.registry import named
from perso.paths import ROOT
from perso.seeds import seed_of
from perso.settings import read_params
from perso.store.sqlite import unpacked
from perso.study import driver, identity, jobs, plans, study
from perso.study.study import Study
from perso.training import engine, inference, recipe

SHAPED = named(  # rows without data grouping
    "BaseLine",
    "own data in the union",
    "BaseLine + 400 iterations",
    "ES-n-400 on another person",
    "ES-n-40",
    "ES-n-400",
    "SW-n-12",
    "SW-n-2",
    "TL-n-0",
    "TL-n-10 (1e-3)",
    "TL-n-300 (1e-3)",
    "TL-n-10 (1e-4)",
    "TL-n-300 (1e-4)",
)
TINY = replace(  # small, with a rate so high that no two models predict alike
    read_params(ROOT / "params" / "smoke.yml"),
    width=1 / 16,
    epochs=1,
    batch_size=16,
    learning_rate=0.03,
    device="cpu",
)


def short(method: Method) -> Method:
    """The method with a few extra iterations where it has many."""
    few = {0: 0, 10: 2, 40: 2, 300: 4, 400: 3}
    terms = method.shaping
    terms = terms._replace(early=few[terms.early], extra=few[terms.extra], late=few[terms.late])
    return replace(method, phases=terms.phases)


BOTH = Method(
    "SW, then late",
    "control",
    "two methods joined",
    phases=Shaping(n_I="2", late=2, late_rate=0.01).phases,
)
SHORT = (*map(short, SHAPED), BOTH)
NAMED = {method.name: method for method in SHORT}
BASE, LONGER = NAMED["BaseLine"], NAMED["BaseLine + 400 iterations"]
ES_2, ES_3, ES_OTHER = NAMED["ES-n-40"], NAMED["ES-n-400"], NAMED["ES-n-400 on another person"]
SW_2, SW_12 = NAMED["SW-n-2"], NAMED["SW-n-12"]
# TL: 2 and 4 iterations at 1e-3, then at 1e-4
TL_0, *TL = (method for method in SHORT if method.from_generic)
FEW = (BASE, SW_2, TL_0, *TL[:3])
EVERY = (*SHAPED, BOTH)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A study with every row trained in one go; nobody writes into its store."""
    one = Study(TINY, tmp_path_factory.mktemp("whole") / "rows.sqlite")
    one.run(SHORT, jobs=1)
    return one


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """A study that is only planned, of two epochs."""
    return Study(replace(TINY, epochs=2), tmp_path_factory.mktemp("planned") / "rows.sqlite")


def numbers(rows):
    """What two runs of the same study share."""
    return rows.drop(columns=["seconds", "created"])


def change(path, statement: str) -> None:
    """An edit of a store behind its back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def everybody(one: Study):
    """Every fold with each of its people."""
    return [(fold, person) for fold in one.folds for person in fold.individuals]


def plan(one: Study, method: Method, fold, person) -> tuple[np.ndarray, np.ndarray]:
    """Source and plan of a model of the first repeat."""
    return plans.index_plan(one.data, fold, method, person, 0)


# --- rows


def test_there_is_one_row_for_every_method_person_and_repeat(tmp_path):
    one = Study(replace(TINY, repeats=2), tmp_path / "rows.sqlite")
    rows = one.run((SW_2, BASE), jobs=1)
    people = [str(person) for person in one.data.splits.individuals]
    wanted = itertools.product((SW_2.name, BASE.name), people, (0, 1))
    assert list(rows[["method", "person", "repeat"]].itertuples(index=False, name=None)) == list(
        wanted
    )
    assert rows["key"].is_unique and one.keys((SW_2, BASE)) == rows["key"].tolist()
    first, second = (rows[rows["repeat"] == repeat]["hits_G"].tolist() for repeat in (0, 1))
    assert not set(first) & set(second)


def test_almost_all_models_predict_differently(whole):
    """So that tests below which find equal rows mean something."""
    assert whole.rows(SHORT)["hits_G"].nunique() > 4 * len(SHORT) - 10


def test_a_rows_iterations_are_its_schedules_length(whole):
    rows = whole.rows(SHORT)
    assert len(rows) == 4 * len(SHORT)
    for line in rows.itertuples():
        method, fold = NAMED[line.method], whole.folds[line.fold]
        person = next(p for p in fold.individuals if str(p) == line.person)
        assert line.iterations == len(whole.schedule(method, line.fold))
        assert line.own_iterations == len(plan(whole, method, fold, person)[0])
        assert line.own_iterations == (
            method.shaping.late if method.from_generic else line.iterations
        )


def test_a_rows_hits_are_of_its_own_test_images(whole):
    for line in whole.rows(SHORT).itertuples():
        fold = whole.folds[line.fold]
        person = next(p for p in fold.individuals if str(p) == line.person)
        assert line.n_I == len(whole.data.splits.test[person]) and line.n_G == len(fold.global_test)
        assert line.acc_I == unpacked(line.hits_I, line.n_I).mean()
        assert line.acc_G == unpacked(line.hits_G, line.n_G).mean()
        assert (line.device, line.precision, line.threads, line.lanes) == ("cpu", "float32", 1, 2)


def test_a_row_tells_how_the_network_does_for_every_individual_of_its_fold(whole):
    for line in whole.rows((BASE, SW_2)).itertuples():
        test = whole.data.splits.test
        people = whole.folds[line.fold].individuals
        sizes = [len(test[person]) for person in people]
        hits = np.split(unpacked(line.hits_S, sum(sizes)), np.cumsum(sizes)[:-1])
        own = [str(person) for person in people].index(line.person)
        assert len(sizes) > 1
        assert (hits[own] == unpacked(line.hits_I, line.n_I)).all()


def test_a_row_holds_the_log_probability_of_the_true_class(whole):
    """Above 1/2 the sample is a hit, and below one in 30 it is not."""
    rows = whole.rows(SHORT)
    p = np.concatenate(
        [np.exp(np.frombuffer(blob, "<f2").astype(float)) for blob in rows["logp_I"]]
    )
    hits = np.concatenate([unpacked(line.hits_I, line.n_I) for line in rows.itertuples()])
    assert p.shape == hits.shape and (p <= 1).all()
    assert hits[p > 0.51].all() and (p > 0.51).any()
    assert not hits[p < 1 / 31].any() and hits[p > 0.1].mean() > hits.mean() > 0


def test_the_baseline_and_methods_from_the_generic_network_have_more_repeats(tmp_path):
    one = Study(replace(TINY, reference_repeats=3), tmp_path / "rows.sqlite")
    rows = one.run((BASE, SW_2, TL_0, TL[0]), jobs=1)
    counts = rows.groupby("method")["key"].nunique()
    assert counts.to_dict() == {BASE.name: 12, SW_2.name: 4, TL_0.name: 12, TL[0].name: 12}
    assert len(one.store.keys("networks")) == 6  # two folds, three repeats
    fewer = Study(replace(TINY, repeats=2, reference_repeats=1), "nowhere.sqlite")
    assert set(fewer.wanted((BASE, SW_2)).groupby("method").size()) == {8}


def test_repeats_that_rotate_test_other_samples_of_each_individual(tmp_path):
    one = Study(replace(TINY, repeats=2, rotate=True), tmp_path / "rows.sqlite")
    rows = one.run((BASE, TL_0), jobs=1).set_index(["method", "person", "repeat"])
    data = one.data.at(1)
    for person in data.splits.individuals:
        line = rows.loc["TL-n-0", str(person), 1]
        fold = one.folds[line["fold"]]
        number = [*one.folds].index(fold)
        weights = one.store.weights(identity.generic_key(data, number, 1))
        state = {name: torch.from_numpy(array) for name, array in weights.items()}
        index = data.splits.test[person]
        found = inference.predict(jobs.recipe(data), data.inputs, state, index)
        assert (
            unpacked(line["hits_I"], line["n_I"]).tolist() == (found == data.labels[index]).tolist()
        )


@pytest.mark.parametrize(
    "method", [SW_2, TL[1], BOTH], ids=["from the start", "generic start", "both"]
)
def test_a_row_is_what_the_engine_makes_of_its_plan(method, whole):
    """Initial weights, then the schedule, then the late iterations at their own rate."""
    fold, data, s = whole.folds[1], whole.data, whole.settings
    how = jobs.recipe(data)
    people = fold.individuals

    def seeds(use):
        return [seed_of(s.seed, use, person, 0) for person in people]

    def trained(plans, rates, states, use):
        runs = map(engine.Run, plans, itertools.repeat(rates), states, seeds(use))
        return engine.train(how, engine.Samples(data.inputs, data.labels), [*runs])[len(rates)]

    plans = np.stack([plan(whole, method, fold, person)[1] for person in people])
    before = len(plans[0]) - method.shaping.late
    first, late = plans[:, :before], plans[:, before:]
    if method.from_generic:
        stored = whole.store.weights(identity.generic_key(whole.data, 1, 0))
        states = [{name: torch.from_numpy(array) for name, array in stored.items()}] * 2
    else:
        states = [recipe.init_state(how, seed) for seed in seeds("init")]
        rates = [s.learning_rate] * before
        states = trained(first, rates, states, "dropout")
    if method.shaping.late:
        rates = [method.shaping.late_rate] * method.shaping.late
        states = trained(late, rates, states, "late dropout")
    rows = whole.rows([method])
    for person, state in zip(people, states, strict=True):
        line = rows[rows["person"] == str(person)].iloc[0]
        for part, index in (("I", data.splits.test[person]), ("G", fold.global_test)):
            hits = inference.predict(how, data.inputs, state, index) == data.labels[index]
            assert unpacked(line[f"hits_{part}"], line[f"n_{part}"]).tolist() == hits.tolist()


def test_rows_have_the_names_they_are_asked_for_by(whole, tmp_path):
    """A name decides no number: methods that differ only in name share their rows."""
    new, path = replace(SW_2, name="new name"), tmp_path / "rows.sqlite"
    shutil.copy(whole.store.path, path)
    rows = Study(TINY, path).rows((SW_2, new))
    assert rows["key"].tolist() == 2 * whole.keys([SW_2])
    assert rows["method"].tolist() == [SW_2.name] * 4 + [new.name] * 4


# --- what is trained, and what is not


def test_two_stores_get_the_same_rows(whole, tmp_path):
    again = Study(TINY, tmp_path / "rows.sqlite").run(FEW, jobs=1)
    assert numbers(again).equals(numbers(whole.rows(FEW)))


def test_two_processes_get_the_same_rows(whole, tmp_path):
    again = Study(TINY, tmp_path / "rows.sqlite").run(FEW, jobs=2)
    assert numbers(again).equals(numbers(whole.rows(FEW)))


def test_a_second_run_trains_nothing(whole, monkeypatch):
    monkeypatch.setattr(engine, "train", None)
    before = whole.rows(SHORT)
    assert whole.run(SHORT, jobs=1).equals(before)  # created and seconds too
    assert Study(TINY, whole.store.path).run(SHORT, jobs=1).equals(before)


def test_what_is_missing_is_trained_and_nothing_else(whole, tmp_path, monkeypatch):
    path, begun, train_job = tmp_path / "rows.sqlite", [], study.train_job
    monkeypatch.setattr(study, "train_job", lambda *job: begun.append(job[1]) or train_job(*job))
    monkeypatch.setattr(jobs, "train_generic", None)
    shutil.copy(whole.store.path, path)
    change(path, "UPDATE rows SET created = 'before'")
    change(path, f"DELETE FROM rows WHERE fold = 1 AND method IN ('{SW_2.name}', '{TL[1].name}')")
    rows = Study(TINY, path).run(SHORT, jobs=1)
    assert numbers(rows).equals(numbers(whole.rows(SHORT)))
    trained = rows[rows["created"] != "before"]
    assert trained["method"].tolist() == [SW_2.name] * 2 + [TL[1].name] * 2 and set(
        trained["fold"]
    ) == {1}
    assert {job.methods for job in begun} == {(SW_2,), tuple(TL[:2])} and len(begun) == 2


def test_a_budget_of_zero_trains_nothing(tmp_path, whole):
    one = Study(TINY, tmp_path / "rows.sqlite")
    assert one.run(FEW, jobs=1, budget=0).empty
    assert one.store.keys() == one.store.keys("networks") == set()
    assert numbers(one.run(FEW, jobs=1)).equals(numbers(whole.rows(FEW)))


@pytest.mark.parametrize(("budget", "generic", "jobs"), [(2, 1, 0), (3, 2, 0), (7, 2, 4)])
def test_a_run_cut_anywhere_goes_on_where_it_was(
    budget, generic, jobs, tmp_path, whole, monkeypatch
):
    """On a clock that ticks whenever it is read: at the start, and before each call."""
    one = Study(TINY, tmp_path / "rows.sqlite")
    with monkeypatch.context() as patch:
        clock = SimpleNamespace(monotonic=itertools.count().__next__)
        patch.setattr(study, "time", clock)
        patch.setattr(driver, "time", clock)
        rows = one.run(FEW, jobs=1, budget=budget)
    assert len(one.store.keys("networks")) == generic
    complete = [job for job in one.jobs(FEW) if set(job.keys.values()) <= set(rows["key"])]
    assert len(complete) == jobs and len(rows) == sum(len(job.keys) for job in complete)
    assert numbers(one.run(FEW, jobs=1)).equals(numbers(whole.rows(FEW)))


KILLED = """
import sys, threading
from perso.store.sqlite import Store
from test_study import FEW, TINY, Study

add, calls = Store.add, []

def stuck(rows):
    first, *rest = rows
    yield first
    print("one of", 1 + len(rest), "rows is written", flush=True)
    threading.Event().wait()

def add_two(self, rows, table="rows", run=None):
    calls.append(table)
    add(self, stuck(rows) if calls.count("rows") == 3 else rows, table, run)

Store.add = add_two
Study(TINY, sys.argv[1]).run(FEW, jobs=1)
"""


def test_a_run_killed_in_the_middle_of_a_write_goes_on_where_it_was(whole, tmp_path):
    path = tmp_path / "rows.sqlite"
    command = [sys.executable, "-c", KILLED, path]
    there = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=there
    ) as child:
        line = child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    assert line.startswith(b"one of") and child.returncode == -signal.SIGKILL

    one = Study(TINY, path)
    kept = one.rows(FEW)
    complete = [job for job in one.jobs(FEW) if set(job.keys.values()) <= set(kept["key"])]
    # not half a third
    assert len(complete) == 2 and len(kept) == sum(len(job.keys) for job in complete)
    change(path, "UPDATE rows SET created = 'before'")
    rows = one.run(FEW, jobs=1)
    assert numbers(rows).equals(numbers(whole.rows(FEW)))
    assert set(rows[rows["created"] == "before"]["key"]) == set(kept["key"])


ORPHAN = """
import os, threading
from perso.study.workers import start_worker

parent = os.getpid()
if not os.fork():
    start_worker(parent, 0)
    print("there", flush=True)
threading.Event().wait()
"""


def test_a_worker_ends_with_its_parent():
    command = [sys.executable, "-c", ORPHAN]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=ROOT, start_new_session=True
    ) as parent:
        try:
            assert parent.stdout.readline() == b"there\n"
            parent.kill()
            # when the worker has let go of its end
            assert parent.communicate(timeout=60) == (
                b"",
                None,
            )
        except subprocess.TimeoutExpired:
            os.killpg(parent.pid, signal.SIGKILL)
            raise


def test_a_study_keeps_the_given_and_the_resolved_settings():
    one = Study(TINY, "nowhere.sqlite")
    assert one.asked == TINY and TINY.graph == "auto" and "auto" not in vars(one.settings).values()
    assert one.data.settings == one.settings and "2 models fused" in one.hardware


def test_the_store_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("PERSO_STORE", str(tmp_path / "elsewhere.sqlite"))
    assert Study(TINY).store.path == tmp_path / "elsewhere.sqlite"


# --- transfer learning


def test_transfer_learning_shares_one_generic_model_per_fold_and_repeat(tmp_path):
    one = Study(replace(TINY, repeats=2), tmp_path / "rows.sqlite")
    one.run((TL_0, *TL), jobs=1)
    keys = {identity.generic_key(one.data, fold, repeat) for fold in (0, 1) for repeat in (0, 1)}
    assert len(keys) == 4 and one.store.keys("networks") == keys
    assert {job.base for job in one.jobs((TL_0, *TL))} == keys
    for job in one.jobs((TL_0, *TL)):
        assert job.base == identity.generic_key(one.data, job.fold, job.repeat)


def test_methods_that_differ_in_late_iterations_alone_are_one_job(whole):
    jobs = whole.jobs(SHORT)
    assert sum(len(job.keys) for job in jobs) == 4 * len(SHORT)
    together = {job.methods for job in jobs if len(job.methods) > 1}
    assert together == {tuple(TL[:2]), tuple(TL[2:])}
    assert len(jobs) == 2 * (len(SHORT) - 2)  # two folds, each of two people in two lanes


def test_a_prefix_of_a_longer_trajectory_is_the_shorter_method(whole, tmp_path):
    alone = Study(TINY, tmp_path / "rows.sqlite").run(TL[:1], jobs=1)
    assert numbers(alone).equals(numbers(whole.rows(TL[:1])))


def test_the_untouched_generic_network_is_the_same_for_everybody(whole):
    rows = whole.rows([TL_0])
    assert (rows["own_iterations"] == 0).all() and (rows["iterations"] > 0).all()
    assert (rows.groupby("fold")["hits_G"].nunique() == 1).all()
    assert (whole.rows(TL[1:2]).groupby("fold")["hits_G"].nunique() == 2).all()


# --- pairing


def test_methods_share_their_batches_from_the_same_source(planned):
    for fold, person in everybody(planned):
        (es, es_plan), (sw, sw_plan) = (
            plan(planned, method, fold, person) for method in (ES_3, SW_2)
        )
        for method in (ES_2, ES_3, SW_12, TL[3], BOTH):
            from_I, index = plan(planned, method, fold, person)
            mine, crowd = index[from_I], index[~from_I]
            shared = min(len(mine), sw.sum())
            assert shared > 1 and (mine[:shared] == sw_plan[sw][:shared]).all()
            assert (crowd == es_plan[~es][: len(crowd)]).all()
        other, index = plan(planned, ES_OTHER, fold, person)
        assert (other == es).all() and (index[~other] == es_plan[~es]).all()
        assert not np.isin(index[other], es_plan).any()


def test_a_longer_baseline_begins_as_the_baseline(planned):
    for fold, person in everybody(planned):
        first, longer = (plan(planned, method, fold, person)[1] for method in (BASE, LONGER))
        assert len(longer) == len(first) + 3 and (longer[: len(first)] == first).all()


def test_people_and_repeats_draw_their_own_batches(planned):
    fold = planned.folds[0]
    drawn = [
        plans.index_plan(planned.data, fold, SW_2, p, r)[1]
        for p in fold.individuals
        for r in (0, 1)
    ]
    assert all((one != two).any(axis=1).all() for one, two in itertools.combinations(drawn, 2))


def asked(one: Study, method: Method, fold: int = 0) -> list[dict]:
    """What the engine is asked for by the first job of a method."""
    calls = []

    def train(recipe, samples, runs, snapshots=None):
        states = [run.state for run in runs]
        calls.append(
            {
                "plans": np.stack([run.plan for run in runs]),
                "rates": list(runs[0].rates),
                "states": states,
                "seeds": [run.seed for run in runs],
            }
        )
        return dict.fromkeys(snapshots or [len(runs[0].plan)], states)

    job = next(job for job in one.jobs([method]) if job.fold == fold)
    generic = {name: t.numpy() for name, t in recipe.init_state(jobs.recipe(one.data), 5).items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "train", train)
        jobs.train_job(one.data, job, generic)
    return calls


def test_methods_share_initial_weights_and_dropout(planned):
    (base,), *others = (
        asked(planned, method) for method in (BASE, SW_2, ES_3, ES_OTHER, LONGER, BOTH)
    )
    assert base["seeds"][0] != base["seeds"][1]
    for first, *_ in others:
        assert first["seeds"] == base["seeds"]
        for mine, its in zip(base["states"], first["states"], strict=True):
            assert all((mine[name] == its[name]).all() for name in mine)


def test_late_iterations_have_their_own_rate_and_dropout(planned):
    first, late = asked(planned, BOTH)
    (transferred,) = asked(planned, TL[0])
    assert set(first["rates"]) == {TINY.learning_rate}
    assert late["rates"] == [0.01] * 2 and transferred["rates"] == [0.001] * 2
    assert late["seeds"] == transferred["seeds"] and not set(late["seeds"]) & set(first["seeds"])
    assert (
        late["plans"] != transferred["plans"]
    ).any()  # after sample weighing D_I's stream is further on


def test_the_rate_decays_after_its_epoch_however_long_the_start(tmp_path):
    one = Study(replace(TINY, epochs=3, decay_epoch=2, decay=0.5), tmp_path / "rows.sqlite")
    n_iter = plans.epoch_length(one.data, one.folds[0])
    for method in (SW_2, ES_3, LONGER):
        start = method.shaping.early + method.shaping.extra
        (call,) = asked(one, method)
        assert call["rates"] == [0.03] * (start + 2 * n_iter) + [0.015] * n_iter


# --- who is trained on what


def test_the_baseline_learns_from_everybody_else_and_another_individual(planned):
    train = planned.data.splits.train
    for fold, person in everybody(planned):
        other = fold.neighbour(person)
        from_I, index = plan(planned, BASE, fold, person)
        assert other != person and not from_I.any()
        assert set(index.ravel()) == {*fold.global_train, *train[other]}  # two epochs: all of it
        assert not np.isin(index, train[person]).any()


@pytest.mark.parametrize("method", EVERY, ids=lambda method: method.name)
def test_every_batch_is_drawn_from_its_own_source(method, planned):
    train = planned.data.splits.train
    for fold, person in everybody(planned):
        whose = {"own": train[person], "other": train[fold.neighbour(person)], "": []}
        from_I, index = plan(planned, method, fold, person)
        assert np.isin(index[from_I], whose[method.individual_data]).all()
        assert np.isin(index[~from_I], [*fold.global_train, *whose[method.global_extra]]).all()


@pytest.mark.parametrize("method", EVERY, ids=lambda method: method.name)
def test_no_sample_is_trained_on_and_tested(method, planned):
    """Nor is any flip of one: samples are counted, not images."""
    test, samples = planned.data.splits.test, len(planned.data.source.item)
    for fold, person in everybody(planned):
        tested = np.concatenate([test[person], fold.global_test]) % samples
        assert not np.isin(plan(planned, method, fold, person)[1] % samples, tested).any()


def test_the_generic_model_learns_from_D_G_alone(planned, asked_for):
    for number, fold in enumerate(planned.folds):
        jobs.train_generic(planned.data, number, 0, "key")
        assert set(asked_for[-1].ravel()) == set(fold.global_train)  # two epochs: all of it
        assert asked_for[-1].shape[:2] == (1, len(planned.schedule(TL_0, number)))


# --- rows from elsewhere, and more epochs


def test_given_rows_are_not_trained_again(whole, tmp_path, monkeypatch):
    given = whole.rows((BASE, SW_2)).assign(file="results/some.parquet")
    one = Study(TINY, tmp_path / "rows.sqlite")
    found = one.run((BASE, SW_2, ES_2), jobs=1, given=given)
    assert one.store.keys() == set(one.keys([ES_2]))
    assert numbers(found).equals(numbers(whole.rows((BASE, SW_2, ES_2))))
    assert numbers(one.rows((BASE, ES_2))).equals(numbers(whole.rows([ES_2])))  # nor stored
    monkeypatch.setattr(engine, "train", None)
    assert len(one.run([BASE], given=given)) == len(whole.rows([BASE]))


def test_what_was_trained_here_comes_before_what_is_given(whole):
    given = whole.rows([BASE]).assign(acc_I=-1.0)
    assert whole.rows([BASE], given=given).equals(whole.rows([BASE]))


def test_the_rate_decays_at_the_same_share_of_more_epochs():
    settings = replace(TINY, epochs=3, decay_epoch=2, decay=0.5)
    one, twice = Study(settings, "nowhere.sqlite"), with_more_epochs(ES_3, 2)
    n_iter = plans.epoch_length(one.data, one.folds[0])
    assert len(one.schedule(twice)) == ES_3.shaping.early + 6 * n_iter
    rate = plans.rate_schedule(one.data, one.folds[0], twice.phases)
    assert np.flatnonzero(rate < TINY.learning_rate)[0] == ES_3.shaping.early + 4 * n_iter
    assert not set(one.keys([twice])) & set(one.keys([ES_3]))


def test_late_iterations_may_have_another_optimiser(tmp_path):
    one, (adam, other) = (
        Study(TINY, tmp_path / "rows.sqlite"),
        (TL[0], replace(TL[0], phases=TL[0].shaping._replace(late_optimiser="sgd").phases)),
    )
    seen, train = [], engine.train
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            engine, "train", lambda how, *rest: seen.append(how.optimiser) or train(how, *rest)
        )
        one.run([adam, other], jobs=1)
    # two generic models and two jobs, then two jobs
    assert sorted(seen) == ["adam"] * 4 + ["sgd"] * 2
    assert not set(one.keys([adam])) & set(one.keys([other]))


def test_doses_beyond_the_largest_are_left_out():
    for largest, names in ((5000, {40, 400, 5000}), (400, {40, 400}), (399, {40})):
        one = Study(replace(TINY, rows_of="doses", largest_dose=largest), "nowhere.sqlite")
        assert {method.shaping.early or method.shaping.extra for method in one.methods} - {
            0
        } == names
