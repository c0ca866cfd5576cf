"""Chapters can be run, compared and published; a failure is named."""

import ast
import json
import os
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
from perso.report import book

CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
OWN_PARAMS = [chapter for chapter in CHAPTERS if book.has_own_params(chapter)]
BOOKS_PARAMS = [chapter for chapter in CHAPTERS if chapter not in OWN_PARAMS]


def cells(chapter, kind="code"):
    return [cell for cell in nbformat.read(chapter, as_version=4).cells if cell.cell_type == kind]


def tags(cell):
    return cell.metadata.get("tags", [])


def test_the_book_has_every_chapter_in_order():
    assert book.chapters() == CHAPTERS


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

    def test_has_question_answer_papers_differences_exercises_and_provenance(self, chapter):
        prose = "\n".join(cell.source for cell in cells(chapter, "markdown"))
        for part in (
            "**Question.**",
            "**Answer.**",
            "*Papers:",
            "differs from the papers",
            "What to try",
        ):
            assert part in prose
        assert any("provenance_note" in cell.source for cell in cells(chapter))


def test_injected_parameters_replace_all_of_smoke_size():
    quick = settings.read_params(ROOT / "params" / "quick.yml", ["seed=3"])
    values = book.chapter_parameters(CHAPTERS[1], quick)
    assert settings.overlay(values) == quick


def test_the_path_of_own_code_for_data_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    given = settings.Settings(dataset="python:mine.py:people")
    values = book.chapter_parameters(CHAPTERS[1], given)
    assert values["dataset"] == f"python:{tmp_path / 'mine.py'}:people"


def test_the_path_of_a_data_file_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    given = settings.Settings(dataset="file:people.npz")
    assert (
        book.chapter_parameters(CHAPTERS[0], given)["dataset"]
        == f"file:{(tmp_path / 'people.npz').resolve()}"
    )


@pytest.mark.parametrize("key", ["dataset", "rows_of", "claims_of", "architecture"])
@pytest.mark.parametrize("path", ["mine.py:NAME", "folder/mine.py:NAME", "/home/me/mine.py:NAME"])
def test_the_path_of_code_of_the_users_own_becomes_absolute(monkeypatch, tmp_path, key, path):
    monkeypatch.chdir(tmp_path)
    prefix = "python:" if key == "dataset" else ""
    given = settings.Settings(**{key: f"{prefix}{path}"})
    values = book.chapter_parameters(CHAPTERS[0], given)
    assert values[key] == f"{prefix}{tmp_path.resolve() / path}"


def notebook(path, *sources):
    new = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    new.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new, path)
    return path


def test_a_failed_chapter_is_named(tmp_path):
    chapter = notebook(tmp_path / "09-broken.ipynb", "1 / 0")
    with pytest.raises(RunError, match=r"09-broken\.ipynb.*ZeroDivisionError"):
        book.execute(chapter, tmp_path / "out.ipynb", settings.Settings())


@pytest.mark.parametrize("dataset", ["pens", "watch", "qmnist"])
def test_a_chapter_without_its_own_data_is_shown_as_committed(dataset, tmp_path, capsys):
    missing = f"""from perso.errors import InputError
raise InputError("dataset {dataset}: download failed")"""
    chapter = notebook(tmp_path / "22-pens.ipynb", 'params = "quick-pens"', "1 + 1", missing)
    content = nbformat.read(chapter, as_version=4)
    content.cells[0].metadata.tags = ["parameters"]
    content.cells[1].outputs = [nbformat.v4.new_output("stream", text="committed")]
    nbformat.write(content, chapter)
    copy = tmp_path / "out.ipynb"
    book.execute(chapter, copy, settings.Settings(dataset="digits"))
    assert cells(copy)[1].outputs[0].text == "committed"
    assert capsys.readouterr().err == (
        f"22-pens.ipynb has its committed outputs: dataset {dataset}: download failed\n"
    )
    # the book's settings are of other data, and are not injected
    assert len(cells(copy)) == 3
    # any other fault stops the build, and so does one of a chapter about the book's own data
    for sources in (['params = "quick-pens"', "1 / 0"], ["dataset = 'pens'", missing]):
        other = notebook(tmp_path / "23-broken.ipynb", *sources)
        content = nbformat.read(other, as_version=4)
        content.cells[0].metadata.tags = ["parameters"]
        nbformat.write(content, other)
        with pytest.raises(RunError, match=r"23-broken\.ipynb"):
            book.execute(other, copy, settings.Settings())


def test_a_chapter_runs_without_the_users_startup_files(monkeypatch, tmp_path):
    start = tmp_path / "profile_default" / "startup"
    start.mkdir(parents=True)
    (start / "00.py").write_text("seed = 42")
    (start.parent / "ipython_kernel_config.py").write_text(
        "get_config().IPKernelApp.exec_lines = ['split = 42']"
    )
    (tmp_path / "python.py").write_text("cohort_seed = 42")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "python.py"))
    chapter = notebook(
        tmp_path / "in.ipynb", "print({'seed', 'split', 'cohort_seed'} & set(globals()))"
    )
    book.execute(chapter, tmp_path / "out.ipynb", settings.Settings())
    assert cells(tmp_path / "out.ipynb")[-1].outputs[0].text == "set()\n"


