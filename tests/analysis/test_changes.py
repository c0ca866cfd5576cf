"""Changes by the one rule: who is paired with whom, and what the people of a cohort share."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import changes
from perso.methods.method import BASELINE
from perso.methods.registry import METHODS
from perso.parts import ALL_PARTS, BOTH, margin_of, parts_of
from perso.stats import cohorts, paired
from perso.store.sqlite import packed

IMAGES = 200
TL, TL_0, SW = "TL", "TL-0", "SW"


def row(method, person, hits, fold=0, repeat=0) -> dict:
    """A row with these hits on D_G and on D_I; those of TL start from a generic network."""
    generic = 100 if method in (TL, TL_0) else 0
    return {
        "key": f"{method} {person} {fold} {repeat}",
        "method": method,
        "person": f"{fold}-{person}",
        "fold": fold,
        "repeat": repeat,
        "acc_I": hits.mean(),
        "acc_G": hits.mean(),
        "n_G": len(hits),
        "hits_G": packed(hits),
        "iterations": 10 + generic,
        "own_iterations": 10,
    }


def drawn(share, rng) -> np.ndarray:
    return rng.random(IMAGES) < share


def rows(methods=(BASELINE, SW), folds=1, people=12, repeats=1, seed=0) -> pd.DataFrame:
    """Rows whose hits are independent draws."""
    rng = np.random.default_rng(seed)
    lines = [
        row(method, person, drawn(0.8 + 0.05 * (method == SW), rng), fold, repeat)
        for fold in range(folds)
        for person in range(people)
        for method in methods
        for repeat in range(repeats)
    ]
    return pd.DataFrame(lines)


def test_on_D_I_a_change_of_one_cohort_is_a_paired_t_test():
    table = rows()
    wide = table.pivot(index="person", columns="method", values="acc_I")
    expected = paired.paired_change(wide[SW] - wide[BASELINE])
    found = changes.change(table, SW, BASELINE, "D_I")
    assert (found.mean, found.low, found.high, found.p) == pytest.approx(
        (expected.mean, expected.low, expected.high, expected.p)
    )
    assert (found.n, found.cohorts) == (12, 1)


def test_images_that_are_hard_for_one_method_widen_the_interval_on_D_G():
    table = rows()
    hard = np.arange(IMAGES) < 30  # everybody's network by SW misses them
    hits = [
        np.where(hard, method != SW, np.unpackbits(np.frombuffer(blob, np.uint8))[:IMAGES] > 0)
        for method, blob in zip(table["method"], table["hits_G"], strict=True)
    ]
    shared = table.assign(hits_G=[packed(each) for each in hits])
    shared["acc_G"] = [each.mean() for each in hits]
    wide, narrow = (changes.change(each, SW, BASELINE, "D_G") for each in (shared, table))
    alone = paired.paired_change(
        shared.pivot(index="person", columns="method", values="acc_G")
        .pipe(lambda t: t[SW] - t[BASELINE])
        .to_numpy()
    )
    assert wide.mean == pytest.approx(alone.mean)
    assert wide.high - wide.low > 2 * (alone.high - alone.low)
    assert wide.error > 1.5 * narrow.error


def test_from_three_cohorts_on_D_G_is_tested_over_cohorts():
    table = rows(folds=4)
    wide = table.pivot(index=["fold", "person"], columns="method", values="acc_G")
    means = (wide[SW] - wide[BASELINE]).groupby("fold").mean()
    expected = paired.paired_change(means)
    found = changes.change(table, SW, BASELINE, "D_G")
    assert (found.low, found.high, found.df) == pytest.approx((expected.low, expected.high, 3))


def test_repeats_are_averaged_before_people_are_paired():
    table = rows(repeats=3)
    fewer = table[(table["method"] == BASELINE) | (table["repeat"] == 0)]
    means = fewer.groupby(["person", "method"])["acc_I"].mean().unstack()
    found = changes.by_person(fewer, {SW: 1, BASELINE: -1}, "D_I")
    np.testing.assert_allclose(
        found.to_numpy(), (means[SW] - means[BASELINE])[found.index.get_level_values("person")]
    )


def test_methods_from_generic_networks_are_paired_by_repeat():
    """One generic network is bad: where both start from it, it must not count for one alone."""
    table = rows((BASELINE, TL, TL_0), repeats=3)
    bad = table["method"].isin([TL, TL_0]) & (table["repeat"] == 2)
    table.loc[bad, "acc_G"] -= 0.3
    table = table[~((table["method"] == TL) & (table["repeat"] < 2))]  # TL has the bad one alone
    found = changes.by_person(table, {TL: 1, TL_0: -1}, "D_G")
    assert abs(found.mean()) < 0.05
    against_others = changes.by_person(table, {TL: 1, BASELINE: -1}, "D_G")
    assert against_others.mean() < -0.25


def test_a_generic_network_counts_where_it_does_not_cancel():
    table = rows((BASELINE, TL, TL_0), repeats=2)
    spread = table.loc[table["method"] == BASELINE, "acc_G"].var()
    one = changes.shared_variance(table, {TL: 1, BASELINE: -1}, "D_I", 0)
    assert one == pytest.approx(spread / 2)  # two generic networks
    assert changes.shared_variance(table, {TL: 1, TL_0: -1}, "D_I", 0) == 0


def spread_of(table: pd.DataFrame, *contrast: str) -> float:
    """The variance that a fold's people share in a difference of two methods on D_I."""
    first, second = contrast
    return changes.shared_variance(table, {first: 1, second: -1}, "D_I", 0)


