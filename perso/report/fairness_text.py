"""Texts about differences between people (chapter 14)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from perso.markup import as_text
from perso.report.tables import format_change

RATIO = ["ratio", "low", "high"]


def test_set_text(noise: pd.DataFrame) -> str:
    """Test images, digits and sampling noise of each person, a line each.

    noise   of `sampling_noise.binomial_noise`
    """
    points = 100 * noise[["by images", "by digits"]]
    return "\n".join(
        f"person {person}: {line['images']:.0f} test images of {line['digits']:.0f} digits: "
        f"{points.loc[person, 'by images']:.1f} and {points.loc[person, 'by digits']:.1f} points"
        for person, line in noise.iterrows()
    )


def dispersion_text(table: pd.DataFrame) -> pd.DataFrame:
    """`fairness.dispersion_against_base` as text; the change of the SD in percentage points.

    Without intervals where there are too few people for them.
    """
    ends = {"change low": "low", "change high": "high"}
    changes = table[["change", *ends]].rename(columns=ends)
    return pd.DataFrame(
        {
            "SD ratio [95 %]": [ratio_text(*line) for line in table[RATIO].to_numpy()],
            "p": table["p"].map("{:.3f}".format),
            "p (Holm)": table["holm"].map("{:.3f}".format),
            "change of between-person SD [95 %]": changes.apply(format_change, axis=1),
        },
        index=table.index,
    )


def ratio_text(ratio: float, low: float, high: float) -> str:
    """A ratio with its interval; without it where its ends are missing."""
    return f"{ratio:.2f}" if np.isnan(low) else f"{ratio:.2f} [{low:.2f}, {high:.2f}]"


def less_text(line: pd.Series) -> str:
    """Whether people differ less with a method than with the baseline, in a sentence.

    line   of `fairness.dispersion_against_base`
    """
    ratio, low, high = line[RATIO]
    if np.isnan(low):
        answer = "Whether people then differ less cannot be said for so few people"
    elif high < 1:
        answer = "People then differ less"
    elif low > 1:
        answer = "People then differ more"
    else:
        answer = "It is not shown that people then differ less, nor that they differ more"
    return (
        f"{answer}: the SD over people becomes {ratio_text(ratio, low, high)} times the baseline's."
    )


def worst_off_table(table: pd.DataFrame) -> pd.DataFrame:
    """Mean of all and of the worst tenth, and the worst-off person with the interval, in %.

    table   of `fairness.fairness_table`
    """
    columns = {
        "mean": "all",
        "worst decile": "worst tenth",
        "min": "worst person",
        "low": "from",
        "high": "to",
    }
    percent = (100 * table[list(columns)]).round(1).rename(columns=columns)
    return percent.assign(who=table["worst"])


def groups_sentence(groups: pd.Series) -> str:
    """How many individuals each group has and what is tested, or that there are no two groups.

    groups   person → group (`group_fairness.populations`)
    """
    counts = groups.value_counts()
    if len(counts) > 1:
        sizes = ", ".join(f"{n} {as_text(group)}" for group, n in counts.items())
        return (
            f"Individuals: {sizes}. *p* is by permutation of people between the groups. *change* "
            "is the gap minus *BaseLine*'s gap, and *p change* tests whether the groups gain "
            "different amounts. No p is corrected."
        )
    known = as_text(", ".join(counts.index)) or "not recorded"
    return (
        f"There are no two groups to compare: the population of these people is {known}. "
        "`-p dataset qmnist` has employees and students."
    )


def group_text(table: pd.DataFrame) -> pd.DataFrame:
    """`group_fairness.by_group` as text: accuracies and gaps in percentage points, p."""
    tests = ["p", "p change"]
    columns = [name for name in table if name not in tests]
    text = (100 * table[columns]).map("{:.1f}".format)
    for name in tests:
        text[name] = table[name].map("{:.3f}".format) if name in table else ""
    return text.replace("nan", "")


def accuracy_labels(people: Sequence[str], accuracies: pd.Series) -> list[str]:
    """Every person with their accuracy, as text.

    accuracies   by person, shares
    """
    return [f"person {person}: {100 * accuracies[person]:.0f} %" for person in people]
