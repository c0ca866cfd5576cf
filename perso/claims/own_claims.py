"""Claims of the user's own: the setting `claims_of: FILE.py:NAME` names one `Claim` or several.

Their tests name the run whose rows they use, such as `of="own"`, the run of these settings; see
`evidence.RUN_NAMES`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from perso.claims.claim import KINDS, Claim
from perso.claims.evidence import RUN_NAMES, Evidence, Missing
from perso.claims.ledger import all_tests_of, runs_of
from perso.claims.registry import CLAIMS
from perso.errors import InputError
from perso.own_code import fault, own_object
from perso.parts import ALL_PARTS, BOTH
from perso.settings import Settings


def claims_of(settings: Settings) -> Sequence[Claim]:
    """Return the claims that settings name: the papers', or those of the user's own file.

    InputError where a claim of the user's own is not well formed.
    """
    if settings.claims_of == "papers":
        return CLAIMS
    named = own_object("claims_of", settings.claims_of)
    claims = tuple(named) if isinstance(named, tuple | list) else (named,)
    others = [type(each).__name__ for each in claims if not isinstance(each, Claim)]
    if others or not claims:
        found = f"a {others[0]}" if others else "nothing"
        raise InputError(
            f"claims_of: {settings.claims_of} holds {found}; "
            "possible: a perso.claims.registry.Claim, or a tuple of them"
        )
    for claim in claims:
        check_form(claim)
    numbers = [claim.number for claim in claims]
    for number in numbers:
        if numbers.count(number) > 1:
            raise InputError(
                f"claims_of: claim {number}: {numbers.count(number)} claims have this number; "
                "each needs a number of its own"
            )
    return claims


@contextmanager
def faults_as_input_errors(settings: Settings) -> Iterator[None]:
    """Context manager: what fails in a test of the user's own becomes one line that names it."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if settings.claims_of == "papers":
            raise
        file = settings.claims_of.rpartition(":")[0]
        raise InputError(f"claims_of: a test of {file} {fault(error, file)}") from error


def needs_of(claims: Sequence[Claim]) -> dict:
    """What is trained for claims of the user's own, as arguments of `evidence.train_missing`."""
    tests = [test for claim in claims for test in all_tests_of(claim)]
    return {
        "runs": tuple(dict.fromkeys(of for test in tests for of in runs_of(test))),
        "encoders": any(getattr(test, "encoder", False) for test in tests),
    }


def check_form(claim: Claim) -> None:
    """InputError for a claim whose number is none, or whose tests cannot be run."""
    where = f"claims_of: claim {claim.number!r}"
    if type(claim.number) is not int:
        raise InputError(f"{where}: the number is not a whole number")
    if not isinstance(claim.says, str):
        raise InputError(f"{where}: says is not a text; possible: a sentence")
    if claim.kind not in KINDS:
        raise InputError(f"{where}: no kind {claim.kind!r}; possible: {', '.join(KINDS)}")
    for field in ("tests", "controls"):
        if not isinstance(getattr(claim, field), tuple):
            raise InputError(f"{where}: {field} is not a tuple; possible: {field}=(test,)")
    if not claim.tests:
        raise InputError(f"{where}: has no tests; possible: tests=(test,)")
    groups = [test if isinstance(test, tuple) else (test,) for test in claim.tests]
    for test in (*(test for group in groups for test in group), *claim.controls):
        kind = type(test).__name__
        if isinstance(test, type | str) or not callable(getattr(test, "find", None)):
            raise InputError(
                f"{where}: a {kind} is no test; possible: the records of perso.claims.hypotheses, "
                "such as Superior, Measured for a function, and in `tests` a tuple of tests, of "
                "which one is enough"
            )
        try:
            hash(test)
        except TypeError as error:
            raise InputError(
                f"{where}: a test, {kind}, cannot be hashed ({error}); "
                "possible: tuples in place of lists, and frozen dataclasses"
            ) from error


def check_names(claims: Sequence[Claim], evidence: Evidence) -> None:
    """InputError where a test names a run, part or method that is not there."""
    for claim in claims:
        for test in all_tests_of(claim):
            where = f"claims_of: claim {claim.number}"
            for of in runs_of(test):
                check_name(where, "run", of, RUN_NAMES)
            if hasattr(test, "part"):
                check_name(where, "part", test.part, (*ALL_PARTS, BOTH))
            if hasattr(test, "of"):
                check_methods(where, test, evidence)


def check_methods(where: str, test, evidence: Evidence) -> None:
    """InputError where a test names a method that its run does not have."""
    try:
        known = [method.name for method in evidence.methods(test.of)]
    except Missing:  # the verdict says that these data cannot have the run
        return
    fields = [getattr(test, field) for field in ("method", "base") if hasattr(test, field)]
    if len(set(fields)) < len(fields):
        raise InputError(f"{where}: {fields[0]!r} is compared with itself")
    methods = getattr(test, "methods", None)
    if methods is not None and (isinstance(methods, str) or len(methods) < 3):
        raise InputError(f"{where}: methods={methods!r} is no tuple of three names or more")
    for name in (*fields, *(methods or ())):
        hint = "" if test.of == "own" else ' (the run of these settings is of="own")'
        check_name(f"{where}, of={test.of!r}{hint}", "method", name, known)


def check_name(where: str, what: str, name: object, possible) -> None:
    """InputError where a name is not one of the possible ones."""
    if name not in possible:
        raise InputError(f"{where}: no {what} {name!r}; possible: {', '.join(possible)}")
