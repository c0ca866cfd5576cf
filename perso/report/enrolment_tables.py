"""Tables of forwarded samples as text (chapter 24).

arms, pairs, ways   of `enrolment.arms_table`, `enrolment.own_minus_another`, `enrolment.ways_table`
record              `results/enrolment-cpu.json`, what one person's network costs, or None
"""

from collections.abc import Mapping

import pandas as pd

from perso.parts import PARTS
from perso.report.answers import UNKNOWN
from perso.report.enrolment_text import outcome_of, points_text, samples_phrase

FLOAT_BYTES = 4  # of a number of a network


def planted_table(runs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Own minus another's on D_I in points, a line per arm and amount, a column per run.

    runs   {what the run is: its pairs}
    """
    columns = {
        f"{name}, pp [95 %]": pairs.apply(points_text, axis=1)
        for name, pairs in runs.items()
        if len(pairs)
    }
    if not columns:
        return pd.DataFrame()
    table = pd.concat(columns, axis=1)
    return table.fillna("").rename(index=samples_phrase, level=1)


def arms_text(arms: pd.DataFrame, same_network: pd.DataFrame) -> pd.DataFrame:
    """All changes on D_I with what each shows, one of `enrolment_text.OUTCOMES`.

    same_network   those against the arm's own network without an enrolment
    """
    columns = {}
    bases = {"nobody enrolled": arms, "without an enrolment": same_network}
    for base, lines in bases.items():
        columns[f"against {base}, pp [95 %]"] = lines.apply(points_text, axis=1)
        columns[f"against {base}"] = lines.apply(outcome_of, axis=1)
    table = pd.DataFrame(columns).reindex(arms.index).fillna("")
    table = table.rename(index={"other": "another's", "nobody": ""}, level="whose")
    return table.rename(index=samples_phrase, level="amount")


def ways_text(ways: pd.DataFrame) -> pd.DataFrame:
    """What is done with samples on both parts in points, a line per way and amount."""
    columns = {f"{part} in pp [95 %]": ways[part].apply(points_text, axis=1) for part in PARTS}
    return pd.DataFrame(columns).rename(index=samples_phrase, level="amount")


def forwarding_costs(record: dict | None) -> pd.DataFrame:
    """What it costs to make one person's network, a line per way; empty without a record."""
    lines = {
        way: {
            "ms, median [quartiles]": (
                f"{1000 * each['seconds']:,.1f} "
                f"[{1000 * each['low']:,.1f}, {1000 * each['high']:,.1f}]"
            ),
            "forward passes": f"{each['passes']:,.0f}",
            "training iterations": f"{each['iterations']:,.0f}",
            "bytes": f"{FLOAT_BYTES * each['numbers']:,.0f}",
        }
        for way, each in (record or {}).get("ways", {}).items()
    }
    return pd.DataFrame.from_dict(lines, orient="index")


def forwarding_cost_texts(record: dict | None) -> dict[str, str]:
    """How much longer the slowest way takes than the fastest, and where this was measured, by key.

    Ways that store nothing for a person, as an answer, are not compared.
    """
    ways = (record or {}).get("ways", {})
    ways = {name: way for name, way in ways.items() if way["numbers"]}
    texts = dict.fromkeys(("slow", "fast", "times", "measured"), UNKNOWN)
    if ways:
        fast, slow = (chosen(ways, key=lambda way: ways[way]["seconds"]) for chosen in (min, max))
        times = ways[slow]["seconds"] / ways[fast]["seconds"]
        texts = {"slow": slow, "fast": fast, "times": f"{times:,.0f}"}
        texts["measured"] = f"{record['date']}, {record['machine']}, torch {record['torch']}"
    return {f"enrolment_cost_{key}": text for key, text in texts.items()}
