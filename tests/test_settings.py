"""Wrong settings are refused in one line; seeds and fingerprints depend on names alone."""

import re
from dataclasses import FrozenInstanceError, fields, replace

import nbformat
import numpy as np
import papermill
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from perso.claims import frozen, ledger_file
from perso.errors import InputError
from perso.files import visible, whole, writable
from perso.methods.registry import OWN_BASE, TABLES
from perso.paths import ROOT, default_data_dir, default_store
from perso.seeds import fingerprint, rng
from perso.settings import (
    CHOICES,
    RANGES,
    TYPE_NAMES,
    TYPES,
    Settings,
    as_dict,
    mapping,
    overlay,
    read_params,
    settings_of,
    v1_class_counts,
    v1_settings,
)
from perso.store import encoders, published

PARAMS = sorted((ROOT / "params").glob("[!.]*.yml"))
SMOKE = ROOT / "params" / "smoke.yml"
EXAMPLES = hypothesis_settings(max_examples=100, deadline=None, derandomize=True)


def refused(action, *arguments) -> str:
    """The one line with which a bad input is refused."""
    with pytest.raises(InputError) as caught:
        action(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- values


def test_the_defaults_are_v3s():
    s = Settings()
    assert (s.individuals, s.epochs, s.batch_size, s.optimiser, s.train_share) == (
        100,
        20,
        128,
        "adam",
        0.7,
    )
    assert (s.image_size, s.width, s.repeats, s.flips) == (32, 1.0, 1, True)


def test_settings_stay_as_they_are():
    with pytest.raises(FrozenInstanceError):
        Settings().epochs = 3


def test_the_message_for_an_unknown_key_names_a_like_one_or_all():
    assert refused(overlay, {"epoch": 3}) == "epoch: no such setting; did you mean epochs?"
    message = refused(overlay, {"x": 3})
    assert message.startswith("x: no such setting; possible: ")
    assert message.split("possible: ")[1].split(", ") == [field.name for field in fields(Settings)]


def anything(*apart_from: type):
    """A strategy for values of every type a file or a notebook may hold, but not of these types."""
    of_type = {
        type(None): st.none(),
        bool: st.booleans(),
        int: st.integers() | st.just(10**400),
        float: st.floats(),
        str: st.text(max_size=9),
        bytes: st.binary(max_size=9),
        list: st.lists(st.integers(), max_size=3),
        dict: st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
    }
    return st.one_of([values for kind, values in of_type.items() if kind not in apart_from])


def of_wrong_type(key: str):
    """A strategy for values of another type than a setting's; 4 is a float, too, and 4.0 an int."""
    if TYPES[key] is float:
        return anything(float, int)
    wrong = anything(TYPES[key])
    if TYPES[key] is int:  # 4.0 serves as 4
        return wrong.filter(lambda value: not (isinstance(value, float) and value.is_integer()))
    return wrong


def beyond_a_bound(key: str):
    """A strategy for values of a setting's type that are outside its range."""
    low, high = RANGES[key]
    if TYPES[key] is int:
        above = st.nothing() if high == np.inf else st.integers(min_value=high + 1)
        return st.integers(max_value=low - 1) | above
    below = st.floats(max_value=low, exclude_max=True)
    return below | st.floats(min_value=high, exclude_min=True) | st.just(np.nan)


@given(
    st.sampled_from(list(TYPES)).flatmap(lambda key: st.tuples(st.just(key), of_wrong_type(key)))
)
@EXAMPLES
def test_a_wrong_type_is_named_with_the_right_one(pair):
    key, value = pair
    right = f"{key}: {value!r} is not {TYPE_NAMES[TYPES[key]]}"
    assert refused(overlay, {key: value}).startswith(right)


@given(
    st.sampled_from(list(RANGES)).flatmap(lambda key: st.tuples(st.just(key), beyond_a_bound(key)))
)
@EXAMPLES
def test_a_value_beyond_a_bound_is_named_with_the_bounds(pair):
    key, value = pair
    message = refused(overlay, {key: value})
    assert message.startswith(f"{key}: {value} is impossible; it must be ")


@given(st.sampled_from(list(TYPES)), anything())
@EXAMPLES
def test_any_value_is_kept_or_refused_by_its_key(key, value):
    try:
        kept = getattr(overlay({key: value}), key)
    except InputError as error:
        assert str(error).startswith(f"{key}: ") and "\n" not in str(error)
        return
    assert type(kept) is TYPES[key] and kept == value
    assert kept in CHOICES.get(key, [kept])
    low, high = RANGES.get(key, (kept, kept))
    assert low <= kept <= high


TAGS = ["", "!!int ", "!!float ", "!!bool ", "!!timestamp ", "!!binary ", "&a ", "*a ", "- "]
YAML_LINES = st.tuples(
    st.sampled_from([*TYPES, "<<", "'epochs'", "? [a]", "1"]),
    st.sampled_from([": ", ":", ": !!int ", ":\n  "]),
    st.sampled_from(TAGS),
    st.text("019eE+-._:, '\"{}[]#&*!|>%@`\t\nabx", max_size=9),
)


@given(st.lists(YAML_LINES.map("".join), max_size=3).map("\n".join))
@EXAMPLES
def test_any_text_is_settings_or_refused(text):
    """Whatever YAML makes of it; no other exception is raised."""
    try:
        assert isinstance(overlay(mapping(text)), Settings)
    except InputError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("key", "value", "right"),
    [
        ("epochs", 2.5, "a whole number"),
        ("epochs", True, "a whole number"),
        ("learning_rate", "1e-3", "a number (YAML reads 1e-3 as text: write 1.0e-3)"),
    ],
)
def test_types_that_python_and_yaml_confuse_are_told_apart(key, value, right):
    assert refused(overlay, {key: value}) == f"{key}: {value!r} is not {right}"


