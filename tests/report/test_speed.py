"""Texts about speed follow from the record, and the arithmetic for a GPU from the network."""

import copy
import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from perso.errors import InputError
from perso.report import records, speed
from perso.settings import Settings
from perso.stats import paired
from perso.training.vgg import VGG


def way(name: str, ms: float, precision: str = "float32", **more) -> dict:
    empty = {"predicted": None, "accuracy": None, "low": None, "high": None, "note": ""}
    return {"way": name, "what": f"what {name} is", "precision": precision, "ms": ms} | empty | more


WAYS = [
    way("textbook", 40),
    way("resident", 16, predicted=2),
    way("bfloat16", 8, "bfloat16", predicted=1.5),
]
SMALL = {
    "image_size": 8,
    "width": 0.25,
    "batch_size": 50,
    "models": 7,
    "iterations": 100,
    "flop": 4e8,
    "bytes": 2e7,
    "ceiling": {"float32": 1e11, "bfloat16": 2e11, "copy": 1e10},
    "ways": WAYS,
}
LARGE = SMALL | {"image_size": 32, "width": 1.0, "models": 1, "batch_size": 100, "flop": 1e9}
RECORD = {
    "machine": "3 cores of Abacus",
    "device": "cpu",
    "cores": 3,
    "torch": "2.11.0",
    "python": "3.12.1",
    "date": "2026-01-01",
    "sizes": {"quick": SMALL, "paper": LARGE},
    "study": {
        "params": "quick",
        "models": 182,
        "textbook_seconds": 300.0,
        "perso_seconds": 60.0,
        "agreement": {
            "D_I": {"mean": 0.001, "low": -0.002, "high": 0.004},
            "D_G": {"mean": -0.01, "low": -0.02, "high": -0.001},
        },
    },
}


def changed(**more) -> dict:
    return copy.deepcopy(RECORD) | more


# --- records


def test_what_was_not_measured_is_none(tmp_path):
    assert (
        records.throughput("cpu", tmp_path) is None and records.throughput("cuda", tmp_path) is None
    )
    assert records.precision(tmp_path) == {} and speed.measured_sizes(None) == []


def test_each_device_has_its_own_record(tmp_path):
    (tmp_path / "throughput-cuda.json").write_text(json.dumps(RECORD))
    assert (
        records.throughput("cuda", tmp_path) == RECORD
        and records.throughput("cpu", tmp_path) is None
    )
    assert speed.measured_sizes(RECORD) == ["quick", "paper"]


def test_a_broken_record_is_named(tmp_path):
    (tmp_path / "throughput-cpu.json").write_text('{"machine": ')
    with pytest.raises(InputError, match=r"throughput-cpu\.json: .*measure anew"):
        records.throughput("cpu", tmp_path)


# --- the table


def test_ratios_are_to_the_textbook_loop_and_to_the_line_above():
    table = speed.speed_table(RECORD, "quick")
    assert list(table.index) == ["textbook", "resident", "bfloat16"] and table["ms"].tolist() == [
        40,
        16,
        8,
    ]
    assert table["× textbook"].tolist() == [1, 2.5, 5]
    np.testing.assert_array_equal(table["× line above"], [np.nan, 2.5, 2])
    np.testing.assert_array_equal(table["predicted"], [np.nan, 2, 1.5])


def test_shares_are_of_the_rate_in_the_ways_own_precision():
    """4e8 FLOP in 40 ms are a tenth of 1e11 FLOP/s; in 8 ms a quarter of bfloat16's 2e11."""
    table = speed.speed_table(RECORD, "quick")
    assert table["% of matrix product"].tolist() == pytest.approx([10, 25, 25])
    assert table["% of copy"].tolist() == pytest.approx([5, 12.5, 25])


def test_a_table_reads_without_nan_and_without_empty_columns():
    text = speed.speed_table_text(RECORD, "quick")
    assert text.loc["textbook", "× line above"] == text.loc["textbook", "predicted"] == ""
    assert text.loc["bfloat16", ["precision", "ms", "× textbook", "predicted"]].tolist() == [
        "bfloat16",
        "8.00",
        "5.0",
        "1.50",
    ]
    assert "note" not in text and not any("accuracy" in column for column in text)


def test_intervals_and_notes_stand_where_there_are_any():
    noted = [WAYS[0], way("resident", 16, low=-0.004, high=0.012, note="after 37 s of compiling")]
    text = speed.speed_table_text(changed(sizes={"quick": SMALL | {"ways": noted}}), "quick")
    assert text["note"].tolist() == ["", "after 37 s of compiling"]
    assert text["accuracy − textbook, 95 % interval, pp"].tolist() == ["", "-0.4 to +1.2"]


