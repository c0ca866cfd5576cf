"""The personal/general front: what every method gains and loses against the generic network.

`rows` have the columns of `sqlite.ROW`, of the table `baselines`. A curve is the names of methods
along WiSE-FT's way, from the generic network to transfer learning. Accuracies and changes are
shares.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from perso.analysis import accuracy, changes, effects, tradeoff
from perso.analysis.comparison import INTERVAL
from perso.analysis.effects import LATE, LATE_FAST, MethodPair
from perso.analysis.selection import SELECTED, with_selected
from perso.analysis.storage import BYTES
from perso.methods.baselines import CANDIDATES
from perso.methods.method import Method
from perso.parts import PARTS
from perso.stats.cohorts import without_error
from perso.store.published import Published

GENERIC = "TL-n-0"
ABOVE = ("front", "above WiSE-FT")
PROBABILITY = ("front", "probability")
DRAWS = 1000  # bootstrap samples of people
FEWEST = 6  # people, below whom a bootstrap says nothing
MARGINS = PARTS["D_I"].margin, PARTS["D_G"].margin

# {what is asked: pairs of methods, and in what they differ}
QUESTIONS = {
    "replay": (
        MethodPair("replay", LATE_FAST, "half of every batch from D_G"),
        MethodPair("replay (1e-4)", LATE, "half of every batch from D_G"),
        MethodPair("replay", LATE, "half of every batch from D_G, and the higher rate"),
        MethodPair("replay", "TL 9 % on D_G (1e-3)", "half of every batch from D_I"),
    ),
    "own": (
        MethodPair("replay", "replay on another person", "own data, not another person's"),
        MethodPair("L2-SP 0.1", "L2-SP 0.1 on another person", "own data, not another person's"),
        MethodPair(LATE_FAST, "TL 9 % on another person (1e-3)", "own data, not another person's"),
        MethodPair(LATE, "TL 9 % on another person (1e-4)", "own data, not another person's"),
    ),
    "starts": tuple(
        MethodPair(
            f"{start}, then TL {length} %",
            f"longer generic, then TL {length} %",
            f"a start by {start}, not by as many more samples of D_G",
        )
        for start in ("Reptile", "MAML")
        for length in ("0.3", "9")
    ),
    "choice": (
        MethodPair(SELECTED.name, CANDIDATES[-1].name, "rate and length chosen by others"),
        MethodPair(SELECTED.name, LATE_FAST, "chosen by others, and trained on nine tenths"),
    ),
}


# --- the table


def complete_run(
    run: Published, methods: tuple[Method, ...]
) -> tuple[Published, tuple[Method, ...]]:
    """The run with the rows of the setting that others choose, and those methods that have rows."""
    rows, methods = with_selected(run.rows, methods)
    there = set(rows["method"])
    return replace(run, rows=rows), tuple(each for each in methods if each.name in there)


def whole_cohorts(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the cohorts that have all methods; all rows where no cohort has.

    Means of methods over different cohorts do not compare. Pairs of methods do: a difference is of
    the people who have both.
    """
    methods = rows.groupby("fold")["method"].nunique()
    whole = methods.index[methods == rows["method"].nunique()]
    return rows[rows["fold"].isin(whole)] if len(whole) else rows


