"""Deciders that are no comparison of two methods: correlations over settings, likeness, cost, the trade-off."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats
from statsmodels.stats.proportion import proportion_confint

from perso.analysis import cost, fairness, similarity, tradeoff
from perso.analysis.printed import printed_table
from perso.claims.evidence import Evidence
from perso.claims.finding import Finding
from perso.claims.hypotheses import detectable_by_interval, page_finding
from perso.methods.method import BASELINE
from perso.methods.registry import V1, V3
from perso.parts import PARTS
from perso.stats import bootstrap, paired, permutation

# v3's Table I: a row of its data grouping each, random ones first; a row of its shaping each, of
# transfer learning's two rates the lower
GROUPINGS = tuple(m.name for m in V3 if m.enlarged_by and m.name in printed_table("v3").index)
SHAPING_ROWS = tuple(
    lines.index[-1]
    for _, lines in printed_table("v3").drop(index=list(GROUPINGS)).groupby("row", sort=False)
)
BLOCKS = {"shaping": SHAPING_ROWS, "data grouping": GROUPINGS}  # of v3's Table I
FAMILY = {method.name: method.family for method in V1}
PROBABLE = 0.95  # how probable what is asked of bootstrap draws must be


def correlation(
    evidence: Evidence,
    what: str,
    sides,
    arrays: Sequence[np.ndarray],
    expected: int,
    same: bool = False,
) -> Finding:
    """`bootstrap.spearman_over_settings` as a finding."""
    interval, p = bootstrap.spearman_over_settings(
        sides, arrays, evidence.rng("ρ", what), same=same
    )
    return Finding(
        what,
        "Spearman over settings",
        interval.value,
        interval.low,
        interval.high,
        p,
        len(arrays[0]),
        unit="ρ",
        expected=expected,
        detectable=np.nan if same else detectable_by_interval(interval),
    )


def means_over_people(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """Over people."""
    return tuple(each.mean(axis=0) for each in arrays)


def settings_rho(evidence: Evidence, *methods: str) -> Finding:
    """Claim 2: mean accuracy on D_I against that on D_G."""
    own, others = (evidence.people("v3", part, *methods) for part in PARTS)
    what = f"accuracy on D_I against D_G over {len(methods)} settings of shaping"
    return correlation(
        evidence, what, means_over_people, (own.to_numpy(), others.loc[own.index].to_numpy()), -1
    )


def dispersion(values: np.ndarray, what: str, noise: np.ndarray | float = 0.0) -> np.ndarray:
    """sd, excess sd (without `noise`, variances by chance) or spread of accuracies [n, k] over people: [k]."""
    if what == "spread":
        return np.ptp(values, axis=0)
    without = np.mean(noise, axis=0) if what == "excess sd" else 0.0
    return np.sqrt(np.maximum(values.var(axis=0, ddof=1) - without, 0))


def fairness_rho(evidence: Evidence, part: str, what: str, block: str) -> Finding:
    """Claims 13 and 14: mean accuracy against its dispersion over people, in one block of Table I."""
    people = evidence.levelled("v3", part, *BLOCKS[block])
    values, noise = people.to_numpy(), np.zeros(people.shape)
    if what == "excess sd":
        noise = sampling_variances_of(evidence, people, part)
    return correlation(
        evidence,
        f"accuracy against {what} on {part} over {len(BLOCKS[block])} settings of {block}",
        lambda values, noise: (values.mean(axis=0), dispersion(values, what, noise)),
        (values, noise),
        -1,
        same=True,
    )


def sampling_variances_of(
    evidence: Evidence, people: pd.DataFrame, part: str, of: str = "v3"
) -> np.ndarray:
    """Variance of accuracies by which digits were tested, as `people` has them: [n people, k methods]."""
    rows = evidence.having(of, *people.columns)
    noise = fairness.sampling_variances(evidence.run(of).data, rows, part)
    return noise.loc[people.index, people.columns].to_numpy()


def printed_rho(what: str) -> str:
    """The same correlations in v3's own Table I; of `D_G`: of accuracies on D_I with those on D_G."""
    texts = []
    for part in ("D_I",) if what == "D_G" else PARTS:
        for block, names in BLOCKS.items():
            numbers = printed_table("v3").loc[list(names)]
            other = {
                "sd": numbers[f"{part} sd"],
                "spread": numbers[f"{part} max"] - numbers[f"{part} min"],
                "D_G": numbers["D_G mean"],
            }[what]
            rho = bootstrap.spearman(numbers[f"{part} mean"].to_numpy(), other.to_numpy())
            where = block if what == "D_G" else f"{block}, {part}"
            texts.append(f"{rho:+.2f} ({where})")
    return f"ρ {', '.join(texts)}"


