"""The networks, by name. ADD A NETWORK: a class, and a line here.

A network holds N models side by side in N lanes (see `models`). Its class has

made(design, lanes)              class method that builds it; ValueError where samples do not fit
draw(shapes, generator)          initial state of one model; `shapes`: a state, for its shapes
prepare(x, dtype, layout)        stored samples [B, lanes, *shape] as the floats of `forward`
masks(batch, generators, like)   what a training pass draws at random, from a generator per lane
forward(x, masks)                outputs, of a classifier [B, lanes, classes]; in use without masks
loss(outputs, x, classes)        mean over the batch, sum over lanes
lanes, classes                   their numbers

One with `sees_classes = True` takes `classes`, int [B, lanes], in `forward`: those of the batch.
One that is told whose sample it sees takes `users`, int [B, lanes], in `forward` and `loss` (see
`gru`). It is passed where `engine.Samples` have users.
Its last layer is defined last.
"""

from torch import nn

from perso.training.auto_encoder import AutoEncoder
from perso.training.gru import GRU
from perso.training.plain import Plain
from perso.training.vgg import VGG

NETWORKS: dict[str, type[nn.Module]] = {
    "vgg": VGG,
    "autoencoder": AutoEncoder,
    "gru": GRU,
}


def network_class(architecture: str | type[nn.Module]) -> type[nn.Module]:
    """The network of a name; for a class of the user's own, the one that wraps it."""
    if not isinstance(architecture, str):
        return Plain
    if architecture not in NETWORKS:
        possible = ", ".join(NETWORKS)
        raise ValueError(f"{architecture!r} is unknown; possible: {possible}")
    return NETWORKS[architecture]
