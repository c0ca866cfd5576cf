"""What forwarded samples change, from rows whose changes are known."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import enrolment
from perso.claims.enrolment_claims import WITHIN
from perso.methods.enrolled import ALL, ARMS, NOBODY
from perso.methods.registry import METHODS
from perso.parts import D_I
from perso.store.sqlite import packed


def rows_of_changes(points, people=12, spread=0.2):
    """Rows of one cohort; `points`: {method: (change on D_I, on D_G) in points}, three repeats."""
    rng = np.random.default_rng(0)
    lines = []
    for method, change in ({NOBODY.name: (0.0, 0.0)} | points).items():
        for person in range(people):
            on_I, on_G = 0.8 + (np.array(change) + rng.uniform(-spread, spread, 2)) / 100
            for repeat in range(3):
                lines.append(
                    {
                        "method": method,
                        "person": person,
                        "repeat": repeat,
                        "fold": 0,
                        "acc_I": on_I,
                        "acc_G": on_G,
                        "n_G": 80,
                        "hits_G": packed(np.arange(80) < 80 * on_G),
                        "iterations": 10,
                        "own_iterations": 0,
                    }
                )
    return pd.DataFrame(lines)


def test_methods_are_sorted_by_what_they_do_and_on_how_many_samples():
    by_name = {method.name: method for method in METHODS}
    expected = {
        "fine-tuning on all of D_I (1e-3)": ("fine-tuning (1e-3)", "all"),
        "fine-tuning (1e-3), 1 sample": ("fine-tuning (1e-3)", "1"),
        "Reptile, none": ("Reptile", "none"),
        "prototypes, 36 samples": ("prototypes", "36"),
    }
    for name, pair in expected.items():
        assert (enrolment.way_of(by_name[name]), enrolment.amount_of(by_name[name])) == pair
    assert {enrolment.amount_of(method) for method in ALL} == set(enrolment.AMOUNTS)


def test_the_margin_is_that_of_the_claims():
    assert pytest.approx(100 * D_I.margin) == WITHIN


def test_arms_count_from_nobody_enrolled_and_know_whose_samples_they_have():
    rows = rows_of_changes(
        {
            "enrolled, 12 samples": (3, 0),
            "enrolled, 12 samples of another": (-7, 0),
            "enrolled, none": (0, 0),
            "fine-tuning (1e-3), 12 samples": (9, 9),
        }
    )
    arms = enrolment.arms_table(rows)
    assert dict(100 * arms["change"]) == {
        ("enrolled", "own", "12"): pytest.approx(3, abs=0.2),
        ("enrolled", "other", "12"): pytest.approx(-7, abs=0.2),
        ("enrolled", "nobody", "none"): pytest.approx(0, abs=0.2),
    }
    assert (arms["low"] < arms["change"]).all() and (arms["change"] < arms["high"]).all()
    assert arms["tost"]["enrolled", "nobody", "none"] < 0.01 < arms["tost"]["enrolled", "own", "12"]
    rows.loc[rows["method"] == "enrolled, none", "acc_I"] -= 0.01
    same_network = enrolment.arms_table(rows, same_network=True)
    assert list(100 * same_network["change"]) == pytest.approx([4, -6], abs=0.3)
    pairs = enrolment.own_minus_another(rows)
    assert list(pairs.index) == [("enrolled", "12")]
    assert 100 * pairs["change"].iloc[0] == pytest.approx(10, abs=0.3)


def test_ways_are_those_with_own_samples_on_both_parts_from_few_samples_to_all():
    rows = rows_of_changes(
        {
            "fine-tuning on all of D_I (1e-3)": (5, -3),
            "fine-tuning (1e-3), 12 samples": (-20, -25),
            "fine-tuning (1e-3), 1 sample": (-60, -70),
            "enrolled, 1 sample": (0, 0),
            "enrolled, 12 samples of another": (0, 0),
            "low rank, 1 sample": (0, 0),
        }
    )
    ways = enrolment.ways_table(rows)
    tuned = [("fine-tuning (1e-3)", amount) for amount in ("1", "12", "all")]
    assert list(ways.index) == [("enrolled", "1"), *tuned]
    assert list(100 * ways["D_G"]["change"]) == pytest.approx([0, -70, -25, -3], abs=0.2)


def test_without_the_base_of_comparison_there_are_no_lines():
    rows = rows_of_changes({f"{arm}, 1 sample": (0, 0) for arm in ARMS})
    rows = rows[rows["method"] != NOBODY.name]
    for table in (enrolment.arms_table(rows), enrolment.ways_table(rows)):
        assert table.empty
    assert enrolment.own_minus_another(rows).empty
