"""Each person's rate and length are those that are best for the other people."""

import numpy as np
import pandas as pd

from perso.analysis.selection import NAMES, SELECTED, chosen_settings, with_selected
from perso.methods.registry import BASE


def rows_of(best: dict[str, str], fold: int = 0) -> pd.DataFrame:
    """Rows of people with one candidate each that is best by validation; tests say nothing."""
    lines = [
        {
            "fold": fold,
            "person": person,
            "method": name,
            "acc_V": 0.9 if name == best[person] else 0.5,
            "acc_I": 0.1 * place,
            "key": f"{person} {name}",
        }
        for person in best
        for place, name in enumerate(NAMES)
    ]
    return pd.DataFrame(lines)


def test_a_setting_is_chosen_by_the_others_alone():
    one, other = NAMES[3], NAMES[5]
    chosen = chosen_settings(rows_of({"a": one, "b": other, "c": other}))
    assert chosen.to_dict() == {(0, "a"): other, (0, "b"): one, (0, "c"): one}


def test_of_equally_good_settings_it_is_the_first():
    assert chosen_settings(rows_of({"a": NAMES[3], "b": "none"})).to_dict() == {
        (0, "a"): NAMES[0],
        (0, "b"): NAMES[3],
    }


def test_folds_choose_by_themselves():
    both = [rows_of(dict.fromkeys("ab", NAMES[fold]), fold) for fold in (2, 4)]
    chosen = chosen_settings(pd.concat(both))
    assert chosen.to_dict() == {(fold, who): NAMES[fold] for fold in (2, 4) for who in "ab"}


def test_test_samples_decide_nothing():
    rows = rows_of({"a": NAMES[3], "b": NAMES[5], "c": NAMES[5]})
    poisoned = rows.assign(acc_I=np.random.default_rng(0).random(len(rows)))
    assert chosen_settings(poisoned).equals(chosen_settings(rows))


def test_a_row_is_the_chosen_settings_own():
    rows = rows_of({"a": NAMES[3], "b": NAMES[5]})
    found, methods = with_selected(rows, (BASE,))
    assert methods == (BASE, SELECTED)
    added = found[found["method"] == SELECTED.name]
    assert added["key"].tolist() == [f"a {NAMES[5]}", f"b {NAMES[3]}"]
    assert found[found["method"] != SELECTED.name].equals(rows)


def test_without_all_candidates_nothing_is_chosen():
    rows = rows_of({"a": NAMES[3], "b": NAMES[5]})
    fewer = rows[rows["method"] != NAMES[-1]]
    found, methods = with_selected(fewer, (BASE,))
    assert found is fewer and methods == (BASE,)


def test_nobody_chooses_for_a_person_alone():
    found, _ = with_selected(rows_of({"a": NAMES[3]}), (BASE,))
    assert SELECTED.name not in set(found["method"])
