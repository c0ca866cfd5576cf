"""The generated parts of README.md, from `results/`. `make readme` brings them up to date."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from perso.analysis import accuracy, comparison, effects, harm
from perso.claims import ledger, ledger_file
from perso.errors import InputError
from perso.files import whole
from perso.methods import registry
from perso.methods.method import BASELINE
from perso.parts import D_I, PARTS
from perso.paths import ROOT
from perso.report import (
    effects_text,
    figures,
    ledger_html,
    ledger_text,
    records,
    sentences,
    speed,
    tables,
)
from perso.store import published

README = Path("README.md")
FIGURE = Path("assets/headline.svg")
ROWS = Path("results/panel.parquet")  # the largest published run on real people
BEYOND_ROWS = Path("results/panel-baselines.parquet")  # the same of what else one could do
DURATIONS = Path("results/durations.json")

# Methods of each shaping family, and pairs that differ in one thing
SHOWN = (
    "ES 12 %",
    "SW-n-2",
    "SW-n-2, then 9 % (1e-4)",
    "TL 0.3 % (1e-4)",
    "TL 9 % (1e-4)",
    "TL 9 % (1e-3)",
)
PAIRS = (
    ("ES 12 %", "BaseLine + 12 %", "Own data first, or only longer training?"),
    ("SW-n-2", "own data in the union", "Sample weighing, or only data of the person?"),
    ("TL 9 % (1e-4)", "TL 9 % on D_G (1e-4)", "Late iterations on own data, or on $D_G$?"),
    (
        "TL 9 % (1e-4)",
        "TL 9 % on another person (1e-4)",
        "The person, or only somebody's data?",
    ),
)
# What else one could do, of another run
BEYOND_PAIRS = (
    ("replay", "TL 9 % (1e-3)", "Half of every late batch from $D_G$ (replay)?"),
    ("WiSE-FT 0.5", "TL 9 % (1e-3)", "Half of the way to transfer learning (WiSE-FT)?"),
    ("head only", "TL 9 % (1e-3)", "The last layer alone?"),
    ("kNN mix", "TL-n-0", "No training at all, but the nearest own samples?"),
)
# Sequences and contexts, by run
TIME_PAIRS = {
    "quick-watch": (
        ("TL-n-300 (1e-3)", "TL-n-0", "One arm of a person ($D_I$), what of the other ($D_U$)?"),
        ("CRoP", "TL, a tenth held out", "Prune and mix (CRoP), or fine-tuning?"),
        ("CRoP", "CRoP, random mask", "Does it matter which weights are pruned?"),
    ),
    "standard-pens": (
        ("TL-n-200 (1e-3)", "TL-n-0", "The earlier half of a writer's digits, what of the later?"),
        ("user gates", "user gates, shuffled", "A user embedding, or a shuffled one?"),
        ("user head 0.1", "TL-n-0", "A second head that names the user?"),
    ),
}
# Networks that forwarded samples make personal, by run
FORWARDED_PAIRS = {
    "writers-enrolled": (
        ("enrolled, 1 sample", "nobody enrolled", "One forwarded sample?"),
        (
            "enrolled, 12 samples",
            "enrolled, 12 samples of another",
            "The person's samples, or somebody's?",
        ),
        ("fine-tuning (1e-4), 12 samples", "nobody enrolled", "Fine-tuning on these twelve?"),
        ("fine-tuning on all of D_I (1e-4)", "nobody enrolled", "Fine-tuning on all of $D_I$?"),
    ),
    "writers-enrolled-prior": (
        (
            "enrolled, 12 samples",
            "enrolled, 12 samples of another",
            "Planted: the person's samples, or somebody's?",
        ),
        ("enrolled, 12 samples", "enrolled, none", "Planted: the person's samples, or none?"),
        (
            "deterministic, 12 samples",
            "deterministic, 12 samples of another",
            "Planted, by a network without a posterior?",
        ),
    ),
}


def write_readme(root: Path = ROOT) -> list[Path]:
    """Bring README.md and its figure up to date; return their paths."""
    run = published.read_rows(root / ROWS)
    table = comparison.compare(run.rows)
    text = (root / README).read_text(encoding="utf-8")
    for name, block in blocks(root, run, table).items():
        text = replaced(text, name, block)
    picture = figures.headline(table.loc[list(effects.DRAWN)])
    text = with_alt(text, picture.alt)
    with whole(root / README) as aside:
        aside.write_text(text, encoding="utf-8")
    picture.save(root / FIGURE)
    return [root / README, root / FIGURE]


def blocks(root: Path, run: published.Published, table: pd.DataFrame) -> dict[str, str]:
    """The generated blocks by name."""
    results = root / "results"
    return {
        "findings": findings_block(run, table),
        "beyond": differences_block(published.read_rows(root / BEYOND_ROWS), BEYOND_PAIRS),
        "time": runs_block(results, TIME_PAIRS),
        "forwarded": runs_block(results, FORWARDED_PAIRS),
        "table": readme_table(table),
        "ledger": ledger_block(results),
        "durations": durations_block(root / DURATIONS),
        "speed": speed_block(results),
        "scale": scale_block(results),
    }


def findings_block(run: published.Published, table: pd.DataFrame) -> str:
    """What a run found: the answer, a line per method of SHOWN and pair of PAIRS, and the run."""
    changes = [
        f"- *{method.family}* ({method.meaning}): {sentences.change_sentence(table, method.name)}."
        for method in registry.named(*SHOWN, table="relative")
    ]
    net = effects.net_table(run.rows)
    answer = f"- *The answer.* {effects_text.gains_text(net)}"
    hidden = effects_text.hidden_text(effects.effects_table(run), net)
    lines = [f"{answer} {hidden}".rstrip(), *changes, harmed_line(run)]
    return "\n".join([*lines, differences_block(run, PAIRS)])


def harmed_line(run: published.Published) -> str:
    """How many people lose accuracy on their own test samples with each method of SHOWN."""
    own = accuracy.per_person(run.rows, D_I.accuracy)
    lost = {name: harm.harmed(own[name] - own[BASELINE])["harmed"] for name in SHOWN}
    shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in lost.items())
    return (
        f"- *Who loses?* Share of people with a lower accuracy on their own test samples than with "
        f"{BASELINE}, some of them by chance: {shares}."
    )


def differences_block(run: published.Published, pairs: Iterable[tuple[str, str, str]]) -> str:
    """A sentence per pair of methods, with its question; which run it is."""
    differences = [
        f"- *{question}* {sentences.difference_sentence(run.rows, method, other)}."
        for method, other, question in pairs
    ]
    return "\n".join([*differences, f"- *The run:* {published.run_sentence(run)}."])


def runs_block(results: Path, pairs_of: Mapping[str, Iterable[tuple[str, str, str]]]) -> str:
    """The differences of pairs of methods, run by run.

    pairs_of   {name of a published file: pairs as in PAIRS}
    """
    return "\n".join(
        differences_block(published.read_rows(results / f"{name}.parquet"), pairs)
        for name, pairs in pairs_of.items()
    )


def readme_table(table: pd.DataFrame) -> str:
    """Mean, change and v3's mean of every method, on D_I and on D_G side by side."""
    columns = {"mean": "mean", "change in pp [95 %]": "change", "v3 mean": "v3"}
    parts = []
    for part in PARTS:
        shown = tables.format_part(table, part)[list(columns)].rename(columns=columns)
        parts.append(shown.add_prefix(f"{part} "))
    return tables.markdown_table(pd.concat(parts, axis=1))


