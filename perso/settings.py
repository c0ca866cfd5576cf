"""Every setting of a study, its default and its place in the papers.

The defaults are those of v3 (Schneider & Vlachos, arXiv:1909.02803v3). A file in `params/` holds
the values of a run of another size. Values are checked here as far as possible without the data.
"""

import re
import symtable
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import yaml

from perso.errors import InputError
from perso.files import expanded, is_unicode
from perso.own_code import is_reference
from perso.paths import ROOT


@dataclass(frozen=True)
class Settings:
    """One run of the study. Frozen: make another with `dataclasses.replace`."""

    # people and their data
    # digits | qmnist | nist | fashion | file:PATH.npz | python:FILE.py:NAME, a function of your own
    dataset: str = "qmnist"
    variation: str = "hidden-factors"  # how persons differ (v3 II): hidden-factors | class-counts
    # |S|, the people a network is personalized for (v3 IV); at least 2, for the baseline needs two
    individuals: int = 100
    # other people, whose data are D_G (v3 IV); of no effect with class-counts, see global_items
    global_people: int = 100
    global_items: int = 30_000  # class-counts: samples of D_G (v1); 0: all that individuals leave
    main_items: int = 200  # class-counts: samples of a person's main class (v1)
    side_items: int = 33  # class-counts: samples of each of three more classes of a person (v1)
    exchange: bool = False  # for few people: each half of the individuals is D_G to the other half
    # for few people: the individuals in so many groups, each with all other groups as its D_G
    folds: int = 0
    min_items: int = 0  # people with fewer original samples are not chosen
    # each sample's horizontal and vertical flip as further classes: 3 × 10 = 30 (v3 IV)
    flips: bool = True
    train_share: float = 0.7  # share of a person's samples that is trained on (v3 IV)
    # what is split: item (a sample and its flips stay on one side) | image (a flip may be tested)
    split: str = "item"
    # which people are chosen, no person by two seeds; class-counts: which samples are drawn
    cohort_seed: int = 0
    # studies in one, of other people with a D_G of their own: those of this many cohort_seeds
    cohorts: int = 1
    # further people, neither individuals nor in D_G, of whom only enrolled networks, prototypes and
    # meta-learned starts learn
    outside_people: int = 0
    # a difference between people that is put in, for enrolled networks to find: prior (every person
    # lacks one kind of flips, half of them the mirrored, half the upside-down) | swap (half of them
    # have the two kinds' classes exchanged)
    planted: str = ""
    # what divides each person's samples into contexts: an attribute of the data set, such as side |
    # shear:DEGREES | thick:PIXELS, which alter half of each person's samples
    context: str = ""
    # D_I is of this context, by its place among the sorted values; D_U is of all others
    available: int = 0

    # methods
    # v3 (Table I) | relative | v1 (Table 2) | grouping | doses | sweeps | readings | baselines |
    # recurrent | contexts | enrolled | planted, see perso/methods/registry.py | FILE.py:NAME,
    # methods of your own
    rows_of: str = "v3"
    largest_dose: int = 5_000  # methods with more iterations of early shaping are left out

    claims_of: str = "papers"  # what `perso claims` tests: papers | FILE.py:NAME, your own

    # network
    architecture: str = "vgg"  # vgg (v3 Fig. 4) | gru (for sequences) | FILE.py:NAME, your own
    image_size: int = 32  # pixels a side; of no effect on sequences
    width: float = 1.0  # factor on every number of channels
    # batch norm after ReLU (v3 of the auto-encoder, "also" of this one) | before
    norm: str = "after"
    pooling: str = "average"  # of what the last pooling leaves above 16 pixels a side | flatten

    # auto-encoder (v3 Fig. 5), always trained by Adam at a learning rate of 0.001
    latent: int = 16  # length of an image's latent code
    encoder_epochs: int = 20

    # training (v3 IV)
    batch_size: int = 128
    # n_S (Algorithm 1, line 6); an epoch has ⌈|D_G| / batch_size⌉ iterations (line 8)
    epochs: int = 20
    optimiser: str = "adam"  # adam (v3) | sgd (v1: with momentum)
    learning_rate: float = 0.001  # v1: 0.03
    momentum: float = 0.9  # of sgd
    weight_decay: float = 0.0  # L2; v1: 0.001
    # epoch after which the learning rate is multiplied by `decay`, below `epochs`; 0: never; v1: 65
    decay_epoch: int = 0
    decay: float = 0.316  # v1
    repeats: int = 1  # models per person and method; v1: 3
    # the same of the baseline and of methods from the generic network, where it is more: all others
    # are compared with the baseline, and a late phase costs little
    reference_repeats: int = 1
    rotate: bool = False  # every repeat tests other samples of D_I, and trains on the rest
    seed: int = 0  # of initial weights, batches, dropout, splits

    # computing: how, not what. `auto` and 0 are chosen by network size and machine
    # (perso/study/hardware.py); a run prints the choice. Those that change how numbers are rounded
    # are part of a model's key, as they were chosen.
    # float32 | tf32 | bfloat16 (autocast; weights and statistics float32) | float64
    precision: str = "auto"
    lanes: int = 0  # models of different people fused in one network, trained side by side
    channels_last: str = "auto"  # always | never: the layout of images and activations
    compile: str = "auto"  # always | never: torch.compile
    graph: str = "auto"  # always | never: the training step as a CUDA graph; alters no number
    in_flight: int = 0  # networks trained at a time on a GPU; alters no number
    threads: int = 1  # of one training process on a CPU; other counts round differently
    device: str = "auto"  # cpu | cuda (all visible GPUs); no part of a model's key

    def __post_init__(self):
        for key, wanted in TYPES.items():
            value = as_type(getattr(self, key), wanted)
            if type(value) is not wanted:
                hint = type_hint(value, wanted)
                raise InputError(f"{key}: {value!r} is not {TYPE_NAMES[wanted]}{hint}")
            if wanted is str and not is_unicode(value):
                raise InputError(
                    f"{key}: {value!a} is not Unicode, and cannot be written to a file; "
                    "rename what it names"
                )
            object.__setattr__(self, key, value)
        for key, possible in CHOICES.items():
            value = getattr(self, key)
            if key in OWN_CODE and is_reference(value):
                continue
            if value not in possible:
                more = ("FILE.py:NAME",) if key in OWN_CODE else ()
                words = [each or repr(each) for each in (*possible, *more)]
                raise InputError(f"{key}: {value!r} is unknown; possible: {', '.join(words)}")
        for key, (low, high) in RANGES.items():
            value = getattr(self, key)
            if not low <= value <= high:
                bound = f"at least {low}" if high == np.inf else f"from {low} to {high}"
                raise InputError(f"{key}: {value} is impossible; it must be {bound}")
        if self.image_size % 8:
            raise InputError(
                f"image_size: {self.image_size} cannot be pooled by the network; "
                "possible: 8, 16, 32, …"
            )
        if self.exchange and self.individuals < 4:
            raise InputError(
                f"individuals: {self.individuals} is too few to exchange halves; at least 4"
            )
        if self.folds == 1:
            raise InputError("folds: 1 is impossible; at least 2, or 0 for none")
        if self.folds and self.exchange:
            raise InputError(
                f"folds: {self.folds} and exchange: true, which makes two, exclude each other; "
                "set exchange: false"
            )
        if self.individuals < 2 * self.folds:
            raise InputError(
                f"individuals: {self.individuals} are too few for folds: {self.folds}, each of "
                f"which needs two; at least {2 * self.folds}"
            )
        alone = self.groups == 1
        if alone and self.variation == "hidden-factors" and self.global_people < 1:
            raise InputError(
                "global_people: 0 leaves D_G empty; at least 1, or exchange: true, or folds"
            )
        if self.context and self.variation == "class-counts":
            raise InputError(
                f"context: {self.context!r} needs people who wrote their samples; class counts "
                "draw them; set variation: hidden-factors"
            )
        if self.rows_of == "contexts" and not self.context:
            raise InputError(
                "context: none is set, and rows_of: contexts is about a person's other contexts; "
                "set an attribute of the data, or shear:15"
            )
        if self.planted and not (self.flips and self.variation == "hidden-factors"):
            raise InputError(
                f"planted: {self.planted} changes the flips of people's samples; set flips: true "
                "and variation: hidden-factors, or planted: ''"
            )
        if self.planted and self.rows_of == "enrolled":
            raise InputError(
                f"planted: {self.planted} makes people whom the claims of rows_of: enrolled are "
                "not about; set rows_of: planted"
            )
        if self.rows_of == "planted" and not self.planted:
            raise InputError(
                "planted: nothing is, and rows_of: planted asks whether it is found; set planted: "
                "prior, or swap"
            )
        if self.outside_people and self.variation == "class-counts":
            raise InputError(
                f"outside_people: {self.outside_people}: class counts make D_G one pool of samples "
                "without people; set outside_people: 0"
            )
        if self.available and not self.context:
            raise InputError(
                f"available: {self.available} is of no effect without a context; set available: 0"
            )
        if self.cohorts > 1 and self.variation == "class-counts":
            raise InputError(
                f"cohorts: {self.cohorts}: people of class counts are drawn from one pool; set "
                "cohorts: 1, and another cohort_seed for other people"
            )
        # what has no effect must not give the same model another key
        if self.decay_epoch >= self.epochs:
            raise InputError(
                f"decay_epoch: {self.decay_epoch} leaves no epoch after it, of epochs: "
                f"{self.epochs}; it must be below that, or 0 for never"
            )
        if self.decay_epoch and self.decay == 1:
            raise InputError(
                "decay: 1.0 leaves the learning rate as it is; for that, set decay_epoch: 0"
            )

    @property
    def groups(self) -> int:
        """In how many groups the individuals are D_G to each other; 1: D_G is of other people."""
        return 2 if self.exchange else max(self.folds, 1)


