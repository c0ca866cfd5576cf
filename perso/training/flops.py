"""Arithmetic and memory of a training step, counted on networks without data."""

from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from perso.training.models import VGG, empty_network
from perso.training.recipe import Recipe


def forward_flops(recipe: Recipe) -> float:
    """Floating-point operations of one image's way through the network: its convolutions."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        recipe.build().eval()(torch.empty(1, 1, recipe.image_size, recipe.image_size))
    return float(counter.get_total_flops())


def network_sizes(recipe: Recipe) -> dict[str, int]:
    """How many numbers a network holds: parameters, statistics (of batch norm), last layer."""
    model = empty_network(recipe.build, "meta", torch.float32)
    kinds = {
        "parameters": model.parameters(),
        "statistics": model.buffers(),
        "last layer": model.classifier.parameters(),
    }
    return {name: sum(each.numel() for each in kind) for name, kind in kinds.items()}


class StepCost(NamedTuple):
    """What one iteration of one model takes."""

    flop: float  # floating-point operations of the convolutions: forward, and twice that backward
    kept: float  # bytes that the forward pass keeps for the backward pass
    weights: float  # bytes of weights, gradients and the optimiser's two moments


def step_cost(batch: int, half: bool, *shape) -> StepCost:
    """The cost of an iteration of a VGG(*shape); half: activations take 2 bytes each."""
    with torch.device("meta"):
        model = VGG(*shape)
        x = torch.empty(batch, model.lanes, shape[1], shape[1])
    kept, alive = {}, []

    def keep(tensor):
        size = 2 if half and tensor.is_floating_point() else tensor.element_size()
        kept[id(tensor.untyped_storage())] = tensor.numel() * size
        alive.append(tensor)  # else another may get its id
        return tensor

    with (
        FlopCounterMode(display=False) as counter,
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
    ):
        model(x, model.masks(batch, [None] * model.lanes, x))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return StepCost(3 * counter.get_total_flops(), sum(kept.values()), 4 * 4 * parameters)
