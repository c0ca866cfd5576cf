"""Trained networks at work: predict, encode, reconstruct, and how long that takes."""

import time
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import torch

from perso.seeds import seed_of
from perso.training.models import State, load_states
from perso.training.recipe import Recipe, compute_context, init_state, to_device


def predict(
    recipe: Recipe, images, state: State, index: np.ndarray, batch: int = 1024
) -> np.ndarray:
    """The class one model gives to images[index], int64 [len(index)]."""
    return forward_batches(
        recipe, images, state, index, lambda model, x: model(x)[:, 0].argmax(1), batch
    )


def encode(recipe: Recipe, images, state: State, index: np.ndarray) -> np.ndarray:
    """The codes an auto-encoder gives to images[index], float32 [len(index), latent]."""
    return forward_batches(
        recipe, images, state, index, lambda model, x: model.encode(x)[:, 0].float()
    )


def reconstruct(recipe: Recipe, images, state: State, index: np.ndarray) -> np.ndarray:
    """What an auto-encoder makes of images[index], float32 [len(index), S, S]; 1 is white, as 255 is in images."""
    return forward_batches(recipe, images, state, index, lambda model, x: model(x)[:, 0].float())


@torch.inference_mode()
def forward_batches(
    recipe: Recipe, images, state: State, index: np.ndarray, give: Callable, batch: int = 1024
) -> np.ndarray:
    """What `give(model, x)` returns for images[index], in batches; the model is one lane, in evaluation."""
    with compute_context(recipe):
        model = recipe.network().eval()
        load_states(model, [state])
        pixels = to_device(images[index], recipe.device)
        given = [
            give(model, part[:, None].to(recipe.dtype).div_(255)) for part in pixels.split(batch)
        ]
        return torch.cat(given).cpu().numpy()


@torch.inference_mode()
def latency(
    recipe: Recipe,
    images: np.ndarray,
    batches: Iterable[int],
    repeats: int = 50,
    clock: Callable = time.perf_counter,
) -> pd.DataFrame:
    """Milliseconds for a batch, of two networks in turns: a line per network and batch size.

    median, low, high   median and quartiles over `repeats`
    Fresh weights do, as the arithmetic does not depend on them; the two networks differ by how much
    a machine's times scatter.
    """
    lines = {}
    with compute_context(recipe):
        networks = [recipe.network().eval() for _ in range(2)]
        for number, network in enumerate(networks):
            load_states(network, [init_state(recipe, seed_of("latency", number))])
        for batch in batches:
            pixels = np.resize(images, (batch, 1, recipe.image_size, recipe.image_size))
            x = to_device(pixels, recipe.device).to(recipe.dtype).div_(255)
            taken = np.empty((repeats + 3, len(networks)))
            for turn, number in np.ndindex(taken.shape):
                begin = clock()
                networks[number](x).cpu()  # which waits for a GPU
                taken[turn, number] = 1000 * (clock() - begin)
            for number, times in enumerate(taken[3:].T, 1):  # the first ones warm up
                lines[f"network {number}", batch] = np.quantile(times, [0.5, 0.25, 0.75])
    return pd.DataFrame(lines, ["median", "low", "high"]).T.rename_axis(["", "images"])
