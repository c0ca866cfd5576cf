"""`perso import`: what people have → a cohort that every command takes, and a report.

A reader turns a file or folder into `Found`. What follows is the same for all of them: pixels
become grey levels with the paper at 0, classes become 0..C-1, copies and people that are too small
are left out, and the cohort passes the gate of every other data set. ADD AN IMPORT FORMAT HERE: a
line in FORMATS. Nothing here runs code that is in the data.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from perso.data import emnist, folders, leaf, pfllib, pictures, tabular
from perso.data.cohort import ARCHIVES, MISSING, Cohort, checked_cohort
from perso.data.found import Found, as_name, shaped, shown
from perso.data.near_copies import near_copies
from perso.data.sizes import counted, shape_text
from perso.data.splits import numbered, positions_of
from perso.data.tabular import Columns
from perso.errors import InputError

MIN_ITEMS = 5  # of a person who is kept; folds of five need as many
# what programs write for a missing class, and what may be one or the name of a class
NO_CLASS = ("", "nan", "NaN", "NaT", "None", "<NA>")
PERHAPS_NO_CLASS = ("NA", "N/A", "n/a", "null", "NULL", "none")
FAINT = 0.05  # share of images that may be almost black; more are of another range of pixels


@dataclass(frozen=True)
class Format:
    """One kind of file or folder that can be read."""

    what: str  # as a message names it
    fits: Callable[[Path], bool]
    read: Callable[..., Found]  # of the path, and of Columns where it uses any
    columns: tuple[str, ...] = ()  # fields of Columns that it uses


def _suffix(*suffixes: str) -> Callable[[Path], bool]:
    """Return whether a path is a file with one of these suffixes."""
    return lambda path: path.is_file() and path.suffix.lower() in suffixes


def _holds(files: Callable[[Path], list[Path]]) -> Callable[[Path], bool]:
    """Return whether a path is a folder with such files."""
    return lambda path: path.is_dir() and bool(files(path))


TABLE = ("person", "label", "time", "channels", "window")
# ADD AN IMPORT FORMAT HERE; the first that fits is taken
FORMATS = (
    Format("NIST SD19 by_write", folders.is_by_write, folders.read_by_write),
    Format("PFLlib's clients", _holds(pfllib.client_files), pfllib.read_pfllib),
    Format("folders of images", folders.has_images, folders.read_folders),
    Format("Parquet", _holds(tabular.parquet_files), tabular.read_parquet, TABLE),
    Format("LEAF json", _holds(leaf.leaf_files), leaf.read_leaf),
    Format("LEAF json", _suffix(".json"), leaf.read_leaf),
    Format("Parquet", _suffix(".parquet", ".pq"), tabular.read_parquet, TABLE),
    Format("CSV", _suffix(".csv", ".tsv", ".txt"), tabular.read_csv, TABLE),
    Format("EMNIST .mat", _suffix(".mat"), emnist.read_emnist),
)
POSSIBLE = (
    "possible: a folder of PERSON/CLASS/NAME.png, NIST's by_write, LEAF .json, PFLlib's clients, "
    ".parquet, .csv, EMNIST .mat"
)


@dataclass(frozen=True)
class Imported:
    """A cohort and, in lines of text, what was found and what was done."""

    cohort: Cohort
    report: str


def import_source(
    source: str | Path,
    columns: Columns | None = None,
    min_items: int = MIN_ITEMS,
    keep_polarity: bool = False,
) -> Imported:
    """Return the people of a file or folder, see FORMATS.

    InputError for a source of no known format, for options that it has no use for, and for data
    that would give wrong numbers.

    columns         names of columns and the length of windows, for tables
    min_items       people with fewer items are left out; without `item`, a sample is one
    keep_polarity   whether dark ink on light paper is left as it is
    """
    if not str(source).strip():
        raise InputError("SOURCE: is empty; needed is a file or folder")
    path = Path(source).expanduser()
    where = shown(path)
    columns = columns or Columns()
    try:
        if not path.exists():
            raise InputError(f"{where}: no such file or folder")
        known = next((each for each in FORMATS if each.fits(path)), None)
        if known is None:
            raise InputError(f"{where}: {_advice(path)}; {POSSIBLE}")
        for name, option in OPTIONS.items():
            if getattr(columns, name) is not None and name not in known.columns:
                raise InputError(f"--{option}: has no use for {known.what}, as {where} is")
        found = known.read(path, columns) if known.columns else known.read(path)
    except OSError as error:
        name = shown(Path(error.filename)) if error.filename else where
        raise InputError(f"{name}: cannot be read ({error.strerror or error})") from error
    name = shown(Path(path.resolve().name))
    return cleaned(found, where, f"{name} ({known.what})", min_items, keep_polarity)


# fields of Columns and their options
OPTIONS = {
    "person": "person",
    "label": "class",
    "time": "time",
    "channels": "channels",
    "window": "window",
}


def _advice(path: Path) -> str:
    """Return what is wrong with a file of no known format."""
    if path.suffix == ".npz":
        return "an .npz is what `perso import` makes; look at it with -p dataset=file:PATH"
    if path.suffix.lower() in ARCHIVES:
        return "is an archive; unpack it and name the folder"
    if path.suffix in (".pkl", ".pickle", ".pt", ".pth", ".joblib"):
        return "is a pickle, which can run any code and is not read"
    if path.is_dir() and (image := folders.too_deep(path)):
        return f"its images lie too deep, such as {shown(image)}"
    return "is of no known format"


def import_arrays(
    samples: np.ndarray,
    labels: np.ndarray,
    who: np.ndarray,
    item: np.ndarray | None = None,
    *,
    kind: str | None = None,
    min_items: int = MIN_ITEMS,
    keep_polarity: bool = False,
) -> Imported:
    """Return the people of arrays; InputError for data that would give wrong numbers.

    samples   numbers: images or sequences, see `perso.data.found.shaped`
    labels    [N], numbers or text
    who       [N], numbers or text
    item      [N], numbers or text: samples of one value lie on one side of a split
    kind      "images" or "sequences": what the samples are; None: square ones are images
    """
    if kind not in (None, "images", "sequences"):
        raise InputError(f"kind: is {kind!r}; possible: images, sequences")
    samples = _array(samples, "samples")
    found = shaped(samples, "samples", kind)
    if kind is None and samples.ndim == 3:
        found.notes += _guessed(found)
    facts = {"labels": _array(labels, "labels"), "who": _array(who, "who")}
    if item is not None:
        facts["item"] = _array(item, "item")
    for name, array in facts.items():
        if array.shape != (len(found.inputs),):
            needed = f"needed is one per sample: ({len(found.inputs)},)"
            raise InputError(f"{name}: has shape {array.shape}; {needed}")
    found.labels = facts["labels"]
    found.who = facts["who"]
    if item is not None:
        found.item = _items(facts["item"])
    return cleaned(found, "arrays", "arrays", min_items, keep_polarity)


def _array(values: object, name: str) -> np.ndarray:
    """Return what was given under a name as an array; InputError for masked and ragged values."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise InputError(f"{name}: has masked values; fill them in or leave their samples out")
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InputError(f"{name}: has rows of several lengths; needed is one") from error


