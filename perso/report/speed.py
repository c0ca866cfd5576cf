"""How long training takes: what `benchmarks/` measured into `results/`, beside what the machine could do at best.

A record is what benchmarks/throughput.py wrote of one device. Times are of one iteration of one model.
"""

import numpy as np
import pandas as pd

from perso.parts import PARTS
from perso.report import tables
from perso.stats import paired

DEVICES = {"cpu": "CPU", "cuda": "GPU"}

# Arithmetic, not measurement: v3's Table I on one H200
ITERATIONS = 13 * 100 * 20 * 165  # rows, people, epochs, iterations an epoch
FLOP = 66.7e9  # of an iteration at paper size, forward and backward
BYTES = 7 * 47e6  # passes over a batch's activations in bfloat16, forward and backward
PEAK, MEMORY = (
    790e12,
    4.3e12,
)  # what such a card reaches: FLOP/s of a bfloat16 matrix product, bytes/s
LOOPS = {
    "launch by launch, data on the card": 1.25e-3,
    "the textbook loop": 3.4e-3,
}  # s an iteration, estimated


# what was measured


def measured_sizes(record: dict | None) -> list[str]:
    """The sizes that were measured, the largest last."""
    return list(record["sizes"]) if record else []


def speed_table(record: dict, size: str) -> pd.DataFrame:
    """One line per way to train, the textbook loop first, each with what was changed added to the one before.

    ms                    of one iteration of one model
    × textbook            how many times as fast as the textbook loop
    × line above, predicted   how many times as fast as the way before: as measured, and as said beforehand
    % of matrix product   share of the rate that a large matrix product reaches here in that precision
    % of copy             share of the rate at which memory is copied here, by the bytes that must move at least
    """
    here = record["sizes"][size]
    ways = pd.DataFrame(here["ways"]).set_index("way").rename_axis(None)
    ms, product = ways["ms"], ways["precision"].map(here["ceiling"])
    return pd.DataFrame(
        {
            "ms": ms,
            "× textbook": ms.iloc[0] / ms,
            "× line above": ms.shift() / ms,
            "predicted": ways["predicted"].astype(float),
            "% of matrix product": 100 * here["flop"] / (ms / 1000) / product,
            "% of copy": 100 * here["bytes"] / (ms / 1000) / here["ceiling"]["copy"],
        }
    )


def speed_table_text(record: dict, size: str) -> pd.DataFrame:
    """The table as text; with the interval of the change in accuracy, and notes, where there are any."""
    numbers, ways = speed_table(record, size), record["sizes"][size]["ways"]
    digits = {
        "ms": 2,
        "× textbook": 1,
        "× line above": 2,
        "predicted": 2,
        "% of matrix product": 0,
        "% of copy": 0,
    }
    text = pd.DataFrame(
        {
            name: ["" if np.isnan(value) else f"{value:.{digits[name]}f}" for value in column]
            for name, column in numbers.items()
        },
        index=numbers.index,
    )
    text.insert(0, "precision", [way["precision"] for way in ways])
    if any(way["low"] is not None for way in ways):
        text["accuracy − textbook, 95 % interval, pp"] = [
            ""
            if way["low"] is None or not place
            else f"{100 * way['low']:+.1f} to {100 * way['high']:+.1f}"
            for place, way in enumerate(ways)
        ]
    if any(way["note"] for way in ways):
        text["note"] = [way["note"] for way in ways]
    return text


def meanings(record: dict | None) -> dict[str, str]:
    """Every way that was measured, and what it is."""
    return {
        way["way"]: way["what"]
        for size in measured_sizes(record)
        for way in record["sizes"][size]["ways"]
    }


def measured_scale(record: dict, size: str) -> str:
    """A size in words."""
    s = record["sizes"][size]
    return (
        f"{size}: images of {s['image_size']} × {s['image_size']}, width {s['width']:g}, batches of {s['batch_size']}; "
        f"{s['iterations']} iterations of {s['models']} model{'s' if s['models'] > 1 else ''} were timed"
    )


def work(record: dict | None) -> str:
    """What an iteration of the largest network takes."""
    if not record:
        return unmeasured("cpu")
    s = record["sizes"][measured_sizes(record)[-1]]
    return (
        f"{s['flop'] / s['batch_size'] / 1e6:.0f} MFLOP for each image, {s['flop'] / 1e9:.1f} GFLOP for a batch of "
        f"{s['batch_size']} (images of {s['image_size']} × {s['image_size']}, width {s['width']:g})"
    )


