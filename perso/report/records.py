"""Reads the JSON that benchmarks/ wrote into results/."""

import json
from pathlib import Path

from perso.errors import InputError
from perso.paths import ROOT


def calibration(folder: Path = ROOT / "results") -> dict | None:
    """The record; None where nothing was counted."""
    return load_json(folder / "calibration.json")


def throughput(device: str, results: Path = ROOT / "results") -> dict | None:
    """The record of `cpu` or `cuda`; None where nothing was measured."""
    return load_json(results / f"throughput-{device}.json")


def precision(results: Path = ROOT / "results") -> dict:
    """What benchmarks/precision.py found, by the name of the params file; empty where it found nothing yet."""
    return load_json(results / "precision.json") or {}


def load_json(path: Path) -> dict | None:
    """A JSON file, or None where there is none; InputError names one that cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}; restore the file or measure anew") from error