def _items(item: np.ndarray) -> np.ndarray:
    """Return items as numbers or text that can be sorted; InputError where some are missing."""
    missing = int(pd.isna(item).sum())
    if missing:
        samples = counted(missing, "sample")
        raise InputError(f"item: is missing for {samples}; needed is a number or text for each")
    try:
        np.unique(item)
    except TypeError:  # numbers beside text
        return item.astype(str)
    return item


def _guessed(found: Found) -> list[str]:
    """Return a note where samples of two axes may be of the other kind than their sides say."""
    if found.kind == "sequences":
        return ["taken as sequences, as they are not square; kind='images' takes them as images"]
    if len(found.inputs) and found.inputs.min() < -1:  # no usual range of pixels
        return ["taken as images, as they are square; kind='sequences' takes them as sequences"]
    return []


def import_frame(
    frame: pd.DataFrame,
    columns: Columns | None = None,
    *,
    min_items: int = MIN_ITEMS,
    keep_polarity: bool = False,
) -> Imported:
    """Return the people of a table with a row per image, or per step of a time series.

    InputError for a missing column, and for data that would give wrong numbers.
    """
    found = tabular.from_frame(frame, "DataFrame", columns or Columns())
    return cleaned(found, "DataFrame", "DataFrame", min_items, keep_polarity)


