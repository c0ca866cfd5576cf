"""Whether tests and intervals hold their nominal level, from results/calibration.json.

benchmarks/calibration.py simulates studies whose true effects are known and writes that record: an
entry per test, kind of studies and number of people, with the share of studies in which the test
rejects or the interval contains the true value.
"""

import pandas as pd

KIND_NAMES = {
    "rejects": "rejections of a true null hypothesis",
    "covers": "intervals that contain the true value",
}
UNCOUNTED = "Not simulated yet; python benchmarks/calibration.py does it."

# the rule for means over people and its interval, and what ignores what people share
RULE = "mean over people"
RULES_INTERVAL = "interval of the mean over people"
ALONE = "paired t-test, people alone"
ALONE_INTERVAL = "Student's t interval, people alone"
MEANS = (RULE, RULES_INTERVAL, ALONE, ALONE_INTERVAL)

# the kind of studies in chapter 17's answer
ANSWER = "drawn D_G, 4 cohorts, effect of D_G as large as the error"
# Shares in chapter 17's sentences: name → test and kind of studies
SHARES = {
    "calib_apart": (RULES_INTERVAL, "drawn D_G, 4 cohorts, 93 % and 95 %"),
    "calib_digits_t": (ALONE, "one D_G, common digits"),
    "calib_network_t": (ALONE, "one D_G, common generic network, unchanged"),
    "calib_flip": ("sign-flip", "nothing differs, 93 %"),
    "calib_interval": ("Student's t interval", "93 % and 97 %"),
    "calib_ceiling": ("Student's t interval", "nothing differs, 98 %"),
    "calib_wide": ("TOST", "worse by a wide margin, 4 pp"),
    "calib_medians": ("Brown–Forsythe", "nothing differs, one cohort, 98 %"),
    "calib_medians_cohorts": ("Brown–Forsythe", "nothing differs, 4 cohorts, 93 %"),
    "calib_spread": ("Pitman–Morgan", "nothing differs, 93 %"),
    "calib_resampling": ("resampling people", "nothing differs, one cohort, 93 %"),
    "calib_resampling_cohorts": ("resampling people", "nothing differs, 4 cohorts, 93 %"),
    "calib_slope": ("slope over settings", "seven settings apart, slope 0"),
    "calib_slope_cohorts": ("slope over settings", "seven settings apart, slope 0, 4 cohorts"),
    "calib_halves": ("slope over settings", "seven settings alike, mean and SD"),
    "calib_halves_cohorts": (
        "slope over settings",
        "seven settings alike, mean and SD, 4 cohorts",
    ),
    "calib_ratio": ("bootstrap over people", "nothing differs, 93 %"),
    "calib_page": ("Page's L", "three methods alike"),
    "calib_power": (RULE, "as large as detectable"),
}


def entries(record: dict, what: str | None = None) -> pd.DataFrame:
    """The entries of a record, or of one test in it, a line each, with their `judge_share`."""
    table = pd.DataFrame([entry for entry in record["entries"] if what in (None, entry["what"])])
    judged = [
        judge_share(line.kind, line.share, line.wanted) for line in table.itertuples(index=False)
    ]
    return table.assign(verdict=judged)


def judge_share(kind: str, share: float, wanted: list[float]) -> str:
    """Whether a share of studies is in its band, and on which side of it where it is not.

    holds          within the band
    conservative   rejects less often, or contains the true value more often, than it should
    too often      rejects more often than it should
    too seldom     contains the true value, or finds the difference, less often than it should
    more           finds the difference more often than it should
    """
    low, high = wanted
    if low <= share <= high:
        return "holds"
    if kind == "finds":
        return "more" if share > high else "too seldom"
    if kind == "covers":
        return "conservative" if share > high else "too seldom"
    return "conservative" if share < low else "too often"


def calibration_table(record: dict) -> pd.DataFrame:
    """The entries as text: a line per test, kind of studies and number of people.

    Shares are in % of studies, with their 95 % Wilson intervals.
    """
    kinds: dict[tuple[str, str], list[dict]] = {}
    for each in entries(record).itertuples():
        test = f"{each.what} (contrast)" if each.contrast else each.what
        interval = f"[{100 * each.low:.1f}, {100 * each.high:.1f}]"
        line = {
            "test": test,
            "studies": each.scenario,
            "people": each.people,
            "verdict": each.verdict,
            "% of studies [95 %]": f"{percent_text(each.share, each.wanted)} {interval}",
            "band, %": "–".join(f"{100 * end:g}" for end in each.wanted),
        }
        kinds.setdefault((test, each.scenario), []).append(line)
    lines = [
        line for same in kinds.values() for line in sorted(same, key=lambda each: each["people"])
    ]
    return pd.DataFrame(lines).set_index(["test", "studies", "people"])


def percent_text(share: float, wanted: list[float]) -> str:
    """A share in percent; one that rounding would move to an end of its band has two decimals."""
    low, high = wanted
    rounded = round(share, 3)
    is_moved = (low <= rounded <= high) != (low <= share <= high)
    return f"{100 * share:.{2 if is_moved else 1}f}"


