"""Ledgers as JSON files."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from perso.claims import ledger_file
from perso.errors import InputError
from perso.report import ledger_html, ledger_text


@pytest.fixture
def file(own, tmp_path):
    """The file of the ledger `own`."""
    path = tmp_path / "quick.claims.json"
    ledger_file.write_ledger(path, own)
    return path


def test_a_ledger_is_read_as_it_was_written(own, file):
    again = ledger_file.read_ledger(file)
    assert again.provenance == own.provenance
    assert again.file == f"{file.parent.name}/quick.claims.json"
    pd.testing.assert_frame_equal(
        ledger_text.findings_table(again.verdicts),
        ledger_text.findings_table(own.verdicts),
        check_dtype=False,
    )
    pd.testing.assert_frame_equal(
        ledger_text.summary(again.verdicts), ledger_text.summary(own.verdicts)
    )


def test_ledgers_of_the_same_rows_are_listed_once(own, file):
    assert ledger_file.ledgers_beside(own, file.parent) == [own]
    other = replace(own, provenance=own.provenance | {"content": "others"})
    files = [each.file for each in ledger_file.ledgers_beside(other, file.parent)]
    assert files == ["", f"{file.parent.name}/quick.claims.json"]


def test_a_claim_that_was_added_later_is_not_run(file):
    content = json.loads(file.read_text())
    content["claims"] = [each for each in content["claims"] if each["number"] != 4]
    file.write_text(json.dumps(content))
    verdict = ledger_file.read_ledger(file).verdicts[3]
    assert verdict.verdict == "NOT RUN"
    assert verdict.missing == ("this claim, which was added after the ledger was written",)


def test_a_claim_may_be_reworded(own, file, claim):
    """Its number alone identifies a claim; the sentence is the registry's."""
    file.write_text(file.read_text().replace(claim(4).says, "The same claim in other words."))
    verdict = ledger_file.read_ledger(file).verdicts[3]
    assert verdict.verdict == own.verdicts[3].verdict
    assert verdict.claim is claim(4)


def test_a_file_that_is_not_a_ledger_is_an_error(file):
    file.write_text("{}")
    message = r"is not a ledger .* write one with `perso claims PARAMS.yml --to FILE.json`"
    with pytest.raises(InputError, match=message):
        ledger_file.read_ledger(file)


def test_a_ledger_of_own_claims_is_not_read_as_the_papers(own, tmp_path):
    settings = own.provenance["settings"] | {"claims_of": "mine.py:CLAIMS"}
    path = tmp_path / f"mine{ledger_file.SUFFIX}"
    ledger_file.write_ledger(path, replace(own, provenance=own.provenance | {"settings": settings}))
    for read in (lambda: ledger_file.read_ledger(path), lambda: ledger_file.read_ledgers(tmp_path)):
        with pytest.raises(InputError, match=r"of your own claims \(mine.py:CLAIMS\)"):
            read()


def test_settings_that_are_newer_than_a_ledger_make_no_other_ledger(own, tmp_path):
    settings = dict(own.provenance["settings"])
    del settings["architecture"], settings["claims_of"]
    older = replace(own, provenance=own.provenance | {"settings": settings})
    ledger_file.write_ledger(tmp_path / f"older{ledger_file.SUFFIX}", older)
    assert ledger_file.ledgers_beside(own, tmp_path) == [own]


def test_ledgers_are_read_with_most_people_first_then_the_first_cohort(own, tmp_path):
    people = {"people": own.provenance["people"] + 1}
    more = replace(own, provenance=own.provenance | people)
    cohort = {"settings": own.provenance["settings"] | {"cohort_seed": 1}}
    second = replace(more, provenance=more.provenance | cohort)
    for name, one in (("a", own), ("b", second), ("c", more)):
        ledger_file.write_ledger(tmp_path / f"{name}{ledger_file.SUFFIX}", one)
    names = [ledger_html.ledger_name(one) for one in ledger_file.read_ledgers(tmp_path)]
    assert names == ["c", "b", "a"]
