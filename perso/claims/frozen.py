"""The claims as they were before the models were trained: `results/frozen.json`.

    python -m perso.claims.frozen

writes the file, once. It has the date, the commit, and a hash of each claim and its tests. A claim
that is added or changed later has another hash: the ledgers mark it as post hoc.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from perso.claims.claim import Claim
from perso.claims.registry import CLAIMS
from perso.errors import InputError
from perso.files import whole
from perso.store.published import FOLDER, commit

FILE = "frozen.json"  # in results/
LABELS = ("says", "source", "printed", "chapter")  # fields of a claim that decide nothing
DIGITS = 16  # of a claim's hash


def fingerprint_of(claim: Claim) -> str:
    """A hash of what decides a claim: its tests, controls and readings with their fields."""
    facts = plain_facts(replace(claim, **dict.fromkeys(LABELS, "")))
    return hash_of(json.dumps(facts, sort_keys=True))[:DIGITS]


def plain_facts(value) -> object:
    """A value as JSON holds it: records with the names of their classes, functions by name.

    Fields that have their default are left out, so that a record may get further ones.
    """
    if is_dataclass(value):
        pairs = ((each, getattr(value, each.name)) for each in fields(value))
        named = {each.name: plain_facts(own) for each, own in pairs if own != each.default}
        return {"class": type(value).__name__} | named
    if isinstance(value, tuple | list):
        return [plain_facts(each) for each in value]
    return value.__name__ if callable(value) else value


def hash_of(text: str) -> str:
    """SHA-256 of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def frozen_claims(folder: Path = FOLDER) -> dict[int, str]:
    """The hashes of the claims as they were frozen, by number; empty without a file."""
    file = folder / FILE
    if not file.exists():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["claims"]
        return {int(number): fingerprint for number, fingerprint in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{file}: does not hold frozen claims ({error})") from error


def hash_of_file(folder: Path = FOLDER) -> str:
    """The hash of the whole file, for the provenance of a ledger; "" without a file."""
    file = folder / FILE
    return hash_of(file.read_text(encoding="utf-8")) if file.exists() else ""


def is_frozen(claim: Claim, frozen: dict[int, str]) -> bool | None:
    """Whether a claim is as it was frozen; None where nothing is frozen."""
    return fingerprint_of(claim) == frozen.get(claim.number) if frozen else None


def write_frozen(folder: Path = FOLDER, claims: Sequence[Claim] = CLAIMS) -> None:
    """Write the hashes of the claims as they are now; InputError where they are frozen already."""
    file = folder / FILE
    if file.exists():
        raise InputError(f"{file}: exists, and frozen claims stay; what is new is post hoc")
    content = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "claims": {claim.number: fingerprint_of(claim) for claim in claims},
    }
    with whole(file) as aside:
        aside.write_text(f"{json.dumps(content, indent=1)}\n", encoding="utf-8")


if __name__ == "__main__":
    write_frozen()
    print(f"wrote {FOLDER / FILE}")
