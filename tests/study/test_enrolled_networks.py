"""Enrolled networks and prototypes: what they learn from, and what a person's samples make of them.

The networks themselves are tested in tests/training/test_enrolment.py.
"""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from perso.data import sources
from perso.data.dataset import StudyData
from perso.errors import InputError
from perso.methods.method import Method, Phase
from perso.methods.registry import named
from perso.methods.starts import Enrolled, MetaLearned, Prototypes
from perso.settings import Settings
from perso.study import enrolment, identity, jobs, lineage, plans, study
from perso.study.study import Study
from perso.training import engine, inference
from perso.training.enrolment import OF_CLASSIFIER
from perso.training.models import State

PEOPLE, EACH, CLASSES = 13, 10, 3
START = Enrolled(steps=5, people=3, queries=4, size=4, samples=(1, 3), rate=0.01)
TL_0 = named("TL-n-0")[0]
FEW = Phase("I", 4, rate=0.01, statistics=False)


def of_start(name: str, start=START, phases: tuple[Phase, ...] = (), **more) -> Method:
    """A method of a start."""
    return Method(name, "own", "", start, phases, **more)


OWN = of_start("own", samples=3)
ANOTHER = of_start("another", samples=3, individual_data="other")
NONE = of_start("none", individual_data="nobody")
NOBODY = of_start("nobody", replace(START, encoder="nobody"), individual_data="nobody")
ENROLLED = (OWN, ANOTHER, NONE, NOBODY)
NEAREST = of_start("prototypes", Prototypes(2), samples=5)
NEAREST_NONE = of_start("prototypes, none", Prototypes(2), individual_data="nobody")


def write_people(path: Path, people: int, classes: int, each: int) -> Path:
    """A file of people's images, a pattern of the class and noise: `each` of every person."""
    rng = np.random.default_rng(0)
    labels = np.arange(people * each) % classes
    patterns = rng.integers(0, 150, (classes, 8, 8))
    images = patterns[labels] + rng.integers(0, 100, (len(labels), 8, 8))
    who = np.repeat(np.arange(people), each)
    np.savez(path, images=images.astype(np.uint8), labels=labels, who=who)
    return path


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Four individuals, three people of D_G, four outside; two more are left."""
    return Settings(
        dataset=f"file:{write_people(tmp_path / 'people.npz', PEOPLE, CLASSES, EACH)}",
        individuals=4,
        global_people=3,
        outside_people=4,
        image_size=8,
        width=0.0625,
        epochs=1,
        batch_size=16,
        learning_rate=0.01,
        device="cpu",
        threads=1,
        lanes=4,
    )


@pytest.fixture
def one(settings, tmp_path) -> Study:
    return Study(settings, tmp_path / "rows.sqlite")


class Spy:
    """`engine.train`, which notes the recipe and the runs of every call."""

    def __init__(self):
        self.calls = []
        self.train = engine.train

    def __call__(self, recipe, samples, runs, snapshots=None):
        self.calls.append((recipe, runs))
        return self.train(recipe, samples, runs, snapshots)

    @property
    def episodes(self) -> list:
        """The calls that trained enrolled networks."""
        return [recipe for recipe, _ in self.calls if recipe.enrolment]


@pytest.fixture
def spy(monkeypatch) -> Spy:
    found = Spy()
    monkeypatch.setattr(engine, "train", found)
    return found


def shared_network(data: StudyData, start) -> State:
    """What a start's people share, trained from a generic network on."""
    how, fold = jobs.recipe(data), data.splits.folds[0]
    generic = jobs.init_state(how, 5)
    if isinstance(start, Prototypes):
        return enrolment.feature_means(data, how, fold, generic)
    return enrolment.train_enrolled(data, how, fold, start, 0, generic)


def reached(data: StudyData, shared: State, *methods: Method) -> dict[str, list[State]]:
    """The states of all individuals, by the names of methods of one start."""
    people = data.splits.folds[0].individuals
    found, _ = lineage.train_methods(
        data, jobs.recipe(data), methods, people, fold_number=0, repeat=0, generic=shared
    )
    return {method.name: states for method, states in found.items()}


def same(one: State, two: State) -> bool:
    """Whether two models are equal to the bit."""
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


