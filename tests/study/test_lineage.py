"""Methods beyond the papers' terms: what they start from, how phases train, what they keep."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from perso.data.dataset import StudyData
from perso.errors import RunError
from perso.methods.after import Movement, Share, interpolated
from perso.methods.method import EPOCHS, Method, Phase
from perso.methods.registry import named
from perso.paths import ROOT
from perso.settings import read_params
from perso.study import identity, jobs, lineage, plans
from perso.study.study import Study
from perso.training import engine, inference
from perso.training.recipe import init_state

TINY = replace(
    read_params(ROOT / "params" / "smoke.yml"),
    width=1 / 16,
    epochs=1,
    batch_size=16,
    learning_rate=0.03,
    precision="float64",
    device="cpu",
)
LATE = Phase("I", 4, rate=0.01)
BASE, TL_0 = named("BaseLine", "TL-n-0")
TL_4 = Method("TL-4", "own", "", "generic", (LATE,))
TL_2 = replace(TL_4, name="TL-2", phases=(replace(LATE, iterations=2),))


def beyond(name: str, start: str | Method = "generic", phases: tuple = (LATE,), **fields) -> Method:
    """A method of the user's own."""
    return Method(name, "own", "", start, phases, **fields)


@pytest.fixture(scope="module")
def data() -> StudyData:
    """The data of four people, two to a fold, with settings resolved."""
    return Study(TINY, "nowhere.sqlite").data


@pytest.fixture(scope="module")
def generic(data) -> dict:
    """A network that stands for the generic one."""
    return init_state(jobs.recipe(data), 5)


def reached(data: StudyData, generic: dict, *methods: Method, **recipe) -> dict:
    """The states of both people of the first fold, by method."""
    how = replace(jobs.recipe(data), **recipe)
    people = data.splits.folds[0].individuals
    return lineage.train_methods(
        data, how, methods, people, fold_number=0, repeat=0, generic=generic
    )[0]


def equal(one: dict, other: dict) -> bool:
    """Whether two states are equal, bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def close(one: dict, other: dict) -> bool:
    """Whether two states are equal up to float64's rounding."""
    return all(torch.allclose(one[name], other[name], rtol=0, atol=1e-12) for name in one)


class Spy:
    """`engine.train`, which notes the number of iterations and the recipe of every call."""

    def __init__(self):
        self.calls = []
        self.train = engine.train

    def __call__(self, recipe, samples, runs, snapshots=None):
        self.calls.append((len(runs[0].plan), recipe))
        return self.train(recipe, samples, runs, snapshots)


@pytest.fixture
def spy(monkeypatch) -> Spy:
    one = Spy()
    monkeypatch.setattr(engine, "train", one)
    return one


# --- what a method keeps


@pytest.mark.parametrize(("share", "end"), [(0.0, TL_0), (1.0, TL_4)])
def test_the_ends_of_a_share_are_the_two_networks(share, end, data, generic):
    method = beyond("share", after=Share(share))
    found = reached(data, generic, TL_0, TL_4, method)
    assert all(map(equal, found[method], found[end]))
    assert not equal(found[TL_0][0], found[TL_4][0])


def test_half_a_share_is_the_mean_of_the_ends(data, generic):
    method = beyond("half", after=Share(0.5))
    found = reached(data, generic, TL_4, method)
    for start, end, half in zip([generic] * 2, found[TL_4], found[method], strict=True):
        assert close(half, {name: (start[name] + end[name]) / 2 for name in end})


def test_a_mask_keeps_some_weights_and_returns_others_to_the_start(data, generic):
    def mask(movement: Movement) -> dict:
        masks = {name: np.zeros_like(array) for name, array in movement.end.items()}
        masks["classifier.weight"][::2] = 1
        return interpolated(movement.start, movement.end, masks)

    method = beyond("mask", after=mask)
    found = reached(data, generic, TL_4, method)
    for end, kept in zip(found[TL_4], found[method], strict=True):
        for name in end:
            expected = generic[name].double().clone()
            if name == "classifier.weight":
                expected[::2] = end[name][::2]
            assert torch.equal(kept[name], expected)


