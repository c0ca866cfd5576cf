"""What chapter 22 compares, and the sizes of its networks."""

import pandas as pd
import pytest

from perso.analysis import recurrent
from perso.methods.registry import methods_of
from perso.settings import Settings
from perso.store.published import Published
from perso.study.study import Study

NAMES = {method.name for method in methods_of("recurrent")}
PAIRS = (
    *recurrent.AGAINST_GENERIC,
    *recurrent.AGAINST_CONTROLS,
    *recurrent.SAME_NUMBERS,
    *recurrent.OF_FINE_TUNING,
    *recurrent.OF_HEADS,
)


def test_every_compared_method_is_in_the_table():
    compared = {name for pair in PAIRS for name in pair[:2]}
    assert compared | set(recurrent.SHARES) | set(recurrent.SIZED) <= NAMES


def test_every_embedding_meets_every_control_of_its_own_place():
    assert len(recurrent.AGAINST_CONTROLS) == len(set(recurrent.AGAINST_CONTROLS)) == 12
    for method, other, _ in recurrent.AGAINST_CONTROLS:
        assert other.startswith(f"{method}, ")


def test_the_front_trains_on_all_of_D_I():
    names = [method.name for method in recurrent.IN_FRONT]
    assert names[0] == recurrent.GENERIC and recurrent.FAST in names
    assert not any(name.startswith("TL on") for name in names)


@pytest.mark.parametrize("name", ["user film", "user film, another's row", "user film, shuffled"])
def test_the_place_is_that_of_the_name(name):
    assert recurrent.place_of(name) == "film"


def run_of(dataset, name):
    return Published(name, pd.DataFrame(), {"settings": {"dataset": dataset}})


def test_runs_of_other_data_are_left_out():
    runs = [run_of("pens", "own"), run_of("watch", "other"), run_of("pens", "larger")]
    assert [run.name for run in recurrent.runs_on_same_data(runs)] == ["own", "larger"]


def test_the_data_curve_counts_from_the_generic_network(small_rows_of):
    rows = small_rows_of({"TL-n-0": 0.5, "TL on 30 % of D_I": 0.6, recurrent.FAST: 0.8})
    curve = recurrent.data_curve(rows)
    assert list(curve.index) == [30, 100]
    assert curve["D_I", "change"].tolist() == pytest.approx([0.1, 0.3])


@pytest.fixture
def small_rows_of():
    """`small_rows_of(levels)` → rows of three people with these mean accuracies on D_I."""

    def make(levels):
        lines = [
            (name, person, mean + 0.01 * (person - 1) * (place + 1))
            for place, (name, mean) in enumerate(levels.items())
            for person in range(3)
        ]
        rows = pd.DataFrame(lines, columns=["method", "person", "acc_I"])
        rows = rows.assign(fold=0, repeat=0, iterations=9, own_iterations=9)
        return rows.assign(acc_G=rows["acc_I"], n_G=8, hits_G=b"\xf0")

    return make


def test_weights_are_counted_by_hand():
    study = Study(
        Settings(
            dataset="digits",
            individuals=4,
            global_people=0,
            exchange=True,
            architecture="gru",
            image_size=8,
            width=0.25,
            rows_of="recurrent",
        ),
        "nowhere.sqlite",
    )
    units, features, classes, size, users = 16, 8, 30, 8, 2
    head = classes * (units + 1)
    generic = 3 * units * (features + 1) + 3 * units * (units + 1) + head
    table = size * (1 + users)
    second = users * (units + 1)
    expected = {
        "TL-n-0": (generic, 0),
        "TL-n-200 (1e-3)": (generic, generic),
        "head only, 200 iterations": (generic, head),
        "user input": (generic + table + 3 * units * size, size),
        "user state": (generic + table + units * size, size),
        "user gates": (generic + table + 3 * units * size, size),
        "user film": (generic + table + 2 * units * size, size),
        "user gates, nobody": (generic + table + 3 * units * size, 0),
        "user head 1": (generic + second, 0),
        "user head 1, fed": (generic + second + classes * users, 0),
    }
    found = recurrent.network_weights(study)
    assert dict(zip(found.index, found.itertuples(index=False, name=None), strict=True)) == expected
