"""A report on somebody's own people, on one page: should we personalize?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from perso.analysis import (
    accuracy,
    best_method,
    changes,
    cost,
    decision,
    effects,
    fairness,
    sampling_noise,
)
from perso.analysis.decision import OWN_PART, Candidate
from perso.data.dataset import shape_text
from perso.errors import InputError
from perso.methods.method import Method
from perso.methods.registry import are_reordered, base_of_table
from perso.parts import D_G, D_I, parts_of
from perso.report import figures, report_figures
from perso.report.advice import EFFECT, FEW_PEOPLE, Facts, gain_excluded, next_steps, training_rule
from perso.report.effects_text import SHORT, signed_points, training_time
from perso.report.page import TextTable, inline_svg, page_html, text_table
from perso.report.plan_text import components_of
from perso.report.sentences import NOT_COMPARED, SAME_ON_D_G, format_interval
from perso.report.tables import format_change, listed
from perso.seeds import rng
from perso.settings import Settings, as_dict
from perso.stats import planning
from perso.stats.cohorts import MIN_COHORTS
from perso.store import published
from perso.study.study import Study

# what is trained where the settings name no rows: the papers' ways with doses as shares of the
# training, their controls, and the method that gains most in our runs
DEFAULT_NAMES = (
    *("BaseLine", "own data in the union", "SW-n-2", "SW-n-2, then 9 % (1e-4)", "TL-n-0"),
    *("ES 12 %", "BaseLine + 12 %", "ES 12 % on another person"),
    *("TL 9 % (1e-3)", "TL 9 % (1e-4)"),
    *("TL 9 % on another person (1e-3)", "TL 9 % on another person (1e-4)"),
    *("TL 9 % on D_G (1e-3)", "TL 9 % on D_G (1e-4)"),
)
DEFAULT_TABLE = "relative"
GENERIC = "TL-n-0"
HEADS = {
    "D_I": "own data (D_I)",
    "D_U": "own data in other contexts (D_U)",
    "D_G": "everybody else's (D_G)",
}


def default_methods(study: Study) -> tuple[Method, ...]:
    """Return the methods of a report whose settings name no rows; the study is of `relative`."""
    return tuple(method for method in study.methods if method.name in DEFAULT_NAMES)


def report_html(
    study: Study, rows: pd.DataFrame, methods: Sequence[Method], params: str, command: str
) -> str:
    """Return the page.

    rows      of these methods, with the columns of `sqlite.ROW`
    params    name of the params file
    command   the command line that makes the page
    InputError where the rows have no base, or no method that uses the person's data.
    """
    base = base_of_table(study.settings.rows_of)
    there = set(rows["method"])
    if base not in there:
        raise InputError(
            f"rows_of: no model of {base} has numbers, and all others are compared with it"
        )
    methods = [method for method in methods if method.name in there]
    candidates = decision.candidates_of(rows, methods, base)
    if not candidates:
        raise InputError(
            f"rows_of: {study.settings.rows_of} has no method that uses the person's data; "
            f"possible: {DEFAULT_TABLE}, v3"
        )
    best = decision.best_candidate(candidates)
    shown = best or decision.largest_gain(candidates)
    people = decision.people_table(study.data, rows, shown.method, base)
    facts = report_facts(study, rows, candidates, people, base)
    table = effects_of_methods(rows, methods, base)
    figures.style()
    return page_html(
        "report.html.j2",
        title=f"Should we personalize? ({params})",
        facts=facts,
        shown=shown,
        base=base,
        answer=answer_sentences(facts, shown, people),
        who=who_sentences(study),
        sizes=text_table(
            sizes_table(study),
            f"Samples of a person{', flips included' if study.settings.flips else ''}",
            "samples",
        ),
        samples=inline_svg(report_figures.samples_picture(study.data)),
        effects=effects_texts(table, candidates),
        meanings=meanings_texts(methods),
        forest=inline_svg(report_figures.forest_picture(table, methods)),
        who_gains_sentence=who_gains_sentence(people, shown.method),
        people_picture=inline_svg(report_figures.people_picture(people, shown.method)),
        people=people_texts(people, shown.method),
        contrasts=contrasts_texts(rows, shown.method),
        no_control=no_control_sentence(rows, shown.method),
        sure=sure_sentences(facts, shown),
        unknown=unknown_sentences(facts, study.settings),
        fairness=fairness_texts(study, rows, base),
        price=price_sentences(facts, shown),
        costs=cost_texts(study, rows, methods, base),
        storage=bytes_sentence(study),
        next_steps=next_steps(facts),
        origin=origin_lines(study, rows, params),
        command=command,
    )


def report_facts(
    study: Study,
    rows: pd.DataFrame,
    candidates: Sequence[Candidate],
    people: pd.DataFrame,
    base: str,
) -> Facts:
    """Return what the advice follows from.

    people   of `decision.people_table`, with the best candidate or that of the largest gain
    """
    best = decision.best_candidate(candidates)
    shown = best or decision.largest_gain(candidates)
    on_others = accuracy.per_person(rows, D_G.accuracy)
    cohorts = rows["fold"].nunique()
    per_cohort = round(rows.groupby("fold")["person"].nunique().mean())
    found = components_of(rows, shown.method, base, OWN_PART)
    known = not np.isnan(found.person)
    detectable = planning.detectable_with(shown.own.error, shown.own.df)
    needed = None
    if known:
        needed = planning.people_for_effect(100 * EFFECT, found, cohorts, drawn=False)
    together = [base, *(each.method for each in candidates)]
    there = rows["method"].unique()
    if GENERIC in there and base != GENERIC:
        together.insert(0, GENERIC)
    hits = sampling_noise.hits_by_digit(study.data, rows, OWN_PART)
    draw = rng(study.settings.seed, "report", "halves")
    choice = best_method.choices_by_half(rows, hits, together, (0,), draw, base)
    return Facts(
        best=best,
        largest=decision.largest_gain(candidates),
        highest=max(each.own.high for each in candidates),
        accuracy=float(on_others[base].mean()),
        chance=1 / study.data.classes,
        people=rows["person"].nunique(),
        cohorts=cohorts,
        repeats=rows["repeat"].nunique(),
        detectable=detectable,
        people_for_effect=needed,
        people_for_half=decision.people_for_half_width(found, per_cohort, cohorts, drawn=False),
        losing=tuple(people.index[people["verdict"] == "loses"]),
        contrasts=tuple(
            changes.change(rows, shown.method, pair.other, OWN_PART)
            for pair in decision.controls_of(rows, shown.method)
        ),
        choice=choice[0].added if choice else None,
    )


# --- the answer


def answer_sentences(facts: Facts, shown: Candidate, people: pd.DataFrame) -> list[str]:
    """Which method, how sure, and what it costs the others; first, whether the networks learned."""
    untrained = training_rule(facts)
    verdict = gain_sentences(facts, shown, people)
    return [untrained, *verdict] if untrained else verdict


def gain_sentences(facts: Facts, shown: Candidate, people: pd.DataFrame) -> list[str]:
    """Whether a gain is shown, is excluded, or neither; by which method, and at what cost."""
    own = f"{format_interval(shown.own)} points"
    counted = f"{facts.people} people"
    name = plain_name(shown.method)
    if facts.best is None:
        if np.isnan(shown.own.low):
            return [f"{counted} are too few to say whether they should have networks of their own."]
        largest = f"The largest change is {own}, with {name}."
        if gain_excluded(facts):
            margin = f"{100 * D_I.margin:g} points"
            return [
                f"No: no method raises accuracy on a person's own data by {margin} or more. "
                f"{largest}"
            ]
        text = (
            f"Not shown: with {counted}, no method is shown to raise accuracy on a person's own "
            f"data. {largest}"
        )
        if not np.isnan(facts.detectable):
            text += (
                f" So many people would have shown a true gain of {100 * facts.detectable:.1f} "
                "points or more (minimum detectable effect: power 80 %)."
            )
        return [text]
    gaining = (people["verdict"] == "gains").sum()
    others = (
        f"a personal network's accuracy on their data changes by {format_interval(shown.others)}"
    )
    cost_of = "It costs everybody else accuracy" if shown.costs_others else "No loss is shown"
    sentences = [
        f"Yes, with {name}: accuracy on a person's own data rises by {own} ({counted}; in "
        f"brackets, the 95 % interval). {gaining} of them gain beyond noise, {len(facts.losing)} "
        "lose.",
        f"{cost_of}: {others} points.",
    ]
    more = facts.largest
    if more.gains and more.costs_others and not shown.costs_others:
        sentences.append(
            f"More for the person, but at others' expense: {plain_name(more.method)}, with "
            f"{format_interval(more.own)} points on own data and {format_interval(more.others)} on "
            "everybody else's."
        )
    return sentences


def plain_name(method: str) -> str:
    """A method in words, with its name in the tables."""
    return f"{SHORT[method]} ({method})" if method in SHORT else method


# --- who they are


def who_sentences(study: Study) -> list[str]:
    """The people, their samples and classes, and who everybody else is."""
    data, s = study.data, study.settings
    others = [len(fold.global_people) for fold in study.folds]
    number = f"{min(others)}" if min(others) == max(others) else f"{min(others)} to {max(others)}"
    flips = ": those of the data and their two flips" if s.flips else ""
    sets = "one set" if len(others) == 1 else f"{len(others)} sets"
    whose = f"{number} other people" if min(others) else "samples of a common pool"
    one = {"images": "Images", "sequences": "Sequences", "trajectories": "Trajectories"}[data.kind]
    return [
        f"{len(data.splits.individuals)} people of {data.source.source} get networks of their own. "
        f"{one} of {shape_text(data.kind, data.shape)}, {data.classes} classes{flips}.",
        f"Everybody else (D_G) is {sets} of {whose}, whose data all networks may learn from.",
    ]


def sizes_table(study: Study) -> pd.DataFrame:
    """The least, the median and the most samples of a person, for training and for testing."""
    splits = study.data.splits
    lines = {}
    for name, part in (("for training", splits.train), ("for testing", splits.test)):
        sizes = [len(part[person]) for person in splits.individuals]
        lines[name] = {
            "least": f"{min(sizes):,}",
            "median": f"{np.median(sizes):,.0f}",
            "most": f"{max(sizes):,}",
        }
    return pd.DataFrame.from_dict(lines, orient="index")


# --- which method for whom


def effects_of_methods(rows: pd.DataFrame, methods: Sequence[Method], base: str) -> pd.DataFrame:
    """The effect of each method on each part: columns (part, change | low | high), shares."""
    lines = {}
    for method in methods:
        if method.name == base:
            continue
        line = {}
        for part in parts_of(rows):
            found = changes.change(rows, method.name, base, part)
            line |= {
                (part, "change"): found.mean,
                (part, "low"): found.low,
                (part, "high"): found.high,
            }
        lines[method.name] = line
    return pd.DataFrame.from_dict(lines, orient="index")


def effects_texts(table: pd.DataFrame, candidates: Sequence[Candidate]) -> TextTable:
    """The effects as a table of text.

    table   of `effects_of_methods`
    """
    corrected = {each.method: each.holm for each in candidates}
    columns = {
        HEADS[part]: table[part].apply(format_change, axis=1)
        for part in dict.fromkeys(part for part, _ in table)
    }
    columns["p, own data"] = [p_text(corrected.get(name, np.nan)) for name in table.index]
    return text_table(
        pd.DataFrame(columns, index=table.index),
        "Change of accuracy in percentage points [95 % interval]; p is corrected (Holm) for all "
        "methods compared",
        "method",
    )


def meanings_texts(methods: Sequence[Method]) -> TextTable:
    """What each method does, as a table of text."""
    meanings = pd.DataFrame({"what it is": {method.name: method.meaning for method in methods}})
    return text_table(meanings, "What the methods are", "method", texts=("what it is",))


def p_text(p: float) -> str:
    """A p-value; empty where there is none."""
    if np.isnan(p):
        return ""
    return "below .001" if p < 0.001 else f"{p:.3f}".lstrip("0")


def who_gains_sentence(people: pd.DataFrame, method: str) -> str:
    """How many people gain and lose beyond noise, and who loses."""
    counts = people["verdict"].value_counts()
    gains, loses, open_ = (counts.get(word, 0) for word in ("gains", "loses", "open"))
    text = (
        f"With {method}, {gains} of {len(people)} people gain and {loses} lose beyond noise; the "
        "estimate of each person borrows from the other people."
    )
    if open_:
        text += f" Of {open_} the test samples do not show it."
    if loses:
        text += f" Who loses: {listed(list(people.index[people['verdict'] == 'loses']))}."
    return text


def people_texts(people: pd.DataFrame, method: str) -> TextTable:
    """Each person's accuracies, the largest loss first, as a table of text."""
    percent = 100 * people[["before", "after"]]
    columns = {
        "samples": people["train"].astype(str) + " + " + people["test"].astype(str),
        "before": percent["before"].map("{:.1f}".format),
        "after": percent["after"].map("{:.1f}".format),
        HEADS["D_I"]: people["change"].map(signed_points),
        HEADS["D_G"]: people["others"].map(signed_points),
        "P(harmed)": people["p_harm"].map("{:.2f}".format),
        "verdict": people["verdict"].replace("open", "not shown"),
    }
    caption = (
        f"Each person with {method}: samples for training + testing, accuracy on own data in %, "
        "changes in points, probability that the method harms"
    )
    return text_table(pd.DataFrame(columns), caption, "person", texts=("verdict",))


