"""Samples with their classes and people: checks, npz files, content hash."""

import hashlib
import shlex
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from perso.data.splits import Person, positions_of
from perso.errors import InputError
from perso.files import expanded, whole

# kinds of samples, which are the names of their arrays in a file, and what the arrays must be
KINDS = {
    "images": "uint8 [N, H, W]",
    "sequences": "float32 [N, T, C]",
    "trajectories": "float32 [N, T, C] of x, y, ...",
}
ONE_OF = {"images": "image", "sequences": "sequence", "trajectories": "trajectory"}
AT_ONCE = 4096  # samples that are hashed at a time
FEW_CLASSES = 100  # a label below it is not far from the others: people need not have all classes
REPAIR = "copy it again, or write it again with `perso data PARAMS.yml --to FILE`"


@dataclass(frozen=True, eq=False)
class Cohort:
    """People and their samples. The arrays are shared: do not write into them.

    Inputs of one `item` show one original sample, of one person and class: they lie on one side of
    a split. `attributes` are further facts about each input, e.g. {"hsf": int64 [N]}.
    """

    inputs: np.ndarray  # images u8 [N, H, W], grey levels 0..255; others float32 [N, T, C]
    labels: np.ndarray  # int64 [N], classes 0..C-1
    who: np.ndarray  # int64 or str [N]
    item: np.ndarray  # int64 [N]
    attributes: dict[str, np.ndarray] = field(default_factory=dict)  # each [N]
    source: str = "arrays"  # where the arrays came from, for a reader; no part of the content
    kind: str = ""  # one of KINDS, also the name of `inputs` in a file; "": u8 images, or sequences
    class_names: tuple[str, ...] = ()  # for a reader, no part of the content; (): the numbers

    def __post_init__(self):
        if not self.kind:
            kind = "images" if self.inputs.dtype == np.uint8 else "sequences"
            object.__setattr__(self, "kind", kind)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The name of each class, in the order of their numbers."""
        return self.class_names or tuple(map(str, range(int(self.labels.max()) + 1)))

    @cached_property
    def people(self) -> np.ndarray:
        """Each person once, sorted."""
        return np.unique(self.who)

    @cached_property
    def positions(self) -> dict[Person, np.ndarray]:
        """Where each person's samples are, {person: int [n]}, in their order."""
        return positions_of(self.who)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 (hex) of the arrays' names, kinds, shapes and values: equal on every machine."""
        digest = hashlib.sha256()
        for name, array in sorted(arrays_of(self).items()):
            as_hashed = np.asarray if name == "images" else _canonical
            digest.update(f"{name} {as_hashed(array[:0]).dtype.kind} {array.shape}\n".encode())
            # strings as the text of a list: the width in which NumPy stores them is no content
            if array.dtype.kind == "U":
                digest.update(ascii(array.tolist()).encode())
                continue
            # a part at a time: as 64-bit numbers, all of them need a multiple of the memory
            for start in range(0, len(array), AT_ONCE):
                digest.update(as_hashed(array[start : start + AT_ONCE]).tobytes())
        return digest.hexdigest()

    def of(self, people: Collection) -> "Cohort":
        """Return only the samples of these people, in their order here; InputError for others."""
        people = set(people)
        if unknown := people - self.positions.keys():
            names = ", ".join(sorted(map(str, unknown)))
            raise InputError(f"{self.source}: no such person: {names}")
        if len(people) == len(self.positions):
            return self
        keep = np.zeros(0, np.intp)
        if people:
            keep = np.sort(np.concatenate([self.positions[person] for person in people]))
        return replace(
            self,
            inputs=self.inputs[keep],
            labels=self.labels[keep],
            who=self.who[keep],
            item=self.item[keep],
            attributes={name: array[keep] for name, array in self.attributes.items()},
        )


