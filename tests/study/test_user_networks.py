"""User networks: one for all people of a fold, of which a person moves a row alone."""

import io
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from perso.errors import InputError
from perso.methods.method import Method, Phase
from perso.methods.registry import named
from perso.methods.starts import UserNetwork
from perso.paths import ROOT
from perso.seeds import seed_of
from perso.settings import Settings, read_params
from perso.store.sqlite import unpacked
from perso.study import identity, jobs, lineage, plans
from perso.study.study import Study
from perso.training import engine, inference
from perso.training.recipe import init_state

PEOPLE, EACH, CLASSES, SIZE = 6, 12, 3, 8
FITTED = (Phase("I", 3, rate=0.05, trains="user"),)


def short(name: str) -> Method:
    """A method of the table `recurrent`, its phases cut to three iterations."""
    (method,) = named(name, table="recurrent")
    phases = tuple(replace(phase, iterations=3, rate=0.05) for phase in method.phases)
    return replace(method, phases=phases)


TL_0 = named("TL-n-0")[0]
INPUT = tuple(
    short(f"user input{which}") for which in ("", ", not fitted", ", shuffled", ", another's row")
)
OWN, NOT_FITTED, SHUFFLED, OTHERS = INPUT
HEAD = short("user head 0.3")
START = UserNetwork("gates", user_head=0.5)


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings of six people's waves, in two folds."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(CLASSES), PEOPLE * EACH // CLASSES)
    angle = 2 * np.pi * (np.arange(5) / 5 + labels[:, None] / CLASSES)
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    waves += rng.normal(size=waves.shape)
    path = tmp_path / "waves.npz"
    who = np.repeat(np.arange(PEOPLE), EACH)
    np.savez(path, sequences=waves.astype("float32"), labels=labels, who=who)
    return Settings(
        dataset=f"file:{path}",
        individuals=PEOPLE,
        global_people=0,
        folds=2,
        flips=False,
        architecture="gru",
        width=0.0625,
        epochs=1,
        batch_size=8,
        learning_rate=0.02,
        device="cpu",
    )


@pytest.fixture
def one(settings, tmp_path) -> Study:
    return Study(settings, tmp_path / "rows.sqlite")


def shared_network(one: Study, start: UserNetwork, fold: int = 0) -> dict[str, torch.Tensor]:
    """The state of a stored user network."""
    key = identity.start_key(one.data, start, fold, 0)
    return jobs.as_state(one.store.weights(key))


def trained(one: Study, *methods: Method) -> tuple[dict, dict]:
    """The shared network of methods of one start, and their states of the first fold's people."""
    fold, start = one.folds[0], methods[0].of_users
    row = jobs.train_generic(one.data, 0, 0, "key", start)
    with np.load(io.BytesIO(row["weights"])) as weights:
        network = jobs.as_state(dict(weights))
    how = jobs.user_recipe(jobs.recipe(one.data), fold, start)
    reached, _ = lineage.train_methods(
        one.data, how, methods, fold.individuals, fold_number=0, repeat=0, generic=network
    )
    return network, reached


# --- the network that people share


class Spy:
    """`engine.train`, which notes the users, the plans and the recipe of every call."""

    def __init__(self):
        self.calls = []
        self.train = engine.train

    def __call__(self, recipe, samples, runs, snapshots=None):
        self.calls.append((recipe, samples.users, [run.plan for run in runs]))
        return self.train(recipe, samples, runs, snapshots)


@pytest.fixture
def spy(monkeypatch) -> Spy:
    found = Spy()
    monkeypatch.setattr(engine, "train", found)
    return found


def test_it_is_trained_once_for_each_fold_and_repeat_and_before_the_models(settings, tmp_path, spy):
    one = Study(replace(settings, reference_repeats=2), tmp_path / "rows.sqlite")
    rows = one.run((OWN, NOT_FITTED, OTHERS, HEAD), jobs=1)
    assert len(rows) == 4 * PEOPLE * 2
    shared = [recipe.told for recipe, users, _ in spy.calls if users is not None]
    assert sorted(shared) == [""] * 4 + ["input"] * 4  # two folds, two repeats
    assert all(users is not None for _, users, _ in spy.calls[:8])
    assert len(one.store.keys("networks")) == 8


