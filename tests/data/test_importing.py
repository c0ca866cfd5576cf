"""`perso import`: one file of each format gives the same people, and wrong data one line."""

import io
import json
import os
import shlex
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import ExifTags, Image
from scipy.io import savemat
from sklearn.datasets import load_digits

from perso.cli import main
from perso.data.cohort import Cohort
from perso.data.importing import (
    MIN_ITEMS,
    import_arrays,
    import_frame,
    import_source,
)
from perso.data.tabular import Columns
from perso.errors import InputError
from perso.methods import registry
from perso.methods.registry import named
from perso.paths import ROOT

pa = pytest.importorskip("pyarrow")
from pyarrow import parquet  # noqa: E402

same = np.testing.assert_array_equal
DIGITS = load_digits()
INK = (DIGITS.images[:120] * 15).astype(np.uint8)  # light ink on dark paper
PAPER = 255 - INK  # dark ink on light paper
LABELS = DIGITS.target[:120]
WHO = np.arange(120) % 6 + 1


def refused(action, *arguments, **options) -> str:
    """The one line with which a bad input is refused."""
    with pytest.raises(InputError) as caught:
        action(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def done(imported) -> list[str]:
    """The lines of a report that say what was done."""
    lines = imported.report.splitlines()
    return [line.removeprefix("done      ") for line in lines if line.startswith("done ")]


def samples_of(cohort: Cohort) -> dict[int, list]:
    """The samples of each person, in an order that does not depend on the file."""
    return {
        person: sorted(
            (label, image.tobytes())
            for image, label in zip(
                cohort.inputs[cohort.who == person],
                cohort.labels[cohort.who == person].tolist(),
                strict=True,
            )
        )
        for person in cohort.people.tolist()
    }


# --- one file of each format


def png(image: np.ndarray, form: str = "PNG") -> bytes:
    """The bytes of an image file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, form)
    return file.getvalue()


def write_folders(folder: Path) -> Path:
    for number, (image, label, who) in enumerate(zip(PAPER, LABELS, WHO, strict=True)):
        path = folder / str(who) / str(label)
        path.mkdir(parents=True, exist_ok=True)
        (path / f"{number}.png").write_bytes(png(image))
    return folder


def write_by_write(folder: Path) -> Path:
    """NIST's two folders: writers without classes, and classes without writers."""
    for number, (image, label, who) in enumerate(zip(PAPER, LABELS, WHO, strict=True)):
        content = png(image)
        writer = f"{who:04d}_{who:02d}"
        form = folder / "by_write" / f"hsf_{who % 2}" / f"f{writer}" / f"d{writer}"
        by_class = folder / "by_class" / f"{48 + label:x}"
        for path in (form, by_class / f"hsf_{who % 2}", by_class / f"train_{48 + label:x}"):
            path.mkdir(parents=True, exist_ok=True)
            (path / f"{number:05d}.png").write_bytes(content)
    return folder


def write_leaf(folder: Path) -> Path:
    for part in (1, 4):
        users = [str(who) for who in range(part, part + 3)]
        data = {
            user: {
                "x": (PAPER[int(user) == WHO] / 255).reshape(-1, 64).tolist(),
                "y": LABELS[int(user) == WHO].tolist(),
            }
            for user in users
        }
        content = {"users": users, "num_samples": [20] * 3, "user_data": data}
        (folder / f"all_data_{part}.json").write_text(json.dumps(content))
    return folder


def write_parquet(folder: Path) -> Path:
    table = {
        "image": [{"bytes": png(image), "path": None} for image in PAPER],
        "writer_id": [str(who) for who in WHO],
        "hsf_id": [0] * 120,
        "character": LABELS,
    }
    parquet.write_table(pa.table(table), folder / "train-00000.parquet")
    return folder / "train-00000.parquet"


def write_raw_parquet(folder: Path) -> Path:
    """Bytes without a path, in two files of a folder `data`."""
    (folder / "data").mkdir()
    for part in (slice(0, 50), slice(50, 120)):
        table = {"img": [png(image) for image in PAPER[part]]}
        table |= {"user": WHO[part], "label": LABELS[part]}
        parquet.write_table(pa.table(table), folder / "data" / f"{part.start}.parquet")
    return folder


def write_pixel_parquet(folder: Path) -> Path:
    """Lists of lists of pixels."""
    table = {"pixels": PAPER.tolist(), "user": WHO, "label": LABELS}
    parquet.write_table(pa.table(table), folder / "a.parquet")
    return folder / "a.parquet"


def write_emnist(folder: Path) -> Path:
    def half(part: slice) -> dict:
        images = INK[part].transpose(0, 2, 1).reshape(-1, 64)
        return {
            "images": images,
            "labels": LABELS[part][:, None],
            "writers": WHO[part][:, None],
        }

    mapping = np.array([[digit, 48 + digit] for digit in range(10)])
    dataset = {"train": half(slice(0, 90)), "test": half(slice(90, 120)), "mapping": mapping}
    savemat(folder / "emnist.mat", {"dataset": dataset})
    return folder / "emnist.mat"


def write_pfllib(folder: Path) -> Path:
    (folder / "config.json").write_text("{}")
    for half, part in (("train", slice(0, 15)), ("test", slice(15, 20))):
        (folder / half).mkdir()
        for who in range(1, 7):
            x = (INK[who == WHO][part, None] / 127.5 - 1).astype("float32")
            np.savez(folder / half / f"{who}.npz", x=x, y=LABELS[who == WHO][part])
    return folder


WRITE = {
    "folders": write_folders,
    "leaf": write_leaf,
    "parquet": write_parquet,
    "raw parquet": write_raw_parquet,
    "parquet of pixels": write_pixel_parquet,
    "emnist": write_emnist,
    "pfllib": write_pfllib,
}


@pytest.mark.parametrize("kind", WRITE)
def test_each_format_gives_the_same_people(tmp_path, kind):
    made = import_source(WRITE[kind](tmp_path)).cohort
    assert samples_of(made) == samples_of(import_arrays(INK, LABELS, WHO).cohort)
    assert made.who.dtype == made.labels.dtype == np.int64


@pytest.mark.parametrize("kind", sorted(set(WRITE) - {"parquet", "parquet of pixels", "emnist"}))
def test_hidden_files_beside_the_data_are_left_alone(tmp_path, kind):
    source = WRITE[kind](tmp_path)
    right = samples_of(import_source(source).cohort)
    for file in [path for path in source.rglob("*") if path.is_file()]:
        file.with_name(f"._{file.name}").write_bytes(b"\0\5\x16\7")  # as macOS leaves them
    (source / ".cache").mkdir()
    (source / ".cache" / "a.json").write_text("{")
    assert samples_of(import_source(source).cohort) == right


def test_by_write_takes_the_classes_from_by_class(tmp_path):
    folder = write_by_write(tmp_path)
    extra = folder / "by_write" / "hsf_0" / "f0002_02" / "c0002_02"
    extra.mkdir()
    (extra / "0.png").write_bytes(png(np.full((8, 8), 9, np.uint8)))  # nobody knows its class
    (folder / "by_write" / "hsf_0.mit").write_text("")
    for source in (folder, folder / "by_write"):
        made = import_source(source)
        people = dict(zip(made.cohort.people.tolist(), range(1, 7), strict=True))
        found = {people[who]: each for who, each in samples_of(made.cohort).items()}
        assert found == samples_of(import_arrays(INK, LABELS, WHO).cohort)
        same(made.cohort.attributes["hsf"], [int(who[4]) % 2 for who in made.cohort.who])
        assert "1 image left out, not in by_class" in done(made)


def test_by_write_without_by_class_is_refused(tmp_path):
    write_by_write(tmp_path)
    (tmp_path / "by_class").rename(tmp_path / "elsewhere")
    line = refused(import_source, tmp_path)
    assert line.startswith(f"{tmp_path}/by_write: by_write does not name the classes; put NIST's")
    (tmp_path / "by_class").mkdir()
    assert refused(import_source, tmp_path).endswith("by_class beside it has none of its files")


def test_by_write_may_name_the_classes_in_hexadecimal(tmp_path):
    for name in ("{:x}", "c0001_01_{:x}"):
        for number, image in enumerate(PAPER[:24]):
            writer = tmp_path / "by_write" / "hsf_4" / f"f000{number % 2}_01"
            path = writer / name.format(ord("Ag"[number // 2 % 2]))
            path.mkdir(parents=True, exist_ok=True)
            (path / f"{name[0]}{number}.png").write_bytes(png(image))
    made = import_source(tmp_path)
    assert "classes renumbered: A → 0, g → 1" in done(made)
    assert len(made.cohort.labels) == 24  # and each file that is there twice once


def test_from_a_command_to_a_table(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(registry.TABLES, "v3", named("BaseLine", "TL-n-0"))
    (tmp_path / "in").mkdir()
    source = write_folders(tmp_path / "in")
    file = tmp_path / "my people.npz"
    assert main(["import", str(source), "--to", str(file)]) == 0
    captured = capsys.readouterr()
    assert "6 people, 10 classes, 120 samples; 20 samples a person" in captured.out
    option = shlex.split(captured.err.partition("params/smoke.yml ")[2])
    assert option == ["-p", f"dataset=file:{file}"]
    given = [
        str(ROOT / "params" / "smoke.yml"),
        *option,
        "-p",
        "width=0.0625",
        "-p",
        "epochs=1",
        "-p",
        "flips=false",
    ]
    given += ["--store", str(tmp_path / "s.sqlite")]
    assert main(["data", *given]) == 0
    assert f"{source.name} (" in capsys.readouterr().out
    assert main(["run", *given, "--jobs", "1"]) == 0
    assert main(["table", *given]) == 0
    assert "BaseLine" in capsys.readouterr().out


def test_from_a_time_series_to_claims(tmp_path, monkeypatch, capsys):
    late = "head only, 200 iterations", "L2-SP 0.1, 200 iterations"
    names = "BaseLine", "TL-n-0", "TL-n-200 (1e-3)", "TL-n-200 (1e-4)", *late
    rows = tuple(row for row in registry.TABLES["recurrent"] if row.name in names)
    monkeypatch.setitem(registry.TABLES, "recurrent", rows)
    walks(4, 96).to_csv(tmp_path / "walks.csv", index=False)
    file = tmp_path / "people.npz"
    words = ["--window", "16", "--min-items", "3", "--to", str(file)]
    assert main(["import", str(tmp_path / "walks.csv"), *words]) == 0
    assert "-p architecture=gru -p flips=false" in capsys.readouterr().err
    params = {"architecture": "gru", "flips": "false", "rows_of": "recurrent", "width": 0.0625}
    params |= {"individuals": 4, "global_people": 0, "exchange": "true", "epochs": 1}
    given = [str(ROOT / "params" / "smoke.yml"), "-p", f"dataset=file:{file}"]
    given += [word for key, value in params.items() for word in ("-p", f"{key}={value}")]
    given += ["--store", str(tmp_path / "s.sqlite")]
    assert main(["run", *given, "--jobs", "1"]) == 0
    assert "24 of 24 models" in capsys.readouterr().err
    assert main(["table", *given]) == 0
    assert "TL-n-200 (1e-4)" in capsys.readouterr().out
    assert main(["claims", *given]) == 0
    assert "35 UNDECIDED" in capsys.readouterr().out


# --- pixels


def test_images_of_other_ranges_become_grey_levels():
    right = samples_of(import_arrays(INK, LABELS, WHO).cohort)
    ranges = {
        "pixels 0 to 1 multiplied by 255": INK / 255,
        "pixels -1 to 1 brought to 0 to 255": INK / 127.5 - 1,
        "": INK.astype("float32") + 0.2,
    }
    for note, images in ranges.items():
        made = import_arrays(images, LABELS, WHO)
        assert samples_of(made.cohort) == right
        assert done(made) == ([note] if note else [])
    assert samples_of(import_arrays(INK.astype("uint16") * 257, LABELS, WHO).cohort).keys()


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int64", "float64"])
def test_images_of_0_and_1_are_multiplied_by_255(dtype):
    made = import_arrays((INK > 99).astype(dtype), LABELS, WHO)
    assert "pixels 0 to 1 multiplied by 255" in done(made)
    assert np.unique(made.cohort.inputs).tolist() == [0, 255]


def test_images_of_few_grey_levels_are_brought_to_255():
    made = import_arrays(DIGITS.images[:120], LABELS, WHO)
    assert done(made) == ["pixels 0 to 16 brought to 0 to 255"]
    same(made.cohort.inputs, np.rint(DIGITS.images[:120] * 255 / 16))


def test_some_peoples_images_of_0_to_1_are_brought_to_the_others_range():
    images = INK.astype(float)
    images[WHO == 3] /= 255
    made = import_arrays(images, LABELS, WHO)
    assert done(made) == ["pixels 0 to 1 of 1 person multiplied by 255"]
    same(made.cohort.inputs, INK)


def test_images_of_0_to_1_among_others_of_the_same_person_are_refused():
    images = INK.astype(float)
    images[::4] /= 255
    images[2] = 0  # black, in any range
    assert refused(import_arrays, images, LABELS, WHO) == (
        "arrays: 30 of 120 images have pixels of 0 to 1, such as sample 1 of person 1, and others "
        "of the same people up to 240; needed is one range"
    )


def test_a_few_dark_images_stay_dark():
    images = INK.copy()
    images[3] = INK[3] > 99
    images[4] = 0
    made = import_arrays(images, LABELS, WHO)
    note = "1 image with pixels of at most 1 left almost black: sample 1 of person 4 is the first"
    assert note in done(made)
    same(made.cohort.inputs, images)


@pytest.mark.parametrize("highest", [1.001, 1.1, 3])
def test_images_that_differ_a_little_in_range_are_of_one(highest):
    """As resizing leaves them, or as few grey levels give them."""
    images = INK / 240
    images[::2] *= highest
    images[WHO == 3] *= 1 / highest
    made = import_arrays(images, LABELS, WHO)
    same(made.cohort.inputs, np.rint(images * (255 / images.max())))
    assert len(done(made)) == 1


def test_dark_ink_becomes_light_and_says_so_person_by_person():
    images = INK.copy()
    images[WHO <= 2] = 255 - images[WHO <= 2]
    made = import_arrays(images, LABELS, WHO)
    same(made.cohort.inputs, INK)
    assert "dark ink on light paper of 2 people" in made.report
    assert done(made) == ["inverted: images of 2 people, so that paper is 0"]


def test_polarity_can_be_kept_and_photographs_are_not_inverted():
    made = import_arrays(PAPER, LABELS, WHO, keep_polarity=True)
    same(made.cohort.inputs, PAPER)
    assert done(made) == ["not inverted, as --keep-polarity says"]
    noise = np.random.default_rng(0).integers(0, 256, PAPER.shape).astype(np.uint8)
    made = import_arrays(noise, LABELS, WHO)
    same(made.cohort.inputs, noise)
    assert "no ink on plain paper" in made.report


def test_colours_and_channels_in_any_place():
    for colours in (np.stack([INK] * 3, axis=-1), np.stack([INK] * 3, axis=1)):
        made = import_arrays(colours, LABELS, WHO)
        assert done(made) == ["120 colour images made grey"]
        same(made.cohort.inputs, INK)
    for one in (INK[..., None], INK[:, None], INK.reshape(120, 64)):
        same(import_arrays(one, LABELS, WHO).cohort.inputs, INK)


def test_arrays_of_oblong_and_of_large_images_become_squares():
    oblong = np.pad(PAPER, ((0, 0), (0, 0), (2, 2)), constant_values=255)
    made = import_source_of(oblong[..., None])
    assert made.cohort.inputs.shape == (120, 12, 12) and made.cohort.inputs[:, 0].max() == 0
    large = PAPER.repeat(16, axis=1).repeat(16, axis=2)
    made = import_source_of(large)
    same(made.cohort.inputs[:, ::8, ::8], INK)
    assert "images of 128 × 128 pixels reduced to 64 × 64" in done(made)


def import_source_of(images: np.ndarray):
    return import_arrays(images, LABELS, WHO)


def test_the_kind_of_arrays_can_be_given_and_a_guess_is_named():
    rng = np.random.default_rng(0)
    square = rng.normal(size=(120, 9, 9))
    square[:, :, 3] = 2
    made = import_arrays(square, LABELS, WHO)
    note = "taken as images, as they are square; kind='sequences' takes them as sequences"
    assert made.cohort.kind == "images" and note in done(made)
    made = import_arrays(square, LABELS, WHO, kind="sequences")
    same(made.cohort.inputs, square.astype("float32"))
    assert done(made) == []
    oblong = INK[:, :, 1:6]
    made = import_arrays(oblong, LABELS, WHO)
    note = "taken as sequences, as they are not square; kind='images' takes them as images"
    assert made.cohort.kind == "sequences" and done(made) == [note]
    made = import_arrays(oblong, LABELS, WHO, kind="images")
    same(made.cohort.inputs[:, :, 1:6], oblong)
    assert done(made) == ["images of 8 × 5 pixels padded to 8 × 8"]


def test_given_sequences_keep_their_axes_and_have_three():
    values = np.random.default_rng(0).normal(size=(120, 3, 8))
    assert import_arrays(values, LABELS, WHO).cohort.inputs.shape[1:] == (8, 3)
    made = import_arrays(values, LABELS, WHO, kind="sequences")
    same(made.cohort.inputs, values.astype("float32"))
    for wrong in (np.ones((120, 16)), np.ones((120, 8, 8, 3))):
        line = refused(import_arrays, wrong, LABELS, WHO, kind="sequences")
        assert f"samples have shape {wrong.shape}; needed are" in line
    line = refused(import_arrays, INK, LABELS, WHO, kind="image")
    assert line == "kind: is 'image'; possible: images, sequences"


def write_images(folder: Path, images: list[Image.Image], people: int = 2) -> Path:
    """Each image as a file of each person with a mark of its own, in classes a and b."""
    for who in range(people):
        for number, image in enumerate(images):
            path = folder / f"p{who}" / "ab"[number % 2]
            path.mkdir(parents=True, exist_ok=True)
            image = image.copy()
            marks = [tuple(20 * (who + 1) for _ in image.getbands())] * 2
            for column, mark in enumerate(marks):
                image.putpixel((3 + column, 3 + number % 3), mark if len(mark) > 1 else mark[0])
            image.save(path / f"{number}.png")
    return folder


def drawn(mode: str, size: tuple[int, int], paper, number: int) -> Image.Image:
    """An image with a line whose place depends on the number."""
    image = Image.new(mode, size, paper)
    for step in range(3, size[0] - 3):
        image.putpixel((step, 4 + number), 0 if mode in ("L", "1", "I;16") else (0, 0, 0, 255))
    return image


def test_files_of_several_sizes_are_padded_with_their_paper(tmp_path):
    images = [drawn("L", (16 + number, 20), 255, number) for number in range(6)]
    made = import_source(write_images(tmp_path, images))
    assert "images of 16 to 21 × 20 pixels padded to 21 × 21" in done(made)
    assert made.cohort.inputs.shape == (12, 21, 21)
    assert made.cohort.inputs[:, [0, -1]].max() == 0 == made.cohort.inputs[:, :, [0, -1]].max()


def test_one_huge_file_does_not_shrink_the_others(tmp_path):
    images = [drawn("L", (20, 20), 255, number) for number in range(6)]
    images.append(drawn("L", (2000, 2000), 255, 300))
    made = import_source(write_images(tmp_path, images))
    assert "2 images far larger than most made smaller" in done(made)
    assert made.cohort.inputs.shape[1:] == (40, 40)


def test_transparent_files_are_put_on_white_and_colours_made_grey(tmp_path):
    images = [drawn("RGBA", (12, 12), (0, 0, 0, 0), number) for number in range(6)]
    made = import_source(write_images(tmp_path, images))
    notes = done(made)
    assert "12 colour images made grey" in notes and "12 transparent images put on white" in notes
    assert "inverted: images of 2 people, so that paper is 0" in notes
    assert made.cohort.inputs.max() == 255


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_photos_stored_on_their_side_are_turned_upright(tmp_path, form):
    images = [drawn("L", (14, 20), 255, number) for number in range(6)]
    upright = import_source(write_images(tmp_path / "upright", images))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # turn by 90° clockwise to see it upright
    for number, file in enumerate(sorted((tmp_path / "upright").rglob("*.png"))):
        if number % 2:
            continue
        with Image.open(file) as image:
            image.transpose(Image.Transpose.ROTATE_90).save(file, form, exif=exif, lossless=True)
    made = import_source(tmp_path / "upright")
    assert "6 images turned upright, as their EXIF data say" in done(made)
    assert made.cohort.inputs.shape == (12, 20, 20)
    difference = np.abs(made.cohort.inputs.astype(int) - upright.cohort.inputs)
    assert difference.mean() < (8 if form == "JPEG" else 1e-9)


def test_damaged_exif_data_lose_no_image(tmp_path):
    folder = write_images(tmp_path, [drawn("L", (12, 12), 255, number) for number in range(6)])
    file = sorted(folder.rglob("*.png"))[0]
    with Image.open(file) as image:
        image.save(file, "PNG", exif=b"Exif\x00\x00no EXIF")
    assert len(import_source(folder).cohort.inputs) == 12


def test_files_of_16_bits_keep_their_range(tmp_path):
    images = [drawn("I;16", (12, 12), 4095, number) for number in range(6)]
    made = import_source(write_images(tmp_path, images))
    assert "pixels 0 to 4095 brought to 0 to 255" in done(made)
    images[0] = drawn("L", (12, 12), 255, 0)
    line = refused(import_source, write_images(tmp_path, images))
    assert "10 of 12 images have more than 8 bits; needed is one depth" in line


def test_damaged_and_other_files_are_left_out_and_counted(tmp_path):
    folder = write_folders(tmp_path)
    (folder / "1" / "0" / "cut.png").write_bytes(png(PAPER[0])[:60])
    (folder / "1" / "0" / "text.png").write_text("no image")
    (folder / "1" / "0" / "notes.txt").write_text("no image")
    (folder / "1" / ".DS_Store").write_text("")
    (folder / "__MACOSX" / "1").mkdir(parents=True)
    (folder / "__MACOSX" / "1" / "._1.png").write_text("")
    notes = done(import_source(folder))
    first = folder / "1" / "0" / "cut.png"
    assert f"2 image files left out, damaged: {first} is the first" in notes
    assert "1 file left out, by the name no image" in notes


@pytest.mark.parametrize("form", ["TIFF", "GIF", "PNG", "WEBP"])
def test_further_pages_and_frames_are_left_out_and_counted(tmp_path, form):
    folder = write_folders(tmp_path)
    right = import_source(folder).cohort
    others = [Image.fromarray(image) for image in INK[:2]]
    names = ["1/0/0.png", "1/0/30.png"]
    for name, further in zip(names, (others, others[:1]), strict=True):
        with Image.open(folder / name) as image:
            image.load()
        image.save(folder / name, form, save_all=True, append_images=further, lossless=True)
    made = import_source(folder)
    line = f"3 pages or frames left out, all but the first of 2 files, such as {folder / names[0]}"
    assert line in done(made)
    same(made.cohort.inputs, right.inputs)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow's
def test_damage_behind_the_first_page_loses_no_image(tmp_path):
    folder = write_folders(tmp_path)
    file = folder / "1" / "0" / "0.png"
    with Image.open(file) as image:
        image.load()
    image.save(file, "TIFF")
    content = file.read_bytes()
    first = int.from_bytes(content[4:8], "little")
    behind = first + 2 + 12 * int.from_bytes(content[first : first + 2], "little")
    file.write_bytes(content[:behind] + b"\xff\xff\xff\x7f" + content[behind + 4 :])
    assert len(import_source(folder).cohort.labels) == 120


def with_wrong_checksum(content: bytes) -> bytes:
    """A PNG file whose pixels are read as if nothing were wrong."""
    changed = bytearray(content)
    changed[content.index(b"IEND") - 5] ^= 1
    return bytes(changed)


def test_a_png_whose_checksum_is_wrong_is_left_out(tmp_path):
    folder = write_folders(tmp_path)
    file = folder / "1" / "0" / "0.png"
    file.write_bytes(with_wrong_checksum(file.read_bytes()))
    notes = done(import_source(folder))
    assert f"1 image file left out, damaged: {file} is the first" in notes


def test_a_damaged_image_of_a_table_is_left_out(tmp_path):
    table = pd.read_parquet(write_parquet(tmp_path))
    table.at[7, "image"] = {"bytes": with_wrong_checksum(png(PAPER[7])), "path": None}
    made = import_frame(table)
    assert "1 image file left out, damaged: row 8 is the first" in done(made)
    assert len(made.cohort.labels) == 119


def move_into_session(file: Path) -> Path:
    """The file in a folder of its folder."""
    below = file.parent / "session1" / file.name
    below.parent.mkdir(exist_ok=True)
    return file.rename(below)


def test_images_in_folders_below_others_are_left_out_and_counted(tmp_path):
    folder = write_folders(tmp_path)
    files = sorted((folder / "2").glob("*/*.png"))
    first = move_into_session(next(file for file in files if len(list(file.parent.iterdir())) > 1))
    (first.parent / "._1.png").write_text("")
    (first.parent / ".thumbnails").mkdir()
    (first.parent / ".thumbnails" / "1.png").write_text("")
    name = first.relative_to(folder)
    made = import_source(folder)
    assert len(made.cohort.labels) == 119
    assert f"1 image left out, in folders below PERSON/CLASS: {name} is the first" in done(made)


def test_images_of_a_class_that_all_lie_too_deep_are_refused(tmp_path):
    folder = write_folders(tmp_path)
    for file in (folder / "2" / "1").iterdir():
        move_into_session(file)
    line = f"{folder}: the images of 2/1/session1 lie too deep; needed is PERSON/CLASS/NAME.png"
    assert refused(import_source, folder) == line


def test_links_in_a_circle_end(tmp_path):
    folder = write_folders(tmp_path)
    (folder / "2" / "1" / "again").symlink_to(folder, target_is_directory=True)
    assert len(import_source(folder).cohort.labels) == 120


def test_no_program_is_called_for_a_file_of_another_kind(tmp_path):
    """Pillow would run Ghostscript for PostScript."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "1.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    assert refused(import_source, tmp_path) == f"{tmp_path}: none of 1 file is a whole image"


# --- classes, people and copies


def test_classes_are_renumbered_and_the_mapping_printed():
    made = import_arrays(INK, LABELS * 1000 - 7, WHO)
    assert done(made)[0].startswith("classes renumbered: -7 → 0, 993 → 1, 1993 → 2, ")
    same(made.cohort.labels, LABELS)
    made = import_arrays(INK, LABELS.astype(float), WHO.astype(float))
    same(made.cohort.labels, LABELS)
    assert done(made) == [] and made.cohort.people.tolist() == [1, 2, 3, 4, 5, 6]
    assert made.cohort.class_names == ()
    made = import_arrays(INK, np.array(list("abcdefghij"))[LABELS], WHO)
    assert done(made)[0].startswith("classes renumbered: a → 0, b → 1")
    assert made.cohort.class_names == tuple("abcdefghij")


def test_ten_as_text_comes_after_nine():
    labels = np.array([str(label + 1) for label in LABELS])
    assert done(import_arrays(INK, labels, WHO))[0].endswith("9 → 8, 10 → 9")


def test_samples_without_a_class_are_left_out():
    labels = LABELS.astype(object)
    labels[:3] = [None, np.nan, ""]
    made = import_arrays(INK, labels, WHO)
    assert "3 samples without a class left out" in done(made)
    assert len(made.cohort.labels) == 117
    line = refused(import_arrays, INK, [None] * 120, WHO)
    assert line == "arrays: no sample has a class"


@pytest.mark.parametrize("missing", [None, np.nan, "", " ", "None", "nan ", b"nan", "<NA>"])
def test_what_programs_write_for_a_missing_class_is_none(missing):
    labels = LABELS.astype(object)
    labels[LABELS == 9] = missing
    made = import_arrays(INK, labels, WHO)
    assert f"{sum(LABELS == 9)} samples without a class left out" in done(made)
    assert made.cohort.labels.max() == 8


def test_a_class_that_may_be_none_is_kept_and_named():
    names = ["NA", "none", *"abcdefgh"]
    made = import_arrays(INK, np.array(names)[LABELS], WHO)
    assert "a class is called NA or none; leave its samples out if it means none" in done(made)
    assert len(made.cohort.labels) == 120


@pytest.mark.parametrize(
    ("other", "spelled"), [(" 3", "'3' and ' 3'"), (3, "'3' and 3"), (b"3", "'3' and b'3'")]
)
def test_classes_that_become_one_are_named(other, spelled):
    labels = np.array([str(label) for label in LABELS], object)
    labels[np.flatnonzero(LABELS == 3)[1:]] = other
    made = import_arrays(INK, labels, WHO)
    same(made.cohort.labels, LABELS)
    note = "classes that differ only in spaces or in how they are stored taken as one: "
    assert f"{note}{spelled} are the first" in done(made)


@pytest.mark.parametrize(
    ("nobody", "spelled"),
    [
        *[(None, "nothing"), (np.nan, "nothing"), ("nan", "'nan'"), ("None", "'None'")],
        *[("", "''"), (" ", "''"), (-1, "'-1'"), (b"null", "'null'")],
    ],
)
def test_nobody_is_no_person(nobody, spelled):
    who = WHO.astype(object)
    who[WHO == 2] = nobody
    assert refused(import_arrays, INK, LABELS, who) == (
        f"arrays: the person of 20 samples is {spelled}, which is nobody's id; "
        "leave these samples out or give them an id"
    )


def test_ids_keep_their_text_and_one_spelling():
    who = np.array(["007", "7", "NA", "a$b$", "Zoë", "f"])[WHO - 1]
    made = import_arrays(INK, LABELS, who)
    assert made.cohort.people.tolist() == ["007", "7", "NA", "Zoë", "a$b$", "f"]
    who = who.astype(object)
    who[5] = " f"
    who[4] = "Zoe\u0308"
    made = import_arrays(INK, LABELS, who)
    assert len(made.cohort.people) == 6
    assert "ids that differ in spaces or in how letters are stored taken as one" in done(made)


def test_folders_whose_names_are_no_utf8_are_people(tmp_path):
    folder = write_folders(tmp_path)
    try:
        os.rename(folder / "1", os.fsencode(folder) + b"/Jos\xe9")
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    made = import_source(folder)
    assert "Jos\\udce9" in made.cohort.people.tolist()
    assert "1 id not in UTF-8, written with \\udc…" in done(made)
    made.report.encode()


def test_copies_are_left_out_and_counted():
    """A copy within a person once; of several people or classes, not at all."""
    images = np.concatenate([INK, INK[:6], INK[6:7], INK[8:9]])
    labels = np.concatenate([LABELS, LABELS[:6], LABELS[6:7], LABELS[8:9] + 1])
    who = np.concatenate([WHO, WHO[:6], WHO[6:7] + 1, WHO[8:9]])
    made = import_arrays(images, labels, who)
    numbers = "6 repeated within a person, 2 of several people, 2 of a person under several classes"
    assert f"copies    {numbers}" in made.report and "10 copies left out" in done(made)
    same(made.cohort.inputs, np.delete(INK, [6, 8], axis=0))
    assert "; the first: sample 2 of person 1 = sample 22 of person 2" in made.report


@pytest.mark.parametrize(
    ("kind", "pair"),
    [
        ("folders", "1/0/0.png = 1/0/30.png"),
        ("parquet", "row 1 = row 31"),
        ("leaf", "sample 1 of person 1 = sample 6 of person 1"),
    ],
)
def test_the_first_copy_is_named_as_the_source_names_it(tmp_path, kind, pair, monkeypatch):
    monkeypatch.setattr(f"{__name__}.PAPER", np.concatenate([PAPER[:30], PAPER[:1], PAPER[31:]]))
    source = WRITE[kind](tmp_path)
    assert f"the first: {pair}" in import_source(source).report


def test_the_same_samples_of_everybody_are_refused():
    assert refused(import_arrays, np.tile(INK[:20], (6, 1, 1)), np.tile(LABELS[:20], 6), WHO) == (
        "arrays: 6 of 6 people have no sample of their own: everybody has the same samples; "
        "needed is the person who made each sample"
    )


def test_a_test_set_that_all_clients_share_is_nobodys(tmp_path):
    folder = write_pfllib(tmp_path)
    for who in range(1, 7):
        (folder / "test" / f"{who}.npz").write_bytes((folder / "test" / "1.npz").read_bytes())
    made = import_source(folder)
    assert "copies    30 of several people" in made.report
    assert np.unique(made.cohort.who, return_counts=True)[1].tolist() == [15] * 6


def test_people_with_few_samples_are_left_out_and_named():
    keep = (WHO != 2) | (np.cumsum(WHO == 2) <= 4)
    made = import_arrays(INK[keep], LABELS[keep], WHO[keep])
    assert "1 person with fewer than 5 samples left out: 2" in done(made)
    assert len(import_arrays(INK[keep], LABELS[keep], WHO[keep], min_items=4).cohort.people) == 6
    line = refused(import_arrays, INK, LABELS, WHO, min_items=21)
    assert line.startswith("arrays: 0 of 6 people with at least 21 samples; needed are two (see")


def test_items_are_kept_and_counted():
    made = import_arrays(INK, LABELS, WHO, item=np.arange(120) // 1 + 7)
    same(made.cohort.item, np.arange(120))
    line = refused(import_arrays, INK, LABELS, WHO, item=np.arange(120), min_items=21)
    assert "0 of 6 people with at least 21 items" in line


@pytest.mark.parametrize("item", [[f"a{n // 2}" for n in range(120)], [*range(119), "a"]])
def test_items_may_be_text(item):
    made = import_arrays(INK, 0 * LABELS + np.arange(120) // 60, np.arange(120) // 20, item=item)
    assert len(np.unique(made.cohort.item)) == len(set(item))


def test_an_item_of_two_people_or_classes_is_named_by_its_value():
    item = np.arange(120) + 1000
    item[12] = item[2]  # of person 1 and 3, both of class 2
    line = refused(import_arrays, INK, LABELS, WHO, item=item)
    assert line == "arrays: item 1002 is of two people; needed is one"
    line = refused(import_arrays, INK, LABELS, WHO, item=[f"i{who}" for who in WHO])
    assert line == "arrays: item i1 is of two classes; needed is one"


def test_a_mask_is_not_lost():
    needed = "has masked values; fill them in or leave their samples out"
    masked = np.ma.masked_array(INK, INK > 99)
    assert refused(import_arrays, masked, LABELS, WHO) == f"samples: {needed}"
    masked = np.ma.masked_array(WHO, WHO == 3)
    assert refused(import_arrays, INK, LABELS, masked) == f"who: {needed}"
    without_class = pd.array([None, *LABELS[1:]], dtype="Int64")
    assert "1 sample without a class left out" in done(import_arrays(INK, without_class, WHO))
    whole = np.ma.masked_array(INK, INK > 255)
    same(import_arrays(whole, LABELS, WHO).cohort.inputs, INK)


def test_min_items_is_a_whole_number():
    line = refused(import_arrays, INK, LABELS, WHO, min_items="5")
    assert line == "min_items: is '5'; needed is a whole number, such as 5"


OF_LISTS = np.empty(120, object)
OF_LISTS[:] = [[1]] * 120
WRONG_ARRAYS = [
    ((INK[:0], LABELS[:0], WHO[:0]), "arrays: no samples in it"),
    ((3.0, LABELS, WHO), "samples: samples have shape (); needed are images [N, S, S]"),
    (([[1], [1, 2]], LABELS, WHO), "samples: has rows of several lengths; needed is one"),
    ((INK, LABELS, WHO, [None] * 120), "item: is missing for 120 samples; needed is a number or"),
    ((INK, LABELS, WHO, [np.nan] * 9 + [1] * 111), "item: is missing for 9 samples; needed is a"),
    ((INK, LABELS[:5], WHO), "labels: has shape (5,); needed is one per sample: (120,)"),
    ((INK, LABELS, WHO[:, None]), "who: has shape (120, 1); needed is one per sample: (120,)"),
    ((INK[0], LABELS, WHO), "samples: samples have shape (8, 8); needed are images [N, S, S]"),
    ((INK.astype("U"), LABELS, WHO), "samples: samples are <U3; needed are numbers, all of one"),
    ((np.ones((120, 60)), LABELS, WHO), "samples: samples have shape (120, 60); needed are images"),
    ((np.full_like(INK, 7), LABELS, WHO), "arrays: all pixels of all images are 7; needed are"),
    ((INK + np.nan, LABELS, WHO), "arrays: nan or infinite pixels in 120 images"),
    ((INK, OF_LISTS, WHO), "arrays: classes are no numbers or text (unhashable type: 'list')"),
    ((INK, LABELS, OF_LISTS), "arrays: people are no numbers or text (unhashable type: 'list')"),
    ((INK, 0 * LABELS, WHO), "arrays: all samples are of one class; needed are at least two"),
    ((INK, LABELS, 0 * WHO), "arrays: 1 of 1 person with at least 5 samples; needed are two"),
]


@pytest.mark.parametrize(("arrays", "line"), WRONG_ARRAYS)
def test_wrong_arrays_are_refused(arrays, line):
    assert refused(import_arrays, *arrays).startswith(line)


# --- time series


def walks(people: int = 4, rows: int = 200) -> pd.DataFrame:
    """Two activities of each person, one after the other at 50 Hz, with an age and row numbers."""
    rng = np.random.default_rng(0)
    parts = []
    for who in range(people):
        for activity in ("walk", "run"):
            x, y = rng.normal(size=(2, rows))
            part = {"subject": f"s{who}", "activity": activity, "time": np.arange(rows) / 50}
            parts.append(pd.DataFrame(part | {"x": x, "y": y, "age": 30.0 + who}))
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(number=np.arange(len(frame)))


WINDOW = Columns(window=16)


@pytest.mark.parametrize("kind", ["csv", "semicolons", "parquet", "frame"])
def test_a_time_series_is_cut_into_windows(tmp_path, kind):
    frame = walks()
    path = tmp_path / ("a.parquet" if kind == "parquet" else "a.csv")
    if kind == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep=";" if kind == "semicolons" else ",")
    options = {"min_items": 3}
    made = (
        import_frame(frame, WINDOW, **options)
        if kind == "frame"
        else import_source(path, WINDOW, **options)
    )
    cohort = made.cohort
    assert cohort.kind == "sequences" and cohort.inputs.shape == (4 * 2 * 12, 16, 2)
    same(cohort.inputs[0], frame[["x", "y"]].to_numpy("float32")[:16])
    same(cohort.inputs[12], frame[["x", "y"]].to_numpy("float32")[200:216])
    same(np.bincount(cohort.item), np.full(4 * 2 * 3, 4))  # four neighbours lie on one side
    assert done(made) == [
        "column 'subject' is the person, 'activity' the class",
        "steps of 0.02 in 'time'; 8 stretches",
        "channels: x, y",
        "no channels, since constant: age",
        "no channels, since times or row numbers: number",
        "64 rows at the ends of stretches left out",
        "windows of 16 rows, each a sample; 4 neighbours are one item",
        "classes renumbered: run → 0, walk → 1",
    ]


def test_people_in_turns_and_dates_are_cut_the_same():
    """As when several people's devices write to one file."""
    frame = walks()
    right = import_frame(frame, WINDOW, min_items=3).cohort
    dates = pd.Timestamp("2026-01-31 12:00") + pd.to_timedelta(frame["time"], unit="s")
    turns = frame.assign(time=dates.astype(str)).sort_values("time", kind="stable")
    turns = turns.sort_values(["activity", "time"], kind="stable", ascending=[False, True])
    made = import_frame(turns, WINDOW, min_items=3).cohort
    assert made.content_hash == right.content_hash


@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%d %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S.%f", "%m/%d/%Y %H:%M:%S.%f", "%H:%M:%S.%f"],
)
@pytest.mark.parametrize("day", ["2026-01-13", "2026-02-01"])
@pytest.mark.filterwarnings("error")
def test_dates_of_any_form_are_read_without_a_warning(tmp_path, form, day):
    frame = walks()  # each recording goes on past midnight, after 2 of 4 seconds
    seconds = pd.to_timedelta(frame["time"] - 2, unit="s")
    frame["time"] = (pd.Timestamp(day) + seconds).dt.strftime(form)
    frame.to_csv(tmp_path / "a.csv", index=False)
    stretches = 8 if "%d" in form else 16  # without a day, time goes back at midnight
    notes = done(import_source(tmp_path / "a.csv", WINDOW, min_items=2))
    assert f"steps of 0.02 in 'time'; {stretches} stretches" in notes


def test_no_window_spans_a_gap_or_a_missing_value():
    frame = walks().drop(index=range(16, 40))
    frame.loc[60, "x"] = np.nan
    made = import_frame(frame, WINDOW, min_items=2)
    assert "steps of 0.02 in 'time'; 9 stretches" in done(made)
    assert "1 window with missing values left out" in done(made)
    same(made.cohort.inputs[1], frame.loc[40:55, ["x", "y"]].to_numpy("float32"))
    # from 40, 10 windows, without the second
    assert np.sum((made.cohort.who == "s0") & (made.cohort.labels == 1)) == 1 + 10 - 1


def test_somebody_called_NA_stays_in_a_csv_and_nobody_does_not(tmp_path):
    frame = walks()
    frame["subject"] = frame["subject"].replace({"s0": "NA", "s1": "007"})
    frame.to_csv(tmp_path / "a.csv", index=False)
    made = import_source(tmp_path / "a.csv", WINDOW, min_items=3)
    assert made.cohort.people.tolist() == ["007", "NA", "s2", "s3"]
    frame["subject"] = frame["subject"].replace({"s2": ""})
    frame.to_csv(tmp_path / "a.csv", index=False)
    line = refused(import_source, tmp_path / "a.csv", WINDOW)
    assert "'subject' is missing in 400 rows" in line


@pytest.mark.parametrize("missing", ["", " ", "nan", "None", "NA", " NA "])
@pytest.mark.parametrize("kind", ["csv", "frame"])
def test_a_missing_class_is_no_class(tmp_path, missing, kind):
    frame = walks(rows=196)  # whole windows of each activity, and four rows more
    frame.loc[frame.index % 196 < 100, "activity"] = missing
    if kind == "frame":
        made = import_frame(frame, WINDOW, min_items=2)
    else:
        frame.to_csv(tmp_path / "a.csv", index=False)
        made = import_source(tmp_path / "a.csv", WINDOW, min_items=2)
    if missing.strip() == "NA":
        if kind == "frame":  # which has nulls beside it
            assert "classes renumbered: NA → 0, run → 1, walk → 2" in done(made)
            return
        line = "'activity' is NA, which is no class, in 800 rows; call it otherwise if it is one"
        assert done(made)[1] == line
    assert "48 samples without a class left out" in done(made)
    assert "classes renumbered: run → 0, walk → 1" in done(made)


def test_a_single_row_without_a_person_is_not_lost_between_two_stretches():
    frame = walks()
    frame.loc[5, "subject"] = None
    line = refused(import_frame, frame, WINDOW)
    assert "'subject' is missing in 1 row; leave these rows out or give them an id" in line


@pytest.mark.parametrize(("column", "what"), [("activity", "classes"), ("subject", "ids")])
def test_spaces_at_the_end_cut_no_stretch(column, what):
    frame = walks()
    right = import_frame(frame, WINDOW, min_items=3).cohort
    frame[column] += np.where(frame.index % 200 < 72, " ", "")
    made = import_frame(frame, WINDOW, min_items=3)
    assert made.cohort.content_hash == right.content_hash
    assert "steps of 0.02 in 'time'; 8 stretches" in done(made)
    assert any(note.startswith(f"{what} that differ") for note in done(made))


@pytest.mark.filterwarnings("error")
def test_infinite_values_are_missing_ones():
    frame = walks()
    frame.loc[5:7, "x"] = np.inf
    assert "1 window with missing values left out" in done(import_frame(frame, WINDOW, min_items=2))


@pytest.mark.parametrize("separator", [",", ";"])
def test_numbers_with_commas_are_named_and_no_channel_is_lost_in_silence(tmp_path, separator):
    frame = walks().assign(note="a")
    frame.to_csv(tmp_path / "a.csv", index=False)
    made = import_source(tmp_path / "a.csv", WINDOW, min_items=3)
    assert "no channels, since no numbers: note" in done(made)
    frame["x"] = [f"{value:.3f}".replace(".", ",") for value in frame["x"]]
    frame.to_csv(tmp_path / "a.csv", index=False, sep=separator)
    line = refused(import_source, tmp_path / "a.csv", WINDOW)
    assert "'x' has numbers with commas, such as" in line and line.endswith("needed are points")


@pytest.mark.parametrize("text", ["error", "-", ".", " ", "1,234.5"])
@pytest.mark.parametrize("kind", ["csv", "frame"])
def test_text_among_numbers_is_named_and_loses_no_channel(tmp_path, kind, text):
    frame = walks().astype({"x": object})
    frame.loc[[700, 5], "x"] = text
    frame = frame.sort_values(["activity", "time"], kind="stable", ignore_index=True)
    row = int(np.argmax(frame["x"] == text)) + 1
    frame.to_csv(tmp_path / "a.csv", index=False)
    source = frame if kind == "frame" else tmp_path / "a.csv"
    action = import_frame if kind == "frame" else import_source
    assert refused(action, source, WINDOW).endswith(
        f": 'x': no number in 2 of 1,600 cells, the first is {text!r} in row {row}; "
        "write numbers or nothing there, or name --channels without it"
    )
    action(source, Columns(window=16, channels="y"), min_items=3)


def test_numbers_that_are_stored_as_text_are_numbers():
    """As in a Parquet file of text, or of decimals."""
    frame = walks().drop(index=range(16, 40)).reset_index(drop=True).round(3)
    right = import_frame(frame, WINDOW, min_items=2).cohort
    frame["time"] = frame["time"].astype(str)
    frame["x"] = frame["x"].astype(str)
    frame["y"] = frame["y"].map(lambda value: Decimal(str(value))).astype(object)
    assert import_frame(frame, WINDOW, min_items=2).cohort.content_hash == right.content_hash


def test_thousands_with_commas_are_named():
    frame = walks()
    frame["x"] = [f"{value:,.1f}" for value in frame["x"] * 9000]
    line = refused(import_frame, frame, WINDOW)
    assert "'x': no number in 1,464 of 1,600 cells, the first is '1,131.6' in row 1;" in line


def test_columns_of_text_are_left_out_also_where_some_of_it_is_numbers():
    frame = walks()
    room = np.where(frame.index % 5 == 0, "12b", "12")
    assert "no channels, since no numbers: room" in noted(frame.assign(room=room))


def test_text_among_times_is_named(tmp_path):
    frame = walks().astype({"time": str})
    frame.loc[3, "time"] = "error"
    assert refused(import_frame, frame, WINDOW) == (
        "DataFrame: 'time': no number in 1 of 1,600 cells, the first is 'error' in row 4; "
        "write numbers there"
    )
    frame = walks()
    frame.to_csv(tmp_path / "a.csv", index=False, sep=";", decimal=",")
    line = refused(import_source, tmp_path / "a.csv", WINDOW)
    assert "'time' has numbers with commas, such as 0,0; needed are points" in line


def test_channels_of_several_scales_are_named():
    frame = walks().assign(x=lambda each: each["x"] * 1000)
    assert "bring them to one scale" in import_frame(frame, WINDOW, min_items=3).report
    made = import_frame(frame, Columns(window=16, channels="y, age"), min_items=3)
    assert made.cohort.inputs[:, :, 1].min() == 30  # where the user wants it


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sample(frac=1, random_state=0)


WRONG_TABLES = [
    (lambda f: f.iloc[:0], WINDOW, "DataFrame: has no rows"),
    (
        lambda f: f.rename(columns={"subject": "anybody"}),
        WINDOW,
        "DataFrame: which column is the person? Say --person NAME; there are anybody, activity,",
    ),
    (
        lambda f: f,
        Columns(window=16, label="kind"),
        "--class kind: DataFrame has no such column; there are subject, activity, time, x, y",
    ),
    (lambda f: f.drop(columns="time"), WINDOW, "DataFrame: which column is the time? Say --time"),
    (
        lambda f: f,
        Columns(window=16, label="subject"),
        "DataFrame: column 'subject' cannot be both person and class",
    ),
    (lambda f: f, Columns(), "DataFrame: is a time series; say --window STEPS, the rows of a s"),
    (lambda f: f, Columns(window=999), "DataFrame: no window of 999 rows; the longest stretch has"),
    (shuffled, WINDOW, "DataFrame: 'time': "),
    (
        lambda f: f.assign(time=1.0),
        WINDOW,
        "DataFrame: 'time' never goes on within a person ('subject') and class ('activity'); name ",
    ),
    (
        lambda f: f.assign(time=f["time"].where(f.index > 2)),
        WINDOW,
        "DataFrame: 'time' is missing in 3 rows",
    ),
    (
        lambda f: f.assign(time="noon"),
        WINDOW,
        "DataFrame: 'time' holds 'noon' in row 1; needed are n",
    ),
    (
        lambda f: f,
        Columns(window=16, channels="x,z"),
        "--channels z: no column of numbers; there are x, y, age, number",
    ),
    (
        lambda f: f,
        Columns(window=16, channels="x,y,x"),
        "--channels x: is named twice; name each channel once",
    ),
    (
        lambda f: f[["subject", "activity", "time", "age"]],
        WINDOW,
        "DataFrame: no column of numbers is left for channels; name --channels",
    ),
    (
        lambda f: f.assign(activity=[["walk"]] * len(f)),
        WINDOW,
        "DataFrame: 'activity': needed are numbers or text (unhashable type: 'list')",
    ),
    (lambda f: f.assign(x=np.nan), WINDOW, "DataFrame: every window has a missing value; name"),
    (
        lambda f: pd.concat([f, f[["time"]]], axis=1),
        WINDOW,
        "DataFrame: two columns are called 'time'; rename one",
    ),
    (
        lambda f: f.assign(image=[{"bytes": None, "path": "a.png"}] * len(f)),
        Columns(),
        "DataFrame: 'image' holds paths of images; needed are their bytes",
    ),
    (
        lambda f: f.assign(image=[b"1"] * len(f)),
        WINDOW,
        "--window: DataFrame has images in 'image', no time series",
    ),
    (
        lambda f: f.assign(image=[b"1"] * len(f)),
        Columns(),
        "DataFrame: none of 1,600 files is a whole image",
    ),
    (
        lambda f: f.drop(columns="activity"),  # then y is taken for it
        Columns(window=16),
        "DataFrame: 'y' has numbers with fractions, which are no classes; say --class NAME",
    ),
    (
        lambda f: f.assign(image=[b"1"] * len(f), img=[b"1"] * len(f)),
        Columns(),
        "DataFrame: columns image, img hold images; leave in one of them",
    ),
    (
        lambda f: f.assign(image=[[[1, 2], [3, 4]]] * 9 + [[[1, 2]]] * (len(f) - 9)),
        Columns(),
        "DataFrame: 'image' holds images of several sizes",
    ),
]


@pytest.mark.parametrize(("change", "columns", "line"), WRONG_TABLES)
def test_wrong_tables_are_refused(change, columns, line):
    assert refused(import_frame, change(walks()), columns).startswith(line)


@pytest.mark.parametrize("window", [-3, 0, 1, True, 2.5, "16"])
def test_a_window_is_a_whole_number_of_two_or_more(window):
    line = f"window: {window!r} is not a whole number of 2 or more"
    assert refused(Columns, window=window) == line
    assert Columns(window=np.int64(2)).window == 2


def test_times_out_of_order_say_what_is_needed():
    line = refused(import_frame, shuffled(walks()), WINDOW)
    assert line.endswith(
        "needed are rows in order of time, at one rate, of one recording after the other"
    )


def noted(frame: pd.DataFrame) -> list[str]:
    """What the report says about channels."""
    notes = done(import_frame(frame, WINDOW, min_items=3))
    return [note for note in notes if "channels" in note]


def test_other_times_and_row_numbers_are_no_channels():
    frame = walks().drop(columns=["age", "number"])
    place = np.arange(1600)
    rng = np.random.default_rng(0)
    clocks = {
        "timestamp": 1.7e9 + frame["time"],
        "epoch": (1.7e18 + 2e7 * place + rng.uniform(0, 5e6, 1600)).astype("int64"),
        "frame_no": frame.groupby("subject").cumcount() * 2,
        "with_holes": np.where(place % 40 == 0, np.nan, place),
        "seconds": (frame["time"] // 1).astype(int),
    }
    names = ", ".join(clocks)
    assert noted(frame.assign(**clocks)) == [
        "channels: x, y",
        f"no channels, since times or row numbers: {names}",
    ]
    named = Columns(window=16, channels="x,timestamp")  # where the user wants it
    assert import_frame(frame.assign(**clocks), named, min_items=3).cohort.inputs.shape[2] == 2


def test_sensors_that_drift_are_channels_and_counters_are_named():
    frame = walks().drop(columns=["age", "number"])
    place = np.arange(1600)
    slope = np.array([1, -2, 5, 0.2, 3, 0.5, 1, -1]).repeat(200)
    drifting = {
        "noisy": 1e-3 * place + 1e-3 * frame["x"],
        "smooth": 1e-4 * slope * (place % 200),
        "angle": place * 7 % 360,
    }
    counters = {"session": place // 37, "steps": place * 3 // 8}
    assert noted(frame.assign(**drifting, **counters)) == [
        "channels: x, y, noisy, smooth, angle, session, steps",
        "channels that never fall within a stretch: session, steps; "
        "name --channels without any that is a time or a counter",
    ]


def slower(frame: pd.DataFrame, chosen: pd.Series, factor: float) -> pd.DataFrame:
    return frame.assign(time=frame["time"].where(~chosen, frame["time"] * factor))


@pytest.mark.parametrize("factor", [2, 1.4, 0.8])
def test_two_rates_are_refused_and_two_people_named(factor):
    frame = walks()
    low, high = sorted([0.02, 0.02 * factor])
    line = refused(import_frame, slower(frame, frame["subject"] >= "s2", factor), WINDOW)
    people = ["person s0 from row 1 on", "person s2 from row 801 on"][:: 1 if factor > 1 else -1]
    assert line == (
        f"DataFrame: 'time' has steps of {low:.4g} for {people[0]} and of {high:.4g} for "
        f"{people[1]}; resample to one rate"
    )


def test_two_rates_of_the_same_person_are_refused():
    frame = walks()
    line = refused(import_frame, slower(frame, frame["activity"] == "run", 1.2), WINDOW)
    assert (
        "steps of 0.02 for person s0 from row 1 on and of 0.024 for person s0 from row 201 on"
        in line
    )
    line = refused(import_frame, slower(frame, frame.index % 200 >= 100, 2), WINDOW)
    assert line.startswith("DataFrame: 'time': 800 of 1,592 steps are not 0.04; needed are rows")


def test_two_rates_of_short_recordings_are_refused():
    """Each activity lasts for 20 rows, in which a rate cannot be measured."""
    frame = walks().assign(activity=lambda each: np.where(each.index % 40 < 20, "walk", "run"))
    columns = Columns(window=10)
    line = refused(import_frame, slower(frame, frame["subject"] == "s3", 1.3), columns)
    assert (
        "steps of 0.02 for person s0 from row 1 on and of 0.026 for person s3 from row 1201 on"
        in line
    )


def test_jitter_and_rounded_times_are_one_rate():
    frame = walks()
    rng = np.random.default_rng(0)
    time = frame["time"] * rng.uniform(0.98, 1.02, 4).repeat(400)
    for jitter in (time + rng.uniform(0, 0.004, 1600), (time * 0.4).round(3)):
        made = import_frame(frame.assign(time=jitter), WINDOW, min_items=3)
        assert any(note.endswith("in 'time'; 8 stretches") for note in done(made))


def of_images(cells: list) -> pd.DataFrame:
    return pd.DataFrame({"image": pd.Series(cells, dtype=object), "user": WHO, "label": LABELS})


IMAGE_CELLS = {
    "bytes": lambda image: png(image),
    "dict": lambda image: {"bytes": png(image), "path": None},
    "pixels": lambda image: image.ravel().tolist(),
    "arrays": lambda image: image,
}


@pytest.mark.parametrize("kind", IMAGE_CELLS)
@pytest.mark.parametrize("missing", [None, np.nan])
@pytest.mark.parametrize("rows", [[0], [7], [0, 7]])
def test_rows_without_an_image_are_left_out(kind, missing, rows):
    cells = [IMAGE_CELLS[kind](image) for image in PAPER]
    for row in rows:
        cells[row] = missing
    made = import_frame(of_images(cells))
    kept = np.delete(np.arange(120), rows)
    right = import_arrays(INK[kept], LABELS[kept], WHO[kept]).cohort
    assert samples_of(made.cohort) == samples_of(right)
    count = "1 row" if len(rows) == 1 else "2 rows"
    assert f"{count} without an image left out: row {rows[0] + 1} is the first" in done(made)


def test_a_null_of_a_parquet_file_is_no_damaged_image(tmp_path):
    cells = [png(image) for image in PAPER]
    cells[3] = None
    cells[5] = cells[5][:40]
    table = {"image": cells, "user": WHO, "label": LABELS}
    parquet.write_table(pa.table(table), tmp_path / "a.parquet")
    notes = done(import_source(tmp_path / "a.parquet"))
    assert "1 row without an image left out: row 4 is the first" in notes
    assert "1 image file left out, damaged: row 6 is the first" in notes


# --- files that are wrong


def leaf_with(**changes) -> str:
    """A LEAF file of one user, with other content."""
    user = {"x": [[0.0, 1.0, 0.5, 0.2]] * 2, "y": [0, 1]} | changes.pop("data", {})
    return json.dumps({"users": ["u"], "num_samples": [2], "user_data": {"u": user}} | changes)


def pickled(path: Path, **arrays) -> Path:
    """A client as PFLlib writes it."""
    np.savez(path, data=np.array({"x": INK, "y": LABELS}, object), **arrays)
    return path


WRONG_FILES = [
    ("a.json", b"{", "a.json: truncated, damaged or not json ("),
    ("a.json", b"\xff", "a.json: truncated, damaged or not json ("),
    ("a.json", b"[" * 99_999, "a.json: truncated, damaged or not json ("),
    ("a.json", b"[]", "a.json: has no user_data; needed are LEAF's users, num_samples and"),
    ("a.json", leaf_with(user_data={"u": 1}), "a.json: user 'u' has no x; needed are LEAF's"),
    ("a.json", leaf_with(users=[], user_data={}), "a.json: no user has a sample"),
    ("a.json", leaf_with(data={"y": [1]}), "a.json: user 'u' has 2 samples and 1 classes; needed"),
    ("a.json", leaf_with(num_samples=[3]), "a.json: user 'u' has 2 samples where num_samples says"),
    ("a.json", leaf_with(users=["u", "v"]), "a.json: user 'v' of users is not in user_data; nee"),
    ("a.json", leaf_with(data={"x": ["to be", "or"]}), "a.json: user 'u' has text as samples; "),
    ("a.json", leaf_with(data={"x": [[1], [1, 2]]}), "a.json: user 'u' has samples of several siz"),
    ("a.json", leaf_with(data={"y": [[0], [1]]}), "a.json: user 'u' has classes that are neither"),
    ("a.parquet", b"PAR1", "a.parquet: truncated, damaged or not Parquet ("),
    ("a.csv", b"\xff\xfe", "a.csv: is not UTF-8; save it as UTF-8"),
    ("a.csv", b"", "a.csv: is no table with commas ("),
    ("a.csv", b'a,b\n"', "a.csv: is no table with commas ("),
    ("a.mat", b"MATLAB 5.0", "a.mat: truncated, damaged or no .mat file"),
    ("a.npz", b"", "a.npz: an .npz is what `perso import` makes; look at it with -p dataset=file:"),
    ("a.zip", b"", "a.zip: is an archive; unpack it and name the folder; possible: a folder of"),
    ("a.pkl", b"", "a.pkl: is a pickle, which can run any code and is not read; possible: a fold"),
    ("a.doc", b"", "a.doc: is of no known format; possible: a folder of PERSON/CLASS/NAME.png"),
    ("a/b.txt", b"", "a: is of no known format; possible: a folder of PERSON/CLASS/NAME.png"),
    ("a/b.png", png(INK[0]), "a: b.png has no person or class; needed is PERSON/CLASS/NAME.png"),
    (
        "a/b/c.png",
        png(INK[0]),
        "a: b/c.png has no person or class; needed is PERSON/CLASS/NAME.png",
    ),
    (
        "a/train/1/2/3/c.png",
        png(INK[0]),
        "a: its images lie too deep, such as train/1/2/3/c.png; possible: a folder of PERSON/CLASS",
    ),
    ("a/train/3/c.png", png(INK[0]), "a: its folders are train, not people; needed is PERSON/CL"),
    ("a/train/0.npz", b"PK", "a/train/0.npz: truncated, damaged or not an npz file"),
]


@pytest.mark.parametrize(("name", "content", "line"), WRONG_FILES)
def test_wrong_files_are_refused(tmp_path, monkeypatch, name, content, line):
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert refused(import_source, path.parts[0]).startswith(line)


@pytest.mark.parametrize("source", ["", " "])
def test_an_empty_source_is_not_the_current_folder(tmp_path, monkeypatch, capsys, source):
    monkeypatch.chdir(write_folders(tmp_path))
    assert main(["import", source, "--to", "b.npz"]) == 2
    assert capsys.readouterr().err == "perso: SOURCE: is empty; needed is a file or folder\n"
    assert not Path("b.npz").exists()


def test_a_missing_source_and_options_without_use_are_refused(tmp_path):
    assert refused(import_source, tmp_path / "a.csv").endswith("a.csv: no such file or folder")
    line = refused(import_source, write_folders(tmp_path), Columns(person="who"))
    assert line == f"--person: has no use for folders of images, as {tmp_path} is"


WRONG_MATS = [
    ({"images": INK}, "has no dataset, but images; needed is EMNIST's dataset.train and"),
    ({"dataset": {"mapping": np.ones(2)}}, "has no training and no test data; needed is EMNIST's"),
    (
        {"dataset": {"train": {"images": np.ones((9, 64)), "labels": np.ones(9)}}},
        "has no writers; needed is EMNIST's",
    ),
    (
        {
            "dataset": {
                "train": {"images": np.ones((9, 60)), "labels": np.ones(9), "writers": np.ones(9)}
            }
        },
        "images are 9 × 60; needed is EMNIST's",
    ),
]


@pytest.mark.parametrize(("content", "line"), WRONG_MATS)
def test_wrong_matlab_files_are_refused(tmp_path, content, line):
    savemat(tmp_path / "a.mat", content)
    assert refused(import_source, tmp_path / "a.mat").startswith(f"{tmp_path}/a.mat: {line}")


def test_a_user_without_samples_needs_no_data(tmp_path):
    file = write_leaf(tmp_path) / "all_data_1.json"
    content = json.loads(file.read_text())
    content["users"].append("0")
    file.write_text(json.dumps(content | {"num_samples": [20, 20, 20, 0]}))
    assert len(import_source(tmp_path).cohort.people) == 6
    file.write_text(json.dumps(content | {"num_samples": [20, 20, 20, 7]}))
    assert "user '0' of users is not in user_data; needed are" in refused(import_source, tmp_path)


class Runs:
    """Its pickle makes a folder when it is read."""

    def __init__(self, path: Path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_pickled_clients_run_nothing_and_the_advice_can_be_followed(tmp_path):
    for half in ("train", "test"):
        (tmp_path / half).mkdir()
    trap = tmp_path / "trap"
    np.savez(tmp_path / "train" / "0.npz", data=np.array([Runs(trap)], object))
    line = refused(import_source, tmp_path)
    assert line.startswith(f"{tmp_path}/train/0.npz: is a pickle, which can run any code and is no")
    assert not trap.exists()
    for who in range(6):
        part = {"x": INK[who + 1 == WHO], "y": LABELS[who + 1 == WHO]}
        np.savez(tmp_path / "train" / f"{who}.npz", data=np.array(part, object))
    advice = refused(import_source, tmp_path).partition("write each f again: ")[2]
    for file in (tmp_path / "train").iterdir():
        exec(advice, {"np": np, "f": str(file)})
    assert len(import_source(tmp_path).cohort.labels) == 120


def test_clients_with_other_content_are_refused(tmp_path):
    (tmp_path / "train").mkdir()
    file = tmp_path / "train" / "0.npz"
    np.savez(file, data=INK)
    assert refused(import_source, tmp_path) == f"{file}: has data; needed are x and y"
    np.savez(file, x=INK, y=LABELS[:7])
    line = f"{file}: x has shape (120, 8, 8), y (7,); needed is one class per sample"
    assert refused(import_source, tmp_path) == line
    np.savez(file, x=INK[:0], y=LABELS[:0])
    assert refused(import_source, tmp_path) == f"{tmp_path}: no client has a sample"


def test_nothing_is_written_where_the_import_is_refused(tmp_path, capsys):
    (tmp_path / "a.json").write_text("{")
    assert main(["import", str(tmp_path / "a.json"), "--to", str(tmp_path / "b.npz")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert main(["import", str(tmp_path / "a.json"), "--to", str(tmp_path / "b.csv")]) == 2
    assert ".csv is unknown; possible: .npz" in capsys.readouterr().err


def test_the_command_and_the_function_leave_out_the_same_people():
    from perso.cli import parser

    assert parser().parse_args(["import", "a", "--to", "b"]).min_items == MIN_ITEMS


# --- whatever is given: a cohort or one line


ANY = hnp.arrays(
    hnp.scalar_dtypes() | hnp.unicode_string_dtypes(max_len=3),
    st.sampled_from([(12,), (12, 4), (12, 9), (12, 3, 3), (12, 2, 5), (12, 2, 2, 3), (0, 3, 3)]),
)


@settings(max_examples=90, deadline=None, derandomize=True)
@given(samples=ANY, labels=ANY, who=ANY, kind=st.sampled_from([None, "images", "sequences"]))
def test_any_arrays_are_a_cohort_or_one_line(samples, labels, who, kind):
    labels = labels.ravel()[:12] if labels.size >= 12 else np.arange(12) % 2
    who = who.ravel()[:12] if who.size >= 12 else np.arange(12) // 6
    try:
        made = import_arrays(samples, labels, who, kind=kind, min_items=2)
    except InputError as error:
        assert "\n" not in str(error)
        return
    assert len(made.cohort.people) >= 2 and made.cohort.labels.max() >= 1


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    kind=st.sampled_from(["leaf", "parquet", "emnist", "csv"]),
    place=st.floats(0, 1),
    change=st.binary(max_size=4),
    cut=st.booleans(),
)
def test_any_damage_is_harmless_or_one_line(tmp_path_factory, kind, place, change, cut):
    folder = tmp_path_factory.mktemp("damaged")
    if kind == "csv":
        path = folder / "a.csv"
        walks(2, 40).to_csv(path, index=False)
    else:
        path = WRITE[kind](folder)
        path = next(path.glob("*.json")) if path.is_dir() else path
    content = path.read_bytes()
    at = int(place * len(content))
    rest = b"" if cut else content[at + len(change) :]
    path.write_bytes(content[:at] + change + rest)
    columns = Columns(window=8) if kind == "csv" else Columns()
    try:
        import_source(path, columns, min_items=2)
    except InputError as error:
        assert "\n" not in str(error)


def test_times_with_and_without_fractions_are_one_form(tmp_path):
    """Python's `isoformat` writes no fraction at whole seconds."""
    start = np.datetime64("2026-03-01T12:00:00", "us")
    times = [(start + np.timedelta64(250_000 * n, "us")).item().isoformat() for n in range(240)]
    assert len({len(each) for each in times}) == 2
    frame = pd.DataFrame({"time": times, "who": np.repeat(["a", "b", "c"], 80)})
    frame["class"] = np.tile(np.repeat(["walk", "run"], 40), 3)
    frame["x"] = np.random.default_rng(0).normal(size=240)
    file = tmp_path / "gait.csv"
    frame.to_csv(file, index=False)
    made = import_source(file, Columns(window=4))
    assert "steps of 0.25 in 'time'" in made.report