def read(path: str | Path) -> Cohort:
    """Return the cohort of an npz file, written by `save` or by yourself (np.savez_compressed).

    Required arrays: images u8 [N, H, W], sequences float32 [N, T, C] (T steps of C channels) or
    trajectories float32 [N, T, C] (the first channels are x, to the right, and y, upwards, with
    their centre at 0); labels [N], integers 0..C-1; who [N], integers or strings. Optional: item
    [N], integers (without it, every input is an item of its own); context [N], integers or strings,
    which is the attribute `context`; attr_NAME [N]; and class_names [C], a text for each class.

    InputError where an array is not like that, where the file is damaged, and where its content is
    not what `save` wrote.
    """
    path = expanded(path)
    if path.is_dir() or path.suffix.lower() in OF_IMPORT | ARCHIVES:
        raise InputError(f"{path}: {_how_to_import(path)}")
    arrays = {}
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            for name in stored.files:
                arrays[name] = np.asarray(stored[name])
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    except Exception as error:  # damaged files raise errors of many kinds
        if "Object arrays" in str(error):  # reading them could run any code
            needed = OF_OBJECTS.get(name, "needed are integers, or strings (.astype(str))")
            raise InputError(f"{path}: array '{name}' holds Python objects; {needed}") from error
        raise InputError(f"{path}: truncated, damaged or not an npz file; {REPAIR}") from error
    for name in ("content_hash", "source"):
        if name in arrays and arrays[name].shape != ():
            raise InputError(
                f"{path}: array '{name}' has shape {arrays[name].shape}, but `perso data --to` "
                f"writes one text under this name; call it attr_{name}"
            )
    stored_hash = arrays.pop("content_hash", None)
    source = arrays.pop("source", path.stem)
    names = arrays.pop("class_names", None)
    cohort = checked_cohort(arrays, str(path), str(source))
    if names is not None:
        cohort = with_class_names(cohort, names, str(path))
    if stored_hash is not None and str(stored_hash) != cohort.content_hash:
        raise InputError(
            f"{path}: not the arrays it was saved with (content_hash differs); {REPAIR}"
        )
    return cohort


OF_IMPORT = {".csv", ".tsv", ".txt", ".json", ".parquet", ".pq", ".mat"}  # `perso import` takes
ARCHIVES = {".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z"}


def _how_to_import(path: Path) -> str:
    """Return what a folder or file of another kind is, and the command that makes an .npz of it."""
    source = str(path)
    what = "a folder" if path.is_dir() else f"a {path.suffix} file"
    first = ""
    if path.suffix.lower() in ARCHIVES and not path.is_dir():
        source = "FOLDER"
        first = "unpack it, then "
    name = path.stem.strip(".") or path.resolve().stem or "people"  # . and .. and / have none
    command = shlex.join(["perso", "import", source, "--to", f"{name}.npz"])
    return f"is {what}, not an .npz; {first}make one with: {command}"


# what an array must be in place of Python objects, whose values cannot be read
OF_OBJECTS = {
    "images": "needed is uint8 [N, H, W], all of one size (np.stack)",
    "sequences": "needed is float32 [N, T, C], all of one length (padded, then np.stack)",
    "trajectories": "needed is float32 [N, T, C], all of one length (resampled, then np.stack)",
    "labels": "needed are integers: .astype('int64'), "
    "of names np.unique(labels, return_inverse=True)[1]",
    "item": "needed are integers: .astype('int64'), "
    "of names np.unique(item, return_inverse=True)[1]",
    "who": "needed are integers, or strings (.astype(str)), "
    "once samples without an id are left out",
}


def save(cohort: Cohort, path: str | Path) -> None:
    """Write a file for `read`, with its content hash; the file appears whole or not at all."""
    facts = {"source": cohort.source, "content_hash": cohort.content_hash}
    if cohort.class_names:
        count = int(cohort.labels.max()) + 1  # some people may be without the last classes
        facts["class_names"] = np.array(cohort.class_names[:count])
    with whole(path) as aside, open(aside, "wb") as file:
        np.savez_compressed(file, **arrays_of(cohort), **facts)


def with_class_names(cohort: Cohort, names: np.ndarray, where: str) -> Cohort:
    """Return the cohort with names of its classes; InputError for others than one text for each.

    where   file or data set, for the message
    """
    count = len(cohort.classes)
    if names.shape != (count,) or names.dtype.kind != "U" or len(set(names.tolist())) < count:
        raise InputError(
            f"{where}: array 'class_names' is {names.dtype} of shape {names.shape}; needed are "
            f"{count} texts that differ, one for each class, or leave it out"
        )
    return replace(cohort, class_names=tuple(names.tolist()))


def arrays_of(cohort: Cohort) -> dict[str, np.ndarray]:
    """Return the arrays under their names in a file."""
    named = {cohort.kind: cohort.inputs, "labels": cohort.labels}
    named |= {"who": cohort.who, "item": cohort.item}
    return named | {"attr_" + name: array for name, array in cohort.attributes.items()}


