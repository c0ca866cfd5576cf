"""Fairness: differences between people beyond sampling noise, the worst off, the harmed, groups.

Accuracies are shares, one per person, float [n], averaged over repeats (`accuracy.per_person`).
People whose accuracy is nan are left out. `rows` have the columns of `sqlite.ROW`; `data` is a
`dataset.StudyData`. No function here needs torch or reads files.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betainc, betaln, expit, logit
from statsmodels.stats.proportion import proportion_confint

from perso.analysis import accuracy, comparison
from perso.data.dataset import StudyData
from perso.data.splits import Fold
from perso.methods import grouping
from perso.methods.method import BASELINE, SHAPING, Method
from perso.parts import D_I, PARTS
from perso.stats import bootstrap, dispersion, paired
from perso.stats.dispersion import between_person_sd, cvar
from perso.stats.permutation import gap_p, mantel
from perso.stats.resampling import Groups, estimate, in_cohorts
from perso.store.sqlite import unpacked

POPULATIONS = {0: "employees", 4: "students"}  # NIST's writers, by hsf
FAMILY_BLOCKS = {"shaping": ("baseline", *SHAPING), "data grouping": ("data grouping",)}
BETWEEN_PERSON = "between-person SD (images)", "between-person SD (digits)"
NOT_A_SHARE = ("n", "worst")  # columns of `fairness_table`
ROUNDING = 1e-12  # smaller changes of accuracy come from rounding
# Gauss–Hermite: means over a normal distribution are weighted sums over these multiples of its SD
NODES, SHARES = np.polynomial.hermite_e.hermegauss(20)
SHARES = SHARES / SHARES.sum()


# --- sampling noise of the test sets


def binomial_noise(data: StudyData, level: float = 0.9) -> pd.DataFrame:
    """Size of every individual's test set of D_I, and the sd of an accuracy of `level` on it.

    images, digits          test images, and the digits that they are flips of
    by images, by digits    binomial sd, a share, if each of them were an independent draw
    """
    copies = 3 if data.settings.flips else 1
    sizes = {str(p): len(data.splits.test[p]) for p in data.splits.individuals}
    images = pd.Series(sizes, dtype=int)
    digits = images // copies
    variance = level * (1 - level)
    return pd.DataFrame(
        {
            "images": images,
            "digits": digits,
            "by images": np.sqrt(variance / images),
            "by digits": np.sqrt(variance / digits),
        }
    )


@dataclass(frozen=True)
class DigitHits:
    """Hits of a person's networks of one method on each of g original digits, all repeats together.

    The flips of a digit are one cluster: the digits are the sample.
    """

    digits: np.ndarray  # int [g]
    hits: np.ndarray  # sum over images and repeats, float [g]
    images: np.ndarray  # their number, float [g]

    @property
    def shares(self) -> np.ndarray:
        """Share of hits on each digit, [g]."""
        return self.hits / self.images

    def accuracy(self) -> float:
        """Share of hits on all images."""
        return float(self.hits.sum() / self.images.sum())

    def variance(self) -> float:
        """Sampling variance of the accuracy (`dispersion.clustered_variance`)."""
        count = len(self.hits)
        if count < 2:
            return np.nan
        total = self.images.sum()
        sums = self.hits - self.images * self.accuracy()
        return float(count / (count - 1) * (sums**2).sum() / total**2)

    def minus(self, common: np.ndarray | float) -> "DigitHits":
        """The same without a share of hits that is no noise, [g]."""
        return DigitHits(self.digits, self.hits - self.images * common, self.images)

    def only(self, chosen: np.ndarray) -> "DigitHits":
        """The same on the chosen digits, bool [g]."""
        return DigitHits(self.digits[chosen], self.hits[chosen], self.images[chosen])


def hits_by_digit(
    data: StudyData, rows: pd.DataFrame, part: str
) -> list[dict[str, dict[str, DigitHits]]]:
    """The hits on each test digit, by fold, method and person."""
    size, blob, on_G = PARTS[part].size, PARTS[part].hits, part == "D_G"
    repeats = rows["repeat"] if "repeat" in rows else pd.Series(0, rows.index)
    at = {repeat: data.at(repeat) for repeat in repeats.unique()}
    lines = rows[["method", "person", blob, size]].assign(repeat=repeats)
    found = []
    for number, fold in enumerate(data.splits.folds):
        people = {str(person): person for person in fold.individuals}
        in_fold: dict[str, dict[str, DigitHits]] = {}
        own = lines[lines["person"].isin(people)]
        for (method, person), each in own.groupby(["method", "person"], sort=False):
            items, hits = [], []
            for blob_of, n, repeat in each[[blob, size, "repeat"]].itertuples(index=False):
                splits = at[repeat].splits
                test = splits.folds[number].global_test if on_G else splits.test[people[person]]
                items.append(data.item[test])
                hits.append(unpacked(blob_of, n))
            in_fold.setdefault(method, {})[person] = counted_hits(items, hits)
        found.append(in_fold)
    return found


def hits_by_place(
    rows: pd.DataFrame, copies: int, rotated: bool = False
) -> list[dict[str, dict[str, DigitHits]]]:
    """`hits_by_digit` on D_I from rows alone, with a number for each digit.

    copies    flips of each digit in a test set, 3 or 1: a person's digits come in the same order
              once per orientation, if an item is split as a whole (`splits.split_people`)
    rotated   whether each repeat tests other digits
    """
    found = []
    for _, in_fold in rows.groupby("fold"):
        methods: dict[str, dict[str, DigitHits]] = {}
        for (method, person), each in in_fold.groupby(["method", "person"], sort=False):
            items, hits = [], []
            for blob, n, repeat in each[[D_I.hits, D_I.size, "repeat"]].itertuples(index=False):
                digits = n // copies
                first = repeat * digits if rotated else 0
                items.append(first + np.arange(n) % digits)
                hits.append(unpacked(blob, n))
            methods.setdefault(method, {})[person] = counted_hits(items, hits)
        found.append(methods)
    return found


def counted_hits(items: list[np.ndarray], hits: list[np.ndarray]) -> DigitHits:
    """The hits on each digit of several networks.

    items   the digit of each test image, of each network
    hits    whether it is classified correctly, of each network
    """
    digits, place = np.unique(np.concatenate(items), return_inverse=True)
    return DigitHits(
        digits=digits,
        hits=np.bincount(place, np.concatenate(hits)),
        images=np.bincount(place).astype(float),
    )


def common_share(people: Mapping[str, DigitHits], part: str) -> tuple[np.ndarray | float, float]:
    """What the people of a fold have in common on each digit, and the factor of their variances.

    On D_G all people of a fold share one test set, so a digit that is hard for all makes no
    difference between them: the mean over people is subtracted. Each of n people is 1/n of it.
    """
    if part != "D_G":
        return 0.0, 1.0
    n = len(people)
    common = np.mean([each.shares for each in people.values()], axis=0)
    return common, n / (n - 1) if n > 1 else np.nan


def sampling_variances(data: StudyData, rows: pd.DataFrame, part: str) -> pd.DataFrame:
    """Sampling variance of every accuracy: a line per person, a column per method.

    The digits of a test set are the sample; the flips of a digit are one cluster (`DigitHits`).
    """
    return variances_of_hits(hits_by_digit(data, rows, part), part)


def variances_of_hits(
    hits: Iterable[Mapping[str, Mapping[str, DigitHits]]], part: str
) -> pd.DataFrame:
    """`sampling_variances` from the hits of each fold (`hits_by_digit`, `hits_by_place`)."""
    found: dict[str, dict[str, float]] = {}
    for in_fold in hits:
        for method, people in in_fold.items():
            common, scale = common_share(people, part)
            variances = {
                person: scale * each.minus(common).variance() for person, each in people.items()
            }
            found.setdefault(method, {}).update(variances)
    return pd.DataFrame(found)


# --- how much people differ


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


def harmed(differences: Sequence[float]) -> dict[str, float]:
    """Share harmed (change below 0) and their mean loss, share improved and their mean gain.

    differences   changes of accuracy [n]; a share is nan without people, a mean without such people
    """
    changes = np.asarray(differences, float)
    changes = changes[~np.isnan(changes)]
    found = {}
    for share, mean, chosen in (
        ("harmed", "loss", changes < -ROUNDING),
        ("improved", "gain", changes > ROUNDING),
    ):
        found[share] = float(chosen.mean()) if len(changes) else np.nan
        found[mean] = float(changes[chosen].mean()) if chosen.any() else np.nan
    return found


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
    rows: pd.DataFrame,
    part: str,
    variances: pd.DataFrame,
    rng: np.random.Generator,
    base: str = BASELINE,
) -> pd.DataFrame:
    """Whether people differ more or less than with the base: a line per method.

    ratio, low, high                   sd divided by the base's; bootstrap over people
    p, holm, pitman_morgan             paired Brown–Forsythe; corrected for all methods; the normal
                                       theory's test
    change, change low, change high    change of the between-person SD (noise removed, with the
                                       `sampling_variances`), a share; bootstrap over people
    """
    people = accuracy.per_person(rows, PARTS[part].accuracy)
    lines = {}
    for name in people.columns.drop(base):
        pair = people[[name, base]].dropna()
        values = pair.to_numpy()
        noise = variances.loc[pair.index, [name, base]].to_numpy()

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


# --- ceiling or equalising: the dispersion on three scales


def moments(values: np.ndarray, noise: np.ndarray | float, groups: Groups):
    """Mean and variance of accuracies over people, by cohort and then averaged: [..., k] each.

    values   accuracies, shares [n people, k methods]
    noise    their sampling variances, as `values`; the variance over people is without them
    groups   the people of each cohort, see `resampling.estimate`
    A variance below 0, which noise alone can give, is 0.
    """
    noise = np.broadcast_to(noise, values.shape)
    means = [values[group].mean(axis=-2) for group in groups]
    variances = [
        values[group].var(axis=-2, ddof=1) - noise[group].mean(axis=-2) for group in groups
    ]
    return np.mean(means, axis=0), np.maximum(np.mean(variances, axis=0), 0)


def relative_sd(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """SD over people as a share of the mean error, [...]; nan where nobody makes an error."""
    error = 1 - np.asarray(mean, float)
    known = error > ROUNDING
    return np.where(known, np.sqrt(variance) / np.where(known, error, 1), np.nan)


def logit_sd(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """SD over people of the logit of accuracy, from mean and variance of the accuracies, [...].

    It is that of the normal distribution of logits whose accuracies have this mean and variance.
    Unlike the SD of each person's own logit it does not depend on the number of test samples, and
    needs no correction of accuracies of 1. It is 0 where people do not differ, and at most 5.
    """
    mean, variance = np.broadcast_arrays(np.asarray(mean, float), np.asarray(variance, float))
    differ = (variance > ROUNDING) & (mean * (1 - mean) > ROUNDING)
    m = np.where(differ, mean, 0.5)
    v = np.where(differ, variance, 0.01)
    spread = np.sqrt(v) / (m * (1 - m))  # in logits, were it small
    centre = logit(m)
    sd = np.minimum(spread, 1)
    for _ in range(12):  # corrects both until the moments are these
        p = expit(centre[..., None] + sd[..., None] * NODES)
        found = p @ SHARES
        found_sd = np.sqrt((p - found[..., None]) ** 2 @ SHARES)
        centre = centre + logit(m) - logit(found)
        sd = np.minimum(sd * spread * found * (1 - found) / found_sd, 5)
    return np.where(differ, sd, 0.0)


SCALES = {
    "percentage points": lambda mean, variance: 100 * np.sqrt(variance),
    "relative error": relative_sd,
    "logit": logit_sd,
}


def dispersion_on_scales(
    people: pd.DataFrame,
    variances: pd.DataFrame,
    cohort: pd.Series,
    method: str,
    rng: np.random.Generator,
    base: str = BASELINE,
) -> pd.DataFrame:
    """How a method changes the between-person SD, on three scales: a line per scale.

    people      accuracies, shares: a line per person, a column per method
    variances   their sampling variances (`sampling_variances`), which are removed
    cohort      of each person: the fold of the rows

    percentage points   SD of accuracy
    relative error      SD as a share of the mean error
    logit               SD of log(accuracy / error)

    base, method        the SD by either
    change, low, high   method minus base, and its interval by resampling people

    An SD in percentage points shrinks where all people come near 100 %, without any of them gaining
    on the others. On the other two scales such a ceiling changes nothing.
    """
    pair = people[[method, base]].dropna()
    values = pair.to_numpy()
    noise = variances.loc[pair.index, [method, base]].to_numpy()
    labels = cohort.loc[pair.index].to_numpy()
    lines = {}
    for name, scale in SCALES.items():

        def change(groups: Groups, scale=scale) -> np.ndarray:
            sds = scale(*moments(values, noise, groups))
            return sds[..., 0] - sds[..., 1]

        found = estimate(change, labels, rng)
        sds = scale(*moments(values, noise, in_cohorts(labels)))
        lines[name] = {
            "base": sds[1],
            "method": sds[0],
            "change": found.value,
            "low": found.low,
            "high": found.high,
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def reading(scales: pd.DataFrame) -> str:
    """How a result of `dispersion_on_scales` reads: one of these words.

    equalising   the SD shrinks in percentage points and in logits
    ceiling      it shrinks in percentage points; in logits not, and by less than half at most
    open         it shrinks in percentage points; in logits it may, or may not
    widening     it grows in percentage points and in logits
    neither      anything else

    An SD shrinks or grows where the whole interval lies on that side of 0.
    """
    shrinks = scales["high"] < 0
    grows = scales["low"] > 0
    logit_line = scales.loc["logit"]
    if shrinks["percentage points"]:
        if shrinks["logit"]:
            return "equalising"
        return "ceiling" if logit_line["low"] > -logit_line["base"] / 2 else "open"
    if grows["percentage points"] and grows["logit"]:
        return "widening"
    return "neither"


# --- the probability that a person is harmed


def paired_digits(
    data: StudyData, rows: pd.DataFrame, part: str, method: str, base: str = BASELINE
) -> pd.DataFrame:
    """Original digits that a person wins and loses by a method: a line per person with both.

    digits      of the test set, tested with both
    won, lost   of these, digits that only the method, only the base classifies correctly; where
                some flips or repeats of a digit do, it counts by its share of them
    """
    used = rows[rows["method"].isin([method, base])]
    return digits_won_and_lost(hits_by_digit(data, used, part), method, base)


def digits_won_and_lost(
    hits: Iterable[Mapping[str, Mapping[str, DigitHits]]], method: str, base: str = BASELINE
) -> pd.DataFrame:
    """`paired_digits` from the hits of each fold (`hits_by_digit`, `hits_by_place`)."""
    lines = {}
    for in_fold in hits:
        own, before = in_fold.get(method, {}), in_fold.get(base, {})
        for person in [each for each in own if each in before]:
            # with rotated splits the one with fewer repeats is tested on fewer digits
            common = np.intersect1d(own[person].digits, before[person].digits)
            with_method, with_base = (
                each.only(np.isin(each.digits, common)) for each in (own[person], before[person])
            )
            change = with_method.shares - with_base.shares
            lines[person] = {
                "digits": len(change),
                "won": change[change > 0].sum(),
                "lost": -change[change < 0].sum(),
            }
    return pd.DataFrame.from_dict(lines, orient="index", columns=["digits", "won", "lost"])


def harm_probability(won: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Posterior probability that a method makes a person's true accuracy lower, [n people].

    won, lost   digits of each person as in `paired_digits`, [n]

    Of a person's digits that change, a share q is won; the person is harmed where q < 1/2. Over
    people q has a beta distribution, so a person of whom few digits change is judged by the others.
    The distribution itself is uncertain: its a and b have the prior (a + b)^(-5/2), and the result
    is the mean over them (Gelman et al., Bayesian Data Analysis, 5.3).
    """
    won = np.asarray(won, float)
    lost = np.asarray(lost, float)
    centres, sizes = np.meshgrid(np.linspace(-4, 4, 81), np.linspace(np.log(0.2), np.log(500), 50))
    size = np.exp(sizes.ravel())
    a = expit(centres.ravel()) * size
    b = size - a
    # the prior on this grid, of logit(a / (a + b)) and log(a + b), and the likelihood
    log_weight = np.log(a) + np.log(b) - 2.5 * np.log(size)
    a, b = a[:, None], b[:, None]
    log_weight = log_weight + (betaln(a + won, b + lost) - betaln(a, b)).sum(axis=1)
    weight = np.exp(log_weight - log_weight.max())
    return weight @ betainc(a + won, b + lost, 0.5) / weight.sum()


