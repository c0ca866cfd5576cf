"""Folders import only from those above them in `perso.__doc__`; no files import in a circle."""

import ast
import graphlib
import re
from collections import Counter
from pathlib import Path

import perso
from perso.paths import ROOT

ORDER = re.findall(r"^    (\w+) {2,}", perso.__doc__, re.M)
FILES = sorted(path for path in (ROOT / "perso").rglob("[!.]*.py") if path.name != "__main__.py")


def module_of(path: Path) -> str:
    """The dotted name of a file, a folder's own for its __init__.py."""
    words = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(words[:-1] if words[-1] == "__init__" else words)


MODULES = {module_of(path): path for path in FILES}


def imported(module: str) -> set[str]:
    """Modules of perso that a module imports, in functions too, and the first names of others."""
    names = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {
                alias.name if alias.name in MODULES else alias.name.split(".")[0]
                for alias in node.names
            }
        elif isinstance(node, ast.ImportFrom):
            whole = {f"{node.module}.{alias.name}" for alias in node.names} & set(MODULES)
            names |= whole or {node.module if node.module in MODULES else node.module.split(".")[0]}
    return names


def folder_of(module: str) -> str:
    return module.split(".")[1]


def test_the_map_names_every_folder_and_file_of_the_package_once():
    there = {path.stem if path.is_file() else path.name for path in (ROOT / "perso").iterdir()}
    assert sorted(ORDER) == sorted(there - {"__init__", "__main__", "__pycache__"})


def test_a_folder_imports_only_from_folders_above_it():
    upward = [
        f"{module} imports {other}"
        for module in MODULES
        if module != "perso"
        for other in imported(module) & set(MODULES) - {"perso"}
        if ORDER.index(folder_of(other)) > ORDER.index(folder_of(module))
    ]
    assert not upward


def test_no_files_import_each_other_in_a_circle():
    graph = {module: imported(module) & set(MODULES) - {"perso", module} for module in MODULES}
    graphlib.TopologicalSorter(graph).prepare()  # CycleError names the circle


def test_torch_is_imported_by_training_and_study_alone():
    users = {
        folder_of(module) for module in MODULES if module != "perso" and "torch" in imported(module)
    }
    assert users == {"training", "study"}


def test_a_function_or_class_has_a_name_of_its_own():
    """One name, one meaning: what a reader finds by its name is the only one there is."""
    defined = Counter(
        node.name
        for path in MODULES.values()
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    )
    assert [name for name, count in defined.items() if count > 1] == []
