"""Pages have symbols, minus signs, and lines that end where a reader can go on."""

import pytest

from perso.report.typesetting import (
    mark_long_cells,
    typeset_html,
    typeset_numbers,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-0.8 or -.05, 0 to -4", "−0.8 or −.05, 0 to −4"),
        ("SW-n-2 - TL-n-300 (1e-4)", "SW-n-2 - TL-n-300 (1e-4)"),
        ("2026-11-27, 3-5 and $10^{-4}$", "2026-11-27, 3-5 and $10^{-4}$"),
        ("in −0.8 points", "in −0.8_points"),
        ("+1.2 [-0.3, +2.7] points", "+1.2_[−0.3,_+2.7]_points"),
        ("-62 [-100 (cut), +1] %, p .05", "−62_[−100_(cut),_+1]_%, p .05"),
        ("v3 min, 3 min", "v3 min, 3_min"),
        ("95 % of 2 pointers", "95_% of 2 pointers"),
        ("TL 9 % in pp [95 %] ", "TL 9_% in pp [95_%] "),
        ("0.5 ± 0.1 in 3 ms", "0.5_±_0.1 in 3_ms"),
        ("in %, [see there], 2 of 3", "in %, [see there], 2 of 3"),
    ],
)
def test_numbers_have_minus_signs_and_stay_with_their_units(text, expected):
    assert typeset_numbers(text) == expected.replace("_", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    "html",
    ['<td title="-1 %">', "<script>f(-1, 2 %)</script>", "<pre>-1 %</pre>", "<code>-1</code>"],
)
def test_tags_and_code_stay_as_they_are(html):
    assert typeset_html(html) == html


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<th>change on D_I</th>", "<th>change on <i>D</i><sub>I</sub></th>"),
        ("D_G and D_U", "<i>D</i><sub>G</sub> and <i>D</i><sub>U</sub>"),
        ('<td title="on D_I">1</td>', '<td title="on D_I">1</td>'),
        ('<script>f("D_I")</script>', '<script>f("D_I")</script>'),
        ("<pre>D_I</pre> D_I", "<pre>D_I</pre> <i>D</i><sub>I</sub>"),
        ("<title>D_I</title>", "<title>D_I</title>"),
        ("<pb>BD_I D_Iab</pb>", "<pb>BD_I D_Iab</pb>"),
    ],
)
def test_a_symbol_in_html_is_typeset_where_a_reader_sees_it(html, expected):
    assert typeset_html(html) == expected


def test_names_are_kept_together_but_not_in_tags_and_code():
    name = '<span class="together">TL-n-300</span> (<span class="together">1e-4</span>)'
    assert typeset_html("<td>TL-n-300 (1e-4)</td>") == f"<td>{name}</td>"
    for html in ('<a href="SW-n-2">x-n-y</a>', "<code>SW-n-2</code>", "SW-weighing, 3-5"):
        assert typeset_html(html) == html


def test_long_cells_are_marked_and_short_ones_and_numbers_are_not():
    sentence = "CRoP minus fine-tuning on <i>D</i><sub>I</sub> and elsewhere"
    assert mark_long_cells(f"<td>{sentence}</td>") == f'<td class="words">{sentence}</td>'
    methods = "<th>ES-n-400 + SW-n-12 + TL-n-10 (1e-4)</th>"
    assert mark_long_cells(methods).startswith('<th class="words">')
    styled = f'<th id="a" class="row_heading">{sentence}</th>'
    assert mark_long_cells(styled) == styled.replace("row_heading", "words row_heading")
    for short in ("SW-n-2 − BaseLine", "1,000,000 × 3 + 0.12"):
        assert mark_long_cells(f"<td>{short}</td>") == f"<td>{short}</td>"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("+0.2_[+0.1,_+0.3] (0.12)", "+0.2 [+0.1,_+0.3] (0.12)"),
        ("−1,000_[−2,000,_0]_bytes", "−1,000 [−2,000,_0]_bytes"),
        ("0.70 → 0.74 (+0.04_[−0.15,_+0.23])", "0.70 → 0.74 (+0.04_[−0.15,_+0.23])"),
    ],
)
def test_a_line_may_end_before_an_interval_but_not_within_it(cell, expected):
    html = f"<td>{cell}</td>".replace("_", "\N{NO-BREAK SPACE}")
    marked = mark_long_cells(html)
    assert marked.replace("\N{NO-BREAK SPACE}", "_") == f'<td class="interval">{expected}</td>'
