"""The key of a model changes with what changes its numbers, and with nothing else."""

import functools
import itertools
import types
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import pytest

from perso.data import cohort, sources
from perso.data.dataset import prepare
from perso.errors import InputError
from perso.methods.after import Share
from perso.methods.answer import Neighbours
from perso.methods.method import Method, Phase, Shaping, decides_numbers
from perso.methods.registry import named
from perso.own_code import own_object
from perso.paths import ROOT
from perso.settings import TYPES, Settings, overlay, read_params
from perso.store import published
from perso.study import identity
from perso.study.study import Study

PUBLISHED = published.files()
MODEL = ["method", "person", "repeat", "key"]
TINY = replace(
    read_params(ROOT / "params" / "smoke.yml"),
    width=1 / 16,
    epochs=1,
    batch_size=16,
    learning_rate=0.03,
    device="cpu",
)
TL = named("transfer learning")
EVERY = (  # of each family; methods of data grouping have their own tests in test_encoder.py
    *named("BaseLine", "own data in the union", "BaseLine + 400 iterations"),
    *named("ES-n-400 on another person", "early shaping", "sample weighing", "TL-n-0"),
    *TL,
    Method(
        "SW, then late",
        "control",
        "two methods joined",
        phases=Shaping(n_I="2", late=2, late_rate=0.01).phases,
    ),
)


def keys_of(settings: Settings, methods=EVERY) -> dict:
    """{(method, person, repeat): key} of a study."""
    jobs = Study(settings, "nowhere.sqlite").jobs(methods)
    return {
        (name, str(person), job.repeat): key
        for job in jobs
        for (name, person), key in job.keys.items()
    }


def changed(before: dict, after: dict) -> set:
    """The models (method, person) that have another key after; all of them are in both."""
    return {model[:2] for model in before if before[model] != after[model]}


# --- published rows are found for good


@pytest.fixture(autouse=True, scope="module")
def load_once():
    """Read each data set once for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "load", functools.cache(sources.load))
        yield


def published_models(run: published.Published) -> set:
    """The (method, person, repeat, key) of a published file's rows."""
    return set(run.rows[MODEL].itertuples(index=False, name=None))


def computed_models(settings: Settings) -> set:
    """The (method, person, repeat, key) that a study of these settings has today."""
    wanted = Study(replace(settings, device="cpu"), "nowhere.sqlite").wanted()
    return set(wanted[MODEL].itertuples(index=False, name=None))


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_all_keys_of_a_published_file_are_computed_from_its_settings(path, require_data):
    """Settings that are new since take their default; those that were removed decided no number."""
    run = published.read_rows(path)
    recorded = run.provenance["settings"]
    settings = overlay({name: value for name, value in recorded.items() if name in TYPES})
    require_data(settings.dataset)
    assert len(run.rows) > 0 and published_models(run) <= computed_models(settings)


@pytest.mark.parametrize(
    "path",
    [path for path in PUBLISHED if (ROOT / "params" / f"{path.stem}.yml").exists()],
    ids=lambda path: path.stem,
)
def test_all_keys_of_a_published_file_are_computed_from_its_params_file(path, require_data):
    settings = read_params(ROOT / "params" / f"{path.stem}.yml")
    require_data(settings.dataset)
    assert published_models(published.read_rows(path)) <= computed_models(settings)


# --- settings

NUMBERS_CHANGE = {
    "width": 0.125,
    "epochs": 2,
    "batch_size": 32,
    "learning_rate": 0.002,
    "optimiser": "sgd",
    "lanes": 1,
    "weight_decay": 0.01,
    "decay_epoch": 1,
    "precision": "bfloat16",
    "threads": 2,
    "train_share": 0.6,
    "flips": False,
    "seed": 1,
    "channels_last": "never",
    "compile": "always",
    "norm": "before",
    "split": "image",
    "planted": "prior",
}
NUMBERS_STAY = {
    "device": "auto",
    "graph": "always",
    "in_flight": 3,
    "momentum": 0.5,
    "decay": 0.5,
    "min_items": 5,
    "global_items": 5,
    "global_people": 3,
    "outside_people": 3,  # without what learns how people differ, see test_enrolled_networks.py
    "main_items": 5,
    "side_items": 5,
    "rows_of": "doses",
    "claims_of": "claims.py:MINE",  # `perso claims` alone reads it
    "largest_dose": 50,
    "pooling": "flatten",  # at 8 × 8
    "latent": 3,
    "encoder_epochs": 3,  # without data grouping
}
SEE_BELOW = {
    "architecture",
    "dataset",
    "variation",
    "individuals",
    "exchange",
    "folds",
    "context",
    "available",
    "cohort_seed",
    "cohorts",
    "image_size",
    "repeats",
    "reference_repeats",
    "rotate",
}


