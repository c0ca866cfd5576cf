"""Networks of the user's own: plain classes of PyTorch that know nothing of lanes."""

import io
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from joblib.externals.loky.backend import reduction
from torch import nn
from torch.nn import functional as F

from perso.own_code import own_object
from perso.training import engine
from perso.training.engine import Run, Samples, train
from perso.training.flops import forward_flops, network_sizes, step_cost
from perso.training.inference import latency, predict
from perso.training.models import State
from perso.training.recipe import Recipe, checked, init_state

CLASSES, BATCH, STEPS = 4, 16, 5
DRAW = np.random.default_rng(0)
IMAGES = DRAW.integers(0, 256, (80, 8, 8)).astype(np.uint8)
LABELS = DRAW.integers(0, CLASSES, 80)


class Own(nn.Module):
    """All that a state may hold: a count of batches, a number without an axis, a buffer."""

    def __init__(self, shape, classes):
        super().__init__()
        self.convolution = nn.Conv2d(1, 6, 3)
        self.norm = nn.BatchNorm2d(6)
        self.dropout = nn.Dropout(0.5)
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.register_buffer("grid", torch.linspace(0, 1, shape[1]), persistent=False)
        self.head = nn.Linear(6 * 36, classes)

    def forward(self, x):
        x = self.norm(self.convolution(x + self.grid).relu())
        return self.scale * self.head(self.dropout(x.view(len(x), -1)))


class Dry(Own):
    """The same without dropout, with a loss of its own."""

    def __init__(self, shape, classes):
        super().__init__(shape, classes)
        self.dropout = nn.Identity()

    def loss(self, outputs, labels):
        return F.multi_margin_loss(outputs, labels)


class Strokes(nn.Module):
    """For sequences [B, T, C]; its first layer takes its size from the first sample."""

    def __init__(self, shape, classes):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.LazyLinear(8), nn.Linear(8, classes))

    def forward(self, x):
        assert x.dim() == 3
        return self.layers(x)


RECIPE = Recipe(CLASSES, (8, 8), architecture=Own)
DRY = replace(RECIPE, architecture=Dry, precision="float64")


def run_of(recipe: Recipe, number: int, seed: int = 0, steps: int = STEPS) -> Run:
    plan = np.random.default_rng(number).integers(0, len(IMAGES), (steps, BATCH))
    return Run(plan, [0.01] * steps, init_state(recipe, number), seed)


def trained(recipe: Recipe, number: int = 1, seed: int = 0) -> State:
    return train(recipe, Samples(IMAGES, LABELS), [run_of(recipe, number, seed)])[STEPS][0]


def same(one: State, two: State) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