TYPES = {f.name: f.type for f in fields(Settings)}
BOOLS = {"true": True, "false": False}
TYPE_NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
CHOICES = {
    "variation": ("hidden-factors", "class-counts"),
    "split": ("item", "image"),
    "rows_of": (
        "v3",
        "relative",
        "v1",
        "grouping",
        "doses",
        "sweeps",
        "readings",
        "baselines",
        "recurrent",
        "contexts",
        "enrolled",
        "planted",
    ),
    "planted": ("", "prior", "swap"),
    "claims_of": ("papers",),
    "architecture": ("vgg", "gru"),
    "norm": ("after", "before"),
    "pooling": ("average", "flatten"),
    "optimiser": ("adam", "sgd"),
    "precision": ("auto", "float32", "tf32", "bfloat16", "float64"),
    "channels_last": ("auto", "always", "never"),
    "compile": ("auto", "always", "never"),
    "graph": ("auto", "always", "never"),
    "device": ("auto", "cpu", "cuda"),
}
OWN_CODE = ("rows_of", "claims_of", "architecture")  # settings that may name code of the user's own
RANGES = {
    "individuals": (2, np.inf),
    "global_people": (0, np.inf),
    "outside_people": (0, np.inf),
    "global_items": (0, np.inf),
    "main_items": (1, np.inf),
    "side_items": (1, np.inf),
    "largest_dose": (40, np.inf),
    "latent": (1, 1024),
    "encoder_epochs": (1, np.inf),
    "min_items": (0, np.inf),
    "train_share": (0.05, 0.95),
    "cohort_seed": (0, np.inf),
    "cohorts": (1, np.inf),
    "folds": (0, np.inf),
    "available": (0, np.inf),
    "image_size": (8, 256),
    "width": (0.03125, 8),
    "batch_size": (2, np.inf),
    "epochs": (1, np.inf),
    "learning_rate": (1e-9, 10),
    "momentum": (0, 0.9999),
    "weight_decay": (0, 1),
    "decay_epoch": (0, np.inf),
    "decay": (0, 1),
    "repeats": (1, np.inf),
    "reference_repeats": (1, np.inf),
    "seed": (0, np.inf),
    "lanes": (0, 64),
    "in_flight": (0, 64),
    "threads": (1, 256),
}


