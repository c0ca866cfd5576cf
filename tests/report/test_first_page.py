"""The pictures of the book's first page."""

import base64

import matplotlib.pyplot as plt
import nbformat
import pytest

from perso.methods.method import BASELINE
from perso.paths import ROOT
from perso.report import first_page
from perso.report.picture import Picture
from perso.settings import Settings
from perso.study.study import Study


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    """A study of four people, of which nothing is trained."""
    settings = Settings(
        dataset="digits", individuals=4, global_people=0, exchange=True, image_size=8
    )
    return Study(settings, tmp_path_factory.mktemp("store") / "store.sqlite")


def chapter(folder, *data: dict) -> None:
    """Write an executed chapter 0 that shows these images."""
    outputs = [nbformat.v4.new_output("display_data", each) for each in data]
    cell = nbformat.v4.new_code_cell("shown()", outputs=outputs, execution_count=1)
    (folder / "chapters").mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A"), cell])
    nbformat.write(notebook, folder / "chapters" / first_page.EFFECTS)


def test_the_first_page_includes_what_is_written(study, tmp_path):
    one = {"image/svg+xml": "<svg/>", "text/plain": "From 0\nto 1."}
    chapter(tmp_path, one, one | {"text/plain": "The trade-off."})
    first_page.write_pictures(study, tmp_path)
    page = (ROOT / "intro.md").read_text("utf-8")
    for name in ("strips", "headline", "effects"):
        assert f"{{include}} {name}.md" in page
        assert f"{{image}} {name}.svg" in (tmp_path / f"{name}.md").read_text("utf-8")
        assert b"<svg" in (tmp_path / f"{name}.svg").read_bytes()
    assert ":alt: From 0 to 1.\n" in (tmp_path / "effects.md").read_text("utf-8")


def test_the_page_about_running_includes_how_long_it_takes(tmp_path):
    first_page.write_durations(tmp_path)
    assert "```{include} durations.md" in (ROOT / "rerun.md").read_text("utf-8")
    assert "| `make book` |" in (tmp_path / "durations.md").read_text("utf-8")


def test_without_the_picture_of_chapter_0_the_page_says_so(study, tmp_path):
    chapter(tmp_path, {"text/plain": "no image"})
    first_page.write_pictures(study, tmp_path)
    for name in ("effects", "headline"):
        assert (tmp_path / f"{name}.md").read_text("utf-8") == first_page.NOTHING


def test_the_strips_are_of_methods_in_the_table_of_the_page(study):
    names = [method.name for method in first_page.examples(study)]
    page = (ROOT / "intro.md").read_text("utf-8")
    assert names[0] == BASELINE and names[-1].startswith("SG-")
    assert all(f"*{name}*" in page for name in names[1:-1])


def test_pixels_are_written_as_a_png(tmp_path):
    figure, ax = plt.subplots()
    ax.plot([0, 1])
    png, _ = Picture(figure, "").png()
    first_page.write_picture(
        "one", {"image/png": base64.b64encode(png).decode()}, "A line.", tmp_path
    )
    assert (tmp_path / "one.png").read_bytes() == png
