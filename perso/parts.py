"""The two test sets of every network: D_I, the individual's own data, and D_G, everybody else's."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One of the two test sets: its columns, its margin and its labels."""

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
PARTS = {part.name: part for part in (D_I, D_G)}
