"""The registry of claims: numbers, chapters and tests."""

from perso.claims import ledger
from perso.claims.registry import CLAIMS
from perso.paths import ROOT


def test_claims_are_numbered_and_have_a_chapter_and_tests():
    assert len(CLAIMS) >= 34, "the papers' 34 claims stay"
    chapters = [path.stem for path in sorted((ROOT / "chapters").glob("*.ipynb"))]
    for place, claim in enumerate(CLAIMS, 1):
        assert claim.number == place, f"claim {claim.number}: number must be {place}, its place"
        known = f"claim {place}: no chapter {claim.chapter!r}; there are: {', '.join(chapters)}"
        assert claim.chapter in chapters, known
        assert ledger.tests_of(claim), f"claim {place} has no tests"
