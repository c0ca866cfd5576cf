"""The chart of the trade-off explorer, as a Vega-Lite specification with its data."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
from matplotlib.colors import to_hex

from perso.analysis.best_method import GROUPS, LOSS, MIXTURE, NOT_OWN
from perso.report.looks import HUES

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
LEFT = 46  # px of every view left of where its axes begin
NAMES = 165  # px from there to the bars, for the methods' names
WIDTH, HEIGHT, LINE, BETWEEN = 300, 280, 17, 24  # px of the still picture's views
ABOVE = 23  # px from the marked method to its name, so that a mark just above it shows
LOOK = {
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {"gridColor": "#eeeeee", "titleFontWeight": "normal", "labelFontSize": 11},
    "title": {"anchor": "start", "fontSize": 13},
}


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
    place = change_axes()
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
    score = alt.Tooltip("mean:Q", format="+.1f", title="score")
    losers = alt.Tooltip("losers:Q", title="people who lose")
    tooltip = tooltip_of("method", score, losers)
    dots = methods.mark_point(filled=True, size=75, opacity=0.9).encode(
        **place, color=colour, tooltip=tooltip, description="about:N"
    )
    dots = dots.transform_calculate(about=about)
    one = methods.transform_filter("datum.is_shown")
    ring = one.mark_point(size=260, strokeWidth=2, color="black", filled=False).encode(
        **place, description="sentence:N"
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
        dy=-ABOVE,
        aria=False,
    ).encode(**place, text="method:N")
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
    place = change_axes()
    dots = people.mark_point(filled=True, size=40, opacity=0.7, aria=False).encode(
        **place,
        color=alt.condition("datum.loses", alt.value(LOSES), alt.value(GAINS)),
        shape=alt.condition("datum.loses", alt.value("triangle-down"), alt.value("circle")),
        tooltip=tooltip_of("person", alt.Tooltip("score:Q", format="+.1f")),
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
    names = worst.encode(**place, text=alt.condition("datum.loses", "person:N", alt.value("")))
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


def change_axes() -> dict[str, alt.X | alt.Y]:
    """The change for everybody else from left to right, and the one for the person upwards."""
    look = {"tickCount": 6, "labelExpr": "datum.value == 0 ? '0' : format(datum.value, '+~f')"}
    upright = alt.Axis(minExtent=LEFT - 20, maxExtent=LEFT - 20, **look)
    room = alt.Scale(padding=ABOVE)  # px beyond the marks, for the name of the highest
    return {
        "x": alt.X("on_G:Q", title="everybody else: change in points", axis=alt.Axis(**look)),
        "y": alt.Y("on_I:Q", title="the person: change in points", axis=upright, scale=room),
    }


def tooltip_of(name: str, *others: alt.Tooltip) -> list[alt.Tooltip]:
    """What a mark's tooltip says: its name, its changes, and others."""
    return [
        alt.Tooltip(f"{name}:N"),
        alt.Tooltip("on_I:Q", format="+.1f", title="the person"),
        alt.Tooltip("on_G:Q", format="+.1f", title="everybody else"),
        *others,
    ]


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
