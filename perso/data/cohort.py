"""Arrays with people: checks, npz files, content hash."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from perso.errors import InputError
from perso.files import whole


@dataclass(frozen=True, eq=False)
class Cohort:
    """People and their images; nobody writes into the arrays.

    Images of one `item` are views of one original sample (one person's, of one class): they lie on one side
    of a split. `attributes` are further facts per image, e.g. {"hsf": int64 [N]}.
    """

    images: np.ndarray  # u8 [N, H, W], grey levels 0..255
    labels: np.ndarray  # int64 [N], classes 0..C-1
    who: np.ndarray  # int64 or str [N]
    item: np.ndarray  # int64 [N]
    attributes: dict[str, np.ndarray] = field(default_factory=dict)  # each [N]
    source: str = "arrays"  # where it came from, for a human; no part of the content

    @cached_property
    def people(self) -> np.ndarray:
        """The persons, each once, sorted."""
        return np.unique(self.who)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 (hex) over names, kinds, shapes and values of the arrays: the same on every machine."""
        digest = hashlib.sha256()
        for name, array in sorted(_arrays(self).items()):
            array = array if name == "images" else _canonical(array)
            # strings as a list's text: how wide numpy stores them is no content
            values = ascii(array.tolist()).encode() if array.dtype.kind == "U" else array.tobytes()
            digest.update(f"{name} {array.dtype.kind} {array.shape}\n".encode() + values)
        return digest.hexdigest()

    def of(self, people) -> "Cohort":
        """Only the images of these people, in their order here; InputError for a person who is not here."""
        if strangers := set(people) - set(self.people.tolist()):
            raise InputError(
                f"{self.source}: no such person: {', '.join(sorted(map(str, strangers)))}"
            )
        keep = np.isin(self.who, list(people))
        arrays = [array[keep] for array in (self.images, self.labels, self.who, self.item)]
        return Cohort(
            *arrays, {name: array[keep] for name, array in self.attributes.items()}, self.source
        )


def read(path: str | Path) -> Cohort:
    """A cohort from an npz file, by `save` or your own (np.savez_compressed).

    Needed: images u8 [N, H, W]; labels [N], integers 0..C-1; who [N], integers or strings. Possible: item
    [N], integers (without it every image is its own), and attr_NAME [N]. Raises InputError where it is not
    so, where the file is not whole, and where its content is not what `save` wrote.
    """
    path, arrays = Path(path).expanduser(), {}
    mend = "copy it again or make it anew with `perso data PARAMS.yml --to FILE`"
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            for name in stored.files:
                arrays[name] = np.asarray(stored[name])
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    except Exception as error:  # again they are many
        if "Object arrays" in str(error):  # reading them could run any code
            right = OF_OBJECTS.get(name, "needed are integers, or strings (.astype(str))")
            raise InputError(f"{path}: array '{name}' holds Python objects; {right}") from error
        raise InputError(f"{path}: truncated, damaged or not an npz file; {mend}") from error
    for name in ("content_hash", "source"):
        if name in arrays and arrays[name].shape != ():
            what = f"has shape {arrays[name].shape}, but `perso data --to` writes one text under this name"
            raise InputError(f"{path}: array '{name}' {what}; call it attr_{name}")
    promised, source = arrays.pop("content_hash", None), arrays.pop("source", path.stem)
    cohort = _cohort(arrays, str(path), str(source))
    if promised is not None and str(promised) != cohort.content_hash:
        raise InputError(f"{path}: not the arrays it was saved with (content_hash differs); {mend}")
    return cohort


OF_OBJECTS = {  # array: what to make of one that holds Python objects, whose values cannot be looked at
    "images": "needed is uint8 [N, H, W], all of one size (np.stack)",
    "labels": "needed are integers: .astype('int64'), of names np.unique(labels, return_inverse=True)[1]",
    "item": "needed are integers: .astype('int64'), of names np.unique(item, return_inverse=True)[1]",
    "who": "needed are integers, or strings (.astype(str)), once samples without an id are left out",
}


def save(cohort: Cohort, path: str | Path) -> None:
    """Write what `read` reads, with its content hash; the file appears whole or not at all."""
    facts = {"source": cohort.source, "content_hash": cohort.content_hash}
    with whole(path) as aside, open(aside, "wb") as file:
        np.savez_compressed(file, **_arrays(cohort), **facts)


def _arrays(cohort: Cohort) -> dict[str, np.ndarray]:
    """The arrays under their names in a file."""
    named = {name: getattr(cohort, name) for name in ("images", "labels", "who", "item")}
    return named | {"attr_" + name: array for name, array in cohort.attributes.items()}


def _cohort(arrays: dict[str, np.ndarray], where: str, source: str) -> Cohort:
    """The gate: arrays as `read` describes them → a cohort, or InputError: where, which, what is right."""

    def wrong(name, what, right):
        return InputError(f"{where}: array '{name}' {what}; {right}")

    for name in ("images", "labels", "who"):
        if name not in arrays:
            raise wrong(name, "is missing", f"the file holds {', '.join(arrays) or 'nothing'}")
    images = arrays["images"]
    if images.dtype != np.uint8:
        raise wrong("images", f"is {images.dtype}", f"needed is uint8{_to_grey_levels(images)}")
    if images.ndim != 3 or 0 in images.shape:
        raise wrong("images", f"has shape {images.shape}", "needed is [N, H, W], each at least 1")
    if images.max() <= 1:  # average pooling would round such images to black
        cure = "multiply by 255, floats of 0..1 before .astype('uint8')"
        raise wrong(
            "images", f"has no grey level above {images.max()}", f"needed are 0..255: {cure}"
        )
    possible = {
        "labels": "iu",
        "who": "iuU",
        "item": "iu",
        "attr_": "biufU",
    }  # numpy's kinds of dtype
    facts = {"item": np.arange(len(images))} | {
        name: arrays[name] for name in arrays if name != "images"
    }
    for name, array in facts.items():
        is_attribute = name.startswith("attr_")
        kinds = possible.get("attr_" if is_attribute else name)
        if not kinds or name == "attr_":
            raise wrong(name, "is unknown", "possible: images, labels, who, item, attr_NAME")
        if array.shape != images.shape[:1]:
            raise wrong(
                name, f"has shape {array.shape}", f"needed is one value per image: ({len(images)},)"
            )
        if array.dtype.kind not in kinds:
            needed = "integers or strings" if "U" in kinds else "integers"
            to_text = is_attribute or (name == "who" and array.dtype.kind not in "bf")
            cast = ".astype(str)" if to_text else _to_integers(name, array)
            raise wrong(name, f"is {array.dtype}", f"needed are {needed} ({cast})")
        facts[name] = _canonical(array)
    if nobody := [person for person in np.unique(facts["who"]).tolist() if _is_missing(person)]:
        count = int(np.isin(facts["who"], nobody).sum())
        which = ", ".join(map(repr, nobody))
        cure = "leave these samples out or give them an id"
        raise wrong("who", f"has {which} for {count} samples, which is nobody's id", cure)
    if (least := facts["labels"].min()) < 0:
        raise wrong("labels", f"holds {least}", "needed are classes 0..C-1")
    _, first, twins = np.unique(facts["item"], return_index=True, return_inverse=True)
    for name, one in (("who", "persons"), ("labels", "classes")):
        torn = facts[name] != facts[name][first[twins]]
        if torn.any():
            raise wrong(
                "item", f"has {facts['item'][torn][0]} in two {one}", "an item has one of each"
            )
    attributes = {name[5:]: array for name, array in facts.items() if name.startswith("attr_")}
    return Cohort(images, facts["labels"], facts["who"], facts["item"], attributes, source)


def _to_grey_levels(images: np.ndarray) -> str:
    """How images of another dtype than uint8 become grey levels: what a message says after "uint8"."""
    kind = images.dtype.kind
    if kind not in "biuf" or images.size == 0:
        return ", grey levels 0..255"
    if not np.isfinite(images).all():
        return ", grey levels 0..255, and some values are nan or infinite"
    least, most = images.min(), images.max()
    if least < 0 or most > 255:
        return f": bring {least}..{most} to 0..255, then .astype('uint8')"
    if most > 1:
        return ": .round().astype('uint8')" if kind == "f" else ": .astype('uint8')"
    return ": 0..1 times 255, .astype('uint8')" if kind == "f" else ": .astype('uint8') * 255"


def _to_integers(name: str, array: np.ndarray) -> str:
    """How an array of another kind becomes integers."""
    if array.dtype.kind == "f":
        if missing := int(np.sum(~np.isfinite(array))):
            return (
                f"leave out the {missing} samples that are nan or infinite, then .astype('int64')"
            )
        if (array != np.round(array)).any():
            return f"np.unique({name}, return_inverse=True)[1], if each value is one of its own"
    if array.dtype.kind in "fb":
        return ".astype('int64')"
    return f"np.unique({name}, return_inverse=True)[1]"


# What programs write where there is no id, as they spell it ("Nan" and "NA" may be names); the numbers are what nan
# becomes by .astype of int64 and of int32. -1 is the pool of a data file of class counts: see prepare.
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
    "-1",
    -(2**63),
    -(2**31),
}


def _is_missing(person: int | str) -> bool:
    """Whether an id says that the person is unknown."""
    return (person.strip() if isinstance(person, str) else person) in MISSING


def _canonical(array: np.ndarray) -> np.ndarray:
    """Strings as they are; other kinds as 64-bit little-endian integers or floats."""
    return (
        array
        if array.dtype.kind == "U"
        else array.astype("<f8" if array.dtype.kind == "f" else "<i8")
    )
