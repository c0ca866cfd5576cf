"""The table of methods is v3's, and says of itself what may be shared between its rows."""

import re
from dataclasses import replace
from itertools import combinations

import pytest

from perso.methods import schedules
from perso.methods.method import BASELINE, FAMILIES, Method
from perso.methods.registry import DOSES, GROUPING, METHODS, TABLES, V1, V3, baseline_of, named

NAMES = [method.name for method in V3]
# v3 Table I, shaping rows: mean, sd, min, max on D_I, then on D_G
TABLE_I = {
    "BaseLine": (0.98, 0.027, 0.86, 1.0, 0.979, 0.002, 0.971, 0.983),
    "ES-n-40": (0.981, 0.031, 0.82, 1.0, 0.979, 0.002, 0.971, 0.982),
    "ES-n-400": (0.983, 0.027, 0.859, 1.0, 0.98, 0.001, 0.977, 0.982),
    "SW-n-12": (0.98, 0.021, 0.904, 1.0, 0.971, 0.007, 0.951, 0.981),
    "SW-n-2": (0.984, 0.017, 0.92, 1.0, 0.968, 0.009, 0.946, 0.979),
    "TL-n-10": (0.982, 0.027, 0.851, 1.0, 0.98, 0.001, 0.974, 0.982),
    "TL-n-300": (0.983, 0.025, 0.859, 1.0, 0.979, 0.002, 0.964, 0.983),
    "BaseLine-n-1500": (0.975, 0.022, 0.884, 1.0, 0.962, 0.004, 0.949, 0.969),
    "BaseLine-n-6500": (0.975, 0.02, 0.929, 1.0, 0.965, 0.003, 0.956, 0.969),
    "IG-n-5": (0.978, 0.018, 0.931, 1.0, 0.961, 0.004, 0.942, 0.969),
    "IG-n-21": (0.977, 0.019, 0.922, 1.0, 0.964, 0.003, 0.949, 0.969),
    "SG-n-1500": (0.979, 0.018, 0.897, 1.0, 0.962, 0.003, 0.95, 0.966),
    "SG-n-6500": (0.978, 0.02, 0.915, 1.0, 0.963, 0.004, 0.952, 0.968),
}
# v1 Table 2: class counts, then hidden factors; r_train last
TABLE_2 = {
    "BaseLine": (
        (0.9102, 0.0574, 0.7444, 0.9889, 0.9215, 0.003, 0.9117, 0.9289, 1.0),
        (0.9617, 0.0342, 0.8509, 1.0, 0.9571, 0.003, 0.9475, 0.9644, 1.0),
    ),
    "ES-n-500": (
        (0.9113, 0.0588, 0.6889, 1.0, 0.9182, 0.0034, 0.9065, 0.9241, 1.0),
        (0.965, 0.0359, 0.8421, 1.0, 0.9581, 0.0021, 0.9508, 0.9622, 1.0),
    ),
    "ES-n-5000": (
        (0.9103, 0.0551, 0.7333, 0.9889, 0.9188, 0.0037, 0.9038, 0.9275, 1.0),
        (0.9626, 0.0388, 0.8421, 1.0, 0.958, 0.0024, 0.9459, 0.9623, 1.0),
    ),
    "SW-n-2": (
        (0.9247, 0.0485, 0.7667, 1.0, 0.9176, 0.0055, 0.8935, 0.9269, 0.99),
        (0.9768, 0.025, 0.9009, 1.0, 0.9568, 0.0032, 0.9432, 0.9632, 0.99),
    ),
    "SW-n-1/8": (
        (0.9542, 0.0398, 0.8333, 1.0, 0.8227, 0.0485, 0.6045, 0.8899, 1.0),
        (0.9729, 0.0256, 0.8829, 1.0, 0.9338, 0.0048, 0.9166, 0.9424, 1.0),
    ),
    "TL-n-20 (1e-2)": (
        (0.9556, 0.0377, 0.8333, 1.0, 0.7369, 0.078, 0.5031, 0.8796, 0.01),
        (0.9747, 0.0243, 0.8917, 1.0, 0.9396, 0.0174, 0.8768, 0.9559, 0.01),
    ),
    "TL-n-200 (1e-2)": (
        (0.9633, 0.0355, 0.8333, 1.0, 0.6929, 0.0986, 0.4274, 0.8708, 0.02),
        (0.9824, 0.018, 0.925, 1.0, 0.9413, 0.0148, 0.8778, 0.9563, 0.02),
    ),
}


def row(name: str) -> Method:
    """The one method of that name."""
    [method] = named(name)
    return method


def rows_of(name: str) -> list[Method]:
    """The methods that stand for a row of v3's: transfer learning has one per learning rate."""
    return [method for method in V3 if re.sub(r" \(.*\)$", "", method.name) == name]


def test_names_are_unique():
    assert len({method.name for method in METHODS}) == len(METHODS)


def test_every_family_has_methods_and_every_method_a_family():
    assert (
        {method.family for method in METHODS} == {method.family for method in V3} == set(FAMILIES)
    )


def test_there_is_one_baseline():
    assert [method.name for method in METHODS if method.family == "baseline"] == [BASELINE]


