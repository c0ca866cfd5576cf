"""What the chapters share: the look, sentences and tables made of results, and where those came from."""

import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version

import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown
from matplotlib_inline.backend_inline import set_matplotlib_formats
from myst_nb import glue

import perso
from perso import metrics, plots, published, tables
from perso.methods import METHODS, SHAPING, Method
from perso.prepare import Prepared, sizes
from perso.published import Published
from perso.settings import Settings, as_dict

WHOSE = {"D_I": "the individual's own data", "D_G": "everybody else's"}


def begin() -> None:
    """The look of a chapter's figures."""
    set_matplotlib_formats("retina")
    plots.style()


def keep(name: str, value) -> None:
    """Glue a number or a text under a name for the prose of any page, and print it for whoever reads the notebook."""
    glue(name, value if isinstance(value, str) else float(value), display=False)
    print(f"{name}: {value}")


def sentence(table: pd.DataFrame, method: str) -> str:
    """What a method changed, in words that fit its intervals (`tables.comparison`)."""
    said = []
    for part, whose in WHOSE.items():
        mean, low, high = (
            100 * table.loc[method, part][column] for column in ("change", "low", "high")
        )
        verb = "raises" if low > 0 else "lowers" if high < 0 else "does not clearly move"
        interval = "no interval" if np.isnan(low) else f"95 % interval {low:+.1f} to {high:+.1f}"
        said.append(f"{verb} accuracy on {whose} ({mean:+.1f} points, {interval})")
    return f"{method} {said[0]} and {said[1]}"


def level_sentence(table: pd.DataFrame, method: str) -> str:
    """How accurate a method is, and how unevenly so."""
    said = []
    for part, whose in WHOSE.items():
        mean, sd, low, high = (
            100 * table.loc[method, part][column] for column in ("mean", "sd", "min", "max")
        )
        said.append(
            f"{mean:.1f} % on {whose} (sd over people {sd:.1f}, from {low:.1f} to {high:.1f})"
        )
    return f"{method} reaches {said[0]} and {said[1]}."


def versus(rows: pd.DataFrame, method: str, other: str) -> str:
    """One method minus another on D_I and D_G."""
    said = []
    for part, each in tables.difference(rows, method, other).items():
        interval = "" if np.isnan(each.low) else f" [{100 * each.low:+.1f}, {100 * each.high:+.1f}]"
        said.append(f"{100 * each.mean:+.1f}{interval} points on {part}")
    return f"{method} minus {other}: {said[0]}, {said[1]}"


def origin(rows: pd.DataFrame, given: pd.DataFrame) -> Markdown:
    """Which of the rows are published ones (`published.shared`), and which were trained where this page was made."""
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


def best_sentence(table: pd.DataFrame, methods: Iterable[Method] = METHODS) -> str:
    """Which shaping method gives the individual most, and which others most; controls and added families stand apart.

    Data grouping is left out: most of what its methods train on is another's, and chapters/07-grouping is about it.
    """
    there = [method for method in methods if method.name in table.index]
    shaping = [method.name for method in there if tables.is_shaping(method)]
    controls = [method.name for method in there if method.family == "control"]

    def best(names, part):
        name = table.loc[names, (part, "mean")].idxmax()
        on_I, on_G = (tables.points(table.loc[name, each]) for each in WHOSE)
        return f"on {WHOSE[part]}, {name} ({on_I} points on D_I, {on_G} on D_G)"

    said = f"Best of the shaping methods, against the baseline: {best(shaping, 'D_I')}; {best(shaping, 'D_G')}."
    known = ("baseline", "control", "data grouping", *SHAPING)
    for family in dict.fromkeys(method.family for method in there if method.family not in known):
        members = [method.name for method in there if method.family == family]
        said += f" Best of {family}: {best(members, 'D_I')}; {best(members, 'D_G')}."
    return f"{said} Best of the controls {best(controls, 'D_G')}." if controls else said


def people_sentence(prepared: Prepared) -> str:
    """Who is there, with how much data."""
    parts = sizes(prepared)
    samples, own, others = parts[["samples", "D_I train", "D_G train"]].mean()
    return (
        f"{len(parts)} individuals with {samples:.0f} samples each on average. "
        f"A network may learn from {own:.0f} images of its person and {others:,.0f} of others."
    )


def comparison(table: pd.DataFrame, corrected: bool = False) -> HTML:
    """A comparison as the book shows it. Holm's correction counts the methods in the table: for the whole one only."""
    return both({part: tables.shown(table, part, corrected) for part in WHOSE})


