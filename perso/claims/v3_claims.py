"""The claims of the paper's third version (v3), 1 to 21."""

from collections.abc import Iterable

from perso.claims import correlations, dispersions, special
from perso.claims.claim import Claim, above
from perso.claims.hypotheses import Equivalent, Measured, Superior, Trend
from perso.claims.reading import (
    ABSOLUTE,
    BASELINE_WITH_OWN,
    HIGH_RATE,
    RANDOM_GROUPING,
    WITH_OWN,
    readings,
)
from perso.methods.method import BASELINE
from perso.parts import PARTS

# v3's settings of each shaping method, in doses relative to the length of training; of transfer
# learning, whose rate v3 does not give, at 1e-4
ES = ("ES 1.2 %", "ES 12 %")
SW = ("SW-n-12", "SW-n-2")
TL = ("TL 0.3 % (1e-4)", "TL 9 % (1e-4)")
# the control that trains as long as a setting, on D_G; sample weighing's is the baseline itself
AS_LONG = {
    "ES 1.2 %": "BaseLine + 1.2 %",
    "ES 12 %": "BaseLine + 12 %",
    "TL 0.3 % (1e-4)": "TL 0.3 % on D_G (1e-4)",
    "TL 9 % (1e-4)": "TL 9 % on D_G (1e-4)",
}
# the control that trains as long, on another person's data
ON_ANOTHER = {
    "ES 12 %": "ES 12 % on another person",
    "TL 0.3 % (1e-4)": "TL 0.3 % on another person (1e-4)",
    "TL 9 % (1e-4)": "TL 9 % on another person (1e-4)",
}
SIX = (*ES, *SW, *TL)

GROUPED = ("IG-n-5", "IG-n-21", "SG-n-1500", "SG-n-6500")  # v3's data grouping by similarity
V3_ITERATIONS = 3300  # of v3's 20 epochs

ES_READINGS = readings(BASELINE_WITH_OWN, ABSOLUTE)
SHAPING_READINGS = readings(BASELINE_WITH_OWN, HIGH_RATE, ABSOLUTE)


def above_as_long(methods: Iterable[str], parts: Iterable[str]) -> tuple[Superior, ...]:
    """Each of the methods above the baseline and above the control that trains as long."""
    return tuple(
        Superior(method, base, part, of="relative")
        for method in methods
        for part in parts
        for base in (BASELINE, AS_LONG[method])
    )


def above_on_another(methods: Iterable[str], parts: Iterable[str]) -> tuple[Superior, ...]:
    """Each of the methods above the same with another person's data."""
    return tuple(
        Superior(method, ON_ANOTHER[method], part, of="relative")
        for method in methods
        for part in parts
    )


def accuracy_against(what: str) -> tuple[Measured, ...]:
    """Mean accuracy against a measure of dispersion: on D_I and D_G, in both blocks of Table I."""
    blocks = {"shaping": ("relative", (BASELINE, *SIX)), "data grouping": ("v3",)}
    return tuple(
        Measured(correlations.fairness_rho, (part, what, block, *rows))
        for part in PARTS
        for block, rows in blocks.items()
    )


# One group of tests per shaping method: one of its two settings is enough. Early shaping and
# transfer learning must also be above a control that trains as long.
ONE_OF_TWO = (
    *(above(settings, (BASELINE,), "D_I") for settings in (ES, SW, TL)),
    *(
        tuple(Superior(method, AS_LONG[method], "D_I", of="relative") for method in settings)
        for settings in (ES, TL)
    ),
)
ON_BOTH = ("ES 12 %", "TL 0.3 % (1e-4)")  # v3's two settings that gain on D_I and on D_G
BEST_GROUPINGS = ("SG-n-1500", "IG-n-5")  # on D_I
GROUPING_TESTS = above(BEST_GROUPINGS, RANDOM_GROUPING, "D_I", of="v3")
# The random controls contain D_I, as the groupings do: what is left is the effect of similarity.
AGAINST_RANDOM = above(BEST_GROUPINGS, WITH_OWN, "D_I", of="v3")

