"""Data sets and files → cohorts: facts about each, and one clear line for every broken input."""

import functools
import gzip
import hashlib
import http.server
import lzma
import os
import socket
import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.datasets import load_digits

from perso.data import images, sources, splits
from perso.data.cohort import Cohort, checked_cohort, read, save
from perso.data.sources import ARCHIVES, FORM_STARTS, SOURCES, load
from perso.errors import InputError
from perso.paths import default_data_dir

same = np.testing.assert_array_equal


def refused(action, *arguments) -> str:
    """The one line with which a bad input is refused."""
    with pytest.raises(InputError) as caught:
        action(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- sources


def coincide(cohort: Cohort) -> int:
    """How many images are, at 8 × 8 pixels, the same as an earlier one of their class."""
    number = splits.numbered(images.resized(cohort.inputs, 8), cohort.labels)
    return len(number) - len(np.unique(number))


@pytest.mark.parametrize("dataset", ["digits", "qmnist", "fashion"])
def test_no_two_images_of_a_data_set_are_equal(load_real, dataset):
    assert coincide(load_real(dataset)) == 0


@pytest.mark.parametrize("dataset", ["pens", "watch"])
def test_no_two_sequences_of_a_data_set_are_equal(load_real, dataset):
    cohort = load_real(dataset)
    assert len(np.unique(splits.numbered(cohort.inputs, cohort.labels))) == len(cohort.inputs)


def test_digits_are_sklearns_with_a_person_per_form():
    cohort = load("digits", "nowhere")
    assert cohort.inputs.shape == (1797, 8, 8) and cohort.inputs.max() == 255
    same(np.round(cohort.inputs / 255 * 16), load_digits().images)  # nothing is lost
    same(cohort.labels, load_digits().target)
    assert cohort.people.tolist() == list(range(14))
    assert np.flatnonzero(np.diff(cohort.who, prepend=-1)).tolist() == list(FORM_STARTS)
    assert (
        min(
            np.bincount(cohort.labels[cohort.who == form], minlength=10).min() for form in range(14)
        )
        == 9
    )


def test_form_starts_are_those_of_the_global_alignment():
    labels = load_digits().target
    forms = np.tile(labels[646:776], 14)
    place = np.arange(len(forms) + 1)
    cost = [place]
    for label in labels:
        row = cost[-1] + 1  # the label is one too many
        # it stands for a form's digit
        row[1:] = np.minimum(row[1:], cost[-1][:-1] + 2 * (forms != label))
        # before it, any number of digits is missing
        cost.append(np.minimum.accumulate(row - place) + place)
    assert cost[-1][-1] == 25
    start, i, j = {}, len(labels), len(forms)
    while i and j:  # back along a cheapest path; among equals a label rather stands for a digit
        start[j] = i
        if cost[i][j] == cost[i - 1][j - 1] + 2 * (labels[i - 1] != forms[j - 1]):
            i, j = i - 1, j - 1
        elif cost[i][j] == cost[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
    assert (i, j) == (0, 0)
    assert (0, *(start[130 * form] for form in range(1, 14))) == FORM_STARTS


def test_qmnist_is_torchvisions_with_its_writers(load_real):
    from torchvision.datasets import QMNIST

    cohort = load_real("qmnist")
    theirs = QMNIST(default_data_dir(), what="train", compat=False)
    hsf = cohort.attributes["hsf"]
    same(cohort.inputs, theirs.data)
    same(np.stack([cohort.labels, hsf, cohort.who], axis=1), theirs.targets[:, :3])
    assert len(cohort.inputs) == 60_000 and np.unique(cohort.labels).tolist() == list(range(10))
    assert np.bincount(hsf).tolist() == [30_950, 0, 0, 0, 29_050]
    digits = np.unique(cohort.who, return_counts=True)[1]
    assert (len(digits), digits.min(), digits.max(), np.sum(digits >= 100)) == (539, 19, 131, 440)
    # no number is used twice
    assert len(set(zip(cohort.who.tolist(), hsf.tolist(), strict=True))) == 539


def test_fashion_is_torchvisions_train_before_test_and_nobodys(load_real):
    from torchvision.datasets import FashionMNIST

    cohort = load_real("fashion")
    theirs = [FashionMNIST(default_data_dir(), train=train) for train in (True, False)]
    same(cohort.inputs, np.concatenate([half.data for half in theirs]))
    same(cohort.labels, np.concatenate([half.targets for half in theirs]))
    assert np.bincount(cohort.labels).tolist() == [7_000] * 10
    assert cohort.people.tolist() == [0] and len(np.unique(cohort.item)) == 70_000


def test_file_names_are_those_torchvision_downloads():
    from torchvision.datasets import QMNIST, FashionMNIST

    for dataset, part in (("qmnist", "train"), ("nist", "nist")):
        assert ARCHIVES[dataset][2] == [url.rpartition("/")[2] for url, _ in QMNIST.resources[part]]
    assert ARCHIVES["fashion"][2] == [name for name, _ in FashionMNIST.resources]


def test_a_file_without_its_prefix_is_recognised():
    assert refused(load, "people.npz", "nowhere").endswith("; your own file: file:people.npz")


def test_the_message_for_an_unknown_data_set_names_all():
    possible = ", ".join([*SOURCES, "file:PATH.npz", "python:FILE.py:NAME"])
    assert refused(load, "mnist", "nowhere") == f"dataset: no 'mnist'; possible: {possible}"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("my_data.py:people", "python:my_data.py:people"),
        ("folder/my_data.py", "python:folder/my_data.py:NAME"),
    ],
)
def test_a_function_without_its_prefix_is_recognised(name, hint):
    assert refused(load, name, "nowhere").endswith(f"; your own function: {hint}")


# --- a function of the user's own

