"""The engine: train N models from N index plans. It knows samples, labels and plans, no people.

A network holds one or more models side by side, each in a lane of its own (see `models`).
Samples lie on the device as they are stored, with the plans and learning rates. A step finds its
place in the plan by a counter on the device, which it increments. So the host neither sends data
nor waits inside the loop, and a CUDA graph can hold the whole step.
On a CPU the numbers depend on the arguments alone, the number of threads included, bit for bit.
"""

# A bare loop, not Lightning or a similar trainer. Those train one model from one data loader; here
# models share each step, and the step must fit in a CUDA graph.

import contextlib
import functools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch.func import functional_call

from perso.training import subsets
from perso.training.models import State, load_states, split_lanes
from perso.training.recipe import Recipe, compute_context, to_device
from perso.training.users import check_users

# Increase by hand with every change of training that alters numbers: here, in `models`,
# `methods.schedules`, `study.plans` or `study.jobs`. Part of every model's key.
VERSION = 1
# Steps before a graph is captured: they allocate, choose kernels and fill the optimiser's state.
PLAIN_STEPS = 3


class Samples(NamedTuple):
    """What plans index: all samples with their labels, as arrays or as tensors on the device."""

    inputs: np.ndarray | torch.Tensor  # u8 [M, S, S] or float32 [M, T, C]
    labels: np.ndarray | torch.Tensor  # int [M]
    # int [M], 0 … `Recipe.users`: whose sample it is, 0 where that is unknown; None: 0 everywhere
    users: np.ndarray | torch.Tensor | None = None


@dataclass(frozen=True, eq=False)
class Run:
    """The training of one model."""

    plan: np.ndarray  # int [T, B]: indices of the samples in every batch
    rates: Sequence[float] | np.ndarray  # [T]: learning rate of every iteration
    state: State  # to start from; the optimiser starts with an empty state
    seed: int  # of the dropout masks
    pull_to: State | None = None  # where the recipe's pulls lead; None: `state`


def train(
    recipe: Recipe, samples: Samples, runs: Sequence[Run], snapshots: Sequence[int] | None = None
) -> dict[int, list[State]]:
    """Train a model for each of N runs, and return {iterations: N states}.

    runs       plans of one shape, and equal rates; else ValueError
    snapshots  numbers of iterations after which states are returned; None: after the last, (T,)

    The models share kernel launches, nothing else. Where GPU memory or a graph's capture fails, the
    training starts again in a simpler way (`fallback`), now and from then on, and stderr says so.
    """
    for run in runs:
        if run.plan.shape != runs[0].plan.shape or not np.array_equal(run.rates, runs[0].rates):
            raise ValueError("the runs of one call need plans of one shape and equal rates")
    snapshots = (len(runs[0].plan),) if snapshots is None else snapshots
    with compute_context(recipe, training=True):
        while True:
            current = FALLBACKS.get(recipe, recipe)
            try:
                return train_groups(current, samples, runs, snapshots)
            except RuntimeError as error:
                FALLBACKS[recipe], description = fallback(current, error)
                reason = str(error).strip() or type(error).__name__
            first_line = reason.splitlines()[0]
            print(f"perso: {description}, since this failed: {first_line}", file=sys.stderr)
            # outside of the except block, so that the error no longer keeps its frames' GPU memory
            if recipe.device == "cuda":
                torch.cuda.synchronize()
                torch.cuda.empty_cache()


FALLBACKS: dict[Recipe, Recipe] = {}  # {recipe that failed: recipe that works on this machine}


def fallback(recipe: Recipe, error: RuntimeError) -> tuple[Recipe, str]:
    """A simpler recipe without what may have failed, and its description.

    Raises the error where nothing simpler is left.
    """
    fewer = recipe.in_flight // 2
    out_of_memory = isinstance(error, torch.OutOfMemoryError)
    # Memory may also run out under other names: in cuDNN's search for kernels, or in a capture. So
    # any other error first costs the graph, then networks in flight.
    if recipe.graph and not (out_of_memory and fewer):
        return replace(recipe, graph=False), "training without CUDA graphs"
    if fewer and recipe.device == "cuda":
        return replace(recipe, in_flight=fewer), f"training {fewer} networks at a time"
    raise error


