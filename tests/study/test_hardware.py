"""What is chosen by network size and machine; all machines agree on the keys of models."""

from dataclasses import replace

import pytest
import torch

from perso.errors import InputError
from perso.paths import ROOT
from perso.report import records
from perso.settings import Settings, read_params
from perso.study import hardware, workers
from perso.study.hardware import Machine, describe, resolved
from perso.study.workers import gpu_of

CPU = Machine("cpu", 2, bfloat16=True)
GPU = Machine("cuda", 1, bfloat16=True, free=140 * 2**30)
SIZES = {
    name: read_params(ROOT / "params" / f"{name}.yml")
    for name in ("smoke", "quick", "standard", "paper", "paper-v1")
}
EVERY = pytest.mark.parametrize("size", SIZES)


def choice(size: str, machine: Machine, **given) -> Settings:
    return resolved(replace(SIZES[size], **given), 30, machine)


@EVERY
@pytest.mark.parametrize("machine", [CPU, GPU], ids=["cpu", "gpu"])
def test_nothing_is_left_open_and_nothing_else_is_touched(size, machine):
    s = choice(size, machine)
    assert "auto" not in vars(s).values() and s.lanes >= 1 and s.in_flight >= 1
    computing = ("precision", "lanes", "channels_last", "compile", "graph", "in_flight", "device")
    opened = {name: getattr(SIZES[size], name) for name in computing}
    assert replace(s, **opened) == SIZES[size]
    assert resolved(s, 30, machine) == s


@EVERY
def test_a_models_identity_is_the_same_on_every_machine(size):
    """All fuse the same models and compute in float32, as long as bfloat16 is not as accurate."""
    machines = (CPU, replace(CPU, workers=64, bfloat16=False), GPU, replace(GPU, free=2**30))
    settings = [choice(size, machine) for machine in machines]
    assert len({(s.lanes, s.precision, s.channels_last, s.compile) for s in settings}) == 1


def test_small_networks_are_fused_in_equal_groups_and_large_ones_are_not():
    assert [choice(size, CPU).lanes for size in SIZES] == [2, 7, 1, 1, 1]
    assert [choice("quick", CPU, individuals=n).lanes for n in (16, 17, 18, 40)] == [8, 5, 5, 7]


def test_given_values_are_kept():
    given = {"lanes": 3, "precision": "bfloat16", "channels_last": "never", "compile": "always"}
    for machine in (CPU, GPU):
        s = choice("quick", machine, **given)
        assert all(getattr(s, key) == value for key, value in given.items())
    s = choice("paper", GPU, graph="never", in_flight=3)
    assert (s.graph, s.in_flight) == ("never", 3)


def test_a_cpu_has_neither_graphs_nor_networks_in_flight():
    s = choice("paper", CPU, graph="always", in_flight=3)
    assert (s.device, s.graph, s.in_flight) == ("cpu", "never", 1)


def test_a_gpu_trains_as_many_networks_as_half_its_memory_holds():
    work = hardware.iteration(SIZES["paper"], 30)
    one = int(2 * work.kept + work.weights)
    for free, expected in (
        (140 * 2**30, hardware.IN_FLIGHT),
        (6.5 * one, 3),
        (2 * one, 1),
        (one, 1),
        (0, 1),
    ):
        assert choice("paper", replace(GPU, free=int(free))).in_flight == expected
    assert choice("paper", replace(GPU, free=int(6.5 * one)), precision="bfloat16").in_flight > 3


def test_bfloat16_is_chosen_where_it_is_as_accurate_and_supported(monkeypatch):
    assert choice("paper", CPU).precision == "float32"
    monkeypatch.setattr(hardware, "BFLOAT16_SHOWN", {(32, 1.0), (8, 0.25)})
    assert choice("paper", CPU).precision == choice("paper", GPU).precision == "bfloat16"
    assert choice("paper", replace(CPU, bfloat16=False)).precision == "float32"
    assert choice("quick", CPU).precision == "float32"  # too small to gain by it


def test_each_size_of_bfloat16_is_equivalent_in_the_published_comparison():
    equivalent = {
        (entry["settings"]["image_size"], entry["settings"]["width"])
        for entry in records.precision().values()
        if entry["D_I"]["equivalent"] and entry["D_G"]["equivalent"]
    }
    assert equivalent >= hardware.BFLOAT16_SHOWN


def test_this_machine_is_described_as_torch_sees_it():
    here = hardware.machine("cpu")
    assert here.device == "cpu" and here.workers >= 1 and here.free == 0
    if torch.cuda.is_available():
        assert hardware.machine("auto").device == "cuda" and hardware.machine("cuda").free > 0
    else:
        assert hardware.machine("auto") == here
        message = "device: cuda is not available on this machine; possible: cpu, auto"
        with pytest.raises(InputError, match=message):
            hardware.machine("cuda")


def test_no_more_networks_are_in_flight_than_a_fold_has():
    assert (
        choice("quick", GPU).in_flight == 1 and choice("paper", GPU, individuals=3).in_flight == 3
    )


