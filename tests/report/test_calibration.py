"""The study's tests hold their nominal level: in the record, and in a few hundred new studies."""

import json
import sys
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats as scipy_stats

from perso.analysis.sampling_noise import DigitHits
from perso.claims import correlations
from perso.paths import ROOT
from perso.report import calibration, cost_figures, records
from perso.stats import cohorts

sys.path.insert(0, str(ROOT / "benchmarks"))
import calibration as benchmark

RECORD = records.calibration()
# tests of the ledger that are simulated with nothing shared; the rule for means has tests below
DECIDING = "Brown–Forsythe", "resampling people", "slope over settings", "PERMANOVA", "binomial"
# where one of them rejects too often; chapter 17 has its share
TOO_OFTEN = {("resampling people", "nothing differs, one cohort, 93 %", 24)}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# the record


def test_the_record_is_of_todays_tests():
    """Whoever changes the benchmark simulates again."""
    wanted = {
        (what, each.name, people, kind, what in each.contrast, each.simulations)
        for each in benchmark.SCENARIOS
        for people in each.sizes
        for what, kind in each.kinds.items()
    }
    names = ("what", "scenario", "people", "kind", "contrast", "simulated")
    assert {tuple(entry[name] for name in names) for entry in RECORD["entries"]} == wanted
    assert all(
        tuple(entry["wanted"]) == benchmark.WANTED[entry["kind"]] for entry in RECORD["entries"]
    )


def test_the_tests_that_decide_do_not_reject_too_often():
    found = calibration.entries(RECORD)
    found = found[found["what"].isin(DECIDING)]
    assert set(found["what"]) == set(DECIDING) and not found["contrast"].any()
    assert (found["simulated"] >= 2000).all()
    failed = found[found["verdict"] == "too often"]
    assert set(zip(failed["what"], failed["scenario"], failed["people"], strict=True)) == TOO_OFTEN
    assert failed["share"].max() < 0.08


def test_intervals_of_shares_are_wilsons():
    for entry in RECORD["entries"]:
        count, n = round(entry["share"] * entry["simulated"]), entry["simulated"]
        ends = scipy_stats.binomtest(count, n).proportion_ci(method="wilson")
        assert count / n == entry["share"] and (entry["low"], entry["high"]) == pytest.approx(
            tuple(ends), abs=1e-5
        )


# verdicts and texts


@pytest.mark.parametrize(
    ("kind", "share", "word"),
    [
        ("rejects", 0.05, "holds"),
        ("rejects", 0.01, "conservative"),
        ("rejects", 0.2, "too often"),
        ("at most", 0.0, "holds"),
        ("at most", 0.07, "too often"),
        ("covers", 0.95, "holds"),
        ("covers", 0.99, "conservative"),
        ("covers", 0.9, "too seldom"),
        ("finds", 0.5, "too seldom"),
        ("finds", 0.9, "more"),
        ("rejects", 0.065, "holds"),
    ],
)
def test_a_share_is_in_its_band_or_on_one_side_of_it(kind, share, word):
    assert calibration.judge_share(kind, share, list(benchmark.WANTED[kind])) == word


def one(share: float, **more) -> dict:
    entry = {
        "what": "sign-flip",
        "scenario": "nothing differs",
        "people": 14,
        "simulated": 100,
        "kind": "rejects",
        "contrast": False,
        "share": share,
        "low": share / 2,
        "high": 2 * share,
        "wanted": [0.035, 0.065],
    }
    return entry | more


def test_a_test_outside_its_band_is_named_and_a_contrast_does_not_count():
    entries = [
        one(0.05),
        one(0.3, people=24),
        one(0.3, what="six", contrast=True),
        one(0.0, what="coin"),
    ]
    assert calibration.calibration_answer({"entries": entries}) == (
        "Of 3 simulated error rates, coverages and powers, 1 are in their band, "
        "1 are outside on the safe side and 1 on the other: sign-flip (1 of 2)."
    )
    assert calibration.counts({"entries": entries}) == (3, 1, 1, {"sign-flip": (1, 2)})
    assert calibration.shares_text({"entries": entries}, "sign-flip", "nothing differs") == (
        "5.0 % (14 people) and 30.0 % (24 people)"
    )
    table = calibration.calibration_table({"entries": entries})
    assert table.loc[("sign-flip", "nothing differs", 24), "verdict"] == "too often"
    shares = table["% of studies [95 %]"]
    assert shares["sign-flip", "nothing differs", 14] == "5.0 [2.5, 10.0]"
    assert ("six (contrast)", "nothing differs", 14) in table.index


