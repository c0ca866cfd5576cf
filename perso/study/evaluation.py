"""What a row says about a trained model: its answers on D_I, D_G and the other individuals."""

from dataclasses import replace

import numpy as np

from perso.data.dataset import StudyData
from perso.data.splits import Fold, Person
from perso.errors import RunError
from perso.methods.answer import Question
from perso.methods.method import Method
from perso.own_code import fault, file_of
from perso.parts import ALL_PARTS, D_G, D_I, D_U
from perso.store.sqlite import packed
from perso.study.lineage import accuracy
from perso.study.plans import own_part
from perso.training import inference
from perso.training.models import State
from perso.training.recipe import Recipe

ANSWERED_AT_ONCE = 2048  # samples of a question


def test_columns(
    data: StudyData, how: Recipe, method: Method, state: State, fold: Fold, person: Person
) -> dict[str, float | int | bytes]:
    """Return a row's columns about its test sets, and about what the method holds out.

    Of D_I, D_G and D_U they are accuracy, number of samples, and one bit per sample; of a D_U
    without samples they are None.
    """
    alone = replace(how, lanes=1)
    test = data.splits.test
    everybody = np.concatenate([test[each] for each in fold.individuals])
    tests = {D_I: test[person], D_G: fold.global_test, "S": everybody}
    elsewhere = data.splits.elsewhere[person]
    if len(elsewhere):
        tests[D_U] = elsewhere
    if method.answer:
        answers = {
            name: answered(data, alone, method, state, person, index)
            for name, index in tests.items()
        }
        predicted = {name: found.argmax(1) for name, found in answers.items()}
        own = answers[D_I]
        given = own[np.arange(len(own)), data.labels[test[person]]]
        logp = np.log(np.maximum(given, np.finfo(np.float32).tiny))  # finite as float16
    else:
        (predicted,) = inference.predict_all(alone, data.inputs, [state], [tests])
        logp = inference.log_probabilities(alone, data.inputs, data.labels, state, test[person])
    hits = {name: predicted[name] == data.labels[index] for name, index in tests.items()}
    columns = {"hits_S": packed(hits["S"]), "logp_I": logp.astype("<f2").tobytes()}
    for part in ALL_PARTS.values():
        tested = part in hits
        columns[part.accuracy] = float(hits[part].mean()) if tested else None
        columns[part.size] = len(hits[part]) if tested else None
        columns[part.hits] = packed(hits[part]) if tested else None
    held_out = own_part(data, method, person)[1]
    columns["acc_V"] = accuracy(data, alone, state, held_out) if len(held_out) else None
    return columns


def answered(
    data: StudyData, how: Recipe, method: Method, state: State, person: Person, index: np.ndarray
) -> np.ndarray:
    """Return the probabilities that a method's answer gives to samples, [n, classes].

    RunError where a function of the user's own fails or returns something else.
    """
    own = own_part(data, method, person)[0]
    features = inference.probabilities_and_features(how, data.inputs, state, own)[1]

    def ask(block: np.ndarray) -> np.ndarray:
        said = inference.probabilities_and_features(how, data.inputs, state, block)
        try:
            answer = np.asarray(method.answer(Question(*said, features, data.labels[own])))
        except Exception as error:
            failed = fault(error, file_of(method.answer))
            raise RunError(f"{method.name}: answer {failed}") from error
        if wrong := fault_of_answer(answer, said[0].shape):
            raise RunError(
                f"{method.name}: answer returned {wrong}; needed are probabilities of 0 or more, "
                f"{list(said[0].shape)}: samples and classes"
            )
        return answer

    blocks = np.split(index, range(ANSWERED_AT_ONCE, len(index), ANSWERED_AT_ONCE))
    found = np.concatenate([ask(block) for block in blocks])
    if not np.allclose(ask(index[:1]), found[:1], atol=1e-3):
        raise RunError(
            f"{method.name}: answer to one sample differs when other samples are asked, or at a "
            "second call; needed is the same at every call, for each sample by itself"
        )
    return found


def fault_of_answer(answer: np.ndarray, shape: tuple[int, ...]) -> str:
    """What is wrong with probabilities that should have this shape; "" for right ones."""
    if answer.shape != shape or not np.issubdtype(answer.dtype, np.number):
        return f"{answer.dtype} {list(answer.shape)}"
    if not np.isfinite(answer).all():
        return "nan or infinite numbers"
    return "numbers below 0" if answer.min() < 0 else ""
