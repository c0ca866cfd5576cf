"""The networks of a job: from where each method starts, through its phases, to what it keeps.

Methods that share a training share it here, too: those that differ in the length of their last
phase, in what comes after, and those that start from the network of another one.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from perso.data.dataset import StudyData
from perso.data.splits import Person
from perso.errors import RunError
from perso.methods.after import Movement, Weights
from perso.methods.method import Method, Phase
from perso.methods.starts import Enrolled, Prototypes
from perso.own_code import fault, file_of
from perso.seeds import rng, seed_of
from perso.study import plans
from perso.study.enrolment import personal_states
from perso.training import engine, inference
from perso.training.models import State
from perso.training.recipe import Recipe, init_state


def train_methods(
    data: StudyData,
    recipe: Recipe,
    methods: Sequence[Method],
    people: Sequence[Person],
    *,
    fold_number: int,
    repeat: int,
    generic: State | None = None,
    codes: np.ndarray | None = None,
    means: plans.Means | None = None,
) -> tuple[dict[Method, list[State]], int]:
    """Return the states of every method, one per person, and how many iterations were trained.

    methods   of one root: their lineages begin with the same training
    generic   the network that they begin with and people share, if any
    codes     latent codes of all inputs, for methods that need an auto-encoder
    means     of these codes (`plans.means_of_people`)
    """
    fold = data.splits.folds[fold_number]
    # a lineage names a method after those it starts from
    by_training: dict[Method, list[Method]] = {}
    for each in dict.fromkeys(each for method in methods for each in method.lineage):
        by_training.setdefault(each.training, []).append(each)
    reached: dict[Method, list[State]] = {}
    iterations = 0
    for together in by_training.values():
        lengths = {method: plans.own_iterations(data, fold, method) for method in together}
        longest = max(together, key=lengths.get)
        if isinstance(longest.start, Method):
            starts = reached[longest.start]
        elif isinstance(longest.start, Enrolled | Prototypes):
            starts = personal_states(data, recipe, fold, longest, people, generic)
        elif longest.begins == "generic":
            starts = [generic] * len(people)
        else:
            seeds = [seed_of(data.settings.seed, "init", person, repeat) for person in people]
            starts = [init_state(recipe, seed) for seed in seeds]
        index = np.stack(
            [
                plans.index_plan(data, fold, longest, each, repeat, codes, means)[1]
                for each in people
            ]
        )
        trained = train_stages(
            data, recipe, longest, people, fold_number, repeat, index, starts, lengths.values()
        )
        iterations += lengths[longest]
        for method in together:
            ends = trained[lengths[method]]
            if method.after:
                ends = [
                    after_training(data, recipe, method, *states, repeat)
                    for states in zip(people, starts, ends, strict=True)
                ]
            reached[method] = ends
    return reached, iterations


def train_stages(
    data: StudyData,
    recipe: Recipe,
    method: Method,
    people: Sequence[Person],
    fold_number: int,
    repeat: int,
    index: np.ndarray,
    starts: list[State],
    lengths: Sequence[int],
) -> dict[int, list[State]]:
    """Train a method's stages one after the other; return {iterations: states} for `lengths`.

    index     the index plans, int [N, T, B]
    lengths   numbers of iterations, all of them in the last stage
    """
    fold = data.splits.folds[fold_number]
    samples = engine.Samples(data.inputs, data.labels)
    states = {0: starts}
    done = 0
    for number, stage in enumerate(method.stages):
        first = stage[0]  # the others are trained alike
        end = done + plans.iterations_of(data, fold, stage)
        wanted = [end]
        if number == len(method.stages) - 1:
            wanted = sorted(set(lengths))
        if first.best_every:
            wanted = [*range(done, end, first.best_every), end]
        if first.average:
            wanted = averaged_lengths(end, round(first.average * (end - done)))
        seeds = dropout_seeds(data, method, people, repeat, number)
        rates = plans.rate_schedule(data, fold, stage)
        runs = [
            engine.Run(plan[done:end], rates, state, seed, pull_to=start)
            for plan, state, seed, start in zip(index, states[done], seeds, starts, strict=True)
        ]
        found = engine.train(
            stage_recipe(recipe, first), samples, runs, [length - done for length in wanted]
        )
        states = {done + length: at_length for length, at_length in found.items()}
        if first.best_every:
            states = {end: best_states(data, recipe, method, people, list(states.values()))}
        if first.average:
            states = {end: [mean_state(each) for each in zip(*states.values(), strict=True)]}
        done = end
    return states


def diverged(state: State) -> str:
    """The name of the first weights that are nan or infinite; "" where all are finite."""
    for name, tensor in state.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            return name
    return ""


def averaged_lengths(end: int, last: int) -> list[int]:
    """The numbers of iterations whose states are averaged: the `last` ones up to `end`.

    At most 50 of them, evenly spaced.
    """
    return sorted({*np.linspace(end, end - last, min(last, 50), endpoint=False).astype(int), end})


def mean_state(states: Sequence[State]) -> State:
    """The mean of states of one model; whole numbers are those of the last."""
    found = {}
    for name, last in states[-1].items():
        found[name] = last
        if last.is_floating_point():
            found[name] = torch.stack([each[name] for each in states]).mean(0)
    return found


def stage_recipe(recipe: Recipe, phase: Phase) -> Recipe:
    """The recipe of a stage whose phases are trained as this one."""
    return replace(
        recipe,
        optimiser=phase.optimiser or recipe.optimiser,
        trains=phase.trains,
        statistics=phase.statistics,
        pull=phase.pull,
        pull_l1=phase.pull_l1,
        l1=phase.l1,
    )


def dropout_seeds(
    data: StudyData, method: Method, people: Sequence[Person], repeat: int, number: int
) -> list[int]:
    """The seeds of the dropout masks of a method's stage, one per person.

    Stages are counted from the start of the lineage; the generic network is one of them. The names
    of the first two are those of the papers' methods.
    """
    before = sum(len(each.stages) for each in method.lineage[:-1])
    place = before + number + (method.begins == "generic")
    name = "dropout" if place == 0 else "late dropout"
    more = [place] if place > 1 else []
    seed = data.settings.seed
    return [seed_of(seed, name, person, repeat, *more) for person in people]


def best_states(
    data: StudyData,
    recipe: Recipe,
    method: Method,
    people: Sequence[Person],
    candidates: list[list[State]],
) -> list[State]:
    """Every person's state with the most hits on the part that is held out; of equals the first.

    candidates   states of all people, by candidate
    """
    best = []
    for person, *states in zip(people, *candidates, strict=True):
        index = plans.own_part(data, method, person)[1]
        scores = [accuracy(data, recipe, state, index) for state in states]
        best.append(states[int(np.argmax(scores))])
    return best


def accuracy(data: StudyData, recipe: Recipe, state: State, index: np.ndarray) -> float:
    """The share of samples that a model classifies correctly."""
    predicted = inference.predict(recipe, data.inputs, state, index)
    return float((predicted == data.labels[index]).mean())


def after_training(
    data: StudyData,
    recipe: Recipe,
    method: Method,
    person: Person,
    start: State,
    end: State,
    repeat: int,
) -> State:
    """What a method keeps of one person's training (`Method.after`); of nan all is kept."""
    if diverged(end):
        return end
    trained_on, held_out = plans.own_part(data, method, person)
    tested_on = held_out if len(held_out) else trained_on

    def score(weights: Weights) -> float:
        return accuracy(data, recipe, as_state(weights), tested_on)

    draw = rng(data.settings.seed, "after", person, repeat)
    given = as_weights(end)
    try:
        found = method.after(Movement(as_weights(start), given, score, draw))
    except Exception as error:
        failed = fault(error, file_of(method.after))
        raise RunError(f"{method.name}: after {failed}") from error
    if wrong := fault_of_weights(found, given):
        raise RunError(
            f"{method.name}: after returned {wrong}; needed are all weights, a dict of finite "
            "arrays with the names and shapes of movement.end"
        )
    return as_state({name: np.asarray(found[name], given[name].dtype) for name in given})


def fault_of_weights(found: object, given: Weights) -> str:
    """What is wrong with weights that should be like those given; "" for right ones."""
    if not isinstance(found, dict):
        return f"an object of type {type(found).__name__}"
    if found.keys() != given.keys():
        return f"a dict in which {min(found.keys() ^ given.keys(), key=str)!r} is missing or new"
    for name, array in given.items():
        try:
            numbers = np.asarray(found[name], array.dtype)
        except (TypeError, ValueError):
            return f"no numbers for {name!r}"
        if numbers.shape != array.shape:
            return f"shape {list(numbers.shape)} in place of {list(array.shape)} for {name!r}"
        if not np.isfinite(numbers).all():
            return f"nan or infinite numbers for {name!r}"
    return ""


def as_state(weights: Weights) -> State:
    """Weights as the engine takes them."""
    return {name: torch.from_numpy(np.asarray(array)) for name, array in weights.items()}


def as_weights(state: State) -> dict[str, np.ndarray]:
    """A model's state as arrays, which are copies."""
    return {name: tensor.numpy().copy() for name, tensor in state.items()}
