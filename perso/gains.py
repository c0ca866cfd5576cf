"""Where personalization helps: on which classes, for which people, and at what price on everybody else's data.

on_I, on_G   changes to the baseline on D_I and D_G, shares, float [n people, k methods]; a person who lacks one of them
             is left out, so that all methods are compared on the same people. ValueError where nobody is left.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import statsmodels.api as sm

from perso import metrics, resampling, stats, tables
from perso.methods import BASELINE, METHODS
from perso.store import unpacked
from perso.study import Study

TURNS = ("as written", "mirrored", "upside down")  # in the order of `cohorts.flipped`
KINDS = (
    "baseline",
    "early shaping",
    "sample weighing",
    "transfer learning",
)  # families that v1 compares


def accuracies(study: Study, rows: pd.DataFrame, method: str) -> pd.DataFrame:
    """Accuracy on D_I by what a test image shows, repeats averaged: a line per individual.

    Columns are the source's classes, flips included, and with flips the turns. nan: none to test, or no row.
    """
    prepared, lines = study.prepared, {}
    classes = int(prepared.source.labels.max()) + 1
    for person in prepared.parts.individuals:
        labels = prepared.labels[prepared.parts.test[person]]
        own = rows[(rows["person"] == str(person)) & (rows["method"] == method)]
        hits = [unpacked(*line) for line in own[["hits_I", "n_I"]].values]
        right = np.mean(hits, axis=0) if hits else np.full(len(labels), np.nan)
        shown = {str(c): labels % classes == c for c in range(classes)}
        if prepared.classes > classes:
            shown |= {turn: labels // classes == place for place, turn in enumerate(TURNS)}
        lines[str(person)] = {
            name: right[which].mean() if which.any() else np.nan for name, which in shown.items()
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def by_class(study: Study, rows: pd.DataFrame, method: str, base: str = BASELINE) -> pd.DataFrame:
    """The gain on D_I per class, then per turn, averaged over the people who have it to test.

    n, base             people; the base's mean accuracy
    change, low, high   mean paired difference with its 95 % interval, shares
    holm                p of the paired t-test, corrected among the classes, and among the turns
    """
    before, after = (accuracies(study, rows, name) for name in (base, method))
    found = pd.DataFrame(
        {name: vars(stats.change(each)) for name, each in (after - before).items()}
    ).T
    holm = found["p"].groupby(found.index.isin(TURNS)).transform(lambda p: stats.holm(p.to_numpy()))
    table = found.rename(columns={"mean": "change"}).assign(
        n=found["n"].astype(int), base=before.mean(), holm=holm
    )
    return table[["n", "base", "change", "low", "high", "holm"]]


def uneven(
    gains: np.ndarray, rng: np.random.Generator, permutations: int = 1999
) -> stats.Permanova:
    """How much of what gains [n people, k classes] vary within people goes by class; permuted within people.

    People who lack a class are left out; below two of them, or where nothing varies, all is nan.
    """
    gains = pd.DataFrame(gains).dropna().to_numpy(float)
    centred = (gains - gains.mean(axis=1, keepdims=True)).round(12)
    if len(gains) < 2 or not centred.any():
        return stats.Permanova(np.nan, np.nan, np.nan)
    drawn = rng.permuted(np.tile(centred, (permutations, 1, 1)), axis=2)
    means = np.concatenate([centred[None], drawn]).mean(axis=1)
    shares = len(gains) * (means**2).sum(axis=1) / (centred**2).sum()
    return stats.Permanova(
        *map(float, (shares[0], shares[1:].mean(), (shares > shares[0] - 1e-12).mean()))
    )


def by_size(study: Study, rows: pd.DataFrame, method: str, base: str = BASELINE) -> pd.DataFrame:
    """Training images of D_I and the gain on D_I, a share: a line per person who has both rows."""
    sizes = pd.Series(
        {str(person): len(images) for person, images in study.prepared.parts.train.items()}
    )
    gain = tables.paired(rows, method, base)["D_I"].dropna()
    return pd.DataFrame({"images": sizes.reindex(gain.index), "gain": gain})


def slope(table: pd.DataFrame, rng: np.random.Generator, draws: int = 2000) -> dict[str, float]:
    """How gains go with sizes (`by_size`); nan where it cannot be computed, and ends where there are few people.

    rho, low, high               Spearman's, 95 % by `resampling.over_people`
    per_100, per_low, per_high   the gain for 100 images more, a share, by least squares; 95 % by HC3 errors and t
    """
    size, gain = table["images"].to_numpy(float) / 100, table["gain"].to_numpy(float)
    found = dict.fromkeys(("rho", "low", "high", "per_100", "per_low", "per_high"), np.nan)
    if len(size) < 2 or np.ptp(size) == 0:
        return found
    design = sm.add_constant(size)
    seen, _ = resampling.over_people(
        lambda index: resampling.rho(size[index], gain[index]), len(size), rng, draws
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


def front(on_I_mean: np.ndarray, on_G_mean: np.ndarray) -> np.ndarray:
    """Who is on the Pareto front of means [..., k], bool: no other is as good on both parts and better on one."""
    on_I, on_G = (np.asarray(each)[..., :, None] for each in (on_I_mean, on_G_mean))
    more_I, more_G = (
        np.asarray(each)[..., None, :] - own for each, own in ((on_I_mean, on_I), (on_G_mean, on_G))
    )
    return ~((more_I >= 0) & (more_G >= 0) & (more_I + more_G > 0)).any(axis=-1)


def complete(on_I: np.ndarray, on_G: np.ndarray) -> np.ndarray:
    """The people who lack nothing: [2, n, k]."""
    both = np.stack([on_I, on_G]).astype(float)
    if not (there := ~np.isnan(both).any(axis=(0, 2))).any():
        raise ValueError("nobody has a row of every method")
    return both[:, there]


def resampled(
    on_I: np.ndarray, on_G: np.ndarray, rng: np.random.Generator, draws: int
) -> np.ndarray:
    """Means over people drawn with replacement, the same for all methods: [2, draws, k]; rounded, that ties be ties."""
    both = complete(on_I, on_G)
    picked = rng.integers(both.shape[1], size=(draws, both.shape[1]))
    return both[:, picked].mean(axis=2).round(12)


def pareto(
    on_I: np.ndarray, on_G: np.ndarray, rng: np.random.Generator, draws: int = 2000
) -> np.ndarray:
    """How probably each method is on the front, [k]: its share of the bootstrap draws of people."""
    return front(*resampled(on_I, on_G, rng, draws)).mean(axis=0)


def best_by_weight(
    on_I: np.ndarray,
    on_G: np.ndarray,
    weights: Sequence[float],
    rng: np.random.Generator,
    draws=2000,
):
    """How probably each method has the largest D_I + w · D_G, [weights, k]; a line sums to 1, those who tie share."""
    mean_I, mean_G = resampled(on_I, on_G, rng, draws)
    sums = ((mean_I + weight * mean_G).round(12) for weight in weights)
    best = (each == each.max(axis=1, keepdims=True) for each in sums)
    return np.array([(each / each.sum(axis=1, keepdims=True)).mean(axis=0) for each in best])


def best_range(on_I_mean: np.ndarray, on_G_mean: np.ndarray) -> np.ndarray:
    """The lowest and highest w ≥ 0 at which each of means [k] has the largest D_I + w · D_G, [k, 2]; nan: at none."""
    ranges = []
    for i, g in zip(on_I_mean, on_G_mean, strict=True):
        behind, ahead = on_I_mean - i, g - on_G_mean  # against every other: w · ahead ≥ behind
        low = max([0.0, *(behind[ahead > 0] / ahead[ahead > 0])])
        high = min([np.inf, *(behind[ahead < 0] / ahead[ahead < 0])])
        ranges.append(
            (low, high) if low <= high and not (behind[ahead == 0] > 0).any() else (np.nan, np.nan)
        )
    return np.array(ranges)


def changes(rows: pd.DataFrame, methods: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Changes to the baseline on D_I and D_G: a line per person, a column for each of these methods that has rows."""
    wide = {part: metrics.per_person(rows, measure) for measure, part in tables.PARTS.items()}
    there = [name for name in methods if name in set(rows["method"])]
    return {part: each[there].sub(each[BASELINE], axis=0) for part, each in wide.items()}


