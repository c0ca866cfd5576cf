"""Texts about what personalization does to the person and to everybody else (chapter 0)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from perso.analysis import accuracy, effects
from perso.analysis.comparison import change_by_part
from perso.analysis.dispersion_scales import NO_CHANGE, reading, shrinking
from perso.analysis.effects import BOTH, EARLY, GENERAL, LATE, LATE_FAST, WEIGHED
from perso.data.sizes import counted
from perso.methods.method import BASELINE
from perso.methods.registry import FAMILY_OF
from perso.parts import PARTS
from perso.report.directions import direction, directions, together
from perso.report.sentences import format_interval
from perso.report.tables import (
    SIGNIFICANT,
    format_change,
    listed,
    signed_points,
    training_time,
)
from perso.stats.cohorts import MIN_COHORTS
from perso.store.published import Published

SHORT = {
    EARLY: "early shaping",
    WEIGHED: "sample weighing",
    LATE_FAST: "transfer learning at rate 1e-3",
    LATE: "transfer learning at rate 1e-4",
    BOTH: "sample weighing that ends at rate 1e-4",
}
# names of glued values
GLUED = {
    "early": EARLY,
    "weighed": WEIGHED,
    "late_fast": LATE_FAST,
    "late": LATE,
    "both": BOTH,
}
# in the registry BOTH is a control
FAMILY = FAMILY_OF | {BOTH: FAMILY_OF[WEIGHED]}
SMALL_RATE = (LATE, BOTH)  # methods that end with a small learning rate
NOT_THERE = "Not known yet: the run does not have the models."
# what comparisons show that do not all show the same, see `directions.together`
NOT_ALL = {
    "one": "So only one of the comparisons shows an effect of the person's own data.",
    "mixed": "So the comparisons contradict each other.",
}
READINGS = {
    "equalising": (
        "People come nearer to each other in percentage points and on both other scales "
        "(equalising)"
    ),
    "equalising on one of two scales": (
        "People come nearer to each other in percentage points and on one of the two other scales"
    ),
    "equalising not shown": (
        "People come nearer to each other in percentage points, but that this is more than a "
        "ceiling is not shown"
    ),
    "widening": "People differ more in percentage points and on both other scales (widening)",
    "widening on one of two scales": (
        "People differ more in percentage points and on one of the two other scales"
    ),
    "widening not shown": (
        "People differ more in percentage points; on the other scales this is not shown"
    ),
    NO_CHANGE: "No change in percentage points is shown",
}


# --- the answer


def cohorts_text(run: Published) -> str:
    """How many people and cohorts a run has, and what its intervals on D_G hold for."""
    cohorts = run.rows["fold"].nunique()
    people = f"{run.rows['person'].nunique()} people in {counted(cohorts, 'cohort')}"
    if cohorts < MIN_COHORTS:
        return f"{people} (intervals for everybody else hold for these people alone)"
    return people


def whom_text(run: Published) -> str:
    """Whose samples the numbers are about, and how accurate the baseline is on them."""
    accuracies = accuracy.by_part(run.rows)
    reads = {part: 100 * accuracies[part][BASELINE].mean() for part in PARTS}
    is_flipped = run.provenance["settings"]["flips"] and run.provenance.get("kind") == "images"
    return (
        f"The people are those of {run.provenance['data']}"
        + (", whose images are there as written, mirrored and upside down" if is_flipped else "")
        + f". Without the person's data {reads['D_I']:.1f} % of the person's test samples are "
        f"classified rightly, and {reads['D_G']:.1f} % of everybody else's."
    )


def main_changes(table: pd.DataFrame) -> dict[str, str]:
    """The changes by the methods of GLUED with their intervals, by part and method: I_early, …

    table   of `effects.effects_table` or `effects.net_table`
    """
    return {
        f"{part[-1]}_{name}": format_change(table.loc[method, part])
        if method in table.index
        else "not run"
        for name, method in GLUED.items()
        for part in PARTS
    }


def gains_text(net: pd.DataFrame) -> str:
    """With which of the main methods the person gains, and at whose expense, in one sentence.

    net   of `effects.net_table`
    """
    if net.empty:
        return NOT_THERE
    gains = directions(net, "D_I") == "raises"
    loses = directions(net, "D_G") == "lowers"
    both, alone = net[gains & loses], net[gains & ~loses]
    found = []
    if len(both):
        found.append(
            f"the person gains ({range_text(both, 'D_I')} points) and everybody else loses "
            f"({range_text(both, 'D_G')}) with {methods_text(both, net)}"
        )
    if len(alone):
        found.append(
            f"the person gains ({range_text(alone, 'D_I')} points), and no loss of everybody else "
            f"is shown, with {methods_text(alone, net)}"
        )
    if not gains.all():
        found.append(f"no gain of the person is shown with {methods_text(net[~gains], net)}")
    return f"Compared with as much training on everybody else's data, {'; '.join(found)}."


def range_text(table: pd.DataFrame, part: str) -> str:
    """The smallest and the largest mean change on a part, in points; one where they are alike."""
    ends = [signed_points(table[part, "change"].min()), signed_points(table[part, "change"].max())]
    return " to ".join(dict.fromkeys(ends))


def methods_text(some: pd.DataFrame, all_: pd.DataFrame) -> str:
    """Names of methods: a family's own where all of its methods are among them."""
    names = {}
    for method in some.index:
        of_family = [each for each in all_.index if FAMILY[each] == FAMILY[method]]
        is_whole = all(each in some.index for each in of_family)
        names[FAMILY[method] if is_whole else SHORT[method]] = None
    return listed(list(names))


