"""Ledgers as JSON files in results/."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from perso.claims.claim import Claim
from perso.claims.finding import Finding
from perso.claims.ledger import Ledger, Verdict, rank
from perso.claims.registry import CLAIMS
from perso.errors import InputError
from perso.files import visible, whole
from perso.settings import Settings, as_dict
from perso.store.published import FOLDER

SUFFIX = ".claims.json"  # of published ledgers in results/


def write_ledger(path: str | Path, one: Ledger) -> None:
    """Publish a ledger as JSON, whole or not at all; nan becomes null."""
    claims = []
    for each in one.verdicts:
        record = {"number": each.claim.number, "says": each.claim.says}
        kept = {key: value for key, value in vars(each).items() if key not in ("claim", "train")}
        record |= {key: as_plain(value) for key, value in kept.items()}
        claims.append(record)
    content = {"provenance": one.provenance, "claims": claims}
    text = json.dumps(content, indent=1, ensure_ascii=False)
    with whole(path) as aside:
        aside.write_text(f"{text}\n", encoding="utf-8")


def as_plain(value):
    """Convert findings and numbers to what JSON can hold: dict, list, text, number, None."""
    if isinstance(value, Finding):
        return as_plain(asdict(value))
    if isinstance(value, dict):
        return {key: as_plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [as_plain(each) for each in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def read_ledger(path: str | Path) -> Ledger:
    """Read a published ledger of the papers' claims; `InputError` for any other file."""
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        by_number = {record["number"]: record for record in content["claims"]}
        if any("readings" not in record for record in by_number.values()):
            raise ValueError("it has the verdicts of an older version")
        verdicts = tuple(verdict_from_json(claim, by_number.get(claim.number)) for claim in CLAIMS)
        claims_of = with_defaults(content["provenance"]["settings"])["claims_of"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: is not a ledger ({error}); "
            "write one with `perso claims PARAMS.yml --to FILE.json`"
        ) from error
    if claims_of != "papers":
        raise InputError(
            f"{path}: is a ledger of your own claims ({claims_of}), not of the papers'; "
            f"keep it outside of {path.parent}"
        )
    return Ledger(content["provenance"], verdicts, f"{path.parent.name}/{path.name}")


def verdict_from_json(claim: Claim, record: dict | None) -> Verdict:
    """The verdict on a claim from its record in a file; NOT RUN without a record.

    The number alone identifies the claim (see `claim.Claim`): its sentence may be reworded.
    """
    if record is None:
        missing = ("this claim, which was added after the ledger was written",)
        return Verdict(claim=claim, verdict="NOT RUN", missing=missing)
    return Verdict(
        claim=claim,
        verdict=record["verdict"],
        findings=tuple(map(finding_from_json, record["findings"])),
        controls=tuple(map(finding_from_json, record["controls"])),
        missing=tuple(record["missing"]),
        needs=record["needs"],
        author=record["author"],
        readings=tuple(tuple(pair) for pair in record["readings"]),
        frozen=record["frozen"],
    )


def finding_from_json(record: dict) -> Finding:
    """The inverse of `as_plain` for a finding."""
    fields = {
        key: np.nan if value is None and key != "author" else value for key, value in record.items()
    }
    for name in ("bounds", "predicted"):
        fields[name] = tuple(np.nan if end is None else end for end in record[name])
    return Finding(**fields)


def read_ledgers(folder: Path = FOLDER) -> list[Ledger]:
    """The ledgers in results/, the largest first (see `rank`); of equal ones the first cohort."""

    def cohort_and_name(one: Ledger) -> tuple:
        return one.provenance["settings"]["cohort_seed"], one.file

    ledgers = [read_ledger(path) for path in visible(folder, f"*{SUFFIX}")]
    return sorted(sorted(ledgers, key=cohort_and_name), key=rank, reverse=True)


def ledgers_beside(own: Ledger, folder: Path = FOLDER) -> list[Ledger]:
    """This ledger, then those of `read_ledgers` that come from other rows."""
    others = [each for each in read_ledgers(folder) if identity_of(each) != identity_of(own)]
    return [own, *others]


def identity_of(one: Ledger) -> tuple:
    """What two ledgers of the same rows share: data and settings, whatever the device."""
    settings = with_defaults(one.provenance["settings"])
    for key in ("device", "dataset"):
        settings.pop(key, None)
    return one.provenance["content"], settings


def with_defaults(settings: dict) -> dict:
    """Published settings with the defaults of settings that are newer than the file."""
    return as_dict(Settings()) | settings
