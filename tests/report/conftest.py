"""Small data and small runs that the tests of sentences, tables and notebooks share."""

from collections.abc import Callable
from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from perso.claims.finding import Finding
from perso.claims.ledger import Verdict
from perso.claims.registry import CLAIMS
from perso.data.cohort import Cohort
from perso.data.dataset import StudyData
from perso.data.images import flipped
from perso.data.splits import Fold, Splits
from perso.methods.method import BASELINE
from perso.settings import Settings, as_dict
from perso.store.published import Published


@pytest.fixture(autouse=True)
def drawing():
    """No window, and no figure or style left behind."""
    plt.switch_backend("Agg")
    with mpl.rc_context():
        yield
    plt.close("all")


@pytest.fixture
def make_data() -> Callable[..., StudyData]:
    """`make_data(settings)` → three people's eight images; a pixel of image n is 10 n + its place.

    ann and bob are individuals, eve is D_G. bob has neither a 0 nor a 2; ann has two 0s, eve no 1.
    """
    people = np.array(["eve", "ann", "ann", "bob", "ann", "bob", "eve", "ann"])
    labels = np.array([0, 2, 0, 1, 0, 1, 2, 1])

    def make(settings: Settings | None = None) -> StudyData:
        images = 10 * np.arange(1, 9)[:, None, None] + np.arange(4).reshape(2, 2)
        images = images.astype(np.uint8)
        source = Cohort(images, labels, people, np.arange(8), source="eight of three")
        fold = Fold(("ann", "bob"), ("eve",), np.array([0, 8, 16]), np.array([6, 14, 22]))
        train = {"ann": np.array([1, 2, 4]), "bob": np.array([3])}
        test = {"ann": np.array([7]), "bob": np.array([5])}
        return StudyData(
            settings or Settings(),
            source,
            *flipped(images, labels, 3),
            9,
            Splits(train, test, (fold,), train),
            {},
        )

    return make


@pytest.fixture
def small_rows() -> pd.DataFrame:
    """Three people's rows of the baseline and of ES-n-40: 20 points more on D_I, 20 less on D_G."""
    # changes must vary a little, or there is no interval
    levels = {BASELINE: (0.5, 0.6, 0.7), "ES-n-40": (0.7001, 0.8, 0.8999)}
    lines = [
        (name, person, value, 1 - value)
        for name, values in levels.items()
        for person, value in enumerate(values)
    ]
    rows = pd.DataFrame(lines, columns=["method", "person", "acc_I", "acc_G"])
    return rows.assign(fold=0, repeat=0, iterations=9, own_iterations=9, n_G=8, hits_G=b"\xf0")


@pytest.fixture
def make_run(small_rows) -> Callable[..., Published]:
    """`make_run(name, …)` → a run of `small_rows`; with `swapped`, D_I and D_G change places."""

    def make(
        name: str, people: int = 3, missing: int = 0, swapped: bool = False, file: str = ""
    ) -> Published:
        rows = small_rows
        if swapped:
            rows = rows.rename(columns={"acc_I": "acc_G", "acc_G": "acc_I"})
        provenance = {
            "settings": as_dict(Settings()),
            "data": "digits",
            "models": 6,
            "wanted": 6 + missing,
            "people": people,
            "devices": ["cpu"],
            "precisions": ["float32"],
            "torch": ["2.11.0"],
            "first": "2026-01-01",
            "last": "2026-01-01",
            "perso": "0.1.0",
            "engine": 1,
            "commit": "abc1234",
            "exported": "2026-02-02",
        }
        return Published(name, rows, provenance, file)

    return make


@pytest.fixture
def make_finding() -> Callable[..., Finding]:
    """`make_finding(**changes)` → a significant finding of 24 people."""

    def make(**changes) -> Finding:
        found = Finding(
            "SW-n-2 − BaseLine on D_I",
            "mean over people",
            value=2.7,
            low=1.1,
            high=4.4,
            p=0.0004,
            n=24,
            detectable=2.2,
            margin=0.2,
            printed=0.4,
            predicted=(0.9, 4.5),
            holm=0.0015,
            outcome="for",
            settled=True,
        )
        return replace(found, **changes)

    return make


@pytest.fixture
def make_verdict() -> Callable[..., Verdict]:
    """`make_verdict(word, findings, …)` → a verdict on the first claim."""

    def make(word: str, *findings: Finding, controls=(), missing=(), needs=0) -> Verdict:
        return Verdict(CLAIMS[0], word, findings, tuple(controls), tuple(missing), needs, None)

    return make
