"""Sentences and small tables about results, in the order of the chapters' subjects.

One method · two methods · the cohort and other runs · data grouping · doses of early shaping ·
late iterations · generic networks · cost.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from perso.analysis import comparison
from perso.claims import ledger
from perso.parts import ALL_PARTS, PARTS, parts_of
from perso.report.tables import format_change, listed, parts_in
from perso.settings import overlay
from perso.stats import paired
from perso.stats.cohorts import Mean
from perso.stats.mixed import mixed_model
from perso.store.published import Published

# --- one method


def change_sentence(table: pd.DataFrame, method: str) -> str:
    """What a method changed on each part, with 95 % intervals; or that it was not run.

    table   of `comparison.compare`
    """
    if missing := not_run(table.index, method):
        return f"what {method} changes is not known, {missing}"
    changes = []
    for name in parts_in(table):
        part = ALL_PARTS[name]
        mean, low, high = 100 * table.loc[method, name][["change", "low", "high"]]
        verb = "does not significantly change"
        if low > 0:
            verb = "raises"
        elif high < 0:
            verb = "lowers"
        interval = "no interval" if np.isnan(low) else f"95 % interval {low:+.1f} to {high:+.1f}"
        changes.append(f"{verb} accuracy on {part.phrase} ({mean:+.1f} points, {interval})")
    return f"{method} {listed(changes)}"


# --- two methods


def not_run(present: Iterable[str], *methods: str) -> str:
    """Which methods are not among those of a run; empty where all are.

    A largest_dose below 500 leaves some of v3's out.
    """
    missing = [name for name in methods if name not in present]
    return f"this run has no {' and no '.join(missing)}" if missing else ""


def format_interval(change: Mean | paired.PairedChange) -> str:
    """A change in percentage points with its interval, as text."""
    return format_change(pd.Series({"change": change.mean, "low": change.low, "high": change.high}))


# of two methods that make the same networks (`registry.are_reordered`)
SAME_ON_D_G = (
    "On D_G these are the same networks in another order; but for seed variance, the mean cannot "
    "differ."
)
NOT_COMPARED = "–"  # in the place of such a difference


def difference_sentence(rows: pd.DataFrame, method: str, other: str) -> str:
    """One method minus another on each part, with 95 % intervals; or which one was not run."""
    if missing := not_run(set(rows["method"]), method, other):
        return f"{method} minus {other}: not known, {missing}"
    changes = comparison.change_by_part(rows, method, other)
    points = (f"{format_interval(change)} points on {part}" for part, change in changes.items())
    same = [part for part in parts_of(rows) if part not in changes]
    rest = f"; the same networks in another order on {listed(same)}" if same else ""
    return f"{method} minus {other}: {', '.join(points)}{rest}"


# --- the cohort, and several runs

MOSTLY = 0.75  # share of equal signs from which on most agree


def scale_sentence(runs: Sequence[Published], table: pd.DataFrame) -> str:
    """Whether the largest published run, the book's own run and v3's table agree on signs.

    runs    the book's own first (`published.runs_beside`)
    table   of `comparison.compare_runs`
    """
    own, *others = runs
    people = {run.name: run.provenance["people"] for run in runs}
    if not others:
        return (
            "Not known yet: no published run can be compared with this book's own "
            f"of {people[own.name]} people."
        )
    largest = largest_published(runs)
    one, other = (f"{run.name} ({people[run.name]} people)" for run in (largest, own))
    printed = table.columns.unique(1)[-1]
    text = (
        f"{agreement_words(table, largest.name, own.name)} "
        f"Of the changes that are clear in {one}, {agreed_signs(table, largest.name, own.name)} "
        f"have the same sign in {other}. Of those that are clear in the latter, "
        f"{agreed_signs(table, own.name, largest.name)} have the same sign in {largest.name}, and "
        f"{agreed_signs(table, own.name, printed)} in {printed}'s table."
    )
    if size_of(largest) > size_of(own):
        return text
    return f"Not known yet: no published run is larger than this book's own. {text}"


def largest_published(runs: Sequence[Published]) -> Published:
    """The published run of the largest scale and then of most people; the own without another.

    runs   the book's own first (`published.runs_beside`)
    """
    return max(runs[1:] or runs, key=size_of)


def size_of(run: Published) -> tuple[int, int]:
    """The scale of a run as a number, and its people, in the ledger's order."""
    scale = ledger.scale_of(overlay(run.provenance["settings"]))
    return ledger.SCALES.index(scale), run.provenance["people"]