def test_yaml_reads_1e3_as_text_and_the_hint_helps(tmp_path):
    path = tmp_path / "it.yml"
    path.write_text("learning_rate: 1e-3\n")
    assert "write 1.0e-3" in refused(read_params, path)
    path.write_text("learning_rate: 1.0e-3\n")
    assert read_params(path).learning_rate == 0.001


def test_a_whole_number_serves_as_a_number():
    one = overlay({"width": 1, "weight_decay": 0})
    assert type(one.width) is type(one.weight_decay) is float
    assert fingerprint(as_dict(one)) == fingerprint(
        as_dict(overlay({"width": 1.0, "weight_decay": 0.0}))
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"individuals": -1}, "individuals: -1 is impossible; it must be at least 2"),
        (
            {"individuals": 3, "exchange": True},
            "individuals: 3 is too few to exchange halves; at least 4",
        ),
        (
            {"global_people": 0},
            "global_people: 0 leaves D_G empty; at least 1, or exchange: true, or folds",
        ),
        (
            {"folds": 1},
            "folds: 1 is impossible; at least 2, or 0 for none",
        ),
        (
            {"folds": 3, "exchange": True},
            "folds: 3 and exchange: true, which makes two, exclude each other; set exchange: false",
        ),
        (
            {"folds": 3, "individuals": 5},
            "individuals: 5 are too few for folds: 3, each of which needs two; at least 6",
        ),
        (
            {"rows_of": "contexts"},
            "context: none is set, and rows_of: contexts is about a person's other contexts; "
            "set an attribute of the data, or shear:15",
        ),
        (
            {"available": 1},
            "available: 1 is of no effect without a context; set available: 0",
        ),
        (
            {"context": "side", "variation": "class-counts"},
            "context: 'side' needs people who wrote their samples; class counts draw them; "
            "set variation: hidden-factors",
        ),
        (
            {"image_size": 12},
            "image_size: 12 cannot be pooled by the network; possible: 8, 16, 32, …",
        ),
        ({"image_size": 4}, "image_size: 4 is impossible; it must be from 8 to 256"),
        ({"batch_size": 1}, "batch_size: 1 is impossible; it must be at least 2"),
        ({"epochs": 0}, "epochs: 0 is impossible; it must be at least 1"),
        ({"train_share": 1}, "train_share: 1.0 is impossible; it must be from 0.05 to 0.95"),
        (
            {"learning_rate": float("nan")},
            "learning_rate: nan is impossible; it must be from 1e-09 to 10",
        ),
        (
            {"learning_rate": float("inf")},
            "learning_rate: inf is impossible; it must be from 1e-09 to 10",
        ),
        (
            {"epochs": 6, "decay_epoch": 6},
            "decay_epoch: 6 leaves no epoch after it, of epochs: 6; "
            "it must be below that, or 0 for never",
        ),
        (
            {"decay_epoch": 5, "decay": 1},
            "decay: 1.0 leaves the learning rate as it is; for that, set decay_epoch: 0",
        ),
        ({"repeats": 0}, "repeats: 0 is impossible; it must be at least 1"),
        ({"optimiser": "rmsprop"}, "optimiser: 'rmsprop' is unknown; possible: adam, sgd"),
        ({"optimiser": "Adam"}, "optimiser: 'Adam' is unknown; possible: adam, sgd"),
        (
            {"variation": "style"},
            "variation: 'style' is unknown; possible: hidden-factors, class-counts",
        ),
        (
            {"precision": "half"},
            "precision: 'half' is unknown; possible: auto, float32, tf32, bfloat16, float64",
        ),
        ({"device": "gpu"}, "device: 'gpu' is unknown; possible: auto, cpu, cuda"),
    ],
)
def test_an_impossible_value_is_named_with_what_is_possible(values, message):
    assert refused(overlay, values) == message


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key in CHOICES for value in CHOICES[key]]
)
def test_what_is_called_possible_is_possible(key, value):
    needed = {"contexts": {"context": "side"}, "planted": {"planted": "prior"}}.get(value, {})
    assert getattr(overlay({key: value, **needed}), key) == value


