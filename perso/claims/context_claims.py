"""The claims of CRoP (arXiv:2409.17994v2) about a person's contexts, 39 to 42.

It sums the accuracies of both contexts. Our tables always show both.
"""

from perso.claims.claim import Claim, above
from perso.claims.hypotheses import Equivalent, NonInferior
from perso.parts import BOTH

OF = "contexts"
CHAPTER = "23-contexts"
SOURCE = "CRoP (arXiv:2409.17994v2)"
GENERIC = ("TL-n-0",)
LATE = ("TL-n-300 (1e-3)",)
FINE_TUNED = ("TL, a tenth held out",)  # CRoP's first step without ℓ1
CROP = ("CRoP",)
SIMPLER = (
    "CRoP, random mask",
    "TL-n-300 (1e-4)",
    "WiSE-FT 0.5, 300 iterations",
    "L2-SP 1, 300 iterations",
    "replay, 300 iterations",
)

CONTEXT_CLAIMS = (
    Claim(
        number=39,
        says="Fine-tuning to one context of a person harms the person's other contexts.",
        source=f"{SOURCE}, Motivation",
        printed="+26.82 points on the available, −24.63 on the unseen context",
        chapter=CHAPTER,
        tests=(
            *above(LATE, GENERIC, "D_I", of=OF),
            *above(GENERIC, LATE, "D_U", of=OF),
        ),
        controls=(
            *above(("TL-n-300 (1e-4)",), GENERIC, "D_I", of=OF),
            *above(GENERIC, ("TL-n-300 (1e-4)",), "D_U", of=OF),
            *above(LATE, ("TL-n-300 on another person (1e-3)",), "D_U", of=OF),
        ),
    ),
    Claim(
        number=40,
        says="Over both contexts, prune and mix (CRoP) is more accurate than the generic network.",
        source=f"{SOURCE}, ΔP",
        printed="+35.23 points (5.08 to 85.25), summed over both contexts",
        chapter=CHAPTER,
        tests=above(CROP, GENERIC, BOTH, of=OF),
        controls=(
            *above(CROP, GENERIC, "D_I", of=OF),
            *above(CROP, GENERIC, "D_U", of=OF),
        ),
    ),
    Claim(
        number=41,
        says="Over both contexts, prune and mix (CRoP) is more accurate than fine-tuning.",
        source=f"{SOURCE}, ΔG",
        printed="+7.78 points (−.46 to 13.81), summed over both contexts",
        chapter=CHAPTER,
        tests=above(CROP, FINE_TUNED, BOTH, of=OF),
        controls=(
            *above(SIMPLER, CROP, BOTH, of=OF),
            Equivalent("CRoP", "CRoP, random mask", BOTH, of=OF, within=2.0),
            Equivalent("prune and mix", "mix, random mask", BOTH, of=OF, within=2.0),
            *above(CROP, FINE_TUNED, "D_I", of=OF),
            *above(CROP, FINE_TUNED, "D_U", of=OF),
        ),
    ),
    Claim(
        number=42,
        says=(
            "On the contexts it has not seen, prune and mix (CRoP) is no less accurate than the "
            "generic network."
        ),
        source=f"{SOURCE}, abstract and Table 6",
        printed="−16.69, −5.97, +1.08, −5.02, +36.03 points",
        chapter=CHAPTER,
        tests=(NonInferior("CRoP", "TL-n-0", "D_U", of=OF),),
        controls=(
            NonInferior("WiSE-FT 0.3, 300 iterations", "TL-n-0", "D_U", of=OF),
            NonInferior("replay, 300 iterations", "TL-n-0", "D_U", of=OF),
        ),
    ),
)