# --- jobs and rows


def test_the_generic_network_comes_first_then_each_start_once_then_the_rows(one, spy):
    rows = one.run((TL_0, *ENROLLED, NEAREST), jobs=1)
    assert len(rows) == 6 * 4
    first, *then = (recipe.enrolment for recipe, _ in spy.calls)
    # without training a row needs no call
    assert first is None and {*then} == {START, NOBODY.start} and len(then) == 2
    # of the generic network, of two enrolled ones, and of class means
    assert len(one.store.keys("networks")) == 4
    epochs = rows.loc[rows["method"] == TL_0.name, "iterations"].iloc[0]
    assert (rows["own_iterations"] == 0).all()
    for method in ENROLLED:
        assert (rows.loc[rows["method"] == method.name, "iterations"] == epochs + 5).all()
    assert (rows.loc[rows["method"] == NEAREST.name, "iterations"] == epochs).all()
    calls = len(spy.calls)
    assert one.run((TL_0, *ENROLLED, NEAREST), jobs=1).equals(rows)
    assert len(spy.calls) == calls  # nothing is trained again


def test_a_killed_run_trains_nothing_twice(settings, tmp_path, monkeypatch, spy):
    whole = Study(settings, tmp_path / "whole.sqlite").run(ENROLLED, jobs=1)
    cut = Study(settings, tmp_path / "cut.sqlite")
    with monkeypatch.context() as patch:

        def killed(*_):
            raise KeyboardInterrupt

        patch.setattr(study, "train_job", killed)
        with pytest.raises(KeyboardInterrupt):
            cut.run(ENROLLED, jobs=1)
    before = len(spy.calls)
    found = cut.run(ENROLLED, jobs=1)
    assert len(spy.calls) == before
    for column in ("key", "hits_I", "hits_S"):
        assert found[column].tolist() == whole[column].tolist()


def test_a_row_is_the_answer_of_the_network_that_the_samples_make(one):
    rows = one.run(ENROLLED, jobs=1).set_index(["method", "person"])
    data, fold = one.data, one.folds[0]
    alone = replace(jobs.recipe(data), lanes=1)
    shared = jobs.as_state(one.store.weights(identity.start_key(data, START, 0, 0)))
    how = enrolment.enrolled_recipe(alone, START)
    for method in (OWN, ANOTHER, NONE):
        for person in fold.individuals:
            index = plans.enrolment(data, fold, method, person)
            state = inference.enrolled_state(how, data.inputs, data.labels, shared, index)
            test = data.splits.test[person]
            hits = inference.predict(alone, data.inputs, state, test) == data.labels[test]
            assert rows.loc[(method.name, str(person)), "acc_I"] == hits.mean()


# --- whose samples


def test_fewer_samples_are_some_of_the_more_and_anothers_are_the_neighbours(one):
    data, fold = one.data, one.folds[0]
    for person in fold.individuals:
        of_k = [plans.enrolment(data, fold, replace(OWN, samples=k), person) for k in (1, 3, 12)]
        assert [len(index) for index in of_k] == [1, 3, 12] and len({*of_k[2]}) == 12
        assert (of_k[0] == of_k[2][:1]).all() and (of_k[1] == of_k[2][:3]).all()
        train = data.splits.train[person]
        assert np.isin(of_k[2], train).all()
        everything = plans.enrolment(data, fold, replace(OWN, samples=0), person)
        assert sorted(everything) == sorted(train)
        beyond = plans.enrolment(data, fold, replace(OWN, samples=999), person)
        assert sorted(beyond) == sorted(train)
        others = plans.enrolment(data, fold, ANOTHER, person)
        assert (others == plans.enrolment(data, fold, OWN, fold.neighbour(person))).all()
        assert len(plans.enrolment(data, fold, NONE, person)) == 0
    orders = {tuple(plans.enrolment(data, fold, OWN, person) % EACH) for person in fold.individuals}
    assert len(orders) > 1


