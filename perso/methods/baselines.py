"""Simple, strong ways to make a network personal that are not the papers', and their controls.

All but `LOCAL` start from a network that was trained on D_G. Where nothing else is said, they train
as long as v3's longest transfer learning, 9 % of the iterations of all epochs, at learning rate
1e-3; so "TL 9 % (1e-3)" differs from each of them in one thing. Their meanings name what
personalised federated learning calls the same point: there the network of D_G is what the clients
trained together.

ADD A BASELINE HERE: a `Method` in one of the tuples, or in a new one that `ALL` has.
"""

from perso.methods.after import Share
from perso.methods.answer import Neighbours
from perso.methods.kinds import amount, fine_tuned, phase_of, rate_text, transfer_learning
from perso.methods.method import Method, Phase
from perso.methods.starts import MetaLearned

LENGTH = 0.09  # share of the iterations of all epochs
RATE = 1e-3
SMALL_RATE = 1e-4
HELD_OUT = 10  # percent of D_I's training items, for the choice of rate and length
HELD_OUT_TEXT = "a tenth held out"
CHOICE_LENGTHS = (0.01, 0.03, LENGTH)
CHOICE_RATES = (SMALL_RATE, 3e-4, RATE)


def late(rate: float = RATE, length: float = LENGTH, **training) -> Phase:
    """A late phase on D_I."""
    return phase_of("I", length, rate=rate, **training)


LOCAL = Method(
    "local only",
    "control",
    "D_I alone from initial weights, for as many iterations as the baseline (local training)",
    phases=(Phase("I", epochs=1),),
)

# --- a pull to the start, and a share of the way

L2_SP = (
    *(
        fine_tuned(
            f"L2-SP {strength:g}",
            "fine-tuning",
            f"TL pulled to the generic network by {strength:g}/2 · ‖θ − θ_G‖² (Ditto, pFedMe)",
            late(pull=strength),
        )
        for strength in (0.01, 0.1, 1.0)
    ),
    fine_tuned(
        "L2-SP 0.1 on another person",
        "control",
        "L2-SP 0.1 on D_I'",
        late(pull=0.1),
        individual_data="other",
    ),
)


def wise(share: float, rate: float = RATE) -> Method:
    """WiSE-FT: a share of the way from the generic network to its fine-tuned one."""
    in_name = "" if rate == RATE else f" ({rate_text(rate)})"
    return fine_tuned(
        f"WiSE-FT {share:g}{in_name}",
        "interpolation",
        f"{share:g} of the way from the generic network to TL 9 % ({rate_text(rate)}) (APFL)",
        late(rate),
        after=Share(share),
    )


WISE = (
    *(wise(tenths / 10) for tenths in range(1, 10)),
    *(wise(share, SMALL_RATE) for share in (0.25, 0.5, 0.75)),
)

# --- what is trained, from little to all

LADDER = (
    fine_tuned(
        "statistics only",
        "fine-tuning",
        "only batch norm's statistics follow D_I, without labels (AdaBN)",
        late(trains="statistics"),
    ),
    fine_tuned(
        "norm only",
        "fine-tuning",
        "TL of batch norm's weights and statistics alone (FedBN)",
        late(trains="norm"),
    ),
    fine_tuned(
        "head only",
        "fine-tuning",
        "TL of the last layer alone (FedPer, FedRep)",
        late(trains="head", statistics=False),
    ),
    fine_tuned(
        "low rank 4",
        "fine-tuning",
        "TL of a product of rank 4 for each weight matrix (LoRA)",
        late(trains="low rank 4", statistics=False),
    ),
    fine_tuned(
        "head, then all",
        "fine-tuning",
        "3 % on the last layer alone, then 6 % on all weights at 3e-4 (LP-FT)",
        late(length=0.03, trains="head", statistics=False),
        late(3e-4, 0.06),
    ),
    transfer_learning(LENGTH, 3e-4),
    fine_tuned(
        "averaged TL",
        "fine-tuning",
        "TL, the average of the states in the second half of its iterations",
        late(average=0.5),
    ),
)

# --- D_G at hand

REPLAY = (
    fine_tuned(
        "replay", "replay", "TL with half of every batch from D_G, which it needs", late(replay=0.5)
    ),
    fine_tuned(
        f"replay ({rate_text(SMALL_RATE)})",
        "replay",
        f"the same at learning rate {rate_text(SMALL_RATE)}",
        late(SMALL_RATE, replay=0.5),
    ),
    fine_tuned(
        "replay on another person",
        "control",
        "replay on D_I' and D_G",
        late(replay=0.5),
        individual_data="other",
    ),
)

# --- without training

NEIGHBOURS = (
    fine_tuned(
        "kNN mix",
        "nearest neighbours",
        "the generic network and the 5 nearest own samples, half and half (kNN-Per)",
        answer=Neighbours(5, 0.5),
    ),
)

# --- other starts

STARTS = {
    "Reptile": (MetaLearned("reptile", share=0.5), "meta-learning", "a Reptile start"),
    "MAML": (MetaLearned("maml"), "meta-learning", "a start by first-order MAML (Per-FedAvg)"),
    "longer generic": (
        MetaLearned("ordinary"),
        "control",
        "the generic network after as many more samples of D_G as Reptile and MAML see",
    ),
}
META = tuple(
    Method(
        f"{name}, then TL {100 * length:g} %",
        family,
        f"{meaning}, then {amount(length)} on D_I at learning rate {rate_text(RATE)}",
        start=start,
        phases=(late(length=length),),
    )
    for name, (start, family, meaning) in STARTS.items()
    for length in (0.003, LENGTH)
)

# --- rate and length by other people's validation: the settings to choose from

CANDIDATES = tuple(
    fine_tuned(
        f"TL {100 * length:g} % ({rate_text(rate)}), {HELD_OUT_TEXT}",
        "control",
        f"{amount(length)} on nine tenths of D_I's training items at learning rate "
        f"{rate_text(rate)}",
        late(rate, length),
        held_out=HELD_OUT,
    )
    for rate in CHOICE_RATES
    for length in CHOICE_LENGTHS
)

ALL = (LOCAL, *L2_SP, *WISE, *LADDER, *REPLAY, *NEIGHBOURS, *META, *CANDIDATES)
