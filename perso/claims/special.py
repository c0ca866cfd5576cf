"""Claims 12, 18 to 21, 31, 32 and 45: similarity of samples and people, flips, and cost.

Each has a test of its own, because it compares something other than two methods' accuracy. The
text `what` of a finding is stored in ledgers, and some seeds depend on it: it stays as it is.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from perso.analysis import cost, gains, similarity
from perso.claims.correlations import GROUPINGS, slope_finding, slope_of_means
from perso.claims.evidence import Evidence, Missing
from perso.claims.finding import Finding
from perso.claims.hypotheses import Z, numbers_of, page_p
from perso.methods.method import BASELINE
from perso.methods.registry import V3
from perso.parts import PARTS

# The smallest sizes that matter, fixed beforehand; the papers print no numbers for these claims
SMALLEST_SHARE = 0.01  # R² of people, beyond that of random groups
MOST = 0.55  # "most people": a share bounded below it is not most of them
CONSIDERABLY = 1.0  # pp that a considerably harder task costs at least
IDENTIFIED = 2.0  # pp beyond a guess, from which on a code identifies its person


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
    """Claim 12: diversity rises from similar samples to similar people to random samples.

    The number is the rise of a straight line along the three, in % of the person's mean.
    """
    order = ("SG-n-1500", "IG-n-5", "BaseLine-n-1500 with D_I")
    diversities = diversities_of(evidence, order)
    values = diversities.to_numpy()
    rises = 100 * (values[:, 2] - values[:, 0]) / values.mean(axis=1)
    found = mean_finding(
        evidence,
        what=f"rise of latent diversity along {', '.join(order)}",
        values=pd.Series(rises, diversities.index),
        part="D_G",
    )
    more = found.more | {"Page's L": page_p(values)}
    return replace(found, unit="%", more=more)


def diversity_rho(evidence: Evidence) -> Finding:
    """Claim 12: the more diverse the enlarged data, the higher the accuracy on D_G.

    The number is the rise of accuracy from the least to the most diverse way, along the slope.
    """
    accuracies = evidence.people("v3", "D_G", *GROUPINGS)
    diversities = diversities_of(evidence, GROUPINGS).loc[accuracies.index]
    return slope_finding(
        what=(
            f"accuracy on D_G from the least to the most diverse of {len(GROUPINGS)} ways of data "
            "grouping"
        ),
        sides=slope_of_means(diversities.to_numpy(), 100 * accuracies.to_numpy()),
        cohort=evidence.cohorts("v3", accuracies.index),
        rng=evidence.rng("diversity", *GROUPINGS),
        expected=1,
        # v3's own accuracies span .4 points here, of which this is half
        margin=100 * PARTS["D_G"].margin,
        over_range=True,
    )


def within_people(evidence: Evidence) -> Finding:
    """Claim 18: share of the latent variation within classes that is between people.

    The number is R² minus its mean over random permutations, averaged over folds. Its intervals
    have the width of the permuted R²; p is the largest of all folds.
    """
    folds = over_folds(evidence, similarity.permanova_by_writer)
    value = float(np.mean([fold.share - fold.chance for fold in folds]))
    error = float(np.sqrt(np.sum([fold.sd**2 for fold in folds]))) / len(folds)
    return Finding(
        what="share of latent variation within classes that goes by writer",
        test="PERMANOVA",
        value=value,
        low=value - 1.96 * error,
        high=value + 1.96 * error,
        p=max(fold.p for fold in folds),
        n=len(evidence.encoded().data.content),
        cohorts=len(folds),
        unit="R²",
        margin=SMALLEST_SHARE,
        bounds=(value - 1.645 * error, value + 1.645 * error),
        detectable=Z * error,
    )


def similar_in_G(evidence: Evidence) -> Finding:
    """Claim 19: share of people to whose test samples D_G holds nearer samples than D_I does."""
    distances = pd.concat(over_folds(evidence, similarity.nearest_distances))
    count = int((distances["D_G"] < distances["own"]).sum())
    return most_people(
        "share of people to whose test images D_G holds nearer ones than they do",
        count=count,
        n=len(distances),
        cohorts=len(evidence.encoded().folds),
    )


def most_people(what: str, count: int, n: int, cohorts: int = 1) -> Finding:
    """Test that something holds for most people, by the share of people it holds for.

    for       the 95 % interval (Wilson) lies above one half
    against   it lies below one half, or the 90 % interval lies below MOST: if exactly one half of
              all people, it is not most of them, and enough people show it
    """
    low, high = proportion_confint(count, n, method="wilson")
    bounds = proportion_confint(count, n, alpha=0.1, method="wilson")
    outcome = "open"
    if low > 0.5:
        outcome = "for"
    elif high < 0.5 or bounds[1] < MOST:
        outcome = "against"
    return Finding(
        what=what,
        test="binomial",
        value=count / n,
        low=low,
        high=high,
        p=stats.binomtest(count, n).pvalue,  # against one half
        n=n,
        cohorts=cohorts,
        unit="share",
        margin=MOST,
        bounds=bounds,
        outcome=outcome,
    )


def mean_finding(
    evidence: Evidence,
    what: str,
    values: pd.Series,
    part: str,
    of: str = "v3",
    scale: float = 1.0,
    cohorts: np.ndarray | None = None,
) -> Finding:
    """Test that the mean of one number per person is above 0; nan are left out.

    The papers print none of these numbers, so the margin is the effect that their number of people
    had a power of 33 % for.

    what      description of the numbers; it is part of the seed
    values    by person
    part      D_G where the numbers depend on D_G, which is drawn with the cohort
    scale     of the finding's numbers: 100 for shares in percentage points
    cohorts   of each person, where rows do not say it
    """
    known = values.dropna()
    if cohorts is None:
        cohorts = evidence.cohorts(of, known.index)
    else:
        cohorts = cohorts[values.notna().to_numpy()]
    effect = evidence.effect_of(part, known.to_numpy(), cohorts, evidence.rng(what))
    return Finding(
        what=what,
        test="mean over people",
        **numbers_of(effect, np.nan, of, scale=scale),
        of=of,
        more={"sign-flip": effect.sign_flip},
    )


def considerable(found: Finding, margin: float) -> Finding:
    """The finding with its outcome where the claim needs an effect of at least `margin`.

    for       the 95 % interval lies above the margin
    against   the 90 % interval lies below it
    """
    outcome = "open"
    if found.low > margin:
        outcome = "for"
    elif found.bounds[1] < margin:
        outcome = "against"
    return replace(found, margin=margin, outcome=outcome)


def flips_harder(evidence: Evidence, part: str) -> Finding:
    """Claim 20: the baseline's accuracy on 10 classes minus that on 30, of the same people.

    Without flips both would be the same models.
    """
    if not evidence.study.settings.flips:
        raise Missing("a run with flips: true")
    ten = evidence.people("unflipped", part, BASELINE)[BASELINE]
    thirty = evidence.people("v3", part, BASELINE)[BASELINE]
    found = mean_finding(
        evidence,
        what=f"{BASELINE} on ten classes − on thirty, on {part}",
        values=(ten - thirty).dropna(),
        part=part,
        scale=100,
    )
    return considerable(found, CONSIDERABLY)


def identified(evidence: Evidence) -> Finding:
    """Claim 21: share of a person's digits whose latent code identifies the person.

    Minus the share that always naming the person with most digits would identify.
    """
    folds = evidence.encoded().folds
    beyond, cohorts = [], []
    for fold, (shares, at_random) in enumerate(over_folds(evidence, similarity.identify_persons)):
        # people of D_G may be the individuals of another fold, and count there
        own = shares[shares.index.isin(folds[fold].individuals)]
        beyond.append(own - at_random)
        cohorts += [fold] * len(own)
    found = mean_finding(
        evidence,
        what="share of a person's digits whose writer is named by the code, beyond chance",
        values=pd.concat(beyond),
        part="D_G",  # the auto-encoder is trained on D_G
        scale=100,
        cohorts=np.array(cohorts),
    )
    return considerable(found, IDENTIFIED)


def symmetric_gain(evidence: Evidence, method: str = "SW-n-2", of: str = "v3") -> Finding:
    """Claim 21: gain of sample weighing on 0, 1 and 8 minus its gain on the other digits."""
    if not gains.has_flipped_digits(evidence.run(of)):
        raise Missing("a run of digits with flips: true")
    rows = evidence.having(of, BASELINE, method)
    gain = similarity.gain_on_classes(evidence.run(of), rows, method, gains.SYMMETRIC_DIGITS)
    gain.index = gain.index.astype(str)
    return mean_finding(
        evidence,
        what=f"gain by {method} on 0, 1 and 8 − on other digits",
        values=gain["these"] - gain["others"],
        part="D_I",
        of=of,
        scale=100,
    )


def counted_finding(what: str, value: float, **fields) -> Finding:
    """The finding of a count, which is exact: its interval is the number itself.

    fields   further ones of `Finding`
    """
    return Finding(what=what, test="count", value=value, low=value, high=value, p=np.nan, **fields)


def cost_ratio(evidence: Evidence, method: str, low: float, high: float) -> Finding:
    """Claim 31: iterations for one person as a share of the baseline's, computed at v1's size.

    low, high   the range that supports the claim
    """
    value = float(cost.cost_by_schedule().loc[method, "r_train"])
    return counted_finding(
        what=f"iterations of {method} for one person / {BASELINE}, at v1's size",
        value=value,
        n=0,
        unit="ratio",
        of="v1",
        outcome="for" if low <= value <= high else "against",
    )


def own_cost_ratio(evidence: Evidence, method: str) -> Finding:
    """The ratio of `cost_ratio` in the run itself, whose baseline may be shorter; always open."""
    found = fewer_iterations(evidence, method, BASELINE, evidence.only or "v1")
    what = f"iterations of {method} for one person / {BASELINE}, in this run"
    return replace(found, what=what, outcome="open")


def fewer_iterations(evidence: Evidence, method: str, base: str, of: str) -> Finding:
    """Whether a method trains for fewer iterations for one person than another, in a run."""
    rows = evidence.having(of, method, base)
    iterations = rows.groupby("method")["own_iterations"].mean()
    value = float(iterations[method] / iterations[base])
    return counted_finding(
        what=f"iterations for one person: {method} / {base}",
        value=value,
        n=rows["person"].nunique(),
        unit="ratio",
        of=of,
        outcome="for" if value < 1 else "against",
    )


def no_training(evidence: Evidence, method: str, of: str) -> Finding:
    """Claim 45: iterations of training for one person by a method, in a run."""
    rows = evidence.having(of, method)
    value = float(rows["own_iterations"].mean())
    return counted_finding(
        what=f"iterations of training for one person: {method}",
        value=value,
        n=rows["person"].nunique(),
        unit="iterations",
        expected=0,
        of=of,
        outcome="against" if value else "for",
    )


def same_network(evidence: Evidence) -> Finding:
    """Claim 32: bytes of a person's network; the same for all methods, as they share one recipe."""
    study = evidence.study
    value = float(cost.bytes_per_person(study).loc["the network", "bytes"])
    return counted_finding(
        what=(
            "bytes of a person's network; "
            f"one recipe builds those of all {len(study.methods)} methods"
        ),
        value=value,
        n=len(study.data.splits.individuals),
        unit="bytes",
        outcome="for",
    )
