"""Where a row comes from: stored or published, and the command that computes it again."""

import shlex
from dataclasses import replace

import pytest

from perso.cli import main
from perso.errors import InputError
from perso.methods import registry
from perso.methods.registry import named
from perso.paths import ROOT
from perso.report import show
from perso.settings import Settings, read_params
from perso.store import published
from perso.store.sqlite import ROW, Store


def lines_of(text: str) -> dict[str, str]:
    """{name: text} of what is shown."""
    return {line[:10].strip(): line[11:] for line in text.splitlines()}


def settings_of_command(command: str) -> Settings:
    """The settings of a `perso run` command."""
    words = shlex.split(command)
    pairs = [words[n + 1] for n, word in enumerate(words) if word == "-p"]
    return read_params(ROOT / words[2], pairs)


def test_a_stored_row_is_computed_again_by_its_command(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(registry.TABLES, "v3", named("BaseLine"))
    monkeypatch.chdir(ROOT)
    path = tmp_path / "rows.sqlite"
    words = ["run", "params/smoke.yml", "-p", "epochs=1", "-p", "width=0.0625", "--jobs", "1"]
    assert main([*words, "--store", str(path)]) == 0
    key = sorted(Store(path).keys())[0]
    capsys.readouterr()
    assert main(["show", key[:12], "--store", str(path)]) == 0
    shown = lines_of(capsys.readouterr().out)
    assert shown["key"] == key and shown["model"].startswith("BaseLine, person")
    assert shown["command"] == shlex.join(["perso", *words, "--store", str(path)])
    assert "torch" in shown["versions"] and "engine 1" in shown["code"]
    again = ["perso", "run", "params/smoke.yml", "-p", "width=0.0625", "-p", "epochs=1"]
    assert shown["again"] == shlex.join([*again, "--store", "again.sqlite"])


@pytest.mark.parametrize("name", ["quick", "panel", "quick-watch", "standard-counts"])
def test_the_command_of_a_published_row_has_its_settings(name):
    path = published.FOLDER / f"{name}.parquet"
    run = published.kept(path)
    shown = show.published_lines(run.rows["key"][0], path)
    assert shown["from"].startswith(f"results/{name}.parquet")
    found = settings_of_command(shown["again"])
    known = dict(run.provenance["settings"])
    for key in show.MACHINE_ONLY:
        known[key] = getattr(found, key)
    assert found == replace(Settings(), **known)


def test_a_row_that_is_older_than_runs_says_so(tmp_path):
    store = Store(tmp_path / "rows.sqlite")
    row = dict.fromkeys(ROW) | {"key": "abcdef", "acc_I": 0.5, "n_I": 2, "seconds": 1.0}
    store.add([row])
    shown = lines_of(show.show_text("abcd", store.path, tmp_path))
    assert shown["run"].startswith("not recorded") and shown["accuracy"] == "D_I 0.5000 of 2"


def test_a_failed_model_has_its_reason(tmp_path):
    store = Store(tmp_path / "rows.sqlite")
    failure = {"key": "abcdef", "method": "steep", "person": "7", "repeat": 0, "fold": 0}
    store.add([failure | {"reason": "training diverged", "created": "then"}], "failures")
    assert "training diverged (then)" in show.show_text("abcdef", store.path, tmp_path)


def test_a_beginning_of_several_keys_and_one_of_none_are_named(tmp_path):
    store = Store(tmp_path / "rows.sqlite")
    store.add([dict.fromkeys(ROW) | {"key": key} for key in ("abcd1", "abcd2")])
    for key, message in (("abcd", "2 keys begin so"), ("ffff", "no row"), ("ab", "4 characters")):
        with pytest.raises(InputError, match=message):
            show.show_text(key, store.path, tmp_path)
