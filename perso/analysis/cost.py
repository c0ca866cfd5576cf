"""What a network of one's own takes: iterations, bytes, milliseconds, and as much for a million people (claims 31, 32).

Iterations are exact and the same on every machine, so they are the measure; seconds are what one machine took.
"""

import math
import time
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import torch

from perso.analysis import accuracy
from perso.methods import schedules
from perso.methods.method import BASELINE, Method
from perso.methods.registry import METHODS, TABLES
from perso.seeds import seed_of
from perso.study import jobs, plans
from perso.training import models, recipe
from perso.training.flops import forward_flops
from perso.training.models import load_states


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
    for method in methods:
        own = (
            method.early
            + method.extra
            + method.late
            + (0 if method.from_generic else whole * method.epochs_factor)
        )
        printed = [each[8] if each else np.nan for each in (method.v1_counts, method.v1_factors)]
        lines[method.name] = own, whole * method.from_generic, own / whole, *printed
    return pd.DataFrame.from_dict(
        lines, "index", columns=["own", "shared", "r_train", "v1 counts", "v1 factors"]
    )


def encoder_iterations(study) -> dict[str, float]:
    """What data grouping adds to a training, in iterations of the classifier that take as much arithmetic.

    encoder (shared): training a fold's auto-encoder and encoding all it has seen; search (own, at most): comparing
    each image of D_I with each of D_G. Means over folds and people.
    """
    s, prepared, shared, own = study.settings, study.prepared, [], []
    unit = (
        3 * s.batch_size * forward_flops(jobs.recipe(prepared))
    )  # forward, and twice that backward
    for fold in study.folds:
        images = len(plans.encoder_samples(prepared, fold))
        trained = s.encoder_epochs * schedules.iterations_per_epoch(images, s.batch_size)
        shared.append(
            (3 * s.batch_size * trained + images)
            * forward_flops(jobs.encoder_recipe(prepared))
            / unit
        )
        own += [
            3 * s.latent * len(prepared.parts.train[p]) * len(fold.global_train) / unit
            for p in fold.individuals
        ]
    return {"encoder": float(np.mean(shared)), "search": float(np.mean(own))}


def bytes_per_person(study) -> pd.DataFrame:
    """What is kept of a person, whatever the method, as float32; of D_I what she hands over: unflipped, a byte a pixel.

    Transfer learning alters every parameter and statistic, so its difference to the generic network is as large.
    """
    model, parts = (
        models.empty_network(jobs.recipe(study.prepared).build, "meta", torch.float32),
        study.prepared.parts,
    )
    tensors = model.parameters(), model.buffers(), model.classifier.parameters()
    weights, statistics, last = (sum(each.numel() for each in kind) for kind in tensors)
    images = np.mean(
        [len(np.unique(parts.train[p] % len(study.prepared.source.who))) for p in parts.individuals]
    )
    lines = {
        "the network": weights + statistics,
        "its parameters": weights,
        "its batch norm's statistics": statistics,
        "its difference to the generic network": weights + statistics,
        "its last layer": last,
    }
    table = pd.DataFrame(
        {"numbers": lines, "bytes": {name: 4 * n for name, n in lines.items()}}, dtype=float
    )
    table.loc[f"D_I, {images:.1f} images"] = images * study.settings.image_size**2
    return table


def latency(
    study, batches: Iterable[int] = (1, 128), repeats: int = 50, clock: Callable = time.perf_counter
):
    """Milliseconds for a batch, of two networks in turns: median, low and high quartile by network and batch.

    Fresh weights do, as the arithmetic does not depend on them; the two differ by how a machine's times scatter.
    """
    how, lines = jobs.recipe(study.prepared), {}
    with torch.inference_mode(), recipe.compute_context(how):
        models = [how.network().eval() for _ in range(2)]
        for number, model in enumerate(models):
            load_states(model, [recipe.init_state(how, seed_of("latency", number))])
        for batch in batches:
            pixels = np.resize(study.prepared.images, (batch, 1, how.image_size, how.image_size))
            x, taken = (
                recipe.to_device(pixels, how.device).to(how.dtype).div_(255),
                np.empty((repeats + 3, len(models))),
            )
            for turn, n in np.ndindex(taken.shape):
                begun = clock()
                models[n](x).cpu()  # which waits for a card
                taken[turn, n] = 1000 * (clock() - begun)
            for n, times in enumerate(taken[3:].T, 1):  # the first ones warm up
                lines[f"network {n}", batch] = np.quantile(times, [0.5, 0.25, 0.75])
    return pd.DataFrame(lines, ["median", "low", "high"]).T.rename_axis(["", "images"])


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
