"""Sequences of the user's own, with contexts: from a file to tested claims, without code."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from perso.claims import ledger_file
from perso.claims.ledger import VERDICTS
from perso.cli import main
from perso.methods import registry
from perso.methods.method import Method
from perso.paths import ROOT

PEOPLE, EACH = 6, 24
PARAMS = """\
dataset: file:{file}
individuals: {people}
global_people: 0
folds: 2
context: context
available: 1
flips: false
architecture: gru
width: 0.25
batch_size: 16
epochs: {epochs}
learning_rate: 0.01
device: cpu
rows_of: {table}
"""


def short(method: Method) -> Method:
    """The method with five iterations, at a larger rate, of each phase but the epochs."""
    phases = tuple(
        phase if phase.epochs else replace(phase, iterations=5, rate=20 * phase.rate)
        for phase in method.phases
    )
    start = short(method.start) if isinstance(method.start, Method) else method.start
    return replace(method, phases=phases, start=start)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Few iterations of each method."""
    for table in ("contexts", "recurrent"):
        monkeypatch.setitem(registry.TABLES, table, tuple(map(short, registry.TABLES[table])))


@pytest.fixture
def command(tmp_path, capsys) -> Callable:
    """`command(table, *words)` → exit code, output and messages of `perso`."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(3), PEOPLE * EACH // 3)
    angle = 2 * np.pi * (np.arange(5) / 5 + labels[:, None] / 3)
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    waves += 0.8 * rng.normal(size=waves.shape)
    file = tmp_path / "waves.npz"
    np.savez(
        file,
        sequences=waves.astype("float32"),
        labels=labels,
        who=np.repeat([f"person {n}" for n in range(PEOPLE)], EACH),
        item=np.arange(PEOPLE * EACH),
        context=np.tile(np.repeat(["home", "work"], EACH // 2), PEOPLE),
    )

    def run(
        table: str, name: str, *words: str, people: int = PEOPLE, epochs: int = 8
    ) -> tuple[int, str, str]:
        params: Path = tmp_path / f"{table}.yml"
        params.write_text(PARAMS.format(file=file, table=table, people=people, epochs=epochs))
        code = main([name, str(params), "--store", str(tmp_path / "rows.sqlite"), *words])
        return code, *capsys.readouterr()

    return run


def ledger(command, table: str, path: Path, **options) -> tuple[dict, str]:
    """The verdicts of claims by number, and the text that the terminal shows."""
    code, out, messages = command(table, "claims", "--to", str(path), **options)
    assert code == 0
    text = out + messages
    found = ledger_file.read_ledger(path).verdicts
    return {each.claim.number: each.verdict for each in found}, text


@pytest.mark.parametrize(
    ("table", "decided"), [("contexts", range(39, 43)), ("recurrent", range(35, 39))]
)
def test_from_a_file_to_tested_claims(table, decided, command, tmp_path):
    code, text, _ = command(table, "data")
    assert code == 0 and "6 individuals of 24 to 24 samples" in text and "D_U 12 to 12" in text

    code, _, messages = command(table, "run", "--jobs", "1")
    models = PEOPLE * len(registry.TABLES[table])
    assert code == 0 and f"{models} of {models} models" in messages

    code, text, _ = command(table, "table", "--format", "csv")
    columns = pd.read_csv(io.StringIO(text), index_col="method")
    assert code == 0 and (columns["D_U n"] == PEOPLE).all()
    assert columns["D_U mean"].between(0, 1).all() and columns["D_U mean"].nunique() > 3

    verdicts, text = ledger(command, table, tmp_path / "ledger.json")
    tested = {number for number, verdict in verdicts.items() if verdict != "NOT RUN"}
    assert tested & {*range(35, 43)} == {*decided}
    assert all(verdicts[number] in VERDICTS for number in decided)
    assert "6 people" in text and "a smoke run decides nothing" not in text
    # others are named by their number alone
    listed = set(re.findall(r"^(\d+) ", text, re.MULTILINE))
    assert listed == {str(number) for number in decided}
    assert "left out: 45 claims about other rows than rows_of: " + table in text


def test_fewer_than_six_people_decide_nothing(command, tmp_path):
    command("contexts", "run", "--jobs", "1", people=5)
    _, text, _ = command("contexts", "table", people=5)
    assert "\nOn the individual's data in other contexts, D_U\n" in text
    verdicts, text = ledger(command, "contexts", tmp_path / "ledger.json", people=5)
    assert {verdicts[number] for number in range(39, 43)} == {"UNDECIDED"}
    assert "5 people" in text and "decides nothing" in text


def test_networks_that_have_hardly_learned_decide_nothing(command, tmp_path):
    command("contexts", "run", "--jobs", "1", epochs=1)
    untrained = "these networks have hardly learned: the baseline is right on "
    *_, messages = command("contexts", "table", epochs=1)
    assert f"perso: {untrained}" in messages
    verdicts, text = ledger(command, "contexts", tmp_path / "ledger.json", epochs=1)
    assert {verdicts[number] for number in range(39, 43)} == {"UNDECIDED"}
    assert f"a smoke run decides nothing; {untrained}" in text


def test_a_file_of_altered_images_says_how_it_is_used(tmp_path, capsys):
    quick = str(ROOT / "params" / "quick.yml")
    given = ["-p", "rows_of=contexts", "-p", "context=shear:15"]
    file = tmp_path / "sheared.npz"
    assert main(["data", quick, *given, "--to", str(file)]) == 0
    there, err = capsys.readouterr()
    words = f"-p dataset=file:{file} -p context=context"
    assert f"use it on any machine with {words}" in err
    assert main(["data", quick, "-p", "rows_of=contexts", *words.split()]) == 0
    sizes = there.partition("\n\n")[2]
    assert sizes and sizes == capsys.readouterr().out.partition("\n\n")[2]
