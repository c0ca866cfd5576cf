"""Prune and mix (CRoP, arXiv:2409.17994v2), what it is compared with, and its controls.

All are trained on D_I, the available context, from the generic network on, and tested on D_U, the
person's other contexts, too. v3's longest transfer learning gives the length of the first
fine-tuning, 300 iterations at learning rate 1e-3; so each differs from "TL-n-300 (1e-3)" in one
thing. Where CRoP needs a validation part, a tenth of D_I's training items is held out, and its
controls hold out the same.

ADD A METHOD FOR CONTEXTS HERE: a `Method` in one of the tuples.
"""

from perso.methods.after import Pruned, Share
from perso.methods.kinds import (
    fine_tuned,
    late_phase,
    rate_text,
    transfer_control,
    transfer_learning,
)
from perso.methods.method import Method

LENGTH = 300  # iterations
AGAIN = 100  # iterations of the second fine-tuning
RATE = 1e-3
SMALL_RATE = 1e-4
L1 = 1e-4  # α of CRoP, which does not move
TOLERANCE = 0.05  # τ
HELD_OUT = 10  # percent of D_I's training items


# --- fine-tuning all weights, more or less gently

GENTLE = (
    *(transfer_learning(LENGTH, rate) for rate in (RATE, 3e-4, SMALL_RATE)),
    transfer_control(LENGTH, RATE, "I"),
    *(
        fine_tuned(
            f"L2-SP {strength:g}, {LENGTH} iterations",
            "fine-tuning",
            f"TL pulled to the generic network by {strength:g}/2 · ‖θ − θ_G‖² (Ditto, pFedMe)",
            late_phase(LENGTH, RATE, pull=strength),
        )
        for strength in (0.1, 1.0)
    ),
    *(
        fine_tuned(
            f"WiSE-FT {share:g}, {LENGTH} iterations",
            "interpolation",
            f"{share:g} of the way from the generic network to TL-n-{LENGTH} (1e-3) (APFL)",
            late_phase(LENGTH, RATE),
            after=Share(share),
        )
        for share in (0.3, 0.5)
    ),
    fine_tuned(
        f"head only, {LENGTH} iterations",
        "fine-tuning",
        "TL of the last layer alone (FedPer, FedRep)",
        late_phase(LENGTH, RATE, trains="head", statistics=False),
    ),
    fine_tuned(
        f"replay, {LENGTH} iterations",
        "replay",
        "TL with half of every batch from D_G, which it needs",
        late_phase(LENGTH, RATE, replay=0.5),
    ),
)

# --- prune and mix

FIRST = (late_phase(LENGTH, RATE, l1=L1),)


def pruned(name: str, meaning: str, family: str = "pruning", **choice) -> Method:
    """The first fine-tuning of CRoP, then a pruning."""
    after = Pruned(tolerance=TOLERANCE, **choice)
    return fine_tuned(name, family, meaning, *FIRST, after=after, held_out=HELD_OUT)


def tuned_again(mixed: Method, name: str, meaning: str, family: str, rate: float) -> Method:
    """The second fine-tuning of CRoP from a mixture on; the best state by the part held out."""
    again = late_phase(AGAIN, rate, l1=L1, best_every=10)
    return Method(name, family, meaning, start=mixed, phases=(again,), held_out=HELD_OUT)


MIX = pruned("prune and mix", "weights of small magnitude become the generic network's again")
MIX_RANDOM = pruned(
    "mix, random mask",
    "as many weights, drawn at random, become the generic network's again",
    "control",
    keep="random",
)

CROP = (
    fine_tuned(
        "TL, a tenth held out",
        "control",
        f"TL-n-{LENGTH} ({rate_text(RATE)}) on nine tenths of D_I's training items",
        late_phase(LENGTH, RATE),
        held_out=HELD_OUT,
    ),
    fine_tuned(
        "TL with l1",
        "pruning",
        f"the same with the penalty {L1:g} · ‖W‖₁: the first step of CRoP",
        *FIRST,
        held_out=HELD_OUT,
    ),
    pruned("prune only", "weights of small magnitude become 0", rest="zero"),
    MIX,
    MIX_RANDOM,
    pruned(
        "mix, smallest kept",
        "as many weights of the largest magnitude become the generic network's again",
        "control",
        keep="smallest",
    ),
    tuned_again(
        MIX,
        "CRoP",
        f"prune and mix, then {AGAIN} iterations at {rate_text(SMALL_RATE)}",
        "pruning",
        SMALL_RATE,
    ),
    tuned_again(
        MIX_RANDOM,
        "CRoP, random mask",
        f"mix with a random mask, then {AGAIN} iterations at {rate_text(SMALL_RATE)}",
        "control",
        SMALL_RATE,
    ),
    tuned_again(
        MIX,
        f"CRoP ({rate_text(RATE)})",
        f"prune and mix, then {AGAIN} iterations at {rate_text(RATE)}",
        "pruning",
        RATE,
    ),
)

ALL = (*GENTLE, *CROP)