def cleaned(found: Found, where: str, source: str, min_items: int, keep_polarity: bool) -> Imported:
    """Return the cohort of samples as they were found, and the report.

    InputError for people without an id, where everybody has the same samples, where fewer than two
    people or classes are left, and for what `checked_cohort` refuses.

    where    file or argument, for messages
    source   the cohort's
    """
    if not isinstance(min_items, int | np.integer):
        raise InputError(f"min_items: is {min_items!r}; needed is a whole number, such as 5")
    if not len(found.inputs):
        raise InputError(f"{where}: no samples in it")
    # as objects: pandas takes no numbers of another byte order, and no text that is not UTF-8
    found.labels = np.asarray(found.labels, object)
    found.who = np.asarray(found.who, object)
    for name, values in (("classes", found.labels), ("people", found.who)):
        try:
            pd.factorize(values)
        except TypeError as error:  # lists, which cannot be compared
            raise InputError(f"{where}: {name} are no numbers or text ({error})") from error
    done = list(found.notes)
    found.who, notes = _ids(found.who, where)
    done += notes
    if found.places is None:
        number = pd.Series(found.who).groupby(found.who).cumcount() + 1
        pairs = zip(number, found.who, strict=True)
        found.places = np.array([f"sample {n} of person {who}" for n, who in pairs], object)
    facts = [_facts(found)]
    done += _without_class(found, where)
    done += _class_notes(found.labels)
    _check_items(found, where)
    if found.kind == "images":
        fact, notes = _as_images(found, keep_polarity, where)
        facts.append(fact)
        done += notes
    else:
        facts.append(_sequence_facts(found))
    copies, notes = _without_copies(found, where)
    facts.append(copies)
    done += notes
    facts += _near_copies(found)
    done += _without_small(found, min_items, where)
    found.labels, names = _renumbered(found.labels)
    is_renumbered = names != [str(number) for number in range(len(names))]
    if is_renumbered:
        mapping = ", ".join(f"{name} → {number}" for number, name in enumerate(names))
        done.append(f"classes renumbered: {mapping}")
    if found.labels.max() == 0:
        raise InputError(f"{where}: all samples are of one class; needed are at least two")
    arrays = {found.kind: found.inputs, "labels": found.labels, "who": found.who}
    if found.item is not None:
        arrays["item"] = np.unique(found.item, return_inverse=True)[1]
    arrays |= {f"attr_{name}": array for name, array in found.attributes.items()}
    cohort = checked_cohort(arrays, where, source)
    if is_renumbered:
        cohort = replace(cohort, class_names=tuple(names))
    kept = np.unique(cohort.who, return_counts=True)[1]
    size = shape_text(cohort.kind, cohort.inputs.shape[1:])
    last = (
        f"kept      {counted(len(kept), 'person', 'people')}, "
        f"{counted(len(cohort.labels), 'sample')} of {cohort.labels.max() + 1} classes, {size}; "
        f"{_each(kept)}"
    )
    lines = [f"found     {source}: {facts[0]}", *facts[1:]]
    lines += [f"done      {note}" for note in done]
    return Imported(cohort, "\n".join([*lines, last]))


def _each(counts: np.ndarray) -> str:
    """Return how many samples a person has: "12 to 60 samples a person, median 40"."""
    if counts.min() == counts.max():
        return f"{counted(counts.min(), 'sample')} a person"
    return f"{counts.min():,} to {counts.max():,} samples a person, median {np.median(counts):,.0f}"


def _facts(found: Found) -> str:
    """Return the numbers of people, classes and samples that were found."""
    counts = np.unique(found.who, return_counts=True)[1]
    classes = len(pd.factorize(found.labels)[1])
    return (
        f"{counted(len(counts), 'person', 'people')}, {counted(classes, 'class', 'classes')}, "
        f"{counted(len(found.who), 'sample')}; {_each(counts)}"
    )


