"""A picture of a page: a figure and the text that says what it shows."""

import base64
import io
from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from perso.files import whole

LARGEST_SVG = 150_000  # bytes; a larger one is drawn as pixels
SCREEN = 96  # pixels per inch of a page
SHARPNESS = 2  # pixels of an image per pixel of a page
# no date and no version, so that the same figure gives the same bytes
METADATA = {"Date": None, "Creator": None}
# letters are drawn as outlines: a reader's font of another width would make labels overlap
OUTLINES = {"svg.fonttype": "path", "svg.hashsalt": "perso"}


class Picture:
    """What a figure function returns and a cell shows as its last expression.

    figure   is closed, so that Jupyter does not show it a second time
    alt      what the figure shows, a sentence or two with its numbers, for those who do not see it
    """

    def __init__(self, figure: Figure, alt: str):
        self.figure = figure
        self.alt = alt
        # it is drawn later, in the look that it was made in
        self._look = {key: value for key, value in mpl.rcParams.items() if key != "backend"}
        plt.close(figure)

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        """What Jupyter shows: SVG where it is small, otherwise PNG; the alt text beside it."""
        svg = self.svg()
        if len(svg) <= LARGEST_SVG:
            return {"image/svg+xml": svg.decode(), "text/plain": self.alt}, {}
        png, size = self.png()
        data = {"image/png": base64.b64encode(png).decode(), "text/plain": self.alt}
        return data, {"image/png": size}

    def svg(self) -> bytes:
        """Draw the figure as SVG; the same figure gives the same bytes."""
        return self._drawn("svg", metadata=METADATA)

    def png(self) -> tuple[bytes, dict[str, int]]:
        """Draw the figure as PNG; return its width and height on a page, too."""
        png = self._drawn("png")
        # an image's size in pixels is in its header, IHDR
        width, height = (int.from_bytes(png[at : at + 4]) for at in (16, 20))
        return png, {"width": width // SHARPNESS, "height": height // SHARPNESS}

    def _drawn(self, form: str, **options) -> bytes:
        buffer = io.BytesIO()
        with mpl.rc_context(self._look | OUTLINES):
            self.figure.savefig(
                buffer,
                format=form,
                bbox_inches="tight",
                facecolor="white",
                dpi=SHARPNESS * SCREEN,
                **options,
            )
        return buffer.getvalue()

    def save(self, path: Path) -> None:
        """Write the figure to an SVG file."""
        svg = self.svg()
        with whole(path) as aside:
            Path(aside).write_bytes(svg)


# --- sentences of alt texts


def extremes_text(values: pd.Series, form: str = "+z.1f") -> str:
    """Return the names of the highest and the lowest value, with these: "highest a +2.0, …".

    form   of a value
    """
    known = values.dropna().astype(float)
    if known.empty:
        return "no values"
    if len(known) == 1:
        return f"{known.index[0]} {known.iloc[0]:{form}}"
    if known.nunique() == 1:
        return f"all {known.iloc[0]:{form}}"
    ends = {"highest": known.idxmax(), "lowest": known.idxmin()}
    return ", ".join(f"{end} {name} {known[name]:{form}}" for end, name in ends.items())


def parts_text(values: Mapping[str, pd.Series], form: str = "+z.1f") -> str:
    """Return a sentence of `extremes_text` per part: "D_I: highest …. D_G: highest …."

    values   by part, or by what else stands before a sentence's colon
    """
    return " ".join(f"{name}: {extremes_text(each, form)}." for name, each in values.items())
