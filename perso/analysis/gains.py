"""Where personalization helps: on which classes, for which people, and at what price on everybody else's data.

on_I, on_G   changes to the baseline on D_I and D_G, shares, float [n people, k methods]; a person who lacks one of them
             is left out, so that all methods are compared on the same people. ValueError where nobody is left.
"""

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


def accuracy_by_class(study: Study, rows: pd.DataFrame, method: str) -> pd.DataFrame:
    """Accuracy on D_I by what a test image shows, repeats averaged: a line per individual.

    Columns are the source's classes, flips included, and with flips the orientations. nan: none to test, or no row.
    """
    data, lines = study.data, {}
    classes = int(data.source.labels.max()) + 1
    for person in data.splits.individuals:
        test = data.splits.test[person]
        labels = data.source.labels[data.sample[test]]  # a flip shows its sample's class
        own = rows[(rows["person"] == str(person)) & (rows["method"] == method)]
        hits = [unpacked(*line) for line in own[[D_I.hits, D_I.size]].values]
        right = np.mean(hits, axis=0) if hits else np.full(len(labels), np.nan)
        shown = {str(c): labels == c for c in range(classes)}
        if data.classes > classes:
            for place, name in enumerate(ORIENTATIONS):
                shown[name] = data.orientation[test] == place
        lines[str(person)] = {
            name: right[which].mean() if which.any() else np.nan for name, which in shown.items()
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def by_class(study: Study, rows: pd.DataFrame, method: str, base: str = BASELINE) -> pd.DataFrame:
    """The gain on D_I per class, then per orientation, averaged over the people who have it to test.

    n, base             people; the base's mean accuracy
    change, low, high   mean paired difference with its 95 % interval, shares
    holm                p of the paired t-test, corrected among the classes, and among the turns
    """
    before, after = (accuracy_by_class(study, rows, name) for name in (base, method))
    found = pd.DataFrame(
        {name: vars(paired.paired_change(each)) for name, each in (after - before).items()}
    ).T
    holm = (
        found["p"]
        .groupby(found.index.isin(ORIENTATIONS))
        .transform(lambda p: paired.holm(p.to_numpy()))
    )
    table = found.rename(columns={"mean": "change"}).assign(
        n=found["n"].astype(int), base=before.mean(), holm=holm
    )
    return table[["n", "base", "change", "low", "high", "holm"]]


def share_by_class(
    gains: np.ndarray, rng: np.random.Generator, permutations: int = 1999
) -> permutation.Permanova:
    """How much of what gains [n people, k classes] vary within people goes by class; permuted within people.

    People who lack a class are left out; below two of them, or where nothing varies, all is nan.
    """
    gains = pd.DataFrame(gains).dropna().to_numpy(float)
    centred = (gains - gains.mean(axis=1, keepdims=True)).round(12)
    if len(gains) < 2 or not centred.any():
        return permutation.Permanova(np.nan, np.nan, np.nan)
    drawn = rng.permuted(np.tile(centred, (permutations, 1, 1)), axis=2)
    means = np.concatenate([centred[None], drawn]).mean(axis=1)
    shares = len(gains) * (means**2).sum(axis=1) / (centred**2).sum()
    return permutation.Permanova(
        *map(float, (shares[0], shares[1:].mean(), (shares > shares[0] - 1e-12).mean()))
    )


def by_size(study: Study, rows: pd.DataFrame, method: str, base: str = BASELINE) -> pd.DataFrame:
    """Training images of D_I and the gain on D_I, a share: a line per person who has both rows."""
    sizes = pd.Series(
        {str(person): len(images) for person, images in study.data.splits.train.items()}
    )
    gain = comparison.paired_differences(rows, method, base)["D_I"].dropna()
    return pd.DataFrame({"images": sizes.reindex(gain.index), "gain": gain})


def slope(table: pd.DataFrame, rng: np.random.Generator, draws: int = 2000) -> dict[str, float]:
    """How gains go with sizes (`by_size`); nan where it cannot be computed, and ends where there are few people.

    rho, low, high               Spearman's, 95 % by `bootstrap.bootstrap_statistic`
    per_100, per_low, per_high   the gain for 100 images more, a share, by least squares; 95 % by HC3 errors and t
    """
    size, gain = table["images"].to_numpy(float) / 100, table["gain"].to_numpy(float)
    found = dict.fromkeys(("rho", "low", "high", "per_100", "per_low", "per_high"), np.nan)
    if len(size) < 2 or np.ptp(size) == 0:
        return found
    design = sm.add_constant(size)
    seen, _ = bootstrap.bootstrap_statistic(
        lambda index: bootstrap.spearman(size[index], gain[index]), len(size), rng, draws
    )
    least = float(sm.OLS(gain, design).fit().params[1])
    found |= {"rho": seen.value, "low": seen.low, "high": seen.high, "per_100": least}
    if np.isnan(seen.low):
        return found
    if (
        np.diag(design @ np.linalg.pinv(design)).max() < 1 - 1e-9
    ):  # else one person alone makes the slope
        robust = sm.OLS(gain, design).fit(cov_type="HC3", use_t=True)
        found["per_low"], found["per_high"] = robust.conf_int()[1].tolist()
    return found
