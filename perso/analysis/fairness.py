"""Fairness: how much accuracies differ between people beyond sampling noise, and the worst off.

Accuracies are shares, one per person, float [n], averaged over repeats (`accuracy.per_person`).
People whose accuracy is nan are left out. `rows` have the columns of `sqlite.ROW`. Sampling
variances are those of `sampling_noise`.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from perso.analysis import accuracy, comparison
from perso.analysis.harm import harmed
from perso.methods.method import BASELINE, SHAPING, Method
from perso.parts import PARTS
from perso.stats import bootstrap, dispersion, paired
from perso.stats.dispersion import between_person_sd, cvar

FAMILY_BLOCKS = {"shaping": ("baseline", *SHAPING), "data grouping": ("data grouping",)}
BETWEEN_PERSON = "between-person SD (images)", "between-person SD (digits)"
NOT_A_SHARE = ("n", "worst")  # columns of `fairness_table`


def worst_person(accuracies: pd.Series, sizes: pd.Series) -> tuple[str, float, float, float]:
    """Person with the lowest accuracy, that accuracy, and both ends of its 95 % Wilson interval.

    sizes   test images of each person
    The interval is not corrected for choosing the lowest of n people.
    """
    person = accuracies.idxmin()
    interval = proportion_confint(
        accuracies[person] * sizes[person], sizes[person], method="wilson"
    )
    return person, float(accuracies[person]), *map(float, interval)


def fairness_table(
    rows: pd.DataFrame, part: str, variances: pd.DataFrame | None = None, base: str = BASELINE
) -> pd.DataFrame:
    """How much a method's accuracies differ between people, as shares: a line per method.

    n, mean, sd, min, max, spread     the papers' columns; spread = max − min
    between-person SD (images)        noise removed; binomial noise, as if images were independent
    between-person SD (digits)        noise removed; with `variances` of `sampling_variances`
    worst decile                      mean of the worst tenth of people (`cvar`)
    worst, low, high                  `worst_person` and the interval
    harmed, loss, improved, gain      against `base`; nan where these rows do not have it
    """
    people = accuracy.per_person(rows, PARTS[part].accuracy)
    sizes = accuracy.per_person(rows, PARTS[part].size)
    lines = {}
    for method, p in people.items():
        person, lowest, low, high = worst_person(p, sizes[method])
        line = {
            "n": p.count(),
            "mean": p.mean(),
            "sd": p.std(),
            "min": lowest,
            "max": p.max(),
            "spread": p.max() - lowest,
            "between-person SD (images)": between_person_sd(p, sizes[method]),
        }
        if variances is not None:
            own = variances[method].reindex(p.index)
            line["between-person SD (digits)"] = between_person_sd(p, variances=own)
        line |= {"worst decile": cvar(p), "worst": person, "low": low, "high": high}
        compared = base in people and method != base
        lines[method] = line | harmed(p - people[base] if compared else [])
    return pd.DataFrame.from_dict(lines, orient="index")


def in_points(table: pd.DataFrame) -> pd.DataFrame:
    """The shares of a `fairness_table` in percentage points, without its other columns."""
    return 100 * table.drop(columns=list(NOT_A_SHARE), errors="ignore")


def noise_share(line: pd.Series, column: str) -> float:
    """Share of the variance over people that is sampling noise.

    line     of a `fairness_table`
    column   one of `BETWEEN_PERSON`
    """
    return float(1 - (line[column] / line["sd"]) ** 2)


def fairness_of_runs(
    runs: Mapping[str, pd.DataFrame], part: str, methods: Iterable[str], columns: Sequence[str]
) -> pd.DataFrame:
    """`fairness_table` of several runs in percentage points, a line per run and method.

    runs      rows by the run's name; a method that a run does not have gets a line of nan
    columns   of `fairness_table`
    """
    tables = {name: fairness_table(rows, part) for name, rows in runs.items()}
    methods, columns = list(methods), list(columns)
    chosen = {
        name: 100 * table.reindex(methods).reindex(columns=columns)
        for name, table in tables.items()
    }
    return pd.concat(chosen)


def mean_correlations(
    rows: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    methods: Iterable[Method],
    columns: Sequence[str] = ("sd", *BETWEEN_PERSON, "spread"),
) -> pd.DataFrame:
    """Spearman's rho of the methods' mean accuracy with how much people differ.

    tables    `fairness_table` by part
    columns   of these tables; v3 printed what its columns sd, min and max give
    A line per block of families (`FAMILY_BLOCKS`), part, and source: here, or v3's Table I.
    """
    compared, methods = comparison.compare(rows), list(methods)
    lines = {}
    for block, families in FAMILY_BLOCKS.items():
        names = [method.name for method in methods if method.family in families]
        for part in PARTS:
            v3 = compared[part].loc[names].filter(like="paper").dropna().drop_duplicates()
            v3 = v3.rename(columns=lambda name: name.removeprefix("paper "))
            v3["spread"] = (v3["max"] - v3["min"]).round(3)  # v3 prints three digits
            ours = tables[part].loc[names].drop(columns="worst", errors="ignore")
            for source, table in (("here", ours), ("v3's Table I", v3)):
                lines[block, part, source] = table.corr("spearman")["mean"]
    return pd.DataFrame.from_dict(lines, orient="index")[list(columns)]


def dispersion_against_base(
    rows: pd.DataFrame, part: str, variances: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Whether people differ more or less than with the baseline: a line per method.

    ratio, low, high                   sd divided by the baseline's; bootstrap over people
    p, holm, pitman_morgan             paired Brown–Forsythe; corrected for all methods; the normal
                                       theory's test
    change, change low, change high    change of the between-person SD (noise removed, with the
                                       `sampling_variances`), a share; bootstrap over people
    """
    people = accuracy.per_person(rows, PARTS[part].accuracy)
    lines = {}
    for name in people.columns.drop(BASELINE):
        pair = people[[name, BASELINE]].dropna()
        values = pair.to_numpy()
        noise = variances.loc[pair.index, [name, BASELINE]].to_numpy()

        def sd_change(index, values=values, noise=noise):
            variance = values[index].var(0, ddof=1) - noise[index].mean(0)
            own, bases = np.sqrt(np.maximum(variance, 0))
            return own - bases

        ratio, _ = dispersion.log_sd_ratio(*values.T, rng)
        change, _ = bootstrap.bootstrap_statistic(sd_change, len(values), rng)
        lines[name] = {
            "ratio": np.exp(ratio.value),
            "low": np.exp(ratio.low),
            "high": np.exp(ratio.high),
            "p": dispersion.brown_forsythe(*values.T, rng),
            "pitman_morgan": dispersion.pitman_morgan(*values.T),
            "change": change.value,
            "change low": change.low,
            "change high": change.high,
        }
    table = pd.DataFrame.from_dict(lines, orient="index")
    table.insert(4, "holm", paired.holm(table["p"].to_numpy()))
    return table
