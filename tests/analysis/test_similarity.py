"""Similarity of samples and people, by the latent codes of a small study."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from perso.analysis import similarity
from perso.methods.method import BASELINE
from perso.methods.registry import GROUPING, named
from perso.paths import ROOT
from perso.settings import read_params
from perso.stats.permutation import permanova
from perso.store.sqlite import packed
from perso.study import plans
from perso.study.study import Study

TINY = replace(
    read_params(ROOT / "params" / "smoke.yml"),
    width=1 / 8,
    epochs=1,
    encoder_epochs=8,
    device="cpu",
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return Study(TINY, tmp_path_factory.mktemp("similarity") / "rows.sqlite")


# --- statistics


def test_probability_that_two_random_samples_are_of_one_person():
    assert similarity.same_by_chance(np.array(["a", "a", "b", "b"])) == pytest.approx(1 / 3)
    assert similarity.same_by_chance(np.array([1, 1, 1])) == 1


def test_diversity_is_the_mean_distance_from_the_mean():
    assert (
        similarity.mean_distance(np.array([[0.0, 0], [6, 8]])) == 5
        and similarity.mean_distance(np.ones((4, 3))) == 0
    )


def test_permanova_is_one_way_anova_in_one_dimension():
    """R² = SSB / SST; by hand: groups 1, 2, 3 and 5, 6, 7 have SSB 24 and SST 28."""
    values, groups = np.array([1.0, 2, 3, 5, 6, 7])[:, None], np.array(list("aaabbb"))
    found = permanova(values, groups, np.zeros(6), np.random.default_rng(0))
    assert found.share == pytest.approx(24 / 28)
    assert found.p == pytest.approx(0.1, abs=0.03)  # 2 of the 20 ways to choose three of six
    assert found.chance == pytest.approx(1 / 5, abs=0.02)  # (groups - 1) / (n - 1)


def test_permanova_compares_within_strata_only():
    rng = np.random.default_rng(0)
    strata, groups = np.repeat([0, 1], 40), np.tile(np.repeat([0, 1], 20), 2)
    apart = rng.normal(size=(80, 3)) + 50 * strata[:, None]  # strata differ, groups do not
    assert permanova(apart, groups, strata, rng, 199).p > 0.05
    found = permanova(apart + groups[:, None], groups, strata, rng, 199)
    assert found.p == 1 / 200 and found.share > found.chance


def test_permanova_holds_its_nominal_level():
    rng, strata = np.random.default_rng(1), np.repeat([0, 1], 12)
    p = [
        permanova(
            rng.normal(size=(24, 2)), rng.permutation(np.tile([0, 1, 2], 8)), strata, rng, 99
        ).p
        for _ in range(200)
    ]
    assert 0.01 < np.mean(np.array(p) <= 0.05) < 0.1


# --- a study's codes


def test_the_nearest_neighbour_is_another_sample():
    codes = np.array([[0.0], [0.0], [1.0], [5.0]])
    assert similarity.nearest(codes).tolist() in ([1, 0, 0, 2], [1, 0, 1, 2])


def test_the_table_has_every_space_and_the_pixels_last(study):
    table = similarity.compare_spaces(study, (2, 16))
    assert table.index.tolist() == ["2 latent numbers", "16 latent numbers", "64 raw pixels"]
    assert table["error"].iloc[-1] == 0 and (table["error"].iloc[:2] > 0).all()
    assert table["class"].iloc[-1] > 0.9 > 0.5 > table["class"].iloc[0] > 0.1
    assert table["writer"].between(0, 1).all() and (table["p"] >= 0.001).all()
    images = similarity.unflipped(study, 0)
    at_random = similarity.same_by_chance(study.data.source.who[images])
    assert table["× chance"].to_numpy() == pytest.approx(table["writer"] / at_random)


def test_similarity_is_measured_on_unflipped_training_images(study):
    images = similarity.unflipped(study, 1)
    tests = np.concatenate([*study.data.splits.test.values()])
    assert not set(images) & set(tests) and images.max() < len(study.data.source.who)


def test_all_of_d_g_holds_nearer_samples_than_a_part(study):
    near = similarity.nearest_distances(study)
    assert near.index.tolist() == list(study.folds[0].individuals)
    assert (near["D_G"] < near["as few"]).all() and (near > 0).all(axis=None)


def test_individual_grouping_adds_the_first_of_the_ranked_people(study):
    fold, (method,) = study.folds[0], named("IG-n-5")
    for person in fold.individuals:
        order = similarity.persons_by_similarity(study, person)
        assert sorted(order) == sorted(fold.global_people)
        added = plans.enlarge(study.data, fold, method, person, 0, study.codes())
        assert set(study.data.splits.train[order[0]]) <= set(added)


def test_counterparts_are_of_d_g_and_the_nearest_are_nearer(study):
    own = study.data.splits.train[study.folds[0].individuals[0]][:7]
    near, far = similarity.counterparts(study, own)
    codes = study.codes()
    assert set(near) | set(far) <= set(study.folds[0].global_train)
    assert (
        np.linalg.norm(codes[own] - codes[near], axis=1)
        < np.linalg.norm(codes[own] - codes[far], axis=1)
    ).all()


def test_the_farthest_samples_are_the_most_diverse(study):
    found = similarity.diversity(study, [method for method in GROUPING if method.enlarged_by])
    assert found["far SG-n-1500"] == found.max() > found["SG-n-1500"] > 0


def test_overlap_does_not_count_the_persons_own_images(study):
    grouped = {method.name: method for method in GROUPING}
    kinds = [grouped[name] for name in ("SG-n-1500", "BaseLine-n-1500 with D_I", "far SG-n-1500")]
    found = similarity.overlap(study, kinds)
    one, other = study.folds[0].individuals
    for method in kinds:
        a, b = (
            set(plans.enlarge(study.data, study.folds[0], method, who, 0, study.codes()))
            - set(study.data.splits.train[who])
            for who in (one, other)
        )
        assert found[method.name] == pytest.approx(len(a & b) / len(a))


def test_gains_count_a_flip_with_its_digit(study):
    """The method is correct on 0, 1 and 8, and on no other digit; the base is never correct."""
    labels, lines = study.data.labels % 10, []
    for person, test in study.data.splits.test.items():
        for name, hits in (
            (BASELINE, np.zeros(len(test), bool)),
            ("SW-n-2", np.isin(labels[test], (0, 1, 8))),
        ):
            lines.append((name, str(person), packed(hits), len(test)))
    rows = pd.DataFrame(lines, columns=["method", "person", "hits_I", "n_I"])
    found = similarity.gain_on_classes(study, rows, "SW-n-2", (0, 1, 8))
    assert found.index.tolist() == list(study.data.splits.individuals)
    assert (found["these"] == 1).all() and (found["others"] == 0).all()


def test_the_identification_rate_is_a_share(study):
    rate, at_random = similarity.identification_rate(study)
    assert 0 < rate <= 1
    assert 0.2 < at_random < 0.35  # four people
