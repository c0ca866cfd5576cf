"""Claims 2, 12, 13 and 14: what goes together over settings, as a slope with its interval.

A rank correlation of six or seven settings never settles: where settings differ by noise alone, its
interval stays wide however many people there are. A least-squares slope settles, and it has a size
that can be compared with the printed one. Spearman's ρ is among the further statistics.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import logit

from perso.analysis.dispersion_scales import logit_sd
from perso.analysis.printed import printed_table
from perso.analysis.sampling_noise import (
    DigitHits,
    common_share,
    hits_by_digit,
    on_halves,
    side_by_side,
    stacked,
)
from perso.claims.dispersions import SPREAD, dispersion_of, variability
from perso.claims.evidence import RUN_NAMES, Evidence, Missing
from perso.claims.finding import Finding
from perso.claims.hypotheses import Z
from perso.methods.registry import V3
from perso.parts import PARTS
from perso.stats import bootstrap
from perso.stats.paired import ROUNDING
from perso.stats.resampling import Drawn, Statistic, estimate

# The methods of v3's Table I in its two blocks. Where two of our methods stand for one printed row
# (transfer learning at two learning rates), the last one is taken, which has the lower rate.
PRINTED = printed_table("v3")
GROUPINGS = tuple(
    method.name for method in V3 if method.enlarged_by and method.name in PRINTED.index
)
SHAPING_ROWS = tuple(
    lines.index[-1] for _, lines in PRINTED.drop(index=list(GROUPINGS)).groupby("row", sort=False)
)
BLOCKS = {"shaping": SHAPING_ROWS, "data grouping": GROUPINGS}

Sides = Statistic  # the two sides of a slope over k settings, [..., directions, k] each

# The printed range is that of 100 people; ours is that expected of ten (`expected_range`). Of
# normal values ten have .61 of the range of 100.
RANGE_OF_TEN = 0.61
FEWEST_DIGITS = 4  # test digits of a person: two in each half, which a variance needs


# --- the slope


def slope_of(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Least-squares slope of y on x, [..., directions, k] each: [...]; nan where x does not vary.

    Directions have one slope and an intercept each.
    """
    x = x - x.mean(axis=-1, keepdims=True)
    y = y - y.mean(axis=-1, keepdims=True)
    variation = (x**2).sum(axis=(-2, -1))
    varies = variation > ROUNDING
    together = (x * y).sum(axis=(-2, -1))
    return np.where(varies, together / np.where(varies, variation, 1), np.nan)


