"""The README's figures are those of the published rows, and the rows are those of the code as it stands."""

import json
import os
import re
import shutil
from collections import Counter

import pytest

from perso.analysis import comparison
from perso.claims import ledger_file
from perso.errors import InputError
from perso.paths import ROOT
from perso.report import figures, ledger_html, readme
from perso.settings import read_params
from perso.store import published
from perso.study.study import Study


def test_published_rows_are_of_this_code_and_these_params(tmp_path):
    """Red when an engine, a method, a parameter or the data changed since: run `make book`, export, `make readme`."""
    study = Study(read_params(ROOT / "params" / "quick.yml"), store=tmp_path / "none.sqlite")
    assert published.read_rows(ROOT / readme.ROWS).rows["key"].tolist() == study.keys()


@pytest.fixture
def copied(tmp_path):
    """A checkout's README, its figure and its published rows."""
    shutil.copytree(ROOT / "results", tmp_path / "results")
    for file in (readme.README, readme.FIGURE):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def without_counts(text: str) -> str:
    """A README without its counts of claims, of which the last test is."""
    return readme.replaced(text, "ledger", "")


def test_readme_is_generated_from_them(copied):
    page, figure = readme.write_readme(copied)
    new, committed = page.read_text("utf-8"), (ROOT / readme.README).read_text("utf-8")
    assert without_counts(new) == without_counts(committed), "stale: run `make readme`"
    drawn = (ROOT / readme.FIGURE).read_text("utf-8")
    assert figure.read_text("utf-8") == drawn, "stale: run `make readme`"


def test_a_full_disk_leaves_readme_and_figure_as_they_were(copied, monkeypatch):
    """Nothing that was written aside can be put in place."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr(readme, "replaced", lambda text, name, block: f"{text}anew")
    before = (copied / readme.README).read_bytes(), (copied / readme.FIGURE).read_bytes()
    with pytest.raises(
        InputError, match=r"README\.md: cannot be written \(No space left on device\)"
    ):
        readme.write_readme(copied)
    table = comparison.compare(published.read_rows(copied / readme.ROWS).rows)
    with pytest.raises(InputError, match=r"headline\.svg: cannot be written"):
        figures.save_tradeoff(table, copied / readme.FIGURE)
    assert before == ((copied / readme.README).read_bytes(), (copied / readme.FIGURE).read_bytes())


def numbers(told: str) -> Counter:
    """How many claims have which verdict, and are weighed at which size; of a smoke run alone: not run."""
    pairs = re.findall(r"(\d+) ((?:at )?[A-Za-z]+(?: RUN)?)", told)
    found = Counter({word: int(count) for count, word in pairs})
    alone = found.pop("in", 0)
    return found + Counter({"NOT RUN": alone}) - Counter({"UNDECIDED": alone})


def test_claims_that_a_smoke_run_alone_tested_count_as_not_run():
    told = "Of 9 claims: 3 REPRODUCED, 4 UNDECIDED, 2 NOT RUN. Weighed: 7 at quick size"
    assert numbers(told) == {
        "claims": 9,
        "REPRODUCED": 3,
        "UNDECIDED": 4,
        "NOT RUN": 2,
        "at quick": 7,
    }
    alone = (
        "Of 9 claims: 3 REPRODUCED, 6 UNDECIDED. Weighed: 7 at quick size; 2 in a smoke run alone"
    )
    assert numbers(alone) == numbers(told)


def test_readme_chapter_and_published_ledgers_count_the_claims_alike():
    """Red when claims, ledgers or the rule that decides between ledgers changed since."""
    cells = json.loads((ROOT / "chapters" / "00-ledger.ipynb").read_text("utf-8"))["cells"]
    outputs = [out for cell in cells for out in cell.get("outputs", [])]
    printed = "".join(line for out in outputs for line in out.get("text", []))
    chapter = re.search("^ledger_answer: (.*)$", printed, re.M)[1]
    told = ledger_html.ledger_sentence(ledger_file.read_ledgers(ROOT / "results"))
    refresh = f"stale, results/ has: {told}. Run `make readme chapters`"
    assert numbers(chapter) == numbers(told), f"chapters/00-ledger.ipynb is {refresh}"
    block = readme.ledger_block(ROOT / "results")
    page = (ROOT / readme.README).read_text("utf-8")
    assert f"{told}." in block and block in page, f"README.md is {refresh}"
