"""Chapters can be run, compared and published; a failure is named."""

import ast
import os
import re
import shutil
import subprocess
import symtable
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

from perso import settings
from perso.errors import InputError, RunError
from perso.paths import ROOT
from perso.report import book, execution

CHAPTERS = sorted((ROOT / "chapters").glob("[!.]*.ipynb"))
OWN_PARAMS = [chapter for chapter in CHAPTERS if execution.has_own_params(chapter)]
BOOKS_PARAMS = [chapter for chapter in CHAPTERS if chapter not in OWN_PARAMS]


def cells(chapter, kind="code"):
    return [cell for cell in nbformat.read(chapter, as_version=4).cells if cell.cell_type == kind]


def tags(cell):
    return cell.metadata.get("tags", [])


def test_the_book_has_every_chapter_once():
    assert sorted(book.chapters()) == sorted(CHAPTERS)


def stated_parameters(chapter):
    (cell,) = (cell for cell in cells(chapter) if "parameters" in tags(cell))
    return {
        line.targets[0].id: ast.literal_eval(line.value) for line in ast.parse(cell.source).body
    }


@pytest.mark.parametrize("chapter", BOOKS_PARAMS, ids=lambda path: path.stem)
class TestChapterWithTheBooksParameters:
    def test_runs_as_it_stands_at_smoke_size(self, chapter):
        stated = stated_parameters(chapter)
        smoke = yaml.safe_load((ROOT / "params" / "smoke.yml").read_text())
        assert stated == {key: smoke[key] for key in stated} and len(stated) >= 9

    def test_assigns_no_setting_before_they_are_read(self, chapter):
        """`settings_of` reads what any earlier cell assigned."""
        sources = [cell.source for cell in cells(chapter) if "parameters" not in tags(cell)]
        last = max(
            number for number, source in enumerate(sources) if "settings_of(globals())" in source
        )
        for source in sources[:last]:
            names = symtable.symtable(source, "cell", "exec").get_symbols()
            assigned = {
                name.get_name() for name in names if name.is_assigned() or name.is_imported()
            }
            assert not assigned & set(settings.TYPES)


@pytest.mark.parametrize("chapter", OWN_PARAMS, ids=lambda path: path.stem)
def test_a_chapter_with_own_parameters_names_files_whose_rows_are_published(chapter):
    stated = stated_parameters(chapter)
    assert all((ROOT / "params" / f"{name}.yml").is_file() for name in stated.values())
    assert (ROOT / "results" / f"{stated['params']}.parquet").is_file()
    assert not any("settings_of(" in cell.source for cell in cells(chapter))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
class TestChapter:
    def test_has_short_cells_and_defines_nothing(self, chapter):
        for cell in cells(chapter):
            tree = ast.parse(cell.source)
            imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
            lines = len(cell.source.splitlines()) - len(imports)
            assert lines <= 12 or "parameters" in tags(cell)
            nodes = ast.walk(tree)
            assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in nodes)

    def test_was_executed_without_an_error(self, chapter):
        """nbval passes a cell that was never run, so a compared cell must have a count."""
        for cell in cells(chapter):
            assert cell.execution_count, cell.source
            assert all(
                out.output_type != "error" and out.get("name") != "stderr" for out in cell.outputs
            )

    def test_links_to_models_that_are_on_the_page(self, chapter):
        shown = "\n".join(
            "".join(text)
            for cell in cells(chapter)
            for output in cell.outputs
            for kind, text in output.get("data", {}).items()
            if kind in ("text/html", "text/markdown")
        )
        assert set(re.findall('href="#(models.*?)"', shown)) <= set(re.findall('id="(.*?)"', shown))

    def test_has_compared_output_and_ignores_what_depends_on_training(self, chapter):
        compared = [
            cell
            for cell in cells(chapter)
            if cell.outputs and "nbval-ignore-output" not in tags(cell)
        ]
        assert any("text" in out for cell in compared for out in cell.outputs)
        assert all(
            "nbval-ignore-output" in tags(cell)
            for cell in cells(chapter)
            if "study.run(" in cell.source
        )

    def test_shows_pictures_that_say_what_they_show_by_one_folded_call(self, chapter):
        for cell in cells(chapter):
            images = [out for out in cell.outputs if execution.has_image(out)]
            assert len(images) <= 1, cell.source
            for shown in images:
                assert not shown.data["text/plain"].startswith("<"), cell.source
                assert {"hide-input", "nbval-ignore-output"} <= set(tags(cell)), cell.source
            assert "plt" not in cell.source

    def test_has_question_answer_papers_differences_exercises_and_provenance(self, chapter):
        prose = "\n".join(cell.source for cell in cells(chapter, "markdown"))
        for part in (
            "**Question.**",
            "**Answer.**",
            "*Papers:",
            "differs from the papers",
            "## Exercises",
            ":::{dropdown} Answer",
        ):
            assert part in prose
        assert any("provenance_note" in cell.source for cell in cells(chapter))


