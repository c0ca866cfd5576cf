"""Changes by the one rule: who is paired with whom, and what the people of a cohort share."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import changes
from perso.methods.method import BASELINE
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