def test_every_setting_is_listed_as_one_that_changes_numbers_or_not():
    assert {*NUMBERS_CHANGE, *NUMBERS_STAY, *SEE_BELOW} == {
        field.name for field in fields(Settings)
    }


@pytest.mark.parametrize("setting", NUMBERS_CHANGE)
def test_what_changes_numbers_changes_every_key(setting):
    base = TINY
    if setting == "decay_epoch":  # needs an epoch before it and one after it
        base = replace(TINY, epochs=3)
    before, after = keys_of(base), keys_of(replace(base, **{setting: NUMBERS_CHANGE[setting]}))
    assert before.keys() == after.keys() and not set(before.values()) & set(after.values())


@pytest.mark.parametrize("setting", NUMBERS_STAY)
def test_what_changes_no_numbers_changes_no_key(setting):
    assert keys_of(TINY) == keys_of(replace(TINY, **{setting: NUMBERS_STAY[setting]}))


def test_cohorts_have_the_keys_of_each_alone(tmp_path):
    path = tmp_path / "writers.npz"
    draw = np.random.default_rng(0)
    who = np.repeat(np.arange(12), 20)
    images = draw.integers(0, 256, (240, 8, 8), dtype=np.uint8)
    labels = np.tile(np.arange(10), 24)
    np.savez(path, images=images, labels=labels, who=who)
    each = replace(TINY, dataset=f"file:{path}", individuals=4, global_people=2, exchange=False)
    # one model a network: in a shared one, the number of people counts
    each = replace(each, lanes=1)
    alone = [keys_of(replace(each, cohort_seed=seed)) for seed in (0, 1)]
    assert not set(alone[0].values()) & set(alone[1].values())
    assert keys_of(replace(each, cohorts=2)) == alone[0] | alone[1]


def test_more_repeats_leave_the_first_as_they_were():
    more = keys_of(replace(TINY, reference_repeats=3))
    before = keys_of(TINY)
    assert before.items() <= more.items()
    assert len(more) > len(before)


def test_a_rotated_split_is_another_model_and_the_first_repeat_is_not():
    before, after = (keys_of(replace(TINY, repeats=2, rotate=rotate)) for rotate in (False, True))
    same = {model for model in before if before[model] == after[model]}
    assert same == {model for model in before if model[2] == 0}


@pytest.mark.parametrize(
    ("setting", "needed"),
    [("momentum", {"optimiser": "sgd"}), ("decay", {"epochs": 2, "decay_epoch": 1})],
)
def test_some_settings_change_numbers_only_with_others(setting, needed):
    base = replace(TINY, **needed)
    after = keys_of(replace(base, **{setting: NUMBERS_STAY[setting]}))
    assert not set(keys_of(base).values()) & set(after.values())


def test_momentum_belongs_to_late_iterations_of_sgd_too():
    late = named("TL-n-10 (1e-2 sgd)", "TL-n-10 (1e-3)", table="sweeps")
    touched = changed(keys_of(TINY, late), keys_of(replace(TINY, momentum=0.5), late))
    assert {name for name, _ in touched} == {"TL-n-10 (1e-2 sgd)"}


def test_all_keys_of_a_study_differ():
    keys = keys_of(replace(TINY, repeats=2))
    assert len(keys) == len(set(keys.values())) == 2 * 4 * len(EVERY)
    assert keys_of(TINY).items() <= keys.items()  # more repeats keep the first


# --- methods


def test_a_late_rate_belongs_to_its_own_methods():
    def swapped(phase: Phase) -> Phase:
        return replace(phase, rate=0.005) if phase.rate == 1e-3 else phase

    methods = tuple(replace(m, phases=tuple(map(swapped, m.phases))) for m in EVERY)
    touched = {name for name, _ in changed(keys_of(TINY), keys_of(TINY, methods))}
    assert touched == {m.name for m in EVERY if m.shaping.late_rate == 1e-3}
    assert len(touched) == 2


def test_what_only_names_a_method_changes_no_key():
    renamed = tuple(replace(m, family="control", meaning="as before") for m in EVERY)
    assert keys_of(TINY) == keys_of(TINY, renamed)


