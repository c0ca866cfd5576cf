"""Who is like whom: people's mean latent codes, and a flat map of them."""

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from perso.analysis.similarity import unflipped
from perso.study.study import Study


def mean_codes(study: Study, fold: int = 0) -> pd.DataFrame:
    """How each person's codes differ from the mean of their class: a line per person of a fold.

    A person's value is the mean over classes of the mean code of the own training images, minus
    that of everybody's: who has more images of one class does not lie nearer to that class.
    """
    data = study.data
    images = unflipped(study, fold)
    codes = pd.DataFrame(study.codes(fold, images)[images])
    who, labels = data.who[images], data.labels[images]
    apart = codes - codes.groupby(labels).transform("mean")
    by_class = apart.groupby([who, labels]).mean()
    return by_class.groupby(level=0).mean()


def people_map(codes: pd.DataFrame) -> pd.DataFrame:
    """Place people on the two directions in which their codes vary most: a line per person.

    codes   of `mean_codes`

    x, y       places; attrs["shares"] has the shares of the variation along both
    nearest    the person with the nearest code, in all dimensions
    distance   to that person
    """
    centred = codes.to_numpy(float) - codes.to_numpy(float).mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    axes = directions[:2]
    # the sign of a direction is arbitrary: its largest number is positive
    largest = np.abs(axes).argmax(axis=1)
    axes = axes * np.sign(axes[np.arange(2), largest])[:, None]
    distances = cdist(centred, centred)
    np.fill_diagonal(distances, np.inf)
    found = pd.DataFrame(centred @ axes.T, index=codes.index, columns=["x", "y"])
    found["nearest"] = codes.index.to_numpy()[distances.argmin(axis=1)]
    found["distance"] = distances.min(axis=1)
    shares = sizes[:2] ** 2 / (sizes**2).sum()
    found.attrs["shares"] = tuple(map(float, shares))
    return found
