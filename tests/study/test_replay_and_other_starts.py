"""Replay, averaged states, statistics alone, answers with own samples, meta-learned starts."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from perso.data.dataset import StudyData
from perso.errors import InputError, RunError
from perso.methods.answer import Neighbours, Question
from perso.methods.method import Method, Phase
from perso.methods.registry import named
from perso.methods.starts import MetaLearned
from perso.paths import ROOT
from perso.settings import read_params
from perso.study import evaluation, identity, jobs, lineage, plans
from perso.study.study import Study
from perso.training import engine, inference, meta
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
LATE = Phase("I", 6, rate=0.01)
(TL_0,) = named("TL-n-0")


def from_generic(name: str, *phases: Phase, **fields) -> Method:
    """A method of the user's own that starts from the generic network."""
    return Method(name, "own", "", "generic", phases, **fields)


TL = from_generic("TL", LATE)


@pytest.fixture(scope="module")
def data() -> StudyData:
    """The data of four people, two to a fold, with settings resolved."""
    return Study(TINY, "nowhere.sqlite").data


@pytest.fixture(scope="module")
def generic(data) -> dict:
    """A network that stands for the generic one."""
    return init_state(jobs.recipe(data), 5)


def reached(data: StudyData, generic: dict, *methods: Method) -> dict:
    """The states of both people of the first fold, by method."""
    people = data.splits.folds[0].individuals
    return lineage.train_methods(
        data, jobs.recipe(data), methods, people, fold_number=0, repeat=0, generic=generic
    )[0]


def plan_of(data: StudyData, method: Method) -> np.ndarray:
    """The index plan of the first person."""
    fold = data.splits.folds[0]
    return plans.index_plan(data, fold, method, fold.individuals[0], 0)[1]


# --- replay


@pytest.mark.parametrize(("share", "own"), [(0.5, 8), (0.25, 12), (0.9, 2)])
def test_replay_takes_its_share_of_every_batch_from_d_g(share, own, data):
    """Its own part is the stream of transfer learning without replay, in shorter pieces."""
    plan = plan_of(data, from_generic("replay", replace(LATE, replay=share)))
    fold = data.splits.folds[0]
    train = data.splits.train[fold.individuals[0]]
    assert np.isin(plan[:, :own], train).all()
    assert np.isin(plan[:, own:], fold.global_train).all()
    stream = plan[:, :own].ravel()
    assert (stream == plan_of(data, TL).ravel()[: len(stream)]).all()


def test_replay_in_some_iterations_leaves_those_of_d_g_whole(data):
    plan = plan_of(data, from_generic("half", replace(LATE, draws="2", replay=0.5)))
    own = np.isin(plan, data.splits.train[data.splits.folds[0].individuals[0]]).sum(axis=1)
    assert own.tolist() == [0, 8, 0, 8, 0, 8]


# --- averaged states


def test_the_average_is_that_of_the_last_states(data, generic):
    averaged = from_generic("averaged", replace(LATE, average=0.5))
    lengths = [replace(TL, name=f"{n}", phases=(replace(LATE, iterations=n),)) for n in (4, 5, 6)]
    states = reached(data, generic, averaged, *lengths)
    for place in range(2):
        for name, value in states[averaged][place].items():
            wanted = torch.stack([states[each][place][name] for each in lengths]).mean(0)
            assert torch.allclose(value, wanted, rtol=0, atol=1e-12)


def test_of_many_iterations_at_most_50_states_are_averaged():
    assert lineage.averaged_lengths(10, 4) == [7, 8, 9, 10]
    assert lineage.averaged_lengths(10, 0) == [10]
    many = lineage.averaged_lengths(1000, 500)
    assert len(many) == 50 and many[0] > 500 and many[-1] == 1000


# --- statistics alone


def test_statistics_alone_move_no_weight_and_need_no_label(data, generic):
    only = from_generic("only", replace(LATE, trains="statistics"))
    poisoned = replace(data, labels=(data.labels + 1) % data.classes)
    (state, _), (other, _) = (reached(each, generic, only)[only] for each in (data, poisoned))
    running = {name for name in state if "running" in name}
    assert running and all(not torch.equal(state[name], generic[name]) for name in running)
    assert all(torch.equal(state[name], generic[name].double()) for name in state.keys() - running)
    assert all(torch.equal(state[name], other[name]) for name in state)


