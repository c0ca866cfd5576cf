"""What all chapters use: set-up, glued values, and notes on where models and pages come from."""

import platform
from collections.abc import Sequence
from html import escape
from importlib.metadata import version

import numpy as np
import pandas as pd
from IPython.display import Markdown
from myst_nb import glue

import perso
from perso.data.dataset import StudyData
from perso.errors import InputError
from perso.markup import as_code, as_text
from perso.report import looks
from perso.settings import Settings, as_dict
from perso.store import published
from perso.store.published import Published

KEYS_SHOWN = 10  # of a method
KEY_LENGTH = 12  # characters of a key; that two of a million keys share them has a chance of .002
LONGEST_TABLE = 200  # rows; pandas cuts out the middle of longer ones


def set_up() -> None:
    """Set the look of a chapter's figures, and show tables whole."""
    looks.style()
    pd.set_option("display.max_rows", LONGEST_TABLE)


def glue_value(name: str, value: float | str) -> None:
    """Glue a number or a text under a name, for the prose of any page, and print it."""
    glue(name, value if isinstance(value, str) else float(value), display=False)
    print(f"{name}: {value}")


def origin_note(rows: pd.DataFrame, given: pd.DataFrame) -> Markdown:
    """How many of the rows are published ones, and how many were trained for this page.

    given   `published.published_rows`
    """
    # a published model that was trained again here has another date
    theirs = given.merge(rows[["key", "created"]])
    if theirs.empty:
        return Markdown(f"All {len(rows)} models were trained for this page.")
    files = ", ".join(map(as_code, sorted(theirs["file"].unique())))
    return Markdown(
        f"{len(theirs)} of {len(rows)} models are published ones with the same settings and data, "
        f"from {files}; trained here: {len(rows) - len(theirs)}."
    )


def list_runs(runs: Sequence[Published]) -> Markdown:
    """A list of runs and where they come from.

    runs   `published.runs_beside`: the book's own first
    """
    lines = [f"- **{as_text(run.name)}:** {published.run_sentence(run)}" for run in runs]
    if len(runs) == 1:
        lines += ["", "`results/` has no published run of other models, so there is only this one."]
    return Markdown("\n".join(lines))


def sample_sheet(
    data: StudyData, people: Sequence, orientation: int = 0, most: int = 10
) -> np.ndarray:
    """Each person's first image of every class, u8 [people, classes, S, S]; black where none is.

    orientation   0 as written, 1 mirrored, 2 upside down
    most          the number of classes at most
    InputError for samples that are not images.
    """
    if data.kind != "images":
        raise InputError(f"dataset: {data.settings.dataset} has {data.kind}; a sheet shows images")
    classes = min(len(data.source.classes), most)
    sheet = np.zeros((len(people), classes, *data.inputs.shape[1:]), np.uint8)
    labels = data.source.labels[data.sample]
    for line, person in zip(sheet, people, strict=True):
        for c in range(classes):
            wanted = (data.who == person) & (labels == c) & (data.orientation == orientation)
            found = np.flatnonzero(wanted)
            if len(found):
                line[c] = data.inputs[found[0]]
    return sheet


def provenance_note(
    data: StudyData, rows: pd.DataFrame | None = None, anchor: str = "models", about: str = ""
) -> Markdown:
    """The parameters, data, versions and devices that a page was made with.

    rows     of the models on the page, if any
    anchor   id of their list of keys, which tables link to; each on a page has its own
    about    which part of the page it is about, if it has several
    """
    changed = {
        key: value
        for key, value in as_dict(data.settings).items()
        if value != getattr(Settings(), key)
    }
    parameters = [
        *(as_code(f"{key}: {value}") for key, value in changed.items()),
        "all others as in v3",
    ]
    source = data.source
    packages = ("torch", "numpy", "pandas", "scikit-learn")
    versions = [
        f"perso {perso.__version__}",
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in packages),
    ]
    content = f"content `{source.content_hash[:12]}`"
    lines = {
        "Parameters": ", ".join(parameters),
        "Data": f"{as_text(source.source)}, {len(source.labels):,} samples, {content}",
        "Versions": ", ".join(versions),
    }
    if rows is not None and len(rows):
        made = rows[["device", "precision", "threads", "torch"]].drop_duplicates()
        lines["Device"] = "; ".join(
            f"{as_text(device)} ({precision}, {threads} thread per process, torch {torch})"
            for device, precision, threads, torch in made.values
        )
        dates = f"trained from {rows['created'].min()} to {rows['created'].max()}"
        lines["Models"] = f"{len(rows):,}, {dates}"
    items = "\n".join(f"- *{name}:* {text}" for name, text in lines.items())
    keys = "" if rows is None or rows.empty else f"\n\n{keys_html(rows, anchor)}"
    title = f"What made this page: {about}" if about else "What made this page"
    return Markdown(f"**{title}**\n\n{items}{keys}")


def keys_html(rows: pd.DataFrame, anchor: str) -> str:
    """The keys of a page's models as a folded table in HTML with this id.

    Each method has those of its first people and repeats.
    """
    lines = []
    for method, of_method in rows.groupby("method", sort=False):
        shown = of_method[["key", "person", "repeat"]].head(KEYS_SHOWN)
        keys = [
            f'<code title="{escape(f"person {person}, repeat {repeat}")}">{key[:KEY_LENGTH]}</code>'
            for key, person, repeat in shown.itertuples(index=False)
        ]
        more = len(of_method) - len(shown)
        keys += [f"and {more} more"] if more else []
        lines.append(f"<tr><th>{escape(method)}</th><td>{' '.join(keys)}</td></tr>")
    return (
        f'<details id="{anchor}"><summary>The models behind the numbers of this page</summary>'
        "<p><code>perso show KEY</code>, with the <code>--store</code> of this book, says which "
        "code, data and machine a model comes from, and which command trains it again.</p>"
        f"<table>{''.join(lines)}</table></details>"
    )
