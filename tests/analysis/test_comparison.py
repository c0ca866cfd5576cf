"""Comparisons of methods, of runs and of ways of training, on made-up rows."""

import io
import re

import numpy as np
import pandas as pd
import pytest

from perso.analysis import comparison
from perso.analysis.printed import printed_table
from perso.methods import method
from perso.methods.method import BASELINE, Method, Phase
from perso.methods.registry import METHODS
from perso.parts import D_G, D_I
from perso.report import tables
from perso.stats import paired
from perso.store.sqlite import ROW, Store

OWN, LONGER = "own data in the union", "BaseLine + 400 iterations"  # controls
ES, SW, TL = "ES-n-40", "SW-n-2", "TL-n-10 (1e-3)"  # shaping methods
# of all rows: one cohort, one repeat, no generic network, the same hits on D_G for everybody
COMMON = {"fold": 0, "repeat": 0, "iterations": 9, "own_iterations": 9, "n_G": 8, "hits_G": b"\xf0"}
ACCURACIES = {  # accuracy on D_I of three people; on D_G it is half of that
    BASELINE: (0.6, 0.5, 0.7),
    OWN: (0.6, 0.6, 0.8),
    LONGER: (0.7, 0.5, 0.7),
    ES: (0.7, 0.6, 0.9),
    SW: (0.9, 0.4, 0.8),
    TL: (0.8, 0.71, 0.9),
}


def rows(accuracies=ACCURACIES, people=("ann", "bob", "eve")) -> pd.DataFrame:
    lines = [
        (name, person, value, value / 2)
        for name, values in accuracies.items()
        for person, value in zip(people, values, strict=False)
    ]
    return pd.DataFrame(lines, columns=["method", "person", "acc_I", "acc_G"]).assign(**COMMON)


def test_printed_columns_are_there_where_a_method_has_printed_numbers():
    mine = [
        Method(name, "control", "mine", phases=(Phase(n, epochs=1),))
        for name, n in (("own 3", "3"), ("own 5", "5"))
    ]
    own = {"own 3": (0.9, 0.5, 0.8), "own 5": (0.7, 0.8, 0.8)}
    alone = comparison.compare(rows(own), mine, base="own 3")
    assert not [column for _, column in alone if column.startswith("paper")]
    assert alone.attrs["base"] == "own 3" and alone["D_I"]["n"].tolist() == [3, 3]
    base = [each for each in METHODS if each.name == BASELINE]
    known = {BASELINE: ACCURACIES[BASELINE]}
    assert ("D_I", "paper mean") in comparison.compare(rows(own | known), [*base, *mine])
    # the methods decide, not the rows that are there so far
    assert ("D_I", "paper mean") in comparison.compare(rows(own), [*METHODS, *mine])


def test_v1s_table_without_printed_numbers_keeps_our_ratio():
    given = rows().assign(own_iterations=100)
    bare = comparison.without_printed(comparison.compare(given, printed="hidden-factors"))
    assert ("D_G", "r_train") in bare and ("D_G", "paper r_train") not in bare


def test_own_methods_are_compared_with_the_baseline_in_several_runs():
    own = rows(ACCURACIES | {"mine": (0.9, 0.5, 0.8)})
    table = comparison.compare_runs({"here": own, "there": rows()})
    ours = table["D_I"]["here"].loc["mine", "change"]
    change = np.subtract((0.9, 0.5, 0.8), ACCURACIES[BASELINE]).mean()
    assert table.index[-1] == "mine" and ours == pytest.approx(change)
    assert np.isnan(table["D_I"]["there"].loc["mine", "change"])


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return comparison.compare(rows())


def without(*names: str) -> dict:
    return {name: values for name, values in ACCURACIES.items() if name not in names}


def paper_of(table, part: str) -> dict:
    """{method: its paper numbers in the table}, of methods that have any."""
    block = table[part][[f"paper {column}" for column in comparison.PRINTED_COLUMNS]].dropna()
    return {
        name: tuple(values) for name, values in zip(block.index, block.values.tolist(), strict=True)
    }


