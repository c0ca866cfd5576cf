"""The trade-off explorer: charts to play with, without a kernel and without a network (chapter 25).

A chart is a Vega-Lite specification with its data. `assets/charts.js` draws it in place of the
still picture that the page has for readers without JavaScript. The script of Vega in assets/vega is
vl-convert's; `python -m perso.report.explorer` brings it up to date.
"""

import json
from collections.abc import Sequence
from html import escape

import pandas as pd
import vl_convert
from IPython.display import HTML

from perso.analysis import best_method
from perso.analysis.best_method import Choice
from perso.paths import ROOT
from perso.report.explorer_chart import WEIGHT, explorer_chart
from perso.stats.cohorts import Mean


def explorer_html(rows: pd.DataFrame, name: str) -> HTML:
    """The explorer of a run: its controls, its charts, and the winner in words.

    rows   of a run of the table `relative`
    name   of the run, for those who do not see the charts
    """
    changes = best_method.changes_table(rows)
    methods = best_method.methods_table(changes["method"])
    changes, methods = in_words(changes), in_words(methods)
    words = winner_text(changes, WEIGHT, best_method.chosen_methods(methods))
    chart = explorer_chart(changes, methods, name).to_dict()
    label = f'<svg role="img" aria-label="{escape(chart["description"])}" '
    still = vl_convert.vegalite_to_svg(chart).replace("<svg ", label, 1)
    # "</script>" in a name must not end the script
    spec = json.dumps(chart, ensure_ascii=False, separators=(",", ":")).replace("<", r"\u003c")
    return HTML(
        '<div class="chart">'
        '<div class="chart-controls"></div>'
        f'<p class="chart-words" aria-live="polite">{escape(words)}</p>'
        f'<div class="chart-view">{still}</div>'
        f'<script type="application/json">{spec}</script>'
        "</div>"
    )


# --- in words


def in_words(table: pd.DataFrame) -> pd.DataFrame:
    """A copy of a table whose column `method` says own data for D_I, and others' data for D_G."""
    words = {r"\bD_I\b": "own data", r"\bD_G\b": "others' data"}
    return table.assign(method=table["method"].astype(str).replace(words, regex=True))


def winner_text(
    changes: pd.DataFrame, weight: float, methods: Sequence[str], shown: str | None = None
) -> str:
    """The method that is best on average, for how many people a method is best, and who loses.

    changes   of `best_method.changes_table`
    methods   those that take part
    shown     whose people are counted; None: of the best on average
    """
    best = best_method.best_at(changes, weight, methods)
    score = best.table.loc[best.on_average, "score"]
    shown = shown or best.on_average
    line = best_method.best_at(changes, weight, [shown]).table.loc[shown]
    wins = best.table["wins"].get(shown, 0)
    subject = "It" if shown == best.on_average else shown
    text = (
        f"With weight {weight:.1f}, {best.on_average} is the best on average "
        f"({signed(score)} points). {subject} is the best for {wins} of "
        f"{changes['person'].nunique()} people, and worse than the baseline for {line['losers']}"
    )
    if line["losers"]:
        text += f", most of all for person {line['worst']} ({signed(line['lowest'])} points)"
    return f"{text}."


def signed(points: float) -> str:
    """Points with one decimal, their sign, and a minus as Vega writes it."""
    return f"{points:+.1f}".replace("-", "−")


def points_with_interval(found: Mean) -> str:
    """A mean in points with its interval, like +0.8 [+0.5, +1.1]."""
    interval = "" if pd.isna(found.low) else f" [{found.low:+.1f}, {found.high:+.1f}]"
    return f"{found.mean:+.1f}{interval}"


def answer_texts(choices: Sequence[Choice]) -> dict[str, str]:
    """The best method for all at the weight that the explorer begins with, and `choice_text`.

    choices   of `best_method.choices_by_half`
    """
    found = [each for each in choices if each.weight == WEIGHT]
    if not found:
        return {"explorer_one": "not known", "explorer_answer": "Nobody has two test samples."}
    return {"explorer_one": found[0].one, "explorer_answer": choice_text(found[0])}


def choice_text(choice: Choice) -> str:
    """Whether a method for each person is better than one for all, in words."""
    if pd.isna(choice.added.low):
        verdict = "how sure this is cannot be said for so few people"
    elif choice.added.low > 0:
        verdict = "choosing for each person helps"
    elif choice.added.high < 0:
        verdict = "one method for all is better"
    else:
        verdict = "it is not shown that choosing for each person helps"
    score, apparent, added = map(
        points_with_interval, (choice.score, choice.apparent, choice.added)
    )
    return (
        f"It scores {score} points. The best method for each person seems to add {apparent}, but "
        f"on test samples that did not take part in the choice it adds {added}: {verdict}."
    )


def equal_weight_text(changes: pd.DataFrame, method: str) -> str:
    """The weight from which a method is worse than the baseline, on average over people.

    changes   of `best_method.changes_table`
    """
    lines = changes[changes["method"] == method]
    if lines.empty:
        return f"The run does not have {method}."
    on_I, on_G = lines["on_I"].mean(), lines["on_G"].mean()
    text = (
        f"{method} changes accuracy by {signed(on_I)} points for the person and by "
        f"{signed(on_G)} for everybody else"
    )
    if on_I > 0 > on_G:
        return f"{text}, so its score is 0 at w = {on_I / -on_G:.2f}."
    return f"{text}, so no weight above 0 makes its score 0."


def choices_table(choices: Sequence[Choice]) -> pd.DataFrame:
    """`best_method.choose_by_half` at several weights as text, a line per weight."""
    lines = [
        {
            "w": f"{each.weight:g}",
            "one method for all": each.one,
            "its score": points_with_interval(each.score),
            "choosing for each person seems to add": points_with_interval(each.apparent),
            "adds on other samples": points_with_interval(each.added),
        }
        for each in choices
    ]
    return pd.DataFrame(lines)


# --- the script


def vega_script() -> str:
    """Vega, Vega-Lite and vega-embed as one script that any page can load, from disk as well."""
    versions = (
        f"vl-convert-python {vl_convert.__version__}: Vega {vl_convert.get_vega_version()}, "
        f"Vega-Lite {vl_convert.get_vegalite_versions()[-1]}, "
        f"vega-embed {vl_convert.get_vega_embed_version()}; see LICENSE"
    )
    # a function, so that no name of the script meets another script's
    return f"// {versions}\n(() => {{\n{vl_convert.javascript_bundle()}\n}})();\n"


if __name__ == "__main__":
    (ROOT / "assets" / "vega" / "vega.js").write_text(vega_script(), "utf-8")
