"""The table of methods is v3's, and says of itself what may be shared between its rows."""

import re
from dataclasses import replace
from itertools import combinations

import pytest

from perso.methods import BASELINE, FAMILIES, METHODS, Method, named

NAMES = [method.name for method in METHODS]
# v3 Table I, shaping rows: mean, sd, min, max on D_I, then on D_G
TABLE_I = {
    "BaseLine": (0.98, 0.027, 0.86, 1.0, 0.979, 0.002, 0.971, 0.983),
    "ES-n-40": (0.981, 0.031, 0.82, 1.0, 0.979, 0.002, 0.971, 0.982),
    "ES-n-400": (0.983, 0.027, 0.859, 1.0, 0.98, 0.001, 0.977, 0.982),
    "SW-n-12": (0.98, 0.021, 0.904, 1.0, 0.971, 0.007, 0.951, 0.981),
    "SW-n-2": (0.984, 0.017, 0.92, 1.0, 0.968, 0.009, 0.946, 0.979),
    "TL-n-10": (0.982, 0.027, 0.851, 1.0, 0.98, 0.001, 0.974, 0.982),
    "TL-n-300": (0.983, 0.025, 0.859, 1.0, 0.979, 0.002, 0.964, 0.983),
}


def row(name: str) -> Method:
    """The one method of that name."""
    [method] = named(name)
    return method


def rows_of(name: str) -> list[Method]:
    """The methods that stand for a row of v3's: transfer learning has one per learning rate."""
    return [method for method in METHODS if re.sub(r" \(.*\)$", "", method.name) == name]


def test_names_are_unique():
    assert len(set(NAMES)) == len(NAMES)


def test_every_family_has_methods_and_every_method_a_family():
    assert {method.family for method in METHODS} == set(FAMILIES)


def test_there_is_one_baseline():
    assert [method.name for method in METHODS if method.family == "baseline"] == [BASELINE]


@pytest.mark.parametrize("name", TABLE_I)
def test_v3s_rows_are_there_with_the_printed_numbers(name):
    assert rows_of(name)
    assert {method.paper for method in rows_of(name)} == {TABLE_I[name]}


def test_what_v3_has_not_printed_claims_no_numbers():
    printed = {method.name for name in TABLE_I for method in rows_of(name)}
    assert {method.name for method in METHODS if method.paper} == printed


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (BASELINE, {"joined": "other"}),
        ("own data in the union", {"joined": "own"}),
        ("BaseLine + 400 iterations", {"joined": "other", "extra": 400}),
        ("ES-n-400 on another person", {"early": 400, "shaped_by": "other"}),
        ("ES-n-40", {"early": 40}),
        ("ES-n-400", {"early": 400}),
        ("SW-n-12", {"n_I": "12"}),
        ("SW-n-2", {"n_I": "2"}),
        ("TL-n-0", {}),
        ("TL-n-10 (1e-3)", {"late": 10, "late_rate": 1e-3}),
        ("TL-n-300 (1e-3)", {"late": 300, "late_rate": 1e-3}),
        ("TL-n-10 (1e-4)", {"late": 10, "late_rate": 1e-4}),
        ("TL-n-300 (1e-4)", {"late": 300, "late_rate": 1e-4}),
    ],
)
def test_a_method_is_what_its_name_says_and_no_more(name, fields):
    one = row(name)
    assert one == Method(name, one.family, one.meaning, **fields, paper=one.paper)


def test_no_two_rows_are_the_same_training():
    assert all((a.course, a.late) != (b.course, b.late) for a, b in combinations(METHODS, 2))


def test_transfer_shares_the_generic_model_and_nothing_else_does():
    assert {method.name for method in METHODS if method.generic} == {name for name in NAMES if "TL" in name}


@pytest.mark.parametrize("change", [{"early": 1}, {"n_I": "2"}, {"joined": "own"}, {"joined": "other"}, {"extra": 1}])
def test_only_the_plain_epochs_on_d_g_are_generic(change):
    assert row("TL-n-10 (1e-3)").generic
    assert not replace(row("TL-n-10 (1e-3)"), **change).generic


def test_lengths_of_one_transfer_are_one_course_and_its_rates_are_two():
    assert row("TL-n-10 (1e-3)").course == row("TL-n-300 (1e-3)").course
    assert row("TL-n-10 (1e-3)").course != row("TL-n-10 (1e-4)").course


def test_a_course_is_made_of_what_decides_the_numbers():
    base = Method("a", "control", "", early=1, late=1, late_rate=0.01)
    for same in ({"name": "b"}, {"family": "baseline"}, {"meaning": "b"}, {"paper": (0.0,) * 8}, {"late": 2}):
        assert replace(base, **same).course == base.course
    for other in ({"early": 2}, {"extra": 1}, {"n_I": "2"}, {"joined": "own"}, {"shaped_by": "other"},
                  {"late_rate": 0.1}):
        assert replace(base, **other).course != base.course


def test_whose_data_would_shape_is_nothing_where_nothing_is_shaped():
    assert replace(row(BASELINE), shaped_by="other").course == row(BASELINE).course


def test_methods_come_in_the_tables_order():
    assert [method.name for method in named("SW-n-2", "ES-n-40", BASELINE)] == [BASELINE, "ES-n-40", "SW-n-2"]
    assert named() == () and named(*NAMES) == named(*FAMILIES) == METHODS


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_names_all_its_methods(family):
    assert named(family) == tuple(method for method in METHODS if method.family == family)


def test_a_name_means_one_thing():
    assert not set(NAMES) & set(FAMILIES)
    assert named("early shaping", "ES-n-40", "SW-n-2") == named("ES-n-40", "ES-n-400", "SW-n-2")


def test_an_unknown_method_is_told_what_there_is():
    with pytest.raises(KeyError) as caught:
        named(BASELINE, "SW-n-3", "ES")
    told = caught.value.args[0]
    assert told.startswith("no method or family ES, SW-n-3; there are: ")
    assert all(name in told for name in (*NAMES, *FAMILIES))


@pytest.mark.parametrize("wrong", [{"family": "new"}, {"shaped_by": "own'"}, {"joined": "all"}, {"late_rate": None}])
def test_a_record_that_makes_no_sense_is_refused_by_name(wrong):
    with pytest.raises(ValueError, match=r"^TL-n-10 .*: (family|shaped_by|joined|late)"):
        replace(row("TL-n-10 (1e-3)"), **wrong)
