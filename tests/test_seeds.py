"""Hashes from facts."""

import pytest

from perso.seeds import encode, fingerprint, fingerprints


@pytest.mark.parametrize("after", [[], ["rotation", {"b": 1, "a": [2, None]}]])
def test_fingerprints_are_those_of_each_whole(after):
    before = [{"z": 1, "é": "ü"}, "ES"]
    own = [[["person", ""], 0], [["another", "other"], 1]]
    found = list(fingerprints(before, map(encode, own), after))
    assert found == [fingerprint([*before, *each, *after]) for each in own]
    assert len(set(found)) == len(own)
