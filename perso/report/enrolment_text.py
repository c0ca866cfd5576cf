"""Texts about networks that forwarded samples make personal (chapter 24).

arms, pairs, ways   of `enrolment.arms_table`, `enrolment.own_minus_another`, `enrolment.ways_table`
A difference is a line with `change`, `low`, `high` (shares) and `tost`.
"""

from collections.abc import Callable, Sequence

import pandas as pd

from perso.analysis import enrolment
from perso.analysis.enrolment import NONE, WHOLE
from perso.claims.enrolment_claims import ENROLMENT_CLAIMS
from perso.claims.evidence import Evidence
from perso.claims.ledger import Verdict, test_claim, with_frozen
from perso.data.splits import Fold
from perso.methods.enrolled import VARIATIONAL
from perso.parts import D_I
from perso.report.answers import UNKNOWN
from perso.report.tables import SIGNIFICANT, listed
from perso.store.published import Published

MARGIN = f"{100 * D_I.margin:g} points"
OUTCOMES = {
    "same": "accuracy is the same for every person",
    "equivalent": f"equivalent within {MARGIN}",
    "higher": "higher",
    "lower": "lower",
    "open": f"no difference is shown, nor equivalence within {MARGIN}",
    "unknown": "without an interval",
}
NARROW = 0.0025  # of an interval, a share, as in the ledger
ARM = "enrolled"
ONE, HANDFUL = "1", "12"
BEDS = {"qmnist": "NIST writers' digits", "pens": "pen strokes", "watch": "watch recordings"}
# what else one can do with the same samples, by the key of its texts
WAYS = {
    "fast": "fine-tuning (1e-3)",
    "slow": "fine-tuning (1e-4)",
    "head": "head only",
    "reptile": "Reptile",
    "prototypes": "prototypes",
}


# --- single differences


def samples_phrase(amount: str) -> str:
    """How many samples, in words."""
    special = {WHOLE: "all of D_I", NONE: "no sample", ONE: "1 sample"}
    return special.get(amount, f"{amount} samples")


def outcome_of(line: pd.Series) -> str:
    """What a difference shows, one of OUTCOMES; equivalence first."""
    if line["change"] == 0 and pd.isna(line["low"]):  # without any spread there is no interval
        return "same"
    if line["tost"] < SIGNIFICANT:
        return "equivalent"
    if pd.isna(line["low"]):
        return "unknown"
    if line["low"] > 0:
        return "higher"
    return "lower" if line["high"] < 0 else "open"


def is_small_but_there(line: pd.Series) -> bool:
    """Whether a difference is equivalent to 0 within the margin, and shown not to be 0."""
    return outcome_of(line) == "equivalent" and (line["low"] > 0 or line["high"] < 0)


def points_text(line: pd.Series) -> str:
    """A difference in points with its interval; a narrow one has a second decimal."""
    digits = 2 if line["high"] - line["low"] < NARROW else 1
    change, *ends = (f"{100 * line[name] + 0.0:+.{digits}f}" for name in ("change", "low", "high"))
    return change if pd.isna(line["low"]) else f"{change} [{', '.join(ends)}]"


def difference_text(line: pd.Series) -> str:
    """A difference in points with its interval and what it shows."""
    also = ", but not 0" if is_small_but_there(line) else ""
    return f"{points_text(line)} points ({OUTCOMES[outcome_of(line)]}{also})"


# --- the prose


def answer_text(pairs: pd.DataFrame, planted: pd.DataFrame) -> str:
    """Whether own samples help more than another person's: the answer in a sentence.

    planted   `enrolment.own_minus_another` where people are made to differ
    """
    if pairs.empty:
        return "Not known: the run does not have the models."
    helps, helps_if_planted = (
        any(outcome_of(line) == "higher" for _, line in each.iterrows())
        for each in (pairs, planted)
    )
    if helps:
        return "Yes: a person's own samples help more than another person's."
    no = "it is not shown that a person's own samples help more than another person's"
    if helps_if_planted:
        return f"Only where people are made to differ. As they are, {no}."
    return f"No: {no}."


