"""What a method's rows say: accuracy per person and its spread over people (v3 II-A, Table I)."""

import numpy as np
import pandas as pd

MEASURES = ("acc_I", "acc_G")  # accuracy on the person's own test images; on D_G's


def per_person(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """One measure with a line per person and a column per method, repeats averaged; methods keep their order."""
    methods = rows["method"].unique()
    wide = rows.groupby(["person", "method"], sort=False)[measure].mean().unstack("method")
    return wide.reindex(columns=methods)


def spread(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Table I's columns over people: n, mean, rank (1 is best), sd (n - 1), min, max; a line per method."""
    people = per_person(rows, measure)
    table = people.agg(["count", "mean", "std", "min", "max"]).T
    table.insert(2, "rank", table["mean"].rank(ascending=False, method="min"))
    return table.rename(columns={"count": "n", "std": "sd"}).astype({"n": int, "rank": int})


def named(images: np.ndarray, who: np.ndarray, folds: int = 5) -> np.ndarray:
    """The person a support vector machine takes each of images [N, H, W] or codes [N, d] for, cross-validated: [N]."""
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.svm import SVC

    pixels = images.reshape(len(images), -1) / 255
    return cross_val_predict(
        SVC(C=10), pixels, who, cv=StratifiedKFold(folds, shuffle=True, random_state=0)
    )


def identification(images: np.ndarray, who: np.ndarray, folds: int = 5) -> float:
    """Share of images or codes whose person is `named`."""
    return float((named(images, who, folds) == who).mean())


def same_by_chance(who: np.ndarray) -> float:
    """How often two samples that are drawn at random are the same person's."""
    counts = np.unique(who, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (len(who) * (len(who) - 1)))


def diversity(codes: np.ndarray) -> float:
    """Mean L2 distance of codes [n, d] from their mean."""
    return float(np.linalg.norm(codes - codes.mean(0), axis=1).mean())
