"""The table of methods is v3's, and its records state what rows may share."""

import re
from dataclasses import replace
from itertools import combinations

import pytest

from perso.methods import schedules
from perso.methods.method import BASELINE, FAMILIES, Method
from perso.methods.registry import DOSES, GROUPING, METHODS, TABLES, V3, baseline_of, named

NAMES = [method.name for method in V3]


def row(name: str) -> Method:
    """The one method of that name."""
    [method] = named(name)
    return method


def test_names_are_unique():
    assert len({method.name for method in METHODS}) == len(METHODS)


def test_every_family_has_methods_and_every_method_a_family():
    assert (
        {method.family for method in METHODS} == {method.family for method in V3} == set(FAMILIES)
    )


def test_there_is_one_baseline():
    assert [method.name for method in METHODS if method.family == "baseline"] == [BASELINE]


def test_every_table_begins_with_the_baseline():
    assert all(table[0].name == BASELINE for table in TABLES.values())


@pytest.mark.parametrize("percent", [0, 101, -1])
def test_percent_must_be_1_to_100(percent):
    with pytest.raises(ValueError, match=rf"^IG-n-5: percent {percent} cannot be added from D_G"):
        replace(row("IG-n-5"), percent=percent)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("IG-n-5", {"individual_data": "other"}),
        ("TL-n-10 (1e-3)", {"enlarged_by": "near samples", "percent": 5}),
    ],
)
def test_an_enlarged_d_i_must_be_own_and_trained_on(name, wrong):
    with pytest.raises(
        ValueError,
        match=rf"^{re.escape(name)}: enlarged_by (enlarges the individual|needs early or n_I)",
    ):
        replace(row(name), **wrong)


def test_grouping_by_similarity_is_compared_with_as_much_at_random():
    bases = {method.name: baseline_of(method).name for method in GROUPING}
    assert (
        bases["SG-n-1500"]
        == bases["IG-n-5 without D_I"]
        == bases["far IG-n-5"]
        == "BaseLine-n-1500"
    )
    assert bases["SG-n-6500"] == bases["IG-n-21"] == "BaseLine-n-6500"
    assert {
        bases[name] for name in ("BaseLine-n-1500", "BaseLine-n-6500 with D_I", "SW-n-2", BASELINE)
    } == {BASELINE}


def test_a_dose_has_its_controls_at_every_length():
    """As many iterations on general data and on another person, once and three times the epochs."""
    own = [m for m in DOSES if m.early and m.individual_data == "own"]
    assert sorted((m.early, m.epochs_factor) for m in own) == [
        (n, k) for n in (40, 400, 5000) for k in (1, 3)
    ]
    for method in own:
        assert [
            m for m in DOSES if (m.extra, m.epochs_factor) == (method.early, method.epochs_factor)
        ]
        assert [
            m
            for m in DOSES
            if m.individual_data == "other"
            and (m.early, m.epochs_factor) == (method.early, method.epochs_factor)
        ]


@pytest.mark.parametrize(
    "method", [m for m in METHODS if m.family == "sample weighing"], ids=lambda m: m.name
)
def test_sample_weighing_is_as_frequent_as_its_meaning_says(method):
    every = re.fullmatch(
        r"(every|all but every) (\d+)(?:nd|rd|th) batch from D_I", method.meaning.split(": ")[-1]
    )
    seen = schedules.schedule(1200, 1, 0, method.n_I, 0, 0).mean()
    share = 1 / int(every[2])
    assert seen == pytest.approx(share if every[1] == "every" else 1 - share, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (BASELINE, {"global_extra": "other"}),
        ("own data in the union", {"global_extra": "own"}),
        ("BaseLine + 400 iterations", {"global_extra": "other", "extra": 400}),
        ("ES-n-400 on another person", {"early": 400, "individual_data": "other"}),
        ("ES-n-40", {"early": 40}),
        ("ES-n-400", {"early": 400}),
        ("SW-n-12", {"n_I": "12"}),
        ("SW-n-2", {"n_I": "2"}),
        ("TL-n-0", {}),
        ("TL-n-10 (1e-3)", {"late": 10, "late_rate": 1e-3}),
        ("TL-n-300 (1e-3)", {"late": 300, "late_rate": 1e-3}),
        ("TL-n-10 (1e-4)", {"late": 10, "late_rate": 1e-4}),
        ("TL-n-300 (1e-4)", {"late": 300, "late_rate": 1e-4}),
        (
            "ES-n-400 + SW-n-12 + TL-n-10 (1e-4)",
            {"early": 400, "n_I": "12", "late": 10, "late_rate": 1e-4},
        ),
        ("BaseLine-n-1500", {"n_I": "2", "enlarged_by": "random", "percent": 5, "with_own": False}),
        ("BaseLine-n-6500 with D_I", {"n_I": "2", "enlarged_by": "random", "percent": 21}),
        ("IG-n-21", {"n_I": "2", "enlarged_by": "near persons", "percent": 21}),
        ("SG-n-1500", {"n_I": "2", "enlarged_by": "near samples", "percent": 5}),
    ],
)
def test_a_method_is_what_its_name_says_and_no_more(name, fields):
    one = row(name)
    assert one == Method(name, one.family, one.meaning, **fields, refines=one.refines)