MY_DATA = """
import numpy as np
from perso.data import Cohort, read

def some():
    labels = np.arange(6) % 2
    strokes = np.linspace(0, 1, 24, dtype="float32").reshape(6, 2, 2)
    return {"sequences": strokes, "labels": labels, "who": np.array(list("aabbab"))}

"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """`own(code)` → the name of the data set of `people`, which the code defines or changes."""
    monkeypatch.chdir(tmp_path)

    def write(code: str, path: str = "my_data.py") -> str:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(MY_DATA + code)
        return f"python:{path}:people"

    return write


@pytest.mark.parametrize(
    "code",
    [
        "def people(): return some()",
        "def people(folder): assert str(folder) == 'here' and folder.suffix == ''; return some()",
        "def people(seed=3, *more, **others): assert seed == 3; return some()",
        "people = some",
        "def people(): s = some(); return Cohort(*s.values(), np.arange(6))",
    ],
)
@pytest.mark.parametrize("path", ["my_data.py", "folder/my_data.py"])
def test_a_function_makes_a_data_set(own, capsys, path, code):
    made = load(own(code, path), "here")
    assert made.people.tolist() == ["a", "b"] and made.inputs.shape == (6, 2, 2)
    assert made.item.tolist() == [0, 1, 2, 3, 4, 5] and made.source == "my_data.py:people"
    assert set(capsys.readouterr().err.splitlines()) <= {
        f"perso: running the code of {path}, which dataset names"
    }


@pytest.mark.parametrize(
    "code",
    [
        "def people(): return some() | {'class_names': ['cat', 'Ä']}",
        "def people(): return some() | {'class_names': ('cat', 'Ä')}",
        "def people(): return some() | {'class_names': np.array(['cat', 'Ä'])}",
        "def people(): s = some(); "
        "return Cohort(*s.values(), np.arange(6), class_names=('cat', 'Ä'))",
    ],
)
def test_a_function_names_classes(own, code):
    made = load(own(code), "here")
    assert made.classes == ("cat", "Ä")
    without = load(own("people = some", "plain.py"), "here")
    assert made.content_hash == without.content_hash


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "def people(): return some() | {'class_names': ['cat', 'owl', 'Ä']}",
            "dataset: my_data.py:people: array 'class_names' is <U3 of shape (3,); needed are 2",
        ),
        (
            "def people(): return some() | {'class_names': [1, 2, 3]}",
            "dataset: my_data.py:people: array 'class_names' is of type list; needed is a NumPy",
        ),
        ("", "dataset: my_data.py has no people; it has np, Cohort, read, some"),
        ("people = some()", "dataset: my_data.py:people is of type dict; needed is a function"),
        (
            "def people(folder, seed): return some()",
            "dataset: my_data.py:people takes folder, seed; "
            "needed is no argument, or one, the data folder",
        ),
        (
            "def people():\n    return some()['label']",
            "dataset: my_data.py:people failed in line 11 (KeyError: 'label')",
        ),
        (
            "def people(): raise ValueError('one\\ntwo')",
            "dataset: my_data.py:people failed in line 10 (ValueError: one two)",
        ),
        ("people = 'a'.join", "dataset: my_data.py:people failed (TypeError: "),
        ("def people(): return Cohort([0], [0], [0], [0])", "dataset: my_data.py:people failed in"),
        ("def people(): return read('none.npz')", "none.npz: cannot be read (No such file"),
        (
            "def people(): pass",
            "dataset: my_data.py:people returned an object of type NoneType; "
            "needed is a dict of arrays, or a Cohort",
        ),
        ("def people(): return some()['who']", "dataset: my_data.py:people returned an object of "),
        (
            "def people(): return some() | {'who': list('aabbab')}",
            "dataset: my_data.py:people: array 'who' is of type list; "
            "needed is a NumPy array: np.asarray(who)",
        ),
        (
            "def people(): return some() | {'labels': np.array([0, None] * 3)}",
            "dataset: my_data.py:people: array 'labels' is object; needed are integers (np.unique",
        ),
        (
            "def people(): return some() | {7: np.arange(6)}",
            "dataset: my_data.py:people: array '7' is unknown; possible: sequences, labels",
        ),
        (
            "people = dict",  # Python does not know its parameters
            "dataset: my_data.py:people: array 'images' (uint8 [N, H, W]) or "
            "'sequences' (float32 [N, T, C]) or 'trajectories' (float32 [N, T, C] of x, y, ...) "
            "is missing; there are none",
        ),
        (
            "def people(): return some() | {'context': np.arange(6) / 2}",
            "dataset: my_data.py:people: array 'context' is float64; needed are integers or",
        ),
        (
            "def people(): a, b, c = some().values(); return Cohort(a.astype(int), b, c, b)",
            "dataset: my_data.py:people: array 'sequences' is int64; needed is float32",
        ),
    ],
)
def test_what_a_function_does_wrong_is_one_line(own, code, message):
    assert refused(load, own(code), "here").startswith(message)


@pytest.mark.parametrize("reference", ["my_data.py", "my_data", "my_data.py:2", ":people", ""])
def test_a_data_set_that_names_no_function_is_refused(reference):
    message = "names no function; needed is python:FILE.py:NAME"
    assert (
        refused(load, f"python:{reference}", "here") == f"dataset: 'python:{reference}' {message}"
    )


# --- torchvision's files, tiny

IMAGES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
TABLE = np.array(
    [[7, 4, 2100, 0, 37, 0, 0, 0], [1, 4, 2100, 1, 31, 1, 0, 0], [0, 0, 288, 0, 30, 2, 0, 0]]
)


def idx(array: np.ndarray) -> bytes:
    """An array as an idx file: a table as int32, all else as u8."""
    code, dtype = (12, ">i4") if array.ndim == 2 else (8, "u1")
    return (
        b"\0\0"
        + bytes([code, array.ndim])
        + np.array(array.shape, ">u4").tobytes()
        + array.astype(dtype).tobytes()
    )


def lay_out(dataset: str, folder, packed: bool):
    """Write a data set's tiny files into `folder`; → the folder."""
    folder.mkdir(parents=True)
    qmnist, fashion = (IMAGES, TABLE), (IMAGES, TABLE[:, 0], IMAGES + 100, TABLE[:, 0] + 2)
    for name, array in zip(
        ARCHIVES[dataset][2], fashion if dataset == "fashion" else qmnist, strict=True
    ):
        pack = gzip.compress if name.endswith(".gz") else lzma.compress
        path = folder / name
        (path if packed else path.with_suffix("")).write_bytes(
            pack(idx(array)) if packed else idx(array)
        )
    return folder