def train_groups(
    recipe: Recipe, samples: Samples, runs: Sequence[Run], snapshots: Sequence[int]
) -> dict[int, list[State]]:
    """`train` without fallback: networks of `lanes` models, `in_flight` of them at a time."""
    inputs, labels = (to_device(array, recipe.device) for array in samples[:2])
    users = None
    if samples.users is not None:
        check_users(samples.users, len(labels), recipe.users)
        users = to_device(samples.users, recipe.device).long()
    on_device = Samples(inputs, labels.long(), users)
    taken = {t: [] for t in snapshots}
    size = recipe.lanes * recipe.in_flight
    for start in range(0, len(runs), size):
        found = train_concurrently(recipe, on_device, runs[start : start + size], snapshots)
        for t in found:
            taken[t] += found[t]
        if recipe.device == "cuda":
            torch.cuda.empty_cache()  # else the graphs' memory pools stay reserved
    return taken


def train_concurrently(
    recipe: Recipe, samples: Samples, runs: Sequence[Run], snapshots: Sequence[int]
) -> dict[int, list[State]]:
    """Train one group of networks, iteration by iteration in turn."""
    trainers = [
        Trainer(recipe, samples, runs[start : start + recipe.lanes])
        for start in range(0, len(runs), recipe.lanes)
    ]
    iterations = len(runs[0].plan)
    taken = {}
    for t in range(iterations + 1):
        if t in snapshots:
            taken[t] = [state for trainer in trainers for state in trainer.states()]
        if t < iterations:
            for trainer in trainers:
                trainer.advance()
    if recipe.device == "cuda":
        torch.cuda.synchronize()  # no stream may still use what is freed now
    return taken