def test_kinds_of_studies_are_together_and_numbers_of_people_in_order():
    entries = [one(0.05, people=180), one(0.04, scenario="other"), one(0.04, people=45)]
    table = calibration.calibration_table({"entries": entries})
    assert list(table.index) == [
        ("sign-flip", "nothing differs", 45),
        ("sign-flip", "nothing differs", 180),
        ("sign-flip", "other", 14),
    ]
    assert next(iter(table)) == "verdict" and set(table["verdict"]) == {"holds"}


def test_a_share_outside_its_band_is_not_rounded_into_it():
    band = [0.035, 0.065]
    shares = (0.0345, 0.0355, 0.0652, 0.05)
    texts = [calibration.percent_text(share, band) for share in shares]
    assert texts == ["3.45", "3.5", "6.52", "5.0"]


def test_the_answer_names_where_the_rule_rejects_too_often():
    texts = calibration.calibration_texts(RECORD)
    failed = "TL − TL-0, one D_G, half of the ability kept, "
    assert texts["calib_rule_failed"].startswith(failed) and ";" not in texts["calib_rule_failed"]
    least, most = map(float, texts["calib_rule_range"].split(" to "))
    assert least < float(texts["calib_rule"]) < most


def test_a_record_is_split_by_what_its_tests_suppose():
    entries = [one(0.05), one(0.05, what=calibration.RULE), one(0.3, what=calibration.ALONE)]
    others, means = calibration.split_record({"seed": 3, "entries": entries})
    assert others == {"seed": 3, "entries": entries[:1]}
    assert means == {"seed": 3, "entries": entries[1:]}


def test_without_a_record_the_texts_name_the_command(tmp_path):
    assert records.calibration(tmp_path) is None
    assert calibration.calibration_answer(None) == calibration.UNCOUNTED


def test_without_a_failure_the_answer_names_no_test():
    answer = calibration.calibration_answer({"entries": [one(0.05)]})
    assert answer.endswith(
        "1 are in their band, 0 are outside on the safe side and 0 on the other."
    )


def test_every_text_of_the_chapter_has_shares_in_the_record():
    found = calibration.glued_texts(RECORD)
    assert list(found) == [*calibration.calibration_texts(RECORD), *calibration.SHARES]
    assert all(found[name].endswith(" people)") for name in calibration.SHARES)
    assert set(calibration.glued_texts(None).values()) == {"?"}


def test_the_table_of_means_has_the_shares_of_the_answer():
    table, answer = calibration.means_table(RECORD), calibration.calibration_texts(RECORD)
    line = table[table["studies"] == calibration.ANSWER].iloc[0]
    assert list(line[1:].astype(str)) == [
        answer[f"calib_{name}"] for name in ("people", "rule", "alone")
    ]
    assert not table.isin(["nan"]).any(axis=None) and not table.duplicated().any()


def test_the_record_is_described_by_its_size_seed_and_versions():
    record = {
        "entries": [one(0.05)],
        "simulations": 100,
        "seed": 3,
        "versions": {"python": "3.11", "numpy": "2"},
    }
    text = calibration.record_sentence(record)
    assert text == "1 shares, mostly of 100 studies each;\nseed 3, python 3.11, numpy 2"


def test_the_figure_has_a_line_per_test_and_studies():
    ax = cost_figures.bands(plt.figure().subplots(), RECORD, ("covers",))
    shown = calibration.entries(RECORD)
    shown = shown[shown["kind"] == "covers"]
    assert len(ax.get_yticklabels()) == len(shown.drop_duplicates(["what", "scenario"]))
    assert sum(len(line.get_xdata()) for line in ax.lines) == len(shown)
    plt.close(ax.figure)


# the simulated studies


def test_studies_have_their_true_accuracies():
    study = np.concatenate(
        [benchmark.means(benchmark.hits(rng(k), 60, (0.93, 0.97))) for k in range(20)]
    )
    assert study.mean(axis=0) == pytest.approx((0.93, 0.97), abs=0.006)


def test_people_have_digits_of_their_own():
    study = benchmark.hits(rng(), 6, (0.9, 0.9))
    assert [len(each) for each in study] == [33, 36, 39, 33, 36, 39]
    assert abs(np.corrcoef(study[0][:, 0], study[3][:, 0])[0, 1]) < 0.4


def test_people_are_in_cohorts_of_one_size():
    assert benchmark.cohorts_of(6, 3).tolist() == [0, 0, 1, 1, 2, 2]


def test_the_sampling_variance_is_that_of_clusters_of_flips():
    correct = np.array([3, 0, 2, 3])
    wanted = DigitHits(np.arange(4), correct, np.full(4, 3)).variance()
    assert benchmark.sampling_variance(correct) == pytest.approx(wanted)


@pytest.mark.parametrize("number", [1, 4])
def test_methods_that_vary_much_more_are_found_by_the_tests_of_spread(number, monkeypatch):
    """The simulated studies use the ledger's tests: a true difference is not missed."""

    def apart(rng, people, accuracy):
        shares = np.stack([rng.uniform(0, 1, people), rng.uniform(0.45, 0.55, people)], axis=1)
        return [rng.binomial(benchmark.FLIPS, share, (36, 2)) for share in shares]

    monkeypatch.setattr(benchmark, "hits", apart)
    assert all(benchmark.spreads(rng(), 40, number).values())


