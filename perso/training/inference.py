"""Trained networks in use: predict, encode, reconstruct, and measure their latency."""

import time
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import torch

from perso.seeds import seed_of
from perso.training.models import State, load_states
from perso.training.recipe import Recipe, compute_context, init_state, to_device

WARM_UP = 3  # first passes of `latency`, not counted


def predict(
    recipe: Recipe, images: np.ndarray, state: State, index: np.ndarray, batch: int = 1024
) -> np.ndarray:
    """The class that one model predicts for each of images[index], int64 [len(index)]."""

    def classes(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        return model(x)[:, 0].argmax(1)

    return forward_batches(recipe, images, state, index, classes, batch)


def encode(recipe: Recipe, images: np.ndarray, state: State, index: np.ndarray) -> np.ndarray:
    """The codes that an auto-encoder gives to images[index], float32 [len(index), latent]."""

    def codes(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        return model.encode(x)[:, 0].float()

    return forward_batches(recipe, images, state, index, codes)


def reconstruct(recipe: Recipe, images: np.ndarray, state: State, index: np.ndarray) -> np.ndarray:
    """An auto-encoder's reconstructions of images[index], float32 [len(index), S, S].

    Their 1 is the 255 of images.
    """

    def reconstructions(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        return model(x)[:, 0].float()

    return forward_batches(recipe, images, state, index, reconstructions)


@torch.inference_mode()
def forward_batches(
    recipe: Recipe,
    images: np.ndarray,
    state: State,
    index: np.ndarray,
    function: Callable[[torch.nn.Module, torch.Tensor], torch.Tensor],
    batch: int = 1024,
) -> np.ndarray:
    """The outputs of `function(model, x)` for images[index], one after the other.

    The model has one lane and is in evaluation mode; x is [≤ batch, 1, S, S], in 0 … 1.
    """
    with compute_context(recipe):
        model = recipe.network().eval()
        load_states(model, [state])
        samples = to_device(images[index], recipe.device)
        outputs = [
            function(model, model.prepare(part[:, None], recipe.dtype, recipe.layout))
            for part in samples.split(batch)
        ]
        return torch.cat(outputs).cpu().numpy()


@torch.inference_mode()
def latency(
    recipe: Recipe,
    images: np.ndarray,
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
            samples = to_device(np.resize(images, (batch, 1, *recipe.shape)), recipe.device)
            x = networks[0].prepare(samples, recipe.dtype, recipe.layout)
            taken = np.empty((WARM_UP + repeats, len(networks)))
            for turn, number in np.ndindex(taken.shape):
                start = clock()
                networks[number](x).cpu()  # .cpu() waits for a GPU
                taken[turn, number] = 1000 * (clock() - start)
            for number, times in enumerate(taken[WARM_UP:].T, 1):
                lines[f"network {number}", batch] = np.quantile(times, [0.5, 0.25, 0.75])
    return pd.DataFrame(lines, ["median", "low", "high"]).T.rename_axis(["", "images"])
