"""Prune and mix (CRoP) in a study: what is trained, which weights move, and its controls."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from perso.data.dataset import StudyData
from perso.methods.contexts import CROP, GENTLE, HELD_OUT
from perso.methods.method import Method
from perso.settings import Settings
from perso.study import jobs, lineage, plans
from perso.study.study import Study
from perso.training import engine

PEOPLE, EACH = 6, 40
L1 = 0.05  # large, so that a few iterations show it


def short(method: Method) -> Method:
    """The method with 30 iterations of each phase, and what it starts from likewise."""
    phases = tuple(
        replace(phase, iterations=30, rate=20 * phase.rate, l1=L1 if phase.l1 else 0)
        for phase in method.phases
    )
    start = short(method.start) if isinstance(method.start, Method) else method.start
    return replace(method, phases=phases, start=start)


METHODS = {method.name: short(method) for method in CROP}
MATRICES = ("input.weight", "hidden.weight")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> StudyData:
    """The data of six people's waves, in two folds and two contexts."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(4), PEOPLE * EACH // 4)
    angle = 2 * np.pi * (np.arange(6) / 6 + labels[:, None] / 4)
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    waves += 0.5 * rng.normal(size=waves.shape)
    path = tmp_path_factory.mktemp("data") / "waves.npz"
    who = np.repeat(np.arange(PEOPLE), EACH)
    context = np.tile(np.repeat([0, 1], EACH // 2), PEOPLE)
    np.savez(path, sequences=waves.astype("float32"), labels=labels, who=who, context=context)
    settings = Settings(
        dataset=f"file:{path}",
        individuals=PEOPLE,
        global_people=0,
        folds=2,
        context="context",
        flips=False,
        architecture="gru",
        width=0.125,
        epochs=12,
        batch_size=16,
        learning_rate=0.02,
        device="cpu",
    )
    return Study(settings, "nowhere.sqlite").data


@pytest.fixture(scope="module")
def generic(data) -> dict:
    """The generic network of the first fold."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "network_row", lambda key, trained, begun: found.update(trained))
        jobs.train_generic(data, 0, 0, "key")
    ((state,),) = found.values()
    return state


def trained(data: StudyData, generic: dict, *methods: Method) -> dict[str, list[dict]]:
    """The states of the first fold's people, by method's name."""
    fold = data.splits.folds[0]
    reached, _ = lineage.train_methods(
        data,
        jobs.recipe(data),
        methods,
        fold.individuals,
        fold_number=0,
        repeat=0,
        generic=generic,
    )
    return {method.name: states for method, states in reached.items()}


@pytest.fixture(scope="module")
def states(data, generic) -> dict[str, list[dict]]:
    """The states of all methods of prune and mix."""
    return trained(data, generic, *METHODS.values())


def moved(state: dict, generic: dict) -> np.ndarray:
    """Which entries of the matrices but the head's are others than the generic network's."""
    return np.concatenate([(state[name] != generic[name]).ravel() for name in MATRICES])


def test_prune_and_mix_and_its_controls_keep_as_many_weights(states, generic):
    names = ("prune and mix", "mix, random mask", "mix, smallest kept")
    for person in range(3):
        kept = [moved(states[name][person], generic) for name in names]
        counts = {int(each.sum()) for each in kept}
        assert len(counts) == 1 and 0 < counts.pop() < len(kept[0])
        assert (kept[0] != kept[1]).any() and (kept[0] != kept[2]).any()


def test_what_is_kept_is_of_the_largest_magnitude_of_each_persons_own(states, generic):
    for person in range(3):
        end = states["TL with l1"][person]
        size = np.concatenate([end[name].abs().ravel() for name in MATRICES])
        largest = moved(states["prune and mix"][person], generic)
        smallest = moved(states["mix, smallest kept"][person], generic)
        assert size[largest].min() >= size[~largest].max()
        assert size[smallest].max() <= size[~smallest].min()
    masks = [moved(states["mix, random mask"][person], generic) for person in range(2)]
    assert (masks[0] != masks[1]).any()


@pytest.mark.parametrize("name", ["prune and mix", "mix, random mask", "prune only"])
def test_biases_and_the_head_keep_their_movement(name, states, generic):
    for state, end in zip(states[name], states["TL with l1"], strict=True):
        for each in state.keys() - {*MATRICES}:
            assert torch.equal(state[each], end[each])
            assert not torch.equal(state[each], generic[each])


def test_prune_only_has_zeros_where_the_mixture_has_the_generic_networks_weights(states, generic):
    for only, mixed in zip(states["prune only"], states["prune and mix"], strict=True):
        kept = moved(mixed, generic)
        entries = np.concatenate([only[name].ravel() for name in MATRICES])
        assert (entries[~kept] == 0).all() and (entries[kept] != 0).all()


def test_crop_starts_from_the_mixture_and_may_keep_it(data, generic, states, monkeypatch):
    """Its best state on the part held out may be the one before the first iteration."""
    seen = []
    train = engine.train

    def spy(recipe, samples, runs, snapshots=None):
        seen.append(([run.state for run in runs], snapshots))
        return train(recipe, samples, runs, snapshots)

    monkeypatch.setattr(engine, "train", spy)
    monkeypatch.setattr(lineage, "accuracy", lambda *_: 0.5)  # of equals the first
    found = trained(data, generic, METHODS["CRoP"])
    starts, snapshots = seen[-1]
    assert len(seen) == 2 and snapshots == [0, 10, 20, 30]
    mixed = trained(data, generic, METHODS["prune and mix"])["prune and mix"]
    for start, kept, mixture in zip(starts, found["CRoP"], mixed, strict=True):
        for name in mixture:
            assert torch.equal(start[name], mixture[name])
            assert torch.equal(kept[name], mixture[name])
    # and is another where that is better
    grades = iter(range(10_000))
    monkeypatch.setattr(lineage, "accuracy", lambda *_: next(grades))
    found = trained(data, generic, METHODS["CRoP"])["CRoP"]
    assert moved(found[0], generic).mean() > moved(mixed[0], generic).mean()


def test_the_penalty_makes_weights_smaller(states):
    """On the same part of D_I, the norm of the matrices is smaller with it than without."""

    def norm(state: dict) -> float:
        return sum(float(state[name].abs().sum()) for name in MATRICES)

    for plain, with_l1 in zip(states["TL, a tenth held out"], states["TL with l1"], strict=True):
        assert norm(with_l1) < 0.9 * norm(plain)


def test_one_training_serves_all_that_is_pruned(data, generic, monkeypatch):
    lengths = []
    train = engine.train

    def spy(recipe, samples, runs, snapshots=None):
        lengths.append((len(runs), recipe.l1))
        return train(recipe, samples, runs, snapshots)

    monkeypatch.setattr(engine, "train", spy)
    names = ("TL with l1", "prune only", "prune and mix", "mix, random mask", "mix, smallest kept")
    trained(data, generic, *(METHODS[name] for name in names))
    assert lengths == [(3, L1)]
    lengths.clear()
    trained(data, generic, *METHODS.values())
    # further: without the penalty, and three times again from a mixture
    assert sorted(lengths) == [(3, 0), *[(3, L1)] * 4]


def test_shares_of_fine_tuning_train_nothing_of_their_own():
    """WiSE-FT is between the ends of a training that is there anyway."""
    by_name = {method.name: method for method in GENTLE}
    one = by_name["TL-n-300 (1e-3)"].training
    for name in ("WiSE-FT 0.3, 300 iterations", "WiSE-FT 0.5, 300 iterations"):
        assert by_name[name].training == one


def test_nothing_of_the_part_held_out_is_trained_on_or_in_d_u(data):
    fold = data.splits.folds[0]
    for person in fold.individuals:
        held_out = {}
        for method in METHODS.values():
            trained_on, part = plans.own_part(data, method, person)
            held_out[tuple(part)] = part
            for each in method.lineage:
                index = plans.index_plan(data, fold, each, person, 0)[1]
                assert set(index.ravel()) <= set(trained_on)
        (part,) = held_out.values()  # the same of all methods
        assert len(part) == round(HELD_OUT / 100 * len(data.splits.train[person]))
        assert not set(part) & set(data.splits.elsewhere[person])
