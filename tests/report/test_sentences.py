"""What chapters say of pairs, doses, likeness and late iterations fits the numbers."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import accuracy, comparison
from perso.methods.registry import DOSES, METHODS, TABLES
from perso.report import figures, sentences

PEOPLE = ("ann", "bob", "eve", "joe")
NOISE = np.array([-0.01, 0.0, 0.0, 0.01])


def rows(levels: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """Four people's rows of methods, from mean accuracies on D_I and on D_G; the first method without noise.

    Each further method has a little more of it: where differences do not vary there are no intervals.
    """
    lines = []
    for place, (name, (on_I, on_G)) in enumerate(levels.items()):
        more = 1 + (place - 1) / 100 if place else 0
        for person, noise in zip(PEOPLE, NOISE, strict=True):
            lines.append((name, person, on_I + more * noise, on_G + more * noise / 10, 1.0))
    return pd.DataFrame(lines, columns=["method", "person", "acc_I", "acc_G", "seconds"])


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


# --- pairs


def test_every_pair_is_told_and_what_was_not_run_is_named():
    told = sentences.difference_list(
        rows(ALL_DOSES), [("ES-n-400", "ES-n-40"), ("ES-n-5000", "BaseLine")]
    ).data
    first, second = told.splitlines()
    assert (
        first == f"- {sentences.difference_sentence(rows(ALL_DOSES), 'ES-n-400', 'ES-n-40')}"
        and "+4.0" in first
    )
    assert second == "- ES-n-5000 minus BaseLine: not known, this run is without ES-n-5000"


def test_equivalence_is_told_only_where_it_is_shown():
    apart = rows({"BaseLine": (0.8, 0.9), "ES-n-400": (0.8, 0.9)})
    said = sentences.equivalence_sentence(apart, "ES-n-400", "BaseLine")
    assert (
        "not shown to be equivalent within ±0.5 points on D_I (+0.00, 90 % interval -0.96 to +0.96)"
        in said
    )
    assert "and equivalent within ±0.2 points on D_G (+0.00, 90 % interval -0.10 to +0.10)" in said


def test_what_lies_outside_the_margin_is_told_apart_from_what_is_open():
    said = sentences.equivalence_sentence(
        rows({"BaseLine": (0.8, 0.9), "ES-n-400": (0.7, 0.91)}), "ES-n-400", "BaseLine"
    )
    assert "are further apart than ±0.5 points on D_I (-10.00" in said
    assert "and further apart than ±0.2 points on D_G (+1.00" in said


def test_a_trend_is_one_that_all_people_follow():
    names = ["BaseLine", "SW-n-12", "SW-n-2"]
    up = rows({"BaseLine": (0.7, 0.9), "SW-n-12": (0.8, 0.8), "SW-n-2": (0.9, 0.7)})
    there, back = sentences.trend_list(up, [names, names[::-1]]).data.splitlines()
    p = f"{(1 / 6) ** len(PEOPLE):.2g}"  # one of six orders, for everybody
    assert (
        there
        == f"- BaseLine, SW-n-12, SW-n-2: p = {p} that accuracy rises on D_I, {p} that it falls on D_G"
    )
    assert back.endswith("p = 1 that accuracy rises on D_I, 1 that it falls on D_G")


def test_one_person_has_no_interval():
    one = rows({"BaseLine": (0.8, 0.9), "ES-n-400": (0.8, 0.9)}).query("person == 'bob'")
    assert sentences.equivalence_sentence(one, "ES-n-400", "BaseLine").count("no interval") == 2


def test_of_people_who_are_all_alike_nothing_is_said_to_be_equivalent_or_harmed():
    alike = rows({"BaseLine": (0.8, 0.9)})
    for loss in (0.0, 0.02):
        both = pd.concat(
            [alike, alike.assign(method="ES-n-400", acc_I=0.8 - loss, acc_G=0.9 - loss)]
        )
        said = sentences.equivalence_sentence(both, "ES-n-400", "BaseLine")
        assert said.count("not shown to be equivalent") == said.count("no interval") == 2
        assert (
            sentences.harm(comparison.paired_differences(both, "ES-n-400", "BaseLine")["D_G"])
            == "undecided"
        )


# --- doses


def test_a_dose_is_counted_from_the_baseline_with_as_many_epochs():
    table = comparison.dose_effects(rows(ALL_DOSES))
    assert list(table.index) == [
        m.name for m in DOSES if m.name in ALL_DOSES and (m.early or m.extra)
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
    ("level", "verdict", "said_of_it"),
    [
        (0.95, "harm", "by -1.0 [-1.0, -1.0] points after three times as many."),
        (0.9575, "undecided", "-0.2 ["),
        (0.96, "no difference", "+0.0 ["),
        (0.97, "gain", "+1.0 ["),
    ],
)
def test_a_dose_harms_where_as_much_general_training_would_not(level, verdict, said_of_it):
    def wide(name, people):  # the undecided one varies more
        return people + np.where(verdict == "undecided", 40 * NOISE / 10, 0) * (
            name == "ES-n-400, 3 × epochs"
        )

    seen = rows(ALL_DOSES | AT_3 | {"ES-n-400, 3 × epochs": (0.9, level)})
    seen["acc_G"] = seen.groupby("method", sort=False)["acc_G"].transform(
        lambda part: wide(part.name, part.to_numpy())
    )
    said = sentences.dose_sentence(seen)
    assert said.startswith(
        f"harm after the usual epochs, {verdict} after three times as many. 400 iterations on one"
    )
    assert "by -4.0 [" in said and said_of_it in said


def test_doses_are_shown_by_owner_and_length():
    table = sentences.dose_table(comparison.dose_effects(rows(ALL_DOSES)))
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


def test_doses_are_drawn_a_line_each():
    _, ax = figures.plt.subplots()
    figures.dose_figure(ax, comparison.dose_effects(rows(ALL_DOSES)), "D_G")
    labels = ax.get_legend_handles_labels()[1]
    assert labels == [
        "own data, 1 × epochs after it",
        "general data, 1 × epochs after it",
        "another's data, 1 × epochs after it",
        "own data, 3 × epochs after it",
    ]
    assert ax.get_xscale() == "log" and "D_G" in ax.get_ylabel()
    figures.plt.close()


# --- late iterations


LATE = {
    "BaseLine": (0.8, 0.9),
    "TL-n-10 (1e-3)": (0.9, 0.8),
    "TL-n-300 (1e-4)": (0.88, 0.9),
    "TL-n-10 (1e-2 sgd)": (0.85, 0.9),
}


def test_the_best_late_setting_does_no_harm():
    said = sentences.late_sentence(comparison.compare(rows(LATE)))
    assert said.startswith(
        "Of 3 settings of transfer learning (optimiser, rate, length) 1 lower accuracy on D_G, "
    )
    assert (
        "for 2 a loss above 0.2 points is excluded: v1's harm and v3's lack of it can both be had."
        in said
    )
    assert "Of these, TL-n-300 (1e-4) gives the individual most (+8.0 [" in said


def test_a_loss_that_noise_may_hide_is_not_excluded():
    seen = rows(LATE)
    noisy = seen["method"] == "TL-n-300 (1e-4)"
    seen.loc[noisy, "acc_G"] += 2 * NOISE
    said = sentences.late_sentence(comparison.compare(seen))
    assert "for 1 a loss" in said and "Of these, TL-n-10 (1e-2 sgd) gives" in said


def test_a_loss_is_not_excluded_where_nobody_differs():
    seen = rows(LATE)
    start = seen.loc[seen["method"] == "BaseLine", "acc_G"].to_numpy()
    seen.loc[seen["method"] == "TL-n-10 (1e-2 sgd)", "acc_G"] = start
    assert "for 1 a loss" in sentences.late_sentence(comparison.compare(seen))


def test_where_nothing_harms_or_all_does_nothing_more_is_said():
    for harm in (0.0, 0.2):
        levels = {
            name: (on_I, 0.9 - harm * (name != "BaseLine")) for name, (on_I, _) in LATE.items()
        }
        said = sentences.late_sentence(comparison.compare(rows(levels)))
        assert f" {3 if harm else 0} lower accuracy on D_G" in said and "both be had" not in said
        assert said.endswith("for 0 a loss above 0.2 points is excluded.") == bool(harm)


def test_late_iterations_stand_by_optimiser_and_rate():
    table = sentences.late_table(comparison.compare(rows(LATE)))
    assert table.index.tolist() == ["as the study, 0.001", "as the study, 0.0001", "sgd, 0.01"]
    assert table.columns.tolist() == [(part, late) for part in ("D_I", "D_G") for late in (10, 300)]


def test_a_sweep_is_drawn_along_its_parameter():
    _, ax = figures.plt.subplots()
    along = {"TL-n-10 (1e-3)": 10, "TL-n-300 (1e-4)": 300, "not there": 5}
    figures.sweep(ax, comparison.compare(rows(LATE)), "D_I", along, "a")
    line = ax.containers[0].lines[0]
    assert line.get_xdata().tolist() == [10, 300] and line.get_ydata() == pytest.approx([10, 8])
    figures.plt.close()


def test_late_courses_are_a_line_each_over_their_iterations():
    _, ax = figures.plt.subplots()
    figures.late_figure(
        ax, comparison.compare(rows(LATE | {"TL-n-300 (1e-3)": (0.95, 0.7)})), "D_I", "adam"
    )
    lines = {bars.get_label(): bars.lines[0].get_xdata().tolist() for bars in ax.containers}
    assert lines == {"adam, 0.001": [10, 300], "adam, 0.0001": [300], "sgd, 0.01": [10]}
    assert [label.get_text() for label in ax.get_xticklabels()] == ["10", "300"]
    figures.plt.close()


# --- likeness


def test_likeness_is_told_beside_raw_pixels():
    ours, raw = (
        pd.Series({"× chance": x, "class": c, "R²": 0.2, "p": 0.001})
        for x, c in ((4.71, 0.911), (7, 0.98))
    )
    said = sentences.similarity_sentence(ours, raw, 16)
    assert (
        "4.7 times as often as by chance" in said
        and "91% of cases" in said
        and "20 % of the variation" in said
    )


def test_nearness_counts_people():
    table = pd.DataFrame(
        {"own": [1.0, 2.0, 3.0], "D_G": [0.9, 1.9, 3.1], "as few": [2.0, 2.1, 2.9]}
    )
    assert sentences.nearness_sentence(table) == (
        "For 2 of 3 people all of D_G holds nearer samples than their own; as few of it as they have, for 1."
    )


def test_gains_are_told_on_both_kinds_of_classes():
    table = pd.DataFrame({"these": [0.10, 0.12, 0.14], "others": [0.02, 0.04, 0.03]})
    said = sentences.gain_sentence(table).data
    assert said.startswith("+12.0 [") and "+3.0 [" in said and "the difference is +9.0 [" in said


# --- every method can be shown


def test_every_method_has_a_colour_and_v3s_keep_theirs():
    shades = figures.colours()
    assert set(shades) == {method.name for method in METHODS}
    for family in {method.family for method in METHODS}:
        for table in (TABLES["v3"], TABLES["sweeps"]):
            names = [
                method.name
                for method in table
                if method.family == family and method in TABLES["v3"]
            ]
            assert len({shades[name] for name in names}) == len(names)


# --- repeats


def test_what_varies_is_told_apart_and_generic_models_widen_what_rests_on_them():
    """Two methods, 12 people, 2 halves of 3 repeats; the luck of the generic model is its half's and repeat's."""
    rng, lines = np.random.default_rng(0), []
    luck = np.array([0.03, -0.03, 0.02, -0.02, 0.025, -0.025])
    for person in range(12):
        people = rng.normal(0, 0.05)
        for repeat in range(3):
            generic = luck[2 * repeat + person % 2]
            for method, share in (("BaseLine", 0.8), ("TL-n-300 (1e-4)", 0.85 + generic)):
                lines.append(
                    {
                        "method": method,
                        "person": str(person),
                        "fold": person % 2,
                        "repeat": repeat,
                        **{acc: share + people + rng.normal(0, 0.01) for acc in ("acc_I", "acc_G")},
                    }
                )
    made = pd.DataFrame(lines)
    parts = accuracy.variance_components(made)
    assert list(parts.index) == ["person", "person × method", "repeat", "residual"]
    assert parts.loc["person", "D_I"] == pytest.approx(5, abs=2)
    told = sentences.generic_models(made, ["TL-n-300 (1e-4)"], "BaseLine").loc[
        "TL-n-300 (1e-4) − BaseLine, D_I"
    ]
    assert told["of generic models"] == pytest.approx(2.7, abs=1) and told["sd of people"] < 1
    ends = [float(end) for end in told["generic models, too"].split("[")[1].rstrip("]").split(",")]
    alone = [float(end) for end in told["people alone"].split("[")[1].rstrip("]").split(",")]
    assert ends[1] - ends[0] > 1.4 * (alone[1] - alone[0])
