"""The examples of CONTRIBUTING.md do what it says, from an empty folder."""

import re
from pathlib import Path

import pytest

from perso import cli, own_code
from perso.methods import baselines
from perso.methods.after import Share
from perso.methods.registry import TL_0, fault_of_table
from perso.paths import ROOT
from perso.store import published

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# a file's name at the end of a paragraph, and the block that follows
BLOCK = r"`(m\w+\.(?:py|yml))`:\n\n```\w+\n(.*?)```"
FILES = dict(re.findall(BLOCK, TEXT, re.S))
COMMANDS = re.findall(r"^    perso (.* mine\.yml .*)$", TEXT, re.M)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with the page's files and nothing else; no published file can be opened."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    own_code._say.cache_clear()  # other tests have files of these names
    monkeypatch.setattr(published, "read_rows", None)
    return tmp_path


def test_the_page_has_an_example_of_everything_and_each_is_short():
    own = [f"my_{what}.py" for what in ("data", "methods", "network", "claims")]
    assert list(FILES) == [*own, "mine.yml"]
    assert all(len(content.splitlines()) < 20 for content in FILES.values())
    assert [command.split()[0] for command in COMMANDS] == ["run", "table", "claims"]


def test_own_files_run_from_an_empty_folder_to_a_table_and_a_verdict(folder, capfd):
    printed = []
    for command in COMMANDS:
        assert cli.main(command.split()) == 0
        printed.append(capfd.readouterr())
    run, table, claims = printed
    for name in ("my_data.py", "my_methods.py", "my_network.py"):
        assert run.err.count(f"running the code of {name}") == 1
    assert "32 of 32 models are in mine.sqlite" in run.err
    assert re.findall(r"^(BaseLine|blocks of 5|pulled|half) +8 ", table.out, re.M) == 2 * [
        "BaseLine",
        "blocks of 5",
        "pulled",
        "half",
    ]
    assert "running the code of my_claims.py" in claims.err
    assert "Half of a pulled movement is enough for the person." in claims.out
    assert {path.name for path in folder.iterdir()} == {*FILES, "mine.sqlite"}


@pytest.mark.parametrize("leave_out", ["rows_of", "architecture", "claims_of"])
def test_each_line_of_the_settings_works_without_the_others(leave_out, folder, capfd):
    path = folder / "mine.yml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith(leave_out)]
    if leave_out == "architecture":
        lines.append("architecture: gru")
    if leave_out == "rows_of":
        lines += ["rows_of: readings", "largest_dose: 40"]  # few of the papers' methods
    path.write_text("\n".join(lines))
    assert cli.main([*COMMANDS[0].split(), "--jobs", "1"]) == 0
    assert cli.main(COMMANDS[1].split()) == 0
    assert "BaseLine" in capfd.readouterr().out


def test_the_baselines_of_the_page_are_such():
    """They are pasted into `baselines.py`, whose names they use."""
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    names = dict(vars(baselines))
    exec(next(block for block in blocks if "fine_tuned" in block), names)
    half, whole = names["LAST_BLOCK"]
    assert half.after == Share(0.5) and whole.after is None and half.training == whole.training
    for method in (half, whole):
        assert method.from_generic and method not in baselines.ALL
        assert method.phases[0].epochs == baselines.LENGTH


def test_the_prune_and_mix_of_the_page_is_a_table_of_methods():
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    names = {}
    exec(next(block for block in blocks if "PRUNED = " in block), names)
    generic, mixed, again = names["PRUNED"]
    assert not fault_of_table(names["PRUNED"])
    assert again.start == mixed and mixed.from_generic and generic == TL_0


def test_the_enrolment_of_the_page_is_a_table_of_methods():
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    names = {}
    exec(next(block for block in blocks if "Enrolled(" in block), names)
    nobody, three, none = names["MINE"]
    assert not fault_of_table(names["MINE"])
    assert three.start == none.start and three.samples == 3
    assert nobody.individual_data == none.individual_data == "nobody"
