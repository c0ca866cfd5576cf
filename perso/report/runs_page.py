"""The first page of a book of several runs: who they are, and where their effects agree."""

from collections.abc import Mapping

import pandas as pd

from perso.analysis import comparison
from perso.analysis.runs import effects_in_runs, run_differences
from perso.data.sizes import shape_text
from perso.parts import PARTS
from perso.report import figures, looks
from perso.report.page import inline_svg, page_html, text_table
from perso.report.sentences import format_interval
from perso.report.tables import SIGNIFICANT, format_change, format_p, listed, signed_points
from perso.stats.cohorts import Mean
from perso.study.study import Study

HEADS = {"D_I": "own data (D_I)", "D_G": "everybody else's (D_G)"}
SHARED_PEOPLE = (
    "Runs of the same data set may share people or test samples. Their differences are then less "
    "certain than stated."
)


def runs_html(studies: Mapping[str, Study]) -> str:
    """Return the page that compares runs; their models must be trained."""
    rows = {name: study.rows() for name, study in studies.items()}
    effects = effects_in_runs(rows)
    differences = run_differences(effects)
    beyond = differences[differences["holm"] < SIGNIFICANT]
    looks.style()
    compared = comparison.compare_runs(rows)
    names = list(studies)
    return page_html(
        "runs.html.j2",
        title=f"Runs side by side: {listed(names)}",
        names=names,
        answer=agreement_lines(effects, len(names)),
        differ=differ_sentence(differences),
        who=text_table(who_table(studies, rows), "The runs", "what"),
        picture=inline_svg(figures.runs_figure(compared)),
        effects={
            part: text_table(
                effects_by_run(effects, part, names),
                f"Change on {HEADS[part]} in percentage points, with its 95 % interval",
                "method",
            )
            for part in PARTS
        },
        differences=text_table(beyond_noise_text(beyond), "Differences beyond noise", "method"),
        any_beyond=len(beyond) > 0,
        same_data=shared_sentence(studies),
    )


def who_table(studies: Mapping[str, Study], rows: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The people, data and size of each run as text: a column per run."""
    lines = {}
    for name, study in studies.items():
        data, s = study.data, study.settings
        test = [len(data.splits.test[person]) for person in data.splits.individuals]
        cohorts = rows[name]["fold"].nunique()
        lines[name] = {
            "data": data.source.source,
            "people": f"{rows[name]['person'].nunique():,}",
            "sets of other people": f"{cohorts}",
            "classes": f"{data.classes}",
            "test samples of a person": f"{min(test)} to {max(test)}",
            "size of a sample": shape_text(data.kind, data.shape),
            "network": f"{s.architecture}, width {s.width:g}",
            "epochs": f"{s.epochs}",
            "models": f"{len(rows[name]):,}",
        }
    return pd.DataFrame(lines)


def sign_of(effect: Mean) -> int:
    """1 or -1 where the 95 % interval of an effect is above or below 0, else 0."""
    return int(effect.low > 0) - int(effect.high < 0)


def agreement_lines(effects: Mapping[tuple[str, str], Mapping[str, Mean]], runs: int) -> list[str]:
    """Return which effects are shown in all runs, and which have opposite signs; a sentence each.

    effects   of `effects_in_runs`
    """
    sentences = []
    for part, head in HEADS.items():
        signs = {
            method: [sign_of(effect) for effect in of_runs.values()]
            for (of, method), of_runs in effects.items()
            if of == part and len(of_runs) == runs
        }
        words = {
            f"raise accuracy on {head} in every run": lambda s: all(x > 0 for x in s),
            f"lower accuracy on {head} in every run": lambda s: all(x < 0 for x in s),
            f"raise accuracy on {head} in one run and lower it in another": lambda s: (
                max(s) > 0 > min(s)
            ),
        }
        for outcome, holds in words.items():
            if found := [method for method, s in signs.items() if holds(s)]:
                sentences.append(
                    f"{len(found)} of {len(signs)} methods {outcome}: {listed(found)}."
                )
        shown = [method for method, s in signs.items() if any(s)]
        if not shown:
            sentences.append(f"No effect on {head} is shown in any run.")
    return sentences


def differ_sentence(differences: pd.DataFrame) -> str:
    """Return how many effects differ between runs beyond noise."""
    tested = differences["p"].notna().sum()
    if not tested:
        return "No two effects can be compared: there are too few people."
    beyond = (differences["holm"] < SIGNIFICANT).sum()
    return (
        f"{beyond} of {tested} differences between the effects of two runs are beyond noise "
        f"(p below {SIGNIFICANT:g} after Holm's correction for all of them)."
    )


def effects_by_run(
    effects: Mapping[tuple[str, str], Mapping[str, Mean]], part: str, names: list[str]
) -> pd.DataFrame:
    """The effects on one part as text: a line per method, a column per run."""
    lines = {
        # a run that does not have the method has an empty cell
        method: {name: format_interval(of_runs[name]) for name in names if name in of_runs}
        for (of, method), of_runs in effects.items()
        if of == part
    }
    return pd.DataFrame.from_dict(lines, orient="index").reindex(columns=names).fillna("")


def beyond_noise_text(beyond: pd.DataFrame) -> pd.DataFrame:
    """Differences between runs as text, the most certain first: a line per method.

    beyond   lines of `run_differences`
    """
    lines = beyond.sort_values("holm")
    intervals = lines.rename(columns={"difference": "change"})[["change", "low", "high"]]
    return pd.DataFrame(
        {
            "on": lines["part"].map(HEADS),
            "runs": lines["one"] + " − " + lines["other"],
            "in the first": lines["in one"].map(signed_points),
            "in the second": lines["in other"].map(signed_points),
            "difference in pp [95 %]": [format_change(line) for _, line in intervals.iterrows()],
            "p (Holm)": lines["holm"].map(format_p),
        }
    ).set_axis(lines["method"], axis=0)


def shared_sentence(studies: Mapping[str, Study]) -> str:
    """Return a warning where two runs are of one data set; else an empty text."""
    sources = [study.data.source.source for study in studies.values()]
    return SHARED_PEOPLE if len(set(sources)) < len(sources) else ""
