"""The Method record, and one function per kind of method that makes such a record."""

from dataclasses import dataclass, replace
from fractions import Fraction

BASELINE = "BaseLine"
SHAPING = ("early shaping", "sample weighing", "transfer learning", "combined shaping")
FAMILIES = ("baseline", "control", *SHAPING, "data grouping")
ENLARGED_BY = ("random", "near samples", "near persons", "far samples", "far persons")


@dataclass(frozen=True)
class Method:
    """A row of the tables: which data set each iteration draws its batch from.

    The fields from `early` to `epochs_factor` decide the numbers; the others name or describe the
    row. ValueError names the field that is wrong.
    """

    name: str
    family: str  # one of FAMILIES
    meaning: str  # description in one line
    early: int = 0  # n_ES: iterations on D_I first (Algorithm 1, line 3)
    extra: int = 0  # further iterations on D_G first
    n_I: str | None = None  # sample weighing (line 11), as a fraction: "2", "1/8"; None: never
    late: int = 0  # n_TL: iterations on D_I last, with a new optimiser (line 18)
    late_rate: float | None = None  # learning rate of the late iterations
    late_optimiser: str = ""  # of the late iterations: "" the study's | adam | sgd
    individual_data: str = "own"  # whose data the D_I batches are: own (I) | other (I')
    global_extra: str = ""  # whose training data joins D_G: "" nobody's | own | other
    enlarged_by: str = ""  # what is added from D_G, D_I → D'_I: "" nothing | one of ENLARGED_BY
    percent: int = 0  # how much is added: as much as this percentage of D_G's people has
    with_own: bool = True  # whether D'_I includes D_I itself
    epochs_factor: int = 1  # multiplies the study's number of epochs
    refines: str = ""  # the papers' row that this control replaces as the base of a comparison

    def __post_init__(self):
        allowed = {
            "family": FAMILIES,
            "individual_data": ("own", "other"),
            "global_extra": ("", "own", "other"),
            "enlarged_by": ("", *ENLARGED_BY),
            "late_optimiser": ("", "adam", "sgd"),
        }
        for field, possible in allowed.items():
            value = getattr(self, field)
            if value not in possible:
                raise ValueError(f"{self.name}: {field} {value!r} is unknown; possible: {possible}")
        if self.n_I is not None and not is_fraction(self.n_I):
            raise ValueError(
                f"{self.name}: n_I {self.n_I!r} is no fraction above 0 as text, "
                'like "2", "0.88" or "1/8"'
            )
        if self.late and not self.late_rate:
            raise ValueError(f"{self.name}: late iterations need a late_rate")
        if self.enlarged_by and not 1 <= self.percent <= 100:
            raise ValueError(
                f"{self.name}: percent {self.percent} cannot be added from D_G; possible: 1 to 100"
            )
        if self.enlarged_by and self.individual_data == "other":
            raise ValueError(
                f"{self.name}: enlarged_by enlarges the individual's own data; "
                "individual_data must be own"
            )
        if self.enlarged_by and not (self.early or self.n_I):
            raise ValueError(
                f"{self.name}: enlarged_by needs early or n_I; "
                "late iterations alone do not train on D'_I"
            )

    @property
    def trajectory(self) -> tuple:
        """All that decides the numbers, except `late`.

        Of two methods with the same trajectory, the one with fewer late iterations is a prefix of
        the other, so one training serves both.
        Part of a model's key: the words and the order in it never change.
        """
        individual_data = self.individual_data if self.early or self.n_I or self.late else ""
        more = []
        if self.enlarged_by:
            more.append(("added", self.enlarged_by, self.percent, self.with_own))
        if self.epochs_factor != 1:
            more.append(("rounds", self.epochs_factor))
        if self.late and self.late_optimiser:
            more.append(("late optimiser", self.late_optimiser))
        return (
            self.early,
            self.extra,
            self.n_I,
            self.global_extra,
            individual_data,
            self.late_rate,
            *more,
        )

    @property
    def from_generic(self) -> bool:
        """Whether it starts from the generic network: before `late` it trains on D_G alone."""
        differs = self.early or self.extra or self.n_I or self.global_extra
        return not differs and self.epochs_factor == 1

    @property
    def needs_encoder(self) -> bool:
        """Whether what enlarges D_I is chosen by an auto-encoder's codes."""
        return self.enlarged_by not in ("", "random")


def is_fraction(n_I: object) -> bool:
    """Whether n_I is a fraction above 0, written as text (a number would make another key)."""
    try:
        return isinstance(n_I, str) and Fraction(n_I) > 0
    except (ValueError, ZeroDivisionError):
        return False


def early_shaping(dose: int) -> Method:
    """Early shaping with `dose` iterations on D_I first."""
    meaning = f"{dose} iterations on D_I first, then D_G"
    return Method(f"ES-n-{dose}", "early shaping", meaning, early=dose)


def longer_baseline(dose: int) -> Method:
    """The control of early shaping with as many further iterations on D_G."""
    return Method(
        f"BaseLine + {dose} iterations",
        "control",
        f"the baseline with as many more iterations as ES-n-{dose}",
        extra=dose,
        global_extra="other",
        refines=BASELINE,
    )


def early_on_another(dose: int) -> Method:
    """The control of early shaping with the early iterations on another person's data, D_I'."""
    return Method(
        f"ES-n-{dose} on another person",
        "control",
        f"{dose} iterations on D_I' first, then D_G",
        early=dose,
        individual_data="other",
    )


def sample_weighing(n_I: str, meaning: str) -> Method:
    """Sample weighing with n_I written as a fraction ("2", "1/8")."""
    return Method(f"SW-n-{n_I}", "sample weighing", meaning, n_I=n_I)


def transfer_learning(late: int, rate: float, optimiser: str = "") -> Method:
    """Transfer learning with n_TL = `late` iterations on D_I, from the generic network.

    The name states the learning rate, because v3 gives none.
    """
    rate_text = f"{rate:.0e}".replace("e-0", "e-")
    in_name = f" {optimiser}" if optimiser else ""
    in_meaning = f" of {optimiser}" if optimiser else ""
    return Method(
        f"TL-n-{late} ({rate_text}{in_name})",
        "transfer learning",
        f"generic network, then {late} iterations{in_meaning} on D_I at learning rate {rate_text}",
        late=late,
        late_rate=rate,
        late_optimiser=optimiser,
    )


def data_grouping(
    name: str,
    enlarged_by: str,
    percent: int,
    meaning: str,
    *,
    with_own: bool = True,
    family: str = "data grouping",
    refines: str = "",
) -> Method:
    """Data grouping: every 2nd batch from D'_I, which is a part of D_G, with D_I or alone."""
    own = "D_I and " if with_own else ""
    return Method(
        name,
        family,
        f"every 2nd batch from {own}{meaning}",
        n_I="2",
        enlarged_by=enlarged_by,
        percent=percent,
        with_own=with_own,
        refines=refines,
    )


def with_more_epochs(method: Method, factor: int) -> Method:
    """The method with `factor` times the epochs."""
    return replace(
        method,
        name=f"{method.name}, {factor} × epochs",
        family="control" if method.family == "baseline" else method.family,
        meaning=f"{method.meaning}; {factor} times the epochs",
        epochs_factor=factor,
    )
