"""The Method record and its builders."""

from dataclasses import dataclass, replace

BASELINE = "BaseLine"
SHAPING = ("early shaping", "sample weighing", "transfer learning", "combined shaping")
FAMILIES = ("baseline", "control", *SHAPING, "data grouping")
ENLARGED_BY = ("random", "near samples", "near persons", "far samples", "far persons")
Printed = tuple[float, ...]  # mean, sd, min, max on D_I, then on D_G; in v1 r_train, too


@dataclass(frozen=True)
class Method:
    """A row of the tables. `early` to `epochs_factor` decide its numbers; the other fields name or describe it."""

    name: str
    family: str  # one of FAMILIES
    meaning: str  # one line for tables and pages
    early: int = 0  # n_ES: iterations on D_I first (Algorithm 1, line 3)
    extra: int = 0  # further iterations on D_G first
    n_I: str | None = None  # sample weighing (line 11), as a fraction: "2", "1/8"; None: never
    late: int = 0  # n_TL: iterations on D_I last, with a fresh optimiser (line 18)
    late_rate: float | None = None  # learning rate of those
    late_optimiser: str = ""  # of those: "" the study's | adam | sgd
    individual_data: str = "own"  # whose data the D_I batches are: own (I) | other (I')
    global_extra: str = ""  # whose training data joins D_G: "" nobody's | own | other
    enlarged_by: str = (
        ""  # what of D_G enlarges D_I to D'_I (data grouping): "" nothing | one of ENLARGED_BY
    )
    percent: int = 0  # how much of it: the images of so many of 100 persons in D_G
    with_own: bool = True  # whether D'_I holds D_I itself
    epochs_factor: int = 1  # how often the study's epochs are gone through
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
            "individual_data": whose,
            "global_extra": ("", *whose),
            "enlarged_by": ("", *ENLARGED_BY),
            "late_optimiser": ("", "adam", "sgd"),
        }
        for field, possible in known.items():
            if getattr(self, field) not in possible:
                raise ValueError(
                    f"{self.name}: {field} {getattr(self, field)!r} is unknown; possible: {possible}"
                )
        if self.late and not self.late_rate:
            raise ValueError(f"{self.name}: late iterations need a late_rate")
        if self.enlarged_by and not 1 <= self.percent <= 100:
            raise ValueError(
                f"{self.name}: percent {self.percent} of D_G cannot be added; possible: 1 to 100"
            )
        if self.enlarged_by and self.individual_data == "other":
            raise ValueError(
                f"{self.name}: enlarged_by enlarges the own data; it cannot go with individual_data other"
            )
        if self.enlarged_by and not (self.early or self.n_I):
            raise ValueError(
                f"{self.name}: enlarged_by needs early or n_I; late iterations alone do not train on it"
            )

    @property
    def trajectory(self) -> tuple:
        """All that decides the numbers but `late`: of two methods on one course, the shorter is a prefix."""
        individual_data = self.individual_data if self.early or self.n_I or self.late else ""
        added = (
            [("added", self.enlarged_by, self.percent, self.with_own)] if self.enlarged_by else []
        )
        added += [("rounds", self.epochs_factor)] * (self.epochs_factor != 1)
        added += [("late optimiser", self.late_optimiser)] * bool(self.late and self.late_optimiser)
        return (
            self.early,
            self.extra,
            self.n_I,
            self.global_extra,
            individual_data,
            self.late_rate,
            *added,
        )

    @property
    def from_generic(self) -> bool:
        """Whether what precedes `late` uses no individual's data, so that one model of it serves everybody."""
        return not (
            self.early or self.extra or self.n_I or self.global_extra or self.epochs_factor != 1
        )

    @property
    def needs_encoder(self) -> bool:
        """Whether an auto-encoder chooses what is added."""
        return self.enlarged_by not in ("", "random")


def early_shaping(dose: int, **more) -> Method:
    """Early shaping by `dose` iterations."""
    return Method(
        f"ES-n-{dose}",
        "early shaping",
        f"{dose} iterations on D_I first, then D_G",
        early=dose,
        **more,
    )


def longer_baseline(dose: int, **more) -> Method:
    """The control of `early_shaping` that spends as many iterations on general data."""
    meaning = f"the baseline with as many more iterations as ES-n-{dose}"
    return Method(
        f"BaseLine + {dose} iterations",
        "control",
        meaning,
        extra=dose,
        global_extra="other",
        refines=BASELINE,
        **more,
    )


def early_on_another(dose: int, **more) -> Method:
    """The control of `early_shaping` that spends them on another person."""
    meaning = f"{dose} iterations on D_I' first, then D_G"
    return Method(
        f"ES-n-{dose} on another person",
        "control",
        meaning,
        early=dose,
        individual_data="other",
        **more,
    )


def sample_weighing(n_I: str, meaning: str, **more) -> Method:
    """Sample weighing."""
    return Method(f"SW-n-{n_I}", "sample weighing", meaning, n_I=n_I, **more)


def transfer_learning(
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


def data_grouping(
    name: str,
    enlarged_by: str,
    percent: int,
    with_own: bool,
    meaning: str,
    family="data grouping",
    **more,
):
    """Data grouping: every 2nd batch from D'_I, D_I enlarged by a part of D_G or that part alone."""
    meaning = f"every 2nd batch from {'D_I and ' * with_own}{meaning}"
    return Method(
        name,
        family,
        meaning,
        n_I="2",
        enlarged_by=enlarged_by,
        percent=percent,
        with_own=with_own,
        **more,
    )


def with_more_epochs(method: Method, factor: int) -> Method:
    """The method with so many times the epochs."""
    family = "control" if method.family == "baseline" else method.family
    return replace(
        method,
        name=f"{method.name}, {factor} × epochs",
        family=family,
        epochs_factor=factor,
        paper=None,
        v1_counts=None,
        v1_factors=None,
        meaning=f"{method.meaning}; {factor} times the epochs",
    )