def test_statistics_move_as_in_training_at_a_rate_of_nearly_0(data, generic):
    only = from_generic("only", replace(LATE, trains="statistics"))
    still = from_generic("still", replace(LATE, rate=1e-12, optimiser="sgd"))
    found = reached(data, generic, only, still)
    for name, value in found[only][0].items():
        assert torch.allclose(value, found[still][0][name], rtol=0, atol=1e-9)


# --- answers with own samples


def question(m: int = 40, n: int = 12, F: int = 3, classes: int = 4) -> Question:
    rng = np.random.default_rng(1)
    probabilities = rng.random((m, classes))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    labels = rng.integers(classes, size=n)
    return Question(probabilities, rng.normal(size=(m, F)), rng.normal(size=(n, F)), labels)


def by_hand(asked: Question, row: int, k: int, share: float) -> np.ndarray:
    """The answer to one sample, by the formula."""
    distances = np.linalg.norm(asked.own_features - asked.features[row], axis=1)
    nearest = np.argsort(distances)[:k]
    weights = np.exp(-((distances[nearest] / distances[nearest].max()) ** 2))
    found = np.zeros(asked.probabilities.shape[1])
    for place, weight in zip(nearest, weights / weights.sum(), strict=True):
        found[asked.own_labels[place]] += weight
    return (1 - share) * asked.probabilities[row] + share * found


@pytest.mark.parametrize(("k", "share"), [(5, 0.5), (1, 1.0), (3, 0.0)])
def test_neighbours_answer_by_the_formula(k, share):
    asked = question()
    found = Neighbours(k, share)(asked)
    assert found.sum(axis=1) == pytest.approx(1)
    for row in range(len(found)):
        assert found[row] == pytest.approx(by_hand(asked, row, k, share), abs=1e-4)


def test_with_fewer_own_samples_than_neighbours_all_of_them_answer():
    asked = question(n=2)
    assert Neighbours(5)(asked) == pytest.approx(Neighbours(2)(asked))


def test_an_answer_does_not_depend_on_the_other_samples(data, generic, monkeypatch):
    mixed = from_generic("mixed", answer=Neighbours())
    fold = data.splits.folds[0]
    person = fold.individuals[0]
    index = data.splits.test[person]

    def answers() -> np.ndarray:
        return evaluation.answered(data, jobs.recipe(data), mixed, generic, person, index)

    together = answers()
    monkeypatch.setattr(evaluation, "ANSWERED_AT_ONCE", 1)
    assert answers() == pytest.approx(together)


def test_features_are_what_the_head_is_given(data, generic):
    how = replace(jobs.recipe(data), lanes=1)
    index = data.splits.test[data.splits.folds[0].individuals[0]]
    probabilities, features = inference.probabilities_and_features(how, data.inputs, generic, index)
    head = generic["classifier.weight"].double().flatten(1).numpy()
    logits = features @ head.T + generic["classifier.bias"].double().numpy()
    wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert probabilities == pytest.approx(wanted, abs=1e-5)
    assert (probabilities.argmax(1) == inference.predict(how, data.inputs, generic, index)).all()


def test_rows_hold_what_the_answer_says(data, generic):
    fold = data.splits.folds[0]
    person = fold.individuals[0]
    how = jobs.recipe(data)

    def row(method: Method) -> dict:
        return evaluation.test_columns(data, how, method, generic, fold, person)

    plain = row(TL_0)
    alone = row(from_generic("share 0", answer=Neighbours(5, 0.0)))
    mixed = row(from_generic("neighbours alone", answer=Neighbours(1, 1.0)))
    assert alone["hits_I"] == plain["hits_I"] and alone["hits_S"] == plain["hits_S"]
    one, other = (np.frombuffer(each["logp_I"], "<f2") for each in (plain, alone))
    assert one == pytest.approx(other, abs=1e-2)
    assert mixed["hits_I"] != plain["hits_I"]


def no_probabilities(question: Question) -> np.ndarray:
    return question.features


