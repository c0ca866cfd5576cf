"""Effects of relative doses at several lengths of training, and what they predict for the papers.

A relative dose is a number of iterations on D_I as a share of the iterations of the epochs. The
papers train longer than most of our runs. So the effects of all runs are fitted by dose and length,
and the fit is carried to the papers' doses and lengths.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize, stats
from statsmodels.regression.linear_model import WLS

from perso.analysis import accuracy
from perso.analysis.printed import printed_table
from perso.methods.kinds import rate_text
from perso.methods.method import BASELINE, Method, Phase
from perso.methods.registry import METHODS, TL_0
from perso.parts import D_G, PARTS
from perso.stats.cohorts import mean_over_people
from perso.store.published import Published

TABLES_OF = ("v3", "relative", "v1", "doses", "sweeps")  # of the runs: tables with doses
OWN_OR_GENERAL = "ES − as many iterations on D_G"
ES_EFFECT = "ES − BaseLine"
FEW_PEOPLE = 10  # with fewer, the error itself is too uncertain: shown, but not fitted
POINT_COLUMNS = (
    *("run", "contrast", "method", "part"),
    *("dose", "length", "relative"),
    *("effect", "low", "high", "error", "people", "cohorts", "differences"),
)


class Paper(NamedTuple):
    """One of the papers' studies."""

    table: str  # of `printed.printed_table`
    length: int  # iterations of the epochs
    people: int


PAPERS = {"v3": Paper("v3", 3_300, 100), "v1": Paper("hidden-factors", 16_500, 50)}


class Contrast(NamedTuple):
    """A method with a dose, and what it is compared with; names of methods."""

    contrast: str  # what all methods of one fit have in common
    method: str
    other: str
    base: str  # the same training without the dose


class Cell(NamedTuple):
    """One of the papers' rows that a dose is printed for."""

    paper: str
    contrast: str
    method: str
    dose: int  # iterations


@dataclass(frozen=True)
class Fit:
    """Effect = b · (1, log relative dose, log length), by weighted least squares."""

    b: np.ndarray  # [3]
    covariance: np.ndarray  # of b, [3, 3]
    scatter: float  # variance between runs beyond the errors of their effects
    person: float  # variance of the effect of a single person
    studies: int  # pairs of a run and a length
    df: int  # degrees of freedom of Student's t: studies - 2
    longest: float  # length of the longest run, in iterations
    smallest: float  # relative doses
    largest: float


def transfer_contrast(rate: float, optimiser: str) -> str:
    """Name of the contrast of transfer learning at a learning rate."""
    return f"TL ({rate_text(rate)}, {optimiser}) − TL-n-0"


CELLS = (
    *(
        Cell(paper, contrast, f"ES-n-{dose}", dose)
        for contrast in (OWN_OR_GENERAL, ES_EFFECT)
        for paper, doses in (("v3", (40, 400)), ("v1", (500, 5000)))
        for dose in doses
    ),
    *(
        Cell(paper, transfer_contrast(rate, optimiser), f"TL-n-{dose} ({rate_text(rate)})", dose)
        for paper, rate, optimiser, doses in (
            ("v3", 1e-3, "adam", (10, 300)),
            ("v3", 1e-4, "adam", (10, 300)),
            ("v1", 1e-2, "sgd", (20, 200)),
        )
        for dose in doses
    ),
)


def dose_runs(runs: Iterable[Published]) -> dict[str, pd.DataFrame]:
    """Rows of the runs that show effects of doses as `dose_points` takes them, by name of the run.

    Their people differ in hidden factors. Runs of the table of readings are left out: they have
    another network or split.
    """
    found = {}
    for run in runs:
        settings = run.provenance["settings"]
        # files that are older than the setting are of v3's table
        if settings["variation"] == "hidden-factors" and settings.get("rows_of", "v3") in TABLES_OF:
            found[run.name] = run.rows.assign(optimiser=settings["optimiser"])
    return found


def contrasts(optimiser: str) -> Iterator[Contrast]:
    """The contrasts of all methods of the registry that have a dose of own data.

    optimiser   of the study; methods of transfer learning with another one are left out
    """
    for method in METHODS:
        dose, *rest = method.phases or (None,)
        if method.family == "early shaping":
            base = baseline_with(tuple(rest))
            as_long = baseline_with((replace(dose, draws="G"), *rest))
            for contrast, other in ((OWN_OR_GENERAL, as_long), (ES_EFFECT, base)):
                if base and other:
                    yield Contrast(contrast, method.name, other.name, base.name)
        elif method.family == "transfer learning" and not dose.optimiser:
            contrast = transfer_contrast(dose.rate, optimiser)
            yield Contrast(contrast, method.name, TL_0.name, TL_0.name)


