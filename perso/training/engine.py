"""Train N models from N index plans, and predict. Knows images, labels and plans; never a person or a method.

Images lie on the device as uint8, plans and learning rates beside them; a step finds its place by a counter that it
raises itself, so the host neither sends nor awaits anything inside the loop, and a CUDA graph can hold the step whole.
On a CPU the numbers depend on the arguments alone (thread count included), bit by bit.
"""

import contextlib
import functools
import sys
from dataclasses import replace

import numpy as np
import torch

from perso.training.models import State, load_states, split_lanes
from perso.training.recipe import Recipe, compute_context, to_device

VERSION = 1  # raised by hand whenever a change to what trains alters numbers: here, in models, work or schedules
PLAIN_STEPS = (
    3  # real steps ahead of a capture: they allocate, choose kernels and fill the optimiser's state
)


def train(
    recipe: Recipe,
    images,
    labels,
    plans,
    rates,
    states: list[State],
    seeds: list[int],
    snapshots=None,
):
    """Train N models, each from its own plan; they share nothing but launches.

    images     u8 [M, S, S], labels int [M]
    plans      int [N, T, B]: the images of every batch of every model
    rates      float [T]: learning rate of every iteration
    states     N initial states; the optimiser starts fresh
    seeds      N seeds of the dropout masks
    snapshots  iterations after which states are returned; default: the last, (T,)
    returns    {iterations: N states}

    Where the card's memory or a capture fails, one line says so and a simpler way is taken, then and from then on.
    """
    snapshots = plans.shape[1:2] if snapshots is None else snapshots
    with compute_context(recipe, training=True):
        while True:
            how = FALLBACKS.get(recipe, recipe)
            try:
                return train_groups(how, images, labels, plans, rates, states, seeds, snapshots)
            except RuntimeError as error:
                FALLBACKS[recipe], instead = fallback(how, error)
                reason = str(error).strip() or type(error).__name__
            print(f"perso: {instead}, since this failed: {reason.splitlines()[0]}", file=sys.stderr)
            if (
                recipe.device == "cuda"
            ):  # the error is gone by now, and with it what its frames held on the card
                torch.cuda.synchronize()
                torch.cuda.empty_cache()


FALLBACKS: dict[Recipe, Recipe] = {}  # what serves on this machine for a recipe that failed


def fallback(recipe: Recipe, error: RuntimeError) -> tuple[Recipe, str]:
    """A recipe without what may have failed, and how it goes on; raises the error when nothing is left to give up.

    Memory may run out under other names, in cuDNN's search for kernels or when a graph is made; so either is tried.
    """
    fewer, short = recipe.in_flight // 2, isinstance(error, torch.OutOfMemoryError)
    if recipe.graph and not (short and fewer):
        return replace(recipe, graph=False), "training without CUDA graphs"
    if fewer and recipe.device == "cuda":
        return replace(recipe, in_flight=fewer), f"training {fewer} networks at a time"
    raise error


def train_groups(
    recipe: Recipe, images, labels, plans, rates, states, seeds, snapshots
) -> dict[int, list[State]]:
    """`train` without a second try: networks of `lanes` models, `in_flight` of them at a time."""
    pixels, classes = to_device(images, recipe.device), to_device(labels, recipe.device).long()
    taken = {t: [] for t in snapshots}
    for at in range(0, len(plans), recipe.lanes * recipe.in_flight):
        some = slice(at, at + recipe.lanes * recipe.in_flight)
        flight = train_concurrently(
            recipe, pixels, classes, plans[some], rates, states[some], seeds[some], snapshots
        )
        for t, found in flight.items():
            taken[t] += found
        if recipe.device == "cuda":
            torch.cuda.empty_cache()  # a graph's memory stays its own until it is given back
    return taken


def train_concurrently(
    recipe: Recipe, pixels, classes, plans, rates, states, seeds, snapshots
) -> dict[int, list[State]]:
    """Train as many networks as may be in flight, step by step together."""
    cuts, taken = [slice(at, at + recipe.lanes) for at in range(0, len(plans), recipe.lanes)], {}
    flight = [
        Trainer(recipe, pixels, classes, plans[cut], rates, states[cut], seeds[cut]) for cut in cuts
    ]
    for t in range(plans.shape[1] + 1):
        if t in snapshots:
            taken[t] = [state for trainee in flight for state in trainee.states()]
        if t < plans.shape[1]:
            for trainee in flight:
                trainee.advance()
    if recipe.device == "cuda":
        torch.cuda.synchronize()  # no stream may be at work on what is freed now
    return taken


