"""Cost of a personal network: iterations, bytes, milliseconds, and for a million people."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from perso.analysis import cost
from perso.data.dataset import part_sizes
from perso.methods.method import BASELINE
from perso.methods.registry import METHODS, V3, named
from perso.paths import ROOT
from perso.report import cost_figures, cost_text
from perso.settings import read_params
from perso.study import jobs, plans
from perso.study.study import Study
from perso.training import engine, flops, recipe
from perso.training.recipe import Recipe

TINY = replace(read_params(ROOT / "params" / "smoke.yml"), epochs=1, encoder_epochs=1, device="cpu")
TL, ES, SW, IG = "TL-n-300 (1e-4)", "ES-n-400", "SW-n-2", "IG-n-5"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return Study(TINY, tmp_path_factory.mktemp("cost") / "rows.sqlite")


def rows(*lines):
    """Rows of (method, person, iterations, own, seconds), all of one fold."""
    columns = ["method", "person", "iterations", "own_iterations", "seconds"]
    return pd.DataFrame(lines, columns=columns).assign(fold=0, device="cpu", threads=1)


FOUR = rows(
    *(
        (name, person, *numbers)
        for person in "ab"
        for name, *numbers in (
            (BASELINE, 600, 600, 6.0),
            (ES, 1000, 1000, 5.0),
            (TL, 900, 300, 3.0),
            (IG, 600, 600, 6.0),
        )
    )
)


# --- iterations


def test_r_train_is_a_persons_own_part_and_what_is_shared_is_divided():
    table = cost.training_cost(FOUR)
    assert table.loc[BASELINE, ["r_train", "amortised", "r_train by seconds"]].tolist() == [1, 1, 1]
    assert table.loc[TL, ["own", "shared", "r_train", "break-even"]].tolist() == [300, 600, 0.5, 2]
    assert table.loc[TL, "amortised"] == (300 + 600 / 2) / 600 and table.attrs["people"] == 2
    assert cost.training_cost(FOUR, people=1).loc[TL, "amortised"] == 900 / 600
    assert table.loc[ES, ["r_train", "shared", "break-even"]].tolist() == [1000 / 600, 0, np.inf]


def test_seconds_may_contradict_iterations_and_stand_apart():
    line = cost.training_cost(FOUR).loc[ES]
    assert (
        line["r_train"] > 1 > line["r_train by seconds"] == 5 / 6 and line["ms an iteration"] == 5
    )


def test_an_auto_encoder_is_shared_by_grouping_alone():
    with_it, without = cost.training_cost(FOUR, encoder=60), cost.training_cost(FOUR)
    assert with_it.loc[IG, "shared"] == 60 and with_it.loc[IG, "amortised"] == 1 + 60 / 2 / 600
    assert with_it.loc[IG, "break-even"] == np.inf and with_it.loc[IG, "r_train"] == 1
    assert with_it.drop(IG).equals(without.drop(IG))


def test_repeats_of_one_person_do_not_outweigh_the_other_person():
    more = pd.concat([FOUR, rows(*[(TL, "a", 900, 300, 9.0)] * 3)])
    assert cost.training_cost(more).loc[TL, "seconds"] == (7.5 + 3) / 2


def test_a_person_without_the_method_is_left_out_of_its_base_too():
    """b has twice the iterations an epoch; without their TL row, TL is compared on a alone."""
    uneven = rows(
        (BASELINE, "a", 600, 600, 6.0), (BASELINE, "b", 1200, 1200, 12.0), (TL, "a", 900, 300, 3.0)
    )
    line = cost.training_cost(uneven).loc[TL]
    assert line["r_train"] == 0.5 and line["break-even"] == 2 and line["r_train by seconds"] == 0.5


def test_without_a_baseline_there_is_no_share():
    table = cost.training_cost(FOUR[FOUR["method"] != BASELINE])
    assert table.loc[TL, ["own", "shared"]].tolist() == [300, 600]
    assert table[["r_train", "amortised", "break-even", "r_train by seconds"]].isna().all(axis=None)


def test_a_base_without_own_iterations_gives_no_share():
    table = cost.training_cost(
        rows(("TL-n-0", "a", 600, 0, 0.0), (TL, "a", 900, 300, 3.0)), base="TL-n-0"
    )
    assert table["r_train"].isna().all() and np.isnan(table.loc["TL-n-0", "ms an iteration"])


def test_one_person_has_all_of_the_shared_part():
    table = cost.training_cost(FOUR[FOUR["person"] == "a"])
    assert table.loc[TL, "amortised"] == 1.5 and table.attrs["people"] == 1


@pytest.mark.parametrize(
    "shared, own, other, people",
    [
        (600, 300, 600, 2),
        (601, 300, 600, 3),
        (600, 10, 600, 2),
        (0, 10, 600, 1),
        (5, 10, 600, 1),
        (0, 600, 600, 1),
        (1, 600, 600, np.inf),
        (0, 601, 600, np.inf),
        (600, 0, 600, 1),
        (16_500, 16_499, 16_500, 16_500),
    ],
)
def test_break_even(shared, own, other, people):
    assert cost.break_even(shared, own, other) == people


def test_break_even_is_the_first_number_that_costs_no_more():
    rng = np.random.default_rng(0)
    for shared, own, other in rng.integers(1, 1000, (200, 3)):
        n = cost.break_even(shared, own, other)
        assert (own >= other) == np.isinf(n)
        if own < other:
            assert shared + n * own <= n * other and (
                n == 1 or shared + (n - 1) * own > (n - 1) * other
            )
    assert np.isnan(cost.break_even(1, np.nan, 2))


def test_schedules_give_what_v1_printed_except_for_its_long_early_shaping():
    table = cost.cost_by_schedule()
    assert table.loc["BaseLine", ["own", "shared", "r_train"]].tolist() == [16_500, 0, 1]
    assert table.loc["TL-n-20 (1e-2)", ["own", "shared"]].tolist() == [20, 16_500]
    assert table.loc["TL-n-200 (1e-2)", "v1 factors"] == 0.02 and table.loc["TL-n-0", "own"] == 0
    printed = table.dropna()
    apart = (printed["r_train"] - printed["v1 factors"]).abs()
    assert apart.idxmax() == "ES-n-5000" and apart.max() == pytest.approx(5000 / 16_500)
    assert len(apart) == 7 and apart.drop("ES-n-5000").max() < 0.04


def test_schedules_have_the_length_that_is_trained(tiny):
    n_iter = plans.epoch_length(tiny.data, tiny.folds[0])
    table = cost.cost_by_schedule(METHODS, n_iter, tiny.settings.epochs)
    for each in METHODS:
        assert table.loc[each.name, ["own", "shared"]].sum() == len(tiny.schedule(each)), each.name


def test_every_family_has_its_share_but_controls_and_the_baseline():
    shares = cost_text.family_shares(cost.training_cost(FOUR))
    expected = {"early shaping": "1.67", "transfer learning": "0.50", "data grouping": "1.00"}
    assert shares == expected
    short = FOUR[FOUR["method"] == TL].assign(method="TL-n-10 (1e-4)", own_iterations=60)
    both = cost_text.family_shares(cost.training_cost(pd.concat([FOUR, short])))
    assert both["transfer learning"] == "0.10 to 0.50"


def test_the_break_even_is_that_of_all_settings_that_reach_it():
    table = cost.training_cost(FOUR)
    assert cost_text.break_even_text(table) == "2 people on (1 of 1 settings)"
    longer = FOUR.assign(own_iterations=FOUR["own_iterations"].where(FOUR["method"] != TL, 700))
    never = cost_text.break_even_text(cost.training_cost(longer))
    assert never == "no number of people on (0 of 1 settings)"


def test_bars_end_where_the_iterations_do():
    table = cost.training_cost(FOUR)
    shown = cost_figures.bars(table)
    own = table["own"]
    assert f"highest {own.idxmax()} {own.max():,.0f}, lowest {own.idxmin()}" in shown.alt
    ends = [bar.get_x() + bar.get_width() for bar in shown.figure.axes[0].patches]
    assert ends == [*table["own"], 300 + 600 / 2, 300 + 600]  # TL alone shares something here


def test_the_shared_part_is_divided_by_the_number_of_people():
    table = cost.training_cost(FOUR)
    shares = cost.amortised_shares(table, (TL, "not there", BASELINE), (1, 2, 600))
    assert shares.index.tolist() == [TL, BASELINE]
    assert shares.loc[TL].tolist() == [1.5, 1, (300 + 1) / 600]
    assert shares.loc[BASELINE].tolist() == [1, 1, 1]


# --- the auto-encoder, bytes, milliseconds


@pytest.mark.parametrize("size, width", [(8, 0.25), (16, 0.5), (32, 1.0)])
def test_flop_agree_with_those_of_a_training_step(size, width):
    recipe = Recipe(30, (size, size), width)
    assert 3 * 64 * flops.forward_flops(recipe) == flops.step_cost(recipe, 64).flop


def test_the_auto_encoder_grows_with_its_epochs_and_the_search_does_not(tiny):
    once = cost.encoder_iterations(tiny)
    longer = Study(replace(TINY, encoder_epochs=3), tiny.store.path)
    twice_more = cost.encoder_iterations(longer)
    fold, recipe = tiny.folds[0], jobs.encoder_recipe(tiny.data)
    steps = -(-len(plans.encoder_samples(tiny.data, fold)) // TINY.batch_size)
    assert twice_more["search"] == once["search"] > 0
    a_step = flops.forward_flops(recipe) / flops.forward_flops(jobs.recipe(tiny.data))
    folds = [
        -(-len(plans.encoder_samples(tiny.data, each)) // TINY.batch_size) for each in tiny.folds
    ]
    assert steps in folds and twice_more["encoder"] - once["encoder"] == pytest.approx(
        2 * np.mean(folds) * a_step
    )


def test_bytes_are_those_of_a_trained_state(tiny):
    table, state = cost.bytes_per_person(tiny), recipe.init_state(jobs.recipe(tiny.data), 0)
    assert table.loc["the network", "bytes"] == sum(
        tensor.numpy().nbytes for tensor in state.values()
    )
    assert (
        table.loc["its difference to the generic network", "bytes"]
        == table.loc["the network", "bytes"]
    )
    assert (
        table.loc["its last layer", "numbers"] == 30 * 32 + 30
    )  # width 1/8 of 256 channels, and a bias each
    images = part_sizes(tiny.data)["D_I train"].mean() / 3
    assert (
        table.iloc[-1]["bytes"] == pytest.approx(images * 8 * 8)
        and f"{images:.1f} images" in table.index[-1]
    )


def test_a_network_has_the_bytes_of_its_state():
    one = Recipe(30, (16, 16), 0.5)
    tensors = recipe.init_state(one, 0).values()
    assert cost.network_bytes(one) == sum(tensor.nbytes for tensor in tensors)


def test_every_method_trains_the_same_network(tiny, monkeypatch):
    """Shapes of the tested states of every method of v3 are the same."""
    seen = {}

    def train(recipe, samples, runs, snapshots=None):
        states = [run.state for run in runs]
        return {t: states for t in snapshots or [len(runs[0].plan)]}

    def tested(data, how, method, state, fold, person):
        seen.setdefault(current, {name: tensor.shape for name, tensor in state.items()})
        return {"logp_I": b""}

    monkeypatch.setattr(engine, "train", train), monkeypatch.setattr(jobs, "test_columns", tested)
    numpy = [
        {name: tensor.numpy() for name, tensor in recipe.init_state(how, 0).items()}
        for how in (jobs.recipe(tiny.data), jobs.encoder_recipe(tiny.data))
    ]
    for job in (job for job in tiny.jobs(V3) if job.fold == 0):
        current = job.methods[0].name
        jobs.train_job(tiny.data, job, numpy[job.methods[0].needs_encoder] if job.base else None)
    assert len(seen) == len({method.training for method in V3}) > 15
    assert all(shapes == seen[BASELINE] for shapes in seen.values())
    weights = sum(shape.numel() for shape in seen[BASELINE].values())
    assert 4 * weights == cost.bytes_per_person(tiny).loc["the network", "bytes"]


def test_latency_is_the_median_of_the_clock(tiny):
    """A clock of 1 s at each look: every batch takes 1000 ms."""
    table = cost.network_latency(tiny, batches=(1, 4), repeats=3, clock=itertools.count().__next__)
    assert len(table) == 4 and (table == 1000).all(axis=None)
    grows = cost.network_latency(
        tiny, batches=(1,), repeats=4, clock=map(lambda n: n * n, itertools.count()).__next__
    )
    assert (grows["low"] < grows["median"]).all() and (grows["median"] < grows["high"]).all()
    assert (
        grows["median"].diff().dropna() > 0
    ).all()  # alternately: the second is later, when this clock runs faster


def test_setups_and_hours_are_those_of_the_rows():
    seen = FOUR.assign(lanes=1, precision="float32", created="2026-01-01T10:00:00")
    assert cost.training_setups(seen) == 1 and cost.training_hours(seen) == 0
    seen.loc[0, ["lanes", "created"]] = 4, "2026-01-01T11:30:00"
    assert cost.training_setups(seen) == 2 and cost.training_hours(seen) == 1.5


# --- a million people


def test_pace_is_of_a_core_and_of_models_that_were_trained():
    assert cost.seconds_per_iteration(FOUR) == (0.01, "core-hours")  # 10, 5, 10, 10 ms
    assert cost.seconds_per_iteration(FOUR.assign(threads=2))[0] == 0.02
    idle = rows(("TL-n-0", "a", 600, 0, 0.0), (TL, "a", 900, 300, 3.0))
    assert cost.seconds_per_iteration(idle) == (0.01, "core-hours")


def test_pace_is_of_the_most_frequent_device():
    mixed = pd.concat([FOUR, FOUR.iloc[:2].assign(device="a GPU", seconds=1e-3)])
    assert cost.seconds_per_iteration(mixed) == cost.seconds_per_iteration(FOUR)
    assert cost.seconds_per_iteration(FOUR.assign(device="a GPU", threads=4)) == (
        0.01,
        "GPU-hours",
    )


def test_a_million_persons_by_hand():
    """1,000,000 × 300 iterations of 10 ms and 600 once: 3,000,006 s."""
    table = cost.cost_for_many(cost.training_cost(FOUR), (0.01, "core-hours"), 1000)
    line = table.loc[TL]
    assert line["core-hours"] == pytest.approx(3_000_006 / 3600) and line["GB"] == 1
    iterations = table["shared"] + table["persons"] * table["own"]
    product = iterations * table["core-seconds an iteration"] / 3600
    assert np.allclose(product, table["core-hours"])


def test_one_network_for_all_is_trained_and_kept_once():
    table = cost.cost_for_many(
        cost.cost_by_schedule(named("TL-n-0", "BaseLine"), 100, 10), (3.6, "core-hours"), 1e9, 10
    )
    assert table.loc["TL-n-0", ["core-hours", "networks", "GB"]].tolist() == [1, 1, 1]
    assert table.loc[BASELINE, ["core-hours", "networks", "GB"]].tolist() == [10, 10, 10]
