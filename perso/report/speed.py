"""Training time, from the records that `benchmarks/` writes into `results/`; machine limits.

A record is what benchmarks/throughput.py wrote for one device. Times are of one iteration of one
model.
"""

import numpy as np
import pandas as pd

from perso.parts import PARTS
from perso.report import tables
from perso.stats import paired

DEVICES = {"cpu": "CPU", "cuda": "GPU"}

# Computed, not measured: v3's Table I on one H200
ITERATIONS = 13 * 100 * 20 * 165  # rows, people, epochs, iterations an epoch
FLOP = 66.7e9  # of an iteration at paper size, forward and backward
BYTES = 7 * 47e6  # passes over a batch's activations in bfloat16, forward and backward
PEAK = 790e12  # FLOP/s that such a GPU reaches in a bfloat16 matrix product
MEMORY = 4.3e12  # bytes/s that such a GPU copies
LOOPS = {  # s an iteration, estimated
    "launch by launch, data on the GPU": 1.25e-3,
    "the textbook loop": 3.4e-3,
}
DIGITS = {
    "ms": 2,
    "× textbook": 1,
    "× line above": 2,
    "predicted": 2,
    "% of matrix product": 0,
    "% of copy": 0,
}


# --- measured


def measured_sizes(record: dict | None) -> list[str]:
    """The sizes in a record, the largest last; none without a record."""
    return list(record["sizes"]) if record else []


def speed_table(record: dict, size: str) -> pd.DataFrame:
    """Speed of every way to train, a line each: the textbook loop, then one more change per line.

    ms                    of one iteration of one model
    × textbook            speedup over the textbook loop
    × line above          speedup over the line above, measured
    predicted             the same, predicted before the measurement
    % of matrix product   of the rate of a large matrix product here, in that precision
    % of copy             of the rate of a memory copy here, by the bytes that must move at least
    """
    here = record["sizes"][size]
    ways = pd.DataFrame(here["ways"]).set_index("way").rename_axis(None)
    ms = ways["ms"]
    product = ways["precision"].map(here["ceiling"])
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
    """`speed_table` as text, with the precision of every way.

    Columns for notes and for the interval of the change in accuracy appear where there are any.
    """
    numbers, ways = speed_table(record, size), record["sizes"][size]["ways"]
    text = pd.DataFrame(
        {
            name: ["" if np.isnan(value) else f"{value:.{DIGITS[name]}f}" for value in column]
            for name, column in numbers.items()
        },
        index=numbers.index,
    )
    text.insert(0, "precision", [way["precision"] for way in ways])
    if any(way["low"] is not None for way in ways):
        # the first way is the textbook loop itself
        text["accuracy − textbook, 95 % interval, pp"] = ["", *map(accuracy_interval, ways[1:])]
    if any(way["note"] for way in ways):
        text["note"] = [way["note"] for way in ways]
    return text


def accuracy_interval(way: dict) -> str:
    """The interval of a way's change in accuracy, in points; empty where it was not measured."""
    if way["low"] is None:
        return ""
    return f"{100 * way['low']:+.1f} to {100 * way['high']:+.1f}"


def meanings(record: dict | None) -> dict[str, str]:
    """The description of every way that was measured."""
    return {
        way["way"]: way["what"]
        for size in measured_sizes(record)
        for way in record["sizes"][size]["ways"]
    }


def measured_scale(record: dict, size: str) -> str:
    """A measured size in words: images, width, batches, iterations and models."""
    s = record["sizes"][size]
    models = "1 model" if s["models"] == 1 else f"{s['models']} models"
    return (
        f"{size}: images of {s['image_size']} × {s['image_size']}, width {s['width']:g}, "
        f"batches of {s['batch_size']}; {s['iterations']} iterations of {models} were timed"
    )


def work(record: dict | None) -> str:
    """Arithmetic of an iteration of the largest measured network, as text."""
    if not record:
        return unmeasured("cpu")
    s = record["sizes"][measured_sizes(record)[-1]]
    return (
        f"{s['flop'] / s['batch_size'] / 1e6:.0f} MFLOP for each image, "
        f"{s['flop'] / 1e9:.1f} GFLOP for a batch of {s['batch_size']} "
        f"(images of {s['image_size']} × {s['image_size']}, width {s['width']:g})"
    )


