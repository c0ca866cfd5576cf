"""The front: changes against the generic network, its curve, bytes, and differences of methods."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from perso.analysis import changes, effects, front, storage
from perso.methods.registry import BASELINES, TL_0
from perso.paths import ROOT
from perso.settings import read_params
from perso.store.published import OWN, Published
from perso.study.study import Study

CURVE = ("TL-n-0", "WiSE-FT 0.5", "TL 9 % (1e-3)")
# the way from the generic network to transfer learning is a straight line
POINTS = {
    "TL-n-0": (0.0, 0.0),
    "WiSE-FT 0.5": (0.05, -0.1),
    "TL 9 % (1e-3)": (0.1, -0.2),
    "replay": (0.1, 0.0),
    "head only": (0.06, -0.2),
}


@pytest.fixture
def table(make_relative_run):
    """The table of POINTS, of four cohorts."""
    run = make_relative_run(changes=POINTS, people=30)
    run, methods = front.complete_run(run, BASELINES)
    numbers = pd.Series({"replay": 100.0, "head only": 10.0, "WiSE-FT 0.5": 100.0})
    found = front.baselines_table(run, methods, numbers, CURVE, np.random.default_rng(0))
    found = front.with_harm(found, run)
    found.attrs["run"] = run
    return found


def test_a_line_has_changes_against_the_generic_network(table):
    assert "BaseLine" in table.index and set(POINTS) <= set(table.index)
    for part in ("D_I", "D_G"):
        found = changes.change(table.attrs["run"].rows, "replay", "TL-n-0", part)
        line = table.loc["replay", part]
        assert line.tolist() == pytest.approx([found.mean, found.low, found.high])
    assert table.loc["replay", ("D_I", "change")] > 0.05
    assert table.loc["replay", ("", "family")] == "replay"


def test_the_generic_network_is_its_own_zero(table):
    line = table.loc["TL-n-0"]
    assert line["D_I", "change"] == line["D_G", "change"] == 0
    assert np.isnan(line["D_I", "low"]) and np.isnan(line["harmed", "share"])


def test_seconds_of_several_machines_are_not_compared(table, make_relative_run):
    assert front.training_of(table)[0] == "seconds"
    run = make_relative_run(changes=POINTS, people=6)
    run.rows.loc[run.rows["method"] == "replay", "device"] = "another"
    run, methods = front.complete_run(run, BASELINES)
    numbers = pd.Series({"replay": 100.0})
    mixed = front.baselines_table(run, methods, numbers, CURVE, np.random.default_rng(0))
    unit, training = front.training_of(mixed)
    assert unit == "iterations" and training["replay"] == 1000


def test_a_line_has_cost_bytes_and_harm(table):
    line = table.loc["replay"]
    assert (line["cost", "seconds"], line["cost", "iterations"]) == (240, 1000)
    assert line["storage", "bytes"] == 400 and np.isnan(table.loc["BaseLine", ("storage", "bytes")])
    found = effects.expected_harm(effects.hits_on_own_data(table.attrs["run"]), "replay", "TL-n-0")
    assert line["harmed", "share"] == pytest.approx(found.mean) and found.mean < 0.3
    assert 0 <= line["harmed", "low"] <= line["harmed", "high"] <= 1


def test_only_what_no_place_of_the_curve_matches_lies_above_it(table):
    above = table[front.ABOVE]
    assert above["replay"] and not above["head only"]
    assert not above[list(CURVE)].any()
    assert table.loc["replay", front.PROBABILITY] > 0.95
    assert table.loc["head only", front.PROBABILITY] < 0.05
    assert not table.loc[list(CURVE), front.PROBABILITY].any()


def test_five_people_show_nothing_above(make_relative_run):
    run, methods = front.complete_run(
        make_relative_run(changes=POINTS, cohorts=1, people=5), BASELINES
    )
    numbers = pd.Series(dtype=float)
    found = front.baselines_table(run, methods, numbers, CURVE, np.random.default_rng(0))
    assert found[front.PROBABILITY].isna().all() and found[front.ABOVE].any()


def test_a_method_within_the_margins_is_not_above():
    block = {
        "TL-n-0": (0.0, 0.0),
        "TL 9 % (1e-3)": (0.1, -0.1),
        "near": (0.004, 0.001),
        "far": (0.006, 0.003),
    }
    table = pd.DataFrame.from_dict(block, orient="index")
    table.columns = pd.MultiIndex.from_tuples([("D_I", "change"), ("D_G", "change")])
    above = front.above_front(table, ("TL-n-0", "TL 9 % (1e-3)"))
    assert dict(zip(block, above, strict=True)) == dict.fromkeys(block, False) | {"far": True}


def test_without_the_curve_nothing_is_called_above(make_relative_run):
    fewer = {name: each for name, each in POINTS.items() if name != "WiSE-FT 0.5"}
    run, methods = front.complete_run(make_relative_run(changes=fewer), BASELINES)
    numbers = pd.Series(dtype=float)
    table = front.baselines_table(run, methods, numbers, CURVE, np.random.default_rng(0))
    assert front.ABOVE not in table and front.PROBABILITY not in table


def test_methods_without_rows_are_left_out(make_relative_run):
    run = make_relative_run(changes={"TL-n-0": (0.0, 0.0)})
    _, methods = front.complete_run(run, BASELINES)
    assert [method.name for method in methods] == ["BaseLine", "TL-n-0"]


def test_the_smallest_storage_that_reaches_a_share_of_the_gain(table):
    assert front.cheapest(table, 0.9) == "replay"
    assert front.cheapest(table, 0.4) == "head only"
    assert front.gain_shares(table).max() == pytest.approx(1)
    none = table.copy()
    none["D_I", "change"] = -0.1
    assert front.cheapest(none, 0.5) == ""


def test_the_named_pairs_are_methods_that_there_are(make_relative_run):
    known = {method.name for method in BASELINES} | {front.SELECTED.name}
    pairs = [pair for pairs in front.QUESTIONS.values() for pair in pairs]
    assert {name for pair in pairs for name in pair[:2]} <= known
    run = make_relative_run(changes=POINTS)
    found = effects.contrast_table(run.rows, front.QUESTIONS["replay"])
    assert list(found.index) == [("replay", "TL 9 % (1e-3)")]
    assert found.iloc[0]["D_G", "low"] > 0


def test_the_table_is_of_cohorts_that_have_all_methods(make_relative_run):
    few = {name: (0.0, 0.0) for name in ("TL-n-0", effects.LATE_FAST, "replay")}
    run = make_relative_run(changes=few, cohorts=3, people=4)
    gone = (run.rows["method"] == "replay") & (run.rows["fold"] == 2)
    rows = run.rows[~gone]
    assert set(front.whole_cohorts(rows)["fold"]) == {0, 1}
    cut, methods = front.complete_run(replace(run, rows=rows), BASELINES)
    table = front.baselines_table(cut, methods, pd.Series(dtype=float), ("none",), None)
    whole = changes.change(rows[rows["fold"] < 2], effects.LATE_FAST, "TL-n-0", "D_I")
    assert table.loc[effects.LATE_FAST, ("D_I", "change")] == pytest.approx(whole.mean)
    only_one = rows[
        ~((rows["method"] == effects.LATE_FAST) & (rows["fold"] < 2))
    ]  # no cohort has all
    assert front.whole_cohorts(only_one) is only_one


# --- bytes of a run


@pytest.fixture(scope="module")
def study():
    """The smoke study of this table."""
    settings = replace(read_params(ROOT / "params" / "smoke.yml"), rows_of="baselines")
    return Study(settings, "nowhere.sqlite")


def published(study, **settings) -> Published:
    """A published file of the study, with one row for each person."""
    test = study.data.splits.test
    people = study.data.splits.individuals
    rows = pd.DataFrame({"person": people, "n_I": [len(test[person]) for person in people]})
    facts = {name: getattr(study.settings, name) for name in study.settings.__dataclass_fields__}
    provenance = {"settings": facts | settings, "shape": [8, 8], "kind": "images"}
    return Published("made", rows, provenance)


def test_a_file_tells_the_bytes_without_its_data(study):
    exact = storage.numbers_per_person(study, BASELINES)
    assert storage.numbers_of_run(study, Published(OWN, None, {}), BASELINES).equals(exact)
    found = storage.numbers_of_run(study, published(study), BASELINES)
    assert found.drop("kNN mix").equals(exact.drop("kNN mix"))
    assert found["kNN mix"] == pytest.approx(exact["kNN mix"], rel=0.03)
    wider = storage.numbers_of_run(study, published(study, width=0.25), BASELINES)
    assert wider["replay"] > 3 * exact["replay"]


def test_of_data_of_the_users_own_no_bytes_are_told(study):
    found = storage.numbers_of_run(study, published(study, dataset="file:mine.npz"), (TL_0,))
    assert found.isna().all()


def test_the_chosen_setting_stores_what_its_candidates_store(study):
    found = storage.numbers_per_person(study, (*BASELINES, front.SELECTED))
    assert found[front.SELECTED.name] == found["TL 9 % (1e-3)"] > 0
