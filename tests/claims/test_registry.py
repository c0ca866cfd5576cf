"""The registry of claims: numbers, chapters and tests."""

from perso.claims import ledger
from perso.claims.registry import CLAIMS
from perso.paths import ROOT


def test_claims_are_numbered_and_have_a_chapter_and_tests():
    assert len(CLAIMS) >= 34, "the papers' 34 claims stay"
    chapters = [path.stem for path in sorted((ROOT / "chapters").glob("[!.]*.ipynb"))]
    papers = [claim.number for claim in CLAIMS if claim.kind != "ours"]
    ours = [claim.number for claim in CLAIMS if claim.kind == "ours"]
    assert papers == list(range(1, len(papers) + 1))
    assert ours == list(range(101, 101 + len(ours)))
    for claim in CLAIMS:
        number = claim.number
        known = f"claim {number}: no chapter {claim.chapter!r}; there are: {', '.join(chapters)}"
        assert claim.chapter in chapters, known
        assert ledger.tests_of(claim), f"claim {number} has no tests"
        assert (claim.source == "ours") == (claim.kind == "ours")
