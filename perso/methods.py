"""Every row of the study as one record: whose data trains the network, when, and how often.

To add a method of this kind, add one `Method` to `METHODS`; it then stands in every table and figure.
"""

from dataclasses import dataclass

BASELINE = "BaseLine"
FAMILIES = ("baseline", "control", "early shaping", "sample weighing", "transfer learning")


@dataclass(frozen=True)
class Method:
    """A row. The fields from `early` on decide the numbers; the rest only names them."""

    name: str
    family: str  # a key of FAMILIES
    meaning: str  # one line for tables and pages
    early: int = 0  # n_ES: iterations on D_I first (Algorithm 1, line 3)
    extra: int = 0  # further iterations on D_G first
    n_I: str | None = None  # sample weighing (line 11), as a fraction: "2", "1/8"; None: never
    late: int = 0  # n_TL: iterations on D_I last, with a fresh optimiser (line 18)
    late_rate: float | None = None  # learning rate of those
    shaped_by: str = "own"  # whose data the D_I batches are: own (I) | other (I')
    joined: str = ""  # whose training data joins D_G: "" nobody's | own | other
    paper: tuple[float, ...] | None = None  # v3 Table I: mean, sd, min, max on D_I, then on D_G

    def __post_init__(self):
        whose = ("own", "other")
        for field, possible in (("family", FAMILIES), ("shaped_by", whose), ("joined", ("", *whose))):
            if getattr(self, field) not in possible:
                raise ValueError(f"{self.name}: {field} {getattr(self, field)!r} is unknown; possible: {possible}")
        if self.late and not self.late_rate:
            raise ValueError(f"{self.name}: late iterations need a late_rate")

    @property
    def course(self) -> tuple:
        """All that decides the numbers but `late`: of two methods on one course, the shorter is a prefix."""
        shaped_by = self.shaped_by if self.early or self.n_I or self.late else ""
        return self.early, self.extra, self.n_I, self.joined, shaped_by, self.late_rate

    @property
    def generic(self) -> bool:
        """Whether what precedes `late` uses no individual's data, so that one model of it serves everybody."""
        return not (self.early or self.extra or self.n_I or self.joined)


def transfer(late: int, rate: float, paper: tuple[float, ...]) -> Method:
    """Transfer learning for n_TL iterations; v3 does not give its learning rate, so rows stand at two."""
    shown = f"{rate:.0e}".replace("e-0", "e-")
    return Method(
        f"TL-n-{late} ({shown})", "transfer learning",
        f"generic model, then {late} iterations on D_I at learning rate {shown}",
        late=late, late_rate=rate, paper=paper,
    )


TL_10 = (0.982, 0.027, 0.851, 1.0, 0.98, 0.001, 0.974, 0.982)
TL_300 = (0.983, 0.025, 0.859, 1.0, 0.979, 0.002, 0.964, 0.983)

METHODS = (
    Method(BASELINE, "baseline", "D_G and another individual's D_I'", joined="other",
           paper=(0.98, 0.027, 0.86, 1.0, 0.979, 0.002, 0.971, 0.983)),
    Method("own data in the union", "control", "D_G and the own D_I, nothing weighed", joined="own"),
    Method("BaseLine + 400 iterations", "control", "the baseline with as many more iterations as ES-n-400",
           extra=400, joined="other"),
    Method("ES-n-400 on another person", "control", "400 iterations on D_I' first, then D_G",
           early=400, shaped_by="other"),
    Method("ES-n-40", "early shaping", "40 iterations on D_I first, then D_G", early=40,
           paper=(0.981, 0.031, 0.82, 1.0, 0.979, 0.002, 0.971, 0.982)),
    Method("ES-n-400", "early shaping", "400 iterations on D_I first, then D_G", early=400,
           paper=(0.983, 0.027, 0.859, 1.0, 0.98, 0.001, 0.977, 0.982)),
    Method("SW-n-12", "sample weighing", "every 12th batch from D_I", n_I="12",
           paper=(0.98, 0.021, 0.904, 1.0, 0.971, 0.007, 0.951, 0.981)),
    Method("SW-n-2", "sample weighing", "every 2nd batch from D_I", n_I="2",
           paper=(0.984, 0.017, 0.92, 1.0, 0.968, 0.009, 0.946, 0.979)),
    Method("TL-n-0", "control", "the generic model: D_G alone, nobody's data"),
    transfer(10, 1e-3, TL_10), transfer(300, 1e-3, TL_300),
    transfer(10, 1e-4, TL_10), transfer(300, 1e-4, TL_300),
)


def named(*names: str) -> tuple[Method, ...]:
    """The methods of these names or families, in the order of METHODS; KeyError names what is unknown."""
    possible = [*FAMILIES, *(method.name for method in METHODS)]
    if unknown := set(names) - set(possible):
        raise KeyError(f"no method or family {', '.join(sorted(unknown))}; there are: {', '.join(possible)}")
    return tuple(method for method in METHODS if method.name in names or method.family in names)
