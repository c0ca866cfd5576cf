"""Subsets of a network's weights: which of them are trained, and what pulls on these in the loss.

`Recipe.trains` is one of

all          every weight
head         the last layer
norm         weights and biases of the normalisation layers
last block   the last layer before the head that has a matrix, what follows it, and the head
low rank R   every matrix W becomes W + B·A; only A and B, of rank R = 1, 2, …, are trained

A layer is a module with weights of its own; layers are in order of registration. A matrix is a
weight of two or more dimensions outside of the normalisation layers. A name is a name in the
network's state.
"""

import re
from collections.abc import Iterable, Sequence
from operator import attrgetter

import torch
from torch import nn
from torch.nn.utils import parametrize

from perso.training.models import State, join_lanes
from perso.training.recipe import Recipe

WITH_STATISTICS = nn.modules.batchnorm._NormBase  # every BatchNorm and InstanceNorm
NORMALISATION = (WITH_STATISTICS, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)

# --- which weights are trained


def trained_names(model: nn.Module, trains: str) -> list[str]:
    """Names of the weights that `Recipe.trains` selects.

    ValueError where it is no subset, or one that this network does not have.
    """
    layers = _layers(model)
    matrices = matrix_names(model)
    with_matrix = [n for n, names in enumerate(layers[:-1]) if not set(matrices).isdisjoint(names)]
    last_block = layers[with_matrix[-1] :] if with_matrix else []
    subsets = {
        "all": [name for names in layers for name in names],
        "head": [name for names in layers[-1:] for name in names],
        "norm": [name for names in _layers(model, NORMALISATION) for name in names],
        "last block": [name for names in last_block for name in names],
    }
    names = matrices if rank_of(trains) else subsets.get(trains)
    if not names:
        possible = [word for word, found in subsets.items() if found]
        possible += ["low rank R with R = 1, 2, …"] if matrices else []
        raise ValueError(
            f'trains: this network cannot train "{trains}"; it can train {", ".join(possible)}'
        )
    return names


def rank_of(trains: str) -> int:
    """R of "low rank R"; 0 for any other subset."""
    found = re.fullmatch(r"low rank ([1-9][0-9]*)", trains)
    return int(found[1]) if found else 0


def matrix_names(model: nn.Module) -> list[str]:
    """Names of the weights of two or more dimensions outside of the normalisation layers."""
    norm = {name for names in _layers(model, NORMALISATION) for name in names}
    weights = dict(model.named_parameters(remove_duplicate=False))
    return [
        name
        for names in _layers(model)
        for name in names
        if weights[name].dim() >= 2 and name not in norm
    ]


def _layers(model: nn.Module, kinds: type | tuple[type, ...] = nn.Module) -> list[list[str]]:
    """The names of the weights of every layer of these kinds, without those frozen already."""
    layers = [
        [
            name
            for name, weight in module.named_parameters(prefix, recurse=False)
            if weight.requires_grad
        ]
        for prefix, module in model.named_modules()
        if isinstance(module, kinds)
    ]
    return [names for names in layers if names]


def restrict(model: nn.Module, recipe: Recipe, seeds: Sequence[int]) -> list[nn.Parameter]:
    """Freeze what a recipe does not train, and return the parameters that the optimiser updates.

    seeds   one per lane, of the A of low rank
    """
    names = trained_names(model, recipe.trains)
    rank = rank_of(recipe.trains)
    for name, weight in model.named_parameters():
        if name not in names or rank:
            weight.requires_grad_(False)
    if not recipe.statistics:
        for module in model.modules():
            if isinstance(module, WITH_STATISTICS):
                module.eval()
    if rank:
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        for name in names:
            prefix, _, own_name = name.rpartition(".")
            layer = model.get_submodule(prefix)
            change = LowRank(getattr(layer, own_name), rank, generators)
            parametrize.register_parametrization(layer, own_name, change)
    return [weight for weight in model.parameters() if weight.requires_grad]


class LowRank(nn.Module):
    """W + B·A in every lane: A [lanes, rank, fan_in] is drawn, B [lanes, outputs, rank] is 0."""

    def __init__(self, weight: torch.Tensor, rank: int, generators: list[torch.Generator]):
        """weight [lanes · outputs, …]; one generator per lane, on the CPU."""
        super().__init__()
        lanes = len(generators)
        fan_in = weight[0].numel()
        bound = fan_in**-0.5
        drawn = [torch.empty(rank, fan_in).uniform_(-bound, bound, generator=g) for g in generators]
        self.A = nn.Parameter(torch.stack(drawn).to(weight))
        self.B = nn.Parameter(weight.new_zeros(lanes, len(weight) // lanes, rank))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The merged weight, in the type of `weight` under autocast, too."""
        with torch.autocast(weight.device.type, enabled=False):
            return weight + (self.B @ self.A).view_as(weight)


def weights_of(model: nn.Module, names: Iterable[str]) -> State:
    """The weights and statistics of these names; low-rank weights are merged."""
    return {name: attrgetter(name)(model) for name in names}


# --- what pulls on them


class Pulls:
    """λ/2 · ‖θ − target‖² + λ₁ · ‖θ − target‖₁ + α · ‖W‖₁ over the trained weights θ.

    λ, λ₁ and α are the recipe's `pull`, `pull_l1` and `l1`; W are the matrices among θ. Each weight
    adds its own term, so lanes stay independent.
    """

    def __init__(self, recipe: Recipe, model: nn.Module, targets: list[State]):
        """The network before `restrict`, and one target per lane."""
        self.recipe = recipe
        self.names = trained_names(model, recipe.trains)
        self.matrices = [name for name in matrix_names(model) if name in self.names]
        joined = join_lanes(targets)
        self.target = _vector(joined[name] for name in self.names).to(next(model.parameters()))

    def __call__(self, model: nn.Module) -> torch.Tensor | int:
        """The sum of the terms; 0 where there is none, as for the ℓ1 norm of no matrix."""
        weights = weights_of(model, self.names)
        movement = _vector(weights.values()) - self.target
        terms = []
        if self.recipe.pull:
            terms.append(self.recipe.pull / 2 * movement.square().sum())
        if self.recipe.pull_l1:
            terms.append(self.recipe.pull_l1 * movement.abs().sum())
        if self.recipe.l1 and self.matrices:
            matrices = _vector(weights[name] for name in self.matrices)
            terms.append(self.recipe.l1 * matrices.abs().sum())
        return sum(terms)


def _vector(tensors: Iterable[torch.Tensor]) -> torch.Tensor:
    """The tensors' elements in one vector."""
    return torch.cat([tensor.flatten() for tensor in tensors])
