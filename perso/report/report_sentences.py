"""What a report on somebody's own people says."""

import numpy as np
import pandas as pd

from perso.analysis import cost, decision
from perso.analysis.decision import Candidate
from perso.data.sizes import shape_text
from perso.parts import D_I
from perso.report.advice import EFFECT, FEW_PEOPLE, Facts, gain_excluded, training_rule
from perso.report.effects_text import SHORT
from perso.report.sentences import format_interval
from perso.report.tables import listed
from perso.settings import Settings
from perso.stats.cohorts import MIN_COHORTS
from perso.study.study import Study


def answer_sentences(facts: Facts, shown: Candidate, people: pd.DataFrame) -> list[str]:
    """Which method, how sure, and what it costs the others; first, whether the networks learned."""
    untrained = training_rule(facts)
    verdict = gain_sentences(facts, shown, people)
    return [untrained, *verdict] if untrained else verdict


def gain_sentences(facts: Facts, shown: Candidate, people: pd.DataFrame) -> list[str]:
    """Whether a gain is shown, is excluded, or neither; by which method, and at what cost."""
    own = f"{format_interval(shown.own)} points"
    counted = f"{facts.people} people"
    name = plain_name(shown.method)
    if facts.best is None:
        if np.isnan(shown.own.low):
            return [f"{counted} are too few to say whether they should have networks of their own."]
        largest = f"The largest change is {own}, with {name}."
        if gain_excluded(facts):
            margin = f"{100 * D_I.margin:g} points"
            return [
                f"No: no method raises accuracy on a person's own data by {margin} or more. "
                f"{largest}"
            ]
        text = (
            f"Not shown: with {counted}, no method is shown to raise accuracy on a person's own "
            f"data. {largest}"
        )
        if not np.isnan(facts.detectable):
            text += (
                f" So many people would have shown a true gain of {100 * facts.detectable:.1f} "
                "points or more (minimum detectable effect: power 80 %)."
            )
        return [text]
    gaining = (people["verdict"] == "gains").sum()
    others = (
        f"a personal network's accuracy on their data changes by {format_interval(shown.others)}"
    )
    cost_of = "It costs everybody else accuracy" if shown.costs_others else "No loss is shown"
    sentences = [
        f"Yes, with {name}: accuracy on a person's own data rises by {own} ({counted}; in "
        f"brackets, the 95 % interval). {gaining} of them gain beyond noise, {len(facts.losing)} "
        "lose.",
        f"{cost_of}: {others} points.",
    ]
    more = facts.largest
    if more.gains and more.costs_others and not shown.costs_others:
        sentences.append(
            f"More for the person, but at others' expense: {plain_name(more.method)}, with "
            f"{format_interval(more.own)} points on own data and {format_interval(more.others)} on "
            "everybody else's."
        )
    return sentences


def plain_name(method: str) -> str:
    """A method in words, with its name in the tables."""
    return f"{SHORT[method]} ({method})" if method in SHORT else method


def who_sentences(study: Study) -> list[str]:
    """The people, their samples and classes, and who everybody else is."""
    data, s = study.data, study.settings
    others = [len(fold.global_people) for fold in study.folds]
    number = f"{min(others)}" if min(others) == max(others) else f"{min(others)} to {max(others)}"
    flips = ": those of the data and their two flips" if s.flips else ""
    sets = "one set" if len(others) == 1 else f"{len(others)} sets"
    whose = f"{number} other people" if min(others) else "samples of a common pool"
    one = {"images": "Images", "sequences": "Sequences", "trajectories": "Trajectories"}[data.kind]
    return [
        f"{len(data.splits.individuals)} people of {data.source.source} get networks of their own. "
        f"{one} of {shape_text(data.kind, data.shape)}, {data.classes} classes{flips}.",
        f"Everybody else (D_G) is {sets} of {whose}, whose data all networks may learn from.",
    ]


