"""Claims 12, 18 to 21, 31 and 32: similarity of samples and people, flips, and cost.

Each has a test of its own, because it compares something other than two methods' accuracy. The
text `what` of a finding is stored in ledgers, and some seeds depend on it: it stays as it is.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from perso.analysis import cost, similarity
from perso.claims.correlations import GROUPINGS, correlation, means_over_people
from perso.claims.evidence import Evidence
from perso.claims.finding import Finding
from perso.claims.hypotheses import page_finding
from perso.methods.method import BASELINE
from perso.methods.registry import V3
from perso.stats import bootstrap, paired, permutation


def over_folds(evidence: Evidence, compute: Callable) -> list:
    """`compute(study, fold=…)` for every fold of the study whose auto-encoders are stored."""
    study = evidence.encoded()
    return [compute(study, fold=fold) for fold in range(len(study.folds))]


def diversities_of(evidence: Evidence, names: tuple[str, ...]) -> pd.DataFrame:
    """Latent diversity of the enlarged data: a line per person, a column per method."""
    methods = [method for name in names for method in V3 if method.name == name]
    compute = partial(similarity.diversity_by_person, methods=methods)
    return pd.concat(over_folds(evidence, compute))


def diversity_order(evidence: Evidence) -> Finding:
    """Claim 12: diversity rises from similar samples to similar people to random samples."""
    order = ("SG-n-1500", "IG-n-5", "BaseLine-n-1500 with D_I")
    diversities = diversities_of(evidence, order).to_numpy()
    return page_finding(
        what=f"latent diversity rises along {', '.join(order)}",
        values=diversities,
        rng=evidence.rng("diversity"),
    )


def diversity_rho(evidence: Evidence) -> Finding:
    """Claim 12: the more diverse the enlarged data, the higher the accuracy on D_G."""
    accuracies = evidence.people("v3", "D_G", *GROUPINGS)
    diversities = diversities_of(evidence, GROUPINGS).loc[accuracies.index]
    return correlation(
        evidence,
        what=(
            f"latent diversity against accuracy on D_G over {len(GROUPINGS)} ways of data grouping"
        ),
        sides=means_over_people,
        tables=(diversities.to_numpy(), accuracies.to_numpy()),
        expected=1,
    )


def within_people(evidence: Evidence) -> Finding:
    """Claim 18: share of the latent variation within classes that is between people.

    The number is R² minus its mean over random permutations, averaged over folds; p is the largest
    of all folds.
    """
    folds = over_folds(evidence, similarity.permanova_by_writer)
    value = float(np.mean([fold.share - fold.chance for fold in folds]))
    p = max(fold.p for fold in folds)
    return Finding(
        what="share of latent variation within classes that goes by writer",
        test="PERMANOVA",
        value=value,
        low=np.nan,
        high=np.nan,
        p=p,
        n=len(evidence.encoded().data.content),
        unit="R²",
        outcome="for" if p < 0.05 and value > 0 else "open",
    )


def similar_in_G(evidence: Evidence) -> Finding:
    """Claim 19: share of people to whose test samples D_G holds nearer samples than D_I does."""
    distances = pd.concat(over_folds(evidence, similarity.nearest_distances))
    count = int((distances["D_G"] < distances["own"]).sum())
    n = len(distances)
    low, high = proportion_confint(count, n, method="wilson")
    p = stats.binomtest(count, n).pvalue  # against one half
    outcome = "open"
    if p < 0.05:
        outcome = "for" if low > 0.5 else "against"
    return Finding(
        what="share of people to whose test images D_G holds nearer ones than they do",
        test="binomial",
        value=count / n,
        low=low,
        high=high,
        p=p,
        n=n,
        unit="share",
        outcome=outcome,
    )


def mean_over_people(evidence: Evidence, what: str, values: pd.Series) -> Finding:
    """Test that the mean of one number per person, a share, is above 0 (sign-flip test).

    what   description of the numbers; it is part of the seed
    """
    d = paired.without_nan(values.to_numpy())
    draw = evidence.rng(what)
    interval = bootstrap.bootstrap_mean(d, draw)
    p = permutation.sign_flip(d, draw)
    sd = d.std(ddof=1) if len(d) > 1 else np.nan
    return Finding(
        what=what,
        test="sign-flip",
        value=100 * interval.value,
        low=100 * interval.low,
        high=100 * interval.high,
        p=p,
        n=len(d),
        detectable=100 * paired.detectable_effect(sd, len(d)),
    )


def flips_harder(evidence: Evidence, part: str) -> Finding:
    """Claim 20: the baseline's accuracy on 10 classes minus that on 30, of the same people."""
    ten = evidence.people("unflipped", part, BASELINE)[BASELINE]
    thirty = evidence.people("v3", part, BASELINE)[BASELINE]
    return mean_over_people(
        evidence,
        what=f"{BASELINE} on ten classes − on thirty, on {part}",
        values=(ten - thirty).dropna(),
    )


def identified(evidence: Evidence) -> Finding:
    """Claim 21: share of a person's digits whose latent code identifies the person.

    Minus the share that always naming the person with most digits would identify.
    """
    shares, at_random = similarity.identify_persons(evidence.encoded())
    return mean_over_people(
        evidence,
        what="share of a person's digits whose writer is named by the code, beyond chance",
        values=shares - at_random,
    )


def symmetric_gain(evidence: Evidence) -> Finding:
    """Claim 21: gain of sample weighing on 0, 1 and 8 minus its gain on the other digits."""
    rows = evidence.having("v3", BASELINE, "SW-n-2")
    gains = similarity.gain_on_classes(evidence.run("v3"), rows, "SW-n-2", (0, 1, 8))
    return mean_over_people(
        evidence,
        what="gain by SW-n-2 on 0, 1 and 8 − on other digits",
        values=gains["these"] - gains["others"],
    )


def cost_ratio(evidence: Evidence, method: str, low: float, high: float) -> Finding:
    """Claim 31: iterations for one person as a share of the baseline's, computed at v1's size.

    low, high   the range that supports the claim
    """
    value = float(cost.cost_by_schedule().loc[method, "r_train"])
    return Finding(
        what=f"iterations of {method} for one person / {BASELINE}, at v1's size",
        test="count",
        value=value,
        low=value,
        high=value,
        p=np.nan,
        n=0,
        unit="ratio",
        of="v1",
        outcome="for" if low <= value <= high else "against",
    )


def own_cost_ratio(evidence: Evidence, method: str) -> Finding:
    """The ratio of `cost_ratio` in the run itself, whose baseline may be shorter; always open."""
    of = evidence.only or "v1"
    rows = evidence.having(of, method, BASELINE)
    iterations = rows.groupby("method")["own_iterations"].mean()
    value = float(iterations[method] / iterations[BASELINE])
    return Finding(
        what=f"iterations of {method} for one person / {BASELINE}, in this run",
        test="count",
        value=value,
        low=value,
        high=value,
        p=np.nan,
        n=rows["person"].nunique(),
        unit="ratio",
        of=of,
        outcome="open",
    )


def same_network(evidence: Evidence) -> Finding:
    """Claim 32: bytes of a person's network; the same for all methods, as they share one recipe."""
    study = evidence.study
    value = float(cost.bytes_per_person(study).loc["the network", "bytes"])
    return Finding(
        what=(
            "bytes of a person's network; "
            f"one recipe builds those of all {len(study.methods)} methods"
        ),
        test="count",
        value=value,
        low=value,
        high=value,
        p=np.nan,
        n=len(study.data.splits.individuals),
        unit="bytes",
        outcome="for",
    )
