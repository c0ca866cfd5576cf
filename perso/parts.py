"""The test sets of every network: D_I, the individual's own data, and D_G, everybody else's.

Where samples have contexts there is a third, D_U: the individual's data in the other contexts.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One of the test sets: its columns, its margin and its labels."""

    name: str  # in tables and claims
    # columns of a row
    accuracy: str  # share of the test samples that the network classifies correctly
    size: str  # number of test samples
    hits: str  # one bit per test sample: whether it is classified correctly
    margin: float  # accuracies closer than this are equivalent; a share, fixed beforehand
    phrase: str  # in a sentence
    label: str  # on an axis


D_I = Part(
    "D_I",
    accuracy="acc_I",
    size="n_I",
    hits="hits_I",
    margin=0.005,
    phrase="the individual's own data",
    label="own data, $D_I$",
)
D_G = Part(
    "D_G",
    accuracy="acc_G",
    size="n_G",
    hits="hits_G",
    margin=0.002,
    phrase="everybody else's",
    label="everybody else's, $D_G$",
)
D_U = Part(
    "D_U",
    accuracy="acc_U",
    size="n_U",
    hits="hits_U",
    margin=0.005,
    phrase="the individual's data in other contexts",
    label="own data in other contexts, $D_U$",
)
PARTS = {part.name: part for part in (D_I, D_G)}
ALL_PARTS = PARTS | {"D_U": D_U}
BOTH = "D_I + D_U"  # the sum of two accuracies, in which CRoP counts a gain over both contexts


def margin_of(part: str) -> float:
    """The margin of a part, or of BOTH: that of its two accuracies together."""
    return D_I.margin + D_U.margin if part == BOTH else ALL_PARTS[part].margin


def parts_of(rows) -> dict[str, Part]:
    """The parts that rows (a table with the columns of `sqlite.ROW`) were tested on, by name.

    D_I comes first, then D_U where there is one.
    """
    tested_elsewhere = D_U.accuracy in rows and rows[D_U.accuracy].notna().any()
    between = {"D_U": D_U} if tested_elsewhere else {}
    return {"D_I": D_I} | between | {"D_G": D_G}
