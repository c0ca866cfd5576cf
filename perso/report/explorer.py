"""The trade-off explorer: charts to play with, without a kernel and without a network (chapter 25).

A chart is a Vega-Lite specification with its data. `assets/charts.js` draws it in place of the
still picture that the page has for readers without JavaScript. The script of Vega in assets/vega is
vl-convert's; `python -m perso.report.explorer` brings it up to date.
"""

import json
from collections.abc import Sequence
from html import escape

import altair as alt
import pandas as pd
import vl_convert
from IPython.display import HTML
from matplotlib.colors import to_hex

from perso.analysis import best_method
from perso.analysis.best_method import GROUPS, LOSS, MIXTURE, NOT_OWN, Choice
from perso.paths import ROOT
from perso.report.figures import HUES
from perso.stats.cohorts import Mean

WEIGHT, MOST, STEP = 1.0, 3.0, 0.1  # w at the start, the largest, and between two places
WORST = 5  # people who are named
ON_AVERAGE = "the best on average"
DOSES = ("every dose", "small doses", "large doses")
ALWAYS = "baseline"  # the group that always takes part
OUT = "-1e9"  # the score of what does not take part
QUIET = "#b8b8b8"
LOSES, GAINS = "#b5481b", "#2a6f97"
COLOURS = {
    **{group: to_hex(HUES[group]) for group in GROUPS if group in HUES},
    MIXTURE: to_hex(HUES["combined shaping"]),
    NOT_OWN: "#777777",
}
FOR_OTHERS = "everybody else: change in points"
FOR_PERSON = "the person: change in points"
LEFT = 46  # px of every view left of where its axes begin
NAMES = 165  # px from there to the bars, for the methods' names
WIDTH, HEIGHT, LINE, BETWEEN = 300, 280, 17, 24  # px of the still picture's views
LOOK = {
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {"gridColor": "#eeeeee", "titleFontWeight": "normal", "labelFontSize": 11},
    "title": {"anchor": "start", "fontSize": 13},
}


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


# --- the chart


def explorer_chart(changes: pd.DataFrame, methods: pd.DataFrame, name: str) -> alt.VConcatChart:
    """Trade-off, people and wins, which answer the weight, the groups, the dose and a method.

    changes   of `best_method.changes_table`
    methods   of `best_method.methods_table`
    """
    groups = [group for group in GROUPS if group in set(methods["group"])]
    colours = alt.Scale(domain=groups, range=[COLOURS[group] for group in groups])
    colour = alt.condition(
        "datum.part",
        alt.Color(
            "group:N",
            scale=colours,
            legend=alt.Legend(orient="bottom", title=None, columns=2, labelLimit=LEFT + NAMES),
        ),
        alt.value(QUIET),
    )
    weight = alt.param(
        name="w",
        value=WEIGHT,
        bind=alt.binding_range(min=0, max=MOST, step=STEP, name="weight w of everybody else "),
    )
    dose = alt.param(
        name="dose", value=DOSES[0], bind=alt.binding_select(options=DOSES, name="doses ")
    )
    switches = {
        group: alt.param(
            name=f"group{place}", value=group != NOT_OWN, bind=alt.binding_checkbox(name=group)
        )
        for place, group in enumerate(groups)
        if group != ALWAYS
    }
    names = list(methods["method"])
    shown = alt.selection_point(
        name="shown",
        fields=["method"],
        on="click",
        clear="dblclick",
        bind=alt.binding_select(
            options=[None, *names], labels=[ON_AVERAGE, *names], name="marked method "
        ),
    )
    people = changes["person"].nunique()
    upper = alt.hconcat(tradeoff_view(colour, people), people_view(), spacing=BETWEEN)
    return alt.vconcat(
        upper,
        wins_view(colour, names).add_params(shown),
        data=alt.Data(values=records(changes)),
        transform=transforms(methods, switches),
        params=[each.param for each in (weight, dose, *switches.values())],
        description=f"{name}: which method for whom, by the weight of everybody else",
        usermeta={"left": LEFT, "between": BETWEEN},
        background="white",
        config=LOOK,
        spacing=20,
    )