def test_settings_far_apart_have_a_slope_of_0():
    assert correlations.slope_of(*(steps[None] for steps in benchmark.APART)) == pytest.approx(0)


def test_the_same_seed_counts_the_same_and_another_does_not_draw_it():
    scenario = benchmark.Scenario(
        "normal", lambda rng, n: {"z": bool(rng.normal() > 0)}, {"z": "covers"}
    )
    there, again, other = (
        benchmark.counted(scenario, 14, 400, seed)[0]["share"] for seed in (0, 0, 1)
    )
    assert there == again != other and there == pytest.approx(0.5, abs=0.1)


def test_a_count_that_was_stopped_goes_on(tmp_path, monkeypatch):
    calls = []

    def trial(rng, people):
        calls.append(people)
        if stops and len(calls) > 7:
            raise KeyboardInterrupt
        return {"z": bool(rng.random() < 0.5)}

    def count(to, commit="abc"):
        calls.clear()
        monkeypatch.setattr(benchmark.published, "commit", lambda: commit)
        monkeypatch.setattr(sys, "argv", ["calibration", "--simulations", "4", "--to", str(to)])
        benchmark.main()
        return json.loads(to.read_text())

    monkeypatch.setattr(
        benchmark, "SCENARIOS", [benchmark.Scenario(name, trial, {"z": "covers"}) for name in "ab"]
    )
    stops, to = False, tmp_path / "new" / "x.json"
    whole = count(tmp_path / "whole.json")
    assert len(whole["entries"]) == 2 * len(benchmark.PEOPLE) and len(calls) == 16
    for commit, left in (
        ("abc", 12),
        ("def", 16),
        ("def-dirty", 16),
    ):  # of other code nothing is taken over
        stops = True
        with pytest.raises(KeyboardInterrupt):
            count(to, commit="def-dirty" if commit == "def-dirty" else "abc")
        stops = False
        assert count(to, commit) == whole | {"commit": commit} and len(calls) == left
        assert list(to.parent.iterdir()) == [to]


def test_a_test_that_always_rejects_is_found_out():
    scenario = benchmark.Scenario("any", lambda rng, n: {"p": True}, {"p": "rejects"})
    (entry,) = benchmark.counted(scenario, 14, 10)
    assert (
        entry["share"] == 1
        and calibration.judge_share("rejects", 1, entry["wanted"]) == "too often"
    )


# the simulated cohorts


def cohort_means(count: int, people: int = 6, **more) -> np.ndarray:
    """Accuracies of simulated cohorts, [count, people, 2]."""
    found = [benchmark.cohort_hits(rng(k), people, **more) for k in range(count)]
    return np.array(found).mean(axis=2) / benchmark.FLIPS


@pytest.mark.parametrize(
    "more", [{}, {"kept": (0, 1)}, {"kept": (1, 0.5)}, {"kept": (1, 0.5), "ability": (1, 1)}]
)
def test_methods_of_a_cohort_have_their_true_accuracies_whatever_they_share(more):
    found = cohort_means(150, accuracy=(0.93, 0.95), **more).mean(axis=(0, 1))
    assert found == pytest.approx((0.93, 0.95), abs=0.005)


def test_people_who_keep_a_generic_network_have_the_same_hits():
    study = benchmark.cohort_hits(rng(), 5, kept=(0, 1))
    assert (study[:, :, 1] == study[:1, :, 1]).all()
    assert (study[:, :, 0] != study[:1, :, 0]).any(axis=1)[1:].all()
    half = cohort_means(60, kept=(0, 0.5))
    # what people share of the second method varies from cohort to cohort
    assert half[:, :, 1].mean(axis=1).std() > 1.5 * half[:, :, 0].mean(axis=1).std()


def test_ability_that_is_kept_differs_between_cohorts_alone():
    spread = [
        np.diff(cohort_means(80, kept=(1, 0.5), ability=ability))[..., 0].mean(axis=1).std()
        for ability in (None, (1, 1))
    ]
    assert spread[0] > 1.3 * spread[1]  # what is lost of it is in every person's difference


def test_a_shift_moves_the_difference_and_not_the_mean():
    base, moved = cohort_means(30), cohort_means(30, shift=0.4)
    assert np.diff(moved - base).mean() == pytest.approx(0.4 * 0.134, rel=0.1)
    assert (moved - base).mean() == pytest.approx(0, abs=0.005)


