"""v3's networks: the VGG-style classifier (Fig. 4) and the auto-encoder (Fig. 5).

One network holds N independent models side by side, each in its lane. Every layer has N times the
channels and every convolution has N groups, so the numbers of one model never reach another. Each
kernel launch serves all N. The parameters and statistics of the model in lane n are the n-th of N
equal slices along the first axis.
"""

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

State = dict[str, torch.Tensor]  # one model's parameters and statistics, by name


class LaneDropout(nn.Module):
    """Dropout with masks that are drawn before the forward pass.

    So the forward pass is deterministic and compiles as one graph.
    """

    def __init__(self, p: float, channels: int, side: int):
        super().__init__()
        self.p = p
        self.shape = (channels, side, side)  # of one lane

    def draw(
        self, batch: int, generators: list[torch.Generator], like: torch.Tensor
    ) -> torch.Tensor:
        """A mask [B, N·C, H, W], with each lane's part from its own generator.

        It is 0 where a value is dropped, else 1/(1 - p). Type and device are those of `like`.
        """
        masks = [
            like.new_empty((batch, *self.shape)).bernoulli_(1 - self.p, generator=g)
            for g in generators
        ]
        return torch.cat(masks, 1).div_(1 - self.p)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """x [B, N·C, H, W] with the mask applied; None: no dropout."""
        return x if mask is None else x * mask


