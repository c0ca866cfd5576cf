"""What to do next, by the numbers of a report: a function per rule, a sentence or nothing each."""

from dataclasses import dataclass

import numpy as np

from perso.analysis.decision import Candidate, untrained_text
from perso.parts import D_G, D_I
from perso.report.tables import listed, signed_points
from perso.stats.cohorts import MIN_COHORTS, Mean

FEW_PEOPLE = 5  # below, an interval over people is wide whatever they are
NAMED = 8  # people who are named in a sentence, at most
EFFECT = 0.01  # a change that is worth seeing, a share


@dataclass(frozen=True)
class Facts:
    """What the rules need to know."""

    best: Candidate | None  # `decision.best_candidate`: None where no gain is shown
    largest: Candidate  # `decision.largest_gain`
    highest: float  # largest upper end of all candidates' intervals on D_I, a share
    accuracy: float  # mean of the base on D_G, a share
    chance: float  # accuracy of a guess, a share
    people: int
    cohorts: int
    repeats: int
    detectable: float  # minimum detectable effect on D_I, a share; nan: unknown
    # per set of other people, to see EFFECT, and for an interval of half the width; None: no number
    people_for_effect: int | None
    people_for_half: int | None
    losing: tuple[str, ...]  # people who lose beyond noise
    contrasts: tuple[Mean, ...]  # the best minus its controls of the same length, on D_I
    # what a method for each person adds, in points (`best_method.Choice.added`); None: unknown
    choice: Mean | None


def gain_excluded(facts: Facts) -> bool:
    """Whether the intervals of all methods exclude a gain on the own data above the margin."""
    return facts.best is None and facts.highest < D_I.margin


def training_rule(facts: Facts) -> str:
    """Whether the networks have learned enough to decide by them."""
    text = untrained_text(facts.accuracy, facts.chance)
    return text and f"{text[0].upper()}{text[1:]} before you decide."


def use_rule(facts: Facts) -> str:
    """Whether to personalize, and by which method; nothing where that is not to be decided yet."""
    best, own = facts.best, facts.largest.own
    if training_rule(facts):
        return ""
    if best is not None:
        return f"Personalize, with {best.method}."
    if np.isnan(own.low):
        return "Do not decide by these people: they are too few for an interval."
    if facts.highest < 0:
        return "Do not personalize: every method that was tried lowers accuracy on the own data."
    if gain_excluded(facts):
        return (
            "Do not personalize: a gain on the own data of more than "
            f"{signed_points(facts.highest)} points does not fit the numbers."
        )
    return (
        "Do not personalize yet: no gain on the own data is shown. The largest is "
        f"{signed_points(own.mean)} points, with {facts.largest.method}."
    )


def more_people_rule(facts: Facts) -> str:
    """How many people are needed to see an effect, where these do not show one of that size."""
    if facts.detectable <= EFFECT:
        return ""
    effect = f"{100 * EFFECT:g} point"
    if np.isnan(facts.detectable):
        return (
            f"Ask more people, {FEW_PEOPLE} or more: how much people differ is unknown with "
            f"{facts.people}."
        )
    if facts.people_for_effect is None:
        return (
            f"No number of people shows an effect of {effect} on the own data with so few sets of "
            "other people (D_G); more sets are needed."
        )
    now = f"{100 * facts.detectable:.1f} points"
    any_others = ""
    if facts.cohorts < MIN_COHORTS:
        any_others = " For any other people, it takes more sets of them: see perso plan."
    return (
        f"To see an effect of {effect} on the own data, ask {facts.people_for_effect:,} people for "
        f"each set of other people; these {facts.people} show one of {now} or more.{any_others}"
    )


def others_rule(facts: Facts) -> str:
    """What the personal networks must not be used for, or whether that is open."""
    if facts.best is None:
        return ""
    others = facts.best.others
    if others.high < 0:
        return (
            "Use a personal network for its person alone, and keep the general network for all "
            f"others: on their data the personal ones are {signed_points(others.mean)} points off."
        )
    if others.low > -D_G.margin:
        return "A personal network may also serve others: a loss on their data is not to be feared."
    return (
        "Before a personal network serves others, test it on their data: whether they lose is open."
    )


def losing_rule(facts: Facts) -> str:
    """Who should keep the general network."""
    if facts.best is None or not facts.losing:
        return ""
    named = list(facts.losing[:NAMED])
    more = len(facts.losing) - len(named)
    who = listed([*named, f"{more} more"] if more else named)
    verb = "loses" if len(facts.losing) == 1 else "lose"
    return f"Keep the general network for {who}, who {verb} with {facts.best.method}."


def source_rule(facts: Facts) -> str:
    """Whether the gain comes from the person's own data, or from training longer."""
    if facts.best is None or not facts.contrasts:
        return ""
    if all(each.low > 0 for each in facts.contrasts):
        less = listed([f"{100 * each.mean:.1f}" for each in facts.contrasts])
        return f"The own data are needed: as much training on other data gains {less} points less."
    return (
        "Try training the general network for longer first: it is not shown that the own data gain "
        "more than as much training on other data."
    )


def choice_rule(facts: Facts) -> str:
    """Whether each person should get a method of their own."""
    choice = facts.choice
    if choice is None:
        return ""
    gain = f"{choice.mean:+z.1f} points"
    if choice.low > 0:
        return (
            "Choose a method for each person, by samples that are held out: chosen by half of the "
            f"test samples it gains {gain} on the other half over one method for all."
        )
    if facts.best is None:
        return ""
    known = "" if np.isnan(choice.high) else f", {choice.high:+z.1f} at most"
    return (
        "Use the same method for all: that choosing for each person pays is not shown (chosen by "
        f"half of the test samples: {gain} on the other half{known})."
    )


def cohorts_rule(facts: Facts) -> str:
    """How to learn what holds for other people's data than these."""
    if facts.cohorts >= MIN_COHORTS:
        return ""
    sets = "one set" if facts.cohorts == 1 else f"{facts.cohorts} sets"
    return (
        f"What is said of everybody else holds for {sets} of other people (D_G). For a statement "
        f"about any, set cohorts: {MIN_COHORTS}. Where there are few people, set folds: "
        f"{MIN_COHORTS} and exchange: false."
    )


def repeats_rule(facts: Facts) -> str:
    """How to tell differences between trainings from those between people."""
    if facts.repeats > 1:
        return ""
    return (
        "One network was trained for each person and method, so a person's gain or loss may be of "
        "that training alone; repeats: 3 shows it."
    )


def width_rule(facts: Facts) -> str:
    """How many people would halve the interval of the best method."""
    if facts.best is None:
        return ""
    if facts.people_for_half is None:
        return "More people would not halve the interval; more sets of other people (D_G) would."
    return (
        f"For an interval of half the width, ask {facts.people_for_half:,} people for each set of "
        "other people."
    )


RULES = (
    training_rule,
    use_rule,
    others_rule,
    losing_rule,
    source_rule,
    choice_rule,
    more_people_rule,
    width_rule,
    cohorts_rule,
    repeats_rule,
)


def next_steps(facts: Facts) -> list[str]:
    """Return what to do next: the sentence of each rule that has one."""
    return [sentence for rule in RULES if (sentence := rule(facts))]