@pytest.mark.parametrize(
    "values", [{"exchange": True}, {"folds": 5}, {"variation": "class-counts"}]
)
def test_no_other_people_are_needed_where_d_g_is_not_made_of_them(values):
    assert overlay({"global_people": 0, **values}).global_people == 0


# --- files, command line, notebooks


def test_a_missing_file_is_named(tmp_path):
    message = refused(read_params, tmp_path / "none.yml")
    assert message.startswith(f"{tmp_path / 'none.yml'}: ") and "params/quick.yml" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"epochs: [1", "not a YAML file"),
        (b"epochs: 1\n\tseed: 2", "not a YAML file"),
        (b"\xff\xfe", "not a YAML file"),
        (b"- epochs\n- 3", "each line should read `key: value`"),
        (b"epochs", "each line should read `key: value`"),
        (b"epochs: many", "epochs: 'many' is not a whole number"),
        (b"epoch: 3", "epoch: no such setting"),
        (b"epochs: 3\nseed: 1\n'epochs': 3", "epochs: given twice, in lines 1 and 3; keep one"),
        (
            b"<<: {epochs: 3}\nseed: 1",
            "<<: merging, in line 1, is not possible; write each key in a",
        ),
        (b"seed: 010", "seed: '010' is ambiguous; write it in decimal, without leading 0, `_` and"),
        (b"seed: 0x10", "seed: '0x10' is ambiguous"),
        (b"seed: 1:30", "seed: '1:30' is ambiguous"),
        (b"seed: 1_0", "seed: '1_0' is ambiguous"),
        (b"width: 1:0.5", "width: '1:0.5' is ambiguous"),
    ],
)
def test_a_broken_file_is_named(tmp_path, content, message):
    path = tmp_path / "it.yml"
    path.write_bytes(content)
    line = refused(read_params, path)
    assert line.startswith(f"{path}: ") and message in line