def _ids(who: np.ndarray, where: str) -> tuple[np.ndarray, list[str]]:
    """Return the people's ids, integers where all are, else text; and notes.

    InputError where samples have no id, or what programs write in place of one.
    """
    codes, values = pd.factorize(who)
    names = np.array([as_name(value) for value in values] or [""])
    nobody = np.isin(names, [str(each) for each in MISSING])[codes] | (codes < 0)
    if nobody.any():
        spelled = {"nothing" if code < 0 else repr(str(names[code])) for code in codes[nobody]}
        samples = counted(int(nobody.sum()), "sample")
        cure = "leave these samples out or give them an id"
        raise InputError(
            f"{where}: the person of {samples} is {', '.join(sorted(spelled))}, "
            f"which is nobody's id; {cure}"
        )
    notes = []
    if len(np.unique(names)) < len(names):
        notes.append("ids that differ in spaces or in how letters are stored taken as one")
    if odd := [value for value in values if isinstance(value, str) and shown(value) != value]:
        notes.append(f"{counted(len(odd), 'id')} not in UTF-8, written with \\udc…")
    is_number = [name.isascii() and name.isdigit() and str(int(name)) == name for name in names]
    if all(is_number) and max(map(len, names)) < 18:
        names = names.astype("int64")
    return names[codes], notes


def _without_class(found: Found, where: str) -> list[str]:
    """Leave out samples without a class; return a note. InputError where none has a class."""
    codes, values = pd.factorize(found.labels)
    names = np.array([as_name(value) for value in values] or [""])
    has_class = (codes >= 0) & ~np.isin(names, NO_CLASS)[codes]
    if not has_class.any():
        raise InputError(f"{where}: no sample has a class")
    found.keep(has_class)
    missing = int((~has_class).sum())
    return [f"{counted(missing, 'sample')} without a class left out"] if missing else []


def _check_items(found: Found, where: str) -> None:
    """InputError where an item is of two people or classes, with its value in the source."""
    if found.item is None:
        return
    item = np.unique(found.item, return_inverse=True)[1]
    person = np.unique(found.who, return_inverse=True)[1]
    for plural, group in (("people", person), ("classes", _renumbered(found.labels)[0])):
        mixed = _several(item, group)
        if mixed.any():
            raise InputError(
                f"{where}: item {found.item[mixed.argmax()]} is of two {plural}; needed is one"
            )


def _class_notes(labels: np.ndarray) -> list[str]:
    """Return notes of classes that may be none, and of such as become one class.

    labels   [N], numbers or text, without missing ones
    """
    values = pd.factorize(labels)[1]
    names = np.array([as_name(value) for value in values])
    notes = []
    if doubtful := [name for name in PERHAPS_NO_CLASS if name in names]:
        notes.append(
            f"a class is called {' or '.join(doubtful)}; leave its samples out if it means none"
        )
    _, first, of_value = np.unique(names, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[of_value] != np.arange(len(names)))
    if len(again):
        one = values[first[of_value[again[0]]]]
        other = values[again[0]]
        notes.append(
            "classes that differ only in spaces or in how they are stored taken as one: "
            f"{one!r} and {other!r} are the first"
        )
    return notes


def _as_images(found: Found, keep_polarity: bool, where: str) -> tuple[str, list[str]]:
    """Make images square, with grey levels 0..255 and dark paper; return a fact and notes."""
    person = np.unique(found.who, return_inverse=True)[1]
    almost_black = _almost_black(found, person, where)
    images, notes = pictures.squares(found.inputs)
    images, pixels, scaled = pictures.to_grey_levels(images, person, where)
    images, polarity, inverted = pictures.dark_paper(images, person, keep_polarity)
    found.inputs = images
    return f"images    {pixels}, {polarity}", notes + almost_black + scaled + inverted


def _almost_black(found: Found, person: np.ndarray, where: str) -> list[str]:
    """Return a note of a few images of 0..1 among others of 0..255; InputError where many are."""
    faint = pictures.faint_images(found.inputs, person)
    if not faint.any():
        return []
    count = int(faint.sum())
    first = found.places[faint.argmax()]
    if count > FAINT * len(faint):
        raise InputError(
            f"{where}: {count:,} of {counted(len(faint), 'image')} have pixels of 0 to 1, such as "
            f"{first}, and others of the same people up to {found.inputs.max():.4g}; "
            "needed is one range"
        )
    images = counted(count, "image")
    return [f"{images} with pixels of at most 1 left almost black: {first} is the first"]


def _sequence_facts(found: Found) -> str:
    """Return the range of sequences, and whether the channels have one scale."""
    values = found.inputs
    spread = values.std(axis=(0, 1))
    fact = f"sequences values {values.min():.4g} to {values.max():.4g}"
    widest = spread.max()
    narrowest = spread.min()
    if widest > 20 * narrowest:
        fact += (
            f"; standard deviations of channels from {narrowest:.3g} to {widest:.3g}: "
            "bring them to one scale"
        )
    return fact


