"""Fixtures of several test files of this folder."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from perso.data.dataset import StudyData, prepare
from perso.paths import ROOT
from perso.settings import read_params
from perso.store.sqlite import packed


@pytest.fixture(scope="session")
def data() -> StudyData:
    """The data of the smoke study."""
    return prepare(read_params(ROOT / "params" / "smoke.yml"))


@pytest.fixture
def make_rows() -> Callable[..., pd.DataFrame]:
    """`make_rows(hits, measure)` → rows of {(method, person, repeat): hits on the test images}."""

    def make(hits: dict, measure: str = "I") -> pd.DataFrame:
        lines = [
            {
                "method": m,
                "person": p,
                "repeat": r,
                "fold": 0,
                f"acc_{measure}": np.mean(h),
                f"n_{measure}": len(h),
                f"hits_{measure}": packed(np.array(h, bool)),
            }
            for (m, p, r), h in hits.items()
        ]
        return pd.DataFrame(lines)

    return make
