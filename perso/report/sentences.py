"""Sentences and small tables about results, in the order of the chapters' subjects.

One method · two methods · the cohort and other runs · data grouping · doses of early shaping ·
late iterations · trends and generic networks · cost.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown

from perso.analysis import accuracy, comparison
from perso.data.dataset import StudyData, part_sizes
from perso.methods.method import (
    FAMILIES,
    SHAPING,
    Method,
    early_shaping,
    longer_baseline,
    with_more_epochs,
)
from perso.methods.registry import DOSES, METHODS
from perso.parts import D_G, PARTS
from perso.report import tables
from perso.report.tables import format_change
from perso.stats import paired
from perso.stats.mixed import mixed_model
from perso.store.published import Published

# --- one method


def change_sentence(table: pd.DataFrame, method: str) -> str:
    """What a method changed on D_I and on D_G, with 95 % intervals.

    table   of `comparison.compare`
    """
    changes = []
    for name, part in PARTS.items():
        mean, low, high = 100 * table.loc[method, name][["change", "low", "high"]]
        verb = "does not significantly change"
        if low > 0:
            verb = "raises"
        elif high < 0:
            verb = "lowers"
        interval = "no interval" if np.isnan(low) else f"95 % interval {low:+.1f} to {high:+.1f}"
        changes.append(f"{verb} accuracy on {part.phrase} ({mean:+.1f} points, {interval})")
    on_I, on_G = changes
    return f"{method} {on_I} and {on_G}"


def level_sentence(table: pd.DataFrame, method: str) -> str:
    """A method's accuracy on D_I and on D_G, and its spread over people.

    table   of `comparison.compare`
    """
    levels = []
    for name, part in PARTS.items():
        mean, sd, low, high = 100 * table.loc[method, name][["mean", "sd", "min", "max"]]
        spread = f"sd over people {sd:.1f}, range {low:.1f} to {high:.1f}"
        levels.append(f"{mean:.1f} % on {part.phrase} ({spread})")
    on_I, on_G = levels
    return f"{method} reaches {on_I} and {on_G}."


def best_sentence(table: pd.DataFrame, methods: Iterable[Method] = METHODS) -> str:
    """The shaping methods with the highest accuracy on D_I and on D_G, and the best control on D_G.

    Families that a user added have a sentence each. Data grouping is left out: most of its training
    data are other people's, and chapters/07-grouping is about it.

    table   of `comparison.compare`
    """
    present = [method for method in methods if method.name in table.index]
    shaping = [method.name for method in present if comparison.is_shaping(method)]
    controls = [method.name for method in present if method.family == "control"]

    def best(names: list[str], part: str) -> str:
        name = table.loc[names, (part, "mean")].idxmax()
        on_I, on_G = (format_change(table.loc[name, each]) for each in PARTS)
        return f"on {PARTS[part].phrase}, {name} ({on_I} points on D_I, {on_G} on D_G)"

    sentences = [
        "Best of the shaping methods, with changes from the baseline: "
        f"{best(shaping, 'D_I')}; {best(shaping, 'D_G')}."
    ]
    known = ("baseline", "control", "data grouping", *SHAPING)
    for family in dict.fromkeys(method.family for method in present if method.family not in known):
        members = [method.name for method in present if method.family == family]
        sentences.append(f"Best of {family}: {best(members, 'D_I')}; {best(members, 'D_G')}.")
    if controls:
        sentences.append(f"Best of the controls {best(controls, 'D_G')}.")
    return " ".join(sentences)


# --- two methods


def format_interval(change: paired.PairedChange) -> str:
    """A change in percentage points with its interval, as text."""
    return format_change(pd.Series({"change": change.mean, "low": change.low, "high": change.high}))


def difference_sentence(rows: pd.DataFrame, method: str, other: str) -> str:
    """One method minus another on D_I and on D_G, with 95 % intervals."""
    changes = comparison.change_by_part(rows, method, other)
    on_I, on_G = (f"{format_interval(change)} points on {part}" for part, change in changes.items())
    return f"{method} minus {other}: {on_I}, {on_G}"


def equivalence_sentence(rows: pd.DataFrame, method: str, other: str) -> str:
    """Whether two methods are equivalent (TOST) on D_I and on D_G, within `parts.Part.margin`."""
    results = []
    for part, differences in comparison.paired_differences(rows, method, other).items():
        found = paired.tost(differences, PARTS[part].margin)
        mean, low, high = 100 * found.mean, 100 * found.low, 100 * found.high
        result = "not shown to be equivalent within"
        if found.equivalent:
            result = "equivalent within"
        elif found.low > found.margin or found.high < -found.margin:
            result = "further apart than"
        interval = "no interval" if np.isnan(low) else f"90 % interval {low:+.2f} to {high:+.2f}"
        margin = f"±{100 * found.margin:g} points on {part}"
        results.append(f"{result} {margin} ({mean:+.2f}, {interval})")
    on_I, on_G = results
    return f"{method} and {other} are {on_I} and {on_G}"


def difference_list(
    rows: pd.DataFrame, pairs: Iterable[tuple[str, str]], say: Callable = difference_sentence
) -> Markdown:
    """A list with a sentence for every pair of methods; a pair that was not run is named as such.

    say   rows and two names → a sentence: `difference_sentence` or `equivalence_sentence`
    """
    present = set(rows["method"])
    lines = []
    for method, other in pairs:
        missing = [name for name in (method, other) if name not in present]
        if missing:
            why = f"this run has no {' and no '.join(missing)}"
            lines.append(f"- {method} minus {other}: not known, {why}")
        else:
            lines.append(f"- {say(rows, method, other)}")
    return Markdown("\n".join(lines))


# --- the cohort, and several runs


def people_sentence(data: StudyData) -> str:
    """How many individuals there are, and with how much data each network is trained."""
    sizes = part_sizes(data)
    samples, own, others = sizes[["samples", "D_I train", "D_G train"]].mean()
    return (
        f"{len(sizes)} individuals with {samples:.0f} samples each on average. "
        f"A network may learn from {own:.0f} images of its person and {others:,.0f} of others."
    )


def scale_sentence(runs: Sequence[Published], table: pd.DataFrame) -> str:
    """Whether the published run of most people and the book's own run agree on signs.

    runs    the book's own first (`published.runs_beside`)
    table   of `comparison.compare_runs`
    """
    own, *others = runs
    people = {run.name: run.provenance["people"] for run in runs}
    if not others:
        return (
            "Not known yet: no published run can be compared with this book's own "
            f"of {people[own.name]} people."
        )
    largest = max(others, key=lambda run: people[run.name])
    one, other = (f"{run.name} ({people[run.name]} people)" for run in (largest, own))
    text = (
        f"Of the changes whose 95 % interval excludes 0 in {one}, "
        f"{agreed_signs(table, largest.name, own.name)} have the same sign in {other}; "
        f"the other way round {agreed_signs(table, own.name, largest.name)}."
    )
    if people[largest.name] > people[own.name]:
        return text
    return f"Not known yet: no published run has more people than this book's own. {text}"


def agreed_signs(table: pd.DataFrame, one: str, other: str) -> str:
    """How many of one run's significant changes have the same sign in the other.

    table   of `comparison.compare_runs`
    """
    return " and ".join(
        f"{same.sum()} of {len(same)} on {part}"
        for part, same in comparison.sign_agreement(table, one, other).items()
    )


def agreement_list(runs: Sequence[Published], table: pd.DataFrame) -> Markdown:
    """Pairs of runs: how many of one's significant changes have the same sign in the other.

    The book's own run is compared with every other run in both directions, every run with v3.

    runs    the book's own first (`published.runs_beside`)
    table   of `comparison.compare_runs`
    """
    own, *others = (run.name for run in runs)
    pairs = [pair for name in others for pair in ((name, own), (own, name))]
    pairs += [(run, "v3") for run in (own, *others)]
    lines = []
    for one, other in pairs:
        opposite = [
            f"{name} on {part}"
            for part, same in comparison.sign_agreement(table, one, other).items()
            for name in same.index[~same]
        ]
        agreed = agreed_signs(table, one, other)
        line = f"- significant in **{one}**, the same sign in **{other}**: {agreed}"
        lines.append(f"{line}; not {', '.join(opposite)}" if opposite else line)
    return Markdown("\n".join(lines))


# --- data grouping and similarity


def similarity_sentence(ours: pd.Series, raw: pd.Series, latent: int) -> str:
    """How well codes of `latent` numbers keep class and person, compared with raw pixels.

    ours, raw   lines of `similarity.compare_spaces`
    """
    return (
        f"In codes of {latent} numbers, the nearest other image is by the same person "
        f"{ours['× chance']:.1f} times as often as by chance, and shows the same class in "
        f"{ours['class']:.0%} of cases; in raw pixels {raw['× chance']:.1f} times as often, and in "
        f"{raw['class']:.0%}. Within classes, {100 * ours['R²']:.0f} % of the variation of codes "
        f"is between people (PERMANOVA, p = {ours['p']:.3f})."
    )


def gain_sentence(table: pd.DataFrame) -> Markdown:
    """What a method adds on some classes and on the others, in percentage points.

    table   of `similarity.gain_on_classes`
    """
    these = paired.paired_change(table["these"])
    others = paired.paired_change(table["others"])
    difference = paired.paired_change(table["these"] - table["others"])
    return Markdown(
        f"{format_interval(these)} points on these classes, {format_interval(others)} on the "
        f"others; the difference is {format_interval(difference)}."
    )


def nearness_sentence(table: pd.DataFrame) -> str:
    """For how many people the nearest training samples are in D_G and not in their own D_I.

    table   of `similarity.nearest_distances`
    """
    whole = (table["D_G"] < table["own"]).sum()
    as_few = (table["as few"] < table["own"]).sum()
    return (
        f"For {whole} of {len(table)} people, D_G holds nearer samples than their own D_I; "
        f"when D_G is cut to the size of D_I, for {as_few}."
    )


# --- doses of early shaping


def dose_sentence(rows: pd.DataFrame) -> str:
    """Whether the largest dose of own data harms D_G, also after three times the epochs.

    It is compared with as many iterations on general data: both train equally long, so what differs
    is whose data it is (claims 17, 25).
    """
    present = set(rows["method"])
    dose = max(
        method.early
        for method in DOSES
        if method.individual_data == "own" and method.epochs_factor == 1 and method.name in present
    )
    own, general = early_shaping(dose), longer_baseline(dose)
    results, numbers = [], []
    for when, one, other in (
        ("after the usual epochs", own, general),
        ("after three times as many", with_more_epochs(own, 3), with_more_epochs(general, 3)),
    ):
        differences = comparison.paired_differences(rows, one.name, other.name)["D_G"]
        results.append(f"{harm(differences)} {when}")
        numbers.append(f"{format_interval(paired.paired_change(differences))} points {when}")
    return (
        f"{', '.join(results)}. {dose:,} iterations of early shaping on the person's own data, "
        "compared with as many on general data, change accuracy on D_G by "
        f"{' and by '.join(numbers)}."
    )


def harm(differences: pd.Series) -> str:
    """What paired differences on D_G show: harm | gain | no difference (TOST) | undecided."""
    change = paired.paired_change(differences)
    if change.high < 0:
        return "harm"
    if change.low > 0:
        return "gain"
    if paired.tost(differences, D_G.margin).equivalent:
        return "no difference"
    return "undecided"


def dose_table(table: pd.DataFrame) -> pd.DataFrame:
    """Changes in percentage points: a line per dose and owner, a column per part and length.

    table   of `comparison.dose_effects`
    """
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for part in PARTS:
        for _, line in table.sort_values(("", "rounds"), kind="stable").iterrows():
            column = part, f"{line['', 'rounds']} × epochs"
            dose = f"{line['', 'dose']} on {line['', 'whose']} data"
            cells.setdefault(column, {})[dose] = format_change(line[part])
    return pd.DataFrame(cells).fillna("")


# --- late iterations


def late_methods(table: pd.DataFrame) -> list[Method]:
    """Methods of transfer learning that have a line in a table."""
    return [
        method
        for method in METHODS
        if method.late and method.family == "transfer learning" and method.name in table.index
    ]


def late_table(table: pd.DataFrame) -> pd.DataFrame:
    """Changes by transfer learning in percentage points: optimiser and rate × part and iterations.

    table   of `comparison.compare`
    """
    lines: dict[str, dict[tuple[str, int], str]] = {}
    for method in late_methods(table):
        optimiser = method.late_optimiser or "as the study"
        cells = lines.setdefault(f"{optimiser}, {method.late_rate:g}", {})
        for part in PARTS:
            cells[part, method.late] = format_change(table.loc[method.name, part])
    lengths = sorted({late for cells in lines.values() for _, late in cells})
    columns = pd.MultiIndex.from_product([list(PARTS), lengths])
    return pd.DataFrame.from_dict(lines, orient="index").reindex(columns=columns).fillna("")


def late_sentence(table: pd.DataFrame) -> str:
    """How many settings of transfer learning harm D_G, for how many a loss is excluded, the best.

    table   of `comparison.compare`, with the generic network (TL-n-0) as the base
    """
    names = [method.name for method in late_methods(table)]
    on_G = table.loc[names, "D_G"]
    harmed = on_G.index[on_G["high"] < 0]
    safe = on_G.index[on_G["low"] > -D_G.margin]
    sentences = [
        f"For {len(harmed)} of {len(names)} settings of transfer learning "
        "(optimiser, rate, length), accuracy on D_G is significantly lower "
        "than that of the generic network they start from; "
        f"for {len(safe)}, a loss of more than {100 * D_G.margin:g} points is excluded."
    ]
    if len(safe):
        if len(harmed):
            sentences.append("So v1's harm and v3's absence of harm both occur.")
        best = table.loc[safe, ("D_I", "change")].idxmax()
        change_I, change_G = (format_change(table.loc[best, part]) for part in PARTS)
        sentences.append(
            f"Of those without such a loss, {best} helps the individual most "
            f"({change_I} points on D_I, {change_G} on D_G)."
        )
    return " ".join(sentences)


# --- trends, and generic networks as a source of variation


def trend_list(rows: pd.DataFrame, courses: Iterable[Sequence[str]]) -> Markdown:
    """Whether accuracy rises on D_I and falls on D_G along sequences of methods (Page's test)."""
    lines = []
    for names in courses:
        wide = {part: people[list(names)] for part, people in accuracy.by_part(rows).items()}
        rise = paired.page_trend(wide["D_I"].dropna())
        fall = paired.page_trend(-wide["D_G"].dropna())
        lines.append(
            f"- {', '.join(names)}: rise on D_I p = {rise:.2g}, fall on D_G p = {fall:.2g} "
            "(Page's test)"
        )
    return Markdown("\n".join(lines))


def generic_models(rows: pd.DataFrame, methods: Iterable[str], base: str) -> pd.DataFrame:
    """Methods minus a base: intervals over people only, and over people and generic networks.

    All people of a fold and repeat start transfer learning from the same generic network.
    Changes and standard deviations are in percentage points.
    """
    lines = {}
    for method in methods:
        for name, part in PARTS.items():
            wide = rows.pivot(
                index=["person", "fold", "repeat"], columns="method", values=part.accuracy
            ).reset_index()
            differences = 100 * (wide[method] - wide[base])
            generic = wide["fold"].astype(str) + " " + wide["repeat"].astype(str)
            model = mixed_model(differences, {"person": wide["person"], "generic model": generic})
            mean = model.effects.loc["mean"]
            with_generic = pd.Series(
                {"change": mean["mean"], "low": mean["low"], "high": mean["high"]}
            )
            people_only = comparison.change_by_part(rows, method, base)[name]
            sd = model.sd["generic model"]
            lines[f"{method} − {base}, {name}"] = {
                "people only": format_interval(people_only),
                "people and generic networks": format_change(with_generic / 100),
                "sd of people": model.sd["person"],
                "sd of generic networks": sd,
                "share of one repeat's sd": sd / differences.groupby(wide["repeat"]).std().mean(),
            }
    return pd.DataFrame.from_dict(lines, orient="index")


# --- cost


def cost_sentence(table: pd.DataFrame) -> str:
    """r_train of every family, and from how many people on transfer learning costs no more.

    table   of `cost.training_cost`
    """
    members = {
        family: [m.name for m in METHODS if m.family == family and m.name in table.index]
        for family in FAMILIES
        if family not in ("baseline", "control")
    }
    shares = []
    for family, names in members.items():
        if names:
            r_train = table.loc[names, "r_train"]
            ends = dict.fromkeys(f"{end:.2f}" for end in (r_train.min(), r_train.max()))
            shares.append(f"{family} {' to '.join(ends)}")
    break_even = table.loc[members["transfer learning"], "break-even"].replace(np.inf, np.nan)
    since = f", from {break_even.max():,.0f} people on" if break_even.count() else ""
    return (
        f"Training for one person only, as a share of the baseline's: {', '.join(shares)}. "
        f"With what all people share included, {break_even.count()} of {len(break_even)} settings "
        f"of transfer learning cost no more than a training for each person{since}."
    )


# --- fairness (chapter 14)

SIGNIFICANT = 0.05  # p below it is called clear


def test_set_text(noise: pd.DataFrame) -> str:
    """Test images, digits and sampling noise of each person, a line each.

    noise   of `fairness.binomial_noise`
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
    """How many individuals each group has, or that there are no two groups to compare.

    groups   person → group (`fairness.populations`)
    """
    counts = groups.value_counts()
    if len(counts) > 1:
        return "individuals: " + ", ".join(f"{n} {group}" for group, n in counts.items())
    known = ", ".join(counts.index) or "not recorded"
    return (
        f"There are no two groups to compare: the population of these people is {known}. "
        "`-p dataset qmnist` has employees and students."
    )


def group_text(table: pd.DataFrame) -> pd.DataFrame:
    """`fairness.by_group` as text: accuracies and gaps in percentage points, p."""
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


# --- where it helps (chapter 15)


def class_share_text(line: pd.Series) -> str:
    """The share of the gains' variation within people that differs by class, and its p.

    line   of `gains.class_shares`
    """
    if np.isnan(line["p"]):
        return "not known, too few people have every class"
    return (
        f"{100 * line['share']:.0f} % of it, where {100 * line['expected']:.0f} % is expected if "
        f"classes do not differ (p = {line['p']:.2g})"
    )


def class_answer(table: pd.DataFrame) -> str:
    """Whether gains clearly differ between classes, by method (`gains.class_shares`)."""
    verdicts = []
    for method, p in table["p"].items():
        verdict = "clear" if p < SIGNIFICANT else "not clear"
        verdicts.append(f"{verdict} with {method}" + ("" if np.isnan(p) else f" (p = {p:.2g})"))
    return f"A difference of gains between classes is {' and '.join(verdicts)}."


def class_gain_table(by_class: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """`gains.by_class` of several methods as text: classes down, a block of columns per method."""
    blocks = {}
    for name, table in by_class.items():
        cells = {
            "change in pp [95 %]": table.apply(tables.format_change, axis=1),
            "errors removed (%)": (100 * table["removed"]).map("{:.0f}".format),
            "p (Holm)": table["holm"].map("{:.2g}".format),
        }
        blocks[name] = pd.DataFrame(cells)
    first = next(iter(by_class.values()))
    people = {
        "people": first["n"].astype(str),
        "BaseLine (%)": (100 * first["base"]).map("{:.1f}".format),
    }
    return pd.concat({"": pd.DataFrame(people), **blocks}, axis=1).replace("nan", "")


def class_gain_sentence(method: str, table: pd.DataFrame) -> str:
    """On which classes a method gains most and least, and on how many the gain is clear.

    table   of `gains.by_class`, classes alone
    """
    most, least = table["change"].idxmax(), table["change"].idxmin()
    clear = (table["holm"] < SIGNIFICANT).sum()
    return (
        f"{method} gains most on class {most} ({tables.format_change(table.loc[most])}) and least "
        f"on {least} ({tables.format_change(table.loc[least])}). Its gain is clear after Holm's "
        f"correction on {clear} of {len(table)} classes."
    )


def people_gain_sentence(
    by_size: dict[str, pd.DataFrame], sizes: pd.Series, too_similar: bool
) -> str:
    """How many people gain on their own data, the range of gains, and of training sizes.

    by_size             `gains.by_size` by method
    sizes, too_similar  `gains.training_sizes` and `gains.sizes_too_similar`
    """
    counts = []
    for name, table in by_size.items():
        gain = 100 * table["gain"]
        counts.append(
            f"{(gain > 0).sum()} of {len(gain)} with {name} "
            f"({gain.min():+.1f} to {gain.max():+.1f} points)"
        )
    rest = ", too similar to estimate the effect of more data" if too_similar else ""
    return (
        f"People who gain on their own data: {', '.join(counts)}. "
        f"They have {sizes.min()} to {sizes.max()} training images{rest}."
    )


def size_slope_sentence(slopes: dict[str, dict[str, float]], too_similar: bool) -> str:
    """Rank correlation of gain and training size, and the gain for 100 images more.

    slopes   `gains.slope` by method; the second number is left out where sizes are too similar
    """
    texts = []
    for name, found in slopes.items():
        interval = "" if np.isnan(found["low"]) else f" [{found['low']:+.2f}, {found['high']:+.2f}]"
        rho = "not known" if np.isnan(found["rho"]) else f"{found['rho']:+.2f}{interval}"
        text = f"{name} {rho}"
        if not (too_similar or np.isnan(found["per_100"])):
            per_100 = [found[key] for key in ("per_100", "per_low", "per_high")]
            change = pd.Series(per_100, ["change", "low", "high"])
            text += f", {tables.format_change(change)} points for 100 images more"
        texts.append(text)
    return f"Spearman's rho of gain and training size: {'; '.join(texts)}."


def front_sentence(table: pd.DataFrame, alone: float) -> str:
    """How many methods are on the front of the means, and which has the largest sum, as a clause.

    table   of `tradeoff.front_membership`
    alone   of `tradeoff.alone_share`
    """
    return (
        f"{table['member'].sum()} of {len(table)} methods are on the front of the means, one alone "
        f"in {100 * alone:.0f} % of draws; {table['best'].idxmax()} has the largest sum with "
        f"probability {table['best'].max():.2f}"
    )


def price_sentence(table: pd.DataFrame) -> str:
    """Which method is best at a price of 1 (`tradeoff.front_membership`)."""
    return (
        f"If a point on D_G is worth as much as one on D_I, {table['best'].idxmax()} is best of "
        f"all rows with probability {table['best'].max():.2f}."
    )


def front_table(fronts: dict[str, pd.DataFrame], changes: str) -> pd.DataFrame:
    """`tradeoff.front_membership` of several sets of methods as text, a block of columns per set.

    changes   the set whose changes to the baseline stand first
    """
    points = 100 * fronts[changes][["D_I", "D_G"]]
    blocks = {"change (pp)": points.map("{:+.1f}".format)}
    for name, table in fronts.items():
        low, high = (table[end].map("{:.2g}".format) for end in ("from", "to"))
        prices = low + " to " + high.replace("inf", "∞")
        cells = {
            "on the front": table["probability"].map("{:.2f}".format),
            "largest sum": table["best"].map("{:.2f}".format),
            "best at prices": prices.where(table["from"].notna(), ""),
        }
        blocks[name] = pd.DataFrame(cells)
    return pd.concat(blocks, axis=1).fillna("").rename_axis(None)


def kinds_sentence(kinds: pd.DataFrame, missing: Sequence[str]) -> str:
    """Which family most probably has the best method in each run, and sample weighing's probability.

    kinds     of `tradeoff.by_kind`
    missing   runs whose models are neither trained nor published
    """
    best = [f"{family.idxmax()} {run} ({family.max():.2f})" for run, family in kinds.items()]
    weighing = ", ".join(f"{p:.2f}" for p in kinds.loc["sample weighing"])
    text = (
        f"Among the families that v1 compares, most probably best: {'; '.join(best)}. "
        f"Sample weighing has {weighing}."
    )
    return f"{text} Not known here: {', '.join(missing)}." if missing else text


# --- cost (chapter 16)


def schedule_cost_texts(table: pd.DataFrame) -> dict[str, str]:
    """r_train by v1's schedules beside what v1 printed, by the name of the text.

    table   of `cost.cost_by_schedule`
    """
    late = table.loc[["TL-n-20 (1e-2)", "TL-n-200 (1e-2)"], "r_train"]
    long, weighing = table.loc["ES-n-5000"], table.loc["SW-n-2"]
    return {
        "cost_late": " and ".join(late.map("{:.3f}".format)),
        "cost_long": f"{long['r_train']:.2f} times the baseline's, where v1 printed "
        f"{long['v1 factors']:.1f}",
        "cost_weighed": f"{weighing['r_train']:.0f} exactly; v1's {weighing['v1 factors']:.2f} "
        "differs because it is measured time",
    }


def late_share_sentence(table: pd.DataFrame) -> str:
    """Smallest and largest r_train of transfer learning at v3's size (`cost.cost_by_schedule`)."""
    ends = f"{table['r_train'].min():.3f} to {table['r_train'].max():.3f}"
    return f"At v3's own size transfer learning's share is {ends}."


def measured_cost_texts(
    table: pd.DataFrame, search: float, setups: int, hours: float
) -> dict[str, str]:
    """How the models' seconds were measured and how much they scatter, by the name of the text.

    table    of `cost.training_cost`
    search   of `cost.encoder_iterations`
    setups   of `cost.training_setups`
    hours    of `cost.training_hours`
    """
    ms = table["ms an iteration"]
    return {
        "cost_sharing": f"{table.attrs['people']:g}",
        "cost_search": f"{search:.2g}",
        "cost_kinds": "in one way" if setups == 1 else f"in {setups} ways",
        "cost_hours": f"{hours:.1f} h" if hours > 2 else f"{60 * hours:.0f} min",
        "cost_scatter": f"{ms.min():.3g} to {ms.max():.3g} ms, a factor of "
        f"{ms.max() / ms.min():.1f}",
    }


def network_cost_sentence(weights: float, flop: float, methods: int) -> str:
    """Bytes to keep per person and arithmetic per image, the same for all methods.

    weights, flop   bytes of a network; floating-point operations for an image
    """
    return (
        f"The network is the same in all {methods} rows: {weights / 1000:,.0f} kB to keep for each "
        f"person and {flop / 1e6:.2g} MFLOP for an image. Storage and inference do not depend on "
        "the method."
    )
