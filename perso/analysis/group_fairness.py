"""Group fairness: how far the mean accuracies of groups of people are apart.

`rows` have the columns of `sqlite.ROW`; `data` is a `dataset.StudyData`.
"""

import numpy as np
import pandas as pd

from perso.analysis import accuracy
from perso.data.dataset import StudyData
from perso.methods.method import BASELINE
from perso.parts import PARTS
from perso.stats.permutation import gap_p

POPULATIONS = {0: "employees", 4: "students"}  # NIST's writers, by hsf


def populations(data: StudyData) -> pd.Series:
    """NIST's population of every individual, person (text) → employees | students.

    Another number is `hsf` and the number, and text is itself. Empty where the data do not record
    it.
    """
    source = data.source
    people = data.splits.individuals if "hsf" in source.attributes else ()
    hsf = {str(person): source.attributes["hsf"][source.who == person][0] for person in people}
    return pd.Series(
        {
            person: kind if isinstance(kind, str) else POPULATIONS.get(kind, f"hsf {kind}")
            for person, kind in hsf.items()
        },
        dtype=object,
    )


def by_group(
    rows: pd.DataFrame,
    groups: pd.Series,
    part: str,
    rng: np.random.Generator,
    permutations: int = 999,
) -> pd.DataFrame:
    """Mean accuracy of every group, a line per method; people of unknown group are left out.

    groups     person (text) → group
    gap, p     largest minus smallest group mean; p by permutation of people's groups
    change     the gap minus the baseline's
    p change   p of the gap between the groups' mean paired changes
    Every person counts once, whatever the number of their images.
    """
    from fairlearn.metrics import MetricFrame, mean_prediction

    known = rows[rows["person"].isin(groups.index)]
    people = accuracy.per_person(known, PARTS[part].accuracy)
    lines = {}
    for method, accuracies in people.items():
        p = accuracies.dropna()
        frame = MetricFrame(
            metrics=mean_prediction, y_true=p, y_pred=p, sensitive_features=groups[p.index]
        )
        line = frame.by_group.to_dict()
        line |= {"gap": frame.difference(), "p": gap_p(p, groups, rng, permutations)}
        if BASELINE in people and method != BASELINE:
            changes = (accuracies - people[BASELINE]).dropna()
            line["p change"] = gap_p(changes, groups, rng, permutations)
        lines[method] = line
    table = pd.DataFrame.from_dict(lines, orient="index")
    return table.assign(change=table["gap"] - table["gap"].get(BASELINE, np.nan))
