"""What pages include that are no notebooks, each in a file of Markdown.

strips      when a network of each kind of method sees the person
headline    what each method changes for the person and for everybody else
effects     the picture of chapter 0: effects with intervals, of the largest published run
durations   how long commands take
"""

import base64
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path

import matplotlib as mpl
import nbformat

from perso.analysis.effects import BOTH, EARLY, LATE, WEIGHED
from perso.files import write_changed
from perso.methods.method import BASELINE, Method
from perso.methods.registry import RELATIVE
from perso.paths import ROOT
from perso.report import figures, looks
from perso.report.execution import has_image
from perso.report.readme import DURATIONS, durations_block
from perso.study.study import Study

EFFECTS = "00-effects.ipynb"
KINDS = {"image/svg+xml": ".svg", "image/png": ".png"}
NOTHING = "The data of this book cannot have this picture.\n"


def write_pictures(study: Study, source: Path) -> None:
    """Write the pictures of the first page into a book's sources, with the executed chapters."""
    with mpl.rc_context():
        looks.style()
        strips = figures.strip({each.name: study.schedule(each) for each in examples(study)})
    write_picture("strips", {"image/svg+xml": strips.svg().decode()}, strips.alt, source)
    outputs = outputs_of(source / "chapters" / EFFECTS)
    for name, output in zip_longest(("effects", "headline"), outputs[:2]):
        if output is None:
            write_changed(source / f"{name}.md", NOTHING)
        else:
            write_picture(name, output.data, output.data["text/plain"], source)


def write_durations(source: Path) -> None:
    """Write the table of how long commands take, where it has been measured."""
    measured = ROOT / DURATIONS
    text = durations_block(measured) if measured.exists() else ""
    write_changed(source / "durations.md", f"{text}\n")


def examples(study: Study) -> list[Method]:
    """The baseline, main methods of chapter 0, and a study's last method of data grouping."""
    grouping = [method for method in study.methods if method.family == "data grouping"]
    main = {method.name: method for method in RELATIVE}
    return [*(main[name] for name in (BASELINE, EARLY, WEIGHED, LATE, BOTH)), *grouping[-1:]]


def outputs_of(chapter: Path) -> list:
    """The outputs of a chapter's cells that are images, in their order."""
    if not chapter.exists():
        return []
    cells = nbformat.read(chapter, as_version=4).cells
    return [out for cell in cells for out in cell.get("outputs", []) if has_image(out)]


def write_picture(name: str, data: Mapping[str, str], alt: str, source: Path) -> None:
    """Write a picture, and NAME.md, which shows it with its alt text.

    data   {MIME type: image}, of which the first of `KINDS` is taken; all but SVG as base64
    """
    kind = next(kind for kind in KINDS if kind in data)
    content = data[kind].encode()
    if kind != "image/svg+xml":
        content = base64.b64decode(content)
    file = source / f"{name}{KINDS[kind]}"
    write_changed(file, content)
    lines = [
        "````{container} picture-frame",
        f"```{{image}} {file.name}",
        f":alt: {' '.join(alt.split())}",
        ":class: picture",
        "```",
        "````",
        "",
    ]
    write_changed(source / f"{name}.md", "\n".join(lines))
