"""The verdict on each claim, from its tests. The rule is in `verdict`."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import pandas as pd

from perso.claims.evidence import Evidence, Missing
from perso.claims.finding import FEWEST_PEOPLE, Finding, correct, placeholder
from perso.claims.hypotheses import Equivalent
from perso.claims.registry import CLAIMS, Claim
from perso.errors import InputError
from perso.settings import Settings
from perso.store.published import provenance
from perso.store.sqlite import ROW

VERDICTS = ("REPRODUCED", "EQUIVALENT", "CONTRADICTED", "UNDECIDED", "NOT RUN")
SCALES = ("smoke", "quick", "standard", "paper")  # the smallest first; a smoke run decides nothing
NARROWEST = 0.25  # network width below which a run decides nothing
LARGER = "a run of quick size or larger"  # what is missing for every claim in a smoke run


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim at one scale.

    verdict    one of `VERDICTS`
    findings   of the claim's own tests, in their order
    controls   findings of its controls
    missing    descriptions of the missing data
    needs      number of people that a test needs, where there are fewer; 0: there are enough
    author     whether the claim holds by the papers' criterion (right sign, uncorrected t-test
               below .1); None for a claim whose tests are not all paired
    """

    claim: Claim
    verdict: str
    findings: tuple[Finding, ...]
    controls: tuple[Finding, ...]
    missing: tuple[str, ...]
    needs: int
    author: bool | None


@dataclass(frozen=True)
class Ledger:
    """The verdicts on all claims at one scale.

    provenance   where the rows come from (`published.provenance`), with the scale and the files
    file         folder and name of a published ledger; "" for this book's own run
    """

    provenance: dict
    verdicts: tuple[Verdict, ...]
    file: str = ""


def groups_of(claim: Claim) -> list[tuple]:
    """The claim's tests in groups: every group must support it, by at least one of its tests."""
    return [test if isinstance(test, tuple) else (test,) for test in claim.tests]


def tests_of(claim: Claim) -> list:
    """The claim's tests, each of them once."""
    return list(dict.fromkeys(test for group in groups_of(claim) for test in group))


def all_tests_of(claim: Claim) -> list:
    """The claim's own tests, the others of their families, and its controls, each of them once."""
    return list(dict.fromkeys((*tests_of(claim), *claim.family, *claim.controls)))


def runs_of(test) -> tuple[str, ...]:
    """The runs, of `evidence.RUN_NAMES`, that a test of the user's own claims uses."""
    return (test.of,) if hasattr(test, "of") else getattr(test, "runs", ("own",))


def test_claim(claim: Claim, evidence: Evidence) -> Verdict:
    """Run every test of a claim, correct p within families, and return the verdict."""
    # 1. Run the claim's own tests, the other tests of their families, and the controls.
    found = {}
    missing = {}
    for test in all_tests_of(claim):
        try:
            if claim.epochs not in (0, evidence.study.settings.epochs):
                raise Missing(f"a run of {claim.epochs} epochs")
            found[test] = test.find(evidence)
            if not isinstance(found[test], Finding):
                kind = type(found[test]).__name__
                raise InputError(f"claim {claim.number}: a test returns {kind}, not a Finding")
        except Missing as error:
            missing[test] = error

    # 2. Correct p. A test that could not run still counts in its family.
    placeholders = [placeholder(test) for test in missing if getattr(test, "family", "")]
    corrected = correct([*found.values(), *placeholders])
    results = dict(zip(found, corrected, strict=False))
    results |= settled_tests(claim, results)

    # 3. Decide.
    outcomes = [
        [results[test].outcome if test in results else "missing" for test in group]
        for group in groups_of(claim)
    ]
    own = tests_of(claim)
    reached = verdict(outcomes, equality=all(isinstance(test, Equivalent) for test in own))
    descriptions = lacking([missing[test] for test in own if test in missing])
    if scale_of(evidence.study.asked) == "smoke" and reached != "NOT RUN":
        reached = "UNDECIDED"
        descriptions = (LARGER, *descriptions)

    findings = tuple(results[test] for test in own if test in results)
    return Verdict(
        claim=claim,
        verdict=reached,
        findings=findings,
        controls=tuple(results[test] for test in claim.controls if test in results),
        missing=descriptions,
        needs=max((finding.more.get("needs", 0) for finding in findings), default=0),
        author=author(claim, results),
    )