def as_type(value: object, wanted: type) -> object:
    """Return a value as Python's own type where that loses nothing; else as it is.

    Sweeps give NumPy's numbers, and 4.0 for 4, as papermill and rows of a table of pandas do.
    """
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        value = value.item()
    if wanted is float and type(value) is int:
        return to_float(value)
    if wanted is int and type(value) is float and value.is_integer():
        return int(value)
    return value


def type_hint(value: object, wanted: type) -> str:
    """Return what YAML made of a value, where it is another than one would think."""
    if wanted is str:
        return " (YAML reads no, off, 12 and nothing as other than text: put it in quotation marks)"
    if wanted is bool and isinstance(value, str) and value.lower() in BOOLS:
        return " (text in quotation marks is no truth value: leave them out)"
    if wanted is float and isinstance(value, str):
        return " (YAML reads 1e-3 as text: write 1.0e-3)"
    if wanted is int and isinstance(value, str):
        return " (text in quotation marks and 1e3 are no numbers of YAML: write digits alone)"
    return ""


def to_float(value: int) -> float:
    """Return a whole number as a float; one beyond all floats as infinity, which RANGES refuse."""
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def overlay(values: Mapping) -> Settings:
    """Return the defaults with `values` in place of their own.

    InputError for an unknown key and an impossible value.
    """
    for key in values:
        if key not in TYPES:
            like = get_close_matches(str(key), TYPES, 1)
            what = f"did you mean {like[0]}?" if like else f"possible: {', '.join(TYPES)}"
            raise InputError(f"{key}: no such setting; {what}")
    return Settings(**values)


