"""Studies of sequences, of other networks, and of files of the user's own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from perso.errors import InputError
from perso.methods.registry import V3, named
from perso.settings import Settings
from perso.store.sqlite import unpacked
from perso.study import jobs, study
from perso.study.study import Study
from perso.training import engine, inference
from perso.training.recipe import init_state

NETWORK = """
import torch
from torch import nn

class Small(nn.Module):
    def __init__(self, {arguments}):
        super().__init__()
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(shape[0] * shape[1], classes)

    def forward(self, x):
        return self.head(self.drop(x.flatten(1)))
"""


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings of eight people's waves: 2 channels, 9 steps, 3 classes."""
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(8), 30)
    labels = np.tile(np.arange(3), 80)
    angle = 2 * np.pi * (np.arange(9) / 9 + labels[:, None] / 3)
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    waves += rng.normal(size=8)[who][:, None, None] + 0.3 * rng.normal(size=waves.shape)
    path = tmp_path / "waves.npz"
    np.savez(path, sequences=waves.astype("float32"), labels=labels, who=who)
    return Settings(
        dataset=f"file:{path}",
        individuals=4,
        global_people=4,
        flips=False,
        architecture="gru",
        width=0.25,
        epochs=4,
        batch_size=16,
        learning_rate=0.02,
        largest_dose=40,
        device="cpu",
    )


@pytest.fixture
def network(tmp_path) -> Callable:
    """`network(arguments)` writes a class of the user's own and returns its reference."""

    def write(arguments: str = "shape, classes") -> str:
        path: Path = tmp_path / "net.py"
        path.write_text(NETWORK.format(arguments=arguments))
        return f"{path}:Small"

    return write


SOME = named("BaseLine", "SW-n-2", "TL-n-0", "TL-n-10 (1e-3)")


def test_a_recurrent_network_learns_sequences(settings, tmp_path):
    one = Study(settings, tmp_path / "rows.sqlite")
    rows = one.run(SOME, jobs=1)
    assert len(rows) == 16 and (rows["lanes"] == 4).all()
    assert rows["acc_G"].mean() > 0.8  # of three classes
    for line in rows.itertuples():
        assert line.acc_G == unpacked(line.hits_G, line.n_G).mean()


def test_a_network_of_the_users_own_trains_in_processes(settings, network, tmp_path):
    """With dropout of its own, its numbers are the same in every process and at every time."""
    own = replace(settings, architecture=network())
    one, again = (Study(own, tmp_path / f"{n}.sqlite") for n in range(2))
    rows = one.run(SOME, jobs=2)
    repeated = again.run(SOME, jobs=1)
    numbers = ["key", "method", "person", "acc_I", "hits_I", "hits_G", "iterations"]
    assert rows[numbers].equals(repeated[numbers])
    assert (rows["lanes"] == 1).all() and rows["acc_G"].mean() > 0.5


@pytest.mark.parametrize("architecture", ["gru", "own"])
def test_models_at_once_are_as_models_apart(architecture, settings, network):
    """Whether they share a network or not, and whatever the order: in float64, by SGD."""
    if architecture == "own":
        architecture = network()
    data = Study(replace(settings, architecture=architecture), "nowhere.sqlite").data
    how = replace(jobs.recipe(data), precision="float64", optimiser="sgd")
    rng = np.random.default_rng(1)
    runs = [
        engine.Run(
            rng.integers(0, len(data.labels), (6, 8)).astype(np.int32),
            [0.1] * 6,
            init_state(how, seed),
            seed,
        )
        for seed in range(3)
    ]
    samples = engine.Samples(data.inputs, data.labels)
    lanes = 1 if how.lanes == 1 else 3
    together = engine.train(replace(how, lanes=lanes), samples, runs)[6]
    for run, state in zip(runs, together, strict=True):
        (apart,) = engine.train(replace(how, lanes=1), samples, [run])[6]
        for name, tensor in apart.items():
            assert np.allclose(tensor, state[name], rtol=0, atol=1e-12)


def test_sequences_leave_out_what_an_auto_encoder_for_images_chooses(settings, capsys):
    study.warn_once.cache_clear()
    one = Study(settings, "nowhere.sqlite")
    left_out = {method.name for method in V3 if method.needs_encoder}
    names = {method.name for method in V3 if study.dose(method) <= 40}
    assert {method.name for method in one.methods} == names - left_out
    message = capsys.readouterr().err
    assert message.startswith("perso: left out, because") and all(n in message for n in left_out)


