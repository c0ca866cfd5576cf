"""Chapters about data of their own are compared with their committed outputs where these are there.

With PERSO_REQUIRE_DATA=1 all of them are.
"""

import ast
import os
from pathlib import Path

import papermill

from perso.data.sources import files_of
from perso.paths import ROOT, default_data_dir
from perso.report.execution import has_own_params
from perso.settings import read_params


def has_data(chapter: Path) -> bool:
    """Whether all files are there of the data sets that a chapter's own parameters name."""
    stated = papermill.inspect_notebook(chapter).values()
    names = [ast.literal_eval(parameter["default"]) for parameter in stated]
    datasets = {read_params(ROOT / "params" / f"{name}.yml").dataset for name in names}
    return all(
        path.is_file() for dataset in datasets for path in files_of(dataset, default_data_dir())
    )


required = os.environ.get("PERSO_REQUIRE_DATA") == "1"
collect_ignore = [
    chapter.name
    for chapter in sorted(Path(__file__).parent.glob("[!.]*.ipynb"))
    if not required and has_own_params(chapter) and not has_data(chapter)
]
collect_ignore_glob = [".*"]  # what editors keep beside a chapter