def hidden_text(table: pd.DataFrame, net: pd.DataFrame) -> str:
    """With which methods a small learning rate hides what everybody else loses; may be empty.

    table   of `effects.effects_table`
    net     of `effects.net_table`
    """
    names = [name for name in SMALL_RATE if name in net.index]
    if not names or direction(table.loc[GENERAL, "D_G"], "D_G") != "raises":
        return ""
    losing = directions(net.loc[names], "D_G") == "lowers"
    shown = directions(table.loc[names], "D_G") == "lowers"
    hidden = list(losing.index[losing & ~shown])
    if not hidden:
        return ""
    on_I, on_G = (format_change(table.loc[GENERAL, part]) for part in PARTS)
    methods = "either method that ends at this rate"
    if len(hidden) < len(SMALL_RATE):
        methods = listed([SHORT[name] for name in hidden])
    return (
        "A small learning rate at the end helps everybody, whosever data it sees: on everybody "
        f"else's data alone by {on_I} points for the person and {on_G} for everybody else. With "
        f"{methods}, no loss of everybody else is shown on average; with their own data in place "
        "of the person's, they would have gained more."
    )


def losers_text(rows: pd.DataFrame, method: str, expected: float) -> str:
    """How many people lose accuracy on their test samples, on D_I and on D_G.

    rows       of trained models, with the method and the baseline
    expected   share of people who lose on D_I without sampling noise (`effects.expected_harm`)
    """
    accuracies = accuracy.by_part(rows)
    changes = {part: accuracies[part][method] - accuracies[part][BASELINE] for part in PARTS}
    people = changes["D_I"].count()
    own, others = ((each < 0).sum() for each in changes.values())
    noise = "" if pd.isna(expected) else f"; {100 * expected:.1f} % is expected without this noise"
    return (
        f"With {SHORT.get(method, method)}, {own} of {people} people's own networks are less "
        f"accurate for the person than a network that never saw them ({100 * own / people:.1f} %, "
        f"some by the sampling noise of few test samples{noise}), and {others} of {people} for "
        "everybody else."
    )


def levels_text(run: Published, own: Published) -> str:
    """How far the changes of a book's own run differ from those of the shown run; may be empty.

    run   the run that is shown
    own   the book's own
    """
    method = next((name for name in (LATE_FAST, LATE) if name in set(own.rows["method"])), None)
    if run is own or method is None:
        return ""
    on_own, shown = (
        [format_interval(each) for each in change_by_part(one.rows, method, BASELINE).values()]
        for one in (own, run)
    )
    return (
        f"In this book's own run of {own.rows['person'].nunique()} people, {SHORT[method]} changes "
        f"accuracy by {on_own[0]} points for the person and by {on_own[1]} for everybody else, "
        f"where the table has {shown[0]} and {shown[1]}."
    )


def printed_sentence(table: pd.DataFrame) -> str:
    """The changes that v3 prints with the main methods, a pair for each family."""
    pairs = {}
    for method in GLUED.values():
        if method in table.index:
            printed = [table.loc[method, (part, "printed")] for part in PARTS]
            if not np.isnan(printed).any():
                pairs[FAMILY[method]] = " and ".join(map(signed_points, printed))
    if not pairs:
        return "v3 prints none of these changes."
    changes = listed([f"{pair} with {family}" for family, pair in pairs.items()])
    return f"v3 prints, in points for the person and for everybody else: {changes}."