def variation(evidence: Evidence) -> Finding:
    """Claim 15: the baseline's excess sd on D_I minus its whole sd on D_G."""
    own, others = (evidence.levelled("v3", part, BASELINE) for part in PARTS)
    noise = sampling_variances_of(evidence, own, "D_I")
    own, others = own.to_numpy(), others.to_numpy()

    def more(index):
        return (
            100
            * (dispersion(own[index], "excess sd", noise[index]) - dispersion(others[index], "sd"))[
                0
            ]
        )

    interval, p = bootstrap.bootstrap_statistic(more, len(own), evidence.rng("variation"))
    return Finding(
        f"excess sd of {BASELINE} on D_I minus its sd on D_G",
        "bootstrap over people",
        interval.value,
        interval.low,
        interval.high,
        p,
        len(own),
        detectable=detectable_by_interval(interval),
    )


def diversities_of(evidence: Evidence, names: Sequence[str]) -> pd.DataFrame:
    """Latent diversity of D'_I: a line per person, a column per method."""
    methods = [method for name in names for method in V3 if method.name == name]
    return pd.concat(over_folds(evidence, partial(similarity.diversity_by_person, methods=methods)))


def over_folds(evidence: Evidence, find) -> list:
    """What `find` says of the study whose auto-encoders are there, fold by fold."""
    study = evidence.encoded()
    return [find(study, fold=fold) for fold in range(len(study.folds))]


def diversity_order(evidence: Evidence) -> Finding:
    """Claim 12: random data are more diverse than near persons, these more than near samples."""
    order = ("SG-n-1500", "IG-n-5", "BaseLine-n-1500 with D_I")
    wide = diversities_of(evidence, order).to_numpy()
    return page_finding(
        f"latent diversity rises along {', '.join(order)}", wide, evidence.rng("diversity")
    )


def diversity_rho(evidence: Evidence) -> Finding:
    """Claim 12: the more diverse, the more accurate on D_G."""
    accuracy, wide = evidence.people("v3", "D_G", *GROUPINGS), diversities_of(evidence, GROUPINGS)
    what = f"latent diversity against accuracy on D_G over {len(GROUPINGS)} ways of data grouping"
    return correlation(
        evidence,
        what,
        means_over_people,
        (wide.loc[accuracy.index].to_numpy(), accuracy.to_numpy()),
        1,
    )


def within_people(evidence: Evidence) -> Finding:
    """Claim 18: how much of what codes vary within classes goes by writer, beyond chance."""
    found = over_folds(evidence, similarity.permanova_by_writer)
    value, p = (
        float(np.mean([each.share - each.chance for each in found])),
        max(each.p for each in found),
    )
    people = len(evidence.encoded().data.content)
    return Finding(
        "share of latent variation within classes that goes by writer",
        "PERMANOVA",
        value,
        np.nan,
        np.nan,
        p,
        people,
        unit="R²",
        outcome="for" if p < 0.05 and value > 0 else "open",
    )