def test_the_key_of_sequences_is_without_the_size_of_images(settings):
    before, after = (Study(replace(settings, image_size=s), "nowhere.sqlite") for s in (16, 32))
    assert before.keys(SOME) == after.keys(SOME)


def test_the_key_of_a_network_of_the_users_own_is_without_what_it_does_not_take(settings, network):
    own = replace(settings, architecture=network())
    before, after = (Study(replace(own, width=w), "nowhere.sqlite").keys(SOME) for w in (0.5, 1.0))
    assert before == after != Study(settings, "nowhere.sqlite").keys(SOME)


def test_a_network_that_does_not_fit_is_refused_before_training(settings, network):
    for architecture, problem in (
        ("vgg", r"vgg needs images .* sequences \[9, 2\]; for sequences take gru"),
        (network("classes"), r"Small\(\(9, 2\), 3\) failed \(TypeError"),
        ("nowhere.py:Small", r"nowhere.py cannot be read"),
    ):
        with pytest.raises(InputError, match=f"^architecture: {problem}"):
            Study(replace(settings, architecture=architecture), "nowhere.sqlite")


def test_weights_that_a_network_does_not_have_are_refused_before_training(settings, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from perso.methods.method import Method, Phase\n"
        'NORM = (Phase("I", 3, rate=0.1, trains="norm"),)\n'
        'MINE = Method("norm alone", "own", "", "generic", NORM)\n'
    )
    with pytest.raises(
        InputError, match=r'^rows_of: norm alone: trains: this network cannot train "norm"; it can'
    ):
        Study(replace(settings, rows_of=f"{path}:MINE"), "nowhere.sqlite")


METHODS = """
import threading
from perso.methods.method import EPOCHS, Method, Phase

LOCK = threading.Lock()

def keep(movement):
    with LOCK:
        return movement.end

LATE = (Phase("I", 3, rate=0.1),)
LOCKED = Method("locked", "own", "", "generic", LATE, after=keep)
HELD = Method("held", "own", "", "generic", LATE, held_out=20)
LONG = Method("long", "own", "", phases=(Phase("I", 60), EPOCHS))
"""


@pytest.fixture
def methods(tmp_path) -> Path:
    """A file of methods."""
    path = tmp_path / "methods.py"
    path.write_text(METHODS)
    return path


def test_code_that_no_other_process_can_have_is_one_line(settings, methods, tmp_path):
    locked = replace(settings, rows_of=f"{methods}:LOCKED")
    one = Study(locked, tmp_path / "rows.sqlite")
    with pytest.raises(InputError, match=r"^code of your own cannot be sent .*--jobs 1$"):
        one.run(jobs=2)
    assert len(one.run(jobs=1)) == 8


def test_nothing_can_be_held_out_of_one_sample(settings, methods):
    few = replace(settings, rows_of=f"{methods}:HELD")
    assert Study(few, "nowhere.sqlite").methods
    few = replace(few, train_share=0.05)
    with pytest.raises(InputError, match=r"^rows_of: held: held_out needs two training samples"):
        Study(replace(few, dataset=few_samples(few.dataset)), "nowhere.sqlite")


def few_samples(dataset: str) -> str:
    """The data set with six samples of each person."""
    path = dataset.removeprefix("file:")
    arrays = dict(np.load(path))
    np.savez(path, **{name: array[::5] for name, array in arrays.items()})
    return dataset


def test_a_line_names_own_methods_that_the_largest_dose_leaves_out(settings, methods, capsys):
    study.warn_once.cache_clear()
    one = Study(replace(settings, rows_of=f"{methods}:LONG"), "nowhere.sqlite")
    assert [method.name for method in one.methods] == ["BaseLine"]
    assert "perso: left out by largest_dose: 40: long" in capsys.readouterr().err


def test_an_answer_does_not_depend_on_its_batch(settings, tmp_path):
    """Of a recurrent network, as of every other: one sample at a time, or all at once."""
    one = Study(replace(settings, precision="float64"), tmp_path / "rows.sqlite")
    how = jobs.recipe(one.data)
    state = init_state(how, 3)
    index = np.arange(40)
    whole = inference.predict(how, one.data.inputs, state, index)
    single = [inference.predict(how, one.data.inputs, state, index[n : n + 1])[0] for n in index]
    assert whole.tolist() == single