def test_a_change_is_a_share(table):
    expected = paired.paired_change([0.1, 0.1, 0.2])
    line = table.loc[ES, "D_I"]
    assert (line["change"], line["low"], line["high"]) == pytest.approx(
        (0.4 / 3, expected.low, expected.high)
    )
    assert table.loc[ES, ("D_G", "change")] == pytest.approx(0.2 / 3)
    assert table.loc[ES, ("D_I", "mean")] - table.loc[BASELINE, ("D_I", "mean")] == pytest.approx(
        line["change"]
    )


def test_people_are_paired_by_name_and_not_by_order(table):
    reversed_rows = [
        one[:: -1 if name == ES else 1] for name, one in rows().groupby("method", sort=False)
    ]
    pd.testing.assert_frame_equal(comparison.compare(pd.concat(reversed_rows)), table)


def test_repeats_are_averaged_before_people_are_compared(table):
    thrice = pd.concat(
        [rows().assign(repeat=r, acc_I=lambda t, r=r: t["acc_I"] + (r - 1) / 50) for r in range(3)]
    )
    pd.testing.assert_frame_equal(comparison.compare(thrice), table)


def test_lines_are_in_the_order_of_the_methods_and_not_of_the_rows(table):
    names = [method.name for method in METHODS if method.name in ACCURACIES]
    assert list(table.index) == names
    assert list(comparison.compare(rows(dict(reversed(ACCURACIES.items())))).index) == names


def test_other_methods_are_left_out():
    asked = [method for method in METHODS if method.name in (BASELINE, ES)]
    assert list(comparison.compare(rows(), asked).index) == [BASELINE, ES]


def test_the_baseline_has_no_change(table):
    assert table.loc[BASELINE, (slice(None), ["change", "low", "high", "p"])].isna().all()


def test_p_is_corrected_within_controls_and_within_shaping_methods(table):
    block, accuracies = (
        table["D_I"],
        {name: np.array(values) for name, values in ACCURACIES.items()},
    )
    for family in ([OWN, LONGER], [ES, SW, TL]):
        single = [
            paired.paired_change(accuracies[name] - accuracies[BASELINE]).p for name in family
        ]
        assert block.loc[family, "holm"].tolist() == pytest.approx(paired.holm(single).tolist())
        assert block.loc[family, "holm"].tolist() != pytest.approx(single)


def test_every_method_but_the_base_is_corrected_those_of_an_added_family_by_themselves(
    table, monkeypatch
):
    monkeypatch.setattr(method, "FAMILIES", (*method.FAMILIES, "distillation"))
    added = [
        Method(name, "distillation", "from a larger network", phases=(Phase("2", epochs=1),))
        for name in ("DI-n-2", "DI-n-4")
    ]
    more = rows(ACCURACIES | {"DI-n-2": (0.9, 0.5, 0.8), "DI-n-4": (0.7, 0.8, 0.8)})
    with_them = comparison.compare(more, [*METHODS, *added])
    for part in ("D_I", "D_G"):
        block = with_them[part]
        single, holm = (
            block.loc[["DI-n-2", "DI-n-4"], column].tolist() for column in ("p", "holm")
        )
        assert holm == pytest.approx(paired.holm(single).tolist()) and holm != pytest.approx(single)
        pd.testing.assert_series_equal(block.loc[list(ACCURACIES), "holm"], table[part]["holm"])
    other = comparison.compare(rows(), base=TL)["D_I"]  # from which the baseline differs, too
    assert other.loc[BASELINE, "holm"] == other.loc[BASELINE, "p"] > 0 and np.isnan(
        other.loc[TL, "holm"]
    )


@pytest.mark.parametrize(
    ("left_out", "untouched"), [((OWN,), [ES, SW, TL]), ((ES, SW), [OWN, LONGER])]
)
def test_the_size_of_one_family_does_not_affect_the_other(table, left_out, untouched):
    fewer = comparison.compare(rows(without(*left_out)))
    pd.testing.assert_series_equal(
        fewer.loc[untouched, ("D_I", "holm")], table.loc[untouched, ("D_I", "holm")]
    )


def test_p_is_corrected_on_D_I_and_D_G_separately():
    noisy = rows().assign(acc_G=[0.5, 0.6, 0.7] * len(ACCURACIES))  # nothing changes on D_G
    table = comparison.compare(noisy)
    assert (table["D_G", "p"].drop(BASELINE) == 1).all()


