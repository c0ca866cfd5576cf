"""Users of a network that is told whose sample it sees: their numbers, and a row for each.

A network for N users has the numbers 0 … N. User 0 is the unknown one: whoever is none of the N.
A network in use answers as for user 0, and so it trains on samples without users.
"""

import math

import numpy as np
import torch
from torch import nn

from perso.training.models import Design

TOLD = ("input", "state", "gates", "film")


class UserEmbedding(nn.Module):
    """A table for each lane, with a row of `size` numbers per user: user → row.

    The weight [lanes · (1 + users), size] holds lane after lane, and user 0 first in each.
    """

    def __init__(self, users: int, size: int, lanes: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(lanes * (1 + users), size))
        self.lanes = lanes

    def forward(self, users: torch.Tensor | None, batch: int) -> torch.Tensor:
        """Rows [lanes, B, size] of users int [B, lanes]; None: `batch` times row 0."""
        tables = self.weight.view(self.lanes, -1, self.weight.shape[1])
        if users is None:
            return tables[:, :1].repeat(1, batch, 1)
        # Not by index: on a GPU the gradient of an index is summed in no fixed order.
        numbers = torch.arange(tables.shape[1], device=users.device)
        one_hot = (users.T[..., None] == numbers).to(tables.dtype)
        return one_hot @ tables


def reversed_gradient(x: torch.Tensor) -> torch.Tensor:
    """x itself, but whatever depends on it sends its gradient back with the opposite sign."""
    return 2 * x.detach() - x


def check_design(design: Design) -> None:
    """ValueError where a design's fields about users are no network, or do nothing."""
    asked = {
        name: getattr(design, name)
        for name in ("told", "user_head", "users", "unknown", "fed")
        if getattr(design, name)
    }
    if asked and design.architecture != "gru":
        raise ValueError(
            f"{', '.join(asked)}: only the architecture gru can be told its users or have a user "
            "head (told, user_head); take gru, or leave these fields out"
        )
    if design.told and design.told not in TOLD:
        possible = ", ".join(TOLD)
        raise ValueError(f'told: "{design.told}" is unknown; possible: {possible}, or "" for none')
    needed = {
        "users: {users}; needed is a number of at least 0": design.users >= 0,
        "embedding: {embedding}; needed is a number of at least 1": design.embedding >= 1,
        "unknown: {unknown}; needed is a share from 0 to 1": 0 <= design.unknown <= 1,
        "user_head: {user_head}; needed is a finite number": math.isfinite(design.user_head),
        "users: 0; told and user_head need at least 1 user": design.users > 0 or not asked,
        "users: {users}, but nothing uses them; set told or user_head, or users to 0": (
            not design.users or design.told or design.user_head
        ),
        "unknown: {unknown}, but no user is told; set told, or unknown to 0": (
            not design.unknown or design.told
        ),
        "fed: there is no user head; set user_head, or fed to False": (
            not design.fed or design.user_head
        ),
    }
    for message, holds in needed.items():
        if not holds:
            raise ValueError(message.format(**vars(design)))


def check_users(users: np.ndarray | torch.Tensor, samples: int, known: int) -> None:
    """ValueError where users are not int [samples] in 0 … known."""
    users = np.asarray(users)
    if not known:
        raise ValueError("samples.users: this network has no users; leave out the samples' users")
    if users.shape != (samples,) or users.dtype.kind not in "iu":
        raise ValueError(
            f"samples.users: {users.dtype} {list(users.shape)}; needed are integers [{samples}], "
            "one per sample"
        )
    wrong = users[(users < 0) | (users > known)]
    if wrong.size:
        raise ValueError(f"samples.users: {wrong[0]} is unknown; users are 0 … {known}")
