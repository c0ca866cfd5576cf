"""The Method record and the phases that it is made of."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np

from perso.methods.starts import (
    Enrolled,
    MetaLearned,
    Prototypes,
    UserNetwork,
    as_whole_numbers,
)

BASELINE = "BaseLine"
SHAPING = ("early shaping", "sample weighing", "transfer learning", "combined shaping")
# families of methods that are not the papers'
BEYOND = (
    "fine-tuning",
    "interpolation",
    "replay",
    "nearest neighbours",
    "meta-learning",
    "pruning",
    "user networks",
    "enrolment",
)
FAMILIES = ("baseline", "control", *SHAPING, "data grouping", *BEYOND)
OWN = "own"  # the family of methods from a file of the user's
ENLARGED_BY = ("random", "near samples", "near persons", "far samples", "far persons")

STATISTICS = "statistics"
TRAINS = f"all|head|norm|{STATISTICS}|last block|user|low rank [1-9][0-9]*"

Schedule = Callable[[int, int], np.ndarray]  # (iterations, n_iter) → bool [iterations]


@dataclass(frozen=True)
class Phase:
    """Iterations of a method, all trained in one way.

    Every field decides numbers. ValueError names the field that is wrong.
    """

    # Where each batch comes from: "I" D_I | "G" D_G | sample weighing's n_I as a fraction, such as
    # "2" or "1/8" | a function of the phase's iterations and the iterations of an epoch that
    # returns bool [iterations], True for D_I
    draws: str | Schedule = "G"
    iterations: int = 0  # length of the phase; 0: it is given by `epochs`
    # length in multiples of the study's epochs: 2 is twice their number, 0.12 are 12 % of their
    # iterations, one at least
    epochs: float = 0
    rate: float | None = None  # learning rate; None: the study's, with its decay
    optimiser: str = ""  # "" the study's | adam | sgd
    # share of each batch that comes from D_G where the batch would come from D_I (replay)
    replay: float = 0.0
    # which weights: all | head | norm | last block | low rank R | user: the row of a `UserNetwork`
    # for one person | statistics: none of them, only the statistics of batch norm, which need no
    # labels
    trains: str = "all"
    statistics: bool = True  # whether the statistics of batch norm change, too
    pull: float = 0.0  # λ of the penalty λ/2 · ‖θ − θ_start‖² (L2-SP)
    pull_l1: float = 0.0  # λ of the penalty λ · ‖θ − θ_start‖₁
    l1: float = 0.0  # α of the penalty α · ‖θ‖₁, without biases and batch norm
    # keep the best of the states after every so many iterations, that before the first included; 0:
    # the last
    best_every: int = 0
    # keep the average of the states in the last part of the iterations, this share of them; 0: the
    # last state
    average: float = 0.0

    def __post_init__(self):
        as_whole_numbers(self, "iterations", "best_every")
        for name in ("epochs", "rate", "replay", "pull", "pull_l1", "l1", "average"):
            value = getattr(self, name)
            if value is None and name == "rate":
                continue
            try:  # 1 and 1.0 are the same number but would make two keys
                object.__setattr__(self, name, float(value))
            except (TypeError, ValueError):
                raise ValueError(f"{name} {value!r} must be a number") from None
        if self.epochs.is_integer():
            object.__setattr__(self, "epochs", int(self.epochs))
        is_word = isinstance(self.draws, str) and self.draws in ("I", "G")
        if not (is_word or callable(self.draws) or is_fraction(self.draws)):
            raise ValueError(
                f"draws {self.draws!r} is unknown; possible: I, G, a function (its name alone, "
                'without a call), or n_I as a fraction above 0, written as text: "2", "1/8"'
            )
        if (self.iterations > 0) == (self.epochs > 0) or min(self.iterations, self.epochs) < 0:
            raise ValueError(
                f"a phase needs iterations or epochs above 0, one of the two; there are "
                f"iterations={self.iterations} and epochs={self.epochs}"
            )
        if self.rate is not None and not self.rate > 0:
            raise ValueError(f"rate {self.rate!r} must be above 0, or None for the study's")
        if self.optimiser not in ("", "adam", "sgd"):
            raise ValueError(f"optimiser {self.optimiser!r} is unknown; possible: '', adam, sgd")
        if not re.fullmatch(TRAINS, self.trains):
            raise ValueError(
                f"trains {self.trains!r} is unknown; "
                "possible: all, head, norm, statistics, last block, user, low rank R"
            )
        if self.trains == STATISTICS and not self.statistics:
            raise ValueError("trains 'statistics' needs statistics=True: else nothing changes")
        for name in ("pull", "pull_l1", "l1", "best_every"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} {getattr(self, name)!r} must be 0 or more")
        if not 0 <= self.replay < 1:
            raise ValueError(
                f"replay {self.replay!r} is no share of a batch; possible: 0 to below 1"
            )
        if self.replay and self.draws == "G":
            raise ValueError("replay needs a phase that draws from D_I")
        if not 0 <= self.average <= 1:
            raise ValueError(f"average {self.average!r} is no share; possible: 0 to 1")
        if self.average and self.best_every:
            raise ValueError("average and best_every choose differently: give one of the two")

    @property
    def training(self) -> "Phase":
        """How it trains, without what is drawn and for how long."""
        return replace(self, draws="G", replay=0, iterations=1, epochs=0)


EPOCHS = Phase("G", epochs=1)  # the study's epochs on D_G (Algorithm 1, lines 4 and 16)


class Shaping(NamedTuple):
    """A method of the papers in their own terms (Algorithm 1)."""

    early: int = 0  # n_ES: iterations on D_I first (line 3)
    extra: int = 0  # further iterations on D_G first: a control with the cost of early shaping
    n_I: str | None = None  # sample weighing in every epoch (line 11); None: never
    epochs_factor: int = 1  # multiplies the study's number of epochs; 0: the generic network's
    late: int = 0  # n_TL: iterations on D_I last, with a new optimiser (line 18)
    late_rate: float | None = None
    late_optimiser: str = ""  # "" the study's | adam | sgd

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases of such a method."""
        found = []
        if self.early:
            found.append(Phase("I", self.early))
        if self.extra:
            found.append(Phase("G", self.extra))
        if self.epochs_factor:
            found.append(Phase(self.n_I or "G", epochs=self.epochs_factor))
        if self.late:
            late = Phase("I", self.late, rate=self.late_rate, optimiser=self.late_optimiser)
            found.append(late)
        return tuple(found)


