"""Fairness: sampling noise, between-person SD, the worst off, the harmed, groups, and pairs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from perso.analysis import accuracy, fairness
from perso.data import splits
from perso.data.cohort import Cohort
from perso.data.dataset import prepare
from perso.methods.registry import V3
from perso.parts import PARTS
from perso.paths import ROOT
from perso.settings import read_params
from perso.stats import dispersion, permutation
from perso.store.sqlite import packed


def rows(hits: dict, measure: str = "I") -> pd.DataFrame:
    """Rows of {(method, person, repeat): hits on the test images}."""
    lines = [
        {
            "method": m,
            "person": p,
            "repeat": r,
            "fold": 0,
            f"acc_{measure}": np.mean(h),
            f"n_{measure}": len(h),
            f"hits_{measure}": packed(np.array(h, bool)),
        }
        for (m, p, r), h in hits.items()
    ]
    return pd.DataFrame(lines)


# --- sampling noise


def test_between_person_sd_by_hand():
    """sd² of .7 and .9 is .02; p(1 − p)/n is .0021 of 100 images and .0018 of 50."""
    assert dispersion.between_person_sd([0.7, 0.9], [100, 50]) == pytest.approx(
        np.sqrt(0.02 - (0.0021 + 0.0018) / 2)
    )
    assert dispersion.between_person_sd(
        [0.7, 0.9, np.nan], [100, 50, 10]
    ) == dispersion.between_person_sd([0.7, 0.9], [100, 50])
    assert dispersion.between_person_sd([0.7, 0.9], variances=[0.01, 0.02]) == pytest.approx(
        np.sqrt(0.02 - 0.015)
    )


def test_an_sd_within_the_noise_leaves_zero():
    assert dispersion.between_person_sd([0.5, 0.5, 0.5], [90, 90, 90]) == 0
    assert dispersion.between_person_sd([1.0, 1.0], [90, 90]) == 0
    assert np.isnan(dispersion.between_person_sd([0.5], [90]))


def test_between_person_sd_is_that_of_the_true_accuracies():
    rng = np.random.default_rng(0)
    people = np.clip(rng.normal(0.8, 0.06, 4000), 0, 1)
    seen = rng.binomial(40, people) / 40
    assert seen.std(ddof=1) > 1.3 * people.std(ddof=1)
    assert dispersion.between_person_sd(seen, np.full(4000, 40)) == pytest.approx(
        people.std(ddof=1), rel=0.06
    )


def test_noise_of_a_test_set_by_images_and_by_digits(data):
    table = fairness.binomial_noise(data)
    person = str(data.splits.individuals[0])
    images = len(data.splits.test[data.splits.individuals[0]])
    assert table.loc[person, ["images", "digits"]].tolist() == [images, images / 3]
    assert table.loc[person, "by images"] == pytest.approx(np.sqrt(0.09 / images))
    assert table.loc[person, "by digits"] == pytest.approx(np.sqrt(0.09 / (images / 3)))


def test_without_flips_every_image_is_a_digit(data):
    whole = replace(data, settings=replace(data.settings, flips=False))
    table = fairness.binomial_noise(whole, level=0.5)
    assert table["images"].equals(table["digits"])
    assert table["by images"].equals(table["by digits"])


def test_single_images_as_clusters_are_binomial():
    hits = np.array([1, 1, 1, 0])
    assert dispersion.clustered_variance(hits, np.arange(4)) == pytest.approx(0.75 * 0.25 / (4 - 1))


def test_images_that_are_hit_together_count_once():
    once, items = np.array([1, 1, 0, 1, 0]), np.arange(5)
    thrice = dispersion.clustered_variance(np.tile(once, 3), np.tile(items, 3))
    assert thrice == pytest.approx(dispersion.clustered_variance(once, items))
    assert np.isnan(dispersion.clustered_variance(once, np.zeros(5)))
    assert dispersion.clustered_variance(np.ones(6), np.tile([0, 1, 2], 2)) == 0


@pytest.fixture(scope="module")
def data():
    return prepare(read_params(ROOT / "params" / "smoke.yml"))


def items_of(data, person):
    return np.tile(data.source.item, 3)[data.splits.test[person]]


def test_noise_on_own_data_is_that_of_digits_with_repeats_averaged(data):
    people, rng = data.splits.individuals, np.random.default_rng(0)
    hits = {
        ("A", str(p), r): rng.random(len(data.splits.test[p])) < 0.7
        for p in people
        for r in range(2)
    }
    hits["B", str(people[0]), 0] = hits["A", str(people[0]), 0]
    found = fairness.sampling_variances(data, rows(hits), "D_I")
    for p in people:
        mean = (hits["A", str(p), 0].astype(float) + hits["A", str(p), 1]) / 2
        assert found.loc[str(p), "A"] == pytest.approx(
            dispersion.clustered_variance(mean, items_of(data, p))
        )
    assert found["B"].count() == 1  # the others have no row of it


def test_noise_on_a_common_test_set_leaves_out_images_that_are_hard_for_all(data):
    rng, alike, own = np.random.default_rng(1), {}, {}
    for fold in data.splits.folds:
        hard = rng.random(len(fold.global_test)) < 0.7
        for place, p in enumerate(fold.individuals):
            alike["A", str(p), 0] = hard
            own["A", str(p), 0] = np.roll(hard, 7 * place)
    assert fairness.sampling_variances(data, rows(alike, "G"), "D_G").abs().max().max() < 1e-15
    assert fairness.sampling_variances(data, rows(own, "G"), "D_G").min().min() > 1e-5
    one = {key: hits for key, hits in own.items() if key[1] == str(data.splits.individuals[0])}
    assert (
        fairness.sampling_variances(data, rows(one, "G"), "D_G").isna().all(axis=None)
    )  # nobody to tell apart from


def test_noise_on_a_common_test_set_is_the_variance_between_test_sets(data):
    """Many draws of single digits: people's differences vary by twice the noise of one."""
    rng, m, n = np.random.default_rng(2), 4, 60
    fold = replace(data.splits.folds[0], individuals=tuple(range(m)), global_test=np.arange(n))
    parts = splits.Splits({}, {}, (fold,))
    source = Cohort(np.zeros((n, 2, 2), np.uint8), np.zeros(n, int), np.zeros(n, int), np.arange(n))
    one = replace(data, source=source, inputs=source.inputs, splits=parts)
    differences, variances = [], []
    for _ in range(300):
        hard = rng.random(n) < 0.3
        hits = np.where(rng.random((m, n)) < 0.2, rng.random((m, n)) < 0.5, ~hard)
        variances.append(
            fairness.sampling_variances(
                one, rows({("A", str(p), 0): hits[p] for p in range(m)}, "G"), "D_G"
            ).mean()
        )
        differences.append(hits[0].mean() - hits[1].mean())
    assert np.mean(variances) == pytest.approx(np.var(differences) / 2, rel=0.2)


