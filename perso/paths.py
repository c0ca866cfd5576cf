"""Where the store, the data sets and results/ are."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if not (ROOT / "chapters").is_dir():  # installed without its checkout
    ROOT = Path.cwd()


def default_store() -> Path:
    """Where trained models' rows are kept: $PERSO_STORE or build/store.sqlite of the checkout."""
    return Path(os.environ.get("PERSO_STORE", ROOT / "build" / "store.sqlite"))


def default_data_dir() -> Path:
    """Where data sets are looked for and downloaded to: $PERSO_DATA_DIR or data/ of the checkout."""
    return Path(os.environ.get("PERSO_DATA_DIR", ROOT / "data"))
