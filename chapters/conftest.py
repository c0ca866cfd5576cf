"""The chapters whose data are not there are not compared with their committed outputs.

With PERSO_REQUIRE_DATA=1 all of them are.
"""

import os
from pathlib import Path

from perso.data import pens, watch
from perso.paths import default_data_dir

FILES = {
    "pens": [f"{pens.FOLDER}/{name}" for name in pens.TEXTS],
    "watch": [watch.FILE],
    "qmnist": ["QMNIST/raw/qmnist-train-images-idx3-ubyte"],
}
# the data sets of chapters that are not about the data of the others
NEEDED = {
    "21-sequences.ipynb": ("pens", "watch", "qmnist"),
    "22-recurrent.ipynb": ("pens",),
    "23-contexts.ipynb": ("watch",),
}


def has_data(dataset: str) -> bool:
    """Whether all files of a data set are there."""
    folder: Path = default_data_dir()
    return all((folder / name).is_file() for name in FILES[dataset])


required = os.environ.get("PERSO_REQUIRE_DATA") == "1"
collect_ignore = [
    chapter for chapter, needed in NEEDED.items() if not required and not all(map(has_data, needed))
]
