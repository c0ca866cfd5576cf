"""Recurrent networks for individual users: what to compare with what, and the networks' sizes.

`rows` have the columns of `sqlite.ROW`, of the table `recurrent` (chapter 22).
"""

from collections.abc import Sequence

import pandas as pd

from perso.analysis import changes
from perso.analysis.effects import MethodPair
from perso.methods.recurrent import EMBEDDINGS, FINE_TUNING, PLACES, SAME_SIZE, USER_HEADS
from perso.methods.registry import named
from perso.parts import parts_of
from perso.store.published import Published
from perso.study import jobs
from perso.study.study import Study
from perso.training import flops

GENERIC = "TL-n-0"
FAST = "TL-n-200 (1e-3)"
ON_D_G = "TL-n-200 on D_G (1e-3)"
ON_ANOTHER = "TL-n-200 on another person (1e-3)"
GENTLER = (
    "TL-n-200 (3e-4)",
    "TL-n-200 (1e-4)",
    "last block, 200 iterations",
    "head only, 200 iterations",
    "L2-SP 0.1, 200 iterations",
    "WiSE-FT 0.5, 200 iterations",
    "replay, 200 iterations",
)
SHARES = {"TL on 10 % of D_I": 10, "TL on 30 % of D_I": 30, "TL on 50 % of D_I": 50, FAST: 100}

# The control beside an embedding, by the end of its name: in what the fitted row differs from it
ROW_CONTROLS = {
    ", not fitted": "a fitted row, not that of an unknown person",
    ", shuffled": "trained with D_G's people, not with shuffled ones",
    ", another's row": "a row fitted on D_I, not on D_I'",
}
# the same controls by the key of their texts
CONTROL_KEYS = {
    "unknown": ", not fitted",
    "another": ", another's row",
    "shuffled": ", shuffled",
}
AGAINST_GENERIC = tuple(
    MethodPair(method.name, GENERIC, method.meaning) for method in (*EMBEDDINGS, SAME_SIZE)
)
AGAINST_CONTROLS = tuple(
    MethodPair(f"user {place}", f"user {place}{end}", differs)
    for end, differs in ROW_CONTROLS.items()
    for place in PLACES
)
SAME_NUMBERS = (MethodPair("user gates", SAME_SIZE.name, "D_G's people known, and a fitted row"),)
OF_FINE_TUNING = (
    MethodPair(FAST, GENERIC, "200 iterations on D_I"),
    MethodPair(FAST, ON_ANOTHER, "own data, not another person's"),
    MethodPair(FAST, ON_D_G, "own data, not D_G"),
    MethodPair(ON_D_G, GENERIC, "200 more iterations on D_G"),
    *(MethodPair(method, FAST, "a way to forget less") for method in GENTLER),
)
OF_HEADS = tuple(MethodPair(method.name, GENERIC, method.meaning) for method in USER_HEADS)
# the tutorial's three ways, beside a control where there is one, by the key of their texts
OF_ANSWER = {
    "tuned": MethodPair(FAST, GENERIC, "fine-tuning of all weights"),
    "tuned_own": MethodPair(FAST, ON_ANOTHER, "fine-tuning: own data, not another person's"),
    "gates": MethodPair("user gates", GENERIC, "a user embedding at the gates"),
    "gates_users": MethodPair(
        "user gates", "user gates, shuffled", "embedding: people known apart, not shuffled"
    ),
    "head": MethodPair("user head 1", GENERIC, "a second head that names the user"),
}
OF_PROSE = OF_ANSWER | {
    "tuned_general": MethodPair(FAST, ON_D_G, "own data, not D_G"),
    "more": MethodPair(ON_D_G, GENERIC, "200 more iterations on D_G"),
    "size": SAME_NUMBERS[0],
}
# in the front: fine-tuning on all of D_I
IN_FRONT = (
    *named(GENERIC, table="recurrent"),
    *(each for each in FINE_TUNING if not each.held_out),
)
SIZED = (
    GENERIC,
    FAST,
    "head only, 200 iterations",
    *(f"user {place}" for place in PLACES),
    SAME_SIZE.name,
    "user head 1",
    "user head 1, fed",
)


def runs_on_same_data(runs: Sequence[Published]) -> list[Published]:
    """The runs whose data set is that of the first one."""
    data = runs[0].provenance["settings"]["dataset"]
    return [run for run in runs if run.provenance["settings"]["dataset"] == data]


def place_of(method: str) -> str:
    """The place of a user embedding by the method's name: "user gates, shuffled" → gates."""
    return method.removeprefix("user ").split(",")[0]


def data_curve(rows: pd.DataFrame) -> pd.DataFrame:
    """Changes by fine-tuning on a part of D_I against the generic network: a line per share.

    The index is the share in percent. Columns are pairs (part, change | low | high); shares.
    """
    there = set(rows["method"])
    lines = {}
    for name, percent in SHARES.items():
        if not {name, GENERIC} <= there:
            continue
        found = {part: changes.change(rows, name, GENERIC, part) for part in parts_of(rows)}
        lines[percent] = {
            (part, column): value
            for part, each in found.items()
            for column, value in zip(
                ("change", "low", "high"), (each.mean, each.low, each.high), strict=True
            )
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def network_weights(study: Study) -> pd.DataFrame:
    """How many weights the networks of a study's first fold have: a line per method of SIZED.

    weights   of the network that people share
    person    those that are trained, and so stored, for a new person
    """
    generic = jobs.recipe(study.data)
    lines = {}
    for method in named(*SIZED, table="recurrent"):
        how = jobs.user_recipe(generic, study.folds[0], method.of_users)
        trained = [(phase.trains, phase.statistics) for phase in method.phases]
        own_row = method.of_users.embedding if method.of_users and method.phases else None
        lines[method.name] = {
            "weights": flops.network_sizes(how)["parameters"],
            # of the table of rows a person has one
            "person": own_row or flops.changed_numbers(how, trained),
        }
    return pd.DataFrame.from_dict(lines, orient="index")