def similar_in_G(evidence: Evidence) -> Finding:
    """Claim 19: for how many people D_G holds nearer samples than their own."""
    near = pd.concat(over_folds(evidence, similarity.nearest_distances))
    count, n = int((near["D_G"] < near["own"]).sum()), len(near)
    low, high = proportion_confint(count, n, method="wilson")
    p = scipy_stats.binomtest(count, n).pvalue
    return Finding(
        "share of people to whose test images D_G holds nearer ones than they do",
        "binomial",
        count / n,
        low,
        high,
        p,
        n,
        unit="share",
        outcome="open" if p >= 0.05 else "for" if low > 0.5 else "against",
    )


def over_them(evidence: Evidence, what: str, d: pd.Series, **more) -> Finding:
    """One number per person, in shares, above 0: sign-flip p and bootstrap interval over people."""
    d, draw = paired.without_nan(d.to_numpy()), evidence.rng(what)
    interval = bootstrap.bootstrap_mean(d, draw)
    sd = d.std(ddof=1) if len(d) > 1 else np.nan
    return Finding(
        what,
        "sign-flip",
        *(100 * end for end in (interval.value, interval.low, interval.high)),
        permutation.sign_flip(d, draw),
        len(d),
        detectable=100 * paired.detectable_effect(sd, len(d)),
        **more,
    )


def flips_harder(evidence: Evidence, part: str) -> Finding:
    """Claim 20: the baseline on ten classes minus that on thirty, of the same people."""
    ten, thirty = (evidence.people(of, part, BASELINE)[BASELINE] for of in ("unflipped", "v3"))
    return over_them(
        evidence, f"{BASELINE} on ten classes − on thirty, on {part}", (ten - thirty).dropna()
    )


def identified(evidence: Evidence) -> Finding:
    """Claim 21: how often a code's writer is named, beyond chance, person by person."""
    share, chance = similarity.identify_persons(evidence.encoded())
    return over_them(
        evidence,
        "share of a person's digits whose writer is named by the code, beyond chance",
        share - chance,
    )


def symmetric_gain(evidence: Evidence) -> Finding:
    """Claim 21: whether the person's data help more with 0, 1 and 8 than with others."""
    rows = evidence.having("v3", BASELINE, "SW-n-2")
    table = similarity.gain_on_classes(evidence.run("v3"), rows, "SW-n-2", (0, 1, 8))
    return over_them(
        evidence,
        "gain by SW-n-2 on 0, 1 and 8 − on other digits",
        (table["these"] - table["others"]),
    )


def cost_ratio(evidence: Evidence, method: str, low: float, high: float) -> Finding:
    """Claim 31: iterations for one person as a share of the baseline's, by the schedules at v1's own size; a count."""
    value = float(cost.cost_by_schedule().loc[method, "r_train"])
    return Finding(
        f"iterations of {method} for one person / {BASELINE}, at v1's size",
        "count",
        value,
        value,
        value,
        np.nan,
        0,
        unit="ratio",
        of="v1",
        outcome="for" if low <= value <= high else "against",
    )


def own_cost_ratio(evidence: Evidence, method: str) -> Finding:
    """The same in the run itself, whose baseline is shorter where it is small."""
    of = evidence.own or "v1"
    rows = evidence.having(of, method, BASELINE)
    spent = rows.groupby("method")["own_iterations"].mean()
    value = float(spent[method] / spent[BASELINE])
    return Finding(
        f"iterations of {method} for one person / {BASELINE}, in this run",
        "count",
        value,
        value,
        value,
        np.nan,
        rows["person"].nunique(),
        unit="ratio",
        of=of,
        outcome="open",
    )


def same_network(evidence: Evidence) -> Finding:
    """Claim 32: bytes of a person's network; by construction, one recipe builds every method's."""
    study = evidence.study
    value = float(cost.bytes_per_person(study).loc["the network", "bytes"])
    return Finding(
        f"bytes of a person's network; one recipe builds those of all {len(study.methods)} methods",
        "count",
        value,
        value,
        value,
        np.nan,
        len(study.data.splits.individuals),
        unit="bytes",
        outcome="for",
    )


