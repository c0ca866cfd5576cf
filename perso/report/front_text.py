"""Texts about what else one could do, and about how little one may store (chapters 19 and 20).

table       of `front.baselines_table`; where harm is shown, of `front.with_harm`
contrasts   of `effects.contrast_table`, with the pairs of one of `front.QUESTIONS`
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from perso.analysis import front
from perso.analysis.effects import LATE, LATE_FAST
from perso.analysis.selection import SELECTED
from perso.claims.claim import Claim
from perso.claims.ledger import Verdict, test_claim, with_frozen
from perso.claims.our_claims import OUR_CLAIMS
from perso.methods.method import FAMILIES, Method
from perso.parts import PARTS
from perso.report.answers import UNKNOWN
from perso.report.effects_text import harm_text
from perso.report.ledger_text import format_estimate, says, what_text
from perso.report.sentences import NOT_COMPARED
from perso.report.specification import RowsEvidence
from perso.report.tables import format_change, format_p, listed, training_time
from perso.store.published import Published

# Methods whose changes are in the prose, by the key of their texts
NAMED = {
    "transfer": LATE_FAST,
    "slow": LATE,
    "wise": "WiSE-FT 0.5",
    "head": "head only",
    "replay": "replay",
    "slow_replay": "replay (1e-4)",
    "weighing": "SW-n-2",
    "early": "ES 12 %",
    "more": "TL 9 % on D_G (1e-4)",
}
# Pairs of methods whose differences are in the prose, by key
COMPARED = {
    "replay_minus": ("replay", LATE_FAST),
    "replay_own": ("replay", "replay on another person"),
    "transfer_own": (LATE_FAST, "TL 9 % on another person (1e-3)"),
    "reptile": ("Reptile, then TL 9 %", "longer generic, then TL 9 %"),
    "maml": ("MAML, then TL 9 %", "longer generic, then TL 9 %"),
    "choice": (SELECTED.name, LATE_FAST),
}
PROBABLE = 0.95  # share of bootstrap samples from which on a method is said to lie above
HALF = 0.5  # of the largest gain
MILLION = 1e6  # people
LADDER = (
    front.GENERIC,
    "statistics only",
    "norm only",
    "head only",
    "low rank 4",
    "kNN mix",
    "head, then all",
    LATE_FAST,
    LATE,
    "replay",
    "replay (1e-4)",
)


def listed_methods(names: Sequence[str]) -> str:
    """Names of methods as a list in a sentence, or none; one with a comma is in quotation marks."""
    return listed([f"“{name}”" if "," in name else name for name in names]) if names else "none"


def part_texts(
    table: pd.DataFrame, lines: Mapping[str, object], parts: Sequence[str] = tuple(PARTS)
) -> dict[str, str]:
    """Changes in percentage points: {"replay_I": "+2.5 [+1.6, +3.5]", "replay_G": …}.

    table   columns (part, change | low | high), shares
    lines   {key: label of a line of the table}; UNKNOWN for one that is not there
    """
    texts = {}
    for key, label in lines.items():
        for part in parts:
            is_known = label in table.index and part in table
            texts[f"{key}_{part[-1]}"] = (
                format_change(table.loc[label][part]) or NOT_COMPARED if is_known else UNKNOWN
            )
    return texts


# --- what else one could do


def baselines_texts(
    run: Published, table: pd.DataFrame, contrasts: pd.DataFrame, chosen: pd.Series
) -> dict[str, str]:
    """What the prose of chapter 19 says of a run, by key.

    table       of this run
    contrasts   with all pairs of `front.QUESTIONS`
    chosen      of `selection.chosen_settings`
    """
    texts = {
        "baselines_run": run.name,
        "baselines_people": f"{front.whole_cohorts(run.rows)['person'].nunique()}",
        "baselines_above": above_names(table, of_controls=False),
        "baselines_above_controls": above_names(table, of_controls=True),
        "baselines_choices": choices_text(chosen),
    }
    found = part_texts(table, NAMED) | part_texts(contrasts, COMPARED) | harmed_texts(table)
    return texts | {f"baselines_{key}": text for key, text in found.items()}


def above_names(table: pd.DataFrame, of_controls: bool) -> str:
    """Which methods, or which controls, lie above WiSE-FT's curve in 95 % of bootstrap samples."""
    if front.PROBABILITY not in table or table[front.PROBABILITY].isna().all():
        return UNKNOWN
    is_control = table["", "family"] == "control"
    lines = table[is_control] if of_controls else front.without_controls(table)
    return listed_methods(list(lines.index[lines[front.PROBABILITY] >= PROBABLE]))


