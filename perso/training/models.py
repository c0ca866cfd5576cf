"""v3's networks, wide enough for N models side by side: the VGG-style classifier (Fig. 4), the auto-encoder (Fig. 5).

N models in one network: every layer's channels come N times and every convolution has N groups, so no model
ever sees another's numbers and each step is one launch for all N. All parameters and statistics of model n are
the n-th of N equal slices along the first axis.
"""

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

State = dict[str, torch.Tensor]  # one model's parameters and statistics, by name


class LaneDropout(nn.Module):
    """Dropout by a mask that is drawn ahead of the pass: the pass itself is without chance, and compiles whole."""

    def __init__(self, p: float, channels: int, side: int):
        super().__init__()
        self.p, self.shape = p, (channels, side, side)  # of one lane

    def draw(
        self, batch: int, generators: list[torch.Generator], like: torch.Tensor
    ) -> torch.Tensor:
        """A mask [B, N·C, H, W], each lane's from its own generator; kept values are scaled up (dtype of `like`)."""
        masks = [
            like.new_empty((batch, *self.shape)).bernoulli_(1 - self.p, generator=g)
            for g in generators
        ]
        return torch.cat(masks, 1).div_(1 - self.p)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:  # [B, N·C, H, W]
        return x if mask is None else x * mask


class VGG(nn.Module):
    """`lanes` VGG-style classifiers: u8 pixels as floats [B, lanes, S, S] → logits [B, lanes, classes].

    Conv → ReLU → BN, as v3 says of the auto-encoder and "also" of this one. Four poolings, the last one left out
    at S = 8; what is left is averaged before the fully connected layer (v3's 256 × nClasses). Other readings:

    norm     "before": conv → BN → ReLU
    pooling  "flatten": all places that are left go to the fully connected layer; S ≤ 16 leaves a single one
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
        self.classes, self.lanes = classes, lanes
        c32, c64, c128, c256 = channels(width, lanes, 32, 64, 128, 256)
        side = image_size >> poolings(image_size) if pooling == "flatten" else 1

        def conv(into, out, kernel):
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
        self.classifier = nn.Conv2d(
            c256, classes * lanes, side, groups=lanes
        )  # the FC layer of every lane

    def masks(
        self, batch: int, generators: list[torch.Generator], like: torch.Tensor
    ) -> list[torch.Tensor]:
        """The dropout masks of one pass in training, from one generator per lane; in the dtype and place of `like`."""
        return [
            layer.draw(batch, generators, like)
            for layer in self.features
            if isinstance(layer, LaneDropout)
        ]

    def forward(self, x: torch.Tensor, masks=(None, None)) -> torch.Tensor:
        left = iter(masks)
        for layer in self.features:
            x = layer(x, next(left)) if isinstance(layer, LaneDropout) else layer(x)
        return self.classifier(x).view(len(x), self.lanes, self.classes)

    @staticmethod
    def loss(logits: torch.Tensor, x: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy over a batch, summed over lanes, so that no lane scales another."""
        return F.cross_entropy(logits.flatten(0, 1), classes.flatten(), reduction="sum") / len(x)


class AutoEncoder(nn.Module):
    """`lanes` auto-encoders: u8 pixels as floats [B, lanes, S, S] → the same, by way of `latent` numbers each.

    Fig. 5: conv → ReLU → BN, but for the last layer, which a ReLU alone follows. The figure pools five times, from
    32×32 to 1×1 (here four times at S = 16, three at 8). Its decoder begins at 2×2 and upsamples three times, to
    16×16, by numbers of channels that do not chain; here it does so up to S, by 128-128-64-32-16-1.
    """

    def __init__(self, image_size: int, latent: int = 16, width: float = 1.0, lanes: int = 1):
        super().__init__()
        self.lanes, self.side = lanes, image_size >> poolings(image_size)
        last = max(1, self.side // 2)
        c16, c32, c64, c128 = channels(width, lanes, 16, 32, 64, 128)
        pool, up, four = nn.MaxPool2d(2), nn.Upsample(scale_factor=2), poolings(image_size) == 4
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

    def masks(self, *_) -> tuple:
        """None: an auto-encoder has no dropout."""
        return ()

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Codes [B, lanes, latent]."""
        return self.encoder(x).view(len(x), self.lanes, -1)

    def forward(self, x: torch.Tensor, masks=()) -> torch.Tensor:
        codes = self.encode(x).flatten(1)[:, :, None, None]
        return self.decoder(self.dense(codes).view(len(x), -1, self.side, self.side))

    @staticmethod
    def loss(made: torch.Tensor, x: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Mean (X − X')² over a batch and its pixels, summed over lanes."""
        return F.mse_loss(made, x, reduction="sum") / x[:, 0].numel()


def poolings(image_size: int) -> int:
    """How often a network halves its images: four times, and three at 8 × 8."""
    return 4 if image_size >= 16 else 3


def channels(width: float, lanes: int, *full: int) -> list[int]:
    """Numbers of channels of all lanes together at a width."""
    return [max(1, round(width * each)) * lanes for each in full]


def block(into: int, out: int, lanes: int, kernel: int = 3, norm: str = "after") -> list[nn.Module]:
    """A convolution per lane with its ReLU and batch norm."""
    layer, relu = (
        nn.Conv2d(into, out, kernel, padding=kernel // 2, groups=lanes),
        nn.ReLU(inplace=True),
    )
    batch_norm = nn.BatchNorm2d(out)
    batch_norm.num_batches_tracked = (
        None  # nobody asks for it, and counting takes a launch per layer
    )
    return [layer, batch_norm, relu] if norm == "before" else [layer, relu, batch_norm]


def empty_network(
    make: Callable[[], nn.Module], device, dtype: torch.dtype, layout=torch.channels_last
) -> nn.Module:
    """The network that `make` builds, its weights yet to be loaded; unlike a constructor it draws no random number."""
    with torch.device("meta"):
        model = make()
    return model.to(dtype=dtype, memory_format=layout).to_empty(device=device)


def draw_weights(shapes: State, generator: torch.Generator) -> State:
    """Fresh weights of one model, PyTorch's default distributions drawn from `generator` alone, on the CPU.

    shapes   the state of a network of one lane
    """
    state = {}
    for name, like in shapes.items():
        weight = shapes[name.rpartition(".")[0] + ".weight"]
        state[name] = torch.empty(like.shape)
        if weight.dim() == 4:  # a convolution's weight or bias: uniform in ±1/√fan_in
            bound = 1 / math.sqrt(weight[0].numel())
            state[name].uniform_(-bound, bound, generator=generator)
        else:
            state[name].fill_(1.0 if name.endswith(("weight", "running_var")) else 0.0)
    return state


def split_lanes(state: State, lanes: int) -> list[State]:
    """A fused network's state taken apart: one state per model, on the CPU."""
    kept = {name: tensor.detach().cpu() for name, tensor in state.items()}
    return [
        {name: tensor.chunk(lanes)[n].clone() for name, tensor in kept.items()}
        for n in range(lanes)
    ]


def load_states(model: nn.Module, states: list[State]) -> None:
    """Put one state per lane into the network. KeyError when a state lacks something."""
    joined = {name: torch.cat([state[name] for state in states]) for name in states[0]}
    if lacking := model.load_state_dict(joined, strict=False).missing_keys:
        raise KeyError(f"the state lacks {', '.join(lacking)}")
