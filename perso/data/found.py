"""What a reader of a foreign format returns, before anything is checked or changed."""

import unicodedata
from dataclasses import dataclass, field

import numpy as np

from perso.data.sizes import counted
from perso.errors import InputError


@dataclass
class Found:
    """Samples as they were found. Their values, classes and people are whatever the source has."""

    kind: str  # "images" or "sequences"
    inputs: np.ndarray  # grey images [N, H, W] of any number type; sequences float32 [N, T, C]
    labels: np.ndarray  # [N], numbers or text
    who: np.ndarray  # [N], numbers or text
    item: np.ndarray | None = None  # [N], numbers or text; None: every input is an item of its own
    attributes: dict[str, np.ndarray] = field(default_factory=dict)  # each [N]
    notes: list[str] = field(default_factory=list)  # what reading left out or changed, in words
    # text [N]: where each sample lies, as a message names it; None: by person and number
    places: np.ndarray | None = None

    def keep(self, kept: np.ndarray) -> None:
        """Keep only these samples.

        kept   bool [N]
        """
        if kept.all():  # a copy of all images would double the memory
            return
        self.inputs = self.inputs[kept]
        self.labels = self.labels[kept]
        self.who = self.who[kept]
        self.item = None if self.item is None else self.item[kept]
        self.attributes = {name: array[kept] for name, array in self.attributes.items()}
        self.places = None if self.places is None else self.places[kept]


def shown(value: object) -> str:
    """Return a path or name as text that can be printed and stored, also where it is not UTF-8."""
    return str(value).encode("utf-8", "backslashreplace").decode()


def as_name(value: object) -> str:
    """Return an id or a class as text: 3 of 3.0, one spelling of equal letters, no half letters."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return unicodedata.normalize("NFC", shown(value)).strip()


def concatenated(arrays: list[np.ndarray], where: str) -> np.ndarray:
    """Return arrays [n, …] one after the other; InputError where their samples differ in shape."""
    shapes = sorted({array.shape[1:] for array in arrays})
    if len(shapes) > 1:
        sizes = ", ".join(map(str, shapes))
        raise InputError(f"{where}: samples have several shapes, {sizes}; needed is one")
    return np.concatenate(arrays)


def shaped(values: np.ndarray, where: str, kind: str | None = None) -> Found:
    """Return numbers [N, …] as samples without classes and people.

    [N, S²], [N, S, S], [N, 1 or 3, S, S] and [N, S, S, 1 or 3] are images, and three channels are
    colours, which become grey. Other [N, T, C] and [N, C, 1, T] are sequences, along the longer
    axis. InputError for everything else.

    where   file or argument, for the message
    kind    "images": [N, H, W] of any sides are images; "sequences": [N, T, C] are sequences, along
            their first axis; None: as above
    """
    values = np.asarray(values)
    nobody = np.zeros(values.shape[:1], object)
    if values.dtype.kind not in "biuf":
        raise InputError(
            f"{where}: samples are {values.dtype}; needed are numbers, all of one shape"
        )
    if values.ndim == 4 and 1 in values.shape[1:3] and values.shape[1] != values.shape[2]:
        values = np.squeeze(values, axis=1 if values.shape[1] == 1 else 2)
    has_colours = values.ndim == 4 and (values.shape[-1] in (1, 3) or values.shape[1] in (1, 3))
    if has_colours and kind != "sequences":
        if values.shape[-1] not in (1, 3):
            values = np.moveaxis(values, 1, -1)
        notes = []
        if values.shape[-1] == 3:
            values = values @ np.array([0.299, 0.587, 0.114], "float32")  # ITU-R 601, as Pillow
            notes = [f"{counted(len(values), 'colour image')} made grey"]
        else:
            values = values[..., 0]
        return Found("images", values, nobody, nobody, notes=notes)
    if values.ndim == 2 and kind != "sequences":
        side = round(values.shape[1] ** 0.5)
        if side > 1 and side * side == values.shape[1]:
            return Found("images", values.reshape(-1, side, side), nobody, nobody)
    if values.ndim == 3 and 0 not in values.shape[1:]:
        is_square = values.shape[1] == values.shape[2]
        if kind == "images" or (is_square and kind is None):
            return Found("images", values, nobody, nobody)
        notes = []
        if values.shape[1] < values.shape[2] and kind is None:
            values = values.transpose(0, 2, 1)
            notes = [
                f"{values.shape[1]} steps of {values.shape[2]} channels, the longer axis as time"
            ]
        return Found("sequences", values.astype("float32"), nobody, nobody, notes=notes)
    needed = "images [N, S, S] or [N, S²], colours [N, S, S, 3], or sequences [N, T, C]"
    raise InputError(f"{where}: samples have shape {values.shape}; needed are {needed}")
