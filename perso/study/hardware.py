"""How a machine computes a study: choices for what the settings leave open.

Whatever changes how numbers are rounded (lanes) follows from the settings alone wherever possible,
so that all machines agree on a model's key. Whatever alters no number (CUDA graphs, networks in
flight) follows from the machine.
"""

import functools
import math
import sys
from dataclasses import dataclass, replace

import joblib
import torch

from perso.errors import InputError
from perso.own_code import is_reference, own_object
from perso.settings import Settings
from perso.training.flops import StepCost, step_cost
from perso.training.recipe import Recipe

# FLOP of one iteration of one model; below it, launching a kernel takes longer than the kernel,
# and fusing models pays
SMALL = 0.5e9
LANES = 8  # maximum
IN_FLIGHT = 8  # maximum
# (image_size, width) of vgg at which bfloat16 is as accurate as float32 (results/precision.json)
BFLOAT16_SHOWN: frozenset[tuple[int, float]] = frozenset()


@dataclass(frozen=True)
class Machine:
    """What the choice depends on."""

    device: str  # cpu | cuda
    workers: int  # training processes: one per GPU, or one per `threads` CPU cores
    bfloat16: bool  # whether the device multiplies in bfloat16
    free: int = 0  # free bytes of the GPU that has the fewest
    compiles: bool = True  # whether torch.compile works; True where it was not tried


def machine(device: str, compile: bool = False, threads: int = 1) -> Machine:
    """Describe this machine with a device of auto, cpu or cuda; InputError for cuda without a GPU.

    compile   whether to try torch.compile, which takes seconds
    threads   threads of each training process on a CPU; all processes share the cores
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        capabilities = getattr(torch.cpu, "get_capabilities", dict)()  # from torch 2.12 on
        bfloat16 = any(capabilities.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))
        workers = max(1, joblib.cpu_count() // threads)
        return Machine(device, workers, bfloat16, compiles=not compile or compiles(device))
    if not torch.cuda.is_available():
        raise InputError("device: cuda is not available on this machine; possible: cpu, auto")
    gpus = range(torch.cuda.device_count())
    free = min(torch.cuda.mem_get_info(gpu)[0] for gpu in gpus)
    bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
    return Machine(device, len(gpus), bfloat16, free, compiles=not compile or compiles(device))


@functools.cache
def compiles(device: str) -> bool:
    """Whether torch.compile works on this machine; if not, a line on stderr says why."""
    try:
        torch.compile(torch.nn.Softplus())(torch.ones(8, device=device))
    except Exception as error:  # a missing compiler, an unsupported Python and much else
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        print(
            f"perso: training without torch.compile, because it failed: {reason}", file=sys.stderr
        )
        return False
    return True


def resolved(
    settings: Settings,
    classes: int,
    machine: Machine,
    shape: tuple[int, ...] | None = None,
    kind: str = "images",
) -> Settings:
    """Return the settings with nothing left open.

    shape          of one sample; default: images of the settings' size
    kind           images | sequences

    What is chosen for settings that are left open:

    lanes          small networks are fused, in groups as equal as possible; large ones gain
                   nothing, and a network of the user's own trains alone
    precision      bfloat16 only where it is faster, supported and known to be as accurate; else
                   float32
    channels_last  always: convolutions are faster so on a CPU, and on a GPU in bfloat16; there
                   float32 is computed without it whatever the setting (`Recipe.layout`)
    compile        never: no gain on a CPU, not measured on a GPU
    graph          on a GPU, but for a network of the user's own, whose dropout no graph can hold
    in_flight      as many networks of a fold as half of the GPU's free memory holds

    InputError for what the machine cannot do and nothing else can replace.
    """
    s = settings
    on_gpu = machine.device == "cuda"
    if s.precision == "tf32" and not on_gpu:
        raise InputError("precision: tf32 needs a GPU; possible: float32, bfloat16, float64")
    is_own = is_reference(s.architecture)
    if is_own and s.lanes > 1:
        raise InputError(
            f"lanes: {s.lanes}: an architecture of your own trains in one lane; possible: 0, 1"
        )
    if is_own and on_gpu and s.graph == "always":
        raise InputError(
            "graph: always: no CUDA graph can hold the dropout of an architecture of your own; "
            "possible: auto, never"
        )
    cost = iteration(s, classes, shape, kind)
    people = math.ceil(s.individuals / s.groups)  # of the largest fold
    lanes = s.lanes
    if not lanes:
        groups = math.ceil(people / LANES)
        lanes = math.ceil(people / groups) if cost.flop < SMALL and not is_own else 1
    equivalent = s.architecture == "vgg" and (s.image_size, s.width) in BFLOAT16_SHOWN
    bfloat16 = machine.bfloat16 and cost.flop >= SMALL and equivalent
    in_flight = 1
    if on_gpu:
        in_flight = s.in_flight or networks_in_flight(machine, cost, lanes, people)
    return replace(
        s,
        device=machine.device,
        lanes=lanes,
        precision=or_default(s.precision, "bfloat16" if bfloat16 else "float32"),
        channels_last=or_default(s.channels_last, "always"),
        compile=or_default(s.compile, "never") if machine.compiles else "never",
        graph=or_default(s.graph, "never" if is_own else "always") if on_gpu else "never",
        in_flight=in_flight,
    )


def networks_in_flight(machine: Machine, cost: StepCost, lanes: int, people: int) -> int:
    """Return how many networks of `lanes` models train at a time on a GPU."""
    # twice what is kept: the memory of the first steps stays allocated beside the graph's
    network = lanes * (2 * cost.kept + cost.weights)
    fitting = int(machine.free / 2 / network)
    return max(1, min(IN_FLIGHT, fitting, math.ceil(people / lanes)))


def or_default(value: str, default: str) -> str:
    """Return a setting's value, or the default for `auto`."""
    return default if value == "auto" else value


