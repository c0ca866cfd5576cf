"""Which method, for whom: candidates, people, choosing for each, how many people."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import decision
from perso.analysis.decision import Candidate
from perso.methods import enrolled, registry
from perso.methods.baselines import LOCAL, NEIGHBOURS
from perso.methods.method import BASELINE
from perso.stats.cohorts import Mean
from perso.stats.planning import Components


def candidate(name: str, own: float, others: float, holm: float = 0.01) -> Candidate:
    """A candidate whose intervals reach .01 to both sides."""
    on_I, on_G = (Mean(x, 0.005, 9, 10, 2, x - 0.01, x + 0.01, 0.01) for x in (own, others))
    return Candidate(name, on_I, on_G, holm)


class TestBestCandidate:
    def test_is_none_where_no_gain_is_shown(self):
        unsure = candidate("a", 0.05, 0.0, holm=0.2)
        assert decision.best_candidate([candidate("b", 0.005, 0.0), unsure]) is None
        assert decision.best_candidate([]) is None

    def test_of_those_that_cost_nothing_gains_most(self):
        several = [candidate("a", 0.03, 0.0), candidate("b", 0.04, 0.0), candidate("c", 0.2, -0.1)]
        assert decision.best_candidate(several).method == "b"
        assert decision.largest_gain(several).method == "c"

    def test_has_the_largest_sum_where_all_cost_something(self):
        several = [candidate("a", 0.1, -0.09), candidate("b", 0.05, -0.02)]
        assert decision.best_candidate(several).method == "b"


def test_personal_is_what_uses_the_persons_own_data():
    names = {method.name for method in registry.RELATIVE if decision.is_personal(method)}
    assert {"own data in the union", "ES 12 %", "SW-n-2", "TL 9 % (1e-4)"} <= names
    assert {"SW-n-2, then 9 % (1e-4)"} <= names
    assert not any(name.startswith(("BaseLine", "TL-n-0")) for name in names)
    assert not any("another person" in name or "on D_G" in name for name in names)
    random = {method.name for method in registry.V3 if method.enlarged_by == "random"}
    assert {each.name for each in registry.V3 if decision.is_personal(each)} & random == {
        "BaseLine-n-1500 with D_I",
        "BaseLine-n-6500 with D_I",
    }
    assert decision.is_personal(LOCAL) and decision.is_personal(NEIGHBOURS[0])
    assert not decision.is_personal(enrolled.NOBODY)
    assert any(decision.is_personal(each) for each in enrolled.ALL if not each.draws_from_I)


def test_candidates_are_compared_with_the_base_and_corrected(make_relative_run):
    rows = make_relative_run(
        changes={"SW-n-2": (0.1, 0.0), "ES 12 %": (0.0, 0.0), "TL-n-0": (0.1, 0.0)}
    ).rows
    found = decision.candidates_of(rows, registry.RELATIVE)
    assert [each.method for each in found] == ["ES 12 %", "SW-n-2"]
    assert found[1].gains and not found[0].gains
    assert found[1].holm == pytest.approx(min(1, 2 * found[1].own.p))
    assert decision.candidates_of(rows, registry.RELATIVE, "SW-n-2")[0].method == "ES 12 %"


@pytest.mark.parametrize(
    ("accuracy", "chance", "hardly"), [(0.45, 1 / 3, True), (0.7, 1 / 3, False), (0.54, 0.1, True)]
)
def test_hardly_learned_is_an_error_above_half_of_guessing(accuracy, chance, hardly):
    assert decision.hardly_learned(accuracy, chance) == hardly


def test_controls_do_not_use_the_persons_own_data():
    rows = pd.DataFrame({"method": [method.name for method in registry.RELATIVE]})
    early = [pair.other for pair in decision.controls_of(rows, "ES 12 %")]
    assert early == ["BaseLine + 12 %", "ES 12 % on another person"]
    both = [pair.other for pair in decision.controls_of(rows, "SW-n-2, then 9 % (1e-4)")]
    assert both == ["TL 9 % on D_G (1e-4)"]
    assert decision.controls_of(rows[rows["method"] == "ES 12 %"], "ES 12 %") == []


class TestPeopleForHalfWidth:
    def test_is_about_four_times_as_many(self):
        found = Components(cohort=np.nan, common=0.0, person=9.0, residual=0.0)
        needed = decision.people_for_half_width(found, 20, 1, drawn=False)
        assert 70 < needed < 81
        reach = decision.interval_reach(found, 20, 1, drawn=False)
        assert decision.interval_reach(found, needed, 1, drawn=False) <= reach / 2
        assert decision.interval_reach(found, needed - 1, 1, drawn=False) > reach / 2

    def test_is_none_where_people_are_not_what_is_missing(self):
        shared = Components(cohort=1.0, common=0.0, person=1.0, residual=0.0)
        assert decision.people_for_half_width(shared, 20, 3, drawn=False) is None
        unknown = Components(cohort=np.nan, common=0.0, person=np.nan, residual=0.0)
        assert decision.people_for_half_width(unknown, 2, 1, drawn=False) is None
        assert decision.people_for_half_width(shared, 1, 1, drawn=False) is None


def test_the_base_is_no_candidate_of_its_own(make_relative_run):
    rows = make_relative_run(changes={"SW-n-2": (0.0, 0.0)}).rows
    assert [each.method for each in decision.candidates_of(rows, registry.RELATIVE, BASELINE)] == [
        "SW-n-2"
    ]
