"""Subsets of a network's weights: which of them are trained, and what pulls on these in the loss.

`Recipe.trains` is one of

all          every weight
head         the last layer
norm         weights and biases of the normalisation layers
statistics   no weight: only the running statistics of the normalisation layers follow the samples
last block   the last layer before the head that has a matrix, what follows it, and the head
user         the embedding of users; without weight decay, rows of the plan's users alone move
low rank R   every matrix W becomes W + B·A; only A and B, of rank R = 1, 2, …, are trained

A layer is a module with weights of its own; layers are in order of registration. A matrix is a
weight of two or more dimensions outside of the normalisation layers and of the embedding of users.
A name is a name in the network's state.
"""

import re
from collections.abc import Iterable, Sequence

import torch
from torch import nn

from perso.training.models import State, join_lanes
from perso.training.recipe import Recipe
from perso.training.users import UserEmbedding

STATISTICS = "statistics"

WITH_STATISTICS = nn.modules.batchnorm._NormBase  # every BatchNorm and InstanceNorm
NORMALISATION = (WITH_STATISTICS, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
NO_MATRICES = (*NORMALISATION, UserEmbedding)

# --- which weights are trained


def trained_names(model: nn.Module, trains: str) -> list[str]:
    """Names of the weights that `Recipe.trains` selects; none for "statistics".

    ValueError where it is no subset, or one that this network does not have.
    """
    has_statistics = any(isinstance(module, WITH_STATISTICS) for module in model.modules())
    if trains == STATISTICS and has_statistics:
        return []
    layers = _layers(model)
    matrices = matrix_names(model)
    with_matrix = [n for n, names in enumerate(layers[:-1]) if not set(matrices).isdisjoint(names)]
    last_block = layers[with_matrix[-1] :] if with_matrix else []
    subsets = {
        "all": [name for names in layers for name in names],
        "head": [name for names in layers[-1:] for name in names],
        "norm": [name for names in _layers(model, NORMALISATION) for name in names],
        "last block": [name for names in last_block for name in names],
        "user": [name for names in _layers(model, UserEmbedding) for name in names],
    }
    names = matrices if rank_of(trains) else subsets.get(trains)
    if not names:
        possible = [word for word, found in subsets.items() if found]
        possible += [STATISTICS] if has_statistics else []
        possible += ["low rank R with R = 1, 2, …"] if matrices else []
        raise ValueError(
            f'trains: this network cannot train "{trains}"; it can train {", ".join(possible)}'
        )
    by_layer = list(model.named_parameters(remove_duplicate=False))
    # of weights that two layers share, the second layer would keep those without B·A
    if rank_of(trains) and len(by_layer) > len(list(model.parameters())):
        raise ValueError(
            f'trains: this network cannot train "{trains}", because two of its layers share weights'
        )
    return names


def check_head(model: nn.Module, x: torch.Tensor) -> None:
    """ValueError where another layer than the one that is defined last computes the outputs.

    "head" and "last block" would then be other layers than the words say.

    x   samples as the network's `forward` takes them
    """
    called = []
    layers = {layer: name for name, layer in model.named_modules() if own_weights(layer)}
    handles = [
        layer.register_forward_hook(lambda layer, *_: called.append(layer)) for layer in layers
    ]
    with torch.no_grad():
        model.eval()(x)
    for handle in handles:
        handle.remove()
    names = list(layers.values())
    if called and layers[called[-1]] != names[-1]:
        raise ValueError(
            f'trains: the head is the layer that is defined last, here "{names[-1]}", but '
            f'"{layers[called[-1]]}" computes the outputs; define it last'
        )


def own_weights(layer: nn.Module) -> list[nn.Parameter]:
    """The weights of a layer, without those of the layers in it."""
    return list(layer.parameters(recurse=False))


def rank_of(trains: str) -> int:
    """R of "low rank R"; 0 for any other subset."""
    found = re.fullmatch(r"low rank ([1-9][0-9]*)", trains)
    return int(found[1]) if found else 0


def matrix_names(model: nn.Module) -> list[str]:
    """Names of the network's matrices, as defined above."""
    others = {name for names in _layers(model, NO_MATRICES) for name in names}
    weights = dict(model.named_parameters())
    return [
        name
        for names in _layers(model)
        for name in names
        if weights[name].dim() >= 2 and name not in others
    ]


def _layers(model: nn.Module, kinds: type | tuple[type, ...] = nn.Module) -> list[list[str]]:
    """The names of the weights of every layer of these kinds.

    Weights that are frozen already are left out. One that two layers share is the first one's.
    """
    trainable = {name for name, weight in model.named_parameters() if weight.requires_grad}
    layers = [
        [name for name, _ in module.named_parameters(prefix, recurse=False) if name in trainable]
        for prefix, module in model.named_modules()
        if isinstance(module, kinds)
    ]
    return [names for names in layers if names]


def freeze_others(model: nn.Module, names: list[str], statistics: bool) -> None:
    """Let a training change these weights alone, and running statistics only with `statistics`."""
    for name, weight in model.named_parameters():
        if name not in names:
            weight.requires_grad_(False)
    if not statistics:
        for module in model.modules():
            if isinstance(module, WITH_STATISTICS):
                module.eval()


class LowRank:
    """W + B·A for matrices W of a network: A and B are trained, W is frozen.

    Every lane has its own A [rank, fan_in], drawn from its seed, and its own B [outputs, rank],
    which is 0 at first.
    """

    def __init__(self, weights: State, rank: int, seeds: Sequence[int]):
        """Weights [lanes · outputs, …] by name, and one seed per lane."""
        self.frozen = {name: weight.requires_grad_(False) for name, weight in weights.items()}
        self.A = {}
        self.B = {}
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        for name, weight in weights.items():
            fan_in = weight[0].numel()
            bound = fan_in**-0.5
            drawn = [
                torch.empty(rank, fan_in).uniform_(-bound, bound, generator=generator)
                for generator in generators
            ]
            zeros = weight.new_zeros(len(seeds), len(weight) // len(seeds), rank)
            self.A[name] = torch.stack(drawn).to(weight).requires_grad_()
            self.B[name] = zeros.requires_grad_()

    def parameters(self) -> list[torch.Tensor]:
        """What the optimiser updates."""
        return [*self.A.values(), *self.B.values()]

    def merged(self) -> State:
        """W + B·A by name, in the type of W under autocast, too."""
        device = next(iter(self.frozen.values())).device
        with torch.autocast(device.type, enabled=False):
            return {
                name: weight + (self.B[name] @ self.A[name]).view_as(weight)
                for name, weight in self.frozen.items()
            }


# --- what pulls on them


class Pulls:
    """λ/2 · ‖θ − target‖² + λ₁ · ‖θ − target‖₁ + α · ‖W‖₁ over the trained weights θ.

    λ, λ₁ and α are the recipe's `pull`, `pull_l1` and `l1`; W are the matrices among θ. Each weight
    adds its own term, so lanes stay independent.
    """

    def __init__(self, recipe: Recipe, matrices: list[str], weights: State, targets: list[State]):
        """Names of the network's matrices, its trained weights, and one target per lane."""
        self.recipe = recipe
        self.matrices = [name for name in matrices if name in weights]
        joined = join_lanes(targets)
        first = next(iter(weights.values()))
        self.target = _vector(joined[name] for name in weights).to(first)

    def loss(self, weights: State) -> torch.Tensor | int:
        """The sum of the terms; 0 where there is none, as for the ℓ1 norm of no matrix."""
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
