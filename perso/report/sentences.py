"""What chapters say of pairs of methods, of likeness, of doses and of late iterations: sentences and tables of text."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown

from perso.analysis import accuracy, comparison
from perso.data.dataset import StudyData, part_sizes
from perso.methods.method import (
    FAMILIES,
    SHAPING,
    Method,
    early_shaping,
    longer_baseline,
    with_more_epochs,
)
from perso.methods.registry import DOSES, METHODS
from perso.parts import D_G, PARTS
from perso.report import tables
from perso.stats import paired
from perso.stats.mixed import mixed_model
from perso.store.published import Published


def cost_sentence(table: pd.DataFrame) -> str:
    """r_train of every family, and from how many people on transfer learning costs no more (of a `per_person`)."""
    of = {
        family: [m.name for m in METHODS if m.family == family and m.name in table.index]
        for family in FAMILIES
        if family not in ("baseline", "control")
    }
    ends = {
        family: table.loc[names, "r_train"].agg(["min", "max"])
        for family, names in of.items()
        if names
    }
    said = [
        f"{family} {' to '.join(dict.fromkeys(f'{end:.2f}' for end in both))}"
        for family, both in ends.items()
    ]
    late = table.loc[of["transfer learning"], "break-even"].replace(np.inf, np.nan)
    return (
        f"Training for one person alone, as a share of the baseline's: {', '.join(said)}. With all that is shared, "
        f"{late.count()} of {len(late)} settings of transfer learning cost no more than a training for each person"
        f"{f', from {late.max():,.0f} people on' * bool(late.count())}."
    )


def change_sentence(table: pd.DataFrame, method: str) -> str:
    """What a method changed, in words that fit its intervals (`comparison.compare`)."""
    said = []
    for part, place in PARTS.items():
        mean, low, high = (
            100 * table.loc[method, part][column] for column in ("change", "low", "high")
        )
        verb = "raises" if low > 0 else "lowers" if high < 0 else "does not clearly move"
        interval = "no interval" if np.isnan(low) else f"95 % interval {low:+.1f} to {high:+.1f}"
        said.append(f"{verb} accuracy on {place.phrase} ({mean:+.1f} points, {interval})")
    return f"{method} {said[0]} and {said[1]}"


def level_sentence(table: pd.DataFrame, method: str) -> str:
    """How accurate a method is, and how unevenly so."""
    said = []
    for part, place in PARTS.items():
        mean, sd, low, high = (
            100 * table.loc[method, part][column] for column in ("mean", "sd", "min", "max")
        )
        said.append(
            f"{mean:.1f} % on {place.phrase} (sd over people {sd:.1f}, from {low:.1f} to {high:.1f})"
        )
    return f"{method} reaches {said[0]} and {said[1]}."


def difference_sentence(rows: pd.DataFrame, method: str, other: str) -> str:
    """One method minus another on D_I and D_G."""
    said = []
    for part, each in comparison.change_by_part(rows, method, other).items():
        interval = "" if np.isnan(each.low) else f" [{100 * each.low:+.1f}, {100 * each.high:+.1f}]"
        said.append(f"{100 * each.mean:+.1f}{interval} points on {part}")
    return f"{method} minus {other}: {said[0]}, {said[1]}"


def best_sentence(table: pd.DataFrame, methods: Iterable[Method] = METHODS) -> str:
    """Which shaping method gives the individual most, and which others most; controls and added families stand apart.

    Data grouping is left out: most of what its methods train on is another's, and chapters/07-grouping is about it.
    """
    there = [method for method in methods if method.name in table.index]
    shaping = [method.name for method in there if comparison.is_shaping(method)]
    controls = [method.name for method in there if method.family == "control"]

    def best(names, part):
        name = table.loc[names, (part, "mean")].idxmax()
        on_I, on_G = (tables.format_change(table.loc[name, each]) for each in PARTS)
        return f"on {PARTS[part].phrase}, {name} ({on_I} points on D_I, {on_G} on D_G)"

    said = f"Best of the shaping methods, against the baseline: {best(shaping, 'D_I')}; {best(shaping, 'D_G')}."
    known = ("baseline", "control", "data grouping", *SHAPING)
    for family in dict.fromkeys(method.family for method in there if method.family not in known):
        members = [method.name for method in there if method.family == family]
        said += f" Best of {family}: {best(members, 'D_I')}; {best(members, 'D_G')}."
    return f"{said} Best of the controls {best(controls, 'D_G')}." if controls else said


def people_sentence(data: StudyData) -> str:
    """Who is there, with how much data."""
    parts = part_sizes(data)
    samples, own, others = parts[["samples", "D_I train", "D_G train"]].mean()
    return (
        f"{len(parts)} individuals with {samples:.0f} samples each on average. "
        f"A network may learn from {own:.0f} images of its person and {others:,.0f} of others."
    )


def scale_sentence(runs: Sequence[Published], table: pd.DataFrame) -> str:
    """Whether the published run of most people and the book's own agree; plainly so where there is none larger."""
    own, *others = runs
    size = {run.name: run.provenance["people"] for run in runs}
    if not others:
        return f"Not known yet: no published run stands beside this book's own of {size[own.name]} people."
    largest = max(others, key=lambda run: size[run.name]).name
    there, here = (f"{name} ({size[name]} people)" for name in (largest, own.name))
    said = (
        f"Of the changes whose 95 % interval excludes 0 in {there}, {agreed_signs(table, largest, own.name)} "
        f"have the same sign in {here}; the other way round {agreed_signs(table, own.name, largest)}."
    )
    larger = size[largest] > size[own.name]
    return (
        said
        if larger
        else f"Not known yet: no published run has more people than this book's own. {said}"
    )


