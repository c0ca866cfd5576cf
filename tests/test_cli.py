"""The command line as a user meets it: what is printed where, and the exit codes."""

import io
import json
import os
import shlex
import sqlite3
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from perso import cli, commands
from perso.claims import evidence
from perso.cli import main
from perso.data import sources
from perso.methods import registry
from perso.methods.registry import named
from perso.paths import ROOT
from perso.report import book
from perso.settings import read_params
from perso.store import encoders, published
from perso.store.sqlite import Store, unpacked
from perso.study import study
from perso.study.study import Study

SMOKE = str(ROOT / "params" / "smoke.yml")
TINY = ["-p", "width=0.0625", "-p", "epochs=1"]
FEW = named("BaseLine", "own data in the union", "TL-n-0", "TL-n-10 (1e-3)", "TL-n-300 (1e-3)")


@pytest.fixture
def few(monkeypatch):
    """Five rows instead of all."""
    monkeypatch.setitem(registry.TABLES, "v3", FEW)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A file of 150 of sklearn's digits, enlarged to 12 × 10 pixels, of five named people."""
    digits = load_digits()
    images = np.zeros((150, 12, 10), np.uint8)
    images[:, 2:10, 1:9] = digits.images[:150] * 15
    path = tmp_path_factory.mktemp("people") / "people.npz"
    who = np.array(list("abcde") * 30)
    np.savez_compressed(path, images=images, labels=digits.target[:150], who=who)
    return path


