"""The readings of a claim: each with its verdict and the effect of its deciding test."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import pandas as pd

from perso.claims.claim import Claim
from perso.claims.evidence import Evidence
from perso.claims.ledger import Verdict, groups_of, verdict_of_tests
from perso.claims.registry import CLAIMS
from perso.report.figures import WIDTH, interval_errors, label_lines
from perso.report.ledger_text import deciding_finding
from perso.report.picture import Picture
from perso.store.published import Published

CURVE_CLAIMS = (3, 4, 5, 7)  # whose readings are drawn
VERDICT_LOOKS = {
    "REPRODUCED": ("#0072b2", "o"),
    "CONTRADICTED": ("#d55e00", "X"),
    "UNDECIDED": ("0.5", "s"),
}
COLUMNS = ["claim", "reading", "verdict", "what", "change", "low", "high"]


class RowsEvidence(Evidence):
    """Evidence from the rows of one published run alone, for tests of paired methods."""

    def __init__(self, run: Published):
        settings = run.provenance["settings"]
        facts = SimpleNamespace(**settings)
        super().__init__(SimpleNamespace(settings=facts, asked=facts))
        self.tables = {settings["rows_of"]: run.rows}

    def rows(self, of: str) -> pd.DataFrame:
        """The rows of a run; without any where it is another one."""
        return self.tables.get(of, pd.DataFrame(columns=["method"]))


def specification_table(run: Published, numbers: tuple[int, ...] = CURVE_CLAIMS) -> pd.DataFrame:
    """A line per claim and reading whose rows are there, sorted by the effect of its deciding test.

    change, low, high   of the deciding test in percentage points; above 0 supports the claim
    """
    evidence = RowsEvidence(run)
    found = [
        line for claim in CLAIMS if claim.number in numbers for line in readings_of(claim, evidence)
    ]
    return pd.DataFrame(found, columns=COLUMNS).sort_values(["claim", "change"], ignore_index=True)


def readings_of(claim: Claim, evidence: Evidence) -> list[tuple]:
    """The lines of one claim, see `specification_table`."""
    lines = []
    for reading in (None, *claim.readings):
        reached, findings, *_ = verdict_of_tests(claim, evidence, groups_of(claim, reading))
        if reached == "NOT RUN":
            continue
        test = deciding_finding(Verdict(claim, reached, findings))
        name = reading.name if reading else "as declared"
        lines.append((claim.number, name, reached, test.what, test.value, test.low, test.high))
    return lines


def specification_figure(table: pd.DataFrame) -> Picture:
    """The deciding effect of every reading with its 95 % interval, a panel per claim.

    table   of `specification_table`
    """
    panels = list(table.groupby("claim"))
    heights = [len(lines) for _, lines in panels]
    fig, axes = plt.subplots(
        len(panels),
        1,
        figsize=(WIDTH, 1.2 + 0.46 * sum(heights) + 0.35 * len(panels)),
        sharex=True,
        squeeze=False,
        height_ratios=heights,
        layout="constrained",
    )
    for ax, (number, lines) in zip(axes[:, 0], panels, strict=True):
        ax.axvline(0, color="0.7", lw=1)
        for place, (_, line) in enumerate(lines.iterrows()):
            colour, marker = VERDICT_LOOKS[line["verdict"]]
            errors = [[error] for error in interval_errors(line)]
            ax.errorbar(line["change"], place, xerr=errors, fmt=marker, color=colour, ms=7)
        label_lines(ax, [f"{line.reading}:\n{line.what}" for line in lines.itertuples()])
        ax.set_title(f"claim {number}", loc="left")
    axes[-1, 0].set(xlabel="deciding effect (pp); above 0 supports the claim")
    handles = [
        plt.Line2D([], [], color=colour, marker=marker, ls="", label=verdict.lower())
        for verdict, (colour, marker) in VERDICT_LOOKS.items()
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=3)
    text = "Deciding effect of every reading of a claim, by claim and verdict."
    return Picture(fig, f"{text} {specification_sentence(table)}.")


def specification_sentence(table: pd.DataFrame) -> str:
    """How many readings of each claim have which verdict."""
    if table.empty:
        return "these rows have no reading of these claims"
    texts = []
    for number, lines in table.groupby("claim"):
        counts = lines["verdict"].value_counts()
        verdicts = ", ".join(f"{count} {name.lower()}" for name, count in counts.items())
        texts.append(f"claim {number}: {verdicts}")
    return "; ".join(texts)
