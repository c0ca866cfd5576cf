"""A report on somebody's own people: one page that holds all it shows, for any kind of people."""

import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from perso.cli import main
from perso.paths import ROOT
from perso.report import report_page, report_sentences
from perso.store import published
from perso.study import estimate
from perso.study.study import Study

SMOKE = str(ROOT / "params" / "smoke.yml")
TINY = ["-p", "width=0.0625", "-p", "epochs=1", "--jobs", "1"]
SECTIONS = [
    "Who they are",
    "Which method, and for whom",
    "How sure",
    "What it costs",
    "What to do next",
    "What made this page",
]


@pytest.fixture(autouse=True)
def drawing():
    plt.switch_backend("Agg")


def people_file(folder, names: str, kind: str = "images"):
    """A file of people with twenty samples each, of five classes."""
    path = folder / f"{kind}-{len(names)}.npz"
    labels = np.tile(np.arange(5), 4 * len(names))
    who = np.repeat([f"<{name}> & $co$" for name in names], 20)
    if kind == "images":
        digits = load_digits()
        samples = {"images": np.stack([digits.images[digits.target == c][0] for c in labels])}
        samples["images"] = (15 * samples["images"]).astype(np.uint8)
        samples["images"][:, 0, 0] = np.arange(len(labels))  # no two are equal
    else:
        draw = np.random.default_rng(0)
        steps = 3 if kind == "trajectories" else 2
        samples = {kind: draw.normal(labels[:, None, None], 1, (len(labels), 6, steps))}
        samples[kind] = samples[kind].astype(np.float32)
    np.savez_compressed(path, labels=labels, who=who, **samples)
    return path


def report(tmp_path, *words: str) -> str:
    page = tmp_path / "page.html"
    assert main(["report", SMOKE, *TINY, *words, "--to", str(page)]) == 0
    assert [path.name for path in tmp_path.glob("*.html")] == ["page.html"]
    return page.read_text("utf-8")


class Tags(HTMLParser):
    """The tags of a page, in order; ValueError for one that is not closed where it must be."""

    def __init__(self, html: str):
        super().__init__()
        self.found, self.open = [], []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            raise ValueError(tag)


def check_page(html: str) -> None:
    """A page loads nothing, has its sections in order, and names its pictures and tables."""
    tags = Tags(html).found
    for tag, attributes in tags:
        assert tag not in ("script", "link", "iframe", "img")
        address = attributes.get("src") or attributes.get("xlink:href") or attributes.get("href")
        assert not address or address.startswith(("#", "data:"))
    assert "url(http" not in html and "@import" not in html
    assert re.findall(r"<h2>(.*?)</h2>", html) == SECTIONS
    assert html.index('class="answer"') < html.index("<h2>")
    pictures = [attributes for tag, attributes in tags if tag == "svg"]
    assert len(pictures) == 3 and all(each["role"] == "img" for each in pictures)
    assert all(len(each["aria-label"]) > 20 for each in pictures)
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    text = re.sub("<svg.*?</svg>|<style>.*?</style>", "", html, flags=re.S)
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b", text)
    assert "own data (<i>D</i><sub>I</sub>)" in text
    assert "D_" not in re.sub("<[^>]*>", "", text)


def test_a_report_on_pictures_of_somebodys_people(tmp_path, capsys, monkeypatch):
    """Five people, one repeat; what is there is not trained again, and the names are theirs."""
    store = ["--store", str(tmp_path / "s.sqlite")]
    people = ["-p", f"dataset=file:{people_file(tmp_path, 'abcde')}"]
    html = report(tmp_path, *people, *store)
    said = capsys.readouterr()
    last = "page.html\nother commands need -p rows_of=relative for these rows\n"
    assert re.search(r"training takes .+ or more\n", said.err) and said.err.endswith(last)
    assert said.out == ""
    check_page(html)
    assert "&lt;a&gt; &amp; $co$" in html and "<a> &" not in html
    assert "4 people of images-5 get networks of their own" in html
    assert all(name in html for name in report_page.DEFAULT_NAMES)
    assert "hold for the 2 sets" in html and "each network was trained once" in html
    assert "for each person" in html.lower()
    untrained = "These networks have hardly learned"
    assert f'<div class="answer">\n<p>{untrained}' in html and f"<ol>\n<li>{untrained}" in html
    assert "<h3>Is it the own data?</h3>" in html
    monkeypatch.setattr(report_page, "report_html", lambda *_: "again")
    assert report(tmp_path, *people, *store) == "again"
    assert "training takes" not in capsys.readouterr().err


def test_two_people_are_too_few_and_the_page_says_what_cannot_be_said(tmp_path):
    people = ["-p", f"dataset=file:{people_file(tmp_path, 'ab')}", "-p", "individuals=2"]
    people += ["-p", "exchange=false", "-p", "global_people=1", "-p", "flips=false"]
    people[1] = f"dataset=file:{people_file(tmp_path, 'abc')}"
    html = report(tmp_path, *people, "--store", str(tmp_path / "s.sqlite"))
    check_page(html)
    assert "What other people would gain: these 2 may" in html
    assert "hold for the one set" in html and "2 people" in html


