"""What the book says of effects, in both directions, and how it draws them."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from perso.analysis import effects
from perso.analysis.effects import BOTH, EARLY, LATE, LATE_FAST, WEIGHED
from perso.report import effects_figures, effects_text, tables
from perso.report.looks import HUES

NAN = (np.nan, np.nan)


def change(value, reach):
    """A change in points with the reach of its interval, as shares."""
    reach = np.nan if reach is None else reach
    found = {"change": value, "low": value - reach, "high": value + reach}
    return {name: each / 100 for name, each in found.items()}


def both(on_I, on_G):
    """The changes on D_I and on D_G, each (points, reach of the interval)."""
    parts = {"D_I": change(*on_I), "D_G": change(*on_G)}
    return {(part, name): value for part, block in parts.items() for name, value in block.items()}


def effects_table(printed=0.003, harmed=NAN, **methods):
    """A table of `effects.effects_table`: {method: (change on D_I, change on D_G)}."""
    lines = {}
    for name, changes in methods.items():
        lines[name] = both(*changes) | {
            ("D_I", "printed"): printed,
            ("D_G", "printed"): -2 * printed,
            ("cost", "seconds"): 240.0,
            ("cost", "iterations"): 0.09,
            ("harmed", "share"): 0.04,
            ("harmed", "low"): harmed[0],
            ("harmed", "high"): harmed[1],
            ("harmed", "observed"): 0.125,
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def contrasts(changes):
    """A table of `effects.contrast_table`: {(method, other): (change on D_I, change on D_G)}."""
    names = {(each.method, each.other): each.differs for each in effects.CONTRASTS}
    lines = {pair: {("", "differs"): names[pair], **both(*of)} for pair, of in changes.items()}
    return pd.DataFrame.from_dict(lines, orient="index")


UP, DOWN, OPEN, SAME = (2.0, 0.5), (-2.0, 0.5), (0.3, 1.0), (0.05, 0.1)
NONE = (np.nan, None)
EARLY_PAIRS = (EARLY, "BaseLine + 12 %"), (EARLY, "ES 12 % on another person")
LATE_PAIRS = (LATE, "TL 9 % on D_G (1e-4)"), (LATE, "TL 9 % on another person (1e-4)")
RATE_PAIRS = (BOTH, WEIGHED), ("TL 9 % on D_G (1e-4)", "TL-n-0")


# --- the answer


def test_a_change_is_in_points_with_its_interval_and_without_a_negative_zero():
    assert tables.format_change(pd.Series(change(1.24, 0.5))) == "+1.2 [+0.7, +1.7]"
    assert tables.format_change(pd.Series(change(-0.04, 0.5))) == "-0.0 [-0.5, +0.5]"
    assert tables.format_change(pd.Series(change(-1, None))) == "-1.0"
    assert tables.format_change(pd.Series(change(0.1, 0.116))) == "+0.1 [-0.0, +0.2]"
    assert tables.format_change(pd.Series(change(-0.0, 0.1))) == "+0.0 [-0.1, +0.1]"


def test_who_gains_at_whose_expense():
    net = effects_table(
        **{EARLY: (OPEN, UP), WEIGHED: (UP, DOWN), LATE: ((3.0, 1), DOWN), BOTH: (UP, OPEN)}
    )
    assert effects_text.gains_text(net) == (
        "Compared with as much training on everybody else's data, the person gains (+2.0 to +3.0 "
        "points) and everybody else loses (-2.0) with sample weighing and transfer learning; the "
        "person gains (+2.0 points), and no loss of everybody else is shown, with sample weighing "
        "that ends at rate 1e-4; no gain of the person is shown with early shaping."
    )
    assert effects_text.gains_text(effects_table(**{EARLY: (DOWN, UP), LATE: (SAME, DOWN)})) == (
        "Compared with as much training on everybody else's data, no gain of the person is shown "
        "with early shaping and transfer learning."
    )
    assert effects_text.gains_text(pd.DataFrame()) == effects_text.NOT_THERE


def test_a_small_rate_hides_what_everybody_else_loses():
    net = effects_table(**{WEIGHED: (UP, DOWN), LATE: (UP, DOWN), BOTH: (UP, SAME)})

    def said(on_G_late, on_G_general) -> str:
        changes = {WEIGHED: (UP, DOWN), LATE: (UP, on_G_late), BOTH: (UP, UP)}
        table = effects_table(**changes, **{effects.GENERAL: (UP, on_G_general)})
        return effects_text.hidden_text(table, net)

    assert "+2.0 [+1.5, +2.5] for everybody else. With transfer learning at rate" in said(OPEN, UP)
    assert said(OPEN, UP).endswith("they would have gained more.")
    assert said(DOWN, UP) == ""  # nothing is hidden
    assert said(OPEN, SAME) == ""  # not by the small rate
    assert effects_text.hidden_text(effects_table(**{EARLY: (UP, UP)}), pd.DataFrame()) == ""
    net.loc[BOTH] = net.loc[LATE]
    assert "With either method that ends at this rate, no loss" in said(OPEN, UP)


def test_the_people_and_the_losers_are_counted(make_relative_run):
    run = make_relative_run(changes={LATE: (0.1, -0.1)}, cohorts=1, people=2)
    assert effects_text.losers_text(run.rows, LATE, 0.004) == (
        "With transfer learning at rate 1e-4, 0 of 2 people's own networks are less accurate for "
        "the person than a network that never saw them (0.0 %, some by the sampling noise of few "
        "test samples; 0.4 % is expected without this noise), and 2 of 2 for everybody else."
    )
    assert "few test samples), and" in effects_text.losers_text(run.rows, LATE, np.nan)
    run.provenance["data"] = "qmnist"
    whom = effects_text.whom_text(run)
    assert whom.startswith("The people are those of qmnist")
    accuracy = run.rows.loc[run.rows["method"] == "BaseLine", "acc_G"].mean()
    assert f"and {100 * accuracy:.1f} % of everybody else's." in whom


def test_the_main_changes_are_named_by_part_and_method():
    table = effects_table(**{LATE: (UP, DOWN)})
    changes = effects_text.main_changes(table)
    assert changes["I_late"] == "+2.0 [+1.5, +2.5]"
    assert changes["G_late"] == "-2.0 [-2.5, -1.5]"
    assert changes["I_early"] == changes["G_both"] == "not run"
    assert len(changes) == 10


def test_printed_changes_are_named_by_family():
    table = effects_table(**{LATE: (UP, DOWN), WEIGHED: (UP, DOWN), EARLY: (UP, DOWN)})
    table.loc[WEIGHED, ("D_I", "printed")] = 0.004
    table.loc[EARLY, ("D_I", "printed")] = np.nan
    text = effects_text.printed_sentence(table)
    assert "else: +0.4 and " in text and " with sample weighing and +0.3 and " in text
    assert "early" not in text
    assert effects_text.printed_sentence(table.loc[[EARLY]]) == "v3 prints none of these changes."


def test_levels_of_the_own_run_stand_beside_those_of_the_shown_one(make_relative_run):
    own = make_relative_run(changes={LATE: (0.1, -0.1)}, cohorts=1, people=2)
    shown = make_relative_run(changes={LATE: (0.05, -0.1)})
    text = effects_text.levels_text(shown, own)
    assert "own run of 2 people, transfer learning at rate 1e-4 changes accuracy by" in text
    assert effects_text.levels_text(own, own) == ""


def test_the_leading_method_is_the_main_one_with_the_largest_gain():
    table = effects_table(**{LATE: (UP, DOWN), EARLY: (SAME, SAME), "ES 1.2 %": ((9.0, 1), SAME)})
    assert effects.leading(table) == LATE
    assert effects.leading(table.loc[["ES 1.2 %"]]) == "ES 1.2 %"


def test_few_cohorts_say_what_intervals_on_everybody_else_are_for(make_relative_run):
    for cohorts, words in ((1, "1 cohort"), (2, "2 cohorts"), (3, "3 cohorts")):
        run = make_relative_run(changes={LATE: (0, 0)}, cohorts=cohorts)
        text = effects_text.cohorts_text(run)
        assert f"people in {words}" in text
        assert ("hold for these people alone" in text) == (cohorts < 3)


def test_the_table_of_effects_as_text():
    table = effects_table(**{LATE: (UP, DOWN)}, harmed=(0.01, 0.07))
    assert effects_text.effects_text(table).loc[LATE].to_dict() == {
        "D_I in pp [95 %]": "+2.0 [+1.5, +2.5]",
        "D_I, v3": "+0.3",
        "D_G in pp [95 %]": "-2.0 [-2.5, -1.5]",
        "D_G, v3": "-0.6",
        "training per person": "4.0 min",
        "iterations, % of BaseLine's": "9.0",
        "expected harmed, % [95 %]": "4.0 [1.0, 7.0]",
        "observed, %": "12.5",
    }
    unknown = effects_table(**{LATE: (UP, (-1, None))}, printed=np.nan)
    text = effects_text.effects_text(unknown).loc[LATE]
    assert (text["D_I, v3"], text["D_G in pp [95 %]"]) == ("", "-1.0")
    assert text["expected harmed, % [95 %]"] == "4.0"
    unknown["harmed", "share"] = np.nan
    assert effects_text.effects_text(unknown).loc[LATE, "expected harmed, % [95 %]"] == ""


def test_short_times_are_in_seconds():
    texts = [tables.training_time(each) for each in (0.00321, 0.79, 12.3, 99, 100)]
    assert texts == ["0.0032 s", "0.79 s", "12 s", "99 s", "1.7 min"]


def test_names_are_listed():
    assert tables.listed(["a"]) == "a"
    assert tables.listed(["a", "b", "c"]) == "a, b and c"


# --- comparisons of equal length


def test_a_contrast_says_what_differs():
    text = effects_text.contrasts_text(contrasts({LATE_PAIRS[0]: (UP, DOWN)}))
    assert text == (
        "Own data last, not D_G (TL 9 % (1e-4) minus TL 9 % on D_G (1e-4)): +2.0 [+1.5, +2.5] "
        "points on D_I and -2.0 [-2.5, -1.5] points on D_G."
    )


@pytest.mark.parametrize(
    ("one", "other", "conclusion"),
    [
        (UP, UP, "own data help the person, if they come first"),
        (DOWN, DOWN, "own data harm the person, if they come first"),
        (OPEN, SAME, "not shown that the person's own data, coming first, help"),
        (UP, OPEN, "only one of the comparisons shows an effect"),
        (UP, DOWN, "the comparisons contradict each other"),
    ],
)
def test_early_shaping_in_every_direction(one, other, conclusion):
    pairs = dict(zip(EARLY_PAIRS, ((one, OPEN), (other, OPEN)), strict=True))
    text = effects_text.early_text(contrasts(pairs))
    assert conclusion in text and "No loss of everybody else is shown." in text
    pairs[EARLY_PAIRS[1]] = other, DOWN
    assert effects_text.early_text(contrasts(pairs)).endswith("Everybody else loses.")


@pytest.mark.parametrize(
    ("one", "conclusion"),
    [
        (UP, "the own data help the person more than other data do"),
        (DOWN, "coming last, harm the person"),
        (OPEN, "a gain from the person's own data is not shown"),
    ],
)
def test_late_training_in_every_direction(one, conclusion):
    pairs = dict(zip(LATE_PAIRS, ((one, OPEN), (one, OPEN)), strict=True))
    text = effects_text.late_text(contrasts(pairs), LATE)
    assert conclusion in text and "everybody else" not in text


def test_late_training_for_everybody_else():
    def text(general):
        pairs = dict(zip(LATE_PAIRS, ((UP, general), (UP, NONE)), strict=True))
        return effects_text.late_text(contrasts(pairs), LATE)

    assert "As much training on D_G would have been better" in text(DOWN)
    assert "everybody else" not in text(OPEN)
    # the control on another person has the same networks on D_G
    assert "on another person (1e-4)): +2.0 [+1.5, +2.5] points on D_I. So" in text(OPEN)


def test_only_the_methods_own_contrasts_count():
    table = contrasts({LATE_PAIRS[0]: (UP, OPEN), EARLY_PAIRS[0]: (DOWN, DOWN)})
    assert "ES 12 %" not in effects_text.late_text(table, LATE)
    assert effects_text.late_text(table, LATE_FAST) == effects_text.NOT_THERE


def test_the_small_rate_is_a_treatment_on_the_parts_that_all_contrasts_raise():
    def text(one, other):
        return effects_text.small_rate_text(
            contrasts(dict(zip(RATE_PAIRS, (one, other), strict=True)))
        )

    assert text((UP, UP), (UP, UP)).endswith("it raises accuracy on D_I and D_G.")
    assert text((OPEN, UP), (UP, UP)).endswith("it raises accuracy on D_G.")
    assert "not shown that a last phase" in text((UP, OPEN), (DOWN, UP))
    other = contrasts({LATE_PAIRS[0]: (UP, UP)})
    assert effects_text.small_rate_text(other) == effects_text.NOT_THERE


def test_what_training_before_the_last_phase_does():
    text = effects_text.throughout_text(contrasts({(BOTH, LATE): (OPEN, UP)}))
    assert text.endswith("does not clearly change accuracy on D_I and raises accuracy on D_G.")
    text = effects_text.throughout_text(contrasts({(BOTH, LATE): (DOWN, SAME)}))
    assert text.endswith("lowers accuracy on D_I and keeps accuracy on D_G.")
    other = contrasts({LATE_PAIRS[0]: (UP, UP)})
    assert effects_text.throughout_text(other) == effects_text.NOT_THERE


# --- halves, scales


def agreement(p_I=(0.5, 0.5, 0.5), p_G=(0.5, 0.5, 0.5)):
    """A table of `effects.agreement` of one method."""
    halvings = [f"halving {n}" for n in range(3)]
    lines = [
        {"method": LATE, "part": part, "halves": halves, "p": p, "within": 0.01, "df": df}
        | {"difference": -0.002 * (n + 1), "error": 0.001}
        for part, values, df in (("D_I", p_I, 176), ("D_G", p_G, 2))
        for n, (halves, p) in enumerate(zip(halvings, values, strict=True))
    ]
    return pd.DataFrame(lines)


def test_the_table_of_halves_marks_those_that_differ():
    text = effects_text.agreement_text(agreement(p_G=(0.5, 0.04, 0.5)))
    assert text.loc[LATE, "D_I"].tolist() == ["-0.2 ± 0.1", "-0.4 ± 0.1", "-0.6 ± 0.1"]
    assert text.loc[LATE, "D_G"].tolist() == ["-0.2 ± 0.1", "-0.4 ± 0.1*", "-0.6 ± 0.1"]
    assert effects_text.agreement_text(pd.DataFrame()).empty


def test_whether_halves_agree(make_relative_run):
    run = make_relative_run(changes={LATE: (0, 0)})
    text = effects_text.agreement_sentence(run, agreement(p_G=(0.04, 0.04, 0.5)))
    on_I, on_G = text.split("On D_G ")
    assert on_I == (
        "On D_I the halves agree within errors: 0 of 3 differences have p below .05, which needs "
        "a difference of 2.0 errors; the largest is 0.6 ± 0.1 points (TL 9 % (1e-4)). "
    )
    assert on_G.startswith("the halves do not agree within errors: 2 of 3 differences")
    assert "needs a difference of 4.3 errors" in on_G
    assert "3 of 3 differences on D_G would have p below .05" in on_G
    one = effects_text.agreement_sentence(run, agreement(p_I=(0.04, 0.5, 0.5)))
    assert "On D_I the halves agree within errors: 1 of 3" in one


def test_fewer_cohorts_cannot_be_asked(make_relative_run):
    run = make_relative_run(changes={LATE: (0, 0)}, cohorts=2)
    assert effects_text.agreement_sentence(run, pd.DataFrame()) == (
        "This cannot be asked here: it needs 4 cohorts, and the run has 2."
    )


def scales(points, logits, errors=None):
    """A table of `dispersion_scales.dispersion_on_scales`; each scale's interval is (low, high)."""
    errors = logits if errors is None else errors
    ends = {"percentage points": points, "relative error": errors, "logit": logits}
    lines = {
        name: {"base": 4.0, "method": 3.0, "change": -1.0, "low": low, "high": high}
        for name, (low, high) in ends.items()
    }
    return pd.DataFrame.from_dict(lines, orient="index")


