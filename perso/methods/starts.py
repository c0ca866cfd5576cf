"""Networks that people share and methods start from, beside the generic network."""

import math
import operator
from dataclasses import dataclass


def as_whole_numbers(record, *names: str) -> None:
    """Make these fields of a record Python's integers; ValueError where one is no whole number."""
    for name in names:
        value = getattr(record, name)
        try:
            object.__setattr__(record, name, int(operator.index(value)))
        except TypeError:
            raise ValueError(f"{name} {value!r} must be a whole number") from None


RULES = ("reptile", "maml", "ordinary")


@dataclass(frozen=True)
class MetaLearned:
    """A start that is learned from the people of D_G, from the generic network on.

    In each round some people of D_G train for a few steps by plain SGD, each on their own data. The
    next round starts where `rule` says (`training.meta`). A round sees as many samples as `steps`
    ordinary batches. ValueError names the field that is wrong.
    """

    # reptile: a part of the way to the mean of the trained networks | maml: first-order MAML, the
    # mean of the last steps | ordinary: a control, `steps` ordinary batches of D_G in each round
    rule: str
    rounds: int = 100
    people: int = 4  # in a round; each batch is divided among them
    steps: int = 5
    rate: float = 0.05  # of the steps
    share: float = 1.0  # of the way (reptile); of the last steps' mean (maml)

    def __post_init__(self):
        as_whole_numbers(self, "rounds", "people", "steps")
        for name in ("rate", "share"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if self.rule not in RULES:
            raise ValueError(f"rule {self.rule!r} is unknown; possible: {', '.join(RULES)}")
        for name in ("rounds", "people", "steps", "rate", "share"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} {getattr(self, name)!r} must be above 0")

    @property
    def iterations(self) -> int:
        """Its iterations, with as many samples each as an ordinary one."""
        return self.rounds * self.steps


TOLD = ("", "input", "state", "gates", "film")


@dataclass(frozen=True)
class UserNetwork:
    """A start that knows the people of D_G apart, trained in place of the generic network.

    It has as many iterations, on the same batches, and needs the architecture gru. A person whom it
    has not met is user 0 to it, whose row a phase can train alone (`trains="user"`). ValueError
    names the field that is wrong.
    """

    # where a person's embedding enters: input of every step | state before the first step | gates
    # of every step | film: the last state, which it scales and shifts | "" nowhere
    told: str = ""
    embedding: int = 8  # numbers of an embedding
    # with `told`: share of the training samples that show user 0 in place of their person
    unknown: float = 0.1
    shuffled: bool = False  # the persons of D_G's training samples are permuted: a control
    # λ of the cross-entropy of a second head, which names the person; below 0 the shared layers
    # learn to hide the person
    user_head: float = 0.0
    fed: bool = False  # the second head's probabilities are an input of the first

    def __post_init__(self):
        as_whole_numbers(self, "embedding")
        for name in ("unknown", "user_head"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if self.told not in TOLD:
            raise ValueError(f"told {self.told!r} is unknown; possible: {', '.join(TOLD[1:])}")
        if not math.isfinite(self.user_head):
            raise ValueError(f"user_head {self.user_head} must be a finite number")
        if not self.told and not self.user_head:
            raise ValueError("a UserNetwork needs told or user_head: else it knows nobody")
        if self.fed and not self.user_head:
            raise ValueError("fed needs user_head, whose answer it feeds")
        if self.embedding < 1 or not 0 <= self.unknown <= 1:
            raise ValueError(
                f"embedding {self.embedding} must be at least 1, unknown {self.unknown} from 0 to 1"
            )
