"""The generated parts of README.md, from `results/`. `make readme` brings them up to date."""

import json
from pathlib import Path

import pandas as pd

from perso.analysis import comparison
from perso.claims import ledger, ledger_file
from perso.errors import InputError
from perso.files import whole
from perso.methods import registry
from perso.parts import PARTS
from perso.paths import ROOT
from perso.report import figures, ledger_html, ledger_text, records, sentences, speed, tables
from perso.store import published

README = Path("README.md")
FIGURE = Path("assets/headline.svg")
ROWS = Path("results/standard.parquet")  # the largest published run on real people
DURATIONS = Path("results/durations.json")

# One method of each shaping family, and pairs that differ in one thing
SHOWN = (
    "ES-n-400",
    "SW-n-2",
    "TL-n-300 (1e-4)",
    "ES-n-400 + SW-n-12 + TL-n-10 (1e-4)",
    "SG-n-1500",
)
PAIRS = (
    ("ES-n-400", "BaseLine + 400 iterations", "The person, or only longer training?"),
    ("SG-n-1500", "BaseLine-n-1500 with D_I", "Near samples, or any samples?"),
)
MEANINGS = {
    "REPRODUCED": "The tests support the claim, corrected for the number of tests.",
    "EQUIVALENT": "The claim says that two things are equal; they differ by less than a margin.",
    "CONTRADICTED": "A test of the claim clearly finds the opposite.",
    "UNDECIDED": "The tests do not settle it; the ledger says what effect they can detect.",
    "NOT RUN": "The models that could test it are missing; the ledger names them.",
}


def write_readme(root: Path = ROOT) -> list[Path]:
    """Bring README.md and its figure up to date; return their paths."""
    run = published.read_rows(root / ROWS)
    table = comparison.compare(run.rows)
    text = (root / README).read_text(encoding="utf-8")
    for name, block in blocks(root, run, table).items():
        text = replaced(text, name, block)
    with whole(root / README) as aside:
        aside.write_text(text, encoding="utf-8")
    figures.save_tradeoff(table, root / FIGURE)
    return [root / README, root / FIGURE]


def blocks(root: Path, run: published.Published, table: pd.DataFrame) -> dict[str, str]:
    """The generated blocks by name."""
    results = root / "results"
    return {
        "findings": findings_block(run, table),
        "table": readme_table(table),
        "ledger": ledger_block(results),
        "durations": durations_block(root / DURATIONS),
        "speed": speed_block(results),
    }


def findings_block(run: published.Published, table: pd.DataFrame) -> str:
    """What a run found: a sentence per method of METHODS and pair of PAIRS; which run it is."""
    changes = [
        f"- *{method.family}* ({method.meaning}): {sentences.change_sentence(table, method.name)}."
        for method in registry.named(*SHOWN)
    ]
    differences = [
        f"- *{question}* {sentences.difference_sentence(run.rows, method, other)}."
        for method, other, question in PAIRS
    ]
    return "\n".join([*changes, *differences, f"- *The run:* {published.run_sentence(run)}."])


def readme_table(table: pd.DataFrame) -> str:
    """Mean, change and v3's mean of every method, on D_I and on D_G side by side."""
    columns = {"mean": "mean", "change in pp [95 %]": "change", "v3 mean": "v3"}
    parts = []
    for part in PARTS:
        shown = tables.format_part(table, part)[list(columns)].rename(columns=columns)
        parts.append(shown.add_prefix(f"{part} "))
    return tables.markdown_table(pd.concat(parts, axis=1))


def ledger_block(folder: Path) -> str:
    """How many claims have which verdict, what a verdict means, and the ledgers that decide."""
    ledgers = ledger_file.read_ledgers(folder)
    if not ledgers:
        return "No ledger is published yet."
    decided = ledger.deciding(ledgers)
    counts = ledger_text.count_verdicts(verdict for _, verdict in decided)
    lines = [f"| {word} | {count} | {MEANINGS[word]} |" for word, count in counts.items()]
    files = dict.fromkeys(one.file for one, _ in decided)
    return "\n".join(
        [
            f"{ledger_html.ledger_sentence(ledgers)}.",
            "",
            "| Verdict | Claims | Meaning |",
            "| --- | --: | --- |",
            *lines,
            "",
            f"Decided by {', '.join(f'[`{file}`]({file})' for file in files)}.",
        ]
    )


def durations_block(path: Path) -> str:
    """How long each command took, and on which machine."""
    took = json.loads(path.read_text(encoding="utf-8"))
    lines = [
        f"| `{each['command']}` | {each['what']} | {format_duration(each['seconds'])} |"
        for each in took["measured"]
    ]
    machine = f"Measured on {took['machine']}, {took['date']}."
    return "\n".join(["| Command | What it does | Time |", "|---|---|--:|", *lines, "", machine])


def speed_block(results: Path) -> str:
    """How fast training is on a CPU and on a GPU, and how accurate bfloat16 is."""
    said = (
        speed.speed_answer(records.throughput("cpu", results)),
        speed.speed_answer(records.throughput("cuda", results), "cuda"),
        speed.precision_sentence(records.precision(results)),
    )
    return "\n".join(f"- {line}" for line in said)


def format_duration(seconds: float) -> str:
    """A duration in seconds or, from 100 seconds on, in minutes."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def replaced(text: str, name: str, block: str) -> str:
    """The text with a new block between the block's marks; InputError when a mark is missing."""
    begin, end = f"<!-- {name}: generated by `make readme` -->", f"<!-- end of {name} -->"
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not (found and closed):
        raise InputError(f"{README}: no block between {begin} and {end}")
    return f"{head}{begin}\n{block}\n{end}{tail}"


if __name__ == "__main__":
    for path in write_readme():
        print(path)
