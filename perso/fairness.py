"""Fairness: how unlike results are between people beyond the chance of small test sets; who is worst off, who harmed.

Accuracies are shares, one per person, float [n], repeats averaged first (`metrics.per_person`); nan are left out.
`rows` have the columns of `store.ROW`, `prepared` is a `prepare.Prepared`; no torch, no files.
"""

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from perso import grouping, metrics, resampling, stats
from perso.methods import BASELINE
from perso.store import unpacked

TESTED = {
    "acc_I": ("n_I", "hits_I"),
    "acc_G": ("n_G", "hits_G"),
}  # number of test images, hits on them
POPULATIONS = {0: "employees", 4: "students"}  # NIST's writers, by hsf


def excess_sd(accuracies, sizes=None, variances=None) -> float:
    """sd over people beyond chance, sqrt(sd² − mean p(1 − p)/n); 0.0 where that difference is negative, nan below two.

    sizes [n] test images of each person, or variances [n] of each accuracy by chance, as `noise` finds them
    Flips of one digit are hit or missed together, so p(1 − p)/n by images understates the chance. Where all are tested
    on one set, as on D_G, it overstates it: what makes an image hard for all is no difference between them.
    """
    p = np.asarray(accuracies, float)
    chance = (
        p * (1 - p) / np.asarray(sizes, float)
        if variances is None
        else np.asarray(variances, float)
    )
    known = ~np.isnan(p)
    rest = np.var(p[known], ddof=1) - chance[known].mean() if known.sum() > 1 else np.nan
    return float(np.sqrt(np.maximum(rest, 0.0)))


def clustered(hits: np.ndarray, items: np.ndarray) -> float:
    """Variance of the mean of hits [m] where those of one item are drawn together: G/(G−1) Σ_g (Σ_i (h − h̄))² / m².

    items   the original digit of each, int [m]; G of them. nan where there is one only.
    """
    _, groups = np.unique(items, return_inverse=True)
    sums = np.bincount(groups, np.asarray(hits, float) - np.mean(hits))
    return (
        float(len(sums) / (len(sums) - 1) * (sums**2).sum() / len(hits) ** 2)
        if len(sums) > 1
        else np.nan
    )


