"""The papers' claims as data: one record each, with the tests that decide it.

To add a claim, add a record at the end of `CLAIMS`. Its fields are explained at `Claim`:

    Claim(
        number=35,
        says="More batches from D_I raise accuracy on the individual's data.",
        source="v1, Results",
        printed=".9542 against .9247",
        chapter="10-class-counts",
        tests=(Superior("SW-n-1/8", "SW-n-2", "D_I", family="more batches", of="counts"),),
    ),

Tests are the records of `hypotheses`; for anything else, write a function that takes the evidence
and returns a `Finding`, and put it into `Measured` (examples are in `special`). All `tests` must
support the claim. Tests within an inner tuple form a group, of which one is enough:

    tests=(a, b)           a and b
    tests=((a, b), c)      a or b, and c

The functions below make tuples of tests that several claims use.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from perso.claims import correlations, dispersions, special, tradeoffs
from perso.claims.hypotheses import (
    DispersionRatio,
    Equivalent,
    Measured,
    NonInferior,
    Superior,
    Trend,
)
from perso.methods.method import BASELINE

# v3's settings of each shaping method; of transfer learning, whose rate v3 does not give, at 1e-4
ES = ("ES-n-40", "ES-n-400")
SW = ("SW-n-12", "SW-n-2")
TL = ("TL-n-10 (1e-4)", "TL-n-300 (1e-4)")
SIX = ES + SW + TL
V1_SIX = ("ES-n-500", "ES-n-5000", "SW-n-2", "SW-n-1/8", "TL-n-20 (1e-2)", "TL-n-200 (1e-2)")

LONGER = "BaseLine + 400 iterations"  # control: the baseline trained as long as ES-n-400

# v3's data grouping: random baselines, similar samples or people; and our random controls with D_I
RANDOM_GROUPING = ("BaseLine-n-1500", "BaseLine-n-6500")
GROUPED = ("IG-n-5", "IG-n-21", "SG-n-1500", "SG-n-6500")
WITH_OWN = ("BaseLine-n-1500 with D_I", "BaseLine-n-6500 with D_I")


@dataclass(frozen=True)
class Claim:
    """One of the papers' claims, or a claim of the user's own (`claims_of: FILE.py:NAME`).

    number     its place in `CLAIMS`, from 1; published ledgers identify the claim by it, so never
               reuse a number for another claim; claims of the user's own have their own numbers
    says       the claim in our words, one sentence; the papers' own words are at `source`
    tests      what decides the claim, see above
    source     paper and place; "ours" for a claim of our own in `CLAIMS`
    printed    the numbers printed there, for readers; "" where there are none
    chapter    the notebook in chapters/ that asks the claim's question, without its suffix; each
               claim in `CLAIMS` has one
    controls   our own tests: displayed beside the verdict, without deciding it
    family     further tests that are corrected for together with `tests`
    epochs     number of epochs that a run must have to test the claim; 0: any
    """

    number: int
    says: str
    tests: tuple
    source: str = "own"
    printed: str = ""
    chapter: str = ""
    controls: tuple = ()
    family: tuple = ()
    epochs: int = 0


def shaping(part: str) -> tuple[Superior, ...]:
    """Each of v3's six settings of shaping above the baseline."""
    return tuple(Superior(method, BASELINE, part) for method in SIX)


def v1_six(part: str, of: str) -> tuple[Superior, ...]:
    """Each of v1's six settings above the baseline."""
    return each_above_each(V1_SIX, (BASELINE,), part, family="v1's settings", of=of)


def above_v1_six(part: str, of: str) -> tuple[Superior, ...]:
    """The baseline above each of v1's six settings."""
    return each_above_each((BASELINE,), V1_SIX, part, family="v1's settings", of=of)


def each_above_each(
    above: Sequence[str], others: Sequence[str], part: str, family: str, of: str = "v3"
) -> tuple[Superior, ...]:
    """Each method of `above` above each of `others`, as one family of tests."""
    return tuple(
        Superior(method, other, part, family=family, of=of) for method in above for other in others
    )


def accuracy_against(what: str) -> tuple[Measured, ...]:
    """Mean accuracy against a measure of dispersion: on D_I and D_G, in both blocks of Table I."""
    return tuple(
        Measured(correlations.fairness_rho, (part, what, block))
        for part in ("D_I", "D_G")
        for block in correlations.BLOCKS
    )


