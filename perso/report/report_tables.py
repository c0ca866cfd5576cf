"""The tables of a report on somebody's own people."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from perso.analysis import changes, cost, decision, effects, fairness, sampling_noise
from perso.analysis.decision import OWN_PART, Candidate
from perso.methods.method import Method
from perso.methods.registry import are_reordered
from perso.parts import parts_of
from perso.report.page import TextTable, text_table
from perso.report.report_sentences import p_text
from perso.report.sentences import NOT_COMPARED, SAME_ON_D_G
from perso.report.tables import format_change, listed, signed_points, training_time
from perso.study.study import Study

HEADS = {
    "D_I": "own data (D_I)",
    "D_U": "own data in other contexts (D_U)",
    "D_G": "everybody else's (D_G)",
}


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
