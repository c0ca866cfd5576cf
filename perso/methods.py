"""Every row of the study as one record: whose data trains the network, when, and how often.

To add a method of this kind, add one `Method` to a table of `TABLES`; it then stands in every table and figure.
"""

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


TL_10 = (0.982, 0.027, 0.851, 1.0, 0.98, 0.001, 0.974, 0.982)
TL_300 = (0.983, 0.025, 0.859, 1.0, 0.979, 0.002, 0.964, 0.983)
RANDOM = "as much of D_G at random"

BASE = Method(
    BASELINE,
    "baseline",
    "D_G and another individual's D_I'",
    joined="other",
    paper=(0.98, 0.027, 0.86, 1.0, 0.979, 0.002, 0.971, 0.983),
    v1_counts=(0.9102, 0.0574, 0.7444, 0.9889, 0.9215, 0.003, 0.9117, 0.9289, 1.0),
    v1_factors=(0.9617, 0.0342, 0.8509, 1.0, 0.9571, 0.003, 0.9475, 0.9644, 1.0),
)
UNION = Method(
    "own data in the union", "control", "D_G and the own D_I, nothing weighed", joined="own"
)
TL_0 = Method("TL-n-0", "control", "the generic model: D_G alone, nobody's data")
ES_40 = early(40, paper=(0.981, 0.031, 0.82, 1.0, 0.979, 0.002, 0.971, 0.982))
ES_400 = early(400, paper=(0.983, 0.027, 0.859, 1.0, 0.98, 0.001, 0.977, 0.982))
ES_5000 = early(
    5000,
    v1_counts=(0.9103, 0.0551, 0.7333, 0.9889, 0.9188, 0.0037, 0.9038, 0.9275, 1.0),
    v1_factors=(0.9626, 0.0388, 0.8421, 1.0, 0.958, 0.0024, 0.9459, 0.9623, 1.0),
)
SW_12 = weighing(
    "12", "every 12th batch from D_I", paper=(0.98, 0.021, 0.904, 1.0, 0.971, 0.007, 0.951, 0.981)
)
SW_2 = weighing(
    "2",
    "every 2nd batch from D_I",
    paper=(0.984, 0.017, 0.92, 1.0, 0.968, 0.009, 0.946, 0.979),
    v1_counts=(0.9247, 0.0485, 0.7667, 1.0, 0.9176, 0.0055, 0.8935, 0.9269, 0.99),
    v1_factors=(0.9768, 0.025, 0.9009, 1.0, 0.9568, 0.0032, 0.9432, 0.9632, 0.99),
)
SW_8TH = weighing(
    "1/8",
    "all but every 8th batch from D_I",
    v1_counts=(0.9542, 0.0398, 0.8333, 1.0, 0.8227, 0.0485, 0.6045, 0.8899, 1.0),
    v1_factors=(0.9729, 0.0256, 0.8829, 1.0, 0.9338, 0.0048, 0.9166, 0.9424, 1.0),
)

# v3's Table I with our controls
V3 = (
    BASE,
    UNION,
    longer(400),
    on_another(400),
    ES_40,
    ES_400,
    SW_12,
    SW_2,
    TL_0,
    transfer(10, 1e-3, TL_10),
    transfer(300, 1e-3, TL_300),
    transfer(10, 1e-4, TL_10),
    transfer(300, 1e-4, TL_300),
    *(
        Method(
            f"ES-n-400 + SW-n-12 + TL-n-{late} (1e-4)",
            "combined shaping",
            f"400 iterations on D_I, then every 12th batch, then {late} iterations on D_I",
            early=400,
            n_I="12",
            late=late,
            late_rate=1e-4,
            refines="ES-n-400",
        )
        for late in (10, 300)
    ),
    grouping(
        "BaseLine-n-1500",
        "random",
        5,
        False,
        "images of D_G at random, as many as 5 of 100 persons have",
        paper=(0.975, 0.022, 0.884, 1.0, 0.962, 0.004, 0.949, 0.969),
    ),
    grouping(
        "BaseLine-n-6500",
        "random",
        21,
        False,
        "images of D_G at random, as many as 21 of 100 persons have",
        paper=(0.975, 0.02, 0.929, 1.0, 0.965, 0.003, 0.956, 0.969),
    ),
    grouping(
        "BaseLine-n-1500 with D_I", "random", 5, True, RANDOM, "control", refines="BaseLine-n-1500"
    ),
    grouping(
        "BaseLine-n-6500 with D_I", "random", 21, True, RANDOM, "control", refines="BaseLine-n-6500"
    ),
    grouping(
        "IG-n-5",
        "near persons",
        5,
        True,
        "the nearest persons of D_G, 5 of 100",
        paper=(0.978, 0.018, 0.931, 1.0, 0.961, 0.004, 0.942, 0.969),
    ),
    grouping(
        "IG-n-21",
        "near persons",
        21,
        True,
        "the nearest persons of D_G, 21 of 100",
        paper=(0.977, 0.019, 0.922, 1.0, 0.964, 0.003, 0.949, 0.969),
    ),
    grouping(
        "SG-n-1500",
        "near samples",
        5,
        True,
        "its nearest images in D_G, as many",
        paper=(0.979, 0.018, 0.897, 1.0, 0.962, 0.003, 0.95, 0.966),
    ),
    grouping(
        "SG-n-6500",
        "near samples",
        21,
        True,
        "its nearest images in D_G, as many",
        paper=(0.978, 0.02, 0.915, 1.0, 0.963, 0.004, 0.952, 0.968),
    ),
)

