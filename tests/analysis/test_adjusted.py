"""Changes adjusted by a covariate, and the log-probability as an outcome."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import adjusted
from perso.store.sqlite import packed

COHORT = np.repeat(np.arange(4), 30)


def planted(slope: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Changes and a covariate of 120 people, uncorrelated within cohorts but for the slope."""
    draw = np.random.default_rng(seed)
    covariate, noise = draw.normal(size=(2, len(COHORT)))
    for cohort in range(4):
        of_one = cohort == COHORT
        x = covariate[of_one] - covariate[of_one].mean()
        noise[of_one] -= noise[of_one].mean()
        noise[of_one] -= x * (x @ noise[of_one]) / (x @ x)
    return 1 + slope * covariate + noise, covariate


def width(mean) -> float:
    return mean.high - mean.low


def test_a_correlated_covariate_narrows_the_interval_and_keeps_the_mean():
    found = adjusted.adjust(*planted(3.0), COHORT)
    assert found.adjusted.mean == pytest.approx(found.plain.mean)
    assert width(found.adjusted) < 0.5 * width(found.plain)
    assert found.ratio == pytest.approx(10, rel=0.25)


def test_a_covariate_without_correlation_changes_nothing():
    found = adjusted.adjust(*planted(0.0), COHORT)
    assert found.adjusted.mean == pytest.approx(found.plain.mean)
    assert found.adjusted.low == pytest.approx(found.plain.low)
    assert found.ratio == pytest.approx(1)


@pytest.mark.parametrize("sizes", [(5, 20), (5, 20, 40)])
def test_cohorts_of_other_sizes_keep_the_mean(sizes):
    cohort = np.repeat(np.arange(len(sizes)), sizes)
    d, covariate = np.random.default_rng(1).normal(size=(2, len(cohort)))
    found = adjusted.adjust(d + covariate, covariate, cohort)
    assert found.adjusted.mean == pytest.approx(found.plain.mean) and found.ratio > 1


def test_with_few_people_or_one_value_nothing_is_adjusted():
    d, covariate = planted(3.0)
    few = adjusted.adjust(d[:10], covariate[:10], COHORT[:10])
    assert few.adjusted == few.plain and np.isnan(few.ratio)
    assert adjusted.adjust(d[:11], covariate[:11], COHORT[:11]).ratio > 1
    same = adjusted.adjust(d, np.ones(len(d)), COHORT)
    assert same.adjusted == same.plain and np.isnan(same.ratio)


def test_networks_that_met_a_person_are_left_out():
    """Of line i and column j: the diagonal, and the line before it in the ring."""
    accuracies = np.arange(16.0).reshape(4, 4)
    unmet = adjusted.unmet_mean(accuracies)
    assert unmet.tolist() == [(4 + 8) / 2, (9 + 13) / 2, (2 + 14) / 2, (3 + 7) / 2]
    accuracies[1] = np.nan
    assert adjusted.unmet_mean(accuracies)[0] == 8
    assert np.isnan(adjusted.unmet_mean(np.ones((2, 2)))).all()


def rows_of(people: int = 12, cohorts: int = 3) -> pd.DataFrame:
    """Rows of a baseline and a method; test sets differ in how many of 20 samples are hit."""
    draw = np.random.default_rng(3)
    lines = []
    for fold in range(cohorts):
        ease = draw.integers(5, 16, people)
        hits = np.concatenate([np.arange(20) < n for n in ease])
        for place, n in enumerate(ease):
            for method in ("BaseLine", "SW-n-2"):
                accuracy = n / 20 if method == "BaseLine" else (n + 20) / 40 + 0.01 * draw.normal()
                lines.append(
                    {
                        "method": method,
                        "person": f"{fold}-{place}",
                        "fold": fold,
                        "repeat": 0,
                        "acc_I": accuracy,
                        "n_I": 20,
                        "acc_G": 0.9,
                        "iterations": 8,
                        "own_iterations": 8,
                        "hits_S": packed(hits),
                        "logp_I": np.full(20, np.log(accuracy), np.float16).tobytes(),
                    }
                )
    return pd.DataFrame(lines)


def names_of(rows: pd.DataFrame) -> list[list[str]]:
    return [list(of_one["person"].unique()) for _, of_one in rows.groupby("fold")]


def test_the_change_of_rows_is_adjusted_by_ease():
    rows = rows_of()
    found = adjusted.adjusted_change(names_of(rows), rows, "SW-n-2")
    ease = adjusted.ease_of_test_sets(names_of(rows), rows)
    base = rows[rows["method"] == "BaseLine"].set_index(["fold", "person"])["acc_I"]
    assert ease.to_numpy() == pytest.approx(base.to_numpy())
    d = adjusted.difference(rows, "SW-n-2", "acc_I")
    assert found.plain.n == 36 and found.plain.mean == pytest.approx(d.mean())
    assert found.adjusted.mean == pytest.approx(d.mean()) and found.ratio > 10


def test_both_outcomes_are_of_the_same_people():
    rows = rows_of()
    found = adjusted.both_outcomes(rows, "SW-n-2")
    wide = rows.pivot_table(index="person", columns="method", values="acc_I")
    change = (wide["SW-n-2"] - wide["BaseLine"]).mean()
    in_nats = np.log(wide["SW-n-2"] / wide["BaseLine"]).mean()
    assert found.accuracy.mean == pytest.approx(change)
    assert found.log_probability.mean == pytest.approx(in_nats, abs=1e-3)
    assert found.accuracy.n == found.log_probability.n == 36 and found.ratio > 0
    rows.loc[rows["person"] == "0-0", "logp_I"] = None
    assert adjusted.both_outcomes(rows, "SW-n-2").accuracy.n == 35


def test_t_within_is_that_of_one_sample_and_ignores_spread_between_cohorts():
    d = np.random.default_rng(2).normal(1, size=30)
    t = adjusted.t_within(d, np.zeros(30))
    assert t == pytest.approx(d.mean() / (d.std(ddof=1) / np.sqrt(30)))
    shifts = np.repeat([-5.0, 0, 5.0], 30)
    shifted = adjusted.t_within(np.tile(d, 3) + shifts, shifts)
    assert shifted == pytest.approx(t * np.sqrt(3))
