"""The picture of the ledger: how many claims of each kind have which verdict."""

from collections.abc import Sequence

import matplotlib.pyplot as plt

from perso.claims.ledger import Ledger, deciding
from perso.report import ledger_text
from perso.report.looks import WIDTH, legend_below
from perso.report.picture import Picture

# as the badges of the table, and told apart by lightness, too
HUES = {
    "REPRODUCED": "#0b7a4b",
    "EQUIVALENT": "#7cc4a0",
    "CONTRADICTED": "#b5403a",
    "UNDECIDED": "#c9ccd1",
    "NOT RUN": "#ffffff",
}


def verdicts_figure(ledgers: Sequence[Ledger]) -> Picture:
    """A bar per kind of claim, divided by verdict; each claim at the largest scale that could."""
    counts = ledger_text.verdicts_by_kind(verdict for _, verdict in deciding(ledgers))
    counts = counts.loc[counts.any(axis=1)]
    kinds = counts.columns
    fig, ax = plt.subplots(figsize=(WIDTH, 1 + 0.38 * len(kinds)), layout="constrained")
    before = 0 * counts.iloc[0]
    for verdict, numbers in counts.iterrows():
        hue = HUES[verdict]
        bars = ax.barh(kinds, numbers, left=before, color=hue, edgecolor="0.4", label=verdict)
        dark = verdict in ("REPRODUCED", "CONTRADICTED")
        labels = [str(number) if number else "" for number in numbers]
        ax.bar_label(bars, labels, label_type="center", color="white" if dark else "black")
        before = before + numbers
    ax.invert_yaxis()
    ax.grid(visible=False)
    ax.set(xlabel="claims")
    legend_below(fig, ax, ncols=len(counts))
    words = ledger_text.counts_by_kind(verdict for _, verdict in deciding(ledgers))
    return Picture(fig, "; ".join(f"{kind}: {text}" for kind, text in words.items()) + ".")
