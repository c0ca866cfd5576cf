"""A network that a person's samples make personal in one forward pass, and its training.

In the manner of Kim et al. (ICML 2022), of whose paper only the abstract was to be had. Symbols:

x_1 … x_k    the enrolment: samples of one person, with or without their classes y_i
h            mean over i of MLP(convolutions(x_i) + embedding(y_i)), whatever their number and order
μ, log σ²    linear in h; z ~ N(μ, σ²) in training, z = μ in use, z = 0 without an enrolment
W            W_shared + Δ(z), with Δ linear in z and 0 at the start

It is trained in episodes: cross-entropy of the personal networks on other samples of their people
(queries) + β · KL(N(μ, σ²), N(0, 1)), with β rising for half of the steps.
"""

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

from perso.training.models import Design, State, cross_entropy
from perso.training.networks import network_class

CHANNELS = (16, 32, 32)  # of the encoder's convolutions
HIDDEN = 64  # units of its dense layers
LAST_NORMS = 3
LAST_MATRICES = 2
OF_CLASSIFIER = "classifier."  # how the names of the shared weights begin


class SetEncoder(nn.Module):
    """h of enrolments: samples [P, k, *shape], classes int [P, k] or None → h [P, HIDDEN]."""

    def __init__(self, design: Design):
        super().__init__()
        into = 1 if design.kind == "images" else design.shape[-1]
        self.is_image = design.kind == "images"
        convolution = nn.Conv2d if self.is_image else nn.Conv1d
        self.convolutions = nn.ModuleList()
        for out in CHANNELS:
            self.convolutions.append(convolution(into, out, 3, padding=1))
            into = out
        self.of_class = nn.Embedding(design.classes, into) if design.enrolment.labelled else None
        self.dense = nn.ModuleList([nn.Linear(into, HIDDEN), nn.Linear(HIDDEN, HIDDEN)])

    def forward(self, x: torch.Tensor, classes: torch.Tensor | None) -> torch.Tensor:
        people, k = x.shape[:2]
        x = x.flatten(0, 1)
        x = x[:, None] if self.is_image else x.transpose(1, 2)
        pool = F.max_pool2d if self.is_image else F.max_pool1d
        for layer in self.convolutions:
            x = pool(F.relu(layer(x)), 2, ceil_mode=True)
        x = x.flatten(2).mean(2)
        if self.of_class is not None:
            x = x + self.of_class(classes.flatten())
        for layer in self.dense:
            x = F.relu(layer(x))
        return x.view(people, k, -1).mean(1)