def study_way(record: dict, size: str) -> dict:
    """The way in which a study trains by itself: the one with a note, or the last."""
    ways = record["sizes"][size]["ways"]
    return next((way for way in ways if way["note"]), ways[-1])


def study_pace(record: dict) -> tuple[float, str]:
    """Core-seconds of an iteration at the largest size as a study trains, and the unit of cost."""
    way = study_way(record, measured_sizes(record)[-1])
    return way["ms"] / 1000 * record["cores"], "core-hours"


def pace_source(record: dict | None) -> str:
    """Machine and size of `study_pace`, as text."""
    if not record:
        return unmeasured("cpu")
    return f"{place(record)}, {measured_scale(record, measured_sizes(record)[-1])}"


def speed_answer(record: dict | None, device: str = "cpu") -> str:
    """How much faster than the textbook loop a study is, and how near the machine's limit."""
    if not record:
        return unmeasured(device)
    sentences, size = [], measured_sizes(record)[-1]
    if study := record.get("study"):
        sentences.append(study_speed(study))
    own, last = study_way(record, size), record["sizes"][size]["ways"][-1]
    text = way_speed(record, size, own)
    if own != last:
        text += f"; {way_speed(record, size, last)}, where that precision is chosen"
    sentences.append(f"at {size} size an iteration of one model takes {text}")
    return f"On {place(record)}, {'; '.join(sentences)}."


def speed_texts(record: dict | None) -> dict[str, str]:
    """The numbers of chapter 13's answer by the name of the text; "?" for what was not measured.

    speed_place                                  the machine
    speed_models, speed_seconds, speed_times     a whole study: models, seconds, times as fast as
                                                 the textbook loop
    speed_timed                                  models that the textbook loop was timed with
    speed_ms, speed_paper_times, speed_limit     an iteration at the largest size: ms, times as
                                                 fast, % of the rate of a large matrix product
    """
    names = ("place", "models", "seconds", "times", "timed", "ms", "paper_times", "limit")
    texts = dict.fromkeys((f"speed_{name}" for name in names), "?")
    if not record:
        return texts
    size = measured_sizes(record)[-1]
    line = speed_table(record, size).loc[study_way(record, size)["way"]]
    texts |= {
        "speed_place": place(record),
        "speed_ms": f"{line['ms']:.3g}",
        "speed_paper_times": f"{line['× textbook']:.1f}",
        "speed_limit": f"{line['% of matrix product']:.0f}",
    }
    if study := record.get("study"):
        texts |= {
            "speed_models": str(study["models"]),
            "speed_seconds": f"{study['perso_seconds']:.0f}",
            "speed_times": f"{study['textbook_seconds'] / study['perso_seconds']:.1f}",
            "speed_timed": str(study.get("textbook_models", study["models"])),
        }
    return texts


def study_speed(study: dict) -> str:
    """Seconds of a whole study, and of the same models in the textbook loop, as a clause."""
    ours, textbook = study["perso_seconds"], study["textbook_seconds"]
    timed = study.get("textbook_models", study["models"])
    scaled = f", estimated from {timed} of them" if timed < study["models"] else ""
    left_out = study.get("without")
    without = f" (without {', '.join(left_out)}, which need an auto-encoder)" if left_out else ""
    return (
        f"the {study['params']} study of {study['models']} models{without} takes {ours:.0f} s, "
        f"{textbook / ours:.1f} times as fast as by the textbook loop ({textbook:.0f} s{scaled})"
    )


def way_speed(record: dict, size: str, way: dict) -> str:
    """Milliseconds, precision, speedup and share of the machine's limit of one way, as a clause."""
    line = speed_table(record, size).loc[way["way"]]
    return (
        f"{line['ms']:.3g} ms in {way['precision']}, "
        f"{line['× textbook']:.1f} times as fast as the textbook loop and at "
        f"{line['% of matrix product']:.0f} % of the rate of a large matrix product"
    )


