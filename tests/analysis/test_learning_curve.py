"""Learning curves end where the study's networks are."""

from dataclasses import replace

import numpy as np
import pytest

from perso.analysis.learning_curve import learning_curves, switches_of
from perso.methods.method import Method, Phase
from perso.methods.registry import named
from perso.paths import ROOT
from perso.settings import read_params
from perso.study.study import Study

TINY = replace(
    read_params(ROOT / "params" / "smoke.yml"),
    width=1 / 16,
    epochs=1,
    batch_size=16,
    precision="float64",
    device="cpu",
)
EARLY = Method("early", "own", "", "fresh", (Phase("I", 6), Phase("G", 4)))
GENERAL = Method("general", "own", "", "fresh", (Phase("G", 10),))


def test_a_curve_begins_untrained_has_the_switch_and_ends_with_the_studys_network(tmp_path):
    study = Study(TINY, tmp_path / "rows.sqlite")
    curves = learning_curves(study, [EARLY, GENERAL], people=2, snapshots=3)
    assert curves["method"].tolist() == ["early"] * 4 + ["general"] * 4
    assert curves["iteration"].tolist() == [0, 5, 6, 10] * 2
    rows = study.run([EARLY, GENERAL])
    people = [str(person) for person in study.folds[0].individuals[:2]]
    for name in ("early", "general"):
        own = rows[(rows["method"] == name) & rows["person"].isin(people)]
        last = curves[curves["method"] == name].iloc[-1]
        assert last["D_I"] == pytest.approx(own["acc_I"].mean())
        assert last["D_G"] == pytest.approx(own["acc_G"].mean())
    first = curves[curves["iteration"] == 0]
    assert first["D_G"].nunique() == 1  # the same initial networks


def test_a_method_of_another_kind_is_refused(tmp_path):
    study = Study(TINY, tmp_path / "rows.sqlite")
    with pytest.raises(ValueError, match="TL-n-0: a learning curve is of one stage"):
        learning_curves(study, named("TL-n-0"))


def test_switches_are_where_the_source_changes():
    assert switches_of(np.array([1, 1, 0, 0, 1], bool), most=2) == [2, 4]
    assert switches_of(np.arange(10) % 2 == 0, most=2) == []