def speed_answer(record: dict | None, device: str = "cpu") -> str:
    """How much faster than the textbook loop a study is, and how near the machine's limit; on `device`."""
    if not record:
        return unmeasured(device)
    said, size = [], measured_sizes(record)[-1]
    if study := record.get("study"):
        ours, textbook = study["perso_seconds"], study["textbook_seconds"]
        timed = study.get("textbook_models", study["models"])
        scaled = f", scaled from {timed} of them" * (timed < study["models"])
        left_out = study.get("without")
        without = (
            f" (without {', '.join(left_out)}, which need an auto-encoder)" if left_out else ""
        )
        said.append(
            f"the {study['params']} study of {study['models']} models{without} takes {ours:.0f} s, "
            f"{textbook / ours:.1f} times as fast as by the textbook loop ({textbook:.0f} s{scaled})"
        )
    numbers, ways = speed_table(record, size), record["sizes"][size]["ways"]
    own = [way for way in ways if way["note"]] or ways[-1:]  # what a study takes by itself
    told = [
        f"{numbers.loc[each['way'], 'ms']:.3g} ms in {each['precision']}, "
        f"{numbers.loc[each['way'], '× textbook']:.1f} times as fast as the textbook loop and at "
        f"{numbers.loc[each['way'], '% of matrix product']:.0f} % of the rate of a large matrix product"
        for each in (own[0], ways[-1])
    ]
    other = "" if own[0] == ways[-1] else f"; {told[1]}, where that precision is wished"
    said.append(f"at {size} size an iteration of one model takes {told[0]}{other}")
    return f"On {place(record)}, {'; '.join(said)}."


def textbook_agreement(record: dict | None) -> str:
    """Whether the study's own way learns as much as the textbook loop."""
    study = (record or {}).get("study")
    if not study:
        return "Whole studies have not been compared yet; make bench does it."
    said = [
        f"{100 * each['mean']:+.2f} [{100 * each['low']:+.2f}, {100 * each['high']:+.2f}] points on {part}"
        for part, each in study["agreement"].items()
    ]
    return f"Accuracy of the {study['params']} study minus that of the textbook loop: {' and '.join(said)}."


def repeatability_sentence(record: dict | None, device: str = "cpu") -> str:
    """How many models came out the same, to the bit, when they were trained twice; on `device`."""
    if not record:
        return unmeasured(device)
    said = [
        f"{each['identical']} of {each['models']} at {size} size"
        for size, each in record["sizes"].items()
        if "identical" in each
    ]
    if not said:
        return "What comes out twice the same has not been counted yet; make bench does it."
    return f"Trained twice on {place(record)}, models are the same to the bit: {', '.join(said)}."


def place(record: dict) -> str:
    """The machine, or the card in it."""
    return record["machine"] if record["device"] == "cpu" else f"one {record['device']}"


def unmeasured(device: str) -> str:
    """Said where there is no record; glued text knows no markup."""
    return f"Not yet measured on a {DEVICES[device]}; there make bench does it."


# what was predicted


def predictions() -> pd.DataFrame:
    """v3's Table I on one H200: what bounds an iteration, and the minutes for all of them."""
    arithmetic, traffic = FLOP / PEAK, BYTES / MEMORY
    seconds = pd.Series(
        {
            "arithmetic alone": arithmetic,
            "memory alone": traffic,
            "one after the other": arithmetic + traffic,
            "36 % of the arithmetic's peak": arithmetic / 0.36,
            **LOOPS,
        }
    )
    return pd.DataFrame(
        {"µs an iteration": 1e6 * seconds, "minutes for Table I": ITERATIONS * seconds / 60}
    )


# precision


def precision_table(entries: dict) -> pd.DataFrame:
    """bfloat16 minus float32, a line per params file, as text."""
    lines = {
        name: {
            "people": str(each["people"]),
            "models": str(each["models"]),
            **tables.equivalence_cells(equivalences_of(each)),
        }
        for name, each in entries.items()
    }
    return pd.DataFrame.from_dict(lines, orient="index")


def equivalences_of(entry: dict) -> dict[str, paired.Equivalence]:
    """An entry's two equivalences; what could not be computed is null in the file and nan here."""
    return {
        part: paired.Equivalence(
            **{key: np.nan if value is None else value for key, value in entry[part].items()}
        )
        for part in PARTS
    }


def precision_sentence(entries: dict) -> str:
    """At which sizes bfloat16 was shown to be as accurate as float32: on D_I and on D_G."""
    if not entries:
        return "bfloat16 has not been compared with float32 yet; benchmarks/precision.py does it."
    shown = [
        name
        for name, each in entries.items()
        if all(part.equivalent for part in equivalences_of(each).values())
    ]
    others = [name for name in entries if name not in shown]
    said = [f"was shown at {', '.join(shown)}"] * bool(shown) + [
        f"was not shown at {', '.join(others)}"
    ] * bool(others)
    return f"That bfloat16 is as accurate as float32 {' and '.join(said)}."