def test_run_table_export_on_other_peoples_digits(few, people, tmp_path, capsys):
    given = [SMOKE, "-p", f"dataset=file:{people}", *TINY, "--store", str(tmp_path / "s.sqlite")]
    assert main(["run", *given, "--jobs", "1"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "" and "20 of 20 models" in captured.err

    assert main(["table", *given, "--format", "csv"]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out), index_col="method")
    assert list(table.index) == [method.name for method in FEW]
    assert (table["D_I n"] == 4).all() and table["D_G mean"].between(0, 1).all()

    for form, mark in (("text", "On the individual's own data"), ("md", "| BaseLine ")):
        assert main(["table", *given, "--format", form]) == 0
        assert mark in capsys.readouterr().out

    assert main(["export", *given, "--to", str(tmp_path / "new" / "rows.csv")]) == 0
    rows = pd.read_csv(tmp_path / "new" / "rows.csv")
    wanted = "method person repeat acc_I n_I acc_G n_G iterations seconds device precision"
    assert (
        len(rows) == 20 and set(wanted.split()) <= set(rows) and set(rows["person"]) <= set("abcde")
    )

    assert main(["export", *given]) == 0
    assert capsys.readouterr().out == (tmp_path / "new" / "rows.csv").read_text()

    assert main(["export", *given, "--to", str(tmp_path / "open" / "mine.parquet")]) == 0
    captured, run = capsys.readouterr(), published.read_rows(tmp_path / "open" / "mine.parquet")
    assert captured.out == "" and captured.err.endswith("mine.parquet: 20 rows\n")
    pd.testing.assert_frame_equal(run.rows[list(rows)], rows, check_dtype=False)
    right = [unpacked(*each).mean() for each in run.rows[["hits_I", "n_I"]].to_numpy()]
    assert right == run.rows["acc_I"].tolist()
    facts = run.provenance
    assert facts["params"] == "smoke"
    assert (facts["models"], facts["wanted"], facts["people"]) == (20, 20, 4)
    assert facts["settings"]["epochs"] == 1 and facts["settings"]["dataset"] == "file:people.npz"


QUICK = str(ROOT / "params" / "quick.yml")


def test_a_study_is_planned_from_published_rows(capsys):
    """A smaller effect needs more people; of D_G, two cohorts say little of others."""
    quick = [str(ROOT / "params" / "quick.yml"), "--method", "SW-n-2"]
    needed = []
    for effect in ("1", "4"):
        assert main(["plan", *quick, "--effect", effect]) == 0
        captured = capsys.readouterr()
        assert "2 D_G, so how much D_G varies is hardly known" in captured.err
        assert captured.out.count("\n") == 2 and "SW-n-2 − BaseLine" in captured.out
        needed.append(int(captured.out.split()[-1].replace(",", "")))
    assert needed[0] > needed[1] > 1


def test_a_plan_for_a_method_without_models_names_those_that_have_some(capsys):
    quick = str(ROOT / "params" / "quick.yml")
    assert main(["plan", quick, "--effect", "1", "--method", "SW-n-3"]) == 2
    assert "--method SW-n-3: has no models; possible: BaseLine, own" in capsys.readouterr().err
    assert main(["plan", quick, "--effect", "1", "--method", "BaseLine"]) == 2
    assert main(["plan", quick, "--effect", "1", "--part", "D_U", "--method", "SW-n-2"]) == 2
    assert "these rows have no other contexts; possible: D_I, D_G" in capsys.readouterr().err


def test_a_plan_ends_with_what_to_do(capfd):
    panel = [str(ROOT / "params" / "panel.yml"), "--method", "TL 9 % (1e-4)"]
    assert main(["plan", *panel, "--effect", "0.3"]) == 0
    captured = capfd.readouterr()
    assert captured.out.count("\n") == 2 and "none" in captured.out
    assert "reference_repeats: 12" in captured.err
    assert "cannot be told from noise with 4 cohorts" in captured.err.splitlines()[-1]


NUMBER = " is not a number from 0.001 to 100"
PLAN = "right is: perso plan PARAMS.yml --effect POINTS (see perso plan --help)"


@pytest.mark.parametrize(
    ("line", "begin", "end"),
    [
        ("plan x.yml --effect 1 --part D_X", "--part: invalid choice: 'D_X'", ")"),
        ("table x.yml --format xml", "--format: invalid choice: 'xml'", ")"),
        ("plan x.yml --effect abc", "--effect: abc", NUMBER),
        ("plan x.yml --effect -1", "--effect: -1", NUMBER),
        ("plan x.yml --effect nan", "--effect: nan", NUMBER),
        ("plan x.yml --effect 1000", "--effect: 1000", NUMBER),
        ("plan x.yml --effect 0", "--effect: 0", NUMBER),
        ("run x.yml --jobs 1.5", "--jobs: 1.5", " is not a whole number of 1 or more"),
        ("run x.yml --budget nan", "--budget: nan", " is not a number of 0 or more"),
        ("plan x.yml", "the following arguments are required: --effect", PLAN),
        ("plan x.yml --effect", "--effect: expected one argument", PLAN),
        ("plan x.yml --effect 1 --prat D_I", "unrecognized arguments: --prat D_I", PLAN),
        ("", "the following arguments are required: COMMAND", "(see perso --help)"),
        ("paln x.yml", "COMMAND: invalid choice: 'paln'", ")"),
    ],
)
def test_a_wrong_word_is_one_line_that_ends_with_what_is_right(line, begin, end, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(shlex.split(line))
    captured = capsys.readouterr()
    assert stopped.value.code == 2 and captured.out == ""
    assert captured.err.count("\n") == 1 and captured.err.startswith(f"perso: {begin}")
    assert captured.err.endswith(f"{end}\n")
    if "choice" in begin:
        assert "choose from " in captured.err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ["--replicate"],
            "cohort_seed: 1 needs 14 individuals, but of the 14 people of digits, only 0",
        ),
        (
            ["-p", "seed=7"],
            "holds no model of cohort_seed 0 and these settings; train them with: perso claims",
        ),
        (["--to", "ledger.csv"], "--to ledger.csv: .csv is unknown; possible: .json"),
    ],
)
def test_claims_that_cannot_be_tested_say_why(more, message, tmp_path, capsys):
    assert main(["claims", QUICK, "--store", str(tmp_path / "s.sqlite"), *more]) == 2
    assert message in capsys.readouterr().err