def textbook_agreement(record: dict | None) -> str:
    """Accuracy of a study minus that of the textbook loop, with intervals, on D_I and D_G."""
    study = (record or {}).get("study")
    if not study:
        return "Whole studies have not been compared yet; make bench does it."
    changes = [
        f"{100 * each['mean']:+.2f} [{100 * each['low']:+.2f}, {100 * each['high']:+.2f}] "
        f"points on {part}"
        for part, each in study["agreement"].items()
    ]
    return (
        f"Accuracy of the {study['params']} study minus that of the textbook loop: "
        f"{' and '.join(changes)}."
    )


def repeatability_sentence(record: dict | None, device: str = "cpu") -> str:
    """How many models were bitwise identical when they were trained twice."""
    if not record:
        return unmeasured(device)
    counts = [
        f"{each['identical']} of {each['models']} at {size} size"
        for size, each in record["sizes"].items()
        if "identical" in each
    ]
    if not counts:
        return "Repeatability has not been measured yet; make bench does it."
    return f"Trained twice on {place(record)}, models are bitwise identical: {', '.join(counts)}."


def place(record: dict) -> str:
    """The machine of a record; its GPU where that was measured."""
    return record["machine"] if record["device"] == "cpu" else f"one {record['device']}"


def unmeasured(device: str) -> str:
    """The text where there is no record; without markup, because it may be glued."""
    return f"Not yet measured on a {DEVICES[device]}."


# --- predicted


def predictions() -> pd.DataFrame:
    """Bounds and estimates for v3's Table I on one H200: µs an iteration, minutes for all."""
    arithmetic = FLOP / PEAK
    traffic = BYTES / MEMORY
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


# --- scale


def scale_table(record: dict) -> pd.DataFrame:
    """Seconds and memory of each step of benchmarks/scale.py as text, a column per size.

    In brackets is the ratio of the seconds to those of the size before, whose people or samples
    are half as many.
    """
    columns = {}
    before: dict[str, dict] = {}
    for size in record["sizes"]:
        name = f"{size['people']:,} people × {size['samples']}"
        columns[name] = {}
        for step, found in size["steps"].items():
            text = f"{found['cpu']:.1f} s"
            if step in before and before[step]["cpu"] > 0:
                text += f" (× {found['cpu'] / before[step]['cpu']:.1f})"
            columns[name][step] = f"{text}, {found['GB']:.1f} GB"
        before = size["steps"]
    return pd.DataFrame(columns).fillna("").rename_axis(None)


def growth_sentence(record: dict) -> str:
    """What the numbers of `scale_table` are, and on which machine they were measured."""
    return (
        "Seconds of the processor and peak of memory (that of the benchmark itself where it is "
        f"larger) on {record['machine']}, {record['date']}, perso {record['perso']}, "
        f"NumPy {record['numpy']}, torch {record['torch']}; in brackets the ratio to the column "
        "before."
    )


# --- precision


def precision_table(entries: dict) -> pd.DataFrame:
    """bfloat16 minus float32 as text, a line per params file."""
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
    """The equivalence tests of an entry by part; null in the file becomes nan."""
    return {
        part: paired.Equivalence(
            **{key: np.nan if value is None else value for key, value in entry[part].items()}
        )
        for part in PARTS
    }


def precision_sentence(entries: dict) -> str:
    """Which studies show that bfloat16 is as accurate as float32 on both D_I and D_G."""
    if not entries:
        return "bfloat16 has not been compared with float32 yet; benchmarks/precision.py does it."
    equivalent = [
        name
        for name, each in entries.items()
        if all(part.equivalent for part in equivalences_of(each).values())
    ]
    others = [name for name in entries if name not in equivalent]
    result = "that bfloat16 is as accurate as float32"
    if not equivalent:
        verb = "does" if len(others) == 1 else "do"
        return f"The {named_studies(others)} {verb} not show {result}."
    exception = f", but not by the {named_studies(others)}," if others else ""
    return f"It is shown by the {named_studies(equivalent)}{exception} {result}."


def named_studies(names: list[str]) -> str:
    """Names of params files as a phrase: a study, or several."""
    return f"{' and '.join(names)} {'study' if len(names) == 1 else 'studies'}"