def test_a_chapter_that_did_not_reach_its_end_is_an_error():
    book.check_finished({"exception": False, "end_time": "2020-01-01"}, CHAPTERS[0])
    for record in (
        {},
        {"exception": True, "end_time": "2020-01-01"},
        {"exception": None, "end_time": None},
    ):
        with pytest.raises(RunError, match=CHAPTERS[0].name):
            book.check_finished(record, CHAPTERS[0])


def test_polish_shows_only_the_injected_parameters():
    both = [{"tags": ["parameters"]}, {"tags": ["injected-parameters"]}]
    given = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("a = 1", metadata=metadata) for metadata in both],
        metadata={"widgets": {}},
    )
    given.cells[0].outputs = [
        nbformat.v4.new_output("stream", name=name, text="x") for name in ("stderr", "stdout")
    ]
    done = book.polish(given)
    assert "widgets" not in done.metadata and [out.name for out in done.cells[0].outputs] == [
        "stdout"
    ]
    assert "remove-cell" in tags(done.cells[0]) and "hide-input" in tags(done.cells[1])


def jupyter_book(command, **_):
    """Replaces jupyter-book: writes one page."""
    pages = Path(command[command.index("--path-output") + 1]) / "_build" / "html"
    pages.mkdir()
    (pages / "index.html").write_text("a page")
    return subprocess.CompletedProcess(command, 0)


def test_a_build_replaces_what_a_build_made(tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "run", jupyter_book)
    monkeypatch.setattr(book, "SOURCES", ("intro.md",))
    for _ in range(2):
        book.check_free(tmp_path)
        book.copy_sources(tmp_path / "book")
        page = book.compile_pages(tmp_path / "book", tmp_path / "html")
        assert page.read_text() == "a page" and (tmp_path / "book" / "intro.md").exists()
        for folder in ("book", "html"):
            assert not (tmp_path / folder / "old").exists()
            (tmp_path / folder / "old").touch()


def a_users_folder(path):
    path.mkdir()
    (path / "mine.txt").write_text("mine")


def a_file(path):
    path.write_text("mine")


def a_link(path):
    """A link is not replaced, even one to a folder that a build made."""
    book.empty_folder(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize("kind", [a_users_folder, a_file, a_link])
@pytest.mark.parametrize("name", ["book", "html", "_build"])
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


CELL = """
import os, sys, matplotlib
print(sys.executable, matplotlib.get_backend(), os.environ["JUPYTER_RUNTIME_DIR"])
"""


def test_a_chapter_runs_in_this_python_whatever_the_users_environment(tmp_path, monkeypatch):
    foreign = tmp_path / "kernels" / "python3" / "kernel.json"
    foreign.parent.mkdir(parents=True)
    spec = {"argv": ["false", "{connection_file}"], "display_name": "x", "language": "python"}
    foreign.write_text(json.dumps(spec))
    environment = {"JUPYTER_PATH": str(tmp_path), "MPLBACKEND": "TkAgg"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", "/proc/nothing")
    before = dict(os.environ)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    notebook.metadata.kernelspec = {"name": "of my own", "display_name": "x", "language": "python"}
    nbformat.write(notebook, tmp_path / "a.ipynb")
    book.execute(tmp_path / "a.ipynb", tmp_path / "b.ipynb", settings.Settings())
    (output,) = nbformat.read(tmp_path / "b.ipynb", 4).cells[-1].outputs
    python, backend, runtime = output.text.split()
    assert python == sys.executable and "inline" in backend and runtime != "/proc/nothing"
    assert dict(os.environ) == before


def test_a_chapter_that_the_data_cannot_have_says_so(tmp_path, capsys):
    code = "from perso.errors import InputError\nraise InputError('individuals: too many')"
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# A chapter"),
            nbformat.v4.new_code_cell(code),
            nbformat.v4.new_code_cell("glue()"),
        ]
    )
    glued = ({"application/papermill.record/text/plain": text} for text in ("'a text'", "4.2"))
    for name, data in zip("ab", glued, strict=True):
        output = nbformat.v4.new_output(
            "display_data", data, metadata={"scrapbook": {"name": name}}
        )
        notebook.cells[2].outputs.append(output)
    notebook.cells[2].outputs.append(nbformat.v4.new_output("stream", text="a result"))
    nbformat.write(notebook, tmp_path / "a.ipynb")
    book.execute(tmp_path / "a.ipynb", tmp_path / "b.ipynb", settings.Settings())
    assert "a.ipynb is left out: individuals: too many" in capsys.readouterr().err
    title, note, _, last = nbformat.read(tmp_path / "b.ipynb", 4).cells
    assert title.source == "# A chapter" and "individuals: too many" in note.source
    assert [list(out.data.values()) for out in last.outputs] == [["'left out'"], ["nan"]]


@pytest.mark.parametrize("message", ["s.sqlite: disk is full; make room", "perso: no such thing"])
def test_any_other_error_of_a_chapter_ends_the_book(message, tmp_path):
    code = f"from perso.errors import InputError\nraise InputError({message!r})"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbformat.write(notebook, tmp_path / "a.ipynb")
    with pytest.raises(RunError, match=r"a.ipynb: cell 1 failed: InputError: "):
        book.execute(tmp_path / "a.ipynb", tmp_path / "b.ipynb", settings.Settings())