OWN_CODE = """
import numpy as np
from sklearn.datasets import load_digits

from perso.claims.hypotheses import Superior
from perso.claims.registry import Claim
from perso.data.cohort import Cohort
from perso.methods.kinds import sample_weighing

def people():
    digits = load_digits()
    images = (digits.images[:150] * 15).astype("uint8")
    who = np.array(list("abcde") * 30)
    return Cohort(images, digits.target[:150], who, np.arange(150), source="five people")

METHODS = tuple(sample_weighing(n, f"every {n}th batch from D_I") for n in ("5", "7"))
TEST = Superior("SW-n-5", "SW-n-7", "D_I", of="own")
CLAIM = Claim(number=12, says="More is better.", tests=(TEST,))
EARLY = Superior("ES 12 %", "BaseLine", "D_I", of="relative")
OTHER = Claim(number=13, says="Early helps.", tests=(EARLY,))
BOTH = CLAIM, OTHER
UNKNOWN = Claim(number=12, says="More is better.", tests=(Superior("SW-n-5", "SW-n-9", "D_I"),))
"""


@pytest.fixture
def own_code(tmp_path):
    """The words of a command with people and methods of the user's own, and the file of both."""
    file = tmp_path / "my code.py"
    file.write_text(OWN_CODE)
    pairs = ["-p", f"dataset=python:{file}:people", "-p", f"rows_of={file}:METHODS"]
    pairs += ["-p", "batch_size=16"]  # so that an epoch has a seventh batch
    return [SMOKE, *TINY, *pairs, "--store", str(tmp_path / "s.sqlite")], file


def test_own_claims_about_own_methods_are_tested_and_no_others(own_code, tmp_path, capsys):
    words, file = own_code
    ledger_path = tmp_path / "mine.json"
    asked = [*words, "-p", f"claims_of={file}:CLAIM"]
    assert main(["claims", *asked, "--run", "--jobs", "1", "--to", str(ledger_path)]) == 0
    captured = capsys.readouterr()
    assert "runs of these claims: own\n" in captured.err
    assert captured.err.count(f"running the code of {file}, which claims_of names") == 1
    assert "12 UNDECIDED    More is better. (own; effect)" in captured.out
    assert "4 people" in captured.out and captured.out.count("(own; effect)") == 1
    content = json.loads(ledger_path.read_text())
    assert [each["number"] for each in content["claims"]] == [12]
    assert content["provenance"]["settings"]["claims_of"] == "my code.py:CLAIM"
    assert content["provenance"]["models"] == content["provenance"]["wanted"] == 12

    # and a claim whose models are missing names the command that trains them
    assert main(["claims", *words, "-p", f"claims_of={file}:BOTH"]) == 0
    printed = capsys.readouterr().out.split("13 NOT RUN")[1].split("train it with: ")[1]
    kept = [word for word in words if not word.startswith("rows_of=")]
    command = shlex.split(printed.splitlines()[0])
    assert command[:2] == ["perso", "run"] and set(kept) < set(command)
    assert "rows_of=relative" in command and f"rows_of={file}:METHODS" not in command

    # a table of other people than the papers' has no columns of theirs
    for form, printed in (("text", "v3"), ("md", "v3"), ("csv", "paper")):
        assert main(["table", *words, "--format", form]) == 0
        table = capsys.readouterr().out
        assert "BaseLine" in table and "SW-n-5" in table and printed not in table


def test_an_unknown_method_in_an_own_claim_is_one_line_before_anything_is_trained(
    own_code, tmp_path, capsys
):
    words, file = own_code
    assert main(["claims", *words, "-p", f"claims_of={file}:UNKNOWN", "--run"]) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith("perso: claims_of: claim 12, of='v3' (the run of these settings is")
    assert not (tmp_path / "s.sqlite").exists()


def test_a_printed_command_keeps_the_users_own_code(own_code, capsys):
    words, _ = own_code
    assert main(["table", *words]) == 2
    printed = capsys.readouterr().err.split("train them with: ")[1]
    assert shlex.split(printed) == ["perso", "run", *words]


