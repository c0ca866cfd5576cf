"""Flips and resizing: all that knows an image from another input."""

import numpy as np


def flipped(images: np.ndarray, labels: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels with both flips as further classes (v3 IV): [3·N, H, W] and [3·N].

    Class c becomes c, c + classes (mirrored left to right) and c + 2·classes (upside down). Image n's flips
    stand at n + N and n + 2·N.
    """
    return (
        np.concatenate([images, images[:, :, ::-1], images[:, ::-1, :]]),
        np.concatenate([labels, labels + classes, labels + 2 * classes]),
    )


def resized(images: np.ndarray, size: int) -> np.ndarray:
    """u8 [N, H, W] → u8 [N, size, size]: padded with 0 to a square whose side is a power of two, average pooled.

    28 × 28 becomes 32 × 32; smaller sizes are means over blocks. ValueError unless `size` divides that side.
    """
    count, height, wide = images.shape
    side = 1 << (max(height, wide) - 1).bit_length()
    if side % size:
        sizes = [str(s) for s in (8, 16, 32, 64, 128, 256) if side % s == 0]
        raise ValueError(
            f"{size} cannot be made of {height} × {wide} images; possible: {', '.join(sizes) or 'none'}"
        )
    top, left = (side - height) // 2, (side - wide) // 2
    square = np.pad(images, ((0, 0), (top, side - height - top), (left, side - wide - left)))
    block = side // size
    return np.rint(square.reshape(count, size, block, size, block).mean((2, 4))).astype(np.uint8)