@pytest.mark.parametrize("number", ["0", "0.5", ".5", "1.", "+1", "1.0e-3"])
def test_a_number_in_decimal_is_read_as_it_looks(tmp_path, number):
    path = tmp_path / "it.yml"
    path.write_text(f"weight_decay: {number}\n")
    assert (
        read_params(path).weight_decay
        == read_params(SMOKE, [f"weight_decay={number}"]).weight_decay
        == float(number)
    )


def test_a_params_file_of_the_checkout_is_found_from_any_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = read_params("params/smoke.yml")
    assert found == read_params(ROOT / "params" / "smoke.yml") != Settings()
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "smoke.yml").write_text("epochs: 1\n")
    assert read_params("params/smoke.yml") == Settings(epochs=1)
    with pytest.raises(InputError, match=r"params/none\.yml: No such file"):
        read_params("params/none.yml")


def test_an_empty_file_is_the_defaults(tmp_path):
    (tmp_path / "it.yml").write_text("# nothing differs\n")
    assert read_params(tmp_path / "it.yml") == Settings()


def test_pairs_of_the_command_line_lie_over_the_file():
    pairs = [
        "individuals=6",
        "learning_rate=1e-4",
        "exchange=False",
        "global_people=3",
        "dataset=file:a=b",
    ]
    assert read_params(SMOKE, pairs) == replace(
        read_params(SMOKE),
        individuals=6,
        learning_rate=1e-4,
        exchange=False,
        global_people=3,
        dataset="file:a=b",
    )


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("individuals", "-p individuals: not of the form key=value"),
        ("individuals=six", "individuals: 'six' is not a whole number"),
        ("individuals=6.0", "individuals: '6.0' is not a whole number"),
        ("individuals=", "individuals: '' is not a whole number"),
        ("individuals=1", "individuals: 1 is impossible"),
        ("width=half", "width: 'half' is not a number"),
        ("width=nan", "width: nan is impossible"),
        ("width=inf", "width: inf is impossible"),
        ("individuals=1_0", "individuals: '1_0' is ambiguous"),
        ("width=1_0.5", "width: '1_0.5' is ambiguous"),
        ("exchange=1", "exchange: '1' is not true or false"),
        (
            "individual=6",
            "individual: no such setting; did you mean individuals?",
        ),
    ],
)
def test_a_wrong_pair_is_named(pair, message):
    assert message in refused(read_params, SMOKE, [pair])


def test_a_key_in_two_pairs_is_refused():
    message = refused(read_params, SMOKE, ["seed=1", "epochs=3", "seed=2"])
    assert message == "-p seed: given twice, as 1 and as 2; keep one"


def test_a_notebooks_settings_are_gathered_from_its_names():
    names = {"individuals": 6, "epochs": 3, "np": np, "rows": None, "_": 5}
    assert settings_of(names) == overlay({"individuals": 6, "epochs": 3})
    assert "epochs: 'three' is not a whole number" in refused(
        settings_of, names | {"epochs": "three"}
    )


def test_what_a_startup_file_defines_is_no_setting_but_what_a_cell_does_is(monkeypatch, tmp_path):
    """A cell counts although it assigns what a start-up file did: small numbers are one object."""
    start = tmp_path / "profile_default" / "startup"
    start.mkdir(parents=True)
    (start / "00.py").write_text("from numpy import split\nseed = epochs = latent = repeats = 5")
    (tmp_path / "python.py").write_text("cohort_seed = 5")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "python.py"))
    cells = [
        "epochs = 5\nrepeats = 6",
        "?",
        "from perso.settings import settings_of; settings_of(globals())",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, tmp_path / "in.ipynb")
    done = papermill.execute_notebook(
        tmp_path / "in.ipynb",
        tmp_path / "out.ipynb",
        {"latent": 5},
        progress_bar=False,
        kernel_name="python3",
        language="python",
        cwd=ROOT,
    )
    output = done.cells[-1].outputs[0].data["text/plain"]
    assert output == repr(Settings(epochs=5, repeats=6, latent=5))