def noise(prepared, rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Variance of accuracies by the chance of which digits were tested: a line per person, a column per method.

    By clusters of original digits, hits averaged over repeats first. On D_G all people of a fold are tested on the same
    images: how hard one is for all of them is taken out first, which leaves the interaction of person and image.
    """
    item = np.tile(prepared.source.item, len(prepared.images) // len(prepared.source.item))
    (size, blob), on_G, found = TESTED[measure], measure == "acc_G", {}
    for fold in prepared.parts.folds:
        tests = {
            str(p): item[fold.global_test if on_G else prepared.parts.test[p]]
            for p in fold.individuals
        }
        for method, lines in rows[rows["person"].isin(tests)].groupby("method", sort=False):
            hits = {
                person: np.mean([unpacked(*each) for each in own[[blob, size]].values], axis=0)
                for person, own in lines.groupby("person", sort=False)
            }
            n, common = len(hits), np.mean(list(hits.values()), axis=0) if on_G else 0.0
            scale = (
                n / (n - 1) if on_G and n > 1 else np.nan if on_G else 1.0
            )  # their mean holds 1/n of each
            found.setdefault(method, {}).update(
                {p: scale * clustered(h - common, tests[p]) for p, h in hits.items()}
            )
    return pd.DataFrame(found)


def cvar(accuracies, share: float = 0.1) -> float:
    """Mean of the worst share of people, the one at its edge weighed by what of them is within; at least the worst."""
    p = np.sort(np.asarray(accuracies, float))
    p = p[~np.isnan(p)]
    weights = np.clip(max(1.0, share * len(p)) - np.arange(len(p)), 0, 1)
    return float(np.average(p, weights=weights)) if len(p) else np.nan


def worst(accuracies: pd.Series, sizes: pd.Series) -> tuple:
    """Who has the lowest accuracy: person, accuracy, and the ends of its 95 % Wilson interval over their test images.
    The worst of n is chosen for being low: the interval is of that person's images and not corrected for the choice.
    """
    person = accuracies.idxmin()
    interval = proportion_confint(
        accuracies[person] * sizes[person], sizes[person], method="wilson"
    )
    return person, float(accuracies[person]), *map(float, interval)


def harmed(differences) -> dict[str, float]:
    """Of changes [n]: share harmed (below 0) and their mean loss, share improved and their mean gain; nan of nobody."""
    d, means = np.asarray(differences, float), {}
    d = d[~np.isnan(d)]
    for share, mean, those in (
        ("harmed", "loss", d < -1e-12),
        ("improved", "gain", d > 1e-12),
    ):  # less is rounding
        means |= {
            share: those.mean() if len(d) else np.nan,
            mean: d[those].mean() if those.any() else np.nan,
        }
    return {name: float(value) for name, value in means.items()}


def table(
    rows: pd.DataFrame, measure: str, variances: pd.DataFrame | None = None, base: str = BASELINE
):
    """How unlike a method's results are between people, as shares: a line per method.

    n, mean, sd, min, max, spread     the papers' columns; spread = max − min
    excess sd, excess sd by digits    beyond the binomial part; beyond `variances` (of `noise`), where given
    worst decile; worst, low, high    `cvar`; who is worst off, with the interval
    harmed, loss, improved, gain      against `base`; nan where that is not there
    """
    people, sizes, lines = (
        metrics.per_person(rows, measure),
        metrics.per_person(rows, TESTED[measure][0]),
        {},
    )
    for method, p in people.items():
        person, least, low, high = worst(p, sizes[method])
        line = {
            "n": p.count(),
            "mean": p.mean(),
            "sd": p.std(),
            "min": least,
            "max": p.max(),
            "spread": p.max() - least,
            "excess sd": excess_sd(p, sizes[method]),
        }
        if variances is not None:
            line["excess sd by digits"] = excess_sd(p, variances=variances[method].reindex(p.index))
        line |= {"worst decile": cvar(p), "worst": person, "low": low, "high": high}
        lines[method] = line | harmed(p - people[base] if base in people and method != base else [])
    return pd.DataFrame.from_dict(lines, orient="index")


def compared(
    rows: pd.DataFrame,
    measure: str,
    variances: pd.DataFrame,
    rng: np.random.Generator,
    base: str = BASELINE,
):
    """Whether people vary more or less than by the base: a line per method.

    ratio, low, high             sd over the base's, bootstrap over people
    p, holm, pitman_morgan       Brown–Forsythe's, paired; corrected for all methods; what the normal theory would say
    excess, excess low, high     change of the excess sd (`noise` are the variances), bootstrap over people
    """
    people, lines = metrics.per_person(rows, measure), {}
    for name in people.columns.drop(base):
        pair = people[[name, base]].dropna()
        values, chance = pair.to_numpy(), variances.loc[pair.index, [name, base]].to_numpy()

        def excess(index, values=values, chance=chance):
            own, bases = np.sqrt(
                np.maximum(values[index].var(0, ddof=1) - chance[index].mean(0), 0)
            )
            return own - bases

        ratio, _ = resampling.sd_ratio(*values.T, rng)
        change, _ = resampling.over_people(excess, len(values), rng)
        lines[name] = {
            "ratio": np.exp(ratio.value),
            "low": np.exp(ratio.low),
            "high": np.exp(ratio.high),
            "p": resampling.brown_forsythe(*values.T, rng),
            "pitman_morgan": stats.pitman_morgan(*values.T),
            "excess": change.value,
            "excess low": change.low,
            "excess high": change.high,
        }
    table = pd.DataFrame.from_dict(lines, orient="index")
    table.insert(4, "holm", stats.holm(table["p"].to_numpy()))
    return table


def populations(prepared) -> pd.Series:
    """NIST's population of every individual, person (text) → employees | students; empty where the data do not say."""
    source = prepared.source
    people = prepared.parts.individuals if "hsf" in source.attributes else ()
    hsf = {str(person): int(source.attributes["hsf"][source.who == person][0]) for person in people}
    return pd.Series(
        {person: POPULATIONS.get(kind, f"hsf {kind}") for person, kind in hsf.items()}, dtype=object
    )


def by_group(
    rows,
    groups: pd.Series,
    measure: str,
    rng: np.random.Generator,
    permutations=999,
    base: str = BASELINE,
):
    """Mean accuracy of every group, a line per method; people whose group is not known are left out.

    groups     person (text) → group
    gap, p     largest minus smallest group mean; p by permutation of people's groups
    change     the gap minus the base's; p change: p of the gap between the groups' mean paired changes
    MetricFrame is given people, not images: everybody counts once, however much they wrote.
    """
    from fairlearn.metrics import MetricFrame, mean_prediction

    people, lines = metrics.per_person(rows[rows["person"].isin(groups.index)], measure), {}
    for method, accuracies in people.items():
        p = accuracies.dropna()
        frame = MetricFrame(
            metrics=mean_prediction, y_true=p, y_pred=p, sensitive_features=groups[p.index]
        )
        lines[method] = frame.by_group.to_dict() | {
            "gap": frame.difference(),
            "p": gap_p(p, groups, rng, permutations),
        }
        if base in people and method != base:
            lines[method]["p change"] = gap_p(
                (accuracies - people[base]).dropna(), groups, rng, permutations
            )
    found = pd.DataFrame.from_dict(lines, orient="index")
    return found.assign(change=found["gap"] - found["gap"].get(base, np.nan))


def gap_p(
    values: pd.Series, groups: pd.Series, rng: np.random.Generator, permutations: int = 999
) -> float:
    """Share of permutations of people's groups, this one included, whose means are as far apart; nan of one group."""
    kinds, seen = np.unique(groups[values.index].astype(str), return_inverse=True)
    orders = (seen, *(rng.permutation(seen) for _ in range(permutations)))
    gaps = np.array([np.ptp(np.bincount(order, values) / np.bincount(seen)) for order in orders])
    return float(np.mean(gaps >= gaps[0] - 1e-12)) if len(kinds) > 1 else np.nan


def mantel(
    distances_a, distances_b, rng: np.random.Generator, permutations: int = 999
) -> tuple[float, float]:
    """Mantel's test that b grows with a, both symmetric [n, n]: Pearson's r over pairs, and p, one-sided.

    p: share of permutations of people, this one included, that reach r. nan of nan, below three people, of equal ones.
    """
    a, b, pairs = (
        np.asarray(distances_a),
        np.asarray(distances_b),
        np.triu_indices(len(distances_a), 1),
    )
    if len(a) < 3 or not (
        np.ptp(a[pairs]) > 1e-12 and np.ptp(b[pairs]) > 1e-12
    ):  # nan is not above either
        return np.nan, np.nan
    orders = (np.arange(len(a)), *(rng.permutation(len(a)) for _ in range(permutations)))
    r = np.array([np.corrcoef(a[pairs], b[np.ix_(order, order)][pairs])[0, 1] for order in orders])
    return float(r[0]), float(np.mean(r >= r[0] - 1e-12))


def distances(prepared, fold, codes: np.ndarray) -> np.ndarray:
    """How far apart a fold's individuals are [n, n]: L2 of their latent class means (v3 II-A (3)), as IG takes it.

    codes   of a fold's training images [M, d] (`Study.codes`)
    """
    parts = *(prepared.parts.train[person] for person in fold.individuals), fold.global_train
    means = [
        grouping.class_means(codes[each], prepared.labels[each], prepared.classes) for each in parts
    ]
    return grouping.person_distances(means[:-1], means[:-1], means[-1])


def unlike(
    apart: np.ndarray, accuracies: pd.Series, variances: pd.Series, share: float = 0.1
) -> pd.DataFrame:
    """The nearest share of pairs of people (at least one), those first whose accuracies differ most.

    apart   distances [n, n] of the people of `accuracies`, in their order; variances as `noise` finds them
    better, worse (two people), distance, difference of accuracies, chance: the sd of that by which digits were tested
    """
    p, v, names = (
        accuracies.to_numpy(float),
        variances.reindex(accuracies.index).to_numpy(float),
        accuracies.index,
    )
    order = np.argsort(-p, kind="stable")[: accuracies.count()]  # nan stand last
    better, worse = (order[each] for each in np.triu_indices(len(order), 1))
    pairs = pd.DataFrame(
        {
            "better": names[better],
            "worse": names[worse],
            "distance": apart[better, worse],
            "difference": p[better] - p[worse],
            "chance": np.sqrt(v[better] + v[worse]),
        }
    )
    near = pairs.nsmallest(max(1, round(share * len(pairs))), "distance")
    return near.sort_values("difference", ascending=False, kind="stable", ignore_index=True)
