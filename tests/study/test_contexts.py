"""Studies of people with contexts: what is trained on, what rows say of D_U, and keys."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from perso.methods.method import Method, Phase
from perso.methods.registry import CONTEXTS, RECURRENT, named
from perso.parts import D_U
from perso.settings import Settings
from perso.store.sqlite import unpacked
from perso.study import identity, jobs, plans
from perso.study.study import Study
from perso.training import inference

PEOPLE, EACH = 8, 18
WHO = np.repeat(np.arange(PEOPLE), EACH)
LABELS = np.tile(np.arange(3), PEOPLE * EACH // 3)
LATE = np.tile(np.repeat([False, True], EACH // 2), PEOPLE)
TL = Method("TL", "own", "", "generic", (Phase("I", 3, rate=0.05),))
SOME = (*named("BaseLine", "TL-n-0"), TL)


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings of eight people's waves, half of them late."""
    rng = np.random.default_rng(0)
    angle = 2 * np.pi * (np.arange(6) / 6 + LABELS[:, None] / 3)
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    waves += 0.5 * LATE[:, None, None] + 0.6 * rng.normal(size=waves.shape)
    path = tmp_path / "waves.npz"
    when = np.where(LATE, "late", "early")
    np.savez(
        path,
        sequences=waves.astype("float32"),
        labels=LABELS,
        who=WHO,
        context=LATE.astype(int),
        attr_when=when,
    )
    return Settings(
        dataset=f"file:{path}",
        individuals=PEOPLE,
        global_people=0,
        folds=2,
        context="when",
        flips=False,
        architecture="gru",
        width=0.0625,
        epochs=1,
        batch_size=16,
        learning_rate=0.02,
        device="cpu",
    )


@pytest.fixture
def study(tmp_path, settings) -> Callable[..., Study]:
    """`study(…)` → a study with these settings in a store of its own."""

    def make(**changes) -> Study:
        return Study(replace(settings, **changes), tmp_path / "rows.sqlite")

    return make


def keys_of(study: Study, methods=SOME) -> dict:
    """{(method, person, repeat): key}."""
    wanted = study.wanted(methods)
    models = wanted[["method", "person", "repeat"]].itertuples(index=False, name=None)
    return dict(zip(models, wanted["key"], strict=True))


# --- what is trained on


@pytest.mark.parametrize("table", [CONTEXTS, RECURRENT], ids=["contexts", "recurrent"])
@pytest.mark.parametrize("available", [0, 1])
def test_no_network_of_a_person_trains_on_the_persons_other_contexts(table, available, study):
    """Neither in its own phases nor in the network that it starts from."""
    data = study(available=available).data
    for fold in data.splits.folds:
        shared = [plans.generic_plan(data, fold, 0)]
        for person in fold.individuals:
            elsewhere = data.splits.elsewhere[person]
            assert len(elsewhere) == EACH // 2
            own = [
                plans.index_plan(data, fold, each, person, 0)[1]
                for method in table
                for each in method.lineage
            ]
            assert sum(plan.size for plan in own) > 1000
            for plan in (*shared, *own):
                assert not np.isin(plan, elsewhere).any()


def test_training_on_another_person_is_on_that_persons_available_context(study):
    (method,) = named("TL-n-300 on another person (1e-3)", table="contexts")
    data = study().data
    fold = data.splits.folds[0]
    for person in fold.individuals:
        index = plans.index_plan(data, fold, method, person, 0)[1]
        assert set(index.ravel()) == set(data.splits.train[fold.neighbour(person)])
        assert not LATE[index].any()


def test_d_g_is_trained_on_in_both_contexts(study):
    data = study().data
    for fold in data.splits.folds:
        trained_on = plans.generic_plan(data, fold, 0)
        assert set(data.source.attributes["when"][trained_on].ravel()) == {"early", "late"}


# --- what a row says