def baselines_table(
    run: Published,
    methods: Iterable[Method],
    numbers: pd.Series,
    curve: Sequence[str],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """What each method does, and what it costs, against the generic network: a line per method.

    run, methods   of `complete_run`; its `whole_cohorts` count
    numbers        that a method stores for one person, by name (`storage.numbers_of_run`)

    Columns are pairs. ("", "family"). (D_I or D_G, …): change, low, high. ("cost", …): seconds and
    iterations for one person, without what people share; seconds are nan where the run has rows of
    several devices, whose times do not compare. ("storage", "bytes"): for one person.
    ABOVE: whether the mean lies above the curve by the parts' margins. PROBABILITY: the share of
    bootstrap samples of people in which it does. Both are missing where the curve has no rows, and
    say no for the curve itself.
    """
    rows = whole_cohorts(run.rows)
    cost = rows.groupby("method")[["seconds", "own_iterations"]].mean()
    if rows["device"].nunique() > 1:
        cost["seconds"] = np.nan
    lines = {}
    for method in methods:
        name = method.name
        lines[name] = {
            ("", "family"): method.family,
            **change_columns(rows, name),
            ("cost", "seconds"): cost.loc[name, "seconds"],
            ("cost", "iterations"): cost.loc[name, "own_iterations"],
            ("storage", "bytes"): BYTES * numbers.get(name, np.nan),
        }
    table = pd.DataFrame.from_dict(lines, orient="index")
    if set(curve) <= set(table.index):
        table[ABOVE] = above_front(table, curve)
        table[PROBABILITY] = above_probability(rows, list(table.index), curve, rng)
    return table


def change_columns(rows: pd.DataFrame, name: str) -> dict[tuple[str, str], float]:
    """The change of one method against the generic network and its interval, on both parts."""
    found = {}
    for part in PARTS:
        mean = without_error(0.0, 0, 0)
        if name != GENERIC:
            mean = changes.change(rows, name, GENERIC, part)
        values = (mean.mean, mean.low, mean.high)
        found |= {(part, column): value for column, value in zip(INTERVAL, values, strict=True)}
    return found


def with_harm(table: pd.DataFrame, run: Published) -> pd.DataFrame:
    """The table with ("harmed", share | low | high) of `effects.expected_harm`, of the same run.

    Against the generic network, for which itself they are nan.
    """
    hits = effects.hits_on_own_data(replace(run, rows=whole_cohorts(run.rows)))
    lines = {}
    for name in table.index:
        harm = without_error(np.nan, 0, 0)
        if name != GENERIC:
            harm = effects.expected_harm(hits, name, GENERIC)
        lines[name] = {
            ("harmed", "share"): harm.mean,
            ("harmed", "low"): max(harm.low, 0.0),
            ("harmed", "high"): min(harm.high, 1.0),
        }
    return table.join(pd.DataFrame.from_dict(lines, orient="index"))


def training_of(table: pd.DataFrame) -> tuple[str, pd.Series]:
    """What training for one person takes, and its unit: seconds, or iterations without these."""
    unit = "iterations" if table["cost", "seconds"].isna().all() else "seconds"
    return unit, table["cost", unit].astype(float)


# --- the front


def above_front(table: pd.DataFrame, curve: Sequence[str]) -> np.ndarray:
    """Which methods' means lie above the curve by the margins; none of the curve's own does."""
    on_I, on_G = (table[part, "change"] for part in PARTS)
    knots = tuple(each[list(curve)].to_numpy() for each in (on_I, on_G))
    above = tradeoff.above_curve((on_I.to_numpy(), on_G.to_numpy()), knots, MARGINS)
    return above & ~table.index.isin(curve)


def above_probability(
    rows: pd.DataFrame, names: Sequence[str], curve: Sequence[str], rng: np.random.Generator
) -> np.ndarray:
    """The share of bootstrap samples of people in which each method lies above the curve, [k].

    Of the people who have all of the methods; cohorts as in `tradeoff.resampled`. nan below FEWEST.
    """
    wide = accuracy.by_part(rows)
    on_I, on_G = (wide[part][list(names)].dropna() for part in PARTS)
    people = on_I.index.intersection(on_G.index)
    if len(people) < FEWEST:
        return np.full(len(names), np.nan)
    cohort = rows.groupby("person")["fold"].first().loc[people].to_numpy()
    drawn = tradeoff.resampled(
        on_I.loc[people].to_numpy(), on_G.loc[people].to_numpy(), rng, DRAWS, cohort
    )
    knots = tuple(each[:, [names.index(name) for name in curve]] for each in drawn)
    shares = []
    for place, name in enumerate(names):
        point = tuple(each[:, [place]] for each in drawn)
        above = tradeoff.above_curve(point, knots, MARGINS)
        shares.append(0.0 if name in curve else above.mean())
    return np.array(shares)


# --- what is left out of figures and of "the best"


def without_controls(table: pd.DataFrame) -> pd.DataFrame:
    """The lines of a `baselines_table` that are no control, and not the baseline."""
    return table[~table["", "family"].isin(["control", "baseline"])]


# --- bytes for each person


def from_the_same_start(table: pd.DataFrame) -> pd.DataFrame:
    """The lines of a `baselines_table` without controls and without meta-learned starts.

    Such a start is more training on D_G, which all people share: its gain costs no person bytes.
    """
    methods = without_controls(table)
    return methods[methods["", "family"] != "meta-learning"]


def cheapest(table: pd.DataFrame, share: float) -> str:
    """The method with the fewest bytes among those with at least this share of the largest gain.

    table   of `baselines_table`; those of `from_the_same_start` count
    The gain is the mean change on D_I. Of equal bytes, the method with the larger gain. "" where
    nothing gains, or no bytes are known.
    """
    methods = from_the_same_start(table)
    gains = methods["D_I", "change"]
    enough = methods[gains >= share * gains.max()]
    enough = enough[enough["storage", "bytes"].notna()]
    if not gains.max() > 0 or enough.empty:
        return ""
    order = [("storage", "bytes"), ("D_I", "change")]
    return str(enough.sort_values(order, ascending=[True, False], kind="stable").index[0])


def gain_shares(table: pd.DataFrame) -> pd.Series:
    """Each method's change on D_I as a share of the largest of `from_the_same_start`."""
    return table["D_I", "change"] / from_the_same_start(table)["D_I", "change"].max()
