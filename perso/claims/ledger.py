"""Claims and evidence → verdicts, and ledgers as files. How a verdict is reached stands in `verdict`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from perso.claims.evidence import Evidence, Missing
from perso.claims.finding import MIN_PEOPLE, Finding, correct, placeholder
from perso.claims.hypotheses import Equivalent
from perso.claims.registry import CLAIMS, Claim
from perso.settings import Settings
from perso.store.published import provenance

VERDICTS = ("REPRODUCED", "EQUIVALENT", "CONTRADICTED", "UNDECIDED", "NOT RUN")
SCALES = ("smoke", "quick", "standard", "paper")  # by size; a smoke run decides nothing
NARROWEST = 0.25  # width of a network that decides something
LARGER = "a run of quick size or larger"  # what every claim lacks in a smoke run


@dataclass(frozen=True)
class Verdict:
    """What one scale says of a claim."""

    claim: Claim
    verdict: str  # one of VERDICTS
    findings: tuple[Finding, ...]  # of the claim's own tests, in their order
    controls: tuple[Finding, ...]
    missing: tuple[str, ...]  # what the scale lacks
    needs: int  # people that a test lacked; 0: enough were there
    author: (
        bool | None
    )  # the papers' way: right sign, t-test below .1, uncorrected; None for a claim of other tests


@dataclass(frozen=True)
class Ledger:
    """All claims at one scale."""

    provenance: dict  # of the rows of Table I (`published.provenance`), and `scale_of`
    verdicts: tuple[Verdict, ...]
    file: str = ""  # folder and file of a published one


def groups_of(claim: Claim) -> list[tuple]:
    """The claim's tests: all groups must speak for it, of each group any test."""
    return [test if isinstance(test, tuple) else (test,) for test in claim.tests]


def tests_of(claim: Claim) -> list:
    """The claim's tests, each once."""
    return list(dict.fromkeys(test for group in groups_of(claim) for test in group))


def test_claim(claim: Claim, evidence: Evidence) -> Verdict:
    """Every test of a claim, corrected within its families, and the verdict."""
    own = tests_of(claim)
    found, missing = {}, {}
    for test in dict.fromkeys((*own, *claim.family, *claim.controls)):
        try:
            if claim.epochs not in (0, evidence.study.settings.epochs):
                raise Missing(f"a run of {claim.epochs} epochs")
            found[test] = test.find(evidence)
        except Missing as lack:
            missing[test] = lack
    lost = [placeholder(test) for test in missing if getattr(test, "family", "")]
    judged = dict(zip(found, correct([*found.values(), *lost]), strict=False))
    for group in groups_of(claim):
        if any(judged[test].outcome == "for" for test in group if test in judged):
            judged |= {
                test: replace(judged[test], settled=True) for test in group if test in judged
            }
    outcomes = [
        [judged[test].outcome if test in judged else "missing" for test in group]
        for group in groups_of(claim)
    ]
    needs = max((judged[test].more.get("needs", 0) for test in own if test in judged), default=0)
    equality = all(isinstance(test, Equivalent) for test in own)
    reached = verdict(outcomes, equality)
    lacks = lacking([missing[test] for test in own if test in missing])
    if scale_of(evidence.study.asked) == "smoke" and reached != "NOT RUN":
        reached = "UNDECIDED"
        lacks = (LARGER, *lacks)
    return Verdict(
        claim,
        reached,
        tuple(judged[test] for test in own if test in judged),
        tuple(judged[test] for test in claim.controls if test in judged),
        lacks,
        needs,
        author(claim, judged),
    )


def lacking(missing: Sequence[Missing]) -> tuple[str, ...]:
    """What is missing, a line per run."""
    by_run: dict[str, dict] = {}
    for each in missing:
        by_run.setdefault(each.run, {}).update(dict.fromkeys(each.what))
    return tuple(f"{run}: {', '.join(what)}" if what else run for run, what in by_run.items())


def author(claim: Claim, judged: Mapping) -> bool | None:
    """Whether of every group one would be significant to the papers; None unless all are paired tests."""
    groups = [
        [judged[test].author if test in judged else None for test in group]
        for group in groups_of(claim)
    ]
    return None if any(None in group for group in groups) else all(any(group) for group in groups)


def verdict(outcomes: Sequence[Sequence[str]], equality: bool = False) -> str:
    """One of VERDICTS from outcomes, group by group; a group speaks for the claim when any of its tests does.

    CONTRADICTED when one group does so in all its tests; NOT RUN when one lacks what could have decided it;
    REPRODUCED, or EQUIVALENT if the claim is of equalities alone, when all groups speak for it; else UNDECIDED.
    """
    groups = []
    for group in outcomes:
        rank = [word for word in ("for", "missing", "few", "open", "against") if word in group]
        groups.append(rank[0])
    if "against" in groups:
        return "CONTRADICTED"
    if "missing" in groups:
        return "NOT RUN"
    if all(group == "for" for group in groups):
        return "EQUIVALENT" if equality else "REPRODUCED"
    return "UNDECIDED"


def make_ledger(evidence: Evidence, claims: Iterable[Claim] = CLAIMS, params: str = "") -> Ledger:
    """All claims at the scale of this evidence. `params`: name of its params file."""
    verdicts = tuple(test_claim(claim, evidence) for claim in claims)
    told = provenance(evidence.study, evidence.rows(evidence.own or "v3"), params)
    return Ledger(
        told | {"scale": scale_of(evidence.study.asked), "files": sorted(evidence.files)}, verdicts
    )


def scale_of(settings: Settings) -> str:
    """How large a run is, one of SCALES: paper has the papers' network on at least 50 people.

    Smoke has fewer people than any test can decide from (`finding.MIN_PEOPLE`), or a network narrower
    than quick's.
    """
    if settings.individuals < MIN_PEOPLE or settings.width < NARROWEST:
        return "smoke"
    if settings.image_size >= 32 and settings.width >= 1 and settings.individuals >= 50:
        return "paper"
    return "standard" if settings.image_size >= 16 else "quick"


def deciding(ledgers: Sequence[Ledger]) -> list[tuple[Ledger, Verdict]]:
    """For every claim the ledger of the largest scale that could test it, and what it says; the first, if none could.

    Of two ledgers of one scale, the one with more people; of as many, the one that is named first. A
    smoke ledger is taken only where no other one could test the claim; its verdicts are UNDECIDED
    (see `test_claim`).
    """
    by_size = sorted(ledgers, key=rank, reverse=True)
    found = []
    for place in range(len(CLAIMS)):
        ran = (each for each in by_size if each.verdicts[place].verdict != "NOT RUN")
        one = next(ran, ledgers[0])
        found.append((one, one.verdicts[place]))
    return found


def rank(one: Ledger) -> tuple[int, int]:
    """What two ledgers are compared by: the place of the scale in SCALES, then the number of people."""
    return SCALES.index(one.provenance["scale"]), one.provenance["people"]