def test_a_row_tells_how_the_network_does_in_the_other_contexts(study):
    one = study()
    rows = one.run(SOME, jobs=1)
    assert len(rows) == 3 * PEOPLE and (rows["n_U"] == EACH // 2).all()
    how = replace(jobs.recipe(one.data), lanes=1)
    seen = set()
    for number, fold in enumerate(one.folds):
        network = one.store.weights(identity.generic_key(one.data, number, 0))
        for person in fold.individuals:
            elsewhere = one.data.splits.elsewhere[person]
            predicted = inference.predict(how, one.data.inputs, jobs.as_state(network), elsewhere)
            hits = predicted == one.data.labels[elsewhere]
            of_person = rows[rows["person"] == str(person)].set_index("method")
            line = of_person.loc["TL-n-0"]
            assert line["acc_U"] == hits.mean()
            assert unpacked(line["hits_U"], int(line["n_U"])).tolist() == hits.tolist()
            seen |= set(of_person["acc_U"])
    assert len(seen) > 2


def test_without_contexts_a_row_has_none_of_these_columns(study):
    rows = study(context="").run(SOME[1:2], jobs=1)
    assert rows[[D_U.accuracy, D_U.size, D_U.hits]].isna().all(axis=None)
    assert rows[["acc_I", "acc_G"]].notna().all(axis=None)


# --- keys


def test_the_available_context_decides_the_keys_of_persons_and_not_of_what_they_share(study):
    first, second = study(), study(available=1)
    assert not set(keys_of(first).values()) & set(keys_of(second).values())
    for fold in (0, 1):
        assert identity.generic_key(first.data, fold, 0) == identity.generic_key(
            second.data, fold, 0
        )


@pytest.mark.parametrize("context", ["when", "context"])
def test_whether_there_are_contexts_decides_every_key(context, study):
    """D_G's people are split in each context alone; without contexts they are not.

    The attribute `context` of the file is a part of the data either way.
    """
    one, other = study(context=context), study(context="")
    assert not set(keys_of(one).values()) & set(keys_of(other).values())
    for fold in (0, 1):
        same_D_G = np.array_equal(
            one.data.splits.folds[fold].global_train, other.data.splits.folds[fold].global_train
        )
        keys = {identity.generic_key(each.data, fold, 0) for each in (one, other)}
        assert not same_D_G and len(keys) == 2


def test_another_amount_of_shear_is_another_key():
    digits = Settings(
        dataset="digits",
        individuals=4,
        global_people=0,
        exchange=True,
        image_size=8,
        width=0.125,
        epochs=1,
        device="cpu",
    )
    found = [
        Study(replace(digits, context=context), "nowhere.sqlite")
        for context in ("shear:15", "shear:20")
    ]
    keys = [set(keys_of(one).values()) for one in found]
    assert len(set.union(*keys)) == sum(map(len, keys))
    assert len({identity.generic_key(one.data, 0, 0) for one in found}) == 2


def test_an_auto_encoder_of_another_available_context_has_another_key():
    """It learns from the individuals' D_I, too."""
    digits = Settings(
        dataset="digits",
        individuals=4,
        global_people=0,
        exchange=True,
        image_size=8,
        width=0.125,
        context="shear:15",
        device="cpu",
    )
    data = [Study(replace(digits, available=number), "nowhere.sqlite").data for number in (0, 1)]
    trained_on = [set(plans.encoder_samples(each, each.splits.folds[0])) for each in data]
    assert trained_on[0] != trained_on[1]
    assert identity.encoder_key(data[0], 0) != identity.encoder_key(data[1], 0)


# --- folds whose splits rotate


@pytest.mark.parametrize("context", ["", "when"])
def test_no_shared_network_is_tested_on_what_it_trained_on_where_splits_rotate(context, study):
    """In folds D_G's people are individuals of other folds, whose splits rotate, too."""
    one = study(context=context, rotate=True, repeats=2)
    keys = set()
    for repeat in (0, 1):
        rotated = one.data.at(repeat)
        for number, fold in enumerate(rotated.splits.folds):
            found = spy_on_generic(one, number, repeat)
            assert set(found.ravel()) == set(fold.global_train)
            assert not np.isin(found, fold.global_test).any()
            keys.add(identity.generic_key(rotated, number, repeat))
    assert len(keys) == 4


def spy_on_generic(one: Study, fold: int, repeat: int) -> np.ndarray:
    """The index plan that the generic network of a fold and repeat is trained by."""
    seen = []

    def train(recipe, samples, runs):
        seen.append(runs[0].plan)
        return {len(runs[0].plan): [runs[0].state]}

    job = one.job(SOME[1:2], one.folds[fold].individuals, fold, repeat)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs.engine, "train", train)
        jobs.train_base(one.data, job, None)
    return seen[0]
