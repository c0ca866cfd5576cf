"""README.md shows the published rows, and those are the rows of the code as it stands."""

import json
import os
import re
import shutil
from collections import Counter

import pytest

from perso.analysis import comparison
from perso.claims import ledger, ledger_file
from perso.data.sources import ARCHIVES
from perso.errors import InputError
from perso.paths import ROOT, default_data_dir
from perso.report import figures, ledger_html, ledger_text, readme
from perso.settings import Settings, read_params
from perso.store import published
from perso.study.study import Study


def need_data(dataset: str) -> None:
    """Skip the test without the files of a data set; fail where PERSO_REQUIRE_DATA=1."""
    if dataset not in ARCHIVES:
        return
    folder, _, names, _ = ARCHIVES[dataset]
    raw = default_data_dir() / folder / "raw"
    if not all((raw / name).is_file() or (raw / name).with_suffix("").is_file() for name in names):
        leave = pytest.fail if os.environ.get("PERSO_REQUIRE_DATA") == "1" else pytest.skip
        leave(f"the files of {dataset} are not in {raw}")


def keys(name: str, folder) -> tuple[list[str], list[str]]:
    """The keys of results/NAME.parquet and those that the code computes for params/NAME.yml."""
    settings = read_params(ROOT / "params" / f"{name}.yml")
    need_data(settings.dataset)
    rows = published.read_rows(ROOT / "results" / f"{name}.parquet").rows
    return rows["key"].tolist(), Study(settings, store=folder / "none.sqlite").keys()


def test_published_quick_rows_are_all_rows_of_this_code_and_these_params(tmp_path):
    """Red when engine, methods, settings or data changed: train, export, `make readme`.

    quick needs no download and trains in minutes, so its rows can always be complete.
    """
    there, wanted = keys("quick", tmp_path)
    assert there == wanted


def test_published_standard_rows_are_still_rows_of_this_code_and_these_params(tmp_path):
    """Red when a key changed: the README's numbers would be of models that the code cannot name.

    A new method needs hours of training here, so a row may be missing, but none may be unknown.
    """
    there, wanted = keys("standard", tmp_path)
    assert set(there) <= set(wanted)


def test_the_readme_shows_the_largest_published_run_on_real_people():
    """Largest with v3's shaping by scale, then by people; scikit-learn's digits name no person."""

    def size(run: published.Published) -> tuple[int, int]:
        scale = ledger.scale_of(Settings(**run.provenance["settings"]))
        return ledger.SCALES.index(scale), run.provenance["people"]

    runs = [published.read_rows(path) for path in (ROOT / "results").glob("[!.]*.parquet")]
    real = [
        run
        for run in runs
        if run.provenance["data"] != "digits"
        and run.provenance["settings"]["variation"] == "hidden-factors"
        and run.provenance["settings"]["rows_of"] in ("v3", "relative")
    ]
    largest = max(real, key=size).file
    assert largest == readme.ROWS.as_posix(), f"set readme.ROWS to {largest}"


def test_every_verdict_is_explained():
    assert tuple(ledger_text.MEANINGS) == ledger.VERDICTS


@pytest.fixture
def copied(tmp_path):
    """A copy of the README, its figure and results/."""
    shutil.copytree(ROOT / "results", tmp_path / "results")
    for file in (readme.README, readme.FIGURE):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def without_counts(text: str) -> str:
    """A README without its counts of claims, which the last test checks."""
    return readme.replaced(text, "ledger", "")


def test_the_readme_and_its_figure_are_generated_from_results(copied):
    page, figure = readme.write_readme(copied)
    new, committed = page.read_text("utf-8"), (ROOT / readme.README).read_text("utf-8")
    assert without_counts(new) == without_counts(committed), "stale: run `make readme`"
    drawn = (ROOT / readme.FIGURE).read_text("utf-8")
    assert figure.read_text("utf-8") == drawn, "stale: run `make readme`"


def test_the_figure_has_an_alt_text():
    text = "[a](b) ![old](other.svg) ![old [x]](assets/headline.svg) end"
    assert readme.with_alt(text, "new, [1]") == (
        "[a](b) ![old](other.svg) ![new, [1]](assets/headline.svg) end"
    )
    with pytest.raises(InputError, match="no image"):
        readme.with_alt("![old](other.svg)", "new")


def test_a_full_disk_leaves_readme_and_figure_as_they_were(copied, monkeypatch):
    """A file is written aside and then put in its place, which fails here."""

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
        figures.headline(table).save(copied / readme.FIGURE)
    assert before == ((copied / readme.README).read_bytes(), (copied / readme.FIGURE).read_bytes())


def numbers(sentence: str) -> Counter:
    """How many claims have each verdict, and how many are tested at each size.

    Claims that only a smoke run tested count as not run.
    """
    pairs = re.findall(r"(\d+) ((?:at )?[A-Za-z]+(?: RUN)?)", sentence)
    found = Counter()
    for count, word in pairs:  # a verdict once for each kind of claim
        found[word] += int(count)
    alone = found.pop("in", 0)
    return found + Counter({"NOT RUN": alone}) - Counter({"UNDECIDED": alone})


def test_claims_that_a_smoke_run_alone_tested_count_as_not_run():
    without = (
        "Of 9 claims: effects 2 REPRODUCED, 4 UNDECIDED, 2 NOT RUN; premises 1 REPRODUCED. "
        "Tested: 7 at quick size"
    )
    assert numbers(without) == {
        "claims": 9,
        "REPRODUCED": 3,
        "UNDECIDED": 4,
        "NOT RUN": 2,
        "at quick": 7,
    }
    alone = (
        "Of 9 claims: effects 2 REPRODUCED, 6 UNDECIDED; premises 1 REPRODUCED. "
        "Tested: 7 at quick size; 2 in a smoke run only"
    )
    assert numbers(alone) == numbers(without)


def test_readme_chapter_and_published_ledgers_have_the_same_counts_of_claims():
    """Red when claims, ledgers or the rule that decides between ledgers changed."""
    cells = json.loads((ROOT / "chapters" / "00-ledger.ipynb").read_text("utf-8"))["cells"]
    outputs = [out for cell in cells for out in cell.get("outputs", [])]
    printed = "".join(line for out in outputs for line in out.get("text", []))
    chapter = re.search("^ledger_answer: (.*)$", printed, re.M)[1]
    ledgers = ledger_file.read_ledgers(ROOT / "results")
    sentence = ledger_html.ledger_sentence(ledgers)
    refresh = (
        f"stale, results/ has: {sentence}. A new claim? First publish its ledger: "
        "`perso claims params/quick.yml --run --to results/quick.claims.json`. "
        "Then run `make readme chapters`"
    )
    answer = ledger_html.answer_sentence(ledgers)
    assert chapter == answer, f"chapters/00-ledger.ipynb is {refresh}"
    block = readme.ledger_block(ROOT / "results")
    page = (ROOT / readme.README).read_text("utf-8")
    assert f"{sentence}." in block and block in page, f"README.md is {refresh}"
