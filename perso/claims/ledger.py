"""The verdict on each claim, from its tests. The rule is in `verdict`."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from perso.claims import frozen
from perso.claims.claim import Claim
from perso.claims.evidence import Evidence, Missing
from perso.claims.finding import FEWEST_PEOPLE, Finding, decide, decide_group
from perso.claims.hypotheses import Equivalent
from perso.claims.reading import Reading
from perso.claims.registry import CLAIMS
from perso.errors import InputError
from perso.settings import Settings
from perso.store.published import provenance
from perso.store.sqlite import ROW

VERDICTS = ("REPRODUCED", "EQUIVALENT", "CONTRADICTED", "UNDECIDED", "NOT RUN")
SCALES = ("smoke", "quick", "standard", "paper")  # the smallest first; a smoke run decides nothing
NARROWEST = 0.25  # network width below which a run decides nothing
# what is missing for every claim in a smoke run
LARGER = "a run of quick size or larger, whose networks have learned"


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim at one scale.

    verdict    one of `VERDICTS`
    findings   of the claim's own tests, in their order
    controls   findings of its controls
    missing    descriptions of the missing data
    train      runs, of `evidence.RUN_NAMES`, whose training makes what is missing; in no file
    needs      number of people that a test needs, where there are fewer; 0: there are enough
    author     whether the claim holds by the papers' criterion (right sign, uncorrected t-test
               below .1); None for a claim whose tests are not all paired
    readings   (name, verdict) of each other reading whose rows are there
    frozen     whether the claim and its tests were fixed before the models were trained; None
               where nothing is frozen
    """

    claim: Claim
    verdict: str
    findings: tuple[Finding, ...] = ()
    controls: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()
    needs: int = 0
    author: bool | None = None
    readings: tuple[tuple[str, str], ...] = ()
    frozen: bool | None = None
    train: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ledger:
    """The verdicts on all claims at one scale.

    provenance   where the rows come from (`published.provenance`), with the scale and the files
    file         folder and name of a published ledger; "" for this book's own run
    """

    provenance: dict
    verdicts: tuple[Verdict, ...]
    file: str = ""


def groups_of(claim: Claim, reading: Reading | None = None) -> list[tuple]:
    """The claim's tests in groups: every group must support it, by at least one of its tests.

    reading   another reading of the tests; those that it leaves out are not there
    """
    groups = [test if isinstance(test, tuple) else (test,) for test in claim.tests]
    if reading:
        groups = [tuple(map(reading.read, group)) for group in groups]
        groups = [tuple(test for test in group if test is not None) for group in groups]
    return [group for group in groups if group]


def tests_of(claim: Claim) -> list:
    """The claim's tests, each of them once."""
    return list(dict.fromkeys(test for group in groups_of(claim) for test in group))


def all_tests_of(claim: Claim) -> list:
    """The claim's tests and its controls, each of them once."""
    return list(dict.fromkeys((*tests_of(claim), *claim.controls)))


def runs_of(test) -> tuple[str, ...]:
    """The runs, of `evidence.RUN_NAMES`, that a test of the user's own claims uses."""
    return (test.of,) if hasattr(test, "of") else getattr(test, "runs", ("own",))


def test_claim(claim: Claim, evidence: Evidence) -> Verdict:
    """Run every test of a claim, under every reading, and return the verdict."""
    reached, findings, lacks, author = verdict_of_tests(claim, evidence, groups_of(claim))
    missing = lacking(lacks)
    controls, _ = find_all(claim, evidence, claim.controls)
    others = {
        reading.name: verdict_of_tests(claim, evidence, groups_of(claim, reading))[0]
        for reading in claim.readings
    }
    if scale_of_run(evidence) == "smoke" and reached != "NOT RUN":
        reached = "UNDECIDED"
        missing = (LARGER, *missing)
        others = {}
    return Verdict(
        claim=claim,
        verdict=reached,
        findings=findings,
        controls=tuple(map(decide, controls)),
        missing=missing,
        needs=max((finding.more.get("needs", 0) for finding in findings), default=0),
        author=author,
        readings=tuple(pair for pair in others.items() if pair[1] != "NOT RUN"),
        train=tuple(dict.fromkeys(each.train for each in lacks if each.train)),
    )


def verdict_of_tests(
    claim: Claim, evidence: Evidence, groups: Sequence[tuple]
) -> tuple[str, tuple[Finding, ...], list[Missing], bool | None]:
    """The verdict by groups of tests, with their findings, what is missing, and `author`."""
    findings = []
    outcomes = []
    by_author = []
    lacking_data = []
    for place, group in enumerate(groups):
        found, missing = find_all(claim, evidence, group)
        found = [replace(each, group=place) for each in found]
        decided = decide_group(found, len(missing))
        findings += decided
        outcomes.append([finding.outcome for finding in decided] + ["missing"] * len(missing))
        by_author.append([finding.author for finding in decided] + [None] * len(missing))
        lacking_data += missing

    reached = verdict(outcomes, equality=is_equality(groups))
    known = not any(None in group for group in by_author)
    author = all(any(group) for group in by_author) if known else None
    return reached, tuple(findings), lacking_data, author


def find_all(
    claim: Claim, evidence: Evidence, tests: Sequence
) -> tuple[list[Finding], list[Missing]]:
    """The findings of those tests that could run, without outcomes, and what the others lack."""
    found = []
    missing = []
    for test in dict.fromkeys(tests):
        try:
            check_length(claim, evidence)
            finding = evidence.once(finding_of, test)  # readings share many tests
            if not isinstance(finding, Finding):
                kind = type(finding).__name__
                raise InputError(f"claim {claim.number}: a test returns {kind}, not a Finding")
            found.append(finding)
        except Missing as error:
            missing.append(error)
    return found, missing


