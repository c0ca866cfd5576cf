"""Differences between people that are put in, so that a method is seen to find one, or to miss it.

prior   every person lacks one kind of flips: half of the people the mirrored, half the upside-down.
        So which classes a person writes differs, and nothing else does.
swap    half of the people have the classes of mirrored and upside-down samples exchanged. So what a
        sample means differs, and which classes there are does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from perso.data.splits import Person, Roles, Splits
from perso.seeds import rng

MIRRORED, UPSIDE_DOWN = 1, 2  # orientations, see `StudyData.orientation`


def halves_of(cohorts: Sequence[Roles], seed: int) -> dict[Person, int]:
    """Return which half each person belongs to, 0 or 1.

    Individuals take turns, so that the next one, I', is of the other half; of an odd number, the
    last and the first are of the same. All others are drawn.
    """
    found = {}
    for roles in cohorts:
        for person in (*roles.global_people, *roles.outside_people):
            found[person] = int(rng(seed, "planted", person).random() < 0.5)
        found |= {person: place % 2 for place, person in enumerate(roles.individuals)}
    return found


def exchanged(labels: np.ndarray, half: np.ndarray, classes: int) -> np.ndarray:
    """Return labels with two kinds of flips' classes exchanged where `half` is 1, int [3 N].

    labels    of the samples as written, mirrored and upside down, one after the other
    half      of each sample, int [N]
    classes   of the samples as written
    """
    written, mirrored, upside_down = labels.reshape(3, -1)
    moved = classes * half
    return np.concatenate([written, mirrored + moved, upside_down - moved])


def without_flips(splits: Splits, orientation: np.ndarray, half: np.ndarray) -> Splits:
    """Return splits in which every person lacks the kind of flips of the person's half.

    orientation, half   of each input, int [M]
    """
    lacking = np.where(half == 0, MIRRORED, UPSIDE_DOWN)
    kept = orientation != lacking

    def of_each(parts: Mapping[Person, np.ndarray]) -> dict[Person, np.ndarray]:
        return {person: index[kept[index]] for person, index in parts.items()}

    folds = tuple(
        replace(
            fold,
            global_train=fold.global_train[kept[fold.global_train]],
            global_test=fold.global_test[kept[fold.global_test]],
        )
        for fold in splits.folds
    )
    names = ("train", "test", "train_of_all", "elsewhere")
    return replace(splits, folds=folds, **{name: of_each(getattr(splits, name)) for name in names})