def split_record(record: dict) -> tuple[dict, dict]:
    """A record of the tests of one sample of people, and one of means over people of cohorts."""
    others = [entry for entry in record["entries"] if entry["what"] not in MEANS]
    means = [entry for entry in record["entries"] if entry["what"] in MEANS]
    return record | {"entries": others}, record | {"entries": means}


def means_table(record: dict) -> pd.DataFrame:
    """How often the rule for means over people and a t-test of people alone reject, as text.

    A line per kind of studies without a difference and number of people; shares in % of studies.
    """
    found = entries(record)
    found = found[found["what"].isin([RULE, ALONE]) & (found["kind"] == "rejects")]
    keys = ["scenario", "people"]
    order = pd.MultiIndex.from_frame(found[keys].drop_duplicates())
    shares = found.pivot(index=keys, columns="what", values="share").loc[order, [RULE, ALONE]]
    names = {RULE: "our rule (%)", ALONE: "people alone (%)", "scenario": "studies"}
    return (100 * shares).map("{:.1f}".format).reset_index().rename(columns=names)


def shares_text(record: dict | None, what: str, scenario: str) -> str:
    """The shares of one test in one kind of studies by number of people; "?" without a record."""
    if not record:
        return "?"
    found = entries(record, what)
    found = found[found["scenario"] == scenario]
    shares = [f"{100 * each.share:.1f} % ({each.people} people)" for each in found.itertuples()]
    return " and ".join(shares)


def glued_texts(record: dict | None) -> dict[str, str]:
    """Every text of chapter 17 under its name: those of the answer, then those of `SHARES`."""
    found = calibration_texts(record)
    for name, (what, scenario) in SHARES.items():
        found[name] = shares_text(record, what, scenario)
    return found


def calibration_texts(record: dict | None) -> dict[str, str]:
    """The numbers of chapter 17's answer by the name of the text; "?" without a record.

    calib_entries, calib_holds, calib_safe, calib_off   shares: all, in their band, outside on the
                                                        safe side, outside on the other
    calib_failed                                        the tests with a share on the other side
    calib_rule, calib_alone                             % of studies of calib_people people that
                                                        reject a true null hypothesis: by the rule
                                                        for means, and by a t-test that ignores
                                                        what people share
    calib_rule_range                                    % of studies that the rule rejects: the
                                                        smallest and the largest over all kinds
    calib_rule_failed                                   the kinds in which it rejects too often
    """
    names = ("entries", "holds", "safe", "off", "failed", "rule", "alone", "people")
    names = (*names, "rule_range", "rule_failed")
    texts = dict.fromkeys((f"calib_{name}" for name in names), "?")
    if not record:
        return texts
    counted, holds, safe, failed = counts(record)
    texts |= {
        "calib_entries": str(counted),
        "calib_holds": str(holds),
        "calib_safe": str(safe),
        "calib_off": str(sum(bad for bad, _ in failed.values())),
        "calib_failed": failed_text(failed) or "none",
    }
    for name, test in (("calib_rule", RULE), ("calib_alone", ALONE)):
        found = entries(record, test)
        line = found[found["scenario"] == ANSWER].iloc[-1]
        texts[name] = f"{100 * line['share']:.1f}"
        texts["calib_people"] = str(line["people"])
    rejects = entries(record, RULE).query("kind == 'rejects'")
    least, most = 100 * rejects["share"].min(), 100 * rejects["share"].max()
    too_often = rejects.loc[rejects["verdict"] == "too often", "scenario"].unique()
    named = [f"{each}, {shares_text(record, RULE, each)}" for each in too_often]
    texts["calib_rule_range"] = f"{least:.1f} to {most:.1f}"
    texts["calib_rule_failed"] = "; ".join(named) or "none"
    return texts


def counts(record: dict) -> tuple[int, int, int, dict[str, tuple[int, int]]]:
    """Entries without contrasts; those in their band; on the safe side; and the others by test.

    Of each test with entries on the other side: how many, and of how many.
    """
    found = entries(record)
    found = found[~found["contrast"]]
    bad = found["verdict"].isin(["too often", "too seldom"])
    holds = int((found["verdict"] == "holds").sum())
    failed = {
        str(what): (int(each.sum()), len(each))
        for what, each in bad.groupby(found["what"], sort=False)
        if each.any()
    }
    return len(found), holds, len(found) - holds - int(bad.sum()), failed


def failed_text(failed: dict[str, tuple[int, int]]) -> str:
    """The tests that fail somewhere, as `counts` returns them, each with its numbers."""
    return ", ".join(f"{what} ({bad} of {all_})" for what, (bad, all_) in failed.items())


def calibration_answer(record: dict | None) -> str:
    """How many entries hold their nominal level, and which do not; without contrasts."""
    if not record:
        return UNCOUNTED
    counted, holds, safe, failed = counts(record)
    off = sum(bad for bad, _ in failed.values())
    answer = (
        f"Of {counted} simulated error rates, coverages and powers, {holds} are in their band, "
        f"{safe} are outside on the safe side and {off} on the other"
    )
    return f"{answer}: {failed_text(failed)}." if failed else f"{answer}."


def record_sentence(record: dict) -> str:
    """Size, seed and versions of a record, in two lines."""
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    return (
        f"{len(record['entries'])} shares, mostly of {record['simulations']} studies each;\n"
        f"seed {record['seed']}, {versions}"
    )
