"""Settings and a data set → everything a training needs: people chosen and split, images on the network's grid."""

import sys
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from perso.data import cohort, sources, splits
from perso.data.images import flipped, resized
from perso.data.splits import Fold, Splits
from perso.errors import InputError
from perso.paths import default_data_dir
from perso.seeds import fingerprint, rng
from perso.settings import Settings

POOL = -1  # the one "person" of D_G where people are made by class counts

# The share of a test set that may be exact copies of training images: an accuracy can be too high
# by as much, and the differences that the study looks for are of about 1 pp. Scans do not coincide:
# digits, qmnist and fashion hold no two equal images of a class, not even pooled to 8 × 8 pixels.
# Only of images with very few pixels and grey levels some do (4 % of the 8 × 8 digits in 1 bit).
COPIES_ALLOWED = 0.01


@dataclass(frozen=True)
class StudyData:
    """A data set made ready for one run: N samples of the chosen people, M with their flips."""

    settings: Settings
    source: cohort.Cohort  # the chosen people alone, as they were read
    inputs: np.ndarray  # u8 [M, S, S], flips included
    labels: np.ndarray  # int64 [M]
    classes: int  # 30 for digits with their flips
    splits: Splits
    content: dict  # {person: hash of name and data}; what identity is made of

    @cached_property
    def sample(self) -> np.ndarray:
        """The sample of `source` that each input shows, int [M]: all of them, then their flips."""
        count = len(self.source.who)
        return np.tile(np.arange(count), len(self.inputs) // count)

    @cached_property
    def orientation(self) -> np.ndarray:
        """How each input shows it, int [M]: 0 as written, 1 mirrored, 2 upside down."""
        count = len(self.source.who)
        return np.repeat(np.arange(len(self.inputs) // count), count)

    @cached_property
    def who(self) -> np.ndarray:
        """The person of each input, int64 or str [M]."""
        return self.source.who[self.sample]

    @cached_property
    def item(self) -> np.ndarray:
        """The original sample behind each input, which no split tears apart, int64 [M]."""
        return self.source.item[self.sample]

    def content_of(self, fold: Fold) -> str:
        """Hash of a fold's D_G."""
        return fingerprint([self.content[person] for person in fold.global_people])


def prepare(settings: Settings, data_dir: Path | None = None) -> StudyData:
    """Load, choose, split, resize, flip. InputError names the setting that does not fit the data."""
    source = sources.load(settings.dataset, Path(data_dir or default_data_dir()))
    roles = draw_class_counts if settings.variation == "class-counts" else choose_people
    source, individuals, global_people = roles(settings, source)
    classes = int(source.labels.max()) + 1
    try:
        images = resized(source.images, settings.image_size)
    except ValueError as error:
        raise InputError(f"image_size: {error}") from error
    labels = source.labels
    if settings.flips:
        images, labels = flipped(images, labels, classes)
    try:
        people_split = splits.split_people(
            source.who,
            source.item,
            individuals,
            global_people,
            settings.train_share,
            lambda person: rng(settings.seed, "split", person),
            copies=3 if settings.flips else 1,
            whole=settings.split == "item",
        )
    except ValueError as error:
        raise InputError(
            f"dataset: {settings.dataset}: {error}; min_items: 2 leaves such people out"
        ) from error
    content = {
        p: fingerprint([str(p), source.of([p]).content_hash])
        for p in (*individuals, *global_people)
    }
    return StudyData(
        settings,
        source,
        images,
        labels,
        classes * (3 if settings.flips else 1),
        people_split,
        content,
    )


def choose_people(settings: Settings, source: cohort.Cohort):
    """Hidden factors: real people of the source are individuals and D_G; nobody is in the cohorts of two seeds."""
    people, wanted = source.people.tolist(), 0 if settings.exchange else settings.global_people
    if POOL in people:  # what pandas.factorize makes of a missing id
        what = f"array 'who' has {POOL} for {(source.who == POOL).sum()} samples, which stands for nobody"
        cure = "leave these samples out or give them an id (a file made for class counts: variation: class-counts)"
        raise InputError(f"dataset: {settings.dataset}: {what}; {cure}")
    left = [p for p in people if len(np.unique(source.item[source.who == p])) >= settings.min_items]
    for seed in range(settings.cohort_seed + 1):
        draws = {person: rng(seed, "person", person).random() for person in left}
        try:
            individuals, global_people = splits.choose(draws, settings.individuals, wanted)
        except ValueError:
            raise InputError(too_few(settings, people, len(left), wanted, seed)) from None
        left = [person for person in left if person not in {*individuals, *global_people}]
    return source.of([*individuals, *global_people]), individuals, global_people


def too_few(settings: Settings, people: list, left: int, wanted: int, seed: int) -> str:
    """What to say where `left` of the source's people cannot be all individuals and `wanted` others."""
    least = f" with at least {settings.min_items} samples" if settings.min_items else ""
    both = f"{settings.individuals} individuals" + (
        f" and {wanted} global_people" if wanted else ""
    )
    if seed:
        used = f"of the {len(people)} people of {settings.dataset}, {left}{least} are in no cohort before {seed}"
        return (
            f"cohort_seed: {settings.cohort_seed} finds too few people, {both} are wanted; {used}"
        )
    if len(people) == 1:
        hint = "people can be made by variation: class-counts"
    elif wanted and left > settings.individuals:
        hint = f"possible: global_people: {left - settings.individuals}"
    elif left > 2:
        hint = f"possible: individuals: {f'{left - 1} with global_people: 1' if wanted else left}"
    else:
        hint = "take a smaller min_items" if len(people) > 2 else "take data of more people"
    return f"individuals: {both} are too many for {settings.dataset}, which has {left} people{least}; {hint}"


def draw_class_counts(settings: Settings, source: cohort.Cohort):
    """Class counts (v1): individuals are drawn from the samples, D_G is a pool of the rest."""
    if settings.exchange:
        raise InputError(
            "exchange: true has no meaning with variation: class-counts; leave it false"
        )
    if POOL in source.who:  # a data file: drawn before
        drawn = [person for person in source.people.tolist() if person != POOL]
        if len(drawn) != settings.individuals:
            raise InputError(
                f"individuals: {settings.individuals} wanted, the file was drawn for {len(drawn)}; say so"
            )
        return source, drawn, [POOL]
    if len(np.unique(source.item)) < len(source.item):
        raise InputError(
            "variation: class-counts draws single samples, but several images share an item"
        )
    draw = rng(settings.cohort_seed, "class counts")
    try:
        who = splits.class_counts(
            source.labels, settings.individuals, draw, settings.main_items, settings.side_items
        )
    except ValueError as error:
        few = f"individuals: {settings.individuals} are too many for {settings.dataset}: {error}"
        raise InputError(f"{few}; smaller main_items and side_items allow for more") from error
    rest = np.flatnonzero(who == POOL)
    if len(rest) < settings.global_items:
        raise InputError(
            f"global_items: {settings.global_items} are too many; possible: up to {len(rest)}"
        )
    pool = draw.permutation(rest)[: settings.global_items or None]
    kept = np.concatenate([np.flatnonzero(who != POOL), pool])
    kept.sort()
    pooled = cohort.Cohort(
        source.images[kept],
        source.labels[kept],
        who[kept],
        source.item[kept],
        {name: values[kept] for name, values in source.attributes.items()},
        source.source,
    )
    return pooled, list(range(settings.individuals)), [POOL]


def part_sizes(data: StudyData) -> pd.DataFrame:
    """Original samples and images (flips included) of every part: a row per individual, its fold's D_G beside it."""
    split = data.splits
    return pd.DataFrame(
        {
            "person": str(person),
            "fold": number,
            "samples": int((data.source.who == person).sum()),
            "D_I train": len(split.train[person]),
            "D_I test": len(split.test[person]),
            "D_G people": len(fold.global_people),
            "D_G train": len(fold.global_train),
            "D_G test": len(fold.global_test),
        }
        for number, fold in enumerate(split.folds)
        for person in fold.individuals
    )


def leaks(data: StudyData) -> dict[str, int]:
    """What must be 0: samples on both sides of a split, individuals in their own D_G, copies of training images."""
    split = data.splits
    shared = [
        np.intersect1d(data.item[split.train[person]], data.item[split.test[person]])
        for person in split.train
    ]
    inside = [
        person
        for fold in split.folds
        for person in fold.individuals
        if person in fold.global_people
    ]
    return {
        "samples on both sides": sum(map(len, shared)),
        "individuals in their own D_G": len(inside),
        "test images that copy a training image": int(copies(data)["copies"].sum()),
    }


def copies(data: StudyData) -> pd.DataFrame:
    """Exact copies (pixels as the network sees them, and class) of training images in every test set.

    Columns: fold, test set, images, copies. Trained on are the images of D_G and of all individuals of the fold:
    controls and data grouping use other individuals' images, too.
    """
    number = splits.numbered(data.inputs, data.labels)
    split, lines = data.splits, []
    for place, fold in enumerate(split.folds):
        trained = np.concatenate(
            [fold.global_train, *(split.train[person] for person in fold.individuals)]
        )
        tests = {f"D_I of person {person}": split.test[person] for person in fold.individuals}
        for name, test in (tests | {"D_G": fold.global_test}).items():
            copied = np.isin(number[test], number[trained])
            lines.append((place, name, len(test), int(copied.sum())))
    return pd.DataFrame(lines, columns=["fold", "test set", "images", "copies"])


def refuse_copies(data: StudyData) -> None:
    """InputError where copies of training images make a test set's accuracy wrong; fewer are said on stderr."""
    found = copies(data)
    share = found["copies"] / found["images"]
    if not share.any():
        return
    worst, settings = found.loc[share.idxmax()], data.settings
    how = f"exact copies of training images (same class, same {settings.image_size} × {settings.image_size} pixels)"
    if share.max() > COPIES_ALLOWED:
        what = (
            f"{worst['copies']} of {worst['images']} test images in {worst['test set']} are {how}"
        )
        cure = "leave out all but one of each; np.unique(images, axis=0, return_index=True)[1] says which to keep"
        raise InputError(f"dataset: {settings.dataset}: {what}; {cure}")
    few = f"{found['copies'].sum()} of {found['images'].sum():,} test images are {how}"
    say_once(
        f"perso: {settings.dataset}: {few}; accuracies may be up to {100 * share.max():.1f} pp too high"
    )


@cache
def say_once(text: str) -> None:
    """A line on stderr, once per process: many studies of one process share their data."""
    print(text, file=sys.stderr)


def facts(data: StudyData) -> str:
    """What the data are, in a few lines of text."""
    parts, people = part_sizes(data), np.unique(data.source.who)
    counts, size = parts["samples"], data.settings.image_size
    lines = [
        f"data      {data.source.source}: {len(data.source.labels):,} samples of {len(people)} people chosen",
        f"images    {len(data.inputs):,} of {size} × {size} pixels, {data.classes} classes",
        f"S         {len(parts)} individuals of {counts.min()} to {counts.max()} samples, mean {counts.mean():.1f}",
    ]
    for number, fold in parts.groupby("fold"):
        first = fold.iloc[0]
        lines.append(
            f"fold {number}    {len(fold)} individuals, D_I train {fold['D_I train'].min()} to "
            f"{fold['D_I train'].max()}, test {fold['D_I test'].min()} to {fold['D_I test'].max()}\n"
            f"          D_G of {first['D_G people']} people, train {first['D_G train']:,}, test {first['D_G test']:,}"
        )
    if count := leaks(data)["test images that copy a training image"]:
        lines.append(f"copies    {count:,} test images are exact copies of training images")
    return "\n".join(lines)
