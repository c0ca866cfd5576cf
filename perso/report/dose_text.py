"""Texts about doses of early shaping, late iterations and other readings (chapters 9 and 11)."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from IPython.display import Markdown

from perso.analysis import changes, doses
from perso.methods.kinds import early_shaping, longer_baseline, with_more_epochs
from perso.methods.method import Method
from perso.methods.registry import DOSES, METHODS
from perso.parts import D_G, PARTS
from perso.report.sentences import agreed_signs, format_interval
from perso.report.tables import format_change
from perso.stats.cohorts import MIN_COHORTS, Mean
from perso.study.study import Study


def largest_dose(rows: pd.DataFrame) -> int:
    """Iterations of the largest dose of own data that was run with the usual epochs."""
    present = set(rows["method"])
    return max(
        method.shaping.early
        for method in DOSES
        if method.individual_data == "own"
        and method.shaping.epochs_factor == 1
        and method.name in present
    )


def own_or_general(rows: pd.DataFrame) -> pd.DataFrame:
    """A dose of own data minus as many iterations on general data: both train equally long.

    A line per dose and number of epochs that was run. Columns: dose, in iterations; factor, of the
    usual epochs; own and general, names of methods; change, low and high on D_G, shares.
    """
    present = set(rows["method"])
    lines = []
    for method in DOSES:
        dose, factor = method.shaping.early, method.shaping.epochs_factor
        if method.individual_data != "own" or not dose:
            continue
        general = longer_baseline(dose)
        other = general.name if factor == 1 else with_more_epochs(general, factor).name
        if {method.name, other} <= present:
            change = changes.change(rows, method.name, other, D_G.name)
            lines.append((dose, factor, method.name, other, change.mean, change.low, change.high))
    columns = ["dose", "factor", "own", "general", "change", "low", "high"]
    return pd.DataFrame(lines, columns=columns)


def harm_texts(rows: pd.DataFrame | None) -> dict[str, str]:
    """The largest dose, and what it does to D_G after the usual and after three times the epochs.

    {"dose": …, "usual": a change in points, "usual_word": see `harm`, "long": …, "long_word": …}

    rows   None where the data have no such people
    """
    keys = ("dose", "usual", "usual_word", "long", "long_word")
    if rows is None:
        return dict.fromkeys(keys, "not tested")
    dose = largest_dose(rows)
    texts = {"dose": f"{dose:,}"}
    own, general = early_shaping(dose), longer_baseline(dose)
    for key, one, other in (
        ("usual", own, general),
        ("long", with_more_epochs(own, 3), with_more_epochs(general, 3)),
    ):
        change = changes.change(rows, one.name, other.name, D_G.name)
        texts[key] = format_interval(change) or "not run"
        texts[f"{key}_word"] = harm(change)
    return texts


def harm(change: Mean) -> str:
    """What a change on D_G shows: harm | gain | no difference (TOST) | undecided."""
    if change.high < 0:
        return "harm"
    if change.low > 0:
        return "gain"
    low, high = change.interval(0.9)
    return "no difference" if -D_G.margin < low and high < D_G.margin else "undecided"


def dose_table(table: pd.DataFrame) -> pd.DataFrame:
    """Changes in percentage points: a line per dose and owner, a column per part and length.

    table   of `comparison.dose_effects`
    """
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for part in PARTS:
        for _, line in table.sort_values(("", "rounds"), kind="stable").iterrows():
            column = part, f"{line['', 'rounds']} × epochs"
            dose = f"{line['', 'dose']} on {line['', 'whose']} data"
            cells.setdefault(column, {})[dose] = format_change(line[part])
    return pd.DataFrame(cells).fillna("")


def late_methods(table: pd.DataFrame) -> list[Method]:
    """Methods of transfer learning that have a line in a table."""
    return [
        method
        for method in METHODS
        if method.family == "transfer learning" and method.name in table.index
    ]


def late_table(table: pd.DataFrame, optimiser: str) -> pd.DataFrame:
    """Changes by transfer learning in percentage points: optimiser, rate and iterations × part.

    table       of `comparison.compare`
    optimiser   of the study; methods that name none use it
    """
    lines = []
    for method in late_methods(table):
        terms = method.shaping
        line = {
            "optimiser": terms.late_optimiser or optimiser,
            "rate": terms.late_rate,
            "iterations": terms.late,
        }
        cells = {
            f"change on {part} in pp [95 %]": format_change(table.loc[method.name, part])
            for part in PARTS
        }
        lines.append(line | cells)
    keys = ["optimiser", "rate", "iterations"]
    return pd.DataFrame(lines).sort_values(keys).set_index(keys)


def late_texts(table: pd.DataFrame) -> dict[str, str]:
    """How many settings of transfer learning harm D_G, and the best of those that do not.

    table   of `comparison.compare`, with the generic network (TL-n-0) as the base

    late_settings, late_harmed, late_safe   counts: all; whose interval is below 0; whose interval
                                            excludes a loss larger than late_margin, points
    late_findings                           which of v1's and v3's findings occur, a sentence
    late_best                               of those without a loss, the best on D_I, a sentence
    """
    names = [method.name for method in late_methods(table)]
    on_G = table.loc[names, "D_G"]
    harmed = on_G.index[on_G["high"] < 0]
    safe = on_G.index[on_G["low"] > -D_G.margin]
    findings = {
        (True, True): "So both the harm that v1 found and its absence in v3 occur here.",
        (True, False): "So the harm that v1 found occurs here; its absence in v3 is not shown.",
        (False, True): "So harm is absent here, as in v3; that which v1 found is not shown.",
        (False, False): "So neither the harm that v1 found nor its absence in v3 is shown here.",
    }
    margin = f"{100 * D_G.margin:g}"
    best = f"No setting excludes a loss of more than {margin} points on D_G."
    if len(safe):
        name = table.loc[safe, ("D_I", "change")].idxmax()
        on_I, on_others = (format_change(table.loc[name, part]) for part in PARTS)
        best = (
            f"Of the settings that exclude a loss of more than {margin} points on D_G, {name} "
            f"helps the individual most: it changes accuracy by {on_I} points on the own data and "
            f"by {on_others} on everybody else's."
        )
    return {
        "late_settings": str(len(names)),
        "late_harmed": str(len(harmed) or "none"),
        "late_safe": str(len(safe) or "none"),
        "late_margin": margin,
        "late_findings": findings[len(harmed) > 0, len(safe) > 0],
        "late_best": best,
    }


# --- doses and lengths, and the papers' cells


def point_table(points: pd.DataFrame) -> pd.DataFrame:
    """Effects of relative doses in percentage points as text: a line per run and method.

    points   of `doses.dose_points`
    """
    keys = ["contrast", "method", "run"]
    lines = {}
    for key, of_both in points.groupby(keys, sort=False):
        first = of_both.iloc[0]
        line = {
            "length": f"{first['length']:,.0f}",
            "relative dose": share_text(first["relative"]),
        }
        for _, point in of_both.iterrows():
            line[f"{point['part']} in pp ± error"] = effect_text(point)
        line["the error is of"] = error_note(first)
        lines[key] = line
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis(keys).fillna("")


def share_text(share: float) -> str:
    """A relative dose in percent, with two digits."""
    return f"{100 * share:.2g} %" if share < 1 else f"{100 * share:,.0f} %"


def effect_text(point: pd.Series) -> str:
    """An effect with its standard error in percentage points; without it where there is none."""
    effect = f"{100 * point['effect']:+.2f}"
    if np.isnan(point["error"]):
        return f"{effect}, no error"
    return f"{effect} ± {100 * point['error']:.2f}"


def error_note(point: pd.Series) -> str:
    """How many people and D_G an error is of, and what it leaves out for that."""
    n, k = point["people"], point["cohorts"]
    note = f"{n} people"
    if n < doses.FEW_PEOPLE:
        note = f"{note} (few: not fitted)"
    if k < MIN_COHORTS:
        return f"{note}, {k} D_G: without the spread between D_G"
    return f"{note}, {k} D_G"


def cell_table(cells: pd.DataFrame) -> pd.DataFrame:
    """The papers' effects in percentage points as text, predicted and printed: a line per cell.

    Those on D_G come first, as irreversible harm would be there.

    cells   of `doses.predicted_cells`
    """
    names = []
    lines = []
    keys = ["contrast", "paper", "method"]
    for (contrast, paper, method), of_both in cells.groupby(keys, sort=False):
        first = of_both.iloc[0]
        line = {"dose of length": f"{first['dose']:,} of {paper}'s {first['length']:,}"}
        for _, cell in of_both.sort_values("part").iterrows():
            line[f"{cell['part']} predicted [95 %]"] = predicted_text(cell)
            printed = "" if np.isnan(cell["printed"]) else f"{100 * cell['printed']:+.2f}"
            line[f"{cell['part']} printed"] = f"{printed}, outside" if cell["outside"] else printed
        line["extrapolation"] = extrapolation_note(first)
        names.append((contrast, method))
        lines.append(line)
    return pd.DataFrame(lines, index=pd.MultiIndex.from_tuples(names, names=["contrast", "method"]))


def extrapolation_note(cell: pd.Series) -> str:
    """Beyond which length and doses of our runs a prediction lies."""
    if np.isnan(cell["effect"]):
        return "no prediction: runs of too few lengths"
    notes = []
    if cell["longer"]:
        notes.append(f"length beyond {cell['longest']:,.0f}")
    if cell["other dose"]:
        notes.append("relative dose of no run")
    return ", ".join(notes) or "none"


def slope_table(slopes: pd.DataFrame) -> pd.DataFrame:
    """Changes of effects by tenfold dose and tenfold length in points as text: a line per contrast.

    slopes   of `doses.dose_slopes`
    """
    lines: dict[str, dict[str, str]] = {}
    for _, slope in slopes.iterrows():
        cells = lines.setdefault(slope["contrast"], {"studies": str(slope["studies"])})
        cells[f"{slope['part']}, tenfold {slope['term']}"] = format_change(slope)
    return pd.DataFrame.from_dict(lines, orient="index")


def prediction_texts(cells: pd.DataFrame) -> dict[str, str]:
    """How many of the papers' effects of doses lie where our runs predict them, and how surely.

    cells   of `doses.predicted_cells`

    printed, known, inside    effects that the papers print, those that runs predict, and those that
                              lie in their 95 % prediction interval
    beyond, longest           predictions beyond the longest run of a fit; its iterations
    narrowest, widest         half of an interval, in points
    clear                     predictions whose interval excludes 0
    """
    printed = cells.dropna(subset="printed")
    known = printed.dropna(subset="effect")
    reach = 100 * (known["high"] - known["low"]) / 2
    some = not known.empty
    return {
        "printed": str(len(printed)),
        "known": str(len(known)),
        "inside": str(int((~known["outside"].astype(bool)).sum())),
        "beyond": str(int(known["longer"].sum())),
        "longest": f"{known['longest'].max():,.0f}" if some else "no",
        "narrowest": f"{reach.min():.1f}" if some else "unknown",
        "widest": f"{reach.max():.1f}" if some else "unknown",
        "clear": str(int(((known["low"] > 0) | (known["high"] < 0)).sum())),
    }


def predicted_text(cell: pd.Series) -> str:
    """The prediction of a cell in percentage points with its interval."""
    return format_change(cell[["effect", "low", "high"]].rename({"effect": "change"}))


def harm_by_dose_text(slopes: pd.DataFrame) -> str:
    """What ten times the relative dose does to the harm of own data on D_G, in words.

    slopes   of `doses.dose_slopes`
    """
    found = slopes[
        (slopes["contrast"] == doses.OWN_OR_GENERAL)
        & (slopes["part"] == D_G.name)
        & (slopes["term"] == "relative dose")
    ]
    if found.empty:
        return "the harm of own data on D_G is not known: there are too few runs"
    change, low, high = 100 * found.iloc[0][["change", "low", "high"]]
    if high < 0:
        return f"own data do more harm on D_G, by {-change:.1f} [{-high:.1f}, {-low:.1f}] points"
    if low > 0:
        return f"own data do less harm on D_G, by {change:.1f} [{low:.1f}, {high:.1f}] points"
    return (
        "own data are not shown to do more harm or less on D_G: accuracy there changes by "
        f"{format_change(found.iloc[0])} points"
    )


def collapse_sentence(slopes: pd.DataFrame) -> str:
    """Whether effects at all lengths lie on one curve over the relative dose.

    slopes   of `doses.dose_slopes`
    """
    of_length = slopes[slopes["term"] == "length"]
    if of_length.empty:
        return "Whether they do is not known: there are too few runs."
    n = len(of_length)
    margins = of_length["part"].map({name: part.margin for name, part in PARTS.items()})
    apart = int((of_length["scatter"] > margins).sum())
    clear = int(((of_length["low"] > 0) | (of_length["high"] < 0)).sum())
    limits = " or ".join(f"{100 * part.margin:g} on {name}" for name, part in PARTS.items())
    found = f"In {apart} of {n} comparisons they do not" if apart else "They do, as far as is shown"
    more = "more" if apart else "no more"
    return (
        f"{found}: beyond their errors, runs scatter around the fit by {more} than {limits}. The "
        f"largest SD is {100 * of_length['scatter'].max():.1f} points. At the same relative dose "
        f"the effect clearly changes with length in {clear} of {n}."
    )


def other_readings(studies: Mapping[str, Study]) -> dict[str, Study]:
    """The first study, and those of the others whose models are not the same as its.

    studies   by name; they differ in settings that the papers leave open
    """
    first, *others = studies
    kept = [name for name in others if not same_models(studies[first], studies[name])]
    return {name: studies[name] for name in (first, *kept)}


def same_models(one: Study, other: Study) -> bool:
    """Whether two studies have the same models: by their keys, or because they split alike."""
    if one.keys() == other.keys():
        return True
    if replace(other.settings, split=one.settings.split) != one.settings:
        return False
    here, there = (study.data.splits.train_of_all for study in (one, other))
    return all(set(here[person]) == set(there[person]) for person in here)


def readings_note(studies: Mapping[str, Study], compared: Mapping[str, Study]) -> Markdown:
    """Which readings are left out.

    compared   `other_readings`
    """
    first = next(iter(studies))
    names = " and ".join(f"*{name}*" for name in studies if name not in compared)
    if not names:
        return Markdown("Each reading has models of its own.")
    return Markdown(
        f"Left out: {names}, with these settings and data the same models as *{first}*."
    )


def readings_answer(table: pd.DataFrame) -> str:
    """How many clear changes of the first reading keep their sign under each other one, a sentence.

    table   of `comparison.compare_runs`, without readings of the same models
    """
    first, *others, _ = table.columns.unique(1)  # the last is v3's own
    names: dict[str, list[str]] = {}  # of readings with the same counts
    for name in others:
        names.setdefault(agreed_signs(table, first, name), []).append(name)
    if not names:
        return (
            "Other readings of network and split cannot be compared: with these settings and data "
            "they give the same models."
        )
    kept = "; ".join(f"{counts} with {' and with '.join(same)}" for counts, same in names.items())
    return f"Clear changes that keep their sign under another reading of network or split: {kept}."
