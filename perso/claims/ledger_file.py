"""Ledgers as JSON in results/."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from perso.claims.finding import Finding
from perso.claims.ledger import Ledger, Verdict, rank
from perso.claims.registry import CLAIMS, Claim
from perso.errors import InputError
from perso.files import whole
from perso.store.published import FOLDER

SUFFIX = ".claims.json"  # of published ledgers in results/


# files


def write_ledger(path: str | Path, one: Ledger) -> None:
    """Publish a ledger as JSON, whole or not at all; what cannot be told is null."""
    claims = [
        {"number": each.claim.number, "says": each.claim.says}
        | {key: as_plain(value) for key, value in vars(each).items() if key != "claim"}
        for each in one.verdicts
    ]
    told = json.dumps(
        {"provenance": one.provenance, "claims": claims}, indent=1, ensure_ascii=False
    )
    with whole(path) as aside:
        aside.write_text(f"{told}\n", encoding="utf-8")


def as_plain(value):
    """Findings and numbers as JSON has them."""
    if isinstance(value, Finding):
        return as_plain(asdict(value))
    if isinstance(value, dict):
        return {key: as_plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [as_plain(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def read_ledger(path: str | Path) -> Ledger:
    """A published ledger; InputError for a file that is none, or is of other claims."""
    path = Path(path)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        by_number = {each["number"]: each for each in told["claims"]}
        verdicts = tuple(verdict_from_json(claim, by_number.get(claim.number)) for claim in CLAIMS)
        return Ledger(told["provenance"], verdicts, f"{path.parent.name}/{path.name}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: no ledger ({error}); `perso claims PARAMS.yml --to FILE.json` writes one"
        ) from error


def verdict_from_json(claim: Claim, told: dict | None) -> Verdict:
    """A claim's verdict as a file has it; NOT RUN where the file is older than the claim."""
    if told is None or told["says"] != claim.says:
        return Verdict(
            claim, "NOT RUN", (), (), ("this claim, which is younger than the ledger",), 0, None
        )
    findings, controls = (
        tuple(map(finding_from_json, told[role])) for role in ("findings", "controls")
    )
    return Verdict(
        claim,
        told["verdict"],
        findings,
        controls,
        tuple(told["missing"]),
        told["needs"],
        told["author"],
    )


def finding_from_json(told: dict) -> Finding:
    """What `as_plain` made of a finding, back."""
    known = {
        key: np.nan if value is None and key != "author" else value for key, value in told.items()
    }
    return Finding(
        **known
        | {
            "family": tuple(told["family"]),
            "bounds": tuple(np.nan if end is None else end for end in told["bounds"]),
        }
    )


def read_ledgers(folder: Path = FOLDER) -> list[Ledger]:
    """The ledgers in results/: the largest first (see `rank`), of equal ones the first cohort."""

    def place(one):
        return one.provenance["settings"]["cohort_seed"], one.file

    found = sorted((read_ledger(path) for path in folder.glob(f"*{SUFFIX}")), key=place)
    return sorted(found, key=rank, reverse=True)


def ledgers_beside(own: Ledger, folder: Path = FOLDER) -> list[Ledger]:
    """This ledger, then those of `read_ledgers` that are of other rows."""
    return [own, *(each for each in read_ledgers(folder) if identity_of(each) != identity_of(own))]


def identity_of(one: Ledger) -> tuple:
    """What makes two ledgers of one kind: people and settings, wherever they were trained."""
    settings = one.provenance["settings"].items()
    return one.provenance["content"], {
        key: value for key, value in settings if key not in ("device", "dataset")
    }
