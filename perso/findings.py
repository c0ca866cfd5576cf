"""What chapters say of pairs of methods, of likeness, of doses and of late iterations: sentences and tables of text."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown

from perso import metrics, page, stats, tables
from perso.methods import DOSES, METHODS, again, early, longer
from perso.mixed import mixed


def versus_each(
    rows: pd.DataFrame, pairs: Iterable[tuple[str, str]], say: Callable = page.versus
) -> Markdown:
    """What there is to say of every pair of methods, as a list; of a method that this run leaves out, that it does.

    say   `page.versus`, or `equal`: of rows and two names, a sentence
    """
    there, lines = set(rows["method"]), []
    for method, other in pairs:
        lacking = [name for name in (method, other) if name not in there]
        lines.append(
            f"- {say(rows, method, other)}"
            if not lacking
            else f"- {method} minus {other}: not known, this run is without {' and '.join(lacking)}"
        )
    return Markdown("\n".join(lines))


def equal(rows: pd.DataFrame, method: str, other: str) -> str:
    """Whether two methods are equivalent (TOST) on D_I and D_G, with the margins of `stats.MARGINS`."""
    said = []
    for part, differences in tables.paired(rows, method, other).items():
        found = stats.equivalence(differences, stats.MARGINS[part])
        mean, low, high, margin = (
            100 * value for value in (found.mean, found.low, found.high, found.margin)
        )
        apart = found.low > found.margin or found.high < -found.margin
        verdict = "further apart than" if apart else "not shown to be equivalent within"
        verdict = "equivalent within" if found.equivalent else verdict
        ends = "no interval" if np.isnan(low) else f"90 % interval {low:+.2f} to {high:+.2f}"
        said.append(f"{verdict} ±{margin:g} points on {part} ({mean:+.2f}, {ends})")
    return f"{method} and {other} are {said[0]} and {said[1]}"


def likeness(ours: pd.Series, raw: pd.Series, latent: int) -> str:
    """What codes say about hands, beside raw pixels (two lines of `likeness.table`)."""
    return (
        f"By {latent} numbers, the nearest other image is by the same person {ours['× chance']:.1f} times as often as "
        f"by chance, and shows the same class in {ours['class']:.0%} of cases; by raw pixels "
        f"{raw['× chance']:.1f} times and in {raw['class']:.0%}. Within classes {100 * ours['R²']:.0f} % of the "
        f"variation of codes goes by writer, beyond chance (PERMANOVA, p = {ours['p']:.3f})."
    )


def gains(table: pd.DataFrame) -> Markdown:
    """What a method adds on some classes and on others (`likeness.gains`), in percentage points."""
    these, others = stats.change(table["these"]), stats.change(table["others"])
    more = stats.change(table["these"] - table["others"])
    return Markdown(
        f"{interval(these)} on these, {interval(others)} on others; the difference is {interval(more)}."
    )


def nearness(table: pd.DataFrame) -> str:
    """For how many people D_G holds what is nearer than their own (`likeness.own_and_others`)."""
    nearer, few = (table["D_G"] < table["own"]).sum(), (table["as few"] < table["own"]).sum()
    return (
        f"For {nearer} of {len(table)} people all of D_G holds nearer samples than their own; "
        f"as few of it as they have, for {few}."
    )


def dose(rows: pd.DataFrame) -> str:
    """Whether the harm of the largest dose of own data on D_G outlasts three times the epochs (claims 17, 25).

    Counted from as many iterations on general data: both train as long, the rest is the narrowness of the data.
    """
    there = set(rows["method"])
    amount = max(
        m.early for m in DOSES if m.shaped_by == "own" and m.rounds == 1 and m.name in there
    )
    own, general, verdicts, numbers = early(amount), longer(amount), [], []
    for words, one, other in (
        ("after the usual epochs", own, general),
        ("after three times as many", again(own, 3), again(general, 3)),
    ):
        differences = tables.paired(rows, one.name, other.name)["D_G"]
        verdicts.append(f"{harm(differences)} {words}")
        numbers.append(f"{interval(stats.change(differences))} points {words}")
    return (
        f"{verdicts[0]}, {verdicts[1]}. {amount:,} iterations on one person first, against as many on general data, "
        f"change accuracy on D_G by {numbers[0]}, by {numbers[1]}."
    )


def harm(differences: pd.Series) -> str:
    """What paired differences on D_G say: harm | gain | no difference (TOST) | undecided."""
    seen, same = stats.change(differences), stats.equivalence(differences, stats.MARGINS["D_G"])
    return (
        "harm"
        if seen.high < 0
        else "gain"
        if seen.low > 0
        else "no difference"
        if same.equivalent
        else "undecided"
    )


def interval(change: stats.Change) -> str:
    """A change in percentage points with its interval, as text."""
    return tables.points(pd.Series({"change": change.mean, "low": change.low, "high": change.high}))


def doses(table: pd.DataFrame) -> pd.DataFrame:
    """`tables.doses` in percentage points: doses and owners down, D_I and D_G by length across."""
    cells = {}
    for part in tables.PARTS.values():
        for _, line in table.sort_values(("", "rounds"), kind="stable").iterrows():
            whose, amount, rounds = line["", "whose"], line["", "dose"], line["", "rounds"]
            cells.setdefault((part, f"{rounds} × epochs"), {})[f"{amount} on {whose} data"] = (
                tables.points(line[part])
            )
    return pd.DataFrame(cells).fillna("")


def late(table: pd.DataFrame) -> pd.DataFrame:
    """Every row of transfer learning in percentage points: optimiser and rate down, iterations across."""
    lines: dict[str, dict] = {}
    for method in METHODS:
        if method.late and method.family == "transfer learning" and method.name in table.index:
            cells = lines.setdefault(
                f"{method.late_optimiser or 'as the study'}, {method.late_rate:g}", {}
            )
            for part in tables.PARTS.values():
                cells[part, method.late] = tables.points(table.loc[method.name, part])
    lengths = sorted({late for cells in lines.values() for _, late in cells})
    columns = pd.MultiIndex.from_product([tables.PARTS.values(), lengths])
    return pd.DataFrame.from_dict(lines, orient="index").reindex(columns=columns).fillna("")


def late_sentence(table: pd.DataFrame) -> str:
    """How many rows of transfer learning lower accuracy on D_G, for how many a loss is excluded, which of those gains.

    table   of `tables.comparison`, counted from the generic model that all of them start from (TL-n-0)
    """
    there = [
        m.name
        for m in METHODS
        if m.late and m.family == "transfer learning" and m.name in table.index
    ]
    margin, on_G = stats.MARGINS["D_G"], table.loc[there, "D_G"]
    harmed, safe = on_G.index[on_G["high"] < 0], on_G.index[on_G["low"] > -margin]
    said = (
        f"Of {len(there)} settings of transfer learning (optimiser, rate, length) {len(harmed)} lower accuracy on D_G, "
        f"against the generic model they start from; for {len(safe)} a loss above {100 * margin:g} points is excluded"
    )
    if not len(safe):
        return f"{said}."
    best = table.loc[safe, ("D_I", "change")].idxmax()
    on_I, on_G = (tables.points(table.loc[best, part]) for part in ("D_I", "D_G"))
    both = ": v1's harm and v3's lack of it can both be had" * bool(len(harmed))
    return f"{said}{both}. Of these, {best} gives the individual most ({on_I} points on D_I, {on_G} on D_G)."


def trends(rows: pd.DataFrame, courses: Iterable[Sequence[str]]) -> Markdown:
    """Whether accuracy rises on D_I and falls on D_G along methods, over people (Page's test of an ordered trend)."""
    lines = []
    for names in courses:
        wide = {
            part: metrics.per_person(rows, measure)[list(names)]
            for measure, part in tables.PARTS.items()
        }
        rises, falls = stats.rising(wide["D_I"].dropna()), stats.rising(-wide["D_G"].dropna())
        said = f"p = {rises:.2g} that accuracy rises on D_I, {falls:.2g} that it falls on D_G"
        lines.append(f"- {', '.join(names)}: {said}")
    return Markdown("\n".join(lines))


def components(rows: pd.DataFrame) -> pd.DataFrame:
    """Of what accuracies vary, sd in percentage points: people, what a method does to a person, repeats, the rest.

    A mixed model with a mean per method; a repeat is all that people of a fold share of it, like its generic model.
    """
    found = {}
    for measure, part in tables.PARTS.items():
        random = {
            "person": rows["person"],
            "person × method": rows["person"] + rows["method"],
            "repeat": rows["fold"].astype(str) + " " + rows["repeat"].astype(str),
        }
        found[part] = {
            name: 100 * sd for name, sd in mixed(rows[measure], random, rows["method"]).sd.items()
        }
    return pd.DataFrame(found)


def generic_models(rows: pd.DataFrame, methods: Iterable[str], base: str) -> pd.DataFrame:
    """A method minus the base with generic models drawn at random, beside people drawn alone: points, [95 %]."""
    lines = {}
    for method in methods:
        for measure, part in tables.PARTS.items():
            wide = rows.pivot(
                index=["person", "fold", "repeat"], columns="method", values=measure
            ).reset_index()
            d, models = (
                100 * (wide[method] - wide[base]),
                wide["fold"].astype(str) + " " + wide["repeat"].astype(str),
            )
            found = mixed(d, {"person": wide["person"], "generic model": models})
            line = found.effects.loc["mean"]
            alone = tables.difference(rows, method, base)[part]
            lines[f"{method} − {base}, {part}"] = {
                "people alone": interval(alone),
                "generic models, too": interval(
                    stats.Change(
                        *(line[["mean", "low", "high"]] / 100), line["p"], len(set(wide["person"]))
                    )
                ),
                "sd of people": found.sd["person"],
                "of generic models": found.sd["generic model"],
                "share of one repeat's": found.sd["generic model"]
                / d.groupby(wide["repeat"]).std().mean(),
            }
    return pd.DataFrame.from_dict(lines, orient="index")
