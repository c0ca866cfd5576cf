"""Pen-based digits: the reader, the points along a path, the real writers, the download."""

import functools
import hashlib
import http.server
import io
import os
import threading
import zipfile
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from perso.data import pens
from perso.data.sources import load
from perso.errors import InputError
from perso.paths import default_data_dir

same = np.testing.assert_array_equal

TEXT = """.INCLUDE        dene.doc

.SEGMENT DIGIT    0 ? "7"
.COMMENT 7 2   31
.PEN_DOWN
 0  40
 20  40
.PEN_UP
.DT 100
.PEN_DOWN
 20  20
 20   0
.PEN_UP
.DT 100

.SEGMENT DIGIT    1 ? "1"
.COMMENT 1 1  4
.PEN_DOWN
 5  5
.PEN_UP
.DT 100
"""
SEVEN = pens.PenDigit(7, 2, 31, [[(0, 40), (20, 40)], [(20, 20), (20, 0)]])


def test_unipen_is_read():
    assert pens.read_unipen(TEXT) == [SEVEN, pens.PenDigit(1, 1, 4, [[(5, 5)]])]


# --- points along the path


def test_points_are_equally_far_apart_on_strokes_and_in_the_air():
    # 60 long: 20 to the right, 20 down through the air, 20 down
    same(
        pens.resample(SEVEN.strokes, 7),
        [
            [-0.5, 1, 1],
            [0, 1, 1],
            [0.5, 1, 1],
            [0.5, 0.5, 0],
            [0.5, 0, 1],
            [0.5, -0.5, 1],
            [0.5, -1, 1],
        ],
    )


def test_the_ends_are_kept_and_the_larger_side_is_from_minus_1_to_1():
    stroke = [(10, 90), (17, 55), (60, 31), (110, 10)]
    points = pens.resample([stroke])
    assert points.shape == (pens.POINTS, 3) and points.dtype == np.float32
    same(points[[0, -1], :2], [[-1, 0.80078125], [1, -0.80078125]])  # .8 in 1/256
    assert np.abs(points[:, :2]).max() == 1
    same(points * 256, np.round(points * 256))


def test_the_speed_of_the_pen_has_no_effect():
    draw = np.random.default_rng(0)
    for _ in range(50):
        # corners at even coordinates, so that points half-way are exact
        strokes = [draw.integers(0, 200, (count, 2)) * 2 for count in (5, 1, 4)]
        slow = []
        for stroke in strokes:
            denser = np.repeat(stroke, 2, axis=0).astype(float)
            denser[1:-1:2] = (stroke[:-1] + stroke[1:]) / 2  # a point half-way between any two
            slow.append(np.repeat(denser, draw.integers(1, 4, len(denser)), axis=0))
        same(pens.resample(slow), pens.resample(strokes))


def test_size_and_place_have_no_effect_but_proportions_have():
    stroke = np.array([(0, 0), (3, 8), (6, 1)])
    same(pens.resample([4 * stroke + 100]), pens.resample([stroke]))
    assert (pens.resample([stroke * [2, 1]]) != pens.resample([stroke])).any()


@pytest.mark.parametrize("strokes", [[[(5, 5)]], [[(5, 5), (5, 5)]], [[(5, 5)], [(5, 5)]]])
def test_a_single_point_is_in_the_middle(strokes):
    same(pens.resample(strokes), np.tile([0, 0, 1], (pens.POINTS, 1)))


def test_a_dot_is_on_the_paper():
    """The last stroke of an i has no length; only the way to it is in the air."""
    pen = pens.resample([[(0, 0), (0, 10)], [(0, 20)]])[:, 2]
    same(pen, [1] * 16 + [0] * 15 + [1])


def test_no_zero_is_negative():
    """Else the mirror image of a straight line would not be a copy of it to the byte."""
    points = pens.resample([[(0, 0), (0, 7)], [(1, 7), (1, 1)]])
    assert not np.signbit(points[points == 0]).any()


def test_halves_go_by_the_index_of_each_person():
    who = np.array([1, 1, 2, 1, 2, 1, 1])
    index = np.array([9, 2, 7, 4, 1, 4, 8])
    same(pens.later_half(who, index), [1, 0, 1, 0, 0, 0, 1])


# --- the real writers


def test_pens_are_ucis_digits_of_44_writers(load_real):
    cohort = load_real("pens")
    assert (cohort.kind, cohort.source) == ("trajectories", "pens")
    assert cohort.inputs.shape == (10_992, 32, 3) and cohort.inputs.dtype == np.float32
    xy = cohort.inputs[..., :2]
    assert np.abs(xy).max() == 1 and np.ptp(xy, axis=1).max(axis=1).min() > 1.8
    assert set(np.unique(cohort.inputs[..., 2])) == {0, 1}
    assert cohort.people.tolist() == list(range(1, 45))
    per_writer = [np.bincount(cohort.labels[cohort.who == writer]) for writer in cohort.people]
    assert min(map(len, per_writer)) == 10 and np.min(per_writer) >= 22
    assert Counter(map(sum, per_writer)) == {250: 38, 249: 5, 247: 1}
    assert np.bincount(cohort.who > 30).tolist() == [7494, 3498]  # the two files
    assert set(cohort.attributes) == {"index", "half"}
    assert (cohort.attributes["index"].min(), cohort.attributes["index"].max()) == (1, 250)
    # the same on every machine
    expected = "fecfd267cb0fc64fd96f291ee467a392f4382c1483bb42f2f10786dddf1520a8"
    assert cohort.content_hash == expected


