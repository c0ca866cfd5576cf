"""The readings of a claim: each with its verdict and the effect of its deciding test."""

import textwrap
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from perso.claims.claim import Claim
from perso.claims.evidence import Evidence
from perso.claims.ledger import Verdict, groups_of, verdict_of_tests
from perso.claims.ledger_file import read_ledgers
from perso.claims.registry import CLAIMS
from perso.methods.method import BASELINE
from perso.methods.registry import TABLES
from perso.report.ledger_html import ledger_name
from perso.report.ledger_text import deciding_finding, people_text
from perso.report.looks import WIDTH, interval_errors, with_symbols
from perso.report.picture import Picture
from perso.store.published import FOLDER, Published
from perso.study.same_methods import Same

# whose readings are drawn: they are decided by differences between shaping, the baseline and
# controls alone. The others that have readings need data grouping, or are about slopes over
# settings, or about other runs.
CURVE_CLAIMS = (3, 4, 5, 6, 7)
VERDICT_LOOKS = {
    "REPRODUCED": ("#0072b2", "o"),
    "CONTRADICTED": ("#d55e00", "X"),
    "UNDECIDED": ("0.5", "s"),
}
NO_ROWS = "NOT RUN"
LINE = 0.155  # height of a line of text, inches
WRAP = 46  # characters of a line of a label
COLUMNS = ["claim", "reading", "verdict", "what", "people", "change", "low", "high"]


class RowsEvidence(Evidence):
    """Evidence from the rows of one published run alone, for tests of paired methods.

    others   further runs; of the run's own people they may have more methods, see `rows_of_table`
    """

    untrained = ""  # networks of published runs have learned

    def __init__(self, run: Published, others: Iterable[Published] = ()):
        settings = run.provenance["settings"]
        facts = SimpleNamespace(**settings)
        super().__init__(SimpleNamespace(settings=facts, asked=facts))
        self.own = settings["rows_of"]
        self.runs = run, *others

    def rows(self, of: str) -> pd.DataFrame:
        """The rows of a run; without any where there are none of it."""
        run, *others = self.runs
        if of == self.own:
            return run.rows
        if others and of in TABLES:
            return rows_of_table(of, run, others)
        return pd.DataFrame(columns=["method"])

    def same_methods(self, of: str) -> list[Same]:
        """None: rows do not show which methods few data make one; published runs have enough."""
        return []


def rows_of_table(of: str, run: Published, others: Iterable[Published]) -> pd.DataFrame:
    """The rows of the methods of a table that there are of a run's people, in any of these runs.

    of   of `registry.TABLES`
    A person of another run counts where both have the same baseline network, by its key: then the
    data, the network and the people around this person are the same.
    """
    names = [method.name for method in TABLES[of]]
    baselines = run.rows[run.rows["method"] == BASELINE]
    fold_of = run.rows.groupby("person")["fold"].first()
    found = [run.rows]
    for other in others:
        same = other.rows[other.rows["key"].isin(baselines["key"])]
        rows = other.rows[other.rows["person"].isin(same["person"])]
        found.append(rows.assign(fold=rows["person"].map(fold_of)))
    rows = pd.concat(found).drop_duplicates("key")
    return rows[rows["method"].isin(names)]


def specification_table(
    run: Published,
    numbers: tuple[int, ...] = CURVE_CLAIMS,
    others: Iterable[Published] = (),
) -> pd.DataFrame:
    """A line per claim and reading, sorted by the effect of its deciding test.

    others   runs that may have the rows of readings that the run lacks, see `RowsEvidence`

    verdict             NO_ROWS where the rows are missing; such lines come last
    people              how many people and cohorts the deciding test is of, as text
    change, low, high   of the deciding test in percentage points; above 0 supports the claim
    """
    evidence = RowsEvidence(run, others)
    found = [
        line for claim in CLAIMS if claim.number in numbers for line in readings_of(claim, evidence)
    ]
    return pd.DataFrame(found, columns=COLUMNS).sort_values(["claim", "change"], ignore_index=True)


def readings_of(claim: Claim, evidence: Evidence) -> list[tuple]:
    """The lines of one claim, see `specification_table`."""
    lines = []
    for reading in (None, *claim.readings):
        reached, findings, *_ = verdict_of_tests(claim, evidence, groups_of(claim, reading))
        name = reading.name if reading else "as declared"
        if reached == NO_ROWS:
            lines.append((claim.number, name, reached, "", "", np.nan, np.nan, np.nan))
            continue
        test = deciding_finding(Verdict(claim, reached, findings))
        numbers = test.value, test.low, test.high
        lines.append((claim.number, name, reached, test.what, people_text(test), *numbers))
    return lines


