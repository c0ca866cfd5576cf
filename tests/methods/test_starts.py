"""Starts that forwarding samples makes personal: what their records and methods refuse."""

from dataclasses import replace

import numpy as np
import pytest

from perso.methods.method import Method, Phase
from perso.methods.registry import ENROLLED, PLANTED
from perso.methods.starts import Enrolled, Prototypes

OWN = Method("x", "own", "", Enrolled(), (), samples=3)
LATE = Phase("I", 3, rate=0.1)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"encoder": "none"}, "encoder 'none' is unknown; possible: variational, deterministic"),
        ({"sets": "head"}, "sets 'head' is unknown; possible: scale and shift, low rank, conc"),
        ({"size": 1.5}, "size 1.5 must be a whole number"),
        ({"steps": 0}, "steps 0 must be above 0"),
        ({"queries": -1}, "queries -1 must be above 0"),
        ({"rate": float("nan")}, "rate nan must be above 0"),
        ({"samples": 3}, "samples 3 must be a tuple of whole numbers"),
        ({"samples": ()}, r"samples \(\) must be a tuple"),
        ({"samples": (5, 12)}, r"samples \(5, 12\) .* divides the largest"),
        ({"samples": (0, 12)}, r"samples \(0, 12\)"),
        ({"beta": -1}, r"beta -1.0 must be at least 0"),
        ({"dropped": 1.5}, r"dropped 1.5 from 0 to 1"),
    ],
)
def test_an_enrolled_network_that_makes_no_sense_is_refused(given, problem):
    with pytest.raises(ValueError, match=problem):
        Enrolled(**given)


@pytest.mark.parametrize("weight", [0, -1, float("nan")])
def test_prototypes_have_a_weight_above_0(weight):
    with pytest.raises(ValueError, match=r"weight .* must be above 0"):
        Prototypes(weight)


def test_slots_are_the_largest_number_of_samples_and_equal_numbers_are_equal_records():
    assert Enrolled(samples=(1, 4, 2)).slots == 4
    assert Enrolled(size=np.int64(16), rate=0.001, dropped=np.float64(0.1)) == Enrolled()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"samples": -1}, "samples -1 is impossible; possible: 0 for all, 1, 2"),
        ({"samples": 1.5}, "samples 1.5 must be a whole number"),
        ({"held_out": 10}, "samples must be 0 with held_out or enlarged_by"),
        ({"individual_data": "nobody"}, "individual_data 'nobody' needs samples=0 and no phase"),
        (
            {"individual_data": "nobody", "samples": 0, "phases": (LATE,)},
            "individual_data 'nobody' needs samples=0 and no phase",
        ),
        (
            {"individual_data": "nobody", "samples": 0, "start": "generic"},
            "individual_data 'nobody' needs a start that is an Enrolled or a Prototypes",
        ),
        ({"start": "enrolled"}, "start 'enrolled' is unknown; .* an Enrolled, a Prototypes"),
    ],
)
def test_a_method_of_samples_that_makes_no_sense_is_refused(fields, problem):
    with pytest.raises(ValueError, match=f"^x: {problem}"):
        replace(OWN, **fields)


def test_numbers_of_samples_share_no_training():
    assert OWN.training != replace(OWN, samples=1).training
    tuned = replace(OWN, phases=(LATE,))
    assert tuned.training == replace(tuned, phases=(replace(LATE, iterations=2),)).training


def test_the_planted_table_is_a_part_of_the_other():
    assert {*PLANTED} < {*ENROLLED}
    with_another = [each for each in ENROLLED if each.individual_data == "other"]
    for each in with_another:
        own = replace(each, individual_data="own", name="", meaning="", family="own")
        assert own in {replace(one, name="", meaning="", family="own") for one in ENROLLED}
    assert len(with_another) > 5
