"""Read the JSON records that benchmarks/ writes into results/."""

import json
from pathlib import Path

from perso.errors import InputError
from perso.paths import ROOT


def calibration(results: Path = ROOT / "results") -> dict | None:
    """What benchmarks/calibration.py counted; None without a record."""
    return load_json(results / "calibration.json")


def throughput(device: str, results: Path = ROOT / "results") -> dict | None:
    """What benchmarks/throughput.py measured on `cpu` or `cuda`; None without a record."""
    return load_json(results / f"throughput-{device}.json")


def precision(results: Path = ROOT / "results") -> dict:
    """What benchmarks/precision.py found, by name of the params file; empty without a record."""
    return load_json(results / "precision.json") or {}


def scale(results: Path = ROOT / "results") -> dict | None:
    """What benchmarks/scale.py measured; None without a record."""
    return load_json(results / "scale.json")


def load_json(path: Path) -> dict | None:
    """The content of a JSON file, None if it is missing; InputError if it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}; restore the file or measure anew") from error