def test_what_comes_after_may_ask_for_accuracies_of_d_i(data, generic):
    seen = []

    def ask(movement: Movement) -> dict:
        seen.append((movement.accuracy(movement.start), movement.accuracy(movement.end)))
        return dict(movement.end)

    reached(data, generic, beyond("ask", after=ask))
    how = jobs.recipe(data)
    start = {name: tensor.double() for name, tensor in generic.items()}
    for person, (before, after) in zip(data.splits.folds[0].individuals, seen, strict=True):
        index = data.splits.train[person]
        hits = inference.predict(how, data.inputs, start, index) == data.labels[index]
        assert before == hits.mean() != after


def test_what_comes_after_sees_the_part_that_is_held_out(data, generic):
    seen = []

    def ask(movement: Movement) -> dict:
        seen.append(movement.accuracy(movement.end))
        return dict(movement.end)

    method = beyond("ask", held_out=20, after=ask)
    found = reached(data, generic, method)[method]
    for person, accuracy, state in zip(data.splits.folds[0].individuals, seen, found, strict=True):
        held_out = plans.own_part(data, method, person)[1]
        assert accuracy == lineage.accuracy(data, jobs.recipe(data), state, held_out)


def test_what_comes_after_draws_by_person_and_repeat_whatever_the_method(data, generic):
    drawn = []

    def draw(movement: Movement) -> dict:
        drawn.append(movement.rng.random())
        return dict(movement.end)

    how, people = jobs.recipe(data), data.splits.folds[0].individuals
    methods = beyond("draw", after=draw), beyond("again", phases=(), after=draw)
    for repeat in range(2):
        lineage.train_methods(
            data, how, methods, people, fold_number=0, repeat=repeat, generic=generic
        )
    assert drawn[0:2] == drawn[2:4] and drawn[4:6] == drawn[6:8]
    assert len(set(drawn)) == 4


def test_what_comes_after_may_write_into_its_weights_and_keeps_their_type(data, generic):
    def zero(movement: Movement) -> dict:
        for weights in (movement.start, movement.end):
            weights["classifier.weight"][:] = 0
        return {name: array.astype(np.float32) for name, array in movement.end.items()}

    method = beyond("zero", after=zero)
    before = {name: tensor.clone() for name, tensor in generic.items()}
    found = reached(data, generic, TL_4, method)
    assert equal(generic, before)
    for end, kept in zip(found[TL_4], found[method], strict=True):
        assert end["classifier.weight"].any() and not kept["classifier.weight"].any()
        assert {name: t.dtype for name, t in kept.items()} == {n: t.dtype for n, t in end.items()}


BIAS = "classifier.bias"


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (lambda movement: None, "an object of type NoneType"),
        (lambda movement: {BIAS: 0}, "a dict in which 'classifier.weight' is missing or new"),
        (lambda movement: movement.end | {"more": 0}, "a dict in which 'more' is missing or new"),
        (lambda movement: movement.end | {BIAS: "a"}, f"no numbers for '{BIAS}'"),
        (lambda movement: movement.end | {BIAS: [1, 2]}, rf"shape \[2\] in place of .* '{BIAS}'"),
        (
            lambda movement: movement.end | {BIAS: np.nan * movement.end[BIAS]},
            f"nan or infinite numbers for '{BIAS}'",
        ),
    ],
)
def test_wrong_weights_are_refused_in_words(wrong, problem, data, generic):
    with pytest.raises(RunError, match=rf"^broken: after returned {problem}; needed are all"):
        reached(data, generic, beyond("broken", after=wrong))


def test_code_that_fails_after_the_training_is_one_line(data, generic):
    def fails(movement: Movement) -> dict:
        return movement.end["nowhere"]

    with pytest.raises(RunError, match=r"^x: after failed in line \d+ \(KeyError: 'nowhere'\)$"):
        reached(data, generic, beyond("x", after=fails))


@pytest.mark.parametrize("share", ["half", float("nan"), None])
def test_a_share_is_a_number(share):
    with pytest.raises(ValueError, match=r"^share .* must be a number"):
        Share(share)


