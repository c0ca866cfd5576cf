"""Texts about differences between people (chapter 14)."""

from collections.abc import Sequence

import pandas as pd

from perso.markup import as_text


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


def fairness_answer(tables: dict[str, pd.DataFrame], methods: Sequence[str], base: str) -> str:
    """How much people differ with the base and with methods; the first method's effect on people.

    tables   `fairness.fairness_table` by part, with the between-person SD by digits
    """
    method, sds = methods[0], []
    own, before = tables["D_I"].loc[method], tables["D_I"].loc[base]
    for name in (base, *methods):
        sd, no_noise = 100 * tables["D_I"].loc[name, ["sd", "between-person SD (digits)"]]
        sds.append(f"{sd:.1f} ({no_noise:.1f}) with {name}")
    rise = 100 * (own["worst decile"] - before["worst decile"])
    mean = 100 * (own["mean"] - before["mean"])
    return (
        "On the individuals' own data, the SD over people in percentage points (in brackets, the "
        f"between-person SD with noise removed) is {', '.join(sds)}. {method} changes the mean of "
        f"the worst-off tenth by {rise:+.1f} points and the mean of all by {mean:+.1f}. It lowers "
        f"accuracy on the own data for {100 * own['harmed']:.0f} % of individuals; "
        f"{100 * tables['D_G'].loc[method, 'harmed']:.0f} % of its networks are less accurate on "
        "everybody else's."
    )


def dispersion_text(table: pd.DataFrame) -> pd.DataFrame:
    """`fairness.dispersion_against_base` as text; the change of the SD in percentage points."""
    ratios = [f"{line.ratio:.2f} [{line.low:.2f}, {line.high:.2f}]" for line in table.itertuples()]
    points = 100 * table[["change", "change low", "change high"]]
    changes = [f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]" for mean, low, high in points.to_numpy()]
    return pd.DataFrame(
        {
            "SD ratio [95 %]": ratios,
            "p": table["p"].map("{:.3f}".format),
            "p (Holm)": table["holm"].map("{:.3f}".format),
            "change of between-person SD [95 %]": changes,
        },
        index=table.index,
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
    """How many individuals each group has, in Markdown, or that there are no two groups to compare.

    groups   person → group (`group_fairness.populations`)
    """
    counts = groups.value_counts()
    if len(counts) > 1:
        return "individuals: " + ", ".join(f"{n} {as_text(group)}" for group, n in counts.items())
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