# v1's Table 2: rows of its own optimiser, learning rates and iterations
V1 = (
    BASE,
    UNION,
    longer(500),
    longer(5000),
    early(
        500,
        v1_counts=(0.9113, 0.0588, 0.6889, 1.0, 0.9182, 0.0034, 0.9065, 0.9241, 1.0),
        v1_factors=(0.965, 0.0359, 0.8421, 1.0, 0.9581, 0.0021, 0.9508, 0.9622, 1.0),
    ),
    ES_5000,
    SW_2,
    SW_8TH,
    weighing("0.88", "v1's 88 as it may be meant: all but every 25th batch from D_I"),
    TL_0,
    transfer(
        20,
        1e-2,
        v1_counts=(0.9556, 0.0377, 0.8333, 1.0, 0.7369, 0.078, 0.5031, 0.8796, 0.01),
        v1_factors=(0.9747, 0.0243, 0.8917, 1.0, 0.9396, 0.0174, 0.8768, 0.9559, 0.01),
    ),
    transfer(
        200,
        1e-2,
        v1_counts=(0.9633, 0.0355, 0.8333, 1.0, 0.6929, 0.0986, 0.4274, 0.8708, 0.02),
        v1_factors=(0.9824, 0.018, 0.925, 1.0, 0.9413, 0.0148, 0.8778, 0.9563, 0.02),
    ),
)

# Data grouping in full (claims 8 to 12): without D_I itself, and the farthest instead of the nearest
GROUPING = (
    BASE,
    SW_2,
    *(method for method in V3 if method.added),
    *(
        grouping(
            f"{kind}-n-{n} without D_I",
            f"near {what}",
            persons,
            False,
            f"its nearest {what} in D_G",
        )
        for kind, what, sizes in (("IG", "persons", (5, 21)), ("SG", "samples", (1500, 6500)))
        for n, persons in zip(sizes, (5, 21), strict=True)
    ),
    *(
        grouping(
            f"far {kind}-n-{n}",
            f"far {what}",
            persons,
            True,
            f"the farthest {what} of D_G",
            "control",
        )
        for kind, what, sizes in (("IG", "persons", (5, 21)), ("SG", "samples", (1500, 6500)))
        for n, persons in zip(sizes, (5, 21), strict=True)
    ),
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


# Irreversibility (claims 16, 17, 25): the dose of early shaping against the length of what follows
DOSED = (
    ES_40,
    ES_400,
    ES_5000,
    *(control(dose) for control in (longer, on_another) for dose in (40, 400, 5000)),
)
DOSES = (BASE, again(BASE, 2), again(BASE, 3), *DOSED, *(again(method, 3) for method in DOSED))

# What the papers leave open: how often, how long, how fast (claim 34)
SWEEPS = (
    BASE,
    *(weighing(n_I, f"every {n_I}th batch from D_I") for n_I in ("6", "4")),
    *(weighing(n_I, f"all but every {n_I[2:]}th batch from D_I") for n_I in ("1/2", "1/4", "1/12")),
    SW_12,
    SW_2,
    TL_0,
    *(method for method in V3 if method.family == "transfer learning"),
    *(transfer(late, rate) for rate in (1e-3, 1e-4) for late in (30, 100)),
    *(transfer(late, 3e-4) for late in (10, 30, 100, 300)),
    *(
        transfer(late, rate, optimiser="sgd")
        for rate in (1e-2, 1e-3)
        for late in (10, 30, 100, 300)
    ),
)
# … and one method of each family, to be run under another reading of network or split
READINGS = (BASE, UNION, ES_400, SW_2, TL_0, *(m for m in V3 if m.late == 300 and m.generic))

TABLES = {
    "v3": V3,
    "v1": V1,
    "grouping": GROUPING,
    "doses": DOSES,
    "sweeps": SWEEPS,
    "readings": READINGS,
}
METHODS = tuple(dict.fromkeys(method for table in TABLES.values() for method in table))


def base_of(method: Method) -> Method:
    """The row that v3 counts it from: of what is chosen by likeness, as much at random; of all others, the baseline."""
    random = (
        m for m in METHODS if m.added == "random" and not m.with_own and m.persons == method.persons
    )
    return next(random, BASE) if method.encoded else BASE


def named(*names: str, table: str = "v3") -> tuple[Method, ...]:
    """The methods of these names or families in a table, in its order; KeyError names what is unknown."""
    methods = TABLES[table]
    possible = [*FAMILIES, *(method.name for method in methods)]
    if unknown := set(names) - set(possible):
        raise KeyError(
            f"no method or family {', '.join(sorted(unknown))}; there are: {', '.join(possible)}"
        )
    return tuple(method for method in methods if method.name in names or method.family in names)
