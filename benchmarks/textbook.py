"""A tutorial's training loop, the reference that the engine is compared with.

A Dataset, a DataLoader, float32, one model after the other, the loss read at every step.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from perso.methods.method import Method
from perso.parts import D_G, D_I
from perso.seeds import seed_of
from perso.study import plans
from perso.training import recipe


class Digits(Dataset):
    """Images u8 [M, S, S] with their labels, int [M]."""

    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, n):
        image = torch.tensor(self.images[n], dtype=torch.float32).unsqueeze(0) / 255
        return image, int(self.labels[n])


def network(classes: int, size: int, width: float) -> nn.Sequential:
    """v3's network (Fig. 4) for images of size × size pixels."""
    c = [max(1, round(width * n)) for n in (32, 64, 128, 256)]

    def conv(into, out, kernel):
        return nn.Conv2d(into, out, kernel, padding=kernel // 2), nn.ReLU(), nn.BatchNorm2d(out)

    return nn.Sequential(
        *conv(1, c[0], 3),
        *conv(c[0], c[1], 3),
        nn.MaxPool2d(2),
        nn.Dropout(0.2),
        *conv(c[1], c[2], 3),
        *conv(c[2], c[2], 3),
        nn.MaxPool2d(2),
        *conv(c[2], c[2], 3),
        *conv(c[2], c[2], 1),
        nn.MaxPool2d(2),
        *conv(c[2], c[3], 1),
        *([nn.MaxPool2d(2)] if size >= 16 else []),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.35),
        nn.Linear(c[3], classes),
    )


def begun(state, classes: int, size: int, width: float, device: str) -> nn.Sequential:
    """The network with the initial weights of the engine's model."""
    model = network(classes, size, width)
    own = {name: tensor for name, tensor in model.state_dict().items() if tensor.dim()}
    model.load_state_dict(
        {
            name: given.reshape(tensor.shape)
            for (name, tensor), given in zip(own.items(), state.values(), strict=True)
        },
        strict=False,
    )
    return model.to(device)


def fit(model: nn.Sequential, images, labels, plan, rate: float, device: str) -> float:
    """Train a model on the batches of a plan [T, B] and return the mean loss."""
    loader = DataLoader(Digits(images, labels), batch_sampler=plan.tolist())
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    criterion = nn.CrossEntropyLoss()
    total = 0.0
    model.train()
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        optimiser.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimiser.step()
        total += loss.item()
    return total / max(len(plan), 1)


@torch.no_grad()
def answers(model: nn.Sequential, images, device: str, batch: int = 1024) -> np.ndarray:
    """The predicted class of every image, int [M]."""
    model.eval()
    pixels = torch.tensor(images, dtype=torch.float32).unsqueeze(1) / 255
    classes = [model(part.to(device)).argmax(1) for part in pixels.split(batch)]
    return torch.cat(classes).cpu().numpy()


def able(method: Method) -> bool:
    """Whether the loop can train a method: it has no auto-encoder, and Adam only."""
    terms = method.shaping
    return bool(terms) and not method.needs_encoder and terms.late_optimiser in ("", "adam")


def models(study, methods: tuple[Method, ...], share: float):
    """Fold, method, person and initial weights of every model, for a share of a study's people."""
    s = study.settings
    how = recipe.Recipe(study.data.classes, study.data.inputs.shape[1:], s.width)
    for fold in study.folds:
        for person in fold.individuals[: max(1, round(share * len(fold.individuals)))]:
            state = recipe.init_state(how, seed_of(s.seed, "init", person, 0))
            yield from ((fold, method, person, state) for method in methods)


def one_model(data, fold, method, person, state) -> dict:
    """A row of the study: one model trained from its initial weights, with its accuracies."""
    s = data.settings
    images = data.inputs
    labels = data.labels
    device = s.device
    model = begun(state, data.classes, s.image_size, s.width, device)
    terms = method.shaping
    plan = plans.index_plan(data, fold, method, person, 0)[1]
    before = len(plan) - terms.late
    early = plans.generic_plan(data, fold, 0) if method.from_generic else plan[:before]
    fit(model, images, labels, early, s.learning_rate, device)
    fit(model, images, labels, plan[before:], terms.late_rate or 0.0, device)
    row = {
        "method": method.name,
        "person": str(person),
        "repeat": 0,
        "iterations": len(early) + terms.late,
    }
    for part, index in ((D_I, data.splits.test[person]), (D_G, fold.global_test)):
        row[part.accuracy] = float((answers(model, images[index], device) == labels[index]).mean())
    return row
