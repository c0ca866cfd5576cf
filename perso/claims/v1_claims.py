"""The claims of the paper's first version (v1), 22 to 33, and 34 on where it differs from v3."""

from perso.claims import dispersions, special, tradeoffs
from perso.claims.claim import Claim, above
from perso.claims.hypotheses import (
    DispersionRatio,
    Equivalent,
    Measured,
    NonInferior,
    Superior,
    Trend,
)
from perso.claims.reading import BASELINE_WITH_OWN, HIGH_RATE
from perso.methods.method import BASELINE
from perso.parts import PARTS

V1_SIX = ("ES-n-500", "ES-n-5000", "SW-n-2", "SW-n-1/8", "TL-n-20 (1e-2)", "TL-n-200 (1e-2)")

V1_CLAIMS = (
    Claim(
        number=22,
        kind="effect",
        says=(
            "Class counts: the baseline is best on everybody else's data and worse on the "
            "individual's."
        ),
        source="v1, Results (p < 1e-5)",
        printed=".9215; .9102",
        chapter="10-class-counts",
        tests=(
            *above((BASELINE,), V1_SIX, "D_G", of="counts"),
            above(V1_SIX, (BASELINE,), "D_I", of="counts"),
        ),
        readings=(BASELINE_WITH_OWN,),
    ),
    Claim(
        number=23,
        kind="ranking",
        says="Class counts: how often a method uses the individual's data controls the trade-off.",
        source="v1, Results",
        chapter="10-class-counts",
        tests=tuple(
            Trend((BASELINE, "SW-n-2", "SW-n-1/8"), part, direction, of="counts")
            for part, direction in (("D_I", 1), ("D_G", -1))
        ),
        readings=(BASELINE_WITH_OWN,),
    ),
    Claim(
        number=24,
        kind="effect",
        says="Class counts: sample weighing has a better trade-off than early shaping.",
        source="v1, Results (p < 1e-5; p < .1)",
        printed=".9247/.9176 against ~.911/.918",
        chapter="10-class-counts",
        tests=(
            *above(("SW-n-2",), V1_SIX[:2], "D_I", of="counts"),
            *(Equivalent("SW-n-2", name, "D_G", of="counts", harm=-1) for name in V1_SIX[:2]),
        ),
    ),
    Claim(
        number=25,
        kind="effect",
        says=(
            "Class counts: early shaping loses accuracy on everybody else's data, and training "
            "on does not fully restore it."
        ),
        source="v1, Results (p < 1e-5)",
        printed="−.3 points",
        chapter="10-class-counts",
        tests=tuple(
            Superior(base, f"ES-n-{n}", "D_G", of="counts")
            for n in (500, 5000)
            for base in (BASELINE, f"BaseLine + {n} iterations")
        ),
        readings=(BASELINE_WITH_OWN,),
    ),
    Claim(
        number=26,
        kind="effect",
        says=(
            "Class counts: sample weighing equals transfer learning on the individual's data "
            "and loses far less on everybody else's."
        ),
        source="v1, Results",
        printed=".9542/.9556; .8227/.7369",
        chapter="10-class-counts",
        tests=(
            Equivalent("SW-n-1/8", "TL-n-20 (1e-2)", "D_I", of="counts", harm=-1),
            Superior("SW-n-1/8", "TL-n-20 (1e-2)", "D_G", of="counts"),
        ),
    ),
    Claim(
        number=27,
        kind="ranking",
        says="Hidden factors: early shaping is best on everybody else's data.",
        source="v1, Results (p < .001)",
        printed="+.10 points",
        chapter="10-class-counts",
        tests=above(
            ("ES-n-500",),
            (BASELINE, "BaseLine + 500 iterations", *V1_SIX[2:]),
            "D_G",
            of="v1",
        ),
        readings=(BASELINE_WITH_OWN,),
    ),
    Claim(
        number=28,
        kind="equality",
        says="Hidden factors: early shaping for 500 and for 5,000 iterations is equally accurate.",
        source="v1, Results",
        printed=".9581, .958",
        chapter="10-class-counts",
        tests=tuple(Equivalent("ES-n-500", "ES-n-5000", part, of="v1") for part in PARTS),
    ),
    Claim(
        number=29,
        kind="effect",
        says=(
            "Hidden factors: sample weighing clearly beats transfer learning on everybody "
            "else's data and is close to it on the individual's."
        ),
        source="v1, Results (p < 1e-5)",
        printed="+1.6 points; −.6 points",
        chapter="10-class-counts",
        tests=(
            *above(("SW-n-2",), V1_SIX[4:], "D_G", of="v1"),
            # v1 calls −.6 points close, so the margin is wider than that of an equality
            Equivalent("SW-n-2", "TL-n-200 (1e-2)", "D_I", of="v1", harm=-1, within=1.0),
        ),
    ),
    Claim(
        number=30,
        kind="effect",
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
        readings=(BASELINE_WITH_OWN,),
    ),
    Claim(
        number=31,
        kind="construction",
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
        kind="construction",
        says="Storage and inference cost the same for all methods.",
        source="v1, Objectives (4)",
        chapter="16-cost",
        tests=(Measured(special.same_network),),
    ),
    Claim(
        number=33,
        kind="ranking",
        says="No method dominates, and sample weighing has the best trade-off.",
        source="v1, conclusions",
        chapter="15-where-it-helps",
        tests=(
            # a setting that dominates does so in both runs
            tuple(Measured(tradeoffs.nobody_dominates, (of,)) for of in ("v1", "counts")),
            *(Measured(tradeoffs.on_front, (of, "sample weighing")) for of in ("v1", "counts")),
        ),
        controls=tuple(
            Measured(tradeoffs.largest_sum, (of, "sample weighing")) for of in ("v1", "counts")
        ),
    ),
    Claim(
        number=34,
        kind="effect",
        says=(
            "Transfer learning harms accuracy on everybody else's data in v1 but not in v3, "
            "because of its optimiser and learning rate."
        ),
        source="v1 and v3, tables",
        printed="−1.7 points; 0",
        chapter="11-sensitivity",
        tests=(
            *above(("TL-n-0", "TL-n-300 (1e-4)"), ("TL-n-300 (1e-2 sgd)",), "D_G", of="sweeps"),
            NonInferior("TL-n-300 (1e-4)", "TL-n-0", "D_G", of="sweeps"),
        ),
        controls=(
            NonInferior("TL-n-10 (1e-4)", "TL-n-0", "D_G", of="sweeps"),
            *above(("TL-n-300 (1e-3)",), ("TL-n-300 (1e-3 sgd)",), "D_G", of="sweeps"),
            *above(("TL-n-300 (1e-3 sgd)",), ("TL-n-300 (1e-2 sgd)",), "D_G", of="sweeps"),
        ),
        readings=(HIGH_RATE,),
    ),
)
