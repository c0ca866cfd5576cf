"""The Method record and its builders."""

from dataclasses import dataclass, replace

BASELINE = "BaseLine"
SHAPING = ("early shaping", "sample weighing", "transfer learning", "combined shaping")
FAMILIES = ("baseline", "control", *SHAPING, "data grouping")
ADDED = ("random", "near samples", "near persons", "far samples", "far persons")
Printed = tuple[float, ...]  # mean, sd, min, max on D_I, then on D_G; in v1 r_train, too


@dataclass(frozen=True)
class Method:
    """A row. The fields from `early` to `rounds` decide the numbers; the others only name or describe them."""

    name: str
    family: str  # one of FAMILIES
    meaning: str  # one line for tables and pages
    early: int = 0  # n_ES: iterations on D_I first (Algorithm 1, line 3)
    extra: int = 0  # further iterations on D_G first
    n_I: str | None = None  # sample weighing (line 11), as a fraction: "2", "1/8"; None: never
    late: int = 0  # n_TL: iterations on D_I last, with a fresh optimiser (line 18)
    late_rate: float | None = None  # learning rate of those
    late_optimiser: str = ""  # of those: "" the study's | adam | sgd
    shaped_by: str = "own"  # whose data the D_I batches are: own (I) | other (I')
    joined: str = ""  # whose training data joins D_G: "" nobody's | own | other
    added: str = ""  # what of D_G enlarges D_I to D'_I (data grouping): "" nothing | one of ADDED
    persons: int = 0  # how much of it: the images of so many of 100 persons in D_G
    with_own: bool = True  # whether D'_I holds D_I itself
    rounds: int = 1  # how often the study's epochs are gone through
    refines: str = (
        ""  # the row of the papers that this one of ours stands for as the base of a comparison
    )
    paper: Printed | None = None  # v3 Table I
    v1_counts: Printed | None = None  # v1 Table 2, class counts
    v1_factors: Printed | None = None  # v1 Table 2, hidden factors

    def __post_init__(self):
        whose = ("own", "other")
        known = {
            "family": FAMILIES,
            "shaped_by": whose,
            "joined": ("", *whose),
            "added": ("", *ADDED),
            "late_optimiser": ("", "adam", "sgd"),
        }
        for field, possible in known.items():
            if getattr(self, field) not in possible:
                raise ValueError(
                    f"{self.name}: {field} {getattr(self, field)!r} is unknown; possible: {possible}"
                )
        if self.late and not self.late_rate:
            raise ValueError(f"{self.name}: late iterations need a late_rate")
        if self.added and not 1 <= self.persons <= 100:
            raise ValueError(
                f"{self.name}: persons {self.persons} of 100 in D_G cannot be added; possible: 1 to 100"
            )
        if self.added and self.shaped_by == "other":
            raise ValueError(
                f"{self.name}: shaped_by other cannot be joined with added; it enlarges the own data"
            )
        if self.added and not (self.early or self.n_I):
            raise ValueError(
                f"{self.name}: what is added is trained on by early or n_I, not by late iterations alone"
            )

    @property
    def course(self) -> tuple:
        """All that decides the numbers but `late`: of two methods on one course, the shorter is a prefix."""
        shaped_by = self.shaped_by if self.early or self.n_I or self.late else ""
        added = [("added", self.added, self.persons, self.with_own)] if self.added else []
        added += [("rounds", self.rounds)] * (self.rounds != 1)
        added += [("late optimiser", self.late_optimiser)] * bool(self.late and self.late_optimiser)
        return self.early, self.extra, self.n_I, self.joined, shaped_by, self.late_rate, *added

    @property
    def generic(self) -> bool:
        """Whether what precedes `late` uses no individual's data, so that one model of it serves everybody."""
        return not (self.early or self.extra or self.n_I or self.joined or self.rounds != 1)

    @property
    def encoded(self) -> bool:
        """Whether an auto-encoder chooses what is added."""
        return self.added not in ("", "random")


def early(dose: int, **more) -> Method:
    """Early shaping by `dose` iterations."""
    return Method(
        f"ES-n-{dose}",
        "early shaping",
        f"{dose} iterations on D_I first, then D_G",
        early=dose,
        **more,
    )


def longer(dose: int, **more) -> Method:
    """The control of `early` that spends as many iterations on general data."""
    meaning = f"the baseline with as many more iterations as ES-n-{dose}"
    return Method(
        f"BaseLine + {dose} iterations",
        "control",
        meaning,
        extra=dose,
        joined="other",
        refines=BASELINE,
        **more,
    )


def on_another(dose: int, **more) -> Method:
    """The control of `early` that spends them on another person."""
    meaning = f"{dose} iterations on D_I' first, then D_G"
    return Method(
        f"ES-n-{dose} on another person", "control", meaning, early=dose, shaped_by="other", **more
    )


def weighing(n_I: str, meaning: str, **more) -> Method:
    """Sample weighing."""
    return Method(f"SW-n-{n_I}", "sample weighing", meaning, n_I=n_I, **more)


def transfer(
    late: int, rate: float, paper: Printed | None = None, optimiser: str = "", **more
) -> Method:
    """Transfer learning for n_TL iterations; v3 does not give its learning rate, so rows stand at two."""
    shown = f"{rate:.0e}".replace("e-0", "e-")
    by = f" {optimiser}" if optimiser else ""
    return Method(
        f"TL-n-{late} ({shown}{by})",
        "transfer learning",
        f"generic model, then {late} iterations{by and ' of' + by} on D_I at learning rate {shown}",
        late=late,
        late_rate=rate,
        late_optimiser=optimiser,
        paper=paper,
        **more,
    )


def grouping(
    name: str,
    added: str,
    persons: int,
    with_own: bool,
    meaning: str,
    family="data grouping",
    **more,
):
    """Data grouping: every 2nd batch from D'_I, D_I enlarged by a part of D_G or that part alone."""
    meaning = f"every 2nd batch from {'D_I and ' * with_own}{meaning}"
    return Method(
        name, family, meaning, n_I="2", added=added, persons=persons, with_own=with_own, **more
    )


def again(method: Method, rounds: int) -> Method:
    """The method with so many times the epochs."""
    family = "control" if method.family == "baseline" else method.family
    return replace(
        method,
        name=f"{method.name}, {rounds} × epochs",
        family=family,
        rounds=rounds,
        paper=None,
        v1_counts=None,
        v1_factors=None,
        meaning=f"{method.meaning}; {rounds} times the epochs",
    )