@pytest.fixture
def no_download(monkeypatch):
    monkeypatch.setattr(sources, "_download", lambda *_: pytest.fail("a download was attempted"))


@pytest.mark.parametrize("packed", [False, True])
def test_files_in_place_are_used_as_they_are(tmp_path, no_download, packed):
    for dataset in ("qmnist", "nist"):
        lay_out(dataset, tmp_path / dataset / "QMNIST" / "raw", packed)
        cohort = load(dataset, tmp_path / dataset)
        same(cohort.inputs, IMAGES)
        same([cohort.labels, cohort.attributes["hsf"], cohort.who], TABLE[:, :3].T)
        assert cohort.source == dataset
    lay_out("fashion", tmp_path / "FashionMNIST" / "raw", packed)
    cohort = load("fashion", tmp_path)
    same(cohort.inputs, np.concatenate([IMAGES, IMAGES + 100]))
    assert cohort.labels.tolist() == [7, 1, 0, 9, 3, 2]
    assert cohort.inputs.flags.writeable  # torch.from_numpy warns of an array that is not


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_is_not_whole_is_named_with_its_cure(tmp_path, no_download, packed):
    folder = lay_out("qmnist", tmp_path / "QMNIST" / "raw", packed)
    path = next(folder.glob("*labels*"))
    whole, one_number_each = path.read_bytes(), idx(TABLE[:, 0])  # MNIST's labels know no writers
    for content in (*(whole[:n] for n in (0, 2, 9, 40, -1)), whole + b"more", one_number_each):
        path.write_bytes(content)
        line = refused(load, "qmnist", tmp_path)
        assert line.startswith(f"{path}: truncated or damaged") and "delete it" in line


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A folder of files that torchvision downloads as Fashion-MNIST, over HTTP, checked by md5."""
    from torchvision.datasets import FashionMNIST

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    folder = lay_out("fashion", tmp_path / "server", packed=True)
    serving = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Silent, directory=folder)
    )
    threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(FashionMNIST, "mirrors", [f"http://127.0.0.1:{serving.server_port}/"])
    sums = [
        (name, hashlib.md5((folder / name).read_bytes()).hexdigest())
        for name in ARCHIVES["fashion"][2]
    ]
    monkeypatch.setattr(FashionMNIST, "resources", sums)
    yield folder
    serving.shutdown()
    serving.server_close()


def test_only_what_is_missing_is_downloaded_once_and_silently(tmp_path, server, capfd, monkeypatch):
    folder = lay_out("fashion", tmp_path / "FashionMNIST" / "raw", packed=False)
    (folder / "t10k-labels-idx1-ubyte").unlink()
    # not what the server has
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(np.array([5, 5, 5])))
    before = sorted([*folder.iterdir(), folder / "t10k-labels-idx1-ubyte"])
    assert load("fashion", tmp_path).labels.tolist() == [5, 5, 5, 9, 3, 2]
    assert sorted(folder.iterdir()) == before and capfd.readouterr().out == ""
    monkeypatch.setattr(sources, "_download", lambda *_: pytest.fail("downloaded again"))
    load("fashion", tmp_path)


def test_a_broken_download_leaves_nothing_behind(tmp_path, server):
    last = server / "t10k-labels-idx1-ubyte.gz"
    last.write_bytes(last.read_bytes()[:-5])
    line, folder = refused(load, "fashion", tmp_path), tmp_path / "FashionMNIST" / "raw"
    assert line.startswith("dataset fashion: download failed (") and line.endswith(f"into {folder}")
    assert all(name in line for name in ARCHIVES["fashion"][2]) and list(folder.iterdir()) == []


def test_without_a_network_it_says_which_files_go_where(tmp_path, monkeypatch, capsys):
    from torchvision.datasets import QMNIST

    def offline(self):
        print("chatter")
        raise OSError(f"no network for {socket.getdefaulttimeout()} s")

    monkeypatch.setattr(QMNIST, "download", offline)
    line = refused(load, "nist", tmp_path)
    assert "no network for 10" in line and socket.getdefaulttimeout() is None
    assert f"put {', '.join(ARCHIVES['nist'][2])} from" in line and line.endswith(
        f"into {tmp_path}/QMNIST/raw"
    )
    assert capsys.readouterr().out == ""


# --- cohorts and their files

ARRAYS = {
    "images": np.arange(6 * 2 * 3, dtype=np.uint8).reshape(6, 2, 3),
    "labels": np.array([0, 1, 0, 1, 2, 0]),
    "who": np.array(["ann", "ann", "bob", "bob", "bob", "ann"]),
    "item": np.array([10, 11, 12, 13, 14, 10]),
    "attr_age": np.array([30.5, 30.5, 41, 41, 41, 30.5]),
}
LABELS, WHO = ARRAYS["labels"], ARRAYS["who"]
FACTS = {name: array for name, array in ARRAYS.items() if name != "images"}
STROKES = np.linspace(-1, 1, 6 * 4 * 2, dtype=np.float32).reshape(6, 4, 2)
SEQUENCES = {"sequences": STROKES, **FACTS}
TRAJECTORIES = {"trajectories": STROKES, **FACTS}
OF_KIND = {"images": ARRAYS, "sequences": SEQUENCES, "trajectories": TRAJECTORIES}


@pytest.fixture
def cohort() -> Cohort:
    *arrays, age = ARRAYS.values()
    return Cohort(*arrays, {"age": age, "hand": np.where(WHO == "ann", "left", "right")}, "a test")


@pytest.fixture
def path(cohort, tmp_path):
    save(cohort, tmp_path / "folder" / "cohort.npz")
    return tmp_path / "folder" / "cohort.npz"


def test_what_is_saved_is_read(cohort, path):
    for again in (read(path), load(f"file:{path}", "nowhere")):
        assert again.content_hash == cohort.content_hash and again.source == "a test"
        assert (again.inputs.dtype, again.labels.dtype, again.item.dtype) == (
            np.uint8,
            np.int64,
            np.int64,
        )
        for name in ("inputs", "labels", "who", "item"):
            same(getattr(again, name), getattr(cohort, name))
        same(again.attributes["age"], cohort.attributes["age"])
        same(again.attributes["hand"], cohort.attributes["hand"])
    assert list(path.parent.iterdir()) == [path]


def test_names_of_classes_are_kept_and_are_no_part_of_the_content(cohort, tmp_path):
    named = replace(cohort, class_names=("cat", "dog", "Ä"))
    save(named, tmp_path / "named.npz")
    again = read(tmp_path / "named.npz")
    assert again.classes == again.of(["ann"]).classes == ("cat", "dog", "Ä")
    assert again.content_hash == cohort.content_hash and cohort.classes == ("0", "1", "2")


def test_people_without_the_last_class_are_saved_with_the_names_of_theirs(cohort, tmp_path):
    named = replace(cohort, class_names=("cat", "dog", "owl"))
    save(named.of(["ann"]), tmp_path / "ann.npz")  # all samples of class 2 are bob's
    assert read(tmp_path / "ann.npz").classes == ("cat", "dog")


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", "b"], [1, 2, 3], "abc"])
def test_wrong_names_of_classes_are_one_line(tmp_path, names):
    np.savez(tmp_path / "odd.npz", **ARRAYS, class_names=np.array(names))
    with pytest.raises(InputError, match=r"'class_names' is .*; needed are 3 texts that differ"):
        read(tmp_path / "odd.npz")


@pytest.mark.parametrize("shape", [(6, 4, 2), (6, 8, 1), (6, 1, 8), (48, 1, 1)])
def test_sequences_that_are_saved_are_read(tmp_path, shape):
    count = shape[0]
    labels, who = np.arange(count) % 2, np.repeat(["ann", "bob"], count // 2)
    made = Cohort(STROKES.reshape(shape), labels, who, np.arange(count))
    save(made, tmp_path / "strokes.npz")
    assert set(np.load(tmp_path / "strokes.npz")) >= {"sequences", "labels", "who", "item"}
    again = read(tmp_path / "strokes.npz")
    same(again.inputs, made.inputs)
    assert again.inputs.dtype == np.float32 and again.content_hash == made.content_hash
    same(again.of(["bob"]).inputs, made.inputs[count // 2 :])


@pytest.mark.parametrize("kind", OF_KIND)
def test_the_kind_is_the_name_of_the_inputs_and_stays(tmp_path, kind):
    made = checked_cohort(OF_KIND[kind], "it", "it")
    assert made.kind == made.of(["bob"]).kind == replace(made, source="other").kind == kind
    save(made, tmp_path / "it.npz")
    again = read(tmp_path / "it.npz")
    assert again.kind == kind and again.content_hash == made.content_hash
    same(again.inputs, OF_KIND[kind][kind])


def test_without_a_kind_the_type_of_the_inputs_decides():
    facts = (LABELS, WHO, FACTS["item"])
    assert Cohort(ARRAYS["images"], *facts).kind == "images"
    assert Cohort(STROKES, *facts).kind == "sequences"


def test_the_hashes_of_known_cohorts_stay():
    """A part of the key of every stored model: a change would train all of them anew."""
    known = {
        "images": "8afde9ba9d60253f56e78cb52d7a4f028ef4ca28832917752147ca7b665b497c",
        "sequences": "fa4078798af8b7616e5efdeb8733b998ef5af3d10e15cee92ac9091737502858",
    }
    for kind, value in known.items():
        assert checked_cohort(OF_KIND[kind], "it", "it").content_hash == value


def test_trajectories_are_other_content_than_sequences():
    hashes = {checked_cohort(arrays, "it", "it").content_hash for arrays in OF_KIND.values()}
    assert len(hashes) == 3


@pytest.mark.parametrize("context", [LABELS % 2, np.where(LABELS, "home", "work")])
def test_a_context_is_the_attribute_of_that_name(tmp_path, context):
    np.savez(tmp_path / "own.npz", **FACTS, images=ARRAYS["images"], context=context)
    own = read(tmp_path / "own.npz")
    same(own.attributes["context"], context)
    arrays = ARRAYS | {"attr_context": context}
    assert own.content_hash == checked_cohort(arrays, "it", "it").content_hash
    np.savez(tmp_path / "own.npz", **arrays, context=context)
    assert refused(read, tmp_path / "own.npz") == (
        f"{tmp_path}/own.npz: array 'context' is there twice; "
        "leave out it or attr_context, which is the same"
    )


def test_flips_of_trajectories_are_further_classes_and_undo_themselves():
    inputs, labels = images.flipped_trajectories(STROKES, LABELS, 3)
    same(labels, np.concatenate([LABELS, LABELS + 3, LABELS + 6]))
    written, mirrored, upside_down = np.split(inputs, 3)
    same(written, STROKES)
    same(mirrored, STROKES * np.float32([-1, 1]))
    same(upside_down, STROKES * np.float32([1, -1]))
    for number, once in ((1, mirrored), (2, upside_down)):
        again = images.flipped_trajectories(once, LABELS, 3)[0]
        same(np.split(again, 3)[number], STROKES)
    assert inputs.dtype == np.float32


def test_a_flip_of_a_trajectory_on_an_axis_is_a_copy_to_the_byte_and_keeps_the_pen():
    on_axis = np.float32([[[0, 1, 1], [0, -1, 0]]])
    written, mirrored, upside_down = images.flipped_trajectories(on_axis, np.array([4]), 10)[0]
    assert written.tobytes() == mirrored.tobytes() != upside_down.tobytes()
    same(upside_down, [[0, -1, 1], [0, 1, 0]])


def test_the_hash_of_sequences_is_of_their_values_and_shape():
    one = checked_cohort(SEQUENCES, "it", "it")
    assert replace(one, inputs=np.asfortranarray(STROKES)).content_hash == one.content_hash
    others = [-STROKES, STROKES.reshape(6, 2, 4), np.nextafter(STROKES, np.float32(2))]
    others = [replace(one, inputs=other) for other in others]
    assert len({each.content_hash for each in [one, *others]}) == 4


def test_a_file_has_one_kind_of_samples(tmp_path):
    path = tmp_path / "own.npz"
    for two in (("images", "sequences"), ("sequences", "trajectories")):
        np.savez(path, **FACTS, **{kind: OF_KIND[kind][kind] for kind in two})
        both = f"arrays '{two[0]}' and '{two[1]}' are both there; leave out one"
        assert refused(read, path) == f"{path}: {both}"
    np.savez(path, **FACTS)
    assert refused(read, path) == (
        f"{path}: array 'images' (uint8 [N, H, W]) or 'sequences' (float32 [N, T, C]) or "
        "'trajectories' (float32 [N, T, C] of x, y, ...) is missing; "
        "there are labels, who, item, attr_age"
    )


def test_who_is_reading_a_file_keeps_it_whole_while_it_is_saved_anew(cohort, path):
    whole = path.read_bytes()
    with open(path, "rb") as reading:
        save(cohort.of(["ann"]), path)
        assert reading.read() == whole
    assert read(path).people.tolist() == ["ann"]


def test_a_failed_save_keeps_the_old_file_and_nothing_else(cohort, path, monkeypatch):
    def full(file, **_):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    assert (
        refused(save, cohort.of(["ann"]), path)
        == f"{path}: cannot be written (No space left on device)"
    )
    assert read(path).content_hash == cohort.content_hash and list(path.parent.iterdir()) == [path]


def test_the_hash_is_of_the_content_and_of_nothing_else(cohort):
    stored_otherwise = [
        replace(cohort, source="elsewhere", inputs=np.asfortranarray(cohort.inputs)),
        replace(cohort, labels=LABELS.astype(">i2"), who=WHO.astype("U40")),
        replace(cohort, attributes=dict(reversed(cohort.attributes.items()))),
    ]
    assert {other.content_hash for other in stored_otherwise} == {cohort.content_hash}
    number = np.array([1, 1, 2, 2, 2, 1])
    images = (cohort.inputs ^ 1, cohort.inputs.transpose(0, 2, 1), cohort.inputs.reshape(6, 3, 2))
    changed = [replace(cohort, inputs=other) for other in images]
    changed += [replace(cohort, who=other) for other in (number, number.astype(str), WHO[::-1])]
    changed += [replace(cohort, labels=LABELS[::-1]), replace(cohort, item=cohort.item + 1)]
    age, hand = cohort.attributes.values()
    changed += [
        replace(cohort, attributes=other)
        for other in ({}, {"age": age}, {"years": age, "hand": hand})
    ]
    assert len({other.content_hash for other in [cohort, *changed]}) == len(changed) + 1


def test_only_these_people(cohort):
    bob = cohort.of(["bob"])
    assert cohort.people.tolist() == ["ann", "bob"] and bob.people.tolist() == ["bob"]
    assert bob.item.tolist() == [12, 13, 14] and bob.attributes["hand"].tolist() == ["right"] * 3
    same(bob.inputs, cohort.inputs[2:5])
    assert cohort.of({"bob", "ann"}).content_hash == cohort.content_hash
    assert refused(cohort.of, ["bob", "eve"]) == "a test: no such person: eve"


def test_three_arrays_are_enough(tmp_path):
    np.savez(tmp_path / "own.npz", images=ARRAYS["images"], labels=LABELS.astype("u1"), who=WHO)
    own = read(tmp_path / "own.npz")
    assert own.source == "own" and own.attributes == {} and own.labels.dtype == np.int64
    assert own.item.tolist() == [0, 1, 2, 3, 4, 5]  # every image its own sample


WRONG = [  # name, array (None: left out), message
    ("who", None, "is missing; there are images, labels, item, attr_age"),
    ("images", ARRAYS["images"] / 255, "is float64; needed is uint8: (255 * images).round()"),
    ("images", ARRAYS["images"].reshape(6, 6), "has shape (6, 6); needed is [N, H, W]"),
    (
        "images",
        np.zeros((0, 2, 3), np.uint8),
        "has shape (0, 2, 3); needed is [N, H, W], each at least 1",
    ),
    ("labels", LABELS[:5], "has shape (5,); needed is one value per image: (6,)"),
    ("labels", LABELS[:, None], "has shape (6, 1); needed is one value per image"),
    (
        "labels",
        LABELS + 0.5,
        "is float64; needed are integers (np.unique(labels, return_inverse=True)[1]",
    ),
    (
        "labels",
        np.where(LABELS, LABELS, np.nan),
        "is float64; needed are integers (leave out the 3 samples",
    ),
    (
        "labels",
        LABELS.astype(object),
        "holds Python objects; needed are integers: .astype('int64')",
    ),
    ("images", ARRAYS["images"] > 9, "is bool; needed is uint8: .astype('uint8') * 255"),
    ("images", ARRAYS["images"].astype("int64"), "is int64; needed is uint8: .astype('uint8')"),
    ("images", ARRAYS["images"] - 1.5, "is float64; needed is uint8: bring -1.5..33.5 to 0..255"),
    (
        "images",
        ARRAYS["images"].astype("u2") * 256,
        "is uint16; needed is uint8: bring 0..8960 to 0..255",
    ),
    (
        "images",
        np.where(ARRAYS["images"], 1, np.nan),
        "is float64; needed is uint8, grey levels 0..255, and some",
    ),
    ("images", ARRAYS["images"].astype(str), "is <U3; needed is uint8, grey levels 0..255"),
    (
        "images",
        ARRAYS["images"].astype(object),
        "holds Python objects; needed is uint8 [N, H, W], all of one size",
    ),
    (
        "images",
        ARRAYS["images"] % 2,
        "has no grey level above 1; needed are 0..255: multiply by 255",
    ),
    (
        "images",
        (ARRAYS["images"] / 255).astype("u1"),
        "has no grey level above 0; needed are 0..255: multiply by 255",
    ),
    ("attr", LABELS, "is unknown; possible: images, labels, who, item, context, attr_NAME"),
    ("attr_", LABELS, "is unknown; possible: images, labels, who, item, context, attr_NAME"),
    (
        "source",
        WHO,
        "has shape (6,), but `perso data --to` writes one text under this name; "
        "call it attr_source",
    ),
    (
        "content_hash",
        LABELS,
        "has shape (6,), but `perso data --to` writes one text under this name",
    ),
    ("labels", LABELS - 1, "holds -1; needed are classes 0..C-1"),
    ("who", np.ones(6), "is float64; needed are integers or strings (.astype('int64'))"),
    (
        "who",
        np.where(LABELS, LABELS, np.nan),
        "is float64; needed are integers or strings (leave out the 3 samples",
    ),
    ("who", WHO.astype("S"), "is |S3; needed are integers or strings (.astype(str))"),
    (
        "who",
        WHO.astype(object),
        "holds Python objects; needed are integers, or strings (.astype(str))",
    ),
    ("item", np.array([10, 11, 10, 13, 14, 10]), "has 10 in two persons; an item has one of each"),
    ("item", np.array([10, 10, 12, 13, 14, 10]), "has 10 in two classes; an item has one of each"),
    ("item", WHO, "is <U3; needed are integers"),
    ("attr_age", np.ones(7), "has shape (7,); needed is one value per image: (6,)"),
    ("itme", LABELS, "is unknown; possible: images, labels, who, item, context, attr_NAME"),
]


def with_values(*values: float) -> np.ndarray:
    """STROKES with these values in the fourth sequence."""
    changed = STROKES.copy()
    changed[3].flat[: len(values)] = values
    return changed


WRONG_SEQUENCES = [  # beside arrays that fit sequences
    ("sequences", STROKES.astype("f8"), "is float64; needed is float32: .astype('float32')"),
    ("sequences", STROKES.astype("f2"), "is float16; needed is float32: .astype('float32')"),
    ("sequences", STROKES.astype(">f4"), "is >f4; needed is float32: .astype('float32')"),
    ("sequences", STROKES.astype("i4"), "is int32; needed is float32: .astype('float32')"),
    ("sequences", STROKES.astype("u1"), "is uint8; needed is float32: .astype('float32')"),
    ("sequences", STROKES > 0, "is bool; needed is float32: .astype('float32')"),
    ("sequences", STROKES.astype(str), "is <U32; needed is float32: [N, T, C], all of one length"),
    (
        "sequences",
        STROKES.astype(object),
        "holds Python objects; needed is float32 [N, T, C], all of one length",
    ),
    ("sequences", STROKES[0], "has shape (4, 2); needed is [N, T, C], each at least 1"),
    ("sequences", STROKES[..., 0], "has shape (6, 4); needed is [N, T, C]"),
    ("sequences", STROKES[:, :0], "has shape (6, 0, 2); needed is [N, T, C]"),
    ("sequences", STROKES[..., None], "has shape (6, 4, 2, 1); needed is [N, T, C]"),
    (
        "sequences",
        with_values(np.nan),
        "has 1 value that is nan or infinite, in sequence 3; leave such sequences out or fill them",
    ),
    (
        "sequences",
        with_values(1, np.inf, -np.inf),
        "has 2 values that are nan or infinite, the first in sequence 3; leave such sequences out",
    ),
    ("sequences", 0 * STROKES + 0.5, "holds 0.5 throughout; needed are values that differ"),
    ("labels", LABELS[:5], "has shape (5,); needed is one value per sequence: (6,)"),
    ("itme", LABELS, "is unknown; possible: sequences, labels, who, item, context, attr_NAME"),
    ("who", None, "is missing; there are sequences, labels, item, attr_age"),
]


WRONG_TRAJECTORIES = [  # beside arrays that fit trajectories
    ("trajectories", STROKES.astype("f8"), "is float64; needed is float32: .astype('float32')"),
    (
        "trajectories",
        STROKES[..., :1],
        "has shape (6, 4, 1); needed is [N, T, C] with at least two channels, x and y",
    ),
    (
        "trajectories",
        with_values(np.nan),
        "has 1 value that is nan or infinite, in trajectory 3; leave such trajectories out",
    ),
    (
        "trajectories",
        STROKES + np.float32([2, 0]),
        "has x from 1 to 2.96; needed is the centre at 0: subtract the middle",
    ),
    (
        "trajectories",
        STROKES * np.float32([1, 0]) - np.float32([0, 1]) * np.abs(STROKES),
        "has y from -1 to -0.0213; needed is the centre at 0: subtract the middle",
    ),
    (
        "trajectories",
        STROKES.astype(object),
        "holds Python objects; needed is float32 [N, T, C], all of one length (resampled",
    ),
    ("labels", LABELS[:5], "has shape (5,); needed is one value per trajectory: (6,)"),
    ("context", LABELS[:5], "has shape (5,); needed is one value per trajectory: (6,)"),
    ("context", LABELS / 2, "is float64; needed are integers or strings (np.unique(context, "),
    ("context", WHO.astype("S"), "is |S3; needed are integers or strings (.astype(str))"),
    ("itme", LABELS, "is unknown; possible: trajectories, labels, who, item, context, attr_NAME"),
]


@pytest.mark.parametrize(
    ("base", "name", "array", "message"),
    [(ARRAYS, *case) for case in WRONG]
    + [(SEQUENCES, *case) for case in WRONG_SEQUENCES]
    + [(TRAJECTORIES, *case) for case in WRONG_TRAJECTORIES],
)
def test_a_wrong_array_is_named_with_what_would_be_right(tmp_path, base, name, array, message):
    changed = {key: value for key, value in (base | {name: array}).items() if value is not None}
    np.savez(tmp_path / "own.npz", **changed)
    assert refused(read, tmp_path / "own.npz").startswith(
        f"{tmp_path}/own.npz: array '{name}' {message}"
    )


SCALARS = hnp.scalar_dtypes() | hnp.unicode_string_dtypes() | hnp.byte_string_dtypes()
SHAPES = st.just((6,)) | st.just((6, 2, 3)) | hnp.array_shapes(min_dims=0, max_dims=4, max_side=7)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from([*OF_KIND]),
    name=st.sampled_from(["inputs", "labels", "who", "item", "context", "attr_age", "itme"]),
    array=hnp.arrays(SCALARS | st.just(np.dtype("f4")), SHAPES),
)
def test_any_array_is_a_cohorts_or_refused_by_its_name(kind, name, array):
    """Whatever its type, shape and values are; no other exception is raised."""
    name = kind if name == "inputs" else name
    base = {key: OF_KIND[kind][key] for key in (kind, "labels", "who")}
    try:
        made = checked_cohort(base | {name: array}, "own.npz", "own")
    except InputError as error:
        # where inputs of another number are fine, the labels no longer fit them
        named = (kind, "labels") if name == kind else (name,)
        assert str(error).startswith(tuple(f"own.npz: array '{each}' " for each in named))
        assert "\n" not in str(error)
        return
    assert made.kind == kind and made.inputs.ndim == 3 and np.isfinite(made.inputs).all()
    assert made.inputs.dtype == (np.uint8 if kind == "images" else np.float32)
    assert made.inputs.max() > (1 if kind == "images" else made.inputs.min())
    assert made.labels.dtype == made.item.dtype == np.int64 and made.labels.min() >= 0
    assert made.who.dtype == np.int64 or made.who.dtype.kind == "U"
    sizes = {len(each) for each in (made.labels, made.who, made.item, *made.attributes.values())}
    assert sizes == {len(made.inputs)}


FOLLOWED = [  # name, array, what a message advises, as it is typed
    ("images", ARRAYS["images"].astype("int64"), "images.astype('uint8')"),
    ("images", ARRAYS["images"].astype("float32"), "images.round().astype('uint8')"),
    ("images", ARRAYS["images"] > 9, "images.astype('uint8') * 255"),
    ("images", (ARRAYS["images"] > 9).astype("int8"), "images.astype('uint8') * 255"),
    ("sequences", STROKES.astype("f8"), "sequences.astype('float32')"),
    ("sequences", STROKES.astype("f2"), "sequences.astype('float32')"),
    ("sequences", (100 * STROKES).astype("i1"), "sequences.astype('float32')"),
    ("sequences", ARRAYS["images"], "sequences.astype('float32')"),
    ("labels", LABELS.astype(float), "labels.astype('int64')"),
    ("labels", WHO, "np.unique(labels, return_inverse=True)[1]"),
    ("item", np.array(list("abcdea")), "np.unique(item, return_inverse=True)[1]"),
    ("who", np.array([1, 1, 2, 2, 2, 1.0]), "who.astype('int64')"),
    ("who", WHO.astype("S"), "who.astype(str)"),
]


@pytest.mark.parametrize(("name", "array", "advice"), FOLLOWED)
def test_advice_can_be_followed(tmp_path, name, array, advice):
    path = tmp_path / "own.npz"
    kind = "sequences" if name == "sequences" else "images"
    arrays = {each: (ARRAYS | SEQUENCES)[each] for each in (kind, "labels", "who")}
    np.savez(path, **arrays | {name: array})
    assert advice.removeprefix(name) in refused(read, path)
    np.savez(path, **arrays | {name: eval(advice, {name: array, "np": np})})
    after = getattr(read(path), "inputs" if name == kind else name)
    # nothing is lost
    same(np.unique(after, return_inverse=True)[1], np.unique(array, return_inverse=True)[1])
    if name == "images":
        assert after.max() == (255 if array.max() <= 1 else array.max())


NOBODY = ["nan", "None", "", "  ", "<NA>", "NaT", "null", "-1", "-1.0", "N/A", "unknown"]


@pytest.mark.parametrize("nobody", [*NOBODY, str(-(2**63))])
def test_a_missing_id_is_no_person(tmp_path, nobody):
    np.savez(tmp_path / "own.npz", **ARRAYS | {"who": np.where(WHO == "bob", nobody, WHO)})
    message = (
        f"{tmp_path}/own.npz: array 'who' has {nobody!r} for 3 samples, which is nobody's id; "
        "leave these samples out or give them an id"
    )
    assert refused(read, tmp_path / "own.npz") == message


@pytest.mark.parametrize("kind", ["int32", "int64"])
def test_nor_is_what_a_cast_makes_of_nan(tmp_path, kind):
    who = np.where(WHO == "bob", np.iinfo(kind).min, 7).astype(kind)
    np.savez(tmp_path / "own.npz", **ARRAYS | {"who": who})
    assert f"array 'who' has {np.iinfo(kind).min} for 3 samples" in refused(
        read, tmp_path / "own.npz"
    )


@pytest.mark.parametrize("name", ["who", "attr_hand"])
def test_a_name_that_is_not_utf_8_is_refused(tmp_path, name):
    """As os.listdir gives it of a folder whose name is in Latin-1."""
    named = np.where(WHO == "bob", os.fsdecode(b"Jos\xe9"), WHO)
    np.savez(tmp_path / "own.npz", **ARRAYS | {name: named})
    message = refused(read, tmp_path / "own.npz")
    assert f"array '{name}' has 'Jos\\udce9', which is not Unicode text; " in message


@pytest.mark.parametrize("twin", ["bob ", "b\u00f6b", "ann  b"])
def test_two_ids_that_look_the_same_are_refused(tmp_path, twin):
    other = {"bob ": "bob", "b\u00f6b": "bo\u0308b", "ann  b": "ann b"}[twin]
    who = np.where(WHO == "bob", other, twin)
    np.savez(tmp_path / "own.npz", **ARRAYS | {"who": who})
    message = refused(read, tmp_path / "own.npz")
    assert ascii(twin) in message and ascii(other) in message and "look the same" in message


def test_labels_far_apart_are_refused_before_a_network_has_an_output_for_each(tmp_path):
    far = np.where(ARRAYS["labels"] == ARRAYS["labels"].max(), 1_000_000, ARRAYS["labels"])
    np.savez(tmp_path / "own.npz", **ARRAYS | {"labels": far})
    message = refused(read, tmp_path / "own.npz")
    assert "array 'labels' holds 1000000, but only" in message
    anew = np.unique(far, return_inverse=True)[1]
    np.savez(tmp_path / "own.npz", **ARRAYS | {"labels": anew})
    assert len(np.unique(read(tmp_path / "own.npz").labels)) == len(np.unique(far))


def test_names_that_look_like_missing_ids_are_names(tmp_path):
    who = np.where(WHO == "bob", "Nan", "NA")
    np.savez(tmp_path / "own.npz", **ARRAYS | {"who": who})
    assert read(tmp_path / "own.npz").people.tolist() == ["NA", "Nan"]


def test_a_file_that_is_no_whole_npz_is_named_with_its_cure(path, tmp_path):
    whole = path.read_bytes()
    np.save(tmp_path / "array.npy", np.ones(3))
    contents = [whole[: len(whole) * percent // 100] for percent in (0, 1, 50, 90, 99)]
    for content in [*contents, b"images,labels,who\n", (tmp_path / "array.npy").read_bytes()]:
        path.write_bytes(content)
        line = refused(read, path)
        assert line.startswith(
            f"{path}: truncated, damaged or not an npz file; copy it again, or write it again"
        )
    assert refused(read, tmp_path / "none").endswith(
        "none: cannot be read (No such file or directory)"
    )


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("my people.csv", "is a .csv file, not an .npz; make one with: perso import '{path}' --to"),
        ("people.JSON", "is a .JSON file, not an .npz; make one with: perso import {path} --to"),
        ("people.parquet", "is a .parquet file, not an .npz; make one with: perso import {path}"),
        ("emnist.mat", "is a .mat file, not an .npz; make one with: perso import {path} --to"),
        (
            "people.zip",
            "is a .zip file, not an .npz; unpack it, then make one with: perso import F",
        ),
        ("people", "is a folder, not an .npz; make one with: perso import {path} --to people.npz"),
    ],
)
def test_a_file_of_another_kind_is_named_and_pointed_to_the_import(tmp_path, name, what):
    path = tmp_path / name
    path.write_text("") if path.suffix else path.mkdir()
    line = refused(load, f"file:{path}", "nowhere")
    assert line.startswith(f"{path}: {what.format(path=path)}")


@pytest.mark.parametrize("path", [".", "../mine"])
def test_the_import_of_a_folder_without_a_name_has_a_file_to_write(tmp_path, monkeypatch, path):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    command = f"perso import {path} --to mine.npz"
    assert refused(load, f"file:{path}", "nowhere").endswith(f"make one with: {command}")
    assert refused(load, "file:/", "nowhere").endswith("perso import / --to people.npz")


def test_a_data_set_of_no_file_is_refused():
    line = "dataset: file: names no file; needed is file:PATH.npz"
    assert refused(load, "file:", "nowhere") == line


@pytest.mark.parametrize("name", ["who", "context", "attr_side"])
def test_text_that_is_not_unicode_is_refused(tmp_path, name):
    """As os.listdir returns names of folders that are not UTF-8."""
    array = np.where(WHO == "bob", "Jos\udce9", "Ann")
    np.savez(tmp_path / "own.npz", **ARRAYS | {name: array})
    line = refused(read, tmp_path / "own.npz")
    assert f"array '{name}' has 'Jos\\udce9', which is not Unicode text; os.fsencode" in line
    line.encode()  # it can be printed


def test_damage_is_noticed_wherever_it_lies(cohort, path):
    whole, harmless = path.read_bytes(), 0
    places = range(0, len(whole), 7)
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        try:
            assert read(path).content_hash == cohort.content_hash
            harmless += 1  # a file's date, say
        except InputError:
            continue
    assert harmless < len(places) / 2


def test_arrays_exchanged_after_saving_are_noticed(path):
    with np.load(path) as stored:
        np.savez(path.with_name("other.npz"), **dict(stored) | {"images": stored["images"] + 1})
    assert "not the arrays it was saved with (content_hash differs)" in refused(
        read, path.with_name("other.npz")
    )