class Trainer:
    """Training of one network: its weights, optimiser, plan and counter, all on the device."""

    def __init__(self, recipe: Recipe, samples: Samples, runs: Sequence[Run]):
        self.recipe = recipe
        self.samples = samples  # on the device
        self.graph = None
        self.done = 0  # iterations
        self.stream = torch.cuda.Stream() if recipe.device == "cuda" else None
        if self.stream:
            self.stream.wait_stream(torch.cuda.current_stream())  # which copies the samples
        with self.on_stream():
            self.model = recipe.network(len(runs)).train()
            load_states(self.model, [run.state for run in runs])
            self.generators = [torch.Generator(recipe.device).manual_seed(run.seed) for run in runs]
            self.like = torch.empty(0, dtype=recipe.activations, device=recipe.device)
            self.forward = type(self.model).forward
            if recipe.compile:
                self.forward = compiled_forward(type(self.model))
            plans = np.stack([run.plan for run in runs], axis=-1)  # [T, B, lanes]
            self.plan = to_device(plans, recipe.device)
            # the types that the fused optimisers take on a GPU and on a CPU
            rate_type = torch.float32 if self.stream else torch.float64
            self.rates = torch.tensor(runs[0].rates, dtype=rate_type, device=recipe.device)
            self.rate = torch.zeros((), dtype=rate_type, device=recipe.device)
            self.t = torch.zeros(1, dtype=torch.int64, device=recipe.device)
            trained = self.restrict(runs)
            self.optimiser = make_optimiser(recipe, trained, self.rate) if trained else None

    def restrict(self, runs: Sequence[Run]) -> list[torch.Tensor]:
        """Freeze what the recipe does not train, set up its pulls; what the optimiser updates."""
        names = subsets.trained_names(self.model, self.recipe.trains)
        matrices = subsets.matrix_names(self.model)
        subsets.freeze_others(self.model, names, self.recipe.statistics)
        self.weights = {name: self.model.get_parameter(name) for name in names}
        self.low_rank = None
        self.pulls = None
        if not names:
            return []
        if self.recipe.pull or self.recipe.pull_l1 or self.recipe.l1:
            targets = [run.state if run.pull_to is None else run.pull_to for run in runs]
            self.pulls = subsets.Pulls(self.recipe, matrices, self.weights, targets)
        if rank := subsets.rank_of(self.recipe.trains):
            self.low_rank = subsets.LowRank(self.weights, rank, [run.seed for run in runs])
            return self.low_rank.parameters()
        return list(self.weights.values())

    def on_stream(self) -> contextlib.AbstractContextManager:
        """Context manager: run on this trainer's CUDA stream."""
        return torch.cuda.stream(self.stream) if self.stream else contextlib.nullcontext()

    def advance(self) -> None:
        """Train for one iteration: a plain step at first, then a replay of the captured one."""
        with self.on_stream():
            if self.recipe.graph and self.done == PLAIN_STEPS:
                self.graph = self.captured()
            if self.graph:
                self.graph.replay()
            else:
                self.step()
        self.done += 1

    def step(self) -> None:
        """Train iteration t, every lane on its own batch; nothing here waits for the device."""
        index = self.plan.index_select(0, self.t)[0]  # [B, lanes]
        self.rate.copy_(self.rates.index_select(0, self.t)[0])
        inputs = self.samples.inputs[index]  # [B, lanes, *shape]
        x = self.model.prepare(inputs, self.recipe.dtype, self.recipe.layout)
        masks = self.model.masks(len(index), self.generators, self.like)
        users = {}
        if self.samples.users is not None:
            users = {"users": self.samples.users[index]}
        seen = dict(users)
        if getattr(self.model, "sees_classes", False):
            seen["classes"] = self.samples.labels[index]
        self.t += 1
        if not self.optimiser:  # the forward pass alone moves the statistics
            with torch.no_grad():
                self.forward(self.model, x, masks, **seen)
            return
        if self.low_rank:
            weights = self.low_rank.merged()
            outputs = functional_call(self.model, weights, (x, masks), seen)
        else:
            weights = self.weights
            outputs = self.forward(self.model, x, masks, **seen)
        outputs = outputs.to(self.recipe.dtype)
        loss = self.model.loss(outputs, x, self.samples.labels[index], **users)
        if self.pulls:
            loss = loss + self.pulls.loss(weights)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()

    def captured(self) -> torch.cuda.CUDAGraph:
        """The step as a CUDA graph. Capture computes nothing; each replay is one iteration."""
        graph = torch.cuda.CUDAGraph()
        for generator in self.generators:
            graph.register_generator_state(generator)
        if self.optimiser:
            self.optimiser.zero_grad(set_to_none=True)
        # thread_local: the other streams of this process may go on meanwhile
        graph.capture_begin(capture_error_mode="thread_local")
        try:
            self.step()
        except BaseException:
            with contextlib.suppress(RuntimeError):  # a second error would hide the cause
                graph.capture_end()
            raise
        graph.capture_end()
        return graph

    def states(self) -> list[State]:
        """A copy of the current state of every lane's model."""
        with self.on_stream():
            merged = self.low_rank.merged() if self.low_rank else {}
            return split_lanes(self.model.state_dict() | merged, len(self.generators))


@functools.cache
def compiled_forward(kind: type[torch.nn.Module]) -> Callable:
    """The compiled forward pass of a class of networks, one for all its networks in the process."""
    return torch.compile(kind.forward, dynamic=False)


def make_optimiser(
    recipe: Recipe, weights: list[torch.Tensor], rate: torch.Tensor
) -> torch.optim.Optimizer:
    """Adam (v3) or SGD with momentum (v1), of these weights.

    Both update each parameter from its own gradient alone, so lanes stay independent.
    """
    common = {"lr": rate, "weight_decay": recipe.weight_decay, "fused": True}
    if recipe.optimiser == "adam":
        return torch.optim.Adam(weights, capturable=recipe.device == "cuda", **common)
    return torch.optim.SGD(weights, momentum=recipe.momentum, **common)