def agreed_signs(table: pd.DataFrame, one: str, other: str) -> str:
    """How many of one run's clear changes have the same sign in the other."""
    return " and ".join(
        f"{same.sum()} of {len(same)} on {part}"
        for part, same in comparison.sign_agreement(table, one, other).items()
    )


def agreement_list(runs: Sequence[Published], table: pd.DataFrame) -> Markdown:
    """For every pair of runs with the book's own or v3 in it: whose clear changes have the same sign in the other."""
    own, *others = (run.name for run in runs)
    pairs = [pair for name in others for pair in ((name, own), (own, name))]
    pairs += [(run, "v3") for run in (own, *others)]
    lines = []
    for one, other in pairs:
        apart = [
            f"{name} on {part}"
            for part, same in comparison.sign_agreement(table, one, other).items()
            for name in same.index[~same]
        ]
        lines.append(
            f"- clear in **{one}**, the same sign in **{other}**: {agreed_signs(table, one, other)}"
            + (f"; not {', '.join(apart)}" if apart else "")
        )
    return Markdown("\n".join(lines))


def difference_list(
    rows: pd.DataFrame, pairs: Iterable[tuple[str, str]], say: Callable = difference_sentence
) -> Markdown:
    """What there is to say of every pair of methods, as a list; of a method that this run leaves out, that it does.

    say   `sentences.difference_sentence`, or `equivalence_sentence`: of rows and two names, a sentence
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


def equivalence_sentence(rows: pd.DataFrame, method: str, other: str) -> str:
    """Whether two methods are equivalent (TOST) on D_I and D_G, with the margins of `parts.PARTS`."""
    said = []
    for part, differences in comparison.paired_differences(rows, method, other).items():
        found = paired.tost(differences, PARTS[part].margin)
        mean, low, high, margin = (
            100 * value for value in (found.mean, found.low, found.high, found.margin)
        )
        apart = found.low > found.margin or found.high < -found.margin
        verdict = "further apart than" if apart else "not shown to be equivalent within"
        verdict = "equivalent within" if found.equivalent else verdict
        ends = "no interval" if np.isnan(low) else f"90 % interval {low:+.2f} to {high:+.2f}"
        said.append(f"{verdict} ±{margin:g} points on {part} ({mean:+.2f}, {ends})")
    return f"{method} and {other} are {said[0]} and {said[1]}"


def similarity_sentence(ours: pd.Series, raw: pd.Series, latent: int) -> str:
    """What codes say about hands, beside raw pixels (two lines of `similarity.compare_spaces`)."""
    return (
        f"By {latent} numbers, the nearest other image is by the same person {ours['× chance']:.1f} times as often as "
        f"by chance, and shows the same class in {ours['class']:.0%} of cases; by raw pixels "
        f"{raw['× chance']:.1f} times and in {raw['class']:.0%}. Within classes {100 * ours['R²']:.0f} % of the "
        f"variation of codes goes by writer, beyond chance (PERMANOVA, p = {ours['p']:.3f})."
    )


def gain_sentence(table: pd.DataFrame) -> Markdown:
    """What a method adds on some classes and on others (`similarity.gain_on_classes`), in percentage points."""
    these, others = paired.paired_change(table["these"]), paired.paired_change(table["others"])
    more = paired.paired_change(table["these"] - table["others"])
    return Markdown(
        f"{format_interval(these)} on these, {format_interval(others)} on others; the difference is {format_interval(more)}."
    )


def nearness_sentence(table: pd.DataFrame) -> str:
    """For how many people D_G holds what is nearer than their own (`similarity.nearest_distances`)."""
    nearer, few = (table["D_G"] < table["own"]).sum(), (table["as few"] < table["own"]).sum()
    return (
        f"For {nearer} of {len(table)} people all of D_G holds nearer samples than their own; "
        f"as few of it as they have, for {few}."
    )


def dose_sentence(rows: pd.DataFrame) -> str:
    """Whether the harm of the largest dose of own data on D_G outlasts three times the epochs (claims 17, 25).

    Counted from as many iterations on general data: both train as long, the rest is the narrowness of the data.
    """
    there = set(rows["method"])
    amount = max(
        m.early
        for m in DOSES
        if m.individual_data == "own" and m.epochs_factor == 1 and m.name in there
    )
    own, general, verdicts, numbers = early_shaping(amount), longer_baseline(amount), [], []
    for words, one, other in (
        ("after the usual epochs", own, general),
        ("after three times as many", with_more_epochs(own, 3), with_more_epochs(general, 3)),
    ):
        differences = comparison.paired_differences(rows, one.name, other.name)["D_G"]
        verdicts.append(f"{harm(differences)} {words}")
        numbers.append(f"{format_interval(paired.paired_change(differences))} points {words}")
    return (
        f"{verdicts[0]}, {verdicts[1]}. {amount:,} iterations on one person first, against as many on general data, "
        f"change accuracy on D_G by {numbers[0]}, by {numbers[1]}."
    )


def harm(differences: pd.Series) -> str:
    """What paired differences on D_G say: harm | gain | no difference (TOST) | undecided."""
    seen, same = paired.paired_change(differences), paired.tost(differences, D_G.margin)
    return (
        "harm"
        if seen.high < 0
        else "gain"
        if seen.low > 0
        else "no difference"
        if same.equivalent
        else "undecided"
    )


def format_interval(change: paired.PairedChange) -> str:
    """A change in percentage points with its interval, as text."""
    return tables.format_change(
        pd.Series({"change": change.mean, "low": change.low, "high": change.high})
    )


def dose_table(table: pd.DataFrame) -> pd.DataFrame:
    """`comparison.dose_effects` in percentage points: doses and owners down, D_I and D_G by length across."""
    cells = {}
    for part in PARTS:
        for _, line in table.sort_values(("", "rounds"), kind="stable").iterrows():
            whose, amount, rounds = line["", "whose"], line["", "dose"], line["", "rounds"]
            cells.setdefault((part, f"{rounds} × epochs"), {})[f"{amount} on {whose} data"] = (
                tables.format_change(line[part])
            )
    return pd.DataFrame(cells).fillna("")


def late_table(table: pd.DataFrame) -> pd.DataFrame:
    """Every row of transfer learning in percentage points: optimiser and rate down, iterations across."""
    lines: dict[str, dict] = {}
    for method in METHODS:
        if method.late and method.family == "transfer learning" and method.name in table.index:
            cells = lines.setdefault(
                f"{method.late_optimiser or 'as the study'}, {method.late_rate:g}", {}
            )
            for part in PARTS:
                cells[part, method.late] = tables.format_change(table.loc[method.name, part])
    lengths = sorted({late for cells in lines.values() for _, late in cells})
    columns = pd.MultiIndex.from_product([list(PARTS), lengths])
    return pd.DataFrame.from_dict(lines, orient="index").reindex(columns=columns).fillna("")


def late_sentence(table: pd.DataFrame) -> str:
    """How many rows of transfer learning lower accuracy on D_G, for how many a loss is excluded, which of those gains.

    table   of `comparison.compare`, counted from the generic model that all of them start from (TL-n-0)
    """
    there = [
        m.name
        for m in METHODS
        if m.late and m.family == "transfer learning" and m.name in table.index
    ]
    margin, on_G = D_G.margin, table.loc[there, "D_G"]
    harmed, safe = on_G.index[on_G["high"] < 0], on_G.index[on_G["low"] > -margin]
    said = (
        f"Of {len(there)} settings of transfer learning (optimiser, rate, length) {len(harmed)} lower accuracy on D_G, "
        f"against the generic model they start from; for {len(safe)} a loss above {100 * margin:g} points is excluded"
    )
    if not len(safe):
        return f"{said}."
    best = table.loc[safe, ("D_I", "change")].idxmax()
    on_I, on_G = (tables.format_change(table.loc[best, part]) for part in ("D_I", "D_G"))
    both = ": v1's harm and v3's lack of it can both be had" * bool(len(harmed))
    return f"{said}{both}. Of these, {best} gives the individual most ({on_I} points on D_I, {on_G} on D_G)."


def trend_list(rows: pd.DataFrame, courses: Iterable[Sequence[str]]) -> Markdown:
    """Whether accuracy rises on D_I and falls on D_G along methods, over people (Page's test of an ordered trend)."""
    lines = []
    for names in courses:
        wide = {part: people[list(names)] for part, people in accuracy.by_part(rows).items()}
        rises, falls = (
            paired.page_trend(wide["D_I"].dropna()),
            paired.page_trend(-wide["D_G"].dropna()),
        )
        said = f"p = {rises:.2g} that accuracy rises on D_I, {falls:.2g} that it falls on D_G"
        lines.append(f"- {', '.join(names)}: {said}")
    return Markdown("\n".join(lines))


def generic_models(rows: pd.DataFrame, methods: Iterable[str], base: str) -> pd.DataFrame:
    """A method minus the base with generic models drawn at random, beside people drawn alone: points, [95 %]."""
    lines = {}
    for method in methods:
        for part, place in PARTS.items():
            wide = rows.pivot(
                index=["person", "fold", "repeat"], columns="method", values=place.accuracy
            ).reset_index()
            d, models = (
                100 * (wide[method] - wide[base]),
                wide["fold"].astype(str) + " " + wide["repeat"].astype(str),
            )
            found = mixed_model(d, {"person": wide["person"], "generic model": models})
            line = found.effects.loc["mean"]
            alone = comparison.change_by_part(rows, method, base)[part]
            lines[f"{method} − {base}, {part}"] = {
                "people alone": format_interval(alone),
                "generic models, too": format_interval(
                    paired.PairedChange(
                        *(line[["mean", "low", "high"]] / 100), line["p"], len(set(wide["person"]))
                    )
                ),
                "sd of people": found.sd["person"],
                "of generic models": found.sd["generic model"],
                "share of one repeat's": found.sd["generic model"]
                / d.groupby(wide["repeat"]).std().mean(),
            }
    return pd.DataFrame.from_dict(lines, orient="index")
