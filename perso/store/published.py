"""Published rows: the trained models of a study as one open file that says where they come from.

`results/NAME.parquet` holds all columns of `perso.store.sqlite.ROW`, hits included. The file's
metadata holds, under `perso`, the JSON object that `provenance` returns. Any program that reads
Parquet can read both. Files that are older than a column of NEWER lack it, and are read with nulls.
"""

import json
import subprocess
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pandas as pd

import perso
from perso.data.sizes import shape_text
from perso.errors import InputError
from perso.files import visible, whole
from perso.markup import as_code, as_text
from perso.own_code import is_reference
from perso.paths import ROOT
from perso.settings import OWN_CODE, Settings, as_dict
from perso.store.sqlite import ROW

FOLDER = ROOT / "results"
BY_SIZE = ("quick", "standard", "paper", "paper-v1")
OWN = "this book's own run"
# SQLite's column types → Arrow's
ARROW_TYPES = {
    "TEXT": "string",
    "INTEGER": "int64",
    "REAL": "float64",
    "BLOB": "binary",
}
NEWER = ("hits_S", "logp_I", "acc_V", "acc_U", "n_U", "hits_U")  # columns that older files lack


@dataclass(frozen=True)
class Published:
    """The rows of one run and where they come from."""

    name: str  # of the file without suffix; OWN for rows of the reader's own store
    rows: pd.DataFrame  # the columns of `sqlite.ROW`, one row per trained model
    provenance: dict  # see the function `provenance`
    file: str = ""  # folder and file, such as results/quick.parquet; empty for OWN


def study_facts(study, params: str = "") -> dict:
    """Return what a published file says about the study that it comes from, as plain data.

    study    a `Study`
    params   name of its params file

    Of the result: `kind` and `shape` are those of `StudyData`. `individuals` are the names of S by
    fold, in order; it is the order of test sets in the column `hits_S`. `commit` is that of the
    checkout that exports, which need not be the one that trained.
    """
    source = study.data.source
    settings = as_dict(study.settings)
    # a user's folder means nothing on another machine
    for key in ("dataset", *OWN_CODE):
        settings[key] = without_folder(settings[key])
    return {
        "params": params,
        "settings": settings,
        "data": source.source,
        "content": source.content_hash,
        "kind": study.data.kind,
        "shape": list(study.data.shape),
        "individuals": [[str(person) for person in fold.individuals] for fold in study.folds],
        "perso": perso.__version__,
        "engine": study.common()["engine"],
        "commit": commit(),
        "exported": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def provenance(study, rows: pd.DataFrame, params: str = "") -> dict:
    """Return what a reader must know about rows to judge them, as plain data.

    study    the `Study` whose rows these are
    params   name of its params file

    The result is that of `study_facts`, and facts about the rows: `seconds` is the training time of
    all rows together, whatever ran at the same time, without generic networks.
    """
    return study_facts(study, params) | {
        "models": len(rows),
        "wanted": len(study.keys()),
        "people": int(rows["person"].nunique()),
        "devices": sorted(rows["device"].unique()),
        "precisions": sorted(rows["precision"].unique()),
        "torch": sorted(rows["torch"].unique()),
        "first": rows["created"].min(),
        "last": rows["created"].max(),
        "seconds": float(rows["seconds"].sum()),
    }


def without_folder(value: str) -> str:
    """Return a setting that may name a file of the user's, with the file's name alone."""
    kind, colon, file = value.partition(":")
    if colon and kind in ("file", "python"):
        return f"{kind}:{Path(file).name}"
    return Path(value).name if is_reference(value) else value


def commit(root: Path = ROOT) -> str:
    """Return the checkout's commit; "unknown" outside git.

    It ends with "-dirty" when tracked files other than those in `results/` differ from it.
    """

    def git(*words):
        return subprocess.run(
            ["git", *words], cwd=root, capture_output=True, text=True, check=True
        ).stdout.strip()

    if not (root / ".git").exists():  # a folder inside somebody else's checkout
        return "unknown"
    try:
        head = git("rev-parse", "--short", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!results")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}-dirty" if changed else head


def schema():
    """Return the Arrow schema of a published file."""
    import pyarrow as pa

    return pa.schema(
        [(column, getattr(pa, ARROW_TYPES[kind.split()[0]])()) for column, kind in ROW.items()]
    )


def write_rows(path: str | Path, rows: pd.DataFrame, provenance: dict) -> None:
    """Write rows with their provenance; the file appears whole or not at all."""
    import pyarrow as pa
    from pyarrow import parquet

    metadata = {"perso": json.dumps(provenance, ensure_ascii=False)}
    table = pa.Table.from_pandas(rows, schema(), preserve_index=False)
    table = table.replace_schema_metadata(metadata)
    with whole(path) as aside:
        parquet.write_table(table, aside, compression="zstd", write_page_checksum=True)


def read_rows(path: str | Path) -> Published:
    """Return a published file as it was written; InputError for another or a damaged file."""
    from pyarrow import ArrowException, parquet

    path = Path(path)
    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as file:
            table = with_newer(file.read())
        found = json.loads((table.schema.metadata or {}).get(b"perso", b"{}"))
        if not found or not table.schema.equals(schema()):
            raise ValueError("its columns or its provenance are missing")
    except (OSError, ValueError, ArrowException) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path}: no published rows ({reason}); `perso export` writes such a file"
        ) from error
    return Published(path.stem, table.to_pandas(), found, f"{path.parent.name}/{path.name}")


def with_newer(table):
    """Return an Arrow table with nulls in the columns of NEWER that it lacks."""
    import pyarrow as pa

    complete = schema()
    metadata = table.schema.metadata
    for place, field in enumerate(complete):
        if field.name in NEWER and field.name not in table.schema.names:
            table = table.add_column(place, field, pa.nulls(len(table), field.type))
    return table.replace_schema_metadata(metadata)


