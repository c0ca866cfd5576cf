"""The README's figures are those of the published rows, and the rows are those of the code as it stands."""

import shutil

from perso import published, readme
from perso.settings import ROOT, read
from perso.study import Study


def test_published_rows_are_of_this_code_and_these_params(tmp_path):
    """Red when an engine, a method, a parameter or the data changed since: run `make book`, export, `make readme`."""
    study = Study(read(ROOT / "params" / "quick.yml"), store=tmp_path / "none.sqlite")
    assert published.read(ROOT / readme.ROWS).rows["key"].tolist() == study.keys()


def test_readme_is_generated_from_them(tmp_path):
    shutil.copytree(ROOT / "results", tmp_path / "results")
    shutil.copy(ROOT / readme.README, tmp_path)
    (tmp_path / readme.FIGURE).parent.mkdir()
    for written in readme.write(tmp_path):
        committed = ROOT / written.relative_to(tmp_path)
        assert written.read_text("utf-8") == committed.read_text("utf-8"), "stale: run `make readme`"