def test_a_control_refines_a_row_of_its_table():
    for table in TABLES.values():
        for method in table:
            assert not method.refines or method.refines in {each.name for each in METHODS}
    (longest,) = named("BaseLine + 5000 iterations, 3 × epochs", table="doses")
    assert longest.refines == BASELINE
    assert row("BaseLine-n-1500 with D_I").refines == "BaseLine-n-1500"


def test_no_two_rows_are_the_same_training():
    assert all(
        (a.trajectory, a.late) != (b.trajectory, b.late) for a, b in combinations(METHODS, 2)
    )


def test_transfer_learning_alone_starts_from_the_generic_model():
    assert {m.name for m in METHODS if m.from_generic} == {
        m.name for m in METHODS if m.name.startswith("TL-")
    }


@pytest.mark.parametrize(
    "change",
    [
        {"early": 1},
        {"n_I": "2"},
        {"global_extra": "own"},
        {"global_extra": "other"},
        {"extra": 1},
        {"epochs_factor": 2},
    ],
)
def test_only_the_plain_epochs_on_d_g_are_generic(change):
    assert row("TL-n-10 (1e-3)").from_generic
    assert not replace(row("TL-n-10 (1e-3)"), **change).from_generic


def test_lengths_of_transfer_share_a_trajectory_and_learning_rates_do_not():
    assert row("TL-n-10 (1e-3)").trajectory == row("TL-n-300 (1e-3)").trajectory
    assert row("TL-n-10 (1e-3)").trajectory != row("TL-n-10 (1e-4)").trajectory


def test_a_trajectory_consists_of_what_decides_the_numbers():
    base = Method("a", "control", "", early=1, late=1, late_rate=0.01)
    for same in (
        {"name": "b"},
        {"family": "baseline"},
        {"meaning": "b"},
        {"late": 2},
        {"refines": BASELINE},
    ):
        assert replace(base, **same).trajectory == base.trajectory
    for other in (
        {"early": 2},
        {"extra": 1},
        {"n_I": "2"},
        {"global_extra": "own"},
        {"individual_data": "other"},
        {"late_rate": 0.1},
        {"late_optimiser": "sgd"},
        {"epochs_factor": 2},
        {"enlarged_by": "random", "percent": 5},
    ):
        assert replace(base, **other).trajectory != base.trajectory


def test_individual_data_does_not_matter_where_no_batch_is_from_d_i():
    assert replace(row(BASELINE), individual_data="other").trajectory == row(BASELINE).trajectory


def test_methods_are_in_the_order_of_the_table():
    assert [method.name for method in named("SW-n-2", "ES-n-40", BASELINE)] == [
        BASELINE,
        "ES-n-40",
        "SW-n-2",
    ]
    assert named() == () and named(*NAMES) == named(*FAMILIES) == V3
    assert [method.name for method in named("ES-n-5000", BASELINE, table="v1")] == [
        BASELINE,
        "ES-n-5000",
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_names_all_its_methods(family):
    assert named(family) == tuple(method for method in V3 if method.family == family)


def test_a_name_means_one_thing():
    assert not set(NAMES) & set(FAMILIES)
    assert named("early shaping", "ES-n-40", "SW-n-2") == named("ES-n-40", "ES-n-400", "SW-n-2")


def test_an_unknown_method_is_an_error_that_names_what_there_is():
    with pytest.raises(KeyError) as caught:
        named(BASELINE, "SW-n-3", "ES")
    message = caught.value.args[0]
    assert message.startswith("no method or family ES, SW-n-3; there are: ")
    assert all(name in message for name in (*NAMES, *FAMILIES))


@pytest.mark.parametrize(
    "wrong",
    [{"family": "new"}, {"individual_data": "own'"}, {"global_extra": "all"}, {"late_rate": None}],
)
def test_an_error_of_a_record_names_the_method_and_the_field(wrong):
    with pytest.raises(
        ValueError, match=r"^TL-n-10 .*: (family|individual_data|global_extra|late)"
    ):
        replace(row("TL-n-10 (1e-3)"), **wrong)


@pytest.mark.parametrize("n_I", ["8th", "0", "-2", "1/0", "", 8, 0.5])
def test_n_I_is_a_fraction_above_0_as_text(n_I):
    with pytest.raises(ValueError, match=r"^SW: n_I .* is no fraction above 0 as text"):
        Method("SW", "sample weighing", "", n_I=n_I)
