"""Every claim can be decided: with enough people an effect of zero contradicts it, one as large as
the printed effect supports it, and one of the opposite sign contradicts it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from perso.claims import ledger
from perso.claims.evidence import Evidence
from perso.claims.hypotheses import (
    DispersionRatio,
    Measured,
    NonInferior,
    printed_column,
    printed_row,
)
from perso.claims.registry import CLAIMS
from perso.methods.method import BASELINE
from perso.parts import BOTH
from perso.paths import ROOT
from perso.settings import read_params
from perso.stats import dispersion, effect
from perso.stats.paired import Belief

PEOPLE = 2000
COHORTS = 20
NOISE = 0.0003  # SD of an accuracy; small, as many more people would be slow

# What the papers, or we, claim of methods without a printed row: the difference to the baseline,
# where they claim it of one part alone with this part
CLAIMED = {
    "far SG-n-1500": -0.01,
    "far IG-n-5": -0.01,
    "ES-n-5000": -0.01,
    "ES-n-5000, 3 × epochs": -0.01,
    "TL-n-300 (1e-2 sgd)": -0.017,
    "head only": 0.01,
    # recurrent networks
    ("TL-n-200 (1e-3)", "D_G"): -0.03,
    "TL-n-200 (1e-4)": -0.01,
    "head only, 200 iterations": -0.01,
    "L2-SP 0.1, 200 iterations": -0.01,
    "user input": 0.01,
    "user state": 0.02,
    "user gates": 0.02,
    "user film": 0.02,
    "user head 0.1": 0.01,
    "user head 1": 0.01,
    # contexts
    ("TL-n-300 (1e-3)", "D_I"): 0.02,
    ("TL-n-300 (1e-3)", "D_U"): -0.02,
    "TL, a tenth held out": 0.01,
    ("CRoP", BOTH): 0.03,
    # enrolments
    "enrolled, 1 sample": 0.01,
    "enrolled, 3 samples": 0.012,
    "enrolled, 12 samples": 0.015,
    "enrolled, 36 samples": 0.02,
}
SIMULATED = [
    claim
    for claim in CLAIMS
    if not any(isinstance(test, Measured) for test in ledger.tests_of(claim))
]


class Simulated(Evidence):
    """Evidence of many people in many cohorts whose true accuracies are known.

    size    of all effects: 1 as printed, 0 none, -1 as large, with the opposite sign
    other   {method: difference to the baseline} in place of what is printed
    """

    def __init__(self, size: float, dispersed: bool = False, other: dict | None = None):
        settings = read_params(ROOT / "params" / "paper.yml")
        self.size = size
        self.dispersed = dispersed
        self.other = other or {}
        super().__init__(SimpleNamespace(asked=settings, settings=settings))

    iterations = 3300

    def truth(self, of: str, part: str, method: str) -> tuple[float, float]:
        """Mean and SD over people of a method's accuracy."""
        mean, sd = (printed_column(f"{part} {what}", of) for what in ("mean", "sd"))
        if not mean:  # no paper prints a baseline of this run
            mean, sd = {BASELINE: 0.9}, {BASELINE: 0.02}
        row = printed_row(method)
        difference = mean.get(row, mean[BASELINE]) - mean[BASELINE]
        if row not in mean:
            difference = CLAIMED.get((method, part), CLAIMED.get(method, 0.0))
        ratio = sd.get(row, sd[BASELINE]) / sd[BASELINE]
        accuracy = mean[BASELINE] + self.other.get(method, self.size * difference)
        return accuracy, sd[BASELINE] * ratio**self.size if self.dispersed else NOISE

    def people(self, of: str, part: str, *methods: str) -> pd.DataFrame:
        columns = {}
        for method in methods:
            draw = np.random.default_rng([*map(ord, method), *map(ord, part)])
            mean, sd = self.truth(of, part, method)
            columns[method] = mean + sd * draw.normal(size=PEOPLE)
        return pd.DataFrame(columns)

    def cohorts(self, of: str, people: pd.Index) -> np.ndarray:
        return np.arange(len(people)) % COHORTS

    def differences(self, of: str, part: str, contrast: tuple) -> tuple[pd.Series, dict]:
        people = self.people(of, part, *(name for name, _ in contrast))
        d = people @ [weight for _, weight in contrast]
        folds = self.cohorts(of, people.index)
        d.index = pd.MultiIndex.from_arrays([folds, people.index], names=["fold", "person"])
        return d, dict.fromkeys(range(COHORTS), 0.0)


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    """Without the tests that are displayed beside the verdict, which are slow for many people."""
    for module in (effect.permutation, dispersion):
        monkeypatch.setattr(module, "sign_flip", lambda *_: np.nan)
    nothing = Belief(np.nan, np.nan, np.nan)
    monkeypatch.setattr(effect.paired, "bayesian_signed_rank", lambda *_: nothing)


def verdict_of(claim, size: float, other: dict | None = None) -> str:
    """The verdict on a claim where all effects have this size."""
    dispersed = any(isinstance(test, DispersionRatio) for test in ledger.tests_of(claim))
    evidence = Simulated(size, dispersed, other)
    return ledger.verdict_of_tests(claim, evidence, ledger.groups_of(claim))[0]


def no_loss(claim) -> bool:
    """Whether a claim says that methods are not worse than others: no effect supports it."""
    return all(isinstance(test, NonInferior) for test in ledger.tests_of(claim))


@pytest.mark.parametrize("claim", SIMULATED, ids=lambda claim: str(claim.number))
def test_the_printed_effects_support_the_claim(claim):
    expected = "EQUIVALENT" if claim.kind == "equality" else "REPRODUCED"
    assert verdict_of(claim, 1) == expected


@pytest.mark.parametrize("claim", SIMULATED, ids=lambda claim: str(claim.number))
def test_no_effect_contradicts_a_claim_of_one(claim):
    expected = "EQUIVALENT" if claim.kind == "equality" else "CONTRADICTED"
    assert verdict_of(claim, 0) == ("REPRODUCED" if no_loss(claim) else expected)


@pytest.mark.parametrize("claim", SIMULATED, ids=lambda claim: str(claim.number))
def test_effects_of_the_opposite_sign_contradict_the_claim(claim):
    other = {}
    if claim.kind == "equality" or no_loss(claim):  # one percentage point apart
        sign = -1 if no_loss(claim) else 1
        other = {test.method: sign * 0.01 for test in ledger.tests_of(claim)}
        other |= {test.base: 0.0 for test in ledger.tests_of(claim)}
    assert verdict_of(claim, -1, other) == "CONTRADICTED"


@pytest.mark.parametrize("claim", SIMULATED, ids=lambda claim: str(claim.number))
def test_every_reading_changes_the_tests_and_can_be_decided(claim):
    for reading in claim.readings:
        groups = ledger.groups_of(claim, reading)
        assert groups and groups != ledger.groups_of(claim), reading.name
