"""Fairness: how unlike results are between people beyond the chance of small test sets; who is worst off, who harmed.

Accuracies are shares, one per person, float [n], repeats averaged first (`accuracy.per_person`); nan are left out.
`rows` have the columns of `sqlite.ROW`, `data` is a `dataset.StudyData`; no torch, no files.
"""

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from perso.analysis import accuracy
from perso.methods import grouping
from perso.methods.method import BASELINE
from perso.parts import PARTS
from perso.stats import bootstrap, dispersion, paired
from perso.stats.dispersion import between_person_sd, clustered_variance, cvar
from perso.stats.permutation import gap_p
from perso.store.sqlite import unpacked

POPULATIONS = {0: "employees", 4: "students"}  # NIST's writers, by hsf


def sampling_variances(data, rows: pd.DataFrame, part: str) -> pd.DataFrame:
    """Variance of accuracies by the chance of which digits were tested: a line per person, a column per method.

    By clusters of original digits, hits averaged over repeats first. On D_G all people of a fold are tested on the same
    images: how hard one is for all of them is taken out first, which leaves the interaction of person and image.
    """
    size, blob, on_G, found = PARTS[part].size, PARTS[part].hits, part == "D_G", {}
    for fold in data.splits.folds:
        tests = {
            str(p): data.item[fold.global_test if on_G else data.splits.test[p]]
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
                {p: scale * clustered_variance(h - common, tests[p]) for p, h in hits.items()}
            )
    return pd.DataFrame(found)


def worst_person(accuracies: pd.Series, sizes: pd.Series) -> tuple:
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


def fairness_table(
    rows: pd.DataFrame, part: str, variances: pd.DataFrame | None = None, base: str = BASELINE
):
    """How unlike a method's results are between people, as shares: a line per method.

    n, mean, sd, min, max, spread     the papers' columns; spread = max − min
    excess sd, excess sd by digits    beyond the binomial part; beyond `variances` (of `sampling_variances`), where given
    worst decile; worst, low, high    `cvar`; who is worst off, with the interval
    harmed, loss, improved, gain      against `base`; nan where that is not there
    """
    people, sizes, lines = (
        accuracy.per_person(rows, PARTS[part].accuracy),
        accuracy.per_person(rows, PARTS[part].size),
        {},
    )
    for method, p in people.items():
        person, least, low, high = worst_person(p, sizes[method])
        line = {
            "n": p.count(),
            "mean": p.mean(),
            "sd": p.std(),
            "min": least,
            "max": p.max(),
            "spread": p.max() - least,
            "excess sd": between_person_sd(p, sizes[method]),
        }
        if variances is not None:
            line["excess sd by digits"] = between_person_sd(
                p, variances=variances[method].reindex(p.index)
            )
        line |= {"worst decile": cvar(p), "worst": person, "low": low, "high": high}
        lines[method] = line | harmed(p - people[base] if base in people and method != base else [])
    return pd.DataFrame.from_dict(lines, orient="index")


def dispersion_against_base(
    rows: pd.DataFrame,
    part: str,
    variances: pd.DataFrame,
    rng: np.random.Generator,
    base: str = BASELINE,
):
    """Whether people vary more or less than by the base: a line per method.

    ratio, low, high             sd over the base's, bootstrap over people
    p, holm, pitman_morgan       Brown–Forsythe's, paired; corrected for all methods; what the normal theory would say
    excess, excess low, high     change of the excess sd (`sampling_variances` are the variances), bootstrap over people
    """
    people, lines = accuracy.per_person(rows, PARTS[part].accuracy), {}
    for name in people.columns.drop(base):
        pair = people[[name, base]].dropna()
        values, chance = pair.to_numpy(), variances.loc[pair.index, [name, base]].to_numpy()

        def excess(index, values=values, chance=chance):
            own, bases = np.sqrt(
                np.maximum(values[index].var(0, ddof=1) - chance[index].mean(0), 0)
            )
            return own - bases

        ratio, _ = dispersion.log_sd_ratio(*values.T, rng)
        change, _ = bootstrap.bootstrap_statistic(excess, len(values), rng)
        lines[name] = {
            "ratio": np.exp(ratio.value),
            "low": np.exp(ratio.low),
            "high": np.exp(ratio.high),
            "p": dispersion.brown_forsythe(*values.T, rng),
            "pitman_morgan": dispersion.pitman_morgan(*values.T),
            "excess": change.value,
            "excess low": change.low,
            "excess high": change.high,
        }
    table = pd.DataFrame.from_dict(lines, orient="index")
    table.insert(4, "holm", paired.holm(table["p"].to_numpy()))
    return table


def populations(data) -> pd.Series:
    """NIST's population of every individual, person (text) → employees | students; empty where the data do not say."""
    source = data.source
    people = data.splits.individuals if "hsf" in source.attributes else ()
    hsf = {str(person): int(source.attributes["hsf"][source.who == person][0]) for person in people}
    return pd.Series(
        {person: POPULATIONS.get(kind, f"hsf {kind}") for person, kind in hsf.items()}, dtype=object
    )


def by_group(
    rows,
    groups: pd.Series,
    part: str,
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

    people, lines = (
        accuracy.per_person(rows[rows["person"].isin(groups.index)], PARTS[part].accuracy),
        {},
    )
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


def person_distances(data, fold, codes: np.ndarray) -> np.ndarray:
    """How far apart a fold's individuals are [n, n]: L2 of their latent class means (v3 II-A (3)), as IG takes it.

    codes   of a fold's training images [M, d] (`Study.codes`)
    """
    parts = *(data.splits.train[person] for person in fold.individuals), fold.global_train
    means = [grouping.class_means(codes[each], data.labels[each], data.classes) for each in parts]
    return grouping.person_distances(means[:-1], means[:-1], means[-1])


def near_pairs_that_differ(
    apart: np.ndarray, accuracies: pd.Series, variances: pd.Series, share: float = 0.1
) -> pd.DataFrame:
    """The nearest share of pairs of people (at least one), those first whose accuracies differ most.

    apart   distances [n, n] of the people of `accuracies`, in their order; variances as `sampling_variances` finds them
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
