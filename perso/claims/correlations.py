"""Claims 2, 13 and 14: rank correlations over the settings of v3's Table I, ours and printed."""

from collections.abc import Callable, Sequence

import numpy as np

from perso.analysis.printed import printed_table
from perso.claims.dispersions import (
    BETWEEN_PERSON_SD,
    SD,
    SPREAD,
    dispersion,
    sampling_variances_of,
)
from perso.claims.evidence import Evidence
from perso.claims.finding import Finding
from perso.claims.hypotheses import detectable_by_interval
from perso.methods.registry import V3
from perso.parts import PARTS
from perso.stats import bootstrap

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


def correlation(
    evidence: Evidence,
    what: str,
    sides: Callable[..., tuple[np.ndarray, np.ndarray]],
    tables: Sequence[np.ndarray],
    expected: int,
    same: bool = False,
) -> Finding:
    """Test Spearman's ρ over settings (`bootstrap.spearman_over_settings`).

    what       description of the two sides; it is part of the seed
    sides      computes from the tables what is correlated, [k settings] each
    tables     [n people, k settings] each
    expected   the sign of ρ according to the claim
    same       whether both sides are computed from the same numbers
    """
    interval, p = bootstrap.spearman_over_settings(
        sides, tables, evidence.rng("ρ", what), same=same
    )
    return Finding(
        what=what,
        test="Spearman over settings",
        value=interval.value,
        low=interval.low,
        high=interval.high,
        p=p,
        n=len(tables[0]),
        unit="ρ",
        expected=expected,
        detectable=np.nan if same else detectable_by_interval(interval),
    )


def means_over_people(*tables: np.ndarray) -> tuple[np.ndarray, ...]:
    """Means of tables [n people, k settings] over people, [k] each."""
    return tuple(table.mean(axis=0) for table in tables)


def settings_rho(evidence: Evidence, *methods: str) -> Finding:
    """Claim 2: mean accuracy on D_I against mean accuracy on D_G."""
    on_I = evidence.people("v3", "D_I", *methods)
    on_G = evidence.people("v3", "D_G", *methods)
    return correlation(
        evidence,
        what=f"accuracy on D_I against D_G over {len(methods)} settings of shaping",
        sides=means_over_people,
        tables=(on_I.to_numpy(), on_G.loc[on_I.index].to_numpy()),
        expected=-1,
    )


def fairness_rho(evidence: Evidence, part: str, what: str, block: str) -> Finding:
    """Claims 13 and 14: mean accuracy against its dispersion over people, in one block of Table I.

    what    a measure of dispersion, see `dispersion`
    block   one of `BLOCKS`
    """
    methods = BLOCKS[block]
    people = evidence.levelled("v3", part, *methods)
    noise = np.zeros(people.shape)
    if what == BETWEEN_PERSON_SD:
        noise = sampling_variances_of(evidence, people, part)

    def mean_and_dispersion(values: np.ndarray, noise: np.ndarray):
        return values.mean(axis=0), dispersion(values, what, noise)

    return correlation(
        evidence,
        what=f"accuracy against {what} on {part} over {len(methods)} settings of {block}",
        sides=mean_and_dispersion,
        tables=(people.to_numpy(), noise),
        expected=-1,
        same=True,
    )


def printed_rho(what: str) -> str:
    """The same correlations in v3's printed Table I, as text.

    what   SD or SPREAD: mean accuracy against its dispersion, on D_I and on D_G;
           "D_G": mean accuracy on D_I against that on D_G
    """
    texts = []
    for part in ("D_I",) if what == "D_G" else PARTS:
        for block, methods in BLOCKS.items():
            numbers = PRINTED.loc[list(methods)]
            if what == SD:
                other = numbers[f"{part} sd"]
            elif what == SPREAD:
                other = numbers[f"{part} max"] - numbers[f"{part} min"]
            else:
                other = numbers["D_G mean"]
            rho = bootstrap.spearman(numbers[f"{part} mean"].to_numpy(), other.to_numpy())
            place = block if what == "D_G" else f"{block}, {part}"
            texts.append(f"{rho:+.2f} ({place})")
    return f"ρ {', '.join(texts)}"
