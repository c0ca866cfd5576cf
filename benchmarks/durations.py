"""How long the README's commands take: `python benchmarks/durations.py`, in a fresh clone.

Writes results/durations.json, which `make readme` puts into the README. Until the end what is timed is kept in
build/durations.json: `make test` compares results/ with the README and would fail.
"""

import json
import os
import platform
import subprocess
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = (
    ("make .venv/.installed", "the environment, once; part of either command"),
    ("make book", "training, chapters, pages"),
    ("make book", "again: everything is stored"),
    ("make test", "all checks"),
)


def machine() -> str:
    """The processor and its cores."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return f"{os.cpu_count()} cores of {names[0] if names else platform.processor()}"


def write(path: Path, record: dict, indent: int = 2, **form) -> None:
    """Write a record as JSON; the file is there whole or not at all."""
    text = json.dumps(record, indent=indent, **form) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.part")
    try:
        aside.write_text(text, encoding="utf-8")
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def main() -> None:
    if (ROOT / ".venv").exists() or (ROOT / "build").exists():
        raise SystemExit("this is no fresh clone: .venv/ or build/ is there")
    measured = []
    for command, what in COMMANDS:
        begun = time.perf_counter()
        subprocess.run(command.split(), cwd=ROOT, check=True)
        measured.append(
            {"command": command, "what": what, "seconds": round(time.perf_counter() - begun, 1)}
        )
        record = {"measured": measured, "machine": machine(), "date": date.today().isoformat()}
        write(ROOT / "build" / "durations.json", record)
    write(ROOT / "results" / "durations.json", record)


if __name__ == "__main__":
    main()