def test_it_trains_on_the_batches_of_the_generic_network(one, spy):
    jobs.train_generic(one.data, 0, 0, "a")
    jobs.train_generic(one.data, 0, 0, "b", OWN.start)
    (_, nobody, plain), (recipe, users, told) = spy.calls
    assert nobody is None and np.array_equal(plain[0], told[0])
    fold = one.folds[0]
    assert recipe.users == len(fold.global_people) == 3
    for number, person in enumerate(fold.global_people, 1):
        assert (users[one.data.who == person] == number).all()
    assert (users[np.isin(one.data.who, fold.individuals)] == 0).all()


def test_shuffled_users_are_as_frequent_and_others(one):
    """Among D_G's training samples; the test samples keep theirs."""
    fold = one.folds[0]
    before, after = (plans.users(one.data, fold, each.start, 0) for each in (OWN, SHUFFLED))
    trained_on = fold.global_train
    assert sorted(before[trained_on]) == sorted(after[trained_on])
    assert (before[trained_on] != after[trained_on]).mean() > 0.3
    rest = np.setdiff1d(np.arange(len(before)), trained_on)
    assert np.array_equal(before[rest], after[rest])
    again, other = (plans.users(one.data, fold, SHUFFLED.start, repeat) for repeat in (0, 1))
    assert np.array_equal(after, again) and not np.array_equal(after, other)


def test_a_network_that_is_told_nobody_learns_no_row_of_a_user(one):
    """Its rows but that of user 0 stay as they were drawn."""
    how = jobs.user_recipe(jobs.recipe(one.data), one.folds[0], START)
    drawn = init_state(how, seed_of(one.settings.seed, "init", plans.GENERIC, 0))["users.weight"]
    nobody, some = (
        trained(one, Method("x", "own", "", replace(START, unknown=share), ()))[0]["users.weight"]
        for share in (1.0, 0.1)
    )
    assert (nobody != drawn).any(1).tolist() == [True] + [False] * 3
    assert (some != drawn).any(1).tolist() == [True] * 4


# --- what a person has of it


@pytest.mark.parametrize("place", ["input", "state", "gates", "film"])
def test_a_person_moves_row_0_alone(place, one):
    network, reached = trained(one, short(f"user {place}"))
    ((_, states),) = reached.items()
    for state in states:
        assert state.keys() == network.keys()
        for name, tensor in state.items():
            if name != "users.weight":
                assert torch.equal(tensor, network[name]), name
        moved = (state["users.weight"] != network["users.weight"]).any(1)
        assert moved.tolist() == [True] + [False] * 3
    rows = [state["users.weight"][0] for state in states]
    assert not torch.equal(rows[0], rows[1])


def test_a_row_that_is_not_fitted_is_the_shared_networks(one):
    network, reached = trained(one, OWN, NOT_FITTED)
    for state in reached[NOT_FITTED]:
        assert all(torch.equal(state[name], network[name]) for name in network)


def test_anothers_row_is_fitted_on_the_neighbours_data(one):
    """It differs from the own one, and is another's in the batches that it was fitted on."""
    _, reached = trained(one, OWN, OTHERS)
    fold = one.folds[0]
    for person, own, others in zip(fold.individuals, reached[OWN], reached[OTHERS], strict=True):
        assert not torch.equal(own["users.weight"][0], others["users.weight"][0])
        index = plans.index_plan(one.data, fold, OTHERS, person, 0)[1]
        assert set(one.data.who[index].ravel()) == {fold.neighbour(person)}


def test_rows_of_a_user_network_are_its_answers_as_for_an_unknown_person(one):
    rows = one.run((NOT_FITTED, HEAD), jobs=1).set_index(["method", "person"])
    for method in (NOT_FITTED, HEAD):
        for number, fold in enumerate(one.folds):
            network = shared_network(one, method.start, number)
            recipe = replace(jobs.recipe(one.data), lanes=1)
            how = jobs.user_recipe(recipe, fold, method.start)
            for person in fold.individuals:
                index = one.data.splits.test[person]
                predicted = inference.predict(how, one.data.inputs, network, index)
                line = rows.loc[method.name, str(person)]
                hits = predicted == one.data.labels[index]
                assert unpacked(line["hits_I"], line["n_I"]).tolist() == hits.tolist()
                assert line["own_iterations"] == 0 < line["iterations"]


