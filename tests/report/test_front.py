"""What the book says of the baselines beyond the papers, and how it draws them."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.transforms import Bbox

from perso.analysis import front
from perso.claims.our_claims import OUR_CLAIMS, WISE
from perso.methods.registry import BASELINES
from perso.report import effects_figures, front_figures, front_text, labels
from perso.report.answers import UNKNOWN

FAMILY = {method.name: method.family for method in (*BASELINES, front.SELECTED)}
# changes on D_I and D_G in points, bytes, seconds, people expected to be harmed in percent
METHODS = {
    "BaseLine": (0.5, 0.0, 1000, 2.0, 30),
    "ES 12 %": (1.0, 0.1, 1000, 2.0, 20),
    "TL-n-0": (0.0, 0.0, 0, 0.0, np.nan),
    "TL 9 % (1e-3)": (12.0, -6.0, 1000, 0.2, 3),
    "WiSE-FT 0.5": (8.0, -1.0, 1000, 0.2, 2),
    "replay": (11.0, 0.0, 1000, 0.2, 1),
    "head only": (6.5, 0.3, 60, 0.1, 6),
    "low rank 4": (5.0, 0.1, 150, 0.3, 5),
    "kNN mix": (7.0, -0.5, 600, 0.0, 4),
    "TL 9 % on D_G (1e-3)": (0.1, 1.0, 1000, 0.2, 45),
}


def change(points, reach=0.5):
    """A change with its interval, as shares."""
    found = {"change": points, "low": points - reach, "high": points + reach}
    return {name: value / 100 for name, value in found.items()}


def baselines_table(methods=METHODS, above=("replay",), **changed):
    """A table of `front.baselines_table`."""
    lines = {}
    for name, (on_I, on_G, size, seconds, harmed) in (methods | changed).items():
        line = {("", "family"): FAMILY[name]}
        for part, points in (("D_I", on_I), ("D_G", on_G)):
            line |= {(part, column): value for column, value in change(points).items()}
        line[front.ABOVE] = name in above
        line[front.PROBABILITY] = 0.99 if name in above else 0.6
        line |= {("cost", "seconds"): seconds, ("cost", "iterations"): 90.0}
        line |= {("storage", "bytes"): float(size), ("harmed", "share"): harmed / 100}
        line |= {("harmed", "low"): np.nan, ("harmed", "high"): np.nan}
        lines[name] = line
    return pd.DataFrame.from_dict(lines, orient="index")


def contrasts(question, *changes):
    """A table of `effects.contrast_table`, (on D_I, on D_G) in points for each pair in turn."""
    lines = {}
    for pair, both in zip(front.QUESTIONS[question], changes, strict=False):
        line = {("", "differs"): pair.differs}
        for part, points in zip(("D_I", "D_G"), both, strict=True):
            line |= {(part, column): value for column, value in change(points).items()}
        lines[pair.method, pair.other] = line
    return pd.DataFrame.from_dict(lines, orient="index")


# --- texts


def test_texts_have_people_changes_and_differences(make_relative_run):
    run = make_relative_run(cohorts=2, people=3)
    pairs = contrasts("replay", (-1.0, 5.0))
    chosen = pd.Series(
        ["TL 9 % (3e-4), a tenth held out"] * 2 + ["TL 1 % (1e-3), a tenth held out"]
    )
    texts = front_text.baselines_texts(run, baselines_table(), pairs, chosen)
    assert texts["baselines_people"] == "6"
    assert texts["baselines_replay_I"] == "+11.0 [+10.5, +11.5]"
    assert texts["baselines_replay_minus_G"] == "+5.0 [+4.5, +5.5]"
    assert texts["baselines_maml_I"] == UNKNOWN
    assert texts["baselines_choices"] == "TL 9 % (3e-4) for 2 and TL 1 % (1e-3) for 1"


def test_every_method_and_pair_of_the_prose_exists():
    pairs = {pair[:2] for question in front.QUESTIONS.values() for pair in question}
    assert set(front_text.COMPARED.values()) <= pairs
    assert set(front_text.NAMED.values()) <= set(FAMILY)


def test_without_the_models_all_is_unknown(make_relative_run):
    texts = front_text.baselines_texts(
        make_relative_run(), pd.DataFrame(), pd.DataFrame(), pd.Series(dtype=object)
    )
    del texts["baselines_run"], texts["baselines_people"]
    assert set(texts.values()) == {UNKNOWN}


def test_what_lies_above_is_named_apart_from_controls():
    above = baselines_table(above=("replay", "head only", "TL 9 % on D_G (1e-3)"))
    assert front_text.above_names(above, of_controls=False) == "replay and head only"
    assert front_text.above_names(above, of_controls=True) == "TL 9 % on D_G (1e-3)"
    assert front_text.above_names(baselines_table(above=()), of_controls=False) == "none"
    few = baselines_table()
    few[front.PROBABILITY] = np.nan
    assert front_text.above_names(few, of_controls=False) == UNKNOWN
    assert set(front_text.front_text(few)["in % of samples"]) == {""}


def test_harm_names_whom_most_people_lose_with():
    texts = front_text.harmed_texts(baselines_table())
    assert (texts["few"], texts["methods"]) == ("4", "7")
    assert texts["most"] == "ES 12 % (20 %), head only (6 %) and low rank 4 (5 %)"


def test_the_smallest_storage_for_a_share_of_the_gain_is_named():
    texts = front_text.storage_texts(baselines_table())
    assert texts["storage_best"] == "TL 9 % (1e-3)" and texts["storage_best_bytes"] == "1,000"
    assert texts["storage_half"] == "head only" and texts["storage_half_bytes"] == "60"
    assert texts["storage_half_I"] == "+6.5 [+6.0, +7.0]"
    assert texts["storage_rank_I"] == "+5.0 [+4.5, +5.5]"
    assert (texts["storage_head_size"], texts["storage_head_gain"]) == ("6 %", "54 %")
    assert texts["storage_million"] == "1 GB"
    # a start that all people share costs none of them bytes
    shared = baselines_table(**{"Reptile, then TL 9 %": (40.0, 9.0, 10, 0.2, 1)})
    assert front_text.storage_texts(shared)["storage_best"] == "TL 9 % (1e-3)"
    nothing = {"TL-n-0": METHODS["TL-n-0"], "replay": (-1.0, 0.0, 1000, 0.2, 80)}
    assert front_text.storage_texts(baselines_table(nothing))["storage_best"] == UNKNOWN


# --- tables


def test_storage_is_sorted_by_bytes_with_shares_of_network_and_gain():
    table = front_text.storage_text(baselines_table())
    assert list(table.index[:3]) == ["TL-n-0", "head only", "low rank 4"]
    assert table.loc["head only", "% of a network"] == "6.0"
    assert table.loc["head only", "% of the largest gain"] == "54"


def test_every_method_has_its_meaning_by_family():
    table = front_text.meanings_table(BASELINES)
    assert len(table) == len(BASELINES)
    assert table.loc[("replay", "replay"), "meaning"].endswith("which it needs")
    families = list(dict.fromkeys(table.index.get_level_values(0)))
    assert families[0] == "baseline" and families[-1] == "meta-learning"


def test_the_best_of_a_family_on_either_part():
    more = baselines_table(**{"L2-SP 1": (9.0, -1.0, 1000, 0.2, 1)})
    table = front_text.best_table(more)
    assert table.loc[("fine-tuning", "best on D_I"), "method"] == "L2-SP 1"
    assert table.loc[("fine-tuning", "best on D_G"), "method"] == "head only"
    assert "control" not in table.index.get_level_values(0)


def test_all_numbers_are_in_the_table():
    table = front_text.front_text(baselines_table())
    assert (
        table.loc["replay", "above WiSE-FT"] == "yes"
        and table.loc["ES 12 %", "above WiSE-FT"] == ""
    )
    assert table.loc["replay", "bytes per person"] == "1,000"
    assert table.loc["TL-n-0", "expected harmed, % [95 %]"] == ""


def test_our_claims_are_tested_on_the_rows_of_a_run(make_relative_run):
    changes = {name: (0.0, 0.0) for name in (*WISE, "replay", "SW-n-2", "ES 12 %")}
    changes |= {"head only": (0.05, 0.1), "TL 9 % (1e-4)": (0.0, 0.0)}
    run = make_relative_run(changes=changes)
    run.provenance["settings"] |= {"rows_of": "baselines", "individuals": 12, "width": 0.25}
    verdicts = front_text.verdicts_of(run)
    assert [each.claim for each in verdicts] == list(OUR_CLAIMS)
    assert all(each.frozen for each in verdicts)
    assert verdicts[2].verdict == "REPRODUCED" and verdicts[1].verdict == "NOT RUN"
    assert "102 NOT RUN, 103 REPRODUCED" in front_text.verdicts_text(verdicts)
    table = front_text.claim_tests_table(verdicts).reset_index()
    row = table[table["what"] == "head only − TL 9 % (1e-3) on D_G"].iloc[0]
    assert row["role"] == "test" and row["outcome"] == "for" and row["ours"].startswith("+")
    assert not table["claim"].str.startswith("102").any()
    assert front_text.claim_tests_table([]).empty


# --- figures


def labels_of(ax):
    return {text.get_text(): text for text in ax.texts}


def test_the_front_labels_every_method_but_no_control():
    shown = front_figures.baselines_figure(baselines_table())
    assert "D_I: highest TL 9 % (1e-3) +12.0, lowest BaseLine +0.5." in shown.alt
    fig = shown.figure
    labels = labels_of(fig.axes[0])
    assert {"replay", "head only", "kNN mix", "ES 12 %", "generic network"} <= set(labels)
    assert "TL 9 % on D_G (1e-3)" not in labels
    curve = fig.axes[0].lines[2].get_xydata()
    assert curve == pytest.approx(np.array([[0, 0], [-1, 8], [-6, 12]]))


def test_labels_cover_neither_each_other_nor_marks():
    _, ax = plt.subplots()
    points = {f"method {n}": (0.01 * n, 0.5) for n in range(12)}
    for point in points.values():
        ax.plot(*point, "o")
    ax.set(xlim=(-1, 1), ylim=(0, 1))
    labels.label_points(ax, points, {name: name for name in points})
    renderer = ax.figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in ax.texts]
    assert len(boxes) >= 6
    for place, box in enumerate(boxes):
        others = [each.shrunk(0.98, 0.9) for each in boxes[:place] + boxes[place + 1 :]]
        assert not box.count_overlaps(others)
        middle = [ax.transData.transform(point) for point in points.values()]
        assert not any(box.contains(*each) for each in middle)


@pytest.mark.parametrize("gap", np.linspace(0.1, 0.3, 21))
def test_a_label_is_nearest_to_its_own_mark(gap):
    """At some of the gaps a label fits between both marks, but ends at the other one."""
    _, ax = plt.subplots()
    points = {"a": (0.4, 0.5), "b": (0.4 + gap, 0.5)}
    labels.label_points(ax, points, {"a": "label of a"})
    renderer = ax.figure.canvas.get_renderer()
    (text,) = ax.texts
    own, other = (ax.transData.transform(point) for point in points.values())
    assert labels.lead(text.get_window_extent(renderer), own, [other]) >= -1e-6


def test_a_line_leads_to_a_label_that_is_nearer_to_another_mark():
    _, ax = plt.subplots(figsize=(1.6, 1.6))
    ax.set(xlim=(0, 1), ylim=(0, 1))
    points = {"a": (0.5, 0.5), **{f"{x}{y}": (x, y) for x in (0.1, 0.9) for y in (0.1, 0.9)}}
    points |= {f"beside {x}": (x, 0.5) for x in (0.42, 0.58)}
    points |= {f"above {y}": (0.5, y) for y in (0.4, 0.6)}
    labels.label_points(ax, points, {"a": "lab"})
    assert len(ax.texts) == len(ax.lines) == 1
    assert ax.lines[0].get_xydata()[0] == pytest.approx(points["a"])


def test_an_interval_that_is_not_known_takes_no_place_from_a_label():
    _, ax = plt.subplots(figsize=(2, 2))
    ax.set(xlim=(0, 1), ylim=(0, 1))
    unknown = np.array([(np.nan, 0.5), (np.nan, 0.5)])
    labels.label_points(ax, {"a": (0.5, 0.5)}, {"a": "a"}, [unknown])
    assert len(ax.texts) == 1


def test_a_label_without_a_free_place_is_left_out():
    _, ax = plt.subplots(figsize=(1, 1))
    ax.set(xlim=(0, 1), ylim=(0, 1))
    labels.label_points(ax, {"a": (0.5, 0.5)}, {"a": "a very long name of a method " * 3})
    assert not ax.texts


def test_nothing_stored_is_at_the_left_edge_at_0():
    shown = front_figures.storage_figure(baselines_table())
    assert shown.alt.endswith("Bytes: highest ES 12 % 1,000, lowest TL-n-0 0.")
    fig = shown.figure
    by_bytes, by_seconds = fig.axes
    for ax in (by_bytes, by_seconds):
        assert ax.get_xscale() == "log" and ax.get_xticklabels()[0].get_text() == "0"
    assert front_figures.zero_place(pd.Series([0.0, 60.0, 1000.0])) == 20
    assert "kNN mix" in labels_of(by_seconds)


def test_without_seconds_training_is_in_iterations():
    table = baselines_table()
    table["cost", "seconds"] = np.nan
    fig = front_figures.storage_figure(table).figure
    assert fig.axes[1].get_xlabel() == "iterations of training for one person"
    assert front_text.storage_text(table)["training"].iloc[0] == "90 iterations"


def test_unknown_bytes_draw_no_mark_and_no_label():
    table = baselines_table()
    table["storage", "bytes"] = np.nan
    fig = front_figures.storage_figure(table).figure
    assert not labels_of(fig.axes[0]) and labels_of(fig.axes[1])


def test_who_loses_is_sorted_with_the_largest_first():
    shown = front_figures.harmed_figure(baselines_table())
    assert shown.alt.endswith("on D_I in %: highest ES 12 % 20, lowest replay 1.")
    fig = shown.figure
    names = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert names[:3] == ["ES 12 %", "head only", "low rank 4"] and "BaseLine" not in names


def test_every_pair_of_methods_has_a_family_to_be_drawn_in():
    for question in front.QUESTIONS:
        pairs = contrasts(question, *[(1.0, 0.0)] * len(front.QUESTIONS[question]))
        fig = effects_figures.contrasts_figure(pairs).figure
        assert len(fig.axes[0].get_yticklabels()) == len(pairs)


def test_a_box_is_around_its_place():
    box = labels.box_around(np.array([5.0, 7.0]), 2.0)
    assert box.bounds == Bbox.from_extents(3, 5, 7, 9).bounds