def harm_text(line: pd.Series) -> str:
    """The expected share of harmed people in percent with its interval, if it has one."""
    if pd.isna(line["share"]):
        return ""
    share, low, high = (f"{100 * line[name]:.1f}" for name in ("share", "low", "high"))
    return share if pd.isna(line["low"]) else f"{share} [{low}, {high}]"


def effects_text(table: pd.DataFrame) -> pd.DataFrame:
    """`effects.effects_table` as text: a line per method."""
    columns: dict[str, Sequence[str]] = {}
    for part in PARTS:
        columns[f"{part} in pp [95 %]"] = table[part].apply(format_change, axis=1)
        columns[f"{part}, v3"] = [
            "" if pd.isna(printed) else signed_points(printed) for printed in table[part]["printed"]
        ]
    cost, harmed = table["cost"], table["harmed"]
    columns["training per person"] = cost["seconds"].map(training_time)
    columns[f"iterations, % of {BASELINE}'s"] = (100 * cost["iterations"]).map("{:.1f}".format)
    columns["expected harmed, % [95 %]"] = harmed.apply(harm_text, axis=1)
    columns["observed, %"] = (100 * harmed["observed"]).map("{:.1f}".format)
    return pd.DataFrame(columns, index=table.index)


# --- comparisons of equal length


def early_text(contrasts: pd.DataFrame) -> str:
    """Whether it matters whose data come first.

    contrasts   of `effects.contrast_table`
    """
    lines = of_method(contrasts, EARLY)
    if lines.empty:
        return NOT_THERE
    conclusion = {
        "raises": "So the person's own data help the person, if they come first.",
        "lowers": "So the person's own data harm the person, if they come first.",
        "no": "So it is not shown that the person's own data, coming first, help the person.",
        **NOT_ALL,
    }
    on_G = directions(lines, "D_G")
    harm = "No loss of everybody else is shown."
    if (on_G == "lowers").any():
        harm = "Everybody else loses."
    return f"{contrasts_text(lines)} {conclusion[together(lines, 'D_I')]} {harm}"


def late_text(contrasts: pd.DataFrame, method: str) -> str:
    """Whether it matters whose data come last.

    contrasts   of `effects.contrast_table`
    method      effects.LATE or effects.LATE_FAST
    """
    lines = of_method(contrasts, method)
    if lines.empty:
        return NOT_THERE
    conclusion = {
        "raises": "So in the last phase the own data help the person more than other data do.",
        "lowers": "So the person's own data, coming last, harm the person.",
        "no": "So a gain from the person's own data is not shown.",
        **NOT_ALL,
    }
    sentences = [contrasts_text(lines), conclusion[together(lines, "D_I")]]
    on_G = directions(lines, "D_G")
    general = [name for name in lines.index if "on D_G" in name[1]]
    if (on_G[general] == "lowers").any():
        sentences.append("As much training on D_G would have been better for everybody else.")
    return " ".join(sentences)


def small_rate_text(contrasts: pd.DataFrame) -> str:
    """Whether a last phase at a small learning rate is a treatment by itself.

    contrasts   of `effects.contrast_table`
    """
    phases = [(BOTH, WEIGHED), ("TL 9 % on D_G (1e-4)", "TL-n-0")]
    lines = contrasts.loc[[pair for pair in phases if pair in contrasts.index]]
    if lines.empty:
        return NOT_THERE
    raised = [part for part in PARTS if (directions(lines, part) == "raises").all()]
    conclusion = "So it is not shown that a last phase at a small learning rate helps by itself."
    if raised:
        conclusion = (
            "So a last phase at a small learning rate is a treatment by itself: without any other "
            f"kind of batch it raises accuracy on {listed(raised)}."
        )
    return f"{contrasts_text(lines)} {conclusion}"


def throughout_text(contrasts: pd.DataFrame) -> str:
    """Whether own data throughout training add something to own data at its end.

    contrasts   of `effects.contrast_table`
    """
    pairs = [(BOTH, LATE)]
    if pairs[0] not in contrasts.index:
        return NOT_THERE
    lines = contrasts.loc[pairs]
    results = {
        "raises": "raises",
        "keeps": "keeps",
        "lowers": "lowers",
        "open": "does not clearly change",
        "unknown": "may or may not change",
    }
    verbs = [f"{results[directions(lines, part).iloc[0]]} accuracy on {part}" for part in PARTS]
    return f"{contrasts_text(lines)} So what comes before the last phase {listed(verbs)}."


def of_method(contrasts: pd.DataFrame, method: str) -> pd.DataFrame:
    """The lines of a method's contrasts."""
    return contrasts.loc[[pair for pair in contrasts.index if pair[0] == method]]


