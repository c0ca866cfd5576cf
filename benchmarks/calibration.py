"""Simulate how often tests reject and intervals cover: `python benchmarks/calibration.py`.

It takes twenty minutes. It simulates studies like ours whose true effects are known. It runs
each test as the ledger does and counts how often the test rejects and how often an interval
contains the true value. It writes results/calibration.json for chapter 17; the same seed gives the
same numbers. Finished entries are kept in results/calibration.part: after a stop, the same command
continues. With --add, entries that the record has are kept and only new ones are counted.
"""

import argparse
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from durations import write
from scipy import stats as scipy_stats
from statsmodels.stats.proportion import proportion_confint
from tqdm import tqdm

from perso.claims import correlations, dispersions
from perso.errors import InputError
from perso.paths import ROOT
from perso.report import calibration, records
from perso.seeds import rng
from perso.stats import bootstrap, cohorts, dispersion, paired, permutation, resampling
from perso.store import published

PEOPLE = (14, 24)
SIMULATIONS = 2000
SEED = 0
DIGITS = (33, 36, 39)  # original digits in the test sets of the first, second, third … person
FLIPS = 3  # images of each original digit
# fewer than in the study: one p or interval is less exact, but the error rates are the same
DRAWS = 1000
PERMUTATIONS = 1999
# Shares of the variance of the sum that decides a hit; the rest is noise. They are chosen so that
# three quantities are as in the published runs: the SD over people, the SD of paired differences,
# and the part of the latter that is due to the choice of digits.
# on D_I
OWN = {
    "person": 0.14,
    "person × method": 0.02,
    "digit": 0.24,
    "digit × method": 0.1,
    "image": 0.2,
}
# on D_G
COMMON = {
    "person": 0.011,
    "person × method": 0.003,
    "digit": 0.24,
    "digit × method": 0.02,
    "image": 0.2,
}
COMMON_DIGITS = 270
COHORTS = 4  # as in the panel, of 45 people each
PANEL = (45 * COHORTS,)
ONE_COHORT = (24, 45)
GENERIC = 3  # generic networks of a cohort of the panel
# accepted range of the share of studies, by kind of test
WANTED = {
    "rejects": (0.035, 0.065),
    "covers": (0.93, 0.97),
    "finds": (0.75, 0.85),
    "at most": (0.0, 0.065),
}


@dataclass(frozen=True)
class Scenario:
    """A kind of simulated study, and the tests that are applied to it."""

    name: str
    # simulates one study of that many people: test → whether it rejects, or the interval covers
    trial: Callable[[np.random.Generator, int], dict[str, bool]]
    kinds: dict[str, str]  # test → key of WANTED
    contrast: tuple[str, ...] = ()  # tests that the study does not use, for comparison
    simulations: int = SIMULATIONS
    sizes: tuple[int, ...] = PEOPLE  # numbers of people


def hits(rng: np.random.Generator, people: int, accuracy: Sequence[float]) -> list[np.ndarray]:
    """Simulate a study on D_I: hits per original digit and method, int [k, methods] per person.

    accuracy   [methods], over all possible people and images
    A hit is a correctly classified image; each of the k digits has FLIPS images. This is a probit
    model: an image is a hit where the sum of normal effects and the method's constant is above 0.
    """
    methods = len(accuracy)
    k = max(DIGITS)
    sd = {name: np.sqrt(share) for name, share in OWN.items()}
    noise = rng.normal(0, np.sqrt(1 - sum(OWN.values())), (people, k, FLIPS, methods))
    person = rng.normal(0, sd["person"], (people, 1, 1, 1))
    person_method = rng.normal(0, sd["person × method"], (people, 1, 1, methods))
    digit = rng.normal(0, sd["digit"], (people, k, 1, 1))
    digit_method = rng.normal(0, sd["digit × method"], (people, k, 1, methods))
    image = rng.normal(0, sd["image"], (people, k, FLIPS, 1))
    effects = noise + (person + person_method) + (digit + digit_method + image)
    correct = (effects + scipy_stats.norm.ppf(accuracy) > 0).sum(axis=2)
    return [each[: DIGITS[place % len(DIGITS)]] for place, each in enumerate(correct)]