@pytest.mark.parametrize("path", PARAMS, ids=lambda path: path.name)
def test_every_params_file_is_read(path):
    assert read_params(path).rows_of in TABLES


# no chapter runs with the parameters of the others
OF_CHAPTERS = [path for path in PARAMS if read_params(path).rows_of not in OWN_BASE]


@pytest.mark.parametrize("path", OF_CHAPTERS, ids=lambda path: path.name)
def test_every_params_file_of_chapters_sets_what_smoke_sets(path):
    """A chapter declares smoke's values: what a file leaves out would stay at smoke's size."""
    assert set(yaml.safe_load(SMOKE.read_text("utf-8"))) <= set(
        yaml.safe_load(path.read_text("utf-8"))
    )


@pytest.mark.parametrize(
    ("variable", "place", "usual"),
    [
        ("PERSO_STORE", default_store, "build/store.sqlite"),
        ("PERSO_DATA_DIR", default_data_dir, "data"),
    ],
)
def test_the_environment_may_move_store_and_data(monkeypatch, tmp_path, variable, place, usual):
    monkeypatch.delenv(variable, raising=False)
    assert place() == ROOT / usual
    monkeypatch.setenv(variable, str(tmp_path))
    assert place() == tmp_path


# --- fingerprints and seeds


def test_a_fingerprint_is_the_same_on_every_machine_and_day():
    facts = {"b": [1, 2.5, "é", None, True], "a": {"y": 0, "x": 1e-4}}
    assert fingerprint(facts) == "1538936fa91dcc2a0e038b925ff315cb"


def test_a_fingerprint_is_of_facts_and_not_of_their_order():
    assert fingerprint({"a": 1, "b": {"c": 2, "d": 3}}) == fingerprint(
        {"b": {"d": 3, "c": 2}, "a": 1}
    )
    assert fingerprint((1, 2)) == fingerprint([1, 2])


@pytest.mark.parametrize(
    "other", [{"a": [2, 1]}, {"a": [1]}, {"a": ["1", 2]}, {"b": [1, 2]}, {"a": 12}, {}]
)
def test_other_facts_have_another_fingerprint(other):
    assert fingerprint({"a": [1, 2]}) != fingerprint(other)


def test_equal_names_draw_equally_and_wherever_else_one_has_drawn():
    np.random.seed(1)
    first = rng(0, "batches", 7, 0, "own").random(5)
    np.random.seed(2)
    rng(0, "split", 7).random(3)
    np.testing.assert_array_equal(first, rng(0, "batches", 7, 0, "own").random(5))


def test_a_seed_is_the_same_on_every_machine_and_day():
    assert rng(0, "init", 3, 0).integers(1000, size=4).tolist() == [873, 822, 838, 237]


def test_every_name_counts():
    names = [(0, "split", 7), (1, "split", 7), (0, "init", 7), (0, "split", 8), (0, "split")]
    names += [(0, "split", 7, 0), (0, "split", 70), (0, "split7"), ("0split", 7), ("split", 0, 7)]
    assert len({rng(*each).random() for each in names}) == len(names)


def test_nothing_draws_from_a_global_state():
    np.random.seed(3)
    rng(0, "split", 7).permutation(100)
    after = np.random.random()
    np.random.seed(3)
    assert after == np.random.random()


def test_v1_at_a_size_is_what_its_params_file_says():
    """The chapter on class counts derives them from the book's; the command line has the files."""
    quick = read_params(ROOT / "params" / "quick.yml")
    assert v1_settings(quick) == read_params(ROOT / "params" / "quick-v1.yml")
    assert v1_class_counts(quick) == read_params(ROOT / "params" / "quick-counts.yml")


@pytest.mark.parametrize(("epochs", "decay_epoch"), [(1, 0), (2, 1), (3, 2), (6, 4)])
def test_v1_is_possible_at_every_number_of_epochs(epochs, decay_epoch):
    assert (
        v1_settings(Settings(epochs=epochs)).decay_epoch
        == v1_class_counts(Settings(epochs=epochs)).decay_epoch
        == decay_epoch
    )


