"""Texts and a table about recurrent networks for individual users (chapter 22).

contrasts   of `effects.contrast_table`, with pairs of `analysis.recurrent`
"""

import pandas as pd

from perso.analysis import recurrent
from perso.analysis.changes import change
from perso.analysis.effects import contrast_table
from perso.analysis.recurrent import FAST, GENERIC, ON_ANOTHER, ON_D_G, place_of
from perso.parts import ALL_PARTS, PARTS
from perso.report.effects_text import NOT_THERE, change_text, direction, directions
from perso.report.front_text import both_changes, listed_methods
from perso.report.tables import listed
from perso.store.published import Published

# Methods of the answer, in this order
ANSWERED = {
    FAST: "fine-tuning all weights",
    "user gates": "a user embedding at the gates",
    "user gates, shuffled": "the same with shuffled users in training",
    "user head 1": "a second head that names the user",
}
# the control of each sentence about rows, by the name that it is glued under
CONTROLS = {
    "recurrent_unknown": ", not fitted",
    "recurrent_another": ", another's row",
    "recurrent_shuffled": ", shuffled",
}


def recurrent_answer(run: Published) -> str:
    """What each of the tutorial's three ways does for the person and for everybody else."""
    there = set(run.rows["method"])
    if not {GENERIC, *ANSWERED} <= there:
        return NOT_THERE
    texts = []
    for method, phrase in ANSWERED.items():
        changes = [change_text(change_line(run.rows, method, part)) for part in PARTS]
        texts.append(f"{phrase} {listed(changes)}")
    return (
        f"{run.rows['person'].nunique()} people, compared with the generic network. "
        f"In points of accuracy, for the person and for everybody else: {'; '.join(texts)}. "
        f"{own_data_conclusion(run.rows)}{users_conclusion(run.rows)}"
    )


def own_data_conclusion(rows: pd.DataFrame) -> str:
    """What fine-tuning gains over as much training on another person's data; "" if not known."""
    if ON_ANOTHER not in set(rows["method"]):
        return ""
    gain = change_line(rows, FAST, "D_I", base=ON_ANOTHER)
    return (
        f"On D_I, fine-tuning gains {change_text(gain)} over as much training on another person's "
        "data. "
    )


def change_line(rows: pd.DataFrame, method: str, part: str, base: str = GENERIC) -> pd.Series:
    """The change by a method against another one: change, low, high."""
    found = change(rows, method, base, part)
    return pd.Series({"change": found.mean, "low": found.low, "high": found.high})


def users_conclusion(rows: pd.DataFrame) -> str:
    """Whether an embedding gains anything from having known the users of D_G apart."""
    pairs = [pair for pair in recurrent.AGAINST_CONTROLS if pair.other.endswith(", shuffled")]
    better = places_with(contrast_table(rows, pairs), "raises")
    if not better:
        return "At no place is an embedding shown to gain more than one with shuffled users."
    return f"An embedding gains more than one with shuffled users at {listed(better)}."


def places_with(contrasts: pd.DataFrame, word: str, part: str = "D_I") -> list[str]:
    """The places of the embeddings whose contrast has this `effects_text.direction` on a part."""
    return [
        place_of(method)
        for (method, _), line in contrasts.iterrows()
        if direction(line[part], part) == word
    ]


# --- user embeddings


def rows_table(contrasts: pd.DataFrame) -> pd.DataFrame:
    """A person's fitted row minus its controls as text: a line per control and place.

    contrasts   with the pairs AGAINST_CONTROLS
    """
    index = pd.MultiIndex.from_tuples(
        [(f"minus {other.split(', ')[1]}", place_of(method)) for method, other in contrasts.index]
    )
    columns = {
        f"{part} in pp [95 %]": contrasts[part].apply(change_text, axis=1).to_numpy()
        for part in contrasts.columns.unique(0)
        if part in ALL_PARTS
    }
    return pd.DataFrame(columns, index=index)


def row_sentence(contrasts: pd.DataFrame, control: str) -> str:
    """At which places the fitted row of a person is better or worse than a control's.

    contrasts   with the pairs AGAINST_CONTROLS
    control     the end of the control's name, one of `recurrent.ROW_CONTROLS`
    """
    chosen = [pair for pair in contrasts.index if pair[1].endswith(control)]
    if not chosen:
        return NOT_THERE
    sentences = []
    for part in PARTS:
        better, worse = (
            places_with(contrasts.loc[chosen], word, part) for word in ("raises", "lowers")
        )
        outcomes = [f"better at {listed(better)}"] if better else []
        outcomes += [f"worse at {listed(worse)}"] if worse else []
        outcome = " and ".join(outcomes) or "not shown to be better or worse at any place"
        sentences.append(f"On {part} the fitted row is {outcome}.")
    return " ".join(sentences)


