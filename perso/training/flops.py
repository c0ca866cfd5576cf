"""Arithmetic and memory of a training step, counted once."""

from typing import NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from perso.training import recipe
from perso.training.models import VGG


def forward_flops(recipe: recipe.Recipe) -> float:
    """Floating-point operations of one image's way through the network: its convolutions, as `flops.step_cost` counts."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        recipe.build().eval()(torch.empty(1, 1, recipe.image_size, recipe.image_size))
    return float(counter.get_total_flops())


class StepCost(NamedTuple):
    """What one iteration of one model takes."""

    flop: float  # floating-point operations of the convolutions: forward, and twice that backward
    kept: float  # bytes that the forward pass keeps for the backward pass
    weights: float  # bytes of weights, gradients and the optimiser's two moments


def step_cost(batch: int, half: bool, *shape) -> StepCost:
    """The cost of an iteration of a VGG(*shape), counted on a network without data; half: activations in 2 bytes."""
    with torch.device("meta"):
        model = VGG(*shape)
        x = torch.empty(batch, model.lanes, shape[1], shape[1])
    kept, flop = {}, 0

    def keep(tensor):
        size = 2 if half and tensor.is_floating_point() else tensor.element_size()
        kept[id(tensor.untyped_storage())] = tensor.numel() * size
        alive.append(tensor)  # else another may get its id
        return tensor

    def count(layer, _, out):
        nonlocal flop
        flop += 3 * 2 * out.numel() * layer.weight[0].numel()

    alive: list = []
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(count)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(x, model.masks(batch, [None] * model.lanes, x))
    weights = sum(parameter.numel() for parameter in model.parameters())
    return StepCost(flop, sum(kept.values()), 4 * 4 * weights)