def trade_off(evidence: Evidence, of: str) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Names and accuracies [n, k] on D_I and D_G of the baseline and v1's settings."""
    printed = printed_table("class-counts").index
    names = tuple(method.name for method in V1 if method.name in printed)
    own, others = (evidence.people(of, part, *names) for part in PARTS)
    return names, own.to_numpy(), others.loc[own.index].to_numpy()


def vary(own: np.ndarray, others: np.ndarray) -> bool:
    """Whether what settings [n, k] differ by varies over people; if not, people drawn anew tell nothing new."""
    differences = (each - each[:, :1] for each in (own, others))
    return any(np.ptp(each, axis=0).max() > paired.ALIKE for each in differences)


def probable(what: str, value: float, n: int, of: str) -> Finding:
    """A probability over people drawn anew: sure, or sure not; nan, and open, where they do not `vary`."""
    outcome = "for" if value >= PROBABLE else "against" if value <= 1 - PROBABLE else "open"
    return Finding(
        what,
        "bootstrap over people",
        value,
        np.nan,
        np.nan,
        np.nan,
        n,
        unit="probability",
        of=of,
        outcome=outcome,
    )


def nobody_dominates(evidence: Evidence) -> Finding:
    """Claim 33: that no setting is alone on the front of means on D_I and D_G in both runs."""
    alone, n, known = [], [], True
    for of in ("v1", "counts"):
        names, own, others = trade_off(evidence, of)
        members = tradeoff.front(*tradeoff.resampled(own, others, evidence.rng("front", of), 2000))
        alone.append(members & (members.sum(axis=1, keepdims=True) == 1))
        n.append(len(own))
        known = known and vary(own, others)
    value = 1 - float((alone[0] & alone[1]).any(axis=1).mean()) if known else np.nan
    return probable(
        f"that none of {len(names)} settings dominates in both of v1's runs", value, min(n), "v1"
    )


def on_front(evidence: Evidence, of: str, family: str) -> Finding:
    """Claim 33: that a method of this family is on the front."""
    names, own, others = trade_off(evidence, of)
    members = tradeoff.front(*tradeoff.resampled(own, others, evidence.rng("front", of), 2000))
    theirs = [place for place, name in enumerate(names) if FAMILY[name] == family]
    value = float(members[:, theirs].any(axis=1).mean()) if vary(own, others) else np.nan
    return probable(f"that {family} is on the front", value, len(own), of)


def largest_sum(evidence: Evidence, of: str, family: str) -> Finding:
    """That a method of this family has the largest sum of D_I and D_G."""
    names, own, others = trade_off(evidence, of)
    best = tradeoff.best_by_weight(own, others, [1.0], evidence.rng("sum", of))[0]
    value = float(sum(p for name, p in zip(names, best, strict=True) if FAMILY[name] == family))
    value = value if vary(own, others) else np.nan
    return probable(
        f"that {family} has the largest sum of accuracies on D_I and D_G", value, len(own), of
    )


def excess(evidence: Evidence, method: str, part: str, direction: int, of: str) -> Finding:
    """Claim 30: the change of the sd that is beyond the chance of which digits were tested."""
    wide = evidence.levelled(of, part, method, BASELINE)
    values, noise = wide.to_numpy(), sampling_variances_of(evidence, wide, part, of)

    def change(index):
        return 100 * -np.diff(dispersion(values[index], "excess sd", noise[index]))[0]

    interval, p = bootstrap.bootstrap_statistic(
        change, len(values), evidence.rng("excess", of, method, part)
    )
    return Finding(
        f"excess sd of {method} − {BASELINE} on {part}",
        "bootstrap over people",
        interval.value,
        interval.low,
        interval.high,
        p,
        len(values),
        expected=direction,
        of=of,
        detectable=detectable_by_interval(interval),
    )
