"""The trade-off explorer: what it shows is what the rows hold."""

import json
import re
from html import unescape

import numpy as np
import pandas as pd
import pytest

from perso.analysis import best_method
from perso.analysis.best_method import NOT_OWN, Choice
from perso.analysis.effects import EARLY, LATE
from perso.paths import ROOT
from perso.stats.cohorts import Mean

alt = pytest.importorskip("altair")
vl_convert = pytest.importorskip("vl_convert")
from perso.report import explorer  # noqa: E402
from perso.report.explorer_chart import explorer_chart  # noqa: E402


def drawn(spec: dict, values: dict) -> tuple[str, dict[str, int]]:
    """The words and the people for whom each method is best, with other values of parameters."""
    names = {each.get("name") for each in spec["params"]}
    assert set(values) <= names
    params = [
        {**each, "value": values[each["name"]]} if each.get("name") in values else each
        for each in spec["params"]
    ]
    svg = unescape(vl_convert.vegalite_to_svg({**spec, "params": params}))
    (words,) = re.findall(r'aria-label="(With weight [^"]*)"', svg)
    wins = re.findall(r'aria-label="([^"]*): the best for (\d+)"', svg)
    return words, {method: int(number) for method, number in wins}


@pytest.mark.parametrize(
    ("values", "left_out"),
    [
        ({"w": 0}, [NOT_OWN]),
        ({"w": 2.3, "group5": True}, []),
        ({"w": 1, "group3": False, "shown": [{"method": EARLY}]}, [NOT_OWN, "transfer learning"]),
    ],
)
def test_the_chart_counts_as_the_analysis_does(explored_rows, values, left_out):
    changes = best_method.changes_table(explored_rows)
    methods = best_method.methods_table(changes["method"])
    spec = explorer_chart(changes, methods, "a run").to_dict()
    words, wins = drawn(spec, values)
    part = list(methods["method"][~methods["group"].isin(left_out)])
    shown = values["shown"][0]["method"] if "shown" in values else None
    assert words == explorer.winner_text(changes, values["w"], part, shown)
    best = best_method.best_at(changes, values["w"], part)
    expected = dict.fromkeys(methods["method"], 0) | best.table["wins"].to_dict()
    assert wins == expected
    assert sum(wins.values()) == explored_rows["person"].nunique()


def test_small_doses_alone_take_part_where_they_are_chosen(explored_rows):
    changes = best_method.changes_table(explored_rows)
    methods = best_method.methods_table(changes["method"])
    spec = explorer_chart(changes, methods, "a run").to_dict()
    _, wins = drawn(spec, {"dose": "small doses"})
    assert {method for method, number in wins.items() if number} <= {"BaseLine", "ES 1.2 %"}


def test_the_page_has_words_picture_and_data_and_no_end_of_script_in_a_name(explored_rows):
    explored_rows["person"] = explored_rows["person"].replace("0-1", "</script><b>")
    html = explorer.explorer_html(explored_rows, "mine & yours").data
    (text,) = re.findall(r'<script type="application/json">(.*?)</script>', html, re.S)
    spec = json.loads(text)
    assert "</script><b>" in {each["person"] for each in spec["data"]["values"]}
    assert '<svg role="img" aria-label="mine &amp; yours: which method' in html
    words = unescape(re.findall(r'aria-live="polite">(.*?)</p>', html)[0])
    changes = best_method.changes_table(explored_rows)
    methods = best_method.methods_table(changes["method"])
    assert words == explorer.winner_text(changes, 1, best_method.chosen_methods(methods))
    assert not re.findall(r"(?:src|href)=", html)


def test_names_of_methods_say_whose_data(make_relative_run):
    html = explorer.explorer_html(make_relative_run(cohorts=1, people=3).rows, "a run").data
    assert "D_G" not in html
    assert "TL 9 % on others' data (1e-3)" in unescape(html)


def test_letters_are_on_a_white_outline(explored_rows):
    changes = best_method.changes_table(explored_rows)
    methods = best_method.methods_table(changes["method"])
    spec = explorer_chart(changes, methods, "a run").to_dict()
    for view in spec["vconcat"][0]["hconcat"]:
        *_, below, above = [layer["mark"] for layer in view["layer"]]
        assert below["type"] == above["type"] == "text"
        assert below["stroke"] == "white" and "stroke" not in above


def test_every_control_has_a_name_and_its_own_parameter(explored_rows):
    changes = best_method.changes_table(explored_rows)
    methods = best_method.methods_table(changes["method"])
    spec = explorer_chart(changes, methods, "a run").to_dict()
    binds = [each["bind"] for each in spec["params"] if "bind" in each]
    labels = [bind.get("name") or bind["method"]["name"] for bind in binds]
    assert all(labels)
    assert len(set(labels)) == len(labels) == 8


def test_the_script_is_of_the_version_that_altair_writes_for():
    first = (ROOT / "assets" / "vega" / "vega.js").read_text("utf-8").split("\n", 1)[0]
    major = re.search(r"Vega-Lite (\d+)", first)[1]
    assert f"v{major}." in alt.SCHEMA_VERSION


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.2, 0.6, "each person helps."),
        (-0.6, -0.2, "one method for all is better."),
        (-0.2, 0.6, "not shown"),
        (np.nan, np.nan, "so few people"),
    ],
)
def test_the_answer_says_what_the_interval_shows(low, high, words):
    def mean(low: float, high: float) -> Mean:
        return Mean((low + high) / 2, 0.1, 3, 40, 4, low, high, 0.05)

    choice = Choice(1.0, LATE, mean(1, 2), mean(0.5, 0.9), mean(low, high))
    assert words in explorer.choice_text(choice)
    said = {"explorer_one": LATE, "explorer_answer": explorer.choice_text(choice)}
    assert explorer.answer_texts([choice]) == said
    assert explorer.answer_texts([])["explorer_one"] == "not known"
    table = explorer.choices_table([choice])
    assert table.loc[0, ["w", "one method for all"]].tolist() == ["1", LATE]


@pytest.mark.parametrize(
    ("on_I", "on_G", "words"),
    [(3, -4, "its score is 0 at w = 0.75."), (3, 1, "no weight above 0"), (-1, -1, "no weight")],
)
def test_the_weight_at_which_a_method_is_as_good_as_the_baseline(on_I, on_G, words):
    changes = pd.DataFrame({"method": [LATE] * 2, "on_I": [on_I] * 2, "on_G": [on_G] * 2})
    assert words in explorer.equal_weight_text(changes, LATE)
    assert "does not have" in explorer.equal_weight_text(changes, EARLY)