def test_the_effect_of_a_cohort_is_in_units_of_its_error():
    assert benchmark.error_within(45) == benchmark.error_within(45)
    found = np.diff(cohort_means(300, people=45)).mean(axis=1).std()
    density = scipy_stats.norm.pdf(scipy_stats.norm.ppf(0.93))
    assert benchmark.error_within(45) * density == pytest.approx(found, rel=0.15)


def test_the_simulated_cohorts_use_the_rule_with_what_is_shared(monkeypatch):
    calls = []

    def rule(d, cohort, *, drawn, common):
        calls.append((len(d), len(set(cohort)), drawn, common))
        return cohorts.Mean(0, 1, 1, len(d), 1, -1, 1, 0.5)

    monkeypatch.setattr(benchmark.cohorts, "mean_over_people", rule)
    benchmark.on_D_G(rng(), 24)
    benchmark.on_D_G(rng(), 24, kept=(0, 1))
    benchmark.on_D_G(rng(), 24, kept=(0.2, 0.5))
    benchmark.on_D_G(rng(), 24, number=4, effect=1)
    benchmark.on_D_I(rng(), 24)
    benchmark.from_generic(rng(), 24)
    benchmark.from_generic(rng(), 24, known=False)
    assert [call[:3] for call in calls] == [
        (24, 1, True),
        (24, 1, True),
        (24, 1, True),
        (24, 4, True),
        (24, 4, False),
        (24, 4, False),
        (24, 4, False),
    ]
    digits, network, both, *_ = (sum(call[3].values()) for call in calls[:3])
    # the variance of a generic network is added where one method alone has it
    assert network > 5 * digits and both < network / 3
    assert calls[4][3] == calls[6][3] == 0.0 and min(calls[5][3].values()) > 0


def test_where_the_rule_leaves_its_band_the_chapter_names_it():
    """Conservative with what is not drawn and with a network that changes; else as it should be."""
    found = calibration.entries(RECORD)
    found = found[found["what"].isin((calibration.RULE, calibration.RULES_INTERVAL))]
    outside = found[found["verdict"] != "holds"]
    assert not found["contrast"].any() and (found["simulated"] >= 2000).all()
    named = {scenario for what, scenario in calibration.SHARES.values()}
    named |= set(calibration.means_table(RECORD)["studies"])
    assert set(outside["scenario"]) <= named
    too_often = set(outside.loc[outside["verdict"] == "too often", "scenario"])
    assert too_often == {"TL − TL-0, one D_G, half of the ability kept"}


def test_what_ignores_the_cohort_rejects_too_often_wherever_something_is_shared():
    found = calibration.entries(RECORD, calibration.ALONE)
    found = found[found["scenario"] != "D_I, 4 cohorts, nothing shared"]
    assert found["contrast"].all() and set(found["verdict"]) == {"too often"}


def test_entries_of_an_earlier_record_are_kept_where_nothing_of_them_changed(tmp_path, monkeypatch):
    calls = []

    def trial(rng, people):
        calls.append(people)
        return {"z": True}

    def scenario(name, **more):
        return benchmark.Scenario(name, trial, {"z": "covers"}, simulations=3, **more)

    to = tmp_path / "x.json"
    monkeypatch.setattr(sys, "argv", ["calibration", "--to", str(to), "--add"])
    monkeypatch.setattr(benchmark.published, "commit", lambda: "abc")
    monkeypatch.setattr(benchmark, "SCENARIOS", [scenario("old"), scenario("gone")])
    benchmark.main()  # there is no record yet
    first = json.loads(to.read_text())
    assert len(calls) == 12 and "kept" not in first

    calls.clear()
    monkeypatch.setattr(benchmark.published, "commit", lambda: "def")
    now = [scenario("old", contrast=("z",)), scenario("new", sizes=(45,))]
    monkeypatch.setattr(benchmark, "SCENARIOS", now)
    benchmark.main()
    second = json.loads(to.read_text())
    assert calls == [45] * 3 and second["kept"] == {"date": first["date"], "commit": "abc"}
    assert [(each["scenario"], each["people"]) for each in second["entries"]] == [
        ("old", 14),
        ("old", 24),
        ("new", 45),
    ]
    assert [each["contrast"] for each in second["entries"]] == [True, True, False]


@pytest.mark.slow
@pytest.mark.parametrize("people", benchmark.PEOPLE)
def test_a_few_hundred_studies_counted_anew(people):
    """Within what 300 studies of shares .05 and .95 show in 999 of 1,000 cases."""
    kinds = benchmark.TESTS | benchmark.INTERVAL
    scenario = benchmark.Scenario("anew", partial(benchmark.two_methods), kinds)
    found = {
        entry["what"]: entry["share"] for entry in benchmark.counted(scenario, people, 300, seed=1)
    }
    low, high = np.array(scipy_stats.binom.interval(0.999, 300, 0.05)) / 300
    assert low <= found["sign-flip"] <= high and low <= 1 - found["Student's t interval"] <= high
