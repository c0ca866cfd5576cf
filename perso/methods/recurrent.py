"""Recurrent networks for individual users: three ways of a tutorial, and their controls.

1. User embeddings: the shared network knows the people of D_G by a row of numbers each, and a new
   person's row is fitted alone.
2. Fine-tuning: all weights at several learning rates, the last layer, a pull to the generic
   network, and what forgets less.
3. A second head that names the user, trained beside the first.

ADD A METHOD FOR SEQUENCES HERE: a `Method` in one of the tuples.
"""

from perso.methods.after import Share
from perso.methods.kinds import (
    fine_tuned,
    late_phase,
    rate_text,
    transfer_control,
    transfer_learning,
)
from perso.methods.method import Method
from perso.methods.starts import TOLD, UserNetwork

LENGTH = 200  # iterations of fine-tuning, and of fitting a row
RATE = 1e-3
ROW_RATE = 1e-2  # learning rate of a row


# --- 1. user embeddings

FITTED = late_phase(LENGTH, ROW_RATE, trains="user")
PLACES = {
    "input": "an input of every step",
    "state": "the state before the first step",
    "gates": "a factor of every step's gates",
    "film": "scale and shift of the last state",
}


def embedding(place: str, name: str, meaning: str, family: str = "control", **fields) -> Method:
    """A method whose shared network has embeddings at a place.

    fields   of the `UserNetwork`, except `fits` and `individual_data`, which are the method's
    """
    fits = fields.pop("fits", True)
    whose = fields.pop("individual_data", "own")
    return Method(
        f"user {place}{name}",
        family,
        f"an embedding is {PLACES[place]}; {meaning}",
        start=UserNetwork(place, **fields),
        phases=(FITTED,) if fits else (),
        individual_data=whose,
    )


EMBEDDINGS = tuple(
    method
    for place in TOLD[1:]
    for method in (
        embedding(place, "", "the row of the person is fitted on D_I", "user networks"),
        embedding(place, ", not fitted", "the row of an unknown person", fits=False),
        embedding(
            place, ", shuffled", "D_G's people were shuffled among its samples", shuffled=True
        ),
        embedding(place, ", another's row", "the row is fitted on D_I'", individual_data="other"),
    )
)
# the same network and iterations, without anything to learn from the rows
SAME_SIZE = embedding("gates", ", nobody", "D_G's people were hidden", unknown=1.0, fits=False)

# --- 2. fine-tuning

FINE_TUNING = (
    *(transfer_learning(LENGTH, rate) for rate in (RATE, 3e-4, 1e-4)),
    transfer_control(LENGTH, RATE, "I"),
    transfer_control(LENGTH, RATE, "G"),
    fine_tuned(
        f"head only, {LENGTH} iterations",
        "fine-tuning",
        "TL of the last layer alone (FedPer, FedRep)",
        late_phase(LENGTH, RATE, trains="head"),
    ),
    fine_tuned(
        f"last block, {LENGTH} iterations",
        "fine-tuning",
        "TL of the recurrent weights and the last layer",
        late_phase(LENGTH, RATE, trains="last block"),
    ),
    fine_tuned(
        f"L2-SP 0.1, {LENGTH} iterations",
        "fine-tuning",
        "TL pulled to the generic network by 0.1/2 · ‖θ − θ_G‖² (Ditto, pFedMe)",
        late_phase(LENGTH, RATE, pull=0.1),
    ),
    fine_tuned(
        f"WiSE-FT 0.5, {LENGTH} iterations",
        "interpolation",
        f"half-way from the generic network to TL-n-{LENGTH} ({rate_text(RATE)}) (APFL)",
        late_phase(LENGTH, RATE),
        after=Share(0.5),
    ),
    fine_tuned(
        f"replay, {LENGTH} iterations",
        "replay",
        "TL with half of every batch from D_G, which it needs",
        late_phase(LENGTH, RATE, replay=0.5),
    ),
    *(
        fine_tuned(
            f"TL on {100 - held_out} % of D_I",
            "control",
            f"TL-n-{LENGTH} ({rate_text(RATE)}) on {100 - held_out} % of D_I's training items",
            late_phase(LENGTH, RATE),
            held_out=held_out,
        )
        for held_out in (90, 70, 50)
    ),
)

# --- 3. a second head

USER_HEADS = tuple(
    Method(
        f"user head {strength:g}{', fed' if fed else ''}",
        "user networks",
        f"trained with {strength:g} · the cross-entropy of a head that names the user"
        + ("; its answer is an input of the first head" if fed else ""),
        start=UserNetwork(user_head=strength, fed=fed),
        phases=(),
    )
    for strength in (-0.1, 0.1, 0.3, 1.0)
    for fed in (False, True)
)

ALL = (*FINE_TUNING, *EMBEDDINGS, SAME_SIZE, *USER_HEADS)