def test_every_way_is_explained_once():
    assert (
        speed.meanings(RECORD) == {each["way"]: each["what"] for each in WAYS}
        and speed.meanings(None) == {}
    )


# --- sentences


def test_the_answer_has_the_study_and_the_largest_size():
    said = speed.speed_answer(RECORD)
    assert said.startswith(
        "On 3 cores of Abacus, the quick study of 182 models takes 60 s, 5.0 times as fast"
    )
    assert "(300 s)" in said
    assert (
        "at paper size an iteration of one model takes 8 ms in bfloat16, 5.0 times as fast" in said
    )
    assert said.endswith(
        "and at 62 % of the rate of a large matrix product."
    )  # 1e9 FLOP in 8 ms of 2e11


def test_the_answers_numbers_are_of_the_study_and_of_the_largest_size():
    study = {"models": "182", "seconds": "60", "times": "5.0", "timed": "182"}
    large = {"ms": "8", "paper_times": "5.0", "limit": "62"}
    expected = {"place": "3 cores of Abacus"} | study | large
    named = {f"speed_{name}": text for name, text in expected.items()}
    assert speed.speed_texts(RECORD) == named
    assert speed.speed_texts(changed(study=None)) == named | {f"speed_{n}": "?" for n in study}
    assert set(speed.speed_texts(None).values()) == {"?"}
    record = changed()
    record["study"]["textbook_models"] = 52
    assert speed.speed_texts(record)["speed_timed"] == "52"


def test_a_textbook_loop_that_was_timed_in_part_is_named():
    record = changed()
    assert "scaled" not in speed.speed_answer(record)
    record["study"]["textbook_models"] = 52
    assert "(300 s, estimated from 52 of them)" in speed.speed_answer(record)


def test_methods_that_were_not_timed_are_named():
    record = changed()
    assert "without" not in speed.speed_answer(record)
    record["study"]["without"] = ["IG-n-5", "SG-n-1500"]
    assert (
        "182 models (without IG-n-5, SG-n-1500, which need an auto-encoder) takes 60 s"
        in speed.speed_answer(record)
    )


def test_the_answer_names_the_studys_own_way_where_another_is_faster():
    record = changed()
    assert "is chosen" not in speed.speed_answer(record)
    record["sizes"]["paper"]["ways"][1]["note"] = "a study's own"
    first, second = speed.speed_answer(record).split(
        "; 8 ms in bfloat16, 5.0 times as fast as the textbook loop"
    )
    assert (
        " an iteration of one model takes 16 ms in float32, 2.5 times as fast as the textbook loop"
        in first
    )
    assert second.endswith(", where that precision is chosen.")


def test_without_a_whole_study_the_answer_is_about_iterations():
    record = changed()
    del record["study"]
    assert speed.speed_answer(record).startswith("On 3 cores of Abacus, at paper size")
    assert "not been compared" in speed.textbook_agreement(
        record
    ) and "not been compared" in speed.textbook_agreement(None)


def test_a_gpu_is_named():
    assert speed.speed_answer(changed(device="NVIDIA H200"), "cuda").startswith(
        "On one NVIDIA H200, "
    )


def test_without_a_record_the_text_is_that_nothing_was_measured():
    assert speed.speed_answer(None, "cuda").startswith("Not yet measured on a GPU")
    assert speed.speed_answer(None) == speed.work(None) and speed.speed_answer(None).startswith(
        "Not yet measured on a CPU"
    )


def test_agreement_is_in_points():
    said = speed.textbook_agreement(RECORD)
    assert "+0.10 [-0.20, +0.40] points on D_I and -1.00 [-2.00, -0.10] points on D_G" in said


def test_the_work_is_that_of_the_largest_size():
    assert speed.work(RECORD).startswith(
        "10 MFLOP for each image, 1.0 GFLOP for a batch of 100 (images of 32 × 32"
    )
    assert "8 × 8, width 0.25, batches of 50; 100 iterations of 7 models" in speed.measured_scale(
        RECORD, "quick"
    )
    assert speed.measured_scale(RECORD, "paper").endswith("1 model were timed")