# methods of one user network, of others, and of the generic network
INPUT, NOT_FITTED = "user input", "user input, not fitted"
SHUFFLED, GATES, HEAD = "user input, shuffled", "user gates", "user head 0.1"
GENERIC = ("TL-n-0", "TL-n-200 (1e-3)")


def from_networks(repeats: int = 1) -> pd.DataFrame:
    """Rows of the baseline, and of methods that start from networks that people share."""
    methods = (BASELINE, INPUT, NOT_FITTED, SHUFFLED, GATES, HEAD, *GENERIC)
    table = rows(methods, repeats=repeats)
    return table.assign(iterations=10 + 100 * (table["method"] != BASELINE))


def test_user_networks_count_where_they_do_not_cancel():
    assert {INPUT, NOT_FITTED, SHUFFLED, GATES, HEAD, *GENERIC} <= {each.name for each in METHODS}
    table = from_networks(repeats=2)
    spread = table.loc[table["method"] == BASELINE, "acc_G"].var()
    # one network, of which there are two in two repeats
    assert spread_of(table, INPUT, BASELINE) == pytest.approx(spread / 2)
    # the same network
    assert spread_of(table, INPUT, NOT_FITTED) == spread_of(table, *GENERIC) == 0
    # two networks
    for other in (SHUFFLED, GATES, HEAD, *GENERIC):
        assert spread_of(table, INPUT, other) == pytest.approx(2 * spread / 2)


def test_the_generic_network_counts_as_without_user_networks():
    table = from_networks()
    spread = table.loc[table["method"] == BASELINE, "acc_G"].var()
    for method in GENERIC:
        assert spread_of(table, method, BASELINE) == pytest.approx(spread)
    found = changes.shared_variance(table, {GENERIC[0]: 2, GENERIC[1]: -1, BASELINE: -1}, "D_I", 0)
    assert found == pytest.approx(spread)


def test_another_user_network_widens_the_interval():
    table = from_networks()
    spread = table.loc[table["method"] == BASELINE, "acc_G"].var()
    for other, networks in ((NOT_FITTED, 0), (GATES, 2)):
        d = changes.by_person(table, {INPUT: 1, other: -1}, "D_I")
        found = changes.change(table, INPUT, other, "D_I")
        assert found.error**2 == pytest.approx(d.var() / len(d) + networks * spread)


ENROLLED, OTHERS = "enrolled, 1 sample", "enrolled, 1 sample of another"
LOW_RANK, NOBODY = "low rank, 12 samples", "nobody enrolled"


def enrolled_rows(repeats: int) -> pd.DataFrame:
    """Rows of the baseline, and of methods that start from enrolled networks."""
    table = rows((BASELINE, ENROLLED, OTHERS, LOW_RANK, NOBODY, GENERIC[0]), repeats=repeats)
    return table.assign(iterations=10 + 100 * (table["method"] != BASELINE))


