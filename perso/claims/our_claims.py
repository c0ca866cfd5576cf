"""Claims of our own about what else one could do (101 to 104), of the run `baselines`.

They were fixed before the rows were trained, as the papers' claims (`frozen`). The first three came
from a trial with few people. The papers' methods are in the doses of `relative`.
"""

from perso.claims import special, tradeoffs
from perso.claims.claim import Claim, above
from perso.claims.hypotheses import Measured, NonInferior
from perso.parts import PARTS

OF = "baselines"
CHAPTER = "19-baselines"
LATE = "TL 9 % (1e-3)"
PAPERS = (
    "ES 1.2 %",
    "ES 12 %",
    "SW-n-12",
    "SW-n-2",
    "TL 0.3 % (1e-3)",
    "TL 9 % (1e-3)",
    "TL 0.3 % (1e-4)",
    "TL 9 % (1e-4)",
)


def wise_curve(*shares: float, rate: str = "") -> tuple[str, ...]:
    """The names along WiSE-FT's curve, from the generic network to transfer learning."""
    end = f"TL 9 %{rate or ' (1e-3)'}"
    return ("TL-n-0", *(f"WiSE-FT {share:g}{rate}" for share in shares), end)


WISE = wise_curve(*(tenths / 10 for tenths in range(1, 10)))
WISE_SLOW = wise_curve(0.25, 0.5, 0.75, rate=" (1e-4)")


OUR_CLAIMS = (
    Claim(
        number=101,
        kind="ours",
        says=(
            "Replay keeps both: it is no less accurate than the generic network on everybody "
            "else's data, and than transfer learning at the same rate on the individual's."
        ),
        source="ours",
        chapter=CHAPTER,
        tests=(
            NonInferior("replay", "TL-n-0", "D_G", of=OF),
            NonInferior("replay", LATE, "D_I", of=OF),
        ),
        controls=(
            *above(("replay",), ("replay on another person",), "D_I", of=OF),
            NonInferior("replay", "TL 9 % (1e-4)", "D_I", of=OF),
            *above(("replay",), ("TL 9 % (1e-4)",), "D_G", of=OF),
            *above(("replay",), ("TL 9 % on D_G (1e-3)",), "D_G", of=OF),
        ),
    ),
    Claim(
        number=102,
        kind="ours",
        says=(
            "No method of the papers lies above the front of WiSE-FT, from the generic network "
            "to transfer learning."
        ),
        source="ours",
        chapter=CHAPTER,
        tests=(Measured(tradeoffs.none_above_wise, (OF, PAPERS, WISE)),),
        controls=(
            Measured(tradeoffs.none_above_wise, (OF, PAPERS[:4], WISE)),
            Measured(tradeoffs.none_above_wise, (OF, PAPERS, WISE_SLOW)),
        ),
    ),
    Claim(
        number=103,
        kind="ours",
        says=(
            "Training the last layer alone keeps more accuracy on everybody else's data than "
            "training all weights at the same rate."
        ),
        source="ours",
        chapter="20-storage",
        tests=above(("head only",), (LATE,), "D_G", of=OF),
        controls=(
            NonInferior("head only", "TL 9 % (1e-4)", "D_G", of=OF),
            NonInferior("head only", LATE, "D_I", of=OF),
        ),
    ),
    Claim(
        number=104,
        kind="ours",
        says=(
            "Replay dominates early shaping and sample weighing: it takes fewer iterations for "
            "each person and is no less accurate on either part."
        ),
        source="ours",
        chapter=CHAPTER,
        tests=tuple(
            test
            for method in ("ES 12 %", "SW-n-2")
            for test in (
                Measured(special.fewer_iterations, ("replay", method, OF)),
                *(NonInferior("replay", method, part, of=OF) for part in PARTS),
            )
        ),
    ),
)
