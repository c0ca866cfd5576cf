"""Execute a chapter: papermill runs a copy of the notebook with the study's settings.

Nothing in `chapters/` is changed.
"""

import contextlib
import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
import papermill

import perso
from perso.errors import InputError, RunError
from perso.files import expanded
from perso.markup import as_code, as_text
from perso.own_code import absolute, is_reference
from perso.paths import ROOT
from perso.report import kept
from perso.settings import OWN_CODE, TYPES, Settings, as_dict

WRITTEN = re.compile(r"\b(digits?|images?|writers?|handwriting|v3)\b", re.IGNORECASE)
OWN_DATA_MISSING = r"InputError: dataset \w+: "
KERNEL = "python3"


def chapter_parameters(chapter: Path, settings: Settings) -> dict:
    """Parameters to inject: those that the chapter declares and those that are not defaults.

    None into a chapter whose parameters are of its own, see `has_own_params`.
    """
    if has_own_params(chapter):
        return {}
    declared = papermill.inspect_notebook(chapter)
    defaults = as_dict(Settings())
    values = {
        key: value
        for key, value in as_dict(settings).items()
        if key in declared or value != defaults[key]
    }
    # a chapter runs in its own folder
    prefix, _, path = settings.dataset.partition(":")
    if prefix == "file":
        values["dataset"] = f"file:{expanded(path).resolve()}"
    if prefix == "python":
        values["dataset"] = f"python:{absolute(path)}"
    for key in OWN_CODE:
        if is_reference(getattr(settings, key)):
            values[key] = absolute(getattr(settings, key))
    return values


def has_own_params(chapter: Path) -> bool:
    """Whether a chapter names a file in params/ itself, for it is about data of its own."""
    return "params" in papermill.inspect_notebook(chapter)


def execute(
    chapter: Path, copy: Path, settings: Settings, environment: Mapping[str, str] | None = None
) -> dict | None:
    """Execute one chapter into `copy` and prepare the copy for the page.

    A chapter that needs a variant of the settings that the data cannot have says so (`left_out`).
    Return what `kept.report` says of the execution. None for a chapter about data of its own that
    are not there, which is shown with its committed outputs: they may be there the next time.

    environment   variables that the chapter finds beside those of this process
    """
    # papermill warns of each injected parameter that the chapter does not declare
    logging.getLogger("papermill").setLevel(logging.ERROR)
    notebook = nbformat.read(chapter, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(kept.REPORT))
    nbformat.write(notebook, copy)
    try:
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as empty,
            kernel_of(empty, environment or {}),
        ):
            # the user's start-up files and configuration could define or change anything
            isolated = [f"--ipython-dir={empty}", "--IPKernelApp.exec_PYTHONSTARTUP=False"]
            papermill.execute_notebook(
                copy,
                copy,
                chapter_parameters(chapter, settings),
                cwd=ROOT / "chapters",
                kernel_name=KERNEL,
                progress_bar=False,
                extra_arguments=["--log-level=CRITICAL", *isolated],
            )
    except papermill.PapermillExecutionError as error:
        cause = f"{error.ename}: {error.evalue}"
        if has_own_params(chapter) and re.match(OWN_DATA_MISSING, cause):
            print(f"{chapter.name} has its committed outputs: {error.evalue}", file=sys.stderr)
            nbformat.write(polish(nbformat.read(chapter, as_version=4)), copy)
            return None
        if error.ename == InputError.__name__ and error.evalue.partition(":")[0] in TYPES:
            print(f"{chapter.name} is left out: {error.evalue}", file=sys.stderr)
            notebook = left_out(nbformat.read(chapter, as_version=4), error.evalue)
            nbformat.write(polish(notebook), copy)
            return kept.EVERYTHING
        raise RunError(
            f"chapters/{chapter.name}: cell {error.exec_count} failed: {cause}"
        ) from None
    notebook = nbformat.read(copy, as_version=4)
    check_finished(notebook.metadata.get("papermill", {}), chapter)
    printed = [out.text for out in notebook.cells.pop().outputs if out.get("name") == "stdout"]
    reported = json.loads("".join(printed))
    if not has_own_params(chapter):
        notebook = about_own_people(notebook, settings)
    nbformat.write(polish(notebook), copy)
    return reported


