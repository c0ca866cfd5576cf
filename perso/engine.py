"""Train N models from N index plans, and predict. Knows images, labels and plans; never a person or a method.

Images lie on the device as uint8; a batch is a gather by index. No host synchronisation inside the loop. On a
CPU the numbers depend on the arguments alone (thread count included), bit by bit.
"""

import contextlib
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from perso.models import VGG, LaneDropout, State, empty, initial, lanes_of, load

VERSION = 1  # raised by hand whenever a change here or in models alters numbers; part of every model's identity


@dataclass(frozen=True)
class Recipe:
    """What every model of a study has in common."""

    classes: int
    image_size: int
    width: float = 1.0
    optimiser: str = "adam"  # adam | sgd
    momentum: float = 0.9  # of sgd
    weight_decay: float = 0.0
    precision: str = "float32"  # float32 | bfloat16 (autocast) | float64 (for checks)
    threads: int = 1  # on a CPU
    device: str = "cpu"

    @property
    def dtype(self) -> torch.dtype:
        """Of weights, statistics and losses."""
        return torch.float64 if self.precision == "float64" else torch.float32

    def network(self, lanes: int = 1) -> VGG:
        """N networks side by side, on the device."""
        return empty(self.device, self.dtype, self.classes, self.image_size, self.width, lanes)


def device_of(wanted: str) -> str:
    """`auto` → cuda where there is a card, else cpu."""
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def fresh(recipe: Recipe, seed: int) -> State:
    """Initial weights of one model from a seed, the same on every device."""
    shapes = empty("meta", torch.float32, recipe.classes, recipe.image_size, recipe.width).state_dict()
    return initial(shapes, torch.Generator().manual_seed(seed))


@contextlib.contextmanager
def computing(recipe: Recipe):
    """The thread count and precision of a recipe, put back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(recipe.threads if recipe.device == "cpu" else before)
    # no cache of weights cast to bfloat16: it would outlive the optimiser's step
    cast = torch.autocast(recipe.device, torch.bfloat16, recipe.precision == "bfloat16", cache_enabled=False)
    try:
        with cast, torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # float32 is float32 on a card, too
            yield
    finally:
        torch.set_num_threads(before)


def train(recipe: Recipe, images, labels, plans, rates, states: list[State], seeds: list[int], snapshots=None):
    """Train N models at once, each from its own plan; they share nothing but the launches.

    images     u8 [M, S, S], labels int [M]
    plans      int [N, T, B]: the images of every batch of every model
    rates      float [T]: learning rate of every iteration
    states     N initial states; the optimiser starts fresh
    seeds      N seeds of the dropout masks
    snapshots  iterations after which states are returned; default: the last, (T,)
    returns    {iterations: N states}
    """
    lanes, total, _ = plans.shape
    snapshots = (total,) if snapshots is None else snapshots
    with computing(recipe):
        model = recipe.network(lanes)
        load(model, states)
        generators = [torch.Generator(recipe.device).manual_seed(seed) for seed in seeds]
        for module in model.modules():
            if isinstance(module, LaneDropout):
                module.generators = generators
        optimiser = make_optimiser(recipe, model)
        pixels, classes = resident(images, recipe.device), resident(labels, recipe.device).long()
        plan = resident(np.ascontiguousarray(plans.transpose(1, 2, 0)), recipe.device)  # [T, B, N]
        taken = {0: lanes_of(model.state_dict(), lanes)} if 0 in snapshots else {}
        model.train()
        for t in range(total):
            for group in optimiser.param_groups:
                group["lr"] = float(rates[t])
            step(model, optimiser, pixels, classes, plan[t], recipe.dtype)
            if t + 1 in snapshots:
                taken[t + 1] = lanes_of(model.state_dict(), lanes)
    return taken


def step(model: VGG, optimiser, pixels, classes, index, dtype) -> None:
    """One iteration of every lane on its own batch, index [B, N]; the losses are summed, so no lane scales another."""
    x = pixels[index].to(dtype).div_(255).contiguous(memory_format=torch.channels_last)
    logits = model(x).to(dtype)
    loss = F.cross_entropy(logits.flatten(0, 1), classes[index].flatten(), reduction="sum") / len(index)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


def make_optimiser(recipe: Recipe, model: VGG) -> torch.optim.Optimizer:
    """Adam (v3) or SGD with momentum (v1); both act on each number alone, so lanes stay apart."""
    if recipe.optimiser == "adam":
        return torch.optim.Adam(model.parameters(), weight_decay=recipe.weight_decay, fused=True)
    decay = recipe.weight_decay
    return torch.optim.SGD(model.parameters(), momentum=recipe.momentum, weight_decay=decay, fused=True)


@torch.inference_mode()
def predict(recipe: Recipe, images, state: State, index: np.ndarray, batch: int = 1024) -> np.ndarray:
    """The class one model gives to images[index], int64 [len(index)]."""
    with computing(recipe):
        model = recipe.network().eval()
        load(model, [state])
        pixels = resident(images[index], recipe.device)
        given = [model(part[:, None].to(recipe.dtype).div_(255))[:, 0].argmax(1) for part in pixels.split(batch)]
        return torch.cat(given).cpu().numpy()


def resident(array: np.ndarray, device: str) -> torch.Tensor:
    """A copy of the array on the device."""
    return torch.tensor(np.asarray(array), device=device)