def records(changes: pd.DataFrame) -> list[dict]:
    """A record per person: the name, and the changes by every method in their order."""
    parts = ["on_I", "on_G"]
    return [
        {"person": person, **{part: lines[part].tolist() for part in parts}}
        for person, lines in changes.sort_values("number").groupby("person", sort=False)
    ]


def transforms(methods: pd.DataFrame, switches: dict[str, alt.Parameter]) -> list:
    """From the records to a line per person and method, with scores and places.

    The same as `best_method.best_at`, for what the reader chooses.
    """
    chosen = " || ".join(
        [
            f"datum.group == '{ALWAYS}'",
            *(f"(datum.group == '{group}' && {each.name})" for group, each in switches.items()),
        ]
    )
    of_dose = f"dose == '{DOSES[0]}' || datum.dose == '' || dose == datum.dose + ' doses'"
    whole = [None, None]  # the frame of a window: all lines
    lookup = methods.reset_index(names="number").to_dict("records")
    return (
        alt.Chart()
        .transform_flatten(["on_I", "on_G"])
        .transform_window(place="row_number()", groupby=["person"])
        .transform_calculate(number="datum.place - 1")
        .transform_lookup(
            lookup="number",
            from_=alt.LookupData(alt.Data(values=lookup), "number", ["method", "group", "dose"]),
        )
        .transform_calculate(
            part=f"({chosen}) && ({of_dose})",
            score="datum.on_I + w * datum.on_G",
        )
        .transform_calculate(
            loses=f"datum.score < -{LOSS} ? 1 : 0",
            ranked=f"datum.part ? datum.score : {OUT}",
        )
        .transform_window(
            place="row_number()",
            groupby=["person"],
            sort=order("-ranked", "-on_G", "number"),
        )
        .transform_window(
            from_worst="row_number()",
            worst="first_value(person)",
            lowest="first_value(score)",
            groupby=["method"],
            sort=order("score", "person"),
            frame=whole,
        )
        .transform_calculate(best="datum.part && datum.place == 1 ? 1 : 0")
        .transform_joinaggregate(
            mean="mean(score)", wins="sum(best)", losers="sum(loses)", groupby=["method"]
        )
        .transform_calculate(
            mean="round(datum.mean * 1e6) / 1e6",
            ranked=f"datum.part ? round(datum.mean * 1e6) / 1e6 : {OUT}",
        )
        .transform_window(
            on_average="first_value(method)",
            highest="first_value(mean)",
            sort=order("-ranked", "number"),
            frame=whole,
        )
        .transform_calculate(
            is_shown="datum.method == (shown.method ? shown.method[0] : datum.on_average)"
        )
        .transform
    )


def order(*fields: str) -> list[alt.SortField]:
    """The order of a window; a field with a minus goes down."""
    return [
        alt.SortField(field.lstrip("-"), "descending" if field[0] == "-" else "ascending")
        for field in fields
    ]


def of_methods() -> alt.Chart:
    """A line per method: its mean changes, and what is the same for all of its people."""
    same = ["method", "number", "group", "part", "mean", "wins", "losers", "worst", "lowest"]
    return alt.Chart().transform_aggregate(
        on_I="mean(on_I)",
        on_G="mean(on_G)",
        groupby=[*same, "on_average", "highest", "is_shown"],
    )