def slope_finding(
    what: str,
    sides: Sides,
    cohort: np.ndarray,
    rng: np.random.Generator,
    expected: int,
    *,
    printed: float = np.nan,
    margin: float = np.nan,
    over_range: bool = False,
    in_logits: Sides | None = None,
    of: str = "v3",
) -> Finding:
    """Test the sign of a slope over settings (`resampling.estimate`).

    sides       x and y, in percentage points unless `over_range`
    cohort      of each person, [n]
    expected    the sign of the slope according to the claim
    printed     the slope in the papers' table; half of it is the margin unless `margin` is given
    over_range  whether the number is the slope times the range of x, so that x may have any unit
    in_logits   the same sides in logits, whose slope is a further statistic
    """

    def slope(both: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        x, y = both
        found = slope_of(x, y)
        return found * np.ptp(x, axis=-1).mean(axis=-1) if over_range else found

    found = estimate(sides.then(slope), cohort, rng)
    x, y = sides.of(cohort)
    more = {"ρ": bootstrap.spearman(x.mean(axis=-2), y.mean(axis=-2))}
    if in_logits:
        more_draws = in_logits.then(lambda both: slope_of(*both))
        also = estimate(more_draws, cohort, rng, draws=1000)
        more |= {"in logits": also.value, "logits low": also.low, "logits high": also.high}
    return Finding(
        what=what,
        test="slope over settings",
        value=found.value,
        low=found.low,
        high=found.high,
        p=found.p,
        n=found.n,
        cohorts=found.cohorts,
        unit="pp" if over_range else "pp per pp",
        expected=expected,
        detectable=Z * found.error,
        # all printed slopes have the claims' sign
        margin=abs(printed) / 2 if np.isnan(margin) else margin,
        bounds=found.bounds,
        printed=printed,
        of=of,
        more=more,
    )


def slope_of_means(x: np.ndarray, y: np.ndarray) -> Sides:
    """The sides of a slope of the means of y over those of x, [n people, k] each."""

    def of_cohort(people: Drawn) -> np.ndarray:
        return np.stack([people.mean(x), people.mean(y)], axis=-2)[..., None, :]

    return Statistic(of_cohort, both_sides)


def both_sides(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two sides from one array, [..., 2, directions, k]."""
    return means[..., 0, :, :], means[..., 1, :, :]


# --- claim 2


def settings_rho(evidence: Evidence, of: str, *methods: str) -> Finding:
    """Claim 2: how mean accuracy on D_G changes per percentage point on D_I."""
    on_I = evidence.people(of, "D_I", *methods)
    on_G = evidence.people(of, "D_G", *methods).loc[on_I.index]
    return slope_finding(
        what=f"accuracy on D_G per point on D_I, over {len(methods)} settings of shaping",
        sides=slope_of_means(100 * on_I.to_numpy(), 100 * on_G.to_numpy()),
        cohort=evidence.cohorts(of, on_I.index),
        rng=evidence.rng("slope", of, *methods),
        expected=-1,
        printed=printed_slope("D_G", "D_I", "shaping"),
        of=of,
    )


# --- claims 13 and 14


@dataclass(frozen=True)
class HalfTests:
    """Accuracies of n people with k methods on two halves of their test digits."""

    accuracies: np.ndarray  # shares, [2, n, k]
    noise: np.ndarray  # their sampling variances, [2, n, k]
    digits: np.ndarray  # original digits in each half, [2, n]
    cohort: np.ndarray  # of each person, [n]


def half_tests(evidence: Evidence, part: str, methods: tuple[str, ...], of: str) -> HalfTests:
    """The accuracies on two random halves of each test set; flips of a digit are in one half.

    People with fewer than FEWEST_DIGITS test digits are left out. On D_G all people of a cohort
    share the halves, and what is hard for all of them is no noise (see
    `sampling_noise.sampling_variances`).
    """
    rows = evidence.having(of, *methods)

    def order_of(count: int) -> np.ndarray:
        return evidence.rng("halves", of, part).permutation(count)

    accuracies, noise, digits, cohorts = [], [], [], []
    for cohort, in_fold in enumerate(hits_by_digit(evidence.run(of).data, rows, part)):
        by_method = [in_fold.get(method, {}) for method in methods]
        complete = [one for one in by_method[0] if all(one in people for people in by_method)]
        if not complete:
            continue
        common = [common_share(people, part) for people in by_method]
        own, pure = [], []
        for person in complete:
            hits = [people[person] for people in by_method]
            shared = side_by_side(hits)
            if len(shared.digits) >= FEWEST_DIGITS:
                without_common = zip(hits, common, strict=True)
                own.append(shared)
                pure.append(side_by_side([each.minus(hard) for each, (hard, _) in without_common]))
        if own:
            scales = [scale for _, scale in common]
            accuracies.append(in_halves(own, DigitHits.accuracy, order_of))
            noise.append(scales * in_halves(pure, DigitHits.variance, order_of))
            digits += [len(each.digits) for each in own]
            cohorts += [cohort] * len(own)
    if not cohorts:
        raise Missing(f"people of {RUN_NAMES[of]} with {FEWEST_DIGITS} test digits", *methods)
    first = np.array(digits) // 2
    return HalfTests(
        accuracies=np.concatenate(accuracies, axis=1),
        noise=np.concatenate(noise, axis=1),
        digits=np.stack([first, digits - first]),
        cohort=np.array(cohorts),
    )


def in_halves(
    people: Sequence[DigitHits],
    measure: Callable[[DigitHits], np.ndarray],
    order_of: Callable[[int], np.ndarray],
) -> np.ndarray:
    """A measure of people's hits by k methods on two halves of their digits, [2, n, k].

    order_of   number of digits → their random order
    """
    counts = np.array([len(each.digits) for each in people])
    found = np.empty((2, len(people), len(people[0].hits)))
    for count in np.unique(counts):
        alike = np.flatnonzero(counts == count)
        stack = stacked([people[place] for place in alike])
        found[:, alike] = on_halves(stack, order_of(count), measure)
    return found


def fairness_rho(
    evidence: Evidence,
    part: str,
    what: str,
    block: str,
    of: str = "v3",
    methods: tuple[str, ...] = (),
) -> Finding:
    """Claims 13 and 14: how the dispersion over people changes per point of mean accuracy.

    what      a measure of dispersion, see `dispersion`
    block     one of `BLOCKS`
    methods   the settings, where they are not those of the block
    """
    methods = methods or BLOCKS[block]
    return dispersion_slope(
        evidence.once(half_tests, part, methods, of),
        what=what,
        name=f"{what} per point of accuracy on {part}, over {len(methods)} settings of {block}",
        rng=evidence.rng("slope", of, part, what, *methods),
        printed=printed_slope(what, part, block),
        of=of,
    )


def dispersion_slope(
    halves: HalfTests,
    what: str,
    name: str,
    rng: np.random.Generator,
    printed: float,
    of: str = "v3",
) -> Finding:
    """The slope of a dispersion over mean accuracy, in points and in logits.

    Means are of one half of the test digits and dispersions of the other, and the other way round:
    sampling noise that lowers a mean near 100 % and widens its SD is then in one side alone.
    """

    def of_cohort(measured: np.ndarray, people: Drawn) -> np.ndarray:
        """Means of either half, and the variability of the other, [..., 2, 2 halves, k]."""
        x = [people.mean(each) for each in halves.accuracies]
        y = [
            variability(values, what, noise, people)
            for values, noise in zip(measured[::-1], halves.noise[::-1], strict=True)
        ]
        return np.stack([np.stack(x, axis=-2), np.stack(y, axis=-2)], axis=-3)

    def in_points(found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, other = both_sides(found)
        return 100 * mean, 100 * dispersion_of(what, other)

    def in_logits(found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, other = both_sides(found)
        x = logit(np.clip(mean, ROUNDING, 1 - ROUNDING))
        if what == SPREAD:
            return x, other
        return x, logit_sd(mean[..., ::-1, :], np.maximum(other, 0))

    measured = halves.accuracies
    if what == SPREAD:
        measured = empirical_logits(halves.accuracies, halves.digits)
    return slope_finding(
        what=name,
        sides=Statistic(partial(of_cohort, halves.accuracies), in_points),
        cohort=halves.cohort,
        rng=rng,
        expected=-1,
        printed=printed,
        in_logits=Statistic(partial(of_cohort, measured), in_logits),
        of=of,
    )


def empirical_logits(accuracies: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Logits of accuracies [..., n, k] on so many digits [..., n].

    Half a digit is added on either side.
    """
    right = accuracies * digits[..., None]
    return np.log((right + 0.5) / (digits[..., None] - right + 0.5))


# --- the printed table


def printed_sides(what: str, part: str, block: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean accuracy on a part in v3's printed Table I, and what it is compared with, shares [k].

    what   SD or SPREAD: its dispersion over people; "D_G": mean accuracy on D_G
    """
    numbers = PRINTED.loc[list(BLOCKS[block])]
    if what == SPREAD:
        other = numbers[f"{part} max"] - numbers[f"{part} min"]
    elif what == "D_G":
        other = numbers["D_G mean"]
    else:
        other = numbers[f"{part} sd"]
    return numbers[f"{part} mean"].to_numpy(), other.to_numpy()


def printed_slope(what: str, part: str, block: str) -> float:
    """The slope of `printed_sides`; of a SPREAD that of ten people."""
    x, y = printed_sides(what, part, block)
    slope = float(slope_of(100 * x[None], 100 * y[None]))
    return RANGE_OF_TEN * slope if what == SPREAD else slope


def printed_slopes(what: str) -> str:
    """Slopes and rank correlations in v3's printed Table I, as text.

    what   SD or SPREAD: mean accuracy against its dispersion, on D_I and on D_G;
           "D_G": mean accuracy on D_I against that on D_G
    """
    texts = []
    for part in ("D_I",) if what == "D_G" else PARTS:
        for block in BLOCKS:
            rho = bootstrap.spearman(*printed_sides(what, part, block))
            place = block if what == "D_G" else f"{block}, {part}"
            texts.append(f"{printed_slope(what, part, block):+.2f}, ρ {rho:+.2f} ({place})")
    return f"slopes {'; '.join(texts)}"