@pytest.mark.parametrize("name", TABLE_I)
def test_v3s_rows_are_there_with_the_printed_numbers(name):
    assert rows_of(name)
    assert {method.paper for method in rows_of(name)} == {TABLE_I[name]}


def test_what_v3_has_not_printed_claims_no_numbers():
    printed = {method.name for name in TABLE_I for method in rows_of(name)}
    assert {method.name for method in METHODS if method.paper} == printed


def test_v1s_rows_are_there_with_the_printed_numbers_and_no_others():
    for methods in (V1, METHODS):
        assert {
            m.name: (m.v1_counts, m.v1_factors) for m in methods if m.v1_counts or m.v1_factors
        } == TABLE_2


def test_every_table_counts_from_the_baseline():
    assert all(table[0].name == BASELINE for table in TABLES.values())


@pytest.mark.parametrize("persons", [0, 101, -1])
def test_more_than_all_of_d_g_cannot_be_added(persons):
    with pytest.raises(ValueError, match=rf"^IG-n-5: percent {persons} of D_G cannot be added"):
        replace(row("IG-n-5"), percent=persons)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("IG-n-5", {"individual_data": "other"}),
        ("TL-n-10 (1e-3)", {"added": "near samples", "persons": 5}),
    ],
)
def test_what_is_added_must_be_trained_on_by_its_person(name, wrong):
    with pytest.raises(
        ValueError,
        match=rf"^{re.escape(name)}: (individual_data other|what is added) .*late|own data$",
    ):
        replace(row(name), **wrong)


def test_likeness_is_counted_from_as_much_at_random():
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
def test_how_often_a_method_weighs_is_as_it_says(method):
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
        ("BaseLine-n-1500", {"n_I": "2", "added": "random", "persons": 5, "with_own": False}),
        ("BaseLine-n-6500 with D_I", {"n_I": "2", "added": "random", "persons": 21}),
        ("IG-n-21", {"n_I": "2", "added": "near persons", "persons": 21}),
        ("SG-n-1500", {"n_I": "2", "added": "near samples", "persons": 5}),
    ],
)
def test_a_method_is_what_its_name_says_and_no_more(name, fields):
    one = row(name)
    printed = {
        "paper": one.paper,
        "v1_counts": one.v1_counts,
        "v1_factors": one.v1_factors,
        "refines": one.refines,
    }
    assert one == Method(name, one.family, one.meaning, **fields, **printed)


def test_what_a_row_of_ours_refines_is_a_row_with_printed_numbers():
    for method in METHODS:
        if method.refines:
            assert (
                method.paper is method.v1_counts is method.v1_factors is None
                and row(method.refines).paper
            )
    (longest,) = named("BaseLine + 5000 iterations, 3 × epochs", table="doses")
    assert (
        longest.refines == BASELINE and row("BaseLine-n-1500 with D_I").refines == "BaseLine-n-1500"
    )


def test_no_two_rows_are_the_same_training():
    assert all(
        (a.trajectory, a.late) != (b.trajectory, b.late) for a, b in combinations(METHODS, 2)
    )


def test_transfer_shares_the_generic_model_and_nothing_else_does():
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
        {"rounds": 2},
    ],
)
def test_only_the_plain_epochs_on_d_g_are_generic(change):
    assert row("TL-n-10 (1e-3)").from_generic
    assert not replace(row("TL-n-10 (1e-3)"), **change).from_generic


def test_lengths_of_one_transfer_are_one_course_and_its_rates_are_two():
    assert row("TL-n-10 (1e-3)").trajectory == row("TL-n-300 (1e-3)").trajectory
    assert row("TL-n-10 (1e-3)").trajectory != row("TL-n-10 (1e-4)").trajectory


def test_a_course_is_made_of_what_decides_the_numbers():
    base = Method("a", "control", "", early=1, late=1, late_rate=0.01)
    for same in (
        {"name": "b"},
        {"family": "baseline"},
        {"meaning": "b"},
        {"paper": (0.0,) * 8},
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
        {"rounds": 2},
        {"added": "random", "persons": 5},
    ):
        assert replace(base, **other).trajectory != base.trajectory


def test_whose_data_would_shape_is_nothing_where_nothing_is_shaped():
    assert replace(row(BASELINE), individual_data="other").trajectory == row(BASELINE).trajectory


def test_methods_come_in_the_tables_order():
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


def test_an_unknown_method_is_told_what_there_is():
    with pytest.raises(KeyError) as caught:
        named(BASELINE, "SW-n-3", "ES")
    told = caught.value.args[0]
    assert told.startswith("no method or family ES, SW-n-3; there are: ")
    assert all(name in told for name in (*NAMES, *FAMILIES))


@pytest.mark.parametrize(
    "wrong",
    [{"family": "new"}, {"individual_data": "own'"}, {"global_extra": "all"}, {"late_rate": None}],
)
def test_a_record_that_makes_no_sense_is_refused_by_name(wrong):
    with pytest.raises(ValueError, match=r"^TL-n-10 .*: (family|individual_data|joined|late)"):
        replace(row("TL-n-10 (1e-3)"), **wrong)