# records of networks that people share, beside the generic one
SHARED = (MetaLearned, UserNetwork, Enrolled, Prototypes)
LABEL = {"decides numbers": False}  # of a field that only names or describes a method


@dataclass(frozen=True)
class Method:
    """A row of the tables: where the weights come from, how they are trained, on whose data.

    Fields with LABEL name or describe it. All others decide its numbers and are part of a model's
    key. ValueError names the field that is wrong.
    """

    name: str = field(metadata=LABEL)
    family: str = field(metadata=LABEL)  # one of FAMILIES, or OWN
    meaning: str = field(metadata=LABEL)  # description in one line
    # fresh: initial weights of its own | generic: the network trained on D_G that all people share
    # | a MetaLearned: that network, trained further for being personalized; all people share it,
    # too | a UserNetwork: one that knows the people of D_G apart; all people share it, too | an
    # Enrolled or a Prototypes: one that the person's samples make their own, without training
    # | another method: that method's network of the same person
    start: "str | MetaLearned | UserNetwork | Enrolled | Prototypes | Method" = "fresh"
    phases: tuple[Phase, ...] = (EPOCHS,)  # one after the other
    after: Callable | None = None  # what becomes of the trained weights, see `methods.after`
    answer: Callable | None = None  # how the network answers, see `methods.answer`; None: it alone
    # percentage of D_I's training items that no phase trains on, for `best_every` or for a smaller
    # D_I
    held_out: int = 0
    # how many of D_I's training samples there are for the method, drawn at random; 0: all
    samples: int = 0
    # whose data the D_I batches and an enrolment are: own (I) | other (I') | nobody: no enrolment
    individual_data: str = "own"
    global_extra: str = ""  # whose training data joins D_G: "" nobody's | own | other
    enlarged_by: str = ""  # what is added from D_G, D_I → D'_I: "" nothing | one of ENLARGED_BY
    percent: int = 0  # how much is added: as much as this percentage of D_G's people has
    with_own: bool = True  # whether D'_I includes D_I itself
    # the papers' row that this control replaces as the base of a comparison
    refines: str = field(default="", metadata=LABEL)
    # the row of v3 whose dose, as a share of the training, it has
    stands_for: str = field(default="", metadata=LABEL)

    def __post_init__(self):
        try:
            as_whole_numbers(self, "held_out", "samples", "percent")
            self.check()
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None

    def check(self) -> None:
        """ValueError for fields that do not fit together."""
        allowed = {
            "family": (*FAMILIES, OWN),
            "individual_data": ("own", "other", "nobody"),
            "global_extra": ("", "own", "other"),
            "enlarged_by": ("", *ENLARGED_BY),
        }
        for name, possible in allowed.items():
            value = getattr(self, name)
            if value not in possible:
                words = ", ".join(each or repr(each) for each in possible)
                raise ValueError(f"{name} {value!r} is unknown; possible: {words}")
        starts = (Method, *SHARED)
        if self.start not in ("fresh", "generic") and not isinstance(self.start, starts):
            raise ValueError(
                f"start {self.start!r} is unknown; possible: 'fresh', 'generic', a MetaLearned, "
                "a UserNetwork, an Enrolled, a Prototypes, another Method"
            )
        phases = self.phases
        if not (isinstance(phases, tuple) and all(isinstance(each, Phase) for each in phases)):
            raise ValueError("phases must be a tuple of Phase: a single one needs a comma after it")
        if self.start == "fresh" and not self.phases:
            raise ValueError("phases are empty, but initial weights must be trained")
        if self.after is not None and not callable(self.after):
            raise ValueError(f"after {self.after!r} is no function of a Movement")
        if self.answer is not None and not callable(self.answer):
            raise ValueError(f"answer {self.answer!r} is no function of a Question")
        try:
            hash(self)
        except TypeError as error:
            raise ValueError(
                f"{error}; needed are tuples for lists, and @dataclass(frozen=True)"
            ) from error
        if self.enlarged_by and not 1 <= self.percent <= 100:
            raise ValueError(f"percent {self.percent} cannot be added from D_G; possible: 1 to 100")
        if self.enlarged_by and self.individual_data == "other":
            raise ValueError(
                "enlarged_by enlarges the individual's own data; individual_data must be own"
            )
        if self.enlarged_by and (self.start != "fresh" or not self.draws_from_I):
            raise ValueError("enlarged_by needs a fresh start and a phase that draws from D_I")
        if self.enlarged_by and self.held_out:
            raise ValueError("held_out must be 0: what enlarges D_I is chosen by all of D_I")
        if not 0 <= self.held_out <= 95:
            raise ValueError(f"held_out {self.held_out} is impossible; possible: 0 to 95 (percent)")
        if self.held_out and self.individual_data == "other":
            raise ValueError("held_out is a part of the own D_I; individual_data must be own")
        if self.samples < 0:
            raise ValueError(f"samples {self.samples} is impossible; possible: 0 for all, 1, 2, …")
        if self.samples and (self.held_out or self.enlarged_by):
            raise ValueError("samples must be 0 with held_out or enlarged_by, which use all of D_I")
        enrols = isinstance(self.start, Enrolled | Prototypes)
        if self.samples and not (enrols or self.draws_from_I or self.answer):
            raise ValueError(
                f"samples {self.samples} is of no effect without an enrolment, a phase that draws "
                "from D_I, or an answer"
            )
        if self.individual_data == "nobody" and not isinstance(self.start, Enrolled | Prototypes):
            raise ValueError(
                "individual_data 'nobody' needs a start that is an Enrolled or a Prototypes"
            )
        if self.individual_data == "nobody" and (self.samples or self.draws_from_I):
            raise ValueError(
                "individual_data 'nobody' needs samples=0 and no phase that draws from D_I"
            )
        if any(phase.trains == "user" for phase in self.phases) and not self.of_users:
            raise ValueError("trains 'user' needs a start that is a UserNetwork")
        if any(phase.best_every for phase in self.phases) and not self.held_out:
            raise ValueError(
                "best_every needs held_out, the part of D_I that the best is chosen on"
            )
        if isinstance(self.start, Method) and self.start.held_out != self.held_out:
            raise ValueError(
                f"held_out {self.held_out} differs from {self.start.held_out} of the method that "
                "it starts from, which would have trained on that part"
            )

    @property
    def draws_from_I(self) -> bool:
        """Whether any phase draws from D_I."""
        return any(phase.draws != "G" for phase in self.phases)

    @property
    def from_generic(self) -> bool:
        """Whether its lineage begins with a network of D_G that people share."""
        return self.begins == "generic"

    @property
    def shared_phases(self) -> tuple[Phase, ...]:
        """What the network that its people share was trained for, all on D_G."""
        if not self.from_generic:
            return ()
        start = self.lineage[0].start
        more = {MetaLearned: "iterations", Enrolled: "steps"}.get(type(start))
        return (EPOCHS, Phase("G", getattr(start, more))) if more else (EPOCHS,)

    @property
    def needs_encoder(self) -> bool:
        """Whether what enlarges D_I, in it or in what it starts from, needs an auto-encoder."""
        return any(each.enlarged_by not in ("", "random") for each in self.lineage)

    @cached_property
    def lineage(self) -> tuple["Method", ...]:
        """The methods that lead to it, the first one first, itself the last."""
        before = self.start.lineage if isinstance(self.start, Method) else ()
        return (*before, self)

    @property
    def begins(self) -> str:
        """What its lineage begins with: fresh | generic: a network of D_G that people share."""
        return "fresh" if self.lineage[0].start == "fresh" else "generic"

    @property
    def shared_start(self) -> "MetaLearned | UserNetwork | Enrolled | Prototypes | None":
        """The record of the shared network that its lineage begins with, if not the generic one."""
        start = self.lineage[0].start
        return start if isinstance(start, SHARED) else None

    @property
    def of_users(self) -> UserNetwork | None:
        """The user network that its lineage begins with; None where it begins with another."""
        start = self.shared_start
        return start if isinstance(start, UserNetwork) else None

    @cached_property
    def stages(self) -> tuple[tuple[Phase, ...], ...]:
        """Its phases in groups that are trained alike: each group has an optimiser of its own."""
        groups: list[list[Phase]] = []
        for phase in self.phases:
            if groups and groups[-1][-1].training == phase.training:
                groups[-1].append(phase)
            else:
                groups.append([phase])
        return tuple(map(tuple, groups))

    @cached_property
    def training(self) -> "Method":
        """What it has in common with methods that one training serves.

        They differ in their names, in what comes after, in how they answer, and in the length of
        the last phase: the shorter one is a prefix of the longer one.
        """
        phases = self.phases
        if phases and self.has_prefixes:
            phases = (*phases[:-1], replace(phases[-1], iterations=1, epochs=0))
        return replace(self.unnamed, phases=phases, after=None, answer=None)

    @cached_property
    def unnamed(self) -> "Method":
        """What decides its numbers: the method without its name and description."""
        labels = {each.name: "" for each in fields(self) if not decides_numbers(each)}
        return replace(self, **labels | {"family": OWN})

    @property
    def has_prefixes(self) -> bool:
        """Whether the same method with a shorter last phase is a prefix of it.

        With a length in epochs at the study's rate it is not: that rate decays at a share of them.
        """
        last = self.phases[-1]
        decays = bool(last.epochs) and last.rate is None
        of_many_states = any(phase.best_every or phase.average for phase in self.phases)
        return not (decays or of_many_states or callable(last.draws))

    @property
    def shaping(self) -> Shaping | None:
        """The method in the papers' terms; None for a method that goes beyond them."""
        terms: dict = {"epochs_factor": 0}
        for phase in self.phases:
            if phase.rate is not None:
                terms |= {"late": phase.iterations, "late_rate": phase.rate}
                terms["late_optimiser"] = phase.optimiser
            elif phase.epochs and phase.draws == "G":
                terms["epochs_factor"] = phase.epochs
            elif phase.epochs and is_fraction(phase.draws):
                terms["epochs_factor"] = phase.epochs
                terms["n_I"] = phase.draws
            elif phase.draws in ("I", "G"):
                terms["early" if phase.draws == "I" else "extra"] = phase.iterations
        found = Shaping(**terms)
        fits = self.start == ("fresh" if found.epochs_factor else "generic")
        plain = self.after is None and self.answer is None and not (self.held_out or self.samples)
        # making the phases again shows that the terms hold everything
        return found if fits and plain and found.phases == self.phases else None


def decides_numbers(one) -> bool:
    """Whether a field of a record decides numbers, and so is part of a model's key."""
    return one.metadata.get("decides numbers", True)


def is_fraction(n_I: object) -> bool:
    """Whether n_I is a fraction above 0, written as text (a number would make another key)."""
    try:
        return isinstance(n_I, str) and Fraction(n_I) > 0
    except (ValueError, ZeroDivisionError):
        return False
