"""Every network of a fold on every individual's test set: what is its own, and what is easy.

A network may do well on its person's test set because it is that person's, or because that test set
is easy. The networks of the other people, tested on the same samples, tell one from the other.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from perso.parts import D_I
from perso.store.sqlite import unpacked


def hits_matrix(
    individuals: Sequence[Sequence], rows: pd.DataFrame, method: str
) -> list[pd.DataFrame]:
    """Return, for each fold, the accuracy of each person's network on each individual's test set.

    individuals   names of S by fold, in order: `individuals` of `published.study_facts`
    rows          of trained models; those of the method that have the column `hits_S` are used

    A table [people, people] per fold. Both axes are the names (text) of its individuals, in the
    order of S. Line i, column j: the network of i on the test set of j, a share, averaged over
    repeats. The line of a person without such rows is nan. A repeat in which an individual has no
    row of any method is left out: the size of that individual's test set is then unknown.
    """
    sizes = rows.groupby(["fold", "repeat", "person"])[D_I.size].first()
    used = rows[(rows["method"] == method) & rows["hits_S"].notna()]
    tables = []
    for number, fold in enumerate(individuals):
        names = [str(person) for person in fold]
        found: dict[str, list[np.ndarray]] = {name: [] for name in names}
        for repeat, of_repeat in used[used["fold"] == number].groupby("repeat"):
            samples = sizes[number, repeat].reindex(names)
            if samples.isna().any():
                continue
            for person, blob in of_repeat[["person", "hits_S"]].itertuples(index=False):
                found[person].append(shares_by_part(blob, samples.astype(int).to_numpy()))
        missing = np.full(len(names), np.nan)
        lines = [np.mean(found[name], axis=0) if found[name] else missing for name in names]
        tables.append(pd.DataFrame(lines, index=names, columns=names))
    return tables


def shares_by_part(blob: bytes, sizes: np.ndarray) -> np.ndarray:
    """Return the share of hits in each of several test sets that are packed one after another.

    blob    the column `hits_S`
    sizes   number of samples of each test set, int [n]; each at least 1

    ValueError where the bits are not those of so many samples.
    """
    total = int(sizes.sum())
    if len(blob) != -(-total // 8):
        raise ValueError(f"hits_S: {len(blob)} bytes are not the hits on {total} samples")
    starts = np.cumsum(sizes) - sizes
    return np.add.reduceat(unpacked(blob, total).astype(int), starts) / sizes


def own_minus_others(individuals: Sequence[Sequence], rows: pd.DataFrame, method: str) -> pd.Series:
    """Return what each network gains on its own person's test set; see `own_gain`.

    The arguments are those of `hits_matrix`. By fold and person, shares; nan for a person without
    rows.
    """
    tables = hits_matrix(individuals, rows, method)
    gains = [pd.Series(own_gain(table.to_numpy()), table.index) for table in tables]
    return pd.concat(gains, keys=range(len(gains)), names=["fold", "person"])


def own_gain(accuracies: np.ndarray) -> np.ndarray:
    """Return what each network gains on its own person's test set, float [n].

    accuracies   [n, n]: line i is the network of person i, column j the test set of person j; a
                 person without a network has a line of nan

    First, the network's accuracy on the own test set minus its mean over the others' test sets.
    From this, the same difference is subtracted for the other people's networks, each without the
    test set of its own person. Neither an easy test set nor a good network adds to the result:
    where accuracy is a term of the network + one of the test set, and + d on the diagonal, the
    result is d. It is like the diagonal of the double-centred matrix, but no mean holds anybody's
    own gain.

    Nan for a person without a network, and for all where there are fewer than three networks.
    """
    gains = np.full(len(accuracies), np.nan)
    there = ~np.isnan(accuracies).any(axis=1)
    of_both = accuracies[np.ix_(there, there)]
    n = len(of_both)
    if n < 3:
        return gains
    own = np.diag(of_both)
    off = of_both - np.diag(own)
    on_others = off.sum(axis=1)  # by network: sum over the other people's test sets
    by_others = off.sum(axis=0)  # by test set: sum over the other people's networks
    without = off.sum() - on_others - by_others  # neither the person's network nor test set
    gains[there] = own - (on_others + by_others) / (n - 1) + without / ((n - 1) * (n - 2))
    return gains


def double_centred(table: np.ndarray) -> np.ndarray:
    """A table minus the means of its lines and columns, plus its mean."""
    lines = table.mean(axis=1, keepdims=True)
    columns = table.mean(axis=0, keepdims=True)
    return table - lines - columns + table.mean()
