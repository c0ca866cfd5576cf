"""Architecture, optimiser and precision of one training."""

import contextlib
import functools
from dataclasses import dataclass

import numpy as np
import torch

from perso.training.models import VGG, AutoEncoder, State, draw_weights, empty_network


@dataclass(frozen=True)
class Recipe:
    """What every model of a study has in common, and how a machine computes it."""

    classes: int
    image_size: int
    width: float = 1.0
    optimiser: str = "adam"  # adam | sgd
    momentum: float = 0.9  # of sgd
    weight_decay: float = 0.0
    precision: str = "float32"  # float32 | tf32 (a card's convolutions) | bfloat16 (autocast) | float64 (for checks)
    lanes: int = 1  # models fused in one network
    channels_last: bool = True
    compile: bool = False  # torch.compile of the forward pass and, with it, the backward pass
    threads: int = 1  # on a CPU
    device: str = "cpu"
    norm: str = "after"  # batch norm after ReLU | before
    pooling: str = "average"  # of what the last pooling leaves | flatten
    latent: int = 0  # above 0: an auto-encoder of so many latent numbers, whose target is its input
    # these alter no number; on a card none but by the kernels that cuDNN happens to choose
    in_flight: int = 1  # networks trained at a time; on a card each has a stream of its own
    graph: bool = False  # the step as a CUDA graph

    @property
    def dtype(self) -> torch.dtype:
        """Of weights, statistics and losses."""
        return torch.float64 if self.precision == "float64" else torch.float32

    @property
    def activations(self) -> torch.dtype:
        """Of what layers give to each other."""
        return torch.bfloat16 if self.precision == "bfloat16" else self.dtype

    @property
    def layout(self) -> torch.memory_format:
        """Of images, activations and convolutions' weights."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def build(self, lanes: int = 1) -> VGG | AutoEncoder:
        """N networks side by side, as their constructor makes them."""
        if self.latent:
            return AutoEncoder(self.image_size, self.latent, self.width, lanes)
        return VGG(self.classes, self.image_size, self.width, lanes, self.norm, self.pooling)

    def network(self, lanes: int = 1) -> VGG | AutoEncoder:
        """N networks side by side, on the device."""
        return empty_network(
            functools.partial(self.build, lanes), self.device, self.dtype, self.layout
        )


def init_state(recipe: Recipe, seed: int) -> State:
    """Initial weights of one model from a seed, the same on every device."""
    return draw_weights(
        empty_network(recipe.build, "meta", torch.float32).state_dict(),
        torch.Generator().manual_seed(seed),
    )


@contextlib.contextmanager
def compute_context(recipe: Recipe, training: bool = False):
    """The thread count and precision of a recipe, put back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(recipe.threads if recipe.device == "cpu" else before)
    # no cache of weights cast to bfloat16: it would outlive the optimiser's step
    cast = torch.autocast(
        recipe.device, torch.bfloat16, recipe.precision == "bfloat16", cache_enabled=False
    )
    # training repeats one shape, for which it pays to try cuDNN's kernels; float32 is float32 unless tf32 is wished
    kernels = torch.backends.cudnn.flags(
        enabled=True, benchmark=training, allow_tf32=recipe.precision == "tf32"
    )
    try:
        with cast, kernels:
            yield
    finally:
        torch.set_num_threads(before)


def to_device(array: np.ndarray, device: str) -> torch.Tensor:
    """A copy of the array on the device."""
    return torch.tensor(np.asarray(array), device=device)
