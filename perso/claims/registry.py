"""The papers' claims as data: what is said and where, what was printed, which chapter asks, and what decides.

A claim stands when all of its `tests` speak for it; of tests within one tuple, any. `controls` are ours: they are
shown beside the verdict, and do not decide it. Claims are told in our words; the papers' own are at `source`.
"""

from dataclasses import dataclass

from perso.claims import special
from perso.claims.hypotheses import (
    DispersionRatio,
    Equivalent,
    Measured,
    NonInferior,
    Superior,
    Trend,
)
from perso.methods.method import BASELINE

ES, SW, TL = ("ES-n-40", "ES-n-400"), ("SW-n-12", "SW-n-2"), ("TL-n-10 (1e-4)", "TL-n-300 (1e-4)")
SIX = (
    ES + SW + TL
)  # v3's settings of shaping; its rate of transfer learning, not given, is read as 1e-4
V1_SIX = ("ES-n-500", "ES-n-5000", "SW-n-2", "SW-n-1/8", "TL-n-20 (1e-2)", "TL-n-200 (1e-2)")
LONGER = "BaseLine + 400 iterations"
RANDOM_ROWS, GROUPED = (
    ("BaseLine-n-1500", "BaseLine-n-6500"),
    ("IG-n-5", "IG-n-21", "SG-n-1500", "SG-n-6500"),
)
WITH_OWN = ("BaseLine-n-1500 with D_I", "BaseLine-n-6500 with D_I")


@dataclass(frozen=True)
class Claim:
    """One of the papers' sentences."""

    number: int  # of CLAIMS
    says: str
    source: str  # paper and place
    printed: str  # what stands there in numbers; "" where none does
    chapter: str  # of chapters/, that asks the same at length
    tests: tuple
    controls: tuple = ()
    family: tuple = ()  # further tests that are corrected for together with these
    epochs: int = 0  # that a run must have for it; 0: any


def shaping(part: str) -> tuple[Superior, ...]:
    """The family of v3's six settings of shaping."""
    return tuple(Superior(method, BASELINE, part) for method in SIX)


def v1_six(part: str, of: str, sign: int = 1) -> tuple[Superior, ...]:
    """The family of v1's six settings; sign -1: the baseline above them."""
    pairs = ((method, BASELINE)[::sign] for method in V1_SIX)
    return tuple(Superior(*pair, part, "v1's settings", of) for pair in pairs)


def each_above_each(above, others, part: str, family: str, of: str = "v3") -> tuple[Superior, ...]:
    """Each of some methods above each of others."""
    return tuple(Superior(one, other, part, family, of) for one in above for other in others)


def accuracy_against(what: str) -> tuple[Measured, ...]:
    """Correlations with a dispersion over people, in both blocks of Table I and on both parts."""
    blocks = ((part, what, block) for part in ("D_I", "D_G") for block in special.BLOCKS)
    return tuple(Measured(special.fairness_rho, each) for each in blocks)


ONE_OF_TWO = tuple(
    tuple(Superior(method, BASELINE, "D_I") for method in pair) for pair in (ES, SW, TL)
)
GROUPING_TESTS = each_above_each(("SG-n-1500", "IG-n-5"), RANDOM_ROWS, "D_I", "grouping")
LONGER_CONTROL = tuple(Superior("ES-n-400", LONGER, part, "longer") for part in ("D_I", "D_G"))
ON_G = (Superior("ES-n-400", BASELINE, "D_G"), Superior("TL-n-10 (1e-4)", BASELINE, "D_G"))
BY_CHANCE = each_above_each(("SG-n-1500", "IG-n-5"), WITH_OWN, "D_I", "likeness")

