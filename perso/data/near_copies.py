"""Images that are nearly equal: one drawing as PNG and as JPEG, or scanned twice."""

import numpy as np

# A distance below this share of an image's contrast: an image and its copy as JPEG are at .02, and
# no two digits of one writer in this study's data sets, at its sizes, were found below .069.
NEARLY = 0.05
AT_ONCE = 1000  # images that are compared with all others at a time


def near_copies(inputs: np.ndarray, labels: np.ndarray, ones, others) -> np.ndarray:
    """Return which of `ones` nearly equal another image of their class, bool [n].

    inputs, labels   images uint8 [N, H, W], and their classes int [N]
    ones, others     indices of images, int [n] and [m]; an image is no copy of itself
    The distance is Euclidean; contrast is the distance of an image from its own mean.
    """
    pixels = inputs.reshape(len(inputs), -1)
    found = np.zeros(len(ones), bool)
    for label in np.unique(labels[ones]):
        alike = others[labels[others] == label]
        known = pixels[alike].astype(float)
        places = np.flatnonzero(labels[ones] == label)
        for start in range(0, len(places), AT_ONCE):
            some = places[start : start + AT_ONCE]
            x = pixels[ones[some]].astype(float)
            squares = (x**2).sum(1)[:, None] + (known**2).sum(1) - 2 * x @ known.T
            squares[ones[some][:, None] == alike] = np.inf
            contrast = ((x - x.mean(1, keepdims=True)) ** 2).sum(1)
            found[some] = squares.min(1, initial=np.inf) < NEARLY**2 * contrast
    return found
