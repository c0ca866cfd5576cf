"""The table of methods is v3's, and its records state what rows may share."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import pytest

from perso.errors import InputError
from perso.methods import baselines, contexts, enrolled, recurrent, schedules
from perso.methods.method import BASELINE, BEYOND, EPOCHS, FAMILIES, Method, Phase, Shaping
from perso.methods.registry import (
    BASELINES,
    CONTEXTS,
    DOSES,
    ENROLLED,
    GROUPING,
    METHODS,
    ON_OWN,
    RECURRENT,
    RELATIVE,
    SWEEPS,
    TABLES,
    V1,
    V3,
    are_reordered,
    baseline_of,
    methods_of,
    named,
)

NAMES = [method.name for method in V3]


def row(name: str) -> Method:
    """The one method of that name."""
    [method] = named(name)
    return method


@pytest.mark.parametrize(
    ("field", "words"),
    [("individual_data", "own, other, nobody"), ("global_extra", "'', own, other")],
)
def test_an_unknown_value_is_named_with_what_is_possible_in_words(field, words):
    with pytest.raises(ValueError, match=rf"BaseLine: {field} 'x' is unknown; possible: {words}$"):
        replace(row("BaseLine"), **{field: "x"})


def test_names_are_unique():
    assert len({method.name for method in METHODS}) == len(METHODS)


def test_every_family_has_methods_and_every_method_a_family():
    families = {method.family for method in METHODS}
    assert (
        families
        == {method.family for method in (*V3, *BASELINES, *RECURRENT, *CONTEXTS, *ENROLLED)}
        == set(FAMILIES)
    )
    assert {method.family for method in V3} == set(FAMILIES) - set(BEYOND)


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
        ("TL-n-0", {"enlarged_by": "random", "percent": 5}),
        (BASELINE, {"enlarged_by": "random", "percent": 5}),
    ],
)
def test_an_enlarged_d_i_must_be_own_and_trained_on(name, wrong):
    with pytest.raises(
        ValueError,
        match=rf"^{re.escape(name)}: enlarged_by (enlarges the individual|needs a fresh start)",
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
    own = {m.shaping for m in DOSES if m.shaping.early and m.individual_data == "own"}
    assert sorted((terms.early, terms.epochs_factor) for terms in own) == [
        (n, k) for n in (40, 400, 5000) for k in (1, 3)
    ]
    others = {m.shaping for m in DOSES if m.individual_data == "other"}
    general = {m.shaping for m in DOSES if m.shaping.extra}
    assert own == others
    assert own == {terms._replace(early=terms.extra, extra=0) for terms in general}


@pytest.mark.parametrize(
    "method", [m for m in METHODS if m.family == "sample weighing"], ids=lambda m: m.name
)
def test_sample_weighing_is_as_frequent_as_its_meaning_says(method):
    every = re.fullmatch(
        r"(every|all but every) (\d+)(?:nd|rd|th) batch from D_I", method.meaning.split(": ")[-1]
    )
    seen = schedules.schedule(method.phases, 1200, 1).mean()
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
    terms = {key: fields.pop(key) for key in Shaping._fields if key in fields}
    if name.startswith("TL-"):
        terms |= {"epochs_factor": 0}
        fields |= {"start": "generic"}
    fields |= {"phases": Shaping(**terms).phases, "refines": one.refines}
    assert one == Method(name, one.family, one.meaning, **fields)


def test_a_control_refines_a_row_of_its_table():
    for table in TABLES.values():
        for method in table:
            assert not method.refines or method.refines in {each.name for each in METHODS}
    (longest,) = named("BaseLine + 5000 iterations, 3 × epochs", table="doses")
    assert longest.refines == BASELINE
    assert row("BaseLine-n-1500 with D_I").refines == "BaseLine-n-1500"


def test_no_two_rows_are_the_same_training():
    numbers = [decided(method) for method in METHODS]
    assert all(one != other for one, other in combinations(numbers, 2))


def decided(method: Method) -> Method:
    """The method without what only names it."""
    return replace(method, name="", family="own", meaning="", refines="")


def test_a_control_on_another_person_has_the_same_networks_in_another_order():
    controls = [method.name for method in METHODS if method.individual_data == "other"]
    assert controls and all(are_reordered(name, ON_OWN[name]) for name in controls)
    late = "TL 9 % (1e-4)"
    assert are_reordered(late, "TL 9 % on another person (1e-4)")
    for other in (late, "TL 9 % on another person (1e-3)", "TL 9 % on D_G (1e-4)", "", "unknown"):
        assert not are_reordered(late, other)


def test_of_the_papers_methods_transfer_learning_alone_starts_from_the_generic_model():
    others = (*baselines.ALL, *recurrent.ALL, *contexts.ALL, *enrolled.ALL)
    papers = [method for method in METHODS if method not in others]
    assert {m.name for m in papers if m.from_generic} == {
        m.name for m in papers if m.name.startswith("TL")
    }


def test_every_baseline_but_local_training_starts_from_a_network_of_all():
    assert [method.name for method in baselines.ALL if not method.from_generic] == ["local only"]


def test_baselines_train_as_long_as_the_longest_transfer_learning():
    """So each differs from it in one thing; local training is as long as the baseline."""
    others = {"local only", "kNN mix"}
    lengths = {
        method.name: len(schedules.schedule(method.phases, 165, 20))
        for method in baselines.ALL
        if method.name not in others and "0.3 %" not in method.name and not method.held_out
    }
    assert set(lengths.values()) == {round(0.09 * 165 * 20)}


def test_lengths_of_transfer_share_a_training_and_learning_rates_do_not():
    assert row("TL-n-10 (1e-3)").training == row("TL-n-300 (1e-3)").training
    assert row("TL-n-10 (1e-3)").training != row("TL-n-10 (1e-4)").training
    assert row("TL-n-0").training != row("TL-n-10 (1e-4)").training


def test_methods_of_the_papers_are_known_in_their_terms():
    for method in (*V3, *V1, *DOSES, *SWEEPS):
        assert method.shaping and method.shaping.phases == method.phases


def test_a_relative_dose_is_as_large_a_share_as_v3s_was_of_its_3300_iterations():
    """The row that it stands for is v3's, and its length is that of v3's at v3's own size."""
    rows = {method.name: method for method in V3}
    standing = [method for method in RELATIVE if method.stands_for]
    assert len(standing) == 7
    for method in standing:
        printed = rows[method.stands_for]
        assert (method.start, method.family) == (printed.start, printed.family)
        for mine, theirs in zip(method.phases, printed.phases, strict=True):
            assert (mine.draws, mine.rate) == (theirs.draws, theirs.rate)
            of_3300, wanted = (len(schedules.schedule([each], 165, 20)) for each in (mine, theirs))
            assert of_3300 == pytest.approx(wanted, rel=0.011)