def ledger_block(folder: Path) -> str:
    """How many claims of each kind have which verdict, what it means, the ledgers that decide."""
    ledgers = ledger_file.read_ledgers(folder)
    if not ledgers:
        return "No ledger is published yet."
    decided = ledger.deciding(ledgers)
    counts = ledger_text.verdicts_by_kind(verdict for _, verdict in decided)
    table = counts.assign(Meaning=pd.Series(ledger_text.MEANINGS)).rename_axis("Verdict")
    sides = ["left", *["right"] * counts.shape[1], "left"]
    files = dict.fromkeys(one.file for one, _ in decided)
    return "\n".join(
        [
            f"{ledger_html.ledger_sentence(ledgers)}.",
            "",
            table.to_markdown(colalign=sides),
            "",
            f"Decided by {', '.join(f'[`{file}`]({file})' for file in files)}. "
            f"{ledger_html.fixed_sentence(ledgers, folder)}.",
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


def scale_block(results: Path) -> str:
    """Time and memory of each step, by number of people and of samples."""
    record = records.scale(results)
    if not record:
        return "Not yet measured; benchmarks/scale.py does it."
    table = speed.scale_table(record)
    sides = ["left", *["right"] * table.shape[1]]
    text = table.rename_axis("Step").to_markdown(disable_numparse=True, colalign=sides)
    return f"{text}\n\n{speed.growth_sentence(record)}"


def format_duration(seconds: float) -> str:
    """A duration in seconds or, from 100 seconds on, in minutes."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def with_alt(text: str, alt: str) -> str:
    """The text with an alt text of its figure; InputError where it shows none."""
    head, found, rest = text.partition(f"]({FIGURE.as_posix()})")
    before, mark, _ = head.rpartition("![")
    if not (found and mark):
        raise InputError(f"{README}: no image ![…]({FIGURE.as_posix()})")
    return f"{before}![{alt}{found}{rest}"


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
