"""Image files → grey images of one square size; any pixel range → grey levels 0..255, light ink."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from perso.data.found import shown
from perso.data.sizes import counted
from perso.errors import InputError

LARGEST = 64  # pixels a side; larger images are reduced, so that 400,000 of them fit in memory
# what Pillow may read. Others are left out: it calls a program for PostScript, for example
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
PAGED = ("PNG", "GIF", "TIFF", "WEBP")  # a second image in a JPEG is a phone's preview or depth
SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm"}
BRIGHT = 128  # the brightest pixel of a range of 0 to 255 is at least this
LIGHT = 160  # grey level of light paper or more
DARK = 96  # less than this is dark paper


def decoded(
    files: Sequence[Path | bytes], where: str, places: Sequence[str] = ()
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return images [n, S, S], which files they are of, bool [N], and notes.

    Photos whose EXIF data say that they were stored on their side are turned upright.
    All images are reduced by one factor to at most LARGEST pixels a side, and padded with the level
    of their border. Images more than four times as large as most are first made twice as large as
    most. The images are uint8, or float32 where files have more than 8 bits. Files that cannot be
    read, and PNG files with a wrong checksum, are left out, with a note, and so are all but the
    first page or frame of a file. InputError where none can be read, and where only some of the
    images have more than 8 bits.

    files    paths of image files, or their content
    where    file or folder, for messages
    places   where each lies, as a note names it; of paths, the path does
    """
    from PIL import Image

    sides = np.zeros(len(files), int)
    is_deep = np.zeros(len(files), bool)
    pages = np.ones(len(files), int)
    unreadable = []
    for number, file in enumerate(files):
        try:
            opened = file if isinstance(file, Path) else io.BytesIO(file)
            with Image.open(opened, formats=FORMATS) as image:
                side = max(image.size)
                deep = _is_deep(image)
                pages[number] = _pages(image)
                image.verify()  # a PNG's checksums; Pillow reads none of other formats
            sides[number] = side
            is_deep[number] = deep
        except Exception:  # damaged files raise errors of many kinds
            unreadable.append(number)
    read = sides > 0
    if not read.any():
        raise InputError(f"{where}: none of {counted(len(files), 'file')} is a whole image")
    if len(np.unique(is_deep[read])) > 1:
        deep = f"{int(is_deep[read].sum()):,} of {counted(int(read.sum()), 'image')}"
        raise InputError(f"{where}: {deep} have more than 8 bits; needed is one depth")
    usual = np.median(sides[read])
    far_larger = sides > 4 * usual
    factors = np.where(far_larger, 2 * usual / np.maximum(sides, 1), 1.0)
    side = int(np.ceil((sides * factors).max() - 1e-9))
    factors *= min(1.0, LARGEST / side)
    side = min(side, LARGEST)

    images = np.zeros((len(files), side, side), "float32" if is_deep.any() else np.uint8)
    sizes = set()
    colours = 0
    transparent = 0
    turned = 0
    for number in np.flatnonzero(read):
        try:
            content = files[number]
            if isinstance(content, Path):  # of a path, Pillow 13 loads no TIFF upright
                content = content.read_bytes()
            with Image.open(io.BytesIO(content), formats=FORMATS) as stored:
                image = _upright(stored)
                turned += image is not stored
                images[number] = _padded(_grey(image, factors[number], side), side)
                sizes.add(image.size)
                colours += image.mode in ("RGB", "RGBA", "CMYK", "YCbCr", "P", "PA")
                transparent += image.has_transparency_data
        except Exception:
            unreadable.append(number)
            read[number] = False
    if not read.any():
        raise InputError(f"{where}: none of {counted(len(files), 'file')} is a whole image")

    notes = []
    if unreadable:
        first = _name(files, places, min(unreadable))
        count = counted(len(unreadable), "image file")
        notes.append(f"{count} left out, damaged: {first} is the first")
    several = np.flatnonzero(read & (pages > 1))
    if len(several):
        first = _name(files, places, several[0])
        further = int((pages[several] - 1).sum())
        left_out = counted(further, "page or frame", "pages or frames")
        of_files = counted(len(several), "file")
        notes.append(f"{left_out} left out, all but the first of {of_files}, such as {first}")
    if colours:
        notes.append(f"{counted(colours, 'colour image')} made grey")
    if transparent:
        notes.append(f"{counted(transparent, 'transparent image')} put on white")
    if turned:
        notes.append(f"{counted(turned, 'image')} turned upright, as their EXIF data say")
    if far_larger.any():
        notes.append(f"{counted(int(far_larger.sum()), 'image')} far larger than most made smaller")
    if sizes != {(side, side)}:
        widths = sorted({width for width, _ in sizes})
        heights = sorted({height for _, height in sizes})
        found = f"{_span(widths)} × {_span(heights)} pixels"
        done = "padded" if max(widths[-1], heights[-1]) <= side else "reduced and padded"
        notes.append(f"images of {found} {done} to {side} × {side}")
    return images if read.all() else images[read], read, notes


