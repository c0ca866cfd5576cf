"""A claim: a sentence, and the tests that decide it. `registry` says how to add one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from perso.claims.hypotheses import Superior
from perso.claims.reading import Reading

KINDS = {
    "effect": "that something changes accuracy",
    "ranking": "an order of methods, or a correlation over them",
    "equality": "that accuracies are equal",
    "premise": "about the data alone",
    "construction": "true by the way methods are built",
    "ours": "about what else one could do; not the papers'",
}


@dataclass(frozen=True)
class Claim:
    """One of the papers' claims, or a claim of the user's own (`claims_of: FILE.py:NAME`).

    number      of the papers' claims, from 1; ours begin at 101; published ledgers identify the
                claim by it, so never reuse a number for another claim; claims of the user's own
                have their own numbers
    says        the claim in our words, one sentence; the papers' own words are at `source`
    tests       what decides the claim, grouped as in `registry`
    kind        one of `KINDS`
    source      paper and place; "ours" for a claim of our own in `CLAIMS`
    printed     the numbers printed there, for readers; "" where there are none
    chapter     the notebook in chapters/ that asks the claim's question, without its suffix; each
                claim in `CLAIMS` has one
    controls    our own tests: displayed beside the verdict, without deciding it
    readings    other readings: how many of them agree is displayed beside the verdict
    epochs      number of epochs that a run must have to test the claim; 0: any
    iterations  fewest iterations of training that a run must have
    """

    number: int
    says: str
    tests: tuple
    kind: str = "effect"
    source: str = "own"
    printed: str = ""
    chapter: str = ""
    controls: tuple = ()
    readings: tuple[Reading, ...] = ()
    epochs: int = 0
    iterations: int = 0


def above(
    methods: Iterable[str], bases: Sequence[str], part: str, of: str = "relative"
) -> tuple[Superior, ...]:
    """Each of the methods above each of the bases."""
    return tuple(Superior(method, base, part, of=of) for method in methods for base in bases)