def test_identical_models_are_counted_where_they_were_measured():
    record = changed()
    assert "not been measured" in speed.repeatability_sentence(record)
    assert "on a GPU" in speed.repeatability_sentence(None, "cuda")
    record["sizes"]["quick"]["identical"] = 6
    expected = (
        "Trained twice on 3 cores of Abacus, models are bitwise identical: 6 of 7 at quick size."
    )
    assert speed.repeatability_sentence(record) == expected


def test_the_pace_is_that_of_the_studys_own_way_at_the_largest_size():
    record = changed()
    assert speed.study_pace(record) == (0.008 * 3, "core-hours")  # the last way, three cores
    record["sizes"]["paper"]["ways"][1]["note"] = "a study's own"
    assert speed.study_pace(record) == (0.016 * 3, "core-hours")
    assert (
        speed.pace_source(record) == f"3 cores of Abacus, {speed.measured_scale(record, 'paper')}"
    )
    assert speed.pace_source(None) == speed.unmeasured("cpu")


# --- predictions


def test_the_predicted_work_is_the_networks():
    """Counted by torch; it leaves out the gradient of the images, a thousandth of the whole."""
    paper, kept = Settings(), []
    network = VGG(30, paper.image_size, paper.width)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(lambda _, __, out: kept.append(out.numel()))
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(2, 1, paper.image_size, paper.image_size)).sum().backward()
    batch = paper.batch_size / 2
    assert counter.get_total_flops() * batch == pytest.approx(speed.FLOP, rel=0.003)
    assert 7 * 2 * sum(kept) * batch == pytest.approx(
        speed.BYTES, rel=0.01
    )  # bfloat16 has two bytes


def test_the_predictions_are_the_arithmetic():
    """85 µs times 4.29 million iterations are 6 minutes; the two alone are the lowest bounds."""
    table = speed.predictions()
    assert speed.ITERATIONS == 4_290_000
    assert table.loc["arithmetic alone"].tolist() == pytest.approx([84.4, 6.04], rel=0.01)
    assert table.loc["one after the other", "minutes for Table I"] == pytest.approx(11.5, rel=0.01)
    assert table.loc["the textbook loop"].tolist() == pytest.approx([3400, 243.1], rel=0.001)
    assert (table["µs an iteration"] >= min(table["µs an iteration"][:2])).all()


# --- precision


def entry(D_I, D_G) -> dict:
    found = {"D_I": paired.tost(D_I, 0.005), "D_G": paired.tost(D_G, 0.002)}
    return {
        "people": len(D_I),
        "models": 24,
        "seconds": {"float32": 8.0, "bfloat16": 5.25},
        **{part: asdict(each) for part, each in found.items()},
    }


NEAR, FAR = [0.001, -0.001, 0.0], [0.1, -0.1, 0.2]


def test_a_comparison_of_precisions_is_a_line():
    text = speed.precision_table({"quick": entry(NEAR, FAR)})
    assert text.loc["quick", ["people", "models"]].tolist() == ["3", "24"]
    assert text.loc["quick", ["D_I within ±0.5", "D_G within ±0.2"]].tolist() == [
        "yes",
        "not shown",
    ]


def test_bfloat16_is_as_accurate_only_where_shown_on_both_parts():
    entries = {
        "quick": entry(NEAR, NEAR[:2]),
        "standard": entry(NEAR, NEAR),
        "smoke": entry(FAR, NEAR),
    }
    assert speed.precision_sentence(entries) == (
        "It is shown by the standard study, but not by the quick and smoke studies, "
        "that bfloat16 is as accurate as float32."
    )
    assert speed.precision_sentence({"standard": entries["standard"]}) == (
        "It is shown by the standard study that bfloat16 is as accurate as float32."
    )
    alike = json.loads(
        json.dumps(entry(NEAR, np.zeros(3))).replace("NaN", "null")
    )  # nothing there to test
    assert speed.precision_sentence({"quick": alike}) == (
        "The quick study does not show that bfloat16 is as accurate as float32."
    )
    assert speed.precision_sentence({"smoke": entries["smoke"], "quick": alike}).startswith(
        "The smoke and quick studies do not show that"
    )


def test_without_a_comparison_the_text_is_that_there_is_none():
    assert "not been compared" in speed.precision_sentence({}) and speed.precision_table({}).empty


def test_null_in_the_file_becomes_an_empty_cell():
    given = json.loads(json.dumps(entry([0.1], [0.1])).replace("NaN", "null"))
    text = speed.precision_table({"one": given})
    assert text.loc["one", "D_I p"] == "" and text.loc["one", "D_I in pp [90 %]"] == "+10.00"
