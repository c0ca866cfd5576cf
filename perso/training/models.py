"""N models side by side in one network: their states, dropout and loss, a lane for each model.

The numbers of one model never reach another, but each kernel launch serves all N. The parameters
and statistics of the model in lane n are the n-th of N equal slices along the first axis.
"""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

import torch
from torch import nn
from torch.nn import functional as F

State = dict[str, torch.Tensor]  # one model's parameters and statistics, by name


@dataclass(frozen=True)
class Design:
    """What a network is made from; the first part of a recipe."""

    classes: int
    shape: tuple[int, ...]  # of one sample: (S, S) of an image, (T, C) of a sequence
    width: float = 1.0  # factor on every number of channels or hidden units
    _: KW_ONLY
    kind: str = "images"  # what samples are: images (u8) | sequences (float32)
    # name in NETWORKS, or a class of the user's own (see `plain`)
    architecture: str | type[nn.Module] = "vgg"
    norm: str = "after"  # of vgg: batch norm after ReLU | before
    pooling: str = "average"  # of vgg: of the feature maps that the last pooling leaves | flatten
    latent: int = 16  # of autoencoder: numbers of a code
    # The others are of gru: whose sample it sees (see `users`).
    users: int = 0  # N of the users 0 … N that it knows; user 0 is the unknown one
    told: str = ""  # where a user's embedding enters: "" nowhere | input | state | gates | film
    embedding: int = 8  # numbers of a user's embedding
    # share of training samples, drawn anew in each step, that enter with the embedding of user 0;
    # their user remains what the user head is to name
    unknown: float = 0.0
    # λ of a second head's loss, which names the user. Below 0 the head learns the same, but its
    # gradient reaches the shared layers reversed.
    user_head: float = 0.0
    fed: bool = False  # whether the user head's probabilities are appended to the main head's input
    # how forwarding a person's samples makes the network personal (see `enrolment`), a record with
    # the fields of `methods.starts.Enrolled`; None: the network alone
    enrolment: object = None


class LaneDropout(nn.Module):
    """Dropout with masks that are drawn before the forward pass.

    So the forward pass is deterministic and compiles as one graph.
    """

    def __init__(self, p: float, channels: int, side: int):
        super().__init__()
        self.p = p
        self.shape = (channels, side, side)  # of one lane

    def draw(
        self, batch: int, generators: list[torch.Generator], like: torch.Tensor
    ) -> torch.Tensor:
        """A mask [B, N·C, H, W], with each lane's part from its own generator.

        It is 0 where a value is dropped, else 1/(1 - p). Type and device are those of `like`.
        """
        masks = [
            like.new_empty((batch, *self.shape)).bernoulli_(1 - self.p, generator=g)
            for g in generators
        ]
        return torch.cat(masks, 1).div_(1 - self.p)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """x [B, N·C, H, W] with the mask applied; None: no dropout."""
        return x if mask is None else x * mask


class LaneLinear(nn.Module):
    """A linear layer for each lane: [lanes, B, into] → [lanes, B, out].

    The weight [lanes · out, into] and the bias [lanes · out] hold lane after lane.
    """

    def __init__(self, into: int, out: int, lanes: int, bias: bool = True):
        super().__init__()
        self.lanes = lanes
        self.weight = nn.Parameter(torch.empty(lanes * out, into))
        self.bias = nn.Parameter(torch.empty(lanes * out)) if bias else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight.view(self.lanes, -1, x.shape[-1]).transpose(1, 2)
        if self.bias is None:
            return x @ weight
        return torch.baddbmm(self.bias.view(self.lanes, 1, -1), x, weight)


def no_masks(batch: int, generators: list[torch.Generator], like: torch.Tensor) -> tuple:
    """The masks of a network without dropout: none."""
    return ()


def cross_entropy(logits: torch.Tensor, x: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of logits [B, lanes, classes]: mean over the batch, sum over lanes.

    A mean over lanes would scale each lane's gradients by their number.
    """
    return F.cross_entropy(logits.flatten(0, 1), classes.flatten(), reduction="sum") / len(x)


def empty_network(
    make: Callable[[], nn.Module], device, dtype: torch.dtype, layout=torch.channels_last
) -> nn.Module:
    """The network that `make` builds, on the device, with its states still to be loaded.

    Unlike a constructor it draws no random number.
    """
    with torch.device("meta"):
        model = make()
    return model.to(dtype=dtype, memory_format=layout).to_empty(device=device)


def split_lanes(state: State, lanes: int) -> list[State]:
    """The states of a network's models, one per lane, on the CPU."""
    on_cpu = {name: tensor.detach().cpu() for name, tensor in state.items()}
    return [
        {name: lane_of(tensor, n, lanes).clone() for name, tensor in on_cpu.items()}
        for n in range(lanes)
    ]


def lane_of(tensor: torch.Tensor, n: int, lanes: int) -> torch.Tensor:
    """What of a network's parameter or statistic belongs to the model in lane n."""
    # a network of one lane may have numbers without an axis, as a count of batches
    return tensor if lanes == 1 else tensor.chunk(lanes)[n]


def join_lanes(states: list[State]) -> State:
    """The state of a network of these models; KeyError where a state misses what the first has."""
    if len(states) == 1:
        return states[0]
    return {name: torch.cat([state[name] for state in states]) for name in states[0]}


def load_states(model: nn.Module, states: list[State]) -> None:
    """Load one state per lane into the network; KeyError names what a state misses."""
    if missing := model.load_state_dict(join_lanes(states), strict=False).missing_keys:
        raise KeyError(f"the state has no {', '.join(missing)}")
