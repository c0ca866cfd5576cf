"""Recipe: architecture, optimiser, precision and hardware options of a training."""

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from perso.training.enrolment import EnrolledNetwork
from perso.training.models import Design, State, empty_network, load_states
from perso.training.networks import network_class
from perso.training.plain import description_of, name_of
from perso.training.users import check_design


@dataclass(frozen=True)
class Recipe(Design):
    """What all models of a study have in common, and how a machine computes them."""

    optimiser: str = "adam"  # adam | sgd
    momentum: float = 0.9  # of sgd
    weight_decay: float = 0.0
    # float32 | tf32 (a GPU's convolutions) | bfloat16 (autocast) | float64 (for checks)
    precision: str = "float32"
    lanes: int = 1  # models in one network
    channels_last: bool = True
    compile: bool = False  # torch.compile of the forward pass and, with it, the backward pass
    threads: int = 1  # on a CPU
    device: str = "cpu"
    trains: str = "all"  # which weights are trained, see `subsets`
    statistics: bool = True  # whether batch norm's running statistics move
    pull: float = 0.0  # λ of λ/2 · ‖θ − θ_start‖² in the loss (L2-SP)
    pull_l1: float = 0.0  # λ of λ · ‖θ − θ_start‖₁ in the loss
    # α of α · ‖W‖₁ in the loss (CRoP); W: convolutions, dense and recurrent weights without biases
    l1: float = 0.0
    # The next two change no number on a CPU. On a GPU cuDNN may choose other kernels, which round
    # differently.
    in_flight: int = 1  # networks trained at a time; on a GPU each has its own stream
    graph: bool = False  # the step as a CUDA graph

    def __post_init__(self):
        check_design(self)

    @property
    def dtype(self) -> torch.dtype:
        """Type of weights, statistics and losses."""
        return torch.float64 if self.precision == "float64" else torch.float32

    @property
    def activations(self) -> torch.dtype:
        """Type of the layers' outputs."""
        return torch.bfloat16 if self.precision == "bfloat16" else self.dtype

    @property
    def layout(self) -> torch.memory_format:
        """Memory format of images, activations and the weights of convolutions."""
        # a GPU's tensor cores want channels last; its float32 convolutions are slower for it
        in_float32 = self.device == "cuda" and self.precision == "float32"
        channels_last = self.channels_last and not in_float32
        return torch.channels_last if channels_last else torch.contiguous_format

    def build(self, lanes: int = 1) -> nn.Module:
        """A network with `lanes` lanes, from its constructor."""
        if self.enrolment:
            return EnrolledNetwork.made(self, lanes)
        return network_class(self.architecture).made(self, lanes)

    def network(self, lanes: int = 1) -> nn.Module:
        """A network with `lanes` lanes on the device, its states still to be loaded."""
        if not isinstance(self.architecture, str):
            # not without numbers: a constructor of the user's own may compute what no state holds
            return self.build(lanes).to(self.device, self.dtype)
        build = functools.partial(self.build, lanes)
        return empty_network(build, self.device, self.dtype, self.layout)

    def zeros(self, batch: int) -> torch.Tensor:
        """Samples of zeros for all lanes, [batch, lanes, *shape], on the device."""
        dtype = torch.uint8 if self.kind == "images" else torch.float32
        return torch.zeros(batch, self.lanes, *self.shape, dtype=dtype, device=self.device)


def init_state(recipe: Recipe, seed: int) -> State:
    """Initial state of one model from a seed, the same on every device."""
    model = replace(recipe, device="meta", precision="float32").network()
    return model.draw(model.state_dict(), torch.Generator().manual_seed(seed))


@functools.cache  # the runs of the claims are of one network
def checked(
    architecture: str | type[nn.Module],
    shape: tuple[int, ...],
    classes: int,
    kind: str = "images",
) -> None:
    """Use and train a network on two samples of zeros; ValueError says what does not fit.

    The arguments are the recipe's fields. Call it before anything is trained.
    """
    recipe = Recipe(classes, shape, kind=kind, architecture=architecture)
    name = name_of(architecture)
    model = recipe.network()
    load_states(model, [init_state(recipe, 0)])
    x = model.prepare(recipe.zeros(2), recipe.dtype, recipe.layout)
    try:
        model.eval()(x)
        outputs = model.train()(x, model.masks(2, [torch.Generator()], x))
    except Exception as error:
        raise ValueError(
            f"{name}: its forward failed on {kind} {list(x.shape)} ({description_of(error)})"
        ) from error
    try:
        model.loss(outputs, x, torch.zeros(2, 1, dtype=torch.int64)).backward()
    except Exception as error:
        raise ValueError(
            f"{name}: its loss cannot be trained ({description_of(error)}); needed is one "
            "number that depends on its parameters"
        ) from error


@contextlib.contextmanager
def compute_context(recipe: Recipe, training: bool = False) -> Iterator[None]:
    """Context manager: the number of threads and the precision of a recipe, restored afterwards."""
    threads = torch.get_num_threads()
    # no cache of weights cast to bfloat16: it would outlive the optimiser's step
    autocast = torch.autocast(
        recipe.device, torch.bfloat16, recipe.precision == "bfloat16", cache_enabled=False
    )
    # benchmark: training repeats one shape, so it pays to time cuDNN's kernels once
    # allow_tf32: cuDNN's default would compute float32 convolutions in TF32
    cudnn = torch.backends.cudnn.flags(
        enabled=True, benchmark=training, allow_tf32=recipe.precision == "tf32"
    )
    torch.set_num_threads(recipe.threads if recipe.device == "cpu" else threads)
    try:
        with autocast, cudnn:
            yield
    finally:
        torch.set_num_threads(threads)


def to_device(array: np.ndarray, device: str) -> torch.Tensor:
    """A copy of the array on the device."""
    return torch.tensor(np.asarray(array), device=device)
