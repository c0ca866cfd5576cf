"""Should these people have networks of their own: which method, for whom, how sure, and its price.

`rows` have the columns of `sqlite.ROW`, `data` is a `dataset.StudyData`. Accuracies and changes are
shares. An effect is the change of a method against a base, a network that never saw the person.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from perso.analysis import accuracy, changes, harm
from perso.analysis.effects import CONTRASTS, MethodPair
from perso.data.dataset import StudyData
from perso.methods.method import BASELINE, Method
from perso.methods.registry import METHODS
from perso.methods.starts import Enrolled, Prototypes
from perso.parts import PARTS
from perso.stats import paired, planning
from perso.stats.cohorts import Mean

SIGNIFICANT = 0.05
SURE = 0.95  # probability from which on a person counts as gaining or losing
OWN_PART, OTHERS_PART = PARTS


@dataclass(frozen=True)
class Candidate:
    """A method that uses the person's data, and its effects."""

    method: str
    own: Mean  # on D_I
    others: Mean  # on D_G
    holm: float  # p of the effect on D_I, corrected over the candidates

    @property
    def gains(self) -> bool:
        """Whether a gain on D_I is shown, also after having compared all candidates."""
        return self.own.low > 0 and self.holm < SIGNIFICANT

    @property
    def costs_others(self) -> bool:
        """Whether a loss on D_G is shown."""
        return self.others.high < 0


def is_personal(method: Method) -> bool:
    """Whether a method makes a network of the person's own data."""
    if method.individual_data != "own" or (method.enlarged_by == "random" and not method.with_own):
        return False
    forwarded = isinstance(method.shared_start, Enrolled | Prototypes)
    drawn = any(each.draws_from_I or each.global_extra == "own" for each in method.lineage)
    return forwarded or drawn or method.answer is not None


def candidates_of(
    rows: pd.DataFrame, methods: Iterable[Method], base: str = BASELINE
) -> list[Candidate]:
    """The personal methods that have rows, with their effects, in the order of the methods."""
    there = set(rows["method"])
    names = [each.name for each in methods if is_personal(each) and each.name in there]
    names = [name for name in names if name != base]
    own = [changes.change(rows, name, base, OWN_PART) for name in names]
    others = [changes.change(rows, name, base, OTHERS_PART) for name in names]
    corrected = paired.holm(np.array([each.p for each in own]))
    return [Candidate(*each) for each in zip(names, own, others, corrected.tolist(), strict=True)]


def best_candidate(candidates: Sequence[Candidate]) -> Candidate | None:
    """The candidate to use: None where no gain is shown.

    Of those with a gain, the ones without a shown loss on D_G come first, by their gain on D_I.
    Where all have a loss, it is the one with the largest sum of both effects.
    """
    gaining = [each for each in candidates if each.gains]
    harmless = [each for each in gaining if not each.costs_others]
    if harmless:
        return max(harmless, key=lambda each: each.own.mean)
    return max(gaining, key=lambda each: each.own.mean + each.others.mean, default=None)


def largest_gain(candidates: Sequence[Candidate]) -> Candidate:
    """The candidate with the largest effect on D_I, shown or not."""
    return max(candidates, key=lambda each: each.own.mean)


def hardly_learned(accuracy: float, chance: float) -> bool:
    """Whether a network's error is above half of the error of guessing.

    accuracy, chance   shares: of the network, of a guess
    """
    return 1 - accuracy > (1 - chance) / 2


def untrained_text(accuracy: float, chance: float) -> str:
    """That networks have hardly learned, in words; nothing where they have.

    accuracy, chance   shares: of the baseline on D_G, of a guess
    """
    if not hardly_learned(accuracy, chance):
        return ""
    return (
        f"these networks have hardly learned: the baseline is right on {100 * accuracy:.0f} % of "
        f"everybody else's samples, where guessing gives {100 * chance:.0f} %; train longer "
        "(epochs)"
    )


def controls_of(rows: pd.DataFrame, method: str) -> list[MethodPair]:
    """The comparisons with controls that these rows have: as much training without the own data."""
    there = set(rows["method"])
    personal = {each.name for each in METHODS if is_personal(each)}
    return [
        pair
        for pair in CONTRASTS
        if pair.method == method and pair.other in there and pair.other not in personal
    ]


# --- each person


def people_table(
    data: StudyData, rows: pd.DataFrame, method: str, base: str = BASELINE
) -> pd.DataFrame:
    """What a method does to each person: a line per person who has both, the largest loss first.

    train, test     samples of D_I, with flips
    before, after   accuracy on D_I with the base and with the method
    change          after minus before; others: the change on D_G
    p_harm          `harm.harm_probability`
    verdict         gains or loses, where the probability is SURE or more; else open
    """
    own = accuracy.per_person(rows, PARTS[OWN_PART].accuracy)
    others = accuracy.per_person(rows, PARTS[OTHERS_PART].accuracy)
    digits = harm.paired_digits(data, rows, OWN_PART, method, base)
    p = harm.harm_probability(digits["won"], digits["lost"])
    samples = {
        str(person): (len(data.splits.train[person]), len(data.splits.test[person]))
        for person in data.splits.individuals
    }
    table = pd.DataFrame.from_dict(samples, orient="index", columns=["train", "test"])
    table = table.loc[digits.index]
    table["before"] = own[base]
    table["after"] = own[method]
    table["change"] = table["after"] - table["before"]
    table["others"] = others[method] - others[base]
    table["p_harm"] = p
    verdicts = np.where(p >= SURE, "loses", np.where(p <= 1 - SURE, "gains", "open"))
    return table.assign(verdict=verdicts).sort_values("change", kind="stable")


# --- how many people


def interval_reach(
    components: planning.Components, people: int, cohorts: int, *, drawn: bool
) -> float:
    """Half the width of the 95 % interval of a planned study; `planning` describes the arguments.

    nan where the error is unknown.
    """
    error, df = planning.expected_error(components, people, cohorts, drawn=drawn)
    return float(stats.t.ppf(0.975, df) * error) if df > 0 else np.nan


def people_for_half_width(
    components: planning.Components, people: int, cohorts: int, *, drawn: bool
) -> int | None:
    """The smallest number of people per cohort whose interval is half as wide as these people's.

    None where no number is enough, or where the width is unknown or 0.
    """
    wanted = interval_reach(components, people, cohorts, drawn=drawn) / 2
    if not wanted > 0:
        return None
    few, many = people, 2 * people
    while not interval_reach(components, many, cohorts, drawn=drawn) <= wanted:
        few, many = many, 2 * many
        if many > planning.MOST_PEOPLE:
            return None
    while many - few > 1:
        middle = (few + many) // 2
        if interval_reach(components, middle, cohorts, drawn=drawn) <= wanted:
            many = middle
        else:
            few = middle
    return many