# --- the worst off and the harmed


def test_cvar_counts_a_part_of_the_person_at_the_edge():
    assert dispersion.cvar([0.9, 0.5, 0.8, 0.6], share=0.5) == pytest.approx(0.55)
    assert dispersion.cvar(np.arange(1, 16) / 20) == pytest.approx(
        (0.05 + 0.5 * 0.10) / 1.5
    )  # 1.5 of 15 people
    assert dispersion.cvar([0.9, 0.5]) == 0.5 and dispersion.cvar([0.7, np.nan]) == 0.7
    assert dispersion.cvar([0.2, 0.4], share=1) == pytest.approx(0.3)
    assert np.isnan(dispersion.cvar([np.nan]))


def test_the_worst_person_has_wilsons_interval():
    """Newcombe (1998), Table I, method 3: 81/263 is .2553 to .3662, 15/148 is .0624 to .1605."""
    p, n = pd.Series({"ann": 81 / 263, "bob": 0.9}), pd.Series({"ann": 263, "bob": 50})
    person, accuracy, low, high = fairness.worst_person(p, n)
    assert person == "ann" and accuracy == pytest.approx(81 / 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    _, _, low, high = fairness.worst_person(pd.Series({"ann": 15 / 148}), pd.Series({"ann": 148}))
    assert (round(low, 4), round(high, 4)) == (0.0624, 0.1605)


def test_where_all_are_right_the_interval_still_has_a_width():
    _, accuracy, low, high = fairness.worst_person(
        pd.Series({"ann": 1.0, "bob": np.nan}), pd.Series({"ann": 60, "bob": 60})
    )
    assert accuracy == 1 and high == pytest.approx(1) and 0.9 < low < 1


def test_a_person_without_a_change_is_neither_harmed_nor_improved():
    found = fairness.harmed([-0.02, -0.04, 1e-16, -1e-16, 0.1, np.nan])
    assert found == pytest.approx({"harmed": 0.4, "loss": -0.03, "improved": 0.2, "gain": 0.1})
    mirrored = fairness.harmed([0.02, 0.04, 0.0, 0.0, -0.1])
    assert mirrored["improved"] == found["harmed"] and mirrored["gain"] == pytest.approx(
        -found["loss"]
    )
    nobody = fairness.harmed([0.1])
    assert nobody["harmed"] == 0 and np.isnan(nobody["loss"])
    assert np.isnan(fairness.harmed([])["harmed"])


def few() -> pd.DataFrame:
    """BaseLine of three people, one of them in two repeats; A of two of them."""
    base = {("ann", 0): 10, ("ann", 1): 14, ("bob", 0): 18, ("eve", 0): 20}
    counts = {("BaseLine", *who): k for who, k in base.items()} | {
        ("A", "ann", 0): 16,
        ("A", "bob", 0): 17,
    }
    return rows({key: np.arange(20) < k for key, k in counts.items()})


def test_the_table_has_the_papers_columns_and_pairs_people():
    table = fairness.fairness_table(few(), "D_I")
    papers = accuracy.summary_over_people(accuracy.per_person(few(), "acc_I"))[
        ["n", "mean", "sd", "min", "max"]
    ]
    assert (table[papers.columns] - papers).abs().max().max() < 1e-15
    base, other = table.loc["BaseLine"], table.loc["A"]
    assert (base["n"], base["worst"], other["worst"]) == (3, "ann", "ann")
    assert base["min"] == pytest.approx(0.6) == base["worst decile"] and base[
        "spread"
    ] == pytest.approx(0.4)
    assert base["low"] < base["min"] < base["high"]
    assert base["between-person SD (images)"] < base["sd"]
    assert np.isnan(base["harmed"]) and (other["harmed"], other["improved"]) == (
        0.5,
        0.5,
    )  # eve has no A
    assert (other["loss"], other["gain"]) == pytest.approx((-0.05, 0.2))


def test_the_table_of_one_person_and_without_a_baseline():
    one = few()[lambda rows: rows["person"] == "ann"]
    line = fairness.fairness_table(one, "D_I").loc["BaseLine"]
    assert (
        line["n"] == 1
        and np.isnan(line["sd"])
        and np.isnan(line["between-person SD (images)"])
        and line["spread"] == 0
    )
    alone = fairness.fairness_table(few()[lambda rows: rows["method"] == "A"], "D_I")
    assert "harmed" not in alone or alone["harmed"].isna().all()


def test_the_table_takes_variances_where_they_are_given():
    variances = pd.DataFrame(
        {"BaseLine": {"ann": 0.001, "bob": 0.002, "eve": 0.0}, "A": {"bob": 0.1, "ann": 0.1}}
    )
    table = fairness.fairness_table(few(), "D_I", variances)
    assert table.loc["BaseLine", "between-person SD (digits)"] == pytest.approx(
        np.sqrt(0.1**2 * 13 / 3 - 0.001)
    )
    assert table.loc["A", "between-person SD (digits)"] == 0


def test_points_leave_out_the_columns_that_are_no_shares():
    table = fairness.fairness_table(few(), "D_I")
    points = fairness.in_points(table)
    assert not {"n", "worst"} & set(points) and fairness.in_points(points).shape == points.shape
    assert points.loc["BaseLine", "mean"] == 100 * table.loc["BaseLine", "mean"]


def test_the_share_of_noise_by_hand():
    """Of an sd of .05, .03 is left between people: 1 - 9/25 of the variance is noise."""
    line = pd.Series({"sd": 0.05, "between-person SD (digits)": 0.03})
    assert fairness.noise_share(line, "between-person SD (digits)") == pytest.approx(16 / 25)


def test_runs_stand_below_each_other_also_where_a_method_is_missing():
    other = few()[lambda rows: rows["method"] == "BaseLine"]
    table = fairness.fairness_of_runs(
        {"one": few(), "two": other}, "D_I", ["BaseLine", "A"], ["mean", "harmed"]
    )
    assert table.index.tolist() == [(run, m) for run in ("one", "two") for m in ("BaseLine", "A")]
    assert table.loc[("one", "A"), "harmed"] == 50 and table.loc[("two", "A")].isna().all()


def test_correlations_with_the_mean_are_of_each_block_part_and_source():
    """Each method's people lie around its mean, more closely the higher it is."""
    lines = []
    for place, each in enumerate(V3):
        for person, side in enumerate((-1, 0, 1)):
            value = 0.5 + 0.005 * place + side * (0.2 - 0.005 * place)
            hits = packed(np.arange(90) < 90 * value)
            lines.append((each.name, str(person), value, value, 90, 90, hits, hits))
    columns = ["method", "person", "acc_I", "acc_G", "n_I", "n_G", "hits_I", "hits_G"]
    seen = pd.DataFrame(lines, columns=columns).assign(
        key=range(len(lines)), repeat=0, fold=0, iterations=1, own_iterations=1
    )
    found = {part: fairness.fairness_table(seen, part) for part in PARTS}
    table = fairness.mean_correlations(seen, found, V3, columns=("sd", "spread"))
    assert len(table) == 2 * 2 * 2 and list(table.columns) == ["sd", "spread"]
    for block in fairness.FAMILY_BLOCKS:
        for part in PARTS:
            assert table.loc[(block, part, "here")].tolist() == pytest.approx([-1, -1])
    assert table.xs("v3's Table I", level=2).notna().all(axis=None)


# --- groups


def grouped(accuracies: dict) -> pd.DataFrame:
    return pd.DataFrame(
        [(m, p, a) for m, each in accuracies.items() for p, a in enumerate(each)],
        columns=["method", "person", "acc_I"],
    ).astype({"person": str})


GROUPS = pd.Series({str(p): "employees" if p < 4 else "students" for p in range(8)})


def test_groups_by_hand():
    base, other = [0.9, 0.9, 0.8, 0.8, 0.5, 0.5, 0.6, 0.6], [0.9] * 8
    table = fairness.by_group(
        grouped({"BaseLine": base, "A": other}), GROUPS, "D_I", np.random.default_rng(0)
    )
    line = table.loc["BaseLine"]
    assert (line["employees"], line["students"], line["gap"]) == pytest.approx((0.85, 0.55, 0.3))
    assert line["p"] == pytest.approx(
        2 / 70, abs=0.02
    )  # of 70 ways to choose four of eight, two are as far apart
    assert table.loc["A", "change"] == pytest.approx(-0.3) and line["change"] == 0
    assert table.loc["A", "p"] == 1 and table.loc["A", "p change"] == pytest.approx(
        2 / 70, abs=0.02
    )


def test_a_group_counts_people_and_not_their_images():
    some = grouped({"BaseLine": [0.9, 0.7, 0.5, 0.5]}).assign(n_I=[1000, 10, 10, 10])
    groups = pd.Series(
        {"0": "employees", "1": "employees", "2": "students"}
    )  # nothing is known of 3
    line = fairness.by_group(some, groups, "D_I", np.random.default_rng(0), 99).loc["BaseLine"]
    assert line["employees"] == pytest.approx(0.8) and line["gap"] == pytest.approx(0.3)


def test_one_group_has_no_gap_to_test():
    one = pd.Series("students", GROUPS.index)
    equal = grouped({"BaseLine": [0.5] * 8})
    line = fairness.by_group(equal, one, "D_I", np.random.default_rng(0), 9).loc["BaseLine"]
    assert line["gap"] == 0 and np.isnan(line["p"])


def test_the_groups_p_is_uniform_where_groups_mean_nothing():
    rng = np.random.default_rng(3)
    p = [
        permutation.gap_p(pd.Series(rng.random(8), GROUPS.index), GROUPS, rng, 99)
        for _ in range(200)
    ]
    assert 0.01 < np.mean(np.array(p) <= 0.05) < 0.1


def test_populations_are_those_of_nist_where_they_are_recorded(data):
    assert fairness.populations(data).empty
    hsf = np.where(np.isin(data.source.who, data.splits.individuals[:1]), 0, 4)
    found = fairness.populations(
        replace(data, source=replace(data.source, attributes={"hsf": hsf}))
    )
    assert found.tolist() == ["employees", "students", "students", "students"]
    assert found.index.tolist() == [str(person) for person in data.splits.individuals]


# --- similar people


def line(places) -> np.ndarray:
    return np.abs(np.subtract.outer(places, places)).astype(float)


def test_mantel_of_a_matrix_with_itself_and_with_its_opposite():
    rng = np.random.default_rng(0)
    apart = line(np.arange(7) ** 2)
    r, p = permutation.mantel(apart, apart, rng)
    assert r == pytest.approx(1) and p < 0.01
    r, p = permutation.mantel(apart, 36 * (1 - np.eye(7)) - apart, rng)
    assert r == pytest.approx(-1) and p == 1


def test_mantel_is_pearsons_r_over_pairs():
    a, b = line([0, 1, 5]), line([0, 2, 1])
    r, _ = permutation.mantel(a, b, np.random.default_rng(0), 9)
    assert r == pytest.approx(np.corrcoef([1, 5, 4], [2, 1, 1])[0, 1])


def test_mantel_rejects_as_often_as_it_should_where_there_is_nothing():
    rng = np.random.default_rng(4)
    p = [
        permutation.mantel(line(rng.random(7)), line(rng.random(7)), rng, 99)[1] for _ in range(200)
    ]
    assert 0.01 < np.mean(np.array(p) <= 0.05) < 0.1


def test_mantel_is_nan_for_two_people_for_equal_distances_and_for_nan():
    rng = np.random.default_rng(0)
    assert np.isnan(permutation.mantel(line([0, 1]), line([0, 1]), rng)).all()
    assert np.isnan(permutation.mantel(line([0, 1, 2]), np.zeros((3, 3)), rng)).all()
    assert np.isnan(permutation.mantel(line([0, 1, 2]), line([0, 1, np.nan]), rng)).all()


def test_people_with_equal_codes_have_no_distance(data):
    fold = data.splits.folds[0]
    codes = data.inputs.reshape(len(data.inputs), -1) / 255
    apart = fairness.latent_distances(data, fold, codes)
    assert apart.shape == (len(fold.individuals),) * 2
    assert (
        np.allclose(apart, apart.T)
        and not apart.diagonal().any()
        and (apart + np.eye(len(apart)) > 0).all()
    )
    assert not fairness.latent_distances(data, fold, np.ones_like(codes)).any()


def named(distances: np.ndarray, names: str) -> pd.DataFrame:
    return pd.DataFrame(distances, index=list(names), columns=list(names))


def test_mantel_has_a_line_per_method_and_fold():
    own = pd.DataFrame({"A": [0.5, 0.6, 0.8, 0.9, 0.1]}, index=list("abcde"))
    folds = [named(line([0, 1, 3]), "abc"), named(line([0, 1]), "de")]
    table = fairness.mantel_by_fold(folds, own, ["A"], np.random.default_rng(0))
    assert table.index.tolist() == [("A", "fold 0"), ("A", "fold 1")]
    assert table["people"].tolist() == [3, 2]
    assert table.loc[("A", "fold 0"), "r"] == pytest.approx(1)
    assert np.isnan(table.loc[("A", "fold 1"), "r"])  # two people are too few


def test_pairs_of_all_folds_have_the_difference_at_the_base():
    own = pd.DataFrame(
        {"A": [0.9, 0.8, 0.2, 0.7], "BaseLine": [0.5, 0.7, 0.6, 0.5]}, index=list("abcd")
    )
    folds = [named(line([0, 1]), "ab"), named(line([0, 5]), "cd")]
    none = pd.DataFrame(0.0, index=own.index, columns=own.columns)
    pairs = fairness.near_pairs_of_folds(folds, own, none, "A")
    assert pairs[["better", "worse"]].values.tolist() == [["d", "c"], ["a", "b"]]
    assert pairs["at BaseLine"].tolist() == pytest.approx([-0.1, -0.2])


def test_distances_of_folds_have_the_names_of_their_people(data):
    class Coded:
        folds = data.splits.folds

        def codes(self, fold):
            return data.inputs.reshape(len(data.inputs), -1) / 255

    Coded.data = data
    tables = fairness.fold_distances(Coded())
    for table, fold in zip(tables, data.splits.folds, strict=True):
        assert table.index.tolist() == [str(person) for person in fold.individuals]
        assert table.index.equals(table.columns) and (table.to_numpy().diagonal() == 0).all()


def test_individuals_are_found_by_their_names(data):
    people = data.splits.individuals
    assert fairness.individuals_named(data, [str(people[1]), str(people[0])]) == [
        people[1],
        people[0],
    ]


def test_near_pairs_with_the_largest_difference_come_first():
    apart = line([0, 1, 3, 100, 101])
    p = pd.Series([0.5, 0.9, 0.6, 0.1, 0.2], list("abcde"))
    found = fairness.near_pairs_that_differ(
        apart, p, pd.Series(0.02, p.index), share=0.3
    )  # three of ten pairs: a-b, d-e, b-c
    assert found[["better", "worse"]].values.tolist() == [["b", "a"], ["b", "c"], ["e", "d"]]
    assert (
        found["difference"].tolist() == pytest.approx([0.4, 0.3, 0.1])
        and found["noise"].tolist() == [0.2] * 3
    )
    assert found["distance"].tolist() == [1, 2, 1]


def test_a_person_without_a_result_is_in_no_pair():
    p = pd.Series([0.5, np.nan, 0.5], list("abc"))
    found = fairness.near_pairs_that_differ(line([0, 1, 9]), p, pd.Series({"a": 0.0, "c": 0.0}))
    assert found[["better", "worse", "difference"]].values.tolist() == [["a", "c", 0.0]]
    assert fairness.near_pairs_that_differ(line([0]), p[:1], pd.Series({"a": 0.0})).empty


def test_a_method_with_smaller_differences_is_distinguished_from_one_with_equal_ones():
    """Accuracies of BaseLine spread by .1; one method halves the spread, another keeps it."""
    rng = np.random.default_rng(0)
    spread = rng.normal(0, 0.1, 40)
    made = {
        "BaseLine": 0.7 + spread,
        "half": 0.8 + spread / 2 + rng.normal(0, 0.01, 40),
        "same": 0.75 + spread + rng.normal(0, 0.01, 40),
    }
    rows = pd.DataFrame(
        [
            {"method": name, "person": str(k), "acc_I": value}
            for name, values in made.items()
            for k, value in enumerate(values)
        ]
    )
    none = pd.DataFrame(0.0, [str(k) for k in range(40)], list(made))
    found = fairness.dispersion_against_base(rows, "D_I", none, np.random.default_rng(1))
    assert (
        found.loc["half", "ratio"] == pytest.approx(0.5, abs=0.06)
        and found.loc["half", "holm"] < 1e-3
    )
    assert (
        found.loc["half", "high"] < 1 and found.loc["same", "low"] < 1 < found.loc["same", "high"]
    )
    assert found.loc["half", "change high"] < 0 and found.loc["half", "change"] == pytest.approx(
        -0.05, abs=0.015
    )
    noisy = none.assign(
        BaseLine=spread.var(ddof=1)
    )  # all of the base's variance is sampling noise, half's is not
    assert (
        fairness.dispersion_against_base(rows, "D_I", noisy, np.random.default_rng(1)).loc[
            "half", "change"
        ]
        > 0.03
    )


# --- ceiling or equalising


def accuracies(logits: np.ndarray, digits: int = 100) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accuracies of people on so many test digits, and their sampling variances.

    logits   of the true accuracy, [n people, 2]: of the method and of the baseline
    """
    people = pd.DataFrame(
        np.random.default_rng(1).binomial(digits, 1 / (1 + np.exp(-logits))) / digits,
        columns=["SW-n-2", "BaseLine"],
    )
    return people, people * (1 - people) / (digits - 1)


@pytest.mark.parametrize(
    ("rise", "factor", "reading"),
    [
        (2.0, 1.0, "ceiling"),  # all people rise alike in logits
        (1.0, 0.3, "equalising"),
        (0.0, 2.0, "widening"),
        (0.0, 1.0, "neither"),
    ],
)
def test_ceiling_or_equalising(rise, factor, reading):
    rng = np.random.default_rng(0)
    person = rng.normal(0, 0.6, 400)
    base = 1.5 + person
    method = 1.5 + rise + factor * person
    people, variances = accuracies(np.column_stack([method, base]))
    cohort = pd.Series(np.arange(400) % 4, people.index)
    scales = fairness.dispersion_on_scales(people, variances, cohort, "SW-n-2", rng)
    assert fairness.reading(scales) == reading
    assert scales.loc["logit", "base"] == pytest.approx(0.6, abs=0.06)
    assert scales.loc["logit", "method"] == pytest.approx(0.6 * factor, abs=0.15)
    assert (scales["change"] == scales["method"] - scales["base"]).all()


def test_few_people_leave_open_whether_it_is_a_ceiling():
    lines = ["percentage points", "relative error", "logit"]
    columns = ["base", "method", "change", "low", "high"]
    numbers = [[4, 1, -3, -5, -1], [0.7, 0.4, -0.3, -0.8, 0.3], [0.7, 0.4, -0.3, -0.9, 0.2]]
    scales = pd.DataFrame(numbers, lines, columns)
    assert fairness.reading(scales) == "open"


def test_the_sd_of_logits_from_moments():
    """That of a normal distribution of logits whose moments are known by simulation."""
    draws = np.random.default_rng(0).normal(0, 1, 400_000)
    for centre, sd in [(0, 0.5), (2, 1), (4, 0.7), (-1, 1.5)]:
        p = 1 / (1 + np.exp(-centre - sd * draws))
        assert fairness.logit_sd(p.mean(), p.var()) == pytest.approx(sd, rel=0.02)
    assert fairness.logit_sd(0.9, 0.0) == 0
    assert fairness.logit_sd(1.0, 0.0) == 0
    assert fairness.relative_sd(0.9, 0.01) == pytest.approx(1)
    assert np.isnan(fairness.relative_sd(1.0, 0.0))


def test_dispersion_on_scales_of_people_who_do_not_differ():
    people = pd.DataFrame(0.9, range(10), ["SW-n-2", "BaseLine"])
    cohort = pd.Series(0, people.index)
    rng = np.random.default_rng(0)
    scales = fairness.dispersion_on_scales(people, 0 * people, cohort, "SW-n-2", rng)
    assert (scales["change"] == 0).all()
    assert scales["low"].isna().all()
    assert fairness.reading(scales) == "neither"


# --- the probability of harm


def test_digits_that_a_person_wins_and_loses():
    """Six images of three digits: the first is won, of the second one flip of two is lost."""
    data = prepare(read_params(ROOT / "params" / "quick.yml"))
    person = data.splits.individuals[0]
    test = data.splits.test[person]
    digits = np.unique(data.item[test])
    base = np.ones(len(test), bool)
    base[data.item[test] == digits[0]] = False
    method = np.ones(len(test), bool)
    method[np.flatnonzero(data.item[test] == digits[1])[0]] = False
    known = rows({("BaseLine", str(person), 0): base, ("SW-n-2", str(person), 0): method})
    changed = fairness.paired_digits(data, known, "D_I", "SW-n-2")
    copies = np.sum(data.item[test] == digits[1])
    assert changed.loc[str(person)].tolist() == pytest.approx([len(digits), 1, 1 / copies])


def test_the_probability_of_harm_is_calibrated():
    """Of the people who are harmed with a probability near p, a share of p is."""
    rng = np.random.default_rng(0)
    n = 4000
    q = rng.beta(3, 2, n)
    changed = rng.integers(0, 12, n)
    won = rng.binomial(changed, q)
    p = fairness.harm_probability(won, changed - won)
    assert p.mean() == pytest.approx(np.mean(q < 0.5), abs=0.03)
    for low, high in [(0.0, 0.2), (0.2, 0.4), (0.4, 0.7)]:
        between = (p >= low) & (p < high)
        assert np.mean(q[between] < 0.5) == pytest.approx(p[between].mean(), abs=0.06)


def test_a_person_without_changes_is_judged_by_the_others():
    won = np.array([9, 8, 7, 9, 0])
    p = fairness.harm_probability(won, np.array([1, 2, 2, 0, 0]))
    assert p[-1] < 0.3
    unlike = fairness.harm_probability(np.array([6, 5, 6, 0]), np.array([0, 1, 0, 6]))
    assert unlike[-1] > 0.8  # the others are no proof
    alike = fairness.harm_probability(np.array([3, 3, 0]), np.array([3, 3, 0]))
    assert alike == pytest.approx([0.5, 0.5, 0.5], abs=0.01)
    assert fairness.harm_probability(np.array([]), np.array([])).shape == (0,)
