"""The key of a model: the hash of everything that decides its numbers, and of nothing else.

A rerun trains the models whose keys are missing, so a key must not depend on a path, a host or a
device. Published rows are found by their keys for good: a change here that alters no number must
alter no key (tests/study/test_identity.py computes the keys of all files in `results/`).

Everywhere, `data` has resolved settings (see `hardware.resolved`), with nothing left open.
"""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace

import numpy as np

from perso.data.dataset import StudyData
from perso.data.splits import Fold, Person
from perso.errors import InputError
from perso.methods import schedules
from perso.methods.method import Method, Phase, decides_numbers
from perso.methods.starts import Enrolled, MetaLearned, Prototypes, UserNetwork
from perso.own_code import DIGEST, digest, is_reference
from perso.seeds import encode, fingerprint, fingerprints
from perso.settings import Settings
from perso.study import plans
from perso.training import engine

ALWAYS = (
    "image_size",
    "width",
    "precision",
    "threads",
    "batch_size",
    "epochs",
    "optimiser",
    "learning_rate",
    "weight_decay",
    "train_share",
    "flips",
    "seed",
)
ENCODER_SETTINGS = (
    "image_size",
    "width",
    "precision",
    "threads",
    "channels_last",
    "compile",
    "batch_size",
    "latent",
    "encoder_epochs",
    "train_share",
    "split",
    "flips",
    "seed",
)


def common(data: StudyData) -> dict:
    """Return what all models of a study share: engine version, number of classes, settings."""
    settings = data.settings
    names = [*ALWAYS, *sometimes(settings)]
    if data.kind != "images":  # they are never resized
        names.remove("image_size")
    if is_reference(settings.architecture):  # which takes no width
        names.remove("width")
    return {
        "engine": engine.VERSION,
        "classes": data.classes,
        **{name: getattr(settings, name) for name in names},
        **network_facts(settings.architecture),
    }


def network_facts(architecture: str) -> dict[str, str]:
    """Return what the keys hold of an architecture: nothing of the papers' network.

    A network of the user's own is the code of its file, wherever the file is.
    """
    if architecture == "vgg":
        return {}
    if is_reference(architecture):
        name = architecture.rpartition(":")[2]
        return {"architecture": f"{name} {digest('architecture', architecture)}"}
    return {"architecture": architecture}


def sometimes(settings: Settings) -> list[str]:
    """Return the settings that change numbers only together with others, or only off their default.

    Those at their default stay out, so that rows trained before a setting existed keep their keys.
    """
    names = []
    if settings.optimiser == "sgd":
        names.append("momentum")
    if settings.decay_epoch:
        names += ["decay_epoch", "decay"]
    if settings.channels_last == "never":
        names.append("channels_last")
    if settings.compile == "always":
        names.append("compile")
    if settings.split != "item":
        names.append("split")
    if settings.architecture == "vgg" and settings.norm != "after":
        names.append("norm")
    # up to 16 pixels a side, both values of `pooling` are the same network
    if (
        settings.architecture == "vgg"
        and settings.pooling != "average"
        and settings.image_size > 16
    ):
        names.append("pooling")
    return names


def generic_key(data: StudyData, fold_number: int, repeat: int) -> str:
    """Return the key of the generic network of a fold and repeat."""
    D_G = data.content_of(data.splits.folds[fold_number])
    more = []
    # in groups, the people of D_G are individuals of other folds, whose splits rotate
    if data.rotation and data.settings.groups > 1:
        more.append(["rotation", data.rotation])
    # the content holds the contexts also where D_G is split without them
    if "context" in data.source.attributes and not data.settings.context:
        more.append("without contexts")
    return fingerprint([common(data), plans.GENERIC, D_G, repeat, *more])


# what the keys of shared networks call each kind
NAMES = {
    MetaLearned: plans.META,
    UserNetwork: plans.USERS,
    Enrolled: plans.ENROLLED,
    Prototypes: plans.PROTOTYPES,
}


def start_key(
    data: StudyData,
    start: MetaLearned | UserNetwork | Enrolled | Prototypes,
    fold_number: int,
    repeat: int,
) -> str:
    """Return the key of a shared network of a fold and repeat, other than the generic one."""
    fold = data.splits.folds[fold_number]
    how = facts_of(start, data, fold)
    more = []
    if fold.outside_people and not isinstance(start, UserNetwork):
        more.append([data.content[person] for person in fold.outside_people])
    return fingerprint([generic_key(data, fold_number, repeat), NAMES[type(start)], how, *more])


def encoder_key(data: StudyData, fold_number: int) -> str:
    """Return the key of a fold's auto-encoder, which also learns from the individuals."""
    fold = data.splits.folds[fold_number]
    settings = {name: getattr(data.settings, name) for name in ENCODER_SETTINGS}
    people = [data.content[person] for person in fold.individuals]
    facts = {"engine": engine.VERSION, **settings}
    if data.rotation:  # it learns from other images of the individuals
        facts["rotation"] = data.rotation
    if data.settings.context:
        facts["available"] = data.settings.available
    return fingerprint([facts, plans.ENCODER, [data.content_of(fold), *people]])


def own_facts(
    data: StudyData, fold_number: int, repeat: int, groups: Iterable[tuple], with_other: bool
) -> dict[Person, str]:
    """Return what the keys of any method's models hold of each person, as `seeds.encode` writes it.

    groups       people whose models are fused in one network, network by network: their number and
                 a person's place among them decide how sums are rounded
    with_other   whether another individual's data train the models, see `needs_other`
    """
    fold = data.splits.folds[fold_number]
    D_G = data.content_of(fold)
    own = {}
    for fused in groups:
        for place, person in enumerate(fused):
            other = data.content[fold.neighbour(person)] if with_other else ""
            who = [data.content[person], other, D_G]
            own[person] = encode([who, repeat, [place, len(fused)]])
    return own


