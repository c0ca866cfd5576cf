"""Notes and images of chapters fit the models and data they are about."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from perso.analysis import comparison, similarity
from perso.errors import InputError
from perso.report import figures, notebook, sentences, tables
from perso.settings import Settings
from perso.store import published
from perso.store.published import OWN

# --- runs


def test_without_other_published_runs_the_own_run_is_shown(tmp_path, make_data, small_rows):
    """As a chapter does it, on an empty results/."""
    study = SimpleNamespace(
        settings=Settings(),
        data=make_data(),
        folds=(),
        keys=lambda: list("abcdef"),
        common=lambda: {"engine": 1},
    )
    own = small_rows.assign(
        key=list("abcdef"),
        device="cpu",
        precision="float32",
        torch="2",
        created="2026",
        seconds=1.0,
    )
    runs = published.runs_beside(study, own, tmp_path)
    table = comparison.compare_runs({run.name: run.rows for run in runs})
    assert sentences.scale_sentence(runs, table) == (
        "Not known yet: no published run can be compared with this book's own of 3 people."
    )
    text = notebook.list_runs(runs).data
    assert text.count("- **") == 1 and "the models of this page; 6 models of 3 people" in text
    assert text.endswith(
        "`results/` has no published run of other models, so there is only this one."
    )
    assert "+20.0 [" in tables.changes_html(table).data and figures.runs_figure(table)
    pairs = sentences.agreement_table(runs, table)[["clear in", "same sign in"]]
    assert pairs.to_numpy().tolist() == [[OWN, "v3"]]


def test_the_list_describes_each_run_and_what_is_missing(make_run):
    paper = make_run("paper", 100, missing=1300, file="results/paper.parquet")
    own, large = notebook.list_runs([make_run(OWN), paper]).data.splitlines()
    assert own.startswith(f"- **{OWN}:** the models of this page") and "missing" not in own
    assert large.startswith(
        "- **paper:** `results/paper.parquet`, exported 2026-02-02 at commit abc1234"
    )
    assert "1,300 of 1,306 models are missing" in large and "on cpu" in large


# --- images


def test_samples_are_the_persons_first_image_of_each_class(make_data):
    ready = make_data()
    sheet = notebook.sample_sheet(ready, ["bob", "ann"])
    assert sheet.shape == (2, 3, 2, 2) and sheet.dtype == np.uint8
    for line, images in zip(sheet, [(None, 3, None), (2, 7, 1)], strict=True):
        for image, n in zip(line, images, strict=True):
            np.testing.assert_array_equal(image, 0 if n is None else ready.inputs[n])


def test_samples_of_an_orientation_are_the_flips_of_the_same_images(make_data):
    straight, mirrored, upside_down = (
        notebook.sample_sheet(make_data(), ["ann", "bob"], orientation) for orientation in range(3)
    )
    np.testing.assert_array_equal(mirrored, straight[:, :, :, ::-1])
    np.testing.assert_array_equal(upside_down, straight[:, :, ::-1])
    assert (mirrored != straight).any() and (upside_down != straight).any()


def test_samples_are_of_at_most_the_given_number_of_classes(make_data):
    np.testing.assert_array_equal(
        notebook.sample_sheet(make_data(), ["ann"], most=2),
        notebook.sample_sheet(make_data(), ["ann"])[:, :2],
    )


def test_a_sheet_is_of_images(make_data):
    data = make_data()
    source = replace(data.source, inputs=np.zeros((8, 5, 2), np.float32), kind="sequences")
    with pytest.raises(InputError, match=r"^dataset: qmnist has sequences; a sheet shows images$"):
        notebook.sample_sheet(replace(data, source=source), ["ann"])


def test_different_writers_are_identified_by_their_unflipped_images(make_data):
    who = np.repeat(["ann", "bob", "eve"], (30, 10, 40))
    images = np.repeat([50, 200, 125], (30, 10, 40))[:, None, None] * np.ones((1, 2, 2))
    # the flips, all zero, would not identify anyone
    images = np.concatenate([images, np.zeros((160, 2, 2))]).astype(np.uint8)
    people = make_data()
    ready = replace(people, inputs=images, source=replace(people.source, who=who))
    # the chance level is to name ann each time, who has 30 of 40
    assert similarity.writer_identification(ready) == (1, 0.75)
    assert similarity.writer_identification(ready, most=2) == (1, 0.75)


# --- where it came from


@pytest.fixture
def note(make_data):
    """`note(settings, rows=…)` → the text of a provenance note."""

    def make(settings: Settings | None = None, **more) -> str:
        return notebook.provenance_note(make_data(settings), **more).data

    return make


def line(text: str, name: str) -> str:
    """The item of a note that has a name."""
    (found,) = re.findall(rf"^- \*{name}:\* (.*)$", text, re.MULTILINE)
    return found


def test_only_changed_parameters_are_named(note):
    text = line(
        note(Settings(individuals=7, learning_rate=0.03, flips=False, epochs=20)), "Parameters"
    )
    assert re.findall("`(.*?)`", text) == ["individuals: 7", "flips: False", "learning_rate: 0.03"]


def test_without_changed_parameters_none_is_named(note):
    text = line(note(), "Parameters")
    assert "`" not in text and text[0].isalpha()


def test_the_data_are_named_with_their_content(make_data):
    ready = make_data()
    text = line(notebook.provenance_note(ready).data, "Data")
    assert "eight of three" in text and "8 samples" in text
    content = re.search("`(.*)`", text).group(1)
    assert len(content) >= 8 and ready.source.content_hash.startswith(content)


def test_data_of_any_name_are_shown_by_it(make_data):
    ready = make_data(Settings(dataset="file:`x_.npz"))
    named = replace(ready, source=replace(ready.source, source="my *p* $x_$"))
    text = notebook.provenance_note(named).data
    assert line(text, "Data").startswith(r"my \*p\* \$x\_\$, ")
    assert "`` dataset: file:`x_.npz ``" in line(text, "Parameters")


def test_versions_are_those_in_use(note):
    text = line(note(), "Versions")
    assert f"numpy {np.__version__}" in text and f"pandas {pd.__version__}" in text


TRAINED = pd.DataFrame(
    {
        "device": ["cpu", "NVIDIA H200", "cpu"],
        "precision": ["float32", "bfloat16", "float32"],
        "threads": [2, 1, 2],
        "torch": ["2.11.0", "2.12.0", "2.11.0"],
        "created": ["2026-02-02", "2026-03-03", "2026-01-01"],
        "key": ["a" * 64, "b" * 64, "c" * 64],
        "method": ["SW-n-2", "A < B", "SW-n-2"],
        "person": ["ann", "<b>", "bob"],
        "repeat": [0, 0, 1],
    }
)


def test_every_device_that_trained_is_named_once(note):
    text = line(note(rows=TRAINED), "Device")
    assert text.count("cpu") == text.count("NVIDIA H200") == 1
    assert all(
        text in text
        for text in ("float32, 2 thread", "torch 2.11.0", "bfloat16, 1 thread", "torch 2.12.0")
    )


def test_the_keys_of_models_are_there_for_perso_show(note, monkeypatch):
    text = note(rows=TRAINED)
    assert '<details id="models">' in text and "perso show KEY" in text
    assert f'<code title="person bob, repeat 1">{"c" * 12}</code>' in text
    assert "<th>A &lt; B</th>" in text and 'title="person &lt;b&gt;, repeat 0"' in text
    assert "more</td>" not in text
    monkeypatch.setattr(notebook, "KEYS_SHOWN", 1)
    assert f"{'a' * 12}</code> and 1 more</td>" in note(rows=TRAINED)
    assert "details" not in note()


def test_models_are_counted_with_their_dates(note):
    assert line(note(rows=TRAINED), "Models") == "3, trained from 2026-01-01 to 2026-03-03"


@pytest.mark.parametrize("rows", [None, TRAINED[:0]])
def test_without_trained_models_no_device_is_named(note, rows):
    text = note(rows=rows)
    assert "*Device:*" not in text and "*Models:*" not in text and "*Data:*" in text


# --- published rows in place of training


def test_a_page_says_how_many_rows_are_published_ones():
    rows = pd.DataFrame({"key": list("abc"), "created": "here"})
    none = pd.DataFrame({"key": ["z"], "file": ["results/z.parquet"], "created": "here"})
    assert notebook.origin_note(rows, none).data == "All 3 models were trained for this page."
    some = none.iloc[[0, 0]].assign(
        key=list("ab"), file=["results/quick.parquet", "results/paper.parquet"]
    )
    assert notebook.origin_note(rows, some).data == (
        "2 of 3 models are published ones with the same settings and data, "
        "from `results/paper.parquet`, `results/quick.parquet`; trained here: 1."
    )
    every = pd.DataFrame(
        {"key": list("abc"), "file": ["results/quick.parquet"] * 3, "created": "here"}
    )
    assert notebook.origin_note(rows, every).data.endswith("trained here: 0.")
    # c was trained again, along with a longer trajectory
    again = every.assign(created=["here", "here", "there"])
    assert notebook.origin_note(rows, again).data.startswith("2 of 3 models are published ones")
