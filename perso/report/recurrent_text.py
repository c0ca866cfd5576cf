"""Texts and tables about recurrent networks for individual users (chapter 22).

contrasts   of `effects.contrast_table`, with pairs of `analysis.recurrent`
"""

import pandas as pd

from perso.analysis import recurrent
from perso.analysis.effects import contrast_table
from perso.analysis.recurrent import GENERIC, place_of
from perso.parts import ALL_PARTS
from perso.report.answers import UNKNOWN
from perso.report.directions import direction
from perso.report.front_text import listed_methods, part_texts
from perso.report.sentences import NOT_COMPARED
from perso.report.tables import format_change, listed
from perso.store.published import Published

# --- the prose


def recurrent_texts(run: Published) -> dict[str, str]:
    """What the prose of chapter 22 says of a run, by key.

    Differences of each pair of `recurrent.OF_PROSE` on D_I, D_U and D_G: "recurrent_tuned_I". The
    texts of `places_texts`, `gentler_texts` and `enough_text`.
    """
    pairs = list(recurrent.OF_PROSE.values())
    found = contrast_table(run.rows, pairs)
    lines = {key: (pair.method, pair.other) for key, pair in recurrent.OF_PROSE.items()}
    texts = {"run": run.name, "people": f"{run.rows['person'].nunique()}"}
    texts |= part_texts(found, lines, ("D_I", "D_U", "D_G"))
    texts |= places_texts(contrast_table(run.rows, recurrent.AGAINST_CONTROLS))
    texts |= gentler_texts(contrast_table(run.rows, recurrent.OF_FINE_TUNING))
    texts["enough"] = enough_text(recurrent.data_curve(run.rows))
    return {f"recurrent_{key}": text for key, text in texts.items()}


def places_texts(contrasts: pd.DataFrame) -> dict[str, str]:
    """At which places the fitted row of a person is better on D_I and worse on D_G than a control.

    {"shuffled_better": "input and gates", "shuffled_worse": "no place", …}, for each control;
    NOT_COMPARED where they are not compared on D_G.

    contrasts   with the pairs AGAINST_CONTROLS
    """
    texts = {}
    for key, control in recurrent.CONTROL_KEYS.items():
        chosen = [pair for pair in contrasts.index if pair[1].endswith(control)]
        of_control = contrasts.loc[chosen]
        for end, word, part in (("better", "raises", "D_I"), ("worse", "lowers", "D_G")):
            places = [place_of(name) for name, _ in pairs_with(of_control, word, part)]
            if not chosen:
                texts[f"{key}_{end}"] = UNKNOWN
            elif of_control[part, "change"].isna().all():
                texts[f"{key}_{end}"] = NOT_COMPARED
            elif len(places) == len(chosen):
                texts[f"{key}_{end}"] = f"all {len(places)} places"
            else:
                texts[f"{key}_{end}"] = listed(places) if places else "no place"
    return texts


def pairs_with(contrasts: pd.DataFrame, word: str, part: str) -> list[tuple[str, str]]:
    """The pairs whose difference on a part has this `directions.direction`."""
    return [pair for pair, line in contrasts.iterrows() if direction(line[part], part) == word]


def gentler_texts(contrasts: pd.DataFrame) -> dict[str, str]:
    """Which methods are better than fine-tuning on D_G ("less"), and worse on D_I ("price").

    contrasts   with the pairs OF_FINE_TUNING
    """
    chosen = [pair for pair in contrasts.index if pair[0] in recurrent.GENTLER]
    if not chosen:
        return dict.fromkeys(("less", "price"), UNKNOWN)
    gentler = contrasts.loc[chosen]
    less, price = (
        listed_methods([name for name, _ in pairs_with(gentler, word, part)])
        for word, part in (("raises", "D_G"), ("lowers", "D_I"))
    )
    return {"less": less, "price": price}


def enough_text(curve: pd.DataFrame) -> str:
    """The smallest share of D_I's training samples with a gain on D_I.

    curve   `recurrent.data_curve`
    """
    if curve.empty:
        return UNKNOWN
    gains = [share for share, line in curve.iterrows() if direction(line["D_I"], "D_I") == "raises"]
    return f"{min(gains)} %" if gains else "none of them"


# --- user embeddings


def rows_table(contrasts: pd.DataFrame) -> pd.DataFrame:
    """A person's fitted row minus its controls as text: a line per control and place.

    contrasts   with the pairs AGAINST_CONTROLS
    """
    index = pd.MultiIndex.from_tuples(
        [(f"minus {other.split(', ')[1]}", place_of(method)) for method, other in contrasts.index]
    )
    columns = {
        f"{part} in pp [95 %]": contrasts[part].apply(format_change, axis=1).to_numpy()
        for part in contrasts.columns.unique(0)
        if part in ALL_PARTS
    }
    return pd.DataFrame(columns, index=index).replace("", NOT_COMPARED)


# --- sizes


def weights_table(weights: pd.DataFrame) -> pd.DataFrame:
    """`recurrent.network_weights` as text."""
    generic = weights.loc[GENERIC, "weights"]
    columns = {
        "weights of the network": weights["weights"].map("{:,}".format),
        "% of the generic network": (100 * weights["weights"] / generic).map("{:.0f}".format),
        "trained for a person": weights["person"].map("{:,}".format),
    }
    return pd.DataFrame(columns, index=weights.index)