def tradeoff_view(colour: dict, people: int) -> alt.LayerChart:
    """The mean changes by each method, and the line of the scores as high as the best one's.

    The mark of the method that is shown says `winner_text`.
    """
    methods = of_methods()
    x = alt.X("on_G:Q", title=FOR_OTHERS, axis=axis())
    y = alt.Y("on_I:Q", title=FOR_PERSON, axis=axis(left=LEFT))
    sentence = (
        "'With weight ' + format(w, '.1f') + ', ' + datum.on_average + ' is the best on average ('"
        " + format(datum.highest, '+.1f') + ' points). '"
        " + (datum.method == datum.on_average ? 'It' : datum.method) + ' is the best for '"
        f" + datum.wins + ' of {people} people, and worse than the baseline for ' + datum.losers"
        " + (datum.losers ? ', most of all for person ' + datum.worst + ' ('"
        " + format(datum.lowest, '+.1f') + ' points)' : '') + '.'"
    )
    about = (
        "datum.method + ': ' + format(datum.on_I, '+.1f') + ' points for the person, '"
        " + format(datum.on_G, '+.1f') + ' for everybody else'"
    )
    tooltip = [
        alt.Tooltip("method:N"),
        alt.Tooltip("on_I:Q", format="+.1f", title="the person"),
        alt.Tooltip("on_G:Q", format="+.1f", title="everybody else"),
        alt.Tooltip("mean:Q", format="+.1f", title="score"),
        alt.Tooltip("losers:Q", title="people who lose"),
    ]
    dots = methods.mark_point(filled=True, size=75, opacity=0.9).encode(
        x=x, y=y, color=colour, tooltip=tooltip, description="about:N"
    )
    dots = dots.transform_calculate(about=about)
    one = methods.transform_filter("datum.is_shown")
    ring = one.mark_point(size=260, strokeWidth=2, color="black", filled=False).encode(
        x=x, y=y, description="sentence:N"
    )
    ring = ring.transform_calculate(sentence=sentence).properties(name="words")
    ends = methods.transform_aggregate(
        score="max(highest)",
        low="min(on_G)",
        high="max(on_G)",
        bottom="min(on_I)",
        top="max(on_I)",
    )
    inwards = ("align", "'right'", "'left'"), ("dx", "8", "-8")
    label = one.mark_text(
        **{key: alt.expr(f"datum.on_G > -0.5 ? {yes} : {no}") for key, yes, no in inwards},
        fontWeight="bold",
        fontSize=12,
        dy=-14,
        aria=False,
    ).encode(x=x, y=y, text="method:N")
    layers = [
        *zero_lines(),
        line_of_score(ends, "datum.score"),
        dots,
        ring,
        *on_white(label),
    ]
    return alt.layer(*layers).properties(
        title="All methods: means over people", width=WIDTH, height=HEIGHT
    )


def people_view() -> alt.LayerChart:
    """The people with one method; the line of a score of 0, below which they lose."""
    people = alt.Chart().transform_filter("datum.is_shown")
    x = alt.X("on_G:Q", title=FOR_OTHERS, axis=axis())
    y = alt.Y("on_I:Q", title=FOR_PERSON, axis=axis(left=LEFT))
    tooltip = [
        alt.Tooltip("person:N"),
        alt.Tooltip("on_I:Q", format="+.1f", title="the person"),
        alt.Tooltip("on_G:Q", format="+.1f", title="everybody else"),
        alt.Tooltip("score:Q", format="+.1f"),
    ]
    dots = people.mark_point(filled=True, size=40, opacity=0.7, aria=False).encode(
        x=x,
        y=y,
        color=alt.condition("datum.loses", alt.value(LOSES), alt.value(GAINS)),
        shape=alt.condition("datum.loses", alt.value("triangle-down"), alt.value("circle")),
        tooltip=tooltip,
    )
    ends = people.transform_aggregate(
        low="min(on_G)", high="max(on_G)", bottom="min(on_I)", top="max(on_I)"
    ).transform_calculate(bottom="min(0, datum.bottom)", top="max(0, datum.top)")
    # to the right and to the left in turn, as the worst are near each other
    worst = people.transform_filter(f"datum.from_worst <= {WORST}").mark_text(
        align=alt.expr("datum.from_worst % 2 ? 'left' : 'right'"),
        dx=alt.expr("datum.from_worst % 2 ? 7 : -7"),
        fontSize=11,
        color=LOSES,
        aria=False,
    )
    names = worst.encode(x=x, y=y, text=alt.condition("datum.loses", "person:N", alt.value("")))
    title = alt.Title(
        "The people with the marked method",
        subtitle=f"triangles lose; the {WORST} who lose most are named",
        subtitleColor=LOSES,
    )
    return alt.layer(*zero_lines(), line_of_score(ends, "0"), dots, *on_white(names)).properties(
        title=title, width=WIDTH, height=HEIGHT
    )


