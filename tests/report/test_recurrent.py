"""What the book says of recurrent networks for users, and how it draws them."""

import numpy as np
import pandas as pd

from perso.analysis import comparison, recurrent
from perso.methods.recurrent import PLACES
from perso.methods.registry import methods_of
from perso.report import recurrent_figures, recurrent_text

PARTS = ("D_I", "D_U", "D_G")


def contrasts(pairs, changes, reach=1.0):
    """A table of `effects.contrast_table`.

    changes   {(method, other): points on D_I, D_U and D_G}; (0, 0, 0) where there is none
    """
    lines = {}
    for pair in pairs:
        line = {("", "differs"): pair.differs}
        of_parts = changes.get((pair.method, pair.other), (0, 0, 0))
        for part, points in zip(PARTS, of_parts, strict=True):
            ends = {"change": points, "low": points - reach, "high": points + reach}
            line |= {(part, column): value / 100 for column, value in ends.items()}
        lines[pair.method, pair.other] = line
    return pd.DataFrame.from_dict(lines, orient="index")


def rows_of(levels):
    """Rows of six people in two cohorts; {method: accuracy on D_I and D_G}, which vary a little."""
    lines = [
        (name, person, on_I + 0.001 * ((person + place) % 3), on_G + 0.001 * person * (place % 2))
        for place, (name, (on_I, on_G)) in enumerate(levels.items())
        for person in range(6)
    ]
    rows = pd.DataFrame(lines, columns=["method", "person", "acc_I", "acc_G"])
    rows["fold"] = rows["person"] // 3
    return rows.assign(repeat=0, iterations=9, own_iterations=3, n_G=8, hits_G=b"\xf0")


# --- the prose


LEVELS = {
    "BaseLine": (0.80, 0.80),
    "TL-n-0": (0.80, 0.80),
    "TL-n-200 (1e-3)": (0.92, 0.75),
    "user gates": (0.82, 0.78),
    "user gates, shuffled": (0.82, 0.80),
    "user head 1": (0.81, 0.80),
}


def test_texts_have_every_way_and_say_what_was_not_run(make_run):
    run = make_run("own")
    texts = recurrent_text.recurrent_texts(type(run)("own", rows_of(LEVELS), run.provenance))
    assert texts["recurrent_people"] == "6"
    assert texts["recurrent_tuned_I"].startswith("+12.0 [+11.8, +12.2]")
    assert texts["recurrent_tuned_G"].startswith("-5.3 [")
    assert texts["recurrent_gates_users_I"].startswith("+0.0")
    unknown = {"tuned_own_I", "tuned_U", "unknown_better", "less", "enough"}
    assert {texts[f"recurrent_{key}"] for key in unknown - {"enough"}} == {"unknown"}
    assert texts["recurrent_enough"] == "100 %"


SHUFFLED = ("user gates", "user gates, shuffled")


def test_a_row_is_compared_with_its_own_control():
    changes = {(f"user {place}", f"user {place}, another's row"): (4, 0, 0) for place in PLACES}
    changes |= {SHUFFLED: (2, 0, -3), ("user film", "user film, not fitted"): (3, 0, 0)}
    texts = recurrent_text.places_texts(contrasts(recurrent.AGAINST_CONTROLS, changes))
    assert (texts["shuffled_better"], texts["shuffled_worse"]) == ("gates", "gates")
    assert (texts["unknown_better"], texts["unknown_worse"]) == ("film", "no place")
    assert texts["another_better"] == "all 4 places"
    unknown = contrasts(recurrent.AGAINST_CONTROLS, changes)
    unknown["D_G"] = np.nan
    assert recurrent_text.places_texts(unknown)["another_worse"] == "–"


def test_the_table_of_rows_has_a_line_for_every_control_and_place():
    table = recurrent_text.rows_table(contrasts(recurrent.AGAINST_CONTROLS, {SHUFFLED: (2, 1, -3)}))
    assert len(table) == 12
    line = table.loc[("minus shuffled", "gates")]
    assert list(line) == ["+2.0 [+1.0, +3.0]", "+1.0 [+0.0, +2.0]", "-3.0 [-4.0, -2.0]"]


# --- fine-tuning


FINE_TUNED = {
    (recurrent.FAST, recurrent.GENERIC): (10, 9, -4),
    ("replay, 200 iterations", recurrent.FAST): (0, 0, 5),
    ("head only, 200 iterations", recurrent.FAST): (-4, 0, 3),
}


