"""What a network of one's own takes: iterations, bytes, milliseconds, and as much for a million people (claims 31, 32).

Iterations are exact and the same on every machine, so they are the measure; seconds are what one machine took.
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
from perso.training import flops, inference


def training_cost(
    rows: pd.DataFrame, encoder: float = 0.0, people: float | None = None, base: str = BASELINE
):
    """What the training of one person's network took: a line per method, means over people, repeats averaged first.

    encoder   iterations that an auto-encoder is worth (`encoder_iterations`), shared where data are grouped by it
    people    who share; default: as many as do in these rows, a fold's people
    own, shared      iterations on this person alone; of what serves everybody
    r_train          own as a share of the base's, of people who have both (v1); amortised: with shared / people
    break-even       `break_even` with a training of the base per person
    seconds, r_train by seconds, ms an iteration   measured, for own
    """
    people = people or rows.groupby("fold")["person"].nunique().mean()
    rows = rows.assign(shared=rows["iterations"] - rows["own_iterations"])
    own, common, seconds = (
        accuracy.per_person(rows, name) for name in ("own_iterations", "shared", "seconds")
    )
    encoded, lines = {method.name for method in METHODS if method.needs_encoder}, {}
    bases, longs = (
        wide.get(base, pd.Series(np.nan, wide.index)).replace(0, np.nan) for wide in (own, seconds)
    )
    for name in own:
        both = own[name].notna() & (
            bases.notna() | bases.isna().all()
        )  # people who have it, and the base if any has
        spent, took, whole, long = (
            each[both].mean() for each in (own[name], seconds[name], bases, longs)
        )
        shared = common.loc[both, name].mean() + encoder * (name in encoded)
        lines[name] = {
            "own": spent,
            "shared": shared,
            "r_train": spent / whole,
            "amortised": (spent + shared / people) / whole,
            "break-even": break_even(shared, spent, whole),
            "seconds": took,
            "r_train by seconds": took / long,
            "ms an iteration": 1000 * took / (spent or np.nan),
        }
    table = pd.DataFrame.from_dict(lines, orient="index")
    table.attrs |= {"people": float(people), "base": base, "whole": float(bases.mean())}
    return table


def break_even(shared: float, own: float, other: float) -> float:
    """The number of people from which `shared` and `own` for each cost no more than `other` for each.

    At least 1; inf where it never comes to that, nan where one is unknown.
    """
    if np.isnan([shared, own, other]).any():
        return np.nan
    if own >= other:
        return 1.0 if own == other and not shared else np.inf
    return float(max(1, math.ceil(shared / (other - own))))


def cost_by_schedule(
    methods: Iterable[Method] = TABLES["v1"], n_iter: int = 165, epochs: int = 100
) -> pd.DataFrame:
    """own, shared and r_train as schedules have it, nothing trained, no auto-encoder; beside what v1 printed.

    n_iter, epochs   iterations of an epoch, and their number; v1's: 70 % of its D_G of 30,000, in batches of 128
    """
    whole, lines = n_iter * epochs, {}
    theirs = [printed_table(name)["r_train"] for name in ("class-counts", "hidden-factors")]
    for method in methods:
        own = (
            method.early
            + method.extra
            + method.late
            + (0 if method.from_generic else whole * method.epochs_factor)
        )
        printed = [table.get(method.name, np.nan) for table in theirs]
        lines[method.name] = own, whole * method.from_generic, own / whole, *printed
    return pd.DataFrame.from_dict(
        lines, "index", columns=["own", "shared", "r_train", "v1 counts", "v1 factors"]
    )


def encoder_iterations(study) -> dict[str, float]:
    """What data grouping adds to a training, in iterations of the classifier that take as much arithmetic.

    encoder (shared): training a fold's auto-encoder and encoding all it has seen; search (own, at most): comparing
    each image of D_I with each of D_G. Means over folds and people.
    """
    s, data, shared, own = study.settings, study.data, [], []
    unit = (
        3 * s.batch_size * flops.forward_flops(jobs.recipe(data))
    )  # forward, and twice that backward
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


def bytes_per_person(study) -> pd.DataFrame:
    """What is kept of a person, whatever the method, as float32: numbers and bytes, a line each.

    The person hands over D_I: unflipped, a byte per pixel. Transfer learning changes every
    parameter and statistic, so its difference to the generic network is as large as the network.
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
    table.loc[f"D_I, {samples:.1f} images"] = samples * study.settings.image_size**2
    return table


def latency(study, batches: Iterable[int] = (1, 128), **more) -> pd.DataFrame:
    """`inference.latency` of this study's networks on its images; as it can take `repeats` and `clock`."""
    return inference.latency(jobs.recipe(study.data), study.data.inputs, batches, **more)


def seconds_per_iteration(rows: pd.DataFrame) -> tuple[float, str]:
    """Seconds of a core or card for an iteration, median over models of the commonest device; the unit's name."""
    trained = rows[(rows["own_iterations"] > 0) & (rows["device"] == rows["device"].mode()[0])]
    cpu = (trained["device"] == "cpu").all()
    seconds = trained["seconds"] / trained["own_iterations"] * (trained["threads"] if cpu else 1)
    return float(seconds.median()), "core-hours" if cpu else "GPU-hours"


def cost_for_many(
    table: pd.DataFrame, pace: tuple[float, str], weights: float, persons: int = 1_000_000
) -> pd.DataFrame:
    """Hours and GB for so many persons, every factor in a column, the arithmetic as text.

    table   own and shared iterations, of `training_cost` or `cost_by_schedule`
    pace    seconds of an iteration and the unit; weights: bytes of a network. Where nothing is own, one serves all
    """
    (seconds, unit), own, shared, networks = (
        pace,
        table["own"],
        table["shared"],
        np.where(table["own"] > 0, persons, 1),
    )
    hours = (shared + persons * own) * seconds / 3600
    said = [
        f"({a:,.0f} + {persons:,} × {b:,.0f}) × {1000 * seconds:.3g} ms = {h:,.{0 if h >= 10 else 4}f} {unit}"
        for a, b, h in zip(shared, own, hours, strict=True)
    ]
    return pd.DataFrame(
        {
            "shared": shared,
            "persons": persons,
            "own": own,
            "s an iteration": seconds,
            unit: hours,
            "networks": networks,
            "GB": networks * weights / 1e9,
            "arithmetic": said,
        }
    )