def checked_cohort(arrays: dict[str, np.ndarray], where: str, source: str) -> Cohort:
    """Return the cohort of arrays that are as `read` describes them; every data set passes here.

    InputError names the array, what is wrong and what is needed.

    where   file or data set, for the message
    source  the cohort's
    """

    def wrong(name: str, what: str, needed: str) -> InputError:
        return InputError(f"{where}: array '{name}' {what}; {needed}")

    kinds = [kind for kind in KINDS if kind in arrays]
    given = ", ".join(arrays) or "none"
    if len(kinds) > 1:
        both = f"'{kinds[0]}' and '{kinds[1]}'"
        raise InputError(f"{where}: arrays {both} are both there; leave out one")
    if not kinds:
        possible = " or ".join(f"'{kind}' ({array})" for kind, array in KINDS.items())
        raise InputError(f"{where}: array {possible} is missing; there are {given}")
    for name in ("labels", "who"):
        if name not in arrays:
            raise wrong(name, "is missing", f"there are {given}")
    if "context" in arrays and "attr_context" in arrays:
        raise wrong("context", "is there twice", "leave out it or attr_context, which is the same")
    kind = kinds[0]
    inputs = arrays[kind]
    fault = _fault_of_images(inputs) if kind == "images" else _fault_of_sequences(inputs, kind)
    if fault:
        raise wrong(kind, *fault)
    # NumPy's dtype.kind
    kinds_of = {"labels": "iu", "who": "iuU", "item": "iu", "context": "iuU", "attr_": "biufU"}
    facts = {"item": np.arange(len(inputs))}
    facts |= {name: array for name, array in arrays.items() if name != kind}
    for name, array in facts.items():
        is_attribute = name.startswith("attr_")
        possible = kinds_of.get("attr_" if is_attribute else name)
        if not possible or name == "attr_":
            known = f"possible: {kind}, labels, who, item, context, attr_NAME, class_names"
            raise wrong(name, "is unknown", known)
        if array.shape != inputs.shape[:1]:
            needed = f"needed is one value per {ONE_OF[kind]}: ({len(inputs)},)"
            raise wrong(name, f"has shape {array.shape}", needed)
        if array.dtype.kind not in possible:
            needed = "integers or strings" if "U" in possible else "integers"
            is_id = name in ("who", "context") and array.dtype.kind not in "bf"
            to_text = is_attribute or is_id
            cast = ".astype(str)" if to_text else _to_integers(name, array)
            raise wrong(name, f"is {array.dtype}", f"needed are {needed} ({cast})")
        if (text := _not_unicode(array)) is not None:
            cure = "os.fsencode(name).decode('latin-1'), or the right encoding"
            raise wrong(name, f"has {text!a}, which is not Unicode text", cure)
        facts[name] = _canonical(array)
    if same := _same_to_the_eye(facts["who"]):
        cure = "give one person one id, or two people two that differ"
        raise wrong("who", f"has {same[0]!a} and {same[1]!a}, which look the same", cure)
    missing = [person for person in np.unique(facts["who"]).tolist() if _is_missing(person)]
    if missing:
        count = int(np.isin(facts["who"], missing).sum())
        samples = "1 sample" if count == 1 else f"{count} samples"
        ids = ", ".join(map(repr, missing))
        cure = "leave these samples out or give them an id"
        raise wrong("who", f"has {ids} for {samples}, which is nobody's id", cure)
    minimum = facts["labels"].min()
    if minimum < 0:
        raise wrong("labels", f"holds {minimum}", "needed are classes 0..C-1")
    maximum = facts["labels"].max()
    found = len(np.unique(facts["labels"]))
    if maximum >= max(FEW_CLASSES, 4 * found):  # the network would have an output for each number
        anew = "number them anew: np.unique(labels, return_inverse=True)[1]"
        raise wrong("labels", f"holds {maximum}, but only {found} classes", anew)
    _, first, item_of = np.unique(facts["item"], return_index=True, return_inverse=True)
    for name, plural in (("who", "persons"), ("labels", "classes")):
        differs = facts[name] != facts[name][first[item_of]]
        if differs.any():
            item = facts["item"][differs][0]
            raise wrong("item", f"has {item} in two {plural}", "an item has one of each")
    attributes = {
        name.removeprefix("attr_"): array
        for name, array in facts.items()
        if name.startswith("attr_") or name == "context"
    }
    main = [inputs, facts["labels"], facts["who"], facts["item"]]
    return Cohort(*main, attributes, source, kind)


def _fault_of_images(images: np.ndarray) -> tuple[str, str] | None:
    """Return what is wrong with an array of images and what is needed; None for a right one."""
    if images.dtype != np.uint8:
        return f"is {images.dtype}", f"needed is uint8{_to_grey_levels(images)}"
    if images.ndim != 3 or 0 in images.shape:
        return f"has shape {images.shape}", "needed is [N, H, W], each at least 1"
    if images.max() <= 1:  # average pooling would round such images to black
        cure = "multiply by 255, floats of 0..1 before .astype('uint8')"
        return f"has no grey level above {images.max()}", f"needed are 0..255: {cure}"
    return None