class EnrolledNetwork(nn.Module):
    """An encoder, Δ, and the network that people share (`classifier`).

    In training it sees P people at once, each in a lane of the classifier. A batch holds, person
    after person, the slots of the enrolment and then the queries.
    """

    sees_classes = True

    def __init__(self, design: Design):
        super().__init__()
        self.how = design.enrolment
        self.classes = design.classes
        self.lanes = 1
        kind = network_class(design.architecture)
        self.encoder = SetEncoder(design)
        self.posterior = nn.Linear(HIDDEN, 2 * self.how.size)
        self.classifier = kind.made(design, 1)
        # as many lanes as people; in a list, so that its weights are none of this network
        self.of_people = [kind.made(design, self.how.people).to("meta").eval()]
        named = dict(self.classifier.named_parameters())
        matrices = [name for name, weight in named.items() if weight.dim() >= 2]
        norms = [
            f"{name}.{part}"
            for name, module in self.classifier.named_modules()
            if isinstance(module, nn.BatchNorm2d)
            for part in ("weight", "bias")
        ]
        self.matrices = matrices[-LAST_MATRICES:]
        self.head = [self.matrices[-1], self.matrices[-1].removesuffix("weight") + "bias"]
        self.added = []  # names of weights to which numbers are added as they are
        if self.how.sets == "scale and shift":
            self.added = norms[-2 * LAST_NORMS :]
        elif self.how.sets == "concatenated":
            self.added = [self.matrices[0].removesuffix("weight") + "bias"]
        self.factors = nn.ParameterDict()
        numbers = sum(named[name].numel() for name in self.added)
        if self.how.sets == "low rank":
            numbers = self.how.rank * len(self.matrices)
            for place, name in enumerate(self.matrices):
                out, fan_in = len(named[name]), named[name][0].numel()
                self.factors[f"A{place}"] = nn.Parameter(torch.empty(self.how.rank, fan_in))
                self.factors[f"B{place}"] = nn.Parameter(torch.empty(out, self.how.rank))
        elif not self.added:  # scale and shift of what the head of a network without norms is given
            numbers = 2 * named[self.head[0]][0].numel()
        self.delta = nn.Linear(self.how.size, numbers, bias=False)
        self.register_buffer("passes", torch.zeros(1))  # training passes so far

    @classmethod
    def made(cls, design: Design, lanes: int = 1) -> "EnrolledNetwork":
        """The network of a design; ValueError where its architecture has no lanes for people."""
        if not isinstance(design.architecture, str):
            raise ValueError(
                "a network that is made personal by forwarding samples needs architecture vgg or "
                "gru, whose lanes hold a person each"
            )
        if lanes != 1:
            raise ValueError(f"lanes: {lanes}; its lanes are people, so there is one network")
        return cls(design)

    def prepare(self, x: torch.Tensor, dtype: torch.dtype, layout) -> torch.Tensor:
        """Stored samples as the classifier has them."""
        return self.classifier.prepare(x, dtype, layout)

    def draw(self, shapes: State, generator: torch.Generator) -> State:
        """Initial state: Δ = 0, the classifier's own, all others uniform in ±1/√fan_in."""
        inner = {
            name.removeprefix(OF_CLASSIFIER): like
            for name, like in shapes.items()
            if name.startswith(OF_CLASSIFIER)
        }
        drawn = self.classifier.draw(inner, generator)
        state = {OF_CLASSIFIER + name: value for name, value in drawn.items()}
        for name, like in shapes.items():
            if name in state:
                continue
            weight = shapes.get(name.rpartition(".")[0] + ".weight", like)
            bound = 0.0 if name in ("delta.weight", "passes") else weight[0].numel() ** -0.5
            state[name] = torch.empty(like.shape).uniform_(-bound, bound, generator=generator)
        return state

    def masks(
        self, batch: int, generators: list[torch.Generator], like: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """What one training pass draws: the noise of z, which people are enrolled, dropout."""
        people = self.how.people
        (generator,) = generators
        noise = like.new_empty(people, self.how.size).normal_(generator=generator)
        enrolled = like.new_empty(people, 1).bernoulli_(1 - self.how.dropped, generator=generator)
        of_people = self.of_people[0].masks(self.how.queries, [generator] * people, like)
        return noise, enrolled, *of_people

    def forward(
        self, x: torch.Tensor, masks: tuple[torch.Tensor, ...], classes: torch.Tensor
    ) -> torch.Tensor:
        """Logits of the queries [queries, P, classes], then β · KL of each person.

        x, classes   [P · (slots + queries), 1, *shape] and int [P · (slots + queries), 1]
        """
        noise, enrolled, *others = masks
        people, slots = self.how.people, self.how.slots
        x = x[:, 0].unflatten(0, (people, -1))
        classes = classes[:, 0].view(people, -1)
        penalty = x.new_zeros(people)
        z = x.new_zeros(people, self.how.size)
        if self.how.encoder != "nobody":
            mean, log_variance = self.posterior_of(x[:, :slots], classes[:, :slots])
            z = mean
            if self.how.encoder == "variational":
                z = mean + noise * (log_variance / 2).exp()
                divergence = mean.square() + log_variance.exp() - 1 - log_variance
                self.passes += 1
                ramp = (self.passes / (self.how.steps / 2)).clamp(max=1)
                penalty = self.how.beta * ramp * enrolled[:, 0] * divergence.sum(1) / 2
            z = z * enrolled
        queries = x[:, slots:].transpose(0, 1)
        logits = functional_call(self.of_people[0], self.personal(z), (queries, others))
        return torch.cat([logits, penalty.expand(len(logits), -1)[..., None]], 2)

    def loss(self, outputs: torch.Tensor, x: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Cross-entropy of the queries' classes plus the penalty, both as means over people."""
        people, slots = self.how.people, self.how.slots
        of_queries = classes[:, 0].view(people, -1)[:, slots:].T
        logits, penalty = outputs[..., :-1], outputs[0, :, -1]
        return cross_entropy(logits, logits, of_queries) / people + penalty.mean()

    def posterior_of(
        self, x: torch.Tensor, classes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """μ and log σ² of enrolments, [P, size] each; the arguments are those of `SetEncoder`."""
        mean, log_variance = self.posterior(self.encoder(x, classes)).chunk(2, 1)
        return mean, log_variance.clamp(-10, 10)

    def personal(self, z: torch.Tensor) -> State:
        """The classifier's state with W_shared + Δ(z), for each of P people a lane; z [P, size]."""
        people = len(z)
        state = self.classifier.state_dict(keep_vars=True)
        # in one lane after another, as a network of P lanes has them
        joined = {name: torch.cat([value] * people) for name, value in state.items()}
        for name, added in self.changes(z).items():
            joined[name] = joined[name] + added.flatten(0, 1)
        return joined

    def changes(self, z: torch.Tensor) -> State:
        """Δ(z) of each weight that it changes, [P, *shape of the weight]; z [P, size]."""
        numbers = self.delta(z)
        named = dict(self.classifier.named_parameters())
        if self.added:
            parts = numbers.split([named[name].numel() for name in self.added], 1)
            return {
                name: part.unflatten(1, named[name].shape)
                for name, part in zip(self.added, parts, strict=True)
            }
        if self.factors:
            found = {}
            for place, name in enumerate(self.matrices):
                A, B = self.factors[f"A{place}"], self.factors[f"B{place}"]
                scales = numbers.unflatten(1, (-1, self.how.rank))[:, place]
                product = (B * scales[:, None]) @ A
                found[name] = product.view(len(z), *named[name].shape)
            return found
        # W ((1 + γ) x + β) + b = (W + W·diag(γ)) x + (b + W β)
        weight = named[self.head[0]]
        gamma, beta = numbers.chunk(2, 1)
        return {self.head[0]: weight * gamma[:, None], self.head[1]: beta @ weight.T}