def apart_sentence(table: pd.DataFrame, run: Published, folder: Path = FOLDER) -> str:
    """How many readings have another verdict in the published ledger of the run, and which.

    table   of `specification_table`
    """
    named = [one for one in read_ledgers(folder) if ledger_name(one) == run.name]
    if not named:
        return "The run has no published ledger to compare with."
    there = {
        (each.claim.number, name): verdict
        for each in named[0].verdicts
        for name, verdict in (("as declared", each.verdict), *each.readings)
    }
    apart = [
        f"claim {line.claim}, {line.reading}: {line.verdict.lower()} here, "
        f"{there[line.claim, line.reading].lower()} there"
        for line in table.itertuples()
        if there.get((line.claim, line.reading), line.verdict) != line.verdict
    ]
    which = f" ({'; '.join(apart)})" if apart else ""
    return f"{len(apart) or 'None'} of {len(table)} verdicts differ from the ledger's{which}."


def specification_figure(table: pd.DataFrame) -> Picture:
    """The deciding effect of every reading with its 95 % interval, a panel per claim.

    Readings of a claim that the same test decides share a line.

    table   of `specification_table`
    """
    panels = {number: drawn_lines(lines) for number, lines in table.groupby("claim")}
    heights = [lines["rows"].sum() for lines in panels.values()]
    fig, axes = plt.subplots(
        len(panels),
        1,
        figsize=(WIDTH, 1.2 + LINE * sum(heights) + 0.35 * len(panels)),
        sharex=True,
        squeeze=False,
        height_ratios=heights,
        layout="constrained",
    )
    for ax, (number, lines) in zip(axes[:, 0], panels.items(), strict=True):
        ax.axvline(0, color="0.7", lw=1)
        ends = lines["rows"].cumsum()
        places = ends - lines["rows"] / 2
        for place, (_, line) in zip(places, lines.iterrows(), strict=True):
            draw_reading(ax, place, line)
        ax.set(yticks=places, yticklabels=lines["label"], ylim=(ends.iloc[-1], 0))
        ax.set_title(f"claim {number}", loc="left")
    axes[-1, 0].set(xlabel="deciding effect (pp); above 0 supports the claim")
    handles = [
        plt.Line2D([], [], color=colour, marker=marker, ls="", label=verdict.lower())
        for verdict, (colour, marker) in VERDICT_LOOKS.items()
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=3)
    text = "Deciding effect of every reading of a claim, by claim and verdict."
    return Picture(fig, f"{text} {specification_sentence(table)}.")


def drawn_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines of one claim's panel: columns of `specification_table`, label, and rows of text."""
    deciding = [name for name in COLUMNS if name not in ("claim", "reading")]
    drawn = []
    for _, same in lines.groupby(deciding, sort=False, dropna=False):
        first = same.iloc[0]
        readings = [name.replace(", ", " + ") for name in same["reading"]]
        label = textwrap.wrap("; ".join(readings), WRAP)
        if first["verdict"] != NO_ROWS:
            label += [first["what"], f"({first['people']})"]
        drawn.append(
            first.to_dict() | {"label": with_symbols("\n".join(label)), "rows": len(label) + 1}
        )
    return pd.DataFrame(drawn)


def draw_reading(ax: Axes, place: float, line: pd.Series) -> None:
    """Draw a line of `drawn_lines`, or say that its rows are missing."""
    if line["verdict"] == NO_ROWS:
        ax.text(0, place, " no rows", color="0.55", va="center")
        return
    colour, marker = VERDICT_LOOKS[line["verdict"]]
    errors = [[error] for error in interval_errors(line)]
    ax.errorbar(line["change"], place, xerr=errors, fmt=marker, color=colour, ms=7)


def specification_sentence(table: pd.DataFrame) -> str:
    """How many readings of each claim have which verdict, the one as declared included."""
    if table.empty:
        return "these rows have no reading of these claims"
    texts = []
    for number, lines in table.groupby("claim"):
        counts = lines["verdict"].value_counts()
        counts = counts.rename({NO_ROWS: "without rows"})
        verdicts = ", ".join(f"{count} {name.lower()}" for name, count in counts.items())
        texts.append(f"claim {number} ({verdicts})")
    return ", ".join(texts)


def reading_counts(table: pd.DataFrame) -> pd.DataFrame:
    """How many readings of each claim have which verdict, as text: a line per claim.

    table   of `specification_table`; the reading as declared counts, too
    """
    says = {claim.number: f"{claim.number}. {claim.says}" for claim in CLAIMS}
    counts = pd.crosstab(table["claim"].map(says), table["verdict"])
    there = [verdict for verdict in (*VERDICT_LOOKS, NO_ROWS) if verdict in counts]
    texts = counts[there].astype(str).replace("0", "")
    texts = texts.rename(columns={NO_ROWS: "no rows"})
    return texts.reindex(table["claim"].map(says).unique()).rename_axis(index=None, columns=None)