def contrasts_texts(rows: pd.DataFrame, method: str) -> TextTable | None:
    """A method minus its controls as a table of text; None where it has none."""
    pairs = decision.controls_of(rows, method)
    if not pairs:
        return None
    found = effects.contrast_table(rows, pairs)
    columns = {"in what it differs": found["", "differs"]}
    columns |= {HEADS[part]: found[part].apply(format_change, axis=1) for part in parts_of(rows)}
    table = pd.DataFrame(columns).replace("", NOT_COMPARED)
    table.index = [other for _, other in found.index]
    caption = f"{method} minus a control of the same length, in percentage points [95 % interval]"
    if any(are_reordered(pair.method, pair.other) for pair in pairs):
        caption += f". {NOT_COMPARED}: {SAME_ON_D_G}"
    return text_table(
        table,
        caption,
        "control",
        texts=("in what it differs",),
    )


def no_control_sentence(rows: pd.DataFrame, method: str) -> str:
    """That a method has no control in these rows; empty where it has one."""
    if decision.controls_of(rows, method):
        return ""
    return (
        f"These rows have no control of {method}: no method that trains in the same way on other "
        "data. Whether its change comes from the own data is not tested."
    )


# --- how sure


def sure_sentences(facts: Facts, shown: Candidate) -> list[str]:
    """The interval, what it is from, and the smallest effect that these people show."""
    if np.isnan(shown.own.low):
        return [f"There is no interval: {facts.people} people do not show how much people differ."]
    sentences = [
        f"The change on own data with {shown.method} is {format_interval(shown.own)} points: its "
        f"95 % interval is from differences between {facts.people} people. p is "
        f"{p_text(shown.holm)}, corrected for all methods that were compared (Holm).",
    ]
    if facts.best is not None:
        sentences.append(
            "It was chosen because it is the best of them, so its change is a little too high."
        )
    if not np.isnan(facts.detectable):
        sentences.append(
            f"So many people show a true change of {100 * facts.detectable:.1f} points or more "
            "(minimum detectable effect: power 80 %, two-sided .05)."
        )
    if facts.people_for_effect is not None:
        sentences.append(
            f"To see a change of {100 * EFFECT:g} point, {facts.people_for_effect:,} people are "
            "needed for each set of other people."
        )
    if facts.people_for_half is not None:
        sentences.append(
            f"An interval of half the width needs {facts.people_for_half:,} for each set."
        )
    return sentences