def test_readings_of_scales_are_grouped():
    found = {
        EARLY: scales((-1, 1), (-1, 1)),
        WEIGHED: scales((-2, -0.5), (-1, -0.1), errors=(-1, 0.1)),
        LATE: scales((-2, -0.5), (-1, 1)),
        BOTH: scales((-2, -0.5), (-1, 1)),
        LATE_FAST: scales((0.5, 2), (0.5, 2)),
    }
    text = effects_text.readings_sentence(found)
    assert "on one of the two other scales: SW-n-2 (logit)." in text
    assert "is not shown: TL 9 % (1e-4) and SW-n-2, then 9 % (1e-4)." in text
    assert "(widening): TL 9 % (1e-3)." in text
    assert text.endswith("No change in percentage points is shown: ES 12 %.")
    alike = effects_text.more_alike_text(found)
    assert alike == "sample weighing (on one of two scales: logit)"
    found[EARLY] = scales((-1, -0.1), (-1, -0.1))
    assert "both other scales (equalising): ES 12 %." in effects_text.readings_sentence(found)
    assert effects_text.more_alike_text(found).startswith("early shaping and sample weighing (")
    assert effects_text.more_alike_text({LATE: found[LATE]}) == "no method"


def test_every_reading_of_scales_has_a_sentence():
    ends = {"down": (-2, -1), "up": (1, 2), "open": (-1, 1)}
    for points in ends.values():
        for logits in ends.values():
            for errors in ends.values():
                text = effects_text.readings_sentence({LATE: scales(points, logits, errors)})
                assert text.count("TL 9 % (1e-4)") == 1