class VGG(nn.Module):
    """`lanes` VGG-style classifiers: pixels in 0 … 1 [B, lanes, S, S] → logits [B, lanes, classes].

    Conv → ReLU → BN, as v3 says of the auto-encoder and "also" of this network. Four poolings, but
    three at S = 8. The feature maps that are left are averaged before the fully connected layer
    (v3's 256 × nClasses). Options for other readings of the paper:

    norm     "before": conv → BN → ReLU
    pooling  "flatten": the fully connected layer sees every place of the feature maps that are
             left, not their average; at S ≤ 16 there is one place, so nothing changes
    """

    def __init__(
        self,
        classes: int,
        image_size: int,
        width: float = 1.0,
        lanes: int = 1,
        norm: str = "after",
        pooling: str = "average",
    ):
        super().__init__()
        self.classes = classes
        self.lanes = lanes
        c32, c64, c128, c256 = channels(width, lanes, 32, 64, 128, 256)
        side = image_size >> poolings(image_size) if pooling == "flatten" else 1

        def conv(into: int, out: int, kernel: int) -> list[nn.Module]:
            return block(into, out, lanes, kernel, norm)

        pool = nn.MaxPool2d(2)
        self.features = nn.Sequential(
            *conv(lanes, c32, 3),
            *conv(c32, c64, 3),
            pool,
            LaneDropout(0.2, c64 // lanes, image_size // 2),
            *conv(c64, c128, 3),
            *conv(c128, c128, 3),
            pool,
            *conv(c128, c128, 3),
            *conv(c128, c128, 1),
            pool,
            *conv(c128, c256, 1),
            *([pool] if image_size >= 16 else []),
            nn.AdaptiveAvgPool2d(side),
            LaneDropout(0.35, c256 // lanes, side),
        )
        # the fully connected layer of every lane
        self.classifier = nn.Conv2d(c256, classes * lanes, side, groups=lanes)

    @staticmethod
    def prepare(x: torch.Tensor, dtype: torch.dtype, layout: torch.memory_format) -> torch.Tensor:
        """Images u8 [B, lanes, S, S] as floats in 0 … 1, in the memory format `layout`."""
        return x.to(dtype).div_(255).contiguous(memory_format=layout)

    def masks(
        self, batch: int, generators: list[torch.Generator], like: torch.Tensor
    ) -> list[torch.Tensor]:
        """The dropout masks of one training pass, from one generator per lane (`LaneDropout`)."""
        return [
            layer.draw(batch, generators, like)
            for layer in self.features
            if isinstance(layer, LaneDropout)
        ]

    def forward(self, x: torch.Tensor, masks=(None, None)) -> torch.Tensor:
        """Logits [B, lanes, classes]; without masks there is no dropout."""
        remaining = iter(masks)
        for layer in self.features:
            x = layer(x, next(remaining)) if isinstance(layer, LaneDropout) else layer(x)
        return self.classifier(x).view(len(x), self.lanes, self.classes)

    @staticmethod
    def loss(logits: torch.Tensor, x: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Cross-entropy: mean over the batch, sum over lanes.

        A mean over lanes would scale each lane's gradients by their number.
        """
        return F.cross_entropy(logits.flatten(0, 1), classes.flatten(), reduction="sum") / len(x)


class AutoEncoder(nn.Module):
    """`lanes` auto-encoders: pixels in 0 … 1 [B, lanes, S, S] → the same, by `latent` numbers each.

    Fig. 5: conv → ReLU → BN; the last layer is followed by ReLU alone. The figure pools five times,
    from 32×32 to 1×1 (here four times at S = 16, three times at 8). Its decoder begins at 2×2 and
    upsamples three times, to 16×16, and its numbers of channels do not fit together. Here the
    decoder goes up to S, with 128-128-64-32-16-1 channels.
    """

    def __init__(self, image_size: int, latent: int = 16, width: float = 1.0, lanes: int = 1):
        super().__init__()
        self.lanes = lanes
        self.side = image_size >> poolings(image_size)  # of the decoder's first feature maps
        last = max(1, self.side // 2)  # of the encoder's last feature maps
        c16, c32, c64, c128 = channels(width, lanes, 16, 32, 64, 128)
        pool = nn.MaxPool2d(2)
        up = nn.Upsample(scale_factor=2)
        four = poolings(image_size) == 4
        self.encoder = nn.Sequential(
            *block(lanes, c16, lanes),
            pool,
            *block(c16, c32, lanes),
            pool,
            *block(c32, c64, lanes),
            pool,
            *block(c64, c128, lanes),
            *([pool] if four else []),
            *block(c128, c128, lanes),
            *([pool] if self.side > 1 else []),
            nn.Conv2d(c128, latent * lanes, last, groups=lanes),  # Flatten and Dense
        )
        self.dense = nn.Conv2d(latent * lanes, c128 * self.side**2, 1, groups=lanes)
        self.decoder = nn.Sequential(
            *block(c128, c128, lanes),
            up,
            *block(c128, c64, lanes),
            up,
            *block(c64, c32, lanes),
            up,
            *block(c32, c16, lanes),
            *([up] if four else []),
            nn.Conv2d(c16, lanes, 3, padding=1, groups=lanes),
            nn.ReLU(inplace=True),
        )

    prepare = staticmethod(VGG.prepare)

    def masks(self, *_) -> tuple:
        """No masks: an auto-encoder has no dropout."""
        return ()

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Latent codes [B, lanes, latent]."""
        return self.encoder(x).view(len(x), self.lanes, -1)

    def forward(self, x: torch.Tensor, masks=()) -> torch.Tensor:
        """Reconstructions [B, lanes, S, S]."""
        codes = self.encode(x).flatten(1)[:, :, None, None]
        return self.decoder(self.dense(codes).view(len(x), -1, self.side, self.side))

    @staticmethod
    def loss(made: torch.Tensor, x: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Squared error (X − X')²: mean over the batch and its pixels, sum over lanes."""
        return F.mse_loss(made, x, reduction="sum") / x[:, 0].numel()


def poolings(image_size: int) -> int:
    """How often a network halves its images: four times, three times at 8 × 8."""
    return 4 if image_size >= 16 else 3


def channels(width: float, lanes: int, *full: int) -> list[int]:
    """The numbers of channels of all lanes together, `width` times the full numbers."""
    return [max(1, round(width * each)) * lanes for each in full]


def block(into: int, out: int, lanes: int, kernel: int = 3, norm: str = "after") -> list[nn.Module]:
    """A convolution with a group per lane, its ReLU and its batch norm."""
    convolution = nn.Conv2d(into, out, kernel, padding=kernel // 2, groups=lanes)
    relu = nn.ReLU(inplace=True)
    batch_norm = nn.BatchNorm2d(out)
    # the count of batches is not used, and would cost a kernel launch per layer
    batch_norm.num_batches_tracked = None
    if norm == "before":
        return [convolution, batch_norm, relu]
    return [convolution, relu, batch_norm]


def empty_network(
    make: Callable[[], nn.Module], device, dtype: torch.dtype, layout=torch.channels_last
) -> nn.Module:
    """The network that `make` builds, on the device, with its states still to be loaded.

    Unlike a constructor it draws no random number.
    """
    with torch.device("meta"):
        model = make()
    return model.to(dtype=dtype, memory_format=layout).to_empty(device=device)


def draw_weights(shapes: State, generator: torch.Generator) -> State:
    """Initial state of one model on the CPU, from PyTorch's default distributions.

    shapes      the state of a network of one lane, of which the shapes count
    generator   the only source of random numbers
    """
    state = {}
    for name, like in shapes.items():
        weight = shapes[name.rpartition(".")[0] + ".weight"]
        state[name] = torch.empty(like.shape)
        if weight.dim() == 4:  # weight or bias of a convolution: uniform in ±1/√fan_in
            bound = 1 / math.sqrt(weight[0].numel())
            state[name].uniform_(-bound, bound, generator=generator)
        else:
            state[name].fill_(1.0 if name.endswith(("weight", "running_var")) else 0.0)
    return state


def split_lanes(state: State, lanes: int) -> list[State]:
    """The states of a network's models, one per lane, on the CPU."""
    on_cpu = {name: tensor.detach().cpu() for name, tensor in state.items()}
    return [
        {name: tensor.chunk(lanes)[n].clone() for name, tensor in on_cpu.items()}
        for n in range(lanes)
    ]


def load_states(model: nn.Module, states: list[State]) -> None:
    """Load one state per lane into the network; KeyError names what a state misses."""
    joined = {name: torch.cat([state[name] for state in states]) for name in states[0]}
    if missing := model.load_state_dict(joined, strict=False).missing_keys:
        raise KeyError(f"the state has no {', '.join(missing)}")
