"""Arithmetic and memory of a training step, counted on networks without data."""

import functools
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from perso.training.recipe import Recipe
from perso.training.subsets import rank_of, trained_names


def forward_flops(recipe: Recipe) -> float:
    """Floating-point operations of one model's forward pass of one sample.

    Those of convolutions and matrix products; here and below, PyTorch counts nothing else.
    """
    model, x = counted_network(replace(recipe, lanes=1), 1)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.eval()(x)
    return float(counter.get_total_flops())


def network_sizes(recipe: Recipe) -> dict[str, int]:
    """How many numbers a network holds: parameters, statistics (of batch norm), last layer."""
    model = replace(recipe, device="meta", precision="float32").network()
    tensors = {
        "parameters": model.parameters(),
        "statistics": model.buffers(),
        "last layer": map(model.get_parameter, trained_names(model, "head")),
    }
    return {name: sum(tensor.numel() for tensor in each) for name, each in tensors.items()}


def changed_numbers(recipe: Recipe, changes: Iterable[tuple[str, bool]]) -> int:
    """How many numbers of a network trainings change; of low ranks, how many their factors hold.

    changes   `Recipe.trains` and `Recipe.statistics` of every training
    """
    model = replace(recipe, device="meta", precision="float32").network()
    weights = dict(model.named_parameters())
    sizes = {name: tensor.numel() for name, tensor in model.state_dict().items()}
    whole: set[str] = set()
    factors: dict[str, int] = {}
    for trains, statistics in changes:
        names = trained_names(model, trains)
        if rank := rank_of(trains):
            fans = {name: len(weights[name]) + weights[name][0].numel() for name in names}
            factors |= {name: rank * fan for name, fan in fans.items()}
        else:
            whole |= set(names)
        if statistics:
            whole |= {name for name, _ in model.named_buffers()}
    low_rank = sum(size for name, size in factors.items() if name not in whole)
    return sum(sizes.get(name, 0) for name in whole) + low_rank


class StepCost(NamedTuple):
    """Cost of one training iteration of a network."""

    flop: float  # floating-point operations: forward, and twice that backward
    kept: float  # bytes that the forward pass keeps for the backward pass
    weights: float  # bytes of weights, gradients and Adam's two moments


@functools.cache
def step_cost(recipe: Recipe, batch: int) -> StepCost:
    """Cost of an iteration of a recipe's network with all its lanes.

    batch   samples per lane
    """
    on_meta = isinstance(recipe.architecture, str)
    few = batch if on_meta else 2  # a network of the user's own computes in earnest
    model, x = counted_network(recipe, few)
    half = recipe.precision == "bfloat16"  # activations have 2 bytes each
    kept = {}  # {storage: bytes}
    alive = []  # the id of a tensor that is freed may be given to another

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        size = 2 if half and tensor.is_floating_point() else tensor.element_size()
        kept[id(tensor.untyped_storage())] = tensor.numel() * size
        alive.append(tensor)
        return tensor

    masks = model.masks(few, [torch.Generator()] * recipe.lanes, x)
    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with FlopCounterMode(display=False) as counter, hooks:
        model(x, masks)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    times = 1 if on_meta else batch / few
    return StepCost(
        flop=3 * times * counter.get_total_flops(),
        kept=times * sum(kept.values()),
        weights=4 * 4 * parameters,  # four numbers of 4 bytes
    )


def counted_network(recipe: Recipe, batch: int) -> tuple[nn.Module, torch.Tensor]:
    """A network with all lanes of a recipe, and samples for it; without numbers where possible."""
    device = "meta" if isinstance(recipe.architecture, str) else "cpu"
    recipe = replace(recipe, device=device, precision="float32", channels_last=False)
    model = recipe.network(recipe.lanes)
    return model, model.prepare(recipe.zeros(batch), recipe.dtype, recipe.layout)