def means(study: list[np.ndarray]) -> np.ndarray:
    """Accuracies of a study, [people, methods]."""
    return np.array([each.mean(axis=0) / FLIPS for each in study])


def covers(interval: bootstrap.Interval, truth: float) -> bool:
    """Whether an interval contains the true value."""
    return bool(interval.low <= truth <= interval.high)


def two_methods(
    rng: np.random.Generator,
    people: int,
    accuracy: tuple[float, float] = (0.93, 0.93),
    spread: bool = False,
) -> dict[str, bool]:
    """All tests and intervals of a paired difference between two methods of one cohort.

    accuracy   of the two methods
    spread     also those of the two SDs over people
    """
    both = means(hits(rng, people, accuracy)).T
    d = both[1] - both[0]
    student = paired.paired_change(d)
    found = {
        "sign-flip": permutation.sign_flip(d, rng, PERMUTATIONS) < 0.05,
        "paired t-test": student.p < 0.05,
        "Wilcoxon": paired.wilcoxon(d) < 0.05,
        "Student's t interval": covers(student, accuracy[1] - accuracy[0]),
    }
    if spread:
        found |= {
            "Brown–Forsythe, sign-flip": dispersion.brown_forsythe(*both, rng, PERMUTATIONS) < 0.05,
            "Pitman–Morgan": dispersion.pitman_morgan(*both) < 0.05,
            "bootstrap over people": covers(dispersion.log_sd_ratio(*both, rng, DRAWS // 2)[0], 0),
        }
    return found


def cohorts_of(people: int, number: int) -> np.ndarray:
    """The cohort of each person, [people], of so many cohorts of one size."""
    return np.repeat(np.arange(number), people // number)


def spreads(
    rng: np.random.Generator,
    people: int,
    number: int = 1,
    accuracy: tuple[float, float] = (0.93, 0.93),
) -> dict[str, bool]:
    """Tests of two methods that vary equally over people, as the ledger makes them.

    number   cohorts, with their share of the people each
    """
    study = hits(rng, people, accuracy)
    both = means(study)
    where = cohorts_of(people, number)
    medians = pd.DataFrame(both).groupby(where).transform("median").to_numpy()
    distances = np.abs(both - medians)
    noise = np.array([[sampling_variance(column) for column in each.T] for each in study])
    changed = resampling.estimate(dispersions.sd_change(both, noise), where, rng, DRAWS)
    apart = cohorts.mean_over_people(distances[:, 0] - distances[:, 1], where, drawn=False)
    return {"Brown–Forsythe": apart.p < 0.05, "resampling people": changed.p < 0.05}


def sampling_variance(correct: np.ndarray) -> float:
    """Sampling variance of an accuracy, from the hits on each original digit [k]."""
    return float(np.var(correct / FLIPS, ddof=1) / len(correct))


def at_margin(rng: np.random.Generator, people: int, margin: float) -> dict[str, bool]:
    """Tests of equivalence and non-inferiority if the second method is worse by the margin.

    Neither is then true, so a rejection is an error.
    """
    study = means(hits(rng, people, (0.93, 0.93 - margin)))
    d = study[:, 1] - study[:, 0]
    return {
        "TOST": paired.tost(d, margin).equivalent,
        "non-inferiority": paired.non_inferiority(d, margin) < 0.05,
    }


def trend(rng: np.random.Generator, people: int, methods: int = 3) -> dict[str, bool]:
    """Test of a trend over methods that are all equally good."""
    return {"Page's L": paired.page_trend(means(hits(rng, people, [0.93] * methods))) < 0.05}


# steps of accuracy on D_I and D_G over seven settings; their slope is 0
APART = (
    np.array([-3, -2, -1, 0, 1, 2, 3]) / 100,
    np.array([0, 1, -3, 2, -1, 3, -2]) / 500,
)


def slope(rng: np.random.Generator, people: int, number: int = 1) -> dict[str, bool]:
    """Slope over seven settings that differ on D_I and D_G, where neither follows the other.

    number   cohorts, with their share of the people each
    """
    steps_I, steps_G = APART
    on_I = means(hits(rng, people, 0.93 + steps_I))
    # normal, because D_G has many images
    on_G = steps_G + rng.normal(0, 0.012, (people, 1)) + rng.normal(0, 0.01, (people, 7))
    sides = correlations.slope_of_means(on_I, on_G)
    return slope_tests(sides, cohorts_of(people, number), rng)


def slope_of_sds(rng: np.random.Generator, people: int, number: int = 1) -> dict[str, bool]:
    """Slope of the SD over people on mean accuracy, as in claim 13; seven settings are alike.

    number   cohorts, with their share of the people each
    """
    study = hits(rng, people, [0.93] * 7)
    halves = [np.array([each[half::2].mean(axis=0) for each in study]) / FLIPS for half in (0, 1)]

    def of_cohort(drawn: resampling.Drawn) -> np.ndarray:
        x = [drawn.mean(each) for each in halves]
        y = [drawn.variance(each) for each in halves[::-1]]
        return np.stack([np.stack(x, axis=-2), np.stack(y, axis=-2)], axis=-3)

    def sides(found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, variance = correlations.both_sides(found)
        return mean, np.sqrt(np.maximum(variance, 0))

    return slope_tests(resampling.Statistic(of_cohort, sides), cohorts_of(people, number), rng)


def slope_tests(
    sides: correlations.Sides, where: np.ndarray, rng: np.random.Generator
) -> dict[str, bool]:
    """The ledger's test of a slope whose true value is 0, and whether its interval contains it."""
    slope = sides.then(lambda both: correlations.slope_of(*both))
    found = resampling.estimate(slope, where, rng, DRAWS)
    return {"slope over settings": found.p < 0.05, "interval of a slope": covers(found, 0)}


def writers(
    rng: np.random.Generator, people: int, classes: int = 5, each: int = 4
) -> dict[str, bool]:
    """Test whether codes differ between people; they differ between classes only.

    each   codes per person and class
    """
    strata = np.tile(np.arange(classes), people * each)
    codes = rng.normal(size=(len(strata), 4)) + 3 * rng.normal(size=(classes, 4))[strata]
    groups = np.repeat(np.arange(people), classes * each)
    return {"PERMANOVA": permutation.permanova(codes, groups, strata, rng, 199).p < 0.05}


def coin(rng: np.random.Generator, people: int) -> dict[str, bool]:
    """Test of a share of people whose true value is one half."""
    count = rng.binomial(people, 0.5)
    low, high = proportion_confint(count, people, method="wilson")
    return {
        "binomial": scipy_stats.binomtest(count, people).pvalue < 0.05,
        "binomial, by its interval": not low <= 0.5 <= high,
    }


@cache
def found_by_most(people: int) -> float:
    """Accuracy that differs from 93 % by the MDE of `Effect.detectable`, of one cohort.

    The SD of the paired differences is the true one, from a very large study.
    """
    better = 0.95
    for _ in range(3):
        study = means(hits(rng(SEED, "sd"), 20_000, (0.93, better)))
        sd = float((study[:, 1] - study[:, 0]).std())
        quantiles = scipy_stats.t.ppf([0.975, 0.8], people - 1)
        better = 0.93 + quantiles.sum() * sd / np.sqrt(people)
    return better


def power(rng: np.random.Generator, people: int) -> dict[str, bool]:
    """Test of a difference that is as large as the minimum detectable effect."""
    study = means(hits(rng, people, (0.93, found_by_most(people))))
    d = study[:, 1] - study[:, 0]
    found = cohorts.mean_over_people(d, np.zeros(people), drawn=False)
    return {calibration.RULE: found.p < 0.05}


def cohort_hits(
    rng: np.random.Generator,
    people: int,
    accuracy: tuple[float, float] = (0.93, 0.93),
    shift: float = 0.0,
    kept: tuple[float, float] = (0.0, 0.0),
    ability: tuple[float, float] | None = None,
) -> np.ndarray:
    """Simulate one cohort on D_G: hits per original digit and method, int [people, k, 2].

    It is the model of `hits`; all people are tested on the same digits.

    shift     what this D_G does to the difference of the two methods, on the scale of the sum
    kept      by method, the share of the noise that is not of the person's network but of the
              generic network of the cohort; 1: all people have that network
    ability   the same of the effects of the person; None: as `kept`
    """
    sd = {name: np.sqrt(share) for name, share in COMMON.items()}
    k = COMMON_DIGITS
    of_person = np.hypot(sd["person"], sd["person × method"])
    noise_sd = np.sqrt(1 - sum(COMMON.values()))

    def mixture(own: np.ndarray, generic: np.ndarray, share: Sequence[float]) -> np.ndarray:
        return np.sqrt(1 - np.array(share)) * own + np.sqrt(share) * generic

    person = rng.normal(0, sd["person"], (people, 1, 1, 1))
    person = person + rng.normal(0, sd["person × method"], (people, 1, 1, 2))
    person = mixture(person, rng.normal(0, of_person), kept if ability is None else ability)
    noise = mixture(
        rng.normal(0, noise_sd, (people, k, FLIPS, 2)),
        rng.normal(0, noise_sd, (1, k, FLIPS, 1)),
        kept,
    )
    digit = rng.normal(0, sd["digit"], (k, 1, 1)) + rng.normal(0, sd["digit × method"], (k, 1, 2))
    image = rng.normal(0, sd["image"], (k, FLIPS, 1))
    effects = noise + person + digit + image + shift * np.array([-0.5, 0.5])
    return (effects + scipy_stats.norm.ppf(accuracy) > 0).sum(axis=2)


def over_people(
    d: np.ndarray,
    cohort: np.ndarray,
    *,
    drawn: bool,
    common: object = 0.0,
    truth: float = 0.0,
) -> dict[str, bool]:
    """The rule for means over people, and a t-test that ignores what people share.

    `cohorts.mean_over_people` describes the arguments; truth is the true mean.
    """
    found = cohorts.mean_over_people(d, cohort, drawn=drawn, common=common)
    alone = paired.paired_change(d)
    return {
        calibration.RULE: found.p < 0.05,
        calibration.ALONE: alone.p < 0.05,
        calibration.RULES_INTERVAL: covers(found, truth),
        calibration.ALONE_INTERVAL: covers(alone, truth),
    }


@cache
def error_within(people: int) -> float:
    """Standard error of the mean difference of a cohort on D_G, on the scale of the sum."""
    generator = rng(SEED, "error within")
    found = [np.diff(cohort_hits(generator, people).mean(axis=(0, 1))) for _ in range(1000)]
    return float(np.std(found)) / FLIPS / float(scipy_stats.norm.pdf(scipy_stats.norm.ppf(0.93)))


def on_D_G(
    rng: np.random.Generator,
    people: int,
    number: int = 1,
    effect: float = 0.0,
    accuracy: tuple[float, float] = (0.93, 0.93),
    kept: tuple[float, float] = (0.0, 0.0),
    ability: tuple[float, float] | None = None,
) -> dict[str, bool]:
    """Tests and intervals of a difference on D_G, which each cohort draws anew.

    number   cohorts, with their share of the people each
    effect   SD over cohorts of the true difference, in standard errors of a cohort's mean
    kept     see `cohort_hits`, as for `ability`; where one method has a generic network and the
             other none, the variance of the first method's people stands for that of generic
             networks
    """
    size = people // number
    sd = effect * error_within(size) if effect else 0.0
    d, common = [], {}
    for cohort in range(number):
        study = cohort_hits(rng, size, accuracy, rng.normal(0, sd), kept, ability) / FLIPS
        table = study[:, :, 1] - study[:, :, 0]
        d.append(table.mean(axis=1))
        common[cohort] = cohorts.crossed(table)
        if kept[1] and not kept[0]:
            common[cohort] += study[:, :, 0].mean(axis=1).var(ddof=1)
    # the effects of D_G add to the variance of the sum
    there = scipy_stats.norm.cdf(scipy_stats.norm.ppf(accuracy) / np.sqrt(1 + sd**2 / 4))
    where = np.repeat(np.arange(number), size)
    truth = float(there[1] - there[0])
    return over_people(np.concatenate(d), where, drawn=True, common=common, truth=truth)


def on_D_I(
    rng: np.random.Generator, people: int, accuracy: tuple[float, float] = (0.93, 0.93)
) -> dict[str, bool]:
    """Tests and intervals of a difference on D_I: people of several cohorts share nothing."""
    study = means(hits(rng, people, accuracy))
    where = np.arange(people) % COHORTS
    truth = accuracy[1] - accuracy[0]
    return over_people(study[:, 1] - study[:, 0], where, drawn=False, truth=truth)


def from_generic(rng: np.random.Generator, people: int, known: bool = True) -> dict[str, bool]:
    """Tests of a difference on D_I that is 0, where a cohort's people share generic networks.

    known   whether the variance over generic networks is estimated, from baselines on D_G, of which
            each person has one
    The SD over people is 1, that over generic networks 0.5.
    """
    where = np.arange(people) % COHORTS
    generic = rng.normal(0, 0.5, (COHORTS, GENERIC)).mean(axis=1)
    d = rng.normal(0, 1, people) + generic[where]
    baselines = rng.normal(0, 0.5, people)
    common = {cohort: baselines[where == cohort].var(ddof=1) / GENERIC for cohort in range(COHORTS)}
    return over_people(d, where, drawn=False, common=common if known else 0.0)


TESTS = dict.fromkeys(("sign-flip", "paired t-test", "Wilcoxon"), "rejects")
INTERVAL = {"Student's t interval": "covers"}
SPREAD = {
    "Brown–Forsythe, sign-flip": "rejects",
    "Pitman–Morgan": "rejects",
    "bootstrap over people": "covers",
}
SPREADS = dict.fromkeys(("Brown–Forsythe", "resampling people"), "rejects")
SLOPE = {"slope over settings": "rejects", "interval of a slope": "covers"}
EQUAL = dict.fromkeys((calibration.RULE, calibration.ALONE), "rejects")
APART_BY = dict.fromkeys((calibration.RULES_INTERVAL, calibration.ALONE_INTERVAL), "covers")


def mean_scenario(name: str, trial: Callable, kinds: dict[str, str], sizes: tuple) -> Scenario:
    """A scenario of the rule for means over people, beside what ignores what they share."""
    contrast = tuple(set(kinds) & {calibration.ALONE, calibration.ALONE_INTERVAL})
    return Scenario(name, trial, kinds, contrast, sizes=sizes)


SCENARIOS = (
    Scenario(
        "nothing differs, 93 %",
        partial(two_methods, spread=True),
        TESTS | INTERVAL | SPREAD,
        ("Pitman–Morgan",),
    ),
    Scenario(
        "nothing differs, 98 %",
        partial(two_methods, accuracy=(0.98, 0.98), spread=True),
        TESTS | INTERVAL | SPREAD,
        ("Pitman–Morgan",),
    ),
    Scenario("93 % and 97 %", partial(two_methods, accuracy=(0.93, 0.97)), INTERVAL),
    Scenario("as large as detectable", power, {calibration.RULE: "finds"}),
    *(
        Scenario(
            f"nothing differs, {name}",
            partial(spreads, number=number, accuracy=accuracy),
            SPREADS,
            sizes=sizes,
        )
        for number, sizes, name, accuracy in (
            (1, PEOPLE, "one cohort, 93 %", (0.93, 0.93)),
            (1, PEOPLE, "one cohort, 98 %", (0.98, 0.98)),
            (COHORTS, PANEL, "4 cohorts, 93 %", (0.93, 0.93)),
        )
    ),
    Scenario(
        "worse by the margin, 0.5 pp",
        partial(at_margin, margin=0.005),
        {"TOST": "at most", "non-inferiority": "rejects"},
    ),
    Scenario(
        "worse by a wide margin, 4 pp",
        partial(at_margin, margin=0.04),
        {"TOST": "rejects", "non-inferiority": "rejects"},
    ),
    Scenario("three methods alike", trend, {"Page's L": "rejects"}),
    Scenario("seven settings apart, slope 0", slope, SLOPE),
    Scenario(
        "seven settings apart, slope 0, 4 cohorts",
        partial(slope, number=COHORTS),
        SLOPE,
        sizes=PANEL,
    ),
    Scenario("seven settings alike, mean and SD", slope_of_sds, SLOPE),
    Scenario(
        "seven settings alike, mean and SD, 4 cohorts",
        partial(slope_of_sds, number=COHORTS),
        SLOPE,
        sizes=PANEL,
    ),
    Scenario("codes without writers", writers, {"PERMANOVA": "rejects"}),
    Scenario(
        "as many for as against",
        coin,
        {"binomial": "at most", "binomial, by its interval": "at most"},
    ),
    mean_scenario(
        "drawn D_G, 4 cohorts, no effect of D_G",
        partial(on_D_G, number=COHORTS),
        EQUAL,
        PANEL,
    ),
    mean_scenario(
        "drawn D_G, 4 cohorts, effect of D_G as large as the error",
        partial(on_D_G, number=COHORTS, effect=1),
        EQUAL,
        PANEL,
    ),
    mean_scenario(
        "drawn D_G, 4 cohorts, effect of D_G 4 × the error",
        partial(on_D_G, number=COHORTS, effect=4),
        EQUAL,
        PANEL,
    ),
    mean_scenario(
        "drawn D_G, 4 cohorts, 93 % and 95 %",
        partial(on_D_G, number=COHORTS, effect=1, accuracy=(0.93, 0.95)),
        APART_BY,
        PANEL,
    ),
    mean_scenario("one D_G, common digits", on_D_G, EQUAL, ONE_COHORT),
    mean_scenario(
        "one D_G, common digits, 93 % and 95 %",
        partial(on_D_G, accuracy=(0.93, 0.95)),
        APART_BY,
        ONE_COHORT,
    ),
    mean_scenario("D_I, 4 cohorts, nothing shared", on_D_I, EQUAL, PANEL),
    mean_scenario(
        "D_I, 4 cohorts, 93 % and 97 %",
        partial(on_D_I, accuracy=(0.93, 0.97)),
        APART_BY,
        PANEL,
    ),
    mean_scenario("D_I, 4 cohorts, 3 common generic networks each", from_generic, EQUAL, PANEL),
    mean_scenario(
        "D_I, 4 cohorts, an unknown effect of the cohort",
        partial(from_generic, known=False),
        EQUAL,
        PANEL,
    ),
    mean_scenario(
        "one D_G, common generic network, unchanged",
        partial(on_D_G, kept=(0, 1)),
        EQUAL,
        ONE_COHORT,
    ),
    mean_scenario(
        "one D_G, common generic network, half kept",
        partial(on_D_G, kept=(0, 0.5)),
        EQUAL,
        ONE_COHORT,
    ),
    mean_scenario(
        "TL − TL-0, one D_G",
        partial(on_D_G, kept=(1, 0.5), ability=(1, 1)),
        EQUAL,
        ONE_COHORT,
    ),
    mean_scenario(
        "TL − TL-0, one D_G, half of the ability kept",
        partial(on_D_G, kept=(1, 0.5)),
        EQUAL,
        ONE_COHORT,
    ),
    mean_scenario(
        "TL − TL-0, 4 cohorts, half of the ability kept",
        partial(on_D_G, number=COHORTS, kept=(1, 0.5)),
        EQUAL,
        PANEL,
    ),
)


def counted(scenario: Scenario, people: int, simulations: int = 0, seed: int = SEED) -> list[dict]:
    """Simulate a scenario; an entry of results/calibration.json per test.

    people        number of people in each study
    simulations   number of studies; 0: that of the scenario
    """
    generator = rng(seed, "calibration", scenario.name, people)
    n = simulations or scenario.simulations
    found = [scenario.trial(generator, people) for _ in range(n)]
    entries = []
    for what, kind in scenario.kinds.items():
        count = int(sum(bool(each[what]) for each in found))
        low, high = proportion_confint(count, n, method="wilson")
        entries.append(
            {
                "what": what,
                "scenario": scenario.name,
                "people": people,
                "simulated": n,
                "kind": kind,
                "contrast": what in scenario.contrast,
                "share": count / n,
                "low": round(float(low), 5),
                "high": round(float(high), 5),
                "wanted": list(WANTED[kind]),
            }
        )
    return entries


def about(simulations: int) -> dict:
    """The fields of a record besides its entries."""
    return {
        "date": date.today().isoformat(),
        "commit": published.commit(),
        "seed": SEED,
        "simulations": SIMULATIONS,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "scipy", "statsmodels")},
        },
        "draws": DRAWS,
        "permutations": PERMUTATIONS,
        "asked": simulations,
    }


def counted_before(part: Path, record: dict) -> list[dict]:
    """The entries of a stopped run, if all other fields are those of `record`; else none."""
    try:
        earlier = records.load_json(part)
    except InputError as error:
        raise SystemExit(f"calibration: {error}") from None
    # else the code may have changed since
    known = not record["commit"].endswith(("-dirty", "unknown"))
    if not earlier or not known:
        return []
    same = all(earlier.get(name) == record[name] for name in record if name != "date")
    return earlier["entries"] if same else []


def counted_elsewhere(earlier: dict) -> list[dict]:
    """Entries of an earlier record that today's scenarios would count again.

    What is a contrast may have changed since.
    """
    today = {
        (scenario.name, people, what, scenario.simulations, kind): what in scenario.contrast
        for scenario in SCENARIOS
        for people in scenario.sizes
        for what, kind in scenario.kinds.items()
    }
    fields = "scenario", "people", "what", "simulated", "kind"
    keys = [tuple(entry[name] for name in fields) for entry in earlier["entries"]]
    return [
        entry | {"contrast": today[key]}
        for entry, key in zip(earlier["entries"], keys, strict=True)
        if key in today
    ]


def main() -> None:
    top = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    top.add_argument(
        "--simulations",
        type=int,
        default=0,
        metavar="N",
        help="studies per scenario, fewer for a first look (default: as many as the book has)",
    )
    top.add_argument(
        "--to",
        type=Path,
        default=ROOT / "results" / "calibration.json",
        metavar="FILE.json",
        help="file of the record (default: %(default)s)",
    )
    top.add_argument(
        "--add",
        action="store_true",
        help="keep the record's entries and count only new scenarios; for changes of those alone",
    )
    args = top.parse_args()
    part = args.to.with_suffix(".part")
    record = about(args.simulations)
    earlier = records.load_json(args.to) if args.add else None
    if earlier:
        record["kept"] = {name: earlier[name] for name in ("date", "commit")}
    record["entries"] = counted_before(part, record)
    if earlier and not record["entries"]:
        record["entries"] = counted_elsewhere(earlier)
    done = {(entry["scenario"], entry["people"]) for entry in record["entries"]}
    pairs = [
        (scenario, people)
        for scenario in SCENARIOS
        for people in scenario.sizes
        if (scenario.name, people) not in done
    ]
    for scenario, people in tqdm(pairs):
        record["entries"] += counted(scenario, people, args.simulations)
        write(part, record, indent=1, ensure_ascii=False, allow_nan=False)
    del record["asked"]  # each entry has its own number of simulations
    write(args.to, record, indent=1, ensure_ascii=False, allow_nan=False)
    part.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
