"""Which methods few people in D_G, or few samples in D_I, make one and the same."""

from dataclasses import replace

import numpy as np
import pytest

from perso.data.splits import Fold
from perso.methods.registry import TABLES, named
from perso.study.same_methods import same_methods, without_own

NOBODY = np.zeros(0, int)


def same(methods, people: int = 100, samples: int = 40) -> list:
    """`same_methods` with so many people in D_G, and one individual with so many samples."""
    fold = Fold(("a",), tuple(range(people)), NOBODY, NOBODY)
    return same_methods({"a": np.arange(samples)}, [fold], methods)


@pytest.mark.parametrize("table", TABLES)
def test_all_methods_differ_where_people_and_samples_are_many(table):
    assert same(TABLES[table]) == []


def test_shares_of_few_people_are_as_many_persons():
    grouping = named("IG-n-5", "IG-n-21")
    assert same(grouping, people=5) == []
    (found,) = same(grouping, people=4)
    assert found.methods == ("IG-n-5", "IG-n-21") and found.lacks == "more people in D_G"
    assert found.why == "IG-n-5 and IG-n-21 both add 1 of 4 people of D_G"


def test_of_one_person_all_ways_add_the_same():
    (found,) = same(named("IG-n-5", "SG-n-1500", "BaseLine-n-1500 with D_I"), people=1)
    assert len(found.methods) == 3
    assert found.why.endswith("all add as many samples as belong to 1 of 1 people of D_G")


def test_folds_must_all_agree():
    folds = [Fold(("a",), tuple(range(people)), NOBODY, NOBODY) for people in (4, 5)]
    assert same_methods({"a": np.arange(9)}, folds, named("IG-n-5", "IG-n-21")) == []


def test_more_samples_than_there_are_are_all_of_them():
    enrolled = named("enrolled, 12 samples", "enrolled, 36 samples", table="enrolled")
    assert same(enrolled, samples=13) == []
    (found,) = same(enrolled, samples=10)
    assert found.lacks == "more samples in D_I"
    assert found.why.endswith("both have all of D_I, 10 at most")


def test_one_record_under_two_names_is_one_method():
    (method,) = named("ES-n-40")
    (found,) = same([method, replace(method, name="again")])
    assert found.why == "ES-n-40 and again both have the same record"


def test_weighing_that_never_comes_to_the_own_data_is_named():
    weighing = named("BaseLine", "SW-n-12", "SW-n-2", "ES-n-40")
    assert without_own(weighing, [12]) == [] == without_own(weighing, [11, 12])
    (found,) = without_own(weighing, [11])
    assert found.methods == ("SW-n-12",) and found.lacks == "longer epochs"
    assert found.why == "SW-n-12 has no batch of D_I in an epoch of 11 iterations"
    assert found.spoils(("SW-n-12", "BaseLine")) and not found.spoils(("SW-n-2", "BaseLine"))


def test_one_of_two_equal_methods_may_be_compared_with_a_third():
    (found,) = same(named("IG-n-5", "IG-n-21"), people=4)
    assert found.spoils(("IG-n-5", "IG-n-21")) and not found.spoils(("IG-n-5", "BaseLine"))