V3_CLAIMS = (
    Claim(
        number=1,
        kind="effect",
        says=(
            "Curriculum learning and data grouping both improve accuracy on the individual's data."
        ),
        source="v3, abstract",
        printed="+.1 to +.4 points",
        chapter="08-comparison",
        tests=(*ONE_OF_TWO, *GROUPING_TESTS),
        controls=AGAINST_RANDOM,
        readings=SHAPING_READINGS,
    ),
    Claim(
        number=2,
        kind="ranking",
        says=(
            "In general, what raises accuracy on the individual's data lowers it on everybody "
            "else's."
        ),
        source="v3, IV, Results",
        printed=correlations.printed_slopes("D_G"),
        chapter="08-comparison",
        tests=(Measured(correlations.settings_rho, ("relative", BASELINE, *SIX)),),
        readings=readings(HIGH_RATE, ABSOLUTE),
    ),
    Claim(
        number=3,
        kind="effect",
        says=(
            "Two shaping methods beat the baseline on the individual's data and on everybody "
            "else's."
        ),
        source="v3, IV, Results",
        printed="ES-400: .983/.980; TL-10: .982/.980; baseline .980/.979",
        chapter="08-comparison",
        tests=above_as_long(ON_BOTH, PARTS),
        controls=(
            *above_on_another(ON_BOTH, PARTS),
            Superior("TL 0.3 % (1e-4)", "TL-n-0", "D_G", of="relative"),
        ),
        readings=SHAPING_READINGS,
    ),
    Claim(
        number=4,
        kind="effect",
        says=(
            "For each shaping method, one of its two settings beats the baseline on the "
            "individual's data."
        ),
        source="v3, IV, Results (p < .1)",
        printed=".983, .984, .983 against .980",
        chapter="08-comparison",
        tests=ONE_OF_TWO,
        controls=above_on_another(ON_ANOTHER, ("D_I",)),
        readings=SHAPING_READINGS,
    ),
    Claim(
        number=5,
        kind="effect",
        says="Early shaping and transfer learning beat the baseline on everybody else's data.",
        source="v3, IV, Results (p < .01, p < .1)",
        printed=".980 against .979",
        chapter="03-early-shaping",
        tests=above_as_long(ON_BOTH, ("D_G",)),
        controls=(
            *above_on_another(ON_BOTH, ("D_G",)),
            Superior("TL 0.3 % (1e-4)", "TL-n-0", "D_G", of="relative"),
        ),
        readings=SHAPING_READINGS,
    ),
    Claim(
        number=6,
        kind="effect",
        says="Training on a small data set first can raise accuracy on both kinds of data.",
        source="v3, IV, Results",
        printed=".983/.980 against .980/.979",
        chapter="03-early-shaping",
        tests=above_as_long(("ES 12 %",), PARTS),
        controls=above_on_another(("ES 12 %",), PARTS),
        readings=ES_READINGS,
    ),
    Claim(
        number=7,
        kind="ranking",
        says=(
            "Sample weighing is the best method on the individual's data and the worst on "
            "everybody else's."
        ),
        source="v3, IV, Results (p < .001 against the baseline)",
        printed="+.4 points; −1.1 points",
        chapter="04-sample-weighing",
        tests=above(("SW-n-2",), (BASELINE, *ES, *TL), "D_I")
        + above((BASELINE, *ES, *TL), ("SW-n-2",), "D_G"),
        controls=above(("SW-n-2, then 9 % (1e-4)",), TL, "D_I"),
        readings=SHAPING_READINGS,
    ),
    Claim(
        number=8,
        kind="ranking",
        says=(
            "On everybody else's data, training on 6,500 random samples beats every other data "
            "grouping."
        ),
        source="v3, IV, Results (p < .1)",
        printed=".965 against .961 to .964",
        chapter="07-grouping",
        tests=above(("BaseLine-n-6500",), ("BaseLine-n-1500", *GROUPED), "D_G", of="v3"),
        readings=(BASELINE_WITH_OWN,),
    ),
    Claim(
        number=9,
        kind="ranking",
        says=(
            "On everybody else's data, the second and third best data groupings beat all that "
            "rank lower."
        ),
        source="v3, IV, Results (p < .1)",
        printed=".964, .963 against .961 to .962",
        chapter="07-grouping",
        tests=above(
            ("IG-n-21", "SG-n-6500"), ("BaseLine-n-1500", "IG-n-5", "SG-n-1500"), "D_G", of="v3"
        ),
        readings=(BASELINE_WITH_OWN,),
    ),
    Claim(
        number=10,
        kind="effect",
        says="The two best data groupings beat both random baselines on the individual's data.",
        source="v3, IV, Results (p < .1)",
        printed=".979, .978 against .975",
        chapter="07-grouping",
        tests=GROUPING_TESTS,
        controls=AGAINST_RANDOM,
        readings=(BASELINE_WITH_OWN,),
    ),
    Claim(
        number=11,
        kind="ranking",
        says=(
            "For the individual's data, it is best to add only very similar samples, and not "
            "too many."
        ),
        source="v3, IV, Results",
        printed="SG .979 > .978; IG .978 > .977",
        chapter="07-grouping",
        tests=(
            Superior("SG-n-1500", "SG-n-6500", "D_I"),
            Superior("IG-n-5", "IG-n-21", "D_I"),
            *(
                Trend((f"far {name}", "BaseLine-n-1500 with D_I", name), "D_I", of="grouping")
                for name in BEST_GROUPINGS
            ),
        ),
    ),
    Claim(
        number=12,
        kind="ranking",
        says=(
            "The more diverse the enlarged data, the higher the accuracy on everybody else's "
            "data; random samples are the most diverse."
        ),
        source="v3, IV, Results",
        chapter="07-grouping",
        tests=(Measured(special.diversity_order), Measured(special.diversity_rho)),
    ),
    Claim(
        number=13,
        kind="ranking",
        says=(
            "More accurate methods are fairer: the standard deviation of accuracy over people "
            "is smaller."
        ),
        source="v3, IV, Fairness",
        printed=correlations.printed_slopes(dispersions.SD),
        chapter="14-fairness",
        tests=accuracy_against(dispersions.SD),
        controls=accuracy_against(dispersions.BETWEEN_PERSON_SD),
        readings=readings(HIGH_RATE, ABSOLUTE),
    ),
    Claim(
        number=14,
        kind="ranking",
        says="More accurate methods are fairer: the range of accuracy over people is smaller.",
        source="v3, IV, Fairness",
        printed=correlations.printed_slopes(dispersions.SPREAD),
        chapter="14-fairness",
        tests=accuracy_against(dispersions.SPREAD),
        readings=readings(HIGH_RATE, ABSOLUTE),
    ),
    Claim(
        number=15,
        kind="premise",
        says="Accuracy varies more over people on their own data than on everybody else's.",
        source="v3, IV, Fairness",
        printed="sd .027 against .002",
        chapter="14-fairness",
        tests=(Measured(dispersions.variation, ("relative",)),),
    ),
    Claim(
        number=16,
        kind="equality",
        says="20 epochs are enough for convergence.",
        source="v3, IV, footnote 2",
        chapter="09-irreversibility",
        tests=tuple(
            Equivalent(f"{BASELINE}, 2 × epochs", BASELINE, part, of="doses", harm=1)
            for part in PARTS
        ),
        epochs=20,
        iterations=V3_ITERATIONS,
    ),
    Claim(
        number=17,
        kind="effect",
        says="Training too long on a small data set does harm that later training does not undo.",
        source="v3, III-A; v1, Early Shaping",
        chapter="09-irreversibility",
        tests=tuple(
            Superior(f"BaseLine + 5000 iterations{longer}", f"ES-n-5000{longer}", "D_G", of="doses")
            for longer in ("", ", 3 × epochs")
        ),
        iterations=V3_ITERATIONS,
    ),
    Claim(
        number=18,
        kind="premise",
        says="Samples of a class are more similar within a person than between people.",
        source="v3, II",
        chapter="06-auto-encoder",
        tests=(Measured(special.within_people),),
    ),
    Claim(
        number=19,
        kind="premise",
        says="For most people, the global data hold samples similar to their own.",
        source="v3, II",
        chapter="06-auto-encoder",
        tests=(Measured(special.similar_in_G),),
    ),
    Claim(
        number=20,
        kind="premise",
        says="Flips as further classes make the task considerably harder.",
        source="v3, IV",
        chapter="01-people",
        tests=tuple(Measured(special.flips_harder, (part,)) for part in PARTS),
    ),
    Claim(
        number=21,
        kind="premise",
        says="Irregularities of handwriting are often consistent within a person.",
        source="v3, IV",
        chapter="06-auto-encoder",
        tests=(
            Measured(special.identified),
            Measured(special.symmetric_gain, ("SW-n-2", "relative")),
        ),
    ),
)
