"""What the book says of a person's other contexts, and how it draws them."""

from dataclasses import replace

import matplotlib as mpl
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


@pytest.fixture(autouse=True)
def drawing():
    """No window, and no figure or style left behind."""
    plt.switch_backend("Agg")
    with mpl.rc_context():
        yield
    plt.close("all")


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


# --- sentences


@pytest.mark.parametrize(
    ("tuned", "crop", "words"),
    [
        (-8.0, -2.0, ("is harmed", "better off with CRoP")),
        (8.0, 2.0, ("gains, too", "worse off with CRoP")),
        (0.0, 0.0, ("no harm of the other context is shown", "not shown that CRoP protects")),
    ],
)
def test_a_bed_is_described_in_every_direction(tuned, crop, words):
    changes = CHANGES | {
        name: (10.0, on_other, -5.0)
        for name, on_other in {
            "TL-n-300 (1e-3)": tuned,
            "TL, a tenth held out": tuned,
            "CRoP": crop,
        }.items()
    }
    sentence = context_text.bed_sentence(WATCH, made_run(changes))
    assert all(each in sentence for each in words)
    assert sentence.startswith("Watch (12 people): fine-tuning changes accuracy by +")


def test_the_answer_sorts_the_beds_by_what_happens_on_their_other_contexts():
    harmed = {"TL-n-300 (1e-3)": (9, -9, 0), "CRoP": (9, 0, 0), "TL-n-0": (0, 0, 0)}
    beds = {
        WATCH: made_run(harmed | {"TL, a tenth held out": (9, -9, 0)}),
        PENS: on_pens(people=8),
    }
    answer = context_text.contexts_answer(beds)
    assert answer.startswith("On the other contexts, fine-tuning changes accuracy by -")
    assert "points (watch, 12 people) and" in answer and "(pens, 8 people)" in answer
    assert "They are harmed for watch" in answer
    assert "So pruning and mixing helps them for watch" in answer
    assert context_text.beds_list(beds).data.count("\n") == 1
    incomplete = {WATCH: beds[WATCH], PENS: on_pens(changes={"TL-n-0": (0, 0, 0)})}
    assert "pens" not in context_text.contexts_answer(incomplete)


def test_a_mask_as_good_as_a_random_one_is_called_so_with_what_could_have_been_seen():
    sentence = context_text.mask_sentence({WATCH: made_run(), PENS: on_pens()})
    assert "it is not shown to matter which weights are kept" in sentence
    assert "a true difference of 0." in sentence and "at least 80 %" in sentence
    assert sentence.endswith("both are equivalent within 2 points for watch and pens.")


def test_a_mask_that_matters_is_named_with_its_bed_and_part():
    better = CHANGES | {"CRoP": (10.0, 3.0, -6.0)}
    sentence = context_text.mask_sentence({WATCH: made_run(better), PENS: on_pens()})
    assert sentence.endswith(
        "So which weights are kept matters for watch on D_I + D_U and watch on D_U."
    )


def test_masks_that_differ_are_counted_and_named():
    beds = {WATCH: made_run()}
    sentence = context_text.masks_sentence(beds, context_text.MASKS[2])
    assert sentence.startswith("prune and mix minus mix, smallest kept: 2 of 4 intervals")
    assert "watch on D_I (+" in sentence and f"watch on {BOTH} (+" in sentence
    equal = context_text.masks_sentence(beds, context_text.MASKS[0])
    assert equal == "CRoP minus CRoP, random mask: all 4 intervals contain 0."
    table = context_text.masks_table(beds)
    assert (
        len(table) == 3
        and table.loc[("prune and mix − mix, smallest kept", "watch")]
        .str.match(r"[+-]\d+\.\d \[.*\] \(\d+\.\d\)$")
        .all()
    )


def test_without_the_models_nothing_is_said():
    beds = {WATCH: made_run({"TL-n-0": (0, 0, 0)})}
    for sentence in (
        context_text.mask_sentence(beds),
        context_text.masks_sentence(beds, context_text.MASKS[0]),
    ):
        assert sentence == context_text.NOT_THERE
    assert context_text.contexts_answer(beds) == context_text.NOT_THERE


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
    assert "3 of its 4 tables could decide nothing" in crop_text.small_studies_sentence()
    assert "-16.69 (WIDAR, scenario 1, ΔP +8.56), -5.97" in crop_text.below_generic_sentence()


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
    sentence = context_text.contexts_verdicts_sentence(verdicts)
    assert sentence.startswith("watch: 39 REPRODUCED, 40 REPRODUCED")
    assert "pens: 39 CONTRADICTED" in sentence
    assert set(context_text.claims_by_bed(verdicts).index.get_level_values(0)) == {"watch", "pens"}
    nothing = context_text.verdicts_by_bed({WATCH: made_run({"TL-n-0": (0, 0, 0)})})
    assert set(context_text.verdicts_side_by_side(nothing)["watch"]) == {"NOT RUN"}


# --- figures


def labels_of(ax):
    return [text.get_text() for text in ax.texts]


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
    assert label.startswith("prune only: -") and ", -" in label
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
