"""What the book says of a person's other contexts, and how it draws them."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from perso.methods.registry import TABLES
from perso.parts import BOTH
from perso.report import context_figures, context_text, crop_text
from perso.report.context_text import BEDS
from perso.settings import Settings, as_dict
from perso.store.published import Published
from perso.store.sqlite import packed

WATCH, PENS, _ = BEDS.values()
# changes on D_I, D_U and D_G against the generic network, in points
CHANGES = {
    "TL-n-0": (0.0, 0.0, 0.0),
    "TL-n-300 (1e-3)": (14.0, -8.0, -10.0),
    "TL, a tenth held out": (13.0, -8.0, -10.0),
    "prune and mix": (9.0, -2.0, -5.0),
    "mix, random mask": (9.0, -2.0, -5.0),
    "mix, smallest kept": (4.0, -2.0, -5.0),
    "CRoP": (10.0, -2.0, -6.0),
    "CRoP, random mask": (10.0, -2.0, -6.0),
    "prune only": (-20.0, -30.0, -30.0),
}


def made_run(changes=CHANGES, people=12, name="made", **settings):
    """A run of two folds that nobody trained: each person differs by half a point or less."""
    rng = np.random.default_rng(0)
    lines = []
    for method, points in changes.items():
        for person in range(people):
            on_I, on_U, on_G = 0.6 + (np.array(points) + rng.uniform(-0.5, 0.5, 3)) / 100
            lines.append(
                {
                    "key": f"{method} {person}",
                    "method": method,
                    "person": f"p{person}",
                    "repeat": 0,
                    "fold": person % 2,
                    "acc_I": on_I,
                    "acc_U": on_U,
                    "acc_G": on_G,
                    "n_G": 80,
                    "hits_G": packed(np.arange(80) < 80 * on_G),
                    "iterations": 1300,
                    "own_iterations": 300,
                }
            )
    facts = as_dict(Settings()) | {"rows_of": "contexts", "individuals": people, "width": 0.25}
    facts |= {"dataset": "watch", "context": "side", "available": 1} | settings
    return Published(name, pd.DataFrame(lines), {"settings": facts})


def on_pens(**changed):
    return made_run(**changed, dataset="pens", context="half", available=0)


@pytest.fixture(scope="module")
def tables():
    """The table of the watch and of pens."""
    runs = {WATCH: made_run(), PENS: on_pens(people=8)}
    return {bed: context_text.bed_table(run.rows) for bed, run in runs.items()}


# --- beds


def test_a_bed_has_the_run_with_the_most_people_and_the_watch_leads():
    own = made_run({}, name="own", dataset="watch")
    few, many = (on_pens(changes={"TL-n-0": (0, 0, 0)}, people=n, name=f"{n}") for n in (6, 8))
    watch = made_run({"TL-n-0": (0, 0, 0)})
    odd = made_run({"TL-n-0": (0, 0, 0)}, dataset="nist", context="thick:1", available=0)
    beds = context_text.beds_of([odd, few, many, watch])
    assert [bed.name for bed in beds] == ["watch", "pens", "nist, thick:1"]
    assert beds[PENS] is many and beds[WATCH] is watch
    assert context_text.bed_of(own) == WATCH


def test_the_table_counts_from_the_generic_network_and_the_last_column_from_fine_tuning():
    table = context_text.bed_table(made_run().rows)
    crop = 100 * table.loc["CRoP"].drop(("", "family")).astype(float)
    expected = {"D_I": 10, "D_U": -2, BOTH: 8, "D_G": -6, context_text.AGAINST_TUNED: 3}
    for column, points in expected.items():
        assert crop[column, "change"] == pytest.approx(points, abs=0.5)
        assert crop[column, "low"] < crop[column, "change"] < crop[column, "high"]
    assert "TL-n-0" not in table.index
    text = context_text.bed_text(table)
    assert text.loc["TL, a tenth held out", "ΔG in pp [95 %]"] == ""
    assert "nan" not in text.to_string()
    order = [method.name for method in TABLES["contexts"] if method.name in table.index]
    assert list(table.index) == order


def test_without_the_generic_network_there_is_no_table():
    assert context_text.bed_table(made_run({"CRoP": (1, 1, 1)}).rows).empty


# --- the prose


def test_texts_are_of_every_bed_and_say_what_was_not_run():
    beds = {WATCH: made_run(), PENS: on_pens(changes={"TL-n-0": (0, 0, 0)}, people=8)}
    texts = context_text.context_texts(beds)
    assert texts["contexts_watch_people"] == "12" and texts["contexts_pens_people"] == "8"
    assert texts["contexts_watch_tuned_I"].startswith("+1")
    assert texts["contexts_watch_tuned_U"].startswith("-")
    assert texts["contexts_watch_crop_U"].startswith(("+5", "+6"))
    unknown = ("pens_tuned_U", "sheared_people", "sheared_crop_I", "mask_pens")
    assert {texts[f"contexts_{key}"] for key in unknown} == {"unknown"}


def test_the_summary_has_a_line_per_bed():
    table = context_text.beds_summary(
        {WATCH: made_run(), PENS: on_pens(changes={"TL-n-0": (0, 0, 0)}, people=8)}
    )
    assert list(table.index) == ["watch", "pens"]
    assert table.loc["watch", "people"] == "12"
    assert table.loc["watch", "fine-tuning, D_U in pp"].startswith("-")
    assert table.loc["pens", "CRoP − fine-tuning, D_U in pp"] == "not run"


def test_a_mask_as_good_as_a_random_one_has_what_could_have_been_seen():
    texts = context_text.mask_texts({WATCH: made_run(), PENS: on_pens()})
    assert 0 < float(texts["mask_mde"]) < 1
    assert texts["mask_equal"] == "watch and pens"
    assert (texts["mask_1"], texts["mask_1_count"]) == ("none", "8 of 8")


def test_masks_that_differ_are_counted_and_named():
    beds = {WATCH: made_run()}
    texts = context_text.mask_texts(beds)
    assert texts["mask_3_count"] == "2 of 4"
    assert texts["mask_3"].startswith("watch on the context trained on (+")
    assert " and watch on the sum of both contexts (+" in texts["mask_3"]
    table = context_text.masks_table(beds)
    assert (
        len(table) == 3
        and table.loc[("prune and mix − mix, smallest kept", "watch")]
        .str.match(r"[+-]\d+\.\d \[.*\] \(\d+\.\d\)$")
        .all()
    )


def test_without_the_models_masks_are_unknown():
    texts = context_text.mask_texts({WATCH: made_run({"TL-n-0": (0, 0, 0)})})
    assert texts["mask_watch"] == texts["mask_mde"] == "unknown"
    assert (texts["mask_equal"], texts["mask_1_count"]) == ("none", "0 of 0")


# --- the printed numbers


def test_printed_sums_are_those_of_their_contexts_and_have_the_printed_means():
    for each in crop_text.PRINTED:
        if each.available is not None:
            assert each.available + each.unseen == pytest.approx(each.to_generic, abs=0.2)
    for name, mean in zip(("to_generic", "to_tuned"), crop_text.PRINTED_MEANS, strict=True):
        values = [getattr(each, name) for each in crop_text.PRINTED]
        assert np.mean(values) == pytest.approx(mean, abs=0.02)


def test_sums_stand_beside_the_printed_ones_with_both_contexts(tables):
    table = crop_text.sums_table(tables)
    assert table.loc[("printed", "mean"), "ΔP"] == "+35.23"
    assert table.loc[("printed", "WIDAR, scenario 1"), "unseen: D_U"] == "-16.69"
    assert table.loc[("ours", "watch"), "unseen: D_U"].startswith("-")


def test_tables_with_fewer_than_six_people_and_losses_are_counted():
    texts = crop_text.printed_texts()
    assert texts["contexts_few"] == "3 of its 4"
    assert texts["contexts_below"].startswith("16.69 (WIDAR, scenario 1), 5.97")


# --- the trained penalty


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("alpha", "rate"), [(1e-4, 1e-5), (3e-4, 1e-5)])
def test_a_trained_penalty_turns_negative_after_its_value_over_the_rate(seed, alpha, rate):
    """Adam on a network with random data: the step does not depend on the data."""
    torch.manual_seed(seed)
    inputs, labels = torch.randn(32, 5), torch.randint(3, (32,))
    network = torch.nn.Linear(5, 3)
    trained = torch.nn.Parameter(torch.tensor(alpha))
    optimiser = torch.optim.Adam([*network.parameters(), trained], lr=rate)
    steps = 0
    while trained.item() > 1e-3 * alpha:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(inputs), labels)
        (loss + trained * network.weight.abs().sum()).backward()
        optimiser.step()
        steps += 1
    assert steps == pytest.approx(crop_text.sign_turn(alpha, rate), abs=1)


def test_the_steps_of_the_published_settings_are_in_the_table():
    table = crop_text.penalties_table()["α is 0 after … steps"]
    assert table["Stress", "Table 5"] == "10" and table["WIDAR", "code"] == "1,000"


# --- claims


def test_verdicts_stand_side_by_side():
    gains = CHANGES | {"TL-n-300 (1e-3)": (14.0, 8.0, -10.0)}
    verdicts = context_text.verdicts_by_bed({WATCH: made_run(), PENS: on_pens(changes=gains)})
    table = context_text.verdicts_side_by_side(verdicts)
    first = table.iloc[0]
    assert table.index[0].startswith("39. Fine-tuning to one context")
    assert first["watch"].startswith("REPRODUCED: +")
    assert first["pens"].startswith("CONTRADICTED: -")
    assert set(context_text.claims_by_bed(verdicts).index.get_level_values(0)) == {"watch", "pens"}
    nothing = context_text.verdicts_by_bed({WATCH: made_run({"TL-n-0": (0, 0, 0)})})
    assert set(context_text.verdicts_side_by_side(nothing)["watch"]) == {"NOT RUN"}


# --- figures


def labels_of(ax):
    return [text.get_text() for text in ax.texts]


def test_both_contexts_have_a_mark_for_every_main_method(tables):
    shown = context_figures.both_contexts_figure(tables)
    assert "watch, D_U: highest CRoP, random mask -1.9" in shown.alt
    fig = shown.figure
    assert [ax.get_title() for ax in fig.axes] == ["watch", "pens"]
    names = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert names == ["TL 1e-3", "CRoP", "CRoP, random mask"]
    own, other = (line.get_xdata()[0] for line in fig.axes[0].lines[1:3])
    assert own > 0 > other


def test_each_bed_has_a_panel_with_labels_and_its_contexts(tables):
    shown = context_figures.contexts_figure(tables)
    lost = 100 * tables[WATCH]["D_U", "change"]["prune only"]
    assert f"watch, D_U: highest CRoP, random mask -1.9, lowest prune only {lost:.1f}." in shown.alt
    fig = shown.figure
    assert len(fig.axes) == 2
    assert {"CRoP", "TL 1e-3", "generic network"} <= set(labels_of(fig.axes[0]))
    assert "the later half" in fig.axes[1].get_title()
    legend = [text.get_text() for text in fig.legends[0].get_texts()]
    assert "pruning" in legend and "control" not in legend


def test_what_lies_far_off_is_an_arrow_with_its_numbers(tables):
    table = tables[WATCH].copy()
    _, ax = plt.subplots()
    context_figures.places_figure(ax, table, "D_I", "D_U", list(context_figures.LABELS))
    assert ax.get_ylim()[0] > -15
    (label,) = (text for text in labels_of(ax) if text.startswith("prune only"))
    assert label.startswith("prune only: −") and ", −" in label
    table.loc["prune only"] = table.loc["prune and mix"]
    _, ax = plt.subplots()
    context_figures.places_figure(ax, table, "D_I", "D_U", list(context_figures.LABELS))
    assert "prune only" in labels_of(ax)


def test_the_small_picture_is_of_everybody_else(tables):
    shown = context_figures.others_figure(tables)
    assert "pens, D_G: highest CRoP -5.9" in shown.alt and "D_I" not in shown.alt
    fig = shown.figure
    assert all("$D_G$" in ax.get_xlabel() for ax in fig.axes)
    assert "$D_U$" in fig.axes[0].get_ylabel() and not fig.axes[1].get_ylabel()


def test_all_intervals_and_0_are_within_the_axes():
    changes = pd.DataFrame({"change": [0.1], "low": [0.05], "high": [0.2]})
    low, high = context_figures.limits(changes)
    assert low < 0 and high > 20
    low, high = context_figures.limits(-changes)
    assert low < -5 and high > 0


@pytest.mark.parametrize("kind", ["images", "signals"])
def test_samples_of_the_available_context_come_first(make_data, kind):
    data = make_data(Settings(context="made", available=1))
    context = {"context": np.arange(8) % 2}
    source = replace(data.source, attributes=context, kind=kind)
    data = replace(data, source=source)
    if kind != "images":
        data = replace(data, inputs=np.zeros((len(data.inputs), 6, 4), np.float32))
    shown = context_figures.context_samples_figure(data)
    assert "3 classes by person ann" in shown.alt and "first line, 1 of D_U below" in shown.alt
    fig = shown.figure
    names = [ax.get_ylabel() for ax in fig.axes if ax.get_ylabel()]
    assert names == ["$D_I$", "$D_U$"]


def test_samples_of_the_watch_have_the_names_of_exercises_arms_and_axes(make_data):
    data = make_data(Settings(context="made", available=1))
    context = {"context": np.arange(8) % 2}
    data = replace(
        data,
        settings=replace(data.settings, dataset="watch"),
        source=replace(data.source, attributes=context, kind="sequences"),
        inputs=np.zeros((len(data.inputs), 6, 4), np.float32),
    )
    fig = context_figures.context_samples_figure(data).figure
    assert fig.axes[0].get_title() == "pendulum" and fig.axes[-1].get_xlabel() == "time (s)"
    assert fig.axes[0].get_ylabel().startswith("right arm")
    (legend,) = fig.legends
    assert [text.get_text() for text in legend.get_texts()] == ["x axis", "y axis", "z axis"]
