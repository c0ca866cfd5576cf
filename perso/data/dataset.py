"""Settings and a data set → what training needs: people chosen and split, inputs as they train."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from perso.data import cohort, planted, sources, splits
from perso.data.contexts import context_names, with_context
from perso.data.images import flipped, flipped_trajectories, resized
from perso.data.near_copies import near_copies
from perso.data.people import choose_people, draw_class_counts
from perso.data.sizes import counted, shape_text, unit_of
from perso.data.splits import Fold, Person, Roles, Splits
from perso.errors import InputError
from perso.paths import default_data_dir
from perso.seeds import fingerprint, rng
from perso.settings import Settings

# The share of a test set that may be exact copies of training inputs. An accuracy may be too high
# by as much, and the differences that the study looks for are about 1 pp. Scans do not coincide:
# digits, qmnist and fashion hold no two equal images of a class, not even pooled to 8 × 8 pixels.
# Only some images with very few pixels and grey levels do (4 % of the 8 × 8 digits in 1 bit).
COPIES_ALLOWED = 0.01

NAMED = 10  # classes whose names are printed

# the settings that decide how data are prepared; all others alter nothing in `StudyData` but
# `settings`
OF_DATA = (
    *("dataset", "variation", "individuals", "global_people", "global_items", "main_items"),
    *("side_items", "exchange", "folds", "min_items", "flips", "train_share", "split"),
    *("cohort_seed", "cohorts", "outside_people", "planted", "context", "available"),
    *("image_size", "seed"),
)


@dataclass(frozen=True)
class StudyData:
    """A data set prepared for one run: N samples of the chosen people, M inputs with the flips."""

    settings: Settings
    source: cohort.Cohort  # the chosen people alone, as they were read
    inputs: np.ndarray  # images u8 [M, S, S], flips included, or sequences float32 [M, T, C]
    labels: np.ndarray  # int64 [M]
    classes: int  # 30 for digits with their flips
    splits: Splits
    content: dict[Person, str]  # hash of each person's name and data, a part of a model's key
    architecture: str | type = "vgg"  # the network's name, or a class of the user's own
    cohorts: tuple[Roles, ...] = ()  # who is what; the folds follow from it
    contexts: tuple[str, ...] = ()  # names of a person's contexts, by number
    rotation: int = 0  # which split of the individuals' own data `splits` holds

    def at(self, repeat: int) -> "StudyData":
        """Return the data as a repeat splits them (the setting `rotate`)."""
        rotation = repeat % self.settings.repeats if self.settings.rotate else 0
        if rotation == self.rotation:
            return self
        rotated = split_of(self.settings, self.source, self.cohorts, rotation)
        return replace(self, splits=rotated, rotation=rotation)

    @property
    def kind(self) -> str:
        """What inputs are, one of `cohort.KINDS`."""
        return self.source.kind

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one input: (S, S) of an image, (T, C) of a sequence."""
        return self.inputs.shape[1:]

    @cached_property
    def sample(self) -> np.ndarray:
        """The sample of `source` that each input shows, int [M]."""
        count = len(self.source.who)
        return np.tile(np.arange(count), len(self.inputs) // count)

    @cached_property
    def orientation(self) -> np.ndarray:
        """How each input shows its sample, int [M]: 0 as written, 1 mirrored, 2 upside down."""
        count = len(self.source.who)
        return np.repeat(np.arange(len(self.inputs) // count), count)

    @cached_property
    def who(self) -> np.ndarray:
        """The person of each input, int64 or str [M]."""
        return self.source.who[self.sample]

    @cached_property
    def item(self) -> np.ndarray:
        """The original sample of each input, int64 [M]; all inputs of one lie on one side."""
        return self.source.item[self.sample]

    @cached_property
    def copied(self) -> pd.DataFrame:
        """`copies` of these data."""
        return copies(self)

    def content_of(self, fold: Fold) -> str:
        """Return the hash of a fold's D_G."""
        return fingerprint([self.content[person] for person in fold.global_people])


def same_data(one: Settings, other: Settings) -> bool:
    """Return whether `prepare` gives the same people, inputs and splits by two settings."""
    return all(getattr(one, name) == getattr(other, name) for name in OF_DATA)


def prepare(settings: Settings, data_dir: Path | None = None) -> StudyData:
    """Load a data set, choose people and split; resize and flip images.

    InputError names the setting that does not fit the data.
    """
    source = sources.load(settings.dataset, Path(data_dir or default_data_dir()))
    if settings.variation == "class-counts":
        source, cohorts = draw_class_counts(settings, source)
    else:
        source, cohorts = choose_people(settings, source)
    contexts = []
    if settings.context:
        numbered = with_context(source, settings.context, settings.seed)
        contexts = context_names(source, settings.context)
        source = numbered
        check_contexts(settings, source, cohorts, contexts)
    classes = int(source.labels.max()) + 1
    inputs = source.inputs
    labels = source.labels
    if source.kind == "images":
        try:
            inputs = resized(inputs, settings.image_size)
        except ValueError as error:
            raise InputError(f"image_size: {error}") from error
    elif settings.flips and source.kind != "trajectories":
        raise InputError(
            f"flips: true is for images and trajectories, and {settings.dataset} has "
            f"{source.kind}; set flips: false"
        )
    if settings.flips:
        flip = flipped if source.kind == "images" else flipped_trajectories
        inputs, labels = flip(inputs, labels, classes)
    orientations = 3 if settings.flips else 1
    more = {}
    if settings.planted:
        half = planted.halves_of(cohorts, settings.seed)
        more = {person: [settings.planted, number] for person, number in half.items()}
        if settings.planted == "swap":
            of_samples = np.array([half[person] for person in source.who.tolist()])
            labels = planted.exchanged(labels, of_samples, classes)
    content = {
        person: fingerprint([str(person), source.of([person]).content_hash, *more.get(person, [])])
        for person in dict.fromkeys(person for roles in cohorts for person in roles.everybody)
    }
    return StudyData(
        settings,
        source,
        inputs,
        labels,
        classes * orientations,
        split_of(settings, source, cohorts),
        content,
        cohorts=tuple(cohorts),
        contexts=tuple(contexts),
    )


def check_architecture(data: StudyData) -> None:
    """InputError for a network of images where there are none; torch is not needed to see that."""
    if data.kind != "images" and data.settings.architecture == "vgg":
        raise InputError(
            f"architecture: vgg is for images, and {data.settings.dataset} has {data.kind}; set "
            "architecture: gru, or a network of your own"
        )


def check_contexts(
    settings: Settings, source: cohort.Cohort, cohorts: Sequence[Roles], contexts: Sequence[str]
) -> None:
    """InputError for an `available` that is no context, an item in two, and an empty D_I or D_U.

    contexts   names, by number
    """
    if settings.available >= len(contexts):
        raise InputError(
            f"available: {settings.available} is impossible; context {settings.context} has "
            f"{len(contexts)} values, possible: 0 to {len(contexts) - 1}"
        )
    number = source.attributes["context"]
    _, first, of_item = np.unique(source.item, return_index=True, return_inverse=True)
    differs = number != number[first][of_item]
    if differs.any():
        raise InputError(
            f"context: item {source.item[differs][0]} is in two values of {settings.context}; an "
            "item has one: number the items of each context anew"
        )
    available = settings.available
    for person in (person for roles in cohorts for person in roles.individuals):
        own = np.unique(number[source.positions[person]])
        cure = "leave such people out, or choose other individuals by cohort_seed"
        if available not in own:
            raise InputError(
                f"context: person {person} has no sample of '{contexts[available]}', which "
                f"available: {available} is; {cure}"
            )
        if len(own) == 1:
            raise InputError(
                f"context: person {person} has samples of '{contexts[available]}' alone, so that "
                f"D_U is empty; {cure}"
            )


def split_of(
    settings: Settings, source: cohort.Cohort, cohorts: Sequence[Roles], rotation: int = 0
) -> Splits:
    """Return the split of all people; InputError for a person who has too few samples."""
    try:
        found = splits.split_people(
            source.who,
            source.item,
            cohorts,
            settings.train_share,
            lambda person: rng(settings.seed, "split", person),
            copies=3 if settings.flips else 1,
            whole=settings.split == "item",
            rotation=rotation,
            groups=settings.groups,
            context=source.attributes["context"] if settings.context else None,
            available=settings.available,
        )
    except ValueError as error:
        hint = (
            "leave such people out" if settings.context else "min_items: 2 leaves such people out"
        )
        raise InputError(f"dataset: {settings.dataset}: {error}; {hint}") from error
    if settings.planted == "prior":
        half = planted.halves_of(cohorts, settings.seed)
        of_samples = np.array([half[person] for person in source.who.tolist()])
        orientation = np.repeat(np.arange(3), len(source.who))
        found = planted.without_flips(found, orientation, np.tile(of_samples, 3))
    return found


def part_sizes(data: StudyData) -> pd.DataFrame:
    """Return the sizes of all parts, a row per individual, with the D_G of the individual's fold.

    `samples` are without flips; all other sizes count inputs, flips included. `items` are there
    where several samples are one item, and D_U where samples have contexts.
    """
    split = data.splits
    source = data.source

    def items(person: Person) -> dict[str, int]:
        own = source.item[source.positions[person]]
        return {"items": len(np.unique(own))} if unit_of(source) == "item" else {}

    def elsewhere(person: Person) -> dict[str, int]:
        return {"D_U": len(split.elsewhere[person])} if data.settings.context else {}

    return pd.DataFrame(
        {
            "person": str(person),
            "fold": number,
            "samples": len(source.positions[person]),
            **items(person),
            "D_I train": len(split.train[person]),
            "D_I test": len(split.test[person]),
            **elsewhere(person),
            "D_G people": len(fold.global_people),
            "D_G train": len(fold.global_train),
            "D_G test": len(fold.global_test),
        }
        for number, fold in enumerate(split.folds)
        for person in fold.individuals
    )


def leaks(data: StudyData) -> dict[str, int]:
    """Return counts that must be 0: samples on both sides, individuals in their own D_G, copies."""
    split = data.splits
    on_both_sides = [
        np.intersect1d(data.item[split.train[person]], data.item[split.test[person]])
        for person in split.train
    ]
    in_own_D_G = [
        person
        for fold in split.folds
        for person in set(fold.individuals).intersection(fold.global_people)
    ]
    return {
        "samples on both sides": sum(map(len, on_both_sides)),
        "individuals in their own D_G": len(in_own_D_G),
        f"test {data.kind} that copy a training {cohort.ONE_OF[data.kind]}": int(
            data.copied["copies"].sum()
        ),
    }


def copies(data: StudyData) -> pd.DataFrame:
    """Return, per test set, how many inputs are exact copies of training inputs of the fold.

    A copy has the values that the network sees and the class. Training inputs are those of D_G and
    of all individuals of the fold, since controls and data grouping use other individuals' samples.

    Columns: fold, test set, inputs, copies.
    """
    number = splits.numbered(data.inputs, data.labels)
    split = data.splits
    lines = []
    for fold_number, fold in enumerate(split.folds):
        outside = (split.train_of_all[person] for person in fold.outside_people)
        individuals = (split.train[person] for person in fold.individuals)
        trained = np.concatenate([fold.global_train, *outside, *individuals])
        tests = {f"D_I of person {person}": split.test[person] for person in fold.individuals}
        tests["D_G"] = fold.global_test
        if data.settings.context:
            tests |= {f"D_U of person {one}": split.elsewhere[one] for one in fold.individuals}
        is_trained = np.zeros(len(number), bool)  # of the numbers, each below the inputs'
        is_trained[number[trained]] = True
        for name, test in tests.items():
            copied = is_trained[number[test]]
            lines.append((fold_number, name, len(test), int(copied.sum())))
    return pd.DataFrame(lines, columns=["fold", "test set", "inputs", "copies"])


def near_copies_of(data: StudyData) -> np.ndarray:
    """Return which test images of all individuals nearly equal one that their network trains on."""
    if data.kind != "images":
        return np.zeros(0, bool)
    split = data.splits
    individuals = [person for fold in split.folds for person in fold.individuals]
    found = [
        near_copies(data.inputs, data.labels, split.test[one], split.train[one])
        for one in individuals
    ]
    return np.concatenate(found)


def refuse_copies(data: StudyData) -> None:
    """InputError where more than COPIES_ALLOWED of a test set are copies; a warning for fewer."""
    found = data.copied
    share = found["copies"] / found["inputs"]
    if not share.any():
        return
    dataset = data.settings.dataset
    kind = data.kind
    size = shape_text(kind, data.shape)
    what = f"exact copies of training {kind} (same class, same {size})"
    if share.max() > COPIES_ALLOWED:
        worst = found.loc[share.idxmax()]
        advice = (
            "leave out all but one of each: "
            f"np.unique({kind}, axis=0, return_index=True)[1] are the indices to keep"
        )
        given = splits.numbered(data.source.inputs, data.source.labels)
        if len(np.unique(given)) == len(given):
            advice = (
                f"they differ in the file, but not at image_size={data.settings.image_size}: take "
                "a larger one, or leave out all but one of those that look the same"
            )
        raise InputError(
            f"dataset: {dataset}: {what}: {worst['copies']} of {worst['inputs']} test {kind} in "
            f"{worst['test set']}; {advice}"
        )
    warn_once(
        f"perso: {dataset}: {what}: {found['copies'].sum()} of {found['inputs'].sum():,} "
        f"test {kind}; accuracies may be up to {100 * share.max():.1f} pp too high"
    )


@cache
def warn_once(text: str) -> None:
    """Print a line on stderr, once per process: many studies of one process share their data."""
    print(text, file=sys.stderr)


def facts(data: StudyData) -> str:
    """Return the main facts about the data, in a few lines of text."""
    parts = part_sizes(data)
    samples = parts["samples"]
    in_items = ""
    if "items" in parts:
        in_items = f", in {parts['items'].min()} to {parts['items'].max()} items"
    people = counted(len(data.source.people), "person", "people")
    lines = [
        f"data      {data.source.source}: {counted(len(data.source.labels), 'sample')} "
        f"of {people} chosen",
        f"{data.kind:9} {len(data.inputs):,} of {shape_text(data.kind, data.shape)}, "
        f"{data.classes} classes",
        f"S         {len(parts)} individuals of {samples.min()} to {samples.max()} samples, "
        f"mean {samples.mean():.1f}{in_items}",
    ]
    if names := data.source.class_names:
        lines.append(f"classes   {', '.join(names[:NAMED])}{', …' if len(names) > NAMED else ''}")
    if data.contexts:
        names = list(data.contexts)
        own = names.pop(data.settings.available)
        lines.append(f"contexts  {data.settings.context}: D_I {own}; D_U {', '.join(names)}")
    for number, fold in parts.groupby("fold"):
        first = fold.iloc[0]
        train = f"{fold['D_I train'].min()} to {fold['D_I train'].max()}"
        test = f"{fold['D_I test'].min()} to {fold['D_I test'].max()}"
        global_people = f"of {counted(first['D_G people'], 'person', 'people')}"
        if data.settings.variation == "class-counts":
            global_people = "is a pool of samples"
        elsewhere = f", D_U {fold['D_U'].min()} to {fold['D_U'].max()}" if data.contexts else ""
        lines += [
            f"fold {number}    {counted(len(fold), 'individual')}, D_I train {train}, test {test}"
            f"{elsewhere}",
            f"          D_G {global_people}, "
            f"train {first['D_G train']:,}, test {first['D_G test']:,}",
        ]
    if outside := data.settings.outside_people:
        lines.append(f"outside   {counted(outside, 'person', 'people')}, whom episodes show, too")
    if count := int(data.copied["copies"].sum()):
        copied = counted(count, f"test {cohort.ONE_OF[data.kind]}")
        lines.append(f"copies    exact copies of training {data.kind}: {copied}")
    nearly = near_copies_of(data)
    if nearly.any():
        lines.append(
            f"alike     {nearly.sum():,} of {len(nearly):,} test images of individuals nearly "
            "equal a training image of their person and class: a gain may be memory; keep one each"
        )
    return "\n".join(lines)