@pytest.mark.parametrize(
    "accuracies", [ACCURACIES, dict(reversed(ACCURACIES.items())), without(OWN, ES)]
)
def test_the_papers_numbers_stand_beside_their_method(accuracies):
    table = comparison.compare(rows(accuracies))
    printed = printed_table("v3")
    for part in ("D_I", "D_G"):
        columns = [f"{part} {column}" for column in comparison.PRINTED_COLUMNS]
        numbers = {
            name: tuple(printed.loc[name, columns]) for name in accuracies if name in printed.index
        }
        assert len(numbers) > 2 and paper_of(table, part) == numbers


def test_without_the_baseline_there_are_levels_and_no_changes():
    table = comparison.compare(rows(without(BASELINE)))
    assert list(table.index) == list(without(BASELINE))
    assert table.loc[ES, ("D_I", "mean")] == pytest.approx(2.2 / 3)
    assert table.loc[:, (slice(None), ["change", "low", "high", "p"])].isna().all(axis=None)


def test_the_baseline_alone_makes_a_table():
    table = comparison.compare(rows({BASELINE: ACCURACIES[BASELINE]}))
    assert list(table.index) == [BASELINE] and table.loc[
        BASELINE, ("D_I", "mean")
    ] == pytest.approx(0.6)


def test_csv_parses_back_with_all_numbers(table):
    back = pd.read_csv(
        io.StringIO(tables.comparison_csv(table)), index_col="method", dtype=str
    ).astype(float)
    assert list(back.columns) == [" ".join(pair) for pair in table.columns]
    assert list(back.index) == list(table.index)
    np.testing.assert_array_equal(back, table.to_numpy(float))


@pytest.mark.parametrize("form", [tables.comparison_text, tables.comparison_markdown])
def test_text_and_markdown_hold_every_method_in_both_parts(table, form):
    text = form(table)
    for name in ACCURACIES:
        assert len(re.findall(rf"^(?:\| )?{re.escape(name)}(?:  | \|)", text, re.MULTILINE)) == 2
    assert text.index("D_I") < text.index(ES) < text.index("D_G") < text.rindex(ES)


def test_markdown_has_as_many_cells_in_every_line(table):
    lines = [
        line for line in tables.comparison_markdown(table).splitlines() if line.startswith("|")
    ]
    assert {line.count("|") for line in lines} == {14} and len(lines) == 2 * (2 + len(ACCURACIES))


def test_changes_are_formatted_in_percentage_points(table):
    low, high = (f"{100 * table.loc[ES, ('D_I', end)]:+.1f}" for end in ("low", "high"))
    line = tables.format_part(table, "D_I").loc[ES]
    assert line["change in pp [95 %]"] == f"+13.3 [{low}, {high}]"
    assert [float(line[column]) for column in ("mean", "n", "v3 mean")] == [0.733, 3, 0.981]
    assert tables.format_part(table, "D_G").loc[ES, "change in pp [95 %]"].startswith("+6.7 [")


def test_p_is_formatted(table):
    def formatted(p):
        table.loc[ES, ("D_I", "holm")] = p
        return tables.format_part(table, "D_I").loc[ES, "p (Holm)"]

    table = table.copy()
    assert formatted(0.0) == formatted(0.00009) == "<.0001"
    assert float(formatted(0.0412)) == 0.0412
    assert float(formatted(1.0)) == 1
    assert formatted(np.nan) == ""


def test_one_person_has_changes_without_intervals_and_texts_have_no_nan():
    table = comparison.compare(rows({name: values[:1] for name, values in ACCURACIES.items()}))
    assert table.loc[ES, ("D_I", "change")] == pytest.approx(0.1)
    assert table.loc[:, (slice(None), ["sd", "low", "high", "p"])].isna().all(axis=None)
    for form in (tables.comparison_text, tables.comparison_markdown):
        assert "+10.0" in form(table) and "nan" not in form(table)


# --- several runs side by side


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    """Two runs. In the second, ES has the opposite effect, SW one person, and TL no rows."""
    opposite = tuple(
        2 * base - value for base, value in zip(ACCURACIES[BASELINE], ACCURACIES[ES], strict=True)
    )
    other = without(TL, OWN) | {ES: opposite, SW: ACCURACIES[SW][:1]}
    return comparison.compare_runs({"here": rows(), "there": rows(other)})