def test_whole_numbers_are_those_of_the_end():
    start, end = ({"steps": np.array(n), "w": np.array([float(n)])} for n in (2, 7))
    found = interpolated(start, end, 0.5)
    assert found["steps"] == 7 and found["w"] == [4.5]


# --- what a method starts from


def test_a_method_may_start_from_the_network_of_another(data, generic):
    """Its own iterations have new batches and dropout masks, and begin where the other ended."""
    first = beyond("first", after=Share(0.5))
    then = beyond("then", first, (Phase("I", 3, rate=0.02),))
    found = reached(data, generic, first, then)
    how, fold = jobs.recipe(data), data.splits.folds[0]
    people = fold.individuals
    index = [plans.index_plan(data, fold, then, person, 0)[1] for person in people]
    seeds = lineage.dropout_seeds(data, then, people, 0, 0)
    runs = map(engine.Run, index, [[0.02] * 3] * 2, found[first], seeds)
    samples = engine.Samples(data.inputs, data.labels)
    assert all(map(equal, found[then], engine.train(how, samples, [*runs])[3]))
    of_first = [plans.index_plan(data, fold, first, person, 0)[1] for person in people]
    assert not np.array_equal(of_first[0][:3], index[0])
    assert not set(lineage.dropout_seeds(data, first, people, 0, 0)) & set(seeds)


def test_a_method_starts_where_the_one_before_it_ended(data, generic):
    """Also the third one of a lineage; none of them repeats batches of D_G either."""
    first = beyond("first", phases=(Phase("G", 4, rate=0.01),))
    second = beyond("second", first, (Phase("G", 3, rate=0.01),))
    third = beyond("third", second, phases=(), after=Share(0.0))
    found = reached(data, generic, first, second, third)
    assert all(map(equal, found[third], found[second]))
    assert not any(map(equal, found[second], found[first]))
    fold = data.splits.folds[0]
    index = [
        plans.index_plan(data, fold, each, fold.individuals[0], 0)[1] for each in third.lineage
    ]
    assert not np.array_equal(index[0][:3], index[1])


def test_a_shared_training_runs_once(data, generic, spy):
    """Shorter ones, what comes after, and what starts from a method that is there."""
    half = beyond("half", after=Share(0.5))
    then = beyond("then", half, (Phase("I", 3, rate=0.02),))
    together = reached(data, generic, TL_4, TL_2, half, then, TL_0)
    assert [iterations for iterations, _ in spy.calls] == [4, 3]
    for method in (TL_2, half, then):
        assert all(map(equal, together[method], reached(data, generic, method)[method]))


def test_rows_that_interpolate_train_nothing(data, generic, spy):
    """Nine shares of the way cost the one training that they interpolate."""
    shares = [beyond(f"{tenths}", after=Share(tenths / 10)) for tenths in range(1, 10)]
    found = reached(data, generic, TL_4, *shares)
    assert [iterations for iterations, _ in spy.calls] == [4] and len(found) == 10


