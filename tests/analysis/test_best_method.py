"""Which method is best for whom."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import best_method, effects
from perso.analysis.best_method import MIXTURE, NOT_OWN, Halves
from perso.analysis.effects import BOTH, EARLY, LATE
from perso.analysis.sampling_noise import DigitHits
from perso.methods.method import BASELINE
from perso.methods.registry import RELATIVE


def table_of(changes: dict[str, list[tuple[float, float]]]) -> pd.DataFrame:
    """A `changes_table`: by method, the changes on D_I and D_G of each person."""
    return pd.DataFrame(
        [
            (str(person), number, method, *change)
            for number, (method, people) in enumerate(changes.items())
            for person, change in enumerate(people)
        ],
        columns=["person", "number", "method", "on_I", "on_G"],
    )


def test_methods_have_groups_and_doses():
    table = best_method.methods_table(each.name for each in RELATIVE).set_index("method")
    assert list(table.index) == [each.name for each in RELATIVE]
    assert table.loc[BASELINE].tolist() == ["baseline", ""]
    assert table.loc[LATE].tolist() == ["transfer learning", "large"]
    assert table.loc["TL 0.3 % (1e-4)"].tolist() == ["transfer learning", "small"]
    assert table.loc["SW-n-12", "dose"] == "small"
    assert table.loc["SW-n-2", "dose"] == "large"
    assert list(table.index[table["group"] == MIXTURE]) == ["own data in the union", BOTH]
    controls = table.index[table["group"] == NOT_OWN]
    assert {"TL-n-0", "TL 9 % on D_G (1e-4)", f"{EARLY} on another person"} <= set(controls)
    assert set(best_method.chosen_methods(table.reset_index())) == set(table.index) - set(controls)


def test_the_weight_decides_who_is_best():
    changes = table_of(
        {BASELINE: [(0, 0)] * 3, "own": [(3, -2), (2, -1), (-1, 0)], "mild": [(1, 0.5)] * 3}
    )
    at_0 = best_method.best_at(changes, 0, [BASELINE, "own", "mild"])
    assert at_0.on_average == "own"
    assert at_0.table["wins"].tolist() == [0, 2, 1]
    assert at_0.table["losers"].tolist() == [0, 1, 0]
    assert at_0.table.loc["own", ["worst", "lowest"]].tolist() == ["2", -1]
    at_2 = best_method.best_at(changes, 2, [BASELINE, "own", "mild"])
    assert at_2.on_average == "mild"
    assert at_2.table["wins"].tolist() == [0, 0, 3]
    without = best_method.best_at(changes, 2, [BASELINE, "own"])
    assert without.on_average == BASELINE
    assert without.table["wins"].tolist() == [3, 0]  # at a tie it is the first


def test_of_equal_scores_the_one_better_for_everybody_else_is_best():
    changes = table_of({BASELINE: [(0, 0)], "first": [(2, 0)], "second": [(1, 1)]})
    assert best_method.best_at(changes, 1, list(changes["method"])).table["wins"].tolist() == [
        0,
        0,
        1,
    ]


def test_people_without_a_row_of_every_method_are_left_out(make_relative_run):
    rows = make_relative_run(changes={LATE: (0.1, 0)}, cohorts=1, people=3).rows
    rows = rows[~((rows["person"] == "0-1") & (rows["method"] == LATE))]
    table = best_method.changes_table(rows)
    assert set(table["person"]) == {"0-0", "0-2"}
    assert (table["on_I"][table["method"] == BASELINE] == 0).all()
    nobody = rows[(rows["person"] == "0-1") | (rows["method"] == LATE)]
    with pytest.raises(ValueError, match="nobody"):
        best_method.changes_table(nobody)


def test_halves_of_digits_keep_the_flips_together():
    digits = DigitHits(np.arange(4), np.array([3.0, 3, 0, 0]), np.full(4, 3.0))
    halves = best_method.halves_of_digits([digits, digits], np.random.default_rng(0), 20)
    assert halves.shape == (20, 2, 2)
    assert set(np.unique(halves)) <= {0, 0.5, 1}
    assert np.allclose(halves.sum(axis=1), 1)
    one = digits.only(np.arange(4) < 1)
    assert best_method.halves_of_digits([digits, one], np.random.default_rng(0), 1) is None


def test_halves_of_an_order_wrap_around():
    shares = np.array([[1.0, 0, 0, 1]])
    halves = best_method.halves_of_order(shares, np.array([0, 3]))
    assert halves[:, :, 0].tolist() == [[0.5, 0.5], [1, 0]]


def test_noise_looks_like_a_gain_of_choosing_for_each_person_and_is_none(make_relative_run):
    run = make_relative_run(changes={LATE: (0.1, 0), EARLY: (0.1, 0)}, people=20)
    halves = best_method.half_changes(
        run.rows, effects.hits_on_own_data(run), [LATE, EARLY], np.random.default_rng(1), 20
    )
    assert halves.on_I.shape == (20, 2, 80, 3)
    assert halves.methods == [BASELINE, LATE, EARLY]
    choice = best_method.choose_by_half(halves, 0)
    assert choice.score.low > 0
    assert choice.apparent.mean > 1
    assert choice.added.mean < 0.5


def test_a_method_that_suits_some_people_is_found_for_them():
    # for every second person the second method is better, in all samples
    on_I = np.zeros((1, 2, 8, 3))
    on_I[..., ::2, 1], on_I[..., 1::2, 2] = 4, 4
    cohort = np.repeat(np.arange(4), 2)
    halves = Halves(on_I, np.zeros_like(on_I), cohort, [BASELINE, "a", "b"])
    choice = best_method.choose_by_half(halves, 1)
    assert choice.apparent.mean == choice.added.mean == 2
    assert choice.one == "a"
    assert choice.score.mean == 2


def test_without_two_test_digits_nothing_is_chosen(make_relative_run):
    run = make_relative_run(changes={LATE: (0.1, 0)}, cohorts=1, people=2)

    def choices() -> list:
        hits = effects.hits_on_own_data(run)
        return best_method.choices_by_half(run.rows, hits, [LATE], (0, 1), np.random.default_rng(0))

    assert len(choices()) == 2
    run.rows["n_I"] = 3  # three flips of one digit
    assert choices() == []


def test_changes_are_from_the_base(make_relative_run):
    run = make_relative_run(changes={LATE: (0.1, 0), "TL-n-0": (0, 0)}, cohorts=1, people=2)
    rows = run.rows[run.rows["method"] != BASELINE]
    hits = effects.hits_on_own_data(run)
    draw = np.random.default_rng(0)
    halves = best_method.half_changes(rows, hits, [LATE], draw, base="TL-n-0")
    assert halves.methods == ["TL-n-0", LATE]
    assert (halves.on_I[..., 0] == 0).all()
