"""Published rows: a study's trained models as one open file that says where they come from.

`results/NAME.parquet` is what a large run leaves for everybody: all columns of `sqlite.ROW`, hits included, and in the
file's metadata, under `perso`, a JSON object of what `provenance` tells. Whatever reads Parquet reads both.
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
from perso.errors import InputError
from perso.files import whole
from perso.paths import ROOT
from perso.settings import as_dict
from perso.store.sqlite import ROW

FOLDER = ROOT / "results"
BY_SIZE = ("quick", "standard", "paper", "paper-v1")
OWN = "this book's own run"
# SQLite's → Arrow's
ARROW_TYPES = {
    "TEXT": "string",
    "INTEGER": "int64",
    "REAL": "float64",
    "BLOB": "binary",
}


@dataclass(frozen=True)
class Published:
    """A run to show."""

    name: str  # of the file; OWN for one that was trained where it is shown
    rows: pd.DataFrame  # the columns of store.ROW, one line per trained model
    provenance: dict  # see `provenance`
    file: str = ""  # folder and file, like results/quick.parquet


def provenance(study, rows: pd.DataFrame, params: str = "") -> dict:
    """What one must know of rows to weigh them, as plain data.

    study    the `Study` whose rows these are; its `engine` trained them
    params   name of its params file
    seconds  training time of all rows together, whatever ran side by side; without generic models
    commit   of the checkout that tells this, which is not always the one that trained
    """
    source, settings = study.data.source, as_dict(study.settings)
    if settings["dataset"].startswith("file:"):  # its folder says nothing to others
        settings["dataset"] = f"file:{Path(settings['dataset'].removeprefix('file:')).name}"
    several = {"devices": "device", "precisions": "precision", "torch": "torch"}
    return {
        "params": params,
        "settings": settings,
        "data": source.source,
        "content": source.content_hash,
        "models": len(rows),
        "wanted": len(study.keys()),
        "people": int(rows["person"].nunique()),
        **{name: sorted(rows[column].unique()) for name, column in several.items()},
        "first": rows["created"].min(),
        "last": rows["created"].max(),
        "seconds": float(rows["seconds"].sum()),
        "perso": perso.__version__,
        "engine": study.common()["engine"],
        "commit": commit(),
        "exported": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def commit(root: Path = ROOT) -> str:
    """The checkout's commit, "-dirty" when tracked files differ from it (but for results/); "unknown" outside git."""

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
    """The columns of a published file."""
    import pyarrow as pa

    return pa.schema(
        [(column, getattr(pa, ARROW_TYPES[kind.split()[0]])()) for column, kind in ROW.items()]
    )


def write_rows(path: str | Path, rows: pd.DataFrame, provenance: dict) -> None:
    """Write rows and what there is to know of them; the file appears whole or not at all."""
    import pyarrow as pa
    from pyarrow import parquet

    told = {"perso": json.dumps(provenance, ensure_ascii=False)}
    table = pa.Table.from_pandas(rows, schema(), preserve_index=False).replace_schema_metadata(told)
    with whole(path) as aside:
        parquet.write_table(table, aside, compression="zstd", write_page_checksum=True)


def read_rows(path: str | Path) -> Published:
    """A published file as it was written; InputError for any other file, and for a damaged one."""
    from pyarrow import ArrowException, parquet

    path = Path(path)
    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
        told = json.loads((table.schema.metadata or {}).get(b"perso", b"{}"))
        if not told or not table.schema.equals(schema()):
            raise ValueError("its columns or its provenance are missing")
    except (OSError, ValueError, ArrowException) as error:
        why = " ".join(str(error).split())
        raise InputError(
            f"{path}: no published rows ({why}); `perso export` writes such a file"
        ) from error
    return Published(path.stem, table.to_pandas(), told, f"{path.parent.name}/{path.name}")


@lru_cache(maxsize=64)
def unchanged(path: Path, mtime_ns: int, size: int) -> Published:
    """`read_rows`, once per process for each state of a file. Shared by all who ask, so nobody may write to it."""
    return read_rows(path)


def kept(path: Path) -> Published:
    """A published file, read only where it changed since it was last; not to be written to."""
    try:
        state = path.stat()
    except OSError:
        return read_rows(path)  # says what is wrong
    return unchanged(path, state.st_mtime_ns, state.st_size)


def read_all(folder: Path = FOLDER) -> list[Published]:
    """All published runs of a folder in the order of `files`, for the caller to keep and to change."""
    runs = [kept(path) for path in files(folder)]
    return [replace(run, rows=run.rows.copy(), provenance=deepcopy(run.provenance)) for run in runs]


def files(folder: Path = FOLDER) -> list[Path]:
    """The published files of a folder, those of params/ by size, then others by name."""

    def place(path):
        return BY_SIZE.index(path.stem) if path.stem in BY_SIZE else len(BY_SIZE), path.stem

    return sorted(folder.glob("*.parquet"), key=place)


def comparable_runs(study, folder: Path = FOLDER) -> list[Published]:
    """Published runs of the same table and the same way in which people differ."""
    of = [(run, run.provenance["settings"]) for run in read_all(folder)]
    ours = study.settings.rows_of, study.settings.variation
    return [run for run, told in of if (told.get("rows_of", "v3"), told["variation"]) == ours]


def runs_beside(study, rows: pd.DataFrame, folder: Path = FOLDER) -> list[Published]:
    """The study's own run, then every published one like it that holds a model the study has not."""
    others = (
        run
        for run in comparable_runs(study, folder)
        if not set(run.rows["key"]) <= set(study.keys())
    )
    return [Published(OWN, rows, provenance(study, rows)), *others]


def published_rows(study, methods=None, folder: Path = FOLDER) -> pd.DataFrame:
    """Published rows that are models of these methods, by their key, where the store lacks them; `file` says whence."""
    lacking = set(study.keys(methods)) - study.store.keys()
    runs = [kept(path) for path in files(folder)] if lacking else []
    found = [run.rows[run.rows["key"].isin(lacking)].assign(file=run.file) for run in runs]
    return pd.concat(found or [pd.DataFrame(columns=[*ROW, "file"])]).drop_duplicates("key")


def run_sentence(run: Published) -> str:
    """Which run this is: its size, what is missing, what trained it and when, and where its rows come from."""
    told, of = run.provenance, run.provenance["settings"]
    devices, precisions, torch = (
        ", ".join(told[each]) for each in ("devices", "precisions", "torch")
    )
    missing, days = told["wanted"] - told["models"], sorted({told["first"][:10], told["last"][:10]})
    file = f"`{run.file}`, exported {told['exported'][:10]} at commit {told['commit']}"
    lacking = f", {missing:,} of {told['wanted']:,} models are missing" if missing else ""
    return (
        f"{file if run.file else 'the models of this page'}; "
        f"{told['models']:,} models of {told['people']} people of {told['data']}{lacking}; "
        f"{of['image_size']} × {of['image_size']} pixels, width {of['width']:g}, {of['epochs']} epochs; "
        f"{' to '.join(days)} on {devices} ({precisions}, torch {torch}), "
        f"perso {told['perso']}, engine {told['engine']}"
    )
