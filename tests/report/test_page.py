"""A page holds all that it shows, names its pictures, and shows names of the user's as they are."""

import re
import tomllib
from pathlib import PurePath

import matplotlib.pyplot as plt
import pandas as pd

from perso.paths import ROOT
from perso.report import page
from perso.report.picture import Picture


def a_picture(alt: str) -> Picture:
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.plot([1, 2])
    return Picture(fig, alt)


def test_a_picture_in_a_page_is_named_and_shares_no_id():
    both = [page.inline_svg(a_picture(alt)) for alt in ('from "1" to 2 & more', "again")]
    assert 'role="img" aria-label="from &quot;1&quot; to 2 &amp; more"' in both[0]
    ids = [re.findall(r'\bid="([^"]*)"', each) for each in both]
    assert ids[0] and not set(ids[0]) & set(ids[1])
    for each, own in zip(both, ids, strict=True):
        assert each.startswith("<svg") and "<metadata>" not in each
        used = re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', each)
        assert used and {first or second for first, second in used} <= set(own)


def test_a_table_is_escaped_and_its_heads_name_rows_and_columns():
    table = page.text_table(pd.DataFrame({"a<b": ["1"]}, index=["<Ada>"]), "who & what", "person")
    macros = page.templates().get_template("macros.html.j2").module
    html = macros.table(table, ["<Ada>"])
    assert '<th scope="col">person</th><th scope="col">a&lt;b</th>' in html
    assert '<tr class="strong"><th scope="row">&lt;Ada&gt;</th><td>1</td></tr>' in html
    assert "<caption>who &amp; what</caption>" in html and 'aria-label="who &amp; what"' in html


def test_the_templates_are_installed_with_the_package():
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    (pattern,) = tools["package-data"]["perso.report"]
    files = list((ROOT / "perso" / "report" / "templates").iterdir())
    assert files and all(PurePath("templates", file.name).match(pattern) for file in files)