# --- training


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_it_trains_as_by_a_plain_loop(optimiser):
    recipe = replace(DRY, optimiser=optimiser, weight_decay=0.1)
    run = run_of(recipe, 1)
    network = Dry((8, 8), CLASSES)
    network.load_state_dict({name.removeprefix("own."): run.state[name] for name in run.state})
    network.double()
    kinds = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
    more = {"momentum": recipe.momentum} if optimiser == "sgd" else {}
    update = kinds[optimiser](network.parameters(), lr=0.01, weight_decay=0.1, **more)
    for index in run.plan:
        update.zero_grad()
        outputs = network(torch.tensor(IMAGES[index] / 255)[:, None])
        F.multi_margin_loss(outputs, torch.tensor(LABELS[index])).backward()
        update.step()
    found = trained(recipe)
    expected = {f"own.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    assert found["own.norm.num_batches_tracked"] == STEPS
    answers = network.eval()(torch.tensor(IMAGES / 255)[:, None]).argmax(1)
    assert np.array_equal(predict(recipe, IMAGES, found, np.arange(80)), answers)


def test_its_loss_is_cross_entropy_where_it_has_none():
    model = RECIPE.network()
    outputs, labels = torch.randn(5, 1, CLASSES), torch.tensor([[0], [1], [2], [3], [0]])
    expected = F.cross_entropy(outputs[:, 0], labels[:, 0])
    assert torch.equal(model.loss(outputs, torch.zeros(5), labels), expected)


@pytest.mark.parametrize("precision", ["float32", "float64", "bfloat16"])
def test_its_dropout_comes_from_the_seed_of_its_run_alone(precision):
    recipe = replace(RECIPE, precision=precision)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = trained(recipe)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert same(first, trained(recipe))
    assert not same(first, trained(recipe, seed=1))


def test_each_step_drops_other_values():
    model = RECIPE.network().train()
    generator, x = [torch.Generator().manual_seed(0)], torch.rand(8, 1, 8, 8)
    masks = [model.masks(8, generator, x) for _ in range(2)]
    one, two, again = (model(x, each) for each in (*masks, masks[0]))
    assert not torch.equal(one, two) and torch.equal(one, again)


def test_networks_in_flight_alter_no_bit():
    runs = [run_of(RECIPE, n, seed=n) for n in range(3)]
    samples = Samples(IMAGES, LABELS)
    together = train(replace(RECIPE, in_flight=3), samples, runs)[STEPS]
    for run, state in zip(runs, together, strict=True):
        assert same(train(RECIPE, samples, [run])[STEPS][0], state)


def test_initial_weights_are_those_of_its_constructor():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        before = torch.get_rng_state()
        one, again, other = (init_state(RECIPE, seed) for seed in (1, 1, 2))
        assert torch.equal(torch.get_rng_state(), before)
    assert same(one, again) and not same(one, other)
    assert one["own.scale"] == 2 and one["own.norm.num_batches_tracked"] == 0
    assert 0.9 / 3 < one["own.convolution.weight"].abs().max() <= 1 / 3


def test_what_its_constructor_computes_is_there():
    assert torch.equal(RECIPE.network().own.grid, torch.linspace(0, 1, 8))
    assert replace(RECIPE, precision="float64").network().own.grid.dtype == torch.float64


def test_its_state_can_be_saved():
    state, file = trained(RECIPE), io.BytesIO()
    np.savez(file, **{name: tensor.numpy() for name, tensor in state.items()})
    file.seek(0)
    with np.load(file) as saved:
        loaded = {name: torch.from_numpy(saved[name]) for name in saved}
    assert same(state, loaded)
    assert np.array_equal(*(predict(RECIPE, IMAGES, s, np.arange(80)) for s in (state, loaded)))


def test_it_can_be_pulled_and_trained_in_part():
    recipe = replace(DRY, pull=1.0, pull_l1=0.1, l1=0.1)
    assert not same(trained(recipe), trained(DRY))
    head, start = trained(replace(DRY, trains="head")), init_state(DRY, 1)
    moved = {name for name in head if not torch.equal(head[name].float(), start[name].float())}
    trained_or_counted = {"own.head.weight", "own.head.bias"}
    trained_or_counted |= {f"own.norm.{n}" for n in ("running_mean", "running_var")}
    assert moved == trained_or_counted | {"own.norm.num_batches_tracked"}


def test_sequences_come_as_they_are():
    recipe = Recipe(CLASSES, (6, 3), kind="sequences", architecture=Strokes, precision="float64")
    inputs = DRAW.normal(size=(80, 6, 3)).astype(np.float32)
    (state,) = train(recipe, Samples(inputs, LABELS), [run_of(recipe, 1)])[STEPS]
    network = Strokes((6, 3), CLASSES).double()
    network.load_state_dict({name.removeprefix("own."): state[name] for name in state})
    answers = network(torch.tensor(inputs, dtype=torch.float64)).argmax(1)
    assert np.array_equal(predict(recipe, inputs, state, np.arange(80)), answers)


# --- what it costs


class Dense(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, 10), nn.Linear(10, classes))

    def forward(self, x):
        return self.layers(x)


def test_its_arithmetic_is_counted():
    recipe = replace(RECIPE, architecture=Dense)
    products = 64 * 10 + 10 * CLASSES
    before = torch.get_rng_state()
    assert forward_flops(recipe) == 2 * products
    # its first layer needs no gradient of its input, but all networks are counted alike
    assert step_cost(recipe, 100).flop == 3 * 100 * 2 * products
    assert network_sizes(recipe) == {
        "parameters": 65 * 10 + 11 * CLASSES,
        "statistics": 0,
        "last layer": 11 * CLASSES,
    }
    assert step_cost(RECIPE, 64).flop == 64 * 3 * forward_flops(RECIPE)
    assert torch.equal(torch.get_rng_state(), before)


def test_its_latency_is_measured():
    assert (latency(RECIPE, IMAGES, (1, 3), repeats=2) > 0).all(axis=None)


# --- what is refused


class Nothing(nn.Module):
    def __init__(self):
        super().__init__()


class Wide(Own):
    def __init__(self, shape, classes):
        super().__init__(shape, 7)


class Pair(Own):
    def forward(self, x):
        return super().forward(x), x