def test_relative_doses_follow_the_length_of_training():
    (method,) = named("ES 12 %", table="relative")
    assert schedules.schedule(method.phases, 10, 5).sum() == 6
    assert schedules.schedule(method.phases, 100, 10).sum() == 120


@pytest.mark.parametrize("dose", ["0.3 %", "9 %"])
def test_transfer_learning_has_controls_of_its_length(dose):
    own, other, general = (
        named(f"TL {dose}{whose} (1e-4)", table="relative")[0]
        for whose in ("", " on another person", " on D_G")
    )
    assert {len(schedules.schedule(each.phases, 114, 10)) for each in (own, other, general)} == {
        len(schedules.schedule(own.phases, 114, 10))
    }
    assert schedules.schedule(own.phases, 114, 10).all()
    assert schedules.schedule(other.phases, 114, 10).all()
    assert not schedules.schedule(general.phases, 114, 10).any()
    assert (own.individual_data, other.individual_data) == ("own", "other")
    assert {each.phases[0].rate for each in (own, other, general)} == {1e-4}


@pytest.mark.parametrize(
    "phases",
    [
        (Phase("I", epochs=1),),  # local training only
        (Phase(lambda iterations, n_iter: None, epochs=1),),
        (Phase("2", 40), EPOCHS),
        (EPOCHS, Phase("I", 40)),
        (EPOCHS, EPOCHS),
        (Phase("I", 40, rate=0.1, pull=0.1),),
    ],
)
def test_other_methods_are_not(phases):
    assert Method("other", "own", "", phases=phases).shaping is None


# --- a file of the user's own

OWN = """
from perso.methods.method import Method, Phase
from perso.methods.registry import BASE

ONE = Method("often", "own", "every 2nd batch from D_I", phases=(Phase("2", epochs=1),))
TWO = [ONE, BASE]
TWICE = (ONE, ONE)
WRONG = (ONE, "BaseLine")
NONE = ()
NESTED = (ONE, (BASE,))
PHASES = ONE.phases
NAMESAKE = Method("BaseLine", "own", "another one", phases=ONE.phases)
NUMBER = 3
"""


@pytest.fixture
def own(tmp_path) -> Callable:
    """`own(name)` is the reference to a name of the file above."""
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    return lambda name: f"{path}:{name}"


def test_a_table_of_the_users_own_has_the_baseline(own, capsys):
    assert [method.name for method in methods_of(own("ONE"))] == [BASELINE, "often"]
    assert [method.name for method in methods_of(own("TWO"))] == ["often", BASELINE]
    assert capsys.readouterr().err.count("running the code of") == 1
    assert named("often", table=own("ONE"))[0].meaning == "every 2nd batch from D_I"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("TWICE", r"two methods named 'often'; rename one"),
        ("WRONG", r"holds a str; needed is a Method or a tuple of them"),
        ("NUMBER", r"holds a int; needed is a Method or a tuple of them"),
        ("NONE", r"holds nothing; needed is"),
        ("NESTED", r"holds a tuple within the tuple; write \* before its name"),
        ("PHASES", r"holds a Phase; needed is"),
        (
            "NAMESAKE",
            r"has a method named 'BaseLine' that is not the papers'; rename it, or import",
        ),
        ("MISSING", r"has no MISSING; it has Method, Phase, BASE, ONE, TWO, .*NUMBER"),
    ],
)
def test_what_is_no_table_is_refused(name, problem, own):
    with pytest.raises(InputError, match=f"^rows_of: .*{problem}"):
        methods_of(own(name))