# --- groups of people


def populations(data: StudyData) -> pd.Series:
    """NIST's population of every individual, person (text) → employees | students.

    Empty where the data do not record it.
    """
    source = data.source
    people = data.splits.individuals if "hsf" in source.attributes else ()
    hsf = {str(person): int(source.attributes["hsf"][source.who == person][0]) for person in people}
    return pd.Series(
        {person: POPULATIONS.get(kind, f"hsf {kind}") for person, kind in hsf.items()}, dtype=object
    )


def by_group(
    rows: pd.DataFrame,
    groups: pd.Series,
    part: str,
    rng: np.random.Generator,
    permutations: int = 999,
    base: str = BASELINE,
) -> pd.DataFrame:
    """Mean accuracy of every group, a line per method; people of unknown group are left out.

    groups     person (text) → group
    gap, p     largest minus smallest group mean; p by permutation of people's groups
    change     the gap minus the base's
    p change   p of the gap between the groups' mean paired changes
    Every person counts once, whatever the number of their images.
    """
    from fairlearn.metrics import MetricFrame, mean_prediction

    known = rows[rows["person"].isin(groups.index)]
    people = accuracy.per_person(known, PARTS[part].accuracy)
    lines = {}
    for method, accuracies in people.items():
        p = accuracies.dropna()
        frame = MetricFrame(
            metrics=mean_prediction, y_true=p, y_pred=p, sensitive_features=groups[p.index]
        )
        line = frame.by_group.to_dict()
        line |= {"gap": frame.difference(), "p": gap_p(p, groups, rng, permutations)}
        if base in people and method != base:
            changes = (accuracies - people[base]).dropna()
            line["p change"] = gap_p(changes, groups, rng, permutations)
        lines[method] = line
    table = pd.DataFrame.from_dict(lines, orient="index")
    return table.assign(change=table["gap"] - table["gap"].get(base, np.nan))


