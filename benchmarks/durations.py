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


def main() -> None:
    if (ROOT / ".venv").exists() or (ROOT / "build").exists():
        raise SystemExit("durations: .venv/ or build/ exists; run it in a fresh clone")
    measured = []
    for command, what in COMMANDS:
        start = time.perf_counter()
        subprocess.run(command.split(), cwd=ROOT, check=True)
        seconds = round(time.perf_counter() - start, 1)
        measured.append({"command": command, "what": what, "seconds": seconds})
        record = {"measured": measured, "machine": machine(), "date": date.today().isoformat()}
        write(ROOT / "build" / "durations.json", record)
    write(ROOT / "results" / "durations.json", record)


if __name__ == "__main__":
    main()