def test_what_forgets_less_and_what_it_costs():
    table = contrasts(recurrent.OF_FINE_TUNING, FINE_TUNED)
    assert recurrent_text.gentler_texts(table) == {
        "less": "“head only, 200 iterations” and “replay, 200 iterations”",
        "price": "“head only, 200 iterations”",
    }
    none = recurrent_text.gentler_texts(contrasts(recurrent.OF_FINE_TUNING, {}))
    assert set(none.values()) == {"none"}


def curve(gains):
    """A table of `recurrent.data_curve`, {share: points on D_I}; on D_G they are negative."""
    lines = {}
    for share, points in gains.items():
        lines[share] = {
            (part, column): (sign * points + shift) / 100
            for part, sign in (("D_I", 1), ("D_G", -1))
            for column, shift in (("change", 0), ("low", -1), ("high", 1))
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def test_the_smallest_share_with_a_gain():
    assert recurrent_text.enough_text(curve({10: 0.5, 30: 4, 100: 9})) == "30 %"
    assert recurrent_text.enough_text(curve({10: 0.5})) == "none of them"
    assert recurrent_text.enough_text(pd.DataFrame()) == "unknown"


def test_weights_as_text():
    weights = pd.DataFrame(
        {"weights": [9102, 10326], "person": [0, 8]}, index=[recurrent.GENERIC, "user gates"]
    )
    assert list(recurrent_text.weights_table(weights).loc["user gates"]) == ["10,326", "113", "8"]


# --- figures


def test_a_line_for_every_embedding_and_an_axes_for_every_part():
    shown = recurrent_figures.user_networks_figure(contrasts(recurrent.AGAINST_GENERIC, {}))
    assert shown.alt.endswith("points. D_I: all +0.0. D_U: all +0.0. D_G: all +0.0.")
    fig = shown.figure
    assert [ax.get_xlabel() for ax in fig.axes] == [f"change on ${part}$ (pp)" for part in PARTS]
    labels = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert labels[0] == "input" and labels[-1] == "gates, nobody" and len(labels) == 17


def test_a_line_names_its_control_or_what_is_done():
    fig = recurrent_figures.user_networks_figure(contrasts(recurrent.AGAINST_CONTROLS, {})).figure
    labels = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert labels[0] == "minus input, not fitted" and len(labels) == 12
    fig = recurrent_figures.three_ways_figure(contrasts(recurrent.OF_ANSWER.values(), {})).figure
    labels = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert labels[0] == "fine-tuning of all weights" and len(labels) == len(recurrent.OF_ANSWER)


def test_the_front_has_a_label_for_every_method():
    levels = {
        "TL-n-0": (0.8, 0.8),
        recurrent.FAST: (0.9, 0.7),
        "replay, 200 iterations": (0.9, 0.8),
    }
    rows = rows_of({"BaseLine": (0.8, 0.8)} | levels)
    table = comparison.compare(rows, recurrent.IN_FRONT, base=recurrent.GENERIC)
    shown = recurrent_figures.fine_tuning_figure(table)
    assert f"D_I: all +10.0. D_G: highest replay, 200 iterations +0.0, lowest {recurrent.FAST}" in (
        shown.alt
    )
    (ax,) = shown.figure.axes
    texts = {text.get_text() for text in ax.texts}
    assert texts == {"generic network", recurrent.FAST, "replay"}


def test_the_data_curve_has_a_line_for_every_part():
    shown = recurrent_figures.data_figure(curve({10: 1, 100: 5}))
    assert "D_I: highest at 100 % +5.0, lowest at 10 % +1.0." in shown.alt
    (ax,) = shown.figure.axes
    assert len(ax.get_legend().get_texts()) == 2
    assert [tick for tick in ax.get_xticks()] == [10, 100]


def test_every_method_of_the_table_is_compared_somewhere():
    compared = {name for pair in recurrent.AGAINST_GENERIC for name in pair[:2]}
    compared |= {name for pair in recurrent.OF_HEADS for name in pair[:2]}
    compared |= {method.name for method in recurrent.IN_FRONT} | set(recurrent.SHARES)
    assert {method.name for method in methods_of("recurrent")} - compared == {"BaseLine"}
