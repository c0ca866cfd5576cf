"""A reader who trains nothing comes to every verdict that is published in results/."""

import io
import json
from collections import Counter

import pandas as pd
import pytest

from perso.claims import ledger, ledger_file
from perso.claims.evidence import Evidence
from perso.claims.ledger_file import SUFFIX
from perso.claims.registry import CLAIMS, CLAIMS_OF
from perso.cli import main
from perso.paths import ROOT
from perso.settings import TYPES, overlay
from perso.store.published import FOLDER
from perso.study.study import Study

QUICK = FOLDER / f"quick{SUFFIX}"
LEDGERS = sorted(set(FOLDER.glob(f"[!.]*{SUFFIX}")) - {QUICK})


@pytest.mark.parametrize("path", LEDGERS, ids=lambda path: path.name.removesuffix(SUFFIX))
def test_an_empty_store_gives_every_published_verdict(path, tmp_path, require_data):
    """Settings that are new since take their default."""
    published = json.loads(path.read_text("utf-8"))
    recorded = published["provenance"]["settings"]
    settings = overlay({name: value for name, value in recorded.items() if name in TYPES})
    require_data(settings.dataset)
    study = Study(settings, tmp_path / "empty.sqlite")
    decided = ledger.make_ledger(Evidence(study))
    verdicts = {each.claim.number: each.verdict for each in decided.verdicts}
    assert verdicts == {each["number"]: each["verdict"] for each in published["claims"]}
    assert not study.store.path.exists()


def test_the_command_gives_the_quick_ledger_of_an_empty_store(tmp_path, capsys):
    store, file = tmp_path / "empty.sqlite", tmp_path / "quick.claims.json"
    given = ["claims", str(ROOT / "params" / "quick.yml"), "--store", str(store)]
    assert main([*given, "--format", "csv", "--to", str(file)]) == 0
    captured = capsys.readouterr()
    assert not store.exists() and "train them with" not in captured.err

    table = pd.read_csv(io.StringIO(captured.out))
    assert set(table["claim"]) == {claim.number for claim in CLAIMS}
    # 0: arithmetic
    assert "decided at quick size" in captured.err and set(table["n"].dropna()) == {0, 14}
    decided = ledger_file.read_ledger(file)
    verdicts = {each.claim.number: each.verdict for each in decided.verdicts}
    assert verdicts == dict(zip(table["claim"], table["verdict"], strict=True))
    published = json.loads(QUICK.read_text("utf-8"))
    assert verdicts == {each["number"]: each["verdict"] for each in published["claims"]}
    assert decided.provenance["scale"] == "quick"
    assert {"results/quick.parquet", "results/quick.encoders.npz"} <= set(
        decided.provenance["files"]
    )

    # everything that it needs is published
    missing = {each.claim.number: each.missing for each in decided.verdicts if each.missing}
    assert set(missing) == set(table.loc[table["missing"].notna(), "claim"])
    # but for claims about training for longer than these networks train, and about other data
    of_time = {claim.number for claims in CLAIMS_OF.values() for claim in claims}
    assert set(missing) == {16, 17} | of_time
    assert all(missing[number] == ("a run of 3,300 iterations or more",) for number in (16, 17))
    assert Counter(verdicts.values())["NOT RUN"] == 2 + len(of_time)
