"""Cost of a personal network: iterations, bytes, milliseconds, and the same for a million people.

Claims 31 and 32. Iterations are exact and the same on every machine, so costs are compared in
iterations; seconds depend on the machine.
"""

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from perso.analysis import accuracy
from perso.analysis.printed import printed_table
from perso.methods import schedules
from perso.methods.method import BASELINE, Method
from perso.methods.registry import METHODS, TABLES
from perso.study import jobs, plans
from perso.study.study import Study
from perso.training import flops, inference
from perso.training.recipe import Recipe


def training_cost(
    rows: pd.DataFrame,
    encoder: float = 0.0,
    people: float | None = None,
    base: str = BASELINE,
    methods: Iterable[Method] = METHODS,
) -> pd.DataFrame:
    """Cost of training one person's network: a line per method, means over people.

    encoder   cost of an auto-encoder in iterations (`encoder_iterations`); shared, for the methods
              that need one
    people    number of people who share; default: the mean number of people in a fold of `rows`
    methods   records of the methods, which say whether one needs an auto-encoder
    own, shared                iterations on this person alone; iterations that serve everybody
    r_train, amortised         own as a share of the base's, of people who have both (v1); with
                               shared / people added to own
    break-even                 `break_even` with a training of the base per person
    seconds, r_train by seconds, ms an iteration   measured, for own
    Values are averaged over repeats first.
    """
    people = people or rows.groupby("fold")["person"].nunique().mean()
    rows = rows.assign(shared=rows["iterations"] - rows["own_iterations"])
    own = accuracy.per_person(rows, "own_iterations")
    common = accuracy.per_person(rows, "shared")
    seconds = accuracy.per_person(rows, "seconds")
    needs_encoder = {method.name for method in methods if method.needs_encoder}
    base_own, base_seconds = (
        wide.get(base, pd.Series(np.nan, wide.index)).replace(0, np.nan) for wide in (own, seconds)
    )
    lines = {}
    for name in own:
        # people with this method, and with the base if anybody has it
        both = own[name].notna() & (base_own.notna() | base_own.isna().all())
        spent, took, whole, base_took = (
            each[both].mean() for each in (own[name], seconds[name], base_own, base_seconds)
        )
        shared = common.loc[both, name].mean() + encoder * (name in needs_encoder)
        lines[name] = {
            "own": spent,
            "shared": shared,
            "r_train": spent / whole,
            "amortised": (spent + shared / people) / whole,
            "break-even": break_even(shared, spent, whole),
            "seconds": took,
            "r_train by seconds": took / base_took,
            "ms an iteration": 1000 * took / (spent or np.nan),
        }
    table = pd.DataFrame.from_dict(lines, orient="index")
    table.attrs |= {"people": float(people), "base": base, "whole": float(base_own.mean())}
    return table


def amortised_shares(
    table: pd.DataFrame, methods: Iterable[str], people: Iterable[int]
) -> pd.DataFrame:
    """Cost per person as a share of the base's, by the number of people who share.

    table   of `training_cost`
    A line per method of the table, a column per number of people.
    """
    chosen = table.loc[[name for name in methods if name in table.index]]
    whole = table.attrs["whole"]
    return pd.DataFrame({n: (chosen["own"] + chosen["shared"] / n) / whole for n in people})


def break_even(shared: float, own: float, other: float) -> float:
    """Smallest number of people n with shared + n · own ≤ n · other.

    At least 1; inf where there is no such n, nan where a cost is unknown.
    """
    if np.isnan([shared, own, other]).any():
        return np.nan
    if own >= other:
        return 1.0 if own == other and not shared else np.inf
    return float(max(1, math.ceil(shared / (other - own))))


def cost_by_schedule(
    methods: Iterable[Method] = TABLES["v1"], n_iter: int = 165, epochs: int = 100
) -> pd.DataFrame:
    """own, shared and r_train by the schedules, without training or auto-encoder; v1's r_train.

    n_iter, epochs          iterations of an epoch, and number of epochs; v1's: 70 % of its D_G of
                            30,000 in batches of 128
    v1 counts, v1 factors   as v1 prints it for class counts and for hidden factors; nan elsewhere
    """
    whole, lines = n_iter * epochs, {}
    theirs = [printed_table(name)["r_train"] for name in ("class-counts", "hidden-factors")]
    for method in methods:
        own = sum(len(schedules.schedule(each.phases, n_iter, epochs)) for each in method.lineage)
        printed = [table.get(method.name, np.nan) for table in theirs]
        shared = len(schedules.schedule(method.shared_phases, n_iter, epochs))
        lines[method.name] = own, shared, own / whole, *printed
    return pd.DataFrame.from_dict(
        lines, "index", columns=["own", "shared", "r_train", "v1 counts", "v1 factors"]
    )