RECORD = "application/papermill.record"  # MIME types of glued values


def glued(chapter: Path, value: str) -> None:
    """Write an executed chapter that glues a value."""
    cell = nbformat.v4.new_code_cell("glue('value', 1)", execution_count=1)
    cell.outputs = [
        nbformat.v4.new_output(
            "display_data",
            {"application/papermill.record/text/plain": repr(value)},
            metadata={
                "scrapbook": {"name": "value", "mime_prefix": "application/papermill.record/"}
            },
        )
    ]
    title = nbformat.v4.new_markdown_cell("# A chapter")
    language = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[title, cell], metadata=language), chapter)


@pytest.mark.slow
def test_pages_are_made_again_where_they_or_what_they_quote_changed(tmp_path, monkeypatch):
    files = {
        "_config.yml": (ROOT / "_config.yml").read_text("utf-8"),
        "_toc.yml": "format: jb-book\nroot: intro\nchapters:\n- file: chapters/a\n- file: other\n",
        "intro.md": "# Intro\n\nIt is {glue:text}`chapters/a.ipynb::value:s`.\n",
        "other.md": "# Other\n\nunchanged\n",
        "references.bib": "",
    }
    checkout, source = tmp_path / "checkout", tmp_path / "book"
    shutil.copytree(ROOT / "assets", checkout / "assets")
    (checkout / "results").mkdir()
    for name, text in files.items():
        (checkout / name).write_text(text, "utf-8")
    monkeypatch.setattr(book, "ROOT", checkout)
    monkeypatch.setattr(book, "SOURCES", (*files, "assets", "results"))
    for name in ("book", "_build"):
        book.mark(tmp_path / name)
    times = []
    for value in ("first value", "second value"):
        book.copy_sources(source)
        (source / "chapters").mkdir(exist_ok=True)
        glued(source / "chapters" / "a.ipynb", value)
        book.touch_quoting(source)
        book.compile_pages(source, tmp_path / "html")
        page = tmp_path / "html" / "intro.html"
        assert f"It is {value}." in re.sub("<.*?>", "", page.read_text("utf-8"))
        times.append((tmp_path / "_build" / "html" / "other.html").stat().st_mtime_ns)
    assert times[0] == times[1]


def test_a_file_that_stays_the_same_keeps_its_time(tmp_path, monkeypatch):
    checkout, source = tmp_path / "checkout", tmp_path / "book"
    checkout.mkdir()
    monkeypatch.setattr(book, "ROOT", checkout)
    monkeypatch.setattr(book, "SOURCES", ("same.md", "changed.md"))
    for name in book.SOURCES:
        (checkout / name).write_text("before")
    book.copy_sources(source)
    for name in ("same.md", "changed.md", "removed.md"):
        (source / name).touch()
        os.utime(source / name, (9, 9))
    (source / "chapters").mkdir()
    (source / "chapters" / "a.ipynb").touch()
    (checkout / "changed.md").write_text("after")
    book.copy_sources(source)
    assert (source / "same.md").stat().st_mtime == 9
    assert (source / "changed.md").stat().st_mtime > 9
    assert (source / "changed.md").read_text() == "after"
    assert not (source / "removed.md").exists() and (source / "chapters" / "a.ipynb").exists()


def test_a_page_with_a_warning_is_made_again(tmp_path, monkeypatch):
    """The next build would find it unchanged, and pass it over with its warning."""
    codes = iter([1, 0, 0])
    there = []

    def jupyter_book(command, **_):
        pages = Path(command[command.index("--path-output") + 1]) / "_build" / "html"
        there.append(pages.exists())
        pages.mkdir(exist_ok=True)
        (pages / "index.html").write_text("a page")
        return subprocess.CompletedProcess(command, next(codes), "a warning", "")

    monkeypatch.setattr(subprocess, "run", jupyter_book)
    monkeypatch.setattr(book, "FILES", ())
    book.mark(tmp_path / "_build")
    with pytest.raises(RunError, match="a warning"):
        book.compile_pages(tmp_path, tmp_path / "html")
    for _ in range(2):
        assert book.compile_pages(tmp_path, tmp_path / "html").read_text() == "a page"
        assert not (tmp_path / "html" / "old").exists()
        (tmp_path / "html" / "old").touch()
    assert there == [False, False, True]