CLAIMS = (
    Claim(
        1,
        "Curriculum learning and data grouping both make the network better on the individual's data.",
        "v3, abstract",
        "+.1 to +.4 points",
        "08-comparison",
        (*ONE_OF_TWO, *GROUPING_TESTS),
        BY_CHANCE,
        shaping("D_I"),
    ),
    Claim(
        2,
        "What serves the individual better serves everybody else worse, in general.",
        "v3, IV, Results",
        special.printed_rho("D_G"),
        "08-comparison",
        (Measured(special.settings_rho, (BASELINE, *SIX)),),
    ),
    Claim(
        3,
        "Two shaping methods beat the baseline on the individual's data and on everybody else's.",
        "v3, IV, Results",
        "ES-400: .983/.980; TL-10: .982/.980; baseline .980/.979",
        "08-comparison",
        tuple(
            Superior(method, BASELINE, part, "on both", sides=1)
            for method in ("ES-n-400", "TL-n-10 (1e-4)")
            for part in ("D_I", "D_G")
        ),
        (
            *LONGER_CONTROL,
            Superior("TL-n-10 (1e-4)", "TL-n-0", "D_G", "generic"),
            *(Superior("TL-n-10 (1e-3)", BASELINE, part, "other rate") for part in ("D_I", "D_G")),
        ),
    ),
    Claim(
        4,
        "Of each shaping method, one of its two settings beats the baseline on the individual's data.",
        "v3, IV, Results (p < .1)",
        ".983, .984, .983 against .980",
        "08-comparison",
        ONE_OF_TWO,
        (),
        shaping("D_I"),
    ),
    Claim(
        5,
        "Early shaping and transfer learning beat the baseline on everybody else's data.",
        "v3, IV, Results (p < .01, p < .1)",
        ".980 against .979",
        "03-early-shaping",
        ON_G,
        (
            *LONGER_CONTROL[1:],
            Superior("TL-n-10 (1e-4)", "TL-n-0", "D_G", "generic"),
            Superior("TL-n-10 (1e-3)", BASELINE, "D_G", "other rate"),
        ),
        shaping("D_G"),
    ),
    Claim(
        6,
        "Beginning with a small data set can improve both.",
        "v3, IV, Results",
        ".983/.980 against .980/.979",
        "03-early-shaping",
        (*(Superior("ES-n-400", BASELINE, part) for part in ("D_I", "D_G")), *LONGER_CONTROL),
        (),
        shaping("D_I") + shaping("D_G"),
    ),
    Claim(
        7,
        "Sample weighing is best on the individual's data and worst on everybody else's.",
        "v3, IV, Results (p < .001 against the baseline)",
        "+.4 points; −1.1 points",
        "04-sample-weighing",
        each_above_each(("SW-n-2",), (BASELINE, *ES, *TL), "D_I", "best")
        + each_above_each((BASELINE, *ES, *TL), ("SW-n-2",), "D_G", "worst"),
    ),
    Claim(
        8,
        "6,500 samples at random serve everybody else better than all other ways of data grouping.",
        "v3, IV, Results (p < .1)",
        ".965 against .961 to .964",
        "07-grouping",
        each_above_each(("BaseLine-n-6500",), ("BaseLine-n-1500", *GROUPED), "D_G", "random"),
        each_above_each(WITH_OWN[1:], GROUPED, "D_G", "random with D_I"),
    ),
    Claim(
        9,
        "The second and third best on everybody else's data beat all that rank lower.",
        "v3, IV, Results (p < .1)",
        ".964, .963 against .961 to .962",
        "07-grouping",
        each_above_each(
            ("IG-n-21", "SG-n-6500"),
            ("BaseLine-n-1500", "IG-n-5", "SG-n-1500"),
            "D_G",
            "lower ranks",
        ),
    ),
    Claim(
        10,
        "The two best ways of data grouping beat both random baselines on the individual's data.",
        "v3, IV, Results (p < .1)",
        ".979, .978 against .975",
        "07-grouping",
        GROUPING_TESTS,
        BY_CHANCE,
    ),
    Claim(
        11,
        "For the individual, add only very similar samples, and not too many.",
        "v3, IV, Results",
        "SG .979 > .978; IG .978 > .977",
        "07-grouping",
        (
            Superior("SG-n-1500", "SG-n-6500", "D_I", "fewer"),
            Superior("IG-n-5", "IG-n-21", "D_I", "fewer"),
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
        12,
        "The more diverse the enlarged data (random, then persons, then samples), the better for everybody else.",
        "v3, IV, Results",
        "",
        "07-grouping",
        (Measured(special.diversity_order), Measured(special.diversity_rho)),
    ),
    Claim(
        13,
        "More accurate methods are fairer: their standard deviation over people is smaller.",
        "v3, IV, Fairness",
        special.printed_rho("sd"),
        "14-fairness",
        accuracy_against("sd"),
        accuracy_against("excess sd"),
    ),
    Claim(
        14,
        "The same holds for the spread, maximum minus minimum.",
        "v3, IV, Fairness",
        special.printed_rho("spread"),
        "14-fairness",
        accuracy_against("spread"),
    ),
    Claim(
        15,
        "People vary more on their own data than on everybody else's.",
        "v3, IV, Fairness",
        "sd .027 against .002",
        "14-fairness",
        (Measured(special.variation),),
    ),
    Claim(
        16,
        "20 epochs suffice for convergence.",
        "v3, IV, footnote 2",
        "",
        "09-irreversibility",
        tuple(
            Equivalent(f"{BASELINE}, 2 × epochs", BASELINE, part, "doses", harm=1)
            for part in ("D_I", "D_G")
        ),
        epochs=20,
    ),
    Claim(
        17,
        "Too long on a small set does harm that later training does not undo.",
        "v3, III-A; v1, Early Shaping",
        "",
        "09-irreversibility",
        (
            Superior("BaseLine + 5000 iterations", "ES-n-5000", "D_G", "dose", "doses"),
            Superior(
                "BaseLine + 5000 iterations, 3 × epochs",
                "ES-n-5000, 3 × epochs",
                "D_G",
                "dose",
                "doses",
            ),
        ),
    ),
    Claim(
        18,
        "Samples of a class are more alike within a person than between people.",
        "v3, II",
        "",
        "06-auto-encoder",
        (Measured(special.within_people),),
    ),
    Claim(
        19,
        "The global data hold similar samples for most people.",
        "v3, II",
        "",
        "06-auto-encoder",
        (Measured(special.similar_in_G),),
    ),
    Claim(
        20,
        "Flips as further classes make the task considerably harder.",
        "v3, IV",
        "",
        "01-people",
        tuple(Measured(special.flips_harder, (part,)) for part in ("D_I", "D_G")),
    ),
    Claim(
        21,
        "Irregularities of handwriting are often consistent for a person.",
        "v3, IV",
        "",
        "06-auto-encoder",
        (Measured(special.identified), Measured(special.symmetric_gain)),
    ),
    Claim(
        22,
        "Class counts: the baseline is best on everybody else's data, and worse for the individual.",
        "v1, Results (p < 1e-5)",
        ".9215; .9102",
        "10-class-counts",
        (*v1_six("D_G", "counts", -1), v1_six("D_I", "counts")),
    ),
    Claim(
        23,
        "Class counts: exposure to the individual's data controls the trade-off.",
        "v1, Results",
        "",
        "10-class-counts",
        (
            Trend((BASELINE, "SW-n-2", "SW-n-1/8"), "D_I", 1, "counts", "exposure"),
            Trend((BASELINE, "SW-n-2", "SW-n-1/8"), "D_G", -1, "counts", "exposure"),
        ),
    ),
    Claim(
        24,
        "Class counts: sample weighing trades off better than early shaping.",
        "v1, Results (p < 1e-5; p < .1)",
        ".9247/.9176 against ~.911/.918",
        "10-class-counts",
        (
            Superior("SW-n-2", "ES-n-500", "D_I", "SW above ES", "counts"),
            Superior("SW-n-2", "ES-n-5000", "D_I", "SW above ES", "counts"),
            *(Equivalent("SW-n-2", f"ES-n-{n}", "D_G", "counts", harm=-1) for n in (500, 5000)),
        ),
    ),
    Claim(
        25,
        "Class counts: early shaping loses on everybody else's data; it cannot be fully reversed.",
        "v1, Results (p < 1e-5)",
        "−.3 points",
        "10-class-counts",
        (
            *v1_six("D_G", "counts", -1)[:2],
            *(
                Superior(f"BaseLine + {n} iterations", f"ES-n-{n}", "D_G", "longer", "counts")
                for n in (500, 5000)
            ),
        ),
        (),
        v1_six("D_G", "counts", -1),
    ),
    Claim(
        26,
        "Class counts: sample weighing equals transfer learning for the individual and loses far less elsewhere.",
        "v1, Results",
        ".9542/.9556; .8227/.7369",
        "10-class-counts",
        (
            Equivalent("SW-n-1/8", "TL-n-20 (1e-2)", "D_I", "counts", harm=-1),
            Superior("SW-n-1/8", "TL-n-20 (1e-2)", "D_G", "SW above TL", "counts"),
        ),
    ),
    Claim(
        27,
        "Hidden factors: early shaping is best on everybody else's data.",
        "v1, Results (p < .001)",
        "+.10 points",
        "10-class-counts",
        (
            Superior("ES-n-500", BASELINE, "D_G", "v1's settings", "v1"),
            *each_above_each(("ES-n-500",), V1_SIX[2:], "D_G", "best", "v1"),
        ),
        (Superior("ES-n-500", "BaseLine + 500 iterations", "D_G", "longer", "v1"),),
        v1_six("D_G", "v1"),
    ),
    Claim(
        28,
        "Hidden factors: early shaping of 500 and of 5,000 iterations are alike.",
        "v1, Results",
        ".9581, .958",
        "10-class-counts",
        tuple(Equivalent("ES-n-500", "ES-n-5000", part, "v1") for part in ("D_I", "D_G")),
    ),
    Claim(
        29,
        "Hidden factors: sample weighing clearly beats transfer learning elsewhere and is near it for the individual.",
        "v1, Results (p < 1e-5)",
        "+1.6 points; −.6 points, itself beyond the margin",
        "10-class-counts",
        (
            *each_above_each(("SW-n-2",), V1_SIX[4:], "D_G", "SW above TL", "v1"),
            Equivalent("SW-n-2", "TL-n-200 (1e-2)", "D_I", "v1", harm=-1),
        ),
    ),
    Claim(
        30,
        "Personalization is fairer on the individual's data and less fair on everybody else's.",
        "v1, Fairness and computational resources",
        "sd .034 → .018; .003 → .015",
        "14-fairness",
        (
            *(
                DispersionRatio(method, BASELINE, "D_I", -1)
                for method in ("SW-n-2", "TL-n-200 (1e-2)")
            ),
            tuple(DispersionRatio(method, BASELINE, "D_G", 1) for method in ("SW-n-2", "SW-n-1/8")),
            DispersionRatio("TL-n-200 (1e-2)", BASELINE, "D_G", 1),
        ),
        tuple(
            Measured(special.excess, (method, part, sign, "v1"))
            for part, sign in (("D_I", -1), ("D_G", 1))
            for method in ("SW-n-2", "TL-n-200 (1e-2)")
        ),
    ),
    Claim(
        31,
        "Transfer learning costs a small fraction; early shaping, sample weighing and the baseline cost the same.",
        "v1, Fairness and computational resources",
        "r_train .01 to .02; 1.0",
        "16-cost",
        tuple(
            Measured(special.cost_ratio, case)
            for case in (
                ("TL-n-20 (1e-2)", 0.0, 0.1),
                ("TL-n-200 (1e-2)", 0.0, 0.1),
                ("SW-n-2", 0.9, 1.1),
                ("ES-n-500", 0.9, 1.1),
                ("ES-n-5000", 0.9, 1.1),
            )
        ),
        tuple(Measured(special.own_cost_ratio, (name,)) for name in V1_SIX),
    ),
    Claim(
        32,
        "Storage and inference are the same for all methods.",
        "v1, Objectives (4)",
        "",
        "16-cost",
        (Measured(special.same_network),),
    ),
    Claim(
        33,
        "No method dominates; sample weighing is the best trade-off.",
        "v1, conclusions",
        "",
        "15-where-it-helps",
        (
            Measured(special.nobody_dominates),
            *(Measured(special.on_front, (of, "sample weighing")) for of in ("v1", "counts")),
        ),
        tuple(Measured(special.largest_sum, (of, "sample weighing")) for of in ("v1", "counts")),
    ),
    Claim(
        34,
        "Across versions: transfer learning harms everybody else (v1), or not (v3): by its optimiser and rate.",
        "v1 and v3, tables",
        "−1.7 points; 0",
        "11-sensitivity",
        (
            Superior("TL-n-0", "TL-n-300 (1e-2 sgd)", "D_G", "harm", "sweeps"),
            Superior("TL-n-300 (1e-4)", "TL-n-300 (1e-2 sgd)", "D_G", "harm", "sweeps"),
            NonInferior("TL-n-300 (1e-4)", "TL-n-0", "D_G", "sweeps"),
        ),
        (
            NonInferior("TL-n-10 (1e-4)", "TL-n-0", "D_G", "sweeps"),
            Superior("TL-n-300 (1e-3)", "TL-n-300 (1e-3 sgd)", "D_G", "optimiser", "sweeps"),
            Superior("TL-n-300 (1e-3 sgd)", "TL-n-300 (1e-2 sgd)", "D_G", "rate", "sweeps"),
        ),
    ),
)
