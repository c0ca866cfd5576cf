"""Time a whole study by this version and by an earlier one: `python benchmarks/versions.py COMMIT`.

Both train params/quick.yml from an empty store with `perso run`, in turn, so that both meet the
same machine. It prints their times and the ratio, and checks that both find the same accuracies.
Run it on an idle machine: each turn takes some minutes. It writes results/versions.json.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import date
from pathlib import Path
from statistics import median

from durations import ROOT, machine, write

PARAMS = "params/quick.yml"


def timed(checkout: Path, params: str) -> tuple[float, list]:
    """Seconds of a study by a checkout's code, and its rows' keys and accuracies."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "rows.sqlite"
        command = [sys.executable, "-m", "perso", "run", params, "--store", str(store)]
        start = time.perf_counter()
        # PYTHONPATH: training processes must import this checkout's code, too
        environment = os.environ | {"PYTHONPATH": str(checkout)}
        subprocess.run(command, cwd=checkout, check=True, env=environment)
        seconds = time.perf_counter() - start
        with closing(sqlite3.connect(store)) as connection:
            query = "SELECT key, acc_I, acc_G FROM rows ORDER BY key"
            return seconds, connection.execute(query).fetchall()


def compare(commit: str, turns: int, params: str = PARAMS) -> dict:
    """The record of a comparison with a commit; SystemExit where the accuracies differ."""
    found: dict[str, list] = {"before": [], "now": []}
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", str(before), commit], check=True)
        try:
            for _ in range(turns):
                for name, checkout in (("before", before), ("now", ROOT)):
                    found[name].append(timed(checkout, params))
        finally:
            subprocess.run([*git, "remove", "--force", str(before)], check=True)
    rows = [rows for turn in found.values() for _, rows in turn]
    if any(each != rows[0] for each in rows):
        raise SystemExit("versions: the two versions do not find the same accuracies")
    seconds = {name: [round(took, 1) for took, _ in turn] for name, turn in found.items()}
    return {
        "params": params,
        "models": len(rows[0]),
        "commit": commit,
        "seconds": seconds,
        "ratio": round(median(seconds["now"]) / median(seconds["before"]), 3),
        "machine": machine(),
        "date": date.today().isoformat(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commit", help="the earlier version")
    parser.add_argument("--turns", type=int, default=2, help="of each version (default: 2)")
    arguments = parser.parse_args()
    record = compare(arguments.commit, arguments.turns)
    print(record)
    write(ROOT / "results" / "versions.json", record)


if __name__ == "__main__":
    main()