def test_the_choice_is_described_in_one_line():
    assert describe(choice("quick", CPU), 30, CPU) == (
        "2 processes of 1 thread, float32, 0.13 GFLOP an iteration, 7 models fused"
    )
    assert describe(choice("paper", GPU, precision="bfloat16"), 30, GPU) == (
        "1 × cuda, bfloat16, 67 GFLOP an iteration, 8 networks in flight, CUDA graphs"
    )
    odd = choice("paper", CPU, compile="always", channels_last="never", threads=4)
    assert describe(odd, 30, CPU).endswith(
        "torch.compile, not channels_last"
    ) and "4 threads" in describe(odd, 30, CPU)


def test_each_worker_takes_a_gpu_of_its_own_while_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "LOCKED", [])
    monkeypatch.setattr(workers.tempfile, "gettempdir", lambda: tmp_path)
    assert [gpu_of(7, 2), gpu_of(7, 2)] == [0, 1] and gpu_of(7, 2) in (0, 1)
    assert gpu_of(8, 2) == 0  # another study's
    workers.LOCKED.pop(1).close()  # a worker ends
    assert gpu_of(7, 2) == 1


def test_without_a_compiler_nothing_is_compiled_and_a_line_says_so(monkeypatch, capsys):
    def broken(_):
        raise RuntimeError("no working compiler\nat all")

    hardware.compiles.cache_clear()
    monkeypatch.setattr(hardware.torch, "compile", broken)
    here = hardware.machine("cpu", compile=True)
    hardware.compiles.cache_clear()
    assert not here.compiles and choice("quick", here, compile="always").compile == "never"
    assert capsys.readouterr().err == (
        "perso: training without torch.compile, because it failed: no working compiler\n"
    )


OWN = """
import torch

class Small(torch.nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.shape = shape
        self.layer = torch.nn.Linear(shape[0] * shape[1], classes)

    def forward(self, x):
        assert x.shape[-2:] == self.shape and x.dim() == 4 - (self.shape == (20, 3))
        return self.layer(x.flatten(1))
"""


@pytest.fixture
def own(tmp_path) -> str:
    """A network of the user's own, as a setting names it."""
    (tmp_path / "own.py").write_text(OWN)
    return f"{tmp_path / 'own.py'}:Small"


def test_a_network_of_ones_own_trains_in_one_lane_without_graphs(own):
    for machine, in_flight in ((CPU, 1), (GPU, 7)):
        s = choice("quick", machine, architecture=own)
        assert (s.lanes, s.graph, s.in_flight) == (1, "never", in_flight)
        assert choice("quick", machine, architecture=own, lanes=1) == s
    with pytest.raises(InputError, match=r"^graph: always: no CUDA graph can hold the dropout"):
        choice("quick", GPU, architecture=own, graph="always")
    message = "lanes: 2: an architecture of your own trains in one lane; possible: 0, 1"
    with pytest.raises(InputError, match=message):
        choice("quick", CPU, architecture=own, lanes=2)


def test_the_cost_is_that_of_the_settings_network_and_samples(own):
    s = replace(SIZES["quick"], architecture=own)
    sequences = {"shape": (20, 3), "kind": "sequences"}
    assert hardware.iteration(s, 30).flop == 6 * s.batch_size * 8 * 8 * 30
    assert hardware.iteration(s, 30, **sequences).flop == 6 * s.batch_size * 20 * 3 * 30
    assert "0.00074 GFLOP" in describe(resolved(s, 30, CPU), 30, CPU)
    assert "0.00069 GFLOP" in describe(resolved(s, 30, CPU, **sequences), 30, CPU, **sequences)
    gru = [
        hardware.iteration(replace(s, architecture="gru"), 30, shape, "sequences").flop
        for shape in ((20, 3), (40, 3))
    ]
    assert 1.9 < gru[1] / gru[0] < 2


def test_a_gru_is_fused_on_short_sequences_and_alone_on_long_ones():
    s = replace(SIZES["quick"], architecture="gru")
    sequences = {"kind": "sequences"}
    assert resolved(s, 30, CPU, shape=(20, 3), **sequences).lanes == choice("quick", CPU).lanes == 7
    assert resolved(replace(s, width=1.0), 30, CPU, shape=(500, 3), **sequences).lanes == 1


def test_tf32_needs_a_gpu():
    with pytest.raises(InputError, match="precision: tf32 needs a GPU; possible: float32"):
        choice("quick", CPU, precision="tf32")
    assert choice("quick", GPU, precision="tf32").precision == "tf32"


def test_processes_share_the_cores_by_their_threads(monkeypatch):
    monkeypatch.setattr(hardware.joblib, "cpu_count", lambda: 4)
    assert [hardware.machine("cpu", threads=n).workers for n in (1, 2, 3, 8)] == [4, 2, 1, 1]
    s = choice("quick", replace(CPU, workers=1), threads=4)
    assert describe(s, 30, replace(CPU, workers=1)).startswith("1 process of 4 threads")
