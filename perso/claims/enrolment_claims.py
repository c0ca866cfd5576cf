"""The claims of Variational On-the-Fly Personalization (Kim et al., ICML 2022), 43 to 45.

Only its abstract was to be had, which prints no numbers. Our networks are made in its manner.
"""

from perso.claims import special
from perso.claims.claim import Claim, above
from perso.claims.hypotheses import Equivalent, Measured, NonInferior, Superior, Trend

OF = "enrolled"
PLANTED = "planted"
SWAPPED = "swapped"
CHAPTER = "24-enrolment"
SOURCE = "Variational On-the-Fly Personalization (ICML 2022), abstract"
NOBODY = ("nobody enrolled",)
ONE = "enrolled, 1 sample"
HANDFUL = "enrolled, 12 samples"
WITHIN = 0.5  # points on D_I within which an enrolment changes nothing


def own_above_another(arm: str, samples: str, of: str) -> Superior:
    """The own enrolment above another person's."""
    return Superior(f"{arm}, {samples}", f"{arm}, {samples} of another", "D_I", of=of)


ENROLMENT_CLAIMS = (
    Claim(
        number=43,
        says="Forwarding a single sample of a person makes a network more accurate for the person.",
        source=SOURCE,
        chapter=CHAPTER,
        tests=(
            *above((ONE,), NOBODY, "D_I", of=OF),
            own_above_another("enrolled", "1 sample", OF),
        ),
        controls=(
            Equivalent(ONE, NOBODY[0], "D_I", of=OF, within=WITHIN),
            Equivalent(ONE, f"{ONE} of another", "D_I", of=OF, within=WITHIN),
            own_above_another("enrolled", "12 samples", OF),
            own_above_another("deterministic", "12 samples", OF),
            own_above_another("low rank", "12 samples", OF),
            own_above_another("concatenated", "12 samples", OF),
            *above(("unlabelled, 1 sample", "enrolled, none"), NOBODY, "D_I", of=OF),
            *above(("fine-tuning (1e-3), 1 sample", "head only, 1 sample"), NOBODY, "D_I", of=OF),
            # a difference that is there is found, else a null would mean nothing
            own_above_another("enrolled", "1 sample", PLANTED),
            own_above_another("enrolled", "12 samples", PLANTED),
            own_above_another("deterministic", "12 samples", PLANTED),
            # one that no arm finds
            own_above_another("enrolled", "12 samples", SWAPPED),
        ),
    ),
    Claim(
        number=44,
        says="Forwarding a handful of a person's samples replaces fine-tuning on them.",
        source=SOURCE,
        chapter=CHAPTER,
        tests=(
            NonInferior(HANDFUL, "fine-tuning (1e-3), 12 samples", "D_I", of=OF),
            NonInferior(HANDFUL, "fine-tuning (1e-4), 12 samples", "D_I", of=OF),
            NonInferior(HANDFUL, "head only, 12 samples", "D_I", of=OF),
            Trend((ONE, "enrolled, 3 samples", HANDFUL, "enrolled, 36 samples"), "D_I", of=OF),
        ),
        controls=(
            NonInferior("enrolled, 36 samples", "fine-tuning on all of D_I (1e-4)", "D_I", of=OF),
            NonInferior(HANDFUL, "Reptile, 12 samples", "D_I", of=OF),
            NonInferior(HANDFUL, "prototypes, 12 samples", "D_I", of=OF),
            *above(
                ("fine-tuning (1e-3), 12 samples", "fine-tuning (1e-4), 12 samples"),
                NOBODY,
                "D_I",
                of=OF,
            ),
        ),
    ),
    Claim(
        number=45,
        kind="construction",
        says="A network is made personal without training: by as many forward passes as samples.",
        source=SOURCE,
        chapter=CHAPTER,
        tests=(Measured(special.no_training, (ONE, OF)),),
        controls=(Measured(special.fewer_iterations, (ONE, "fine-tuning (1e-3), 1 sample", OF)),),
    ),
)
