"""Whether a person's contexts differ: planted shifts, none, items that stay whole, controls."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from perso.analysis import drift
from perso.data.cohort import Cohort
from perso.data.dataset import StudyData, prepare
from perso.paths import ROOT
from perso.settings import read_params
from perso.store.published import Published

CLASSES, ITEMS, WINDOWS = 5, 12, 4  # items of each class and context


@pytest.fixture(scope="module")
def sheared() -> StudyData:
    """The smoke study's four people, with half of each one's digits sheared."""
    return prepare(read_params(ROOT / "params" / "smoke.yml", ["context=shear:30"]))


def a_person(draw: np.random.Generator, shift: float = 0.0, within: float = 0.0) -> tuple:
    """Inputs [N, 3, 2] of five classes far apart, context, item and label.

    shift    of one feature in context 1, in SDs of a window
    within   SD of what the windows of an item share
    """
    label, context, _ = np.indices((CLASSES, 2, ITEMS)).reshape(3, -1).repeat(WINDOWS, axis=1)
    item = np.arange(len(label)) // WINDOWS
    inputs = draw.normal(size=(len(label), 3, 2)) + 9 * label[:, None, None]
    inputs += within * draw.normal(size=(item.max() + 1, 3, 2))[item]
    inputs[:, 0, 0] += shift * context
    return inputs, context, item, label


# --- one person


def test_a_planted_shift_is_found_and_a_class_is_none():
    draw = np.random.default_rng(0)
    found = drift.drift(*a_person(draw, shift=1.0), draw)
    assert found.p == pytest.approx(1 / (drift.PERMUTATIONS + 1))
    # a shift of 1 SD has a variance of .25, in one of six features of variance 1
    assert found.share == pytest.approx(0.25 / 6.25, abs=0.02)
    assert found.chance < found.quantile < found.share


def test_without_a_shift_about_5_percent_are_found_where_items_stay_whole():
    draw = np.random.default_rng(1)
    whole, apart = [], []
    for _ in range(60):
        inputs, context, item, label = a_person(draw, within=1.5)
        whole.append(drift.drift(inputs, context, item, label, draw, 99).p)
        apart.append(drift.drift(inputs, context, np.arange(len(item)), label, draw, 99).p)
    assert 0 < np.mean(np.array(whole) < 0.05) < 0.12
    # windows of an item are alike: to permute them one by one finds contexts that do not differ
    assert np.mean(np.array(apart) < 0.05) > 0.4


def test_other_shares_of_classes_are_no_drift():
    draw = np.random.default_rng(2)
    inputs, context, item, label = a_person(draw)
    # mostly classes 0 and 1 in context 0, mostly the others in context 1
    kept = (item % ITEMS < 3) | ((label < 2) == (context == 0))
    found = drift.drift(inputs[kept], context[kept], item[kept], label[kept], draw)
    assert found.p > 0.05 and found.share < found.quantile


def test_what_is_explained_is_a_share():
    z = np.array([[0.5], [-0.5], [0.5], [-0.5]])
    assert drift.explained_shares(3 * z, z) == pytest.approx([1])
    other = np.array([[1.0], [1.0], [-1.0], [-1.0]])
    assert drift.explained_shares(np.hstack([2 * z, other]), z) == pytest.approx([4 / 8])


def test_the_scale_of_a_feature_does_not_matter():
    inputs, *facts = a_person(np.random.default_rng(3), shift=0.3)
    scaled = inputs * np.array([[1, 1000], [0.001, 1], [1, 1]])
    one, other = (drift.drift(each, *facts, np.random.default_rng(0)) for each in (inputs, scaled))
    assert other == pytest.approx(one)


def test_permuted_contexts_keep_their_counts_in_each_class():
    context = np.array([0, 1, 1, 0, 0, 1, 1])
    stratum = np.array([0, 0, 0, 1, 1, 1, 1])
    moved = drift.permuted_contexts(context, stratum, np.random.default_rng(0), 50)
    assert moved.shape == (51, 7) and (moved[0] == context).all()
    assert (moved[:, :3].sum(axis=1) == 2).all() and (moved[:, 3:].sum(axis=1) == 2).all()
    assert len(np.unique(moved, axis=0)) > 10


def test_a_unit_in_two_contexts_is_refused():
    draw = np.random.default_rng(0)
    inputs, context, item, label = a_person(draw)
    with pytest.raises(ValueError, match="two contexts"):
        drift.drift(inputs, context, item // 50, label, draw)


def test_nothing_is_known_where_nothing_varies_or_no_class_has_both_contexts():
    draw = np.random.default_rng(0)
    inputs, context, item, label = a_person(draw)
    assert np.isnan(drift.drift(np.ones_like(inputs), context, item, label, draw)).all()
    assert np.isnan(drift.drift(inputs, label % 2, item, label, draw)).all()


# --- everybody


def test_sheared_digits_differ_and_the_same_halves_upright_do_not(sheared):
    found = drift.drift_table(sheared)
    assert list(found.index) == list(sheared.splits.individuals)
    assert (found["p"] < 0.01).all()
    upright = prepare(replace(sheared.settings, context=""))
    control = drift.drift_table(upright, drift.in_available(sheared))
    assert (control["p"] > 0.01).all()
    assert (control["share"] < found["share"]).all()


def test_the_same_seed_gives_the_same_table(sheared):
    pd.testing.assert_frame_equal(drift.drift_table(sheared), drift.drift_table(sheared))


def test_random_halves_are_of_whole_items_and_differ_by_chance_alone(sheared):
    source = sheared.source
    half = drift.random_halves(source, seed=0)
    for person in source.people:
        own = source.who == person
        assert half[own].sum() == own.sum() // 2
    assert (half != drift.random_halves(source, seed=0, number=1)).any()
    found = drift.false_findings(sheared, draws=15)
    assert found.shape == (15, 4) and found.mean() < 0.2


def test_halves_of_a_recording_are_compared_within_it(sheared):
    """Two recordings of a person and class differ, their halves do not."""
    draw = np.random.default_rng(0)
    inputs, context, item, label = a_person(draw, shift=5.0)
    source = Cohort(
        inputs.astype(np.float32),
        label,
        np.full(len(label), 3),
        item,
        {"recording": 2 * label + context, "context": context},
    )
    splits = replace(sheared.splits, folds=(replace(sheared.splits.folds[0], individuals=(3,)),))
    data = replace(sheared, source=source, inputs=source.inputs, labels=label, splits=splits)
    assert drift.drift_table(data).loc[3, "p"] < 0.01
    assert drift.recording_halves_table(data).loc[3, "p"] > 0.05
    later = item % ITEMS >= ITEMS // 2
    source.inputs[later, 0, 0] += 1
    assert drift.recording_halves_table(data).loc[3, "p"] < 0.01


def test_the_nearest_sample_of_a_sample_is_itself(sheared):
    alike = replace(sheared, splits=replace(sheared.splits, test=sheared.splits.train))
    assert (drift.nearest_accuracy(alike) == 1).all()
    assert (drift.nearest_accuracy(sheared) < 1).all()


# --- networks


def rows_of_changes(on_I: float, on_U: float, method: str = "TL-n-300 (1e-3)") -> pd.DataFrame:
    """Rows of eight people in two folds: the generic network, and changes by a method."""
    noise = 0.02 * np.sin(np.arange(8.0))
    lines = []
    for name, change_I, change_U in (("TL-n-0", 0, 0), (method, on_I, on_U)):
        for person in range(8):
            spread = noise[person] if name == method else 0.0
            lines.append(
                {
                    "method": name,
                    "person": str(person),
                    "fold": person % 2,
                    "repeat": 0,
                    "acc_I": 0.8 + change_I + spread,
                    "acc_U": 0.7 + change_U - spread,
                    "acc_G": 0.9,
                    "iterations": 9,
                    "own_iterations": 0,
                }
            )
    return pd.DataFrame(lines)


def test_gains_in_both_contexts_and_their_difference():
    found = drift.context_gains(rows_of_changes(0.1, 0.03))
    assert found.method == "TL-n-300 (1e-3)"
    assert (found.generic_I, found.generic_U) == pytest.approx((0.8, 0.7))
    noise = 0.02 * np.sin(np.arange(8.0)).mean()
    assert found.on_I.mean == pytest.approx(0.1 + noise)
    assert found.on_U.mean == pytest.approx(0.03 - noise)
    assert found.difference.mean == pytest.approx(-0.07 - 2 * noise)
    assert found.difference.low < -0.07 < found.difference.high < 0


def test_there_are_no_gains_without_fine_tuning():
    rows = rows_of_changes(0.1, 0.0, method="WiSE-FT 0.5")
    assert drift.context_gains(rows) is None


def test_the_largest_run_is_of_the_same_data_and_context():
    def run(name: str, people: int, data: str = "pens", **settings) -> Published:
        rows = pd.DataFrame({"person": range(people), "fold": 0})
        return Published(name, rows, {"data": data, "settings": settings})

    own = run("own", 4, context="half", available=0)
    larger = run("larger", 9, context="half", available=0)
    others = [
        run("watch", 20, "watch", context="half", available=0),
        run("late", 20, context="half", available=1),
        run("old", 20),
    ]
    assert drift.largest_of_same_data([own, larger, *others]).name == "larger"
    assert drift.largest_of_same_data([own, *others]).name == "own"
