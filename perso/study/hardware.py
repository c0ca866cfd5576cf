"""How a study is computed: what settings leave open is chosen here by the networks' size and by the machine.

What rounds differently (lanes) follows from the settings alone, wherever it can, so that machines agree on a model's
identity; what alters no number (CUDA graphs, networks in flight) follows from the machine.
"""

import functools
import math
import sys
from dataclasses import dataclass, replace

import joblib
import torch

from perso.errors import InputError
from perso.settings import Settings
from perso.training.flops import StepCost, step_cost

SMALL = 0.5e9  # FLOP of one model's iteration below which launches take longer than sums, and fusing models pays
LANES, IN_FLIGHT = 8, 8  # at most
# (image_size, width) at which bfloat16 was shown to be as accurate as float32 (results/precision.json)
BFLOAT16_SHOWN: frozenset[tuple[int, float]] = frozenset()


@dataclass(frozen=True)
class Machine:
    """What the choice depends on."""

    device: str  # cpu | cuda
    workers: int  # training processes: one per CPU core (or per `threads` of them), or per card
    bfloat16: bool  # whether the device multiplies in bfloat16
    free: int = 0  # bytes free on the fullest card
    compiles: bool = True  # whether torch.compile works, where it was asked for


def machine(device: str, compile: bool = False, threads: int = 1) -> Machine:
    """This machine, seen as `device`: auto | cpu | cuda. InputError when a card is wanted and none is there.

    compile   whether to try the compiler, which takes seconds
    threads   of a training process on a CPU, whose cores all processes share
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        able = getattr(torch.cpu, "get_capabilities", dict)()  # of torch ≥ 2.12
        bfloat16 = any(able.get(each) for each in ("amx_bf16", "avx512_bf16", "bf16"))
        return Machine(
            "cpu",
            max(1, joblib.cpu_count() // threads),
            bfloat16,
            compiles=not compile or compiles(device),
        )
    if not torch.cuda.is_available():
        raise InputError("device: cuda is not to be had here; possible: cpu, auto")
    cards = range(torch.cuda.device_count())
    free = min(torch.cuda.mem_get_info(card)[0] for card in cards)
    bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
    return Machine("cuda", len(cards), bfloat16, free, not compile or compiles(device))


@functools.cache
def compiles(device: str) -> bool:
    """Whether torch.compile works here; a line says why not."""
    try:
        torch.compile(torch.nn.Softplus())(torch.ones(8, device=device))
    except Exception as error:  # a missing compiler, an unsupported Python and much else
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        print(
            f"perso: training without torch.compile, since this failed: {reason}", file=sys.stderr
        )
        return False
    return True


def resolved(settings: Settings, classes: int, machine: Machine) -> Settings:
    """The settings with nothing left open.

    lanes          small networks train side by side, in groups as equal as can be; large ones gain nothing
    precision      bfloat16 only where it pays, the machine has it and it was shown to be as accurate; else float32
    channels_last  always: convolutions are faster so on either device
    compile        never: it brought nothing on a CPU, and has not been measured on a card
    graph          on a card
    in_flight      as many networks of a fold as half the card's free memory holds

    InputError for what the machine cannot do and nothing else can stand for.
    """
    s, on_card = settings, machine.device == "cuda"
    if s.precision == "tf32" and not on_card:
        raise InputError("precision: tf32 takes a card; possible: float32, bfloat16, float64")
    work = iteration(s, classes)
    people = math.ceil(s.individuals / 2) if s.exchange else s.individuals  # of the larger fold
    groups = math.ceil(people / LANES)
    lanes = s.lanes or (math.ceil(people / groups) if work.flop < SMALL else 1)
    half = machine.bfloat16 and work.flop >= SMALL and (s.image_size, s.width) in BFLOAT16_SHOWN
    # twice what is kept: the first steps' memory stays beside the graph's
    fitting = min(
        int(machine.free / 2 / (lanes * (2 * work.kept + work.weights))), math.ceil(people / lanes)
    )
    return replace(
        s,
        device=machine.device,
        lanes=lanes,
        precision=or_default(s.precision, "bfloat16" if half else "float32"),
        channels_last=or_default(s.channels_last, "always"),
        compile=or_default(s.compile, "never") if machine.compiles else "never",
        graph=or_default(s.graph, "always") if on_card else "never",
        in_flight=s.in_flight or max(1, min(IN_FLIGHT, fitting)) if on_card else 1,
    )


def or_default(value: str, instead: str) -> str:
    """A setting's value, or what stands for `auto`."""
    return instead if value == "auto" else value


def iteration(settings: Settings, classes: int) -> StepCost:
    """What an iteration of one model costs."""
    half = settings.precision == "bfloat16"
    return step_cost(settings.batch_size, half, classes, settings.image_size, settings.width)


def describe(settings: Settings, classes: int, machine: Machine) -> str:
    """What was chosen, in a line (of settled settings)."""
    s, work = settings, iteration(settings, classes)
    processes = f"{machine.workers} process" + "es" * (machine.workers > 1)
    said = [
        f"{machine.workers} × {machine.device}",
        s.precision,
        f"{work.flop / 1e9:.2g} GFLOP an iteration",
    ]
    if machine.device == "cpu":
        said[0] = f"{processes} of {s.threads} thread" + "s" * (s.threads > 1)
    said += [f"{s.lanes} models fused"] * (s.lanes > 1) + [f"{s.in_flight} networks in flight"] * (
        s.in_flight > 1
    )
    said += ["CUDA graphs"] * (s.graph == "always") + ["torch.compile"] * (s.compile == "always")
    said += ["not channels_last"] * (s.channels_last == "never")
    return ", ".join(said)
