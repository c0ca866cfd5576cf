"""Trained networks in use: predict, encode, reconstruct, and measure their latency."""

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from perso.seeds import seed_of
from perso.training.models import State, load_states
from perso.training.recipe import Recipe, compute_context, init_state, to_device
from perso.training.subsets import own_weights

BATCH = {"cpu": 1024, "cuda": 8192}  # samples of a pass, of all lanes together
WARM_UP = 3  # first passes of `latency`, not counted


def predict(
    recipe: Recipe, inputs: np.ndarray, state: State, index: np.ndarray, batch: int = 0
) -> np.ndarray:
    """The class that one model predicts for each of inputs[index], int64 [len(index)].

    batch   samples of a pass; 0: that of `BATCH`
    """
    return forward_batches(recipe, inputs, [state], index[:, None], predicted, batch)[:, 0]


def predict_all(
    recipe: Recipe,
    inputs: np.ndarray,
    states: list[State],
    tests: list[dict[Hashable, np.ndarray]],
) -> list[dict[Hashable, np.ndarray]]:
    """The classes that N models predict on their test sets, int64 [n] for each index int [n].

    tests   one dict of indices per model, {name of a test set: index}; all may differ
    `recipe.lanes` models share a network; each test set's answers are those of the model alone.
    """
    answers = []
    for start in range(0, len(states), recipe.lanes):
        own = tests[start : start + recipe.lanes]
        joined = [np.concatenate([*each.values()]) if each else np.empty(0, int) for each in own]
        rows = max(1, *map(len, joined))
        index = np.zeros((rows, len(own)), int)  # input 0 fills up the shorter lanes
        for lane, each in enumerate(joined):
            index[: len(each), lane] = each
        group = states[start : start + recipe.lanes]
        classes = forward_batches(recipe, inputs, group, index, predicted)
        for lane, each in enumerate(own):
            ends = np.cumsum([len(test) for test in each.values()])
            # the last part is what was filled up
            parts = np.split(classes[:, lane], ends)[: len(each)]
            answers.append(dict(zip(each, parts, strict=True)))
    return answers


def predicted(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The classes that each lane predicts, [B, lanes]."""
    return model(x).argmax(2)


def log_probabilities(
    recipe: Recipe, inputs: np.ndarray, labels: np.ndarray, state: State, index: np.ndarray
) -> np.ndarray:
    """The log-probability that one model gives to the class of each of inputs[index], [n].

    labels   int [M], of all inputs
    """

    def of_all_classes(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        return torch.log_softmax(model(x).float(), 2)

    found = forward_batches(recipe, inputs, [state], index[:, None], of_all_classes)
    return found[np.arange(len(index)), 0, labels[index]]


def probabilities_and_features(
    recipe: Recipe, inputs: np.ndarray, state: State, index: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What one model says about inputs[index], and what its head is given: float32, [n, …] each.

    The probabilities are [n, classes], the features [n, F]. The head is the last layer that has
    weights, as in `subsets`.
    """

    def both(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        given = []
        head = [layer for layer in model.modules() if own_weights(layer)][-1]
        handle = head.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
        probabilities = model(x)[:, 0].float().softmax(1)
        handle.remove()
        # a layer of lanes has its one lane in front
        features = given[-1].reshape(len(x), -1).float()
        return torch.cat([probabilities, features], 1)

    found = forward_batches(replace(recipe, lanes=1), inputs, [state], index[:, None], both)
    return found[:, : recipe.classes], found[:, recipe.classes :]


def encode(recipe: Recipe, images: np.ndarray, state: State, index: np.ndarray) -> np.ndarray:
    """The codes that an auto-encoder gives to images[index], float32 [len(index), latent]."""

    def codes(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        return model.encode(x)[:, 0].float()

    return forward_batches(recipe, images, [state], index[:, None], codes)


def reconstruct(recipe: Recipe, images: np.ndarray, state: State, index: np.ndarray) -> np.ndarray:
    """An auto-encoder's reconstructions of images[index], float32 [len(index), S, S].

    Their 1 is the 255 of images.
    """

    def reconstructions(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        return model(x)[:, 0].float()

    return forward_batches(recipe, images, [state], index[:, None], reconstructions)


@torch.no_grad()
def enrolled_state(
    recipe: Recipe, inputs: np.ndarray, labels: np.ndarray, state: State, index: np.ndarray
) -> State:
    """The state of the network that a person's samples make, in one forward pass of them.

    recipe, state   of an `enrolment.EnrolledNetwork`
    index           the samples, int [k]; for none it is the state that people share
    """
    with compute_context(recipe):
        model = recipe.network().eval()
        load_states(model, [state])
        z = torch.zeros(1, recipe.enrolment.size, dtype=recipe.dtype, device=recipe.device)
        if len(index) and recipe.enrolment.encoder != "nobody":
            samples = to_device(inputs[index][:, None], recipe.device)
            x = model.prepare(samples, recipe.dtype, recipe.layout)
            classes = to_device(labels[index], recipe.device).long()
            z = model.posterior_of(x[:, 0][None], classes[None])[0]
        return {name: value.cpu().clone() for name, value in model.personal(z).items()}


@torch.inference_mode()
def forward_batches(
    recipe: Recipe,
    inputs: np.ndarray,
    states: list[State],
    index: np.ndarray,
    function: Callable[[torch.nn.Module, torch.Tensor], torch.Tensor],
    batch: int = 0,
) -> np.ndarray:
    """The outputs of `function(model, x)`, one after the other, of all rows of `index`.

    states   one per lane of the model
    index    int [n, lanes]: each lane sees its own inputs
    batch    samples of a pass, of all lanes together; 0: that of `BATCH`
    The model is in evaluation mode; x is prepared for it.
    """
    rows = max(1, (batch or BATCH[recipe.device]) // len(states))
    with compute_context(recipe):
        model = recipe.network(len(states)).eval()
        load_states(model, states)
        outputs = []
        for start in range(0, max(1, len(index)), rows):
            samples = to_device(inputs[index[start : start + rows]], recipe.device)
            outputs.append(function(model, model.prepare(samples, recipe.dtype, recipe.layout)))
        return torch.cat(outputs).cpu().numpy()


@torch.inference_mode()
def latency(
    recipe: Recipe,
    inputs: np.ndarray,
    batches: Iterable[int],
    repeats: int = 50,
    clock: Callable = time.perf_counter,
) -> pd.DataFrame:
    """Milliseconds of a forward pass: a line per network and batch size.

    median, low, high   median and quartiles over `repeats`
    Two networks with the same architecture take turns; the difference between them is how much the
    machine's times vary. Their weights are untrained, as the arithmetic does not depend on them.
    """
    lines = {}
    with compute_context(recipe):
        networks = [recipe.network().eval() for _ in range(2)]
        for number, network in enumerate(networks):
            load_states(network, [init_state(recipe, seed_of("latency", number))])
        for batch in batches:
            samples = to_device(np.resize(inputs, (batch, 1, *recipe.shape)), recipe.device)
            x = networks[0].prepare(samples, recipe.dtype, recipe.layout)
            taken = np.empty((WARM_UP + repeats, len(networks)))
            for turn, number in np.ndindex(taken.shape):
                start = clock()
                networks[number](x).cpu()  # .cpu() waits for a GPU
                taken[turn, number] = 1000 * (clock() - start)
            for number, times in enumerate(taken[WARM_UP:].T, 1):
                lines[f"network {number}", batch] = np.quantile(times, [0.5, 0.25, 0.75])
    return pd.DataFrame(lines, ["median", "low", "high"]).T.rename_axis(["", "images"])
