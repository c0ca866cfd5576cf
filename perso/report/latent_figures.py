"""The map of people by their latent codes (chapter 6)."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.transforms import Bbox

from perso.report.looks import WIDTH, as_written
from perso.report.picture import Picture

HEIGHT = 14  # of a person's digits, points
NAME = 11  # height of a name, points
GAP = 4  # from a person's dot to the digits, points
ROOM = 0.12  # around the dots, a share of their extent


def map_figure(places: pd.DataFrame, digits: Mapping[object, np.ndarray]) -> Picture:
    """People on a map with some of their digits; a line leads to the person with the nearest code.

    places   of `people_map.people_map`
    digits   u8 [n, S, S] by person; left out where they would cover others
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 5.4), layout="constrained")
    for person, line in places.iterrows():
        other = places.loc[line["nearest"]]
        ax.plot(
            [line["x"], other["x"]],
            [line["y"], other["y"]],
            color="0.8",
            lw=0.8,
            zorder=1,
            label=f"{person} to {line['nearest']}",
        )
    ax.scatter(places["x"], places["y"], s=12, color="#0072b2", zorder=3)
    ax.set(xticks=[], yticks=[])
    ax.margins(ROOM)
    ax.set_aspect("equal", adjustable="datalim")  # so that distances are as long in all directions
    shares = places.attrs["shares"]
    ax.set_xlabel(f"{100 * shares[0]:.0f} % of the variation between people")
    ax.set_ylabel(f"{100 * shares[1]:.0f} % of the variation")
    ax.grid(False)
    draw_digits(ax, places, digits)
    return Picture(fig, map_text(places))


def draw_digits(ax: Axes, places: pd.DataFrame, digits: Mapping[object, np.ndarray]) -> None:
    """Draw people's digits and names below their dots, the outermost people first.

    Where these would cover others, there is only the name, to the right of the dot.
    """
    ax.figure.canvas.draw()
    points = ax.transData.transform(places[["x", "y"]].to_numpy())
    pixel = 72 / ax.figure.dpi  # in points
    taken = [Bbox.from_bounds(x - 2, y - 2, 4, 4) for x, y in points]
    distances = np.hypot(*(points - points.mean(axis=0)).T)
    for place in np.argsort(-distances, kind="stable"):
        person = places.index[place]
        strip = np.hstack(list(digits[person]))
        width = HEIGHT * strip.shape[1] / strip.shape[0] + 6
        left, top = points[place] - np.array([width / 2, GAP]) / pixel
        height = (HEIGHT + NAME) / pixel
        box = Bbox.from_bounds(left, top - height, width / pixel, height)
        dot = tuple(places.loc[person, ["x", "y"]])
        shift, look = (GAP, 0), {"ha": "left", "va": "center"}
        if not box.count_overlaps(taken):
            taken.append(box)
            image = OffsetImage(
                strip, zoom=HEIGHT / strip.shape[0], cmap="gray_r", interpolation="nearest"
            )
            below = (0, -GAP - HEIGHT / 2)
            ax.add_artist(
                AnnotationBbox(image, dot, below, boxcoords="offset points", frameon=False, pad=0)
            )
            shift, look = (0, -GAP - HEIGHT - 1), {"ha": "center", "va": "top"}
        ax.annotate(
            as_written(person), dot, shift, textcoords="offset points", color="0.35", **look
        )


def map_text(places: pd.DataFrame) -> str:
    """Who is nearest to whom, and who is farthest from everybody."""
    closest = places["distance"].idxmin()
    alone = places["distance"].idxmax()
    pair = f"the most alike are {closest} and {places.loc[closest, 'nearest']}"
    return (
        f"A map of {len(places)} people by their mean codes; {pair}, "
        f"the least like anybody is {alone}."
    )
