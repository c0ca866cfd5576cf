"""v3's auto-encoder (Fig. 5)."""

import torch
from torch import nn
from torch.nn import functional as F

from perso.training.models import Design, no_masks
from perso.training.vgg import (
    block,
    channels,
    draw_weights,
    image_size_of,
    poolings,
    prepare_images,
)


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

    @classmethod
    def made(cls, design: Design, lanes: int) -> "AutoEncoder":
        """The network of a design; ValueError where its samples are no images [S, S]."""
        return cls(image_size_of(design), design.latent, design.width, lanes)

    prepare = staticmethod(prepare_images)
    draw = staticmethod(draw_weights)
    masks = staticmethod(no_masks)

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