def choices_text(chosen: pd.Series) -> str:
    """Which settings other people's validation chooses, and for how many people each."""
    counts = chosen.value_counts()
    texts = [f"{name.split(',')[0]} for {count}" for name, count in counts.items()]
    return listed(texts) if texts else UNKNOWN


def harmed_texts(table: pd.DataFrame) -> dict[str, str]:
    """With how many methods few people are expected to be less accurate on D_I, and the worst.

    {"few": the number of methods with fewer than 5 % of the people, "methods": of how many,
    "most": the three methods with the most people}
    """
    if ("harmed", "share") not in table:
        return dict.fromkeys(("few", "methods", "most"), UNKNOWN)
    shares = 100 * front.without_controls(table)["harmed", "share"].dropna().astype(float)
    worst = shares.sort_values(ascending=False, kind="stable").head(3)
    return {
        "few": f"{(shares < 5).sum()}",
        "methods": f"{len(shares)}",
        "most": listed_shares(worst),
    }


def listed_shares(percents: pd.Series) -> str:
    """Methods with a share in percent each, as a list in a sentence."""
    texts = [f"{name} ({percent:.0f} %)" for name, percent in percents.items()]
    return listed(texts) if texts else UNKNOWN


# --- bytes


def bytes_text(count: float) -> str:
    """A number of bytes; "?" where it is unknown."""
    return "?" if pd.isna(count) else f"{count:,.0f}"


def storage_texts(table: pd.DataFrame) -> dict[str, str]:
    """What the prose of chapter 20 says: bytes per person for the largest gain and shares of it.

    {"storage_whole": bytes of a whole network, "storage_million": of a million of them}; with
    "storage_best" and "storage_half": a method, and with _bytes, _I, _G its bytes and changes;
    with "storage_head" and "storage_rank": _size and _gain, in percent of the whole, _I, _G
    """
    parts = {"head": "head only", "rank": "low rank 4"}
    found = {"best": front.cheapest(table, 1), "half": front.cheapest(table, HALF)}
    bytes_of = table["storage", "bytes"]
    texts = {key: name or UNKNOWN for key, name in found.items()}
    texts |= part_texts(table, found | parts)
    texts |= {f"{key}_bytes": bytes_text(bytes_of.get(name, np.nan)) for key, name in found.items()}
    whole = bytes_of.get(LATE_FAST, np.nan)
    texts |= {"whole": bytes_text(whole), "million": gigabytes(MILLION * whole)}
    texts["half_million"] = gigabytes(MILLION * bytes_of.get(found["half"], np.nan))
    gains = front.gain_shares(table)
    for key, name in parts.items():
        texts[f"{key}_size"] = whole_percent(bytes_of.get(name, np.nan) / whole)
        texts[f"{key}_gain"] = whole_percent(gains.get(name, np.nan))
    return {f"storage_{key}": text for key, text in texts.items()}


def whole_percent(share: float) -> str:
    """A share in percent; UNKNOWN where it is missing."""
    return UNKNOWN if pd.isna(share) else f"{100 * share:.0f} %"


def gigabytes(count: float) -> str:
    """A number of bytes in GB; UNKNOWN where it is missing."""
    return UNKNOWN if pd.isna(count) else f"{count / 1e9:,.0f} GB"


def training_texts(table: pd.DataFrame) -> pd.Series:
    """The training for one person as text, by method: in seconds, or in iterations."""
    unit, training = front.training_of(table)
    return training.map(training_time if unit == "seconds" else "{:,.0f} iterations".format)


