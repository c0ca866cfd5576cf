"""Sentences fit the numbers that they are about."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from perso.analysis import accuracy, comparison
from perso.methods.method import BASELINE
from perso.methods.registry import DOSES
from perso.paths import ROOT
from perso.report import dose_text, sentences, similarity_text
from perso.settings import Settings, read_params
from perso.store.published import OWN, Published
from perso.study.study import Study

ES = "ES-n-40"
PEOPLE = ("ann", "bob", "eve", "joe")
NOISE = np.array([-0.01, 0.0, 0.0, 0.01])


def rows(levels: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """Four people's rows of methods, from mean accuracies on D_I and on D_G.

    The first method has no noise, each further one a little more: where differences do not vary
    there are no intervals.
    """
    lines = []
    for place, (name, (on_I, on_G)) in enumerate(levels.items()):
        more = 1 + (place - 1) / 100 if place else 0
        for person, noise in zip(PEOPLE, NOISE, strict=True):
            lines.append((name, person, on_I + more * noise, on_G + more * noise / 10, 1.0))
    rows = pd.DataFrame(lines, columns=["method", "person", "acc_I", "acc_G", "seconds"])
    return rows.assign(fold=0, repeat=0, iterations=9, own_iterations=9, n_G=8, hits_G=b"\xf0")


ALL_DOSES = {
    "BaseLine": (0.8, 0.9),
    "BaseLine, 2 × epochs": (0.8, 0.9),
    "BaseLine, 3 × epochs": (0.9, 0.95),
    "ES-n-40": (0.81, 0.91),
    "ES-n-400": (0.85, 0.88),
    "BaseLine + 400 iterations": (0.82, 0.92),
    "ES-n-400 on another person": (0.8, 0.89),
    "ES-n-400, 3 × epochs": (0.93, 0.94),
}


# --- one method


def table(**blocks) -> pd.DataFrame:
    """A comparison of one method from (change, low, high) on D_I and on D_G."""
    wide = {
        part: pd.DataFrame([ends], [ES], ["change", "low", "high"]) for part, ends in blocks.items()
    }
    return pd.concat(wide, axis=1)


@pytest.mark.parametrize(
    ("low", "high", "verb"),
    [
        (0.01, 0.03, "raises"),
        (0.001, 0.039, "raises"),
        (-0.03, -0.01, "lowers"),
        (-0.039, -0.001, "lowers"),
        (-0.01, 0.05, "does not significantly change"),
        (0.0, 0.04, "does not significantly change"),
        (-0.04, 0.0, "does not significantly change"),
        (0.0, 0.0, "does not significantly change"),
    ],
)
def test_the_verb_fits_the_interval(low, high, verb):
    ends = ((low + high) / 2, low, high)
    said = sentences.change_sentence(table(D_I=ends, D_G=(0.2, 0.1, 0.3)), ES)
    assert said.startswith(f"{ES} {verb} accuracy on the individual's own data")
    assert " and raises accuracy on everybody else's" in said


def test_a_change_has_both_parts_in_percentage_points():
    said = sentences.change_sentence(
        table(D_I=(0.123, 0.1, 0.146), D_G=(-0.05, -0.0612, -0.0388)), ES
    )
    assert said == (
        "ES-n-40 raises accuracy on the individual's own data "
        "(+12.3 points, 95 % interval +10.0 to +14.6) "
        "and lowers accuracy on everybody else's (-5.0 points, 95 % interval -6.1 to -3.9)"
    )


def test_without_an_interval_no_direction_is_claimed():
    """Of one person there is a change, but no interval."""
    said = sentences.change_sentence(
        table(D_I=(0.1, np.nan, np.nan), D_G=(0.05, np.nan, np.nan)), ES
    )
    assert "+10.0" in said and "nan" not in said
    assert not re.search("raises|lowers", said)


def test_a_difference_has_a_sign(small_rows):
    assert sentences.difference_sentence(small_rows, ES, BASELINE).startswith(
        f"{ES} minus {BASELINE}: +20.0 ["
    )
    assert sentences.difference_sentence(small_rows, BASELINE, ES).count("-20.0 [") == 1


# --- several runs


@pytest.fixture
def own(make_run):
    return make_run(OWN)


@pytest.fixture
def large(make_run):
    return make_run("paper", people=100, file="results/paper.parquet")


def side_by_side(runs: list[Published]) -> pd.DataFrame:
    return comparison.compare_runs({run.name: run.rows for run in runs})


def test_runs_that_agree_are_distinguished_from_runs_that_do_not(own, large, make_run):
    opposite = make_run("paper", people=100, swapped=True)
    same, different = (
        sentences.scale_sentence(runs, side_by_side(runs))
        for runs in ([own, large], [own, opposite])
    )
    assert same.startswith(
        f"Between paper and {OWN}, all clear changes agree in sign on the individual's own data "
        "and on everybody else's. Of the changes that are clear in paper (100 people), 1 of 1 on "
        "the individual's own data and 1 of 1 on everybody else's have the same sign in "
        f"{OWN} (3 people). Of those that are clear in the latter, 1 of 1 on "
    )
    assert same.endswith("in v3's table.")
    none = "0 of 1 on the individual's own data and 0 of 1 on everybody else's"
    assert different.count(none) == 2
    assert "many clear changes differ in sign on the individual's own data and on" in different


def test_only_a_larger_published_run_is_an_answer(large, make_run):
    runs = [
        make_run(OWN, people=30),
        make_run("standard", people=24),
        make_run("quick", people=14, swapped=True),
    ]
    smaller = sentences.scale_sentence(runs, side_by_side(runs))
    assert smaller.startswith("Not known yet: no published run is larger than this book's own. ")
    assert "standard (24 people), 1 of 1" in smaller
    runs = [*runs, large]
    larger = sentences.scale_sentence(runs, side_by_side(runs))
    assert "Not known" not in larger and "paper (100 people)" in larger and "quick" not in larger
    assert sentences.largest_published(runs).name == "paper"
    assert sentences.largest_published(runs[:1]).name == OWN
    few = make_run("few people, large images", people=6)
    few.provenance["settings"] |= {"individuals": 6, "image_size": 16}
    crowd = make_run("many people, small images", people=200)
    crowd.provenance["settings"] |= {"individuals": 200, "image_size": 8}
    assert sentences.largest_published([runs[0], crowd, few]) is few


def test_agreement_goes_both_ways_and_names_what_differs(own, large, make_run):
    runs = [own, make_run("paper", swapped=True)]
    found = sentences.agreement_table(runs, side_by_side(runs))
    pairs = list(zip(found["clear in"], found["same sign in"], strict=True))
    assert pairs == [("paper", OWN), (OWN, "paper"), (OWN, "v3"), ("paper", "v3")]
    for _, line in found.head(2).iterrows():
        assert line["on D_I"] == line["on D_G"] == "0 of 1"
        assert line["other sign"] == f"on D_I {ES}; on D_G {ES}"
    # v3's table has .981 after .980 on D_I; .979 after .979 on D_G has no sign
    assert found.loc[2, ["on D_I", "on D_G"]].tolist() == ["1 of 1", "0 of 0"]
    runs = [own, large]
    assert sentences.agreement_table(runs, side_by_side(runs)).loc[0, "other sign"] == ""


# --- two methods


def test_a_sentence_about_a_method_that_was_not_run_says_so():
    """A small largest_dose leaves out methods that the chapters name."""
    assert sentences.difference_sentence(rows(ALL_DOSES), "ES-n-5000", "SW-x") == (
        "ES-n-5000 minus SW-x: not known, this run has no ES-n-5000 and no SW-x"
    )
    assert sentences.change_sentence(table(D_I=(0, 0, 0)), "SW-x") == (
        "what SW-x changes is not known, this run has no SW-x"
    )


# --- doses


def test_a_dose_is_counted_from_the_baseline_with_as_many_epochs():
    table = comparison.dose_effects(rows(ALL_DOSES))
    assert list(table.index) == [
        m.name for m in DOSES if m.name in ALL_DOSES and (m.shaping.early or m.shaping.extra)
    ]
    own = table.loc["ES-n-400, 3 × epochs"]
    assert tuple(own[""]) == ("own", 400, 3)
    assert own["D_I", "change"] == pytest.approx(0.03) and own["D_G", "change"] == pytest.approx(
        -0.01
    )
    assert table["", "whose"].tolist() == ["own", "own", "general", "another's", "own"]
    assert table.loc["BaseLine + 400 iterations", ("D_G", "change")] == pytest.approx(0.02)


def test_a_dose_without_its_baseline_is_left_out():
    few = {name: level for name, level in ALL_DOSES.items() if name != "BaseLine, 3 × epochs"}
    assert "ES-n-400, 3 × epochs" not in comparison.dose_effects(rows(few)).index


AT_3 = {"BaseLine + 400 iterations, 3 × epochs": (0.9, 0.96)}


@pytest.mark.parametrize(
    ("level", "verdict", "numbers"),
    [
        (0.95, "harm", "-1.0 [-1.0, -1.0]"),
        (0.9575, "undecided", "-0.2 ["),
        (0.96, "no difference", "+0.0 ["),
        (0.97, "gain", "+1.0 ["),
    ],
)
def test_a_dose_harms_where_as_much_general_training_would_not(level, verdict, numbers):
    def wide(name, people):  # the undecided one varies more
        return people + np.where(verdict == "undecided", 40 * NOISE / 10, 0) * (
            name == "ES-n-400, 3 × epochs"
        )

    seen = rows(ALL_DOSES | AT_3 | {"ES-n-400, 3 × epochs": (0.9, level)})
    seen["acc_G"] = seen.groupby("method", sort=False)["acc_G"].transform(
        lambda part: wide(part.name, part.to_numpy())
    )
    texts = dose_text.harm_texts(seen)
    assert (texts["dose"], texts["usual_word"], texts["long_word"]) == ("400", "harm", verdict)
    assert texts["usual"].startswith("-4.0 [") and texts["long"].startswith(numbers)
    harm = dose_text.own_or_general(seen).set_index("factor")
    assert harm["own"].to_dict() == {1: "ES-n-400", 3: "ES-n-400, 3 × epochs"}
    assert harm["change"].to_dict() == pytest.approx({1: -0.04, 3: level - 0.96})


def test_people_that_the_data_do_not_have_were_not_tested():
    assert set(dose_text.harm_texts(None).values()) == {"not tested"}


def test_harm_is_undecided_where_differences_do_not_vary():
    same = rows({"BaseLine": (0.8, 0.9)})
    both = pd.concat([same, same.assign(method="ES-n-400", acc_G=0.88)])
    change = comparison.change_by_part(both, "ES-n-400", "BaseLine")["D_G"]
    assert dose_text.harm(change) == "undecided"


def test_the_table_of_doses_is_by_owner_and_length():
    table = dose_text.dose_table(comparison.dose_effects(rows(ALL_DOSES)))
    assert table.columns.tolist() == [
        (part, f"{n} × epochs") for part in ("D_I", "D_G") for n in (1, 3)
    ]
    assert table.index.tolist() == [
        "40 on own data",
        "400 on own data",
        "400 on general data",
        "400 on another's data",
    ]
    assert table.loc["400 on own data", ("D_I", "3 × epochs")].startswith("+3.0 [")


# --- late iterations


LATE = {
    "BaseLine": (0.8, 0.9),
    "TL-n-10 (1e-3)": (0.9, 0.8),
    "TL-n-300 (1e-4)": (0.88, 0.9),
    "TL-n-10 (1e-2 sgd)": (0.85, 0.9),
}


def test_the_best_late_setting_does_no_harm():
    said = dose_text.late_texts(comparison.compare(rows(LATE)))
    counts = [said[f"late_{name}"] for name in ("settings", "harmed", "safe", "margin")]
    assert counts == ["3", "1", "2", "0.2"]
    assert said["late_findings"].startswith("So both")
    assert "on D_G, TL-n-300 (1e-4) helps" in said["late_best"]
    assert "by +8.0 [" in said["late_best"]


def test_a_loss_that_noise_may_hide_is_not_excluded():
    seen = rows(LATE)
    noisy = seen["method"] == "TL-n-300 (1e-4)"
    seen.loc[noisy, "acc_G"] += 2 * NOISE
    said = dose_text.late_texts(comparison.compare(seen))
    assert said["late_safe"] == "1" and "TL-n-10 (1e-2 sgd) helps" in said["late_best"]


def test_a_loss_is_not_excluded_where_nobody_differs():
    seen = rows(LATE)
    start = seen.loc[seen["method"] == "BaseLine", "acc_G"].to_numpy()
    seen.loc[seen["method"] == "TL-n-10 (1e-2 sgd)", "acc_G"] = start
    assert dose_text.late_texts(comparison.compare(seen))["late_safe"] == "1"


@pytest.mark.parametrize(("harm", "start"), [(0.0, "So harm is absent"), (0.2, "So the harm")])
def test_where_all_settings_agree_only_one_paper_is_right(harm, start):
    levels = {name: (on_I, 0.9 - harm * (name != "BaseLine")) for name, (on_I, _) in LATE.items()}
    said = dose_text.late_texts(comparison.compare(rows(levels)))
    assert said["late_harmed"] == ("3" if harm else "none")
    assert said["late_findings"].startswith(start)
    assert said["late_best"].startswith("No setting") == bool(harm)


def test_the_table_of_late_iterations_is_by_optimiser_and_rate():
    table = dose_text.late_table(comparison.compare(rows(LATE)), "adam")
    ways = [each[:2] for each in table.index]
    assert list(dict.fromkeys(ways)) == [("adam", 0.0001), ("adam", 0.001), ("sgd", 0.01)]
    assert {each[2] for each in table.index} == {10, 300}
    assert list(table) == [f"change on {part} in pp [95 %]" for part in ("D_I", "D_G")]


# --- other readings


@pytest.mark.parametrize(
    ("change", "left_out"),
    [
        ({}, set()),
        ({"norm": "before"}, {"BN before ReLU"}),
        ({"split": "image"}, {"split by image"}),
        ({"flips": False}, {"split by image"}),  # without flips, an image is an item
        ({"norm": "before", "flips": False}, {"BN before ReLU", "split by image"}),
    ],
)
def test_no_reading_is_compared_with_itself(change, left_out):
    """On digits of a few people, of whom no model is trained."""
    asked = read_params(ROOT / "params" / "smoke.yml", ["rows_of=readings"])
    asked = replace(asked, **change)
    readings = {
        "as read here": {},
        "BN before ReLU": {"norm": "before"},
        "split by image": {"split": "image"},
    }
    studies = {name: Study(replace(asked, **each)) for name, each in readings.items()}
    compared = dose_text.other_readings(studies)
    assert list(compared) == [name for name in readings if name not in left_out]
    note = dose_text.readings_note(studies, compared).data
    assert all(f"*{name}*" in note for name in left_out)
    made = comparison.compare_runs({name: rows(LATE) for name in compared})
    answer = dose_text.readings_answer(made)
    both = {"BN before ReLU", "split by image"}
    assert {name for name in both if name in answer} == both - left_out
    assert (" and with " in answer) == (not left_out)  # equal counts are said once
    assert answer.startswith("Other readings") == (len(left_out) == 2)


# --- data grouping and similarity


def test_digits_that_a_flip_hardly_changes_are_asked_for_where_there_are_digits():
    source = SimpleNamespace(source="letters.mat (EMNIST .mat)")
    study = SimpleNamespace(settings=Settings(), data=SimpleNamespace(source=source, classes=30))
    assert similarity_text.symmetric_note(study, None, "SW-n-2").data.startswith("Not tested")


def test_gains_are_on_both_kinds_of_classes():
    table = pd.DataFrame({"these": [0.10, 0.12, 0.14], "others": [0.02, 0.04, 0.03]})
    said = similarity_text.gain_sentence(table).data
    assert said.startswith("+12.0 [") and "+3.0 [" in said and "the difference is +9.0 [" in said


# --- generic networks


def test_generic_networks_widen_the_intervals_of_what_starts_from_them():
    """Two methods, 12 people in 2 halves, 3 repeats; a generic network per half and repeat."""
    rng, lines = np.random.default_rng(0), []
    effects = np.array([0.03, -0.03, 0.02, -0.02, 0.025, -0.025])
    for person in range(12):
        people = rng.normal(0, 0.05)
        for repeat in range(3):
            generic = effects[2 * repeat + person % 2]
            for name, share in (("BaseLine", 0.8), ("TL-n-300 (1e-4)", 0.85 + generic)):
                lines.append(
                    {
                        "method": name,
                        "person": str(person),
                        "fold": person % 2,
                        "repeat": repeat,
                        **{acc: share + people + rng.normal(0, 0.01) for acc in ("acc_I", "acc_G")},
                    }
                )
    made = pd.DataFrame(lines).assign(iterations=9, n_G=8, hits_G=b"\xf0")
    made["own_iterations"] = made["iterations"] - (made["method"] != "BaseLine")
    parts = accuracy.variance_components(made)
    assert list(parts.index) == ["person", "person × method", "repeat", "residual"]
    assert parts.loc["person", "D_I"] == pytest.approx(5, abs=2)
    line = sentences.generic_models(made, ["TL-n-300 (1e-4)"], "BaseLine").loc[
        "TL-n-300 (1e-4) − BaseLine, D_I"
    ]
    assert line["sd of generic networks"] == pytest.approx(2.7, abs=1) and line["sd of people"] < 1

    def width(text: str) -> float:
        low, high = text.split("[")[1].rstrip("]").split(",")
        return float(high) - float(low)

    assert width(line["people and generic networks"]) > 1.4 * width(line["people only"])
