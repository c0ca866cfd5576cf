"""What the book says of recurrent networks for users, and how it draws them."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from perso.analysis import comparison, recurrent
from perso.methods.registry import methods_of
from perso.report import recurrent_figures, recurrent_text
from perso.report.effects_text import NOT_THERE

PARTS = ("D_I", "D_U", "D_G")


@pytest.fixture(autouse=True)
def drawing():
    """No window, and no figure or style left behind."""
    plt.switch_backend("Agg")
    with mpl.rc_context():
        yield
    plt.close("all")


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


# --- the answer


LEVELS = {
    "BaseLine": (0.80, 0.80),
    "TL-n-0": (0.80, 0.80),
    "TL-n-200 (1e-3)": (0.92, 0.75),
    "user gates": (0.82, 0.78),
    "user gates, shuffled": (0.82, 0.80),
    "user head 1": (0.81, 0.80),
}


def test_the_answer_has_every_way_and_the_shuffled_control(make_run):
    run = make_run("own")
    text = recurrent_text.recurrent_answer(type(run)("own", rows_of(LEVELS), run.provenance))
    assert text.startswith("6 people, compared with the generic network.")
    assert "fine-tuning all weights +12.0 [+11.8, +12.2] and -5.3 [" in text
    assert "at the gates +2.0 [" in text and "shuffled users in training +2.0" in text
    assert text.endswith(
        "At no place is an embedding shown to gain more than one with shuffled users."
    )


def test_the_answer_names_the_place_that_beats_shuffled_users(make_run):
    run = make_run("own")
    better = LEVELS | {"user gates": (0.9, 0.78)}
    text = recurrent_text.recurrent_answer(type(run)("own", rows_of(better), run.provenance))
    assert text.endswith("An embedding gains more than one with shuffled users at gates.")


def test_without_the_models_the_answer_is_not_known(make_run):
    assert recurrent_text.recurrent_answer(make_run("own")) == NOT_THERE


# --- user embeddings


SHUFFLED = ("user gates", "user gates, shuffled")


def test_a_row_is_compared_with_its_own_control():
    table = contrasts(
        recurrent.AGAINST_CONTROLS,
        {SHUFFLED: (2, 0, -3), ("user film", "user film, not fitted"): (3, 0, 0)},
    )
    assert recurrent_text.row_sentence(table, ", shuffled") == (
        "On D_I the fitted row is better at gates. On D_G the fitted row is worse at gates."
    )
    assert "better at film." in recurrent_text.row_sentence(table, ", not fitted")
    nothing = recurrent_text.row_sentence(table, ", another's row")
    assert nothing.count("not shown to be better or worse at any place") == 2
    assert recurrent_text.row_sentence(table.iloc[:0], ", shuffled") == NOT_THERE


def test_the_table_of_rows_has_a_line_for_every_control_and_place():
    table = recurrent_text.rows_table(contrasts(recurrent.AGAINST_CONTROLS, {SHUFFLED: (2, 1, -3)}))
    assert len(table) == 12
    line = table.loc[("minus shuffled", "gates")]
    assert list(line) == ["+2.0 [+1.0, +3.0]", "+1.0 [+0.0, +2.0]", "-3.0 [-4.0, -2.0]"]


@pytest.mark.parametrize(
    ("points", "reach", "end"),
    [
        (3, 1, "gains something beyond its weights."),
        (-3, 1, "harms the person."),
        (0, 0.1, "gains nothing beyond its weights."),
        (0, 5, "beyond that of more weights is not shown."),
    ],
)
def test_equal_numbers_of_weights(points, reach, end):
    pair = recurrent.SAME_NUMBERS[0]
    changes = {(pair.method, pair.other): (points, 0, 0)}
    table = contrasts(recurrent.SAME_NUMBERS, changes, reach)
    assert recurrent_text.size_sentence(table).endswith(end)


# --- fine-tuning


FINE_TUNED = {
    (recurrent.FAST, recurrent.GENERIC): (10, 9, -4),
    (recurrent.FAST, recurrent.ON_ANOTHER): (11, 9, 0),
    (recurrent.FAST, recurrent.ON_D_G): (8, 9, -6),
    ("replay, 200 iterations", recurrent.FAST): (0, 0, 5),
    ("head only, 200 iterations", recurrent.FAST): (-4, 0, 3),
}


def test_what_forgets_less_and_what_it_costs():
    text = recurrent_text.forgetting_sentence(contrasts(recurrent.OF_FINE_TUNING, FINE_TUNED))
    assert "+10.0 [+9.0, +11.0] points on D_I, +9.0 [+8.0, +10.0] on D_U and -4.0" in text
    assert "on D_G with “head only, 200 iterations” and “replay, 200 iterations”." in text
    assert text.endswith("Less is gained on D_I with “head only, 200 iterations”.")


def test_methods_that_forget_less_and_gain_less_are_named_once():
    changes = FINE_TUNED | {("replay, 200 iterations", recurrent.FAST): (-2, 0, 5)}
    text = recurrent_text.forgetting_sentence(contrasts(recurrent.OF_FINE_TUNING, changes))
    assert text.endswith("The same methods gain less on D_I.")


def test_own_data_must_beat_both_controls():
    own = recurrent_text.own_data_sentence(contrasts(recurrent.OF_FINE_TUNING, FINE_TUNED))
    assert "So it is the own data that help." in own
    assert own.endswith("So more training of any kind is not shown to help.")
    changes = FINE_TUNED | {
        (recurrent.FAST, recurrent.ON_D_G): (0.5, 0, 0),
        (recurrent.ON_D_G, recurrent.GENERIC): (0, 0, 2),
    }
    other = recurrent_text.own_data_sentence(contrasts(recurrent.OF_FINE_TUNING, changes))
    assert "That it is the own data is not shown." in other
    assert "the generic network was not trained to its end" in other


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
    text = recurrent_text.amount_sentence(curve({10: 0.5, 30: 4, 100: 9}))
    assert "+0.5 [-0.5, +1.5] and -0.5 [-1.5, +0.5] with 10 %" in text
    assert text.endswith("The smallest share with a gain on D_I is 30 %.")
    none = recurrent_text.amount_sentence(curve({10: 0.5}))
    assert none.endswith("A gain on D_I is not shown with any of them.")


# --- a second head


def test_heads_that_differ_from_the_generic_network_are_named():
    table = contrasts(
        recurrent.OF_HEADS,
        {("user head 0.1", "TL-n-0"): (2, 0, 0), ("user head 1, fed", "TL-n-0"): (-3, 0, 0)},
    )
    on_I, on_G = recurrent_text.heads_sentence(table).split(" On D_G")
    assert on_I == (
        "On D_I the differences are from -3.0 [-4.0, -2.0] (λ = 1, fed) to "
        "+2.0 [+1.0, +3.0] (λ = 0.1); better with λ = 0.1 and worse with λ = 1, fed."
    )
    assert on_G.endswith("none is shown to differ from 0.")


def test_weights_as_text():
    weights = pd.DataFrame(
        {"weights": [9102, 10326], "person": [0, 8]}, index=[recurrent.GENERIC, "user gates"]
    )
    assert list(recurrent_text.weights_table(weights).loc["user gates"]) == ["10,326", "113", "8"]


# --- figures


def test_a_line_for_every_embedding_and_an_axes_for_every_part():
    shown = recurrent_figures.embeddings_figure(contrasts(recurrent.AGAINST_GENERIC, {}))
    assert shown.alt.endswith("points. D_I: all +0.0. D_U: all +0.0. D_G: all +0.0.")
    fig = shown.figure
    assert [ax.get_xlabel() for ax in fig.axes] == [f"change on ${part}$ (pp)" for part in PARTS]
    labels = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert labels[0] == "input" and labels[-1] == "gates, nobody" and len(labels) == 17


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
