"""Claims that were fixed before the models were trained, and those that were changed since."""

import json
from dataclasses import replace

import pytest

from perso.claims import frozen, ledger
from perso.claims.hypotheses import Superior
from perso.claims.registry import CLAIMS
from perso.errors import InputError


def test_a_hash_depends_on_tests_and_not_on_words(claim):
    one = claim(4)
    reworded = replace(one, says="In other words.", printed="?", chapter="01-people")
    assert frozen.fingerprint_of(reworded) == frozen.fingerprint_of(one)
    for changed in (
        replace(one, tests=one.tests[1:]),
        replace(one, controls=()),
        replace(one, readings=one.readings[:1]),
        replace(one, kind="ranking"),
        replace(one, epochs=20),
        replace(one, tests=(*one.tests, Superior("SW-n-2", "BaseLine", "D_G"))),
    ):
        assert frozen.fingerprint_of(changed) != frozen.fingerprint_of(one)


def test_hashes_of_claims_differ_and_hold_names_alone():
    hashes = [frozen.fingerprint_of(claim) for claim in CLAIMS]
    assert len(set(hashes)) == len(CLAIMS)
    facts = json.dumps([frozen.plain_facts(claim) for claim in CLAIMS])
    assert " at 0x" not in facts


def test_what_was_changed_since_is_post_hoc(tmp_path, claim, make_evidence, better):
    assert frozen.is_frozen(claim(4), frozen.frozen_claims(tmp_path)) is None
    frozen.write_frozen(folder=tmp_path)
    fixed = frozen.frozen_claims(tmp_path)
    assert all(frozen.is_frozen(each, fixed) for each in CLAIMS)
    assert frozen.is_frozen(replace(claim(4), controls=()), fixed) is False
    assert frozen.is_frozen(replace(claim(4), number=35), fixed) is False
    own = ledger.make_ledger(make_evidence(better, width=0.125))
    assert own.provenance["frozen"] == frozen.hash_of_files(tmp_path) != ""
    assert all(verdict.frozen for verdict in own.verdicts)


def test_claims_are_frozen_once(tmp_path):
    file = frozen.write_frozen(folder=tmp_path)
    with pytest.raises(InputError, match="needed is a new file"):
        frozen.write_frozen(folder=tmp_path)
    with pytest.raises(InputError, match="all claims are frozen"):
        frozen.write_frozen("frozen-more.json", tmp_path)
    file.write_text("{}")
    with pytest.raises(InputError, match="does not hold frozen claims"):
        frozen.frozen_claims(tmp_path)


def test_claims_that_are_added_later_have_a_file_of_their_own(tmp_path):
    frozen.write_frozen(folder=tmp_path, claims=CLAIMS[:2])
    before = frozen.hash_of_files(tmp_path)
    added = frozen.write_frozen("frozen-added.json", tmp_path, CLAIMS[:3])
    assert [*json.loads(added.read_text())["claims"]] == ["3"]
    assert len(frozen.frozen_claims(tmp_path)) == 3
    assert frozen.hash_of_files(tmp_path) != before


def test_every_claim_but_one_is_as_it_was_frozen():
    fixed = frozen.frozen_claims()
    # 33: its test needed two tables at once, and could not run at standard size
    assert [claim.number for claim in CLAIMS if not frozen.is_frozen(claim, fixed)] == [33]