def agreed_signs(table: pd.DataFrame, one: str, other: str) -> str:
    """How many of one run's significant changes have the same sign in the other.

    table   of `comparison.compare_runs`
    """
    return " and ".join(
        f"{same.sum()} of {len(same)} on {ALL_PARTS[part].phrase}"
        for part, same in comparison.sign_agreement(table, one, other).items()
    )


def agreement_words(table: pd.DataFrame, one: str, other: str) -> str:
    """How often one run's clear changes have the same sign in the other, a sentence without counts.

    table   of `comparison.compare_runs`
    """
    parts: dict[str, list[str]] = {}  # by what is found on them
    for part, same in comparison.sign_agreement(table, one, other).items():
        if same.empty:
            word = "nothing is clear"
        elif same.all():
            word = "all clear changes agree in sign"
        elif same.mean() >= MOSTLY:
            word = "most clear changes agree in sign"
        else:
            word = "many clear changes differ in sign"
        parts.setdefault(word, []).append(f"on {ALL_PARTS[part].phrase}")
    found = " but ".join(f"{word} {' and '.join(where)}" for word, where in parts.items())
    return f"Between {one} and {other}, {found}."


def agreement_table(runs: Sequence[Published], table: pd.DataFrame) -> pd.DataFrame:
    """Pairs of runs as text: how many of one's clear changes have the same sign in the other.

    The book's own run is compared with every other run in both directions, every run with v3.

    runs    the book's own first (`published.runs_beside`)
    table   of `comparison.compare_runs`
    """
    own, *others = (run.name for run in runs)
    pairs = [pair for name in others for pair in ((name, own), (own, name))]
    pairs += [(run, "v3") for run in (own, *others)]
    lines = []
    for one, other in pairs:
        agreement = comparison.sign_agreement(table, one, other)
        counts = {f"on {part}": f"{same.sum()} of {len(same)}" for part, same in agreement.items()}
        opposite = [
            f"on {part} {', '.join(same.index[~same])}"
            for part, same in agreement.items()
            if not same.all()
        ]
        line = {"clear in": one, "same sign in": other, **counts}
        lines.append(line | {"other sign": "; ".join(opposite)})
    return pd.DataFrame(lines)


# --- generic networks as a source of variation


def generic_models(rows: pd.DataFrame, methods: Iterable[str], base: str) -> pd.DataFrame:
    """Methods minus a base: intervals over people only, and over people and generic networks.

    All people of a fold and repeat start transfer learning from the same generic network.
    Changes and standard deviations are in percentage points.
    """
    lines = {}
    for method in methods:
        for name, part in PARTS.items():
            wide = rows.pivot(
                index=["person", "fold", "repeat"], columns="method", values=part.accuracy
            ).reset_index()
            differences = 100 * (wide[method] - wide[base])
            generic = wide["fold"].astype(str) + " " + wide["repeat"].astype(str)
            model = mixed_model(differences, {"person": wide["person"], "generic model": generic})
            mean = model.effects.loc["mean"]
            with_generic = pd.Series(
                {"change": mean["mean"], "low": mean["low"], "high": mean["high"]}
            )
            of_people = comparison.paired_differences(rows, method, base)[name]
            people_only = paired.paired_change(of_people)
            sd = model.sd["generic model"]
            lines[f"{method} − {base}, {name}"] = {
                "people only": format_interval(people_only),
                "people and generic networks": format_change(with_generic / 100),
                "sd of people": model.sd["person"],
                "sd of generic networks": sd,
                "share of one repeat's sd": sd / differences.groupby(wide["repeat"]).std().mean(),
            }
    return pd.DataFrame.from_dict(lines, orient="index")