def _name(files: Sequence[Path | bytes], places: Sequence[str], number: int) -> str:
    """Return how a note calls one of the files."""
    return shown(files[number]) if isinstance(files[number], Path) else places[number]


def _pages(image) -> int:
    """Return the number of pages or frames of a Pillow image."""
    try:
        return image.n_frames if image.format in PAGED else 1
    except Exception:  # damage behind the first page, which is no reason to lose that one
        return 1


def _span(sizes: list[int]) -> str:
    """Return "28", or "20 to 128"."""
    return str(sizes[0]) if sizes[0] == sizes[-1] else f"{sizes[0]} to {sizes[-1]}"


def _upright(image):
    """Return a Pillow image the way up that its EXIF data name; itself where they name none."""
    from PIL import ExifTags, ImageOps

    try:
        if image.getexif().get(ExifTags.Base.Orientation) not in range(2, 9):
            return image
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF data, which are no reason to lose the image
        return image


def _is_deep(image) -> bool:
    """Whether a Pillow image has more than 8 bits."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def _grey(image, factor: float, side: int) -> np.ndarray:
    """Return a Pillow image as grey [H, W]: uint8, or float32 for more than 8 bits."""
    from PIL import Image

    is_deep = _is_deep(image)
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image.convert("RGBA"))
    if is_deep:
        image = image.convert("I").convert("F") if image.mode.startswith("I;16") else image
        image = image.convert("F")
    else:
        image = image.convert("L")
    if factor < 1:
        size = [min(side, max(1, round(length * factor))) for length in image.size]
        image = image.resize(size, Image.Resampling.BOX)
    return np.asarray(image)


def _padded(grey: np.ndarray, side: int) -> np.ndarray:
    """Return an image in the middle of a square of the level of its border."""
    height, width = grey.shape
    if (height, width) == (side, side):
        return grey
    level = border_levels(grey[None])[0].astype(grey.dtype)
    top = (side - height) // 2
    left = (side - width) // 2
    square = np.full((side, side), level, grey.dtype)
    square[top : top + height, left : left + width] = grey
    return square


def border_levels(images: np.ndarray) -> np.ndarray:
    """Return the median level of the outermost pixels of each image [N, H, W]; [N]."""
    edges = [images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1]]
    return np.median(np.concatenate(edges, axis=1), axis=1)


def squares(images: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return arrays of images [N, H, W] as squares of at most LARGEST pixels a side, and notes."""
    count, height, width = images.shape
    largest = max(height, width)
    if height == width and largest <= LARGEST:
        return images, []
    side = largest
    block = -(-largest // LARGEST)
    side = -(-largest // block) * block
    square = np.stack([_padded(image, side) for image in images])
    notes = [f"images of {height} × {width} pixels padded to {side} × {side}"]
    if block > 1:
        small = side // block
        square = square.reshape(count, small, block, small, block).mean((2, 4), dtype="float32")
        notes = [f"images of {height} × {width} pixels reduced to {small} × {small}"]
    return square, notes


def faint_images(images: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Return which images have pixels of 0..1 where the same person has some of 0..255, bool [N].

    An image that stays black when it is multiplied by 255 may be of either range.

    images  numbers [N, H, W]
    person  int [N], 0..P-1
    """
    if images.min() < 0 or not BRIGHT <= images.max() <= 255:
        return np.zeros(len(images), bool)
    brightest = images.reshape(len(images), -1).max(1).astype(float)
    of_person = np.zeros(person.max() + 1)
    np.maximum.at(of_person, person, brightest)
    return (brightest * 255 >= 1) & (brightest <= 1) & (of_person[person] >= BRIGHT)


def to_grey_levels(
    images: np.ndarray, person: np.ndarray, where: str
) -> tuple[np.ndarray, str, list[str]]:
    """Return images as uint8 [N, H, W], the range that was found, and notes about what was done.

    InputError for values that are nan or infinite, and where all pixels are equal.

    images  numbers [N, H, W]: 0 and 1, 0..1, -1..1, 0..255, or any other range
    person  int [N], 0..P-1; where some people's images reach 1 and others' 255, only those of the
            first are multiplied
    where   file or argument, for messages
    """
    if images.dtype == bool:
        images = images.astype(np.uint8)
    if images.dtype.kind == "f" and not np.isfinite(images).all():
        bad = int((~np.isfinite(images)).any(axis=(1, 2)).sum())
        raise InputError(
            f"{where}: nan or infinite pixels in {counted(bad, 'image')}; leave such images out"
        )
    low, high = images.min(), images.max()
    found = f"pixels {low:.4g} to {high:.4g}"
    if low == high:
        raise InputError(
            f"{where}: all pixels of all images are {low:.4g}; needed are images that differ"
        )
    if low >= 0 and BRIGHT <= high <= 255:
        brightest = np.zeros(person.max() + 1)
        np.maximum.at(brightest, person, images.reshape(len(images), -1).max(1))
        faint = brightest <= 1
        if faint.any():
            chosen = faint[person]
            images = images.astype("float32", copy=True)
            images[chosen] *= 255
            count = counted(int(faint.sum()), "person", "people")
            rest, _, notes = to_grey_levels(images, person, where)
            return rest, found, [f"pixels 0 to 1 of {count} multiplied by 255", *notes]
    if low < 0:
        bottom, top = (-1, 1) if low >= -1 and high <= 1 else (low, high)
        notes = [f"pixels {bottom:.4g} to {top:.4g} brought to 0 to 255"]
    elif high <= 1:
        bottom, top = 0, 1
        notes = ["pixels 0 to 1 multiplied by 255"]
    elif high > 255 or high < BRIGHT:
        bottom, top = 0, high
        notes = [f"pixels 0 to {high:.4g} brought to 0 to 255"]
    elif images.dtype == np.uint8:
        return images, found, []
    else:
        bottom, top = 0, 255
        notes = []
    levels = np.empty(images.shape, np.uint8)
    for start in range(0, len(images), 4096):  # in blocks: no second array of floats
        block = slice(start, start + 4096)
        scaled = (images[block].astype("float64") - bottom) * (255 / (float(top) - bottom))
        levels[block] = np.rint(scaled)
    return levels, found, notes


def dark_paper(
    images: np.ndarray, person: np.ndarray, keep: bool
) -> tuple[np.ndarray, str, list[str]]:
    """Return images whose paper is dark and whose ink is light, the polarity found, and notes.

    Images are padded with 0 later, which must be the paper. The paper of a person is the median
    level of the borders of their images. Where that is neither light nor dark for one person in
    ten, the images are no ink on paper, and stay as they are.

    images  uint8 [N, H, W]
    person  int [N], 0..P-1
    keep    whether to change nothing
    """
    border = border_levels(images)
    order = np.argsort(person, kind="stable")
    ends = np.flatnonzero(np.diff(person[order])) + 1
    levels = np.array([np.median(each) for each in np.split(border[order], ends)])
    light = levels >= LIGHT
    if (light | (levels < DARK)).mean() < 0.9:
        return images, "no ink on plain paper", []
    count = counted(int(light.sum()), "person", "people")
    if not light.any():
        return images, "light ink on dark paper", []
    polarity = "dark ink on light paper" if light.all() else f"dark ink on light paper of {count}"
    if keep:
        return images, polarity, ["not inverted, as --keep-polarity says"]
    images = np.where(light[person][:, None, None], 255 - images, images)
    return images, polarity, [f"inverted: images of {count}, so that paper is 0"]