def read_params(path: str | Path, pairs: list[str] | None = None) -> Settings:
    """Return the settings of a params file, with `key=value` pairs of a command line over it.

    A relative path that does not exist here is one of the checkout: so the commands of the README,
    and those that messages name, run in any folder.
    """
    changes = {}
    for key, value in map(parse_pair, pairs or []):
        if key in changes:
            raise InputError(f"-p {key}: given twice, as {changes[key]} and as {value}; keep one")
        changes[key] = value
    try:
        file = expanded(path)
        file = file if file.exists() else ROOT / file
        values = mapping(file.read_text(encoding="utf-8"))
        return overlay({**values, **changes})
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror or error}; name a file like params/quick.yml"
        ) from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a YAML file in UTF-8: {error}") from error


def mapping(text: str) -> dict:
    """Return the flat mapping of a params file.

    InputError for what YAML would silently change or drop.
    """
    try:
        values = yaml.safe_load(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except Exception as error:  # PyYAML raises errors of many kinds, such as KeyError
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"not a YAML file: {reason}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise InputError("not a mapping; each line should read `key: value`")
    lines = {}
    for name, value in root.value:
        key, line = name.value, name.start_mark.line + 1
        if key in lines:
            raise InputError(f"{key}: given twice, in lines {lines[key]} and {line}; keep one")
        if key == "<<":
            raise InputError(
                f"<<: merging, in line {line}, is not possible; write each key in a line of its own"
            )
        if value.tag.endswith((":int", ":float")):
            decimal(key, value.value)
        lines[key] = line
    return values


def decimal(key: str, text: str) -> None:
    """InputError for a number whose value is not what it looks like.

    YAML reads 010 as 8 and 1:30 as 90; YAML and Python read 1_0 as 10.
    """
    if re.search(r"[_:]|^[-+]?0[0-9bx]", text):
        raise InputError(
            f"{key}: {text!r} is ambiguous; write it in decimal, without leading 0, `_` and `:`"
        )


def parse_pair(text: str) -> tuple[str, object]:
    """Return key and value of a command line's `key=value`, as the setting's type."""
    key, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"-p {text}: not of the form key=value")
    try:
        wanted = TYPES.get(key, str)
        parsed = BOOLS[value.lower()] if wanted is bool else wanted(value)
    except (ValueError, KeyError, OverflowError):
        raise InputError(f"{key}: {value!r} is not {TYPE_NAMES[wanted]}") from None
    if wanted in (int, float):
        decimal(key, value)
    return key, parsed


def v1_settings(settings: Settings, variation: str = "hidden-factors", **changes) -> Settings:
    """Return the same network and epochs, trained as in v1.

    v1 has its own methods, SGD with momentum, weight decay, and one late step of the learning rate.
    """
    regime = {
        "optimiser": "sgd",
        "learning_rate": 0.03,
        "momentum": 0.9,
        "weight_decay": 0.001,
        "decay": 0.316,
    }
    # v1's 65 of 100; a single epoch has no step
    decay_epoch = min(round(0.65 * settings.epochs), settings.epochs - 1)
    return replace(
        settings, rows_of="v1", variation=variation, decay_epoch=decay_epoch, **regime, **changes
    )


def v1_class_counts(settings: Settings) -> Settings:
    """Return `v1_settings` of people who differ in class counts, without flips, as v1 has them."""
    return v1_settings(
        settings, variation="class-counts", cohorts=1, exchange=False, flips=False, min_items=0
    )


def settings_of(namespace: Mapping) -> Settings:
    """Return the settings that a notebook's cells assign: its `globals()` of settings' names."""
    defined_before = from_startup(namespace)
    names = [key for key in TYPES if key in namespace and key not in defined_before]
    return overlay({key: namespace[key] for key in names})


def from_startup(namespace: Mapping) -> set[str]:
    """Return names that IPython's start-up files defined and no cell has assigned since."""
    if "get_ipython" not in namespace:
        return set()
    shell = namespace["get_ipython"]()
    assigned = set()
    for cell in shell.history_manager.input_hist_parsed:
        try:
            names = symtable.symtable(cell, "cell", "exec").get_symbols()
        except (SyntaxError, ValueError):  # such a cell did not run
            continue
        assigned |= {name.get_name() for name in names if name.is_assigned() or name.is_imported()}
    # identity alone is not enough: a cell may assign the same object, such as a small number
    before = shell.user_ns_hidden
    return {key for key in before if namespace.get(key) is before[key]} - assigned


def as_dict(settings: Settings) -> dict:
    """Return the settings as a plain dict, in their order."""
    return asdict(settings)