@pytest.mark.parametrize("individual_data", ["own", "other"])
def test_fine_tuning_on_k_samples_sees_these_alone(individual_data, one):
    tuned = of_start("tuned", NOBODY, (FEW,), samples=3, individual_data=individual_data)
    for person in one.folds[0].individuals:
        plan = plans.index_plan(one.data, one.folds[0], tuned, person, 0)[1]
        few = plans.enrolment(one.data, one.folds[0], tuned, person)
        assert len(few) == 3 and {*plan.ravel()} == {*few}


def test_episodes_are_of_training_samples_of_people_whom_no_test_is_about(one):
    data, fold = one.data, one.folds[0]
    start = replace(START, steps=60, samples=(1, 3, 6))
    plan = plans.episodes(data, fold, start, 0)
    assert plan.shape == (60, 3 * (6 + 4))
    shown = {*fold.global_people, *fold.outside_people}
    assert {*data.who[plan.ravel()]} == shown and len(shown) == 7
    assert not shown & {*fold.individuals}
    allowed = np.concatenate([data.splits.train_of_all[person] for person in shown])
    assert not {*plan.ravel()} - {*allowed}
    tests = [*data.splits.test.values(), fold.global_test]
    assert not {*data.item[plan.ravel()]} & {*data.item[np.concatenate(tests)]}
    used = set()
    for part in plan.reshape(-1, 6 + 4):
        assert len({*data.who[part]}) == 1
        assert not {*data.item[part[:6]]} & {*data.item[part[6:]]}
        k = len({*part[:6]})
        assert (part[:6] == np.resize(part[:k], 6)).all()
        used.add(k)
    assert used == {1, 3, 6}
    for step in data.who[plan].reshape(60, 3, -1):
        assert len({*step[:, 0]}) == 3
    again, other = (plans.episodes(data, fold, start, repeat) for repeat in (0, 1))
    assert np.array_equal(plan, again) and not np.array_equal(plan, other)


def test_episodes_are_the_same_for_all_that_differ_in_the_network_alone(one):
    first = plans.episodes(one.data, one.folds[0], START, 0)
    for other in ({"encoder": "nobody"}, {"sets": "low rank"}, {"labelled": False}, {"size": 2}):
        found = plans.episodes(one.data, one.folds[0], replace(START, **other), 0)
        assert np.array_equal(found, first)


def test_labels_of_test_samples_change_no_network(one):
    data = one.data
    tests = np.concatenate([*data.splits.test.values(), data.splits.folds[0].global_test])
    labels = data.labels.copy()
    labels[tests] = (labels[tests] + 1) % data.classes
    poisoned = replace(data, labels=labels)
    tuned = of_start("tuned", START, (FEW,), samples=3)
    for start, methods in ((START, (OWN, ANOTHER, tuned)), (NEAREST.start, (NEAREST,))):
        shared, other = (shared_network(each, start) for each in (data, poisoned))
        assert same(shared, other)
        found, others = (reached(each, shared, *methods) for each in (data, poisoned))
        for method in methods:
            assert all(map(same, found[method.name], others[method.name]))


# --- what samples make


def test_without_an_enrolment_a_person_has_what_people_share(one):
    for method in (NONE, NOBODY):
        shared = shared_network(one.data, method.start)
        expected = {
            name.removeprefix(OF_CLASSIFIER): value
            for name, value in shared.items()
            if name.startswith(OF_CLASSIFIER)
        }
        for state in reached(one.data, shared, method)[method.name]:
            assert same(state, expected)


def test_own_samples_make_another_network_than_anothers(one):
    found = reached(one.data, shared_network(one.data, START), OWN, ANOTHER)
    for place in range(4):
        assert not same(found[OWN.name][place], found[ANOTHER.name][place])
        assert same(found[ANOTHER.name][place], found[OWN.name][(place + 1) % 4])


def test_fine_tuning_goes_on_from_an_enrolment(one, spy):
    tuned = of_start("tuned", START, (FEW,), samples=3)
    shared = shared_network(one.data, START)
    found = reached(one.data, shared, OWN, tuned)
    recipe, runs = spy.calls[-1]
    assert recipe.enrolment is None
    for run, enrolled, end in zip(runs, found[OWN.name], found["tuned"], strict=True):
        assert same(run.state, enrolled) and not same(end, enrolled)
    rows = one.run((OWN, tuned), jobs=1).set_index("method")
    assert (rows.loc["tuned", "own_iterations"] == 4).all()
    more = rows.loc["tuned", "iterations"].iloc[0] - rows.loc["own", "iterations"].iloc[0]
    assert more == 4


