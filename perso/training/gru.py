"""A recurrent network for sequences, which can be told whose they are."""

import torch
from torch import nn
from torch.nn import functional as F

from perso.training.models import Design, LaneLinear, State, cross_entropy
from perso.training.users import UserEmbedding, reversed_gradient

HIDDEN = 64  # hidden units at width 1
# numbers that are linear in a user's embedding, per hidden unit
MAPPED = {"": 0, "input": 0, "state": 1, "gates": 3, "film": 2}


class GRU(nn.Module):
    """`lanes` GRUs of one layer: sequences [B, lanes, T, C] → logits [B, lanes, classes].

    The equations of `torch.nn.GRU`; a dense layer makes logits of the state after the last step.
    Images are sequences, too: their rows, from top to bottom, are the steps. There is no dropout.

    `Design.told` says where the embedding e of a sample's user enters. W is a matrix.

    input   e is appended to the input of every step
    state   the initial state is tanh(W e), not 0
    gates   what the state adds to the gates and the candidate is multiplied by 1 + W e. It is not
            added: a term W e of every step is what "input" computes.
    film    the last state h becomes (1 + γ) h + β, where γ and β are linear in e

    With `Design.user_head` a second head names the user, by the last state before "film".
    """

    def __init__(self, design: Design, lanes: int = 1):
        super().__init__()
        self.classes = design.classes
        self.lanes = lanes
        self.told = design.told
        self.unknown = design.unknown
        self.strength = design.user_head  # λ
        self.fed = design.fed
        units = max(1, round(HIDDEN * design.width))
        features = design.shape[-1]
        # before the recurrent layer, so that "last block" (see `subsets`) begins with that
        if self.told:
            self.users = UserEmbedding(design.users, design.embedding, lanes)
            features += design.embedding if self.told == "input" else 0
        if mapped := MAPPED[self.told]:
            self.user_map = LaneLinear(design.embedding, mapped * units, lanes, bias=False)
        if self.strength:
            self.user_head = LaneLinear(units, design.users, lanes)
        # of the reset gate, the update gate and the candidate, one after the other
        self.input = LaneLinear(features, 3 * units, lanes)
        self.hidden = LaneLinear(units, 3 * units, lanes)
        self.classifier = LaneLinear(units + (design.users if self.fed else 0), self.classes, lanes)

    @classmethod
    def made(cls, design: Design, lanes: int) -> "GRU":
        """The network of a design, for any number of steps."""
        return cls(design, lanes)

    @staticmethod
    def prepare(x: torch.Tensor, dtype: torch.dtype, layout: torch.memory_format) -> torch.Tensor:
        """Sequences as they are; images u8 as floats in 0 … 1. `layout` is of convolutions only."""
        return x.to(dtype).div_(255) if x.dtype == torch.uint8 else x.to(dtype)

    @staticmethod
    def draw(shapes: State, generator: torch.Generator) -> State:
        """Initial state of one model: all numbers uniform in ±1/√units, as PyTorch's are.

        Those of the embedding are uniform in ±1/√size.
        """
        bounds = dict.fromkeys(shapes, shapes["hidden.weight"].shape[1] ** -0.5)
        if "users.weight" in shapes:
            bounds["users.weight"] = shapes["users.weight"].shape[1] ** -0.5
        return {
            name: torch.empty(like.shape).uniform_(-bounds[name], bounds[name], generator=generator)
            for name, like in shapes.items()
        }

    def masks(
        self, batch: int, generators: list[torch.Generator], like: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """Which samples tell their user in one training pass: 0 or 1, int [B, lanes].

        Empty where all do.
        """
        if not self.unknown:
            return ()
        shown = [
            like.new_empty(batch).bernoulli_(1 - self.unknown, generator=generator)
            for generator in generators
        ]
        return (torch.stack(shown, 1).long(),)

    def forward(
        self,
        x: torch.Tensor,
        masks: tuple[torch.Tensor, ...] = (),
        users: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Logits [B, lanes, classes]; in training those of the user head follow, if there is one.

        users   int [B, lanes]; None: user 0
        """
        batch, lanes, steps, _ = x.shape
        by_step = x.permute(1, 2, 0, 3)  # [lanes, T, B, C]
        if self.told:
            if masks and users is not None:
                users = users * masks[0]
            embedded = self.users(users, batch)  # [lanes, B, E]
            mapped = self.user_map(embedded) if MAPPED[self.told] else None
        if self.told == "input":
            of_steps = embedded[:, None].expand(-1, steps, -1, -1)
            by_step = torch.cat([by_step, of_steps], 3)
        inputs = self.input(by_step.flatten(1, 2)).unflatten(1, (steps, batch))
        state = inputs.new_zeros(lanes, batch, inputs.shape[-1] // 3)
        if self.told == "state":
            state = torch.tanh(mapped)
        for step in inputs.unbind(1):
            hidden = self.hidden(state)
            if self.told == "gates":
                hidden = hidden * (1 + mapped)
            reset, update, candidate = step.chunk(3, -1)
            to_reset, to_update, to_candidate = hidden.chunk(3, -1)
            kept = torch.sigmoid(update + to_update)
            new = torch.tanh(candidate + torch.sigmoid(reset + to_reset) * to_candidate)
            state = (1 - kept) * new + kept * state
        seen = state  # by the main head
        if self.told == "film":
            gamma, beta = mapped.chunk(2, -1)
            seen = (1 + gamma) * state + beta
        return self.answers(state, seen).transpose(0, 1)

    def answers(self, state: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """The logits of both heads, [lanes, B, …], of what each of them sees, [lanes, B, units]."""
        named = []
        if self.strength and self.training:
            shared = reversed_gradient(state) if self.strength < 0 else state
            named = [self.user_head(shared)]
        if self.fed:
            # not from `named`: the main head's gradient is never reversed
            seen = torch.cat([seen, self.user_head(state).softmax(-1)], -1)
        logits = self.classifier(seen)
        return torch.cat([logits, *named], -1) if named else logits

    def loss(
        self,
        outputs: torch.Tensor,
        x: torch.Tensor,
        classes: torch.Tensor,
        users: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Cross-entropy of classes, and |λ| times that of users: batch mean, sum over lanes.

        Samples of user 0 add nothing to the second term; without users there is none.
        """
        loss = cross_entropy(outputs[..., : self.classes], x, classes)
        if users is None or not self.strength:
            return loss
        named = outputs[..., self.classes :].flatten(0, 1)
        # the head has no logit for user 0
        total = F.cross_entropy(named, users.flatten() - 1, reduction="sum", ignore_index=-1)
        return loss + abs(self.strength) * total / len(x)