def test_scales_as_text():
    text = effects_text.scales_text({LATE: scales((-2, -0.5), NAN)})
    assert text.loc[LATE].to_dict() == {
        "percentage points": "4.0 → 3.0 (-1.0 [-2.0, -0.5])",
        "relative error": "4.00 → 3.00",
        "logit": "4.00 → 3.00",
        "reads as": "equalising not shown",
    }


# --- figures


def test_the_figure_has_a_line_per_method_and_crosses_for_printed_values():
    table = effects_table(**{EARLY: (OPEN, UP), LATE: (UP, DOWN)})
    shown = effects_figures.effects_figure(table)
    assert "D_G: highest ES 12 % +2.0, lowest TL 9 % (1e-4) -2.0." in shown.alt
    fig = shown.figure
    for ax, part, printed in zip(fig.axes, ("D_I", "D_G"), (0.3, -0.6), strict=True):
        dots = [line for line in ax.lines if line.get_marker() == "o"]
        changes = 100 * table[part]["change"]
        assert [dot.get_xdata()[0] for dot in dots] == pytest.approx(list(changes))
        assert [dot.get_ydata()[0] for dot in dots] == [0, 1]
        hues = [HUES["early shaping"], HUES["transfer learning"]]
        assert [mpl.colors.to_rgb(dot.get_color()) for dot in dots] == [
            mpl.colors.to_rgb(hue) for hue in hues
        ]
        *bars, crosses = ax.collections
        ends = [bar.get_segments()[0][:, 0].tolist() for bar in bars]
        assert ends == [
            pytest.approx(100 * table.loc[name, part][["low", "high"]].to_numpy(float))
            for name in table.index
        ]
        assert crosses.get_offsets()[:, 0].tolist() == pytest.approx([printed, printed])
        assert ax.get_xlabel().endswith("(pp)")
    labels = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert labels == [EARLY, LATE]


