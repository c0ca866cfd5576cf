"""Whatever a user gives a command, it ends well or in one line, and no file is half written."""

import io
import json
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from perso.cli import main
from perso.data.cohort import read
from perso.errors import InputError
from perso.settings import CHOICES, TYPES

EACH = 8  # samples of a person
PEOPLE = {
    "images": np.random.default_rng(0).integers(0, 256, (4 * EACH, 8, 8), dtype=np.uint8),
    "labels": np.tile([0, 1], 2 * EACH),
    "who": np.repeat(list("abcd"), EACH),
}
SMALL = {"individuals": 4, "global_people": 0, "exchange": True, "flips": False, "image_size": 8}


def ends_well_or_in_one_line(*words: str | Path) -> int:
    """Run a command; return its exit code, 0 or 2. With 2 it has printed one line and no more."""
    out, messages = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(messages), warnings.catch_warnings():
        warnings.simplefilter("error")
        code = main([str(word) for word in words])
    assert code in (0, 2), messages.getvalue()
    if code == 2:
        *notes, line = messages.getvalue().splitlines()
        assert line.startswith("perso: ") and line.isprintable(), line
        assert all(note.startswith("perso: ") for note in notes), notes
        assert out.getvalue() == ""
    return code


def check_whole(code: int, target: Path) -> None:
    """Check that a command with exit code 0 wrote a cohort, and else nothing at all."""
    assert target.exists() == (code == 0)
    if code == 0:
        assert len(read(target).labels)
    assert not list(target.parent.glob(".*"))


def examples(number: int):
    return settings(max_examples=number, deadline=None, derandomize=True)


def test_a_character_that_ends_a_line_or_does_not_show_is_escaped():
    message = "é |*\n\x00\u200b\udc80 \u2028"
    assert str(InputError(message)) == "é |*\\n\\x00\\u200b\\udc80 \\u2028"


# what an editor, a form or a sweep leaves in a value; numbers stay small, for some are sizes
ODD = st.sampled_from(
    [None, True, "true", "", "nan", "1e3", "0x1", "007", "ä|b\n", "\x00", [1], {"a": 1}, -1, 0.5]
)
NUMBERS = st.integers(-2, 12) | st.floats(-2, 12) | st.sampled_from([np.nan, np.inf, 10**400])
VALUES = st.one_of(
    ODD, NUMBERS, st.sampled_from([each for group in CHOICES.values() for each in group])
)
KEYS = st.sampled_from([*TYPES, "epoch", "a\nb", ""])
PAIRS = st.tuples(KEYS, VALUES).map("{0[0]}={0[1]}".format) | st.text(max_size=6).map("=".__add__)


@given(
    values=st.dictionaries(KEYS, VALUES, max_size=3),
    pairs=st.lists(PAIRS, max_size=2),
    cut=st.integers(0, 60) | st.none(),
    command=st.sampled_from(["data", "table", "claims"]),
)
@examples(12)
def test_any_settings(values, pairs, cut, command):
    with TemporaryDirectory() as folder:
        np.savez(Path(folder, "people.npz"), **PEOPLE)
        content = SMALL | {"dataset": f"file:{folder}/people.npz"} | values
        text = yaml.safe_dump(content, allow_unicode=True)
        params, target = Path(folder, "a.yml"), Path(folder, "to", "b.npz")
        params.write_text(text[:cut], encoding="utf-8")
        words = [command, params, "--store", Path(folder, "s.sqlite")]
        for pair in pairs:
            words += ["-p", pair]
        if command == "data":
            words += ["--to", target]
        code = ends_well_or_in_one_line(*words)
        if command == "data":
            check_whole(code, target)


ARRAYS = hnp.arrays(
    hnp.scalar_dtypes() | hnp.unicode_string_dtypes(max_len=3),
    st.sampled_from([(32,), (32, 8, 8), (32, 3, 2), (8, 8), ()]),
)


@given(
    name=st.sampled_from([*PEOPLE, "sequences", "item", "context", "attr_a|b", "other"]),
    array=ARRAYS,
    damage=st.tuples(st.floats(0, 1), st.binary(max_size=4), st.booleans()) | st.none(),
)
@examples(12)
def test_any_own_people(name, array, damage):
    with TemporaryDirectory() as folder:
        people, target = Path(folder, "people.npz"), Path(folder, "to", "b.npz")
        arrays = PEOPLE | {name: array}
        if name == "sequences":
            del arrays["images"]
        np.savez(people, **arrays)
        if damage:
            people.write_bytes(damaged(people.read_bytes(), *damage))
        params = Path(folder, "a.yml")
        params.write_text(yaml.safe_dump(SMALL | {"dataset": f"file:{people}"}))
        check_whole(ends_well_or_in_one_line("data", params, "--to", target), target)


def damaged(content: bytes, place: float, change: bytes, cut: bool) -> bytes:
    """Return a file's bytes with a change at a place, a share of its length, or cut off there."""
    at = int(place * len(content))
    return content[:at] + change + (b"" if cut else content[at + len(change) :])


def write_folders(folder: Path, names: list[str]) -> Path:
    """Images of people and of classes of these names."""
    for number, image in enumerate(PEOPLE["images"]):
        inside = folder / names[number % 4] / names[number // 4 % 2 - 2]
        inside.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(inside / f"{number}.png")
    return folder


def write_leaf(folder: Path, names: list[str]) -> Path:
    """LEAF's json with users of these names."""
    images = PEOPLE["images"].reshape(-1, EACH, 64) / 255
    users = {
        name: {"x": x.tolist(), "y": [0, 1] * 4} for name, x in zip(names, images, strict=True)
    }
    (folder / "a.json").write_text(json.dumps({"users": names, "user_data": users}))
    return folder / "a.json"


def write_csv(folder: Path, names: list[str]) -> Path:
    """A time series of people of these names."""
    values = PEOPLE["images"].reshape(4, -1) / 255
    rows = [
        f'"{name.replace(chr(34), 2 * chr(34))}",{step // 256},{step},{value}'
        for name, series in zip(names, values, strict=True)
        for step, value in enumerate(series)
    ]
    (folder / "a.csv").write_text("\n".join(["who,class,time,x", *rows]), encoding="utf-8")
    return folder / "a.csv"


NAMES = st.text("ab01|*_$`<&\\ \n\té-.", min_size=1, max_size=4).filter(
    lambda name: name not in (".", "..")
)


@given(
    write=st.sampled_from([write_folders, write_leaf, write_csv]),
    names=st.lists(NAMES, min_size=4, max_size=4, unique=True),
    options=st.lists(
        st.sampled_from(
            ["--window=16", "--window=999", "--min-items=9", "--person=who", "--class=x"]
        ),
        max_size=3,
        unique=True,
    ),
    damage=st.tuples(st.floats(0, 1), st.binary(max_size=4), st.booleans()) | st.none(),
)
@examples(12)
def test_any_import(write, names, options, damage):
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "in"), Path(folder, "to", "b.npz")
        source.mkdir()
        source = write(source, names)
        if damage:
            file = next(path for path in [source, *source.rglob("*")] if path.is_file())
            file.write_bytes(damaged(file.read_bytes(), *damage))
        check_whole(ends_well_or_in_one_line("import", source, "--to", target, *options), target)