def storage_text(table: pd.DataFrame) -> pd.DataFrame:
    """What the LADDER's methods store for a person, and what it buys, as text: few bytes first."""
    lines = table.loc[[name for name in LADDER if name in table.index]]
    lines = lines.sort_values(("storage", "bytes"), kind="stable")
    whole = table["storage", "bytes"].get(LATE_FAST, float("nan"))
    sizes = lines["storage", "bytes"]
    columns = {
        "bytes": sizes.map(bytes_text),
        "% of a network": (100 * sizes / whole).map("{:.1f}".format),
        "D_I in pp [95 %]": lines["D_I"].apply(format_change, axis=1),
        "% of the largest gain": (100 * front.gain_shares(table)[lines.index]).map("{:.0f}".format),
        "D_G in pp [95 %]": lines["D_G"].apply(format_change, axis=1),
        "training": training_texts(lines),
    }
    return pd.DataFrame(columns, index=lines.index)


# --- tables


def meanings_table(methods: Iterable[Method]) -> pd.DataFrame:
    """Every method with its meaning, by family."""
    order = {family: place for place, family in enumerate(FAMILIES)}
    in_order = sorted(methods, key=lambda method: order.get(method.family, len(order)))
    index = pd.MultiIndex.from_tuples([(each.family, each.name) for each in in_order])
    return pd.DataFrame({"meaning": [each.meaning for each in in_order]}, index=index)


def best_table(table: pd.DataFrame) -> pd.DataFrame:
    """The method of each family with the largest change on D_I, and on D_G, as text."""
    methods = front.without_controls(table)
    lines = {}
    for part in PARTS:
        best = methods[part, "change"].groupby(methods["", "family"], sort=False).idxmax()
        for family, name in best.dropna().items():
            line = methods.loc[name]
            cells = {f"{each} in pp [95 %]": format_change(line[each]) for each in PARTS}
            lines[family, f"best on {part}"] = {"method": name, **cells}
    order = sorted(lines, key=lambda pair: FAMILIES.index(pair[0]))
    return pd.DataFrame.from_dict({pair: lines[pair] for pair in order}, orient="index")


def front_text(table: pd.DataFrame) -> pd.DataFrame:
    """All numbers as text: a line per method."""
    columns = {"family": table["", "family"]}
    for part in PARTS:
        columns[f"{part} in pp [95 %]"] = table[part].apply(format_change, axis=1)
    columns["training per person"] = training_texts(table)
    columns["bytes per person"] = table["storage", "bytes"].map(bytes_text)
    columns["expected harmed, % [95 %]"] = table["harmed"].apply(harm_text, axis=1)
    if front.ABOVE in table:
        columns["above WiSE-FT"] = table[front.ABOVE].map({True: "yes", False: ""})
        columns["in % of samples"] = [
            "" if pd.isna(share) else f"{100 * share:.0f}" for share in table[front.PROBABILITY]
        ]
    return pd.DataFrame(columns, index=table.index)


# --- our claims


def verdicts_of(run: Published, claims: Sequence[Claim] = OUR_CLAIMS) -> tuple[Verdict, ...]:
    """The verdicts on claims, by default our own, from the rows of one run alone."""
    evidence = RowsEvidence(run)
    verdicts = [test_claim(claim, evidence) for claim in claims]
    return with_frozen(verdicts, evidence.folder)


def verdicts_text(verdicts: Sequence[Verdict]) -> str:
    """The number of each claim with its verdict."""
    return ", ".join(f"{each.claim.number} {each.verdict}" for each in verdicts)


def claim_tests_table(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """Every test and control of the claims as text, with what the claim says."""
    lines = []
    for each in verdicts:
        roles = {"test": each.findings, "control": each.controls}
        for role, findings in roles.items():
            for found in findings:
                line = {
                    "claim": f"{each.claim.number}. {says(each)}",
                    "verdict": each.verdict,
                    "role": role,
                    "what": what_text(found),
                    "outcome": found.outcome,
                    "ours": format_estimate(found),
                    "p": format_p(found.p),
                }
                lines.append(line)
    if not lines:
        return pd.DataFrame()
    return pd.DataFrame(lines).set_index(["claim", "verdict", "role", "what"])