def finding_of(evidence: Evidence, test) -> Finding:
    """What a test finds."""
    return test.find(evidence)


def check_length(claim: Claim, evidence: Evidence) -> None:
    """`Missing` where a run is too short for a claim, or has other epochs than it is about."""
    if claim.epochs not in (0, evidence.study.settings.epochs):
        raise Missing(f"a run of {claim.epochs} epochs")
    if claim.iterations and evidence.iterations < claim.iterations:
        raise Missing(f"a run of {claim.iterations:,} iterations or more")


def lacking(missing: Sequence[Missing]) -> tuple[str, ...]:
    """Describe missing data, one text per run."""
    by_run: dict[str, dict] = {}
    for each in missing:
        by_run.setdefault(each.run, {}).update(dict.fromkeys(each.what))
    return tuple(f"{run}: {', '.join(what)}" if what else run for run, what in by_run.items())


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


def make_ledger(
    evidence: Evidence,
    claims: Sequence[Claim] = CLAIMS,
    params: str = "",
    watch: Callable[[Iterable[Claim]], Iterable[Claim]] = iter,
) -> Ledger:
    """The verdicts on all claims at the scale of the evidence.

    params   name of the params file, for the provenance
    watch    gives the claims one by one, and may show how many are done
    """
    verdicts = tuple(test_claim(claim, evidence) for claim in watch(claims))
    if claims is CLAIMS:
        verdicts = with_frozen(verdicts, evidence.folder)
    # the run that the provenance describes
    shaping = "relative" if evidence.study.asked.rows_of == "relative" else "v3"
    runs = (evidence.only or shaping,)
    if claims is not CLAIMS:
        tests = [test for claim in claims for test in all_tests_of(claim)]
        runs = tuple(dict.fromkeys(of for test in tests for of in runs_of(test)))
    origin = provenance(evidence.study, rows_of_runs(evidence, runs), params)
    origin |= {"scale": scale_of_run(evidence), "files": sorted(evidence.files)}
    origin["frozen"] = frozen.hash_of_files(evidence.folder)
    return Ledger(origin, verdicts)


def with_frozen(verdicts: Iterable[Verdict], folder: Path) -> tuple[Verdict, ...]:
    """The verdicts with whether each claim is as it was frozen in a folder."""
    fixed = frozen.frozen_claims(folder)
    return tuple(replace(each, frozen=frozen.is_frozen(each.claim, fixed)) for each in verdicts)


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
    A recurrent network is of standard size from 64 units on.
    """
    if settings.individuals < FEWEST_PEOPLE or settings.width < NARROWEST:
        return "smoke"
    if settings.architecture == "gru":  # whose samples have no image size
        return "standard" if settings.width >= 1 else "quick"
    if settings.image_size >= 32 and settings.width >= 1 and settings.individuals >= 50:
        return "paper"
    return "standard" if settings.image_size >= 16 else "quick"


def scale_of_run(evidence: Evidence) -> str:
    """`scale_of` its settings; a run whose networks have hardly learned is a smoke run."""
    return "smoke" if evidence.untrained else scale_of(evidence.study.asked)


def deciding(ledgers: Sequence[Ledger]) -> list[tuple[Ledger, Verdict]]:
    """For every claim, the ledger that decides it and its verdict.

    It is the ledger of the largest scale that has findings of the claim: a smaller one never
    outvotes it. Of those of one scale it is the one whose findings have most people, then a
    complete one, then the one with most people, then the one named first. Tests that it could not
    run are taken from the others of its scale (`completed`). A smoke ledger decides nothing (see
    `test_claim`).
    """
    decided = []
    for place in range(len(CLAIMS)):

        def strength(one: Ledger, place: int = place) -> tuple:
            found = one.verdicts[place]
            scale, people = rank(one)
            tested = max((finding.n for finding in found.findings), default=0)
            return scale, tested, found.verdict != "NOT RUN", people

        able = [one for one in ledgers if one.verdicts[place].findings]
        largest, *rest = sorted(able or ledgers, key=strength, reverse=True)
        others = [one for one in rest if one.provenance["scale"] == largest.provenance["scale"]]
        decided.append((largest, completed(largest.verdicts[place], others)))
    return decided


def completed(one: Verdict, others: Sequence[Ledger]) -> Verdict:
    """A verdict that lacks data with the findings of other ledgers, if these make it complete.

    others   ledgers of the same scale, those with more people first
    """
    if one.verdict != "NOT RUN":
        return one
    claim = one.claim
    groups = groups_of(claim)

    def test_of(found: Finding) -> tuple:
        # what a single test has measured may name numbers of its run
        return found.group, found.what if len(groups[found.group]) > 1 else ""

    findings = {test_of(found): found for found in one.findings}
    for other in others:
        for found in other.verdicts[CLAIMS.index(claim)].findings:
            borrowed = replace(found, more=found.more | {"from": other.file})
            findings.setdefault(test_of(found), borrowed)

    outcomes = []
    for place, group in enumerate(groups):
        there = [found.outcome for found in findings.values() if found.group == place]
        outcomes.append(there + ["missing"] * (len(group) - len(there)))
    reached = verdict(outcomes, equality=is_equality(groups))
    if reached == "NOT RUN":
        return one
    ordered = sorted(findings.values(), key=lambda found: found.group)
    return replace(
        one, verdict=reached, findings=tuple(ordered), missing=(), author=None, readings=()
    )


def is_equality(groups: Sequence[tuple]) -> bool:
    """Whether all tests in groups are of equality."""
    return all(isinstance(test, Equivalent) for group in groups for test in group)


def rank(one: Ledger) -> tuple[int, int]:
    """Sort key of a ledger: its scale, then its number of people."""
    return SCALES.index(one.provenance["scale"]), one.provenance["people"]
