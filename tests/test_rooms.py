"""The package is read from top to bottom: no module imports one that comes later in `perso.__doc__`."""

import ast
import re

import perso
from perso.settings import ROOT

ORDER = re.findall(r"\w+", " ".join(re.findall(r"^    ([\w, ]+?)(?:  |$)", perso.__doc__, re.M)))
NO_TORCH = {
    "settings",
    "data",
    "cohorts",
    "schedules",
    "methods",
    "grouping",
    "prepare",
    "store",
    "published",
    "metrics",
    "stats",
    "tables",
    "speed",
}


def imported(room: str) -> set[str]:
    """Top-level names a module imports, and the rooms of perso among them."""
    tree = ast.parse((ROOT / "perso" / f"{room}.py").read_text("utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inside = node.module.split(".")
            names |= (
                {inside[-1]}
                if len(inside) > 1
                else {inside[0], *(alias.name for alias in node.names)}
            )
    return names


def test_the_list_names_every_module_once():
    assert sorted(ORDER) == sorted(
        path.stem for path in (ROOT / "perso").glob("*.py") if path.stem != "__init__"
    )


def test_no_module_imports_a_later_one():
    for place, room in enumerate(ORDER):
        assert not imported(room) & set(ORDER[place:]) - {room}, room


def test_what_needs_no_torch_has_none():
    assert not [room for room in NO_TORCH if "torch" in imported(room)]