def test_runs_stand_side_by_side_with_the_papers_last(runs, table):
    assert list(runs.columns.unique(0)) == ["D_I", "D_G"] and list(runs.columns.unique(1)) == [
        "here",
        "there",
        "v3",
    ]
    assert list(runs.index) == [name for name in table.index if name != BASELINE]
    for part in ("D_I", "D_G"):
        expected = table[part].drop(index=BASELINE)[["change", "low", "high"]]
        pd.testing.assert_frame_equal(runs[part]["here"], expected, check_names=False)
    assert (
        runs.loc[TL, (slice(None), "there")].isna().all()
        and runs.loc[SW, ("D_I", "there", "change")] > 0
    )


def test_the_papers_change_is_between_its_means_and_has_no_interval(runs):
    """v3 Table I: SW-n-2 .984 and .968, its baseline .980 and .979."""
    assert runs.loc[SW, ("D_I", "v3", "change")] == pytest.approx(0.984 - 0.980)
    assert runs.loc[SW, ("D_G", "v3", "change")] == pytest.approx(0.968 - 0.979)
    assert runs.loc[OWN, (slice(None), "v3")].isna().all()  # our control
    assert runs.loc[:, (slice(None), "v3", ["low", "high"])].isna().all(axis=None)


def test_data_grouping_is_compared_with_as_much_random_data():
    levels = {
        BASELINE: (0.5, 0.6),
        "BaseLine-n-1500": (0.3, 0.4),
        "SG-n-1500": (0.35, 0.45),
        "IG-n-21": (0.9, 0.9),
    }
    side = comparison.compare_runs({"here": rows(levels)})
    assert side.loc["SG-n-1500", ("D_I", "here", "change")] == pytest.approx(0.05)
    assert side.loc["BaseLine-n-1500", ("D_I", "here", "change")] == pytest.approx(-0.2)
    assert np.isnan(side.loc["IG-n-21", ("D_I", "here", "change")])  # BaseLine-n-6500 is not there
    for name, mean, base in (
        ("SG-n-1500", 0.979, 0.975),
        ("IG-n-21", 0.977, 0.975),
        ("BaseLine-n-1500", 0.975, 0.98),
    ):
        assert side.loc[name, ("D_I", "v3", "change")] == pytest.approx(mean - base)  # Table I


def test_a_method_of_one_run_only_has_its_place_in_the_order():
    alone = comparison.compare_runs(
        {
            "here": rows(without(ES)),
            "there": rows({BASELINE: ACCURACIES[BASELINE], ES: ACCURACIES[ES]}),
        }
    )
    assert list(alone.index) == list(comparison.compare(rows()).index.drop(BASELINE))


def changes(**runs) -> pd.DataFrame:
    """Runs from {method: (change, low, high)}, on D_I as on D_G."""
    wide = {
        (part, run): pd.DataFrame(lines, ["change", "low", "high"]).T
        for part in ("D_I", "D_G")
        for run, lines in runs.items()
    }
    return pd.concat(wide, axis=1)


def test_sign_agreement_is_of_clear_changes_only():
    table = changes(
        one={
            "up": (2, 1, 3),
            "down": (-2, -3, -1),
            "opposite": (2, 1, 3),
            "open": (1, -1, 3),
            "edge": (1, 0, 2),
            "zero": (2, 1, 3),
            "absent": (2, 1, 3),
            "lone": (2, np.nan, np.nan),
        },
        other={
            "up": (9, -1, 19),
            "down": (-1, -2, 0),
            "opposite": (-1, -3, 1),
            "open": (1, 0, 2),
            "edge": (1, 0, 2),
            "zero": (0, np.nan, np.nan),
            "absent": (np.nan,) * 3,
            "lone": (1, 0, 2),
        },
    )
    for same in comparison.sign_agreement(table, "one", "other").values():
        assert same.to_dict() == {"up": True, "down": True, "opposite": False}
    for same in comparison.sign_agreement(table, "other", "one").values():
        assert same.empty