def test_a_study_of_sequences_has_a_book_of_the_recurrent_network(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Study, "run", lambda study, jobs: None)
    monkeypatch.setattr(evidence, "train_missing", lambda study, jobs: 0)
    monkeypatch.setattr(book, "build", lambda study, data_dir, to, jobs: to / "html" / "index.html")
    pen = tmp_path / "pen.npz"
    sequences = np.random.default_rng(0).random((150, 5, 2), np.float32)
    np.savez(pen, sequences=sequences, labels=np.arange(150) % 3, who=np.repeat(list("abcde"), 30))
    words = ["-p", f"dataset=file:{pen}", "-p", "flips=false"]
    folders = ["--store", str(tmp_path / "s.sqlite"), "--to", str(tmp_path / "out")]
    assert main(["book", SMOKE, *words, "-p", "architecture=gru", *folders]) == 0
    assert f"book   {tmp_path / 'out' / 'html' / 'index.html'}" in capsys.readouterr().out
    assert main(["book", SMOKE, *words, *folders]) == 2
    assert "for sequences take gru" in capsys.readouterr().err


def test_one_budget_is_for_all_studies_of_a_command(tmp_path, monkeypatch):
    """Two studies of a replication, each of which takes six seconds."""
    clock, budgets = [0.0], []

    def train(study, jobs, budget):
        budgets.append(budget)
        clock[0] += 6
        return 0

    monkeypatch.setattr(evidence, "train_missing", train)
    monkeypatch.setattr(commands, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    given = ["claims", SMOKE, "--store", str(tmp_path / "s.sqlite"), "--run", "--replicate"]
    main([*given, "--budget", "10"])
    main([*given, "--budget", "5"])
    main(given)
    assert budgets == [10, 4, 5, 0, np.inf, np.inf]


def test_a_budget_of_zero_trains_nothing_and_says_what_is_left(few, tmp_path, capsys):
    given = [SMOKE, *TINY, "--store", str(tmp_path / "s.sqlite")]
    assert main(["run", *given, "--budget", "0", "--jobs", "1"]) == 3
    message = capsys.readouterr().err
    assert "0 of 20 models" in message and "models left: 20; run the same command" in message
    assert main(["table", *given]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "train them with: perso run" in captured.err


def test_methods_that_few_people_make_one_are_named(tmp_path, capsys):
    assert main(["run", SMOKE, "--store", str(tmp_path / "s.sqlite"), "--budget", "0"]) == 3
    line = "perso: IG-n-5 and IG-n-21 both add 1 of 2 people of D_G: here they are one method"
    assert line in capsys.readouterr().err


def test_the_command_of_a_run_has_the_settings_that_it_changes(tmp_path):
    """Of v1's run many, and each of them as it is read again."""
    store = str(tmp_path / "s.sqlite")
    given = ["claims", SMOKE, "-p", "rows_of=relative", "-p", "cohort_seed=2", "--store", store]
    arguments = cli.parser().parse_args(given)
    asked = read_params(arguments.params, arguments.pairs)
    for of in ("v3", "v1", "counts", "unflipped"):
        wanted = replace(evidence.settings_of_run(asked, of), cohort_seed=3)
        words = shlex.split(commands.training_line(arguments, wanted))
        assert words[:3] == ["perso", "run", SMOKE] and words[-2:] == ["--store", store]
        printed = cli.parser().parse_args(words[1:])
        assert read_params(printed.params, printed.pairs) == wanted


def test_a_printed_command_is_quoted_and_can_be_run(few, tmp_path, capsys):
    store, data_dir = str(tmp_path / "my store.sqlite"), str(tmp_path / "my data")
    given = [SMOKE, *TINY, "--store", store, "--data-dir", data_dir]
    assert main(["table", *given]) == 2
    printed = capsys.readouterr().err.split("train them with: ")[1]
    assert shlex.split(printed) == ["perso", "run", *given]
    assert main([*shlex.split(printed)[1:], "--budget", "0"]) == 3


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (["params/quick-counts.yml"], "variation: class-counts has no book"),
        (["params/smoke.yml", "-p", "rows_of=doses"], "rows_of: doses has no book"),
        (["params/smoke.yml", "-p", "claims_of=a.py:B"], "claims_of: a.py:B has no book"),
    ],
)
def test_a_book_is_of_v3s_rows_and_says_so_before_it_trains(params, message, tmp_path, capsys):
    file, *pairs = params
    folders = ["--store", str(tmp_path / "s.sqlite"), "--to", str(tmp_path)]
    assert main(["book", str(ROOT / file), *pairs, *folders]) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "s.sqlite").exists()