def fails(question: Question) -> np.ndarray:
    raise KeyError("mine")


def no_number(question: Question) -> np.ndarray:
    return question.probabilities * np.nan


def below_0(question: Question) -> np.ndarray:
    return question.probabilities - 1


def of_the_block(question: Question) -> np.ndarray:
    return question.probabilities / len(question.probabilities)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (no_probabilities, "answer returned float32"),
        (fails, "answer failed"),
        (no_number, "answer returned nan or infinite numbers"),
        (below_0, "answer returned numbers below 0"),
        (of_the_block, "answer to one sample differs when other samples are asked"),
    ],
)
def test_a_wrong_answer_is_refused_in_words(answer, problem, data, generic):
    fold = data.splits.folds[0]
    method = from_generic("wrong", answer=answer)
    with pytest.raises(RunError, match=f"^wrong: {problem}"):
        evaluation.test_columns(data, jobs.recipe(data), method, generic, fold, fold.individuals[0])


# --- what is held out


def test_rows_hold_the_accuracy_on_what_is_held_out(data, generic):
    fold = data.splits.folds[0]
    person = fold.individuals[0]
    held = from_generic("held", LATE, held_out=20)
    row = evaluation.test_columns(data, jobs.recipe(data), held, generic, fold, person)
    index = plans.own_part(data, held, person)[1]
    assert row["acc_V"] == lineage.accuracy(data, jobs.recipe(data), generic, index)
    assert (
        evaluation.test_columns(data, jobs.recipe(data), TL, generic, fold, person)["acc_V"] is None
    )


# --- meta-learned starts

PLAIN = {"optimiser": "sgd", "momentum": 0.0, "weight_decay": 0.0}


def learned(data: StudyData, state: dict, rule: str, share: float, index: np.ndarray) -> dict:
    """The state after meta-learning at a rate of .1."""
    seeds = [[7] * index.shape[1]] * len(index)
    how = jobs.recipe(data)
    samples = engine.Samples(data.inputs, data.labels)
    return meta.meta_learned(how, samples, state, index, seeds, rule, 0.1, share)


def trained(data: StudyData, state: dict, plan: np.ndarray) -> dict:
    """The state after plain SGD at a rate of .1."""
    how = replace(jobs.recipe(data), lanes=1, **PLAIN)
    run = engine.Run(plan, np.full(len(plan), 0.1), state, 7)
    ((found,),) = engine.train(how, engine.Samples(data.inputs, data.labels), [run]).values()
    return found


@pytest.fixture(scope="module")
def start(generic) -> dict:
    """The generic network's state in float64."""
    return {name: value.double() for name, value in generic.items()}


@pytest.mark.parametrize("rule", ["reptile", "maml"])
def test_a_round_of_one_step_is_a_step_along_the_mean_gradient(rule, data, start):
    index = np.random.default_rng(3).integers(len(data.labels), size=(1, 3, 1, 8))
    found = learned(data, start, rule, 1.0, index)
    ends = [trained(data, start, plan) for plan in index[0]]
    for name, value in found.items():
        wanted = torch.stack([end[name] for end in ends]).mean(0)
        assert torch.allclose(value, wanted, rtol=0, atol=1e-12)


def test_a_share_is_a_part_of_the_way(data, start):
    index = np.random.default_rng(3).integers(len(data.labels), size=(1, 2, 4, 8))
    whole, half = (learned(data, start, "reptile", share, index) for share in (1.0, 0.5))
    for name, value in half.items():
        assert torch.allclose(value, (start[name] + whole[name]) / 2, rtol=0, atol=1e-12)


def test_maml_moves_by_the_mean_of_the_last_steps(data, start):
    index = np.random.default_rng(3).integers(len(data.labels), size=(1, 2, 4, 8))
    found = learned(data, start, "maml", 1.0, index)
    weight = "classifier.weight"
    last = [
        trained(data, start, plan)[weight] - trained(data, start, plan[:3])[weight]
        for plan in index[0]
    ]
    wanted = start[weight] + torch.stack(last).mean(0)
    assert torch.allclose(found[weight], wanted, rtol=0, atol=1e-12)