def test_further_methods_leave_the_keys_of_the_others():
    assert keys_of(TINY, EVERY[1::3]).items() <= keys_of(TINY).items()
    # also where they share a trajectory
    assert keys_of(TINY, TL[:1]).items() <= keys_of(TINY, TL).items()


# --- methods beyond the papers' terms


def yields(*iterations: int):
    """A schedule of the user's own: batches from D_I in these iterations."""
    return lambda length, n_iter: np.isin(np.arange(length), iterations)


OPEN = Method(
    "open",
    "own",
    "every field at its default or at the smallest value that others need",
    phases=(Phase("I", 4, rate=0.01), Phase(yields(1), 4, rate=0.1)),
    held_out=20,
)
# one other value of every field of the records that decides numbers
OTHER_METHOD = {
    "start": "generic",
    "phases": OPEN.phases[:1],
    "after": Share(0.5),
    "answer": Neighbours(),
    "held_out": 10,
    "samples": (5, {"held_out": 0}),
    "individual_data": ("other", {"held_out": 0}),
    "global_extra": "own",
    "enlarged_by": ("random", {"held_out": 0, "percent": 5}),
    "percent": 5,
    "with_own": False,
}
OTHER_PHASE = {
    "draws": "G",
    "iterations": 5,
    "epochs": (1, {"iterations": 0}),
    "rate": 0.02,
    "replay": 0.5,
    "optimiser": "sgd",
    "trains": "head",
    "statistics": False,
    "pull": 0.1,
    "pull_l1": 0.1,
    "l1": 0.1,
    "best_every": 2,
    "average": 0.5,
}


def key_of(method: Method, settings: Settings = TINY) -> str:
    """The key of a method's model of one person, the same for all methods."""
    keys = keys_of(settings, (method,))
    return keys[min(keys)]


def with_other(record, name: str, others: dict):
    """The record with another value of a field, and the record to compare it with."""
    value = others[name]
    value, needed = value if isinstance(value, tuple) and name != "phases" else (value, {})
    before = replace(record, **{key: needed[key] for key in needed if key != "iterations"})
    return replace(record, **needed, **{name: value}), before


@pytest.mark.parametrize("field", fields(Method), ids=lambda field: field.name)
def test_every_field_of_a_method_decides_its_key_or_only_names_it(field):
    if not decides_numbers(field):
        renamed = replace(OPEN, **{field.name: "control" if field.name == "family" else "other"})
        assert key_of(renamed) == key_of(OPEN)
        return
    changed, before = with_other(OPEN, field.name, OTHER_METHOD)
    assert key_of(changed) != key_of(before)


@pytest.mark.parametrize("field", fields(Phase), ids=lambda field: field.name)
@pytest.mark.parametrize("place", [0, 1])
def test_every_field_of_a_phase_decides_the_key(field, place):
    phases = list(OPEN.phases)
    changed, _ = with_other(phases[place], field.name, OTHER_PHASE)
    phases[place] = changed
    assert key_of(replace(OPEN, phases=tuple(phases))) != key_of(OPEN)


def test_a_schedule_of_ones_own_is_what_it_yields():
    def with_draws(draws) -> Method:
        return replace(OPEN, phases=(Phase(draws, 4, rate=0.1),))

    assert key_of(with_draws(yields(1, 2))) == key_of(with_draws(yields(2, 1)))
    assert key_of(with_draws(yields(1))) != key_of(with_draws(yields(2)))


def test_what_a_method_starts_from_decides_its_key():
    first, second = (replace(OPEN, after=Share(share)) for share in (0.4, 0.6))
    then = {"phases": OPEN.phases[:1], "held_out": 20}
    assert key_of(Method("a", "own", "", first, **then)) != key_of(
        Method("a", "own", "", second, **then)
    )
    assert key_of(Method("a", "own", "", first, **then)) == key_of(
        Method("a", "own", "", replace(first, name="renamed"), **then)
    )


def test_momentum_of_what_a_method_starts_from_decides_its_key():
    first = Method("first", "own", "", phases=(Phase("I", 2, rate=0.1, optimiser="sgd"),))
    then = Method("then", "own", "", first, (Phase("I", 2, rate=0.1),))
    assert key_of(then) != key_of(then, replace(TINY, momentum=0.5))


