"""Whether tests and intervals keep their word: what benchmarks/calibration.py counted into results/calibration.json."""

import pandas as pd

KIND_NAMES = {"rejects": "rejections of what is true", "covers": "intervals that hold the truth"}
VERBS = {
    "rejects": "rejects what is true",
    "at most": "rejects what is true",
    "covers": "holds the truth",
    "finds": "finds it",
}
UNCOUNTED = "Not counted yet; python benchmarks/calibration.py does it."


def entries(record: dict, what: str | None = None) -> pd.DataFrame:
    """A line per entry, or per entry of one test, with `judge_share`: kept | cautious | too often | too seldom.

    cautious   it rejects more rarely, or covers more often, than it says: it errs on the safe side
    more       it finds more than it says
    """
    table = pd.DataFrame([entry for entry in record["entries"] if what in (None, entry["what"])])
    return table.assign(
        says=[
            judge_share(*each)
            for each in table[["kind", "share", "wanted"]].itertuples(index=False)
        ]
    )


def judge_share(kind: str, share: float, wanted: list[float]) -> str:
    """Whether a share is as wanted, and on which side of it where it is not."""
    if wanted[0] <= share <= wanted[1]:
        return "kept"
    if kind == "finds" and share > wanted[1]:
        return "more"
    if (share < wanted[0]) == (kind in ("rejects", "at most")):
        return "cautious"
    return "too often" if share > wanted[1] else "too seldom"


def calibration_table(record: dict, what: str | None = None) -> pd.DataFrame:
    """The lines as text, shares in % with their 95 % Wilson intervals; people side by side."""
    found, text = entries(record, what), {}
    for each in found.itertuples():
        line = text.setdefault((each.what + " (contrast)" * each.contrast, each.scenario), {})
        line["wanted, %"] = "–".join(f"{100 * end:g}" for end in each.wanted)
        line[f"{each.people} people, %"] = (
            f"{100 * each.share:.1f} [{100 * each.low:.1f}, {100 * each.high:.1f}]"
        )
        line[f"{each.people} people"] = each.says
    return pd.DataFrame.from_dict(text, orient="index").rename_axis(["test", "studies"])


def share_sentence(record: dict | None, what: str, scenario: str) -> str:
    """One test's shares in one kind of study, as words."""
    if not record:
        return UNCOUNTED
    found = entries(record, what)
    found = found[found["scenario"] == scenario]
    one, *more = [
        f"{100 * each.share:.1f} % of studies of {each.people} people"
        for each in found.itertuples()
    ]
    rest = "".join(f" and {each.replace(' of studies', '')}" for each in more)
    return f"{what} {VERBS[found['kind'].iloc[0]]} in {one}{rest}"


def calibration_answer(record: dict | None) -> str:
    """How many promises were kept, and which were broken; contrasts aside."""
    if not record:
        return UNCOUNTED
    found = entries(record)
    found = found[~found["contrast"]]
    broken, kept = found["says"].isin(["too often", "too seldom"]), (found["says"] == "kept").sum()
    names = [
        f"{what} ({each.sum()} of {len(each)})"
        for what, each in broken.groupby(found["what"], sort=False)
        if each.any()
    ]
    return (
        f"Of {len(found)} promises {kept} were kept, {len(found) - kept - broken.sum()} more than kept and "
        f"{broken.sum()} broken{': ' if names else ''}{', '.join(names)}."
    )
