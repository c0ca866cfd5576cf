"""A small book is built once; its pages can be printed, downloaded and launched elsewhere."""

import os
import shutil
from pathlib import Path

import nbformat
import pypdf
import pytest
import yaml
from bs4 import BeautifulSoup

from perso.errors import InputError
from perso.paths import ROOT
from perso.report import book, pdf

ADDRESS = "https://github.com/some-body/perso"
TITLES = ["The front page", "A chapter", "Another page"]


def chapter(file: Path) -> None:
    """Write an executed chapter: folded code, a wide table, a list of models, and a chart."""
    wide = " + ".join(["accuracy"] * 20)
    source = "# A chapter\n\n$x^2$, and [the front page](../intro)\n\n## A part"
    source += f"\n\n$$\n{wide} + \\text{{ending}}\n$$"
    table = "".join(f"<td>+{number}.0 [-1.5, +2.5]</td>" for number in range(12))
    html = f"<table><tr>{table}</tr></table><details id='models'><p>0abf7fd</p></details>"
    still = "<svg width='200' height='50'><text y='20'>pictured</text></svg>"
    html += "<div class='chart'><div class='chart-controls'>a slider</div>"
    html += f"<div class='chart-view'>{still}</div></div>"
    code = nbformat.v4.new_code_cell("folded = 1", execution_count=1)
    code.metadata["tags"] = ["hide-input"]
    code.outputs = [nbformat.v4.new_output("display_data", {"text/html": html})]
    imports = nbformat.v4.new_code_cell("import folded", execution_count=2)
    imports.metadata["tags"] = ["hide-cell"]
    shown = nbformat.v4.new_code_cell("shown = 1", execution_count=3)
    cells = [nbformat.v4.new_markdown_cell(source), code, imports, shown]
    language = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=language), file)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The folder of a build: book/ with the sources, html/ with the pages."""
    folder = tmp_path_factory.mktemp("build")
    source = folder / "book"
    for name in ("chapters", "results"):
        (source / name).mkdir(parents=True)
    shutil.copytree(ROOT / "assets", source / "assets")
    (source / "results" / "rows.csv").write_text("1")
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    config["sphinx"]["config"]["html_theme_options"] |= {
        "repository_url": ADDRESS,
        "repository_branch": "main",
        "launch_buttons": {
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        },
    }
    (source / "_config.yml").write_text(yaml.safe_dump(config), "utf-8")
    toc = {"format": "jb-book", "root": "intro"}
    toc["chapters"] = [{"file": "chapters/01-a"}, {"file": "other"}]
    (source / "_toc.yml").write_text(yaml.safe_dump(toc))
    links = "[a](chapters/01-a) <a href='_static/rows.csv'>the rows</a>"
    (source / "intro.md").write_text(f"# {TITLES[0]}\n\n{links}\n")
    (source / "other.md").write_text(f"# {TITLES[2]}\n\n[a part](chapters/01-a.ipynb)\n")
    (source / "references.bib").write_text("")
    chapter(source / "chapters" / "01-a.ipynb")
    book.mark(folder / "_build")
    book.compile_pages(source, folder / "html")
    return folder


@pytest.fixture
def require_browser():
    """Skip the test without Chromium; fail it where PERSO_REQUIRE_BROWSER=1."""
    try:
        pdf.find_browser()
    except InputError as error:
        leave = pytest.fail if os.environ.get("PERSO_REQUIRE_BROWSER") == "1" else pytest.skip
        leave(str(error))


@pytest.mark.slow
def test_the_pdf_has_every_page_open_and_whole(built, tmp_path, require_browser):
    assert pdf.pdf_command([str(built / "html"), str(tmp_path / "book.pdf")]) == 0
    printed = pypdf.PdfReader(tmp_path / "book.pdf")
    texts = [page.extract_text() for page in printed.pages]
    assert all(title in text for text, title in zip(texts[1:], TITLES, strict=True))
    assert all(title in texts[0] for title in TITLES)
    outline = [entry.title for entry in printed.outline if not isinstance(entry, list)]
    assert outline[1:] == TITLES
    assert "+11.0" in texts[2] and "pictured" in texts[2] and "ending" in texts[2]
    assert not any(part in "".join(texts) for part in ("folded", "Show code", "Copy", "0abf7fd"))


def test_joined_pages_have_links_within_and_only_the_script_of_formulas(built):
    html = built / "html"
    joined = BeautifulSoup(pdf.join_pages(html, pdf.page_names(html)), "html.parser")
    ids = [tag["id"] for tag in joined.select("[id]")]
    assert len(ids) == len(set(ids))
    links = [link["href"] for link in joined.select("article a")]
    assert {link[1:] for link in links} <= set(ids)
    assert links.count("#chapters-01-a") == 3 and links.count("#intro") == 2
    assert "the rows" in joined.get_text()
    scripts = [Path(script["src"]).name for script in joined.select("script")]
    assert scripts == ["katex.min.js", "auto-render.min.js", "math.js"]
    assert not joined.select("details:not([open]), button, iframe, .chart-controls")
    assert [code.get_text().strip() for code in joined.select(".cell_input")] == ["shown = 1"]
    assert not joined.select(".cell:empty, .cell:not(:has(.cell_input, .cell_output))")
    assert joined.select_one(".chart-view > svg").get_text() == "pictured"


def test_the_download_of_a_page_is_its_executed_notebook(built):
    page = built / "html" / "chapters" / "01-a.html"
    (link,) = BeautifulSoup(page.read_text("utf-8"), "html.parser").select(
        "a.btn-download-source-button"
    )
    downloaded = (page.parent / link["href"]).resolve()
    executed = nbformat.read(built / "book" / "chapters" / "01-a.ipynb", as_version=4)
    assert nbformat.read(downloaded, as_version=4) == executed
    assert any(cell.get("outputs") for cell in executed.cells)


def test_a_page_can_be_launched_where_the_repository_has_an_address(built):
    page = (built / "html" / "chapters" / "01-a.html").read_text("utf-8")
    links = {link["href"] for link in BeautifulSoup(page, "html.parser").select("a[href]")}
    path = "some-body/perso/main?urlpath=lab/tree/chapters/01-a.ipynb"
    assert f"https://mybinder.org/v2/gh/{path}" in links
    path = "some-body/perso/blob/main/chapters/01-a.ipynb"
    assert f"https://colab.research.google.com/github/{path}" in links


def test_without_a_browser_one_line_says_what_to_install(built, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    assert pdf.pdf_command([str(built / "html"), str(tmp_path / "book.pdf")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("perso: pdf: no-such-browser: not found; install Chromium (apt-get ")
    assert not list(tmp_path.iterdir())


def test_a_browser_that_fails_leaves_no_pdf(built, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CHROMIUM", "false")
    assert pdf.pdf_command([str(built / "html"), str(tmp_path / "book.pdf")]) == 1
    assert "printed no PDF" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_without_pages_the_command_that_builds_them_is_named(tmp_path, capsys):
    assert pdf.pdf_command([str(tmp_path), str(tmp_path / "book.pdf")]) == 2
    assert "has no index.html; build the book first: make book" in capsys.readouterr().err


def test_a_file_of_another_suffix_is_refused(built, tmp_path, capsys):
    to = tmp_path / "book.txt"
    assert pdf.pdf_command([str(built / "html"), str(to)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"perso: pdf: {to}: the book is printed to a file whose name ends in .pdf"
    assert not list(tmp_path.iterdir())