def enrolment_texts(
    arms: pd.DataFrame,
    same: pd.DataFrame,
    pairs: pd.DataFrame,
    where: str = "",
) -> dict[str, str]:
    """What the prose of chapter 24 says of a run, by key; UNKNOWN where it lacks the models.

    "enrolment_one", "_handful": own samples against nobody enrolled; "_own_one", "_own_handful":
    own minus another's; "_same_one", "_same_handful": against no enrolment of the same network;
    each also without what it shows, as "enrolment_one_points"; those of `pairs_texts`.

    same    `enrolment.arms_table`, same_network
    where   stands before these keys, such as "planted_"
    """
    found = {}
    for key, amount in {"one": ONE, "handful": HANDFUL}.items():
        own, own_minus_another = (ARM, "own", amount), (ARM, amount)
        for name, table, label in (
            (key, arms, own),
            (f"own_{key}", pairs, own_minus_another),
            (f"same_{key}", same, own),
        ):
            found[name] = text_at(table, label, difference_text)
            found[f"{name}_points"] = text_at(table, label, points_text)
    found |= pairs_texts(pairs)
    return {f"enrolment_{where}{key}": text for key, text in found.items()}


def ways_texts(ways: pd.DataFrame) -> dict[str, str]:
    """The changes of WAYS on D_I in points, by key: "enrolment_fast_one", "enrolment_fast_all"."""
    on_own = ways["D_I"] if len(ways) else ways
    return {
        f"enrolment_{way}_{key}": text_at(on_own, (name, amount), points_text)
        for way, name in WAYS.items()
        for key, amount in {"one": ONE, "handful": HANDFUL, "all": WHOLE}.items()
    }


def text_at(table: pd.DataFrame, label: tuple, text_of: Callable[[pd.Series], str]) -> str:
    """The text of one line of a table; UNKNOWN where it is not there."""
    return text_of(table.loc[label]) if label in table.index else UNKNOWN


def pairs_texts(pairs: pd.DataFrame) -> dict[str, str]:
    """What own minus another's samples shows, over all arms and numbers of samples.

    {"pairs": how many differences there are, "equivalent": of how many equivalence is shown,
    "zero": how many are 0 for every person, "small": those that are equivalent but not 0,
    "higher": those above 0, "largest": the largest one}
    """
    outcomes = [outcome_of(line) for _, line in pairs.iterrows()]
    small = [pair_text(*each) for each in pairs.iterrows() if is_small_but_there(each[1])]
    higher = [pair_text(*each) for each in pairs.iterrows() if outcome_of(each[1]) == "higher"]
    largest = difference_text(pairs.loc[pairs["change"].idxmax()]) if len(pairs) else UNKNOWN
    return {
        "pairs": f"{len(pairs)}",
        "equivalent": f"{outcomes.count('same') + outcomes.count('equivalent')}",
        "zero": f"{outcomes.count('same')}",
        "small": listed(small) if small else "none",
        "higher": listed(higher) if higher else "none",
        "largest": largest,
    }


def pair_text(name: tuple[str, str], line: pd.Series) -> str:
    """An arm and a number of samples with their difference."""
    return f"{name[0]}, {samples_phrase(name[1])} ({points_text(line)})"


def episode_texts(fold: Fold) -> dict[str, str]:
    """What one step of the training shows, and of which people, by key."""
    how = VARIATIONAL
    inside, outside = len(fold.global_people), len(fold.outside_people)
    texts = {
        "steps": f"{how.steps:,}",
        "shown": f"{how.people}",
        "known": f"{inside + outside}",
        "inside": f"{inside}",
        "outside": f"{outside}",
        "amounts": f"{', '.join(map(str, how.samples[:-1]))} or {how.samples[-1]}",
        "queries": f"{how.queries}",
        "dropped": f"{100 * how.dropped:.0f}",
    }
    return {f"enrolment_{key}": text for key, text in texts.items()}


# --- other data


def beds_table(runs: Sequence[Published]) -> pd.DataFrame:
    """What own samples change on D_I on the data of each run, as text: a line per amount."""
    lines = {}
    for run in runs:
        bed = BEDS.get(run.provenance["settings"]["dataset"], run.provenance["settings"]["dataset"])
        name = f"{bed}, {run.rows['person'].nunique()} people ({run.name})"
        arms, pairs = enrolment.arms_table(run.rows), enrolment.own_minus_another(run.rows)
        for amount in (ONE, HANDFUL):
            lines[name, samples_phrase(amount)] = {
                "against nobody enrolled": text_at(arms, (ARM, "own", amount), difference_text),
                "own minus another's": text_at(pairs, (ARM, amount), difference_text),
            }
    return pd.DataFrame.from_dict(lines, orient="index")


# --- claims


def enrolment_verdicts(evidence: Evidence) -> tuple[Verdict, ...]:
    """The verdicts on claims 43 to 45, with the controls on planted differences."""
    verdicts = [test_claim(claim, evidence) for claim in ENROLMENT_CLAIMS]
    return with_frozen(verdicts, evidence.folder)
