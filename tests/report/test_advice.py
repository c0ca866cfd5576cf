"""Each rule of a report says what the numbers say, in all of its cases."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from perso.analysis.decision import Candidate
from perso.report import advice, report_sentences
from perso.report.advice import Facts
from perso.stats.cohorts import Mean


def mean(value: float, reach: float = 0.01) -> Mean:
    """A mean whose interval reaches so far."""
    return Mean(value, reach / 2, 9, 10, 2, value - reach, value + reach, 0.01)


def candidate(own: float, others: float = 0.0, reach: float = 0.01, name="TL") -> Candidate:
    return Candidate(name, mean(own, reach), mean(others, reach), 0.01)


GOOD = candidate(0.05)
FACTS = Facts(
    best=GOOD,
    largest=GOOD,
    highest=0.06,
    accuracy=0.9,
    chance=0.1,
    people=12,
    cohorts=3,
    repeats=2,
    detectable=0.005,
    people_for_effect=10,
    people_for_half=48,
    losing=(),
    contrasts=(mean(0.03), mean(0.04)),
    choice=mean(0.0),
)
NAN = np.nan


@pytest.mark.parametrize(
    ("rule", "changes", "says"),
    [
        ("training", {}, ""),
        ("training", {"accuracy": 0.67, "chance": 1 / 3}, ""),
        (
            "training",
            {"accuracy": 0.45, "chance": 1 / 3},
            "hardly learned: the baseline is right on 45 %…guessing gives 33 %; train longer",
        ),
        ("use", {}, "Personalize, with TL."),
        ("use", {"accuracy": 0.2}, ""),
        ("use", {"best": None, "largest": candidate(0.02, reach=NAN)}, "Do not decide by these"),
        ("use", {"best": None, "highest": -0.04}, "every method that was tried lowers"),
        ("use", {"best": None, "highest": 0.004}, "more than +0.4 points"),
        ("use", {"best": None, "largest": candidate(0.02, reach=0.05)}, "yet: no gain…+2.0"),
        ("more_people", {}, ""),
        ("more_people", {"detectable": NAN}, "Ask more people, 5 or more:…with 12"),
        ("more_people", {"detectable": 0.03, "people_for_effect": None}, "No number of people"),
        (
            "more_people",
            {"detectable": 0.03, "people_for_effect": 1234},
            "ask 1,234 people…these 12 show one of 3.0 points",
        ),
        ("others", {"best": None}, ""),
        ("others", {"best": candidate(0.05, -0.04)}, "for its person alone…-4.0 points off"),
        ("others", {"best": candidate(0.05, 0.02)}, "may also serve others"),
        ("others", {"best": candidate(0.05, 0.0, reach=0.03)}, "whether they lose is open"),
        ("losing", {}, ""),
        ("losing", {"best": None, "losing": ("Ada",)}, ""),
        ("losing", {"losing": ("Ada",)}, "general network for Ada, who loses with TL"),
        ("losing", {"losing": tuple("abcdefghij")}, "g, h and 2 more, who lose with TL"),
        ("source", {"contrasts": ()}, ""),
        ("source", {"best": None}, ""),
        ("source", {}, "on other data gains 3.0 and 4.0 points less."),
        ("source", {"contrasts": (mean(0.03), mean(0.005))}, "for longer first"),
        ("choice", {"choice": None}, ""),
        ("choice", {"choice": mean(3.0, 1)}, "for each person,…gains +3.0 points"),
        ("choice", {"choice": mean(0.0, 1)}, "same method for all:…+0.0 points…+1.0 at"),
        ("choice", {"best": None}, ""),
        ("choice", {"choice": mean(0.0, NAN)}, "same method for all:…other half)."),
        ("cohorts", {}, ""),
        ("cohorts", {"cohorts": 1}, "holds for one set of other people…cohorts: 3"),
        ("cohorts", {"cohorts": 2}, "holds for 2 sets"),
        ("repeats", {}, ""),
        ("repeats", {"repeats": 1}, "One network was trained"),
        ("width", {"best": None}, ""),
        ("width", {}, "half the width, ask 48 people"),
        ("width", {"people_for_half": None}, "More people would not halve"),
    ],
)
def test_a_rule_says(rule, changes, says):
    sentence = getattr(advice, f"{rule}_rule")(replace(FACTS, **changes))
    if not says:
        assert sentence == ""
    assert all(words in sentence for words in says.split("…"))


@pytest.mark.parametrize(
    ("changes", "excluded"),
    [
        ({}, False),
        ({"highest": 0.004}, False),
        ({"best": None, "highest": 0.004}, True),
        ({"best": None, "highest": 0.02}, False),
        ({"best": None, "highest": NAN}, False),
    ],
)
def test_a_gain_is_excluded_by_the_intervals_of_all_methods(changes, excluded):
    assert advice.gain_excluded(replace(FACTS, **changes)) == excluded


def test_what_is_to_do_begins_with_training_where_networks_hardly_learned():
    assert advice.next_steps(replace(FACTS, accuracy=0.2))[0].startswith("These networks have")


def test_every_rule_is_applied_and_an_empty_one_is_left_out():
    rules = {name for name in vars(advice) if name.endswith("_rule")}
    assert {rule.__name__ for rule in advice.RULES} == rules
    found = advice.next_steps(FACTS)
    assert found[0] == "Personalize, with TL." and len(found) == 5 and all(found)


@pytest.mark.parametrize(
    ("own", "reach", "detectable", "says"),
    [
        (-0.05, 0.01, 0.02, "No: no method…by 0.5 points or more"),
        (0.0, 0.004, 0.02, "No: no method…by 0.5 points or more"),
        (0.02, 0.05, 0.031, "Not shown: with 12 people…true gain of 3.1 points or more"),
        (0.02, NAN, NAN, "12 people are too few"),
    ],
)
def test_without_a_gain_the_answer_is_no_only_where_one_is_excluded(own, reach, detectable, says):
    largest = candidate(own, reach=reach)
    facts = replace(FACTS, best=None, largest=largest, highest=own + reach, detectable=detectable)
    (sentence,) = report_sentences.answer_sentences(facts, largest, pd.DataFrame())
    first, *others = says.split("…")
    assert sentence.startswith(first) and all(each in sentence for each in others)
    untrained, same = report_sentences.answer_sentences(
        replace(facts, accuracy=0.2), largest, pd.DataFrame()
    )
    assert untrained.startswith("These networks have hardly learned") and same == sentence
