"""Networks that a handful of forwarded samples makes personal, and what they are compared with.

In the manner of Variational On-the-Fly Personalization (Kim et al., ICML 2022). Enrolled networks,
prototypes and meta-learned starts learn from D_G's people and from those outside of the study, and
so does the control of equal size, NOBODY, from which fine-tuning starts.

On few samples the running statistics of batch norm stay as they are: those of a single sample would
replace D_G's.

ADD A METHOD OF FORWARDED SAMPLES HERE: a `Method` in one of the tuples.
"""

from perso.methods.kinds import late_phase, rate_text
from perso.methods.method import Method, Phase
from perso.methods.starts import Enrolled, MetaLearned, Prototypes

SAMPLES = (1, 3, 12, 36)  # k
LENGTH = 50  # iterations of fine-tuning on k samples
FULL_LENGTH = 300  # of fine-tuning on all of D_I
RATE = 1e-3
SMALL_RATE = 1e-4

VARIATIONAL = Enrolled()
# what samples do to the network, by name; each differs from the first in what the name says, but
# concatenated differs so from deterministic
ARMS = {
    "enrolled": VARIATIONAL,
    "unlabelled": Enrolled(labelled=False),
    "deterministic": Enrolled("deterministic"),
    "low rank": Enrolled(sets="low rank"),
    "concatenated": Enrolled("deterministic", sets="concatenated"),
}
MEANINGS = {
    "enrolled": "labelled samples set scale and shift of the last layers, by a posterior's mean",
    "unlabelled": "the same by samples without their classes",
    "deterministic": "the same by a hypernetwork without a posterior",
    "low rank": "labelled samples set a change of low rank of the last two matrices",
    "concatenated": "labelled samples' code joins the input of the layer before the head",
}


def samples_text(k: int) -> str:
    """A number of samples as names have it: "1 sample", "12 samples"."""
    return f"{k} sample" if k == 1 else f"{k} samples"


def enrolled(arm: str, k: int, whose: str = "own") -> Method:
    """A method that forwards k samples: the person's own, or those of another person."""
    another = " of another" if whose == "other" else ""
    return Method(
        f"{arm}, {samples_text(k)}{another}",
        "control" if another else "enrolment",
        MEANINGS[arm] + (", another person's" if another else ""),
        start=ARMS[arm],
        phases=(),
        samples=k,
        individual_data=whose,
    )


def none_enrolled(arm: str) -> Method:
    """The network of an arm without any sample: W_shared."""
    return Method(
        f"{arm}, none",
        "control",
        "the same network without an enrolment",
        start=ARMS[arm],
        phases=(),
        individual_data="nobody",
    )


# the same network, steps and samples, without anything to learn from enrolments
NOBODY = Method(
    "nobody enrolled",
    "control",
    "the generic network trained on as long, on as many samples, without enrolments",
    start=Enrolled("nobody"),
    phases=(),
    individual_data="nobody",
)


def of_arm(arm: str, numbers: tuple[int, ...], of_another: tuple[int, ...]) -> tuple[Method, ...]:
    """An arm's methods: by numbers of own samples, of another's, and of none."""
    return (
        *(enrolled(arm, k) for k in numbers),
        *(enrolled(arm, k, "other") for k in of_another),
        none_enrolled(arm),
    )


def few(name: str, meaning: str, k: int, *phases: Phase, start: Method | str = NOBODY) -> Method:
    """Fine-tuning on k samples."""
    return Method(
        f"{name}, {samples_text(k)}",
        "fine-tuning",
        f"{meaning} on {samples_text(k)} of D_I",
        start=start,
        phases=phases,
        samples=k,
    )


TUNED = tuple(
    few(
        f"fine-tuning ({rate_text(rate)})",
        f"{NOBODY.name}, then {LENGTH} iterations at learning rate {rate_text(rate)}",
        k,
        late_phase(LENGTH, rate, statistics=False),
    )
    for rate in (RATE, SMALL_RATE)
    for k in SAMPLES
)
HEADS = tuple(
    few(
        "head only",
        f"{NOBODY.name}, then {LENGTH} iterations of the last layer",
        k,
        late_phase(LENGTH, RATE, trains="head", statistics=False),
    )
    for k in (1, 12)
)
FULL = tuple(
    Method(
        f"fine-tuning on all of D_I ({rate_text(rate)})",
        "fine-tuning",
        f"{NOBODY.name}, then {FULL_LENGTH} iterations on D_I at learning rate {rate_text(rate)}",
        start=NOBODY,
        phases=(late_phase(FULL_LENGTH, rate),),
    )
    for rate in (RATE, SMALL_RATE)
)

REPTILE = MetaLearned("reptile", rounds=200)
META = (
    Method("Reptile, none", "control", "Reptile's start", start=REPTILE, phases=()),
    *(
        few(
            "Reptile",
            f"Reptile's start, then {LENGTH} iterations at learning rate {rate_text(RATE)}",
            k,
            late_phase(LENGTH, RATE, statistics=False),
            start=REPTILE,
        )
        for k in (1, 12)
    ),
)
PROTOTYPES = (
    *(
        Method(
            f"prototypes, {samples_text(k)}",
            "enrolment",
            f"the nearest class mean of features, D_G's moved by {samples_text(k)}",
            start=Prototypes(),
            phases=(),
            samples=k,
        )
        for k in (1, 12, 36)
    ),
    Method(
        "prototypes, none",
        "control",
        "the nearest class mean of D_G's features",
        start=Prototypes(),
        phases=(),
        individual_data="nobody",
    ),
)

ALL = (
    NOBODY,
    *of_arm("enrolled", SAMPLES, (1, 12)),
    *of_arm("unlabelled", (1, 12), (12,)),
    *of_arm("deterministic", (1, 12), (12,)),
    *of_arm("low rank", (1, 12), (12,)),
    *of_arm("concatenated", (1, 12), (12,)),
    *PROTOTYPES,
    *TUNED,
    *HEADS,
    *FULL,
    *META,
)
# where a difference between people is put in, for enrolments to find
PLANTED = (
    NOBODY,
    *of_arm("enrolled", SAMPLES, (1, 12)),
    *of_arm("unlabelled", (1, 12), (12,)),
    *of_arm("deterministic", (1, 12), (12,)),
    *(method for method in TUNED if method.samples == 12),
    *FULL,
)