def contrasts_text(lines: pd.DataFrame) -> str:
    """A sentence for each contrast: in what two methods differ, and the changes on D_I and D_G.

    Without a part that they are not compared on, see `effects.contrast_table`.
    """
    sentences = []
    for (method, other), line in lines.iterrows():
        differs = line["", "differs"]
        compared = [part for part in PARTS if not pd.isna(line[part, "change"])]
        numbers = [f"{format_change(line[part])} points on {part}" for part in compared]
        sentences.append(
            f"{differs[0].upper()}{differs[1:]} ({method} minus {other}): {listed(numbers)}."
        )
    return " ".join(sentences)


# --- half of the cohorts against the other half


def agreement_text(table: pd.DataFrame) -> pd.DataFrame:
    """`effects.agreement` in percentage points: difference ± error, a star where p is below .05."""
    if table.empty:
        return pd.DataFrame()
    cells = [
        f"{signed_points(line.difference)} ± {100 * line.error:.1f}"
        + ("*" if line.p < SIGNIFICANT else "")
        for line in table.itertuples()
    ]
    wide = table.assign(cell=cells).pivot(index="method", columns=["part", "halves"], values="cell")
    return wide.reindex(table["method"].unique())


def agreement_sentence(run: Published, table: pd.DataFrame) -> str:
    """Whether half of the cohorts agree with the other half within errors.

    table   of `effects.agreement`
    """
    if table.empty:
        cohorts = run.rows["fold"].nunique()
        return (
            f"This cannot be asked here: it needs {effects.MIN_HALVES} cohorts, and the run has "
            f"{cohorts}."
        )
    sentences = []
    for part, lines in table.groupby("part", sort=False):
        differ = lines["p"] < SIGNIFICANT
        widest = lines.loc[lines["difference"].abs().idxmax()]
        agree = differ.sum() <= np.ceil(SIGNIFICANT * len(lines))
        result = "agree within errors" if agree else "do not agree within errors"
        reach = stats.t.ppf(1 - SIGNIFICANT / 2, lines["df"].min())
        sentences.append(
            f"On {part} the halves {result}: {differ.sum()} of {len(lines)} differences have p "
            f"below .05, which needs a difference of {reach:.1f} errors; the largest is "
            f"{100 * abs(widest['difference']):.1f} ± {100 * widest['error']:.1f} points "
            f"({widest['method']})."
        )
    on_G = table[table["part"] == "D_G"]
    sentences.append(
        "With errors that leave out that each cohort has a D_G of its own, "
        f"{(on_G['within'] < SIGNIFICANT).sum()} of {len(on_G)} differences on D_G would have p "
        "below .05."
    )
    return " ".join(sentences)


# --- differences between people


def scales_text(scales: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The between-person SD with and without each method on three scales, as text.

    scales   of `effects.scales_of_methods`
    """
    digits = {"percentage points": 1, "relative error": 2, "logit": 2}
    lines = {}
    for method, table in scales.items():
        line = {}
        for name, values in table.iterrows():
            d = digits[name]
            line[name] = f"{values['base']:.{d}f} → {values['method']:.{d}f}"
            if not np.isnan(values["low"]):
                low, high = (f"{values[end]:+.{d}f}" for end in ("low", "high"))
                line[name] += f" ({values['change']:+.{d}f} [{low}, {high}])"
        lines[method] = {**line, "reads as": reading(table)}
    return pd.DataFrame.from_dict(lines, orient="index")


def more_alike_text(scales: Mapping[str, pd.DataFrame]) -> str:
    """With which of the main methods people come nearer to each other, also beyond a ceiling.

    scales   of `effects.scales_of_methods`
    """
    names = []
    for method, table in scales.items():
        if not reading(table).startswith("equalising"):
            continue
        name, on = SHORT.get(method, method), shrinking(table)
        if len(on) == 1:
            names.append(f"{name} (on one of two scales: {on[0]})")
        elif on:
            names.append(name)
    return listed(names) if names else "no method"


def readings_sentence(scales: Mapping[str, pd.DataFrame]) -> str:
    """How the change of differences between people reads, the methods of a reading together.

    scales   of `effects.scales_of_methods`
    """
    found: dict[str, list[str]] = {}
    for method, table in scales.items():
        word, on = reading(table), shrinking(table)
        one_of_two = word.startswith("equalising") and len(on) == 1
        found.setdefault(word, []).append(f"{method} ({on[0]})" if one_of_two else method)
    return " ".join(
        f"{text}: {listed(found[word])}." for word, text in READINGS.items() if word in found
    )
