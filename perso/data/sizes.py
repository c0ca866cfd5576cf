"""Numbers of samples and people, and sizes of inputs, in words."""

from collections.abc import Sequence

import numpy as np

from perso.data.cohort import Cohort


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: "1 sample", "1,797 samples"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def shape_text(kind: str, shape: Sequence[int]) -> str:
    """Return the size of an input: "8 × 8 pixels", "32 steps × 3 channels".

    shape   of one input, see `StudyData.shape`
    """
    if kind == "images":
        return f"{shape[0]} × {shape[1]} pixels"
    return f"{counted(shape[0], 'step')} × {counted(shape[1], 'channel')}"


def unit_of(source: Cohort) -> str:
    """Return what a split keeps whole: "item" where several samples are one, else "sample"."""
    return "item" if len(np.unique(source.item)) < len(source.item) else "sample"
