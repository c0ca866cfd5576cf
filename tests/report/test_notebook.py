"""What the chapters say about their numbers fits the numbers."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from perso.analysis import comparison, similarity
from perso.data.cohort import Cohort
from perso.data.dataset import StudyData
from perso.data.images import flipped
from perso.data.splits import Fold, Splits
from perso.methods import method
from perso.methods.method import BASELINE, Method
from perso.methods.registry import METHODS
from perso.report import figures, notebook, sentences, tables
from perso.settings import Settings, as_dict
from perso.store import published
from perso.store.published import OWN, Published

ES = "ES-n-40"
WHO = np.array(["eve", "ann", "ann", "bob", "ann", "bob", "eve", "ann"])
LABELS = np.array([0, 2, 0, 1, 0, 1, 2, 1])  # bob has neither a 0 nor a 2; ann has two 0s, eve no 1


def data(settings: Settings | None = None) -> StudyData:
    """Three people's eight images; each of image n's pixels is 10 n + its place."""
    images = (10 * np.arange(1, 9)[:, None, None] + np.arange(4).reshape(2, 2)).astype(np.uint8)
    source = Cohort(images, LABELS, WHO, np.arange(8), source="eight of three")
    fold = Fold(("ann", "bob"), ("eve",), np.array([0, 8, 16]), np.array([6, 14, 22]))
    train, test = (
        {"ann": np.array([1, 2, 4]), "bob": np.array([3])},
        {"ann": np.array([7]), "bob": np.array([5])},
    )
    return StudyData(
        settings or Settings(),
        source,
        *flipped(images, LABELS, 3),
        9,
        Splits(train, test, (fold,)),
        {},
    )


def table(**blocks) -> pd.DataFrame:
    """A comparison of one method from (change, low, high) on D_I and on D_G."""
    wide = {
        part: pd.DataFrame([ends], [ES], ["change", "low", "high"]) for part, ends in blocks.items()
    }
    return pd.concat(wide, axis=1)


# --- sentences


@pytest.mark.parametrize(
    ("low", "high", "verb"),
    [
        (0.01, 0.03, "raises"),
        (0.001, 0.039, "raises"),
        (-0.03, -0.01, "lowers"),
        (-0.039, -0.001, "lowers"),
        (-0.01, 0.05, "does not clearly move"),
        (0.0, 0.04, "does not clearly move"),
        (-0.04, 0.0, "does not clearly move"),
        (0.0, 0.0, "does not clearly move"),
    ],
)
def test_the_verb_fits_the_interval(low, high, verb):
    ends = ((low + high) / 2, low, high)
    said = sentences.change_sentence(table(D_I=ends, D_G=(0.2, 0.1, 0.3)), ES)
    assert said.startswith(f"{ES} {verb} accuracy on the individual's own data")
    assert " and raises accuracy on everybody else's" in said


def test_the_two_parts_are_told_apart_with_their_numbers_in_points():
    said = sentences.change_sentence(
        table(D_I=(0.123, 0.1, 0.146), D_G=(-0.05, -0.0612, -0.0388)), ES
    )
    assert said == (
        "ES-n-40 raises accuracy on the individual's own data (+12.3 points, 95 % interval +10.0 to +14.6) and "
        "lowers accuracy on everybody else's (-5.0 points, 95 % interval -6.1 to -3.9)"
    )


def test_without_an_interval_nothing_is_said_about_one():
    """One person: there is a change, and nothing to weigh it by."""
    said = sentences.change_sentence(
        table(D_I=(0.1, np.nan, np.nan), D_G=(0.05, np.nan, np.nan)), ES
    )
    assert "+10.0" in said and "nan" not in said
    assert not re.search("raises|lowers", said)


def rows() -> pd.DataFrame:
    seen = {
        BASELINE: (0.5, 0.6, 0.7),
        ES: (0.7001, 0.8, 0.8999),
    }  # changes vary, or no interval is there
    lines = [
        (name, person, value, 1 - value)
        for name, values in seen.items()
        for person, value in enumerate(values)
    ]
    return pd.DataFrame(lines, columns=["method", "person", "acc_I", "acc_G"])


def test_levels_are_said_with_their_spread():
    said = sentences.level_sentence(comparison.compare(rows()), BASELINE)
    assert "60.0 % on the individual's own data (sd over people 10.0, from 50.0 to 70.0)" in said
    assert "40.0 % on everybody else's (sd over people 10.0, from 30.0 to 50.0)" in said


def test_the_best_is_a_shaping_method_with_what_it_costs_others():
    said = sentences.best_sentence(comparison.compare(rows()))
    assert said.count(f", {ES} (+20.0 [") == 2 and said.count("points on D_I, -20.0 [") == 2
    assert "controls" not in said


def test_the_best_stands_beside_the_best_of_the_controls():
    more = rows().assign(method=lambda own: own["method"].replace({ES: "own data in the union"}))
    said = sentences.best_sentence(
        comparison.compare(pd.concat([rows(), more]).drop_duplicates(["method", "person"]))
    )
    assert "Best of the controls on everybody else's, own data in the union (+20.0 [" in said


def test_the_best_of_an_added_family_is_said_too(monkeypatch):
    monkeypatch.setattr(method, "FAMILIES", (*method.FAMILIES, "distillation"))
    added = Method("DI-n-2", "distillation", "from a larger network", n_I="2")
    more = rows().assign(method=lambda own: own["method"].replace({ES: added.name}))
    every = (*METHODS, added)
    table = comparison.compare(
        pd.concat([rows(), more]).drop_duplicates(["method", "person"]), every
    )
    said = sentences.best_sentence(table, every)
    assert "Best of distillation: on the individual's own data, DI-n-2 (+20.0 [" in said


def test_one_method_against_another():
    assert sentences.difference_sentence(rows(), ES, BASELINE).startswith(
        f"{ES} minus {BASELINE}: +20.0 ["
    )
    assert sentences.difference_sentence(rows(), BASELINE, ES).count("-20.0 [") == 1


def test_the_books_table_has_both_parts_and_says_whether_p_is_corrected():
    single, whole = (
        tables.comparison_html(comparison.compare(rows()), corrected).data
        for corrected in (False, True)
    )
    assert single.count("<table") == 2 and single.index("D<sub>I</sub>") < single.index(
        "D<sub>G</sub>"
    )
    assert "Holm" in whole and "Holm" not in single
    assert all(text in single for text in (BASELINE, ES, ".400<"))


def test_people_are_counted_without_those_of_D_G():
    said = sentences.people_sentence(data())
    assert said.startswith("2 individuals with 3 samples each")  # ann has 4, bob 2; eve is D_G
    assert said.endswith("learn from 2 images of its person and 3 of others.")


# --- several runs


def run(
    name: str, people: int = 3, missing: int = 0, lower: bool = False, file: str = ""
) -> Published:
    """A run of `rows`, in which ES-n-40 gives the individual much and costs others as much; the reverse if `lower`."""
    table = rows()
    if lower:
        table = table.rename(columns={"acc_I": "acc_G", "acc_G": "acc_I"})
    told = {
        "settings": as_dict(Settings()),
        "data": "digits",
        "models": 6,
        "wanted": 6 + missing,
        "people": people,
        "devices": ["cpu"],
        "precisions": ["float32"],
        "torch": ["2.11.0"],
        "first": "2026-01-01",
        "last": "2026-01-01",
        "perso": "0.1.0",
        "engine": 1,
        "commit": "abc1234",
        "exported": "2026-02-02",
    }
    return Published(name, table, told, file)


def beside(runs: list[Published]) -> pd.DataFrame:
    return comparison.compare_runs({each.name: each.rows for each in runs})


MINE, LARGE = run(OWN), run("paper", people=100, file="results/paper.parquet")


def test_where_nothing_else_is_published_that_is_said_and_the_own_run_shown(tmp_path):
    """As a chapter does it, on an empty results/."""
    study = SimpleNamespace(
        settings=Settings(),
        data=data(),
        keys=lambda: list("abcdef"),
        common=lambda: {"engine": 1},
    )
    mine = rows().assign(
        key=list("abcdef"),
        device="cpu",
        precision="float32",
        torch="2",
        created="2026",
        seconds=1.0,
    )
    runs = published.runs_beside(study, mine, tmp_path)
    table = beside(runs)
    assert sentences.scale_sentence(runs, table) == (
        "Not known yet: no published run stands beside this book's own of 3 people."
    )
    said = notebook.list_runs(runs).data
    assert said.count("- **") == 1 and "the models of this page; 6 models of 3 people" in said
    assert said.endswith(
        "No run of other models is published in `results/`, so this one stands alone."
    )
    assert "+20.0 [" in tables.changes_html(table).data and figures.runs_figure(table)
    lines = sentences.agreement_list(runs, table).data.splitlines()
    assert len(lines) == 1 and lines[0].startswith(
        f"- clear in **{OWN}**, the same sign in **v3**: "
    )


def test_the_list_says_which_run_is_which_and_what_is_missing():
    own, large = notebook.list_runs(
        [MINE, run("paper", 100, missing=1300, file="results/paper.parquet")]
    ).data.splitlines()
    assert own.startswith(f"- **{OWN}:** the models of this page") and "missing" not in own
    assert large.startswith(
        "- **paper:** `results/paper.parquet`, exported 2026-02-02 at commit abc1234"
    )
    assert "1,300 of 1,306 models are missing" in large and "on cpu" in large


def test_runs_that_agree_and_runs_that_do_not_are_told_apart():
    same, turned = (
        sentences.scale_sentence(runs, beside(runs))
        for runs in ([MINE, LARGE], [MINE, run("paper", people=100, lower=True)])
    )
    assert same.startswith(
        "Of the changes whose 95 % interval excludes 0 in paper (100 people), 1 of 1 on D_I and 1 "
    )
    assert (
        f"the same sign in {OWN} (3 people); the other way round 1 of 1 on D_I and 1 of 1 on D_G."
        in same
    )
    assert turned.count("0 of 1 on D_I and 0 of 1 on D_G") == 2


def test_the_run_of_most_people_is_asked_and_a_smaller_one_does_not_answer():
    runs = [run(OWN, people=30), run("standard", people=24), run("quick", people=14, lower=True)]
    smaller = sentences.scale_sentence(runs, beside(runs))
    assert smaller.startswith(
        "Not known yet: no published run has more people than this book's own. Of "
    )
    assert "standard (24 people), 1 of 1" in smaller
    runs = [*runs, LARGE]
    larger = sentences.scale_sentence(runs, beside(runs))
    assert "Not known" not in larger and "paper (100 people)" in larger and "quick" not in larger


def test_changes_have_a_column_per_run_on_either_part():
    text = tables.changes_html(beside([MINE, run("paper", lower=True)])).data
    assert text.index("D<sub>I</sub>") < text.index("D<sub>G</sub>") and text.count("<table") == 2
    assert re.findall("<th>(.*?)</th>", text) == ["", OWN, "paper", "v3", ES] * 2
    up, down = "+20.0 [+20.0, +20.0]", "-20.0 [-20.0, -20.0]"
    assert re.findall("<td>(.*?)</td>", text) == [up, down, "+0.1", down, up, "+0.0"]


def test_agreement_goes_both_ways_and_names_what_differs():
    runs = [MINE, run("paper", lower=True)]
    lines = sentences.agreement_list(runs, beside(runs)).data.splitlines()
    ways = [tuple(re.findall(r"\*\*(.*?)\*\*", each)) for each in lines]
    assert ways == [("paper", OWN), (OWN, "paper"), (OWN, "v3"), ("paper", "v3")]
    for each in lines[:2]:
        assert each.endswith(f": 0 of 1 on D_I and 0 of 1 on D_G; not {ES} on D_I, {ES} on D_G")
    assert lines[2].endswith(
        ": 1 of 1 on D_I and 0 of 0 on D_G"
    )  # v3: .981 on .980; .979 on .979 has no sign
    runs = [MINE, LARGE]
    assert "; not" not in sentences.agreement_list(runs, beside(runs)).data.splitlines()[0]


# --- images


def test_samples_are_the_persons_first_image_of_each_class():
    ready = data()
    sheet = notebook.sample_sheet(ready, ["bob", "ann"])
    assert sheet.shape == (2, 3, 2, 2) and sheet.dtype == np.uint8
    for line, images in zip(sheet, [(None, 3, None), (2, 7, 1)], strict=True):
        for shown, n in zip(line, images, strict=True):
            np.testing.assert_array_equal(shown, 0 if n is None else ready.inputs[n])


def test_samples_of_a_turn_are_the_flips_of_the_same_images():
    straight, mirrored, overturned = (
        notebook.sample_sheet(data(), ["ann", "bob"], turn) for turn in range(3)
    )
    np.testing.assert_array_equal(mirrored, straight[:, :, :, ::-1])
    np.testing.assert_array_equal(overturned, straight[:, :, ::-1])
    assert (mirrored != straight).any() and (overturned != straight).any()


def test_samples_show_so_many_classes_at_most():
    np.testing.assert_array_equal(
        notebook.sample_sheet(data(), ["ann"], most=2),
        notebook.sample_sheet(data(), ["ann"])[:, :2],
    )


def test_writers_of_unlike_hands_are_told_apart_by_their_unflipped_images():
    who = np.repeat(["ann", "bob", "eve"], (30, 10, 40))
    images = np.repeat([50, 200, 125], (30, 10, 40))[:, None, None] * np.ones((1, 2, 2))
    images = np.concatenate([images, np.zeros((160, 2, 2))]).astype(
        np.uint8
    )  # the flips would tell nothing
    people = data()
    ready = replace(people, inputs=images, source=replace(people.source, who=who))
    assert similarity.writer_identification(ready) == (
        1,
        0.75,
    )  # who says ann each time is right with 30 of 40
    assert similarity.writer_identification(ready, most=2) == (1, 0.75)


# --- where it came from


def made(settings: Settings | None = None, **given) -> str:
    return notebook.provenance_note(data(settings), **given).data


def line(text: str, name: str) -> str:
    (found,) = re.findall(rf"^- \*{name}:\* (.*)$", text, re.MULTILINE)
    return found


def test_just_the_changed_parameters_are_named():
    said = line(
        made(Settings(individuals=7, learning_rate=0.03, flips=False, epochs=20)), "Parameters"
    )
    assert re.findall("`(.*?)`", said) == ["individuals: 7", "flips: False", "learning_rate: 0.03"]


def test_where_nothing_is_changed_nothing_is_named():
    said = line(made(), "Parameters")
    assert "`" not in said and said[0].isalpha()


def test_the_data_are_named_with_their_content():
    ready = data()
    said = line(notebook.provenance_note(ready).data, "Data")
    assert "eight of three" in said and "8 samples" in said
    content = re.search("`(.*)`", said).group(1)
    assert len(content) >= 8 and ready.source.content_hash.startswith(content)


def test_versions_are_those_in_use():
    said = line(made(), "Versions")
    assert f"numpy {np.__version__}" in said and f"pandas {pd.__version__}" in said


TRAINED = pd.DataFrame(
    {
        "device": ["cpu", "NVIDIA H200", "cpu"],
        "precision": ["float32", "bfloat16", "float32"],
        "threads": [2, 1, 2],
        "torch": ["2.11.0", "2.12.0", "2.11.0"],
        "created": ["2026-02-02", "2026-03-03", "2026-01-01"],
    }
)


def test_every_device_that_trained_is_named_once():
    said = line(made(rows=TRAINED), "Device")
    assert said.count("cpu") == said.count("NVIDIA H200") == 1
    assert all(
        text in said
        for text in ("float32, 2 thread", "torch 2.11.0", "bfloat16, 1 thread", "torch 2.12.0")
    )


def test_models_are_counted_with_their_dates():
    assert line(made(rows=TRAINED), "Models") == "3, trained from 2026-01-01 to 2026-03-03"


@pytest.mark.parametrize("rows", [None, TRAINED[:0]])
def test_where_nothing_was_trained_no_device_is_named(rows):
    said = made(rows=rows)
    assert "*Device:*" not in said and "*Models:*" not in said and "*Data:*" in said


# --- published rows in place of training


def test_a_page_says_which_rows_are_published_ones():
    rows = pd.DataFrame({"key": list("abc"), "created": "here"})
    none = pd.DataFrame({"key": ["z"], "file": ["results/z.parquet"], "created": "here"})
    assert notebook.origin_note(rows, none).data == "All 3 models were trained for this page."
    some = none.iloc[[0, 0]].assign(
        key=list("ab"), file=["results/quick.parquet", "results/paper.parquet"]
    )
    assert notebook.origin_note(rows, some).data == (
        "2 of 3 models are published ones of the same identity, from `results/paper.parquet`, `results/quick.parquet`; "
        "trained here: 1."
    )
    every = pd.DataFrame(
        {"key": list("abc"), "file": ["results/quick.parquet"] * 3, "created": "here"}
    )
    assert notebook.origin_note(rows, every).data.endswith("trained here: 0.")
    again = every.assign(
        created=["here", "here", "there"]
    )  # c was trained anew, along with a longer course
    assert notebook.origin_note(rows, again).data.startswith("2 of 3 models are published ones")
