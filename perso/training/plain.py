"""A network of the user's own: any class of PyTorch that knows nothing of lanes."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional as F

from perso.training.models import Design, State


class Plain(nn.Module):
    """One lane around a network of the user's own class.

    The class is a `torch.nn.Module` with

    Own(shape, classes)      constructor: the shape of one sample, and the number of classes; its
                             initial numbers are those of the model
    forward(x)               logits [B, classes] of x: images [B, 1, S, S] in 0 … 1, or sequences
                             [B, T, C], both as floats
    loss(outputs, labels)    optional; default: cross-entropy, mean over the batch

    Dropout and all else that draws from PyTorch's global random state is seeded by the run.
    """

    def __init__(self, own: nn.Module, design: Design):
        super().__init__()
        self.own = own
        self.design = design
        self.classes = design.classes
        self.lanes = 1

    @classmethod
    def made(cls, design: Design, lanes: int = 1) -> "Plain":
        """The network of a design; ValueError where its class is none or cannot be built.

        Its numbers are the same each time, as buffers may be random and in no state.
        """
        if lanes != 1:
            name = name_of(design.architecture)
            raise ValueError(f"{name} trains in one lane, as a network of your own; lanes: {lanes}")
        return cls(constructed(design, seed=0), design)

    @staticmethod
    def prepare(x: torch.Tensor, dtype: torch.dtype, layout: torch.memory_format) -> torch.Tensor:
        """Images u8 [B, 1, S, S] as floats in 0 … 1; sequences [B, 1, T, C] as [B, T, C].

        `layout` is not used, as `view` in a plain network may not work with channels_last.
        """
        return x.to(dtype).div_(255) if x.dtype == torch.uint8 else x[:, 0].to(dtype)

    def draw(self, shapes: State, generator: torch.Generator) -> State:
        """Initial state of one model: what the constructor of its class draws."""
        return Plain(constructed(self.design, drawn_seed(generator)), self.design).state_dict()

    def masks(
        self, batch: int, generators: list[torch.Generator], like: torch.Tensor
    ) -> tuple[int]:
        """The seed of all that one training pass draws."""
        return (drawn_seed(generators[0]),)

    def forward(self, x: torch.Tensor, masks: tuple[int, ...] = ()) -> torch.Tensor:
        """Outputs [B, 1, classes]; with a seed the pass draws from it, as dropout does."""
        with seeded(masks[0], x.device) if masks else contextlib.nullcontext():
            outputs = self.own(x)
        needed = [len(x), self.classes]
        found = list(outputs.shape) if isinstance(outputs, torch.Tensor) else type(outputs).__name__
        if found != needed:
            raise ValueError(f"it gave {found}; needed are logits {needed}")
        return outputs[:, None]

    def loss(self, outputs: torch.Tensor, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The class's own loss, or cross-entropy: mean over the batch."""
        own_loss = getattr(self.own, "loss", F.cross_entropy)
        return own_loss(outputs[:, 0], labels[:, 0])


def constructed(design: Design, seed: int) -> nn.Module:
    """A network of a user's own class on the CPU, its random numbers from a seed."""
    own = design.architecture
    name = name_of(own)
    if not (isinstance(own, type) and issubclass(own, nn.Module)):
        raise ValueError(f"{name} is no network; needed is a class derived from torch.nn.Module")
    with seeded(seed, torch.device("cpu")):
        try:
            network = own(design.shape, design.classes)
            if any(map(torch.nn.parameter.is_lazy, network.parameters())):
                # a first sample gives lazy layers their size
                one = (1, 1) if design.kind == "images" else (1,)
                with torch.no_grad():
                    network.eval()(torch.zeros(*one, *design.shape))
                network.train()
        except Exception as error:
            raise ValueError(
                f"{name}{design.shape, design.classes} failed ({description_of(error)}); "
                "a network is built from the shape of one sample and the number of classes"
            ) from error
    return network


def name_of(own: object) -> str:
    """The name of a user's class, for messages; other objects as Python shows them."""
    return getattr(own, "__name__", repr(own))


def description_of(error: Exception) -> str:
    """The kind of an error and the first line of its message."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def drawn_seed(generator: torch.Generator) -> int:
    """A seed from a generator on any device."""
    return int(torch.randint(2**62, (), generator=generator, device=generator.device))


@contextlib.contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Context manager: PyTorch's global random state comes from a seed, and is restored at exit."""
    on_gpu = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if on_gpu else []):
        torch.default_generator.manual_seed(seed)
        if on_gpu:
            torch.cuda.manual_seed(seed)
        yield