def test_a_run_that_ends_between_two_stages_leaves_no_row(tmp_path, monkeypatch):
    two = beyond("two", phases=(replace(LATE, trains="head"), LATE))
    one = Study(replace(TINY, precision="float32"), tmp_path / "rows.sqlite")
    train = engine.train

    def interrupted(recipe, *rest):
        if recipe.trains == "all" and len(rest[1][0].plan) == LATE.iterations:
            raise KeyboardInterrupt
        return train(recipe, *rest)

    monkeypatch.setattr(engine, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        one.run([two], jobs=1)
    assert not one.store.keys() and len(one.store.keys("networks")) == 2
    monkeypatch.undo()
    assert len(one.run([two], jobs=1)) == 4


def test_methods_of_one_root_are_one_job():
    one = Study(TINY, "nowhere.sqlite")
    half = beyond("half", after=Share(0.5))
    then = beyond("then", half, (Phase("I", 3, rate=0.02),))
    found = one.jobs([TL_4, TL_2, half, then, TL_0, BASE])
    names = {tuple(method.name for method in job.methods) for job in found}
    assert names == {("TL-4", "TL-2", "half", "then"), ("TL-n-0",), ("BaseLine",)}
    assert {one.cost(job) for job in found if len(job.methods) == 4} == {2 * 7}


def test_rows_count_the_iterations_of_what_they_start_from(tmp_path):
    one = Study(replace(TINY, precision="float32"), tmp_path / "rows.sqlite")
    then = beyond("then", TL_4, (Phase("I", 3, rate=0.02),))
    rows = one.run([then], jobs=1)
    n_iter = plans.epoch_length(one.data, one.folds[0])
    assert (rows["own_iterations"] == 7).all()
    assert rows["iterations"].tolist() == [len(one.schedule(then, f)) for f in rows["fold"]]
    assert rows["iterations"].iloc[0] == n_iter + 7


# --- phases


def test_every_way_of_training_reaches_the_engine(data, generic, spy):
    ways = {"optimiser": "sgd", "trains": "head", "statistics": False}
    ways |= {"pull": 0.1, "pull_l1": 0.2, "l1": 0.3}
    reached(data, generic, beyond("ways", phases=(replace(LATE, **ways), LATE)))
    (_, first), (_, second) = spy.calls
    assert {name: getattr(first, name) for name in ways} == ways
    assert second == jobs.recipe(data)


def test_phases_that_train_alike_are_one_training(data, generic, spy):
    """One optimiser: two of 2 iterations equal one of 4."""
    two = beyond("two", phases=(replace(LATE, iterations=2),) * 2)
    assert all(map(equal, reached(data, generic, two)[two], reached(data, generic, TL_4)[TL_4]))
    assert len(spy.calls) == 2
    slower = beyond("slower", phases=(LATE, replace(LATE, rate=0.001)))
    reached(data, generic, slower)
    assert len(spy.calls) == 4


def test_a_share_of_the_epochs_is_as_long_everywhere(data, generic, spy):
    """Before the epochs, where it moves the decay of the rate, and as a late phase."""
    fold = data.splits.folds[0]
    n_iter = plans.epoch_length(data, fold)
    settings = replace(data.settings, epochs=4, decay_epoch=2, decay=0.5)
    longer = replace(data, settings=settings)
    early = (Phase("I", epochs=0.25), EPOCHS)
    rates = plans.rate_schedule(longer, fold, early)
    assert len(rates) == 5 * n_iter
    assert np.flatnonzero(rates < TINY.learning_rate)[0] == 3 * n_iter
    short, long = (
        beyond(name, phases=(Phase("I", epochs=share, rate=0.01),))
        for name, share in (("short", 0.1), ("long", 0.2))
    )
    together = reached(data, generic, short, long)
    assert [length for length, _ in spy.calls] == [round(0.2 * n_iter)]
    for method in (short, long):
        assert all(map(equal, together[method], reached(data, generic, method)[method]))
    assert key_differs(data, short, long)


def key_differs(data: StudyData, one: Method, other: Method) -> bool:
    """Whether two methods have other keys for a person of the first fold."""
    people = data.splits.folds[0].individuals
    keys = [identity.key(data, method, 0, 0, people, people[0]) for method in (one, other)]
    return keys[0] != keys[1]


def test_the_pull_is_to_where_the_method_starts(data, generic):
    """Not to where its second phase begins: a huge pull brings the network back."""
    pulled = replace(LATE, rate=1e-5, optimiser="sgd", pull=1e4, iterations=40, statistics=False)
    away = beyond("away", phases=(replace(LATE, statistics=False),))
    back = beyond("back", phases=(*away.phases, pulled))
    found = reached(data, generic, away, back)

    def distance(state):
        return sum(float(((state[name] - generic[name]) ** 2).sum()) for name in generic)

    for moved, returned in zip(found[away], found[back], strict=True):
        assert distance(returned) < distance(moved) / 10


def test_a_schedule_of_ones_own_draws_the_batches(data):
    def blocks(iterations: int, n_iter: int) -> np.ndarray:
        return np.arange(iterations) // 5 % 2 == 0

    method = Method("blocks", "own", "", phases=(Phase(blocks, epochs=1),))
    assert method.shaping is None
    fold = data.splits.folds[0]
    person = fold.individuals[0]
    from_I, index = plans.index_plan(data, fold, method, person, 0)
    assert from_I[:12].tolist() == [True] * 5 + [False] * 5 + [True] * 2
    assert len(from_I) == plans.epoch_length(data, fold)
    assert np.isin(index[from_I], data.splits.train[person]).all()
    assert np.isin(index[~from_I], fold.global_train).all()


@pytest.mark.parametrize("wrong", [np.ones(3, bool), np.zeros(4), [0, 1, 0, 1]])
def test_a_schedule_of_another_kind_is_refused(wrong, data):
    method = Method("wrong", "own", "", phases=(Phase(lambda *_: wrong, 4),))
    fold = data.splits.folds[0]
    with pytest.raises(ValueError, match=r"^draws: <lambda>\(4, \d+\) returned .*; needed is bool"):
        plans.index_plan(data, fold, method, fold.individuals[0], 0)


def test_the_studys_rate_decays_at_the_same_share_of_more_epochs(data):
    decaying = replace(data, settings=replace(data.settings, epochs=4, decay_epoch=3, decay=0.1))
    fold = data.splits.folds[0]
    n_iter = plans.epoch_length(data, fold)
    for factor in (1, 2):
        phases = (Phase("I", 5), replace(EPOCHS, epochs=factor), Phase("G", 2))
        rates = plans.rate_schedule(decaying, fold, phases)
        first = 5 + 3 * factor * n_iter
        assert np.allclose(rates[:first], 0.03)
        assert np.allclose(rates[first:], 0.003) and len(rates) == 5 + 4 * factor * n_iter + 2


# --- a part of D_I held out


HELD = beyond("best", phases=(replace(LATE, iterations=7, best_every=2),), held_out=20)


def test_no_phase_trains_on_what_is_held_out(data):
    fold = data.splits.folds[0]
    for person in fold.individuals:
        trained_on, held_out = plans.own_part(data, HELD, person)
        assert sorted([*trained_on, *held_out]) == sorted(data.splits.train[person])
        items = np.unique(data.item[data.splits.train[person]])
        assert len(np.unique(data.item[held_out])) == pytest.approx(0.2 * len(items), abs=1)
        assert not set(data.item[trained_on]) & set(data.item[held_out])
        for method in (HELD, replace(HELD, phases=(EPOCHS,), start="fresh", global_extra="own")):
            index = plans.index_plan(data, fold, method, person, 0)[1]
            assert not np.isin(index, held_out).any()


def test_the_best_state_is_the_one_with_most_hits_on_what_is_held_out(data, generic):
    (found,) = reached(data, generic, HELD).values()
    how, fold = jobs.recipe(data), data.splits.folds[0]
    people = fold.individuals
    samples = engine.Samples(data.inputs, data.labels)
    seeds = lineage.dropout_seeds(data, HELD, people, 0, 0)
    index = [plans.index_plan(data, fold, HELD, person, 0)[1] for person in people]
    runs = [*map(engine.Run, index, [[0.01] * 7] * 2, [generic] * 2, seeds)]
    states = engine.train(how, samples, runs, (0, 2, 4, 6, 7))
    for place, person in enumerate(people):
        held_out = plans.own_part(data, HELD, person)[1]
        hits = {
            t: (
                inference.predict(how, data.inputs, states[t][place], held_out)
                == data.labels[held_out]
            ).sum()
            for t in states
        }
        best = max(hits, key=hits.get)  # the first of equals
        assert equal(found[place], states[best][place])


def test_the_first_and_the_last_state_are_always_ones_to_choose(data, generic, monkeypatch):
    phase = replace(LATE, best_every=100)
    best, last = (beyond(f"{p.best_every}", phases=(p,), held_out=20) for p in (phase, LATE))
    grades = iter([0.1, 0.2] * 2)  # of the start and the end, for two people
    monkeypatch.setattr(lineage, "accuracy", lambda *_: next(grades))
    found = reached(data, generic, best, last)
    assert all(map(equal, found[best], found[last]))
    # of equals the first, which is the start
    monkeypatch.setattr(lineage, "accuracy", lambda *_: 0.5)
    assert all(equal(state, generic) for state in reached(data, generic, best)[best])


def test_the_choice_never_sees_test_samples(data, generic):
    """Neither D_I's nor D_G's: with other labels of all of them, the same network is chosen."""
    labels = data.labels.copy()
    fold = data.splits.folds[0]
    for test in (*data.splits.test.values(), fold.global_test):
        labels[test] = (labels[test] + 1) % data.classes
    found, again = (
        reached(one, generic, HELD)[HELD] for one in (data, replace(data, labels=labels))
    )
    assert all(map(equal, found, again))


@pytest.mark.parametrize(
    "method",
    [
        HELD,
        beyond("half", after=Share(0.5)),
        beyond("then", beyond("head", phases=(replace(LATE, trains="head", pull=0.1),)), (LATE,)),
    ],
    ids=lambda method: method.name,
)
def test_people_at_once_are_as_people_apart(method, data, generic):
    """By SGD: Adam divides rounding errors by gradients that are as small."""
    together, apart = (
        reached(data, generic, method, lanes=lanes, optimiser="sgd")[method] for lanes in (2, 1)
    )
    assert all(map(close, together, apart)) and not close(*together)


# --- what does not fit together


@dataclass
class Unhashable:
    def __call__(self, movement: Movement) -> dict:
        return movement.end


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"start": "mine"}, "start 'mine' is unknown; possible: 'fresh', 'generic', a Meta"),
        ({"phases": LATE}, "must be a tuple of Phase"),
        ({"phases": ("I",)}, "phases must be a tuple of Phase"),
        ({"start": "fresh", "phases": ()}, "phases are empty"),
        ({"after": 0.5}, "after 0.5 is no function of a Movement"),
        ({"after": Unhashable()}, r"unhashable type: 'Unhashable'; needed are .*frozen=True"),
        ({"held_out": 12.5}, "held_out 12.5 must be a whole number"),
        ({"held_out": 96}, "held_out 96 is impossible; possible: 0 to 95"),
        ({"phases": (replace(LATE, best_every=2),)}, "best_every needs held_out"),
        ({"start": TL_4, "held_out": 20}, "held_out 20 differs from 0 of the method"),
        ({"held_out": 20, "individual_data": "other"}, "held_out is a part of the own D_I"),
        ({"family": "mine"}, "family 'mine' is unknown"),
    ],
)
def test_a_method_that_does_not_fit_together_is_refused(fields, problem):
    with pytest.raises(ValueError, match=f"^x: .*{problem}"):
        Method(**{"name": "x", "family": "own", "meaning": "", "start": "generic"} | fields)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "needs iterations or epochs above 0, one of the two"),
        ({"iterations": 3, "epochs": 1}, "one of the two"),
        ({"iterations": -3}, "above 0"),
        ({"iterations": 7.5}, "iterations 7.5 must be a whole number"),
        ({"draws": "D", "epochs": 1}, "draws 'D' is unknown; possible: I, G, a function "),
        ({"draws": np.ones(3), "epochs": 1}, "a function .its name alone, without a call"),
        ({"iterations": 3, "rate": "fast"}, "rate 'fast' must be a number"),
        ({"iterations": 3, "pull": None}, "pull None must be a number"),
        ({"draws": 2, "epochs": 1}, 'written as text: "2"'),
        ({"iterations": 3, "rate": 0.0}, "rate 0.0 must be above 0"),
        ({"iterations": 3, "optimiser": "lion"}, "optimiser 'lion' is unknown"),
        ({"iterations": 3, "trains": "low rank 0"}, "trains 'low rank 0' is unknown"),
        ({"iterations": 3, "pull": -1.0}, "pull -1.0 must be 0 or more"),
    ],
)
def test_a_phase_that_does_not_fit_together_is_refused(fields, problem):
    with pytest.raises(ValueError, match=problem):
        Phase(**fields)
