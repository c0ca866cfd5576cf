"""Images that are nearly equal are found, and others of one writer are not."""

import io

import numpy as np
import pytest
from PIL import Image

from perso.cli import main
from perso.data import near_copies, sources
from perso.data.importing import import_arrays
from perso.data.splits import positions_of
from perso.errors import InputError
from perso.paths import ROOT, default_data_dir
from perso.settings import Settings
from perso.study.study import Study


def drawings(people=6, each=20, side=24) -> dict:
    """Smooth random images of people, two classes in turn."""
    draw = np.random.default_rng(0)
    coarse = draw.integers(0, 256, (people * each, 6, 6)).astype(np.uint8)
    images = np.stack([np.asarray(Image.fromarray(one).resize((side, side))) for one in coarse])
    labels = np.arange(len(images)) % 2
    return {"images": images, "labels": labels, "who": np.repeat(np.arange(people), each)}


def as_jpeg(image: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "jpeg", quality=90)
    return np.asarray(Image.open(buffer))


ALTERED = {"jpeg": as_jpeg, "a level lighter": lambda image: np.minimum(image, 254) + 1}


def twice(data: dict, alter) -> dict:
    """Each image and the same one altered."""
    both = {name: np.concatenate([array, array]) for name, array in data.items()}
    both["images"] = np.concatenate([data["images"], np.stack(list(map(alter, data["images"])))])
    return both


@pytest.mark.parametrize("alter", ALTERED)
def test_an_image_and_itself_altered_are_nearly_equal(alter):
    both = twice(drawings(), ALTERED[alter])
    half = len(both["images"]) // 2
    every = np.arange(2 * half)
    assert near_copies.near_copies(both["images"], both["labels"], every, every).all()
    one = near_copies.near_copies(both["images"], both["labels"], every[:half], every[:half])
    assert not one.any()
    other_class = np.concatenate([both["labels"][:half], 1 - both["labels"][half:]])
    assert not near_copies.near_copies(both["images"], other_class, every, every).any()


def test_many_images_are_compared_in_parts(monkeypatch):
    both = twice(drawings(), as_jpeg)
    every = np.arange(len(both["images"]))
    monkeypatch.setattr(near_copies, "AT_ONCE", 7)
    assert near_copies.near_copies(both["images"], both["labels"], every, every).all()


def test_nobodys_digits_are_nearly_equal():
    digits = sources.load("digits", default_data_dir())
    for own in positions_of(digits.who).values():
        assert not near_copies.near_copies(digits.inputs, digits.labels, own, own).any()


def test_an_image_without_contrast_is_no_copy():
    blank = np.zeros((3, 4, 4), np.uint8)
    assert not near_copies.near_copies(blank, np.zeros(3, int), np.arange(3), np.arange(3)).any()


def test_import_and_data_count_them_and_keep_them(tmp_path, capsys):
    data = twice(drawings(), as_jpeg)
    imported = import_arrays(data["images"], data["labels"], data["who"])
    assert "alike     240 images nearly equal another of the same person" in imported.report
    file = tmp_path / "people.npz"
    np.savez(file, **data)
    words = ["-p", f"dataset=file:{file}", "-p", "individuals=6", "-p", "flips=false"]
    assert main(["data", str(ROOT / "params" / "smoke.yml"), *words]) == 0
    assert "test images of individuals nearly equal a training image" in capsys.readouterr().out
    single = drawings()
    assert "alike" not in import_arrays(single["images"], single["labels"], single["who"]).report


def test_the_advice_against_copies_at_one_size_alone_is_a_larger_size(tmp_path):
    """The means of 2 × 2 pixels are those of an image of 8 × 8."""
    data = drawings(side=16)
    data["images"] = data["images"].clip(1, 254)
    checks = np.tile(np.array([[1, -1], [-1, 1]]), (8, 8))
    file = tmp_path / "people.npz"
    np.savez(file, **twice(data, lambda image: (image + checks).astype(np.uint8)))
    settings = Settings(
        dataset=f"file:{file}",
        individuals=6,
        global_people=0,
        exchange=True,
        flips=False,
        image_size=8,
        width=0.125,
    )
    with pytest.raises(InputError, match="they differ in the file, but not at image_size=8: take"):
        Study(settings, tmp_path / "none.sqlite")
