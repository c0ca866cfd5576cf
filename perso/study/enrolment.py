"""Networks that forwarding a person's samples makes personal: what people share, and each start."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from perso.data.dataset import StudyData
from perso.data.splits import Fold, Person
from perso.methods.method import Method
from perso.methods.starts import Enrolled, Prototypes
from perso.seeds import seed_of
from perso.study import plans
from perso.training import engine, inference
from perso.training.enrolment import OF_CLASSIFIER
from perso.training.models import State
from perso.training.recipe import Recipe, init_state
from perso.training.subsets import trained_names

HIGH_RATE_UNTIL = 0.7  # share of the steps, after which the learning rate is
LOW_RATE = 0.2  # times as high
MEANS = (
    "prototypes.means"  # of D_G's people, [classes, F], in the state that `feature_means` returns
)
VARIANCE = "prototypes.variance"  # mean square of a feature's distance from its class mean, [1]


def enrolled_recipe(recipe: Recipe, start: Enrolled) -> Recipe:
    """Return the recipe of an enrolled network, which trains alone and by Adam."""
    return replace(
        recipe,
        enrolment=start,
        lanes=1,
        in_flight=1,
        optimiser="adam",
        weight_decay=0.0,
        compile=False,
        graph=False,
    )


def train_enrolled(
    data: StudyData, recipe: Recipe, fold: Fold, start: Enrolled, repeat: int, generic: State
) -> State:
    """Train an enrolled network in episodes, from the generic network on."""
    seed = data.settings.seed
    how = enrolled_recipe(recipe, start)
    state = init_state(how, seed_of(seed, "init", plans.ENROLLED, repeat))
    state |= {OF_CLASSIFIER + name: value for name, value in generic.items()}
    plan = plans.episodes(data, fold, start, repeat)
    rates = np.full(start.steps, start.rate)
    rates[round(HIGH_RATE_UNTIL * start.steps) :] *= LOW_RATE
    run = engine.Run(plan, rates, state, seed_of(seed, "dropout", plans.ENROLLED, repeat))
    return engine.train(how, engine.Samples(data.inputs, data.labels), [run])[start.steps][0]


def feature_means(data: StudyData, recipe: Recipe, fold: Fold, generic: State) -> State:
    """Return the generic network with the class means of its features, of all who show classes.

    A class without samples has the mean of all.
    """
    index = plans.shown_samples(data, fold)
    features = inference.probabilities_and_features(recipe, data.inputs, generic, index)[1]
    labels = data.labels[index]
    means = np.tile(features.mean(0), (data.classes, 1))
    for one in np.unique(labels):
        means[one] = features[labels == one].mean(0)
    variance = np.mean((features - means[labels]) ** 2, dtype=np.float64)
    return generic | {
        MEANS: torch.from_numpy(means),
        VARIANCE: torch.tensor([variance], dtype=torch.float32),
    }


def with_prototypes(
    data: StudyData, recipe: Recipe, start: Prototypes, state: State, index: np.ndarray
) -> State:
    """Return a network whose head has a person's class means as prototypes.

    Logits are −‖f − mean‖² / (2 · variance) of features f, but for ‖f‖², which all classes share: a
    linear head. Probabilities are those of normal distributions around the means.

    state   that of `feature_means`
    index   the person's samples, int [k]
    """
    own = {name: value for name, value in state.items() if name not in (MEANS, VARIANCE)}
    sums = start.weight * state[MEANS].numpy().astype(np.float64)
    counts = np.full(len(sums), start.weight)
    if len(index):
        features = inference.probabilities_and_features(recipe, data.inputs, own, index)[1]
        np.add.at(sums, data.labels[index], features)
        np.add.at(counts, data.labels[index], 1)
    means = sums / counts[:, None]
    variance = max(float(state[VARIANCE]), np.finfo(np.float32).tiny)
    weight, bias = trained_names(replace(recipe, lanes=1).network(), "head")
    head = {weight: means / variance, bias: -(means**2).sum(1) / (2 * variance)}
    return own | {
        name: torch.from_numpy(value).to(own[name]).view_as(own[name])
        for name, value in head.items()
    }


def personal_states(
    data: StudyData,
    recipe: Recipe,
    fold: Fold,
    method: Method,
    people: Sequence[Person],
    shared: State,
) -> list[State]:
    """Return the network of each person that a method's start makes of the shared one."""
    start = method.start
    found = []
    for person in people:
        index = plans.enrolment(data, fold, method, person)
        if isinstance(start, Enrolled):
            how = enrolled_recipe(recipe, start)
            one = inference.enrolled_state(how, data.inputs, data.labels, shared, index)
        else:
            one = with_prototypes(data, recipe, start, shared, index)
        found.append(one)
    return found
