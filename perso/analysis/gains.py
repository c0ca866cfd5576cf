"""Where personalization helps: on which classes, and for people with how much data.

Gains are changes of accuracy on D_I against the baseline, as shares. A person without a row of
one of the two methods is left out.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import statsmodels.api as sm

from perso.analysis import comparison
from perso.methods.method import BASELINE
from perso.parts import D_I
from perso.stats import bootstrap, paired, permutation
from perso.store.sqlite import unpacked
from perso.study.study import Study

ORIENTATIONS = ("as written", "mirrored", "upside down")  # in the order of `images.flipped`
SYMMETRIC_DIGITS = (0, 1, 8)  # a flip hardly changes them
OF_DIGITS = ("digits", "qmnist", "nist")  # data sets whose class is the digit
SLOPE = ("rho", "low", "high", "per_100", "per_low", "per_high")


# --- classes


def has_flipped_digits(study: Study) -> bool:
    """Whether the classes are the ten digits and their flips, not ten of something else."""
    return study.settings.flips and study.data.source.source in OF_DIGITS


def accuracy_by_class(study: Study, rows: pd.DataFrame, method: str) -> pd.DataFrame:
    """Accuracy on D_I by class of the test image, averaged over repeats: a line per individual.

    Columns are the source's classes (`class_labels`), a flip counting as its sample's class; with
    flips the orientations, too. nan where a person has no such test image, or no row.
    """
    data, lines = study.data, {}
    classes = class_labels(data.source.classes)
    for person in data.splits.individuals:
        test = data.splits.test[person]
        labels = data.source.labels[data.sample[test]]  # the class before the flip
        own = rows[(rows["person"] == str(person)) & (rows["method"] == method)]
        hits = [unpacked(*line) for line in own[[D_I.hits, D_I.size]].values]
        right = np.mean(hits, axis=0) if hits else np.full(len(labels), np.nan)
        chosen = {name: labels == c for c, name in enumerate(classes)}
        if data.classes > len(classes):
            for place, name in enumerate(ORIENTATIONS):
                chosen[name] = data.orientation[test] == place
        lines[str(person)] = {
            name: right[which].mean() if which.any() else np.nan for name, which in chosen.items()
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def class_labels(classes: Sequence[str]) -> list[str]:
    """Names of classes that are none of `ORIENTATIONS`, beside which they stand in a table."""
    if set(classes).isdisjoint(ORIENTATIONS):
        return list(classes)
    return [f"class {name}" for name in classes]


def by_class(study: Study, rows: pd.DataFrame, method: str) -> pd.DataFrame:
    """The gain on D_I per class, then per orientation, averaged over people with such test images.

    n, base             people; the baseline's mean accuracy
    change, low, high   mean paired difference with its 95 % interval, shares
    removed             change as a share of the baseline's errors; nan where it has none
    holm                p of the paired t-test, corrected over the classes; over the orientations
    """
    before = accuracy_by_class(study, rows, BASELINE)
    after = accuracy_by_class(study, rows, method)
    changes = {name: vars(paired.paired_change(each)) for name, each in (after - before).items()}
    found = pd.DataFrame(changes).T
    families = found["p"].groupby(found.index.isin(ORIENTATIONS))
    errors = 1 - before.mean()
    table = found.rename(columns={"mean": "change"}).assign(
        n=found["n"].astype(int),
        base=before.mean(),
        removed=found["mean"] / errors.where(errors > 0),
        holm=families.transform(lambda p: paired.holm(p.to_numpy())),
    )
    return table[["n", "base", "change", "low", "high", "removed", "holm"]]


def classes_alone(table: pd.DataFrame) -> pd.DataFrame:
    """The lines of a `by_class` that are classes, without orientations."""
    return table.drop(index=list(ORIENTATIONS), errors="ignore")


def class_gains(study: Study, rows: pd.DataFrame, method: str) -> pd.DataFrame:
    """The gain on D_I: a line per individual, a column per class."""
    after, before = (accuracy_by_class(study, rows, name) for name in (method, BASELINE))
    return (after - before).drop(columns=list(ORIENTATIONS), errors="ignore")


def share_by_class(
    gains: np.ndarray, rng: np.random.Generator, permutations: int = 1999
) -> permutation.Permanova:
    """Share of the variation of gains [n people, k classes] within people that differs by class.

    p is by permutation of the classes within each person. People without a class are left out;
    with fewer than two people, or where nothing varies, all is nan.
    """
    gains = pd.DataFrame(gains).dropna().to_numpy(float)
    centred = (gains - gains.mean(axis=1, keepdims=True)).round(12)
    if len(gains) < 2 or not centred.any():
        return permutation.Permanova(np.nan, np.nan, np.nan)
    permuted = rng.permuted(np.tile(centred, (permutations, 1, 1)), axis=2)
    means = np.concatenate([centred[None], permuted]).mean(axis=1)
    shares = len(gains) * (means**2).sum(axis=1) / (centred**2).sum()
    as_large = shares > shares[0] - 1e-12
    return permutation.Permanova(float(shares[0]), float(shares[1:].mean()), float(as_large.mean()))


def class_shares(
    study: Study, rows: pd.DataFrame, generators: Mapping[str, np.random.Generator]
) -> pd.DataFrame:
    """`share_by_class` of several methods: a line per method.

    generators   of random numbers, by the method's name
    share, expected, p   the share; its mean over permutations, where classes do not differ; p
    """
    lines = {
        method: vars(share_by_class(class_gains(study, rows, method), rng))
        for method, rng in generators.items()
    }
    table = pd.DataFrame.from_dict(lines, orient="index")[["share", "chance", "p"]]
    table.columns = ["share", "expected", "p"]
    return table


# --- people


def training_sizes(study: Study) -> pd.Series:
    """Training images of D_I of every individual, person (text) → number."""
    train = study.data.splits.train
    return pd.Series({str(person): len(train[person]) for person in study.data.splits.individuals})


def sizes_too_similar(sizes: pd.Series) -> bool:
    """Whether training sizes vary too little to estimate the effect of more data: max < 1.5 min."""
    return bool(sizes.max() < 1.5 * sizes.min())


def by_size(study: Study, rows: pd.DataFrame, method: str) -> pd.DataFrame:
    """Training images of D_I and the gain on D_I, a share: a line per person who has both rows."""
    gain = comparison.paired_differences(rows, method, BASELINE)["D_I"].dropna()
    return pd.DataFrame({"images": training_sizes(study).reindex(gain.index), "gain": gain})


def slope(table: pd.DataFrame, rng: np.random.Generator, draws: int = 2000) -> dict[str, float]:
    """How the gain depends on the training size (`by_size`).

    rho, low, high               Spearman's, 95 % by `bootstrap.bootstrap_statistic`
    per_100, per_low, per_high   gain for 100 images more, a share, by least squares; 95 % by HC3
                                 errors and t
    nan where a value cannot be computed; the ends also where there are few people.
    """
    size, gain = table["images"].to_numpy(float) / 100, table["gain"].to_numpy(float)
    found = dict.fromkeys(SLOPE, np.nan)
    if len(size) < 2 or np.ptp(size) == 0:
        return found
    design = sm.add_constant(size)
    rho, _ = bootstrap.bootstrap_statistic(
        lambda index: bootstrap.spearman(size[index], gain[index]), len(size), rng, draws
    )
    found |= {"rho": rho.value, "low": rho.low, "high": rho.high}
    found["per_100"] = float(sm.OLS(gain, design).fit().params[1])
    leverage = np.diag(design @ np.linalg.pinv(design))
    one_person_decides = leverage.max() >= 1 - 1e-9  # HC3 divides by 1 - leverage
    if not np.isnan(rho.low) and not one_person_decides:
        robust = sm.OLS(gain, design).fit(cov_type="HC3", use_t=True)
        found["per_low"], found["per_high"] = robust.conf_int()[1].tolist()
    return found
