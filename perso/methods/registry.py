"""Every row of the study as one record: whose data trains the network, when, and how often.

To add a method of this kind, add one `Method` to a table of `TABLES`; it then stands in every table and figure.
"""

from perso.methods.method import (
    BASELINE,
    FAMILIES,
    Method,
    data_grouping,
    early_on_another,
    early_shaping,
    longer_baseline,
    sample_weighing,
    transfer_learning,
    with_more_epochs,
)

TL_10 = (0.982, 0.027, 0.851, 1.0, 0.98, 0.001, 0.974, 0.982)
TL_300 = (0.983, 0.025, 0.859, 1.0, 0.979, 0.002, 0.964, 0.983)
RANDOM = "as much of D_G at random"

BASE = Method(
    BASELINE,
    "baseline",
    "D_G and another individual's D_I'",
    global_extra="other",
    paper=(0.98, 0.027, 0.86, 1.0, 0.979, 0.002, 0.971, 0.983),
    v1_counts=(0.9102, 0.0574, 0.7444, 0.9889, 0.9215, 0.003, 0.9117, 0.9289, 1.0),
    v1_factors=(0.9617, 0.0342, 0.8509, 1.0, 0.9571, 0.003, 0.9475, 0.9644, 1.0),
)
UNION = Method(
    "own data in the union", "control", "D_G and the own D_I, nothing weighed", global_extra="own"
)
TL_0 = Method("TL-n-0", "control", "the generic model: D_G alone, nobody's data")
ES_40 = early_shaping(40, paper=(0.981, 0.031, 0.82, 1.0, 0.979, 0.002, 0.971, 0.982))
ES_400 = early_shaping(400, paper=(0.983, 0.027, 0.859, 1.0, 0.98, 0.001, 0.977, 0.982))
ES_5000 = early_shaping(
    5000,
    v1_counts=(0.9103, 0.0551, 0.7333, 0.9889, 0.9188, 0.0037, 0.9038, 0.9275, 1.0),
    v1_factors=(0.9626, 0.0388, 0.8421, 1.0, 0.958, 0.0024, 0.9459, 0.9623, 1.0),
)
SW_12 = sample_weighing(
    "12", "every 12th batch from D_I", paper=(0.98, 0.021, 0.904, 1.0, 0.971, 0.007, 0.951, 0.981)
)
SW_2 = sample_weighing(
    "2",
    "every 2nd batch from D_I",
    paper=(0.984, 0.017, 0.92, 1.0, 0.968, 0.009, 0.946, 0.979),
    v1_counts=(0.9247, 0.0485, 0.7667, 1.0, 0.9176, 0.0055, 0.8935, 0.9269, 0.99),
    v1_factors=(0.9768, 0.025, 0.9009, 1.0, 0.9568, 0.0032, 0.9432, 0.9632, 0.99),
)
SW_8TH = sample_weighing(
    "1/8",
    "all but every 8th batch from D_I",
    v1_counts=(0.9542, 0.0398, 0.8333, 1.0, 0.8227, 0.0485, 0.6045, 0.8899, 1.0),
    v1_factors=(0.9729, 0.0256, 0.8829, 1.0, 0.9338, 0.0048, 0.9166, 0.9424, 1.0),
)