def test_two_enrolled_networks_vary_as_they_do_over_repeats():
    """Both are trained from the generic network of their repeat."""
    assert {ENROLLED, OTHERS, LOW_RANK, NOBODY} <= {each.name for each in METHODS}
    table = enrolled_rows(repeats=3)
    means = table.groupby(["repeat", "method"])["acc_I"].mean().unstack()
    for other in (NOBODY, LOW_RANK, GENERIC[0]):
        expected = (means[ENROLLED] - means[other]).var() / 3
        assert spread_of(table, ENROLLED, other) == pytest.approx(expected)
    assert spread_of(table, ENROLLED, OTHERS) == 0  # the same network
    baselines = table.loc[table["method"] == BASELINE, "acc_G"].var()
    assert spread_of(table, ENROLLED, BASELINE) == pytest.approx(baselines / 3)


def test_two_enrolled_networks_of_one_repeat_vary_as_the_baselines():
    table = enrolled_rows(repeats=1)
    baselines = table.loc[table["method"] == BASELINE, "acc_G"].var()
    assert spread_of(table, ENROLLED, NOBODY) == pytest.approx(2 * baselines)
    assert spread_of(table, ENROLLED, OTHERS) == 0


# --- the parts


def with_elsewhere(table: pd.DataFrame) -> pd.DataFrame:
    """The rows with accuracies on D_U."""
    draw = np.random.default_rng(1)
    return table.assign(acc_U=draw.random(len(table)), n_U=10)


def test_on_d_u_a_change_is_of_the_accuracies_on_d_u():
    table = with_elsewhere(rows())
    wide = table.pivot(index="person", columns="method", values="acc_U")
    expected = paired.paired_change(wide[SW] - wide[BASELINE])
    found = changes.change(table, SW, BASELINE, "D_U")
    assert (found.mean, found.low, found.high, found.n) == pytest.approx(
        (expected.mean, expected.low, expected.high, 12)
    )


def test_both_is_the_sum_of_the_accuracies_on_d_i_and_d_u():
    table = with_elsewhere(rows())
    parts = [changes.by_person(table, {SW: 1, BASELINE: -1}, part) for part in ("D_I", "D_U")]
    both = changes.by_person(table, {SW: 1, BASELINE: -1}, BOTH)
    np.testing.assert_allclose(both, parts[0] + parts[1])
    assert changes.change(table, SW, BASELINE, BOTH).mean == pytest.approx(both.mean())
    assert margin_of(BOTH) == margin_of("D_I") + margin_of("D_U") > margin_of("D_G")


@pytest.mark.parametrize("part", ["D_U", BOTH])
def test_people_without_other_contexts_have_no_change_there(part):
    table = with_elsewhere(rows())
    table.loc[table["person"] == "0-3", "acc_U"] = np.nan
    assert changes.change(table, SW, BASELINE, part).n == 11
    table["acc_U"] = np.nan
    assert changes.change(table, SW, BASELINE, part).n == 0


def test_rows_were_tested_on_d_u_where_any_of_them_was():
    plain, elsewhere = rows(), with_elsewhere(rows())
    assert list(parts_of(plain)) == list(parts_of(plain.assign(acc_U=np.nan))) == ["D_I", "D_G"]
    assert list(parts_of(elsewhere)) == ["D_I", "D_U", "D_G"]
    assert all(parts_of(elsewhere)[name] is part for name, part in ALL_PARTS.items())


def test_hits_on_images_average_to_the_contrast():
    table = rows(repeats=2)
    found = changes.hits_on_images(table, {SW: 1, BASELINE: -1})
    d = changes.by_person(table, {SW: 1, BASELINE: -1}, "D_G")
    assert found.shape == (12, IMAGES)
    np.testing.assert_allclose(
        found.mean(axis=1).to_numpy(), d.droplevel("fold").loc[found.index].to_numpy()
    )


def test_people_without_one_of_the_methods_are_left_out():
    table = rows()
    fewer = table[~((table["method"] == SW) & (table["person"] == "0-3"))]
    assert changes.change(fewer, SW, BASELINE, "D_G").n == 11
    assert len(changes.hits_on_images(fewer, {SW: 1, BASELINE: -1})) == 11


def test_a_method_without_rows_has_no_change():
    found = changes.change(rows(), "nobody", BASELINE, "D_G")
    assert found.n == 0 and np.isnan(found.mean) and np.isnan(found.low)
    assert isinstance(found, cohorts.Mean)