def test_plain_epochs_from_initial_weights_are_not_the_generic_network():
    fresh = Method("epochs on D_G, weights of one's own", "own", "")
    generic = named("TL-n-0")[0]
    assert key_of(fresh) != key_of(generic)


def test_code_of_ones_own_is_part_of_the_key(tmp_path):
    """Of a function that comes after the training, and of a network: by the text of its file."""
    keys = []
    for text in ("movement.start", "movement.end", "movement.end  # again"):
        path = tmp_path / f"mine{len(keys)}.py"
        path.write_text(f"def keep(movement):\n    return {text}\n")
        method = replace(OPEN, after=own_object("rows_of", f"{path}:keep"))
        keys.append(key_of(method))
    assert len(set(keys)) == 3
    moved = tmp_path / "elsewhere.py"
    moved.write_text(path.read_text())
    assert key_of(replace(OPEN, after=own_object("rows_of", f"{moved}:keep"))) == keys[-1]


def keep(movement, share=0.5):
    return movement.end


def keep_all(movement):
    return movement.end


class Keep:
    def __init__(self, share):
        self.share = share

    def __call__(self, movement):
        return movement.end


@dataclass(frozen=True)
class Record:
    value: object

    def __call__(self, movement):
        return movement.end


class Inherited(Record):
    pass


def test_functions_of_one_file_differ_by_their_names_and_defaults():
    def with_default(share: float) -> Method:
        function = types.FunctionType(keep.__code__, globals(), "keep", (share,))
        return replace(OPEN, after=function)

    assert key_of(with_default(0.5)) == key_of(replace(OPEN, after=keep))
    assert key_of(with_default(0.7)) != key_of(with_default(0.5))
    assert key_of(replace(OPEN, after=keep)) != key_of(replace(OPEN, after=keep_all))