def iteration(
    settings: Settings,
    classes: int,
    shape: tuple[int, ...] | None = None,
    kind: str = "images",
) -> StepCost:
    """Return what one iteration of one model costs; the arguments are those of `resolved`."""
    # the default norm and pooling, which cost nearly the same: published models were fused by it
    counted = Recipe(
        classes=classes,
        shape=shape or (settings.image_size, settings.image_size),
        width=settings.width,
        kind=kind,
        architecture=architecture_of(settings),
        precision=settings.precision,
    )
    return step_cost(counted, settings.batch_size)


def architecture_of(settings: Settings) -> str | type:
    """Return the settings' network: its name, or the class of the user's own that they name."""
    if is_reference(settings.architecture):
        return own_object("architecture", settings.architecture)
    return settings.architecture


def describe(
    settings: Settings,
    classes: int,
    machine: Machine,
    shape: tuple[int, ...] | None = None,
    kind: str = "images",
) -> str:
    """Describe, in one line, how the machine computes these resolved settings.

    The arguments are those of `resolved`.
    """
    s = settings
    parts = [
        f"{machine.workers} × {machine.device}",
        s.precision,
        f"{iteration(s, classes, shape, kind).flop / 1e9:.2g} GFLOP an iteration",
    ]
    if machine.device == "cpu":
        processes = "1 process" if machine.workers == 1 else f"{machine.workers} processes"
        threads = "1 thread" if s.threads == 1 else f"{s.threads} threads"
        parts[0] = f"{processes} of {threads}"
    if s.lanes > 1:
        parts.append(f"{s.lanes} models fused")
    if s.in_flight > 1:
        parts.append(f"{s.in_flight} networks in flight")
    if s.graph == "always":
        parts.append("CUDA graphs")
    if s.compile == "always":
        parts.append("torch.compile")
    if s.channels_last == "never":
        parts.append("not channels_last")
    return ", ".join(parts)
