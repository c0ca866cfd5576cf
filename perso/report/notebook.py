"""What the chapters share: the look, sentences and tables made of results, and where those came from."""

import platform
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib_inline.backend_inline import set_matplotlib_formats
from myst_nb import glue

import perso
from perso.data.dataset import StudyData
from perso.report import figures
from perso.settings import Settings, as_dict
from perso.store import published
from perso.store.published import Published


def set_up() -> None:
    """The look of a chapter's figures."""
    set_matplotlib_formats("retina")
    figures.style()


def glue_value(name: str, value) -> None:
    """Glue a number or a text under a name for the prose of any page, and print it for whoever reads the notebook."""
    glue(name, value if isinstance(value, str) else float(value), display=False)
    print(f"{name}: {value}")


def origin_note(rows: pd.DataFrame, given: pd.DataFrame) -> Markdown:
    """Which of the rows are published ones (`published.published_rows`), and which were trained where this page was made."""
    theirs = given.merge(
        rows[["key", "created"]]
    )  # one whose course was trained again here has another date
    if theirs.empty:
        return Markdown(f"All {len(rows)} models were trained for this page.")
    files = ", ".join(f"`{file}`" for file in sorted(theirs["file"].unique()))
    return Markdown(
        f"{len(theirs)} of {len(rows)} models are published ones of the same identity, from {files}; "
        f"trained here: {len(rows) - len(theirs)}."
    )


def list_runs(runs: Sequence[Published]) -> Markdown:
    """Which run is which, the book's own first (`published.runs_beside`)."""
    lines = [f"- **{run.name}:** {published.run_sentence(run)}" for run in runs]
    alone = ["", "No run of other models is published in `results/`, so this one stands alone."] * (
        len(runs) == 1
    )
    return Markdown("\n".join([*lines, *alone]))


def sample_sheet(
    data: StudyData, people: Sequence, orientation: int = 0, most: int = 10
) -> np.ndarray:
    """Each person's first image of every class, u8 [people, classes, S, S].

    orientation   0 as written, 1 mirrored, 2 upside down
    most          classes at most
    """
    classes = min(int(data.source.labels.max()) + 1, most)
    sheet = np.zeros((len(people), classes, *data.inputs.shape[1:]), np.uint8)
    shows = data.source.labels[data.sample]
    for line, person in zip(sheet, people, strict=True):
        for c in range(classes):
            here = (data.who == person) & (shows == c) & (data.orientation == orientation)
            found = np.flatnonzero(here)
            if len(found):
                line[c] = data.inputs[found[0]]
    return sheet


def provenance_note(data: StudyData, rows: pd.DataFrame | None = None) -> Markdown:
    """Which parameters, data, device and versions made a page."""
    changed = {
        key: value
        for key, value in as_dict(data.settings).items()
        if value != getattr(Settings(), key)
    }
    source, packages = data.source, ("torch", "numpy", "pandas", "scikit-learn")
    lines = {
        "Parameters": ", ".join(
            [*(f"`{key}: {value}`" for key, value in changed.items()), "all others as in v3"]
        ),
        "Data": f"{source.source}, {len(source.labels):,} samples, content `{source.content_hash[:12]}`",
        "Versions": f"perso {perso.__version__}, Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in packages),
    }
    if rows is not None and len(rows):
        made = rows[["device", "precision", "threads", "torch"]].drop_duplicates()
        lines["Device"] = "; ".join(
            f"{d} ({p}, {t} thread per process, torch {v})" for d, p, t, v in made.values
        )
        lines["Models"] = (
            f"{len(rows)}, trained from {rows['created'].min()} to {rows['created'].max()}"
        )
    return Markdown(
        "**What made this page**\n\n"
        + "\n".join(f"- *{name}:* {text}" for name, text in lines.items())
    )