class Large(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.layer = nn.Linear(100, classes)

    def forward(self, x):
        return self.layer(x.flatten(1))


class Fixed(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.classes = classes

    def forward(self, x):
        return x.new_zeros(len(x), self.classes)


class InTraining(Own):
    def forward(self, x):
        return super().forward(x) if self.training else x


class Vector(Own):
    def loss(self, outputs, labels):
        return F.cross_entropy(outputs, labels, reduction="none")


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (
            Nothing,
            r"^Nothing\(\(8, 8\), 4\) failed \(TypeError: .*\); a network is built from the shape "
            "of one sample and the number of classes$",
        ),
        (Wide, r"^Wide: its forward failed on images \[2, 1, 8, 8\] .*gave \[2, 7\].*\[2, 4\]"),
        (Pair, r"^Pair: its forward failed on .* gave tuple; needed are logits \[2, 4\]"),
        (Large, r"^Large: its forward failed on images \[2, 1, 8, 8\] \(RuntimeError: .*mat1"),
        (InTraining, r"^InTraining: its forward failed on .* gave \[2, 1, 8, 8\]; needed are"),
        (Fixed, r"^Fixed: its loss cannot be trained .* one number that depends on its parameters"),
        (Vector, r"^Vector: its loss cannot be trained .* one number"),
        (len, r"^len is no network; needed is a class derived from torch.nn.Module"),
        (int, r"^int is no network"),
        ("linear", r"'linear' is unknown; possible: vgg, autoencoder, gru"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_does_not_fit_is_refused_in_one_line(architecture, message):
    with pytest.raises(ValueError, match=message) as raised:
        checked(architecture, (8, 8), CLASSES)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("shape", "kind"), [((8, 9), "images"), ((8, 8), "sequences")])
def test_convolutional_networks_are_for_images(shape, kind):
    for name in ("vgg", "autoencoder"):
        with pytest.raises(ValueError, match=rf"^{name} needs images \[S, S\].*{kind} \[8, .*gru"):
            checked(name, shape, CLASSES, kind)
    with pytest.raises(ValueError, match="sequences"):
        Recipe(4, (8, 8)).build().prepare(
            torch.rand(2, 1, 8, 8), torch.float32, torch.channels_last
        )


def test_what_fits_is_not_refused():
    before = torch.get_rng_state()
    for architecture in ("vgg", "autoencoder", "gru", Own, Dry):
        checked(architecture, (8, 8), CLASSES)
    for architecture in ("gru", Strokes):
        checked(architecture, (6, 3), CLASSES, "sequences")
    assert torch.equal(torch.get_rng_state(), before)


def test_it_has_one_lane():
    with pytest.raises(ValueError, match=r"^Own trains in one lane, .* lanes: 2"):
        RECIPE.build(2)


# --- in another process

FILE = """
import torch

def units():
    return 5

class Mine(torch.nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.layer = torch.nn.Linear(shape[0] * shape[1], units())
        self.last = torch.nn.Linear(units(), classes)

    def forward(self, x):
        return self.last(self.layer(x.flatten(1)).relu())
"""
WORKER = """
import pickle
import sys
from perso.training.recipe import init_state

one, two = (pickle.loads(bytes.fromhex(line)) for line in sys.stdin)
assert one.architecture is two.architecture and one == two and hash(one) == hash(two)
print(sum(float(tensor.sum()) for tensor in init_state(one, 3).values()))
"""


def test_a_class_of_a_users_file_is_one_class_in_another_process(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(FILE)
    mine = own_object("architecture", f"{tmp_path / 'mine.py'}:Mine")
    recipe = replace(RECIPE, architecture=mine)
    lines = "\n".join(bytes(reduction.dumps(recipe)).hex() for _ in range(2))
    command = [sys.executable, "-c", WORKER]
    ended = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    assert not ended.returncode, ended.stderr
    here = sum(float(tensor.sum()) for tensor in init_state(recipe, 3).values())
    assert float(ended.stdout) == pytest.approx(here)


# --- on a GPU


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
def test_it_trains_on_a_gpu(monkeypatch, capsys):
    monkeypatch.setattr(engine, "FALLBACKS", {})
    gpu = replace(DRY, device="cuda", weight_decay=0.1, optimiser="sgd")
    torch.testing.assert_close(
        trained(gpu), trained(replace(gpu, device="cpu")), rtol=1e-7, atol=1e-7
    )
    wet, before = replace(gpu, architecture=Own), torch.cuda.get_rng_state()
    first = trained(wet)
    assert torch.equal(torch.cuda.get_rng_state(), before)
    assert same(first, trained(replace(wet, in_flight=2)))
    assert not same(first, trained(wet, seed=1))
    assert not capsys.readouterr().err
