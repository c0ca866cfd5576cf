"""Whether the study's tests and intervals keep their word: `python benchmarks/calibration.py`, a quarter of an hour.

Simulates studies like ours in which the truth is known, asks each test as the ledger does and counts how often it
rejects and how often an interval covers. Writes results/calibration.json for chapter 17; the same seed gives the same
numbers. What is counted so far is kept in calibration.part: stopped before the end, the same command goes on.
"""

import argparse
import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from durations import write
from scipy import stats as scipy_stats
from statsmodels.stats.proportion import proportion_confint
from tqdm import tqdm

from perso.errors import InputError
from perso.paths import ROOT
from perso.report import records
from perso.seeds import rng
from perso.stats import bootstrap, dispersion, mixed, paired, permutation
from perso.store import published

PEOPLE, SIMULATIONS, FEW, SEED = (14, 24), 2000, 300, 0  # FEW: of mixed models, which take longer
DIGITS, FLIPS = (33, 36, 39), 3  # original digits of a person's test set, in turn; images of each
DRAWS, PERMUTATIONS = (
    1000,
    1999,
)  # fewer than in the study: less exact one by one, and as often right
# Of the variance of what decides a hit; the rest is chance. Each by what the published runs show: sd over people,
# sd of differences, and how much of it is the choice of digits.
OWN = {
    "person": 0.14,
    "person × method": 0.02,
    "digit": 0.24,
    "digit × method": 0.1,
    "image": 0.2,
}  # on D_I
COMMON = {
    "person": 0.011,
    "person × method": 0.003,
    "digit": 0.24,
    "digit × method": 0.02,
    "image": 0.2,
}  # on D_G
COMMON_DIGITS = 270
WANTED = {
    "rejects": (0.035, 0.065),
    "covers": (0.93, 0.97),
    "finds": (0.75, 0.85),
    "at most": (0.0, 0.065),
}


@dataclass(frozen=True)
class Scenario:
    """Studies with one truth, and what is asked of them."""

    name: str
    trial: Callable[
        [np.random.Generator, int], dict[str, bool]
    ]  # one study of so many people → what was found
    kinds: dict[str, str]  # of each test: what is wanted, a key of WANTED
    contrast: tuple[str, ...] = ()  # what the study does not use, for comparison
    simulations: int = SIMULATIONS


def hits(rng, people: int, accuracy, common: bool = False) -> list[np.ndarray]:
    """A study: of every person how many images of each original digit [k, methods] were right, of FLIPS each.

    accuracy   [methods], of all images of all people who could be asked
    common     all people of a half are tested on the same digits, as on D_G, and not on their own
    A probit model: hit where a sum of normal effects of person, digit and image, with and without method, is above 0.
    """
    m, k = len(accuracy), COMMON_DIGITS if common else max(DIGITS)
    tested = np.arange(people) % (2 if common else people)  # who shares a number shares the digits
    shares, sets = COMMON if common else OWN, tested.max() + 1
    sd = {name: np.sqrt(share) for name, share in shares.items()}
    z = rng.normal(0, np.sqrt(1 - sum(shares.values())), (people, k, FLIPS, m))
    z += rng.normal(0, sd["person"], (people, 1, 1, 1)) + rng.normal(
        0, sd["person × method"], (people, 1, 1, m)
    )
    z += (
        rng.normal(0, sd["digit"], (sets, k, 1, 1))
        + rng.normal(0, sd["digit × method"], (sets, k, 1, m))
        + rng.normal(0, sd["image"], (sets, k, FLIPS, 1))
    )[tested]
    right = (z + scipy_stats.norm.ppf(accuracy) > 0).sum(axis=2)
    return [
        each if common else each[: DIGITS[place % len(DIGITS)]] for place, each in enumerate(right)
    ]


def means(study) -> np.ndarray:
    """Accuracies [people, methods]."""
    return np.array([each.mean(axis=0) / FLIPS for each in study])


def differences(study) -> list[np.ndarray]:
    """The second method minus the first: sums and numbers of images by original digit, float [k, 2] per person."""
    return [
        np.stack([each[:, 1] - each[:, 0], np.full(len(each), FLIPS)], axis=1).astype(float)
        for each in study
    ]


