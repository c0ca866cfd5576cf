"""Other readings of what the papers leave open.

A reading replaces names of methods and runs in the tests of a claim.
"""

from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import combinations

from perso.methods.method import BASELINE

# v3's random baselines of data grouping, and our controls that contain D_I as well
RANDOM_GROUPING = ("BaseLine-n-1500", "BaseLine-n-6500")
WITH_OWN = ("BaseLine-n-1500 with D_I", "BaseLine-n-6500 with D_I")


@dataclass(frozen=True)
class Reading:
    """Another reading of what the papers leave open, under which the tests can be run as well.

    name      in words
    methods   (name in the claim's tests, name under this reading), …; the second is "" where no
              row has this reading, and tests of such a method are left out
    runs      the same for runs, of `evidence.RUN_NAMES`
    """

    name: str
    methods: tuple[tuple[str, str], ...]
    runs: tuple[tuple[str, str], ...] = ()

    def read(self, test):
        """The test under this reading; None where it is left out."""
        if not is_dataclass(test):
            return test
        names = dict(self.methods + self.runs)
        changed = {
            each.name: renamed(getattr(test, each.name), names)
            for each in fields(test)
            if isinstance(getattr(test, each.name), str | tuple)
        }
        return (
            None
            if any("" in texts(value) for value in changed.values())
            else replace(test, **changed)
        )

    def then(self, other: "Reading") -> "Reading":
        """Both readings at once."""
        return Reading(
            f"{self.name}, {other.name}",
            chained(self.methods, other.methods),
            chained(self.runs, other.runs),
        )


def renamed(value, names: dict[str, str]):
    """A text, or a tuple with texts in it, under the names of a reading."""
    if isinstance(value, tuple):
        return tuple(renamed(each, names) for each in value)
    return names.get(value, value) if isinstance(value, str) else value


def texts(value) -> list[str]:
    """The texts in a value, in a list."""
    if isinstance(value, tuple):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []


def chained(first: tuple, second: tuple) -> tuple:
    """Renaming by `first`, then by `second`, as pairs."""
    pairs = dict(second) | {old: dict(second).get(new, new) for old, new in first}
    return tuple(pairs.items())


def readings(*single: Reading) -> tuple[Reading, ...]:
    """The readings one by one, and all their combinations."""
    found = []
    for size in range(1, len(single) + 1):
        for first, *others in combinations(single, size):
            for other in others:
                first = first.then(other)
            found.append(first)
    return tuple(found)


# --- the readings of the papers' claims


HIGH_RATE = Reading(
    "rate 1e-3",
    methods=(
        ("TL 0.3 % (1e-4)", "TL 0.3 % (1e-3)"),
        ("TL 9 % (1e-4)", "TL 9 % (1e-3)"),
        ("TL 9 % on D_G (1e-4)", "TL 9 % on D_G (1e-3)"),
        ("TL 0.3 % on D_G (1e-4)", ""),
        ("TL-n-300 (1e-4)", "TL-n-300 (1e-3)"),
    ),
)
ABSOLUTE = Reading(
    "absolute doses",
    methods=(
        ("ES 1.2 %", "ES-n-40"),
        ("ES 12 %", "ES-n-400"),
        ("BaseLine + 1.2 %", ""),
        ("BaseLine + 12 %", "BaseLine + 400 iterations"),
        ("TL 0.3 % (1e-4)", "TL-n-10 (1e-4)"),
        ("TL 0.3 % (1e-3)", "TL-n-10 (1e-3)"),
        ("TL 9 % (1e-4)", "TL-n-300 (1e-4)"),
        ("TL 9 % (1e-3)", "TL-n-300 (1e-3)"),
        ("TL 0.3 % on D_G (1e-4)", ""),
        ("TL 9 % on D_G (1e-4)", ""),
        ("TL 9 % on D_G (1e-3)", ""),
    ),
    runs=(("relative", "v3"),),
)
BASELINE_WITH_OWN = Reading(
    "baseline with own data",
    methods=(
        (BASELINE, "own data in the union"),
        *zip(RANDOM_GROUPING, WITH_OWN, strict=True),
    ),
)
