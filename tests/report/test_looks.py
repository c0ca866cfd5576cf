"""A method has one colour in all figures, a family one marker, and no mark is lost on white."""

import importlib.util

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from perso.methods import method
from perso.methods.method import FAMILIES
from perso.methods.registry import METHODS, V3
from perso.report import looks


def test_every_method_has_its_own_colour():
    colours = looks.colours()
    assert sorted(colours) == sorted(method.name for method in METHODS)
    seen = {mpl.colors.to_hex(colours[method.name]) for method in V3}  # as a screen shows them
    assert len(seen) == len(V3)  # other tables are shown by themselves, and may repeat these


def test_no_mark_is_lost_on_white():
    assert looks.contrast_with_white("white") == pytest.approx(1)
    assert looks.contrast_with_white("black") == pytest.approx(21)
    colours = looks.colours(f"mine {k}" for k in range(5))
    assert min(map(looks.contrast_with_white, colours.values())) >= 2.5


def test_a_familys_shades_differ():
    for hue in looks.HUES.values():
        ends = np.array(looks.shades_of(hue, 18))[[0, -1]]
        lightness = [looks.contrast_with_white(end) for end in ends]
        assert max(lightness) / min(lightness) > 1.7


def test_every_family_has_a_marker_and_a_hue_of_its_own():
    for given in (looks.MARKERS, looks.HUES):
        assert list(given) == list(FAMILIES) and len(set(given.values())) == len(FAMILIES)
    assert {method.family for method in METHODS} <= set(FAMILIES)


def test_an_added_family_has_a_look_too(monkeypatch):
    """Looks are made when the module is loaded, so it is loaded once more."""
    every = (*FAMILIES, *(f"added {k}" for k in range(12)))
    monkeypatch.setattr(method, "FAMILIES", every)
    spec = importlib.util.spec_from_file_location("plots_again", looks.__file__)
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    for given, known in ((again.MARKERS, looks.MARKERS), (again.HUES, looks.HUES)):
        assert tuple(given) == every and {family: given[family] for family in FAMILIES} == known


def test_methods_that_no_table_has_get_further_colours():
    known = looks.colours()
    more = looks.colours(["SW-n-2", "mine", "yours", "mine"])
    assert list(more) == [*known, "mine", "yours"]
    assert {name: more[name] for name in known} == known
    assert len({mpl.colors.to_hex(shade) for shade in more.values()} - set(known)) >= 2
    assert more["mine"] != more["yours"]
    assert not {more["mine"], more["yours"]} & set(looks.HUES.values())


def test_a_familys_first_member_has_its_hue():
    for family in dict.fromkeys(each.family for each in METHODS):
        first = next(method.name for method in METHODS if method.family == family)
        assert np.allclose(to_rgb(looks.colours()[first]), to_rgb(looks.HUES[family]), atol=0.02)