def covers(interval, truth: float) -> bool:
    return bool(interval.low <= truth <= interval.high)


def two_methods(
    rng, people: int, accuracy=(0.93, 0.93), common: bool = False, spread: bool = False
) -> dict[str, bool]:
    """Two methods: every test of a paired difference, every interval of it; with `spread`, of the log ratio of sd."""
    study = hits(rng, people, accuracy, common)
    persons, truth = differences(study), accuracy[1] - accuracy[0]
    d = np.array([bootstrap.person_mean(person) for person in persons])
    student = paired.paired_change(d)
    found = {
        "sign-flip": permutation.sign_flip(d, rng, PERMUTATIONS) < 0.05,
        "paired t-test": student.p < 0.05,
        "Wilcoxon": paired.wilcoxon(d) < 0.05,
        "hierarchical interval": covers(
            bootstrap.hierarchical_bootstrap(persons, rng, DRAWS), truth
        ),
        "Student's t interval": covers(student, truth),
        "plain two-level bootstrap": covers(naive(persons, rng), truth),
    }
    if spread:
        both = means(study).T
        found |= {
            "Brown–Forsythe": dispersion.brown_forsythe(*both, rng, PERMUTATIONS) < 0.05,
            "Pitman–Morgan": dispersion.pitman_morgan(*both) < 0.05,
            "bootstrap over people": covers(dispersion.log_sd_ratio(*both, rng, DRAWS // 2)[0], 0),
        }
    return found


def naive(persons, rng) -> bootstrap.Interval:
    """People, then their digits, and the plain quantiles of the means: too wide, by the second drawing."""
    pools = np.stack(
        [
            each[rng.integers(len(each), size=(100, len(each))), 0].mean(axis=1) / FLIPS
            for each in persons
        ],
        axis=1,
    )
    size = DRAWS, len(persons)
    again = pools[rng.integers(100, size=size), rng.integers(len(persons), size=size)]
    return bootstrap.Interval(np.nan, *np.quantile(again.mean(axis=1), [0.025, 0.975]))


def at_margin(rng, people: int, margin: float) -> dict[str, bool]:
    """The second method is worse by just the margin: neither equivalent nor harmless."""
    study = means(hits(rng, people, (0.93, 0.93 - margin)))
    d = study[:, 1] - study[:, 0]
    return {
        "TOST": paired.tost(d, margin).equivalent,
        "non-inferiority": paired.non_inferiority(d, margin) < 0.05,
    }


def family(rng, people: int, methods: int = 6) -> dict[str, bool]:
    """Methods that are all as good as the one they share as their baseline."""
    study = means(hits(rng, people, [0.93] * (methods + 1)))
    p = np.array(
        [permutation.sign_flip(d, rng, PERMUTATIONS) for d in (study[:, 1:] - study[:, :1]).T]
    )
    return {
        "six sign-flips, Holm": (paired.holm(p) < 0.05).any(),
        "six sign-flips, uncorrected": (p < 0.05).any(),
    }


def trend(rng, people: int, methods: int = 3) -> dict[str, bool]:
    """Methods in an order that means nothing."""
    study = means(hits(rng, people, [0.93] * methods))
    slopes = np.nan_to_num([bootstrap.spearman(np.arange(methods), line) for line in study])
    interval, p = bootstrap.bootstrap_mean(slopes, rng, DRAWS), paired.page_trend(study)
    return {"Page's L": p < 0.05, "interval of slopes": covers(interval, 0)}


APART = (
    np.array([-3, -2, -1, 0, 1, 2, 3]) / 100,
    np.array([0, 1, -3, 2, -1, 3, -2]) / 500,
)  # on D_I and D_G: ρ = 0


def correlated(rng, people: int, apart: bool = False) -> dict[str, bool]:
    """Seven settings whose accuracies on D_I and D_G have nothing to do with each other: alike, or widely apart."""
    own, others = (steps * apart for steps in APART)
    own = means(hits(rng, people, 0.93 + own))
    others = (
        others + rng.normal(0, 0.012, (people, 1)) + rng.normal(0, 0.01, (people, 7))
    )  # normal: of many images
    p = asked(lambda *both: tuple(each.mean(axis=0) for each in both), (own, others), rng)
    return {"Spearman over settings": p < 0.05}


def asked(sides, tables, rng, same: bool = False) -> float:
    """p of a correlation over settings."""
    return bootstrap.spearman_over_settings(
        sides, tables, rng, DRAWS // 5, PERMUTATIONS // 10, same
    )[1]


def fairness(rng, people: int, accuracy: float = 0.93) -> dict[str, bool]:
    """Seven settings that are all alike: mean accuracy against sd over people, as claims 13 and 14 ask."""
    own = means(hits(rng, people, [accuracy] * 7))

    def sides(table):
        return table.mean(axis=0), table.std(axis=0, ddof=1)

    alone = bootstrap.bootstrap_statistic(
        lambda index: bootstrap.spearman(*sides(own[index])), people, rng, DRAWS // 5
    )[1]
    p = asked(sides, (own,), rng, same=True)
    return {"Spearman over settings": p < 0.05, "Spearman, people drawn alone": alone < 0.05}


def writers(rng, people: int, classes: int = 5, each: int = 4) -> dict[str, bool]:
    """Codes that tell classes apart and no writers."""
    strata = np.tile(np.arange(classes), people * each)
    codes = rng.normal(size=(len(strata), 4)) + 3 * rng.normal(size=(classes, 4))[strata]
    groups = np.repeat(np.arange(people), classes * each)
    return {"PERMANOVA": permutation.permanova(codes, groups, strata, rng, 199).p < 0.05}


def coin(rng, people: int) -> dict[str, bool]:
    """As many people for as against, but for chance."""
    count = rng.binomial(people, 0.5)
    low, high = proportion_confint(count, people, method="wilson")
    return {
        "binomial": scipy_stats.binomtest(count, people).pvalue < 0.05,
        "binomial, by its interval": not low <= 0.5 <= high,
    }


@cache
def found_by_most(people: int) -> float:
    """The accuracy that differs from 93 % by what `paired.detectable_effect` says of the true sd of such differences."""
    better = 0.95
    for _ in range(3):
        study = means(hits(rng(SEED, "sd"), 20_000, (0.93, better)))
        better = 0.93 + paired.detectable_effect(float((study[:, 1] - study[:, 0]).std()), people)
    return better


def power(rng, people: int) -> dict[str, bool]:
    """A difference as large as the detectable one."""
    study = means(hits(rng, people, (0.93, found_by_most(people))))
    return {"sign-flip": permutation.sign_flip(study[:, 1] - study[:, 0], rng, PERMUTATIONS) < 0.05}


def shared(rng, people: int, repeats: int) -> dict[str, bool]:
    """No difference on average, but all people of a half share the generic model that theirs begin from.

    In units of the sd over people: generic models and residual have half of it.
    """
    person, repeat = np.repeat(np.arange(people), repeats), np.tile(np.arange(repeats), people)
    generic = 2 * repeat + person % 2
    values = rng.normal(0, 1, people)[person] + rng.normal(0, 0.5, 2 * repeats)[generic]
    values += rng.normal(0, 0.5, len(person))
    alone = {"person": person} if repeats > 1 else {}
    wide, narrow = (
        mixed.mixed_model(values, random).effects.loc["mean"]
        for random in (alone | {"generic": generic}, alone)
    )
    p = permutation.sign_flip(values.reshape(people, repeats).mean(axis=1), rng, PERMUTATIONS)
    return {
        "mixed model": covers(wide, 0),
        "mixed model without generic models": covers(narrow, 0),
        "sign-flip": p < 0.05,
    }


TESTS = dict.fromkeys(("sign-flip", "paired t-test", "Wilcoxon"), "rejects")
INTERVALS = dict.fromkeys(
    ("hierarchical interval", "Student's t interval", "plain two-level bootstrap"), "covers"
)
SPREAD = {
    "Brown–Forsythe": "rejects",
    "Pitman–Morgan": "rejects",
    "bootstrap over people": "covers",
}
PLAIN, IGNORED = (
    ("plain two-level bootstrap", "Pitman–Morgan"),
    ("mixed model without generic models",),
)
MODELS = {
    "mixed model": "covers",
    "mixed model without generic models": "covers",
    "sign-flip": "rejects",
}
BOTH = TESTS | INTERVALS | SPREAD
SCENARIOS = (
    Scenario("nothing differs, 93 %", partial(two_methods, spread=True), BOTH, PLAIN),
    Scenario(
        "nothing differs, 98 %",
        partial(two_methods, accuracy=(0.98, 0.98), spread=True),
        BOTH,
        PLAIN,
    ),
    Scenario(
        "nothing differs, common digits",
        partial(two_methods, common=True),
        TESTS | INTERVALS,
        PLAIN[:1],
    ),
    Scenario("93 % and 97 %", partial(two_methods, accuracy=(0.93, 0.97)), INTERVALS, PLAIN[:1]),
    Scenario("as large as detectable", power, {"sign-flip": "finds"}),
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
    Scenario(
        "six methods alike",
        family,
        {"six sign-flips, Holm": "at most", "six sign-flips, uncorrected": "rejects"},
        ("six sign-flips, uncorrected",),
    ),
    Scenario("three methods alike", trend, {"Page's L": "rejects", "interval of slopes": "covers"}),
    Scenario("seven settings alike", correlated, {"Spearman over settings": "rejects"}),
    Scenario(
        "seven settings apart, ρ = 0",
        partial(correlated, apart=True),
        {"Spearman over settings": "rejects"},
    ),
    Scenario(
        "seven settings alike, mean and sd",
        fairness,
        {"Spearman over settings": "rejects", "Spearman, people drawn alone": "rejects"},
        ("Spearman, people drawn alone",),
    ),
    Scenario("codes without writers", writers, {"PERMANOVA": "rejects"}),
    Scenario(
        "as many for as against",
        coin,
        {"binomial": "at most", "binomial, by its interval": "at most"},
    ),
    Scenario("2 generic models shared", partial(shared, repeats=1), MODELS, IGNORED, FEW),
    Scenario("12 generic models shared", partial(shared, repeats=6), MODELS, IGNORED, FEW),
)


def counted(scenario: Scenario, people: int, simulations: int = 0, seed: int = SEED) -> list[dict]:
    """How often each test of a scenario found what it asks: an entry of results/calibration.json per test."""
    generator, n = (
        rng(seed, "calibration", scenario.name, people),
        simulations or scenario.simulations,
    )
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
    """What a record says of itself, besides its entries."""
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
    """The entries of a run that was stopped, where it did what `record` says; else none."""
    try:
        earlier = records.load_json(part)
    except InputError as error:
        raise SystemExit(f"calibration: {error}") from None
    known = not record["commit"].endswith(
        ("-dirty", "unknown")
    )  # else the code may have changed in between
    if (
        earlier
        and known
        and all(earlier.get(name) == record[name] for name in record if name != "date")
    ):
        return earlier["entries"]
    return []


def main() -> None:
    top = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    top.add_argument(
        "--simulations", type=int, default=0, help="of every scenario, for a first look"
    )
    top.add_argument(
        "--to",
        type=Path,
        default=ROOT / "results" / "calibration.json",
        metavar="FILE.json",
        help="%(default)s",
    )
    given = top.parse_args()
    part = given.to.with_suffix(".part")
    record = about(given.simulations)
    record["entries"] = counted_before(part, record)
    done = {(entry["scenario"], entry["people"]) for entry in record["entries"]}
    pairs = [
        (scenario, people)
        for scenario in SCENARIOS
        for people in PEOPLE
        if (scenario.name, people) not in done
    ]
    for scenario, people in tqdm(pairs):
        record["entries"] += counted(scenario, people, given.simulations)
        write(part, record, indent=1, ensure_ascii=False, allow_nan=False)
    del record["asked"]  # of every scenario; an entry says how many were simulated
    write(given.to, record, indent=1, ensure_ascii=False, allow_nan=False)
    part.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
