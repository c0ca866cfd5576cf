"""Labels beside points, in place of a legend that one looks up."""

from collections.abc import Mapping, Sequence
from itertools import pairwise, product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

# Where a label may be: towards a side of its mark, the nearest places first
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
DISTANCES = (6, 13, 22, 34, 48, 64)  # points
BESIDE = 10  # points; a label nearer than this to its mark needs no line to it
SIZE = 8  # of letters, points
# around letters, so that lines do not strike them out and they hide no interval
EDGE = withStroke(linewidth=2, foreground="white")


def label_points(
    ax: Axes,
    points: dict[str, tuple[float, float]],
    texts: dict[str, str],
    curves: Sequence[np.ndarray] = (),
    hues: Mapping[str, object] | None = None,
) -> None:
    """Write labels beside points so that they cover neither marks, nor curves, nor each other.

    points   places of all marks by name
    texts    labels by name of their points, the most important first
    curves   knots of drawn lines, [knots, 2] each; nan in one that is not drawn
    hues     of labels by name; all others are nearly black
    A label is put at the first free place of SIDES and DISTANCES that no other mark is nearer to,
    or else where another is nearer by the least, and left out where no place is free. A thin line
    leads to one that is not beside its mark or is nearer to another's. Call it last: it needs the
    final axes.
    """
    ax.figure.canvas.draw()
    renderer = ax.figure.canvas.get_renderer()
    at = {name: ax.transData.transform(point) for name, point in points.items()}
    taken = [box_around(place, 3) for place in at.values()]
    drawn = [curve for curve in curves if np.isfinite(curve).all()]
    taken += [box_around(place, 1) for curve in drawn for place in places_along(ax, curve)]
    for name, text in texts.items():
        written = ax.annotate(
            text,
            points[name],
            (0, 0),
            textcoords="offset points",
            fontsize=SIZE,
            color=(hues or {}).get(name, "0.15"),
            path_effects=[EDGE],
        )
        size = written.get_window_extent(renderer)
        others = [place for other, place in at.items() if other != name]
        places = free_places(ax, at[name], (size.width, size.height), taken)
        if not places:
            written.remove()
            continue
        own = [box for box in places if lead(box, at[name], others) >= 0]
        box = own[0] if own else max(places, key=lambda box: lead(box, at[name], others))
        taken.append(box)
        offset = (box.min - at[name]) * 72 / ax.figure.dpi
        written.set_position(offset)
        end = np.clip(at[name], box.min, box.max)
        is_beside = distance_to(box, at[name]) < BESIDE * ax.figure.dpi / 72
        if not (own and is_beside):
            line = ax.transData.inverted().transform([at[name], end])
            ax.plot(*line.T, color="0.5", lw=0.6, zorder=1, scalex=False, scaley=False)


def free_places(
    ax: Axes, point: np.ndarray, size: tuple[float, float], taken: Sequence[Bbox]
) -> list[Bbox]:
    """The boxes of this size beside a point, in pixels, that overlap nothing, nearest first."""
    width, height = size
    inside = ax.bbox.padded(-1)
    found = []
    for distance, (right, up) in product(DISTANCES, SIDES):
        reach = distance * ax.figure.dpi / 72
        left = point[0] + right * reach - (1 - right) / 2 * width
        low = point[1] + up * reach - (1 - up) / 2 * height
        box = Bbox.from_bounds(left, low, width, height)
        is_inside = inside.count_contains(box.corners()) == 4
        if is_inside and not box.count_overlaps(taken):
            found.append(box)
    return found


def lead(box: Bbox, point: np.ndarray, others: Sequence[np.ndarray]) -> float:
    """By how many pixels a box is nearer to its own point than to any other; below 0 it is not."""
    nearest = min((distance_to(box, other) for other in others), default=np.inf)
    return nearest - distance_to(box, point)


def distance_to(box: Bbox, point: np.ndarray) -> float:
    """From a point to the nearest place of a box, in pixels."""
    return float(np.hypot(*(np.clip(point, box.min, box.max) - point)))


def box_around(place: np.ndarray, reach: float) -> Bbox:
    """A square around a place, in pixels."""
    return Bbox.from_extents(*(place - reach), *(place + reach))


def places_along(ax: Axes, knots: np.ndarray) -> np.ndarray:
    """Places in pixels along the straight lines that join knots, [n, 2]."""
    pixels = ax.transData.transform(knots)
    steps = np.linspace(0, 1, 20, endpoint=False)[:, None]
    return np.concatenate(
        [start + steps * (end - start) for start, end in pairwise(pixels)] or [pixels]
    )