def test_each_cohort_is_a_ring_on_the_line_of_its_method():
    table = effects_table(**{EARLY: (OPEN, UP), LATE: (UP, DOWN)})
    columns = [(part, name) for part in ("D_I", "D_G") for name in (LATE, EARLY)]
    cohorts = pd.DataFrame([[0.01, 0.02, 0.03, 0.04], [0.02, 0.03, 0.04, 0.05]])
    cohorts.columns = pd.MultiIndex.from_tuples(columns)
    shown = effects_figures.effects_figure(table, cohorts)
    assert shown.alt.endswith("Small rings are 2 single cohorts.")
    rings = next(
        each for each in shown.figure.axes[1].collections if each.get_label() == "a cohort"
    )
    places = rings.get_offsets()
    assert places[:, 0].tolist() == pytest.approx([4, 3, 5, 4])  # early, then late
    assert places[:, 1].round().tolist() == [0, 1, 0, 1]


def test_the_figure_of_contrasts_names_both_methods_and_their_difference():
    table = contrasts({LATE_PAIRS[0]: (UP, DOWN), EARLY_PAIRS[0]: ((1, None), OPEN)})
    shown = effects_figures.contrasts_figure(table)
    assert "D_I: highest TL 9 % (1e-4) minus TL 9 % on D_G (1e-4) +2.0" in shown.alt
    fig = shown.figure
    labels = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert labels[0] == "own data last, not $D_G$\nTL 9 % (1e-4) minus TL 9 % on $D_G$ (1e-4)"
    fig.canvas.draw()


def test_the_figure_of_contrasts_says_where_networks_are_the_same():
    pairs = dict(zip(LATE_PAIRS, ((UP, DOWN), (UP, NONE)), strict=True))
    shown = effects_figures.contrasts_figure(contrasts(pairs))
    assert "1 of 2 pairs are left out on D_G. On D_G these are the same networks" in shown.alt
    on_I, on_G = shown.figure.axes
    assert [text.get_text() for text in on_G.texts] == [effects_figures.NOT_DRAWN]
    assert not on_I.texts
    only_general = effects_figures.contrasts_alt(contrasts({LATE_PAIRS[0]: (UP, DOWN)}))
    assert "left out" not in only_general
