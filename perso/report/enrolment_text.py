"""Texts about networks that forwarded samples make personal (chapter 24).

arms, pairs, ways   of `enrolment.arms_table`, `enrolment.own_minus_another`, `enrolment.ways_table`
A difference is a line with `change`, `low`, `high` (shares) and `tost`.
"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
from IPython.display import Markdown

from perso.analysis import enrolment
from perso.analysis.enrolment import NONE, WHOLE
from perso.claims import frozen
from perso.claims.enrolment_claims import ENROLMENT_CLAIMS
from perso.claims.evidence import Evidence
from perso.claims.ledger import Verdict, test_claim
from perso.data.splits import Fold
from perso.methods.enrolled import VARIATIONAL
from perso.parts import D_I
from perso.report.effects_text import NOT_THERE
from perso.report.tables import SIGNIFICANT, listed
from perso.store.published import OWN, Published

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
FINE_TUNING = ("fine-tuning (1e-3)", "fine-tuning (1e-4)", "head only", "Reptile", "prototypes")


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
    change, *ends = (
        f"{round(100 * line[name], digits) + 0.0:+.{digits}f}" for name in ("change", "low", "high")
    )
    return change if pd.isna(line["low"]) else f"{change} [{', '.join(ends)}]"


def difference_text(line: pd.Series) -> str:
    """A difference in points with its interval and what it shows."""
    also = ", but not 0" if is_small_but_there(line) else ""
    return f"{points_text(line)} points ({OUTCOMES[outcome_of(line)]}{also})"


# --- the answer


def enrolment_answer(
    people: int,
    arms: pd.DataFrame,
    pairs: pd.DataFrame,
    planted: pd.DataFrame,
    same_planted: pd.DataFrame,
) -> str:
    """What a forwarded sample changes on D_I, and whose sample it must be.

    planted        the pairs where a difference between people is put in
    same_planted   the arms there, against the same network without an enrolment
    """
    if (ARM, "own", ONE) not in arms.index or (ARM, ONE) not in pairs.index:
        return NOT_THERE
    changed, own = arms.loc[ARM, "own", ONE], pairs.loc[ARM, ONE]
    return (
        f"{people} people whom no network has met. Forwarding one sample of a person changes "
        f"accuracy on D_I by {difference_text(changed)}, compared with the same network trained as "
        f"long without enrolments. Own minus another person's sample is {difference_text(own)}. "
        f"{found_sentence(planted, same_planted)}"
    )


def found_sentence(planted: pd.DataFrame, same_planted: pd.DataFrame) -> str:
    """Whether the difference between people that is put in is found, and what that is worth."""
    lines = [(ARM, amount) for amount in (ONE, HANDFUL) if (ARM, amount) in planted.index]
    if not lines:
        return "Whether it would find a planted difference is not known yet."
    texts = [
        f"{points_text(planted.loc[pair])} points with {samples_phrase(pair[1])}" for pair in lines
    ]
    ends = {
        True: "so a difference that is there is found",
        False: "so it is not shown that a difference that is there is found with each of them",
    }
    worth = [
        f"{points_text(same_planted.loc[ARM, 'own', amount])} with {samples_phrase(amount)}"
        for _, amount in lines
    ]
    is_found = all(outcome_of(planted.loc[pair]) == "higher" for pair in lines)
    return (
        "Where each person lacks one kind of flips, own minus another's is "
        f"{listed(texts)}: {ends[is_found]}. Of this, own samples gain {listed(worth)} over no "
        "enrolment; the rest is what another person's samples harm."
    )


def same_network_sentence(same_network: pd.DataFrame) -> str:
    """What own samples change in their arm's network (`arms_table`, same_network)."""
    texts = [
        f"{samples_phrase(amount)} {difference_text(same_network.loc[ARM, 'own', amount])}"
        for amount in (ONE, HANDFUL)
        if (ARM, "own", amount) in same_network.index
    ]
    if not texts:
        return NOT_THERE
    return f"The same network with an enrolment minus without one: {'; '.join(texts)}."


