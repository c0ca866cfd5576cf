"""Flips of images and of trajectories, and resizing of images."""

import numpy as np
from scipy import ndimage

AT_ONCE = 1024  # images that are resized at a time


def flipped(images: np.ndarray, labels: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images [3·N, H, W] and labels [3·N], with both flips as further classes (v3 IV).

    Class c becomes c, c + classes (mirrored left to right) and c + 2·classes (upside down).
    The flips of image n have the indices n + N and n + 2·N.
    """
    return (
        np.concatenate([images, images[:, :, ::-1], images[:, ::-1, :]]),
        np.concatenate([labels, labels + classes, labels + 2 * classes]),
    )


def flipped_trajectories(
    trajectories: np.ndarray, labels: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return trajectories [3·N, T, C] and labels [3·N]: the same as `flipped` does with images.

    Channel 0 is x and channel 1 is y, with their centre at 0; further channels stay as they are.
    """
    mirrored = trajectories.copy()
    upside_down = trajectories.copy()
    # 0 - x in place of -x, which makes -0.0 of 0.0: its bytes differ, and copies go by the bytes
    mirrored[..., 0] = 0 - trajectories[..., 0]
    upside_down[..., 1] = 0 - trajectories[..., 1]
    return (
        np.concatenate([trajectories, mirrored, upside_down]),
        np.concatenate([labels, labels + classes, labels + 2 * classes]),
    )


def resized(images: np.ndarray, size: int) -> np.ndarray:
    """Return images u8 [N, H, W] as u8 [N, size, size].

    They are padded with 0 to a square whose side is a power of two (28 × 28 becomes 32 × 32);
    smaller sizes are means over blocks of it. ValueError unless `size` divides that side.
    """
    count, height, width = images.shape
    side = 1 << (max(height, width) - 1).bit_length()
    if side % size:
        possible = [str(each) for each in (8, 16, 32, 64, 128, 256) if side % each == 0]
        raise ValueError(
            f"{size} cannot be made of {height} × {width} images; "
            f"possible: {', '.join(possible) or 'none'}"
        )
    top = (side - height) // 2
    left = (side - width) // 2
    around = (0, 0), (top, side - height - top), (left, side - width - left)
    block = side // size
    found = np.empty((count, size, size), np.uint8)
    # a part at a time: the sums need four times the memory
    for start in range(0, count, AT_ONCE):
        square = np.pad(images[start : start + AT_ONCE], around)
        sums = np.zeros((len(square), size, size), np.uint32)
        for row in range(block):
            for column in range(block):
                sums += square[:, row::block, column::block]
        found[start : start + AT_ONCE] = np.rint(sums / block**2)
    return found


def sheared(images: np.ndarray, degrees: float) -> np.ndarray:
    """Return images u8 [N, H, W] sheared about their middle line: their upright lines lean.

    Each row moves to the right by tan(degrees) for each pixel above the middle; what moves out of
    the image is lost, and what moves in is 0.
    """
    slope = np.tan(np.deg2rad(degrees))
    middle = (images.shape[1] - 1) / 2
    # output pixel (n, y, x) is input pixel (n, y, x + slope · (y − middle))
    matrix = np.array([[1, 0, 0], [0, 1, 0], [0, slope, 1]])
    offset = (0, 0, -slope * middle)
    moved = ndimage.affine_transform(images.astype(float), matrix, offset, order=1)
    return np.rint(moved).clip(0, 255).astype(np.uint8)


def thickened(images: np.ndarray, pixels: int) -> np.ndarray:
    """Return images u8 [N, H, W] with bright lines thicker by so many pixels on each side."""
    side = 2 * pixels + 1
    return ndimage.grey_dilation(images, size=(1, side, side))