def size_sentence(contrasts: pd.DataFrame) -> str:
    """Whether an embedding gains anything beyond a network with as many weights.

    contrasts   with the pair SAME_NUMBERS
    """
    if contrasts.empty:
        return NOT_THERE
    line = contrasts.iloc[0]
    outcomes = {
        "raises": "So the embedding gains something beyond its weights.",
        "lowers": "So the embedding harms the person.",
        "keeps": "So the embedding gains nothing beyond its weights.",
    }
    is_open = "So a gain beyond that of more weights is not shown."
    return (
        "An embedding at the gates minus the same network from which all users were hidden: "
        f"{both_changes(line)} points on D_I and on D_G. "
        f"{outcomes.get(direction(line['D_I'], 'D_I'), is_open)}"
    )


# --- fine-tuning


def forgetting_sentence(contrasts: pd.DataFrame) -> str:
    """What fine-tuning does on all parts, and which methods forget less, at which price.

    contrasts   with the pairs OF_FINE_TUNING
    """
    if (FAST, GENERIC) not in contrasts.index:
        return NOT_THERE
    first = contrasts.loc[(FAST, GENERIC)]
    elsewhere = ""
    if "D_U" in contrasts:
        elsewhere = f", {change_text(first['D_U'])} on D_U"
    gentler = contrasts.loc[[pair for pair in contrasts.index if pair[0] in recurrent.GENTLER]]
    less, price = (
        [method for (method, _), line in gentler.iterrows() if direction(line[part], part) == word]
        for part, word in (("D_G", "raises"), ("D_I", "lowers"))
    )
    sentences = [
        f"Fine-tuning all weights changes accuracy by {change_text(first['D_I'])} points on D_I"
        f"{elsewhere} and {change_text(first['D_G'])} on D_G."
    ]
    if less:
        sentences.append(f"Less is lost on D_G with {listed_methods(less)}.")
    else:
        sentences.append("That any other method loses less on D_G is not shown.")
    if price and price == less:
        sentences.append("The same methods gain less on D_I.")
    elif price:
        sentences.append(f"Less is gained on D_I with {listed_methods(price)}.")
    return " ".join(sentences)


def own_data_sentence(contrasts: pd.DataFrame) -> str:
    """Whether it must be the person's own data, and whether the generic network was finished.

    contrasts   with the pairs OF_FINE_TUNING
    """
    pairs = [(FAST, ON_ANOTHER), (FAST, ON_D_G), (ON_D_G, GENERIC)]
    if not set(pairs) <= set(contrasts.index):
        return NOT_THERE
    another, general, more = (contrasts.loc[pair] for pair in pairs)
    own = all(direction(line["D_I"], "D_I") == "raises" for line in (another, general))
    is_finished = all(direction(more[part], part) != "raises" for part in ("D_I", "D_G"))
    whose = "That it is the own data is not shown."
    if own:
        whose = "So it is the own data that help."
    end = "So more training of any kind is not shown to help."
    if not is_finished:
        end = (
            "So the generic network was not trained to its end, and a part of every change, such "
            "as that by replay on D_G, may be more training of any kind."
        )
    return (
        "On D_I, fine-tuning minus as much training on another person's data: "
        f"{change_text(another['D_I'])} points; minus as much on D_G: "
        f"{change_text(general['D_I'])}. {whose} "
        f"As many iterations on D_G change accuracy by {change_text(more['D_I'])} on D_I and by "
        f"{change_text(more['D_G'])} on D_G. {end}"
    )


def amount_sentence(curve: pd.DataFrame) -> str:
    """How much of D_I fine-tuning needs.

    curve   `recurrent.data_curve`
    """
    if curve.empty:
        return NOT_THERE
    texts = [
        f"{change_text(line['D_I'])} and {change_text(line['D_G'])} with {share} %"
        for share, line in curve.iterrows()
    ]
    enough = [
        share for share, line in curve.iterrows() if direction(line["D_I"], "D_I") == "raises"
    ]
    end = "A gain on D_I is not shown with any of them."
    if enough:
        end = f"The smallest share with a gain on D_I is {min(enough)} %."
    return (
        "By the share of D_I's training digits, in points on D_I and on D_G against the generic "
        f"network: {'; '.join(texts)}. {end}"
    )


# --- a second head


def heads_sentence(contrasts: pd.DataFrame) -> str:
    """Which networks with a second head are better or worse on D_I and on D_G.

    contrasts   with the pairs OF_HEADS
    """
    if contrasts.empty:
        return NOT_THERE
    sentences = []
    for part in PARTS:
        lines = contrasts[part].astype(float)
        worst, best = (
            f"{change_text(lines.loc[pair])} ({head_name(pair[0])})"
            for pair in (lines["change"].idxmin(), lines["change"].idxmax())
        )
        found = directions(contrasts, part)
        better, worse = (
            [head_name(method) for method, _ in found.index[found == word]]
            for word in ("raises", "lowers")
        )
        outcomes = [f"better with {'; '.join(better)}"] if better else []
        outcomes += [f"worse with {'; '.join(worse)}"] if worse else []
        sentences.append(
            f"On {part} the differences are from {worst} to {best}; "
            f"{' and '.join(outcomes) or 'none is shown to differ from 0'}."
        )
    return " ".join(sentences)


def head_name(method: str) -> str:
    """A method with a second head by its weight: "user head 0.1, fed" → λ = 0.1, fed."""
    return f"λ = {method.removeprefix('user head ')}"


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