@pytest.mark.parametrize("kind", ["sequences", "trajectories"])
def test_a_report_on_sequences(kind, tmp_path):
    words = ["-p", f"dataset=file:{people_file(tmp_path, 'abcde', kind)}"]
    words += ["-p", "architecture=gru", "-p", "flips=false"]
    html = report(tmp_path, *words, "--store", str(tmp_path / "s.sqlite"))
    check_page(html)
    assert "6 steps" in html


def test_settings_that_name_rows_get_these(tmp_path, capsys, monkeypatch):
    file = tmp_path / "mine.yml"
    file.write_text((ROOT / "params" / "smoke.yml").read_text() + "rows_of: readings\n")
    seen = {}

    def page(study, rows, methods, params, command):
        seen.update(rows_of=study.settings.rows_of, methods=set(rows["method"]), params=params)
        return "a page"

    monkeypatch.setattr(report_page, "report_html", page)
    monkeypatch.setattr(Study, "run", lambda study, methods, *_: study.wanted(methods))
    monkeypatch.setattr(estimate, "training_estimate", lambda *_: 0)
    monkeypatch.chdir(tmp_path)
    people = ["-p", f"dataset=file:{people_file(tmp_path, 'abcde')}"]
    store = ["--store", str(tmp_path / "s.sqlite")]
    assert main(["report", str(file), *TINY, *people, *store]) == 0
    assert seen["rows_of"] == "readings" and "ES-n-400" in seen["methods"]
    assert (seen["params"], (tmp_path / "build" / "mine.html").read_text()) == ("mine", "a page")
    assert main(["report", SMOKE, *TINY, *people, *store, "-p", "rows_of=readings"]) == 0
    assert seen["rows_of"] == "readings"
    assert "other commands need" not in capsys.readouterr().err


def test_published_rows_need_no_training(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(report_page, "report_html", lambda *_: "a page")
    quick = str(ROOT / "params" / "quick.yml")
    to = ["--store", str(tmp_path / "s.sqlite"), "--to", str(tmp_path / "page.html")]
    assert main(["report", quick, *to]) == 0
    message = capsys.readouterr().err
    assert "196 of 196 models come from results/quick-relative.parquet" in message
    assert "training" not in message


def test_a_budget_that_ends_leaves_no_page(tmp_path, capsys):
    people = ["-p", f"dataset=file:{people_file(tmp_path, 'abcde')}", "--budget", "0"]
    to = ["--store", str(tmp_path / "s.sqlite"), "--to", str(tmp_path / "page.html")]
    assert main(["report", SMOKE, *TINY, *people, *to]) == 3
    assert "models left: 56" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    """Where the page fails, the one that was there stays."""

    def fails(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(report_page, "report_html", fails)
    monkeypatch.setattr(published, "FOLDER", tmp_path / "none")
    page = tmp_path / "page.html"
    page.write_text("the old one")
    quick = str(ROOT / "params" / "quick.yml")
    with pytest.raises(ZeroDivisionError):
        main(["report", quick, "--store", str(tmp_path / "s.sqlite"), "--to", str(page)])
    assert page.read_text() == "the old one"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--to", "page.pdf"], "--to page.pdf: .pdf is unknown; possible: .html"),
        (["-p", "rows_of=nothing"], "rows_of: 'nothing' is unknown"),
        (["-p", "individuals=99"], "individuals"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(words, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["report", SMOKE, *words, "--store", str(tmp_path / "s.sqlite")]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not list(tmp_path.glob("*.html"))


def test_rows_without_a_personal_method_are_refused(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(
        "from perso.methods.registry import BASE, TL_0\nMINE = (BASE, TL_0)\n"
    )
    people = ["-p", f"dataset=file:{people_file(tmp_path, 'abcde')}"]
    words = [*people, "-p", f"rows_of={tmp_path / 'mine.py'}:MINE"]
    to = ["--store", str(tmp_path / "s.sqlite"), "--to", str(tmp_path / "page.html")]
    assert main(["report", SMOKE, *TINY, *words, *to]) == 2
    assert (
        "has no method that uses the person's data; possible: relative" in capsys.readouterr().err
    )


def test_who_gains_says_that_an_estimate_borrows_from_the_other_people():
    people = pd.DataFrame({"verdict": ["loses", "open", "gains"]}, index=list("abc"))
    sentence = report_sentences.who_gains_sentence(people, "TL")
    assert "1 of 3 people gain and 1 lose beyond noise; the estimate of each" in sentence


def test_a_method_without_a_control_is_said_to_have_none():
    rows = pd.DataFrame({"method": ["SW-n-2", "ES 12 %", "BaseLine + 12 %"]})
    assert report_sentences.no_control_sentence(rows, "ES 12 %") == ""
    assert "no control of SW-n-2" in report_sentences.no_control_sentence(rows, "SW-n-2")


@pytest.mark.parametrize(
    ("count", "text"),
    [(12, "12 bytes"), (1234, "1.23 kB"), (45_600_000, "45.6 MB"), (2e12, "2e+03 GB")],
)
def test_bytes_are_in_a_unit_that_fits(count, text):
    assert report_sentences.size_text(count) == text
