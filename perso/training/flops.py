"""Arithmetic and memory of a training step, counted on networks without data."""

from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from perso.training.models import VGG, empty_network
from perso.training.recipe import Recipe


def forward_flops(recipe: Recipe) -> float:
    """Floating-point operations of the forward pass of one sample, convolutions only."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        recipe.build().eval()(torch.empty(1, 1, *recipe.shape))
    return float(counter.get_total_flops())


def network_sizes(recipe: Recipe) -> dict[str, int]:
    """How many numbers a network holds: parameters, statistics (of batch norm), last layer."""
    model = empty_network(recipe.build, "meta", torch.float32)
    tensors = {
        "parameters": model.parameters(),
        "statistics": model.buffers(),
        "last layer": model.classifier.parameters(),
    }
    return {name: sum(tensor.numel() for tensor in each) for name, each in tensors.items()}


class StepCost(NamedTuple):
    """Cost of one training iteration of a network."""

    flop: float  # floating-point operations of the convolutions: forward, and twice that backward
    kept: float  # bytes that the forward pass keeps for the backward pass
    weights: float  # bytes of weights, gradients and Adam's two moments


def step_cost(batch: int, half: bool, *shape) -> StepCost:
    """Cost of an iteration of VGG(*shape).

    batch   images per lane
    half    activations have 2 bytes each (bfloat16), not 4
    """
    with torch.device("meta"):
        model = VGG(*shape)
        image_size = shape[1]
        x = torch.empty(batch, model.lanes, image_size, image_size)
    kept = {}  # {storage: bytes}
    alive = []  # the id of a tensor that is freed may be given to another

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        size = 2 if half and tensor.is_floating_point() else tensor.element_size()
        kept[id(tensor.untyped_storage())] = tensor.numel() * size
        alive.append(tensor)
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with FlopCounterMode(display=False) as counter, hooks:
        model(x, model.masks(batch, [None] * model.lanes, x))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return StepCost(
        flop=3 * counter.get_total_flops(),
        kept=sum(kept.values()),
        weights=4 * 4 * parameters,  # four numbers of 4 bytes
    )
