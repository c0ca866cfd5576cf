"""Several books as one: names, links between their pages, the page that compares."""

import re
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pytest

from perso import cli
from perso.errors import InputError
from perso.paths import ROOT
from perso.report import book, books, runs_page
from perso.report.kept import Kept
from perso.settings import Settings
from perso.stats.cohorts import Mean
from perso.store.sqlite import Store

PAGE = "<html><head><title>a</title></head><body><main><article class='b'>text</article></main>"
SMOKE = str(ROOT / "params" / "smoke.yml")


def test_names_are_those_of_the_files_and_each_is_another():
    assert books.names_of_runs(["a/smoke.yml", "b/two words.yml"]) == ["smoke", "two words"]
    for other in ("b/smoke.yml", "b/Smoke.yaml"):
        with pytest.raises(InputError, match=r"two runs are named [sS]moke, of a/smoke.yml and"):
            books.names_of_runs(["a/smoke.yml", other])


def made_pages(folder: Path, *pages: str) -> Path:
    """Write pages as a build does, and return the first."""
    book.mark(folder)
    (folder / "index.html").write_text('<meta http-equiv="Refresh" content="0; url=intro.html" />')
    for page in pages:
        (folder / page).parent.mkdir(exist_ok=True)
        (folder / page).write_text(PAGE)
    return folder / "index.html"


@pytest.fixture
def built(tmp_path, monkeypatch):
    """Build runs that have pages of these names: `built({run: pages})`; the calls of each."""
    calls = []

    def build(pages: dict[str, list[str]]) -> list:
        def one(study, data_dir, to, jobs, shared):
            calls.append((to.name, shared))
            return made_pages(to / "html", *study)

        monkeypatch.setattr(book, "build", one)
        monkeypatch.setattr(runs_page, "runs_html", lambda studies: "comparison")
        first = books.build_runs(pages, tmp_path / "data", tmp_path / "out")
        assert first == tmp_path / "out" / "html" / "index.html"
        return calls

    return build


def test_every_page_leads_to_the_same_page_of_the_other_runs(tmp_path, built):
    calls = built({"a b": ["intro.html", "chapters/01.html"], "c": ["intro.html"]})
    assert calls == [(name, tmp_path / "out" / "executed") for name in ("a b", "c")]
    html = tmp_path / "out" / "html"
    assert (html / "index.html").read_text() == "comparison"
    links = {}
    for file in html.rglob("*.html"):
        text = file.read_text()
        place = file.relative_to(html).as_posix()
        links[place] = re.findall(r'<a href="(.*?)"', text)
        for link in links[place]:
            assert (file.parent / link.replace("%20", " ")).is_file(), (place, link)
    assert links["a b/chapters/01.html"] == [
        "../../a%20b/chapters/01.html",
        "../../c/index.html",
        "../../index.html",
    ]
    assert links["c/intro.html"] == ["../a%20b/intro.html", "../c/intro.html", "../index.html"]
    assert links["c/index.html"] == []  # it leads on by itself
    text = (html / "c" / "intro.html").read_text()
    assert text.index("<style>") < text.index("</head>")
    assert text.index("<article") < text.index('<nav class="runs') < text.index("text</article>")
    assert 'aria-label="This page of another run"' in text
    assert '<a href="../c/intro.html" aria-current="page">c</a>' in text


def test_a_page_without_an_article_has_its_links_in_main():
    linked = books.with_links("<head></head><main id='m'><p>search</p></main>", "LINKS")
    assert linked.index("<main id='m'>") < linked.index("LINKS") < linked.index("<p>search")


def test_runs_that_are_left_out_leave_no_pages(tmp_path, built):
    built({"a": ["intro.html"], "b": ["intro.html"]})
    built({"b": ["intro.html"], "c": ["intro.html"]})
    html = tmp_path / "out" / "html"
    assert sorted(path.name for path in html.iterdir() if path.is_dir()) == ["b", "c"]
    assert (html / "b" / "intro.html").read_text().count("<nav") == 1


@pytest.mark.parametrize("place", ["html", "executed", "runs/a/html"])
def test_a_build_of_runs_refuses_what_it_did_not_make(place, tmp_path, built):
    (tmp_path / "out" / place).mkdir(parents=True)
    (tmp_path / "out" / place / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=f"{place} would be replaced"):
        built({"a": [], "b": []})
    assert (tmp_path / "out" / place / "mine.txt").read_text() == "mine"


def chapter(path: Path, source: str, **parameters: str) -> Path:
    cells = [nbformat.v4.new_code_cell(f"{k} = {v!r}") for k, v in parameters.items()]
    for cell in cells:
        cell.metadata.tags = ["parameters"]
    cells.append(nbformat.v4.new_code_cell(source))
    kernel = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    return path


def test_a_chapter_about_data_of_its_own_is_executed_once_for_all_runs(tmp_path, monkeypatch):
    counted = "from pathlib import Path\nwith Path({!r}).open('a') as f: f.write('x')\nimport perso"
    own, books_own = tmp_path / "own.txt", tmp_path / "book.txt"
    paths = [
        chapter(tmp_path / "01-a.ipynb", counted.format(str(books_own)), epochs="6"),
        chapter(tmp_path / "21-b.ipynb", counted.format(str(own)), params="quick-pens"),
    ]
    monkeypatch.setattr(book, "chapters", lambda: paths)
    store = Store(tmp_path / "store.sqlite")
    for run in ("a", "b"):
        executed = Kept(tmp_path / run, store, run, tmp_path / "data")
        alike = Kept(tmp_path / "alike", store, "", tmp_path / "data")
        book.run_chapters(tmp_path / f"pages-{run}", Settings(), executed, {}, 1, alike)
    assert (own.read_text(), books_own.read_text()) == ("x", "xx")
    assert [path.name for path in sorted((tmp_path / "alike").glob("*.ipynb"))] == ["21-b.ipynb"]
    pages = [(tmp_path / f"pages-{run}" / "21-b.ipynb").read_text() for run in "ab"]
    assert pages[0] == pages[1]