def who_gains_sentence(people: pd.DataFrame, method: str) -> str:
    """How many people gain and lose beyond noise, and who loses."""
    counts = people["verdict"].value_counts()
    gains, loses, open_ = (counts.get(word, 0) for word in ("gains", "loses", "open"))
    text = (
        f"With {method}, {gains} of {len(people)} people gain and {loses} lose beyond noise; the "
        "estimate of each person borrows from the other people."
    )
    if open_:
        text += f" Of {open_} the test samples do not show it."
    if loses:
        text += f" Who loses: {listed(list(people.index[people['verdict'] == 'loses']))}."
    return text


def no_control_sentence(rows: pd.DataFrame, method: str) -> str:
    """That a method has no control in these rows; empty where it has one."""
    if decision.controls_of(rows, method):
        return ""
    return (
        f"These rows have no control of {method}: no method that trains in the same way on other "
        "data. Whether its change comes from the own data is not tested."
    )


def p_text(p: float) -> str:
    """A p-value; empty where there is none."""
    if np.isnan(p):
        return ""
    return "below .001" if p < 0.001 else f"{p:.3f}".lstrip("0")


def sure_sentences(facts: Facts, shown: Candidate) -> list[str]:
    """The interval, what it is from, and the smallest effect that these people show."""
    if np.isnan(shown.own.low):
        return [f"There is no interval: {facts.people} people do not show how much people differ."]
    sentences = [
        f"The change on own data with {shown.method} is {format_interval(shown.own)} points: its "
        f"95 % interval is from differences between {facts.people} people. p is "
        f"{p_text(shown.holm)}, corrected for all methods that were compared (Holm).",
    ]
    if facts.best is not None:
        sentences.append(
            "It was chosen because it is the best of them, so its change is a little too high."
        )
    if not np.isnan(facts.detectable):
        sentences.append(
            f"So many people show a true change of {100 * facts.detectable:.1f} points or more "
            "(minimum detectable effect: power 80 %, two-sided .05)."
        )
    if facts.people_for_effect is not None:
        sentences.append(
            f"To see a change of {100 * EFFECT:g} point, {facts.people_for_effect:,} people are "
            "needed for each set of other people."
        )
    if facts.people_for_half is not None:
        sentences.append(
            f"An interval of half the width needs {facts.people_for_half:,} for each set."
        )
    return sentences


def unknown_sentences(facts: Facts, settings: Settings) -> list[str]:
    """What these people and trainings cannot show."""
    sentences = []
    if facts.people < FEW_PEOPLE:
        sentences.append(
            f"What other people would gain: these {facts.people} may all differ from them."
        )
    if facts.cohorts < MIN_COHORTS:
        sets = "the one set" if facts.cohorts == 1 else f"the {facts.cohorts} sets"
        sentences.append(
            "Whether another set of other people (D_G) would give the same: the intervals of "
            f"everybody else hold for {sets} of this study alone."
        )
    if facts.repeats == 1:
        sentences.append(
            "How much of a person's change is of one training: each network was trained once."
        )
    if settings.seed == Settings().seed and settings.cohort_seed == Settings().cohort_seed:
        sentences.append("Whether another division into training and test samples changes it.")
    return sentences


def price_sentences(facts: Facts, shown: Candidate) -> list[str]:
    """What a personal network does to everybody else's data."""
    others = shown.others
    change = format_interval(others)
    text = f"On everybody else's data (D_G) {shown.method} changes accuracy by {change}"
    if shown.costs_others:
        verdict = "a loss is shown"
    elif np.isnan(others.low):
        verdict = "how sure that is, so few people do not show"
    elif others.low > 0:
        verdict = "a gain is shown"
    else:
        verdict = "neither a loss nor a gain is shown"
    return [f"{text} points: {verdict}."]


def bytes_sentence(study: Study) -> str:
    """Bytes that are kept for each person, and those that the person hands over."""
    table = cost.bytes_per_person(study)["bytes"]
    return (
        f"A personal network is {size_text(table['the network'])} to keep for each person, "
        f"whatever the method; its last layer alone {size_text(table['its last layer'])}. The "
        f"samples that a person hands over for training are {size_text(table.iloc[-1])}."
    )


def size_text(count: float) -> str:
    """Bytes in a unit that fits."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} GB"
