"""v3's VGG-style classifier (Fig. 4), and the parts that the auto-encoder shares with it.

Every layer has N times the channels and every convolution has N groups, for N models in N lanes.
"""

import math

import torch
from torch import nn

from perso.training.models import Design, LaneDropout, State, cross_entropy


def prepare_images(
    x: torch.Tensor, dtype: torch.dtype, layout: torch.memory_format
) -> torch.Tensor:
    """Images u8 [B, lanes, S, S] as floats in 0 … 1, in the memory format `layout`."""
    if x.dtype != torch.uint8:
        raise ValueError("this network needs images [S, S] of 8 bits; for sequences take gru")
    return x.to(dtype).div_(255).contiguous(memory_format=layout)


def image_size_of(design: Design) -> int:
    """S of a design's images [S, S]; ValueError where its samples are none."""
    height, width = design.shape
    if design.kind != "images" or height != width or height < 8:
        raise ValueError(
            f"{design.architecture} needs images [S, S] with S of at least 8, and the samples are "
            f"{design.kind} {list(design.shape)}; for sequences take gru, or a network of your own"
        )
    return height


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

    @classmethod
    def made(cls, design: Design, lanes: int) -> "VGG":
        """The network of a design; ValueError where its samples are no images [S, S]."""
        size = image_size_of(design)
        return cls(design.classes, size, design.width, lanes, design.norm, design.pooling)

    prepare = staticmethod(prepare_images)
    draw = staticmethod(draw_weights)
    loss = staticmethod(cross_entropy)

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
