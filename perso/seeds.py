"""Seeds and generators from names, hashes from facts."""

import hashlib
import json
from collections.abc import Iterable, Iterator

import numpy as np

encode = json.JSONEncoder(sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode


def fingerprint(facts) -> str:
    """Hash of plain nested data (dicts, lists, numbers, text), 32 hex digits.

    Equal facts have equal hashes on every machine.
    """
    return hashlib.sha256(encode(facts).encode()).hexdigest()[:32]


def fingerprints(before: list, own: Iterable[str], after: list) -> Iterator[str]:
    """`fingerprint([*before, *each, *after])` of each list in `own`; shared facts are encoded once.

    own             lists as `encode` writes them
    before, each    of one fact or more
    """
    shared = hashlib.sha256(encode(before)[:-1].encode())  # without its closing bracket
    end = "," + encode(after)[1:] if after else "]"
    for each in own:
        whole = shared.copy()
        whole.update(f",{each[1:-1]}{end}".encode())
        yield whole.hexdigest()[:32]


def seed_of(*names) -> int:
    """A 63-bit seed from names: `seed_of(0, "init", person, repeat)`.

    A method's name never enters, so all methods on one person share what is drawn.
    """
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()
    return int.from_bytes(digest[:8]) >> 1


def rng(*names) -> np.random.Generator:
    """A generator from names (see `seed_of`); this package has no global random state."""
    return np.random.default_rng(seed_of(*names))
