"""The claims as they were before the models were trained: `results/frozen.json` and later files.

    python -m perso.claims.frozen frozen-NAME.json

writes a file in `results/` with the claims that no other such file has, before the rows that can
test them are trained. It has the date, the commit, and a hash of each claim and its tests. A claim
that is added without it or changed later has another hash: the ledgers mark it as post hoc.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from perso.claims.claim import Claim
from perso.claims.registry import CLAIMS
from perso.errors import InputError
from perso.files import visible, whole
from perso.store.published import FOLDER, commit

FILES = "frozen*.json"  # in results/
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


def read_frozen(folder: Path = FOLDER) -> dict[int, tuple[str, str]]:
    """The date on which each claim was frozen, and its hash, by number; empty without a file."""
    claims: dict[int, tuple[str, str]] = {}
    for file in sorted(visible(folder, FILES)):
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            for number, fingerprint in found["claims"].items():
                claims[int(number)] = found["date"], fingerprint
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{file}: does not hold frozen claims ({error})") from error
    return claims


def frozen_claims(folder: Path = FOLDER) -> dict[int, str]:
    """The hashes of the claims as they were frozen, by number; empty without a file."""
    return {number: fingerprint for number, (_, fingerprint) in read_frozen(folder).items()}


def hash_of_files(folder: Path = FOLDER) -> str:
    """The hash of all files, for the provenance of a ledger; "" without a file."""
    files = sorted(visible(folder, FILES))
    return hash_of("".join(file.read_text(encoding="utf-8") for file in files)) if files else ""


def is_frozen(claim: Claim, frozen: dict[int, str]) -> bool | None:
    """Whether a claim is as it was frozen; None where nothing is frozen."""
    return fingerprint_of(claim) == frozen.get(claim.number) if frozen else None


def write_frozen(
    name: str = "frozen.json", folder: Path = FOLDER, claims: Sequence[Claim] = CLAIMS
) -> Path:
    """Write the hashes of the claims that are not frozen yet, as they are now, and return the file.

    InputError where there are none, or the file exists: frozen claims stay as they were.
    """
    file = folder / name
    if file.exists() or not file.match(FILES):
        raise InputError(f"{file}: needed is a new file named frozen-NAME.json")
    there = frozen_claims(folder)
    new = [claim for claim in claims if claim.number not in there]
    if not new:
        raise InputError(f"{folder}: all claims are frozen, and stay as they were")
    content = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "claims": {claim.number: fingerprint_of(claim) for claim in new},
    }
    with whole(file) as aside:
        aside.write_text(f"{json.dumps(content, indent=1)}\n", encoding="utf-8")
    return file


if __name__ == "__main__":
    print(f"wrote {write_frozen(*sys.argv[1:2])}")