def unknown_sentences(facts: Facts, settings: Settings) -> list[str]:
    """What these people and trainings cannot show."""
    sentences = []
    if facts.people < FEW_PEOPLE:
        sentences.append(
            f"What other people would gain: these {facts.people} may all differ from them."
        )
    if facts.cohorts < MIN_COHORTS:
        sets = "the one set" if facts.cohorts == 1 else f"the {facts.cohorts} sets"
        sentences.append(
            "Whether another set of other people (D_G) would give the same: the intervals of "
            f"everybody else hold for {sets} of this study alone."
        )
    if facts.repeats == 1:
        sentences.append(
            "How much of a person's change is of one training: each network was trained once."
        )
    if settings.seed == Settings().seed and settings.cohort_seed == Settings().cohort_seed:
        sentences.append("Whether another division into training and test samples changes it.")
    return sentences


# --- what it costs


def fairness_texts(study: Study, rows: pd.DataFrame, base: str) -> TextTable:
    """How much people differ on own data by method, as a table of text."""
    noise = sampling_noise.sampling_variances(study.data, rows, OWN_PART)
    table = fairness.fairness_table(rows, OWN_PART, noise, base)
    percent = 100 * table[["mean", "worst decile", "min", "spread", "between-person SD (digits)"]]
    columns = {
        "mean": percent["mean"],
        "worst tenth": percent["worst decile"],
        "worst person": percent["min"],
        "best minus worst": percent["spread"],
        "SD of people": percent["between-person SD (digits)"],
    }
    text = pd.DataFrame(columns).map("{:.1f}".format).replace("nan", "")
    caption = (
        "Accuracy on own data (D_I) in %, and how much people differ; SD without sampling noise"
    )
    return text_table(text, caption, "method")


