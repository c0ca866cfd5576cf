"""The methods of every table. ADD A METHOD HERE: one `Method` in one of the tuples of `TABLES`."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from perso.errors import InputError
from perso.methods import baselines, contexts, enrolled, recurrent
from perso.methods.kinds import (
    data_grouping,
    early_on_another,
    early_shaping,
    longer_baseline,
    rate_text,
    sample_weighing,
    transfer_control,
    transfer_learning,
    with_more_epochs,
)
from perso.methods.method import BASELINE, FAMILIES, OWN, Method, Phase
from perso.own_code import is_reference, own_object

BASE = Method(BASELINE, "baseline", "D_G and another individual's D_I'", global_extra="other")
UNION = Method(
    "own data in the union", "control", "D_G and the own D_I, nothing weighed", global_extra="own"
)
TL_0 = Method(
    "TL-n-0",
    "control",
    "the generic network: D_G alone, no individual's data",
    start="generic",
    phases=(),
)
ES_40, ES_400, ES_5000 = (early_shaping(dose) for dose in (40, 400, 5000))
SW_12 = sample_weighing("12", "every 12th batch from D_I")
SW_2 = sample_weighing("2", "every 2nd batch from D_I")
SW_8TH = sample_weighing("1/8", "all but every 8th batch from D_I")

COMBINED = tuple(
    Method(
        f"ES-n-400 + SW-n-12 + TL-n-{late} (1e-4)",
        "combined shaping",
        f"400 iterations on D_I, then every 12th batch, then {late} iterations on D_I",
        phases=(Phase("I", 400), Phase("12", epochs=1), Phase("I", late, rate=1e-4)),
    )
    for late in (10, 300)
)

# v3 adds as much as 5 or 21 of the 100 people in D_G have: about 1,500 or 6,500 images
RANDOM_ROWS = tuple(
    data_grouping(
        f"BaseLine-n-{n}",
        "random",
        percent,
        f"images of D_G at random, as many as {percent} of 100 persons have",
        with_own=False,
    )
    for n, percent in ((1500, 5), (6500, 21))
)
RANDOM_WITH_OWN = tuple(
    data_grouping(
        f"BaseLine-n-{n} with D_I",
        "random",
        percent,
        "as much of D_G at random",
        family="control",
        refines=f"BaseLine-n-{n}",
    )
    for n, percent in ((1500, 5), (6500, 21))
)
NEAR_PERSONS = tuple(
    data_grouping(f"IG-n-{n}", "near persons", n, f"the nearest persons of D_G, {n} of 100")
    for n in (5, 21)
)
NEAR_SAMPLES = tuple(
    data_grouping(f"SG-n-{n}", "near samples", percent, "as many of its nearest images in D_G")
    for n, percent in ((1500, 5), (6500, 21))
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
    transfer_learning(10, 1e-3),
    transfer_learning(300, 1e-3),
    transfer_learning(10, 1e-4),
    transfer_learning(300, 1e-4),
    *COMBINED,
    *RANDOM_ROWS,
    *RANDOM_WITH_OWN,
    *NEAR_PERSONS,
    *NEAR_SAMPLES,
)

# v3's shaping at any length of training: doses are as large a share of it as v3's were of 3,300
# iterations
SMALL_RATE = 1e-4
RELATIVE = (
    BASE,
    UNION,
    longer_baseline(0.012),
    longer_baseline(0.12),
    early_on_another(0.12),
    early_shaping(0.012),
    early_shaping(0.12),
    SW_12,
    SW_2,
    Method(
        f"SW-n-2, then 9 % ({rate_text(SMALL_RATE)})",
        "control",
        "every 2nd batch from D_I, then the same for 9 % of the iterations of all epochs "
        f"at learning rate {rate_text(SMALL_RATE)}",
        start=SW_2,
        phases=(Phase("2", epochs=0.09, rate=SMALL_RATE),),
    ),
    TL_0,
    *(transfer_learning(late, rate) for rate in (1e-3, SMALL_RATE) for late in (0.003, 0.09)),
    *(
        transfer_control(late, rate, draws)
        for draws in ("I", "G")
        for late, rate in ((0.09, 1e-3), (0.003, SMALL_RATE), (0.09, SMALL_RATE))
    ),
)

# v1's Table 2, with v1's optimiser, learning rates and numbers of iterations
V1 = (
    BASE,
    UNION,
    longer_baseline(500),
    longer_baseline(5000),
    early_shaping(500),
    ES_5000,
    SW_2,
    SW_8TH,
    sample_weighing("0.88", "one reading of v1's 88: all but every 25th batch from D_I"),
    TL_0,
    transfer_learning(20, 1e-2),
    transfer_learning(200, 1e-2),
)

# Data grouping in full (claims 8 to 12): also without D_I, and with the farthest, not the nearest
KINDS = (
    ("IG-n-5", "persons", 5),
    ("IG-n-21", "persons", 21),
    ("SG-n-1500", "samples", 5),
    ("SG-n-6500", "samples", 21),
)
GROUPING = (
    BASE,
    SW_2,
    *(method for method in V3 if method.enlarged_by),
    *(
        data_grouping(
            f"{name} without D_I",
            f"near {what}",
            percent,
            f"its nearest {what} in D_G",
            with_own=False,
        )
        for name, what, percent in KINDS
    ),
    *(
        data_grouping(
            f"far {name}",
            f"far {what}",
            percent,
            f"the farthest {what} of D_G",
            family="control",
        )
        for name, what, percent in KINDS
    ),
)

# Irreversibility (claims 16, 17, 25): the dose of early shaping against the epochs that follow
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

# What the papers leave open (claim 34): n_I, number of late iterations, learning rate, optimiser
SWEEPS = (
    BASE,
    sample_weighing("6", "every 6th batch from D_I"),
    sample_weighing("4", "every 4th batch from D_I"),
    sample_weighing("1/2", "all but every 2nd batch from D_I"),
    sample_weighing("1/4", "all but every 4th batch from D_I"),
    sample_weighing("1/12", "all but every 12th batch from D_I"),
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

# One method of each family, to train under another reading of the network or the split
READINGS = (
    BASE,
    UNION,
    ES_400,
    SW_2,
    TL_0,
    transfer_learning(300, 1e-3),
    transfer_learning(300, 1e-4),
)

# What else one could do, beside the papers' methods and the controls of the same length
BASELINES = (
    *(
        method
        for method in RELATIVE
        if method.family != "control"
        or method.name.startswith(("BaseLine + 12", "TL-n-0", "TL 9 % on"))
    ),
    *baselines.ALL,
)

# Networks for sequences of individual users, and prune and mix where a person has contexts
RECURRENT = (BASE, TL_0, *recurrent.ALL)
CONTEXTS = (BASE, TL_0, *contexts.ALL)
# Networks that forwarded samples make personal, and whether they find what is put in
ENROLLED = (BASE, TL_0, *enrolled.ALL)
PLANTED = (BASE, TL_0, *enrolled.PLANTED)

TABLES = {
    "v3": V3,
    "relative": RELATIVE,
    "v1": V1,
    "grouping": GROUPING,
    "doses": DOSES,
    "sweeps": SWEEPS,
    "readings": READINGS,
    "baselines": BASELINES,
    "recurrent": RECURRENT,
    "contexts": CONTEXTS,
    "enrolled": ENROLLED,
    "planted": PLANTED,
}
# tables whose methods are not compared with v3's baseline, and the one that they are compared with
OWN_BASE = {
    "recurrent": TL_0,
    "contexts": TL_0,
    "enrolled": enrolled.NOBODY,
    "planted": enrolled.NOBODY,
}
METHODS = tuple(dict.fromkeys(method for table in TABLES.values() for method in table))
FAMILY_OF = {method.name: method.family for method in METHODS}

# the name of the same method on the person's own data, by that of a control on another person's;
# None where there is none
_BY_NUMBERS = {method.unnamed: method.name for method in METHODS}
ON_OWN = {
    control.name: _BY_NUMBERS.get(replace(control.unnamed, individual_data="own"))
    for control in METHODS
    if control.individual_data == "other"
}


def are_reordered(one: str, other: str) -> bool:
    """Whether two methods, by name, make the same networks of a cohort, each for another person.

    They do if they differ only in whose data D_I is, the person's own or those of the next person
    of the cohort (a cycle): by one of them person i has the network that person i + 1 has by the
    other, up to initial weights and the order of batches. So their means on D_G cannot differ.
    """
    return ON_OWN.get(one) == other or ON_OWN.get(other) == one


def baseline_of(method: Method) -> Method:
    """The row that v3 compares a method with.

    For methods that choose by similarity it is the row that adds as much at random, without D_I;
    for all others it is the baseline.
    """
    if not method.needs_encoder:
        return BASE
    return next((row for row in RANDOM_ROWS if row.percent == method.percent), BASE)


def base_of_table(rows_of: str) -> str:
    """The name of the method that the others of a table are compared with."""
    return OWN_BASE[rows_of].name if rows_of in OWN_BASE else BASELINE


def methods_of(rows_of: str) -> tuple[Method, ...]:
    """The methods of a table, by its name in `TABLES` or as FILE.py:NAME of the user's own.

    The baseline comes first: an own table has it without naming it. InputError where the file does
    not hold methods.
    """
    if not is_reference(rows_of):
        return TABLES[rows_of]
    found = own_object("rows_of", rows_of)
    methods = tuple(found) if isinstance(found, list | tuple) else (found,)
    if wrong := fault_of_table(methods):
        raise InputError(f"rows_of: {rows_of} {wrong}")
    return methods if BASE in methods else (BASE, *methods)


def fault_of_table(methods: Iterable[Method]) -> str:
    """What is wrong with the methods of a table; "" for a right one."""
    methods = tuple(methods)
    others = [type(each).__name__ for each in methods if not isinstance(each, Method)]
    if "tuple" in others:
        return "holds a tuple within the tuple; write * before its name"
    if others or not methods:
        holds = f"a {others[0]}" if others else "nothing"
        return f"holds {holds}; needed is a Method or a tuple of them"
    names = [method.name for method in methods if method != BASE]
    if BASELINE in names:
        return (
            f"has a method named {BASELINE!r} that is not the papers'; rename it, or import BASE "
            "from perso.methods.registry"
        )
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        return f"has two methods named {twice[0]!r}; rename one"
    return ""


def named(*names: str, table: str = "v3") -> tuple[Method, ...]:
    """The methods of a table that have one of these names or families, in the table's order.

    KeyError names what is unknown, and what there is.
    """
    methods = methods_of(table)
    possible = [*FAMILIES, OWN, *(method.name for method in methods)]
    if unknown := set(names) - set(possible):
        raise KeyError(
            f"no method or family {', '.join(sorted(unknown))}; there are: {', '.join(possible)}"
        )
    return tuple(method for method in methods if method.name in names or method.family in names)


for _name, _table in TABLES.items():  # the package's own, as soon as it is imported
    if _wrong := fault_of_table(_table):
        raise ValueError(f"methods: the table {_name!r} {_wrong}")