# v3's Table I with our controls
V3 = (
    BASE,
    UNION,
    longer_baseline(400),
    early_on_another(400),
    ES_40,
    ES_400,
    SW_12,
    SW_2,
    TL_0,
    transfer_learning(10, 1e-3, TL_10),
    transfer_learning(300, 1e-3, TL_300),
    transfer_learning(10, 1e-4, TL_10),
    transfer_learning(300, 1e-4, TL_300),
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
    data_grouping(
        "BaseLine-n-1500",
        "random",
        5,
        False,
        "images of D_G at random, as many as 5 of 100 persons have",
        paper=(0.975, 0.022, 0.884, 1.0, 0.962, 0.004, 0.949, 0.969),
    ),
    data_grouping(
        "BaseLine-n-6500",
        "random",
        21,
        False,
        "images of D_G at random, as many as 21 of 100 persons have",
        paper=(0.975, 0.02, 0.929, 1.0, 0.965, 0.003, 0.956, 0.969),
    ),
    data_grouping(
        "BaseLine-n-1500 with D_I", "random", 5, True, RANDOM, "control", refines="BaseLine-n-1500"
    ),
    data_grouping(
        "BaseLine-n-6500 with D_I", "random", 21, True, RANDOM, "control", refines="BaseLine-n-6500"
    ),
    data_grouping(
        "IG-n-5",
        "near persons",
        5,
        True,
        "the nearest persons of D_G, 5 of 100",
        paper=(0.978, 0.018, 0.931, 1.0, 0.961, 0.004, 0.942, 0.969),
    ),
    data_grouping(
        "IG-n-21",
        "near persons",
        21,
        True,
        "the nearest persons of D_G, 21 of 100",
        paper=(0.977, 0.019, 0.922, 1.0, 0.964, 0.003, 0.949, 0.969),
    ),
    data_grouping(
        "SG-n-1500",
        "near samples",
        5,
        True,
        "its nearest images in D_G, as many",
        paper=(0.979, 0.018, 0.897, 1.0, 0.962, 0.003, 0.95, 0.966),
    ),
    data_grouping(
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
    longer_baseline(500),
    longer_baseline(5000),
    early_shaping(
        500,
        v1_counts=(0.9113, 0.0588, 0.6889, 1.0, 0.9182, 0.0034, 0.9065, 0.9241, 1.0),
        v1_factors=(0.965, 0.0359, 0.8421, 1.0, 0.9581, 0.0021, 0.9508, 0.9622, 1.0),
    ),
    ES_5000,
    SW_2,
    SW_8TH,
    sample_weighing("0.88", "v1's 88 as it may be meant: all but every 25th batch from D_I"),
    TL_0,
    transfer_learning(
        20,
        1e-2,
        v1_counts=(0.9556, 0.0377, 0.8333, 1.0, 0.7369, 0.078, 0.5031, 0.8796, 0.01),
        v1_factors=(0.9747, 0.0243, 0.8917, 1.0, 0.9396, 0.0174, 0.8768, 0.9559, 0.01),
    ),
    transfer_learning(
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
    *(method for method in V3 if method.enlarged_by),
    *(
        data_grouping(
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
        data_grouping(
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


# Irreversibility (claims 16, 17, 25): the dose of early shaping against the length of what follows
DOSED = (
    ES_40,
    ES_400,
    ES_5000,
    *(control(dose) for control in (longer_baseline, early_on_another) for dose in (40, 400, 5000)),
)
DOSES = (
    BASE,
    with_more_epochs(BASE, 2),
    with_more_epochs(BASE, 3),
    *DOSED,
    *(with_more_epochs(method, 3) for method in DOSED),
)

# What the papers leave open: how often, how long, how fast (claim 34)
SWEEPS = (
    BASE,
    *(sample_weighing(n_I, f"every {n_I}th batch from D_I") for n_I in ("6", "4")),
    *(
        sample_weighing(n_I, f"all but every {n_I[2:]}th batch from D_I")
        for n_I in ("1/2", "1/4", "1/12")
    ),
    SW_12,
    SW_2,
    TL_0,
    *(method for method in V3 if method.family == "transfer learning"),
    *(transfer_learning(late, rate) for rate in (1e-3, 1e-4) for late in (30, 100)),
    *(transfer_learning(late, 3e-4) for late in (10, 30, 100, 300)),
    *(
        transfer_learning(late, rate, optimiser="sgd")
        for rate in (1e-2, 1e-3)
        for late in (10, 30, 100, 300)
    ),
)
# … and one method of each family, to be run under another reading of network or split
READINGS = (BASE, UNION, ES_400, SW_2, TL_0, *(m for m in V3 if m.late == 300 and m.from_generic))

TABLES = {
    "v3": V3,
    "v1": V1,
    "grouping": GROUPING,
    "doses": DOSES,
    "sweeps": SWEEPS,
    "readings": READINGS,
}
METHODS = tuple(dict.fromkeys(method for table in TABLES.values() for method in table))


def baseline_of(method: Method) -> Method:
    """The row that v3 counts it from: of what is chosen by likeness, as much at random; of all others, the baseline."""
    random = (
        m
        for m in METHODS
        if m.enlarged_by == "random" and not m.with_own and m.percent == method.percent
    )
    return next(random, BASE) if method.needs_encoder else BASE


def named(*names: str, table: str = "v3") -> tuple[Method, ...]:
    """The methods of these names or families in a table, in its order; KeyError names what is unknown."""
    methods = TABLES[table]
    possible = [*FAMILIES, *(method.name for method in methods)]
    if unknown := set(names) - set(possible):
        raise KeyError(
            f"no method or family {', '.join(sorted(unknown))}; there are: {', '.join(possible)}"
        )
    return tuple(method for method in methods if method.name in names or method.family in names)