# --- the page that compares


def mean(value: float, reach: float = 0.01) -> Mean:
    return Mean(value, reach / 2, 9, 10, 2, value - reach, value + reach, 0.01)


def test_where_runs_agree_is_said_in_words():
    effects = {
        ("D_I", "helps"): {"a": mean(0.05), "b": mean(0.03)},
        ("D_I", "harms"): {"a": mean(-0.05), "b": mean(-0.03)},
        ("D_I", "differs"): {"a": mean(0.05), "b": mean(-0.03)},
        ("D_I", "unknown"): {"a": mean(0.05), "b": mean(np.nan, np.nan)},
        ("D_I", "only a"): {"a": mean(0.05)},
        ("D_G", "helps"): {"a": mean(0.0), "b": mean(0.0)},
    }
    assert runs_page.agreement_lines(effects, 2) == [
        "1 of 4 methods raise accuracy on own data (D_I) in every run: helps.",
        "1 of 4 methods lower accuracy on own data (D_I) in every run: harms.",
        "1 of 4 methods raise accuracy on own data (D_I) in one run and lower it in another: "
        "differs.",
        "No effect on everybody else's (D_G) is shown in any run.",
    ]
    table = runs_page.effects_by_run(effects, "D_I", ["a", "b"])
    assert table.loc["helps"].tolist() == ["+5.0 [+4.0, +6.0]", "+3.0 [+2.0, +4.0]"]
    assert table.loc["only a", "b"] == table.loc["unknown", "b"] == ""


def test_how_many_differences_are_beyond_noise():
    lines = pd.DataFrame({"p": [0.001, 0.9, np.nan], "holm": [0.002, 0.9, np.nan]})
    assert runs_page.differ_sentence(lines).startswith("1 of 2 differences between the effects")
    assert "too few people" in runs_page.differ_sentence(lines[2:])


def test_runs_of_one_data_set_may_share_people():
    def study(source):
        return SimpleNamespace(data=SimpleNamespace(source=SimpleNamespace(source=source)))

    assert runs_page.shared_sentence({"a": study("digits"), "b": study("qmnist")}) == ""
    assert "may share people" in runs_page.shared_sentence({"a": study("x"), "b": study("x")})


def test_the_page_shows_all_runs_and_what_differs(make_relative_run, monkeypatch):
    """Two runs of which one gains with a method of v3's table."""
    runs = {
        name: make_relative_run(name, {"SW-n-2": (gain, 0.0), "SW-n-12": (0.0, 0.0)}).rows
        for name, gain in (("<gains>", 0.15), ("not", 0.0))
    }
    people = ["x", "y"]
    data = SimpleNamespace(
        source=SimpleNamespace(source="file.npz"),
        splits=SimpleNamespace(individuals=people, test={"x": [1], "y": [1, 2]}),
        classes=30,
        kind="images",
        shape=(8, 8),
    )
    studies = {
        name: SimpleNamespace(rows=lambda rows=rows: rows, data=data, settings=Settings())
        for name, rows in runs.items()
    }
    html = runs_page.runs_html(studies)
    assert '<a href="%3Cgains%3E/index.html">&lt;gains&gt;</a>' in html and "<gains>" not in html
    assert 'role="img" aria-label="Change of accuracy per method and run' in html
    assert "1 of 4 differences between the effects of two runs are beyond noise" in html
    assert "may share people" in html and "8 × 8 pixels" in html and "1 to 2" in html
    beyond = html.split('aria-label="Differences beyond noise"')[1]
    assert beyond.count("<tr>") == 2 and "SW-n-2" in beyond and "&lt;gains&gt; − not" in beyond


# --- the command


@pytest.fixture
def commanded(monkeypatch):
    """What the command builds: the runs, or a single study."""
    from perso.claims import evidence
    from perso.study.study import Study

    made = []
    monkeypatch.setattr(Study, "run", lambda study, jobs: made.append("run"))
    monkeypatch.setattr(evidence, "train_missing", lambda study, jobs: made.append("evidence"))
    monkeypatch.setattr(book, "build", lambda study, *_: made.append("one") or Path("one.html"))
    monkeypatch.setattr(
        books, "build_runs", lambda studies, *_: made.append([*studies]) or Path("all.html")
    )
    return made


def test_a_book_of_one_file_is_built_as_before_and_of_several_together(tmp_path, commanded, capsys):
    folders = ["--store", str(tmp_path / "s.sqlite"), "--to", str(tmp_path / "out")]
    assert cli.main(["book", SMOKE, *folders]) == 0
    assert commanded == ["run", "evidence", "one"]
    assert "one.html" in capsys.readouterr().out
    commanded.clear()
    other = tmp_path / "mine.yml"
    other.write_text(Path(SMOKE).read_text())
    assert cli.main(["book", SMOKE, str(other), *folders]) == 0
    assert commanded == ["run", "evidence"] * 2 + [["smoke", "mine"]]
    assert "all.html" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([SMOKE, SMOKE], "two runs are named smoke"),
        ([SMOKE, "nowhere.yml"], "nowhere.yml: No such file"),
        ([SMOKE, str(ROOT / "params" / "quick-counts.yml")], "variation: class-counts has no book"),
    ],
)
def test_several_are_checked_before_any_is_trained(files, message, tmp_path, commanded, capsys):
    folders = ["--store", str(tmp_path / "s.sqlite"), "--to", str(tmp_path / "out")]
    assert cli.main(["book", *files, *folders]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and not commanded