def needs_other(method: Method) -> bool:
    """Return whether a method's models train on another individual's data."""
    return any("other" in (each.global_extra, each.individual_data) for each in method.lineage)


def keys(
    data: StudyData, method: Method, fold_number: int, repeat: int, own: Mapping[Person, str]
) -> dict[Person, str]:
    """Return the keys of a method's models of some people of a fold, {person: key}.

    own   the `own_facts` of these people
    What these models share is computed once.
    InputError where a function of the user's own fails, or does not show what it depends on.
    """
    before, more = shared_facts(data, method, fold_number, repeat)
    return dict(zip(own, fingerprints(before, own.values(), more), strict=True))


def key(
    data: StudyData, method: Method, fold_number: int, repeat: int, fused: tuple, person: Person
) -> str:
    """Return the key of one model; `fused` is the group of `own_facts` that the person is in."""
    own = own_facts(data, fold_number, repeat, [fused], needs_other(method))
    return keys(data, method, fold_number, repeat, own)[person]


def shared_facts(
    data: StudyData, method: Method, fold_number: int, repeat: int
) -> tuple[list, list]:
    """Return what the keys of a method's models share in a fold and repeat.

    Two lists: what stands before the facts about a person, and what stands after them.
    """
    fold = data.splits.folds[fold_number]
    more = []
    if method.needs_encoder:
        more.append(encoder_key(data, fold_number))
    if method.shared_start:
        more.append(start_key(data, method.shared_start, fold_number, repeat))
    if data.rotation:
        more.append(["rotation", data.rotation])
    # the contexts themselves are a part of the content
    if data.settings.context:
        more.append(["available", data.settings.available])
    # of a study by SGD, `common` holds the momentum
    optimisers = {phase.optimiser for each in method.lineage for phase in each.phases}
    if "sgd" in optimisers and data.settings.optimiser != "sgd":
        more.append(data.settings.momentum)
    try:
        decides = published_form(method) or [facts_of(method, data, fold)]
    except ValueError as error:
        raise InputError(f"rows_of: {method.name}: {error}") from error
    return [common(data), *decides], more


def published_form(method: Method) -> list | None:
    """What decides a method's numbers, as the keys of the first published rows have it.

    None for a method that goes beyond the papers' terms, and for one with a fresh start and plain
    epochs on D_G, whose form would be that of the generic network. Order and words never change.
    """
    terms = method.shaping
    if not terms:
        return None
    differs = terms.early or terms.extra or terms.n_I or method.global_extra
    plain = not differs and terms.epochs_factor in (0, 1)
    if plain != (method.start == "generic"):
        return None
    individual_data = method.individual_data if method.draws_from_I else ""
    more = []
    if method.enlarged_by:
        more.append(["added", method.enlarged_by, method.percent, method.with_own])
    if terms.epochs_factor > 1:
        more.append(["rounds", terms.epochs_factor])
    if terms.late and terms.late_optimiser:
        more.append(["late optimiser", terms.late_optimiser])
    trajectory = [terms.early, terms.extra, terms.n_I, method.global_extra, individual_data]
    return [[*trajectory, terms.late_rate, *more], terms.late]


def facts_of(value, data: StudyData, fold: Fold):
    """What decides numbers in a method or a field of it, as plain data.

    A record becomes its name with the fields that decide numbers and are not at their default; a
    schedule of the user's own becomes the iterations it yields; another function becomes its name,
    defaults and code. ValueError for a value that does not show all that it depends on.
    """
    if isinstance(value, Phase) and callable(value.draws):
        n_iter = plans.epoch_length(data, fold)
        drawn, again = (
            schedules.phase_schedule(value, n_iter, data.settings.epochs) for _ in range(2)
        )
        if not np.array_equal(drawn, again):
            raise ValueError("draws: a second call returns another schedule; seed its generator")
        named = facts_of(replace(value, draws="G", replay=0), data, fold)
        replayed = [value.replay] if value.replay else []
        return [named, fingerprint(np.flatnonzero(drawn).tolist()), *replayed]
    if is_dataclass(value) and not isinstance(value, type):
        found = {
            each.name: facts_of(getattr(value, each.name), data, fold)
            for each in fields(value)
            if decides_numbers(each) and getattr(value, each.name) != each.default
        }
        return [type(value).__name__, found, *code_of(value)]
    if isinstance(value, tuple):
        return [facts_of(each, data, fold) for each in value]
    if inspect.isfunction(value) and not value.__closure__ and "<" not in value.__qualname__:
        defaults = (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values())
        return [value.__qualname__, facts_of(defaults, data, fold), *code_of(value)]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    # such as a lambda or a partial: two of them that differ would share a key
    raise ValueError(
        f"{value!r} does not show what it depends on; needed is a function by `def`, not inside of "
        "another one, or a frozen dataclass with __call__ and numbers, text or tuples in its fields"
    )


def code_of(value) -> list[str]:
    """The code of a function or callable record; none for a record, and for this package's own.

    Of a file of the user's own it is the hash of the file: it holds what the function calls, too.
    """
    function = value
    if not inspect.isfunction(value):
        function = inspect.getattr_static(type(value), "__call__", None)
    if not inspect.isfunction(function) or function.__module__.startswith("perso."):
        return []
    return [function.__globals__.get(DIGEST) or fingerprint(inspect.getsource(function))]
