"""Texts about what else one could do, and about how little one may store (chapters 19 and 20).

table       of `front.baselines_table`; where harm is shown, of `front.with_harm`
contrasts   of `effects.contrast_table`, with the pairs of one of `front.QUESTIONS`
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from perso.analysis import front
from perso.analysis.effects import LATE_FAST
from perso.claims import frozen
from perso.claims.claim import Claim
from perso.claims.ledger import Verdict, test_claim
from perso.claims.our_claims import OUR_CLAIMS
from perso.methods.method import FAMILIES, Method
from perso.parts import PARTS
from perso.report.effects_text import (
    NOT_THERE,
    change_text,
    direction,
    harm_text,
    signed_points,
    training_time,
)
from perso.report.ledger_text import format_estimate, says, what_text
from perso.report.specification import RowsEvidence
from perso.report.tables import format_p, listed
from perso.store.published import Published

# What the answer compares, in this order
ANSWERED = {
    "replay": "replay",
    LATE_FAST: "transfer learning at the same rate",
    "WiSE-FT 0.5": "WiSE-FT half-way to that",
    "SW-n-2": "sample weighing",
    "ES 12 %": "early shaping",
    "head only": "training the last layer alone",
}
PROBABLE = 0.95  # share of bootstrap samples from which on a method is said to lie above
SHARES = {0.5: "half", 0.9: "90 %"}  # of the largest gain
LADDER = (
    front.GENERIC,
    "statistics only",
    "norm only",
    "head only",
    "low rank 4",
    "kNN mix",
    "head, then all",
    LATE_FAST,
    "replay",
)


def listed_methods(names: Sequence[str]) -> str:
    """Names of methods as a list in a sentence; one with a comma is in quotation marks."""
    return listed([f"“{name}”" if "," in name else name for name in names])


# --- the answer


def front_answer(run: Published, table: pd.DataFrame) -> str:
    """What the main methods do for the person and for everybody else, and what lies above WiSE-FT.

    table   of this run
    """
    there = [name for name in ANSWERED if name in table.index]
    if not there:
        return NOT_THERE
    cohorts = run.rows["fold"].nunique()
    groups = "1 cohort" if cohorts == 1 else f"{cohorts} cohorts"
    texts = [f"{ANSWERED[name]} {both_changes(table.loc[name])}" for name in there]
    return (
        f"{run.rows['person'].nunique()} people in {groups}, compared with the generic network. In "
        f"points of accuracy, for the person and for everybody else: {'; '.join(texts)}. "
        f"{above_sentence(table)}"
    )


def both_changes(line: pd.Series) -> str:
    """The changes on D_I and on D_G with their intervals."""
    on_I, on_G = (change_text(line[part]) for part in PARTS)
    return f"{on_I} and {on_G}"


def above_sentence(table: pd.DataFrame) -> str:
    """Which methods, and which controls, lie above WiSE-FT's curve in 95 % of bootstrap samples."""
    if front.PROBABILITY not in table:
        return "What lies above WiSE-FT's curve is not known yet: the run does not have the models."
    if table[front.PROBABILITY].isna().all():
        return f"Fewer than {front.FEWEST} people cannot show what lies above WiSE-FT's curve."
    methods = front.without_controls(table)
    controls = table[table["", "family"] == "control"]
    above, above_as_control = (
        list(lines.index[lines[front.PROBABILITY] >= PROBABLE]) for lines in (methods, controls)
    )
    if not above:
        first = "No method lies clearly above WiSE-FT's curve."
    elif len(above) == 1:
        first = f"Clearly above WiSE-FT's curve lies {listed_methods(above)} alone."
    else:
        first = f"Clearly above WiSE-FT's curve lie {listed_methods(above)}."
    if not above_as_control:
        return first
    verb = "lies" if len(above_as_control) == 1 else "lie"
    return f"{first} Of the controls, {listed_methods(above_as_control)} {verb} there, too."


# --- one question each


def pairs_text(contrasts: pd.DataFrame) -> str:
    """The difference of each pair of methods on D_I and on D_G."""
    texts = [
        f"{method} minus {other} {both_changes(line)}"
        for (method, other), line in contrasts.iterrows()
    ]
    return f"In points on D_I and on D_G: {'; '.join(texts)}."