def test_sign_agreement_is_separate_for_D_I_and_D_G(runs):
    found = comparison.sign_agreement(runs, "here", "there")
    assert list(found) == ["D_I", "D_G"]
    mirrored = runs.copy()
    mirrored.loc[ES, ("D_I", "here", ["change", "low", "high"])] = 0.2, 0.1, 0.3
    mirrored.loc[ES, ("D_G", "here", ["change", "low", "high"])] = -0.2, -0.3, -0.1
    found = comparison.sign_agreement(mirrored, "here", "there")
    assert not found["D_I"][ES] and found["D_G"][ES]


def test_changes_are_formatted_in_percentage_points_with_their_interval():
    def formatted(*ends):
        return tables.format_change(pd.Series(ends, ["change", "low", "high"]))

    assert formatted(0.0123, -0.001, 0.03) == "+1.2 [-0.1, +3.0]"
    assert formatted(-0.5, np.nan, np.nan) == "-50.0"
    assert formatted(np.nan, np.nan, np.nan) == ""


def stored(path, accuracies: dict) -> pd.DataFrame:
    """The rows of a store that holds these alone, asked for by every key of ACCURACIES."""
    empty = dict.fromkeys(ROW)
    store = Store(path / "store.sqlite")
    made = rows(accuracies).assign(key=lambda t: t["method"] + t["person"]).to_dict("records")
    store.add([empty | row for row in made])
    return store.rows([name + person for name in ACCURACIES for person in ("ann", "bob", "eve")])


def test_an_incomplete_store_compares_the_people_it_has(tmp_path):
    some = stored(tmp_path, without(TL, LONGER) | {ES: ACCURACIES[ES][:2]})
    table = comparison.compare(some)
    assert list(table.index) == [BASELINE, OWN, ES, SW]
    assert table["D_I", "n"].to_dict() == {BASELINE: 3, OWN: 3, ES: 2, SW: 3}
    # of ann and bob only; the difference of the means would be 0.05
    assert table.loc[ES, ("D_I", "change")] == pytest.approx(0.1)
    assert table.loc[SW, ("D_I", "change")] == pytest.approx(0.1)


def test_a_method_and_the_baseline_with_no_person_in_common_have_no_change(tmp_path):
    some = stored(tmp_path, {BASELINE: ACCURACIES[BASELINE][:1], ES: (np.nan, *ACCURACIES[ES][1:])})
    assert np.isnan(comparison.compare(some.dropna(subset="acc_I")).loc[ES, ("D_I", "change")])


def test_a_store_with_the_baseline_still_to_come_makes_a_table(tmp_path):
    """Longer jobs are trained first, so an interrupted run may not have the baseline."""
    for form in (tables.comparison_text, tables.comparison_csv, tables.comparison_markdown):
        assert ES in form(comparison.compare(stored(tmp_path, {ES: ACCURACIES[ES]})))


# --- equivalence


def nudged(by: dict) -> pd.DataFrame:
    """The rows with accuracies on D_I raised by so much per method and person."""
    return rows({name: np.add(values, by.get(name, 0)) for name, values in ACCURACIES.items()})


def test_equal_rows_cannot_be_tested_for_equivalence():
    found = comparison.equivalence_by_part(rows(), rows())
    assert all(
        each.mean == 0 and np.isnan(each.p) and not each.equivalent for each in found.values()
    )


def test_a_person_counts_once_whatever_the_number_of_methods_and_repeats():
    """Twelve differences of each of three people are three differences."""
    by = {ES: (0.06, 0, 0), SW: (0, 0.03, 0), TL: (0, 0, -0.012)}
    found = comparison.equivalence_by_part(nudged(by), rows())
    expected = paired.tost([0.06 / 6, 0.03 / 6, -0.012 / 6], D_I.margin)
    assert (found["D_I"].mean, found["D_I"].p, found["D_I"].n) == pytest.approx(
        (expected.mean, expected.p, 3)
    )
    assert (
        found["D_G"].mean == pytest.approx(expected.mean / 2) and found["D_G"].margin == D_G.margin
    )
    twice = [
        pd.concat([each.assign(repeat=r, acc_I=each["acc_I"] + r / 10) for r in (0, 1)])
        for each in (nudged(by), rows())
    ]
    assert comparison.equivalence_by_part(*twice)["D_I"].p == pytest.approx(expected.p)