def encoder_iterations(study: Study) -> dict[str, float]:
    """Cost of data grouping in iterations of the classifier with the same arithmetic.

    encoder   shared: training a fold's auto-encoder and encoding all its training images
    search    own, at most: comparing each image of D_I with each of D_G
    Means over folds and people; 0 for sequences, of which there is no auto-encoder.
    """
    if study.data.kind != "images":
        return {"encoder": 0.0, "search": 0.0}
    s, data, shared, own = study.settings, study.data, [], []
    # one forward pass, and a backward pass of twice its arithmetic
    unit = 3 * s.batch_size * flops.forward_flops(jobs.recipe(data))
    for fold in study.folds:
        images = len(plans.encoder_samples(data, fold))
        trained = s.encoder_epochs * schedules.iterations_per_epoch(images, s.batch_size)
        shared.append(
            (3 * s.batch_size * trained + images)
            * flops.forward_flops(jobs.encoder_recipe(data))
            / unit
        )
        own += [
            3 * s.latent * len(data.splits.train[p]) * len(fold.global_train) / unit
            for p in fold.individuals
        ]
    return {"encoder": float(np.mean(shared)), "search": float(np.mean(own))}


def network_bytes(recipe: Recipe) -> int:
    """Size of a network as float32: its parameters and its batch norm's statistics."""
    count = flops.network_sizes(recipe)
    return 4 * (count["parameters"] + count["statistics"])


def bytes_per_person(study: Study) -> pd.DataFrame:
    """Storage per person, the same for every method, as float32: numbers and bytes, a line each.

    The last line is D_I, which the person hands over: unflipped images, a byte per pixel, or
    sequences in float32.
    Transfer learning changes every parameter and statistic, so its difference to the generic
    network is as large as the network.
    """
    data, count = study.data, flops.network_sizes(jobs.recipe(study.data))
    train = data.splits.train
    samples = np.mean([len(np.unique(data.sample[train[p]])) for p in data.splits.individuals])
    whole = count["parameters"] + count["statistics"]
    numbers = {
        "the network": whole,
        "its parameters": count["parameters"],
        "its batch norm's statistics": count["statistics"],
        "its difference to the generic network": whole,
        "its last layer": count["last layer"],
    }
    table = pd.DataFrame({"numbers": numbers}, dtype=float)
    table["bytes"] = 4 * table["numbers"]
    one = data.inputs[0]
    table.loc[f"D_I, {samples:.1f} {data.kind}"] = samples * one.size, samples * one.nbytes
    return table


def network_latency(study: Study, batches: Iterable[int] = (1, 128), **more) -> pd.DataFrame:
    """`inference.latency` of this study's networks on its images; `more` goes to it as it is."""
    return inference.latency(jobs.recipe(study.data), study.data.inputs, batches, **more)


def seconds_per_iteration(rows: pd.DataFrame) -> tuple[float, str]:
    """Seconds of a core or GPU per iteration, and the name of its unit.

    The median over the models that were trained on the most frequent device.
    """
    trained = rows[(rows["own_iterations"] > 0) & (rows["device"] == rows["device"].mode()[0])]
    on_cpu = (trained["device"] == "cpu").all()
    threads = trained["threads"] if on_cpu else 1
    seconds = trained["seconds"] / trained["own_iterations"] * threads
    return float(seconds.median()), "core-hours" if on_cpu else "GPU-hours"


def training_setups(rows: pd.DataFrame) -> int:
    """Number of combinations of device, threads, models side by side and precision in rows."""
    return len(rows[["device", "threads", "lanes", "precision"]].drop_duplicates())


def training_hours(rows: pd.DataFrame) -> float:
    """Hours between the first and the last row."""
    created = pd.to_datetime(rows["created"]).to_numpy()
    return float(np.ptp(created) / np.timedelta64(1, "h"))


def cost_for_many(
    table: pd.DataFrame, pace: tuple[float, str], weights: float, persons: int = 1_000_000
) -> pd.DataFrame:
    """Hours and GB for a number of persons, every factor in a column.

    table     own and shared iterations, of `training_cost` or `cost_by_schedule`
    pace      seconds of an iteration and the unit (`seconds_per_iteration`)
    weights   bytes of a network; a method without own iterations has one network for all
    """
    seconds, unit = pace
    own, shared = table["own"], table["shared"]
    networks = np.where(own > 0, persons, 1)
    hours = (shared + persons * own) * seconds / 3600
    return pd.DataFrame(
        {
            "shared": shared,
            "persons": persons,
            "own": own,
            f"{unit.replace('hours', 'seconds')} an iteration": seconds,
            unit: hours,
            "networks": networks,
            "GB": networks * weights / 1e9,
        }
    )