def _fault_of_sequences(sequences: np.ndarray, kind: str) -> tuple[str, str] | None:
    """Return what is wrong with an array of sequences or trajectories and what is needed, or None.

    kind   "sequences" or "trajectories"
    """
    if sequences.dtype != np.float32:
        is_number = sequences.dtype.kind in "biuf"
        cure = ".astype('float32')" if is_number else "[N, T, C], all of one length"
        return f"is {sequences.dtype}", f"needed is float32: {cure}"
    if sequences.ndim != 3 or 0 in sequences.shape:
        return f"has shape {sequences.shape}", "needed is [N, T, C], each at least 1"
    if kind == "trajectories" and sequences.shape[2] < 2:
        needed = "needed is [N, T, C] with at least two channels, x and y"
        return f"has shape {sequences.shape}", needed
    wrong = ~np.isfinite(sequences)
    if wrong.any():
        count = int(wrong.sum())
        values = "1 value that is" if count == 1 else f"{count} values that are"
        first = np.flatnonzero(wrong.any(axis=(1, 2)))[0]
        where = f"{'in' if count == 1 else 'the first in'} {ONE_OF[kind]} {first}"
        return f"has {values} nan or infinite, {where}", f"leave such {kind} out or fill them in"
    if sequences.min() == sequences.max():
        return f"holds {sequences.min()} throughout", "needed are values that differ"
    if kind == "trajectories":
        return _fault_of_centre(sequences)
    return None


def _fault_of_centre(trajectories: np.ndarray) -> tuple[str, str] | None:
    """Return what is wrong where x or y lies on one side of 0: a flip would move it to the other.

    A network would then tell flips by the sign alone.
    """
    for channel, name in enumerate("xy"):
        low = trajectories[..., channel].min()
        high = trajectories[..., channel].max()
        if low != high and not low < 0 < high:
            needed = "needed is the centre at 0: subtract the middle of x and of y"
            return f"has {name} from {low:.3g} to {high:.3g}", needed
    return None


def _to_grey_levels(images: np.ndarray) -> str:
    """Return how images of another dtype become grey levels, as a message says it after "uint8"."""
    kind = images.dtype.kind
    if kind not in "biuf" or images.size == 0:
        return ", grey levels 0..255"
    if not np.isfinite(images).all():
        return ", grey levels 0..255, and some values are nan or infinite"
    low = images.min()
    high = images.max()
    if low < 0 or high > 255:
        return f": bring {low}..{high} to 0..255, then .astype('uint8')"
    if high > 1:
        return ": .round().astype('uint8')" if kind == "f" else ": .astype('uint8')"
    return ": (255 * images).round().astype('uint8')" if kind == "f" else ": .astype('uint8') * 255"


def _to_integers(name: str, array: np.ndarray) -> str:
    """Return how an array of another kind becomes integers."""
    to_numbers = f"np.unique({name}, return_inverse=True)[1]"
    if array.dtype.kind not in "fb":
        return to_numbers
    if array.dtype.kind == "f":
        missing = int(np.sum(~np.isfinite(array)))
        if missing:
            samples = "1 sample that is" if missing == 1 else f"{missing} samples that are"
            return f"leave out the {samples} nan or infinite, then .astype('int64')"
        if (array != np.round(array)).any():
            return f"{to_numbers}, if each value is one of its own"
    return ".astype('int64')"


# What programs write where there is no id, in their spelling ("Nan" and "NA" may be names). The
# numbers are what .astype of int64 and of int32 makes of nan. -1 is not here: it is the pool of a
# file of class counts, see `perso.data.people.choose_people`.
MISSING = {
    "",
    "nan",
    "NaN",
    "NAN",
    "None",
    "none",
    "NONE",
    "null",
    "Null",
    "NULL",
    "<NA>",
    "NaT",
    "N/A",
    "n/a",
    "#N/A",
    "undefined",
    "unknown",
    "Unknown",
    "UNKNOWN",
    "-1",
    "-1.0",
    str(-(2**63)),
    str(-(2**31)),
    -(2**63),
    -(2**31),
}


def _same_to_the_eye(who: np.ndarray) -> tuple[str, str] | None:
    """Return two ids that differ in white space or Unicode's composition alone; None without."""
    seen: dict[str, str] = {}
    for person in np.unique(who).tolist() if who.dtype.kind == "U" else ():
        look = unicodedata.normalize("NFC", " ".join(person.split()))
        if look in seen:
            return seen[look], person
        seen[look] = person
    return None


def _is_missing(person: int | str) -> bool:
    """Whether an id says that the person is unknown."""
    return (person.strip() if isinstance(person, str) else person) in MISSING


def _not_unicode(array: np.ndarray) -> str | None:
    """Return the first text with a surrogate, as file names that are not UTF-8 have; else None."""
    if array.dtype.kind != "U" or not array.dtype.itemsize:
        return None
    native = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=")))
    letters = native.view(np.uint32).reshape(len(array), -1)
    found = ((letters >= 0xD800) & (letters <= 0xDFFF)).any(axis=1)
    return str(array[found][0]) if found.any() else None


def _canonical(array: np.ndarray) -> np.ndarray:
    """Return strings as they are; other kinds as 64-bit little-endian integers or floats."""
    if array.dtype.kind == "U":
        return array
    return array.astype("<f8" if array.dtype.kind == "f" else "<i8")