@lru_cache(maxsize=64)
def unchanged(path: Path, mtime_ns: int, size: int) -> Published:
    """Return `read_rows`, called once per process and state of a file. Do not change the result."""
    return read_rows(path)


def kept(path: Path) -> Published:
    """Return a published file, read again only where it has changed. Do not change the result."""
    try:
        state = path.stat()
    except OSError:
        return read_rows(path)  # raises the InputError
    return unchanged(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def unchanged_keys(path: Path, mtime_ns: int, size: int) -> tuple[str, ...]:
    """Return the keys of a published file's rows, without reading the rows."""
    from pyarrow import ArrowException, parquet

    try:
        return tuple(parquet.read_table(path, columns=["key"])["key"].to_pylist())
    except (OSError, ValueError, ArrowException):
        return tuple(unchanged(path, mtime_ns, size).rows["key"])  # raises the InputError


def kept_keys(path: Path) -> tuple[str, ...]:
    """Return the keys of a published file, read again only where it has changed."""
    try:
        state = path.stat()
    except OSError:
        return tuple(read_rows(path).rows["key"])  # raises the InputError
    return unchanged_keys(path, state.st_mtime_ns, state.st_size)


def read_all(folder: Path = FOLDER) -> list[Published]:
    """Return all published runs of a folder in the order of `files`; they may be changed."""
    runs = [kept(path) for path in files(folder)]
    return [replace(run, rows=run.rows.copy(), provenance=deepcopy(run.provenance)) for run in runs]


def files(folder: Path = FOLDER) -> list[Path]:
    """Return the published files of a folder: first those of BY_SIZE, then the others by name."""

    def rank(path: Path) -> tuple[int, str]:
        size = BY_SIZE.index(path.stem) if path.stem in BY_SIZE else len(BY_SIZE)
        return size, path.stem

    return sorted(visible(folder, "*.parquet"), key=rank)


def never_published(settings: Settings) -> bool:
    """Return whether data or network are the user's own, of which no published file has rows."""
    return settings.dataset.startswith("python:") or is_reference(settings.architecture)


def kind_of_rows(settings: dict) -> str:
    """Return the setting `rows_of` of a published file, which older files lack."""
    return settings.get("rows_of", "v3")


def comparable_runs(study, folder: Path = FOLDER) -> list[Published]:
    """Return the published runs with the study's `rows_of` and `variation`."""

    def same(settings: dict) -> bool:
        return (kind_of_rows(settings), settings["variation"]) == (
            study.settings.rows_of,
            study.settings.variation,
        )

    runs = [] if never_published(study.settings) else read_all(folder)
    return [run for run in runs if same(run.provenance["settings"])]


def runs_beside(study, rows: pd.DataFrame, folder: Path = FOLDER) -> list[Published]:
    """Return the study's own run, then each comparable one that has a model of its own."""
    others = (
        run
        for run in comparable_runs(study, folder)
        if not set(run.rows["key"]) <= set(study.keys())
    )
    return [Published(OWN, rows, provenance(study, rows)), *others]


def published_rows(study, methods=None, folder: Path = FOLDER) -> pd.DataFrame:
    """Return published rows of the study's models of these methods, missing from its store.

    Where several files hold a row, it comes from a file of the study's `rows_of`, and of these from
    the one that holds most models of the study. So rows come from one machine wherever they can,
    and a generic network's own row from where the networks that start from it were trained. The
    column `file` is the file a row comes from.
    """
    missing = set(study.keys(methods)) - study.store.keys()
    needed = missing and not never_published(study.settings)
    keys_of = {path: kept_keys(path) for path in files(folder)} if needed else {}
    holding = [path for path, there in keys_of.items() if not missing.isdisjoint(there)]
    if len(holding) > 1:
        wanted = {*study.keys(), *missing}

        def rank(path: Path) -> tuple[bool, int]:
            is_own = kind_of_rows(kept(path).provenance["settings"]) == study.settings.rows_of
            return is_own, sum(key in wanted for key in keys_of[path])

        holding.sort(key=rank, reverse=True)
    found = []
    for run in map(kept, holding):
        used = [key in missing for key in run.rows["key"]]
        found.append(run.rows[used].assign(file=run.file))
    return pd.concat(found or [pd.DataFrame(columns=[*ROW, "file"])]).drop_duplicates("key")


def run_sentence(run: Published) -> str:
    """Describe a run in a sentence: its file, models, people, size, dates, machine and versions.

    In Markdown.
    """
    facts = run.provenance
    settings = facts["settings"]
    # files that are older than `kind` and `shape` are of images
    shape = facts.get("shape", [settings["image_size"]] * 2)
    size = shape_text(facts.get("kind", "images"), shape)
    missing = facts["wanted"] - facts["models"]
    days = sorted({facts["first"][:10], facts["last"][:10]})
    origin = "the models of this page"
    if run.file:
        origin = (
            f"{as_code(run.file)}, exported {facts['exported'][:10]} at commit {facts['commit']}"
        )
    incomplete = f", {missing:,} of {facts['wanted']:,} models are missing" if missing else ""
    return (
        f"{origin}; "
        f"{facts['models']:,} models of {facts['people']} people of {as_text(facts['data'])}"
        f"{incomplete}; "
        f"{size}, width {settings['width']:g}, {settings['epochs']} epochs; "
        f"{' to '.join(days)} on {as_text(', '.join(facts['devices']))} "
        f"({', '.join(facts['precisions'])}, torch {', '.join(facts['torch'])}), "
        f"perso {facts['perso']}, engine {facts['engine']}"
    )
