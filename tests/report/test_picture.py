"""A picture shows its figure and says what it shows."""

import base64
import io
import struct
import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from perso.report import picture
from perso.report.execution import polish
from perso.report.picture import Picture, extremes_text, parts_text


def a_picture(alt="A line from 1 to 2.") -> Picture:
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.plot([1, 2], label="SW-n-2")
    ax.legend()
    return Picture(fig, alt)


def test_a_small_figure_is_svg_with_its_text_beside_it():
    data, metadata = a_picture()._repr_mimebundle_()
    assert list(data) == ["image/svg+xml", "text/plain"] and not metadata
    assert "<svg" in data["image/svg+xml"] and data["text/plain"] == "A line from 1 to 2."
    assert repr(a_picture()) == "A line from 1 to 2."


def test_a_large_figure_is_png_of_twice_the_pixels(monkeypatch):
    monkeypatch.setattr(picture, "LARGEST_SVG", 10)
    data, metadata = a_picture()._repr_mimebundle_()
    assert list(data) == ["image/png", "text/plain"]
    png = base64.b64decode(data["image/png"])
    size = metadata["image/png"]
    width, height = Image.open(io.BytesIO(png)).size
    assert struct.unpack(">II", png[16:24]) == (width, height)
    assert (size["width"], size["height"]) == (width // 2, height // 2)
    assert 150 < size["width"] < 230  # 2 inches of 96 pixels, and what the legend and a rim need


def test_the_figure_is_closed():
    a_picture()
    assert not plt.get_fignums()


def test_letters_are_outlines_and_the_same_figure_gives_the_same_bytes():
    one = a_picture().svg()
    mpl.rcParams["svg.hashsalt"] = None
    mpl.rcParams["svg.fonttype"] = "none"
    assert a_picture().svg() == one
    assert b"<text" not in one and b"SW-n-2" in one  # the letters stand in a comment
    assert b"<dc:date" not in one and mpl.__version__.encode() not in one


def test_a_picture_is_saved_as_svg(tmp_path):
    a_picture().save(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_bytes() == a_picture().svg()


def test_extremes_are_named_with_their_values():
    assert extremes_text(pd.Series({"a": 1.0, "b": 2.04, "c": -3.0})) == (
        "highest b +2.0, lowest c -3.0"
    )
    assert extremes_text(pd.Series({"a": 1.0, "b": np.nan}), ".2f") == "a 1.00"
    assert extremes_text(pd.Series({"a": np.nan})) == "no values"
    assert extremes_text(pd.Series({"a": -0.01})) == "a +0.0"
    assert extremes_text(pd.Series({"a": 2.0, "b": 2.0})) == "all +2.0"
    values = {part: pd.Series({"a": 1.0}) for part in ("D_I", "D_G")}
    assert parts_text(values) == "D_I: a +1.0. D_G: a +1.0."


# --- on a page


def chapter_with(shown: Picture) -> nbformat.NotebookNode:
    """An executed notebook whose one code cell shows a picture."""
    data, metadata = shown._repr_mimebundle_()
    cell = nbformat.v4.new_code_cell("figures.strip(schedules)", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("execute_result", data, metadata=metadata)]
    cell.outputs[0].execution_count = 1
    cell.metadata.tags = ["hide-input"]
    title = nbformat.v4.new_markdown_cell("# A chapter")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=[title, cell], metadata=kernel)


def test_polishing_gives_a_cell_the_text_of_its_picture():
    (_, cell) = polish(chapter_with(a_picture())).cells
    assert cell.metadata.mystnb == {"image": {"alt": "A line from 1 to 2.", "classes": "picture"}}


@pytest.mark.parametrize("largest", [picture.LARGEST_SVG, 10], ids=["svg", "png"])
def test_a_page_has_the_alt_text_of_its_picture(tmp_path, monkeypatch, largest):
    monkeypatch.setattr(picture, "LARGEST_SVG", largest)
    alt = 'From 1 to 2: "TL" <9 %> on D_I +3.7.'
    nbformat.write(polish(chapter_with(a_picture(alt))), tmp_path / "index.ipynb")
    (tmp_path / "conf.py").write_text("extensions = ['myst_nb']\nnb_execution_mode = 'off'\n")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", str(tmp_path), str(tmp_path / "html")]
    subprocess.run(command, check=True)
    page = (tmp_path / "html" / "index.html").read_text("utf-8")
    shown = 'alt="From 1 to 2: &quot;TL&quot; &lt;9 %&gt; on D_I +3.7."'
    (image,) = [tag for tag in page.split("<") if tag.startswith("img") and "_images" in tag]
    assert shown in f"<{image}" and "picture" in image
