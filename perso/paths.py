"""Where the store, the data sets and results/ are."""

import os
from pathlib import Path

from perso.files import expanded

ROOT = Path(__file__).resolve().parents[1]
if not (ROOT / "chapters").is_dir():  # installed without a checkout
    ROOT = Path.cwd()


def default_store() -> Path:
    """The file of trained models' rows: $PERSO_STORE, or build/store.sqlite of the checkout."""
    return of_environment("PERSO_STORE", ROOT / "build" / "store.sqlite")


def default_data_dir() -> Path:
    """The folder of downloaded data sets: $PERSO_DATA_DIR, or data/ of the checkout."""
    return of_environment("PERSO_DATA_DIR", ROOT / "data")


def of_environment(name: str, otherwise: Path) -> Path:
    """The path in an environment variable; the other one where it is not set, or empty."""
    return expanded(os.environ.get(name) or otherwise)
