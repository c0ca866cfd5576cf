"""Time the commands of the README in a fresh clone: `python benchmarks/durations.py`.

Writes results/durations.json, which `make readme` copies into the README. Until all commands are
timed, the record is in build/durations.json: `make test` compares results/ with the README and
would fail.
"""

import json
import os
import platform
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = ROOT / "chapters" / "08-comparison.ipynb"
EDITED = "again: one chapter has changed"
COMMANDS = (
    ("make .venv/.installed", "the environment, once; part of either command"),
    ("make book", "training, chapters, pages"),
    ("make book", "again: nothing has changed"),
    ("make book", EDITED),
    ("make test", "all checks"),
)


def machine() -> str:
    """Number of cores and name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return f"{os.cpu_count()} cores of {names[0] if names else platform.processor()}"


def write(path: Path, record: dict, indent: int = 2, **options) -> None:
    """Write a record as JSON; if that fails, the file stays as it was.

    options   further arguments of `json.dumps`
    """
    text = json.dumps(record, indent=indent, **options) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def edited_chapter() -> Iterator[None]:
    """Context manager: a chapter has a word more in its first cell."""
    text = CHAPTER.read_text("utf-8")
    notebook = json.loads(text)
    notebook["cells"][0]["source"].append(" Edited.")
    CHAPTER.write_text(json.dumps(notebook), "utf-8")
    try:
        yield
    finally:
        CHAPTER.write_text(text, "utf-8")


def main() -> None:
    if (ROOT / ".venv").exists() or (ROOT / "build").exists():
        raise SystemExit("durations: .venv/ or build/ exists; run it in a fresh clone")
    measured = []
    for command, what in COMMANDS:
        with edited_chapter() if what == EDITED else nullcontext():
            start = time.perf_counter()
            subprocess.run(command.split(), cwd=ROOT, check=True)
            seconds = round(time.perf_counter() - start, 1)
        measured.append({"command": command, "what": what, "seconds": seconds})
        record = {"measured": measured, "machine": machine(), "date": date.today().isoformat()}
        write(ROOT / "build" / "durations.json", record)
    write(ROOT / "results" / "durations.json", record)


if __name__ == "__main__":
    main()