def test_a_book_over_somebodys_folder_is_refused_before_it_trains(tmp_path, capsys):
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "index.html").write_text("mine")
    assert main(["book", SMOKE, "--store", str(tmp_path / "s.sqlite"), "--to", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "another --to" in message
    assert f"{tmp_path / 'html'} would be replaced" in message
    assert (
        not (tmp_path / "s.sqlite").exists()
        and (tmp_path / "html" / "index.html").read_text() == "mine"
    )


def test_a_prepared_cohort_is_a_data_set(tmp_path, capsys):
    file = tmp_path / "cohort.npz"
    assert main(["data", SMOKE, "--to", str(file)]) == 0
    first = capsys.readouterr().out
    assert main(["data", SMOKE, "-p", f"dataset=file:{file}"]) == 0
    second = capsys.readouterr().out
    assert "4 individuals" in first and first.splitlines()[1:] == second.splitlines()[1:]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["individuls=4"], "individuls: no such setting"),
        (["individuals=40"], "individuals: 40 individuals are too many for digits, which has 14"),
        (["epochs=many"], "epochs: 'many' is not a whole number"),
        (["image_size=12"], "image_size: 12"),
        (["image_size=16"], "image_size: 16 cannot be made of 8 × 8 images"),
        (["exchange=false"], "global_people: 0 leaves D_G empty"),
        (["dataset=file:nowhere.npz"], "nowhere.npz"),
        (["dataset=mnist"], "dataset: no 'mnist'"),
        (["epochs"], "not of the form key=value"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(pairs, message, tmp_path, capsys):
    store = tmp_path / "s.sqlite"
    options = [word for pair in pairs for word in ("-p", pair)]
    assert main(["run", SMOKE, *options, "--store", str(store)]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and message in captured.err and captured.err.count("\n") == 1
    assert not store.exists()


@pytest.mark.parametrize(
    ("name", "kind"), [("rows.txt", ".txt"), ("rows", "a file without suffix"), ("a.CSV", ".CSV")]
)
def test_an_export_of_unknown_kind_is_refused_before_anything_is_read(name, kind, tmp_path, capsys):
    assert main(["export", "params/nowhere.yml", "--to", str(tmp_path / name)]) == 2
    message = capsys.readouterr().err
    assert (
        message == f"perso: --to {tmp_path / name}: {kind} is unknown; possible: .parquet, .csv\n"
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The words of a command some of whose models are stored."""
    store = tmp_path_factory.mktemp("trained") / "s.sqlite"
    study.Study(read_params(SMOKE, TINY[1::2]), store).run(FEW[:2], jobs=1)
    return [SMOKE, *TINY, "--store", str(store)]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("export", "rows.csv"),
        ("export", "rows.parquet"),
        ("claims", "mine.json"),
        ("data", "people.npz"),
    ],
)
def test_a_target_that_cannot_be_written_is_one_line(command, name, trained, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / name).mkdir()
    words = trained if command != "data" else [SMOKE]
    for target, message in (
        (tmp_path / "file" / name, "a file is where a folder is needed"),
        (tmp_path / name, "is a folder; name a file in it"),
    ):
        assert main([command, *words, "--to", str(target)]) == 2
        assert message in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("data", "people.npz"),
        ("claims", "mine.json"),
        ("export", "rows.csv"),
        ("export", "rows.parquet"),
        ("report", "page.html"),
        ("book", "folder"),
    ],
)
def test_a_target_that_cannot_be_written_is_refused_before_the_data_are_read(
    command, name, monkeypatch, tmp_path, capsys
):
    def load(*_):
        raise AssertionError("read before")

    monkeypatch.setattr(sources, "load", load)
    (tmp_path / "file").write_text("in the way")
    assert main([command, SMOKE, "--to", str(tmp_path / "file" / name)]) == 2
    assert "a file is where a folder is needed" in capsys.readouterr().err
    # and a file of settings that is wrong makes no folder
    assert main([command, SMOKE, "-p", "epochs=0", "--to", str(tmp_path / "new" / name)]) == 2
    assert not (tmp_path / "new").exists()


def test_people_are_not_written_over_the_file_that_they_are_read_from(people, tmp_path, capsys):
    before = people.read_bytes()
    words = [SMOKE, "-p", f"dataset=file:{people}"]
    assert main(["data", *words, "--to", str(people.parent / "." / people.name)]) == 2
    assert "is the data set itself" in capsys.readouterr().err and people.read_bytes() == before


@pytest.mark.parametrize(("command", "name"), [("export", "rows.csv"), ("claims", "mine.json")])
def test_a_full_disk_leaves_the_old_file_whole(
    command, name, trained, tmp_path, capsys, monkeypatch
):
    def full(*_):
        raise OSError(28, "No space left on device")

    target = tmp_path / "out" / name
    target.parent.mkdir()
    target.write_text("the old one")
    monkeypatch.setattr(os, "replace", full)
    assert main([command, *trained, "--to", str(target)]) == 2
    assert capsys.readouterr().err.endswith(
        f"{name}: cannot be written (No space left on device)\n"
    )
    assert target.read_text() == "the old one" and list(target.parent.iterdir()) == [target]


def test_a_book_that_cannot_be_built_says_so_before_it_trains(few, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    given = [SMOKE, *TINY, "--store", str(tmp_path / "s.sqlite"), "--to", str(tmp_path / "file")]
    assert main(["book", *given]) == 2
    assert "no file can be written in it" in capsys.readouterr().err
    assert not (tmp_path / "s.sqlite").exists()


def test_an_unfinished_run_is_exported_and_says_so(few, tmp_path, capsys):
    given = [SMOKE, *TINY, "--store", str(tmp_path / "s.sqlite")]
    # there is nothing yet
    assert main(["export", *given, "--to", str(tmp_path / "none.parquet")]) == 2
    study.Study(read_params(SMOKE, TINY[1::2]), tmp_path / "s.sqlite").run(FEW[:2], jobs=1)
    capsys.readouterr()
    assert main(["export", *given, "--to", str(tmp_path / "some.parquet")]) == 0
    assert "only 8 of 20 models" in capsys.readouterr().err
    assert not (tmp_path / "none.parquet").exists()
    assert "12 of 20 models are missing" in published.run_sentence(
        published.read_rows(tmp_path / "some.parquet")
    )


def test_stored_auto_encoders_are_exported_beside_the_rows(few, tmp_path, capsys):
    given = [SMOKE, *TINY, "-p", "encoder_epochs=1", "--store", str(tmp_path / "s.sqlite")]
    settings = read_params(SMOKE, [*TINY, "-p", "encoder_epochs=1"][1::2])
    one = study.Study(settings, tmp_path / "s.sqlite", results=tmp_path)
    one.run(FEW[:1], jobs=1)
    assert main(["export", *given, "--to", str(tmp_path / "some.parquet")]) == 0
    assert not list(tmp_path.glob("*.npz"))
    one.encoder(1)
    capsys.readouterr()
    assert main(["export", *given, "--to", str(tmp_path / "some.parquet")]) == 0
    beside = tmp_path / "some.encoders.npz"
    assert f"wrote {beside}: auto-encoders" in capsys.readouterr().err
    assert set(encoders.read_encoders(beside).weights) == {one.encoder_key(1)}


def test_to_publish_without_pyarrow_says_what_is_needed(few, tmp_path, capsys, monkeypatch):
    given = [SMOKE, *TINY, "--store", str(tmp_path / "s.sqlite")]
    study.Study(read_params(SMOKE, TINY[1::2]), tmp_path / "s.sqlite").run(FEW[:1], jobs=1)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(["export", *given, "--to", str(tmp_path / "some.parquet")]) == 1
    assert capsys.readouterr().err.endswith(
        "this command needs pyarrow; install the packages of requirements.lock\n"
    )


def test_a_missing_params_file_is_named(capsys):
    assert main(["run", "params/nowhere.yml"]) == 2
    assert "params/nowhere.yml" in capsys.readouterr().err


def test_a_file_that_is_no_store_is_named(tmp_path, capsys):
    wrong = tmp_path / "s.sqlite"
    wrong.write_text("this is no database, but it is long enough to be read as one" * 20)
    assert main(["table", SMOKE, "--store", str(wrong)]) == 2
    assert str(wrong) in capsys.readouterr().err


@pytest.mark.parametrize("there", [False, True])
def test_a_store_that_cannot_be_written_is_named_first(there, tmp_path, capsys, monkeypatch):
    """With nothing printed before, and nothing trained."""
    (tmp_path / "file").touch()
    store = tmp_path / "file" / "s.sqlite"
    reason = f"{store.parent}: no file can be written in it"
    if there:
        store = tmp_path / "s.sqlite"
        Store(store).add([])
        reason = f"{store}: attempt to write a readonly database"
        connect = sqlite3.connect
        monkeypatch.setattr(
            sqlite3, "connect", lambda path, timeout: connect(f"file:{path}?mode=ro", uri=True)
        )
    assert main(["run", SMOKE, *TINY, "--store", str(store)]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith(f"perso: {reason}")


def test_a_failing_run_exits_with_1(tmp_path):
    code = (
        "import sys; from perso import cli; from perso.training import engine;"
        "engine.train = None; sys.exit(cli.main(sys.argv[1:]))"
    )
    given = ["run", SMOKE, *TINY, "--jobs", "1", "--store", str(tmp_path / "s.sqlite")]
    done = subprocess.run(
        [sys.executable, "-c", code, *given], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 1 and "TypeError" in done.stderr


def test_the_trainer_needs_no_book(tmp_path):
    """`perso run` imports nothing beyond what a machine that only trains has."""
    code = (
        "import sys; absent = 'papermill IPython matplotlib seaborn statsmodels nbformat';"
        "sys.modules |= dict.fromkeys(absent.split());"
        "from perso import cli; import perso.study; sys.exit(cli.main(sys.argv[1:]))"
    )
    given = ["run", SMOKE, *TINY, "--budget", "0", "--store", str(tmp_path / "s.sqlite")]
    done = subprocess.run(
        [sys.executable, "-c", code, *given], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 3, done.stderr


def test_a_cohort_is_written_to_an_npz_file_only(tmp_path, capsys):
    assert main(["data", SMOKE, "--to", str(tmp_path / "people.csv")]) == 2
    assert capsys.readouterr().err.endswith("people.csv: .csv is unknown; possible: .npz\n")


WRITE = "from perso import cli; cli.open_streams(); print('ρ −', '\\udce9')"


@pytest.mark.parametrize(
    "redirected",
    ["PYTHONUTF8=0 PYTHONIOENCODING=cp1252 {} > out", "{} > out 2>&-", "{} <&- 2>&- > out"],
)
def test_what_is_written_to_a_file_is_utf_8_whatever_the_code_page(redirected, tmp_path):
    command = redirected.format(shlex.join([sys.executable, "-c", WRITE]))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "out").read_text("utf-8") == "ρ − \\udce9\n"


def test_a_file_opened_after_a_closed_stderr_is_not_written_to(tmp_path):
    code = "from perso import cli; cli.open_streams(); print(open('mine', 'w').fileno())"
    command = shlex.join([sys.executable, "-c", code]) + " 2>&- <&-"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert int(done.stdout) > 2


def test_standard_output_on_a_full_disk_is_one_line_and_no_success(monkeypatch, capsys):
    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        monkeypatch.setattr(commands, "table_command", lambda arguments: print("a table"))
        assert main(["table", SMOKE]) == 1
    assert capsys.readouterr().err == "perso: No space left on device\n"


def test_a_service_has_neither_output_nor_errors(monkeypatch, tmp_path):
    """As under pythonw, where both are None."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    words = ["run", SMOKE, *TINY, "--budget", "0", "--store", str(tmp_path / "s.sqlite")]
    assert main(words) == 3


def test_a_file_of_ones_own_that_ends_the_program_is_named(tmp_path, capsys):
    file = tmp_path / "mine.py"
    file.write_text("def people():\n    raise SystemExit(3)\n")
    assert main(["data", SMOKE, "-p", f"dataset=python:{file}:people"]) == 1
    assert capsys.readouterr().err.endswith("a file of your own ended the program: exit(3)\n")
