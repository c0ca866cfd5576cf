"""Predict, encode, reconstruct."""

from collections.abc import Callable

import numpy as np
import torch

from perso.training.models import State, load_states
from perso.training.recipe import Recipe, compute_context, to_device


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
