"""Networks that methods start from, beside the generic network.

People share them all. An `Enrolled` and a `Prototypes` become a person's own by forwarding some of
the person's samples, without training.
"""

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


ENROLMENTS = ("variational", "deterministic", "nobody")
SETS = ("scale and shift", "low rank", "concatenated")


@dataclass(frozen=True)
class Enrolled:
    """A start that forwarding a person's samples makes personal (in the manner of Kim et al. 2022).

    An encoder turns k samples, the enrolment, into a few numbers z. Some weights of the network are
    the shared ones and a change that is linear in z: W = W_shared + Δ(z). Encoder, Δ and shared
    weights are trained from the generic network on, in episodes: the enrolments of some people,
    and the cross-entropy of their networks on other samples of theirs (`training.enrolment`).
    ValueError names the field that is wrong.
    """

    # variational: a normal distribution over z, with a penalty for its distance from N(0, 1), and
    # its mean in use | deterministic: z itself | nobody: z is always 0, a control of equal size
    encoder: str = "variational"
    # what z sets: scale and shift of the last three batch norms, or of what the head is given |
    # low rank: of the last two matrices, W + B · diag(z's numbers) · A | concatenated: z joins the
    # input of the layer before the head, which adds to that layer's bias
    sets: str = "scale and shift"
    labelled: bool = True  # whether the samples come with their classes
    size: int = 16  # numbers in z
    rank: int = 2  # of "low rank"
    steps: int = 2000
    people: int = 8  # in a step
    queries: int = 20  # samples of each of them that the loss is about
    samples: tuple[int, ...] = (1, 3, 12)  # k is one of these; each divides the largest
    beta: float = 1e-3  # of the penalty KL(N(μ, σ²), N(0, 1)), reached after half of the steps
    dropped: float = 0.1  # share of the enrolments that are left out: z is 0
    rate: float = 1e-3  # of Adam; a fifth of it after 70 % of the steps

    def __post_init__(self):
        as_whole_numbers(self, "size", "rank", "steps", "people", "queries")
        for name in ("beta", "dropped", "rate"):
            object.__setattr__(self, name, float(getattr(self, name)))
        for name, possible in (("encoder", ENROLMENTS), ("sets", SETS)):
            value = getattr(self, name)
            if value not in possible:
                raise ValueError(f"{name} {value!r} is unknown; possible: {', '.join(possible)}")
        for name in ("size", "rank", "steps", "people", "queries", "rate"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} {getattr(self, name)!r} must be above 0")
        samples = self.samples
        if not (
            isinstance(samples, tuple)
            and samples
            and all(isinstance(k, int) and k > 0 and max(samples) % k == 0 for k in samples)
        ):
            raise ValueError(
                f"samples {samples!r} must be a tuple of whole numbers above 0, each of which "
                "divides the largest, such as (1, 3, 12)"
            )
        if not self.beta >= 0 or not 0 <= self.dropped <= 1:
            raise ValueError(
                f"beta {self.beta} must be at least 0, dropped {self.dropped} from 0 to 1"
            )

    @property
    def slots(self) -> int:
        """Places for a person's enrolment in a step; fewer samples are repeated to fill them."""
        return max(self.samples)


@dataclass(frozen=True)
class Prototypes:
    """A start whose head takes the class whose mean is nearest, among features of its input.

    A class mean is that of D_G's people, moved by a person's samples: `weight` · that of D_G and
    the person's samples are averaged. No weight is trained. ValueError names the field that is
    wrong.
    """

    weight: float = 5.0  # of D_G's mean, in samples

    def __post_init__(self):
        object.__setattr__(self, "weight", float(self.weight))
        if not self.weight > 0:
            raise ValueError(f"weight {self.weight} must be above 0")
