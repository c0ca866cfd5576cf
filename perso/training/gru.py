"""A recurrent network for sequences."""

import torch
from torch import nn

from perso.training.models import Design, State, cross_entropy, no_masks

HIDDEN = 64  # hidden units at width 1


class GRU(nn.Module):
    """`lanes` GRUs of one layer: sequences [B, lanes, T, C] → logits [B, lanes, classes].

    The equations of `torch.nn.GRU`; a dense layer makes logits of the state after the last step.
    Images are sequences, too: their rows, from top to bottom, are the steps. There is no dropout.
    """

    def __init__(self, classes: int, features: int, width: float = 1.0, lanes: int = 1):
        super().__init__()
        self.classes = classes
        self.lanes = lanes
        units = max(1, round(HIDDEN * width))
        # of the reset gate, the update gate and the candidate, one after the other
        self.input = LaneLinear(features, 3 * units, lanes)
        self.hidden = LaneLinear(units, 3 * units, lanes)
        self.classifier = LaneLinear(units, classes, lanes)

    @classmethod
    def made(cls, design: Design, lanes: int) -> "GRU":
        """The network of a design, for any number of steps."""
        return cls(design.classes, design.shape[-1], design.width, lanes)

    masks = staticmethod(no_masks)
    loss = staticmethod(cross_entropy)

    @staticmethod
    def prepare(x: torch.Tensor, dtype: torch.dtype, layout: torch.memory_format) -> torch.Tensor:
        """Sequences as they are; images u8 as floats in 0 … 1. `layout` is of convolutions only."""
        return x.to(dtype).div_(255) if x.dtype == torch.uint8 else x.to(dtype)

    @staticmethod
    def draw(shapes: State, generator: torch.Generator) -> State:
        """Initial state of one model: all numbers uniform in ±1/√units, as PyTorch's are."""
        bound = shapes["hidden.weight"].shape[1] ** -0.5
        return {
            name: torch.empty(like.shape).uniform_(-bound, bound, generator=generator)
            for name, like in shapes.items()
        }

    def forward(self, x: torch.Tensor, masks=()) -> torch.Tensor:
        """Logits [B, lanes, classes]."""
        batch, lanes, steps, _ = x.shape
        by_lane = x.permute(1, 2, 0, 3).flatten(1, 2)  # [lanes, T·B, C]
        inputs = self.input(by_lane).unflatten(1, (steps, batch))
        state = inputs.new_zeros(lanes, batch, inputs.shape[-1] // 3)
        for step in inputs.unbind(1):
            reset, update, candidate = step.chunk(3, -1)
            to_reset, to_update, to_candidate = self.hidden(state).chunk(3, -1)
            kept = torch.sigmoid(update + to_update)
            new = torch.tanh(candidate + torch.sigmoid(reset + to_reset) * to_candidate)
            state = (1 - kept) * new + kept * state
        return self.classifier(state).transpose(0, 1)


class LaneLinear(nn.Module):
    """A linear layer for each lane: [lanes, B, into] → [lanes, B, out].

    The weight [lanes · out, into] and the bias [lanes · out] hold lane after lane.
    """

    def __init__(self, into: int, out: int, lanes: int):
        super().__init__()
        self.lanes = lanes
        self.weight = nn.Parameter(torch.empty(lanes * out, into))
        self.bias = nn.Parameter(torch.empty(lanes * out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight.view(self.lanes, -1, x.shape[-1]).transpose(1, 2)
        return torch.baddbmm(self.bias.view(self.lanes, 1, -1), x, weight)
