"""A chapter is executed with a study's settings, apart from the user's own; a failure is named."""

import json
import os
import sys

import nbformat
import pytest

from perso import settings
from perso.errors import RunError
from perso.paths import ROOT
from perso.report import book, execution

CHAPTERS = book.chapters()


def cells(chapter):
    return [cell for cell in nbformat.read(chapter, as_version=4).cells if cell.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def test_injected_parameters_replace_all_of_smoke_size():
    quick = settings.read_params(ROOT / "params" / "quick.yml", ["seed=3"])
    values = execution.chapter_parameters(CHAPTERS[1], quick)
    assert settings.overlay(values) == quick


def test_the_path_of_own_code_for_data_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    given = settings.Settings(dataset="python:mine.py:people")
    values = execution.chapter_parameters(CHAPTERS[1], given)
    assert values["dataset"] == f"python:{tmp_path / 'mine.py'}:people"


def test_the_path_of_a_data_file_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    given = settings.Settings(dataset="file:people.npz")
    assert (
        execution.chapter_parameters(CHAPTERS[0], given)["dataset"]
        == f"file:{(tmp_path / 'people.npz').resolve()}"
    )


@pytest.mark.parametrize("key", ["dataset", "rows_of", "claims_of", "architecture"])
@pytest.mark.parametrize("path", ["mine.py:NAME", "folder/mine.py:NAME", "/home/me/mine.py:NAME"])
def test_the_path_of_code_of_the_users_own_becomes_absolute(monkeypatch, tmp_path, key, path):
    monkeypatch.chdir(tmp_path)
    prefix = "python:" if key == "dataset" else ""
    given = settings.Settings(**{key: f"{prefix}{path}"})
    values = execution.chapter_parameters(CHAPTERS[0], given)
    assert values[key] == f"{prefix}{tmp_path.resolve() / path}"


def notebook(path, *sources):
    new = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    new.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new, path)
    return path


@pytest.mark.parametrize(
    ("dataset", "prose", "told"),
    [
        ("file:/home/me/my people.npz", "Each digit has three images.", True),
        ("python:mine.py:people", "The writers are known.", True),
        ("file:people.npz", "A method is a list of phases.", False),
        ("digits", "Each digit has three images.", False),
    ],
)
def test_a_text_about_digits_has_a_note_where_the_people_are_others(dataset, prose, told):
    cells = [nbformat.v4.new_markdown_cell(text) for text in ("# Title", prose)]
    made = nbformat.v4.new_notebook(cells=cells)
    execution.about_own_people(made, settings.Settings(dataset=dataset))
    name = dataset.rpartition("/")[2].removeprefix("python:").removeprefix("file:")
    notes = [cell.source for cell in made.cells if cell.source.startswith("```{note}")]
    assert len(notes) == told and all(f"`{name}`" in note for note in notes)


def test_a_failed_chapter_is_named(tmp_path):
    chapter = notebook(tmp_path / "09-broken.ipynb", "1 / 0")
    with pytest.raises(RunError, match=r"09-broken\.ipynb.*ZeroDivisionError"):
        execution.execute(chapter, tmp_path / "out.ipynb", settings.Settings())


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
    execution.execute(chapter, copy, settings.Settings())
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
            execution.execute(other, copy, settings.Settings())


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
    execution.execute(chapter, tmp_path / "out.ipynb", settings.Settings())
    assert cells(tmp_path / "out.ipynb")[-1].outputs[0].text == "set()\n"


def test_a_chapter_that_did_not_reach_its_end_is_an_error():
    execution.check_finished({"exception": False, "end_time": "2020-01-01"}, CHAPTERS[0])
    for record in (
        {},
        {"exception": True, "end_time": "2020-01-01"},
        {"exception": None, "end_time": None},
    ):
        with pytest.raises(RunError, match=CHAPTERS[0].name):
            execution.check_finished(record, CHAPTERS[0])


def test_polish_shows_only_the_injected_parameters():
    both = [{"tags": ["parameters"]}, {"tags": ["injected-parameters"]}]
    given = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("a = 1", metadata=metadata) for metadata in both],
        metadata={"widgets": {}},
    )
    given.cells[0].outputs = [
        nbformat.v4.new_output("stream", name=name, text="x") for name in ("stderr", "stdout")
    ]
    done = execution.polish(given)
    assert "widgets" not in done.metadata and [out.name for out in done.cells[0].outputs] == [
        "stdout"
    ]
    assert "remove-cell" in tags(done.cells[0]) and "hide-input" in tags(done.cells[1])


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
    execution.execute(tmp_path / "a.ipynb", tmp_path / "b.ipynb", settings.Settings())
    (output,) = nbformat.read(tmp_path / "b.ipynb", 4).cells[-1].outputs
    python, backend, runtime = output.text.split()
    assert python == sys.executable and "inline" in backend and runtime != "/proc/nothing"
    assert dict(os.environ) == before


def test_a_chapter_that_the_data_cannot_have_says_so(tmp_path, capsys):
    code = "from perso.errors import InputError\nraise InputError('individuals: too many')"
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# A chapter\n\n{glue:text}`a` is so.\n\nWhy."),
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
    execution.execute(tmp_path / "a.ipynb", tmp_path / "b.ipynb", settings.Settings())
    assert "a.ipynb is left out: individuals: too many" in capsys.readouterr().err
    title, note, _, last = nbformat.read(tmp_path / "b.ipynb", 4).cells
    assert title.source == "# A chapter\n\nWhy." and "individuals: too many" in note.source
    assert [list(out.data.values()) for out in last.outputs] == [["'left out'"], ["nan"]]


@pytest.mark.parametrize("message", ["s.sqlite: disk is full; make room", "perso: no such thing"])
def test_any_other_error_of_a_chapter_ends_the_book(message, tmp_path):
    code = f"from perso.errors import InputError\nraise InputError({message!r})"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbformat.write(notebook, tmp_path / "a.ipynb")
    with pytest.raises(RunError, match=r"a.ipynb: cell 1 failed: InputError: "):
        execution.execute(tmp_path / "a.ipynb", tmp_path / "b.ipynb", settings.Settings())