def replay_sentence(contrasts: pd.DataFrame) -> str:
    """What half of every batch from D_G does to transfer learning at the same rate."""
    pair = ("replay", LATE_FAST)
    if pair not in contrasts.index:
        return NOT_THERE
    line = contrasts.loc[pair]
    for_everybody = {
        "raises": "So replay returns to everybody else what transfer learning takes",
        "lowers": "So replay harms everybody else even more",
    }
    for_person = {
        "raises": "and the person gains more",
        "lowers": "and the person gains less",
        "keeps": "and the person gains as much",
    }
    first = for_everybody.get(
        direction(line["D_G"], "D_G"), "So it is not shown that replay helps everybody else"
    )
    second = for_person.get(
        direction(line["D_I"], "D_I"), "and it is open whether the person gains less"
    )
    return f"{pairs_text(contrasts)} {first}, {second}."


def own_sentence(contrasts: pd.DataFrame) -> str:
    """Whether it must be the person's own data."""
    if contrasts.empty:
        return NOT_THERE
    gains = {
        method: direction(line["D_I"], "D_I") == "raises"
        for (method, _), line in contrasts.iterrows()
    }
    with_gain = [name for name, gains_more in gains.items() if gains_more]
    without = [name for name, gains_more in gains.items() if not gains_more]
    sentences = [pairs_text(contrasts)]
    if with_gain:
        sentences.append(
            f"So with {listed_methods(with_gain)} it is the own data that help the person."
        )
    if without:
        sentences.append(f"This is not shown for {listed_methods(without)}.")
    return " ".join(sentences)


def starts_sentence(contrasts: pd.DataFrame) -> str:
    """Whether a start learned from the people of D_G beats as many more ordinary samples."""
    if contrasts.empty:
        return NOT_THERE
    outcomes = {"Better on one part and no worse on the other": [], "Worse": [], "Open": []}
    better, worse, undecided = outcomes.values()
    for (method, _), line in contrasts.iterrows():
        words = {direction(line[part], part) for part in PARTS}
        if "raises" in words and "lowers" not in words:
            better.append(method)
        elif "lowers" in words and "raises" not in words:
            worse.append(method)
        else:
            undecided.append(method)
    texts = [f"{text}: {listed_methods(names)}." for text, names in outcomes.items() if names]
    return f"{pairs_text(contrasts)} {' '.join(texts)}"


def choice_sentence(chosen: pd.Series, contrasts: pd.DataFrame) -> str:
    """Which settings other people's validation chooses, and what they gain.

    chosen   of `selection.chosen_settings`
    """
    if chosen.empty or contrasts.empty:
        return NOT_THERE
    counts = chosen.value_counts()
    texts = [f"{name.split(',')[0]} for {count}" for name, count in counts.items()]
    return f"Of {len(chosen)} people others choose {listed(texts)}. {pairs_text(contrasts)}"


def harm_sentence(table: pd.DataFrame) -> str:
    """How many methods are expected to harm few people, and which harm most."""
    shares = 100 * front.without_controls(table)["harmed", "share"].dropna().astype(float)
    if shares.empty:
        return NOT_THERE
    few = (shares < 5).sum()
    most = shares.sort_values(ascending=False, kind="stable").head(3)
    texts = [f"{name} ({share:.0f} %)" for name, share in most.items()]
    return (
        f"With {few} of {len(shares)} methods fewer than 5 % of the people are expected to be less "
        f"accurate on D_I than with the generic network. Most are with {listed(texts)}."
    )


# --- bytes


def bytes_text(count: float) -> str:
    """A number of bytes; "?" where it is unknown."""
    return "?" if pd.isna(count) else f"{count:,.0f}"


def storage_sentence(table: pd.DataFrame) -> str:
    """The smallest storage per person that reaches half and 90 % of the largest gain."""
    gains = front.from_the_same_start(table)["D_I", "change"]
    found = {share: front.cheapest(table, share) for share in SHARES}
    if not all(found.values()):
        return "No method gains on D_I here, or the bytes are unknown."
    whole = table["storage", "bytes"].get(LATE_FAST, float("nan"))
    sentences = [
        f"The largest gain on D_I is {signed_points(gains.max())} points, by {gains.idxmax()}; "
        f"a whole network takes {bytes_text(whole)} bytes a person."
    ]
    for share, name in found.items():
        line = table.loc[name]
        size = line["storage", "bytes"]
        sentences.append(
            f"The smallest storage with {SHARES[share]} of that gain is {bytes_text(size)} bytes "
            f"({name}: {change_text(line['D_I'])} points on D_I, {change_text(line['D_G'])} on "
            "D_G)."
        )
    shares = front.gain_shares(table)
    parts = [
        f"{100 * table.loc[name, ('storage', 'bytes')] / whole:.0f} % of a network ({name}) has "
        f"{100 * shares[name]:.0f} % of it"
        for name in ("head only", "low rank 4")
        if name in table.index
    ]
    if parts:
        sentences.append(f"Of parts, {listed(parts)}.")
    return " ".join(sentences)