def price_sentences(facts: Facts, shown: Candidate) -> list[str]:
    """What a personal network does to everybody else's data."""
    others = shown.others
    change = format_interval(others)
    text = f"On everybody else's data (D_G) {shown.method} changes accuracy by {change}"
    if shown.costs_others:
        verdict = "a loss is shown"
    elif np.isnan(others.low):
        verdict = "how sure that is, so few people do not show"
    elif others.low > 0:
        verdict = "a gain is shown"
    else:
        verdict = "neither a loss nor a gain is shown"
    return [f"{text} points: {verdict}."]


def cost_texts(study: Study, rows: pd.DataFrame, methods: Sequence[Method], base: str) -> TextTable:
    """Seconds and iterations of each method, as a table of text."""
    encoder = 0.0
    if any(method.needs_encoder for method in methods):
        encoder = cost.encoder_iterations(study)["encoder"]
    table = cost.training_cost(rows, encoder, base=base, methods=methods)
    even = table["break-even"]
    columns = {
        "time": table["seconds"].map(training_time),
        "iterations": table["own"].map("{:,.0f}".format),
        "shared": table["shared"].map("{:,.0f}".format),
        f"share of {base}'s": table["r_train"].map("{:.2f}".format),
        "break-even": ["" if np.isinf(n) else f"{n:,.0f}" for n in even],
    }
    devices = listed(sorted(rows["device"].unique()))
    caption = (
        f"Training for one person, measured on {devices}; shared: iterations once for all people; "
        f"break-even: people from whom on it costs no more than {base}"
    )
    return text_table(pd.DataFrame(columns).replace("nan", ""), caption, "method")