def settled_tests(claim: Claim, results: Mapping) -> dict:
    """The findings of the groups that support the claim, marked as settled."""
    settled = {}
    for group in groups_of(claim):
        there = [test for test in group if test in results]
        if any(results[test].outcome == "for" for test in there):
            settled |= {test: replace(results[test], settled=True) for test in there}
    return settled


def lacking(missing: Sequence[Missing]) -> tuple[str, ...]:
    """Describe missing data, one text per run."""
    by_run: dict[str, dict] = {}
    for each in missing:
        by_run.setdefault(each.run, {}).update(dict.fromkeys(each.what))
    return tuple(f"{run}: {', '.join(what)}" if what else run for run, what in by_run.items())


def author(claim: Claim, results: Mapping) -> bool | None:
    """Whether in every group a test is significant by the papers' criterion.

    None unless all tests were run and all of them are paired.
    """
    groups = [
        [results[test].author if test in results else None for test in group]
        for group in groups_of(claim)
    ]
    if any(None in group for group in groups):
        return None
    return all(any(group) for group in groups)


def verdict(outcomes: Sequence[Sequence[str]], equality: bool = False) -> str:
    """Return one of `VERDICTS` from the outcomes of a claim's tests, group by group.

    A group supports the claim if one of its tests does, and contradicts it if all of them do.
    equality   whether all tests are of equality
    """
    order = ("for", "missing", "few", "open", "against")
    groups = [min(group, key=order.index) for group in outcomes]
    # 1. One group that contradicts the claim is enough.
    if "against" in groups:
        return "CONTRADICTED"
    # 2. Missing data could still decide.
    if "missing" in groups:
        return "NOT RUN"
    # 3. All groups must support the claim.
    if all(group == "for" for group in groups):
        return "EQUIVALENT" if equality else "REPRODUCED"
    return "UNDECIDED"


def make_ledger(evidence: Evidence, claims: Sequence[Claim] = CLAIMS, params: str = "") -> Ledger:
    """The verdicts on all claims at the scale of the evidence.

    params   name of the params file, for the provenance
    """
    verdicts = tuple(test_claim(claim, evidence) for claim in claims)
    runs = (evidence.only or "v3",)
    if claims is not CLAIMS:
        tests = [test for claim in claims for test in all_tests_of(claim)]
        runs = tuple(dict.fromkeys(of for test in tests for of in runs_of(test)))
    origin = provenance(evidence.study, rows_of_runs(evidence, runs), params)
    origin |= {"scale": scale_of(evidence.study.asked), "files": sorted(evidence.files)}
    return Ledger(origin, verdicts)


def rows_of_runs(evidence: Evidence, runs: Iterable[str]) -> pd.DataFrame:
    """The rows of several runs, each row once; of runs that the data cannot have, none."""
    tables = [pd.DataFrame(columns=list(ROW))]
    for of in runs:
        with suppress(Missing):
            tables.append(evidence.rows(of))
    return pd.concat([table for table in tables if len(table)] or tables).drop_duplicates(
        ["method", "key"]
    )


def scale_of(settings: Settings) -> str:
    """The scale of a run, one of `SCALES`.

    smoke   too few people for any test (`finding.FEWEST_PEOPLE`), or narrower networks than quick's
    paper   the papers' network and at least 50 people
    """
    if settings.individuals < FEWEST_PEOPLE or settings.width < NARROWEST:
        return "smoke"
    if settings.image_size >= 32 and settings.width >= 1 and settings.individuals >= 50:
        return "paper"
    return "standard" if settings.image_size >= 16 else "quick"


def deciding(ledgers: Sequence[Ledger]) -> list[tuple[Ledger, Verdict]]:
    """For every claim, the ledger that decides it and its verdict.

    It is the ledger of the largest scale that could test the claim. Of two at one scale, it is the
    one with more people; of as many people, the one named first. If none could test the claim, it
    is the first ledger. A smoke ledger has no decided verdicts (see `test_claim`).
    """
    largest_first = sorted(ledgers, key=rank, reverse=True)
    decided = []
    for place in range(len(CLAIMS)):
        able = [one for one in largest_first if one.verdicts[place].verdict != "NOT RUN"]
        one = able[0] if able else ledgers[0]
        decided.append((one, one.verdicts[place]))
    return decided


def rank(one: Ledger) -> tuple[int, int]:
    """Sort key of a ledger: its scale, then its number of people."""
    return SCALES.index(one.provenance["scale"]), one.provenance["people"]