def test_rounds_follow_each_other(data, start):
    index = np.random.default_rng(3).integers(len(data.labels), size=(2, 2, 3, 8))
    first = learned(data, start, "reptile", 0.5, index[:1])
    then = learned(data, first, "reptile", 0.5, index[1:])
    both = learned(data, start, "reptile", 0.5, index)
    assert all(torch.equal(both[name], then[name]) for name in both)


def test_a_round_draws_people_of_d_g_and_only_their_training_samples(data):
    fold = data.splits.folds[0]
    index = plans.meta_plans(data, fold, MetaLearned("maml", rounds=5, people=2, steps=3), 0)
    assert index.shape == (5, 2, 3, 8)
    for one in index.reshape(-1, 24):
        owners = [
            person for person in fold.global_people if np.isin(one, data.splits.train[person]).all()
        ]
        assert len(owners) == 1
    assert not set(index.ravel()) - set(fold.global_train)


def test_the_control_sees_as_many_samples_of_d_g(data):
    fold = data.splits.folds[0]
    by_rule = {
        rule: plans.meta_plans(data, fold, MetaLearned(rule, rounds=5, people=2, steps=3), 0)
        for rule in ("reptile", "ordinary")
    }
    assert by_rule["ordinary"].shape == (5, 1, 3, 16)
    assert by_rule["ordinary"].size == by_rule["reptile"].size
    assert not set(by_rule["ordinary"].ravel()) - set(fold.global_train)


SHORT = MetaLearned("reptile", rounds=2, people=2, steps=2, share=0.5)
LEARNED = Method("learned", "own", "", SHORT, (LATE,))
LONGER = replace(LEARNED, name="longer", start=replace(SHORT, rule="ordinary"))


def test_a_study_trains_each_start_once_and_after_the_generic_network(tmp_path, monkeypatch):
    study = Study(TINY, tmp_path / "store.sqlite")
    methods = (TL_0, TL, LEARNED, replace(LEARNED, name="0", phases=()), LONGER)
    rows = study.run(methods, jobs=1)
    assert len(rows) == len(methods) * 4
    # for each of two folds a generic network and two starts
    assert len(study.store.keys("networks")) == 6
    shared = rows.assign(shared=rows["iterations"] - rows["own_iterations"]).groupby("method")
    assert (shared["shared"].max()["learned"] - shared["shared"].max()["TL"]) == 4
    assert study.run(methods, jobs=1).equals(rows)  # nothing is trained again


def test_a_killed_run_goes_on_from_the_generic_network(tmp_path):
    whole = Study(TINY, tmp_path / "whole.sqlite").run((LEARNED,), jobs=1)
    cut = Study(TINY, tmp_path / "cut.sqlite")
    cut.run((TL_0,), jobs=1)
    found = cut.run((LEARNED,), jobs=1)
    assert found["hits_S"].tolist() == whole["hits_S"].tolist()
    assert found["key"].tolist() == whole["key"].tolist()


def test_another_start_is_another_key(data):
    def key(method: Method) -> str:
        person = data.splits.folds[0].individuals[0]
        return identity.key(data, method, 0, 0, (person,), person)

    keys = {key(LEARNED), key(TL), key(LONGER)}
    for field, value in (("rounds", 3), ("people", 1), ("steps", 3), ("rate", 0.1), ("share", 0.2)):
        keys.add(key(replace(LEARNED, start=replace(SHORT, **{field: value}))))
    assert len(keys) == 8


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"rule": "sgd"}, "rule 'sgd' is unknown; possible: reptile, maml, ordinary"),
        ({"rounds": 0}, "rounds 0 must be above 0"),
        ({"steps": 1.5}, "steps 1.5 must be a whole number"),
    ],
)
def test_a_start_that_makes_no_sense_is_refused(fields, problem):
    with pytest.raises(ValueError, match=problem):
        replace(SHORT, **fields)


def test_class_counts_have_no_people_to_learn_from():
    settings = replace(
        TINY, variation="class-counts", rows_of="baselines", exchange=False, flips=False
    )
    with pytest.raises(InputError, match="baselines"):
        Study(settings, "nowhere.sqlite")