def bytes_sentence(study: Study) -> str:
    """Bytes that are kept for each person, and those that the person hands over."""
    table = cost.bytes_per_person(study)["bytes"]
    return (
        f"A personal network is {size_text(table['the network'])} to keep for each person, "
        f"whatever the method; its last layer alone {size_text(table['its last layer'])}. The "
        f"samples that a person hands over for training are {size_text(table.iloc[-1])}."
    )


def size_text(count: float) -> str:
    """Bytes in a unit that fits."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} GB"


# --- where it comes from


def origin_lines(study: Study, rows: pd.DataFrame, params: str) -> dict[str, str]:
    """The data, settings, versions and machines behind the page."""
    facts = published.provenance(study, rows, params)
    defaults = as_dict(Settings())
    changed = [
        f"{key}: {value}" for key, value in facts["settings"].items() if value != defaults[key]
    ]
    return {
        "Data": f"{facts['data']}, content {facts['content'][:12]}",
        "Settings": f"{params}; {', '.join(changed)}; all others are the defaults",
        "Models": f"{len(rows):,}, trained from {facts['first']} to {facts['last']} on "
        f"{', '.join(facts['devices'])} ({', '.join(facts['precisions'])}, torch "
        f"{', '.join(facts['torch'])})",
        "Code": f"perso {facts['perso']}, engine {facts['engine']}, commit {facts['commit']}",
    }