def test_the_later_half_of_each_writer_has_the_larger_indexes(load_real):
    cohort = load_real("pens")
    half = cohort.attributes["half"]
    index = cohort.attributes["index"]
    for writer in cohort.people:
        own = cohort.who == writer
        assert index[own & (half == 0)].max() <= index[own & (half == 1)].min()
        assert 0 <= np.sum(own & (half == 0)) - np.sum(own & (half == 1)) <= 1


def test_the_classes_are_those_of_the_segments(require_data):
    require_data("pens")
    for name in pens.TEXTS:
        text = (default_data_dir() / pens.FOLDER / name).read_text()
        segments = [line.split('"')[1] for line in text.splitlines() if ".SEGMENT" in line]
        assert [str(digit.label) for digit in pens.read_unipen(text)] == segments


# --- download

TWO = {"a.tra": TEXT, "b.tes": TEXT.replace("COMMENT 1 1", "COMMENT 3 1")}


def compressed(text: str) -> bytes:
    """A text in the format of Unix compress, with codes of 9 bits for single bytes alone.

    Every 200 codes the table is cleared, before codes would need 10 bits.
    """
    codes = []
    for start in range(0, len(text), 200):
        part = [*text.encode()[start : start + 200], 256]
        codes += part + [0] * (-len(part) % 8)  # after a clear, the reader skips to a whole block
    bits = sum(code << 9 * place for place, code in enumerate(codes))
    return b"\x1f\x9d\x90" + bits.to_bytes(9 * len(codes) // 8, "little")


def archive(texts: dict[str, str], pack: Callable[[str], bytes] = compressed) -> bytes:
    """A zip file as UCI's."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, text in texts.items():
            file.writestr(f"{name}.Z", pack(text))
    return made.getvalue()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The file that is downloaded as UCI's archive, over HTTP."""

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    folder = tmp_path / "server"
    folder.mkdir()
    (folder / "pens.zip").write_bytes(archive(TWO))
    serving = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Silent, directory=folder)
    )
    threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(pens, "ARCHIVE", f"http://127.0.0.1:{serving.server_port}/pens.zip")
    sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in TWO.items()}
    monkeypatch.setattr(pens, "TEXTS", sums)
    yield folder / "pens.zip"
    serving.shutdown()
    serving.server_close()


def refused(folder) -> str:
    with pytest.raises(InputError) as caught:
        load("pens", folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_files_are_downloaded_unpacked_and_kept(tmp_path, server, capfd):
    cohort = load("pens", tmp_path)
    assert cohort.labels.tolist() == [7, 1, 7, 3] and cohort.who.tolist() == [2, 1, 4, 3]
    assert cohort.attributes["index"].tolist() == [31, 4, 31, 4]
    folder = tmp_path / "pendigits"
    assert {path.name: path.read_text() for path in folder.iterdir()} == TWO
    assert capfd.readouterr() == ("", "")
    server.unlink()
    assert load("pens", tmp_path).content_hash == cohort.content_hash


def test_a_file_that_is_there_is_not_replaced(tmp_path, server):
    folder = tmp_path / "pendigits"
    folder.mkdir()
    (folder / "a.tra").write_text(TWO["a.tra"])
    os.utime(folder / "a.tra", (9, 9))
    load("pens", tmp_path)
    assert (folder / "a.tra").stat().st_mtime == 9 and (folder / "b.tes").is_file()


def other_text(whole: bytes) -> bytes:
    return archive(TWO | {"b.tes": TEXT})


def unpacked(whole: bytes) -> bytes:
    return archive(TWO, pack=str.encode)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (other_text, "truncated, damaged or not UCI's b.tes (its SHA-256 differs)"),
        (lambda whole: whole[:-9], "File is not a zip file"),
        (lambda whole: b"<html>moved</html>", "File is not a zip file"),
        (lambda whole: archive({"a.tra": TEXT}), "There is no item named 'b.tes.Z'"),
        (lambda whole: whole.replace(b"\x1f\x9d", b"\x1f\x9e"), "Bad CRC-32 for file 'a.tra.Z'"),
        (unpacked, "Invalid Header"),
    ],
)
def test_a_broken_download_leaves_nothing_behind(tmp_path, server, damage, reason):
    server.write_bytes(damage(server.read_bytes()))
    line = refused(tmp_path)
    assert line.startswith("dataset pens: download failed (") and reason in line
    assert not (tmp_path / "pendigits").exists()


def test_without_a_network_it_says_which_files_go_where(tmp_path, server):
    server.unlink()
    line = refused(tmp_path)
    assert "404" in line and line.endswith(
        "; put a.tra, b.tes (there as .Z, to be unpacked) from archive.ics.uci.edu/dataset/81 "
        f"into {tmp_path}/pendigits"
    )


@pytest.mark.parametrize("content", ["", TEXT[:-1], TEXT + "\n"])
def test_a_file_that_is_not_ucis_is_named_with_its_cure(tmp_path, server, content):
    load("pens", tmp_path)
    path = tmp_path / "pendigits" / "a.tra"
    path.write_text(content)
    assert refused(tmp_path) == (
        f"{path}: truncated, damaged or not UCI's a.tra (its SHA-256 differs); "
        "delete it to download it again"
    )