def baseline_with(phases: tuple[Phase, ...]) -> Method | None:
    """The baseline, or its control of another length, that has these phases."""
    trained_as_baseline = (
        method
        for method in METHODS
        if method.start == "fresh" and method.global_extra == "other" and method.phases == phases
    )
    return next(trained_as_baseline, None)


def joined(runs: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Rows by run, where runs that share a model are one: no model counts twice."""
    found: dict[str, pd.DataFrame] = {}
    for name, rows in runs.items():
        keys = set(rows["key"])
        twins = [each for each, there in found.items() if keys & set(there["key"])]
        together = pd.concat([*(found.pop(twin) for twin in twins), rows])
        found[", ".join([*twins, name])] = together.drop_duplicates("key")
    return found


def dose_points(runs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The effect of every dose in every run: a line per run, contrast, method and part.

    runs   rows by name of the run, with the column `optimiser` of the study

    run, contrast, method, part
    dose, length, relative   iterations on D_I, iterations of the epochs, and their ratio
    effect, low, high        mean over people with its 95 % interval, shares
    error                    its standard error; without what test digits that people share add to
                             it (`mean_over_people`, common = 0)
    people, cohorts          that the mean is of
    differences              one per person: a Series
    """
    lines = []
    for run, rows in joined(runs).items():
        iterations = accuracy.per_person(rows, "iterations")
        cohort = rows.groupby("person")["fold"].first()
        parts = accuracy.by_part(rows)
        for each in contrasts(rows["optimiser"].iloc[0]):
            if not {each.method, each.other, each.base} <= set(iterations):
                continue
            trained = iterations[[each.method, each.base]].dropna().mean()
            length = trained[each.base]
            dose = trained[each.method] - length
            for part, people in parts.items():
                differences = (people[each.method] - people[each.other]).dropna()
                mean = mean_over_people(
                    differences.to_numpy(), cohort[differences.index], drawn=part == D_G.name
                )
                lines.append(
                    {
                        "run": run,
                        "contrast": each.contrast,
                        "method": each.method,
                        "part": part,
                        "dose": dose,
                        "length": length,
                        "relative": dose / length,
                        "effect": mean.mean,
                        "low": mean.low,
                        "high": mean.high,
                        "error": mean.error,
                        "people": mean.n,
                        "cohorts": mean.cohorts,
                        "differences": differences,
                    }
                )
    return pd.DataFrame(lines, columns=POINT_COLUMNS)


def fit_points(points: pd.DataFrame) -> Fit | None:
    """Fit the effect by log relative dose and log length; None where the points do not suffice.

    points   of `dose_points`, of one contrast and part

    Points of fewer than FEW_PEOPLE people are left out. A point's variance is its error² plus a
    scatter between runs, found so that the residuals are as large as it says (Paule and Mandel).
    Points of one run share people, networks and D_G, so they are no independent observations: they
    are taken to correlate as their people's differences do. Points of one run and length count as
    one study, and only studies tell what length does: df = studies - 2.
    """
    points = points[(points["people"] >= FEW_PEOPLE) & (points["error"] > 0)]
    studies = len(points[["run", "length"]].drop_duplicates())
    X = terms(points["relative"], points["length"])
    if studies < 3 or np.linalg.matrix_rank(X) < X.shape[1]:
        return None
    effects = points["effect"].to_numpy()
    errors = points["error"].to_numpy()

    def weighted(scatter: float):
        return WLS(effects, X, weights=1 / (errors**2 + scatter)).fit()

    def excess(scatter: float) -> float:
        """By how much the squared residuals are larger than the variances say."""
        return float((weighted(scatter).wresid ** 2).sum()) - (len(points) - X.shape[1])

    most = float(np.ptp(effects) ** 2)
    scatter = float(optimize.brentq(excess, 0, most)) if excess(0) > 0 > excess(most) else 0.0
    model = weighted(scatter)
    sd = np.sqrt(errors**2 + scatter)
    # b = gain · effects
    gain = model.normalized_cov_params @ (X / sd[:, None] ** 2).T
    covariance = gain @ (correlations(points) * np.outer(sd, sd)) @ gain.T
    return Fit(
        b=model.params,
        covariance=covariance,
        scatter=scatter,
        person=float(np.median(points["people"] * errors**2)),
        studies=studies,
        df=studies - 2,
        longest=float(points["length"].max()),
        smallest=float(points["relative"].min()),
        largest=float(points["relative"].max()),
    )


def terms(relative: float | pd.Series, length: float | pd.Series) -> np.ndarray:
    """The terms of the fit, [n, 3]: 1, log relative dose, log length."""
    logs = np.log(np.atleast_1d(relative)), np.log(np.atleast_1d(length))
    return np.column_stack([np.ones(len(logs[0])), *logs])


def correlations(points: pd.DataFrame) -> np.ndarray:
    """Correlations over people of the differences behind points of one run, else 0, [n, n]."""
    found = np.eye(len(points))
    for places in points.reset_index(drop=True).groupby("run").groups.values():
        people = pd.concat(list(points["differences"].iloc[places]), axis=1)
        found[np.ix_(places, places)] = people.corr(min_periods=FEW_PEOPLE).fillna(0.0)
    return found


def predict_effect(
    fit: Fit, relative: float, length: float, people: int
) -> tuple[float, float, float]:
    """The effect in a further study, and the ends of its 95 % prediction interval, as shares."""
    (x,) = terms(relative, length)
    variance = x @ fit.covariance @ x + fit.scatter + fit.person / people
    return with_interval(float(x @ fit.b), variance, fit.df)


def with_interval(value: float, variance: float, df: int) -> tuple[float, float, float]:
    """A value and the ends of its 95 % interval, by Student's t."""
    reach = float(stats.t.ppf(0.975, df) * np.sqrt(variance))
    return value, value - reach, value + reach


def dose_slopes(points: pd.DataFrame) -> pd.DataFrame:
    """How effects change with dose and with length: a line per contrast, part and term.

    points   of `dose_points`

    contrast, part
    term                 "relative dose" at the same length, or "length" at the same relative dose
    change, low, high    of the effect when the term is ten times as large, with its 95 % interval
    studies              pairs of a run and a length that the fit has
    scatter              SD between runs beyond the errors of their effects
    Where effects depend on the relative dose alone, the change with length is 0.
    """
    lines = []
    for (contrast, part), of_one in points.groupby(["contrast", "part"], sort=False):
        fit = fit_points(of_one)
        if fit is None:
            continue
        for place, term in ((1, "relative dose"), (2, "length")):
            variance = np.log(10) ** 2 * fit.covariance[place, place]
            change, low, high = with_interval(np.log(10) * fit.b[place], variance, fit.df)
            scatter = np.sqrt(fit.scatter)
            lines.append((contrast, part, term, change, low, high, fit.studies, scatter))
    columns = ["contrast", "part", "term", "change", "low", "high", "studies", "scatter"]
    return pd.DataFrame(lines, columns=columns)


def predicted_cells(points: pd.DataFrame) -> pd.DataFrame:
    """The papers' effects as our runs predict them: a line per cell of CELLS and part.

    points   of `dose_points`

    paper, contrast, method, part
    dose, length, relative   of the paper
    effect, low, high        predicted, with its 95 % prediction interval for a study of the paper's
                             size; nan where the runs do not suffice for a fit
    printed                  the paper's difference to its baseline, which also stands for TL-n-0;
                             nan for the control of early shaping, which the papers do not have
    outside                  whether the printed difference lies outside of the interval
    longest                  length of the longest run of the fit
    longer, other dose       whether the paper's length is beyond the runs', and its relative dose
                             outside of theirs: an extrapolation
    """
    fits = {
        key: fit_points(of_one) for key, of_one in points.groupby(["contrast", "part"], sort=False)
    }
    lines = []
    for cell in CELLS:
        paper = PAPERS[cell.paper]
        relative = cell.dose / paper.length
        means = printed_table(paper.table)
        for part in PARTS:
            line = {
                "paper": cell.paper,
                "contrast": cell.contrast,
                "method": cell.method,
                "part": part,
                "dose": cell.dose,
                "length": paper.length,
                "relative": relative,
                "effect": np.nan,
                "low": np.nan,
                "high": np.nan,
                "printed": np.nan,
                "longest": np.nan,
                "longer": False,
                "other dose": False,
            }
            if cell.contrast != OWN_OR_GENERAL:
                means_of_part = means[f"{part} mean"]
                line["printed"] = means_of_part[cell.method] - means_of_part[BASELINE]
            if fit := fits.get((cell.contrast, part)):
                prediction = predict_effect(fit, relative, paper.length, paper.people)
                line["effect"], line["low"], line["high"] = prediction
                line["longest"] = fit.longest
                line["longer"] = paper.length > fit.longest
                line["other dose"] = not fit.smallest <= relative <= fit.largest
            line["outside"] = line["printed"] < line["low"] or line["printed"] > line["high"]
            lines.append(line)
    return pd.DataFrame(lines)
