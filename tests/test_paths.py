"""Where the store and the data sets are, and what a user's environment says of it."""

import pytest

from perso import cli, paths
from perso.files import expanded
from perso.settings import read_params
from perso.store.sqlite import Store


@pytest.mark.parametrize("default", [paths.default_store, paths.default_data_dir])
def test_an_empty_variable_is_as_one_that_is_not_set(default, monkeypatch):
    variable = {paths.default_store: "PERSO_STORE", paths.default_data_dir: "PERSO_DATA_DIR"}
    monkeypatch.delenv(variable[default], raising=False)
    usual = default()
    monkeypatch.setenv(variable[default], "")
    assert default() == usual
    monkeypatch.setenv(variable[default], "/elsewhere")
    assert str(default()) == "/elsewhere"


def test_a_tilde_is_the_home_folder_wherever_a_path_is_given(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PERSO_STORE", "~/s.sqlite")
    assert paths.default_store() == Store("~/s.sqlite").path == tmp_path / "s.sqlite"
    words = ["export", "x.yml", "--store=~/s.sqlite", "--data-dir=~/data", "--to=~/rows.csv"]
    arguments = cli.parser().parse_args(words)
    there = [arguments.store, arguments.data_dir, arguments.to]
    assert there == [tmp_path / name for name in ("s.sqlite", "data", "rows.csv")]
    (tmp_path / "mine.yml").write_text("epochs: 3\n")
    assert read_params("~/mine.yml").epochs == 3


def test_a_tilde_without_a_home_is_a_name_as_others_are():
    assert str(expanded("~nobody-of-this-name/x")) == "~nobody-of-this-name/x"