def membership(
    rows: pd.DataFrame, methods: Sequence[str], rng: np.random.Generator, draws: int = 2000
) -> pd.DataFrame:
    """The trade-off of those of these methods that have rows, over the people who have all of them: a line each.

    D_I, D_G              mean change to the baseline, shares; the baseline's own is 0
    member, probability   whether it is on the front of these means, and how probably (`pareto`)
    from, to, best        at which w it is best of these means (`best_range`); how probably at 1 (`best_by_weight`)
    """
    seen = changes(rows, methods)
    on_I, on_G = complete(seen["D_I"], seen["D_G"]).mean(axis=1).round(12)
    chances = (
        pareto(*seen.values(), rng, draws),
        best_by_weight(*seen.values(), [1.0], rng, draws)[0],
    )
    low, high = best_range(on_I, on_G).T
    return pd.DataFrame(
        {
            "D_I": on_I,
            "D_G": on_G,
            "member": front(on_I, on_G),
            "probability": chances[0],
            "from": low,
            "to": high,
            "best": chances[1],
        },
        seen["D_I"].columns,
    )


def by_kind(
    runs: Mapping[str, pd.DataFrame], rng: np.random.Generator, kinds: Sequence[str] = KINDS
) -> pd.DataFrame:
    """How probably the largest D_I + D_G is a method's of each kind, among these kinds: kinds down, runs across."""
    family = {method.name: method.family for method in METHODS if method.family in kinds}
    found = {
        run: membership(rows, list(family), rng)["best"].groupby(family).sum()
        for run, rows in runs.items()
    }
    return pd.DataFrame(found).reindex(list(kinds))
