"""Names to seeds and generators; facts to hashes."""

import hashlib
import json

import numpy as np


def fingerprint(facts) -> str:
    """Hash of plain nested data (dicts, lists, numbers, text): equal facts, equal hash, on every machine."""
    text = json.dumps(facts, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def seed_of(*names) -> int:
    """A 63-bit seed from names: `seed_of(0, "init", person, repeat)`. No method's name ever enters."""
    return int.from_bytes(hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()[:8]) >> 1


def rng(*names) -> np.random.Generator:
    """A generator from names (see `seed_of`); there is no global random state in this package."""
    return np.random.default_rng(seed_of(*names))
