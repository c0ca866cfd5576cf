"""The claims of a tutorial on recurrent networks for individual users, 35 to 38.

Its three ways are user embeddings, fine-tuning, and a second head that names the user. It prints no
numbers.
"""

from perso.claims.claim import Claim, above
from perso.claims.hypotheses import Equivalent

OF = "recurrent"
CHAPTER = "22-recurrent"
SOURCE = "How can RNNs be personalized for individual users? (2024)"
GENERIC = ("TL-n-0",)
LATE = ("TL-n-200 (1e-3)",)
GENTLE = ("TL-n-200 (1e-4)", "head only, 200 iterations", "L2-SP 0.1, 200 iterations")
WITHIN = 1.5  # points on D_I within which an embedding changes nothing

RECURRENT_CLAIMS = (
    Claim(
        number=35,
        says=(
            "Fine-tuning all weights of a recurrent network forgets; a lower rate, the last layer "
            "alone, or a pull to the start forgets less."
        ),
        source=f"{SOURCE}, 2",
        chapter=CHAPTER,
        tests=(
            *above(GENERIC, LATE, "D_G", of=OF),
            *above(GENTLE, LATE, "D_G", of=OF),
        ),
        controls=(
            *above(("WiSE-FT 0.5, 200 iterations",), LATE, "D_G", of=OF),
            *above(("replay, 200 iterations",), LATE, "D_G", of=OF),
            *above(LATE, GENTLE, "D_I", of=OF),
            *above(LATE, GENERIC, "D_U", of=OF),
        ),
    ),
    Claim(
        number=36,
        says="A user embedding makes a recurrent network more personal.",
        source=f"{SOURCE}, 1",
        chapter=CHAPTER,
        tests=above(("user gates",), GENERIC, "D_I", of=OF),
        controls=(
            *above(("user gates",), ("user gates, shuffled",), "D_I", of=OF),
            *above(("user gates",), ("user gates, another's row",), "D_I", of=OF),
            *above(("user gates",), ("user gates, not fitted",), "D_I", of=OF),
            Equivalent("user gates", "user gates, nobody", "D_I", of=OF, within=WITHIN),
            Equivalent("user gates", "user gates, shuffled", "D_I", of=OF, within=WITHIN),
        ),
    ),
    Claim(
        number=37,
        says="Inside of a recurrent network a user embedding serves better than at its input.",
        source=f"{SOURCE}, 1",
        chapter=CHAPTER,
        tests=(above(("user state", "user gates", "user film"), ("user input",), "D_I", of=OF),),
        controls=above(
            ("user state, shuffled", "user gates, shuffled", "user film, shuffled"),
            ("user input, shuffled",),
            "D_I",
            of=OF,
        ),
    ),
    Claim(
        number=38,
        says="Learning to name the user as well tailors the main task.",
        source=f"{SOURCE}, 3",
        chapter=CHAPTER,
        tests=(above(("user head 0.1", "user head 1"), GENERIC, "D_I", of=OF),),
        controls=(
            *above(("user head 0.1, fed", "user head 1, fed"), GENERIC, "D_I", of=OF),
            # arXiv:2410.12819 claims the opposite: a network that cannot tell its users apart
            *above(("user head -0.1",), GENERIC, "D_I", of=OF),
            *above(("user head 0.1", "user head 1"), GENERIC, "D_G", of=OF),
        ),
    ),
)