def changes(table: pd.DataFrame) -> HTML:
    """The changes of several runs (`tables.beside`) in percentage points, a column per run."""
    runs = table.columns.unique(1)
    return both(
        {
            part: pd.DataFrame({run: table[part][run].apply(tables.points, axis=1) for run in runs})
            for part in WHOSE
        }
    )


def both(shown: dict[str, pd.DataFrame]) -> HTML:
    """Tables of text on D_I and on D_G, one below the other."""
    heads = {part: f"On {whose}, <i>D<sub>{part[-1]}</sub></i>" for part, whose in WHOSE.items()}
    return HTML(
        "".join(
            f"<p><b>{head}</b></p>{shown[part].to_html(border=0)}" for part, head in heads.items()
        )
    )


def which(runs: Sequence[Published]) -> Markdown:
    """Which run is which, the book's own first (`published.beside`)."""
    lines = [f"- **{run.name}:** {published.sentence(run)}" for run in runs]
    alone = ["", "No run of other models is published in `results/`, so this one stands alone."] * (
        len(runs) == 1
    )
    return Markdown("\n".join([*lines, *alone]))


def scale_sentence(runs: Sequence[Published], table: pd.DataFrame) -> str:
    """Whether the published run of most people and the book's own agree; plainly so where there is none larger."""
    own, *others = runs
    size = {run.name: run.provenance["people"] for run in runs}
    if not others:
        return f"Not known yet: no published run stands beside this book's own of {size[own.name]} people."
    largest = max(others, key=lambda run: size[run.name]).name
    there, here = (f"{name} ({size[name]} people)" for name in (largest, own.name))
    said = (
        f"Of the changes whose 95 % interval excludes 0 in {there}, {agreed(table, largest, own.name)} "
        f"have the same sign in {here}; the other way round {agreed(table, own.name, largest)}."
    )
    larger = size[largest] > size[own.name]
    return (
        said
        if larger
        else f"Not known yet: no published run has more people than this book's own. {said}"
    )


def agreed(table: pd.DataFrame, one: str, other: str) -> str:
    """How many of one run's clear changes have the same sign in the other."""
    return " and ".join(
        f"{same.sum()} of {len(same)} on {part}"
        for part, same in tables.agreement(table, one, other).items()
    )


def agreement(runs: Sequence[Published], table: pd.DataFrame) -> Markdown:
    """For every pair of runs with the book's own or v3 in it: whose clear changes have the same sign in the other."""
    own, *others = (run.name for run in runs)
    pairs = [pair for name in others for pair in ((name, own), (own, name))]
    pairs += [(run, tables.V3) for run in (own, *others)]
    lines = []
    for one, other in pairs:
        apart = [
            f"{name} on {part}"
            for part, same in tables.agreement(table, one, other).items()
            for name in same.index[~same]
        ]
        lines.append(
            f"- clear in **{one}**, the same sign in **{other}**: {agreed(table, one, other)}"
            + (f"; not {', '.join(apart)}" if apart else "")
        )
    return Markdown("\n".join(lines))


def samples(prepared: Prepared, people: Sequence, turn: int = 0, most: int = 10) -> np.ndarray:
    """Each person's first image of every class, u8 [people, classes, S, S]; `turn` 1 and 2 are the flips."""
    base = int(prepared.source.labels.max()) + 1
    sheet = np.zeros((len(people), min(base, most), *prepared.images.shape[1:]), np.uint8)
    for line, person in zip(sheet, people, strict=True):
        for c in range(len(line)):
            there = np.flatnonzero((prepared.source.who == person) & (prepared.source.labels == c))
            if len(there):
                line[c] = prepared.images[there[0] + turn * len(prepared.source.who)]
    return sheet


def writer_identification(prepared: Prepared, most: int = 14) -> tuple[float, float]:
    """How often an image's writer is named among at most `most` individuals, and how often by chance."""
    people = prepared.parts.individuals[:most]
    index = np.flatnonzero(np.isin(prepared.source.who, people))  # unflipped images come first
    who = prepared.source.who[index]
    chance = np.unique(who, return_counts=True)[1].max() / len(who)
    return metrics.identification(prepared.images[index], who), float(chance)


def made_of(prepared: Prepared, rows: pd.DataFrame | None = None) -> Markdown:
    """Which parameters, data, device and versions made a page."""
    changed = {
        key: value
        for key, value in as_dict(prepared.settings).items()
        if value != getattr(Settings(), key)
    }
    source, packages = prepared.source, ("torch", "numpy", "pandas", "scikit-learn")
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