def wins_view(colour: dict, names: Sequence[str]) -> alt.LayerChart:
    """For how many people each method is the best; a click on a method shows its people."""
    methods = of_methods()
    # the axis is moved into the view, so that all views begin at the same place
    names_axis = alt.Axis(offset=-NAMES, labelLimit=NAMES + LEFT - 8, ticks=False, domain=False)
    y = alt.Y("method:N", sort=list(names), title=None, axis=names_axis)
    x = alt.X(
        "wins:Q",
        title="people",
        scale=alt.Scale(rangeMin=NAMES),
        axis=alt.Axis(tickCount=5, tickMinStep=1, format="d"),
    )
    bars = methods.mark_bar(cursor="pointer").encode(
        x=x,
        y=y,
        color=colour,
        stroke=alt.condition("datum.is_shown", alt.value("black"), alt.value(None)),
        description="words:N",
    )
    bars = bars.transform_calculate(words="datum.method + ': the best for ' + datum.wins")
    counts = (
        methods.transform_filter("datum.part")
        .mark_text(align="left", dx=4, fontSize=11, aria=False)
        .encode(x="wins:Q", y=y, text="wins:Q")
    )
    return alt.layer(bars, counts).properties(
        name="wins",
        title="For how many people each method is the best",
        width=2 * WIDTH,
        height={"step": LINE},
    )


def axis(left: int | None = None) -> alt.Axis:
    """An axis of changes in points; a vertical one takes `left` px."""
    extent = {} if left is None else {"minExtent": left - 20, "maxExtent": left - 20}
    sign = "datum.value == 0 ? '0' : format(datum.value, '+~f')"
    return alt.Axis(tickCount=6, labelExpr=sign, **extent)


def zero_lines() -> list[alt.Chart]:
    """Where nothing changes for the person, and for everybody else."""
    nothing = alt.Chart(alt.Data(values=[{"zero": 0}]))
    line = nothing.mark_rule(color="#999999", aria=False)
    return [line.encode(x="zero:Q"), line.encode(y="zero:Q")]


def on_white(text: alt.Chart) -> tuple[alt.Chart, alt.Chart]:
    """Letters, and their white outline beneath them, so that no mark strikes them out."""
    outline = text.copy()
    outline.mark = outline.mark.copy()
    outline.mark.color = "white"
    outline.mark.stroke = "white"
    outline.mark.strokeWidth = 2
    outline.mark.strokeJoin = "round"
    return outline, text


def line_of_score(ends: alt.Chart, score: str) -> alt.Chart:
    """The line of all changes that have one score.

    ends    a line of data with the ends of both axes: low and high, bottom and top
    score   an expression
    """
    return (
        ends.transform_calculate(
            low=f"w == 0 ? datum.low : max(datum.low, ({score} - datum.top) / w)",
            high=f"w == 0 ? datum.high : min(datum.high, ({score} - datum.bottom) / w)",
            level=score,
        )
        .transform_calculate(on_G="[datum.low, datum.high]")
        .transform_flatten(["on_G"])
        .transform_calculate(on_I="datum.level - w * datum.on_G")
        .mark_line(strokeDash=[5, 4], color="#555555", aria=False)
        .encode(x="on_G:Q", y="on_I:Q")
    )


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