@contextlib.contextmanager
def kernel_of(folder: str | Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Context manager: kernels are of this Python and this perso, whatever the user has set up.

    folder        an empty one, for the kernel's description and its connection files
    environment   variables that they find beside those of this process
    """
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
    }
    described = Path(folder, "kernels", KERNEL, "kernel.json")
    described.parent.mkdir(parents=True)
    described.write_text(json.dumps(spec), encoding="utf-8")
    before = dict(os.environ)
    os.environ.update(environment)
    os.environ.pop("MPLBACKEND", None)  # figures belong in the notebook
    os.environ["JUPYTER_RUNTIME_DIR"] = str(folder)  # the home folder may be read-only
    package = str(Path(perso.__file__).parents[1])
    for name, first in (("JUPYTER_PATH", str(folder)), ("PYTHONPATH", package)):
        os.environ[name] = os.pathsep.join(filter(None, [first, before.get(name)]))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def left_out(notebook: nbformat.NotebookNode, reason: str) -> nbformat.NotebookNode:
    """A chapter without its results, and with the reason why these data cannot have them.

    Paragraphs that quote results are left out, too; values that other pages quote say so.
    """
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            paragraphs = cell.source.split("\n\n")
            # half of a folded answer would leave the other half open
            kept = [each for each in paragraphs if "{glue:" not in each or each.count(":::") % 2]
            cell.source = "\n\n".join(kept)
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if "scrapbook" in out.get("metadata", {})]
            for glued in cell.outputs:
                for kind, text in glued.data.items():
                    glued.data[kind] = repr("left out") if text[0] in "'\"" else "nan"
    why = "Left out, because the data of this book cannot have it:"
    text = f"```{{warning}}\n{why} {as_text(reason)}.\n```"
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(text))
    return notebook


def about_own_people(notebook: nbformat.NotebookNode, settings: Settings) -> nbformat.NotebookNode:
    """A chapter whose text is about the papers' digits, with a note where the people are others."""
    prefix, _, path = settings.dataset.partition(":")
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    if prefix not in ("file", "python") or not any(WRITTEN.search(text) for text in prose):
        return notebook
    text = (
        "The text of this chapter was written for handwritten digits of ten classes. This book's "
        f"own run is of the people of {as_code(Path(path).name)}: for *digit* and *image* read "
        "*sample*, for *writer* read *person*. Numbers of v1 and v3 are of their digits."
    )
    if settings.architecture != "vgg":
        text += f" The network is {as_code(settings.architecture)}, not that of v3's Fig. 4."
    note = nbformat.v4.new_markdown_cell(f"```{{note}}\n{text}\n```")
    notebook.cells.insert(1, note)
    return notebook


def check_finished(record: Mapping, chapter: Path) -> None:
    """Raise RunError unless papermill's record says that the chapter ran to its end."""
    if record.get("exception") or not record.get("end_time"):
        raise RunError(f"chapters/{chapter.name} did not run to its end")


def polish(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Prepare an executed notebook for its page.

    The default parameters are hidden, the injected ones folded, stderr and widgets removed, and an
    image gets the alt text of its `Picture`.
    """
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "parameters" in tags:
            cell.metadata.tags = [*tags, "remove-cell"]
        if "injected-parameters" in tags:
            cell.metadata.tags = [*tags, "hide-input"]
            cell.metadata.mystnb = {"code_prompt_show": "Parameters of this run"}
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
            if texts := [out.data["text/plain"] for out in cell.outputs if has_image(out)]:
                # myst-nb takes it from the cell alone, not from the output
                image = {"alt": " ".join(texts), "classes": "picture"}
                cell.metadata.mystnb = {**cell.metadata.get("mystnb", {}), "image": image}
    return notebook


def has_image(output: Mapping) -> bool:
    """Whether an output of a cell is an image."""
    return any(kind.startswith("image/") for kind in output.get("data", {}))