def arms_sentence(pairs: pd.DataFrame) -> str:
    """How many arms are equivalent with own and with another's samples, and all others by name."""
    if pairs.empty:
        return NOT_THERE
    found: dict[str, list[str]] = {outcome: [] for outcome in OUTCOMES}
    for name, line in pairs.iterrows():
        found[outcome_of(line)].append(pair_text(name, line))
    same, equivalent = found.pop("same"), found.pop("equivalent")
    small = [pair_text(*each) for each in pairs.iterrows() if is_small_but_there(each[1])]
    texts = [f"{OUTCOMES[outcome]}: {listed(names)}" for outcome, names in found.items() if names]
    near = (
        f"{len(same) + len(equivalent)} of {len(pairs)} differences are equivalent within {MARGIN}"
    )
    if same:
        near += f", {len(same)} of them exactly 0 for every person"
    if small:
        near += f" (small, but shown not to be 0: {listed(small)})"
    return f"Own minus another's samples on D_I: {'; '.join([near, *texts])}."


def pair_text(name: tuple[str, str], line: pd.Series) -> str:
    """An arm and a number of samples with their difference."""
    return f"{name[0]}, {samples_phrase(name[1])} ({points_text(line)})"


def exchanged_sentence(swapped: pd.DataFrame) -> str:
    """Whether any arm finds that two kinds of flips' classes are exchanged for half of the people.

    swapped   the pairs of that run
    """
    if swapped.empty:
        return NOT_THERE
    finders = [
        pair_text(name, line) for name, line in swapped.iterrows() if outcome_of(line) == "higher"
    ]
    if finders:
        return f"The exchange is found by {listed(finders)}."
    largest = swapped.loc[swapped["change"].idxmax()]
    return (
        f"None of {len(swapped)} comparisons shows that the exchange is found: own minus another's "
        f"is {difference_text(largest)} at most."
    )


# --- how it is trained


def episodes_sentence(fold: Fold) -> str:
    """What one step of the training shows, and of which people."""
    how = VARIATIONAL
    inside, outside = len(fold.global_people), len(fold.outside_people)
    amounts = ", ".join(map(str, how.samples[:-1]))
    return (
        f"Each of {how.steps:,} steps shows {how.people} of {inside + outside} people, {inside} of "
        f"D_G and {outside} who are outside of every other part of the study: of each person "
        f"{amounts} or {how.samples[-1]} samples as the enrolment, and {how.queries} others that "
        f"the loss is about. {100 * how.dropped:.0f} % of the enrolments are left out"
    )


# --- other ways


def ways_sentence(ways: pd.DataFrame) -> str:
    """What fine-tuning and its rivals make of one sample, of a handful and of all of D_I."""
    texts = []
    for amount in (ONE, HANDFUL, WHOLE):
        lines = [(way, amount) for way in FINE_TUNING if (way, amount) in ways.index]
        if lines:
            changed = [f"{way} {points_text(ways.loc[way, amount]['D_I'])}" for way, _ in lines]
            texts.append(f"With {samples_phrase(amount)}: {', '.join(changed)}.")
    return " ".join(texts) or NOT_THERE


# --- other data


def beds_by_run(runs: Sequence[Published]) -> Markdown:
    """Own minus another's and the change against nobody on the data of each run, as a list."""
    return Markdown("\n".join(f"- {run_text(run)}" for run in runs))


def run_text(run: Published) -> str:
    """What own samples change on the data of one run."""
    settings = run.provenance["settings"]
    bed = BEDS.get(settings["dataset"], settings["dataset"])
    name = "these" if run.name == OWN else f"`{run.file}`"
    start = f"{bed}, {run.rows['person'].nunique()} people ({name})"
    arms, pairs = enrolment.arms_table(run.rows), enrolment.own_minus_another(run.rows)
    texts = [
        f"with {samples_phrase(amount)} {difference_text(arms.loc[ARM, 'own', amount])} against "
        f"nobody enrolled, own minus another's {difference_text(pairs.loc[ARM, amount])}"
        for amount in (ONE, HANDFUL)
        if (ARM, amount) in pairs.index and (ARM, "own", amount) in arms.index
    ]
    return f"**{start}:** {'; '.join(texts) or NOT_THERE}"


# --- claims


def enrolment_verdicts(evidence: Evidence) -> list[Verdict]:
    """The verdicts on claims 43 to 45, with the controls on planted differences."""
    fixed = frozen.frozen_claims(evidence.folder)
    return [
        replace(test_claim(claim, evidence), frozen=frozen.is_frozen(claim, fixed))
        for claim in ENROLMENT_CLAIMS
    ]