# --- prototypes


def class_means(data: StudyData, features: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Means of features over samples, by class."""
    labels = data.labels[index]
    return np.stack([features[labels == c].mean(0) for c in range(data.classes)])


def test_prototypes_answer_by_the_nearest_class_mean(settings, tmp_path):
    one = Study(replace(settings, epochs=8, width=0.25), tmp_path / "rows.sqlite")
    data, fold = one.data, one.folds[0]
    alone = replace(jobs.recipe(data), lanes=1)
    one.run((NEAREST_NONE,), jobs=1)
    shared = jobs.as_state(one.store.weights(identity.start_key(data, NEAREST.start, 0, 0)))
    own = {name: value for name, value in shared.items() if "prototypes" not in name}

    def features_of(index: np.ndarray) -> np.ndarray:
        found = inference.probabilities_and_features(alone, data.inputs, own, index)[1]
        return found.astype(np.float64)

    shown = [data.splits.train_of_all[each] for each in (*fold.global_people, *fold.outside_people)]
    general = class_means(data, features_of(np.concatenate(shown)), np.concatenate(shown))
    found = reached(data, shared, NEAREST, NEAREST_NONE)
    moved = 0
    for place, person in enumerate(fold.individuals):
        index = plans.enrolment(data, fold, NEAREST, person)
        given, means = features_of(index), general.copy()
        for c in range(data.classes):
            of_class = given[data.labels[index] == c]
            means[c] = (2 * general[c] + of_class.sum(0)) / (2 + len(of_class))
            moved += len(of_class) > 0
        test = data.splits.test[person]
        for name, prototypes in ((NEAREST.name, means), (NEAREST_NONE.name, general)):
            distances = ((features_of(test)[:, None] - prototypes) ** 2).sum(2)
            answers = inference.predict(alone, data.inputs, found[name][place], test)
            # rounding decides between means that are equally near
            assert (answers == distances.argmin(1)).mean() > 0.9
    assert moved > 8


def test_prototypes_move_the_head_alone(one):
    shared = shared_network(one.data, NEAREST.start)
    for state in reached(one.data, shared, NEAREST)[NEAREST.name]:
        changed = {name for name in state if not torch.equal(state[name], shared[name])}
        assert changed == {"classifier.weight", "classifier.bias"}


def test_a_class_that_nobody_shows_has_the_mean_of_all(one):
    data = replace(one.data, labels=np.where(one.data.labels == 0, 1, one.data.labels))
    shared = shared_network(data, NEAREST.start)
    index = plans.shown_samples(data, data.splits.folds[0])
    alone = replace(jobs.recipe(data), lanes=1)
    own = {name: value for name, value in shared.items() if "prototypes" not in name}
    features = inference.probabilities_and_features(alone, data.inputs, own, index)[1]
    assert np.allclose(shared[enrolment.MEANS][0], features.mean(0), atol=1e-6)


# --- people outside


def keys_of(settings: Settings, *methods: Method) -> dict:
    """{(method, person): key} of a study."""
    wanted = Study(settings, "nowhere.sqlite").wanted(methods)
    return {(line.method, line.person): line.key for line in wanted.itertuples()}


def test_people_outside_are_in_no_test_and_decide_what_learns_from_them_alone(settings):
    reptile = of_start("Reptile", MetaLearned("reptile", rounds=2, people=2, steps=2))
    methods = (TL_0, *named("BaseLine", "TL-n-10 (1e-3)"), OWN, NEAREST, reptile)
    with_them, without = (
        keys_of(replace(settings, outside_people=count), *methods) for count in (4, 0)
    )
    assert with_them.keys() == without.keys()
    differ = {name for name, _ in with_them if with_them[name, _] != without[name, _]}
    assert differ == {"own", "prototypes", "Reptile"}
    data = Study(settings, "nowhere.sqlite").data
    (fold,) = data.splits.folds
    assert len(fold.outside_people) == 4
    tested = np.concatenate([*(data.splits.test[each] for each in fold.individuals)])
    tested = {*data.who[tested], *data.who[fold.global_test]}
    assert not tested & {*fold.outside_people}
    assert not {*data.who[fold.global_train]} & {*fold.outside_people}


def test_fewer_people_outside_are_some_of_the_more(settings):
    def outside(count: int) -> tuple:
        data = Study(replace(settings, outside_people=count), "nowhere.sqlite").data
        return data.splits.folds[0].outside_people

    assert outside(6)[:2] == outside(2) and len({*outside(6)}) == 6


def test_more_people_outside_than_there_are_are_refused(settings):
    with pytest.raises(InputError, match=r"^outside_people: 7 .*there are 6; possible: 0 to 6$"):
        Study(replace(settings, outside_people=7), "nowhere.sqlite")


# --- keys

OTHER_START = {
    "encoder": "deterministic",
    "sets": "low rank",
    "labelled": False,
    "size": 5,
    "rank": 3,
    "steps": 6,
    "people": 2,
    "queries": 5,
    "samples": (1, 2),
    "beta": 0.1,
    "dropped": 0.2,
    "rate": 0.02,
}


@pytest.mark.parametrize("field", fields(Enrolled), ids=lambda field: field.name)
def test_every_field_decides_the_key_of_the_network_and_of_the_models(field, one):
    keys = []
    for start in (START, replace(START, **{field.name: OTHER_START[field.name]})):
        (job,) = one.jobs((replace(OWN, start=start),))
        keys.append({job.base, *job.keys.values()})
        assert job.base == identity.start_key(one.data, start, 0, 0)
        assert job.before == identity.generic_key(one.data, 0, 0)
    assert not keys[0] & keys[1]


def test_the_number_and_the_person_of_samples_decide_the_key_of_the_models_alone(one):
    others = (OWN, ANOTHER, NONE, replace(OWN, samples=1), replace(OWN, samples=0))
    found = one.jobs(replace(each, name=f"{n}") for n, each in enumerate(others))
    assert {each.base for each in found} == {identity.start_key(one.data, START, 0, 0)}
    keys = [key for each in found for key in each.keys.values()]
    assert len({*keys}) == len(keys) == 5 * 4


def test_weight_of_prototypes_decides_the_key(one):
    keys = {identity.start_key(one.data, Prototypes(weight), 0, 0) for weight in (2, 2.0, 3)}
    assert len(keys) == 2


# --- what is refused


def test_a_person_who_has_too_little_for_an_episode_is_refused_in_one_line(settings, tmp_path):
    """An episode needs two training samples, of which one is enrolled."""
    with np.load(write_people(tmp_path / "few.npz", PEOPLE, CLASSES, EACH)) as arrays:
        people = dict(arrays)
    data = Study(settings, "nowhere.sqlite").data
    (person, *_) = data.splits.folds[0].outside_people
    of_person = np.flatnonzero(people["who"] == person)
    kept = np.setdiff1d(np.arange(len(people["who"])), of_person[2:])
    np.savez(tmp_path / "few.npz", **{name: array[kept] for name, array in people.items()})
    few = replace(settings, dataset=f"file:{tmp_path / 'few.npz'}")
    mine = tmp_path / "mine.py"
    mine.write_text(METHODS)
    with pytest.raises(InputError, match=rf"^rows_of: enrolled: .*person {person} has 1; .*min_it"):
        Study(replace(few, rows_of=f"{mine}:MINE"), "nowhere.sqlite")
    assert len(Study(few, "nowhere.sqlite").methods) > 9  # others do not need them


def test_prototypes_need_a_head_with_a_bias(settings, tmp_path):
    path, mine = tmp_path / "net.py", tmp_path / "mine.py"
    path.write_text(NETWORK.replace("classes)\n\n", "classes, bias=False)\n\n"))
    mine.write_text(
        "from perso.methods.method import Method\n"
        "from perso.methods.starts import Prototypes\n"
        'MINE = Method("nearest", "own", "", Prototypes(), (), samples=3)\n'
    )
    own = replace(settings, architecture=f"{path}:Own", rows_of=f"{mine}:MINE")
    with pytest.raises(InputError, match=r"^rows_of: nearest: .*weight and a bias"):
        Study(own, "nowhere.sqlite")
    path.write_text(NETWORK)
    own = replace(own, lanes=1)
    assert len(Study(own, tmp_path / "rows.sqlite").run(jobs=1)) == 8


def test_class_counts_have_no_people_to_learn_from(settings):
    counts = replace(
        settings,
        variation="class-counts",
        outside_people=0,
        rows_of="enrolled",
        flips=False,
        main_items=5,
        side_items=2,
        global_items=0,
    )
    with pytest.raises(InputError, match=r"^rows_of: enrolled groups the people of D_G"):
        Study(counts, "nowhere.sqlite")


NETWORK = """
from torch import nn

class Own(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.head = nn.Linear(64, classes)

    def forward(self, x):
        return self.head(x.flatten(1))
"""


def test_a_network_of_the_users_own_is_refused_in_one_line(settings, tmp_path):
    path = tmp_path / "net.py"
    path.write_text(NETWORK)
    own = replace(settings, architecture=f"{path}:Own", rows_of="enrolled")
    with pytest.raises(InputError, match=r"^rows_of: nobody enrolled: .* architecture vgg or gru"):
        Study(own, "nowhere.sqlite")


# --- a difference that is there is found


def test_a_planted_difference_of_classes_is_found(tmp_path):
    """Else a null would mean nothing.

    The made-up people differ in nothing else: they share out the digits 0, 1 and 8, which look much
    the same in the mirror and upside down.
    """
    digits = sources.load("digits", tmp_path)
    kept = np.isin(digits.labels, (0, 1, 8))
    who = np.random.default_rng(0).permutation(kept.sum()) % 36
    path = tmp_path / "people.npz"
    labels = np.searchsorted((0, 1, 8), digits.labels[kept])
    np.savez(path, images=digits.inputs[kept], labels=labels, who=who)
    made = Settings(
        dataset=f"file:{path}",
        planted="prior",
        individuals=20,
        global_people=4,
        outside_people=12,
        image_size=8,
        width=0.125,
        epochs=10,
        batch_size=32,
        learning_rate=0.01,
        device="cpu",
        threads=1,
        lanes=20,
    )
    start = Enrolled("deterministic", steps=100, samples=(6,), rate=0.01)
    methods = [
        of_start(whose, start, samples=12, individual_data=whose) for whose in ("own", "other")
    ]
    rows = Study(made, tmp_path / "rows.sqlite").run(methods, jobs=1)
    means = 100 * rows.groupby("method")["acc_I"].mean()
    assert means["own"] - means["other"] > 3


# --- a file of the user's own

METHODS = """
from perso.methods.method import Method
from perso.methods.registry import named
from perso.methods.starts import Enrolled, Prototypes

HOW = Enrolled(steps=20, people=2, queries=4, size=4, samples=(1, 3))
MINE = (
    *named("TL-n-0"),
    Method("enrolled", "own", "", HOW, (), samples=3),
    Method("none", "own", "", HOW, (), individual_data="nobody"),
    Method("prototypes", "own", "", Prototypes(), (), samples=3),
)
"""


@pytest.mark.parametrize("flips", [True, False])
def test_letters_of_an_own_file_run_from_one_end_to_the_other(flips, settings, tmp_path):
    """Letters and digits are 62 classes; no person writes all of them in the enrolment."""
    path = write_people(tmp_path / "letters.npz", 8, 62, 3 * 62)
    mine = tmp_path / "mine.py"
    mine.write_text(METHODS)
    own = replace(
        settings,
        dataset=f"file:{path}",
        individuals=3,
        global_people=2,
        outside_people=3,
        rows_of=f"{mine}:MINE",
        flips=flips,
        width=0.125,
        batch_size=64,
    )
    one = Study(own, tmp_path / "letters.sqlite")
    assert one.data.classes == (186 if flips else 62)
    rows = one.run(jobs=1)
    assert rows.groupby("method").size().to_dict() == {
        "BaseLine": 3,
        "TL-n-0": 3,
        "enrolled": 3,
        "none": 3,
        "prototypes": 3,
    }
    assert rows["acc_I"].notna().all()