def _without_copies(found: Found, where: str) -> tuple[str, list[str]]:
    """Keep one of a person's equal samples, and none that is of several people or classes.

    Whose sample it is, or which class is right, cannot be told. A copy in the test data would
    measure memory. Returns a fact, which names the first two equal samples, and notes. InputError
    where most people have no sample of their own.
    """
    content = numbered(found.inputs, np.zeros(len(found.inputs), int))
    people, person = np.unique(found.who, return_inverse=True)
    classes = _renumbered(found.labels)[0]
    of_several_people = _several(content, person)
    of_several_classes = _several(content, classes) & ~of_several_people
    first = np.zeros(len(content), bool)
    first[np.unique(content, return_index=True)[1]] = True
    own = np.isin(np.arange(len(people)), person[~of_several_people])
    without = int((~own).sum())
    if 2 * without > len(people) or (without and len(people) == 2):
        raise InputError(
            f"{where}: {without} of {len(people)} people have no sample of their own: everybody "
            "has the same samples; needed is the person who made each sample"
        )
    repeated = ~first & ~of_several_people & ~of_several_classes
    counts = {
        "repeated within a person": int(repeated.sum()),
        "of several people": int(of_several_people.sum()),
        "of a person under several classes": int(of_several_classes.sum()),
    }
    copies = repeated | of_several_people | of_several_classes
    equal = found.places[content == content[copies.argmax()]]
    found.keep(~copies)
    if not len(found.inputs):
        raise InputError(f"{where}: every sample is there under several classes; needed is one")
    numbers = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    left_out = sum(counts.values())
    if not left_out:
        return "copies    none", []
    fact = f"copies    {numbers}; the first: {equal[0]} = {equal[1]}"
    return fact, [f"{counted(left_out, 'copy', 'copies')} left out"]


def _near_copies(found: Found) -> list[str]:
    """Return a fact where a person's images nearly equal others of their class; they stay."""
    if found.kind != "images":
        return []
    labels = _renumbered(found.labels)[0]
    nearly = [
        place
        for own in positions_of(found.who).values()
        for place in own[near_copies(found.inputs, labels, own, own)].tolist()
    ]
    if not nearly:
        return []
    return [
        f"alike     {counted(len(nearly), 'image')} nearly equal another of the same person and "
        f"class, such as {found.places[nearly[0]]}; they stay: keep one of each, or tests measure "
        "memory"
    ]


def _several(content: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return which samples have a content that is there in several groups, bool [N].

    content, group   int [N], from 0
    """
    groups = group.max() + 1
    pairs = np.unique(content * groups + group)
    return np.bincount(pairs // groups, minlength=content.max() + 1)[content] > 1


def _without_small(found: Found, min_items: int, where: str) -> list[str]:
    """Leave out people with too few items; return a note. InputError where fewer than two stay."""
    item = np.arange(len(found.who)) if found.item is None else found.item
    _, first = np.unique(item, return_index=True)
    people, items = np.unique(found.who[first], return_counts=True)
    small = people[items < min_items]
    unit = "sample" if found.item is None else "item"
    if len(people) - len(small) < 2:
        have = f"{len(people) - len(small)} of {counted(len(people), 'person', 'people')}"
        raise InputError(
            f"{where}: {have} with at least {counted(min_items, unit)}; "
            "needed are two (see --min-items)"
        )
    found.keep(~np.isin(found.who, small))
    if not len(small):
        return []
    names = ", ".join(map(str, small[:5])) + (", …" if len(small) > 5 else "")
    count = counted(len(small), "person", "people")
    return [f"{count} with fewer than {min_items} {unit}s left out: {names}"]


def _renumbered(labels: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return classes as 0..C-1, in order of their numbers, else of their text; and their names."""
    codes, values = pd.factorize(labels)
    names = np.array([as_name(value) for value in values])
    numbers = pd.to_numeric(pd.Series(names), errors="coerce").to_numpy("float64")
    unique, of_value = np.unique(names, return_inverse=True)
    place = np.arange(len(unique))
    if np.isfinite(numbers).all():
        order = np.argsort(pd.to_numeric(pd.Series(unique)).to_numpy("float64"), kind="stable")
        place[order] = np.arange(len(unique))
    return place[of_value][codes], unique[np.argsort(place)].tolist()