@pytest.mark.parametrize("name", ["user head 0.3", "user head 0.3, fed"])
def test_a_user_head_does_not_add_classes(name, one):
    """It names three users beside three classes, in training alone."""
    network, _ = trained(one, short(name))
    start = short(name).of_users
    how = jobs.user_recipe(replace(jobs.recipe(one.data), lanes=1), one.folds[0], start)
    index = np.arange(20)
    found = inference.probabilities_and_features(how, one.data.inputs, network, index)[0]
    assert found.shape == (20, CLASSES) and np.allclose(found.sum(1), 1, atol=1e-5)
    assert network["classifier.weight"].shape[0] == CLASSES
    assert network["user_head.weight"].shape[0] == len(one.folds[0].global_people)


# --- its record and its key

OTHER_START = {
    "told": "film",
    "embedding": 4,
    "unknown": 0.2,
    "shuffled": True,
    "user_head": 0.4,
    "fed": True,
}


@pytest.mark.parametrize("field", fields(UserNetwork), ids=lambda field: field.name)
def test_every_field_decides_the_key_of_the_network_and_of_the_models(field, one):
    changed = replace(START, **{field.name: OTHER_START[field.name]})
    keys = []
    for start in (START, changed):
        method = Method("row", "own", "", start, FITTED)
        (job,) = (job for job in one.jobs((method,)) if job.fold == 0)
        keys.append((job.base, *job.keys.values()))
        assert job.base == identity.start_key(one.data, start, 0, 0)
    assert not set(keys[0]) & set(keys[1])


def test_its_key_is_of_its_fold_and_repeat_and_not_the_generic_networks(one):
    keys = {
        key(one.data, *start, fold, repeat)
        for key, start in ((identity.start_key, (START,)), (identity.generic_key, ()))
        for fold in (0, 1)
        for repeat in (0, 1)
    }
    assert len(keys) == 8


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"told": "output"}, r"told 'output' is unknown; possible: input, state, gates, film"),
        ({}, r"needs told or user_head: else it knows nobody"),
        ({"told": "input", "fed": True}, r"fed needs user_head"),
        ({"told": "input", "embedding": 0}, r"embedding 0 must be at least 1"),
        ({"told": "input", "embedding": 2.5}, r"embedding 2.5 must be a whole number"),
        ({"told": "input", "unknown": 1.1}, r"unknown 1.1 from 0 to 1"),
        ({"user_head": float("nan")}, r"user_head nan"),
        ({"user_head": float("inf")}, r"user_head inf"),
    ],
)
def test_a_network_that_makes_no_sense_is_refused(given, problem):
    with pytest.raises(ValueError, match=problem):
        UserNetwork(**given)


def test_equal_numbers_of_another_type_are_equal_networks():
    one = UserNetwork("input", embedding=np.int64(8), unknown=0, user_head=1)
    assert one == UserNetwork("input", unknown=0.0, user_head=1.0)


def test_only_what_starts_from_a_user_network_has_a_row_to_train():
    for start in ("generic", TL_0):
        with pytest.raises(ValueError, match=r"^x: trains 'user' needs a start that is a User"):
            Method("x", "own", "", start, FITTED)
    then = Method("y", "own", "", Method("x", "own", "", START, FITTED), FITTED)
    assert then.of_users == START


def test_a_network_without_users_is_refused_in_one_line():
    smoke = read_params(ROOT / "params" / "smoke.yml")
    with pytest.raises(
        InputError, match=r"^rows_of: user input starts from .* needs architecture: gru$"
    ):
        Study(replace(smoke, rows_of="recurrent", device="cpu"), "nowhere.sqlite")


def test_a_head_that_is_not_told_has_no_row_to_train(settings, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from perso.methods.method import Method, Phase\n"
        "from perso.methods.starts import UserNetwork\n"
        'ROW = (Phase("I", 3, rate=0.1, trains="user"),)\n'
        'MINE = Method("a row of none", "own", "", UserNetwork(user_head=0.1), ROW)\n'
    )
    with pytest.raises(InputError, match=r'^rows_of: a row of none: .*cannot train "user"'):
        Study(replace(settings, rows_of=f"{path}:MINE"), "nowhere.sqlite")