def test_tables_of_methods_are_those_that_can_be_asked_for():
    assert CHOICES["rows_of"] == tuple(TABLES)


# --- files


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    file, link = tmp_path / "new" / "a.txt", tmp_path / "link.txt"
    with whole(file) as aside:
        aside.write_text("first")
        assert aside.name == "a.txt" and not file.exists()
    with pytest.raises(KeyError), whole(file) as aside:
        aside.write_text("half of the sec")
        raise KeyError
    assert file.read_text() == "first" and list(file.parent.iterdir()) == [file]
    link.symlink_to(file)
    with whole(link) as aside:
        aside.write_text("second")
    assert link.is_symlink() and file.read_text() == "second"


def put(path) -> None:
    with whole(path) as aside:
        aside.write_text("")


def test_hidden_files_are_no_results(tmp_path):
    """What a desktop or an editor keeps beside a file is not read, and is no error."""
    names = ("a.parquet", "a.claims.json", "a.encoders.npz", "frozen.json")
    for name in names:
        for folder in (tmp_path, tmp_path / ".old"):
            folder.mkdir(exist_ok=True)
            (folder / f"._{name}").write_text("no such format")
    assert published.read_all(tmp_path) == ledger_file.read_ledgers(tmp_path) == []
    assert list(encoders.encoder_files(tmp_path)) == [] and frozen.hash_of_files(tmp_path) == ""
    (tmp_path / "b.parquet").touch()
    assert list(visible(tmp_path, "*", "*/*")) == [tmp_path / "b.parquet"]


def test_where_no_file_can_be_it_is_said_why(tmp_path):
    (tmp_path / "file").write_text("in the way")
    message = "a file is where a folder is needed"
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        assert (
            refused(put, folder / "a.txt") == f"{folder / 'a.txt'}: cannot be written ({message})"
        )
        assert refused(writable, folder) == f"{folder}: no file can be written in it ({message})"
    assert refused(put, tmp_path) == f"{tmp_path}: cannot be written (Is a directory)"
    writable(tmp_path / "new" / "folder")
    assert not [*(tmp_path / "new" / "folder").iterdir()]


@pytest.mark.parametrize(
    ("key", "value", "right"),
    [
        ("individuals", np.int64(4), 4),
        ("individuals", np.array(4), 4),
        ("width", np.float32(0.5), 0.5),
        ("width", np.float64(0.5), 0.5),
        ("exchange", np.bool_(False), False),
        ("dataset", np.str_("nist"), "nist"),
        ("epochs", 10.0, 10),
        ("epochs", np.float64(10), 10),
    ],
)
def test_numbers_of_numpy_and_whole_floats_are_pythons_own(key, value, right):
    found = getattr(overlay({key: value}), key)
    assert found == right and type(found) is type(right)


@pytest.mark.parametrize("value", [10.5, np.float64("nan"), np.float64("inf"), np.array([4])])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(InputError, match=r"epochs: .* is not a whole number"):
        overlay({"epochs": value})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("exchange: 'true'", "'true' is not true or false (text in quotation marks"),
        ("planted: no", "False is not text (YAML reads no"),
        ("context:", "None is not text (YAML reads"),
        ("epochs: 1e1", "'1e1' is not a whole number (text in quotation marks and 1e3"),
        ("true: 3", "True: no such setting"),
    ],
)
def test_what_yaml_makes_of_a_value_is_in_the_message(line, message, tmp_path):
    (tmp_path / "p.yml").write_text(line)
    with pytest.raises(InputError, match=re.escape(message)):
        read_params(tmp_path / "p.yml")


def test_a_name_that_is_not_utf_8_is_refused_before_it_is_written():
    with pytest.raises(InputError, match=r"dataset: .*udce9.* is not Unicode"):
        overlay({"dataset": "file:Jos\udce9.npz"})
