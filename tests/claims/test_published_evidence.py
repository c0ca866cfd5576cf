"""A reader who trains nothing comes to every verdict that is published in results/."""

import json
from collections import Counter

import pytest

from perso.claims import ledger
from perso.claims.evidence import Evidence
from perso.claims.ledger_file import SUFFIX
from perso.claims.registry import CLAIMS_OF
from perso.paths import ROOT
from perso.settings import TYPES, overlay
from perso.store.published import FOLDER
from perso.study.study import Study

LEDGERS = sorted(FOLDER.glob(f"[!.]*{SUFFIX}"))


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
    if path.name == f"quick{SUFFIX}":  # everything that it needs is published
        missing = {each.claim.number: each.missing for each in decided.verdicts if each.missing}
        # but for claims about training for longer than these networks train, and about other data
        of_time = {claim.number for table in CLAIMS_OF.values() for claim in table}
        assert set(missing) == {16, 17} | of_time
        assert all(missing[number] == ("a run of 3,300 iterations or more",) for number in (16, 17))
        assert Counter(verdicts.values())["NOT RUN"] == 2 + len(of_time)


def test_the_quick_ledger_is_published():
    assert ROOT / "results" / f"quick{SUFFIX}" in LEDGERS
