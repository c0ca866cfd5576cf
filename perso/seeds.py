"""Seeds and generators from names, hashes from facts."""

import hashlib
import json

import numpy as np


def fingerprint(facts) -> str:
    """Hash of plain nested data (dicts, lists, numbers, text), 32 hex digits.

    Equal facts have equal hashes on every machine.
    """
    text = json.dumps(facts, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def seed_of(*names) -> int:
    """A 63-bit seed from names: `seed_of(0, "init", person, repeat)`.

    A method's name never enters, so all methods on one person share what is drawn.
    """
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()
    return int.from_bytes(digest[:8]) >> 1


def rng(*names) -> np.random.Generator:
    """A generator from names (see `seed_of`); this package has no global random state."""
    return np.random.default_rng(seed_of(*names))