def test_a_page_older_than_what_it_quotes_gets_a_new_time(tmp_path):
    """Also where another chapter failed, so that the chapter was executed by an earlier build."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "01-a.ipynb").touch()
    (tmp_path / "quotes.md").write_text("{glue:text}`chapters/01-a.ipynb::value:s`")
    (tmp_path / "links.md").write_text("[a](chapters/01-a.ipynb)")
    for name in ("quotes.md", "links.md"):
        os.utime(tmp_path / name, (9, 9))
    book.touch_quoting(tmp_path)
    newer = (tmp_path / "quotes.md").stat().st_mtime_ns
    assert newer >= (tmp_path / "chapters" / "01-a.ipynb").stat().st_mtime_ns
    assert (tmp_path / "links.md").stat().st_mtime == 9
    book.touch_quoting(tmp_path)
    assert (tmp_path / "quotes.md").stat().st_mtime_ns == newer


def a_users_folder(path):
    path.mkdir()
    (path / "mine.txt").write_text("mine")


def a_file(path):
    path.write_text("mine")


def a_link(path):
    """A link is not replaced, even one to a folder that a build made."""
    book.mark(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize("kind", [a_users_folder, a_file, a_link])
@pytest.mark.parametrize("name", book.MADE)
def test_a_build_refuses_what_it_did_not_make(name, kind, tmp_path):
    kind(tmp_path / name)
    with pytest.raises(
        InputError, match=rf"/{name} would be replaced.*another --to, or remove it$"
    ):
        book.build(None, tmp_path, tmp_path)
    assert os.path.lexists(tmp_path / name)
    assert kind is not a_users_folder or (tmp_path / name / "mine.txt").read_text() == "mine"


def test_an_empty_folder_is_free(tmp_path):
    book.check_free(tmp_path / "none")
    for name in book.MADE:
        (tmp_path / name).mkdir()
    book.check_free(tmp_path)


def test_in_the_checkouts_own_build_make_clean_is_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(book, "ROOT", tmp_path)
    (tmp_path / "build" / "html" / "_static").mkdir(parents=True)
    with pytest.raises(InputError, match=r"build/html .*or run `make clean`$"):
        book.check_free(tmp_path / "build")


def test_outside_tags_are_those_that_fetch_from_another_host():
    assert book.outside_tags(
        '<script defer src="https://cdn.example/x.js"></script><img src="//cdn.example/a.png">'
    )
    assert book.outside_tags("<link rel='stylesheet' href='https://fonts.example/css'>")
    assert not book.outside_tags(
        '<a href="https://arxiv.org">paper</a><img src="_images/a.png"><script src="_static/x.js">'
    )


def test_a_changed_count_turns_the_notebook_test_red(tmp_path):
    """nbval fails on a copy of a chapter whose stored output has one sample too many."""
    chapter = Path(shutil.copy(ROOT / "chapters" / "01-people.ipynb", tmp_path))
    text = chapter.read_text("utf-8")
    assert "516 samples" in text
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "-p",
        "no:cacheprovider",
        chapter,
    ]
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    chapter.write_text(text.replace("516 samples", "517 samples"), "utf-8")
    changed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert changed.returncode == 1 and "517 samples" in changed.stdout


def test_what_editors_keep_beside_a_file_is_not_copied(tmp_path, monkeypatch):
    for name in book.SOURCES:
        (tmp_path / name).touch() if "." in name else (tmp_path / name).mkdir()
    (tmp_path / "perso" / ".#cli.py").symlink_to("user@host.123:456")
    (tmp_path / "perso" / "gone.py").symlink_to("nowhere")
    for name in ("cli.py", "cli.py~", ".cli.py.swp", "#cli.py#"):
        (tmp_path / "perso" / name).touch()
    monkeypatch.setattr(book, "ROOT", tmp_path)
    book.copy_sources(tmp_path / "book")
    assert [path.name for path in (tmp_path / "book" / "perso").iterdir()] == ["cli.py"]


def test_without_a_checkout_a_book_is_refused(tmp_path, monkeypatch):
    book.check_sources()
    monkeypatch.setattr(book, "ROOT", tmp_path)
    with pytest.raises(InputError, match=r"has no _config.yml, .*chapters; a book"):
        book.check_sources()


def test_without_its_tools_a_book_is_refused(monkeypatch):
    monkeypatch.setattr(book.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError):
        book.check_sources()
