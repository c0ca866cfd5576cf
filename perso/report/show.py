"""Where a row comes from: code, versions, data, machine, and the command that computes it again."""

import json
import shlex
from dataclasses import fields
from pathlib import Path

from perso.errors import InputError
from perso.paths import ROOT
from perso.settings import Settings, read_params
from perso.store import published
from perso.store.sqlite import SCHEMA, Store

BEGINNING = 4  # characters of a key that are the minimum
MACHINE_ONLY = ("device", "graph", "in_flight")  # settings that decide no number
AGAIN = "again.sqlite"  # the store of a run that is computed again
UNKNOWN = "not recorded: the row is older than records of runs"


def show_text(key: str, store: str | Path, folder: Path = published.FOLDER) -> str:
    """Return a text that describes a row of a store, or of a folder of published files.

    key   the row's, or a beginning that no other row has
    InputError for a key of no row, and a beginning of several.
    """
    if len(key) < BEGINNING:
        raise InputError(f"{key}: give {BEGINNING} characters of the key, or more")
    stored = Store(store)
    places = {each: stored for each in found_in(stored, key)}
    for path in published.files(folder):
        for each in published_keys(path):
            if each.startswith(key):
                places.setdefault(each, path)
    if not places:
        raise InputError(
            f"{key}: no row of {store} or {folder} has this key; name its store by --store; "
            "`perso export` lists the keys of a study"
        )
    if len(places) > 1:
        raise InputError(
            f"{key}: {len(places)} keys begin so; possible: {', '.join([*places][:5])}"
        )
    ((whole_key, place),) = places.items()
    lines = stored_lines if isinstance(place, Store) else published_lines
    described = {"key": whole_key, **lines(whole_key, place)}
    if "again" in described:  # it trains all models of the run
        described["then"] = f"perso show {whole_key[:12]} --store {AGAIN}"
    return "\n".join(f"{name:<10} {value}" for name, value in described.items())


def found_in(store: Store, beginning: str) -> list[str]:
    """Return the keys of a store's rows and failures that begin so."""
    keys = store.keys() | store.keys("failures")
    return sorted(each for each in keys if each.startswith(beginning))


def published_keys(path: Path) -> list[str]:
    """Return the keys of a published file, without reading its rows."""
    from pyarrow import ArrowException, parquet

    try:
        return parquet.read_table(path, columns=["key"])["key"].to_pylist()
    except (OSError, KeyError, ArrowException) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: no published rows ({reason}); move this file away") from error


def stored_lines(key: str, store: Store) -> dict[str, str]:
    """Return {name: text} of a row or a failure of a store."""
    table = "rows" if store.select("rows", [key], ["key"]) else "failures"
    row = dict(zip(SCHEMA[table], store.select(table, [key])[0], strict=True))
    lines = model_lines(row) | {"from": str(store.path)}
    if row["run"] is None:
        return lines | {"run": UNKNOWN}
    run = store.run(row["run"])
    versions = json.loads(run["versions"])
    perso, engine = versions.pop("perso"), versions.pop("engine")
    again = command_again(json.loads(run["settings"]), run["params"])
    return lines | {
        "code": f"perso {perso}, engine {engine}, commit {run['code']}",
        "versions": ", ".join(f"{name} {number}" for name, number in versions.items()),
        "data": f"{run['data']}, content {run['content']}",
        "machine": run["machine"],
        "command": run["command"] or "none: Python code called Study.run",
        "again": again,
    }


def published_lines(key: str, path: Path) -> dict[str, str]:
    """Return {name: text} of a row of a published file."""
    run = published.kept(path)
    facts = run.provenance
    row = run.rows[run.rows["key"] == key].iloc[0].to_dict()
    return model_lines(row) | {
        "from": f"{run.file}, exported {facts['exported']}",
        "code": f"perso {facts['perso']}, engine {facts['engine']}, "
        f"exported at commit {facts['commit']}",
        "data": f"{facts['data']}, content {facts['content']}",
        "again": command_again(facts["settings"], facts["params"]),
    }


def model_lines(row: dict) -> dict[str, str]:
    """Return {name: text} of what a row says itself."""
    lines = {
        "model": f"{row['method']}, person {row['person']}, repeat {row['repeat']}, "
        f"fold {row['fold']}"
    }
    if "reason" in row:
        return lines | {"failed": f"{row['reason']} ({row['created']})"}
    # a missing number is None in a store, and nan in a published file
    tested = {part: (row[f"acc_{part}"], row[f"n_{part}"]) for part in "IUG"}
    accuracies = [
        f"D_{part} {accuracy:.4f} of {n:.0f}"
        for part, (accuracy, n) in tested.items()
        if accuracy is not None and accuracy == accuracy
    ]
    lines["accuracy"] = ", ".join(accuracies)
    lines["trained"] = (
        f"{row['created']}, {row['own_iterations']} iterations in {row['seconds']:.1f} s on "
        f"{row['device']} ({row['precision']}, threads {row['threads']}, lanes {row['lanes']}), "
        f"torch {row['torch']}"
    )
    return lines


def command_again(settings: dict, params: str) -> str:
    """Return the command that computes a run's rows again, in a store of their own.

    settings   of the run; those that it lacks had their default then
    params     name of its params file, whose settings it starts from if it is in params/
    """
    file = ROOT / "params" / f"{params}.yml"
    if not params or not file.is_file():
        file = ROOT / "params" / "smoke.yml"
    base = read_params(file)
    words = ["perso", "run", f"params/{file.name}"]
    for field in fields(Settings):
        value = settings.get(field.name, field.default)
        if field.name in MACHINE_ONLY or value == getattr(base, field.name):
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value)
        words += ["-p", f"{field.name}={text}"]
    return shlex.join([*words, "--store", AGAIN])
