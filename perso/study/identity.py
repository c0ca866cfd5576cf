"""The key of a model: the hash of everything that decides its numbers, and of nothing else.

A rerun trains the models whose keys are missing, so a key must not depend on a path, a host or a
device. Published rows are found by their keys for good: a change here that alters no number must
alter no key (tests/study/test_identity.py computes the keys of all files in `results/`).

Everywhere, `data` has resolved settings (see `hardware.resolved`), with nothing left open.
"""

from perso.data.dataset import StudyData
from perso.data.splits import Person
from perso.methods.method import Method
from perso.seeds import fingerprint
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
    return {
        "engine": engine.VERSION,
        "classes": data.classes,
        **{name: getattr(settings, name) for name in names},
    }


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
    if settings.norm != "after":
        names.append("norm")
    # up to 16 pixels a side, both values of `pooling` are the same network
    if settings.pooling != "average" and settings.image_size > 16:
        names.append("pooling")
    return names


def generic_key(data: StudyData, fold_number: int, repeat: int) -> str:
    """Return the key of the generic network of a fold and repeat."""
    D_G = data.content_of(data.splits.folds[fold_number])
    return fingerprint([common(data), plans.GENERIC, D_G, repeat])


def encoder_key(data: StudyData, fold_number: int) -> str:
    """Return the key of a fold's auto-encoder, which also learns from the individuals."""
    fold = data.splits.folds[fold_number]
    settings = {name: getattr(data.settings, name) for name in ENCODER_SETTINGS}
    people = [data.content[person] for person in fold.individuals]
    facts = {"engine": engine.VERSION, **settings}
    return fingerprint([facts, plans.ENCODER, [data.content_of(fold), *people]])


def key(
    data: StudyData, method: Method, fold_number: int, repeat: int, fused: tuple, person: Person
) -> str:
    """Return the key of one model.

    fused   the people whose models are fused in one network with this one, this person included:
            their number and the person's place among them decide how sums are rounded
    """
    fold = data.splits.folds[fold_number]
    other = ""
    if "other" in (method.global_extra, method.individual_data):
        other = data.content[fold.neighbour(person)]
    who = [data.content[person], other, data.content_of(fold)]
    place = [fused.index(person), len(fused)]
    more = []
    if method.needs_encoder:
        more.append(encoder_key(data, fold_number))
    # of a study by SGD, `common` holds the momentum
    if method.late_optimiser == "sgd" and data.settings.optimiser != "sgd":
        more.append(data.settings.momentum)
    return fingerprint([common(data), method.trajectory, method.late, who, repeat, place, *more])
