"""The printed numbers equal those of the papers' tables, and stand beside our methods."""

import re

import pytest

from perso.analysis.printed import PAPER_OF, printed_table
from perso.methods.registry import METHODS, V1, V3

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
COLUMNS = [f"{part} {what}" for part in ("D_I", "D_G") for what in ("mean", "sd", "min", "max")]


def without_rate(name: str) -> str:
    return re.sub(r" \(.*\)$", "", name)


def test_every_row_of_v3_has_its_printed_numbers_at_either_rate():
    table = printed_table("v3")
    assert table.index.tolist() == [m.name for m in V3 if without_rate(m.name) in TABLE_I]
    for name, numbers in table[COLUMNS].iterrows():
        assert tuple(numbers) == TABLE_I[without_rate(name)]
        assert table.loc[name, "row"] == without_rate(name)
    assert table["r_train"].isna().all()


@pytest.mark.parametrize(("place", "name"), [(0, "class-counts"), (1, "hidden-factors")])
def test_every_row_of_v1_has_its_printed_numbers(place, name):
    table = printed_table(name)[[*COLUMNS, "r_train"]]
    assert {method: tuple(numbers) for method, numbers in table.iterrows()} == {
        method: numbers[place] for method, numbers in TABLE_2.items()
    }
    assert set(table.index) <= {method.name for method in V1}


def test_printed_numbers_belong_to_methods_of_ours():
    for name in PAPER_OF:
        assert set(printed_table(name).index) <= {method.name for method in METHODS}