def training_texts(table: pd.DataFrame) -> pd.Series:
    """The training for one person as text, by method: in seconds, or in iterations."""
    unit, training = front.training_of(table)
    return training.map(training_time if unit == "seconds" else "{:,.0f} iterations".format)


def storage_text(table: pd.DataFrame, names: Sequence[str] = LADDER) -> pd.DataFrame:
    """What methods store for a person, and what this buys, as text: the fewest bytes first."""
    lines = table.loc[[name for name in names if name in table.index]]
    lines = lines.sort_values(("storage", "bytes"), kind="stable")
    whole = table["storage", "bytes"].get(LATE_FAST, float("nan"))
    sizes = lines["storage", "bytes"]
    columns = {
        "bytes": sizes.map(bytes_text),
        "% of a network": (100 * sizes / whole).map("{:.1f}".format),
        "D_I in pp [95 %]": lines["D_I"].apply(change_text, axis=1),
        "% of the largest gain": (100 * front.gain_shares(table)[lines.index]).map("{:.0f}".format),
        "D_G in pp [95 %]": lines["D_G"].apply(change_text, axis=1),
        "training": training_texts(lines),
    }
    return pd.DataFrame(columns, index=lines.index)


# --- tables


def meanings_table(methods: Iterable[Method]) -> pd.DataFrame:
    """Every method with its meaning, by family."""
    order = {family: place for place, family in enumerate(FAMILIES)}
    in_order = sorted(methods, key=lambda method: order.get(method.family, len(order)))
    index = pd.MultiIndex.from_tuples([(each.family, each.name) for each in in_order])
    return pd.DataFrame({"meaning": [each.meaning for each in in_order]}, index=index)


def best_table(table: pd.DataFrame) -> pd.DataFrame:
    """The method of each family with the largest change on D_I, and on D_G, as text."""
    methods = front.without_controls(table)
    lines = {}
    for part in PARTS:
        best = methods[part, "change"].groupby(methods["", "family"], sort=False).idxmax()
        for family, name in best.dropna().items():
            line = methods.loc[name]
            cells = {f"{each} in pp [95 %]": change_text(line[each]) for each in PARTS}
            lines[family, f"best on {part}"] = {"method": name, **cells}
    order = sorted(lines, key=lambda pair: FAMILIES.index(pair[0]))
    return pd.DataFrame.from_dict({pair: lines[pair] for pair in order}, orient="index")


def front_text(table: pd.DataFrame) -> pd.DataFrame:
    """All numbers as text: a line per method."""
    columns = {"family": table["", "family"]}
    for part in PARTS:
        columns[f"{part} in pp [95 %]"] = table[part].apply(change_text, axis=1)
    columns["training per person"] = training_texts(table)
    columns["bytes per person"] = table["storage", "bytes"].map(bytes_text)
    columns["expected harmed, % [95 %]"] = table["harmed"].apply(harm_text, axis=1)
    if front.ABOVE in table:
        columns["above WiSE-FT"] = table[front.ABOVE].map({True: "yes", False: ""})
        columns["in % of samples"] = [
            "" if pd.isna(share) else f"{100 * share:.0f}" for share in table[front.PROBABILITY]
        ]
    return pd.DataFrame(columns, index=table.index)


# --- our claims


def verdicts_of(run: Published, claims: Sequence[Claim] = OUR_CLAIMS) -> list[Verdict]:
    """The verdicts on claims, by default our own, from the rows of one run alone."""
    evidence = RowsEvidence(run)
    fixed = frozen.frozen_claims(evidence.folder)
    return [
        replace(test_claim(claim, evidence), frozen=frozen.is_frozen(claim, fixed))
        for claim in claims
    ]


def verdicts_sentence(verdicts: Sequence[Verdict]) -> str:
    """The verdict on each claim."""
    texts = [f"claim {each.claim.number}: {each.verdict}" for each in verdicts]
    return f"On these rows, {'; '.join(texts)}"


def claim_tests_table(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """Every test and control of the claims as text, with what the claim says."""
    lines = []
    for each in verdicts:
        roles = {"test": each.findings, "control": each.controls}
        for role, findings in roles.items():
            for found in findings:
                line = {
                    "claim": f"{each.claim.number}. {says(each)}",
                    "verdict": each.verdict,
                    "role": role,
                    "what": what_text(found),
                    "ours": format_estimate(found),
                    "p": format_p(found.p),
                    "outcome": found.outcome,
                }
                lines.append(line)
    if not lines:
        return pd.DataFrame()
    return pd.DataFrame(lines).set_index(["claim", "verdict", "role", "what"])