def test_two_functions_of_a_users_file_have_keys_of_their_own(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def start(movement):\n    return 0\n\ndef end(movement):\n    return 1\n")
    methods = [replace(OPEN, after=own_object("rows_of", f"{path}:{n}")) for n in ("start", "end")]
    assert key_of(methods[0]) != key_of(methods[1])


def test_code_that_a_record_inherits_is_part_of_its_key():
    assert identity.code_of(Inherited(1)) == identity.code_of(Record(1)) != []
    assert identity.code_of(Share(0.5)) == identity.code_of(OPEN) == []


def made(share):
    """A function that keeps what it depends on where no key sees it."""

    def kept(movement):
        return share

    return kept


@pytest.mark.parametrize(
    "after",
    [
        lambda movement: movement.end,
        made(0.5),
        functools.partial(keep, share=0.5),
        Keep(0.5),
        Keep(0.5).__call__,
        Share,
        Record(np.float32(0.5)),
    ],
    ids=["lambda", "closure", "partial", "object", "bound method", "class", "field"],
)
def test_what_does_not_show_what_it_depends_on_is_refused(after):
    """Else two that differ would share a key, and the second would not be trained."""
    with pytest.raises(
        InputError, match=r"^rows_of: open: .* does not show what it depends on; needed is"
    ):
        key_of(replace(OPEN, after=after))


def raises(length, n_iter):
    raise IndexError("oops")


def at_random(length, n_iter):
    return np.random.default_rng().random(length) < 0.5


@pytest.mark.parametrize(
    ("draws", "problem"),
    [
        (raises, r"raises\(40, \d+\) failed in line \d+ \(IndexError: oops\)"),
        (lambda *_: None, r"<lambda>\(40, \d+\) returned object \[\]"),
        (at_random, "a second call returns another schedule"),
    ],
)
def test_a_schedule_that_fails_is_refused_in_one_line_before_training(draws, problem):
    with pytest.raises(InputError, match=f"^rows_of: open: draws: {problem}"):
        key_of(replace(OPEN, phases=(Phase(draws, 40),)))


def test_equal_numbers_of_another_type_make_equal_methods():
    phase = Phase("I", np.int64(4), rate=1, pull=np.float64(1))
    assert (phase, Phase("I", 4, rate=1)) == (
        Phase("I", 4, rate=1.0, pull=1.0),
        Phase("I", 4, 0, 1.0),
    )
    one, other = (replace(OPEN, phases=(Phase("I", 4, rate=rate),)) for rate in (1, 1.0))
    assert key_of(one) == key_of(other)
    assert key_of(replace(OPEN, held_out=np.int64(20))) == key_of(OPEN)


def test_another_architecture_is_another_key():
    before, after = keys_of(TINY), keys_of(replace(TINY, architecture="gru"))
    assert not set(before.values()) & set(after.values())


# --- people and their data


@pytest.fixture
def people(tmp_path) -> Callable:
    """`people(alter)` writes three people's images into a new file and returns its settings.

    alter   changes the arrays in place before they are written
    """
    number = itertools.count()

    def write(alter=lambda images, labels, who: None) -> Settings:
        images = np.random.default_rng(0).integers(0, 256, (60, 16, 16)).astype(np.uint8)
        labels, who = np.arange(60) % 5, np.array(["ann", "bob", "eve"]).repeat(20)
        alter(images, labels, who)
        path = tmp_path / str(next(number)) / "people.npz"
        cohort.save(cohort.Cohort(images, labels, who, np.arange(60)), path)
        return replace(TINY, dataset=f"file:{path}", exchange=False, individuals=2, global_people=1)

    return write


def roles(settings: Settings) -> tuple:
    """The two individuals and the one person of D_G."""
    (fold,) = prepare(settings).splits.folds
    return (*fold.individuals, *fold.global_people)


def test_a_path_is_no_part_of_a_key(people, tmp_path):
    one, two = people(), people()
    assert one.dataset != two.dataset
    assert keys_of(one) == keys_of(two)
    here = Study(one, tmp_path / "a.sqlite", tmp_path)
    assert here.keys() == Study(one, tmp_path / "b.sqlite").keys()


def test_a_key_is_of_the_people_drawn_and_not_of_the_seed_that_drew_them(people):
    study = Study(people(), "nowhere.sqlite")
    drawing = {"cohort_seed", "individuals", "global_people"}
    assert not drawing & identity.common(study.data).keys()


def test_another_image_size_changes_every_key(people):
    before = keys_of(replace(people(), image_size=8))
    after = keys_of(replace(people(), image_size=16))
    assert changed(before, after) == {model[:2] for model in before}


def with_another_pixel(person):
    def alter(images, labels, who):
        images[np.flatnonzero(who == person)[3], 2, 2] ^= 255

    return alter


def with_labels_swapped(person):
    def alter(images, labels, who):
        first, second, *_ = np.flatnonzero(who == person)
        labels[[first, second]] = labels[[second, first]]

    return alter


@pytest.mark.parametrize("altered", [with_another_pixel, with_labels_swapped])
def test_a_persons_data_change_the_keys_of_the_models_that_learn_from_them(altered, people):
    before = keys_of(people())
    individual, neighbour, global_person = roles(people())
    of_D_G = keys_of(people(altered(global_person)))
    assert changed(before, of_D_G) == {model[:2] for model in before}
    own = {(method.name, individual) for method in EVERY}
    of_neighbour = {
        (method.name, neighbour)
        for method in EVERY
        if "other" in (method.global_extra, method.individual_data)
    }
    assert len(of_neighbour) == 3
    assert changed(before, keys_of(people(altered(individual)))) == own | of_neighbour


def test_the_neighbours_data_decide_what_starts_from_a_method_that_learns_from_them(people):
    first = Method("first", "own", "", individual_data="other", phases=(Phase("I", 2),))
    then = Method("then", "own", "", first, (Phase("I", 2, rate=0.1),))
    individual, neighbour, _ = roles(people())
    before = keys_of(people(), (then,))
    after = keys_of(people(with_another_pixel(neighbour)), (then,))
    assert ("then", individual) in changed(before, after)


@pytest.mark.parametrize("lanes", [1, 2])
def test_more_individuals_keep_the_keys_of_those_who_were_there(lanes):
    """Except for the last one, who has a new neighbour; the lanes of the first four stay."""
    base = replace(TINY, exchange=False, global_people=4, individuals=4, lanes=lanes)
    before, after = keys_of(base), keys_of(replace(base, individuals=6))
    last = str(prepare(base).splits.individuals[-1])
    assert changed(before, after) == {
        (m.name, last) for m in EVERY if "other" in (m.global_extra, m.individual_data)
    }


def test_another_place_among_the_lanes_is_another_key():
    base = replace(TINY, exchange=False, global_people=4, individuals=3, lanes=2)
    before, after = keys_of(base), keys_of(replace(base, individuals=4))
    alone = str(prepare(base).splits.individuals[-1])
    assert changed(before, after) == {(method.name, alone) for method in EVERY}