class Trainer:
    """A network of a few lanes in training: weights, optimiser, plan and place in it, all on the device."""

    def __init__(
        self, recipe: Recipe, pixels, classes, plans, rates, states: list[State], seeds: list[int]
    ):
        self.recipe, self.pixels, self.classes = recipe, pixels, classes
        self.graph, self.done = None, 0
        self.stream = torch.cuda.Stream() if recipe.device == "cuda" else None
        if self.stream:
            self.stream.wait_stream(torch.cuda.current_stream())  # which copies the images
        with self.here():
            self.model = recipe.network(len(states)).train()
            load_states(self.model, states)
            self.generators = [torch.Generator(recipe.device).manual_seed(seed) for seed in seeds]
            self.like = torch.empty(0, dtype=recipe.activations, device=recipe.device)
            self.forward = (
                compiled_forward(type(self.model)) if recipe.compile else type(self.model).forward
            )
            self.plan = to_device(
                np.ascontiguousarray(plans.transpose(1, 2, 0)), recipe.device
            )  # [T, B, lanes]
            kind = (
                torch.float32 if self.stream else torch.float64
            )  # which the fused optimisers want there
            self.rates = torch.tensor(rates, dtype=kind, device=recipe.device)
            self.rate = torch.zeros((), dtype=kind, device=recipe.device)
            self.t = torch.zeros(1, dtype=torch.int64, device=recipe.device)
            self.optimiser = make_optimiser(recipe, self.model, self.rate)

    def here(self):
        """Launches within go to this trainee's stream."""
        return torch.cuda.stream(self.stream) if self.stream else contextlib.nullcontext()

    def advance(self) -> None:
        """One iteration."""
        with self.here():
            if self.recipe.graph and self.done == PLAIN_STEPS:
                self.graph = self.captured()
            if self.graph:
                self.graph.replay()
            else:
                self.step()
        self.done += 1

    def step(self) -> None:
        """The iteration the counter stands at, every lane on its own batch; nothing here waits for the device."""
        index = self.plan.index_select(0, self.t)[0]  # [B, lanes]
        self.rate.copy_(self.rates.index_select(0, self.t)[0])
        x = (
            self.pixels[index]
            .to(self.recipe.dtype)
            .div_(255)
            .contiguous(memory_format=self.recipe.layout)
        )
        masks = self.model.masks(len(index), self.generators, self.like)
        loss = self.model.loss(
            self.forward(self.model, x, masks).to(self.recipe.dtype), x, self.classes[index]
        )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.t += 1

    def captured(self) -> torch.cuda.CUDAGraph:
        """The step as a graph. To capture computes nothing; each replay is one iteration."""
        graph = torch.cuda.CUDAGraph()
        for generator in self.generators:
            graph.register_generator_state(generator)
        self.optimiser.zero_grad(set_to_none=True)
        graph.capture_begin(
            capture_error_mode="thread_local"
        )  # other streams of this process go on meanwhile
        try:
            self.step()
        except BaseException:
            with contextlib.suppress(RuntimeError):  # which would hide the cause
                graph.capture_end()
            raise
        graph.capture_end()
        return graph

    def states(self) -> list[State]:
        """A copy of every lane's model as it is now."""
        with self.here():
            return split_lanes(self.model.state_dict(), len(self.generators))


@functools.cache
def compiled_forward(kind: type):
    """The forward pass of a kind of network compiled, for all of them in the process."""
    return torch.compile(kind.forward, dynamic=False)


def make_optimiser(
    recipe: Recipe, model: torch.nn.Module, rate: torch.Tensor
) -> torch.optim.Optimizer:
    """Adam (v3) or SGD with momentum (v1); both act on each number alone, so lanes stay apart."""
    usual = {"lr": rate, "weight_decay": recipe.weight_decay, "fused": True}
    if recipe.optimiser == "adam":
        return torch.optim.Adam(model.parameters(), capturable=recipe.device == "cuda", **usual)
    return torch.optim.SGD(model.parameters(), momentum=recipe.momentum, **usual)
