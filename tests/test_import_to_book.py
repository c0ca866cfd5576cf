"""Letters of people with odd names, from a folder of images to pages of a book."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from perso.cli import main
from perso.methods import registry
from perso.methods.registry import named
from perso.paths import ROOT
from perso.report import book, execution

PEOPLE = ("Zoë", "p_1 *x*", "ward $2", "a|b")
SHOWN = ("01-people", "04-sample-weighing", "06-auto-encoder")  # as executed; the others are titles
PARAMS = """
individuals: 4
global_people: 0
exchange: true
image_size: 8
width: 0.0625
epochs: 1
encoder_epochs: 1
batch_size: 16
largest_dose: 40
"""


def write_letters(folder: Path) -> Path:
    """Scikit-learn's digits as dark letters A to J on white paper, PERSON/LETTER/NAME.png."""
    digits = load_digits()
    images = 255 - (15 * digits.images[:80]).astype(np.uint8)
    for number, (image, label) in enumerate(zip(images, digits.target[:80], strict=True)):
        path = folder / PEOPLE[number // 10 % 4] / "ABCDEFGHIJ"[label]
        path.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path / f"{number}.png")
    return folder


def checkout(folder: Path) -> Path:
    """A checkout whose book has a short introduction, and nothing but titles in most chapters."""
    for name in (*book.SOURCES, "chapters"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "intro.md").unlink()
    (folder / "intro.md").write_text("# Letters\n")
    return folder


def execute_few(chapter: Path, copy: Path, *arguments) -> dict | None:
    """Execute the chapters of SHOWN; write the titles of the others."""
    if chapter.stem in SHOWN:
        return execution.execute(chapter, copy, *arguments)
    title = nbformat.v4.new_markdown_cell(f"# {chapter.stem}")
    nbformat.write(nbformat.v4.new_notebook(cells=[title]), copy)
    return None


def page(html: Path, name: str) -> str:
    """The text of a page, without markup."""
    return " ".join(re.sub("<.*?>", " ", (html / f"{name}.html").read_text("utf-8")).split())


@pytest.mark.slow
def test_from_a_folder_of_images_to_a_book(tmp_path, monkeypatch, capsys):
    for table in set(registry.TABLES) - {"v1"}:  # whose costs are arithmetic
        monkeypatch.setitem(registry.TABLES, table, named("BaseLine", "TL-n-0"))
    (tmp_path / "checkout").mkdir()
    monkeypatch.setattr(book, "ROOT", checkout(tmp_path / "checkout"))
    monkeypatch.setattr(book, "execute", execute_few)
    file, params = tmp_path / "letters.npz", tmp_path / "letters.yml"
    params.write_text(f"dataset: file:{file}{PARAMS}")
    given = [str(params), "--store", str(tmp_path / "s.sqlite")]

    assert main(["import", str(write_letters(tmp_path / "letters")), "--to", str(file)]) == 0
    assert "4 people, 10 classes, 80 samples" in capsys.readouterr().out
    assert main(["run", *given, "--jobs", "1"]) == 0
    assert main(["table", *given]) == 0
    assert "TL-n-0" in capsys.readouterr().out
    assert main(["claims", *given]) == 0
    assert "a smoke run decides nothing" in capsys.readouterr().err
    assert main(["book", *given, "--jobs", "1", "--to", str(tmp_path / "out")]) == 0

    chapters = tmp_path / "out" / "html" / "chapters"
    people = page(chapters, "01-people")
    assert "letters (folders of images): 80 samples of 4 people" in people
    assert all(name in people for name in PEOPLE)
    assert "for digit and image read sample" in people
    assert "classes A, B, C" in people
    assert "SW-n-2" in page(chapters, "04-sample-weighing")
    assert "the classes of these data are no digits" in page(chapters, "06-auto-encoder")