# --- similar people


def latent_distances(data: StudyData, fold: Fold, codes: np.ndarray) -> np.ndarray:
    """Distances between a fold's individuals [n, n]: L2 of their latent class means (v3 II-A (3)).

    codes   of a fold's training images [M, d] (`Study.codes`)
    """
    parts = *(data.splits.train[person] for person in fold.individuals), fold.global_train
    means = [grouping.class_means(codes[each], data.labels[each], data.classes) for each in parts]
    return grouping.person_distances(means[:-1], means[:-1], means[-1])


def fold_distances(study) -> list[pd.DataFrame]:
    """`latent_distances` of each fold of a study, with the people's names (text) on both axes."""
    tables = []
    for number, fold in enumerate(study.folds):
        names = [str(person) for person in fold.individuals]
        distances = latent_distances(study.data, fold, study.codes(number))
        tables.append(pd.DataFrame(distances, index=names, columns=names))
    return tables


def mantel_by_fold(
    distances: Sequence[pd.DataFrame],
    accuracies: pd.DataFrame,
    methods: Iterable[str],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Mantel's test that accuracies differ more between people who are further apart.

    distances    between the people of each fold (`fold_distances`)
    accuracies   a line per person, a column per method
    A line per method and fold: people, r, and its one-sided p.
    """
    lines = {}
    for method in methods:
        for number, apart in enumerate(distances):
            own = accuracies[method].reindex(apart.index).to_numpy()
            differences = np.abs(np.subtract.outer(own, own))
            r, p = mantel(apart.to_numpy(), differences, rng)
            lines[method, f"fold {number}"] = {"people": len(apart), "r": r, "p": p}
    return pd.DataFrame.from_dict(lines, orient="index").astype({"people": int})


def near_pairs_that_differ(
    apart: np.ndarray, accuracies: pd.Series, variances: pd.Series, share: float = 0.1
) -> pd.DataFrame:
    """The nearest share of pairs of people (at least one), the largest difference first.

    apart       distances [n, n] of the people of `accuracies`, in their order
    variances   of each accuracy (`sampling_variances`)
    Columns: better and worse (two people), distance, difference of their accuracies, and noise,
    the sd of that difference from sampling test digits.
    """
    names = accuracies.index
    p = accuracies.to_numpy(float)
    v = variances.reindex(names).to_numpy(float)
    order = np.argsort(-p, kind="stable")[: accuracies.count()]  # argsort puts nan last
    better, worse = (order[each] for each in np.triu_indices(len(order), 1))
    pairs = pd.DataFrame(
        {
            "better": names[better],
            "worse": names[worse],
            "distance": apart[better, worse],
            "difference": p[better] - p[worse],
            "noise": np.sqrt(v[better] + v[worse]),
        }
    )
    near = pairs.nsmallest(max(1, round(share * len(pairs))), "distance")
    return near.sort_values("difference", ascending=False, kind="stable", ignore_index=True)


def near_pairs_of_folds(
    distances: Sequence[pd.DataFrame],
    accuracies: pd.DataFrame,
    variances: pd.DataFrame,
    method: str,
    base: str = BASELINE,
) -> pd.DataFrame:
    """`near_pairs_that_differ` of a method over all folds, the largest difference first.

    distances               between the people of each fold (`fold_distances`)
    accuracies, variances   a line per person, a column per method
    The column "at <base>" is better minus worse with the base.
    """
    own, before = accuracies[method], accuracies[base]
    pairs = pd.concat(
        [
            near_pairs_that_differ(apart.to_numpy(), own.reindex(apart.index), variances[method])
            for apart in distances
        ]
    )
    pairs = pairs.sort_values("difference", ascending=False, ignore_index=True)
    pairs[f"at {base}"] = before.loc[pairs["better"]].values - before.loc[pairs["worse"]].values
    return pairs


def individuals_named(data: StudyData, names: Iterable[str]) -> list:
    """The individuals with these names; rows hold a person as text, data may hold a number."""
    known = {str(person): person for person in data.splits.individuals}
    return [known[name] for name in names]