def test_an_equivalence_pairs_people_by_name_and_methods_by_name():
    other = rows().sample(frac=1, random_state=0)
    assert all(each.mean == 0 for each in comparison.equivalence_by_part(rows(), other).values())


def test_verdicts_have_a_line_for_all_methods_and_one_for_each():
    by = {
        BASELINE: (0.001, 0, -0.001),
        ES: (0.001, 0.002, 0.003),
        SW: (0.1, -0.1, 0.3),
        TL: (0.1, 0.1, 0.1),
    }
    text = tables.equivalence_table(nudged(by), rows())
    assert list(text.index) == ["all methods", *ACCURACIES]
    within = text["D_I within ±0.5"]
    assert (within[[BASELINE, ES]] == "yes").all() and (
        within[[SW, TL, OWN, "all methods"]] == "not shown"
    ).all()
    assert text.loc[ES, "D_I in pp [90 %]"] == "+0.20 [+0.03, +0.37]"  # 2.92 · .1 / √3
    assert (text.loc[[TL, OWN], "D_I p"] == "").all()  # of equal differences
    assert text.loc[[TL, OWN], "D_I in pp [90 %]"].tolist() == ["+10.00", "+0.00"]


def test_a_verdict_on_one_person_shows_no_interval_and_no_nan():
    alone = rows({name: values[:1] for name, values in ACCURACIES.items()})
    text = tables.equivalence_table(alone, alone)
    assert set(text["D_I in pp [90 %]"]) == {"+0.00"} and set(text["D_I within ±0.5"]) == {
        "not shown"
    }


# --- other tables than v3's


def test_v1s_table_has_its_numbers_and_the_share_of_training():
    two_methods = rows({BASELINE: (0.6, 0.5, 0.7), SW: (0.9, 0.4, 0.8)}).assign(
        own_iterations=[100] * 3 + [20, 25, 30]
    )
    for variation, mean in (("class-counts", 0.9247), ("hidden-factors", 0.9768)):
        table = comparison.compare(two_methods, printed=variation)
        assert (
            table.loc[SW, ("D_I", "paper mean")] == mean
            and table.loc[SW, ("D_G", "paper r_train")] == 0.99
        )
        assert table.loc[[BASELINE, SW], ("D_G", "r_train")].tolist() == [1, 0.25]
        formatted = tables.format_part(table, "D_G")
        assert formatted.loc[SW, ["r_train", "v1 r_train"]].tolist() == ["0.25", "0.99"]
        assert "v1 mean" in formatted
        assert "r_train" not in tables.format_part(table, "D_I")
    assert "v1 mean" in tables.comparison_markdown(table) and "v3" not in tables.comparison_text(
        table
    )


def test_changes_may_be_counted_from_another_method(table):
    other = comparison.compare(rows(), base=ES)
    assert np.isnan(other.loc[ES, ("D_I", "change")])
    assert other.loc[BASELINE, ("D_I", "change")] == pytest.approx(
        -table.loc[ES, ("D_I", "change")]
    )
    assert other.loc[SW, ("D_I", "change")] == pytest.approx(
        comparison.change_by_part(rows(), SW, ES)["D_I"].mean
    )


def test_grouping_is_a_family_of_its_own_for_holm():
    """Two of grouping and one of shaping, all with one p: the two are corrected, the one is not."""
    accuracies = {
        BASELINE: (0.6, 0.5, 0.7),
        SW: (0.7, 0.6, 0.9),
        "IG-n-5": (0.7, 0.6, 0.9),
        "SG-n-1500": (0.7, 0.6, 0.9),
    }
    block = comparison.compare(rows(accuracies))["D_I"]
    assert block.loc[SW, "holm"] == pytest.approx(block.loc[SW, "p"])
    assert block.loc["IG-n-5", "holm"] == pytest.approx(2 * block.loc["IG-n-5", "p"])


def test_runs_stand_beside_v1():
    two_methods = rows({BASELINE: (0.6, 0.5, 0.7), SW: (0.9, 0.4, 0.8)})
    side = comparison.compare_runs({"ours": two_methods}, "class-counts")
    assert side.columns.unique(1).tolist() == ["ours", "v1"]
    assert side.loc[SW, ("D_I", "v1", "change")] == pytest.approx(0.9247 - 0.9102)
