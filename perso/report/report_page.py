"""A report on somebody's own people, on one page: should we personalize?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from perso.analysis import accuracy, best_method, changes, decision, sampling_noise
from perso.analysis.decision import OWN_PART, Candidate
from perso.errors import InputError
from perso.methods.method import Method
from perso.methods.registry import base_of_table
from perso.parts import D_G
from perso.report import looks, report_figures, report_sentences, report_tables
from perso.report.advice import EFFECT, Facts, next_steps
from perso.report.page import inline_svg, page_html, text_table
from perso.report.plan_text import components_of
from perso.seeds import rng
from perso.settings import Settings, as_dict
from perso.stats import planning
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
    table = report_tables.effects_of_methods(rows, methods, base)
    looks.style()
    return page_html(
        "report.html.j2",
        title=f"Should we personalize? ({params})",
        facts=facts,
        shown=shown,
        base=base,
        answer=report_sentences.answer_sentences(facts, shown, people),
        who=report_sentences.who_sentences(study),
        sizes=text_table(
            report_tables.sizes_table(study),
            f"Samples of a person{', flips included' if study.settings.flips else ''}",
            "samples",
        ),
        samples=inline_svg(report_figures.samples_picture(study.data)),
        effects=report_tables.effects_texts(table, candidates),
        meanings=report_tables.meanings_texts(methods),
        forest=inline_svg(report_figures.forest_picture(table, methods)),
        who_gains_sentence=report_sentences.who_gains_sentence(people, shown.method),
        people_picture=inline_svg(report_figures.people_picture(people, shown.method)),
        people=report_tables.people_texts(people, shown.method),
        contrasts=report_tables.contrasts_texts(rows, shown.method),
        no_control=report_sentences.no_control_sentence(rows, shown.method),
        sure=report_sentences.sure_sentences(facts, shown),
        unknown=report_sentences.unknown_sentences(facts, study.settings),
        fairness=report_tables.fairness_texts(study, rows, base),
        price=report_sentences.price_sentences(facts, shown),
        costs=report_tables.cost_texts(study, rows, methods, base),
        storage=report_sentences.bytes_sentence(study),
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