# One group of tests per shaping method: one of its two settings is enough
ONE_OF_TWO = tuple(
    tuple(Superior(method, BASELINE, "D_I") for method in settings) for settings in (ES, SW, TL)
)
ON_G = (Superior("ES-n-400", BASELINE, "D_G"), Superior("TL-n-10 (1e-4)", BASELINE, "D_G"))
LONGER_CONTROL = tuple(
    Superior("ES-n-400", LONGER, part, family="longer") for part in ("D_I", "D_G")
)
BEST_GROUPINGS = ("SG-n-1500", "IG-n-5")  # on D_I
GROUPING_TESTS = each_above_each(BEST_GROUPINGS, RANDOM_GROUPING, "D_I", family="grouping")
# The random controls contain D_I, as the groupings do: what is left is the effect of similarity.
AGAINST_RANDOM = each_above_each(BEST_GROUPINGS, WITH_OWN, "D_I", family="likeness")

CLAIMS = (
    Claim(
        number=1,
        says=(
            "Curriculum learning and data grouping both improve accuracy on the individual's data."
        ),
        source="v3, abstract",
        printed="+.1 to +.4 points",
        chapter="08-comparison",
        tests=(*ONE_OF_TWO, *GROUPING_TESTS),
        controls=AGAINST_RANDOM,
        family=shaping("D_I"),
    ),
    Claim(
        number=2,
        says=(
            "In general, what raises accuracy on the individual's data lowers it on everybody "
            "else's."
        ),
        source="v3, IV, Results",
        printed=correlations.printed_rho("D_G"),
        chapter="08-comparison",
        tests=(Measured(correlations.settings_rho, (BASELINE, *SIX)),),
    ),
    Claim(
        number=3,
        says=(
            "Two shaping methods beat the baseline on the individual's data and on everybody "
            "else's."
        ),
        source="v3, IV, Results",
        printed="ES-400: .983/.980; TL-10: .982/.980; baseline .980/.979",
        chapter="08-comparison",
        tests=tuple(
            Superior(method, BASELINE, part, family="on both", sides=1)
            for method in ("ES-n-400", "TL-n-10 (1e-4)")
            for part in ("D_I", "D_G")
        ),
        controls=(
            *LONGER_CONTROL,
            Superior("TL-n-10 (1e-4)", "TL-n-0", "D_G", family="generic"),
            *(
                Superior("TL-n-10 (1e-3)", BASELINE, part, family="other rate")
                for part in ("D_I", "D_G")
            ),
        ),
    ),
    Claim(
        number=4,
        says=(
            "For each shaping method, one of its two settings beats the baseline on the "
            "individual's data."
        ),
        source="v3, IV, Results (p < .1)",
        printed=".983, .984, .983 against .980",
        chapter="08-comparison",
        tests=ONE_OF_TWO,
        family=shaping("D_I"),
    ),
    Claim(
        number=5,
        says="Early shaping and transfer learning beat the baseline on everybody else's data.",
        source="v3, IV, Results (p < .01, p < .1)",
        printed=".980 against .979",
        chapter="03-early-shaping",
        tests=ON_G,
        controls=(
            *LONGER_CONTROL[1:],
            Superior("TL-n-10 (1e-4)", "TL-n-0", "D_G", family="generic"),
            Superior("TL-n-10 (1e-3)", BASELINE, "D_G", family="other rate"),
        ),
        family=shaping("D_G"),
    ),
    Claim(
        number=6,
        says="Training on a small data set first can raise accuracy on both kinds of data.",
        source="v3, IV, Results",
        printed=".983/.980 against .980/.979",
        chapter="03-early-shaping",
        tests=(*(Superior("ES-n-400", BASELINE, part) for part in ("D_I", "D_G")), *LONGER_CONTROL),
        family=shaping("D_I") + shaping("D_G"),
    ),
    Claim(
        number=7,
        says=(
            "Sample weighing is the best method on the individual's data and the worst on "
            "everybody else's."
        ),
        source="v3, IV, Results (p < .001 against the baseline)",
        printed="+.4 points; −1.1 points",
        chapter="04-sample-weighing",
        tests=each_above_each(("SW-n-2",), (BASELINE, *ES, *TL), "D_I", family="best")
        + each_above_each((BASELINE, *ES, *TL), ("SW-n-2",), "D_G", family="worst"),
    ),
    Claim(
        number=8,
        says=(
            "On everybody else's data, training on 6,500 random samples beats every other data "
            "grouping."
        ),
        source="v3, IV, Results (p < .1)",
        printed=".965 against .961 to .964",
        chapter="07-grouping",
        tests=each_above_each(
            ("BaseLine-n-6500",), ("BaseLine-n-1500", *GROUPED), "D_G", family="random"
        ),
        controls=each_above_each(WITH_OWN[1:], GROUPED, "D_G", family="random with D_I"),
    ),
    Claim(
        number=9,
        says=(
            "On everybody else's data, the second and third best data groupings beat all that "
            "rank lower."
        ),
        source="v3, IV, Results (p < .1)",
        printed=".964, .963 against .961 to .962",
        chapter="07-grouping",
        tests=each_above_each(
            ("IG-n-21", "SG-n-6500"),
            ("BaseLine-n-1500", "IG-n-5", "SG-n-1500"),
            "D_G",
            family="lower ranks",
        ),
    ),
    Claim(
        number=10,
        says="The two best data groupings beat both random baselines on the individual's data.",
        source="v3, IV, Results (p < .1)",
        printed=".979, .978 against .975",
        chapter="07-grouping",
        tests=GROUPING_TESTS,
        controls=AGAINST_RANDOM,
    ),
    Claim(
        number=11,
        says=(
            "For the individual's data, it is best to add only very similar samples, and not "
            "too many."
        ),
        source="v3, IV, Results",
        printed="SG .979 > .978; IG .978 > .977",
        chapter="07-grouping",
        tests=(
            Superior("SG-n-1500", "SG-n-6500", "D_I", family="fewer"),
            Superior("IG-n-5", "IG-n-21", "D_I", family="fewer"),
            Trend(
                ("far SG-n-1500", "BaseLine-n-1500 with D_I", "SG-n-1500"),
                "D_I",
                of="grouping",
                family="nearer",
            ),
            Trend(
                ("far IG-n-5", "BaseLine-n-1500 with D_I", "IG-n-5"),
                "D_I",
                of="grouping",
                family="nearer",
            ),
        ),
    ),
    Claim(
        number=12,
        says=(
            "The more diverse the enlarged data, the higher the accuracy on everybody else's "
            "data; random samples are the most diverse."
        ),
        source="v3, IV, Results",
        printed="",
        chapter="07-grouping",
        tests=(Measured(special.diversity_order), Measured(special.diversity_rho)),
    ),
    Claim(
        number=13,
        says=(
            "More accurate methods are fairer: the standard deviation of accuracy over people "
            "is smaller."
        ),
        source="v3, IV, Fairness",
        printed=correlations.printed_rho(dispersions.SD),
        chapter="14-fairness",
        tests=accuracy_against(dispersions.SD),
        controls=accuracy_against(dispersions.BETWEEN_PERSON_SD),
    ),
    Claim(
        number=14,
        says="More accurate methods are fairer: the range of accuracy over people is smaller.",
        source="v3, IV, Fairness",
        printed=correlations.printed_rho(dispersions.SPREAD),
        chapter="14-fairness",
        tests=accuracy_against(dispersions.SPREAD),
    ),
    Claim(
        number=15,
        says="Accuracy varies more over people on their own data than on everybody else's.",
        source="v3, IV, Fairness",
        printed="sd .027 against .002",
        chapter="14-fairness",
        tests=(Measured(dispersions.variation),),
    ),
    Claim(
        number=16,
        says="20 epochs are enough for convergence.",
        source="v3, IV, footnote 2",
        printed="",
        chapter="09-irreversibility",
        tests=tuple(
            Equivalent(f"{BASELINE}, 2 × epochs", BASELINE, part, of="doses", harm=1)
            for part in ("D_I", "D_G")
        ),
        epochs=20,
    ),
    Claim(
        number=17,
        says="Training too long on a small data set does harm that later training does not undo.",
        source="v3, III-A; v1, Early Shaping",
        printed="",
        chapter="09-irreversibility",
        tests=(
            Superior("BaseLine + 5000 iterations", "ES-n-5000", "D_G", family="dose", of="doses"),
            Superior(
                "BaseLine + 5000 iterations, 3 × epochs",
                "ES-n-5000, 3 × epochs",
                "D_G",
                family="dose",
                of="doses",
            ),
        ),
    ),
    Claim(
        number=18,
        says="Samples of a class are more similar within a person than between people.",
        source="v3, II",
        printed="",
        chapter="06-auto-encoder",
        tests=(Measured(special.within_people),),
    ),
    Claim(
        number=19,
        says="For most people, the global data hold samples similar to their own.",
        source="v3, II",
        printed="",
        chapter="06-auto-encoder",
        tests=(Measured(special.similar_in_G),),
    ),
    Claim(
        number=20,
        says="Flips as further classes make the task considerably harder.",
        source="v3, IV",
        printed="",
        chapter="01-people",
        tests=tuple(Measured(special.flips_harder, (part,)) for part in ("D_I", "D_G")),
    ),
    Claim(
        number=21,
        says="Irregularities of handwriting are often consistent within a person.",
        source="v3, IV",
        printed="",
        chapter="06-auto-encoder",
        tests=(Measured(special.identified), Measured(special.symmetric_gain)),
    ),
    Claim(
        number=22,
        says=(
            "Class counts: the baseline is best on everybody else's data and worse on the "
            "individual's."
        ),
        source="v1, Results (p < 1e-5)",
        printed=".9215; .9102",
        chapter="10-class-counts",
        tests=(*above_v1_six("D_G", "counts"), v1_six("D_I", "counts")),
    ),
    Claim(
        number=23,
        says="Class counts: how often a method uses the individual's data controls the trade-off.",
        source="v1, Results",
        printed="",
        chapter="10-class-counts",
        tests=(
            Trend(
                (BASELINE, "SW-n-2", "SW-n-1/8"), "D_I", direction=1, of="counts", family="exposure"
            ),
            Trend(
                (BASELINE, "SW-n-2", "SW-n-1/8"),
                "D_G",
                direction=-1,
                of="counts",
                family="exposure",
            ),
        ),
    ),
    Claim(
        number=24,
        says="Class counts: sample weighing has a better trade-off than early shaping.",
        source="v1, Results (p < 1e-5; p < .1)",
        printed=".9247/.9176 against ~.911/.918",
        chapter="10-class-counts",
        tests=(
            Superior("SW-n-2", "ES-n-500", "D_I", family="SW above ES", of="counts"),
            Superior("SW-n-2", "ES-n-5000", "D_I", family="SW above ES", of="counts"),
            *(Equivalent("SW-n-2", f"ES-n-{n}", "D_G", of="counts", harm=-1) for n in (500, 5000)),
        ),
    ),
    Claim(
        number=25,
        says=(
            "Class counts: early shaping loses accuracy on everybody else's data, and training "
            "on does not fully restore it."
        ),
        source="v1, Results (p < 1e-5)",
        printed="−.3 points",
        chapter="10-class-counts",
        tests=(
            *above_v1_six("D_G", "counts")[:2],
            *(
                Superior(
                    f"BaseLine + {n} iterations", f"ES-n-{n}", "D_G", family="longer", of="counts"
                )
                for n in (500, 5000)
            ),
        ),
        family=above_v1_six("D_G", "counts"),
    ),
    Claim(
        number=26,
        says=(
            "Class counts: sample weighing equals transfer learning on the individual's data "
            "and loses far less on everybody else's."
        ),
        source="v1, Results",
        printed=".9542/.9556; .8227/.7369",
        chapter="10-class-counts",
        tests=(
            Equivalent("SW-n-1/8", "TL-n-20 (1e-2)", "D_I", of="counts", harm=-1),
            Superior("SW-n-1/8", "TL-n-20 (1e-2)", "D_G", family="SW above TL", of="counts"),
        ),
    ),
    Claim(
        number=27,
        says="Hidden factors: early shaping is best on everybody else's data.",
        source="v1, Results (p < .001)",
        printed="+.10 points",
        chapter="10-class-counts",
        tests=(
            Superior("ES-n-500", BASELINE, "D_G", family="v1's settings", of="v1"),
            *each_above_each(("ES-n-500",), V1_SIX[2:], "D_G", family="best", of="v1"),
        ),
        controls=(
            Superior("ES-n-500", "BaseLine + 500 iterations", "D_G", family="longer", of="v1"),
        ),
        family=v1_six("D_G", "v1"),
    ),
    Claim(
        number=28,
        says="Hidden factors: early shaping for 500 and for 5,000 iterations is equally accurate.",
        source="v1, Results",
        printed=".9581, .958",
        chapter="10-class-counts",
        tests=tuple(Equivalent("ES-n-500", "ES-n-5000", part, of="v1") for part in ("D_I", "D_G")),
    ),
    Claim(
        number=29,
        says=(
            "Hidden factors: sample weighing clearly beats transfer learning on everybody "
            "else's data and is close to it on the individual's."
        ),
        source="v1, Results (p < 1e-5)",
        printed="+1.6 points; −.6 points, itself beyond the margin",
        chapter="10-class-counts",
        tests=(
            *each_above_each(("SW-n-2",), V1_SIX[4:], "D_G", family="SW above TL", of="v1"),
            Equivalent("SW-n-2", "TL-n-200 (1e-2)", "D_I", of="v1", harm=-1),
        ),
    ),
    Claim(
        number=30,
        says=(
            "Personalization makes accuracy fairer on the individual's data and less fair on "
            "everybody else's."
        ),
        source="v1, Fairness and computational resources",
        printed="sd .034 → .018; .003 → .015",
        chapter="14-fairness",
        tests=(
            *(
                DispersionRatio(method, BASELINE, "D_I", direction=-1)
                for method in ("SW-n-2", "TL-n-200 (1e-2)")
            ),
            tuple(
                DispersionRatio(method, BASELINE, "D_G", direction=1)
                for method in ("SW-n-2", "SW-n-1/8")
            ),
            DispersionRatio("TL-n-200 (1e-2)", BASELINE, "D_G", direction=1),
        ),
        controls=tuple(
            Measured(dispersions.excess, (method, part, sign, "v1"))
            for part, sign in (("D_I", -1), ("D_G", 1))
            for method in ("SW-n-2", "TL-n-200 (1e-2)")
        ),
    ),
    Claim(
        number=31,
        says=(
            "Transfer learning costs a small fraction of the baseline; early shaping and "
            "sample weighing cost as much."
        ),
        source="v1, Fairness and computational resources",
        printed="r_train .01 to .02; 1.0",
        chapter="16-cost",
        tests=tuple(
            Measured(special.cost_ratio, case)
            for case in (
                ("TL-n-20 (1e-2)", 0.0, 0.1),
                ("TL-n-200 (1e-2)", 0.0, 0.1),
                ("SW-n-2", 0.9, 1.1),
                ("ES-n-500", 0.9, 1.1),
                ("ES-n-5000", 0.9, 1.1),
            )
        ),
        controls=tuple(Measured(special.own_cost_ratio, (name,)) for name in V1_SIX),
    ),
    Claim(
        number=32,
        says="Storage and inference cost the same for all methods.",
        source="v1, Objectives (4)",
        printed="",
        chapter="16-cost",
        tests=(Measured(special.same_network),),
    ),
    Claim(
        number=33,
        says="No method dominates, and sample weighing has the best trade-off.",
        source="v1, conclusions",
        printed="",
        chapter="15-where-it-helps",
        tests=(
            Measured(tradeoffs.nobody_dominates),
            *(Measured(tradeoffs.on_front, (of, "sample weighing")) for of in ("v1", "counts")),
        ),
        controls=tuple(
            Measured(tradeoffs.largest_sum, (of, "sample weighing")) for of in ("v1", "counts")
        ),
    ),
    Claim(
        number=34,
        says=(
            "Transfer learning harms accuracy on everybody else's data in v1 but not in v3, "
            "because of its optimiser and learning rate."
        ),
        source="v1 and v3, tables",
        printed="−1.7 points; 0",
        chapter="11-sensitivity",
        tests=(
            Superior("TL-n-0", "TL-n-300 (1e-2 sgd)", "D_G", family="harm", of="sweeps"),
            Superior("TL-n-300 (1e-4)", "TL-n-300 (1e-2 sgd)", "D_G", family="harm", of="sweeps"),
            NonInferior("TL-n-300 (1e-4)", "TL-n-0", "D_G", of="sweeps"),
        ),
        controls=(
            NonInferior("TL-n-10 (1e-4)", "TL-n-0", "D_G", of="sweeps"),
            Superior(
                "TL-n-300 (1e-3)", "TL-n-300 (1e-3 sgd)", "D_G", family="optimiser", of="sweeps"
            ),
            Superior(
                "TL-n-300 (1e-3 sgd)", "TL-n-300 (1e-2 sgd)", "D_G", family="rate", of="sweeps"
            ),
        ),
    ),
)
